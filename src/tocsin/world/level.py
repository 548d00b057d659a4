"""Level flight in legs: geodesics joined by turns of constant rate (``kernels.level``)."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tocsin.errors import ScenarioError
from tocsin.kernels.geodesy import enu_axes, geodetic_from_ecef
from tocsin.kernels.level import level_path
from tocsin.scenario import Aircraft
from tocsin.world.ballistic import Array

NOT_TURNED_RAD = 1e-9


class Arc(msgspec.Struct, frozen=True):
    """One leg or turn, from ``from_s`` on."""

    from_s: float
    latitude_rad: float
    longitude_rad: float
    course_rad: float
    turn_rad_s: float  # clockwise; 0: straight on


def arcs_of(aircraft: Aircraft) -> list[Arc]:
    """Legs and turns of an aircraft, the first for all time before too.

    Raises ScenarioError where a turn begins before the one before it is over.
    """
    place = math.radians(aircraft.latitude_deg), math.radians(aircraft.longitude_deg)
    arcs = [Arc(0.0, *place, math.radians(aircraft.course_deg), 0.0)]
    for leg in aircraft.legs:
        if leg.after_s < arcs[-1].from_s:
            raise ScenarioError(
                f"a turn begins before the last one is over, at {arcs[-1].from_s:.1f} s",
                where=f"truth.aircraft.{aircraft.name}.legs.after_s", value=leg.after_s,
                remedy="begin it later, or turn faster (turn_rate_deg_s)",
            )  # fmt: skip
        begun = _after(arcs[-1], aircraft, leg.after_s)
        turn = math.remainder(math.radians(leg.course_deg) - begun[2], 2.0 * math.pi)
        if abs(turn) > NOT_TURNED_RAD:
            rate = math.copysign(math.radians(leg.turn_rate_deg_s), turn)
            over_s = leg.after_s + turn / rate
            arcs.append(Arc(leg.after_s, *begun, rate))
            arcs.append(Arc(over_s, *_after(arcs[-1], aircraft, over_s), 0.0))
    return [
        arc for arc, after in zip(arcs, [*arcs[1:], None], strict=True) if after is None or arc.from_s < after.from_s
    ]


def states_of(arcs: list[Arc], aircraft: Aircraft, time_s: Array) -> tuple[Array, Array]:
    """ECEF position (n, 3) m and velocity (n, 3) m/s; accuracy as ``kernels.level``."""
    rows = np.maximum(np.searchsorted([arc.from_s for arc in arcs], time_s, side="right") - 1, 0)
    position, velocity = np.empty((len(time_s), 3)), np.empty((len(time_s), 3))
    for row in np.unique(rows):
        mine, arc = rows == row, arcs[row]
        position[mine], velocity[mine] = level_path(
            arc.latitude_rad, arc.longitude_rad, aircraft.height_m, arc.course_rad, aircraft.speed_m_s,
            arc.turn_rad_s, time_s[mine] - arc.from_s,
        )  # fmt: skip
    return position, velocity


def _after(arc: Arc, aircraft: Aircraft, time_s: float) -> tuple[float, float, float]:
    """Latitude, longitude and course, rad, at a moment of an arc."""
    position, velocity = states_of([arc], aircraft, np.array((time_s,)))
    latitude, longitude, _ = geodetic_from_ecef(*position[0])
    axes = enu_axes(latitude, longitude)
    return latitude, longitude, math.atan2(float(velocity[0] @ axes[0]), float(velocity[0] @ axes[1]))
