"""The simulated radar: how often it sees, how wrong it is, what bends its rays, and what it makes up."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest
from scipy import stats
from sensor_cases import Straight, scans_of, station
from sky_cases import EPOCH_NS, PLANE, RADAR, THREAT, play, scans, scenario, truth_at

from tocsin.kernels.geodesy import ecef_from_geodetic, ecef_from_radar, radar_from_ecef
from tocsin.messages import Posture
from tocsin.policy import Policy, PosturePolicy
from tocsin.scenario import Sensor, Spread
from tocsin.units import DEG, NS_PER_S
from tocsin.world import World

FAR_M = 600_000.0
ECHO = Sensor(
    name="echo", kind="radar", latitude_deg=37.9, longitude_deg=40.2, height_m=900.0, is_refracted=False,
    reference_snr_db=13.0, reference_range_km=600.0, reference_rcs_m2=2.0, range_std_m=0.01, azimuth_std_deg=1e-5,
    elevation_std_deg=1e-5, scan_period_s=1.0,
)  # fmt: skip
SITE_M = np.array(ecef_from_geodetic(37.9 * DEG, 40.2 * DEG, 900.0))


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


def test_a_missile_below_the_radars_horizon_is_not_seen_and_later_is():
    world = World(scenario(RADAR, threats=(THREAT,)), seed=1)
    made = scans(play(world, 0.0, 300.0))
    first = next(scan for scan in made if scan.plot_count)
    assert 80.0 < (first.end_ns - EPOCH_NS) / NS_PER_S < 130.0
    assert math.degrees(first.elevation_rad[0]) == pytest.approx(2.0, abs=1.0)
    assert all(scan.plot_count == 0 for scan in made if scan.end_ns < first.end_ns)


def crowd(count: int, rcs_m2: float, range_m: float = FAR_M) -> list[Straight]:
    """Many bodies in one place, each with its own draws."""
    place_m = ecef_from_radar(range_m, 1.0, 0.4, SITE_M)
    return [Straight(f"one of many {i}", place_m, rcs_m2=rcs_m2) for i in range(count)]


def closed_form(snr_ratio: float, false_alarm_prob: float, swerling: int) -> float:
    """Skolnik, Introduction to Radar Systems (2001), ch. 2: Marcum's Q, and Swerling's cases 1 and 3 for one look."""
    threshold = -math.log(false_alarm_prob)
    if swerling == 0:
        return float(stats.ncx2.sf(2.0 * threshold, 2, 2.0 * snr_ratio))
    if swerling == 1:
        return math.exp(-threshold / (1.0 + snr_ratio))
    half = 1.0 + snr_ratio / 2.0
    return (1.0 + threshold / half * (1.0 - 1.0 / half)) * math.exp(-threshold / half)


@pytest.mark.parametrize("swerling", [0, 1, 3])
@pytest.mark.parametrize("rcs_m2", [1.0, 2.0, 4.0])
def test_bodies_are_seen_as_often_as_the_closed_form_says(swerling, rcs_m2):
    """Within 1 %, at 13 dB for 2 m2 at 600 km; 500 000 looks, of which 1 % is 2 to 30 sigma of the binomial."""
    sensor = msgspec.structs.replace(ECHO, swerling=swerling)
    made = scans_of(station(sensor, *crowd(500, rcs_m2)), 0.0, 1_000.0)
    expected = closed_form(10.0**1.3 * rcs_m2 / 2.0, sensor.false_alarm_prob, swerling)
    share = sum(scan.plot_count for scan in made) / (500 * len(made))
    assert share == pytest.approx(expected, rel=0.01)


def test_signal_falls_with_the_fourth_power_of_range():
    """A steady echo 60 dB strong: the power reported is that of the radar equation, to the spread of its noise."""
    sensor = msgspec.structs.replace(ECHO, swerling=0, reference_snr_db=60.0)
    for range_m, expected_db in (
        (300_000.0, 60.0 + 40.0 * math.log10(2.0)),
        (900_000.0, 60.0 - 40.0 * math.log10(1.5)),
    ):
        (scan,) = scans_of(station(sensor, *crowd(500, 2.0, range_m)), 5.0, 6.0)
        assert np.mean(scan.snr_db) == pytest.approx(expected_db, abs=0.01)


@pytest.mark.parametrize("swerling", [0, 1])
def test_errors_have_the_accuracy_that_each_plots_own_signal_to_noise_gives(swerling):
    """Width / (1.6 sqrt(2 snr)) with a floor, within 1 %; 100 000 plots, of which 1 % is more than 4 sigma."""
    sensor = msgspec.structs.replace(ECHO, swerling=swerling, range_std_m=6.0, azimuth_std_deg=0.1)
    made = scans_of(station(sensor, *crowd(500, 20.0)), 0.0, 220.0)
    ratio = np.concatenate([10.0 ** (0.1 * scan.snr_db) for scan in made])
    assert len(ratio) > 100_000
    true = radar_from_ecef(ecef_from_radar(FAR_M, 1.0, 0.4, SITE_M), SITE_M)
    for name, truth, width, floor in (
        ("range_m", true[0], sensor.range_resolution_m, 6.0),
        ("azimuth_rad", true[1], sensor.beamwidth_deg * DEG, 0.1 * DEG),
        ("elevation_rad", true[2], sensor.beamwidth_deg * DEG, 1e-5 * DEG),
    ):
        measured = np.concatenate([getattr(scan, name) for scan in made])
        error = (measured - truth) / np.sqrt((width / 1.6) ** 2 / (2.0 * ratio) + floor**2)
        assert error.std() == pytest.approx(1.0, abs=0.01)
        assert abs(error.mean()) < 4.0 / math.sqrt(len(error))


def test_false_plots_of_a_threshold_radar_stand_just_above_it():
    """Noise that passed: exponential above the threshold, mean 1; 4 sigma."""
    sensor = msgspec.structs.replace(ECHO, false_per_scan=20.0)
    power = np.concatenate([10.0 ** (0.1 * scan.snr_db) for scan in scans_of(station(sensor), 0.0, 100.0)])
    above = power + math.log(sensor.false_alarm_prob)
    assert above.min() > 0.0
    assert above.mean() == pytest.approx(1.0, abs=4.0 / math.sqrt(len(above)))


def test_a_radar_without_a_reference_states_no_signal_to_noise():
    assert all(scan.snr_db is None for scan in scans_of(station(RADAR, *crowd(3, 1.0)), 0.0, 3.0))


def test_the_bending_at_three_degrees_to_space_is_that_of_the_literature():
    """4.6 mrad out to 250 km height at 3 deg and 313 N-units (Bean and Thayer, 1959: 4.6), less the parallax: the
    elevation lifts by less than the whole bending and by more than three quarters of it.
    """
    sensor = msgspec.structs.replace(RADAR, is_refracted=True, noise_scale=0.0, height_m=0.0, range_max_km=3_000.0)
    site_m = np.array(ecef_from_geodetic(37.9 * DEG, 40.2 * DEG, 0.0))
    body = Straight("high", ecef_from_radar(1_550_000.0, 1.0, 3.0 * DEG, site_m))
    (scan,) = scans_of(station(sensor, body), 5.0, 6.0)
    assert 0.75 * 4.6e-3 < scan.elevation_rad[0] - 3.0 * DEG < 4.6e-3


def test_the_air_of_a_run_is_drawn_about_the_surveyed_one_and_bends_accordingly():
    sensor = msgspec.structs.replace(RADAR, is_refracted=True)
    case = scenario(sensor, spread=Spread(refractivity_std=20.0))
    drawn = np.array([World(case, seed).truth.sensors[0].refractivity for seed in range(200)])
    assert drawn.mean() == pytest.approx(313.0, abs=4.0 * 20.0 / math.sqrt(200.0))
    assert drawn.std() == pytest.approx(20.0, rel=4.0 / math.sqrt(400.0))
    quiet = msgspec.structs.replace(sensor, noise_scale=0.0, range_max_km=3_000.0)
    body = Straight("high", ecef_from_radar(1_500_000.0, 1.0, 3.0 * DEG, SITE_M))
    lifts = []
    for deviation in (0.0, 31.3):
        (scan,) = scans_of(station(quiet, body, refractivity_deviation=deviation), 5.0, 6.0)
        lifts.append(scan.elevation_rad[0] - 3.0 * DEG)
    assert lifts[1] / lifts[0] == pytest.approx(1.1, abs=0.01)  # bending goes with refractivity, a little faster


def test_each_search_scan_of_lower_duty_is_one_of_those_at_full_duty():
    levels = PosturePolicy(sensor_duty=(0.5, 1.0))
    case = msgspec.structs.replace(scenario(RADAR, aircraft=(PLANE,)), policy=Policy(posture=levels))
    world, full = World(case, 1), scans(play(World(scenario(RADAR, aircraft=(PLANE,)), 1), 0.0, 120.0))
    before = scans(play(world, 0.0, 60.0))
    raised_ns = EPOCH_NS + 60 * NS_PER_S
    world.hear(
        Posture(time_ns=raised_ns, arrival_ns=raised_ns, level="raised", concurrence="none", crew_reaction_s=25.0,
                members_count=32)
    )  # fmt: skip
    after = scans(play(world, 60.0, 120.0))
    assert len(before) == 30
    assert len(after) == 60
    by_end = {scan.end_ns: scan.range_m.tolist() for scan in full}
    assert all(by_end[scan.end_ns] == scan.range_m.tolist() for scan in (*before, *after))
    assert {b.end_ns - a.end_ns for a, b in itertools.pairwise(before)} == {2 * NS_PER_S}
