"""What a sensor can see at all: field of regard, horizon under bent rays, range, and nothing of chance or of scans.

The rule of the simulated sensors, asked of any points; ``tocsin coverage`` draws it. The field of regard of a radar
is one of apparent elevations, along the bent ray, unless it states that it corrects them. The air is the surveyed one,
not a run's. Range is that of the straight line; along the ray it is at most 0.2 km longer. A radar that states
signal-to-noise sees as far as one look at the reference target detects with probability 0.5.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.errors import SensorFileError
from tocsin.formats.site import SensorSite
from tocsin.kernels.constants import SEMI_MAJOR_M, SEMI_MINOR_M
from tocsin.kernels.observe import observe_from_site
from tocsin.kernels.radar_signal import detection_prob, snr_ratio
from tocsin.kernels.refraction import bend_many, horizon_apparent_elevation_rad, ray_central_angle_rad_many
from tocsin.kernels.sighting import is_earth_between
from tocsin.scenario import Sensor
from tocsin.units import DEG, M_PER_KM
from tocsin.world.ballistic import Array
from tocsin.world.sensors import station
from tocsin.world.sky import satrec

Bools = npt.NDArray[np.bool_]

SEEN_PROB = 0.5  # of one look at the reference target: where a radar's range ends
TABLE_TOP_M = 60_000_000.0  # m; heights of the ray table are squares, so that it is close where rays are level
TABLE_ROWS = 4_000
TURN = 2.0 * math.pi


class Eye(msgspec.Struct, frozen=True, eq=False):
    """A radar, or a receiver of position reports. ``horizon_rad`` is a table over height: the central angle at which
    the ray that touches the Earth has come up to it; a target that stands no further is above the horizon.
    """

    sensor: Sensor
    reach_m: float
    base_m: float
    root_heights: Array  # (k,) square roots of heights above ``base_m``, m^0.5
    horizon_rad: Array  # (k,)

    def clearance_rad(self, seen: Array) -> Array:
        """How far rows of ``observe_from_site`` stand above the horizon and the lowest elevation, the smaller of both.

        Negative below; it grows with the height over a place on the ground, and only its sign means more than that.
        """
        root = np.sqrt(np.maximum(seen[:, 4] - self.base_m, 0.0))
        clear: Array = np.interp(root, self.root_heights, self.horizon_rad) - seen[:, 5]
        if self.sensor.kind == "radar":
            clear = np.minimum(clear, self.elevation_rad(seen) - self.sensor.elevation_min_deg * DEG)
        return clear

    def is_seen(self, seen: Array) -> Bools:
        """Rows of ``observe_from_site`` above the horizon, in range and inside the field of regard."""
        sensor = self.sensor
        inside: Bools = (self.clearance_rad(seen) >= 0.0) & (seen[:, 0] <= self.reach_m)
        if sensor.kind != "radar":
            return inside
        width = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0 * DEG or TURN
        inside &= np.mod(seen[:, 1] - sensor.azimuth_from_deg * DEG, TURN) <= width
        inside &= seen[:, 0] >= sensor.range_min_km * M_PER_KM
        if sensor.elevation_max_deg < 90.0:
            inside &= self.elevation_rad(seen) <= sensor.elevation_max_deg * DEG
        return inside

    def elevation_rad(self, seen: Array) -> Array:
        """As the radar states it."""
        if not self.sensor.is_refracted:
            return seen[:, 2]
        elevation, range_m = np.array(seen[:, 2]), np.array(seen[:, 0])
        n0, height_m = float(self.sensor.refractivity), float(self.sensor.height_m)
        return np.asarray(bend_many(height_m, elevation, range_m, n0)[0])


def eye_of(sensor: Sensor, rcs_m2: float | None = None) -> Eye:
    """Of a radar or receiver; ``rcs_m2`` is what a radar looks for, its reference target where None."""
    n0, height_m = float(sensor.refractivity), float(sensor.height_m)
    base_m = min(0.0, height_m)
    root = np.linspace(0.0, math.sqrt(TABLE_TOP_M - base_m), TABLE_ROWS)
    touching_rad = float(horizon_apparent_elevation_rad(height_m, n0))
    horizon = np.asarray(ray_central_angle_rad_many(height_m, touching_rad, base_m + root**2, n0))
    return Eye(sensor, reach_m(sensor, rcs_m2), base_m, root, horizon)


def reach_m(sensor: Sensor, rcs_m2: float | None = None) -> float:
    """How far a radar sees: its greatest range, or less where the signal is too weak for ``SEEN_PROB``, m."""
    far_m = sensor.range_max_km * M_PER_KM
    if sensor.kind != "radar" or sensor.reference_snr_db is None:
        return far_m
    reference, size = 10.0 ** (0.1 * sensor.reference_snr_db), sensor.reference_rcs_m2 if rcs_m2 is None else rcs_m2

    def is_enough(range_m: float) -> bool:
        signal = snr_ratio(
            range_m, float(size), reference, sensor.reference_range_km * M_PER_KM, float(sensor.reference_rcs_m2)
        )
        return bool(detection_prob(signal, float(sensor.false_alarm_prob), sensor.swerling) >= SEEN_PROB)

    if is_enough(far_m):
        return far_m
    near_m = 1.0
    while far_m - near_m > 1.0:
        middle_m = 0.5 * (near_m + far_m)
        near_m, far_m = (middle_m, far_m) if is_enough(middle_m) else (near_m, middle_m)
    return near_m


def places_of(sensor: Sensor, epoch_ns: int, time_s: Array, site: SensorSite | None = None) -> Array:
    """Where a sensor stands at seconds from an epoch, (n, 3) ECEF m; of a recorded path its first point."""
    if sensor.platform == "path":
        if site is None or site.path_ecef_m is None:
            raise SensorFileError(
                "a sensor on a recorded path has no place here", where=f"sensors.{sensor.name}.platform",
                value=sensor.platform, remedy="use land, ship, geostationary or orbit",
            )  # fmt: skip
        return np.repeat(np.array(site.path_ecef_m[:1], dtype=np.float64), len(time_s), axis=0)
    is_orbit = sensor.platform == "orbit"
    elements = satrec(sensor.line1, sensor.line2, f"sensors.{sensor.name}") if is_orbit else None
    return station.places_of(sensor, elements, epoch_ns, time_s)


def observed(position_m: Array, site_m: Array) -> Array:
    """``observe_from_site`` of n places from one site (3,) or n."""
    sites = np.array(np.broadcast_to(site_m, position_m.shape), dtype=np.float64, order="C")
    points = np.array(position_m, dtype=np.float64, order="C")
    return np.asarray(observe_from_site(points, np.zeros(points.shape), sites))


def is_hidden(position_m: Array, platform_m: Array) -> Bools:
    """Whether the Earth stands between each of n places and a platform, (n, 3) or (3,)."""
    pairs = np.hstack((position_m, np.broadcast_to(platform_m, position_m.shape))).tolist()
    return np.array([is_earth_between(*pair) == 1 for pair in pairs], dtype=bool)


def limb_deg(platform_m: Array, points: int = 181) -> Array:
    """(points, 2) latitude and longitude of the ground along the edge of what a platform sees, a closed ring.

    With the ellipsoid scaled to the unit sphere the lines that touch it do so on a circle.
    """
    scale = np.array((SEMI_MAJOR_M, SEMI_MAJOR_M, SEMI_MINOR_M))
    from_centre = platform_m / scale
    far = max(float(np.linalg.norm(from_centre)), 1.0 + 1e-9)
    axis = from_centre / far
    side = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    turn = np.linspace(0.0, TURN, points)
    ring = axis / far + math.sqrt(1.0 - 1.0 / far**2) * (np.outer(np.cos(turn), side) + np.outer(np.sin(turn), other))
    normal = ring / scale  # of the ellipsoid, at the point ring * scale
    latitude = np.degrees(np.arctan2(normal[:, 2], np.hypot(normal[:, 0], normal[:, 1])))
    return np.stack((latitude, np.degrees(np.arctan2(ring[:, 1], ring[:, 0]))), axis=1)
