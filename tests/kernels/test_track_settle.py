"""What comes of a scan, beside the same in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kernels import ecef_from_geodetic, ecef_from_radar
from tocsin.kernels.geodesy import east_north_up
from tocsin.kernels.track_motion import BALLISTIC, BOOST, LEVEL
from tocsin.kernels.track_observe import INFRARED, RADAR
from tocsin.kernels.track_scan import (
    AZIMUTH_FROM_RAD,
    AZIMUTH_TO_RAD,
    CONFIRMED,
    ELEVATION_MAX_RAD,
    ELEVATION_MIN_RAD,
    RANGE_MAX_M,
    RANGE_MIN_M,
    TENTATIVE,
)
from tocsin.kernels.track_settle import (
    CHANGED,
    DROPPED,
    FED,
    RIPE,
    YOUNG,
    given_up,
    judged,
    looked_at,
    news,
    reckon,
    stirred,
    taken_plots,
)
from tocsin.policy import TrackPolicy
from tocsin.tracking.output import picture
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.state import TrackerState

SITE = np.array(ecef_from_geodetic(0.63, 0.7, 500.0))
NOW_NS = 10**18
PAR = kernel_parameters(TrackPolicy())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-1, 8), st.booleans()), max_size=9, unique_by=lambda c: c[0] if c[0] >= 0 else object()
    )
)
def test_plots_that_fed_tracks_come_first_then_those_that_nobody_chose(choices: list[tuple[int, bool]]) -> None:
    """A track may choose a plot that it then cannot use: it feeds nobody."""
    choice = np.array([c for c, _ in choices], dtype=np.int64)
    nis = np.array([1.5 if c >= 0 and ok else -1.0 for c, ok in choices])
    slots = 3 * np.arange(choice.size) + 1
    is_free, fed, taken = np.zeros(9, dtype=bool), np.zeros(slots.size, np.int64), np.zeros(slots.size + 9, np.int64)
    used, count = taken_plots(slots, choice, nis, is_free, fed, taken)
    wanted = [(3 * i + 1, c) for i, (c, ok) in enumerate(choices) if c >= 0 and ok]
    assert list(zip(fed[:used].tolist(), taken[:used].tolist(), strict=True)) == wanted
    assert taken[used:count].tolist() == is_free.nonzero()[0].tolist() == sorted(set(range(9)) - set(choice.tolist()))


def sorted_out(rng: np.random.Generator, n: int) -> tuple[TrackerState, np.ndarray, np.ndarray]:
    """Slots in a random order, and random marks as `reckon` leaves them."""
    memory = TrackerState()
    slots = rng.permutation(memory.take(n))
    memory.status[slots] = rng.integers(TENTATIVE, CONFIRMED + 1, n)
    memory.plot_count[slots] = rng.integers(0, 3, (n, 3))
    memory.evidence[slots], memory.t_ns[slots] = rng.integers(4, 7, n), rng.integers(0, 50, n)
    memory.mu[slots], memory.cov[slots] = (
        rng.dirichlet((1.0, 1.0, 1.0), n),
        np.eye(9) * 2.0 * 10.0 ** rng.integers(2, 9, (n, 1, 1, 1)),
    )
    marks = np.zeros(memory.status.size, np.int64)
    marks[slots] = rng.choice([0, CHANGED, CHANGED | FED, DROPPED, CHANGED | DROPPED], n, p=[0.5, 0.1, 0.2, 0.1, 0.1])
    return memory, slots, marks


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("is_told", [False, True])
def test_a_scan_stirs_what_it_changed_and_what_its_young_tracks_may_double(seed: int, is_told: bool) -> None:
    """What is dropped is told, where anything is, a tentative one as it was; else it is done with."""
    rng, young_hits, ripe = np.random.default_rng(seed), 4, 5.0
    memory, slots, marks = sorted_out(rng, 3 if seed > 3 else 80)
    given_marks, hits = marks.copy(), memory.plot_count.sum(axis=1)
    end_ns = 20
    out, what, to_ns, dropped = np.zeros((4, slots.size), np.int64)
    count, dropped_count, common_ns = stirred(
        memory.status, memory.plot_count, memory.evidence, memory.cov, memory.mu, memory.t_ns, slots, marks, young_hits,
        ripe, is_told, end_ns, out, what, to_ns, dropped,
    )  # fmt: skip
    kept = {k for k in slots.tolist() if given_marks[k] & CHANGED and not given_marks[k] & DROPPED and hits[k] >= 3}
    young = {k for k in kept if given_marks[k] & FED and hits[k] <= young_hits}
    ripening = {k for k in kept if memory.status[k] == TENTATIVE and memory.evidence[k] >= ripe}
    var = np.trace(memory.cov[:, :, 3:6, 3:6], axis1=2, axis2=3)
    known = {k for k in slots.tolist() if memory.mu[k] @ var[k] <= 4.0 * 3.0 * 500.0**2} if young else set()
    met = [k for k in slots.tolist() if given_marks[k] or k in known]
    wanted = [k for k in met if is_told or not given_marks[k] & DROPPED]
    assert out[:count].tolist() == wanted
    assert dropped[:dropped_count].tolist() == [k for k in met if k not in wanted]
    told = [int(given_marks[k]) | (YOUNG if k in young else 0) | (RIPE if k in ripening else 0) for k in wanted]
    assert what[:count].tolist() == told
    over = [k for k in met if given_marks[k] & DROPPED and memory.status[k] == TENTATIVE]
    assert common_ns == max([end_ns, *(memory.t_ns[k] for k in met if k not in over)])
    assert to_ns[:count].tolist() == [min(memory.t_ns[k], common_ns) if k in over else common_ns for k in wanted]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 31), st.booleans(), st.booleans(), st.floats(-1.0, 9.0)), max_size=12))
def test_what_is_judged_and_told_follows_from_marks_and_soundness(rows: list[tuple[int, bool, bool, float]]) -> None:
    n = len(rows)
    what, is_sound = np.array([r[0] for r in rows], dtype=np.int64), np.array([r[1] for r in rows], dtype=bool)
    absorbed, nis = np.array([r[2] for r in rows], dtype=bool), np.array([r[3] for r in rows])
    gone, (young, ripe, told, at, over) = np.zeros(n, dtype=bool), np.zeros((5, n), np.int64)
    young_count, ripe_count = judged(what, is_sound, gone, young, ripe)
    assert gone.tolist() == [bool(w & DROPPED) or not ok for w, ok, _, _ in rows]
    assert young[:young_count].tolist() == [i for i in range(n - 1, -1, -1) if what[i] & YOUNG and is_sound[i]]
    assert ripe[:ripe_count].tolist() == [i for i in range(n) if what[i] & RIPE and is_sound[i]]
    slots = np.arange(n)[::-1] * 2
    nis_of, mu, told_boost = np.full(2 * n + 1, -7.0), np.zeros((n, 3)), np.full(2 * n + 1, -1.0)
    nis_of[slots], mu[:, BOOST] = nis, np.arange(n) + 1.0
    is_over, told_nis = np.zeros(n, dtype=bool), np.zeros(n)
    count, over_count = news(
        slots, what, is_sound, gone, absorbed, nis_of, mu, told_boost, told, at, is_over, told_nis, over
    )
    assert over[:over_count].tolist() == slots[gone | absorbed].tolist()
    wanted = [i for i in range(n) if what[i] & (CHANGED | DROPPED) and is_sound[i]]
    assert told[:count].tolist() == wanted
    assert at[:count].tolist() == slots[wanted].tolist()
    assert is_over[:count].tolist() == [bool(what[i] & DROPPED) or bool(absorbed[i]) for i in wanted]
    assert told_nis[:count].tolist() == [nis[i] if what[i] & FED and not absorbed[i] else -1.0 for i in wanted]
    assert [told_boost[slots[i]] for i in range(n)] == [i + 1.0 if i in wanted else -1.0 for i in range(n)]


def test_a_track_is_given_up_once_its_patience_is_over_or_it_is_down() -> None:
    rng, n = np.random.default_rng(1), 400
    memory, patience_s = TrackerState(), np.array((5.0, 30.0, 60.0, 20.0))
    slots = rng.permutation(memory.take(n))
    memory.status[slots] = rng.integers(TENTATIVE, CONFIRMED + 1, n)
    memory.mu[slots] = rng.choice([0.0, 0.3, 0.5, 0.7], (n, 3))
    memory.last_ns[slots] = NOW_NS - 10**9 * rng.integers(0, 70, n)
    seen_mu, is_sound, height_m = rng.choice([0.3, 0.6], (n, 3)), rng.random(n) < 0.9, rng.choice([-10.0, 10.0], n)
    state = np.zeros((n, 6))
    state[:, :3] = [ecef_from_geodetic(0.8, 0.3, height) for height in height_m]
    gone = given_up(memory.status, memory.mu, memory.last_ns, slots, seen_mu, state, is_sound, NOW_NS, patience_s)
    for i, k in enumerate(slots.tolist()):
        boost, _, level = (memory.mu[k] >= 0.5).tolist()
        most_s = 5.0 if memory.status[k] == TENTATIVE else (20.0 if level else (30.0 if boost else 60.0))
        is_over = (NOW_NS - memory.last_ns[k]) // 10**9 > most_s
        assert gone[i] == (is_over or not is_sound[i] or (height_m[i] < 0.0 and seen_mu[i, LEVEL] < 0.5))


MISSES = (3, 5, 8)  # tentative, one that came off another, confirmed
EVIDENCE_MIN = -6.0


@pytest.mark.parametrize("kind", [RADAR, INFRARED])
@pytest.mark.parametrize("is_lone", [False, True])
def test_a_look_in_vain_counts_where_it_says_something(kind: int, is_lone: bool) -> None:
    for rng in np.random.default_rng(0).spawn(400):
        look(rng, kind, is_lone)


@pytest.mark.parametrize("edge", [AZIMUTH_FROM_RAD, AZIMUTH_TO_RAD, ELEVATION_MIN_RAD, ELEVATION_MAX_RAD, RANGE_MIN_M,
                                  RANGE_MAX_M])  # fmt: skip
def test_a_track_was_looked_at_where_all_within_reach_of_it_was_swept(edge: int) -> None:
    """30 km inside one edge of the swept volume and far from the others, 200 km off."""
    at = np.array((2e5, 1.0, 0.5))  # range, azimuth, elevation
    swept = np.array((0.0, 2.0, 0.0, 1.0, 1e5, 3e5, 0.9, 0.0))
    column, m_per_unit = {
        RANGE_MIN_M: (0, 1.0), RANGE_MAX_M: (0, -1.0), AZIMUTH_FROM_RAD: (1, 2e5 * math.cos(0.5)),
        AZIMUTH_TO_RAD: (1, -2e5 * math.cos(0.5)), ELEVATION_MIN_RAD: (2, 2e5), ELEVATION_MAX_RAD: (2, -2e5),
    }[edge]  # fmt: skip
    swept[edge] = at[column] - 30e3 / m_per_unit
    place, axes = ecef_from_radar(at[0], at[1], at[2], SITE), east_north_up(*SITE.tolist())
    assert looked_at(RADAR, swept, SITE, axes, place, 0.0)
    assert looked_at(RADAR, swept, SITE, axes, place, 25e3)
    assert not looked_at(RADAR, swept, SITE, axes, place, 31e3)


def look(rng: np.random.Generator, kind: int, is_lone: bool) -> None:
    """One track: an object 300 km off, in the swept volume or not, that the scan fed or not."""
    has_swept, is_seen, is_fed, is_late = rng.random(4) < (0.8, 0.7, 0.0 if is_lone else 0.2, 0.5)
    status = TENTATIVE if is_lone else int(rng.choice([TENTATIVE, CONFIRMED]))
    parent, counts = (0, (1, 0, 0)) if is_lone else (rng.choice([0, 9]), rng.choice([(3, 0, 0), (3, 2, 0), (0, 3, 0)]))
    misses, evidence, prob = rng.integers(0, 9), rng.choice([-5.9, -3.0, 4.0]), rng.choice([0.5, 0.9, 1.0])
    std_m = 100.0 if is_lone else rng.choice([15_000.0, 18_000.0])
    burns = rng.choice([0.0, 0.6]) if kind == INFRARED else 0.0
    then_ns = NOW_NS - 10**9 * is_late
    place = np.array(ecef_from_geodetic(0.63, 0.74, 60e3))
    site = SITE if kind == RADAR else place * (5.0 if is_seen else -5.0)  # infrared: the Earth is in between, or not
    memory = TrackerState()
    memory.take(2)
    memory.status[1], memory.parent[1], memory.miss_count[1], memory.evidence[1] = status, parent, misses, evidence
    memory.plot_count[1], memory.mu[1] = counts, (burns, 1.0 - burns, 0.0)
    memory.x[1, :, :3], memory.t_ns[1], memory.told_boost[1] = place, then_ns, burns
    memory.cov[1] = np.diag([std_m**2] * 3 + [1.0] * 6)
    seen = picture(memory, np.array([1]), NOW_NS, 1.0, PAR)
    swept = np.array((0.0, 2.0 * math.pi, 0.0, 0.5 * math.pi, 1e3, 2e6 if is_seen else 1e5, prob, 0.0))
    marks, nis_of = np.zeros(memory.status.size, np.int64), np.full(memory.status.size, -1.0)
    foreseen, row = seen.x[0].copy(), np.zeros(0, np.int64) if is_lone else np.arange(1)
    expected = float(seen.mu[0, BOOST])
    seen = seen.kept(np.array([not is_lone]))
    reckon(
        memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.miss_count, memory.plot_count, memory.status,
        memory.parent, memory.evidence, memory.told_boost, seen.slots, np.array([2.5 if is_fed else -1.0])[row], seen.x,
        seen.cov, seen.mu, seen.slope, seen.state, seen.cov6, np.array([1] if is_lone else [], dtype=np.int64), NOW_NS,
        kind, has_swept, swept, site, np.array((*MISSES, EVIDENCE_MIN)), PAR, marks, nis_of,
    )  # fmt: skip
    is_looked_at = has_swept and is_seen and not is_fed and (kind == RADAR or is_lone or burns > 0.0)
    unsure = kind == RADAR and (status == CONFIRMED or counts[1] > 0) and std_m > 16_500.0
    is_missed = is_looked_at and not unsure and (kind == RADAR or status == TENTATIVE)
    loss = math.log(1.0 - min(prob, 0.99)) if is_missed and (kind == RADAR or is_lone) else 0.0
    is_unlit = is_looked_at and kind == INFRARED and not is_lone
    left = expected * (1.0 - min(prob, 0.99))
    left = left / (1.0 - expected + left) if is_unlit else burns
    assert memory.miss_count[1] == misses + is_missed
    assert memory.evidence[1] == pytest.approx(evidence + loss)
    assert memory.mu[1, BOOST] == pytest.approx(left)
    assert memory.t_ns[1] == (NOW_NS if is_unlit else then_ns)
    if is_unlit:
        assert memory.x[1, BALLISTIC].tolist() == foreseen[BALLISTIC].tolist()
    most = MISSES[2] if status == CONFIRMED else MISSES[1 if parent else 0]
    is_over = memory.miss_count[1] >= most or (status == TENTATIVE and memory.evidence[1] < EVIDENCE_MIN)
    assert bool(marks[1] & DROPPED) == bool(is_missed and is_over)
    assert bool(marks[1] & FED) == bool(is_fed)
    is_news = has_swept and kind == INFRARED and not is_lone and not is_fed and abs(left - burns) > 0.1
    assert bool(marks[1] & CHANGED) == bool(is_fed or is_news)
    assert nis_of[1] == (2.5 if is_fed else -1.0)
    assert (marks[0], nis_of[0], memory.miss_count[0]) == (0, -1.0, 0)
