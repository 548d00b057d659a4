"""Level flight against PROJ's geodesic, and against its own motion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod, Transformer

from tocsin.kernels.level import level_path

STARTS = [  # latitude, longitude, height m, course, speed m/s: an airliner, a low drone, a ship, a cruise over the pole
    (51.0, 0.5, 10_000.0, 290.0, 240.0), (-35.0, 179.9, 120.0, 75.0, 50.0), (0.0, -30.0, 0.0, 0.0, 9.0),
    (88.0, 10.0, 12_000.0, 5.0, 250.0), (34.0, 132.0, 20_000.0, 90.0, 700.0),
]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_the_ground_track_is_projs_geodesic_within_a_millimetre(start: tuple[float, ...]) -> None:
    lat, lon, height_m, course, speed = start
    time_s = np.linspace(0.0, 7200.0, 25)
    position, _ = level_path(math.radians(lat), math.radians(lon), height_m, math.radians(course), speed, 0.0, time_s)
    to_places = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    lons, lats, heights = to_places.transform(*position.T)
    np.testing.assert_allclose(heights, height_m, atol=1e-6)
    proj = Geod(ellps="WGS84")
    count = len(time_s)
    azimuth, _, distance_m = proj.inv(np.full(count, lon), np.full(count, lat), lons, lats)
    off_m = np.sin(np.deg2rad(azimuth - course)) * distance_m
    np.testing.assert_allclose(off_m[1:], 0.0, atol=1e-3)
    steps = np.diff(distance_m)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)  # over the ground it moves evenly


@pytest.mark.parametrize("start", STARTS)
def test_velocity_is_the_motion_and_as_fast_as_asked(start: tuple[float, ...]) -> None:
    lat, lon, height_m, course, speed = start
    time_s = np.linspace(0.0, 7200.0, 13)
    place = (math.radians(lat), math.radians(lon), height_m, math.radians(course), speed)
    velocity = level_path(*place, 0.0, time_s)[1]
    moved = (level_path(*place, 0.0, time_s + 0.5)[0] - level_path(*place, 0.0, time_s - 0.5)[0]) / 1.0
    np.testing.assert_allclose(np.linalg.norm(velocity, axis=1), speed, rtol=1e-12)
    np.testing.assert_allclose(moved, velocity, atol=3e-5 * speed)


def test_a_course_back_returns_to_the_start() -> None:
    out, gone = level_path(0.9, 0.1, 9000.0, 1.0, 230.0, 0.0, np.array([0.0, 3600.0]))
    back, _ = level_path(0.9, 0.1, 9000.0, 1.0 + math.pi, -230.0, 0.0, np.array([0.0, 3600.0]))
    np.testing.assert_allclose(back, out, atol=1e-6)
    assert gone.shape == (2, 3)
