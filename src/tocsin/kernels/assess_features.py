"""Motion features that tell a missile from an aircraft and a satellite, with their spread."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.assess_sigma import lower_factor
from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, SEMI_MAJOR_M, SEMI_MINOR_M
from tocsin.kernels.geodesy import height_and_up

FEATURES = 5


@kernel
def motion_features(position, velocity):
    """Energy and osculating perigee in inertial space; height and speeds as seen from the Earth.

    In   position, velocity  (3,) ECEF m, m/s (rotating)
    Out  (5,)  specific energy m2/s2 (two-body, inertial velocity = v + omega x r), perigee height m (above the
               ellipsoid at the perigee's latitude), geodetic height m, speed m/s, upward speed m/s
    Source  Vallado, Fundamentals of Astrodynamics, 4th ed., algorithm 9 (eccentricity vector)
    """
    out = np.zeros(FEATURES)
    x, y, z = position[0], position[1], position[2]
    u = velocity[0] - EARTH_RATE_RAD_S * y
    v = velocity[1] + EARTH_RATE_RAD_S * x
    w = velocity[2]
    r = math.sqrt(x * x + y * y + z * z)
    if r < 1.0:
        return out
    square = u * u + v * v + w * w
    radial = x * u + y * v + z * w
    energy = 0.5 * square - GM_M3_S2 / r
    gain = square / GM_M3_S2 - 1.0 / r
    ex = gain * x - radial / GM_M3_S2 * u
    ey = gain * y - radial / GM_M3_S2 * v
    ez = gain * z - radial / GM_M3_S2 * w
    e = math.sqrt(ex * ex + ey * ey + ez * ez)
    h2 = max(0.0, r * r * square - radial * radial)
    perigee_r = h2 / (GM_M3_S2 * (1.0 + e))
    sine2 = (ez / e) ** 2 if e > 1e-9 else 0.0
    surface = SEMI_MAJOR_M * SEMI_MINOR_M / math.sqrt(SEMI_MINOR_M**2 * (1.0 - sine2) + SEMI_MAJOR_M**2 * sine2)
    height, ux, uy, uz = height_and_up(x, y, z)
    up = ux * velocity[0] + uy * velocity[1] + uz * velocity[2]
    out[0] = energy
    out[1] = perigee_r - surface
    out[2] = height
    out[3] = math.sqrt(velocity[0] ** 2 + velocity[1] ** 2 + velocity[2] ** 2)
    out[4] = up
    return out


@kernel
def features_with_spread(position, velocity, covariance):
    """Features at the mean and one sigma of each, by central differences along the covariance's axes.

    In   position, velocity (3,), covariance (6, 6)
    Out  mean (5,), std (5,) in the order of ``motion_features``
    """
    mean = motion_features(position, velocity)
    factor = lower_factor(covariance)
    variance = np.zeros(FEATURES)
    p = np.zeros(3)
    v = np.zeros(3)
    for axis in range(6):
        for k in range(3):
            p[k] = position[k] + factor[k, axis]
            v[k] = velocity[k] + factor[k + 3, axis]
        up = motion_features(p, v)
        for k in range(3):
            p[k] = position[k] - factor[k, axis]
            v[k] = velocity[k] - factor[k + 3, axis]
        low = motion_features(p, v)
        for f in range(FEATURES):
            variance[f] += (0.5 * (up[f] - low[f])) ** 2
    return mean, np.sqrt(variance)
