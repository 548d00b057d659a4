"""UnitAlert: a land- or sea-based unit must know. An alert goes to units, a warning to the public."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Column, Message
from tocsin.messages.field import Field

AlertState = Literal["sent", "resent", "acknowledged", "escalated", "updated", "stood_down"]


class UnitAlert(Message, tag="UnitAlert", frozen=True, kw_only=True, eq=False):
    """One alert to one unit; every change of state is a new revision."""

    alert: Annotated[str, Field("-", "-", "name of the alert, one per threat and unit")]
    revision: Annotated[int, Field("count", "-", "running number from 1")]
    state: Annotated[AlertState, Field("-", "-", "where it stands")]
    unit: Annotated[str, Field("-", "-", "unit alerted")]
    threat: Annotated[str, Field("-", "-", "threat it speaks of")]
    track: Annotated[int, Field("count", "-", "track of that threat")]
    deadline_ns: Annotated[int, Field("ns", "utc", "acknowledge by")]
    impact_ns: Annotated[int | None, Field("ns", "utc", "predicted impact as told")] = None
    area_deg: Annotated[Column | None, Field("deg", "geodetic", "(k, 2) lat, lon threatened area as told")] = None
    attempt: Annotated[int, Field("count", "-", "how often it was sent")] = 1
    is_degraded: Annotated[bool, Field("-", "-", "sent in degraded mode")] = False
    text: Annotated[str, Field("-", "-", "as the unit reads it, expected action included")] = ""
