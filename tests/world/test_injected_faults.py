"""A sensor that a scenario makes lie: its scans carry the fault and nothing else, while it lasts."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from sky_cases import EPOCH_NS, PLANE, RADAR, play, scans, scenario

from tocsin.kernels.geodesy import enu_axes, geodetic_from_ecef
from tocsin.messages import Scan, check
from tocsin.scenario import Fault
from tocsin.units import DEG, NS_PER_S
from tocsin.world import World
from tocsin.world.sensors.injected import Injected

MEASURED = ("range_m", "azimuth_rad", "elevation_rad")


def made(*faults: Fault) -> list[Scan]:
    sensor = msgspec.structs.replace(RADAR, faults=faults)
    return scans(play(World(scenario(sensor, aircraft=(PLANE,)), 1), 0.0, 60.0))


def test_a_fault_is_in_the_data_while_it_lasts_and_the_noise_stays_as_it_was():
    honest, lied = made(), made(Fault(from_s=20.0, to_s=40.0, range_m=1_500.0))
    assert len(honest) == len(lied)
    for a, b in zip(honest, lied, strict=True):
        check(b)
        is_in = 20.0 <= (a.end_ns - EPOCH_NS) / NS_PER_S < 40.0
        np.testing.assert_array_equal(b.range_m, a.range_m + (1_500.0 if is_in else 0.0))
        np.testing.assert_array_equal(b.azimuth_rad, a.azimuth_rad)
        assert (b.end_ns, b.arrival_ns, b.sequence) == (a.end_ns, a.arrival_ns, a.sequence)


def test_a_clock_fault_moves_every_time_the_sensor_states_and_none_at_which_it_is_heard():
    for a, b in zip(made(), made(Fault(clock_s=-3.0)), strict=True):
        for name in ("time_ns", "start_ns", "end_ns"):
            assert getattr(b, name) == getattr(a, name) - 3 * NS_PER_S
        np.testing.assert_array_equal(b.plot_time_ns, a.plot_time_ns - 3 * NS_PER_S)
        np.testing.assert_array_equal(b.range_m, a.range_m)
        assert b.arrival_ns == a.arrival_ns


def test_a_stuck_sensor_repeats_its_last_plots_with_new_times():
    honest, lied = made(), made(Fault(from_s=30.0, is_stuck=True))
    before = [scan for scan in honest if (scan.end_ns - EPOCH_NS) / NS_PER_S < 30.0 and scan.plot_count]
    stuck = [scan for scan in lied if (scan.end_ns - EPOCH_NS) / NS_PER_S >= 30.0]
    assert len(stuck) > 20
    for scan in stuck:
        for name in MEASURED:
            np.testing.assert_array_equal(getattr(scan, name), getattr(before[-1], name))
        assert scan.plot_time_ns.tolist() == [scan.end_ns] * scan.plot_count


def test_a_turn_is_clockwise_about_the_vertical_for_radar_and_infrared_alike():
    for a, b in zip(made(), made(Fault(turn_deg=2.0)), strict=True):
        np.testing.assert_allclose(np.mod(b.azimuth_rad - a.azimuth_rad, 2.0 * math.pi), 2.0 * DEG, atol=1e-12)
    place = np.array((4e6, 3e6, 3.9e6))
    latitude, longitude, _ = geodetic_from_ecef(*place)
    axes = enu_axes(latitude, longitude)
    up = place / np.linalg.norm(place)  # geocentric: 0.2 deg off the geodetic vertical
    north = axes[1] - up * (axes[1] @ up)
    north /= np.linalg.norm(north)
    sight = math.cos(0.4) * north - math.sin(0.4) * up
    scan = Scan(
        time_ns=EPOCH_NS, sensor="eye", kind="infrared", sequence=0, start_ns=EPOCH_NS, end_ns=EPOCH_NS,
        platform_ecef_m=tuple(place), plot_time_ns=np.array([EPOCH_NS]), line_of_sight_ecef=sight[None],
    )  # fmt: skip
    turned = Injected((Fault(turn_deg=2.0),), EPOCH_NS).lied(scan).line_of_sight_ecef[0]
    east = np.cross(north, up)
    assert math.atan2(turned @ east, turned @ north) == pytest.approx(2.0 * DEG)
    assert turned @ up == pytest.approx(sight @ up)
