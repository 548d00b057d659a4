"""The bank of models of each track: interacting multiple models with unequal states, over slots of arrays.

x (T, 3, 9), cov (T, 3, 9, 9), mu (T, 3): means, covariances, model probabilities. Thrust ends once and for all:
the one switch is BOOST to BALLISTIC, at a rate (1/s), so that scans at any moment switch as often as time passes.
Ln(beta), which BOOST lacks, enters the mixture with BALLISTIC's own mean and variance (Granström, Willett,
Bar-Shalom, Systematic approach to IMM mixing for unequal dimension states, IEEE TAES 51(4), 2015). A model under
`DEAD_PROB` is given up: in coast the bank is one extended Kalman filter, with nothing to inflate it.

The bank holds as if the sensors' biases were as now believed; slope (T, 3, 9, b) is how each mean changes with them
(``track_bias.py``), and bias_cov (b, b) what is not known of them. b = 0: no sensor has any.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.track_bias import learn, weigh
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    BOOST_END_RATE,
    DEAD_PROB,
    DIM,
    IDLE_END_RATE,
    IDLE_THRUST_M_S2,
    LATE_PHI,
    LATE_Q,
    LEVEL,
    MODEL_COUNT,
    SIZE,
    SPARE,
    THRUST_MAX_M_S2,
    UNLIT_PROB,
    WORK_COLUMNS,
    WORK_ROWS,
    move,
    predict_model,
)
from tocsin.kernels.track_observe import INFRARED, RADAR_RATE, ROWS
from tocsin.kernels.track_update import BEND_LOOKS, PRIOR, bends, may_bend, update_model

_SPEED_MAX_M_S = 80_000.0  # relative to the Earth; the fastest meteors: 72 km/s


@in_place_kernel
def _end_of_thrust(x, cov, mu, slope, dt_s, par, work):
    """Move probability from BOOST to BALLISTIC for an interval, and mix BALLISTIC's state accordingly.

    The moment s of burn-out is uniform in the interval, so the velocity gained is a s and the state that coasting
    would have started from is x - a s^2/2, v + a s: its mean and covariance are added, in closed form.
    """
    burn = x[BOOST]
    thrust2 = burn[6] ** 2 + burn[7] ** 2 + burn[8] ** 2
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
    off = work[SPARE]  # of coasting from burn-out, less BALLISTIC's state
    for i in range(3):
        off[i] = burn[i] - burn[6 + i] * dt_s * dt_s / 6.0 - to[i]
        off[3 + i] = burn[3 + i] + burn[6 + i] * dt_s / 2.0 - to[3 + i]
    kpp = weight * dt_s**4 * (1.0 / 20.0 - 1.0 / 36.0)
    kpv = weight * -(dt_s**3) / 24.0
    kvv = weight * dt_s**2 / 12.0
    spread = weight * dt_s * dt_s / 3.0
    apart = weight * other
    for i in range(3):
        for j in range(3):
            push = burn[6 + i] * burn[6 + j]
            along = apart * (off[i] * off[3 + j]) + kpv * push + weight * b[i, 3 + j]
            p[i, j] = other * p[i, j] + apart * (off[i] * off[j]) + kpp * push + weight * b[i, j]
            p[3 + i, 3 + j] = other * p[3 + i, 3 + j] + (
                apart * (off[3 + i] * off[3 + j]) + kvv * push + weight * b[3 + i, 3 + j] + spread * b[6 + i, 6 + j]
            )
            p[i, 3 + j] = p[3 + j, i] = other * p[i, 3 + j] + along
    for c in range(slope.shape[2]):
        for i in range(3):
            push = slope[BOOST, 6 + i, c]
            begun = slope[BOOST, i, c] - push * dt_s * dt_s / 6.0
            slope[BALLISTIC, i, c] = other * slope[BALLISTIC, i, c] + weight * begun
            begun = slope[BOOST, 3 + i, c] + push * dt_s / 2.0
            slope[BALLISTIC, 3 + i, c] = other * slope[BALLISTIC, 3 + i, c] + weight * begun
    for i in range(6):
        p[i, 6] *= other
        p[6, i] *= other
        to[i] += weight * off[i]


@in_place_kernel
def predict(x, cov, mu, slope, dt_s, par, work):
    """Predict one bank in place by dt_s > 0. work: (WORK_ROWS, WORK_COLUMNS)."""
    if mu[BOOST] > 0.0:
        _end_of_thrust(x, cov, mu, slope, dt_s, par, work)
        if mu[BOOST] < par[DEAD_PROB]:
            mu[BOOST] = 0.0
    for m in range(MODEL_COUNT):
        if mu[m] > 0.0:
            predict_model(m, x[m], cov[m], slope[m], dt_s, par, work)
            if m == BOOST:
                _bound_spread(cov[m])


@in_place_kernel
def copy_bank(x, cov, mu, slope, to_x, to_cov, to_mu, to_slope):
    """Copy one bank: the models that live, and BALLISTIC where thrust may end. Rooms of others stay as they are."""
    for m in range(MODEL_COUNT):
        to_mu[m] = mu[m]
        if mu[m] > 0.0 or (m == BALLISTIC and mu[BOOST] > 0.0):
            n = DIM[m]
            for a in range(n):
                to_x[m, a] = x[m, a]
                if n == SIZE:
                    for b in range(SIZE):
                        to_cov[m, a, b] = cov[m, a, b]
                else:
                    for b in range(7):
                        to_cov[m, a, b] = cov[m, a, b]
                for c in range(slope.shape[2]):
                    to_slope[m, a, c] = slope[m, a, c]


@in_place_kernel
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
def picture_slots(
    x, cov, mu, slope, t_ns, slots, to_ns, own_prob, par, bias_cov, out_x, out_cov, out_slope, out_mu, state, cov6,
    log_beta, log_beta_var, is_sound,
):  # fmt: skip
    """Slots predicted to to_ns where that lies ahead of them, and each bank's models combined.

    In        to_ns (n,) int64, or (1,) for all
    Out       x (n, 3, 9), cov (n, 3, 9, 9), slope (n, 3, 9, b)   the banks; of one row: room to work, no bank is kept
              mu (n, 3)
              state (n, 6), cov6 (n, 6, 6)  by `combine`, with what biases not yet known add
              log_beta, log_beta_var (n,)   BALLISTIC's, likewise; where it does not live undefined
              is_sound (n,) bool            finite numbers, positive variances, a speed that occurs
    """
    _picture_rows(
        x, cov, mu, slope, t_ns, slots, to_ns, own_prob, par, bias_cov, out_x, out_cov, out_slope, out_mu, state, cov6,
        log_beta, log_beta_var, is_sound, np.empty((WORK_ROWS, WORK_COLUMNS)), np.empty((6, bias_cov.shape[0])),
    )  # fmt: skip


@in_place_kernel
def _picture_rows(
    x, cov, mu, slope, t_ns, slots, to_ns, own_prob, par, bias_cov, out_x, out_cov, out_slope, out_mu, state, cov6,
    log_beta, log_beta_var, is_sound, work, half,
):  # fmt: skip
    """`picture_slots` with room to work: work (WORK_ROWS, WORK_COLUMNS), half (6, b)."""
    n = slots.shape[0]
    is_kept = out_x.shape[0] >= n
    for i in range(n):
        k = slots[i]
        dt_s = (to_ns[i if to_ns.shape[0] > 1 else 0] - t_ns[k]) * 1e-9
        row = i if is_kept else 0
        if is_kept or dt_s > 0.0:
            copy_bank(x[k], cov[k], mu[k], slope[k], out_x[row], out_cov[row], out_mu[i], out_slope[row])
            if dt_s > 0.0:
                predict(out_x[row], out_cov[row], out_mu[i], out_slope[row], dt_s, par, work)
            log_beta[i], log_beta_var[i] = _picture_row(
                out_x[row], out_cov[row], out_mu[i], out_slope[row], own_prob, bias_cov, state[i], cov6[i], half
            )
        else:
            for m in range(MODEL_COUNT):
                out_mu[i, m] = mu[k, m]
            log_beta[i], log_beta_var[i] = _picture_row(
                x[k], cov[k], mu[k], slope[k], own_prob, bias_cov, state[i], cov6[i], half
            )
        is_sound[i] = _is_sound(out_mu[i], state[i], cov6[i])


@in_place_kernel
def close_ranks(is_kept, x, cov, slope, mu, state, cov6, log_beta, log_beta_var, is_sound):
    """Rows of a picture, as `picture_slots` gives it, move up over those (n,) that are not kept."""
    to = 0
    for i in range(is_kept.shape[0]):
        if is_kept[i] and to < i:
            copy_bank(x[i], cov[i], mu[i], slope[i], x[to], cov[to], mu[to], slope[to])
            log_beta[to], log_beta_var[to], is_sound[to] = log_beta[i], log_beta_var[i], is_sound[i]
            for a in range(6):
                state[to, a] = state[i, a]
                for b in range(6):
                    cov6[to, a, b] = cov6[i, a, b]
        to += is_kept[i]


@in_place_kernel
def _picture_row(x, cov, mu, slope, own_prob, bias_cov, state, cov6, half):
    """`combine`; returns ln(beta) and its variance."""
    combine(x, cov, mu, slope, own_prob, bias_cov, state, cov6, half)
    var = max(cov[BALLISTIC, 6, 6], 0.0)
    for a in range(bias_cov.shape[0]):
        for b in range(bias_cov.shape[0]):
            var += slope[BALLISTIC, 6, a] * bias_cov[a, b] * slope[BALLISTIC, 6, b]
    return x[BALLISTIC, 6], var


@in_place_kernel
def _is_sound(mu, state, cov6):
    """Whether numbers are finite, variances positive and the speed one that occurs."""
    total = mu[BOOST] + mu[BALLISTIC] + mu[LEVEL]  # a sum carries any NaN or infinity in it
    speed2 = 0.0
    least = cov6[0, 0]
    for a in range(6):
        total += state[a]
        least = min(least, cov6[a, a])
        if a > 2:
            speed2 += state[a] * state[a]
        for b in range(a + 1):
            total += cov6[a, b]
    return math.isfinite(total) and least > 0.0 and speed2 < _SPEED_MAX_M_S * _SPEED_MAX_M_S


@in_place_kernel
def update_bank(x, cov, mu, slope, gap_s, late_s, kind, z, site, var, par, bias_cov, own, work, extra, taught):
    """Update all models of one track, x (3, 9), cov (3, 9, 9), mu (3,), in place, with one plot.

    In        gap_s   s since the track's last plot
              late_s  how much older than the state the plot is; 0: of its time
              z       the plot, less what is believed of its sensor's biases: own (columns, scale, refractivity)
              work (WORK_ROWS, WORK_COLUMNS), extra (ROWS + 1, ROWS)   overwritten
    Out       taught (MODEL_COUNT, ROWS, b + 1)  what each model has learnt of biases, as by `learn`
    Returns the model most probable afterwards and its normalised innovation squared; -1 where none could be updated.
    """
    nis = work[SPARE]
    log_likelihood = work[SPARE + 1]
    back = work[SPARE + 2]
    phi = work[LATE_PHI:]
    q = work[LATE_Q:]
    best = -1e30
    late = late_s > 0.0
    is_biased = bias_cov.shape[0] > 0
    for r in range(ROWS):
        extra[ROWS, r] = var[r]
        for c in range(ROWS):
            extra[r, c] = 0.0
    for m in range(MODEL_COUNT):
        nis[m], log_likelihood[m] = -1.0, -1e30
        if mu[m] > 0.0:
            if late:
                for a in range(SIZE):
                    back[a] = x[m, a]
                move(m, back, -late_s, 0.0, par, phi, q, work)
            if is_biased:
                weigh(m, kind, back if late else x[m], cov[m], site, z, var, slope[m], bias_cov, own, extra)
            if kind < INFRARED:
                bend_m2, bend_m2_s2 = 0.0, 0.0
                if may_bend(back if late else x[m], cov[m], site, var, kind == RADAR_RATE):
                    across_rad2 = 0.5 * (math.cos(z[2]) ** 2 * var[1] + var[2])
                    bend_m2, bend_m2_s2 = bends(back if late else x[m], cov[m], site, across_rad2)
                extra[ROWS, 0] = (extra[ROWS, 0] if is_biased else var[0]) + BEND_LOOKS * bend_m2
                extra[ROWS, 3] = (extra[ROWS, 3] if is_biased else var[3]) + BEND_LOOKS * bend_m2_s2
            nis[m], log_likelihood[m] = update_model(
                m, x[m], cov[m], gap_s, late, back, phi, q, kind, z, site, extra[ROWS], par, extra, work
            )
            if is_biased and nis[m] < 1e29:
                was = work[PRIOR]
                learn(m, kind, was, x[m], cov[m], late, back, phi, q, z, site, extra[ROWS], own, slope[m], taught[m])
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
    return top, nis[top]


@in_place_kernel
def combine(x, cov, mu, slope, own_prob, bias_cov, state, cov6, half):
    """One position, velocity and covariance for a bank: moment-matched, or BALLISTIC's own where it has own_prob.

    In        x (3, 9), cov (3, 9, 9), mu (3,), slope (3, 9, b), bias_cov (b, b)
    Out       state (6,), cov6 (6, 6) filled; half (6, b) overwritten
    """
    is_own = mu[BALLISTIC] > own_prob
    count = bias_cov.shape[0]
    for a in range(6):
        state[a] = x[BALLISTIC, a] if is_own else 0.0
        for b in range(6):
            cov6[a, b] = cov[BALLISTIC, a, b] if is_own else 0.0
    if not is_own:
        for m in range(MODEL_COUNT):
            if mu[m] > 0.0:
                for a in range(6):
                    state[a] += mu[m] * x[m, a]
        for m in range(MODEL_COUNT):
            if mu[m] > 0.0:
                for a in range(6):
                    for b in range(6):
                        cov6[a, b] += mu[m] * (cov[m, a, b] + (x[m, a] - state[a]) * (x[m, b] - state[b]))
    for m in range(MODEL_COUNT):
        weight = (1.0 if m == BALLISTIC else 0.0) if is_own else mu[m]
        if weight > 0.0 and count > 0:
            for a in range(6):
                for c in range(count):
                    v = 0.0
                    for k in range(count):
                        v += slope[m, a, k] * bias_cov[k, c]
                    half[a, c] = weight * v
            for a in range(6):
                for b in range(a + 1):
                    v = 0.0
                    for c in range(count):
                        v += half[a, c] * slope[m, b, c]
                    cov6[a, b] += v
                    if b < a:
                        cov6[b, a] += v
