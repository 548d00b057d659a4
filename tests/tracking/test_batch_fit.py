"""The batch start: a ballistic state from radar rows, and whether its covariance and its residuals are as claimed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fit_scene import SECOND_RADAR, TIMES_S, Array, looks, noisy, true_rows, true_states
from tracking_scene import RADAR, at

from tocsin.errors import InputError
from tocsin.tracking.batch import NOT_CONVERGED, OK, TOO_FEW_ROWS, UNOBSERVABLE, Fit, fit_state, guess_state
from tocsin.tracking.looks import Looks, along, moved, radar_view

RUNS = 200
BETA = 3000.0
FALL_S = np.arange(0.0, 31.0, 1.0)


def squared(fit: Fit, truth: Array) -> float:
    error = fit.state - truth
    return float(error @ np.linalg.solve(fit.covariance, error))


def falling() -> Array:
    """(6,) at 45 km, 2.2 km/s, 50 degrees down: drag decides."""
    position = at(36.2, 40.6, 45e3)
    up = position / np.linalg.norm(position)
    west = np.cross(up, (0.0, 0.0, 1.0))
    west /= -np.linalg.norm(west)
    return np.concatenate((position, 2200.0 * (math.cos(0.87) * west - math.sin(0.87) * up)))


@pytest.mark.parametrize("at_s", [None, 0.0, 70.0, 200.0])
def test_rows_without_noise_give_the_true_state(at_s: float | None) -> None:
    given = looks()
    fit = fit_state(given, true_rows(given, true_states(TIMES_S))[:, :3], at_s=at_s)
    assert fit.status == OK
    truth = true_states(np.array([TIMES_S[-1] if at_s is None else at_s]))[0]
    assert np.linalg.norm(fit.state[:3] - truth[:3]) < 0.05  # the fit ends within 1e-4 of its own deviations
    assert np.linalg.norm(fit.state[3:] - truth[3:]) < 1e-3
    assert fit.chi_square < 1e-6


@pytest.mark.parametrize("rate_std_m_s", [math.inf, 2.0])
@pytest.mark.parametrize("is_stereo", [False, True])
def test_error_and_residuals_are_as_claimed_over_200_passes(is_stereo: bool, rate_std_m_s: float) -> None:
    given = looks(range_rate_std_m_s=rate_std_m_s)
    if is_stereo:
        given = given.plus(Looks(TIMES_S + 2.0, SECOND_RADAR, 30.0, 2e-3, 2e-3))
    order = np.argsort(given.time_s)
    states = np.empty((len(given), 6))
    states[order] = true_states(given.time_s[order])
    rows, truth = true_rows(given, states), true_states(np.array([given.time_s.max()]))[0]
    rng = np.random.default_rng(41)
    fits = [fit_state(given, noisy(rows, given, rng)) for _ in range(RUNS)]
    assert {fit.status for fit in fits} == {OK}
    numbers = int(np.isfinite(given.std).sum())
    assert {fit.dof for fit in fits} == {numbers - 6}
    assert 0.9 < np.mean([squared(fit, truth) for fit in fits]) / 6.0 < 1.1
    deviation = math.sqrt(2.0 / (RUNS * (numbers - 6)))
    assert np.mean([fit.chi_square for fit in fits]) / (numbers - 6) == pytest.approx(1.0, abs=3.3 * deviation)


@pytest.mark.parametrize(("count", "every_s"), [(3, 1.0), (6, 1.0), (60, 5.0)])
def test_the_claim_holds_for_the_first_seconds_of_a_track_and_for_a_long_one(count: int, every_s: float) -> None:
    times = 20.0 + every_s * np.arange(count)
    given = looks(times_s=times)
    states = true_states(times)
    rows, rng = true_rows(given, states), np.random.default_rng(3)
    fits = [fit_state(given, noisy(rows, given, rng)) for _ in range(RUNS)]
    assert {fit.status for fit in fits} == {OK}
    assert 0.9 < np.mean([squared(fit, states[-1]) for fit in fits]) / 6.0 < 1.1


def test_angles_alone_of_two_sites_fix_a_state_from_a_first_guess() -> None:
    given = looks().plus(looks(SECOND_RADAR))
    states = true_states(TIMES_S)
    rows = true_rows(given, np.concatenate((states, states)))[:, :3]
    rows[:, 0] = np.nan
    guess = states[-1] + [5e3, -5e3, 5e3, 50.0, 50.0, -50.0]
    fit = fit_state(given, rows, first_guess=guess)
    assert fit.status == OK
    assert fit.dof == 4 * TIMES_S.size - 6
    assert np.linalg.norm(fit.state[:3] - states[-1, :3]) < 0.1
    assert fit_state(given, rows).status == TOO_FEW_ROWS


def test_ballistic_coefficient_is_found_and_its_claim_holds_over_200_falls() -> None:
    given = Looks(FALL_S, RADAR, 30.0, 5e-4, 5e-4, 1.0)
    start = falling()
    rows = true_rows(given, true_states(FALL_S, BETA, start))
    truth = np.append(true_states(FALL_S[-1:], BETA, start)[0], math.log(BETA))
    rng = np.random.default_rng(7)
    fits = [fit_state(given, noisy(rows, given, rng), log_beta_prior=(8.3, math.inf), step_s=0.5) for _ in range(RUNS)]
    assert {fit.status for fit in fits} == {OK}
    assert {fit.dof for fit in fits} == {4 * FALL_S.size - 7}
    assert 0.9 < np.mean([squared(fit, truth) for fit in fits]) / 7.0 < 1.1
    assert math.sqrt(fits[0].covariance[6, 6]) < 0.1


def test_a_prior_of_the_ballistic_coefficient_is_kept_where_there_is_no_air() -> None:
    given = looks()
    high = np.array(true_states(np.array([60.0]))[0])  # 150 km up
    rows = true_rows(given, true_states(TIMES_S, 0.0, high))
    fit = fit_state(given, rows[:, :3], log_beta_prior=(8.0, 0.3))
    assert fit.status == OK
    assert fit.state[6] == pytest.approx(8.0, abs=1e-3)
    assert math.sqrt(fit.covariance[6, 6]) == pytest.approx(0.3, rel=1e-3)
    assert fit.dof == 3 * TIMES_S.size - 6


def test_a_known_drag_is_used() -> None:
    given, start = Looks(FALL_S, RADAR, 30.0, 5e-4, 5e-4), falling()
    rows = true_rows(given, true_states(FALL_S, BETA, start))[:, :3]
    assert fit_state(given, rows, beta_kg_m2=BETA, step_s=0.5).chi_square < 0.01
    assert fit_state(given, rows, step_s=0.5).chi_square > 1e4


def test_rows_across_north_are_no_jump_in_either_habit_of_counting_azimuth() -> None:
    site = at(31.0, 47.2, 0.0)  # the flight crosses its meridian
    given = looks(site)
    rows = true_rows(given, true_states(TIMES_S))[:, :3]
    assert np.abs(np.diff(rows[:, 1])).max() > 6.0
    turned = rows.copy()
    turned[turned[:, 1] > math.pi, 1] -= 2.0 * math.pi
    for each in (rows, turned):
        fit = fit_state(given, each)
        assert fit.status == OK
        assert fit.chi_square < 1e-6


def test_the_order_of_rows_does_not_matter() -> None:
    given = looks()
    rows = noisy(true_rows(given, true_states(TIMES_S)), given, np.random.default_rng(3))
    mixed = np.random.default_rng(4).permutation(TIMES_S.size)
    one, two = fit_state(given, rows), fit_state(looks(times_s=TIMES_S[mixed]), rows[mixed])
    assert one.state == pytest.approx(two.state, abs=1e-3)
    assert two.residuals[0] == pytest.approx(one.residuals[mixed[0]], abs=1e-6, nan_ok=True)


def test_missing_numbers_are_left_out() -> None:
    given = looks()
    rows = noisy(true_rows(given, true_states(TIMES_S)), given, np.random.default_rng(3))
    rows[5, 2] = rows[9, 0] = np.nan
    fit = fit_state(given, rows)
    assert fit.status == OK
    assert fit.dof == 3 * TIMES_S.size - 2 - 6
    assert np.isnan(fit.residuals[5, 2])
    assert np.isfinite(fit.residuals[5, :2]).all()


def test_one_look_is_too_few() -> None:
    given = looks(times_s=TIMES_S[:1])
    fit = fit_state(given, true_rows(given, true_states(TIMES_S[:1])))
    assert fit.status == TOO_FEW_ROWS
    assert "two at different times" in fit.sentence
    assert np.isnan(fit.state).all()


def test_a_component_that_the_rows_do_not_fix_is_named_unobservable() -> None:
    given = looks()
    high = np.array(true_states(np.array([60.0]))[0])
    rows = true_rows(given, true_states(TIMES_S, 0.0, high))
    fit = fit_state(given, rows[:, :3], log_beta_prior=(8.0, math.inf))  # no air, no prior
    assert fit.status == UNOBSERVABLE
    assert np.isnan(fit.covariance).all()


def test_rows_that_are_no_flight_do_not_pass_for_one() -> None:
    given = looks()
    rng = np.random.default_rng(1)
    rows = np.stack((rng.uniform(1e5, 3e6, 21), rng.uniform(0, 6.2, 21), rng.uniform(0, 1.5, 21)), axis=-1)
    fit = fit_state(given, rows)
    assert fit.status == NOT_CONVERGED or fit.chi_square > 1e3 * fit.dof


def test_first_guess_is_near_the_flight() -> None:
    given = looks()
    truth = true_states(np.array([70.0]))[0]
    error = guess_state(given, true_rows(given, true_states(TIMES_S)), 70.0) - truth
    assert np.linalg.norm(error[:3]) < 500.0
    assert np.linalg.norm(error[3:]) < 50.0


@pytest.mark.parametrize("size", [6, 7])
def test_partials_are_the_derivative_of_what_is_measured(size: int) -> None:
    state = np.append(falling(), math.log(BETA))[:size]
    unit = np.array([10.0, 10.0, 10.0, 0.1, 0.1, 0.1, 0.01])[:size]
    times = np.array([-3.0, 8.0])
    states, transitions = along(state, 0.0, BETA, times, 0.5)
    for k in range(2):
        partials = radar_view(states[k], RADAR)[1] @ transitions[k, :6]
        for j in range(size):
            step = np.zeros(size)
            step[j] = unit[j]
            ends = [radar_view(moved(state + s, BETA, float(times[k]), 0.5)[0], RADAR)[0] for s in (step, -step)]
            slope = (ends[0] - ends[1]) / 2.0
            assert slope == pytest.approx(partials[:, j] * unit[j], rel=5e-3, abs=2e-3 * np.abs(slope).max())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"range_std_m": 0.0}, "range_std_m"),
        ({"time_s": [math.nan]}, "time_s"),
        ({"site_ecef_m": math.nan}, "site_ecef_m"),
    ],
)
def test_wrong_looks_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {
        "time_s": [0.0],
        "site_ecef_m": RADAR,
        "range_std_m": 1.0,
        "azimuth_std_rad": 1e-3,
        "elevation_std_rad": 1e-3,
    }
    with pytest.raises(InputError, match=words):
        Looks(**(good | change))


def test_rows_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(21, 3\)"):
        fit_state(looks(), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"first_guess": [1.0]}, "first_guess"), ({"step_s": 0.0}, "step_s"), ({"log_beta_prior": (8.0, 0.0)}, "sigma")],
)
def test_wrong_options_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit_state(looks(), np.zeros((21, 3)), **change)


def test_no_rows_are_too_few() -> None:
    assert fit_state(looks(times_s=TIMES_S[:0]), np.zeros((0, 3))).status == TOO_FEW_ROWS
