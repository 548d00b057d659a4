"""Boost as the assessment sees it: thrust still to come, and the way back to the launch point.

Both are generic: no vehicle is assumed beyond a thrust along the velocity and a smooth early rise.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.assess_sigma import lower_factor
from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.motion import acceleration, advance


@kernel
def thrust_acceleration(position, velocity, velocity_before, between_s):
    """Mean acceleration by thrust (drag included) over the last ``between_s``, along the flight, m/s2.

    In   position, velocity  (3,) now, ECEF m, m/s; velocity_before (3,) ``between_s`` > 0 earlier
    Out  float  projection on the velocity of what gravity and the Earth's rotation do not explain
    """
    calm = np.zeros(4)
    ax, ay, az = acceleration(position, velocity, 0.0, calm)
    speed = math.sqrt(velocity[0] ** 2 + velocity[1] ** 2 + velocity[2] ** 2)
    if speed < 1.0 or between_s <= 0.0:
        return 0.0
    along = (
        ((velocity[0] - velocity_before[0]) / between_s - ax) * velocity[0]
        + ((velocity[1] - velocity_before[1]) / between_s - ay) * velocity[1]
        + ((velocity[2] - velocity_before[2]) / between_s - az) * velocity[2]
    )
    return along / speed


@kernel
def burn_on(position, velocity, thrust_m_s2, exhaust_m_s, burn_s, step_s):
    """Follow a gravity turn: thrust along the earth-relative velocity, growing as the mass is burnt; no drag.

    In   position, velocity (3,) ECEF; thrust_m_s2: specific thrust now; exhaust_m_s > 0: effective exhaust speed, so
         that the specific thrust after t is thrust / (1 - t thrust / exhaust); burn_s in 0 .. 0.95 exhaust / thrust;
         step_s > 0
    Out  position (3,), velocity (3,) after ``burn_s``
    Accuracy  midpoint rule; see the test against the rocket equation and against a step of 0.05 s
    Source  rocket equation: Wertz et al., Space Mission Engineering (2011), ch. 18
    """
    calm = np.zeros(4)
    p = position.copy()
    v = velocity.copy()
    steps = max(1, math.ceil(burn_s / step_s))
    dt = burn_s / steps
    pm = np.zeros(3)
    vm = np.zeros(3)
    for n in range(steps):
        now_m_s2 = thrust_m_s2 / max(0.05, 1.0 - n * dt * thrust_m_s2 / exhaust_m_s)
        mid_m_s2 = thrust_m_s2 / max(0.05, 1.0 - (n + 0.5) * dt * thrust_m_s2 / exhaust_m_s)
        speed = max(1.0, math.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2))
        ax, ay, az = acceleration(p, v, 0.0, calm)
        pull = now_m_s2 / speed
        half = 0.5 * dt
        vm[0] = v[0] + half * (ax + pull * v[0])
        vm[1] = v[1] + half * (ay + pull * v[1])
        vm[2] = v[2] + half * (az + pull * v[2])
        for k in range(3):
            pm[k] = p[k] + half * v[k]
        speed = max(1.0, math.sqrt(vm[0] ** 2 + vm[1] ** 2 + vm[2] ** 2))
        ax, ay, az = acceleration(pm, vm, 0.0, calm)
        pull = mid_m_s2 / speed
        for k in range(3):
            p[k] += dt * vm[k]
        v[0] += dt * (ax + pull * vm[0])
        v[1] += dt * (ay + pull * vm[1])
        v[2] += dt * (az + pull * vm[2])
    return p, v


@kernel
def burn_with_spread(position, velocity, covariance, thrust_m_s2, exhaust_m_s, burn_s, step_s, direction_std_rad):
    """``burn_on`` with the covariance carried along: an error of direction grows with the speed gained.

    In   as ``burn_on``; covariance (6, 6); direction_std_rad: one sigma of the mean thrust direction off the velocity
    Out  position (3,), velocity (3,), covariance (6, 6)
    """
    p, v = burn_on(position, velocity, thrust_m_s2, exhaust_m_s, burn_s, step_s)
    factor = lower_factor(covariance)
    out = np.zeros((6, 6))
    start_p = np.zeros(3)
    start_v = np.zeros(3)
    slope = np.zeros(6)
    for axis in range(6):
        for side in range(2):
            sign = 1.0 - 2.0 * side
            for k in range(3):
                start_p[k] = position[k] + sign * factor[k, axis]
                start_v[k] = velocity[k] + sign * factor[k + 3, axis]
            end_p, end_v = burn_on(start_p, start_v, thrust_m_s2, exhaust_m_s, burn_s, step_s)
            for k in range(3):
                slope[k] = 0.5 * sign * end_p[k] + (slope[k] if side == 1 else 0.0)
                slope[k + 3] = 0.5 * sign * end_v[k] + (slope[k + 3] if side == 1 else 0.0)
        for i in range(6):
            for j in range(6):
                out[i, j] += slope[i] * slope[j]
    gain = -exhaust_m_s * math.log(max(0.05, 1.0 - burn_s * thrust_m_s2 / exhaust_m_s))
    extra = direction_std_rad * gain
    for k in range(3):
        out[k + 3, k + 3] += extra * extra
    return p, v, out


@kernel
def launch_back(position, velocity, rise_exponent, lean_exponent):
    """Launch time and point from one state of the boost, for speeds that grow as powers of time.

    With upward speed ~ t**rise and ground speed ~ t**lean since launch, height = up t / (1 + rise) and
    ground distance = ground speed t / (1 + lean).
    In   position, velocity (3,) ECEF m, m/s
    Out  is_rising, time_s since launch, launch (3,) ECEF m on the ellipsoid; zeros where it does not rise
    """
    launch = np.zeros(3)
    latitude, longitude, height = geodetic_from_ecef(position[0], position[1], position[2])
    enu = enu_axes(latitude, longitude)
    east = enu[0, 0] * velocity[0] + enu[0, 1] * velocity[1] + enu[0, 2] * velocity[2]
    north = enu[1, 0] * velocity[0] + enu[1, 1] * velocity[1] + enu[1, 2] * velocity[2]
    up = enu[2, 0] * velocity[0] + enu[2, 1] * velocity[1] + enu[2, 2] * velocity[2]
    if up < 20.0 or height < 100.0:
        return False, 0.0, launch
    time_s = (1.0 + rise_exponent) * height / up
    back = time_s / (1.0 + lean_exponent)
    x = position[0] - back * (enu[0, 0] * east + enu[1, 0] * north)
    y = position[1] - back * (enu[0, 1] * east + enu[1, 1] * north)
    z = position[2] - back * (enu[0, 2] * east + enu[1, 2] * north)
    latitude, longitude, _ = geodetic_from_ecef(x, y, z)
    launch[0], launch[1], launch[2] = ecef_from_geodetic(latitude, longitude, 0.0)
    return True, time_s, launch


@kernel
def back_to_height(position, velocity, height_m, step_s, limit_s):
    """Follow an unpowered flight backwards until it is at ``height_m`` on the way up; no drag.

    Out  is_found, seconds before the given state, position (3,), velocity (3,); never found: last state reached
    Accuracy  the crossing is interpolated linearly in height inside the last step
    """
    calm = np.zeros(4)
    p = position.copy()
    v = velocity.copy()
    elapsed = 0.0
    _, _, height = geodetic_from_ecef(p[0], p[1], p[2])
    if height < height_m:
        return False, 0.0, p, v
    while elapsed < limit_s:
        before_p, before_v = advance(p, v, 0.0, calm, -step_s, step_s)
        _, _, lower = geodetic_from_ecef(before_p[0], before_p[1], before_p[2])
        if lower <= height_m and lower < height:
            part = step_s * (height - height_m) / (height - lower)
            p, v = advance(p, v, 0.0, calm, -part, step_s)
            return True, elapsed + part, p, v
        p, v, height = before_p, before_v, lower
        elapsed += step_s
    return False, elapsed, p, v


@kernel
def _launch_from(state, burnout_m, rise, lean):
    """Seconds since launch and launch point of one state; a burn-out height below zero: it is still burning."""
    p = state[:3].copy()
    v = state[3:].copy()
    before_s = 0.0
    if burnout_m > 0.0:
        is_found, before_s, p, v = back_to_height(p, v, burnout_m, 5.0, 1500.0)
        if not is_found:
            return False, 0.0, p
    is_rising, time_s, launch = launch_back(p, v, rise, lean)
    return is_rising, before_s + time_s, launch


@kernel
def launch_with_spread(position, velocity, covariance, burnout_m, burnout_std_m, rise, rise_std, lean, lean_std):
    """Launch time and point of a rising or coasting state, with their covariance by central differences.

    In   position, velocity (3,), covariance (6, 6); burnout_m: height where a coasting flight's boost ended, m, or
         -1 for a state of the boost itself; exponents as in ``launch_back``
    Out  is_found, time_s since launch, launch (3,) ECEF m, covariance (3, 3) of east m, north m, time s there
    """
    spread = np.zeros((3, 3))
    state = np.zeros(6)
    for k in range(3):
        state[k] = position[k]
        state[k + 3] = velocity[k]
    is_found, time_s, launch = _launch_from(state, burnout_m, rise, lean)
    if not is_found:
        return False, 0.0, launch, spread
    latitude, longitude, _ = geodetic_from_ecef(launch[0], launch[1], launch[2])
    enu = enu_axes(latitude, longitude)
    factor = lower_factor(covariance)
    slope = np.zeros(3)
    ends = np.zeros((2, 3))
    moved = np.zeros(6)
    for axis in range(9):
        if axis == 8 and burnout_m <= 0.0:
            continue
        for side in range(2):
            sign = 1.0 - 2.0 * side
            for k in range(6):
                moved[k] = state[k] + (sign * factor[k, axis] if axis < 6 else 0.0)
            is_ok, other_s, other = _launch_from(
                moved,
                burnout_m + (sign * burnout_std_m if axis == 8 else 0.0),
                rise + (sign * rise_std if axis == 6 else 0.0),
                lean + (sign * lean_std if axis == 7 else 0.0),
            )
            if not is_ok:
                return False, 0.0, launch, spread
            ends[side, 0] = 0.0
            ends[side, 1] = 0.0
            for k in range(3):
                ends[side, 0] += enu[0, k] * (other[k] - launch[k])
                ends[side, 1] += enu[1, k] * (other[k] - launch[k])
            ends[side, 2] = other_s - time_s
        for i in range(3):
            slope[i] = 0.5 * (ends[0, i] - ends[1, i])
        for i in range(3):
            for j in range(3):
                spread[i, j] += slope[i] * slope[j]
    return True, time_s, launch, spread
