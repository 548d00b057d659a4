"""Outcomes: drawn from the stated probability, true only near the threat, seen with the stated errors."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, RADAR, SITE, THREAT, play, scans, scenario

from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import Engagement, Report
from tocsin.units import NS_PER_S
from tocsin.world import World
from tocsin.world.breakup import BETA_HIGH_KG_M2, BETA_LOW_KG_M2, break_up, interceptor_velocity
from tocsin.world.draws import Draws
from tocsin.world.engagements import is_killed, launched, report

INTERCEPT_S = 420.0


def predicted(world: World, at_s: float = INTERCEPT_S, off_m: float = 0.0) -> tuple[float, float, float]:
    """The threat's true place then, moved aside: what a perfect tracker would predict."""
    place = world._missiles[0].states(np.array([at_s]))[0][0] + np.array((off_m, 0.0, 0.0))
    return float(place[0]), float(place[1]), float(place[2])


def launch(point, name: str = "e1", at_s: float = INTERCEPT_S, shots: int = 1, revision: int = 1, **more) -> Engagement:
    return Engagement(
        time_ns=EPOCH_NS, engagement=name, revision=revision, state="launched", threat="T1", track=1, site="site",
        shots=shots, kill_prob=0.5, launch_ns=EPOCH_NS, intercept_ns=EPOCH_NS + round(at_s * NS_PER_S),
        intercept_ecef_m=point, **more,
    )  # fmt: skip


def one_shot(kill_prob: float, off_m: float = 0.0, seed: int = 1, at_s: float = INTERCEPT_S, **truth: float):
    site = msgspec.structs.replace(SITE, kill_prob=kill_prob)
    world = World(scenario(RADAR, threats=(THREAT,), site=site, **truth), seed)
    world.generate(EPOCH_NS - 1, EPOCH_NS)
    assert world.hear(launch(predicted(world, min(at_s, 500.0), off_m), at_s=at_s)) == []
    made = play(world, 0.0, 700.0, step_s=10.0)
    return world, made, [m for m in made if isinstance(m, Report) and m.kind == "intercept"]


@pytest.mark.parametrize(("shots", "correlation"), [(1, 0.0), (1, 0.4), (2, 0.0), (2, 0.4), (3, 1.0)])
def test_hits_come_as_often_as_the_closed_form_says(shots, correlation):
    """P = rho p + (1 - rho)(1 - (1 - p)^n), within 3 sigma of a binomial over 4000 draws."""
    p, n = 0.35, 4000
    site = msgspec.structs.replace(SITE, kill_prob=p, common_mode_correlation=correlation)
    order = launched(launch((0.0, 0.0, 0.0), shots=shots))
    hits = sum(is_killed(order, "threat-1", site, Draws(seed, 0)) for seed in range(n))
    expected = correlation * p + (1.0 - correlation) * (1.0 - (1.0 - p) ** shots)
    assert abs(hits / n - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / n)


def test_two_launches_one_after_the_other_are_correlated_as_stated():
    """Shoot, look, shoot: the pair correlation of single shots of one site at one threat is rho."""
    p, rho, n = 0.5, 0.3, 4000
    site = msgspec.structs.replace(SITE, kill_prob=p, common_mode_correlation=rho)
    first, second = launched(launch((0.0, 0.0, 0.0), "e1")), launched(launch((0.0, 0.0, 0.0), "e2"))
    pairs = np.array(
        [[is_killed(order, "t", site, Draws(seed, 0)) for order in (first, second)] for seed in range(n)], dtype=float
    )
    assert abs(np.corrcoef(pairs.T)[0, 1] - rho) < 4.0 * (1.0 - rho**2) / math.sqrt(n)


def test_a_certain_hit_ends_the_flight_and_every_piece_comes_down_later():
    world, made, reports = one_shot(1.0, outcome_seen_prob=1.0, outcome_wrong_prob=0.0)
    threat = world.truth.threats[0]
    assert [r.outcome for r in reports] == ["hit"]
    assert 2.0 <= (reports[0].arrival_ns - reports[0].time_ns) / NS_PER_S <= 5.0
    assert threat.state == "hit"
    assert threat.intercepted_ns == EPOCH_NS + round(INTERCEPT_S * NS_PER_S)
    assert len(threat.fragment_ns) == len(threat.fragment_deg) == 40
    assert min(threat.fragment_ns) > threat.intercepted_ns
    after = [scan for scan in scans(made) if scan.end_ns > threat.intercepted_ns + NS_PER_S]
    assert after
    assert not any(scan.plot_count for scan in after)
    assert threat.impact_ns > threat.intercepted_ns  # the impact without intercept stays in truth
    assert {row[2] for row in world.truth_rows()} == {"threat", "fragment", "interceptor_fragment"}


def test_a_hit_leaves_pieces_of_the_interceptor_on_the_far_side_from_its_site():
    world, _, _ = one_shot(1.0)
    threat = world.truth.threats[0]
    assert len(threat.interceptor_fragment_ns) == len(threat.interceptor_fragment_deg) == 40
    assert min(threat.interceptor_fragment_ns) > threat.intercepted_ns
    assert not set(threat.interceptor_fragment_deg) & set(threat.fragment_deg)
    site = np.array(ecef_from_geodetic(*np.radians((SITE.latitude_deg, SITE.longitude_deg)), 0.0))
    outward = np.array(threat.intercept_ecef_m) - site
    pieces = np.array([ecef_from_geodetic(*np.radians(place), 0.0) for place in threat.interceptor_fragment_deg])
    up = site / np.linalg.norm(site)
    level = outward - (outward @ up) * up
    assert (pieces.mean(axis=0) - np.array(threat.intercept_ecef_m)) @ level > 0.0


def test_the_interceptor_flies_from_its_site_at_three_tenths_of_the_threat_s_speed_and_at_most_a_kilometre_a_second():
    place = np.array(ecef_from_geodetic(*np.radians((SITE.latitude_deg, SITE.longitude_deg)), 90_000.0))
    up = place / np.linalg.norm(place)
    for threat_m_s, expected_m_s in ((2_000.0, 600.0), (5_000.0, 1_000.0)):
        flown = interceptor_velocity(SITE, place, np.array((0.0, 0.0, threat_m_s)))
        assert float(np.linalg.norm(flown)) == pytest.approx(expected_m_s, rel=1e-9)
        assert float(flown @ up) == pytest.approx(expected_m_s, rel=1e-4)  # geodetic against geocentric vertical


def test_with_no_kill_probability_the_threat_flies_on_to_its_impact():
    world, made, reports = one_shot(0.0, outcome_seen_prob=1.0, outcome_wrong_prob=0.0)
    assert [r.outcome for r in reports] == ["miss"]
    assert reports[0].position_ecef_m is None
    threat = world.truth.threats[0]
    assert (threat.state, threat.intercepted_ns, threat.fragment_ns) == ("down", None, [])
    assert threat.interceptor_fragment_ns == []
    last = [scan for scan in scans(made) if scan.plot_count][-1]
    assert last.end_ns > EPOCH_NS + 480 * NS_PER_S


@pytest.mark.parametrize(("off_m", "is_hit"), [(0.0, True), (4_900.0, True), (5_100.0, False), (50_000.0, False)])
def test_only_a_threat_within_five_kilometres_of_the_predicted_point_can_be_hit(off_m, is_hit):
    world, _, _ = one_shot(1.0, off_m)
    assert world.truth.launches[0].is_hit is is_hit
    assert world.truth.launches[0].miss_distance_m == pytest.approx(off_m, abs=1.0)


def test_a_launch_that_comes_after_the_impact_hits_nothing():
    world, _, _ = one_shot(1.0, at_s=680.0)
    assert world.truth.launches[0].threat is None
    assert world.truth.threats[0].state == "down"


def test_the_second_launch_at_a_threat_already_broken_up_hits_nothing():
    site = msgspec.structs.replace(SITE, kill_prob=1.0)
    world = World(scenario(RADAR, threats=(THREAT,), site=site), 1)
    world.generate(EPOCH_NS - 1, EPOCH_NS)
    world.hear(launch(predicted(world, 430.0), "late", at_s=430.0))
    world.hear(launch(predicted(world, 420.0), "early", at_s=420.0))
    world.hear(launch(predicted(world, 420.0), "early", at_s=420.0, revision=2))  # said again: not fired again
    play(world, 0.0, 500.0, step_s=10.0)
    assert [(r.engagement, r.is_hit) for r in world.truth.launches] == [("early", True), ("late", False)]


def test_a_launch_heard_after_its_intercept_is_answered_at_once():
    world = World(scenario(RADAR, threats=(THREAT,)), 1)
    play(world, 0.0, 450.0, step_s=10.0)
    answers = world.hear(launch(predicted(world)))
    assert [a.kind for a in answers if isinstance(a, Report)] == ["intercept"]


@pytest.mark.parametrize("state", ["planned", "authorised", "held", "hit", "expired", "no_window"])
def test_only_a_launch_is_resolved(state):
    world = World(scenario(RADAR, threats=(THREAT,)), 1)
    play(world, 0.0, 450.0, step_s=10.0)
    assert world.hear(msgspec.structs.replace(launch(predicted(world)), state=state)) == []
    assert world.truth.launches == []


def test_outcomes_are_seen_and_mistaken_as_often_as_stated():
    truth = msgspec.structs.replace(scenario(RADAR).truth, outcome_seen_prob=0.8, outcome_wrong_prob=0.1)
    n = 3000
    order = launched(launch((6.5e6, 0.0, 0.0)))
    seen = [report(order, True, None, truth, Draws(seed, 0)).outcome for seed in range(n)]
    for outcome, expected in (("hit", 0.8 * 0.9), ("miss", 0.8 * 0.1), ("unknown", 0.2)):
        assert abs(seen.count(outcome) / n - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / n)


def test_a_whole_body_without_drag_falls_as_long_as_the_parabola_says():
    """From 5 km, at rest: t = sqrt(2 h / g) = 31.9 s; its own 10 m/s may move that by 1 s."""
    start = np.array(ecef_from_geodetic(0.6, 0.7, 5_000.0))
    pieces = break_up(start, np.zeros(3), np.array((-0.95, -0.95, 0.0, 0.0)), 1e9, True, np.random.default_rng(1))
    assert pieces.is_intact.sum() == 1
    assert pieces.time_s[0] == pytest.approx(math.sqrt(2.0 * 5_000.0 / 9.797), abs=1.1)
    light = pieces.beta_kg_m2[1:]
    assert light.min() >= BETA_LOW_KG_M2
    assert light.max() <= BETA_HIGH_KG_M2


def test_a_body_that_does_not_go_off_is_found_and_reported_near_where_it_lies():
    world, made, _ = one_shot(1.0, unexploded_prob=1.0)
    finds = [m for m in made + play(world, 700.0, 900.0, 10.0) if isinstance(m, Report) and m.kind == "find"]
    truth = world.truth.threats[0]
    assert [f.outcome for f in finds] == ["reported"]
    assert truth.unexploded_deg is not None
    place = np.array(ecef_from_geodetic(*np.radians(truth.unexploded_deg), 0.0))
    assert np.linalg.norm(np.array(finds[0].position_ecef_m) - place) < 600.0
    assert not [m for m in one_shot(1.0)[1] if isinstance(m, Report) and m.kind == "find"]
