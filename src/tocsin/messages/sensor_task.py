"""SensorTask: the tracker asks a sensor to look."""

from __future__ import annotations

from typing import Annotated

from tocsin.messages.envelope import Message, Vec3
from tocsin.messages.field import Field


class SensorTask(Message, tag="SensorTask", frozen=True, kw_only=True, eq=False):
    """A request, obeyed by the world after the sensor's own latency and within its budget."""

    sensor: Annotated[str, Field("-", "-", "name of the sensor asked")]
    track: Annotated[int, Field("count", "-", "track to look at")]
    position_ecef_m: Annotated[Vec3, Field("m", "ecef", "where the tracker expects it at time_ns")]
    velocity_ecef_m_s: Annotated[Vec3, Field("m/s", "ecef", "and how fast")]
    until_ns: Annotated[int, Field("ns", "utc", "when the request lapses")]
