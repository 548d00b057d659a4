"""Three published tracking problems, repeated with the reference filters of ``tocsin.tracking.reference``.

The numbers are those of ``reference/benchmarks``, marked there as computed once by a script of their own; each is
computed anew here, from the papers' equations.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import published_models as model
import pytest
from published_models import Array

from tocsin.tracking.reference import (
    Update,
    angle_difference,
    nees,
    predict_extended,
    predict_sigma,
    update_extended,
    update_sigma,
)

WEIGHT = {"unscented": 0.25, "cubature": 0.0}
FARINA_SCANS = 60
FARINA_RUNS = 200
ATHANS_RUNS = 50  # as in the papers that followed it

pytestmark = pytest.mark.reference


def published(reference: Path, name: str) -> Any:
    return json.loads((reference / "benchmarks" / name).read_text())


# ---------------------------------------------------------------- re-entry


def test_reentry_truth_is_the_published_one(reference: Path) -> None:
    s = model.REENTRY_START
    rows = {round(row[0] / model.REENTRY_STEP_S): row[1:] for row in published(reference, "reentry_benchmark.json")[
        "noise_free_truth_t_x1_x2_x3_x4_x5"]}  # fmt: skip
    for k in range(1, 2001):
        s = model.reentry_step(s)
        if k in rows:
            assert s == pytest.approx(rows.pop(k), abs=6e-6)  # printed to 1e-5
    assert not rows


def fly_reentry(kind: str, runs: int, seed: int) -> tuple[Array, Array, Array]:
    """Position error m of each run, root mean square over 200 s; last estimate of x5; NEES of each run."""
    rng = np.random.default_rng(seed)
    truth = model.REENTRY_START + rng.standard_normal((runs, 5)) * [1e-3, 1e-3, 1e-3, 1e-3, 0.0]
    x = np.tile(model.REENTRY_START * [1.0, 1.0, 1.0, 1.0, 0.0], (runs, 1))
    cov = np.tile(np.diag([1e-6, 1e-6, 1e-6, 1e-6, 1.0]), (runs, 1, 1))
    buffet, noise = np.sqrt(np.diagonal(model.REENTRY_TRUE_Q)), np.sqrt(np.diagonal(model.REENTRY_NOISE))
    wrap = angle_difference(1)
    square, consistency = np.zeros(runs), np.zeros(runs)
    for _ in range(2000):
        truth = model.reentry_step(truth) + buffet * rng.standard_normal((runs, 5))
        z = model.reentry_sight(truth) + noise * rng.standard_normal((runs, 2))
        if kind == "extended":
            x, cov = predict_extended(x, cov, model.reentry_step, model.reentry_jacobian, model.REENTRY_Q)
            update = update_extended(
                x, cov, z, model.reentry_sight, model.reentry_sight_jacobian, model.REENTRY_NOISE, subtract=wrap
            )
        else:
            x, cov = predict_sigma(x, cov, model.reentry_step, model.REENTRY_Q, WEIGHT[kind])
            update = update_sigma(x, cov, z, model.reentry_sight, model.REENTRY_NOISE, WEIGHT[kind], subtract=wrap)
        x, cov = update.x, update.cov
        square += np.sum((x - truth)[:, :2] ** 2, axis=-1)
        consistency += nees(x - truth, cov)
    return 1e3 * np.sqrt(square / 2000.0), x[:, 4], consistency / 2000.0


@pytest.mark.parametrize(("kind", "key"), [("extended", "ekf"), ("unscented", "ukf"), ("cubature", "ukf")])
def test_reentry_errors_are_the_published_ones(kind: str, key: str, reference: Path) -> None:
    """8.22 +- 0.68 m (mean and spread of 40 runs) for the extended and the unscented filter alike.

    Bearing noise is 0.17 mrad and the process noise 2.4064e-5 a step, as later repetitions of the problem read the
    paper; its 17 mrad taken as it stands gives 142 m. Ours over 400 runs: 8.42 +- 0.72 m, so a mean of 40 runs is
    8.42 +- 0.11 and the published mean lies 1.8 of its own deviations below ours.
    """
    numbers = published(reference, "reentry_benchmark.json")
    mean, spread = (1e3 * each for each in numbers[f"{key}_rmse_km"])
    error, last, consistency = fly_reentry(kind, 40, 2004)
    assert error.mean() == pytest.approx(mean, abs=min(spread, 0.45))  # 0.45: 3 deviations of a difference of means
    assert 0.6 * spread < error.std(ddof=1) < 1.5 * spread
    assert last.mean() == pytest.approx(numbers[f"x5_final_{key}"][0], abs=0.01)  # 3 deviations of a mean of 40
    assert consistency.mean() == pytest.approx(numbers["ekf_mean_nees"], abs=0.35)


# ---------------------------------------------------------------- ballistic flight of Farina, Ristic, Benvenuti


def farina_truth() -> Array:
    rows = [model.FARINA_START]
    while len(rows) < FARINA_SCANS:
        rows.append(model.farina_step(rows[-1]))
    return np.array(rows)


def fly_farina(kind: str, seed: int) -> tuple[Array, Array]:
    """(60, 4) root mean square error over 200 runs, and (60,) mean NEES, at each scan from the third on."""
    truth = farina_truth()
    noise = np.sqrt(np.diagonal(model.FARINA_NOISE))
    draws = np.random.default_rng(seed).standard_normal((FARINA_SCANS, FARINA_RUNS, 2))
    z = model.farina_sight(truth)[:, None] + noise * draws
    x, cov = model.farina_two_point_start(z[0], z[1])
    still, wrap = np.zeros((4, 4)), angle_difference(1)
    rms, consistency = np.full((FARINA_SCANS, 4), np.nan), np.full(FARINA_SCANS, np.nan)
    for k in range(2, FARINA_SCANS):
        if kind in WEIGHT:
            x, cov = predict_sigma(x, cov, model.farina_step, still, WEIGHT[kind])
            update = update_sigma(x, cov, z[k], model.farina_sight, model.FARINA_NOISE, WEIGHT[kind], subtract=wrap)
        else:
            x, cov = predict_extended(x, cov, model.farina_step, model.farina_jacobian, still)
            update = update_extended(
                x, cov, z[k], model.farina_sight, model.farina_sight_jacobian, model.FARINA_NOISE,
                10 if kind == "iterated" else 1, wrap,
            )  # fmt: skip
        x, cov = update.x, update.cov
        rms[k] = np.sqrt(np.mean((x - truth[k]) ** 2, axis=0))
        consistency[k] = np.mean(nees(x - truth[k], cov))
    return rms, consistency


def farina_ratios(rms: Array, reference: Path, from_s: float) -> Array:
    rows = [row for row in published(reference, "farina_crlb.json")["rows"] if row["t"] >= from_s]
    bound = np.array([[row[f"crlb_{name}"] for name in ("x", "vx", "y", "vy")] for row in rows])
    return rms[[round(row["t"] / model.FARINA_STEP_S) for row in rows]] / bound


def test_farina_truth_is_the_published_one(reference: Path) -> None:
    numbers = published(reference, "farina_crlb.json")
    truth = farina_truth()
    assert numbers["model"]["x0"] == pytest.approx(model.FARINA_START, rel=1e-12)
    for row in numbers["rows"]:
        expected = [row[name] for name in ("x", "vx", "y", "vy")]
        assert truth[round(row["t"] / model.FARINA_STEP_S)] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", ["iterated", "unscented", "cubature"])
def test_farina_errors_are_within_a_fifth_of_the_bound_from_60_s_on(kind: str, reference: Path) -> None:
    """Neither truth nor filter has process noise, 200 runs (5 % of an RMS error is chance).

    Measured over three seeds: 0.98 to 1.18 of the bound.
    """
    ratios = farina_ratios(fly_farina(kind, 2002)[0], reference, 60.0)
    assert ratios.shape == (4, 4)
    assert ratios.max() < 1.2
    assert ratios.min() > 0.85  # 3 deviations below the bound: none beats it


def test_farina_shows_that_a_filter_linearised_once_is_not_consistent(reference: Path) -> None:
    """17 mrad at 230 km is 4 km across, bent by 33 m where range is known to 100 m: too much for one linearisation.

    Measured at 60 and 90 s, where four is right: NEES 14 and 55. Iterating mends the error, not the claim (5.5 and 15);
    the unscented filter has 5.2 and 5.8.
    """
    rms, consistency = fly_farina("extended", 2002)
    assert farina_ratios(rms, reference, 60.0).max() > 1.2
    assert consistency[30] > 8.0  # four would be right
    assert fly_farina("unscented", 2002)[1][30] < 6.0


# ---------------------------------------------------------------- falling body of Athans, Wishner, Bertolini


def test_falling_body_truth_is_the_published_one(reference: Path) -> None:
    numbers = published(reference, "falling_body.json")
    rows = {int(row[0]): row[1:] for row in numbers["athans_1968"]["rows_t_alt_vdown_x3"]}
    s = model.ATHANS_START
    for k in range(61):
        if k in rows:
            assert s == pytest.approx(rows.pop(k), abs=2e-3)
        s = model.athans_step(s)
    assert not rows
    rows = {int(row[0]): row[1:] for row in numbers["zarchan_beta500"]["rows_t_alt_v"]}
    s = np.array([200e3, -6e3])
    for k in range(31):
        if k in rows:
            assert s == pytest.approx(rows.pop(k), abs=2e-3)
        s = model.zarchan_step(s)
    assert not rows


def fly_athans(kind: str, seed: int) -> tuple[Array, Array]:
    """(60, 3) absolute value of the mean error of 50 runs after each second, and (60,) mean NEES."""
    rng = np.random.default_rng(seed)
    truth = model.ATHANS_START
    x, cov = np.tile(model.ATHANS_FIRST_GUESS, (ATHANS_RUNS, 1)), np.tile(model.ATHANS_COV, (ATHANS_RUNS, 1, 1))
    still = np.zeros((3, 3))
    bias, consistency = np.empty((60, 3)), np.empty(60)
    update: Update
    for k in range(60):
        truth = model.athans_step(truth)
        z = model.athans_sight(truth) + 100.0 * rng.standard_normal((ATHANS_RUNS, 1))
        if kind in WEIGHT:
            x, cov = predict_sigma(x, cov, model.athans_step, still, WEIGHT[kind])
            update = update_sigma(x, cov, z, model.athans_sight, model.ATHANS_NOISE, WEIGHT[kind])
        else:
            x, cov = predict_extended(x, cov, model.athans_step, model.athans_jacobian, still)
            update = update_extended(
                x, cov, z, model.athans_sight, model.athans_sight_jacobian, model.ATHANS_NOISE
            )  # fmt: skip
        x, cov = update.x, update.cov
        bias[k] = np.abs(np.mean(x - truth, axis=0))
        consistency[k] = np.mean(nees(x - truth, cov))
    return bias, consistency


@pytest.mark.parametrize("kind", ["unscented", "cubature"])
def test_falling_body_leaves_the_extended_filter_biased_and_a_sigma_filter_not(kind: str) -> None:
    """What Athans and others published of a second-order filter, and Julier and Uhlmann of the unscented one.

    Measured in the last 30 s: the extended filter is 60-150 ft off in height and claims a few feet; these under 20.
    """
    extended, far_off = fly_athans("extended", 1968)
    bias, consistency = fly_athans(kind, 1968)
    assert extended[30:, 0].min() > 40.0
    assert bias[30:, 0].max() < 25.0
    assert far_off[30:].min() > 1000.0
    assert 2.0 < consistency[30:].mean() < 4.5  # three would be right
