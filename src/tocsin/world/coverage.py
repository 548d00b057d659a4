"""From which height up radars see: a grid of lowest visible heights, one layer a radar, and all together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.geodesy import ecef_of_many, geodetic_from_ecef
from tocsin.kernels.refraction import ray_central_angle_rad
from tocsin.units import DEG, M_PER_KM
from tocsin.world.ballistic import Array
from tocsin.world.sight import Bools, Eye, observed

Index = npt.NDArray[np.int64]
CELLS = 60_000  # about so many in a grid
STEPS_DEG = (0.01, 0.02, 0.05, 0.0625, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0)
HEIGHT_ENOUGH_M = 1.0  # to this the lowest height is found
MARGIN_ENOUGH = 1e-8  # rad (m of range): 0.1 m at 10 000 km
TURNS = 45  # of the search for a height
FAR_RAD = 1.5  # central angle beyond which nothing is looked for
POLE_DEG = 89.0
AREA_HEIGHTS_M = (1_000.0, 10_000.0, 100_000.0)  # area seen is told at these


class Grid(msgspec.Struct, frozen=True, eq=False):
    """Middles of cells; longitudes rise without a jump and may pass 180."""

    latitude_deg: Array  # (r,) rising
    longitude_deg: Array  # (c,) rising
    step_deg: float

    def area_km2(self, is_inside: Bools) -> float:
        """Ground of the cells where (r, c) is true, on the sphere of the mean radius."""
        half = 0.5 * self.step_deg * DEG
        radius_km = MEAN_EARTH_RADIUS_M / M_PER_KM
        rows = 2.0 * math.sin(half) * np.cos(self.latitude_deg * DEG) * (self.step_deg * DEG) * radius_km**2
        return float((is_inside * rows[:, None]).sum())


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One radar's map."""

    name: str
    place_deg: tuple[float, float]  # latitude, longitude of the radar
    reach_m: float
    lowest_m: Array  # (r, c) height above which it sees; nan where it does not below the top


class CoverageMap(msgspec.Struct, frozen=True, eq=False):
    """Layers on one grid."""

    grid: Grid
    top_m: float
    layers: tuple[Layer, ...]

    @property
    def combined_m(self) -> Array:
        """(r, c) lowest height at which at least one radar sees; nan where none does."""
        stack = np.stack([np.where(np.isnan(layer.lowest_m), np.inf, layer.lowest_m) for layer in self.layers])
        lowest = stack.min(axis=0)
        return np.where(np.isfinite(lowest), lowest, np.nan)


def coverage_map(
    eyes: Sequence[Eye],
    places_m: Array,
    top_m: float,
    *,
    also_deg: Array | None = None,
    cells: int = CELLS,
    on_progress: Callable[[float], None] = lambda _: None,
) -> CoverageMap:
    """Map of one or more radars at (k, 3) places.

    The grid holds all they see below ``top_m``, and the places ``also_deg`` (n, 2) latitude, longitude.
    """
    grid = _grid(eyes, places_m, top_m, also_deg, cells)
    layers = []
    for number, (eye, place) in enumerate(zip(eyes, places_m, strict=True)):
        latitude, longitude, _ = geodetic_from_ecef(place[0], place[1], place[2])
        lowest = lowest_visible_m(eye, place, *_cells(grid), top_m).reshape(len(grid.latitude_deg), -1)
        where = math.degrees(latitude), math.degrees(longitude)
        layers.append(Layer(eye.sensor.name, where, eye.reach_m, lowest))
        on_progress((number + 1) / len(eyes))
    return CoverageMap(grid, top_m, tuple(layers))


def lowest_visible_m(eye: Eye, place_m: Array, latitude_deg: Array, longitude_deg: Array, top_m: float) -> Array:
    """Lowest height over each of n places of the ground, 0 to ``top_m``, that a radar sees; (n,) m, nan where none.

    Along the upright over a place a target comes out of the horizon once and stays out, so a root is sought; then
    range, azimuth and the highest elevation are asked. Where it is too near at that height, it is followed up until it
    is far enough. A range that shrinks with height (a target below the level of the radar) does so by less than a
    thousandth, which is left out.
    Accuracy  1 m, of the rule in ``Eye``
    """
    near_m = eye.sensor.range_min_km * M_PER_KM
    ground = np.column_stack((latitude_deg * DEG, longitude_deg * DEG))

    def seen_at(rows: Index, height_m: Array) -> Array:
        return observed(np.asarray(ecef_of_many(np.column_stack((ground[rows], height_m)))), place_m)

    lowest = np.full(len(latitude_deg), np.nan)
    every = np.arange(len(latitude_deg))
    start = seen_at(every, np.zeros(len(every)))
    chord_m = 2.0 * np.sin(0.5 * start[:, 5]) * (MEAN_EARTH_RADIUS_M + eye.base_m)
    rows = np.flatnonzero((0.99 * chord_m <= eye.reach_m) & (start[:, 5] < FAR_RAD))
    height = _first_height(
        lambda at, height_m: eye.clearance_rad(seen_at(rows[at], height_m)), np.zeros(len(rows)), top_m
    )
    rows, height = rows[~np.isnan(height)], height[~np.isnan(height)]
    near = np.flatnonzero(seen_at(rows, height)[:, 0] < near_m)
    if len(near):
        height[near] = _first_height(
            lambda at, height_m: seen_at(rows[near[at]], height_m)[:, 0] - near_m, height[near], top_m
        )
        rows, height = rows[~np.isnan(height)], height[~np.isnan(height)]
    is_seen = eye.is_seen(seen_at(rows, height + HEIGHT_ENOUGH_M))
    lowest[rows[is_seen]] = height[is_seen]
    return lowest


def _first_height(margin: Callable[[Index, Array], Array], from_m: Array, top_m: float) -> Array:
    """Of each row the height at which a growing margin turns positive, from ``from_m`` to ``top_m``; nan where never.

    ``margin`` takes numbers of rows and a height for each. False position with the Illinois rule, which needs some
    seven calls, and bisection for what is left.
    """
    every = np.arange(len(from_m))
    low, high = from_m.copy(), np.full(len(from_m), top_m)
    low_margin, high_margin = margin(every, low), margin(every, high)
    found = np.where(low_margin >= 0.0, low, np.nan)
    todo = np.flatnonzero((low_margin < 0.0) & (high_margin >= 0.0))
    last_side = np.zeros(len(from_m))
    for turn in range(TURNS):
        if not len(todo):
            break
        a, b, fa, fb = low[todo], high[todo], low_margin[todo], high_margin[todo]
        guess = a + (b - a) * (0.5 if turn >= TURNS // 3 else np.clip(-fa / (fb - fa), 1e-6, 1.0 - 1e-6))
        value = margin(todo, guess)
        is_high = value >= 0.0
        side = np.where(is_high, 1.0, -1.0)
        again = side == last_side[todo]  # the same end twice: the other end's margin counts half
        high[todo], high_margin[todo] = (
            np.where(is_high, guess, b),
            np.where(is_high, value, np.where(again, fb / 2, fb)),
        )
        low[todo], low_margin[todo] = np.where(is_high, a, guess), np.where(is_high, np.where(again, fa / 2, fa), value)
        last_side[todo] = side
        is_done = (high[todo] - low[todo] < HEIGHT_ENOUGH_M) | (np.abs(value) < MARGIN_ENOUGH)
        found[todo[is_done]] = guess[is_done]
        todo = todo[~is_done]
    return found


def areas_km2(coverage: CoverageMap, lowest_m: Array) -> dict[str, float]:
    """Ground over which a target at each of ``AREA_HEIGHTS_M`` is above the lowest visible height, by height."""
    with np.errstate(invalid="ignore"):
        return {
            f"at_{height_m / M_PER_KM:g}_km": round(coverage.grid.area_km2(lowest_m <= height_m), 0)
            for height_m in AREA_HEIGHTS_M
            if height_m <= coverage.top_m
        }


def grid_about(places_deg: Array, cells: int = CELLS) -> Grid:
    """A grid that holds places (n, 2), latitude and longitude, with a margin."""
    middle = float(places_deg[0, 1])
    longitude = middle + (places_deg[:, 1] - middle + 180.0) % 360.0 - 180.0
    return _filled(
        float(places_deg[:, 0].min()) - 1.0, float(places_deg[:, 0].max()) + 1.0, float(longitude.min()) - 1.0,
        float(longitude.max()) + 1.0, cells,
    )  # fmt: skip


def _cells(grid: Grid) -> tuple[Array, Array]:
    latitude, longitude = np.meshgrid(grid.latitude_deg, grid.longitude_deg, indexing="ij")
    return latitude.ravel(), longitude.ravel()


def _grid(eyes: Sequence[Eye], places_m: Array, top_m: float, also_deg: Array | None, cells: int) -> Grid:
    """Round every radar what it can see below the top, and a margin."""
    south, north, west, east = 90.0, -90.0, math.inf, -math.inf
    middle = None
    root_top = math.sqrt(top_m - min(0.0, min(eye.base_m for eye in eyes)))
    for eye, place in zip(eyes, places_m, strict=True):
        latitude, longitude, _ = (math.degrees(v) for v in geodetic_from_ecef(place[0], place[1], place[2]))
        middle = longitude if middle is None else middle
        longitude = middle + (longitude - middle + 180.0) % 360.0 - 180.0
        by_ray = float(np.interp(root_top, eye.root_heights, eye.horizon_rad))
        lowest_rad = eye.sensor.elevation_min_deg * DEG
        if lowest_rad > 0.0:
            height_m, n0 = float(eye.sensor.height_m), float(eye.sensor.refractivity)
            by_ray = min(by_ray, float(ray_central_angle_rad(height_m, lowest_rad, top_m, n0)))
        arc_deg = math.degrees(min(eye.reach_m / MEAN_EARTH_RADIUS_M, by_ray, FAR_RAD)) * 1.02 + 0.1
        level = math.cos(min(abs(latitude) + arc_deg, POLE_DEG) * DEG)
        width = 180.0 if abs(latitude) + arc_deg >= POLE_DEG else math.degrees(
            math.asin(min(1.0, math.sin(arc_deg * DEG) / max(math.cos(latitude * DEG), level)))
        )  # fmt: skip
        south, north = min(south, latitude - arc_deg), max(north, latitude + arc_deg)
        west, east = min(west, longitude - width), max(east, longitude + width)
    if also_deg is not None and len(also_deg):
        longitudes = (middle or 0.0) + (also_deg[:, 1] - (middle or 0.0) + 180.0) % 360.0 - 180.0
        south, north = min(south, float(also_deg[:, 0].min()) - 0.3), max(north, float(also_deg[:, 0].max()) + 0.3)
        west, east = min(west, float(longitudes.min()) - 0.3), max(east, float(longitudes.max()) + 0.3)
    return _filled(south, north, west, east, cells)


def _filled(south: float, north: float, west: float, east: float, cells: int) -> Grid:
    south, north = max(south, -POLE_DEG), min(north, POLE_DEG)
    east = min(east, west + 360.0)
    wanted = math.sqrt((north - south) * (east - west) / cells)
    step = next((each for each in STEPS_DEG if each >= wanted), STEPS_DEG[-1])
    rows, columns = math.ceil((north - south) / step), math.ceil((east - west) / step)
    first_row, first_column = math.floor(south / step), math.floor(west / step)
    latitude_deg: Array = (first_row + 0.5 + np.arange(rows + 1, dtype=np.float64)) * step
    columns = min(columns + 1, round(360.0 / step))
    longitude_deg: Array = (first_column + 0.5 + np.arange(columns, dtype=np.float64)) * step
    return Grid(latitude_deg[np.abs(latitude_deg) < 90.0], longitude_deg, step)
