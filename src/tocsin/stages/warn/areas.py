"""Which zones an impact estimate puts in harm's way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.kernels.harm import disc_prob_batch
from tocsin.messages import Vec3
from tocsin.places import east_north_m, zones, zones_near
from tocsin.units import DEG

_SIGMAS = 5.0  # farther out the mass is below 4e-6
_NEAREST_WITHIN_M = 100_000.0  # a threat to empty land warns the nearest people, up to here
_SHARE = 0.9  # of the risk, where it is spread too thin for any zone to pass the threshold
_HEXAGON_PERIMETER = 3.7224  # perimeter / sqrt(area) of a regular hexagon, 2 sqrt(2 sqrt(3))

Array = np.ndarray[Any, Any]


def geodetic_deg(position_ecef_m: Vec3) -> tuple[float, float]:
    """Latitude and longitude, degrees."""
    lat, lon, _ = geodetic_from_ecef(*position_ecef_m)
    return lat / DEG, lon / DEG


def harm_probs(
    latitude_deg: float, longitude_deg: float, covariance_en_m2: Array, harm_radius_m: float
) -> tuple[Array, Array]:
    """Rows of zones near a Gaussian impact estimate, and the probability of impact in or within reach of each.

    A cell grown by ``harm_radius_m`` is taken as the disc of the same area: against samples on the true
    hexagon within 0.03 for a sharp estimate at a corner, and within 2 % of itself for a wide one.
    """
    table = zones()
    covariance = np.ascontiguousarray(covariance_en_m2, dtype=np.float64)
    half = 0.5 * (covariance[0, 0] - covariance[1, 1])
    wide = math.sqrt(max(0.0, 0.5 * (covariance[0, 0] + covariance[1, 1]) + math.hypot(half, covariance[0, 1])))
    rows = zones_near(latitude_deg, longitude_deg, _SIGMAS * wide + harm_radius_m)
    offset = east_north_m(latitude_deg, longitude_deg, table.latitude_deg[rows], table.longitude_deg[rows])
    area = table.area_m2[rows]
    grown = area + _HEXAGON_PERIMETER * np.sqrt(area) * harm_radius_m + math.pi * harm_radius_m**2
    return rows, disc_prob_batch(np.ascontiguousarray(offset), covariance, np.sqrt(grown / math.pi))


def choose_zones(
    impact_ecef_m: Vec3,
    covariance_en_m2: Array,
    *,
    held: frozenset[str],
    threshold_prob: float,
    release_prob: float,
    harm_radius_m: float,
    max_zones: int,
) -> dict[str, float]:
    """Zones to warn, each with its probability of harm, likeliest first; empty where nobody lives within 100 km.

    A zone is taken at ``threshold_prob`` and, once held, kept down to ``release_prob``. Where the estimate is
    so wide that none passes, the likeliest zones that together hold 90 % of the risk are taken: no silent
    miss. Where the risk lies on empty land, the nearest zone is.
    """
    table = zones()
    lat, lon = geodetic_deg(impact_ecef_m)
    rows, probs = harm_probs(lat, lon, covariance_en_m2, harm_radius_m)
    order = sorted(range(len(rows)), key=lambda i: (-float(probs[i]), table.ids[int(rows[i])]))
    risk = {table.ids[int(rows[i])]: float(probs[i]) for i in order}
    chosen = [zone for zone, prob in risk.items() if prob >= (release_prob if zone in held else threshold_prob)]
    total = sum(risk.values())
    if not chosen and total >= release_prob:
        reached = 0.0
        for zone, prob in risk.items():
            if reached >= _SHARE * total:
                break
            chosen.append(zone)
            reached += prob
    if not chosen:
        chosen = [table.ids[int(row)] for row in zones_near(lat, lon, _NEAREST_WITHIN_M)[:1]]
    return {zone: risk.get(zone, 0.0) for zone in chosen[:max_zones]}
