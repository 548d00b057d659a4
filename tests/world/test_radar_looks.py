"""Looks where a task says: none without one, on time, within budget, and blind to all but the beam."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from sensor_cases import Straight, station
from sky_cases import EPOCH_NS, RADAR, THREAT, play, scans, scenario

from tocsin.kernels.geodesy import ecef_from_geodetic, ecef_from_radar, radar_from_ecef
from tocsin.messages import Scan, SensorTask, check, encode
from tocsin.scenario import Sensor
from tocsin.units import DEG, NS_PER_S
from tocsin.world import World

SITE_M = np.array(ecef_from_geodetic(37.9 * DEG, 40.2 * DEG, 900.0))
TRACKER = Sensor(
    name="tracker", kind="radar", latitude_deg=37.9, longitude_deg=40.2, height_m=900.0, detection_prob=1.0,
    scan_period_s=10.0, latency_s=0.5, task_period_s=1.0, beamwidth_deg=1.0, azimuth_from_deg=0.0,
    azimuth_to_deg=120.0, elevation_max_deg=60.0,
)  # fmt: skip
VELOCITY = np.array((-800.0, 500.0, 300.0))


def at(range_m: float, azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    return np.asarray(ecef_from_radar(range_m, azimuth_deg * DEG, elevation_deg * DEG, SITE_M))


NEIGHBOURS = ((300_000.0, 50.0), (700_000.0, 50.4), (400_000.0, 52.5))  # the last is outside the beam
TARGET = Straight("target", at(300_000.0, 50.0, 30.0), VELOCITY)


def task(place_m: np.ndarray, after_s: float = 20.0, lasts_s: float = 10.0, track: int = 1, velocity=VELOCITY):
    """What the tracker asks for at a time: ``place_m`` is where it expects the body at the epoch."""
    now_ns = EPOCH_NS + round(after_s * NS_PER_S)
    there = place_m + after_s * np.asarray(velocity)
    return SensorTask(
        time_ns=now_ns, arrival_ns=now_ns, sensor="tracker", track=track, position_ecef_m=tuple(map(float, there)),
        velocity_ecef_m_s=tuple(map(float, velocity)), until_ns=now_ns + round(lasts_s * NS_PER_S),
    )  # fmt: skip


def looks_of(made: list[Scan]) -> list[Scan]:
    return [scan for scan in made if scan.end_ns - scan.start_ns < NS_PER_S]


def played(*tasks: SensorTask, bodies=(TARGET,), sensor: Sensor = TRACKER, to_s: float = 60.0) -> list[Scan]:
    """Scans to ``to_s``, each task heard at its own time."""
    radar = station(sensor, *bodies)
    made: list[Scan] = []
    for second in range(round(to_s)):
        now_ns = EPOCH_NS + second * NS_PER_S
        for one in tasks:
            if one.arrival_ns == now_ns:
                radar.hear(one, now_ns)
        made += radar.scans(now_ns, now_ns + NS_PER_S)
    return made


def seconds(scan: Scan) -> float:
    return (scan.end_ns - EPOCH_NS) / NS_PER_S


def test_without_a_task_there_is_no_look_however_much_flies():
    """A look without a task would be truth leaking: every scan ends on the search's beat, threat or none."""
    sensor = msgspec.structs.replace(TRACKER, name="radar", azimuth_to_deg=360.0, scan_period_s=2.0)
    world = World(scenario(sensor, threats=(THREAT,)), seed=1)
    made = scans(play(world, 0.0, 400.0))
    assert sum(scan.plot_count for scan in made) > 50
    assert looks_of(made) == []
    assert {b.end_ns - a.end_ns for a, b in itertools.pairwise(made)} == {2 * NS_PER_S}


def test_a_task_brings_looks_after_the_latency_every_period_until_it_lapses():
    looks = looks_of(played(task(TARGET.place_m)))
    assert [round(seconds(scan), 6) for scan in looks] == [20.5 + i for i in range(10)]
    for scan in looks:
        check(scan)
        assert scan.arrival_ns == scan.end_ns + 500_000_000
        assert scan.end_ns - scan.start_ns == 20_000_000


def test_a_look_finds_the_body_that_the_task_expects_and_says_what_it_searched():
    for scan in looks_of(played(task(TARGET.place_m))):
        there = TARGET.place_m + seconds(scan) * VELOCITY
        true = radar_from_ecef(there, SITE_M)
        assert scan.plot_count == 1
        assert scan.plot_time_ns[0] == scan.end_ns
        assert scan.range_m[0] == pytest.approx(true[0], abs=5.0 * TRACKER.range_std_m + 100.0)
        assert scan.azimuth_rad[0] == pytest.approx(true[1], abs=5.0 * TRACKER.azimuth_std_deg * DEG)
        swept = scan.swept
        assert swept.elevation_max_rad - swept.elevation_min_rad == pytest.approx(2.0 * DEG)
        # two degrees across the line of sight are more in azimuth, the higher it looks
        assert swept.azimuth_to_rad - swept.azimuth_from_rad == pytest.approx(2.0 * DEG / math.cos(true[2]), rel=0.01)
        assert swept.azimuth_from_rad < scan.azimuth_rad[0] < swept.azimuth_to_rad


@pytest.mark.parametrize("away_deg", [(10.0, 0.0), (0.0, 5.0), (-4.0, -4.0)])
def test_a_task_that_points_away_from_every_body_brings_empty_looks(away_deg):
    looks = looks_of(played(task(at(300_000.0, 50.0 + away_deg[0], 30.0 + away_deg[1]))))
    assert len(looks) == 10
    assert all(scan.plot_count == 0 for scan in looks)


def test_a_look_finds_whatever_else_is_in_the_beam():
    """The tracker is wrong by 0.6 deg and names another track; a second body stands in the beam as well."""
    still = tuple(Straight(f"at {range_m}", at(range_m, azimuth_deg, 30.2)) for range_m, azimuth_deg in NEIGHBOURS)
    looks = looks_of(played(task(at(300_000.0, 50.6, 30.0), track=77, velocity=(0, 0, 0)), bodies=still))
    assert [scan.plot_count for scan in looks] == [2] * 10


def test_a_look_does_not_care_how_far_away_the_task_says():
    """The beam holds all ranges: a task right in direction and wrong by 200 km in range finds the body."""
    looks = looks_of(played(task(at(500_000.0, 50.0, 30.0), velocity=5.0 / 3.0 * VELOCITY)))
    assert all(scan.plot_count == 1 for scan in looks)


@pytest.mark.parametrize("place", [(300_000.0, 150.0, 30.0), (300_000.0, 50.0, 80.0), (1_500_000.0, 50.0, 30.0)])
def test_no_look_leaves_the_field_of_regard(place):
    assert looks_of(played(task(at(*place), velocity=(0.0, 0.0, 0.0)))) == []


def test_a_radar_that_obeys_no_task_makes_no_look():
    sensor = msgspec.structs.replace(TRACKER, task_period_s=0.0)
    assert looks_of(played(task(TARGET.place_m), sensor=sensor)) == []


def test_no_second_holds_more_looks_than_the_budget_and_all_tasks_get_their_turn():
    """20 ms at a fifth of the time: ten a second, for fifty tracks that each want four a second."""
    sensor = msgspec.structs.replace(TRACKER, task_period_s=0.25, task_share=0.2)
    bodies = [Straight(f"t{i}", at(300_000.0, 10.0 + 2.1 * i, 30.0)) for i in range(50)]
    tasks = [task(body.place_m, lasts_s=30.0, track=i, velocity=(0, 0, 0)) for i, body in enumerate(bodies)]
    looks = looks_of(played(*tasks, bodies=bodies, sensor=sensor))
    times = np.array([seconds(scan) for scan in looks])
    assert max(int(((times >= t) & (times < t + 1.0)).sum()) for t in times) == 10
    assert len(times) > 280
    per_track = np.bincount([round((math.degrees(scan.azimuth_rad[0]) - 10.0) / 2.1) for scan in looks])
    assert per_track.min() >= 5
    assert per_track.max() <= per_track.min() + 1


def test_a_task_renewed_keeps_the_beat_and_follows_the_newer_word():
    """The second task says another direction: looks go there once its latency has passed, at no doubled rate."""
    first, second = task(TARGET.place_m), task(at(300_000.0, 70.0, 30.0), after_s=25.0)
    looks = looks_of(played(first, second))
    assert [round(seconds(scan), 6) for scan in looks] == [20.5 + i for i in range(15)]
    assert [scan.plot_count for scan in looks] == [1] * 5 + [0] * 10


def test_looks_change_no_plot_of_the_search():
    plain = [scan.range_m.tolist() for scan in played()]
    tasked = [scan.range_m.tolist() for scan in played(task(TARGET.place_m)) if scan.end_ns - scan.start_ns > NS_PER_S]
    assert plain == tasked


def test_scans_and_looks_are_numbered_in_the_order_of_their_ends():
    made = played(task(TARGET.place_m))
    assert [scan.sequence for scan in made] == list(range(len(made)))
    assert [scan.end_ns for scan in made] == sorted(scan.end_ns for scan in made)


def test_in_an_outage_there_is_no_look():
    sensor = msgspec.structs.replace(TRACKER, outages_s=((22.0, 26.0),))
    looks = looks_of(played(task(TARGET.place_m), sensor=sensor))
    assert [round(seconds(scan), 6) for scan in looks] == [20.5, 21.5, 26.5, 27.5, 28.5, 29.5]


def test_a_refracted_radar_looks_along_the_bent_ray():
    """At 1.5 deg of elevation the air lifts by a quarter of a degree: a narrow beam still holds the body."""
    sensor = msgspec.structs.replace(TRACKER, beamwidth_deg=0.1, elevation_min_deg=0.5, range_max_km=2_000.0)
    body = Straight("low", at(1_200_000.0, 50.0, 1.5))
    looks = looks_of(played(task(body.place_m, velocity=(0, 0, 0)), bodies=(body,), sensor=sensor))
    assert [scan.plot_count for scan in looks] == [1] * 10
    assert np.mean([scan.elevation_rad[0] for scan in looks]) > (1.5 + 0.2) * DEG


def test_the_world_hears_a_task_for_its_radar_and_for_no_other():
    sensor = msgspec.structs.replace(TRACKER, azimuth_to_deg=360.0)
    for name, count in (("tracker", 10), ("elsewhere", 0)):
        world = World(scenario(sensor, threats=(THREAT,)), seed=1)
        made = play(world, 0.0, 20.0)
        assert world.hear(msgspec.structs.replace(task(TARGET.place_m), sensor=name)) == []
        made += play(world, 20.0, 40.0)
        assert len(looks_of(scans(made))) == count


def test_the_same_tasks_give_the_same_bytes():
    first, second = (
        [encode(scan) for scan in played(task(TARGET.place_m), sensor=msgspec.structs.replace(RADAR, name="tracker",
         task_period_s=0.5, false_per_scan=500.0))] for _ in range(2)
    )  # fmt: skip
    assert first == second


@pytest.mark.parametrize("azimuth_deg", [0.3, 119.6])
def test_a_look_at_the_edge_searches_and_reports_nothing_beyond_the_field_of_regard(azimuth_deg: float) -> None:
    """Also what noise makes: of ten thousand false plots a scan, as dense in the beam, none may lie outside."""
    noisy = msgspec.structs.replace(TRACKER, false_per_scan=10_000.0, beamwidth_deg=3.0)
    looks = looks_of(played(task(at(300_000.0, azimuth_deg, 30.0), velocity=(0.0, 0.0, 0.0)), sensor=noisy))
    assert sum(scan.plot_count for scan in looks) > 100
    for scan in looks:
        assert 0.0 <= scan.swept.azimuth_from_rad <= scan.swept.azimuth_to_rad <= 120.0 * DEG + 1e-12
        assert (scan.azimuth_rad <= 120.0 * DEG).all()
        # the density of noise is that of the search
        area = (scan.swept.azimuth_to_rad - scan.swept.azimuth_from_rad) * (
            scan.swept.elevation_max_rad - scan.swept.elevation_min_rad
        )
        searched = 120.0 * DEG * (TRACKER.elevation_max_deg - TRACKER.elevation_min_deg) * DEG
        mean = 10_000.0 * area / searched
        assert scan.plot_count == pytest.approx(mean, abs=6.0 * math.sqrt(mean))


def test_looks_follow_the_course_that_the_task_states():
    """Across the line of sight at 2 km/s: in ten seconds it is four beamwidths on."""
    across = np.cross(TARGET.place_m - SITE_M, SITE_M)
    across *= 2_000.0 / np.linalg.norm(across)
    fast = Straight("fast", TARGET.place_m, across)
    looks = looks_of(played(task(TARGET.place_m, velocity=across), bodies=(fast,)))
    assert [scan.plot_count for scan in looks] == [1] * 10
