"""GOSPA and OSPA: closed cases, every assignment tried, the axioms of a metric, and Stone Soup's numbers."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InputError
from tocsin.scoring import assign, distances_m, gospa, ospa_m

Array = np.ndarray[Any, Any]
NONE = np.empty((0, 3))


def points(seed: int, count: int, spread_m: float = 3_000.0) -> Array:
    return np.random.default_rng(seed).uniform(-spread_m, spread_m, (count, 3))


def by_definition(x: Array, y: Array, cutoff_m: float, order: float, alpha: float) -> float:
    """Rahmathullah et al. 2017, definition 1, every permutation tried."""
    if len(x) > len(y):
        x, y = y, x
    cut = np.minimum(distances_m(x, y), cutoff_m) ** order
    best = min(sum(cut[i, j] for i, j in enumerate(p)) for p in itertools.permutations(range(len(y)), len(x)))
    return float((best + cutoff_m**order / alpha * (len(y) - len(x))) ** (1.0 / order))


def by_partial_assignment(x: Array, y: Array, cutoff_m: float, order: float) -> float:
    """Their proposition 1 (alpha 2): every set of pairs tried, what is left over costs half the cutoff each."""
    far = distances_m(x, y) ** order
    half = 0.5 * cutoff_m**order
    costs = [
        sum(far[i, j] for i, j in zip(rows, columns, strict=True)) + half * (len(x) + len(y) - 2 * k)
        for k in range(min(len(x), len(y)) + 1)
        for rows in itertools.combinations(range(len(x)), k)
        for columns in itertools.permutations(range(len(y)), k)
    ]
    return float(min(costs) ** (1.0 / order))


def test_one_track_3_4_and_0_km_off_is_5_km_of_localisation() -> None:
    one = gospa(np.zeros((1, 3)), np.array([[3_000.0, 4_000.0, 0.0]]), cutoff_m=6_000.0)
    assert (one.gospa_m, one.localisation_m, one.missed_m, one.false_m) == (5_000.0, 5_000.0, 0.0, 0.0)
    assert one.pairs.tolist() == [[0, 0]]


def test_n_missed_objects_cost_the_cutoff_times_the_root_of_half_n() -> None:
    one = gospa(points(1, 8), NONE, cutoff_m=1_000.0)
    assert one.gospa_m == pytest.approx(2_000.0)
    assert (one.missed_m, one.missed_count, one.false_m, one.false_count) == (one.gospa_m, 8, 0.0, 0)


def test_n_tracks_on_nothing_cost_the_same_as_false() -> None:
    one = gospa(NONE, points(1, 8), cutoff_m=1_000.0)
    assert (one.gospa_m, one.false_m, one.false_count, one.missed_count) == (pytest.approx(2_000.0), one.gospa_m, 8, 0)


@pytest.mark.parametrize("metres", [1_000.0, 1_500.0])
def test_a_track_at_the_cutoff_or_beyond_is_one_missed_and_one_false(metres: float) -> None:
    one = gospa(np.zeros((1, 3)), np.array([[metres, 0.0, 0.0]]), cutoff_m=1_000.0)
    assert (one.missed_count, one.false_count, one.localisation_m) == (1, 1, 0.0)
    assert one.gospa_m == pytest.approx(1_000.0)


def test_nothing_said_of_nothing_is_no_distance() -> None:
    assert gospa(NONE, NONE).gospa_m == 0.0
    assert ospa_m(NONE, NONE) == 0.0


def test_the_nearest_pair_is_given_up_where_the_sum_of_squares_is_then_less() -> None:
    """On a line: objects at 0 and 10, tracks at 9 and 19. Greedy takes 10-9 and pays 19; the best pays 9 and 9."""
    x, y = np.array([[0.0], [10.0]]), np.array([[9.0], [19.0]])
    assert gospa(x, y, cutoff_m=100.0).gospa_m == pytest.approx(math.sqrt(162.0))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_gospa_is_the_least_of_all_permutations(order: float, alpha: float) -> None:
    for seed in range(30):
        x, y = points(seed, seed % 6), points(100 + seed, seed % 5)
        for cutoff_m in (500.0, 2_500.0, 20_000.0):
            made = gospa(x, y, cutoff_m=cutoff_m, order=order, alpha=alpha).gospa_m
            assert made == pytest.approx(by_definition(x, y, cutoff_m, order, alpha), rel=1e-12)


def test_with_alpha_2_it_is_the_least_of_all_partial_assignments_and_its_parts_add() -> None:
    for seed in range(30):
        x, y = points(seed, seed % 5), points(100 + seed, seed % 4)
        one = gospa(x, y, cutoff_m=2_500.0)
        assert one.gospa_m == pytest.approx(by_partial_assignment(x, y, 2_500.0, 2.0), rel=1e-12)
        parts = (one.localisation_m, one.missed_m, one.false_m)
        assert one.gospa_m**2 == pytest.approx(sum(part**2 for part in parts if part is not None))
        assert one.missed_count == len(x) - len(one.pairs)


def test_another_alpha_has_no_parts() -> None:
    one = gospa(points(1, 3), points(2, 2), alpha=1.0)
    assert (one.localisation_m, one.missed_m, one.false_m, one.missed_count) == (None, None, None, None)


def test_ospa_is_the_least_of_all_permutations() -> None:
    """Schuhmacher, Vo, Vo 2008, equation 3."""
    for seed in range(30):
        x, y = points(seed, 1 + seed % 5), points(100 + seed, 1 + seed % 4)
        many = max(len(x), len(y))
        for order in (1.0, 2.0):
            # with alpha 1 the numerator of GOSPA is that of OSPA
            expected = by_definition(x, y, 2_500.0, order, 1.0) / many ** (1.0 / order)
            assert ospa_m(x, y, cutoff_m=2_500.0, order=order) == pytest.approx(expected, rel=1e-12)


_COORDINATE = st.integers(-4, 4).map(float)  # few values: coinciding points and ties are frequent
_SET = st.lists(st.tuples(_COORDINATE, _COORDINATE), max_size=4).map(lambda each: np.array(each).reshape(-1, 2))


@settings(max_examples=300, deadline=None)
@given(_SET, _SET, _SET, st.sampled_from([1.0, 3.0, 20.0]), st.sampled_from([1.0, 2.0]))
def test_both_are_metrics(x: Array, y: Array, z: Array, cutoff_m: float, order: float) -> None:
    """Symmetry, the triangle inequality, and no distance between equal sets and between no others."""

    def same(a: Array, b: Array) -> bool:
        return sorted(map(tuple, a.tolist())) == sorted(map(tuple, b.tolist()))

    def whole(a: Array, b: Array) -> float:
        return gospa(a, b, cutoff_m=cutoff_m, order=order).gospa_m

    def mean(a: Array, b: Array) -> float:
        return ospa_m(a, b, cutoff_m=cutoff_m, order=order)

    for metric in (whole, mean):
        assert metric(x, y) == pytest.approx(metric(y, x), rel=1e-12)
        assert metric(x, z) <= metric(x, y) + metric(y, z) + 1e-9
        assert (metric(x, y) < 1e-9) == same(x, y)
    assert mean(x, y) <= cutoff_m + 1e-9


# Computed once by Stone Soup 1.9.1 (GOSPAMetric.compute_gospa_metric, OSPAMetric.compute_OSPA_distance, Euclidean) on
# these points: cutoff m, p -> distance, localisation, missed, false (these three to the power p), OSPA.
STONE_TRUTH = np.array([(0, 0, 0), (1000, 0, 0), (0, 9000, 0), (20000, 0, 0)], dtype=float)
STONE_TRACKS = np.array(
    [(300, 400, 0), (1200, 0, -900), (700, 100, 50), (0, 9000, 6500), (-40000, 0, 0)], dtype=float
)  # fmt: skip
STONE = [
    (1_000.0, 1.0, 3320.1562118716424, 820.1562118716424, 1000.0, 1500.0, 764.0312423743285),
    (1_000.0, 2.0, 1688.9345754054536, 352500.0, 1e6, 1.5e6, 818.8406438373709),
    (5_000.0, 1.0, 13320.156211871643, 820.1562118716424, 5000.0, 7500.0, 3164.031242374329),
    (5_000.0, 2.0, 7927.956861638439, 352500.0, 2.5e7, 3.75e7, 3882.0741878537046),
    (20_000.0, 1.0, 36141.68643659035, 26141.686436590353, 0.0, 10000.0, 9228.33728731807),
    (20_000.0, 2.0, 24430.56487271631, 396852500.0, 0.0, 2e8, 12624.202945136774),
]


@pytest.mark.parametrize(("cutoff_m", "order", "distance", "near", "missed", "false", "ospa"), STONE)
def test_stone_soup_says_the_same(
    cutoff_m: float, order: float, distance: float, near: float, missed: float, false: float, ospa: float
) -> None:
    one = gospa(STONE_TRUTH, STONE_TRACKS, cutoff_m=cutoff_m, order=order)
    assert one.localisation_m is not None
    assert one.missed_m is not None
    assert one.false_m is not None
    assert one.gospa_m == pytest.approx(distance, rel=1e-12)
    assert one.localisation_m**order == pytest.approx(near, rel=1e-12)
    assert one.missed_m**order == pytest.approx(missed, rel=1e-12)
    assert one.false_m**order == pytest.approx(false, rel=1e-12)
    assert ospa_m(STONE_TRUTH, STONE_TRACKS, cutoff_m=cutoff_m, order=order) == pytest.approx(ospa, rel=1e-12)


def test_pairs_out_of_the_question_are_never_made_up() -> None:
    distance_m = np.array([[np.inf, np.nan, np.inf], [np.inf, 10.0, 20.0], [np.inf, 12.0, np.inf]])
    assert assign(distance_m, 1_000.0).tolist() == [[1, 2], [2, 1]]
    assert assign(np.full((3, 2), np.inf), 1_000.0).shape == (0, 2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"cutoff_m": 0.0}, "cutoff"), ({"cutoff_m": math.inf}, "cutoff"), ({"order": 0.5}, "order"),
     ({"cutoff_m": 1e300}, "cutoff"), ({"order": 1e3}, "order"), ({"order": math.nan}, "order"),
     ({"alpha": 0.0}, "alpha"), ({"alpha": 2.5}, "alpha")],
)  # fmt: skip
def test_parameters_outside_the_definition_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        gospa(points(1, 2), points(2, 2), **wrong)


def test_points_of_unequal_width_are_refused() -> None:
    with pytest.raises(InputError, match="equal width"):
        gospa(np.zeros((2, 3)), np.zeros((2, 6)))
