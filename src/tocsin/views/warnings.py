"""Public warnings: the life of each, what people read, and who was told when."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Message, PublicWarning
from tocsin.views.pick import moment_ns, of_kind

OUT = ("sent", "updated")
"""States that reached people with a warning."""

CLOSINGS = ("ended", "passed", "false_alarm", "exercise_ended")
"""States that reached people with an end to it."""


class ZoneTold(msgspec.Struct, frozen=True, kw_only=True):
    """One zone: when it was first told, and how long it had."""

    zone: str
    name: str
    told_ns: int
    seconds_left: float | None  # to the impact predicted in that revision
    revision: int


class WarningView(msgspec.Struct, frozen=True, kw_only=True):
    """One warning through its revisions."""

    warning: str
    kind: str
    threats: tuple[str, ...]
    last: PublicWarning
    drafted_ns: int
    approved_ns: int | None
    sent_ns: int | None
    closed_ns: int | None
    first_sent: PublicWarning | None
    last_sent: PublicWarning | None
    zones_told: tuple[ZoneTold, ...]
    people_peak_count: int
    revisions: tuple[PublicWarning, ...]


def warnings(messages: Sequence[Message]) -> tuple[WarningView, ...]:
    """Every warning and notice in the order it was drafted."""
    by_name: dict[str, list[PublicWarning]] = {}
    for warning in of_kind(messages, PublicWarning):
        by_name.setdefault(warning.warning, []).append(warning)
    return tuple(_view(name, revisions) for name, revisions in by_name.items())


def seconds_left(warning: PublicWarning) -> float | None:
    """From this revision to the predicted impact, as told."""
    if warning.seconds_left is not None:
        return warning.seconds_left
    return None if warning.impact_ns is None else (warning.impact_ns - moment_ns(warning)) / 1e9


def _view(name: str, revisions: list[PublicWarning]) -> WarningView:
    out = [w for w in revisions if w.state in OUT]
    told: dict[str, ZoneTold] = {}
    for warning in out:
        names = warning.zone_names if len(warning.zone_names) == len(warning.zones) else warning.zones
        for zone, zone_name in zip(warning.zones, names, strict=True):
            if zone not in told:
                told[zone] = ZoneTold(
                    zone=zone,
                    name=zone_name,
                    told_ns=moment_ns(warning),
                    seconds_left=seconds_left(warning),
                    revision=warning.revision,
                )
    approved = next((w for w in revisions if w.state in ("approved", *OUT)), None)
    closed = next((w for w in reversed(revisions) if w.state in CLOSINGS), None)
    return WarningView(
        warning=name,
        kind=revisions[0].kind,
        threats=tuple(dict.fromkeys(t for w in revisions for t in w.threats)),
        last=revisions[-1],
        drafted_ns=moment_ns(revisions[0]),
        approved_ns=moment_ns(approved) if approved else None,
        sent_ns=moment_ns(out[0]) if out else None,
        closed_ns=moment_ns(closed) if closed else None,
        first_sent=out[0] if out else None,
        last_sent=out[-1] if out else None,
        zones_told=tuple(told.values()),
        people_peak_count=max((w.people_count for w in out), default=0),
        revisions=tuple(revisions),
    )
