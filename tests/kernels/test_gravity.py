"""Zonal gravity against its own potential, the standard's gravity formula and the NESC tools."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sgp4.earth_gravity import wgs84

from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, J2, J3, J4, SEMI_MAJOR_M
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.kernels.gravity import gravity_j2, gravity_zonal

DIFFERENCE_M_S2 = 2e-8  # what differences over 200 m of a potential of 6e7 m2/s2 leave uncertain


def potential(point: np.ndarray, j: dict[int, float]) -> float:
    """Gravitational potential, m2/s2 (Vallado eq. 8-19), by numpy's Legendre polynomials: apart from the kernel."""
    r = float(np.linalg.norm(point))
    series = np.zeros(5)
    for n, value in j.items():
        series[n] = -value * (SEMI_MAJOR_M / r) ** n
    return GM_M3_S2 / r * (1.0 + float(np.polynomial.legendre.legval(point[2] / r, series)))


def gradient(point: np.ndarray, j: dict[int, float]) -> list[float]:
    return [(potential(point + s, j) - potential(point - s, j)) / 200.0 for s in 100.0 * np.eye(3)]


def somewhere(rng: np.random.Generator) -> np.ndarray:
    point = rng.normal(size=3)
    return np.asarray(point * rng.uniform(6.4e6, 2e7) / np.linalg.norm(point))


@pytest.mark.parametrize("j", [{2: J2}, {2: J2, 3: J3, 4: J4}, {3: -1e-3}, {4: 1e-3}, {}])
def test_gravity_is_the_gradient_of_its_zonal_potential(j: dict[int, float]) -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        point = somewhere(rng)
        found = gravity_zonal(*point, GM_M3_S2, SEMI_MAJOR_M, j.get(2, 0.0), j.get(3, 0.0), j.get(4, 0.0))
        assert np.allclose(found, gradient(point, j), rtol=0.0, atol=DIFFERENCE_M_S2)


def test_gravity_to_j2_is_the_zonal_one_of_wgs_84() -> None:
    point = somewhere(np.random.default_rng(2))
    assert gravity_j2(*point) == gravity_zonal(*point, GM_M3_S2, SEMI_MAJOR_M, J2, 0.0, 0.0)


def test_j3_and_j4_are_the_published_ones_of_egm96() -> None:
    # as printed, not normalised, in Vallado, 4th ed., table D-1; the older EGM84, which sgp4 carries, lies near
    assert pytest.approx(-2.53265648533e-6, rel=1e-10) == J3
    assert pytest.approx(-1.61962159137e-6, rel=1e-10) == J4
    assert pytest.approx(wgs84.j3, rel=0.01) == J3
    assert pytest.approx(wgs84.j4, rel=0.01) == J4


@pytest.mark.parametrize("lat_deg", [0.0, 20.0, 45.0, 70.0, 90.0])
def test_gravity_on_the_ellipsoid_matches_somigliana_to_the_size_of_j4(lat_deg: float) -> None:
    # WGS-84 normal gravity (NIMA TR8350.2, eq. 4-1); the J4 left out is at most 5 x 2.4e-6 x g, at the poles
    sin2 = math.sin(math.radians(lat_deg)) ** 2
    normal = 9.7803253359 * (1 + 0.00193185265241 * sin2) / math.sqrt(1 - 0.00669437999013 * sin2)
    x, y, z = ecef_from_geodetic(math.radians(lat_deg), 0.3, 0.0)
    ax, ay, az = gravity_j2(x, y, z)
    ax += EARTH_RATE_RAD_S**2 * x
    ay += EARTH_RATE_RAD_S**2 * y
    assert math.sqrt(ax * ax + ay * ay + az * az) == pytest.approx(normal, abs=1.3e-4)


def test_gravity_matches_the_nesc_tools_at_30000_feet() -> None:
    # NESC case 01, tools 04 and 06, time 0: local gravitation 32.1065359519 ft/s2 at 0N 0E
    x, y, z = ecef_from_geodetic(0.0, 0.0, 30_000.0 * 0.3048)
    assert -gravity_j2(x, y, z)[0] / 0.3048 == pytest.approx(32.1065359519, abs=2e-8)


def test_gravity_is_finite_at_the_centre() -> None:
    assert gravity_j2(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
    assert gravity_j2.py_func(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
