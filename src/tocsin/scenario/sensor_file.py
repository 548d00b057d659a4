"""SENSORS.toml in: the sensors behind a table or recording of reports, with the keys of ``schema.Sensor``."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import msgspec
import numpy as np

from tocsin.errors import ScenarioError, SensorFileError
from tocsin.formats.site import SensorSite
from tocsin.kernels.constants import GEOSTATIONARY_HEIGHT_M
from tocsin.messages import Column, SweptVolume, column
from tocsin.scenario.check import check_sensors
from tocsin.scenario.check_sensor import check_elements, check_placed
from tocsin.scenario.faults import explained
from tocsin.scenario.ranges import MAX_SENSORS
from tocsin.scenario.schema import Sensor
from tocsin.scenario.sensor_classes import with_class
from tocsin.scenario.toml_text import document_of
from tocsin.units import DEG, M_PER_KM, ns_from_iso

MAX_BYTES = 1_000_000
MAX_PATH_BYTES = 64_000_000
MAX_PATH_ROWS = 500_000
PATH_COLUMNS = ("time", "latitude_deg", "longitude_deg", "height_m")
_REMEDY = "docs/formats.md lists every key of [[sensors]], its unit and range"


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sensors: tuple[Sensor, ...] = ()


def read_sensors(path: str | Path) -> tuple[Sensor, ...]:
    """Checked sensors of a TOML file of ``[[sensors]]`` tables.

    A ``path_file`` is taken as relative to the description and comes back as the path to open.
    Raises SensorFileError naming the file, the key or line, the value and the remedy.
    """
    path = Path(path)
    where = str(path)
    data = _read(path, MAX_BYTES)
    try:
        document = _completed(document_of(data, where), where)
    except ScenarioError as error:
        raise _of_file(error) from None
    try:
        sensors = msgspec.convert(document, _Document).sensors
    except msgspec.ValidationError as error:
        value, remedy = explained(str(error), _Document, document)
        raise SensorFileError(str(error), where=where, value=value, remedy=remedy) from None
    if not 1 <= len(sensors) <= MAX_SENSORS:
        raise SensorFileError(
            f"holds {len(sensors)} sensors; 1 to {MAX_SENSORS} are allowed",
            where=where,
            remedy="give each sensor a [[sensors]] table",
        )
    try:
        check_sensors(sensors, where)
    except ScenarioError as error:
        raise _of_file(error) from None
    return tuple(
        _with_place(sensor, path, f"{where}: sensors.{sensor.name}", given)
        for sensor, given in zip(sensors, document["sensors"], strict=True)
    )


def sites_of(sensors: tuple[Sensor, ...]) -> dict[str, SensorSite]:
    """What the readers of reports need of each sensor, by name; reads the files of paths.

    Raises SensorFileError where a path cannot be read or two-line elements are broken.
    """
    return {sensor.name: _site(sensor) for sensor in sensors}


def swept_of(sensor: Sensor) -> SweptVolume | None:
    """Volume one scan of a radar searches; None for other kinds, whose silence is no evidence.

    Infrared sees burning plumes only and a position report needs a willing target, so neither says
    that nothing is there.
    """
    if sensor.kind != "radar":
        return None
    span_deg = sensor.azimuth_to_deg - sensor.azimuth_from_deg
    if span_deg <= 0.0:
        span_deg += 360.0
    volume = (
        (sensor.range_max_km - sensor.range_min_km) * M_PER_KM
        * span_deg * DEG
        * (sensor.elevation_max_deg - sensor.elevation_min_deg) * DEG
    )  # m rad2  # fmt: skip
    return SweptVolume(
        azimuth_from_rad=sensor.azimuth_from_deg * DEG,
        azimuth_to_rad=(sensor.azimuth_from_deg + span_deg) * DEG,
        elevation_min_rad=sensor.elevation_min_deg * DEG,
        elevation_max_rad=sensor.elevation_max_deg * DEG,
        range_min_m=sensor.range_min_km * M_PER_KM,
        range_max_m=sensor.range_max_km * M_PER_KM,
        detection_prob=sensor.detection_prob,
        clutter_density=sensor.false_per_scan / volume,
    )


def _with_place(sensor: Sensor, path: Path, where: str, given: dict[str, Any]) -> Sensor:
    """Refuse a platform whose place at the time of a report cannot be known; make ``path_file`` openable.

    ``given`` is the table as written: a default place would stand at 0 N 0 E and nobody would notice.
    """
    if sensor.platform == "ship" and sensor.speed_m_s > 0.0:
        raise SensorFileError(
            "a ship under way has no known place in recorded reports: they have no epoch to count from",
            where=f"{where}.platform",
            value=sensor.platform,
            remedy='give platform = "path" and its path_file',
        )
    if sensor.platform == "path":
        if not sensor.path_file:
            raise SensorFileError("path_file is missing", where=where, remedy=f"a CSV of {', '.join(PATH_COLUMNS)}")
        if _leads_elsewhere(sensor.path_file):
            raise SensorFileError(
                "path_file leads out of the folder of the description",
                where=f"{where}.path_file",
                value=sensor.path_file,
                remedy="put the file beside the description or below it, and name it from there",
            )
        return msgspec.structs.replace(sensor, path_file=str(path.parent / sensor.path_file))
    try:
        if sensor.platform == "orbit":
            check_elements(sensor, where)
        elif sensor.kind != "position":
            check_placed(sensor, given, where)
    except ScenarioError as error:
        raise _of_file(error) from None
    return sensor


def _completed(document: dict[str, Any], where: str) -> dict[str, Any]:
    """Tables with the keys of their classes; recordings are corrected for refraction unless they say otherwise."""
    tables = document.get("sensors")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return document
    return {
        **document,
        "sensors": [
            with_class({"is_refracted": False, **table}, f"{where}: sensors.{table.get('name', '')}")
            for table in tables
        ],
    }


def _of_file(error: ScenarioError) -> SensorFileError:
    return SensorFileError(error.what, where=error.where, value=error.value, remedy=error.remedy or _REMEDY)


def _leads_elsewhere(path_file: str) -> bool:
    """Absolute, or with a step up, in the manner of any system."""
    windows = PureWindowsPath(path_file)
    return bool(windows.anchor) or PurePosixPath(path_file).is_absolute() or ".." in windows.parts


def _site(sensor: Sensor) -> SensorSite:
    site = SensorSite(
        name=sensor.name,
        kind=sensor.kind,
        latitude_deg=sensor.latitude_deg,
        longitude_deg=sensor.longitude_deg,
        height_m=sensor.height_m,
        swept=swept_of(sensor),
    )
    if sensor.platform == "geostationary":
        return msgspec.structs.replace(site, latitude_deg=0.0, height_m=GEOSTATIONARY_HEIGHT_M)
    if sensor.platform == "path":
        path_ns, path_ecef_m = _read_path(Path(sensor.path_file))
        return msgspec.structs.replace(site, path_ns=path_ns, path_ecef_m=path_ecef_m)
    if sensor.platform == "orbit":
        return msgspec.structs.replace(site, line1=sensor.line1, line2=sensor.line2)
    return site


def _read_path(path: Path) -> tuple[Column, Column]:
    """A platform's path: times (k,) int64 ns, rising, and ECEF (k, 3) m."""
    from tocsin.kernels.height_finding import ecef_columns

    where = str(path)
    try:
        lines = _read(path, MAX_PATH_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SensorFileError(f"not UTF-8 text at byte {error.start}", where=where, remedy="save as UTF-8") from None
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    if sorted(names) != sorted(PATH_COLUMNS):
        raise SensorFileError(
            "first line must name the columns", where=f"{where}: line 1", value=", ".join(names)[:200],
            remedy=",".join(PATH_COLUMNS),
        )  # fmt: skip
    if len(lines) - 1 > MAX_PATH_ROWS:
        raise SensorFileError(f"more than {MAX_PATH_ROWS} rows", where=where, remedy="sample the path more coarsely")
    stamps: list[int] = []
    places: list[tuple[float, float, float]] = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            stamp, place = _path_row(dict(zip(names, _cells(line), strict=False)), f"{where}: line {number}")
            stamps.append(stamp)
            places.append(place)
    for row, (before, after) in enumerate(itertools.pairwise(stamps)):
        if after <= before:
            raise SensorFileError("times must rise", where=f"{where}: row {row + 2}", remedy="sort the rows by time")
    if not stamps:
        raise SensorFileError("holds no point", where=where, remedy="a path needs one row or more")
    table = np.array(places)
    return column(stamps, "int64"), column(ecef_columns(table[:, 0] * DEG, table[:, 1] * DEG, table[:, 2].copy()))


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _path_row(cells: dict[str, str], where: str) -> tuple[int, tuple[float, float, float]]:
    ranges = {"latitude_deg": (-90.0, 90.0), "longitude_deg": (-180.0, 180.0), "height_m": (-1_000.0, 1e8)}
    values = []
    for key, (low, high) in ranges.items():
        text = cells.get(key, "").strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise SensorFileError(
                f"{key} must be a number from {low:g} to {high:g}", where=where, value=text, remedy="mend the row"
            )
        values.append(value)
    text = cells.get("time", "").strip()
    try:
        stamp = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else ns_from_iso(text)
    except ValueError:
        stamp = -1
    if not 0 <= stamp < 2**63:
        raise SensorFileError(
            "time is neither ISO 8601 with an offset nor whole nanoseconds", where=where, value=text,
            remedy="write it as 2026-03-04T09:00:00Z",
        )  # fmt: skip
    return stamp, (values[0], values[1], values[2])


def _read(path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise SensorFileError("no such file", value=str(path), remedy="check the path")
    size = path.stat().st_size
    if size > limit:
        raise SensorFileError(f"file has {size} bytes, more than {limit}", where=str(path), remedy="check the file")
    return path.read_bytes()
