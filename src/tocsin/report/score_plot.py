"""The picture of a score: GOSPA and its parts, counts, errors and consistency over time, launch and impact points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tocsin.report.plate import FAINT, INK, PHASES, QUIET, nice_label, plate
from tocsin.scoring import Bin, PointError, TrackingScore, TrackingSeries
from tocsin.units import NS_PER_S, iso_from_ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _PANEL_IN = 9.0, 2.15
_ORANGE, _BLUE, _PURPLE, _GREEN = (PHASES[name][0] for name in ("boost", "ascent", "descent", "level"))
_DASHED, _DOTTED = (0, (6, 1.5)), (0, (2, 1.2))
MOST_NAMED = 6  # more objects than these are drawn alike, without names in the legend
LEAST_M = 1.0  # a logarithmic scale of errors starts here


def write_score_plot(
    path: Path, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError],
    *, marking: str, title: str, source: str,
) -> None:  # fmt: skip
    """PNG or SVG, by the name of the file."""
    starts = {each.object: each.from_s for each in reversed(score.bins)}
    shown = [_picture, _counts] + ([_errors, _consistency] if starts else []) + ([_points] if points else [])
    subtitle = (
        f"Tracks against truth, {iso_from_ns(score.from_ns, 0)} to {iso_from_ns(score.to_ns, 0)}, "
        f"cutoff {score.cutoff_m / 1000.0:g} km, objects: {', '.join(score.kinds)}"
    )
    height_in = 1.3 + _PANEL_IN * len(shown)
    source = f"GOSPA and OSPA p 2, alpha 2; confirmed tracks only. {source}."
    with plate(path, _WIDTH_IN, height_in, marking=marking, title=title, subtitle=subtitle, source=source) as (
        figure,
        (bottom, top),
    ):
        each_high = (top - bottom) / len(shown)
        for row, draw in enumerate(shown):
            low = top - (row + 1) * each_high + 0.5 / height_in
            axes = figure.add_axes((0.09, low, 0.885, each_high - 0.78 / height_in))
            draw(axes, score, series, points)
            axes.grid(visible=True)


def _picture(axes: Axes, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError]) -> None:
    t = (series.t_ns - series.t_ns[0]) / NS_PER_S
    axes.plot(t, series.gospa_m / 1000.0, color=INK, linewidth=3.2, label="GOSPA")
    axes.plot(t, series.gospa_missed_m / 1000.0, color=_ORANGE, linewidth=1.3, linestyle=_DASHED, label="missed")
    axes.plot(t, series.gospa_false_m / 1000.0, color=_PURPLE, linewidth=1.3, linestyle=_DOTTED, label="false")
    axes.plot(t, series.gospa_localisation_m / 1000.0, color=_BLUE, linewidth=1.3, label="localisation")
    axes.plot(t, series.ospa_m / 1000.0, color=QUIET, linewidth=0.9, linestyle=_DASHED, label="OSPA")
    _in_time(axes, "distance, km", "GOSPA and its parts (squares add)", "time after the first scan judged, s")
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="upper right", ncols=5, bbox_to_anchor=(1.0, 1.2))


def _counts(axes: Axes, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError]) -> None:
    from matplotlib.ticker import MaxNLocator

    t = (series.t_ns - series.t_ns[0]) / NS_PER_S
    part = series.siap
    axes.step(t, part.object_count, where="post", color=QUIET, linewidth=2.4, label="objects that fly")
    axes.step(t, part.tracked_count, where="post", color=_BLUE, linewidth=1.6, linestyle=_DASHED, label="tracked")
    axes.step(t, part.track_count, where="post", color=INK, linewidth=1.0, linestyle=_DOTTED, label="tracks")
    axes.step(t, series.false_count, where="post", color=_ORANGE, linewidth=1.3, label="false tracks")
    _in_time(axes, "count", "Objects and tracks", "time after the first scan judged, s")
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper right", ncols=4, bbox_to_anchor=(1.0, 1.2))


def _errors(axes: Axes, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError]) -> None:
    for number, (name, at, rows) in enumerate(_by_object(score)):
        errors = np.maximum([each.position_rmse_m for each in rows], LEAST_M)
        _line(axes, number, name, at, errors)
    _log(axes)
    _in_time(axes, "position RMSE, m", "Error of track updates, by ten seconds", "time after the object's start, s")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper right", ncols=MOST_NAMED, bbox_to_anchor=(1.0, 1.2))


def _consistency(axes: Axes, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError]) -> None:
    found = _by_object(score)
    for number, (name, at, rows) in enumerate(found):
        _line(axes, number, name, at, [np.nan if each.nees_ratio is None else each.nees_ratio for each in rows])
    low, high = score.bins[0].nees_low, score.bins[0].nees_high
    axes.axhspan(low, high, color=FAINT, alpha=0.4, zorder=0, label="95 % of one track, as NEES of one update")
    axes.axhline(1.0, color=QUIET, linewidth=0.9, label="wanted")
    _log(axes)
    _in_time(axes, "NEES / 6", "Consistency of position and velocity", "time after the object's start, s")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[-2:], labels[-2:], loc="upper right", ncols=2, bbox_to_anchor=(1.0, 1.2))


def _points(axes: Axes, score: TrackingScore, series: TrackingSeries, points: Sequence[PointError]) -> None:
    styles = (("impact_error_m", _ORANGE, "solid", "impact point"), ("launch_error_m", _BLUE, _DASHED, "launch point"))
    for field, colour, dashes, words in styles:
        label: str | None = words
        for threat in dict.fromkeys(each.threat for each in points):
            rows = [each for each in points if each.threat == threat and getattr(each, field) is not None]
            if rows:
                errors = [max(getattr(each, field), LEAST_M) / 1000.0 for each in rows]
                at = [each.after_launch_s for each in rows]
                axes.plot(at, errors, color=colour, linestyle=dashes, linewidth=1.3, label=label)
                label = None
    _log(axes)
    _in_time(axes, "error, km", "Launch and impact point", "time after the true launch, s")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper right", ncols=2, bbox_to_anchor=(1.0, 1.2))


def _by_object(score: TrackingScore) -> list[tuple[str, list[float], list[Bin]]]:
    names = dict.fromkeys(each.object for each in score.bins)
    found = []
    for name in names:
        rows = [each for each in score.bins if each.object == name]
        found.append((name if len(names) <= MOST_NAMED else "", [each.from_s + 5.0 for each in rows], rows))
    return found


def _line(axes: Axes, number: int, name: str, at: Sequence[float], values: Any) -> None:
    colours, dashes = (_BLUE, _ORANGE, _GREEN, _PURPLE, INK, QUIET), ("solid", _DASHED, _DOTTED)
    axes.plot(
        at, values, color=colours[number % 6], linestyle=dashes[number % 3], linewidth=1.3 if name else 0.8,
        marker="o", markersize=2.2, label=nice_label(name, 18) if name else None,
    )  # fmt: skip


def _log(axes: Axes) -> None:
    """A logarithmic scale with plain numbers: mathematics in text is switched off."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 100.0 * low:  # powers of ten alone would leave one number, or none, to read by
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _in_time(axes: Axes, what: str, title: str, time: str) -> None:
    axes.set_xlabel(time)
    axes.set_ylabel(what)
    axes.set_title(title)
    axes.set_xlim(left=0.0)
