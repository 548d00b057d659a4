"""Ranges of all that flies: vehicles, rockets, entries, turns, windows. Refusals say what was likely meant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol, get_args

from tocsin.errors import ScenarioError
from tocsin.scenario.ranges import WHEN, hold, within
from tocsin.scenario.schema import Aircraft, LevelKind, Traffic, Truth, Vehicle
from tocsin.units import STANDARD_GRAVITY_M_S2

MOST_STAGES = 4
MOST_LEGS = 100
LIFT_OFF_RATIO = 1.05  # thrust over weight that the first stage needs at least
LEVEL_KINDS: tuple[str, ...] = get_args(LevelKind)


def check_sky(truth: Truth, duration_s: float, where: str) -> None:
    """Refuse what cannot fly; raises ScenarioError at the first fault."""
    _named_once(truth, where)
    for threat in truth.threats:
        hold(threat, f"{where}: truth.threats.{threat.name}")
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
            hold(item, at)
            within(getattr(item, start), (0.0, duration_s, "s"), f"{at}.{start}")
    for traffic in truth.traffic:
        _window(traffic, duration_s, f"{where}: truth.traffic.{traffic.kind}")


def _vehicle(vehicle: Vehicle, where: str) -> None:
    hold(vehicle, where)
    if not 1 <= len(vehicle.stages) <= MOST_STAGES:
        raise ScenarioError(
            f"a vehicle has 1 to {MOST_STAGES} stages", where=f"{where}.stages", value=len(vehicle.stages),
            remedy="add or merge stages",
        )  # fmt: skip
    for number, stage in enumerate(vehicle.stages, 1):
        at = f"{where}.stages[{number}]"
        hold(stage, at)
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
        hold(leg, at)
        within(leg.after_s, WHEN, f"{at}.after_s")
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
    within(traffic.from_s, (0.0, duration_s, "s"), f"{where}.from_s")
    if traffic.to_s is not None:
        within(traffic.to_s, (traffic.from_s, duration_s, "s"), f"{where}.to_s")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def _named_once(truth: Truth, where: str) -> None:
    """Names that truth.csv and scores go by; a vehicle class is no object and has a list of its own."""
    seen: dict[str, str] = {}
    for key in ("threats", "aircraft", "satellites", "rockets", "launches", "meteors", "reentries"):
        items: Sequence[_Named] = getattr(truth, key)
        for item in items:
            _name(item.name, seen, key, where)
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
