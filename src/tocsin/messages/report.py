"""Report: what others tell us. A report may be wrong; it is never truth."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message, Vec3
from tocsin.messages.field import Field

ReportKind = Literal["acknowledgement", "intercept", "delivery", "find", "casualty"]
Outcome = Literal[
    "", "hit", "miss", "unknown", "delivered", "failed", "reported", "cordoned", "cleared", "none", "some"
]  # fmt: skip


class Report(Message, tag="Report", frozen=True, kw_only=True, eq=False):
    """A unit's acknowledgement, an intercept as seen, a delivery result, a debris find, casualties: none or some."""

    kind: Annotated[ReportKind, Field("-", "-", "what is reported")]
    reporter: Annotated[str, Field("-", "-", "unit, site, channel or person")]
    subject: Annotated[str, Field("-", "-", "alert, engagement, warning, find or threat it speaks of")]
    revision: Annotated[int, Field("count", "-", "revision of the subject it speaks of")] = 0
    outcome: Annotated[Outcome, Field("-", "-", "as the reporter saw it")] = ""
    position_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "where, if it has a place")] = None
    text: Annotated[str, Field("-", "-", "in words")] = ""
