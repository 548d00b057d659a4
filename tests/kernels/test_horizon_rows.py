"""The horizon against the rows of ``closed_form.json``: a site at height 0 on a sphere of 6371 km.

``ground_*`` is the way along the sphere to where the grazing ray meets a height, ``slant_*`` the way along the ray;
``*_geom`` for straight rays, ``*_43`` for straight rays over a sphere of 4/3 of the radius, its arc taken as the
ground's.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tocsin.kernels.refraction import horizon_apparent_elevation_rad, ray_central_angle_rad, unbend

RADIUS_M = 6_371_000.0
N0 = 313.0


@pytest.fixture(scope="module")
def rows(reference: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((reference / "benchmarks" / "closed_form.json").read_text())["horizon"]
    assert len(found) == 11
    return found


def angle(height_m: float, n0: float) -> float:
    return float(ray_central_angle_rad(0.0, horizon_apparent_elevation_rad(0.0, n0), height_m, n0))


def test_without_air_the_horizon_is_the_straight_one(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        height_m = 1000.0 * row["target_alt_km"]
        found = angle(height_m, 0.0)
        # rows are rounded to 0.1 km
        assert found * RADIUS_M == pytest.approx(1000.0 * row["ground_geom_km"], rel=1e-4, abs=60.0)
        slant_m = (RADIUS_M + height_m) * math.sin(found)
        assert slant_m == pytest.approx(1000.0 * row["slant_geom_km"], rel=1e-4, abs=60.0)
        elevation_rad, range_m = unbend(0.0, 0.0, slant_m, 0.0)
        assert elevation_rad == pytest.approx(0.0, abs=1e-9)
        assert range_m == pytest.approx(slant_m, abs=1e-3)


def test_four_thirds_of_the_earth_serve_below_ten_kilometres_and_see_too_far_above(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        bent_km = angle(1000.0 * row["target_alt_km"], N0) * RADIUS_M / 1000.0
        assert bent_km > row["ground_geom_km"]
        if row["target_alt_km"] <= 10:
            assert bent_km == pytest.approx(row["ground_43_km"], rel=0.025)
        else:
            assert bent_km < row["ground_43_km"]
        if row["target_alt_km"] >= 100:  # what 4/3 invents there, methods.md
            assert row["ground_43_km"] - bent_km > 0.5 * (row["ground_43_km"] - row["ground_geom_km"])
