"""The transition of an unpowered object against differences of flights that scipy integrates to 1e-12.

The flights use `motion.acceleration`, which tests/kernels/test_motion.py holds against outside references; the steps
are those of the tracker: 5 s above 100 km, 1 s below. States are drawn by seed, from any that a threat may have.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, height_and_up
from tocsin.kernels.motion import THIN_AIR_M, acceleration, advance_with_transition, step_with_transition

Array = npt.NDArray[np.float64]

CALM, WINDY = np.zeros(4), np.array([0.05, 0.2, 30.0, -15.0])
NO_DRAG = -1.0
DIFFERENCE = np.array([4.0, 4.0, 4.0, 0.1, 0.1, 0.1])  # m, m/s: what the integrator leaves unsure is 1e-6 of it
DRAG_MAX_M_S2 = 100.0  # the hardest that a re-entry is slowed


def drawn(rng: np.random.Generator, low_m: float, high_m: float) -> tuple[Array, float]:
    """A state (6,) between two heights, climbing or falling, at any azimuth, and a ballistic coefficient, kg/m2."""
    place = math.radians(rng.uniform(-60.0, 60.0)), math.radians(rng.uniform(-180.0, 180.0))
    climb, azimuth, speed = (
        math.radians(rng.uniform(-80.0, 80.0)),
        rng.uniform(0.0, 2.0 * math.pi),
        rng.uniform(5e2, 7e3),
    )
    level = speed * math.cos(climb)
    enu = np.array([level * math.sin(azimuth), level * math.cos(azimuth), speed * math.sin(climb)])
    y = np.concatenate((ecef_from_geodetic(*place, rng.uniform(low_m, high_m)), enu_axes(*place).T @ enu))
    return y, math.exp(rng.uniform(math.log(300.0), math.log(1e4)))


def height_after(y: Array, dt_s: float) -> float:
    height_m, *up = height_and_up(*y[:3])
    return height_m + dt_s * float(y[3:6] @ np.array(up))


def drag_m_s2(y: Array, beta_kg_m2: float, air: Array) -> float:
    free = np.array(acceleration(y[:3].copy(), y[3:].copy(), NO_DRAG, air))
    return float(np.linalg.norm(np.array(acceleration(y[:3].copy(), y[3:].copy(), beta_kg_m2, air)) - free))


def flown(y: Array, beta_kg_m2: float, air: Array, dt_s: float) -> Array:
    def rate(_: float, s: Array) -> Array:
        return np.concatenate((s[3:], acceleration(s[:3].copy(), s[3:].copy(), beta_kg_m2, air)))

    found = solve_ivp(rate, (0.0, dt_s), y, method="DOP853", rtol=1e-12, atol=[1e-7] * 3 + [1e-10] * 3)
    end: Array = found.y[:, -1]
    return end


def by_differences(y: Array, beta_kg_m2: float, air: Array, dt_s: float) -> Array:
    """(6, 7) derivative of the state after dt_s by the state before and by ln(beta)."""
    columns = []
    for j in range(6):
        step = np.zeros(6)
        step[j] = DIFFERENCE[j]
        ends = [flown(y + sign * step, beta_kg_m2, air, dt_s) for sign in (1.0, -1.0)]
        columns.append((ends[0] - ends[1]) / (2.0 * DIFFERENCE[j]))
    ends = [flown(y, beta_kg_m2 * math.exp(sign * 1e-3), air, dt_s) for sign in (1.0, -1.0)]
    columns.append((ends[0] - ends[1]) / 2e-3)
    return np.array(columns).T


def stepped(y: Array, beta_kg_m2: float, air: Array, h: float) -> tuple[Array, Array]:
    """(6,) state and (6, 7) transition after one step of the kernel."""
    y, phi = y.copy(), np.zeros((6, 7))
    step_with_transition(y, beta_kg_m2, *air, h, *height_and_up(*y[:3]), phi, np.zeros((12, 7)))
    return y, phi


def in_own_units(error: Array, dt_s: float) -> float:
    """The largest entry of a (6, 6) error, positions in m and velocities in m per dt: what it does to a covariance."""
    unit = np.array([1.0] * 3 + [1.0 / abs(dt_s)] * 3)
    return float(np.abs(error / unit[:, None] * unit[None, :]).max())


def thin(count: int, top_m: float = 1_000e3) -> Iterator[tuple[Array, float, float]]:
    """State, beta and step of the tracker above the air; the end of the step is above it as well."""
    rng = np.random.default_rng(21)
    while count:
        y, beta = drawn(rng, THIN_AIR_M, top_m)
        h = float(rng.choice([5.0, -5.0]))
        if height_after(y, h) > THIN_AIR_M:
            count -= 1
            yield y, beta, h


def dense(count: int, step_s: float, air: Array) -> Iterator[tuple[Array, float, float]]:
    """The same within the air, for steps of step_s to either side."""
    rng = np.random.default_rng(22)
    while count:
        y, beta = drawn(rng, 10e3, THIN_AIR_M)
        h = step_s * float(rng.choice([1.0, -1.0]))
        if height_after(y, h) > 5e3 and drag_m_s2(y, beta, air) < DRAG_MAX_M_S2:
            count -= 1
            yield y, beta, h


def test_a_step_of_5_s_in_vacuum_is_exact_to_3e_7_and_10_um() -> None:
    for y, _, h in thin(60):
        end, phi = stepped(y, NO_DRAG, CALM, h)
        exact = flown(y, NO_DRAG, CALM, h)
        assert in_own_units(phi[:, :6] - by_differences(y, NO_DRAG, CALM, h)[:, :6], h) < 3e-7
        assert np.linalg.norm(end[:3] - exact[:3]) < 1e-5
        assert np.linalg.norm(end[3:] - exact[3:]) < 1e-7


@pytest.mark.parametrize("top_m", [104e3, 150e3])
def test_a_step_of_5_s_just_above_the_air_is_exact_to_8e_6_and_2_cm_and_mostly_to_4e_7(top_m: float) -> None:
    """Density is looked up once a step and bends over 35 km of it: the worst fall steeply at 7 km/s."""
    errors, shares = [], []
    for y, beta, h in thin(60, top_m):
        end, phi = stepped(y, beta, CALM, h)
        exact, by_ends = flown(y, beta, CALM, h), by_differences(y, beta, CALM, h)
        errors.append(in_own_units(phi[:, :6] - by_ends[:, :6], h))
        off = phi[:, 6] - by_ends[:, 6]
        for six in (end - exact, off):
            assert np.linalg.norm(six[:3]) < 0.02
            assert np.linalg.norm(six[3:]) < 0.004
        shares.append([np.linalg.norm(off[i : i + 3]) / np.linalg.norm(by_ends[i : i + 3, 6]) for i in (0, 3)])
    assert max(errors) < 8e-6
    assert np.median(errors) < 4e-7
    assert (np.median(shares, axis=0) < [0.025, 0.01]).all()  # of all that ln(beta) does


@pytest.mark.parametrize("air", [CALM, WINDY])
def test_a_step_of_1_s_in_the_air_is_exact_to_1e_4_and_mostly_to_1e_7(air: Array) -> None:
    """The worst are steps over a corner of the standard's layers, where the slope of density jumps."""
    errors, places = [], []
    for y, beta, h in dense(60, 1.0, air):
        end, phi = stepped(y, beta, air, h)
        errors.append(in_own_units(phi[:, :6] - by_differences(y, beta, air, h)[:, :6], h))
        places.append(float(np.linalg.norm(end[:3] - flown(y, beta, air, h)[:3])))
    assert max(errors) < 1e-4
    assert np.median(errors) < 1e-7
    assert max(places) < 0.1
    assert np.median(places) < 1e-4


@pytest.mark.parametrize("air", [CALM, WINDY])
def test_in_the_air_what_ln_beta_does_is_known_to_half_a_percent(air: Array) -> None:
    for y, beta, h in dense(60, 1.0, air):
        column, exact = stepped(y, beta, air, h)[1][:, 6], by_differences(y, beta, air, h)[:, 6]
        assert np.linalg.norm(column[:3] - exact[:3]) < 5e-3 * np.linalg.norm(exact[:3]) + 2e-5
        assert np.linalg.norm(column[3:] - exact[3:]) < 2e-3 * np.linalg.norm(exact[3:]) + 2e-5


def test_what_falls_slowly_through_a_gale_is_carried_with_it() -> None:
    """50 to 150 m/s at 5 to 15 km, in a wind of 70 m/s."""
    rng, errors, gale = np.random.default_rng(25), [], np.array([0.05, 0.2, 60.0, -40.0])
    for _ in range(40):
        y, _ = drawn(rng, 5e3, 15e3)
        y[3:] *= rng.uniform(50.0, 150.0) / np.linalg.norm(y[3:])
        beta = rng.uniform(300.0, 2000.0)
        errors.append(
            in_own_units(stepped(y, beta, gale, 1.0)[1][:, :6] - by_differences(y, beta, gale, 1.0)[:, :6], 1.0)
        )
    assert max(errors) < 1e-4
    assert np.median(errors) < 5e-7


@pytest.mark.parametrize(("dt_s", "step_s", "worst"), [(12.0, 1.0, 1e-3), (12.0, 3.0, 6e-3)])
def test_advance_through_the_air_gives_the_transition_that_its_docstring_says(
    dt_s: float, step_s: float, worst: float
) -> None:
    rng, errors = np.random.default_rng(23), []
    while len(errors) < 30:
        y, beta = drawn(rng, 20e3, THIN_AIR_M)
        if height_after(y, dt_s) < 20e3 or drag_m_s2(y, beta, WINDY) > DRAG_MAX_M_S2:
            continue
        phi = advance_with_transition(y[:3].copy(), y[3:].copy(), beta, WINDY, dt_s, step_s)[2]
        errors.append(in_own_units(phi - by_differences(y, beta, WINDY, dt_s)[:, :6], dt_s))
    assert max(errors) < worst


def test_a_minute_above_the_air_in_steps_of_5_s_is_exact_to_3e_5() -> None:
    rng, count = np.random.default_rng(24), 0
    while count < 15:
        y, beta = drawn(rng, 200e3, 1_000e3)
        if min(height_after(y, dt) - 5.0 * dt * dt for dt in (30.0, 60.0)) < THIN_AIR_M:
            continue
        count += 1
        phi = advance_with_transition(y[:3].copy(), y[3:].copy(), beta, CALM, 60.0, 5.0)[2]
        assert in_own_units(phi - by_differences(y, beta, CALM, 60.0)[:, :6], 60.0) < 3e-5
