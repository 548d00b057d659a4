"""What each kind of sensor measures of a state: residual and analytic Jacobian, in the sensor's own coordinates."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import enu_axes, geodetic_from_ecef, radar_from_ecef, radar_jacobian

RADAR = 0  # z = range m, azimuth rad, elevation rad
RADAR_RATE = 1  # z = the same, range rate m/s
INFRARED = 2  # z = unit line of sight, ECEF; two angles about it
POSITION = 3  # z = ECEF position m; residual in east, north, up there
ROWS = 4  # room for the longest measurement
ROW_COUNT = np.array([3, 4, 2, 3])


@kernel
def observe(kind, x, site, z, residual, jacobian):
    """Residual z - h(x) and d h / d(position, velocity).

    In        x (>= 6,); site (3,) ECEF m; z (4,) as named above; range rate is freed of the own motion of the sensor
    Out       residual (4,), jacobian (4, 6), leading ROW_COUNT[kind] rows filled; returns distance m
              from the sensor to the target (0 for POSITION)
    """
    for r in range(ROWS):
        for k in range(6):
            jacobian[r, k] = 0.0
    if kind == POSITION:
        lat, lon, _ = geodetic_from_ecef(z[0], z[1], z[2])
        axes = enu_axes(lat, lon)
        for i in range(3):
            s = 0.0
            for j in range(3):
                s += axes[i, j] * (z[j] - x[j])
                jacobian[i, j] = axes[i, j]
            residual[i] = s
        return 0.0
    if kind == INFRARED:
        d = np.empty(3)
        for i in range(3):
            d[i] = x[i] - site[i]
        distance = max(math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), 1.0)
        across = tangent_axes(z)
        for r in range(2):
            along = (across[r, 0] * d[0] + across[r, 1] * d[1] + across[r, 2] * d[2]) / distance
            residual[r] = -along
            for j in range(3):
                jacobian[r, j] = (across[r, j] - along * d[j] / distance) / distance
        return distance
    range_m, azimuth, elevation = radar_from_ecef(x, site)
    residual[0] = z[0] - range_m
    turn = z[1] - azimuth
    residual[1] = turn - 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5)
    residual[2] = z[2] - elevation
    by_position = radar_jacobian(x, site)
    for r in range(3):
        for k in range(3):
            jacobian[r, k] = by_position[r, k]
    if kind == RADAR_RATE:
        rate = 0.0
        for j in range(3):
            rate += jacobian[0, j] * (x[3 + j])
        for j in range(3):
            jacobian[3, 3 + j] = jacobian[0, j]
            jacobian[3, j] = (x[3 + j] - rate * jacobian[0, j]) / max(range_m, 1.0)
        residual[3] = z[3] - rate
    return range_m


@kernel
def tangent_axes(u):
    """(2, 3): two unit vectors square to a unit vector and to each other."""
    axes = np.zeros((2, 3))
    k = 0
    for i in range(1, 3):
        if abs(u[i]) < abs(u[k]):
            k = i
    axes[0, k] = 1.0
    for i in range(3):
        axes[0, i] -= u[k] * u[i]
    size = math.sqrt(axes[0, 0] ** 2 + axes[0, 1] ** 2 + axes[0, 2] ** 2)
    for i in range(3):
        axes[0, i] /= size
    axes[1, 0] = u[1] * axes[0, 2] - u[2] * axes[0, 1]
    axes[1, 1] = u[2] * axes[0, 0] - u[0] * axes[0, 2]
    axes[1, 2] = u[0] * axes[0, 1] - u[1] * axes[0, 0]
    return axes
