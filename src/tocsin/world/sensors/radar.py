"""A generic radar on land or on a ship: range, azimuth, elevation, perhaps range rate.

Simplest honest form: one stated detection probability inside the field of regard and above the horizon, Gaussian
errors of the stated size, false plots Poisson and uniform in the swept measurement volume. Rays are straight
(refraction bends neither truth nor measurement); the 4/3 Earth sets the horizon only. Fragments of a broken-up
body are taken to lie below the sensitivity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tocsin.kernels.observe import MEAN_EARTH_RADIUS_M, observe_from_site
from tocsin.messages import Scan, SensorKind, SweptVolume, column
from tocsin.scenario import Sensor
from tocsin.units import DEG, M_PER_KM, NS_PER_S
from tocsin.world.ballistic import Array
from tocsin.world.body import Body
from tocsin.world.draws import Draws
from tocsin.world.sensors.station import Plot, Station, View, vec3

EFFECTIVE_EARTH_RATIO = 4.0 / 3.0  # Skolnik, Introduction to Radar Systems (2001), sec. 8.5
FALSE_RANGE_RATE_M_S = 3_000.0  # false range rates are uniform within +- this
TURN = 2.0 * math.pi


def horizon_angle_rad(site_height_m: float, target_height_m: Array) -> Array:
    """Largest central angle at which a target is above the horizon of the 4/3 Earth."""
    radius = EFFECTIVE_EARTH_RATIO * MEAN_EARTH_RADIUS_M
    site = math.acos(radius / (radius + max(0.0, site_height_m)))
    target = np.arccos(radius / (radius + np.maximum(0.0, target_height_m)))
    return EFFECTIVE_EARTH_RATIO * (site + target)


class Radar(Station):
    """Sweeps its azimuths from first to last once a scan, so that each plot has its own time."""

    kind: ClassVar[SensorKind] = "radar"
    errors: ClassVar[int] = 4

    def __init__(self, sensor: Sensor, bodies: Sequence[Body], epoch_ns: int, draws: Draws) -> None:
        super().__init__(sensor, bodies, epoch_ns, draws)
        self._swept = self.swept()
        self._quiet = self._columns(np.empty((0, 5)))  # of a scan that sees nothing
        self._std = sensor.noise_scale * np.array(
            (sensor.range_std_m, sensor.azimuth_std_deg * DEG, sensor.elevation_std_deg * DEG,
             sensor.range_rate_std_m_s or 0.0)
        )  # fmt: skip

    @property
    def width_rad(self) -> float:
        """Width of the field of regard in azimuth."""
        sensor = self.sensor
        width = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0
        return width * DEG if width > 0.0 else TURN

    def in_coverage(self, seen: Array) -> npt.NDArray[np.bool_]:
        """Rows of ``observe_from_site`` inside the field of regard and above the horizon."""
        sensor = self.sensor
        inside = (
            (seen[:, 0] >= sensor.range_min_km * M_PER_KM)
            & (seen[:, 0] <= sensor.range_max_km * M_PER_KM)
            & (seen[:, 2] >= sensor.elevation_min_deg * DEG)
            & (seen[:, 2] <= sensor.elevation_max_deg * DEG)
            & (self.past_first_rad(seen[:, 1]) <= self.width_rad)
            & (seen[:, 5] <= horizon_angle_rad(sensor.height_m, seen[:, 4]))
        )
        return np.asarray(inside)

    def past_first_rad(self, azimuth_rad: Array) -> Array:
        """Azimuth clockwise from the first edge of the field of regard, 0 to 2 pi."""
        return np.asarray(np.mod(azimuth_rad - self.sensor.azimuth_from_deg * DEG, TURN))

    def views(self, ends_s: Array, platform: Array) -> list[View]:
        period_s = self.period_ns / NS_PER_S
        views = []
        for index, body in enumerate(self.bodies):
            middle = ends_s - 0.5 * period_s
            up = body.is_up(middle)
            if not up.any():
                continue
            seen = observe_from_site(*body.states(middle), platform)
            part = np.minimum(self.past_first_rad(seen[:, 1]) / self.width_rad, 1.0)
            plot_s = ends_s - period_s * (1.0 - part)
            seen = observe_from_site(*body.states(plot_s), platform)
            is_seen = self.in_coverage(seen) & up & body.is_up(plot_s)
            views.append(View(index, is_seen, plot_s, seen[:, :4]))
        return views

    def scan(self, number: int, end_ns: int, platform: Array, plots: list[Plot], false_count: int) -> Scan:
        columns = self._quiet
        if plots or false_count:
            rng = self.rng(number)
            false = self._false_plots(end_ns, rng.random((false_count, 4)))
            rows = [np.concatenate(((plot.time_s,), plot.value + self._std * plot.normal)) for plot in plots]
            columns = self._columns(np.vstack((*rows, false))[rng.permutation(len(plots) + false_count)])
        plot_ns, range_m, azimuth_rad, elevation_rad, range_rate_m_s = columns
        return Scan(
            time_ns=end_ns,
            arrival_ns=end_ns + self.latency_ns,
            source=self.sensor.name,
            sensor=self.sensor.name,
            kind=self.kind,
            sequence=number,
            start_ns=end_ns - self.period_ns,
            end_ns=end_ns,
            platform_ecef_m=vec3(platform),
            plot_time_ns=plot_ns,
            swept=self._swept,
            range_m=range_m,
            azimuth_rad=azimuth_rad,
            elevation_rad=elevation_rad,
            range_rate_m_s=None if self.sensor.range_rate_std_m_s is None else range_rate_m_s,
        )

    def _columns(self, table: Array) -> tuple[Array, ...]:
        """Rows of (time s, range, azimuth, elevation, range rate) as a scan's columns."""
        return (
            column(self.plot_ns(table[:, 0]), "int64"),
            column(np.maximum(table[:, 1], 0.0)),
            column(np.mod(table[:, 2], TURN)),
            column(np.minimum(np.maximum(table[:, 3], -math.pi / 2), math.pi / 2)),
            column(table[:, 4]),
        )

    def swept(self) -> SweptVolume:
        """The field of regard, with the density of false plots in it."""
        sensor = self.sensor
        first = sensor.azimuth_from_deg * DEG
        span = (sensor.range_max_km - sensor.range_min_km) * M_PER_KM
        volume = span * self.width_rad * (sensor.elevation_max_deg - sensor.elevation_min_deg) * DEG
        return SweptVolume(
            azimuth_from_rad=first,
            azimuth_to_rad=first + self.width_rad,
            elevation_min_rad=sensor.elevation_min_deg * DEG,
            elevation_max_rad=sensor.elevation_max_deg * DEG,
            range_min_m=sensor.range_min_km * M_PER_KM,
            range_max_m=sensor.range_max_km * M_PER_KM,
            detection_prob=sensor.detection_prob,
            clutter_density=sensor.false_per_scan / volume,
        )

    def _false_plots(self, end_ns: int, uniform: Array) -> Array:
        swept = self._swept
        rows = np.empty((len(uniform), 5))
        rows[:, 0] = (end_ns - self.epoch_ns - self.period_ns * (1.0 - uniform[:, 1])) / NS_PER_S
        rows[:, 1] = swept.range_min_m + (swept.range_max_m - swept.range_min_m) * uniform[:, 0]
        rows[:, 2] = swept.azimuth_from_rad + self.width_rad * uniform[:, 1]
        rows[:, 3] = swept.elevation_min_rad + (swept.elevation_max_rad - swept.elevation_min_rad) * uniform[:, 2]
        rows[:, 4] = FALSE_RANGE_RATE_M_S * (2.0 * uniform[:, 3] - 1.0)
        return rows
