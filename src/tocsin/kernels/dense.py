"""The state within a step, and what is met there: the top of the path, heights crossed, the ground.

A step from y, h seconds long, is held as a polynomial in the share of it that is done: state = y + share x (c[0] +
share x (c[1] + ...)), c (7, 6) of which the leading power_count rows count.
"""

from __future__ import annotations

import math

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import height_and_up_on

# Numbers that tell cases apart are floats here: numba compiles a version of its own for each literal int or bool
APOGEE, HEIGHT, STOP = 0.0, 1.0, 2.0
EVENT_COLUMNS = 10  # kind, time s, position (3) m, velocity (3) m/s, height m, 1 where it rises
NOT_WITHIN = 2.0  # a share of a step that lies beyond its end

_CLOSE = 1e-11  # share of a step to which an event is found


@kernel
def height_and_rise(y, semi_major_m, flattening):
    """Height, m, and its rate, m/s, of a state (6,)."""
    height_m, ux, uy, uz = height_and_up_on(y[0], y[1], y[2], semi_major_m, flattening)
    return height_m, ux * y[3] + uy * y[4] + uz * y[5]


@kernel
def polynomial(k, within, slope_count, power_count, h, c):
    """Fill c from the slopes k of a step h long; within (7, 16) as `tableaus.WITHIN` of the method."""
    for power in range(power_count):
        for i in range(6):
            s = 0.0
            for j in range(slope_count):
                s += within[power, j] * k[j, i]
            c[power, i] = h * s


@kernel
def state_within(y, c, power_count, share, out):
    """Fill out (6,) with the state after a share of the step."""
    for i in range(6):
        s = c[power_count - 1, i]
        for power in range(power_count - 2, -1, -1):
            s = s * share + c[power, i]
        out[i] = y[i] + share * s


@kernel
def _crossing(y, c, power_count, low, value_low, high, value_high, level_m, semi_major_m, flattening, out):
    """Share of the step in [low, high] at which the height goes through level_m or, that being nan, the rise through 0.

    Fills out with the state there. Illinois variant of the false position; values of one sign give `high`.
    """
    share = high
    side = 0
    for _ in range(80):
        drop = value_low - value_high
        share = 0.5 * (low + high)
        if drop != 0.0:
            guess = low + (high - low) * value_low / drop
            if low < guess < high:
                share = guess
        state_within(y, c, power_count, share, out)
        height, rise = height_and_rise(out, semi_major_m, flattening)
        value = rise if math.isnan(level_m) else height - level_m
        if (value > 0.0) == (value_low > 0.0):
            moved = share - low
            low = share
            value_low = value
            if side == 1:
                value_high *= 0.5
            side = 1
        else:
            moved = high - share
            high = share
            value_high = value
            if side == -1:
                value_low *= 0.5
            side = -1
        if value == 0.0 or moved < _CLOSE or high - low < _CLOSE:
            break
    return share


@kernel
def write_event(events, count, kind, time_s, y, height_m, is_rising):
    """Write row `count` if there is room; return the count with it."""
    if count < events.shape[0]:
        events[count, 0] = kind
        events[count, 1] = time_s
        for i in range(6):
            events[count, 2 + i] = y[i]
        events[count, 8] = height_m
        events[count, 9] = is_rising
    return count + 1


@kernel
def _sort_rows(rows, first, end):
    """Order rows first .. end - 1 by their time, in place."""
    for i in range(first + 1, end):
        for j in range(i, first, -1):
            if rows[j, 1] >= rows[j - 1, 1]:
                break
            for column in range(rows.shape[1]):
                kept = rows[j, column]
                rows[j, column] = rows[j - 1, column]
                rows[j - 1, column] = kept


@kernel
def meet_events(y, c, power_count, t, h, end, levels_m, stop_m, floor_m, semi_major_m, flattening,
                events, count, peak, out):  # fmt: skip
    """Find what the step from y at time t to `end` meets, in order of time.

    In        levels_m (n,) heights to report, both ways; stop_m, floor_m heights whose fall through ends it
    Changes   events from row count on; peak (2,): greatest height m and its time s; out (6,): scratch
    Out       (count, share of the step at which the flight ends, or NOT_WITHIN, height of that level)

    The step is cut where the rise changes sign, so that in each part the height goes one way and no level is missed.
    """
    low = 0.0
    height_low, rise_low = height_and_rise(y, semi_major_m, flattening)
    height_end, rise_end = height_and_rise(end, semi_major_m, flattening)
    turn = NOT_WITHIN
    if (rise_low > 0.0) != (rise_end > 0.0):
        turn = _crossing(y, c, power_count, 0.0, rise_low, 1.0, rise_end, math.nan, semi_major_m, flattening, out)
    for part in range(2):
        high = 1.0
        height_high = height_end
        if part == 0 and turn < NOT_WITHIN:
            high = turn
            state_within(y, c, power_count, turn, out)
            height_high, _ = height_and_rise(out, semi_major_m, flattening)
        stop = NOT_WITHIN
        stop_level_m = stop_m
        for level_m in (stop_m, floor_m):
            if height_low > level_m >= height_high and (stop == NOT_WITHIN or level_m != stop_level_m):
                share = _crossing(
                    y, c, power_count, low, height_low - level_m, high, height_high - level_m,
                    level_m, semi_major_m, flattening, out,
                )  # fmt: skip
                if share < stop:
                    stop = share
                    stop_level_m = level_m
        first = count
        for i in range(levels_m.shape[0]):
            level_m = levels_m[i]
            if (height_low < level_m) != (height_high < level_m):
                share = _crossing(
                    y, c, power_count, low, height_low - level_m, high, height_high - level_m,
                    level_m, semi_major_m, flattening, out,
                )  # fmt: skip
                if share <= stop:
                    count = write_event(
                        events, count, HEIGHT, t + share * h, out, level_m, 1.0 if height_high > height_low else 0.0
                    )
        _sort_rows(events, first, min(count, events.shape[0]))
        if stop < NOT_WITHIN:
            return count, stop, stop_level_m
        if high == 1.0:
            break
        if rise_low > 0.0:
            state_within(y, c, power_count, turn, out)
            count = write_event(events, count, APOGEE, t + turn * h, out, height_high, 0.0)
            if height_high > peak[0]:
                peak[0] = height_high
                peak[1] = t + turn * h
        low = high
        height_low = height_high
    return count, NOT_WITHIN, 0.0
