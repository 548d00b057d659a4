"""The first state of a track from one plot, with a covariance that says how little one plot tells."""

import math

from tocsin.kernels.compiled import in_place_kernel
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.geodesy import east_north_up, height_and_up
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    CUE_ALONG_STD_M,
    CUE_HEIGHT_M,
    CUE_HEIGHT_STD_M,
    CUE_SPEED_M_S,
    CUE_VELOCITY_STD_M_S,
    HIGH_BURN_PROB,
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

LEVEL_CLIMB_STD_M_S = 15.0  # m/s, aircraft climb and descend


@in_place_kernel
def where_sight_meets_height(site, sight, height_m):
    """Point ECEF, x, y, z, where a line of sight first comes down to a height; and whether it does.

    Where it passes above, the point nearest the Earth. Accuracy 1 m for lines steeper than 1 degree there.
    """
    along = -(site[0] * sight[0] + site[1] * sight[1] + site[2] * sight[2])
    r2 = site[0] ** 2 + site[1] ** 2 + site[2] ** 2
    miss2 = r2 - along * along
    radius = MEAN_EARTH_RADIUS_M + height_m
    hits = along > 0.0 and miss2 < radius * radius
    t = along - math.sqrt(radius * radius - miss2) if hits else max(along, 0.0)
    if hits:
        for _ in range(8):
            height, ux, uy, uz = height_and_up(site[0] + t * sight[0], site[1] + t * sight[1], site[2] + t * sight[2])
            down = -(sight[0] * ux + sight[1] * uy + sight[2] * uz)
            if down < 0.01:
                t = along
                hits = False
                break
            t += (height - height_m) / down
    return site[0] + t * sight[0], site[1] + t * sight[1], site[2] + t * sight[2], hits


@in_place_kernel
def start_bank(kind, z, site, var, par, x, cov, mu):
    """Fill one track's x (3, 9), cov (3, 9, 9) and mu (3,) from its first plot.

    An infrared plot lies at the height where plumes are first seen.
    """
    for m in range(MODEL_COUNT):
        for i in range(SIZE):
            x[m, i] = 0.0
            for j in range(SIZE):
                cov[m, i, j] = 0.0
    position = x[LEVEL]
    p = cov[LEVEL]
    if kind == INFRARED:
        position[0], position[1], position[2], hits = where_sight_meets_height(site, z, par[CUE_HEIGHT_M])
        height_m, ux, uy, uz = height_and_up(position[0], position[1], position[2])
        distance2 = 0.0
        for i in range(3):
            distance2 += (position[i] - site[i]) ** 2
        across = var[0] * distance2
        down = -(z[0] * ux + z[1] * uy + z[2] * uz)  # sine of the angle at which the sight comes down
        along = par[CUE_ALONG_STD_M] ** 2
        if hits and down > 0.0:
            along = min(along, (par[CUE_HEIGHT_STD_M] / down) ** 2)
        for i in range(3):
            for j in range(3):
                p[i, j] = (along - across) * (z[i] * z[j]) + (across if i == j else 0.0)
    else:
        place = z if kind == POSITION else site
        ex, ey, nx, ny, nz, ux, uy, uz = east_north_up(place[0], place[1], place[2])
        a, b, c = (ex, ey, 0.0), (nx, ny, nz), (ux, uy, uz)
        va, vb, vc = var[0], var[1], var[2]
        for i in range(3):
            position[i] = place[i]
        if kind != POSITION:
            sin_a, cos_a = math.sin(z[1]), math.cos(z[1])
            sin_e, cos_e = math.sin(z[2]), math.cos(z[2])
            fx, fy, fz = sin_a * ex + cos_a * nx, sin_a * ey + cos_a * ny, cos_a * nz  # level, toward the plot
            a = (cos_e * fx + sin_e * ux, cos_e * fy + sin_e * uy, cos_e * fz + sin_e * uz)
            b = (cos_a * ex - sin_a * nx, cos_a * ey - sin_a * ny, -sin_a * nz)
            c = (cos_e * ux - sin_e * fx, cos_e * uy - sin_e * fy, cos_e * uz - sin_e * fz)
            vb *= (z[0] * max(cos_e, 0.01)) ** 2
            vc *= z[0] * z[0]
            for i in range(3):
                position[i] += z[0] * a[i]
        for i in range(3):
            for j in range(3):
                p[i, j] = va * (a[i] * a[j]) + vb * (b[i] * b[j]) + vc * (c[i] * c[j])
        height_m, ux, uy, uz = height_and_up(position[0], position[1], position[2])
    up = (ux, uy, uz)
    from_plume = kind == INFRARED
    std = par[CUE_VELOCITY_STD_M_S] if from_plume else par[VELOCITY_STD_M_S]
    climb = LEVEL_CLIMB_STD_M_S**2 - par[LEVEL_SPEED_STD_M_S] ** 2
    for i in range(3):
        for m in range(2):
            x[m, i] = position[i]
            x[m, 3 + i] = par[CUE_SPEED_M_S] * up[i] if from_plume else 0.0
            cov[m, 3 + i, 3 + i] = std * std
            for j in range(3):
                cov[m, i, j] = p[i, j]
        x[BOOST, 6 + i] = par[THRUST_M_S2] * up[i]
        cov[BOOST, 6 + i, 6 + i] = par[THRUST_STD_M_S2] ** 2
        for j in range(3):
            p[3 + i, 3 + j] = climb * (up[i] * up[j])
        p[3 + i, 3 + i] += par[LEVEL_SPEED_STD_M_S] ** 2
    x[BALLISTIC, 6] = par[LOG_BETA_MEAN]
    cov[BALLISTIC, 6, 6] = par[LOG_BETA_VAR]
    if from_plume:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.9, 0.1, 0.0
    elif height_m > par[LEVEL_HEIGHT_MAX_M]:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.0, 1.0, 0.0
    else:
        mu[BOOST], mu[BALLISTIC], mu[LEVEL] = 0.05, 0.15, 0.8


@in_place_kernel
def light(x, cov, mu, slope, par):
    """Give a bank that one plot, higher than level flight, began its BOOST model at the second.

    One position tells nothing of thrust, so until then BALLISTIC stands for both: BOOST begins as its state under the
    prior thrust, upward. Where nothing ever burns, nothing is done.
    """
    if par[HIGH_BURN_PROB] <= 0.0:
        return
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
    mu[BOOST], mu[BALLISTIC] = par[HIGH_BURN_PROB], 1.0 - par[HIGH_BURN_PROB]
