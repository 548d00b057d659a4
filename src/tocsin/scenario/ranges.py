"""Lowest, highest and unit of every number of a scenario or a sensor description, by table and key.

The policy's are in `check_policy`; what depends on another key (no launch after the end) is in the checks.
"""

from __future__ import annotations

import msgspec

from tocsin.errors import ScenarioError

Range = tuple[float, float, str]
_COURSE: Range = (0.0, 360.0, "deg")
_LATITUDE: Range = (-90.0, 90.0, "deg")
_LONGITUDE: Range = (-180.0, 180.0, "deg")
_PLACED: dict[str, Range] = {"latitude_deg": _LATITUDE, "longitude_deg": _LONGITUDE}
_HEADING: dict[str, Range] = {**_PLACED, "course_deg": _COURSE}
_PROB: Range = (0.0, 1.0, "probability")
WHEN: Range = (0.0, 172_800.0, "s")  # after the epoch: as long as the longest scenario
OUTAGE: Range = WHEN
MAX_TRAFFIC = 10_000  # objects, all kinds together; a study's tier, not a slip of the finger
MAX_SENSORS = 1_000
MAX_FALSE_PER_S = 20_000.0  # simulated, of one sensor: more fills memory sooner than any tracker could read it

SENSOR_RANGES: dict[str, Range] = {
    "latitude_deg": _LATITUDE,
    "longitude_deg": _LONGITUDE,
    "height_m": (-500.0, 50_000_000.0, "m"),
    "course_deg": _COURSE,
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
    "detection_prob": _PROB,
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
        **_HEADING,
        "lean_deg": (0.0, 20.0, "deg"),
        "apogee_km": (50.0, 1_500.0, "km"),
    },
    "Launch": {
        **_HEADING,
        "orbit_height_km": (180.0, 600.0, "km"),
    },
    "Meteor": {
        **_HEADING,
        "descent_deg": (15.0, 90.0, "deg"),
        "speed_m_s": (11_000.0, 73_000.0, "m/s"),
        "beta_kg_m2": (5.0, 1_000.0, "kg/m2"),
    },
    "Reentry": {
        **_HEADING,
        "descent_deg": (0.5, 10.0, "deg"),
        "speed_m_s": (7_500.0, 8_000.0, "m/s"),
        "beta_kg_m2": (10.0, 5_000.0, "kg/m2"),
        "breakup_km": (40.0, 110.0, "km"),
        "pieces_count": (1, 50, "count"),
    },
}
_SPREAD = ("density_ratio_std_20km", "density_ratio_std_80km", "beta_ratio_std", "burn_ratio_std",
           "mach_drag_ratio_std")  # fmt: skip
RANGES: dict[str, dict[str, Range]] = {
    **SKY_RANGES,
    "Sensor": SENSOR_RANGES,
    "Fault": {
        "from_s": WHEN,
        "to_s": WHEN,
        "clock_s": (-60.0, 60.0, "s"),
        "range_m": (-1e6, 1e6, "m"),
        "turn_deg": (-180.0, 180.0, "deg"),
    },
    "Scenario": {"duration_s": (1.0, WHEN[1], "s")},
    "Place": _PLACED,
    "Fire": {**_PLACED, "intensity_kw_sr": (0.0, 1e9, "kW/sr"), "clear_prob": _PROB},
    "Aircraft": {
        **_PLACED,
        "height_m": (-500.0, 30_000.0, "m"),
        "course_deg": _COURSE,
        "speed_m_s": (0.0, 1_500.0, "m/s"),
    },
    "Traffic": {
        "count": (0, MAX_TRAFFIC, "count"),
        "latitude_min_deg": _LATITUDE,
        "latitude_max_deg": _LATITUDE,
        "longitude_min_deg": _LONGITUDE,
        "longitude_max_deg": _LONGITUDE,
    },
    "Truth": {"outcome_seen_prob": _PROB, "outcome_wrong_prob": _PROB, "unexploded_prob": _PROB},
    "Spread": {
        **dict.fromkeys(_SPREAD, (0.0, 100.0, "1")),
        "wind_std_m_s": (0.0, 100.0, "m/s"),
        "refractivity_std": (0.0, 100.0, "N-units"),
    },
    "Unit": {**_PLACED, "acknowledge_delay_s": (0.0, 86_400.0, "s")},
    "Site": {
        **_PLACED,
        "height_min_m": (0.0, 2e6, "m"),
        "height_max_m": (0.0, 2e6, "m"),
        "range_max_m": (0.0, 1e7, "m"),
        "reaction_s": (0.0, 86_400.0, "s"),
        "magazine": (0, 1000, "count"),
        "kill_prob": _PROB,
        "common_mode_correlation": (0.0, 1.0, "1"),
    },
    "Actor": {"delay_s": (0.0, 86_400.0, "s")},
}


def hold(item: msgspec.Struct, where: str) -> None:
    """Refuse a table with a number outside its range; one that may be left out, and is, passes."""
    for key, limits in RANGES[type(item).__name__].items():
        value = getattr(item, key)
        if value is not None:
            within(value, limits, f"{where}.{key}")


def within(value: float, limits: Range, where: str) -> None:
    """Refuse a number outside its range, and what is no number."""
    low, high, unit = limits
    if not low <= value <= high:  # nan is not either
        raise ScenarioError(
            f"must lie between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit}",
            where=where,
            value=value,
            remedy=_meant(value, limits),
        )


def _meant(value: float, limits: Range) -> str:
    """What to do: name the slip where one explains the value."""
    low, high, unit = limits
    is_plain = unit in ("1", "probability")
    slips: list[tuple[float, str]] = [(-1, "of the wrong sign")]
    if unit in ("m/s", "km", "kg/m2"):
        slips += [(1000, "a thousand times too small"), (0.001, "a thousand times too large")]
    if is_plain:
        slips.append((0.01, "in per cent"))
    wish = "a plain ratio" if is_plain else f"it in {unit}"
    for factor, slip in slips:
        if value != 0.0 and abs(value) < 1e300 and low <= factor * value <= high:
            return f"it looks {slip}: give {wish}"
    return "give a plain ratio in that range" if is_plain else f"give a value in that range, in {unit}"
