"""Scores as rows of the tables in ``formats/scores_csv.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tocsin.formats.scores_csv import SCORE_COLUMNS
from tocsin.scoring.bins import Bin
from tocsin.scoring.points import PointError
from tocsin.scoring.tracking import TrackingSeries
from tocsin.units import iso_from_ns, s_from_ns

_COUNTS = ("object_count", "tracked_count", "track_count", "missed_count", "false_count")


def series_rows(series: TrackingSeries) -> Iterator[dict[str, Any]]:
    """A row for each time of the grid."""
    own, parts = msgspec.structs.asdict(series), msgspec.structs.asdict(series.siap)
    columns = {name: own.get(name, parts.get(name)) for name in SCORE_COLUMNS}
    first_ns = int(series.t_ns[0])
    for row, time_ns in enumerate(series.t_ns.tolist()):
        cells = {name: float(column[row]) for name, column in columns.items() if column is not None}
        cells |= {name: int(cells[name]) for name in _COUNTS}
        yield {**cells, "time": iso_from_ns(time_ns), "time_s": s_from_ns(time_ns - first_ns)}


def struct_rows(entries: Iterable[Bin | PointError]) -> Iterator[dict[str, Any]]:
    """A row for each bin or point, columns named as their fields."""
    for each in entries:
        yield msgspec.structs.asdict(each)
