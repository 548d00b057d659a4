"""Warning zones: populated places gathered on H3 cells of resolution 5, about 250 km2 each."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.places.gazetteer import read_table
from tocsin.places.planar import contains, distance_m, east_north_m
from tocsin.units import DEG

Array = np.ndarray[Any, Any]


class Zones(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Columns over all zones, axis 0 the zone, in order of id. A cell where nobody lives is no zone."""

    ids: tuple[str, ...]  # H3 cell
    names: tuple[str, ...]  # its most populous place
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2 of that place
    admins: tuple[str, ...]  # province, where the table knows it
    people_count: Array  # (n,) int64
    latitude_deg: Array  # (n,) of the centre
    longitude_deg: Array  # (n,)
    radius_m: Array  # (n,) centre to farthest corner
    area_m2: Array  # (n,)
    polygons_deg: tuple[Array, ...]  # (k, 2) lat, lon, closed

    def row(self, zone: str) -> int:
        """Row of a zone by id; KeyError where there is none."""
        return _row_of()[zone]


@functools.cache
def zones() -> Zones:
    """The packaged zones; read once."""
    rows = read_table("zones.csv.gz")
    lat, lon = np.array([float(row[5]) for row in rows]), np.array([float(row[6]) for row in rows])
    listed = [row[7].split(" ") for row in rows]
    closed = [pairs + pairs[:2] for pairs in listed]
    starts = np.cumsum([0] + [len(pairs) // 2 for pairs in closed])
    corners = np.array([value for pairs in closed for value in pairs], dtype=np.float64).reshape(-1, 2)
    corners.flags.writeable = False
    counts = np.diff(starts)
    away = east_north_m(np.repeat(lat, counts), np.repeat(lon, counts), corners[:, 0], corners[:, 1])
    cross = away[:-1, 0] * away[1:, 1] - away[1:, 0] * away[:-1, 1]
    cross = np.append(cross, 0.0)
    cross[starts[1:] - 1] = 0.0  # no edge from one cell to the next
    polygons = tuple(corners[a:b] for a, b in itertools.pairwise(starts))
    table = Zones(
        ids=tuple(row[0] for row in rows),
        names=tuple(row[1] for row in rows),
        countries=tuple(row[2] for row in rows),
        admins=tuple(row[3] for row in rows),
        people_count=np.array([int(row[4]) for row in rows], dtype=np.int64),
        latitude_deg=lat,
        longitude_deg=lon,
        radius_m=np.maximum.reduceat(np.hypot(away[:, 0], away[:, 1]), starts[:-1]),
        area_m2=0.5 * np.abs(np.add.reduceat(cross, starts[:-1])),
        polygons_deg=polygons,
    )
    for array in (table.people_count, lat, lon, table.radius_m, table.area_m2):
        array.flags.writeable = False
    return table


@functools.cache
def _row_of() -> dict[str, int]:
    return {zone: row for row, zone in enumerate(zones().ids)}


def zones_near(latitude_deg: float, longitude_deg: float, radius_m: float) -> Array:
    """Rows of the zones that may reach within ``radius_m`` of a point, nearest centre first.

    The test is on each zone's enclosing circle: none that reaches is missed, a few that do not are kept.
    """
    table = zones()
    reach_m = radius_m + table.radius_m
    # no way is shorter than its part along the meridian, give or take what rounds
    rows = np.flatnonzero(np.abs(table.latitude_deg - latitude_deg) <= reach_m * (1.001 / (MEAN_EARTH_RADIUS_M * DEG)))
    away = distance_m(latitude_deg, longitude_deg, table.latitude_deg[rows], table.longitude_deg[rows])
    order = np.argsort(away, kind="stable")
    rows, away = rows[order], away[order]
    return rows[away <= reach_m[rows]]


def zones_in(polygon_deg: npt.ArrayLike) -> Array:
    """Rows of the zones a (k, 2) lat, lon polygon touches, in order of row.

    Touching: a corner or the centre of the cell lies in the polygon, or a point of the polygon lies in the cell.
    """
    table, ring = zones(), np.asarray(polygon_deg, dtype=np.float64)
    margin_deg = 0.3  # more than a cell's radius, in latitude and, to 60 degrees, in longitude
    low, high = ring.min(axis=0) - margin_deg, ring.max(axis=0) + margin_deg
    lat, lon = table.latitude_deg, table.longitude_deg
    box = np.flatnonzero((lat >= low[0]) & (lat <= high[0]) & (lon >= low[1]) & (lon <= high[1]))
    if not len(box):
        return box
    cells = [table.polygons_deg[row] for row in box]
    points = np.concatenate([*cells, np.column_stack((lat[box], lon[box]))])
    owner = np.concatenate([np.repeat(np.arange(len(box)), [len(cell) for cell in cells]), np.arange(len(box))])
    inside = contains(ring, points[:, 0], points[:, 1])
    is_hit = np.bincount(owner, weights=inside, minlength=len(box)) > 0
    for i in np.flatnonzero(~is_hit):
        cell = cells[i]
        near = (ring >= cell.min(axis=0)).all(axis=1) & (ring <= cell.max(axis=0)).all(axis=1)
        is_hit[i] = bool(near.any()) and bool(contains(cell, ring[near, 0], ring[near, 1]).any())
    return box[is_hit]
