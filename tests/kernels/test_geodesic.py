"""Geodesics against Karney's test set (computed to 1e-18 degree) and against PROJ where the set is thin."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from tocsin.kernels.geodesic import geodesic_direct, geodesic_inverse

METRES_PER_RAD = 6.4e6  # no degree of the ellipsoid is longer
BAR_M = 1e-6


def karney(reference: Path) -> np.ndarray:
    """(100, 7): lat1, lon1, azimuth1, lat2, lon2, azimuth2 in rad, distance in m."""
    rows = np.loadtxt(reference / "geodesic" / "GeodTest-100.dat")[:, :7]
    assert rows.shape == (100, 7)
    rows[:, :6] = np.deg2rad(rows[:, :6])
    return rows


def apart_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    turn = math.remainder(lon2 - lon1, 2.0 * math.pi)
    return METRES_PER_RAD * math.hypot(lat2 - lat1, turn * math.cos(lat1))


@pytest.mark.reference
def test_each_of_karneys_hundred_lines_leads_to_its_end_within_a_micrometre(reference: Path) -> None:
    for lat1, lon1, azimuth1, lat2, lon2, azimuth2, distance_m in karney(reference):
        lat, lon, azimuth = geodesic_direct(lat1, lon1, azimuth1, distance_m)
        assert apart_m(lat2, lon2, lat, lon) < BAR_M
        # azimuths turn with the meridians' convergence: near a pole a micrometre is many radians
        assert abs(azimuth - azimuth2) * math.cos(lat2) < BAR_M / METRES_PER_RAD


@pytest.mark.reference
def test_each_of_karneys_hundred_lines_leads_back_to_its_start_within_a_micrometre(reference: Path) -> None:
    for lat1, lon1, _, lat2, lon2, azimuth2, distance_m in karney(reference):
        lat, lon, _ = geodesic_direct(lat2, lon2, azimuth2, -distance_m)
        assert apart_m(lat1, lon1, lat, lon) < BAR_M


@pytest.mark.reference
def test_each_of_karneys_hundred_distances_is_found_within_a_micrometre(reference: Path) -> None:
    for lat1, lon1, _, lat2, lon2, _, distance_m in karney(reference):
        assert geodesic_inverse(lat1, lon1, lat2, lon2)[0] == pytest.approx(distance_m, abs=BAR_M)
        assert geodesic_inverse(lat2, lon2, lat1, lon1)[0] == pytest.approx(distance_m, abs=BAR_M)


def pairs(kind: str, count: int) -> np.ndarray:
    """(count, 4) degrees: two places that are hard for the inverse."""
    rng = np.random.default_rng([len(kind), count])
    lat = np.rad2deg(np.arcsin(rng.uniform(-1.0, 1.0, count)))
    lon = rng.uniform(-180.0, 180.0, count)
    if kind == "anywhere":
        to = np.stack([np.rad2deg(np.arcsin(rng.uniform(-1.0, 1.0, count))), rng.uniform(-180.0, 180.0, count)], axis=1)
    elif kind == "nearly antipodal":
        to = np.stack([-lat + rng.normal(0.0, 0.5, count), lon + 180.0 + rng.normal(0.0, 0.5, count)], axis=1)
    elif kind == "metres apart":
        to = np.stack([lat + rng.normal(0.0, 1e-4, count), lon + rng.normal(0.0, 1e-4, count)], axis=1)
    elif kind == "across the equator's antipode":
        lat = rng.normal(0.0, 1e-8, count)
        to = np.stack([rng.normal(0.0, 1e-8, count), lon + 180.0 + rng.normal(0.0, 0.7, count)], axis=1)
    else:  # poles, equator, meridians
        lat = rng.choice([0.0, 90.0, -90.0, 30.0], count)
        to = np.stack(
            [rng.choice([0.0, 90.0, -90.0, -30.0], count), lon + rng.choice([0.0, 90.0, 180.0], count)], axis=1
        )
    return np.column_stack([lat, lon, np.clip(to[:, 0], -90.0, 90.0), to[:, 1]])


KINDS = ["anywhere", "nearly antipodal", "metres apart", "across the equator's antipode", "poles and meridians"]


@pytest.mark.parametrize("kind", KINDS)
def test_distance_agrees_with_proj_and_its_azimuth_leads_there(kind: str) -> None:
    proj = Geod(ellps="WGS84")
    for lat1, lon1, lat2, lon2 in pairs(kind, 500):
        rad = np.deg2rad([lat1, lon1, lat2, lon2])
        distance_m, azimuth1, azimuth2 = geodesic_inverse(*rad)
        assert distance_m == pytest.approx(proj.inv(lon1, lat1, lon2, lat2)[2], abs=BAR_M)
        lat, lon, azimuth = geodesic_direct(rad[0], rad[1], azimuth1, distance_m)
        assert apart_m(rad[2], rad[3], lat, lon) < BAR_M
        if abs(lat2) < 89.0 and distance_m > 1.0:
            assert math.remainder(azimuth - azimuth2, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-7)


def test_a_place_is_no_distance_from_itself_wherever_it_lies() -> None:
    for lat, lon in [(0.0, 0.0), (math.pi / 2, 1.0), (-math.pi / 2, -1.0), (0.7, math.pi), (-0.7, -math.pi)]:
        assert geodesic_inverse(lat, lon, lat, lon)[0] == pytest.approx(0.0, abs=1e-9)
        assert apart_m(lat, lon, *geodesic_direct(lat, lon, 0.3, 0.0)[:2]) < 1e-8


def test_what_is_not_finite_gives_not_a_number() -> None:
    for bad in (math.nan, math.inf, -math.inf):
        for place in range(4):
            given = [0.1, 0.2, 0.3, 0.4]
            given[place] = bad
            assert all(math.isnan(x) for x in geodesic_direct(*given))
            assert all(math.isnan(x) for x in geodesic_inverse(*given))
