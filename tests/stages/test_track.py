"""track: detections in, updates, events and sensor tasks out."""

from __future__ import annotations

import itertools
import math
import re

import msgspec
import numpy as np
import pytest

from tocsin.kernels import advance, ecef_from_geodetic, enu_axes, radar_from_ecef
from tocsin.messages import (
    Detections,
    Event,
    Message,
    SensorHealth,
    SensorTask,
    Tick,
    TrackUpdates,
    column,
    decode_state,
    encode,
    encode_state,
)
from tocsin.policy import Policy, TrackPolicy
from tocsin.scenario import Defence, Sensor
from tocsin.stages.track import Track, TrackState, spreads_of
from tocsin.tracking import BiasSpread

NOW_NS = 1_772_614_800_000_000_000
SITE = ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 500.0)
PLACE = np.array(SITE)
NEAR = Sensor(name="near", kind="radar", latitude_deg=36.0, longitude_deg=40.0, height_m=500.0, range_max_km=2000.0)
FAR = Sensor(name="far", kind="radar", latitude_deg=-40.0, longitude_deg=-70.0)
DEFENCE = Defence(sensors=(NEAR, FAR))


def flight(seconds: int) -> list[np.ndarray]:
    axes = enu_axes(math.radians(33.0), math.radians(48.0))
    position = np.array(ecef_from_geodetic(math.radians(33.0), math.radians(48.0), 120e3))
    velocity = 2500.0 * (0.75 * (-0.95 * axes[0] + 0.3 * axes[1]) + 0.65 * axes[2])
    positions = []
    for _ in range(seconds):
        positions.append(position)
        position, velocity = advance(position, velocity, 4000.0, np.zeros(4), 1.0, 1.0)
    return positions


def scans(seconds: int) -> list[Message]:
    rng = np.random.default_rng(1)
    out: list[Message] = []
    for t, position in enumerate(flight(seconds)):
        row = np.array(radar_from_ecef(position, PLACE)) + rng.standard_normal(3) * (30.0, 1e-3, 1e-3)
        end_ns = NOW_NS + t * 10**9
        out.append(
            Detections(
                time_ns=end_ns, arrival_ns=end_ns + 2 * 10**8, id=f"detections-{t}", sensor="near", kind="radar",
                sequence=t, start_ns=end_ns, end_ns=end_ns, platform_ecef_m=SITE,
                plot_time_ns=column([end_ns], "int64"), plot_index=column([0], "int64"), range_m=column([row[0]]),
                azimuth_rad=column([row[1]]), elevation_rad=column([row[2]]), range_std_m=column([30.0]),
                angle_std_rad=column([1e-3]),
            )
        )  # fmt: skip
        now_ns = end_ns + 5 * 10**8
        out.append(Tick(time_ns=now_ns, arrival_ns=now_ns, id=f"tick-{t}", sequence=t))
    return out


def test_a_liar_is_told_with_its_reason_once_and_again_when_it_scans_after_a_silence() -> None:
    """Four radars at one place; the clock of one is 3 s behind."""
    names = ("a", "b", "c", "liar")
    stage = Track(Defence(sensors=tuple(msgspec.structs.replace(NEAR, name=name) for name in names)))
    rng, health = np.random.default_rng(2), list[SensorHealth]()
    positions = flight(64)
    for t in range(4, 60):
        for k, name in enumerate(names):
            seen = np.array(radar_from_ecef(positions[t], PLACE))
            end_ns = NOW_NS + t * 10**9
            if name == "liar":
                end_ns -= 3 * 10**9
            row = seen + rng.standard_normal(3) * (30.0, 1e-3, 1e-3)
            out = stage.handle(
                Detections(
                    time_ns=end_ns, arrival_ns=NOW_NS + t * 10**9 + k, id=f"{name}-{t}", sensor=name, kind="radar",
                    sequence=t, start_ns=end_ns, end_ns=end_ns, platform_ecef_m=SITE,
                    plot_time_ns=column([end_ns], "int64"), plot_index=column([0], "int64"), range_m=column([row[0]]),
                    azimuth_rad=column([row[1]]), elevation_rad=column([row[2]]), range_std_m=column([30.0]),
                    angle_std_rad=column([1e-3]),
                )
            )  # fmt: skip
            health += [m for m in out if isinstance(m, SensorHealth)]
        now_ns = NOW_NS + t * 10**9 + 5 * 10**8
        health += [
            m for m in stage.handle(Tick(time_ns=now_ns, arrival_ns=now_ns, sequence=t)) if isinstance(m, SensorHealth)
        ]
    assert [(h.sensor, h.state, h.fault) for h in health] == [
        ("liar", "suspect", "clock"),
        ("liar", "ignored", "clock"),
    ]
    assert health[-1].clock_fault_s == pytest.approx(-3.0, abs=0.2)
    assert "3.0 s behind" in health[-1].reason
    back = SensorHealth(time_ns=now_ns, arrival_ns=now_ns, id="screen-1", sensor="liar", kind="radar", state="ok")
    (again,) = stage.handle(back)
    assert isinstance(again, SensorHealth)
    assert (again.state, again.causes) == ("ignored", ("screen-1",))
    assert not stage.handle(msgspec.structs.replace(back, sensor="a"))
    decode_state(encode_state(stage.state), TrackState)


def test_updates_carry_their_cause_and_their_moment() -> None:
    (message, *_), stage = scans(1), Track(DEFENCE)
    (updates,) = stage.handle(message)
    assert isinstance(updates, TrackUpdates)
    assert updates.causes == ("detections-0",)
    assert updates.time_ns == message.arrival_ns
    assert updates.status == ("tentative",)


def test_a_track_is_announced_once_when_confirmed_and_once_when_dropped() -> None:
    stage = Track(DEFENCE)
    events = [m for message in scans(30) for m in stage.handle(message) if isinstance(m, Event)]
    assert [(e.code, e.subject) for e in events] == [("track.confirmed", "1")]
    late_ns = NOW_NS + 10**9 * 700
    out = stage.handle(Tick(time_ns=late_ns, arrival_ns=late_ns, sequence=700))
    assert [type(m).__name__ for m in out] == ["TrackUpdates", "Event"]
    assert isinstance(out[0], TrackUpdates)
    assert out[0].status == ("dropped",)


def test_only_a_radar_that_can_see_the_track_is_asked_and_at_most_every_five_seconds() -> None:
    stage, truth = Track(DEFENCE), flight(31)
    tasks = [m for message in scans(30) for m in stage.handle(message) if isinstance(m, SensorTask)]
    assert {task.sensor for task in tasks} == {"near"}
    times = [task.time_ns for task in tasks]
    assert all(b - a >= 5 * 10**9 for a, b in itertools.pairwise(times))
    assert 4 <= len(tasks) <= 6
    last = tasks[-1]
    t = (last.time_ns - NOW_NS) / 1e9
    expected = 0.5 * (truth[int(t)] + truth[int(t) + 1])
    assert np.linalg.norm(np.array(last.position_ecef_m) - expected) == pytest.approx(0.0, abs=5_000.0)
    assert last.until_ns > last.time_ns


def test_a_radar_is_asked_by_where_it_sees_the_track_not_by_where_the_track_is() -> None:
    """The mask is 1.4 mrad over the true elevation, and the air lifts what is seen there by 3 mrad."""
    highest_rad = max(radar_from_ecef(position, PLACE)[2] for position in flight(15))
    asked = []
    for is_refracted in (True, False):
        masked = msgspec.structs.replace(
            NEAR, elevation_min_deg=math.degrees(highest_rad) + 0.08, is_refracted=is_refracted
        )
        stage = Track(Defence(sensors=(masked,)))
        tasks = [m for message in scans(15) for m in stage.handle(message) if isinstance(m, SensorTask)]
        asked.append(bool(tasks))
    assert asked == [True, False]


def test_a_scan_too_late_to_be_used_is_told_once_a_minute() -> None:
    stage, messages = Track(DEFENCE), scans(80)
    old = messages[0]
    events = []
    for k, message in enumerate(messages[40:]):
        events += stage.handle(message)
        if isinstance(message, Tick):
            late = msgspec.structs.replace(old, arrival_ns=message.arrival_ns, id=f"late-{k}")
            told = stage.handle(late)
            assert all(isinstance(m, Event) for m in told)
            events += told
    refused = [e for e in events if isinstance(e, Event) and e.code == "track.too_late"]
    assert [e.subject for e in refused] == ["near"]
    assert "20.5 s ago" in refused[0].text
    assert stage.state.tracker.history.refused == {"near": 60}


def test_what_is_told_again_of_a_late_scan_is_a_revision_of_its_own_sensor_and_cause() -> None:
    """Every fourth scan comes 2.3 s later than the others."""
    stage, out = Track(DEFENCE), []
    messages = scans(30)
    for message in messages[::8]:
        at = messages.index(message)
        messages[at] = msgspec.structs.replace(message, arrival_ns=message.arrival_ns + 23 * 10**8)
    for message in sorted(messages, key=lambda m: m.arrival_ns):
        out += stage.handle(message)
    revisions = [m for m in out if isinstance(m, TrackUpdates) and m.revision]
    assert len(revisions) == 7  # the eighth comes after the last tick
    assert [m.causes[0] for m in revisions] == [f"detections-{t}" for t in range(0, 28, 4)]
    assert all(m.causes[1].startswith("tick-") and m.sensor == "near" for m in revisions)
    assert {k for m in out if isinstance(m, TrackUpdates) for k in m.track.tolist()} == {1}
    assert [e.code for e in out if isinstance(e, Event)] == ["track.confirmed"]


def test_every_message_can_be_encoded() -> None:
    stage = Track(DEFENCE)
    for message in scans(10):
        for out in stage.handle(message):
            encode(out)


def test_a_restored_stage_goes_on_the_same() -> None:
    messages, whole, first = scans(40), Track(DEFENCE), Track(DEFENCE)
    for message in messages[:40]:
        whole.handle(message)
        first.handle(message)
    second = Track(DEFENCE)
    second.state = decode_state(encode_state(first.state), TrackState)
    for message in messages[40:]:
        assert [encode(m) for m in whole.handle(message)] == [encode(m) for m in second.handle(message)]
    assert encode_state(second.state) == encode_state(whole.state)


def test_scans_that_hold_nothing_cost_no_message() -> None:
    stage = Track(DEFENCE)
    empty = Detections(
        time_ns=NOW_NS, arrival_ns=NOW_NS, sensor="near", kind="radar", sequence=0, start_ns=NOW_NS, end_ns=NOW_NS,
        platform_ecef_m=SITE, plot_time_ns=column([], "int64"),
        plot_index=column([], "int64"), range_m=column([]), azimuth_rad=column([]), elevation_rad=column([]),
    )  # fmt: skip
    assert stage.handle(empty) == []


def test_the_survey_says_which_constant_errors_to_look_for() -> None:
    off = msgspec.structs.replace(NEAR, range_bias_std_m=20.0, azimuth_bias_std_deg=0.05, clock_bias_std_s=0.01)
    eye = Sensor(name="eye", kind="infrared", range_bias_std_m=20.0, clock_bias_std_s=0.002)
    shut = msgspec.structs.replace(off, name="shut", enabled=False)
    spreads = spreads_of(Defence(sensors=(off, FAR, eye, shut)))
    assert spreads == {
        "near": BiasSpread(range_m=20.0, azimuth_rad=math.radians(0.05), clock_s=0.01),
        "eye": BiasSpread(clock_s=0.002),
    }
    windy = Policy(track=TrackPolicy(refractivity_std=15.0))
    assert spreads_of(Defence(sensors=(FAR,), policy=windy)) == {"far": BiasSpread(refractivity=15.0)}


def test_what_is_learnt_of_a_sensor_is_told_with_its_sigma_and_once_while_nothing_is_new() -> None:
    """Two radars at one place see the same flight, one 3 sigma too far right: 0.15 deg between them."""
    near = msgspec.structs.replace(NEAR, azimuth_bias_std_deg=0.05)
    other = msgspec.structs.replace(near, name="other")
    stage, events = Track(Defence(sensors=(near, other))), []
    for message in scans(40):
        if isinstance(message, Detections):
            assert message.azimuth_rad is not None
            right = column(message.azimuth_rad + math.radians(0.15))
            twin = msgspec.structs.replace(message, sensor="other", azimuth_rad=right, id=f"{message.id}-b")
            events += stage.handle(message) + stage.handle(twin)
        else:
            events += stage.handle(message)
    told = [e for e in events if isinstance(e, Event) and e.code == "track.bias"]
    assert {e.subject for e in told} == {"near", "other"}
    assert 2 <= len(told) <= 6
    last = {e.subject: e.text for e in told}
    assert re.fullmatch(r"other is thought to be off: azimuth \+0\.0[5-9]\d \+- 0\.03\d deg", last["other"])
    assert re.fullmatch(r"near is thought to be off: azimuth -0\.0[5-9]\d \+- 0\.03\d deg", last["near"])
