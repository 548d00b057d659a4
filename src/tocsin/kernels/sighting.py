"""Which of many bodies stand where, seen from one sensor in many scans: tables in, one row for each sighting out.

Bodies come as one structure of arrays: the tables of all of them, one after another. Positions between rows are
cubic Hermite, as in ``observe.along_path``.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import EARTH_RATE_RAD_S, LIGHT_M_S, SEMI_MAJOR_M, SEMI_MINOR_M
from tocsin.kernels.geodesy import geodetic_from_ecef, height_and_up
from tocsin.kernels.observe import hermite

SIGHTING_COLUMNS = 10  # of sight_from_site
FLASH_COLUMNS = 7  # of sight_flashes
_TURN = 2.0 * math.pi


@kernel
def place_along(table_s, table_m, table_m_s, first, end, at, time_s, out):
    """One cubic Hermite position and velocity out of rows ``first`` to ``end`` (not included), held at both ends.

    ``at`` is the row found last, ``out`` (6,) takes position m and velocity m/s; gives the row, so that rising
    times walk through the table.
    """
    last = end - 1
    t = min(max(time_s, table_s[first]), table_s[last])
    k = min(max(at, first), last - 1)
    while k > first and table_s[k] > t:
        k -= 1
    while k < last - 1 and table_s[k + 1] < t:
        k += 1
    h = max(table_s[k + 1] - table_s[k], 1e-9)
    u = (t - table_s[k]) / h
    for j in range(3):
        out[j], out[3 + j] = hermite(table_m[k, j], table_m[k + 1, j], table_m_s[k, j], table_m_s[k + 1, j], h, u)
    return k


@kernel
def axes_at(site_m):
    """(k, 9): east, north and up, three numbers each, at each of k places (k, 3)."""
    axes = np.empty((site_m.shape[0], 9))
    for i in range(site_m.shape[0]):
        latitude, longitude, _ = geodetic_from_ecef(site_m[i, 0], site_m[i, 1], site_m[i, 2])
        sin_lat, cos_lat = math.sin(latitude), math.cos(latitude)
        sin_lon, cos_lon = math.sin(longitude), math.cos(longitude)
        axes[i, 0], axes[i, 1], axes[i, 2] = -sin_lon, cos_lon, 0.0
        axes[i, 3], axes[i, 4], axes[i, 5] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
        axes[i, 6], axes[i, 7], axes[i, 8] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
    return axes


@kernel
def bearing(axes, i, dx, dy, dz):
    """East, north, up, range and azimuth (0 to 2 pi) of a difference of places in the axes of place i."""
    east = axes[i, 0] * dx + axes[i, 1] * dy + axes[i, 2] * dz
    north = axes[i, 3] * dx + axes[i, 4] * dy + axes[i, 5] * dz
    up = axes[i, 6] * dx + axes[i, 7] * dy + axes[i, 8] * dz
    azimuth_rad = math.atan2(east, north)
    if azimuth_rad < 0.0:
        azimuth_rad += _TURN
        if azimuth_rad >= _TURN:  # a tiny negative angle rounds up to a full turn
            azimuth_rad = 0.0
    return east, north, up, math.sqrt(east * east + north * north + up * up), azimuth_rad


@kernel
def is_out_of_reach(table_m, first, end, site_m, reach_m):
    """Whether no point of a path can lie within reach of any of k places: 0 or 1.

    The path between two rows stays within their distance apart of the nearer one, and the site within its own way.
    """
    x, y, z = site_m[0, 0], site_m[0, 1], site_m[0, 2]
    last = site_m.shape[0] - 1
    way2 = (site_m[last, 0] - x) ** 2 + (site_m[last, 1] - y) ** 2 + (site_m[last, 2] - z) ** 2
    nearest2, apart2 = np.inf, 0.0
    for k in range(first, end):
        nearest2 = min(nearest2, (table_m[k, 0] - x) ** 2 + (table_m[k, 1] - y) ** 2 + (table_m[k, 2] - z) ** 2)
        if k > first:
            apart2 = max(
                apart2,
                (table_m[k, 0] - table_m[k - 1, 0]) ** 2
                + (table_m[k, 1] - table_m[k - 1, 1]) ** 2
                + (table_m[k, 2] - table_m[k - 1, 2]) ** 2,
            )
    return 1 if math.sqrt(nearest2) - math.sqrt(apart2) - math.sqrt(way2) > reach_m else 0


@kernel
def sight_from_site(
    table_s, table_m, table_m_s, first_row, up_s, chosen, end_s, turn_s, first_rad, width_rad, site_m, axes, site_m_s,
    reach_m, lowest_rad, scan_of, body_of, out,
):  # fmt: skip
    """Geometry of many bodies in many scans of one sensor on or over the ground.

    A scan sweeps its azimuths once, from the first to the last, so a body has the time at which the beam meets it:
    its azimuth at the middle of the scan decides. With ``turn_s`` 0 all is seen at the end.

    In        table_s (m,), table_m, table_m_s (m, 3)   rows of all bodies, s and ECEF
              first_row   (b + 1,) int64, where each body's rows begin; none where it is not up
              up_s        (b, 2) in the air from, to
              chosen      (c,) int64, which bodies to look for
              end_s       (k,) rising: when each scan ends;  turn_s  how long it takes
              first_rad, width_rad   azimuths swept, clockwise
              site_m, axes, site_m_s   (k, 3), ``axes_at`` of it, (k, 3): the sensor's place and velocity at each end
              reach_m, lowest_rad   what lies well beyond or below is left out
    Out       n, how many rows are filled of scan_of, body_of (c k,) int64 and out (c k, 10): time of the plot s, range
              m, azimuth rad, elevation rad (a straight line), range rate m/s (relative to the moving sensor),
              ellipsoidal height m, central angle rad between the two, position (3)
    Accuracy  that of the tables, within 1 m
    """
    state = np.empty(6)
    n = 0
    for c in range(chosen.shape[0]):
        body = chosen[c]
        first, end = first_row[body], first_row[body + 1]
        if end - first < 2 or is_out_of_reach(table_m, first, end, site_m, reach_m) == 1:
            continue
        at = first
        for i in range(end_s.shape[0]):
            middle_s = end_s[i] - 0.5 * turn_s
            if middle_s + 0.5 * turn_s <= up_s[body, 0] or middle_s - 0.5 * turn_s >= up_s[body, 1]:
                continue
            at = place_along(table_s, table_m, table_m_s, first, end, at, middle_s, state)
            sx, sy, sz = site_m[i, 0], site_m[i, 1], site_m[i, 2]
            _, _, up, range_m, azimuth_rad = bearing(axes, i, state[0] - sx, state[1] - sy, state[2] - sz)
            speed = math.sqrt(state[3] ** 2 + state[4] ** 2 + state[5] ** 2)
            slack_m = turn_s * speed + 1.0
            if range_m > reach_m + slack_m or up < math.sin(lowest_rad) * range_m - slack_m:
                continue
            plot_s = end_s[i]
            if turn_s > 0.0:
                past_rad = azimuth_rad - first_rad
                past_rad -= _TURN * math.floor(past_rad / _TURN)
                plot_s -= turn_s * (1.0 - min(past_rad / width_rad, 1.0))
            if plot_s <= up_s[body, 0] or plot_s >= up_s[body, 1]:
                continue
            place_along(table_s, table_m, table_m_s, first, end, at, plot_s, state)
            x, y, z = state[0], state[1], state[2]
            dx, dy, dz = x - sx, y - sy, z - sz
            east, north, up, range_m, azimuth_rad = bearing(axes, i, dx, dy, dz)
            vx, vy, vz = state[3] - site_m_s[i, 0], state[4] - site_m_s[i, 1], state[5] - site_m_s[i, 2]
            across = math.sqrt((y * sz - z * sy) ** 2 + (z * sx - x * sz) ** 2 + (x * sy - y * sx) ** 2)
            body_of[n], scan_of[n] = body, i
            out[n, 0], out[n, 1], out[n, 2] = plot_s, range_m, azimuth_rad
            out[n, 3] = math.atan2(up, math.sqrt(east * east + north * north))
            out[n, 4] = (dx * vx + dy * vy + dz * vz) / max(range_m, 1e-3)
            out[n, 5] = height_and_up(x, y, z)[0]
            out[n, 6] = math.atan2(across, x * sx + y * sy + z * sz)
            out[n, 7], out[n, 8], out[n, 9] = x, y, z
            n += 1
    return n


@kernel
def is_earth_between(px, py, pz, sx, sy, sz):
    """Whether the WGS-84 ellipsoid blocks the line between two places: 0 or 1.

    Both are scaled so that the ellipsoid is the unit sphere, and the line's nearest point to the centre is sought.
    """
    ax, ay, az = sx / SEMI_MAJOR_M, sy / SEMI_MAJOR_M, sz / SEMI_MINOR_M
    bx, by, bz = px / SEMI_MAJOR_M - ax, py / SEMI_MAJOR_M - ay, pz / SEMI_MINOR_M - az
    length2 = max(bx * bx + by * by + bz * bz, 1e-18)
    part = min(max(-(ax * bx + ay * by + az * bz) / length2, 0.0), 1.0)
    return 1 if (ax + part * bx) ** 2 + (ay + part * by) ** 2 + (az + part * bz) ** 2 < 1.0 else 0


@kernel
def sight_flashes(
    table_s, table_m, table_m_s, first_row, up_s, flash_body, flash, end_s, site_m, reference_m, scan_of, flash_of, out
):
    """What burns, as staring sensors in space see it: where the light left from.

    In        table_s, table_m, table_m_s, first_row, up_s   as in ``sight_from_site``
              flash_body  (f,) int64, the body that burns
              flash       (f, 4): burns from s, to s; intensity kW/sr; lowest height m at which it can be seen
              end_s       (k,) when each scan ends: the time at which the light arrives
              site_m      (k, 3) ECEF place of the sensor then
              reference_m range at which an intensity counts in full
    Out       n, how many rows are filled of scan_of, flash_of (f k,) int64 and out (f k, 7): time the light left s,
              range m, intensity kW/sr times (reference / range)^2, height m, unit vector (3) in ECEF as it stands
              when the light arrives: the Earth turns on while the light travels. Aberration (10 urad) is taken out by
              the sensor
    """
    state = np.empty(6)
    n = 0
    for f in range(flash_body.shape[0]):
        body = flash_body[f]
        first, end = first_row[body], first_row[body + 1]
        if end - first < 2:
            continue
        from_s, to_s = max(flash[f, 0], up_s[body, 0]), min(flash[f, 1], up_s[body, 1])
        at = first
        for i in range(end_s.shape[0]):
            if end_s[i] <= from_s or end_s[i] >= to_s + 1.0:  # light takes less than a second
                continue
            delay_s = 0.12  # from geostationary height
            for _ in range(3):
                at = place_along(table_s, table_m, table_m_s, first, end, at, end_s[i] - delay_s, state)
                turn = EARTH_RATE_RAD_S * delay_s
                x = math.cos(turn) * state[0] + math.sin(turn) * state[1]
                y = math.cos(turn) * state[1] - math.sin(turn) * state[0]
                dx, dy, dz = x - site_m[i, 0], y - site_m[i, 1], state[2] - site_m[i, 2]
                range_m = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1.0)
                delay_s = range_m / LIGHT_M_S
            left_s = end_s[i] - delay_s
            height_m = height_and_up(state[0], state[1], state[2])[0]
            if left_s <= from_s or left_s >= to_s or height_m <= flash[f, 3]:
                continue
            if is_earth_between(x, y, state[2], site_m[i, 0], site_m[i, 1], site_m[i, 2]) == 1:
                continue
            scan_of[n], flash_of[n] = i, f
            out[n, 0], out[n, 1], out[n, 3] = left_s, range_m, height_m
            out[n, 2] = flash[f, 2] * (reference_m / range_m) ** 2
            out[n, 4], out[n, 5], out[n, 6] = dx / range_m, dy / range_m, dz / range_m
            n += 1
    return n
