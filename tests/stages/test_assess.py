"""assess: class, launch, impact and ladder, each against a closed form, an independent flight or a rule."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from assess_flights import (
    BOOST,
    CALM,
    COAST,
    LEVEL,
    SENSORS,
    START_NS,
    Array,
    Bench,
    S,
    boost,
    coast,
    defence,
    row,
    spread,
    state,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.flight import contains, enu_offsets_m, polygon_area_m2
from tocsin.kernels.fall import fall_to_ground
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.kernels.motion import advance
from tocsin.messages import CLASSES, Assessment, Command, Event, Message, decode_state, encode, encode_state
from tocsin.scenario import Sensor

MISSILE, ORBITAL, AIRCRAFT, LAUNCHER = (
    CLASSES.index(name) for name in ("ballistic_missile", "orbital", "aircraft", "space_launch")
)
RUNG_ORDER = ("NONE", "CUE", "PROBABLE", "CONFIRMED")


def holds(polygon_deg: Array | None, point_ecef_m: Array) -> bool:
    assert polygon_deg is not None
    latitude, longitude, _ = geodetic_from_ecef(point_ecef_m[0], point_ecef_m[1], point_ecef_m[2])
    return bool(contains(polygon_deg, math.degrees(latitude), math.degrees(longitude)))


def flown_boost(bench: Bench, seconds: int, first_s: int = 40) -> list[tuple[float, Array, Array]]:
    """Two infrared eyes follow a generic boost from ``first_s`` on; plots one a second, in turn."""
    flight = boost(2.1, 95.0, 6.0, 12.0)
    for count, (t, position, velocity) in enumerate(flight[first_s : first_s + seconds], start=1):
        eye = "eye" if count % 2 else "eye-2"
        status = "tentative" if count < 4 else "confirmed"
        bench.give(row(t, position, velocity, spread(800.0, 50.0), BOOST, (0, count, 0), eye, status=status))
        bench.tick(t)
    return flight


# ---- what is it


def test_an_orbit_is_orbital_and_never_comes_down() -> None:
    bench = Bench()
    position, velocity = state(30.0, 20.0, 843e3, 7300.0, 20.0, 0.5)
    for second in range(40):
        bench.give(row(second, position, velocity, spread(150.0, 5.0), COAST, (second + 1, 0, 0), "land"))
        bench.tick(second)
        position, velocity = advance(position, velocity, 0.0, CALM, 1.0, 1.0)
    last = bench.assessments[-1]
    assert last.best_class == "orbital"
    assert last.class_prob[ORBITAL] > 0.99
    assert last.no_impact_prob == 1.0
    assert last.impact_ecef_m is None
    assert all(m.rung == "NONE" for m in bench.assessments)


@pytest.mark.parametrize(("height_m", "speed_m_s"), [(11_000.0, 245.0), (2_500.0, 70.0), (600.0, 190.0)])
def test_level_flight_is_an_aircraft_and_reported_rarely(height_m: float, speed_m_s: float) -> None:
    bench = Bench()
    for second in range(90):
        position, velocity = state(52.0, second * 0.003, height_m, speed_m_s, 90.0, 0.0)
        bench.give(row(second, position, velocity, spread(150.0, 10.0), LEVEL, (second + 1, 0, 0), "land"))
        bench.tick(second)
    assert bench.assessments[-1].best_class == "aircraft"
    assert bench.assessments[-1].class_prob[AIRCRAFT] > 0.95
    assert bench.assessments[-1].impact_ecef_m is None
    assert all(m.threat == "O-1" and m.rung == "NONE" for m in bench.assessments)
    assert len(bench.assessments) <= 6


def test_a_boost_is_most_likely_a_missile_with_a_small_share_for_a_space_launch() -> None:
    bench = Bench()
    flown_boost(bench, 40)
    last = bench.assessments[-1]
    assert last.is_burning
    assert last.class_prob[MISSILE] > 0.85
    assert 0.01 < last.class_prob[LAUNCHER] < 0.12


def test_a_suborbital_coast_is_a_missile_above_the_level_of_confirmation() -> None:
    bench = Bench()
    coast(bench, 15)
    assert bench.assessments[-1].class_prob[MISSILE] >= 0.95


def test_a_missile_stays_one_on_its_last_kilometres() -> None:
    bench = Bench()
    position, velocity = coast(bench, 15)
    for second in range(115, 700):
        if geodetic_from_ecef(*position)[2] < 500.0:
            break
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 0.5)
        bench.give(row(second, position, velocity, spread(60.0, 15.0), COAST, (second, 0, 0), "land"))
        bench.tick(second)
    assert geodetic_from_ecef(*position)[2] < 2_000.0
    assert bench.assessments[-1].class_prob[MISSILE] > 0.8
    assert not any(m.rung == "REFUTED" for m in bench.assessments)


def test_class_probabilities_sum_to_one_whatever_the_state() -> None:
    bench = Bench()
    grid = itertools.product((-3e3, 9e3, 60e3, 4e5), (3.0, 900.0, 7600.0, 12e3), (-80.0, 0.0, 50.0))
    for n, (height, speed, climb) in enumerate(grid):
        position, velocity = state(10.0, 10.0, height, speed, 45.0, climb)
        bench.give(row(n, position, velocity, spread(500.0, 300.0), (0.4, 0.3, 0.3), (4, 0, 0), "land", track=n))
        bench.tick(n)
    assert len(bench.assessments) >= 48
    for message in bench.assessments:
        assert sum(message.class_prob) == pytest.approx(1.0, abs=1e-12)
        encode(message)  # refuses NaN and infinity


# ---- to where


def off_nominal(rng: np.random.Generator) -> tuple[Array, float]:
    """Air and ln(beta) offset of one run, as the world draws them."""
    density, east, north, drag = rng.standard_normal(4)
    return np.array([0.05 * density, 0.20 * density, 15.0 * east, 15.0 * north]), 0.3 * drag


@pytest.mark.parametrize("velocity_std_m_s", [1.0, 10.0])
def test_the_90_percent_region_holds_the_truth_that_flies_other_air_and_drag(velocity_std_m_s: float) -> None:
    """300 flights: the region holds 85-95 %; the 50 and 99 % ones within four binomial sigma."""
    rng = np.random.default_rng(20260304)
    covariance = spread(150.0, velocity_std_m_s)
    root = np.linalg.cholesky(covariance)
    inside = {50: 0, 90: 0, 99: 0}
    runs = 300
    for _ in range(runs):
        position, velocity = state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0)
        air, drag = off_nominal(rng)
        _, impact, _, _, _, _ = fall_to_ground(position, velocity, 4000.0 * math.exp(drag), air, 3600.0)
        error = root @ rng.standard_normal(6)
        bench = Bench()
        bench.give(row(0.0, position + error[:3], velocity + error[3:], covariance, COAST, (9, 0, 0), "land"))
        bench.tick(0.0)
        (message,) = bench.assessments
        inside[50] += holds(message.impact_region_50_deg, impact)
        inside[90] += holds(message.impact_region_90_deg, impact)
        inside[99] += holds(message.impact_region_99_deg, impact)
    assert 0.85 <= inside[90] / runs <= 0.95
    assert abs(inside[50] / runs - 0.50) <= 4 * math.sqrt(0.25 / runs)
    assert inside[99] / runs >= 0.99 - 4 * math.sqrt(0.0099 / runs)


def test_impact_time_and_point_agree_with_the_end_of_the_path_and_the_fall_itself() -> None:
    bench = Bench()
    coast(bench, 12, covariance=spread(1.0, 0.01))
    message = bench.assessments[-1]
    assert message.path_ecef_m is not None
    assert message.path_ns is not None
    assert message.impact_ns is not None
    assert message.impact_ecef_m is not None
    _, impact, _, time_s, apogee_m, _ = fall_to_ground(
        np.array(message.position_ecef_m), np.array(message.velocity_ecef_m_s), 4000.0, CALM, 3600.0
    )
    assert np.linalg.norm(message.path_ecef_m[-1] - impact) < 5.0
    assert abs(message.path_ns[-1] - message.t_ns - time_s * S) < 0.01 * S
    assert np.all(np.diff(message.path_ns) > 0)
    assert message.apogee_height_m == pytest.approx(apogee_m, abs=5.0)
    # drag bends the mean off the path of the mean by far less than its spread
    offset = enu_offsets_m(np.array(message.impact_ecef_m), impact)[0]
    assert np.hypot(*offset) < 1_000.0
    assert abs(message.impact_ns - message.path_ns[-1]) < 3.0 * S


def test_a_doubled_covariance_widens_the_region() -> None:
    areas = []
    for scale in (1.0, 4.0):
        bench = Bench()
        coast(bench, 5, covariance=scale * spread(200.0, 10.0))
        areas.append(polygon_area_m2(bench.assessments[-1].impact_region_90_deg))
    assert 1.5 < areas[1] / areas[0] < 4.1


def test_during_boost_the_impact_region_is_a_wide_fan_that_holds_the_truth() -> None:
    bench = Bench()
    flight = flown_boost(bench, 45)
    t, position, velocity = flight[-1]
    _, impact, _, time_s, _, _ = fall_to_ground(position, velocity, 4000.0, CALM, 3600.0)
    burning = [m for m in bench.assessments if m.is_burning and m.impact_ecef_m is not None]
    assert len(burning) > 30
    coasting = Bench()
    coast(coasting, 5)
    narrow = polygon_area_m2(coasting.assessments[-1].impact_region_90_deg)
    for message in burning:
        assert polygon_area_m2(message.impact_region_90_deg) > 20.0 * narrow
        assert holds(message.impact_region_90_deg, impact)
        assert message.impact_ns is not None
        assert message.impact_std_s is not None
        assert abs(message.impact_ns - START_NS - (t + time_s) * S) < 3.0 * message.impact_std_s * S


# ---- from where


def test_the_launch_estimate_is_within_its_stated_spread_for_generic_boosts() -> None:
    """Independent gravity turns over the generic range; the region holds the launch in at least 80 % of them."""
    rng = np.random.default_rng(7)
    held, time_errors, found = 0, [], 0
    for thrust, burn, ratio, kick in itertools.product((1.6, 2.0, 2.5), (70.0, 100.0), (4.0, 7.0), (6.0, 12.0)):
        flight = boost(thrust, burn, ratio, kick)
        bench = Bench()
        plots = 0
        for t, position, velocity in flight:
            height = geodetic_from_ecef(*position)[2]
            if not 10e3 < height < 60e3:
                continue
            plots += 1
            covariance = spread(700.0, 60.0)
            error = np.linalg.cholesky(covariance) @ rng.standard_normal(6)
            bench.give(row(t, position + error[:3], velocity + error[3:], covariance, BOOST, (0, plots, 0), "eye"))
            bench.tick(t)
        message = bench.assessments[-1]
        if message.launch_ns is None:
            continue
        found += 1
        assert message.launch_std_s is not None
        held += holds(message.launch_region_90_deg, flight[0][1])
        time_errors.append((message.launch_ns - START_NS) / S / message.launch_std_s)
    assert found == 24
    assert held >= 0.8 * found
    assert np.sqrt(np.mean(np.square(time_errors))) < 1.5


def test_the_launch_estimate_of_the_early_boost_is_not_degraded_later() -> None:
    bench = Bench()
    flown_boost(bench, 45)
    stds = [m.launch_std_s for m in bench.assessments if m.launch_std_s is not None]
    assert len(stds) > 20
    assert stds[-1] <= 1.25 * min(stds)


def test_seen_by_radar_alone_the_launch_is_found_backwards_and_wide() -> None:
    flight = boost(2.1, 95.0, 6.0, 12.0)
    bench = Bench()
    t, position, velocity = flight[-1]
    position, velocity = advance(position, velocity, 0.0, CALM, 60.0, 1.0)
    coast(bench, 10, start_s=t + 60.0, begin=(position, velocity))
    message = bench.assessments[-1]
    assert message.launch_ns is not None
    assert message.launch_std_s is not None
    assert abs(message.launch_ns - START_NS) / S < 3.0 * message.launch_std_s
    assert message.launch_std_s > 3.0
    assert holds(message.launch_region_90_deg, flight[0][1])


# ---- the ladder


def test_infrared_alone_reaches_probable_and_never_confirmed() -> None:
    bench = Bench()
    flown_boost(bench, 55)
    rungs = [m.rung for m in bench.assessments]
    assert rungs[0] == "CUE"
    assert rungs[-1] == "PROBABLE"
    assert bench.assessments[-1].threat == "T-0001"


def test_infrared_and_radar_through_different_paths_confirm() -> None:
    bench = Bench()
    flown_boost(bench, 55)
    coast(bench, 10, infrared=55)
    assert bench.assessments[-1].rung == "CONFIRMED"
    assert bench.assessments[-1].phenomenologies == ("radar", "infrared")
    assert {m.threat for m in bench.assessments} == {"T-0001"}
    assert [m.revision for m in bench.assessments] == list(range(1, len(bench.assessments) + 1))


def test_sensors_on_one_data_path_are_one_source() -> None:
    shared = tuple(msgspec.structs.replace(sensor, data_path="one wire") for sensor in SENSORS)
    bench = Bench(defence(shared))
    flown_boost(bench, 55)
    coast(bench, 30, infrared=55)
    assert {m.rung for m in bench.assessments} == {"CUE", "PROBABLE"}
    assert len(bench.assessments[-1].phenomenologies) == 1


def test_too_few_plots_of_one_kind_are_no_evidence() -> None:
    bench = Bench()
    coast(bench, 2, sensor="eye")
    coast(bench, 30, start_s=103.0, infrared=2)
    assert bench.assessments[-1].rung == "PROBABLE"


def test_plots_that_a_revision_takes_back_and_gives_again_are_credited_once() -> None:
    bench = Bench()
    flown = state(30.0, 40.0, 90e3, 3000.0, 280.0, 42.0)
    for t_s, count in ((1.0, 2), (2.0, 1), (3.0, 2)):
        bench.give(row(t_s, *flown, spread(200.0, 10.0), (0.0, 1.0, 0.0), (count, 0, 0), "land"))
    credited = bench.stage.state.tracks[1].credit
    assert credited == {"land": 2}


def test_without_radar_the_mode_is_degraded_and_confirmed_is_out_of_reach() -> None:
    bench = Bench()
    flown_boost(bench, 40)
    bench.health(81.0, "land", "radar", False)
    bench.health(81.0, "ship", "radar", False)
    coast(bench, 30, infrared=45)
    assert bench.assessments[-1].rung == "PROBABLE"
    assert bench.assessments[-1].is_degraded
    assert any(e.code == "assess.degraded" and e.subject == "radar" for e in bench.events)


def test_a_confirmed_threat_keeps_its_rung_when_a_kind_of_sensor_is_lost() -> None:
    bench = Bench()
    flown_boost(bench, 40)
    begin = coast(bench, 10, infrared=45)
    bench.health(110.0, "eye", "infrared", False)
    bench.health(110.0, "eye-2", "infrared", False)
    coast(bench, 10, start_s=111.0, infrared=45, radar=10, begin=begin)
    assert bench.assessments[-1].rung == "CONFIRMED"
    assert bench.assessments[-1].is_degraded


def test_a_chain_with_no_infrared_sensor_says_at_once_that_it_is_degraded() -> None:
    bench = Bench(defence(SENSORS[2:]))
    bench.tick(0.0)
    assert [e.subject for e in bench.events] == ["infrared"]
    coast(bench, 30)
    assert bench.assessments[-1].rung == "PROBABLE"
    assert bench.assessments[-1].is_degraded


def test_a_disabled_sensor_counts_as_absent() -> None:
    off = tuple(msgspec.structs.replace(s, enabled=s.kind != "radar") for s in SENSORS)
    bench = Bench(defence(off))
    bench.tick(0.0)
    assert [e.subject for e in bench.events] == ["radar"]


def test_position_reports_are_no_phenomenology_of_their_own() -> None:
    bench = Bench(defence((*SENSORS, Sensor(name="link", kind="position"))))
    position, velocity = state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0)
    for second in range(30):
        counts = (second + 1, 0, second + 1)
        bench.give(row(second, position, velocity, spread(100.0, 5.0), COAST, (second + 1, 0, second), "land"))
        bench.give(row(second + 0.5, position, velocity, spread(100.0, 5.0), COAST, counts, "link"))
        bench.tick(second + 0.6)
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 1.0)
    assert bench.assessments[-1].rung == "PROBABLE"


def test_a_threat_that_turns_out_to_fly_level_is_refuted_and_stays_so() -> None:
    bench = Bench()
    bench.give(row(0.0, *state(35.0, 45.0, 30e3, 900.0, 280.0, 45.0), spread(500.0, 50.0), BOOST, (0, 5, 0), "eye"))
    bench.tick(0.0)
    assert bench.assessments[-1].rung == "CUE"
    for second in range(1, 20):
        position, velocity = state(35.0, 45.0 - 0.003 * second, 10e3, 240.0, 270.0, 0.0)
        bench.stage.state.tracks[1].height_max_m = 0.0  # what first looked high was not
        bench.give(row(second, position, velocity, spread(100.0, 5.0), LEVEL, (second, 5, 0), "land"))
        bench.tick(second)
    assert bench.assessments[-1].rung == "REFUTED"
    assert bench.assessments[-1].best_class == "aircraft"


def command(actor: str, subject: str) -> Command:
    return Command(
        time_ns=START_NS, arrival_ns=START_NS, id="c", actor=actor, action="refute_threat", subject=subject,
        reason="training tape",
    )  # fmt: skip


def test_an_operator_may_refute_and_others_may_not() -> None:
    bench = Bench()
    begin = coast(bench, 10)
    for actor, subject in (("voice", "T-0001"), ("nobody", "T-0001"), ("ops", "T-0099"), ("ops", "")):
        (refusal,) = bench.give(command(actor, subject))
        assert isinstance(refusal, Event)
        assert refusal.code == "assess.not_allowed"
    out = bench.give(command("ops", "T-0001"))
    assert any(isinstance(m, Assessment) and m.rung == "REFUTED" for m in out)
    coast(bench, 30, start_s=111.0, radar=10, begin=begin)
    assert bench.assessments[-1].rung == "REFUTED"


def test_a_dropped_track_gets_a_last_word_and_a_new_track_nearby_keeps_its_name() -> None:
    bench = Bench()
    position, velocity = coast(bench, 10, infrared=0, sensor="eye")
    bench.give(row(110.0, position, velocity, spread(200.0, 8.0), COAST, (0, 10, 0), "", status="dropped"))
    assert bench.assessments[-1].is_lost
    assert bench.assessments[-1].threat == "T-0001"
    later = advance(position, velocity, 4000.0, CALM, 50.0, 1.0)
    coast(bench, 10, start_s=160.0, begin=later, track=2)
    assert bench.assessments[-1].threat == "T-0001"
    assert bench.assessments[-1].track == 2
    assert bench.assessments[-1].rung == "CONFIRMED"  # both tracks' plots are its evidence
    assert not bench.assessments[-1].is_lost
    revisions = [m.revision for m in bench.assessments if m.threat == "T-0001"]
    assert revisions == sorted(set(revisions))


def test_radar_alone_must_hold_longer_than_radar_after_infrared() -> None:
    """A satellite's first velocities look like a missile's: quiet-sky seed 31 alerted two units on two ticks."""
    firsts = []
    for sensor in ("land", "eye"):
        bench = Bench()
        coast(bench, 14, sensor=sensor)
        firsts.append(next(m.time_ns for m in bench.assessments if m.rung in ("PROBABLE", "CONFIRMED")))
    assert firsts[0] >= firsts[1] + 3 * 10**9


def test_a_new_track_far_away_gets_a_name_of_its_own() -> None:
    bench = Bench()
    position, velocity = coast(bench, 10)
    bench.give(row(110.0, position, velocity, spread(200.0, 8.0), COAST, (10, 0, 0), "", status="dropped"))
    coast(bench, 8, start_s=111.0, begin=state(30.0, 40.0, 90e3, 3000.0, 280.0, 42.0), track=2)
    assert bench.assessments[-1].threat == "T-0002"


def test_a_stage_put_back_from_its_encoded_state_goes_on_identically() -> None:
    one, other = Bench(), Bench()
    for bench in (one, other):
        flown_boost(bench, 45)
        begin = coast(bench, 5, infrared=45)
    other.stage.state = decode_state(encode_state(other.stage.state), type(other.stage.state))
    for bench in (one, other):
        coast(bench, 8, start_s=105.0, begin=begin, infrared=45, radar=5)
    assert [encode(m) for m in one.out] == [encode(m) for m in other.out]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("land", "ship", "health-off", "health-on")),
            st.sampled_from((BOOST, COAST, LEVEL)),
            st.floats(1e3, 4e5),
            st.floats(50.0, 8000.0),
            st.floats(-89.0, 89.0),
        ),
        min_size=5,
        max_size=40,
    )
)
def test_one_phenomenology_never_confirms_and_no_rung_falls_but_to_refuted(
    history: list[tuple[str, tuple[float, float, float], float, float, float]],
) -> None:
    bench = Bench()
    for second, (what, mode, height, speed, climb) in enumerate(history):
        if what.startswith("health"):
            bench.health(second, "eye", "infrared", what == "health-on")
        else:
            position, velocity = state(35.0, 45.0, height, speed, 280.0, climb)
            bench.give(row(second, position, velocity, spread(300.0, 30.0), mode, (second + 1, 0, 0), what))
        bench.tick(second)
    by_threat: dict[str, list[str]] = {}
    for message in bench.assessments:
        by_threat.setdefault(message.threat, []).append(message.rung)
        encode(message)
    for rungs in by_threat.values():
        assert "CONFIRMED" not in rungs
        standing = list(itertools.takewhile(lambda rung: rung != "REFUTED", rungs))
        assert all(rung == "REFUTED" for rung in rungs[len(standing) :])
        order = [RUNG_ORDER.index(rung) for rung in standing]
        assert order == sorted(order)


def test_every_message_of_a_flight_can_be_encoded_and_names_its_cause() -> None:
    bench = Bench()
    flown_boost(bench, 45)
    coast(bench, 10, infrared=45)
    given: list[Message] = bench.out
    assert len(given) > 50
    for message in given:
        encode(message)
        assert message.causes
