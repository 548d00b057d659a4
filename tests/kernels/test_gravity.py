"""J2 gravity against its own potential, the standard's gravity formula and the NESC tools."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, J2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.kernels.gravity import gravity_j2


def potential(point: np.ndarray) -> float:
    """Gravitational potential to J2, m2/s2 (Vallado eq. 8-19): written apart from the kernel."""
    r = float(np.linalg.norm(point))
    sin_lat = point[2] / r
    return GM_M3_S2 / r * (1.0 - J2 * (SEMI_MAJOR_M / r) ** 2 * (1.5 * sin_lat**2 - 0.5))


def test_gravity_is_the_gradient_of_the_j2_potential() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        point = rng.normal(size=3)
        point *= rng.uniform(6.4e6, 2e7) / np.linalg.norm(point)
        numeric = [(potential(point + s) - potential(point - s)) / 200.0 for s in 100.0 * np.eye(3)]
        assert np.allclose(gravity_j2(*point), numeric, rtol=0.0, atol=2e-8)


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
