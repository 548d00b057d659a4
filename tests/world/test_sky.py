"""Satellites, aircraft and the air of a run."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from sgp4.api import WGS72, Satrec
from sgp4.io import fix_checksum

from tocsin.errors import ScenarioError
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.scenario import Aircraft, Satellite, Traffic, Truth, load_scenario
from tocsin.units import ns_from_iso
from tocsin.world import World
from tocsin.world.draws import Draws
from tocsin.world.sky import Orbiter, Plane, draw_air, satellite_states, satrec, sidereal_rad


def test_sidereal_time_matches_the_textbook_example():
    """Vallado (2013), example 3-5: 20 August 1992, 12:14 UT1: 152.578 787 886 deg."""
    days, rest_ns = divmod(ns_from_iso("1992-08-20T12:14:00Z"), 86_400_000_000_000)
    angle = sidereal_rad(np.array([2_440_587.5 + days]), np.array([rest_ns / 8.64e13]))
    assert math.degrees(angle[0]) == pytest.approx(152.578787886, abs=1e-6)


@pytest.mark.reference
def test_satellite_positions_are_the_reference_cases_turned_by_sidereal_time(reference):
    """Case 00005 of the SGP4 verification set: distance from the Earth's centre and height of z are frame-free."""
    lines = (reference / "sgp4" / "SGP4-VER.TLE").read_text().splitlines()
    line1 = next(line for line in lines if line.startswith("1 00005"))[:69]
    line2 = next(line for line in lines if line.startswith("2 00005"))[:69]
    record = Satrec.twoline2rv(line1, line2, WGS72)
    rows = (reference / "sgp4" / "tcppver.out").read_text().splitlines()
    start = next(i for i, row in enumerate(rows) if row.split()[:1] == ["5"]) + 1
    epoch_ns = round((record.jdsatepoch - 2_440_587.5) * 86_400 * 1e9) + round(record.jdsatepochF * 86_400 * 1e9)
    for row in rows[start : start + 8]:
        minutes, x, y, z, vx, vy, vz = (float(part) for part in row.split()[:7])
        position, velocity = satellite_states(record, epoch_ns, np.array([60.0 * minutes]), "satellite")
        assert np.linalg.norm(position[0]) == pytest.approx(1000.0 * math.hypot(x, y, z), abs=5.0)
        assert position[0, 2] == pytest.approx(1000.0 * z, abs=5.0)
        # turned back to the inertial frame, speed agrees too
        omega = np.array((0.0, 0.0, 7.292115e-5))
        inertial = velocity[0] + np.cross(omega, position[0])
        assert np.linalg.norm(inertial) == pytest.approx(1000.0 * math.hypot(vx, vy, vz), abs=0.02)


def test_satellite_velocity_is_the_slope_of_its_position():
    satellite = load_scenario("quiet-sky").truth.satellites[0]
    orbiter = Orbiter(satellite, ns_from_iso("2026-03-04T09:00:00Z"))
    position, velocity = orbiter.states(np.array([199.5, 200.0, 200.5]))
    assert np.linalg.norm(position[2] - position[0] - velocity[1]) < 1.0


@pytest.mark.parametrize("spoil", ["checksum", "length", "letters"])
def test_spoilt_elements_are_refused(spoil):
    satellite = load_scenario("quiet-sky").truth.satellites[0]
    line2 = {
        "checksum": satellite.line2[:-1] + str((int(satellite.line2[-1]) + 1) % 10),
        "length": satellite.line2[:-4],
        "letters": satellite.line2[:-1] + "x",
    }[spoil]
    with pytest.raises(ScenarioError, match="two-line elements"):
        satrec(satellite.line1, line2, "satellite test")


def test_every_packaged_satellite_passes_over_the_radars_in_low_orbit():
    scenario = load_scenario("quiet-sky")
    epoch_ns = ns_from_iso(scenario.epoch)
    radar = next(sensor for sensor in scenario.sensors if sensor.kind == "radar")
    for satellite in scenario.truth.satellites:
        assert isinstance(satellite, Satellite)
        position, _ = Orbiter(satellite, epoch_ns).states(np.arange(0.0, scenario.duration_s, 10.0))
        fixes = [geodetic_from_ecef(*row) for row in position]
        assert all(350_000.0 < fix[2] < 800_000.0 for fix in fixes)
        nearest = min(
            math.hypot(
                math.degrees(fix[0]) - radar.latitude_deg,
                (math.degrees(fix[1]) - radar.longitude_deg) * math.cos(math.radians(radar.latitude_deg)),
            )
            for fix in fixes
        )
        assert nearest < 6.0  # degrees of arc


def test_an_aircraft_keeps_height_and_speed_and_starts_on_its_course():
    plane = Plane(
        Aircraft(name="a", latitude_deg=38.0, longitude_deg=35.0, height_m=10_000.0, course_deg=90.0, speed_m_s=240.0)
    )
    times = np.arange(0.0, 1801.0, 60.0)
    position, velocity = plane.states(times)
    fixes = np.array([geodetic_from_ecef(*row) for row in position])
    assert np.allclose(fixes[:, 2], 10_000.0, atol=0.01)
    assert np.allclose(np.linalg.norm(velocity, axis=1), 240.0, rtol=0.007)
    assert fixes[1, 1] > fixes[0, 1]
    assert abs(fixes[1, 0] - fixes[0, 0]) < 1e-5
    assert plane.up_s == (-math.inf, math.inf)
    assert plane.burns == ()


def test_density_is_one_draw_for_all_heights_and_zero_spread_is_standard_air():
    spread = Truth().spread
    for seed in range(20):
        air = draw_air(Truth(), Draws(seed, 0))
        assert air[1] / air[0] == pytest.approx(spread.density_ratio_std_80km / spread.density_ratio_std_20km)
    still = dict.fromkeys(spread.__struct_fields__, 0.0)
    matched = msgspec.structs.replace(Truth(), spread=msgspec.convert(still, type(spread)))
    assert np.all(draw_air(matched, Draws(1, 0)) == 0.0)


def test_elements_that_do_not_last_are_refused_before_the_run_by_the_name_of_their_satellite():
    """The station's elements of 2008, with a hundred thousand times its drag: down long before 2026."""
    line1 = fix_checksum("1 25544U 98067A   08264.51782528  .00000000  00000-0  99999-0 0  2927")
    line2 = fix_checksum("2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537")
    truth = Truth(satellites=(Satellite(name="old one", line1=line1, line2=line2),))
    with pytest.raises(ScenarioError, match=r"satellite old one.*SGP4 error.*epoch is near the scenario's"):
        World(msgspec.structs.replace(load_scenario("quiet-sky"), truth=truth), 1)


def test_two_that_fly_by_one_name_are_refused_also_where_one_is_drawn():
    plane = Aircraft(
        name="drone-0-1", latitude_deg=37.0, longitude_deg=38.0, height_m=9e3, course_deg=0.0, speed_m_s=200.0
    )
    box = {"latitude_min_deg": 36.0, "latitude_max_deg": 38.0, "longitude_min_deg": 36.0, "longitude_max_deg": 38.0}
    for count, is_fine in ((1, True), (2, False)):
        truth = Truth(aircraft=(plane,), traffic=(Traffic(kind="drone", count=count, **box),))
        scenario = msgspec.structs.replace(load_scenario("quiet-sky"), truth=truth)
        if is_fine:
            World(scenario, 1)
        else:
            with pytest.raises(ScenarioError, match=r"one name.*drone-0-1.*rename"):
                World(scenario, 1)
