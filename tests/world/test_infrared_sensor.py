"""The simulated space infrared: what it sees burn, when the light left, and what it takes for a plume."""

from __future__ import annotations

import datetime as dt
import math

import msgspec
import numpy as np
import pymap3d
import pytest
from sensor_cases import Straight, scans_of, station
from sgp4.api import Satrec, jday
from sky_cases import EPOCH_NS, PLANE, THREAT, play, scans, scenario

from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.scenario import Fire, Sensor, load_scenario, scenario_from
from tocsin.scenario.sensor_classes import sensor_classes
from tocsin.units import DEG, NS_PER_S, ns_from_iso
from tocsin.world import World
from tocsin.world.body import Burn
from tocsin.world.sensors.sun import mirror_point, sun_direction

INFRARED = Sensor(name="infrared", kind="infrared", platform="geostationary", longitude_deg=20.0, detection_prob=1.0)
HIGH = msgspec.structs.replace(
    INFRARED, platform="orbit", line1=sensor_classes()["infrared-heo"]["line1"],
    line2=sensor_classes()["infrared-heo"]["line2"],
)  # fmt: skip
LIGHT_M_S = 299_792_458.0
BURN = (Burn(-1e6, 1e6, 1_000.0),)


def over(latitude_deg: float, longitude_deg: float, height_m: float) -> np.ndarray:
    return np.array(ecef_from_geodetic(latitude_deg * DEG, longitude_deg * DEG, height_m))


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


def test_a_fast_body_is_seen_where_it_was_when_the_light_left_it():
    """8 km/s for 0.12 s is 1 km, 26 urad from geostationary height; the Earth turned by 56 m meanwhile."""
    body = Straight("fast", over(35.0, 40.0, 200_000.0), (0.0, 0.0, 8_000.0), burns=BURN)
    sensor = msgspec.structs.replace(INFRARED, noise_scale=0.0)
    for scan in scans_of(station(sensor, body), 0.0, 20.0):
        end_s = (scan.end_ns - EPOCH_NS) / NS_PER_S
        platform = np.array(scan.platform_ecef_m)
        left_s = end_s
        for _ in range(5):
            left_s = end_s - np.linalg.norm(body.states(np.array((left_s,)))[0][0] - platform) / LIGHT_M_S
        then, now = body.states(np.array((left_s, end_s)))[0]
        assert 0.118 < end_s - left_s < 0.13
        assert scan.plot_time_ns.tolist() == [scan.end_ns]
        seen = scan.line_of_sight_ecef[0]
        angle_then, angle_now = (
            math.asin(np.linalg.norm(np.cross(seen, (p - platform) / np.linalg.norm(p - platform))))
            for p in (then, now)
        )
        assert angle_then < 2.0e-6
        assert angle_now > 15.0e-6


def test_nothing_is_seen_after_the_last_light_has_passed():
    """The flash ends at 10 s and its light arrives 0.12 s later: seen till then."""
    body = Straight("flash", over(35.0, 40.0, 50_000.0), burns=(Burn(5.0, 10.0, 1_000.0),))
    sensor = msgspec.structs.replace(INFRARED, scan_period_s=0.05, detection_prob=1.0)
    seen = [
        (scan.end_ns - EPOCH_NS) / NS_PER_S for scan in scans_of(station(sensor, body), 0.0, 20.0) if scan.plot_count
    ]
    assert 5.118 < min(seen) < 5.18
    assert 10.07 < max(seen) < 10.13


@pytest.mark.parametrize(("intensity_kw_sr", "count"), [(9.9, 0), (11.0, 1)])
def test_a_flash_is_seen_where_it_is_bright_enough_at_its_range(intensity_kw_sr, count):
    """Ten kW/sr at 36 000 km; from 37 900 km, the range to 35 N 40 E, a tenth more is needed."""
    body = Straight("flash", over(35.0, 40.0, 50_000.0), burns=(Burn(-9.0, 99.0, intensity_kw_sr),))
    sensor = msgspec.structs.replace(INFRARED, min_intensity_kw_sr=10.0 * (36.0 / 37.2) ** 2)
    distance_m = np.linalg.norm(body.place_m - station(sensor).platform(np.zeros(1))[0])
    assert distance_m == pytest.approx(37_500_000.0, abs=400_000.0)
    assert [scan.plot_count for scan in scans_of(station(sensor, body), 0.0, 3.0)] == [count] * 3


@pytest.mark.parametrize(("cloud_top_m", "count"), [(11_900.0, 1), (12_100.0, 0)])
def test_a_plume_is_seen_above_the_cloud_and_not_below(cloud_top_m, count):
    sensor = msgspec.structs.replace(INFRARED, cloud_top_m=cloud_top_m)
    body = Straight("plume", over(35.0, 40.0, 12_000.0), burns=BURN)
    assert [scan.plot_count for scan in scans_of(station(sensor, body), 0.0, 3.0)] == [count] * 3


def test_a_platform_on_the_far_side_of_the_earth_sees_nothing():
    world = World(scenario(msgspec.structs.replace(INFRARED, longitude_deg=-130.0), threats=(THREAT,)), seed=1)
    assert not any(scan.plot_count for scan in scans(play(world, 0.0, 120.0)))


def test_the_highly_elliptical_platform_is_where_its_elements_say():
    """SGP4 turned to the Earth by pymap3d's sidereal time: within a kilometre at 39 000 km."""
    status, place_km, _ = Satrec.twoline2rv(HIGH.line1, HIGH.line2).sgp4(*jday(2026, 3, 4, 10, 0, 0))
    assert status == 0
    expected = np.array(pymap3d.eci2ecef(*(1000.0 * np.array(place_km)), dt.datetime(2026, 3, 4, 10, 0, 0))).ravel()
    (place,) = station(HIGH).platform(np.array((3_600.0,)))
    assert np.linalg.norm(place - expected) < 1_000.0
    assert np.linalg.norm(place) > 4e7


def test_only_the_highly_elliptical_platform_sees_a_burn_near_the_pole():
    """From the equator's plane the limb lies at 81.3 deg of latitude, and 20 km of height add 4.5 deg."""
    body = Straight("north", over(87.0, 20.0, 20_000.0), burns=BURN)
    counts = [{scan.plot_count for scan in scans_of(station(sensor, body), 0.0, 20.0)} for sensor in (INFRARED, HIGH)]
    assert counts == [{0}, {1}]
    swept = [scan.swept.range_max_m for scan in scans_of(station(HIGH, body), 0.0, 20.0)]
    assert len(set(swept)) == 20  # it moves, and says so


def test_the_packaged_class_sees_the_packaged_missile():
    document = msgspec.to_builtins(load_scenario("one-missile"))
    document["sensors"] = [{"name": "high", "like": "infrared-heo"}]
    world = World(scenario_from(document), seed=1)
    epoch_ns = ns_from_iso(document["epoch"])
    seen = [m for m in world.generate(epoch_ns, epoch_ns + 120 * NS_PER_S) if getattr(m, "plot_count", 0)]
    assert len(seen) > 5


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


def test_the_sun_stands_where_the_almanac_has_it():
    """Equinox of 2026-03-20T14:46Z: no declination; solstice of 2026-06-21T08:24Z: 23.44 deg. At 12:00Z it stands over
    the meridian that the equation of time gives: -7.4 min on 20 March, +16.4 min on 3 November (Almanac).
    """

    def place(text: str) -> tuple[float, float]:
        x, y, z = sun_direction(ns_from_iso(text), np.zeros(1))[0]
        return math.degrees(math.asin(z)), math.degrees(math.atan2(y, x))

    assert place("2026-03-20T14:46:00Z")[0] == pytest.approx(0.0, abs=0.02)
    assert place("2026-06-21T08:24:00Z")[0] == pytest.approx(23.44, abs=0.02)
    assert place("2026-03-20T12:00:00Z")[1] == pytest.approx(7.4 / 4.0, abs=0.06)
    assert place("2026-11-03T12:00:00Z")[1] == pytest.approx(-16.4 / 4.0, abs=0.06)


def test_the_mirror_point_mirrors():
    """Arrival and departure make equal angles with the vertical and lie in one plane; there is none past sunset."""
    rng = np.random.default_rng(5)
    platform = 4.2e7 * rng.normal(size=(500, 3))
    platform *= (4.2e7 / np.linalg.norm(platform, axis=1))[:, None]
    sun = rng.normal(size=(500, 3))
    sun /= np.linalg.norm(sun, axis=1)[:, None]
    point, is_lit = mirror_point(platform, sun)
    up = point / np.linalg.norm(point, axis=1)[:, None]
    out = platform - point
    out /= np.linalg.norm(out, axis=1)[:, None]
    cos_in, cos_out = np.einsum("ij,ij->i", up, sun), np.einsum("ij,ij->i", up, out)
    np.testing.assert_allclose(cos_in[is_lit], cos_out[is_lit], atol=1e-8)
    assert np.max(np.abs(np.einsum("ij,ij->i", np.cross(up, sun), out))[is_lit]) < 1e-8
    assert np.all(cos_in[is_lit] > 0.0)
    assert 0.6 < is_lit.mean() < 1.0


def test_glints_come_at_the_stated_rate_and_about_the_mirror_point():
    sensor = msgspec.structs.replace(INFRARED, glints_per_hour=360.0)
    made = scans_of(station(sensor), 0.0, 3_600.0)
    lines = np.vstack([scan.line_of_sight_ecef for scan in made])
    assert abs(len(lines) - 360) < 4.0 * math.sqrt(360.0)
    platform = np.array(made[0].platform_ecef_m)
    ends_s = np.array([(scan.plot_time_ns[0] - EPOCH_NS) / 1e9 for scan in made if scan.plot_count == 1])
    single = np.vstack([scan.line_of_sight_ecef for scan in made if scan.plot_count == 1])
    point, _ = mirror_point(np.tile(platform, (len(ends_s), 1)), sun_direction(EPOCH_NS, ends_s))
    axis = point - platform
    axis /= np.linalg.norm(axis, axis=1)[:, None]
    angle = np.linalg.norm(np.cross(axis, single), axis=1)
    assert angle.max() < 5.01e-3  # the stated cone
    assert angle.mean() == pytest.approx(5e-3 * 2.0 / 3.0, rel=0.1)  # uniform in it


def test_no_glint_comes_where_it_is_night_at_the_mirror_point():
    """At the epoch the sun stands near 45 deg east: over the antipode the whole disc is dark, over 45 deg it is not."""
    counts = []
    for longitude_deg in (-135.0, 45.0):
        sensor = msgspec.structs.replace(INFRARED, longitude_deg=longitude_deg, glints_per_hour=3_600.0)
        counts.append(sum(scan.plot_count for scan in scans_of(station(sensor), 0.0, 120.0)))
    assert counts[0] == 0
    assert counts[1] > 60


def test_a_fire_is_plotted_in_every_scan_where_it_burns():
    fire = Fire(name="flare", latitude_deg=30.4, longitude_deg=47.5)
    made = scans_of(station(INFRARED, fires=(fire,)), 0.0, 100.0)
    assert [scan.plot_count for scan in made] == [1] * 100
    line = over(30.4, 47.5, 0.0) - np.array(made[0].platform_ecef_m)
    line /= np.linalg.norm(line)
    off = np.array([np.linalg.norm(np.cross(line, scan.line_of_sight_ecef[0])) for scan in made])
    sigma = INFRARED.line_of_sight_std_urad * 1e-6
    assert np.mean(off**2) == pytest.approx(2.0 * sigma**2, rel=4.0 / math.sqrt(100.0))


def test_cloud_hides_a_fire_from_all_sensors_at_once_and_for_the_stated_share_of_the_time():
    fire = Fire(name="flare", latitude_deg=30.4, longitude_deg=47.5, clear_prob=0.4)
    other = msgspec.structs.replace(INFRARED, name="other", longitude_deg=60.0, scan_period_s=10.0)
    hours = 20.0
    seen = []
    for sensor in (msgspec.structs.replace(INFRARED, scan_period_s=10.0), other):
        made = scans_of(station(sensor, fires=(fire,)), 0.0, 3_600.0 * hours)
        cell = [int((scan.end_ns - EPOCH_NS) / NS_PER_S - 0.13) // 300 for scan in made]
        seen.append({c for c, scan in zip(cell, made, strict=True) if scan.plot_count})
    assert seen[0] == seen[1]
    cells = hours * 12.0
    assert abs(len(seen[0]) / cells - 0.4) < 4.0 * math.sqrt(0.4 * 0.6 / cells)


def test_a_fire_too_faint_or_behind_the_earth_is_not_seen():
    faint = Fire(name="faint", latitude_deg=30.4, longitude_deg=47.5, intensity_kw_sr=5.0)
    far = Fire(name="far", latitude_deg=30.4, longitude_deg=-150.0)
    assert not any(scan.plot_count for scan in scans_of(station(INFRARED, fires=(faint, far)), 0.0, 20.0))
