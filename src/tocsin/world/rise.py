"""Rockets that are no threat: sounding rockets, and space launches into a circular orbit. Notional."""

from __future__ import annotations

import math

import numpy as np

from tocsin.errors import ScenarioError
from tocsin.kernels.boost import boost_flight
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, MEAN_EARTH_RADIUS_M
from tocsin.kernels.fall import fall_to_ground, path_to_ground
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.scenario import Launch, Rocket, Vehicle
from tocsin.units import M_PER_KM
from tocsin.world.ballistic import CALM, MAX_FLIGHT_S, Array, at_rest, burns_of, path_of
from tocsin.world.body import Burn
from tocsin.world.kinds import kinds
from tocsin.world.stages import spent_stages
from tocsin.world.tabled import Tabled, joined, shifted
from tocsin.world.vehicles import full_burn_s, segments

APOGEE_M = 500.0  # the search for a burn stops here
ORBIT_ROW_S = 10.0
KICK_RAD = 0.05  # pitch-over of a space launch, notional: it flattens by itself from there
HEIGHT_M, RATE_M_S = 20.0, 0.1  # the search for an insertion stops here


def rocket_bodies(rocket: Rocket, air: Array) -> list[Tabled]:
    """One sounding rocket, whole from lift-off to the ground.

    Its burn is sought so that it reaches the stated height in standard, calm air; raises ScenarioError where its
    class cannot.
    """
    kind = kinds().sounding_rocket
    vehicle = kind.vehicle
    launch, axes = _place(rocket.latitude_deg, rocket.longitude_deg)
    course = math.radians(rocket.course_deg)
    downrange = math.sin(course) * axes[0] + math.cos(course) * axes[1]
    lean = math.radians(rocket.lean_deg)

    def fly(burn_s: float, wind: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        rows = segments(vehicle, burn_s, vehicle.beta_kg_m2, 1.0)
        programme = np.empty((int(rows[:, 0].sum()), 3))
        return rows, boost_flight(
            at_rest(launch), axes[2], downrange, rows, vehicle.rise_s, vehicle.turn_s, lean, wind, programme, False
        )

    def apogee_m(burn_s: float) -> float:
        _, (_, position, velocity) = fly(burn_s, CALM)
        return float(fall_to_ground(position[-1], velocity[-1], vehicle.beta_kg_m2, CALM, MAX_FLIGHT_S)[4])

    wanted = rocket.apogee_km * M_PER_KM
    low, high = vehicle.rise_s + vehicle.turn_s, full_burn_s(vehicle.stages[-1])
    if not apogee_m(low) <= wanted <= apogee_m(high):
        raise ScenarioError(
            f"the sounding rocket reaches {apogee_m(low) / M_PER_KM:.0f} to {apogee_m(high) / M_PER_KM:.0f} km",
            where=f"truth.rockets.{rocket.name}.apogee_km", value=rocket.apogee_km, remedy="choose a height between",
        )  # fmt: skip
    for _ in range(40):
        burn_s = 0.5 * (low + high)
        reached = apogee_m(burn_s)
        if abs(reached - wanted) < APOGEE_M:
            break
        low, high = (burn_s, high) if reached < wanted else (low, burn_s)
    rows, boost = fly(burn_s, air)
    path = path_of(boost, rows, vehicle.beta_kg_m2, air)
    start_s = rocket.launch_after_s
    return [
        Tabled(
            rocket.name, "sounding_rocket", shifted((path.time_s, path.position_m, path.velocity_m_s), start_s),
            rcs_m2=kind.vehicle.rcs_m2, burns=_burns(vehicle, path.burns_s, start_s),
            corners_s=tuple(start_s + edge for burn in path.burns_s for edge in burn),
            phases=(
                ("boost", start_s + path.burnout_s), ("ascent", start_s + path.apogee_s),
                ("descent", start_s + path.impact_s), ("impact", math.inf),
            ),
        )
    ]  # fmt: skip


def launch_bodies(launch: Launch, duration_s: float, air: Array) -> list[Tabled]:
    """One space launch, as far as the scenario lasts, and its first stage.

    The upper stage's thrust turns evenly between two directions; Newton on both and on its burn finds those that
    end in a circular orbit of the stated height over a sphere of the mean radius. Raises ScenarioError where none do.
    """
    vehicle = kinds().space_launch.vehicle
    upper = vehicle.stages[-1]
    start, axes = _place(launch.latitude_deg, launch.longitude_deg)
    course = math.radians(launch.course_deg)
    downrange = math.sin(course) * axes[0] + math.cos(course) * axes[1]
    lower_rows = segments(vehicle, full_burn_s(upper), vehicle.beta_kg_m2, 1.0)[:-1]  # first burn, coast
    lower = boost_flight(
        at_rest(start), axes[2], downrange, lower_rows, vehicle.rise_s, vehicle.turn_s, KICK_RAD, air,
        np.empty((int(lower_rows[:, 0].sum()), 3)), False,
    )  # fmt: skip
    state = np.concatenate((lower[1][-1], lower[2][-1]))
    up = state[:3] / np.linalg.norm(state[:3])
    ahead = state[3:] - (state[3:] @ up) * up
    ahead /= np.linalg.norm(ahead)
    radius_m = MEAN_EARTH_RADIUS_M + launch.orbit_height_km * M_PER_KM

    def fly(pitch_from: float, pitch_to: float, burn_s: float) -> tuple[Array, Array, tuple[Array, Array, Array]]:
        rows = segments(vehicle, burn_s, vehicle.beta_kg_m2, 1.0)[-1:]
        pitch = np.linspace(pitch_from, pitch_to, int(rows[0, 0]))
        programme = np.cos(pitch)[:, None] * ahead + np.sin(pitch)[:, None] * up
        boost = boost_flight(state, up, ahead, rows, 0.0, 0.0, 0.0, air, programme, True)
        position = boost[1][-1]
        inertial = boost[2][-1] + np.cross((0.0, 0.0, EARTH_RATE_RAD_S), position)
        radius = float(np.linalg.norm(position))
        climb = float(inertial @ position) / radius
        residual = np.array((radius - radius_m, climb, float(np.linalg.norm(inertial)) - math.sqrt(GM_M3_S2 / radius)))
        return residual, rows, boost

    most_s = full_burn_s(upper)
    unknowns = np.array((0.3, -0.2, 0.93 * most_s))
    step = np.array((1e-4, 1e-4, 1e-2))
    limit = np.array((0.2, 0.2, 30.0))
    for _ in range(40):
        residual, rows, boost = fly(*unknowns)
        if abs(residual[0]) < HEIGHT_M and max(abs(residual[1]), abs(residual[2])) < RATE_M_S:
            break
        slopes = np.empty((3, 3))
        for j in range(3):
            moved = unknowns.copy()
            moved[j] += step[j]
            slopes[:, j] = (fly(*moved)[0] - residual) / step[j]
        change = np.linalg.lstsq(slopes, -residual, rcond=None)[0]
        change *= min(1.0, float(np.min(limit / np.maximum(np.abs(change), 1e-12))))
        unknowns = np.clip(unknowns + change, (-1.5, -1.5, 30.0), (1.5, 1.5, most_s))
    else:
        raise ScenarioError(
            "the space launch cannot reach this orbit", where=f"truth.launches.{launch.name}.orbit_height_km",
            value=launch.orbit_height_km, remedy="choose a lower orbit, or a course nearer to east (90 deg)",
        )  # fmt: skip
    rise = joined(lower, boost)
    inserted_s = float(rise[0][-1])
    start_s = launch.launch_after_s
    after_s = max(duration_s - start_s - inserted_s, 2.0 * ORBIT_ROW_S)
    _, *orbit = path_to_ground(boost[1][-1], boost[2][-1], 0.0, air, ORBIT_ROW_S, after_s)
    whole = joined(rise, (orbit[0], orbit[1], orbit[2]))
    burns_s, burnout_rows = burns_of(rise[0], np.concatenate((lower_rows, rows)))
    name = launch.name
    return [
        Tabled(
            name, "space_launch", shifted(whole, start_s), rcs_m2=vehicle.rcs_m2, row_s=ORBIT_ROW_S,
            burns=_burns(vehicle, burns_s, start_s), phases=(("boost", start_s + inserted_s), ("orbit", math.inf)),
            corners_s=tuple(start_s + edge for burn in burns_s for edge in burn),
        ),
        *spent_stages(name, vehicle, start_s, whole, burnout_rows, air, np.ones(1)),
    ]  # fmt: skip


def _place(latitude_deg: float, longitude_deg: float) -> tuple[Array, Array]:
    """A place on the ellipsoid, ECEF, and its axes: east, north, up."""
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    return np.array(ecef_from_geodetic(latitude, longitude, 0.0)), enu_axes(latitude, longitude)


def _burns(vehicle: Vehicle, burns_s: tuple[tuple[float, float], ...], start_s: float) -> tuple[Burn, ...]:
    return tuple(
        Burn(start_s + first, start_s + last, stage.plume_kw_sr)
        for stage, (first, last) in zip(vehicle.stages, burns_s, strict=True)
    )
