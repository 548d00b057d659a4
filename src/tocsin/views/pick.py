"""Picking messages out of a record: by kind, and the moment each was handled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tocsin.messages import Message

_M = TypeVar("_M", bound=Message)


def of_kind(messages: Sequence[Message], kind: type[_M]) -> list[_M]:
    """The messages of one kind, in handled order."""
    return [m for m in messages if m.__class__ is kind]


def moment_ns(message: Message) -> int:
    """When the pipeline knew it: the handling time, or the content's time where none is stamped."""
    return message.arrival_ns or message.time_ns


def span_ns(messages: Sequence[Message]) -> tuple[int, int] | None:
    """First and last moment of a record; None when it is empty."""
    if not messages:
        return None
    moments = [moment_ns(m) for m in messages]
    return min(moments), max(moments)
