"""Level motion over the ellipsoid: aircraft, drones, ships."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import ECCENTRICITY2, SEMI_MAJOR_M
from tocsin.kernels.geodesic import geodesic_direct
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes


@kernel
def level_path(latitude_rad, longitude_rad, height_m, course_rad, speed_m_s, turn_rad_s, time_s):
    """Motion at constant height, along a geodesic or in a level turn.

    In        place at time 0, rad and m; course clockwise from north there; speed at that height; turn_rad_s
              clockwise, 0 straight on; time_s (n,)
    Out       position (n, 3) m and velocity (n, 3) m/s, ECEF
    Accuracy  the ground track is the geodesic, to 1e-8 m; velocity is the motion's own, measured over two
              hours: to 5e-6 of it at 10 km, 2e-5 at 20 km (the curvature is the start's). A turn is a circle in the
              plane: a chord of length c is drawn as a geodesic, wrong by c (c / Earth radius)^2 at most
    """
    sin_lat = math.sin(latitude_rad)
    bulge = 1.0 - ECCENTRICITY2 * sin_lat * sin_lat
    prime_m = SEMI_MAJOR_M / math.sqrt(bulge)
    meridian_m = prime_m * (1.0 - ECCENTRICITY2) / bulge
    along = math.cos(course_rad)
    curvature = along * along / meridian_m + (1.0 - along * along) / prime_m  # of the ground track, Euler; 1/m
    ground_m_s = speed_m_s / (1.0 + height_m * curvature)
    position = np.empty((time_s.shape[0], 3))
    velocity = np.empty((time_s.shape[0], 3))
    for i in range(time_s.shape[0]):
        turned_rad = turn_rad_s * time_s[i]
        towards_rad = course_rad + 0.5 * turned_rad
        way_m = ground_m_s * time_s[i]
        if turn_rad_s != 0.0:
            way_m = 2.0 * ground_m_s / turn_rad_s * math.sin(0.5 * turned_rad)
        lat, lon, azimuth = geodesic_direct(latitude_rad, longitude_rad, towards_rad, way_m)
        azimuth += 0.5 * turned_rad
        position[i, 0], position[i, 1], position[i, 2] = ecef_from_geodetic(lat, lon, height_m)
        axes = enu_axes(lat, lon)
        east = speed_m_s * math.sin(azimuth)
        north = speed_m_s * math.cos(azimuth)
        for j in range(3):
            velocity[i, j] = east * axes[0, j] + north * axes[1, j]
    return position, velocity
