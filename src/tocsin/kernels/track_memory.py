"""The slots of the tracker's memory: given out, given back, listed, copied for a checkpoint, and told in a message.

``number`` (T,) int64 are the tracks' ids; the rest is named as in ``tracking/state.py``.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.track_motion import BALLISTIC, BOOST, DIM, MODEL_COUNT
from tocsin.kernels.track_scan import CONFIRMED, FREE, TENTATIVE
from tocsin.kernels.track_watch import BEFORE, EPOCH, EVER, NOW

_DIGIT_BITS = 8  # of a number, sorted at a time
_DIGITS = 1 << _DIGIT_BITS
PACKED_WHOLE, PACKED_REAL = 14, 5  # numbers that a checkpoint keeps of a slot, besides its bank


@kernel
def slots_in_use(status, number, last_ns, before_ns):
    """(n,) int64 slots in use whose last plot is older than before_ns, by track number; and the oldest plot, ns."""
    slots = np.empty(status.shape[0], np.int64)
    n, oldest_ns = 0, before_ns
    for k in range(status.shape[0]):
        if status[k] != FREE and last_ns[k] < before_ns:
            slots[n] = k
            n += 1
            oldest_ns = min(oldest_ns, last_ns[k])
    if n == 0:
        return slots[:0], oldest_ns
    low = high = number[slots[0]]
    for i in range(1, n):
        low = min(low, number[slots[i]])
        high = max(high, number[slots[i]])
    other = np.empty(status.shape[0], np.int64)
    place = np.empty(_DIGITS + 1, np.int64)
    shift = 0
    while (high - low) >> shift > 0:
        place[:] = 0
        for i in range(n):
            place[1 + ((number[slots[i]] - low) >> shift & _DIGITS - 1)] += 1
        for d in range(_DIGITS):
            place[d + 1] += place[d]
        for i in range(n):
            d = (number[slots[i]] - low) >> shift & _DIGITS - 1
            other[place[d]] = slots[i]
            place[d] += 1
        slots, other = other, slots
        shift += _DIGIT_BITS
    return slots[:n], oldest_ns


@kernel
def take_slots(status, number, count, next_number):
    """The first (count,) int64 free slots, now tentative, with numbers from the next on; fewer, if so, stay free."""
    slots = np.empty(count, np.int64)
    n = 0
    for k in range(status.shape[0]):
        if n == count:
            break
        if status[k] == FREE:
            slots[n] = k
            n += 1
    if n == count:
        for i in range(n):
            number[slots[i]] = next_number + i
            status[slots[i]] = TENTATIVE
    return slots[:n]


@in_place_kernel
def free_slots(
    slots, mu, t_ns, number, name, status, first_ns, last_ns, miss_count, plot_count, parent, told_boost, evidence, fed,
    support,
):  # fmt: skip
    """Slots (n,) become all zero, but for their banks: no model of these lives any more."""
    for i in range(slots.shape[0]):
        k = slots[i]
        t_ns[k] = number[k] = name[k] = status[k] = first_ns[k] = last_ns[k] = miss_count[k] = parent[k] = 0
        told_boost[k] = evidence[k] = 0.0
        for m in range(MODEL_COUNT):
            mu[k, m] = 0.0
        for c in range(plot_count.shape[1]):
            plot_count[k, c] = 0
        for c in range(support.shape[1]):
            support[k, c] = 0
        for c in range(fed.shape[1]):
            fed[k, c] = False


@kernel
def give_names(name, slots, next_name):
    """(n,) int64 the public numbers of slots, each given when it is first asked for; and the next."""
    out = np.empty(slots.shape[0], np.int64)
    for i in range(slots.shape[0]):
        k = slots[i]
        if name[k] == 0:
            name[k] = next_name
            next_name += 1
        out[i] = name[k]
    return out, next_name


@in_place_kernel
def add_support(support, slots, bit, epoch):
    """A sensor fed slots (n,) in an epoch: columns of support as in ``track_watch.py``."""
    mask = 1 << bit
    for i in range(slots.shape[0]):
        k = slots[i]
        if support[k, EPOCH] < epoch:
            support[k, BEFORE] = support[k, NOW] if support[k, EPOCH] == epoch - 1 else 0
            support[k, NOW] = 0
            support[k, EPOCH] = epoch
        support[k, NOW] |= mask
        support[k, EVER] |= mask


@in_place_kernel
def _is_alive(mu, k, m):
    return mu[k, m] > 0.0 or (m == BALLISTIC and mu[k, BOOST] > 0.0)


@in_place_kernel
def find_starts(mu, slots, biases, starts):
    """Fill starts (n + 1,) int64: where the banks of each slot begin among those of all, as `copy_in_use` lays them."""
    at = 0
    for i in range(slots.shape[0]):
        starts[i] = at
        for m in range(MODEL_COUNT):
            if _is_alive(mu, slots[i], m):
                at += DIM[m] * (1 + DIM[m] + biases)
    starts[slots.shape[0]] = at


@in_place_kernel
def copy_in_use(
    x, cov, mu, slope, t_ns, number, status, first_ns, last_ns, miss_count, plot_count, parent, told_boost, evidence,
    support, slots, starts, whole, real, banks,
):  # fmt: skip
    """What some slots (n,) in use hold.

    In        starts (n,) int64  as of `find_starts`, with those of other slots: where those of each begin in banks
    Out       of each slot, a row of whole (n, PACKED_WHOLE) and real (n, PACKED_REAL): see the loop
              banks (k,)  of each slot in turn, of each model that lives in it: x, cov and slope row by row, as it owns
    """
    for i in range(slots.shape[0]):
        k = slots[i]
        whole[i, 0] = t_ns[k]  # several in one assignment take numba longer to compile
        whole[i, 1] = number[k]
        whole[i, 2] = status[k]
        whole[i, 3] = first_ns[k]
        whole[i, 4] = last_ns[k]
        whole[i, 5] = miss_count[k]
        whole[i, 6] = parent[k]
        for c in range(3):
            whole[i, 7 + c] = plot_count[k, c]
        for c in range(4):
            whole[i, 10 + c] = support[k, c]
        real[i, 0] = told_boost[k]
        real[i, 1] = evidence[k]
        for m in range(MODEL_COUNT):
            real[i, 2 + m] = mu[k, m]
        at = starts[i]
        for m in range(MODEL_COUNT):
            if not _is_alive(mu, k, m):
                continue
            for a in range(DIM[m]):
                banks[at] = x[k, m, a]
                at += 1
                for b in range(DIM[m]):
                    banks[at + b] = cov[k, m, a, b]
                at += DIM[m]
                for c in range(slope.shape[3]):
                    banks[at + c] = slope[k, m, a, c]
                at += slope.shape[3]


@in_place_kernel
def put_banks(banks, slots, starts, mu, x, cov, slope):
    """The inverse of `copy_in_use` for banks, once mu holds what it did."""
    for i in range(slots.shape[0]):
        k = slots[i]
        at = starts[i]
        for m in range(MODEL_COUNT):
            if not _is_alive(mu, k, m):
                continue
            for a in range(DIM[m]):
                x[k, m, a] = banks[at]
                at += 1
                for b in range(DIM[m]):
                    cov[k, m, a, b] = banks[at + b]
                at += DIM[m]
                for c in range(slope.shape[3]):
                    slope[k, m, a, c] = banks[at + c]
                at += slope.shape[3]


@in_place_kernel
def mark_unlike(mu, x, cov, slots, other_x, other_cov, other_slots, same):
    """Set same (n,) false where two memories' banks differ in what models that live by mu own."""
    for i in range(slots.shape[0]):
        k, o = slots[i], other_slots[i]
        for m in range(MODEL_COUNT):
            if not (same[i] and _is_alive(mu, k, m)):
                continue
            is_same = True
            for a in range(DIM[m]):
                is_same &= x[k, m, a] == other_x[o, m, a]
                for b in range(DIM[m]):
                    is_same &= cov[k, m, a, b] == other_cov[o, m, a, b]
            same[i] = is_same


# columns of a message, rows of `tell_rows`'s whole (WHOLE_COUNT, n) int64 ...
CODE, AT_NS, FIRST_NS, LAST_NS, RADAR, INFRARED, REPORTED, NIS_DOF, PARENT = range(9)
WHOLE_COUNT = 9
# ... and real (REAL_COUNT, n)
LOG_BETA, LOG_BETA_STD, NIS = range(3)
REAL_COUNT = 3


@in_place_kernel
def tell_rows(
    t_ns, status, first_ns, last_ns, plot_count, parent, slots, mu, state, cov6, log_beta, log_beta_var, rows,
    dropped, nis, to_ns, dof, log_beta_mean, log_beta_std, first, last, whole, real, vectors, covariance, mode_prob,
):  # fmt: skip
    """Fill the columns of a message with rows (n,) of an estimate of ``slots``: from first on, and before last.

    An array at a time: waiting for memory is most of the work of many tracks.

    In        to_ns (k,) int64   of each row of the estimate, or (1,) of all
              dropped (n,) bool, nis (n,), -1 where no plot was used; dof of those where one was
              log_beta_mean, log_beta_std   told where BALLISTIC has no probability
    Out       whole (WHOLE_COUNT, n), real (REAL_COUNT, n)  as named above; CODE: 0 tentative, 1 confirmed, 2 dropped
              vectors (2, n, 3)  position and velocity; covariance (n, 6, 6), mode_prob (n, 3)
    """
    _pick(status, slots, rows, first, last, whole[CODE])
    _pick(t_ns, slots, rows, first, last, whole[AT_NS])
    _pick(first_ns, slots, rows, first, last, whole[FIRST_NS])
    _pick(last_ns, slots, rows, first, last, whole[LAST_NS])
    _pick(parent, slots, rows, first, last, whole[PARENT])
    for i in range(first, last):
        k = slots[rows[i]]
        for c in range(3):
            whole[RADAR + c, i] = plot_count[k, c]
    for i in range(first, last):
        r = rows[i]
        whole[CODE, i] = 2 if dropped[i] else (1 if whole[CODE, i] == CONFIRMED else 0)
        whole[AT_NS, i] = max(whole[AT_NS, i], to_ns[r if to_ns.shape[0] > 1 else 0])
        whole[NIS_DOF, i] = dof if nis[i] >= 0.0 else 0
        real[NIS, i] = max(nis[i], 0.0)
        is_known = mu[r, BALLISTIC] > 0.0
        real[LOG_BETA, i] = log_beta[r] if is_known else log_beta_mean
        real[LOG_BETA_STD, i] = math.sqrt(log_beta_var[r]) if is_known else log_beta_std
        for m in range(MODEL_COUNT):
            mode_prob[i, m] = mu[r, m]
        for a in range(3):
            vectors[0, i, a] = state[r, a]
            vectors[1, i, a] = state[r, 3 + a]
        for a in range(6):
            for b in range(6):
                covariance[i, a, b] = cov6[r, a, b]


@in_place_kernel
def tell_sensors(fed, slots, rows, table, alike, first_alike):
    """Which of rows (n,) of an estimate of ``slots`` the same sensors fed.

    In        table (k,) int64   overwritten; k a power of two, twice n at least
    Out       alike (n,) int64   the same number for tracks that the same sensors fed; first_alike (n,) int64: the slot
                                 of the first of each number
    Returns   how many numbers there are
    """
    unlike, last = 0, table.shape[0] - 1
    for place in range(table.shape[0]):
        table[place] = -1  # hashed by sensors: a number of `alike`
    for i in range(rows.shape[0]):
        k = slots[rows[i]]
        place = 0
        for s in range(fed.shape[1]):
            place = 31 * place + (s + 1 if fed[k, s] else 0)
        place &= last
        while table[place] >= 0 and not _is_equal(fed, first_alike[table[place]], k):
            place = (place + 1) & last
        if table[place] < 0:
            table[place] = unlike
            first_alike[unlike] = k
            unlike += 1
        alike[i] = table[place]
    return unlike


@in_place_kernel
def _is_equal(fed, a, b):
    same = True
    for s in range(fed.shape[1]):
        same = same and fed[a, s] == fed[b, s]
    return same


@in_place_kernel
def _pick(column, slots, rows, first, last, out):
    for i in range(first, last):
        out[i] = column[slots[rows[i]]]
