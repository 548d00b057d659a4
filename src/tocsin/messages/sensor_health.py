"""SensorHealth: whether a sensor can be relied on now, as the pipeline sees it."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field
from tocsin.messages.scan import SensorKind

HealthState = Literal["ok", "silent", "off", "suspect", "ignored"]
SensorFault = Literal["clock", "offset", "stuck", "noise"]


class SensorHealth(Message, tag="SensorHealth", frozen=True, kw_only=True, eq=False):
    """A change in a sensor's health; sent when the state changes, and once for each sensor at the start."""

    sensor: Annotated[str, Field("-", "-", "name of the sensor")]
    kind: Annotated[SensorKind, Field("-", "-", "its phenomenology")]
    state: Annotated[
        HealthState,
        Field("-", "-", "ok, silent (nothing came when due), off (says so), suspect (believed less), ignored"),
    ]
    last_scan_ns: Annotated[int | None, Field("ns", "utc", "end of the last scan believed; None: none yet")] = None
    reason: Annotated[str, Field("-", "-", "in words")] = ""
    fault: Annotated[
        SensorFault | None,
        Field("-", "-", "what a suspect or ignored sensor's plots show: clock, offset, stuck (old scans), noise"),
    ] = None
    clock_fault_s: Annotated[
        float | None, Field("s", "-", "how far its clock seems ahead, where that is the fault; never corrected")
    ] = None
    clock_fault_std_s: Annotated[float | None, Field("s", "-", "one sigma of it")] = None
    innovation_ratio: Annotated[
        float | None, Field("1", "-", "its innovations squared over those of others; its variances are scaled by it")
    ] = None
