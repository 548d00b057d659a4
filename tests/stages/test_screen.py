"""screen: tables of scans in, detections, health and events out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.kernels import ecef_from_geodetic
from tocsin.kernels.refraction import bend, horizon_apparent_elevation_rad
from tocsin.messages import (
    Detections,
    Event,
    Message,
    Scan,
    SensorHealth,
    SensorStatus,
    SweptVolume,
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
    noise_scale=2.0, is_refracted=False,
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


def only(kind: type[Message] | tuple[type[Message], ...], out: list[Message]) -> list:
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


STRONG = msgspec.structs.replace(
    RADAR, reference_snr_db=20.0, reference_range_km=1_000.0, reference_rcs_m2=1.0, beamwidth_deg=1.6,
    range_resolution_m=160.0, range_std_m=3.0, azimuth_std_deg=0.003, elevation_std_deg=0.004,
)  # fmt: skip


def test_accuracy_of_each_plot_follows_its_signal_and_never_beats_its_floor() -> None:
    """17 dB is a sixteenth of beam and cell; at 120 dB the stated errors are left; both times noise_scale, 2."""
    scan = msgspec.structs.replace(radar_scan(0.2, 0, [GOOD, GOOD]), snr_db=column([10.0 * math.log10(50.0), 120.0]))
    (found,) = only(Detections, Screen(Defence(sensors=(STRONG,))).handle(scan))
    assert found.range_std_m is not None
    assert found.angle_std_rad is not None
    assert found.elevation_std_rad is not None
    for std, cell, floor in (
        (found.range_std_m, 160.0, 3.0),
        (np.degrees(found.angle_std_rad), 1.6, 0.003),
        (np.degrees(found.elevation_std_rad), 1.6, 0.004),
    ):
        assert std == pytest.approx([2.0 * math.hypot(cell / 16.0, floor), 2.0 * floor], rel=1e-4)


@pytest.mark.parametrize("sensor", [RADAR, STRONG])
def test_without_signal_to_noise_in_scan_or_survey_the_stated_accuracy_holds(sensor: Sensor) -> None:
    scan = radar_scan(0.2, 0, [GOOD, GOOD])
    if sensor is RADAR:
        scan = msgspec.structs.replace(scan, snr_db=column([17.0, 30.0]))
    (found,) = only(Detections, Screen(Defence(sensors=(sensor,))).handle(scan))
    assert found.range_std_m is not None
    assert found.range_std_m.tolist() == [2.0 * sensor.range_std_m] * 2


@pytest.mark.parametrize("snr_db", [math.nan, math.inf, -math.inf, 1e9])
def test_a_plot_whose_signal_is_no_number_is_left_out(snr_db: float) -> None:
    scan = msgspec.structs.replace(radar_scan(0.2, 0, [GOOD, GOOD]), snr_db=column([20.0, snr_db]))
    (found,) = only(Detections, Screen(Defence(sensors=(STRONG,))).handle(scan))
    assert found.plot_index.tolist() == [0]
    encode(found)


def test_a_weak_plot_may_lie_further_outside_the_field_of_regard_than_a_strong_one() -> None:
    """Four sigmas of the plot's own: at 8 dB a sixth of the beam, so 1 deg out is inside; at 60 dB it is not."""
    scan = msgspec.structs.replace(radar_scan(0.2, 0, [(2e5, 10.0, 1.0), (2e5, 10.0, 1.0)]), snr_db=column([8.0, 60.0]))
    (found,) = only(Detections, Screen(Defence(sensors=(STRONG,))).handle(scan))
    assert found.plot_index.tolist() == [0]


BENT = msgspec.structs.replace(RADAR, is_refracted=True, height_m=500.0, elevation_min_deg=0.0)


def test_refraction_is_taken_out_of_elevation_and_range() -> None:
    """What `bend` makes of true places comes back true, by the refractivity of the survey."""
    true = [(3e5, 10.0, 1.0), (9e5, 20.0, 5.0), (2e5, 340.0, 60.0)]
    for sensor in (BENT, msgspec.structs.replace(BENT, refractivity=400.0)):
        seen = []
        for range_m, azimuth_deg, elevation_deg in true:
            angle, far_m = bend(500.0, math.radians(elevation_deg), range_m, sensor.refractivity)
            seen.append((far_m, azimuth_deg, math.degrees(angle)))
        (found,) = only(Detections, Screen(Defence(sensors=(sensor,))).handle(radar_scan(0.2, 0, seen)))
        assert found.range_m == pytest.approx([row[0] for row in true], abs=0.01)
        assert found.elevation_rad == pytest.approx(np.radians([row[2] for row in true]), abs=1e-8)
        assert found.azimuth_rad == pytest.approx(np.radians([row[1] for row in true]), abs=1e-12)


def test_other_air_than_surveyed_leaves_its_share_of_the_bending_as_a_bias() -> None:
    """At 2 deg and 900 km bending is near proportional to refractivity: 10 % more leaves 8 to 14 % of it."""
    true_rad = math.radians(2.0)
    whole = bend(500.0, true_rad, 9e5, 313.0)[0] - true_rad
    angle, far_m = bend(500.0, true_rad, 9e5, 1.1 * 313.0)
    scan = radar_scan(0.2, 0, [(far_m, 10.0, math.degrees(angle))])
    (found,) = only(Detections, Screen(Defence(sensors=(BENT,))).handle(scan))
    assert found.elevation_rad is not None
    assert 0.08 < (float(found.elevation_rad[0]) - true_rad) / whole < 0.14


def test_a_source_that_corrects_refraction_itself_is_left_alone() -> None:
    (found,) = only(Detections, Screen(DEFENCE).handle(radar_scan(0.2, 0, [GOOD])))
    assert found.elevation_rad == pytest.approx([math.radians(GOOD[2])], abs=1e-15)


def test_the_field_of_regard_is_one_of_apparent_elevations() -> None:
    """2.2 deg as seen is believed where 2 deg is the mask, though it truly stands at 1.9 deg; 1.9 as seen is not."""
    sharp = msgspec.structs.replace(BENT, elevation_min_deg=2.0, elevation_std_deg=1e-4)
    scan = radar_scan(0.2, 0, [(9e5, 10.0, 2.2), (9e5, 10.0, 1.9)])
    (found,) = only(Detections, Screen(Defence(sensors=(sharp,))).handle(scan))
    assert found.plot_index.tolist() == [0]
    assert found.elevation_rad is not None
    assert math.degrees(found.elevation_rad[0]) < 2.0


SWEPT = SweptVolume(
    azimuth_from_rad=0.0, azimuth_to_rad=6.0, elevation_min_rad=-0.1, elevation_max_rad=1.5, range_min_m=5e3,
    range_max_m=1e6, detection_prob=0.9, clutter_density=0.0,
)  # fmt: skip


def swept_of(sensor: Sensor) -> SweptVolume | None:
    scan = msgspec.structs.replace(radar_scan(0.2, 0, []), swept=SWEPT)
    (found,) = only(Detections, Screen(Defence(sensors=(sensor,))).handle(scan))
    return found.swept


def test_absence_is_evidence_where_the_reference_target_is_seen_every_second_time() -> None:
    """Swerling 1 at 1e-6: half at S = ln(1e-6) / ln(0.5) - 1 = 18.93, 12.77 dB; from 20 dB, a range of 1.516 ratio."""
    half_m = 5e5 * (100.0 / (math.log(1e-6) / math.log(0.5) - 1.0)) ** 0.25
    swept = swept_of(msgspec.structs.replace(STRONG, reference_range_km=500.0))
    assert swept is not None
    assert swept.range_max_m == pytest.approx(half_m, rel=1e-6)
    assert swept.detection_prob == 0.5
    assert (swept.range_min_m, swept.clutter_density) == (SWEPT.range_min_m, SWEPT.clutter_density)


def test_a_radar_too_weak_for_any_range_gives_no_evidence_of_absence() -> None:
    assert swept_of(msgspec.structs.replace(STRONG, reference_snr_db=-90.0)) is None


def test_absence_below_the_horizon_is_no_evidence() -> None:
    high = msgspec.structs.replace(BENT, height_m=1_000.0, elevation_min_deg=-5.0)
    swept = swept_of(high)
    assert swept is not None
    assert swept.elevation_min_rad == pytest.approx(horizon_apparent_elevation_rad(1_000.0, 313.0), abs=1e-6)
    assert swept.elevation_min_rad > -0.02
    assert (swept.range_max_m, swept.detection_prob) == (SWEPT.range_max_m, SWEPT.detection_prob)


def test_infrared_plots_are_of_the_time_their_light_left() -> None:
    """A plume 60 km up, 37 000 km away and then some: within 0.3 ms; a line that misses the Earth: of its limb."""
    place = 42_164_000.0 * np.array([math.cos(math.radians(30.0)), math.sin(math.radians(30.0)), 0.0])
    target = np.array(ecef_from_geodetic(math.radians(35.0), math.radians(45.0), 60e3))
    limb = np.array((0.0, 0.0, 6_500_000.0))
    sights, ways_s = [], []
    for point in (target, limb):
        way = point - place
        sights.append(way / np.linalg.norm(way))
        ways_s.append(float(np.linalg.norm(way)) / 299_792_458.0)
    scan = Scan(
        time_ns=ns(0), arrival_ns=ns(0.1), sensor="eye", kind="infrared", sequence=0, start_ns=ns(0), end_ns=ns(0),
        platform_ecef_m=None, plot_time_ns=column([ns(0)] * 2, "int64"), line_of_sight_ecef=column(sights),
    )  # fmt: skip
    (found,) = only(Detections, Screen(DEFENCE).handle(scan))
    early_s = (ns(0) - found.plot_time_ns) / 1e9
    assert early_s[0] == pytest.approx(ways_s[0], abs=3e-4)
    assert early_s[1] == pytest.approx(ways_s[1], abs=4e-3)
    assert (found.start_ns, found.end_ns) == (scan.start_ns, scan.end_ns)


def test_an_empty_scan_is_passed_on() -> None:
    (found,) = only(Detections, Screen(DEFENCE).handle(radar_scan(0.2, 0, [])))
    assert found.plot_count == 0


def test_a_sight_that_misses_the_earth_is_left_out() -> None:
    stage = Screen(DEFENCE)
    place = 42_164_000.0 * np.array([math.cos(math.radians(30.0)), math.sin(math.radians(30.0)), 0.0])
    target = np.array(ecef_from_geodetic(math.radians(35.0), math.radians(45.0), 50e3))
    sight = (target - place) / np.linalg.norm(target - place)
    beside = 8_000e3 * np.array([0.0, 0.0, 1.0])  # passes the centre at nearly this, 1500 km above the ground
    star = (beside - place) / np.linalg.norm(beside - place)
    scan = Scan(
        time_ns=ns(0), arrival_ns=ns(0.1), sensor="eye", kind="infrared", sequence=0, start_ns=ns(0), end_ns=ns(0),
        platform_ecef_m=None, plot_time_ns=column([ns(0)] * 4, "int64"),
        line_of_sight_ecef=column([sight, -sight, 2.0 * sight, star]),
    )  # fmt: skip
    (found,) = only(Detections, stage.handle(scan))
    assert found.plot_index.tolist() == [0]
    assert found.platform_ecef_m == pytest.approx(tuple(place), abs=200.0)  # the height is rounded


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
        (msgspec.structs.replace(radar_scan(0.0, 0, [GOOD]), snr_db=column([1.0, 2.0])), "screen.no_columns"),
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
    assert told == [(0, "ok"), (11, "silent"), (20, "ok")]


@pytest.mark.parametrize("phase_s", [0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("period_s", [0.5, 1.0, 2.0, 5.0, 10.0])
def test_a_dead_sensor_is_noticed_within_2_s_of_when_its_next_scan_was_due(period_s: float, phase_s: float) -> None:
    """Bar of the tracker's issue; before its next scan is due nobody can know. A tick a second."""
    stage = Screen(Defence(sensors=(msgspec.structs.replace(RADAR, scan_period_s=period_s),)))
    arrivals = [phase_s + period_s * k for k in range(int(40.0 / period_s))]
    inputs = [(t, radar_scan(t, k, [])) for k, t in enumerate(arrivals)] + [(float(t), tick(t)) for t in range(80)]
    told = [(t, h.state) for t, m in sorted(inputs, key=lambda i: i[0]) for h in only(SensorHealth, stage.handle(m))]
    assert [state for _, state in told] == ["ok", "silent"]
    assert 0.0 < told[1][0] - (arrivals[-1] + period_s) <= 2.0


def test_a_radar_whose_posture_leaves_scans_out_is_not_called_silent() -> None:
    posture = msgspec.structs.replace(DEFENCE.policy.posture, sensor_duty=(0.3,))
    policy = msgspec.structs.replace(DEFENCE.policy, posture=posture)
    stage = Screen(Defence(sensors=(RADAR,), policy=policy))
    inputs = [(t, radar_scan(t, k, [])) for k, t in enumerate(np.arange(0.2, 60.0, 4.0))]
    inputs += [(float(t), tick(t)) for t in range(60)]
    told = [h.state for _, m in sorted(inputs, key=lambda i: i[0]) for h in only(SensorHealth, stage.handle(m))]
    assert told == ["ok"]


def test_a_sensor_whose_clock_is_ahead_is_told_once_with_its_error_and_is_not_called_silent() -> None:
    stage = Screen(Defence(sensors=(RADAR,)))
    told = []
    for t in range(1, 30):
        ahead_s = 3.0 if 10 <= t < 20 else 0.0
        out = stage.handle(radar_scan(t, t, [], age_s=0.2 - ahead_s)) + stage.handle(tick(t + 0.5))
        told += [(t, m.state if isinstance(m, SensorHealth) else m.code) for m in only((SensorHealth, Event), out)]
        errors = [h.clock_fault_s for h in only(SensorHealth, out) if h.state == "ignored"]
        assert all(error == pytest.approx(3.0) for error in errors)
    assert told == [(1, "ok"), (10, "screen.ahead"), (10, "ignored"), (20, "ok")]


def test_a_sensor_that_never_came_is_silent_too() -> None:
    stage = Screen(Defence(sensors=(RADAR,)))
    told = [(t, h.state) for t in range(10) for h in only(SensorHealth, stage.handle(tick(t)))]
    assert told == [(0, "ok"), (3, "silent")]


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
    rows=st.lists(
        st.tuples(
            st.floats() | st.floats(0.0, 2e6),
            st.floats() | st.floats(0.0, 360.0),
            st.floats() | st.floats(-10.0, 90.0),
            st.floats() | st.floats(-10.0, 100.0),
        ),
        max_size=4,
    ),
    sensor=st.sampled_from([RADAR, msgspec.structs.replace(STRONG, is_refracted=True, elevation_min_deg=-10.0)]),
    age_s=st.floats(-100.0, 100.0),
    number=st.integers(-3, 3),
)
def test_no_scan_breaks_the_stage_and_nothing_unfit_leaves_it(
    rows: list[tuple[float, float, float, float]], sensor: Sensor, age_s: float, number: int
) -> None:
    stage = Screen(Defence(sensors=(sensor,)))
    for t in range(3):
        scan = radar_scan(t, number, [row[:3] for row in rows], age_s=age_s)
        scan = msgspec.structs.replace(scan, snr_db=column([row[3] for row in rows]))
        for message in stage.handle(scan) + stage.handle(tick(t + 0.5)):
            encode(message)
