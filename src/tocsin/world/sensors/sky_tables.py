"""Every body of a run as one structure of arrays, window by window, shared by all sensors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.world.ballistic import Array
from tocsin.world.body import Body

Index = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

WINDOW_S = 120  # of scenario time worked out at once
_KEPT = 3  # windows: sensors are at most one apart, and looks come between


class Table(msgspec.Struct, frozen=True, eq=False):
    """Rows of all bodies, one body after another, that cover one window and what sensors look back to."""

    time_s: Array  # (m,)
    position_m: Array  # (m, 3) ECEF
    velocity_m_s: Array  # (m, 3)
    first_row: Index  # (b + 1,)


class SkyTables:
    """Bodies by number: their tables, sizes, names for draws, and when they are in the air."""

    def __init__(self, bodies: Sequence[Body], lookback_s: float) -> None:
        self.bodies, self._lookback_s = tuple(bodies), lookback_s
        self.rcs_m2 = np.array([body.rcs_m2 for body in bodies], dtype=np.float64)
        self.words = name_words([body.name for body in bodies])
        self.up_s = np.array([body.up_s for body in bodies], dtype=np.float64).reshape(len(self.bodies), 2)
        self.has_ended = False
        self._may_end = [i for i, body in enumerate(bodies) if hasattr(body, "ended_s")]
        self._windows: dict[int, Table] = {}
        self.notice_ends()

    def notice_ends(self) -> None:
        """Take over the ends that intercepts have brought forward; at once, also inside a window."""
        for i in self._may_end:
            end_s = self.bodies[i].up_s[1]
            if end_s != self.up_s[i, 1] or getattr(self.bodies[i], "ended_s", None) is not None:
                self.up_s[i, 1] = end_s
                self.has_ended = True

    def is_still_up(self, body: Index, time_s: Array) -> npt.NDArray[np.bool_]:
        """Which times lie before the end of these bodies as it is now; a false plot is body -1 and always stays."""
        ends_s = np.append(self.up_s[:, 1], math.inf)
        return np.asarray(time_s < ends_s[body])

    def window(self, number: int) -> Table:
        """The table of one window, ``number`` times WINDOW_S after the epoch."""
        if number not in self._windows:
            self._windows[number] = self._made(number)
            for old in list(self._windows)[:-_KEPT]:
                del self._windows[old]
        return self._windows[number]

    def _made(self, number: int) -> Table:
        from_s, to_s = number * WINDOW_S - self._lookback_s, (number + 1.0) * WINDOW_S
        counts = np.zeros(len(self.bodies) + 1, dtype=np.int64)
        parts: list[tuple[Array, Array, Array]] = [(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))]
        for i, body in enumerate(self.bodies):
            if self.up_s[i, 0] < to_s and self.up_s[i, 1] > from_s:
                part = body.samples(from_s, to_s)
                counts[i + 1] = len(part[0])
                parts.append(part)
        times, positions, velocities = zip(*parts, strict=True)
        return Table(np.concatenate(times), np.concatenate(positions), np.concatenate(velocities), np.cumsum(counts))


def name_words(names: Sequence[str]) -> Words:
    """(n, 2) uint64 below 2^32: 64 bits of a digest of each name, the counter words of its draws."""
    digests = [hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest() for name in names]
    return np.frombuffer(b"".join(digests), dtype="<u4").reshape(len(names), 2).astype(np.uint64)
