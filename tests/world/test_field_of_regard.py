"""10^5 geometries: a radar never reports outside its field of regard or below its horizon, and reports all within.

Independent of the code under test: straight-line geometry by pymap3d, and rays traced in small steps of their own
length through the exponential atmosphere.
"""

from __future__ import annotations

import math

import numpy as np
import pymap3d
import pytest
from sensor_cases import Straight, station

from tocsin.scenario import Sensor

RADARS = 50
BODIES = 2_000
RADIUS_M = 6_371_008.8
DECAY_PER_M = 0.1439e-3
STEP_M = 200.0
NEAR_RAD = math.radians(0.05)  # this close to an edge in elevation the two calculations may differ
LIFT_DEG = 1.6  # largest bending: twice that of a ray from the ground, 12 mrad at 313 N-units (Bean and Dutton, 1966)
HORIZON_SHARE = 0.01  # and this much of the distance to the horizon: the Earth is no sphere


def index_less_one(height_m: np.ndarray, n0: np.ndarray) -> np.ndarray:
    return 1e-6 * n0 * np.exp(-DECAY_PER_M * height_m)


def grazing_rays(n0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights and central angles (steps, k) along the ray that touches the ground, for each refractivity.

    Midpoint steps of dr/ds = sin e, d angle/ds = cos e / r, de/ds = cos e (1/r + n'/n).
    """
    radius, angle, elevation = np.full_like(n0, RADIUS_M), np.zeros_like(n0), np.zeros_like(n0)
    heights, angles = [radius - RADIUS_M], [angle]
    for _ in range(int(5_500_000.0 / STEP_M)):
        state = (radius, angle, elevation)
        for part in (0.5, 1.0):
            nu = index_less_one(state[0] - RADIUS_M, n0)
            bend = 1.0 / state[0] - DECAY_PER_M * nu / (1.0 + nu)
            cos = np.cos(state[2])
            slope = (np.sin(state[2]), cos / state[0], cos * bend)
            state = tuple(x + part * STEP_M * d for x, d in zip((radius, angle, elevation), slope, strict=True))
        radius, angle, elevation = state
        heights.append(radius - RADIUS_M)
        angles.append(angle)
    return np.array(heights), np.array(angles)


def random_radar(rng: np.random.Generator, number: int) -> Sensor:
    low, high = sorted(rng.uniform(-5.0, 90.0, 2))
    near, far = rng.uniform(0.0, 400.0), rng.uniform(500.0, 3_000.0)
    return Sensor(
        name=f"radar-{number}", kind="radar", platform=("land", "ship")[number % 2], latitude_deg=rng.uniform(-80, 80),
        longitude_deg=rng.uniform(-180, 180), height_m=float(rng.choice((5.0, 45.0, 900.0, 3_000.0))),
        course_deg=rng.uniform(0, 360), speed_m_s=10.0, azimuth_from_deg=rng.uniform(0, 360),
        azimuth_to_deg=rng.uniform(0, 360), elevation_min_deg=low if number % 3 else -5.0,
        elevation_max_deg=high if number % 3 else 90.0, range_min_km=near if number % 5 else 0.0, range_max_km=far,
        refractivity=rng.uniform(250.0, 400.0), is_refracted=bool(number % 4), detection_prob=1.0, noise_scale=0.0,
        scan_period_s=2.0,
    )  # fmt: skip


def random_bodies(rng: np.random.Generator, sensor: Sensor) -> list[Straight]:
    """Around the site, half of them about the horizon for their height, half anywhere above the ground."""
    height_m = 10.0 ** rng.uniform(2.0, 6.2, BODIES)
    edge = np.arccos(RADIUS_M / (RADIUS_M + height_m)) + math.acos(RADIUS_M / (RADIUS_M + sensor.height_m))
    distance_m = RADIUS_M * np.where(
        rng.random(BODIES) < 0.5, edge * rng.uniform(0.9, 1.2, BODIES), 0.45 * rng.random(BODIES) ** 2
    )
    azimuth_deg = rng.uniform(0.0, 360.0, BODIES)
    cos, sin = np.cos(distance_m / RADIUS_M), np.sin(distance_m / RADIUS_M)
    latitude = math.radians(sensor.latitude_deg)
    there = np.arcsin(math.sin(latitude) * cos + math.cos(latitude) * sin * np.cos(np.radians(azimuth_deg)))
    east = np.arctan2(
        np.sin(np.radians(azimuth_deg)) * sin * math.cos(latitude), cos - math.sin(latitude) * np.sin(there)
    )
    places = pymap3d.geodetic2ecef(np.degrees(there), sensor.longitude_deg + np.degrees(east), height_m)
    return [Straight(f"body-{i}", place) for i, place in enumerate(np.column_stack(places))]


@pytest.fixture(scope="module")
def cases() -> list[tuple[Sensor, dict[str, np.ndarray]]]:
    """Each radar with what it reported and what pymap3d and the traced rays say, body by body."""
    rng = np.random.default_rng(20260304)
    made = [random_radar(rng, number) for number in range(RADARS)]
    heights, angles = grazing_rays(np.array([sensor.refractivity for sensor in made]))
    out = []
    for number, sensor in enumerate(made):
        bodies = random_bodies(rng, sensor)
        one = station(sensor, *bodies)
        ends_s = np.array((50.0,))
        site_m = one.platform(ends_s)
        plots = one.measure(0, ends_s, site_m, 0)
        place_m = np.array([body.place_m for body in bodies])
        latitude, longitude, height_m = (float(x) for x in pymap3d.ecef2geodetic(*site_m[0]))
        azimuth, elevation, distance = pymap3d.ecef2aer(*place_m.T, latitude, longitude, height_m)
        cosine = place_m @ site_m[0] / np.linalg.norm(place_m, axis=1) / np.linalg.norm(site_m[0])
        ray = [np.interp(h, heights[:, number], angles[:, number]) for h in (sensor.height_m, 0.0)]
        body_height = np.array(pymap3d.ecef2geodetic(*place_m.T)[2])
        reported = np.full((BODIES, 3), np.nan)
        columns = plots.columns
        reported[plots.body] = np.column_stack(
            (columns["range_m"], np.degrees(columns["azimuth_rad"]), np.degrees(columns["elevation_rad"]))
        )
        out.append(
            (
                sensor,
                {
                    "reported": reported,
                    "azimuth_deg": np.array(azimuth),
                    "elevation_deg": np.array(elevation),
                    "range_m": np.array(distance),
                    "central": np.arccos(np.clip(cosine, -1.0, 1.0)),
                    "edge": ray[0] + np.interp(body_height, heights[:, number], angles[:, number]),
                },
            )
        )
    return out


def test_there_are_enough_cases_of_both_kinds(cases):
    seen = sum(int(np.isfinite(case["reported"][:, 0]).sum()) for _, case in cases)
    hidden = sum(int((case["central"] > case["edge"]).sum()) for _, case in cases)
    assert sum(len(case["reported"]) for _, case in cases) == 100_000
    assert seen > 5_000
    assert hidden > 20_000


def test_nothing_is_reported_from_below_the_horizon(cases):
    for sensor, case in cases:
        seen = np.isfinite(case["reported"][:, 0])
        assert np.all(case["central"][seen] <= case["edge"][seen] * (1.0 + HORIZON_SHARE)), sensor


def test_nothing_is_reported_outside_the_field_of_regard(cases):
    for sensor, case in cases:
        rows = case["reported"][np.isfinite(case["reported"][:, 0])]
        width = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0
        assert np.all((rows[:, 1] - sensor.azimuth_from_deg) % 360.0 <= width + 1e-9), sensor
        assert np.all((rows[:, 0] >= sensor.range_min_km * 1e3) & (rows[:, 0] <= sensor.range_max_km * 1e3)), sensor
        low, high = sensor.elevation_min_deg - 1e-9, sensor.elevation_max_deg + 1e-9
        assert np.all((rows[:, 2] >= low) & (rows[:, 2] <= high)), sensor


def test_what_is_reported_is_where_the_body_is_but_for_the_bending_of_the_ray(cases):
    """The air lifts: less than LIFT_DEG where a ray from a mountain comes down to the ground and rises again."""
    for sensor, case in cases:
        seen = np.isfinite(case["reported"][:, 0])
        rows = case["reported"][seen]
        aside = (rows[:, 1] - case["azimuth_deg"][seen] + 180.0) % 360.0 - 180.0
        lift = rows[:, 2] - case["elevation_deg"][seen]
        longer = rows[:, 0] - case["range_m"][seen]
        assert np.all(np.abs(aside) < 1e-6), sensor
        if sensor.is_refracted:
            assert np.all((lift > -1e-6) & (lift < LIFT_DEG)), sensor
            assert np.all((longer > -1e-3) & (longer < 400.0)), sensor
            steep = case["elevation_deg"][seen] > 10.0
            assert np.all(lift[steep] < 0.13), sensor
        else:
            assert np.all(np.abs(lift) < 1e-6), sensor
            assert np.all(np.abs(longer) < 1e-3), sensor


def test_all_that_stands_clearly_inside_is_reported(cases):
    count = 0
    for sensor, case in cases:
        width = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0
        past = (case["azimuth_deg"] - sensor.azimuth_from_deg) % 360.0
        inside = (
            (case["central"] < case["edge"] * (1.0 - HORIZON_SHARE))
            & (case["range_m"] > sensor.range_min_km * 1e3)
            & (case["range_m"] < sensor.range_max_km * 1e3 - 400.0)
            & (past > 1e-6)
            & (past < width - 1e-6)
            & (case["elevation_deg"] > sensor.elevation_min_deg + math.degrees(NEAR_RAD))
            & (case["elevation_deg"] < sensor.elevation_max_deg - (LIFT_DEG if sensor.is_refracted else 1e-6))
        )
        count += int(inside.sum())
        assert np.all(np.isfinite(case["reported"][inside, 0])), sensor
    assert count > 4_000
