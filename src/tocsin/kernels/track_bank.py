"""The bank of models of each track: interacting multiple models with unequal states, over slots of arrays.

x (T, 3, 9), cov (T, 3, 9, 9), mu (T, 3): means, covariances, model probabilities. Thrust ends once and for all:
the one switch is BOOST to BALLISTIC, at a rate (1/s), so that scans at any moment switch as often as time passes.
Ln(beta), which BOOST lacks, enters the mixture with BALLISTIC's own mean and variance (Granström, Willett,
Bar-Shalom, Systematic approach to IMM mixing for unequal dimension states, IEEE TAES 51(4), 2015). A model under
`DEAD_PROB` is given up: in coast the bank is one extended Kalman filter, with nothing to inflate it.

The bank holds as if the sensors' biases were as now believed; a (T, 3, 9, n) is how each mean changes with them
(``track_bias.py``), and bias_cov (n, n) what is not known of them. n = 0: no sensor has any.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.track_bias import (
    CLOCK,
    innovation_sensitivity,
    learn,
    move_sensitivity,
    spread_of,
    widen_for_clock,
)
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    BOOST_END_RATE,
    DEAD_PROB,
    DIM,
    IDLE_END_RATE,
    IDLE_THRUST_M_S2,
    LEVEL,
    LOG_BETA_VAR,
    MODEL_COUNT,
    SIZE,
    THRUST_MAX_M_S2,
    UNLIT_PROB,
    move,
    sandwich,
)
from tocsin.kernels.track_observe import INFRARED, ROW_COUNT, ROWS, observe
from tocsin.kernels.track_update import update_model

_SPEED_MAX_M_S = 80_000.0  # relative to the Earth; the fastest meteors: 72 km/s


@kernel
def _end_of_thrust(x, cov, mu, dt_s, par, a):
    """Move probability from BOOST to BALLISTIC for an interval, and mix BALLISTIC's state accordingly.

    The moment s of burn-out is uniform in the interval, so the velocity gained is a s and the state that coasting
    would have started from is x - a s^2/2, v + a s: its mean and covariance are added, in closed form.
    """
    thrust2 = x[BOOST, 6] ** 2 + x[BOOST, 7] ** 2 + x[BOOST, 8] ** 2
    idle = math.exp(-0.5 * thrust2 / par[IDLE_THRUST_M_S2] ** 2)
    share = 1.0 - math.exp(-(par[BOOST_END_RATE] + par[IDLE_END_RATE] * idle) * dt_s)
    moved = share * mu[BOOST]
    weight = moved / (mu[BALLISTIC] + moved)
    mu[BOOST] -= moved
    mu[BALLISTIC] += moved
    if weight < 1e-12:
        return
    other = 1.0 - weight
    to = x[BALLISTIC]
    p = cov[BALLISTIC]
    b = cov[BOOST]
    start = np.empty(6)
    for i in range(3):
        start[i] = x[BOOST, i] - x[BOOST, 6 + i] * dt_s * dt_s / 6.0
        start[3 + i] = x[BOOST, 3 + i] + x[BOOST, 6 + i] * dt_s / 2.0
    kpp = dt_s**4 * (1.0 / 20.0 - 1.0 / 36.0)
    kpv = -(dt_s**3) / 24.0
    kvv = dt_s**2 / 12.0
    for i in range(3):
        for j in range(i + 1):
            aa = x[BOOST, 6 + i] * x[BOOST, 6 + j]
            spread = b[6 + i, 6 + j] * dt_s * dt_s / 3.0
            for r in range(2):
                for c in range(2):
                    if i == j and c > r:
                        continue
                    k = kpp if r + c == 0 else (kvv if r + c == 2 else kpv)
                    row = 3 * r + i
                    col = 3 * c + j
                    d = (start[row] - to[row]) * (start[col] - to[col])
                    v = other * p[row, col] + weight * (b[row, col] + k * aa) + weight * other * d
                    if r + c == 2:
                        v += weight * spread
                    p[row, col] = v
                    p[col, row] = v
    for c in range(a.shape[2]):
        for i in range(3):
            push = a[BOOST, 6 + i, c]
            a[BALLISTIC, i, c] = other * a[BALLISTIC, i, c] + weight * (a[BOOST, i, c] - push * dt_s * dt_s / 6.0)
            a[BALLISTIC, 3 + i, c] = other * a[BALLISTIC, 3 + i, c] + weight * (a[BOOST, 3 + i, c] + push * dt_s / 2.0)
    for i in range(6):
        p[i, 6] *= other
        p[6, i] *= other
        to[i] = other * to[i] + weight * start[i]


@kernel
def predict(x, cov, mu, a, dt_s, par, phi, q, hold):
    """Predict one bank in place by dt_s > 0. Work arrays phi, q, hold (9, 9)."""
    if mu[BOOST] > 0.0:
        _end_of_thrust(x, cov, mu, dt_s, par, a)
        if mu[BOOST] < par[DEAD_PROB]:
            mu[BOOST] = 0.0
    for m in range(MODEL_COUNT):
        if mu[m] > 0.0:
            n = DIM[m]
            room = par[LOG_BETA_VAR] - cov[m, 6, 6] if m == BALLISTIC else 0.0
            move(m, x[m], dt_s, room, par, phi, q)
            sandwich(phi, cov[m], n, hold)
            for i in range(n):
                for j in range(n):
                    cov[m, i, j] = hold[i, j] + q[i, j]
            move_sensitivity(n, phi, a[m])
            if m == BOOST:
                _bound_spread(cov[m])


@kernel
def copy_bank(x, cov, mu, a, to_x, to_cov, to_mu, to_a):
    """Copy one bank."""
    for m in range(MODEL_COUNT):
        to_mu[m] = mu[m]
        for i in range(SIZE):
            to_x[m, i] = x[m, i]
            for j in range(SIZE):
                to_cov[m, i, j] = cov[m, i, j]
            for c in range(a.shape[2]):
                to_a[m, i, c] = a[m, i, c]


@kernel
def predict_slots(x, cov, mu, a, t_ns, slots, to_ns, out_x, out_cov, out_mu, out_a, par):
    """Copy slots into rows of the out arrays, each predicted to to_ns where that lies ahead of it."""
    phi = np.empty((SIZE, SIZE))
    q = np.empty((SIZE, SIZE))
    hold = np.empty((SIZE, SIZE))
    for i in range(slots.shape[0]):
        k = slots[i]
        copy_bank(x[k], cov[k], mu[k], a[k], out_x[i], out_cov[i], out_mu[i], out_a[i])
        dt_s = (to_ns - t_ns[k]) * 1e-9
        if dt_s > 0.0:
            predict(out_x[i], out_cov[i], out_mu[i], out_a[i], dt_s, par, phi, q, hold)


@kernel
def _bound_spread(cov):
    """Draw a BOOST covariance (9, 9) in so that no axis of thrust is less known than that it lies below the maximum."""
    worst = 0.0
    for i in range(6, SIZE):
        if cov[i, i] > worst:
            worst = cov[i, i]
    if worst > THRUST_MAX_M_S2 * THRUST_MAX_M_S2:
        scale = THRUST_MAX_M_S2 / math.sqrt(worst)
        for i in range(6, SIZE):
            for j in range(SIZE):
                cov[i, j] *= scale
                cov[j, i] *= scale


@kernel
def picture_slots(x, cov, mu, a, t_ns, slots, to_ns, own_prob, par, bias_cov):
    """`predict_slots` and `combine` into new arrays: x (n, 3, 9), cov (n, 3, 9, 9), mu (n, 3), a, state, cov6.

    state (n, 6), cov6 (n, 6, 6): with what biases not yet known add. And is_sound (n,) bool: finite numbers, positive variances, a speed that occurs.
    """
    n = slots.shape[0]
    out_x = np.empty((n, MODEL_COUNT, SIZE))
    out_cov = np.empty((n, MODEL_COUNT, SIZE, SIZE))
    out_mu = np.empty((n, MODEL_COUNT))
    out_a = np.empty((n, MODEL_COUNT, SIZE, a.shape[3]))
    state = np.empty((n, 6))
    cov6 = np.empty((n, 6, 6))
    predict_slots(x, cov, mu, a, t_ns, slots, to_ns, out_x, out_cov, out_mu, out_a, par)
    combine(out_x, out_cov, out_mu, out_a, own_prob, bias_cov, state, cov6)
    is_sound = np.empty(n, np.bool_)
    for i in range(n):
        total = out_mu[i, BOOST] + out_mu[i, BALLISTIC] + out_mu[i, LEVEL]  # a sum carries any NaN or infinity in it
        speed2 = 0.0
        least = cov6[i, 0, 0]
        for r in range(6):
            total += state[i, r]
            least = min(least, cov6[i, r, r])
            if r > 2:
                speed2 += state[i, r] * state[i, r]
            for b in range(6):
                total += cov6[i, r, b]
        is_sound[i] = math.isfinite(total) and least > 0.0 and speed2 < _SPEED_MAX_M_S * _SPEED_MAX_M_S
    return out_x, out_cov, out_mu, out_a, state, cov6, is_sound


@kernel
def update_bank(x, cov, mu, a, gap_s, late_s, kind, z, site, var, par, bias_cov, own, rows):
    """Update all models of one track, x (3, 9), cov (3, 9, 9), mu (3,), in place, with one plot.

    In        gap_s   s since the track's last plot
              late_s  how much older than the state the plot is; 0: of its time
              z       the plot, less what is believed of its sensor's biases: own (columns, scale, refractivity)
    Out       rows (4, n + 1)   what the model most probable afterwards has learnt of biases, as by `learn`
    Returns the model most probable afterwards, -1 where none could be updated, and its normalised innovation squared.
    """
    nis = np.empty(MODEL_COUNT)
    log_likelihood = np.empty(MODEL_COUNT)
    best = -1e30
    late = late_s > 0.0
    back = x.copy()
    phi = np.empty((SIZE, SIZE))
    q = np.empty((SIZE, SIZE))
    spread = np.zeros((ROWS, ROWS))
    columns, scale, n0 = own
    count = a.shape[2]
    u = np.empty((ROWS, count))
    taught = np.empty((MODEL_COUNT, ROWS, count + 1))
    own_var = var.copy()
    residual = np.empty(ROWS)
    jacobian = np.empty((ROWS, 6))
    for m in range(MODEL_COUNT):
        nis[m], log_likelihood[m] = -1.0, -1e30
        if mu[m] > 0.0:
            if late:
                move(m, back[m], -late_s, 0.0, par, phi, q)
            if count > 0:
                innovation_sensitivity(m, kind, back[m], site, z, a[m], columns, scale, n0, u)
                spread_of(u, bias_cov, ROW_COUNT[kind], spread)
                clock = columns[CLOCK]
                if clock >= 0:
                    for r in range(ROWS):
                        own_var[r] = var[r]
                    observe(kind, back[m], site, z, residual, jacobian)
                    clock_var_s2 = bias_cov[clock, clock] * scale[CLOCK] * scale[CLOCK]
                    widen_for_clock(cov[m], jacobian, ROW_COUNT[kind], clock_var_s2, own_var)
            nis[m], log_likelihood[m] = update_model(
                m, x[m], cov[m], gap_s, late, back[m], phi, q, kind, z, site, own_var, par, spread
            )
            if count > 0 and nis[m] < 1e29:
                learn(m, kind, x[m], cov[m], late, phi, q, z, site, own_var, columns, scale, n0, a[m], taught[m])
            if kind == INFRARED and m != BOOST:
                log_likelihood[m] += math.log(par[UNLIT_PROB])
            best = max(best, log_likelihood[m])
    if best <= -1e29:
        return -1, -1.0
    total = 0.0
    for m in range(MODEL_COUNT):
        mu[m] *= math.exp(max(log_likelihood[m] - best, -700.0))
        total += mu[m]
    top = 0
    kept = 0.0
    for m in range(MODEL_COUNT):
        mu[m] /= total
        if mu[m] < par[DEAD_PROB]:
            mu[m] = 0.0
        kept += mu[m]
        if mu[m] > mu[top]:
            top = m
    for m in range(MODEL_COUNT):
        mu[m] /= kept
    if count > 0:
        for r in range(ROWS):
            for c in range(count + 1):
                rows[r, c] = taught[top, r, c]
    return top, nis[top]


@kernel
def combine(x, cov, mu, a, own_prob, bias_cov, state, cov6):
    """One position, velocity and covariance for a bank: moment-matched, or BALLISTIC's own where it has own_prob.

    In        x (n, 3, 9), cov (n, 3, 9, 9), mu (n, 3), a (n, 3, 9, b), bias_cov (b, b)
    Out       state (n, 6), cov6 (n, 6, 6) filled
    """
    w = np.empty(MODEL_COUNT)
    count = bias_cov.shape[0]
    half = np.empty((6, count))
    for i in range(x.shape[0]):
        for m in range(MODEL_COUNT):
            w[m] = mu[i, m]
        if mu[i, BALLISTIC] > own_prob:
            for m in range(MODEL_COUNT):
                w[m] = 1.0 if m == BALLISTIC else 0.0
        for r in range(6):
            state[i, r] = 0.0
            for m in range(MODEL_COUNT):
                if w[m] > 0.0:
                    state[i, r] += w[m] * x[i, m, r]
        for r in range(6):
            for b in range(r + 1):
                v = 0.0
                for m in range(MODEL_COUNT):
                    if w[m] > 0.0:
                        d = (x[i, m, r] - state[i, r]) * (x[i, m, b] - state[i, b])
                        v += w[m] * (cov[i, m, r, b] + d)
                cov6[i, r, b] = v
                cov6[i, b, r] = v
        for m in range(MODEL_COUNT):
            if w[m] > 0.0 and count > 0:
                for r in range(6):
                    for c in range(count):
                        v = 0.0
                        for k in range(count):
                            v += a[i, m, r, k] * bias_cov[k, c]
                        half[r, c] = w[m] * v
                for r in range(6):
                    for b in range(r + 1):
                        v = 0.0
                        for c in range(count):
                            v += half[r, c] * a[i, m, b, c]
                        cov6[i, r, b] += v
                        if b < r:
                            cov6[i, b, r] += v
