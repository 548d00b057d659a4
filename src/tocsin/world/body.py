"""The one question the world asks of whatever flies: from when until when, where, how large, and does it burn."""

from __future__ import annotations

import itertools
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.kernels.observe import along_path
from tocsin.world.ballistic import Array

SAMPLE_ERROR_M = 0.3  # a thinned table strays no further from the full one at its rows; the promise is 1 m


class Burn(msgspec.Struct, frozen=True):
    """A stretch in which space infrared can see a body: a stage's plume, the glow of an entry."""

    from_s: float  # from the scenario's epoch
    to_s: float
    intensity_kw_sr: float  # in the sensor's band, notional


class Body(Protocol):
    """Something that flies. Times are seconds from the scenario's epoch."""

    name: str
    kind: str
    is_cooperative: bool  # sends position reports
    rcs_m2: float  # mean radar cross-section, notional
    burns: tuple[Burn, ...]

    @property
    def up_s(self) -> tuple[float, float]:
        """In the air from, to; infinite where it never starts or ends. The end moves when an intercept ends it."""
        ...

    def states(self, time_s: Array) -> tuple[Array, Array]:
        """ECEF position (n, 3) m and velocity (n, 3) m/s; meaningless outside ``up_s``."""
        ...

    def samples(self, from_s: float, to_s: float) -> tuple[Array, Array, Array]:
        """A table that ``kernels.observe.along_path`` follows within 1 m over [from_s, to_s] cut to ``up_s``.

        Out       time_s (m,) strictly rising, position (m, 3) m, velocity (m, 3) m/s; m is 0 where it is not up, else
                  at least 2. Rows lie on a grid of the body's own, so that two intervals agree where they overlap:
                  the first and last may lie outside the interval, never outside ``up_s``
        """
        ...


class Other(Body, Protocol):
    """A body that is no threat."""

    def truth_times(self, until_s: float) -> tuple[Array, list[str]]:
        """When truth.csv tells of it, as far as ``until_s``, and the phase of its flight at each."""
        ...


NO_SAMPLES: tuple[Array, Array, Array] = (np.empty(0), np.empty((0, 3)), np.empty((0, 3)))


def is_within(time_s: Array, span_s: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Which times lie strictly inside a span."""
    return (time_s > span_s[0]) & (time_s < span_s[1])


def grid_times(from_s: float, to_s: float, up_s: tuple[float, float], spacing_s: float) -> Array:
    """Multiples of the spacing around [from_s, to_s], cut to ``up_s``, its ends added; empty where nothing is left."""
    first, last = max(from_s, up_s[0]), min(to_s, up_s[1])
    if not first < last:
        return NO_SAMPLES[0]
    times = spacing_s * np.arange(np.floor(first / spacing_s), np.ceil(last / spacing_s) + 1.0)
    times = times[(times > up_s[0] + 1e-6) & (times < up_s[1] - 1e-6)]
    ends = [end for end in up_s if from_s - spacing_s < end < to_s + spacing_s]
    return np.sort(np.concatenate((times, ends)))


def cut_table(
    table: tuple[Array, Array, Array], from_s: float, to_s: float, up_s: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """Rows of a table that cover [from_s, to_s], cut to ``up_s``: a piece of a cubic is the same cubic."""
    time_s, position, velocity = table
    first, last = max(from_s, up_s[0]), min(to_s, up_s[1])
    if not first < last:
        return NO_SAMPLES
    low = max(int(np.searchsorted(time_s, first, side="right")) - 1, 0)
    high = min(int(np.searchsorted(time_s, last, side="left")), len(time_s) - 1)
    rows = slice(low, high + 1)
    if time_s[low] >= up_s[0] and time_s[high] <= up_s[1]:
        return time_s[rows], position[rows], velocity[rows]
    inner = time_s[rows][(time_s[rows] > up_s[0]) & (time_s[rows] < up_s[1])]
    ends = [end for end in up_s if time_s[low] < end < time_s[high]]
    times = np.unique(np.concatenate((inner, ends)))
    return (times, *along_path(time_s, position, velocity, times))


def thinned(
    time_s: Array, position_m: Array, velocity_m_s: Array, corners_s: tuple[float, ...] = ()
) -> npt.NDArray[np.int64]:
    """Rows of a table that cubic Hermite interpolation needs to meet all the others within ``SAMPLE_ERROR_M``.

    In        corners_s   times, among the table's, that are kept because the acceleration jumps there
    """
    last = len(time_s) - 1
    kept = sorted({0, last, *(int(np.argmin(np.abs(time_s - corner))) for corner in corners_s)})
    rows, pending = [0], list(itertools.pairwise(kept))[::-1]
    while pending:
        low, high = pending.pop()
        if high - low > 1:
            ends, inner = np.array((low, high)), slice(low + 1, high)
            there, _ = along_path(time_s[ends], position_m[ends], velocity_m_s[ends], time_s[inner])
            if float(np.max(np.abs(there - position_m[inner]))) > SAMPLE_ERROR_M / 2.0:
                middle = (low + high) // 2
                pending.extend(((middle, high), (low, middle)))
                continue
        rows.append(high)
    return np.array(rows, dtype=np.int64)
