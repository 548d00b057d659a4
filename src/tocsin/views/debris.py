"""Debris: the latest footprint of each area, and what was found on the ground."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import DebrisArea, Message, Report
from tocsin.views.pick import of_kind


class DebrisView(msgspec.Struct, frozen=True, kw_only=True):
    """One area; ``settled`` is the last revision that rests on a reported event, None while all are predictions."""

    area: str
    threat: str
    last: DebrisArea
    settled: DebrisArea | None
    revisions_count: int


class FindView(msgspec.Struct, frozen=True, kw_only=True):
    """One find and how far its handling came: reported, cordoned, cleared."""

    find: str
    last: Report
    states: tuple[tuple[int, str], ...]


def debris(messages: Sequence[Message]) -> tuple[DebrisView, ...]:
    """Every footprint, in the order it first appeared."""
    by_area: dict[str, list[DebrisArea]] = {}
    for area in of_kind(messages, DebrisArea):
        by_area.setdefault(area.area, []).append(area)
    return tuple(
        DebrisView(
            area=name,
            threat=revisions[-1].threat,
            last=revisions[-1],
            settled=next((d for d in reversed(revisions) if not d.is_predicted), None),
            revisions_count=len(revisions),
        )
        for name, revisions in by_area.items()
    )


def finds(messages: Sequence[Message]) -> tuple[FindView, ...]:
    """Every find reported, in the order it was first reported."""
    by_find: dict[str, list[Report]] = {}
    for report in of_kind(messages, Report):
        if report.kind == "find":
            by_find.setdefault(report.subject, []).append(report)
    return tuple(
        FindView(find=name, last=reports[-1], states=tuple((r.time_ns, r.outcome) for r in reports))
        for name, reports in by_find.items()
    )
