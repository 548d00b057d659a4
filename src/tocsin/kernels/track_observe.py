"""What each kind of sensor measures of a state: residual and analytic Jacobian, in the sensor's own coordinates."""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.geodesy import east_north_up, radar_view

RADAR = 0  # z = range m, azimuth rad, elevation rad
RADAR_RATE = 1  # z = the same, range rate m/s
INFRARED = 2  # z = unit line of sight, ECEF; two angles about it
POSITION = 3  # z = ECEF position m; residual in east, north, up there
ROWS = 4  # room for the longest measurement
ROW_COUNT = np.array([3, 4, 2, 3])
NU = 9  # column of the residual, after the longest state
COLUMN_COUNT = np.array([3, 6, 3, 3])  # leading components of the state that are measured


@in_place_kernel
def observe(kind, x, site, z, seen):
    """Residual z - h(x) and d h / d(position, velocity).

    In        x (>= 6,); site (3,) ECEF m; z (4,) as named above; range rate is freed of the own motion of the sensor
    Out       seen (>= 4, > NU): leading ROW_COUNT[kind] rows filled, the Jacobian in the leading six columns, the
              residual in column NU; returns distance m from the sensor to the target (0 for POSITION)
    """
    for r in range(ROWS):
        for k in range(3, 6):
            seen[r, k] = 0.0
    if kind == POSITION:
        ex, ey, nx, ny, nz, ux, uy, uz = east_north_up(z[0], z[1], z[2])
        axes = ((ex, ey, 0.0), (nx, ny, nz), (ux, uy, uz))
        for i in range(3):
            s = 0.0
            for j in range(3):
                s += axes[i][j] * (z[j] - x[j])
                seen[i, j] = axes[i][j]
            seen[i, NU] = s
        return 0.0
    if kind == INFRARED:
        dx, dy, dz = x[0] - site[0], x[1] - site[1], x[2] - site[2]
        distance = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1.0)
        across = _tangent_axes(z[0], z[1], z[2])
        for r in range(2):
            ax, ay, az = across[r]
            along = (ax * dx + ay * dy + az * dz) / distance
            seen[r, NU] = -along
            seen[r, 0] = (ax - along * dx / distance) / distance
            seen[r, 1] = (ay - along * dy / distance) / distance
            seen[r, 2] = (az - along * dz / distance) / distance
        return distance
    range_m, azimuth, elevation = radar_view(x, site, seen)
    seen[0, NU] = z[0] - range_m
    turn = z[1] - azimuth
    seen[1, NU] = turn - 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5)
    seen[2, NU] = z[2] - elevation
    if kind == RADAR_RATE:
        rate = 0.0
        for j in range(3):
            rate += seen[0, j] * x[3 + j]
        for j in range(3):
            seen[3, 3 + j] = seen[0, j]
            seen[3, j] = (x[3 + j] - rate * seen[0, j]) / max(range_m, 1.0)
        seen[3, NU] = z[3] - rate
    return range_m


@kernel
def _tangent_axes(x, y, z):
    """Two unit vectors square to a unit vector and to each other, as tuples."""
    if abs(z) < min(abs(x), abs(y)):
        tx, ty, tz = -z * x, -z * y, 1.0 - z * z
    elif abs(y) < abs(x):
        tx, ty, tz = -y * x, 1.0 - y * y, -y * z
    else:
        tx, ty, tz = 1.0 - x * x, -x * y, -x * z
    size = math.sqrt(tx * tx + ty * ty + tz * tz)
    tx, ty, tz = tx / size, ty / size, tz / size
    return (tx, ty, tz), (y * tz - z * ty, z * tx - x * tz, x * ty - y * tx)


@kernel
def tangent_axes(u):
    """(2, 3): two unit vectors square to a unit vector and to each other."""
    axes = np.empty((2, 3))
    both = _tangent_axes(u[0], u[1], u[2])
    for r in range(2):
        for i in range(3):
            axes[r, i] = both[r][i]
    return axes
