"""SensorHealth: whether a sensor can be relied on now, as the pipeline sees it."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field
from tocsin.messages.scan import SensorKind

HealthState = Literal["ok", "silent", "off", "suspect"]


class SensorHealth(Message, tag="SensorHealth", frozen=True, kw_only=True, eq=False):
    """A change in a sensor's health; sent when the state changes, and once for each sensor at the start."""

    sensor: Annotated[str, Field("-", "-", "name of the sensor")]
    kind: Annotated[SensorKind, Field("-", "-", "its phenomenology")]
    state: Annotated[HealthState, Field("-", "-", "ok, silent (nothing came when due), off (says so), suspect")]
    last_scan_ns: Annotated[int | None, Field("ns", "utc", "end of the last scan believed; None: none yet")] = None
    reason: Annotated[str, Field("-", "-", "in words")] = ""
