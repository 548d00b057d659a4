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
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    BOOST_END_RATE,
    DEAD_PROB,
    DIM,
    IDLE_END_RATE,
    IDLE_THRUST_M_S2,
    LEVEL,
    MODEL_COUNT,
    SIZE,
    THRUST_MAX_M_S2,
    TURN_ACCELERATION_M_S2,
    TURN_NIS,
    UNLIT_PROB,
    WORK_COLUMNS,
    WORK_ROWS,
    move,
    predict_model,
)
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_update import TURN_LOG_PROB, fit, update_model, widen_for_turn

_SPEED_MAX_M_S = 80_000.0  # relative to the Earth; the fastest meteors: 72 km/s
_LIVE = 1e-4  # a model this probable may claim a plot


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
def predict_slots(x, cov, mu, t_ns, slots, to_ns, out_x, out_cov, out_mu, par):
    """Copy slots into rows of the out arrays, each predicted to to_ns where that lies ahead of it."""
    work = np.empty((WORK_ROWS, WORK_COLUMNS))
    for i in range(slots.shape[0]):
        k = slots[i]
        for m in range(MODEL_COUNT):
            out_mu[i, m] = mu[k, m]
            for a in range(SIZE):
                out_x[i, m, a] = x[k, m, a]
                for b in range(SIZE):
                    out_cov[i, m, a, b] = cov[k, m, a, b]
        dt_s = (to_ns - t_ns[k]) * 1e-9
        if dt_s <= 0.0:
            continue
        if out_mu[i, BOOST] > 0.0:
            _end_of_thrust(out_x[i], out_cov[i], out_mu[i], dt_s, par)
            if out_mu[i, BOOST] < par[DEAD_PROB]:
                out_mu[i, BOOST] = 0.0
        for m in range(MODEL_COUNT):
            if out_mu[i, m] > 0.0:
                predict_model(m, out_x[i, m], out_cov[i, m], dt_s, par, work)
                if m == BOOST:
                    _bound_spread(out_cov[i, m])


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
def _shift(model, x, dt_s, at):
    """A short way along the flight, forward or back: at = x moved by dt_s with its velocity, gravity and thrust."""
    r2 = x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
    pull = 0.0 if model == LEVEL else -GM_M3_S2 / (r2 * math.sqrt(r2))
    for k in range(3):
        a = pull * x[k] + (x[6 + k] if model == BOOST else 0.0)
        at[k] = x[k] + dt_s * (x[3 + k] + 0.5 * dt_s * a)
        at[3 + k] = x[3 + k] + dt_s * a


@kernel
def gate_plots(x, cov, mu, dt_s, gap_s, kind, z, spot, ahead_s, site, var, limit, par, score):
    """Which plots each track could have made, and how likely.

    In        x, cov, mu     (n, ...) predicted tracks; dt_s (n,) plot reference time minus state time, <= 0
              gap_s          (n,) s since each track's last plot
              z (p, 4), spot (p, 3)  plots, and where they are, ECEF m (infrared: the line of sight)
              ahead_s        (p,) plot time minus reference time
              var            (p, 4) variances of each plot's measurement
              limit          bound on the normalised innovation squared
    Out       score (n, p)   ln of the mixture likelihood, -1e30 where it does not gate
    """
    at = np.empty(SIZE)
    wide = np.empty((SIZE, SIZE))
    work = np.empty((WORK_ROWS, WORK_COLUMNS))
    for i in range(x.shape[0]):
        for j in range(z.shape[0]):
            score[i, j] = -1e30
            inside = False
            best = -1e30
            total = 0.0
            for m in range(MODEL_COUNT):
                if mu[i, m] < _LIVE:
                    continue
                _shift(m, x[i, m], ahead_s[j] + dt_s[i], at)
                d2 = 0.0
                distance2 = 0.0
                along = 0.0
                for k in range(3):
                    distance2 += (at[k] - site[k]) ** 2
                    if kind == INFRARED:
                        along += (at[k] - site[k]) * spot[j, k]
                    else:
                        d2 += (at[k] - spot[j, k]) ** 2
                if kind == INFRARED:
                    if along < 0.0:
                        continue
                    d2 = max(distance2 - along * along, 0.0)
                    near = 2.0 * var[j, 0] * distance2
                else:
                    near = var[j, 0] + (var[j, 1] + var[j, 2]) * (distance2 if kind < INFRARED else 1.0)
                near += cov[i, m, 0, 0] + cov[i, m, 1, 1] + cov[i, m, 2, 2]
                if m == LEVEL:
                    near += (0.5 * par[TURN_ACCELERATION_M_S2] * gap_s[i] ** 2) ** 2
                if d2 > 4.0 * limit * near:
                    continue
                for a in range(DIM[m]):
                    for b in range(DIM[m]):
                        wide[a, b] = cov[i, m, a, b]
                nis, likelihood = 0.0, 0.0
                for attempt in range(2):
                    nis, likelihood = fit(at, wide, kind, z[j], site, var[j], work)
                    if attempt == 1:
                        likelihood += TURN_LOG_PROB
                    elif m == LEVEL and nis > par[TURN_NIS]:
                        widen_for_turn(at, wide, gap_s[i], par)
                    else:
                        break
                if nis <= limit:
                    inside = True
                value = likelihood + math.log(mu[i, m])
                if value > best:
                    total = total * math.exp(max(best - value, -700.0)) + 1.0
                    best = value
                else:
                    total += math.exp(max(value - best, -700.0))
            if inside:
                score[i, j] = best + math.log(total)


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
    work = np.empty((WORK_ROWS, WORK_COLUMNS))
    for m in range(MODEL_COUNT):
        nis[m], log_likelihood[m] = -1.0, -1e30
        if mu[m] > 0.0:
            if late:
                move(m, back[m], -late_s, 0.0, par, phi, q, work)
            nis[m], log_likelihood[m] = update_model(
                m, x[m], cov[m], gap_s, late, back[m], phi, q, kind, z, site, var, par, work
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
