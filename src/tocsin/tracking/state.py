"""The tracker's memory: one structure of arrays, axis 0 the track slot. Slots are reused, ids never."""

from __future__ import annotations

import functools
import itertools

import msgspec
import numpy as np

from tocsin.errors import MessageError
from tocsin.kernels.track_memory import free_slots, give_names, slots_in_use, take_slots
from tocsin.kernels.track_motion import BALLISTIC, BOOST, MODEL_COUNT, SIZE
from tocsin.messages import Column
from tocsin.tracking.history import History
from tocsin.tracking.watch_state import SensorWatch

FIRST_CAPACITY = 8
_EVER_NS = 2**63 - 1


def _zeros(dtype: str, *shape: int) -> Column:
    return np.zeros((FIRST_CAPACITY, *shape), dtype=dtype)


class Biases(msgspec.Struct, kw_only=True):
    """What is believed of the sensors' biases, in sigmas of their priors; replaced, never changed.

    mean (n,), cov (n, n), as of t_ns; which is whose says ``registration.BiasLayout``.
    """

    mean: Column = msgspec.field(default_factory=lambda: np.zeros(0))
    cov: Column = msgspec.field(default_factory=lambda: np.zeros((0, 0)))
    t_ns: int | None = None


class TrackerState(msgspec.Struct, kw_only=True):
    """All that a tracker remembers. Units as in ``kernels/track_motion.py``; times ns UTC."""

    next_id: int = 1
    x: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT, SIZE))
    cov: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT, SIZE, SIZE))
    mu: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT))
    t_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    id: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    name: Column = msgspec.field(default_factory=lambda: _zeros("int64"))  # public number; 0: not told yet
    status: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    first_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    last_ns: Column = msgspec.field(default_factory=lambda: _zeros("int64"))
    miss_count: Column = msgspec.field(default_factory=lambda: _zeros("int64"))  # scans in a row that looked in vain
    plot_count: Column = msgspec.field(default_factory=lambda: _zeros("int64", 3))  # radar, infrared, position
    parent: Column = msgspec.field(default_factory=lambda: _zeros("int64"))  # id of the track it came off; 0: none
    told_boost: Column = msgspec.field(default_factory=lambda: _zeros("float64"))  # probability last published
    evidence: Column = msgspec.field(default_factory=lambda: _zeros("float64"))  # ln of odds, object to false plots
    fed: Column = msgspec.field(default_factory=lambda: _zeros("bool", FIRST_CAPACITY))  # by each of ``sensors``
    slope: Column = msgspec.field(default_factory=lambda: _zeros("float64", MODEL_COUNT, SIZE, 0))  # d x / d biases
    biases: Biases = msgspec.field(default_factory=Biases)
    sensors: list[str] = []  # that have fed tracks, in the order in which they first did
    support: Column = msgspec.field(default_factory=lambda: _zeros("int64", 4))  # as in ``watch_state``
    watch: SensorWatch = msgspec.field(default_factory=SensorWatch)  # how far each sensor is trusted, and why
    history: History = msgspec.field(default_factory=History)  # to roll back; the rest is a function of the scans

    @classmethod
    def with_biases(cls, count: int) -> TrackerState:
        """An empty memory with so many biases, each at its prior."""
        return cls(
            slope=_zeros("float64", MODEL_COUNT, SIZE, count), biases=Biases(mean=np.zeros(count), cov=np.eye(count))
        )

    def check(self, biases: int) -> None:
        """Whether the arrays agree with each other and with so many biases: kernels trust that they do.

        Raises    MessageError naming one that does not
        """
        slots, like = max(1, self.status.shape[0]), TrackerState.with_biases(biases)
        width = max(1, len(self.sensors), *self.fed.shape[1:2])
        for name in _BY_SLOT:
            array, wanted = getattr(self, name), getattr(like, name)
            shape = (slots, width) if name == "fed" else (slots, *wanted.shape[1:])
            if array.dtype != wanted.dtype or array.shape != shape:
                raise MessageError(f"a tracker's state is broken: {name} is {array.dtype} {array.shape}, not {shape}")
        for name in ("mean", "cov"):
            shape = getattr(self.biases, name).shape
            if shape != getattr(like.biases, name).shape:
                raise MessageError(f"a tracker's state is broken: biases.{name} is {shape}, for {biases} biases")

    def alive(self) -> Column:
        """(n,) int64 slots in use, in order of track id."""
        return self.alive_and_oldest()[0]

    def alive_and_oldest(self) -> tuple[Column, int]:
        """The same, and the time of the oldest of their last plots."""
        found: tuple[Column, int] = slots_in_use(self.status, self.id, self.last_ns, _EVER_NS)
        return found

    def unseen_since(self, time_ns: int) -> Column:
        """(n,) int64 slots in use whose last plot is older than that, in order of track id."""
        slots: Column = slots_in_use(self.status, self.id, self.last_ns, time_ns)[0]
        return slots

    def take(self, count: int) -> Column:
        """(count,) int64 free slots with new ids, tentative; grows the arrays when too few are left."""
        slots: Column = take_slots(self.status, self.id, count, self.next_id)
        if slots.size < count:
            self._grow(count - slots.size)
            slots = take_slots(self.status, self.id, count, self.next_id)
        self.next_id += count
        return slots

    def name_of(self, track: int) -> int:
        """The public number of a track; 0: it is no more, or was not told yet."""
        return int(self.name[self.id == track].max(initial=0)) if track else 0

    def free(self, slots: Column) -> None:
        """Give slots back, all zero but for their banks, in which nothing lives; their ids are gone for good."""
        free_slots(
            slots, self.mu, self.t_ns, self.id, self.name, self.status, self.first_ns, self.last_ns, self.miss_count,
            self.plot_count, self.parent, self.told_boost, self.evidence, self.fed, self.support,
        )  # fmt: skip

    def named(self, slots: Column) -> Column:
        """(n,) int64 the public numbers of tracks, each given when it is first told."""
        names: Column
        names, self.history.next_name = give_names(self.name, slots, self.history.next_name)
        return names

    def sensor(self, name: str) -> int:
        """The column of ``fed`` that stands for a sensor, made where it has none."""
        if name not in self.sensors:
            self.sensors.append(name)
            self.fed = with_columns(self.fed, len(self.sensors))
        return self.sensors.index(name)

    def sensors_of(self, slots: Column) -> tuple[tuple[str, ...], ...]:
        """Names of the sensors that fed each track, sorted."""
        sensors = tuple(self.sensors)
        return tuple([_sensors_of(sensors, self.fed[slot].tobytes()) for slot in slots.tolist()])

    def _grow(self, count: int) -> None:
        """Double the arrays until there are so many more slots."""
        had = size = self.status.shape[0]
        while size < had + count:
            size *= 2
        for name in _BY_SLOT:
            array = getattr(self, name)
            longer = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
            longer[:had] = array
            setattr(self, name, longer)


@functools.lru_cache(maxsize=4096)  # the same few sensors feed most tracks
def _sensors_of(sensors: tuple[str, ...], fed: bytes) -> tuple[str, ...]:
    return tuple(sorted(itertools.compress(sensors, fed)))


_BY_SLOT = tuple(
    name for name, value in msgspec.structs.asdict(TrackerState()).items() if isinstance(value, np.ndarray)
)


def lives(mu: Column) -> Column:
    """(n, 3) bool: which models of banks with probabilities mu (n, 3) live; BALLISTIC does where thrust may end.

    What a bank holds for another is undefined.
    """
    out: Column = mu > 0.0
    out[:, BALLISTIC] |= out[:, BOOST]
    return out


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
