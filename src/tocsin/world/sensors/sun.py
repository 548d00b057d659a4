"""Where the sun stands, and where on the Earth a platform sees it mirrored."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.constants import SEMI_MAJOR_M
from tocsin.units import DEG, NS_PER_S
from tocsin.world.ballistic import Array
from tocsin.world.sky import S_PER_DAY, UNIX_EPOCH_JD, sidereal_rad

J2000_JD = 2_451_545.0  # Julian date of 2000-01-01T12:00
_HALVINGS = 40


def sun_direction(epoch_ns: int, time_s: Array) -> Array:
    """Unit vectors (n, 3) to the sun, ECEF, at seconds from an epoch.

    Accuracy  0.01 deg from 1950 to 2050. Source: The Astronomical Almanac, low-precision formulas for the sun (page C5)
    """
    days, rest_ns = divmod(epoch_ns, int(S_PER_DAY) * NS_PER_S)
    day = np.full(time_s.shape, UNIX_EPOCH_JD + days)
    fraction = (rest_ns / NS_PER_S + time_s) / S_PER_DAY
    n = day - J2000_JD + fraction
    mean_longitude = np.mod(280.460 + 0.985_647_4 * n, 360.0)
    anomaly = np.mod(357.528 + 0.985_600_3 * n, 360.0) * DEG
    longitude = (mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly)) * DEG
    obliquity = (23.439 - 4.0e-7 * n) * DEG
    x = np.cos(longitude)
    y = np.cos(obliquity) * np.sin(longitude)
    z = np.sin(obliquity) * np.sin(longitude)
    turn = sidereal_rad(day, fraction)
    return np.column_stack((np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x, z))


def mirror_point(platform_m: Array, sun: Array) -> tuple[Array, Array]:
    """Where a round Earth mirrors the sun to a platform: equal angles of arrival and departure.

    In        platform_m (n, 3), sun (n, 3) unit vectors
    Out       (n, 3) m, on a sphere of the equatorial radius, and (n,) whether there is one: no where the sun has set
              there. Always on the side of the Earth that the platform sees
    """
    radius_m = np.linalg.norm(platform_m, axis=1)
    above = platform_m / radius_m[:, None]
    between = np.arccos(np.clip(np.einsum("ij,ij->i", above, sun), -1.0, 1.0))
    across = sun - np.cos(between)[:, None] * above
    across /= np.maximum(np.linalg.norm(across, axis=1), 1e-12)[:, None]
    low, high = np.zeros_like(between), between.copy()
    for _ in range(_HALVINGS):  # the angle from the platform's nadir at which arrival equals departure
        middle = 0.5 * (low + high)
        departure = np.arctan2(radius_m * np.sin(middle), radius_m * np.cos(middle) - SEMI_MAJOR_M)
        is_near = departure < between - middle
        low, high = np.where(is_near, middle, low), np.where(is_near, high, middle)
    angle = 0.5 * (low + high)
    point = SEMI_MAJOR_M * (np.cos(angle)[:, None] * above + np.sin(angle)[:, None] * across)
    return point, between - angle < 0.5 * math.pi
