"""What one scan says of its sensor: do its plots lie where tracks that others support say, or a fixed time from there?

A plot is compared with a track at its own time, and with the same track a while earlier or later: the shift that fits
best is found by Gauss-Newton in the sensor's own coordinates, with the track's covariance carried along. What was off
by a clock then lies on the track; what was off by anything else keeps its residual.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.track_observe import INFRARED, ROW_COUNT, ROWS, observe
from tocsin.kernels.track_update import cholesky_solve

SHIFT_MAX_S = 6.0  # clock errors are sought up to this
SHIFT_STEP_S = 0.1
SHIFT_COUNT = 121
REFERENCE_MAX = 16  # tracks looked at in one scan
PAIR_MAX = 64  # pairs kept of one scan
_NEAR_M = 50_000.0  # a plot further from a track has nothing to do with it ...
_NEAR_RATIO = 0.1  # ... nor one further off in angle, rad
_WANDER_M_S2 = 3.0  # one sigma of acceleration that a track's model lacks, over the shift
_BLUR_S = 0.15  # shifts this close to the best one fit as well
_ITERATIONS = 5


@kernel
def _compare(x, cov, push, dt_s, shift_s, kind, z, site, var, at, jacobian, nu, s, b, wide):
    """Compare a plot with a track at dt_s + shift_s after its state: (d2, d2's fall by a further shift, information).

    In        x (6,), cov (6, 6)  the track's state; push (3,) acceleration besides gravity, m/s2
    Out       nu (4,) residual; s (4, 4) Cholesky factor of its covariance; at (6,), jacobian (4, 6), b (4, 2),
              wide (6, 6) are work space
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
    observe(kind, at, site, z, nu, jacobian)
    for r in range(m):
        b[r, 0] = nu[r]
        moved = 0.0
        for k in range(3):
            moved += jacobian[r, k] * at[3 + k] + jacobian[r, 3 + k] * (pull * x[k] + push[k])
        b[r, 1] = moved
        for c in range(r + 1):
            v = var[r] if r == c else 0.0
            for i in range(6):
                for k in range(6):
                    v += jacobian[r, i] * wide[i, k] * jacobian[c, k]
            s[r, c] = v
            s[c, r] = v
    d0 = b[0, 1]
    d1 = b[1, 1]
    d2_ = b[2, 1]
    d3 = b[3, 1]
    log_det = cholesky_solve(s, m, b, 2)
    if not math.isfinite(log_det):
        return 1e30, 0.0, 0.0
    d2 = 0.0
    g = 0.0
    for r in range(m):
        d = d0 if r == 0 else (d1 if r == 1 else (d2_ if r == 2 else d3))
        d2 += nu[r] * b[r, 0]
        g += d * b[r, 0]
    f = 0.0
    for r in range(m):
        d = d0 if r == 0 else (d1 if r == 1 else (d2_ if r == 2 else d3))
        f += d * b[r, 1]
    return d2, g, f


@kernel
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


@kernel
def scan_evidence(
    x, cov, push, dt_s, kind, z, spot, ahead_s, site, var, own, is_free, limit, sharp_s,
    fits, left_sum, weight, weighted_s, pair_track, residual, spread, out,
):  # fmt: skip
    """What a scan says, by each reference track and in sum.

    In        x (n, 6), cov (n, 6, 6), push (n, 3)  tracks; dt_s (n,) reference time less state time; ahead_s (p,)
              plot time less reference time; own (n,) plot that each track took, -1: none; is_free (p,) no track that
              others support has taken the plot
              limit    bound on d2; sharp_s  a track and plot that tell shifts less sharply than this tell nothing
    Out       fits (SHIFT_COUNT,)   tracks that no plot shows at their time, and one shows at that shift
              left_sum (SHIFT_COUNT,)  sum of d2 at that shift, of those
              weight, weighted_s (SHIFT_COUNT,)  sums of 1/variance, and of it times the best shift, of those
              pair_track (PAIR_MAX,) int64, residual, spread (PAIR_MAX, 4)  pairs of such a track and a free plot:
                       residual at its time, and its variances
              out (5,) tracks shown at their time; tracks not, though something is near; pairs; sum of d2, of each
                       track's nearest own or free plot, within four times the limit; their rows
    """
    at = np.empty(6)
    jacobian = np.empty((ROWS, 6))
    nu = np.zeros(ROWS)
    s = np.zeros((ROWS, ROWS))
    b = np.zeros((ROWS, 2))
    wide = np.empty((6, 6))
    done = np.empty(SHIFT_COUNT, np.bool_)
    m = ROW_COUNT[kind]
    pair_count = 0
    for k in range(5):
        out[k] = 0.0
    for k in range(SHIFT_COUNT):
        fits[k] = 0.0
        left_sum[k] = 0.0
        weight[k] = 0.0
        weighted_s[k] = 0.0
    for i in range(x.shape[0]):
        nearest = 1e30
        nearest_own = 1e30
        sharpness = 0.0
        near = 0
        for j in range(z.shape[0]):
            lag_s = dt_s[i] + ahead_s[j]
            if not _is_near(x[i], lag_s, kind, spot[j], site):
                continue
            d2, _, f = _compare(
                x[i], cov[i], push[i], lag_s, 0.0, kind, z[j], site, var[j], at, jacobian, nu, s, b, wide
            )
            near += 1 if is_free[j] else 0
            if (is_free[j] or j == own[i]) and d2 < nearest_own:
                nearest_own = d2
            if d2 < nearest:
                nearest = d2
                sharpness = f
        if nearest_own <= 4.0 * limit:
            out[3] += nearest_own
            out[4] += m
        if nearest <= limit:
            if sharpness * sharp_s * sharp_s >= 1.0:
                out[0] += 1.0
            continue
        if near == 0:
            continue
        is_sharp = False
        for k in range(SHIFT_COUNT):
            done[k] = False
        for j in range(z.shape[0]):
            lag_s = dt_s[i] + ahead_s[j]
            if not is_free[j] or not _is_near(x[i], lag_s, kind, spot[j], site):
                continue
            _, g, f = _compare(
                x[i], cov[i], push[i], lag_s, 0.0, kind, z[j], site, var[j], at, jacobian, nu, s, b, wide
            )
            if f * sharp_s * sharp_s < 1.0:
                continue
            is_sharp = True
            if pair_count < PAIR_MAX:
                pair_track[pair_count] = i
                for r in range(ROWS):
                    residual[pair_count, r] = nu[r] if r < m else 0.0
                    square = 0.0
                    for c in range(r + 1):
                        square += s[r, c] * s[r, c] if r < m else 0.0
                    spread[pair_count, r] = square if r < m else 1.0
                pair_count += 1
            shift_s = 0.0
            left = 1e30
            for _ in range(_ITERATIONS):
                step_s = g / max(f, 1e-30)
                shift_s = min(max(shift_s + step_s, -1.5 * SHIFT_MAX_S), 1.5 * SHIFT_MAX_S)
                d2, g, f = _compare(
                    x[i], cov[i], push[i], lag_s, shift_s, kind, z[j], site, var[j], at, jacobian, nu, s, b, wide
                )
                left = d2 - g * g / max(f, 1e-30)
                if abs(step_s) < 0.005:
                    break
            if left > limit or abs(shift_s) > SHIFT_MAX_S or f * sharp_s * sharp_s < 1.0:
                continue
            half_s = max(math.sqrt((limit - left) / f), _BLUR_S)
            low = max(int(math.ceil((shift_s - half_s + SHIFT_MAX_S) / SHIFT_STEP_S)), 0)
            high = min(int(math.floor((shift_s + half_s + SHIFT_MAX_S) / SHIFT_STEP_S)), SHIFT_COUNT - 1)
            for k in range(low, high + 1):
                if not done[k]:
                    done[k] = True
                    fits[k] += 1.0
                    left_sum[k] += left + f * (k * SHIFT_STEP_S - SHIFT_MAX_S - shift_s) ** 2
                    weight[k] += f
                    weighted_s[k] += f * shift_s
        if is_sharp:
            out[1] += 1.0
    out[2] = pair_count
