"""The tracker as a whole: scans in, tracks out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from tracking_scene import (
    CALM,
    EAST,
    EVERYWHERE,
    WEST,
    at,
    burning,
    burnout,
    coasting,
    ground_offset,
    infrared_scan,
    level,
    nees,
    ns,
    radar_scan,
)

from tocsin.kernels import advance, geodetic_from_ecef
from tocsin.kernels.track_assign import assign as assign_sparse
from tocsin.messages import Detections, TrackUpdates, column, decode_state, encode_state
from tocsin.policy import TrackPolicy
from tocsin.tracking import Tracker, TrackerState


def watch_coast(seed: int, seconds: int, tracker: Tracker | None = None) -> list[tuple[int, TrackUpdates]]:
    """One radar watches one coasting body; (second, updates) wherever there were updates."""
    rng = np.random.default_rng(seed)
    tracker = tracker or Tracker()
    out = []
    for t, (position, _) in enumerate(coasting(seconds)):
        seen = [position] if rng.random() < 0.9 else []
        updates = tracker.step(radar_scan(seen, t, rng, number=t))
        if updates is not None:
            out.append((t, updates))
    return out


def test_coast_is_consistent_from_20_s_to_200_s() -> None:
    """Mean NEES/6 over 40 seeded runs, in 20 s bins, within 0.8 to 1.25 (promise 12).

    One bin's mean over 40 runs has a standard deviation of at most sqrt(2 / (6 x 40)) = 0.09, were each run's
    errors one draw: 0.8 and 1.25 are beyond two of these.
    """
    truth = coasting(200)
    bins: dict[int, list[float]] = {}
    for seed in range(40):
        for t, updates in watch_coast(seed, 200):
            if t >= 20 and updates.track[0] == 1:
                bins.setdefault(t // 20, []).append(nees(updates, 0, truth[t]) / 6.0)
    means = {20 * k: float(np.mean(v)) for k, v in sorted(bins.items())}
    assert all(0.8 < mean < 1.25 for mean in means.values()), means


def test_innovations_are_consistent_in_coast() -> None:
    """NIS over its degrees of freedom: mean over 40 x 180 plots is one, to 0.05."""
    values = [
        float(updates.nis[0]) / float(updates.nis_dof[0])
        for seed in range(40)
        for t, updates in watch_coast(100 + seed, 200)
        if t >= 20 and updates.nis_dof[0] > 0  # one plot in a thousand misses the gate
    ]
    assert np.mean(values) == pytest.approx(1.0, abs=0.05)


def test_a_coasting_body_is_one_track_confirmed_at_the_fourth_plot() -> None:
    history = watch_coast(3, 60)
    assert {int(k) for _, u in history for k in u.track} == {1}
    assert [u.status[0] for _, u in history[:4]] == ["tentative"] * 3 + ["confirmed"]
    last = history[-1][1]
    assert last.mode_prob[0, 1] > 0.99
    assert int(last.radar_count[0]) == len(history)
    assert last.sensors == (("radar",),)


def test_two_radars_of_different_latency_are_as_consistent_as_one() -> None:
    """The second radar's scans arrive 2 s after those of the first that are newer."""
    truth, late, outside = coasting(123), 2, 0
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        tracker = Tracker()
        second = at(38.5, 43.0, 1000.0)
        for t in range(120):
            tracker.step(radar_scan([truth[t][0]], t, rng, number=t))
            if t >= late:
                seen = advance(*truth[t - late], 4000.0, CALM, 0.5, 0.5)
                tracker.step(radar_scan([seen[0]], t - late + 0.5, rng, sensor="late", site=second, number=t))
                told = tracker.tick(ns(t + 0.2))
                if len(told) != 1 or told[0].track[0] != 1 or int(told[0].t_ns[0]) != ns(t):
                    outside += 1  # one of the two plots missed the gate: one in a thousand does
                elif t > 40:
                    values.append(nees(told[0], 0, truth[t]) / 6.0)
    assert outside < 20  # of 2360 scans; where the state does not stay at the newest plot's time
    assert 0.75 < np.mean(values) < 1.25, np.mean(values)


def test_late_plots_sharpen_the_track() -> None:
    truth = coasting(62)
    traces = []
    for has_second in (False, True):
        rng, tracker = np.random.default_rng(5), Tracker()
        for t in range(60):
            updates = tracker.step(radar_scan([truth[t][0]], t, rng, number=t))
            if has_second and t >= 2:
                tracker.step(
                    radar_scan([truth[t - 2][0]], t - 2, rng, sensor="late", site=at(38.5, 43.0, 1e3), number=t)
                )
                (updates,) = tracker.tick(ns(t + 0.2))
        assert updates is not None
        traces.append(float(np.trace(updates.covariance[0][:3, :3])))
    assert traces[1] < 0.7 * traces[0]


def hand_over(seed: int, burn_s: int = 60, gap_s: int = 40, radar_s: int = 60) -> tuple[list[TrackUpdates], int]:
    """Stereo infrared during the boost, nothing in between, then radar; and how many seconds in all."""
    rng = np.random.default_rng(seed)
    boost = burning(burn_s)
    coast = coasting(gap_s + radar_s, start=boost[-1])
    tracker, out = Tracker(), []
    for t in range(burn_s + gap_s + radar_s):
        position = boost[t][0] if t < burn_s else coast[t - burn_s][0]
        plume = [position] if t < burn_s else []
        scans = [infrared_scan(plume, t, rng, site=EAST, sensor="east", number=t)]
        if t >= burn_s + gap_s:
            scans.append(radar_scan([position], t, rng, number=t, swept=EVERYWHERE))
        scans.append(infrared_scan(plume, t, rng, site=WEST, sensor="west", number=t))
        out += [u for u in map(tracker.step, scans) if u is not None]
        out += tracker.tick(ns(t + 0.5))
    return out, burn_s + gap_s + radar_s


def test_a_boost_seen_by_infrared_is_handed_over_to_radar_as_one_track() -> None:
    for seed in range(5):
        history, _ = hand_over(seed)
        confirmed = {
            int(k) for u in history for k, status in zip(u.track, u.status, strict=True) if status == "confirmed"
        }
        assert confirmed == {1}, seed
        last = history[-1]
        assert last.track.tolist() == [1]
        assert 118 <= int(last.infrared_count[0]) <= 120  # one plot in a thousand misses the gate
        assert 58 <= int(last.radar_count[0]) <= 60
        assert last.sensors == (("east", "radar", "west"),)
        assert last.mode_prob[0, 1] > 0.99


def test_thrust_is_seen_to_burn_and_to_end() -> None:
    history, _ = hand_over(1)
    by_second = {int((int(u.t_ns[0]) - ns(0)) / 1e9): float(u.mode_prob[0, 0]) for u in history}
    assert all(prob > 0.9 for t, prob in by_second.items() if 15 <= t < 59)
    assert min(prob for t, prob in by_second.items() if 59 < t < 66) < 0.1  # told, though no plot came


def test_the_state_is_consistent_through_boost_and_handover() -> None:
    """Mean NEES/6 over 20 seeds at three times: late boost, first seconds of radar, 40 s of radar."""
    boost = burning(60)
    coast = coasting(100, start=boost[-1])
    truth = boost[:-1] + coast
    phases: dict[str, list[float]] = {"boost": [], "handover": [], "radar": []}
    for seed in range(20):
        for u in hand_over(seed)[0]:
            t = round((int(u.t_ns[0]) - ns(0)) / 1e9)
            value = nees(u, 0, truth[t]) / 6.0
            if 30 <= t < 60:
                phases["boost"].append(value)
            elif 100 <= t < 105 and u.sensor == "radar":
                phases["handover"].append(value)
            elif t > 140:
                phases["radar"].append(value)
    means = {name: float(np.mean(values)) for name, values in phases.items()}
    assert all(0.3 < mean < 1.5 for mean in means.values()), means


def test_one_infrared_platform_alone_keeps_an_honest_range() -> None:
    """A single line of sight: the truth stays within the wide ellipsoid along it."""
    rng, tracker, truth = np.random.default_rng(4), Tracker(), burning(30)
    for t in range(30):
        updates = tracker.step(infrared_scan([truth[t][0]], t, rng, site=WEST, sensor="west", number=t))
        assert updates is not None
        assert updates.track.tolist() == [1]
        assert nees(updates, 0, truth[t]) < 22.5  # chi-square 6, 0.999
    assert np.sqrt(np.trace(updates.covariance[0][:3, :3])) > 5_000.0


@pytest.mark.parametrize("count", [2, 40])
def test_false_flashes_on_the_ground_confirm_nothing(count: int) -> None:
    """Two flashes seen by both platforms once; and a fire that both see for 40 s without a gap."""
    rng, tracker = np.random.default_rng(6), Tracker()
    fires = [at(33.0, 48.0, 200.0), at(33.4, 47.0, 900.0)]
    for t in range(count):
        for name, site in (("east", EAST), ("west", WEST)):
            updates = tracker.step(infrared_scan(fires, t, rng, site=site, sensor=name, number=t))
            assert updates is not None
            assert "confirmed" not in updates.status
    (told,) = tracker.tick(ns(count + 31))
    assert set(told.status) == {"dropped"}
    assert tracker.state.alive().size == 0


def test_false_plots_of_a_radar_confirm_next_to_nothing() -> None:
    """Three thousand scans with one false plot each on average, uniform in the swept volume: no track is confirmed."""
    rng, tracker = np.random.default_rng(7), Tracker()
    for t in range(3000):
        false = []
        for _ in range(rng.poisson(1.0)):
            range_m, azimuth, elevation = rng.uniform(5e3, 1e6), rng.uniform(0.0, 2.0 * math.pi), rng.uniform(0.03, 1.5)
            level_m = range_m * math.cos(elevation)
            spot = (level_m * math.sin(azimuth), level_m * math.cos(azimuth), range_m * math.sin(elevation))
            false.append(ground_offset(*spot)())
        updates = tracker.step(radar_scan(false, t, rng, number=t, swept=EVERYWHERE))
        tracker.tick(ns(t))
        assert updates is None or "confirmed" not in updates.status, t
    assert tracker.state.next_id > 1000


def test_aircraft_fly_level_and_keep_their_tracks_through_a_crossing() -> None:
    first = level(120, math.radians(90.0), 240.0, ground_offset(-14_000.0, 60_000.0, 10_000.0)())
    second = level(120, math.radians(270.0), 230.0, ground_offset(14_000.0, 61_500.0, 10_300.0)())
    rng, tracker = np.random.default_rng(8), Tracker()
    for t in range(121):
        updates = tracker.step(
            radar_scan([first[t][0], second[t][0]], t, rng, number=t, std=(50.0, 2e-3), swept=EVERYWHERE)
        )
    assert updates is not None
    assert updates.track.tolist() == [1, 2]
    assert updates.status == ("confirmed", "confirmed")
    assert updates.mode_prob[:, 2].min() > 0.99
    for row, truth in enumerate((first, second)):
        assert nees(updates, row, truth[-1]) < 22.5  # chi-square 6, 0.999


def test_an_aircraft_that_turns_stays_one_track_in_level_flight() -> None:
    """Three degrees a second at 220 m/s, plots 4 s apart."""
    rng, tracker = np.random.default_rng(9), Tracker()
    east, north, course = 0.0, 50_000.0, 0.0
    for t in range(0, 240, 4):
        updates = tracker.step(radar_scan([ground_offset(east, north, 9_000.0)()], t, rng, number=t))
        course += 4.0 * math.radians(3.0) if 80 <= t < 160 else 0.0
        east, north = east + 880.0 * math.cos(course), north + 880.0 * math.sin(course)
    assert updates is not None
    assert updates.track.tolist() == [1]
    assert updates.mode_prob[0, 2] > 0.99


def test_two_tracks_of_one_body_become_one_with_the_plots_of_both() -> None:
    """A second radar's plots are 6 s old when its scan ends, too old for the first's track: they start their own."""
    rng, tracker, truth, late = np.random.default_rng(10), Tracker(TrackPolicy(late_limit_s=5.0)), coasting(60), 6
    statuses = set()
    for t in range(40):
        updates = tracker.step(radar_scan([truth[t][0]], t, rng, number=t))
        if t >= 25:
            late_scan = radar_scan(
                [truth[t - late][0]], t - late, rng, sensor="slow", site=at(38.5, 43.0, 1e3), number=t
            )
            updates = tracker.step(msgspec.structs.replace(late_scan, end_ns=ns(t)))
            assert updates is not None
            statuses |= set(zip(updates.track.tolist(), updates.status, strict=True))
            if (2, "dropped") in statuses:
                break
    assert (2, "tentative") in statuses
    assert (2, "dropped") in statuses
    assert updates is not None
    assert updates.track.tolist() == [1, 2]
    assert int(updates.radar_count[0]) == t + 1 + int(updates.radar_count[1])
    assert updates.sensors[0] == ("radar", "slow")
    assert nees(updates, 0, truth[t]) < 22.5  # chi-square 6, 0.999


def test_a_track_lives_on_unseen_until_it_must_be_on_the_ground() -> None:
    tracker = Tracker()
    watch_coast(11, 60, tracker)
    truth = coasting(900)
    landing = next(t for t, (position, _) in enumerate(truth) if geodetic_from_ecef(*position)[2] < 0.0)
    dropped = None
    for t in range(61, 900):
        for told in tracker.tick(ns(t)):
            assert told.status == ("dropped",)
            dropped = t
        if dropped is not None:
            break
    assert dropped is not None
    assert abs(dropped - landing) < 10


def test_a_body_that_was_hit_is_dropped_while_the_radar_still_looks() -> None:
    tracker = Tracker()
    watch_coast(12, 60, tracker)
    rng, dropped = np.random.default_rng(0), None
    for t in range(61, 120):
        updates = tracker.step(radar_scan([], t, rng, number=t, swept=EVERYWHERE))
        if updates is not None:
            assert updates.status == ("dropped",)
            dropped = t
            break
    assert dropped == 60 + TrackPolicy().lost_misses


def test_a_young_track_is_dropped_as_soon_however_unsure_of_its_place_it_grows() -> None:
    """Four plots of a coarse radar tell a velocity to 1 km/s: fifteen seconds on, that is 16 km, all of it swept."""
    tracker, policy, rng = Tracker(), TrackPolicy(), np.random.default_rng(0)
    for t, (position, _) in enumerate(coasting(3)):
        tracker.step(radar_scan([position], t, rng, number=t, std=(30.0, 2e-3)))
    for t in range(4, 4 + policy.lost_misses):
        seen = tracker.confirmed(ns(t))
        assert seen.slots.size == 1
        tracker.step(radar_scan([], t, rng, number=t, swept=EVERYWHERE))
    assert np.trace(seen.cov6[0, :3, :3]) > 10e3**2
    assert tracker.state.alive().size == 0


def test_an_empty_scan_without_a_swept_volume_is_no_evidence() -> None:
    tracker = Tracker()
    watch_coast(13, 60, tracker)
    rng = np.random.default_rng(0)
    for t in range(61, 120):
        assert tracker.step(radar_scan([], t, rng, number=t)) is None
    assert tracker.state.alive().size == 1


def test_a_restored_tracker_goes_on_the_same() -> None:
    rng = np.random.default_rng(14)
    truth = coasting(60)
    scans = [radar_scan([truth[t][0], ground_offset(2e4, 8e4, 9e3)()], t, rng, number=t) for t in range(60)]
    whole, first = Tracker(), Tracker()
    for scan in scans[:30]:
        whole.step(scan)
        first.step(scan)
    second = Tracker()
    second.state = decode_state(encode_state(first.state), TrackerState)
    for scan in scans[30:]:
        a, b = whole.step(scan), second.step(scan)
        assert a is not None
        assert b is not None
        assert encode_state(a) == encode_state(b)
    assert encode_state(whole.state) == encode_state(second.state)


def test_ids_are_never_used_twice_though_slots_are() -> None:
    rng, tracker, ids = np.random.default_rng(15), Tracker(), []
    for k in range(40):
        t = 100.0 * k
        updates = tracker.step(radar_scan([ground_offset(0.0, 5e4 + 1e3 * k, 9e3)()], t, rng, number=k))
        assert updates is not None
        ids += updates.track.tolist()
        tracker.tick(ns(t + 50.0))
    assert ids == list(range(1, 41))
    assert tracker.state.id.shape[0] <= 8


def test_many_tracks_make_the_memory_grow() -> None:
    rng, tracker = np.random.default_rng(16), Tracker()
    spots = [ground_offset(2e4 * (k % 10), 1e5 + 2e4 * (k // 10), 9e3)() for k in range(40)]
    for t in range(6):
        updates = tracker.step(radar_scan(spots, t, rng, number=t, swept=EVERYWHERE))
    assert updates is not None
    confirmed = [k for k, s in zip(updates.track.tolist(), updates.status, strict=True) if s == "confirmed"]
    assert confirmed == list(range(1, 41))


def assign(score: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (row, column) for a dense score, -1e30 where a pair does not gate."""
    gated = score > -1e29
    start = np.concatenate(([0], gated.sum(axis=1).cumsum()))
    plot = np.nonzero(gated)[1]
    taken = assign_sparse(start, plot, score[gated], score.shape[1])
    return [(i, int(plot[k])) for i, k in enumerate(taken.tolist()) if k >= 0]


def test_assignment_prefers_the_greatest_sum_over_the_nearest_pair() -> None:
    score = np.array([[-1.0, -2.0], [-1.5, -9.0]])
    assert sorted(assign(score)) == [(0, 1), (1, 0)]
    assert assign(np.array([[-1e30, -1e30]])) == []
    assert sorted(assign(np.array([[-3.0, -1e30, -2.0], [-1e30, -1e30, -1.0]]))) == [(0, 0), (1, 2)]


@pytest.mark.parametrize(("size", "density", "count"), [(12, 0.4, 500), (60, 0.1, 60), (150, 0.03, 10)])
def test_assignment_is_that_of_scipy(size: int, density: float, count: int) -> None:
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(11)
    for _ in range(count):
        score = 10.0 * rng.standard_normal(rng.integers(1, size, 2))
        score[rng.random(score.shape) > density] = -1e30
        gated = score > -1e29
        pairs = assign(score)
        if not gated.any():
            assert pairs == []
            continue
        gain = np.where(gated, score - score[gated].min() + 1.0 + np.ptp(score[gated]), 0.0)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        assert all(gated[i, j] for i, j in pairs)
        best = gain[linear_sum_assignment(gain, maximize=True)].sum()
        assert sum(gain[i, j] for i, j in pairs) == pytest.approx(best, rel=1e-12)


def position_scan(target: np.ndarray, t_s: float, rng: np.random.Generator) -> Detections:
    """One position report, 100 m of error each axis."""
    return Detections(
        time_ns=ns(t_s), arrival_ns=ns(t_s), sensor="adsb", kind="position", sequence=round(t_s), start_ns=ns(t_s),
        end_ns=ns(t_s), platform_ecef_m=None, plot_time_ns=column([ns(t_s)], "int64"), plot_index=column([0], "int64"),
        position_ecef_m=column(target[None] + 100.0 * rng.standard_normal((1, 3))), position_std_m=100.0,
    )  # fmt: skip


def test_a_slow_aircraft_does_not_take_the_report_of_another_that_it_cannot_have_reached() -> None:
    """After 60 s without a report, one 34 km ahead: 640 m/s on the way and, turned toward it, 1200 m/s at the end."""
    rng, tracker = np.random.default_rng(3), Tracker()
    flight = level(600, 1.0, 70.0, at(36.5, 41.0, 1_000.0))
    for t in range(0, 100, 10):
        tracker.step(position_scan(flight[t][0], t, rng))
    updates = tracker.step(position_scan(flight[150 + 430][0], 150, rng))
    assert updates is not None
    assert updates.track.tolist() == [2]


def test_a_boost_that_nobody_sees_for_a_minute_does_not_run_away() -> None:
    """57 m/s2 when last seen: by the rocket equation alone, infinite 45 s later."""
    rng, tracker, truth = np.random.default_rng(4), Tracker(), burning(60)
    for t in range(0, 61, 5):
        tracker.step(position_scan(truth[t][0], t, rng))
    for t in range(61, 121):
        tracker.tick(ns(t))
    seen = tracker.confirmed(ns(120))
    assert seen.slots.size == 1
    assert seen.mu[0, 0] > 0.2
    assert np.linalg.norm(seen.x[0, 0, 3:6]) < 2_500.0 + 60.0 * 150.0
    assert np.sqrt(np.trace(seen.cov6[0, 3:, 3:])) < 60.0 * 150.0


@pytest.mark.parametrize("harm", ["speed", "variance", "nan"])
def test_a_track_that_cannot_be_is_given_up(harm: str) -> None:
    rng, tracker, truth = np.random.default_rng(5), Tracker(), coasting(40)
    for t in range(20):
        tracker.step(radar_scan([truth[t][0]], t, rng, number=t))
    slot = tracker.state.alive()[0]
    if harm == "speed":
        tracker.state.x[slot, :, 3] = 90_000.0
    elif harm == "variance":
        tracker.state.cov[slot, :, 3, 3] = -1e9
    else:
        tracker.state.cov[slot, :, 0, 0] = math.nan
    tracker.step(radar_scan([truth[39][0]], 20, rng, number=20))
    assert 1 not in tracker.state.id[tracker.state.alive()]


def test_unusable_plots_are_passed_over() -> None:
    tracker = Tracker()
    rng = np.random.default_rng(0)
    scan = radar_scan([burnout()[0]], 0, rng)
    assert tracker.step(msgspec.structs.replace(scan, azimuth_rad=None)) is None
    assert tracker.step(msgspec.structs.replace(scan, platform_ecef_m=None)) is None
