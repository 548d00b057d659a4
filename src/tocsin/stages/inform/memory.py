"""All that the stage remembers, each fact with the records that support it, and the events it declares."""

from __future__ import annotations

import msgspec

from tocsin.messages import EventKind, Statement


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of fact, the sentence that says it, the sentence's slots, and the records behind it."""

    kind: str  # as in the release rules
    sentence: str  # as in the texts
    slots: dict[str, str] = {}
    evidence: tuple[str, ...]


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
    casualties: str = ""  # none | some, as the one authority last reported
    casualties_id: str = ""


class Area(msgspec.Struct, kw_only=True):
    """Where debris may lie: districts of the host nation and others, largest first."""

    home: list[str]
    abroad: list[str]
    people_count: int
    cause: str


class Find(msgspec.Struct, kw_only=True):
    """An object found, or as it is reported."""

    find: str
    outcome: str
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
    areas: dict[str, Area] = {}
    finds: dict[str, Find] = {}
    heard_find: Find | None = None  # the last report of a find; the warning desk has not taken it yet
    told_ns: int | None = None  # first time people were warned
    told_id: str = ""
    told_people: int = 0
    raised_id: str = ""  # posture above the level at the start
    concurred_id: str = ""
    drafts: dict[str, Draft] = {}
    round: int = 0
    facts: list[Fact] = []  # of this round; settled once the first audience has heard them
    heard_by: list[str] = []  # audiences of this round it was released to


REPORT_REFUSED = EventKind("inform.report_refused", "warning", "casualty report on {subject}: no effect, {why}")
REFUSED = EventKind("inform.refused", "warning", "{subject}: {actor} asked to release it, refused: {why}")
RELEASED = EventKind("inform.released", "info", "{subject} released to the {audience} by {actor}")
