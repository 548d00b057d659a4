"""A step of Tsit5 for a group of flights at once, each with its own length and error control.

Loops over lanes and the layout of the work array as in `lane_slope`, whose rows these follow. The parts in order:
`plan`; `reach` and the four of `lane_slope` for stages 1 to 6; `judge`; `settle`.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.atmosphere import CORNERS_M
from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import FLATTENING, SEMI_MAJOR_M
from tocsin.kernels.lane_slope import (
    AT,
    AT_VELOCITY,
    HEIGHT,
    LANES,
    LAST,
    PLACE,
    SLOPE_0,
    SLOPE_1,
    SLOPE_2,
    SLOPE_3,
    SLOPE_4,
    SLOPE_5,
    SLOPE_6,
    VELOCITY,
)
from tocsin.kernels.tableaus import ERRORS, TSIT5, WEIGHTS

STEP = LAST  # 3 equal rows, so that three components make one loop: length of the step, s
KEEP = LAST + 3 * LANES  # 3 equal rows: 1 where the step stands
ERROR = LAST + 6 * LANES  # squared error of the step over the tolerance
WISH = LAST + 7 * LANES  # length that the error allows, s; 0 for a flight that has just been loaded
ASKS = LAST + 8 * LANES  # 1 where the flight may be over
TRIES = LAST + 9 * LANES  # steps tried
TIME = LAST + 10 * LANES  # s since the flight's start
FROM_M = LAST + 11 * LANES  # height at the start of the step
_ABOVE_M = LAST + 12 * LANES  # next corner of the atmosphere above, and below
_BELOW_M = LAST + 13 * LANES
SIZE = LAST + 14 * LANES

# A position's slope is a velocity, itself a sum of accelerations: so positions need accelerations only. Rows of
# weights: (7, 13) of six slopes for the velocity, of the same for the position, and of the velocity for the position
_A = WEIGHTS[TSIT5, :7, :6]
WEIGHT_ROWS = np.concatenate([_A, _A @ _A[:6], _A.sum(axis=1, keepdims=True)], axis=1)
VELOCITY_ERRORS = np.array(ERRORS[TSIT5, 0, :7])
PLACE_ERRORS = VELOCITY_ERRORS @ _A
_E0, _E1, _E2, _E3, _E4, _E5, _E6 = VELOCITY_ERRORS.tolist()
_F0, _F1, _F2, _F3, _F4, _F5 = PLACE_ERRORS.tolist()

# Where a step ends: corners of the standard's density, of the wind and of the deviation; heights, m
STOPS_M = np.array([*CORNERS_M, 12e3, 20e3, 25e3, 80e3])
AT_CORNER_M = 1.0  # a step that ends this near a corner has met it

TOLERANCE_M = 0.01  # error allowed to a step, m, and of velocity, m/s: a steep ascent multiplies it by 2000 s
TOLERANCE_M_S = 5e-6
FIRST_S = 1.0
LONGEST_S = 40.0
SHORTEST_S = 1e-5
MOST_TRIES = 1_000_000
ENDED_S = 1e-9  # less time than this is none


@kernel
def plan(w, max_time_s):
    """STEP: what WISH allows, but to the next corner of the atmosphere on the way and to max_time_s at most."""
    for n in range(LANES):
        over = w[FROM_M + n] + AT_CORNER_M
        under = w[FROM_M + n] - AT_CORNER_M
        above = 1e9
        below = -1e9
        for i in range(STOPS_M.shape[0]):
            corner_m = STOPS_M[i]
            above = corner_m if (corner_m > over) & (corner_m < above) else above
            below = corner_m if (corner_m < under) & (corner_m > below) else below
        w[_ABOVE_M + n] = above
        w[_BELOW_M + n] = below
    for n in range(LANES):
        x = w[PLACE + n]
        y = w[PLACE + LANES + n]
        z = w[PLACE + 2 * LANES + n]
        vx = w[VELOCITY + n]
        vy = w[VELOCITY + LANES + n]
        vz = w[VELOCITY + 2 * LANES + n]
        r2 = x * x + y * y + z * z
        inverse_r = 1.0 / math.sqrt(r2 if r2 > 1.0 else 1.0)
        sine = z * inverse_r
        outward = (x * vx + y * vy + z * vz) * inverse_r
        rise = outward + 2.0 * SEMI_MAJOR_M * FLATTENING * sine * (vz - sine * outward) * inverse_r
        push = w[SLOPE_0 + n] * x + w[SLOPE_0 + LANES + n] * y + w[SLOPE_0 + 2 * LANES + n] * z
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
        step = step if step < left else left
        w[STEP + n] = step
        w[STEP + LANES + n] = step
        w[STEP + 2 * LANES + n] = step


@kernel
def reach(w, stage):
    """AT and AT_VELOCITY: the state that the stage's row of the method reaches in STEP."""
    a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5, c = WEIGHT_ROWS[stage]
    for n in range(3 * LANES):
        h = w[STEP + n]
        k0 = w[SLOPE_0 + n]
        k1 = w[SLOPE_1 + n]
        k2 = w[SLOPE_2 + n]
        k3 = w[SLOPE_3 + n]
        k4 = w[SLOPE_4 + n]
        k5 = w[SLOPE_5 + n]
        v = w[VELOCITY + n]
        gain = a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3 + a4 * k4 + a5 * k5
        bend = b0 * k0 + b1 * k1 + b2 * k2 + b3 * k3 + b4 * k4 + b5 * k5
        w[AT_VELOCITY + n] = v + h * gain
        w[AT + n] = w[PLACE + n] + h * (c * v + h * bend)


@kernel
def judge(w, max_time_s):
    """ERROR; KEEP: whether the step stands; ASKS: whether the flight may be over."""
    for n in range(3 * LANES):
        h = w[STEP + n]
        k0 = w[SLOPE_0 + n]
        k1 = w[SLOPE_1 + n]
        k2 = w[SLOPE_2 + n]
        k3 = w[SLOPE_3 + n]
        k4 = w[SLOPE_4 + n]
        k5 = w[SLOPE_5 + n]
        gain = _E0 * k0 + _E1 * k1 + _E2 * k2 + _E3 * k3 + _E4 * k4 + _E5 * k5 + _E6 * w[SLOPE_6 + n]
        bend = _F0 * k0 + _F1 * k1 + _F2 * k2 + _F3 * k3 + _F4 * k4 + _F5 * k5
        fast = h * gain * (1.0 / TOLERANCE_M_S)
        far = h * h * bend * (1.0 / TOLERANCE_M)
        w[KEEP + n] = fast * fast + far * far  # for a while, until the three are added up
    for n in range(LANES):
        error = w[KEEP + n] + w[KEEP + LANES + n] + w[KEEP + 2 * LANES + n]
        step = w[STEP + n]
        tries = w[TRIES + n] + 1.0
        is_number = error < 1e300
        is_kept = (error <= 1.0) | (is_number & (step <= SHORTEST_S))
        is_late = max_time_s - w[TIME + n] - step <= ENDED_S
        is_over = (w[HEIGHT + n] <= 0.0) | is_late | (tries >= MOST_TRIES)
        keep = 1.0 if is_kept else 0.0
        w[ERROR + n] = error
        w[KEEP + n] = keep
        w[KEEP + LANES + n] = keep
        w[KEEP + 2 * LANES + n] = keep
        w[ASKS + n] = 1.0 if (is_kept & is_over) | (not is_number) else 0.0
        w[TRIES + n] = tries


@kernel
def settle(w):
    """Where KEEP, the step's end becomes the next one's start; everywhere the length that ERROR allows to it, WISH.

    The length changes by ERROR to the power -3/32 (five square roots) instead of -1/10. A loaded flight's first step
    has no length: it only finds the first slope.
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
        wish = wish if wished > 0.0 else FIRST_S
        w[WISH + n] = wish if wish < LONGEST_S else LONGEST_S
        w[TIME + n] = w[TIME + n] + (h if is_kept else 0.0)
        old = w[FROM_M + n]
        new = w[HEIGHT + n]
        w[FROM_M + n] = new if is_kept else old
    for n in range(3 * LANES):
        is_kept = w[KEEP + n] > 0.0
        old = w[PLACE + n]
        new = w[AT + n]
        old_velocity = w[VELOCITY + n]
        new_velocity = w[AT_VELOCITY + n]
        old_slope = w[SLOPE_0 + n]
        new_slope = w[SLOPE_6 + n]
        w[PLACE + n] = new if is_kept else old
        w[VELOCITY + n] = new_velocity if is_kept else old_velocity
        w[SLOPE_0 + n] = new_slope if is_kept else old_slope
