"""A checkpoint: the tracker's memory at one moment. Live slots only; equal memories give equal checkpoints."""

from __future__ import annotations

import math

import numpy as np

from tocsin.errors import MessageError
from tocsin.kernels.track_memory import (
    PACKED_REAL,
    PACKED_WHOLE,
    copy_in_use,
    find_starts,
    mark_unlike,
    put_banks,
)
from tocsin.kernels.track_motion import MODEL_COUNT, SIZE
from tocsin.messages import Column
from tocsin.tracking.history import Packed
from tocsin.tracking.state import Biases, TrackerState
from tocsin.tracking.two_cores import by_rows
from tocsin.tracking.watch_state import kept

_VERSION = 8  # of the layout of columns below
_WHOLE = ("t_ns", "id", "status", "first_ns", "last_ns", "miss_count", "parent", "plot_count", "support")
_REAL = ("told_boost", "evidence", "mu")
ARRAYS = (*_WHOLE, *_REAL, "fed")
BANKS = ("x", "cov", "slope")
_TOLD = ("t_ns", "mu", "status", "last_ns", "first_ns", "miss_count", "plot_count", "evidence")


def pack(memory: TrackerState) -> Packed:
    """The memory, less its history; of the banks what their live models own."""
    slots = memory.status.nonzero()[0]
    starts = _starts(memory.mu, slots, memory.slope.shape[3])
    whole, real = np.empty((slots.size, PACKED_WHOLE), np.int64), np.empty((slots.size, PACKED_REAL))
    fed, banks = memory.fed[slots], np.empty(int(starts[-1]))
    by_rows(
        lambda of: copy_in_use(
            memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.id, memory.status, memory.first_ns,
            memory.last_ns, memory.miss_count, memory.plot_count, memory.parent, memory.told_boost, memory.evidence,
            memory.support, slots[of], starts[of], whole[of], real[of], banks,
        ),
        slots.size,
    )  # fmt: skip
    return Packed(
        version=_VERSION,
        next_id=memory.next_id,
        capacity=memory.status.shape[0],
        sensors=tuple(memory.sensors),
        bias_mean=memory.biases.mean,
        bias_cov=memory.biases.cov,
        bias_ns=memory.biases.t_ns,
        watch=kept(memory.watch),
        slots=slots,
        whole=whole,
        real=real,
        fed=fed,
        banks=banks,
    )


def unpack(data: Packed, memory: TrackerState, room: TrackerState | None = None) -> None:
    """Put a packed memory back, in arrays of its own: those that were there before are left as they are. No track has
    a public number then.

    ``room``: a memory that is no more, whose banks are overwritten: large arrays are costly to come by.
    Raises    MessageError where it was packed by another version
    """
    if data.version != _VERSION:
        raise MessageError(f"not a checkpoint of version {_VERSION}: start the tracker from a whole state instead")
    memory.next_id, memory.sensors = data.next_id, list(data.sensors)
    memory.biases = Biases(mean=data.bias_mean, cov=data.bias_cov, t_ns=data.bias_ns)
    memory.watch = kept(data.watch)
    for names, rows in ((_WHOLE, data.whole), (_REAL, data.real), (("fed",), data.fed)):
        start = 0
        for name in names:
            like: Column = getattr(memory, name)
            shape = like.shape[1:] if name != "fed" else rows.shape[1:]
            end = start + math.prod(shape)
            array = np.zeros((data.capacity, *shape), like.dtype)
            array[data.slots] = rows[:, start:end].reshape(-1, *shape) if shape else rows[:, start]
            setattr(memory, name, array)
            start = end
    memory.name = np.zeros(data.capacity, np.int64)
    for name, shape in (("x", ()), ("cov", (SIZE,)), ("slope", (data.bias_mean.size,))):
        bank: Column | None = None if room is None else getattr(room, name)
        shape = (data.capacity, MODEL_COUNT, SIZE, *shape)
        setattr(memory, name, bank if bank is not None and bank.shape == shape else np.zeros(shape))
    starts = _starts(memory.mu, data.slots, data.bias_mean.size)
    by_rows(
        lambda of: put_banks(data.banks, data.slots[of], starts[of], memory.mu, memory.x, memory.cov, memory.slope),
        data.slots.size,
    )


def _starts(mu: Column, slots: Column, biases: int) -> Column:
    """(n + 1,) int64: where in ``Packed.banks`` those of each slot begin, and where the last ends."""
    starts = np.empty(slots.size + 1, np.int64)
    find_starts(mu, slots, biases, starts)
    return starts


def keep_as(memory: TrackerState, other: TrackerState) -> None:
    """Make ``other``, a shallow copy taken earlier, the memory again; the history stays."""
    for name in (*ARRAYS, *BANKS, "name", "next_id", "sensors", "biases", "watch"):
        setattr(memory, name, getattr(other, name))


def is_same_track(a: TrackerState, i: Column, b: TrackerState, j: Column) -> Column:
    """Whether slots i (n,) of one memory and j (n,) of another hold the same, whatever their tracks are called."""
    same = np.ones(i.shape[0], dtype=bool)
    if not i.size:
        return same
    for name in _TOLD:
        left, right = getattr(a, name)[i], getattr(b, name)[j]
        same &= (left == right).all(axis=tuple(range(1, left.ndim)))
    by_rows(lambda of: mark_unlike(a.mu, a.x, a.cov, i[of], b.x, b.cov, j[of], same[of]), i.shape[0])
    if a.sensors == b.sensors:
        return same & (a.fed[i] == b.fed[j]).all(axis=1)
    names = [x == y for x, y in zip(a.sensors_of(i), b.sensors_of(j), strict=True)]
    return same & np.array(names, dtype=bool)
