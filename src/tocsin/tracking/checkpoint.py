"""A checkpoint: the tracker's memory at one moment, as bytes. Live slots only; equal memories give equal bytes.

Header (little-endian): magic, version, next_id, capacity of the arrays, count of live slots, bytes of the names. Then
the names of the sensors as MessagePack, the slots, and the live rows of every array in the order of ``ARRAYS``, raw.
"""

from __future__ import annotations

import struct

import msgspec
import numpy as np

from tocsin.errors import MessageError
from tocsin.kernels.track_scan import FREE
from tocsin.messages import Column
from tocsin.tracking.state import FIRST_CAPACITY, TrackerState, with_columns

_MAGIC, _VERSION = b"tocsinTC", 2
_HEADER = struct.Struct("<8sHqqqq")
ARRAYS = (
    "x", "cov", "mu", "t_ns", "id", "status", "first_ns", "last_ns", "miss_count", "plot_count", "told_boost",
    "evidence", "fed",
)  # fmt: skip
_TOLD = ("t_ns", "mu", "status", "last_ns", "first_ns", "miss_count", "plot_count", "evidence", "x", "cov")
"""Likeliest to differ first."""


def pack(memory: TrackerState) -> bytes:
    """The memory, less its history, as bytes."""
    live = np.flatnonzero(memory.status != FREE)
    names = msgspec.msgpack.encode(memory.sensors)
    header = _HEADER.pack(_MAGIC, _VERSION, memory.next_id, memory.status.shape[0], live.size, len(names))
    parts = [header, names, live.tobytes()]
    if live.size:
        parts += [getattr(memory, name)[live].tobytes() for name in ARRAYS]
    return b"".join(parts)


def unpack(data: bytes, memory: TrackerState) -> None:
    """Put a packed memory back, in arrays of its own: those that were there before are left as they are.

    Raises    MessageError where the bytes are of another version, or no checkpoint
    """
    try:
        magic, version, memory.next_id, capacity, count, size = _HEADER.unpack_from(data)
    except struct.error:
        magic = version = None
    if (magic, version) != (_MAGIC, _VERSION):
        raise MessageError(f"not a checkpoint of version {_VERSION}: start the tracker from a whole state instead")
    at = _HEADER.size + size
    memory.sensors = msgspec.msgpack.decode(data[_HEADER.size : at], type=list[str])
    memory.fed = with_columns(np.zeros((0, FIRST_CAPACITY), dtype=bool), len(memory.sensors))
    live: Column = np.frombuffer(data, np.int64, count, at)
    at += live.nbytes
    for name in ARRAYS:
        like: Column = getattr(memory, name)
        array = np.zeros((capacity, *like.shape[1:]), like.dtype)
        if count:
            rows: Column = np.frombuffer(data, like.dtype, count * array[0].size, at)
            array[live] = rows.reshape(count, *like.shape[1:])
            at += rows.nbytes
        setattr(memory, name, array)


def keep_as(memory: TrackerState, other: TrackerState) -> None:
    """Make ``other``, a shallow copy taken earlier, the memory again; the history stays."""
    for name in (*ARRAYS, "next_id", "sensors"):
        setattr(memory, name, getattr(other, name))


def is_same_track(a: TrackerState, i: int, b: TrackerState, j: int) -> bool:
    """Whether two slots hold the same bit for bit, whatever their track is called."""
    for name in _TOLD:
        if getattr(a, name)[i].tobytes() != getattr(b, name)[j].tobytes():
            return False
    if a.sensors == b.sensors:
        return bool((a.fed[i] == b.fed[j]).all())
    return a.sensors_of(np.array([i])) == b.sensors_of(np.array([j]))
