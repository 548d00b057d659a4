"""PublicWarning: what is drafted, approved, sent, revised and closed for the people below."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import msgspec

from tocsin.messages.envelope import Column, Message
from tocsin.messages.field import Field


class AlertStatus(enum.Enum):
    """The only statuses an outgoing message can have. There is no fourth, and nothing can make one."""

    EXERCISE = "Exercise"
    TEST = "Test"
    DRAFT = "Draft"


WarningState = Literal[
    "draft",
    "approved",
    "rejected",
    "sent",
    "updated",
    "ended",
    "passed",
    "false_alarm",
    "expired",
    "exercise_ended",
]
WarningKind = Literal["missile", "debris"]
MsgType = Literal["Alert", "Update", "Cancel"]
Purpose = Literal["warning", "update", "passed", "ended", "false_alarm", "exercise_ended"]


class WarningText(msgspec.Struct, frozen=True, kw_only=True):
    """One language's rendering, as people read it."""

    language: Annotated[str, Field("-", "-", "BCP 47 tag")]
    event: Annotated[str, Field("-", "-", "hazard in a few words")]
    headline: Annotated[str, Field("-", "-", "one line, exercise marker first and last")]
    description: Annotated[str, Field("-", "-", "source, hazard, location, time, impact")]
    instruction: Annotated[str, Field("-", "-", "one action first")]
    area_text: Annotated[str, Field("-", "-", "places a person knows")]
    reviewed_by: Annotated[str, Field("-", "-", "who reviewed the translation; empty: unreviewed")] = ""


class PublicWarning(Message, tag="PublicWarning", frozen=True, kw_only=True, eq=False):
    """One revision of one warning."""

    warning: Annotated[str, Field("-", "-", "name of the warning, kept through its revisions")]
    revision: Annotated[int, Field("count", "-", "running number from 1")]
    revises: Annotated[int, Field("count", "-", "revision this one replaces; 0: none")]
    kind: Annotated[WarningKind, Field("-", "-", "missile warning, or debris and unexploded-ordnance notice")]
    state: Annotated[WarningState, Field("-", "-", "where it stands in its life")]
    status: Annotated[AlertStatus, Field("-", "-", "Exercise, Test or Draft")]
    msg_type: Annotated[MsgType, Field("-", "-", "CAP message type")]
    certainty: Annotated[Literal["Observed", "Likely", "Possible"], Field("-", "-", "CAP certainty, from the ladder")]
    purpose: Annotated[Purpose, Field("-", "-", "what its text tells people; a draft may be that of a closing")] = (
        "warning"
    )
    threats: Annotated[tuple[str, ...], Field("-", "-", "threats it covers")]
    zones: Annotated[tuple[str, ...], Field("-", "-", "zones warned by this revision")]
    zones_told: Annotated[tuple[str, ...], Field("-", "-", "every zone that any revision reached")] = ()
    zone_names: Annotated[tuple[str, ...], Field("-", "-", "names of the zones, in the order of zones")] = ()
    people_count: Annotated[int, Field("people", "-", "people living in the zones")] = 0
    area_deg: Annotated[tuple[Column, ...], Field("deg", "geodetic", "closed (k, 2) lat, lon polygons")] = ()
    impact_ns: Annotated[int | None, Field("ns", "utc", "predicted impact as told")] = None
    onset_ns: Annotated[int | None, Field("ns", "utc", "danger begins: predicted impact, or first debris down")] = None
    seconds_left: Annotated[float | None, Field("s", "-", "from this revision to predicted impact")] = None
    expires_ns: Annotated[int, Field("ns", "utc", "expiry every warning carries")]
    texts: Annotated[tuple[WarningText, ...], Field("-", "-", "one per language")]
    channels: Annotated[tuple[str, ...], Field("-", "-", "simulated channels it went to")] = ()
    drafted_by: Annotated[str, Field("-", "-", "person or stage that drafted it")] = ""
    approved_by: Annotated[str, Field("-", "-", "second person; never the drafter")] = ""
    is_degraded: Annotated[bool, Field("-", "-", "drafted in degraded mode")] = False
    reason: Annotated[str, Field("-", "-", "why this revision, in words")] = ""
