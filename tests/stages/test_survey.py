"""screen: by how much each plot's elevation is widened for the air of the day, which is not the surveyed one."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from tocsin.kernels.refraction import bend
from tocsin.messages import Detections, Scan, column
from tocsin.policy import Policy, ScreenPolicy
from tocsin.scenario import Defence, Sensor
from tocsin.stages.screen import Screen
from tocsin.stages.screen.survey import widened

END_NS = 1_772_614_800_000_000_000
ELEVATIONS_DEG = (1.0, 2.0, 5.0)
RANGE_M, MORE_N = 1e6, 0.05 * 313.0  # what 5 % of the bending stands for
RADAR = Sensor(
    name="radar", kind="radar", latitude_deg=36.0, longitude_deg=40.0, azimuth_from_deg=0.0, azimuth_to_deg=90.0,
    elevation_min_deg=0.0, elevation_std_deg=0.02,
)  # fmt: skip


def apparent_rad(elevation_deg: float, refractivity: float = 313.0) -> float:
    return float(bend(0.0, math.radians(elevation_deg), RANGE_M, refractivity)[0])


def elevation_std_rad(rules: ScreenPolicy, sensor: Sensor = RADAR) -> np.ndarray:
    """What the stage says of three plots at ELEVATIONS_DEG."""
    seen = [bend(0.0, math.radians(e), RANGE_M, 313.0) for e in ELEVATIONS_DEG]
    scan = Scan(
        time_ns=END_NS, arrival_ns=END_NS, sensor="radar", kind="radar", sequence=0, start_ns=END_NS, end_ns=END_NS,
        platform_ecef_m=None, plot_time_ns=column([END_NS] * 3, "int64"), range_m=column([s[1] for s in seen]),
        azimuth_rad=column([0.5] * 3), elevation_rad=column([s[0] for s in seen]),
    )  # fmt: skip
    stage = Screen(Defence(sensors=(sensor,), policy=Policy(screen=rules)))
    (found,) = (message for message in stage.handle(scan) if isinstance(message, Detections))
    assert found.elevation_std_rad is not None
    return np.array(found.elevation_std_rad)


@pytest.mark.parametrize("count", [1, 30, 100])
def test_widened_plots_average_to_what_plots_with_one_error_in_common_do(count: int) -> None:
    """The mean of n plots: s^2 / n + b^2 with an error b alike in all, by their full covariance."""
    own, bias = 0.35e-3, 0.14e-3
    wide = widened(np.full(count, own), np.full(count, 0.05 + bias / 0.05), np.full(count, 0.05), 0.05, float(count))
    joint = own**2 * np.eye(count) + bias**2
    assert np.mean(wide**2) / count == pytest.approx(joint.mean(), rel=1e-9)


def test_the_stage_widens_by_what_15_n_units_more_bend_over_a_hundred_plots() -> None:
    """0.27 mrad at 2 deg and 0.14 at 5 deg, and 1000 km; tenths are what bending is not in proportion."""
    wide = elevation_std_rad(ScreenPolicy())
    more = np.array([apparent_rad(e, 313.0 + MORE_N) - apparent_rad(e) for e in ELEVATIONS_DEG])
    assert np.sqrt(wide**2 - math.radians(0.02) ** 2) == pytest.approx(10.0 * more, rel=0.15)
    assert np.sqrt(wide[1:] ** 2 - math.radians(0.02) ** 2) == pytest.approx([2.7e-3, 1.4e-3], rel=0.08)


def test_nothing_is_widened_where_the_air_is_known_or_refraction_is_the_sources_own() -> None:
    plain = [math.radians(0.02)] * 3
    assert elevation_std_rad(ScreenPolicy(refraction_ratio_std=0.0)).tolist() == pytest.approx(plain, rel=1e-12)
    corrected = msgspec.structs.replace(RADAR, is_refracted=False)
    assert elevation_std_rad(ScreenPolicy(), corrected).tolist() == pytest.approx(plain, rel=1e-12)
