"""A ballistic flight between two places: the nominal programme, and the flight of one run in its own air.

Scenario scaffolding: the programme is sought so that the *nominal* vehicle in standard, calm air comes down
within 1 km of the stated place; the run then flies it with drawn air, drag and burn, and lands where it lands.
"""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.errors import ScenarioError
from tocsin.flight import fly
from tocsin.kernels.boost import boost_flight
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, MEAN_EARTH_RADIUS_M
from tocsin.kernels.fall import fall_to_ground, path_to_ground
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.observe import along_path
from tocsin.scenario import Vehicle
from tocsin.units import M_PER_KM
from tocsin.world.vehicles import STEPS_ALL, depletion_s, full_burn_s, segments, speed_gain_m_s

Array = npt.NDArray[np.float64]

BOOST_STEPS = STEPS_ALL  # of a vehicle of one stage
PATH_SPACING_S = 0.25
MAX_FLIGHT_S = 3_600.0
CALM = np.zeros(4)
MISS_M = 1.0  # the search stops here; the promise is 1 km
NEAR_M = 100.0  # what it takes where it swings about a corner: a step of the boost that changes sides of the pitch-over
CLIMB_RAD = 1e-3  # and here
SHORTEST_BURN_S = 5.0  # of the last stage, once it follows its velocity


class Programme(msgspec.Struct, frozen=True, eq=False):
    """The nominal vehicle's open-loop boost: where from, which attitude when, until when."""

    launch_m: Array  # (3,) ECEF
    up: Array  # (3,)
    direction: Array  # (n, 3) ECEF thrust direction of each step
    last_burn_s: float  # of the last stage; the others burn all they have
    impact_m: Array  # (3,) ECEF, of the nominal flight


class Path(msgspec.Struct, frozen=True, eq=False):
    """One flight as a table, from launch to the ground; seconds from launch."""

    time_s: Array  # (m,)
    position_m: Array  # (m, 3) ECEF
    velocity_m_s: Array  # (m, 3)
    burnout_s: float  # the last
    apogee_s: float
    apogee_height_m: float
    burns_s: tuple[tuple[float, float], ...]  # from, to of each stage
    burnout_rows: tuple[int, ...]  # of the table, one a stage

    @property
    def impact_s(self) -> float:
        return float(self.time_s[-1])

    def at(self, time_s: Array) -> tuple[Array, Array]:
        """Position and velocity (n, 3) at seconds from launch, held at both ends."""
        position, velocity = along_path(self.time_s, self.position_m, self.velocity_m_s, time_s)
        return position, velocity


@functools.lru_cache(maxsize=64)
def nominal_programme(
    vehicle: Vehicle, launch_deg: tuple[float, float], impact_deg: tuple[float, float], loft: float
) -> Programme:
    """The programme whose nominal flight joins the two places (latitude, longitude); both on the ellipsoid.

    ``loft`` scales the tangent of the flight-path angle at cut-off relative to the minimum-energy angle
    (pi/4 - psi/4 for a central angle psi; Bate, Mueller, White 1971, sec. 6.2). Newton on three unknowns:
    tilt, azimuth and cut-off. Raises ScenarioError where the class cannot fly that far, or that near.
    """
    launch = np.array(ecef_from_geodetic(math.radians(launch_deg[0]), math.radians(launch_deg[1]), 0.0))
    impact = np.array(ecef_from_geodetic(math.radians(impact_deg[0]), math.radians(impact_deg[1]), 0.0))
    axes = enu_axes(math.radians(launch_deg[0]), math.radians(launch_deg[1]))
    impact_axes = enu_axes(math.radians(impact_deg[0]), math.radians(impact_deg[1]))
    central = math.acos(min(1.0, float(launch @ impact / np.linalg.norm(launch) / np.linalg.norm(impact))))
    angle_wanted = math.atan(loft * math.tan(0.25 * (math.pi - central)))
    if central * MEAN_EARTH_RADIUS_M > vehicle.range_max_km * M_PER_KM:
        raise _cannot_fly(vehicle.name, central, loft)
    unknowns = _first_guess(vehicle, axes, launch, impact, central, angle_wanted)

    def boosted(tilt: float, azimuth: float, last_burn_s: float) -> tuple[Array, Array, Array]:
        rows = segments(vehicle, last_burn_s, vehicle.beta_kg_m2, 1.0)
        direction = np.empty((int(rows[:, 0].sum()), 3))
        downrange = math.sin(azimuth) * axes[0] + math.cos(azimuth) * axes[1]
        _, position, velocity = boost_flight(
            at_rest(launch), axes[2], downrange, rows, vehicle.rise_s, vehicle.turn_s, tilt, CALM, direction, False
        )
        end = fall_to_ground(position[-1], velocity[-1], vehicle.beta_kg_m2, CALM, MAX_FLIGHT_S)
        if end[0] != 0:
            raise _cannot_fly(vehicle.name, central, loft)
        up = position[-1] / np.linalg.norm(position[-1])
        climb = math.asin(float(velocity[-1] @ up / np.linalg.norm(velocity[-1])))
        miss = impact_axes @ (end[1] - impact)
        return np.array((1e6 * (climb - angle_wanted), miss[0], miss[1])), direction, end[1]

    step = np.array((1e-4, 1e-4, 1e-2))
    limit = np.array((0.06, 0.05, 6.0))
    shortest_s = SHORTEST_BURN_S + (vehicle.rise_s + vehicle.turn_s if len(vehicle.stages) == 1 else 0.0)
    lowest = np.array((0.01, -20.0, shortest_s))
    highest = np.array((1.2, 20.0, full_burn_s(vehicle.stages[-1])))
    best, best_m = None, NEAR_M
    for _ in range(40):
        residual, direction, reached = boosted(*unknowns)
        miss_m = float(np.hypot(residual[1], residual[2]))
        if miss_m < best_m and abs(residual[0]) < 1e6 * CLIMB_RAD:
            best, best_m = Programme(launch, axes[2], direction, float(unknowns[2]), reached), miss_m
        if best_m < MISS_M:
            break
        slopes = np.empty((3, 3))
        for j in range(3):
            moved = unknowns.copy()
            moved[j] += step[j]
            slopes[:, j] = (boosted(*moved)[0] - residual) / step[j]
        try:
            change = np.linalg.solve(slopes, -residual)
        except np.linalg.LinAlgError:
            break
        change *= min(1.0, float(np.min(limit / np.maximum(np.abs(change), 1e-12))))
        unknowns = np.clip(unknowns + change, lowest, highest)
    if best is None:
        raise _cannot_fly(vehicle.name, central, loft)
    return best


def fly_programme(
    programme: Programme, vehicle: Vehicle, beta_kg_m2: float, air: Array, burn_ratio: float,
    drag_mach: Array | None = None,
) -> Path:  # fmt: skip
    """One run's flight: same attitude against burned fraction, thrust adjusted to the stretched burn.

    ``drag_mach`` as in ``tocsin.flight.fly``, for the body after burn-out; None: constant drag.
    """
    rows = segments(vehicle, programme.last_burn_s, beta_kg_m2, burn_ratio)
    boost = boost_flight(
        at_rest(programme.launch_m), programme.up, programme.up, rows, vehicle.rise_s, vehicle.turn_s, 0.0, air,
        programme.direction, True,
    )  # fmt: skip
    return path_of(boost, rows, beta_kg_m2, air, drag_mach)


def path_of(
    boost: tuple[Array, Array, Array], rows: Array, beta_kg_m2: float, air: Array, drag_mach: Array | None = None
) -> Path:
    """The whole path of a boost and the fall after it; rows as given to ``boost_flight``."""
    time_s, position, velocity = boost
    if drag_mach is None or beta_kg_m2 <= 0.0:
        end = fall_to_ground(position[-1], velocity[-1], beta_kg_m2, air, MAX_FLIGHT_S)
        top_m, top_s = float(end[4]), float(end[5])
        count, coast_s, coast_m, coast_m_s = path_to_ground(
            position[-1], velocity[-1], beta_kg_m2, air, PATH_SPACING_S, MAX_FLIGHT_S
        )
    else:
        flight = fly(
            position[-1], velocity[-1], beta_kg_m2=beta_kg_m2, drag_mach=drag_mach, air=air,
            spacing_s=PATH_SPACING_S, max_time_s=MAX_FLIGHT_S,
        )  # fmt: skip
        top_m, top_s = flight.apogee.height_m, flight.apogee.time_s
        coast_s, coast_m, coast_m_s = flight.time_s, flight.position_ecef_m, flight.velocity_ecef_m_s
        count = len(coast_s)
    burnout_s = float(time_s[-1])
    burns_s, burnout_rows = burns_of(time_s, rows)
    return Path(
        np.concatenate((time_s, burnout_s + coast_s[1:count])),
        np.concatenate((position, coast_m[1:count])),
        np.concatenate((velocity, coast_m_s[1:count])),
        burnout_s,
        burnout_s + top_s,
        top_m,
        burns_s,
        burnout_rows,
    )


def burns_of(time_s: Array, rows: Array) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
    """From and to of each burn, s, and the row of the table at which it ends."""
    burns_s, burnout_rows, row = [], [], 0
    for steps, _, exhaust_m_s, _, _ in rows:
        first, row = row, row + int(steps)
        if exhaust_m_s > 0.0:
            burns_s.append((float(time_s[first]), float(time_s[row])))
            burnout_rows.append(row)
    return tuple(burns_s), tuple(burnout_rows)


def at_rest(position_m: Array) -> Array:
    """(6,) state of a vehicle that stands there, ECEF."""
    return np.concatenate((position_m, np.zeros(3)))


def geodetic_deg(position_m: Array) -> tuple[float, float, float]:
    """Latitude and longitude in degrees and ellipsoidal height in metres."""
    latitude, longitude, height_m = geodetic_from_ecef(position_m[0], position_m[1], position_m[2])
    return math.degrees(latitude), math.degrees(longitude), float(height_m)


def _first_guess(vehicle: Vehicle, axes: Array, launch: Array, impact: Array, central: float, climb: float) -> Array:
    """Impulsive flight on a sphere, plus a round sum for losses; the target moves east while it flies."""
    # range equation solved for speed: tan(psi/2) = q sin cos / (1 - q cos^2), q = v^2 r / mu (BMW 6.2)
    half = math.tan(0.5 * central)
    q = half / (math.sin(climb) * math.cos(climb) + half * math.cos(climb) ** 2)
    speed = math.sqrt(q * GM_M3_S2 / MEAN_EARTH_RADIUS_M) + 550.0 + 250.0 * math.sin(climb)
    flight_s = 2.0 * math.sqrt(q * GM_M3_S2 / MEAN_EARTH_RADIUS_M) * math.sin(climb) / 9.0
    turn = EARTH_RATE_RAD_S * flight_s
    target = np.array(
        (
            math.cos(turn) * impact[0] - math.sin(turn) * impact[1],
            math.sin(turn) * impact[0] + math.cos(turn) * impact[1],
            impact[2],
        )
    )
    # in the rotating frame most of that lead is given back by the launch place's own motion
    line = axes @ (0.15 * target + 0.85 * impact - launch)
    last = vehicle.stages[-1]
    left = max(speed - speed_gain_m_s(vehicle.stages[:-1]), 100.0)
    last_burn_s = depletion_s(last) * (1.0 - math.exp(-left / last.exhaust_m_s))
    return np.array((0.5 * (math.pi / 2.0 - climb), math.atan2(line[0], line[1]), last_burn_s))


def _cannot_fly(name: str, central: float, loft: float) -> ScenarioError:
    return ScenarioError(
        f"vehicle class {name} cannot fly {central * MEAN_EARTH_RADIUS_M / 1000.0:.0f} km at loft {loft:g}",
        where="truth.threats",
        remedy="choose another class, loft, or places: range_max_km and the burns of the class set how far it flies",
    )
