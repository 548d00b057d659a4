"""coverage.csv, coverage_map.csv and the GeoJSON of a coverage map."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.formats.rings import DECIMALS
from tocsin.messages import Column

COVERAGE_COLUMNS: dict[str, tuple[str, str]] = {
    "flight": ("-", "name of the flight"),
    "sensor": ("-", "name of the sensor; all: every sensor together"),
    "kind": ("-", "radar, infrared or position; empty for all"),
    "first_seen_s": ("s", "after the start of the flight; empty where it is never seen, as below"),
    "last_seen_s": ("s", "after the start of the flight"),
    "seen_s": ("s", "how long it is seen, gaps left out"),
    "before_end_s": ("s", "from first seen to the end of the flight (the impact)"),
    "all_without_first_seen_s": ("s", "first seen by all sensors but this one; empty for all"),
    "all_without_seen_s": ("s", "how long it is seen by all sensors but this one; empty for all"),
    "all_without_before_end_s": ("s", "from first seen by all but this one to the end; empty for all"),
    "marking": ("-", "EXERCISE - notional parameters, in every row"),
}
"""Every column of coverage.csv: unit and meaning, in order."""
MAP_COLUMNS: dict[str, tuple[str, str]] = {
    "sensor": ("-", "name of the radar; all: the lowest of all radars"),
    "latitude_deg": ("deg", "middle of the cell, WGS-84"),
    "longitude_deg": ("deg", "middle of the cell, -180 to 180"),
    "lowest_height_m": ("m", "above the ellipsoid, from which up the radar sees; cells it does not see have no row"),
    "marking": ("-", "EXERCISE - notional parameters, in every row"),
}
"""Every column of coverage_map.csv: unit and meaning, in order."""


def write_views(path: Path, rows: Iterable[Mapping[str, Any]], marking: str) -> None:
    """coverage.csv from rows by column; None is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COVERAGE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            cells = {name: "" if value is None else value for name, value in row.items()}
            writer.writerow({**cells, "marking": marking})


def write_map(path: Path, grid: tuple[Column, Column], layers: Sequence[tuple[str, Column]], marking: str) -> None:
    """coverage_map.csv: ``grid`` is latitudes (r,) and longitudes (c,), a layer a name and (r, c) heights or nan."""
    latitude, longitude = np.meshgrid(grid[0], _wrapped(grid[1]), indexing="ij")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(MAP_COLUMNS) + "\n")
        for name, lowest in layers:
            seen = ~np.isnan(lowest)
            quoted = _quoted(name)
            file.writelines(
                f"{quoted},{a:.4f},{b:.4f},{h:.0f},{marking}\n"
                for a, b, h in zip(
                    latitude[seen].tolist(), longitude[seen].tolist(), lowest[seen].tolist(), strict=True
                )
            )


def coverage_geojson(
    grid: tuple[Column, Column],
    layers: Sequence[tuple[str, Column]],
    heights_m: Sequence[float],
    *,
    sensors: Sequence[tuple[str, str, float, float]],
    tracks: Mapping[str, Sequence[tuple[float, float]]],
    outlines: Mapping[str, Column],
    marking: str,
    source: str,
) -> dict[str, Any]:
    """A FeatureCollection: areas of lowest visible height, sensors, ground tracks, edges of what infrared sees.

    In        sensors   (name, kind, latitude, longitude)
              tracks, outlines   latitude, longitude by name
    """
    features = []
    for name, lowest in layers:
        for height_m in heights_m:
            shape = _area(grid, lowest, height_m)
            if shape is not None:
                said = {"sensor": name, "height_m": height_m, "meaning": "lowest visible height at or below height_m"}
                features.append(_feature("coverage", f"{name}/{height_m:g}", shape, said))
    for name, kind, latitude, longitude in sensors:
        point = {"type": "Point", "coordinates": [round(longitude, DECIMALS), round(latitude, DECIMALS)]}
        features.append(_feature("sensor", name, point, {"sensor_kind": kind}))
    for name, track in tracks.items():
        features.append(_feature("ground_track", name, _line(track), {"flight": name}))
    for name, ring in outlines.items():
        features.append(
            _feature("infrared_limb", name, _line([(float(a), float(b)) for a, b in ring]), {"sensor": name})
        )
    for feature in features:
        feature["properties"] |= {"marking": marking, "source": source}
    return {"type": "FeatureCollection", "name": f"tocsin: {marking}", "features": features}


def _area(grid: tuple[Column, Column], lowest: Column, height_m: float) -> dict[str, Any] | None:
    """Where heights are at or below one: polygons with holes, cut at the antimeridian; None where there is none."""
    from contourpy import FillType, contour_generator

    polygons: list[list[list[list[float]]]] = []
    latitude, longitude = grid
    turns = np.floor((longitude + 180.0) / 360.0)
    for turn in np.unique(turns).tolist():
        columns = np.flatnonzero(turns == turn)
        if len(columns) < 2 or len(latitude) < 2:
            continue
        made = contour_generator(
            longitude[columns] - 360.0 * turn, latitude, np.ma.masked_invalid(lowest[:, columns]),
            fill_type=FillType.OuterOffset,
        )  # fmt: skip
        for points, offsets in zip(*made.filled(-1.0, height_m), strict=True):
            rings = [points[a:b].round(5).tolist() for a, b in itertools.pairwise(offsets)]
            polygons.append([ring for ring in rings if len(ring) > 3])
    if not polygons:
        return None
    return {"type": "MultiPolygon", "coordinates": polygons}


def _line(track: Sequence[tuple[float, float]]) -> dict[str, Any]:
    from tocsin.formats.rings import line

    return line([[round(longitude, DECIMALS), round(latitude, DECIMALS)] for latitude, longitude in track])


def _feature(kind: str, name: str, geometry: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    properties = {"kind": kind, "name": name, **said}
    return {"type": "Feature", "id": f"{kind}/{name}", "geometry": geometry, "properties": properties}


def _wrapped(longitude_deg: Column) -> Column:
    wrapped: Column = (longitude_deg + 180.0) % 360.0 - 180.0
    return wrapped


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(c in name for c in ',"\n\r') else name
