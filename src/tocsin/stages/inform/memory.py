"""All that the stage remembers, each fact with the records that support it, and the events it declares."""

from __future__ import annotations

import msgspec

from tocsin.messages import EventKind, Statement


class Incident(msgspec.Struct, kw_only=True):
    """One threat, as far as a statement may need it. Ids are of the messages that say so."""

    threat: str
    rung: str = "NONE"
    first_ns: int = 0  # launch as first estimated, else first judged a threat
    first_id: str = ""
    latest_id: str = ""
    impact_ns: int | None = None
    launched_ns: int | None = None
    launched_id: str = ""
    outcome: str = ""  # hit | miss | unknown
    outcome_id: str = ""
    outcome_ns: int = 0
    open_shots: list[str] = []  # engagements launched whose outcome is not reported
    is_alerted: bool = False


class Finding(msgspec.Struct, kw_only=True):
    """Where debris may lie, or an object found."""

    places: list[str]
    cause: str


class Draft(msgspec.Struct, kw_only=True):
    """One statement to one audience."""

    statement: str
    audience: str
    revision: int = 0
    state: str = "none"  # none | draft | released
    message: Statement | None = None  # as drafted, until released


class InformState(msgspec.Struct, kw_only=True):
    """Everything."""

    incidents: dict[str, Incident] = {}
    areas: dict[str, Finding] = {}
    finds: dict[str, str] = {}  # find -> id of the report
    told_ns: int | None = None  # first time people were warned
    told_id: str = ""
    told_people: int = 0
    raised_id: str = ""  # posture above its initial level
    concurred_id: str = ""
    drafts: dict[str, Draft] = {}
    round: int = 0
    said: str = ""  # the facts last drafted: a change means a new revision
    heard_by: list[str] = []  # audiences of this round it was released to


REFUSED = EventKind("inform.refused", "warning", "{subject}: {actor} asked to release it, refused: {why}")
RELEASED = EventKind("inform.released", "info", "{subject} released to the {audience} by {actor}")
