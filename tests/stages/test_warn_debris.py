"""warn: closings, the end of the exercise, debris notices and finds; the rules of design/warning.md as claims."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tocsin.messages import decode_state, encode, encode_state
from tocsin.stages.warn import Warn

sys.path.insert(0, str(Path(__file__).parent))
from warning_cast import (
    DESERT_ECEF_M,
    EPOCH_NS,
    Driver,
    assessment,
    debris,
    defence,
    desk,
    engagement,
    events,
    find,
    refusals,
    sent,
    states,
    warnings,
)

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
