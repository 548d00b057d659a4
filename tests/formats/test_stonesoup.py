"""Stone Soup's detections and tracks, from objects shaped like its own: the frames the module states hold."""

from __future__ import annotations

import csv
import datetime as dt
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pymap3d
import pytest

from tocsin import scoring, tracking
from tocsin.errors import InputError, ScanError
from tocsin.formats import stonesoup, stonesoup_tracks, stonesoup_truth
from tocsin.kernels import advance, ecef_from_radar

FRAME = stonesoup.LocalFrame(latitude_deg=36.0, longitude_deg=40.0, height_m=500.0)
START = dt.datetime(2026, 3, 4, 9, 0, 0, 250_001)
START_NS = 1_772_614_800_250_001_000


class CartesianToElevationBearingRange:
    """Shaped like Stone Soup's; its function is written from its documentation, without a rotation."""

    def __init__(self, offset: Any = (0.0, 0.0, 0.0), var: Any = (1e-6, 4e-6, 900.0), turn: Any = (0.0, 0.0, 0.0)):
        self.translation_offset = np.array(offset, dtype=float).reshape(-1, 1)
        self.rotation_offset = np.array(turn, dtype=float).reshape(-1, 1)
        self.noise_covar = np.diag(var)

    def measure(self, xyz: np.ndarray) -> list[float]:
        x, y, z = (xyz - self.translation_offset.ravel()).tolist()
        r = math.sqrt(x * x + y * y + z * z)
        return [math.asin(z / r), math.atan2(y, x), r]


class CartesianToElevationBearingRangeRate(CartesianToElevationBearingRange):
    velocity = np.array([[100.0], [0.0], [0.0]])


class CartesianToBearingRange(CartesianToElevationBearingRange):
    pass


class CartesianToBearingRangeRate(CartesianToElevationBearingRange):
    pass


class LinearGaussian:
    noise_covar = np.diag([400.0, 1600.0, 100.0])


class CartesianToAzimuthElevationRange(SimpleNamespace):
    pass


def detection(model: Any, values: Any, seconds: float = 0.0, **metadata: Any) -> SimpleNamespace:
    return SimpleNamespace(
        state_vector=np.array(values, dtype=object).reshape(-1, 1), timestamp=START + dt.timedelta(seconds=seconds),
        measurement_model=model, metadata=metadata,
    )  # fmt: skip


def back(table: dict[str, Any], row: int = 0) -> np.ndarray:
    """ECEF m of a plot, by tocsin's own geometry."""
    plot = (float(table[name][row]) for name in ("range_m", "azimuth_rad", "elevation_rad"))
    return np.asarray(ecef_from_radar(*plot, table["site_ecef_m"][row].copy()))


@pytest.mark.parametrize(
    ("bearing_deg", "azimuth_deg"), [(0.0, 90.0), (90.0, 0.0), (180.0, 270.0), (-90.0, 180.0), (-180.0, 270.0)]
)
def test_bearing_from_east_counterclockwise_is_azimuth_from_north_clockwise(
    bearing_deg: float, azimuth_deg: float
) -> None:
    seen = detection(CartesianToElevationBearingRange(), [0.3, math.radians(bearing_deg), 5e5])
    table = stonesoup.read_detections([seen], FRAME)
    assert math.degrees(table["azimuth_rad"][0]) == pytest.approx(azimuth_deg, abs=1e-7)
    assert table["elevation_rad"][0] == pytest.approx(0.3, abs=1e-9)
    assert table["range_m"][0] == 5e5
    assert (table["angle_std_rad"][0], table["elevation_std_rad"][0]) == pytest.approx((2e-3, 1e-3), rel=1e-9)


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (150e3, -220e3, 1e3), (-300e3, 40e3, -6e3)])
def test_a_plot_lies_where_the_scene_says_wherever_the_radar_stands(offset: tuple[float, float, float]) -> None:
    model = CartesianToElevationBearingRange(offset)
    target = np.array([300e3, 350e3, 150e3])
    table = stonesoup.read_detections([detection(model, model.measure(target))], FRAME)
    expected = pymap3d.enu2ecef(*target, 36.0, 40.0, 500.0)
    np.testing.assert_allclose(back(table), expected, atol=1e-4)
    np.testing.assert_allclose(table["site_ecef_m"][0], pymap3d.enu2ecef(*offset, 36.0, 40.0, 500.0), atol=1e-5)


def test_a_radars_own_rotation_is_undone() -> None:
    """Turned by 30 deg about z, a model reads a bearing 30 deg smaller (Stone Soup: rotz(-theta))."""
    plain, turned = CartesianToElevationBearingRange(), CartesianToElevationBearingRange(turn=(0.0, 0.0, math.pi / 6))
    a = stonesoup.read_detections([detection(plain, [0.2, 0.9, 4e5])], FRAME)
    b = stonesoup.read_detections([detection(turned, [0.2, 0.9 - math.pi / 6, 4e5])], FRAME)
    np.testing.assert_allclose(back(a), back(b), atol=1e-6)


def test_the_covariance_goes_through_the_turn_with_the_direction() -> None:
    """Against the spread of 20 000 noisy plots of a radar 600 km from the origin, at 60 deg elevation."""
    rng = np.random.default_rng(2)
    model = CartesianToElevationBearingRange((600e3, 0.0, -30e3), (1e-6, 9e-6, 1.0))
    truth = np.array([1.05, 1.0, 3e5])
    noisy = truth + rng.standard_normal((20_000, 3)) * (1e-3, 3e-3, 1.0)
    table = stonesoup.read_detections([detection(model, z) for z in noisy], FRAME)
    for angle, std in (("azimuth_rad", "angle_std_rad"), ("elevation_rad", "elevation_std_rad")):
        assert np.std(table[angle]) == pytest.approx(float(np.mean(table[std])), rel=0.02)
    assert float(np.mean(table["elevation_std_rad"])) > 1.005e-3  # some of the bearing's spread has become elevation


def test_range_rate_is_freed_of_the_radars_own_motion() -> None:
    model = CartesianToElevationBearingRangeRate(var=(1e-6, 1e-6, 900.0, 25.0))
    table = stonesoup.read_detections([detection(model, [0.0, 0.0, 1e5, -700.0])], FRAME)
    assert table["range_rate_m_s"][0] == pytest.approx(-600.0)  # it flies east at 100 m/s toward the target
    assert table["range_rate_std_m_s"][0] == 5.0


def test_a_flat_model_leaves_the_elevation_open() -> None:
    model = CartesianToBearingRange((1e4, 2e4), (1e-6, 900.0))
    table = stonesoup.read_detections([detection(model, [0.5, 1e5])], FRAME)
    assert math.isnan(table["elevation_rad"][0])
    assert table["azimuth_rad"][0] == pytest.approx(math.pi / 2 - 0.5, abs=2e-3)
    assert tracking.track_scans(table)["track"].tolist() == [1]


def test_times_are_whole_nanoseconds_of_utc() -> None:
    model = CartesianToElevationBearingRange()
    here, there = detection(model, [0.1, 0.1, 1e5]), detection(model, [0.1, 0.1, 1e5])
    there.timestamp = (START + dt.timedelta(hours=3)).replace(tzinfo=dt.timezone(dt.timedelta(hours=3)))
    assert stonesoup.read_detections([here, there], FRAME)["time_ns"].tolist() == [START_NS, START_NS]


def test_sets_with_times_are_read_in_one_order_and_an_empty_one_is_a_scan_that_saw_nothing() -> None:
    model = CartesianToElevationBearingRange()
    plots = [detection(model, [0.1, 0.1 * k, 1e5 + k]) for k in range(5)]
    steps = [(START, plots), (START + dt.timedelta(seconds=1), [])]
    other = [(START, plots[::-1]), (START + dt.timedelta(seconds=1), [])]
    a, b = stonesoup.read_detections(steps, FRAME), stonesoup.read_detections(other, FRAME)
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name])
    assert a["time_ns"].tolist() == [START_NS] * 5 + [START_NS + 10**9]
    assert math.isnan(a["range_m"][5])


def test_radars_are_told_apart_by_place_unless_they_have_names() -> None:
    one, two = CartesianToElevationBearingRange(), CartesianToElevationBearingRange((5e4, 0.0, 0.0))
    seen = [
        detection(one, [0.1, 0.1, 1e5]),
        detection(two, [0.1, 0.1, 1e5]),
        detection(one, [0.1, 0.1, 1e5], sensor="A"),
    ]
    assert sorted(stonesoup.read_detections(seen, FRAME)["sensor"].tolist()) == ["A", "radar 1", "radar 2"]


def test_a_turning_radar_is_one_and_a_moving_one_needs_a_name() -> None:
    turning = [
        detection(CartesianToElevationBearingRange(turn=(0.0, 0.0, 0.1 * k)), [0.1, 0.1, 1e5], k) for k in range(9)
    ]
    assert set(stonesoup.read_detections(turning, FRAME)["sensor"].tolist()) == {"radar 1"}
    moving = [detection(CartesianToElevationBearingRange((9.0 * k, 0.0, 0.0)), [0.1, 0.1, 1e5], k) for k in range(65)]
    with pytest.raises(ScanError, match=r"detection 64.*place 65.*metadata"):
        stonesoup.read_detections(moving, FRAME)
    for each in moving:
        each.metadata["sensor"] = 7
    table = stonesoup.read_detections(moving, FRAME)
    assert set(table["sensor"].tolist()) == {"7"}
    assert np.linalg.norm(table["site_ecef_m"][64] - table["site_ecef_m"][0]) == pytest.approx(64 * 9.0)


def test_radars_of_one_place_that_measure_unlike_things_are_two() -> None:
    place = np.array([300e3, 350e3, 150e3])
    one, two = CartesianToElevationBearingRange(), CartesianToBearingRange(var=(1e-6, 900.0))
    seen = [detection(one, one.measure(place)), detection(two, one.measure(place)[1:])]
    table = stonesoup.read_detections(seen, FRAME)
    assert table["sensor"].tolist() == ["radar 1", "radar 2"]
    assert tracking.track_scans(table)["time_ns"].size


def test_a_range_rate_comes_without_elevation_too() -> None:
    model = CartesianToBearingRangeRate(var=(1e-6, 900.0, 25.0))
    table = stonesoup.read_detections([detection(model, [0.5, 1e5, -700.0])], FRAME)
    assert (table["range_m"][0], table["range_rate_m_s"][0], table["range_rate_std_m_s"][0]) == (1e5, -700.0, 5.0)
    assert math.isnan(table["elevation_rad"][0])


def test_positions_are_position_reports_beside_radars() -> None:
    place = [300e3, 350e3, 150e3]
    radar = CartesianToElevationBearingRange()
    seen = [detection(LinearGaussian(), place), detection(radar, radar.measure(np.array(place)))]
    table = stonesoup.read_detections(seen, FRAME)
    assert (table["sensor"].tolist(), table["kind"].tolist()) == (["position 1", "radar 1"], ["position", "radar"])
    np.testing.assert_allclose(table["position_ecef_m"][0], pymap3d.enu2ecef(*place, 36.0, 40.0, 500.0), atol=1e-4)
    assert table["position_std_m"][0] == pytest.approx(math.sqrt(1000.0))
    assert table["height_std_m"][0] == 10.0
    (track,) = set(tracking.track_scans(table)["track"].tolist())
    assert track == 1


def test_sets_alone_are_read_and_what_is_neither_is_refused() -> None:
    model = CartesianToElevationBearingRange()
    plots = [detection(model, [0.1, 0.1 * k, 1e5], k) for k in range(3)]
    a, b = stonesoup.read_detections([plots[:2], [], plots[2:]], FRAME), stonesoup.read_detections(plots, FRAME)
    np.testing.assert_array_equal(a["azimuth_rad"], b["azimuth_rad"])
    for wrong in (5.0, (START, plots[0]), (START, plots[:1], "extra")):
        with pytest.raises(ScanError, match=r"item 0.*neither a Detection"):
            stonesoup.read_detections([wrong], FRAME)


@pytest.mark.parametrize("place", [(96.0, 40.0), (36.0, math.nan)])
def test_an_origin_that_is_nowhere_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ScanError, match="give degrees"):
        stonesoup.LocalFrame(latitude_deg=place[0], longitude_deg=place[1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (detection(None, [0.1, 0.1, 1e5]), ["no measurement model", "RadarModel"]),
        (detection(CartesianToAzimuthElevationRange(noise_covar=np.eye(3)), [0.1, 0.1, 1e5]), [
            "CartesianToAzimuthElevationRange", "read are"
        ]),
        (detection(CartesianToElevationBearingRange(), [0.1, 1e5]), ["elevation, bearing, range", "[0.1, 100000.0]"]),
        (detection(CartesianToElevationBearingRange(), [0.1, math.nan, 1e5]), ["finite"]),
        (detection(CartesianToElevationBearingRange(var=(1e-6, 0.0, 1.0)), [0.1, 0.1, 1e5]), ["variances above 0"]),
        (SimpleNamespace(state_vector=[0.1, 0.1, 1e5], measurement_model=CartesianToElevationBearingRange(),
                         timestamp=5.0), ["datetime", "5.0"]),
        (SimpleNamespace(state_vector=[0.1, 0.1, 1e5], measurement_model=CartesianToElevationBearingRange(),
                         timestamp=dt.datetime(9999, 1, 1)), ["after 2200"]),
    ],
)  # fmt: skip
def test_a_detection_that_cannot_be_read_is_refused(wrong: Any, words: list[str]) -> None:
    with pytest.raises(ScanError) as caught:
        stonesoup.read_detections([wrong], FRAME)
    assert not [word for word in ["detection 0", *words] if word not in str(caught.value)], str(caught.value)


MODEL = stonesoup.RadarModel(noise_covar=np.diag([1e-6, 1e-6, 900.0]).tolist())
CSV = {"state_vector_fields": ("theta", "phi", "r"), "time_field": "t", "measurement_model": MODEL}


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("2026-03-04T09:00:00.250001", {}),
        ("1772614800.250001", {"timestamp": True}),
        ("04/03/2026 09:00:00.250001", {"time_field_format": "%d/%m/%Y %H:%M:%S.%f"}),
    ],
)
def test_the_csv_of_its_detection_reader_is_read(tmp_path: Path, cell: str, options: dict[str, Any]) -> None:
    path = tmp_path / "detections.csv"
    path.write_text(f"t,phi,theta,r,extra\n{cell},0.4,0.1,200000.5,x\n", encoding="utf-8")
    table = stonesoup.read_detections_csv(path, FRAME, **CSV, **options)
    assert table["time_ns"].tolist() == [START_NS]
    assert table["azimuth_rad"][0] == pytest.approx(math.pi / 2 - 0.4, abs=1e-9)
    assert (table["range_m"][0], table["range_std_m"][0]) == (200000.5, 30.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t,phi,theta\n2026-03-04,0.1,0.1\n", ["line 2", "missing", "'r'"]),
        ("t,phi,theta,r\n2026-03-04,0.1,up,1\n", ["line 2", "column theta", "'up'", "radians"]),
        ("t,phi,theta,r\nnoon,0.1,0.1,1\n", ["line 2", "column t", "'noon'", "time_field_format"]),
    ],
)
def test_a_wrong_csv_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "detections.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScanError) as caught:
        stonesoup.read_detections_csv(path, FRAME, **CSV)
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


@pytest.mark.parametrize("cell", ["1e18", "1e400", "1e999999999", "-inf", "nan"])
def test_a_time_of_more_digits_than_there_is_memory_is_refused(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "detections.csv"
    path.write_text(f"t,phi,theta,r\n{cell},0.1,0.1,1e5\n", encoding="utf-8")
    with pytest.raises(ScanError, match="is no time"):
        stonesoup.read_detections_csv(path, FRAME, **CSV, timestamp=True)


@pytest.mark.parametrize("content", [b"t,phi,theta,r\n\xff", b't,phi\n"' + b"x" * 200_000, None])
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "detections.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScanError, match="cannot be read"):
        stonesoup.read_detections_csv(path, FRAME, **CSV)


def tracked(seconds: int = 20) -> tuple[dict[str, Any], np.ndarray]:
    """Tracks of one coasting object from Stone Soup detections, and its state at the end, ECEF."""
    rng, model = np.random.default_rng(4), CartesianToElevationBearingRange()
    position, velocity = FRAME.ecef_of([200e3, 300e3, 200e3]), np.array([-800.0, 500.0, 1500.0]) @ FRAME.axes
    steps = []
    for t in range(seconds):
        z = np.array(model.measure(FRAME.local_of(position))) + rng.standard_normal(3) * (1e-3, 2e-3, 30.0)
        steps.append((START + dt.timedelta(seconds=t), [detection(model, z, t)]))
        if t < seconds - 1:
            position, velocity = advance(position, velocity, 0.0, np.zeros(4), 1.0, 1.0)
    return tracking.track_scans(stonesoup.read_detections(steps, FRAME)), np.concatenate((position, velocity))


def test_tracks_of_its_detections_follow_the_object() -> None:
    tracks, truth = tracked()
    assert set(tracks["track"].tolist()) == {1}
    error = np.concatenate((tracks["position_ecef_m"][-1], tracks["velocity_ecef_m_s"][-1])) - truth
    assert error @ np.linalg.solve(tracks["covariance"][-1], error) < 22.5  # chi-square 6, 0.999


def test_written_tracks_are_local_states_in_its_order_with_their_covariance(tmp_path: Path) -> None:
    tracks, _ = tracked()
    path = tmp_path / "tracks.csv"
    count = stonesoup_tracks.write_tracks_csv(path, tracks, FRAME)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert count == len(rows) == int((tracks["status"] == "confirmed").sum())
    last = rows[-1]
    assert dt.datetime.fromisoformat(last["time"]) == START + dt.timedelta(seconds=19)
    expected = pymap3d.ecef2enu(*tracks["position_ecef_m"][-1], 36.0, 40.0, 500.0)
    assert [float(last[name]) for name in ("x", "y", "z")] == pytest.approx(expected, abs=1e-4)
    speeds = pymap3d.ecef2enuv(*tracks["velocity_ecef_m_s"][-1], 36.0, 40.0)
    assert [float(last[name]) for name in ("vx", "vy", "vz")] == pytest.approx(speeds, abs=1e-8)
    covar = np.zeros((6, 6))
    for name, index in stonesoup_tracks.READER["covar_fields_index"].items():
        covar[index] = float(last[name])
    whole = tracks["covariance"][-1]
    assert np.linalg.eigvalsh(covar) == pytest.approx(np.linalg.eigvalsh(whole), rel=1e-6)
    assert covar[0, 0] == pytest.approx(FRAME.axes[0] @ whole[:3, :3] @ FRAME.axes[0], rel=1e-9)
    assert covar[0, 1] == pytest.approx(FRAME.axes[0] @ whole[:3, 3:] @ FRAME.axes[0], rel=1e-6)


def test_a_revised_state_replaces_the_earlier_one(tmp_path: Path) -> None:
    tracks, _ = tracked()
    twice = {name: np.concatenate((values, values[-1:])) for name, values in tracks.items()}
    twice["position_ecef_m"][-1] = FRAME.ecef_of([1.0, 2.0, 3.0])
    path = tmp_path / "tracks.csv"
    assert stonesoup_tracks.write_tracks_csv(path, twice, FRAME) == int((tracks["status"] == "confirmed").sum())
    last = path.read_text(encoding="utf-8").splitlines()[-1].split(",")
    assert [float(last[3 + k]) for k in (0, 2, 4)] == pytest.approx([1.0, 2.0, 3.0], abs=1e-6)


def test_without_stone_soup_its_objects_are_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(stonesoup_tracks.importlib, "import_module", absent)
    with pytest.raises(InputError, match="write_tracks_csv"):
        stonesoup_tracks.stonesoup_tracks(tracked(5)[0], FRAME)


def test_stone_soup_itself_agrees(tmp_path: Path) -> None:
    """Its own models, reader and tracks: a turned, displaced radar with range rate; the CSV; the objects."""
    nonlinear = pytest.importorskip(
        "stonesoup.models.measurement.nonlinear", reason="Stone Soup, of constraints/bench.txt alone, is not installed"
    )
    from stonesoup.models.measurement.linear import LinearGaussian as Positions
    from stonesoup.reader.generic import CSVTrackReader
    from stonesoup.types.array import StateVector
    from stonesoup.types.detection import Detection
    from stonesoup.types.state import State

    model = nonlinear.CartesianToElevationBearingRangeRate(
        ndim_state=6, mapping=(0, 2, 4), velocity_mapping=(1, 3, 5), noise_covar=np.diag([1e-6, 4e-6, 900.0, 25.0]),
        translation_offset=StateVector([150e3, -220e3, 1e3]), rotation_offset=StateVector([0.1, -0.2, 0.7]),
        velocity=StateVector([30.0, -50.0, 2.0]),
    )  # fmt: skip
    state = np.array([300e3, -900.0, 350e3, 700.0, 150e3, 1200.0])
    seen = Detection(model.function(State(StateVector(state))), timestamp=START, measurement_model=model)
    table = stonesoup.read_detections([(START, {seen})], FRAME)
    np.testing.assert_allclose(FRAME.local_of(back(table)), state[::2], atol=1e-4)
    line = state[::2] - (150e3, -220e3, 1e3)
    assert table["range_rate_m_s"][0] == pytest.approx(line @ state[1::2] / np.linalg.norm(line), abs=1e-6)
    flat = nonlinear.CartesianToBearingRangeRate(
        ndim_state=6, mapping=(0, 2, 4), velocity_mapping=(1, 3, 5), noise_covar=np.diag([1e-6, 900.0, 25.0])
    )
    places = Positions(ndim_state=6, mapping=(0, 2, 4), noise_covar=np.diag([400.0, 400.0, 100.0]))
    seen = [
        Detection(model.function(State(StateVector(state))), timestamp=START, measurement_model=model)
        for model in (flat, places)
    ]
    table = stonesoup.read_detections(seen, FRAME)
    np.testing.assert_allclose(FRAME.local_of(table["position_ecef_m"][0]), state[::2], atol=1e-6)
    assert table["range_m"][1] == pytest.approx(np.linalg.norm(state[::2]))
    assert table["range_rate_m_s"][1] == pytest.approx(state[::2] @ state[1::2] / np.linalg.norm(state[::2]))

    tracks, _ = tracked()
    path = tmp_path / "tracks.csv"
    stonesoup_tracks.write_tracks_csv(path, tracks, FRAME)
    reader = CSVTrackReader(path, default_covar=np.zeros((6, 6)), **stonesoup_tracks.READER)
    (read,) = list(reader)[-1][1]
    (made,) = stonesoup_tracks.stonesoup_tracks(tracks, FRAME)
    assert len(read.states) == len(made.states) == int((tracks["status"] == "confirmed").sum())
    for a, b in zip(read.states, made.states, strict=True):
        assert a.timestamp == b.timestamp
        np.testing.assert_array_equal(np.asarray(a.state_vector, float), np.asarray(b.state_vector, float))
        np.testing.assert_array_equal(np.asarray(a.covar), np.asarray(b.covar))


def test_its_ground_truth_becomes_a_truth_table_in_earth_fixed_axes(tmp_path: Path) -> None:
    state = np.array([300e3, -900.0, 350e3, 700.0, 150e3, 1200.0])
    states = [
        SimpleNamespace(state_vector=state.reshape(-1, 1) + k, timestamp=START + dt.timedelta(seconds=k))
        for k in range(3)
    ]

    class Truth(list[Any]):
        id = "7f3a"

    path = tmp_path / "truth.csv"
    assert stonesoup_truth.write_truth_csv(path, [Truth(states)], FRAME, kind="threat") == 3
    (read,) = scoring.read_truth(path)
    assert (read.name, read.kind) == ("7f3a", "threat")
    assert read.t_ns.tolist() == [START_NS + k * 10**9 for k in range(3)]
    place = pymap3d.enu2ecef(*(state[::2] + 2.0), 36.0, 40.0, 500.0)
    np.testing.assert_allclose(read.position_ecef_m[2], place, atol=1e-4)
    speeds = pymap3d.ecef2enuv(*read.velocity_ecef_m_s[0], 36.0, 40.0)
    np.testing.assert_allclose(speeds, state[1::2], atol=1e-9)

    grouped = Truth([SimpleNamespace(state_vector=state[[0, 2, 4, 1, 3, 5]], timestamp=START)])
    stonesoup_truth.write_truth_csv(
        tmp_path / "grouped.csv", [grouped], FRAME, position_mapping=(0, 1, 2), velocity_mapping=(3, 4, 5)
    )
    lines = path.read_text(encoding="utf-8").splitlines(), (tmp_path / "grouped.csv").read_text().splitlines()
    assert lines[0][1].split(",")[3:] == lines[1][1].split(",")[3:]
    flat = Truth([SimpleNamespace(state_vector=state[:4], timestamp=START)])
    with pytest.raises(InputError, match=r"path 7f3a, state 0.*4 components.*position_mapping"):
        stonesoup_truth.write_truth_csv(tmp_path / "flat.csv", [flat], FRAME)
