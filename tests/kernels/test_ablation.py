"""Entry of meteors: Allen and Eggers' closed form, and an integration that carries the mass as a state."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tocsin.kernels.atmosphere import density_us76
from tocsin.kernels.entry import ablating_flight
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.motion import acceleration

CALM = np.zeros(4)
POLE = math.radians(89.9)  # the air turns with the Earth, and hardly moves here


def entry(speed_m_s: float, descent_deg: float, height_m: float = 120e3) -> tuple[np.ndarray, np.ndarray]:
    axes, descent = enu_axes(POLE, 0.0), math.radians(descent_deg)
    velocity = speed_m_s * (math.cos(descent) * axes[0] - math.sin(descent) * axes[2])
    return np.array(ecef_from_geodetic(POLE, 0.0, height_m)), np.ascontiguousarray(velocity)


@pytest.mark.parametrize("beta", [50.0, 300.0])
@pytest.mark.parametrize("descent_deg", [60.0, 90.0])
def test_without_ablation_speed_falls_as_allen_and_eggers_say_within_three_per_cent(beta, descent_deg):
    """NACA report 1381 (1958), eq. 8 for any atmosphere: ln(v0 / v) = air passed / (2 beta sin(descent))."""
    speed = 20_000.0
    position, velocity = entry(speed, descent_deg)
    count, _, places, speeds = ablating_flight(position, velocity, beta, 0.0, CALM, 0.01, 3_000.0, 0.01, 60.0)
    checked = 0
    for row in range(0, count, 25):
        height_m = geodetic_from_ecef(*places[row])[2]
        heights = np.linspace(height_m, 120e3, 4001)
        passed = float(np.trapezoid([density_us76(h) for h in heights], heights))
        wanted = speed * math.exp(-passed / (2.0 * beta * math.sin(math.radians(descent_deg))))
        assert np.linalg.norm(speeds[row]) == pytest.approx(wanted, rel=0.03)
        checked += wanted < 0.9 * speed
    assert checked >= 2


@pytest.mark.parametrize("speed", [15_000.0, 30_000.0])
def test_mass_lost_agrees_with_an_integration_that_carries_it_as_a_state(speed):
    ablation, beta = 2e-8, 100.0
    position, velocity = entry(speed, 45.0)
    count, times, places, speeds = ablating_flight(position, velocity, beta, ablation, CALM, 0.01, 3_000.0, 0.01, 60.0)

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        now = beta * math.exp(y[6] / 3.0)  # y[6]: ln(mass / first mass)
        free = np.array(acceleration(y[:3].copy(), y[3:6].copy(), 0.0, CALM))
        total = np.array(acceleration(y[:3].copy(), y[3:6].copy(), now, CALM))
        return np.concatenate([y[3:6], total, [ablation * float(y[3:6] @ (total - free))]])

    end_s = float(times[-1])
    there = solve_ivp(slope, (0.0, end_s), np.concatenate([position, velocity, [0.0]]), rtol=1e-9, atol=1e-6)
    assert np.linalg.norm(there.y[:3, -1] - places[count - 1]) < 200.0
    assert np.linalg.norm(there.y[3:6, -1]) == pytest.approx(float(np.linalg.norm(speeds[count - 1])), rel=0.02)


def test_it_ends_slow_or_spent_and_before_the_ground():
    for speed in (12_000.0, 40_000.0, 70_000.0):
        position, velocity = entry(speed, 45.0)
        count, times, places, speeds = ablating_flight(position, velocity, 100.0, 2e-8, CALM, 0.02, 3e3, 0.01, 60.0)
        last = float(np.linalg.norm(speeds[-1]))
        left = math.exp(0.5 * 2e-8 * (last**2 - speed**2))
        assert last < 3e3 or left < 0.01
        assert count == len(times) == len(places)
        assert 10e3 < geodetic_from_ecef(*places[-1])[2] < 90e3


def test_one_that_never_meets_the_air_flies_its_longest_and_one_aimed_at_the_ground_stops_there():
    position, velocity = entry(20_000.0, -30.0)
    count, times, _, _ = ablating_flight(position, velocity, 100.0, 2e-8, CALM, 0.1, 3e3, 0.01, 5.0)
    assert times[-1] == pytest.approx(5.0, abs=0.11)
    position, velocity = entry(20_000.0, 90.0)
    _, _, places, _ = ablating_flight(position, velocity, 1e9, 0.0, CALM, 0.02, 3e3, 0.01, 60.0)
    assert abs(geodetic_from_ecef(*places[-1])[2]) < 500.0
    count, *_ = ablating_flight(position * np.nan, velocity, 100.0, 2e-8, CALM, 0.1, 3e3, 0.01, 5.0)
    assert count >= 1


def test_it_gives_the_same_without_numba_and_never_raises_there():
    plain = getattr(ablating_flight, "py_func", ablating_flight)
    position, velocity = entry(20_000.0, 60.0)
    for place in (position, position * 0.0, position * np.nan):
        both = [
            fly(place, velocity, 100.0, 2e-8, np.array([0.1, -0.2, 20.0, 5.0]), 0.05, 3e3, 0.01, 10.0)
            for fly in (ablating_flight, plain)
        ]
        for one, two in zip(*both, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-9)
