"""Which plots may belong to which tracks, and what a scan did to each: beside the same written out in numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.kernels import ecef_from_geodetic, ecef_from_radar, enu_axes, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.geodesy import east_north_up
from tocsin.kernels.track_assign import SURE_PROB, assign, choose
from tocsin.kernels.track_gate import LIVE, PLOTS_MOST, gate, level_m, reach_m
from tocsin.kernels.track_joint import share_plots
from tocsin.kernels.track_motion import BALLISTIC, BOOST, LEVEL
from tocsin.kernels.track_observe import POSITION, RADAR, RADAR_RATE
from tocsin.kernels.track_scan import CONFIRMED, FREE, TENTATIVE, lone, start_tracks
from tocsin.kernels.track_update import TURN_LOG_PROB, bends
from tocsin.policy import TrackPolicy
from tocsin.tracking.output import picture
from tocsin.tracking.parameters import chi_square_bound, kernel_parameters
from tocsin.tracking.state import TrackerState

SITE = np.array(ecef_from_geodetic(0.63, 0.7, 500.0))
GM = 3.986004418e14
NOW_NS = 10**18
ROWS = {RADAR: 3, RADAR_RATE: 4, POSITION: 3}
STD = {RADAR: (30.0, 1e-3, 1e-3, 1.0), RADAR_RATE: (30.0, 1e-3, 1e-3, 5.0), POSITION: (80.0, 80.0, 120.0, 1.0)}
NO_BIASES = (np.full(5, -1), np.zeros(5), 0.0)
POLICY, PAR = TrackPolicy(), kernel_parameters(TrackPolicy())


def measured(kind: int, state: np.ndarray) -> np.ndarray:
    """What a sensor at the site measures of position and velocity, without noise."""
    if kind == POSITION:
        return np.append(state[:3], 0.0)
    sight = state[:3] - SITE
    return np.array((*radar_from_ecef(state[:3], SITE), state[3:] @ sight / np.linalg.norm(sight)))


def innovation(kind: int, state: np.ndarray, z: np.ndarray) -> np.ndarray:
    off = z - measured(kind, state)
    if kind != POSITION:
        off[1] = math.remainder(off[1], 2.0 * math.pi)
    else:  # a report's variances are level and of height
        lat, lon, _ = geodetic_from_ecef(*z[:3])
        off = enu_axes(lat, lon) @ off[:3]
    return off[: ROWS[kind]]


def derivative(kind: int, state: np.ndarray) -> np.ndarray:
    steps = np.diag([1.0] * 3 + [0.1] * 3)
    z = measured(kind, state)
    sides = [(innovation(kind, state - h, z) - innovation(kind, state + h, z)) / (2.0 * h.sum()) for h in steps]
    return np.array(sides).T


def moved(model: int, x: np.ndarray, dt_s: float) -> np.ndarray:
    push = np.zeros(3) if model == LEVEL else -GM * x[:3] / np.linalg.norm(x[:3]) ** 3
    push = push + (x[6:9] if model == BOOST else 0.0)
    return np.concatenate((x[:3] + dt_s * x[3:6] + 0.5 * dt_s**2 * push, x[3:6] + dt_s * push))


def turned(state: np.ndarray, cov: np.ndarray, gap_s: float, turn_m_s2: float) -> np.ndarray:
    """A level turn begun a while ago: at most until it has turned the velocity by the speed."""
    lat, lon, _ = geodetic_from_ecef(*state[:3])
    axes = np.eye(3) - np.outer(enu_axes(lat, lon)[2], enu_axes(lat, lon)[2])
    gained = min(turn_m_s2 * gap_s, float(np.linalg.norm(state[3:])))
    came = gained * (gap_s - 0.5 * gained / max(turn_m_s2, 1e-9))
    out: np.ndarray = cov + np.kron(np.outer((came, gained), (came, gained)), axes)
    return out


def pairs_by_definition(
    kind: int, tracks: dict[str, Any], z: np.ndarray, var: np.ndarray, lag_s: np.ndarray, limit: float,
    policy: TrackPolicy,
) -> dict[tuple[int, int], tuple[float, float]]:  # fmt: skip
    """(track, plot) -> ln of the mixture likelihood, and the least NIS, of all that any model's innovation admits."""
    found, slopes = {}, {}
    for i, j in np.ndindex(tracks["x"].shape[0], z.shape[0]):
        near, least, nis = [], math.inf, math.inf
        for m in np.flatnonzero(tracks["mu"][i] >= LIVE).tolist():
            at = moved(m, tracks["x"][i, m], lag_s[j] + tracks["back_s"][i])
            if (i, m, lag_s[j]) not in slopes:
                slopes[i, m, lag_s[j]] = derivative(kind, at)
            h, off, cov = slopes[i, m, lag_s[j]], innovation(kind, at, z[j]), tracks["cov"][i, m, :6, :6]
            for turn in (False, True):
                if turn and not (m == LEVEL and nis > policy.turn_nis):
                    continue
                p = turned(at, cov, tracks["gap_s"][i], policy.turn_m_s2) if turn else cov
                s = h @ p @ h.T + np.diag(var[j, : ROWS[kind]])
                if kind == RADAR_RATE:
                    s[3, 3] += bends(at, p, SITE, math.inf)[1]
                nis = float(off @ np.linalg.solve(s, off))
                is_in = bool((off**2 <= limit * np.diag(s)).all()) or kind == POSITION
                log = -0.5 * (nis + np.linalg.slogdet(s)[1] + ROWS[kind] * math.log(2.0 * math.pi))
                last = log + (TURN_LOG_PROB if turn else 0.0) if is_in else -math.inf
            least = min(least, nis)
            near.append(last + math.log(tracks["mu"][i, m]))
        if near and max(near) > -math.inf:
            found[i, j] = float(np.logaddexp.reduce(near)), least
    return found


def sky(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Tracks of all models, near the site and far, well and badly known."""
    x, cov, mu = np.zeros((n, 3, 9)), np.zeros((n, 3, 9, 9)), np.zeros((n, 3))
    for i in range(n):
        std_m, range_m = 10.0 ** rng.uniform(1.0, 3.5), 10.0 ** rng.uniform(3.5, 6.0)
        place = ecef_from_radar(range_m, rng.uniform(0.0, 6.28), math.asin(rng.uniform(0.0, 0.999)), SITE)
        for m in range(3):
            root = rng.normal(size=(9, 9)) * ([std_m] * 3 + [10.0 ** rng.uniform(0, 2)] * 6)
            cov[i, m] = root.T @ root / 9.0 + np.eye(9)
            x[i, m, :3] = place + rng.normal(size=3) * 300.0
            x[i, m, 3:6] = rng.normal(size=3) * (200.0 if m == LEVEL else 2_000.0)
            x[i, m, 6:] = rng.normal(size=3) * 15.0
        mu[i] = rng.dirichlet((0.3, 0.3, 0.3))
        mu[i] *= mu[i] > 1e-3
    return {
        "x": x, "cov": cov, "mu": mu / mu.sum(axis=1, keepdims=True), "gap_s": rng.uniform(0.2, 12.0, n),
        "back_s": -rng.uniform(0.0, 1.0, n) * (rng.random(n) < 0.4),
    }  # fmt: skip


@pytest.mark.parametrize("kind", [RADAR, RADAR_RATE, POSITION])
@pytest.mark.parametrize("seed", range(2))
def test_pairs_that_gate_and_their_likelihoods_are_those_of_the_definition(kind: int, seed: int) -> None:
    rng, n = np.random.default_rng((kind, seed)), 30
    tracks = sky(rng, n)
    lag_s = rng.choice([-0.8, 0.0, 0.5], 5 * n) * (seed % 2)
    z, var = np.zeros((5 * n, 4)), np.tile(np.square(STD[kind]), (5 * n, 1)) * rng.uniform(0.5, 4.0, (5 * n, 1))
    for j in range(5 * n):  # beside a model of some track, by up to five sigmas or so
        i = j % n
        m = int(rng.choice(3, p=tracks["mu"][i]))
        at = moved(m, tracks["x"][i, m], lag_s[j] + tracks["back_s"][i])
        cov = tracks["cov"][i, m, :6, :6]
        if m == LEVEL and rng.random() < 0.7:
            cov = turned(at, cov, tracks["gap_s"][i], POLICY.turn_m_s2)
        off = np.linalg.cholesky(cov) @ rng.normal(size=6) * rng.uniform(0.0, 3.0)
        z[j] = measured(kind, at + off) + np.sqrt(var[j]) * rng.normal(size=4) * rng.uniform(0.0, 2.0)
    z[:, 3] *= kind == RADAR_RATE
    spot = z[:, :3].copy() if kind == POSITION else np.array([ecef_from_radar(*row[:3], SITE) for row in z])
    key, axis = (z[:, 0].copy(), np.eye(3)[0])
    limit = chi_square_bound(POLICY.gate_prob, ROWS[kind])
    start, plot, score = gate(
        tracks["x"], tracks["cov"], tracks["mu"], np.zeros((n, 3, 9, 0)), np.arange(n), np.empty((0, 6, 6)),
        tracks["back_s"], tracks["gap_s"], kind, z, spot, NOW_NS + np.round(lag_s * 1e9).astype(np.int64), NOW_NS,
        SITE, var, key, key.argsort(kind="stable"), axis, limit, PAR, np.zeros((0, 0)), NO_BIASES,
    )  # fmt: skip
    got = {(i, int(plot[k])): float(score[k]) for i in range(n) for k in range(start[i], start[i + 1])}
    wanted = pairs_by_definition(kind, tracks, z, var, lag_s, limit, POLICY)
    sure = {pair for pair, (_, nis) in wanted.items() if nis <= 0.98 * limit}  # up, and derivatives, are approximate
    assert len(sure) > n
    assert sure <= got.keys()
    assert all(wanted[pair][1] <= 1.02 * limit for pair in got)
    assert [got[pair] for pair in sure] == pytest.approx([wanted[pair][0] for pair in sure], abs=0.05)


def test_a_track_among_hundreds_of_plots_may_choose_from_the_likeliest_alone() -> None:
    rng, tracks, n = np.random.default_rng(5), sky(np.random.default_rng(5), 2), 300
    z, var = np.zeros((n, 4)), np.tile(np.square(STD[RADAR]), (n, 1))
    at = tracks["x"][0, tracks["mu"][0].argmax()]
    for j in range(n):
        z[j] = measured(RADAR, at[:6]) + np.sqrt(var[j]) * rng.normal(size=4)
    z[:, 3] = 0.0
    spot, key, axis = np.array([ecef_from_radar(*row[:3], SITE) for row in z]), z[:, 0].copy(), np.eye(3)[0]
    order = key.argsort(kind="stable")

    def gated(some: np.ndarray) -> tuple[np.ndarray, ...]:
        return gate(
            tracks["x"], tracks["cov"], tracks["mu"], np.zeros((2, 3, 9, 0)), np.arange(1), np.empty((0, 6, 6)),
            np.zeros(2), tracks["gap_s"], RADAR, z, spot, np.full(n, NOW_NS), NOW_NS, SITE, var, key, some, axis,
            chi_square_bound(POLICY.gate_prob, 3), PAR, np.zeros((0, 0)), NO_BIASES,
        )  # fmt: skip

    alone = {int(j): gated(order[k : k + 1])[2] for k, j in enumerate(order)}
    scores = {j: float(score[0]) for j, score in alone.items() if score.size}
    assert len(scores) > 2 * PLOTS_MOST
    best = sorted(scores, key=lambda j: -scores[j])[:PLOTS_MOST]
    start, plot, score = gated(order)
    assert start.tolist() == [0, PLOTS_MOST]
    assert plot.tolist() == sorted(best, key=lambda j: key[j])
    assert score.tolist() == [scores[j] for j in plot.tolist()]


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(-4.0, 0.0), nearness=st.floats(-4.0, 0.0))
def test_no_plot_that_gates_lies_beyond_reach(seed: int, spread: float, nearness: float) -> None:
    """The plot as far off in all three coordinates as each admits, seen of a target that has moved since."""
    rng, limit = np.random.default_rng(seed), 16.0
    range_m, azimuth_rad, elevation_rad = 10.0 ** rng.uniform(4.0, 6.0), 1.0, math.asin(rng.uniform(0.0, 0.99))
    place = np.array(ecef_from_radar(range_m, azimuth_rad, elevation_rad, SITE))
    axes = enu_axes(*geodetic_from_ecef(*SITE)[:2])
    level = float(np.linalg.norm(axes[:2] @ (place - SITE)))
    assert level_m(east_north_up(*SITE), *(place - SITE)) == pytest.approx(level)
    moving = 10.0**nearness * 0.1 * level
    direction = rng.normal(size=3)
    then = place + moving * direction / np.linalg.norm(direction)
    place2 = rng.dirichlet((0.5, 0.5, 0.5)) * (10.0**spread * range_m) ** 2  # along, aside, up: m2
    plot2 = 10.0 ** rng.uniform((2.0, -7.0, -7.0), (4.0, -4.0, -4.0))  # m2, rad2
    from_m = np.array((1.0, np.linalg.norm(axes[:2] @ (then - SITE)), np.linalg.norm(then - SITE)))
    off = np.sqrt(limit * (place2 / from_m**2 + plot2)) * rng.choice([-1.0, 1.0], 3)
    z = np.array(radar_from_ecef(then, SITE)) + off
    reach = reach_m(place2.sum(), plot2[0], plot2[1] + plot2[2], limit, range_m, level, moving)
    assert np.linalg.norm(np.array(ecef_from_radar(*z, SITE)) - place) <= reach
    everywhere = math.sqrt(limit * (place2.sum() + plot2[0] + range_m**2 * (plot2[1] + plot2[2])))
    if everywhere < 0.01 * level:
        assert reach < 1.5 * everywhere + 3.0 * moving + 0.1
    assert reach_m(1.0, 1.0, 1e-6, limit, range_m, level, 0.11 * level) == math.inf


def one_plot_tracks(rng: np.random.Generator, n: int, par: np.ndarray, kind: int = RADAR) -> TrackerState:
    """Tracks begun by one radar plot each, up to 20 s ago, from 5 to 1000 km away, half of them to the north."""
    memory = TrackerState()
    slots = memory.take(n)
    z, var = np.zeros((n, 4)), np.tile((900.0, 1e-6, 1e-6, 25.0), (n, 1)) * 10.0 ** rng.uniform(-1.0, 1.0, (n, 1))
    z[:, 0], z[:, 1], z[:, 2] = (
        10.0 ** rng.uniform(3.7, 6.0, n), rng.uniform(0.0, rng.choice([6.28, 0.01], n)),
        np.arcsin(rng.uniform(0.0, 0.99, n)),
    )  # fmt: skip
    then_ns = NOW_NS - (10.0 ** rng.uniform(-2.0, 1.3, n) * 1e9).astype(np.int64)
    start_tracks(
        memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.first_ns, memory.last_ns, memory.plot_count,
        slots, np.arange(n), kind, 0, z, then_ns, SITE, var, par, np.zeros((0, 0)), NO_BIASES,
    )  # fmt: skip
    return memory


def lone_of(memory: TrackerState, z: np.ndarray, var: np.ndarray, lag_s: float, limit: float, par: np.ndarray) -> Any:
    plot_ns = np.full(z.shape[0], NOW_NS - round(lag_s * 1e9))
    return lone(
        memory.x, memory.cov, memory.mu, memory.t_ns, memory.last_ns, memory.plot_count, memory.status, memory.parent,
        NOW_NS, z, z[:, 0].argsort(), plot_ns, SITE, var, limit, par,
    )  # fmt: skip


POLICIES = st.builds(
    TrackPolicy,
    velocity_std_m_s=st.sampled_from([1.0, 30.0, 4_000.0]),
    level_speed_std_m_s=st.sampled_from([1.0, 300.0, 9_000.0]),
    level_noise=st.sampled_from([0.0, 4.0, 1e6]),
    level_climb_noise=st.sampled_from([0.0, 1.0, 1e6]),
    coast_noise=st.sampled_from([0.0, 5e-7, 1e4]),
    jerk_noise=st.sampled_from([5.0, 1e6]),
    thrust_m_s2=st.sampled_from([0.0, 20.0, 150.0]),
    thrust_std_m_s2=st.sampled_from([0.1, 14.0, 140.0]),
    exhaust_m_s=st.sampled_from([500.0, 2_600.0]),
    turn_m_s2=st.sampled_from([0.0, 12.0, 500.0]),
)


QUIET = {"velocity_std_m_s": 1.0, "level_speed_std_m_s": 1.0, "level_noise": 0.0, "level_climb_noise": 0.0}


@settings(max_examples=25, deadline=None)
@example(policy=TrackPolicy(**QUIET, jerk_noise=1e6), seed=1, lag_s=0.0)
@example(policy=TrackPolicy(**QUIET, coast_noise=1e4), seed=2, lag_s=0.0)
@given(policy=POLICIES, seed=st.integers(0, 2**32 - 1), lag_s=st.sampled_from([0.0, 0.3]))
def test_no_plot_of_a_scan_gates_with_a_track_told_to_be_lone(policy: TrackPolicy, seed: int, lag_s: float) -> None:
    rng, n, par = np.random.default_rng(seed), 20, kernel_parameters(policy)
    memory, limit = one_plot_tracks(rng, n, par), chi_square_bound(policy.gate_prob, 3)
    slots = np.arange(n)
    seen = picture(memory, slots, NOW_NS, policy.own_prob, par)
    tracks = {
        "x": seen.x,
        "cov": seen.cov,
        "mu": seen.mu,
        "back_s": np.zeros(n),
        "gap_s": (NOW_NS - memory.last_ns[slots]) / 1e9,
    }
    z, var, lags = np.zeros((n, 4)), np.tile((900.0, 1e-6, 1e-6, 1.0), (n, 1)), rng.choice([-lag_s, lag_s], n)
    for i in range(n):  # a plot beside each, two to four and a half sigmas off in one coordinate
        m, row = int(rng.choice(np.flatnonzero(seen.mu[i] >= LIVE))), int(rng.integers(3))
        at = moved(m, seen.x[i, m], lags[i])
        h, off = derivative(RADAR, at)[row], rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 4.5)
        z[i, :3] = measured(RADAR, at)[:3]
        z[i, row] += off * math.sqrt(h @ seen.cov[i, m, :6, :6] @ h + var[i, row])
    z[:, 1] %= 2.0 * math.pi
    is_lone = lone_of(memory, z, var, lag_s, limit, par)[slots]
    found = pairs_by_definition(RADAR, tracks, z, var, lags, limit, policy)
    met = {i for (i, _), (_, nis) in found.items() if nis <= limit}
    assert not met & set(np.flatnonzero(is_lone).tolist())


@pytest.mark.parametrize("seed", range(5))
def test_a_track_far_from_every_plot_is_lone_and_no_other_kind_of_track_is(seed: int) -> None:
    rng, n = np.random.default_rng(seed), 60
    memory, limit = one_plot_tracks(rng, n, PAR), chi_square_bound(POLICY.gate_prob, 3)
    place, gap_s = memory.x[:n, BALLISTIC, :3], (NOW_NS - memory.last_ns[:n]) / 1e9
    z, var = np.zeros((3 * n, 4)), np.tile((900.0, 1e-6, 1e-6, 1.0), (3 * n, 1))
    z[:, :3] = np.tile([radar_from_ecef(at, SITE) for at in place], (3, 1))
    z[:n, 1] += rng.uniform(0.5, 5.5, n)  # as far and as high as each, and as far and in the same direction
    z[n : 2 * n, 2] += rng.choice([-0.6, 0.6], n)
    z[2 * n :, 0] *= rng.choice([0.5, 2.0], n)
    spot = np.array([ecef_from_radar(*row[:3], SITE) for row in z])
    spread_m = np.sqrt(np.trace(memory.cov[:n, BALLISTIC, :3, :3], axis1=1, axis2=2)) + gap_s * POLICY.velocity_std_m_s
    reach_m = math.sqrt(limit) * (spread_m + 30.0) + 100.0 * gap_s**2
    nearest_m = np.linalg.norm(place[:, None] - spot, axis=2).min(axis=1)
    range_m, _, elevation_rad = np.array([radar_from_ecef(at, SITE) for at in place]).T
    reach_m += 4.0e-3 * range_m
    far = (nearest_m > 4.0 * reach_m) & (elevation_rad < 1.0) & (reach_m < 0.05 * range_m)
    is_lone = lone_of(memory, z, var, 0.0, limit, PAR)
    assert far.sum() > 2
    assert is_lone[:n][far].all()
    assert not is_lone[n:].any()
    which = np.flatnonzero(far)
    for name, value in (
        ("status", CONFIRMED), ("status", FREE), ("parent", 7), ("t_ns", NOW_NS), ("plot_count", (2, 0, 0)),
        ("plot_count", (1, 1, 0)), ("plot_count", (1, 0, 1)), ("plot_count", (0, 1, 0)),
    ):  # fmt: skip
        column = getattr(memory, name)
        was = column.copy()
        column[which] = value
        assert not lone_of(memory, z, var, 0.0, limit, PAR)[which].any(), name
        column[:] = was


@pytest.mark.parametrize("is_joint", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_what_tracks_choose_is_taken_from_the_rest_and_weighed(seed: int, is_joint: bool) -> None:
    rng, n, p, log_odds = np.random.default_rng(seed), 30, 40, 2.0
    memory = TrackerState()
    slots = rng.permutation(memory.take(n))
    memory.status[slots] = rng.integers(TENTATIVE, CONFIRMED + 1, n)
    rows, order = np.sort(rng.permutation(n)[:20]), rng.permutation(p)[:30]
    lists = [np.sort(rng.choice(order, rng.integers(0, 4), replace=False)) for _ in rows]
    start = np.concatenate(([0], np.cumsum([each.size for each in lists])))
    plot, score = np.concatenate(lists).astype(np.int64), rng.normal(3.0, 3.0, start[-1])
    density, volume, per, most = (1e-3, 1e9, 10.0, math.inf) if seed % 2 else (1e-9, 1e3, 1.0, 9.0)
    choice, worth = np.full(n, -1), np.zeros(n)
    left, prob, doubtful = np.zeros(order.size, np.int64), np.zeros(plot.size), np.zeros(rows.size, np.int64)
    left_count, free_count, doubts = choose(
        start, plot, score, rows, memory.status, slots, p, order, 35, (-0.1, density, volume, per, most), is_joint,
        log_odds, choice, worth, left, prob, doubtful,
    )  # fmt: skip
    joint = np.zeros(plot.size)
    by_joint = share_plots(start, plot, score, p, log_odds, joint)
    taken = by_joint if is_joint else assign(start, plot, score, p)
    wanted = np.full(n, -1)
    wanted[rows[taken >= 0]] = plot[taken[taken >= 0]]
    assert choice.tolist() == wanted.tolist()
    assert left[:left_count].tolist() == [j for j in order.tolist() if j not in set(wanted.tolist())]
    assert free_count == 35 - sum(memory.status[slots[i]] == CONFIRMED for i in range(n) if wanted[i] >= 0)
    assert doubtful[:doubts].tolist() == [
        r for r, k in enumerate(taken.tolist()) if is_joint and k >= 0 and joint[k] < SURE_PROB
    ]
    if is_joint:
        assert prob.tolist() == joint.tolist()
    per_plot = math.log(max(density, free_count / volume) / per)
    for i in range(n):
        k = [k for r, k in enumerate(taken.tolist()) if rows[r] == i and k >= 0]
        is_weighed = bool(k) and memory.status[slots[i]] == TENTATIVE
        assert worth[i] == pytest.approx(min(score[k[0]] - 0.1 - per_plot, most) if is_weighed else 0.0)
