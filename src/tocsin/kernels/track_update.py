"""Measurement update of one motion model: an iterated extended Kalman filter in the sensor's coordinates.

A plot older than the state is handled without moving the state: it is compared with the state moved back, and
the process noise of the way back is counted as measurement noise, which is cautious (Bar-Shalom, Update with
out-of-sequence measurements, IEEE TAES 38(3), 2002, algorithm C, with its correlation terms left out).
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.track_motion import BOOST, DIM, LATE_Q, LEVEL, SIZE, TURN_ACCELERATION_M_S2, TURN_NIS
from tocsin.kernels.track_observe import COLUMN_COUNT, INFRARED, NU, POSITION, ROW_COUNT, ROWS, observe

LOG_2PI = math.log(2.0 * math.pi)
_ITERATIONS = 6
_NO_FIT = 1e30
BEND_LOOKS = 32.0  # of a track: so many see the same bend, look after look, and must not average it away
_FELT = 1e-4 / BEND_LOOKS  # of a variance: less is not worth working out
_ROUNDING = 1e-8  # of each variance, added at an update
TURN_LOG_PROB = math.log(0.1)  # a turn is one chance in ten

# Rows of the one array (WORK_ROWS, WORK_COLUMNS) in which an update works. `observe` fills the leading ROWS with H, the
# Jacobian by the state, and in column NU the innovation.
HP = ROWS  # H times the covariance
GAIN = 2 * ROWS  # the gain, transposed; the column after it holds the innovation divided alike
S = 3 * ROWS  # innovation covariance, columns 0 .. ROWS - 1
ROOT = 4 * ROWS  # its Cholesky factor
SEEN = 5 * ROWS  # of a late plot: the Jacobian by the state at its time
PRIOR = 6 * ROWS  # the state before the plot
NOISE = PRIOR + 1  # of a late plot: its noise and that of the way back
KEEP = LATE_Q + SIZE  # the columns of 1 - K H that differ from the identity, as rows
HALF = KEEP + SIZE  # (1 - K H) P


@in_place_kernel
def cholesky_solve(s, m, b, count):
    """Solve s y = b in place for `count` columns of b; the lower half of s (m, m) is overwritten by its factor.

    Returns ln det s; nan: not definite. The factor's diagonal is held as reciprocals.
    Source    Golub & Van Loan, Matrix Computations, 4th ed., section 4.2
    """
    det = 1.0
    for j in range(m):
        d = s[j, j]
        for k in range(j):
            d -= s[j, k] * s[j, k]
        if not d > 0.0:
            return math.nan
        det *= d
        d = 1.0 / math.sqrt(d)
        s[j, j] = d
        for i in range(j + 1, m):
            v = s[i, j]
            for k in range(j):
                v -= s[i, k] * s[j, k]
            s[i, j] = v * d
    if m == 3:  # as below, in one pass
        l00, l11, l22, l10, l20, l21 = s[0, 0], s[1, 1], s[2, 2], s[1, 0], s[2, 0], s[2, 1]
        for c in range(count):
            v0 = b[0, c] * l00
            v1 = (b[1, c] - l10 * v0) * l11
            v2 = (b[2, c] - l20 * v0 - l21 * v1) * l22 * l22
            v1 = (v1 - l21 * v2) * l11
            b[0, c], b[1, c], b[2, c] = (v0 - l10 * v1 - l20 * v2) * l00, v1, v2
        return math.log(det)
    for i in range(m):
        for k in range(i):
            v = s[i, k]
            for c in range(count):
                b[i, c] -= v * b[k, c]
        v = s[i, i]
        for c in range(count):
            b[i, c] *= v
    for i in range(m - 1, -1, -1):
        for k in range(i + 1, m):
            v = s[k, i]
            for c in range(count):
                b[i, c] -= v * b[k, c]
        v = s[i, i]
        for c in range(count):
            b[i, c] *= v
    return math.log(det)


@in_place_kernel
def may_bend(x, cov, site, var, has_rate):
    """Whether `bends` may come to more than _FELT of the variances of range and, where there is one, range rate."""
    r2, v2, p, w = 1.0, 0.0, 0.0, 0.0
    for i in range(3):
        r2 += (x[i] - site[i]) ** 2
        v2 += x[3 + i] * x[3 + i]
        p += 0.5 * cov[i, i]
        w += 0.5 * cov[3 + i, 3 + i]
    if p * p > _FELT * var[0] * r2:
        return True
    return has_rate and (math.sqrt(v2 / r2) * p + 2.0 * math.sqrt(p * w)) ** 2 > _FELT * var[3] * r2


@in_place_kernel
def bends(x, cov, site, across_rad2):
    """Variances by which range, m2, and range rate, (m/s)2, bend away from their tangents at a state, of second order.

    Across the sight, a place unsure by p and a velocity by w make the range rate unsure by p w / R, the range by
    p p / R. What counts is what is left of both once the plot's own angles are known, of a variance across_rad2 each
    (inf: not yet). Both axes across are taken for alike.
    Source    Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, section 10.3.2
    """
    dx, dy, dz = x[0] - site[0], x[1] - site[1], x[2] - site[2]
    r = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1.0)
    sight = (dx / r, dy / r, dz / r)
    p, c, w, rate = 0.0, 0.0, 0.0, 0.0
    for i in range(3):
        rate += sight[i] * x[3 + i]
        p += cov[i, i]
        c += cov[i, 3 + i]
        w += cov[3 + i, 3 + i]
        for j in range(3):
            along = sight[i] * sight[j]
            p -= along * cov[i, j]
            c -= along * cov[i, 3 + j]
            w -= along * cov[3 + i, 3 + j]
    p, c, w = max(0.5 * p, 0.0), 0.5 * c, max(0.5 * w, 0.0)
    if across_rad2 < math.inf:
        seen = across_rad2 * r * r
        w = max(w - c * c / (p + seen), 0.0)
        p, c = p * seen / (p + seen), c * seen / (p + seen)
    turn = -rate / r
    return p * p / (r * r), (turn * turn * p * p + 4.0 * turn * p * c + 2.0 * (c * c + w * p)) / (r * r)


@in_place_kernel
def _spread(n, kind, cov, var, work):
    """With H and the innovation in work: fill HP, S and ROOT, and GAIN with what is to be divided by S."""
    m = ROW_COUNT[kind]
    for r in range(m):
        h0, h1, h2 = work[r, 0], work[r, 1], work[r, 2]
        for j in range(6):
            work[HP + r, j] = h0 * cov[0, j] + h1 * cov[1, j] + h2 * cov[2, j]
        for j in range(6, n):
            work[HP + r, j] = h0 * cov[0, j] + h1 * cov[1, j] + h2 * cov[2, j]
        for k in range(3, COLUMN_COUNT[kind]):
            for j in range(n):
                work[HP + r, j] += work[r, k] * cov[k, j]
        for j in range(SIZE):
            work[GAIN + r, j] = work[HP + r, j]
        work[GAIN + r, n] = work[r, NU]
    for r in range(m):
        for c in range(r + 1):
            v = work[HP + r, 0] * work[c, 0] + work[HP + r, 1] * work[c, 1] + work[HP + r, 2] * work[c, 2]
            for k in range(3, COLUMN_COUNT[kind]):
                v += work[HP + r, k] * work[c, k]
            if r == c:
                v += var[r]
            work[S + r, c] = v
            work[S + c, r] = v
            work[ROOT + r, c] = v


@in_place_kernel
def _spread_late(n, kind, cov, phi, q, var, work):
    """`_spread` where H and the innovation are of the state moved back to the plot's time by phi (9, 9), noise q.

    The noise of the way back counts as the plot's; the innovation is left as it is: the way back is linear.
    """
    m = ROW_COUNT[kind]
    for r in range(m):
        for k in range(6):
            work[SEEN + r, k] = work[r, k]
        work[GAIN + r, n] = work[r, NU]
        for j in range(n):
            v = 0.0
            for k in range(6):
                v += work[SEEN + r, k] * phi[k, j]
            work[HP + r, j] = v
    for r in range(m):
        for j in range(n):
            work[r, j] = work[HP + r, j]
    for r in range(m):
        for j in range(n):
            v = 0.0
            for k in range(n):
                v += work[r, k] * cov[k, j]
            work[HP + r, j] = v
            work[GAIN + r, j] = v
        for c in range(r + 1):
            v = var[r] if r == c else 0.0
            for i in range(6):
                for k in range(6):
                    v += work[SEEN + r, i] * q[i, k] * work[SEEN + c, k]
            work[NOISE + r, c] = v
            work[NOISE + c, r] = v
            for k in range(n):
                v += work[HP + r, k] * work[c, k]
            work[S + r, c] = v
            work[S + c, r] = v
            work[ROOT + r, c] = v


@in_place_kernel
def _joseph(n, m, count, late, var, cov, work):
    """cov = (1 - K H) cov (1 - K H)' + K R K' with H and the gain in work; H touches the leading `count` components.

    Both factors are the same rounded numbers, so the result is a sum of squares whatever the gain: a plot far finer
    than the prior leaves it positive, where P - K H P would lose it to the rounding of P.
    """
    if m == 2:
        for j in range(SIZE):
            work[2, j] = work[GAIN + 2, j] = 0.0
    for r in range(m):
        for i in range(SIZE):
            work[HP + r, i] = work[GAIN + r, i] * var[r]
        if late:
            for i in range(n):
                v = 0.0
                for c in range(m):
                    v += work[GAIN + c, i] * work[NOISE + c, r]
                work[HP + r, i] = v
    if m == 2:
        for j in range(SIZE):
            work[HP + 2, j] = 0.0
    for k in range(count):
        h0, h1, h2 = work[0, k], work[1, k], work[2, k]
        for i in range(SIZE):
            v = 1.0 if i == k else 0.0
            work[KEEP + k, i] = v - work[GAIN, i] * h0 - work[GAIN + 1, i] * h1 - work[GAIN + 2, i] * h2
        if m > 3:
            for i in range(SIZE):
                work[KEEP + k, i] -= work[GAIN + 3, i] * work[3, k]
    for i in range(n):
        k0, k1, k2 = work[KEEP, i], work[KEEP + 1, i], work[KEEP + 2, i]
        own = 1.0 if i >= count else 0.0
        for j in range(7):
            work[HALF + i, j] = own * cov[i, j] + (k0 * cov[0, j] + k1 * cov[1, j] + k2 * cov[2, j])
        for j in range(7, n):
            work[HALF + i, j] = own * cov[i, j] + (k0 * cov[0, j] + k1 * cov[1, j] + k2 * cov[2, j])
        for k in range(3, count):
            v = work[KEEP + k, i]
            for j in range(n):
                work[HALF + i, j] += v * cov[k, j]
    for i in range(6):
        for j in range(i + 1):
            cov[i, j] = cov[j, i] = _joined(i, j, count, work)
    for i in range(6, n):
        for j in range(7):
            cov[i, j] = cov[j, i] = _joined(i, j, count, work)
        for j in range(7, i + 1):
            cov[i, j] = cov[j, i] = _joined(i, j, count, work)
    if count > 3 or m > 3:
        for i in range(n):
            for j in range(i + 1):
                v = cov[i, j]
                for k in range(3, count):
                    v += work[HALF + i, k] * work[KEEP + k, j]
                for r in range(3, m):
                    v += work[HP + r, i] * work[GAIN + r, j]
                cov[i, j] = cov[j, i] = v


@in_place_kernel
def _joined(i, j, count, work):
    """One element of `_joseph`'s sum, of three components and three rows."""
    k, g = work[KEEP:], work[GAIN:]
    v = work[HALF + i, 0] * k[0, j] + work[HALF + i, 1] * k[1, j] + work[HALF + i, 2] * k[2, j]
    if j >= count:
        v += work[HALF + i, j]
    return v + (work[HP, i] * g[0, j] + work[HP + 1, i] * g[1, j] + work[HP + 2, i] * g[2, j])


@in_place_kernel
def _widened(m, extra, work):
    """(nis, ln det) of the innovation in work by S, which stands in ROOT, + extra; overwrites ROOT and GAIN."""
    for r in range(m):
        work[GAIN + r, 0] = work[r, NU]
        for c in range(r + 1):
            work[ROOT + r, c] += extra[r, c]
    log_det = cholesky_solve(work[ROOT:], m, work[GAIN:], np.int64(1))
    nis = 0.0
    for r in range(m):
        nis += work[r, NU] * work[GAIN + r, 0]
    return nis, log_det


@in_place_kernel
def fit(at, cov, kind, z, site, var, extra, work):
    """How well a plot fits a prediction at its time: (nis, log likelihood); (1e30, -1e30) where it cannot be said.

    Only position and velocity are measured, so only they are looked at. extra (4, 4): what biases not yet known add to
    the innovation's covariance. work: (WORK_ROWS, WORK_COLUMNS).
    """
    m = ROW_COUNT[kind]
    observe(kind, at, site, z, work)
    _spread(COLUMN_COUNT[kind], kind, cov, var, work)
    nis, log_det = _widened(m, extra, work)
    if not math.isfinite(log_det + nis):
        return _NO_FIT, -_NO_FIT
    return nis, -0.5 * (nis + log_det + m * LOG_2PI)


@in_place_kernel
def _fit_wider(m, n, extra, work):
    """With S, HP and the innovation in work: (nis, ln det) of the innovation by S + extra; ROOT, GAIN stay as were."""
    nis, log_det = _widened(m, extra, work)
    for r in range(m):
        for j in range(n):
            work[GAIN + r, j] = work[HP + r, j]
        work[GAIN + r, n] = work[r, NU]
        for c in range(r + 1):
            work[ROOT + r, c] = work[S + r, c]
    return nis, log_det


@in_place_kernel
def widen_for_turn(x, cov, gap_s, par):
    """Add to a LEVEL covariance what a horizontal turn begun at the last plot, gap_s ago, may have done.

    It lasts until it has changed the velocity by as much as the speed: a turn makes nothing faster.
    """
    _, ux, uy, uz = height_and_up(x[0], x[1], x[2])
    up = (ux, uy, uz)
    speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
    turned = min(par[TURN_ACCELERATION_M_S2] * gap_s, speed)
    moved = turned * (gap_s - 0.5 * turned / max(par[TURN_ACCELERATION_M_S2], 1e-9))
    for i in range(3):
        for j in range(3):
            level = (1.0 if i == j else 0.0) - up[i] * up[j]
            cov[i, j] += level * moved * moved
            cov[i, 3 + j] += level * moved * turned
            cov[3 + i, j] += level * moved * turned
            cov[3 + i, 3 + j] += level * turned * turned


@in_place_kernel
def update_model(model, x, cov, gap_s, late, back, phi, q, kind, z, site, var, par, extra, work):
    """Update one model's x (9,) and cov (9, 9) in place; returns (nis, log likelihood) of the plot before it.

    In        gap_s   s since the model's last update
              late    the plot is older than the state; back (9,), phi, q (9, 9) are then the state moved back
                      to the plot's time, that motion's transition and its process noise
              z, var  (4,) measurement and its variances
              extra   (4, 4) what biases not yet known add to the innovation's covariance. It counts for nis and
                      likelihood alone: the state is one for known biases (``track_bias.py``)
              work    (WORK_ROWS, WORK_COLUMNS), overwritten
    Iterated while the step since the last linearisation bends the measurement by more than a tenth of its own noise.
    Joseph's form. Left untouched, with (1e30, -1e30), where the innovation covariance is not definite.
    """
    n = DIM[model]
    m = ROW_COUNT[kind]
    for i in range(SIZE):
        work[PRIOR, i] = x[i]
    nis, log_likelihood, turn = 0.0, 0.0, 0.0
    is_prior = True
    is_biased = extra[0, 0] + extra[1, 1] + extra[2, 2] + extra[3, 3] > 0.0
    for _ in range(_ITERATIONS):
        if late:
            distance = observe(kind, back, site, z, work)
            _spread_late(n, kind, cov, phi, q, var, work)
        else:
            distance = observe(kind, x, site, z, work)
            if not is_prior:
                for r in range(m):
                    for k in range(COLUMN_COUNT[kind]):
                        work[r, NU] -= work[r, k] * (work[PRIOR, k] - x[k])
            _spread(n, kind, cov, var, work)
        wide_nis, wide_log_det = 0.0, 0.0
        if is_prior and is_biased:
            wide_nis, wide_log_det = _fit_wider(m, n, extra, work)
        log_det = cholesky_solve(work[ROOT:], m, work[GAIN:], n + 1)
        if is_prior:
            nis = 0.0
            for r in range(m):
                nis += work[r, NU] * work[GAIN + r, n]
            if is_biased:
                nis = wide_nis
            log_likelihood = turn - 0.5 * (nis + (wide_log_det if is_biased else log_det) + m * LOG_2PI)
            if not math.isfinite(log_likelihood):
                return _NO_FIT, -_NO_FIT
            if model == LEVEL and nis > par[TURN_NIS] and turn == 0.0:
                turn = TURN_LOG_PROB
                widen_for_turn(x, cov, gap_s, par)
                continue
            is_prior = False
        if math.isnan(log_det):
            for i in range(n):
                x[i] = work[PRIOR, i]
            return _NO_FIT, -_NO_FIT
        step2 = 0.0
        for i in range(n):
            new = work[PRIOR, i]
            for r in range(m):
                new += work[GAIN + r, i] * work[r, NU]
            if i < 3:
                step2 += (new - x[i]) ** 2
            x[i] = new
        noise_m = math.sqrt(var[0]) * (distance if kind == INFRARED else 1.0)
        if late or kind == POSITION or step2 <= 0.2 * noise_m * distance:
            break
    _joseph(n, m, n if late else COLUMN_COUNT[kind], late, var, cov, work)
    if model == BOOST:  # one sight after another leaves range so unsure that rounding alone could turn a variance
        for i in range(n):
            cov[i, i] += _ROUNDING * cov[i, i]
    return nis, log_likelihood
