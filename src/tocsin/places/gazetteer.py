"""Districts by name and by place, from the packaged table (GeoNames, CC BY 4.0)."""

from __future__ import annotations

import difflib
import functools
import gzip
import importlib.resources
import math

import msgspec
import numpy as np

from tocsin.errors import ScenarioError
from tocsin.places.names import fold, without_article
from tocsin.places.planar import distance_m

_KNOWN_TOWN_PEOPLE = 1_000  # a hamlet does not take a name from the city that is also known by it


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A populated place; ``admin`` is the province where the table knows it (Türkiye)."""

    name: str
    country: str  # ISO 3166-1 alpha-2
    admin: str
    latitude_deg: float
    longitude_deg: float
    people_count: int  # 0: the source does not say


def read_table(name: str) -> list[list[str]]:
    """Rows of a packaged ``;``-separated table, without its heading."""
    data = gzip.decompress((importlib.resources.files("tocsin.places") / name).read_bytes())
    return [line.split(";") for line in data.decode("utf-8").splitlines()[1:]]


@functools.cache
def _rows() -> list[list[str]]:
    return read_table("places.csv.gz")


@functools.cache
def places() -> tuple[Place, ...]:
    """Every populated place of the table, largest first."""
    return tuple(map(_place, _rows()))


def _place(row: list[str]) -> Place:
    return Place(
        name=row[0],
        country=row[1],
        admin=row[2],
        latitude_deg=float(row[3]),
        longitude_deg=float(row[4]),
        people_count=int(row[5]),
    )


@functools.cache
def _own_names() -> dict[str, list[int]]:
    """Folded own names, to rows largest first."""
    own: dict[str, list[int]] = {}
    for index, row in enumerate(_rows()):
        own.setdefault(fold(row[0]), []).append(index)
    return own


@functools.cache
def _other_names() -> dict[str, list[int]]:
    """Folded other names (province, alias, without article), to rows largest first; asked for rarely."""
    other: dict[str, list[int]] = {}
    for index, row in enumerate(_rows()):
        folded = fold(row[0])
        known_as = {fold(row[2]), folded, *row[6].split(",")}
        for name in sorted(known_as | set(map(without_article, known_as))):
            if name and name != folded:
                other.setdefault(name, []).append(index)
    return other


def find_place(district: str, country: str = "") -> Place:
    """The most populous place of that name; accents, case and the dotless i do not matter.

    In        district   ``Dörtyol``, ``dortyol``, ``Dörtyol, Hatay``, a province (its largest town), or a name
                         a large town is also known by (``Qamishli``)
              country    ISO 3166-1 alpha-2; empty: any
    Raises    ScenarioError with the names that come nearest
    """
    name, _, within = (part.strip() for part in district.partition(","))
    folded, wanted, admin = fold(name), country.upper(), fold(within)
    own = _own_names()

    def matches(rows: list[int]) -> list[Place]:
        found = (_place(_rows()[row]) for row in rows)
        return [p for p in found if wanted in ("", p.country) and admin in ("", fold(p.admin))]

    named = matches(own.get(folded, []))
    if named and named[0].people_count >= _KNOWN_TOWN_PEOPLE:
        return named[0]
    known_as = matches(_other_names().get(folded, []))
    if named and not known_as:
        return named[0]
    if known_as:
        return known_as[0]
    near = difflib.get_close_matches(folded, own, n=40, cutoff=0.7)
    shown = [p for close in near for p in matches(own[close])[:1]][:3]
    said = ", ".join(f"{p.name} ({p.admin or p.country})" for p in shown)
    raise ScenarioError(
        f"no district of that name{f' in {wanted}' if wanted else ''} in the packaged gazetteer",
        value=district,
        remedy=(f"did you mean {said}? " if said else "") + "Or give latitude_deg and longitude_deg",
    )


@functools.cache
def _coordinates() -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rows = _rows()
    lat: np.ndarray[tuple[int], np.dtype[np.float64]] = np.array([float(row[3]) for row in rows])
    lon: np.ndarray[tuple[int], np.dtype[np.float64]] = np.array([float(row[4]) for row in rows])
    return lat, lon


def nearest_place(latitude_deg: float, longitude_deg: float, people_min: int = 0) -> tuple[Place, float]:
    """The nearest place with at least ``people_min`` people, and its distance in metres."""
    if not (math.isfinite(latitude_deg) and math.isfinite(longitude_deg)):
        raise ValueError(f"a point needs finite coordinates, not {latitude_deg}, {longitude_deg}")
    last = len(_rows())
    if people_min > 0:  # rows come largest first
        last = next((i for i, p in enumerate(places()) if p.people_count < people_min), last) or 1
    lat, lon = _coordinates()
    away = distance_m(latitude_deg, longitude_deg, lat[:last], lon[:last])
    row = int(np.argmin(away))
    return places()[row], float(away[row])
