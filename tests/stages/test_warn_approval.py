"""warn: two people behind every word, and no approval of what nobody read; the rules of design/warning.md as claims."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.messages import AlertStatus
from tocsin.stages.warn.machine import NEEDS_SECOND_PERSON, TABLE, Act, Life, Refusal, advance

sys.path.insert(0, str(Path(__file__).parent))
from warning_cast import (
    assessment,
    debris,
    desk,
    engagement,
    events,
    find,
    states,
    warnings,
)

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
    st.sampled_from(DESK_ACTIONS),
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


# The draft as seen and the draft as it stands


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
