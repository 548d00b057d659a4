"""Staged vehicles: what separates, when, and where it comes down."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, MATCHED, RADAR, THREAT, play, scenario

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.kernels.motion import advance
from tocsin.scenario import Place, Scenario, Stage, Threat, Truth, Vehicle, document_from, scenario_from
from tocsin.units import NS_PER_S, STANDARD_GRAVITY_M_S2
from tocsin.world import World
from tocsin.world.ballistic import CALM, fly_programme, nominal_programme
from tocsin.world.draws import Draws
from tocsin.world.kinds import kinds
from tocsin.world.sky import Missile, draw_missile, draw_stages
from tocsin.world.stages import SEPARATION_M_S, dropped
from tocsin.world.tabled import Tabled
from tocsin.world.vehicles import depletion_s, full_burn_s, segments, speed_gain_m_s, vehicle_class, vehicle_classes

STAGED = ("short-separating", "medium-staged", "intermediate-staged")
PLACES = {
    "short-separating": ((34.3, 47.1), (36.0, 44.0)),
    "medium-staged": ((34.31417, 47.065), (37.07417, 36.24778)),
    "intermediate-staged": ((29.6, 52.5), (48.2, 16.3)),
}
DRAWS = Draws(5, 0)


def place(pair: tuple[float, float]) -> Place:
    return Place(latitude_deg=pair[0], longitude_deg=pair[1])


def threat_of(name: str) -> Threat:
    launch, impact = PLACES[name]
    return msgspec.structs.replace(THREAT, vehicle=name, launch=place(launch), impact=place(impact))


def flown(name: str) -> tuple[Missile, list[Tabled]]:
    truth = Truth(spread=MATCHED)
    missile = draw_missile(threat_of(name), truth, CALM, DRAWS)
    return missile, draw_stages(missile, truth, CALM, DRAWS)


def ground_km(one: np.ndarray, two: np.ndarray) -> float:
    cosine = float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
    return MEAN_EARTH_RADIUS_M / 1000.0 * math.acos(min(1.0, cosine))


@pytest.mark.parametrize("name", STAGED)
def test_every_stage_that_leaves_begins_where_the_missile_is_and_comes_down_short_of_it(name):
    missile, stages = flown(name)
    assert len(stages) == len(missile.vehicle.stages) == len(missile.burns)
    launch, impact = missile.path.position_m[0], missile.path.position_m[-1]
    reached = []
    for stage, burn in zip(stages, missile.burns, strict=True):
        begin_s, end_s = stage.up_s
        assert begin_s == pytest.approx(burn.to_s, abs=1e-9)
        own, carrier = (body.states(np.array([begin_s])) for body in (stage, missile))
        assert np.linalg.norm(own[0] - carrier[0]) < 0.01
        assert np.linalg.norm(own[1] - carrier[1]) == pytest.approx(SEPARATION_M_S, abs=0.01)
        there, _ = stage.states(np.array([end_s]))
        assert abs(geodetic_from_ecef(*there[0])[2]) < 1.0
        reached.append(ground_km(launch, there[0]))
        assert stage.burns == ()
    assert reached == sorted(reached)
    assert reached[-1] < ground_km(launch, impact)


@pytest.mark.parametrize("name", STAGED)
def test_the_path_of_a_spent_stage_is_that_of_an_independent_fall_within_a_metre(name):
    missile, stages = flown(name)
    for stage, described in zip(stages, missile.vehicle.stages, strict=True):
        begin_s, end_s = stage.up_s
        (position,), (velocity,) = stage.states(np.array([begin_s]))
        at_s = begin_s
        for now_s in np.linspace(begin_s, end_s, 14)[1:-1]:
            position, velocity = advance(position, velocity, described.spent_beta_kg_m2, CALM, now_s - at_s, 0.05)
            at_s = now_s
            assert np.linalg.norm(stage.states(np.array([now_s]))[0][0] - position) < 1.0


@pytest.mark.parametrize("name", STAGED)
def test_each_stage_burns_apart_from_the_others_and_the_thrust_jumps_when_the_next_takes_over(name):
    missile, _ = flown(name)
    for one, two in itertools.pairwise(missile.burns):
        assert one.to_s < two.from_s
    for burn, stage in zip(missile.burns, missile.vehicle.stages, strict=True):
        times = burn.from_s + np.array([0.5, 1.0])
        before, after = missile.states(times)[1]
        gained = float(np.linalg.norm(after - before)) / 0.5
        # thrust at ignition is thrust_to_weight times standard gravity; gravity, drag and Earth's turn stay below 1.6 g
        assert abs(gained - stage.thrust_to_weight * STANDARD_GRAVITY_M_S2) < 1.6 * STANDARD_GRAVITY_M_S2


@pytest.mark.parametrize("name", STAGED)
def test_a_flight_gains_less_than_the_rocket_equation_and_more_than_six_tenths_of_it(name):
    missile, _ = flown(name)
    *lower, last = missile.vehicle.stages
    used = (missile.burns[-1].to_s - missile.burns[-1].from_s) / depletion_s(last)
    ideal = speed_gain_m_s(lower) - last.exhaust_m_s * math.log(1.0 - used)
    row = missile.path.burnout_rows[-1]
    assert 0.6 * ideal < np.linalg.norm(missile.path.velocity_m_s[row]) < ideal


def test_the_ballistic_coefficient_steps_down_with_the_mass_that_is_dropped():
    vehicle = vehicle_class("medium-staged")
    rows = segments(vehicle, 50.0, vehicle.beta_kg_m2, 1.0)
    first, coast, second = rows[:, 4]
    stage = vehicle.stages[0]
    left = 1.0 - stage.propellant_ratio
    assert first == pytest.approx(vehicle.stack_beta_kg_m2 * left)
    assert coast == pytest.approx(vehicle.stack_beta_kg_m2 * (left - stage.structure_ratio))
    assert second == pytest.approx(coast * (1.0 - 50.0 / depletion_s(vehicle.stages[1])))
    heavier = segments(vehicle, 50.0, 2.0 * vehicle.beta_kg_m2, 1.0)
    assert heavier[:, 4] == pytest.approx(2.0 * rows[:, 4])


def test_a_body_that_does_not_separate_drops_no_last_stage():
    assert dropped(vehicle_class("medium")) == ()
    both = vehicle_class("medium-staged")
    assert len(dropped(both)) == 2
    assert len(dropped(msgspec.structs.replace(both, is_separating=False))) == 1


def test_no_stage_leaves_a_missile_that_an_intercept_broke_up_before():
    missile, stages = flown("medium-staged")
    missile.ended_s = 0.5 * (missile.burns[0].to_s + missile.burns[1].to_s)
    assert stages[0].up_s[0] < stages[0].up_s[1]
    assert stages[1].up_s[0] == stages[1].up_s[1]
    assert len(stages[1].samples(0.0, 900.0)[0]) == 0
    assert len(stages[1].truth_times(900.0)[0]) == 0


def test_a_stretched_burn_leaves_the_coasts_as_they_are():
    vehicle = vehicle_class("medium-staged")
    programme = nominal_programme(vehicle, *PLACES["medium-staged"], 1.0)
    plain, slow = (fly_programme(programme, vehicle, 5000.0, CALM, ratio) for ratio in (1.0, 1.05))
    for one, two in zip(plain.burns_s, slow.burns_s, strict=True):
        assert (two[1] - two[0]) == pytest.approx(1.05 * (one[1] - one[0]))
    gap = vehicle.stages[0].coast_s
    assert slow.burns_s[1][0] - slow.burns_s[0][1] == pytest.approx(gap)


def test_spent_stages_are_in_truth_as_stages_with_their_own_impact_and_only_the_body_is_a_threat():
    world = World(scenario(RADAR, threats=(threat_of("medium-staged"),)), 2)
    play(world, 0.0, 900.0, step_s=300.0)
    truth = world.truth
    assert [threat.name for threat in truth.threats] == ["threat-1"]
    assert [(other.name, other.kind) for other in truth.others] == [
        ("threat-1/stage-1", "stage"), ("threat-1/stage-2", "stage"),
    ]  # fmt: skip
    rows = [row for row in world.truth_rows() if row[1] == "threat-1/stage-1"]
    assert {row[2] for row in rows} == {"stage"}
    assert list(dict.fromkeys(row[3] for row in rows)) == ["ascent", "descent", "impact"]
    assert abs(rows[-1][12]) < 1.0
    assert truth.others[0].impact_ns == rows[-1][0]
    assert truth.others[0].impact_ecef_m == pytest.approx(rows[-1][4:7], abs=0.01)
    after_s = THREAT.launch_after_s + full_burn_s(vehicle_class("medium-staged").stages[0])
    assert rows[0][0] - EPOCH_NS == pytest.approx(after_s * NS_PER_S, abs=1e3)


OWN = Vehicle(
    name="own",
    stages=(Stage(exhaust_m_s=2400.0, thrust_to_weight=2.0, propellant_ratio=0.9, structure_ratio=0.05),),
    beta_kg_m2=3000.0,
    range_max_km=1200.0,
)


def test_a_vehicle_of_the_scenarios_own_flies_and_comes_down_within_a_kilometre():
    case = scenario(threats=(msgspec.structs.replace(THREAT, vehicle="own"),))
    case = msgspec.structs.replace(case, truth=msgspec.structs.replace(case.truth, vehicles=(OWN,)))
    threat = World(case, 1).truth.threats[0]
    assert threat.vehicle == "own"
    assert threat.impact_latitude_deg == pytest.approx(37.07417, abs=0.009)
    assert threat.impact_longitude_deg == pytest.approx(36.24778, abs=0.011)


def case_with(vehicle: Vehicle) -> Scenario:
    case = scenario()
    return msgspec.structs.replace(case, truth=msgspec.structs.replace(case.truth, vehicles=(vehicle,)))


def test_a_vehicle_with_the_name_of_a_packaged_class_is_refused_by_name_and_remedy():
    with pytest.raises(ScenarioError, match=r"truth\.vehicles\.name.*got 'medium'.*name of its own"):
        World(case_with(msgspec.structs.replace(OWN, name="medium")), 1)


def test_an_unknown_class_is_refused_with_the_packaged_and_the_own_ones():
    with pytest.raises(ScenarioError, match=r"medium-staged, intermediate-staged, own"):
        vehicle_class("scud", (OWN,))
    assert "own" not in vehicle_classes()


PACKAGED = {**vehicle_classes(), "rocket": kinds().sounding_rocket.vehicle, "launch": kinds().space_launch.vehicle}


@pytest.mark.parametrize("name", [*PACKAGED])
def test_packaged_classes_keep_to_what_a_scenarios_own_class_must(name):
    document = document_from(scenario())
    document["truth"]["vehicles"] = [{**msgspec.to_builtins(PACKAGED[name]), "name": "own"}]
    assert scenario_from(document).truth.vehicles[0].stages == PACKAGED[name].stages
