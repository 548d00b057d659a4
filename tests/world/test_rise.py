"""Sounding rockets and space launches: closed forms, and where they end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import EARTH_RATE_RAD_S
from tocsin.kernels.geodesy import ecef_from_geodetic, geodetic_of_many
from tocsin.kernels.motion import advance
from tocsin.scenario import Launch, Rocket
from tocsin.world.ballistic import CALM
from tocsin.world.rise import launch_bodies, rocket_bodies
from tocsin.world.tabled import Tabled

GM_M3_S2 = 3.986004418e14  # m3/s2, WGS-84
MEAN_RADIUS_M = 6_371_008.8
OMEGA = np.array((0.0, 0.0, EARTH_RATE_RAD_S))


def rocket(**keys: float) -> Tabled:
    return rocket_bodies(Rocket(name="r", latitude_deg=67.9, longitude_deg=21.1, **keys), CALM)[0]


def launch(duration_s: float = 7000.0, **keys: float) -> list[Tabled]:
    return launch_bodies(Launch(name="l", **{"latitude_deg": 28.5, "longitude_deg": -80.6, **keys}), duration_s, CALM)


def heights_m(body: Tabled, times: np.ndarray) -> np.ndarray:
    return geodetic_of_many(body.states(times)[0])[:, 2]


def inertial(body: Tabled, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Position and velocity in axes that stand still and coincide with the Earth's at that time."""
    (position,), (velocity,) = body.states(np.array([time_s]))
    return position, velocity + np.cross(OMEGA, position)


@pytest.mark.parametrize("apogee_km", [60.0, 150.0, 400.0, 1200.0])
def test_a_sounding_rocket_reaches_the_stated_height_and_lands_within_a_quarter_of_it(apogee_km):
    body = rocket(apogee_km=apogee_km)
    times = np.linspace(*body.up_s, 4001)
    height = heights_m(body, times)
    assert height.max() == pytest.approx(1000.0 * apogee_km, abs=600.0)
    assert abs(height[-1]) < 1.0
    start = np.array(ecef_from_geodetic(math.radians(67.9), math.radians(21.1), 0.0))
    assert np.linalg.norm(body.states(times[-1:])[0][0] - start) < 250.0 * apogee_km


def test_its_fall_from_the_top_takes_as_long_as_that_of_a_stone_in_gravity_that_thins_out():
    """Radial two-body fall from rest (Bate, Mueller, White 1971, sec. 4.2), ended where the air begins to count."""
    body = rocket(apogee_km=600.0, lean_deg=0.0)
    times = np.linspace(*body.up_s, 20001)
    height = heights_m(body, times)
    top = int(np.argmax(height))
    down = top + int(np.argmax(height[top:] < 90e3))
    ground = float(np.linalg.norm(body.states(times[-1:])[0][0]))
    high, low = ground + height[top], ground + height[down]
    share = low / high
    fall_s = math.sqrt(high**3 / (2.0 * GM_M3_S2)) * (math.acos(math.sqrt(share)) + math.sqrt(share * (1.0 - share)))
    assert times[down] - times[top] == pytest.approx(fall_s, rel=0.01)


def test_a_height_no_sounding_rocket_reaches_is_refused_with_those_it_does():
    with pytest.raises(ScenarioError, match=r"reaches \d+ to \d+ km.*apogee_km|apogee_km.*reaches \d+ to \d+ km"):
        rocket(apogee_km=40_000.0)


@pytest.mark.parametrize("course_deg", [0.0, 90.0, 200.0])
@pytest.mark.parametrize("height_km", [200.0, 600.0])
def test_after_insertion_it_has_the_speed_and_energy_of_the_circular_orbit_asked_for(course_deg, height_km):
    body = launch(course_deg=course_deg, orbit_height_km=height_km)[0]
    position, velocity = inertial(body, body.burns[-1].to_s + 1e-6)
    radius = MEAN_RADIUS_M + 1000.0 * height_km
    assert np.linalg.norm(position) == pytest.approx(radius, abs=100.0)
    assert np.linalg.norm(velocity) == pytest.approx(math.sqrt(GM_M3_S2 / radius), abs=1.0)
    assert abs(float(position @ velocity)) / radius < 1.0
    energy = 0.5 * float(velocity @ velocity) - GM_M3_S2 / float(np.linalg.norm(position))
    assert -GM_M3_S2 / (2.0 * energy) == pytest.approx(radius, rel=1e-3)


def test_the_orbit_after_insertion_is_kepler_for_a_quarter_turn_but_for_the_earths_oblateness():
    """Circular two-body motion; J2 moves a low orbit by some kilometres in a quarter of a turn, and no more."""
    body = launch(orbit_height_km=400.0)[0]
    begin_s = body.burns[-1].to_s
    position, velocity = inertial(body, begin_s + 1e-6)
    rate = math.sqrt(GM_M3_S2 / float(np.linalg.norm(position)) ** 3)
    for later_s in (200.0, 700.0, 1380.0):
        angle, turned = rate * later_s, EARTH_RATE_RAD_S * later_s
        still = math.cos(angle) * position + math.sin(angle) / rate * velocity
        wanted = np.array(
            (
                math.cos(turned) * still[0] + math.sin(turned) * still[1],
                math.cos(turned) * still[1] - math.sin(turned) * still[0],
                still[2],
            )
        )
        there = body.states(np.array([begin_s + later_s]))[0][0]
        assert np.linalg.norm(there - wanted) < 12_000.0 * (later_s / 1380.0) ** 2 + 100.0


def test_its_table_in_orbit_is_that_of_an_independent_integration_within_a_metre():
    body = launch(orbit_height_km=300.0)[0]
    begin_s = body.burns[-1].to_s
    (position,), (velocity,) = body.states(np.array([begin_s]))
    for _ in range(20):
        position, velocity = advance(position, velocity, 0.0, CALM, 137.0, 1.0)
        begin_s += 137.0
        assert np.linalg.norm(body.states(np.array([begin_s]))[0][0] - position) < 1.0


def test_a_launch_drops_its_first_stage_which_comes_down_and_stays_up_itself():
    body, stage = launch(duration_s=7000.0)
    assert stage.kind == "stage"
    assert stage.up_s[0] == pytest.approx(body.burns[0].to_s)
    assert abs(heights_m(stage, np.array(stage.up_s[1:]))[0]) < 1.0
    times = np.arange(body.burns[-1].to_s, 7000.0, 10.0)
    assert heights_m(body, times).min() > 350e3
    assert body.up_s[1] >= 7000.0
    assert len(body.burns) == 2


def test_an_orbit_it_cannot_reach_is_refused_with_a_remedy():
    with pytest.raises(ScenarioError, match=r"orbit_height_km.*cannot reach.*lower orbit"):
        launch(orbit_height_km=3000.0)
