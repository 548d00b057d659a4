"""Every body answers the one protocol: its table of samples follows its own states within a metre."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, PLANE, THREAT

from tocsin.kernels.observe import along_path
from tocsin.scenario import Launch, Leg, Meteor, Reentry, Rocket, Truth, load_scenario
from tocsin.world.body import Body, grid_times
from tocsin.world.draws import Draws
from tocsin.world.entry import meteor_body, reentry_bodies
from tocsin.world.rise import launch_bodies, rocket_bodies
from tocsin.world.sky import Orbiter, Plane, draw_air, draw_missile, draw_stages

DRAWS = Draws(3, 0)


def body_of(kind: str) -> Body:
    if kind == "missile":
        return draw_missile(THREAT, Truth(), draw_air(Truth(), DRAWS), DRAWS)
    if kind == "plane":
        return Plane(PLANE)
    if kind == "turning":
        legs = Leg(after_s=70.0, course_deg=100.0, turn_rate_deg_s=3.0), Leg(after_s=155.0, course_deg=10.0)
        return Plane(msgspec.structs.replace(PLANE, legs=legs))
    if kind in ("staged", "stage"):
        threat = msgspec.structs.replace(THREAT, vehicle="medium-staged")
        missile = draw_missile(threat, Truth(), draw_air(Truth(), DRAWS), DRAWS)
        return missile if kind == "staged" else draw_stages(missile, Truth(), draw_air(Truth(), DRAWS), DRAWS)[0]
    if kind == "rocket":
        return rocket_bodies(Rocket(name="r", latitude_deg=38.0, longitude_deg=38.0), np.zeros(4))[0]
    if kind == "launch":
        return launch_bodies(Launch(name="l", latitude_deg=38.0, longitude_deg=38.0), 2500.0, np.zeros(4))[0]
    if kind == "meteor":
        return meteor_body(Meteor(name="m", latitude_deg=38.0, longitude_deg=38.0), np.zeros(4))
    if kind in ("reentry", "piece"):
        item = Reentry(name="d", latitude_deg=38.0, longitude_deg=38.0)
        return reentry_bodies(item, np.zeros(4), np.random.default_rng(1))[0 if kind == "reentry" else 1]
    return Orbiter(load_scenario("quiet-sky").truth.satellites[0], EPOCH_NS)


KINDS = (
    "missile", "staged", "stage", "plane", "turning", "satellite", "rocket", "launch", "meteor", "reentry", "piece",
)  # fmt: skip
SPANS = (
    (0.0, 700.0), (-50.0, 60.0), (9.0, 9.5), (60.0, 180.0), (83.3, 84.4), (88.0, 93.0), (140.0, 160.0), (500.0, 2000.0),
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("span", SPANS)
def test_samples_follow_the_states_within_a_metre_over_the_whole_interval(kind, span):
    body = body_of(kind)
    first, last = max(span[0], body.up_s[0]), min(span[1], body.up_s[1])
    table = body.samples(*span)
    if not first < last:
        assert len(table[0]) == 0
        return
    assert np.all(np.diff(table[0]) > 0.0)
    assert table[0][0] <= first
    assert table[0][-1] >= last
    assert body.up_s[0] <= table[0][0]
    assert table[0][-1] <= body.up_s[1]
    times = np.linspace(first, last, 997)[1:-1]
    wanted, _ = body.states(times)
    position, _ = along_path(*table, times)
    assert np.max(np.linalg.norm(position - wanted, axis=1)) < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_two_intervals_of_samples_agree_to_the_bit_where_they_overlap(kind):
    body = body_of(kind)
    first, last = max(body.up_s[0], 0.0), min(body.up_s[1], 1000.0)
    edges = np.linspace(first, last, 8)
    times = np.linspace(edges[3], edges[4], 61)
    one, _ = along_path(*body.samples(edges[1], edges[6]), times)
    two, _ = along_path(*body.samples(edges[3] - 0.1, edges[4] + 0.1), times)
    assert np.array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_has_a_size_and_burns_only_while_it_is_up(kind):
    body = body_of(kind)
    assert body.rcs_m2 > 0.0
    for burn in body.burns:
        assert body.up_s[0] <= burn.from_s < burn.to_s <= body.up_s[1]
        assert burn.intensity_kw_sr > 0.0


def test_samples_of_a_missile_that_an_intercept_ended_stop_there():
    missile = body_of("missile")
    whole = missile.samples(0.0, 900.0)
    missile.ended_s = 400.1
    assert missile.up_s[1] == 400.1
    cut = missile.samples(0.0, 900.0)
    assert cut[0][-1] == 400.1
    times = np.linspace(20.0, 400.0, 300)
    assert np.allclose(along_path(*cut, times)[0], along_path(*whole, times)[0], atol=1e-6)
    assert len(missile.samples(401.0, 900.0)[0]) == 0


def test_a_table_of_a_ballistic_flight_is_small():
    times, _, _ = body_of("missile").samples(0.0, 1000.0)
    assert len(times) < 400


def test_a_grid_keeps_both_ends_of_a_short_life():
    assert grid_times(0.0, 100.0, (3.5, 4.5), 10.0).tolist() == [3.5, 4.5]
    assert grid_times(0.0, 15.0, (-5.0, np.inf), 10.0).tolist() == [-5.0, 0.0, 10.0, 20.0]
    assert len(grid_times(0.0, 3.0, (3.5, 4.5), 10.0)) == 0
