"""Continuity of tracks: holds, switches, breaks and purity on grids that can be read off."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tocsin.scoring import continuity, purity, segments

Array = np.ndarray[Any, Any]


def grid(*tracks: str) -> Array:
    """One string a track, a letter a time; a dot: not on the object."""
    return np.array([[each != "." for each in track] for track in tracks]).T


def test_one_track_all_along_is_one_hold() -> None:
    one = continuity(grid("xxxxxx"))
    assert [(s.track, s.first, s.last) for s in one.segments] == [(0, 0, 5)]
    assert (one.id_switches, one.breaks, one.longest_count, one.tracked_count) == (0, 0, 6, 6)


def test_another_number_is_a_switch_and_a_gap_is_a_break() -> None:
    one = continuity(grid("xxx.......", "...xx.....", ".......xxx"))
    assert (one.id_switches, one.breaks, one.tracked_count) == (2, 1, 8)


def test_the_same_number_after_a_gap_is_a_break_and_no_switch() -> None:
    one = continuity(grid("xxx..xx"))
    assert (one.id_switches, one.breaks, one.longest_count) == (0, 1, 3)


def test_a_second_track_beside_the_first_is_no_switch() -> None:
    assert continuity(grid("xxxxxxxx", "..xxx...")).id_switches == 0


def test_an_object_never_tracked_has_no_hold() -> None:
    assert continuity(grid("....")).segments == ()
    assert continuity(np.empty((4, 0), dtype=bool)).longest_count == 0


@pytest.mark.parametrize("seed", range(25))
def test_there_is_no_cover_with_fewer_holds(seed: int) -> None:
    """Against every choice of whole or shortened runs: the fewest that hold every tracked time."""
    owned = np.random.default_rng(seed).random((7, 3)) < 0.6
    runs = []
    for track in range(3):
        for held, rows in itertools.groupby(range(7), key=lambda row, track=track: bool(owned[row, track])):
            if held:
                runs.append(set(rows))
    tracked = {row for row in range(7) if owned[row].any()}
    fewest = next(
        k for k in range(len(runs) + 1) for pick in itertools.combinations(runs, k) if tracked <= set().union(*pick)
    )
    found = segments(owned)
    assert len(found) == fewest
    assert {row for s in found for row in range(s.first, s.last + 1)} == tracked
    assert all(owned[s.first : s.last + 1, s.track].all() for s in found)


def test_purity_is_the_share_on_the_object_a_track_is_most_on() -> None:
    owner = np.array([[0, 0, 0, 1, -1, -1], [2, 2, 2, 2, 2, 2], [-1, -1, -1, -1, -1, -1]]).T
    share, main, overall = purity(owner)
    assert share[:2].tolist() == [0.75, 1.0]
    assert np.isnan(share[2])
    assert main.tolist() == [0, 2, -1]
    assert overall == pytest.approx(9.0 / 10.0)


def test_tracks_on_nothing_have_no_purity() -> None:
    assert purity(np.full((5, 2), -1))[2] is None
