"""alert: who is told, by when they answer, what happens when they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from chain_case import T0, S, assessment, command, defence, descent, of, renew, report, tick, vec3

from tocsin.messages import Event, Report, UnitAlert, encode
from tocsin.policy import AlertPolicy, Policy
from tocsin.scenario.schema import Defence
from tocsin.stages.alert import Alert

RULES = Policy(alert=AlertPolicy(acknowledge_within_s=20.0, resend_limit=2))


def alerted(given: Defence | None = None) -> tuple[Alert, list[UnitAlert]]:
    stage = Alert(given or defence(policy=RULES))
    return stage, of(UnitAlert, stage.handle(assessment(0.0)))


def ack(alert: UnitAlert, at_s: float, reporter: str = "") -> Report:
    return report("acknowledgement", reporter or alert.unit, alert.alert, at_s, revision=alert.revision)


@pytest.mark.parametrize("rung", ["NONE", "CUE", "REFUTED"])
def test_below_probable_nobody_is_alerted(rung: Any) -> None:
    assert Alert(defence()).handle(assessment(0.0, rung=rung)) == []


@pytest.mark.parametrize("rung", ["PROBABLE", "CONFIRMED"])
def test_from_probable_on_every_unit_is_alerted_once_with_a_deadline(rung: Any) -> None:
    stage = Alert(defence(policy=RULES))
    out = of(UnitAlert, stage.handle(assessment(0.0, rung=rung)))
    assert [(a.unit, a.state, a.revision, a.deadline_ns) for a in out] == [
        ("Battery", "sent", 1, T0 + 20 * S),
        ("Ship", "sent", 1, T0 + 20 * S),
    ]
    assert all(a.causes == ("a0",) for a in out)
    assert stage.handle(assessment(1.0, rung=rung)) == []


def test_the_text_names_track_area_time_and_action_and_is_marked_first_and_last() -> None:
    _, out = alerted()
    battery, ship = (a.text for a in out)
    assert battery.startswith("EXERCISE.")
    assert battery.endswith(" EXERCISE")
    assert "track 7" in battery
    assert "36.43N 33.80E" in battery  # the impact point of the case, from the fall kernel
    assert "in 6 min 25 s" in battery  # 385.25 s from T0
    assert "Acknowledge by 09:00:20 UTC" in battery
    assert "cover" in battery
    assert "keep clear" in ship


def test_a_live_alert_is_marked_as_a_draft_and_never_as_an_exercise() -> None:
    _, out = alerted(defence(origin="live"))
    assert out[0].text.startswith("DRAFT - NOT SENT")
    assert "EXERCISE" not in out[0].text


def test_an_acknowledged_alert_is_never_sent_again() -> None:
    stage, out = alerted()
    answers = [a for alert in out for a in of(UnitAlert, stage.handle(ack(alert, 8.0)))]
    assert [(a.state, a.revision) for a in answers] == [("acknowledged", 2), ("acknowledged", 2)]
    assert [m for s in range(9, 200) for m in stage.handle(tick(s))] == []
    assert stage.handle(ack(out[0], 9.0)) == []


def test_a_silent_unit_is_told_again_to_the_limit_and_then_escalated_once() -> None:
    stage, out = alerted()
    stage.handle(ack(out[1], 5.0))
    told = [
        (s, m.state, m.attempt)
        for s in range(1, 300)
        for m in of(UnitAlert, stage.handle(tick(s)))
        if m.unit == "Battery"
    ]
    assert told == [(20, "resent", 2), (40, "resent", 3), (60, "escalated", 3)]
    late = of(UnitAlert, stage.handle(ack(out[0], 300.0)))
    assert [a.state for a in late] == ["acknowledged"]


def test_nobody_acknowledges_for_another_unit_or_what_was_never_sent() -> None:
    stage, out = alerted()
    codes = [m.code for m in of(Event, stage.handle(ack(out[0], 1.0, reporter="Ship")))]
    codes += [m.code for m in of(Event, stage.handle(report("acknowledgement", "Ship", "T-9999/Ship", 1.0)))]
    assert codes == ["alert.wrong_reporter", "alert.unknown"]
    assert of(UnitAlert, stage.handle(tick(20))) != []


def test_a_refuted_threat_stands_everyone_down_once_and_may_be_alerted_anew() -> None:
    stage, _ = alerted()
    out = of(UnitAlert, stage.handle(assessment(10.0, rung="REFUTED")))
    assert [(a.unit, a.state) for a in out] == [("Battery", "stood_down"), ("Ship", "stood_down")]
    assert all("Stand down" in a.text for a in out)
    assert stage.handle(assessment(11.0, rung="REFUTED")) == []
    assert stage.handle(tick(60)) == []
    again = of(UnitAlert, stage.handle(assessment(70.0, rung="PROBABLE")))
    assert [(a.state, a.revision, a.deadline_ns) for a in again] == [("sent", 3, T0 + 90 * S)] * 2


def test_a_persons_refutation_moves_units_only_through_the_assessment_it_leads_to() -> None:
    stage, _ = alerted()
    for actor in ("Com", "Dir", "App"):
        assert stage.handle(command(actor, "refute_threat", 5, subject="T-0001")) == []
    refuted = assessment(6.0, rung="REFUTED", reason="refuted by Dir: test tape")
    out = of(UnitAlert, stage.handle(refuted))
    assert [a.state for a in out] == ["stood_down", "stood_down"]
    assert all("refuted by Dir: test tape" in a.text and a.causes == ("a0", "a6") for a in out)


def test_the_text_says_that_the_circle_is_the_90_percent_region() -> None:
    _, out = alerted()
    assert "90 % region of" in out[0].text


def test_a_moved_impact_time_is_told_but_not_more_often_than_every_30_s() -> None:
    stage, _ = alerted()
    later_ns = descent()[3] + 31 * S
    assert stage.handle(assessment(29.0, impact_ns=later_ns)) == []
    assert stage.handle(assessment(30.0, impact_ns=descent()[3] + 29 * S)) == []
    out = of(UnitAlert, stage.handle(assessment(31.0, impact_ns=later_ns)))
    assert [(a.state, a.impact_ns) for a in out] == [("updated", later_ns)] * 2
    assert stage.handle(assessment(60.0)) == []
    assert len(stage.handle(assessment(61.0))) == 2


def test_a_moved_area_is_told_and_a_small_shift_is_not() -> None:
    stage, _ = alerted()
    impact = descent()[1][-1]
    assert stage.handle(assessment(31.0, impact_ecef_m=vec3(impact + np.array([0.0, 3_000.0, 0.0])))) == []
    out = of(UnitAlert, stage.handle(assessment(32.0, impact_ecef_m=vec3(impact + np.array([0.0, 30_000.0, 0.0])))))
    assert [a.state for a in out] == ["updated", "updated"]


def test_an_update_keeps_the_running_deadline() -> None:
    stage, _ = alerted()
    stage.handle(tick(20))  # resent, deadline 40
    out = of(UnitAlert, stage.handle(assessment(31.0, impact_ns=descent()[3] + 60 * S)))
    assert {a.deadline_ns for a in out} == {T0 + 40 * S}
    assert {m.state for m in of(UnitAlert, stage.handle(tick(40)))} == {"resent"}


def test_nothing_is_sent_again_after_the_event_is_over() -> None:
    stage, _ = alerted(defence(policy=Policy(alert=AlertPolicy(acknowledge_within_s=500.0))))
    assert {m.state for m in of(UnitAlert, stage.handle(tick(500)))} == {"escalated"}


def test_a_recovered_stage_goes_on_as_if_nothing_had_happened() -> None:
    story = [assessment(0.0), tick(20), assessment(31.0, impact_ns=descent()[3] + 60 * S), tick(40), tick(60)]
    whole, broken = Alert(defence(policy=RULES)), Alert(defence(policy=RULES))
    for message in story:
        expected = [encode(m) for m in whole.handle(message)]
        assert [encode(m) for m in broken.handle(message)] == expected
        renew(broken)
