"""scores.csv, scores_bins.csv and scores_points.csv: what ``tocsin score`` says over time."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tocsin.formats.whole import whole

_MARKING = {"marking": ("-", "EXERCISE - notional parameters, in every row")}
SCORE_COLUMNS: dict[str, tuple[str, str]] = {
    "time": ("-", "ISO 8601 UTC, at which the picture is judged"),
    "time_s": ("s", "after the first of them"),
    "object_count": ("count", "objects that fly, of the kinds judged"),
    "tracked_count": ("count", "of these, with a track on them"),
    "track_count": ("count", "confirmed tracks, but for those on an object of another kind"),
    "gospa_m": ("m", "GOSPA, p 2, alpha 2: its square is the sum of the squares of the next three"),
    "gospa_localisation_m": ("m", "... of tracks on their objects"),
    "gospa_missed_m": ("m", "... of objects without a track: cutoff times the root of half their number"),
    "gospa_false_m": ("m", "... of tracks on no object, or on one that has another: the same"),
    "missed_count": ("count", "objects without a track"),
    "false_count": ("count", "tracks on no object, or on one that has another"),
    "ospa_m": ("m", "OSPA, p 2, from 0 to the cutoff"),
    "completeness": ("1", "SIAP: tracked objects over objects; empty where none flies"),
    "ambiguity": ("1", "SIAP: tracks on objects over tracked objects; empty where none is tracked"),
    "spuriousness": ("1", "SIAP: tracks on no object over tracks; empty where there is none"),
    "position_accuracy_m": ("m", "SIAP: mean distance of tracks from their objects; empty where none is tracked"),
    "velocity_accuracy_m_s": ("m/s", "SIAP: the same of velocity"),
    **_MARKING,
}
"""Every column of scores.csv: unit and meaning, in order."""
BIN_COLUMNS: dict[str, tuple[str, str]] = {
    "object": ("-", "name in the truth table"),
    "from_s": ("s", "start of ten seconds, after the object's first row of truth"),
    "update_count": ("count", "updates of confirmed tracks that are mostly on it, each judged at its own time"),
    "track_count": ("count", "of so many tracks"),
    "position_rmse_m": ("m", "root mean square of their distance"),
    "velocity_rmse_m_s": ("m/s", "root mean square of their velocity error"),
    "nees_ratio": ("1", "mean of the six-state NEES over six; 1 where errors are as large as the covariance says"),
    "nees_low": ("1", "lower 95 % bound, each track counted once; for a single run it is wide"),
    "nees_high": ("1", "upper 95 % bound"),
    "nees_above_95": ("1", "share of updates above the 95 % point of one NEES; wanted 0.05"),
    "nees_first": ("1", "NEES of the first update alone; over many runs chi-square of six degrees where honest"),
    "nis_ratio": ("1", "sum of NIS over the sum of its degrees of freedom; empty where no plot was used"),
    "nis_dof": ("count", "that sum"),
    "nis_low": ("1", "lower 95 % bound"),
    "nis_high": ("1", "upper 95 % bound"),
    **_MARKING,
}
"""Every column of scores_bins.csv: unit and meaning, in order."""
POINT_COLUMNS: dict[str, tuple[str, str]] = {
    "threat": ("-", "name of the true threat"),
    "name": ("-", "what the pipeline calls it"),
    "after_launch_s": ("s", "when it was said, after the true launch"),
    "is_burning": ("-", "1: said of a missile that burns, 0: that coasts"),
    "launch_error_m": ("m", "estimated launch point to the true one; empty where none is estimated, as below"),
    "launch_error_s": ("s", "estimated launch minus the true one"),
    "impact_error_m": ("m", "predicted impact point to the true one, that of the flight without intercept"),
    "impact_error_s": ("s", "predicted impact minus the true one"),
    "impact_nees": ("1", "normalised squared error of the impact point; 2 on average where it is honest"),
    "impact_std_m": ("m", "root of the trace of its covariance: the error to be expected"),
    **_MARKING,
}
"""Every column of scores_points.csv: unit and meaning, in order."""


def write_rows(
    path: Path, columns: Mapping[str, tuple[str, str]], rows: Iterable[Mapping[str, Any]], marking: str
) -> int:
    """A whole table or none of it; returns how many rows. None and nan are empty cells, numbers six digits."""
    count = 0
    with whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            full = {**row, "marking": marking}
            writer.writerow([_cell(full[name]) for name in columns])
            count += 1
    return count


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return int(value)
    return f"{value:.6g}" if isinstance(value, float) else value
