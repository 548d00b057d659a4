"""Where a sensor stands and what it searches: all that the readers of sensor reports need of a description.

``scenario.sensor_file.sites_of`` makes these from SENSORS.toml; a user of the readers alone makes them by hand.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tocsin.errors import ScanError
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.messages import Column, SensorKind, SweptVolume, Vec3
from tocsin.units import DEG, NS_PER_S, iso_from_ns


class SensorSite(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor's place: fixed, along a sampled path, or on an orbit given by two-line elements.

    A path is two columns: times (k,) int64 ns, rising, and ECEF (k, 3) m. ``swept`` is what a scan of
    it searches, None where absence of a report is no evidence.
    """

    name: str
    kind: SensorKind
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    height_m: float = 0.0
    path_ns: Column | None = None
    path_ecef_m: Column | None = None
    line1: str = ""
    line2: str = ""
    swept: SweptVolume | None = None

    @property
    def is_fixed(self) -> bool:
        return self.path_ns is None and not self.line1

    def ecef_at(self, time_ns: int) -> Vec3:
        """Place at one moment, ECEF m; raises ScanError where the path does not reach so far."""
        if self.path_ns is not None and self.path_ecef_m is not None:
            return _along(self.name, self.path_ns, self.path_ecef_m, time_ns)
        if self.line1:
            return _on_orbit(self.name, self.line1, self.line2, time_ns)
        x_m, y_m, z_m = ecef_from_geodetic(self.latitude_deg * DEG, self.longitude_deg * DEG, self.height_m)
        return (float(x_m), float(y_m), float(z_m))


def lines_of_sight(azimuth_rad: Column, elevation_rad: Column, platform_ecef_m: Vec3) -> Column:
    """Unit vectors (n, 3) in ECEF of directions seen in the local frame (east, north, up) of a platform."""
    latitude_rad, longitude_rad, _ = geodetic_from_ecef(*platform_ecef_m)
    local = np.stack(
        (
            np.sin(azimuth_rad) * np.cos(elevation_rad),
            np.cos(azimuth_rad) * np.cos(elevation_rad),
            np.sin(elevation_rad),
        ),
        axis=-1,
    )
    sight: Column = local @ np.asarray(enu_axes(latitude_rad, longitude_rad))
    return sight


def directions(line_of_sight_ecef: Column, platform_ecef_m: Vec3) -> tuple[Column, Column]:
    """The inverse of ``lines_of_sight``: azimuth in [0, 2 pi) and elevation, rad."""
    latitude_rad, longitude_rad, _ = geodetic_from_ecef(*platform_ecef_m)
    local = np.asarray(line_of_sight_ecef) @ np.asarray(enu_axes(latitude_rad, longitude_rad)).T
    azimuth_rad = np.mod(np.arctan2(local[:, 0], local[:, 1]), 2.0 * math.pi)
    return azimuth_rad, np.arctan2(local[:, 2], np.hypot(local[:, 0], local[:, 1]))


def _along(name: str, path_ns: Column, path_ecef_m: Column, time_ns: int) -> Vec3:
    """Cubic through the four nearest points: 60 s apart on a 12 h orbit it is good to a few metres."""
    if not path_ns[0] <= time_ns <= path_ns[-1]:
        raise ScanError(
            f"path of sensor {name} covers {iso_from_ns(int(path_ns[0]))} to {iso_from_ns(int(path_ns[-1]))} only",
            value=iso_from_ns(time_ns),
            remedy="give a path that covers all reports",
        )
    count = path_ns.shape[0]
    first = int(np.clip(np.searchsorted(path_ns, time_ns, side="right") - 2, 0, max(0, count - 4)))
    times = (path_ns[first : first + 4] - time_ns) / NS_PER_S
    place = np.zeros(3)
    for row in range(times.shape[0]):
        others = np.delete(times, row)
        place += path_ecef_m[first + row] * float(np.prod(-others / (times[row] - others)))
    return (float(place[0]), float(place[1]), float(place[2]))


def _on_orbit(name: str, line1: str, line2: str, time_ns: int) -> Vec3:
    """SGP4 in the true-equator frame, turned to ECEF by Greenwich mean sidereal time; polar motion and UT1 left out.

    Error against a full transformation is below 500 m at 6800 km (UT1 - UTC up to 0.9 s), of no account
    beside an infrared line of sight of 30 urad at 36 000 km.
    """
    from sgp4.api import Satrec

    day, of_day_ns = divmod(time_ns, 86_400 * NS_PER_S)
    julian_day, fraction = 2_440_587.5 + day, of_day_ns / (86_400 * NS_PER_S)
    status, place_km, _ = Satrec.twoline2rv(line1, line2).sgp4(julian_day, fraction)
    if status:
        raise ScanError(
            f"orbit of sensor {name} cannot be computed, SGP4 status {status}",
            value=iso_from_ns(time_ns),
            remedy="give two-line elements of about the time of the reports",
        )
    centuries = (julian_day - 2_451_545.0 + fraction) / 36_525.0
    seconds = (
        67_310.54841 + (876_600.0 * 3600.0 + 8_640_184.812866) * centuries + 0.093104 * centuries**2
        - 6.2e-6 * centuries**3
    )  # IAU 1982, Vallado eq. 3-47  # fmt: skip
    angle = math.fmod(seconds, 86_400.0) / 86_400.0 * 2.0 * math.pi
    cosine, sine = math.cos(angle), math.sin(angle)
    x_m, y_m, z_m = (1000.0 * value for value in place_km)
    return (cosine * x_m + sine * y_m, -sine * x_m + cosine * y_m, z_m)
