"""Public library, usable alone: states in, flights out, and the regions on the ground they lead to."""

from __future__ import annotations

from tocsin.errors import FlightError
from tocsin.flight.earth import Earth
from tocsin.flight.flights import Apogee, Flight, FlightBatch, FlightEvent, FlightStatus, Impact
from tocsin.flight.fly import fly
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
    "Earth",
    "Flight",
    "FlightBatch",
    "FlightError",
    "FlightEvent",
    "FlightStatus",
    "Impact",
    "contains",
    "ellipse_polygon",
    "enu_offsets_m",
    "fly",
    "mass_region_polygon",
    "place_offsets",
    "polygon_area_m2",
    "surface_ecef_m",
]
