"""Tables: a row a plot in, a row a track and scan out. A table is a dict of columns; a pyarrow Table serves as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tocsin.errors import ScanError
from tocsin.messages import Column, TrackUpdates

_EMPTY: dict[str, tuple[str, tuple[int, ...]]] = {
    "time_ns": ("int64", ()),
    "track": ("int64", ()),
    "status": ("<U9", ()),
    "position_ecef_m": ("float64", (3,)),
    "velocity_ecef_m_s": ("float64", (3,)),
    "covariance": ("float64", (6, 6)),
    "mode_prob": ("float64", (3,)),
    "log_beta": ("float64", ()),
    "log_beta_std": ("float64", ()),
    "nis": ("float64", ()),
    "nis_dof": ("int64", ()),
    "first_ns": ("int64", ()),
    "last_ns": ("int64", ()),
    "radar_count": ("int64", ()),
    "infrared_count": ("int64", ()),
    "position_count": ("int64", ()),
    "parent": ("int64", ()),
    "sensor": ("<U1", ()),
}
TRACK_COLUMNS: tuple[str, ...] = tuple(_EMPTY)
"""Columns of a table of tracks, in order; meanings, units and frames as of ``messages.TrackUpdates``, where ``time_ns``
is called ``t_ns``: when the state is valid."""


def table_of(updates: Iterable[TrackUpdates]) -> dict[str, Column]:
    """Tracks as columns: (n,) each, but positions and velocities (n, 3), covariance (n, 6, 6), mode_prob (n, 3)."""
    parts: dict[str, list[Column]] = {
        name: [np.zeros((0, *shape), dtype=dtype)] for name, (dtype, shape) in _EMPTY.items()
    }
    for told in updates:
        for name, kept in parts.items():
            if name == "sensor":
                kept.append(np.full(told.track_count, told.sensor))
            elif name == "status":
                kept.append(np.array(told.status, dtype="<U9"))
            else:
                kept.append(getattr(told, "t_ns" if name == "time_ns" else name))
    return {name: np.concatenate(kept) for name, kept in parts.items()}


def to_arrow(tracks: Mapping[str, Column]) -> Any:
    """The table of tracks as a pyarrow Table; what has several components a row becomes a fixed-size list."""
    import pyarrow as pa

    arrays = {}
    for name, values in tracks.items():
        if values.ndim == 1:
            arrays[name] = pa.array(values.tolist() if values.dtype.kind == "U" else values)
        else:
            width = int(np.prod(values.shape[1:]))
            arrays[name] = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), width)
    return pa.table(arrays)


def columns_of(table: Any) -> dict[str, Column]:
    """The columns of a dict or a pyarrow Table as arrays of one length; nulls of numbers become NaN."""
    if isinstance(table, Mapping):
        columns = {str(name): np.asarray(values) for name, values in table.items()}
    else:
        columns = {name: _from_arrow(table.column(name)) for name in table.column_names}
    lengths = {name: values.shape[0] if values.ndim else -1 for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or -1 in lengths.values():
        raise ScanError(
            "columns differ in length", where="table of plots", value=lengths, remedy="give a row for each plot"
        )
    return columns


def scans_of(table: Any, known: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A table of plots as scans in order of end, sensor, number: dicts of what ``step_arrays`` takes.

    ``sensor`` and ``time_ns`` in every row. Rows of one sensor are one scan where their ``scan`` is the same number or,
    without that column, their time. A row whose measured columns are all NaN is a scan that saw nothing.
    """
    columns = columns_of(table)
    for name in ("sensor", "time_ns"):
        if name not in columns:
            raise ScanError(
                f"column {name} is missing",
                where="table of plots",
                value=sorted(columns),
                remedy="add it, a row a plot",
            )
    for name in ("sensor", "time_ns", "scan", "kind"):
        if name in columns and columns[name].ndim != 1:
            raise ScanError(
                f"has shape {columns[name].shape}", where=f"table of plots, column {name}", remedy="give one a row"
            )
    time_ns = columns.pop("time_ns")
    if time_ns.dtype.kind == "M":
        time_ns = time_ns.astype("datetime64[ns]").astype(np.int64)
    if time_ns.dtype.kind not in "iu":
        raise ScanError(
            "is not whole numbers", where="table of plots, column time_ns", value=time_ns[:1].tolist(),
            remedy="give int64 nanoseconds since 1970-01-01 UTC, or datetime64",
        )  # fmt: skip
    names = columns.pop("sensor").astype(str)
    number = columns.pop("scan", time_ns)
    unknown = sorted(set(columns) - set(known))
    if unknown:
        raise ScanError(
            "no such column",
            where="table of plots",
            value=unknown[0],
            remedy=f"known are {', '.join(('sensor', 'time_ns', 'scan', *sorted(known)))}",
        )
    groups: dict[tuple[str, int], list[int]] = {}
    for i, key in enumerate(zip(names.tolist(), number.tolist(), strict=True)):
        groups.setdefault(key, []).append(i)
    ends = {key: int(time_ns[rows].max()) for key, rows in groups.items()}
    for key in sorted(groups, key=lambda k: (ends[k], *k)):
        yield _scan(key[0], ends[key], np.array(groups[key]), time_ns, columns)


def _scan(sensor: str, end_ns: int, rows: Column, time_ns: Column, columns: Mapping[str, Column]) -> dict[str, Any]:
    scan: dict[str, Any] = {"sensor": sensor, "time_ns": end_ns}
    at_once = rows[time_ns[rows] == time_ns[rows[0]]]  # while it looks about a moving sensor's site does change
    for name in _ONCE:
        if name not in columns:
            continue
        values = columns[name][at_once]
        if at_once.size > 1 and (wrong := _differs(values)).any():
            raise ScanError(
                f"differs within the scan of {sensor} at {end_ns}", where=f"table of plots, column {name}",
                value=[values[0].tolist(), values[wrong][0].tolist()],
                remedy="rows of one sensor and time are one scan: give sensors that differ their own names",
            )  # fmt: skip
        if not _is_blank(values[:1])[0]:
            scan[name] = values[0].tolist()
    plots = {name: values for name, values in columns.items() if name not in scan and name not in _ONCE}
    measured = {name for name in plots if "_std_" not in name}
    seen = rows[~np.all([_is_blank(plots[name][rows]) for name in measured], axis=0)] if measured else rows[:0]
    scan["plot_time_ns"] = time_ns[seen]
    for name, values in plots.items():
        if seen.size and not _is_blank(values[seen]).all():
            scan[name] = values[seen]
    return scan


_ONCE = ("kind", "site_ecef_m", "detection_prob", "clutter_density")  # of a scan, not of a plot


def _differs(values: Column) -> Any:
    """Rows unlike the first; NaN is like NaN."""
    unlike = values != values[:1]
    if values.dtype.kind == "f":
        unlike &= ~(np.isnan(values) & np.isnan(values[:1]))
    return np.asarray(unlike, dtype=bool).reshape(values.shape[0], -1).any(axis=1)


def _is_blank(values: Column) -> Any:
    if values.dtype.kind == "f":
        return np.isnan(values.reshape(values.shape[0], -1)).all(axis=1)
    return np.array([value is None for value in values.tolist()], dtype=bool)


def _from_arrow(column: Any) -> Column:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        width = max((len(row) for row in column.to_pylist() if row is not None), default=1)
        blank = [float("nan")] * width
        return np.array([blank if row is None else row for row in column.to_pylist()], dtype=np.float64)
    if pa.types.is_timestamp(kind):
        return np.array(column.cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist(), dtype=np.int64)
    if pa.types.is_floating(kind):
        return np.array([float("nan") if v is None else v for v in column.to_pylist()], dtype=np.float64)
    return np.array(column.to_pylist())
