"""Scenario files in: packaged by name or TOML from disk, with ``--set key=value`` applied, checked."""

from __future__ import annotations

import importlib.resources
import math
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from tocsin.errors import ScenarioError
from tocsin.scenario.check import check_scenario
from tocsin.scenario.check_sensor import check_placed, check_simulated
from tocsin.scenario.faults import explained
from tocsin.scenario.schema import Actor, Cast, Defence, KnownUnit, Person, Scenario
from tocsin.scenario.sensor_classes import sensor_classes, with_class
from tocsin.scenario.toml_text import MAX_DEPTH, document_of
from tocsin.units import ns_from_iso

MAX_BYTES = 1_000_000  # a scenario is a page or two; a megabyte is a mistake or an attack
CASUALTIES_AFTER_S = 300.0  # the first word on casualties comes so late where the scenario does not say


def packaged_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come with tocsin."""
    folder = importlib.resources.files("tocsin.scenario") / "packaged"
    return tuple(sorted(p.name[: -len(".toml")] for p in folder.iterdir() if p.name.endswith(".toml")))


def load_scenario(source: str | Path, *, overrides: tuple[str, ...] | list[str] = ()) -> Scenario:
    """A checked scenario.

    In        source      a packaged name, or the path of a TOML file
              overrides   ``key=value`` pairs; a key is a dotted path, an entry of a list is chosen by its
                          ``name`` or ``kind``, or ``*`` for all: ``sensors.radar.enabled=false``
    Raises    ScenarioError naming the file, the key, the value, what is allowed and what to do
    """
    document, where = _read(source)
    for item in overrides:
        apply_override(document, item)
    scenario = scenario_from(document, where=where)
    for sensor in scenario.sensors:
        check_simulated(sensor, where)
    return scenario


def scenario_from(document: dict[str, Any], *, where: str = "scenario") -> Scenario:
    """A checked scenario from a plain document, as ``tomllib`` or a record's header gives it."""
    _check_depth(document, where)
    document = {**document, **_with_classes(document, where)}
    try:
        scenario = msgspec.convert(document, Scenario)
    except msgspec.ValidationError as error:
        value, remedy = explained(str(error), Scenario, document)
        raise ScenarioError(str(error), where=where, value=value, remedy=remedy) from None
    check_scenario(scenario, where)
    for sensor, given in zip(scenario.sensors, document.get("sensors", ()), strict=True):
        check_placed(sensor, given, f"{where}: sensors.{sensor.name}")
    return scenario


def _with_classes(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The sensors with the keys of their classes; nothing where they are no list of tables."""
    sensors = document.get("sensors")
    if not isinstance(sensors, list | tuple) or not all(isinstance(table, dict) for table in sensors):
        return {}
    return {"sensors": [with_class(table, f"{where}: sensors.{table.get('name', '')}") for table in sensors]}


def document_from(scenario: Scenario) -> dict[str, Any]:
    """The plain document a scenario came from, defaults filled in; ``scenario_from`` reads it back."""
    document: dict[str, Any] = msgspec.to_builtins(scenario)
    return document


def defence_of(scenario: Scenario) -> Defence:
    """What stages may know: everything but ``truth`` and the scripted future."""
    return Defence(
        origin=scenario.origin,
        epoch_ns=ns_from_iso(scenario.epoch),
        exercise_name=scenario.title,
        # when a sensor will fall silent, or lie, is truth
        sensors=tuple(msgspec.structs.replace(s, outages_s=(), faults=()) for s in scenario.sensors if s.enabled),
        units=tuple(
            KnownUnit(name=unit.name, kind=unit.kind, latitude_deg=unit.latitude_deg, longitude_deg=unit.longitude_deg)
            for unit in scenario.units
        ),
        sites=scenario.sites,
        actors=tuple(Person(name=actor.name, roles=actor.roles) for actor in scenario.actors),
        policy=scenario.policy,
    )


def cast_of(scenario: Scenario) -> Cast:
    """The scripted people; whoever reports casualties is always among them."""
    name, actors = scenario.policy.release.casualties_from, scenario.actors
    if all(actor.name != name for actor in actors):
        actors += (Actor(name=name, roles=(), delay_s=CASUALTIES_AFTER_S),)
    return Cast(units=scenario.units, actors=actors, scripts=scenario.scripts)


def apply_override(document: dict[str, Any], item: str) -> None:
    """Apply one ``key=value`` to a document in place."""
    key, equals, text = item.partition("=")
    if not equals or not key.strip():
        raise ScenarioError("an override is key=value", where="--set", value=item)
    steps = key.strip().split(".")
    if len(steps) > MAX_DEPTH:
        raise ScenarioError("key has too many steps", where=f"--set {item}")
    nodes: list[Any] = [document]
    for step in steps[:-1]:
        nodes = [child for node in nodes for child in _children(node, step, item)]
    for node in nodes:
        for target in _entries(node, steps[-1], item):
            target[steps[-1]] = _value(text.strip())


def _children(node: Any, step: str, item: str) -> list[Any]:
    if isinstance(node, dict):
        return [node.setdefault(step, {})]
    if isinstance(node, list):
        tables = [entry for entry in node if isinstance(entry, dict)]
        chosen = [entry for entry in tables if step == "*" or step in (entry.get("name"), _kind(entry))]
        if chosen:
            return chosen
        names = sorted({str(name) for e in tables for name in (e.get("name"), _kind(e)) if name})
        raise ScenarioError(
            f"nothing in the list is called {step!r}",
            where=f"--set {item}",
            remedy=f"use * or one of: {', '.join(names) or '(the list is empty)'}",
        )
    raise ScenarioError(f"{step!r} is a single value, not a table", where=f"--set {item}")


def _kind(table: dict[str, Any]) -> Any:
    """The kind it states, or that of its class of sensors."""
    like = table.get("like")
    return table.get("kind") or (sensor_classes().get(like, {}).get("kind") if isinstance(like, str) else None)


def _entries(node: Any, step: str, item: str) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node]
    if not isinstance(node, list):
        raise ScenarioError(f"{step!r} cannot stand inside a single value", where=f"--set {item}", value=node)
    raise ScenarioError(
        f"say which entry of the list {step!r} belongs to", where=f"--set {item}", remedy="use its name, kind or *"
    )


def _value(text: str) -> Any:
    """A TOML value where it is one, else the text itself, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError of int()
        return text


def _read(source: str | Path) -> tuple[dict[str, Any], str]:
    name = str(source)
    if name in packaged_scenarios():
        resource = importlib.resources.files("tocsin.scenario") / "packaged" / f"{name}.toml"
        return document_of(resource.read_bytes(), f"packaged scenario {name}"), f"packaged scenario {name}"
    path = Path(source)
    try:
        is_there, size = path.is_file(), path.stat().st_size if path.is_file() else 0
        data = path.read_bytes() if is_there and size <= MAX_BYTES else b""
    except (OSError, ValueError) as error:
        raise ScenarioError(f"cannot be read: {error}", value=name, remedy="check the path and its rights") from None
    if not is_there:
        raise ScenarioError(
            "no such scenario",
            value=name,
            remedy=f"give the path of a TOML file or one of: {', '.join(packaged_scenarios())}",
        )
    if size > MAX_BYTES:
        raise ScenarioError(
            f"file has {size} bytes, more than {MAX_BYTES}",
            where=name,
            remedy="a scenario is a page or two of TOML; check that this is one",
        )
    return document_of(data, name), name


def _check_depth(node: Any, where: str, depth: int = 0) -> None:
    if isinstance(node, float) and not math.isfinite(node):
        raise ScenarioError("a number must be finite", where=where, value=node, remedy="give a finite number")
    if depth > MAX_DEPTH:
        raise ScenarioError("nested too deeply", where=where, remedy=f"keep it under {MAX_DEPTH} levels")
    if isinstance(node, dict):
        for key, child in node.items():
            _check_depth(child, f"{where}: {key}" if depth == 0 else f"{where}.{key}", depth + 1)
    elif isinstance(node, list | tuple):
        for child in node:
            _check_depth(child, where, depth + 1)
