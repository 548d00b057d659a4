"""The public flight library: what it gives, and how it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.errors import FlightError, TocsinError
from tocsin.flight import FlightStatus, fly
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef

POSITION = np.array(ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 80_000.0))
VELOCITY = enu_axes(math.radians(36.0), math.radians(40.0)).T @ np.array([-2000.0, 500.0, 1500.0])


def test_a_flight_runs_from_the_given_state_to_the_ellipsoid() -> None:
    flight = fly(POSITION, VELOCITY, beta_kg_m2=3000.0)
    assert flight.status is FlightStatus.OK
    assert flight.impact is not None
    assert (flight.position_ecef_m[0] == POSITION).all()
    assert (flight.velocity_ecef_m_s[0] == VELOCITY).all()
    assert flight.time_s[-1] == pytest.approx(flight.impact.time_s, abs=1e-3)
    lat, lon, height = geodetic_from_ecef(*flight.impact.position_ecef_m)
    assert abs(height) < 1e-3
    assert (lat, lon) == (flight.impact.latitude_rad, flight.impact.longitude_rad)
    assert flight.impact.longitude_rad < math.radians(40.0)  # it flew west
    heights = [geodetic_from_ecef(*p)[2] for p in flight.position_ecef_m]
    assert max(heights) == pytest.approx(flight.apogee.height_m, abs=100.0)
    assert flight.time_s[int(np.argmax(heights))] == pytest.approx(flight.apogee.time_s, abs=5.0)
    assert flight.explanation.endswith(".")


def test_drag_shortens_a_flight_and_heavier_bodies_go_farther() -> None:
    reach = []
    for beta in (500.0, 5000.0, None):
        impact = fly(POSITION, VELOCITY, beta_kg_m2=beta).impact
        assert impact is not None
        reach.append(float(np.linalg.norm(impact.position_ecef_m - POSITION)))
    assert reach[0] < reach[1] < reach[2]


def test_a_wind_toward_the_east_carries_a_light_body_east() -> None:
    calm = fly(POSITION, VELOCITY, beta_kg_m2=50.0).impact
    windy = fly(POSITION, VELOCITY, beta_kg_m2=50.0, air=(0.0, 0.0, 30.0, 0.0)).impact
    assert calm is not None
    assert windy is not None
    shift = enu_axes(calm.latitude_rad, calm.longitude_rad) @ (windy.position_ecef_m - calm.position_ecef_m)
    assert shift[0] > 1000.0
    assert abs(shift[1]) < 0.1 * shift[0]


def test_thicker_air_brings_it_down_sooner() -> None:
    plain = fly(POSITION, VELOCITY, beta_kg_m2=1000.0).impact
    thick = fly(POSITION, VELOCITY, beta_kg_m2=1000.0, air=(0.2, 0.2, 0.0, 0.0)).impact
    assert plain is not None
    assert thick is not None
    assert np.linalg.norm(thick.velocity_ecef_m_s) < np.linalg.norm(plain.velocity_ecef_m_s)


def test_a_circular_orbit_has_no_impact_and_says_why() -> None:
    radius = 7.0e6
    speed = math.sqrt(3.986e14 / radius) - 7.292115e-5 * radius
    flight = fly([radius, 0.0, 0.0], [0.0, speed, 0.0], max_time_s=7000.0, spacing_s=100.0)
    assert flight.status is FlightStatus.NO_IMPACT
    assert flight.impact is None
    assert "7000" in flight.explanation
    assert flight.time_s[-1] == pytest.approx(7000.0)


def test_a_state_under_the_ground_is_already_down() -> None:
    flight = fly(POSITION * 0.98, VELOCITY)
    assert flight.status is FlightStatus.ALREADY_DOWN
    assert flight.impact is None
    assert len(flight.time_s) == 1


def test_a_batch_ends_where_each_flight_ends() -> None:
    positions = np.stack([POSITION, POSITION * 1.01, POSITION * 0.98])
    velocities = np.stack([VELOCITY, -VELOCITY, VELOCITY])
    batch = fly(positions, velocities, beta_kg_m2=[500.0, 800.0, 1.0])
    assert batch.status.tolist() == [FlightStatus.OK, FlightStatus.OK, FlightStatus.ALREADY_DOWN]
    for i, beta in enumerate([500.0, 800.0]):
        alone = fly(positions[i], velocities[i], beta_kg_m2=beta).impact
        assert alone is not None
        assert (batch.impact_ecef_m[i] == alone.position_ecef_m).all()
        assert batch.time_s[i] == alone.time_s


def test_read_only_and_integer_input_is_taken() -> None:
    position = POSITION.copy()
    position.flags.writeable = False
    velocity = [-2000, 500, 1500]
    assert fly(position, velocity, beta_kg_m2=500).status is FlightStatus.OK


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"position_ecef_m": POSITION / 1000.0}, "kilometres"),
        ({"position_ecef_m": [math.nan, 0.0, 0.0]}, "finite"),
        ({"position_ecef_m": [1.0, 2.0]}, r"\(3,\)"),
        ({"position_ecef_m": "here"}, "numbers"),
        ({"velocity_ecef_m_s": [0.0, 0.0, 1e6]}, "m/s"),
        ({"velocity_ecef_m_s": [math.inf, 0.0, 0.0]}, "finite"),
        ({"beta_kg_m2": 0.0}, "no drag"),
        ({"beta_kg_m2": -5.0}, "above 0"),
        ({"beta_kg_m2": math.nan}, "finite"),
        ({"beta_kg_m2": "heavy"}, "one number"),
        ({"air": 0.1}, "4 numbers"),
        ({"air": [0.0, 0.0, math.nan, 0.0]}, "finite"),
        ({"spacing_s": 0.0}, "spacing_s"),
        ({"spacing_s": math.nan}, "spacing_s"),
        ({"max_time_s": -1.0}, "max_time_s"),
        ({"max_time_s": math.inf}, "max_time_s"),
        ({"spacing_s": 0.001, "max_time_s": 86_400.0}, "samples"),
    ],
)
def test_a_flight_that_cannot_be_computed_is_refused_by_name(change: dict[str, object], words: str) -> None:
    given: dict[str, object] = {"position_ecef_m": POSITION, "velocity_ecef_m_s": VELOCITY, **change}
    position, velocity = given.pop("position_ecef_m"), given.pop("velocity_ecef_m_s")
    with pytest.raises(FlightError, match=words):
        fly(position, velocity, **given)  # type: ignore[arg-type]


def test_a_batch_of_unequal_lengths_is_refused() -> None:
    with pytest.raises(FlightError, match="as many"):
        fly([POSITION, POSITION], [VELOCITY])
    with pytest.raises(FlightError, match="each of 2 flights"):
        fly([POSITION, POSITION], [VELOCITY, VELOCITY], beta_kg_m2=[1.0, 2.0, 3.0])


def test_flight_errors_are_tocsin_errors() -> None:
    assert issubclass(FlightError, TocsinError)
