"""Gravitation of the Earth: the point mass and its oblateness."""

from __future__ import annotations

import math

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import GM_M3_S2, J2, SEMI_MAJOR_M

_J2_FACTOR = 1.5 * J2 * SEMI_MAJOR_M * SEMI_MAJOR_M  # m2


@kernel
def gravity_j2(x_m, y_m, z_m):
    """Gravitation, centrifugal part *not* included, ECEF (ax, ay, az), m/s2. (0, 0, 0) within 1 m of the centre.

    Accuracy  J3 and above left out: under 2e-5 of gravity
    Source    Vallado, Fundamentals of Astrodynamics, 4th ed., eq. 8-30
    """
    r2 = x_m * x_m + y_m * y_m + z_m * z_m
    if r2 < 1.0:
        return 0.0, 0.0, 0.0
    k = -GM_M3_S2 / (r2 * math.sqrt(r2))
    q = _J2_FACTOR / r2
    s = 5.0 * z_m * z_m / r2
    level = k * (1.0 + q * (1.0 - s))
    return level * x_m, level * y_m, k * (1.0 + q * (3.0 - s)) * z_m
