"""Bars of view: when each sensor can see a flight, and what all make without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.report.plate import INK, QUIET, nice_label, plate
from tocsin.world.view import FlightView, SensorView

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN, PANEL_IN = 0.31, 0.95
PANELS_MOST, ROWS_MOST = 8, 24
KINDS = {"radar": ("#0072b2", ""), "infrared": ("#d55e00", "////"), "position": ("#009e73", "...."), "": (INK, "")}
BANDS = {"boost": "#f6dccb", "midcourse": "#eef1f4", "terminal": "#dcdfe4"}


def write_view_plot(path: Path, views: Sequence[FlightView], *, marking: str, title: str, source: str) -> None:
    """Bars of view along each flight, one row a sensor and one for all."""
    shown = views[:PANELS_MOST]
    counts = [min(len(view.sensors), ROWS_MOST) + 1 for view in shown]
    inches = [PANEL_IN + ROW_IN * count for count in counts]
    height_in = sum(inches) + 1.25
    left_out = "" if len(shown) == len(views) else f" The first {len(shown)} of {len(views)} flights."
    source = (
        "Geometry alone: field of regard, refracted horizon, range, cloud; not chance, scans or latency. Terminal: "
        f"from 100 km falling, or the apogee where lower.{left_out} {source}."
    )
    with plate(
        path, 9.0, height_in, marking=marking, title=title, subtitle="when each sensor can see the flight",
        source=source,
    ) as (figure, (_, top)):  # fmt: skip
        at = top
        for view, tall in zip(shown, inches, strict=True):
            at -= tall / height_in
            axes = figure.add_axes((0.165, at + 0.5 / height_in, 0.56, (tall - PANEL_IN + 0.1) / height_in))
            _view(axes, view)


def _view(axes: Axes, view: FlightView) -> None:
    rows: list[SensorView] = [*view.sensors[:ROWS_MOST], view.combined]
    for name, start, end in view.phases:
        axes.axvspan(start, end, color=BANDS[name], linewidth=0, zorder=0)
        axes.text(
            (start + end) / 2.0, 1.02, name if (end - start) > 0.09 * view.end_s else name[:4] + ".", size=7.5,
            color=QUIET, ha="center", va="bottom", transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    for row, each in enumerate(rows):
        colour, hatch = KINDS[each.kind]
        spans = [(start, end - start) for start, end in each.spans_s]
        axes.broken_barh(
            spans, (row - 0.33, 0.66), facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.5, zorder=3
        )
        for x, words in zip((1.015, 1.15, 1.29), _columns(view, each), strict=True):
            weight = "bold" if each.kind == "" else "normal"
            axes.text(x, row, words, size=8, va="center", weight=weight, transform=axes.get_yaxis_transform())
    for x, words in zip((1.015, 1.15, 1.29), ("seen", "before end", "all without it"), strict=True):
        axes.text(x, 1.02, words, size=7.5, color=QUIET, va="bottom", transform=axes.transAxes)
    axes.axhline(len(rows) - 1.5, color=QUIET, linewidth=0.6)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(0.0, max(view.end_s, 1.0))
    axes.set_yticks(range(len(rows)), [nice_label(each.sensor, 20) for each in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.set_xlabel(f"time after the start of {nice_label(view.flight)}, s; it ends at {view.end_s:.0f} s")
    axes.grid(visible=True, axis="x", zorder=1)
    axes.set_axisbelow(True)


def _columns(view: FlightView, each: SensorView) -> tuple[str, str, str]:
    if each.first_s is None:
        return "never", "", "no change" if each.kind else ""
    seen, before = f"{each.seconds:.0f} s", f"{view.end_s - each.first_s:.0f} s"
    if not each.kind:
        return seen, before, ""
    rest, everything = view.without(each.sensor), view.combined
    if rest.first_s is None:
        return seen, before, "never"
    later = rest.first_s - (everything.first_s or 0.0)
    less = everything.seconds - rest.seconds
    if later < 0.5 and less < 0.5:
        return seen, before, "no change"
    return seen, before, f"{-less:+.0f} s seen" if later < 0.5 else f"{later:.0f} s later"
