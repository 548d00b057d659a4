"""Six Falcon 9 first stages while nothing pushes: energy kept, and the apogee from the first 40 s of their coast.

Truth is the recording: altitude (shown to 0.1 km, above 100 km to 1 km) and Earth-relative speed (to 1 km/h; NROL-76
1 m/s), thirty times a second; coast windows and apogees as fitted over the whole coast in ``arcs.json``. Where the
stage is over the ground: its downrange distance at the window's start, along the azimuth of `falcon9_launches`,
which was committed before. Three numbers are fitted: height, speed along that azimuth and speed upward.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from falcon9_launches import LAUNCHES
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

from tocsin.flight import Earth, Flight, fly
from tocsin.kernels.geodesic import geodesic_direct
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_of_many

FIT_S = 40.0
STILL = Earth(rate_rad_s=0.0)


class Coast:
    """The telemetry of one stage between two times, and where the stage is at the first."""

    def __init__(self, folder: Path, name: str) -> None:
        self.arc = json.loads((folder / "arcs.json").read_text())[name]
        raw = json.loads((folder / name / "stage1_raw.json").read_text())
        fine = json.loads((folder / name / "analysed.json").read_text())
        self.from_s, to_s = (float(second) for second in self.arc["window"])
        time_s = np.array(raw["time"])
        held = (time_s >= self.from_s) & (time_s <= to_s)
        self.time_s = time_s[held] - self.from_s
        self.speed_m_s = np.array(raw["velocity"])[held]
        self.height_m = 1000.0 * np.array(raw["altitude"])[held]
        # the numbers shown are whole steps: a step's spread is its length over sqrt(12)
        self.height_std_m = np.where(self.height_m < 100_000.0, 100.0, 1000.0) / math.sqrt(12.0)
        self.speed_std_m_s = (1.0 if name == "NROL-76" else 1.0 / 3.6) / math.sqrt(12.0)
        first = fine["time"].index(self.from_s)
        self.downrange_m = 1000.0 * np.interp(self.time_s + self.from_s, fine["time"], fine["downrange_distance"])
        later = fine["downrange_distance"][first + int(FIT_S)]
        self.way = math.copysign(1.0, later - fine["downrange_distance"][first])  # -1 on the way back to the pad
        self.launch = LAUNCHES[name]

    def place(self, downrange_m: float) -> tuple[float, float, float]:
        """Latitude, longitude and azimuth of the flight plane there, rad."""
        start = math.radians(self.launch.latitude_deg), math.radians(self.launch.longitude_deg)
        lat, lon, azimuth = geodesic_direct(*start, self.launch.azimuth_rad, float(downrange_m))
        return lat, lon, azimuth

    def flown(self, state: np.ndarray, earth: Earth, max_time_s: float) -> Flight:
        """From height m, speed along the azimuth and upward, m/s, at the window's start."""
        lat, lon, azimuth = self.place(self.downrange_m[0])
        level = state[1] * np.array([math.sin(azimuth), math.cos(azimuth)])
        velocity = enu_axes(lat, lon).T @ np.array([level[0], level[1], state[2]])
        position = np.array(ecef_from_geodetic(lat, lon, state[0]))
        return fly(position, velocity, earth=earth, spacing_s=1.0, max_time_s=max_time_s)

    def fitted(self, earth: Earth) -> np.ndarray:
        """The state that meets height and speed of the first 40 s best."""
        early = self.time_s <= FIT_S

        def misses(state: np.ndarray) -> np.ndarray:
            flight = self.flown(state, earth, FIT_S + 1.0)
            height = CubicSpline(flight.time_s, geodetic_of_many(flight.position_ecef_m)[:, 2])(self.time_s[early])
            speed = CubicSpline(flight.time_s, np.linalg.norm(flight.velocity_ecef_m_s, axis=1))(self.time_s[early])
            return np.concatenate([
                (height - self.height_m[early]) / self.height_std_m[early],
                (speed - self.speed_m_s[early]) / self.speed_std_m_s,
            ])  # fmt: skip

        guess = [self.height_m[0], 0.8 * self.way * self.speed_m_s[0], 0.5 * self.speed_m_s[0]]
        found = least_squares(misses, guess, x_scale=[1000.0, 10.0, 10.0])
        assert found.success
        return np.asarray(found.x)


@cache
def apogee_error(folder: Path, name: str, earth: Earth) -> tuple[float, float]:
    """Foreseen less recorded apogee: m and s."""
    coast = Coast(folder, name)
    apogee = coast.flown(coast.fitted(earth), earth, 600.0).apogee
    return (
        apogee.height_m - 1000.0 * coast.arc["apogee_km"],
        apogee.time_s + coast.from_s - coast.arc["apogee_t"],
    )  # fmt: skip


@pytest.mark.reference
@pytest.mark.parametrize("name", list(LAUNCHES))
def test_apogee_from_the_first_40_s_of_coast_is_within_half_a_kilometre_and_a_second(
    reference: Path, name: str
) -> None:
    error_m, error_s = apogee_error(reference / "falcon9", name, Earth())
    assert abs(error_m) < 500.0
    assert abs(error_s) < 1.0


@pytest.mark.reference
def test_bulgariasats_apogee_is_within_200_m_and_0_4_s(reference: Path) -> None:
    error_m, error_s = apogee_error(reference / "falcon9", "BulgariaSat-1", Earth())
    assert abs(error_m) < 200.0
    assert abs(error_s) < 0.4


@pytest.mark.reference
def test_an_earth_that_stands_still_misses_bulgariasats_apogee_beyond_every_bar(reference: Path) -> None:
    """Flown east at 2 km/s the turning Earth lifts by 0.3 m/s2: without it the top comes lower and sooner.

    Measured -0.68 km and -2.45 s; a fit in which speed counts less gives up to -0.80 km and -2.64 s (``arcs.json``:
    -0.90 km and -2.7 s).
    """
    error_m, error_s = apogee_error(reference / "falcon9", "BulgariaSat-1", STILL)
    assert error_m < -600.0
    assert error_s < -2.0


@pytest.mark.reference
@pytest.mark.parametrize("name", list(LAUNCHES))
def test_energy_in_the_rotating_frame_stays_and_the_flight_foreseen_has_it(reference: Path, name: str) -> None:
    coast, earth = Coast(reference / "falcon9", name), Earth()

    def energy(position: np.ndarray, speed: np.ndarray) -> np.ndarray:
        """MJ/kg: motion, point mass and J2, and the centrifugal potential."""
        radius = np.linalg.norm(position, axis=1)
        sine = position[:, 2] / radius
        flat = 1.0 - earth.j2 * (earth.semi_major_m / radius) ** 2 * (1.5 * sine**2 - 0.5)
        turning = 0.5 * (earth.rate_rad_s * np.hypot(position[:, 0], position[:, 1])) ** 2
        return np.asarray(0.5 * speed**2 - earth.gm_m3_s2 / radius * flat - turning) / 1e6

    places = [
        ecef_from_geodetic(*coast.place(downrange)[:2], height)
        for downrange, height in zip(coast.downrange_m, coast.height_m, strict=True)
    ]
    told = energy(np.array(places), coast.speed_m_s)
    assert told.std() < 0.003
    flight = coast.flown(coast.fitted(earth), earth, float(coast.time_s[-1]))
    own = energy(flight.position_ecef_m, np.linalg.norm(flight.velocity_ecef_m_s, axis=1))
    assert np.ptp(own) < 1e-7  # of 60 MJ/kg: no drag, so nothing may be lost
    assert own.mean() == pytest.approx(told.mean(), abs=0.003)
