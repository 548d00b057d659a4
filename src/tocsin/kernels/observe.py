"""What a ground or ship sensor's geometry says of many points, and positions along tabulated or level paths."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import geodetic_from_ecef, radar_from_ecef


@kernel
def observe_from_site(position_m, velocity_m_s, site_m):
    """Range, angles and visibility geometry of n points from n places of one site.

    In        position_m, velocity_m_s, site_m   (n, 3) ECEF
    Out       (n, 6): range m, azimuth rad, elevation rad (geometric, unrefracted), range rate m/s of the point
              (the site's own motion left out), ellipsoidal height m of the point, central angle rad to it
    """
    out = np.empty((position_m.shape[0], 6))
    for i in range(position_m.shape[0]):
        r, s, v = position_m[i], site_m[i], velocity_m_s[i]
        range_m, azimuth_rad, elevation_rad = radar_from_ecef(r, s)
        out[i, 0], out[i, 1], out[i, 2] = range_m, azimuth_rad, elevation_rad
        line = r[0] - s[0], r[1] - s[1], r[2] - s[2]
        out[i, 3] = (line[0] * v[0] + line[1] * v[1] + line[2] * v[2]) / max(range_m, 1e-3)
        out[i, 4] = geodetic_from_ecef(r[0], r[1], r[2])[2]
        product = math.sqrt((r[0] ** 2 + r[1] ** 2 + r[2] ** 2) * (s[0] ** 2 + s[1] ** 2 + s[2] ** 2))
        cosine = (r[0] * s[0] + r[1] * s[1] + r[2] * s[2]) / max(product, 1.0)
        out[i, 5] = math.acos(min(1.0, max(-1.0, cosine)))
    return out


@kernel
def hermite(from_m, to_m, from_m_s, to_m_s, step_s, share):
    """Cubic through two places with their rates, step_s apart: place and rate a share (0 to 1) of the way on."""
    m0, m1 = step_s * from_m_s, step_s * to_m_s
    c2 = 3.0 * (to_m - from_m) - 2.0 * m0 - m1
    c3 = 2.0 * (from_m - to_m) + m0 + m1
    return from_m + share * (m0 + share * (c2 + share * c3)), (m0 + share * (2.0 * c2 + share * 3.0 * c3)) / step_s


@kernel
def along_path(table_s, table_m, table_m_s, time_s):
    """Positions and velocities at n times by cubic Hermite interpolation in a path's table.

    In        table_s (m,) rising; table_m, table_m_s (m, 3); time_s (n,), held inside the table
    Out       position (n, 3) m, velocity (n, 3) m/s
    Accuracy  third derivative steps aside, step^4 / 384 times the fourth derivative
    """
    position = np.empty((time_s.shape[0], 3))
    velocity = np.empty((time_s.shape[0], 3))
    last = table_s.shape[0] - 1
    for i in range(time_s.shape[0]):
        t = min(max(time_s[i], table_s[0]), table_s[last])
        k = min(max(np.searchsorted(table_s, t) - 1, 0), last - 1)
        h = table_s[k + 1] - table_s[k]
        u = (t - table_s[k]) / h
        for j in range(3):
            position[i, j], velocity[i, j] = hermite(
                table_m[k, j], table_m[k + 1, j], table_m_s[k, j], table_m_s[k + 1, j], h, u
            )
    return position, velocity
