"""Late and out-of-order scans: the memory is a function of the scans, however they came."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracking_scene import (
    EAST,
    EVERYWHERE,
    WEST,
    assert_same_memory,
    at,
    burning,
    coasting,
    ground_offset,
    infrared_scan,
    nees,
    ns,
    radar_scan,
)

from tocsin.errors import MessageError
from tocsin.messages import Detections, TrackUpdates, decode_state, encode_state
from tocsin.tracking import Tracker, TrackerState
from tocsin.tracking.checkpoint import keep_as, pack, unpack
from tocsin.tracking.history import Entry, History, Packed, plots_of_tracks, second_of

tracker_module = sys.modules[Tracker.__module__]

SECONDS = 14
WINDOW_S = 10
BOOST, COAST = burning(SECONDS + 30), coasting(SECONDS + 30)
SECOND_SITE = at(38.5, 43.0, 1e3)


def scene(seed: int, count: int, clutter: float, first_s: int = 0) -> list[Detections]:
    """Scans of two radars and one infrared platform, in order: two or three objects, false plots, missed ones.

    For every second seed both radars' scans end at one time. Nothing is seen before ``first_s``.
    """
    rng, out = np.random.default_rng(seed), []
    flights = [ground_offset(2e4 + 230.0 * t, 8e4, 9e3)() for t in range(SECONDS)]
    for t in range(SECONDS):
        bodies = [BOOST[30 + t][0], COAST[t][0], flights[t]][:count] if t >= first_s else []
        for name, site, ahead in (("radar", None, 0.0), ("second", SECOND_SITE, 0.4 * (seed % 2))):
            seen = [body for body in bodies if rng.random() < 0.85]
            if t >= first_s:
                seen += [ground_offset(*rng.uniform(5e3, 2e5, 3))() for _ in range(rng.poisson(clutter))]
            place = {} if site is None else {"site": site}
            scan = radar_scan(seen, t, rng, sensor=name, number=t, swept=EVERYWHERE, **place)
            out.append(msgspec.structs.replace(scan, end_ns=ns(t + ahead)))
        plumes = bodies[:1] if rng.random() < 0.9 else []
        plumes += [at(33.0 + rng.random(), 48.0, 200.0) for _ in range(rng.poisson(clutter if bodies else 0.0))]
        out.append(infrared_scan(plumes, t + 0.2, rng, site=WEST, sensor="west", number=t))
    return sorted(out, key=lambda s: (s.end_ns, s.sensor, s.sequence))


def feed(
    arrivals: Iterable[tuple[float, Detections]], until_s: int, tracker: Tracker | None = None
) -> tuple[Tracker, list[TrackUpdates]]:
    """Scans as they arrive (s), with a tick at each whole second from 1 on."""
    tracker, told, tick = tracker or Tracker(), [], 1
    for arrival_s, scan in [*sorted(arrivals, key=lambda a: a[0]), (until_s + 0.5, None)]:
        while tick <= arrival_s:
            told += tracker.tick(ns(tick))
            tick += 1
        if scan is not None:
            updates = tracker.step(scan, ns(arrival_s))
            told += [updates] if updates is not None else []
    return tracker, told


def seconds(scan: Detections) -> float:
    return (scan.end_ns - ns(0)) / 1e9


def in_order(scans: Sequence[Detections], until_s: int) -> tuple[Tracker, list[TrackUpdates]]:
    return feed([(seconds(scan), scan) for scan in scans], until_s)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 3),
    clutter=st.sampled_from([0.0, 0.3, 1.0]),
    kind=st.sampled_from(["any", "steady", "one"]),
    first_s=st.sampled_from([0, 7]),
    light=st.sampled_from([0, 100, tracker_module._LIGHT]),
)
def test_once_the_window_has_closed_the_memory_is_that_of_the_run_in_order(
    seed: int, count: int, clutter: float, kind: str, first_s: int, light: int
) -> None:
    """Latencies up to 10 s: of every scan its own, of every sensor its own, or 9.9 s of a single scan. Re-runs are
    thought dear where they are of more than ``light`` tracks times scans."""
    scans, rng = scene(seed, count, clutter, first_s), np.random.default_rng(seed + 1)
    steady = {name: rng.uniform(0.0, WINDOW_S) for name in ("radar", "second", "west")}
    chosen = rng.integers(len(scans))
    latency = {
        "any": lambda i, scan: rng.uniform(0.0, WINDOW_S),
        "steady": lambda i, scan: steady[scan.sensor],
        "one": lambda i, scan: 9.9 if i == chosen else 0.0,
    }[kind]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracker_module, "_LIGHT", light)
        late, _ = feed([(seconds(s) + latency(i, s), s) for i, s in enumerate(scans)], SECONDS + WINDOW_S)
    whole, _ = in_order(scans, SECONDS + WINDOW_S)
    assert late.state.history.refused == {}
    assert late.state.history.late == []
    assert_same_memory(late.state, whole.state)
    assert whole.state.next_id > count

    def did(entry: Entry) -> tuple[object, ...]:
        return entry.key, list(entry.used), entry.absorbed, entry.nis.tolist()

    ours, theirs = late.state.history.entries, whole.state.history.entries
    assert [did(e) for e in ours] == [did(e) for e in theirs]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_told_of_a_track_ends_with_its_drop_and_what_was_told_stays(seed: int) -> None:
    scans, rng = scene(seed, 3, 0.5), np.random.default_rng(seed + 1)
    tracker, told, sent = Tracker(), [], []
    arrivals = sorted(((seconds(s) + rng.uniform(0.0, WINDOW_S), i) for i, s in enumerate(scans)), key=lambda a: a[0])
    tick = 0
    for arrival_s, i in [*arrivals, (SECONDS + WINDOW_S + 0.5, -1)]:
        new: list[TrackUpdates] = []
        while tick <= arrival_s:
            new += tracker.tick(ns(tick))
            tick += 1
        if i >= 0:
            updates = tracker.step(scans[i], ns(arrival_s))
            new += [updates] if updates is not None else []
        told += new
        sent += [encode_state(u) for u in new]
    assert [encode_state(u) for u in told] == sent
    alive: set[int] = set()
    gone: set[int] = set()
    for updates in told:
        assert (np.diff(updates.track) > 0).all()
        for track, status in zip(updates.track.tolist(), updates.status, strict=True):
            assert track not in gone, "a number told as dropped came back"
            (gone if status == "dropped" else alive).add(track)
            alive -= gone
    memory = tracker.state
    assert set(memory.name[memory.alive()].tolist()) == alive


def watched(seed: int, count: int, infrared_late_s: float) -> list[tuple[float, Detections]]:
    """A boost that a radar sees at once and two infrared platforms tell of later; (arrival s, scan)."""
    rng, out = np.random.default_rng(seed), []
    for t in range(count):
        body = BOOST[t][0]
        out.append((t + 0.2, radar_scan([body], t, rng, number=t, swept=EVERYWHERE)))
        for name, site in (("west", WEST), ("east", EAST)):
            scan = infrared_scan([body], t + 0.1, rng, site=site, sensor=name, number=t)
            out.append((t + 0.1 + infrared_late_s, scan))
    return out


@pytest.mark.parametrize("late_s", [0.0, 2.0, 7.5])
def test_a_body_keeps_its_number_while_late_scans_start_its_track_before_the_radar_did(late_s: float) -> None:
    tracker, told = feed(watched(1, 20, late_s), 32)
    assert {k for u in told for k, status in zip(u.track.tolist(), u.status, strict=True) if status != "dropped"} == {1}
    assert tracker.state.alive().size == 1


def test_two_bodies_keep_their_numbers_though_the_re_run_starts_them_the_other_way_round() -> None:
    """In the arrays the second body's track, started by a scan that came late, is then the first."""
    rng, tracker = np.random.default_rng(12), Tracker()
    first, second = (ground_offset(2e4, 8e4, 9e3)(), ground_offset(-5e4, 9e4, 9e3)())
    for t in range(5):
        tracker.step(radar_scan([first, second] if t else [first], t + 1, rng, number=t))
    tracker.step(radar_scan([second], 0.5, rng, sensor="second", number=0))
    (revised,) = tracker.tick(ns(5.5))
    assert revised.track.tolist() == [2], "the other one did not change"
    assert np.linalg.norm(revised.position_ecef_m[0] - second) < 1e3
    slots = tracker.state.alive()
    assert tracker.state.name[slots].tolist() == [2, 1]
    for slot, body in zip(slots, (second, first), strict=True):
        assert np.linalg.norm(tracker.state.x[slot, 1, :3] - body) < 1e3


def test_a_look_that_saw_nothing_waits_for_others_but_not_beyond_its_window() -> None:
    rng, tracker = np.random.default_rng(13), Tracker()
    body = ground_offset(2e4, 8e4, 9e3)()
    for t in range(10):
        tracker.step(radar_scan([body], t, rng, number=t))
        tracker.tick(ns(t + 0.4))
    tracker.step(infrared_scan([], 0.5, rng, site=WEST, sensor="west", number=0))
    tracker.tick(ns(10.4))
    assert tracker.state.history.late == [], "it ended 9.9 s ago"
    tracker.step(infrared_scan([], 8.5, rng, site=WEST, sensor="west", number=1))
    tracker.tick(ns(11.4))
    assert len(tracker.state.history.late) == 1
    tracker.step(infrared_scan([body], 9.5, rng, site=WEST, sensor="west", number=2))
    tracker.tick(ns(12.4))
    assert tracker.state.history.late == []


def late_by(late_s: float, until_s: int) -> list[tuple[float, Detections]]:
    """Three radars that see one flight, one of them always so late; (arrival s, scan)."""
    rng, out = np.random.default_rng(14), []
    for t in range(until_s):
        body = ground_offset(2e4 + 230.0 * t, 8e4, 9e3)()
        for name, ahead, behind in (("first", 0.1, 0.1), ("second", 0.2, 0.1), ("third", 0.3, late_s)):
            scan = radar_scan([body], t + ahead, rng, sensor=name, number=t, swept=EVERYWHERE)
            out.append((t + ahead + behind, scan))
    return out


@pytest.mark.parametrize("late_s", [1.0, 3.0, 6.0, 9.0])
def test_late_scans_wait_together_where_a_re_run_is_dear_but_not_beyond_their_window(
    late_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is run again stays in proportion to what comes in order, as far as the window allows."""
    monkeypatch.setattr(tracker_module, "_LIGHT", 0)
    late, tick, fresh, again, ages_s = Tracker(), 1, 0, 0, []
    past = late.state.history
    for arrival_s, scan in sorted(late_by(late_s, 60), key=lambda a: a[0]):
        while tick <= arrival_s:
            waiting, revision = [entry.time_ns for entry in past.late], past.revision
            late.tick(ns(tick))
            if past.revision > revision:
                again += sum(e.scan is not None and e.time_ns >= second_of(min(waiting)) for e in past.entries)
                ages_s += [(ns(tick) - time_ns) / 1e9 for time_ns in waiting]
            tick += 1
        late.step(scan, ns(arrival_s))
        fresh += scan.sensor != "third"
    assert past.refused == {}
    assert max(ages_s) <= WINDOW_S
    assert again <= 2 * fresh or late_s > 0.5 * WINDOW_S


def test_a_late_scan_is_used_at_the_next_tick_where_a_re_run_is_cheap_or_the_last_was_long_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for light in (tracker_module._LIGHT, 0):
        monkeypatch.setattr(tracker_module, "_LIGHT", light)
        rng, tracker = np.random.default_rng(15), Tracker()
        body = ground_offset(2e4, 8e4, 9e3)()
        for t in range(10):
            tracker.step(radar_scan([body], t, rng, number=t))
            tracker.tick(ns(t + 0.4))
        tracker.step(radar_scan([body], 6.5, rng, sensor="second", number=0))
        tracker.tick(ns(9.6))
        assert tracker.state.history.late == []
        tracker.step(radar_scan([body], 6.6, rng, sensor="second", number=1))
        tracker.tick(ns(9.8))
        assert len(tracker.state.history.late) == (light == 0), "the last one was just now"


def test_a_radar_scan_in_order_is_used_at_once_though_infrared_is_late() -> None:
    told = feed(watched(2, 20, 2.0), 20)[1]
    fresh = [u for u in told if u.sensor == "radar"]
    assert len(fresh) == 20
    assert all(u.revision == 0 and u.time_ns - int(u.t_ns[0]) == ns(0.2) - ns(0) for u in fresh)


def test_a_revision_comes_once_a_tick_and_counts_every_late_plot_for_its_own_sensor() -> None:
    told = feed(watched(3, 20, 2.0), 32)[1]
    late = [u for u in told if u.sensor in ("west", "east")]
    assert len(late) == 40
    assert {u.time_ns % 10**9 for u in late} == {ns(0) % 10**9}
    assert all(u.revision > 0 for u in late)
    assert [int(u.infrared_count[0]) for u in late] == list(range(1, 41)), "one plot a message"
    by_tick: dict[int, set[int]] = {}
    for u in late:
        by_tick.setdefault(u.time_ns, set()).add(u.revision)
    assert all(len(revisions) == 1 for revisions in by_tick.values())


def test_a_revised_state_is_where_the_newest_plot_brought_it_and_is_consistent() -> None:
    values = []
    for seed in range(20):
        for u in feed(watched(100 + seed, 20, 2.0), 21)[1]:
            t_s = (int(u.t_ns[0]) - ns(0)) / 1e9
            if u.revision and t_s > 10 and t_s == round(t_s):
                values.append(nees(u, 0, BOOST[round(t_s)]) / 6.0)
    assert len(values) > 200
    assert 0.4 < np.mean(values) < 1.4, np.mean(values)


def test_a_scan_later_than_the_window_is_refused_and_counted() -> None:
    scans = scene(5, 2, 0.0)
    tracker, _ = in_order(scans[3:], SECONDS)
    before = pack(tracker.state)
    assert tracker.is_too_late(scans[0])
    assert tracker.step(scans[0]) is None
    assert tracker.tick(ns(SECONDS)) == []
    assert tracker.state.history.refused == {scans[0].sensor: 1}
    assert pack(tracker.state) == before


def test_a_scan_that_is_late_by_just_the_window_is_used() -> None:
    scans = scene(6, 2, 0.0)
    late = scans[6]
    arrivals = [(seconds(s) + (WINDOW_S if s is late else 0.0), s) for s in scans]
    tracker, _ = feed(arrivals, SECONDS + WINDOW_S)
    assert tracker.state.history.refused == {}
    assert_same_memory(tracker.state, in_order(scans, SECONDS + WINDOW_S)[0].state)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("is_one", [False, True])
def test_late_scans_without_ticks_are_used_all_the_same(seed: int, is_one: bool) -> None:
    """Nobody ticks: what waits, any scan or only the third, is used with a later scan, or when asked for."""
    scans, rng = scene(seed, 3, 0.3), np.random.default_rng(seed)
    late_s = [9.0 * (i == 2) if is_one else rng.uniform(0.0, 9.0) for i in range(len(scans))]
    arrivals = sorted(((seconds(s) + late_s[i], i) for i, s in enumerate(scans)), key=lambda a: a[0])
    late, whole = Tracker(), Tracker()
    for _, i in arrivals:
        late.step(scans[i])
    for scan in scans:
        whole.step(scan)
    late.revise(ns(SECONDS))
    assert late.state.history.refused == {}
    assert_same_memory(late.state, whole.state)


def test_late_scans_do_not_pile_up_where_nobody_ticks() -> None:
    rng, tracker, told = np.random.default_rng(8), Tracker(), []
    for t in range(100):
        for scan in (
            radar_scan([ground_offset(2e4, 5e4 + 230.0 * t, 9e3)()], t, rng, number=t),
            radar_scan([ground_offset(2e4, 5e4 + 230.0 * (t - 3), 9e3)()], t - 3, rng, sensor="late", number=t),
        ):
            updates = tracker.step(scan)
            told += [updates] if updates is not None else []
        past = tracker.state.history
        assert len(past.late) <= 10
        assert len(past.entries) <= 2 * 22
    assert sum(u.revision > 0 for u in told) >= 10
    assert {k for u in told for k in u.track.tolist()} == {1}


@pytest.mark.parametrize("light", [0, tracker_module._LIGHT])
def test_the_past_that_is_kept_is_bounded(light: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes of scans, infrared 2 s late: 11 s of them and of checkpoints, a second more while some wait."""
    monkeypatch.setattr(tracker_module, "_LIGHT", light)
    rng, tracker, sizes = np.random.default_rng(8), Tracker(), []
    for t in range(600):
        tracker.step(radar_scan([ground_offset(2e4, 5e4 + 230.0 * t, 9e3)()], t, rng, number=t))
        tracker.step(infrared_scan([], t - 2.0, rng, site=WEST, sensor="west", number=t))
        tracker.tick(ns(t + 0.5))
        past = tracker.state.history
        tracks = tracker.state.alive().size
        sizes.append((len(past.entries) + len(past.late), len(past.checkpoints), tracks, len(tracker._plots)))
    assert max(s[0] for s in sizes) <= 3 * 18
    assert max(s[1] for s in sizes) <= 18
    assert max(s[2] for s in sizes) <= 2
    assert max(s[3] for s in sizes) <= 18
    assert len(encode_state(tracker.state)) < 200_000


@pytest.mark.parametrize("light", [0, tracker_module._LIGHT])
def test_a_restored_tracker_goes_on_the_same_with_scans_that_still_wait(
    light: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker_module, "_LIGHT", light)
    scans, rng = scene(9, 3, 0.3), np.random.default_rng(9)
    arrivals = sorted(((seconds(s) + rng.uniform(0.0, 5.0), i) for i, s in enumerate(scans)), key=lambda a: a[0])
    first = Tracker()
    half = len(arrivals) // 2
    for k, (_, i) in enumerate(arrivals[:half]):
        first.step(scans[i])
        if k % 3 == 0:
            first.tick(ns(arrivals[k][0]))
    assert first.state.history.late
    second = Tracker()
    second.state = decode_state(encode_state(first.state), TrackerState)
    for time_s, i in arrivals[half:]:
        a, b = first.step(scans[i]), second.step(scans[i])
        assert (a is None) == (b is None)
        assert a is None or b is None or encode_state(a) == encode_state(b)
        assert list(map(encode_state, first.tick(ns(time_s)))) == list(map(encode_state, second.tick(ns(time_s))))
    assert encode_state(first.state) == encode_state(second.state)


def test_a_checkpoint_gives_back_every_bit_and_refuses_another_version() -> None:
    tracker, _ = in_order(scene(10, 3, 0.5), 6)
    data, other = pack(tracker.state), TrackerState()
    unpack(data, other)
    assert_same_memory(tracker.state, other)
    assert pack(other) == data
    assert pack(other) == decode_state(encode_state(data), Packed)
    room, again = in_order(scene(11, 3, 0.5), 6)[0].state, TrackerState()
    unpack(data, again, room)
    assert (again.x is room.x, again.status is room.status) == (True, False)
    assert_same_memory(tracker.state, again)
    with pytest.raises(MessageError, match="not a checkpoint"):
        unpack(msgspec.structs.replace(data, version=data.version - 1), TrackerState())


def test_checkpoints_are_equal_where_every_bit_is() -> None:
    tracker, _ = in_order(scene(10, 3, 0.5), 6)
    data = pack(tracker.state)
    for name in ("slots", "whole", "real", "fed", "banks"):
        other = getattr(data, name).copy()
        other.view(np.uint8).flat[-1] ^= 1
        assert data != msgspec.structs.replace(data, **{name: other}), name
    assert data != msgspec.structs.replace(data, next_id=data.next_id + 1)
    assert data != "data"


def test_a_re_run_stops_where_a_checkpoint_comes_out_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, tracker, used = np.random.default_rng(16), Tracker(), []
    for t in range(10):
        tracker.step(radar_scan([ground_offset(2e4, 8e4, 9e3)()], t, rng, number=t))
        tracker.tick(ns(t + 0.4))
    before, memory = pack(tracker.state), tracker.state.x
    run = Tracker._run
    monkeypatch.setattr(Tracker, "_run", lambda self, entry, telling: used.append(entry) or run(self, entry, telling))
    assert tracker.tick(ns(4.2)) == tracker.revise(ns(10)) == []
    assert [entry.time_ns for entry in used] == [ns(4), ns(4.2), ns(4.4)], "only the second that it lies in"
    assert pack(tracker.state) == before
    assert tracker.state.x is memory
    assert [mark.time_ns for mark in tracker.state.history.checkpoints[1:]] == [ns(t) for t in range(10)]


def test_a_number_goes_to_the_track_that_shares_most_plots_and_stays_with_one_older_than_the_checkpoint() -> None:
    def entries(*tracks: list[int]) -> list[Entry]:
        return [
            Entry(time_ns=k, serial=k, tracks=np.array(fed), plots=np.arange(len(fed))) for k, fed in enumerate(tracks)
        ]

    old, name = np.array([3, 7, 8, 9]), np.array([30, 70, 80, 90])
    before = entries([3, 8, 9, 7], [3, 8, 9], [3, 8, 9])
    after = entries([8, 7, 9, 3], [9, 9, 8], [9, 3, 8])
    rows, was, gone = History().rename(5, old, name, np.array([3, 7, 8, 9]), before, after)
    assert dict(zip(np.array([3, 7, 8, 9])[rows].tolist(), old[was].tolist(), strict=True)) == {3: 3, 8: 9, 7: 8}
    assert old[gone].tolist() == [7]


def test_plots_of_an_absorbed_track_count_for_the_one_that_absorbed_it() -> None:
    tracker, _ = in_order(scene(11, 2, 0.0), SECONDS)
    entry = msgspec.structs.replace(
        tracker.state.history.entries[-1], tracks=np.array([7, 8]), plots=np.array([0, 1]), absorbed=[(8, 7)]
    )
    of, plots = plots_of_tracks([entry], np.array([7]))
    assert of.tolist() == [7, 7]
    assert (plots % 2**32).tolist() == [0, 1]
    assert (plots >> 32).tolist() == [entry.serial] * 2
    assert plots_of_tracks([entry], np.array([8]))[0].size == 0
    assert math.isfinite(tracker.state.x.sum())


def test_a_memory_kept_as_it_was_is_so_in_every_part_but_its_history() -> None:
    old, memory = in_order(scene(10, 3, 0.5), 6)[0].state, TrackerState()
    keep_as(memory, old)
    parts = set(TrackerState.__struct_fields__) - {"history"}
    assert {name for name in parts if getattr(memory, name) is not getattr(old, name)} == set()
    assert memory.history is not old.history


def test_a_late_scan_goes_back_past_the_ninth_sensor_for_which_the_memory_grew() -> None:
    """It starts with columns for eight; each sensor here makes two scans."""
    rng = np.random.default_rng(7)
    scans = [radar_scan([COAST[t][0]], t, rng, sensor=f"radar-{t // 2:02}", number=t) for t in range(24)]
    late, _ = feed([(t + (4.5 if t == 14 else 0.0), scan) for t, scan in enumerate(scans)], 40)
    whole, _ = feed(list(enumerate(scans)), 40)
    assert_same_memory(late.state, whole.state)
    assert len(late.state.sensors_of(np.array([0]))[0]) == 12
