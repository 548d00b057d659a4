"""Tracks against truth over a whole run: GOSPA, OSPA, SIAP, continuity, errors and consistency."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.messages import Column
from tocsin.scoring.bins import STATE_DOF, Bin, bins_of, joined, updates_on
from tocsin.scoring.consistency import rmse, share_above
from tocsin.scoring.continuity import purity
from tocsin.scoring.gospa import ALPHA, CUTOFF_M, ORDER, distances_m, gospa, ospa_m
from tocsin.scoring.paths import TrackPath, TruthPath, track_at, truth_at
from tocsin.scoring.siap import Siap, SiapSeries, owners, siap
from tocsin.units import ns_from_s, s_from_ns

GRID_S = 1.0  # s, how often the picture as a whole is judged
STEP_LEAST_S, STEP_MOST_S = 0.001, 86_400.0
MOST_TIMES = 1_000_000  # eleven days of seconds; a recording may have a gap of years
MOST_STATES = 100_000_000  # of objects and tracks at those times: 5 GB


class ObjectScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one object was tracked."""

    object: str
    kind: str
    life_s: float  # on the grid
    first_tracked_s: float | None  # after its first time on the grid
    completeness: float  # share of its life with a track on it
    tracks: tuple[int, ...]  # numbers that held it, in order
    id_switches: int
    breaks: int
    longest_segment: float  # share of its life
    position_rmse_m: float | None  # of all updates of tracks that are mostly on it
    velocity_rmse_m_s: float | None
    nees_ratio: float | None


class TrackingScore(msgspec.Struct, frozen=True, kw_only=True):
    """One run's tracking. Distances are root mean squares over time, so that the parts of GOSPA add in squares."""

    cutoff_m: float
    order: float
    alpha: float
    step_s: float
    from_ns: int
    to_ns: int
    kinds: tuple[str, ...]  # of the objects judged
    object_count: int
    track_count: int  # ever confirmed, and not on an object left out of the judgement
    gospa_m: float
    gospa_localisation_m: float
    gospa_missed_m: float
    gospa_false_m: float
    ospa_m: float
    false_track_s: float  # seconds of confirmed track on nothing
    false_tracks: tuple[int, ...]  # confirmed, and never on anything
    siap: Siap
    purity: float | None
    id_switches: int
    breaks: int
    nees_ratio: float | None
    nees_above_95: float | None
    nis_ratio: float | None
    nis_above_95: float | None
    position_rmse_m: float | None
    velocity_rmse_m_s: float | None
    objects: tuple[ObjectScore, ...]
    bins: tuple[Bin, ...]


class TrackingSeries(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The picture at each time of the grid, (t,) columns; nan where there is nothing to judge by."""

    t_ns: Column
    gospa_m: Column
    gospa_localisation_m: Column
    gospa_missed_m: Column
    gospa_false_m: Column
    missed_count: Column
    false_count: Column
    ospa_m: Column
    siap: SiapSeries


def score_tracking(
    tracks: Sequence[TrackPath],
    truth: Sequence[TruthPath],
    *,
    from_ns: int,
    to_ns: int,
    cutoff_m: float = CUTOFF_M,
    step_s: float = GRID_S,
    kinds: Sequence[str] = (),
) -> tuple[TrackingScore, TrackingSeries]:
    """Join tracks and truth between two times, both within.

    Objects of other ``kinds`` than those named (none named: all) neither count as missed nor make the tracks on
    them false: a track on one is out of the judgement while it is. What a message said arrives later than it is
    valid; that delay is not counted here.
    """
    if not STEP_LEAST_S <= step_s <= STEP_MOST_S:
        raise InputError(
            f"times to judge at are a step above 0 s apart, {STEP_LEAST_S:g} to {STEP_MOST_S:g} s", value=step_s,
            remedy="1 s is usual",
        )  # fmt: skip
    count = (to_ns - from_ns) // ns_from_s(step_s) + 1
    if count > MOST_TIMES or count * (len(tracks) + len(truth)) > MOST_STATES:
        raise InputError(
            f"{count} times to judge {len(truth)} objects and {len(tracks)} tracks at are too many",
            remedy="take a longer step, or a shorter record",
        )  # fmt: skip
    grid_ns = np.arange(from_ns, to_ns + 1, ns_from_s(step_s), dtype=np.int64)
    if not len(grid_ns):
        raise InputError("truth and record share no time", remedy="check that both are of the same run")
    spots = [truth_at(each, grid_ns) for each in truth]
    held = [track_at(each, grid_ns) for each in tracks]
    wanted = np.array([not kinds or each.kind in kinds for each in truth], dtype=bool)
    is_object = _present(spots, len(grid_ns))
    is_track = _present(held, len(grid_ns))
    owner = np.full(is_track.shape, -1, dtype=np.int64)
    errors = np.zeros((2, *is_track.shape))
    rows = []
    for row in range(len(grid_ns)):
        alive, known = np.flatnonzero(is_object[row]), np.flatnonzero(is_track[row])
        places = np.array([spots[j][0][row] for j in alive]).reshape(-1, 3)
        claims = np.array([held[n][0][row] for n in known]).reshape(-1, 3)
        mine = owners(distances_m(places, claims), cutoff_m)
        owner[row, known] = np.where(mine >= 0, alive[mine] if len(alive) else -1, -1)
        for n in known[mine >= 0].tolist():
            for which in (0, 1):
                errors[which, row, n] = np.linalg.norm(held[n][which][row] - spots[owner[row, n]][which][row])
        is_out = (owner[row, known] >= 0) & ~wanted[owner[row, known]]
        is_track[row, known[is_out]] = False
        chosen, judged = places[wanted[alive]], claims[~is_out]
        rows.append((gospa(chosen, judged, cutoff_m=cutoff_m), ospa_m(chosen, judged, cutoff_m=cutoff_m)))
    numbers = np.flatnonzero(wanted)
    renumbered = np.full(len(truth) + 1, -1, dtype=np.int64)  # the last is where -1 points
    renumbered[numbers] = np.arange(len(numbers))
    owner = np.where(is_track, renumbered[owner], -1)
    overall, series, by_object = siap(is_object[:, numbers], is_track, owner, *errors, step_s=step_s)
    _, main, pure = purity(owner)
    on_object = [[n for n in range(len(tracks)) if main[n] == j] for j in range(len(numbers))]
    updates = [updates_on(truth[j], [tracks[n] for n in on_object[i]]) for i, j in enumerate(numbers.tolist())]
    objects = []
    for i, j in enumerate(numbers.tolist()):
        flies = is_object[:, j]
        if not flies.any():
            continue
        first, tracked = int(flies.argmax()), (owner == i).any(axis=1)
        objects.append(
            ObjectScore(
                object=truth[j].name, kind=truth[j].kind, life_s=float(flies.sum()) * step_s,
                first_tracked_s=(int(tracked.argmax()) - first) * step_s if tracked.any() else None,
                completeness=float(tracked.sum() / flies.sum()),
                tracks=tuple(dict.fromkeys(tracks[s.track].track for s in by_object[i].segments)),
                id_switches=by_object[i].id_switches, breaks=by_object[i].breaks,
                longest_segment=by_object[i].longest_count / float(flies.sum()),
                position_rmse_m=rmse(updates[i].position_error_m),
                velocity_rmse_m_s=rmse(updates[i].velocity_error_m_s), nees_ratio=updates[i].nees_ratio(),
            )
        )  # fmt: skip
    every = joined(updates)
    is_judged = is_track.any(axis=0)
    score = TrackingScore(
        cutoff_m=cutoff_m, order=ORDER, alpha=ALPHA, step_s=step_s, from_ns=int(grid_ns[0]), to_ns=int(grid_ns[-1]),
        kinds=tuple(sorted({each.kind for each, is_in in zip(truth, wanted, strict=True) if is_in})),
        object_count=len(objects), track_count=int(is_judged.sum()),
        gospa_m=_rms([each.gospa_m for each, _ in rows]),
        gospa_localisation_m=_rms([each.localisation_m or 0.0 for each, _ in rows]),
        gospa_missed_m=_rms([each.missed_m or 0.0 for each, _ in rows]),
        gospa_false_m=_rms([each.false_m or 0.0 for each, _ in rows]),
        ospa_m=_rms([each for _, each in rows]),
        false_track_s=float((is_track & (owner < 0)).sum()) * step_s,
        false_tracks=tuple(tracks[n].track for n in np.flatnonzero(is_judged & (main < 0)).tolist()),
        siap=overall, purity=pure,
        id_switches=sum(each.id_switches for each in objects), breaks=sum(each.breaks for each in objects),
        nees_ratio=every.nees_ratio(), nees_above_95=share_above(every.nees, STATE_DOF),
        nis_ratio=every.nis_ratio(), nis_above_95=share_above(every.nis, every.nis_dof),
        position_rmse_m=rmse(every.position_error_m), velocity_rmse_m_s=rmse(every.velocity_error_m_s),
        objects=tuple(objects),
        bins=tuple(each for i, j in enumerate(numbers.tolist()) for each in bins_of(truth[j], updates[i])),
    )  # fmt: skip
    parts = ("gospa_m", "localisation_m", "missed_m", "false_m", "missed_count", "false_count")
    columns = [np.array([float(getattr(each, part) or 0) for each, _ in rows]) for part in parts]
    return score, TrackingSeries(
        t_ns=grid_ns, gospa_m=columns[0], gospa_localisation_m=columns[1], gospa_missed_m=columns[2],
        gospa_false_m=columns[3], missed_count=columns[4], false_count=columns[5],
        ospa_m=np.array([each for _, each in rows]), siap=series,
    )  # fmt: skip


def _present(paths: Sequence[tuple[Column, Column]], row_count: int) -> Column:
    """(t, n) bool: where each has a position."""
    columns = [np.isfinite(position[:, 0]) for position, _ in paths]
    return np.array(columns, dtype=bool).reshape(len(paths), row_count).T.copy()


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(sum(each * each for each in values) / max(len(values), 1))


def span_ns(truth: Sequence[TruthPath], scan_ns: Sequence[int]) -> tuple[int, int]:
    """From the first scan to the last, as far as anything is told to have flown; raises InputError where never.

    What is told every ten seconds may fly on after its last row: the span ends with the first such row, so that
    nothing seems to vanish from under its track.
    """
    if not truth or not scan_ns:
        raise InputError("no scan, or nothing that flew", remedy="give the truth that belongs to this record")
    low = max(min(scan_ns), min(int(each.t_ns[0]) for each in truth))
    high = min(max(scan_ns), max(int(each.t_ns[-1]) for each in truth))
    lasts = [(int(each.t_ns[-1]), int(np.diff(each.t_ns).max())) for each in truth]
    high = min([high, *(last_ns for last_ns, gap_ns in lasts if last_ns < high < last_ns + gap_ns)])
    if high < low:
        raise InputError(
            "truth and record share no time", value=f"{s_from_ns(low - high):.0f} s apart",
            remedy="check that both are of the same run, and in ns UTC",
        )  # fmt: skip
    return low, high
