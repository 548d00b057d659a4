"""The tracker's memory: one structure of arrays, axis 0 the track slot. Slots are reused, ids never."""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.kernels.track_motion import MODEL_COUNT, SIZE
from tocsin.messages import Column
from tocsin.tracking.history import History
from tocsin.tracking.watch_state import SensorWatch

FREE, TENTATIVE, CONFIRMED = 0, 1, 2
_FIRST_CAPACITY = 8


def _zeros(dtype: str, *shape: int) -> Column:
    return np.zeros((_FIRST_CAPACITY, *shape), dtype=dtype)


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
    told_boost: Column = msgspec.field(default_factory=lambda: _zeros("float64"))  # probability last published
    support: Column = msgspec.field(default_factory=lambda: _zeros("int64", 4))  # bits of sensors, ``watch_state``
    watch: SensorWatch = msgspec.field(default_factory=SensorWatch)  # how far each sensor is trusted, and why
    fed: dict[int, list[str]] = msgspec.field(default_factory=dict)  # sensors behind each track id
    history: History = msgspec.field(default_factory=History)  # to roll back; the rest is a function of the scans

    def alive(self) -> Column:
        """(n,) int64 slots in use, in order of track id."""
        slots = self.status.nonzero()[0]
        return slots[self.id[slots].argsort()] if slots.size > 1 else slots

    def take(self) -> int:
        """A free slot with a new id; grows the arrays when none is left."""
        free = np.flatnonzero(self.status == FREE)
        if not free.size:
            self._grow()
            free = np.flatnonzero(self.status == FREE)
        slot = int(free[0])
        self.id[slot] = self.next_id
        self.next_id += 1
        self.status[slot] = TENTATIVE
        self.fed[int(self.id[slot])] = []
        return slot

    def free(self, slot: int) -> None:
        """Give a slot back, all zero, so that equal tracks make equal arrays; its id is gone for good."""
        self.fed.pop(int(self.id[slot]), None)
        for name in self.__struct_fields__:
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                array[slot] = 0

    def note_sensor(self, slot: int, sensor: str) -> None:
        """Remember that a sensor fed a track."""
        names = self.fed[int(self.id[slot])]
        if sensor not in names:
            names.append(sensor)
            names.sort()

    def _grow(self) -> None:
        for name in self.__struct_fields__:
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
