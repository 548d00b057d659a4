"""The flights that are timed, and the peers' way to fly them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, J2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, height_and_up
from tocsin.kernels.motion import acceleration_of

Slope = Callable[[float, np.ndarray], object]

BETA_KG_M2 = 4000.0
CALM = np.zeros(4)
LIMIT_S = 7200.0
_MEAN_RADIUS_M = 6_371_000.0


def one_flight() -> tuple[np.ndarray, np.ndarray]:
    """Position and velocity at a burn-out in 80 km height: 1500 km of range, 10 min of flight."""
    east, north, up = enu_axes(0.6, 0.8)
    return np.array(ecef_from_geodetic(0.6, 0.8, 80_000.0)), -2200.0 * east + 700.0 * north + 2100.0 * up


def ensemble(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States (n, 6), beta (n,), air (n, 4), mixed.

    Ranges of 300 to 3500 km on paths from flat to lofted, burn-out in 40 to 100 km, 500 to 10 000 kg/m2, 5 % without
    drag; 70 % with winds of 20 m/s and density deviations of 5 % (1 sigma).
    """
    rng = np.random.default_rng(seed)
    states, betas, airs = np.empty((count, 6)), np.empty(count), np.zeros((count, 4))
    for i in range(count):
        lat, lon, height_m = rng.uniform(-1.2, 1.2), rng.uniform(-3.0, 3.0), rng.uniform(40e3, 100e3)
        half = rng.uniform(300e3, 3500e3) / _MEAN_RADIUS_M / 2.0  # half of the angle flown, of a round Earth in vacuum
        climb = math.pi / 4.0 - half / 2.0 + rng.uniform(-0.25, 0.25)
        share = 2.0 * math.sin(half) / (math.sin(2.0 * climb + half) + math.sin(half))
        speed = math.sqrt(share * GM_M3_S2 / (_MEAN_RADIUS_M + height_m))
        azimuth = rng.uniform(0.0, 2.0 * math.pi)
        east, north, up = enu_axes(lat, lon)
        level = speed * math.cos(climb)
        states[i, :3] = ecef_from_geodetic(lat, lon, height_m)
        states[i, 3:] = level * (math.sin(azimuth) * east + math.cos(azimuth) * north) + speed * math.sin(climb) * up
        betas[i] = -1.0 if rng.random() < 0.05 else math.exp(rng.uniform(math.log(500.0), math.log(10_000.0)))
        if rng.random() < 0.7:
            airs[i] = rng.normal(0.0, (0.05, 0.05, 20.0, 20.0))
    return states, betas, airs


def compiled_slope(beta_kg_m2: float, air: np.ndarray) -> Slope:
    """The project's compiled right-hand side, called from Python."""

    def slope(_: float, y: np.ndarray) -> tuple[float, ...]:
        return (y[3], y[4], y[5], *acceleration_of(y[0], y[1], y[2], y[3], y[4], y[5], beta_kg_m2, air))

    return slope


def numpy_slope(beta_kg_m2: float) -> Slope:
    """The same physics for calm standard air, as a user of scipy would write it with numpy."""
    from tocsin.kernels.atmosphere import density_us76

    heights_m = np.linspace(-5000.0, 1_000_000.0, 20_101)
    log_density = np.log([density_us76(float(h)) for h in heights_m])
    omega = np.array([0.0, 0.0, EARTH_RATE_RAD_S])

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        p, v = y[:3], y[3:]
        r = np.linalg.norm(p)
        s = 5.0 * (p[2] / r) ** 2
        oblate = 1.5 * J2 * (SEMI_MAJOR_M / r) ** 2 * np.array([1.0 - s, 1.0 - s, 3.0 - s])
        a = -GM_M3_S2 / r**3 * p * (1.0 + oblate)
        a = a - 2.0 * np.cross(omega, v) - np.cross(omega, np.cross(omega, p))
        density = np.exp(np.interp(height_and_up(p[0], p[1], p[2])[0], heights_m, log_density))
        a -= 0.5 * density * np.linalg.norm(v) / beta_kg_m2 * v
        return np.concatenate((v, a))

    return slope


def scipy_fall(slope: Slope, start: np.ndarray, rtol: float = 1e-8, max_step_s: float = np.inf) -> np.ndarray:
    """Where scipy's DOP853 meets the ellipsoid: position and velocity (6,)."""
    from scipy.integrate import solve_ivp

    def ground(_: float, y: np.ndarray) -> float:
        return height_and_up(y[0], y[1], y[2])[0]

    ground.terminal, ground.direction = True, -1.0  # type: ignore[attr-defined]
    flown = solve_ivp(
        slope, (0.0, LIMIT_S), start, method="DOP853", rtol=rtol, atol=1e-6, max_step=max_step_s, events=ground
    )
    return flown.y_events[0][0]


def tight_impact(start: np.ndarray, beta_kg_m2: float, air: np.ndarray) -> np.ndarray:
    """The reference (3,): rtol 1e-12, steps of at most 1 s, lest one passes over a corner of the atmosphere unseen."""
    return scipy_fall(compiled_slope(beta_kg_m2, air), start, rtol=1e-12, max_step_s=1.0)[:3]
