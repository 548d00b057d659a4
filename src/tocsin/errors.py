"""Every error tocsin raises on purpose, drawn once.

    TocsinError
      InputError          a file, a key or a value from outside is wrong
        ScenarioError       ... in a scenario or a ``--set``
        ScanError           ... in a table or recording of sensor reports
        SensorFileError     ... in a sensor description
      MessageError        a message breaks its own contract (unit, NaN, origin)
      PipelineError       the wiring of stages is wrong, or origins are mixed
      RecordError         a record cannot be read, was changed, or does not replay
      FlightError         a flight cannot be computed from what was given

Each message says what was wrong, where, the value with its unit, what is allowed and what to do.
"""

from __future__ import annotations


class TocsinError(Exception):
    """Any error that tocsin raises on purpose."""


class InputError(TocsinError):
    """Something from outside is wrong: ``where`` it stands, the ``value``, the ``remedy``."""

    def __init__(self, what: str, *, where: str = "", value: object = None, remedy: str = "") -> None:
        self.what, self.where, self.value, self.remedy = what, where, value, remedy
        shown = "" if value is None else f" (got {_clip(value)})"
        super().__init__(f"{where + ': ' if where else ''}{what}{shown}{'; ' + remedy if remedy else ''}")


class ScenarioError(InputError):
    """A scenario file, or a ``--set``, is wrong."""


class ScanError(InputError):
    """A table or recording of sensor reports is wrong."""


class SensorFileError(InputError):
    """A sensor description is wrong."""


class MessageError(TocsinError):
    """A message breaks its own contract."""


class PipelineError(TocsinError):
    """The wiring of stages is wrong, or two origins were mixed."""


class RecordError(TocsinError):
    """A record cannot be read, was changed, or does not replay."""


class FlightError(TocsinError):
    """A flight cannot be computed from what was given."""


def _clip(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
