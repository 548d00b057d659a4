"""Coarse country outlines for maps and for "which country is this" (Natural Earth, public domain).

Policy: the lines are Natural Earth's, which draws who administers the ground, and say nothing of whose
it is by right. Areas without an ISO code in the source have an empty code and name, and ``country_at``
says "" there.
"""

from __future__ import annotations

import functools
import gzip
import importlib.resources
from typing import Any, Literal

import msgspec
import numpy as np

from tocsin.places.planar import contains

Detail = Literal["region", "world"]
Array = np.ndarray[Any, Any]
REGION_DEG = (20.0, 20.0, 48.0, 70.0)  # lat, lon of two corners, as built


class _Outline(msgspec.Struct, frozen=True):
    code: str
    name: str
    outlines: list[list[float]]
    holes: list[list[float]]


class _Borders(msgspec.Struct, frozen=True):
    region: list[_Outline]
    world: list[_Outline]


@functools.cache
def _read() -> _Borders:
    data = gzip.decompress((importlib.resources.files("tocsin.places") / "borders.json.gz").read_bytes())
    return msgspec.json.decode(data, type=_Borders)


def _ring(flat: list[float]) -> Array:
    ring = np.array(flat, dtype=np.float64).reshape(-1, 2)
    ring.flags.writeable = False
    return ring


@functools.cache
def borders(detail: Detail = "region") -> list[tuple[str, str, list[Array]]]:
    """(ISO code, name, outlines) of each country; an outline is a closed (k, 2) lat, lon polygon.

    ``region`` is 1:50 million, cut at 20 to 48 north and 20 to 70 east; ``world`` is 1:110 million.
    """
    return [(e.code, e.name, [_ring(flat) for flat in e.outlines]) for e in getattr(_read(), detail)]


@functools.cache
def _holes(detail: Detail) -> list[list[Array]]:
    return [[_ring(flat) for flat in entry.holes] for entry in getattr(_read(), detail)]


def country_at(latitude_deg: float, longitude_deg: float) -> str:
    """ISO 3166-1 alpha-2 code of the country a point lies in; "" at sea or where the source has no code.

    Coasts and borders are coarse: right to about 10 km inside the region, 50 km outside.
    """
    south, west, north, east = REGION_DEG
    detail: Detail = "region" if south <= latitude_deg <= north and west <= longitude_deg <= east else "world"
    for (code, _, outlines), holes in zip(borders(detail), _holes(detail), strict=True):
        for ring in outlines:
            low, high = ring.min(axis=0), ring.max(axis=0)
            if not (low[0] <= latitude_deg <= high[0] and low[1] <= longitude_deg <= high[1]):
                continue
            if contains(ring, latitude_deg, longitude_deg) and not any(
                contains(hole, latitude_deg, longitude_deg) for hole in holes
            ):
                return code
    return ""
