"""Level flight in legs: great circles joined by turns of constant rate.

On a sphere of the mean radius a great circle and a level turn are both rotations about an axis that stays: the
course's own, and that tilted towards the vertical by the turn. Latitude on it is taken as geodetic, so that
ground speed is true to 0.7 %. An aircraft without legs flies ``kernels.level.level_path``, along a geodesic.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import ECCENTRICITY2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import enu_axes
from tocsin.kernels.observe import MEAN_EARTH_RADIUS_M
from tocsin.scenario import Aircraft
from tocsin.world.ballistic import Array

NOT_TURNED_RAD = 1e-9


class Arc(msgspec.Struct, frozen=True, eq=False):
    """One leg or turn: the unit vector of the place turns about an axis from ``from_s`` on."""

    from_s: float
    place: Array  # (3,) where it begins
    axis: Array  # (3,) rotation, rad/s: direction and rate
    turns: bool


def arcs_of(aircraft: Aircraft) -> list[Arc]:
    """Legs and turns of an aircraft, the first for all time before too.

    Raises ScenarioError where a turn begins before the one before it is over.
    """
    latitude, longitude = math.radians(aircraft.latitude_deg), math.radians(aircraft.longitude_deg)
    axes = enu_axes(latitude, longitude)
    course = math.radians(aircraft.course_deg)
    place, ahead = axes[2].copy(), math.sin(course) * axes[0] + math.cos(course) * axes[1]
    rate = aircraft.speed_m_s / (MEAN_EARTH_RADIUS_M + aircraft.height_m)
    arcs = [Arc(0.0, place, rate * np.cross(place, ahead), False)]
    for leg in aircraft.legs:
        if leg.after_s < arcs[-1].from_s:
            raise ScenarioError(
                f"a turn begins before the last one is over, at {arcs[-1].from_s:.1f} s",
                where=f"truth.aircraft.{aircraft.name}.legs.after_s", value=leg.after_s,
                remedy="begin it later, or turn faster (turn_rate_deg_s)",
            )  # fmt: skip
        place, ahead = _moved(arcs[-1], ahead, leg.after_s)
        turn = math.radians((leg.course_deg - _course_deg(place, ahead) + 180.0) % 360.0 - 180.0)
        spin = math.copysign(math.radians(leg.turn_rate_deg_s), turn)
        if abs(turn) > NOT_TURNED_RAD:
            # clockwise seen from above is against the vertical
            arcs.append(Arc(leg.after_s, place, rate * np.cross(place, ahead) - spin * place, True))
            over_s = leg.after_s + turn / spin
            place, ahead = _moved(arcs[-1], ahead, over_s)
            arcs.append(Arc(over_s, place, rate * np.cross(place, ahead), False))
    return [
        arc for arc, after in zip(arcs, [*arcs[1:], None], strict=True) if after is None or arc.from_s < after.from_s
    ]


def states_of(arcs: list[Arc], height_m: float, time_s: Array) -> tuple[Array, Array]:
    """ECEF position (n, 3) m and velocity (n, 3) m/s; the velocity is the chord of a second of the position."""
    rows = np.maximum(np.searchsorted([arc.from_s for arc in arcs], time_s, side="right") - 1, 0)
    position, velocity = np.empty((len(time_s), 3)), np.empty((len(time_s), 3))
    for row in np.unique(rows):
        mine, arc = rows == row, arcs[row]
        since = time_s[mine] - arc.from_s
        position[mine] = _ecef(_turned(arc.place, arc.axis, since), height_m)
        after, before = (_ecef(_turned(arc.place, arc.axis, since + half), height_m) for half in (0.5, -0.5))
        velocity[mine] = after - before
    return position, velocity


def _moved(arc: Arc, ahead: Array, time_s: float) -> tuple[Array, Array]:
    since = np.array((time_s - arc.from_s,))
    return _turned(arc.place, arc.axis, since)[0], _turned(ahead, arc.axis, since)[0]


def _course_deg(place: Array, ahead: Array) -> float:
    axes = enu_axes(math.asin(min(1.0, max(-1.0, place[2]))), math.atan2(place[1], place[0]))
    return math.degrees(math.atan2(float(ahead @ axes[0]), float(ahead @ axes[1])))


def _turned(vector: Array, axis: Array, since_s: Array) -> Array:
    """(n, 3) a vector turned about an axis for n durations (Rodrigues)."""
    rate = max(float(np.linalg.norm(axis)), 1e-30)
    unit, angle = axis / rate, (rate * since_s)[:, None]
    along = (vector @ unit) * unit
    return np.asarray(along + np.cos(angle) * (vector - along) + np.sin(angle) * np.cross(unit, vector))


def _ecef(place: Array, height_m: float) -> Array:
    """(n, 3) ECEF of unit vectors whose latitude and longitude are geodetic."""
    normal_m = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY2 * place[:, 2] ** 2)
    flat = (normal_m + height_m)[:, None] * place
    flat[:, 2] -= ECCENTRICITY2 * normal_m * place[:, 2]
    return np.asarray(flat)
