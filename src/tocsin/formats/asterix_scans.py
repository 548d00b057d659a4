"""Events of one ASTERIX source, plots and marks, to Scans."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from tocsin.formats.scan_rows import Dwells, Reports, fill_elevation, scans_from
from tocsin.formats.site import SensorSite
from tocsin.messages import Scan, SweptVolume
from tocsin.units import DEG, NS_PER_S

MAX_SECTOR_NS = 60 * NS_PER_S  # marks further apart have others missing between them
REPORT_DELAY_NS = 2 * NS_PER_S  # plots reach the recorder up to this long after they were seen


class Mark(NamedTuple):
    """The antenna passed an azimuth."""

    time_ns: int
    azimuth_deg: float


class Plot(NamedTuple):
    """One report: range, azimuth and height of a plot, or latitude, longitude and height of a system track."""

    time_ns: int
    range_m: float
    azimuth_deg: float
    latitude_deg: float
    longitude_deg: float
    height_m: float


class _Dwell(NamedTuple):
    plots: list[Plot]
    before: Mark | None
    after: Mark | None


def dwells_to_scans(site: SensorSite, events: Sequence[Plot | Mark]) -> tuple[list[Scan], int]:
    """Scans of one source, and how many plots had a height that their range cannot reach.

    A dwell that lost a plot, or whose plots may lie beyond the end of the recording, states no swept
    volume: its silence would be ours, not the radar's.
    """
    complete_until_ns = max(event.time_ns for event in events) - REPORT_DELAY_NS
    events = sorted(events, key=lambda event: event.time_ns)  # networks deliver marks and plots out of order
    dwells = _by_marks(events) if any(isinstance(event, Mark) for event in events) else _by_time(events)
    plots = [plot for dwell in dwells for plot in dwell.plots]
    reports = Reports(
        time_ns=np.array([plot.time_ns for plot in plots], dtype=np.int64),
        range_m=np.array([plot.range_m for plot in plots], dtype=np.float64),
        azimuth_deg=np.array([plot.azimuth_deg for plot in plots], dtype=np.float64),
        elevation_deg=np.full(len(plots), np.nan),
        range_rate_m_s=np.full(len(plots), np.nan),
        latitude_deg=np.array([plot.latitude_deg for plot in plots], dtype=np.float64),
        longitude_deg=np.array([plot.longitude_deg for plot in plots], dtype=np.float64),
        height_m=np.array([plot.height_m for plot in plots], dtype=np.float64),
    )
    is_lost = fill_elevation(site, reports) if site.kind == "radar" else np.zeros(len(plots), dtype=bool)
    bounds = np.cumsum([0, *(len(dwell.plots) for dwell in dwells)])
    lost = np.array([int(is_lost[a:b].sum()) for a, b in itertools.pairwise(bounds)], dtype=np.int64)
    kept = np.flatnonzero(~is_lost)
    scans = scans_from(
        site,
        Reports(*(getattr(reports, field)[kept] for field in Reports.__struct_fields__)),
        Dwells(
            bounds=np.searchsorted(kept, bounds),
            sequence=np.arange(len(dwells), dtype=np.int64),
            start_ns=np.array([min(_times(dwell)) for dwell in dwells], dtype=np.int64),
            end_ns=np.array([max(_times(dwell)) for dwell in dwells], dtype=np.int64),
            swept=[
                None if count or max(_times(dwell)) > complete_until_ns else _sector(site, dwell.before, dwell.after)
                for dwell, count in zip(dwells, lost.tolist(), strict=True)
            ],
        ),
    )
    return scans, int(lost.sum())


def _by_marks(events: Sequence[Plot | Mark]) -> list[_Dwell]:
    dwells: list[_Dwell] = []
    plots: list[Plot] = []
    before: Mark | None = None
    for event in events:
        if isinstance(event, Plot):
            plots.append(event)
        elif before is not None and event.azimuth_deg == before.azimuth_deg and not plots:
            continue  # a north mark and the crossing of sector 0 come together
        else:
            if plots or before is not None:
                dwells.append(_Dwell(plots, before, event))
            before, plots = event, []
    if plots:
        dwells.append(_Dwell(plots, before, None))
    return dwells


def _by_time(events: Sequence[Plot | Mark]) -> list[_Dwell]:
    by_time: dict[int, list[Plot]] = {}
    for event in events:
        if isinstance(event, Plot):
            by_time.setdefault(event.time_ns, []).append(event)
    return [_Dwell(plots, None, None) for _, plots in sorted(by_time.items())]


def _times(dwell: _Dwell) -> list[int]:
    marks = [mark.time_ns for mark in (dwell.before, dwell.after) if mark is not None]
    return marks + [plot.time_ns for plot in dwell.plots]


def _sector(site: SensorSite, before: Mark | None, after: Mark | None) -> SweptVolume | None:
    """The sector between two marks, where the radar is described as looking all round; else None."""
    if site.swept is None or before is None or after is None or after.time_ns - before.time_ns > MAX_SECTOR_NS:
        return None
    if site.swept.azimuth_to_rad - site.swept.azimuth_from_rad < 2.0 * math.pi - 1e-6:
        return None
    span_deg = (after.azimuth_deg - before.azimuth_deg) % 360.0 or 360.0
    return msgspec.structs.replace(
        site.swept,
        azimuth_from_rad=before.azimuth_deg * DEG,
        azimuth_to_rad=(before.azimuth_deg + span_deg) * DEG,
    )
