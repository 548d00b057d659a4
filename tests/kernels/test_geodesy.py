"""Geodesy against PROJ and pymap3d, and the radar's derivative against differences."""

from __future__ import annotations

import math

import numpy as np
import pymap3d
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kernels.geodesy import (
    ecef_from_geodetic,
    ecef_from_radar,
    ecef_jacobian,
    ecef_of_many,
    enu_axes,
    geodetic_from_ecef,
    geodetic_jacobian,
    geodetic_of_many,
    height_and_up_on,
    radar_from_ecef,
    radar_jacobian,
)

ANGLE_RAD = 1e-9
LENGTH_M = 1e-4


def grid() -> np.ndarray:
    """(n, 3) latitude rad, longitude rad, height m: both poles and their neighbourhood, -10 km to 40 000 km."""
    lat = np.deg2rad([-90.0, -89.9999999, -60.0, -1e-7, 0.0, 1e-7, 33.3, 45.0, 89.0, 89.9999999, 90.0])
    lon = np.deg2rad([-180.0, -179.999, -90.0, 0.0, 36.0, 120.0])
    height = np.array([-10e3, 0.0, 1.0, 10e3, 500e3, 5000e3, 40_000e3])
    return np.stack(np.meshgrid(lat, lon, height, indexing="ij"), axis=-1).reshape(-1, 3)


def test_geodetic_from_ecef_agrees_with_proj_from_below_ground_to_40000_km() -> None:
    places = grid()
    to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    x, y, z = to_ecef.transform(np.rad2deg(places[:, 1]), np.rad2deg(places[:, 0]), places[:, 2])
    points = np.stack([x, y, z], axis=1)
    found = geodetic_of_many(points)
    assert np.abs(found[:, 0] - places[:, 0]).max() < ANGLE_RAD
    assert np.abs(found[:, 2] - places[:, 2]).max() < LENGTH_M
    off_pole = np.abs(places[:, 0]) < np.deg2rad(89.99)
    turn = np.angle(np.exp(1j * (found[:, 1] - places[:, 1])))
    assert np.abs(turn[off_pole]).max() < ANGLE_RAD


def test_ecef_from_geodetic_agrees_with_proj() -> None:
    places = grid()
    to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    wanted = np.stack(to_ecef.transform(np.rad2deg(places[:, 1]), np.rad2deg(places[:, 0]), places[:, 2]), axis=1)
    assert np.abs(ecef_of_many(places) - wanted).max() < LENGTH_M


@pytest.mark.parametrize("radius_m", [0.0, 1e-9, 1.0, 1e3, 43e3, 99e3, 101e3, 1e6])
@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.6, 0.0, -0.8), (0.0, 0.0, -1.0)])
def test_geodetic_from_ecef_stays_finite_and_in_range_near_the_centre(
    radius_m: float, direction: tuple[float, float, float]
) -> None:
    x, y, z = (radius_m * c for c in direction)
    for form in (geodetic_from_ecef, geodetic_from_ecef.py_func):
        lat, lon, height = form(x, y, z)
        assert abs(lat) <= math.pi / 2 + 1e-15
        assert abs(lon) <= math.pi
        assert -6_378_138.0 < height < -5_000_000.0


def test_radar_from_ecef_agrees_with_pymap3d() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        site = rng.uniform(-80, 80), rng.uniform(-180, 180), rng.uniform(-100, 3000)
        target = site[0] + rng.uniform(-8, 8), site[1] + rng.uniform(-8, 8), rng.uniform(0, 1e6)
        azimuth, elevation, distance = pymap3d.geodetic2aer(*target, *site)
        measured = radar_from_ecef(np.array(pymap3d.geodetic2ecef(*target)), np.array(pymap3d.geodetic2ecef(*site)))
        assert measured[0] == pytest.approx(distance, abs=LENGTH_M)
        assert measured[1] == pytest.approx(np.deg2rad(azimuth), abs=ANGLE_RAD)
        assert measured[2] == pytest.approx(np.deg2rad(elevation), abs=ANGLE_RAD)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-1.5, 1.5), st.floats(-3.1, 3.1), st.floats(10.0, 5e6),
    st.floats(0.0, 6.283), st.floats(-1.5, 1.5),
)  # fmt: skip
def test_radar_coordinates_come_back_from_ecef(lat: float, lon: float, r: float, az: float, el: float) -> None:
    site = np.array(ecef_from_geodetic(lat, lon, 250.0))
    range_m, azimuth_rad, elevation_rad = radar_from_ecef(ecef_from_radar(r, az, el, site), site)
    assert range_m == pytest.approx(r, abs=1e-8 * r + 1e-7)
    assert abs(math.remainder(azimuth_rad - az, 2 * math.pi)) * math.cos(el) * r < 1e-6 + 1e-9 * r
    assert abs(elevation_rad - el) * r < 1e-6 + 1e-9 * r
    assert 0.0 <= azimuth_rad < 2 * math.pi


def test_radar_jacobian_agrees_with_central_differences() -> None:
    rng = np.random.default_rng(6)
    site = np.array(ecef_from_geodetic(0.63, 0.61, 900.0))
    for _ in range(40):
        target = ecef_from_radar(rng.uniform(2e3, 3e6), rng.uniform(0.1, 6.1), rng.uniform(-0.1, 1.4), site)
        step_m = 1.0
        numeric = np.empty((3, 3))
        for i in range(3):
            shift = np.zeros(3)
            shift[i] = step_m
            ahead = np.array(radar_from_ecef(target + shift, site))
            behind = np.array(radar_from_ecef(target - shift, site))
            numeric[:, i] = (ahead - behind) / (2 * step_m)
        analytic = radar_jacobian(target, site)
        scale = np.abs(analytic).max(axis=1, keepdims=True)
        assert (np.abs(analytic - numeric) / scale).max() < 1e-5


def test_radar_jacobian_is_finite_straight_above_and_at_the_site() -> None:
    site = np.array(ecef_from_geodetic(0.63, 0.61, 900.0))
    up = enu_axes(0.63, 0.61)[2]
    above = radar_jacobian(site + 1e5 * up, site)
    assert np.allclose(above[0], up, atol=1e-12)
    assert np.isfinite(above).all()
    assert (radar_jacobian(site, site) == 0.0).all()
    assert radar_from_ecef(site, site) == (0.0, 0.0, 0.0)


def test_enu_axes_are_orthonormal_and_right_handed() -> None:
    axes = enu_axes(-0.7, 2.5)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-15)
    assert np.allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-15)


@pytest.mark.parametrize("ellipsoid", ["wgs84", "airy", "mars"])
def test_height_and_up_hold_on_other_ellipsoids_too(ellipsoid: str) -> None:
    shape = pymap3d.Ellipsoid.from_name(ellipsoid)
    for lat, lon, height in np.random.default_rng(8).uniform([-1.57, -3.1, -5e3], [1.57, 3.1, 2e6], (40, 3)):
        x, y, z = pymap3d.geodetic2ecef(lat, lon, height, ell=shape, deg=False)
        found, *up = height_and_up_on(x, y, z, shape.semimajor_axis, shape.flattening)
        assert found == pytest.approx(height, abs=LENGTH_M)
        wanted = [math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)]
        assert np.abs(np.array(up) - wanted).max() < ANGLE_RAD


def test_height_over_a_sphere_is_distance_less_radius_and_up_is_radial() -> None:
    for point in np.random.default_rng(9).normal(size=(20, 3)) * 7e6:
        height, *up = height_and_up_on(*point, 6_371_000.0, 0.0)
        assert height == pytest.approx(np.linalg.norm(point) - 6_371_000.0, abs=1e-6)
        assert np.allclose(up, point / np.linalg.norm(point), atol=1e-14)


JACOBIAN_PLACES = [(0.6, 0.8, 5e4), (-1.2, -3.0, 0.0), (0.0, 0.0, 3e6), (1.5, 2.0, 1e4)]


@pytest.mark.parametrize("place", JACOBIAN_PLACES)
def test_geodetic_jacobians_agree_with_central_differences(place: tuple[float, float, float]) -> None:
    steps = np.array([1e-6, 1e-6, 1.0])  # rad, rad, m
    numeric = np.empty((3, 3))
    for i in range(3):
        shift = np.eye(3)[i] * steps[i]
        ahead, behind = np.array(ecef_from_geodetic(*(place + shift))), np.array(ecef_from_geodetic(*(place - shift)))
        numeric[:, i] = (ahead - behind) / (2.0 * steps[i])
    assert np.allclose(ecef_jacobian(*place) / [6.4e6, 6.4e6, 1.0], numeric / [6.4e6, 6.4e6, 1.0], atol=1e-8)
    point = np.array(ecef_from_geodetic(*place))
    for i in range(3):
        shift = np.eye(3)[i] * 10.0
        ahead, behind = np.array(geodetic_from_ecef(*(point + shift))), np.array(geodetic_from_ecef(*(point - shift)))
        numeric[:, i] = (ahead - behind) / 20.0
    scale = np.array([[6.4e6], [6.4e6], [1.0]])
    assert np.allclose(geodetic_jacobian(*point) * scale, numeric * scale, atol=3e-6)


@pytest.mark.parametrize("place", JACOBIAN_PLACES)
def test_geodetic_jacobians_are_inverses(place: tuple[float, float, float]) -> None:
    product = geodetic_jacobian(*ecef_from_geodetic(*place)) @ ecef_jacobian(*place)
    scale = np.array([6.4e6, 6.4e6, 1.0])
    assert np.allclose(product * scale[:, None] / scale, np.eye(3), atol=1e-9)


def test_geodetic_jacobian_is_finite_at_the_pole_and_the_centre() -> None:
    assert np.isfinite(geodetic_jacobian(0.0, 0.0, 6.4e6)).all()
    assert (geodetic_jacobian(0.0, 0.0, 6.4e6)[1] == 0.0).all()
    assert np.isfinite(geodetic_jacobian(0.0, 0.0, 0.0)).all()
