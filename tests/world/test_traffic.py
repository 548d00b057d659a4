"""Random traffic of every kind: as many as asked, in the box and the window, each with its own draws."""

from __future__ import annotations

import typing

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, play, scenario

from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.scenario import Traffic, Truth, load_scenario
from tocsin.scenario.ranges import SKY_RANGES
from tocsin.scenario.schema import TrafficKind
from tocsin.world import World
from tocsin.world.body import Other
from tocsin.world.draws import Draws
from tocsin.world.kinds import kinds
from tocsin.world.traffic import draw_traffic

KINDS = tuple(name for part in typing.get_args(TrafficKind) for name in (typing.get_args(part) or (part,)))
SOUTH, NORTH, WEST, EAST = 34.0, 40.0, 33.0, 45.0
CALM = np.zeros(4)


def entry(kind: str, count: int, **keys: float) -> Traffic:
    return Traffic(
        kind=kind, count=count, latitude_min_deg=SOUTH, latitude_max_deg=NORTH, longitude_min_deg=WEST,
        longitude_max_deg=EAST, **keys,
    )  # fmt: skip


def drawn(kind: str, count: int, seed: int = 1, **keys: float) -> list[Other]:
    return draw_traffic(entry(kind, count, **keys), 0, EPOCH_NS, 1800.0, CALM, Draws(seed, 0))


def firsts(bodies: list[Other]) -> list[Other]:
    """The objects themselves, without their stages and pieces."""
    return [body for body in bodies if "/" not in body.name]


def test_kinds_of_the_schema_are_all_drawn_here():
    assert len(KINDS) == 9


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_are_drawn_as_asked_for_each_with_a_name_and_size_of_its_own(kind):
    bodies = drawn(kind, 5)
    assert len(firsts(bodies)) == 5
    assert len({body.name for body in bodies}) == len(bodies)
    assert all(body.rcs_m2 > 0.0 for body in bodies)
    assert {body.kind for body in firsts(bodies)} == {kind}


@pytest.mark.parametrize("kind", KINDS)
def test_a_larger_count_leaves_the_first_ones_as_they_were_and_another_seed_does_not(kind):
    times = np.array([400.0, 900.0])

    def places(count: int, seed: int) -> list[bytes]:
        return [body.states(times)[0].tobytes() for body in firsts(drawn(kind, count, seed))[:3]]

    assert places(3, 1) == places(5, 1)
    assert places(3, 1) != places(3, 2)


@pytest.mark.parametrize("kind", ["sounding_rocket", "space_launch", "meteor", "reentry"])
def test_what_rises_or_comes_down_begins_in_the_window_over_the_box(kind):
    for body in firsts(drawn(kind, 12, from_s=700.0, to_s=760.0)):
        begin_s = body.up_s[0] + (600.0 if kind == "reentry" else 0.0)  # re-entries are stated where they pass 120 km
        assert 700.0 <= begin_s <= 760.0
        latitude, longitude, _ = geodetic_of_many(body.states(np.array([begin_s]))[0])[0]
        assert SOUTH - 0.01 <= np.degrees(latitude) <= NORTH + 0.01
        assert WEST - 0.01 <= np.degrees(longitude) <= EAST + 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_may_be_anywhere_on_the_globe(kind):
    globe = Traffic(
        kind=kind, count=25, latitude_min_deg=-90.0, latitude_max_deg=90.0, longitude_min_deg=-180.0,
        longitude_max_deg=180.0,
    )  # fmt: skip
    bodies = draw_traffic(globe, 0, EPOCH_NS, 1800.0, CALM, Draws(4, 0))
    assert len(firsts(bodies)) == 25
    assert all(np.isfinite(body.states(np.array([500.0]))[0]).all() for body in bodies)


def test_satellites_pass_over_the_box_within_the_window_in_low_orbit():
    for body in drawn("satellite", 20, from_s=300.0, to_s=320.0):
        places = geodetic_of_many(body.states(np.arange(300.0, 321.0))[0])
        latitude, longitude = np.degrees(places[:, 0]), np.degrees(places[:, 1])
        margin = 0.3  # degrees: mean elements against osculating ones
        inside = (latitude > SOUTH - margin) & (latitude < NORTH + margin)
        inside &= (longitude > WEST - margin) & (longitude < EAST + margin)
        assert inside.any()
        assert places[:, 2].min() > 300e3
        assert places[:, 2].max() < 1_300e3


def test_a_world_of_a_thousand_mixed_objects_tells_of_all_of_them_in_truth():
    counts = {
        "airliner": 500, "fast_jet": 100, "drone": 100, "cruise_missile": 50, "satellite": 150, "sounding_rocket": 30,
        "space_launch": 20, "meteor": 30, "reentry": 20,
    }  # fmt: skip
    traffic = tuple(entry(kind, count) for kind, count in counts.items())
    case = msgspec.structs.replace(scenario(), truth=Truth(traffic=traffic))
    world = World(case, 1)
    play(world, 0.0, 900.0, step_s=900.0)
    others = [other for other in world.truth.others if "/" not in other.name]
    assert len(others) == 1000
    assert {kind: sum(other.kind == kind for other in others) for kind in counts} == counts
    told = {row[1] for row in world.truth_rows()}
    assert {other.name for other in others if other.kind == "satellite"} <= told


def test_what_is_drawn_lies_within_what_a_scenario_may_state():
    names = {"sounding_rocket": "Rocket", "space_launch": "Launch", "meteor": "Meteor", "reentry": "Reentry"}
    checked = 0
    for kind, struct in names.items():
        for key, (low, high, _) in SKY_RANGES[struct].items():
            pair = getattr(getattr(kinds(), kind), key, None)
            if pair is not None:
                assert low <= pair[0] < pair[1] <= high
                checked += 1
    assert checked == 11


def test_the_busy_sky_flies_and_truth_tells_how_each_kind_goes():
    case = load_scenario("busy-sky")
    world = World(case, 1)
    play(world, 0.0, case.duration_s, step_s=case.duration_s)
    phases: dict[str, set[str]] = {}
    for row in world.truth_rows():
        phases.setdefault(row[2], set()).add(row[3])
    assert phases == {
        "airliner": {"level"}, "fast_jet": {"level"}, "drone": {"level"}, "cruise_missile": {"level"},
        "satellite": {"orbit"}, "meteor": {"entry", "spent"}, "space_launch": {"boost", "orbit"},
        "stage": {"ascent", "descent", "impact"}, "sounding_rocket": {"boost", "ascent", "descent", "impact"},
        "reentry": {"orbit", "entry", "broken up", "impact"},
    }  # fmt: skip
    assert world.truth.threats == []
