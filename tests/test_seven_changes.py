"""Nothing is canned: seven changes to one scenario, each by ``--set``, each moves what follows."""

from __future__ import annotations

import functools
from typing import TypeVar

import pytest

from tocsin.flight.regions import polygon_area_m2
from tocsin.messages import Assessment, DebrisArea, Engagement, Event, Message, PublicWarning, TrackUpdates
from tocsin.simulation import Run, simulate
from tocsin.units import NS_PER_S

SCENARIO, SEED = "one-missile", 2
M = TypeVar("M", bound=Message)
RADARS_OFF = ("sensors.radar.enabled=false",)


@functools.cache
def play(*overrides: str) -> Run:
    return simulate(SCENARIO, seed=SEED, overrides=overrides)


def of(run: Run, kind: type[M]) -> list[M]:
    return [message for message in run.messages if isinstance(message, kind)]


def rungs(run: Run) -> set[str]:
    return {message.rung for message in of(run, Assessment)}


def first_cue_ns(run: Run) -> int:
    return min(a.arrival_ns for a in of(run, Assessment) if a.rung != "NONE")


def launch_ns(run: Run) -> int:
    return min(e.launch_ns for e in of(run, Engagement) if e.launch_ns is not None)


def warned(run: Run) -> set[str]:
    return {zone for warning in of(run, PublicWarning) if warning.kind == "missile" for zone in warning.zones}


def region_area_m2(run: Run, after_contact_s: float) -> float:
    tracks = {a.track for a in of(run, Assessment) if a.rung == "CONFIRMED"}
    contact_ns = min(
        u.arrival_ns
        for u in of(run, TrackUpdates)
        for track, count in zip(u.track, u.radar_count, strict=True)
        if count > 0 and int(track) in tracks
    )
    due_ns = contact_ns + round(after_contact_s * NS_PER_S)
    later = [
        a
        for a in of(run, Assessment)
        if a.track in tracks and a.arrival_ns >= due_ns and a.impact_region_90_deg is not None
    ]
    assert later[0].impact_region_90_deg is not None
    return polygon_area_m2(later[0].impact_region_90_deg)


def test_the_unchanged_run_confirms_warns_and_launches() -> None:
    run = play()
    assert "CONFIRMED" in rungs(run)
    assert any(w.state == "sent" for w in of(run, PublicWarning))
    assert any(e.state == "launched" for e in of(run, Engagement))
    assert not any(a.is_degraded for a in of(run, Assessment) if a.rung == "CONFIRMED")


def test_without_radars_nothing_is_confirmed_and_every_output_says_degraded() -> None:
    run = play(*RADARS_OFF)
    assert "CONFIRMED" not in rungs(run)
    assert "PROBABLE" in rungs(run)
    judged = [a for a in of(run, Assessment) if a.rung in ("CUE", "PROBABLE")]
    assert all(a.is_degraded for a in judged)
    drafts = [w for w in of(run, PublicWarning) if w.kind == "missile"]
    assert drafts
    assert all(w.is_degraded for w in drafts if w.state in ("draft", "sent"))


def test_without_infrared_the_first_cue_comes_later() -> None:
    assert first_cue_ns(play("sensors.infrared.enabled=false")) > first_cue_ns(play()) + 10 * NS_PER_S


def test_with_kill_probability_zero_there_is_an_impact_area_and_no_intercept_debris() -> None:
    run = play("sites.*.kill_prob=0", "truth.outcome_wrong_prob=0")
    final = [d for d in of(run, DebrisArea) if not d.is_predicted]
    assert {d.kind for d in final} == {"intact"}


def test_another_district_warns_other_zones() -> None:
    here, there = warned(play()), warned(play("truth.threats.*.impact.district=Konya"))
    assert here
    assert there
    assert here.isdisjoint(there)


def test_with_the_approver_absent_nothing_is_sent_and_the_draft_expires_visibly() -> None:
    run = play("actors.approver.is_absent=true")
    states = {w.state for w in of(run, PublicWarning)}
    assert "sent" not in states
    assert "expired" in states
    assert any("expired" in e.code for e in of(run, Event))


def test_a_slow_crew_launches_later() -> None:
    slow = play("policy.posture.crew_reaction_s=[150, 120]")
    assert launch_ns(slow) > launch_ns(play()) + 20 * NS_PER_S


def test_doubled_noise_widens_the_impact_region() -> None:
    wide, plain = region_area_m2(play("sensors.*.noise_scale=2"), 60.0), region_area_m2(play(), 60.0)
    assert 2.0 * plain < wide < 8.0 * plain  # four times where sensor noise alone decides


@pytest.mark.parametrize("override", ["sensors.nosuch.enabled=false", "nonsense", "truth.threats.*.loft=9", "seed=1"])
def test_an_override_that_makes_no_sense_is_refused(override: str) -> None:
    from tocsin.errors import ScenarioError

    with pytest.raises(ScenarioError):
        simulate(SCENARIO, overrides=(override,))
