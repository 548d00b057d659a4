"""The bank of models of each track: interacting multiple models with unequal states, over slots of arrays.

x (T, 3, 9), cov (T, 3, 9, 9), mu (T, 3): means, covariances, model probabilities. Thrust ends once and for all:
the one switch is BOOST to BALLISTIC, at a rate (1/s), so that scans at any moment switch as often as time passes.
Ln(beta), which BOOST lacks, enters the mixture with BALLISTIC's own mean and variance (Granström, Willett,
Bar-Shalom, Systematic approach to IMM mixing for unequal dimension states, IEEE TAES 51(4), 2015). A model under
`DEAD_PROB` is given up: in coast the bank is one extended Kalman filter, with nothing to inflate it.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
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
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_update import update_model

_SPEED_MAX_M_S = 80_000.0  # relative to the Earth; the fastest meteors: 72 km/s


@kernel
def _end_of_thrust(x, cov, mu, dt_s, par):
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
    for i in range(6):
        p[i, 6] *= other
        p[6, i] *= other
        to[i] = other * to[i] + weight * start[i]


@kernel
def predict(x, cov, mu, dt_s, par, phi, q, hold):
    """Predict one bank in place by dt_s > 0. Work arrays phi, q, hold (9, 9)."""
    if mu[BOOST] > 0.0:
        _end_of_thrust(x, cov, mu, dt_s, par)
        if mu[BOOST] < par[DEAD_PROB]:
            mu[BOOST] = 0.0
    for m in range(MODEL_COUNT):
        if mu[m] > 0.0:
            n = DIM[m]
            room = par[LOG_BETA_VAR] - cov[m, 6, 6] if m == BALLISTIC else 0.0
            move(m, x[m], dt_s, room, par, phi, q)
            sandwich(phi, cov[m], n, hold)
            for a in range(n):
                for b in range(n):
                    cov[m, a, b] = hold[a, b] + q[a, b]
            if m == BOOST:
                _bound_spread(cov[m])


@kernel
def copy_bank(x, cov, mu, to_x, to_cov, to_mu):
    """Copy one bank."""
    for m in range(MODEL_COUNT):
        to_mu[m] = mu[m]
        for a in range(SIZE):
            to_x[m, a] = x[m, a]
            for b in range(SIZE):
                to_cov[m, a, b] = cov[m, a, b]


@kernel
def predict_slots(x, cov, mu, t_ns, slots, to_ns, out_x, out_cov, out_mu, par):
    """Copy slots into rows of the out arrays, each predicted to to_ns where that lies ahead of it."""
    phi = np.empty((SIZE, SIZE))
    q = np.empty((SIZE, SIZE))
    hold = np.empty((SIZE, SIZE))
    for i in range(slots.shape[0]):
        k = slots[i]
        copy_bank(x[k], cov[k], mu[k], out_x[i], out_cov[i], out_mu[i])
        dt_s = (to_ns - t_ns[k]) * 1e-9
        if dt_s > 0.0:
            predict(out_x[i], out_cov[i], out_mu[i], dt_s, par, phi, q, hold)


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
def picture_slots(x, cov, mu, t_ns, slots, to_ns, own_prob, par):
    """`predict_slots` and `combine` into new arrays: x (n, 3, 9), cov (n, 3, 9, 9), mu (n, 3), state (n, 6), cov6.

    And is_sound (n,) bool: finite numbers, positive variances, a speed that occurs.
    """
    n = slots.shape[0]
    out_x = np.empty((n, MODEL_COUNT, SIZE))
    out_cov = np.empty((n, MODEL_COUNT, SIZE, SIZE))
    out_mu = np.empty((n, MODEL_COUNT))
    state = np.empty((n, 6))
    cov6 = np.empty((n, 6, 6))
    predict_slots(x, cov, mu, t_ns, slots, to_ns, out_x, out_cov, out_mu, par)
    combine(out_x, out_cov, out_mu, own_prob, state, cov6)
    is_sound = np.empty(n, np.bool_)
    for i in range(n):
        total = out_mu[i, BOOST] + out_mu[i, BALLISTIC] + out_mu[i, LEVEL]  # a sum carries any NaN or infinity in it
        speed2 = 0.0
        least = cov6[i, 0, 0]
        for a in range(6):
            total += state[i, a]
            least = min(least, cov6[i, a, a])
            if a > 2:
                speed2 += state[i, a] * state[i, a]
            for b in range(6):
                total += cov6[i, a, b]
        is_sound[i] = math.isfinite(total) and least > 0.0 and speed2 < _SPEED_MAX_M_S * _SPEED_MAX_M_S
    return out_x, out_cov, out_mu, state, cov6, is_sound


@kernel
def update_bank(x, cov, mu, gap_s, late_s, kind, z, site, var, par):
    """Update all models of one track, x (3, 9), cov (3, 9, 9), mu (3,), in place, with one plot.

    In        gap_s   s since the track's last plot
              late_s  how much older than the state the plot is; 0: of its time
    Returns the normalised innovation squared of the model that is most probable afterwards; -1 where no model
    could be updated.
    """
    nis = np.empty(MODEL_COUNT)
    log_likelihood = np.empty(MODEL_COUNT)
    best = -1e30
    late = late_s > 0.0
    back = x.copy()
    phi = np.empty((SIZE, SIZE))
    q = np.empty((SIZE, SIZE))
    for m in range(MODEL_COUNT):
        nis[m], log_likelihood[m] = -1.0, -1e30
        if mu[m] > 0.0:
            if late:
                move(m, back[m], -late_s, 0.0, par, phi, q)
            nis[m], log_likelihood[m] = update_model(
                m, x[m], cov[m], gap_s, late, back[m], phi, q, kind, z, site, var, par
            )
            if kind == INFRARED and m != BOOST:
                log_likelihood[m] += math.log(par[UNLIT_PROB])
            best = max(best, log_likelihood[m])
    if best <= -1e29:
        return -1.0
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
    return nis[top]


@kernel
def combine(x, cov, mu, own_prob, state, cov6):
    """One position, velocity and covariance for a bank: moment-matched, or BALLISTIC's own where it has own_prob.

    In        x (n, 3, 9), cov (n, 3, 9, 9), mu (n, 3)
    Out       state (n, 6), cov6 (n, 6, 6) filled
    """
    w = np.empty(MODEL_COUNT)
    for i in range(x.shape[0]):
        for m in range(MODEL_COUNT):
            w[m] = mu[i, m]
        if mu[i, BALLISTIC] > own_prob:
            for m in range(MODEL_COUNT):
                w[m] = 1.0 if m == BALLISTIC else 0.0
        for a in range(6):
            state[i, a] = 0.0
            for m in range(MODEL_COUNT):
                if w[m] > 0.0:
                    state[i, a] += w[m] * x[i, m, a]
        for a in range(6):
            for b in range(a + 1):
                v = 0.0
                for m in range(MODEL_COUNT):
                    if w[m] > 0.0:
                        d = (x[i, m, a] - state[i, a]) * (x[i, m, b] - state[i, b])
                        v += w[m] * (cov[i, m, a, b] + d)
                cov6[i, a, b] = v
                cov6[i, b, a] = v
