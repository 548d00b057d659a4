"""What comes from above and is no missile: meteors, and orbital debris that breaks up on its way down. Notional."""

from __future__ import annotations

import math

import numpy as np

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import EARTH_RATE_RAD_S
from tocsin.kernels.entry import ablating_flight
from tocsin.kernels.fall import path_to_ground
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_of_many
from tocsin.kernels.motion import advance
from tocsin.scenario import Meteor, Reentry
from tocsin.units import M_PER_KM
from tocsin.world.ballistic import MAX_FLIGHT_S, Array
from tocsin.world.body import Burn
from tocsin.world.kinds import kinds
from tocsin.world.tabled import Table, Tabled, joined, shifted

METEOR_STEP_S = 0.02
METEOR_LONGEST_S = 120.0
ENTRY_HEIGHT_M = 120_000.0  # m, where a re-entry's state is stated
FALL_SPACING_S = 0.25
LEAD_SPACING_S = 10.0


def meteor_body(meteor: Meteor, air: Array) -> Tabled:
    """One meteor, from 150 km to where it is spent or slow; what is left then is too small to be seen."""
    kind = kinds().meteor
    position, velocity = _state(
        meteor.latitude_deg, meteor.longitude_deg, kind.entry_km * M_PER_KM, meteor.course_deg, meteor.descent_deg,
        meteor.speed_m_s,
    )  # fmt: skip
    _, *table = ablating_flight(
        position, velocity, meteor.beta_kg_m2, kind.ablation_s2_m2, air, METEOR_STEP_S, kind.end_speed_m_s,
        kind.end_mass_ratio, METEOR_LONGEST_S,
    )  # fmt: skip
    start_s = meteor.enter_after_s
    whole = shifted((table[0], table[1], table[2]), start_s)
    end_s = float(whole[0][-1])
    burns = _glow(whole, kind.glow_km * M_PER_KM, 0.0, kind.intensity_kw_sr)
    return Tabled(
        meteor.name, "meteor", whole, rcs_m2=kind.rcs_m2, burns=burns, phases=(("entry", end_s), ("spent", math.inf)),
        row_s=0.25,
    )  # fmt: skip


def reentry_bodies(reentry: Reentry, air: Array, rng: np.random.Generator) -> list[Tabled]:
    """One object from ten minutes before 120 km to its break-up, and its pieces from there to the ground."""
    kind = kinds().reentry
    position, velocity = _state(
        reentry.latitude_deg, reentry.longitude_deg, ENTRY_HEIGHT_M, reentry.course_deg, reentry.descent_deg,
        reentry.speed_m_s,
    )  # fmt: skip
    velocity[0] += EARTH_RATE_RAD_S * position[1]  # stated inertially, as orbits are
    velocity[1] -= EARTH_RATE_RAD_S * position[0]
    _, *fall = path_to_ground(position, velocity, reentry.beta_kg_m2, air, FALL_SPACING_S, MAX_FLIGHT_S)
    height_m = geodetic_of_many(fall[1])[:, 2]
    row = int(np.argmax(height_m < reentry.breakup_km * M_PER_KM))
    lead = _lead(position, velocity, kind.lead_s)
    if row == 0 or float(np.min(geodetic_of_many(lead[1])[:, 2])) < 0.99 * ENTRY_HEIGHT_M:
        raise ScenarioError(
            f"at {reentry.speed_m_s:g} m/s and {reentry.descent_deg:g} deg it "
            + ("does not come down within an hour" if row == 0 else "would have come from below 120 km"),
            where=f"truth.reentries.{reentry.name}", value=reentry.speed_m_s,
            remedy="orbital debris passes 120 km at about 7800 m/s, 1 to 3 deg below the horizontal",
        )  # fmt: skip
    whole = shifted(
        joined(lead, (fall[0][: row + 1], fall[1][: row + 1], fall[2][: row + 1])), reentry.enter_after_s - kind.lead_s
    )
    broken_s = float(whole[0][-1])
    glow = kind.glow_from_km * M_PER_KM, kind.glow_to_km * M_PER_KM
    bodies = [
        Tabled(
            reentry.name, "reentry", whole, rcs_m2=kind.rcs_m2, burns=_glow(whole, *glow, kind.intensity_kw_sr),
            corners_s=(reentry.enter_after_s,),
            phases=(("orbit", reentry.enter_after_s), ("entry", broken_s), ("broken up", math.inf)),
        )
    ]  # fmt: skip
    low, high = np.log(kind.piece_beta_kg_m2)
    for i in range(reentry.pieces_count):
        beta = math.exp(float(rng.uniform(low, high)))
        pushed = fall[2][row] + kind.piece_speed_m_s * rng.standard_normal(3)
        count, *table = path_to_ground(fall[1][row].copy(), pushed, beta, air, FALL_SPACING_S, MAX_FLIGHT_S)
        if count < 2 or table[0][-1] >= MAX_FLIGHT_S - 1e-6:
            continue
        piece = shifted((table[0], table[1], table[2]), broken_s)
        bodies.append(
            Tabled(
                f"{reentry.name}/{i + 1}", "reentry", piece, rcs_m2=kind.piece_rcs_m2,
                burns=_glow(piece, *glow, kind.intensity_kw_sr / reentry.pieces_count),
                phases=(("entry", float(piece[0][-1])), ("impact", math.inf)),
            )
        )  # fmt: skip
    return bodies


def _state(
    latitude_deg: float, longitude_deg: float, height_m: float, course_deg: float, descent_deg: float, speed_m_s: float
) -> tuple[Array, Array]:
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    course, descent = math.radians(course_deg), math.radians(descent_deg)
    axes = enu_axes(latitude, longitude)
    ahead = math.sin(course) * axes[0] + math.cos(course) * axes[1]
    velocity = speed_m_s * (math.cos(descent) * ahead - math.sin(descent) * axes[2])
    return np.array(ecef_from_geodetic(latitude, longitude, height_m)), np.ascontiguousarray(velocity)


def _lead(position: Array, velocity: Array, lead_s: float) -> Table:
    """The way before a state, without air: at these heights it does nothing in ten minutes that a sensor would see."""
    calm, count = np.zeros(4), round(lead_s / LEAD_SPACING_S)
    rows = [(position, velocity)]
    for _ in range(count):
        rows.append(advance(*rows[-1], 0.0, calm, -LEAD_SPACING_S, 5.0))
    rows.reverse()
    times: Array = LEAD_SPACING_S * np.arange(count + 1, dtype=np.float64)
    return times, np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def _glow(table: Table, from_m: float, to_m: float, intensity_kw_sr: float) -> tuple[Burn, ...]:
    """The stretch of a table between two heights, as one burn; none where it is nowhere between."""
    height_m = geodetic_of_many(table[1])[:, 2]
    rows = np.flatnonzero((height_m < from_m) & (height_m > to_m))
    if len(rows) < 2:
        return ()
    return (Burn(float(table[0][rows[0]]), float(table[0][rows[-1]]), intensity_kw_sr),)
