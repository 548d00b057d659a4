"""The ledger: every message as one line - when, which, what, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tocsin.messages import (
    Assessment,
    Command,
    DebrisArea,
    Detections,
    Engagement,
    Event,
    Message,
    Posture,
    PublicWarning,
    Report,
    Scan,
    SensorHealth,
    SensorStatus,
    SensorTask,
    Statement,
    Tick,
    TrackUpdates,
    UnitAlert,
)
from tocsin.views.pick import moment_ns


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One message in one line."""

    time_ns: int
    id: str
    kind: str
    source: str
    what: str
    causes: tuple[str, ...]


def ledger(messages: Sequence[Message]) -> tuple[Line, ...]:
    """Every message, in handled order."""
    return tuple(line(message) for message in messages)


def line(message: Message) -> Line:
    """One message as its line."""
    return Line(
        time_ns=moment_ns(message),
        id=message.id,
        kind=type(message).__name__,
        source=message.source,
        what=_WHAT[type(message)](message),
        causes=message.causes,
    )


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _plots(count: int) -> str:
    return f"{count} plot{'' if count == 1 else 's'}"


def _tracks(m: TrackUpdates) -> str:
    told = [f"{track} {status}" for track, status in zip(m.track.tolist(), m.status, strict=True)]
    shown = ", ".join(told[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else "")
    return f"tracks after {m.sensor or 'a tick'}: {shown or 'none changed'}"


def _assessment(m: Assessment) -> str:
    prob = max(m.class_prob, default=0.0)
    return f"{m.threat} is {m.best_class} ({prob:.0%}), rung {m.rung}{_because(m.reason)}"


_WHAT: dict[type[Message], Callable[[Any], str]] = {
    Scan: lambda m: f"scan {m.sequence} of {m.sensor}: {_plots(m.plot_count)}",
    SensorStatus: lambda m: f"{m.sensor} says it is {'operating' if m.is_operating else 'off'}{_because(m.note)}",
    Report: lambda m: f"{m.reporter} reports {m.kind} of {m.subject}: {m.outcome or 'done'} {m.text}".rstrip(),
    Command: lambda m: f"{m.actor}: {m.action} {m.subject}{_because(m.reason)}".rstrip(),
    Tick: lambda m: f"tick {m.sequence}",
    Detections: lambda m: f"{_plots(m.plot_count)} of {m.sensor} believed, {m.rejected_count} not",
    SensorHealth: lambda m: f"{m.sensor} is {m.state}{_because(m.reason)}",
    TrackUpdates: _tracks,
    SensorTask: lambda m: f"{m.sensor} is asked to look at track {m.track}",
    Assessment: _assessment,
    Posture: lambda m: f"posture {m.level}, concurrence {m.concurrence}",
    UnitAlert: lambda m: f"{m.alert} to {m.unit}: {m.state}",
    Engagement: lambda m: f"{m.engagement} by {m.site}: {m.state}{_because(m.reason)}",
    DebrisArea: lambda m: f"{m.area}: {m.kind} debris, {'predicted' if m.is_predicted else 'after the event'}",
    PublicWarning: lambda m: f"{m.warning} revision {m.revision}: {m.state}{_because(m.reason)}",
    Statement: lambda m: f"{m.statement} to {m.audience}: {m.state}, {len(m.sentences)} sentences",
    Event: lambda m: f"{m.severity}: {m.text}",
}
