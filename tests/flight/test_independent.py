"""One flight with everything switched on, against a model and an integrator that share nothing with the kernels.

The model here: zonal gravity by Legendre polynomials, heights and axes by pymap3d, vectors by numpy, scipy's DOP853
at 1e-12 in steps of 1 s at most. Only density and sound speed are ours, and they have tests of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pymap3d
import pytest
from scipy.integrate import solve_ivp

from tocsin.flight import Earth, FlightStatus, fly
from tocsin.kernels.atmosphere import density_us76, sound_speed_us76

BETA = 3000.0  # kg/m2
DRAG = np.array([[0.0, 0.8], [0.9, 0.9], [1.2, 1.5], [5.0, 1.0], [20.0, 0.9]])
WIND = np.array([[0.0, 5.0, -3.0], [12_000.0, 40.0, 10.0], [30_000.0, -10.0, 5.0]])
PLACE = 0.6, 0.7  # rad
START = np.array(pymap3d.geodetic2ecef(*PLACE, 80e3, deg=False)).ravel()
SPEED = np.array(pymap3d.enu2uvw(900.0, 1700.0, 2000.0, *PLACE, deg=False)).ravel()
EARTHS = {"J2": Earth(), "J2 to J4": Earth().with_zonals()}


def slope_over(earth: Earth) -> Callable[[float, np.ndarray], np.ndarray]:
    zonal = np.array([0.0, 0.0, earth.j2, earth.j3, earth.j4])
    turn = np.array([0.0, 0.0, earth.rate_rad_s])
    degree = np.arange(5)

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        place, velocity = y[:3], y[3:]
        radius = float(np.linalg.norm(place))
        up = place / radius
        sine = up[2]
        legendre = np.array([np.polynomial.legendre.Legendre.basis(n)(sine) for n in degree])
        slopes = np.array([np.polynomial.legendre.Legendre.basis(n).deriv()(sine) for n in degree])
        power = zonal * (earth.semi_major_m / radius) ** degree
        pull = earth.gm_m3_s2 / radius**2
        acceleration = -pull * (1.0 - np.sum((degree + 1) * power * legendre)) * up
        acceleration -= pull * np.sum(power * slopes) * (np.array([0.0, 0.0, 1.0]) - sine * up)
        acceleration -= 2.0 * np.cross(turn, velocity) + np.cross(turn, np.cross(turn, place))
        lat, lon, height = (float(value) for value in pymap3d.ecef2geodetic(*place, deg=False))
        wind = [np.interp(height, WIND[:, 0], WIND[:, column]) for column in (1, 2)]
        through = velocity - np.array(pymap3d.enu2uvw(wind[0], wind[1], 0.0, lat, lon, deg=False)).ravel()
        airspeed = float(np.linalg.norm(through))
        ratio = np.interp(airspeed / sound_speed_us76(height), DRAG[:, 0], DRAG[:, 1])
        acceleration -= 0.5 * density_us76(height) * ratio * airspeed / BETA * through
        return np.concatenate([velocity, acceleration])

    return slope


@cache
def down(name: str) -> tuple[float, np.ndarray]:
    """Time of impact, s, and its place."""

    def height(_: float, y: np.ndarray) -> float:
        return float(pymap3d.ecef2geodetic(*y[:3])[2])

    height.terminal, height.direction = True, -1.0  # type: ignore[attr-defined]
    found = solve_ivp(
        slope_over(EARTHS[name]), (0.0, 1000.0), np.concatenate([START, SPEED]), method="DOP853", rtol=1e-12,
        atol=1e-8, events=height, max_step=1.0,
    )  # fmt: skip
    return float(found.t_events[0][0]), found.y_events[0][0][:3]


WAYS: list[tuple[dict[str, Any], float]] = [  # how it is flown; metres allowed
    ({}, 0.1), ({"method": "dop853"}, 0.1), ({"method": "dop853", "tolerance_m": 1e-4}, 0.02),
    ({"method": "rk4", "step_s": 0.1}, 0.02),
]  # fmt: skip


@pytest.mark.parametrize("name", list(EARTHS))
@pytest.mark.parametrize(("way", "metres"), WAYS)
def test_impact_is_that_of_an_independent_model_and_integrator(name: str, way: dict[str, Any], metres: float) -> None:
    time_s, place = down(name)
    flight = fly(START, SPEED, beta_kg_m2=BETA, drag_mach=DRAG, wind_profile=WIND, earth=EARTHS[name], **way)
    assert flight.status is FlightStatus.OK
    assert math.dist(flight.impact.position_ecef_m, place) < metres
    assert flight.impact.time_s == pytest.approx(time_s, abs=1e-3)


def test_j3_and_j4_move_the_impact_by_metres() -> None:
    """Else the two Earths above would prove nothing."""
    assert math.dist(down("J2")[1], down("J2 to J4")[1]) > 1.0
