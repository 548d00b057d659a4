"""Command: what a person with a role decides. Stages enforce roles and the second person."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field

Action = Literal[
    "raise_posture",
    "recommend_posture",
    "concur",
    "object",
    "lower_posture",
    "close_review",
    "draft_warning",
    "approve_warning",
    "reject_warning",
    "stop_repeat",
    "cancel_warning",
    "end_warning",
    "end_exercise",
    "authorise_engagement",
    "hold_engagement",
    "approve_statement",
    "refute_threat",
]


class Command(Message, tag="Command", frozen=True, kw_only=True, eq=False):
    """A decision by a named person."""

    actor: Annotated[str, Field("-", "-", "name of the person, as in the scenario's roles")]
    action: Annotated[Action, Field("-", "-", "what is decided")]
    subject: Annotated[str, Field("-", "-", "warning, engagement, threat or statement decided on")] = ""
    revision: Annotated[int, Field("count", "-", "revision of the subject the person saw")] = 0
    level: Annotated[str, Field("-", "-", "posture level asked for")] = ""
    until_ns: Annotated[int | None, Field("ns", "utc", "time limit or deadline the person states")] = None
    reason: Annotated[str, Field("-", "-", "in the person's words; a rejection needs one")] = ""
