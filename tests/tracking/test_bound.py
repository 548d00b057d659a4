"""The Cramer-Rao bound: against published numbers, closed forms, and the batch fit that reaches it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import published_models as model
import pytest
from fit_scene import SECOND_RADAR, TIMES_S, Array, looks, noisy, true_rows, true_states

from tocsin.errors import InputError
from tocsin.tracking.batch import fit_state
from tocsin.tracking.bound import add_look, ballistic_bound, covariance_of, information_along, predict_information
from tocsin.tracking.looks import Looks


@pytest.mark.reference
def test_the_bound_of_farina_is_the_published_one(reference: Path) -> None:
    """Nothing known before the first look, no process noise. Measured: equal to 1e-7 of each number."""
    rows = json.loads((reference / "benchmarks" / "farina_crlb.json").read_text())["rows"]
    states = [model.FARINA_START]
    while len(states) < 60:
        states.append(model.farina_step(states[-1]))
    std = np.sqrt(np.diagonal(model.FARINA_NOISE))
    steps = [
        (model.farina_jacobian(before), model.farina_sight_jacobian(now), std)
        for before, now in zip(states[:1] + states[:-1], states, strict=True)
    ]
    steps[0] = (np.eye(4), *steps[0][1:])
    bound = information_along(steps, np.zeros((4, 4)))
    for row in rows:
        published = [row[f"crlb_{name}"] for name in ("x", "vx", "y", "vy")]
        mine = np.sqrt(np.diagonal(covariance_of(bound[round(row["t"] / 2.0)])))
        assert mine == pytest.approx(published, rel=1e-5)


@pytest.mark.parametrize("rate_std_m_s", [math.inf, 2.0])
def test_without_process_noise_the_bound_is_the_covariance_of_the_batch_fit(rate_std_m_s: float) -> None:
    given = looks(range_rate_std_m_s=rate_std_m_s).plus(Looks(TIMES_S[::3], SECOND_RADAR, 30.0, 2e-3, 2e-3))
    truth = np.concatenate((true_states(TIMES_S), true_states(TIMES_S[::3])))
    fit = fit_state(given, true_rows(given, truth))
    bound = ballistic_bound(given, truth[0], at_s=float(TIMES_S[0]))
    scale = np.sqrt(np.diagonal(fit.covariance))
    assert bound.time_s[-1] == fit.time_s
    assert bound.covariance[-1] / np.outer(scale, scale) == pytest.approx(
        fit.covariance / np.outer(scale, scale), abs=1e-5
    )


def test_the_bound_with_a_ballistic_coefficient_is_that_of_the_fit_too() -> None:
    times, beta = np.arange(0.0, 21.0), 3000.0
    start = true_states(np.array([330.0]))[0]  # coming down
    start[:3] *= (6_371_000.0 + 40_000.0) / np.linalg.norm(start[:3])
    given = Looks(times, start[:3] * 6_371_000.0 / np.linalg.norm(start[:3]) + [30e3, 0.0, 0.0], 30.0, 5e-4, 5e-4)
    rows = true_rows(given, true_states(times, beta, start))
    fit = fit_state(given, rows[:, :3], log_beta_prior=(math.log(beta), 0.5), step_s=0.25)
    bound = ballistic_bound(given, start, beta_kg_m2=beta, log_beta_std=0.5, step_s=0.25)
    scale = np.sqrt(np.diagonal(fit.covariance))
    assert scale[6] < 0.4  # the rows say something
    assert bound.covariance[-1] / np.outer(scale, scale) == pytest.approx(
        fit.covariance / np.outer(scale, scale), abs=2e-3
    )


def test_the_batch_fit_reaches_the_bound_over_200_passes() -> None:
    given = looks()
    truth = true_states(TIMES_S)
    rows = true_rows(given, truth)
    rng = np.random.default_rng(17)
    errors = np.array([fit_state(given, noisy(rows, given, rng)).state - truth[-1] for _ in range(200)])
    bound = ballistic_bound(given, truth[0], at_s=float(TIMES_S[0]))
    assert 0.9 < math.sqrt(np.mean(np.sum(errors[:, :3] ** 2, axis=1))) / bound.position_std_m[-1] < 1.1
    assert 0.9 < math.sqrt(np.mean(np.sum(errors[:, 3:] ** 2, axis=1))) / bound.velocity_std_m_s[-1] < 1.1


def test_the_bound_is_open_until_the_looks_fix_the_state() -> None:
    truth = true_states(TIMES_S)
    bound = ballistic_bound(looks(), truth[0], at_s=float(TIMES_S[0]))
    assert math.isinf(bound.position_std_m[0])  # one look says nothing of velocity
    assert np.isfinite(bound.covariance[1:]).all()


def test_the_epoch_of_the_truth_does_not_matter() -> None:
    truth = true_states(np.array([0.0, 20.0, 90.0]))
    bounds = [ballistic_bound(looks(), state, at_s=t) for state, t in zip(truth, (0.0, 20.0, 90.0), strict=True)]
    for each in bounds[1:]:
        assert each.position_std_m == pytest.approx(bounds[0].position_std_m, rel=1e-4)


def test_a_second_radar_and_a_prior_only_help_and_process_noise_only_hurts() -> None:
    truth, t0 = true_states(TIMES_S)[0], float(TIMES_S[0])
    prior = np.diag([1e3**2] * 3 + [50.0**2] * 3)

    def wander(dt_s: float) -> Array:
        block = 0.1 * np.array([[dt_s**3 / 3.0, dt_s**2 / 2.0], [dt_s**2 / 2.0, dt_s]])
        return np.kron(block, np.eye(3))

    plain = ballistic_bound(looks(), truth, at_s=t0).covariance[-1]
    both = ballistic_bound(looks().plus(looks(SECOND_RADAR)), truth, at_s=t0).covariance[-1]
    known = ballistic_bound(looks(), truth, at_s=t0, prior_cov=prior).covariance[-1]
    noisy_ = ballistic_bound(looks(), truth, at_s=t0, process_noise=wander).covariance[-1]
    for less, more in ((both, plain), (known, plain), (plain, noisy_)):
        scale = np.sqrt(np.diagonal(more))
        assert np.linalg.eigvalsh((more - less) / np.outer(scale, scale)).min() > -1e-6


def test_information_follows_the_covariance_form_step_by_step() -> None:
    rng = np.random.default_rng(5)
    cov = np.diag([4.0, 9.0, 1.0])
    information = np.linalg.inv(cov)
    for _ in range(5):
        f, h = np.eye(3) + 0.2 * rng.standard_normal((3, 3)), rng.standard_normal((2, 3))
        q, std = np.diag([0.0, 0.3, 0.1]), np.array([0.5, 2.0])
        cov = f @ cov @ f.T + q
        gain = cov @ h.T @ np.linalg.inv(h @ cov @ h.T + np.diag(std**2))
        cov = cov - gain @ h @ cov
        information = add_look(predict_information(information, f, q), h, std)
        assert covariance_of(information) == pytest.approx(cov, rel=1e-9)


def test_a_number_that_is_not_measured_adds_nothing() -> None:
    slope, std = np.ones((1, 2)), np.array([math.inf])
    assert add_look(np.eye(2), slope, std) == pytest.approx(np.eye(2))


def test_a_bound_that_makes_no_sense_is_refused_by_name() -> None:
    truth = true_states(np.array([90.0]))[0]
    with pytest.raises(InputError, match="at_s"):
        ballistic_bound(looks(), truth, at_s=90.0, prior_cov=np.eye(6))
    with pytest.raises(InputError, match="beta_kg_m2"):
        ballistic_bound(looks(), truth, at_s=90.0, log_beta_std=0.3)
