"""The evidence of one scan, beside a search by brute force that shares only the geodesy with it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.kernels import ecef_from_geodetic, enu_axes, radar_from_ecef
from tocsin.kernels.geodesy import ecef_from_radar
from tocsin.kernels.track_observe import RADAR, ROWS
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
    states: np.ndarray, plots: np.ndarray, *, status: int = CONFIRMED, support: int = OTHERS, age_s: float = 1.0,
    seen_s: float = 10.0, choice: int = -1, others: int = OTHERS, odd: int = 0, turn: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    n, p = len(states), len(plots)
    z, spot, var = np.zeros((p, ROWS)), np.zeros((p, 3)), np.ones((p, ROWS))
    for j, row in enumerate(plots):
        z[j, :3], var[j, :3] = row, STD**2
        spot[j] = ecef_from_radar(row[0], row[1], row[2], SITE)
    shifts, pairs, out = np.empty((4, SHIFT_COUNT)), np.empty((PAIR_MAX, 1 + 2 * ROWS)), np.empty(8)
    times = np.full(n, NOW_NS)
    scan_evidence(
        np.arange(n), np.full(n, status), times - round((age_s + seen_s) * 1e9),
        times - round(age_s * 1e9), times, np.tile([support, support, 0, 1], (n, 1)),
        states, np.tile(track()[1], (n, 1, 1)), np.zeros((n, 3, 9)), np.tile([0.0, 1.0, 0.0], (n, 1)),
        np.full(n, choice), NOW_NS, 0.0, 0, others, odd, np.array([3, 3, 3, 3]), turn, RADAR, z, spot,
        np.full(p, NOW_NS), SITE, var, LIMIT, shifts, pairs, out,
    )  # fmt: skip
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
    wanted_s, _ = brute_force(state, cov, plot)
    assert out[:3].tolist() == [0.0, 1.0, 1.0]
    k = int(np.argmin(np.where(shifts[0] > 0.0, shifts[1], np.inf)))
    assert shifts[3, k] / shifts[2, k] == pytest.approx(wanted_s, abs=0.02)
    assert abs(SHIFTS_S[k] - wanted_s) <= 0.051
    assert set(SHIFTS_S[shifts[0] > 0.0].round(1)) <= set((wanted_s + np.arange(-8, 9) * 0.1).round(1))


def test_a_plot_where_the_track_is_speaks_for_the_sensor_and_for_no_shift() -> None:
    state, _ = track()
    plot = np.array(radar_from_ecef(state[:3], SITE)) + np.array((30.0, 1e-3, -1e-3))
    shifts, _, out = evidence(state[None], plot[None], choice=0)
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
def test_a_track_that_others_do_not_vouch_for_now_is_no_reference(unfit: dict[str, float]) -> None:
    state, _ = track()
    plot = np.array(radar_from_ecef(moved(state, 3.0)[:3], SITE))
    shifts, _, out = evidence(state[None], plot[None], **unfit)  # type: ignore[arg-type]
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
    shifts, _, out = evidence(state[None], there[None], choice=0, odd=odd, support=support, others=ALL_OTHERS)
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
            _, _, out = evidence(states, plot[None], choice=-1, turn=turn)
            assert out[5] == REFERENCE_MAX
            seen[k] += out[0]
            assert out[0] == (k % 2 == turn % 2)
    assert (seen == 1.0).all()
