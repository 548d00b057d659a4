"""Fed with arrays or tables the tracker gives what messages give, and says what is wrong with a column."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
from tracking_scene import EVERYWHERE, RADAR, WEST, coasting, infrared_scan, ns, radar_scan, vec3

from tocsin import tracking
from tocsin.errors import ScanError
from tocsin.messages import Detections, TrackUpdates

RADAR_SENSOR = tracking.Sensor(
    name="radar", kind="radar", site_ecef_m=vec3(RADAR), range_std_m=30.0, angle_std_rad=1e-3, swept=EVERYWHERE
)
EYE = tracking.Sensor(name="sight", kind="infrared", site_ecef_m=vec3(WEST), angle_std_rad=3e-5)


def scans(seconds: int = 30) -> list[Detections]:
    """One missile in coast, a radar that sees it in all but one of its scans, and one false plot."""
    rng, truth = np.random.default_rng(5), coasting(seconds)
    out = []
    for t in range(seconds):
        targets = [] if t == 12 else [truth[t][0]]
        if t == 3:
            targets.append(truth[t][0] + 40_000.0)
        out.append(radar_scan(targets, t, rng, number=t, swept=EVERYWHERE))
    return out


def arrays(scan: Detections) -> dict[str, Any]:
    return {name: getattr(scan, name) for name in ("range_m", "azimuth_rad", "elevation_rad", "plot_time_ns")}


def table(from_scans: list[Detections]) -> dict[str, Any]:
    """A row a plot; the scan that saw nothing leaves a row without any measurement."""
    rows: dict[str, list[Any]] = {name: [] for name in ("sensor", "time_ns", "range_m", "azimuth_rad", "elevation_rad")}
    for scan in from_scans:
        count = scan.plot_count
        rows["sensor"] += ["radar"] * max(1, count)
        rows["time_ns"] += scan.plot_time_ns.tolist() or [scan.end_ns]
        for name in ("range_m", "azimuth_rad", "elevation_rad"):
            rows[name] += getattr(scan, name).tolist() or [math.nan]
    return {name: np.array(values) for name, values in rows.items()}


def fed_messages(from_scans: list[Detections]) -> list[TrackUpdates]:
    tracker, told = tracking.Tracker(), []
    for t, scan in enumerate(from_scans):
        told += tracker.tick(ns(t)) if t > 1 else []
        told.append(tracker.step(scan))
    return [each for each in told if each is not None]


def same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert tuple(a) == tuple(b) == tracking.TRACK_COLUMNS
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name], err_msg=name)


def test_arrays_give_the_tracks_that_messages_give() -> None:
    feed, tracker = tracking.ArrayTracker([RADAR_SENSOR]), tracking.Tracker()
    for scan in scans():
        told = tracker.step(scan)
        got = feed.step_arrays("radar", scan.end_ns, **arrays(scan))
        same(got, tracking.table_of([] if told is None else [told]))
    assert feed.tracker.state.next_id == 3


def test_a_table_of_plots_gives_the_tracks_that_messages_give() -> None:
    expected = tracking.table_of(fed_messages(scans()))
    assert expected["track"].size > 25
    same(tracking.track_scans(table(scans()), [RADAR_SENSOR]), expected)


def test_an_arrow_table_with_nulls_serves_as_well() -> None:
    columns = {name: pa.array(values.tolist(), from_pandas=True) for name, values in table(scans()).items()}
    assert columns["range_m"].null_count == 1
    same(tracking.track_scans(pa.table(columns), [RADAR_SENSOR]), tracking.table_of(fed_messages(scans())))


def test_a_table_may_say_all_of_its_sensor_itself() -> None:
    rows = table(scans())
    count = rows["range_m"].size
    rows |= {
        "kind": np.full(count, "radar"), "site_ecef_m": np.tile(RADAR, (count, 1)),
        "range_std_m": np.full(count, 30.0), "angle_std_rad": np.full(count, 1e-3),
    }  # fmt: skip
    known = tracking.track_scans(table(scans()), [tracking.Sensor(
        name="radar", kind="radar", site_ecef_m=vec3(RADAR), range_std_m=30.0, angle_std_rad=1e-3
    )])  # fmt: skip
    same(tracking.track_scans(rows), known)


def test_scans_one_by_one_may_mix_kinds() -> None:
    rng, truth = np.random.default_rng(6), coasting(20)
    mixed = []
    for t in range(20):
        seen = radar_scan([truth[t][0]], t, rng)
        mixed.append({"sensor": "radar", "time_ns": ns(t), **arrays(seen)})
        sight = infrared_scan([truth[t][0]], t, rng, site=WEST, sensor="sight")
        mixed.append({"sensor": "sight", "time_ns": ns(t), "line_of_sight_ecef": sight.line_of_sight_ecef})
    tracks = tracking.track_scans(mixed, [RADAR_SENSOR, EYE])
    assert set(tracks["track"].tolist()) == {1}
    assert tracks["radar_count"][-1] == tracks["infrared_count"][-1] == 20
    error = tracks["position_ecef_m"][-1] - truth[19][0]
    assert error @ np.linalg.solve(tracks["covariance"][-1, :3, :3], error) < 16.3  # chi-square 3, 0.999


def test_an_empty_scan_counts_only_where_a_swept_volume_is_stated() -> None:
    for swept, is_dropped in ((None, False), (EVERYWHERE, True)):
        feed = tracking.ArrayTracker([RADAR_SENSOR])
        for scan in scans(12):
            feed.step_arrays("radar", scan.end_ns, **arrays(scan))
        sensor = tracking.Sensor(name="radar", kind="radar", site_ecef_m=vec3(RADAR), swept=swept)
        told = [feed.step_arrays(sensor, ns(t)) for t in range(12, 40)]
        assert any("dropped" in each["status"] for each in told) is is_dropped


def test_all_round_holds_what_it_was_given() -> None:
    swept = tracking.all_round(range_max_m=1e6, detection_prob=0.9, clutter_density=1e-7, elevation_min_rad=0.02)
    assert (swept.azimuth_to_rad - swept.azimuth_from_rad, swept.elevation_max_rad) == (2 * math.pi, math.pi / 2)
    assert (swept.range_max_m, swept.detection_prob, swept.clutter_density) == (1e6, 0.9, 1e-7)
    assert swept.elevation_min_rad == 0.02


def test_site_at_is_the_point_of_proj() -> None:
    there = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978").transform(36.0, 40.0, 500.0)
    assert tracking.site_at(36.0, 40.0, 500.0) == pytest.approx(there, abs=1e-6)


def test_tracks_become_an_arrow_table_and_keep_their_numbers() -> None:
    tracks = tracking.track_scans(table(scans()), [RADAR_SENSOR])
    arrow = tracking.to_arrow(tracks)
    assert arrow.num_rows == tracks["track"].size
    np.testing.assert_array_equal(
        np.array(arrow.column("covariance").to_pylist()).reshape(-1, 6, 6), tracks["covariance"]
    )
    assert arrow.column("status").to_pylist() == tracks["status"].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"range_m": [-5.0]}, ["column range_m", "row 0", "0.001 to 1e+08 m", "-5.0"]),
        ({"azimuth_rad": [200.0]}, ["column azimuth_rad", "rad", "200.0", "give radians"]),
        ({"elevation_rad": [math.nan]}, ["column elevation_rad", "nan"]),
        ({"range_std_m": 0.0}, ["column range_std_m", "0.0", "one sigma"]),
        ({"azimuth_rad": [0.1, 0.2]}, ["column azimuth_rad", "(2,)", "(1,)"]),
        ({"azimuth_rad": ["north"]}, ["column azimuth_rad", "numbers", "rad"]),
        ({"azimuth_rad": None}, ["azimuth_rad is missing", "radar"]),
        ({"range_m": 5e5}, ["column range_m", "has shape ()", "(n,)"]),
        ({"range_m": np.array(["2020-01-01"], dtype="M8[D]")}, ["column range_m", "numbers", "m"]),
        ({"range_m": [5e5 + 1j]}, ["column range_m", "numbers", "m"]),
        ({"swept": "all"}, ["swept", "SweptVolume", "all_round"]),
        ({"sequence": 7}, ["no such column", "sequence"]),
        ({"range_rate_m_s": [5.0]}, ["range_rate_std_m_s is missing"]),
        ({"line_of_sight_ecef": [[1.0, 0.0, 0.0]]}, ["no such column", "line_of_sight_ecef", "allowed are"]),
        ({"plot_time_ns": [ns(9)]}, ["plot_time_ns", "later than the scan's end", str(ns(9))]),
        ({"plot_time_ns": [1.5e18]}, ["plot_time_ns", "whole numbers", "int64 nanoseconds"]),
        ({"detection_prob": 1.5}, ["detection_prob", "0 to 1 prob", "1.5"]),
    ],
)  # fmt: skip
def test_a_wrong_column_is_named_with_value_unit_range_and_remedy(change: dict[str, Any], words: list[str]) -> None:
    columns: dict[str, Any] = {"range_m": [5e5], "azimuth_rad": [0.1], "elevation_rad": [0.2]} | change
    feed = tracking.ArrayTracker([RADAR_SENSOR])
    with pytest.raises(ScanError) as caught:
        feed.step_arrays("radar", ns(1), **columns)
    assert not [word for word in ["radar", *words] if word not in str(caught.value)], str(caught.value)


@pytest.mark.parametrize(
    ("sensor", "columns", "words"),
    [
        ("radra", {}, ["no such sensor", "radra", "radar"]),
        (EYE, {"line_of_sight_ecef": [[1.0, 0.1, 0.0]]}, ["unit vector", "1.004", "divide"]),
        (EYE, {"line_of_sight_ecef": [1.0, 0.0, 0.0]}, ["line_of_sight_ecef", "has shape (3,)", "(n, 3)"]),
        (EYE, {"line_of_sight_ecef": [[1.0, 0.0, 0.0]], "detection_prob": 0.5}, ["detection_prob", "all_round"]),
        (tracking.Sensor(name="r", kind="radar"), {"range_m": [1e5], "azimuth_rad": [0.0]}, ["range_std_m"]),
        (tracking.Sensor(name="e", kind="infrared"), {}, ["site_ecef_m is missing"]),
        (tracking.Sensor(name="r", kind="radar", site_ecef_m=(36.0, 40.0, 500.0)), {}, [
            "site_ecef_m", "inside the Earth", "[36.0, 40.0, 500.0]", "site_at"
        ]),
        (tracking.Sensor(name="p", kind="position", position_std_m=5.0), {
            "position_ecef_m": [[7e6, 0.0, 0.0], [3e5, 1e5, 9e4]]
        }, ["position_ecef_m", "row 1", "inside the Earth", "ecef_of"]),
        (tracking.Sensor(name="p", kind="position"), {
            "position_ecef_m": [[7e6, 0.0, 0.0], [7e6, 1e4, 0.0]], "position_std_m": [1.0, 2.0]
        }, ["position_std_m", "differs from plot to plot", "own scan"]),
    ],
)  # fmt: skip
def test_a_wrong_scan_is_refused(sensor: Any, columns: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ScanError) as caught:
        tracking.ArrayTracker([RADAR_SENSOR]).step_arrays(sensor, ns(1), **columns)
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sensor": None}, ["column sensor is missing"]),
        ({"time_ns": np.array([1.0] * 31)}, ["time_ns", "int64 nanoseconds"]),
        ({"rangem": np.zeros(31)}, ["no such column", "rangem", "range_m"]),
        ({"range_m": np.ones(3)}, ["differ in length", "'range_m': 3"]),
        ({"detection_prob": np.arange(31) / 31}, ["detection_prob", "differs within the scan of radar", "own names"]),
        ({"site_ecef_m": np.outer(np.arange(31) < 4, vec3(RADAR))}, ["site_ecef_m", "differs within", "own names"]),
        ({"sensor": np.full((31, 2), "radar")}, ["column sensor", "(31, 2)"]),
        ({"scan": np.zeros((31, 1))}, ["column scan", "(31, 1)"]),
    ],
)
def test_a_wrong_table_is_refused(change: dict[str, Any], words: list[str]) -> None:
    rows = {name: values for name, values in (table(scans()) | change).items() if values is not None}
    with pytest.raises(ScanError) as caught:
        tracking.track_scans(rows, [RADAR_SENSOR])
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


def test_what_is_neither_table_nor_scans_is_told_how_to_become_one() -> None:
    with pytest.raises(
        ScanError, match=r"dict with sensor \(its name\), time_ns.*got \(5, set\(\)\).*dict\(frame\).*read_detections"
    ):
        tracking.track_scans([(5, set())])


def test_a_sensor_may_move_while_one_scan_takes_its_time() -> None:
    moved = {"scan": np.zeros(31, dtype=int), "site_ecef_m": vec3(RADAR) + np.linspace(0.0, 9.0, 31)[:, None]}
    assert tracking.track_scans(table(scans()) | moved, [RADAR_SENSOR])["track"].size


def test_a_sensor_is_of_one_kind() -> None:
    rows = table(scans()) | {"kind": np.full(31, "infrared")}
    with pytest.raises(ScanError, match=r"sensor radar is radar.*'infrared'.*its own name"):
        tracking.track_scans(rows, [RADAR_SENSOR])


def test_a_track_is_dropped_in_a_gap_and_years_without_one_take_no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[int] = []
    tick = tracking.Tracker.tick
    monkeypatch.setattr(
        tracking.Tracker, "tick", lambda self, now_ns, *rest: ticks.append(now_ns) or tick(self, now_ns, *rest)
    )
    rows = table(scans())
    rows["time_ns"][-3:] += np.array([30, 60, 90]) * 365 * 86_400 * 10**9
    tracks = tracking.track_scans(rows, [RADAR_SENSOR])
    assert tracks["status"][tracks["track"] == 1][-1] == "dropped"
    assert len(ticks) < 2_000


@pytest.mark.parametrize("tick_s", [0.0, 1e-300, 1e300, math.nan, math.inf])
def test_a_tick_that_takes_for_ever_is_refused(tick_s: float) -> None:
    with pytest.raises(ScanError, match="tick_s"):
        tracking.track_scans([], tick_s=tick_s)


@pytest.mark.parametrize("sensor", [None, 5, ["radar"]])
def test_a_scan_names_its_sensor(sensor: Any) -> None:
    with pytest.raises(ScanError, match="dict with sensor"):
        tracking.track_scans([{"sensor": sensor, "time_ns": ns(0)}], [RADAR_SENSOR])


def test_importing_tracking_loads_nothing_of_the_rest() -> None:
    code = (
        "import sys, tocsin.tracking; "
        "print(' '.join(sorted({m.split('.')[1] for m in sys.modules if m.startswith('tocsin.')})), "
        "*[m for m in ('pyarrow', 'matplotlib', 'lxml', 'h3', 'sgp4', 'cyclopts', 'rich') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert set(shown.stdout.split()) == {"errors", "kernels", "messages", "policy", "tracking", "units"}
