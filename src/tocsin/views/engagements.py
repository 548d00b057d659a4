"""Engagements: what each notional site could do, did, and what was reported of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Engagement, Message
from tocsin.views.pick import moment_ns, of_kind

LAUNCHED = ("launched", "hit", "miss", "unknown")
"""States an engagement can only be in once an interceptor has left."""


class EngagementView(msgspec.Struct, frozen=True, kw_only=True):
    """One engagement; ``window`` is the widest ever offered."""

    engagement: str
    site: str
    threat: str
    last: Engagement
    planned_ns: int
    authorised_ns: int | None
    launch_ns: int | None
    intercept_ns: int | None
    outcome: str  # hit, miss, unknown, or empty: none reported
    outcome_ns: int | None
    window: tuple[int, int] | None
    revisions: tuple[Engagement, ...]


def engagements(messages: Sequence[Message]) -> tuple[EngagementView, ...]:
    """Every engagement in the order it was first considered."""
    by_name: dict[str, list[Engagement]] = {}
    for engagement in of_kind(messages, Engagement):
        by_name.setdefault(engagement.engagement, []).append(engagement)
    return tuple(_view(name, revisions) for name, revisions in by_name.items())


def _view(name: str, revisions: list[Engagement]) -> EngagementView:
    last = revisions[-1]
    flown = next((e for e in revisions if e.state in LAUNCHED), None)
    ended = next((e for e in reversed(revisions) if e.state in ("hit", "miss", "unknown")), None)
    authorised = next((e for e in revisions if e.state == "authorised"), None)
    opens = [e.earliest_launch_ns for e in revisions if e.earliest_launch_ns is not None]
    closes = [e.latest_launch_ns for e in revisions if e.latest_launch_ns is not None]
    return EngagementView(
        engagement=name,
        site=last.site,
        threat=last.threat,
        last=last,
        planned_ns=moment_ns(revisions[0]),
        authorised_ns=moment_ns(authorised) if authorised else None,
        launch_ns=(flown.launch_ns or moment_ns(flown)) if flown else None,
        intercept_ns=next((e.intercept_ns for e in (ended, flown, last) if e and e.intercept_ns is not None), None),
        outcome=ended.state if ended else "",
        outcome_ns=moment_ns(ended) if ended else None,
        window=(min(opens), max(closes)) if opens and closes and min(opens) <= max(closes) else None,
        revisions=tuple(revisions),
    )
