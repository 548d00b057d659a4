"""The SCANS table, CSV or Parquet, a row per report: read into Scans, and written from them.

``time`` and ``sensor`` in every row; of ``range_m, azimuth_deg, elevation_deg, range_rate_m_s, latitude_deg,
longitude_deg, height_m`` those the sensor gives; ``scan`` (a number) where the sensor says which reports
make up one dwell. With it a missing report is evidence, over the volume the description states, and a
row without any measurement is a dwell that saw nothing. Without it rows of one sensor and time are one
scan, and absence is no evidence. Other columns are passed over, unless they look like a slip of the pen.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.errors import ScanError
from tocsin.formats.cells import numbers, plain, times, whole_numbers
from tocsin.formats.scan_rows import NEEDED, Dwells, Ints, Reports, fill_elevation, in_order, scans_from
from tocsin.formats.site import SensorSite
from tocsin.messages import Scan
from tocsin.units import iso_from_ns

COLUMNS: dict[str, tuple[float, float, str, str]] = {
    "range_m": (0.001, 1e8, "m", "radar: slant range"),
    "azimuth_deg": (0.0, 360.0, "deg", "radar, infrared: clockwise from true north, in the sensor's local frame"),
    "elevation_deg": (
        -90.0,
        90.0,
        "deg",
        "radar, infrared: above the sensor's local horizontal, corrected for refraction unless the sensor is_refracted",
    ),
    "range_rate_m_s": (-20_000.0, 20_000.0, "m/s", "radar: positive when opening; used where a whole scan has it"),
    "latitude_deg": (-90.0, 90.0, "deg", "position: WGS-84"),
    "longitude_deg": (-180.0, 180.0, "deg", "position: WGS-84"),
    "height_m": (-1_000.0, 1e8, "m", "position, or radar without elevation: above the WGS-84 ellipsoid"),
}
"""Measurement columns: lowest, highest, unit, meaning."""
MAX_BYTES = 512 * 1024 * 1024
MAX_ROWS = 5_000_000
MAX_COLUMNS = 256
MAX_HEADER_BYTES = 65_536
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_DWELL_NS = 600_000_000_000  # reports further apart cannot be one scan
MAX_SCAN = 2**31 - 1
_UNEVEN = re.compile(r"CSV parse error: (?:Row #(\d+): )?Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_ALL = ("time", "sensor", "scan", *COLUMNS)


def read_table(path: str | Path, sites: Mapping[str, SensorSite]) -> list[Scan]:
    """Scans of a CSV or Parquet table, ordered by end of dwell, sensor, sequence.

    In        path    a Parquet file where it starts as one, else CSV in UTF-8 with a header line
              sites   description of each sensor by name
    Raises    ScanError naming the file, the line (CSV) or row (Parquet), the value and the remedy
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError("no such file", value=str(path), remedy="check the path")
    size = path.stat().st_size
    if size == 0 or size > MAX_BYTES:
        raise ScanError(
            f"file has {size} bytes; allowed are 1 to {MAX_BYTES}", where=str(path), remedy="split it, or check it"
        )
    names: dict[str, int] = {}
    parts: list[dict[str, Any]] = []
    row = 0
    for batch, place in _batches(path):
        first, row = row, row + batch.num_rows
        if row > MAX_ROWS:
            raise ScanError(f"more than {MAX_ROWS} rows", where=str(path), remedy="split the table")
        parts.append(_convert(batch, names, lambda i, first=first, place=place: place(first + i), sites))
    if row == 0:
        raise ScanError("holds no report", where=str(path), remedy="a table needs a row per report under its header")
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    scans: list[Scan] = []
    for name, code in sorted(names.items()):
        rows = np.flatnonzero(joined["sensor"] == code)
        scans += _of_sensor(sites[name], rows, joined, place)
    return in_order(scans)


def write_table(path: str | Path, scans: Iterable[Scan]) -> None:
    """The inverse of ``read_table``; CSV, or Parquet where the name ends so.

    A sensor whose scans state what they swept gets ``scan`` numbers, its empty scans a row of their own.
    Scans that state nothing are told apart by time alone, and an empty one of them leaves no row.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    path = Path(path)
    scans = list(scans)
    numbered = {scan.sensor for scan in scans if scan.swept is not None}
    cells: dict[str, list[Any]] = {name: [] for name in _ALL}
    for scan in scans:
        number = scan.sequence if scan.sensor in numbered else None
        count = scan.plot_count
        if count == 0 and number is None:
            continue
        measured = _measured(scan)
        cells["time"] += [iso_from_ns(t, 9) for t in scan.plot_time_ns.tolist()] or [iso_from_ns(scan.end_ns, 9)]
        cells["sensor"] += [scan.sensor] * max(1, count)
        cells["scan"] += [number] * max(1, count)
        for name in COLUMNS:
            cells[name] += measured[name].tolist() if name in measured and count else [None] * max(1, count)
    kinds = {"time": pa.string(), "sensor": pa.string(), "scan": pa.int64()}
    arrays = {name: pa.array(values, kinds.get(name, pa.float64())) for name, values in cells.items()}
    kept = {
        name: array for name, array in arrays.items() if name in ("time", "sensor") or array.null_count < len(array)
    }
    table = pa.table(kept)
    if path.suffix.lower() == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.csv.write_csv(table, path)


def _measured(scan: Scan) -> dict[str, Any]:
    from tocsin.formats.site import directions
    from tocsin.kernels.geodesy import geodetic_from_ecef

    if scan.kind == "radar":
        given = {"range_m": scan.range_m, "range_rate_m_s": scan.range_rate_m_s}
        azimuth, elevation = scan.azimuth_rad, scan.elevation_rad
    elif scan.kind == "infrared":
        given = {}
        if scan.platform_ecef_m is None or scan.line_of_sight_ecef is None:
            raise ScanError(f"infrared scan {scan.sequence} of {scan.sensor} lacks its platform or lines of sight")
        azimuth, elevation = directions(scan.line_of_sight_ecef, scan.platform_ecef_m)
    else:
        if scan.position_ecef_m is None:
            raise ScanError(f"position scan {scan.sequence} of {scan.sensor} lacks positions")
        places = np.array([geodetic_from_ecef(*row) for row in scan.position_ecef_m]).reshape(-1, 3)
        return {
            "latitude_deg": np.degrees(places[:, 0]),
            "longitude_deg": np.degrees(places[:, 1]),
            "height_m": places[:, 2],
        }
    given["azimuth_deg"] = None if azimuth is None else np.mod(np.degrees(azimuth), 360.0)
    given["elevation_deg"] = None if elevation is None else np.degrees(elevation)
    return {name: values for name, values in given.items() if values is not None}


def _batches(path: Path) -> Iterator[tuple[Any, Any]]:
    """Record batches with the known columns only, and how to name a row of the file (from 0)."""
    with path.open("rb") as file:
        head = file.read(MAX_HEADER_BYTES + 1)
    yield from _parquet(path) if head[:4] == b"PAR1" else _csv(path, head)


def _csv(path: Path, head: bytes) -> Iterator[tuple[Any, Any]]:
    import pyarrow as pa
    import pyarrow.csv

    names = _header(path, head)

    def place(row: int) -> str:
        return f"{path}: line {_line_of(path, row)}"

    try:
        reader = pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=MAX_LINE_BYTES, column_names=names, skip_rows=1
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=[name for name in names if name in _ALL],
                column_types={name: pa.string() for name in names if name in _ALL},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        for batch in reader:
            yield batch, place
    except pa.ArrowInvalid as error:
        text = str(error)
        if "Empty CSV file" in text:
            return
        uneven = _UNEVEN.match(text)
        if uneven:
            line, wanted, found, cells = uneven.groups()
            raise ScanError(
                f"line has {found} cells, the header {wanted}",
                where=place(int(line) - 2) if line else str(path),
                value=cells,
                remedy="give each row as many cells as the header",
            ) from None
        if "UTF8" in text:
            raise ScanError(
                "not UTF-8 text", where=f"{path}: line {_bad_line(path)}", remedy="save the table as CSV in UTF-8"
            ) from None
        if "straddling" in text:
            raise ScanError(
                f"a line is longer than {MAX_LINE_BYTES} bytes", where=str(path), remedy="check that this is a CSV"
            ) from None
        raise ScanError(f"not CSV: {text}", where=str(path), remedy="mend the table") from None


def _header(path: Path, head: bytes) -> list[str]:
    line, newline, _ = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n")
    if not newline and len(head) > MAX_HEADER_BYTES:
        raise ScanError(
            f"first line is longer than {MAX_HEADER_BYTES} bytes", where=str(path), remedy="check that this is a CSV"
        )
    try:
        names = [name.strip() for name in next(csv.reader([line.decode("utf-8-sig")]), [])]
    except (UnicodeDecodeError, csv.Error):
        raise ScanError("first line is not UTF-8 text", where=str(path), remedy="give CSV or Parquet") from None
    return _check_names(path, names, f"{path}: line 1")


def _check_names(path: Path, names: list[str], where: str) -> list[str]:
    if len(names) > MAX_COLUMNS:
        raise ScanError(f"more than {MAX_COLUMNS} columns", where=where, value=len(names), remedy="drop some")
    for name in ("time", "sensor"):
        if name not in names:
            raise ScanError(
                f"column {name} is missing",
                where=where,
                value=", ".join(names),
                remedy="name the columns in the first line, parted by commas; docs/formats.md lists them",
            )
    for name in names:
        if name in _ALL and names.count(name) > 1:
            raise ScanError("column stands twice", where=where, value=name, remedy="drop one")
        close = difflib.get_close_matches(name.lower().replace(" ", "_"), _ALL, n=1, cutoff=0.85)
        if name not in _ALL and close and close[0] not in names:
            raise ScanError("unknown column", where=where, value=name, remedy=f"is {close[0]} meant? rename it")
    return names


def _line_of(path: Path, row: int) -> int:
    """Physical line of a data row; blank lines hold no row. Only a refusal pays for this."""
    with path.open("rb") as file:
        filled = (number for number, line in enumerate(_lines(file), start=1) if number > 1 and line.strip(b"\r\n"))
        return next(itertools.islice(filled, row, None), row + 2)


def _bad_line(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _lines(file: Any) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line


def _parquet(path: Path) -> Iterator[tuple[Any, Any]]:
    import pyarrow as pa
    import pyarrow.parquet

    def place(row: int) -> str:
        return f"{path}: row {row + 1}"

    try:
        file = pyarrow.parquet.ParquetFile(path)
        if file.metadata.num_rows > MAX_ROWS:
            raise ScanError(
                f"more than {MAX_ROWS} rows", where=str(path), value=file.metadata.num_rows, remedy="split the table"
            )
        names = _check_names(path, list(file.schema_arrow.names), str(path))
        leaves = [file.schema.column(i) for i in range(len(file.schema))]
        texts = [leaf.path for leaf in leaves if leaf.path in _ALL and leaf.physical_type == "BYTE_ARRAY"]
        file = pyarrow.parquet.ParquetFile(path, read_dictionary=texts)  # each text once, however often it stands
        for batch in file.iter_batches(batch_size=65_536, columns=[name for name in names if name in _ALL]):
            yield batch, place
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ScanError(
            f"not a whole Parquet file: {str(error)[:200]}", where=str(path), remedy="write or copy it again"
        ) from None


def _convert(batch: Any, names: dict[str, int], place: Any, sites: Mapping[str, SensorSite]) -> dict[str, Any]:
    present = set(batch.schema.names)
    parts: dict[str, Any] = {"time": times(batch.column("time"), "time", place)}
    parts["sensor"] = _sensors(batch.column("sensor"), names, place, sites)
    parts["scan"] = (
        whole_numbers(batch.column("scan"), "scan", MAX_SCAN, place)
        if "scan" in present
        else np.full(batch.num_rows, -1, dtype=np.int64)
    )
    for name, (low, high, unit, _) in COLUMNS.items():
        parts[name] = (
            numbers(batch.column(name), name, low, high, unit, place)
            if name in present
            else np.full(batch.num_rows, np.nan)
        )
    return parts


def _sensors(array: Any, names: dict[str, int], place: Any, sites: Mapping[str, SensorSite]) -> Ints:
    import pyarrow as pa

    array = plain(array, "sensor", place)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        raise ScanError(f"sensor is stored as {array.type}", where=place(0), remedy="store names as text")
    encoded = array.dictionary_encode(null_encoding="encode")
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    table = []
    for code, raw in enumerate(encoded.dictionary.to_pylist()):
        name = (raw or "").strip()
        if name not in sites:
            raise ScanError(
                "sensor is not described",
                where=place(int(np.argmax(codes == code))),
                value=raw,
                remedy=f"describe it in the sensor file; described are: {', '.join(sorted(sites)) or '(none)'}",
            )
        table.append(names.setdefault(name, len(names)))
    return np.array(table, dtype=np.int64)[codes]


def _of_sensor(site: SensorSite, rows: Ints, joined: dict[str, Any], place: Any) -> list[Scan]:
    """Scans of one sensor from its rows of the joined columns."""
    number = joined["scan"][rows]
    is_numbered = bool(number[0] >= 0)
    uneven = (number >= 0) != is_numbered
    if uneven.any():
        raise ScanError(
            f"scan is given in some rows of sensor {site.name} and missing in others",
            where=place(int(rows[np.argmax(uneven)])),
            remedy="give it in all rows of a sensor or in none",
        )
    stamps = joined["time"][rows]
    order = np.lexsort((stamps, number))  # stable: equal times keep the order of the table
    rows, number, stamps = rows[order], number[order], stamps[order]
    reports = Reports(time_ns=stamps, **{name: joined[name][rows] for name in COLUMNS})
    is_empty = np.logical_and.reduce([np.isnan(joined[name][rows]) for name in COLUMNS])
    _check_unique(site, [number, stamps, *(joined[name][rows] for name in COLUMNS)], rows, place)
    _check_complete(site, reports, is_empty & is_numbered, rows, place)

    starts = np.flatnonzero(np.diff(number if is_numbered else stamps, prepend=-2))
    ends = np.append(starts[1:], rows.shape[0]) - 1
    too_long = stamps[ends] - stamps[starts] > MAX_DWELL_NS
    if too_long.any():
        first = int(np.argmax(too_long))
        raise ScanError(
            f"scan {number[starts[first]]} of sensor {site.name} lasts longer than {MAX_DWELL_NS // 10**9} s",
            where=place(int(rows[ends[first]])),
            remedy="a scan number must not be used twice",
        )
    kept = np.flatnonzero(~is_empty)
    dwells = Dwells(
        bounds=np.searchsorted(kept, np.append(starts, rows.shape[0])),
        sequence=number[starts] if is_numbered else np.arange(starts.shape[0], dtype=np.int64),
        start_ns=stamps[starts],
        end_ns=stamps[ends],
        swept=[site.swept if is_numbered else None] * starts.shape[0],
    )
    plots = Reports(*(getattr(reports, field)[kept] for field in Reports.__struct_fields__))
    return scans_from(site, plots, dwells)


def _check_unique(site: SensorSite, columns: list[Any], rows: Ints, place: Any) -> None:
    """No report stands twice: the second would be taken for a second object. Rows come by scan, then time."""
    level = (np.diff(columns[0]) == 0) & (np.diff(columns[1]) == 0)
    near = np.append(level, False) | np.append(False, level)  # the others differ in scan or time from all
    rows, columns = rows[near], [values[near] for values in columns]
    order = np.lexsort([rows, *columns])
    same = np.ones(max(0, rows.shape[0] - 1), dtype=bool)
    for values in columns:
        before, after = values[order][:-1], values[order][1:]
        same &= (before == after) | ((before != before) & (after != after))  # NaN: not given in either
    if same.any():
        again = rows[order][1:][same]
        first = int(np.argmin(again))
        at = int(np.flatnonzero(same)[first])
        while at and same[at - 1]:
            at -= 1
        raise ScanError(
            f"report of sensor {site.name} stands twice: the same as {place(int(rows[order][at]))}",
            where=place(int(again[first])),
            value=f"{again.shape[0]} row{'s' if again.shape[0] > 1 else ''} of this sensor repeat another",
            remedy="give each report one row; drop the repeated ones",
        )


def _check_complete(site: SensorSite, reports: Reports, is_empty: Any, rows: Ints, place: Any) -> None:
    """Every report gives what its sensor's kind needs; fills in elevations from heights."""
    for name in NEEDED[site.kind]:
        missing = np.isnan(getattr(reports, name)) & ~is_empty
        if missing.any():
            raise ScanError(
                f"{name} is missing; a {site.kind} report needs it",
                where=place(int(rows[np.argmax(missing)])),
                remedy=f"give {', '.join(NEEDED[site.kind])}, or correct the kind of sensor {site.name}",
            )
    if site.kind != "radar":
        return
    unreachable = fill_elevation(site, reports)
    if unreachable.any():
        row = int(np.argmax(unreachable))
        raise ScanError(
            f"no direction leads from {site.name} to this height at this range",
            where=place(int(rows[row])),
            value=f"range {reports.range_m[row]:g} m, height {reports.height_m[row]:g} m",
            remedy="check both, and the place of the sensor",
        )
    missing = np.isnan(reports.elevation_deg) & ~is_empty
    if missing.any():
        raise ScanError(
            "elevation_deg and height_m are both missing; a radar report needs one of them",
            where=place(int(rows[np.argmax(missing)])),
            remedy="give elevation_deg, or height_m from which it is computed",
        )
