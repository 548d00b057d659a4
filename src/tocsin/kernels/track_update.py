"""Measurement update of one motion model: an iterated extended Kalman filter in the sensor's coordinates.

A plot older than the state is handled without moving the state: it is compared with the state moved back, and
the process noise of the way back is counted as measurement noise, which is cautious (Bar-Shalom, Update with
out-of-sequence measurements, IEEE TAES 38(3), 2002, algorithm C, with its correlation terms left out).
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.track_motion import DIM, LEVEL, SIZE, TURN_ACCELERATION_M_S2, TURN_NIS
from tocsin.kernels.track_observe import INFRARED, POSITION, ROW_COUNT, ROWS, observe

_LOG_2PI = math.log(2.0 * math.pi)
_ITERATIONS = 6
_NO_FIT = 1e30
TURN_LOG_PROB = math.log(0.1)  # a turn is one chance in ten


@kernel
def cholesky_solve(s, m, b, count):
    """Solve s y = b in place for `count` columns of b; s (m, m) is overwritten. Returns ln det s; nan: not definite."""
    log_det = 0.0
    for j in range(m):
        d = s[j, j]
        for k in range(j):
            d -= s[j, k] * s[j, k]
        if not d > 0.0:
            return math.nan
        d = math.sqrt(d)
        log_det += 2.0 * math.log(d)
        s[j, j] = d
        for i in range(j + 1, m):
            v = s[i, j]
            for k in range(j):
                v -= s[i, k] * s[j, k]
            s[i, j] = v / d
    for c in range(count):
        for i in range(m):
            v = b[i, c]
            for k in range(i):
                v -= s[i, k] * b[k, c]
            b[i, c] = v / s[i, i]
        for i in range(m - 1, -1, -1):
            v = b[i, c]
            for k in range(i + 1, m):
                v -= s[k, i] * b[k, c]
            b[i, c] = v / s[i, i]
    return log_det


@kernel
def _innovation(n, prior, at, cov, late, phi, q, kind, z, site, var, h, hp, noise, s, nu):
    """Linearise about `at`: fill h (4, 9), hp = h P (4, 9), noise and s (4, 4), nu = z - h(at) - H (prior - at).

    Where `late`, `at` is the state moved back to the plot's time, by phi (9, 9) with noise q, and `prior` - `at` is
    left out: the way back is linear. Returns the distance to the sensor, m.
    """
    m = ROW_COUNT[kind]
    jacobian = np.empty((ROWS, 6))
    distance = observe(kind, at, site, z, nu, jacobian)
    for r in range(m):
        for j in range(n):
            v = jacobian[r, j] if j < 6 else 0.0
            if late:
                v = 0.0
                for k in range(6):
                    v += jacobian[r, k] * phi[k, j]
            h[r, j] = v
    for r in range(m):
        for j in range(n):
            v = 0.0
            for k in range(n):
                v += h[r, k] * cov[k, j]
            hp[r, j] = v
    for r in range(m):
        for c in range(m):
            v = var[r] if r == c else 0.0
            if late:
                for i in range(6):
                    for k in range(6):
                        v += jacobian[r, i] * q[i, k] * jacobian[c, k]
            noise[r, c] = v
            for k in range(n):
                v += hp[r, k] * h[c, k]
            s[r, c] = v
        if not late:
            for k in range(n):
                nu[r] -= h[r, k] * (prior[k] - at[k])
    return distance


@kernel
def fit(at, cov, kind, z, site, var, spread):
    """How well a plot fits a prediction at its time: (nis, log likelihood); (1e30, -1e30) where it cannot be said.

    In        spread (4, 4)   what biases not yet known add to the covariance of the innovation

    Only position and velocity are measured, so only they are looked at.
    """
    n = DIM[LEVEL]
    m = ROW_COUNT[kind]
    late = m < 0
    count = min(m, 1)
    h = np.empty((ROWS, SIZE))
    hp = np.empty((ROWS, SIZE))
    s = np.empty((ROWS, ROWS))
    nu = np.empty(ROWS)
    noise = np.empty((ROWS, ROWS))
    _innovation(n, at, at, cov, late, cov, cov, kind, z, site, var, h, hp, noise, s, nu)
    y = np.empty((ROWS, 1))
    for r in range(m):
        y[r, 0] = nu[r]
        for c in range(m):
            s[r, c] += spread[r, c]
    log_det = cholesky_solve(s, m, y, count)
    nis = 0.0
    for r in range(m):
        nis += nu[r] * y[r, 0]
    if not math.isfinite(log_det + nis):
        return _NO_FIT, -_NO_FIT
    return nis, -0.5 * (nis + log_det + m * _LOG_2PI)


@kernel
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


@kernel
def update_model(model, x, cov, gap_s, late, back, phi, q, kind, z, site, var, par, spread):
    """Update one model's x (9,) and cov (9, 9) in place; returns (nis, log likelihood) of the plot before it.

    In        gap_s   s since the model's last update
              late    the plot is older than the state; back (9,), phi, q (9, 9) are then the state moved back
                      to the plot's time, that motion's transition and its process noise
              z, var  (4,) measurement and its variances
              spread  (4, 4) what biases not yet known add to the innovation's covariance: it counts for nis and
                      likelihood only, since the state is one for known biases (``kernels/track_bias.py``)
    Joseph form; iterated while the step since the last linearisation bends the measurement by more than a tenth
    of its own noise. Left untouched, with (1e30, -1e30), where the innovation covariance is not definite.
    """
    n = DIM[model]
    m = ROW_COUNT[kind]
    at = np.empty(SIZE)
    for i in range(n):
        at[i] = back[i] if late else x[i]
    nis, log_likelihood, turn = 0.0, 0.0, 0.0
    is_prior = True
    prior = x.copy()
    h = np.empty((ROWS, SIZE))
    gain_t = np.empty((ROWS, SIZE + 1))  # columns of S^-1 H P; the one after them holds S^-1 nu
    s = np.empty((ROWS, ROWS))
    nu = np.empty(ROWS)
    noise = np.empty((ROWS, ROWS))
    wide = np.empty((ROWS, ROWS))
    wide_nu = np.empty((ROWS, 1))
    for _ in range(_ITERATIONS):
        distance = _innovation(n, prior, at, cov, late, phi, q, kind, z, site, var, h, gain_t, noise, s, nu)
        for r in range(m):
            gain_t[r, n] = nu[r]
        if is_prior:
            for r in range(m):
                wide_nu[r, 0] = nu[r]
                for c in range(m):
                    wide[r, c] = s[r, c] + spread[r, c]
            log_det = cholesky_solve(wide, m, wide_nu, min(m, 1))
            nis = 0.0
            for r in range(m):
                nis += nu[r] * wide_nu[r, 0]
            log_likelihood = turn - 0.5 * (nis + log_det + m * _LOG_2PI)
            if not math.isfinite(log_likelihood):
                return _NO_FIT, -_NO_FIT
            if model == LEVEL and nis > par[TURN_NIS] and turn == 0.0:
                turn = TURN_LOG_PROB
                widen_for_turn(x, cov, gap_s, par)
                continue
            is_prior = False
        log_det = cholesky_solve(s, m, gain_t, n + 1)
        if math.isnan(log_det):
            return _NO_FIT, -_NO_FIT
        step2 = 0.0
        for i in range(n):
            new = prior[i]
            for r in range(m):
                new += gain_t[r, i] * nu[r]
            if i < 3:
                step2 += (new - at[i]) ** 2
            at[i] = new
        noise_m = math.sqrt(var[0]) * (distance if kind == INFRARED else 1.0)
        if late or kind == POSITION or step2 <= 0.2 * noise_m * distance:
            break
    for i in range(n):
        x[i] = at[i]
    keep = np.empty((SIZE, SIZE))
    half = np.empty((SIZE, SIZE))
    for i in range(n):
        for j in range(n):
            v = 1.0 if i == j else 0.0
            for r in range(m):
                v -= gain_t[r, i] * h[r, j]
            keep[i, j] = v
    for i in range(n):
        for j in range(n):
            v = 0.0
            for k in range(n):
                v += keep[i, k] * cov[k, j]
            half[i, j] = v
    for i in range(n):
        for j in range(i + 1):
            v = 0.0
            for k in range(n):
                v += half[i, k] * keep[j, k]
            for r in range(m):
                for c in range(m):
                    v += gain_t[r, i] * noise[r, c] * gain_t[c, j]
            cov[i, j] = v
            cov[j, i] = v
    return nis, log_likelihood
