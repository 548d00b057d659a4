"""GOSPA and OSPA: how far a set of tracks is from the set of things that flew, at one time, in metres.

Pure functions on arrays of positions; they know no message and no file.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.messages import Column

CUTOFF_M = 5_000.0  # m, farther apart than this a track is not of an object; our choice
ORDER = 2.0  # exponent p, Rahmathullah et al. 2017 use 1 and 2
_CUTOFF_MOST_M, _ORDER_MOST = 1e12, 20.0  # powers of more have no room in a double
ALPHA = 2.0  # the one value that splits into localisation, missed and false (Rahmathullah et al. 2017, prop. 1)


class Gospa(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """GOSPA of one time. With p: gospa^p = localisation^p + missed^p + false^p, where alpha is 2.

    With another alpha there is no such split: its three parts and the counts are None.
    """

    gospa_m: float
    localisation_m: float | None
    missed_m: float | None
    false_m: float | None
    missed_count: int | None
    false_count: int | None
    pairs: Column  # (k, 2) int64: rows of truth and of tracks that belong together, closer than the cutoff


def gospa(
    truth_m: Column, tracks_m: Column, *, cutoff_m: float = CUTOFF_M, order: float = ORDER, alpha: float = ALPHA
) -> Gospa:
    """The generalised optimal sub-pattern assignment metric between two sets of points.

    In        truth_m    (m, d) float64  where things are, m (any Euclidean space; one frame for both)
              tracks_m   (n, d) float64  where tracks say they are
              cutoff_m   float           c > 0, m
              order      float           p >= 1
              alpha      float           0 < alpha <= 2
    Accuracy  the assignment is optimal; against every assignment of up to 5 by 5 points: 1e-12 relative
    Source    Rahmathullah, Garcia-Fernandez, Svensson, Generalized optimal sub-pattern assignment metric, FUSION
              2017, def. 1 and prop. 1. Pairs at the cutoff or beyond count as one missed and one false
    """
    _check(cutoff_m, order)
    if not 0.0 < alpha <= 2.0:
        raise InputError("alpha of GOSPA is above 0 and at most 2", value=alpha, remedy="2 splits missed from false")
    distance_m = distances_m(truth_m, tracks_m)
    pairs = assign(distance_m, cutoff_m, order)
    m, n = distance_m.shape
    near = float((distance_m[pairs[:, 0], pairs[:, 1]] ** order).sum())
    whole = cutoff_m**order
    few, many = min(m, n), max(m, n)
    total = near + whole * (few - len(pairs)) + whole / alpha * (many - few)
    if alpha != ALPHA:
        return Gospa(
            gospa_m=total ** (1.0 / order), localisation_m=None, missed_m=None, false_m=None, missed_count=None,
            false_count=None, pairs=pairs,
        )  # fmt: skip
    missed, false = m - len(pairs), n - len(pairs)
    return Gospa(
        gospa_m=total ** (1.0 / order),
        localisation_m=near ** (1.0 / order),
        missed_m=(0.5 * whole * missed) ** (1.0 / order),
        false_m=(0.5 * whole * false) ** (1.0 / order),
        missed_count=missed,
        false_count=false,
        pairs=pairs,
    )


def ospa_m(truth_m: Column, tracks_m: Column, *, cutoff_m: float = CUTOFF_M, order: float = ORDER) -> float:
    """The optimal sub-pattern assignment metric, m, from 0 to the cutoff; 0 between two empty sets.

    Arguments as of `gospa`. Source: Schuhmacher, Vo, Vo, A consistent metric for performance evaluation of
    multi-object filters, IEEE Trans. Signal Processing 56(8), 2008, eq. 3
    """
    _check(cutoff_m, order)
    distance_m = distances_m(truth_m, tracks_m)
    many = max(distance_m.shape)
    if many == 0:
        return 0.0
    pairs = assign(distance_m, cutoff_m, order)
    near = float((distance_m[pairs[:, 0], pairs[:, 1]] ** order).sum())
    return float(((near + cutoff_m**order * (many - len(pairs))) / many) ** (1.0 / order))


def distances_m(truth_m: Column, tracks_m: Column) -> Column:
    """(m, n) Euclidean distances between the rows of two (m, d) and (n, d) arrays; either may be empty."""
    truth_m, tracks_m = np.asarray(truth_m, dtype=np.float64), np.asarray(tracks_m, dtype=np.float64)
    if truth_m.size == 0 or tracks_m.size == 0:
        return np.empty((len(truth_m), len(tracks_m)))
    if truth_m.ndim != 2 or tracks_m.ndim != 2 or truth_m.shape[1] != tracks_m.shape[1]:
        raise InputError(
            "points are rows of two arrays of equal width", value=(truth_m.shape, tracks_m.shape),
            remedy="give (m, 3) and (n, 3)",
        )  # fmt: skip
    return np.asarray(np.sqrt(((truth_m[:, None, :] - tracks_m[None, :, :]) ** 2).sum(axis=2)))


def assign(distance_m: Column, cutoff_m: float, order: float = ORDER) -> Column:
    """Who belongs to whom: least sum of min(distance, cutoff)^order, one to one.

    In        distance_m   (m, n) float64   m; inf or nan where a pair is out of the question
    Out       pairs        (k, 2) int64     rows and columns, by row; only pairs closer than the cutoff
    """
    is_near = distance_m < cutoff_m  # nan is not
    if not is_near.any():
        return np.empty((0, 2), dtype=np.int64)
    if is_near.sum(axis=0).max() <= 1 and is_near.sum(axis=1).max() <= 1:
        return np.argwhere(is_near)  # nobody competes: nothing to search
    from scipy.optimize import linear_sum_assignment

    # only rows and columns with a near partner: a far pair costs the cutoff whoever makes it up
    rows, columns = np.flatnonzero(is_near.any(axis=1)), np.flatnonzero(is_near.any(axis=0))
    part = is_near[np.ix_(rows, columns)]
    cost = np.where(part, (np.where(part, distance_m[np.ix_(rows, columns)], 0.0) / cutoff_m) ** order, 1.0)
    chosen = np.column_stack(linear_sum_assignment(cost))
    chosen = chosen[part[chosen[:, 0], chosen[:, 1]]]
    return np.column_stack((rows[chosen[:, 0]], columns[chosen[:, 1]])).astype(np.int64)


def _check(cutoff_m: float, order: float) -> None:
    if not 0.0 < cutoff_m <= _CUTOFF_MOST_M:
        raise InputError(
            f"the cutoff is a distance above 0 m, at most {_CUTOFF_MOST_M:g}", value=cutoff_m,
            remedy="5000 m is usual here",
        )  # fmt: skip
    if not 1.0 <= order <= _ORDER_MOST:
        raise InputError(f"the order p is at least 1, at most {_ORDER_MOST:g}", value=order, remedy="2 is usual")
