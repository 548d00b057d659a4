"""Equations of motion: invariants, order of convergence, and the transition matrix against differences."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tocsin.kernels.atmosphere import density_us76, sound_speed_us76
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, J2, J3, J4, SEMI_MAJOR_M, WGS84_J2
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.kernels.motion import (
    acceleration,
    acceleration_of,
    acceleration_with,
    advance,
    advance_with_transition,
    transition,
)

STILL = np.zeros(4)
WINDY = np.array([0.05, 0.2, 30.0, -15.0])
NO_DRAG = -1.0


def state(
    height_m: float, speed_m_s: float, climb_deg: float, azimuth_deg: float = 260.0
) -> tuple[np.ndarray, np.ndarray]:
    """A state at 36 N 40 E."""
    lat, lon = math.radians(36.0), math.radians(40.0)
    climb, azimuth = math.radians(climb_deg), math.radians(azimuth_deg)
    level = speed_m_s * math.cos(climb)
    enu = np.array([level * math.sin(azimuth), level * math.cos(azimuth), speed_m_s * math.sin(climb)])
    return np.array(ecef_from_geodetic(lat, lon, height_m)), enu_axes(lat, lon).T @ enu


def jacobi_m2_s2(position: np.ndarray, velocity: np.ndarray) -> float:
    """Energy in the rotating frame, with the J2 potential: constant without drag."""
    r = float(np.linalg.norm(position))
    sin_lat = position[2] / r
    gravity = GM_M3_S2 / r * (1.0 - J2 * (SEMI_MAJOR_M / r) ** 2 * (1.5 * sin_lat**2 - 0.5))
    spin = 0.5 * EARTH_RATE_RAD_S**2 * (position[0] ** 2 + position[1] ** 2)
    return 0.5 * float(velocity @ velocity) - gravity - spin


def test_jacobi_energy_is_constant_without_drag() -> None:
    position, velocity = state(100e3, 3500.0, 50.0)
    before = jacobi_m2_s2(position, velocity)
    after = jacobi_m2_s2(*advance(position, velocity, NO_DRAG, STILL, 700.0, 2.0))
    assert after == pytest.approx(before, abs=1e-2)  # of 5e7: a part in 5e9


def test_minimum_energy_flights_meet_the_closed_form_within_a_tenth_of_a_percent(reference: Path) -> None:
    """Kepler's flights about a sphere, flown here in the rotating frame and read back in the inertial one.

    They start due east at 35.4 degrees geocentric latitude, where 3 sin2(lat) = 1 and J2 pulls neither more nor less.
    """
    rows = json.loads((reference / "benchmarks" / "closed_form.json").read_text())["minimum_energy_kepler"]
    spin = np.array([0.0, 0.0, EARTH_RATE_RAD_S])
    lat = math.radians(35.4)
    up, east = np.array([math.cos(lat), 0.0, math.sin(lat)]), np.array([0.0, 1.0, 0.0])
    for row in rows:
        if not 100 <= row["range_km"] <= 1500:
            continue
        climb = math.radians(row["gamma_deg"])
        position = 6_371_000.0 * up
        inertial = 1000.0 * row["v_km_s"] * (math.cos(climb) * east + math.sin(climb) * up)
        velocity = inertial - np.cross(spin, position)
        top, _ = advance(position, velocity, NO_DRAG, STILL, 0.5 * row["tof_s"], 0.5)
        assert np.linalg.norm(top) - 6_371_000.0 == pytest.approx(1000.0 * row["apogee_km"], rel=1e-3)
        end, _ = advance(position, velocity, NO_DRAG, STILL, row["tof_s"], 0.5)
        turn = EARTH_RATE_RAD_S * row["tof_s"]
        x, y = end[0] * math.cos(turn) - end[1] * math.sin(turn), end[0] * math.sin(turn) + end[1] * math.cos(turn)
        angle = math.atan2(math.hypot(y, float(np.cross(up, [x, y, end[2]])[1])), float(up @ [x, y, end[2]]))
        assert angle * 6_371_000.0 == pytest.approx(1000.0 * row["range_km"], rel=1e-3)
        assert np.linalg.norm(end) == pytest.approx(6_371_000.0, abs=1.0 * row["range_km"])


def test_angular_momentum_about_the_axis_is_constant_in_the_inertial_frame_without_drag() -> None:
    position, velocity = state(100e3, 3500.0, 50.0)

    def momentum(p: np.ndarray, v: np.ndarray) -> float:
        return float(p[0] * (v[1] + EARTH_RATE_RAD_S * p[0]) - p[1] * (v[0] - EARTH_RATE_RAD_S * p[1]))

    after = momentum(*advance(position, velocity, NO_DRAG, STILL, 700.0, 2.0))
    assert after == pytest.approx(momentum(position, velocity), rel=1e-10)


def test_drag_never_adds_energy_in_calm_air() -> None:
    position, velocity = state(60e3, 3000.0, -30.0)
    energies = []
    for _ in range(30):
        energies.append(jacobi_m2_s2(position, velocity))
        position, velocity = advance(position, velocity, 2000.0, STILL, 1.0, 0.1)
    assert (np.diff(energies) < 0.0).all()


def test_drag_is_half_density_speed_squared_over_beta_against_the_motion() -> None:
    position, velocity = state(30e3, 2000.0, -20.0)
    drag = np.array(acceleration(position, velocity, 1500.0, STILL)) - acceleration(position, velocity, NO_DRAG, STILL)
    wanted = -0.5 * density_us76(30e3) / 1500.0 * 2000.0 * velocity
    assert np.allclose(drag, wanted, rtol=1e-9)


def test_density_deviation_scales_drag_and_never_takes_more_than_95_percent_away() -> None:
    position, velocity = state(20e3, 2000.0, -20.0)
    free = np.array(acceleration(position, velocity, NO_DRAG, STILL))
    plain = np.array(acceleration(position, velocity, 1500.0, STILL)) - free
    more = np.array(acceleration(position, velocity, 1500.0, np.array([0.3, 0.9, 0.0, 0.0]))) - free
    least = np.array(acceleration(position, velocity, 1500.0, np.array([-5.0, -5.0, 0.0, 0.0]))) - free
    assert np.allclose(more, 1.3 * plain, rtol=1e-9)
    assert np.allclose(least, 0.05 * plain, rtol=1e-9)


@pytest.mark.parametrize("place_deg", [(36.0, 40.0), (-60.0, -170.0), (90.0, 0.0)])
def test_an_object_that_moves_with_the_wind_feels_no_drag(place_deg: tuple[float, float]) -> None:
    lat, lon = np.deg2rad(place_deg)
    position = np.array(ecef_from_geodetic(lat, lon, 12_000.0))
    velocity = enu_axes(lat, lon).T @ np.array([30.0, -15.0, 0.0])
    dragged = acceleration(position, velocity, 10.0, WINDY)
    assert np.allclose(dragged, acceleration(position, velocity, NO_DRAG, WINDY), atol=1e-9)


def test_advance_converges_with_order_four() -> None:
    position, velocity = state(120e3, 3000.0, 40.0)
    fine, _ = advance(position, velocity, NO_DRAG, STILL, 400.0, 1.0)
    errors = [
        float(np.linalg.norm(advance(position, velocity, NO_DRAG, STILL, 400.0, step)[0] - fine))
        for step in (40.0, 20.0)
    ]
    assert 3.7 < math.log2(errors[0] / errors[1]) < 4.5


def test_advance_backwards_returns_to_the_start() -> None:
    position, velocity = state(70e3, 3000.0, -20.0)
    ahead = advance(position, velocity, 3000.0, WINDY, 8.0, 0.1)
    back, back_velocity = advance(*ahead, 3000.0, WINDY, -8.0, 0.1)
    assert np.linalg.norm(back - position) < 1e-3
    assert np.linalg.norm(back_velocity - velocity) < 1e-3


def test_advance_by_nothing_copies_the_state() -> None:
    position, velocity = state(70e3, 3000.0, -20.0)
    same, same_velocity = advance(position, velocity, 3000.0, WINDY, 0.0, 0.1)
    assert (same == position).all()
    assert (same_velocity == velocity).all()
    assert same is not position


CASES = [
    (250e3, 3000.0, 40.0, NO_DRAG, STILL),
    (90e3, 3000.0, -40.0, 3000.0, STILL),
    (45e3, 3000.0, -40.0, 5000.0, WINDY),
    (25e3, 1500.0, -60.0, 3000.0, WINDY),
    (15e3, 300.0, -70.0, 500.0, STILL),
]


@pytest.mark.parametrize(("height_m", "speed", "climb", "beta", "air"), CASES)
@pytest.mark.parametrize("dt_s", [-2.0, 1.0, 5.0, 12.0])
def test_transition_agrees_with_differences_of_advance_to_a_part_in_a_thousand(
    height_m: float, speed: float, climb: float, beta: float, air: np.ndarray, dt_s: float
) -> None:
    position, velocity = state(height_m, speed, climb)
    start = np.concatenate([position, velocity])
    numeric = np.empty((6, 6))
    for i in range(6):
        step = np.zeros(6)
        step[i] = 20.0 if i < 3 else 0.5
        ends = [
            np.concatenate(advance(y[:3].copy(), y[3:].copy(), beta, air, dt_s, 0.05))
            for y in (start + step, start - step)
        ]
        numeric[:, i] = (ends[0] - ends[1]) / (2.0 * step[i])
    phi = transition(position, velocity, beta, air, dt_s)
    # What a mistake of phi does to a covariance is measured in the state's own units: positions to
    # positions and velocity x dt; so each block is held against its own size, a rate against 1 / dt.
    units = np.array([1.0] * 3 + [1.0 / abs(dt_s)] * 3)
    error = (phi - numeric) / units[:, None] * units[None, :]
    assert np.abs(error).max() < 1e-3


def test_advance_with_transition_moves_the_state_as_advance_does() -> None:
    position, velocity = state(45e3, 3000.0, -40.0)
    moved, moved_velocity, phi = advance_with_transition(position, velocity, 4000.0, WINDY, 2.0, 0.5)
    plain, plain_velocity = advance(position, velocity, 4000.0, WINDY, 2.0, 0.5)
    assert np.abs(moved - plain).max() < 1e-6
    assert np.abs(moved_velocity - plain_velocity).max() < 1e-8
    assert (advance_with_transition(position, velocity, 4000.0, WINDY, 0.0, 0.5)[2] == np.eye(6)).all()
    assert phi.shape == (6, 6)


def test_compiled_and_interpreted_motion_are_the_same() -> None:
    # the kernels called inside stay compiled here; tests/kernels/test_interpreted.py runs all without numba
    position, velocity = state(45e3, 3000.0, -40.0)
    for form in (advance, advance_with_transition):
        for mine, other in zip(
            form(position, velocity, 4000.0, WINDY, 3.0, 0.5),
            form.py_func(position, velocity, 4000.0, WINDY, 3.0, 0.5),
            strict=True,
        ):
            assert np.allclose(mine, other, rtol=1e-13, atol=1e-15)


NO_TABLE, NO_WIND = np.empty((0, 2)), np.empty((0, 3))
STEEP_MACH = np.array([[0.5, 1.0], [1.0, 3.0], [2.0, 2.0]])


def test_wgs84_given_as_numbers_and_empty_tables_change_nothing() -> None:
    position, velocity = state(45e3, 3000.0, -40.0)
    plain = acceleration_of(*position, *velocity, 4000.0, WINDY)
    assert acceleration_with(*position, *velocity, 4000.0, WINDY, WGS84_J2, NO_TABLE, NO_WIND) == plain
    assert acceleration_with(*position, *velocity, 4000.0, WINDY, WGS84_J2, None, None) == plain


def test_a_round_earth_at_rest_pulls_as_a_point() -> None:
    position, velocity = state(300e3, 3000.0, 10.0)
    sphere = (GM_M3_S2, 6_371_000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    found = acceleration_with(*position, *velocity, NO_DRAG, STILL, sphere, NO_TABLE, NO_WIND)
    assert np.allclose(found, -GM_M3_S2 * position / np.linalg.norm(position) ** 3, rtol=1e-14)


def test_the_air_lies_over_the_ellipsoid_that_is_given() -> None:
    sphere = (0.0, 6_371_000.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # no pull: what is left is drag
    position, velocity = np.array([0.0, 0.0, 6_371_000.0 + 20e3]), np.array([0.0, 500.0, 0.0])
    drag = acceleration_with(*position, *velocity, 100.0, STILL, sphere, NO_TABLE, NO_WIND)
    assert drag[1] == pytest.approx(-0.5 * density_us76(20e3) * 500.0**2 / 100.0, rel=1e-12)


def test_j3_and_j4_of_an_earth_are_felt() -> None:
    position, velocity = state(300e3, 3000.0, 10.0)
    with_zonals = np.array(
        acceleration_with(*position, *velocity, NO_DRAG, STILL, (*WGS84_J2[:5], J3, J4), NO_TABLE, NO_WIND)
    )
    apart = np.linalg.norm(with_zonals - acceleration_of(*position, *velocity, NO_DRAG, STILL))
    assert 2e-6 < apart < 2e-4  # J3 and J4 over J2 is 2e-3, and J2 takes 0.02 m/s2


@pytest.mark.parametrize(("mach", "ratio"), [(0.1, 1.0), (0.5, 1.0), (0.75, 2.0), (1.5, 2.5), (2.0, 2.0), (9.0, 2.0)])
def test_drag_over_mach_is_linear_between_rows_and_held_outside(mach: float, ratio: float) -> None:
    position, velocity = state(15e3, mach * sound_speed_us76(15e3), -20.0)
    free = np.array(acceleration(position, velocity, NO_DRAG, STILL))
    plain = np.array(acceleration(position, velocity, 500.0, STILL)) - free
    scaled = np.array(acceleration_with(*position, *velocity, 500.0, STILL, WGS84_J2, STEEP_MACH, NO_WIND)) - free
    assert np.allclose(scaled, ratio * plain, rtol=1e-6)


@pytest.mark.parametrize(
    ("height_m", "east", "north"),
    [(0.0, 5.0, 1.0), (1e3, 5.0, 1.0), (3e3, 15.0, -4.0), (5e3, 25.0, -9.0), (30e3, 25.0, -9.0)],
)
def test_an_object_that_moves_with_the_wind_profile_feels_no_drag(height_m: float, east: float, north: float) -> None:
    profile = np.array([[1e3, 5.0, 1.0], [5e3, 25.0, -9.0]])
    position = np.array(ecef_from_geodetic(0.6, 0.8, height_m))
    velocity = enu_axes(0.6, 0.8).T @ np.array([east, north, 0.0])
    dragged = acceleration_with(*position, *velocity, 10.0, STILL, WGS84_J2, NO_TABLE, profile)
    assert np.allclose(dragged, acceleration(position, velocity, NO_DRAG, STILL), atol=1e-9)
    both = acceleration_with(*position, *velocity, 10.0, WINDY, WGS84_J2, NO_TABLE, profile)
    assert np.linalg.norm(np.array(both) - dragged) > 1e-3  # the wind of `air` is added
