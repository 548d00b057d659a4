"""Posture: the slow loop. Level names and effects are fictional, exercise-defined data."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field

Concurrence = Literal["none", "recommended", "under_silence", "standing", "objected", "under_review", "lowered"]


class Posture(Message, tag="Posture", frozen=True, kw_only=True, eq=False):
    """The alliance's posture; sent at the start and on every change."""

    level: Annotated[str, Field("-", "-", "fictional level in force")]
    concurrence: Annotated[Concurrence, Field("-", "-", "where the members' concurrence stands")]
    crew_reaction_s: Annotated[float, Field("s", "-", "reaction time of a crew at this level")]
    members_count: Annotated[int, Field("count", "-", "members asked")]
    objections: Annotated[tuple[str, ...], Field("-", "-", "members that object, in writing")] = ()
    silence_until_ns: Annotated[int | None, Field("ns", "utc", "deadline of the silence procedure")] = None
    level_until_ns: Annotated[int | None, Field("ns", "utc", "the commander's stated limit")] = None
    is_review_open: Annotated[bool, Field("-", "-", "'until the threat subsides' has not been closed")] = False
    decided_by: Annotated[str, Field("-", "-", "who set the level")] = ""
