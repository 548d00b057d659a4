"""Tracks: the path of every track, thinned, with what was made of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.formats.stretches import State, carried, state_of, stretches
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
    t_ns: Column  # (k,) int64, of the states that rest on plots
    position_ecef_m: Column  # (k, 3)
    velocity_ecef_m_s: Column  # (k, 3)
    stretches: tuple[tuple[int, int], ...]  # rows, from and before which; between them no plot fed the track
    carried: tuple[tuple[Column, Column], ...]  # there and after the last: times (j,) int64 ns, positions (j, 3)
    contacts_ns: dict[str, tuple[tuple[int, int], ...]]  # sensor -> spans in which it fed the track


CONTACT_GAP_NS = 15 * NS_PER_S
"""A sensor that gave nothing for longer had lost contact: its next plot starts a new span."""


class _Gathered:
    """Mutable while the record is walked once."""

    def __init__(self) -> None:
        self.last: tuple[TrackUpdates, int] | None = None
        self.was_confirmed = False
        self.first_ns = 1 << 62
        self.plotted_ns: int | None = None
        self.states: list[State] = []
        self.contacts: dict[str, list[list[int]]] = {}


def tracks(messages: Sequence[Message], *, spacing_s: float = 2.0) -> tuple[TrackView, ...]:
    """Every track in order of its number; states closer than ``spacing_s`` are thinned, the last plot's is kept."""
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
            state = state_of(update, row, kept.plotted_ns)
            kept.states.append(state)
            kept.plotted_ns = int(update.last_ns[row])
            if update.sensor and state.is_plot:
                spans = kept.contacts.setdefault(update.sensor, [[times[row], times[row]]])
                if times[row] - spans[-1][1] > CONTACT_GAP_NS:
                    spans.append([times[row], times[row]])
                spans[-1][1] = max(spans[-1][1], times[row])
    return tuple(_view(track, found[track], spacing_ns) for track in sorted(found))


def _view(track: int, kept: _Gathered, spacing_ns: int) -> TrackView:
    assert kept.last is not None  # made together with its first row
    update, row = kept.last
    parts = stretches(kept.states, spacing_ns)
    states = [state for part in parts for state in part]
    ends = list(itertools.accumulate(len(part) for part in parts))
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
        t_ns=np.array([s.t_ns for s in states], dtype=np.int64),
        position_ecef_m=np.array([s.position_ecef_m for s in states]),
        velocity_ecef_m_s=np.array([s.velocity_ecef_m_s for s in states]),
        stretches=tuple(zip([0, *ends[:-1]], ends, strict=True)),
        carried=tuple(carried(kept.states, parts)),
        contacts_ns={sensor: tuple((a, b) for a, b in spans) for sensor, spans in sorted(kept.contacts.items())},
    )
