"""The simulated receiver of position reports."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from sensor_cases import Straight, scans_of, station
from sky_cases import PLANE, play, scans, scenario, truth_at

from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.scenario import Sensor
from tocsin.units import DEG
from tocsin.world import World

EAR = Sensor(name="ads", kind="position", latitude_deg=38.0, longitude_deg=40.0, height_m=10.0, detection_prob=1.0)


def test_a_position_sensor_hears_airliners_and_no_drone():
    sensor = Sensor(name="ads", kind="position", latitude_deg=38.0, longitude_deg=40.0, height_m=500.0,
                    detection_prob=1.0, range_max_km=400.0, position_std_m=40.0, height_std_m=160.0)  # fmt: skip
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


def test_what_flies_below_the_horizon_is_not_heard():
    """10 m and 10 km see each other out to 425 km by the 4/3 Earth's rule, which holds at that height within 2 %."""
    for distance_km, count in ((410.0, 1), (440.0, 0)):
        longitude = 40.0 + distance_km / 6371.0 / math.cos(38.0 * DEG) / DEG
        body = Straight("plane", np.array(ecef_from_geodetic(38.0 * DEG, longitude * DEG, 10_000.0)))
        assert [scan.plot_count for scan in scans_of(station(EAR, body), 5.0, 7.0)] == [count, count]
