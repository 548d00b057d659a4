"""Many flights to the ground, a few registers' worth at a time: the path for large ensembles.

Dormand-Prince 5(4), as in `fall`, for LANES flights in step; each lane has its own step length and error control, and
takes the next row when its flight ends. Steps end at the corners of the atmosphere (layers of the standard, knots of
its upper table, wind, deviation), where an error estimate says nothing. Layout of the work array: see `lane_slope`.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import FLATTENING, SEMI_MAJOR_M, US76_RADIUS_M
from tocsin.kernels.fall import ALREADY_DOWN, NO_IMPACT, OK
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.lane_slope import (
    AT,
    DEVIATION,
    DEVIATION_RISE,
    HALF_PER_BETA,
    HEIGHT,
    INVERSE_R,
    LANES,
    LAST,
    SLOPES,
    STATE,
    WIND,
    WIND_EAST,
    WIND_NORTH,
    density_table,
    slope,
)
from tocsin.kernels.motion import acceleration_of

# rows of the integrator, after those of `lane_slope`
_STEP = LAST  # length of the step, s
_WISH = LAST + LANES  # length that the error allows, s
_ERROR = LAST + 2 * LANES  # squared error of the step over the tolerance
_KEEP = LAST + 3 * LANES  # 1 where the step stands
_TIME = LAST + 4 * LANES  # s since the flight's start
_FROM_M = LAST + 5 * LANES  # height at the start of the step
_ABOVE_M = LAST + 6 * LANES  # next corner of the atmosphere above, and below
_BELOW_M = LAST + 7 * LANES
_TRIES = LAST + 8 * LANES  # steps tried
_ASKS = LAST + 9 * LANES  # 1 where the flight may be over
_SIZE = LAST + 10 * LANES

_A = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0],
        [3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0],
        [44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
_E = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
# A position's slope is a velocity, itself a sum of accelerations: so positions need accelerations only.
_C = _A.sum(axis=1)
_AA = _A @ _A[:6]
_EA = _E @ _A

# Where a step ends, because the density or its slope breaks (layers of the standard, at geopotential heights), or the
# wind's or the deviation's slope, or the curvature of the standard's upper table where it still matters: heights, m
_LAYERS_M = np.array([11e3, 20e3, 32e3, 47e3, 51e3, 71e3])
_CORNERS_M = np.concatenate(
    [US76_RADIUS_M * _LAYERS_M / (US76_RADIUS_M - _LAYERS_M), [12e3, 20e3, 25e3, 80e3], [86e3, 88e3, 90e3, 95e3]]
)
_AT_CORNER_M = 1.0  # a step that ends this near a corner has met it

_TOLERANCE_M = 0.002  # error allowed to a step, m, and of velocity, m/s
_TOLERANCE_M_S = 2e-5
_FIRST_STEP_S = 1.0
_LONGEST_STEP_S = 40.0
_SHORTEST_STEP_S = 1e-4
_MOST_STEPS = 1_000_000
_ON_GROUND_M = 1e-3  # as in `fall`
_ENDED_S = 1e-9
_FARTHEST_M = 1e12
_FASTEST_M_S = 1e9
_IDLE_M = 7e6  # where a lane without a flight waits


@kernel
def _reach(w, stage):
    """AT: the state that the stage's row of the tableau reaches from STATE in STEP."""
    c = _C[stage]
    a0 = _A[stage, 0]
    a1 = _A[stage, 1]
    a2 = _A[stage, 2]
    a3 = _A[stage, 3]
    a4 = _A[stage, 4]
    a5 = _A[stage, 5]
    b0 = _AA[stage, 0]
    b1 = _AA[stage, 1]
    b2 = _AA[stage, 2]
    b3 = _AA[stage, 3]
    b4 = _AA[stage, 4]
    b5 = _AA[stage, 5]
    for i in range(3):
        at = i * LANES
        for n in range(LANES):
            h = w[_STEP + n]
            k0 = w[SLOPES + at + n]
            k1 = w[SLOPES + 3 * LANES + at + n]
            k2 = w[SLOPES + 6 * LANES + at + n]
            k3 = w[SLOPES + 9 * LANES + at + n]
            k4 = w[SLOPES + 12 * LANES + at + n]
            k5 = w[SLOPES + 15 * LANES + at + n]
            v = w[STATE + 3 * LANES + at + n]
            gain = a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3 + a4 * k4 + a5 * k5
            bend = b0 * k0 + b1 * k1 + b2 * k2 + b3 * k3 + b4 * k4 + b5 * k5
            w[AT + 3 * LANES + at + n] = v + h * gain
            w[AT + at + n] = w[STATE + at + n] + h * (c * v + h * bend)


@kernel
def _error(w):
    """ERROR: sum over the six components of (error of the step / tolerance) squared."""
    for n in range(LANES):
        w[_ERROR + n] = 0.0
    for i in range(3):
        at = i * LANES
        for n in range(LANES):
            h = w[_STEP + n]
            k0 = w[SLOPES + at + n]
            k2 = w[SLOPES + 6 * LANES + at + n]
            k3 = w[SLOPES + 9 * LANES + at + n]
            k4 = w[SLOPES + 12 * LANES + at + n]
            k5 = w[SLOPES + 15 * LANES + at + n]
            k6 = w[SLOPES + 18 * LANES + at + n]
            gain = _E[0] * k0 + _E[2] * k2 + _E[3] * k3 + _E[4] * k4 + _E[5] * k5 + _E[6] * k6
            bend = _EA[0] * k0 + _EA[2] * k2 + _EA[3] * k3 + _EA[4] * k4 + _EA[5] * k5
            fast = h * gain * (1.0 / _TOLERANCE_M_S)
            far = h * h * bend * (1.0 / _TOLERANCE_M)
            w[_ERROR + n] += fast * fast + far * far


@kernel
def _settle(w):
    """Where KEEP, the step's end becomes STATE; everywhere the length that the error allows to the next, WISH.

    The length changes by ERROR to the power -3/32 (five square roots) instead of -1/10.
    """
    for n in range(LANES):
        error = w[_ERROR + n] + 1e-20
        h = w[_STEP + n]
        wished = w[_WISH + n]
        is_kept = w[_KEEP + n] > 0.0
        root8 = math.sqrt(math.sqrt(math.sqrt(error)))
        change = 0.9 / math.sqrt(root8 * math.sqrt(root8))
        change = change if change > 0.2 else 0.2  # nan too
        change = change if change < 5.0 else 5.0
        wish = h * change
        wish = wished if is_kept & (change > 1.0) & (wished > wish) else wish  # the step had been cut short
        wish = wish if wish > _SHORTEST_STEP_S else _SHORTEST_STEP_S
        w[_WISH + n] = wish if wish < _LONGEST_STEP_S else _LONGEST_STEP_S
        w[_TIME + n] = w[_TIME + n] + (h if is_kept else 0.0)
        old = w[_FROM_M + n]
        new = w[HEIGHT + n]
        w[_FROM_M + n] = new if is_kept else old
    for i in range(3):
        at = i * LANES
        for n in range(LANES):
            is_kept = w[_KEEP + n] > 0.0
            old = w[STATE + at + n]
            new = w[AT + at + n]
            old_velocity = w[STATE + 3 * LANES + at + n]
            new_velocity = w[AT + 3 * LANES + at + n]
            old_slope = w[SLOPES + at + n]
            new_slope = w[SLOPES + 18 * LANES + at + n]
            w[STATE + at + n] = new if is_kept else old
            w[STATE + 3 * LANES + at + n] = new_velocity if is_kept else old_velocity
            w[SLOPES + at + n] = new_slope if is_kept else old_slope


@kernel
def _plan(w, max_time_s):
    """STEP: what WISH allows, but to the next corner of the atmosphere on the way and to max_time_s at most."""
    for n in range(LANES):
        height = w[_FROM_M + n]
        over = height + _AT_CORNER_M
        under = height - _AT_CORNER_M
        above = 1e9
        below = -1e9
        for i in range(_CORNERS_M.shape[0]):
            corner_m = _CORNERS_M[i]
            above = corner_m if (corner_m > over) & (corner_m < above) else above
            below = corner_m if (corner_m < under) & (corner_m > below) else below
        w[_ABOVE_M + n] = above
        w[_BELOW_M + n] = below
    for n in range(LANES):
        x = w[STATE + n]
        y = w[STATE + LANES + n]
        z = w[STATE + 2 * LANES + n]
        vx = w[STATE + 3 * LANES + n]
        vy = w[STATE + 4 * LANES + n]
        vz = w[STATE + 5 * LANES + n]
        r2 = x * x + y * y + z * z
        inverse_r = 1.0 / math.sqrt(r2 if r2 > 1.0 else 1.0)
        sine = z * inverse_r
        outward = (x * vx + y * vy + z * vz) * inverse_r
        rise = outward + 2.0 * SEMI_MAJOR_M * FLATTENING * sine * (vz - sine * outward) * inverse_r
        push = w[SLOPES + n] * x + w[SLOPES + LANES + n] * y + w[SLOPES + 2 * LANES + n] * z
        turn = (push + vx * vx + vy * vy + vz * vz - outward * outward) * inverse_r
        # height + rise t + turn t2 / 2 meets the corner first at 2 way / (rise +- root)
        above = w[_ABOVE_M + n]
        below = w[_BELOW_M + n]
        way = (above if rise > 0.0 else below) - w[_FROM_M + n]
        under = rise * rise + 2.0 * turn * way
        root = math.sqrt(under if under > 0.0 else 0.0)
        pace = rise + (root if rise > 0.0 else -root)
        meet = 2.0 * way / (pace if abs(pace) > 1e-3 else 1e-3)
        wish = w[_WISH + n]
        step = meet if (under > 0.0) & (meet > 0.0) & (meet < wish) else wish
        left = max_time_s - w[_TIME + n]
        w[_STEP + n] = step if step < left else left


@kernel
def _ground(w, n):
    """(time into the step, x, y, z): where lane n meets the ellipsoid in the step from STATE to AT.

    Position over the step: the quintic with place, velocity and acceleration of both ends.
    """
    h = w[_STEP + n]
    c = np.empty((3, 6))
    for i in range(3):
        at = i * LANES + n
        v0 = h * w[STATE + 3 * LANES + at]
        half0 = 0.5 * h * h * w[SLOPES + at]
        rise = w[AT + at] - w[STATE + at] - v0 - half0
        turn = h * w[AT + 3 * LANES + at] - v0 - 2.0 * half0
        bend = 0.5 * h * h * w[SLOPES + 18 * LANES + at] - half0
        c[i, 0] = w[STATE + at]
        c[i, 1] = v0
        c[i, 2] = half0
        c[i, 3] = 10.0 * rise - 4.0 * turn + bend
        c[i, 4] = -15.0 * rise + 7.0 * turn - 2.0 * bend
        c[i, 5] = 6.0 * rise - 3.0 * turn + bend
    low = 0.0
    high = 1.0
    s = 1.0
    p = np.empty(3)
    v = np.empty(3)
    for _ in range(60):  # Newton, kept between what is over and what is under
        for i in range(3):
            p[i] = c[i, 0] + s * (c[i, 1] + s * (c[i, 2] + s * (c[i, 3] + s * (c[i, 4] + s * c[i, 5]))))
            v[i] = c[i, 1] + s * (2.0 * c[i, 2] + s * (3.0 * c[i, 3] + s * (4.0 * c[i, 4] + s * 5.0 * c[i, 5])))
        height, ux, uy, uz = height_and_up(p[0], p[1], p[2])
        if abs(height) < 1e-5:
            break
        if height > 0.0:
            low = s
        else:
            high = s
        rate = ux * v[0] + uy * v[1] + uz * v[2]
        guess = s - height / rate if rate < 0.0 else low
        s = guess if low < guess < high else 0.5 * (low + high)
    return s * h, p[0], p[1], p[2]


@kernel
def _load(w, n, state, beta_kg_m2, air, height_m):
    """Put a flight into lane n."""
    for i in range(6):
        w[STATE + i * LANES + n] = state[i]
    for i in range(3, 21):  # a slope of a flight before, times zero, must be zero
        w[SLOPES + i * LANES + n] = 0.0
    first = acceleration_of(state[0], state[1], state[2], state[3], state[4], state[5], beta_kg_m2, air)
    for i in range(3):
        w[SLOPES + i * LANES + n] = first[i]
    w[HALF_PER_BETA + n] = 0.5 / beta_kg_m2 if beta_kg_m2 > 0.0 else 0.0
    w[DEVIATION + n] = air[0]
    w[DEVIATION_RISE + n] = air[1] - air[0]
    w[WIND_EAST + n] = air[2]
    w[WIND_NORTH + n] = air[3]
    w[_TRIES + n] = 0.0
    w[_TIME + n] = 0.0
    w[_WISH + n] = _FIRST_STEP_S
    w[_FROM_M + n] = height_m


@kernel
def _idle(w, n, max_time_s):
    """Leave lane n without a flight: a body at rest that takes steps of no length."""
    for i in range(LAST // LANES):
        w[i * LANES + n] = 0.0
    w[STATE + n] = _IDLE_M
    w[_TIME + n] = max_time_s
    w[_FROM_M + n] = 0.0


@kernel
def _judge(w, max_time_s):
    """KEEP: whether the step stands; ASKS: whether the flight may be over."""
    for n in range(LANES):
        error = w[_ERROR + n]
        step = w[_STEP + n]
        tries = w[_TRIES + n] + 1.0
        is_number = error < 1e300
        is_kept = (error <= 1.0) | (is_number & (step <= _SHORTEST_STEP_S))
        is_late = max_time_s - w[_TIME + n] - step <= _ENDED_S
        is_over = (w[HEIGHT + n] <= 0.0) | is_late | (tries >= _MOST_STEPS)
        w[_KEEP + n] = 1.0 if is_kept else 0.0
        w[_ASKS + n] = 1.0 if (is_kept & is_over) | (not is_number) else 0.0
        w[_TRIES + n] = tries


@kernel
def _verdict(w, n, max_time_s):
    """Of a lane that asks: OK (came down in this step), NO_IMPACT, or -1 (flies on)."""
    if not w[_ERROR + n] < 1e300:  # not a number: from the shortest step on nothing further can be said
        for i in range(3, 21):
            w[SLOPES + i * LANES + n] = 0.0
        return NO_IMPACT if w[_STEP + n] <= _SHORTEST_STEP_S else -1
    if w[HEIGHT + n] <= 0.0:
        _, ux, uy, uz = height_and_up(w[AT + n], w[AT + LANES + n], w[AT + 2 * LANES + n])
        if ux * w[AT + 3 * LANES + n] + uy * w[AT + 4 * LANES + n] + uz * w[AT + 5 * LANES + n] < 0.0:
            return OK
    is_late = max_time_s - w[_TIME + n] - w[_STEP + n] <= _ENDED_S
    return NO_IMPACT if is_late or w[_TRIES + n] >= _MOST_STEPS else -1


@kernel
def _has_wind(w):
    for i in range(2 * LANES):
        if w[WIND_EAST + i] != 0.0:
            return True
    return False


@kernel
def fall_lanes(states, beta_kg_m2, air, max_time_s):
    """`fall_batch` for large ensembles: the same in and out; a row's result is the same whatever stands beside it.

    In        states (n, 6) position and velocity, m and m/s; beta_kg_m2 (n,); air (n, 4); max_time_s
    Out       (status (n,) int64, impact_ecef_m (n, 3), time_s (n,))
    """
    count = states.shape[0]
    status = np.empty(count, np.int64)
    impact = np.empty((count, 3))
    time_s = np.empty(count)
    table = density_table()
    w = np.zeros(_SIZE)
    rows = np.full(LANES, -1)
    for n in range(LANES):
        _idle(w, n, max_time_s)
    following = 0
    is_windy = _has_wind(w)
    is_changed = True
    while True:
        if is_changed:
            is_changed = False
            busy = 0
            for n in range(LANES):
                while rows[n] < 0 and following < count:
                    row = following
                    following += 1
                    state = states[row]
                    height, ux, uy, uz = height_and_up(state[0], state[1], state[2])
                    rise = ux * state[3] + uy * state[4] + uz * state[5]
                    status[row] = NO_IMPACT
                    time_s[row] = np.nan
                    for i in range(3):
                        impact[row, i] = np.nan
                    if height < -_ON_GROUND_M or (height <= _ON_GROUND_M and rise <= 0.0):
                        status[row] = ALREADY_DOWN
                        time_s[row] = 0.0
                        for i in range(3):
                            impact[row, i] = state[i]
                    elif height < _FARTHEST_M and abs(state[3]) + abs(state[4]) + abs(state[5]) < _FASTEST_M_S:
                        if max_time_s > _ENDED_S:
                            _load(w, n, state, beta_kg_m2[row], air[row], height)
                            rows[n] = row
                if rows[n] < 0:
                    _idle(w, n, max_time_s)
                else:
                    busy += 1
            if busy == 0:
                return status, impact, time_s
            is_windy = _has_wind(w)
            if not is_windy:
                for i in range(3 * LANES):
                    w[WIND + i] = 0.0
        _plan(w, max_time_s)
        for stage in range(1, 7):
            _reach(w, stage)
            slope(w, stage, table, is_windy)
        _error(w)
        _judge(w, max_time_s)
        for n in range(LANES):
            if w[_ASKS + n] > 0.0 and rows[n] >= 0:
                code = _verdict(w, n, max_time_s)
                if code < 0:
                    continue
                if code == OK:
                    row = rows[n]
                    after_s, x, y, z = _ground(w, n)
                    status[row] = OK
                    time_s[row] = w[_TIME + n] + after_s
                    impact[row, 0] = x
                    impact[row, 1] = y
                    impact[row, 2] = z
                rows[n] = -1
                is_changed = True
        _settle(w)
