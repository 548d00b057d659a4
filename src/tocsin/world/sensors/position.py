"""A generic position receiver: what co-operative aircraft report of themselves (as by ADS-B)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tocsin.kernels.geodesy import enu_axes, geodetic_from_ecef
from tocsin.kernels.observe import observe_from_site
from tocsin.messages import Scan, SensorKind, column
from tocsin.units import M_PER_KM
from tocsin.world.ballistic import Array
from tocsin.world.sensors.radar import horizon_angle_rad
from tocsin.world.sensors.station import Plot, Station, View, vec3


class PositionSensor(Station):
    """Hears the co-operative within range and above the horizon. What it does not hear proves nothing."""

    kind: ClassVar[SensorKind] = "position"
    errors: ClassVar[int] = 3

    def views(self, ends_s: Array, platform: Array) -> list[View]:
        sensor = self.sensor
        views = []
        for index, body in enumerate(self.bodies):
            if not body.is_cooperative:
                continue
            position, velocity = body.states(ends_s)
            seen = observe_from_site(position, velocity, platform)
            heard = (
                body.is_up(ends_s)
                & (seen[:, 0] <= sensor.range_max_km * M_PER_KM)
                & (seen[:, 5] <= horizon_angle_rad(sensor.height_m, seen[:, 4]))
            )
            views.append(View(index, heard, ends_s, position))
        return views

    def scan(self, number: int, end_ns: int, platform: Array, plots: list[Plot], false_count: int) -> Scan:
        sensor = self.sensor
        std = sensor.noise_scale * np.array((sensor.position_std_m, sensor.position_std_m, sensor.height_std_m))
        rows = [_moved(plot.value, std * plot.normal) for plot in plots]
        table = np.array(rows).reshape(len(rows), 3)[self.rng(number).permutation(len(rows))]
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
            plot_time_ns=column(np.full(len(rows), end_ns), "int64"),
            position_ecef_m=column(table),
        )


def _moved(position: Array, east_north_up_m: Array) -> Array:
    latitude, longitude, _ = geodetic_from_ecef(position[0], position[1], position[2])
    return np.asarray(position + enu_axes(latitude, longitude).T @ east_north_up_m)
