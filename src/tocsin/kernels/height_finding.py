"""Elevation from range, azimuth and height: what a two-dimensional radar with a reported height leaves to geometry."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import ecef_from_geodetic, ecef_from_radar, geodetic_from_ecef

FOUND = 0
OUT_OF_REACH = 1  # no direction at this range leads to this height


@kernel
def elevation_from_height(range_m, azimuth_rad, height_m, site_ecef_m):
    """Elevation at which a straight line of ``range_m`` ends at ellipsoidal ``height_m``. Refraction is left out.

    In        range_m      float         slant range, m, > 0
              azimuth_rad  float         clockwise from true north
              height_m     float         ellipsoidal, m
              site_ecef_m  (3,) float64  ECEF, m
    Out       status       FOUND | OUT_OF_REACH
              elevation_rad
    Accuracy  height met to 1e-3 m out to 5000 km of range
    Source    law of cosines about the earth's centre, the radius corrected for the ellipsoid until the height fits
    """
    site_radius_m = math.sqrt(site_ecef_m[0] ** 2 + site_ecef_m[1] ** 2 + site_ecef_m[2] ** 2)
    _, _, site_height_m = geodetic_from_ecef(site_ecef_m[0], site_ecef_m[1], site_ecef_m[2])
    if not range_m > 0.0 or site_radius_m < 1.0:
        return OUT_OF_REACH, 0.0
    target_radius_m = site_radius_m + (height_m - site_height_m)
    elevation_rad = 0.0
    for _ in range(30):
        sine = (target_radius_m**2 - site_radius_m**2 - range_m**2) / (2.0 * site_radius_m * range_m)
        elevation_rad = math.asin(min(1.0, max(-1.0, sine)))
        target = ecef_from_radar(range_m, azimuth_rad, elevation_rad, site_ecef_m)
        _, _, found_height_m = geodetic_from_ecef(target[0], target[1], target[2])
        miss_m = height_m - found_height_m
        if abs(miss_m) < 1e-4:
            return FOUND, elevation_rad
        target_radius_m += miss_m
    return (FOUND if abs(miss_m) < 1.0 else OUT_OF_REACH), elevation_rad


@kernel
def elevations_from_height(range_m, azimuth_rad, height_m, site_ecef_m):
    """``elevation_from_height`` over columns: (n,) ranges, azimuths, heights, (n, 3) sites; statuses, elevations."""
    count = range_m.shape[0]
    status = np.empty(count, dtype=np.int64)
    elevation_rad = np.empty(count)
    for row in range(count):
        status[row], elevation_rad[row] = elevation_from_height(
            range_m[row], azimuth_rad[row], height_m[row], site_ecef_m[row]
        )
    return status, elevation_rad


@kernel
def ecef_columns(latitude_rad, longitude_rad, height_m):
    """``ecef_from_geodetic`` over columns: (n,) each; (n, 3) ECEF, m."""
    count = latitude_rad.shape[0]
    position_ecef_m = np.empty((count, 3))
    for row in range(count):
        x_m, y_m, z_m = ecef_from_geodetic(latitude_rad[row], longitude_rad[row], height_m[row])
        position_ecef_m[row, 0], position_ecef_m[row, 1], position_ecef_m[row, 2] = x_m, y_m, z_m
    return position_ecef_m
