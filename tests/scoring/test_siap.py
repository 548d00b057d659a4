"""SIAP attributes: Stone Soup's numbers on one scene, and each definition on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tocsin.errors import InputError
from tocsin.scoring import Siap, SiapSeries, owners, siap

Array = np.ndarray[Any, Any]


def scene(
    lives: list[tuple[int, int]], holds: list[tuple[int, int, int, float, float]], row_count: int = 11
) -> tuple[Array, Array, Array, Array, Array]:
    """Objects by (first, last) row, tracks by (first, last, owner, position error, velocity error)."""
    is_object = np.zeros((row_count, len(lives)), dtype=bool)
    for j, (first, last) in enumerate(lives):
        is_object[first : last + 1, j] = True
    is_track = np.zeros((row_count, len(holds)), dtype=bool)
    owner = np.full(is_track.shape, -1)
    errors = np.zeros((2, *is_track.shape))
    for n, (first, last, whose, position_m, velocity_m_s) in enumerate(holds):
        rows = slice(first, last + 1)
        is_track[rows, n], owner[rows, n] = True, whose
        errors[0, rows, n], errors[1, rows, n] = position_m, velocity_m_s
    return is_object, is_track, owner, errors[0], errors[1]


def judged(*parts: Any) -> tuple[Siap, SiapSeries]:
    overall, series, _ = siap(*scene(*parts), step_s=1.0)
    return overall, series


def test_stone_soup_says_the_same() -> None:
    """By SIAPMetrics of Stone Soup 1.9.1, with the associations given, eleven times a second apart.

    Object A from 0 to 10 s, B from 2 to 10 s. Tracks: on A from 1 to 5 s, 50 m and 10 m/s off; on A from 4 to 10 s,
    10 m and 5 m/s off; on B from 3 to 8 s, 60 m and 20 m/s off; on nothing from 5 to 7 s.
    """
    holds = [(1, 5, 0, 50.0, 10.0), (4, 10, 0, 10.0, 5.0), (3, 8, 1, 60.0, 20.0), (5, 7, -1, 0.0, 0.0)]
    overall, _ = judged([(0, 10), (2, 10)], holds)
    assert overall.completeness == pytest.approx(0.8, rel=1e-12)
    assert overall.ambiguity == pytest.approx(1.125, rel=1e-12)
    assert overall.spuriousness == pytest.approx(0.14285714285714285, rel=1e-12)
    assert overall.position_accuracy_m == pytest.approx(37.77777777777778, rel=1e-12)
    assert overall.velocity_accuracy_m_s == pytest.approx(11.38888888888889, rel=1e-12)
    assert overall.number_change_rate_s == pytest.approx(0.07142857142857142, rel=1e-12)
    assert overall.longest_segment == pytest.approx(0.6111111111111112, rel=1e-12)


def test_a_perfect_picture_has_every_wanted_value() -> None:
    overall, series = judged([(0, 10), (0, 10)], [(0, 10, 0, 0.0, 0.0), (0, 10, 1, 0.0, 0.0)])
    assert overall == Siap(
        completeness=1.0, ambiguity=1.0, spuriousness=0.0, position_accuracy_m=0.0, velocity_accuracy_m_s=0.0,
        number_change_rate_s=0.0, longest_segment=1.0,
    )  # fmt: skip
    assert (series.completeness == 1.0).all()


def test_each_time_has_its_own_counts_and_none_where_there_is_nothing() -> None:
    _, series = judged([(2, 8)], [(4, 6, 0, 100.0, 1.0), (5, 9, -1, 0.0, 0.0)])
    assert series.object_count.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    assert series.tracked_count.tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    np.testing.assert_equal(series.spuriousness, [np.nan] * 4 + [0.0, 0.5, 0.5, 1.0, 1.0, 1.0, np.nan])
    assert np.isnan(series.completeness[[0, 1, 9, 10]]).all()
    assert np.isnan(series.position_accuracy_m[7])


def test_an_empty_sky_with_no_track_has_nothing_to_judge_by() -> None:
    overall, _ = judged([], [])
    assert {getattr(overall, name) for name in Siap.__struct_fields__} == {None}


def test_a_new_number_every_five_seconds_is_a_change_every_five_seconds() -> None:
    """Holds of 0-5, 5-10, 10-15, 15-20 s: three changes in twenty seconds tracked."""
    overall, _ = judged([(0, 20)], [(a, a + 5, 0, 1.0, 1.0) for a in (0, 5, 10, 15)], 21)
    assert overall.number_change_rate_s == pytest.approx(3.0 / 20.0)
    assert overall.longest_segment == pytest.approx(5.0 / 20.0)


def test_the_first_track_on_an_object_is_chosen_for_all_together() -> None:
    """Two objects 100 m apart, two tracks: each gets its own, though one object is nearest to both."""
    assert owners(np.array([[10.0, 40.0], [110.0, 60.0]]), 1_000.0).tolist() == [0, 1]


def test_a_track_left_over_belongs_to_the_nearest_object_within_the_cutoff() -> None:
    distance_m = np.array([[10.0, 400.0, 5_000.0], [900.0, 700.0, 6_000.0]])
    assert owners(distance_m[:1], 1_000.0).tolist() == [0, 0, -1]
    assert owners(distance_m, 1_000.0).tolist() == [0, 1, -1]
    assert owners(np.empty((0, 3)), 1_000.0).tolist() == [-1, -1, -1]


def test_grids_that_do_not_match_are_refused() -> None:
    is_object, is_track, owner, *errors = scene([(0, 10)], [(0, 10, 0, 1.0, 1.0)])
    with pytest.raises(InputError, match="one grid"):
        siap(is_object[:5], is_track, owner, *errors, step_s=1.0)
