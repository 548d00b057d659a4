"""The flight of one body of a run as a table with its events: what ``tocsin fly`` shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tocsin.flight.geodesic import ground_distance_m
from tocsin.formats.flown import Flown, FlownEvent
from tocsin.kernels.atmosphere import density_deviation, density_us76, sound_speed_us76, wind_shape
from tocsin.kernels.geodesy import enu_axes, geodetic_of_many
from tocsin.units import ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.body import Body

SPACE_HEIGHT_M = 100_000.0  # m, the Karman line of the FAI
SOUND_TOP_M = 86_000.0  # m, above it the standard gives no speed of sound
SEARCH_SPACING_S = 0.5  # events closer together than this are one
GROUND_M = 1_000.0  # a flight that starts or ends below this height starts or ends on the ground
LEAST_CLIMB_M = 1_000.0  # a flight that never climbs by so much has no apogee
VERTICAL_M_S = 1e-3  # slower over the ground than this, a velocity has no heading


def fly_body(
    body: Body,
    others: Sequence[Body],
    air: Array,
    epoch_ns: int,
    *,
    end_s: float,
    spacing_s: float,
    marking: str,
    scenario: str,
    source: str,
) -> Flown:
    """One body from its start to its end, or to ``end_s`` where it has none; rows at multiples of ``spacing_s``.

    In        others    bodies of the run: those named ``<name>/...`` that start on the way are its separations
              air       (4,) as in ``kernels.motion``
    """
    up_from_s, up_to_s = body.up_s
    first_s, last_s = (max(0.0, up_from_s), min(up_to_s, max(end_s, 0.0) if math.isinf(up_to_s) else up_to_s))
    times = np.append(np.arange(0.0, last_s - first_s, spacing_s), last_s - first_s)
    columns = _columns(body, first_s + times, air)
    latitude, longitude = columns["latitude_deg"], columns["longitude_deg"]
    downrange = ground_distance_m(float(latitude[0]), float(longitude[0]), latitude, longitude)

    def event(kind: str, label: str, at_s: float) -> FlownEvent:
        row = _columns(body, np.array((at_s,)), air)
        there = row["latitude_deg"], row["longitude_deg"]
        return FlownEvent(
            kind=kind, label=label, time_s=float(at_s - first_s), time_ns=epoch_ns + ns_from_s(at_s),
            latitude_deg=float(there[0][0]), longitude_deg=float(there[1][0]), height_m=float(row["height_m"][0]),
            speed_m_s=float(row["speed_m_s"][0]),
            flight_path_angle_deg=float(row["flight_path_angle_deg"][0]),
            downrange_m=float(ground_distance_m(float(latitude[0]), float(longitude[0]), *there)[0]),
        )  # fmt: skip

    named = _named_moments(body, others, first_s, last_s, end_s)
    events = sorted((event(*each) for each in named), key=lambda each: each.time_s)
    climbs = columns["height_m"][-1] > columns["height_m"][0]
    apogee_s = next((each.time_s for each in events if each.kind == "apogee"), math.inf if climbs else 0.0)
    return Flown(
        name=body.name, kind=body.kind, marking=marking, scenario=scenario, source=source,
        start_ns=epoch_ns + ns_from_s(first_s), time_s=times, downrange_m=downrange,
        phase=_phases(body, first_s + times, first_s + apogee_s),
        events=tuple(events), **columns,
    )  # fmt: skip


def _columns(body: Body, time_s: Array, air: Array) -> dict[str, Array]:
    """What follows from position, velocity and air alone, a row for each time."""
    position, velocity = body.states(time_s)
    position, velocity = np.array(position, dtype=np.float64), np.array(velocity, dtype=np.float64)
    places = geodetic_of_many(position)
    rows = len(places)
    pressure, mach, path_angle, heading = np.empty(rows), np.empty(rows), np.empty(rows), np.empty(rows)
    for i, (latitude, longitude, height_m) in enumerate(places.tolist()):
        east, north, up = enu_axes(latitude, longitude) @ velocity[i]
        level = math.hypot(east, north)
        path_angle[i] = math.degrees(math.atan2(up, level))
        heading[i] = math.degrees(math.atan2(east, north)) % 360.0 if level > VERTICAL_M_S else math.nan
        factor = max(0.05, 1.0 + density_deviation(height_m, air[0], air[1]))  # as kernels.motion has it
        shape = wind_shape(height_m)
        through_air = math.sqrt((east - air[2] * shape) ** 2 + (north - air[3] * shape) ** 2 + up * up)
        pressure[i] = 0.5 * density_us76(height_m) * factor * through_air**2
        mach[i] = through_air / sound_speed_us76(height_m) if height_m <= SOUND_TOP_M else math.nan
    return {
        "position_ecef_m": position,
        "velocity_ecef_m_s": velocity,
        "latitude_deg": np.degrees(places[:, 0]),
        "longitude_deg": np.degrees(places[:, 1]),
        "height_m": np.array(places[:, 2]),
        "speed_m_s": np.linalg.norm(velocity, axis=1),
        "flight_path_angle_deg": path_angle,
        "heading_deg": heading,
        "dynamic_pressure_pa": pressure,
        "mach": mach,
    }


def heights_m(body: Body, time_s: Array) -> Array:
    """Ellipsoidal height at each time, (n,) m."""
    return np.array(geodetic_of_many(np.array(body.states(time_s)[0], dtype=np.float64))[:, 2])


def _named_moments(
    body: Body, others: Sequence[Body], first_s: float, last_s: float, end_s: float
) -> list[tuple[str, str, float]]:
    """(kind, label, seconds from epoch) of each event, in no order."""
    grid = np.linspace(first_s, last_s, max(3, math.ceil((last_s - first_s) / SEARCH_SPACING_S) + 1))
    height = heights_m(body, grid)
    is_launched, is_down = height[0] < GROUND_M, height[-1] < GROUND_M
    has_start, has_end = body.up_s[0] >= 0.0, is_down or last_s < end_s
    moments = [("start", _start_label(has_start, bool(is_launched)), first_s)]
    moments += _burns(body, first_s, last_s)
    parts = [other for other in others if other.name.startswith(f"{body.name}/") and first_s < other.up_s[0] <= last_s]
    for part in parts:
        if part.kind == "stage":
            moments.append(("separation", f"separation of {part.name[len(body.name) + 1 :]}", part.up_s[0]))
    pieces = [part for part in parts if part.kind != "stage"]
    if pieces:
        moments.append(("separation", f"break-up into {len(pieces)} pieces", pieces[0].up_s[0]))
    top = int(np.argmax(height))
    is_coasting = not any(burn.from_s < grid[top] < burn.to_s for burn in body.burns)
    if 0 < top < len(grid) - 1 and is_coasting and height[top] - max(height[0], height[-1]) > LEAST_CLIMB_M:
        moments.append(("apogee", "apogee", _highest(body, grid[top - 1], grid[top + 1])))
    above = height > SPACE_HEIGHT_M
    for row in np.flatnonzero(above[1:] != above[:-1]).tolist():
        at_s = _crossing(lambda t: float(heights_m(body, np.array((t,)))[0]) - SPACE_HEIGHT_M, grid[row], grid[row + 1])
        moments.append(("height", f"100 km, {'falling' if above[row] else 'rising'}", at_s))
    is_broken = bool(pieces) and pieces[0].up_s[0] >= last_s - SEARCH_SPACING_S
    ends = "impact" if is_down else "goes on as pieces" if is_broken else "too small to be seen"
    moments.append(("end", ends if has_end else "end of the scenario", last_s))
    return moments


def _start_label(has_start: bool, is_launched: bool) -> str:
    if not has_start:
        return "start of the scenario"
    return "launch" if is_launched else "start of the flight"


def _burns(body: Body, first_s: float, last_s: float) -> list[tuple[str, str, float]]:
    moments = []
    powered = [burn for burn in body.burns if _speeds_up(body, burn.from_s, burn.to_s)]
    for number, burn in enumerate(body.burns, start=1):
        is_powered = burn in powered
        stage = f"stage {number} " if is_powered and len(powered) > 1 else ""
        starts, ends = (f"{stage}ignition", f"{stage}burn-out") if is_powered else ("glow begins", "glow ends")
        is_after_another = any(abs(burn.from_s - other.to_s) < SEARCH_SPACING_S for other in body.burns)
        if first_s + SEARCH_SPACING_S < burn.from_s < last_s and not is_after_another:
            moments.append(("ignition", starts, burn.from_s))
        if first_s < burn.to_s < last_s:
            moments.append(("burnout", ends, burn.to_s))
    return moments


def _speeds_up(body: Body, from_s: float, to_s: float) -> bool:
    """Whether a burn drives the body (a plume) or brakes it (the glow of an entry)."""
    _, velocity = body.states(np.array((from_s, to_s)))
    before, after = np.linalg.norm(velocity, axis=1)
    return bool(after > before)


def _phases(body: Body, time_s: Array, apogee_s: float) -> tuple[str, ...]:
    """As truth.csv names them, which it does once a second, or once in ten where nothing happens."""
    truth_times = getattr(body, "truth_times", None)
    if truth_times is not None:
        stamps, names = truth_times(float(time_s[-1]) + 1e-6)
        if names:
            return tuple(names[max(i, 0)] for i in np.searchsorted(stamps, time_s + 1e-6, side="right") - 1)
    phases = []
    for t in time_s.tolist():
        is_burning = any(burn.from_s <= t < burn.to_s for burn in body.burns)
        phases.append("boost" if is_burning else "ascent" if t < apogee_s else "descent")
    phases[-1] = "impact"
    return tuple(phases)


def _highest(body: Body, low_s: float, high_s: float) -> float:
    """Time of the greatest height between, by golden section, to 1 ms."""
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    while high_s - low_s > 1e-3:
        left, right = high_s - ratio * (high_s - low_s), low_s + ratio * (high_s - low_s)
        height = heights_m(body, np.array((left, right)))
        low_s, high_s = (left, high_s) if height[0] < height[1] else (low_s, right)
    return 0.5 * (low_s + high_s)


def _crossing(value: Callable[[float], float], low_s: float, high_s: float) -> float:
    """Where a function changes sign between, by bisection, to 1 ms."""
    is_low_positive = value(low_s) > 0.0
    while high_s - low_s > 1e-3:
        middle = 0.5 * (low_s + high_s)
        if (value(middle) > 0.0) == is_low_positive:
            low_s = middle
        else:
            high_s = middle
    return 0.5 * (low_s + high_s)
