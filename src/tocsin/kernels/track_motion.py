"""How each motion model of the tracker moves: mean, transition matrix and process noise over one interval.

State (9,): ECEF position m, ECEF velocity m/s, then
    BOOST      thrust acceleration (3) m/s2, a random walk that takes drag up as well
    BALLISTIC  ln(ballistic coefficient, kg/m2) in component 6
    LEVEL      nothing: level flight along a great circle
A model owns the leading DIM[model] components; the rest is zero and never read.
`par` is (PARAMETER_COUNT,) float64, laid out by the constants below.
"""

import math

import numpy as np

from tocsin.kernels.atmosphere import wind_shape
from tocsin.kernels.compiled import in_place_kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.motion import THIN_AIR_M, step_with_transition

BOOST = 0
BALLISTIC = 1
LEVEL = 2
MODEL_COUNT = 3
SIZE = 9
DIM = np.array([9, 7, 6])

JERK_PSD = 0  # (m/s3)2 s, BOOST: random walk of the thrust acceleration
COAST_PSD = 1  # (m/s2)2 s, BALLISTIC: what gravity beyond J2 leaves out
DRAG_RATIO = 2  # BALLISTIC: error of the drag model along it, share of the drag ...
DRAG_MEMORY_S = 3  # ... and how long such an error lasts, s
LOG_BETA_VAR_PER_M = 4  # 1/m at 50 km, in proportion to height, BALLISTIC: density drifts off the standard
LOG_BETA_MEAN = 5  # ln(kg/m2), prior
LOG_BETA_VAR = 6  # prior variance of it, never exceeded
LEVEL_PSD = 7  # (m/s2)2 s, LEVEL: horizontal, each axis
LEVEL_UP_PSD = 8  # (m/s2)2 s, LEVEL: vertical
BOOST_END_RATE = 9  # 1/s, thrust ends
IDLE_END_RATE = 10  # 1/s, thrust estimated near zero has ended
IDLE_THRUST_M_S2 = 11  # m/s2, what "near zero" means
TURN_ACCELERATION_M_S2 = 12  # m/s2, LEVEL: a turn, tried when the straight prediction misses
TURN_NIS = 13  # normalised innovation squared beyond which it is tried
DEAD_PROB = 14  # a model less probable than this is given up
VELOCITY_STD_M_S = 15  # m/s, prior of each axis, BOOST and BALLISTIC from radar
LEVEL_SPEED_STD_M_S = 16  # m/s, prior of each horizontal axis, LEVEL
LEVEL_HEIGHT_MAX_M = 17  # m, nothing flies level above
CUE_HEIGHT_M = 18  # m, where a plume is first seen
CUE_ALONG_STD_M = 19  # m, prior along a single line of sight at most, where it passes above as well
CUE_SPEED_M_S = 20  # m/s upward, prior mean of a plume first seen
CUE_VELOCITY_STD_M_S = 21  # m/s, prior of each axis of it
THRUST_M_S2 = 22  # m/s2 upward, prior mean of a plume's thrust
THRUST_STD_M_S2 = 23  # m/s2, prior of each axis of it
UNLIT_PROB = 24  # how much less likely infrared is to see what does not burn
EXHAUST_M_S = 25  # m/s, BOOST: thrust acceleration grows as its square over this, as mass burns away
CUE_HEIGHT_STD_M = 26  # m, of the height where a plume is first seen
HIGH_BURN_PROB = 27  # that what a radar first sees higher than level flight burns
PARAMETER_COUNT = 28

THRUST_MAX_M_S2 = 150.0  # BOOST: what is tracked pushes no harder, at burn-out either (Minuteman: some 100)

_WIND_STD_M_S = 15.0  # m/s at 12 km, by height as `wind_shape`; BALLISTIC: each axis, turns drag as long as its error
_WIND_MOST_M_S = 10.0  # m/s, in the jet stream, which is fallen through sooner
_BEND_MEMORY_S = 25.0  # s, how long the second order in ln(beta) pushes one way, by matched runs
_SLOW_M_S = 300.0  # m/s, slower than this wind turns it no more
_DRIFT_HEIGHT_M = 50_000.0  # where LOG_BETA_VAR_PER_M holds
_STEP_THIN_S = 5.0  # above THIN_AIR_M a longer step serves
_STEP_AIR_S = 1.0

# Rows of the one array (WORK_ROWS, WORK_COLUMNS) in which a prediction works and, with rows of its own, an update
_ONE = 12  # transition of one step; before it, those of `motion.step_with_transition`
SPARE = 30  # three that neither touches, and two squares for the way back to a late plot
LATE_PHI = SPARE + 3
LATE_Q = LATE_PHI + SIZE
WORK_ROWS = LATE_Q + 3 * SIZE  # with two squares for Joseph's form
WORK_COLUMNS = SIZE + 1


@in_place_kernel
def _white_acceleration(q, psd, h):
    """Add the effect of white acceleration noise on position and velocity over |h|, all axes alike."""
    size = abs(h)
    for i in range(3):
        q[i, i] += psd * size * size * size / 3.0
        q[i, 3 + i] += psd * size * h / 2.0
        q[3 + i, i] += psd * size * h / 2.0
        q[3 + i, 3 + i] += psd * size


@in_place_kernel
def _drag_noise(q, x, drag, height_m, climb, h, room, par):
    """Add what the drag (3,) of a BALLISTIC state leaves out, and the drift of ln(beta), over |h|.

    Across the drag it is what wind turns it by (200 flights of one-missile by this model alone from 100 km down, NEES/6
    35, 40 and 45 s later, at 31, 20 and 11 km: 0.68, 0.72, 0.89 with 9 m/s at all heights; 0.92, 0.89, 0.87 with this;
    0.74 at 11 km without `_WIND_MOST_M_S`). Along it, DRAG_RATIO of it, and what the linear dependence on ln(beta)
    misses: of exp(-e) with e of variance v, e^2/2 - v/2, of variance v^2/2; a filter that leaves that out believes in
    a velocity that goes with ln(beta) (400 matched runs: NEES/7 3.8 where ln(beta) comes to matter, 1.06 with it).
    """
    size = abs(h)
    drag2 = drag[0] * drag[0] + drag[1] * drag[1] + drag[2] * drag[2]
    speed2 = max(x[3] * x[3] + x[4] * x[4] + x[5] * x[5], _SLOW_M_S * _SLOW_M_S)
    wind_m_s = min(_WIND_STD_M_S * wind_shape(height_m), _WIND_MOST_M_S)
    _white_acceleration(q, par[DRAG_MEMORY_S] * drag2 * wind_m_s * wind_m_s / speed2, h)
    var = par[LOG_BETA_VAR] - room
    scale = par[DRAG_RATIO] * par[DRAG_RATIO] * par[DRAG_MEMORY_S] + 0.5 * var * var * _BEND_MEMORY_S
    for i in range(3):
        for j in range(3):
            psd = scale * (drag[i] * drag[j])  # so that q[i, j] is q[j, i] to the last bit
            q[i, j] += psd * size * size * size / 3.0
            q[i, 3 + j] += psd * size * h / 2.0
            q[3 + i, j] += psd * size * h / 2.0
            q[3 + i, 3 + j] += psd * size
    # a deviation of density whose spread grows as height drifts at a rate that does
    drift = par[LOG_BETA_VAR_PER_M] * min(max(height_m, 0.0), THIN_AIR_M) / _DRIFT_HEIGHT_M
    q[6, 6] += min(drift * abs(climb) * size, max(room, 0.0))


@in_place_kernel
def _bounded_thrust(x):
    """Draw the thrust of a BOOST state in to its maximum where it lies beyond; returns it, m/s2."""
    thrust = math.sqrt(x[6] * x[6] + x[7] * x[7] + x[8] * x[8])
    if thrust <= THRUST_MAX_M_S2:
        return thrust
    for i in range(6, SIZE):
        x[i] *= THRUST_MAX_M_S2 / thrust
    return THRUST_MAX_M_S2


@in_place_kernel
def _step(model, x, h, height_m, ux, uy, uz, par, phi, work):
    """One short step, forward or back, from a height where up is (ux, uy, uz): x moved in place, phi filled.

    Returns the acceleration by drag, m/s2, (3,).
    """
    if model == LEVEL:
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        level2 = max(x[3] * x[3] + x[4] * x[4] + x[5] * x[5] - climb * climb, 0.0)
        radius = max(math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]), 1.0)
        for i in range(3):
            a = -level2 / radius * (ux if i == 0 else (uy if i == 1 else uz))
            x[i] += h * (x[3 + i] + 0.5 * h * a)
            x[3 + i] += h * a
            for j in range(3):
                same = 1.0 if i == j else 0.0
                phi[i, j] = phi[3 + i, 3 + j] = same
                phi[i, 3 + j] = h * same
                phi[3 + i, j] = 0.0
        return 0.0, 0.0, 0.0
    beta = math.exp(x[6]) if model == BALLISTIC else 0.0
    drag = step_with_transition(x, beta, 0.0, 0.0, 0.0, 0.0, h, height_m, ux, uy, uz, phi, work)
    if model == BALLISTIC:
        for i in range(6):
            phi[6, i] = 0.0
        phi[6, 6] = 1.0
        return drag
    thrust = _bounded_thrust(x)
    growth = min(thrust / par[EXHAUST_M_S], (THRUST_MAX_M_S2 / max(thrust, 1e-6) - 1.0) / max(abs(h), 1e-9))
    bend = h / (max(thrust, 1e-6) * par[EXHAUST_M_S])
    for i in range(3):
        for j in range(3):
            same = 1.0 if i == j else 0.0
            bent = bend * x[6 + i] * x[6 + j]
            phi[i, 6 + j] = 0.5 * h * h * same
            phi[6 + i, j] = phi[6 + i, 3 + j] = 0.0
            phi[3 + i, 6 + j] = h * (same * (1.0 + 0.5 * h * growth) + 0.5 * bent)
            phi[6 + i, 6 + j] = bent + same * (1.0 + h * growth)
    for i in range(3):
        a = x[6 + i]
        x[i] += 0.5 * h * h * a
        x[3 + i] += h * a * (1.0 + 0.5 * h * growth)
        x[6 + i] += h * a * growth
    return drag


@in_place_kernel
def _add_noise(model, x, drag, height_m, climb, ux, uy, uz, h, room, par, q):
    """Add to q the process noise of a step of `_step` that led to x, begun at a climb, m/s; room: as of `move`."""
    size = abs(h)
    if model == BOOST:
        psd = par[JERK_PSD] * size
        h2 = h * h
        for i in range(3):
            q[i, i] += psd * h2 * h2 / 20.0
            q[3 + i, 3 + i] += psd * h2 / 3.0
            q[6 + i, 6 + i] += psd
            q[i, 3 + i] += psd * h2 * h / 8.0
            q[3 + i, i] += psd * h2 * h / 8.0
            q[i, 6 + i] += psd * h2 / 6.0
            q[6 + i, i] += psd * h2 / 6.0
            q[3 + i, 6 + i] += psd * h / 2.0
            q[6 + i, 3 + i] += psd * h / 2.0
        return
    if model == BALLISTIC:
        _white_acceleration(q, par[COAST_PSD], h)
        if min(height_m, height_m + climb * h) < 1.5 * THIN_AIR_M:
            _drag_noise(q, x, drag, height_m, climb, h, room, par)
        return
    _white_acceleration(q, par[LEVEL_PSD], h)
    up = (ux, uy, uz)
    for i in range(3):
        for j in range(3):
            across = (par[LEVEL_UP_PSD] - par[LEVEL_PSD]) * (up[i] * up[j])
            q[i, j] += across * size * size * size / 3.0
            q[i, 3 + j] += across * size * h / 2.0
            q[3 + i, j] += across * size * h / 2.0
            q[3 + i, 3 + j] += across * size


@in_place_kernel
def _next_step(model, x, left_s):
    """How far the next step may go of what is left, and the height and up where it starts, unless nothing asks."""
    if model == BOOST and abs(left_s) <= _STEP_AIR_S:
        return left_s, 0.0, 0.0, 0.0, 0.0
    height_m, ux, uy, uz = height_and_up(x[0], x[1], x[2])
    longest = _STEP_THIN_S
    if model != LEVEL:
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        ahead = climb * (_STEP_THIN_S if left_s > 0.0 else -_STEP_THIN_S)
        if min(height_m, height_m + ahead) < THIN_AIR_M:
            longest = _STEP_AIR_S
    if abs(left_s) <= longest:
        return left_s, height_m, ux, uy, uz
    return left_s / math.ceil(abs(left_s) / longest - 1e-9), height_m, ux, uy, uz


@in_place_kernel
def carry_covariance(phi, cov, n, work):
    """cov <- phi cov phi' on the leading n x n, n of `DIM`, in place, symmetric by construction.

    Rows of phi from the seventh on are zero in the leading six columns: what is estimated besides does not depend on
    position and velocity. work: as of `move`; phi cov stands in it. Counts of loops are constants: else numba makes
    vector loops of them, which so short a loop only passes by.
    """
    if n == SIZE:
        for i in range(0, 6, 2):
            k = i + 1
            a0, a1, a2, a3, a4, a5 = phi[i, 0], phi[i, 1], phi[i, 2], phi[i, 3], phi[i, 4], phi[i, 5]
            b0, b1, b2, b3, b4, b5 = phi[k, 0], phi[k, 1], phi[k, 2], phi[k, 3], phi[k, 4], phi[k, 5]
            a6, a7, a8, b6, b7, b8 = phi[i, 6], phi[i, 7], phi[i, 8], phi[k, 6], phi[k, 7], phi[k, 8]
            for j in range(9):
                p0, p1, p2, p3, p4, p5 = cov[j, 0], cov[j, 1], cov[j, 2], cov[j, 3], cov[j, 4], cov[j, 5]
                p6, p7, p8 = cov[j, 6], cov[j, 7], cov[j, 8]
                work[i, j] = (
                    (a0 * p0 + a1 * p1 + a2 * p2) + (a3 * p3 + a4 * p4 + a5 * p5) + (a6 * p6 + a7 * p7 + a8 * p8)
                )
                work[k, j] = (
                    (b0 * p0 + b1 * p1 + b2 * p2) + (b3 * p3 + b4 * p4 + b5 * p5) + (b6 * p6 + b7 * p7 + b8 * p8)
                )
        for i in range(6, 9):
            for j in range(6, 9):
                work[i, j] = phi[i, 6] * cov[j, 6] + phi[i, 7] * cov[j, 7] + phi[i, 8] * cov[j, 8]
        for i in range(6):
            a0, a1, a2, a3, a4, a5 = work[i, 0], work[i, 1], work[i, 2], work[i, 3], work[i, 4], work[i, 5]
            a6, a7, a8 = work[i, 6], work[i, 7], work[i, 8]
            for j in range(i + 1):
                cov[i, j] = cov[j, i] = (
                    (a0 * phi[j, 0] + a1 * phi[j, 1] + a2 * phi[j, 2])
                    + (a3 * phi[j, 3] + a4 * phi[j, 4] + a5 * phi[j, 5])
                    + (a6 * phi[j, 6] + a7 * phi[j, 7] + a8 * phi[j, 8])
                )
        for j in range(6, 9):
            b6, b7, b8 = phi[j, 6], phi[j, 7], phi[j, 8]
            for i in range(j + 1):
                cov[i, j] = cov[j, i] = work[i, 6] * b6 + work[i, 7] * b7 + work[i, 8] * b8
        return
    if n == 6:
        for i in range(7):
            phi[i, 6] = cov[i, 6] = cov[6, i] = 0.0
    for i in range(0, 6, 2):
        k = i + 1
        a0, a1, a2, a3, a4, a5, a6 = phi[i, 0], phi[i, 1], phi[i, 2], phi[i, 3], phi[i, 4], phi[i, 5], phi[i, 6]
        b0, b1, b2, b3, b4, b5, b6 = phi[k, 0], phi[k, 1], phi[k, 2], phi[k, 3], phi[k, 4], phi[k, 5], phi[k, 6]
        for j in range(7):
            p0, p1, p2, p3, p4, p5, p6 = cov[j, 0], cov[j, 1], cov[j, 2], cov[j, 3], cov[j, 4], cov[j, 5], cov[j, 6]
            work[i, j] = (a0 * p0 + a1 * p1 + a2 * p2) + (a3 * p3 + a4 * p4 + a5 * p5) + a6 * p6
            work[k, j] = (b0 * p0 + b1 * p1 + b2 * p2) + (b3 * p3 + b4 * p4 + b5 * p5) + b6 * p6
    for i in range(6):
        a0, a1, a2, a3, a4, a5 = work[i, 0], work[i, 1], work[i, 2], work[i, 3], work[i, 4], work[i, 5]
        a6 = work[i, 6]
        for j in range(i + 1):
            cov[i, j] = cov[j, i] = (
                (a0 * phi[j, 0] + a1 * phi[j, 1] + a2 * phi[j, 2])
                + (a3 * phi[j, 3] + a4 * phi[j, 4] + a5 * phi[j, 5])
                + a6 * phi[j, 6]
            )
        cov[i, 6] = cov[6, i] = a6


@in_place_kernel
def carry_slope(phi, slope, n, work):
    """slope (9, b) <- phi slope on its leading n rows, in place. work: its leading row is overwritten."""
    for c in range(slope.shape[1]):
        for i in range(n):
            work[0, i] = slope[i, c]
        for i in range(n):
            v = 0.0
            for k in range(n):
                v += phi[i, k] * work[0, k]
            slope[i, c] = v


@in_place_kernel
def predict_model(model, x, cov, slope, dt_s, par, work):
    """Move one model's x (9,), cov (9, 9) and slope (9, b) by dt_s in place: the prior of the next plot.

    In        slope   d x / d biases of sensors (``track_bias.py``); b = 0: there are none
              work (WORK_ROWS, WORK_COLUMNS), overwritten
    Accuracy  steps of at most 5 s above 100 km, 1 s below, each as `motion.step_with_transition`
    """
    phi = work[_ONE:]
    left_s = dt_s
    while abs(left_s) > 1e-9:
        h, height_m, ux, uy, uz = _next_step(model, x, left_s)
        left_s -= h
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        room = par[LOG_BETA_VAR] - cov[6, 6]
        drag = _step(model, x, h, height_m, ux, uy, uz, par, phi, work)
        carry_covariance(phi, cov, DIM[model], work)
        _add_noise(model, x, drag, height_m, climb, ux, uy, uz, h, room, par, cov)
        if slope.shape[1] > 0:
            carry_slope(phi, slope, DIM[model], work)


@in_place_kernel
def move(model, x, dt_s, room, par, phi, q, work):
    """Move a state by dt_s (either sign) under one model; for the covariance as well, see `predict_model`.

    In        x (9,) changed in place; room: how far the variance of ln(beta) may still grow; par
              work (WORK_ROWS, WORK_COLUMNS), overwritten
    Out       phi, q (9, 9), leading DIM[model] square filled: transition, and process noise of |dt_s|
    Accuracy  as `predict_model`
    """
    n = DIM[model]
    for i in range(n):
        for j in range(n):
            q[i, j] = 0.0
    grown = 0.0
    one = phi
    left_s = dt_s
    while True:
        h, height_m, ux, uy, uz = _next_step(model, x, left_s)
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        drag = _step(model, x, h, height_m, ux, uy, uz, par, one, work)
        if left_s != dt_s:
            for i in range(n):
                for j in range(n):
                    s = 0.0
                    for k in range(n):
                        s += one[i, k] * phi[k, j]
                    work[i, j] = s
            for i in range(n):
                for j in range(n):
                    phi[i, j] = work[i, j]
            carry_covariance(one, q, n, work)
        _add_noise(model, x, drag, height_m, climb, ux, uy, uz, h, room - grown, par, q)
        left_s -= h
        if abs(left_s) <= 1e-9:
            return
        grown = q[6, 6] if model == BALLISTIC else 0.0
        one = work[_ONE:]
