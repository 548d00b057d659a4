"""Marginal association probabilities: against all joint events written out, and what must hold of any."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from tocsin.kernels.track_joint import (
    EVENT_LIMIT,
    PICK_PROB,
    association_marginals,
    events_counted,
    messages_passed,
    share_plots,
)

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
NONE = -1e30


def written_out(log_ratio: Array) -> Array:
    """The definition: every choice of a plot or none for each track, less those that use a plot twice."""
    n, m = log_ratio.shape
    marginal = np.zeros((n, m + 1))
    for event in itertools.product(range(m + 1), repeat=n):
        used = [j for j in event if j]
        if len(used) == len(set(used)) and all(log_ratio[i, j - 1] > -1e29 for i, j in enumerate(event) if j):
            weight = np.exp(sum(log_ratio[i, j - 1] for i, j in enumerate(event) if j))
            for i, j in enumerate(event):
                marginal[i, j] += weight
    return marginal / marginal.sum(axis=1, keepdims=True)


def cluster(rng: np.random.Generator, n: int, m: int, spread: float = 3.0, share: float = 0.7) -> Array:
    """Random log ratios; a share of the pairs gate."""
    log_ratio = rng.normal(1.0, spread, (n, m))
    log_ratio[rng.random((n, m)) > share] = NONE
    return log_ratio


def marginals(log_ratio: Array) -> tuple[Array, bool]:
    out = np.full((log_ratio.shape[0], log_ratio.shape[1] + 1), np.nan)
    return out, bool(association_marginals(np.ascontiguousarray(log_ratio), out))


@pytest.mark.parametrize("seed", range(30))
def test_few_events_give_the_marginals_of_all_events_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_ratio = cluster(rng, int(rng.integers(1, 5)), int(rng.integers(0, 5)))
    found, is_exact = marginals(log_ratio)
    assert is_exact
    np.testing.assert_allclose(found, written_out(log_ratio), rtol=1e-10, atol=1e-14)


def test_very_unequal_ratios_neither_overflow_nor_vanish() -> None:
    """Two tracks want the one plot, each far more than none, one e times as much as the other."""
    for passed in (marginals(np.array([[400.0], [401.0]]))[0], marginals(np.array([[-400.0], [-401.0]]))[0]):
        assert np.isfinite(passed).all()
    found, is_exact = marginals(np.array([[400.0], [401.0]]))
    assert is_exact
    np.testing.assert_allclose(found[:, 1], [1.0 / (1.0 + np.e), np.e / (1.0 + np.e)], rtol=1e-12)


@pytest.mark.parametrize("size", [(4, 4), (25, 30)])
def test_rows_sum_to_one_and_a_plot_goes_to_at_most_one_track(size: tuple[int, int]) -> None:
    found, is_exact = marginals(cluster(np.random.default_rng(5), *size))
    assert is_exact == (size == (4, 4))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert (found[:, 1:].sum(axis=0) <= 1.0 + 1e-6).all()


@pytest.mark.parametrize("size", [(4, 5), (20, 25)])
def test_the_order_of_tracks_and_plots_does_not_matter(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    log_ratio = cluster(rng, *size)
    rows, columns = rng.permutation(size[0]), rng.permutation(size[1])
    found, _ = marginals(log_ratio)
    turned, _ = marginals(log_ratio[np.ix_(rows, columns)])
    np.testing.assert_allclose(turned, found[np.ix_(rows, np.concatenate(([0], columns + 1)))], rtol=1e-9, atol=1e-12)


def test_more_events_than_the_limit_are_not_counted() -> None:
    """n tracks before n plots, all gated: sum over k of C(n, k)^2 k! events; 1 546 for five, 13 327 for six."""
    assert 1_546 < EVENT_LIMIT < 13_327
    assert marginals(np.zeros((5, 5)))[1]
    assert not marginals(np.zeros((6, 6)))[1]


def test_messages_are_exact_where_the_graph_has_no_loop() -> None:
    """Two tracks that share one plot of three: belief propagation on a tree."""
    log_ratio = np.array([[1.0, 2.0, NONE], [NONE, 1.5, 0.5]])
    passed = np.empty((2, 4))
    messages_passed(log_ratio, passed)
    np.testing.assert_allclose(passed, written_out(log_ratio), rtol=1e-12)


def test_messages_come_close_to_the_exact_marginals() -> None:
    """300 random clusters of 2 to 5 tracks: measured: mean error 0.003, 99 of 100 within 0.042, worst 0.10."""
    rng = np.random.default_rng(3)
    errors = []
    for _ in range(300):
        log_ratio = cluster(rng, int(rng.integers(2, 6)), int(rng.integers(2, 6)), spread=2.0, share=0.6)
        exact, passed = (np.empty((log_ratio.shape[0], log_ratio.shape[1] + 1)) for _ in range(2))
        assert events_counted(log_ratio, exact)
        messages_passed(log_ratio, passed)
        errors.append(np.abs(exact - passed).ravel())
    error = np.concatenate(errors)
    assert error.mean() < 0.004
    assert np.quantile(error, 0.99) < 0.05
    assert error.max() < 0.12


LOG_ODDS = 2.0


def candidates(log_ratio: Array) -> tuple[Places, Places, Array]:
    """The pairs that gate as `share_plots` takes them, each track's in an order of its own."""
    rows = [np.flatnonzero(row > -1e29) for row in log_ratio]
    rows = [np.roll(row, i) for i, row in enumerate(rows)]
    start = np.cumsum([0, *map(len, rows)])
    score = [log_ratio[i, row] - LOG_ODDS for i, row in enumerate(rows)]
    return start.astype(np.int64), np.concatenate(rows).astype(np.int64), np.concatenate(score).astype(float)


def chances(start: Places, plot: Places, score: Array, plots: int) -> tuple[Array, Places]:
    """Of each candidate, and which each track takes."""
    prob = np.zeros(plot.size)
    taken = share_plots(start, plot, score, plots, LOG_ODDS, prob)
    return prob, taken


def shared(log_ratio: Array) -> tuple[Array, Places]:
    """Marginals (n, m + 1), and the plot that each track takes, -1: none."""
    n, m = log_ratio.shape
    start, plot, score = candidates(log_ratio)
    prob, taken = chances(start, plot, score, m)
    found = np.zeros((n, m + 1))
    for i in range(n):
        found[i, plot[start[i] : start[i + 1]] + 1] = prob[start[i] : start[i + 1]]
    found[:, 0] = 1.0 - found.sum(axis=1)
    assert all(k < 0 or start[i] <= k < start[i + 1] for i, k in enumerate(taken.tolist()))
    return found, np.where(taken >= 0, plot[taken], -1)


def scattered(seed: int) -> Array:
    """Seven tracks and six plots, few pairs of which gate: several clusters, their rows and columns mixed."""
    return cluster(np.random.default_rng(seed), 7, 6, share=0.25)


@pytest.mark.parametrize("seed", range(25))
def test_shared_plots_have_the_probabilities_of_all_joint_events_of_all_tracks_at_once(seed: int) -> None:
    """Cluster by cluster as if there were no clusters: 7^7 events are written out, alone and together."""
    log_ratio = scattered(seed)
    found, _ = shared(log_ratio)
    np.testing.assert_allclose(found, written_out(log_ratio), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(25))
def test_each_track_takes_its_most_probable_plot_that_is_left_and_no_plot_is_taken_twice(seed: int) -> None:
    """The most probable pairs first, none below PICK_PROB: picked here from the probabilities written out."""
    log_ratio = scattered(seed)
    exact = written_out(log_ratio)
    pairs = sorted(itertools.product(range(7), range(6)), key=lambda pair: -exact[pair[0], pair[1] + 1])
    wanted, used = np.full(7, -1), set[int]()
    for i, j in pairs:
        if exact[i, j + 1] >= PICK_PROB and wanted[i] < 0 and j not in used:
            wanted[i] = j
            used.add(j)
    _, taken = shared(log_ratio)
    np.testing.assert_array_equal(taken, wanted)


def test_no_candidates_and_no_tracks_give_nothing() -> None:
    nothing = np.zeros(0, np.int64)
    prob, taken = chances(np.zeros(3, np.int64), nothing, np.zeros(0), 4)
    assert (prob.size, taken.tolist()) == (0, [-1, -1])
    prob, taken = chances(np.zeros(1, np.int64), nothing, np.zeros(0), 0)
    assert (prob.size, taken.size) == (0, 0)


def events_of(n: int, m: int) -> list[list[tuple[int, int]]]:
    """Pairs of each joint event of n tracks before m plots, all gated: choose the tracks, then their plots."""
    return [
        list(zip(rows, plots, strict=True))
        for k in range(min(n, m) + 1)
        for rows in itertools.combinations(range(n), k)
        for plots in itertools.permutations(range(m), k)
    ]


def test_a_cluster_of_too_many_events_is_shared_by_belief_propagation_close_to_exact() -> None:
    """Six tracks before six plots, all gated, 13 327 events: one too large to be counted. 20 random ones, ratios of
    e^0 +- 1.5. Tolerance: 0.05 for each marginal, half of PICK_PROB; measured: worst 0.03."""
    events = events_of(6, 6)
    assert len(events) == 13_327 > EVENT_LIMIT
    for seed in range(20):
        log_ratio = np.random.default_rng(seed).normal(0.0, 1.5, (6, 6))
        exact = np.zeros((6, 7))
        total = 0.0
        for event in events:
            weight = np.exp(sum(log_ratio[pair] for pair in event))
            total += weight
            for i, j in event:
                exact[i, j + 1] += weight
        exact /= total
        exact[:, 0] = 1.0 - exact.sum(axis=1)
        found, _ = shared(log_ratio)
        np.testing.assert_allclose(found, exact, atol=0.05)


def algorithm_1(log_ratio: Array) -> Array:
    """Marginals by the update equations of Williams and Lau (2014), algorithm 1, until nothing changes: their psi is
    `ratio`, mu goes from track i to plot j, nu back."""
    ratio = np.exp(log_ratio)
    nu = np.ones_like(ratio)
    for _ in range(100_000):
        pull = ratio * nu
        mu = ratio / (1.0 + pull.sum(axis=1, keepdims=True) - pull)
        after = 1.0 / (1.0 + mu.sum(axis=0) - mu)
        if np.abs(np.log(after / nu)).max() < 1e-13:
            break
        nu = after
    marginal = np.hstack((np.ones((ratio.shape[0], 1)), ratio * nu))
    return marginal / marginal.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(10))
def test_messages_are_those_of_williams_and_lau_and_have_settled(seed: int) -> None:
    """12 tracks, 10 plots; ratios of e^2 +- 2: the rounds that are played leave less than 1e-3 of the way."""
    log_ratio = cluster(np.random.default_rng(seed), 12, 10, spread=2.0, share=0.5) + 1.0
    passed = np.empty((12, 11))
    messages_passed(log_ratio, passed)
    np.testing.assert_allclose(passed, algorithm_1(log_ratio), atol=1e-3)
