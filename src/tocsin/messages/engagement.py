"""Engagement: a simulated engagement by a notional site. No guidance, no dynamics, a reach-in-time table only."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message, Vec3
from tocsin.messages.field import Field

EngagementState = Literal["no_window", "planned", "authorised", "held", "launched", "hit", "miss", "unknown", "expired"]


class Engagement(Message, tag="Engagement", frozen=True, kw_only=True, eq=False):
    """One site against one threat; every change of state is a new revision. Times are predictions until launched."""

    engagement: Annotated[str, Field("-", "-", "name of the engagement")]
    revision: Annotated[int, Field("count", "-", "running number from 1")]
    state: Annotated[EngagementState, Field("-", "-", "where it stands")]
    threat: Annotated[str, Field("-", "-", "threat engaged")]
    track: Annotated[int, Field("count", "-", "track of that threat")]
    site: Annotated[str, Field("-", "-", "notional site")]
    shots: Annotated[int, Field("count", "-", "interceptors in this launch")] = 0
    shots_left: Annotated[int, Field("count", "-", "magazine of the site afterwards")] = 0
    kill_prob: Annotated[float, Field("prob", "-", "stated single-shot probability of kill")] = 0.0
    earliest_launch_ns: Annotated[int | None, Field("ns", "utc", "first launch that still reaches")] = None
    latest_launch_ns: Annotated[int | None, Field("ns", "utc", "last launch that still reaches")] = None
    looks: Annotated[int, Field("count", "-", "shots that fit one after the other with a look between")] = 0
    launch_ns: Annotated[int | None, Field("ns", "utc", "simulated launch")] = None
    intercept_ns: Annotated[int | None, Field("ns", "utc", "predicted intercept")] = None
    intercept_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "predicted intercept point")] = None
    intercept_velocity_ecef_m_s: Annotated[Vec3 | None, Field("m/s", "ecef", "threat's velocity there")] = None
    authorised_by: Annotated[str, Field("-", "-", "named role, or the pre-agreed rule")] = ""
    reason: Annotated[str, Field("-", "-", "why it stands there, in words")] = ""
