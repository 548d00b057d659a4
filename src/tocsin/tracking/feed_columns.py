"""What may stand in the columns that users of the tracker hand over: unit, range, shape; checked at the edge."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from tocsin.errors import ScanError
from tocsin.messages import Column, SensorKind
from tocsin.units import LATEST_NS

_OUTSIDE = ("site_ecef_m", "position_ecef_m")
_EARTH_LEAST_M = 6.3e6  # m from the Earth's centre; the poles lie at 6.357e6
_UNIT_TOLERANCE = 1e-6  # of the length of a line of sight; single precision keeps it


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnRule:
    """Lowest and highest value, unit, and how many components a row has (1: a number)."""

    low: float
    high: float
    unit: str
    width: int = 1


RULES: dict[str, ColumnRule] = {
    "range_m": ColumnRule(0.001, 1e8, "m"),
    "azimuth_rad": ColumnRule(-2.0 * math.pi, 2.0 * math.pi, "rad"),
    "elevation_rad": ColumnRule(-0.5 * math.pi, 0.5 * math.pi, "rad"),
    "range_rate_m_s": ColumnRule(-20_000.0, 20_000.0, "m/s"),
    "line_of_sight_ecef": ColumnRule(-1.0, 1.0, "1", 3),
    "position_ecef_m": ColumnRule(-1e8, 1e8, "m", 3),
    "range_std_m": ColumnRule(1e-3, 1e6, "m"),
    "angle_std_rad": ColumnRule(1e-9, 1.0, "rad"),
    "elevation_std_rad": ColumnRule(1e-9, 1.0, "rad"),
    "range_rate_std_m_s": ColumnRule(1e-4, 1e4, "m/s"),
    "position_std_m": ColumnRule(1e-3, 1e6, "m"),
    "height_std_m": ColumnRule(1e-3, 1e6, "m"),
    "site_ecef_m": ColumnRule(-1e9, 1e9, "m", 3),
    "detection_prob": ColumnRule(0.0, 1.0, "prob"),
    "clutter_density": ColumnRule(0.0, 1e12, "1/measure"),
}
"""Every column by name; angles as in ``messages/detections.py``: azimuth clockwise from true north."""

MEASURED: dict[SensorKind, tuple[str, ...]] = {
    "radar": ("range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s"),
    "infrared": ("line_of_sight_ecef",),
    "position": ("position_ecef_m",),
}
"""What a plot of each kind may carry."""
NEEDED: dict[SensorKind, tuple[str, ...]] = {
    "radar": ("range_m", "azimuth_rad", "range_std_m", "angle_std_rad"),
    "infrared": ("line_of_sight_ecef", "angle_std_rad"),
    "position": ("position_ecef_m", "position_std_m"),
}
"""What it must carry, or its sensor state."""


def checked(name: str, values: Any, count: int, where: str) -> Column:
    """A read-only float64 column of ``count`` rows; one number stands for all rows.

    Raises ScanError naming the column, the first value out of range with its unit, the range and the remedy.
    """
    rule = RULES[name]
    shape = (count,) if rule.width == 1 else (count, rule.width)
    place = f"{where}, column {name}"
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmM":  # numpy would take a date, or half of a complex number, for a number
            raise TypeError
        array = np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise ScanError(
            "is not made of numbers", where=place, value=values, remedy=f"give {_shape(shape)} in {rule.unit}"
        ) from None
    if array.shape != shape and array.shape == shape[1:]:
        array = np.broadcast_to(array, shape).copy()
    if array.shape != shape:
        raise ScanError(
            f"has shape {array.shape}", where=place, remedy=f"give {_shape(shape)}, a row for each plot of the scan"
        )
    wrong = ~((array >= rule.low) & (array <= rule.high))  # nan is wrong
    if wrong.any():
        at = np.argwhere(wrong)[0]
        raise ScanError(
            f"row {int(at[0])} is out of range, allowed are {rule.low:g} to {rule.high:g} {rule.unit}", where=place,
            value=float(array[tuple(at)]), remedy=_remedy(name),
        )  # fmt: skip
    if name in _OUTSIDE and count and (depth := np.square(array).sum(axis=1)).min() < _EARTH_LEAST_M**2:
        at_deepest = int(np.argmin(depth))
        raise ScanError(
            f"row {at_deepest} lies deep inside the Earth", where=place, value=array[at_deepest].tolist(),
            remedy="give ECEF m: of latitude and longitude tracking.site_at, of a local frame its ecef_of",
        )  # fmt: skip
    if name == "line_of_sight_ecef" and count:
        lengths = np.sqrt(np.square(array).sum(axis=1))
        at_worst = int(np.argmax(np.abs(lengths - 1.0)))
        if abs(lengths[at_worst] - 1.0) > _UNIT_TOLERANCE:
            raise ScanError(
                f"row {at_worst} is no unit vector, its length must be 1 to {_UNIT_TOLERANCE:g}", where=place,
                value=float(lengths[at_worst]), remedy="divide each line of sight by its length",
            )  # fmt: skip
    array.flags.writeable = False
    return array


def count_of(name: str, values: Any, where: str) -> int:
    """How many plots a measured column holds; one number or one vector is not a column."""
    shape = np.shape(values)
    wide = RULES[name].width > 1
    if len(shape) != 1 + wide:
        raise ScanError(
            f"has shape {shape}", where=f"{where}, column {name}", value=values,
            remedy=f"give {'(n, 3)' if wide else '(n,)'}, a row for each plot of the scan",
        )  # fmt: skip
    return int(shape[0])


def checked_times(name: str, values: Any, count: int | None, where: str) -> Column:
    """(n,) int64 ns since 1970 UTC, read-only. Floats are refused: a double holds today's time to 256 ns only."""
    array = np.array(values)
    place = f"{where}, column {name}"
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise ScanError(
            "is not whole numbers", where=place, value=array.ravel()[:1].tolist(),
            remedy="give int64 nanoseconds since 1970-01-01 UTC; of numpy datetime64: .astype('datetime64[ns]')"
            ".astype('int64')",
        )  # fmt: skip
    if array.ndim == 0 and count is not None:
        array = np.full(count, array)
    if array.ndim != 1 or (count is not None and array.shape[0] != count):
        raise ScanError(f"has shape {array.shape}", where=place, remedy="give one time for each plot of the scan")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low < 0 or high > LATEST_NS:
        raise ScanError(
            f"is out of range, allowed are 0 to {LATEST_NS} ns", where=place, value=low if low < 0 else high,
            remedy="give nanoseconds since 1970-01-01 UTC",
        )  # fmt: skip
    array = array.astype(np.int64)
    array.flags.writeable = False
    return array


def _shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}"


def _remedy(name: str) -> str:
    if name.endswith("_rad"):
        return "give radians"
    if name.endswith(("_std_m", "_std_m_s")):
        return "give one sigma, above zero"
    return "leave the plot out, or mend it"
