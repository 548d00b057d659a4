"""The public flight library: what it gives, and how it refuses."""

from __future__ import annotations

import ast
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tocsin.errors import FlightError, TocsinError
from tocsin.flight import Earth, FlightBatch, FlightStatus, fly
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
    assert (lat, lon) == pytest.approx((flight.impact.latitude_rad, flight.impact.longitude_rad), abs=1e-14)
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
    ("options", "limit_m"),
    [
        ({"method": "dop853"}, 0.1),
        ({"method": "rk4", "step_s": 0.05}, 0.1),
        ({"method": "tsit5", "step_s": 0.2}, 0.1),
        ({"tolerance_m": 1e-4}, 0.1),
    ],
)
def test_every_method_comes_down_at_the_same_place(options: dict[str, object], limit_m: float) -> None:
    default = fly(POSITION, VELOCITY, beta_kg_m2=3000.0).impact
    other = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, **options).impact
    assert 0.0 < np.linalg.norm(other.position_ecef_m - default.position_ecef_m) < limit_m


def test_events_tell_what_was_met_and_when() -> None:
    flight = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, heights_m=[100e3, 20e3])
    assert [event.kind for event in flight.events] == ["height", "apogee", "height", "height", "ground"]
    assert [event.is_rising for event in flight.events] == [True, False, False, False, False]
    assert (np.diff([event.time_s for event in flight.events]) > 0.0).all()
    for event in flight.events:
        assert geodetic_from_ecef(*event.position_ecef_m)[2] == pytest.approx(event.height_m, abs=1e-3)
    top, ground = flight.events[1], flight.events[-1]
    assert (top.time_s, top.height_m) == (flight.apogee.time_s, flight.apogee.height_m)
    assert (ground.time_s, ground.height_m) == (flight.impact.time_s, 0.0)
    assert (ground.position_ecef_m == flight.impact.position_ecef_m).all()


def test_more_events_than_expected_are_all_kept() -> None:
    radius = 7.0e6
    speed = math.sqrt(3.986e14 / radius) - 7.292115e-5 * radius
    flight = fly([radius, 0.0, 0.0], [10.0, speed, 0.0], max_time_s=5 * 86_400.0, spacing_s=3600.0)
    assert len(flight.events) > 64
    assert {event.kind for event in flight.events} == {"apogee"}


def test_a_flight_stops_at_a_height_falling() -> None:
    flight = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, stop_height_m=100e3)
    assert flight.status is FlightStatus.OK
    assert flight.impact is not None
    assert flight.events[-1].kind == "stop_height"
    assert geodetic_from_ecef(*flight.impact.position_ecef_m)[2] == pytest.approx(100e3, abs=1e-3)
    assert flight.velocity_ecef_m_s[-1] @ POSITION < 0.0


@pytest.mark.parametrize("options", [{"method": "rk4", "step_s": 10.0}, {"method": "dop853", "step_s": 10.0}])
def test_a_step_too_long_for_the_drag_is_told_as_such(options: dict[str, object]) -> None:
    assert "step_s is too long" in fly(POSITION * 0.99, VELOCITY, beta_kg_m2=0.1, **options).explanation
    assert "step_s is too long" not in fly(POSITION, VELOCITY, beta_kg_m2=3000.0, **options).explanation


def test_no_height_is_met_below_the_one_where_the_flight_stops() -> None:
    """Without air one step reaches far below both."""
    flight = fly(POSITION, VELOCITY, stop_height_m=2_000.0, heights_m=[500.0, 1_999.0, 3_000.0])
    assert [(event.kind, event.height_m) for event in flight.events[-2:]] == [
        ("height", 3_000.0), ("stop_height", 2_000.0),
    ]  # fmt: skip


def test_samples_lie_at_multiples_of_the_spacing_and_at_the_end() -> None:
    flight = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, spacing_s=7.0)
    assert (flight.time_s[:-1] == 7.0 * np.arange(len(flight.time_s) - 1)).all()
    assert flight.time_s[-1] == flight.impact.time_s
    assert (flight.position_ecef_m[-1] == flight.impact.position_ecef_m).all()


def test_a_round_earth_at_rest_gives_keplers_free_fall_from_rest() -> None:
    # radial Kepler orbit: t = sqrt(r0^3 / (2 gm)) (acos(sqrt(x)) + sqrt(x (1 - x))), x = r / r0
    radius, start, gm = 6_371_000.0, 8_000_000.0, 3.986004418e14
    flight = fly([0.0, start, 0.0], [0.0, 0.0, 0.0], earth=Earth.sphere(), tolerance_m=1e-4)
    x = radius / start
    wanted = math.sqrt(start**3 / (2.0 * gm)) * (math.acos(math.sqrt(x)) + math.sqrt(x * (1.0 - x)))
    assert flight.impact.time_s == pytest.approx(wanted, abs=1e-6)
    assert np.allclose(flight.impact.position_ecef_m, [0.0, radius, 0.0], atol=1e-6)
    assert flight.impact.latitude_rad == 0.0


def test_rotation_and_zonal_terms_move_the_impact() -> None:
    default = fly(POSITION, VELOCITY, beta_kg_m2=3000.0).impact
    still = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, earth=Earth(rate_rad_s=0.0)).impact
    zonal = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, earth=Earth().with_zonals()).impact
    assert np.linalg.norm(still.position_ecef_m - default.position_ecef_m) > 1000.0
    assert 0.5 < np.linalg.norm(zonal.position_ecef_m - default.position_ecef_m) < 100.0


def test_wgs84_written_out_is_the_default() -> None:
    written = fly(POSITION, VELOCITY, beta_kg_m2=3000.0, earth=Earth(), drag_mach=[[0.0, 1.0]]).impact
    default = fly(POSITION, VELOCITY, beta_kg_m2=3000.0).impact
    assert np.linalg.norm(written.position_ecef_m - default.position_ecef_m) < 1e-3


def test_more_drag_above_mach_one_shortens_the_flight_and_a_wind_profile_carries_it() -> None:
    plain = fly(POSITION, VELOCITY, beta_kg_m2=500.0).impact
    dragged = fly(POSITION, VELOCITY, beta_kg_m2=500.0, drag_mach=[[0.9, 1.0], [1.1, 2.0]]).impact
    windy = fly(POSITION, VELOCITY, beta_kg_m2=500.0, wind_profile=[[0.0, 50.0, 0.0], [3e4, 50.0, 0.0]]).impact
    assert np.linalg.norm(dragged.position_ecef_m - POSITION) < np.linalg.norm(plain.position_ecef_m - POSITION)
    shift = enu_axes(plain.latitude_rad, plain.longitude_rad) @ (windy.position_ecef_m - plain.position_ecef_m)
    assert shift[0] > 500.0


def many(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return POSITION * rng.uniform(1.0, 1.02, (count, 1)), VELOCITY * rng.uniform(0.5, 1.2, (count, 1))


@pytest.mark.parametrize("options", [{}, {"stop_height_m": 1000.0}, {"drag_mach": [[1.0, 1.0], [2.0, 1.5]]}])
def test_many_flights_do_not_depend_on_the_number_of_cores(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    position, velocity = many(100)
    ends: list[FlightBatch] = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(sys.modules["tocsin.flight.fly"], "_cores", lambda cores=cores: cores)
        ends.append(fly(position, velocity, beta_kg_m2=2000.0, **options))
    for other in ends[1:]:
        assert (other.status == ends[0].status).all()
        assert (other.impact_ecef_m == ends[0].impact_ecef_m).all()
        assert (other.time_s == ends[0].time_s).all()


def test_many_flights_end_within_10_cm_of_each_alone() -> None:
    position, velocity = many(70)
    batch = fly(position, velocity, beta_kg_m2=2000.0)
    for i in range(0, 70, 7):
        alone = fly(position[i], velocity[i], beta_kg_m2=2000.0).impact
        assert np.linalg.norm(batch.impact_ecef_m[i] - alone.position_ecef_m) < 0.1


@pytest.mark.parametrize("beta_kg_m2", [None, 0.1, 1.0, 30.0, 1e7])
def test_what_grazes_the_ground_at_its_start_comes_down_there_alone_and_among_many(beta_kg_m2: float | None) -> None:
    """Level or rising by less than rounding: once such a flight went on through the Earth."""
    position, velocity = [], []
    for latitude in (-math.pi / 2.0, -1.0, 0.0, 0.8, 1.5):
        east, north, up = enu_axes(latitude, 0.7)
        for speed_m_s, climb in ((1.0, 0.0), (1e-3, 0.1), (7_000.0, 0.0), (3_000.0, 1e-9), (0.5, 1e-7)):
            position.append(ecef_from_geodetic(latitude, 0.7, 0.0))
            velocity.append(speed_m_s * (0.6 * east + 0.8 * north + climb * up))
    alone = [fly(p, v, beta_kg_m2=beta_kg_m2) for p, v in zip(position, velocity, strict=True)]
    many = fly(4 * position, 4 * velocity, beta_kg_m2=beta_kg_m2)
    for i, flight in enumerate(alone):
        assert flight.status in (FlightStatus.OK, FlightStatus.ALREADY_DOWN)
        assert many.status[i] == flight.status
        assert abs(many.time_s[i] - flight.time_s[-1]) < 0.02
        assert flight.time_s[-1] < 0.5


@pytest.mark.parametrize("climb_deg", [90.0, 60.0, 5.0])
@pytest.mark.parametrize(("speed_m_s", "beta_kg_m2"), [(19_000.0, 1.0), (11_300.0, 0.1), (300.0, 1.0)])
def test_the_lightest_and_fastest_ends_alike_alone_and_among_many(
    speed_m_s: float, beta_kg_m2: float, climb_deg: float
) -> None:
    axes = enu_axes(0.8, 0.7)
    climb = math.radians(climb_deg)
    position = np.array(ecef_from_geodetic(0.8, 0.7, 0.0))
    velocity = speed_m_s * (math.cos(climb) * axes[0] + math.sin(climb) * axes[2])
    alone = fly(position, velocity, beta_kg_m2=beta_kg_m2).impact
    many = fly(np.tile(position, (64, 1)), np.tile(velocity, (64, 1)), beta_kg_m2=beta_kg_m2)
    assert alone is not None
    assert np.linalg.norm(many.impact_ecef_m - alone.position_ecef_m, axis=1).max() < 0.1


def test_flight_is_usable_without_the_stages_the_world_or_the_console() -> None:
    program = (
        "import sys, tocsin.flight as f; f.fly([7e6, 0, 0], [0, 0, 0]);"
        "print([m for m in sys.modules if m.startswith('tocsin.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in ast.literal_eval(done.stdout)}
    assert loaded == {"errors", "flight", "kernels"}


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
        ({"beta_kg_m2": -5.0}, "0.1 to 1e"),
        ({"beta_kg_m2": 1e-3}, "0.1 to 1e"),
        ({"beta_kg_m2": math.nan}, "0.1 to 1e"),
        ({"beta_kg_m2": math.inf}, "0.1 to 1e"),
        ({"beta_kg_m2": "heavy"}, "one number"),
        ({"air": 0.1}, "4 numbers"),
        ({"air": [0.0, 0.0, math.nan, 0.0]}, "winds up to 500 m/s"),
        ({"air": [0.0, 0.0, 0.0, -900.0]}, "winds up to 500 m/s"),
        ({"air": [math.nan, 0.0, 0.0, 0.0]}, "deviations of -1 to 10"),
        ({"air": [0.0, 80.0, 0.0, 0.0]}, "deviations of -1 to 10"),
        ({"spacing_s": 0.0}, "spacing_s"),
        ({"spacing_s": math.nan}, "spacing_s"),
        ({"max_time_s": -1.0}, "max_time_s"),
        ({"max_time_s": math.inf}, "max_time_s"),
        ({"spacing_s": 0.001, "max_time_s": 86_400.0}, "samples"),
        ({"spacing_s": "often"}, "spacing_s"),
        ({"drag_mach": [[0.0, 1.0]]}, "needs beta_kg_m2"),
        ({"beta_kg_m2": 100.0, "drag_mach": [[1.0, 1.0], [0.5, 2.0]]}, "first column rises"),
        ({"beta_kg_m2": 100.0, "drag_mach": [[0.5, -1.0]]}, "ratios of 0 to"),
        ({"beta_kg_m2": 100.0, "drag_mach": [1.0, 2.0]}, "one row or more of 2"),
        ({"beta_kg_m2": 100.0, "drag_mach": "blunt"}, "rows of numbers"),
        ({"wind_profile": np.empty((0, 3))}, "one row or more of 3"),
        ({"wind_profile": [[0.0, 900.0, 0.0]]}, "up to 500 m/s"),
        ({"wind_profile": [[0.0, math.nan, 0.0]]}, "finite rows"),
        ({"method": "euler"}, "rk4, tsit5, dop853"),
        ({"method": "rk4"}, "give step_s"),
        ({"step_s": 0.0}, "step_s takes 0.0001"),
        ({"step_s": 1e-4, "max_time_s": 86_400.0}, "steps in max_time_s"),
        ({"tolerance_m": 0.0}, "tolerance_m takes 1e-06"),
        ({"tolerance_m": math.nan}, "tolerance_m"),
        ({"stop_height_m": -5000.0}, "stop_height_m takes -500"),
        ({"heights_m": ["high"]}, "heights_m"),
        ({"heights_m": [math.inf]}, "heights_m"),
        ({"earth": "mars"}, "takes an Earth"),
    ],
)
def test_a_flight_that_cannot_be_computed_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"position_ecef_m": POSITION, "velocity_ecef_m_s": VELOCITY, **change}
    position, velocity = given.pop("position_ecef_m"), given.pop("velocity_ecef_m_s")
    with pytest.raises(FlightError, match=words):
        fly(position, velocity, **given)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gm_m3_s2": 398_600.4418}, "gm_m3_s2 takes 1e.12 to 1e.16 m3/s2"),
        ({"semi_major_m": 6378.137}, "semi_major_m takes"),
        ({"flattening": 298.257}, "flattening takes 0 to 0.01"),
        ({"rate_rad_s": 15.0}, "rate_rad_s"),
        ({"j2": math.nan}, "j2"),
        ({"j3": "none"}, "j3"),
    ],
)
def test_an_earth_that_cannot_be_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(FlightError, match=words):
        Earth(**change)


def test_heights_are_events_of_one_flight() -> None:
    with pytest.raises(FlightError, match="give one state"):
        fly([POSITION], [VELOCITY], heights_m=[1e4])


def test_a_batch_of_unequal_lengths_is_refused() -> None:
    with pytest.raises(FlightError, match="as many"):
        fly([POSITION, POSITION], [VELOCITY])
    with pytest.raises(FlightError, match="each of 2 flights"):
        fly([POSITION, POSITION], [VELOCITY, VELOCITY], beta_kg_m2=[1.0, 2.0, 3.0])


def test_flight_errors_are_tocsin_errors() -> None:
    assert issubclass(FlightError, TocsinError)
