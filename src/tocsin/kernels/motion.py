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
from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import height_and_up, height_and_up_on
from tocsin.kernels.gravity import gravity_j2, gravity_zonal

_THINNEST = 0.05  # a deviation never takes more than 95 % of the density away
_NO_AIR_M = 1_000_001.0  # this far above the equator's radius no height needs to be worked out
_NO_AIR_RADIUS2_M2 = (SEMI_MAJOR_M + _NO_AIR_M) ** 2
THIN_AIR_M = 100_000.0  # from here up drag is too small to act on itself within a step


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
def _air_over(height_m, ux, uy, uz, at_20, at_80, wind_e, wind_n):
    """Density, d density / d height, wind ECEF (3), and d ln(wind) / d height, at a height where up is (ux, uy, uz)."""
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
    return standard * factor, density_slope, wx, wy, wz, wind_slope


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
        height_m, ux, uy, uz = height_and_up_over(x, y, z, earth)
        density, _, wx, wy, wz, _ = _air_over(height_m, ux, uy, uz, air[0], air[1], air[2], air[3])
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


@in_place_kernel
def _gradient(x, y, z, vx, vy, vz, height_m, ux, uy, uz, beta_kg_m2, at_20, at_80, wind_e, wind_n, work, row):
    """Acceleration, and its derivative in three rows of work: by position (3), by velocity (3), by -ln(beta).

    Left out, each under 1e-3 of what is kept: the gradient of J2, and the turn of the wind's axes with the place.
    """
    w = EARTH_RATE_RAD_S
    r2 = max(x * x + y * y + z * z, 1.0)
    g = GM_M3_S2 / (r2 * math.sqrt(r2))
    density, density_slope, wx, wy, wz, wind_slope = _air_over(height_m, ux, uy, uz, at_20, at_80, wind_e, wind_n)
    rx = vx - wx
    ry = vy - wy
    rz = vz - wz
    speed = math.sqrt(rx * rx + ry * ry + rz * rz)
    near = 1.0 / speed if speed > 1e-9 else 0.0
    k = -0.5 * density / beta_kg_m2
    slope = -0.5 * density_slope * speed / beta_kg_m2
    along = (rx * wx + ry * wy + rz * wz) * near
    lift = 3.0 * g / r2
    for i in range(3):
        place, wind, u = (x, wx, rx) if i == 0 else ((y, wy, ry) if i == 1 else (z, wz, rz))
        by_height = slope * u - k * wind_slope * (speed * wind + along * u)
        work[row + i, 0] = lift * place * x + by_height * ux
        work[row + i, 1] = lift * place * y + by_height * uy
        work[row + i, 2] = lift * place * z + by_height * uz
        work[row + i, 3] = k * u * near * rx
        work[row + i, 4] = k * u * near * ry
        work[row + i, 5] = k * u * near * rz
        work[row + i, i] -= g
        work[row + i, 3 + i] += k * speed
        work[row + i, 6] = k * speed * u
    work[row, 0] += w * w
    work[row + 1, 1] += w * w
    work[row, 4] += 2.0 * w
    work[row + 1, 3] -= 2.0 * w
    ax, ay, az = gravity_j2(x, y, z)
    return (
        ax + w * (w * x + 2.0 * vy) + k * speed * rx,
        ay + w * (w * y - 2.0 * vx) + k * speed * ry,
        az + k * speed * rz,
    )


@in_place_kernel
def _apply(work, row, px, py, pz, vx, vy, vz, own):
    """Rate of velocity of one column of the transition matrix; own: 1 in the column of ln(beta), else 0."""
    g = work
    i, j, k = row, row + 1, row + 2
    return (
        g[i, 0] * px + g[i, 1] * py + g[i, 2] * pz + g[i, 3] * vx + g[i, 4] * vy + g[i, 5] * vz - own * g[i, 6],
        g[j, 0] * px + g[j, 1] * py + g[j, 2] * pz + g[j, 3] * vx + g[j, 4] * vy + g[j, 5] * vz - own * g[j, 6],
        g[k, 0] * px + g[k, 1] * py + g[k, 2] * pz + g[k, 3] * vx + g[k, 4] * vy + g[k, 5] * vz - own * g[k, 6],
    )


@in_place_kernel
def _step_in_air(y, beta_kg_m2, at_20, at_80, wind_e, wind_n, h, height_m, ux, uy, uz, phi, work):
    """`step_with_transition` by classical Runge-Kutta, of the state and of the variational equation.

    Source    Montenbruck & Gill, Satellite Orbits, section 7.2
    """
    for j in range(-1, 7):  # the state, which leaves its gradients in work, then each column of the matrix
        if j < 0:
            px, py, pz, vx, vy, vz = y[0], y[1], y[2], y[3], y[4], y[5]
        else:
            px = 1.0 if j == 0 else 0.0
            py = 1.0 if j == 1 else 0.0
            pz = 1.0 if j == 2 else 0.0
            vx = 1.0 if j == 3 else 0.0
            vy = 1.0 if j == 4 else 0.0
            vz = 1.0 if j == 5 else 0.0
        own = 1.0 if j == 6 else 0.0
        x, y_, z, sx, sy, sz = px, py, pz, vx, vy, vz
        tx = ty = tz = tvx = tvy = tvz = 0.0
        for stage in range(4):
            row = 3 * stage
            if j < 0:
                if stage > 0:
                    height_m, ux, uy, uz = height_and_up(x, y_, z)
                ax, ay, az = _gradient(
                    x, y_, z, sx, sy, sz, height_m, ux, uy, uz, beta_kg_m2, at_20, at_80, wind_e, wind_n, work, row
                )
            else:
                ax, ay, az = _apply(work, row, x, y_, z, sx, sy, sz, own)
            weight = 2.0 if stage == 1 or stage == 2 else 1.0
            reach = h if stage == 2 else 0.5 * h
            tx += weight * sx
            ty += weight * sy
            tz += weight * sz
            tvx += weight * ax
            tvy += weight * ay
            tvz += weight * az
            x, y_, z = px + reach * sx, py + reach * sy, pz + reach * sz
            sx, sy, sz = vx + reach * ax, vy + reach * ay, vz + reach * az
        sixth = h / 6.0
        px, py, pz = px + sixth * tx, py + sixth * ty, pz + sixth * tz
        vx, vy, vz = vx + sixth * tvx, vy + sixth * tvy, vz + sixth * tvz
        if j < 0:
            y[0], y[1], y[2], y[3], y[4], y[5] = px, py, pz, vx, vy, vz
        else:
            phi[0, j], phi[1, j], phi[2, j], phi[3, j], phi[4, j], phi[5, j] = px, py, pz, vx, vy, vz
    return work[0, 6], work[1, 6], work[2, 6]


@kernel
def _inertial_pull(x, y, z):
    """Gravity and the centrifugal acceleration."""
    w2 = EARTH_RATE_RAD_S * EARTH_RATE_RAD_S
    ax, ay, az = gravity_j2(x, y, z)
    return ax + w2 * x, ay + w2 * y, az


@in_place_kernel
def _step_above_air(y, beta_kg_m2, at_80, h, height_m, ux, uy, uz, phi):
    """`step_with_transition` where drag is small: three gravities, and air and gradient once, in the middle.

    State: Nyström's method of order 4 for second-order equations (Hairer, Norsett & Wanner, Solving Ordinary
    Differential Equations I, section II.14), the slow Coriolis part by trapezoids; drag along that path, density
    an exponential in time about the middle. Transition: exponential of the derivative in the middle (Magnus), to h^3.
    """
    turn = 2.0 * EARTH_RATE_RAD_S
    half = 0.5 * h
    x, y_, z, vx, vy, vz = y[0], y[1], y[2], y[3], y[4], y[5]
    ax, ay, az = _inertial_pull(x, y_, z)
    ax += turn * vy
    ay -= turn * vx
    mx = x + half * (vx + 0.25 * h * ax)
    my = y_ + half * (vy + 0.25 * h * ay)
    mz = z + half * (vz + 0.25 * h * az)
    bx, by, bz = _inertial_pull(mx, my, mz)
    sx = vx + 0.25 * h * (ax + bx + turn * (vy + half * ay))
    sy = vy + 0.25 * h * (ay + by - turn * (vx + half * ax))
    sz = vz + 0.25 * h * (az + bz)
    bx += turn * sy
    by -= turn * sx
    cx, cy, cz = _inertial_pull(x + h * (vx + half * bx), y_ + h * (vy + half * by), z + h * (vz + half * bz))
    cx += turn * (vy + h * by)
    cy -= turn * (vx + h * bx)
    y[0] = x + h * (vx + h / 6.0 * (ax + 2.0 * bx))
    y[1] = y_ + h * (vy + h / 6.0 * (ay + 2.0 * by))
    y[2] = z + h * (vz + h / 6.0 * (az + 2.0 * bz))
    y[3] = vx + h / 6.0 * (ax + 4.0 * bx + cx)
    y[4] = vy + h / 6.0 * (ay + 4.0 * by + cy)
    y[5] = vz + h / 6.0 * (az + 4.0 * bz + cz)
    r2 = max(mx * mx + my * my + mz * mz, 1.0)
    near2 = 1.0 / r2
    near = math.sqrt(near2)
    g = GM_M3_S2 * near2 * near
    w2 = EARTH_RATE_RAD_S * EARTH_RATE_RAD_S
    for i in range(3):
        lift = 3.0 * g * near2 * (mx if i == 0 else (my if i == 1 else mz))
        phi[3 + i, 0] = lift * mx
        phi[3 + i, 1] = lift * my
        phi[3 + i, 2] = lift * mz
        phi[3 + i, 3] = 0.0
        phi[3 + i, 4] = 0.0
        phi[3 + i, 5] = 0.0
        phi[3 + i, i] -= g
        phi[i, 6] = 0.0
        phi[3 + i, 6] = 0.0
    phi[3, 0] += w2
    phi[4, 1] += w2
    phi[3, 4] = turn
    phi[4, 3] = -turn
    dx = dy = dz = 0.0
    if beta_kg_m2 > 0.0 and r2 < _NO_AIR_RADIUS2_M2:
        along = ux * (mx - x) + uy * (my - y_) + uz * (mz - z)
        across2 = (mx - x) ** 2 + (my - y_) ** 2 + (mz - z) ** 2 - along * along
        ux += (mx - x - along * ux) * near
        uy += (my - y_ - along * uy) * near
        uz += (mz - z - along * uz) * near
        standard, steep = density_and_slope_us76(height_m + along + 0.5 * across2 * near)
        speed = math.sqrt(sx * sx + sy * sy + sz * sz)
        k = -0.5 * standard * max(1.0 + at_80, _THINNEST) * speed / beta_kg_m2
        growth = steep * (sx * ux + sy * uy + sz * uz) * h
        to_velocity = h * (1.0 + growth * growth / 24.0)
        to_position = half * h * (1.0 - growth / 6.0 + growth * growth / 24.0)
        straight = k / (speed * speed) if speed > 1e-9 else 0.0
        for i in range(3):
            u = sx if i == 0 else (sy if i == 1 else sz)
            d = k * u
            y[i] += to_position * d
            y[3 + i] += to_velocity * d
            phi[i, 6] = -to_position * d
            phi[3 + i, 6] = -to_velocity * d
            phi[3 + i, 0] += d * steep * ux
            phi[3 + i, 1] += d * steep * uy
            phi[3 + i, 2] += d * steep * uz
            phi[3 + i, 3] += straight * u * sx
            phi[3 + i, 4] += straight * u * sy
            phi[3 + i, 5] += straight * u * sz
            phi[3 + i, 3 + i] += k
        dx, dy, dz = k * sx, k * sy, k * sz
    # from the gradients, which stand in the lower half, to the matrix
    for j in range(3):
        by_x = half * turn * phi[4, j]
        by_y = -half * turn * phi[3, j]
        for i in range(3):
            same = 1.0 if i == j else 0.0
            pull = phi[3 + i, j]
            push = phi[3 + i, 3 + j]
            bend = pull - (turn * turn if i == j and i < 2 else 0.0)
            bent = by_x if i == 0 else (by_y if i == 1 else 0.0)
            phi[i, j] = same + half * h * (pull + bent * (2.0 / 3.0))
            phi[i, 3 + j] = h * (same + half * push + h * h / 6.0 * bend)
            phi[3 + i, j] = h * (pull + bent)
            phi[3 + i, 3 + j] = same + h * (push + half * bend)
    return dx, dy, dz


@in_place_kernel
def step_with_transition(y, beta_kg_m2, at_20, at_80, wind_e, wind_n, h, height_m, ux, uy, uz, phi, work):
    """One step of an unpowered object, with its transition matrix.

    In        y (>= 6,) position, velocity, moved in place by h, s, either sign
              at_20 .. wind_n         the four numbers of `air`
              height_m, (ux, uy, uz)  its height and up there, as `geodesy.height_and_up`
              work      (>= 12, >= 7), overwritten
    Out       phi (>= 6, >= 7) filled in its leading rows and columns: d(state after) by d(state before) and, in
              column 6, by d ln(beta); returns the acceleration by drag, m/s2, at the start (above the air: midway)
    Accuracy  against flights by Dormand & Prince 8(5,3) to 1e-12 and their central differences, 60 states each at
              random to 7 km/s, beta from 300 kg/m2, phi with velocities scaled by h (tests/kernels/test_transition.py)
                  vacuum, 5 s              phi 2e-7, 3e-6 m, 1e-8 m/s
                  100 to 150 km, 5 s       phi 7e-6, 17 mm, 3 mm/s, in steep falls at 7 km/s; a half within 3e-7, 0.1
                                           mm, 0.02 mm/s; column 6 as the state, a half of it within 2 %
                  in air to 100 m/s2, 1 s  phi 5e-5, 0.1 m, 0.03 m/s, at corners of the standard's layers; a half
                                           within 3e-8, 1e-5 m, 2e-6 m/s; column 6 within 0.3 %
    """
    if beta_kg_m2 > 0.0 and min(height_m, height_m + h * (y[3] * ux + y[4] * uy + y[5] * uz)) < THIN_AIR_M:
        return _step_in_air(y, beta_kg_m2, at_20, at_80, wind_e, wind_n, h, height_m, ux, uy, uz, phi, work)
    return _step_above_air(y, beta_kg_m2, at_80, h, height_m, ux, uy, uz, phi)


@kernel
def advance_with_transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s, step_s):
    """`advance`, and with it the state transition matrix.

    Out       (position (3,), velocity (3,), phi (6, 6)): phi = d(state after)/d(state before)
    Accuracy  phi, velocities scaled by dt: measured 9e-4 for dt <= 12 s at step 1 s, 6e-3 at step 3 s (drag to
              100 m/s2, where a re-entry crosses the corners of the standard's layers); above the air, at step 5 s, 7e-7
              over 10 s, growing as the square of dt to 2.4e-5 over 60 s. One step: see `step_with_transition`
    """
    count = _steps(dt_s, step_s)
    h = dt_s / count
    y = join(position_ecef_m, velocity_ecef_m_s)
    phi = np.eye(6)
    one = np.empty((6, 7))
    work = np.empty((12, 7))
    column = np.empty(6)
    for _ in range(count):
        height_m, ux, uy, uz = height_and_up(y[0], y[1], y[2])
        step_with_transition(y, beta_kg_m2, air[0], air[1], air[2], air[3], h, height_m, ux, uy, uz, one, work)
        for j in range(6):
            for i in range(6):
                s = 0.0
                for k in range(6):
                    s += one[i, k] * phi[k, j]
                column[i] = s
            for i in range(6):
                phi[i, j] = column[i]
    return part(y, 0), part(y, 3), phi


@kernel
def transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s):
    """(6, 6) d(state at t + dt)/d(state at t), order position, velocity, in steps of at most 1 s.

    Accuracy  see `advance_with_transition`, which gives the moved state as well for the same price
    """
    return advance_with_transition(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, dt_s, 1.0)[2]
