"""Small geometry on latitude and longitude: distance, point in polygon, corners of a local plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M

Array = np.ndarray[Any, np.dtype[np.float64]]


def distance_m(latitude_deg: float, longitude_deg: float, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> Array:
    """Great-circle distances on the mean sphere from one point to many (haversine): within 0.6 % of the ellipsoid's."""
    a, b = np.radians(latitude_deg), np.radians(np.asarray(lat_deg, dtype=np.float64))
    half_lat = 0.5 * (b - a)
    half_lon = 0.5 * np.radians(np.asarray(lon_deg, dtype=np.float64) - longitude_deg)
    h = np.sin(half_lat) ** 2 + np.cos(a) * np.cos(b) * np.sin(half_lon) ** 2
    out: Array = 2.0 * MEAN_EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
    return out


def contains(polygon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> np.ndarray[Any, Any]:
    """Which points lie in a (k, 2) lat, lon polygon: even-odd rule on straight lines in the lat, lon plane.

    Not for polygons that cross the antimeridian or hold a pole. A point on an edge may fall either way.
    """
    ring = np.asarray(polygon_deg, dtype=np.float64)
    lat, lon = np.asarray(lat_deg, dtype=np.float64)[..., None], np.asarray(lon_deg, dtype=np.float64)[..., None]
    lat_a, lon_a = ring[:, 0], ring[:, 1]
    lat_b, lon_b = np.roll(lat_a, -1), np.roll(lon_a, -1)
    spans = (lat_a > lat) != (lat_b > lat)
    rise = np.where(lat_b == lat_a, 1.0, lat_b - lat_a)
    crosses = lon < lon_a + (lat - lat_a) * (lon_b - lon_a) / rise
    inside: np.ndarray[Any, Any] = np.count_nonzero(spans & crosses, axis=-1) % 2 == 1
    return inside


def east_north_m(
    latitude_deg: npt.ArrayLike, longitude_deg: npt.ArrayLike, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike
) -> Array:
    """(..., 2) east, north metres from the first point or points to the second, on the mean sphere.

    Within 1 % inside 200 km, up to 60 degrees of latitude.
    """
    lat, lon = np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64)
    lat_0, lon_0 = np.asarray(latitude_deg, dtype=np.float64), np.asarray(longitude_deg, dtype=np.float64)
    turn = np.mod(lon - lon_0 + 180.0, 360.0) - 180.0
    east = MEAN_EARTH_RADIUS_M * np.radians(turn) * np.cos(np.radians(0.5 * (lat + lat_0)))
    out: Array = np.stack((east, MEAN_EARTH_RADIUS_M * np.radians(lat - lat_0)), axis=-1)
    return out
