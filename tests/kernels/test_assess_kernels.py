"""Kernels of assess: orbits and rockets in closed form, flights undone, spreads against many draws."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from tocsin.kernels.assess_boost import (
    back_to_height,
    burn_on,
    burn_with_spread,
    launch_back,
    launch_with_spread,
    thrust_acceleration,
)
from tocsin.kernels.assess_features import features_with_spread, motion_features
from tocsin.kernels.assess_sigma import POINTS, fall_moments, impact_moments, lower_factor, sigma_points
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, SEMI_MAJOR_M
from tocsin.kernels.fall import fall_batch
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.motion import acceleration, advance

Array = npt.NDArray[np.float64]
CALM = np.zeros(4)
AIR_STD = np.array([0.05, 0.20, 15.0, 15.0])


def state(height_m: float, speed_m_s: float, climb_deg: float) -> tuple[Array, Array]:
    """At 36 N 48 E, flying west by north."""
    lat, lon = math.radians(36.0), math.radians(48.0)
    east, north, up = np.asarray(enu_axes(lat, lon))
    climb, course = math.radians(climb_deg), math.radians(280.0)
    level = math.sin(course) * east + math.cos(course) * north
    return (
        np.array(ecef_from_geodetic(lat, lon, height_m)),
        speed_m_s * (math.cos(climb) * level + math.sin(climb) * up),
    )


def inertial_to_earth(position: Array, velocity: Array) -> Array:
    """Earth-relative velocity at the instant when the two frames coincide."""
    return velocity - np.cross([0.0, 0.0, EARTH_RATE_RAD_S], position)


@pytest.mark.parametrize(("perigee_m", "apogee_m"), [(400e3, 400e3), (200e3, 36e6), (-2_000e3, 900e3)])
def test_energy_and_perigee_are_those_of_the_kepler_orbit(perigee_m: float, apogee_m: float) -> None:
    near, far = SEMI_MAJOR_M + perigee_m, SEMI_MAJOR_M + apogee_m
    axis, parameter = 0.5 * (near + far), 2.0 * near * far / (near + far)
    eccentricity = (far - near) / (far + near)
    for anomaly in (2.2, 3.0, 4.0):  # in the equator, so that the surface is the semi-major axis everywhere
        radius = parameter / (1.0 + eccentricity * math.cos(anomaly))
        position = radius * np.array([math.cos(anomaly), math.sin(anomaly), 0.0])
        speed = math.sqrt(GM_M3_S2 / parameter)
        velocity = speed * np.array([-math.sin(anomaly), eccentricity + math.cos(anomaly), 0.0])
        energy, perigee, height, _, _ = motion_features(position, inertial_to_earth(position, velocity))
        assert energy == pytest.approx(-GM_M3_S2 / (2.0 * axis), rel=1e-12)
        assert perigee == pytest.approx(perigee_m, abs=1e-2)
        assert height == pytest.approx(radius - SEMI_MAJOR_M, abs=1e-2)


def test_the_spread_of_features_is_that_of_many_draws() -> None:
    position, velocity = state(90e3, 3000.0, 42.0)
    root = np.tril(np.full((6, 6), 0.3)) * np.array([200.0] * 3 + [10.0] * 3)[:, None]
    covariance = root @ root.T
    _, std = features_with_spread(position, velocity, covariance)
    draws = np.random.default_rng(1).standard_normal((4000, 6)) @ root.T
    rows = np.array([motion_features(position + d[:3], velocity + d[3:]) for d in draws])
    assert std == pytest.approx(rows.std(axis=0), rel=0.05)


def test_the_factor_squares_to_the_covariance_even_where_an_axis_is_certain() -> None:
    root = np.random.default_rng(2).standard_normal((6, 6))
    for covariance in (root @ root.T, np.diag([4.0, 0.0, 9.0, 0.0, 1.0, 0.0]), np.zeros((6, 6))):
        factor = lower_factor(covariance)
        assert factor @ factor.T == pytest.approx(covariance, abs=1e-10)
        assert np.triu(factor, 1) == pytest.approx(0.0)


def test_impact_moments_are_those_of_many_draws() -> None:
    """Mean within 5 % of a sigma, sigmas within 6 %, over 4000 falls of the whole spread."""
    position, velocity = state(90e3, 3000.0, 42.0)
    covariance = np.diag([200.0**2] * 3 + [5.0**2] * 3)
    is_down, share, mean, spread, time_s = fall_moments(
        position, velocity, covariance, math.log(6000.0), 0.3, AIR_STD, 3600.0
    )
    assert is_down
    assert share == 1.0
    normal = np.random.default_rng(3).standard_normal((4000, 10))
    states = np.hstack([position, velocity]) + normal[:, :6] * np.sqrt(np.diag(covariance))
    air = normal[:, [7, 7, 8, 9]] * AIR_STD
    _, impact, times = fall_batch(states, 6000.0 * np.exp(0.3 * normal[:, 6]), air, 3600.0)
    latitude, longitude, height = geodetic_from_ecef(mean[0], mean[1], mean[2])
    assert abs(height) < 1e-3
    local = (impact - mean) @ np.asarray(enu_axes(latitude, longitude))[:2].T
    sigma = np.sqrt(np.linalg.eigvalsh(spread[:2, :2]))
    assert np.linalg.norm(local.mean(axis=0)) < 0.05 * sigma[1]
    assert sigma == pytest.approx(np.sqrt(np.linalg.eigvalsh(np.cov(local.T))), rel=0.06)
    assert math.sqrt(spread[2, 2]) == pytest.approx(times.std(), rel=0.06)
    assert time_s == pytest.approx(times.mean(), abs=0.05 * times.std())


def test_sigma_points_stand_root_three_sigmas_out_on_every_axis_and_one_density_serves_all_heights() -> None:
    position, velocity = state(90e3, 3000.0, 42.0)
    root = np.tril(np.full((6, 6), 0.4)) * np.array([200.0] * 3 + [10.0] * 3)[:, None]
    states, beta, air = sigma_points(position, velocity, root @ root.T, math.log(6000.0), 0.3, AIR_STD)
    assert states[0] == pytest.approx(np.hstack([position, velocity]))
    half = (states[1::2] - states[2::2]) / (2.0 * math.sqrt(3.0))
    assert half.T @ half == pytest.approx(root @ root.T, rel=1e-6)
    assert np.log(beta[[13, 14]] / 6000.0) == pytest.approx([0.3 * math.sqrt(3.0), -0.3 * math.sqrt(3.0)])
    assert np.delete(beta, [13, 14]) == pytest.approx(6000.0)
    out = math.sqrt(3.0) * np.array([[0.05, 0.20, 0.0, 0.0], [0.0, 0.0, 15.0, 0.0], [0.0, 0.0, 0.0, 15.0]])
    assert air[15::2] == pytest.approx(out)
    assert air[16::2] == pytest.approx(-out)
    assert not air[:15].any()


def test_the_tolerance_of_sigma_points_moves_the_covariance_by_less_than_a_thousandth() -> None:
    for speed_m_s, spread in ((3000.0, (200.0, 5.0)), (2500.0, (30.0, 0.5)), (4500.0, (60.0, 1.0))):
        position, velocity = state(90e3, speed_m_s, 42.0)
        covariance = np.diag([spread[0] ** 2] * 3 + [spread[1] ** 2] * 3)
        given = (position, velocity, covariance, math.log(6000.0), 0.3, AIR_STD)
        _, _, mean, quick, time_s = fall_moments(*given, 3600.0)
        _, _, exact_mean, exact, exact_s = impact_moments(*fall_batch(*sigma_points(*given), 3600.0))
        sigma = np.sqrt(np.diag(exact))
        assert np.abs((quick - exact) / np.outer(sigma, sigma)).max() < 1e-3
        assert np.linalg.norm(mean - exact_mean) < 2.0
        assert time_s == pytest.approx(exact_s, abs=0.01)


def test_a_point_that_never_falls_mirrors_its_partner_and_lowers_the_share() -> None:
    position, velocity = state(90e3, 3000.0, 42.0)
    states, beta, air = sigma_points(
        position, velocity, np.diag([200.0**2] * 3 + [5.0**2] * 3), math.log(6000.0), 0.3, AIR_STD
    )
    status, impact, time_s = fall_batch(states, beta, air, 3600.0)
    _, _, _, whole, _ = impact_moments(status, impact, time_s)
    status[7], impact[7], time_s[7] = 1, np.nan, np.nan
    is_down, share, mean, spread, _ = impact_moments(status, impact, time_s)
    assert is_down
    assert share == pytest.approx((POINTS - 1) / POINTS)
    assert np.isfinite(mean).all()
    assert spread == pytest.approx(whole, rel=0.1, abs=0.05 * np.abs(whole).max())


def test_a_vertical_burn_gains_what_the_rocket_equation_says_less_gravity() -> None:
    position, velocity = state(100e3, 1000.0, 90.0)
    thrust, exhaust, burn = 30.0, 2500.0, 50.0
    _, after = burn_on(position, velocity, thrust, exhaust, burn, 2.0)
    gain = -exhaust * math.log(1.0 - burn * thrust / exhaust)
    pull = 0.5 * sum(
        np.linalg.norm(np.array(acceleration(p, v, 0.0, CALM)))
        for p, v in ((position, velocity), state(185e3, 2300.0, 90.0))
    )
    assert np.linalg.norm(after) == pytest.approx(1000.0 + gain - pull * burn, rel=0.02)


def test_a_burn_in_steps_of_two_seconds_is_within_60_m_of_a_fine_one() -> None:
    position, velocity = state(30e3, 900.0, 50.0)
    coarse, _ = burn_on(position, velocity, 30.0, 2600.0, 60.0, 2.0)
    fine, _ = burn_on(position, velocity, 30.0, 2600.0, 60.0, 0.05)
    assert np.linalg.norm(coarse - fine) < 60.0


def test_the_thrust_of_a_burn_is_found_again_from_two_states() -> None:
    position, velocity = state(30e3, 900.0, 50.0)
    p, v = burn_on(position, velocity, 30.0, 1e9, 2.0, 0.1)  # mass hardly falls: constant thrust
    assert thrust_acceleration(p, v, velocity, 2.0) == pytest.approx(30.0, rel=0.01)


def test_the_spread_through_a_burn_is_that_of_many_draws() -> None:
    position, velocity = state(30e3, 900.0, 50.0)
    covariance = np.diag([500.0**2] * 3 + [20.0**2] * 3)
    _, _, carried = burn_with_spread(position, velocity, covariance, 30.0, 2600.0, 40.0, 2.0, 0.0)
    normal = np.random.default_rng(5).standard_normal((2000, 6)) * np.sqrt(np.diag(covariance))
    ends = np.array([np.hstack(burn_on(position + d[:3], velocity + d[3:], 30.0, 2600.0, 40.0, 2.0)) for d in normal])
    assert np.sqrt(np.diag(carried)) == pytest.approx(ends.std(axis=0), rel=0.08)


def test_launch_back_is_exact_for_speeds_that_are_powers_of_time() -> None:
    """Upward 5 t, ground 0.02 t**2: after 40 s 4000 m up and 426.7 m on; flat enough to 1 m."""
    t = 40.0
    lat, lon = math.radians(36.0), math.radians(48.0)
    launch = np.array(ecef_from_geodetic(lat, lon, 0.0))
    east, _, up = np.asarray(enu_axes(lat, lon))
    position = launch + 0.5 * 5.0 * t**2 * up + 0.02 * t**3 / 3.0 * east
    velocity = 5.0 * t * up + 0.02 * t**2 * east
    is_rising, time_s, found = launch_back(position, velocity, 1.0, 2.0)
    assert is_rising
    assert time_s == pytest.approx(t, rel=1e-3)
    assert np.linalg.norm(found - launch) < 1.0


def test_a_falling_state_has_no_launch() -> None:
    is_rising, _, _ = launch_back(*state(20e3, 500.0, -30.0), 1.0, 2.0)
    assert not is_rising


def test_back_to_height_undoes_a_coast() -> None:
    position, velocity = state(60e3, 2500.0, 40.0)
    later = advance(position, velocity, 0.0, CALM, 130.0, 1.0)
    is_found, before_s, p, v = back_to_height(*later, 60e3, 5.0, 1500.0)
    assert is_found
    assert before_s == pytest.approx(130.0, abs=0.05)
    assert np.linalg.norm(p - position) < 100.0
    assert np.linalg.norm(v - velocity) < 1.0


def test_a_coast_that_never_was_so_low_gives_no_launch() -> None:
    position, velocity = state(500e3, 8000.0, 0.0)
    is_found, _, _, _ = launch_with_spread(position, velocity, np.eye(6), 60e3, 20e3, 1.7, 0.3, 2.6, 0.35)
    assert not is_found
