"""Alerts to units: the life of each, from sent to acknowledged, escalated or stood down."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Message, UnitAlert
from tocsin.views.pick import moment_ns, of_kind


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, one threat and unit."""

    alert: str
    unit: str
    threat: str
    last: UnitAlert
    sent_ns: int
    acknowledged_ns: int | None
    escalated_ns: int | None
    stood_down_ns: int | None
    attempts: int
    revisions: tuple[UnitAlert, ...]


def alerts(messages: Sequence[Message]) -> tuple[AlertView, ...]:
    """Every alert in the order it was first sent."""
    by_alert: dict[str, list[UnitAlert]] = {}
    for alert in of_kind(messages, UnitAlert):
        by_alert.setdefault(alert.alert, []).append(alert)
    return tuple(_view(name, revisions) for name, revisions in by_alert.items())


def _view(name: str, revisions: list[UnitAlert]) -> AlertView:
    def first(state: str) -> int | None:
        return next((moment_ns(a) for a in revisions if a.state == state), None)

    return AlertView(
        alert=name,
        unit=revisions[0].unit,
        threat=revisions[0].threat,
        last=revisions[-1],
        sent_ns=moment_ns(revisions[0]),
        acknowledged_ns=first("acknowledged"),
        escalated_ns=first("escalated"),
        stood_down_ns=first("stood_down"),
        attempts=max(a.attempt for a in revisions),
        revisions=tuple(revisions),
    )
