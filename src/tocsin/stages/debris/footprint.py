"""From an intercept to the ground: every piece falls by ``kernels.fall``, and the landings make the regions."""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.flight.density import density_regions
from tocsin.flight.regions import surface_ecef_m
from tocsin.kernels.fall import OK, fall_batch
from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.messages import Column, Vec3, column
from tocsin.stages.debris.fragments import Pieces
from tocsin.units import DEG

LONGEST_FALL_S = 10_800.0
HAZARD_J = 15.0  # a piece below 11 ft-lb of kinetic energy hurts nobody (14 CFR 417.107(c))
SEA_LEVEL_KG_M3, GRAVITY_M_S2 = 1.225, 9.80665  # US Standard Atmosphere 1976; standard gravity


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Landings, axis 0 the piece that came down, and the regions over them by mass."""

    points_deg: Column  # (n, 2) lat, lon
    time_s: Column  # (n,) after the intercept
    mass_kg: Column  # (n,)
    hazard_count: Column  # (n,) real pieces that can hurt, at that landing
    aloft_kg: float  # mass of the pieces that do not come down within LONGEST_FALL_S
    mean_ecef_m: Vec3
    region_50_deg: Column
    region_90_deg: Column
    region_99_deg: Column


def footprint(
    pieces: Pieces, position_ecef_m: Vec3, velocity_ecef_m_s: Vec3, position_std_m: float
) -> Footprint | None:
    """Where the pieces of one body land; None where nothing comes down.

    ``position_std_m`` is one sigma, each axis, of the intercept point. A piece keeps its body's velocity and adds
    its own; velocities are earth-relative. Against fresh draws of the same pieces the 50, 90 and 99 % regions
    hold 48 to 54, 89 to 93 and 98 to 99.6 % of the mass.
    """
    states, air = start_states(pieces, position_ecef_m, velocity_ecef_m_s, position_std_m)
    status, impact_ecef_m, time_s = fall_batch(states, np.array(pieces.beta_kg_m2), air, LONGEST_FALL_S)
    down = status == OK
    if not down.any():
        return None
    points_deg = geodetic_of_many(np.ascontiguousarray(impact_ecef_m[down]))[:, :2] / DEG
    mass_kg = pieces.mass_kg[down]
    mean = mass_kg @ impact_ecef_m[down] / mass_kg.sum()
    mean_deg = geodetic_of_many(mean.reshape(1, 3))[:, :2] / DEG
    x, y, z = (float(value) for value in surface_ecef_m(mean_deg)[0])
    terminal_m_s = np.sqrt(2.0 * pieces.beta_kg_m2[down] * GRAVITY_M_S2 / SEA_LEVEL_KG_M3)
    is_hazard = 0.5 * pieces.piece_kg[down] * terminal_m_s**2 >= HAZARD_J
    regions = [column(ring) for ring in density_regions(points_deg, mass_kg, pieces.piece_kg[down], (0.5, 0.9, 0.99))]
    return Footprint(
        points_deg=points_deg,
        time_s=time_s[down],
        mass_kg=mass_kg,
        hazard_count=np.where(is_hazard, pieces.real_count[down], 0.0),
        aloft_kg=float(pieces.mass_kg[~down].sum()),
        mean_ecef_m=(x, y, z),
        region_50_deg=regions[0],
        region_90_deg=regions[1],
        region_99_deg=regions[2],
    )


def start_states(
    pieces: Pieces, position_ecef_m: Vec3, velocity_ecef_m_s: Vec3, position_std_m: float
) -> tuple[Column, Column]:
    """(n, 6) state of every piece just after the intercept, and its (n, 4) air."""
    body = np.array(velocity_ecef_m_s)
    along = body / max(float(np.linalg.norm(body)), 1e-3)
    velocity = body + pieces.spread_m_s + along * pieces.along_m_s[:, None]
    position = np.array(position_ecef_m) + position_std_m * pieces.place
    return np.ascontiguousarray(np.hstack((position, velocity))), np.ascontiguousarray(pieces.air)
