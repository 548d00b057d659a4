"""What a run draws once of each sensor: its constant errors, and the air about it."""

from __future__ import annotations

import msgspec

from tocsin.scenario import Sensor
from tocsin.units import DEG
from tocsin.world.draws import Draws


class SensorTruth(msgspec.Struct, kw_only=True):
    """This run's truth of one sensor; each error is added to what it reports."""

    name: str
    range_bias_m: float
    azimuth_bias_rad: float
    elevation_bias_rad: float
    clock_bias_s: float  # added to every time it states
    refractivity: float  # at the surface, N-units; the surveyed one is the sensor's key


def draw_biases(sensor: Sensor, draws: Draws, refractivity_deviation: float) -> SensorTruth:
    """Constant errors from the spreads that the sensor states; the air's deviation is the run's, for all sensors."""
    normal = draws.generator(f"biases of {sensor.name}").standard_normal(4)
    return SensorTruth(
        name=sensor.name,
        range_bias_m=float(sensor.range_bias_std_m * normal[0]),
        azimuth_bias_rad=float(sensor.azimuth_bias_std_deg * DEG * normal[1]),
        elevation_bias_rad=float(sensor.elevation_bias_std_deg * DEG * normal[2]),
        clock_bias_s=float(sensor.clock_bias_std_s * normal[3]),
        refractivity=max(0.0, sensor.refractivity + refractivity_deviation),
    )
