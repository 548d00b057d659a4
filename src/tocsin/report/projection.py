"""Map projection for pictures: azimuthal equidistant about the middle of what is shown.

On a sphere of mean radius; distances from the middle are true to the sphere's 0.3 %, which a picture does not show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef

EARTH_KM = 6371.0088  # mean radius, IUGG

Array = np.ndarray[Any, Any]


def geodetic_of(position_ecef_m: Array | Sequence[Sequence[float]]) -> Array:
    """(n, 3) of latitude and longitude (degrees) and ellipsoidal height (m) for (n, 3) ECEF positions."""
    rows = np.array([geodetic_from_ecef(x, y, z) for x, y, z in np.asarray(position_ecef_m).tolist()])
    rows = rows.reshape(-1, 3)
    rows[:, :2] = np.degrees(rows[:, :2])
    return rows


def arc_km(lat1_deg: float, lon1_deg: float, lat2_deg: Array, lon2_deg: Array) -> Array:
    """Great-circle distance, sphere (haversine)."""
    a, b = math.radians(lat1_deg), np.radians(lat2_deg)
    half = np.sin((b - a) / 2) ** 2 + math.cos(a) * np.cos(b) * np.sin(np.radians(lon2_deg - lon1_deg) / 2) ** 2
    arcs: Array = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return arcs


class Projection:
    """Latitude, longitude (degrees) to kilometres east and north of a middle point, then to pixels."""

    def __init__(self, points_deg: Array) -> None:
        """Centred on the middle of the (n, 2) points in space, so that the date line and poles need no care."""
        lat, lon = np.radians(points_deg[:, 0]), np.radians(points_deg[:, 1])
        unit = np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=1)
        low, high = unit.min(axis=0), unit.max(axis=0)
        x, y, z = (low + high) / 2
        self.lat_rad, self.lon_rad = math.atan2(z, math.hypot(x, y)), math.atan2(y, x)
        self.scale, self.left_km, self.top_km = 1.0, 0.0, 0.0

    def km(self, points_deg: Array) -> Array:
        """(n, 2) kilometres east and north of the middle; nan beyond 140 degrees of arc, where shapes break up."""
        lat, lon = np.radians(points_deg[:, 0]), np.radians(points_deg[:, 1]) - self.lon_rad
        cos_c = math.sin(self.lat_rad) * np.sin(lat) + math.cos(self.lat_rad) * np.cos(lat) * np.cos(lon)
        c = np.arccos(np.clip(cos_c, -1.0, 1.0))
        k = EARTH_KM * np.where(c > 1e-9, c / np.maximum(np.sin(c), 1e-12), 1.0)
        east = k * np.cos(lat) * np.sin(lon)
        north = k * (math.cos(self.lat_rad) * np.sin(lat) - math.sin(self.lat_rad) * np.cos(lat) * np.cos(lon))
        out = np.stack((east, north), axis=1)
        out[c > math.radians(140.0)] = np.nan
        return out

    def fit(self, points_deg: Array, width: float, low: float, high: float, margin: float) -> float:
        """Scale so that the points fill a picture of this width; gives its height, from ``low`` to ``high`` px."""
        km = self.km(points_deg)
        km = km[np.isfinite(km).all(axis=1)]
        (west, south), (east, north) = km.min(axis=0), km.max(axis=0)
        span_x, span_y = max(east - west, 8.0), max(north - south, 8.0)
        inner = width - 2 * margin
        height = min(max(inner * span_y / span_x + 2 * margin, low), high)
        self.scale = min(inner / span_x, (height - 2 * margin) / span_y)
        self.left_km = (west + east) / 2 - width / 2 / self.scale
        self.top_km = (south + north) / 2 + height / 2 / self.scale
        return height

    def pixels(self, points_deg: Array) -> Array:
        """(n, 2) pixels."""
        km = self.km(np.asarray(points_deg, dtype=np.float64).reshape(-1, 2))
        return np.stack(((km[:, 0] - self.left_km) * self.scale, (self.top_km - km[:, 1]) * self.scale), axis=1)

    def places(self, pixels: Array) -> Array:
        """(n, 2) latitude and longitude (degrees, -180 to 180) of pixels: the inverse of ``pixels``."""
        east = pixels[:, 0] / self.scale + self.left_km
        north = self.top_km - pixels[:, 1] / self.scale
        away = np.maximum(np.hypot(east, north), 1e-9)
        sin_c, cos_c = np.sin(away / EARTH_KM), np.cos(away / EARTH_KM)
        sin_lat, cos_lat = math.sin(self.lat_rad), math.cos(self.lat_rad)
        lat = np.arcsin(np.clip(cos_c * sin_lat + north / away * sin_c * cos_lat, -1.0, 1.0))
        lon = self.lon_rad + np.arctan2(east / away * sin_c, cos_c * cos_lat - north / away * sin_c * sin_lat)
        return np.stack((np.degrees(lat), (np.degrees(lon) + 180.0) % 360.0 - 180.0), axis=1)

    def pixel(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        x, y = self.pixels(np.array([[lat_deg, lon_deg]]))[0]
        return float(x), float(y)


def thin(pixels: Array, least: float = 0.6) -> list[tuple[float, float]]:
    """The points of a line without those nearer than ``least`` px to the one before."""
    kept: list[tuple[float, float]] = []
    last = (math.inf, math.inf)
    rows = pixels.tolist()
    for x, y in rows:
        if abs(x - last[0]) + abs(y - last[1]) >= least:
            last = (x, y)
            kept.append(last)
    if rows and kept and kept[-1] != tuple(rows[-1]) and len(kept) > 1:
        kept[-1] = (rows[-1][0], rows[-1][1])
    return kept


def clip_polygon(ring: list[tuple[float, float]], box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    """A polygon cut to a box (Sutherland and Hodgman, 1974); touching pieces may share an edge of the box."""
    for axis, limit, sign in ((0, box[0], 1.0), (0, box[2], -1.0), (1, box[1], 1.0), (1, box[3], -1.0)):
        if not ring:
            return []
        out: list[tuple[float, float]] = []
        previous = ring[-1]
        was_in = sign * (previous[axis] - limit) >= 0
        for point in ring:
            is_in = sign * (point[axis] - limit) >= 0
            if is_in != was_in:
                t = (limit - previous[axis]) / (point[axis] - previous[axis])
                out.append((previous[0] + t * (point[0] - previous[0]), previous[1] + t * (point[1] - previous[1])))
            if is_in:
                out.append(point)
            previous, was_in = point, is_in
        ring = out
    return ring
