"""SensorStatus: what a sensor says of itself."""

from __future__ import annotations

from typing import Annotated

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field


class SensorStatus(Message, tag="SensorStatus", frozen=True, kw_only=True, eq=False):
    """A sensor announces that it operates or not."""

    sensor: Annotated[str, Field("-", "-", "name of the sensor")]
    is_operating: Annotated[bool, Field("-", "-", "False: it says it is off")]
    note: Annotated[str, Field("-", "-", "in words")] = ""
