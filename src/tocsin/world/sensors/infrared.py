"""A generic space infrared sensor: lines of sight to what burns above the cloud, and nothing after it burns.

Staring: all plots of a scan have its end as their time; the light left the target earlier, by its way. What is bright
enough, in view and above the cloud is seen with the stated probability. False flashes are of three sorts: uniform
over the disc of the Earth; glints about the place that mirrors the sun; fires, fixed on the ground, in every scan
in which no cloud covers them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tocsin.kernels.constants import SEMI_MAJOR_M
from tocsin.kernels.geodesy import ecef_from_geodetic, geodetic_from_ecef
from tocsin.kernels.keyed_draws import keyed_draws
from tocsin.messages import SensorKind, SweptVolume
from tocsin.scenario import Fire, Sensor
from tocsin.units import DEG
from tocsin.world.ballistic import Array
from tocsin.world.draws import Draws
from tocsin.world.sensors.sightings import flashes_seen
from tocsin.world.sensors.sky_tables import Index, SkyTables, Table, name_words
from tocsin.world.sensors.station import FALSE_PLOT, Plots, Station
from tocsin.world.sensors.sun import mirror_point, sun_direction

GLINT_RAD = 5e-3  # rad, half-width of the cone of glints: 180 km from geostationary height, notional
CLOUD_CELL_S = 300.0  # s, cloud over a fire comes and goes in steps of this, notional
_FLASH, _FIRE = 0, 2  # tags of draws; the errors' are one more
FLAME_M = 1.0  # m, height of a fire: on the ellipsoid itself rounding would hide it
_LONG_S = 1e9  # a fire burns from this long before the epoch to this long after it
_LIGHT_S = 1.0  # light takes less


class Infrared(Station):
    """Lines of sight only."""

    kind: ClassVar[SensorKind] = "infrared"

    def __init__(
        self,
        sensor: Sensor,
        sky: SkyTables,
        epoch_ns: int,
        draws: Draws,
        refractivity_deviation: float = 0.0,
        fires: Sequence[Fire] = (),
    ) -> None:
        super().__init__(sensor, sky, epoch_ns, draws, refractivity_deviation)
        burns = [(i, burn) for i, body in enumerate(sky.bodies) for burn in body.burns]
        self._flash_body = np.array([i for i, _ in burns], dtype=np.int64)
        self._flash = np.array(
            [(burn.from_s, burn.to_s, burn.intensity_kw_sr, sensor.cloud_top_m) for _, burn in burns], dtype=np.float64
        ).reshape(len(burns), 4)
        self._fires = tuple(fires)
        self._fire_words = name_words([fire.name for fire in fires])
        self._fire_table = _fixed(fires)
        self._cloud_key = draws.key("cloud over fires")  # one cloud for all sensors
        self._swept: SweptVolume | None = None

    def measure(self, first_number: int, ends_s: Array, platform_m: Array, window: int) -> Plots:
        parts = [self._flashes(first_number, ends_s, platform_m, window)]
        if self._fires:
            parts.append(self._fire_plots(first_number, ends_s, platform_m))
        parts.append(self._false(ends_s, platform_m, window))
        scan, body, time_s, order, lines = (np.concatenate(column) for column in zip(*parts, strict=True))
        stated_ns = self.plot_ns(ends_s)[scan]
        columns = {"plot_time_ns": stated_ns, "line_of_sight_ecef": lines}
        return Plots(scan=scan, body=body, time_s=time_s, order=order, columns=columns)

    def _flashes(
        self, first_number: int, ends_s: Array, platform_m: Array, window: int
    ) -> tuple[Index, Index, Array, Array, Array]:
        """Scan, body, time, order and line of sight of what burns."""
        burning = (self._flash[:, 0] < ends_s[-1]) & (self._flash[:, 1] > ends_s[0] - _LIGHT_S)
        flash_body, flash = self._flash_body[burning], self._flash[burning]
        scan, which, rows = flashes_seen(self.sky.window(window), self.sky.up_s, flash_body, flash, ends_s, platform_m)
        body = flash_body[which]
        hit, order, lines = self._seen(first_number + scan, self.sky.words[body], rows, _FLASH)
        return scan[hit], body[hit], rows[hit, 0], order, lines

    def _fire_plots(
        self, first_number: int, ends_s: Array, platform_m: Array
    ) -> tuple[Index, Index, Array, Array, Array]:
        always = np.tile((-_LONG_S, _LONG_S), (len(self._fires), 1))
        flash = np.array([(-_LONG_S, _LONG_S, fire.intensity_kw_sr, -_LONG_S) for fire in self._fires])
        scan, which, rows = flashes_seen(
            self._fire_table, always, np.arange(len(self._fires)), flash, ends_s, platform_m
        )
        cell = (np.maximum(rows[:, 0], 0.0) // CLOUD_CELL_S).astype(np.uint64)
        clear = np.array([fire.clear_prob for fire in self._fires])[which]
        words = self._fire_words[which]
        under_sky = keyed_draws(self._cloud_key, words, cell, np.uint64(0), False)[:, 0] < clear
        scan, rows = scan[under_sky], rows[under_sky]
        hit, order, lines = self._seen(first_number + scan, words[under_sky], rows, _FIRE)
        return scan[hit], np.full(int(hit.sum()), FALSE_PLOT), rows[hit, 0], order, lines

    def _seen(
        self, number: Index, words: npt.NDArray[np.uint64], rows: Array, tag: int
    ) -> tuple[npt.NDArray[np.bool_], Array, Array]:
        """Which of the sightings are plotted; order and line of sight of those."""
        counters = number.astype(np.uint64)
        chance = keyed_draws(self.key, words, counters, np.uint64(tag), False)
        hit = (rows[:, 2] >= self.sensor.min_intensity_kw_sr) & (chance[:, 0] < self.sensor.detection_prob)
        std_rad = self.sensor.noise_scale * self.sensor.line_of_sight_std_urad * 1e-6
        normal = keyed_draws(self.key, words[hit], counters[hit], np.uint64(tag + 1), True)
        return hit, chance[hit, 3], tilted(rows[hit, 4:7], std_rad * normal[:, :2])

    def _false(self, ends_s: Array, platform_m: Array, window: int) -> tuple[Index, Index, Array, Array, Array]:
        """Flashes that nothing on this list made: over the whole disc, and glints."""
        sensor = self.sensor
        rng = self._draws.generator(f"false flashes of {sensor.name}", window)
        radius_m = np.linalg.norm(platform_m, axis=1)
        down, limb = -platform_m / radius_m[:, None], np.arcsin(np.minimum(1.0, SEMI_MAJOR_M / radius_m))
        scan = np.repeat(np.arange(len(ends_s)), rng.poisson(sensor.false_per_scan, len(ends_s)))
        lines = cone(down[scan], limb[scan], rng.random((len(scan), 2)))
        if sensor.glints_per_hour > 0.0:
            point_m, is_lit = mirror_point(platform_m, sun_direction(self.epoch_ns, ends_s))
            mean = sensor.glints_per_hour * sensor.scan_period_s / 3600.0
            glint = np.repeat(np.arange(len(ends_s)), np.where(is_lit, rng.poisson(mean, len(ends_s)), 0))
            line = point_m - platform_m
            line /= np.linalg.norm(line, axis=1)[:, None]
            spread = np.full(len(glint), GLINT_RAD)
            scan = np.concatenate((scan, glint))
            lines = np.concatenate((lines, cone(line[glint], spread, rng.random((len(glint), 2)))))
        return scan, np.full(len(scan), FALSE_PLOT), ends_s[scan], rng.random(len(scan)), lines

    def swept(self, platform_m: Array) -> SweptVolume:
        """The visible disc: all azimuths, from straight down to the limb; what burns in it is a reference target."""
        if self._swept is not None and self.sensor.platform == "geostationary":
            return self._swept
        limb_rad = math.asin(min(1.0, SEMI_MAJOR_M / float(np.linalg.norm(platform_m))))
        height_m = float(geodetic_from_ecef(platform_m[0], platform_m[1], platform_m[2])[2])
        solid_angle = 2.0 * math.pi * (1.0 - math.cos(limb_rad))
        self._swept = SweptVolume(
            azimuth_from_rad=0.0,
            azimuth_to_rad=2.0 * math.pi,
            elevation_min_rad=-0.5 * math.pi,
            elevation_max_rad=-0.5 * math.pi + limb_rad,
            range_min_m=max(0.0, height_m - 1e6),
            range_max_m=float(np.linalg.norm(platform_m)),
            detection_prob=self.sensor.detection_prob,
            clutter_density=self.sensor.false_per_scan / solid_angle,
        )
        return self._swept


def _fixed(fires: Sequence[Fire]) -> Table:
    """Places on the ground as a table: two rows each."""
    places = [ecef_from_geodetic(fire.latitude_deg * DEG, fire.longitude_deg * DEG, FLAME_M) for fire in fires]
    position = np.repeat(np.array(places, dtype=np.float64).reshape(len(places), 3), 2, axis=0)
    times = np.tile((-_LONG_S, _LONG_S), len(places))
    return Table(times, position, np.zeros_like(position), 2 * np.arange(len(places) + 1))


def axes_across(line: Array) -> tuple[Array, Array]:
    """Two unit vectors (n, 3) each, square to unit vectors (n, 3) and to each other."""
    level = np.maximum(np.hypot(line[:, 0], line[:, 1]), 1e-12)
    zero = np.zeros(len(line))
    first = np.column_stack((-line[:, 1] / level, line[:, 0] / level, zero))
    return first, np.cross(line, first)


def tilted(line: Array, tilt_rad: Array) -> Array:
    """Unit vectors (n, 3) turned by two small angles (n, 2) about axes square to them."""
    first, second = axes_across(line)
    moved = line + np.tan(tilt_rad[:, :1]) * first + np.tan(tilt_rad[:, 1:]) * second
    return np.asarray(moved / np.linalg.norm(moved, axis=1)[:, None])


def cone(axis: Array, half_angle_rad: Array, uniform: Array) -> Array:
    """Unit vectors (n, 3), each uniform in solid angle within its cone, from (n, 2) uniform numbers."""
    cos = 1.0 - uniform[:, 0] * (1.0 - np.cos(half_angle_rad))
    sin, turn = np.sqrt(np.maximum(0.0, 1.0 - cos**2)), 2.0 * math.pi * uniform[:, 1]
    first, second = axes_across(axis)
    return np.asarray(
        cos[:, None] * axis + (sin * np.cos(turn))[:, None] * first + (sin * np.sin(turn))[:, None] * second
    )
