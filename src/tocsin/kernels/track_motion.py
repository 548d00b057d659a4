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

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.motion import acceleration_of, advance_with_transition

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
PARAMETER_COUNT = 27

THRUST_MAX_M_S2 = 150.0  # BOOST: what is tracked pushes no harder, at burn-out either (Minuteman: some 100)

_WIND_STD_M_S = 9.0  # m/s, BALLISTIC: each axis, turns the drag; lasts as long as its error
_BEND_MEMORY_S = 15.0  # s, how long the second order in ln(beta) pushes one way, by those runs
_SLOW_M_S = 300.0  # m/s, slower than this wind turns it no more
_DRIFT_HEIGHT_M = 50_000.0  # where LOG_BETA_VAR_PER_M holds
_THIN_AIR_M = 100_000.0  # above it a longer step serves
_STEP_THIN_S = 5.0
_STEP_AIR_S = 1.0


@kernel
def _white_acceleration(q, psd, h):
    """Add the effect of white acceleration noise on position and velocity over |h|, all axes alike."""
    size = abs(h)
    for i in range(3):
        q[i, i] += psd * size * size * size / 3.0
        q[i, 3 + i] += psd * size * h / 2.0
        q[3 + i, i] += psd * size * h / 2.0
        q[3 + i, 3 + i] += psd * size


@kernel
def _drag_noise(q, x, drag, height_m, climb, h, room, par):
    """Add what the drag (3,) of a BALLISTIC state leaves out, and the drift of ln(beta), over |h|.

    Across the drag it is what wind turns it by. Along it, DRAG_RATIO of it, and what the linear dependence on ln(beta)
    misses: of exp(-e) with e of variance v, e^2/2 - v/2, of variance v^2/2; a filter that leaves that out believes in
    a velocity that goes with ln(beta) (400 matched runs: NEES/7 3.8 where ln(beta) comes to matter, 1.06 with it).
    """
    size = abs(h)
    drag2 = drag[0] * drag[0] + drag[1] * drag[1] + drag[2] * drag[2]
    speed2 = max(x[3] * x[3] + x[4] * x[4] + x[5] * x[5], _SLOW_M_S * _SLOW_M_S)
    _white_acceleration(q, par[DRAG_MEMORY_S] * drag2 * _WIND_STD_M_S * _WIND_STD_M_S / speed2, h)
    var = par[LOG_BETA_VAR] - room
    scale = par[DRAG_RATIO] * par[DRAG_RATIO] * par[DRAG_MEMORY_S] + 0.5 * var * var * _BEND_MEMORY_S
    for i in range(3):
        for j in range(3):
            psd = scale * drag[i] * drag[j]
            q[i, j] += psd * size * size * size / 3.0
            q[i, 3 + j] += psd * size * h / 2.0
            q[3 + i, j] += psd * size * h / 2.0
            q[3 + i, 3 + j] += psd * size
    # a deviation of density whose spread grows as height drifts at a rate that does
    drift = par[LOG_BETA_VAR_PER_M] * min(max(height_m, 0.0), _THIN_AIR_M) / _DRIFT_HEIGHT_M
    q[6, 6] = min(drift * abs(climb) * size, max(room, 0.0))


@kernel
def _bounded_thrust(x):
    """Draw the thrust of a BOOST state in to its maximum where it lies beyond; returns it, m/s2."""
    thrust = math.sqrt(x[6] * x[6] + x[7] * x[7] + x[8] * x[8])
    if thrust <= THRUST_MAX_M_S2:
        return thrust
    for i in range(6, SIZE):
        x[i] *= THRUST_MAX_M_S2 / thrust
    return THRUST_MAX_M_S2


@kernel
def _step(model, x, h, room, par, phi, q):
    """One short step, forward or back: x moved in place, phi and q (9, 9) filled."""
    n = DIM[model]
    size = abs(h)
    for i in range(n):
        for j in range(n):
            phi[i, j] = 1.0 if i == j else 0.0
            q[i, j] = 0.0
    if model == LEVEL:
        height_m, ux, uy, uz = height_and_up(x[0], x[1], x[2])
        up = (ux, uy, uz)
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        level2 = max(x[3] * x[3] + x[4] * x[4] + x[5] * x[5] - climb * climb, 0.0)
        radius = max(math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]), 1.0)
        for i in range(3):
            a = -level2 / radius * up[i]
            x[i] += h * (x[3 + i] + 0.5 * h * a)
            x[3 + i] += h * a
            phi[i, 3 + i] = h
            for j in range(3):
                across = (par[LEVEL_UP_PSD] - par[LEVEL_PSD]) * up[i] * up[j]
                q[i, j] += across * size * size * size / 3.0
                q[i, 3 + j] += across * size * h / 2.0
                q[3 + i, j] += across * size * h / 2.0
                q[3 + i, 3 + j] += across * size
        _white_acceleration(q, par[LEVEL_PSD], h)
        return
    beta = math.exp(x[6]) if model == BALLISTIC else 0.0
    air = np.empty(4)
    drag = np.empty(3)
    for i in range(3):
        air[i] = 0.0
        drag[i] = 0.0
    air[3] = 0.0
    climb = 0.0
    height_m = 0.0
    low = False
    if model == BALLISTIC:
        height_m, ux, uy, uz = height_and_up(x[0], x[1], x[2])
        climb = x[3] * ux + x[4] * uy + x[5] * uz
        low = min(height_m, height_m + climb * h) < 1.5 * _THIN_AIR_M
        if low:
            ax, ay, az = acceleration_of(x[0], x[1], x[2], x[3], x[4], x[5], beta, air)
            bx, by, bz = acceleration_of(x[0], x[1], x[2], x[3], x[4], x[5], 0.0, air)
            drag[0] = ax - bx
            drag[1] = ay - by
            drag[2] = az - bz
    position, velocity, phi6 = advance_with_transition(x[:3], x[3:6], beta, air, h, size)
    for i in range(3):
        x[i] = position[i]
        x[3 + i] = velocity[i]
    for i in range(6):
        for j in range(6):
            phi[i, j] = phi6[i, j]
    if model == BOOST:
        psd = par[JERK_PSD]
        thrust = _bounded_thrust(x)
        growth = min(thrust / par[EXHAUST_M_S], (THRUST_MAX_M_S2 / max(thrust, 1e-6) - 1.0) / max(size, 1e-9))
        for i in range(3):
            for j in range(3):
                bend = x[6 + i] * x[6 + j] / (max(thrust, 1e-6) * par[EXHAUST_M_S])
                same = 1.0 if i == j else 0.0
                phi[3 + i, 6 + j] = h * (same * (1.0 + 0.5 * h * growth) + 0.5 * h * bend)
                phi[6 + i, 6 + j] = h * bend + same * (1.0 + h * growth)
        for i in range(3):
            a = x[6 + i]
            x[i] += 0.5 * h * h * a
            x[3 + i] += h * a * (1.0 + 0.5 * h * growth)
            x[6 + i] += h * a * growth
            phi[i, 6 + i] = 0.5 * h * h
            q[i, i] = psd * size**5 / 20.0
            q[3 + i, 3 + i] = psd * size**3 / 3.0
            q[6 + i, 6 + i] = psd * size
            q[i, 3 + i] = q[3 + i, i] = psd * size**3 * h / 8.0
            q[i, 6 + i] = q[6 + i, i] = psd * size**3 / 6.0
            q[3 + i, 6 + i] = q[6 + i, 3 + i] = psd * h * size / 2.0
        return
    _white_acceleration(q, par[COAST_PSD], h)
    if low:
        for i in range(3):
            phi[i, 6] = -0.5 * h * h * drag[i]
            phi[3 + i, 6] = -h * drag[i]
        _drag_noise(q, x, drag, height_m, climb, h, room, par)


@kernel
def move(model, x, dt_s, room, par, phi, q):
    """Move a state by dt_s (either sign) under one model.

    In        x (9,) changed in place; room: how far the variance of ln(beta) may still grow; par
    Out       phi, q (9, 9), leading DIM[model] square filled: transition, and process noise of |dt_s|
    Accuracy  mean: RK4, steps of at most 5 s above 100 km, 1 s below; phi as `advance_with_transition`
    """
    n = DIM[model]
    left = dt_s
    one = np.empty((SIZE, SIZE))
    noise = np.empty((SIZE, SIZE))
    hold = np.empty((SIZE, SIZE))
    is_first = True
    while is_first or abs(left) > 1e-9:
        longest = _STEP_THIN_S
        if model != LEVEL:
            height_m, ux, uy, uz = height_and_up(x[0], x[1], x[2])
            climb = x[3] * ux + x[4] * uy + x[5] * uz
            ahead = climb * (_STEP_THIN_S if left > 0.0 else -_STEP_THIN_S)
            if min(height_m, height_m + ahead) < _THIN_AIR_M:
                longest = _STEP_AIR_S
        h = left / max(math.ceil(abs(left) / longest - 1e-9), 1.0)
        left -= h
        _step(model, x, h, room, par, one, noise)
        if not is_first:
            for i in range(n):
                for j in range(n):
                    s = 0.0
                    for k in range(n):
                        s += one[i, k] * phi[k, j]
                    hold[i, j] = s
            for i in range(n):
                for j in range(n):
                    phi[i, j] = hold[i, j]
            sandwich(one, q, n, hold)
        for i in range(n):
            for j in range(n):
                if is_first:
                    phi[i, j] = one[i, j]
                    q[i, j] = noise[i, j]
                else:
                    q[i, j] = hold[i, j] + noise[i, j]
        room -= noise[6, 6] if model == BALLISTIC else 0.0
        is_first = False


@kernel
def sandwich(a, p, n, out):
    """out = a p a^T on the leading n x n, symmetric by construction."""
    row = np.empty(SIZE)
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += a[i, k] * p[k, j]
            row[j] = s
        for j in range(i + 1):
            s = 0.0
            for k in range(n):
                s += row[k] * a[j, k]
            out[i, j] = s
            out[j, i] = s
