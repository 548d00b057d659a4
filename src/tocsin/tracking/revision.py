"""What a re-run with late scans changed, as messages. Nothing here changes the memory, but for public numbers."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np

from tocsin.messages import Column, TrackUpdates
from tocsin.tracking.checkpoint import is_same_track
from tocsin.tracking.forward import KINDS, Forward, Telling
from tocsin.tracking.history import Entry, absorbers, places
from tocsin.tracking.output import estimate, joined, updates
from tocsin.tracking.state import TrackerState

_COUNTS = ("radar_count", "infrared_count", "position_count")


@dataclasses.dataclass(slots=True)
class Rerun:
    """A re-run: the memory as it was; tracks below ``known`` are older than the checkpoint."""

    old: TrackerState
    known: int
    before: list[Entry]  # those that are run again, as they were
    late: list[Entry]  # in order


def revision(
    forward: Forward, rerun: Rerun, entries: list[Entry], telling: Telling, is_whole: bool
) -> list[TrackUpdates]:  # fmt: skip
    """Messages: tracks that are no more, and those that changed without a late plot; then, for each late scan, the
    tracks it fed. States are at the end of the late scan, or where later plots have brought them. ``is_whole``: one
    message for all, at the end of the last.

    In        entries   those that were run again, in order
    """
    memory, old, past = forward.state, rerun.old, forward.state.history
    slots, old_slots = memory.alive(), old.alive()
    tracks = memory.id[slots]
    old_slots = old_slots[old.name[old_slots] > 0]
    name = old.name[old_slots]
    kept, was, gone = past.rename(rerun.known, old.id[old_slots], name, tracks, rerun.before, entries)
    memory.name[slots[kept]] = name[was]
    is_changed = np.ones(slots.size, dtype=bool)
    is_changed[kept] = ~is_same_track(memory, slots[kept], old, old_slots[was])
    of = [places(tracks, absorbers(entries, entry.tracks)) for entry in rerun.late]
    fed = [np.bincount(rows[rows >= 0], minlength=slots.size) for rows in of]  # plots by track
    told_alone = [np.zeros(slots.size, dtype=bool) if is_whole else (count > 0) & is_changed for count in fed]
    rest = (is_changed & ~np.any(told_alone, axis=0)).nonzero()[0]
    ids = tuple(e.scan.id for e in rerun.late if e.scan is not None and e.scan.id)
    why = Telling(telling.time_ns, (*telling.causes, *(i for i in ids if i not in telling.causes)))
    last_ns = max(e.time_ns for e in rerun.late)
    first = joined(
        _tell(forward, old, old_slots[gone], last_ns, why, is_dropped=True),
        _tell(forward, memory, slots[rest], last_ns, why),
    )
    out = [first] if first is not None else []
    for i, entry in enumerate(rerun.late):
        rows = told_alone[i].nonzero()[0]
        if entry.scan is None or not rows.size:
            continue
        nis = np.full(slots.size, -1.0)
        at = places(tracks, entry.tracks[: entry.nis.size])  # those that are new have none
        nis[at[at >= 0]] = entry.nis[at >= 0]
        causes = (entry.scan.id, *telling.causes) if entry.scan.id else telling.causes
        told = _tell(
            forward, memory, slots[rows], entry.time_ns, Telling(telling.time_ns, causes), entry.scan.sensor,
            nis=nis[rows], dof=entry.dof,
        )  # fmt: skip
        if told is not None:
            rows = rows[memory.name[slots[rows]].argsort()]
            rows = rows[places(memory.name[slots[rows]], told.track)]  # but those that cannot be told
            later = zip(rerun.late[i + 1 :], fed[i + 1 :], strict=True)
            out.append(_without(told, [(e, count[rows]) for e, count in later]))
    return out


def _tell(
    forward: Forward, memory: TrackerState, slots: Column, to_ns: int, telling: Telling, sensor: str = "", *,
    is_dropped: bool = False, nis: Column | None = None, dof: int = 0,
) -> TrackUpdates | None:  # fmt: skip
    """Slots (n,) and ``nis`` (n,) as a message; None where none of them can be told."""
    if not slots.size:
        return None
    seen = estimate(memory, slots, np.array((to_ns,)), forward.policy.own_prob, forward.par)
    rows = seen.is_sound.nonzero()[0]
    if not rows.size:
        return None
    nis, names = np.full(slots.size, -1.0) if nis is None else nis, memory.named(slots)
    return updates(
        memory, seen, rows, names[rows], sensor, telling.time_ns, telling.causes,
        np.full(rows.size, is_dropped), nis[rows], dof, forward.prior, forward.state.history.revision,
    )  # fmt: skip


def _without(told: TrackUpdates, later: list[tuple[Entry, Column]]) -> TrackUpdates:
    """The counts of plots less those (n,) that later messages of this revision tell of."""
    counts = {name: getattr(told, name).copy() for name in _COUNTS}
    for entry, count in later:
        if entry.scan is not None:
            counts[_COUNTS[KINDS[entry.scan.kind]]] -= count
    for column in counts.values():
        column.flags.writeable = False
    return msgspec.structs.replace(told, **counts)
