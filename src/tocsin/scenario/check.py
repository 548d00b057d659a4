"""Ranges and references that types alone do not hold. Every refusal names key, value, unit, range and remedy."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from tocsin.errors import ScenarioError
from tocsin.scenario.check_policy import check_policy
from tocsin.scenario.check_sensor import check_fire, check_sensor
from tocsin.scenario.check_sky import check_sky
from tocsin.scenario.ranges import MAX_SENSORS, MAX_TRAFFIC, RANGES, hold, within
from tocsin.scenario.schema import Place, Scenario, Sensor, Truth
from tocsin.units import ns_from_iso


def check_sensors(sensors: tuple[Sensor, ...], where: str) -> None:
    """Refuse an impossible sensor: names, ranges, order of limits."""
    _unique((s.name for s in sensors), "sensors", where)
    for sensor in sensors:
        check_sensor(sensor, f"{where}: sensors.{sensor.name}")


def check_scenario(scenario: Scenario, where: str) -> None:
    """Refuse a scenario that cannot be run; raises ScenarioError at the first fault."""
    try:
        ns_from_iso(scenario.epoch)
    except ValueError as error:
        raise ScenarioError(str(error), where=f"{where}: epoch", remedy="write it as 2026-03-04T09:00:00Z") from None
    within(scenario.duration_s, RANGES["Scenario"]["duration_s"], f"{where}: duration_s")
    if len(scenario.sensors) > MAX_SENSORS:
        raise ScenarioError(
            f"0 to {MAX_SENSORS} sensors are allowed", where=f"{where}: sensors", value=len(scenario.sensors),
            remedy="leave some out",
        )  # fmt: skip
    check_sensors(scenario.sensors, where)
    _unique((u.name for u in scenario.units), "units", where)
    _unique((s.name for s in scenario.sites), "sites", where)
    _unique((a.name for a in scenario.actors), "actors", where)
    for threat in scenario.truth.threats:
        at = f"{where}: truth.threats.{threat.name}"
        within(threat.launch_after_s, (0.0, scenario.duration_s, "s"), f"{at}.launch_after_s")
        _place(threat.launch, f"{at}.launch")
        _place(threat.impact, f"{at}.impact")
    _sky(scenario.truth, where)
    check_sky(scenario.truth, scenario.duration_s, where)
    units = {unit.name for unit in scenario.units}
    for unit in scenario.units:
        hold(unit, f"{where}: units.{unit.name}")
    for site in scenario.sites:
        at = f"{where}: sites.{site.name}"
        hold(site, at)
        if site.unit not in units:
            raise ScenarioError(
                "site belongs to a unit that does not exist", where=f"{at}.unit", value=site.unit,
                remedy=f"use one of: {', '.join(sorted(units)) or '(no unit is given)'}",
            )  # fmt: skip
        _table(site.reach_distance_m, site.reach_time_s, at)
    actors = {actor.name for actor in scenario.actors}
    for actor in scenario.actors:
        hold(actor, f"{where}: actors.{actor.name}")
    for script in scenario.scripts:
        if script.actor not in actors:
            raise ScenarioError(
                "script names an actor that does not exist", where=f"{where}: scripts", value=script.actor,
                remedy=f"use one of: {', '.join(sorted(actors)) or '(no actor is given)'}",
            )  # fmt: skip
        within(script.after_s, (0.0, scenario.duration_s, "s"), f"{where}: scripts.{script.actor}.after_s")
    hold(scenario.truth, f"{where}: truth")
    hold(scenario.truth.spread, f"{where}: truth.spread")
    check_policy(scenario.policy, frozenset(actors), where)


def _place(place: Place, where: str) -> None:
    if place.latitude_deg is not None and place.longitude_deg is not None:
        hold(place, where)
    elif not place.district or (place.latitude_deg is None) != (place.longitude_deg is None):
        raise ScenarioError(
            "a place needs a district, or latitude_deg and longitude_deg both", where=where, remedy="add what lacks"
        )


def _sky(truth: Truth, where: str) -> None:
    _unique((f.name for f in truth.fires), "truth.fires", where)
    for fire in truth.fires:
        check_fire(fire, f"{where}: truth.fires.{fire.name}")
    for aircraft in truth.aircraft:
        hold(aircraft, f"{where}: truth.aircraft.{aircraft.name}")
    within(sum(t.count for t in truth.traffic), (0, MAX_TRAFFIC, "count"), f"{where}: truth.traffic, all together")
    for traffic in truth.traffic:
        at = f"{where}: truth.traffic.{traffic.kind}"
        hold(traffic, at)
        for axis, limit in (("latitude", 90.0), ("longitude", 180.0)):
            low, high = getattr(traffic, f"{axis}_min_deg"), getattr(traffic, f"{axis}_max_deg")
            within(high, (low, limit, "deg"), f"{at}.{axis}_max_deg")


def _table(distances: tuple[float, ...], times: tuple[float, ...], where: str) -> None:
    rising = all(a < b for a, b in itertools.pairwise(distances))
    later = all(a < b for a, b in itertools.pairwise(times))
    if len(distances) != len(times) or len(distances) < 2 or not rising or not later or times[0] < 0:
        raise ScenarioError(
            "reach table needs as many reach_time_s as reach_distance_m, at least two, both rising",
            where=where,
        )


def _unique(names: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or len(name) > 64 or not name.isprintable():
            raise ScenarioError("a name has 1 to 64 printable characters", where=f"{where}: {what}", value=name)
        if name in seen:
            raise ScenarioError("name is used twice", where=f"{where}: {what}", value=name, remedy="rename one")
        seen.add(name)
