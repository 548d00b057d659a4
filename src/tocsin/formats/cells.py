"""Cells of a column to numbers and times; the first cell that is wrong ends in a ScanError naming its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.errors import ScanError
from tocsin.units import LATEST_NS, ns_from_iso

EARLIEST_NS = 100_000_000_000_000_000  # 1973-03-03: below this a number is seconds, milli- or microseconds
MAX_TEXT_BYTES = 1024  # of a cell; a dictionary would repeat a longer one in every row of a small file
_NUMBER = r"^\+?-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"

Place = Callable[[int], str]
"""Row of the batch (from 0) to the words that name it: file and line, or file and row."""


def numbers(array: Any, name: str, low: float, high: float, unit: str, place: Place) -> npt.NDArray[np.float64]:
    """One arrow column as float64 with NaN where the cell is empty; every other cell is finite and in range."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = plain(array, name, place)
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan)
    if _is_text(array.type):
        values = _parsed(array, name, place)
    elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        values = pc.cast(array, pa.float64(), safe=False)
    else:
        raise ScanError(
            f"column {name} holds {array.type}", where=place(0), remedy="store numbers in it, null where there is none"
        )
    filled = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    is_given = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
    wrong = is_given & ~((filled >= low) & (filled <= high))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ScanError(
            f"{name} must be a number from {low:g} to {high:g} {unit}",
            where=place(row),
            value=array[row].as_py(),
            remedy="leave the cell empty where nothing was measured",
        )
    return filled


def whole_numbers(array: Any, name: str, high: int, place: Place) -> npt.NDArray[np.int64]:
    """One arrow column as int64 with -1 where the cell is empty; the rest are whole, from 0 to ``high``."""
    values = numbers(array, name, 0.0, float(high), "(a whole number)", place)
    is_given = ~np.isnan(values)
    whole = np.where(is_given, values, -1.0)
    wrong = whole != np.floor(whole)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ScanError(f"{name} must be a whole number", where=place(row), value=float(values[row]), remedy="round it")
    return whole.astype(np.int64)


def times(array: Any, name: str, place: Place) -> npt.NDArray[np.int64]:
    """One arrow column as int64 ns UTC: integer nanoseconds, ISO 8601 with an offset, or Parquet UTC timestamps."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = plain(array, name, place)
    if array.null_count:
        raise ScanError("time is missing", where=place(_first_null(array)), remedy="every row needs its time")
    if pa.types.is_timestamp(array.type):
        if array.type.tz is None:
            raise ScanError(
                "time is a timestamp without a time zone", where=place(0), remedy="store timestamps with zone UTC"
            )
        if array.type.unit == "ns":
            values = pc.cast(array, pa.int64())
        else:
            per_unit = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000}[array.type.unit]
            try:
                values = pc.multiply_checked(pc.cast(array, pa.int64()), per_unit)
            except pa.ArrowInvalid:
                raise ScanError("time lies outside 1973 to 2200", where=place(0), remedy="check its unit") from None
    elif pa.types.is_integer(array.type):
        values = pc.cast(array, pa.int64(), safe=False)
    elif _is_text(array.type):
        values = _parsed_times(array, place)
    else:
        raise ScanError(
            f"time is stored as {array.type}", where=place(0), remedy="store integer nanoseconds, ISO 8601 or UTC"
        )
    stamps = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64)
    wrong = (stamps < EARLIEST_NS) | (stamps > LATEST_NS)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ScanError(
            "time lies outside 1973 to 2200",
            where=place(row),
            value=array[row].as_py() if not pa.types.is_timestamp(array.type) else int(stamps[row]),
            remedy="a bare number is read as whole nanoseconds since 1970-01-01 UTC",
        )
    return stamps


def plain(array: Any, name: str, place: Place) -> Any:
    """Without dictionary encoding and chunks, text as strings."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        words = array.dictionary
        longest = pc.max(pc.binary_length(words)).as_py() if _is_text(words.type) else None
        if (longest or 0) > MAX_TEXT_BYTES:
            raise ScanError(
                f"{name} holds text longer than {MAX_TEXT_BYTES} bytes", where=place(0), value=longest,
                remedy="check what the column holds",
            )  # fmt: skip
        array = pc.cast(array, array.type.value_type)
    return pc.cast(array, pa.string()) if pa.types.is_string_view(array.type) else array


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _first_null(array: Any) -> int:
    return int(np.argmax(~np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=bool)))


def _parsed(array: Any, name: str, place: Place) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        pass
    trimmed = pc.utf8_trim_whitespace(pc.cast(array, pa.string()))
    fits = pc.fill_null(pc.match_substring_regex(trimmed, _NUMBER), True)
    wrong = ~np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ScanError(
            f"{name} is not a number",
            where=place(row),
            value=array[row].as_py(),
            remedy="write it with a decimal point and without unit, or leave the cell empty",
        )
    return pa.array([None if text is None else float(text) for text in trimmed.to_pylist()], pa.float64())


def _parsed_times(array: Any, place: Place) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(array, pa.int64())
    except pa.ArrowInvalid:
        pass
    try:
        return pc.cast(pc.cast(array, pa.timestamp("ns", tz="UTC")), pa.int64())
    except pa.ArrowInvalid:
        pass
    stamps = []
    for row, text in enumerate(array.to_pylist()):
        try:
            stripped = text.strip()
            stamp = int(stripped) if stripped.isascii() and stripped.isdigit() else ns_from_iso(text)
            stamps.append(stamp if 0 <= stamp <= LATEST_NS else 0)  # 0 is refused as out of range
        except ValueError:
            raise ScanError(
                "time is neither ISO 8601 with an offset nor whole nanoseconds",
                where=place(row),
                value=text,
                remedy="write it as 2026-03-04T09:00:00.000Z",
            ) from None
    return pa.array(stamps, pa.int64())
