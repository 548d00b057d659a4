"""Places on the WGS-84 ellipsoid, and what a radar on it measures. Angles rad, lengths m."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import (
    ECCENTRICITY2,
    FLATTENING,
    SEMI_MAJOR_M,
)

_NEAR_CENTRE_M = 100_000.0  # inside it Bowring's iteration loses its meaning (evolute: 43 km)


@kernel
def height_and_up_on(x_m, y_m, z_m, semi_major_m, flattening):
    """Height over an ellipsoid (or a sphere: flattening 0) and the unit normal there, without a trigonometric call.

    Out       (height_m, up_x, up_y, up_z)
    Accuracy  as `geodetic_from_ecef`, for flattening up to a hundredth
    Source    Bowring (1985), Survey Review 28: starting value and iteration in the reduced latitude
    """
    p = math.sqrt(x_m * x_m + y_m * y_m)
    r = math.sqrt(p * p + z_m * z_m)
    eccentricity2 = flattening * (2.0 - flattening)
    if r < _NEAR_CENTRE_M:
        sin_lat = z_m / r if r > 0.0 else 0.0
        cos_lat = p / r if r > 0.0 else 1.0
    else:
        semi_minor_m = semi_major_m * (1.0 - flattening)
        second_m = eccentricity2 / (1.0 - eccentricity2) * semi_minor_m
        sin_b = semi_minor_m * z_m * (1.0 + second_m / r)
        cos_b = semi_major_m * p
        sin_lat = 0.0
        cos_lat = 1.0
        for _ in range(2):
            n = math.sqrt(sin_b * sin_b + cos_b * cos_b)
            sin_b /= n
            cos_b /= n
            sin_lat = z_m + second_m * sin_b * sin_b * sin_b
            cos_lat = p - eccentricity2 * semi_major_m * cos_b * cos_b * cos_b
            sin_b = (1.0 - flattening) * sin_lat
            cos_b = cos_lat
        n = math.sqrt(sin_lat * sin_lat + cos_lat * cos_lat)
        sin_lat /= n
        cos_lat /= n
    height_m = p * cos_lat + z_m * sin_lat - semi_major_m * math.sqrt(1.0 - eccentricity2 * sin_lat * sin_lat)
    if p > 0.0:
        return height_m, cos_lat * x_m / p, cos_lat * y_m / p, sin_lat
    return height_m, cos_lat, 0.0, sin_lat


@kernel
def height_and_up(x_m, y_m, z_m):
    """`height_and_up_on` the WGS-84 ellipsoid."""
    return height_and_up_on(x_m, y_m, z_m, SEMI_MAJOR_M, FLATTENING)


@kernel
def geodetic_from_ecef(x_m, y_m, z_m):
    """ECEF to geodetic latitude, longitude (-pi..pi) and ellipsoidal height.

    Accuracy  measured against PROJ: 1e-11 rad and 1e-7 m from -10 km to 40 000 km height, poles included.
              Within 100 km of the centre the latitude is geocentric.
    """
    height_m, up_x, up_y, up_z = height_and_up(x_m, y_m, z_m)
    return math.atan2(up_z, math.sqrt(up_x * up_x + up_y * up_y)), math.atan2(y_m, x_m), height_m


@kernel
def ecef_from_geodetic(lat_rad, lon_rad, height_m):
    """Geodetic latitude, longitude and ellipsoidal height to ECEF (x, y, z). Exact form."""
    sin_lat = math.sin(lat_rad)
    cos_lat = math.cos(lat_rad)
    n = SEMI_MAJOR_M / math.sqrt(1.0 - ECCENTRICITY2 * sin_lat * sin_lat)
    p = (n + height_m) * cos_lat
    return p * math.cos(lon_rad), p * math.sin(lon_rad), (n * (1.0 - ECCENTRICITY2) + height_m) * sin_lat


@kernel
def enu_axes(lat_rad, lon_rad):
    """(3, 3): rows east, north, up as ECEF unit vectors at a geodetic place."""
    sin_lat = math.sin(lat_rad)
    cos_lat = math.cos(lat_rad)
    sin_lon = math.sin(lon_rad)
    cos_lon = math.cos(lon_rad)
    axes = np.empty((3, 3))
    axes[0, 0] = -sin_lon
    axes[0, 1] = cos_lon
    axes[0, 2] = 0.0
    axes[1, 0] = -sin_lat * cos_lon
    axes[1, 1] = -sin_lat * sin_lon
    axes[1, 2] = cos_lat
    axes[2, 0] = cos_lat * cos_lon
    axes[2, 1] = cos_lat * sin_lon
    axes[2, 2] = sin_lat
    return axes


@kernel
def _radii_m(lat_rad):
    """Radii of curvature of the ellipsoid, m: along the meridian, and square to it."""
    sin_lat = math.sin(lat_rad)
    w2 = 1.0 - ECCENTRICITY2 * sin_lat * sin_lat
    across_m = SEMI_MAJOR_M / math.sqrt(w2)
    return across_m * (1.0 - ECCENTRICITY2) / w2, across_m


@kernel
def ecef_jacobian(lat_rad, lon_rad, height_m):
    """(3, 3): rows ECEF x, y, z; columns d/d latitude, longitude (m/rad) and height."""
    along_m, across_m = _radii_m(lat_rad)
    axes = enu_axes(lat_rad, lon_rad)
    jacobian = np.empty((3, 3))
    for i in range(3):
        jacobian[i, 0] = axes[1, i] * (along_m + height_m)
        jacobian[i, 1] = axes[0, i] * (across_m + height_m) * math.cos(lat_rad)
        jacobian[i, 2] = axes[2, i]
    return jacobian


@kernel
def geodetic_jacobian(x_m, y_m, z_m):
    """(3, 3): rows latitude, longitude (rad/m) and height; columns d/d ECEF x, y, z. Meant for places above ground.

    Within 1 mm of the axis longitude has no derivative: its row is zero there.
    """
    lat_rad, lon_rad, height_m = geodetic_from_ecef(x_m, y_m, z_m)
    along_m, across_m = _radii_m(lat_rad)
    axes = enu_axes(lat_rad, lon_rad)
    level_m = (across_m + height_m) * math.cos(lat_rad)
    jacobian = np.empty((3, 3))
    for i in range(3):
        jacobian[0, i] = axes[1, i] / max(along_m + height_m, 1.0)
        jacobian[1, i] = axes[0, i] / level_m if level_m > 1e-3 else 0.0
        jacobian[2, i] = axes[2, i]
    return jacobian


@kernel
def geodetic_of_many(points_ecef_m):
    """(n, 3) ECEF to (n, 3) latitude rad, longitude rad, height m: `geodetic_from_ecef` of each row."""
    places = np.empty((points_ecef_m.shape[0], 3))
    for i in range(points_ecef_m.shape[0]):
        places[i, 0], places[i, 1], places[i, 2] = geodetic_from_ecef(
            points_ecef_m[i, 0], points_ecef_m[i, 1], points_ecef_m[i, 2]
        )
    return places


@kernel
def ecef_of_many(places):
    """(n, 3) latitude rad, longitude rad, height m to (n, 3) ECEF: `ecef_from_geodetic` of each row."""
    points_ecef_m = np.empty((places.shape[0], 3))
    for i in range(places.shape[0]):
        points_ecef_m[i, 0], points_ecef_m[i, 1], points_ecef_m[i, 2] = ecef_from_geodetic(
            places[i, 0], places[i, 1], places[i, 2]
        )
    return points_ecef_m


@kernel
def east_north_up(x_m, y_m, z_m):
    """Axes at an ECEF place, as `enu_axes` of its latitude and longitude but without a trigonometric call.

    Out       (east_x, east_y, north_x, north_y, north_z, up_x, up_y, up_z): unit vectors; east has no z
    """
    _, up_x, up_y, up_z = height_and_up(x_m, y_m, z_m)
    cos_lat = math.sqrt(up_x * up_x + up_y * up_y)
    cos_lon = 1.0
    sin_lon = 0.0
    if cos_lat > 0.0:
        cos_lon = up_x / cos_lat
        sin_lon = up_y / cos_lat
    return -sin_lon, cos_lon, -up_z * cos_lon, -up_z * sin_lon, cos_lat, up_x, up_y, up_z


@kernel
def _range_and_angles(east, north, up):
    """Range, azimuth (clockwise from true north, 0..2 pi) and elevation of a direction in local axes."""
    level = math.sqrt(east * east + north * north)
    azimuth_rad = math.atan2(east, north)
    if azimuth_rad < 0.0:
        azimuth_rad += 2.0 * math.pi
        if azimuth_rad >= 2.0 * math.pi:  # a tiny negative angle rounds up to a full turn
            azimuth_rad = 0.0
    return math.sqrt(level * level + up * up), azimuth_rad, math.atan2(up, level)


@in_place_kernel
def radar_along(axes, target_ecef_m, site_ecef_m):
    """`radar_from_ecef` of a site whose axes, as `east_north_up` gives them, are known."""
    ex, ey, nx, ny, nz, ux, uy, uz = axes
    dx = target_ecef_m[0] - site_ecef_m[0]
    dy = target_ecef_m[1] - site_ecef_m[1]
    dz = target_ecef_m[2] - site_ecef_m[2]
    return _range_and_angles(ex * dx + ey * dy, nx * dx + ny * dy + nz * dz, ux * dx + uy * dy + uz * dz)


@in_place_kernel
def radar_from_ecef(target_ecef_m, site_ecef_m):
    """Range, azimuth (clockwise from true north, 0..2 pi) and elevation of a target seen from a site.

    In        target_ecef_m, site_ecef_m  (3,) float64  ECEF, m
    Out       (range_m, azimuth_rad, elevation_rad); (0, 0, 0) where both are one point
    """
    axes = east_north_up(site_ecef_m[0], site_ecef_m[1], site_ecef_m[2])
    return radar_along(axes, target_ecef_m, site_ecef_m)


@in_place_kernel
def ecef_along(axes, range_m, azimuth_rad, elevation_rad, site_ecef_m):
    """`ecef_from_radar` with `east_north_up` of the site at hand: x, y, z, m."""
    ex, ey, nx, ny, nz, ux, uy, uz = axes
    level = range_m * math.cos(elevation_rad)
    east = level * math.sin(azimuth_rad)
    north = level * math.cos(azimuth_rad)
    up = range_m * math.sin(elevation_rad)
    return (
        site_ecef_m[0] + ex * east + nx * north + ux * up,
        site_ecef_m[1] + ey * east + ny * north + uy * up,
        site_ecef_m[2] + nz * north + uz * up,
    )


@kernel
def ecef_from_radar(range_m, azimuth_rad, elevation_rad, site_ecef_m):
    """The inverse of `radar_from_ecef`: (3,) ECEF, m."""
    axes = east_north_up(site_ecef_m[0], site_ecef_m[1], site_ecef_m[2])
    x, y, z = ecef_along(axes, range_m, azimuth_rad, elevation_rad, site_ecef_m)
    target = np.empty(3)
    target[0] = x
    target[1] = y
    target[2] = z
    return target


@in_place_kernel
def radar_view(target_ecef_m, site_ecef_m, jacobian):
    """`radar_from_ecef`, and its derivative with the target's x, y, z in the leading (3, 3) of jacobian.

    Straight above the site (level distance under 1 mm) azimuth has no derivative: its row is zero there.
    """
    dx = target_ecef_m[0] - site_ecef_m[0]
    dy = target_ecef_m[1] - site_ecef_m[1]
    dz = target_ecef_m[2] - site_ecef_m[2]
    axes = east_north_up(site_ecef_m[0], site_ecef_m[1], site_ecef_m[2])
    return radar_view_along(axes, dx, dy, dz, jacobian)


@kernel
def radar_view_along(axes, dx, dy, dz, jacobian):
    """`radar_view` of what is dx, dy, dz m from a site whose axes, as `east_north_up` gives them, are known."""
    ex, ey, nx, ny, nz, ux, uy, uz = axes
    east = ex * dx + ey * dy
    north = nx * dx + ny * dy + nz * dz
    up = ux * dx + uy * dy + uz * dz
    range_m, azimuth_rad, elevation_rad = _range_and_angles(east, north, up)
    level2 = east * east + north * north
    level = math.sqrt(level2)
    near = 1.0 / range_m if range_m > 1e-3 else 0.0
    turn = 1.0 / level2 if level2 > 1e-6 and near > 0.0 else 0.0
    rise = near * near if turn > 0.0 else 0.0
    lean = up * turn * level
    columns = ((ex, nx, ux), (ey, ny, uy), (0.0, nz, uz))
    for i in range(3):
        e, n, u = columns[i]
        along = east * e + north * n
        jacobian[0, i] = (along + up * u) * near
        jacobian[1, i] = (north * e - east * n) * turn
        jacobian[2, i] = (level * u - lean * along) * rise
    return range_m, azimuth_rad, elevation_rad


@kernel
def radar_jacobian(target_ecef_m, site_ecef_m):
    """(3, 3): rows range, azimuth, elevation; columns d/d target x, y, z, as `radar_view`."""
    jacobian = np.empty((3, 3))
    radar_view(target_ecef_m, site_ecef_m, jacobian)
    return jacobian
