"""Who lives where the pieces land: zones, districts, people, expected casualties, from the packaged zones."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tocsin.flight.regions import contains, polygon_area_m2
from tocsin.messages import Column
from tocsin.places import east_north_m, zones, zones_in

MOST_PLACES = 12
GRID = 32  # points each way over a region's box
HEXAGON_TO_CIRCLE = math.sqrt(3.0 * math.sqrt(3.0) / (2.0 * math.pi))  # radius of the circle of a hexagon's area
M_PER_DEG = 111_000.0  # of latitude, rounded down, for a box with a margin


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What a region of the ground holds."""

    zones: tuple[str, ...]
    places: tuple[str, ...]
    people_count: int


def exposure(region_90_deg: Column, region_99_deg: Column) -> Exposure:
    """Zones touched by the 99 % region; districts, largest first, and people of the 90 % region."""
    table = zones()
    rows = zones_in(region_90_deg)
    largest = rows[np.argsort(-table.people_count[rows], kind="stable")]
    names = tuple(dict.fromkeys(table.names[row] for row in largest))[:MOST_PLACES]
    return Exposure(
        zones=tuple(table.ids[row] for row in zones_in(region_99_deg)),
        places=names,
        people_count=round(people_in(region_90_deg)),
    )


def people_in(region_deg: Column) -> float:
    """People in a region: the mean density over a grid of points in it, times its area."""
    low, high = region_deg.min(axis=0), region_deg.max(axis=0)
    steps = (np.arange(GRID) + 0.5) / GRID
    lat, lon = np.meshgrid(low[0] + steps * (high[0] - low[0]), low[1] + steps * (high[1] - low[1]), indexing="ij")
    inside = contains(region_deg, lat.ravel(), lon.ravel())
    if not inside.any():
        return 0.0
    points = np.column_stack((lat.ravel(), lon.ravel()))[inside]
    return float(density_at(points).mean()) * polygon_area_m2(region_deg)


def density_at(points_deg: Column) -> Column:
    """(n,) people a square metre at (n, 2) lat, lon points; 0 where nobody is known to live.

    Each zone is taken as the circle of its area about its centre: people are spread evenly over a zone.
    """
    table = zones()
    out = np.zeros(len(points_deg))
    low, high = points_deg.min(axis=0), points_deg.max(axis=0)
    margin_lat = float(table.radius_m.max()) / M_PER_DEG
    margin_lon = margin_lat / max(math.cos(math.radians(min(float(np.abs(points_deg[:, 0]).max()), 80.0))), 0.1)
    lat, lon = table.latitude_deg, table.longitude_deg
    box = (lat >= low[0] - margin_lat) & (lat <= high[0] + margin_lat)
    rows = np.flatnonzero(box & (lon >= low[1] - margin_lon) & (lon <= high[1] + margin_lon))
    if not len(rows):
        return out
    middle = (float(points_deg[:, 0].mean()), float(points_deg[:, 1].mean()))
    here = east_north_m(*middle, points_deg[:, 0], points_deg[:, 1])
    there = east_north_m(*middle, lat[rows], lon[rows])
    away_m = np.hypot(here[:, None, 0] - there[None, :, 0], here[:, None, 1] - there[None, :, 1])
    nearest = np.argmin(away_m, axis=1)
    circle_m = HEXAGON_TO_CIRCLE * table.radius_m[rows]
    density = table.people_count[rows] / (math.pi * circle_m**2)
    is_in = away_m[np.arange(len(here)), nearest] <= circle_m[nearest]
    return np.where(is_in, density[nearest], out)
