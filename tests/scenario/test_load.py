"""Scenario files: what is accepted, what is refused and how, what an override reaches."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ScenarioError
from tocsin.policy import Policy
from tocsin.scenario import (
    apply_override,
    cast_of,
    defence_of,
    document_from,
    load_scenario,
    packaged_scenarios,
    scenario_from,
)
from tocsin.scenario.check_policy import POLICY_RANGES
from tocsin.units import ns_from_iso

PACK = ("busy-sky", "one-missile", "quiet-sky", "turkiye-2026-03-04")


def smallest() -> dict:
    return document_from(load_scenario("one-missile"))


def follow(document: dict, key: str):
    node = document
    for step in key.split("."):
        node = node[step] if isinstance(node, dict) else next(e for e in node if step in (e.get("name"), e.get("kind")))
    return node


@pytest.mark.parametrize("name", PACK)
def test_the_pack_is_there_and_a_document_comes_back_as_it_went(name):
    assert name in packaged_scenarios()
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario_from(document_from(scenario)) == scenario
    assert scenario_from(msgspec.json.decode(msgspec.json.encode(scenario))) == scenario


@pytest.mark.parametrize("name", PACK)
def test_every_declared_unknown_points_at_a_key_that_holds_its_default_within_its_range(name):
    document = document_from(load_scenario(name))
    for unknown in load_scenario(name).unknowns:
        assert follow(document, unknown.key) == unknown.default
        assert unknown.why
        if unknown.choices:
            assert unknown.default in unknown.choices
        elif not isinstance(unknown.default, bool):
            assert unknown.low <= unknown.default <= unknown.high


def test_each_end_of_every_unknown_is_a_scenario_too():
    for unknown in load_scenario("turkiye-2026-03-04").unknowns:
        for value in unknown.choices or (unknown.low, unknown.high):
            loaded = load_scenario("turkiye-2026-03-04", overrides=[f"{unknown.key}={value}"])
            assert follow(document_from(loaded), unknown.key) == value


def test_public_claims_carry_source_date_and_confidence_and_conflicts_stand_side_by_side():
    claims = load_scenario("turkiye-2026-03-04").claims
    assert all(claim.source and claim.date.startswith("2026-03") and claim.claim for claim in claims)
    by_fact: dict[str, int] = {}
    for claim in claims:
        by_fact[claim.fact] = by_fact.get(claim.fact, 0) + 1
    assert {"origin", "target", "intercept place", "debris", "unexploded missile"} <= {
        fact for fact, count in by_fact.items() if count > 1
    }


def test_the_defence_is_given_no_truth_and_no_sensor_that_is_off():
    scenario = load_scenario("one-missile", overrides=["sensors.ship-radar.enabled=false"])
    defence = defence_of(scenario)
    assert not hasattr(defence, "truth")
    assert b"threat-1" not in msgspec.json.encode(defence)
    assert b"Kermanshah" not in msgspec.json.encode(defence)
    assert {sensor.name for sensor in defence.sensors} == {"infrared-west", "infrared-east", "land-radar"}
    assert defence.epoch_ns == ns_from_iso(scenario.epoch)


def test_the_defence_is_not_told_when_a_sensor_will_fall_silent():
    scenario = load_scenario("one-missile", overrides=["sensors.land-radar.outages_s=[[100.0, 200.0]]"])
    assert scenario.sensors[2].outages_s == ((100.0, 200.0),)
    assert all(sensor.outages_s == () for sensor in defence_of(scenario).sensors)


def test_the_defence_is_not_told_when_a_sensor_will_lie():
    scenario = load_scenario("one-missile", overrides=["sensors.land-radar.faults=[{clock_s = 3.0, from_s = 60.0}]"])
    assert scenario.sensors[2].faults[0].clock_s == 3.0
    assert all(sensor.faults == () for sensor in defence_of(scenario).sensors)


def attributes_of(node) -> set[str]:
    """Every attribute that can be reached from a value."""
    if isinstance(node, msgspec.Struct):
        own = {name for name in dir(node) if not name.startswith("__")}
        return own.union(*(attributes_of(getattr(node, name)) for name in node.__struct_fields__))
    return set().union(*(attributes_of(child) for child in node)) if isinstance(node, tuple) else set()


@pytest.mark.parametrize("name", PACK)
def test_no_attribute_that_a_stage_can_reach_tells_what_people_will_do(name):
    scenario = load_scenario(name)
    reached = attributes_of(defence_of(scenario))
    assert {"units", "roles", "policy", "max_zones"} <= reached
    assert not [key for key in reached if "absent" in key or "delay" in key or "script" in key]
    assert {"is_absent", "delay_s", "acknowledge_delay_s", "scripts"} <= attributes_of(cast_of(scenario))


def numbers(policy: Policy) -> list[str]:
    """Every numeric key of the policy, lists of numbers included."""
    found = []
    for table in policy.__struct_fields__:
        for key, value in msgspec.structs.asdict(getattr(policy, table)).items():
            first = value[0] if isinstance(value, tuple) else value
            if isinstance(first, int | float) and not isinstance(first, bool):
                found.append(f"{table}.{key}")
    return found


NUMBERS = numbers(Policy())


def with_rule(key: str, value) -> dict:
    document = smallest()
    table, _, name = key.partition(".")
    given = document["policy"][table][name]
    document["policy"][table][name] = [value, *given[1:]] if isinstance(given, list | tuple) else value
    return document


def test_every_number_of_the_policy_has_a_range_that_holds_its_default():
    assert set(POLICY_RANGES) == set(NUMBERS)
    scenario_from(smallest())


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1e300, 1e300])
def test_no_number_of_the_policy_may_be_absurd(key, value):
    with pytest.raises(ScenarioError) as caught:
        scenario_from(with_rule(key, value))
    assert "\n" not in str(caught.value)
    assert key.partition(".")[2] in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NUMBERS), st.floats(width=64))
def test_a_number_outside_its_range_is_refused_by_name_range_and_unit(key, value):
    low, high, unit = POLICY_RANGES[key]
    is_whole = isinstance(getattr(getattr(Policy(), key.partition(".")[0]), key.partition(".")[2]), int)
    if low <= value <= high or (is_whole and not value.is_integer()):
        return
    with pytest.raises(ScenarioError, match=key.partition(".")[2]) as caught:
        scenario_from(with_rule(key, int(value) if is_whole and math.isfinite(value) else value))
    if math.isfinite(value) and abs(value) < 2**63:
        assert f"must lie between {low:g} and {high:g}{'' if unit == '1' else ' ' + unit}" in str(caught.value)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("policy.engage.rung_needed=CUE", "CONFIRMED"),
        ("policy.engage.authority_role=king", "commander"),
        ("policy.alert.escalate_to=nobody", "spokesperson"),
        ("policy.warn.languages=['xx']", "en, tr"),
        ("policy.warn.languages=[]", "at least one"),
        ("policy.warn.channels=['pigeon']", "sirens"),
        ("policy.warn.channels=['app', 'app']", "each once"),
        ("policy.warn.max_zones=0", "between 1 and"),
        ("policy.assess.prior=[0.5, 0.5]", "6 probabilities"),
        ("policy.assess.prior=[1, 1, 1, 1, 1, 1]", "sum to 1"),
        ("policy.warn.harm_release_prob=0.5", "harm_threshold_prob"),
        ("policy.ladder.refuted_prob=0.99", "probable_prob"),
        ("policy.warn.expiry_s=10", "renew_before_s"),
        ("policy.posture.levels=['a', 'a']", "each once"),
        ("policy.posture.crew_reaction_s=[1]", "each level"),
        ("policy.release.host_nation=Turkey", "IR"),
        ("units.*.acknowledge_delay_s=-1", "acknowledge_delay_s"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_what_would(item, said):
    with pytest.raises(ScenarioError, match=said):
        load_scenario("one-missile", overrides=[item])


@pytest.mark.parametrize("item", ["policy.alert.escalate_to=operator", "policy.alert.escalate_to=commander"])
def test_an_alert_may_be_escalated_to_a_role_or_an_actor(item):
    assert load_scenario("one-missile", overrides=[item]).policy.alert.escalate_to == item.partition("=")[2]


def test_the_quiet_sky_holds_no_threat_and_the_same_sensors():
    quiet, one = load_scenario("quiet-sky"), load_scenario("one-missile")
    assert quiet.truth.threats == ()
    assert quiet.sensors == one.sensors
    assert sum(traffic.count for traffic in quiet.truth.traffic) == 30


@pytest.mark.parametrize(
    ("item", "key", "value"),
    [
        ("duration_s=300", "duration_s", 300.0),
        ("sensors.land-radar.enabled=false", "sensors.land-radar.enabled", False),
        ("truth.spread.wind_std_m_s=0", "truth.spread.wind_std_m_s", 0.0),
        ("truth.threats.threat-1.impact.district=Konya", "truth.threats.threat-1.impact.district", "Konya"),
        ("truth.threats.*.impact.district='Gölbaşı'", "truth.threats.threat-1.impact.district", "Gölbaşı"),
        ("policy.engage.doctrine=single", "policy.engage.doctrine", "single"),
        ("policy.posture.crew_reaction_s=[150, 120]", "policy.posture.crew_reaction_s", (150.0, 120.0)),
    ],
)
def test_an_override_reaches_the_key_it_names(item, key, value):
    assert follow(document_from(load_scenario("one-missile", overrides=[item])), key) == value


def test_a_kind_chooses_all_of_that_kind_and_a_star_all():
    radars_off = load_scenario("one-missile", overrides=["sensors.radar.enabled=false"])
    assert {s.name for s in radars_off.sensors if s.enabled} == {"infrared-west", "infrared-east"}
    loud = load_scenario("one-missile", overrides=["sensors.*.noise_scale=2"])
    assert {s.noise_scale for s in loud.sensors} == {2.0}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("nonsense", "key=value"),
        ("=1", "key=value"),
        ("seed=1", "seed"),
        ("sensors.nosuch.enabled=false", "land-radar"),
        ("sensors.enabled=false", "name, kind or"),
        ("duration_s.x=1", "single value"),
        ("duration_s=long", "float"),
        ("duration_s=inf", "finite"),
        ("policy.debris.danger_s=nan", "finite"),
        ("truth.threats.*.loft=9", "0.5 and 2"),
        ("sites.*.kill_prob=1.2", "0 and 1"),
        ("sensors.*.detection_prob=-0.1", "0 and 1"),
        ("policy.engage.doctrine=spray", "shoot_look_shoot"),
        ("actors.authority.roles.x.y=1", "nothing in the list"),
        ("truth.threats.*.impact.latitude_deg=91", "both"),
        ("a.b.c.d.e.f.g.h.i.j.k.l.m=1", "steps"),
        ("duration_s=" + "9" * 5000, "--set|float|duration_s"),
        ("origin=Actual", "Actual|enum"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused_with_what_would(item, said):
    with pytest.raises(ScenarioError, match=said):
        load_scenario("one-missile", overrides=[item])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epoch": "2026-03-04T09:00:00"}, "offset"),
        ({"epoch": "tomorrow"}, "epoch"),
        ({"duration_s": 0.0}, "duration_s"),
        ({"surprise": 1}, "surprise"),
        ({"scripts": [{"actor": "nobody", "action": "concur", "after_s": 1.0}]}, "nobody"),
        ({"scripts": [{"actor": "commander", "action": "launch_all", "after_s": 1.0}]}, "raise_posture"),
        ({"units": []}, "unit that does not exist"),
    ],
)
def test_a_document_with_one_fault_is_refused_by_name(change, said):
    with pytest.raises(ScenarioError, match=said):
        scenario_from({**smallest(), **change})


def test_two_sensors_of_one_name_are_refused():
    document = smallest()
    document["sensors"] = [document["sensors"][0], document["sensors"][0]]
    with pytest.raises(ScenarioError, match="twice"):
        scenario_from(document)


@pytest.mark.parametrize("distances", [[0.0], [0.0, 0.0, 1.0, 2.0], [3.0, 2.0, 1.0, 0.0]])
def test_a_reach_table_that_does_not_rise_is_refused(distances):
    document = smallest()
    document["sites"][0]["reach_distance_m"] = distances
    with pytest.raises(ScenarioError, match="reach table"):
        scenario_from(document)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "required|name"),
        (b"name = ", "not TOML"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"name = 'x'\n" * 2, "not TOML"),
        (b"a = " + b"1" * 5000, "thousands of digits; mend the number"),
        (b".".join([b"a"] * 400_000) + b" = 1", "deeply"),
        (b"[" + b" . ".join([b'"a b"'] * 100_000) + b"]", "deeply"),
        (b"#" + b"." * 1000 + b"\nx = 1", "unknown field `x`"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "deeply|not TOML"),
        (b"a = " + b"[" * 30 + b"]" * 30, "deeply"),
        (b"# " + b"x" * 1_100_000, "more than"),
    ],
)
def test_a_bad_file_ends_in_one_error_that_names_it(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=said) as caught:
        load_scenario(path)
    assert "bad.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[[sensors]]\nname = 'r'\nkind = 'radar'\nazimuth_min_deg = 3.0",
            r"sensors\.r; did you mean .*azimuth_from_deg",
        ),
        ("[[sensors]]\nname = 'r'\nkind = 'radar'\nreference_range_m = 3.0", "did you mean reference_range_km"),
        ("[[sensors]]\nname = 'r'\nkind = 'sonar'", r"sensors\.r\.kind; use one of: .*radar"),
        ("[truth.vehicles.own]\nbeta_kg_m2 = 1.0", r"write \[\[truth\.vehicles\]\]"),
    ],
)
def test_a_key_that_does_not_fit_is_told_by_the_name_of_its_entry_with_the_key_meant(
    tmp_path: Path, text: str, said: str
):
    path = tmp_path / "bad.toml"
    path.write_text(f"name = 'x'\ntitle = 'x'\nepoch = '2026-01-01T00:00:00Z'\nduration_s = 60.0\n{text}\n")
    with pytest.raises(ScenarioError, match=said):
        load_scenario(path)


@pytest.mark.parametrize("name", ["no-such", "x" * 5000, "nul\0byte", ".", "../one-missile"])
def test_a_name_that_is_no_scenario_is_refused(name):
    with pytest.raises(ScenarioError):
        load_scenario(name)


def test_a_truncated_scenario_is_refused_at_every_length(tmp_path: Path):
    """A cut in the list of tables may leave a whole, valid scenario; no cut may end in anything but ScenarioError."""
    whole = Path("src/tocsin/scenario/packaged/one-missile.toml")
    data = (Path(__file__).parents[2] / whole).read_bytes()
    refused = 0
    for length in range(0, len(data), 41):
        path = tmp_path / "cut.toml"
        path.write_bytes(data[:length])
        try:
            load_scenario(path)
        except ScenarioError:
            refused += 1
    assert refused > 20


keys = st.lists(
    st.sampled_from(["sensors", "*", "truth", "threats", "loft", "policy", "name", "duration_s", "units", "x", ""]),
    min_size=1,
    max_size=5,
).map(".".join)
values = st.one_of(
    st.text(max_size=12), st.integers().map(str), st.floats().map(str), st.sampled_from(["[]", "{}", "true", "{a=1}"])
)


@settings(max_examples=150, deadline=None)
@given(keys, values)
def test_no_override_ends_in_anything_but_a_scenario_or_its_error(key, value):
    document = smallest()
    try:
        apply_override(document, f"{key}={value}")
        scenario = scenario_from(document)
    except ScenarioError:
        return
    assert math.isfinite(scenario.duration_s)


def test_packaged_files_are_plain_toml_of_a_page_or_two():
    folder = Path(__file__).parents[2] / "src/tocsin/scenario/packaged"
    for name in PACK:
        text = (folder / f"{name}.toml").read_text("utf-8")
        assert len(text) < 20_000
        assert tomllib.loads(text)["name"] == name
