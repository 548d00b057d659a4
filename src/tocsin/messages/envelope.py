"""The envelope all messages share, and the column types they carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.messages.field import Field

Origin = Literal["exercise", "test", "live"]
Vec3 = tuple[float, float, float]
Column = np.ndarray[Any, Any]
"""A read-only numpy array, float64, int64 or bool, axis 0 the plot or the track."""

_M = TypeVar("_M", bound="Message")


class Message(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Envelope. A stage leaves ``id``, ``origin``, ``arrival_ns`` and ``source`` empty; the pipeline stamps them."""

    time_ns: Annotated[int, Field("ns", "utc", "valid at")]
    id: Annotated[str, Field("-", "-", "deterministic identifier, unique in a record")] = ""
    origin: Annotated[Origin, Field("-", "-", "exercise, test or live; never mixed")] = "exercise"
    arrival_ns: Annotated[int, Field("ns", "utc", "handled at: a stage's now")] = 0
    source: Annotated[str, Field("-", "-", "who made it: a sensor, a person, a stage")] = ""
    causes: Annotated[tuple[str, ...], Field("-", "-", "ids of the messages this one rests on")] = ()


def column(values: Iterable[Any] | npt.ArrayLike, dtype: str = "float64") -> Column:
    """A read-only contiguous column; ``dtype`` is float64, int64 or bool."""
    return sealed(np.array(values, dtype=dtype))


def sealed(array: Column) -> Column:
    """A fresh array made read-only; its slices are too."""
    array.setflags(write=False)
    return array


def stamp(
    message: _M, *, id: str, origin: Origin, arrival_ns: int, source: str, causes: tuple[str, ...] | None = None
) -> _M:
    """The same message with its envelope filled in; ``causes`` of None keeps the message's own."""
    if causes is None:
        causes = message.causes
    return msgspec.structs.replace(message, id=id, origin=origin, arrival_ns=arrival_ns, source=source, causes=causes)
