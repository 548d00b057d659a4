"""NEES, NIS and their bounds: against scipy.stats and against draws from the covariance itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from tocsin.errors import InputError
from tocsin.scoring import chi2_quantile, mean_bounds, nees, rmse, share_above


def test_two_sigma_along_one_axis_is_four() -> None:
    spread = np.diag([100.0**2] * 3 + [5.0**2] * 3)
    error = np.array([[200.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 15.0], [100.0, 0, 0, 5.0, 0, 0]])
    assert nees(error, np.array([spread] * 3)) == pytest.approx([4.0, 9.0, 2.0])


def test_correlated_errors_are_judged_by_the_inverse() -> None:
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(20, 6, 6)) * np.array([1e3, 1e3, 1e3, 1.0, 1.0, 1.0])[:, None]
    spread = factor @ factor.transpose(0, 2, 1) + np.diag([1.0, 1.0, 1.0, 1e-6, 1e-6, 1e-6])
    error = rng.normal(size=(20, 6))
    expected = [e @ np.linalg.inv(p) @ e for e, p in zip(error, spread, strict=True)]
    assert nees(error, spread) == pytest.approx(expected, rel=1e-6)


def test_honest_draws_stay_within_the_bounds_and_a_claim_of_half_the_spread_does_not() -> None:
    rng = np.random.default_rng(7)
    spread = np.diag([1e4, 1e4, 4e4, 25.0, 25.0, 9.0])
    error = rng.multivariate_normal(np.zeros(6), spread, size=1_000)
    low, high = mean_bounds(1_000, 6, 0.999)
    values = nees(error, np.broadcast_to(spread, (1_000, 6, 6)))
    assert low < values.mean() / 6 < high
    assert share_above(values, 6) == pytest.approx(0.05, abs=0.02)
    boast = nees(error, np.broadcast_to(spread / 2.0, (1_000, 6, 6)))
    assert boast.mean() / 6 > high
    assert (share_above(boast, 6) or 0.0) > 0.3


def test_a_covariance_that_is_none_has_no_nees() -> None:
    spread = np.array([np.diag([1.0, -1.0]), np.zeros((2, 2)), np.diag([1.0, np.nan]), np.eye(2)])
    values = nees(np.ones((4, 2)), spread)
    assert np.isnan(values[:3]).all()
    assert values[3] == pytest.approx(2.0)


@pytest.mark.parametrize("dof", [1, 2, 3, 6, 60, 6_000])
@pytest.mark.parametrize("prob", [0.025, 0.5, 0.95, 0.999])
def test_the_quantile_is_that_of_scipy_stats(dof: int, prob: float) -> None:
    assert chi2_quantile(prob, dof) == pytest.approx(chi2.ppf(prob, dof), rel=1e-9)


@pytest.mark.parametrize(("count", "dof"), [(1, 6), (50, 6), (1_000, 3)])
def test_bounds_of_a_mean_are_those_of_the_sum(count: int, dof: int) -> None:
    low, high = mean_bounds(count, dof)
    assert low == pytest.approx(chi2.ppf(0.025, count * dof) / (count * dof))
    assert high == pytest.approx(chi2.ppf(0.975, count * dof) / (count * dof))


def test_shares_use_each_values_own_freedom_and_pass_over_what_is_none() -> None:
    values = np.array([5.0, 5.0, np.nan, 5.0])  # 95 % points: 3.84 of one degree, 7.81 of three
    assert share_above(values, np.array([1, 3, 1, 0])) == pytest.approx(0.5)
    assert share_above(np.array([np.nan]), 1) is None


def test_rmse_is_of_whole_vectors() -> None:
    assert rmse(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(np.sqrt(12.5))
    assert rmse(np.array([5.0, 0.0])) == pytest.approx(np.sqrt(12.5))
    assert rmse(np.empty((0, 3))) is None


def test_bounds_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        mean_bounds(0, 6)
    with pytest.raises(InputError, match="prob"):
        chi2_quantile(1.0, 6)


def test_one_bad_covariance_among_many_does_not_spoil_its_neighbours() -> None:
    spread = np.array([np.eye(2)] * 9)
    spread[[2, 7]] = [[1.0, 2.0], [2.0, 1.0]]  # a correlation of two
    values = nees(np.ones((9, 2)), spread)
    assert np.flatnonzero(np.isnan(values)).tolist() == [2, 7]
    assert values[[0, 1, 3, 4, 5, 6, 8]] == pytest.approx([2.0] * 7)
