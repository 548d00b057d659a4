"""A document that does not fit its types: the refusal says which key, what was given, unit and range, what to do."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.errors import ScenarioError, SensorFileError
from tocsin.scenario import check_simulated, document_from, load_scenario, read_sensors, scenario_from, schema
from tocsin.scenario.ranges import RANGES

BASE = document_from(load_scenario("one-missile"))
STAGE = {"exhaust_m_s": 2500.0, "thrust_to_weight": 2.0, "propellant_ratio": 0.7}
VEHICLE = {"name": "own", "stages": [STAGE], "beta_kg_m2": 4000.0, "range_max_km": 2000.0}


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """The document with one key put in, or taken out where no value is given; numbers in the path count entries."""
    document = copy.deepcopy(BASE)
    document["truth"]["vehicles"] = [copy.deepcopy(VEHICLE)]
    document["truth"]["meteors"] = [{"name": "m", "latitude_deg": 1.0, "longitude_deg": 2.0}]
    document["truth"]["aircraft"] = [
        {"name": "a", "latitude_deg": 1.0, "longitude_deg": 2.0, "height_m": 9e3, "course_deg": 1.0, "speed_m_s": 200.0}
    ]
    *steps, last = path.split(".")
    node: Any = document
    for step in steps:
        if step.isdigit():
            node = node[int(step)]
        else:
            node[step] = list(node[step]) if isinstance(node[step], tuple) else node[step]
            node = node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("truth.vehicles.0.beta_kg_m2", None, ["beta_kg_m2", "truth.vehicles[0]", "10 to 50000 kg/m2"]),
        ("truth.vehicles.0.stages.0.exhaust_m_s", None, ["vehicles[0].stages[0]", "exhaust_m_s, 1000 to 5000 m/s"]),
        ("truth.vehicles.0.stages.0.coast_s", "2 s", ["(got '2 s')", "give coast_s, 0 to 120 s"]),
        ("truth.meteors.0.latitude_deg", None, ["truth.meteors[0]", "give latitude_deg, -90 to 90 deg"]),
        ("truth.meteors.0.speed_m_s", "fast", ["(got 'fast')", "give speed_m_s, 11000 to 73000 m/s"]),
        ("truth.meteors.0.enter_after_s", "soon", ["(got 'soon')", "give enter_after_s, 0 to 172800 s"]),
        ("truth.aircraft.0.height_m", None, ["truth.aircraft[0]", "give height_m, -500 to 30000 m"]),
        ("truth.threats.0.loft", "high", ["(got 'high')", "give loft, 0.5 to 2 1"]),
        ("truth.threats.0.launch.latitude_deg", "37N", ["(got '37N')", "give latitude_deg, -90 to 90 deg"]),
        ("truth.spread.wind_std_m_s", "strong", ["(got 'strong')", "give wind_std_m_s, 0 to 100 m/s"]),
        ("sensors.0.scan_period_s", "12", ["sensors[0]", "(got '12')", "give scan_period_s, 0.05 to 600 s"]),
        ("sensors.0.range_rate_std_m_s", "1", ["(got '1')", "give range_rate_std_m_s, 0.001 to 10000 m/s"]),
        ("sensors.0.outages_s", [[0.0, "late"]], ["outages_s", "(got 'late')"]),
        ("sensors.0.kind", None, ["missing", "use one of:", "radar"]),
        ("sensors.0.swerling", 2, ["(got 2)", "use one of: 0, 1, 3"]),
        ("units.0.latitude_deg", None, ["units[0]", "give latitude_deg, -90 to 90 deg"]),
        ("sites.0.magazine", 1.5, ["sites[0]", "(got 1.5)", "give magazine, 0 to 1000 count"]),
        ("actors.0.delay_s", "1 min", ["actors[0]", "(got '1 min')", "give delay_s, 0 to 86400 s"]),
        ("policy.track.gate_prob", "99 %", ["(got '99 %')", "give gate_prob, 1e-12 to 0.999999 probability"]),
        ("policy.posture.crew_reaction_s", [1.0, "x"], ["crew_reaction_s", "(got 'x')", "0 to 86400 s"]),
        ("policy.engage.doctrine", "spray", ["(got 'spray')", "use one of:", "shoot_look_shoot"]),
        ("duration_s", "long", ["(got 'long')", "give duration_s, 1 to 172800 s"]),
        ("title", None, ["missing required field `title`", "give title"]),
    ],
)
def test_a_field_that_lacks_or_has_the_wrong_kind_is_told_with_unit_and_range(path, value, words):
    with pytest.raises(ScenarioError) as caught:
        scenario_from(changed(path, value))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("range_std_m = 'good'", ["sensors[0].range_std_m", "(got 'good')", "give range_std_m, 0.01 to 100000 m"]),
        ("latitude_deg = '37 N'", ["sensors[0]", "(got '37 N')", "give latitude_deg, -90 to 90 deg"]),
        ("outages_s = 3", ["outages_s", "(got 3)", "docs/formats.md"]),
        ("swerling = 2", ["(got 2)", "use one of: 0, 1, 3"]),
    ],
)
def test_a_description_of_sensors_tells_unit_and_range_too(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "SENSORS.toml"
    path.write_text(f"[[sensors]]\nname = 'a'\nkind = 'radar'\n{text}\n")
    with pytest.raises(SensorFileError) as caught:
        read_sensors(path)
    for word in words:
        assert word in str(caught.value)


def test_every_table_and_key_with_a_range_is_of_the_schema_and_its_default_lies_inside():
    for table, limits in RANGES.items():
        defaults = {field.name: field.default for field in msgspec.structs.fields(getattr(schema, table))}
        for key, (low, high, unit) in limits.items():
            assert low < high
            assert unit
            assert defaults[key] in (msgspec.NODEFAULT, None) or low <= defaults[key] <= high


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"truth": {"traffic": [{"kind": "drone", "count": 4_000}] * 3}}, ["traffic", "12000", "0 and 10000 count"]),
        ({"sensors": [{"name": f"s{i}", "kind": "radar"} for i in range(1_001)]}, ["sensors", "1001", "0 to 1000"]),
    ],
)
def test_more_than_a_machine_can_hold_is_refused_with_the_limit(change: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_from({**BASE, **change})
    for word in words:
        assert word in str(caught.value)


def test_false_plots_of_a_simulated_sensor_are_limited_by_the_second_and_those_of_a_recording_are_not():
    sensor = {**BASE["sensors"][0], "false_per_scan": 9_000.0, "scan_period_s": 0.05}
    (noisy,) = scenario_from({**BASE, "sensors": [sensor]}).sensors
    with pytest.raises(ScenarioError, match=r"false_per_scan: more than 20000 false plots a second.*give 0 to 1000"):
        check_simulated(noisy, "scenario")
