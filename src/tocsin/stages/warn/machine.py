"""The life of one warning, and the two people it needs. Pure: no time, no text, no message.

``Life`` moves only along ``TABLE``; ``advance`` refuses everything else and says why. Every step that
lets a *new* text reach people (``approve``) needs somebody with the role approver who wrote none of
that text. Two steps reach people under a rule agreed beforehand: ``send`` after approval, and ``add``,
which only ever adds zones or refreshes the time of a text already approved. ``send`` and ``add`` do not
exist for live data: what is approved there stays a draft for the authority's own system.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Stand = Literal["none", "draft", "approved", "told", "told_draft", "closing_draft", "closed"]
"""told: people have it. told_draft: people have it, and a further text for them awaits its second person.
closing_draft: the closing of a whole exercise, to those whom its warnings told, awaits its second person."""
Act = Literal[
    "draft", "draft_closing", "revise", "approve", "approve_closing", "reject", "withdraw", "expire", "send", "add",
    "close",
]  # fmt: skip

TABLE: dict[tuple[Stand, Act], Stand] = {
    ("none", "draft"): "draft",
    ("none", "draft_closing"): "closing_draft",
    ("draft", "revise"): "draft",
    ("draft", "approve"): "approved",
    ("draft", "reject"): "closed",
    ("draft", "withdraw"): "closed",
    ("draft", "expire"): "closed",
    ("approved", "revise"): "approved",
    ("approved", "send"): "told",
    ("approved", "reject"): "closed",
    ("approved", "withdraw"): "closed",
    ("approved", "expire"): "closed",
    ("told", "add"): "told",
    ("told", "draft"): "told_draft",
    ("told", "expire"): "told",  # a silent expiry is recorded; the closing is still owed
    ("told_draft", "add"): "told_draft",
    ("told_draft", "draft"): "told_draft",  # a correction takes the place of a renewal
    ("told_draft", "approve"): "told",
    ("told_draft", "approve_closing"): "closed",
    ("told_draft", "reject"): "told",
    ("told_draft", "withdraw"): "told",
    ("told_draft", "expire"): "told_draft",
    ("told", "close"): "closed",  # its people were told by the closing of the whole exercise
    ("told_draft", "close"): "closed",
    ("closing_draft", "approve_closing"): "closed",
    ("closing_draft", "reject"): "none",  # asked for again, it is the next revision
}
NEVER_LIVE: frozenset[Act] = frozenset({"send", "add", "draft_closing"})
NEEDS_SECOND_PERSON: frozenset[Act] = frozenset({"approve", "approve_closing"})
NEEDS_APPROVER: frozenset[Act] = NEEDS_SECOND_PERSON | {"reject"}


class Life(msgspec.Struct, kw_only=True):
    """Where a warning stands and whose work its present text is."""

    stand: Stand = "none"
    authors: list[str] = []  # of the text that awaits, or last passed, approval
    approved_by: str = ""
    is_break_glass: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """A step that is not allowed, and why."""

    why: str


def advance(
    life: Life, act: Act, actor: str, *, is_approver: bool = False, is_live: bool = False, may_break_glass: bool = False
) -> Life | Refusal:
    """The life after one act by one actor; the given life is left as it was.

    In        actor            person or stage; never empty
              is_approver      has the role approver
              is_live          origin live: nothing may reach people
              may_break_glass  the stated single-person path is open at this moment
    Out       the new Life, or a Refusal; a break-glass approval says so in the Life
    """
    to = TABLE.get((life.stand, act))
    if not actor:
        return Refusal("nobody is named")
    if to is None:
        return Refusal(f"{act.replace('_', ' ')} is not possible while it stands at {life.stand.replace('_', ' ')}")
    if is_live and (act in NEVER_LIVE or life.stand in ("told", "told_draft", "closing_draft")):
        return Refusal("nothing with live origin is ever sent")
    if act in NEEDS_APPROVER and not is_approver:
        return Refusal(f"{actor} does not have the role approver")
    is_own = actor in life.authors
    if act in NEEDS_SECOND_PERSON and is_own and not may_break_glass:
        return Refusal(f"{actor} drafted it, and nobody approves their own draft")
    if act in NEEDS_SECOND_PERSON and not life.authors:
        return Refusal("it has no author")
    out = Life(stand=to, authors=list(life.authors), approved_by=life.approved_by, is_break_glass=life.is_break_glass)
    if act in ("draft", "draft_closing"):
        out.authors, out.is_break_glass = [actor], False
        out.approved_by = "" if life.stand == "none" else life.approved_by
    elif act == "revise" and actor not in out.authors:
        out.authors.append(actor)
    elif act in NEEDS_SECOND_PERSON:
        out.approved_by, out.is_break_glass = actor, is_own
    return out
