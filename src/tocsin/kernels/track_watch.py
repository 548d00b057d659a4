"""What one scan says of its sensor: do its plots lie where tracks that others support say, or a fixed time from there?

A plot is compared with a track at its own time, and with the same track a while earlier or later: the shift that fits
best is found by Gauss-Newton in the sensor's own coordinates, with the track's covariance carried along. What was off
by a clock then lies on the track; what was off by anything else keeps its residual.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.track_motion import BOOST, LEVEL
from tocsin.kernels.track_observe import INFRARED, NU, ROW_COUNT, ROWS, observe
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.kernels.track_update import cholesky_solve

SHIFT_MAX_S = 6.0  # clock errors are sought up to this
SHIFT_STEP_S = 0.1
SHIFT_COUNT = 121
REFERENCE_MAX = 16  # tracks looked at in one scan
PAIR_MAX = 64  # pairs kept of one scan
FRESH_NS = 5_000_000_000  # a track whose last plot is older is no reference ...
SETTLED_NS = 4_000_000_000  # ... nor one that has been seen for less: it may yet be made of a liar's plots and others'
EVER = 0  # columns of support (T, 4): bits of the sensors that ever fed a track ...
NOW = 1  # ... in the present ten seconds ...
BEFORE = 2  # ... in those before
EPOCH = 3  # which ten seconds are the present
_TWICE = 6  # numbers that fix a position twice over
_MAJORITY = 4  # those who see a reference outnumber those who see it elsewhere so many times, in numbers measured
_SHARP_S = 0.8  # one sigma of the shift that one plot tells, at most, or the plot tells nothing
_NEAR_M = 50_000.0  # a plot further from a track has nothing to do with it ...
_NEAR_RATIO = 0.1  # ... nor one further off in angle, rad
_WANDER_M_S2 = 3.0  # one sigma of acceleration that a track's model lacks, over the shift
_BLUR_S = 0.15  # shifts this close to the best one fit as well
_ITERATIONS = 5


@in_place_kernel
def _compare(x, cov, push, dt_s, shift_s, kind, z, site, var, clock_var, at, view, seen, s, b, wide):
    """Compare a plot with a track at dt_s + shift_s after its state: (d2, d2's fall by a further shift, information).

    In        x (6,), cov (6, 6)  the track's state; push (3,) acceleration besides gravity, m/s2
              clock_var    s2, of the sensor's clock
    Out       seen (2, 4)  residual, and its variances; at (6,), view (4, NU + 1), s (4, 4), b (4, 2), wide (6, 6) are
                           work space
    Returns   d2 = nu' S^-1 nu, g = d' S^-1 nu, f = d' S^-1 d, with d the residual's change per s of shift
    """
    h = dt_s + shift_s
    r2 = x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
    pull = -GM_M3_S2 / (r2 * math.sqrt(r2))
    for k in range(3):
        a = pull * x[k] + push[k]
        at[k] = x[k] + h * (x[3 + k] + 0.5 * h * a)
        at[3 + k] = x[3 + k] + h * a
    wander = (0.5 * _WANDER_M_S2 * shift_s * shift_s) ** 2
    for i in range(3):
        for j in range(3):
            vv = cov[3 + i, 3 + j]
            wide[i, j] = cov[i, j] + h * (cov[i, 3 + j] + cov[3 + i, j]) + h * h * vv
            wide[i, 3 + j] = cov[i, 3 + j] + h * vv
            wide[3 + i, j] = cov[3 + i, j] + h * vv
            wide[3 + i, 3 + j] = vv
        wide[i, i] += wander
    m = ROW_COUNT[kind]
    observe(kind, at, site, z, view)
    for r in range(m):
        moved = 0.0
        for k in range(3):
            moved += view[r, k] * at[3 + k] + view[r, 3 + k] * (pull * x[k] + push[k])
        b[r, 1] = moved
        seen[0, r] = view[r, NU]
        b[r, 0] = view[r, NU]
    for r in range(m):
        for c in range(r + 1):
            v = clock_var * b[r, 1] * b[c, 1]
            if r == c:
                v += var[r]
            for i in range(6):
                for k in range(6):
                    v += view[r, i] * wide[i, k] * view[c, k]
            s[r, c] = v
            s[c, r] = v
        seen[1, r] = s[r, r]
        view[r, NU] = b[r, 1]  # kept: b becomes the solution
    log_det = cholesky_solve(s, m, b, 2)
    if not math.isfinite(log_det):
        return 1e30, 0.0, 0.0
    d2 = 0.0
    g = 0.0
    f = 0.0
    for r in range(m):
        d2 += seen[0, r] * b[r, 0]
        g += view[r, NU] * b[r, 0]
        f += view[r, NU] * b[r, 1]
    return d2, g, f


@in_place_kernel
def _is_near(x, dt_s, kind, spot, site):
    """Whether a plot may have anything to do with a track."""
    if kind == INFRARED:
        along = 0.0
        distance2 = 0.0
        for k in range(3):
            d = x[k] + dt_s * x[3 + k] - site[k]
            along += d * spot[k]
            distance2 += d * d
        return along > 0.0 and distance2 - along * along < _NEAR_RATIO * _NEAR_RATIO * distance2
    d2 = 0.0
    for k in range(3):
        d2 += (x[k] + dt_s * x[3 + k] - spot[k]) ** 2
    return d2 < _NEAR_M * _NEAR_M


@in_place_kernel
def _rows_of(mask, bit_rows):
    """Numbers that one plot each of the sensors in a mask would measure."""
    rows = 0
    for b in range(bit_rows.shape[0]):
        if mask >> b & 1:
            rows += bit_rows[b]
    return rows


@in_place_kernel
def _references(
    slots, status, first_ns, last_ns, support, state, when_ns, others, odd, bit_rows, turn, known, apart, picked, agreed
):  # fmt: skip
    """Fill picked (REFERENCE_MAX,) with rows of tracks to compare with, and agreed, whether to judge by them; returns
    how many.

    Confirmed, seen for SETTLED_NS and no longer ago than FRESH_NS, lately measured by sensors of ``others`` that fix a
    position twice over. Nobody is judged where more than a few of the others lately fed another confirmed track beside
    it, and not it, or are of ``odd`` and did not feed it: they disagree among themselves, and one of them may be the
    liar. What is not confirmed says nothing: a plot that errs by more than the gate begins a track as well. Where there
    are many, ``turn`` says which now. known (n,) and apart (REFERENCE_MAX,) int64 are overwritten.
    """
    n = slots.shape[0]
    count = 0
    for i in range(n):
        k = slots[i]
        if status[k] != CONFIRMED or when_ns - last_ns[k] > FRESH_NS or last_ns[k] - first_ns[k] < SETTLED_NS:
            continue
        if _rows_of((support[k, NOW] | support[k, BEFORE]) & others, bit_rows) >= _TWICE:
            known[count] = i
            count += 1
    stride = max((count + REFERENCE_MAX - 1) // REFERENCE_MAX, 1)
    found = 0
    for r in range(turn % stride, count, stride):
        picked[found] = known[r]
        found += 1
    if found == 0:
        return 0
    for r in range(found):
        apart[r] = odd  # those who disagree
    for j in range(n):
        k = slots[j]
        fed = support[k, NOW] | support[k, BEFORE]
        if status[k] != CONFIRMED or fed & others == 0:
            continue
        at = state[j]
        for r in range(found):
            i = picked[r]
            is_apart = abs(at[0] - state[i, 0]) > _NEAR_M
            if not (is_apart or abs(at[1] - state[i, 1]) > _NEAR_M or abs(at[2] - state[i, 2]) > _NEAR_M):
                apart[r] |= fed
    for r in range(found):
        k = slots[picked[r]]
        mask = (support[k, NOW] | support[k, BEFORE]) & others
        agreed[r] = _MAJORITY * _rows_of(apart[r] & others & ~mask, bit_rows) <= _rows_of(mask, bit_rows)
    return found


@kernel
def scan_evidence(
    slots, status, first_ns, last_ns, t_ns, support, state, cov6, x, mu, choice, when_ns, clock_var, bit, others, odd,
    bit_rows, turn, kind, z, spot, plot_ns, site, var, limit, shifts, pairs, out,
):  # fmt: skip
    """What a scan says of its sensor, by each reference track and in sum.

    In        slots (n,), state (n, 6), cov6 (n, 6, 6), x (n, 3, 9), mu (n, 3)  tracks predicted to when_ns
              status, first_ns, last_ns, t_ns, support  the memory's, by slot
              choice (n,)     plot that each track chose, -1: none
              clock_var       s2, of what is not known of the sensor's clock; plots are less what is
              bit, others     the sensor's bit, and the mask of the other trusted sensors
              odd             the mask of sensors that lately saw references displaced, scan after scan
              bit_rows (b,)   numbers that a plot of each sensor measures; turn: any count that grows with each scan
              limit           bound on d2
    Out       shifts (4, SHIFT_COUNT)  by shift: tracks that no plot shows at their time, and one shows at that shift;
                              the sum of d2 at that shift, of those; of 1/variance of their best shifts; of that
                              times the best shift
              pairs (PAIR_MAX, 1 + 2 ROWS)  of such a track and a free plot, one that no track which others support
                              has taken: track; residual at its time; its variances
              out (8,)        tracks shown at their time; tracks not, though something is near; pairs; sum of d2, of
                              each track's nearest own or free plot, within four times the limit; their rows;
                              reference tracks; whether the sensor has ever fed one of them; tracks not shown less
                              those shown, also of references about which the others disagree: all else is without
              support         the sensor supports no longer what it sees elsewhere
    """
    shifts[:] = 0.0
    out[:] = 0.0
    _scan_evidence(
        slots, status, first_ns, last_ns, t_ns, support, state, cov6, x, mu, choice, when_ns,
        clock_var, bit, others, odd, bit_rows, turn, kind, z, spot, plot_ns, site, var, limit, shifts, pairs, out,
        np.empty(slots.shape[0], np.int64), np.empty((2, REFERENCE_MAX), np.int64), np.empty(REFERENCE_MAX, np.bool_),
        np.ones(z.shape[0], np.bool_), np.empty(z.shape[0], np.int64), np.empty((2, 6)), np.zeros((ROWS, NU + 1)),
        np.zeros((2, ROWS)), np.zeros((ROWS, ROWS)), np.zeros((ROWS, 2)), np.empty((6, 6)),
        np.empty(SHIFT_COUNT, np.bool_),
    )  # fmt: skip


@in_place_kernel
def _scan_evidence(
    slots, status, first_ns, last_ns, t_ns, support, state, cov6, x, mu, choice, when_ns, clock_var,
    bit, others, odd, bit_rows, turn, kind, z, spot, plot_ns, site, var, limit, shifts, pairs, out, known, numbers,
    agreed, is_free, close, moved, view, seen, s, b, wide, done,
):  # fmt: skip
    """`scan_evidence` with room to work; all of is_free (p,) is true at first."""
    picked, apart = numbers[0], numbers[1]
    push, at = moved[0], moved[1]
    reference_count = _references(
        slots, status, first_ns, last_ns, support, state, when_ns, others, odd, bit_rows, turn, known, apart, picked,
        agreed,
    )  # fmt: skip
    if reference_count == 0:
        return
    for i in range(slots.shape[0]):
        if choice[i] >= 0 and (support[slots[i], NOW] | support[slots[i], BEFORE]) & others:
            is_free[choice[i]] = False
    span_s = 0.0
    for j in range(z.shape[0]):
        span_s = max(span_s, abs(plot_ns[j] - when_ns) * 1e-9)
    sharp = 1.0 / (_SHARP_S * _SHARP_S)
    m = ROW_COUNT[kind]
    pair_count = 0
    for r in range(reference_count):
        i = picked[r]
        here = state[i]
        cov = cov6[i]
        r2 = here[0] * here[0] + here[1] * here[1] + here[2] * here[2]
        lift = mu[i, LEVEL] * GM_M3_S2 / (r2 * math.sqrt(r2))  # what flies level does not fall
        for c in range(3):
            push[c] = lift * here[c] + mu[i, BOOST] * x[i, BOOST, 6 + c]
        back_s = min((when_ns - t_ns[slots[i]]) * 1e-9, 0.0)
        if agreed[r]:
            out[5] += 1.0
            if support[slots[i], EVER] >> bit & 1:
                out[6] = 1.0
        nearest = 1e30
        nearest_own = 1e30
        sharpness = 0.0
        near = 0
        close_count = 0
        speed_m_s = math.sqrt(here[3] * here[3] + here[4] * here[4] + here[5] * here[5])
        reach_m = math.inf if kind == INFRARED else 1.001 * (_NEAR_M + (span_s - back_s) * speed_m_s)
        for j in range(z.shape[0]):
            if abs(spot[j, 0] - here[0]) > reach_m:
                continue
            lag_s = back_s + (plot_ns[j] - when_ns) * 1e-9
            if not _is_near(here, lag_s, kind, spot[j], site):
                continue
            close[close_count] = j
            close_count += 1
            d2, _, f = _compare(
                here, cov, push, lag_s, 0.0, kind, z[j], site, var[j], clock_var, at, view, seen, s, b, wide
            )
            near += 1 if is_free[j] else 0
            if (is_free[j] or j == choice[i]) and d2 < nearest_own:
                nearest_own = d2
            if d2 < nearest:
                nearest = d2
                sharpness = f
        if agreed[r] and nearest_own <= 4.0 * limit:
            out[3] += nearest_own
            out[4] += m
        if nearest <= limit:
            if sharpness >= sharp:
                out[0] += 1.0 if agreed[r] else 0.0
                out[7] -= 1.0
            continue
        if near == 0:
            continue
        for column in (NOW, BEFORE):
            support[slots[i], column] &= ~(np.int64(1) << bit)
        is_sharp = False
        for k in range(SHIFT_COUNT):
            done[k] = False
        for c in range(close_count):
            j = close[c]
            if not is_free[j]:
                continue
            lag_s = back_s + (plot_ns[j] - when_ns) * 1e-9
            _, g, f = _compare(
                here, cov, push, lag_s, 0.0, kind, z[j], site, var[j], clock_var, at, view, seen, s, b, wide
            )
            if f < sharp:
                continue
            is_sharp = True
            if not agreed[r]:
                break
            if pair_count < PAIR_MAX:
                pairs[pair_count, 0] = i
                for a in range(ROWS):
                    pairs[pair_count, 1 + a] = seen[0, a] if a < m else 0.0
                    pairs[pair_count, 1 + ROWS + a] = seen[1, a] if a < m else 1.0
                pair_count += 1
            shift_s = 0.0
            left = 1e30
            for _ in range(_ITERATIONS):
                step_s = g / max(f, 1e-30)
                shift_s = min(max(shift_s + step_s, -1.5 * SHIFT_MAX_S), 1.5 * SHIFT_MAX_S)
                d2, g, f = _compare(
                    here, cov, push, lag_s, shift_s, kind, z[j], site, var[j], clock_var, at, view, seen, s, b, wide
                )
                left = d2 - g * g / max(f, 1e-30)
                if abs(step_s) < 0.005:
                    break
            if left > limit or abs(shift_s) > SHIFT_MAX_S or f < sharp:
                continue
            half_s = max(math.sqrt((limit - left) / f), _BLUR_S)
            low = max(math.ceil((shift_s - half_s + SHIFT_MAX_S) / SHIFT_STEP_S), 0)
            high = min(math.floor((shift_s + half_s + SHIFT_MAX_S) / SHIFT_STEP_S), SHIFT_COUNT - 1)
            for k in range(low, high + 1):
                if not done[k]:
                    done[k] = True
                    shifts[0, k] += 1.0
                    shifts[1, k] += left + f * (k * SHIFT_STEP_S - SHIFT_MAX_S - shift_s) ** 2
                    shifts[2, k] += f
                    shifts[3, k] += f * shift_s
        if is_sharp:
            out[1] += 1.0 if agreed[r] else 0.0
            out[7] += 1.0
    out[2] = pair_count
