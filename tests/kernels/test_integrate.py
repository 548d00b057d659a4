"""The driver behind every flight: orders, dense output, events, invariants, and stops at the corners of the air."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import _ivp, solve_ivp
from scipy.optimize import brentq

from tocsin.kernels import integrate as driver
from tocsin.kernels.constants import GM_M3_S2, J3, J4, WGS84_J2
from tocsin.kernels.dense import APOGEE, HEIGHT, STOP
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.kernels.integrate import ALREADY_DOWN, NO_IMPACT, OK, integrate, integrate_many
from tocsin.kernels.motion import acceleration, acceleration_with
from tocsin.kernels.tableaus import (
    DOP853,
    ERRORS,
    EXTRA_COUNT,
    RK4,
    STAGE_COUNT,
    TSIT5,
    WEIGHTS,
    WITHIN,
)

STILL = np.zeros(4)
WINDY = np.array([0.05, 0.2, 30.0, -15.0])
NO_DRAG = -1.0
NO_TABLE, NO_WIND = np.empty((0, 2)), np.empty((0, 3))
EVENT_S = 1e-3


def state(height_m: float, speed_m_s: float, climb_deg: float, azimuth_deg: float = 260.0) -> np.ndarray:
    """(6,) at 36 N 40 E."""
    lat, lon, climb, azimuth = np.deg2rad([36.0, 40.0, climb_deg, azimuth_deg])
    level = speed_m_s * math.cos(climb)
    enu = np.array([level * math.sin(azimuth), level * math.cos(azimuth), speed_m_s * math.sin(climb)])
    return np.concatenate([ecef_from_geodetic(lat, lon, height_m), enu_axes(lat, lon).T @ enu])


class Result:
    """What `integrate` gives, in one piece."""

    def __init__(self, start: np.ndarray, beta: float = NO_DRAG, air: np.ndarray = STILL, *, method: int = TSIT5,
                 step_s: float = 0.0, tolerance_m: float = 0.02, stop_m: float = 0.0, max_time_s: float = 7200.0,
                 spacing_s: float = 0.0, levels_m: tuple[float, ...] = (), earth: object = None,
                 run: Callable[..., Any] = integrate) -> None:  # fmt: skip
        samples = np.empty((int(max_time_s / spacing_s) + 3 if spacing_s > 0.0 else 0, 7))
        events, self.peak, self.final = np.empty((20, 10)), np.empty(2), np.empty(6)
        tables = (None, None, None) if earth is None else (earth, NO_TABLE, NO_WIND)
        self.status, self.time_s, count, event_count = run(
            start, beta, air, *tables, method, step_s, tolerance_m, stop_m, max_time_s, spacing_s,
            np.sort(levels_m), samples, events, self.peak, self.final,
        )  # fmt: skip
        self.samples, self.events = samples[:count], events[:event_count]


def test_each_table_meets_the_order_conditions_of_quadrature() -> None:
    # sum b c^(k-1) = 1/k up to the order of the method: necessary, and a slip in any digit of b or c breaks it
    for method, order in ((RK4, 4), (TSIT5, 5), (DOP853, 8)):
        nodes = WEIGHTS[method].sum(axis=1)
        final = WEIGHTS[method, STAGE_COUNT[method]]
        for k in range(1, order + 1):
            assert final @ nodes ** (k - 1) == pytest.approx(1.0 / k, abs=5e-14)


def test_each_polynomial_within_a_step_meets_the_order_conditions_and_the_end() -> None:
    for method, order in ((RK4, 3), (TSIT5, 4), (DOP853, 7)):
        nodes = WEIGHTS[method].sum(axis=1)
        for share in (0.1, 0.37, 0.9):
            weights = sum(WITHIN[method, power] * share ** (power + 1) for power in range(7))
            for k in range(1, order + 1):
                assert weights @ nodes ** (k - 1) == pytest.approx(share**k / k, abs=5e-13)
        assert np.allclose(WITHIN[method].sum(axis=0), WEIGHTS[method, STAGE_COUNT[method]], atol=1e-12)


def test_dop853_has_the_coefficients_that_scipy_took_from_the_same_book() -> None:
    theirs = _ivp.dop853_coefficients
    assert np.abs(WEIGHTS[DOP853] - theirs.A).max() < 1e-15
    assert np.abs(ERRORS[DOP853, :, :13] - [theirs.E5, theirs.E3]).max() < 1e-15
    assert (STAGE_COUNT[DOP853], EXTRA_COUNT[DOP853]) == (theirs.N_STAGES, 3)


def test_tsit5_estimates_its_error_by_a_result_of_order_four() -> None:
    nodes = WEIGHTS[TSIT5].sum(axis=1)
    lower = WEIGHTS[TSIT5, 6] - ERRORS[TSIT5, 0]
    for k in range(1, 5):
        assert lower @ nodes ** (k - 1) == pytest.approx(1.0 / k, abs=5e-14)
    assert abs(lower @ nodes**4 - 0.2) > 1e-6


ORDERS = [(RK4, 4, 40.0), (TSIT5, 5, 80.0), (DOP853, 8, 200.0)]


@pytest.mark.parametrize(("method", "order", "step_s"), ORDERS)
def test_fixed_steps_above_the_air_converge_with_the_order_of_the_method(
    method: int, order: int, step_s: float
) -> None:
    start = state(300e3, 6000.0, 40.0)
    fine = Result(start, method=DOP853, step_s=5.0, max_time_s=800.0).final[:3]
    errors = [
        float(np.linalg.norm(Result(start, method=method, step_s=step, max_time_s=800.0).final[:3] - fine))
        for step in (step_s, step_s / 2.0)
    ]
    assert order - 0.5 < math.log2(errors[0] / errors[1]) < order + 1.0


@pytest.mark.parametrize(("method", "order", "step_s"), [(RK4, 3, 40.0), (TSIT5, 4, 40.0), (DOP853, 7, 200.0)])
def test_the_state_within_a_step_converges_with_the_order_of_its_polynomial(
    method: int, order: int, step_s: float
) -> None:
    start = state(300e3, 6000.0, 40.0)
    errors = []
    for step in (step_s, step_s / 2.0):
        inside = Result(start, method=method, step_s=step, max_time_s=step, spacing_s=0.4 * step).samples[1]
        fine = Result(start, method=DOP853, step_s=step / 40.0, max_time_s=float(inside[0])).final
        errors.append(float(np.linalg.norm(inside[1:4] - fine[:3])))
    assert order + 0.5 < math.log2(errors[0] / errors[1]) < order + 2.0  # one step alone errs one order less


def potential_m2_s2(place: np.ndarray, zonals: tuple[float, float, float]) -> float:
    r = float(np.linalg.norm(place))
    series = [0.0, 0.0, *(-j * (WGS84_J2[1] / r) ** n for n, j in zip((2, 3, 4), zonals, strict=True))]
    return GM_M3_S2 / r * (1.0 + float(np.polynomial.legendre.legval(place[2] / r, series)))


@pytest.mark.parametrize("method", [TSIT5, DOP853])
def test_energy_in_the_rotating_frame_is_constant_without_drag(method: int) -> None:
    earth = (*WGS84_J2[:5], J3, J4)

    def energy(y: np.ndarray) -> float:
        spin = 0.5 * earth[3] ** 2 * float(y[0] ** 2 + y[1] ** 2)
        return 0.5 * float(y[3:] @ y[3:]) - potential_m2_s2(y[:3], (earth[4], J3, J4)) - spin

    start = state(100e3, 5000.0, 50.0)
    for tolerance_m, limit_m2_s2 in ((0.02, 1.0), (1e-5, 1e-3)):  # of 5e7
        after = Result(start, method=method, earth=earth, max_time_s=1000.0, tolerance_m=tolerance_m).final
        assert energy(after) == pytest.approx(energy(start), abs=limit_m2_s2)


@pytest.mark.parametrize(("method", "step_s"), [(TSIT5, 0.0), (DOP853, 0.0), (RK4, 2.0)])
def test_angular_momentum_about_a_round_earth_at_rest_is_constant(method: int, step_s: float) -> None:
    sphere = (GM_M3_S2, 6_371_000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    start = state(100e3, 5000.0, 50.0)
    after = Result(start, method=method, step_s=step_s, earth=sphere, max_time_s=1000.0, tolerance_m=1e-3).final
    momentum = np.cross(start[:3], start[3:])
    assert np.linalg.norm(np.cross(after[:3], after[3:]) - momentum) < 1e-9 * np.linalg.norm(momentum)


def tight(start: np.ndarray, beta: float, air: np.ndarray, end_s: float) -> Callable[[float], np.ndarray]:
    """scipy's dense answer to the same right-hand side."""

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate([y[3:], acceleration(y[:3].copy(), y[3:].copy(), beta, air)])

    return solve_ivp(slope, (0.0, end_s), start, method="DOP853", rtol=1e-12, atol=1e-6, max_step=1.0,
                     dense_output=True).sol  # fmt: skip


def height(y: np.ndarray) -> float:
    return float(geodetic_from_ecef(y[0], y[1], y[2])[2])


@pytest.mark.parametrize(("method", "step_s"), [(TSIT5, 0.0), (DOP853, 0.0), (RK4, 0.5)])
def test_events_are_met_within_a_millisecond_and_in_order(method: int, step_s: float) -> None:
    start = state(80e3, 2500.0, 40.0)
    found = Result(start, 4000.0, WINDY, method=method, step_s=step_s, levels_m=(30e3, 100e3, 90e3, 1e6))
    assert found.status == OK
    assert found.events[:, 0].tolist() == [HEIGHT, HEIGHT, APOGEE, HEIGHT, HEIGHT, HEIGHT, STOP]
    assert found.events[:, 8].tolist()[:2] == [90e3, 100e3]
    assert found.events[:, 8].tolist()[3:] == [100e3, 90e3, 30e3, 0.0]
    assert found.events[:, 9].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    solution = tight(start, 4000.0, WINDY, found.time_s + 1.0)
    for kind, time_s, *y, level, _ in found.events:
        assert np.linalg.norm(solution(time_s)[:3] - y[:3]) < 0.3
        if kind == APOGEE:
            before, after = (height(solution(time_s + s)) - height(solution(time_s)) for s in (-0.5, 0.5))
            top_s = (before - after) / (2.0 * (before + after)) * 0.5  # vertex of the parabola through the three
            assert abs(top_s) < EVENT_S * 5.0  # the reference's own difference of heights resolves no more
            assert level == pytest.approx(height(solution(time_s)), abs=0.1)
        else:
            exact = brentq(lambda t, h=level: height(solution(t)) - h, time_s - 1.0, time_s + 0.9, xtol=1e-9)
            assert time_s == pytest.approx(exact, abs=EVENT_S)


@pytest.mark.parametrize(("method", "step_s"), [(TSIT5, 0.0), (DOP853, 0.0), (RK4, 1.0)])
def test_the_ground_is_met_where_a_flight_cut_at_that_time_ends(method: int, step_s: float) -> None:
    start = state(80e3, 2500.0, 40.0)
    down = Result(start, 4000.0, method=method, step_s=step_s)
    cut = Result(start, 4000.0, method=method, step_s=step_s, max_time_s=down.time_s)
    assert cut.status in (OK, NO_IMPACT)
    assert abs(height(down.final)) < 1e-5
    assert np.linalg.norm(down.final[:3] - cut.final[:3]) < 1e-3


def test_a_flight_stops_where_it_falls_through_the_height_and_not_where_it_rises_through() -> None:
    stopped = Result(state(10e3, 2500.0, 40.0), 4000.0, stop_m=50e3)
    assert stopped.status == OK
    assert height(stopped.final) == pytest.approx(50e3, abs=1e-5)
    assert stopped.peak[0] > 60e3
    assert stopped.events[-1, [0, 8]].tolist() == [STOP, 50e3]


def test_what_never_reaches_the_height_to_stop_at_ends_on_the_ground() -> None:
    down = Result(state(10e3, 500.0, 40.0), 4000.0, stop_m=90e3)
    assert down.status == OK
    assert abs(height(down.final)) < 1e-5
    assert down.events[-1, [0, 8]].tolist() == [STOP, 0.0]


def test_what_falls_from_the_very_height_to_stop_at_is_already_down() -> None:
    assert Result(state(50e3, 500.0, -40.0), stop_m=50e3).status == ALREADY_DOWN


def test_a_pass_low_over_the_ground_within_one_long_step_is_not_missed() -> None:
    # perigee 2 km under the ground at 11 km/s, 30 s away: one fixed step of 60 s goes in and out again
    sphere = (GM_M3_S2, 6_371_000.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    low_m = 6_369_000.0
    perigee = np.array([low_m, 0.0, 0.0, 0.0, -math.sqrt(2.0 * GM_M3_S2 / low_m), 0.0])
    mirror = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    start = mirror * Result(perigee, method=DOP853, step_s=1.0, earth=sphere, max_time_s=30.0, stop_m=-3e4).final
    met = Result(start, method=DOP853, step_s=60.0, earth=sphere, max_time_s=60.0)
    assert np.linalg.norm(start[:3]) > 6_371_000.0 + 2e3
    assert met.status == OK
    assert np.linalg.norm(met.final[:3]) == pytest.approx(6_371_000.0, abs=1e-3)
    assert 5.0 < met.time_s < 30.0


@pytest.mark.parametrize("method", [TSIT5, DOP853])
@pytest.mark.parametrize(("beta", "limit_m"), [(4000.0, 0.05), (1000.0, 0.10), (100.0, 1.0), (NO_DRAG, 0.02)])
def test_flights_of_1500_km_end_within_10_cm_of_a_tight_one_and_very_light_ones_within_1_m(
    method: int, beta: float, limit_m: float
) -> None:
    start = state(80e3, 3600.0, 38.0)
    found = Result(start, beta, method=method)
    exact = tight(start, beta, STILL, found.time_s)(found.time_s)
    assert np.linalg.norm(found.final[:3] - exact[:3]) < limit_m


@pytest.mark.parametrize(("spacing_s", "limit_s"), [(0.7, 100.0), (5.0, 100.0), (9.0, 100.0)])
def test_samples_lie_at_exact_multiples_and_at_the_end(spacing_s: float, limit_s: float) -> None:
    samples = Result(state(80e3, 2500.0, 40.0), 4000.0, spacing_s=spacing_s, max_time_s=limit_s).samples
    assert (samples[:-1, 0] == np.arange(len(samples) - 1) * spacing_s).all()
    assert samples[-1, 0] == limit_s
    assert (np.diff(samples[:, 0]) > 1e-9).all()


@pytest.mark.parametrize(("method", "limit_m"), [(TSIT5, 0.15), (DOP853, 0.15)])
def test_samples_lie_on_the_path(method: int, limit_m: float) -> None:
    start = state(80e3, 2500.0, 40.0)
    samples = Result(start, 4000.0, method=method, spacing_s=1.0).samples
    solution = tight(start, 4000.0, STILL, float(samples[-1, 0]))
    off = [np.linalg.norm(solution(t)[:3] - y[:3]) for t, *y in samples]
    assert max(off) < limit_m


def test_the_time_to_a_corner_is_that_of_a_parabola() -> None:
    corners = np.array([[10e3], [20e3]])
    assert driver._time_to_corner(15e3, 300.0, -10.0, corners) == 1e9  # turns 4500 m up
    assert driver._time_to_corner(15e3, 400.0, -10.0, corners) == pytest.approx(15.505, abs=1e-3)
    assert driver._time_to_corner(25e3, -100.0, -10.0, corners) == pytest.approx(23.166, abs=1e-3)
    assert driver._time_to_corner(20e3 + 1.0, -100.0, 0.0, corners) == pytest.approx(100.01, abs=1e-3)  # passed
    assert driver._time_to_corner(5e3, -100.0, 0.0, corners) == 1e9


@pytest.mark.parametrize(
    ("name", "fewer_m", "air"),
    [
        ("_CALM_STOPS_M", np.empty((0, 1)), STILL),
        ("_STOPS_M", driver._CALM_STOPS_M, np.array([0.1, -0.2, 40.0, -30.0])),
    ],
)
def test_stops_at_the_corners_of_the_air_save_steps_and_error(
    name: str, fewer_m: np.ndarray, air: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = itertools.count()
    plain = driver._error

    def counting(*arguments: object) -> float:
        next(counted)
        return float(plain(*arguments))

    monkeypatch.setattr(driver, "_error", counting)
    starts = [state(80e3, 3600.0, 38.0), state(90e3, 3000.0, 5.0), state(120e3, 3000.0, -20.0)]

    def cost_and_error() -> tuple[int, float]:
        before, worst = next(counted), 0.0
        for start in starts:
            exact = Result(start, 4000.0, air, method=DOP853, tolerance_m=1e-6)
            found = Result(start, 4000.0, air, run=integrate.py_func)  # interpreted, so that its globals can be changed
            worst = max(worst, float(np.linalg.norm(found.final[:3] - exact.final[:3])))
        return next(counted) - before, worst

    steps, error_m = cost_and_error()
    monkeypatch.setattr(driver, name, fewer_m)
    more_steps, more_error_m = cost_and_error()
    assert steps < 0.9 * more_steps
    assert error_m < 0.7 * more_error_m


def test_many_flights_end_as_each_alone_over_any_earth() -> None:
    earth = (*WGS84_J2[:5], J3, J4)
    states = np.array([state(80e3, 2500.0, 40.0), state(10e3, 500.0, -10.0), state(700e3, 9000.0, 30.0)])
    betas, airs = np.array([4000.0, 100.0, NO_DRAG]), np.tile(WINDY, (3, 1))
    mach = np.array([[0.8, 1.0], [1.2, 2.0]])
    status, ends, times = integrate_many(states, betas, airs, earth, mach, NO_WIND, TSIT5, 0.0, 0.02, 0.0, 3600.0)
    assert status.tolist() == [OK, OK, NO_IMPACT]
    assert np.isnan(ends[2]).all()
    for i in range(2):
        final = np.empty(6)
        out = integrate(states[i], betas[i], airs[i], earth, mach, NO_WIND, TSIT5, 0.0, 0.02, 0.0, 3600.0, 0.0,
                        np.empty(0), np.empty((0, 7)), np.empty((0, 10)), np.empty(2), final)  # fmt: skip
        assert (out[1], final[:3].tolist()) == (times[i], ends[i].tolist())


def test_drag_over_mach_and_wind_profile_act_in_flight_as_in_the_equations() -> None:
    start = state(30e3, 900.0, -30.0)
    mach = np.array([[0.8, 1.0], [1.2, 2.5], [3.0, 1.8]])
    wind = np.array([[0.0, 10.0, 0.0], [8e3, 40.0, -10.0], [20e3, 0.0, 5.0]])
    final = np.empty(6)
    status, time_s, _, _ = integrate(
        start, 300.0, WINDY, WGS84_J2, mach, wind, TSIT5, 0.0, 0.02, 0.0, 3600.0, 0.0,
        np.empty(0), np.empty((0, 7)), np.empty((0, 10)), np.empty(2), final,
    )  # fmt: skip

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate([y[3:], acceleration_with(*y, 300.0, WINDY, WGS84_J2, mach, wind)])

    assert status == OK
    exact = solve_ivp(slope, (0.0, time_s), start, method="DOP853", rtol=1e-12, atol=1e-6, max_step=0.2).y[:, -1]
    assert np.linalg.norm(exact[:3] - final[:3]) < 0.10
