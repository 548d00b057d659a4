"""The shape of a stage. ``pipeline.py`` relies on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from tocsin.messages import Message
from tocsin.scenario import Defence


class Stage(Protocol):
    """Messages in, messages out. No wall clock, no random draw, no I/O, no exception for what a sensor sends.

    ``state`` is a msgspec.Struct holding all that the stage remembers; the pipeline encodes it for
    recovery and puts it back. Configuration is given at construction and never changes. A stage
    returns messages with an empty envelope (``time_ns`` and ``causes`` aside); the pipeline stamps them.
    """

    name: ClassVar[str]
    takes: ClassVar[tuple[type[Message], ...]]
    gives: ClassVar[tuple[type[Message], ...]]
    state: Any

    def __init__(self, defence: Defence) -> None: ...

    def handle(self, message: Message) -> Sequence[Message]: ...
