"""What a true hit leaves: pieces of both bodies, each with its speed and drag, followed to the ground in the run's air.

Notional table: ballistic coefficients log-normal about 200 kg/m2 and held between 30 and 1500, for either body; speed
changes in all directions by the NASA standard break-up model for a collision (Johnson et al. 2001, eq. 12), the area
to mass ratio being 1 / beta for a drag coefficient of one. The interceptor moves straight away from its site, at a
speed that no named system has.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.kernels.fall import fall_batch
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.scenario import Site
from tocsin.world.ballistic import Array, geodetic_deg

PIECE_COUNT = 40
SPEED_SLOPE, SPEED_LOG10, SPEED_LOG10_STD = 0.9, 2.9, 0.4  # log10 of m/s against log10 of A/M, m2/kg
BETA_MEDIAN_KG_M2, BETA_LOG_STD, BETA_LOW_KG_M2, BETA_HIGH_KG_M2 = 200.0, 1.0, 30.0, 1500.0
INTACT_SPEED_M_S = 10.0  # change of speed of a body that stays whole
MAX_FALL_S = 3_600.0
INTERCEPTOR_SPEED_RATIO = 0.3  # of the threat's: the most that a spent interceptor body has at the intercept
INTERCEPTOR_SPEED_MOST_M_S = 1_000.0


class Pieces(msgspec.Struct, frozen=True, eq=False):
    """Where and when each piece came down; one that never does within an hour is left out."""

    time_s: Array  # (n,) seconds after the break-up
    position_m: Array  # (n, 3) ECEF
    beta_kg_m2: Array  # (n,)
    is_intact: npt.NDArray[np.bool_]  # (n,) a body that stayed whole


class Broken(msgspec.Struct, frozen=True, eq=False):
    """The pieces of both bodies of one intercept."""

    threat: Pieces
    interceptor: Pieces


def break_up(
    position_m: Array, velocity_m_s: Array, air: Array, body_beta_kg_m2: float, has_intact: bool,
    rng: np.random.Generator,
) -> Pieces:  # fmt: skip
    """Pieces of one body; with ``has_intact`` the first stays whole and keeps the body's drag."""
    direction = rng.standard_normal((PIECE_COUNT, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    beta = np.exp(math.log(BETA_MEDIAN_KG_M2) + BETA_LOG_STD * rng.standard_normal(PIECE_COUNT))
    beta = np.clip(beta, BETA_LOW_KG_M2, BETA_HIGH_KG_M2)
    log10_speed = SPEED_LOG10 - SPEED_SLOPE * np.log10(beta) + SPEED_LOG10_STD * rng.standard_normal(PIECE_COUNT)
    speed = 10.0**log10_speed
    if has_intact:
        speed[0], beta[0] = INTACT_SPEED_M_S, body_beta_kg_m2
    states = np.empty((PIECE_COUNT, 6))
    states[:, :3] = position_m
    states[:, 3:] = velocity_m_s + speed[:, None] * direction
    status, impact, time_s = fall_batch(states, beta, np.tile(air, (PIECE_COUNT, 1)), MAX_FALL_S)
    down = status == 0
    intact = np.zeros(PIECE_COUNT, dtype=bool)
    intact[0] = has_intact
    return Pieces(time_s[down], impact[down], beta[down], intact[down])


def interceptor_velocity(site: Site | None, position_m: Array, threat_velocity_m_s: Array) -> Array:
    """(3,) ECEF, notional: on the line from the site to the intercept; without a site, along the threat's own way."""
    speed_m_s = min(INTERCEPTOR_SPEED_RATIO * float(np.linalg.norm(threat_velocity_m_s)), INTERCEPTOR_SPEED_MOST_M_S)
    line = np.array(threat_velocity_m_s, dtype=np.float64)
    if site is not None:
        line = position_m - np.array(
            ecef_from_geodetic(math.radians(site.latitude_deg), math.radians(site.longitude_deg), 0.0)
        )
    return np.asarray(line * (speed_m_s / max(float(np.linalg.norm(line)), 1e-3)))


def places_deg(position_m: Array) -> list[tuple[float, float]]:
    """Latitude and longitude of each row, degrees."""
    return [geodetic_deg(row)[:2] for row in position_m]
