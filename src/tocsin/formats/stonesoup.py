"""Detections of Stone Soup (dstl, 1.9.1) as a table of plots for ``tracking.track_scans``. Imports nothing of it.

Frames. A Stone Soup scene is Cartesian and local; here x is east, y north, z up at an origin that the user states, flat
tangent plane, metres. Its bearing runs from x (east) counter-clockwise, in (-pi, pi]; elevation up from the x-y plane
of the *scene*. tocsin's azimuth runs clockwise from true north, in [0, 2 pi), and both angles are taken in the local
frame of the *radar*. So azimuth is pi/2 - bearing for a radar at the origin only; elsewhere the two frames are turned
against each other (0.9 deg at 100 km), and each direction, with its covariance, goes through that turn. What a model's
``rotation_offset`` turns is undone first. Range, and range rate (positive when opening), are the same in both; a moving
radar's own ``velocity`` is added back, because tocsin's range rate is that of the target alone. Datetimes are UTC.
"""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tocsin.errors import ScanError
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.messages import Column
from tocsin.units import DEG, LATEST_NS, NS_PER_S

_ROWS = {
    "CartesianToElevationBearingRange": ("elevation", "bearing", "range"),
    "CartesianToElevationBearingRangeRate": ("elevation", "bearing", "range", "rate"),
    "CartesianToBearingRange": ("bearing", "range"),
    "CartesianToBearingRangeRate": ("bearing", "range", "rate"),
    "LinearGaussian": ("x", "y", "z"),
}
"""What stands in a state vector, by the name of the measurement model's class or of one it derives from."""
_BY_SIZE = {
    len(_ROWS[name]): _ROWS[name]
    for name in ("CartesianToBearingRange", "CartesianToElevationBearingRange", "CartesianToElevationBearingRangeRate")
}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_COLUMNS = (
    "range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s", "range_std_m", "angle_std_rad", "elevation_std_rad",
    "range_rate_std_m_s",
)  # fmt: skip
_POSITION_COLUMNS = {"position_ecef_m": 3, "position_std_m": 1, "height_std_m": 1}
"""Columns of tables with position reports, and how many components a row of each has."""
_MOST_UNNAMED = 64  # sensors without a name; a moving one takes a new place, and so a new name, with each scan


class LocalFrame(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Stone Soup scene lies: its origin, WGS-84, height above the ellipsoid; x east, y north, z up there."""

    latitude_deg: float
    longitude_deg: float
    height_m: float = 0.0

    def __post_init__(self) -> None:
        for name, value, limit in (("latitude_deg", self.latitude_deg, 90), ("longitude_deg", self.longitude_deg, 360)):
            if not abs(value) <= limit:
                raise ScanError(
                    f"is out of range, allowed are -{limit} to {limit} deg", where=f"LocalFrame, {name}",
                    value=value, remedy="give degrees, north and east positive",
                )  # fmt: skip

    @property
    def origin_ecef_m(self) -> Column:
        """(3,) ECEF m."""
        return np.array(ecef_from_geodetic(self.latitude_deg * DEG, self.longitude_deg * DEG, self.height_m))

    @property
    def axes(self) -> Column:
        """(3, 3): rows x, y, z of the scene as ECEF unit vectors."""
        return np.asarray(enu_axes(self.latitude_deg * DEG, self.longitude_deg * DEG))

    def ecef_of(self, local_m: Any) -> Column:
        """(..., 3) m of the scene to ECEF m."""
        ecef: Column = self.origin_ecef_m + np.asarray(local_m, dtype=np.float64) @ self.axes
        return ecef

    def local_of(self, ecef_m: Any) -> Column:
        """The inverse of ``ecef_of``."""
        local: Column = (np.asarray(ecef_m, dtype=np.float64) - self.origin_ecef_m) @ self.axes.T
        return local


class RadarModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a table without models leaves open, named as Stone Soup names it; covariances in the order of the vector.

    ``noise_covar`` is 3 x 3 for elevation, bearing, range; 4 x 4 with range rate behind; 2 x 2 for bearing, range.
    """

    noise_covar: Sequence[Sequence[float]]
    translation_offset: Sequence[float] = (0.0, 0.0, 0.0)
    rotation_offset: Sequence[float] = (0.0, 0.0, 0.0)
    velocity: Sequence[float] = (0.0, 0.0, 0.0)


def read_detections(
    detections: Iterable[Any], frame: LocalFrame, *, measurement_model: Any = None
) -> dict[str, Column]:
    """Detection objects as a table of plots, a row each.

    In        detections  Detection objects, sets of them, or what a detector or reader yields: (time, set of them)
              measurement_model  for those that carry none, as an updater has it; a Stone Soup model or ``RadarModel``
    Out       columns for ``track_scans``: sensor, kind, time_ns, site_ecef_m (n, 3), range_m, azimuth_rad,
              elevation_rad, range_rate_m_s (NaN where a model has none) and their sigmas; position_ecef_m (n, 3)
              of LinearGaussian. A sensor's name is the detection's metadata["sensor"], else "radar 1", ... by place
              and what it measures, as they appear: give a moving one its name. A time without detections is a scan
              that saw nothing where there is one sensor; with several nobody says whose.
    Left out  covariance between range and angles, and of positions (their horizontal axes share the root mean square
              sigma); Stone Soup models but those named in this module. Angles alone: tocsin takes a line of sight as
              that of a burning plume
    Raises    ScanError naming the detection, the value and the remedy
    """
    table = _Table(frame, measurement_model)
    for number, each in enumerate(detections):
        if hasattr(each, "state_vector"):
            table.add(each, number)
            continue
        time, found = each if isinstance(each, tuple) and len(each) == 2 else (None, each)
        if not isinstance(found, (set, frozenset, list)):
            raise ScanError(
                "is neither a Detection nor (time, set of Detection)", where=f"item {number}",
                value=type(found).__name__, remedy="give detections as a Stone Soup tracker takes them",
            )  # fmt: skip
        if not found and time is not None:
            table.empty_ns.append(ns_of(time, f"item {number}"))
        for detection in sorted(found, key=_order):  # a set has no order of its own: same input, same table
            table.add(detection, number)
    return table.columns()


def read_detections_csv(
    path: str | Path, frame: LocalFrame, *, state_vector_fields: Sequence[str], time_field: str,
    measurement_model: Any, time_field_format: str | None = None, timestamp: bool = False,
) -> dict[str, Column]:  # fmt: skip
    """The CSV that Stone Soup's CSVDetectionReader reads, with the arguments it takes, as ``read_detections`` gives it.

    Angles are radians there too. Without ``time_field_format`` or ``timestamp`` (s since 1970) times are ISO 8601.
    """
    table = _Table(frame, measurement_model)
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), start=2):
                where = f"{path}, line {line}"
                for name in (*state_vector_fields, time_field):
                    if row.get(name) is None:
                        raise ScanError("column is missing", where=where, value=name, remedy=f"columns are {list(row)}")
                values = []
                for name in state_vector_fields:
                    try:
                        values.append(float(row[name]))
                    except ValueError:
                        raise ScanError(
                            "is no number",
                            where=f"{where}, column {name}",
                            value=row[name],
                            remedy="give radians and metres",
                        ) from None
                time_ns = _parsed_ns(row[time_field], time_field_format, timestamp, f"{where}, column {time_field}")
                table.put(measurement_model, values, time_ns, row.get("sensor"), where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScanError(f"cannot be read: {error}", where=str(path), remedy="give CSV in UTF-8") from None
    return table.columns()


class _Table:
    def __init__(self, frame: LocalFrame, measurement_model: Any) -> None:
        self.frame, self.default = frame, measurement_model
        self.empty_ns: list[int] = []
        self.names: dict[tuple[Any, ...], str] = {}
        self.rows: list[dict[str, Any]] = []
        self._views: dict[int, tuple[Any, _View]] = {}

    def add(self, detection: Any, number: int) -> None:
        where = f"detection {number}"
        model = getattr(detection, "measurement_model", None)
        values = [float(value) for value in np.asarray(detection.state_vector).ravel()]
        metadata = getattr(detection, "metadata", None) or {}
        name = metadata.get("sensor")
        self.put(model if model is not None else self.default, values, ns_of(detection.timestamp, where), name, where)

    def put(self, model: Any, values: list[float], time_ns: int, name: Any, where: str) -> None:
        if model is None:
            raise ScanError(
                "has no measurement model", where=where,
                remedy="give measurement_model, a Stone Soup model or a stonesoup.RadarModel",
            )  # fmt: skip
        if id(model) not in self._views:
            self._views[id(model)] = (model, _View(model, self.frame, where))  # the model is held: its id stays its own
        view = self._views[id(model)][1]
        if len(values) != len(view.rows) or not all(map(math.isfinite, values)):
            raise ScanError(f"state vector must be finite: {', '.join(view.rows)}", where=where, value=values)
        if abs(time_ns) > LATEST_NS:
            raise ScanError(
                "time lies after 2200", where=where, value=time_ns, remedy="give the time it was measured at"
            )
        row = view.row(dict(zip(view.rows, values, strict=True)))
        is_named = isinstance(name, (str, int)) and name != ""
        row["sensor"] = str(name) if is_named else self._name(view, where)
        self.rows.append(row | {"kind": view.kind, "time_ns": time_ns, "site_ecef_m": view.site_ecef_m})

    def _name(self, view: _View, where: str) -> str:
        if view.key not in self.names:
            if len(self.names) == _MOST_UNNAMED:
                raise ScanError(
                    f"its sensor stands at place {_MOST_UNNAMED + 1} and has no name", where=where,
                    value=list(view.key[2:]), remedy="give detections of a sensor that moves their metadata['sensor']",
                )  # fmt: skip
            number = 1 + sum(key[0] == view.kind for key in self.names)
            self.names[view.key] = f"{view.kind} {number}"
        return self.names[view.key]

    def columns(self) -> dict[str, Column]:
        """All rows, with one for each time that one sensor saw nothing at."""
        rows = list(self.rows)
        if rows and len({row["sensor"] for row in rows}) == 1:
            same = {name: rows[0][name] for name in ("sensor", "kind", "site_ecef_m")}
            rows += [same | {"time_ns": time_ns} for time_ns in self.empty_ns]
        rows.sort(key=lambda row: (row["time_ns"], row["sensor"]))
        table: dict[str, Column] = {
            "sensor": np.array([row["sensor"] for row in rows], dtype=str),
            "kind": np.array([row["kind"] for row in rows], dtype=str),
            "time_ns": np.array([row["time_ns"] for row in rows], dtype=np.int64),
            "site_ecef_m": np.array([row["site_ecef_m"] for row in rows]).reshape(-1, 3),
        }
        for name in _COLUMNS:
            table[name] = np.array([row.get(name, math.nan) for row in rows], dtype=np.float64)
        for name, width in _POSITION_COLUMNS.items():
            if any(name in row for row in rows):
                blank = math.nan if width == 1 else np.full(width, math.nan)
                table[name] = np.array([row.get(name, blank) for row in rows], dtype=np.float64)
        return table


class _View:
    """One measurement model: from the scene's axes and its own to what tocsin takes of a sensor of this kind."""

    def __init__(self, model: Any, frame: LocalFrame, where: str) -> None:
        covar = np.asarray(model.noise_covar, dtype=np.float64)
        self.rows = _rows(model, covar, where)
        if covar.shape != (len(self.rows),) * 2 or not (np.diagonal(covar) > 0.0).all():
            raise ScanError(
                f"noise_covar must be {len(self.rows)} x {len(self.rows)} with variances above 0", where=where,
                value=covar.tolist(), remedy=f"give rad2, m2 and (m/s)2 in the order {', '.join(self.rows)}",
            )  # fmt: skip
        self.kind = "position" if "x" in self.rows else "radar"
        offset, turn = _vector(model, "translation_offset"), _vector(model, "rotation_offset")
        self.velocity = _vector(model, "velocity")
        self.key = (self.kind, self.rows, *offset.tolist())  # what one radar does not measure another may
        self.covar = {
            (a, b): float(covar[i, j]) for i, a in enumerate(self.rows) for j, b in enumerate(self.rows)
        }  # fmt: skip
        self.frame = frame
        self.to_scene = rotation(turn).T
        self.site_ecef_m = np.full(3, math.nan)
        if self.kind == "position":
            return
        self.site_ecef_m = frame.ecef_of(offset)
        latitude_rad, longitude_rad, _ = geodetic_from_ecef(*self.site_ecef_m)
        self.to_site = np.asarray(enu_axes(latitude_rad, longitude_rad)) @ frame.axes.T @ self.to_scene

    def row(self, z: dict[str, float]) -> dict[str, Any]:
        if self.kind == "position":
            return {
                "position_ecef_m": self.frame.ecef_of([z["x"], z["y"], z["z"]]),
                "position_std_m": math.sqrt(0.5 * (self.covar["x", "x"] + self.covar["y", "y"])),
                "height_std_m": math.sqrt(self.covar["z", "z"]),
            }
        phi, theta = z["bearing"], z.get("elevation", 0.0)
        c, s = math.cos(theta), math.sin(theta)
        unit = np.array([c * math.cos(phi), c * math.sin(phi), s])
        by_theta = self.to_site @ (-s * math.cos(phi), -s * math.sin(phi), c)
        by_phi = self.to_site @ (-c * math.sin(phi), c * math.cos(phi), 0.0)
        east, north, up = (self.to_site @ unit).tolist()
        level2 = max(east * east + north * north, 1e-18)
        var = np.array([
            [self.covar.get((a, b), 0.0) for b in ("elevation", "bearing")] for a in ("elevation", "bearing")
        ])  # fmt: skip
        to_azimuth = np.array([(north * d[0] - east * d[1]) / level2 for d in (by_theta, by_phi)])
        to_elevation = np.array([d[2] / math.sqrt(level2) for d in (by_theta, by_phi)])
        has_elevation, has_rate = "elevation" in z, "rate" in z
        own = float(self.velocity @ (self.to_scene @ unit))
        return {
            "range_m": z["range"],
            "azimuth_rad": math.atan2(east, north) % (2.0 * math.pi),
            "elevation_rad": math.atan2(up, math.sqrt(level2)) if has_elevation else math.nan,
            "range_rate_m_s": z["rate"] + own if has_rate else math.nan,
            "range_std_m": math.sqrt(self.covar["range", "range"]),
            "angle_std_rad": math.sqrt(float(to_azimuth @ var @ to_azimuth)),
            "elevation_std_rad": math.sqrt(float(to_elevation @ var @ to_elevation)) if has_elevation else math.nan,
            "range_rate_std_m_s": math.sqrt(self.covar["rate", "rate"]) if has_rate else math.nan,
        }


def rotation(angles_rad: Any) -> Column:
    """(3, 3) that turns a vector of the scene into a model's own axes: Stone Soup's ``build_rotation_matrix``."""
    x, y, z = np.asarray(angles_rad, dtype=np.float64).ravel().tolist()
    cx, sx, cy, sy, cz, sz = math.cos(x), math.sin(x), math.cos(y), math.sin(y), math.cos(z), math.sin(z)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cx, sx], [0.0, -sx, cx]])
    about_y = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    about_z = np.array([[cz, sz, 0.0], [-sz, cz, 0.0], [0.0, 0.0, 1.0]])
    turned: Column = about_x @ about_y @ about_z
    return turned


def _rows(model: Any, covar: Column, where: str) -> tuple[str, ...]:
    if isinstance(model, RadarModel) and covar.ndim == 2 and covar.shape[0] in _BY_SIZE:
        return _BY_SIZE[covar.shape[0]]
    for kind in type(model).__mro__:
        if kind.__name__ in _ROWS:
            return _ROWS[kind.__name__]
    raise ScanError(
        "measurement model is not one that is read here", where=where, value=type(model).__name__,
        remedy=f"read are {', '.join(_ROWS)} and stonesoup.RadarModel of 2, 3 or 4 rows; angles alone are not",
    )  # fmt: skip


def _vector(model: Any, name: str) -> Column:
    """(3,) of a model's property; a flat model has two."""
    values = getattr(model, name, None)
    given = np.zeros(3) if values is None else np.asarray(values, dtype=np.float64).ravel()
    return np.concatenate((given, np.zeros(3)))[:3]


def _order(detection: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(detection.state_vector).ravel())


def ns_of(time: Any, where: str) -> int:
    """ns since 1970 of a timestamp; one without a time zone is UTC."""
    if not isinstance(time, dt.datetime):
        raise ScanError("has no datetime", where=where, value=time, remedy="give each its timestamp, UTC")
    aware = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time
    return (aware - _EPOCH) // dt.timedelta(microseconds=1) * 1000


def _parsed_ns(text: str, form: str | None, is_stamp: bool, where: str) -> int:
    try:
        if form is not None:
            return ns_of(dt.datetime.strptime(text, form), where)
        if is_stamp:
            time_ns = decimal.Decimal(text) * NS_PER_S
            if abs(time_ns) <= LATEST_NS:  # before it fills the memory with digits
                return int(time_ns)
            raise ValueError
        return ns_of(dt.datetime.fromisoformat(text), where)
    except (ValueError, ArithmeticError):
        raise ScanError(
            "is no time", where=where, value=text,
            remedy="give ISO 8601, or time_field_format of datetime.strptime, or timestamp=True for s since 1970",
        ) from None  # fmt: skip
