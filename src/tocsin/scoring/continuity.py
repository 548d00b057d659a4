"""Whether an object keeps its track, and a track its object: segments, switches, breaks, purity.

Pure functions on arrays over a grid of times; "owned" says at which times which track is on an object.
"""

from __future__ import annotations

import itertools

import msgspec
import numpy as np

from tocsin.messages import Column

NOBODY = -1  # owner of a track that is on no object, and of one that is not there


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One track on one object, at every time from ``first`` to ``last``."""

    track: int  # column
    first: int  # row of the grid
    last: int  # row of the grid, within


class Continuity(msgspec.Struct, frozen=True, kw_only=True):
    """How well one object kept a track, over a grid of times."""

    segments: tuple[Segment, ...]
    tracked_count: int  # times with a track on it
    id_switches: int  # a segment of another track than the one before
    breaks: int  # times without a track between two segments, counted once each
    longest_count: int  # times of the longest unbroken hold of one track


def segments(is_owned: Column) -> tuple[Segment, ...]:
    """The fewest holds that cover all times an object is tracked: each lasts as long as its track stays.

    In        is_owned   (t, n) bool   whether track n is on the object at time t
    Out       segments   in order of time, not overlapping. At each start the track that stays longest is taken
              (the one before goes on where it can), which gives the fewest holds
    """
    until = _runs(is_owned)
    found: list[Segment] = []
    row = 0
    while row < len(is_owned):
        ends = until[row]
        if ends.max(initial=-1) < 0:
            row += 1
            continue
        track = int(np.argmax(ends))
        found.append(Segment(track=track, first=row, last=int(ends[track])))
        row = found[-1].last + 1
    return tuple(found)


def continuity(is_owned: Column) -> Continuity:
    """Holds, switches and breaks of one object; ``is_owned`` as of `segments`."""
    holds = segments(is_owned)
    neighbours = list(itertools.pairwise(holds))
    until = _runs(is_owned)
    length = np.where(until >= 0, until - np.arange(len(is_owned))[:, None] + 1, 0)
    return Continuity(
        segments=holds,
        tracked_count=int(is_owned.any(axis=1).sum()),
        id_switches=sum(a.track != b.track for a, b in neighbours),
        breaks=sum(b.first > a.last + 1 for a, b in neighbours),
        longest_count=int(length.max(initial=0)),
    )


def purity(owner: Column) -> tuple[Column, Column, float | None]:
    """Of the times a track is on anything, the share that it is on the object it is most on.

    In        owner    (t, n) int64   object of each track at each time, or NOBODY
    Out       purity   (n,) float64   1 where a track never changed its object; nan where it was never on one
              main     (n,) int64     that object (the lowest number of equals), or NOBODY
              overall  float | None   all tracks, weighted by their times on anything
    """
    track_count = owner.shape[1]
    main = np.full(track_count, NOBODY, dtype=np.int64)
    most, owned = np.zeros(track_count), np.zeros(track_count)
    for track in range(track_count):
        objects, counts = np.unique(owner[owner[:, track] >= 0, track], return_counts=True)
        if objects.size:
            main[track] = objects[int(np.argmax(counts))]
            most[track], owned[track] = counts.max(), counts.sum()
    share = np.where(owned > 0, most / np.maximum(owned, 1.0), np.nan)
    return share, main, float(most.sum() / owned.sum()) if owned.sum() else None


def _runs(is_owned: Column) -> Column:
    """(t, n) int64: the last row of the unbroken hold that each owned cell is in; -1 where it is not owned."""
    until = np.full(is_owned.shape, -1, dtype=np.int64)
    for row in range(len(is_owned) - 1, -1, -1):
        goes_on = until[row + 1] if row + 1 < len(is_owned) else np.full(is_owned.shape[1], -1)
        until[row] = np.where(is_owned[row], np.maximum(goes_on, row), -1)
    return until
