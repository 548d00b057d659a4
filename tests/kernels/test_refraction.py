"""Refraction against a fine ray trace written here: the eikonal equation in Cartesian coordinates, DOP853 at 1e-12."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tocsin.kernels.refraction import (
    bend,
    bend_many,
    horizon_apparent_elevation_rad,
    ray_central_angle_rad,
    ray_central_angle_rad_many,
    unbend,
    unbend_many,
)

N0 = 313.0
DECAY_PER_M = 0.1439e-3
RADIUS_M = 6_371_008.8
MAX_HEIGHT_M = 1e6


def trace(site_height_m: float, elevation_rad: float, optical_path_m: float, to_height_m: float = math.inf):
    """Points (n, 2) from the Earth's centre along a ray: d(n u)/ds = grad n, by optical path; and is it cut short.

    Ends where it comes up through ``to_height_m``.
    """

    def slope(_, y):
        r = math.hypot(y[0], y[1])
        excess = 1e-6 * N0 * math.exp(-DECAY_PER_M * (r - RADIUS_M))
        n, pull = 1.0 + excess, -DECAY_PER_M * excess
        return [y[2] / n / n, y[3] / n / n, pull * y[0] / r / n, pull * y[1] / r / n]

    def arrives(_, y):
        return math.hypot(y[0], y[1]) - RADIUS_M - to_height_m

    arrives.terminal, arrives.direction = True, 1.0
    n = 1.0 + 1e-6 * N0 * math.exp(-DECAY_PER_M * site_height_m)
    start = [0.0, RADIUS_M + site_height_m, n * math.cos(elevation_rad), n * math.sin(elevation_rad)]
    done = solve_ivp(
        slope, (0.0, optical_path_m), start, method="DOP853", rtol=1e-12, atol=[1e-7, 1e-7, 1e-14, 1e-14],
        max_step=20e3, events=[arrives] if math.isfinite(to_height_m) else None,
    )  # fmt: skip
    return done.y[:2].T


def geometry(site_height_m: float, end: np.ndarray) -> tuple[float, float, float]:
    """True elevation, true range and height of a traced point."""
    x, up = float(end[0]), float(end[1]) - RADIUS_M - site_height_m
    return math.atan2(up, x), math.hypot(x, up), math.hypot(*end) - RADIUS_M


@pytest.mark.parametrize("range_m", [1e3, 3e4, 3e5, 1e6, 4e6])
@pytest.mark.parametrize("elevation_deg", [-0.9, -0.3, 0.0, 0.05, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0, 89.0, 90.0])
@pytest.mark.parametrize("site_height_m", [0.0, 300.0, 3_000.0])
def test_bending_and_delay_match_a_fine_ray_trace(site_height_m: float, elevation_deg: float, range_m: float) -> None:
    """Within 1 % of the bending and of the delay, both ways, and no worse than 0.1 urad and 10 mm."""
    seen_rad = math.radians(elevation_deg)
    if seen_rad < horizon_apparent_elevation_rad(site_height_m, N0):
        return
    true_rad, true_m, height_m = geometry(site_height_m, trace(site_height_m, seen_rad, range_m)[-1])
    if height_m > MAX_HEIGHT_M:
        return
    angle, delay = seen_rad - true_rad, range_m - true_m
    bent_rad, bent_m = bend(site_height_m, true_rad, true_m, N0)
    straight_rad, straight_m = unbend(site_height_m, seen_rad, range_m, N0)
    for found, expected, whole, least in (
        (bent_rad, seen_rad, angle, 1e-10),
        (straight_rad, true_rad, angle, 1e-10),
        (bent_m, range_m, delay, 1e-4),
        (straight_m, true_m, delay, 1e-4),
    ):
        assert abs(found - expected) <= 0.01 * abs(whole) + least
    assert max(abs(bent_rad - seen_rad), abs(straight_rad - true_rad)) < 1e-7
    assert max(abs(bent_m - range_m), abs(straight_m - true_m)) < 0.01


@pytest.mark.parametrize("n0", [250.0, 313.0, 400.0])
def test_unbend_undoes_bend(n0: float) -> None:
    """20 000 targets to 4000 km and 1000 km of height, from sites to 4 km, the horizon among them."""
    rng = np.random.default_rng(7)
    checked = 0
    for site_height_m in (0.0, 50.0, 800.0, 4_000.0):
        horizon_rad = horizon_apparent_elevation_rad(site_height_m, n0)
        apparent_rad = horizon_rad + (0.5 * math.pi - horizon_rad) * rng.random(5_000) ** 3
        apparent_m = 10.0 ** rng.uniform(2.0, 6.6, 5_000)
        elevation_rad, range_m = unbend_many(site_height_m, apparent_rad, apparent_m, n0)
        top_m = np.sqrt(
            (RADIUS_M + site_height_m) ** 2
            + range_m**2
            + 2.0 * (RADIUS_M + site_height_m) * range_m * np.sin(elevation_rad)
        )
        fits = top_m < RADIUS_M + MAX_HEIGHT_M
        back_rad, back_m = bend_many(site_height_m, elevation_rad, range_m, n0)
        again_rad, again_m = unbend_many(site_height_m, back_rad, back_m, n0)
        assert np.abs(back_rad - apparent_rad)[fits].max() < 1e-7
        assert np.abs(back_m - apparent_m)[fits].max() < 0.1
        assert np.abs(again_rad - elevation_rad)[fits].max() < 1e-7
        assert np.abs(again_m - range_m)[fits].max() < 0.1
        checked += int(fits.sum())
    assert checked > 10_000


@pytest.mark.parametrize("target_height_m", [1e3, 1e4, 1e5, 1e6])
@pytest.mark.parametrize("elevation_deg", [-1.0, -0.5, 0.0, 1.0, 3.0, 20.0, 89.0])
@pytest.mark.parametrize("site_height_m", [0.0, 2_000.0])
def test_a_ray_reaches_a_height_at_the_central_angle_of_a_fine_trace(
    site_height_m: float, elevation_deg: float, target_height_m: float
) -> None:
    seen_rad = math.radians(elevation_deg)
    if seen_rad < horizon_apparent_elevation_rad(site_height_m, N0):
        return
    found = ray_central_angle_rad(site_height_m, seen_rad, target_height_m, N0)
    if target_height_m < site_height_m and seen_rad >= 0.0:
        assert found == 0.0
        return
    points = trace(site_height_m, seen_rad, 5e6, target_height_m)
    if target_height_m < site_height_m and np.hypot(*points.T).min() > RADIUS_M + target_height_m:
        assert found == 0.0
        return
    assert math.hypot(*points[-1]) == pytest.approx(RADIUS_M + target_height_m, abs=1e-3)
    assert found == pytest.approx(math.atan2(points[-1, 0], points[-1, 1]), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("site_height_m", [10.0, 100.0, 2_000.0, 10_000.0])
def test_the_horizon_ray_touches_the_ground(site_height_m: float) -> None:
    """Its lowest point, of a trace sampled every 20 km or less, fitted by a parabola: within 0.1 m of the ground."""
    points = trace(site_height_m, horizon_apparent_elevation_rad(site_height_m, N0), 1.5e6)
    along_m, height_m = RADIUS_M * np.arctan2(points[:, 0], points[:, 1]), np.hypot(*points.T) - RADIUS_M
    k = int(np.argmin(height_m))
    assert 0 < k < len(points) - 1
    low = slice(k - 1, k + 2)
    fitted = np.polynomial.Polynomial.fit(along_m[low], height_m[low], 2)
    assert min(float(fitted(x)) for x in fitted.deriv().roots()) == pytest.approx(0.0, abs=0.1)


def test_a_site_on_the_ground_or_below_sees_to_the_level() -> None:
    assert horizon_apparent_elevation_rad(0.0, N0) == pytest.approx(0.0, abs=1e-8)
    assert horizon_apparent_elevation_rad(-400.0, N0) == pytest.approx(0.0, abs=1e-8)


def test_the_four_thirds_earth_invents_156_km_at_250_km_of_height_and_3_deg() -> None:
    """And the bending there is 4.6 mrad: the two figures of the design's methods, to their last digit."""
    seen_rad, height_m = math.radians(3.0), 250e3
    angle = ray_central_angle_rad(0.0, seen_rad, height_m, N0)
    range_m = math.hypot(height_m, 2.0 * math.sqrt(RADIUS_M * (RADIUS_M + height_m)) * math.sin(0.5 * angle))
    radius = 4.0 / 3.0 * RADIUS_M
    four_thirds_m = math.sqrt((radius + height_m) ** 2 - (radius * math.cos(seen_rad)) ** 2) - radius * math.sin(
        seen_rad
    )
    assert four_thirds_m - range_m == pytest.approx(156e3, abs=1e3)
    true_rad = math.atan2((RADIUS_M + height_m) * math.cos(angle) - RADIUS_M, (RADIUS_M + height_m) * math.sin(angle))
    assert 1e3 * (seen_rad - true_rad) == pytest.approx(4.6, abs=0.06)


def test_straight_up_nothing_bends_and_the_delay_is_the_column_of_air() -> None:
    """The integral of 1e-6 N0 exp(-h / H) is 1e-6 N0 H."""
    elevation_rad, range_m = bend(0.0, 0.5 * math.pi, 5e5, N0)
    assert elevation_rad == pytest.approx(0.5 * math.pi, abs=1e-12)
    assert range_m - 5e5 == pytest.approx(1e-6 * N0 / DECAY_PER_M, rel=1e-3)


def test_without_air_nothing_bends() -> None:
    for elevation_rad in (-0.02, 0.0, 0.3, 1.5):
        for range_m in (10.0, 1e4, 1e6):
            assert bend(3_000.0, elevation_rad, range_m, 0.0) == pytest.approx((elevation_rad, range_m), abs=1e-6)
            assert unbend(3_000.0, elevation_rad, range_m, 0.0) == pytest.approx((elevation_rad, range_m), abs=1e-6)


def test_apparent_elevation_tells_the_hidden_from_the_seen_as_the_central_angle_does() -> None:
    """10 000 targets about the horizon: seen above it, and not further than its ray, are one and the same."""
    rng = np.random.default_rng(3)
    for site_height_m in (5.0, 500.0):
        horizon_rad = horizon_apparent_elevation_rad(site_height_m, N0)
        height_m = site_height_m + 10.0 ** rng.uniform(0.0, 6.0, 5_000)
        limit_rad = ray_central_angle_rad_many(site_height_m, horizon_rad, height_m, N0)
        angle_rad = limit_rad * rng.uniform(0.7, 1.3, 5_000)
        up_m = (RADIUS_M + height_m) * np.cos(angle_rad) - RADIUS_M - site_height_m
        level_m = (RADIUS_M + height_m) * np.sin(angle_rad)
        apparent_rad, _ = bend_many(site_height_m, np.arctan2(up_m, level_m), np.hypot(up_m, level_m), N0)
        is_clear = np.abs(angle_rad / limit_rad - 1.0) > 1e-6
        assert np.array_equal((apparent_rad >= horizon_rad)[is_clear], (angle_rad <= limit_rad)[is_clear])


def test_columns_are_bent_as_single_targets_are() -> None:
    elevation_rad, range_m = np.array([0.01, 0.5, -0.01]), np.array([4e5, 2e5, 3e4])
    for many, one in ((bend_many, bend), (unbend_many, unbend)):
        angles, ranges = many(500.0, elevation_rad, range_m, N0)
        for i in range(3):
            assert (angles[i], ranges[i]) == one(500.0, elevation_rad[i], range_m[i], N0)


@pytest.mark.parametrize("kernel", [bend, unbend])
def test_no_geometry_breaks_a_kernel(kernel) -> None:
    """Through the Earth, from below the sea, from space, at no range: numbers come back, and angles."""
    for site_height_m in (-5_000.0, -400.0, 0.0, 9_000.0, 2e5, 3.6e7):
        for elevation_rad in np.linspace(-0.5 * math.pi, 0.5 * math.pi, 61):
            for range_m in (0.0, 1.0, 3e3, 1e5, 3e6, 1.3e7, 1e8):
                angle, distance = kernel(site_height_m, elevation_rad, range_m, 450.0)
                assert math.isfinite(angle + distance)
                assert abs(angle) < math.pi
