"""Ranges of all that flies: vehicles, rockets, entries, turns, windows. Refusals say what was likely meant."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import get_args

import msgspec

from tocsin.errors import ScenarioError
from tocsin.scenario.schema import Aircraft, LevelKind, Traffic, Truth, Vehicle
from tocsin.units import STANDARD_GRAVITY_M_S2

Range = tuple[float, float, str]
_COURSE: Range = (0.0, 360.0, "deg")
_LATITUDE: Range = (-90.0, 90.0, "deg")
_LONGITUDE: Range = (-180.0, 180.0, "deg")

SKY_RANGES: dict[str, dict[str, Range]] = {
    "Threat": {"loft": (0.5, 2.0, "1")},
    "Stage": {
        "exhaust_m_s": (1_000.0, 5_000.0, "m/s"),
        "thrust_to_weight": (0.2, 20.0, "1"),
        "propellant_ratio": (0.05, 0.97, "1"),
        "structure_ratio": (0.005, 0.5, "1"),
        "coast_s": (0.0, 120.0, "s"),
        "spent_beta_kg_m2": (5.0, 20_000.0, "kg/m2"),
        "spent_rcs_m2": (1e-4, 1_000.0, "m2"),
        "plume_kw_sr": (0.1, 1e5, "kW/sr"),
    },
    "Vehicle": {
        "rise_s": (0.5, 60.0, "s"),
        "turn_s": (0.5, 120.0, "s"),
        "beta_kg_m2": (10.0, 50_000.0, "kg/m2"),
        "stack_beta_kg_m2": (0.0, 500_000.0, "kg/m2"),
        "range_max_km": (10.0, 5_500.0, "km"),
        "rcs_m2": (1e-4, 1_000.0, "m2"),
    },
    "Leg": {
        "course_deg": _COURSE,
        "turn_rate_deg_s": (0.05, 30.0, "deg/s"),
    },
    "Rocket": {
        "latitude_deg": _LATITUDE,
        "longitude_deg": _LONGITUDE,
        "course_deg": _COURSE,
        "lean_deg": (0.0, 20.0, "deg"),
        "apogee_km": (50.0, 1_500.0, "km"),
    },
    "Launch": {
        "latitude_deg": _LATITUDE,
        "longitude_deg": _LONGITUDE,
        "course_deg": _COURSE,
        "orbit_height_km": (180.0, 600.0, "km"),
    },
    "Meteor": {
        "latitude_deg": _LATITUDE,
        "longitude_deg": _LONGITUDE,
        "course_deg": _COURSE,
        "descent_deg": (15.0, 90.0, "deg"),
        "speed_m_s": (11_000.0, 73_000.0, "m/s"),
        "beta_kg_m2": (5.0, 1_000.0, "kg/m2"),
    },
    "Reentry": {
        "latitude_deg": _LATITUDE,
        "longitude_deg": _LONGITUDE,
        "course_deg": _COURSE,
        "descent_deg": (0.5, 10.0, "deg"),
        "speed_m_s": (7_500.0, 8_000.0, "m/s"),
        "beta_kg_m2": (10.0, 5_000.0, "kg/m2"),
        "breakup_km": (40.0, 110.0, "km"),
        "pieces_count": (1, 50, "count"),
    },
}
MOST_STAGES = 4
MOST_LEGS = 100
LIFT_OFF_RATIO = 1.05  # thrust over weight that the first stage needs at least
LEVEL_KINDS: tuple[str, ...] = get_args(LevelKind)


def check_sky(truth: Truth, duration_s: float, where: str) -> None:
    """Refuse what cannot fly; raises ScenarioError at the first fault."""
    _named_once(truth, where)
    for threat in truth.threats:
        _held(threat, f"{where}: truth.threats.{threat.name}")
    for vehicle in truth.vehicles:
        _vehicle(vehicle, f"{where}: truth.vehicles.{vehicle.name}")
    for aircraft in truth.aircraft:
        _legs(aircraft, f"{where}: truth.aircraft.{aircraft.name}")
    for key, start in (
        ("rockets", "launch_after_s"), ("launches", "launch_after_s"), ("meteors", "enter_after_s"),
        ("reentries", "enter_after_s"),
    ):  # fmt: skip
        for item in getattr(truth, key):
            at = f"{where}: truth.{key}.{item.name}"
            _held(item, at)
            _one(getattr(item, start), (0.0, duration_s, "s"), f"{at}.{start}")
    for traffic in truth.traffic:
        _window(traffic, duration_s, f"{where}: truth.traffic.{traffic.kind}")


def _held(item: msgspec.Struct, where: str) -> None:
    for key, limits in SKY_RANGES[type(item).__name__].items():
        _one(getattr(item, key), limits, f"{where}.{key}")


def _one(value: float, limits: Range, where: str) -> None:
    low, high, unit = limits
    if math.isfinite(value) and low <= value <= high:
        return
    raise ScenarioError(
        f"must lie between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit}", where=where, value=value,
        remedy=_meant(value, limits),
    )  # fmt: skip


def _meant(value: float, limits: Range) -> str:
    """What to do: name the slip where one explains the value."""
    low, high, unit = limits
    slips = [(-1.0, "of the wrong sign")]
    if unit in ("m/s", "km", "kg/m2"):
        slips += [(1e3, "a thousand times too small"), (1e-3, "a thousand times too large")]
    if unit == "1":
        slips.append((0.01, "in per cent"))
    wish = "a plain ratio" if unit == "1" else f"it in {unit}"
    for factor, slip in slips:
        if value != 0.0 and low <= factor * value <= high:
            return f"it looks {slip}: give {wish}"
    return "give a plain ratio in that range" if unit == "1" else f"give a value in that range, in {unit}"


def _vehicle(vehicle: Vehicle, where: str) -> None:
    _held(vehicle, where)
    if not 1 <= len(vehicle.stages) <= MOST_STAGES:
        raise ScenarioError(
            f"a vehicle has 1 to {MOST_STAGES} stages", where=f"{where}.stages", value=len(vehicle.stages),
            remedy="add or merge stages",
        )  # fmt: skip
    for number, stage in enumerate(vehicle.stages, 1):
        at = f"{where}.stages[{number}]"
        _held(stage, at)
        if stage.propellant_ratio + stage.structure_ratio > 0.99:
            raise ScenarioError(
                "propellant_ratio and structure_ratio leave nothing above the stage: their sum lies between 0 and 0.99",
                where=at, value=stage.propellant_ratio + stage.structure_ratio, remedy="lower one of them",
            )  # fmt: skip
    first = vehicle.stages[0]
    if first.thrust_to_weight < LIFT_OFF_RATIO:
        raise ScenarioError(
            f"the first stage cannot lift off: thrust_to_weight must lie between {LIFT_OFF_RATIO:g} and 20",
            where=f"{where}.stages[1].thrust_to_weight", value=first.thrust_to_weight, remedy="give it more thrust",
        )  # fmt: skip
    burn_s = first.propellant_ratio * first.exhaust_m_s / (first.thrust_to_weight * STANDARD_GRAVITY_M_S2)
    if vehicle.rise_s + vehicle.turn_s >= burn_s:
        raise ScenarioError(
            f"rise_s and turn_s together must lie between 1 and {burn_s:.1f} s, the burn of the first stage",
            where=f"{where}.rise_s", value=vehicle.rise_s + vehicle.turn_s,
            remedy="shorten the rise or the turn, or let the stage burn longer (lower thrust_to_weight)",
        )  # fmt: skip
    if vehicle.is_separating and vehicle.stack_beta_kg_m2 == 0.0:
        raise ScenarioError(
            "a body that separates needs stack_beta_kg_m2, between 10 and 500000 kg/m2", where=where,
            value=vehicle.stack_beta_kg_m2, remedy="state the ballistic coefficient of the whole at lift-off",
        )  # fmt: skip


def _legs(aircraft: Aircraft, where: str) -> None:
    if len(aircraft.legs) > MOST_LEGS:
        raise ScenarioError(
            f"an aircraft has at most {MOST_LEGS} legs", where=f"{where}.legs", value=len(aircraft.legs),
            remedy="leave some out",
        )  # fmt: skip
    for number, leg in enumerate(aircraft.legs, 1):
        at = f"{where}.legs[{number}]"
        _held(leg, at)
        _one(leg.after_s, (0.0, 172_800.0, "s"), f"{at}.after_s")
    for one, two in itertools.pairwise(aircraft.legs):
        if two.after_s <= one.after_s:
            raise ScenarioError(
                f"legs must follow each other: after_s above {one.after_s:g} s", where=f"{where}.legs.after_s",
                value=two.after_s, remedy="put them in order of time",
            )  # fmt: skip


def _window(traffic: Traffic, duration_s: float, where: str) -> None:
    if traffic.kind in LEVEL_KINDS:
        if traffic.from_s != 0.0 or traffic.to_s is not None:
            raise ScenarioError(
                "level flight has no beginning: from_s and to_s are for launches, entries and passes",
                where=f"{where}.from_s", value=traffic.from_s, remedy="leave both out",
            )  # fmt: skip
        return
    _one(traffic.from_s, (0.0, duration_s, "s"), f"{where}.from_s")
    if traffic.to_s is not None:
        _one(traffic.to_s, (traffic.from_s, duration_s, "s"), f"{where}.to_s")


def _named_once(truth: Truth, where: str) -> None:
    """Names that truth.csv and scores go by; a vehicle class is no object and has a list of its own."""
    seen: dict[str, str] = {}
    for key in ("threats", "aircraft", "satellites", "rockets", "launches", "meteors", "reentries"):
        items: Sequence[msgspec.Struct] = getattr(truth, key)
        for item in items:
            _name(getattr(item, "name"), seen, key, where)  # noqa: B009
    classes: dict[str, str] = {}
    for vehicle in truth.vehicles:
        _name(vehicle.name, classes, "vehicles", where)


def _name(name: str, seen: dict[str, str], key: str, where: str) -> None:
    if not name or len(name) > 64 or not name.isprintable():
        raise ScenarioError(
            "a name has 1 to 64 printable characters", where=f"{where}: truth.{key}", value=name, remedy="name it"
        )
    if name in seen:
        raise ScenarioError(
            f"name is used twice, first in truth.{seen[name]}", where=f"{where}: truth.{key}", value=name,
            remedy="rename one",
        )  # fmt: skip
    seen[name] = key
