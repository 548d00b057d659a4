"""What the map formats draw: the last word on each thing, gathered once from messages in handled order."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from tocsin.messages import Assessment, Column, DebrisArea, Engagement, Message, PublicWarning, TrackUpdates, UnitAlert

MARKINGS = {
    "exercise": "EXERCISE - notional parameters",
    "test": "TEST",
    "live": "DRAFT - not an alert",
}
"""What every picture says of itself, by the origin of its messages."""


class TrackPath(msgspec.Struct):
    """A track's path, thinned."""

    track: int
    status: str
    t_ns: Column  # (k,) int64, rising
    position_ecef_m: Column  # (k, 3)


class Picture(msgspec.Struct):
    """The last revision of each thing by its name; ``first_ns`` to ``last_ns`` spans all that was handled."""

    marking: str
    first_ns: int
    last_ns: int
    tracks: list[TrackPath]
    threats: dict[str, Assessment]
    debris: dict[str, DebrisArea]
    warnings: dict[str, PublicWarning]
    alerts: dict[str, UnitAlert]
    engagements: dict[str, Engagement]
    threat_of_track: dict[int, Assessment]


def picture_of(messages: Iterable[Message], *, spacing_s: float = 2.0, confirmed_only: bool = True) -> Picture:
    """Gather a picture; states of a track closer than ``spacing_s`` are thinned, its last is kept.

    ``confirmed_only`` leaves out tracks that never were confirmed: false plots start many.
    """
    picture = Picture(MARKINGS["exercise"], 1 << 62, 0, [], {}, {}, {}, {}, {}, {})
    states: dict[int, list[tuple[int, Column]]] = {}
    statuses: dict[int, str] = {}
    was_confirmed: set[int] = set()
    for message in messages:
        moment_ns = message.arrival_ns or message.time_ns
        picture.first_ns, picture.last_ns = min(picture.first_ns, moment_ns), max(picture.last_ns, moment_ns)
        picture.marking = MARKINGS[message.origin]
        if isinstance(message, TrackUpdates):
            for row, (track, t_ns) in enumerate(zip(message.track.tolist(), message.t_ns.tolist(), strict=True)):
                states.setdefault(track, []).append((t_ns, message.position_ecef_m[row]))
                statuses[track] = message.status[row]
                if message.status[row] == "confirmed":
                    was_confirmed.add(track)
        elif isinstance(message, Assessment):
            picture.threats[message.threat] = picture.threat_of_track[message.track] = message
        elif isinstance(message, DebrisArea):
            picture.debris[message.area] = message
        elif isinstance(message, PublicWarning):
            picture.warnings[message.warning] = message
        elif isinstance(message, UnitAlert):
            picture.alerts[message.alert] = message
        elif isinstance(message, Engagement):
            picture.engagements[message.engagement] = message
    picture.first_ns = min(picture.first_ns, picture.last_ns)
    for track in sorted(states):
        if track in was_confirmed or not confirmed_only:
            picture.tracks.append(_thinned(track, statuses[track], states[track], round(spacing_s * 1e9)))
    return picture


def _thinned(track: int, status: str, states: list[tuple[int, Column]], spacing_ns: int) -> TrackPath:
    kept: list[tuple[int, Column]] = []
    ordered = sorted(states, key=lambda state: state[0])
    for t_ns, position in ordered:
        if not kept or t_ns - kept[-1][0] >= spacing_ns:
            kept.append((t_ns, position))
    if ordered[-1][0] > kept[-1][0]:
        kept.append(ordered[-1])
    return TrackPath(track, status, np.array([t for t, _ in kept], dtype=np.int64), np.array([p for _, p in kept]))
