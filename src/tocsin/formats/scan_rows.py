"""Sensor reports as columns, in the units of files, to Scans: one home for the geometry of every reader."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.formats.site import SensorSite, lines_of_sight
from tocsin.kernels.height_finding import FOUND, ecef_columns, elevations_from_height
from tocsin.messages import Column, Scan, SensorKind, SweptVolume
from tocsin.units import DEG

NEEDED: dict[SensorKind, tuple[str, ...]] = {
    "radar": ("range_m", "azimuth_deg"),
    "infrared": ("azimuth_deg", "elevation_deg"),
    "position": ("latitude_deg", "longitude_deg", "height_m"),
}
"""What every report of a kind must give; radar needs elevation_deg or height_m besides."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Reports(msgspec.Struct):
    """Reports of one sensor, axis 0 the report, ordered by scan; NaN where a value is missing."""

    time_ns: Ints
    range_m: Floats
    azimuth_deg: Floats
    elevation_deg: Floats
    range_rate_m_s: Floats
    latitude_deg: Floats
    longitude_deg: Floats
    height_m: Floats


class Dwells(msgspec.Struct):
    """Scans of one sensor, axis 0 the scan: reports ``bounds[i]`` to ``bounds[i + 1]`` belong to scan ``i``."""

    bounds: Ints
    sequence: Ints
    start_ns: Ints
    end_ns: Ints
    swept: Sequence[SweptVolume | None]


def platforms(site: SensorSite, time_ns: Ints) -> Floats:
    """Place of the sensor at each time, (n, 3) ECEF m."""
    if site.is_fixed:
        return np.broadcast_to(np.array(site.ecef_at(0)), (time_ns.shape[0], 3))
    unique, inverse = np.unique(time_ns, return_inverse=True)
    places: Floats = np.array([site.ecef_at(int(t)) for t in unique]).reshape(-1, 3)[inverse]
    return places


def fill_elevation(site: SensorSite, reports: Reports) -> npt.NDArray[np.bool_]:
    """Put in, by geometry, the elevations that only a height gives; True where no direction leads to that height."""
    missing = np.isnan(reports.elevation_deg) & ~np.isnan(reports.height_m) & ~np.isnan(reports.range_m)
    unreachable = np.zeros(missing.shape[0], dtype=bool)
    if missing.any():
        status, elevation_rad = elevations_from_height(
            reports.range_m[missing],
            reports.azimuth_deg[missing] * DEG,
            reports.height_m[missing],
            np.ascontiguousarray(platforms(site, reports.time_ns[missing])),
        )
        reports.elevation_deg[missing] = np.where(status == FOUND, elevation_rad / DEG, np.nan)
        unreachable[missing] = status != FOUND
    return unreachable


def scans_from(site: SensorSite, reports: Reports, dwells: Dwells) -> list[Scan]:
    """Scans of one sensor; every report complete for the sensor's kind, see ``NEEDED`` and ``fill_elevation``."""
    columns: dict[str, Column] = {}
    place = platforms(site, dwells.end_ns)
    if site.kind == "radar":
        columns = {
            "range_m": _frozen(reports.range_m),
            "azimuth_rad": _frozen(reports.azimuth_deg * DEG),
            "elevation_rad": _frozen(reports.elevation_deg * DEG),
        }
    elif site.kind == "infrared":
        columns = {"line_of_sight_ecef": _frozen(_sights(site, reports, dwells, place))}
    else:
        columns = {
            "position_ecef_m": _frozen(
                ecef_columns(reports.latitude_deg * DEG, reports.longitude_deg * DEG, reports.height_m)
            )
        }
    rates = _frozen(reports.range_rate_m_s)
    is_rate = ~np.isnan(rates) if site.kind == "radar" else np.zeros(0, dtype=bool)
    has_rates = bool(is_rate.any())
    time_ns = _frozen(reports.time_ns)
    is_placed = site.kind != "position"
    scans = []
    bounds = dwells.bounds.tolist()
    for i, (sequence, start_ns, end_ns) in enumerate(
        zip(dwells.sequence.tolist(), dwells.start_ns.tolist(), dwells.end_ns.tolist(), strict=True)
    ):
        rows = slice(bounds[i], bounds[i + 1])
        values: dict[str, Column | None] = {name: column[rows] for name, column in columns.items()}
        scans.append(
            Scan(
                time_ns=end_ns,
                arrival_ns=end_ns,
                source=site.name,
                sensor=site.name,
                kind=site.kind,
                sequence=sequence,
                start_ns=start_ns,
                end_ns=end_ns,
                platform_ecef_m=(float(place[i, 0]), float(place[i, 1]), float(place[i, 2])) if is_placed else None,
                plot_time_ns=time_ns[rows],
                swept=dwells.swept[i],
                range_m=values.get("range_m"),
                azimuth_rad=values.get("azimuth_rad"),
                elevation_rad=values.get("elevation_rad"),
                range_rate_m_s=rates[rows] if has_rates and is_rate[rows].all() else None,
                line_of_sight_ecef=values.get("line_of_sight_ecef"),
                position_ecef_m=values.get("position_ecef_m"),
            )
        )
    return scans


def in_order(scans: list[Scan]) -> list[Scan]:
    """The order in which the tracker takes scans: end of dwell, sensor, sequence."""
    return sorted(scans, key=lambda scan: (scan.end_ns, scan.sensor, scan.sequence))


def _sights(site: SensorSite, reports: Reports, dwells: Dwells, place: Floats) -> Floats:
    azimuth_rad, elevation_rad = reports.azimuth_deg * DEG, reports.elevation_deg * DEG
    if site.is_fixed and place.shape[0]:
        return lines_of_sight(azimuth_rad, elevation_rad, tuple(place[0]))
    sights = np.empty((azimuth_rad.shape[0], 3))
    for i in range(dwells.sequence.shape[0]):
        rows = slice(int(dwells.bounds[i]), int(dwells.bounds[i + 1]))
        sights[rows] = lines_of_sight(azimuth_rad[rows], elevation_rad[rows], tuple(place[i]))
    return sights


def _frozen(array: Column) -> Column:
    """A read-only contiguous copy; its slices are read-only views."""
    frozen = np.array(array)
    frozen.flags.writeable = False
    return frozen
