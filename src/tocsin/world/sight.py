"""What a sensor can see at all: field of regard, horizon under bent rays, range, and nothing of chance or of scans.

The rule of the simulated sensors, asked of any points; ``tocsin coverage`` draws it. Angles are those a radar
measures: along the ray, refraction in. A radar that states signal-to-noise sees as far as one look at the reference
target detects with probability 0.5.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.errors import SensorFileError
from tocsin.formats.site import SensorSite
from tocsin.kernels.constants import SEMI_MAJOR_M, SEMI_MINOR_M
from tocsin.kernels.observe import level_path, observe_from_site
from tocsin.kernels.radar_signal import detection_prob, snr_ratio
from tocsin.kernels.refraction import bend_many, horizon_apparent_elevation_rad, ray_central_angle_rad_many
from tocsin.scenario import Sensor
from tocsin.units import DEG, M_PER_KM
from tocsin.world.ballistic import Array
from tocsin.world.sensors.station import GEOSTATIONARY_HEIGHT_M
from tocsin.world.sky import satellite_states, satrec

Bools = npt.NDArray[np.bool_]

SEEN_PROB = 0.5  # of one look at the reference target: where a radar's range ends
TABLE_TOP_M = 60_000_000.0  # m; heights of the ray table are squares, so that it is close where rays are level
TABLE_ROWS = 4_000
TURN = 2.0 * math.pi


class Eye(msgspec.Struct, frozen=True, eq=False):
    """A radar, with the rays that bound its field of regard as tables over height."""

    sensor: Sensor
    reach_m: float
    root_heights: Array  # (k,) square roots of heights above the lowest, m^0.5
    base_m: float
    lowest_rad: Array  # (k,) greatest central angle at which the lowest ray has come to each height
    highest_rad: Array | None  # (k,) the same of the highest ray; None where it looks straight up
    mask_rad: float  # elevation below which it does not look, where it looks below the level; -pi otherwise

    def is_above(self, seen: Array) -> Bools:
        """Rows of ``observe_from_site`` above the horizon and above the lowest elevation."""
        root = np.sqrt(np.maximum(seen[:, 4] - self.base_m, 0.0))
        above: Bools = seen[:, 5] <= np.interp(root, self.root_heights, self.lowest_rad)
        if self.mask_rad > -math.pi:
            above &= self._apparent_rad(seen) >= self.mask_rad
        return above

    def is_seen(self, seen: Array) -> Bools:
        """Rows of ``observe_from_site`` inside the field of regard, in range and above the horizon."""
        sensor = self.sensor
        width = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0 * DEG or TURN
        inside: Bools = (
            (seen[:, 0] >= sensor.range_min_km * M_PER_KM)
            & (seen[:, 0] <= self.reach_m)
            & (np.mod(seen[:, 1] - sensor.azimuth_from_deg * DEG, TURN) <= width)
        )
        if self.highest_rad is not None:
            root = np.sqrt(np.maximum(seen[:, 4] - self.base_m, 0.0))
            inside &= seen[:, 5] >= np.interp(root, self.root_heights, self.highest_rad)
        elif sensor.elevation_max_deg < 90.0:
            inside &= self._apparent_rad(seen) <= sensor.elevation_max_deg * DEG
        return inside & self.is_above(seen)

    def _apparent_rad(self, seen: Array) -> Array:
        elevation, range_m = np.array(seen[:, 2]), np.array(seen[:, 0])
        return np.asarray(bend_many(self.sensor.height_m, elevation, range_m, refractivity(self.sensor))[0])


def refractivity(sensor: Sensor) -> float:
    """Surface refractivity as surveyed, N-units."""
    return float(getattr(sensor, "refractivity", 313.0))


def eye_of(sensor: Sensor, rcs_m2: float | None = None) -> Eye:
    """Of a radar; ``rcs_m2`` is what it looks for, its reference target where None."""
    n0, height_m = refractivity(sensor), sensor.height_m
    horizon_rad = float(horizon_apparent_elevation_rad(height_m, n0))
    mask_rad = sensor.elevation_min_deg * DEG
    looks_down = horizon_rad < mask_rad < 0.0
    base_m = min(0.0, height_m)
    root = np.linspace(0.0, math.sqrt(TABLE_TOP_M - base_m), TABLE_ROWS)
    heights = base_m + root**2
    lowest = ray_central_angle_rad_many(
        height_m, horizon_rad if looks_down else max(mask_rad, horizon_rad), heights, n0
    )
    highest = None
    if 0.0 < sensor.elevation_max_deg < 90.0:
        highest = ray_central_angle_rad_many(height_m, sensor.elevation_max_deg * DEG, heights, n0)
    return Eye(sensor, reach_m(sensor, rcs_m2), root, base_m, lowest, highest, mask_rad if looks_down else -math.pi)


def reach_m(sensor: Sensor, rcs_m2: float | None = None) -> float:
    """How far a radar sees: its greatest range, or less where the signal is too weak for ``SEEN_PROB``, m."""
    far_m = sensor.range_max_km * M_PER_KM
    reference: Any = getattr(sensor, "reference_snr_db", None)
    if reference is None:
        return far_m
    given: Any = sensor
    size = given.reference_rcs_m2 if rcs_m2 is None else rcs_m2

    def is_enough(range_m: float) -> bool:
        signal = snr_ratio(
            range_m, size, 10.0 ** (0.1 * reference), given.reference_range_km * M_PER_KM, given.reference_rcs_m2
        )
        return bool(detection_prob(signal, given.false_alarm_prob, given.swerling) >= SEEN_PROB)

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
    if sensor.platform == "orbit":
        record = satrec(sensor.line1, sensor.line2, f"sensors.{sensor.name}")
        return satellite_states(record, epoch_ns, time_s)[0]
    is_high = sensor.platform == "geostationary"
    position, _ = level_path(
        0.0 if is_high else sensor.latitude_deg * DEG, sensor.longitude_deg * DEG,
        GEOSTATIONARY_HEIGHT_M if is_high else sensor.height_m, sensor.course_deg * DEG,
        sensor.speed_m_s if sensor.platform == "ship" else 0.0, time_s,
    )  # fmt: skip
    return np.asarray(position)


def observed(position_m: Array, site_m: Array) -> Array:
    """``observe_from_site`` of n places from one site (3,) or n."""
    sites = np.array(np.broadcast_to(site_m, position_m.shape), dtype=np.float64)
    points = np.array(position_m, dtype=np.float64)
    return np.asarray(observe_from_site(points, np.zeros(points.shape), sites))


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
