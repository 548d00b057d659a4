"""Tracks: the path of every track, thinned, with what was made of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.messages import Column, Message, TrackUpdates
from tocsin.units import NS_PER_S
from tocsin.views.pick import of_kind


class TrackView(msgspec.Struct, frozen=True, kw_only=True):
    """One track; columns run over its thinned path, at most one state per ``spacing`` of the view."""

    track: int
    status: str
    was_confirmed: bool
    first_ns: int
    last_ns: int
    radar_count: int
    infrared_count: int
    position_count: int
    sensors: tuple[str, ...]
    t_ns: Column  # (k,) int64
    position_ecef_m: Column  # (k, 3)
    velocity_ecef_m_s: Column  # (k, 3)
    contacts_ns: dict[str, tuple[tuple[int, int], ...]]  # sensor -> spans in which it fed the track


CONTACT_GAP_NS = 15 * NS_PER_S
"""A sensor that gave nothing for longer had lost contact: its next plot starts a new span."""


class _Gathered:
    """Mutable while the record is walked once."""

    def __init__(self) -> None:
        self.last: tuple[TrackUpdates, int] | None = None
        self.was_confirmed = False
        self.first_ns = 1 << 62
        self.kept: list[tuple[int, TrackUpdates, int]] = []
        self.contacts: dict[str, list[list[int]]] = {}


def tracks(messages: Sequence[Message], *, spacing_s: float = 2.0) -> tuple[TrackView, ...]:
    """Every track in order of its number; states closer than ``spacing_s`` are thinned, the last is kept."""
    spacing_ns = round(spacing_s * 1e9)
    found: dict[int, _Gathered] = {}
    for update in of_kind(messages, TrackUpdates):
        times = update.t_ns.tolist()
        firsts = update.first_ns.tolist()
        for row, track in enumerate(update.track.tolist()):
            kept = found.get(track)
            if kept is None:
                kept = found[track] = _Gathered()
            kept.last = (update, row)
            kept.first_ns = min(kept.first_ns, firsts[row])
            kept.was_confirmed = kept.was_confirmed or update.status[row] == "confirmed"
            if update.sensor:
                spans = kept.contacts.setdefault(update.sensor, [[times[row], times[row]]])
                if times[row] - spans[-1][1] > CONTACT_GAP_NS:
                    spans.append([times[row], times[row]])
                spans[-1][1] = max(spans[-1][1], times[row])
            if not kept.kept or times[row] - kept.kept[-1][0] >= spacing_ns:
                kept.kept.append((times[row], update, row))
    return tuple(_view(track, found[track]) for track in sorted(found))


def _view(track: int, kept: _Gathered) -> TrackView:
    assert kept.last is not None  # made together with its first row
    update, row = kept.last
    states = list(kept.kept)
    if int(update.t_ns[row]) > states[-1][0]:
        states.append((int(update.t_ns[row]), update, row))
    return TrackView(
        track=track,
        status=update.status[row],
        was_confirmed=kept.was_confirmed,
        first_ns=kept.first_ns,
        last_ns=int(update.last_ns[row]),
        radar_count=int(update.radar_count[row]),
        infrared_count=int(update.infrared_count[row]),
        position_count=int(update.position_count[row]),
        sensors=update.sensors[row] if row < len(update.sensors) else tuple(sorted(kept.contacts)),
        t_ns=np.array([t for t, _, _ in states], dtype=np.int64),
        position_ecef_m=np.array([u.position_ecef_m[r] for _, u, r in states]),
        velocity_ecef_m_s=np.array([u.velocity_ecef_m_s[r] for _, u, r in states]),
        contacts_ns={sensor: tuple((a, b) for a, b in spans) for sensor, spans in sorted(kept.contacts.items())},
    )
