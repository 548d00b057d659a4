"""warn: zones, two people, closings, notices; the rules of design/warning.md as claims."""

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
from tocsin.messages import AlertStatus, Event, Posture, PublicWarning, column, decode_state, encode, encode_state
from tocsin.places import contains, east_north_m, zones
from tocsin.stages.warn import Warn
from tocsin.stages.warn.areas import choose_zones, geodetic_deg, harm_probs
from tocsin.stages.warn.machine import NEEDS_SECOND_PERSON, TABLE, Act, Life, Refusal, advance
from tocsin.texts import channel_text, channels, texts

sys.path.insert(0, str(Path(__file__).parent))
from warning_cast import (
    EPOCH_NS,
    Driver,
    assessment,
    debris,
    defence,
    engagement,
    find,
    place_ecef,
)

DESERT_ECEF_M = (4_318_000.0, 3_730_000.0, 2_839_000.0)  # 26.6 N 40.8 E: no zone of the table within reach


def desk(origin: str = "exercise", **rules: Any) -> Driver:
    return Driver(Warn(defence(origin, **rules)), origin)


def warnings(driver: Driver, name: str = "") -> list[PublicWarning]:
    return [m for m in driver.out if isinstance(m, PublicWarning) and name in ("", m.warning)]


def states(driver: Driver, name: str = "W001") -> list[str]:
    return [m.state for m in warnings(driver, name)]


def events(driver: Driver) -> list[str]:
    return [m.code for m in driver.out if isinstance(m, Event)]


def sent(driver: Driver, **kwargs: Any) -> Driver:
    driver.send(assessment(**kwargs), 100.0)
    driver.do("app", "approve_warning", "W001", 1)
    return driver


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
    rules = {"threshold_prob": 0.01, "release_prob": 0.002, "harm_radius_m": 2_000.0, "max_zones": 400}
    where, covariance = place_ecef("Dörtyol"), np.eye(2) * 9_000.0**2
    fresh = set(choose_zones(where, covariance, held=frozenset(), **rules))  # type: ignore[arg-type]
    everyone = frozenset(zones().ids)
    kept = set(choose_zones(where, covariance, held=everyone, **rules))  # type: ignore[arg-type]
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


# Two people


@pytest.mark.parametrize(
    ("actor", "revision"),
    [("op", 1), ("dir", 1), ("spokes", 1), ("nobody", 1), ("warn", 1), ("", 1), ("app", 0), ("app", 2)],
)
def test_only_an_approver_who_names_the_revision_approves(actor: str, revision: int) -> None:
    driver = desk()
    driver.send(assessment(), 100.0)
    driver.do(actor, "approve_warning", "W001", revision)
    assert states(driver) == ["draft"]
    assert events(driver) == ["warn.refused"]


def test_nobody_approves_their_own_draft() -> None:
    driver = desk()
    driver.send(assessment(), 100.0)
    driver.do("app", "reject_warning", "W001", 1, "wrong place")
    driver.do("both", "draft_warning", "T1")
    driver.do("both", "approve_warning", "W002", 1)
    assert states(driver, "W002") == ["draft"]
    driver.do("app", "approve_warning", "W002", 1)
    assert states(driver, "W002") == ["draft", "approved", "sent"]


def test_a_rejection_needs_a_reason_and_is_not_drafted_again_until_the_rung_rises() -> None:
    driver = desk()
    driver.send(assessment("PROBABLE"), 100.0)
    driver.do("app", "reject_warning", "W001", 1)
    assert states(driver) == ["draft"]
    driver.do("app", "reject_warning", "W001", 1, "wrong place")
    assert states(driver) == ["draft", "rejected"]
    assert "wrong place" in warnings(driver)[-1].reason
    driver.send(assessment("PROBABLE"), 110.0)
    assert len(warnings(driver)) == 2
    driver.send(assessment("CONFIRMED"), 120.0)
    assert states(driver, "W002") == ["draft"]


def test_break_glass_needs_the_rule_and_the_stated_time_and_is_recorded() -> None:
    for is_allowed, at_s, is_sent in ((False, 450.0, False), (True, 300.0, False), (True, 450.0, True)):
        driver = desk(is_break_glass_allowed=is_allowed)
        driver.send(assessment(), 100.0)
        driver.do("app", "reject_warning", "W001", 1, "no")
        driver.now_s = at_s
        driver.do("both", "draft_warning", "T1")
        driver.do("both", "approve_warning", "W002", 1)
        assert ("sent" in states(driver, "W002")) is is_sent
        assert ("warn.break_glass" in events(driver)) is is_sent


ACTORS = (("warn", False), ("op", False), ("app", True), ("both", True))


def test_no_sequence_of_acts_lets_a_new_text_reach_people_without_a_second_person() -> None:
    """Exhaustive: every act by every actor from every reachable life; the oracle follows texts, not the table."""
    acts: tuple[Act, ...] = tuple(sorted({act for _, act in TABLE}))
    seen: set[bytes] = set()
    todo = [(Life(), frozenset[str](), False)]  # life, who wrote the text that waits, was that text approved by another
    while todo:
        life, authors, is_passed = todo.pop()
        key = msgspec.msgpack.encode((life, sorted(authors), is_passed))
        if key in seen:
            continue
        seen.add(key)
        for act in acts:
            for actor, is_approver in ACTORS:
                after = advance(life, act, actor, is_approver=is_approver)
                if isinstance(after, Refusal):
                    continue
                wrote = (
                    frozenset({actor}) if act.startswith("draft") else authors | {actor} if act == "revise" else authors
                )
                if act in ("send", "add"):
                    assert is_passed
                if act in NEEDS_SECOND_PERSON:
                    assert is_approver
                    assert actor not in authors
                    assert after.approved_by == actor
                passed = (is_passed and life.stand != "none") or act in NEEDS_SECOND_PERSON
                todo.append((after, wrote, passed))
    assert len(seen) > 40


def test_live_data_never_reaches_people_by_any_sequence_of_acts() -> None:
    acts: tuple[Act, ...] = tuple(sorted({act for _, act in TABLE}))
    stands, todo = set(), [Life()]
    while todo:
        life = todo.pop()
        if life.stand in stands:
            continue
        stands.add(life.stand)
        for act in acts:
            after = advance(life, act, "app" if act != "draft" else "warn", is_approver=True, is_live=True)
            if isinstance(after, Life):
                todo.append(after)
    assert stands == {"none", "draft", "approved", "closed"}


DESK_ACTIONS = (
    "draft_warning",
    "approve_warning",
    "reject_warning",
    "stop_repeat",
    "cancel_warning",
    "end_warning",
    "end_exercise",
)
STATUS = {"exercise": AlertStatus.EXERCISE, "test": AlertStatus.TEST, "live": AlertStatus.DRAFT}
_COMMANDS = st.tuples(
    st.sampled_from(["op", "app", "both", "dir", "spokes", "x"]),
    st.sampled_from(
        [
            "draft_warning",
            "approve_warning",
            "reject_warning",
            "stop_repeat",
            "cancel_warning",
            "end_warning",
            "end_exercise",
        ]
    ),
    st.sampled_from(["W001", "W002", "D001", "T1", "T2", "exercise-end"]),
    st.integers(0, 9),
    st.sampled_from(["", "because"]),
)
_HEARD = st.one_of(
    st.builds(
        lambda rung, threat, district, sigma: assessment(rung, threat=threat, district=district, sigma_m=sigma),
        st.sampled_from(["CUE", "PROBABLE", "CONFIRMED", "REFUTED"]),
        st.sampled_from(["T1", "T2"]),
        st.sampled_from(["Dörtyol", "Antakya", "Adana"]),
        st.sampled_from([1_000.0, 9_000.0]),
    ),
    st.builds(lambda p: debris(is_predicted=p), st.booleans()),
    st.builds(engagement, st.sampled_from(["launched", "hit", "miss"])),
    st.builds(find, st.sampled_from(["F1", "F2"]), st.sampled_from(["reported", "cordoned", "cleared"])),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1.0, 60.0), st.one_of(_COMMANDS, _HEARD)), min_size=5, max_size=40),
    st.sampled_from(["exercise", "test", "live"]),
)
def test_whatever_happens_two_people_stand_behind_every_word_to_the_public(steps: list[Any], origin: str) -> None:
    driver, now_s = desk(origin), 90.0
    for wait_s, step in steps:
        now_s += wait_s
        driver.tick(now_s)
        driver.do(*step) if isinstance(step, tuple) else driver.send(step)
    told: dict[str, set[str]] = {}
    approvers = {"app", "both"}
    reached = ("sent", "updated", "passed", "ended", "false_alarm", "exercise_ended")
    for count, message in enumerate(warnings(driver)):
        assert message.revision == message.revises + 1
        assert message.status is STATUS[origin]
        if message.state == "draft":
            assert message.approved_by == ""
        if message.state in ("approved", *reached):
            assert message.approved_by in approvers
            assert message.approved_by not in message.drafted_by.split(", ")
        if message.state in reached:
            assert origin != "live"
            before = [m for m in warnings(driver)[:count] if m.warning == message.warning]
            assert any(m.state == "draft" for m in before)
            assert told.get(message.warning, set()) <= set(message.zones_told)
            told[message.warning] = set(message.zones_told)
        if message.state in ("passed", "ended", "false_alarm"):
            assert set(message.zones) == told[message.warning]


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


# Closing


def test_no_ended_before_the_debris_window_closes_and_it_takes_two_people() -> None:
    driver = sent(desk())
    driver.send(debris(end_s=560.0), 510.0)
    driver.do("op", "end_warning", "W001")
    driver.tick(559.0)
    assert states(driver)[-1] == "sent"
    driver.tick(560.0)
    draft = warnings(driver, "W001")[-1]
    assert (draft.state, draft.purpose) == ("draft", "ended")
    assert set(draft.zones) == set(draft.zones_told)
    driver.do("op", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "draft"
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "ended"
    assert "ebris" in warnings(driver, "W001")[-1].texts[1].instruction


def test_a_warning_whose_zones_the_threat_left_is_passed_not_ended() -> None:
    driver = sent(desk())
    driver.send(assessment(impact_ecef_m=DESERT_ECEF_M), 300.0)
    driver.tick(700.0)
    draft = warnings(driver)[-1]
    assert (draft.state, draft.purpose) == ("draft", "passed")
    assert "ebris" in draft.texts[1].description
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "passed"


def test_refuted_drafts_the_correction_to_everyone_told_at_once() -> None:
    driver = sent(desk())
    driver.send(assessment(sigma_m=9_000.0), 110.0)
    everyone = set(warnings(driver)[-1].zones)
    (draft,) = driver.send(assessment("REFUTED"), 130.0)
    assert (draft.state, draft.purpose, draft.msg_type) == ("draft", "false_alarm", "Cancel")
    assert set(draft.zones) == everyone
    driver.do("app", "approve_warning", "W001", draft.revision)
    closing = warnings(driver)[-1]
    assert closing.state == "false_alarm"
    assert "No threat existed" in closing.texts[1].description
    assert closing.channels
    driver.tick(2_000.0)
    assert len([w for w in warnings(driver) if w.state == "false_alarm"]) == 1


def test_refuted_before_anybody_was_told_withdraws_the_draft_in_silence() -> None:
    driver = desk()
    driver.send(assessment(), 100.0)
    driver.send(assessment("REFUTED"), 110.0)
    assert states(driver) == ["draft", "rejected"]
    driver.do("app", "approve_warning", "W001", 1)
    assert states(driver) == ["draft", "rejected"]


def test_a_correction_not_approved_is_called_for_again_and_again() -> None:
    driver = sent(desk())
    driver.send(assessment("REFUTED"), 130.0)
    for at_s in range(131, 640):
        driver.tick(float(at_s))
    assert events(driver).count("warn.closing_waits") == 2  # every 240 s
    driver.do("app", "reject_warning", "W001", warnings(driver)[-1].revision, "wording")
    driver.tick(660.0)
    assert warnings(driver)[-1].state == "rejected"
    driver.tick(701.0)
    assert (warnings(driver)[-1].state, warnings(driver)[-1].purpose) == ("draft", "false_alarm")


def test_an_operator_corrects_by_hand_and_another_person_approves() -> None:
    driver = sent(desk(), rung="PROBABLE", is_degraded=True)  # one kind of sensor: it may be doubted
    driver.do("both", "cancel_warning", "W001", reason="sent in error")
    draft = warnings(driver)[-1]
    driver.do("both", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "draft"
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "false_alarm"


def test_stop_repeat_takes_one_person_and_is_recorded() -> None:
    driver = sent(desk())
    driver.do("op", "stop_repeat", "W001")
    assert events(driver) == ["warn.repeat_stopped"]
    driver.send(assessment(impact_s=560.0), 150.0)
    assert states(driver)[-1] == "sent"  # a new time alone is not repeated
    driver.send(assessment(sigma_m=9_000.0), 170.0)
    assert states(driver)[-1] == "updated"  # new people are told


def test_silent_expiry_is_announced_recorded_and_the_closing_is_still_owed() -> None:
    driver = sent(desk(expiry_s=200.0))
    driver.tick(269.0)
    assert events(driver) == []
    driver.tick(270.0)  # 30 s before
    assert events(driver) == ["warn.renew_due"]
    driver.tick(300.0)
    assert events(driver) == ["warn.renew_due", "warn.silent_expiry"]
    assert states(driver)[-1] == "expired"
    driver.send(assessment("REFUTED"), 310.0)
    assert warnings(driver)[-1].purpose == "false_alarm"


def test_a_renewal_takes_two_people_and_moves_the_expiry() -> None:
    driver = sent(desk(expiry_s=200.0))
    driver.now_s = 275.0
    driver.do("op", "draft_warning", "W001")
    draft = warnings(driver)[-1]
    assert (draft.state, draft.purpose) == ("draft", "update")
    driver.do("app", "approve_warning", "W001", draft.revision)
    assert states(driver)[-1] == "updated"
    assert warnings(driver)[-1].expires_ns == EPOCH_NS + 475 * 10**9


def test_the_exercise_ends_once_to_every_zone_ever_told() -> None:
    driver = sent(desk())
    driver.send(assessment(threat="T2", district="Adana"), 110.0)
    driver.do("app", "approve_warning", "W002", 1)
    told = {zone for w in warnings(driver) for zone in w.zones_told}
    driver.do("op", "end_exercise")
    driver.do("dir", "end_exercise")
    driver.do("dir", "approve_warning", "exercise-end", 1)
    assert states(driver, "exercise-end") == ["draft"]
    driver.do("app", "approve_warning", "exercise-end", 1)
    driver.do("dir", "end_exercise")
    assert states(driver, "exercise-end") == ["draft", "exercise_ended"]
    assert set(warnings(driver, "exercise-end")[-1].zones) == told
    assert driver.send(assessment(threat="T3"), 120.0) == []


# Debris


def test_a_predicted_debris_area_is_drafted_but_sent_only_when_the_event_is_reported() -> None:
    driver = desk()
    driver.send(debris(is_predicted=True), 310.0)
    driver.do("app", "approve_warning", "D001", 1)
    assert states(driver, "D001") == ["draft", "approved"]
    driver.send(debris(is_predicted=False), 425.0)
    notice = warnings(driver, "D001")[-1]
    assert (notice.state, notice.kind) == ("sent", "debris")
    assert (notice.expires_ns - notice.time_ns) / 86_400e9 == pytest.approx(3.0, abs=0.01)
    assert notice.area_deg[0] == pytest.approx(np.asarray(debris().region_99_deg))  # its own area, not the cells
    assert "children" in notice.texts[1].instruction


def test_a_missed_intercept_withdraws_its_unsent_notice() -> None:
    driver = desk()
    driver.send(debris(is_predicted=True), 310.0)
    driver.send(engagement("miss"), 425.0)
    assert states(driver, "D001") == ["draft", "rejected"]


def test_a_notice_ends_only_when_every_find_is_cleared_in_order() -> None:
    driver = desk()
    driver.send(debris(), 425.0)
    driver.do("app", "approve_warning", "D001", 1)
    driver.send(find("F1", "reported"), 600.0)
    driver.send(find("F1", "cleared"))  # out of order
    driver.do("op", "end_warning", "D001")
    assert events(driver)[-2:] == ["warn.refused", "warn.refused"]
    driver.send(find("F1", "cordoned"))
    driver.send(find("F1", "cleared"))
    driver.do("op", "end_warning", "D001")
    draft = warnings(driver, "D001")[-1]
    assert draft.purpose == "ended"
    driver.do("app", "approve_warning", "D001", draft.revision)
    assert states(driver, "D001")[-1] == "ended"


def test_a_find_outside_every_known_area_gets_a_notice_of_its_own() -> None:
    driver = desk()
    driver.send(find("F1", "reported", "Qamishli"), 600.0)
    (draft,) = warnings(driver)
    assert draft.kind == "debris"
    assert "Al Qāmishlī" in draft.zone_names
    assert driver.stage.state.finds["F1"].warning == draft.warning


# State


def test_the_stage_continues_the_same_after_its_state_was_encoded_and_put_back() -> None:
    def first(driver: Driver) -> None:
        sent(driver)
        driver.send(debris(is_predicted=True), 310.0)
        driver.send(find("F1", "reported", "Qamishli"), 320.0)

    def second(driver: Driver) -> list[bytes]:
        driver.out.clear()
        driver.do("app", "approve_warning", "D001", 1)
        driver.send(engagement("hit"), 420.0)
        driver.send(debris(), 425.0)
        for at_s in range(426, 640, 10):
            driver.tick(float(at_s))
        return [encode(m) for m in driver.out]

    one, two = desk(), desk()
    first(one)
    first(two)
    state = two.stage.state
    two.stage = Warn(defence())
    two.stage.state = decode_state(encode_state(state), type(state))
    assert second(one) == second(two) != []


# What the first review found


def refusals(driver: Driver) -> list[str]:
    return [m.text for m in driver.out if isinstance(m, Event) and m.code == "warn.refused"]


@pytest.mark.parametrize("action", ["cancel_warning", "end_warning", "draft_warning"])
def test_only_the_director_words_the_end_of_the_exercise(action: str) -> None:
    driver = sent(desk())
    driver.do("dir", "end_exercise")
    driver.do("op", action, "exercise-end")
    closing = warnings(driver, "exercise-end")
    assert [(m.state, m.purpose) for m in closing] == [("draft", "exercise_ended")]
    driver.do("app", "approve_warning", "exercise-end", closing[-1].revision)
    assert states(driver, "exercise-end") == ["draft", "exercise_ended"]


def test_a_rejected_end_of_the_exercise_is_asked_for_again_under_a_new_revision() -> None:
    driver = sent(desk())
    driver.do("dir", "end_exercise")
    driver.do("app", "reject_warning", "exercise-end", 1, "too early")
    assert driver.tick(2_500.0) != []  # the warning itself has expired, the text nobody approved has not
    assert states(driver, "exercise-end") == ["draft", "rejected"]
    driver.do("dir", "end_exercise")
    driver.do("app", "approve_warning", "exercise-end", 3)
    assert [(m.revision, m.state) for m in warnings(driver, "exercise-end")] == [
        (1, "draft"), (2, "rejected"), (3, "draft"), (4, "exercise_ended"),
    ]  # fmt: skip
    assert driver.stage.state.cases["W001"].life.stand == "closed"


def test_a_draft_seen_before_certainty_fell_is_not_what_is_approved() -> None:
    driver = desk()
    driver.send(assessment("CONFIRMED"), 100.0)
    driver.send(assessment("PROBABLE", is_degraded=True), 115.0)
    (refused, fresh) = driver.do("app", "approve_warning", "W001", 1)
    assert "certainty fell" in refused.text
    assert (fresh.state, fresh.certainty) == ("draft", "Likely")
    driver.do("app", "approve_warning", "W001", fresh.revision)
    assert states(driver)[-1] == "sent"


def test_a_draft_of_another_place_is_not_what_is_approved_and_the_place_is_drafted_anew() -> None:
    driver = desk()
    driver.send(assessment(district="Dörtyol", sigma_m=1_000.0), 100.0)
    driver.send(assessment(district="Adana", sigma_m=1_000.0), 101.0)  # too soon for another revision
    assert states(driver) == ["draft"]
    (refused, fresh) = driver.do("app", "approve_warning", "W001", 1)
    assert "the area moved: read revision 2" in refused.text
    assert (fresh.state, fresh.revision) == ("draft", 2)
    assert not set(fresh.zones) & set(warnings(driver)[0].zones)
    assert driver.do("op", "approve_warning", "W001", 1)[0].code == "warn.refused"  # no role: nothing new to read
    driver.do("app", "approve_warning", "W001", 2)
    assert states(driver) == ["draft", "draft", "approved", "sent"]


def test_an_approval_says_how_many_zones_came_and_went_since_the_revision_seen() -> None:
    driver = desk()
    driver.send(assessment(sigma_m=1_000.0), 100.0)
    driver.send(assessment(sigma_m=9_000.0), 120.0)
    narrow, wide = warnings(driver)
    driver.do("app", "approve_warning", "W001", 1)
    added = len(set(wide.zones) - set(narrow.zones))
    assert added > 0
    assert f"{added} zones added and 0 zones dropped since revision 1" in warnings(driver)[2].reason


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


def test_nothing_that_stands_confirmed_is_called_a_false_alarm() -> None:
    driver = sent(desk())
    driver.do("op", "cancel_warning", "W001", reason="I think not")
    assert states(driver)[-1] == "sent"
    assert "T1 stands at CONFIRMED" in refusals(driver)[-1]
    doubted = sent(desk(), rung="PROBABLE", is_degraded=True)
    doubted.do("op", "cancel_warning", "W001", reason="I think not")
    draft = warnings(doubted)[-1]
    assert draft.purpose == "false_alarm"
    doubted.send(assessment("CONFIRMED"), 130.0)  # two sources cannot clear each other
    doubted.do("app", "approve_warning", "W001", draft.revision)
    assert "false_alarm" not in states(doubted)
    assert "T1 stands at CONFIRMED" in refusals(doubted)[-1]


@pytest.mark.parametrize("action", ["cancel_warning", "end_warning"])
def test_a_notice_with_a_find_that_is_not_cleared_can_be_neither_ended_nor_corrected(action: str) -> None:
    driver = desk()
    driver.send(debris(), 425.0)
    driver.do("app", "approve_warning", "D001", 1)
    driver.send(find("F1", "reported"), 600.0)
    driver.do("op", action, "D001")
    assert states(driver, "D001")[-1] == "sent"
    assert "finds are not cleared: F1" in refusals(driver)[-1]


def test_a_notice_speaks_of_pieces_in_the_air_until_the_last_is_down() -> None:
    for at_s, words, other in (
        (425.0, "expected to fall between about 12:28 and 12:30", "fell"),
        (600.0, "fell or were found about 12:28", "expected to fall"),
    ):
        driver = desk()
        driver.send(assessment(), 100.0)
        driver.send(debris(end_s=560.0), at_s)
        driver.do("app", "approve_warning", "D001", 1)
        notice = warnings(driver, "D001")[-1]
        assert notice.state == "sent"
        whole = notice.texts[1].description + notice.texts[1].instruction
        assert words in whole
        assert other not in whole
        assert ("stay indoors until 12:30" in whole) is (at_s < 560.0)  # 12:29:20: never before the last piece
        assert ("12:30" in notice.texts[0].instruction) is (at_s < 560.0)
        assert notice.impact_ns is None
        assert notice.seconds_left is None
        assert notice.certainty == "Observed"
        assert notice.onset_ns == debris(end_s=560.0).fall_start_ns


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
