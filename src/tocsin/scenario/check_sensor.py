"""What a sensor's description must hold: ranges, orders, what a platform needs. Errors name key, value, range."""

from __future__ import annotations

import itertools
from typing import Any

from tocsin.errors import ScenarioError
from tocsin.scenario.ranges import MAX_FALSE_PER_S, OUTAGE, hold, within
from tocsin.scenario.schema import Fire, Sensor

SHORTEST_TASK_PERIOD_S = 0.05
MAX_OUTAGES = 1_000
_PLACE_KEYS = {
    "land": ("latitude_deg", "longitude_deg"),
    "ship": ("latitude_deg", "longitude_deg"),
    "geostationary": ("longitude_deg",),
    "orbit": ("line1", "line2"),
}
_PLATFORMS = {
    "radar": ("land", "ship"),
    "infrared": ("geostationary", "orbit"),
    "position": ("land", "ship"),
}
_ORDERED = (
    ("elevation_min_deg", "elevation_max_deg", "deg"),
    ("range_min_km", "range_max_km", "km"),
)


def check_sensor(sensor: Sensor, at: str) -> None:
    """Refuse an impossible sensor: ranges, order of limits, outages; ``at`` is where it stands."""
    hold(sensor, at)
    for lower, upper, unit in _ORDERED:
        low, high = getattr(sensor, lower), getattr(sensor, upper)
        if low >= high:
            raise ScenarioError(
                f"{lower} is not below {upper} = {high:g} {unit}", where=f"{at}.{lower}", value=low, remedy="swap them"
            )
    if 0.0 < sensor.task_period_s < SHORTEST_TASK_PERIOD_S:
        raise ScenarioError(
            f"must be 0 s (obeys no task), or {SHORTEST_TASK_PERIOD_S:g} s or more", where=f"{at}.task_period_s",
            value=sensor.task_period_s, remedy="change the value",
        )  # fmt: skip
    for key in ("reference_snr_db", "task_period_s"):
        if sensor.kind != "radar" and getattr(sensor, key):
            raise ScenarioError(
                "only a radar has this", where=f"{at}.{key}", value=getattr(sensor, key), remedy="leave it out"
            )
    _outages(sensor, at)
    _faults(sensor, at)


def check_simulated(sensor: Sensor, where: str) -> None:
    """Refuse what can only replay reports: a platform that the world cannot move, or that is not for that kind; and
    more false plots than can be worked out.
    """
    at = f"{where}: sensors.{sensor.name}" if where else f"sensors.{sensor.name}"
    if sensor.false_per_scan > MAX_FALSE_PER_S * sensor.scan_period_s:
        raise ScenarioError(
            f"more than {MAX_FALSE_PER_S:g} false plots a second, at one scan in {sensor.scan_period_s:g} s",
            where=f"{at}.false_per_scan", value=sensor.false_per_scan,
            remedy=f"give 0 to {MAX_FALSE_PER_S * sensor.scan_period_s:g}, or lengthen scan_period_s",
        )  # fmt: skip
    if sensor.platform == "path":
        raise ScenarioError(
            "a sensor on a recorded path can only replay reports", where=f"{at}.platform", value=sensor.platform,
            remedy=f"use {' or '.join(_PLATFORMS[sensor.kind])} in a scenario",
        )  # fmt: skip
    if sensor.platform not in _PLATFORMS[sensor.kind]:
        raise ScenarioError(
            f"a simulated {sensor.kind} sensor cannot stand on this platform", where=f"{at}.platform",
            value=sensor.platform, remedy=f"use {' or '.join(_PLATFORMS[sensor.kind])}",
        )  # fmt: skip
    if sensor.platform == "orbit":
        check_elements(sensor, at)


def check_placed(sensor: Sensor, given: dict[str, Any], at: str) -> None:
    """Refuse a default place: it would stand at 0 N 0 E and nobody would notice. ``given`` is the table as written."""
    needed = _PLACE_KEYS.get(sensor.platform, ())
    for key in needed:
        if key not in given or given[key] == "":
            raise ScenarioError(
                f"{key} is missing; {sensor.kind} reports are measured from the place of the sensor",
                where=f"{at}.{key}",
                remedy=f"give {' and '.join(needed)} of the sensor",
            )


def check_elements(sensor: Sensor, at: str) -> None:
    """Refuse two-line elements of an orbit that are not whole: numbers, length, checksums."""
    from sgp4.io import fix_checksum, verify_checksum

    for key, line, number in (("line1", sensor.line1, "1"), ("line2", sensor.line2, "2")):
        if len(line) != 69 or not line.isascii() or not line.startswith(f"{number} "):
            raise ScenarioError(
                f"a two-line element's line {number} has 69 characters and starts with {number}", where=f"{at}.{key}",
                value=line, remedy="copy both lines unchanged",
            )  # fmt: skip
        try:
            verify_checksum(line)
        except ValueError:
            raise ScenarioError(
                f"checksum is wrong; the line as it stands would end in {fix_checksum(line)[-1]}", where=f"{at}.{key}",
                value=line, remedy="copy both lines unchanged",
            ) from None  # fmt: skip


def check_fire(fire: Fire, at: str) -> None:
    """Refuse a fire outside its ranges."""
    hold(fire, at)


def _faults(sensor: Sensor, at: str) -> None:
    if len(sensor.faults) > MAX_OUTAGES:
        raise ScenarioError(f"more than {MAX_OUTAGES} faults", where=f"{at}.faults", remedy="merge some")
    for number, fault in enumerate(sensor.faults, 1):
        where = f"{at}.faults[{number}]"
        hold(fault, where)
        if fault.from_s >= fault.to_s:
            raise ScenarioError(
                "a fault ends, in s after the epoch, before it begins", where=f"{where}.to_s", value=fault.to_s,
                remedy=f"give a time after from_s = {fault.from_s:g} s",
            )  # fmt: skip
        if fault.range_m and sensor.kind != "radar":
            raise ScenarioError(
                "only a radar has this", where=f"{where}.range_m", value=fault.range_m, remedy="leave it out"
            )


def _outages(sensor: Sensor, at: str) -> None:
    where = f"{at}.outages_s"
    if len(sensor.outages_s) > MAX_OUTAGES:
        raise ScenarioError(f"more than {MAX_OUTAGES} outages", where=where, remedy="merge some")
    for outage in sensor.outages_s:
        for value in outage:
            within(value, OUTAGE, where)
        if outage[0] >= outage[1]:
            raise ScenarioError(
                "an outage ends, in s after the epoch, before it begins", where=where, value=list(outage),
                remedy="write it as [from, to]",
            )  # fmt: skip
    for before, after in itertools.pairwise(sensor.outages_s):
        if after[0] < before[1]:
            raise ScenarioError(
                f"overlaps the outage before it, or comes earlier: that one ends at {before[1]:g} s", where=where,
                value=list(after), remedy="put them in order of time and merge those that overlap",
            )  # fmt: skip
