"""Tracks against truth over a whole run: GOSPA, OSPA, SIAP, continuity, errors and consistency."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.messages import Column
from tocsin.scoring.consistency import mean_bounds, nees, rmse, share_above
from tocsin.scoring.continuity import purity
from tocsin.scoring.gospa import ALPHA, CUTOFF_M, ORDER, distances_m, gospa, ospa_m
from tocsin.scoring.paths import TrackPath, TruthPath, track_at, truth_at
from tocsin.scoring.siap import Siap, SiapSeries, owners, siap
from tocsin.units import NS_PER_S, ns_from_s, s_from_ns

GRID_S = 1.0  # s, how often the picture as a whole is judged
BIN_S = 10.0  # s, over which errors and consistency are averaged
_STATE_DOF = 6


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """The track updates on one object in ten seconds of its life. None: nothing to judge by."""

    object: str
    from_s: float  # after the object's first row of truth
    update_count: int
    track_count: int
    position_rmse_m: float
    velocity_rmse_m_s: float
    nees_ratio: float | None  # mean NEES over its six degrees of freedom; wanted 1
    nees_low: float  # the 95 % bounds of that mean, counting each track once: its updates are not independent
    nees_high: float
    nees_above_95: float | None  # share of updates above their own 95 % point; wanted 0.05
    nis_ratio: float | None  # sum of NIS over the sum of its degrees of freedom; wanted 1
    nis_dof: int
    nis_low: float | None  # 95 % bounds: innovations of a matched filter are independent
    nis_high: float | None


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
    if not (math.isfinite(step_s) and step_s > 0.0):
        raise InputError("times to judge at are a step above 0 s apart", value=step_s, remedy="1 s is usual")
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
    updates = [_updates(truth[j], [tracks[n] for n in on_object[i]]) for i, j in enumerate(numbers.tolist())]
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
    every = _joined(updates)
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
        nees_ratio=every.nees_ratio(), nees_above_95=share_above(every.nees, _STATE_DOF),
        nis_ratio=every.nis_ratio(), nis_above_95=share_above(every.nis, every.nis_dof),
        position_rmse_m=rmse(every.position_error_m), velocity_rmse_m_s=rmse(every.velocity_error_m_s),
        objects=tuple(objects),
        bins=tuple(each for i, j in enumerate(numbers.tolist()) for each in _bins(truth[j], updates[i])),
    )  # fmt: skip
    parts = ("gospa_m", "localisation_m", "missed_m", "false_m", "missed_count", "false_count")
    columns = [np.array([float(getattr(each, part) or 0) for each, _ in rows]) for part in parts]
    return score, TrackingSeries(
        t_ns=grid_ns, gospa_m=columns[0], gospa_localisation_m=columns[1], gospa_missed_m=columns[2],
        gospa_false_m=columns[3], missed_count=columns[4], false_count=columns[5],
        ospa_m=np.array([each for _, each in rows]), siap=series,
    )  # fmt: skip


class _Updates(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Every update of the tracks that are mostly on one object, at the update's own time: nothing carried on."""

    after_s: Column  # (k,) after the object's first row
    track: Column
    position_error_m: Column
    velocity_error_m_s: Column
    nees: Column
    nis: Column
    nis_dof: Column

    def nees_ratio(self) -> float | None:
        known = self.nees[np.isfinite(self.nees)]
        return float(known.mean()) / _STATE_DOF if len(known) else None

    def nis_ratio(self) -> float | None:
        dof = int(self.nis_dof.sum())
        return float(self.nis[self.nis_dof > 0].sum()) / dof if dof else None


def _updates(truth: TruthPath, tracks: Sequence[TrackPath]) -> _Updates:
    parts = []
    for path in tracks:
        is_in = path.is_held & (path.t_ns >= truth.t_ns[0]) & (path.t_ns <= truth.t_ns[-1])
        position, velocity = truth_at(truth, path.t_ns[is_in])
        error = np.hstack((path.position_ecef_m[is_in] - position, path.velocity_ecef_m_s[is_in] - velocity))
        parts.append(
            _Updates(
                after_s=(path.t_ns[is_in] - truth.t_ns[0]) / NS_PER_S, track=np.full(len(error), path.track),
                position_error_m=np.linalg.norm(error[:, :3], axis=1),
                velocity_error_m_s=np.linalg.norm(error[:, 3:], axis=1),
                nees=nees(error, path.covariance[is_in]), nis=path.nis[is_in], nis_dof=path.nis_dof[is_in],
            )
        )  # fmt: skip
    return _joined(parts)


def _joined(parts: Sequence[_Updates]) -> _Updates:
    names = _Updates.__struct_fields__
    return _Updates(**{name: np.concatenate([np.empty(0), *(getattr(each, name) for each in parts)]) for name in names})


def _bins(truth: TruthPath, seen: _Updates) -> list[Bin]:
    number = np.floor(seen.after_s / BIN_S).astype(np.int64)
    found = []
    for each in np.unique(number).tolist():
        part = _Updates(**{name: getattr(seen, name)[number == each] for name in _Updates.__struct_fields__})
        track_count, dof = len(np.unique(part.track)), int(part.nis_dof.sum())
        low, high = mean_bounds(track_count, _STATE_DOF)
        nis_bounds = mean_bounds(1, dof) if dof else (None, None)
        found.append(
            Bin(
                object=truth.name, from_s=each * BIN_S, update_count=len(part.after_s), track_count=track_count,
                position_rmse_m=rmse(part.position_error_m) or 0.0,
                velocity_rmse_m_s=rmse(part.velocity_error_m_s) or 0.0,
                nees_ratio=part.nees_ratio(), nees_low=low, nees_high=high,
                nees_above_95=share_above(part.nees, _STATE_DOF), nis_ratio=part.nis_ratio(), nis_dof=dof,
                nis_low=nis_bounds[0], nis_high=nis_bounds[1],
            )
        )  # fmt: skip
    return found


def _present(paths: Sequence[tuple[Column, Column]], row_count: int) -> Column:
    """(t, n) bool: where each has a position."""
    columns = [np.isfinite(position[:, 0]) for position, _ in paths]
    return np.array(columns, dtype=bool).reshape(len(paths), row_count).T.copy()


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(sum(each * each for each in values) / max(len(values), 1))


def span_ns(truth: Sequence[TruthPath], scan_ns: Sequence[int]) -> tuple[int, int]:
    """From the first scan to the last, as far as anything is told to have flown; raises InputError where never."""
    if not truth or not scan_ns:
        raise InputError("no scan, or nothing that flew", remedy="give the truth that belongs to this record")
    low = max(min(scan_ns), min(int(each.t_ns[0]) for each in truth))
    high = min(max(scan_ns), max(int(each.t_ns[-1]) for each in truth))
    if high < low:
        raise InputError(
            "truth and record share no time", value=f"{s_from_ns(low - high):.0f} s apart",
            remedy="check that both are of the same run, and in ns UTC",
        )  # fmt: skip
    return low, high
