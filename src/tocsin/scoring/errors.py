"""Distances, regions and normalised errors on the ground."""

from __future__ import annotations

import math

import numpy as np

from tocsin.flight import contains, enu_offsets_m, polygon_area_m2
from tocsin.kernels.geodesic import geodesic_inverse
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import Assessment, Column, Vec3


def ground_distance_m(a_ecef_m: Vec3, b_ecef_m: Vec3) -> float:
    """Along the ground between two points on it: the geodesic."""
    lat, lon, _ = geodetic_from_ecef(*a_ecef_m)
    to_lat, to_lon, _ = geodetic_from_ecef(*b_ecef_m)
    return float(geodesic_inverse(lat, lon, to_lat, to_lon)[0])


def region_holds(polygon_deg: Column | None, point_ecef_m: Vec3) -> bool | None:
    """Whether a polygon holds a point; None where there is no polygon."""
    if polygon_deg is None:
        return None
    latitude, longitude, _ = geodetic_from_ecef(*point_ecef_m)
    return bool(contains(polygon_deg, math.degrees(latitude), math.degrees(longitude)))


def region_area_km2(polygon_deg: Column | None) -> float | None:
    """Area of a polygon; None where there is none."""
    return None if polygon_deg is None else polygon_area_m2(polygon_deg) / 1e6


def impact_nees(message: Assessment, point_ecef_m: Vec3) -> float | None:
    """Normalised squared error of the predicted impact point: two on average if the covariance is honest."""
    if message.impact_ecef_m is None or message.impact_covariance_en_m2 is None:
        return None
    error = enu_offsets_m(np.array(point_ecef_m), np.array(message.impact_ecef_m))[0]
    spread = np.array(message.impact_covariance_en_m2) + np.eye(2)
    return float(error @ np.linalg.solve(spread, error))
