"""screen: tables of scans in, detections, health and events out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kernels import ecef_from_geodetic
from tocsin.messages import (
    Detections,
    Event,
    Message,
    Scan,
    SensorHealth,
    SensorStatus,
    Tick,
    column,
    decode_state,
    encode,
    encode_state,
)
from tocsin.scenario import Defence, Sensor
from tocsin.stages.screen import Screen, ScreenState

NOW_NS = 1_772_614_800_000_000_000
RADAR = Sensor(
    name="radar", kind="radar", latitude_deg=36.0, longitude_deg=40.0, azimuth_from_deg=300.0, azimuth_to_deg=60.0,
    noise_scale=2.0,
)  # fmt: skip
SHIP = Sensor(name="ship", kind="radar", platform="ship", latitude_deg=35.0, longitude_deg=35.0)
EYE = Sensor(name="eye", kind="infrared", platform="geostationary", longitude_deg=30.0)
ADSB = Sensor(name="adsb", kind="position")
SPARE = Sensor(name="spare", kind="radar", enabled=False)
DEFENCE = Defence(sensors=(RADAR, SHIP, EYE, ADSB, SPARE))
PLACE = ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 0.0)


def ns(t_s: float) -> int:
    return NOW_NS + round(t_s * 1e9)


def tick(t_s: float) -> Tick:
    return Tick(time_ns=ns(t_s), arrival_ns=ns(t_s), sequence=int(t_s))


def radar_scan(
    t_s: float, number: int, rows: list[tuple[float, float, float]], sensor: str = "radar", age_s: float = 0.2
) -> Scan:
    table = np.array(rows, dtype=float).reshape(-1, 3)
    end_ns = ns(t_s - age_s)
    return Scan(
        time_ns=end_ns, arrival_ns=ns(t_s), id=f"scan-{number}", sensor=sensor, kind="radar", sequence=number,
        start_ns=end_ns, end_ns=end_ns, platform_ecef_m=None,
        plot_time_ns=column([end_ns] * len(table), "int64"), range_m=column(table[:, 0]),
        azimuth_rad=column(np.radians(table[:, 1])), elevation_rad=column(np.radians(table[:, 2])),
    )  # fmt: skip


def only(kind: type[Message], out: list[Message]) -> list:
    return [message for message in out if isinstance(message, kind)]


GOOD = (2e5, 10.0, 20.0)


def test_the_first_message_tells_every_sensors_health_once() -> None:
    stage = Screen(DEFENCE)
    first = only(SensorHealth, stage.handle(tick(0)))
    assert {h.sensor: h.state for h in first} == {
        "radar": "ok",
        "ship": "ok",
        "eye": "ok",
        "adsb": "ok",
        "spare": "off",
    }
    assert not only(SensorHealth, stage.handle(tick(1)))


def test_a_scan_becomes_detections_at_the_surveyed_place_with_scaled_accuracy() -> None:
    stage = Screen(DEFENCE)
    (found,) = only(Detections, stage.handle(radar_scan(0.2, 0, [GOOD, (3e5, 350.0, 5.0)])))
    assert found.platform_ecef_m == pytest.approx(PLACE, abs=1e-6)
    assert found.range_std_m is not None
    assert found.angle_std_rad is not None
    assert found.range_std_m.tolist() == [2.0 * RADAR.range_std_m] * 2
    assert found.angle_std_rad == pytest.approx([2.0 * math.radians(RADAR.azimuth_std_deg)] * 2)
    assert found.plot_index.tolist() == [0, 1]
    assert found.rejected_count == 0
    assert found.causes == ("scan-0",)
    assert found.time_ns == ns(0.2)


@pytest.mark.parametrize(
    "bad",
    [
        (2e6, 10.0, 20.0),  # beyond the range it searches
        (2e5, 180.0, 20.0),  # behind it
        (2e5, 10.0, -5.0),  # below the horizon
        (math.nan, 10.0, 20.0),
        (2e5, math.inf, 20.0),
        (2e5, 10.0, math.nan),
        (-2e5, 10.0, 20.0),
    ],
)
def test_a_plot_the_sensor_cannot_make_is_counted_and_left_out(bad: tuple[float, float, float]) -> None:
    (found,) = only(Detections, Screen(DEFENCE).handle(radar_scan(0.2, 0, [GOOD, bad, GOOD])))
    assert found.plot_index.tolist() == [0, 2]
    assert found.rejected_count == 1
    assert found.range_m is not None
    assert found.range_m.tolist() == [2e5, 2e5]
    encode(found)  # nothing that a message may not carry


def test_an_empty_scan_is_passed_on() -> None:
    (found,) = only(Detections, Screen(DEFENCE).handle(radar_scan(0.2, 0, [])))
    assert found.plot_count == 0


def test_a_sight_that_misses_the_earth_is_left_out() -> None:
    stage = Screen(DEFENCE)
    place = 42_164_000.0 * np.array([math.cos(math.radians(30.0)), math.sin(math.radians(30.0)), 0.0])
    target = np.array(ecef_from_geodetic(math.radians(35.0), math.radians(45.0), 50e3))
    sight = (target - place) / np.linalg.norm(target - place)
    scan = Scan(
        time_ns=ns(0), arrival_ns=ns(0.1), sensor="eye", kind="infrared", sequence=0, start_ns=ns(0), end_ns=ns(0),
        platform_ecef_m=None, plot_time_ns=column([ns(0)] * 3, "int64"),
        line_of_sight_ecef=column([sight, -sight, 2.0 * sight]),
    )  # fmt: skip
    (found,) = only(Detections, stage.handle(scan))
    assert found.plot_index.tolist() == [0]
    assert found.platform_ecef_m == pytest.approx(tuple(place), abs=1.0)


def test_a_position_inside_the_earth_is_left_out() -> None:
    scan = Scan(
        time_ns=ns(0), arrival_ns=ns(0.1), sensor="adsb", kind="position", sequence=0, start_ns=ns(0), end_ns=ns(0),
        platform_ecef_m=None, plot_time_ns=column([ns(0)] * 2, "int64"),
        position_ecef_m=column([PLACE, (1.0, 2.0, 3.0)]),
    )  # fmt: skip
    (found,) = only(Detections, Screen(DEFENCE).handle(scan))
    assert found.plot_index.tolist() == [0]
    assert found.position_std_m == ADSB.position_std_m


@pytest.mark.parametrize(
    ("scan", "code"),
    [
        (radar_scan(0.0, 0, [GOOD], sensor="stranger"), "screen.unknown_sensor"),
        (radar_scan(0.0, 0, [GOOD], age_s=40.0), "screen.stale"),
        (radar_scan(0.0, 0, [GOOD], age_s=-2.0), "screen.ahead"),
        (radar_scan(0.0, 0, [GOOD], sensor="ship"), "screen.no_place"),
        (msgspec.structs.replace(radar_scan(0.0, 0, [GOOD]), range_m=None), "screen.no_columns"),
        (msgspec.structs.replace(radar_scan(0.0, 0, [GOOD]), range_m=column([1e5, 2e5])), "screen.no_columns"),
    ],
)
def test_a_scan_that_cannot_be_used_is_refused_with_one_event(scan: Scan, code: str) -> None:
    out = Screen(DEFENCE).handle(scan)
    assert [e.code for e in only(Event, out)] == [code]
    assert not only(Detections, out)


def test_an_unknown_sensor_is_noted_once_however_often_it_reports() -> None:
    stage = Screen(DEFENCE)
    events = [e for k in range(5) for e in only(Event, stage.handle(radar_scan(k, k, [GOOD], sensor="stranger")))]
    assert len(events) == 1


def test_a_double_is_refused_and_a_late_one_is_used_and_noted() -> None:
    stage = Screen(DEFENCE)
    stage.handle(radar_scan(1.0, 1, [GOOD]))
    stage.handle(radar_scan(3.0, 3, [GOOD]))
    late = stage.handle(radar_scan(3.1, 2, [GOOD], age_s=1.3))
    assert [e.code for e in only(Event, late)] == ["screen.late"]
    assert only(Detections, late)
    double = stage.handle(radar_scan(3.2, 3, [GOOD]))
    assert [e.code for e in only(Event, double)] == ["screen.double"]
    assert not only(Detections, double)


def test_silence_and_recovery_are_told_once_each() -> None:
    stage = Screen(Defence(sensors=(RADAR,)))
    told = []
    for t in range(30):
        if not 10 <= t < 20:
            told += [(t, h.state) for h in only(SensorHealth, stage.handle(radar_scan(t, t, [])))]
        told += [(t, h.state) for h in only(SensorHealth, stage.handle(tick(t + 0.5)))]
    assert told == [(0, "ok"), (12, "silent"), (20, "ok")]


def test_a_sensor_that_never_came_is_silent_too() -> None:
    stage = Screen(Defence(sensors=(RADAR,)))
    told = [(t, h.state) for t in range(10) for h in only(SensorHealth, stage.handle(tick(t)))]
    assert told == [(0, "ok"), (4, "silent")]


def test_a_recording_slower_than_its_description_is_silent_at_most_once() -> None:
    """Scans 12 s apart from a sensor described as 1 s: after two intervals its own beat counts."""
    stage = Screen(Defence(sensors=(RADAR,)))
    told = []
    for t in range(240):
        if t % 12 == 0:
            told += [h.state for h in only(SensorHealth, stage.handle(radar_scan(t, t, [])))]
        told += [h.state for h in only(SensorHealth, stage.handle(tick(t + 0.5)))]
    assert told[0] == "ok"
    assert told.count("silent") <= 2


def test_a_sensor_that_says_it_is_off_is_off_until_it_says_or_scans_otherwise() -> None:
    stage = Screen(Defence(sensors=(RADAR,)))
    stage.handle(radar_scan(0.0, 0, []))

    def status(t_s: float, is_operating: bool) -> list[Message]:
        return stage.handle(
            SensorStatus(time_ns=ns(t_s), arrival_ns=ns(t_s), sensor="radar", is_operating=is_operating)
        )

    assert [h.state for h in only(SensorHealth, status(1.0, False))] == ["off"]
    assert not only(SensorHealth, status(2.0, False))
    assert not [h for t in range(3, 20) for h in only(SensorHealth, stage.handle(tick(t)))]  # off is not silent
    assert [h.state for h in only(SensorHealth, status(20.0, True))] == ["ok"]
    assert not only(SensorHealth, stage.handle(tick(21)))


def test_the_state_survives_encoding() -> None:
    stage, other = Screen(DEFENCE), Screen(DEFENCE)
    for k in range(5):
        stage.handle(radar_scan(k, k, [GOOD]))
    other.state = decode_state(encode_state(stage.state), ScreenState)
    for message in (radar_scan(5.0, 4, [GOOD]), radar_scan(5.1, 5, [GOOD]), tick(20)):
        assert [encode(m) for m in stage.handle(message)] == [encode(m) for m in other.handle(message)]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(), st.floats(), st.floats()), max_size=4),
    age_s=st.floats(-100.0, 100.0),
    number=st.integers(-3, 3),
)
def test_no_scan_breaks_the_stage_and_nothing_unfit_leaves_it(
    rows: list[tuple[float, float, float]], age_s: float, number: int
) -> None:
    stage = Screen(DEFENCE)
    for t in range(3):
        for message in stage.handle(radar_scan(t, number, rows, age_s=age_s)) + stage.handle(tick(t + 0.5)):
            encode(message)
