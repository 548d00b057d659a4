"""What all simulated sensors share: beat, place, clock, biases, outages; and they do not say what they looked at."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from sensor_cases import Straight, scans_of, station
from sky_cases import EPOCH_NS, PLANE, RADAR, THREAT, play, scans, scenario, truth_at

from tocsin.errors import ScenarioError
from tocsin.kernels.geodesy import ecef_from_geodetic, ecef_from_radar, enu_axes, radar_from_ecef
from tocsin.messages import Scan, SensorStatus, check
from tocsin.scenario import Sensor
from tocsin.units import DEG, NS_PER_S
from tocsin.world import World

SITE_M = np.array(ecef_from_geodetic(37.9 * DEG, 40.2 * DEG, 900.0))
EXACT = msgspec.structs.replace(RADAR, noise_scale=0.0)
BIASED = msgspec.structs.replace(
    EXACT, range_bias_std_m=50.0, azimuth_bias_std_deg=0.1, elevation_bias_std_deg=0.2, clock_bias_std_s=0.3
)


def bodies(*names: str) -> list[Straight]:
    """One body for each name, ten degrees and ten kilometres apart."""
    return [
        Straight(name, ecef_from_radar(200_000.0 + 10_000.0 * i, 10.0 * i * DEG, 20.0 * DEG, SITE_M))
        for i, name in enumerate(names)
    ]


def test_a_ship_radar_moves_on_its_course_and_reports_from_where_it_is():
    ship = msgspec.structs.replace(RADAR, platform="ship", course_deg=90.0, speed_m_s=10.0, latitude_deg=36.0,
                                   longitude_deg=35.0, height_m=45.0)  # fmt: skip
    made = scans(play(World(scenario(ship), seed=1), 0.0, 601.0))
    start = np.array(ecef_from_geodetic(36.0 * DEG, 35.0 * DEG, 45.0))
    moved = np.array(made[-1].platform_ecef_m) - start
    east, north, _ = enu_axes(36.0 * DEG, 35.0 * DEG) @ moved
    assert east == pytest.approx(10.0 * (made[-1].end_ns - EPOCH_NS) / NS_PER_S, rel=0.007)
    assert abs(north) < 20.0


def test_no_field_of_a_scan_tells_which_plot_is_true():
    """Two bodies and clutter: the order of plots is random, and columns hold measurements and times only."""
    sensor = msgspec.structs.replace(RADAR, false_per_scan=1.0)
    other = msgspec.structs.replace(PLANE, name="other", latitude_deg=38.0, longitude_deg=41.5)
    made = scans(play(World(scenario(sensor, aircraft=(PLANE, other)), seed=8), 0.0, 300.0))
    firsts = 0
    pairs = 0
    for scan in made:
        assert set(scan.__struct_fields__) == set(Scan.__struct_fields__)
        assert "plane" not in repr(scan)
        assert "other" not in repr(scan)
        near = [i for i in range(scan.plot_count)
                if abs(scan.range_m[i] - radar_from_ecef(truth_at(int(scan.plot_time_ns[i])),
                                                         np.array(scan.platform_ecef_m))[0]) < 200.0]  # fmt: skip
        if scan.plot_count == 2 and len(near) == 1:
            pairs += 1
            firsts += near[0] == 0
    assert pairs > 50
    assert abs(firsts / pairs - 0.5) < 4.0 * 0.5 / math.sqrt(pairs)


def test_scans_keep_their_beat_arrive_late_by_the_latency_and_pass_the_codecs_check():
    sensor = msgspec.structs.replace(RADAR, scan_period_s=2.5, latency_s=0.7)
    made = scans(play(World(scenario(sensor, threats=(THREAT,)), seed=1), 0.0, 200.0))
    assert [scan.sequence for scan in made] == list(range(len(made)))
    assert {b.end_ns - a.end_ns for a, b in itertools.pairwise(made)} == {2_500_000_000}
    for scan in made:
        check(scan)
        assert scan.arrival_ns - scan.end_ns == 700_000_000
        assert scan.start_ns == scan.end_ns - 2_500_000_000
        assert np.all((scan.plot_time_ns >= scan.start_ns) & (scan.plot_time_ns <= scan.end_ns))


def test_a_sensor_that_is_not_enabled_does_not_exist():
    world = World(scenario(msgspec.structs.replace(RADAR, enabled=False), threats=(THREAT,)), seed=1)
    assert play(world, 0.0, 200.0) == []


def test_a_sensor_on_a_recorded_path_cannot_be_simulated():
    sensor = Sensor(name="radar", kind="radar", platform="path", path_file="x.csv")
    with pytest.raises(ScenarioError, match="recorded path"):
        play(World(scenario(sensor), seed=1), 0.0, 2.0)


def test_a_radar_cannot_be_simulated_in_orbit_nor_space_infrared_on_land():
    for kind, platform in (("radar", "geostationary"), ("infrared", "land"), ("position", "orbit")):
        with pytest.raises(ScenarioError, match="cannot stand on this platform"):
            World(scenario(Sensor(name="odd", kind=kind, platform=platform)), seed=1)


def test_the_drawn_biases_are_in_every_report_and_in_truth():
    world = World(scenario(BIASED, aircraft=(PLANE,)), seed=3)
    (bias,) = world.truth.sensors
    made = scans(play(world, 0.0, 30.0))
    assert bias.name == "radar"
    assert min(abs(bias.range_bias_m), abs(bias.azimuth_bias_rad), abs(bias.elevation_bias_rad)) > 0.0
    for scan in made:
        true_ns = int(scan.plot_time_ns[0]) - round(bias.clock_bias_s * 1e9)
        true = radar_from_ecef(truth_at(true_ns), np.array(scan.platform_ecef_m))
        # the plane's own motion inside the rounding of the clock bias is under a micrometre
        assert scan.range_m[0] - true[0] == pytest.approx(bias.range_bias_m, abs=0.01)
        assert scan.azimuth_rad[0] - true[1] == pytest.approx(bias.azimuth_bias_rad, abs=1e-7)
        assert scan.elevation_rad[0] - true[2] == pytest.approx(bias.elevation_bias_rad, abs=1e-7)


def test_a_clock_bias_shifts_stated_times_and_no_arrival():
    plain, late = (scans(play(World(scenario(s, aircraft=(PLANE,)), 3), 0.0, 20.0)) for s in (EXACT, BIASED))
    shift_ns = {b.end_ns - a.end_ns for a, b in zip(plain, late, strict=True)}
    assert len(shift_ns) == 1
    assert abs(shift_ns.pop()) > 1_000_000
    for a, b in zip(plain, late, strict=True):
        assert a.arrival_ns == b.arrival_ns
        shifts = {b.start_ns - a.start_ns, b.time_ns - a.time_ns, int(b.plot_time_ns[0] - a.plot_time_ns[0])}
        assert shifts == {b.end_ns - a.end_ns}


def test_biases_have_the_stated_spread_from_run_to_run():
    drawn = [World(scenario(BIASED), seed).truth.sensors[0] for seed in range(400)]
    stated = {"range_bias_m": 50.0, "azimuth_bias_rad": 0.1 * DEG, "elevation_bias_rad": 0.2 * DEG, "clock_bias_s": 0.3}
    for name, std in stated.items():
        values = np.array([getattr(one, name) for one in drawn])
        assert values.std() == pytest.approx(std, rel=4.0 / math.sqrt(800.0))
        assert abs(values.mean()) < 4.0 * std / 20.0
    # and none tells of another: correlations within 4 sigma of nothing
    values = np.array([[getattr(truth, name) for name in stated] for truth in drawn])
    apart = np.corrcoef(values.T) - np.eye(len(stated))
    assert np.abs(apart).max() < 4.0 / math.sqrt(len(drawn))


def test_an_outage_is_silence_and_nothing_else():
    """No scan whose dwell touches it, no status; afterwards the scans are what they would have been."""
    sensor = msgspec.structs.replace(RADAR, outages_s=((20.0, 35.5), (50.0, 60.0)))
    whole = play(World(scenario(RADAR, aircraft=(PLANE,)), 1), 0.0, 100.0)
    made = play(World(scenario(sensor, aircraft=(PLANE,)), 1), 0.0, 100.0)
    assert [m for m in made if isinstance(m, SensorStatus)] == [m for m in made[:1] if isinstance(m, SensorStatus)]

    def is_on(scan: Scan) -> bool:
        from_s, to_s = ((t - EPOCH_NS) / NS_PER_S for t in (scan.start_ns, scan.end_ns))
        return (to_s <= 20.0 or from_s >= 35.5) and (to_s <= 50.0 or from_s >= 60.0)

    expected = [scan for scan in scans(whole) if is_on(scan)]
    assert len(scans(whole)) - len(expected) in (27, 28)
    assert [s.range_m.tolist() for s in scans(made)] == [s.range_m.tolist() for s in expected]
    assert [s.end_ns for s in scans(made)] == [s.end_ns for s in expected]
    assert [s.sequence for s in scans(made)] == list(range(len(expected)))


def test_a_body_that_was_never_there_changes_no_draw_of_another():
    sensor = msgspec.structs.replace(RADAR, detection_prob=0.6)
    both, alone = (
        [scan.range_m[scan.range_m > 205_000.0].tolist() for scan in scans_of(station(sensor, *case), 0.0, 200.0)]
        for case in (bodies("near", "far"), bodies("near", "far")[1:])
    )
    assert both == alone
    assert 80 < sum(map(len, both)) < 160


def test_two_bodies_have_draws_of_their_own():
    made = scans_of(station(RADAR, *bodies("near", "far")), 0.0, 400.0)
    near, far = (
        np.array([r for scan in made for r in scan.range_m if (r > 205_000.0) == far]) for far in (False, True)
    )
    assert abs(np.corrcoef(near, far)[0, 1]) < 4.0 / math.sqrt(400.0)


def test_an_end_takes_effect_at_once_inside_a_block_worked_out_before():
    world = World(scenario(RADAR, threats=(THREAT,)), seed=1)
    before = scans(play(world, 0.0, 200.0))
    assert before[-1].plot_count == 1
    world._missiles[0].ended_s = 207.5  # the block of this time is already worked out
    after = scans(play(world, 200.0, 215.0))
    times = [(t - EPOCH_NS) / NS_PER_S for scan in after for t in scan.plot_time_ns]
    assert 206.0 < max(times) < 207.5
    assert len(times) in (7, 8)
    for scan in after:
        check(scan)


def test_columns_of_a_scan_cannot_be_written():
    (scan,) = scans_of(station(RADAR, *bodies("one")), 3.0, 4.0)
    for column in (scan.range_m, scan.plot_time_ns):
        assert column.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
