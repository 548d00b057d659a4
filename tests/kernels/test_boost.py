"""Powered flight: the rocket equation where neither gravity nor air reaches, and the order of the method."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.kernels.boost import boost_flight
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes

CALM = np.zeros(4)
# On the Earth's axis, a milliard kilometres out: gravity is 4e-10 m/s2, and what turns with the Earth stands still.
FAR = np.array([0.0, 0.0, 1e12, 0.0, 0.0, 0.0])
ALONG = np.array([0.0, 0.0, 1.0])
ACROSS = np.array([1.0, 0.0, 0.0])


def burn(steps: int, duration_s: float, exhaust_m_s: float, depletion_s: float) -> tuple[float, ...]:
    return steps, duration_s, exhaust_m_s, depletion_s, 1000.0


def coast(steps: int, duration_s: float) -> tuple[float, ...]:
    return steps, duration_s, 0.0, 1.0, 1000.0


def fly(*rows: tuple[float, ...], start: np.ndarray = FAR) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    segments = np.array(rows)
    programme = np.empty((int(segments[:, 0].sum()), 3))
    return boost_flight(start, ALONG, ACROSS, segments, 1e6, 1.0, 0.0, CALM, programme, False)


@pytest.mark.parametrize(
    "stages",
    [
        [(90.0, 2450.0, 113.0)],
        [(87.0, 2500.0, 120.0), (60.0, 2600.0, 90.0)],
        [(60.0, 2500.0, 100.0), (60.0, 2700.0, 100.0), (65.0, 2700.0, 100.0)],
    ],
)
def test_without_gravity_and_air_stages_and_coasts_give_the_sum_of_the_rocket_equation(stages):
    rows = []
    for duration_s, exhaust_m_s, depletion_s in stages:
        rows += [burn(300, duration_s, exhaust_m_s, depletion_s), coast(7, 3.0)]
    time_s, _, velocity = fly(*rows)
    wanted = sum(-exhaust * math.log(1.0 - duration / depletion) for duration, exhaust, depletion in stages)
    assert velocity[-1, 2] == pytest.approx(wanted, rel=1e-6)
    assert np.linalg.norm(velocity[-1, :2]) < 1e-6
    assert time_s[-1] == pytest.approx(sum(stage[0] for stage in stages) + 3.0 * len(stages))


def test_a_coast_changes_no_speed_and_burns_begin_and_end_on_rows():
    time_s, _, velocity = fly(burn(100, 50.0, 2500.0, 80.0), coast(10, 5.0), burn(100, 20.0, 2500.0, 80.0))
    assert time_s[100] == pytest.approx(50.0)
    assert time_s[110] == pytest.approx(55.0)
    assert velocity[110, 2] == pytest.approx(velocity[100, 2], abs=1e-6)
    assert velocity[111, 2] > velocity[110, 2] + 1.0


def test_halving_the_step_lowers_the_error_sixteen_fold():
    exact = -2500.0 * math.log(1.0 - 60.0 / 70.0)
    errors = [abs(fly(burn(steps, 60.0, 2500.0, 70.0))[2][-1, 2] - exact) for steps in (20, 40)]
    assert 12.0 < errors[0] / errors[1] < 20.0


def test_a_given_programme_is_flown_again_to_the_bit():
    latitude, longitude = 0.6, 0.7
    axes = enu_axes(latitude, longitude)
    start = np.concatenate((ecef_from_geodetic(latitude, longitude, 0.0), np.zeros(3)))
    segments = np.array([burn(200, 80.0, 2450.0, 113.0), coast(5, 2.0), burn(100, 30.0, 2600.0, 90.0)])
    programme = np.empty((305, 3))
    free = boost_flight(start, axes[2], axes[0], segments, 8.0, 10.0, 0.3, CALM, programme, False)
    again = boost_flight(start, axes[2], axes[0], segments, 8.0, 10.0, 0.0, CALM, programme, True)
    for one, two in zip(free, again, strict=True):
        assert np.array_equal(one, two)
    assert np.allclose(np.linalg.norm(programme, axis=1), 1.0, atol=1e-9)


def test_air_takes_speed_and_the_heavier_vehicle_loses_less():
    latitude, longitude = 0.6, 0.7
    axes = enu_axes(latitude, longitude)
    start = np.concatenate((ecef_from_geodetic(latitude, longitude, 0.0), np.zeros(3)))
    speeds = []
    for beta in (0.0, 8000.0, 2000.0):
        segments = np.array([(400.0, 60.0, 2450.0, 113.0, beta)])
        flown = boost_flight(start, axes[2], axes[0], segments, 8.0, 10.0, 0.3, CALM, np.empty((400, 3)), False)
        speeds.append(float(np.linalg.norm(flown[2][-1])))
    assert speeds[0] > speeds[1] > speeds[2]


def test_it_gives_the_same_without_numba_and_never_raises_there():
    latitude, longitude = 0.6, 0.7
    axes = enu_axes(latitude, longitude)
    start = np.concatenate((ecef_from_geodetic(latitude, longitude, 0.0), np.zeros(3)))
    air = np.array([0.1, -0.2, 20.0, 5.0])
    plain = getattr(boost_flight, "py_func", boost_flight)
    for segments in ([burn(40, 80.0, 2450.0, 113.0), coast(5, 2.0)], [(3.0, 1.0, 2500.0, 0.0, 1e3)], [coast(0, 0.0)]):
        rows = np.array(segments)
        count = max(int(rows[:, 0].sum()), 1)
        both = [
            fly(start, axes[2], axes[0], rows, 8.0, 0.0, 0.3, air, np.zeros((count, 3)), False)
            for fly in (boost_flight, plain)
        ]
        steps = int(rows[:, 0].sum()) + 1
        for one, two in zip(*both, strict=True):
            np.testing.assert_allclose(one[:steps], two[:steps], rtol=1e-12, atol=1e-9)
