"""Equations of motion of an unpowered object in rotating ECEF, a fixed-step integrator, and their derivative.

`earth` is (gm_m3_s2, semi_major_m, flattening, rate_rad_s, j2, j3, j4), as `constants.WGS84_J2`, or None for just
that one: its numbers are then known when the kernel is compiled, which saves a tenth of the time.
`air` is everywhere (4,) float64: density deviation (ratio) at 20 km and at 80 km, wind toward east and toward
north at 12 km, m/s; zeros mean the standard atmosphere, calm (air that turns with the Earth).
`beta_kg_m2` is mass / (drag coefficient x area); <= 0 means no drag.
Pass C-contiguous, writable float64 arrays: numba compiles a second version for read-only ones (`np.array(x)` copies).
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.atmosphere import (
    density_and_slope_us76,
    density_deviation,
    sound_speed_us76,
    wind_shape_and_slope,
)
from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import height_and_up, height_and_up_on
from tocsin.kernels.gravity import gravity_j2, gravity_zonal

_THINNEST = 0.05  # a deviation never takes more than 95 % of the density away
_NO_AIR_M = 1_000_001.0  # this far above the equator's radius no height needs to be worked out
_NO_AIR_RADIUS2_M2 = (SEMI_MAJOR_M + _NO_AIR_M) ** 2


@kernel
def _east_north(east, north, ux, uy, uz):
    """ECEF vector of an east and a north part, where up is (ux, uy, uz)."""
    cos_lat = math.sqrt(ux * ux + uy * uy)
    cos_lon = 1.0
    sin_lon = 0.0
    if cos_lat > 0.0:
        cos_lon = ux / cos_lat
        sin_lon = uy / cos_lat
    return -sin_lon * east - uz * cos_lon * north, cos_lon * east - uz * sin_lon * north, cos_lat * north


@kernel
def height_and_up_over(x, y, z, earth):
    """`geodesy.height_and_up` over the ellipsoid of an `earth`."""
    if earth is None:
        return height_and_up(x, y, z)
    else:  # noqa: RET505  # numba prunes the branch only with its else
        return height_and_up_on(x, y, z, earth[1], earth[2])


@kernel
def _air_at(x, y, z, at_20, at_80, wind_e, wind_n, earth):
    """Density, d density / d height, up (3), wind ECEF (3), d ln(wind) / d height, and the height, at a place."""
    height_m, ux, uy, uz = height_and_up_over(x, y, z, earth)
    standard, slope = density_and_slope_us76(height_m)
    factor = 1.0 + density_deviation(height_m, at_20, at_80)
    density_slope = standard * slope * factor
    if factor <= _THINNEST:
        factor = _THINNEST
        density_slope = standard * slope * factor
    elif 20_000.0 < height_m < 80_000.0:
        density_slope += standard * (at_80 - at_20) / 60_000.0
    wx = 0.0
    wy = 0.0
    wz = 0.0
    wind_slope = 0.0
    if wind_e != 0.0 or wind_n != 0.0:
        shape, shape_slope = wind_shape_and_slope(height_m)
        wind_slope = shape_slope / shape if shape > 0.0 else 0.0
        wx, wy, wz = _east_north(wind_e * shape, wind_n * shape, ux, uy, uz)
    return standard * factor, density_slope, ux, uy, uz, wx, wy, wz, wind_slope, height_m


@kernel
def between_rows(table, at, column):
    """Column of a table over its rising column 0: linear between rows, held outside; (k >= 1, m) float64."""
    last = table.shape[0] - 1
    if not at > table[0, 0]:
        return table[0, column]
    if at >= table[last, 0]:
        return table[last, column]
    low = 0
    high = last
    while high - low > 1:
        middle = (low + high) // 2
        if table[middle, 0] <= at:
            low = middle
        else:
            high = middle
    share = (at - table[low, 0]) / (table[high, 0] - table[low, 0])
    return table[low, column] + share * (table[high, column] - table[low, column])


@kernel
def acceleration_with(x, y, z, vx, vy, vz, beta_kg_m2, air, earth, drag_mach, wind_profile):
    """Acceleration in rotating ECEF, (ax, ay, az), m/s2, with everything that can be chosen.

    In        x .. vz       m and m/s, rotating ECEF
              beta_kg_m2, air, earth  see the module
              drag_mach     None or (k, 2) float64: Mach number, rising, and the drag coefficient there as a ratio of
                            the one behind beta; linear between rows, held outside; no rows: 1
              wind_profile  None or (k, 3) float64: height m, rising, wind toward east and north m/s, added to that
                            of air; linear between rows, held outside; no rows: none
    """
    if earth is None:
        w = EARTH_RATE_RAD_S
        no_air2 = _NO_AIR_RADIUS2_M2
        ax, ay, az = gravity_j2(x, y, z)
    else:
        w = earth[3]
        no_air2 = (earth[1] + _NO_AIR_M) * (earth[1] + _NO_AIR_M)
        ax, ay, az = gravity_zonal(x, y, z, earth[0], earth[1], earth[4], earth[5], earth[6])
    ax += w * (w * x + 2.0 * vy)
    ay += w * (w * y - 2.0 * vx)
    if beta_kg_m2 > 0.0 and x * x + y * y + z * z < no_air2:
        density, _, ux, uy, uz, wx, wy, wz, _, height_m = _air_at(x, y, z, air[0], air[1], air[2], air[3], earth)
        if wind_profile is not None and wind_profile.shape[0] > 0:
            east = between_rows(wind_profile, height_m, 1)
            north = between_rows(wind_profile, height_m, 2)
            px, py, pz = _east_north(east, north, ux, uy, uz)
            wx += px
            wy += py
            wz += pz
        rx = vx - wx
        ry = vy - wy
        rz = vz - wz
        speed = math.sqrt(rx * rx + ry * ry + rz * rz)
        k = -0.5 * density * speed / beta_kg_m2
        if drag_mach is not None and drag_mach.shape[0] > 0:
            k *= between_rows(drag_mach, speed / sound_speed_us76(height_m), 1)
        ax += k * rx
        ay += k * ry
        az += k * rz
    return ax, ay, az


@kernel
def acceleration_of(x, y, z, vx, vy, vz, beta_kg_m2, air):
    """`acceleration` of scalars."""
    return acceleration_with(x, y, z, vx, vy, vz, beta_kg_m2, air, None, None, None)


@kernel
def acceleration(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air):
    """Acceleration in rotating ECEF, (ax, ay, az), m/s2: J2 gravity, centrifugal, Coriolis, drag.

    In        position_ecef_m, velocity_ecef_m_s  (3,) float64  rotating ECEF
              beta_kg_m2, air                     see the module
    """
    return acceleration_of(
        position_ecef_m[0], position_ecef_m[1], position_ecef_m[2],
        velocity_ecef_m_s[0], velocity_ecef_m_s[1], velocity_ecef_m_s[2],
        beta_kg_m2, air,
    )  # fmt: skip


@kernel
def _steps(dt_s, step_s):
    """How many equal steps, at least one, none longer than step_s."""
    if step_s > 0.0:
        return max(1, math.ceil(abs(dt_s) / step_s - 1e-9))
    return 1


@kernel
def join(position_ecef_m, velocity_ecef_m_s):
    """(6,) position, velocity: a new array."""
    y = np.empty(6)
    for i in range(3):
        y[i] = position_ecef_m[i]
        y[3 + i] = velocity_ecef_m_s[i]
    return y


@kernel
def part(y, first):
    """(3,) of y from index first on: a new array."""
    out = np.empty(3)
    for i in range(3):
        out[i] = y[first + i]
    return out


@kernel
def advance(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s, step_s):
    """Move a state by dt_s (either sign) in equal classical Runge-Kutta steps of at most step_s.

    In        as `acceleration`; dt_s, step_s  float  s
    Out       (position (3,), velocity (3,)), new arrays
    Accuracy  order 4; measured, exo-atmospheric: 1e-5 m over 60 s at step 5 s
    """
    count = _steps(dt_s, step_s)
    h = dt_s / count
    y = join(position_ecef_m, velocity_ecef_m_s)
    k = np.empty(6)
    total = np.empty(6)
    at = np.empty(6)
    for _ in range(count):
        for i in range(6):
            at[i] = y[i]
            total[i] = 0.0
        for stage in range(4):
            k[0] = at[3]
            k[1] = at[4]
            k[2] = at[5]
            k[3], k[4], k[5] = acceleration_with(
                at[0], at[1], at[2], at[3], at[4], at[5], beta_kg_m2, air, None, None, None
            )
            weight = 2.0 if stage == 1 or stage == 2 else 1.0
            reach = h if stage == 2 else 0.5 * h
            for i in range(6):
                total[i] += weight * k[i]
                at[i] = y[i] + reach * k[i]
        for i in range(6):
            y[i] += h / 6.0 * total[i]
    return part(y, 0), part(y, 3)


@kernel
def _derivative(at, beta_kg_m2, air, a):
    """Fill a (6, 6) with d(velocity, acceleration)/d(position, velocity); return the acceleration.

    Left out, each under 1e-3 of what is kept: the gradient of J2, and the turn of the wind's axes with the place.
    """
    x = at[0]
    y = at[1]
    z = at[2]
    w = EARTH_RATE_RAD_S
    for i in range(6):
        for j in range(6):
            a[i, j] = 1.0 if j == i + 3 else 0.0
    r2 = max(x * x + y * y + z * z, 1.0)
    g = GM_M3_S2 / (r2 * math.sqrt(r2))
    for i in range(3):
        for j in range(3):
            a[3 + i, j] = 3.0 * g * at[i] * at[j] / r2
        a[3 + i, i] -= g
    a[3, 0] += w * w
    a[4, 1] += w * w
    a[3, 4] = 2.0 * w
    a[4, 3] = -2.0 * w
    ax, ay, az = gravity_j2(x, y, z)
    ax += w * (w * x + 2.0 * at[4])
    ay += w * (w * y - 2.0 * at[3])
    if beta_kg_m2 > 0.0 and r2 < _NO_AIR_RADIUS2_M2:
        density, density_slope, ux, uy, uz, wx, wy, wz, wind_slope, _ = _air_at(
            x, y, z, air[0], air[1], air[2], air[3], None
        )
        up = (ux, uy, uz)
        u = (at[3] - wx, at[4] - wy, at[5] - wz)
        speed = math.sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2])
        k = -0.5 * density / beta_kg_m2
        slope = -0.5 * density_slope * speed / beta_kg_m2
        ax += k * speed * u[0]
        ay += k * speed * u[1]
        az += k * speed * u[2]
        if speed > 1e-9:
            along = (u[0] * wx + u[1] * wy + u[2] * wz) / speed
            wind = (wx, wy, wz)
            for i in range(3):
                by_height = slope * u[i] - k * wind_slope * (speed * wind[i] + along * u[i])
                for j in range(3):
                    a[3 + i, j] += by_height * up[j]
                    a[3 + i, 3 + j] += k * u[i] * u[j] / speed
                a[3 + i, 3 + i] += k * speed
    return ax, ay, az


@kernel
def advance_with_transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s, step_s):
    """`advance`, and with it the state transition matrix, from the variational equation.

    Out       (position (3,), velocity (3,), phi (6, 6)): phi = d(state after)/d(state before)
    Accuracy  phi, velocities scaled by dt: measured 7e-4 for dt <= 12 s at step 1 s, 3e-3 at step 3 s (both where
              a re-entry crosses the corners of the standard's layers); 1e-6 above the air
    Source    Montenbruck & Gill, Satellite Orbits, section 7.2
    """
    count = _steps(dt_s, step_s)
    h = dt_s / count
    y = join(position_ecef_m, velocity_ecef_m_s)
    phi = np.zeros((6, 6))
    for i in range(6):
        phi[i, i] = 1.0
    k = np.empty(6)
    total = np.empty(6)
    at = np.empty(6)
    a = np.empty((6, 6))
    phi_at = np.empty((6, 6))
    phi_k = np.empty((6, 6))
    phi_total = np.empty((6, 6))
    for _ in range(count):
        for i in range(6):
            at[i] = y[i]
            total[i] = 0.0
            for j in range(6):
                phi_at[i, j] = phi[i, j]
                phi_total[i, j] = 0.0
        for stage in range(4):
            k[0] = at[3]
            k[1] = at[4]
            k[2] = at[5]
            k[3], k[4], k[5] = _derivative(at, beta_kg_m2, air, a)
            for i in range(3):
                for j in range(6):
                    phi_k[i, j] = phi_at[3 + i, j]
                    s = 0.0
                    for m in range(6):
                        s += a[3 + i, m] * phi_at[m, j]
                    phi_k[3 + i, j] = s
            weight = 2.0 if stage == 1 or stage == 2 else 1.0
            reach = h if stage == 2 else 0.5 * h
            for i in range(6):
                total[i] += weight * k[i]
                at[i] = y[i] + reach * k[i]
                for j in range(6):
                    phi_total[i, j] += weight * phi_k[i, j]
                    phi_at[i, j] = phi[i, j] + reach * phi_k[i, j]
        for i in range(6):
            y[i] += h / 6.0 * total[i]
            for j in range(6):
                phi[i, j] += h / 6.0 * phi_total[i, j]
    return part(y, 0), part(y, 3), phi


@kernel
def transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s):
    """(6, 6) d(state at t + dt)/d(state at t), order position, velocity, in steps of at most 1 s.

    Accuracy  see `advance_with_transition`, which gives the moved state as well for the same price
    """
    return advance_with_transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s, 1.0)[2]
