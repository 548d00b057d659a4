"""Messages to bytes and back: JSON for people and exports, MessagePack for the record.

msgspec encodes NaN as null and does not check on construction, so the codec does: a NaN or an
infinity in any field or column, or a column of the wrong kind, is a MessageError naming the field.
Arrays travel as ``{"dtype", "shape", "data"}``; both forms give back the same bits.
"""

from __future__ import annotations

import functools
import math
import typing
from typing import Any

import msgspec
import numpy as np

from tocsin.errors import MessageError
from tocsin.messages.assessment import Assessment
from tocsin.messages.command import Command
from tocsin.messages.debris_area import DebrisArea
from tocsin.messages.detections import Detections
from tocsin.messages.engagement import Engagement
from tocsin.messages.envelope import Column, Message
from tocsin.messages.event import Event
from tocsin.messages.posture import Posture
from tocsin.messages.public_warning import PublicWarning
from tocsin.messages.report import Report
from tocsin.messages.scan import Scan
from tocsin.messages.sensor_health import SensorHealth
from tocsin.messages.sensor_status import SensorStatus
from tocsin.messages.sensor_task import SensorTask
from tocsin.messages.statement import Statement
from tocsin.messages.tick import Tick
from tocsin.messages.track_updates import TrackUpdates
from tocsin.messages.unit_alert import UnitAlert

INPUTS: tuple[type[Message], ...] = (Scan, SensorStatus, Report, Command, Tick)
OUTPUTS: tuple[type[Message], ...] = (
    Detections,
    SensorHealth,
    TrackUpdates,
    SensorTask,
    Assessment,
    Posture,
    UnitAlert,
    Engagement,
    DebrisArea,
    PublicWarning,
    Statement,
    Event,
)
ALL: tuple[type[Message], ...] = INPUTS + OUTPUTS

# msgspec passes on what Python raises for broken text and for nesting too deep
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_DTYPES = {"float64": "<f8", "int64": "<i8", "bool": "|b1"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_Any = (
    Scan | SensorStatus | Report | Command | Tick | Detections | SensorHealth | TrackUpdates | SensorTask
    | Assessment | Posture | UnitAlert | Engagement | DebrisArea | PublicWarning | Statement | Event
)  # fmt: skip


def _finite_to_compact(value: Any) -> Any:
    compact = _array_to_compact(value)
    if compact["dtype"] == "float64" and compact["data"] and not _is_finite(value):
        raise MessageError("a column holds NaN or infinity")  # which one: see ``encode``
    return compact


def _array_to_compact(value: Any) -> dict[str, Any]:
    if isinstance(value, np.ndarray):
        return {"dtype": _dtype_name(value), "shape": value.shape, "data": value.tobytes()}
    raise MessageError(f"a message cannot carry a {type(value).__name__}")


def _array_to_json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": _dtype_name(value), "shape": value.shape, "data": value.ravel().tolist()}
    raise MessageError(f"a message cannot carry a {type(value).__name__}")


def _dtype_name(array: np.ndarray[Any, Any]) -> str:
    name = _NAMES.get(array.dtype)
    if name is None:
        raise MessageError(f"a column is little-endian float64, int64 or bool, not {array.dtype}")
    return name


def _decode_hook(wanted: type, value: Any) -> Any:
    if typing.get_origin(wanted) is not np.ndarray:
        raise MessageError(f"no way to read a {wanted}")
    try:
        dtype, shape, data = _DTYPES[value["dtype"]], tuple(value["shape"]), value["data"]
        array = np.frombuffer(data, dtype=dtype) if isinstance(data, bytes) else np.array(data, dtype=dtype)
        array = array.reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MessageError(f"a column needs dtype, shape and data that agree: {error}") from None
    array.flags.writeable = False
    return array


_COMPACT = msgspec.msgpack.Encoder(enc_hook=_finite_to_compact)
_STATE = msgspec.msgpack.Encoder(enc_hook=_array_to_compact)
_JSON = msgspec.json.Encoder(enc_hook=_array_to_json)


@functools.cache
def _decoders() -> tuple[msgspec.msgpack.Decoder[Message], msgspec.json.Decoder[Message]]:
    return (
        msgspec.msgpack.Decoder(_Any, dec_hook=_decode_hook),
        msgspec.json.Decoder(_Any, dec_hook=_decode_hook),
    )


def check(message: msgspec.Struct, name: str = "") -> None:
    """Refuse NaN and infinity anywhere in a message; raises MessageError naming the field."""
    for field in _fields_with_numbers(type(message)):
        value = getattr(message, field)
        if value is not None:
            _check_value(value, name or type(message).__name__, field)


def _check_besides_columns(message: Message) -> None:
    """``check`` without the columns, which the encoder meets anyway."""
    for field in _fields_besides_columns(type(message)):
        value = getattr(message, field)
        if value is not None:
            _check_value(value, type(message).__name__, field)


@functools.cache
def _fields_besides_columns(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = _hints(kind)
    columns = (Column, Column | None)
    return tuple(name for name in _fields_with_numbers(kind) if hints[name] not in columns)


@functools.cache
def _fields_with_numbers(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Fields that may hold a float somewhere inside; the rest need no look."""
    hints = _hints(kind)
    return tuple(name for name in kind.__struct_fields__ if _may_hold_float(hints[name]))


_hints = functools.cache(typing.get_type_hints)


def _may_hold_float(hint: Any) -> bool:
    if hint is float or typing.get_origin(hint) is np.ndarray:
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_fields_with_numbers(hint))
    return any(_may_hold_float(part) for part in typing.get_args(hint))


def _check_value(value: Any, owner: str, field: str) -> None:
    kind = value.__class__
    if kind is float:
        if not math.isfinite(value):
            raise MessageError(f"{owner}.{field} is {value}: a missing value is None, a number is finite")
    elif kind is np.ndarray:
        if value.dtype.kind == "f" and not _is_finite(value):
            raise MessageError(f"{owner}.{field} holds NaN or infinity: drop the row or give a validity column")
    elif kind is tuple:
        for item in value:
            if item.__class__ is not float or not math.isfinite(item):
                _check_value(item, owner, field)
    elif isinstance(value, msgspec.Struct):
        check(value, f"{owner}.{field}")
    elif isinstance(value, np.floating):
        raise MessageError(f"{owner}.{field} is a numpy scalar: make it a float")


def _is_finite(array: Column) -> bool:
    return 0 not in np.isfinite(array).tobytes()  # quicker than all()


def encode(message: Message) -> bytes:
    """A checked message in the compact form (MessagePack)."""
    _check_besides_columns(message)
    try:
        return _COMPACT.encode(message)
    except MessageError:
        check(message)  # names the column
        raise


def decode(data: bytes) -> Message:
    """A message from its compact form; raises MessageError on anything else."""
    try:
        message = _decoders()[0].decode(data)
    except _BROKEN as error:
        raise MessageError(f"not a message: {error}") from None
    check(message)
    return message


def encode_json(message: Message) -> bytes:
    """A checked message as JSON."""
    check(message)
    return _JSON.encode(message)


def decode_json(data: bytes | str) -> Message:
    """A message from JSON; raises MessageError on anything else."""
    try:
        message = _decoders()[1].decode(data)
    except _BROKEN as error:
        raise MessageError(f"not a message: {error}") from None
    check(message)
    return message


def encode_state(state: msgspec.Struct) -> bytes:
    """A stage's whole state in the compact form, for recovery."""
    return _STATE.encode(state)


def decode_state(data: bytes, kind: type[msgspec.Struct]) -> Any:
    """A stage's state from its compact form; arrays come back writable."""

    def hook(wanted: type, value: Any) -> Any:
        return _decode_hook(wanted, value).copy()

    try:
        return msgspec.msgpack.Decoder(kind, dec_hook=hook).decode(data)
    except _BROKEN as error:
        raise MessageError(f"not the state of this stage: {error}") from None
