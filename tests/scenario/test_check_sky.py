"""Bad descriptions of what flies: each fault is refused by key, value, unit, range and remedy."""

from __future__ import annotations

import copy
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ScenarioError
from tocsin.scenario import Reentry, document_from, load_scenario, scenario_from
from tocsin.scenario import schema as sky_schema
from tocsin.scenario.ranges import SKY_RANGES

STAGE = {"exhaust_m_s": 2500.0, "thrust_to_weight": 2.0, "propellant_ratio": 0.7}
GOOD: dict[str, dict[str, Any]] = {
    "vehicles": {
        "name": "own", "stages": [STAGE, {**STAGE, "coast_s": 2.0}], "beta_kg_m2": 4000.0, "range_max_km": 2000.0,
    },
    "aircraft": {
        "name": "a", "latitude_deg": 37.0, "longitude_deg": 38.0, "height_m": 9000.0, "course_deg": 10.0,
        "speed_m_s": 230.0, "legs": [{"after_s": 10.0, "course_deg": 90.0}, {"after_s": 200.0, "course_deg": 0.0}],
    },
    "rockets": {"name": "r", "latitude_deg": 37.0, "longitude_deg": 38.0},
    "launches": {"name": "l", "latitude_deg": 37.0, "longitude_deg": 38.0},
    "meteors": {"name": "m", "latitude_deg": 37.0, "longitude_deg": 38.0},
    "reentries": {"name": "d", "latitude_deg": 37.0, "longitude_deg": 38.0},
    "traffic": {"kind": "meteor", "count": 2, "from_s": 10.0, "to_s": 20.0},
}  # fmt: skip


def document(table: str, **changes: Any) -> dict[str, Any]:
    whole = document_from(load_scenario("quiet-sky"))
    truth: dict[str, Any] = {key: [copy.deepcopy(item)] for key, item in GOOD.items()}
    truth[table][0].update(changes)
    whole["truth"] = truth
    return whole


def with_stage(number: int, **changes: Any) -> dict[str, Any]:
    stages = [dict(STAGE), dict(STAGE)]
    stages[number].update(changes)
    return document("vehicles", stages=stages)


def test_the_good_document_is_good_and_comes_back_as_it_went():
    scenario = scenario_from(document("vehicles"))
    assert scenario_from(document_from(scenario)) == scenario
    assert scenario.truth.vehicles[0].stages[1].coast_s == 2.0


# what is wrong, the document, the words that the refusal must hold: key, value, unit and range, remedy
WRONG: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("km/s for m/s", with_stage(0, exhaust_m_s=2.5),
     ("vehicles.own.stages[1].exhaust_m_s", "2.5", "1000 and 5000 m/s", "thousand times too small")),
    ("mm/s for m/s", with_stage(1, exhaust_m_s=2.5e6),
     ("vehicles.own.stages[2].exhaust_m_s", "2500000", "1000 and 5000 m/s", "thousand times too large")),
    ("sign", with_stage(0, exhaust_m_s=-2500.0),
     ("exhaust_m_s", "-2500", "1000 and 5000 m/s", "wrong sign")),
    ("per cent for a ratio", with_stage(0, propellant_ratio=70.0),
     ("propellant_ratio", "70", "0.05 and 0.97 (got", "per cent", "plain ratio")),
    ("more than all burned", with_stage(0, propellant_ratio=0.95, structure_ratio=0.2),
     ("propellant_ratio and structure_ratio", "1.15", "0 and 0.99", "lower one")),
    ("cannot lift off", with_stage(0, thrust_to_weight=0.8),
     ("stages[1].thrust_to_weight", "0.8", "1.05 and 20", "more thrust")),
    ("negative coast", with_stage(0, coast_s=-1.0), ("stages[1].coast_s", "-1", "0 and 120 s", "wrong sign")),
    ("t/m2 for kg/m2", document("vehicles", beta_kg_m2=4.0),
     ("vehicles.own.beta_kg_m2", "4.0", "10 and 50000 kg/m2", "thousand times too small")),
    ("m for km", document("vehicles", range_max_km=2e6),
     ("vehicles.own.range_max_km", "2000000", "10 and 5500 km", "thousand times too large")),
    ("rise after the burn", document("vehicles", rise_s=50.0, turn_s=100.0),
     ("vehicles.own.rise_s", "150", "89.2 s", "shorten the rise")),
    ("no stage", document("vehicles", stages=[]), ("vehicles.own.stages", "got 0", "1 to 4 stages", "add or merge")),
    ("too many stages", document("vehicles", stages=[STAGE] * 5),
     ("vehicles.own.stages", "got 5", "1 to 4 stages", "merge")),
    ("no stack", document("vehicles", is_separating=True),
     ("vehicles.own", "stack_beta_kg_m2", "10 and 500000 kg/m2", "state the ballistic coefficient")),
    ("no name", document("vehicles", name=""), ("truth.vehicles", "1 to 64 printable", "name it")),
    ("legs out of order", document("aircraft", legs=[{"after_s": 50.0, "course_deg": 1.0}] * 2),
     ("aircraft.a.legs.after_s", "got 50", "above 50 s", "in order of time")),
    ("course in a wrong turn", document("aircraft", legs=[{"after_s": 5.0, "course_deg": -90.0}]),
     ("aircraft.a.legs[1].course_deg", "-90", "0 and 360 deg", "wrong sign")),
    ("turn too fast", document("aircraft", legs=[{"after_s": 5.0, "course_deg": 9.0, "turn_rate_deg_s": 90.0}]),
     ("legs[1].turn_rate_deg_s", "90", "0.05 and 30 deg/s", "give a value in that range")),
    ("m for km", document("rockets", apogee_km=250_000.0),
     ("rockets.r.apogee_km", "250000", "50 and 1500 km", "thousand times too large")),
    ("off the globe", document("rockets", latitude_deg=137.0),
     ("rockets.r.latitude_deg", "137", "-90 and 90 deg", "value in that range")),
    ("after the end", document("rockets", launch_after_s=5000.0),
     ("rockets.r.launch_after_s", "5000", "0 and 600 s", "value in that range")),
    ("before the start", document("launches", launch_after_s=-5.0),
     ("launches.l.launch_after_s", "-5", "0 and 600 s", "wrong sign")),
    ("below the air", document("launches", orbit_height_km=0.4),
     ("launches.l.orbit_height_km", "0.4", "180 and 600 km", "thousand times too small")),
    ("km/s for m/s", document("meteors", speed_m_s=20.0),
     ("meteors.m.speed_m_s", "20", "11000 and 73000 m/s", "thousand times too small")),
    ("upwards", document("meteors", descent_deg=-30.0),
     ("meteors.m.descent_deg", "-30", "15 and 90 deg", "wrong sign")),
    ("slower than any orbit", document("reentries", speed_m_s=3000.0),
     ("reentries.d.speed_m_s", "3000", "7500 and 8000 m/s", "value in that range")),
    ("breaks up above its entry", document("reentries", breakup_km=130.0),
     ("reentries.d.breakup_km", "130", "40 and 110 km", "value in that range")),
    ("no pieces", document("reentries", pieces_count=0), ("pieces_count", "got 0", "1 and 50 count", "give a value")),
    ("window the wrong way round", document("traffic", from_s=30.0),
     ("traffic.meteor.to_s", "20", "30 and 600 s", "value in that range")),
    ("a window for level flight", document("traffic", kind="drone"),
     ("traffic.drone.from_s", "got 10", "level flight has no beginning", "leave both out")),
    ("two of one name", document("rockets", name="m"), ("rockets|meteors", "'m'", "twice", "rename one")),
    ("loft", {**document("rockets"), "truth": {"threats": [
        {"name": "t", "launch": {"district": "Kermanshah"}, "impact": {"district": "Osmaniye"}, "loft": 0.1}]}},
     ("threats.t.loft", "0.1", "0.5 and 2", "plain ratio")),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_fault_is_refused_by_key_value_unit_range_and_remedy(wrong, words):
    with pytest.raises(ScenarioError) as caught:
        scenario_from(wrong)
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert any(choice in said for choice in word.split("|")), f"{word!r} not in {said!r}"


@pytest.mark.parametrize("table", ["vehicles", "aircraft", "rockets", "launches", "meteors", "reentries"])
def test_a_missing_field_is_refused_by_its_name(table):
    for key in GOOD[table]:
        wrong = document(table)
        del wrong["truth"][table][0][key]
        if key in ("legs", "is_separating") or (table, key) == ("vehicles", "name"):
            continue  # may be left out, or is told otherwise
        with pytest.raises(ScenarioError, match=rf"missing required field `{key}`.*truth\.{table}.*docs/formats\.md"):
            scenario_from(wrong)


@pytest.mark.parametrize("table", [*GOOD])
def test_a_key_that_is_not_known_and_a_value_of_the_wrong_kind_are_refused_by_place(table):
    with pytest.raises(ScenarioError, match=rf"unknown field `aim_point`.*truth\.{table}"):
        scenario_from(document(table, aim_point=1.0))
    key = next(key for key, value in GOOD[table].items() if isinstance(value, float))
    with pytest.raises(ScenarioError, match=rf"truth\.{table}\[0\]\.{key}"):
        scenario_from(document(table, **{key: "many"}))


NUMBERS = [(kind, key) for kind, limits in SKY_RANGES.items() for key in limits if kind != "Threat"]
TABLE_OF = {"Stage": "vehicles", "Vehicle": "vehicles", "Leg": "aircraft", "Rocket": "rockets", "Launch": "launches",
            "Meteor": "meteors", "Reentry": "reentries"}  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NUMBERS), st.floats(width=64))
def test_a_number_outside_its_range_is_refused_by_name_range_and_unit(place, value):
    kind, key = place
    low, high, unit = SKY_RANGES[kind][key]
    if key == "pieces_count":
        value = round(value) if math.isfinite(value) and abs(value) < 1e9 else 10**6
    changes: dict[str, Any] = {key: value}
    if kind == "Stage":
        wrong = with_stage(1, **changes)
    elif kind == "Leg":
        wrong = document("aircraft", legs=[{"after_s": 5.0, "course_deg": 9.0, **changes}])
    else:
        wrong = document(TABLE_OF[kind], **changes)
    if low <= value <= high:
        return  # another key may now refuse it: a rise longer than the burn
    with pytest.raises(ScenarioError, match=key) as caught:
        scenario_from(wrong)
    if math.isfinite(value):
        assert f"between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit}" in str(caught.value)


def test_every_default_lies_in_its_range_and_every_range_names_a_key():
    for kind, limits in SKY_RANGES.items():
        struct = getattr(sky_schema, kind)
        defaults = {field.name: field.default for field in msgspec.structs.fields(struct)}
        for key, (low, high, _) in limits.items():
            assert low < high
            default = defaults[key]
            assert default is msgspec.NODEFAULT or low <= default <= high
    assert Reentry(name="d", latitude_deg=0.0, longitude_deg=0.0).pieces_count == 4


def test_the_busy_sky_holds_every_kind_and_no_threat():
    truth = load_scenario("busy-sky").truth
    assert truth.threats == ()
    assert truth.rockets
    assert truth.launches
    assert truth.meteors or any(traffic.kind == "meteor" for traffic in truth.traffic)
    assert truth.reentries
    assert {"satellite", "airliner", "drone", "fast_jet"} <= {traffic.kind for traffic in truth.traffic}
    assert {aircraft.kind for aircraft in truth.aircraft} >= {"cruise_missile"}
    assert load_scenario("busy-sky").sensors == load_scenario("quiet-sky").sensors
