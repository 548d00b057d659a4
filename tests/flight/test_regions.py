"""Regions on the ground against PROJ's geodesics, fresh draws, and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import FlightError
from tocsin.flight.regions import (
    contains,
    ellipse_polygon,
    enu_offsets_m,
    mass_region_polygon,
    place_offsets,
    polygon_area_m2,
    surface_ecef_m,
)

GEOD = pyproj.Geod(ellps="WGS84")
PLACES_DEG = [(36.8, 36.2), (0.0, 180.0), (-17.5, -179.99), (89.9, 10.0), (-90.0, 0.0)]
COVARIANCE_M2 = np.array([[4.0e8, 1.5e8], [1.5e8, 1.0e8]])


def mean_at(place_deg: tuple[float, float]) -> np.ndarray:
    return surface_ecef_m([place_deg])[0]


def geodesic_area_m2(polygon_deg: np.ndarray) -> float:
    return abs(GEOD.polygon_area_perimeter(polygon_deg[:-1, 1], polygon_deg[:-1, 0])[0])


@pytest.mark.parametrize("place_deg", PLACES_DEG)
@pytest.mark.parametrize("prob", [0.5, 0.9, 0.99])
def test_the_ellipse_holds_its_share_of_fresh_gaussian_draws(place_deg: tuple[float, float], prob: float) -> None:
    rng = np.random.default_rng(11)
    draws = rng.multivariate_normal([0.0, 0.0], COVARIANCE_M2, 20_000)
    places = place_offsets(draws, mean_at(place_deg))
    polygon = ellipse_polygon(mean_at(place_deg), COVARIANCE_M2, prob)
    share = contains(polygon, places[:, 0], places[:, 1]).mean()
    assert share == pytest.approx(prob, abs=4.0 * math.sqrt(prob * (1.0 - prob) / 20_000))


def test_the_ellipse_is_closed_has_the_asked_number_of_points_and_the_closed_form_area() -> None:
    polygon = ellipse_polygon(mean_at(PLACES_DEG[0]), COVARIANCE_M2, 0.9, 32)
    assert polygon.shape == (33, 2)
    assert (polygon[0] == polygon[-1]).all()
    wanted = math.pi * -2.0 * math.log(0.1) * math.sqrt(np.linalg.det(COVARIANCE_M2))
    assert polygon_area_m2(polygon) == pytest.approx(wanted, rel=1e-3)


def test_the_long_axis_points_where_the_covariance_does() -> None:
    polygon = ellipse_polygon(mean_at((36.8, 36.2)), np.diag([9.0e8, 1.0e8]), 0.9)
    east, north = np.ptp(polygon[:, 1]) * math.cos(math.radians(36.8)), np.ptp(polygon[:, 0])
    assert east / north == pytest.approx(3.0, rel=0.01)


@pytest.mark.parametrize("covariance", [np.zeros((2, 2)), np.diag([1e8, 0.0]), -np.eye(2)])
def test_a_flat_covariance_still_gives_a_polygon_with_an_inside(covariance: np.ndarray) -> None:
    polygon = ellipse_polygon(mean_at((36.8, 36.2)), covariance, 0.9)
    assert contains(polygon, 36.8, 36.2)
    assert polygon_area_m2(polygon) > 1.0


def test_a_region_as_wide_as_the_earth_stays_finite() -> None:
    polygon = ellipse_polygon(mean_at((36.8, 36.2)), np.eye(2) * 1e14, 0.9)
    assert np.isfinite(polygon).all()
    assert contains(polygon, 36.8, 36.2)


@pytest.mark.parametrize("prob", [0.0, 1.0, -0.1, math.nan])
def test_a_probability_outside_zero_and_one_is_refused(prob: float) -> None:
    with pytest.raises(FlightError, match="between 0 and 1"):
        ellipse_polygon(mean_at((36.8, 36.2)), COVARIANCE_M2, prob)
    with pytest.raises(FlightError, match="between 0 and 1"):
        mass_region_polygon([[36.8, 36.2]], [1.0], prob)


def test_a_covariance_that_is_not_finite_is_refused() -> None:
    with pytest.raises(FlightError, match="finite"):
        ellipse_polygon(mean_at((36.8, 36.2)), [[math.nan, 0.0], [0.0, 1.0]], 0.9)


@pytest.mark.parametrize("place_deg", PLACES_DEG)
@pytest.mark.parametrize("reach_m", [1e3, 1e5, 2e6])
def test_offsets_have_the_length_and_direction_of_the_geodesic(place_deg: tuple[float, float], reach_m: float) -> None:
    for azimuth_deg in range(0, 360, 45):
        lon, lat, _ = GEOD.fwd(place_deg[1], place_deg[0], azimuth_deg, reach_m)
        offset = enu_offsets_m(surface_ecef_m([[lat, lon]]), mean_at(place_deg))[0]
        wanted = reach_m * np.array([math.sin(math.radians(azimuth_deg)), math.cos(math.radians(azimuth_deg))])
        assert np.linalg.norm(offset - wanted) < 0.004 * reach_m


@settings(max_examples=60, deadline=None)
@given(st.floats(-89.0, 89.0), st.floats(-180.0, 180.0), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_offsets_come_back_from_places(lat: float, lon: float, east: float, north: float) -> None:
    mean = mean_at((lat, lon))
    places = place_offsets([[east, north]], mean)
    back = enu_offsets_m(surface_ecef_m(places), mean)[0]
    assert np.linalg.norm(back - [east, north]) <= 1e-3 * math.hypot(east, north) + 1e-3


def test_a_square_over_the_antimeridian_contains_what_lies_in_it() -> None:
    square = np.array([[-18.0, 179.0], [-18.0, -179.0], [-16.0, -179.0], [-16.0, 179.0], [-18.0, 179.0]])
    lat = np.array([-17.0, -17.0, -17.0, -17.0, -17.0, -15.0, 17.0])
    lon = np.array([179.5, -179.5, 180.0, -180.0, 178.5, 180.0, 0.0])
    assert contains(square, lat, lon).tolist() == [True, True, True, True, False, False, False]
    assert contains(square, lat, lon + 360.0).tolist() == [True, True, True, True, False, False, False]


def test_a_ring_about_the_pole_contains_the_pole() -> None:
    ring = np.array([[80.0, lon] for lon in range(0, 361, 30)])
    assert contains(ring, [90.0, 85.0, 70.0], [0.0, 123.0, 10.0]).tolist() == [True, True, False]


def test_contains_keeps_the_shape_it_was_given() -> None:
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    assert contains(square, 0.5, 0.5).shape == ()
    assert contains(square, np.full((2, 3), 0.5), 0.5).shape == (2, 3)
    assert contains(square, [], []).shape == (0,)


def test_contains_does_not_care_which_way_round_the_polygon_is_drawn() -> None:
    polygon = ellipse_polygon(mean_at((36.8, 36.2)), COVARIANCE_M2, 0.9)
    rng = np.random.default_rng(2)
    lat, lon = 36.8 + rng.normal(0, 0.3, 500), 36.2 + rng.normal(0, 0.4, 500)
    assert (contains(polygon, lat, lon) == contains(polygon[::-1], lat, lon)).all()


@pytest.mark.parametrize("place_deg", PLACES_DEG)
@pytest.mark.parametrize("sigma_m", [1e3, 3e4, 3e5, 2e6])
def test_polygon_area_agrees_with_the_geodesic_area(place_deg: tuple[float, float], sigma_m: float) -> None:
    polygon = ellipse_polygon(mean_at(place_deg), np.diag([1.0, 0.2]) * sigma_m**2, 0.9)
    if place_deg[0] == -90.0:
        polygon = polygon[::-1]
    wanted = geodesic_area_m2(polygon)
    assert polygon_area_m2(polygon) == pytest.approx(wanted, rel=2e-3)
    assert polygon_area_m2(polygon[::-1]) == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize("prob", [0.5, 0.9, 0.99])
def test_a_mass_region_holds_its_share_of_the_weight_it_was_made_from(prob: float) -> None:
    rng = np.random.default_rng(4)
    points = np.stack([36.8 + 0.2 * rng.standard_t(3, 600), 36.2 + 0.3 * rng.exponential(1.0, 600)], axis=1)
    weights = rng.exponential(1.0, 600)
    polygon = mass_region_polygon(points, weights, prob)
    held = weights[contains(polygon, points[:, 0], points[:, 1])].sum() / weights.sum()
    assert prob <= held < prob + 0.02


def test_a_mass_region_holds_its_share_of_fresh_points_too() -> None:
    rng = np.random.default_rng(4)
    points = rng.normal([36.8, 180.0], [0.2, 0.3], (2000, 2))
    polygon = mass_region_polygon(points, np.ones(2000), 0.9)
    fresh = rng.normal([36.8, 180.0], [0.2, 0.3], (20_000, 2))
    assert contains(polygon, fresh[:, 0], fresh[:, 1]).mean() == pytest.approx(0.9, abs=0.02)


def test_points_without_weight_do_not_shape_a_mass_region() -> None:
    points = np.array([[36.8, 36.2], [36.81, 36.2], [36.8, 36.21], [50.0, 50.0]])
    polygon = mass_region_polygon(points, [1.0, 1.0, 1.0, 0.0], 0.99)
    assert np.abs(polygon - [36.8, 36.2]).max() < 0.1


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_points_still_give_a_region_around_them(count: int) -> None:
    points = np.array([[36.8, 36.2], [36.81, 36.2]])[:count]
    polygon = mass_region_polygon(points, np.ones(count), 0.9)
    assert contains(polygon, points[:, 0], points[:, 1]).all()


@pytest.mark.parametrize(
    ("points", "weights"),
    [
        ([], []),
        ([[36.0, 36.0]], [0.0]),
        ([[36.0, 36.0]], [-1.0]),
        ([[36.0, math.nan]], [1.0]),
        ([[36.0, 36.0]], [1, 2]),
    ],
)
def test_a_mass_region_of_nothing_is_refused(points: list[list[float]], weights: list[float]) -> None:
    with pytest.raises(FlightError, match="a region needs"):
        mass_region_polygon(points, weights, 0.9)


def test_a_polygon_of_too_few_points_is_refused() -> None:
    with pytest.raises(FlightError, match="polygon"):
        contains([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]], 0.0, 0.0)
