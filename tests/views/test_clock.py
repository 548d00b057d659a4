"""The clock: closed forms from a run written by hand."""

from __future__ import annotations

import msgspec
import pytest
from example_run import INTERCEPT_S, LAUNCH_S, Tape, assessment, example_run, ns

from tocsin.messages import Assessment, Event, Message
from tocsin.policy import Budgets
from tocsin.views import STEPS, Step, clock

ZERO_S = LAUNCH_S + 0.5  # what the run's assessments estimate


def step(messages: list[Message], name: str, budgets: Budgets | None = None) -> Step:
    told = clock(messages, budgets or Budgets()).first
    assert told is not None
    return told.step(name)


@pytest.mark.parametrize(
    ("name", "after_epoch_s"),
    [
        ("first_detection", 52.0),
        ("identified", 70.3),
        ("confirmed", 190.3),
        ("units_alerted", 96.0),
        ("acknowledged_first", 108.0),
        ("acknowledged", 112.0),
        ("public_draft", 100.0),
        ("approved", 206.0),
        ("interceptor_launched", 330.0),
        ("intercept_or_impact", INTERCEPT_S),
        ("debris_down", 1_100.0),
        ("statement", 1_290.0),
    ],
)
def test_every_step_is_stamped_after_the_estimated_launch(run: list[Message], name: str, after_epoch_s: float) -> None:
    found = step(run, name)
    assert found.time_ns == ns(after_epoch_s)
    assert found.after_zero_s == pytest.approx(after_epoch_s - ZERO_S, abs=1e-6)
    assert found.not_reached == ""


def test_steps_stand_in_the_order_of_the_chain(run: list[Message]) -> None:
    told = clock(run, Budgets()).first
    assert told is not None
    assert [s.name for s in told.steps] == [name for name, _ in STEPS]


def test_zero_is_the_estimate_with_its_interval_and_names_its_evidence(run: list[Message]) -> None:
    told = clock(run, Budgets()).first
    assert told is not None
    assert told.zero_ns == ns(ZERO_S)
    assert told.zero_std_s == 4.0
    evidence = {m.id: m for m in run}[told.zero_evidence]
    assert isinstance(evidence, Assessment)
    assert evidence.launch_ns == told.zero_ns


def test_a_worse_later_estimate_of_the_launch_does_not_move_zero() -> None:
    tape = Tape()
    for revision, t_s in enumerate((100.0, 200.0, 300.0), 1):
        good = assessment(t_s, revision, "CONFIRMED")
        off = msgspec.structs.replace(good, launch_ns=ns(-500.0), launch_std_s=400.0)
        tape.add(t_s, off if t_s == 300.0 else good)
    told = clock(tape.done(), Budgets()).first
    assert told is not None
    assert told.zero_ns == ns(ZERO_S)


def test_a_later_prediction_of_impact_is_used_but_none_after_the_reported_hit(run: list[Message]) -> None:
    tape = Tape()
    for message in run:
        tape.add((message.arrival_ns - ns(0)) / 1e9, message)
    stray = msgspec.structs.replace(assessment(520.0, 99, "CONFIRMED"), impact_ns=ns(5_000.0))
    tape.add(520.3, stray)
    told = clock(tape.done(), Budgets()).first
    assert told is not None
    assert told.impact_ns == ns(580.0)


def test_seconds_left_count_down_to_the_predicted_impact(run: list[Message]) -> None:
    assert step(run, "approved").seconds_left == pytest.approx(580.0 - 206.0)
    assert step(run, "first_detection").seconds_left_as_told is None


def test_a_step_past_its_budget_is_late(run: list[Message]) -> None:
    late = step(run, "interceptor_launched", Budgets(interceptor_launched_s=300.0))
    assert late.is_within_budget is False
    assert step(run, "interceptor_launched").is_within_budget is True


def test_only_the_interceptor_launch_is_the_headline(run: list[Message]) -> None:
    told = clock(run, Budgets()).first
    assert told is not None
    assert [s.name for s in told.steps if s.is_headline] == ["interceptor_launched"]
    assert told.headline.budget_s == 600.0


def test_without_a_radar_the_clock_says_degraded_mode_and_which_sensor_is_lost(blind_run: list[Message]) -> None:
    why = step(blind_run, "confirmed").not_reached
    assert "degraded mode" in why
    assert "no working radar" in why
    assert "LAND-RADAR off" in why


def test_a_kind_of_sensor_that_never_was_there_is_named_beside_what_fell_silent(blind_run: list[Message]) -> None:
    told = Event(
        time_ns=blind_run[0].time_ns, code="assess.degraded", severity="warning", text="no infrared sensor",
        subject="infrared",
    )  # fmt: skip
    assert "no working infrared or radar" in step([*blind_run, told], "confirmed").not_reached


def test_an_absent_approver_is_told_with_the_expiry(blind_run: list[Message]) -> None:
    found = step(blind_run, "approved")
    assert found.time_ns is None
    assert "no approver answered: the draft expired at +05:30" in found.not_reached


def test_no_window_is_the_reason_for_no_launch(blind_run: list[Message]) -> None:
    assert "no window at Sea site" in step(blind_run, "interceptor_launched").not_reached


def test_without_an_estimated_launch_moments_in_words_are_times_of_day(blind_run: list[Message]) -> None:
    unplaced = [
        msgspec.structs.replace(m, launch_ns=None, launch_std_s=None) if isinstance(m, Assessment) else m
        for m in blind_run
    ]
    told = step(unplaced, "approved").not_reached
    assert "the draft expired at 08:05:4" in told  # 330 s after a launch 10.5 s after 08:00
    assert "UTC" in told


def test_the_statement_step_is_the_release_to_the_public_and_the_others_keep_their_times() -> None:
    found = step(example_run(), "statement")
    assert found.time_ns == ns(1_290.0)
    assert found.note == "to the public; to the host nation +20:20"  # 1230 s less the launch at 10.5 s


def test_a_statement_that_never_reached_the_public_is_not_released_and_says_who_has_it() -> None:
    found = step(example_run(end_s=1_270.0), "statement")
    assert found.time_ns is None
    assert found.not_reached == "released to the host nation +20:20 and not to the public when the record ends"


def test_one_assessed_track_is_spoken_of_as_one() -> None:
    tape = Tape()
    tape.add(100.0, assessment(100.0, 1, "NONE"))
    assert clock(tape.done(), Budgets()).reason == "the one assessed track was not judged a threat"


def test_a_silent_unit_is_named_and_its_escalation_dated() -> None:
    found = step(example_run(is_second_unit_silent=True), "acknowledged")
    assert found.time_ns is None
    assert "1 of 2 did not acknowledge: Frigate" in found.not_reached
    assert "escalated at +02:06" in found.not_reached
    assert step(example_run(is_second_unit_silent=True), "acknowledged_first").time_ns == ns(108.0)


def test_a_miss_leaves_the_predicted_impact_marked_as_nobodys_report() -> None:
    found = step(example_run(outcome="miss"), "intercept_or_impact")
    assert found.time_ns == ns(580.0)
    assert found.is_estimated
    assert found.note == "± 6 s (95 %)"  # one sigma is 3 s
    assert step(example_run(), "intercept_or_impact").is_estimated is False


def test_a_record_that_ends_early_says_so() -> None:
    messages = example_run(end_s=300.0)
    assert "the record ends before the predicted impact at +09:30" in step(messages, "intercept_or_impact").not_reached
    assert "not launched when the record ends" in step(messages, "interceptor_launched").not_reached
    assert step(messages, "debris_down").not_reached


def test_a_refuted_threat_keeps_its_clock_and_gives_refutation_as_the_reason() -> None:
    messages = example_run(is_refuted=True)
    for name in ("confirmed", "public_draft", "interceptor_launched", "intercept_or_impact"):
        assert "refuted" in step(messages, name).not_reached
        assert "a research rocket" in step(messages, name).not_reached


@pytest.mark.parametrize("outcome", ["hit", "miss", "unknown", ""])
@pytest.mark.parametrize("has_radar", [True, False])
@pytest.mark.parametrize("has_approver", [True, False])
@pytest.mark.parametrize("end_s", [60.0, 120.0, 240.0, 520.0, 1_500.0])
def test_every_step_has_a_time_or_a_reason(outcome: str, has_radar: bool, has_approver: bool, end_s: float) -> None:
    messages = example_run(outcome=outcome, has_radar=has_radar, has_approver=has_approver, end_s=end_s)
    found = clock(messages, Budgets())
    assert bool(found.threats) != bool(found.reason)
    for told in found.threats:
        for s in told.steps:
            assert (s.time_ns is None) == bool(s.not_reached), s.name
            assert s.not_reached != "nothing in the record says why", s.name
            assert s.time_ns is None or s.evidence, s.name


def test_a_quiet_sky_has_no_clock_and_says_why(quiet: list[Message]) -> None:
    found = clock(quiet, Budgets())
    assert found.threats == ()
    assert found.reason == "none of 2 assessed tracks was judged a threat"


def test_an_empty_record_has_no_clock() -> None:
    assert clock([], Budgets()).reason == "the record is empty"


def test_two_threats_have_two_clocks_first_to_be_probable_first() -> None:
    tape = Tape()
    for threat, start_s in (("late", 300.0), ("early", 100.0)):
        for t_s in (90.0, start_s):
            rung = "PROBABLE" if t_s == start_s else "CUE"
            tape.add(t_s, msgspec.structs.replace(assessment(t_s, 1, rung), threat=threat))
    assert [c.threat for c in clock(tape.done(), Budgets()).threats] == ["early", "late"]
