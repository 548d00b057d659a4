"""The evidence of one scan, beside a search by brute force that shares only the geodesy with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tocsin.kernels import ecef_from_geodetic, enu_axes, radar_from_ecef
from tocsin.kernels.geodesy import ecef_from_radar
from tocsin.kernels.track_motion import BALLISTIC, BOOST, LEVEL
from tocsin.kernels.track_observe import INFRARED, RADAR, ROWS
from tocsin.kernels.track_scan import CONFIRMED, TENTATIVE
from tocsin.kernels.track_watch import (
    PAIR_MAX,
    REFERENCE_MAX,
    SHIFT_COUNT,
    SHIFT_MAX_S,
    SHIFT_STEP_S,
    scan_evidence,
)

SITE = np.array(ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 500.0))
GM = 3.986004418e14
NOW_NS = 1_772_614_800_000_000_000
LIMIT = 20.0
OTHERS = 0b110  # two radars, bits 1 and 2; the one judged has bit 0
SHIFTS_S = np.arange(SHIFT_COUNT) * SHIFT_STEP_S - SHIFT_MAX_S
STD = np.array((30.0, 1e-3, 1e-3))


def track() -> tuple[np.ndarray, np.ndarray]:
    """A ballistic state 150 km up, 200 km from the site, and its covariance."""
    axes = enu_axes(math.radians(37.0), math.radians(41.5))
    position = np.array(ecef_from_geodetic(math.radians(37.0), math.radians(41.5), 150e3))
    velocity = -1_700.0 * axes[0] - 900.0 * axes[1] + 700.0 * axes[2]
    return np.concatenate((position, velocity)), np.diag([1e4] * 3 + [100.0] * 3)


def moved(state: np.ndarray, shift_s: float) -> np.ndarray:
    pull = -GM * state[:3] / np.linalg.norm(state[:3]) ** 3
    return np.concatenate((state[:3] + shift_s * state[3:] + 0.5 * shift_s**2 * pull, state[3:] + shift_s * pull))


def evidence(
    states: np.ndarray, plots: np.ndarray, *, status: int | list[int] = CONFIRMED, support: int = OTHERS,
    age_s: float = 1.0, seen_s: float = 10.0, choice: Sequence[int] = (), others: int = OTHERS, odd: int = 0,
    turn: int = 0, supports: Sequence[int] = (), clock_var: float = 0.0, cov_ratio: float = 1.0, flies: int = BALLISTIC,
    push: Sequence[float] = (0.0, 0.0, 0.0), newer_s: float = 0.0, kind: int = RADAR, kept: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """``plots``: of a radar, or unit sights; ``kept`` (n, 4): support as it is left; states are of now + newer_s."""
    n, p = len(states), len(plots)
    z, spot, var = np.zeros((p, ROWS)), np.zeros((p, 3)), np.ones((p, ROWS))
    for j, row in enumerate(plots):
        z[j, :3], var[j, :3] = row, STD**2 if kind == RADAR else 1e-8
        spot[j] = ecef_from_radar(row[0], row[1], row[2], SITE) if kind == RADAR else row
    shifts, pairs, out = np.empty((4, SHIFT_COUNT)), np.empty((PAIR_MAX, 1 + 2 * ROWS)), np.empty(8)
    times, bank, mu = np.full(n, NOW_NS), np.zeros((n, 3, 9)), np.zeros((n, 3))
    bank[:, BOOST, 6:], mu[:, flies] = push, 1.0
    memory = np.array([[mask, mask, 0, 1] for mask in supports or [support] * n])
    scan_evidence(
        np.arange(n), np.full(n, status), times - round((age_s + seen_s) * 1e9), times - round(age_s * 1e9),
        times + round(newer_s * 1e9), memory, states, np.tile(cov_ratio * track()[1], (n, 1, 1)), bank, mu,
        np.array(choice or [-1] * n), NOW_NS, clock_var, 0, others, odd,
        np.array([3, 3, 3, 3]), turn, kind, z, spot, np.full(p, NOW_NS), SITE, var, LIMIT, shifts, pairs, out,
    )  # fmt: skip
    if kept is not None:
        kept[:] = memory
    return shifts, pairs, out


def brute_force(state: np.ndarray, cov: np.ndarray, plot: np.ndarray) -> tuple[float, float]:
    """Best shift and its d2, by trying every millisecond with numeric derivatives and a plain inverse."""
    best = (math.nan, math.inf)
    for shift_s in np.arange(-6.0, 6.0, 0.001):
        at = moved(state, shift_s)
        if not abs(best[0] - shift_s) < 0.2 and abs(np.array(radar_from_ecef(at[:3], SITE))[0] - plot[0]) > 3_000.0:
            continue
        h = np.array([
            (np.array(radar_from_ecef(at[:3] + step, SITE)) - np.array(radar_from_ecef(at[:3] - step, SITE))) / 2.0
            for step in np.eye(3)
        ]).T  # fmt: skip
        carry = np.hstack((np.eye(3), shift_s * np.eye(3)))
        spread = carry @ cov @ carry.T + np.eye(3) * (0.5 * 3.0 * shift_s**2) ** 2
        miss = plot - np.array(radar_from_ecef(at[:3], SITE))
        d2 = float(miss @ np.linalg.inv(h @ spread @ h.T + np.diag(STD**2)) @ miss)
        if d2 < best[1]:
            best = (float(shift_s), d2)
    return best


@pytest.mark.parametrize("shift_s", [-4.7, -3.0, 1.0, 3.0, 5.5])
def test_the_shift_of_a_displaced_plot_is_the_one_that_brute_force_finds(shift_s: float) -> None:
    state, cov = track()
    plot = np.array(radar_from_ecef(moved(state, shift_s)[:3], SITE)) + np.array((40.0, -1.2e-3, 0.7e-3))
    shifts, _, out = evidence(state[None], plot[None])
    wanted_s, wanted_d2 = brute_force(state, cov, plot)
    assert out[:3].tolist() == [0.0, 1.0, 1.0]
    k = int(np.argmin(np.where(shifts[0] > 0.0, shifts[1], np.inf)))
    assert shifts[3, k] / shifts[2, k] == pytest.approx(wanted_s, abs=0.02)
    assert abs(SHIFTS_S[k] - wanted_s) <= 0.051
    left = shifts[1, k] - shifts[2, k] * (SHIFTS_S[k] - shifts[3, k] / shifts[2, k]) ** 2
    assert left == pytest.approx(wanted_d2, rel=0.03)
    assert set(SHIFTS_S[shifts[0] > 0.0].round(1)) <= set((wanted_s + np.arange(-8, 9) * 0.1).round(1))


def test_a_plot_where_the_track_is_speaks_for_the_sensor_and_for_no_shift() -> None:
    state, _ = track()
    plot = np.array(radar_from_ecef(state[:3], SITE)) + np.array((30.0, 1e-3, -1e-3))
    shifts, _, out = evidence(state[None], plot[None], choice=[0])
    assert out[:3].tolist() == [1.0, 0.0, 0.0]
    assert not shifts[0].any()
    h = np.array(
        [
            np.array(radar_from_ecef(state[:3] + step, SITE)) - np.array(radar_from_ecef(state[:3], SITE))
            for step in np.eye(3)
        ]
    ).T
    miss = np.array((30.0, 1e-3, -1e-3))
    wanted = miss @ np.linalg.inv(h @ (1e4 * np.eye(3)) @ h.T + np.diag(STD**2)) @ miss
    assert out[3] == pytest.approx(wanted, rel=1e-3)


def test_a_constant_error_keeps_its_residual_with_its_variances() -> None:
    state, cov = track()
    plot = np.array(radar_from_ecef(state[:3], SITE)) + np.array((1_500.0, 0.0, 0.02))
    _, pairs, out = evidence(state[None], plot[None])
    assert out[2] == 1.0
    np.testing.assert_allclose(pairs[0, 1:4], (1_500.0, 0.0, 0.02), atol=1e-6)
    h = np.array(
        [
            np.array(radar_from_ecef(state[:3] + step, SITE)) - np.array(radar_from_ecef(state[:3], SITE))
            for step in np.eye(3)
        ]
    ).T
    np.testing.assert_allclose(pairs[0, 1 + ROWS : 4 + ROWS], np.diag(h @ cov[:3, :3] @ h.T) + STD**2, rtol=1e-3)


@pytest.mark.parametrize(
    "unfit",
    [
        {"status": TENTATIVE},
        {"support": 0b010},  # one radar fixes a position once
        {"support": 0b001},  # the judged one itself
        {"age_s": 6.0},
        {"seen_s": 3.0},
    ],
)
def test_a_track_that_others_do_not_vouch_for_now_is_no_reference(unfit: dict[str, Any]) -> None:
    state, _ = track()
    plot = np.array(radar_from_ecef(moved(state, 3.0)[:3], SITE))
    shifts, _, out = evidence(state[None], plot[None], **unfit)
    assert not out.any()
    assert not shifts.any()


ALL_OTHERS = 0b1110  # a third radar, bit 3, beside them


@pytest.mark.parametrize(
    ("odd", "support", "is_judged"),
    [
        (0b0000, 0b0110, True),
        (0b1000, 0b0110, False),  # the third sees it elsewhere: one in three disagrees
        (0b1000, 0b1110, True),  # ... but it fed it all the same
        (0b0001, 0b0110, True),  # the judged one itself is no witness
    ],
)
def test_nobody_is_judged_by_a_track_that_another_sees_elsewhere(odd: int, support: int, is_judged: bool) -> None:
    """What the scan shows of it is still told, as it makes this sensor a witness as well."""
    state, _ = track()
    late = np.array(radar_from_ecef(moved(state, 3.0)[:3], SITE))
    shifts, _, out = evidence(state[None], late[None], odd=odd, support=support, others=ALL_OTHERS)
    assert out.tolist() == [0.0, is_judged, is_judged, 0.0, 0.0, is_judged, 0.0, 1.0]
    assert shifts.any() == is_judged
    there = np.array(radar_from_ecef(state[:3], SITE))
    shifts, _, out = evidence(state[None], there[None], choice=[0], odd=odd, support=support, others=ALL_OTHERS)
    assert out[[0, 1, 2, 5, 7]].tolist() == [is_judged, 0.0, 0.0, is_judged, -1.0]
    assert (out[4] > 0.0) == is_judged
    assert not shifts.any()


def test_of_many_tracks_each_is_looked_at_in_its_turn() -> None:
    """Twice as many as one scan is compared with: every other one in this scan, the rest in the next."""
    state, _ = track()
    states = np.tile(state, (2 * REFERENCE_MAX, 1))
    states[:, 2] += 60e3 * np.arange(len(states))  # none is beside another
    seen = np.zeros(len(states))
    for k, here in enumerate(states):
        plot = np.array(radar_from_ecef(here[:3], SITE))
        for turn in (7, 8):
            _, _, out = evidence(states, plot[None], turn=turn)
            assert out[5] == REFERENCE_MAX
            seen[k] += out[0]
            assert out[0] == (k % 2 == turn % 2)
    assert (seen == 1.0).all()


def radar_plot(position: np.ndarray) -> np.ndarray:
    return np.array(radar_from_ecef(position[:3], SITE))


def sideways(distance_m: float) -> np.ndarray:
    """So far across the line from the site to the track."""
    state, _ = track()
    across = np.cross(state[:3] - SITE, SITE)
    return state[:3] + distance_m * across / np.linalg.norm(across)


@pytest.mark.parametrize(("distance_m", "says"), [(45_000.0, True), (55_000.0, False)])
def test_a_plot_further_off_than_50_km_says_nothing_of_a_track(distance_m: float, says: bool) -> None:
    state, _ = track()
    _, _, out = evidence(state[None], radar_plot(sideways(distance_m))[None])
    assert out[[0, 1, 2, 7]].tolist() == [0.0, says, says, says]


@pytest.mark.parametrize(("angle_rad", "says"), [(0.08, True), (0.12, False), (math.pi, False)])
def test_a_sight_further_off_than_a_tenth_of_a_radian_says_nothing_of_a_track(angle_rad: float, says: bool) -> None:
    """The last one looks the other way."""
    state, _ = track()
    along = (state[:3] - SITE) / np.linalg.norm(state[:3] - SITE)
    across = (sideways(1.0) - state[:3]) / np.linalg.norm(sideways(1.0) - state[:3])
    _, _, out = evidence(state[None], (math.cos(angle_rad) * along + math.sin(angle_rad) * across)[None], kind=INFRARED)
    assert out[[0, 1, 7]].tolist() == [0.0, says, says]


def test_a_track_that_hardly_moves_tells_nothing_of_a_clock_whether_it_is_shown_or_not() -> None:
    state, _ = track()
    state[3:] *= 0.01  # 20 m/s
    for position, rows in ((state[:3], 3.0), (sideways(20_000.0), 0.0)):
        shifts, _, out = evidence(state[None], radar_plot(position)[None], choice=[0])
        assert out[[0, 1, 2, 4, 7]].tolist() == [0.0, 0.0, 0.0, rows, 0.0]
        assert not shifts.any()


def test_a_sharp_plot_votes_for_all_shifts_within_0_15_s_that_fit_as_well() -> None:
    state, _ = track()
    axis = (state[:3] - SITE) / np.linalg.norm(state[:3] - SITE)
    state[3:] = 7_000.0 * axis  # 30 m of range tell 4 ms: by chi-square alone only 3.04 s would do
    shifts, _, _ = evidence(state[None], radar_plot(moved(state, 3.04))[None], cov_ratio=1e-4)
    assert SHIFTS_S[shifts[0] > 0.0] == pytest.approx([2.9, 3.0, 3.1])


def test_two_plots_of_the_same_shift_vote_once_for_a_track() -> None:
    state, _ = track()
    plot = radar_plot(moved(state, 3.0))
    shifts, _, out = evidence(state[None], np.stack((plot, plot + np.array((5.0, 0.0, 0.0)))))
    assert shifts[0].max() == 1.0
    assert out[[1, 2]].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("shift_s", [-6.6, 6.6])
def test_no_shift_beyond_6_s_is_sought(shift_s: float) -> None:
    state, _ = track()
    shifts, _, out = evidence(state[None], radar_plot(moved(state, shift_s))[None])
    assert out[1] == 1.0
    assert not shifts.any()


def test_a_plot_beside_the_path_votes_for_no_shift() -> None:
    state, _ = track()
    shifts, _, out = evidence(state[None], radar_plot(sideways(20_000.0))[None])
    assert out[[1, 2]].tolist() == [1.0, 1.0]
    assert not shifts.any()


@pytest.mark.parametrize(
    ("apart_m", "other_status", "is_judged"),
    [(40_000.0, CONFIRMED, False), (40_000.0, TENTATIVE, True), (60_000.0, CONFIRMED, True)],
)
def test_nobody_is_judged_where_another_fed_a_confirmed_track_beside_it(
    apart_m: float, other_status: int, is_judged: bool
) -> None:
    """Two radars feed the first track, a third the other, some tens of km along an axis."""
    state, _ = track()
    other = state.copy()
    other[0] += apart_m
    late = radar_plot(moved(state, 3.0))
    _, _, out = evidence(
        np.stack((state, other)), late[None], status=[CONFIRMED, other_status], supports=(0b0110, 0b1000),
        others=ALL_OTHERS,
    )  # fmt: skip
    assert out[[1, 5, 7]].tolist() == [is_judged, is_judged, 1.0]


def test_what_is_not_known_of_a_clock_is_part_of_what_is_expected() -> None:
    """A quarter of a second is far for a radar whose clock is known, and a sigma for one known to a quarter."""
    state, _ = track()
    plot = radar_plot(moved(state, 0.25))
    _, _, known = evidence(state[None], plot[None], cov_ratio=0.01)
    _, _, unknown = evidence(state[None], plot[None], cov_ratio=0.01, clock_var=0.25**2)
    assert known[[1, 7]].tolist() == [1.0, 1.0]
    assert unknown[1] == 0.0
    assert 0.5 < unknown[3] < 1.5  # d2 of one sigma


def test_a_plot_that_another_track_has_taken_is_not_this_ones() -> None:
    """Two bodies 3 s apart on one path; the sensor sees the second alone."""
    state, _ = track()
    second = moved(state, -3.0)
    _, _, out = evidence(np.stack((state, second)), radar_plot(second)[None], choice=[-1, 0])
    assert out[[0, 1, 2, 7]].tolist() == [1.0, 0.0, 0.0, -1.0]


def test_thrust_and_level_flight_bend_the_path_along_which_a_shift_is_sought() -> None:
    state, _ = track()
    push = 60.0 * (state[:3] - SITE) / np.linalg.norm(state[:3] - SITE)  # m/s2: 270 m along the sight in 3 s
    for flies, acceleration in ((BOOST, push), (LEVEL, -(moved(state, 1.0) - state)[3:])):
        at = moved(state, 3.0)[:3] + 0.5 * 3.0**2 * acceleration
        shifts, _, _ = evidence(state[None], radar_plot(at)[None], flies=flies, push=push, cov_ratio=1e-4)
        k = int(np.argmin(np.where(shifts[0] > 0.0, shifts[1], np.inf)))
        assert shifts[3, k] / shifts[2, k] == pytest.approx(3.0, abs=0.005)
        assert shifts[1, k] < 1.0


def test_a_plot_older_than_the_track_is_compared_with_where_that_was() -> None:
    state, _ = track()
    _, _, out = evidence(state[None], radar_plot(moved(state, -1.0))[None], newer_s=1.0)
    assert out[[0, 1]].tolist() == [1.0, 0.0]


def test_a_sensor_supports_no_longer_what_it_sees_elsewhere() -> None:
    state, _ = track()
    kept = np.zeros((1, 4), np.int64)
    evidence(state[None], radar_plot(state)[None], support=0b0111, kept=kept)
    assert kept.tolist() == [[0b0111, 0b0111, 0, 1]]
    evidence(state[None], radar_plot(moved(state, 3.0))[None], support=0b0111, kept=kept)
    assert kept.tolist() == [[0b0111, 0b0110, 0, 1]]
    evidence(state[None], np.zeros((0, 3)), support=0b0111, kept=kept)  # it sees nothing at all
    assert kept.tolist() == [[0b0111, 0b0111, 0, 1]]
