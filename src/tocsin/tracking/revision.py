"""What a re-run with late scans changed, as messages. Nothing here changes the memory, but for public numbers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable

import msgspec
import numpy as np

from tocsin.messages import Column, TrackUpdates
from tocsin.tracking.checkpoint import is_same_track
from tocsin.tracking.forward import KINDS, Forward, Telling
from tocsin.tracking.history import Entry, History
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
    slots, old_slots = _slots(memory), _slots(old)
    heir, gone = past.rename(rerun.known, list(slots), rerun.before, entries)
    kept = [track for track in slots if track in heir]
    is_same = is_same_track(
        memory, _array(slots[track] for track in kept), old, _array(old_slots[heir[track]] for track in kept)
    )  # fmt: skip
    changed = slots.keys() - {track for track, same in zip(kept, is_same.tolist(), strict=True) if same}
    into = {younger: older for entry in entries for younger, older in entry.absorbed}
    fed = {} if is_whole else {e.serial: {_last(track, into) for track, _ in e.used} & changed for e in rerun.late}
    rest = changed.difference(*fed.values())
    ids = tuple(e.scan.id for e in rerun.late if e.scan is not None and e.scan.id)
    why = Telling(telling.time_ns, (*telling.causes, *(i for i in ids if i not in telling.causes)))
    last_ns = max(e.time_ns for e in rerun.late)
    first = joined(
        _tell(forward, old, {old_slots[track]: name for track, name in gone.items()}, last_ns, why, is_dropped=True),
        _tell(forward, memory, _named(past, slots, rest), last_ns, why),
    )
    out = [first] if first is not None else []
    for entry in rerun.late:
        if entry.scan is None or not fed.get(entry.serial):
            continue
        named = _named(past, slots, fed[entry.serial])
        by_track = zip(entry.tracks.tolist(), entry.nis.tolist(), strict=False)  # those that are new have none
        nis = {slots[track]: value for track, value in by_track if track in fed[entry.serial]}
        causes = (entry.scan.id, *telling.causes) if entry.scan.id else telling.causes
        told = _tell(
            forward, memory, named, entry.time_ns, Telling(telling.time_ns, causes), entry.scan.sensor,
            nis=nis, dof=entry.dof,
        )  # fmt: skip
        if told is not None:
            later = rerun.late[rerun.late.index(entry) + 1 :]
            out.append(_without(told, later, {past.names[t]: t for t in fed[entry.serial]}, into))
    return out


def _tell(
    forward: Forward, memory: TrackerState, named: dict[int, int], to_ns: int, telling: Telling, sensor: str = "", *,
    is_dropped: bool = False, nis: dict[int, float] | None = None, dof: int = 0,
) -> TrackUpdates | None:  # fmt: skip
    """Slots and their public numbers as a message; None where none of them can be told."""
    past = forward.state.history
    if not named:
        return None
    seen = estimate(memory, _array(named), to_ns, forward.policy.own_prob, forward.par)
    rows = seen.is_sound.nonzero()[0]
    named = {slot: name for (slot, name), ok in zip(named.items(), seen.is_sound, strict=True) if ok}
    if not named:
        return None
    values = np.array([(nis or {}).get(slot, -1.0) for slot in named])
    return updates(
        memory, seen, rows, list(named.values()), to_ns, sensor, telling.time_ns, telling.causes,
        np.full(len(named), is_dropped), values, dof, forward.prior, past.revision,
    )  # fmt: skip


def _without(told: TrackUpdates, later: list[Entry], track_of: dict[int, int], into: dict[int, int]) -> TrackUpdates:
    """The counts of plots less those that later messages of this revision tell of."""
    counts = {name: getattr(told, name).copy() for name in _COUNTS}
    for entry in later:
        if entry.scan is not None:
            fed = Counter(_last(track, into) for track, _ in entry.used)
            counts[_COUNTS[KINDS[entry.scan.kind]]] -= _array(fed[track_of[name]] for name in told.track.tolist())
    for column in counts.values():
        column.flags.writeable = False
    return msgspec.structs.replace(told, **counts)


def _slots(memory: TrackerState) -> dict[int, int]:
    """Track -> slot, of those alive."""
    alive = memory.alive()
    return dict(zip(memory.id[alive].tolist(), alive.tolist(), strict=True))


def _named(past: History, slots: dict[int, int], tracks: set[int]) -> dict[int, int]:
    """Slot -> public number, in order of track."""
    ordered = sorted(tracks)
    return dict(zip([slots[track] for track in ordered], past.named(ordered), strict=True))


def _array(values: Iterable[int]) -> Column:
    return np.fromiter(values, dtype=np.int64)


def _last(track: int, into: dict[int, int]) -> int:
    while track in into:
        track = into[track]
    return track
