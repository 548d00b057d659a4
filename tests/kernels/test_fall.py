"""Flights to the ground: closed forms, a tight independent integration, and the events."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tocsin.kernels.atmosphere import density_us76
from tocsin.kernels.constants import EARTH_RATE_RAD_S
from tocsin.kernels.fall import (
    ALREADY_DOWN,
    NO_IMPACT,
    OK,
    fall_batch,
    fall_batch_within,
    fall_to_ground,
    path_to_ground,
)
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.motion import acceleration

STILL = np.zeros(4)
WINDY = np.array([0.05, 0.2, 30.0, -15.0])
NO_DRAG = -1.0


def state(
    height_m: float, speed_m_s: float, climb_deg: float, azimuth_deg: float = 260.0, lat_deg: float = 36.0
) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = math.radians(lat_deg), math.radians(40.0)
    climb, azimuth = math.radians(climb_deg), math.radians(azimuth_deg)
    level = speed_m_s * math.cos(climb)
    enu = np.array([level * math.sin(azimuth), level * math.cos(azimuth), speed_m_s * math.sin(climb)])
    return np.array(ecef_from_geodetic(lat, lon, height_m)), enu_axes(lat, lon).T @ enu


FLIGHTS = [
    (80e3, 2500.0, 17.0, 5000.0, STILL),
    (200e3, 1500.0, 46.0, NO_DRAG, STILL),
    (400e3, 6000.0, 29.0, 2000.0, WINDY),
    (60e3, 3000.0, -17.0, 100.0, STILL),
    (120e3, 7000.0, -3.0, 3000.0, WINDY),
    (9e3, 200.0, 10.0, 20.0, WINDY),
]


@pytest.mark.parametrize(("height_m", "speed", "climb", "beta", "air"), FLIGHTS)
def test_impact_and_apogee_agree_with_a_tight_dop853_within_half_a_metre(
    height_m: float, speed: float, climb: float, beta: float, air: np.ndarray
) -> None:
    position, velocity = state(height_m, speed, climb)
    status, impact, impact_velocity, time_s, apogee_m, apogee_s = fall_to_ground(position, velocity, beta, air, 7200.0)
    assert status == OK
    assert abs(geodetic_from_ecef(*impact)[2]) < 1e-3

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate([y[3:], acceleration(y[:3].copy(), y[3:].copy(), beta, air)])

    start = np.concatenate([position, velocity])
    tight = solve_ivp(
        slope, (0.0, time_s), start, method="DOP853", rtol=1e-12, atol=1e-6, max_step=2.0, dense_output=True
    )
    assert np.linalg.norm(tight.y[:3, -1] - impact) < 0.5
    assert np.linalg.norm(tight.y[3:, -1] - impact_velocity) < 5e-3
    heights = [geodetic_from_ecef(*tight.sol(t)[:3])[2] for t in np.linspace(0.0, time_s, 4001)]
    assert apogee_m == pytest.approx(max(heights), abs=2.0)
    if climb > 0.0:
        at = [geodetic_from_ecef(*tight.sol(apogee_s + dt)[:3])[2] for dt in (-0.1, 0.0, 0.1)]
        assert at[1] > at[0]
        assert at[1] > at[2]
    else:
        assert apogee_s == 0.0
        assert apogee_m == pytest.approx(height_m, abs=1e-6)


def test_a_body_falling_through_uniform_thin_air_reaches_its_terminal_speed() -> None:
    position, velocity = state(9e3, 1.0, -90.0)
    beta = 50.0
    _, _, impact_velocity, _, _, _ = fall_to_ground(position, velocity, beta, STILL, 3600.0)
    # closed form at the ground; the density gradient makes the true speed lag by less than 1 %
    terminal = math.sqrt(2.0 * beta * 9.798 / density_us76(0.0))
    assert np.linalg.norm(impact_velocity) == pytest.approx(terminal, rel=0.01)


def test_a_body_dropped_from_rest_is_displaced_to_the_east_as_coriolis_says() -> None:
    position = np.array(ecef_from_geodetic(0.0, 0.0, 10_000.0))
    _, impact, _, time_s, _, _ = fall_to_ground(position, np.zeros(3), NO_DRAG, STILL, 900.0)
    gravity = 9.780 - 0.5 * 10_000.0 * 3.086e-6
    assert time_s == pytest.approx(math.sqrt(2.0 * 10_000.0 / gravity), rel=1e-3)
    east_m = math.atan2(impact[1], impact[0]) * 6_378_137.0
    assert east_m == pytest.approx(EARTH_RATE_RAD_S * gravity * time_s**3 / 3.0, rel=5e-3)


def test_an_orbit_does_not_come_down_and_says_so() -> None:
    position, velocity = state(700e3, 7100.0, 0.0, azimuth_deg=90.0)
    status, impact, impact_velocity, time_s, apogee_m, apogee_s = fall_to_ground(
        position, velocity, 100.0, STILL, 7200.0
    )
    assert status == NO_IMPACT
    assert np.isnan(impact).all()
    assert np.isnan(impact_velocity).all()
    assert math.isnan(time_s)
    assert apogee_m >= 700e3 - 1.0
    assert 0.0 <= apogee_s <= 7200.0


def test_a_flight_longer_than_the_limit_is_no_impact() -> None:
    position, velocity = state(80e3, 2500.0, 40.0)
    assert fall_to_ground(position, velocity, NO_DRAG, STILL, 60.0)[0] == NO_IMPACT


@pytest.mark.parametrize(("height_m", "climb"), [(-10.0, 45.0), (-10.0, -45.0), (0.0, -45.0)])
def test_a_state_at_or_under_the_ground_is_already_down(height_m: float, climb: float) -> None:
    position, velocity = state(height_m, 500.0, climb)
    status, impact, _, time_s, _, apogee_s = fall_to_ground(position, velocity, 500.0, STILL, 600.0)
    assert status == ALREADY_DOWN
    assert (impact == position).all()
    assert time_s == 0.0
    assert apogee_s == 0.0


def test_a_launch_from_the_ellipsoid_itself_flies() -> None:
    position, velocity = state(0.0, 500.0, 45.0)
    status, _, _, time_s, apogee_m, apogee_s = fall_to_ground(position, velocity, NO_DRAG, STILL, 600.0)
    assert status == OK
    assert apogee_m == pytest.approx((500.0 * math.sin(math.pi / 4)) ** 2 / 2 / 9.80, rel=0.01)
    assert apogee_s == pytest.approx(time_s / 2, rel=0.01)


def test_values_that_are_not_numbers_end_in_no_impact() -> None:
    position, velocity = state(80e3, 2500.0, 40.0)
    for bad_position, bad_velocity in [(position * math.nan, velocity), (position, velocity * math.inf)]:
        assert fall_to_ground(bad_position, bad_velocity, 500.0, STILL, 600.0)[0] == NO_IMPACT


def test_a_batch_gives_each_flight_what_it_gets_alone() -> None:
    rng = np.random.default_rng(3)
    states, betas, airs = [], [], []
    for _ in range(12):
        states.append(np.concatenate(state(rng.uniform(1e3, 3e5), rng.uniform(100, 5000), rng.uniform(-80, 80))))
        betas.append(rng.choice([NO_DRAG, 50.0, 3000.0]))
        airs.append(rng.choice([0.0, 0.1]) * np.array([1.0, 2.0, 100.0, -50.0]))
    status, impact, time_s = fall_batch(np.array(states), np.array(betas), np.array(airs), 300.0)
    for i in range(12):
        alone = fall_to_ground(states[i][:3].copy(), states[i][3:].copy(), betas[i], airs[i], 300.0)
        assert status[i] == alone[0]
        assert np.array_equal(impact[i], alone[1], equal_nan=True)
        assert np.array_equal(time_s[i], alone[3], equal_nan=True)
    assert set(status.tolist()) >= {OK, NO_IMPACT}


def test_a_looser_tolerance_moves_the_impact_by_metres_only() -> None:
    position, velocity = state(90e3, 3000.0, 42.0)
    states = np.repeat(np.concatenate((position, velocity))[None], 3, axis=0)
    betas, airs = np.array([300.0, 4000.0, NO_DRAG]), np.tile(WINDY, (3, 1))
    _, exact, exact_s = fall_batch(states, betas, airs, 3600.0)
    _, impact, time_s = fall_batch_within(states, betas, airs, 3600.0, 0.5)
    assert not np.array_equal(impact, exact)
    assert np.linalg.norm(impact - exact, axis=1).max() < 2.0
    assert np.abs(time_s - exact_s).max() < 0.01


def test_the_path_is_sampled_at_the_spacing_and_ends_at_the_impact() -> None:
    position, velocity = state(80e3, 2500.0, 40.0)
    _, impact, impact_velocity, time_s, apogee_m, _ = fall_to_ground(position, velocity, 3000.0, WINDY, 7200.0)
    count, times, positions, velocities = path_to_ground(position, velocity, 3000.0, WINDY, 5.0, 7200.0)
    assert count == len(times) == len(positions) == len(velocities)
    assert np.allclose(times[:-1], 5.0 * np.arange(count - 1), atol=1e-6)
    assert times[-1] == pytest.approx(time_s, abs=1e-3)
    assert (positions[0] == position).all()
    assert np.linalg.norm(positions[-1] - impact) < 1.0
    assert np.linalg.norm(velocities[-1] - impact_velocity) < 0.05
    assert max(geodetic_from_ecef(*p)[2] for p in positions) == pytest.approx(apogee_m, abs=50.0)


@pytest.mark.parametrize("spacing_s", [0.7, 5.0, 60.0, 10_000.0])
def test_a_path_cut_by_the_time_limit_ends_exactly_there(spacing_s: float) -> None:
    position, velocity = state(80e3, 2500.0, 40.0)
    count, times, _, _ = path_to_ground(position, velocity, NO_DRAG, STILL, spacing_s, 100.0)
    assert times[0] == 0.0
    assert times[count - 1] == pytest.approx(100.0, abs=1e-6)
    assert (np.diff(times) > 0.0).all()
