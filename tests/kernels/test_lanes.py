"""Lanes: a tight independent integration, the one-by-one path, and that no row depends on its neighbours."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tocsin.kernels.atmosphere import density_us76
from tocsin.kernels.fall import ALREADY_DOWN, NO_IMPACT, OK, fall_batch
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, height_and_up
from tocsin.kernels.lane_slope import (
    AT,
    AT_VELOCITY,
    DENSITY,
    DEVIATION,
    DEVIATION_RISE,
    HALF_PER_BETA,
    HEIGHT,
    LANES,
    SLOPE_1,
    WIND_EAST,
    WIND_NORTH,
    density,
    density_table,
    drag,
    place,
    wind,
)
from tocsin.kernels.lane_step import SIZE
from tocsin.kernels.lanes import fall_lanes
from tocsin.kernels.motion import acceleration_of

NO_DRAG = -1.0
STILL = (0.0, 0.0, 0.0, 0.0)


def state(height_m: float, speed_m_s: float, climb_deg: float, azimuth_deg: float, lat_deg: float) -> np.ndarray:
    lat, lon, climb, azimuth = (math.radians(x) for x in (lat_deg, 40.0, climb_deg, azimuth_deg))
    level = speed_m_s * math.cos(climb)
    enu = np.array([level * math.sin(azimuth), level * math.cos(azimuth), speed_m_s * math.sin(climb)])
    return np.concatenate([ecef_from_geodetic(lat, lon, height_m), enu_axes(lat, lon).T @ enu])


# height m, speed m/s, climb deg, azimuth deg, latitude deg; beta kg/m2; air. Ranges of 300 to 3500 km, then fragments.
BODIES = [
    ((41e3, 1700.0, 42.0, 260.0, 36.0), 900.0, (0.05, -0.1, 25.0, -10.0)),
    ((43e3, 5100.0, 29.0, 20.0, -50.0), 1000.0, (-0.04, 0.02, -10.0, 13.0)),
    ((52e3, 5000.0, 33.0, 140.0, 10.0), 600.0, STILL),
    ((70e3, 3500.0, 40.0, 300.0, 68.0), 10_000.0, (0.1, 0.2, 40.0, 40.0)),
    ((81e3, 4800.0, 30.0, 90.0, 0.0), 640.0, STILL),
    ((98e3, 4200.0, 20.0, 200.0, -30.0), 3000.0, (-0.1, 0.0, 0.0, -30.0)),
    ((100e3, 5300.0, 24.0, 80.0, 30.0), NO_DRAG, (0.1, 0.1, 10.0, 10.0)),
]
FRAGMENTS = [
    ((41e3, 2350.0, 30.0, 10.0, 40.0), 320.0, (0.04, 0.08, 2.0, -1.0)),
    ((120e3, 2900.0, -20.0, 250.0, 36.0), 30.0, (0.0, -0.1, 30.0, 5.0)),
    ((30e3, 1100.0, -45.0, 160.0, -20.0), 90.0, STILL),
    ((97e3, 2900.0, 35.0, 330.0, 60.0), 94.0, STILL),
    ((150e3, 1000.0, -5.0, 45.0, 5.0), 1500.0, (-0.05, 0.0, -20.0, 40.0)),
]


def rows(cases: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([state(*start) for start, _, _ in cases]),
        np.array([beta for _, beta, _ in cases]),
        np.array([air for _, _, air in cases]),
    )


def mixed(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        start = (rng.uniform(1e3, 2e5), rng.uniform(100, 5000), *rng.uniform((-80, 0, -85), (80, 360, 85)))
        beta = float(rng.choice([NO_DRAG, 30.0, 800.0, 9000.0]))
        air = tuple(rng.normal(0.0, (0.05, 0.1, 20.0, 20.0))) if rng.random() < 0.5 else STILL
        cases.append((start, beta, air))
    return rows(cases)


def tight(start: np.ndarray, beta: float, air: np.ndarray, time_s: float) -> np.ndarray:
    """Position after time_s; steps of at most 1 s, since longer ones pass over the corners of the atmosphere unseen."""

    def slope(_: float, y: np.ndarray) -> tuple[float, ...]:
        return (y[3], y[4], y[5], *acceleration_of(y[0], y[1], y[2], y[3], y[4], y[5], beta, air))

    return solve_ivp(slope, (0.0, time_s), start, method="DOP853", rtol=1e-12, atol=1e-7, max_step=1.0).y[:3, -1]


CASES = {"bodies": lambda: rows(BODIES), "fragments": lambda: rows(FRAGMENTS), "any": lambda: mixed(40, seed=9)}


@pytest.mark.parametrize("cases", CASES)
def test_impacts_agree_with_a_tight_dop853_within_ten_centimetres(cases: str) -> None:
    states, beta, air = CASES[cases]()
    status, impact, time_s = fall_lanes(states, beta, air, 7200.0)
    assert (status == OK).all()
    for i in range(len(states)):
        assert abs(height_and_up(*impact[i])[0]) < 1e-4
        assert np.linalg.norm(impact[i] - tight(states[i], beta[i], air[i], time_s[i])) < 0.10


def test_lanes_agree_with_one_flight_after_the_other() -> None:
    states, beta, air = mixed(300, seed=5)
    status, impact, time_s = fall_lanes(states, beta, air, 500.0)
    one_status, one_impact, one_time_s = fall_batch(states, beta, air, 500.0)
    assert np.array_equal(status, one_status)
    assert set(status.tolist()) == {OK, NO_IMPACT}
    assert np.array_equal(np.isnan(impact[:, 0]), status == NO_IMPACT)
    down = status == OK
    assert np.linalg.norm(impact - one_impact, axis=1)[down].max() < 1.0
    assert np.abs(time_s - one_time_s)[down].max() < 1e-2


@pytest.mark.parametrize("splits", [(0, 1, 300), (0, 7, 31, 150, 300), tuple(range(0, 301, 4))])
def test_a_row_has_the_same_bytes_however_the_rows_are_split(splits: tuple[int, ...]) -> None:
    states, beta, air = mixed(300, seed=6)
    states[40], air[50, 0], beta[60] = np.nan, np.inf, 1e-3  # troubled neighbours
    whole = fall_lanes(states, beta, air, 900.0)
    parts = [
        fall_lanes(states[a:b].copy(), beta[a:b].copy(), air[a:b].copy(), 900.0) for a, b in itertools.pairwise(splits)
    ]
    for column in range(3):
        assert np.concatenate([part[column] for part in parts]).tobytes() == whole[column].tobytes()


def test_a_row_has_the_same_bytes_in_any_order() -> None:
    states, beta, air = mixed(200, seed=7)
    whole = fall_lanes(states, beta, air, 900.0)
    order = np.random.default_rng(1).permutation(200)
    other = fall_lanes(states[order], beta[order], air[order], 900.0)
    for column in range(3):
        assert other[column].tobytes() == whole[column][order].tobytes()


def test_codes_say_how_each_row_ended() -> None:
    states = np.array(
        [
            state(700e3, 7100.0, 0.0, 90.0, 36.0),  # an orbit
            state(-10.0, 500.0, 45.0, 0.0, 36.0),  # under the ground
            state(0.0, 500.0, -45.0, 0.0, 36.0),  # on it, going down
            state(0.0, 500.0, 45.0, 0.0, 36.0),  # on it, going up
            state(10e3, 500.0, 0.0, 0.0, 36.0),
        ]
    )
    status, impact, time_s = fall_lanes(states, np.full(5, 500.0), np.zeros((5, 4)), 7200.0)
    assert status.tolist() == [NO_IMPACT, ALREADY_DOWN, ALREADY_DOWN, OK, OK]
    assert np.isnan(impact[0]).all()
    assert np.isnan(time_s[0])
    assert np.array_equal(impact[1:3], states[1:3, :3])
    assert (time_s[1:3] == 0.0).all()
    assert time_s[3] > 20.0


def test_a_flight_ends_with_the_time_allowed() -> None:
    states, beta, air = rows(BODIES[:1])
    time_s = fall_lanes(states, beta, air, 7200.0)[2][0]
    assert fall_lanes(states, beta, air, time_s - 1e-3)[0][0] == NO_IMPACT
    assert fall_lanes(states, beta, air, time_s + 1e-3)[0][0] == OK
    assert fall_lanes(states, beta, air, 0.0)[0][0] == NO_IMPACT
    assert fall_lanes(states, beta, air, math.nan)[0][0] == NO_IMPACT


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("column", [0, 2, 3, 5])
def test_a_row_that_is_no_number_ends_without_impact(bad: float, column: int) -> None:
    states, beta, air = rows(BODIES)
    states[3, column] = bad
    status, impact, _ = fall_lanes(states, beta, air, 7200.0)
    assert status[3] == NO_IMPACT
    assert np.isnan(impact[3]).all()
    assert (np.delete(status, 3) == OK).all()


@pytest.mark.parametrize("column", range(4))
def test_air_that_is_no_number_ends_without_impact(column: int) -> None:
    states, beta, air = rows(BODIES[:2])
    air[0, column] = math.nan
    assert fall_lanes(states, beta, air, 7200.0)[0].tolist() == [NO_IMPACT, OK]


def test_no_rows_give_no_results() -> None:
    status, impact, time_s = fall_lanes(np.empty((0, 6)), np.empty(0), np.empty((0, 4)), 100.0)
    assert status.shape == (0,)
    assert impact.shape == (0, 3)
    assert time_s.shape == (0,)


def test_the_slope_of_a_group_is_that_of_motion() -> None:
    rng = np.random.default_rng(8)
    table = density_table()
    w = np.zeros(SIZE)
    for top_m, share_of_density in ((86e3, 2e-6), (130e3, 1e-4), (999e3, 3e-4)):
        for _ in range(40):
            cases = []
            for n in range(LANES):
                lat, lon, height_m = rng.uniform(-1.57, 1.57), rng.uniform(-3.1, 3.1), rng.uniform(-3e3, top_m)
                y = np.concatenate([ecef_from_geodetic(lat, lon, height_m), rng.normal(0.0, 2500.0, 3)])
                air = rng.normal(0.0, (0.1, 0.2, 30.0, 30.0))
                cases.append((y, air, height_m))
                for i in range(3):
                    w[AT + i * LANES + n] = y[i]
                    w[AT_VELOCITY + i * LANES + n] = y[3 + i]
                w[HALF_PER_BETA + n] = 0.5 / 300.0
                w[DEVIATION + n], w[DEVIATION_RISE + n] = air[0], air[1] - air[0]
                w[WIND_EAST + n], w[WIND_NORTH + n] = air[2], air[3]
            place(w)
            density(w, table)
            wind(w)
            drag(w, 1)
            for n, (y, air, height_m) in enumerate(cases):
                assert w[HEIGHT + n] == pytest.approx(height_m, abs=5e-4)
                assert w[DENSITY + n] == pytest.approx(density_us76(height_m), rel=share_of_density)
                own = np.array([w[SLOPE_1 + i * LANES + n] for i in range(3)])
                with_drag = np.array(acceleration_of(*y, 300.0, air))
                drag_m_s2 = np.linalg.norm(with_drag - acceleration_of(*y, NO_DRAG, air))
                assert np.linalg.norm(own - with_drag) < 2.0 * share_of_density * drag_m_s2 + 1e-9
