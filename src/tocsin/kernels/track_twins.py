"""Which young tracks may be the double of an older one: those near by slabs of space, then the difference of states."""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.track_update import cholesky_solve

_KNOWN_VELOCITY_M_S = 500.0  # one sigma: a track that knows less of its velocity matches anything
_FRESH_NS = 3_000_000_000  # two tracks that both had plots of one sensor this lately are two objects
_APART_M = 200_000.0  # in any component: never one object


@in_place_kernel
def may_be_one(fed_a, last_a_ns, fed_b, last_b_ns):
    """Whether two tracks may be one object: no sensor has lately seen both at once. fed (s,) bool, by sensor."""
    if abs(last_a_ns - last_b_ns) > _FRESH_NS:
        return True
    shared = False
    for s in range(fed_a.shape[0]):
        shared = shared or (fed_a[s] and fed_b[s])
    return not shared


@in_place_kernel
def _is_known(cov6):
    return cov6[3, 3] + cov6[4, 4] + cov6[5, 5] <= 3.0 * _KNOWN_VELOCITY_M_S * _KNOWN_VELOCITY_M_S


@in_place_kernel
def may_be_known(cov, mu):
    """Whether a track's velocity may be known well enough for `twins` once predicted.

    In        cov (3, 9, 9), mu (3,) of the memory, whatever its time: prediction adds to the variance of velocity,
              and what drag may take off it is far less than the factor that is left here
    """
    total = 0.0
    for m in range(mu.shape[0]):
        if mu[m] > 0.0:
            total += mu[m] * (cov[m, 3, 3] + cov[m, 4, 4] + cov[m, 5, 5])
    return total <= 4.0 * 3.0 * _KNOWN_VELOCITY_M_S * _KNOWN_VELOCITY_M_S


@kernel
def difference2(a, cov_a, b, cov_b):
    """Squared difference of two states (6,) at one time, in the sigmas of their covariances (6, 6); inf: not to say."""
    s = np.empty((6, 6))
    y = np.empty((6, 1))
    d = np.empty(6)
    for i in range(6):
        d[i] = a[i] - b[i]
        y[i, 0] = d[i]
        for j in range(6):
            s[i, j] = cov_a[i, j] + cov_b[i, j]
    log_det = cholesky_solve(s, np.int64(6), y, np.int64(1))
    total = 0.0
    for i in range(6):
        total += d[i] * y[i, 0]
    return total if math.isfinite(log_det + total) else math.inf


@kernel
def twins(young, gone, number, last_ns, fed, slots, state, cov6, bound):
    """The one older track that each young track is the double of, row by row; -1: none, or not clear which.

    In        young (y,) int64    rows of the young; gone (n,) bool: rows not to be matched
              number, last_ns, fed  the memory's arrays, read at slots (n,)
              state (n, 6), cov6 (n, 6, 6)   at one time
              bound               on the squared difference
    Out       (y,) int64 rows
    """
    found = np.full(young.shape[0], -1, np.int64)
    n = slots.shape[0]
    known = np.empty(n, np.int64)  # rows that may be older ones
    count = 0
    widest, reach_m = np.zeros(3), np.empty(3)  # by component
    low_m, high_m = math.inf, -math.inf
    for k in range(n):
        if _is_known(cov6[k]) and not gone[k]:
            known[count] = k
            count += 1
            for a in range(3):
                widest[a] = max(widest[a], cov6[k, a, a])
            low_m, high_m = min(low_m, state[k, 0]), max(high_m, state[k, 0])
    if count == 0:
        return found
    width_m = max((high_m - low_m) / count, 1.0)
    start = np.zeros(count + 2, np.int64)  # of each slab of the first component of position, one slab behind
    for c in range(count):
        start[_slab(state[known[c], 0], low_m, width_m, count) + 2] += 1
    for b in range(count):
        start[b + 2] += start[b + 1]
    rows, numbers, at_m = np.empty(count, np.int64), np.empty(count, np.int64), np.empty((count, 3))  # by slab
    for c in range(count):
        k = known[c]
        b = _slab(state[k, 0], low_m, width_m, count) + 1
        rows[start[b]], numbers[start[b]] = k, number[slots[k]]
        for a in range(3):
            at_m[start[b], a] = state[k, a]
        start[b] += 1
    for y in range(young.shape[0]):
        i = young[y]
        if gone[i] or not _is_known(cov6[i]):
            continue
        for a in range(3):
            reach_m[a] = min(math.sqrt(bound * (cov6[i, a, a] + widest[a])), _APART_M)
        first = start[_slab(state[i, 0] - reach_m[0], low_m, width_m, count)]
        last = start[_slab(state[i, 0] + reach_m[0], low_m, width_m, count) + 1]
        like = 0
        for o in range(first, last):
            if abs(state[i, 0] - at_m[o, 0]) > reach_m[0] or abs(state[i, 1] - at_m[o, 1]) > reach_m[1]:
                continue
            if abs(state[i, 2] - at_m[o, 2]) > reach_m[2] or numbers[o] >= number[slots[i]]:
                continue
            k = rows[o]
            if not may_be_one(fed[slots[i]], last_ns[slots[i]], fed[slots[k]], last_ns[slots[k]]):
                continue
            if difference2(state[i], cov6[i], state[k], cov6[k]) <= bound:
                like += 1
                found[y] = k
        if like > 1:
            found[y] = -1
    return found


@in_place_kernel
def _slab(at_m, low_m, width_m, count):
    return min(max(np.int64((at_m - low_m) / width_m), 0), count - 1)
