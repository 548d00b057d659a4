"""Bins of many runs put together: honest draws keep the bounds, boasts do not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from tocsin.scoring import Bin, pooled

Array = np.ndarray[Any, Any]


def one(from_s: float = 0.0, nees_first: float | None = 6.0, rmse_m: float = 10.0, name: str = "a") -> Bin:
    return Bin(
        object=name, from_s=from_s, update_count=10, track_count=1, position_rmse_m=rmse_m, velocity_rmse_m_s=1.0,
        nees_ratio=1.0, nees_low=0.2, nees_high=2.4, nees_above_95=0.0, nees_first=nees_first, nis_ratio=None,
        nis_dof=0, nis_low=None, nis_high=None,
    )  # fmt: skip


def test_honest_runs_are_consistent_and_over_confident_ones_are_not() -> None:
    values = np.random.default_rng(3).chisquare(6, 400)
    (honest,) = pooled([[one(nees_first=float(value))] for value in values], prob=0.999)
    assert honest.is_consistent
    assert honest.run_count == 400
    assert honest.runs_above_95 == pytest.approx(0.05, abs=0.03)
    (boast,) = pooled([[one(nees_first=1.3 * float(value))] for value in values], prob=0.999)
    assert not boast.is_consistent
    assert (boast.runs_above_95 or 0.0) > 0.08


def test_bounds_are_those_of_the_number_of_runs() -> None:
    (found,) = pooled([[one()]] * 50)
    assert found.nees_low == pytest.approx(chi2.ppf(0.025, 300) / 300)
    assert found.nees_high == pytest.approx(chi2.ppf(0.975, 300) / 300)
    assert found.nees_ratio == pytest.approx(1.0)


def test_rmse_is_the_root_of_the_mean_square_over_runs() -> None:
    (found,) = pooled([[one(rmse_m=30.0)], [one(rmse_m=40.0)]])
    assert found.position_rmse_m == pytest.approx(math.sqrt(1250.0))


def test_objects_and_times_are_kept_apart_and_in_order() -> None:
    found = pooled([[one(10.0), one(0.0)], [one(0.0), one(0.0, name="b")]])
    assert [(each.object, each.from_s, each.run_count) for each in found] == [("a", 0, 2), ("a", 10, 1), ("b", 0, 1)]


def test_runs_without_a_nees_do_not_count_in_it() -> None:
    (found,) = pooled([[one(nees_first=None)], [one(nees_first=12.0)]])
    assert found.nees_ratio == pytest.approx(2.0)
    assert found.nees_high == pytest.approx(chi2.ppf(0.975, 6) / 6)
    assert pooled([[one(nees_first=None)]])[0].nees_ratio is None
