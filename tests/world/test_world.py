"""The world of one run: the same seed gives the same world, another sensor's change is no one else's."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, PLANE, RADAR, THREAT, play, scans, scenario

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import Scan, SensorStatus, encode
from tocsin.scenario import Place, Spread, load_scenario
from tocsin.units import NS_PER_S, ns_from_iso
from tocsin.world import TRUTH_COLUMNS, World

SECOND = msgspec.structs.replace(RADAR, name="second", latitude_deg=36.5, detection_prob=0.7, false_per_scan=1.0)
FIRST = msgspec.structs.replace(RADAR, detection_prob=0.7, false_per_scan=1.0)


def bytes_of(made: list) -> list[bytes]:
    return [encode(message) for message in made]


@pytest.mark.parametrize("name", ["one-missile", "quiet-sky"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(name):
    case = load_scenario(name)
    epoch_ns = ns_from_iso(case.epoch)
    made = [World(case, seed).generate(epoch_ns, epoch_ns + 150 * NS_PER_S) for seed in (4, 4, 5)]
    assert bytes_of(made[0]) == bytes_of(made[1])
    assert bytes_of(made[0]) != bytes_of(made[2])
    assert bytes_of(World(case, 4, run_index=1).generate(epoch_ns, epoch_ns + 150 * NS_PER_S)) != bytes_of(made[0])


def test_the_length_of_the_intervals_changes_nothing():
    case = scenario(FIRST, threats=(THREAT,), aircraft=(PLANE,))
    fine = scans(play(World(case, 1), 0.0, 300.0, step_s=0.5))
    coarse = scans(play(World(case, 1), 0.0, 300.0, step_s=100.0))
    assert bytes_of(fine) == bytes_of(coarse)


def test_an_unchanged_sensor_sees_the_same_whatever_becomes_of_another():
    both = scenario(FIRST, SECOND, threats=(THREAT,), aircraft=(PLANE,))
    alone = scenario(msgspec.structs.replace(FIRST, enabled=False), SECOND, threats=(THREAT,), aircraft=(PLANE,))
    one = scans(play(World(both, 9), 0.0, 300.0), "second")
    two = scans(play(World(alone, 9), 0.0, 300.0), "second")
    assert bytes_of(one) == bytes_of(two)


def test_one_body_that_is_gone_changes_no_plot_of_another():
    """The plane's own plots are the same whether the threat is broken up or not: each body has its own draws."""
    site = msgspec.structs.replace(scenario().sites[0], kill_prob=1.0)
    case = scenario(FIRST, threats=(THREAT,), aircraft=(PLANE,), site=site)

    def ranges(is_hit: bool) -> set[float]:
        world = World(case, 3)
        if is_hit:
            missile = world._missiles[0]
            missile.ended_s = 200.0
        return {float(r) for scan in scans(play(world, 0.0, 300.0)) for r in scan.range_m if r < 150_000.0}

    assert ranges(True) == ranges(False)


def test_sensors_say_at_the_start_that_they_operate_and_every_message_has_source_and_arrival():
    made = play(World(scenario(FIRST, SECOND, threats=(THREAT,)), 1), 0.0, 50.0)
    first = [m for m in made if isinstance(m, SensorStatus)]
    assert {m.sensor for m in first} == {"radar", "second"}
    assert all(m.is_operating for m in first)
    assert all(m.source and m.arrival_ns >= m.time_ns and m.id == "" for m in made)


def test_sensors_have_their_own_phase():
    made = scans(play(World(scenario(FIRST, SECOND), 1), 0.0, 3.0))
    phases = {scan.sensor: scan.end_ns % NS_PER_S for scan in made}
    assert len(set(phases.values())) == 2


def test_truth_rows_have_the_stated_columns_and_agree_with_the_summary():
    world = World(scenario(FIRST, threats=(THREAT,), aircraft=(PLANE,)), 1)
    play(world, 0.0, 900.0, step_s=50.0)
    rows = world.truth_rows()
    assert all(len(row) == len(TRUTH_COLUMNS) for row in rows)
    threat, summary = [row for row in rows if row[1] == "threat-1"], world.truth.threats[0]
    assert [row[0] for row in threat] == sorted(row[0] for row in threat)
    assert {b[0] - a[0] for a, b in itertools.pairwise(threat[:-1])} == {NS_PER_S}
    assert threat[0][0] == summary.launch_ns
    assert threat[-1][0] == summary.impact_ns
    assert threat[-1][3] == "impact"
    assert threat[-1][10:12] == pytest.approx((summary.impact_latitude_deg, summary.impact_longitude_deg))
    assert max(row[12] for row in threat) == pytest.approx(summary.apogee_height_m, abs=20.0)
    assert {row[3] for row in threat} == {"boost", "ascent", "descent", "impact"}
    for row in rows:
        latitude, longitude, height_m = geodetic_from_ecef(*row[4:7])
        assert (math.degrees(latitude), math.degrees(longitude), height_m) == pytest.approx(row[10:13])
    assert {other.name for other in world.truth.others} == {"plane"}


def test_a_matched_run_lands_where_the_scenario_says_and_spread_moves_it():
    matched = World(scenario(threats=(THREAT,)), 1).truth.threats[0]
    assert matched.impact_latitude_deg == pytest.approx(37.07417, abs=0.009)
    assert matched.impact_longitude_deg == pytest.approx(36.24778, abs=0.011)
    spread = [World(scenario(threats=(THREAT,), spread=Spread()), seed).truth for seed in range(40)]
    moved = np.array([run.threats[0].impact_longitude_deg for run in spread])
    assert moved.std() > 0.02
    betas = np.log([run.threats[0].beta_kg_m2 for run in spread])
    assert betas.std() == pytest.approx(Spread().beta_ratio_std, rel=4.0 / math.sqrt(80.0))


def test_a_district_name_and_its_point_give_the_same_flight():
    named = msgspec.structs.replace(
        THREAT, launch=Place(district="Kermanshah", country="IR"), impact=Place(district="Osmaniye", country="TR")
    )
    by_name, by_point = (World(scenario(threats=(t,)), 1).truth.threats[0] for t in (named, THREAT))
    assert by_name.impact_latitude_deg == pytest.approx(by_point.impact_latitude_deg, abs=1e-3)
    assert by_name.launch_longitude_deg == pytest.approx(by_point.launch_longitude_deg, abs=1e-3)


def test_the_smallest_scenario_gives_both_kinds_of_sensor_and_two_hundred_seconds_of_radar_before_impact():
    case = load_scenario("one-missile")
    world, epoch_ns = World(case, 7), ns_from_iso(case.epoch)
    made = [m for m in world.generate(epoch_ns, epoch_ns + 650 * NS_PER_S) if isinstance(m, Scan)]
    truth = world.truth.threats[0]
    for sensor in case.sensors:
        times = [s.end_ns for s in made if s.sensor == sensor.name and s.plot_count and s.end_ns > truth.launch_ns]
        assert len(times) > 20
    radar = [s for s in made if s.kind == "radar" and s.plot_count and s.end_ns > truth.burnout_ns]
    assert truth.impact_ns - radar[10].end_ns > 200 * NS_PER_S


def test_the_flight_of_the_public_record_crosses_iraq_and_syria_towards_hatay():
    from tocsin.places import country_at

    case = load_scenario("turkiye-2026-03-04")
    world, epoch_ns = World(case, 7), ns_from_iso(case.epoch)
    world.generate(epoch_ns, epoch_ns + 900 * NS_PER_S)
    rows = [row for row in world.truth_rows() if row[1] == "threat-1"]
    crossed = list(dict.fromkeys(country_at(row[10], row[11]) for row in rows[::10]))
    assert crossed[:3] == ["IR", "IQ", "SY"]
    assert crossed[-1] == "TR"
    assert epoch_ns + 600 * NS_PER_S < world.truth.threats[0].impact_ns
    assert epoch_ns == EPOCH_NS
