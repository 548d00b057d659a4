"""The picture of one flight: height over downrange, height and speed over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tocsin.formats.flown import Flown, FlownEvent, kind_in_words
from tocsin.report.plate import FAINT, INK, PHASES, QUIET, backed, nice_label, plate
from tocsin.units import M_PER_KM, iso_from_ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = {
    "start": "o", "ignition": "<", "burnout": "s", "separation": "d", "apogee": "^", "height": "_", "end": "X",
}  # fmt: skip
SPEED_COLOUR = "#8a5a00"
LABEL_GAP = 0.035  # of an axis: events closer than this share one label


def write_flight_plot(path: Path, flown: Flown) -> None:
    """PNG or SVG, by the name of the file."""
    subtitle = f"{nice_label(flown.name)} ({kind_in_words(flown.kind)}), starts {iso_from_ns(flown.start_ns, 0)}"
    source = f"Simulated truth, not a measurement; generic vehicle classes. {flown.source}."
    with plate(path, 9.0, 7.2, marking=flown.marking, title=flown.scenario, subtitle=subtitle, source=source) as (
        figure,
        (bottom, top),
    ):
        left, right, gap = 0.075, 0.925, 0.095
        low = bottom + 0.07
        middle = low + 0.4 * (top - low)
        profile = figure.add_axes((left, middle + gap / 2, right - left, top - middle - gap / 2 - 0.03))
        in_time = figure.add_axes((left, low, right - left, middle - low - gap / 2))
        _profile(profile, flown)
        _in_time(in_time, flown)


def _profile(axes: Axes, flown: Flown) -> None:
    downrange, height = flown.downrange_m / M_PER_KM, flown.height_m / M_PER_KM
    _by_phase(axes, downrange, height, flown)
    axes.axhline(0.0, color=QUIET, linewidth=0.8)
    _room(axes, downrange, height)
    if height.max() > 60.0:
        axes.axhline(100.0, color=FAINT, linewidth=0.8, zorder=1)
        axes.annotate(
            "100 km", (1.0, 100.0), xycoords=("axes fraction", "data"), xytext=(-2, 2), textcoords="offset points",
            size=7.5, color=QUIET, ha="right",
        )  # fmt: skip
    _events(axes, flown)
    axes.set_xlabel("downrange over the ground, km")
    axes.set_ylabel("height above WGS-84, km")
    axes.set_title("Profile")
    axes.grid(visible=True)
    axes.legend(loc="lower center", ncols=4, bbox_to_anchor=(0.5, 0.02))


def _in_time(axes: Axes, flown: Flown) -> None:
    from matplotlib.lines import Line2D

    height = flown.height_m / M_PER_KM
    _by_phase(axes, flown.time_s, height, flown)
    axes.set_ylim(min(0.0, height.min() * 1.05), _above(height))
    axes.set_xlim(0.0, max(float(flown.time_s[-1]), 1.0))
    axes.set_xlabel("time after the start, s")
    axes.set_ylabel("height above WGS-84, km")
    axes.set_title("Height and speed over time")
    axes.grid(visible=True)
    other = axes.twinx()
    other.spines["right"].set_visible(True)
    other.spines["right"].set_color(SPEED_COLOUR)
    other.plot(flown.time_s, flown.speed_m_s / 1000.0, color=SPEED_COLOUR, linewidth=1.1)
    other.set_ylim(0.0, 1.2 * _above(flown.speed_m_s / 1000.0))
    other.set_ylabel("earth-relative speed, km/s", color=SPEED_COLOUR)
    other.tick_params(axis="y", colors=SPEED_COLOUR)
    for event in flown.events:
        axes.axvline(event.time_s, color=FAINT, linewidth=0.7, zorder=0)
    axes.legend(
        handles=[
            Line2D([], [], color=INK, linewidth=2.2, label="height (left)"),
            Line2D([], [], color=SPEED_COLOUR, linewidth=1.1, label="speed (right)"),
        ],
        loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, borderaxespad=0.0,
    )  # fmt: skip


def _by_phase(axes: Axes, across: Any, up: Any, flown: Flown) -> None:
    named: set[str] = set()
    for phase, first, after in flown.stretches():
        colour, dashes, words = PHASES.get(phase, (INK, "solid", phase))
        is_seen = after - first > 1 or len(flown.phase) == 1  # a last row alone is no line
        label = words if phase not in named and is_seen else None
        named.add(phase)
        rows = slice(first, after + 1)
        axes.plot(across[rows], up[rows], color=colour, linestyle=dashes, linewidth=2.2, label=label)


def _events(axes: Axes, flown: Flown) -> None:
    """Marks, and labels of those that lie apart from one another, beside the curve."""
    (x_low, x_high), (y_low, y_high) = axes.get_xlim(), axes.get_ylim()

    def share(event: FlownEvent) -> tuple[float, float]:
        x, y = event.downrange_m / M_PER_KM, event.height_m / M_PER_KM
        return (x - x_low) / (x_high - x_low), (y - y_low) / (y_high - y_low)

    groups: list[list[FlownEvent]] = []
    for event in flown.events:
        x, y = share(event)
        for group in groups:
            near = share(group[0])
            if abs(near[0] - x) < LABEL_GAP and abs(near[1] - y) < LABEL_GAP:
                group.append(event)
                break
        else:
            groups.append([event])
    for group in groups:
        words = "\n".join(_words(event) for event in group)
        x, y = share(group[0])
        is_falling = group[0].flight_path_angle_deg < -0.5
        is_top, is_level = group[0].kind == "apogee", abs(group[0].flight_path_angle_deg) < 0.5
        offset = (0, 7) if is_top else ((8, 3) if is_falling or x < 0.75 else (-8, 3))
        side = "center" if is_top else "left" if offset[0] > 0 else "right"
        is_below = x > 0.72 and is_falling and y >= 0.08
        if x > 0.72 and not is_top:
            offset, side = (-9, -2 if is_below else 3), "right"
        rise = "bottom" if is_top or is_level or y < 0.08 else "top" if is_below else "center"
        axes.annotate(
            words, (group[0].downrange_m / M_PER_KM, group[0].height_m / M_PER_KM), xytext=offset,
            textcoords="offset points", size=7.5, ha=side, va=rise, zorder=6, bbox=backed(),
        )  # fmt: skip
        for event in group:
            axes.plot(
                [event.downrange_m / M_PER_KM], [event.height_m / M_PER_KM], marker=_MARKERS[event.kind],
                color=INK, markerfacecolor="white", markersize=6, markeredgewidth=1.2, linestyle="none", zorder=5,
                clip_on=False,
            )  # fmt: skip


def _room(axes: Axes, across: Any, up: Any) -> None:
    """Limits with room for labels; a level flight keeps a scale on which it looks level."""
    axes.set_xlim(0.0, max(float(across.max()) * 1.02, 1.0))
    low, high = min(0.0, float(up.min()) * 1.05), _above(up)
    axes.set_ylim(low, high)


def _above(values: Any) -> float:
    return max(float(np.max(values)) * 1.14, 0.1)


def _words(event: FlownEvent) -> str:
    """Label, time and height, the height once."""
    height_m = event.height_m + 0.0
    if event.kind == "height":
        return f"{nice_label(event.label)}, {event.time_s:.0f} s"
    if abs(height_m) < 50.0:
        return f"{nice_label(event.label)}, {event.time_s:.0f} s"
    height = f"{height_m / M_PER_KM:.0f} km" if abs(height_m) >= 10 * M_PER_KM else f"{height_m / M_PER_KM:.1f} km"
    return f"{nice_label(event.label)}, {event.time_s:.0f} s, {height}"
