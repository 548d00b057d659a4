"""Gravitation of an Earth: the point mass and its zonal terms."""

from __future__ import annotations

import math

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import GM_M3_S2, J2, SEMI_MAJOR_M


@kernel
def gravity_zonal(x_m, y_m, z_m, gm_m3_s2, semi_major_m, j2, j3, j4):
    """Gravitation, centrifugal part *not* included, ECEF (ax, ay, az), m/s2. (0, 0, 0) within 1 m of the centre.

    Accuracy  the gradient of its own potential to rounding; J3 and J4 left out (0): under 2e-5 of gravity
    Source    Vallado, Fundamentals of Astrodynamics, 4th ed., eq. 8-30, 8-31 and 8-32
    """
    r2 = x_m * x_m + y_m * y_m + z_m * z_m
    if r2 < 1.0:
        return 0.0, 0.0, 0.0
    r = math.sqrt(r2)
    k = -gm_m3_s2 / (r2 * r)
    q = 1.5 * j2 * semi_major_m * semi_major_m / r2
    s = 5.0 * z_m * z_m / r2
    level = k * (1.0 + q * (1.0 - s))
    ax = level * x_m
    ay = level * y_m
    az = k * (1.0 + q * (3.0 - s)) * z_m
    if j3 != 0.0 or j4 != 0.0:
        a_r = semi_major_m / r
        u = z_m / r
        u2 = u * u
        q3 = 2.5 * j3 * a_r * a_r * a_r
        q4 = 1.875 * j4 * a_r * a_r * a_r * a_r
        level = k * (q3 * u * (3.0 - 7.0 * u2) - q4 * (1.0 - 14.0 * u2 + 21.0 * u2 * u2))
        ax += level * x_m
        ay += level * y_m
        az += k * r * (q3 * (6.0 * u2 - 7.0 * u2 * u2 - 0.6) - q4 * u * (5.0 - 70.0 / 3.0 * u2 + 21.0 * u2 * u2))
    return ax, ay, az


@kernel
def gravity_j2(x_m, y_m, z_m):
    """`gravity_zonal` of WGS-84 with J2 alone."""
    return gravity_zonal(x_m, y_m, z_m, GM_M3_S2, SEMI_MAJOR_M, J2, 0.0, 0.0)
