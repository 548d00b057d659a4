"""The SCANS table: what is read, what is refused and how, and that writing is the inverse of reading."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pymap3d
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import ScanError
from tocsin.formats import table
from tocsin.formats.read import read_scans
from tocsin.formats.site import SensorSite
from tocsin.formats.table import read_table, write_table
from tocsin.messages import Column, Scan, SweptVolume, column
from tocsin.units import ns_from_iso

SWEPT = SweptVolume(
    azimuth_from_rad=0.0, azimuth_to_rad=2 * math.pi, elevation_min_rad=0.03, elevation_max_rad=1.5,
    range_min_m=5e3, range_max_m=1e6, detection_prob=0.9, clutter_density=1e-9,
)  # fmt: skip
SITES = {
    "land": SensorSite(name="land", kind="radar", latitude_deg=37.0, longitude_deg=36.0, height_m=900.0, swept=SWEPT),
    "space": SensorSite(name="space", kind="infrared", longitude_deg=60.0, height_m=35_786_000.0),
    "adsb": SensorSite(name="adsb", kind="position"),
}
T0 = "2026-03-04T09:00:00.000Z"


def csv_file(folder: Path, text: str | bytes, name: str = "scans.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ScanError) as caught:
        read_table(csv_file(folder, text), SITES)
    assert str(folder) in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_radar_rows_of_one_time_are_one_scan_and_absence_is_no_evidence(tmp_path: Path) -> None:
    text = (
        "time,sensor,range_m,azimuth_deg,elevation_deg,range_rate_m_s\n"
        f"{T0},land,100000,90,30,-500\n{T0},land,200000,180,10,\n2026-03-04T09:00:01Z,land,101000,91,31,-400\n"
    )
    first, second = read_table(csv_file(tmp_path, text), SITES)
    assert (first.plot_count, second.plot_count) == (2, 1)
    assert (first.sequence, second.sequence) == (0, 1)
    assert first.swept is None
    assert first.end_ns == ns_from_iso(T0)
    assert first.range_m is not None
    assert first.range_m.tolist() == [100000.0, 200000.0]
    assert first.azimuth_rad is not None
    assert first.azimuth_rad == pytest.approx([math.pi / 2, math.pi])
    assert first.range_rate_m_s is None  # one plot of the scan lacks it
    assert second.range_rate_m_s is not None
    assert second.range_rate_m_s.tolist() == [-400.0]
    expected = pymap3d.geodetic2ecef(37.0, 36.0, 900.0)
    assert first.platform_ecef_m == pytest.approx(expected, abs=1e-3)
    assert not first.range_m.flags.writeable


def test_a_report_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    """One object in the sky must not become two because rows were pasted twice."""
    row, other = f"{T0},land,100000,90,30", f"{T0},land,100000,90,31"
    head = "time,sensor,range_m,azimuth_deg,elevation_deg"
    said = refusal(tmp_path, "\n".join([head, row, other, row, row, other]))
    assert "line 4" in said
    assert "line 2" in said
    assert "3 rows" in said
    later = row.replace(".000Z", ".001Z")
    assert len(read_table(csv_file(tmp_path, "\n".join([head, row, other, later])), SITES)) == 2


def test_scan_numbers_make_dwells_and_a_row_without_measurement_is_a_dwell_that_saw_nothing(tmp_path: Path) -> None:
    text = (
        "time,sensor,scan,range_m,azimuth_deg,elevation_deg\n"
        f"{T0},land,7,100000,90,30\n2026-03-04T09:00:00.400Z,land,7,200000,180,10\n2026-03-04T09:00:01Z,land,8,,,\n"
    )
    seen, empty = read_table(csv_file(tmp_path, text), SITES)
    assert (seen.sequence, empty.sequence) == (7, 8)
    assert seen.end_ns - seen.start_ns == 400_000_000
    assert seen.swept == SWEPT
    assert empty.swept == SWEPT
    assert empty.plot_count == 0
    assert empty.range_m is not None
    assert empty.range_m.shape == (0,)


@given(latitude=st.floats(-80, 80), azimuth=st.floats(0, 360), elevation=st.floats(-1, 85), range_m=st.floats(1e4, 2e6))
@settings(max_examples=60, deadline=None)
def test_elevation_from_height_is_the_one_that_leads_there(
    latitude: float, azimuth: float, elevation: float, range_m: float
) -> None:
    from tocsin.kernels.height_finding import FOUND, elevation_from_height

    _, _, height = pymap3d.aer2geodetic(azimuth, elevation, range_m, latitude, 20.0, 300.0)
    site = np.array(pymap3d.geodetic2ecef(latitude, 20.0, 300.0))
    status, found = elevation_from_height(range_m, math.radians(azimuth), float(height), site)
    assert status == FOUND
    # pymap3d's own height is good to about a millimetre; near the zenith height says little of elevation
    sensitivity = max(0.02, math.cos(math.radians(elevation)))
    assert found == pytest.approx(math.radians(elevation), abs=1e-2 / range_m / sensitivity + 1e-9)


def test_radar_height_becomes_elevation(tmp_path: Path) -> None:
    _, _, height = pymap3d.aer2geodetic(45.0, 12.5, 150_000.0, 37.0, 36.0, 900.0)
    text = f"time,sensor,range_m,azimuth_deg,height_m\n{T0},land,150000,45,{float(height)!r}\n"
    (scan,) = read_table(csv_file(tmp_path, text), SITES)
    assert scan.elevation_rad is not None
    assert math.degrees(scan.elevation_rad[0]) == pytest.approx(12.5, abs=1e-6)


def test_infrared_direction_is_in_the_platforms_local_frame(tmp_path: Path) -> None:
    """Straight down from a geostationary platform is towards the earth's centre."""
    text = f"time,sensor,azimuth_deg,elevation_deg\n{T0},space,0,-90\n"
    (scan,) = read_table(csv_file(tmp_path, text), SITES)
    assert scan.line_of_sight_ecef is not None
    down = -np.array([math.cos(math.radians(60)), math.sin(math.radians(60)), 0.0])
    assert scan.line_of_sight_ecef[0] == pytest.approx(down, abs=1e-12)


def test_position_reports_become_ecef(tmp_path: Path) -> None:
    text = f"time,sensor,latitude_deg,longitude_deg,height_m\n{ns_from_iso(T0)},adsb,51.5,-0.44,10843.26\n"
    (scan,) = read_table(csv_file(tmp_path, text), SITES)
    assert scan.position_ecef_m is not None
    assert scan.platform_ecef_m is None
    assert scan.position_ecef_m[0] == pytest.approx(pymap3d.geodetic2ecef(51.5, -0.44, 10843.26), abs=1e-3)


def test_scans_come_in_order_of_end_then_sensor_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [f"2026-03-04T09:00:0{s}Z,{name},1e5,9,9" for s in (3, 1, 2) for name in ("land", "east")]
    sites = {**SITES, "east": SensorSite(name="east", kind="radar", latitude_deg=36.0)}
    path = csv_file(tmp_path, "time,sensor,range_m,azimuth_deg,elevation_deg\n" + "\n".join(rows))
    scans = read_table(path, sites)
    assert [(s.end_ns % 10**10 // 10**9, s.sensor, s.sequence) for s in scans] == [
        (k, name, k - 1) for k in (1, 2, 3) for name in ("east", "land")
    ]


def test_parquet_and_csv_give_the_same_scans(tmp_path: Path) -> None:
    stamp = ns_from_iso(T0)
    columns = {
        "time": pa.array([stamp, stamp + 10**9], pa.timestamp("ns", tz="UTC")),
        "sensor": pa.array(["land", "land"]).dictionary_encode(),
        "range_m": pa.array([1e5, 2e5]),
        "azimuth_deg": pa.array([10, 20]),
        "elevation_deg": pa.array([5.5, None], pa.float32()),
        "height_m": pa.array([None, 20_000.0]),
        "callsign": pa.array(["=1+1", "x"]),
    }
    path = tmp_path / "scans.parquet"
    pyarrow.parquet.write_table(pa.table(columns), path)
    text = (
        "time,sensor,range_m,azimuth_deg,elevation_deg,height_m\n"
        f"{T0},land,100000,10,5.5,\n2026-03-04T09:00:01+00:00,land,200000,20,,20000\n"
    )
    for ours, other in zip(read_table(path, SITES), read_table(csv_file(tmp_path, text), SITES), strict=True):
        assert ours.end_ns == other.end_ns
        assert ours.elevation_rad is not None
        assert other.elevation_rad is not None
        assert ours.elevation_rad.tolist() == other.elevation_rad.tolist()


HEAD = "time,sensor,range_m,azimuth_deg,elevation_deg\n"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "", "0 bytes"),
        (HEAD, "", "holds no report"),
        ("time,range_m\n1,2\n", "line 1", "column sensor is missing"),
        ("time;sensor;range_m\n", "line 1", "parted by commas"),
        ("time,sensor,azimut_deg\n", "line 1", "is azimuth_deg meant"),
        ("time,sensor,range_m,range_m\n", "line 1", "stands twice"),
        (HEAD + f"{T0},moon,1e5,1,1\n", "line 2", "not described"),
        (HEAD + f"{T0},land,1e5,1,1\n\n{T0},land,abc,1,1\n", "line 4", "range_m is not a number"),
        (HEAD + f"{T0},land,nan,1,1\n", "line 2", "range_m must be a number from"),
        (HEAD + f"{T0},land,1e999,1,1\n", "line 2", "range_m must be a number from"),
        (HEAD + f"{T0},land,1e5,-10,1\n", "line 2", "azimuth_deg must be a number from 0 to 360 deg (got '-10')"),
        (HEAD + f"{T0},land,1e5,1,91\n", "line 2", "elevation_deg must be a number from -90 to 90 deg"),
        (HEAD + f"{T0},land,,1,1\n", "line 2", "range_m is missing"),
        (HEAD + f"{T0},land,1e5,1,\n", "line 2", "elevation_deg and height_m are both missing"),
        (HEAD + "noon,land,1e5,1,1\n", "line 2", "time is neither ISO 8601"),
        (HEAD + "2026-03-04T09:00:00,land,1e5,1,1\n", "line 2", "ISO 8601 with an offset"),
        (HEAD + "1772614800,land,1e5,1,1\n", "line 2", "whole nanoseconds since 1970"),
        (HEAD + "1772614800.5,land,1e5,1,1\n", "line 2", "time is neither"),
        (HEAD + "9999-01-01T00:00:00Z,land,1e5,1,1\n", "line 2", "outside 1973 to 2200"),
        (HEAD + ",land,1e5,1,1\n", "line 2", "time is missing"),
        (HEAD + f"\n{T0},land,1e5,1,1\n\n{T0},land,1e5,1\n", "line 5", "line has 4 cells, the header 5"),
        (HEAD + f"{T0},land,1e5,1,1\n{T0},land,1,2,3,4\n", "line 3", "line has 6 cells, the header 5"),
        (HEAD.encode() + b"a,\xff\xfe\n", "line 2", "line has 2 cells, the header 5"),
        (HEAD + f"{T0},=cmd|'/c calc'!A1,1e5,1,1\n", "line 2", "not described"),
        (f"time,sensor,scan,range_m,azimuth_deg,elevation_deg\n{T0},land,1.5,1e5,1,1\n", "line 2", "whole number"),
        (
            f"time,sensor,scan,range_m,azimuth_deg,elevation_deg\n{T0},land,1,1e5,1,1\n{T0},land,,1e5,2,1\n",
            "line",
            "in some rows",
        ),
        (
            (f"time,sensor,scan,range_m,azimuth_deg,elevation_deg\n{T0},land,1,1e5,1,1\n"
            "2026-03-04T12:00:00Z,land,1,1e5,2,1\n"),
            "line 3",
            "must not be used twice",
        ),
        (f"time,sensor,range_m,azimuth_deg,height_m\n{T0},land,1000,1,90000\n", "line 2", "no direction leads"),
        (HEAD.encode() + T0.encode() + b",l\xff\xfed,1e5,1,1\n", "line 2", "not UTF-8"),
        (b"\x00\x01\x02\x03 binary junk \xff" * 40, "", "UTF-8"),
        (b"PAR1" + b"\x00" * 100, "", "not a whole Parquet file"),
        (b"x," * 40_000, "", "longer than 65536"),
        (HEAD.encode() + b"1" * 9_000_000, "", "a line is longer than"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 50 and "\n" not in value else "table",
)  # fmt: skip
def test_a_wrong_table_is_refused_with_place_value_and_remedy(
    tmp_path: Path, text: str | bytes, place: str, said: str
) -> None:
    message = refusal(tmp_path, text)
    assert f"scans.csv: {place}" in message if place else "scans.csv" in message
    assert said in message


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    pyarrow.parquet.write_table(pa.table({"time": [1], "sensor": ["land"]}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ScanError, match="not a whole Parquet file"):
        read_scans(path, SITES)


def test_parquet_without_time_zone_or_with_nan_is_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    measured = {
        "sensor": ["land"] * 2,
        "range_m": [1e5, math.nan],
        "azimuth_deg": [1.0] * 2,
        "elevation_deg": [1.0] * 2,
    }
    pyarrow.parquet.write_table(pa.table({"time": pa.array([1, 2], pa.timestamp("ms")), **measured}), path)
    with pytest.raises(ScanError, match="without a time zone"):
        read_table(path, SITES)
    pyarrow.parquet.write_table(pa.table({"time": [ns_from_iso(T0)] * 2, **measured}), path)
    with pytest.raises(ScanError, match="row 2: range_m must be a number"):
        read_table(path, SITES)


@pytest.mark.parametrize("name", ["time", "sensor", "scan", "range_m"])
def test_text_that_a_small_parquet_repeats_in_every_row_is_refused_unread(tmp_path: Path, name: str) -> None:
    """65536 rows of 100 kB are 6 GB in memory and 1 MB in the file."""
    path, count = tmp_path / "scans.parquet", 65_536
    long = pa.DictionaryArray.from_arrays(np.zeros(count, "i4"), ["x" * 100_000])
    columns: dict[str, Any] = {"time": [ns_from_iso(T0)] * count, "sensor": ["land"] * count, name: long}
    for is_arrow in (True, False):
        pyarrow.parquet.write_table(pa.table(columns), path, store_schema=is_arrow)
        with pytest.raises(ScanError, match=f"row 1: {name} holds text longer than 1024 bytes"):
            read_table(path, SITES)


def test_parquet_text_reads_the_same_however_it_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "scans.parquet"
    given = {"time": [T0], "sensor": ["land"], "range_m": ["1e5"], "azimuth_deg": ["1"], "elevation_deg": ["1"]}
    for store in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        pyarrow.parquet.write_table(pa.table({name: pa.array(v, store) for name, v in given.items()}), path)
        (scan,) = read_table(path, SITES)
        assert (scan.end_ns, scan.range_m.tolist() if scan.range_m is not None else None) == (ns_from_iso(T0), [1e5])


def test_too_many_rows_and_too_large_a_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 3)
    assert "more than 3 rows" in refusal(tmp_path, HEAD + f"{T0},land,1e5,1,1\n" * 4)
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(table.MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(ScanError, match=r"huge\.csv: file has 536870913 bytes"):
        read_table(huge, SITES)


def test_a_name_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="neither a table nor a recording"):
        read_scans(csv_file(tmp_path, "hello", "notes.md"), SITES)
    with pytest.raises(ScanError, match="no such file"):
        read_scans(tmp_path / "absent.csv", SITES)
    with pytest.raises(ScanError, match="not UTF-8 text"):
        read_scans(csv_file(tmp_path, HEAD + f"{T0},land,1e5,1,1\n", "\udcff.csv"), SITES)


@given(data=st.binary(max_size=300), head=st.sampled_from([b"", HEAD.encode(), b"PAR1", HEAD.encode() + T0.encode()]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_anything_but_a_scan_error(tmp_path: Path, data: bytes, head: bytes) -> None:
    path = csv_file(tmp_path, head + data)
    with pytest.raises(ScanError):
        read_table(path, SITES)


cells = st.one_of(st.text(max_size=12), st.floats().map(str), st.integers().map(str), st.sampled_from([T0, "land", ""]))


@given(rows=st.lists(st.lists(cells, min_size=5, max_size=5), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_of_any_text_are_scans_or_a_scan_error(tmp_path: Path, rows: list[list[str]]) -> None:
    text = HEAD + "\n".join(",".join(row) for row in rows)
    path = csv_file(tmp_path, text.encode("utf-8", "surrogatepass"))
    try:
        scans = read_table(path, SITES)
    except ScanError:
        return
    assert all(scan.range_m is not None and np.isfinite(scan.range_m).all() for scan in scans)


def _apart(value: float) -> float:
    """A table refuses a report that stands twice, so drawn plots differ."""
    return round(value, 6)


@st.composite
def recordings(draw: st.DrawFn) -> list[Scan]:
    start = ns_from_iso(T0)
    scans = []
    for name in draw(st.sets(st.sampled_from(sorted(SITES)), min_size=1)):
        site = SITES[name]
        for number in range(draw(st.integers(1, 3))):
            count = draw(st.integers(0 if site.swept else 1, 3))

            def floats(low: float, high: float, n: int = count) -> Column:
                return column(draw(st.lists(st.floats(low, high), min_size=n, max_size=n, unique_by=_apart)))

            end = start + number * 10**9 + draw(st.integers(0, 10**8))
            values = {}
            if site.kind == "radar":
                values = {"range_m": floats(1e3, 1e7), "azimuth_rad": floats(0, 6.28), "elevation_rad": floats(-1, 1.5)}
            elif site.kind == "infrared":
                sights = [(math.cos(a), math.sin(a), 0.1) for a in floats(-1.0, 1.0)]
                sight = np.array(sights).reshape(-1, 3)
                values = {"line_of_sight_ecef": column(sight / np.linalg.norm(sight, axis=1)[:, None])}
            else:
                places = [pymap3d.geodetic2ecef(a, a, 1000.0 + a) for a in floats(-80, 80)]
                values = {"position_ecef_m": column(np.array(places).reshape(-1, 3))}
            scans.append(
                Scan(
                    time_ns=end, arrival_ns=end, source=name, sensor=name, kind=site.kind, sequence=number,
                    start_ns=end, end_ns=end, swept=site.swept,
                    platform_ecef_m=None if site.kind == "position" else site.ecef_at(end),
                    plot_time_ns=column([end] * count, "int64"), **values,
                )
            )  # fmt: skip
    return sorted(scans, key=lambda s: (s.end_ns, s.sensor, s.sequence))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@given(scans=recordings())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_reads_back_the_same(tmp_path: Path, suffix: str, scans: list[Scan]) -> None:
    path = tmp_path / f"scans.{suffix}"
    write_table(path, scans)
    back = read_table(path, SITES)
    assert len(back) == len(scans)
    for ours, theirs in zip(back, scans, strict=True):
        for name in ("sensor", "kind", "sequence", "start_ns", "end_ns", "swept", "platform_ecef_m", "time_ns"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.plot_time_ns.tolist() == theirs.plot_time_ns.tolist()
        for name, tolerance in (
            ("range_m", 0.0), ("azimuth_rad", 1e-14), ("elevation_rad", 1e-14), ("line_of_sight_ecef", 1e-14),
            ("position_ecef_m", 1e-6),
        ):  # fmt: skip
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert (mine is None) == (other is None)
            if mine is not None:
                assert mine.shape == other.shape
                assert np.abs(mine - other).max(initial=0.0) <= tolerance, name
