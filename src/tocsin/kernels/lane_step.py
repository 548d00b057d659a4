"""A step of Tsit5 for a group of flights at once, each with its own length and error control.

Loops over lanes and the layout of the work array as in `lane_slope`, whose rows these follow.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import FLATTENING, SEMI_MAJOR_M, US76_RADIUS_M
from tocsin.kernels.lane_slope import AT, HEIGHT, LANES, LAST, SLOPES, STATE, slope
from tocsin.kernels.tableaus import ERRORS, TSIT5, WEIGHTS

STEP = LAST  # length of the step, s
WISH = LAST + LANES  # length that the error allows, s
ERROR = LAST + 2 * LANES  # squared error of the step over the tolerance
KEEP = LAST + 3 * LANES  # 1 where the step stands
ASKS = LAST + 4 * LANES  # 1 where the flight may be over
TRIES = LAST + 5 * LANES  # steps tried
TIME = LAST + 6 * LANES  # s since the flight's start
FROM_M = LAST + 7 * LANES  # height at the start of the step
_ABOVE_M = LAST + 8 * LANES  # next corner of the atmosphere above, and below
_BELOW_M = LAST + 9 * LANES
SIZE = LAST + 10 * LANES

# A position's slope is a velocity, itself a sum of accelerations: so positions need accelerations only.
_A = np.ascontiguousarray(WEIGHTS[TSIT5, :7, :6])
_C = _A.sum(axis=1)
_AA = _A @ _A[:6]
_E = np.ascontiguousarray(ERRORS[TSIT5, 0, :7])
_EA = _E @ _A

# Where a step ends, because the density or its slope breaks (layers of the standard, at geopotential heights), or the
# wind's or the deviation's slope, or the curvature of the standard's upper table where it still matters: heights, m
_LAYERS_M = np.array([11e3, 20e3, 32e3, 47e3, 51e3, 71e3])
_CORNERS_M = np.concatenate(
    [US76_RADIUS_M * _LAYERS_M / (US76_RADIUS_M - _LAYERS_M), [12e3, 20e3, 25e3, 80e3], [86e3, 88e3, 90e3, 95e3]]
)
_AT_CORNER_M = 1.0  # a step that ends this near a corner has met it

_TOLERANCE_M = 0.01  # error allowed to a step, m, and of velocity, m/s
_TOLERANCE_M_S = 5e-6
_LONGEST_S = 40.0
SHORTEST_S = 1e-4
MOST_TRIES = 1_000_000
ENDED_S = 1e-9  # less time than this is none


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
            h = w[STEP + n]
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
    e0 = _E[0]
    e1 = _E[1]
    e2 = _E[2]
    e3 = _E[3]
    e4 = _E[4]
    e5 = _E[5]
    e6 = _E[6]
    f0 = _EA[0]
    f1 = _EA[1]
    f2 = _EA[2]
    f3 = _EA[3]
    f4 = _EA[4]
    f5 = _EA[5]
    for n in range(LANES):
        w[ERROR + n] = 0.0
    for i in range(3):
        at = i * LANES
        for n in range(LANES):
            h = w[STEP + n]
            k0 = w[SLOPES + at + n]
            k1 = w[SLOPES + 3 * LANES + at + n]
            k2 = w[SLOPES + 6 * LANES + at + n]
            k3 = w[SLOPES + 9 * LANES + at + n]
            k4 = w[SLOPES + 12 * LANES + at + n]
            k5 = w[SLOPES + 15 * LANES + at + n]
            k6 = w[SLOPES + 18 * LANES + at + n]
            gain = e0 * k0 + e1 * k1 + e2 * k2 + e3 * k3 + e4 * k4 + e5 * k5 + e6 * k6
            bend = f0 * k0 + f1 * k1 + f2 * k2 + f3 * k3 + f4 * k4 + f5 * k5
            fast = h * gain * (1.0 / _TOLERANCE_M_S)
            far = h * h * bend * (1.0 / _TOLERANCE_M)
            w[ERROR + n] += fast * fast + far * far


@kernel
def settle(w):
    """Where KEEP, the step's end becomes STATE; everywhere the length that the error allows to the next, WISH.

    The length changes by ERROR to the power -3/32 (five square roots) instead of -1/10.
    """
    for n in range(LANES):
        error = w[ERROR + n] + 1e-20
        h = w[STEP + n]
        wished = w[WISH + n]
        is_kept = w[KEEP + n] > 0.0
        root8 = math.sqrt(math.sqrt(math.sqrt(error)))
        change = 0.9 / math.sqrt(root8 * math.sqrt(root8))
        change = change if change > 0.2 else 0.2  # nan too
        change = change if change < 5.0 else 5.0
        wish = h * change
        wish = wished if is_kept & (change > 1.0) & (wished > wish) else wish  # the step had been cut short
        wish = wish if wish > SHORTEST_S else SHORTEST_S
        w[WISH + n] = wish if wish < _LONGEST_S else _LONGEST_S
        w[TIME + n] = w[TIME + n] + (h if is_kept else 0.0)
        old = w[FROM_M + n]
        new = w[HEIGHT + n]
        w[FROM_M + n] = new if is_kept else old
    for i in range(3):
        at = i * LANES
        for n in range(LANES):
            is_kept = w[KEEP + n] > 0.0
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
        height = w[FROM_M + n]
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
        way = (above if rise > 0.0 else below) - w[FROM_M + n]
        under = rise * rise + 2.0 * turn * way
        root = math.sqrt(under if under > 0.0 else 0.0)
        pace = rise + (root if rise > 0.0 else -root)
        meet = 2.0 * way / (pace if abs(pace) > 1e-3 else 1e-3)
        wish = w[WISH + n]
        step = meet if (under > 0.0) & (meet > 0.0) & (meet < wish) else wish
        left = max_time_s - w[TIME + n]
        w[STEP + n] = step if step < left else left


@kernel
def _judge(w, max_time_s):
    """KEEP: whether the step stands; ASKS: whether the flight may be over."""
    for n in range(LANES):
        error = w[ERROR + n]
        step = w[STEP + n]
        tries = w[TRIES + n] + 1.0
        is_number = error < 1e300
        is_kept = (error <= 1.0) | (is_number & (step <= SHORTEST_S))
        is_late = max_time_s - w[TIME + n] - step <= ENDED_S
        is_over = (w[HEIGHT + n] <= 0.0) | is_late | (tries >= MOST_TRIES)
        w[KEEP + n] = 1.0 if is_kept else 0.0
        w[ASKS + n] = 1.0 if (is_kept & is_over) | (not is_number) else 0.0
        w[TRIES + n] = tries


@kernel
def step(w, table, is_windy, max_time_s):
    """Plan a step and take it: AT its end, SLOPES of all stages, KEEP and ASKS; `settle` must follow."""
    _plan(w, max_time_s)
    for stage in range(1, 7):
        _reach(w, stage)
        slope(w, stage, table, is_windy)
    _error(w)
    _judge(w, max_time_s)
