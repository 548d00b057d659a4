"""The process noise of each model of the tracker, against closed forms, quadrature and sampled flights."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from tocsin.kernels import advance, ecef_from_geodetic, enu_axes
from tocsin.kernels.constants import WGS84_J2
from tocsin.kernels.motion import acceleration, acceleration_with
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    DIM,
    EXHAUST_M_S,
    LEVEL,
    WORK_COLUMNS,
    WORK_ROWS,
    move,
    predict_model,
)
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters

Array = npt.NDArray[np.float64]

POLICY = TrackPolicy()
PAR = kernel_parameters(POLICY)
QUIET = TrackPolicy(coast_noise=0.0, drag_error_ratio=0.0, log_beta_var_per_m=0.0)
CALM = np.zeros(4)
EAST, NORTH, UP = enu_axes(math.radians(36.0), math.radians(40.0))
LOG_BETA = math.log(4000.0)
# By height in m: one sigma of each axis, m/s (decision 0008); 15 at 12 km, less by the air's shape, 10 at most
WINDS_M_S = {50e3: 15.0 * 0.3 * 30.0 / 55.0, 25e3: 4.5, 12e3: 10.0}
BEND_S = 25.0  # how long the second order in ln(beta) pushes one way, by matched runs (decision 0008)


def room() -> Array:
    return np.zeros((WORK_ROWS, WORK_COLUMNS))


def falling(height_m: float, velocity_m_s: Array) -> Array:
    """(9,) BALLISTIC state over 36 N 40 E."""
    place = np.array(ecef_from_geodetic(math.radians(36.0), math.radians(40.0), height_m))
    return np.concatenate((place, velocity_m_s, [LOG_BETA, 0.0, 0.0]))


def noise(model: int, x: Array, dt_s: float, policy: TrackPolicy = POLICY, room_left: float | None = None) -> Array:
    """q of an interval; room_left None: ln(beta) is known exactly, so all of its prior variance is left to grow."""
    par, phi, q = kernel_parameters(policy), np.zeros((9, 9)), np.zeros((9, 9))
    left = policy.log_beta_std**2 if room_left is None else room_left
    move(model, x.copy(), dt_s, left, par, phi, q, room())
    return q[: DIM[model], : DIM[model]]


def along(q: Array, axis: Array) -> Array:
    """(2, 2) of place and velocity along a unit vector."""
    line = np.kron(np.eye(2), axis[None])
    out: Array = line @ q[:6, :6] @ line.T
    return out


def white_acceleration(psd: float, h: float) -> Array:
    """Place and velocity after |h| of white acceleration noise, seen from the end that h points to."""
    size = abs(h)
    return psd * np.array([[size**3 / 3.0, size * h / 2.0], [size * h / 2.0, size]])


def drag_of(x: Array) -> Array:
    place, velocity, beta = x[:3].copy(), x[3:6].copy(), math.exp(x[6])
    return np.array(acceleration(place, velocity, beta, CALM)) - acceleration(place, velocity, -1.0, CALM)


@pytest.mark.parametrize("h", [0.5, 4.0, -4.0])
def test_coast_noise_is_white_acceleration_alike_on_all_axes(h: float) -> None:
    q = noise(BALLISTIC, falling(400e3, 2000.0 * EAST + 500.0 * UP), h)
    assert q[:6, :6] == pytest.approx(np.kron(white_acceleration(POLICY.coast_noise, h), np.eye(3)), rel=1e-9)
    assert not q[6].any()


def test_coast_noise_over_many_steps_is_its_integral_through_the_transition() -> None:
    """q = integral of Phi(T, s) W Phi(T, s)' ds over T = 60 s, by Gauss-Legendre of 20 points."""
    x, total, span_s = falling(400e3, 2500.0 * EAST + 800.0 * UP), np.zeros((6, 6)), 60.0
    nodes, weights = np.polynomial.legendre.leggauss(20)
    for s, weight in zip(0.5 * span_s * (nodes + 1.0), 0.5 * span_s * weights, strict=True):
        at, phi = x.copy(), np.zeros((9, 9))
        move(BALLISTIC, at, s, 0.0, PAR, phi, np.zeros((9, 9)), room())
        move(BALLISTIC, at, span_s - s, 0.0, PAR, phi, np.zeros((9, 9)), room())
        total += weight * POLICY.coast_noise * phi[:6, 3:6] @ phi[:6, 3:6].T
    q = noise(BALLISTIC, x, span_s)
    size = np.sqrt(np.diag(total))
    # the Coriolis part of a step's own transition is not in its noise: 2 rate x 5 s
    assert np.abs((q[:6, :6] - total) / np.outer(size, size)).max() < 1e-3


@pytest.mark.parametrize("h", [1.0, -3.0])
def test_level_noise_is_its_own_across_and_along_the_vertical(h: float) -> None:
    x = falling(9e3, 180.0 * EAST - 120.0 * NORTH)
    q = noise(LEVEL, x, h)
    for axis, psd in ((EAST, POLICY.level_noise), (NORTH, POLICY.level_noise), (UP, POLICY.level_climb_noise)):
        assert along(q, axis) == pytest.approx(white_acceleration(psd, h), rel=1e-9)
    tilted = (EAST + UP) / math.sqrt(2.0)
    middle = 0.5 * (POLICY.level_noise + POLICY.level_climb_noise)
    assert along(q, tilted) == pytest.approx(white_acceleration(middle, h), rel=1e-9)


@pytest.mark.parametrize("h", [0.2, 1.0, -1.0])
def test_boost_noise_is_white_jerk_alike_on_all_axes(h: float) -> None:
    """Integral of g g' with g = (s^2/2, s, 1), s from 0 to h."""
    size = abs(h)
    wanted = POLICY.jerk_noise * np.array(
        [
            [size**5 / 20.0, size**3 * h / 8.0, size**3 / 6.0],
            [size**3 * h / 8.0, size**3 / 3.0, size * h / 2.0],
            [size**3 / 6.0, size * h / 2.0, size],
        ]
    )
    x = falling(120e3, 2000.0 * UP)
    x[6:9] = 30.0 * UP
    assert noise(BOOST, x, h) == pytest.approx(np.kron(wanted, np.eye(3)), rel=1e-9, abs=1e-15)


def test_boost_noise_over_many_steps_is_that_of_sampled_jerk() -> None:
    """8000 boosts of 6 s from 15 m/s2, thrust growing as mass burns, each with a random walk of its own."""
    span_s, dt_s, runs = 6.0, 0.05, 8000
    x = falling(120e3, 2000.0 * UP)
    x[6:9] = 15.0 * UP
    q = noise(BOOST, x, span_s)
    rng = np.random.default_rng(31)
    place, velocity, thrust = np.zeros(runs), np.zeros(runs), np.full(runs, 15.0)
    for _ in range(round(span_s / dt_s)):
        before = thrust
        thrust = thrust + dt_s * thrust**2 / PAR[EXHAUST_M_S]
        thrust = thrust + math.sqrt(POLICY.jerk_noise * dt_s) * rng.standard_normal(runs)
        place = place + dt_s * velocity + dt_s**2 * (before + thrust) / 4.0
        velocity = velocity + 0.5 * dt_s * (before + thrust)
    line = np.kron(np.eye(3), UP[None])
    sampled = np.cov(np.array([place, velocity, thrust]))
    assert np.sqrt(np.diag(line @ q @ line.T)) == pytest.approx(np.sqrt(np.diag(sampled)), rel=0.03)


def test_drag_errs_along_itself_by_its_share_for_its_memory() -> None:
    """Blocks of `drag_error_memory_s`, each with an error of its own, 4000 flights: 2 % of 20 m/s2 for 5 s."""
    policy = TrackPolicy(coast_noise=0.0, log_beta_var_per_m=0.0)
    x = falling(30e3, -2500.0 * UP)
    drag = float(np.linalg.norm(drag_of(x)))
    q, none = noise(BALLISTIC, x, 1.0, policy), noise(BALLISTIC, x, 1.0, QUIET)
    psd = along(q - none, UP)[1, 1]
    rng, blocks = np.random.default_rng(32), 40
    gained = policy.drag_error_memory_s * (policy.drag_error_ratio * drag * rng.standard_normal((4000, blocks))).sum(1)
    assert psd == pytest.approx(gained.var() / (blocks * policy.drag_error_memory_s), rel=0.06)
    assert along(q - none, UP) == pytest.approx(white_acceleration(psd, 1.0), rel=1e-9)
    assert along(q - none, EAST) == pytest.approx(np.zeros((2, 2)), abs=1e-9 * psd)


@pytest.mark.parametrize(("height_m", "wind_m_s"), WINDS_M_S.items())
def test_wind_turns_the_drag_of_a_fall_by_what_blows_at_its_height_over_its_speed(
    height_m: float, wind_m_s: float
) -> None:
    """The fall is steep, so that wind, which is level, is all across it; both winds are worked out, not linearised."""
    for speed in (600.0, 3000.0):
        x = falling(height_m, -speed * UP)
        q = noise(BALLISTIC, x, 0.002, QUIET)
        turned = 0.0
        for east, north in ((wind_m_s, 0.0), (0.0, wind_m_s)):
            blown = acceleration_with(
                *x[:6], math.exp(LOG_BETA), CALM, WGS84_J2, np.empty((0, 2)), np.array([[0.0, east, north]])
            )
            pushed = np.array(blown) - acceleration(x[:3].copy(), x[3:6].copy(), math.exp(LOG_BETA), CALM)
            turned += float(pushed @ EAST) ** 2
        assert along(q, EAST) == pytest.approx(white_acceleration(QUIET.drag_error_memory_s * turned, 0.002), rel=2e-3)


def test_wind_turns_what_falls_slower_than_300_m_s_no_more_than_at_300() -> None:
    turns = []
    for speed in (300.0, 30.0):
        x = falling(3e3, -speed * UP)
        turns.append(noise(BALLISTIC, x, 0.01, QUIET)[3, 3] / np.linalg.norm(drag_of(x)) ** 2)
    assert turns[0] == pytest.approx(turns[1], rel=1e-3)


def test_what_is_not_linear_in_ln_beta_is_noise_along_the_drag_for_25_s() -> None:
    """The part of exp(-e) that no multiple of e explains, by quadrature over e of variance 0.01."""
    var, x = 0.01, falling(30e3, -2500.0 * UP)
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    e, weights = math.sqrt(var) * nodes, weights / weights.sum()
    part = np.exp(-e) - weights @ np.exp(-e)
    part = part - (weights @ (part * e)) / var * e
    left = float(weights @ part**2)
    drag2 = float(np.linalg.norm(drag_of(x)) ** 2)
    policy = QUIET
    known, unsure = (noise(BALLISTIC, x, 1.0, policy, policy.log_beta_std**2 - v) for v in (0.0, var))
    assert along(unsure - known, UP) == pytest.approx(white_acceleration(BEND_S * left * drag2, 1.0), rel=0.03)
    assert along(unsure - known, EAST) == pytest.approx(np.zeros((2, 2)), abs=1e-9 * left * drag2)


@pytest.mark.parametrize(("speed_m_s", "sign"), [(2000.0, -1.0), (2000.0, 1.0)])
def test_ln_beta_drifts_with_the_height_gone_through_whatever_the_speed(speed_m_s: float, sign: float) -> None:
    """Integral of rate x (height / 50 km) over height: the same down and up, and in time either way."""
    top_m, bottom_m = 70e3, 52e3
    x = falling(top_m if sign < 0.0 else bottom_m, sign * speed_m_s * UP)
    x[6] = math.log(1e9)  # next to no drag, so that the height gone through is known
    end = np.array(advance(x[:3].copy(), x[3:6].copy(), -1.0, CALM, (top_m - bottom_m) / speed_m_s, 0.1)[0])
    from_m, to_m = (float(np.linalg.norm(p) - np.linalg.norm(falling(0.0, UP)[:3])) for p in (x[:3], end))
    wanted = POLICY.log_beta_var_per_m * abs(from_m**2 - to_m**2) / (2.0 * 50e3)
    there = noise(BALLISTIC, x, (top_m - bottom_m) / speed_m_s)[6, 6]
    assert there == pytest.approx(wanted, rel=0.03)  # steps of 1 s look at the height where they begin


def test_ln_beta_from_80_km_down_drifts_as_density_is_said_to() -> None:
    """0.2 at 80 km, as the policy says; no more than what is left of the prior."""
    x = falling(80e3, -2000.0 * UP)
    x[6] = math.log(1e9)
    assert math.sqrt(noise(BALLISTIC, x, 39.0)[6, 6]) == pytest.approx(0.2, rel=0.07)
    assert noise(BALLISTIC, x, 39.0, POLICY, 0.01)[6, 6] == pytest.approx(0.01, rel=1e-12)
    assert noise(BALLISTIC, x, 39.0, POLICY, 0.0)[6, 6] == 0.0
    assert noise(BALLISTIC, falling(160e3, -2000.0 * UP), 1.0)[6, 6] == 0.0


@pytest.mark.parametrize("dt_s", [2.0, -2.0])
def test_a_prediction_has_the_noise_of_a_move_where_nothing_was_unsure(dt_s: float) -> None:
    x = falling(40e3, 1500.0 * EAST - 1500.0 * UP)
    at, cov = x.copy(), np.zeros((9, 9))
    predict_model(BALLISTIC, at, cov, np.zeros((9, 0)), dt_s, PAR, room())
    assert cov[:7, :7] == pytest.approx(noise(BALLISTIC, x, dt_s), rel=0.02, abs=1e-12)


def test_a_variance_of_ln_beta_above_its_prior_neither_grows_nor_shrinks() -> None:
    x, cov = falling(60e3, -2500.0 * UP), np.zeros((9, 9))
    cov[6, 6] = 1.5 * POLICY.log_beta_std**2
    predict_model(BALLISTIC, x, cov, np.zeros((9, 0)), 5.0, PAR, room())
    assert cov[6, 6] == pytest.approx(1.5 * POLICY.log_beta_std**2, rel=1e-12)
