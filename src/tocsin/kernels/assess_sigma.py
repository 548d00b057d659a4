"""Sigma points of a track and of what its model leaves out, and the moments of where they fall.

Second-order divided differences (DD2): every axis of the uncertainty is tried at plus and minus
``sqrt(3)`` standard deviations. Unlike an unscented transform of ten dimensions it needs no
negative weight, so a covariance is never indefinite.
Source: Norgaard, Poulsen, Ravn, "New developments in state estimation for nonlinear systems",
Automatica 36 (2000), eqs 33-38; for h**2 = 3, the kurtosis of a Gaussian.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.fall import NO_IMPACT, fall_batch_within
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef

STEP = math.sqrt(3.0)  # of one axis, in standard deviations
AXES = 10  # position 3, velocity 3, ln(ballistic coefficient), air density, wind east, wind north
POINTS = 1 + 2 * AXES
TOLERANCE_M = 2.5  # of each step of a fall: moves the covariance by less than a thousandth of itself


@kernel
def lower_factor(covariance):
    """Lower-triangular L with L L' = covariance; an axis without positive variance gives a zero column.

    In   covariance  (n, n) float64, symmetric, positive semidefinite up to rounding
    Out  (n, n) float64
    """
    size = covariance.shape[0]
    factor = np.zeros((size, size))
    for j in range(size):
        pivot = covariance[j, j]
        for k in range(j):
            pivot -= factor[j, k] * factor[j, k]
        if pivot <= 1e-12 * abs(covariance[j, j]) or not math.isfinite(pivot):
            continue
        root = math.sqrt(pivot)
        factor[j, j] = root
        for i in range(j + 1, size):
            rest = covariance[i, j]
            for k in range(j):
                rest -= factor[i, k] * factor[j, k]
            factor[i, j] = rest / root
    return factor


@kernel
def sigma_points(position, velocity, covariance, log_beta, log_beta_std, air_std):
    """The mean and 2 x 10 points about it, ready for ``fall_batch``.

    In   position, velocity  (3,)   ECEF, m and m/s
         covariance          (6, 6) of both
         log_beta, log_beta_std     natural log of the ballistic coefficient in kg/m2
         air_std             (4,)   one sigma of ``air`` as in ``motion.acceleration``; its two densities go together
    Out  state (21, 6), beta (21,), air (21, 4); row 0 the mean, rows 2i+1 and 2i+2 axis i up and down
    """
    state = np.zeros((POINTS, 6))
    beta = np.zeros(POINTS)
    air = np.zeros((POINTS, 4))
    factor = lower_factor(covariance)
    for p in range(POINTS):
        for k in range(3):
            state[p, k] = position[k]
            state[p, k + 3] = velocity[k]
        beta[p] = math.exp(log_beta)
    for axis in range(6):
        for k in range(6):
            shift = STEP * factor[k, axis]
            state[2 * axis + 1, k] += shift
            state[2 * axis + 2, k] -= shift
    beta[13] = math.exp(log_beta + STEP * log_beta_std)
    beta[14] = math.exp(log_beta - STEP * log_beta_std)
    for side in range(2):
        shift = STEP * (1.0 - 2.0 * side)
        air[15 + side, 0] = shift * air_std[0]  # one draw of density for all heights
        air[15 + side, 1] = shift * air_std[1]
        air[17 + side, 2] = shift * air_std[2]
        air[19 + side, 3] = shift * air_std[3]
    return state, beta, air


@kernel
def impact_moments(status, impact, time_s):
    """Mean and covariance of where and when sigma points fall, azimuthal equidistant about the central one.

    In   status (21,) int as in ``fall_batch``; impact (21, 3) ECEF m; time_s (21,); in the order of ``sigma_points``.
         A point that does not come down takes the mirror image of its partner; an axis with neither is left out.
    Out  is_down            the central point comes down; all below are zero where not
         down_share         of the points, how many come down
         mean (3,)          ECEF m, on the ellipsoid
         covariance (3, 3)  of east m, north m, time s
         mean_time_s
    Accuracy  second order in the spread
    """
    mean_ecef = np.zeros(3)
    covariance = np.zeros((3, 3))
    down = 0
    for p in range(POINTS):
        if status[p] != NO_IMPACT:
            down += 1
    share = down / POINTS
    if status[0] == NO_IMPACT:
        return False, share, mean_ecef, covariance, 0.0
    latitude, longitude, _ = geodetic_from_ecef(impact[0, 0], impact[0, 1], impact[0, 2])
    enu = enu_axes(latitude, longitude)
    local = np.zeros((POINTS, 3))
    for p in range(1, POINTS):
        if status[p] != NO_IMPACT:
            rise = 0.0
            for k in range(3):
                delta = impact[p, k] - impact[0, k]
                local[p, 0] += enu[0, k] * delta
                local[p, 1] += enu[1, k] * delta
                rise += enu[2, k] * delta
            level = math.hypot(local[p, 0], local[p, 1])
            if level > 1.0:  # along the ground, as flight.regions counts
                arc = MEAN_EARTH_RADIUS_M * math.atan2(level, MEAN_EARTH_RADIUS_M + rise) / level
                local[p, 0] *= arc
                local[p, 1] *= arc
            local[p, 2] = time_s[p] - time_s[0]
    mean = np.zeros(3)
    square = STEP * STEP
    for axis in range(AXES):
        up, low = 2 * axis + 1, 2 * axis + 2
        if status[up] == NO_IMPACT and status[low] == NO_IMPACT:
            continue
        for i in range(3):
            if status[up] == NO_IMPACT:
                local[up, i] = -local[low, i]
            elif status[low] == NO_IMPACT:
                local[low, i] = -local[up, i]
        for i in range(3):
            bend_i = local[up, i] + local[low, i]
            mean[i] += bend_i / (2.0 * square)
            for j in range(3):
                slope = (local[up, i] - local[low, i]) * (local[up, j] - local[low, j]) / (4.0 * square)
                bend = (square - 1.0) / (4.0 * square * square) * bend_i * (local[up, j] + local[low, j])
                covariance[i, j] += slope + bend
    x = impact[0, 0] + enu[0, 0] * mean[0] + enu[1, 0] * mean[1]
    y = impact[0, 1] + enu[0, 1] * mean[0] + enu[1, 1] * mean[1]
    z = impact[0, 2] + enu[0, 2] * mean[0] + enu[1, 2] * mean[1]
    latitude, longitude, _ = geodetic_from_ecef(x, y, z)
    mean_ecef[0], mean_ecef[1], mean_ecef[2] = ecef_from_geodetic(latitude, longitude, 0.0)
    return True, share, mean_ecef, covariance, time_s[0] + mean[2]


@kernel
def fall_moments(position, velocity, covariance, log_beta, log_beta_std, air_std, max_time_s):
    """``sigma_points``, ``fall_batch`` and ``impact_moments`` in one: arguments and results as there."""
    state, beta, air = sigma_points(position, velocity, covariance, log_beta, log_beta_std, air_std)
    status, impact, time_s = fall_batch_within(state, beta, air, max_time_s, TOLERANCE_M)
    return impact_moments(status, impact, time_s)
