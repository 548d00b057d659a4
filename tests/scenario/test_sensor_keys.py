"""A sensor's keys: what each refuses and in which words, generic classes, and the place that must be said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ScenarioError, SensorFileError
from tocsin.scenario import apply_override, document_from, load_scenario, read_sensors, scenario_from
from tocsin.scenario.ranges import SENSOR_RANGES
from tocsin.scenario.sensor_classes import sensor_classes

BASE = document_from(load_scenario("one-missile"))
PLACE = {"latitude_deg": 37.9, "longitude_deg": 39.5}


def with_sensor(**keys: Any) -> dict[str, Any]:
    return {**BASE, "sensors": [{"name": "one", "kind": "radar", **PLACE, **keys}]}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SENSOR_RANGES)), st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_outside_its_range_is_refused_by_name_value_range_and_unit(key, value):
    low, high, unit = SENSOR_RANGES[key]
    if low <= value <= high:
        return
    with pytest.raises(ScenarioError) as caught:
        scenario_from(with_sensor(**{key: value}))
    said = str(caught.value)
    assert f"sensors.one.{key}" in said
    assert f"must lie between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit} (got {value!r})" in said
    assert caught.value.remedy


@pytest.mark.parametrize("key", sorted(SENSOR_RANGES))
def test_each_end_of_every_range_is_finite_and_no_text_is_taken_for_a_number(key):
    assert all(math.isfinite(end) for end in SENSOR_RANGES[key][:2])
    with pytest.raises(ScenarioError, match=key):
        scenario_from(with_sensor(**{key: "12"}))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"elevation_min_deg": 95.0}, ["elevation_min_deg", "95.0", "-10 and 90 deg"]),
        ({"elevation_min_deg": 40.0, "elevation_max_deg": 30.0}, ["elevation_min_deg", "40.0", "30 deg", "swap"]),
        ({"range_min_km": 900.0, "range_max_km": 90.0}, ["range_min_km", "900.0", "90 km", "swap"]),
        ({"swerling": 2}, ["swerling", "2", "0, 1, 3"]),
        ({"swerling": "one"}, ["swerling"]),
        ({"task_period_s": 0.01}, ["task_period_s", "0.01", "0.05 s", "obeys no task"]),
        ({"outages_s": [[30.0, 20.0]]}, ["outages_s", "[30.0, 20.0]", "[from, to]"]),
        ({"outages_s": [[10.0, 10.0]]}, ["outages_s", "[10.0, 10.0]"]),
        ({"outages_s": [[10.0, 30.0], [20.0, 40.0]]}, ["outages_s", "[20.0, 40.0]", "30 s", "merge"]),
        ({"outages_s": [[50.0, 60.0], [10.0, 20.0]]}, ["outages_s", "[10.0, 20.0]", "order of time"]),
        ({"outages_s": [[-5.0, 20.0]]}, ["outages_s", "-5.0", "0 and 172800 s"]),
        ({"outages_s": [[5.0]]}, ["outages_s", "length 2"]),
        ({"outages_s": [[0.5 * i, 0.5 * i + 0.1] for i in range(1_001)]}, ["outages_s", "1000"]),
        ({"faults": [{"from_s": 30.0, "to_s": 20.0}]}, ["faults[1].to_s", "20.0", "from_s = 30 s"]),
        ({"faults": [{}, {"clock_s": 61.0}]}, ["faults[2].clock_s", "61.0", "-60 and 60 s"]),
        ({"faults": [{"clock_ms": 1.0}]}, ["clock_ms", "clock_s"]),
        ({"kind": "position", "faults": [{"range_m": 5.0}]}, ["faults[1].range_m", "radar"]),
        ({"like": "patriotic-radar"}, ["like", "patriotic-radar", "land-search-radar"]),
        ({"like": 3}, ["like", "3", "land-search-radar"]),
        ({"kind": "infrared", "platform": "geostationary", "reference_snr_db": 10.0}, ["reference_snr_db", "radar"]),
        ({"kind": "position", "task_period_s": 1.0}, ["task_period_s", "radar", "leave it out"]),
        ({"beamwith_deg": 1.0}, ["beamwith_deg"]),
        ({"beamwidth_deg": -1.5}, ["beamwidth_deg", "-1.5", "deg"]),
        ({"range_resolution_km": 0.1}, ["range_resolution_km"]),
    ],
)  # fmt: skip
def test_an_impossible_sensor_is_refused_with_what_would_do(keys, said):
    with pytest.raises(ScenarioError) as caught:
        scenario_from(with_sensor(**keys))
    for word in said:
        assert word in str(caught.value)


@pytest.mark.parametrize("platform", ["land", "ship"])
@pytest.mark.parametrize("key", ["latitude_deg", "longitude_deg"])
def test_a_sensor_without_a_place_is_refused_rather_than_put_at_0_north_0_east(platform, key):
    document = with_sensor(platform=platform)
    del document["sensors"][0][key]
    with pytest.raises(ScenarioError, match=f"sensors.one.{key}.*is missing.*give latitude_deg and longitude_deg"):
        scenario_from(document)


def test_a_geostationary_platform_needs_a_longitude_and_an_orbit_its_elements():
    for keys, key in (({"platform": "geostationary"}, "longitude_deg"), ({"platform": "orbit"}, "line1")):
        document = {**BASE, "sensors": [{"name": "one", "kind": "infrared", **keys}]}
        with pytest.raises(ScenarioError, match=f"sensors.one.{key}.*is missing"):
            scenario_from(document)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("platform = 'orbit'", "radar.*cannot stand.*'orbit'.*land or ship"),
        ("platform = 'path'\npath_file = 'x.csv'", "can only replay"),
        ("kind = 'infrared'\nplatform = 'land'", "infrared.*cannot stand.*geostationary or orbit"),
        ("kind = 'infrared'\nplatform = 'orbit'\nline1 = 'x'\nline2 = 'y'", "line1.*69 characters.*copy both lines"),
    ],
)
def test_a_scenario_file_with_a_platform_that_cannot_be_simulated_is_refused(tmp_path: Path, keys, said):
    text = "kind = 'radar'\n" if "kind" not in keys else ""
    text += "line1 = 'x'\nline2 = 'y'\n" if "radar" in text and "orbit" in keys else ""
    path = tmp_path / "s.toml"
    path.write_text(
        "name = 's'\ntitle = 's'\nepoch = '2026-03-04T09:00:00Z'\n[[sensors]]\nname = 'one'\nlatitude_deg = 1.0\n"
        f"longitude_deg = 2.0\n{text}{keys}\n"
    )
    with pytest.raises(ScenarioError, match=said):
        load_scenario(path)


@pytest.mark.parametrize("name", sorted(sensor_classes()))
def test_each_class_makes_a_sensor_from_a_name_and_a_place(name):
    document = {**BASE, "sensors": [{"name": "one", "like": name, **PLACE}]}
    (sensor,) = scenario_from(document).sensors
    assert sensor.like == name
    for key, value in sensor_classes()[name].items():
        assert getattr(sensor, key) == value


def test_what_a_table_says_itself_is_stronger_than_its_class_and_comes_back_from_a_record():
    document = {**BASE, "sensors": [{"name": "one", "like": "ship-radar", **PLACE, "range_max_km": 700.0}]}
    scenario = scenario_from(document)
    (sensor,) = scenario.sensors
    assert (sensor.range_max_km, sensor.kind, sensor.beamwidth_deg) == (700.0, "radar", 1.5)
    assert scenario_from(document_from(scenario)) == scenario


def test_a_kind_in_an_override_finds_sensors_that_have_it_from_their_class():
    document = {**BASE, "sensors": [{"name": "one", "like": "ship-radar", **PLACE}]}
    apply_override(document, "sensors.radar.noise_scale=3")
    assert scenario_from(document).sensors[0].noise_scale == 3.0


def test_radars_of_a_scenario_are_refracted_and_those_of_recordings_are_taken_as_corrected(tmp_path: Path):
    path = tmp_path / "SENSORS.toml"
    table = "[[sensors]]\nname = 'a'\nkind = 'radar'\nlatitude_deg = 37.0\nlongitude_deg = 36.0\n"
    path.write_text(table + table.replace("'a'", "'b'") + "is_refracted = true\n")
    assert [sensor.is_refracted for sensor in read_sensors(path)] == [False, True]
    assert scenario_from(with_sensor()).sensors[0].is_refracted


def test_classes_serve_sensor_files_too_and_a_wrong_one_is_refused_there(tmp_path: Path):
    path = tmp_path / "SENSORS.toml"
    path.write_text("[[sensors]]\nname = 'a'\nlike = 'land-search-radar'\nlatitude_deg = 37.0\nlongitude_deg = 36.0\n")
    assert read_sensors(path)[0].range_max_km == 450.0
    path.write_text("[[sensors]]\nname = 'a'\nlike = 'none-such'\n")
    with pytest.raises(SensorFileError, match=r"sensors.a.like.*none-such.*use one of"):
        read_sensors(path)


@pytest.mark.parametrize(
    ("fire", "said"),
    [
        ({"latitude_deg": 95.0}, "truth.fires.f.latitude_deg.*-90 and 90 deg"),
        ({"clear_prob": 1.5}, "truth.fires.f.clear_prob.*0 and 1 probability"),
        ({"intensity_kw_sr": -1.0}, "truth.fires.f.intensity_kw_sr.*kW/sr"),
        ({"temperature": 900.0}, "temperature"),
    ],
)
def test_an_impossible_fire_is_refused(fire, said):
    document = {**BASE, "truth": {"fires": [{"name": "f", "latitude_deg": 30.0, "longitude_deg": 47.0, **fire}]}}
    with pytest.raises(ScenarioError, match=said):
        scenario_from(document)


@pytest.mark.parametrize("duty", [[0.5, 0.5, 0.5], [], [0.0], [1.5, 1.0]])
def test_a_duty_is_a_share_for_each_level_or_one_for_all(duty):
    document = {**BASE, "policy": {**BASE["policy"], "posture": {**BASE["policy"]["posture"], "sensor_duty": duty}}}
    with pytest.raises(ScenarioError, match="sensor_duty"):
        scenario_from(document)
