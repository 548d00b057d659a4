"""Legs of level flight: circles of the right radius, courses reached, nothing jumps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.errors import ScenarioError
from tocsin.kernels.geodesy import enu_axes, geodetic_of_many
from tocsin.scenario import Aircraft, Leg
from tocsin.world.sky import Plane

START = Aircraft(
    name="a", kind="fast_jet", latitude_deg=38.0, longitude_deg=35.0, height_m=5_000.0, course_deg=350.0,
    speed_m_s=240.0,
)  # fmt: skip


def plane(*legs: Leg) -> Plane:
    return Plane(
        Aircraft(
            name="a", kind="fast_jet", latitude_deg=38.0, longitude_deg=35.0, height_m=5_000.0, course_deg=350.0,
            speed_m_s=240.0, legs=legs,
        )
    )  # fmt: skip


def course_deg(body: Plane, time_s: float) -> float:
    position, velocity = body.states(np.array([time_s]))
    latitude, longitude, _ = geodetic_of_many(position)[0]
    axes = enu_axes(latitude, longitude)
    return math.degrees(math.atan2(float(velocity[0] @ axes[0]), float(velocity[0] @ axes[1]))) % 360.0


@pytest.mark.parametrize(("wanted", "turn"), [(20.0, 30.0), (300.0, -50.0), (170.0, 180.0)])
def test_a_turn_reaches_its_course_by_the_shorter_way_at_its_rate_and_keeps_it(wanted, turn):
    body = plane(Leg(after_s=100.0, course_deg=wanted, turn_rate_deg_s=2.0))
    over_s = 100.0 + abs(turn) / 2.0
    assert course_deg(body, over_s + 2.0) == pytest.approx(wanted, abs=0.2)
    if abs(turn) < 180.0:
        half = (course_deg(body, 100.0) + 0.5 * turn) % 360.0
        assert course_deg(body, 100.0 + 0.25 * abs(turn)) == pytest.approx(half, abs=0.2)


def test_a_turn_is_a_circle_of_speed_over_rate():
    rate = math.radians(3.0)
    body = plane(Leg(after_s=0.0, course_deg=170.0, turn_rate_deg_s=3.0))  # half a circle takes 60 s
    position, _ = body.states(np.array([0.0, 60.0]))
    assert np.linalg.norm(position[1] - position[0]) == pytest.approx(2.0 * 240.0 / rate, rel=1e-5)


def test_height_and_speed_are_kept_and_nothing_jumps_at_a_corner():
    body = plane(Leg(after_s=50.0, course_deg=90.0), Leg(after_s=300.0, course_deg=200.0, turn_rate_deg_s=3.0))
    times = np.arange(0.0, 500.0, 0.25)
    position, velocity = body.states(times)
    assert np.allclose(geodetic_of_many(position)[:, 2], 5_000.0, atol=0.01)
    assert np.allclose(np.linalg.norm(velocity, axis=1), 240.0, rtol=1e-5)
    steps = np.linalg.norm(np.diff(position, axis=0), axis=1)
    assert np.allclose(steps, 60.0, rtol=1e-4)
    turned = np.linalg.norm(np.diff(velocity, axis=0), axis=1)
    assert turned.max() < 1.05 * 240.0 * math.radians(3.0) * 0.25 + 0.5


def test_before_its_first_turn_it_flies_as_one_that_never_turns():
    times = np.linspace(0.0, 99.0, 50)
    straight, turning = Plane(START), plane(Leg(after_s=100.0, course_deg=90.0))
    assert np.allclose(straight.states(times)[0], turning.states(times)[0], atol=1e-3)
    assert np.allclose(straight.states(times)[1], turning.states(times)[1], atol=1e-3)


def test_a_turn_that_begins_before_the_last_is_over_is_refused_with_the_time_that_would_do():
    legs = Leg(after_s=100.0, course_deg=170.0, turn_rate_deg_s=1.0), Leg(after_s=200.0, course_deg=0.0)
    with pytest.raises(ScenarioError, match=r"truth\.aircraft\.a\.legs\.after_s.*(279|280)\.\d s.*got 200.*later"):
        plane(*legs)
