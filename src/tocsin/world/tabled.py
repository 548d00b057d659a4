"""A body whose whole life is a table: spent stages, rockets, launches, meteors, debris that comes down."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tocsin.kernels.observe import along_path
from tocsin.world.ballistic import Array
from tocsin.world.body import Burn, cut_table, thinned

Table = tuple[Array, Array, Array]  # time s (m,), position m (m, 3), velocity m/s (m, 3), ECEF


class Carrier(Protocol):
    """What a body comes from: once that is broken up, nothing comes from it any more."""

    ended_s: float | None


class Tabled:
    """From the first row of its table to the last.

    ``phases`` are (name, until when): the first whose end lies after a time holds at it, the last holds to the end.
    """

    is_cooperative = False

    def __init__(
        self, name: str, kind: str, table: Table, *, rcs_m2: float, phases: tuple[tuple[str, float], ...],
        burns: tuple[Burn, ...] = (), corners_s: tuple[float, ...] = (), carrier: Carrier | None = None,
        row_s: float = 1.0,
    ) -> None:  # fmt: skip
        self.name, self.kind, self.rcs_m2, self.burns = name, kind, rcs_m2, burns
        rows = thinned(*table, corners_s=corners_s)
        self._table: Table = (table[0][rows], table[1][rows], table[2][rows])
        self._span_s = float(table[0][0]), float(table[0][-1])
        self._phases, self._carrier, self._row_s = phases, carrier, row_s

    @property
    def up_s(self) -> tuple[float, float]:
        first, last = self._span_s
        ended_s = None if self._carrier is None else self._carrier.ended_s
        return (first, first) if ended_s is not None and ended_s <= first else (first, last)

    def states(self, time_s: Array) -> tuple[Array, Array]:
        position, velocity = along_path(*self._table, time_s)
        return position, velocity

    def samples(self, from_s: float, to_s: float) -> Table:
        return cut_table(self._table, from_s, to_s, self.up_s)

    def truth_times(self, until_s: float) -> tuple[Array, list[str]]:
        first, last = self.up_s
        until_s = min(until_s, last)
        if not first < until_s:
            return np.empty(0), []
        times = np.arange(max(first, 0.0), until_s, self._row_s)
        if until_s == last:
            times = np.append(times, last)
        names = [name for name, _ in self._phases]
        ends = np.array([end for _, end in self._phases[:-1]])
        return times, [names[i] for i in np.searchsorted(ends, times, side="right")]


def shifted(table: Table, start_s: float) -> Table:
    """A table of seconds from its own start as one of seconds from the epoch."""
    return table[0] + start_s, table[1], table[2]


def joined(first: Table, second: Table) -> Table:
    """Two tables of which the second begins, at its time 0, where the first ends."""
    times = np.concatenate((first[0], first[0][-1] + second[0][1:]))
    return times, np.concatenate((first[1], second[1][1:])), np.concatenate((first[2], second[2][1:]))
