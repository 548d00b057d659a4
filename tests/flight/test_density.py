"""Regions of highest density against the normal law's closed form, fresh draws, and shapes that bend or split."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tocsin.errors import FlightError
from tocsin.flight.density import density_regions
from tocsin.flight.regions import contains, mass_region_polygon, place_offsets, polygon_area_m2, surface_ecef_m

PROBS = (0.5, 0.9, 0.99)
MIDDLE = surface_ecef_m([[36.8, 36.2]])[0]


def places(offsets_m: Any, middle: Any = MIDDLE) -> Any:
    return place_offsets(offsets_m, middle)


@pytest.mark.parametrize("middle_deg", [(36.8, 36.2), (0.0, 180.0), (-80.0, -179.9)])
def test_regions_of_a_normal_sample_have_the_ellipse_s_area_and_share(middle_deg: tuple[float, float]) -> None:
    middle = surface_ecef_m([middle_deg])[0]
    rng = np.random.default_rng(6)
    root = np.array([[20e3, 0.0], [6e3, 5e3]])
    points = places(rng.standard_normal((400, 2)) @ root, middle)
    fresh = places(rng.standard_normal((20_000, 2)) @ root, middle)
    for prob, region in zip(PROBS, density_regions(points, np.ones(400), np.zeros(400), PROBS), strict=True):
        assert (region[0] == region[-1]).all()
        assert contains(region, fresh[:, 0], fresh[:, 1]).mean() == pytest.approx(prob, abs=0.03)
        closed_form_m2 = math.pi * -2.0 * math.log1p(-prob) * abs(float(np.linalg.det(root)))
        assert polygon_area_m2(region) == pytest.approx(closed_form_m2, rel=0.15)


def test_a_bend_is_followed_and_not_filled() -> None:
    rng = np.random.default_rng(6)
    flat = np.array([1.0, 0.35])  # a bow: half an ellipse, 60 km by 10
    groups = np.arange(600) % 6  # as pieces of six kinds, each with its stretch of the line

    def draw(count: int) -> Any:
        along = (np.arange(count) % 6 + rng.uniform(size=count)) / 6.0 * math.pi
        radius = 30e3 + 1e3 * rng.standard_normal(count)
        return places(np.column_stack((radius * np.cos(along), radius * np.sin(along))) * flat)

    points, fresh = draw(600), draw(12_000)
    for prob, region in zip((0.9, 0.99), density_regions(points, np.ones(600), groups, (0.9, 0.99)), strict=True):
        assert contains(region, fresh[:, 0], fresh[:, 1]).mean() == pytest.approx(prob, abs=0.03)
        assert polygon_area_m2(region) < 0.6 * polygon_area_m2(mass_region_polygon(points, np.ones(600), prob))


def test_what_lies_apart_is_joined_and_not_left_out() -> None:
    rng = np.random.default_rng(6)
    offsets = 1e3 * rng.standard_normal((200, 2)) + np.where(np.arange(200)[:, None] % 2, 40e3, -40e3) * (1.0, 0.2)
    points = places(offsets)
    (region,) = density_regions(points, np.ones(200), np.arange(200) % 2, (0.9,))
    inside = contains(region, points[:, 0], points[:, 1])
    assert inside[::2].mean() > 0.8
    assert inside[1::2].mean() > 0.8


def test_weight_and_not_number_decides() -> None:
    rng = np.random.default_rng(6)
    points = places(1e3 * rng.standard_normal((100, 2)) + np.where(np.arange(100)[:, None] < 90, 0.0, 30e3))
    weights = np.where(np.arange(100) < 90, 0.1, 10.0)
    (region,) = density_regions(points, weights, np.arange(100) >= 90, (0.5,))
    inside = contains(region, points[:, 0], points[:, 1])
    assert not inside[:90].any()
    assert inside[90:].mean() > 0.2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_still_give_regions_around_them(count: int) -> None:
    points = np.array([[36.8, 36.2], [36.81, 36.2], [36.8, 36.21]])[:count]
    for region in density_regions(points, np.ones(count), np.zeros(count), (0.9, 0.99)):
        assert contains(region, *points.mean(axis=0))
        assert polygon_area_m2(region) > 1_000.0


@pytest.mark.parametrize(
    ("points", "weights", "groups", "prob"),
    [
        ([], [], [], 0.9),
        ([[36.0, 36.0]], [0.0], [0], 0.9),
        ([[36.0, math.nan]], [1.0], [0], 0.9),
        ([[36.0, 36.0]], [1.0, 2.0], [0], 0.9),
        ([[36.0, 36.0]], [1.0], [0], 1.0),
    ],
)
def test_a_region_of_nothing_is_refused(points: Any, weights: Any, groups: Any, prob: float) -> None:
    with pytest.raises(FlightError, match="region"):
        density_regions(points, weights, groups, (prob,))
