"""engage: windows against a closed form, authority, doctrine, outcome, assignment."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from chain_case import T0, S, assessment, command, defence, descent, of, renew, report, state_at, tick, track_updates

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import Engagement, Event, Message, Posture, UnitAlert, column, encode
from tocsin.policy import EngagePolicy, Policy
from tocsin.scenario.schema import Defence, Site
from tocsin.stages.engage import Engage
from tocsin.stages.engage.windows import Reach, sample_path, site_ecef_m

FAST = Site(
    name="North", unit="Battery", latitude_deg=36.9, longitude_deg=35.9, magazine=4,
    reach_time_s=(5.0, 20.0, 50.0, 80.0),
)  # fmt: skip


def at_s(time_ns: int | None) -> float:
    assert time_ns is not None
    return (time_ns - T0) / S


def with_rules(**rules: Any) -> Defence:
    return defence(sites=(FAST,), policy=Policy(engage=EngagePolicy(**rules)))


def acknowledged(unit: str, when_s: float, threat: str = "T-0001", state: Any = "acknowledged") -> UnitAlert:
    now_ns = T0 + round(when_s * S)
    return UnitAlert(
        time_ns=now_ns, arrival_ns=now_ns, id=f"ack{when_s:g}", alert=f"{threat}/{unit}", revision=2, state=state,
        unit=unit, threat=threat, track=7, deadline_ns=now_ns,
    )  # fmt: skip


def posture(reaction_s: float) -> Posture:
    return Posture(
        time_ns=T0, arrival_ns=T0, level="any", concurrence="none", crew_reaction_s=reaction_s, members_count=32
    )


def planned(stage: Engage, when_s: float = 1.0) -> Engagement:
    (plan,) = of(Engagement, stage.handle(tick(when_s)))
    assert plan.state == "planned"
    return plan


def ticks(stage: Engage, first_s: int, last_s: int) -> list[Message]:
    return [m for s in range(first_s, last_s + 1) for m in stage.handle(tick(s))]


def launched(stage: Engage) -> Engagement:
    """Assessed at 0, acknowledged, authorised, and launched on a tick."""
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    plan = planned(stage)
    stage.handle(command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=plan.revision))
    steps = (m for s in range(3, 380) for m in of(Engagement, stage.handle(tick(s))))  # lazy: stops at the launch
    return next(m for m in steps if m.state == "launched")


class TestWindows:
    """A target that falls straight onto a site whose reach is distance / speed has a closed form."""

    height_m, fall_m_s, reach_m_s = 200_000.0, 2_000.0, 1_000.0

    def straight(self) -> Reach:
        site = Site(
            name="S", unit="U", latitude_deg=36.0, longitude_deg=35.0, range_max_m=160_000.0,
            reach_distance_m=(0.0, 200_000.0), reach_time_s=(0.0, 200.0), height_max_m=500_000.0,
        )  # fmt: skip
        origin = site_ecef_m(site)
        _, up = state_at(36.0, 35.0, 0.0, (0.0, 0.0, 1.0))
        after_s = np.arange(0.0, 100.0, 7.0)
        position = origin + (self.height_m - self.fall_m_s * after_s)[:, None] * up
        velocity = np.tile(-self.fall_m_s * up, (len(after_s), 1))
        path = sample_path(T0 + (after_s * S).astype(np.int64), position, velocity, T0)
        assert path is not None
        return Reach(path, site, 20_000.0)

    def test_launch_meets_the_path_where_the_closed_form_says(self) -> None:
        # t - (H - v t) / c = T  =>  t = (T + H / c) / (1 + v / c)
        for launch_s in (-90.0, -60.0, -7.3, 0.0, 33.0):
            met = self.straight().intercept(T0 + round(launch_s * S))
            assert met is not None
            expected_s = (launch_s + self.height_m / self.reach_m_s) / (1.0 + self.fall_m_s / self.reach_m_s)
            assert at_s(met.intercept_ns) == pytest.approx(expected_s, abs=1e-3)
            height_m = geodetic_from_ecef(*met.position_ecef_m)[2]
            assert height_m == pytest.approx(self.height_m - self.fall_m_s * expected_s, abs=5.0)

    def test_window_runs_from_the_range_limit_to_the_height_limit(self) -> None:
        window = self.straight().window(T0 - 1_000 * S, 10.0)
        assert not isinstance(window, str)
        first_s = 20.0 - 160.0  # 160 km away at 20 s, reached in 160 s
        last_s = 90.0 - 20.0  # 20 km high at 90 s, reached in 20 s
        assert at_s(window.earliest_ns) == pytest.approx(first_s, abs=1e-3)
        assert at_s(window.latest_ns) == pytest.approx(last_s, abs=3.0)  # sampled every second, 3 s of launch each
        assert at_s(window.latest_ns) <= last_s + 1e-6

    def test_looks_are_the_shots_that_fit_one_after_the_other(self) -> None:
        window = self.straight().window(T0, 10.0)
        assert not isinstance(window, str)
        count, launch_s = 0, 0.0
        while launch_s <= 90.0 - 20.0:
            count += 1
            launch_s = (launch_s + 200.0) / 3.0 + 10.0
        assert window.looks == count

    def test_a_site_ready_too_late_is_told_by_how_much(self) -> None:
        why = self.straight().window(T0 + 80 * S, 10.0)
        assert isinstance(why, str)
        assert "before it could be ready" in why


def test_below_the_rung_needed_nothing_is_planned() -> None:
    stage = Engage(defence())
    stage.handle(assessment(0.0, rung="PROBABLE"))
    assert ticks(stage, 1, 380) == []


def test_a_burning_a_lost_or_an_orbital_threat_is_not_engaged() -> None:
    for changes in ({"is_burning": True}, {"is_lost": True}, {"impact_ns": None}):
        stage = Engage(defence())
        stage.handle(assessment(0.0, **changes))
        assert ticks(stage, 1, 60) == []


def test_a_confirmed_threat_in_reach_is_planned_once_with_its_window() -> None:
    stage = Engage(defence())
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    plan = planned(stage)
    assert (plan.engagement, plan.site, plan.shots, plan.shots_left, plan.kill_prob) == ("E-0001", "North", 1, 3, 0.7)
    assert 1.0 < at_s(plan.earliest_launch_ns) < at_s(plan.latest_launch_ns) < at_s(plan.intercept_ns) < 385.0
    assert {"a0", "ack0"} <= set(plan.causes)
    assert ticks(stage, 2, 60) == []


def test_nothing_is_launched_without_the_authority() -> None:
    stage = Engage(defence())
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    planned(stage)
    (out,) = of(Engagement, ticks(stage, 2, 385))
    assert out.state == "expired"
    assert "not authorised" in out.reason


@pytest.mark.parametrize(("actor", "revision", "code"), [("Com", 1, "engage.wrong_role"), ("Aut", 7, "engage.refused")])
def test_the_wrong_role_or_revision_authorises_nothing(actor: str, revision: int, code: str) -> None:
    stage = Engage(defence())
    stage.handle(assessment(0.0))
    plan = planned(stage)
    out = stage.handle(command(actor, "authorise_engagement", 2, subject=plan.engagement, revision=revision))
    assert [m.code for m in of(Event, out)] == [code]
    assert of(Engagement, out) == []


def test_nothing_is_launched_before_the_unit_acknowledged_and_the_crew_is_ready() -> None:
    stage = Engage(with_rules())
    stage.handle(assessment(0.0))
    plan = planned(stage)
    stage.handle(command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=1))
    assert ticks(stage, 3, 200) == []
    stage.handle(acknowledged("Battery", 200.5))
    shot = next(m for m in of(Engagement, ticks(stage, 201, 380)) if m.state == "launched")
    ready_s = 200.5 + 90.0 + 10.0  # crew at level normal, then the site's machinery
    assert ready_s <= at_s(shot.launch_ns) < ready_s + 1.0


def test_even_a_crew_that_needs_no_time_does_not_launch_on_an_alert_it_never_acknowledged() -> None:
    stage = Engage(defence(sites=(msgspec.structs.replace(FAST, reaction_s=0.0),)))
    stage.handle(posture(0.0))
    stage.handle(assessment(0.0))
    plan = planned(stage)
    stage.handle(command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=1))
    (out,) = of(Engagement, ticks(stage, 3, 340))
    assert out.state == "expired"
    assert "Battery has not acknowledged" in out.reason


def test_a_slower_crew_launches_later() -> None:
    times = []
    for reaction_s in (25.0, 50.0, 80.0):
        stage = Engage(with_rules())
        stage.handle(assessment(0.0))
        plan = planned(stage)
        stage.handle(posture(reaction_s))
        stage.handle(command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=1))
        stage.handle(acknowledged("Battery", 235.0))
        shot = next(m for m in of(Engagement, ticks(stage, 236, 380)) if m.state == "launched")
        times.append(at_s(shot.launch_ns))
    assert times == [270.0, 295.0, 325.0]  # acknowledged + crew + 10 s of machinery


def test_the_launch_reaches_its_point_in_the_time_of_the_table() -> None:
    shot = launched(Engage(with_rules()))
    assert shot.authorised_by == "Aut"
    assert shot.shots_left == 3
    assert "c2" in shot.causes
    slant_m = float(np.linalg.norm(np.array(shot.intercept_ecef_m) - site_ecef_m(FAST)))
    flown_s = at_s(shot.intercept_ns) - at_s(shot.launch_ns)
    assert flown_s == pytest.approx(np.interp(slant_m, FAST.reach_distance_m, FAST.reach_time_s), abs=0.02)
    assert geodetic_from_ecef(*shot.intercept_ecef_m)[2] >= 20_000.0


@pytest.mark.parametrize("is_authorised_first", [True, False])
def test_a_moved_window_is_told_once_authorised_and_not_while_the_plan_is_decided_on(is_authorised_first: bool) -> None:
    times = np.asarray(assessment(5.0).path_ns)
    later = {"path_ns": column(times + 40 * S, "int64"), "impact_ns": descent()[3] + 40 * S}
    stage = Engage(with_rules())
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    plan = planned(stage)
    answer = command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=plan.revision)
    if is_authorised_first:
        stage.handle(answer)
    stage.handle(assessment(5.0, **later))
    told = of(Engagement, ticks(stage, 5, 60))
    if not is_authorised_first:
        assert told == []
        told = of(Engagement, stage.handle(msgspec.structs.replace(answer, arrival_ns=T0 + 61 * S)))
    (moved,) = told
    assert moved.state == "authorised"
    assert at_s(moved.earliest_launch_ns) - at_s(plan.earliest_launch_ns) == pytest.approx(40.0, abs=0.01)
    assert at_s(moved.intercept_ns) - at_s(plan.intercept_ns) == pytest.approx(40.0, abs=0.01)


def test_no_intercept_is_planned_below_the_height_of_the_policy() -> None:
    stage = Engage(with_rules(intercept_height_min_m=140_000.0))
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    for message in of(Engagement, ticks(stage, 1, 100)):
        assert message.state == "planned"
        assert geodetic_from_ecef(*message.intercept_ecef_m)[2] >= 140_000.0


def test_a_held_engagement_is_not_launched_until_it_is_authorised_again() -> None:
    stage = Engage(with_rules())
    stage.handle(acknowledged("Battery", 0.0))
    stage.handle(assessment(0.0))
    plan = planned(stage)
    stage.handle(command("Aut", "authorise_engagement", 2, subject=plan.engagement, revision=1))
    (held,) = of(Engagement, stage.handle(command("Com", "hold_engagement", 3, subject=plan.engagement)))
    assert held.state == "held"
    assert of(Engagement, ticks(stage, 4, 300)) == []
    stage.handle(command("Aut", "authorise_engagement", 301, subject=plan.engagement, revision=held.revision))
    assert of(Engagement, ticks(stage, 302, 303))[0].state == "launched"


def test_a_reported_hit_ends_it_and_nothing_further_is_planned() -> None:
    stage = Engage(with_rules())
    shot = launched(stage)
    when_s = at_s(shot.intercept_ns) + 3.0
    (hit,) = of(Engagement, stage.handle(report("intercept", "North", shot.engagement, when_s, outcome="hit")))
    assert hit.state == "hit"
    assert of(Engagement, ticks(stage, round(when_s) + 1, 380)) == []
    late = stage.handle(report("intercept", "North", shot.engagement, 381.0, outcome="miss"))
    assert [m.code for m in of(Event, late)] == ["engage.report_refused"]


@pytest.mark.parametrize(
    ("reporter", "after_s", "is_taken"),
    [("North", 0.0, True), ("Battery", 0.0, True), ("North", -4.9, True), ("North", -5.1, False),
     ("eve", 3.0, False), ("", 3.0, False), ("Ship", 3.0, False), ("South", 3.0, False)],
)  # fmt: skip
def test_an_outcome_is_believed_only_of_the_site_or_its_unit_and_not_before_the_intercept(
    reporter: str, after_s: float, is_taken: bool
) -> None:
    stage = Engage(with_rules())
    shot = launched(stage)
    when_s = at_s(shot.intercept_ns) + after_s
    out = stage.handle(report("intercept", reporter, shot.engagement, when_s, outcome="hit"))
    assert [m.state for m in of(Engagement, out)] == (["hit"] if is_taken else [])
    assert [m.code for m in of(Event, out)] == ([] if is_taken else ["engage.report_refused"])


def test_a_persons_refutation_stops_an_engagement_only_through_the_assessment_it_leads_to() -> None:
    stage = Engage(with_rules())
    stage.handle(assessment(0.0))
    planned(stage)
    for actor in ("Com", "Dir", "App"):
        assert stage.handle(command(actor, "refute_threat", 5, subject="T-0001")) == []
    (out,) = of(Engagement, stage.handle(assessment(6.0, rung="REFUTED")))
    assert out.state == "expired"


def test_shoot_look_shoot_plans_a_second_shot_after_a_miss_and_no_third() -> None:
    stage = Engage(with_rules(look_s=5.0))
    first = launched(stage)
    when_s = at_s(first.intercept_ns) + 3.0
    stage.handle(report("intercept", "North", first.engagement, when_s, outcome="miss"))
    second = planned(stage, when_s + 1.0)
    assert (second.engagement, second.shots) == ("E-0002", 1)
    stage.handle(command("Aut", "authorise_engagement", when_s + 2, subject="E-0002", revision=1))
    (shot,) = of(Engagement, ticks(stage, round(when_s) + 3, round(when_s) + 6))
    assert (shot.state, shot.shots_left) == ("launched", 2)
    after_s = at_s(shot.intercept_ns) + 1.0
    stage.handle(report("intercept", "North", "E-0002", after_s, outcome="miss"))
    assert of(Engagement, ticks(stage, round(after_s) + 1, 380)) == []


@pytest.mark.parametrize("doctrine", ["single", "salvo"])
def test_the_other_doctrines_shoot_once(doctrine: str) -> None:
    stage = Engage(with_rules(doctrine=doctrine, salvo_count=3))
    shot = launched(stage)
    assert shot.shots == (3 if doctrine == "salvo" else 1)
    stage.handle(report("intercept", "North", shot.engagement, at_s(shot.intercept_ns) + 3.0, outcome="miss"))
    assert of(Engagement, ticks(stage, round(at_s(shot.intercept_ns)) + 4, 380)) == []


def test_an_outcome_nobody_saw_is_unknown_and_becomes_a_miss_when_the_track_goes_on() -> None:
    stage = Engage(with_rules(doctrine="single"))
    shot = launched(stage)
    met_s = at_s(shot.intercept_ns)
    (unknown,) = of(Engagement, ticks(stage, int(met_s), int(met_s) + 16))
    assert unknown.state == "unknown"
    assert stage.handle(track_updates(met_s + 17.0, met_s + 14.0)) == []
    assert stage.handle(track_updates(met_s + 17.0, met_s + 17.0, ballistic=0.2)) == []
    (miss,) = of(Engagement, stage.handle(track_updates(met_s + 17.0, met_s + 17.0)))
    assert miss.state == "miss"


def test_a_refuted_threat_and_the_end_of_the_exercise_stop_what_waits() -> None:
    for stop in (assessment(5.0, rung="REFUTED"), command("Dir", "end_exercise", 5)):
        stage = Engage(with_rules())
        stage.handle(assessment(0.0))
        planned(stage)
        (out,) = of(Engagement, stage.handle(stop))
        assert out.state == "expired"
        assert of(Engagement, ticks(stage, 6, 300)) == []


def test_no_window_is_said_once_with_the_reason_of_every_site() -> None:
    near = msgspec.structs.replace(FAST, name="Near", range_max_m=50_000.0)
    far = msgspec.structs.replace(FAST, name="Far", latitude_deg=10.0)
    stage = Engage(defence(sites=(near, far)))
    stage.handle(assessment(0.0))
    (out,) = of(Engagement, ticks(stage, 1, 380))
    assert out.state == "no_window"
    assert "Near: it comes no nearer than" in out.reason
    assert "Far: it comes no nearer than" in out.reason


def test_an_empty_magazine_is_no_window() -> None:
    stage = Engage(defence(sites=(msgspec.structs.replace(FAST, magazine=0),)))
    stage.handle(assessment(0.0))
    (out,) = of(Engagement, ticks(stage, 1, 380))
    assert (out.state, out.reason) == ("no_window", "North: the magazine is empty")


def test_the_better_site_takes_the_threat_and_one_site_has_it_at_a_time() -> None:
    weak, strong = (msgspec.structs.replace(FAST, name=n, kill_prob=p) for n, p in (("A", 0.4), ("B", 0.8)))
    stage = Engage(defence(sites=(weak, strong)))
    stage.handle(assessment(0.0))
    assert planned(stage).site == "B"
    assert ticks(stage, 2, 60) == []


def test_two_threats_and_one_round_each_go_to_two_sites() -> None:
    sites = tuple(msgspec.structs.replace(FAST, name=n, magazine=1) for n in ("A", "B"))
    stage = Engage(defence(sites=sites))
    for threat in ("T-0001", "T-0002", "T-0003"):
        stage.handle(assessment(0.0, threat=threat))
    plans = of(Engagement, stage.handle(tick(1)))
    assert sorted(p.site for p in plans) == ["A", "B"]
    assert len({p.threat for p in plans}) == 2


def test_a_recovered_stage_goes_on_as_if_nothing_had_happened() -> None:
    story: list[Message] = [acknowledged("Battery", 0.0), assessment(0.0), tick(1)]
    story += [command("Aut", "authorise_engagement", 2, subject="E-0001", revision=1)]
    story += [tick(s) for s in range(3, 385, 3)]
    whole, broken = Engage(with_rules()), Engage(with_rules())
    states = []
    for message in story:
        expected = [encode(m) for m in whole.handle(message)]
        heard = broken.handle(message)
        assert [encode(m) for m in heard] == expected
        states += [m.state for m in of(Engagement, heard)]
        renew(broken)
    assert states[:4] == ["planned", "authorised", "launched", "unknown"]
