"""warn: zones, drafts, what is sent and how it is updated; the rules of design/warning.md as claims."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kernels.harm import disc_prob
from tocsin.messages import AlertStatus, Posture, column, encode
from tocsin.places import contains, east_north_m, zones
from tocsin.stages.warn.areas import choose_zones, geodetic_deg, harm_probs
from tocsin.texts import channel_text, channels, texts

sys.path.insert(0, str(Path(__file__).parent))
from warning_cast import (
    DESERT_ECEF_M,
    EPOCH_NS,
    assessment,
    desk,
    events,
    place_ecef,
    sent,
    states,
    warnings,
)

# The harm test


def test_disc_probability_of_a_centred_round_normal_is_the_closed_form() -> None:
    for sigma, radius in ((1_000.0, 500.0), (5_000.0, 9_000.0), (40_000.0, 9_000.0)):
        expected = 1.0 - np.exp(-0.5 * (radius / sigma) ** 2)  # Rayleigh
        assert disc_prob(0.0, 0.0, np.eye(2) * sigma**2, radius) == pytest.approx(expected, abs=1e-6)


def test_disc_probability_agrees_with_samples_for_tilted_ellipses() -> None:
    rng = np.random.default_rng(7)
    points = rng.standard_normal((400_000, 2))
    for _ in range(12):
        axes = 1e4 * 10.0 ** rng.uniform(-1.0, 1.0, 2)
        turn = rng.uniform(0.0, np.pi)
        mix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * axes
        centre = rng.standard_normal(2) * 1e4
        sampled = (np.hypot(*((points @ mix.T) - centre).T) < 1e4).mean()
        assert disc_prob(centre[0], centre[1], mix @ mix.T, 1e4) == pytest.approx(sampled, abs=0.005)


def test_zone_probabilities_agree_with_samples_on_the_true_hexagons() -> None:
    rng = np.random.default_rng(3)
    table, lat, lon = zones(), 36.84, 36.23
    for sigma in (3_000.0, 12_000.0, 40_000.0):
        rows, probs = harm_probs(lat, lon, np.eye(2) * sigma**2, 0.0)
        points = rng.standard_normal((40_000, 2)) * sigma
        for row, prob in list(zip(rows, probs, strict=True))[:8]:
            ring = east_north_m(lat, lon, table.polygons_deg[row][:, 0], table.polygons_deg[row][:, 1])
            sampled = contains(ring, points[:, 0], points[:, 1]).mean()
            assert prob == pytest.approx(sampled, abs=0.03)


def test_a_zone_once_held_is_kept_down_to_the_release_probability() -> None:
    rules: dict[str, Any] = {"threshold_prob": 0.01, "release_prob": 0.002, "harm_radius_m": 2_000.0, "max_zones": 400}
    where, covariance = place_ecef("Dörtyol"), np.eye(2) * 9_000.0**2
    fresh = set(choose_zones(where, covariance, held=frozenset(), **rules))
    everyone = frozenset(zones().ids)
    kept = set(choose_zones(where, covariance, held=everyone, **rules))
    assert fresh < kept


@pytest.mark.parametrize("sigma_m", [500.0, 5_000.0, 50_000.0, 200_000.0])
def test_there_are_zones_however_wide_the_estimate(sigma_m: float) -> None:
    driver = desk()
    driver.send(assessment(sigma_m=sigma_m), 100.0)
    first = warnings(driver)[0]
    assert 1 <= len(first.zones) <= 400
    assert first.people_count > 0


def test_where_nobody_of_the_table_lives_within_reach_it_is_said_once() -> None:
    driver = desk()
    driver.send(assessment(impact_ecef_m=DESERT_ECEF_M, sigma_m=1_000.0), 100.0)
    assert warnings(driver) == []
    assert events(driver) == ["warn.no_zone"]


# Drafting


def test_probable_is_drafted_at_once_in_both_languages_with_people_seconds_and_places() -> None:
    driver = desk()
    assert driver.send(assessment("CUE"), 90.0) == []
    (draft,) = driver.send(assessment("PROBABLE"), 100.0)
    assert (draft.state, draft.revision, draft.revises, draft.certainty) == ("draft", 1, 0, "Likely")
    assert draft.status is AlertStatus.EXERCISE
    assert draft.seconds_left == pytest.approx(400.0)
    assert [t.language for t in draft.texts] == ["tr", "en"]
    assert "in about 6 minutes" in draft.texts[1].headline
    assert "Dörtyol" in draft.zone_names
    table = zones()
    assert draft.people_count == sum(int(table.people_count[table.row(zone)]) for zone in draft.zones)
    assert all((ring[0] == ring[-1]).all() for ring in draft.area_deg)
    assert draft.causes == ("m2",)


def test_what_still_burns_is_drafted_only_when_the_track_is_lost() -> None:
    driver = desk()
    assert driver.send(assessment("PROBABLE", is_burning=True), 100.0) == []
    assert driver.send(assessment("PROBABLE", is_burning=True, is_lost=True), 102.0)[0].state == "draft"


def test_no_threat_passes_in_silence_because_it_was_last_seen_under_thrust() -> None:
    silent = desk()
    silent.send(assessment("PROBABLE", is_burning=True, is_degraded=True), 100.0)
    assert silent.tick(109.0) == []
    assert [m.state for m in silent.tick(110.0)] == ["draft"]
    assert silent.tick(111.0) == []
    steady = desk()
    for at_s in range(100, 160):
        assert steady.send(assessment("PROBABLE", is_burning=True), float(at_s)) == []
    assert [m.state for m in steady.send(assessment("PROBABLE", is_burning=True), 160.0)] == ["draft"]


def test_posture_changes_no_byte_of_a_warning() -> None:
    lives = []
    for level in ("normal", "raised"):
        driver = desk()
        posture = Posture(time_ns=EPOCH_NS, level=level, concurrence="none", crew_reaction_s=9.0, members_count=32)
        driver.send(posture, 10.0)
        sent(driver)
        lives.append([encode(m) for m in driver.out])
    assert lives[0] == lives[1]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_warning_depends_on_no_field_but_the_listed_ones(data: st.DataObject) -> None:
    number = st.floats(-1e7, 1e7)
    fields = {
        "track": st.integers(0, 9),
        "revision": st.integers(1, 99),
        "best_class": st.sampled_from(["aircraft", "orbital", "ballistic_missile"]),
        "class_prob": st.just((0.1, 0.9, 0.0, 0.0, 0.0, 0.0)),
        "phenomenologies": st.sampled_from([("radar",), ("infrared",), ()]),
        "t_ns": st.integers(0, 2**60),
        "position_ecef_m": st.tuples(number, number, number),
        "velocity_ecef_m_s": st.tuples(number, number, number),
        "specific_energy_m2_s2": number,
        "perigee_height_m": number,
        "launch_ns": st.integers(0, 2**60),
        "launch_ecef_m": st.tuples(number, number, number),
        "launch_region_90_deg": st.just(column([[1.0, 1.0]])),
        "impact_std_s": number,
        "impact_region_90_deg": st.just(column([[1.0, 1.0]])),
        "no_impact_prob": st.floats(0.0, 1.0),
        "apogee_height_m": number,
        "reason": st.text(max_size=20),
    }
    changes = {name: data.draw(value) for name, value in fields.items()}
    lives = [[encode(m) for m in sent(desk(), **given).out] for given in ({}, changes)]
    assert lives[0] == lives[1]


def test_a_draft_that_waits_is_revised_no_more_often_than_the_rule_says() -> None:
    driver = desk()
    for at_s in range(100, 140):
        driver.send(assessment(sigma_m=2_000.0 + 400.0 * (at_s - 100)), float(at_s))
    times = [(m.time_ns - EPOCH_NS) / 1e9 for m in warnings(driver)]
    assert times == [100.0, 110.0, 120.0, 130.0]
    rising = desk()
    rising.send(assessment("PROBABLE", sigma_m=2_000.0), 100.0)
    rising.send(assessment("CONFIRMED", sigma_m=2_000.0), 101.0)
    assert states(rising) == ["draft"]  # the same zones: it can wait, and the tick brings it
    rising.send(assessment("CONFIRMED", sigma_m=9_000.0), 102.0)
    assert states(rising) == ["draft", "draft"]
    rising.send(assessment("CONFIRMED", sigma_m=20_000.0), 103.0)
    assert [m.state for m in rising.tick(112.0)] == ["draft"]
    assert rising.tick(130.0) == []


def test_the_headline_names_the_place_most_at_risk_not_the_most_populous() -> None:
    driver = desk()
    driver.send(assessment(district="Dörtyol", sigma_m=9_000.0), 100.0)
    draft, table = warnings(driver)[0], zones()
    people = [int(table.people_count[table.row(zone)]) for zone in draft.zones]
    assert people[0] < max(people)  # İskenderun is larger and farther away
    assert draft.zone_names == tuple(table.names[table.row(zone)] for zone in draft.zones)
    assert all(draft.zone_names[0] in text.headline for text in draft.texts)
    lat, lon = geodetic_deg(place_ecef("Dörtyol"))
    rows, probs = harm_probs(lat, lon, np.eye(2) * 9_000.0**2, 2_000.0)
    risk = {table.ids[int(row)]: round(float(prob), 2) for row, prob in zip(rows, probs, strict=True)}
    assert [risk[zone] for zone in draft.zones] == sorted((risk[zone] for zone in draft.zones), reverse=True)
    ranked = [(-risk[zone], -count) for zone, count in zip(draft.zones, people, strict=True)]
    assert ranked == sorted(ranked)  # people break a tie


def test_a_warning_over_a_border_names_each_countrys_number_and_both_clocks() -> None:
    driver = desk()
    driver.send(assessment(district="Kilis", sigma_m=9_000.0), 100.0)
    draft, table = warnings(driver)[0], zones()
    assert {table.countries[table.row(zone)] for zone in draft.zones} == {"TR", "SY"}
    assert "112 (Türkiye) or the local emergency services (Syria)" in draft.texts[1].instruction
    assert "112'yi (Türkiye) ya da yerel acil yardımı (Suriye) arayın" in draft.texts[0].instruction


def test_a_list_of_places_too_long_for_a_channel_is_cut_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sent(desk(), sigma_m=9_000.0)
    long = warnings(whole)[-1]
    octets = {text.language: len(channel_text(text, "app", "exercise").encode()) for text in long.texts}
    limit = octets["tr"] - 40  # the longer of the two
    monkeypatch.setitem(channels(), "app", msgspec.structs.replace(channels()["app"], octets=limit))
    cut = sent(desk(), sigma_m=9_000.0)
    assert states(cut) == states(whole) == ["draft", "approved", "sent"]
    short = warnings(cut)[-1]
    assert long.zones == short.zones
    assert len(short.texts[0].area_text) < len(long.texts[0].area_text)
    assert "yer daha" in short.texts[0].area_text
    assert all(len(channel_text(text, "app", "exercise").encode()) <= limit for text in short.texts)


# Sending and updating


@pytest.mark.parametrize(
    ("changes", "is_sent"),
    [
        ({"rung": "PROBABLE"}, False),
        ({"rung": "PROBABLE", "impact_s": 390.0}, True),  # 290 s left
        ({"rung": "PROBABLE", "is_degraded": True}, True),
        ({"rung": "CONFIRMED"}, True),
    ],
)
def test_the_ladder_decides_what_may_be_sent(changes: dict[str, Any], is_sent: bool) -> None:
    driver = sent(desk(), **changes)
    assert ("sent" in states(driver)) is is_sent


def test_what_was_approved_waits_and_is_sent_when_it_may_be() -> None:
    driver = sent(desk(), rung="PROBABLE")
    assert states(driver)[-1] == "approved"
    driver.tick(199.0)
    assert states(driver)[-1] == "approved"
    driver.tick(201.0)  # under 300 s to impact
    assert states(driver)[-1] == "sent"
    assert warnings(driver)[-1].channels == ("cell_broadcast", "sirens", "broadcast_media", "app")


def test_until_somebody_is_told_the_zones_follow_the_estimate_and_the_record_says_so() -> None:
    driver = desk()
    driver.send(assessment(sigma_m=9_000.0), 100.0)
    driver.send(assessment(sigma_m=1_000.0), 120.0)
    wide, narrow = warnings(driver)
    assert set(narrow.zones) < set(wide.zones)
    driver.do("app", "approve_warning", "W001", 1)
    assert set(warnings(driver)[-1].zones) == set(narrow.zones)
    assert f"{len(wide.zones) - len(narrow.zones)} zones dropped" in warnings(driver)[-2].reason


def test_zones_are_added_at_once_and_never_dropped_without_a_closing() -> None:
    driver = sent(desk(), sigma_m=2_000.0)
    first = set(warnings(driver)[-1].zones)
    (update,) = driver.send(assessment(sigma_m=9_000.0), 101.5)
    assert (update.state, update.msg_type) == ("updated", "Update")
    assert first < set(update.zones)
    driver.send(assessment(sigma_m=500.0), 130.0)
    assert set(warnings(driver)[-1].zones) == set(update.zones)


def test_a_second_threat_to_the_same_zones_updates_the_open_warning_and_keeps_it_open() -> None:
    driver = sent(desk())
    driver.send(assessment(threat="T2", impact_s=700.0), 150.0)
    assert {w.warning for w in warnings(driver)} == {"W001"}
    driver.send(assessment("REFUTED"), 200.0)
    driver.tick(640.0)
    assert not {"false_alarm", "ended", "passed"} & {w.purpose for w in warnings(driver)}
    driver.tick(821.0)
    assert warnings(driver)[-1].purpose == "ended"


def test_zones_of_different_incidents_are_never_held_by_two_open_warnings() -> None:
    driver = desk()
    driver.send(assessment(threat="T1", district="Dörtyol"), 100.0)
    driver.send(assessment(threat="T2", district="Adana"), 101.0)
    driver.send(assessment(threat="T2", district="Adana", sigma_m=30_000.0), 120.0)
    latest = {w.warning: set(w.zones) for w in warnings(driver)}
    assert set(latest) == {"W001", "W002"}
    assert not latest["W001"] & latest["W002"]


def test_an_absent_approver_means_expiry_and_it_is_said() -> None:
    driver = desk()
    driver.send(assessment(), 100.0)
    driver.tick(339.0)
    assert states(driver) == ["draft"]
    driver.tick(340.0)
    assert states(driver) == ["draft", "expired"]
    assert events(driver) == ["warn.draft_expired"]
    late = desk()
    late.send(assessment(), 400.0)
    late.tick(500.0)  # the predicted impact
    assert states(late) == ["draft", "expired"]


def test_an_unreviewed_text_is_held_back_where_the_exercise_does_not_allow_it() -> None:
    driver = sent(desk(is_unreviewed_text_allowed=False))
    assert states(driver) == ["draft", "approved"]
    assert events(driver) == ["warn.text_blocked"]
    driver.tick(110.0)
    assert events(driver) == ["warn.text_blocked"]


def test_every_text_that_reaches_people_passes_the_lint_or_the_one_before_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = sent(desk())
    told = set(warnings(driver)[-1].zones)
    monkeypatch.setitem(texts("en").words, "source", "This is not a drill. Source: {issuer}.")
    for tag in ("tr", "en"):  # what no rule of ours can make fit or say
        broken = msgspec.structs.replace(
            texts(tag).missile["update"], description="Source: {issuer}. {zones}. This is not a drill."
        )
        monkeypatch.setitem(texts(tag).missile, "update", broken)
        monkeypatch.setitem(texts(tag).missile, "ended", broken)
    driver.send(assessment(sigma_m=9_000.0), 110.0)
    driver.send(assessment(sigma_m=9_000.0), 111.0)
    assert states(driver) == ["draft", "approved", "sent"]
    assert events(driver) == ["warn.text_blocked"]
    assert set(driver.stage.state.cases["W001"].zones_told) == told
    driver.tick(700.0)
    draft = warnings(driver)[-1]
    assert draft.purpose == "ended"
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "draft"
    monkeypatch.undo()
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "ended"
