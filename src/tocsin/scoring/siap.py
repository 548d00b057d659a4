"""The attributes of a single integrated air picture (SIAP): pure functions on arrays over a grid of times."""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.messages import Column
from tocsin.scoring.continuity import Continuity, continuity
from tocsin.scoring.gospa import assign


class Siap(msgspec.Struct, frozen=True, kw_only=True):
    """Over a span of time. None: nothing to judge it by."""

    completeness: float | None  # share of the objects that are tracked, 0 to 1; wanted 1
    ambiguity: float | None  # tracks on each tracked object; wanted 1
    spuriousness: float | None  # share of the tracks that are on no object, 0 to 1; wanted 0
    position_accuracy_m: float | None  # mean distance of a track from its object
    velocity_accuracy_m_s: float | None
    number_change_rate_s: float | None  # changes of track number in a second of tracked time; wanted 0
    longest_segment: float | None  # share of an object's life that one track held it unbroken; wanted 1


class SiapSeries(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Counts and ratios at each time, (t,); nan where there is nothing to judge by."""

    object_count: Column
    tracked_count: Column  # objects with a track
    track_count: Column
    owned_count: Column  # tracks on an object
    completeness: Column
    ambiguity: Column
    spuriousness: Column
    position_accuracy_m: Column
    velocity_accuracy_m_s: Column


def owners(distance_m: Column, cutoff_m: float) -> Column:
    """(n,) int64: the object that each track is on, or -1: of (m, n) distances of objects and tracks at one time.

    First one track for each object, so that the sum of squares is least; a track left over belongs to the nearest
    object closer than the cutoff, as one more track on it.
    """
    owner = np.full(distance_m.shape[1], -1, dtype=np.int64)
    if distance_m.size == 0:
        return owner
    pairs = assign(distance_m, cutoff_m)
    owner[pairs[:, 1]] = pairs[:, 0]
    held = np.where(distance_m < cutoff_m, distance_m, np.inf)
    nearest = held.argmin(axis=0)
    is_extra = (owner < 0) & np.isfinite(held.min(axis=0))
    owner[is_extra] = nearest[is_extra]
    return owner


def siap(
    is_object: Column,
    is_track: Column,
    owner: Column,
    position_error_m: Column,
    velocity_error_m_s: Column,
    *,
    step_s: float,
) -> tuple[Siap, SiapSeries, tuple[Continuity, ...]]:
    """SIAP attributes from who is on whom, over t times, ``step_s`` apart, of m objects and n tracks.

    In        is_object            (t, m) bool     whether an object flies at a time
              is_track             (t, n) bool     whether a track is held
              owner                (t, n) int64    object of each track, as from `owners`; -1: none
              position_error_m     (t, n) float64  distance of a track from its object; read where it has one
              velocity_error_m_s   (t, n) float64
    Out       over all times, at each time, and continuity by object
    Source    Votruba, Nisley, Rothrock, Zombro, Single Integrated Air Picture (SIAP) Metrics Implementation, SIAP
              System Engineering Task Force, 2001: sums over time of each count, before the ratio. A change of number
              is counted as there: the fewest track holds that cover the tracked time, less one, over that time
    """
    if is_object.shape[0] != is_track.shape[0] or owner.shape != is_track.shape:
        raise InputError(
            "objects and tracks are told on one grid of times", value=(is_object.shape, is_track.shape, owner.shape),
            remedy="give (t, m), (t, n) and (t, n)",
        )  # fmt: skip
    owned = is_track & (owner >= 0)
    held = [owned & (owner == j) & is_object[:, j : j + 1] for j in range(is_object.shape[1])]
    by_object = tuple(continuity(each) for each in held)
    tracked = np.array([each.any(axis=1) for each in held]).reshape(len(held), len(owner)).sum(axis=0)
    objects, tracks, on = is_object.sum(axis=1), is_track.sum(axis=1), owned.sum(axis=1)
    position = np.where(owned, position_error_m, 0.0).sum(axis=1)
    velocity = np.where(owned, velocity_error_m_s, 0.0).sum(axis=1)
    series = SiapSeries(
        object_count=objects, tracked_count=tracked, track_count=tracks, owned_count=on,
        completeness=_ratios(tracked, objects), ambiguity=_ratios(on, tracked),
        spuriousness=_ratios(tracks - on, tracks), position_accuracy_m=_ratios(position, on),
        velocity_accuracy_m_s=_ratios(velocity, on),
    )  # fmt: skip
    # times one track bridges from one row to the next
    tracked_s = step_s * sum(float((each[1:] & each[:-1]).any(axis=1).sum()) for each in held)
    changes = sum(len(each.segments) - 1 for each in by_object if each.segments)
    lives = float(np.maximum(is_object.sum(axis=0) - 1, 0).sum())
    longest = float(sum(max(each.longest_count - 1, 0) for each in by_object))
    overall = Siap(
        completeness=_ratio(tracked.sum(), objects.sum()),
        ambiguity=_ratio(on.sum(), tracked.sum()),
        spuriousness=_ratio((tracks - on).sum(), tracks.sum()),
        position_accuracy_m=_ratio(position.sum(), on.sum()),
        velocity_accuracy_m_s=_ratio(velocity.sum(), on.sum()),
        number_change_rate_s=_ratio(changes, tracked_s),
        longest_segment=_ratio(longest, lives),
    )
    return overall, series, by_object


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def _ratios(part: Column, whole: Column) -> Column:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
