"""Which tracks are worth telling at a cut-off of GOSPA: against draws and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.stonesoup_scenes import is_worth_telling, mean_capped_square

from tocsin.scoring.gospa import gospa

CAP_M = 1_000.0
STD_M = [
    (30.0, 200.0, 200.0), (30.0, 600.0, 650.0), (90.0, 300.0, 900.0), (5.0, 5.0, 1_000.0), (400.0, 400.0, 400.0),
    (600.0, 650.0, 2_100.0), (2e4, 2e4, 1e3),
]  # fmt: skip


@pytest.mark.parametrize("std_m", STD_M)
def test_the_mean_of_the_capped_square_is_that_of_normal_errors(std_m: tuple[float, float, float]) -> None:
    """Against 400 000 draws, in turned axes: within 0.02 cap^2 where it matters, about half of cap^2, else 0.08."""
    rng = np.random.default_rng(1)
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    errors = rng.standard_normal((400_000, 3)) * std_m @ turn.T
    drawn = np.minimum(np.square(errors).sum(axis=1), CAP_M**2).mean()
    cov = turn @ np.diag(np.square(std_m)) @ turn.T
    tolerance = 0.02 if 0.4 < drawn / CAP_M**2 < 0.6 else 0.08
    assert mean_capped_square(cov[None], CAP_M)[0] == pytest.approx(drawn, abs=tolerance * CAP_M**2)


def test_it_is_exact_along_one_axis_and_where_all_axes_are_alike() -> None:
    rng = np.random.default_rng(2)
    for scale in ((1.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
        cov = np.diag(np.square(scale)) * 700.0**2
        squares = np.square(rng.standard_normal((1_000_000, 3)) * scale).sum(axis=1) * 700.0**2
        drawn = np.minimum(squares, CAP_M**2)
        error = drawn.std() / 1_000.0
        assert mean_capped_square(cov[None], CAP_M)[0] == pytest.approx(drawn.mean(), abs=4.0 * error)


def test_a_track_is_told_where_that_makes_the_mean_gospa_squared_less() -> None:
    """One object, one track with the error that its covariance says: told, or left out."""
    rng = np.random.default_rng(3)
    for sigma_m, is_told in ((100.0, True), (380.0, True), (560.0, False), (3_000.0, False)):
        assert is_worth_telling(np.eye(3)[None] * sigma_m**2, CAP_M).tolist() == [is_told]
        places = rng.standard_normal((2_000, 1, 3)) * sigma_m
        told = np.mean([gospa(np.zeros((1, 3)), place, cutoff_m=CAP_M).gospa_m ** 2 for place in places])
        silent = gospa(np.zeros((1, 3)), np.zeros((0, 3)), cutoff_m=CAP_M).gospa_m ** 2
        assert (told < silent) == is_told
