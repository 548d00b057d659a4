"""A generic space infrared sensor: lines of sight to burning bodies above the cloud, and nothing after burn-out.

Staring: all plots of a scan have its end as their time. Light time is taken as corrected by the sensor.
False flashes are uniform over the disc of the Earth that it sees.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tocsin.kernels.constants import SEMI_MAJOR_M, SEMI_MINOR_M
from tocsin.kernels.geodesy import enu_axes, geodetic_from_ecef
from tocsin.kernels.observe import observe_from_site
from tocsin.messages import Scan, SensorKind, SweptVolume, column
from tocsin.world.ballistic import Array
from tocsin.world.sensors.station import Plot, Station, View, vec3

NO_LINES = column(np.empty((0, 3)))


def is_earth_between(position_m: Array, platform_m: Array) -> npt.NDArray[np.bool_]:
    """Whether the WGS-84 ellipsoid blocks each line (n, 3) to (n, 3): both scaled so that it is the unit sphere."""
    scale = np.array((1.0 / SEMI_MAJOR_M, 1.0 / SEMI_MAJOR_M, 1.0 / SEMI_MINOR_M))
    start, end = platform_m * scale, position_m * scale
    line = end - start
    length2 = np.maximum(np.einsum("ij,ij->i", line, line), 1e-12)
    nearest = np.clip(-np.einsum("ij,ij->i", start, line) / length2, 0.0, 1.0)
    closest = start + nearest[:, None] * line
    return np.asarray(np.einsum("ij,ij->i", closest, closest) < 1.0)


def disc_angle_rad(platform_m: Array) -> float:
    """Angle from the nadir to the limb of the Earth."""
    return math.asin(min(1.0, SEMI_MAJOR_M / float(np.linalg.norm(platform_m))))


class Infrared(Station):
    """Lines of sight only."""

    kind: ClassVar[SensorKind] = "infrared"
    errors: ClassVar[int] = 2
    _swept: SweptVolume | None = None

    def views(self, ends_s: Array, platform: Array) -> list[View]:
        views = []
        for index, body in enumerate(self.bodies):
            burning = body.is_burning(ends_s) & body.is_up(ends_s)
            if not burning.any():
                continue
            position, velocity = body.states(ends_s)
            height_m = observe_from_site(position, velocity, platform)[:, 4]
            seen = burning & (height_m > self.sensor.cloud_top_m) & ~is_earth_between(position, platform)
            line = position - platform
            views.append(View(index, seen, ends_s, line / np.linalg.norm(line, axis=1)[:, None]))
        return views

    def scan(self, number: int, end_ns: int, platform: Array, plots: list[Plot], false_count: int) -> Scan:
        sensor = self.sensor
        lines = NO_LINES
        if plots or false_count:
            rng = self.rng(number)
            false = _cone(-platform / np.linalg.norm(platform), disc_angle_rad(platform), rng.random((false_count, 2)))
            std = sensor.noise_scale * sensor.line_of_sight_std_urad * 1e-6
            rows = [_tilted(plot.value, std * plot.normal) for plot in plots]
            lines = column(np.vstack((*rows, false))[rng.permutation(len(plots) + false_count)])
        if self._swept is None or sensor.platform != "geostationary":
            self._swept = self.swept(platform)
        return Scan(
            time_ns=end_ns,
            arrival_ns=end_ns + self.latency_ns,
            source=sensor.name,
            sensor=sensor.name,
            kind=self.kind,
            sequence=number,
            start_ns=end_ns - self.period_ns,
            end_ns=end_ns,
            platform_ecef_m=vec3(platform),
            plot_time_ns=column(np.full(len(lines), end_ns), "int64"),
            swept=self._swept,
            line_of_sight_ecef=lines,
        )

    def swept(self, platform: Array) -> SweptVolume:
        """The visible disc: all azimuths, from straight down to the limb; what burns in it is a reference target."""
        limb_rad = disc_angle_rad(platform)
        height_m = float(geodetic_from_ecef(platform[0], platform[1], platform[2])[2])
        solid_angle = 2.0 * math.pi * (1.0 - math.cos(limb_rad))
        return SweptVolume(
            azimuth_from_rad=0.0,
            azimuth_to_rad=2.0 * math.pi,
            elevation_min_rad=-0.5 * math.pi,
            elevation_max_rad=-0.5 * math.pi + limb_rad,
            range_min_m=height_m - 1e6,
            range_max_m=float(np.linalg.norm(platform)),
            detection_prob=self.sensor.detection_prob,
            clutter_density=self.sensor.false_per_scan / solid_angle,
        )


def _tilted(line: Array, tilt_rad: Array) -> Array:
    """A unit vector turned by two small angles about axes square to it."""
    axes = enu_axes(math.asin(min(1.0, max(-1.0, line[2]))), math.atan2(line[1], line[0]))
    moved = line + math.tan(tilt_rad[0]) * axes[0] + math.tan(tilt_rad[1]) * axes[1]
    return np.asarray(moved / np.linalg.norm(moved))


def _cone(axis: Array, half_angle_rad: float, uniform: Array) -> Array:
    """Unit vectors (n, 3) uniform in solid angle within a cone, from (n, 2) uniform numbers."""
    cos = 1.0 - uniform[:, 0] * (1.0 - math.cos(half_angle_rad))
    sin, turn = np.sqrt(np.maximum(0.0, 1.0 - cos**2)), 2.0 * math.pi * uniform[:, 1]
    axes = enu_axes(math.asin(min(1.0, max(-1.0, axis[2]))), math.atan2(axis[1], axis[0]))
    return np.asarray(
        cos[:, None] * axis + (sin * np.cos(turn))[:, None] * axes[0] + (sin * np.sin(turn))[:, None] * axes[1]
    )
