"""What a sensor's description must hold: ranges, orders, what a platform needs. Errors name key, value, range."""

from __future__ import annotations

import itertools
from typing import Any

from tocsin.errors import ScenarioError
from tocsin.scenario.schema import Fire, Sensor

SENSOR_RANGES: dict[str, tuple[float, float, str]] = {
    "latitude_deg": (-90.0, 90.0, "deg"),
    "longitude_deg": (-180.0, 180.0, "deg"),
    "height_m": (-500.0, 50_000_000.0, "m"),
    "course_deg": (0.0, 360.0, "deg"),
    "speed_m_s": (0.0, 60.0, "m/s"),
    "scan_period_s": (0.05, 600.0, "s"),
    "latency_s": (0.0, 60.0, "s"),
    "range_std_m": (0.01, 100_000.0, "m"),
    "azimuth_std_deg": (1e-5, 20.0, "deg"),
    "elevation_std_deg": (1e-5, 20.0, "deg"),
    "range_rate_std_m_s": (0.001, 10_000.0, "m/s"),
    "line_of_sight_std_urad": (0.1, 100_000.0, "urad"),
    "position_std_m": (0.01, 1e6, "m"),
    "height_std_m": (0.01, 1e6, "m"),
    "noise_scale": (0.01, 1000.0, "1"),
    "detection_prob": (0.0, 1.0, "probability"),
    "false_per_scan": (0.0, 10_000.0, "count"),
    "azimuth_from_deg": (0.0, 360.0, "deg"),
    "azimuth_to_deg": (0.0, 360.0, "deg"),
    "elevation_min_deg": (-10.0, 90.0, "deg"),
    "elevation_max_deg": (-10.0, 90.0, "deg"),
    "range_min_km": (0.0, 60_000.0, "km"),
    "range_max_km": (0.0, 60_000.0, "km"),
    "reference_snr_db": (-20.0, 80.0, "dB"),
    "reference_range_km": (1.0, 60_000.0, "km"),
    "reference_rcs_m2": (1e-6, 1e6, "m2"),
    "false_alarm_prob": (1e-12, 0.1, "probability"),
    "beamwidth_deg": (0.01, 60.0, "deg"),
    "range_resolution_m": (0.1, 100_000.0, "m"),
    "refractivity": (0.0, 500.0, "N-units"),
    "task_period_s": (0.0, 600.0, "s"),
    "task_share": (0.0, 1.0, "1"),
    "range_bias_std_m": (0.0, 100_000.0, "m"),
    "azimuth_bias_std_deg": (0.0, 20.0, "deg"),
    "elevation_bias_std_deg": (0.0, 20.0, "deg"),
    "clock_bias_std_s": (0.0, 60.0, "s"),
    "cloud_top_m": (0.0, 30_000.0, "m"),
    "min_intensity_kw_sr": (0.0, 1e9, "kW/sr"),
    "glints_per_hour": (0.0, 100_000.0, "1/h"),
}
SHORTEST_TASK_PERIOD_S = 0.05
MAX_OUTAGES = 1_000
OUTAGE_RANGE: tuple[float, float, str] = (0.0, 172_800.0, "s")
_FIRE_RANGES: dict[str, tuple[float, float, str]] = {
    "latitude_deg": (-90.0, 90.0, "deg"),
    "longitude_deg": (-180.0, 180.0, "deg"),
    "intensity_kw_sr": (0.0, 1e9, "kW/sr"),
    "clear_prob": (0.0, 1.0, "probability"),
}
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
    for key, limits in SENSOR_RANGES.items():
        value = getattr(sensor, key)
        if value is not None:
            _within(value, limits, f"{at}.{key}")
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


def check_simulated(sensor: Sensor, where: str) -> None:
    """Refuse what can only replay reports: a platform that the world cannot move, or that is not for that kind."""
    at = f"{where}: sensors.{sensor.name}" if where else f"sensors.{sensor.name}"
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
    for key, limits in _FIRE_RANGES.items():
        _within(getattr(fire, key), limits, f"{at}.{key}")


def _within(value: float, limits: tuple[float, float, str], where: str) -> None:
    low, high, unit = limits
    if not low <= value <= high:  # nan is not either
        raise ScenarioError(
            f"must lie between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit}", where=where, value=value,
            remedy="give a plain ratio" if unit in ("1", "probability") else f"give it in {unit}",
        )  # fmt: skip


def _outages(sensor: Sensor, at: str) -> None:
    where = f"{at}.outages_s"
    if len(sensor.outages_s) > MAX_OUTAGES:
        raise ScenarioError(f"more than {MAX_OUTAGES} outages", where=where, remedy="merge some")
    for outage in sensor.outages_s:
        for value in outage:
            _within(value, OUTAGE_RANGE, where)
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
