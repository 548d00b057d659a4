"""The warning zones that a true impact concerns: those it lies in, or comes near enough to harm."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.places import zones
from tocsin.places.planar import contains, east_north_m
from tocsin.places.zones import zones_near

Array = np.ndarray[Any, Any]


def zones_at(latitude_deg: float, longitude_deg: float, radius_m: float) -> dict[str, int]:
    """Id to people of the zones that a point lies in or within ``radius_m`` of; empty where nobody lives there."""
    table = zones()
    found: dict[str, int] = {}
    for row in zones_near(latitude_deg, longitude_deg, radius_m).tolist():
        ring = table.polygons_deg[row]
        is_inside = bool(contains(ring, [latitude_deg], [longitude_deg])[0])
        if is_inside or _edge_distance_m(latitude_deg, longitude_deg, ring) <= radius_m:
            found[table.ids[row]] = int(table.people_count[row])
    return found


def _edge_distance_m(latitude_deg: float, longitude_deg: float, ring_deg: Array) -> float:
    """From a point to the nearest point of a closed (k, 2) ring, planar about the point: 0.1 % to 50 km."""
    corners = east_north_m(latitude_deg, longitude_deg, ring_deg[:, 0], ring_deg[:, 1])
    start, along = corners[:-1], np.diff(corners, axis=0)
    length2 = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(-(start * along).sum(axis=1) / length2, 0.0, 1.0)
    return float(np.hypot(*(start + share[:, None] * along).T).min())
