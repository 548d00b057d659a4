"""Tick: time passes. It is the only clock a stage has besides the arrival of other messages."""

from __future__ import annotations

from typing import Annotated

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field


class Tick(Message, tag="Tick", frozen=True, kw_only=True, eq=False):
    """One beat of the pipeline's clock."""

    sequence: Annotated[int, Field("count", "-", "running number from 0")]
