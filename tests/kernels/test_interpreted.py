"""Kernels without numba, in a process of their own, must give what the compiled ones give, and never raise."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np

PROGRAM = """
import json, math, warnings
warnings.simplefilter("error")
import numpy as np
from tocsin.kernels import *
from tocsin.kernels.radar_signal import *
from tocsin.kernels.refraction import *
from tocsin.kernels.lanes import fall_lanes
place = np.array(ecef_from_geodetic(0.63, 0.61, 70e3))
site = np.array(ecef_from_geodetic(0.62, 0.6, 100.0))
velocity = enu_axes(0.63, 0.61).T @ np.array([900.0, -1500.0, 300.0])
air = np.array([0.1, -0.2, 20.0, 5.0])
rows = []
def keep(*values):
    for value in values:
        rows.extend(float(x) for x in np.atleast_1d(np.asarray(value, dtype=float)).ravel())
keep(*geodetic_from_ecef(*place), *geodetic_from_ecef(0.0, 0.0, 0.0), *geodetic_from_ecef(0.0, 0.0, 7e6))
keep(*radar_from_ecef(place, site), *radar_from_ecef(site, site), ecef_from_radar(5e4, 1.0, 0.5, site))
keep(radar_jacobian(place, site), radar_jacobian(site, site), gravity_j2(*place), gravity_j2(0.0, 0.0, 0.0))
for height in (-9e3, 0.0, 11e3, 30e3, 86e3, 91e3, 500e3, 1e6, 2e6):
    keep(density_us76(height), sound_speed_us76(height), wind_shape(height))
keep(acceleration(place, velocity, 100.0, air), acceleration(np.zeros(3), np.zeros(3), 100.0, air))
keep(*advance(place, velocity, 2000.0, air, 10.0, 0.7), transition(place, velocity, 2000.0, air, 5.0))
keep(transition(place, np.zeros(3), 2000.0, np.zeros(4), 0.0))
keep(*fall_to_ground(place, velocity, 2000.0, air, 900.0))
keep(fall_to_ground(place, velocity, 2000.0, air, 5.0)[0], fall_to_ground(np.zeros(3), velocity, 1.0, air, 5.0)[0])
count, times, positions, velocities = path_to_ground(place, velocity, 2000.0, air, 30.0, 900.0)
keep(count, times, positions, velocities)
states = np.concatenate([place, velocity])[None]
keep(*fall_batch(states, np.array([2000.0]), air[None].copy(), 900.0))
from tocsin.kernels.constants import J3, J4, WGS84_J2
from tocsin.kernels.geodesy import ecef_jacobian, geodetic_jacobian, height_and_up_on
from tocsin.kernels.gravity import gravity_zonal
from tocsin.kernels.integrate import integrate, integrate_many
from tocsin.kernels.motion import acceleration_with
keep(gravity_zonal(*place, *WGS84_J2[:2], WGS84_J2[4], J3, J4), gravity_zonal(0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0))
keep(height_and_up_on(*place, 6371e3, 0.0), height_and_up_on(0.0, 0.0, 0.0, 6371e3, 0.0))
keep(ecef_jacobian(0.63, 0.61, 70e3), geodetic_jacobian(*place), geodetic_jacobian(0.0, 0.0, 0.0))
zonal = (*WGS84_J2[:5], J3, J4)
mach, wind = np.array([[0.8, 1.0], [1.2, 2.0]]), np.array([[0.0, 5.0, 1.0], [20e3, 30.0, -5.0]])
none, no_mach, no_wind = np.empty(0), np.empty((0, 2)), np.empty((0, 3))
keep(acceleration_with(*place, *velocity, 100.0, air, None, None, None))
keep(acceleration_with(*place, *velocity, 100.0, air, zonal, mach, wind))
keep(acceleration_with(*place, *velocity, 100.0, air, zonal, no_mach, no_wind))
keep(acceleration_with(*(0.0,) * 6, 100.0, air, zonal, mach, wind))
for model in ((None, None, None), (zonal, mach, wind), (zonal, no_mach, no_wind)):
    for method, step in ((0, 5.0), (1, 0.0), (1, 5.0), (2, 0.0), (2, 5.0)):
        samples, events, peak, final = np.empty((40, 7)), np.empty((9, 10)), np.empty(2), np.empty(6)
        got = integrate(states[0], 2000.0, air, *model, method, step, 0.02, 1e3, 900.0, 20.0, np.array([40e3, 75e3]),
                        samples, events, peak, final)
        keep(got, samples[:got[2]], events[:got[3]], peak, final)
    keep(*integrate_many(states, np.array([2000.0]), air[None].copy(), *model, 2, 0.0, 0.02, 0.0, 900.0))
    keep(integrate(states[0] * np.nan, 2000.0, air, *model, 1, 0.0, 0.02, 0.0, 900.0, 0.0, none, samples[:0],
                   events[:0], peak, final)[0])
keep(fall_to_ground(place * np.nan, velocity, 2000.0, air, 9.0)[0])
for start in ((0.7, -0.2, 1.1, 9e6), (-1.5, 3.0, -2.0, -1e4), (0.0, 0.0, 0.0, 0.0)):
    keep(*geodesic_direct(*start))
for there in ((0.7, 0.3), (-0.695, 2.94), (0.7000001, -0.2), (0.7, -0.2), (math.pi / 2, 1.0), (0.7, math.pi - 0.2)):
    keep(geodesic_inverse(0.7, -0.2, *there)[0])
for east in (0.0, 3.0, 3.14, math.pi):
    keep(geodesic_inverse(0.0, 0.0, 0.0, east)[0])
assert all(map(math.isnan, geodesic_direct(math.inf, 0.0, 0.0, 0.0) + geodesic_inverse(math.nan, 0.0, 0.0, 0.0)))
keep(*level_path(0.6, 0.1, 9e3, 1.2, 230.0, 0.0, np.array([0.0, 900.0])))
keep(*level_path(0.6, 0.1, 9e3, 1.2, 230.0, -0.02, np.array([0.0, 100.0])))
for angle, distance in ((0.0, 4e5), (0.05, 2e6), (1.5, 1e5), (-0.02, 9e4), (-0.5, 1e6), (-1.5, 500.0), (0.3, 0.0)):
    keep(*bend(1500.0, angle, distance, 313.0), *unbend(1500.0, angle, distance, 313.0))
    keep(ray_central_angle_rad(1500.0, angle, 2e5, 313.0), ray_central_angle_rad(1500.0, angle, 100.0, 313.0))
keep(horizon_apparent_elevation_rad(1500.0, 313.0), horizon_apparent_elevation_rad(-100.0, 313.0))
keep(*bend_many(0.0, np.array([0.1, 0.2]), np.array([1e5, 2e5]), 313.0))
keep(*unbend_many(0.0, np.array([0.1, 0.2]), np.array([1e5, 2e5]), 313.0))
keep(ray_central_angle_rad_many(0.0, 0.05, np.array([1e4, 2e5]), 313.0))
for swerling in (0, 1, 3):
    for snr in (0.0, 3.0, 40.0, 1e6):
        keep(detection_prob(snr, 1e-6, swerling), fluctuated_snr(snr, swerling, 0.3, 0.8, 0.1))
keep(fluctuated_snr(0.0, 3, 0.0, 0.0, 0.0), threshold_ratio(0.0), threshold_ratio(1e-6))
keep(snr_ratio(5e5, 0.1, 100.0, 1e6, 1.0), snr_ratio(0.0, 0.0, 0.0, 0.0, 0.0), accuracy_std(1.5, 20.0, 0.1))
from tocsin.kernels.echoes import *
from tocsin.kernels.keyed_draws import *
from tocsin.kernels.sighting import *
key, names = np.array([5, 0xFFFFFFFF], dtype=np.uint64), np.array([[1, 2], [0xFFFFFFFF, 0]], dtype=np.uint64)
numbers = np.array([0, 0xFFFFFFFF], dtype=np.uint64)
drawn = keyed_draws(key, names, numbers, np.uint64(1), False)
keep(drawn, keyed_draws(key, names, numbers, np.uint64(1), True))
for swerling in (0, 1, 3):
    keep(echoes(np.array([1e5, 0.0]), np.array([1.0, 0.0]), drawn, 100.0, 1e6, 1.0, swerling))
table_s, table_m = np.array([0.0, 10.0, 0.0, 10.0]), np.array([place, place + 1e4, site, site])
table_m_s = np.array([velocity, velocity, np.zeros(3), np.zeros(3)])
sky = table_s, table_m, table_m_s, np.array([0, 2, 4, 4]), np.array([[-1.0, 20.0], [0.0, 5.0], [0.0, 9.0]])
ends, sites = np.array([2.0, 7.0]), np.array([site, site])
room = lambda columns: (np.zeros(6, np.int64), np.zeros(6, np.int64), np.zeros((6, columns)))
ten, seven = room(10), room(7)
common = np.arange(3), ends, 1.0, 0.3, 6.0, sites, axes_at(sites), 0.0 * sites, 1e6, -0.2
keep(sight_from_site(*sky, *common, *ten), *ten, axes_at(sites))
eyes = 6.6 * sites
burns = np.array([[0.0, 5.0, 10.0, 1e3], [0.0, 9.0, 10.0, -1e9], [0.0, 9.0, 1.0, 0.0]])
keep(sight_flashes(*sky, np.array([0, 1, 2]), burns, ends, eyes, 3.6e7, *seven), *seven)
keep(is_earth_between(0.0, 0.0, 0.0, 0.0, 0.0, 0.0), is_earth_between(7e6, 0.0, 0.0, -7e6, 0.0, 0.0))
three = np.stack([np.concatenate([place, velocity]), np.concatenate([place, -velocity]), np.full(6, np.nan)])
betas, airs = np.array([2000.0, 300.0, -1.0]), np.stack([air, np.zeros(4), air])
keep(*fall_lanes(three, betas, airs, 900.0), fall_lanes(three, betas, airs, 5.0)[0])
print(json.dumps(rows))
"""


def run(disable: bool) -> np.ndarray:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1" if disable else "0"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout))


def test_every_kernel_gives_the_same_without_numba_as_compiled() -> None:
    compiled, interpreted = run(False), run(True)
    assert compiled.shape == interpreted.shape
    assert compiled.size > 2000
    np.testing.assert_allclose(interpreted, compiled, rtol=1e-12, atol=1e-9)
