"""A checkpoint: the tracker's memory at one moment, as bytes. Live slots only; equal memories give equal bytes.

Header (little-endian): magic, version, next_id, capacity of the arrays, count of live slots, bytes of the names, number
of biases and their time, bytes of the watch. Then the names of the sensors as MessagePack, the biases, the watch over
the sensors as MessagePack, the slots, and raw, as ``kernels/track_memory.copy_in_use`` gives them, the live rows of
``ARRAYS`` by kind of number, and of the banks, ``BANKS``, what their live models own.
"""

from __future__ import annotations

import math
import struct

import msgspec
import numpy as np

from tocsin.errors import MessageError
from tocsin.kernels.track_memory import copy_in_use
from tocsin.kernels.track_motion import DIM
from tocsin.messages import Column
from tocsin.tracking.state import FIRST_CAPACITY, Biases, TrackerState, lives, with_columns
from tocsin.tracking.watch_state import pack_watch, unpack_watch

_MAGIC, _VERSION = b"tocsinTC", 7
_HEADER = struct.Struct("<8sHqqqqqqq")
_NEVER_NS = -(2**63)
_WHOLE = ("t_ns", "id", "status", "first_ns", "last_ns", "miss_count", "parent", "plot_count", "support")
_REAL = ("told_boost", "evidence", "mu")
ARRAYS = (*_WHOLE, *_REAL, "fed")
BANKS = ("x", "cov", "slope")
_TOLD = ("t_ns", "mu", "status", "last_ns", "first_ns", "miss_count", "plot_count", "evidence")


def pack(memory: TrackerState) -> bytes:
    """The memory, less its history, as bytes."""
    live, *held = copy_in_use(
        memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.id, memory.status, memory.first_ns,
        memory.last_ns, memory.miss_count, memory.plot_count, memory.parent, memory.told_boost, memory.evidence,
        memory.fed, memory.support,
    )  # fmt: skip
    names = msgspec.msgpack.encode(memory.sensors)
    biases, watch = memory.biases, pack_watch(memory.watch)
    header = _HEADER.pack(
        _MAGIC, _VERSION, memory.next_id, memory.status.shape[0], live.size, len(names), biases.mean.size,
        _NEVER_NS if biases.t_ns is None else biases.t_ns, len(watch),
    )  # fmt: skip
    return b"".join((header, names, biases.mean.data, biases.cov.data, watch, live.data, *(each.data for each in held)))


def unpack(data: bytes, memory: TrackerState) -> None:
    """Put a packed memory back, in arrays of its own: those that were there before are left as they are.

    Raises    MessageError where the bytes are of another version, or no checkpoint
    """
    try:
        magic, version, next_id, capacity, count, size, width, biases_ns, watch_size = _HEADER.unpack_from(data)
    except struct.error:
        magic = version = None
    if (magic, version) != (_MAGIC, _VERSION):
        raise MessageError(f"not a checkpoint of version {_VERSION}: start the tracker from a whole state instead")
    memory.next_id = next_id
    at = _HEADER.size + size
    memory.sensors = msgspec.msgpack.decode(data[_HEADER.size : at], type=list[str])
    memory.fed = with_columns(np.zeros((0, FIRST_CAPACITY), dtype=bool), len(memory.sensors))
    mean: Column = np.frombuffer(data, np.float64, width, at)
    cov: Column = np.frombuffer(data, np.float64, width * width, at + mean.nbytes).reshape(width, width)
    at += mean.nbytes + cov.nbytes
    memory.biases = Biases(mean=mean.copy(), cov=cov.copy(), t_ns=None if biases_ns == _NEVER_NS else biases_ns)
    if memory.slope.shape[3] != width:
        memory.slope = np.zeros((0, *memory.slope.shape[1:3], width))
    memory.watch = unpack_watch(data[at : at + watch_size])
    at += watch_size
    live: Column = np.frombuffer(data, np.int64, count, at)
    at += live.nbytes
    for names in (_WHOLE, _REAL, ("fed",)):
        likes: list[Column] = [getattr(memory, name) for name in names]
        widths = [math.prod(like.shape[1:]) for like in likes]
        rows: Column = np.frombuffer(data, likes[0].dtype, count * sum(widths), at).reshape(count, sum(widths))
        at += rows.nbytes
        for name, like, part in zip(names, likes, np.split(rows, np.cumsum(widths)[:-1], axis=1), strict=True):
            array = np.zeros((capacity, *like.shape[1:]), like.dtype)
            array[live] = part.reshape(count, *like.shape[1:])
            setattr(memory, name, array)
    for name in BANKS:
        setattr(memory, name, np.zeros((capacity, *getattr(memory, name).shape[1:])))
    for model, is_alive in enumerate(lives(memory.mu[live]).T):
        slots, own = live[is_alive], slice(DIM[model])
        for array in (memory.x[:, model, own], memory.cov[:, model, own, own], memory.slope[:, model, own]):
            held: Column = np.frombuffer(data, np.float64, slots.size * math.prod(array.shape[1:]), at)
            array[slots] = held.reshape(slots.size, *array.shape[1:])
            at += held.nbytes


def keep_as(memory: TrackerState, other: TrackerState) -> None:
    """Make ``other``, a shallow copy taken earlier, the memory again; the history stays."""
    for name in (*ARRAYS, *BANKS, "next_id", "sensors", "biases", "watch"):
        setattr(memory, name, getattr(other, name))


def is_same_track(a: TrackerState, i: Column, b: TrackerState, j: Column) -> Column:
    """Whether slots i (n,) of one memory and j (n,) of another hold the same, whatever their tracks are called."""
    same = np.ones(i.shape[0], dtype=bool)
    if not i.size:
        return same
    for name in _TOLD:
        left, right = getattr(a, name)[i], getattr(b, name)[j]
        same &= (left == right).all(axis=tuple(range(1, left.ndim)))
    is_void = ~lives(a.mu[i])
    for name in ("x", "cov"):
        left, right = getattr(a, name)[i], getattr(b, name)[j]
        same &= ((left == right).all(axis=tuple(range(2, left.ndim))) | is_void).all(axis=1)
    if a.sensors == b.sensors:
        return same & (a.fed[i] == b.fed[j]).all(axis=1)
    names = [x == y for x, y in zip(a.sensors_of(i), b.sensors_of(j), strict=True)]
    return same & np.array(names, dtype=bool)
