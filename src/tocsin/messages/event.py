"""Event: something worth noting happened inside a stage. Failures during a run are events, not exceptions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field

Severity = Literal["info", "warning", "error"]


class EventKind(msgspec.Struct, frozen=True):
    """Declared once per stage: identifier, severity, text template with named slots."""

    code: Annotated[str, Field("-", "-", "identifier, stage.what")]
    severity: Annotated[Severity, Field("-", "-", "info, warning or error")]
    template: Annotated[str, Field("-", "-", "str.format template")]


class Event(Message, tag="Event", frozen=True, kw_only=True, eq=False):
    """One occurrence of a declared kind."""

    code: Annotated[str, Field("-", "-", "identifier, stage.what")]
    severity: Annotated[Severity, Field("-", "-", "info, warning or error")]
    text: Annotated[str, Field("-", "-", "template filled in")]
    subject: Annotated[str, Field("-", "-", "what it is about: a sensor, track, threat, warning")] = ""


def event(kind: EventKind, *, time_ns: int, subject: str = "", causes: tuple[str, ...] = (), **slots: str) -> Event:
    """An Event of a declared kind with its slots filled in."""
    return Event(
        time_ns=time_ns,
        code=kind.code,
        severity=kind.severity,
        text=kind.template.format(subject=subject, **slots),
        subject=subject,
        causes=causes,
    )
