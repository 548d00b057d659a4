"""posture: level and concurrence, by table, by story and by random walk."""

from __future__ import annotations

import typing

import hypothesis.strategies as st
import pytest
from chain_case import T0, S, command, defence, of, renew, tick
from hypothesis import given, settings

from tocsin.messages import Event, Message, Posture
from tocsin.messages.posture import Concurrence
from tocsin.policy import Policy, PosturePolicy
from tocsin.scenario.schema import Defence
from tocsin.stages.posture import NEEDED_ROLE, TRANSITIONS, PostureStage

RULES = PosturePolicy(
    levels=("normal", "raised", "high"), crew_reaction_s=(90.0, 25.0, 10.0), silence_s=100.0, level_limit_s=1_000.0
)


def alliance() -> Defence:
    return defence(policy=Policy(posture=RULES))


def play(stage: PostureStage, *messages: Message) -> list[Message]:
    return [out for message in messages for out in stage.handle(message)]


def raised() -> PostureStage:
    stage = PostureStage(alliance())
    play(stage, tick(0), command("Com", "raise_posture", 1, level="raised"))
    return stage


def test_it_publishes_at_the_first_message_and_then_only_on_change() -> None:
    stage = PostureStage(alliance())
    first = of(Posture, stage.handle(tick(0)))
    assert [(p.level, p.concurrence, p.crew_reaction_s) for p in first] == [("normal", "none", 90.0)]
    assert play(stage, tick(1), tick(2)) == []


def test_a_commander_raises_the_level_at_once_with_the_default_limit() -> None:
    stage = PostureStage(alliance())
    stage.handle(tick(0))
    (posture,) = of(Posture, stage.handle(command("Com", "raise_posture", 5)))
    assert (posture.level, posture.crew_reaction_s, posture.decided_by) == ("raised", 25.0, "Com")
    assert posture.level_until_ns == T0 + 1_005 * S
    assert posture.is_review_open


@pytest.mark.parametrize("action", sorted(NEEDED_ROLE))
def test_the_wrong_role_changes_nothing_and_is_said(action: typing.Any) -> None:
    stage = raised()
    wrong = "M1" if NEEDED_ROLE[action] == "commander" else "Com"
    out = stage.handle(command(wrong, action, 2, level="high", reason="no"))
    assert [(e.code, e.severity) for e in of(Event, out)] == [("posture.wrong_role", "warning")]
    assert of(Posture, out) == []


def test_silence_until_the_deadline_lets_the_recommendation_stand_past_the_commanders_limit() -> None:
    stage = raised()
    out = of(Posture, stage.handle(command("Com", "recommend_posture", 10)))
    assert [p.concurrence for p in out] == ["recommended", "under_silence"]
    assert out[-1].silence_until_ns == T0 + 110 * S
    assert stage.handle(tick(109)) == []
    assert [p.concurrence for p in of(Posture, stage.handle(tick(110)))] == ["standing"]
    assert stage.handle(tick(5_000)) == []
    assert stage.state.level == "raised"


def test_an_objection_suspends_the_concurrence_and_keeps_the_level_until_the_limit() -> None:
    stage = raised()
    play(stage, command("Com", "recommend_posture", 10))
    (objected,) = of(Posture, stage.handle(command("M1", "object", 20, reason="not agreed")))
    assert (objected.concurrence, objected.objections, objected.level) == ("objected", ("M1",), "raised")
    assert [p.concurrence for p in of(Posture, stage.handle(tick(110)))] == ["under_review"]
    assert stage.handle(tick(1_000)) == []
    (lapsed,) = of(Posture, stage.handle(tick(1_001)))
    assert (lapsed.level, lapsed.concurrence, lapsed.is_review_open) == ("normal", "lowered", True)


def test_an_objection_without_a_reason_or_after_the_deadline_has_no_effect() -> None:
    stage = raised()
    play(stage, command("Com", "recommend_posture", 10))
    assert of(Posture, stage.handle(command("M1", "object", 20))) == []
    late = stage.handle(command("M1", "object", 111, reason="late"))
    assert [p.concurrence for p in of(Posture, late)] == ["standing"]
    assert [e.code for e in of(Event, late)] == ["posture.refused"]


def test_a_withdrawn_objection_returns_to_silence() -> None:
    stage = raised()
    play(stage, command("Com", "recommend_posture", 10), command("M1", "object", 20, reason="no"))
    (posture,) = of(Posture, stage.handle(command("M1", "concur", 30)))
    assert (posture.concurrence, posture.objections) == ("under_silence", ())


def test_lowering_ends_the_silence_procedure() -> None:
    stage = raised()
    play(stage, command("Com", "recommend_posture", 10), command("M1", "object", 20, reason="no"))
    (lowered,) = of(Posture, stage.handle(command("Com", "lower_posture", 30)))
    assert (lowered.concurrence, lowered.silence_until_ns, lowered.objections) == ("lowered", None, ())
    assert play(stage, tick(110), tick(5_000)) == []


def test_the_review_stays_open_through_lowering_until_it_is_closed() -> None:
    stage = raised()
    (lowered,) = of(Posture, stage.handle(command("Com", "lower_posture", 50)))
    assert (lowered.level, lowered.concurrence, lowered.is_review_open) == ("normal", "lowered", True)
    (closed,) = of(Posture, stage.handle(command("Com", "close_review", 60)))
    assert not closed.is_review_open


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"level": "purple"}, "no level"),
        ({"level": "normal"}, "not above"),
        ({"level": "high", "until_ns": T0}, "already passed"),
    ],
)
def test_a_raise_that_makes_no_sense_is_refused_with_its_reason(fields: dict[str, typing.Any], why: str) -> None:
    stage = raised()
    (refused,) = stage.handle(command("Com", "raise_posture", 5, **fields))
    assert isinstance(refused, Event)
    assert why in refused.text


def test_every_concurrence_can_be_reached_and_left_by_the_table() -> None:
    names = set(typing.get_args(Concurrence))
    reached, frontier = {"none"}, {"none"}
    while frontier:
        frontier = {after for (before, _), after in TRANSITIONS.items() if before in frontier} - reached
        reached |= frontier
    assert reached == names
    assert {before for before, _ in TRANSITIONS} == names


_STEPS = st.tuples(
    st.sampled_from(["tick", *sorted(NEEDED_ROLE), "approve_warning"]),
    st.sampled_from(["Com", "M1", "M2", "Dir", "stranger"]),
    st.sampled_from(["", "normal", "raised", "high", "purple"]),
    st.sampled_from(["", "because"]),
    st.integers(1, 400),
    st.sampled_from([None, -5, 50, 2_000]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=25))
def test_no_story_breaks_the_rules_of_the_slow_loop(steps: list[typing.Any]) -> None:
    stage, at_s = PostureStage(alliance()), 0
    last = of(Posture, stage.handle(tick(0)))[-1]
    direct = {(before, after) for (before, _), after in TRANSITIONS.items()}
    for action, actor, level, reason, after_s, until_s in steps:
        at_s += after_s
        until_ns = None if until_s is None else T0 + (at_s + until_s) * S
        message = (
            tick(at_s)
            if action == "tick"
            else command(actor, action, at_s, level=level, reason=reason, until_ns=until_ns)
        )
        for out in stage.handle(message):
            if not isinstance(out, Posture):
                continue
            assert (last.concurrence, out.concurrence) in direct
            assert out.level in RULES.levels
            if RULES.levels.index(out.level) > RULES.levels.index(last.level):
                assert (action, actor) == ("raise_posture", "Com")
            if last.is_review_open and not out.is_review_open:
                assert (action, actor) == ("close_review", "Com")
            if out.concurrence == "standing":
                assert last.concurrence == "under_silence"
                assert out.objections == ()
            assert (out.silence_until_ns is not None) == (out.concurrence in ("under_silence", "objected"))
            last = out
        for limit_ns in (stage.state.silence_until_ns, stage.state.level_until_ns):
            assert limit_ns is None or limit_ns > message.arrival_ns
        renew(stage)
