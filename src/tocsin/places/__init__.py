"""Gazetteer, borders and zones: the packaged tables and how they were built (``build.py``).

Places and zones: GeoNames (geonames.org), CC BY 4.0. Outlines: Natural Earth through world-atlas, public domain.
"""

from tocsin.places.borders import borders, country_at
from tocsin.places.gazetteer import Place, find_place, nearest_place, places
from tocsin.places.planar import contains, distance_m, east_north_m
from tocsin.places.provinces import Province, provinces
from tocsin.places.zones import Zones, zones, zones_in, zones_near

__all__ = [
    "Place",
    "Province",
    "Zones",
    "borders",
    "contains",
    "country_at",
    "distance_m",
    "east_north_m",
    "find_place",
    "nearest_place",
    "places",
    "provinces",
    "zones",
    "zones_in",
    "zones_near",
]
