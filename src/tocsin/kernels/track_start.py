"""The first state of a track from one plot, with a covariance that says how little one plot tells."""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.geodesy import ecef_from_radar, enu_axes, geodetic_from_ecef, height_and_up, radar_from_ecef
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    CUE_ALONG_STD_M,
    CUE_HEIGHT_M,
    CUE_HEIGHT_STD_M,
    CUE_SPEED_M_S,
    CUE_VELOCITY_STD_M_S,
    LEVEL,
    LEVEL_HEIGHT_MAX_M,
    LEVEL_SPEED_STD_M_S,
    LOG_BETA_MEAN,
    LOG_BETA_VAR,
    MODEL_COUNT,
    SIZE,
    THRUST_M_S2,
    THRUST_STD_M_S2,
    VELOCITY_STD_M_S,
)
from tocsin.kernels.track_observe import INFRARED, POSITION

_LEVEL_CLIMB_STD_M_S = 15.0  # m/s, aircraft climb and descend
_HIGH_BURN_PROB = 0.1  # that what a radar first sees higher than level flight burns


@kernel
def where_sight_meets_height(site, sight, height_m):
    """Point (3,) ECEF where a line of sight first comes down to a height; and whether it does.

    Where it passes above, the point nearest the Earth. Accuracy 1 m for lines steeper than 1 degree there.
    """
    along = -(site[0] * sight[0] + site[1] * sight[1] + site[2] * sight[2])
    r2 = site[0] ** 2 + site[1] ** 2 + site[2] ** 2
    miss2 = r2 - along * along
    radius = MEAN_EARTH_RADIUS_M + height_m
    point = np.empty(3)
    hits = along > 0.0 and miss2 < radius * radius
    t = along - math.sqrt(radius * radius - miss2) if hits else max(along, 0.0)
    if hits:
        for _ in range(8):
            for i in range(3):
                point[i] = site[i] + t * sight[i]
            height, ux, uy, uz = height_and_up(point[0], point[1], point[2])
            down = -(sight[0] * ux + sight[1] * uy + sight[2] * uz)
            if down < 0.01:
                t = along
                hits = False
                break
            t += (height - height_m) / down
    for i in range(3):
        point[i] = site[i] + t * sight[i]
    return point, hits


@kernel
def plot_position(kind, z, site, par):
    """Where a plot is, (3,) ECEF m; an infrared plot by the height at which plumes are first seen."""
    if kind == POSITION:
        return z[:3].copy()
    if kind == INFRARED:
        point, _ = where_sight_meets_height(site, z[:3], par[CUE_HEIGHT_M])
        return point
    return ecef_from_radar(z[0], z[1], z[2], site)


@kernel
def start_bank(kind, z, site, var, par, x, cov, mu):
    """Fill one track's x (3, 9), cov (3, 9, 9) and mu (3,) from its first plot."""
    for m in range(MODEL_COUNT):
        for i in range(SIZE):
            x[m, i] = 0.0
            for j in range(SIZE):
                cov[m, i, j] = 0.0
    position = plot_position(kind, z, site, par)
    lat, lon, height_m = geodetic_from_ecef(position[0], position[1], position[2])
    axes = enu_axes(lat, lon)
    up = axes[2]
    p = np.zeros((3, 3))
    if kind == POSITION:
        for r in range(3):
            for i in range(3):
                for j in range(3):
                    p[i, j] += var[r] * axes[r, i] * axes[r, j]
    elif kind == INFRARED:
        _, hits = where_sight_meets_height(site, z[:3], par[CUE_HEIGHT_M])
        distance2 = 0.0
        for i in range(3):
            distance2 += (position[i] - site[i]) ** 2
        across = var[0] * distance2
        down = -(z[0] * up[0] + z[1] * up[1] + z[2] * up[2])  # sine of the angle at which the sight comes down
        along = par[CUE_ALONG_STD_M] ** 2
        if hits and down > 0.0:
            along = min(along, (par[CUE_HEIGHT_STD_M] / down) ** 2)
        for i in range(3):
            for j in range(3):
                p[i, j] = (along - across) * z[i] * z[j] + (across if i == j else 0.0)
    else:
        range_m, azimuth, elevation = radar_from_ecef(position, site)
        site_lat, site_lon, _ = geodetic_from_ecef(site[0], site[1], site[2])
        local = enu_axes(site_lat, site_lon)
        sin_a, cos_a = math.sin(azimuth), math.cos(azimuth)
        sin_e, cos_e = math.sin(elevation), math.cos(elevation)
        for i in range(3):
            for j in range(3):
                ui = cos_e * (sin_a * local[0, i] + cos_a * local[1, i]) + sin_e * local[2, i]
                uj = cos_e * (sin_a * local[0, j] + cos_a * local[1, j]) + sin_e * local[2, j]
                ai = cos_a * local[0, i] - sin_a * local[1, i]
                aj = cos_a * local[0, j] - sin_a * local[1, j]
                ei = cos_e * local[2, i] - sin_e * (sin_a * local[0, i] + cos_a * local[1, i])
                ej = cos_e * local[2, j] - sin_e * (sin_a * local[0, j] + cos_a * local[1, j])
                p[i, j] = (
                    var[0] * ui * uj
                    + var[1] * (range_m * max(cos_e, 0.01)) ** 2 * ai * aj
                    + var[2] * range_m**2 * ei * ej
                )
    for m in range(MODEL_COUNT):
        for i in range(3):
            x[m, i] = position[i]
            for j in range(3):
                cov[m, i, j] = p[i, j]
    from_plume = kind == INFRARED
    std = par[CUE_VELOCITY_STD_M_S] if from_plume else par[VELOCITY_STD_M_S]
    for i in range(3):
        for m in range(2):
            x[m, 3 + i] = par[CUE_SPEED_M_S] * up[i] if from_plume else 0.0
            cov[m, 3 + i, 3 + i] = std * std
        x[BOOST, 6 + i] = par[THRUST_M_S2] * up[i]
        cov[BOOST, 6 + i, 6 + i] = par[THRUST_STD_M_S2] ** 2
        for j in range(3):
            climb = _LEVEL_CLIMB_STD_M_S**2 - par[LEVEL_SPEED_STD_M_S] ** 2
            cov[LEVEL, 3 + i, 3 + j] = climb * up[i] * up[j]
        cov[LEVEL, 3 + i, 3 + i] += par[LEVEL_SPEED_STD_M_S] ** 2
    x[BALLISTIC, 6] = par[LOG_BETA_MEAN]
    cov[BALLISTIC, 6, 6] = par[LOG_BETA_VAR]
    if from_plume:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.9, 0.1, 0.0
    elif height_m > par[LEVEL_HEIGHT_MAX_M]:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.0, 1.0, 0.0
    else:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.05, 0.15, 0.8
    return position


@in_place_kernel
def light(x, cov, mu, slope, par):
    """Give a bank that one plot, higher than level flight, began its BOOST model at the second.

    One position tells nothing of thrust, so until then BALLISTIC stands for both: BOOST begins as its state under the
    prior thrust, upward.
    """
    for i in range(6):
        x[BOOST, i] = x[BALLISTIC, i]
        for j in range(6):
            cov[BOOST, i, j] = cov[BALLISTIC, i, j]
        for c in range(slope.shape[2]):
            slope[BOOST, i, c] = slope[BALLISTIC, i, c]
    _, ux, uy, uz = height_and_up(x[BOOST, 0], x[BOOST, 1], x[BOOST, 2])
    up = (ux, uy, uz)
    for i in range(6, SIZE):
        for j in range(SIZE):
            cov[BOOST, i, j] = 0.0
            cov[BOOST, j, i] = 0.0
        x[BOOST, i] = par[THRUST_M_S2] * up[i - 6]
        cov[BOOST, i, i] = par[THRUST_STD_M_S2] ** 2
    mu[BOOST], mu[BALLISTIC] = _HIGH_BURN_PROB, 1.0 - _HIGH_BURN_PROB
