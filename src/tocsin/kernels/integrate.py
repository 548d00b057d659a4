"""One driver for every flight of an unpowered object: any method of `tableaus`, with samples and events.

Steps are as long as the stated error allows, or fixed. Adaptive steps also end at the heights where the density of
the standard atmosphere, or the wind, has a corner: no method keeps its order across one. The ground is found on the
polynomial within the step, then the step is repeated to just there, so that it carries the order of the method.
Arguments and arrays as in `motion`.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.atmosphere import CORNERS_M
from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import FLATTENING, SEMI_MAJOR_M
from tocsin.kernels.dense import (
    NOT_WITHIN,
    STOP,
    height_and_rise,
    meet_events,
    polynomial,
    state_within,
    weighted,
    write_event,
)
from tocsin.kernels.motion import acceleration_with
from tocsin.kernels.tableaus import (
    ERROR_POWER,
    ERRORS,
    EXTRA_COUNT,
    POWER_COUNT,
    STAGE_COUNT,
    WEIGHTS,
    WITHIN,
)

OK = 0
NO_IMPACT = 1
ALREADY_DOWN = 2

# error of velocity allowed to a step, share of that of position: a steep ascent multiplies it by 2000 s
_VELOCITY_TOLERANCE_PER_S = 1e-3
_FIRST_STEP_S = 2.0
_LONGEST_STEP_S = 60.0
_SHORTEST_STEP_S = 1e-5
_MOST_STEPS = 10_000_000
_ON_GROUND_M = 1e-3  # a start within this of the level it may stop at may still rise
_NEAR_M = 1.0  # a repeated step that ends this near its level needs no other

# Where adaptive steps end: corners of the standard's density; 100 and 115 km, so that no step spans more scale heights
# than its error estimate can judge; and the corners of `air`: deviation at 20 and 80 km, wind at 12, 25 and 80 km
_CALM_STOPS_M = np.array([*CORNERS_M, 100e3, 115e3])[:, None]
_STOPS_M = np.sort([*_CALM_STOPS_M[:, 0], 12e3, 20e3, 25e3, 80e3])[:, None]
_PASSED_M, _PASSED_S = 2.0, 0.02  # a corner this near, or this soon met, counts as passed


@kernel
def _stages(y, k, first, end, weights, h, beta_kg_m2, air, earth, drag_mach, wind_profile, at):
    """Fill slopes k[first:end] of a step h long from y; `at` is left with the state of the last one."""
    for stage in range(first, end):
        s0, s1, s2, s3, s4, s5 = weighted(k, weights[stage], stage)
        at[0] = y[0] + h * s0
        at[1] = y[1] + h * s1
        at[2] = y[2] + h * s2
        at[3] = y[3] + h * s3
        at[4] = y[4] + h * s4
        at[5] = y[5] + h * s5
        k[stage, 0] = at[3]
        k[stage, 1] = at[4]
        k[stage, 2] = at[5]
        k[stage, 3], k[stage, 4], k[stage, 5] = acceleration_with(
            at[0], at[1], at[2], at[3], at[4], at[5], beta_kg_m2, air, earth, drag_mach, wind_profile
        )


@kernel
def _error(k, errors, slope_count, h, tolerance_m):
    """Estimated error of a step over the one allowed (root mean square of the six); nan stays nan."""
    a0, a1, a2, a3, a4, a5 = weighted(k, errors[0], slope_count)
    b0, b1, b2, b3, b4, b5 = weighted(k, errors[1], slope_count)
    by_velocity = 1.0 / _VELOCITY_TOLERANCE_PER_S**2
    sum0 = a0 * a0 + a1 * a1 + a2 * a2 + by_velocity * (a3 * a3 + a4 * a4 + a5 * a5)
    sum1 = b0 * b0 + b1 * b1 + b2 * b2 + by_velocity * (b3 * b3 + b4 * b4 + b5 * b5)
    if sum0 == 0.0:
        return 0.0
    return h * sum0 / (tolerance_m * math.sqrt(6.0 * (sum0 + 0.01 * sum1)))


@kernel
def _time_to_corner(height_m, rise_m_s, climb_m_s2, corners):
    """Seconds until the next height of column 0 is met on a path of constant acceleration; 1e9 where none is."""
    passed_m = _PASSED_M + _PASSED_S * abs(rise_m_s)
    way_m = 0.0
    if rise_m_s < 0.0:
        for i in range(corners.shape[0] - 1, -1, -1):
            if corners[i, 0] < height_m - passed_m:
                way_m = corners[i, 0] - height_m
                break
    else:
        for i in range(corners.shape[0]):
            if corners[i, 0] > height_m + passed_m:
                way_m = corners[i, 0] - height_m
                break
    root = rise_m_s * rise_m_s + 2.0 * climb_m_s2 * way_m
    if way_m == 0.0 or root <= 0.0:
        return 1e9
    time_s = 2.0 * way_m / (rise_m_s + math.copysign(math.sqrt(root), rise_m_s))
    return time_s if time_s > 0.0 else 1e9


@kernel
def _is_between(level_m, one_m, other_m):
    return min(one_m, other_m) <= level_m <= max(one_m, other_m)


@kernel
def _write_sample(samples, count, time_s, y):
    """Write row `count` if there is room; return the count with it."""
    if count < samples.shape[0]:
        samples[count, 0] = time_s
        for i in range(6):
            samples[count, 1 + i] = y[i]
        return count + 1
    return count


@kernel
def integrate(start, beta_kg_m2, air, earth, drag_mach, wind_profile, method, step_s, tolerance_m, stop_m, max_time_s,
              spacing_s, levels_m, samples, events, peak, final):  # fmt: skip
    """Fly one object until it falls through stop_m or the ground, or max_time_s is over.

    In        start          (6,) position m and velocity m/s, rotating ECEF
              beta_kg_m2 .. wind_profile  as `motion.acceleration_with`
              method         RK4 | TSIT5 | DOP853 of `tableaus`
              step_s         > 0: fixed steps, s, and no error control; else adaptive (not for RK4)
              tolerance_m    error allowed to an adaptive step, m; of velocity, a thousandth of it in m/s
              stop_m         height, m
              spacing_s      > 0: a state is written to samples (m, 7: time s, state) at each multiple of it and at the
                             end, as far as there is room
              levels_m       (n,) heights, m, lowest first, whose crossing is an event
    Changes   events         (m, 10) as `dense.EVENT_COLUMNS`, in order of time, as far as there is room
              peak           (2,) the greatest height met, m, and its time, s
              final          (6,) the last state
    Out       (status OK | NO_IMPACT | ALREADY_DOWN, time_s at the end, samples written, events met)
    Accuracy  Tsit5 at the tolerance of `fall`, measured against DOP853 at rtol 1e-12 with steps of at most 1 s: ends of
              300 mixed flights of 300 to 3500 km (500 kg/m2 and more, or no drag; wind and density off the standard)
              half within 1 cm, 90 % within 6 cm, worst 60 cm; of 60 fragments of 20 to 1500 kg/m2, worst 7 cm.
              Samples within 15 cm, events within 1 ms. Without the stops at corners a quarter more steps, and ends
              several times further off
    Source    step control and error norms: Hairer, Norsett & Wanner, Solving ODE I, sections II.4 and II.10
    """
    if earth is None:
        semi_major_m = SEMI_MAJOR_M
        flattening = FLATTENING
    else:
        semi_major_m = earth[1]
        flattening = earth[2]
    stage_count = STAGE_COUNT[method]
    slope_count = stage_count + 1
    all_slopes = slope_count + EXTRA_COUNT[method]
    power_count = POWER_COUNT[method]
    weights = WEIGHTS[method]
    errors = ERRORS[method]
    within = WITHIN[method]
    y = np.empty(6)
    end = np.empty(6)
    probe = np.empty(6)
    k = np.empty((16, 6))
    c = np.empty((7, 6))
    for i in range(6):
        y[i] = start[i]
        final[i] = start[i]
    height, rise = height_and_rise(y, semi_major_m, flattening)
    peak[0] = height
    peak[1] = 0.0
    floor_m = min(stop_m, 0.0)
    none = np.int64(0)  # not a literal: numba would compile a version of its own for it
    event_count = none
    sample_count = none
    if spacing_s > 0.0:
        sample_count = _write_sample(samples, none, 0.0, y)
    is_on_level = height <= floor_m + _ON_GROUND_M or abs(height - stop_m) <= _ON_GROUND_M
    if height < floor_m - _ON_GROUND_M or (is_on_level and rise <= 0.0):
        return ALREADY_DOWN, 0.0, sample_count, event_count
    is_calm = air[0] == 0.0 and air[1] == 0.0 and air[2] == 0.0 and air[3] == 0.0
    is_adaptive = not step_s > 0.0
    wish = _FIRST_STEP_S if is_adaptive else step_s
    t = 0.0
    status = NO_IMPACT
    error = 0.0
    _stages(y, k, none, none + 1, weights, 0.0, beta_kg_m2, air, earth, drag_mach, wind_profile, end)
    for _ in range(_MOST_STEPS):
        left = max_time_s - t
        if not left > 1e-9:
            break
        h = wish
        if is_adaptive and beta_kg_m2 > 0.0:
            r = math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])
            level2 = y[3] * y[3] + y[4] * y[4] + y[5] * y[5] - rise * rise
            climb = (k[0, 3] * y[0] + k[0, 4] * y[1] + k[0, 5] * y[2] + level2) / max(r, 1.0)
            soon = _time_to_corner(height, rise, climb, _CALM_STOPS_M if is_calm else _STOPS_M)
            if wind_profile is not None:
                soon = min(soon, _time_to_corner(height, rise, climb, wind_profile))
            if soon < 2.0 * h:
                h = soon if soon <= h else 0.5 * soon
        is_last = left <= h * 1.000001
        if is_last:
            h = left
        _stages(y, k, none + 1, slope_count, weights, h, beta_kg_m2, air, earth, drag_mach, wind_profile, end)
        if is_adaptive:
            error = _error(k, errors, slope_count, h, tolerance_m)
            if not error <= 1.0 and h > _SHORTEST_STEP_S:
                shrink = max(0.2, 0.9 * error ** -ERROR_POWER[method]) if error < 1e9 else 0.2
                wish = max(h * shrink, _SHORTEST_STEP_S)
                continue
        end_height, end_rise = height_and_rise(end, semi_major_m, flattening)
        if not abs(end_height) + abs(end_rise) < 1e300:  # not a number: nothing further can be said
            break
        is_met = (rise > 0.0) != (end_rise > 0.0)
        is_met = is_met or _is_between(stop_m, height, end_height) or _is_between(floor_m, height, end_height)
        for i in range(levels_m.shape[0]):
            is_met = is_met or _is_between(levels_m[i], height, end_height)
        is_sampled = sample_count < samples.shape[0] and spacing_s > 0.0 and sample_count * spacing_s < t + h
        if is_met or is_sampled:
            _stages(y, k, slope_count, all_slopes, weights, h, beta_kg_m2, air, earth, drag_mach, wind_profile, probe)
            polynomial(k, within, all_slopes, power_count, h, c)
        after = t + h if not is_last else max_time_s
        is_down = False
        if is_met:
            event_count, stop, level_m = meet_events(
                y,
                c,
                power_count,
                t,
                h,
                end,
                levels_m,
                stop_m,
                floor_m,
                semi_major_m,
                flattening,
                events,
                event_count,
                peak,
                probe,
            )
            is_down = stop < NOT_WITHIN
            if is_down:
                length = stop * h
                for _ in range(4):
                    _stages(
                        y,
                        k,
                        none + 1,
                        slope_count,
                        weights,
                        length,
                        beta_kg_m2,
                        air,
                        earth,
                        drag_mach,
                        wind_profile,
                        end,
                    )
                    end_height, end_rise = height_and_rise(end, semi_major_m, flattening)
                    late = (level_m - end_height) / end_rise if end_rise < 0.0 else 0.0
                    late = min(max(late, -length), length)  # where it hardly falls, the quotient says nothing
                    length += late
                    if abs(level_m - end_height) < _NEAR_M:
                        break
                for i in range(3):  # what is left is so little that it runs along the velocity
                    end[i] += late * end[3 + i]
                    end[3 + i] += late * k[stage_count, 3 + i]
                after = t + length
                status = OK
                event_count = write_event(events, event_count, STOP, after, end, level_m, 0.0)
        if not is_down and height <= floor_m and end_height < floor_m and end_rise <= 0.0:
            is_down = True  # from the ground, and it never came above it: by less than rounding, or than _ON_GROUND_M
            after = t
            status = OK
            for i in range(6):
                end[i] = y[i]
            event_count = write_event(events, event_count, STOP, after, end, floor_m, 0.0)
        while is_sampled and sample_count < samples.shape[0] and sample_count * spacing_s < after - 1e-9:
            state_within(y, c, power_count, (sample_count * spacing_s - t) / h, probe)
            sample_count = _write_sample(samples, sample_count, sample_count * spacing_s, probe)
        t = after
        for i in range(6):
            y[i] = end[i]
            k[0, i] = k[stage_count, i]
        if is_down:
            break
        height = end_height
        rise = end_rise
        if height > peak[0]:
            peak[0] = height
            peak[1] = t
        if is_adaptive:
            grow = 5.0
            if error > 1e-9:
                grow = min(5.0, 0.9 * error ** -ERROR_POWER[method])
            wish = min(max(wish if grow > 1.0 and h < wish else h * grow, h * grow), _LONGEST_STEP_S)
    for i in range(6):
        final[i] = y[i]
    if spacing_s > 0.0 and t > 0.0:
        sample_count = _write_sample(samples, sample_count, t, y)
    return status, t, sample_count, event_count


@kernel
def integrate_many(states, beta_kg_m2, air, earth, drag_mach, wind_profile, method, step_s, tolerance_m, stop_m,
                   max_time_s):  # fmt: skip
    """The ends of many flights: states (n, 6), beta_kg_m2 (n,), air (n, 4), else as `integrate`.

    Out       (status (n,) int64, end_ecef_m (n, 3), time_s (n,)); nan where the status is NO_IMPACT
    """
    count = states.shape[0]
    status = np.empty(count, np.int64)
    end_ecef_m = np.empty((count, 3))
    time_s = np.empty(count)
    final = np.empty(6)
    peak = np.empty(2)
    none = np.empty(0)
    none2 = np.empty((0, 7))
    for n in range(count):
        status[n], time_s[n], _, _ = integrate(
            states[n], beta_kg_m2[n], air[n], earth, drag_mach, wind_profile, method, step_s, tolerance_m, stop_m,
            max_time_s, 0.0, none, none2, none2, peak, final,
        )  # fmt: skip
        if status[n] == NO_IMPACT:
            time_s[n] = np.nan
        for i in range(3):
            end_ecef_m[n, i] = np.nan if status[n] == NO_IMPACT else final[i]
    return status, end_ecef_m, time_s
