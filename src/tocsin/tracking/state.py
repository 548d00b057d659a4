"""The tracker's memory: one structure of arrays, axis 0 the track slot. Slots are reused, ids never."""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.kernels.track_motion import MODEL_COUNT, SIZE
from tocsin.kernels.track_scan import FREE, TENTATIVE
from tocsin.messages import Column
from tocsin.tracking.history import History

FIRST_CAPACITY = 8


def _zeros(dtype: str, *shape: int) -> Column:
    return np.zeros((FIRST_CAPACITY, *shape), dtype=dtype)


class TrackerState(msgspec.Struct, kw_only=True):
    """All that a tracker remembers. Units as in ``kernels/track_motion.py``; times ns UTC."""

    next_id: int = 1
    x: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT, SIZE))
    cov: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT, SIZE, SIZE))
    mu: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT))
    t_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    id: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    status: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    first_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    last_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    miss_count: Column = msgspec.field(default_factory=lambda: _zeros("int64"))  # scans in a row that looked in vain
    plot_count: Column = msgspec.field(default_factory=lambda: _zeros("int64", 3))  # radar, infrared, position
    parent: Column = msgspec.field(default_factory=lambda: _zeros("int64"))  # id of the track it came off; 0: none
    told_boost: Column = msgspec.field(default_factory=lambda: _zeros("float64"))  # probability last published
    evidence: Column = msgspec.field(default_factory=lambda: _zeros("float64"))  # ln of odds, object to false plots
    fed: Column = msgspec.field(default_factory=lambda: _zeros("bool", FIRST_CAPACITY))  # by each of ``sensors``
    sensors: list[str] = []  # that have fed tracks, in the order in which they first did
    history: History = msgspec.field(default_factory=History)  # to roll back; the rest is a function of the scans

    def alive(self) -> Column:
        """(n,) int64 slots in use, in order of track id."""
        slots = self.status.nonzero()[0]
        return slots[self.id[slots].argsort()] if slots.size > 1 else slots

    def take(self, count: int) -> Column:
        """(count,) int64 free slots with new ids, tentative; grows the arrays when too few are left."""
        free = (self.status == FREE).nonzero()[0]
        while free.size < count:
            self._grow()
            free = (self.status == FREE).nonzero()[0]
        slots: Column = free[:count]
        self.id[slots] = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        self.status[slots] = TENTATIVE
        return slots

    def free(self, slots: Column) -> None:
        """Give slots back, all zero, so that equal tracks make equal arrays; their ids are gone for good."""
        for name in self.__struct_fields__:
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                array[slots] = 0

    def sensor(self, name: str) -> int:
        """The column of ``fed`` that stands for a sensor, made where it has none."""
        if name not in self.sensors:
            self.sensors.append(name)
            self.fed = with_columns(self.fed, len(self.sensors))
        return self.sensors.index(name)

    def sensors_of(self, slots: Column) -> tuple[tuple[str, ...], ...]:
        """Names of the sensors that fed each track, sorted."""
        known: dict[bytes, tuple[str, ...]] = {}
        out = []
        for row in self.fed[slots]:
            key = row.tobytes()
            if key not in known:
                known[key] = tuple(sorted(self.sensors[k] for k in row.nonzero()[0]))
            out.append(known[key])
        return tuple(out)

    def _grow(self) -> None:
        for name in self.__struct_fields__:
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))


def with_columns(fed: Column, count: int) -> Column:
    """``fed`` with room for so many sensors."""
    width = fed.shape[1]
    while width < count:
        width *= 2
    if width == fed.shape[1]:
        return fed
    wide = np.zeros((fed.shape[0], width), dtype=bool)
    wide[:, : fed.shape[1]] = fed
    return wide
