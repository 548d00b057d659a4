"""A generic position receiver: what co-operative aircraft report of themselves (as by ADS-B)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.kernels.keyed_draws import keyed_draws
from tocsin.kernels.refraction import horizon_apparent_elevation_rad, ray_central_angle_rad_many
from tocsin.messages import SensorKind, SweptVolume
from tocsin.scenario import Sensor
from tocsin.units import DEG, M_PER_KM
from tocsin.world.ballistic import Array
from tocsin.world.draws import Draws
from tocsin.world.sensors.sightings import sighted
from tocsin.world.sensors.sky_tables import SkyTables
from tocsin.world.sensors.station import Plots, Station

_ALL_ROUND = 360.0 * DEG
_DOWN = -90.0 * DEG


class PositionSensor(Station):
    """Hears the co-operative within range and above the horizon. What it does not hear proves nothing."""

    kind: ClassVar[SensorKind] = "position"

    def __init__(
        self, sensor: Sensor, sky: SkyTables, epoch_ns: int, draws: Draws, refractivity_deviation: float = 0.0
    ) -> None:
        super().__init__(sensor, sky, epoch_ns, draws, refractivity_deviation)
        self._willing = np.array([i for i, body in enumerate(sky.bodies) if body.is_cooperative], dtype=np.int64)
        self._horizon_rad = horizon_apparent_elevation_rad(float(sensor.height_m), self.truth.refractivity)

    def measure(self, first_number: int, ends_s: Array, platform_m: Array, window: int) -> Plots:
        sensor, sky, table = self.sensor, self.sky, self.sky.window(window)
        scan, body, rows = sighted(
            table, sky.up_s, self._willing, ends_s, 0.0, (0.0, _ALL_ROUND), platform_m,
            sensor.range_max_km * M_PER_KM, _DOWN,
        )  # fmt: skip
        edge = ray_central_angle_rad_many(
            float(sensor.height_m), self._horizon_rad, rows[:, 5].copy(), self.truth.refractivity
        )
        words, numbers = sky.words[body], (first_number + scan).astype(np.uint64)
        chance = keyed_draws(self.key, words, numbers, np.uint64(0), False)
        hit = (
            (rows[:, 1] <= sensor.range_max_km * M_PER_KM)
            & (rows[:, 6] <= edge)
            & (chance[:, 0] < sensor.detection_prob)
        )
        normal = keyed_draws(self.key, words[hit], numbers[hit], np.uint64(1), True)
        std = sensor.noise_scale * np.array((sensor.position_std_m, sensor.position_std_m, sensor.height_std_m))
        return Plots(
            scan=scan[hit],
            body=body[hit],
            time_s=rows[hit, 0],
            order=chance[hit, 3],
            columns={
                "plot_time_ns": self.plot_ns(rows[hit, 0]),
                "position_ecef_m": moved(rows[hit, 7:10].copy(), std * normal[:, :3]),
            },
        )

    def swept(self, platform_m: Array) -> SweptVolume | None:
        return None


def moved(position_m: Array, east_north_up_m: Array) -> Array:
    """Places (n, 3) shifted by (n, 3) east, north and up."""
    geodetic = geodetic_of_many(position_m)
    sin_lat, cos_lat = np.sin(geodetic[:, 0]), np.cos(geodetic[:, 0])
    sin_lon, cos_lon = np.sin(geodetic[:, 1]), np.cos(geodetic[:, 1])
    east, north, up = east_north_up_m.T
    out = position_m.copy()
    out[:, 0] += -sin_lon * east - sin_lat * cos_lon * north + cos_lat * cos_lon * up
    out[:, 1] += cos_lon * east - sin_lat * sin_lon * north + cos_lat * sin_lon * up
    out[:, 2] += cos_lat * north + sin_lat * up
    return out
