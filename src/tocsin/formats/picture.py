"""What the map formats draw: the last word on each thing, gathered once from messages in handled order."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin.formats.stretches import State, carried, state_of, stretches
from tocsin.messages import Assessment, Column, DebrisArea, Engagement, Message, PublicWarning, TrackUpdates, UnitAlert

MARKINGS = {
    "exercise": "EXERCISE - notional parameters",
    "test": "TEST",
    "live": "DRAFT - not an alert",
}
"""What every picture says of itself, by the origin of its messages."""


class TrackPath(msgspec.Struct):
    """A track's path, thinned, parted where it was carried on without plots."""

    track: int
    status: str
    stretches: list[list[State]]  # that rest on plots; never empty
    carried: list[tuple[Column, Column]]  # between and after them: times (k,) int64 ns, positions (k, 3)


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
    """Gather a picture; states of a track closer than ``spacing_s`` are thinned, its last with a plot is kept.

    ``confirmed_only`` leaves out tracks that never were confirmed: false plots start many.
    """
    picture = Picture(MARKINGS["exercise"], 1 << 62, 0, [], {}, {}, {}, {}, {}, {})
    states: dict[int, list[State]] = {}
    plotted_ns: dict[int, int] = {}
    statuses: dict[int, str] = {}
    was_confirmed: set[int] = set()
    for message in messages:
        moment_ns = message.arrival_ns or message.time_ns
        picture.first_ns, picture.last_ns = min(picture.first_ns, moment_ns), max(picture.last_ns, moment_ns)
        picture.marking = MARKINGS[message.origin]
        if isinstance(message, TrackUpdates):
            for row, track in enumerate(message.track.tolist()):
                states.setdefault(track, []).append(state_of(message, row, plotted_ns.get(track)))
                plotted_ns[track] = int(message.last_ns[row])
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
            parts = stretches(states[track], round(spacing_s * 1e9))
            picture.tracks.append(TrackPath(track, statuses[track], parts, carried(states[track], parts)))
    return picture
