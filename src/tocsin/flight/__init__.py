"""Public library, usable alone: states in, flights out, and the regions on the ground they lead to."""

from __future__ import annotations

from tocsin.errors import FlightError
from tocsin.flight.fly import Apogee, Flight, FlightBatch, FlightStatus, Impact, fly, fly_batch
from tocsin.flight.regions import (
    contains,
    ellipse_polygon,
    enu_offsets_m,
    mass_region_polygon,
    place_offsets,
    polygon_area_m2,
    surface_ecef_m,
)

__all__ = [
    "Apogee",
    "Flight",
    "FlightBatch",
    "FlightError",
    "FlightStatus",
    "Impact",
    "contains",
    "ellipse_polygon",
    "enu_offsets_m",
    "fly",
    "fly_batch",
    "mass_region_polygon",
    "place_offsets",
    "polygon_area_m2",
    "surface_ecef_m",
]
