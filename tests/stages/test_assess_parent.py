"""assess: what came off another object is told as of its launch, and judged as any other."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from assess_flights import BOOST, CALM, COAST, START_NS, Bench, S, boost, row, spread, state

from tocsin.kernels.motion import advance
from tocsin.messages import Assessment, decode_state, encode_state
from tocsin.stages.assess.memory import AssessState

BODY, STAGE = 1, 2
STAGE_BETA, SURE = 500.0, spread(200.0, 8.0)


def fly(bench: Bench, seconds: int, parent: int, parts_s: int = 5, drops_s: int | None = None) -> None:
    """A missile seen by radar and infrared, and from ``parts_s`` on a stage that falls behind at 12 m/s; its row says
    that it came off ``parent``. The body's track is dropped at ``drops_s``."""
    position, velocity = state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0)
    behind, slower = position, velocity
    for t in range(seconds):
        is_dropped = drops_s is not None and t >= drops_s
        for sensor, counts in (("land", (t + 1, t, 0)), ("eye", (t + 1, t + 1, 0))):
            if t > parts_s:
                n = t - parts_s
                counts = (n, n - 1 + (sensor == "eye"), 0)
                bench.give(row(t, behind, slower, SURE, COAST, counts, sensor, track=STAGE, parent=parent))
            if not is_dropped or t == drops_s:
                status = "dropped" if is_dropped else "confirmed"
                bench.give(row(t, position, velocity, SURE, COAST, counts, sensor, track=BODY, status=status))
        bench.tick(t)
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 1.0)
        behind, slower = advance(behind, slower, STAGE_BETA, CALM, 1.0, 1.0)
        if t == parts_s:
            behind, slower = position, velocity * (1.0 - 12.0 / np.linalg.norm(velocity))


def of(bench: Bench, track: int) -> list[Assessment]:
    return [each for each in bench.assessments if each.track == track]


def test_what_came_off_a_threat_names_it_and_says_so() -> None:
    bench = Bench()
    fly(bench, 30, BODY)
    body, stage = of(bench, BODY)[-1], of(bench, STAGE)
    assert body.parent == ""
    assert {each.parent for each in stage} == {body.threat}
    assert stage[-1].threat != body.threat
    assert stage[-1].reason.endswith(f"; came off {body.threat}")
    climbed = [e.text for e in bench.events if e.subject == stage[-1].threat]
    assert climbed
    assert all(f"came off {body.threat}" in text for text in climbed)


def test_what_came_off_a_threat_climbs_and_is_foreseen_to_fall_as_if_it_had_not() -> None:
    """Every field alike but the parent, the words and the launch: nobody is warned later for it."""
    child, stranger = Bench(), Bench()
    fly(child, 40, BODY)
    fly(stranger, 40, 0)
    assert of(child, STAGE)[-1].rung == "CONFIRMED"
    assert of(child, STAGE)[-1].impact_region_99_deg is not None
    apart = {"parent", "reason", "launch_ns", "launch_std_s", "launch_ecef_m", "launch_region_90_deg"}
    for ours, theirs in zip(of(child, STAGE), of(stranger, STAGE), strict=True):
        for name in set(Assessment.__struct_fields__) - apart:
            assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


def test_what_came_off_a_threat_has_its_launch() -> None:
    """The body was seen in its boost; the stage, seen from 40 s on, would be reckoned back from the coast."""
    bench, flight = Bench(), boost(2.1, 95.0, 6.0, 12.0)
    for count, (t, position, velocity) in enumerate(flight[40:95], start=1):
        bench.give(row(t, position, velocity, spread(300.0, 20.0), BOOST, (count, count, 0), "eye", track=BODY))
        bench.tick(t)
    _, position, velocity = flight[95]
    for t in range(96, 116):
        for track, parent in ((BODY, 0), (STAGE, BODY)):
            n = t - (40 if track == BODY else 95)
            bench.give(row(t, position, velocity, SURE, COAST, (n, n, 0), "land", track=track, parent=parent))
        bench.tick(t)
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 1.0)
    body, stage = of(bench, BODY)[-1], of(bench, STAGE)[-1]
    assert body.launch_ns is not None
    assert abs(body.launch_ns - START_NS) < 20 * S
    assert (stage.launch_ns, stage.launch_std_s, stage.launch_ecef_m) == (
        body.launch_ns,
        body.launch_std_s,
        body.launch_ecef_m,
    )


def test_the_name_of_what_it_came_off_outlives_that_ones_track() -> None:
    bench = Bench()
    fly(bench, 30, BODY, drops_s=20)
    body = of(bench, BODY)[-1]
    assert body.is_lost
    assert of(bench, STAGE)[-1].time_ns > body.time_ns
    assert of(bench, STAGE)[-1].parent == body.threat


def test_a_stage_that_goes_on_under_the_name_of_what_it_came_off_is_not_its_own_parent() -> None:
    """The body's track is lost before the stage stands on the ladder: the stage takes the body's name."""
    bench = Bench()
    fly(bench, 30, BODY, parts_s=18, drops_s=20)
    assert any(e.code == "assess.continued" for e in bench.events)
    assert of(bench, STAGE)[-1].threat == of(bench, BODY)[-1].threat
    renamed = [each for each in of(bench, STAGE) if each.threat == of(bench, BODY)[-1].threat]
    assert {each.parent for each in renamed} == {""}
    assert not any("came off" in each.reason for each in renamed)


def test_what_is_first_judged_when_the_other_is_gone_names_it_all_the_same() -> None:
    bench = Bench()
    fly(bench, 20, BODY, parts_s=18, drops_s=19)
    assert of(bench, STAGE)[0].parent == of(bench, BODY)[-1].threat != ""


def follow(bench: Bench, first_s: int, seconds: int, rows: dict[int, int]) -> None:
    """Tracks (name: parent) that all fly as one missile, far from any drop; counts rise with time."""
    position, velocity = advance(*state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0), 4000.0, CALM, float(first_s), 1.0)
    for t in range(first_s, first_s + seconds):
        for track, parent in rows.items():
            for sensor in ("land", "eye"):
                bench.give(
                    row(t, position, velocity, SURE, COAST, (t + 9, t + 9, 0), sensor, track=track, parent=parent)
                )
        bench.tick(t)
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 1.0)


def drop(bench: Bench, t: int, track: int) -> str:
    """The name it had."""
    name = of(bench, track)[-1].threat
    position, velocity = advance(*state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0), 4000.0, CALM, float(t), 1.0)
    bench.give(row(t, position, velocity, SURE, COAST, (t + 9, t + 9, 0), "land", track=track, status="dropped"))
    return name


def test_a_lost_stage_found_again_has_the_parent_it_had() -> None:
    bench = Bench()
    follow(bench, 0, 15, {1: 0, 2: 1})
    body, stage = of(bench, 1)[-1].threat, drop(bench, 15, 2)
    follow(bench, 16, 15, {1: 0, 3: 0})
    assert (of(bench, 3)[-1].threat, of(bench, 3)[-1].parent) == (stage, body)


def test_two_that_go_on_under_each_others_names_are_never_both_the_others_parent() -> None:
    """The body is lost, its stage lives on, and what came off the stage goes on as the body."""
    bench = Bench()
    follow(bench, 0, 15, {1: 0, 2: 1})
    body = drop(bench, 15, 1)
    follow(bench, 16, 15, {2: 1, 3: 2})
    assert (of(bench, 3)[-1].threat, of(bench, 3)[-1].parent) == (body, "")
    assert of(bench, 2)[-1].parent == body


def test_a_track_that_goes_on_as_what_came_off_itself_has_no_parent() -> None:
    bench, level = Bench(), (0.01, 0.04, 0.95)
    position, velocity = state(35.5, 45.0, 9e3, 250.0, 280.0, 0.0)
    for t in range(15):
        bench.give(row(t, position, velocity, SURE, level, (t + 9, 0, 0), "land", track=1))
        follow(bench, t, 1, {2: 1})
    assert {each.parent for each in of(bench, 2)} <= {"", of(bench, 1)[-1].threat}
    stage = drop(bench, 15, 2)
    follow(bench, 16, 15, {1: 0})
    assert (of(bench, 1)[-1].threat, of(bench, 1)[-1].parent) == (stage, "")


def test_a_boost_that_was_seen_is_not_given_up_for_a_coast_that_was_not() -> None:
    """What it came off was seen in coast alone; it burns itself, and knows its launch better."""
    bench, flight = Bench(), boost(2.1, 95.0, 6.0, 12.0)
    for count, (t, position, velocity) in enumerate(flight[40:80], start=1):
        bench.give(row(t, position, velocity, spread(300.0, 20.0), BOOST, (count, count, 0), "eye", track=2, parent=1))
        # seen at 90 km, coasting: its launch is reckoned back, and lies elsewhere
        other, speed = state(36.0, 46.0, 90e3 + 2e3 * count, 2800.0, 280.0, 45.0)
        bench.give(row(t, other, speed, SURE, COAST, (count, count, 0), "land", track=1))
        bench.tick(t)
    body, stage = of(bench, 1)[-1], of(bench, 2)[-1]
    assert body.launch_ns is not None
    assert stage.launch_ns is not None
    assert stage.launch_ns != body.launch_ns
    assert abs(stage.launch_ns - START_NS) < 20 * S


def test_a_track_says_no_parent_whose_name_is_not_known() -> None:
    bench = Bench()
    fly(bench, 20, 77)
    assert {each.parent for each in of(bench, STAGE)} == {""}
    assert "came off" not in of(bench, STAGE)[-1].reason


@pytest.mark.parametrize("cut_s", [10, 22])
def test_a_restored_stage_tells_the_same_parents(cut_s: int) -> None:
    whole, halves = Bench(), Bench()
    fly(whole, 30, BODY, drops_s=20)
    give, seen = halves.give, 0

    def restored(message: msgspec.Struct) -> list:
        nonlocal seen
        seen += 1
        if seen == 4 * cut_s:
            halves.stage.state = decode_state(encode_state(halves.stage.state), AssessState)
        return give(message)

    halves.give = restored  # type: ignore[method-assign]
    fly(halves, 30, BODY, drops_s=20)
    assert seen > 4 * cut_s
    assert [a.parent for a in of(halves, STAGE)] == [a.parent for a in of(whole, STAGE)]
    assert encode_state(halves.stage.state) == encode_state(whole.stage.state)
