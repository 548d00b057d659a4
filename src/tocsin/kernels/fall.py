"""From a state to the ground: an adaptive integrator with events, for one object, many, or a whole path.

Dormand-Prince 5(4) (Dormand & Prince 1980; coefficients as in Hairer, Norsett & Wanner, Solving ODE I, table II.5.2)
with local extrapolation. Events (apogee, ellipsoid) are found by repeating the last step with another length until
the crossing is met, so they carry the order of the method. Arguments and arrays as in `motion`.
"""

from __future__ import annotations

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.motion import acceleration_of, join, part

OK = 0
NO_IMPACT = 1
ALREADY_DOWN = 2

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

TOLERANCE_M = 0.02  # error allowed to a step of a single flight
_VELOCITY_TOLERANCE_PER_S = 0.01  # error of velocity allowed to a step, share of that of position
_FIRST_STEP_S = 1.0
_LONGEST_STEP_S = 40.0
_SHORTEST_STEP_S = 1e-4
_EVENT_S_PER_M = 5e-5  # how closely an event is timed: over this way at 20 km/s
_MOST_STEPS = 1_000_000
_ON_GROUND_M = 1e-3  # a start within this of the ellipsoid may still rise


@kernel
def _slope(y, beta_kg_m2, air, out):
    out[0] = y[3]
    out[1] = y[4]
    out[2] = y[5]
    out[3], out[4], out[5] = acceleration_of(y[0], y[1], y[2], y[3], y[4], y[5], beta_kg_m2, air)


@kernel
def _step(y, k, h, beta_kg_m2, air, tolerance_m, end):
    """One step from y; k[0] must hold the slope at y. Fills end and k[1:]; returns error over tolerance."""
    for stage in range(1, 7):
        for i in range(6):
            s = 0.0
            for j in range(stage):
                s += _A[stage, j] * k[j, i]
            end[i] = y[i] + h * s
        _slope(end, beta_kg_m2, air, k[stage])
    worst = 0.0
    for i in range(6):
        s = 0.0
        for j in range(7):
            s += _E[j] * k[j, i]
        ratio = abs(h * s) / (tolerance_m if i < 3 else _VELOCITY_TOLERANCE_PER_S * tolerance_m)
        if not ratio <= worst:  # lets nan through
            worst = ratio
    return worst


@kernel
def _height_and_rise(y):
    """Height, m, and its rate, m/s."""
    height_m, ux, uy, uz = height_and_up(y[0], y[1], y[2])
    return height_m, ux * y[3] + uy * y[4] + uz * y[5]


@kernel
def _event_step(y, k, h, beta_kg_m2, air, tolerance_m, end, is_ground):
    """Length of the step from y at which the height (or its rate) falls through zero, within (0, h]; fills end.

    Illinois variant of the false position, on the step length.
    """
    height, rise = _height_and_rise(y)
    low = 0.0
    value_low = height if is_ground else rise
    close_s = _EVENT_S_PER_M * tolerance_m
    high = h
    height, rise = _height_and_rise(end)
    value_high = height if is_ground else rise
    side = 0
    at = h
    for _ in range(60):
        drop = value_low - value_high
        at = 0.5 * (low + high)
        if drop > 0.0:
            guess = low + (high - low) * value_low / drop
            if low < guess < high:
                at = guess
        _step(y, k, at, beta_kg_m2, air, tolerance_m, end)
        height, rise = _height_and_rise(end)
        value = height if is_ground else rise
        if value > 0.0:
            moved = at - low
            low = at
            value_low = value
            if side == 1:
                value_high *= 0.5
            side = 1
        else:
            moved = high - at
            high = at
            value_high = value
            if side == -1:
                value_low *= 0.5
            side = -1
        if moved < close_s or high - low < close_s or value == 0.0:
            break
    return at


@kernel
def _fly(start, beta_kg_m2, air, max_time_s, tolerance_m, apogee, spacing_s, times, positions, velocities, final):
    """The one loop behind every public kernel here.

    With spacing_s > 0 a state is written at each multiple of it and at the end, as far as `times` has room; the
    greatest height, m, and its time, s, where `apogee` has room for them.
    Fills final (6,) with the last state. Returns (status, time_s, count).
    """
    y = np.empty(6)
    end = np.empty(6)
    probe = np.empty(6)
    k = np.empty((7, 6))
    for i in range(6):
        y[i] = start[i]
        final[i] = start[i]
    height, rise = _height_and_rise(y)
    seeks_apogee = apogee.shape[0] > 0
    if seeks_apogee:
        apogee[0] = height
        apogee[1] = 0.0
    count = 0
    room = times.shape[0]
    if spacing_s > 0.0 and room > 0:
        times[0] = 0.0
        for i in range(3):
            positions[0, i] = y[i]
            velocities[0, i] = y[3 + i]
        count = 1
    if height < -_ON_GROUND_M or (height <= _ON_GROUND_M and rise <= 0.0):
        return ALREADY_DOWN, 0.0, count
    t = 0.0
    status = NO_IMPACT
    wish = _FIRST_STEP_S
    _slope(y, beta_kg_m2, air, k[0])
    for _ in range(_MOST_STEPS):
        left = max_time_s - t
        if not left > 1e-9:
            break
        h = min(wish, left)
        if spacing_s > 0.0:
            sample_left = count * spacing_s - t
            if sample_left < h * 1.0000001:
                h = sample_left
        error = _step(y, k, h, beta_kg_m2, air, tolerance_m, end)
        if not error <= 1.0 and h > _SHORTEST_STEP_S:
            shrink = 0.2
            if error < 1e6:
                shrink = max(0.2, 0.9 * error**-0.2)
            wish = max(h * shrink, _SHORTEST_STEP_S)
            continue
        if not error < 1e300:  # not a number: nothing further can be said
            break
        end_height, end_rise = _height_and_rise(end)
        if seeks_apogee and rise > 0.0 and end_rise <= 0.0:
            for i in range(6):
                probe[i] = end[i]
            after = _event_step(y, k, h, beta_kg_m2, air, tolerance_m, probe, not seeks_apogee)
            top_m, _ = _height_and_rise(probe)
            if top_m > apogee[0]:
                apogee[0] = top_m
                apogee[1] = t + after
            _step(y, k, h, beta_kg_m2, air, tolerance_m, end)  # the search wrote over the slopes
        elif seeks_apogee and end_height > apogee[0]:
            apogee[0] = end_height
            apogee[1] = t + h
        down = end_height <= 0.0 and end_rise < 0.0
        if down:
            h = _event_step(y, k, h, beta_kg_m2, air, tolerance_m, end, down)
            status = OK
        t += h
        for i in range(6):
            y[i] = end[i]
            k[0, i] = k[6, i]
        height = end_height
        rise = end_rise
        if spacing_s > 0.0 and count < room and (down or t >= count * spacing_s - 1e-9 or not max_time_s - t > 1e-9):
            times[count] = t
            for i in range(3):
                positions[count, i] = y[i]
                velocities[count, i] = y[3 + i]
            count += 1
        if down or (spacing_s > 0.0 and count >= room):
            break
        grow = 5.0
        if error > 3e-4:
            grow = 0.9 * error**-0.2
        wish = min(max(wish if grow > 1.0 and h < wish else h * grow, h * grow), _LONGEST_STEP_S)
    for i in range(6):
        final[i] = y[i]
    return status, t, count


@kernel
def fall_to_ground(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, max_time_s):
    """Follow one unpowered object to the WGS-84 ellipsoid.

    In        position_ecef_m, velocity_ecef_m_s  (3,) float64  rotating ECEF, m and m/s
              beta_kg_m2, air                     see `motion`
              max_time_s                          float  s, > 0
    Out       status              OK | NO_IMPACT (not within max_time_s) | ALREADY_DOWN (starts at or under the ground)
              impact_ecef_m       (3,) m; nan for NO_IMPACT, the start for ALREADY_DOWN
              impact_velocity     (3,) m/s, likewise
              time_s              s to impact; nan for NO_IMPACT, 0 for ALREADY_DOWN
              apogee_height_m     greatest height met, m
              apogee_time_s       s; 0 where it already lies behind
    """
    start = join(position_ecef_m, velocity_ecef_m_s)
    final = np.empty(6)
    none = np.empty(0)
    none2 = np.empty((0, 3))
    apogee = np.empty(2)
    status, time_s, _ = _fly(start, beta_kg_m2, air, max_time_s, TOLERANCE_M, apogee, 0.0, none, none2, none2, final)
    if status == NO_IMPACT:
        for i in range(6):
            final[i] = np.nan
        time_s = np.nan
    return status, part(final, 0), part(final, 3), time_s, apogee[0], apogee[1]


@kernel
def fall_batch_within(states, beta_kg_m2, air, max_time_s, tolerance_m):
    """`fall_batch` with a stated tolerance: error allowed to a step, m; of velocity, a hundredth of it in m/s."""
    count = states.shape[0]
    status = np.empty(count, np.int64)
    impact = np.empty((count, 3))
    time_s = np.empty(count)
    final = np.empty(6)
    none = np.empty(0)
    none2 = np.empty((0, 3))
    for n in range(count):
        code, duration, _ = _fly(
            states[n], beta_kg_m2[n], air[n], max_time_s, tolerance_m, none, 0.0, none, none2, none2, final
        )
        status[n] = code
        for i in range(3):
            impact[n, i] = np.nan if code == NO_IMPACT else final[i]
        time_s[n] = np.nan if code == NO_IMPACT else duration
    return status, impact, time_s


@kernel
def fall_batch(states, beta_kg_m2, air, max_time_s):
    """`fall_to_ground` for many: states (n, 6) position and velocity, beta_kg_m2 (n,), air (n, 4).

    Out       (status (n,) int64, impact_ecef_m (n, 3), time_s (n,)), rows as `fall_to_ground`
    """
    return fall_batch_within(states, beta_kg_m2, air, max_time_s, TOLERANCE_M)


@kernel
def path_to_ground(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, spacing_s, max_time_s):
    """The path of `fall_to_ground`, sampled every spacing_s and at its end (impact, or max_time_s).

    Out       (count, time_s (count,), position_ecef_m (count, 3), velocity_ecef_m_s (count, 3)); time 0 first
    """
    start = join(position_ecef_m, velocity_ecef_m_s)
    final = np.empty(6)
    spacing = max(spacing_s, 1e-3)
    room = int(max(max_time_s, 0.0) / spacing) + 3
    times = np.empty(room)
    positions = np.empty((room, 3))
    velocities = np.empty((room, 3))
    none = np.empty(0)
    count = _fly(start, beta_kg_m2, air, max_time_s, TOLERANCE_M, none, spacing, times, positions, velocities, final)[2]
    return count, times[:count].copy(), positions[:count].copy(), velocities[:count].copy()
