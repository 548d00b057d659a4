"""Simulated sensors: what they may see, how wrong they are, and that they do not say what they looked at."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, PLANE, RADAR, THREAT, play, scans, scenario

from tocsin.errors import ScenarioError
from tocsin.kernels.geodesy import ecef_from_geodetic, ecef_from_radar, enu_axes, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.sighting import is_earth_between
from tocsin.messages import Scan, check
from tocsin.scenario import Sensor, Traffic, Truth
from tocsin.units import DEG, NS_PER_S
from tocsin.world import World
from tocsin.world.sky import Plane

INFRARED = Sensor(name="infrared", kind="infrared", platform="geostationary", longitude_deg=20.0, detection_prob=1.0)


def truth_at(scan_time_ns: int) -> np.ndarray:
    position, _ = Plane(PLANE).states(np.array([(scan_time_ns - EPOCH_NS) / 1e9]))
    return position[0]


def test_radar_errors_have_the_stated_spread_and_no_bias():
    """400 plots: the sample deviation lies within 4 standard errors, sigma / sqrt(2 n), of the stated one."""
    world = World(scenario(RADAR, aircraft=(PLANE,)), seed=3)
    errors = []
    for scan in scans(play(world, 0.0, 400.0)):
        for i in range(scan.plot_count):
            true = radar_from_ecef(truth_at(int(scan.plot_time_ns[i])), np.array(scan.platform_ecef_m))
            errors.append((scan.range_m[i] - true[0], scan.azimuth_rad[i] - true[1], scan.elevation_rad[i] - true[2]))
    table, n = np.array(errors), len(errors)
    assert n >= 399
    stated = np.array((RADAR.range_std_m, RADAR.azimuth_std_deg * DEG, RADAR.elevation_std_deg * DEG))
    assert np.all(np.abs(table.std(axis=0) / stated - 1.0) < 4.0 / math.sqrt(2.0 * n))
    assert np.all(np.abs(table.mean(axis=0)) < 4.0 * stated / math.sqrt(n))


def test_range_rate_is_the_slope_of_range_within_its_error():
    world = World(scenario(msgspec.structs.replace(RADAR, noise_scale=0.01), aircraft=(PLANE,)), seed=3)
    seen = scans(play(world, 0.0, 60.0))
    for before, after in itertools.pairwise(seen):
        slope = (after.range_m[0] - before.range_m[0]) / ((after.plot_time_ns[0] - before.plot_time_ns[0]) / NS_PER_S)
        assert slope == pytest.approx(0.5 * (before.range_rate_m_s[0] + after.range_rate_m_s[0]), abs=3.0)


def test_doubled_noise_doubles_each_error_of_an_unchanged_draw():
    plain = scans(play(World(scenario(RADAR, aircraft=(PLANE,)), seed=3), 0.0, 20.0))
    noisy = scans(
        play(World(scenario(msgspec.structs.replace(RADAR, noise_scale=2.0), aircraft=(PLANE,)), 3), 0.0, 20.0)
    )
    for one, two in zip(plain, noisy, strict=True):
        true = radar_from_ecef(truth_at(int(one.plot_time_ns[0])), np.array(one.platform_ecef_m))
        assert two.range_m[0] - true[0] == pytest.approx(2.0 * (one.range_m[0] - true[0]), abs=1e-6)


@pytest.mark.parametrize("detection_prob", [0.3, 0.9])
def test_detections_are_binomial_with_the_stated_probability(detection_prob):
    sensor = msgspec.structs.replace(RADAR, detection_prob=detection_prob)
    made = scans(play(World(scenario(sensor, aircraft=(PLANE,)), seed=11), 0.0, 350.0))
    hits = sum(scan.plot_count for scan in made)
    assert abs(hits - len(made) * detection_prob) < 4.0 * math.sqrt(len(made) * detection_prob * (1 - detection_prob))


def test_false_plots_are_poisson_and_fill_the_swept_volume_with_the_stated_density():
    sensor = msgspec.structs.replace(RADAR, false_per_scan=3.0, azimuth_from_deg=300.0, azimuth_to_deg=60.0)
    made = scans(play(World(scenario(sensor), seed=5), 0.0, 500.0))
    counts = np.array([scan.plot_count for scan in made])
    assert abs(counts.mean() - 3.0) < 4.0 * math.sqrt(3.0 / len(counts))
    assert abs(counts.var() - 3.0) < 4.0 * 3.0 * math.sqrt(2.0 / len(counts)) + 0.5
    swept = made[0].swept
    volume = (
        (swept.range_max_m - swept.range_min_m)
        * (swept.azimuth_to_rad - swept.azimuth_from_rad)
        * (swept.elevation_max_rad - swept.elevation_min_rad)
    )
    assert swept.clutter_density * volume == pytest.approx(3.0)
    ranges = np.concatenate([scan.range_m for scan in made])
    past = np.mod(np.concatenate([scan.azimuth_rad for scan in made]) - swept.azimuth_from_rad, 2 * math.pi)
    for share in (
        (ranges - swept.range_min_m) / (swept.range_max_m - swept.range_min_m),
        past / (swept.azimuth_to_rad - swept.azimuth_from_rad),
    ):
        assert share.min() >= 0.0
        assert share.max() <= 1.0
        assert abs(share.mean() - 0.5) < 4.0 / math.sqrt(12.0 * len(share))


def test_nothing_is_plotted_outside_the_field_of_regard_or_below_the_horizon():
    sector = Sensor(
        name="radar", kind="radar", latitude_deg=37.5, longitude_deg=38.0, height_m=20.0, detection_prob=1.0,
        noise_scale=0.01, azimuth_from_deg=320.0, azimuth_to_deg=80.0, elevation_min_deg=-1.0, elevation_max_deg=30.0,
        range_min_km=20.0, range_max_km=300.0,
    )  # fmt: skip
    box = Traffic(
        count=60, kind="airliner", latitude_min_deg=34.0, latitude_max_deg=41.0, longitude_min_deg=33.0,
        longitude_max_deg=43.0,
    )  # fmt: skip
    low = msgspec.structs.replace(box, kind="cruise_missile", count=60)
    case = msgspec.structs.replace(scenario(sector), truth=Truth(traffic=(box, low)))
    plots = 0
    for scan in scans(play(World(case, seed=2), 0.0, 60.0)):
        for i in range(scan.plot_count):
            plots += 1
            past = math.degrees(scan.azimuth_rad[i]) - 320.0
            assert past % 360.0 <= 120.1
            assert 19_900.0 < scan.range_m[i] < 300_100.0
            assert -1.1 < math.degrees(scan.elevation_rad[i]) < 30.1
            # 4/3 Earth, textbook rule for low heights: d_km = 4.12 (sqrt(h1) + sqrt(h2)), heights in m
            there = ecef_from_radar(
                scan.range_m[i], scan.azimuth_rad[i], scan.elevation_rad[i], np.array(scan.platform_ecef_m)
            )
            height_m = max(0.0, geodetic_from_ecef(*there)[2]) + 30.0  # and the error of measured height
            assert scan.range_m[i] < 4.12e3 * (math.sqrt(20.0) + math.sqrt(height_m)) * 1.01
    assert plots > 100


def test_a_missile_below_the_radars_horizon_is_not_seen_and_later_is():
    world = World(scenario(RADAR, threats=(THREAT,)), seed=1)
    made = scans(play(world, 0.0, 300.0))
    first = next(scan for scan in made if scan.plot_count)
    assert 80.0 < (first.end_ns - EPOCH_NS) / NS_PER_S < 130.0
    assert math.degrees(first.elevation_rad[0]) == pytest.approx(2.0, abs=1.0)
    assert all(scan.plot_count == 0 for scan in made if scan.end_ns < first.end_ns)


def test_infrared_sees_the_burn_above_the_cloud_and_nothing_after():
    world = World(scenario(INFRARED, threats=(THREAT,)), seed=1)
    seen = [scan for scan in scans(play(world, 0.0, 400.0)) if scan.plot_count]
    threat = world.truth.threats[0]
    assert threat.launch_ns + 20 * NS_PER_S < seen[0].end_ns < threat.launch_ns + 60 * NS_PER_S
    assert threat.burnout_ns - 2 * NS_PER_S < seen[-1].end_ns < threat.burnout_ns
    world.generate(EPOCH_NS + 400 * NS_PER_S, EPOCH_NS + 401 * NS_PER_S)
    height_m = {row[0]: row[12] for row in world.truth_rows()}
    assert height_m[threat.launch_ns + (seen[0].end_ns - threat.launch_ns) // NS_PER_S * NS_PER_S + NS_PER_S] > 9_000.0


def test_infrared_lines_point_at_the_body_within_the_stated_angle():
    world = World(scenario(msgspec.structs.replace(INFRARED, scan_period_s=0.1), threats=(THREAT,)), seed=1)
    made = scans(play(world, 0.0, 120.0))
    missile = world._missiles[0]  # the only place where a test may ask for truth between rows
    tilts = []
    for scan in made:
        for i in range(scan.plot_count):
            there = missile.states(np.array([(scan.plot_time_ns[i] - EPOCH_NS) / 1e9]))[0][0]
            line = there - np.array(scan.platform_ecef_m)
            line /= np.linalg.norm(line)
            tilts.append(math.asin(min(1.0, np.linalg.norm(np.cross(line, scan.line_of_sight_ecef[i])))))
    # Rayleigh: the mean square of a two-axis error is 2 sigma^2, its standard error 2 sigma^2 / sqrt(n)
    sigma = INFRARED.line_of_sight_std_urad * 1e-6
    assert len(tilts) > 400
    assert np.mean(np.square(tilts)) == pytest.approx(2 * sigma**2, rel=4.0 / math.sqrt(len(tilts)))


def test_the_earth_hides_what_is_behind_it():
    platform = (42_164_000.0, 0.0, 0.0)
    assert is_earth_between(-6_500_000.0, 0.0, 0.0, *platform) == 1
    assert is_earth_between(6_500_000.0, 0.0, 0.0, *platform) == 0
    assert is_earth_between(0.0, 9_000_000.0, 0.0, *platform) == 0
    world = World(scenario(msgspec.structs.replace(INFRARED, longitude_deg=-130.0), threats=(THREAT,)), seed=1)
    assert not any(scan.plot_count for scan in scans(play(world, 0.0, 120.0)))


def test_infrared_does_not_see_aircraft_or_satellites():
    world = World(scenario(INFRARED, aircraft=(PLANE,)), seed=1)
    assert not any(scan.plot_count for scan in scans(play(world, 0.0, 60.0)))


def test_false_flashes_lie_on_the_disc_of_the_earth():
    sensor = msgspec.structs.replace(INFRARED, false_per_scan=2.0)
    made = scans(play(World(scenario(sensor), seed=4), 0.0, 300.0))
    lines = np.vstack([scan.line_of_sight_ecef for scan in made])
    down = -np.array(made[0].platform_ecef_m) / np.linalg.norm(made[0].platform_ecef_m)
    angle = np.degrees(np.arccos(np.clip(lines @ down, -1.0, 1.0)))
    assert angle.max() < 8.71  # asin(6378 / 42164): the limb seen from geostationary height
    assert angle.max() > 8.0
    assert abs(len(lines) / len(made) - 2.0) < 4.0 * math.sqrt(2.0 / len(made))
    # uniform in solid angle: half of them beyond half the solid angle
    half = math.degrees(math.acos(0.5 * (1.0 + math.cos(math.radians(8.70)))))
    assert abs(np.mean(angle > half) - 0.5) < 4.0 * 0.5 / math.sqrt(len(angle))


def test_a_position_sensor_hears_airliners_and_no_drone():
    sensor = Sensor(name="ads", kind="position", latitude_deg=38.0, longitude_deg=40.0, height_m=500.0,
                    detection_prob=1.0, range_max_km=400.0)  # fmt: skip
    silent = msgspec.structs.replace(PLANE, name="drone", kind="drone")
    made = scans(play(World(scenario(sensor, aircraft=(PLANE, silent)), seed=6), 0.0, 400.0))
    assert all(scan.plot_count == 1 and scan.swept is None for scan in made)
    errors = []
    for scan in made:
        there = truth_at(int(scan.plot_time_ns[0]))
        latitude, longitude, _ = geodetic_from_ecef(*there)
        errors.append(enu_axes(latitude, longitude) @ (scan.position_ecef_m[0] - there))
    stated = np.array((sensor.position_std_m, sensor.position_std_m, sensor.height_std_m))
    assert np.all(np.abs(np.std(errors, axis=0) / stated - 1.0) < 4.0 / math.sqrt(2.0 * len(errors)))


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
