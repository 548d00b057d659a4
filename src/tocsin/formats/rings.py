"""Polygons and lines as RFC 7946 wants them: lon, lat; closed; counter-clockwise; cut at the antimeridian."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import Column

Points = list[list[float]]
DECIMALS = 6  # of a degree: 0.1 m


def geodetic_points(position_ecef_m: Column) -> Points:
    """(k, 3) ECEF to [lon, lat, height] with degrees and metres."""
    points = []
    for row in np.asarray(position_ecef_m):
        latitude_rad, longitude_rad, height_m = geodetic_from_ecef(row[0], row[1], row[2])
        points.append(
            [
                round(float(np.degrees(longitude_rad)), DECIMALS),
                round(float(np.degrees(latitude_rad)), DECIMALS),
                round(float(height_m), 1),
            ]
        )
    return points


def polygon(rings_deg: tuple[Column, ...] | list[Column]) -> dict[str, Any] | None:
    """Polygon or MultiPolygon of closed (k, 2) lat, lon rings, each an area of its own; None where none has an area.

    A ring over the antimeridian is cut in two there. A ring around a pole is not supported.
    """
    parts = [part for ring in rings_deg for part in _cut_ring(ring)]
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": [parts[0]]}
    return {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}


def line(points: Points) -> dict[str, Any]:
    """Point, LineString or MultiLineString of [lon, lat, height] points, cut at the antimeridian."""
    if len(points) == 1:
        return {"type": "Point", "coordinates": points[0]}
    parts: list[Points] = [[points[0]]]
    for before, after in itertools.pairwise(points):
        if abs(after[0] - before[0]) > 180.0:
            edge = 180.0 if before[0] > 0.0 else -180.0
            turned = after[0] + 2.0 * edge
            share = (edge - before[0]) / (turned - before[0]) if turned != before[0] else 0.0
            crossing = [b + share * (a - b) for b, a in zip(before[1:], after[1:], strict=True)]
            parts[-1].append([edge, *crossing])
            parts.append([[-edge, *crossing]])
        parts[-1].append(after)
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts}


def unwrapped(ring_deg: Column) -> Column:
    """A ring as (k, 2) lon, lat without jumps of longitude, its first longitude in [-180, 180)."""
    ring = np.asarray(ring_deg, dtype=np.float64)
    longitude_deg = np.unwrap(ring[:, 1], period=360.0)
    longitude_deg -= 360.0 * np.floor((longitude_deg[0] + 180.0) / 360.0)
    return np.column_stack((longitude_deg, ring[:, 0]))


def _cut_ring(ring_deg: Column) -> list[Points]:
    if np.asarray(ring_deg).shape[0] < 3:
        return []
    ring = unwrapped(ring_deg)
    if (ring[0] == ring[-1]).all():
        ring = ring[:-1]
    parts = []
    for turn in (-360.0, 0.0, 360.0):
        if (ring[:, 0] + turn).max() > -180.0 and (ring[:, 0] + turn).min() < 180.0:
            moved = ring + np.array((turn, 0.0))
            part = _closed(_clip(_clip(moved.tolist(), 180.0, 1.0), -180.0, -1.0))
            if part:
                parts.append(part)
    return parts


def _clip(ring: Points, meridian_deg: float, sign: float) -> Points:
    """Sutherland and Hodgman (1974): the part of an open ring where sign * (lon - meridian) <= 0."""
    clipped: Points = []
    for start, after in zip(ring[-1:] + ring[:-1], ring, strict=True):
        is_in, was_in = sign * (after[0] - meridian_deg) <= 0.0, sign * (start[0] - meridian_deg) <= 0.0
        if is_in != was_in:
            share = (meridian_deg - start[0]) / (after[0] - start[0])
            clipped.append([meridian_deg, start[1] + share * (after[1] - start[1])])
        if is_in:
            clipped.append(after)
    return clipped


def _closed(ring: Points) -> Points:
    """Rounded, without repeats, closed, counter-clockwise; empty where there is no area."""
    points: Points = []
    for lon, lat in ring:
        point = [round(lon, DECIMALS), round(lat, DECIMALS)]
        if not points or point != points[-1]:
            points.append(point)
    if points and points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        return []
    doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))
    if doubled == 0.0:
        return []
    if doubled < 0.0:
        points.reverse()
    return [*points, points[0]]
