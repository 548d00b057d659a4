"""Compiled pure functions of floats and arrays; they import nothing of tocsin but each other."""

from __future__ import annotations

from tocsin.kernels.atmosphere import density_us76, sound_speed_us76, wind_shape
from tocsin.kernels.fall import ALREADY_DOWN, NO_IMPACT, OK, fall_batch, fall_to_ground, path_to_ground
from tocsin.kernels.geodesic import geodesic_direct, geodesic_inverse
from tocsin.kernels.geodesy import (
    ecef_from_geodetic,
    ecef_from_radar,
    ecef_of_many,
    enu_axes,
    geodetic_from_ecef,
    geodetic_of_many,
    radar_from_ecef,
    radar_jacobian,
)
from tocsin.kernels.gravity import gravity_j2
from tocsin.kernels.level import level_path
from tocsin.kernels.motion import acceleration, advance, advance_with_transition, transition

__all__ = [
    "ALREADY_DOWN",
    "NO_IMPACT",
    "OK",
    "acceleration",
    "advance",
    "advance_with_transition",
    "density_us76",
    "ecef_from_geodetic",
    "ecef_from_radar",
    "ecef_of_many",
    "enu_axes",
    "fall_batch",
    "fall_to_ground",
    "geodesic_direct",
    "geodesic_inverse",
    "geodetic_from_ecef",
    "geodetic_of_many",
    "gravity_j2",
    "level_path",
    "path_to_ground",
    "radar_from_ecef",
    "radar_jacobian",
    "sound_speed_us76",
    "transition",
    "wind_shape",
]
