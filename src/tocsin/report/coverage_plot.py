"""Maps of the lowest height at which radars see: all together, and each alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from tocsin.formats.rings import unwrapped
from tocsin.report.plate import FAINT, INK, backed, halo, nice_label, plate
from tocsin.units import M_PER_KM
from tocsin.world.coverage import CoverageMap, Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, Any]
SEA, LAND, COAST = "#e9eef2", "#f8f6f1", "#5f5f5f"
LEVELS_KM = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)
LABELLED_KM = (5.0, 20.0, 100.0, 200.0, 500.0, 1000.0)  # of these, those on the map are written on their lines
REGION_BOX_DEG = (20.0, 48.0, 20.0, 70.0)  # south, north, west, east of the finer borders
LEAP_DEG = 30.0  # no coast runs so far between two points: the packaged outlines have such seams about 180 degrees
EARTH_KM = 6371.0088  # mean radius, IUGG
PANELS_MOST = 8


class MapSubject(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a map shows besides heights."""

    sensors: tuple[tuple[str, str, float, float], ...]  # name, kind, latitude, longitude below it
    tracks: dict[str, Array]  # flight: (n, 2) latitude, longitude
    limbs: dict[str, Array]  # infrared sensor: (n, 2) edge of what it sees
    note: str  # on what sees burning plumes
    reach: str = ""  # the target behind the ranges of radars with signal-to-noise
    marking: str
    title: str
    source: str


def write_map_plot(path: Path, coverage: CoverageMap | None, subject: MapSubject, box: Grid) -> None:
    """The map of all radars together; ``box`` bounds it. Without a radar only what else there is."""
    subtitle = "no radar: outlines of what infrared sees"
    if coverage is not None:
        subtitle = "lowest height at which at least one radar sees a target" if len(coverage.layers) > 1 else (
            f"lowest height at which {nice_label(coverage.layers[0].name)} sees a target"
        )  # fmt: skip
    map_in = 7.35
    tall_in = min(max(map_in * _ratio(box), 2.6), 9.5)
    height_in = tall_in + 1.95
    with plate(
        path, 9.0, height_in, marking=subject.marking, title=subject.title, subtitle=subtitle,
        source=_joined(_rule(coverage), subject.reach, subject.note, "Borders: Natural Earth.", f"{subject.source}."),
    ) as (figure, (bottom, top)):  # fmt: skip
        low = bottom + 0.72 / height_in
        axes = figure.add_axes((0.065, low, map_in / 9.0, top - low - 0.06 / height_in))
        _ground(axes, box)
        if coverage is not None:
            filled = _heights(axes, coverage, coverage.combined_m)
            bar = figure.add_axes((0.065 + map_in / 9.0 + 0.018, low, 0.02, top - low - 0.06 / height_in))
            _colour_bar(figure.colorbar(filled, cax=bar), coverage.top_m)
        _things(axes, subject, box)
        _legend(axes, subject, coverage, box, height_in)


def write_sensor_maps(path: Path, coverage: CoverageMap, subject: MapSubject) -> None:
    """One small map a radar, on one scale."""
    layers = coverage.layers[:PANELS_MOST]
    columns = min(2, len(layers))
    rows = math.ceil(len(layers) / columns)
    left, right, gap, foot_in, head_in = 0.065, 0.885, 0.02, 0.3, 0.28
    wide = (right - left - gap * (columns - 1)) / columns
    tall_in = min(max(9.0 * wide * _ratio(coverage.grid), 1.8), 6.0)
    height_in = rows * (tall_in + foot_in + head_in) + 1.35
    left_out = "" if len(layers) == len(coverage.layers) else f"The first {len(layers)} of {len(coverage.layers)}."
    with plate(
        path, 9.0, height_in, marking=subject.marking, title=subject.title,
        subtitle="lowest height at which each radar alone sees a target",
        source=_joined(_rule(coverage), left_out, subject.reach, "Borders: Natural Earth.", f"{subject.source}."),
    ) as (figure, (_, top)):  # fmt: skip
        filled: Any = None
        low = top
        for number, layer in enumerate(layers):
            row, column = divmod(number, columns)
            low = top - ((row + 1) * (tall_in + head_in) + row * foot_in) / height_in
            axes = figure.add_axes((left + column * (wide + gap), low, wide, tall_in / height_in))
            _ground(axes, coverage.grid)
            filled = _heights(axes, coverage, layer.lowest_m)
            axes.tick_params(labelleft=column == 0)
            axes.set_title(f"{nice_label(layer.name)}, to {layer.reach_m / M_PER_KM:.0f} km")
            axes.plot(_beside(layer.place_deg[1], coverage.grid), layer.place_deg[0], marker="^", **_MARK)
            for track in subject.tracks.values():
                _track(axes, track, coverage.grid)
        bar = figure.add_axes((right + 0.02, low, 0.02, top - head_in / height_in - low))
        _colour_bar(figure.colorbar(filled, cax=bar), coverage.top_m)


_MARKS = {"radar": "^", "infrared": "s", "position": "h"}
_MARK: dict[str, Any] = {
    "color": "white", "markeredgecolor": INK, "markersize": 8, "markeredgewidth": 1.3,
    "linestyle": "none", "zorder": 8,
}  # fmt: skip


def _ratio(box: Grid) -> float:
    """Height over width of a map on which a degree north is as long as it is east, in its middle."""
    tall = float(box.latitude_deg[-1] - box.latitude_deg[0])
    wide = float(box.longitude_deg[-1] - box.longitude_deg[0])
    return tall / max(wide * _squeeze(box), 1e-6)


def _squeeze(box: Grid) -> float:
    middle = 0.5 * float(box.latitude_deg[0] + box.latitude_deg[-1])
    return max(math.cos(math.radians(middle)), 0.1)


def _beside(longitude_deg: Any, box: Grid) -> Any:
    """Longitudes turned so that they lie in the box, or next to it."""
    middle = 0.5 * float(box.longitude_deg[0] + box.longitude_deg[-1])
    return middle + (np.asarray(longitude_deg) - middle + 180.0) % 360.0 - 180.0


def _is_inside(latitude_deg: float, longitude_deg: Any, box: Grid) -> bool:
    return bool(
        box.latitude_deg[0] < latitude_deg < box.latitude_deg[-1]
        and box.longitude_deg[0] < float(longitude_deg) < box.longitude_deg[-1]
    )


def _ground(axes: Axes, box: Grid) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    from tocsin.places import borders

    south, north = float(box.latitude_deg[0]), float(box.latitude_deg[-1])
    west, east = float(box.longitude_deg[0]), float(box.longitude_deg[-1])
    low, high, left, right = REGION_BOX_DEG
    is_inside = south > low and north < high and west > left and east < right
    shapes, coasts = [], []
    for _, _, rings in borders("region" if is_inside else "world"):
        for ring in map(_unrolled, rings):
            for turn in (-360.0, 0.0, 360.0):
                shape = ring + np.array((turn, 0.0))
                if shape[:, 0].max() >= west and shape[:, 0].min() <= east:
                    shapes.append(shape)
                    cuts = np.flatnonzero(np.abs(np.diff(shape[:, 0])) > LEAP_DEG) + 1
                    coasts += np.split(shape, cuts)
    axes.set_facecolor(SEA)
    axes.add_collection(PolyCollection(shapes, facecolors=LAND, edgecolors="none", zorder=0.5), autolim=False)
    axes.add_collection(LineCollection(coasts, colors=COAST, linewidths=0.55, zorder=3), autolim=False)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1.0 / _squeeze(box))
    axes.grid(visible=True, color="#9a9a9a", linewidth=0.35, alpha=0.6, zorder=2)
    axes.set_axisbelow(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.xaxis.set_major_locator(_locator())
    axes.yaxis.set_major_locator(_locator())
    axes.xaxis.set_major_formatter(lambda value, _: _degrees((value + 180.0) % 360.0 - 180.0, "EW"))
    axes.yaxis.set_major_formatter(lambda value, _: _degrees(value, "NS"))
    axes.tick_params(labelsize=7.5)


def _unrolled(ring_deg: Array) -> Array:
    """(k, 2) longitude and latitude of an outline without jumps; one round the pole goes down to it and back."""
    ring: Array = unwrapped(ring_deg)
    if abs(ring[-1, 0] - ring[0, 0]) > 180.0:
        pole = math.copysign(90.0, float(ring[0, 1]))
        ring = np.vstack((ring, (ring[-1, 0], pole), (ring[0, 0], pole)))
    return ring


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=7, steps=[1, 2, 3, 5, 10])


def _degrees(value: float, sides: str) -> str:
    side = "" if abs(value) < 1e-9 else sides[0 if value > 0 else 1]
    return f"{abs(value):.4g}° {side}".strip()


def _heights(axes: Axes, coverage: CoverageMap, lowest_m: Array) -> Any:
    """Bands of lowest visible height, and some of their edges written on."""
    import matplotlib as mpl
    from matplotlib.colors import BoundaryNorm, ListedColormap

    levels = _levels(coverage.top_m)
    shades = mpl.colormaps["YlGnBu_r"](np.linspace(0.12, 0.97, len(levels) - 1))
    norm = BoundaryNorm(levels, len(levels) - 1)
    across, up = coverage.grid.longitude_deg, coverage.grid.latitude_deg
    values = np.ma.masked_invalid(lowest_m / M_PER_KM)
    filled = axes.contourf(across, up, values, levels, cmap=ListedColormap(shades), norm=norm, zorder=1)
    written = [level for level in LABELLED_KM if level < coverage.top_m / M_PER_KM]
    if values.count():
        written = [level for level in written if float(values.min()) < level < float(values.max())]
    else:
        written = []
    if written:
        lines = axes.contour(across, up, values, written, colors=INK, linewidths=0.5, zorder=2.5)
        for text in axes.clabel(lines, fmt=lambda value: f"{value:g} km", fontsize=7):
            text.set_bbox(backed())
    return filled


def _levels(top_m: float) -> list[float]:
    top_km = top_m / M_PER_KM
    return [level for level in LEVELS_KM if level < 0.95 * top_km] + [top_km]


def _colour_bar(bar: Any, top_m: float) -> None:
    bar.set_ticks(_levels(top_m))
    bar.ax.set_yticklabels([f"{level:g}" for level in _levels(top_m)])
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.set_label("lowest visible height above WGS-84, km", size=8)


def _things(axes: Axes, subject: MapSubject, box: Grid) -> None:
    for ring in subject.limbs.values():
        longitude = _beside(ring[:, 1], box)
        cut = np.abs(np.diff(longitude, prepend=longitude[0])) > 180.0
        axes.plot(np.where(cut, np.nan, longitude), ring[:, 0], color="#b34700", linewidth=1.2, linestyle=(0, (5, 3)))
    for name, track in subject.tracks.items():
        _track(axes, track, box)
        is_east = float(_beside(track[0, 1], box)) >= float(_beside(track[-1, 1], box))
        axes.annotate(
            nice_label(name), (float(_beside(track[0, 1], box)), track[0, 0]), textcoords="offset points",
            xytext=(7 if is_east else -7, -3), size=8, ha="left" if is_east else "right", bbox=backed(), zorder=9,
            annotation_clip=True,
        )  # fmt: skip
    for name, kind, latitude, longitude in subject.sensors:
        across = float(_beside(longitude, box))
        if not _is_inside(latitude, across, box):
            continue
        axes.plot(across, latitude, marker=_MARKS[kind], **_MARK)
        axes.annotate(
            nice_label(name), (across, latitude), xytext=(7, -3), textcoords="offset points", size=8, weight="bold",
            bbox=backed(), zorder=9, annotation_clip=True,
        )  # fmt: skip
    _scale_bar(axes, box)


def _track(axes: Axes, track: Array, box: Grid) -> None:
    longitude = _beside(track[:, 1], box)
    axes.plot(longitude, track[:, 0], color=INK, linewidth=1.4, path_effects=halo(), zorder=6)
    axes.plot(longitude[:1], track[:1, 0], marker="o", color="white", markeredgecolor=INK, markersize=6, zorder=7)
    axes.plot(longitude[-1:], track[-1:, 0], marker="X", color="white", markeredgecolor=INK, markersize=8, zorder=7)


def _scale_bar(axes: Axes, box: Grid) -> None:
    """True in the middle latitude; a map in latitude and longitude is not true elsewhere."""
    west, east = float(box.longitude_deg[0]), float(box.longitude_deg[-1])
    south, north = float(box.latitude_deg[0]), float(box.latitude_deg[-1])
    km_per_deg = math.pi / 180.0 * EARTH_KM * _squeeze(box)
    wanted = 0.2 * (east - west) * km_per_deg
    power = 10.0 ** math.floor(math.log10(max(wanted, 1e-3)))
    length_km = next(factor * power for factor in (5.0, 2.0, 1.0) if factor * power <= wanted)
    right, level = west + 0.965 * (east - west), south + 0.045 * (north - south)
    left = right - length_km / km_per_deg
    axes.plot((left, right), (level, level), color=INK, linewidth=2.2, path_effects=halo(), zorder=9)
    axes.annotate(
        f"{length_km:g} km", ((left + right) / 2.0, level), xytext=(0, 4), textcoords="offset points", ha="center",
        size=7.5, bbox=backed(), zorder=9,
    )  # fmt: skip


def _legend(axes: Axes, subject: MapSubject, coverage: CoverageMap | None, box: Grid, height_in: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    line: dict[str, Any] = {"color": INK, "markerfacecolor": "white", "markeredgecolor": INK}
    handles: list[Any] = []
    words = {"radar": "radar", "infrared": "below infrared", "position": "receiver"}
    shown = {each[1] for each in subject.sensors if _is_inside(each[2], _beside(each[3], box), box)}
    for kind in (kind for kind in _MARKS if kind in shown):
        handles.append(Line2D([], [], marker=_MARKS[kind], linestyle="none", markersize=8, label=words[kind], **line))
    if subject.tracks:
        handles += [
            Line2D([], [], linewidth=1.4, label="ground track", **line),
            Line2D([], [], marker="o", linestyle="none", markersize=6, label="its start", **line),
            Line2D([], [], marker="X", linestyle="none", markersize=8, label="its end", **line),
        ]
    if subject.limbs:
        handles.append(Line2D([], [], color="#b34700", linestyle=(0, (5, 3)), label="edge of what infrared sees"))
    if coverage is not None:
        label = f"not seen by radar below {coverage.top_m / M_PER_KM:g} km"
        handles.append(Patch(facecolor=LAND, edgecolor=FAINT, label=label))
    tall_in = axes.get_position().height * height_in
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.01, -0.3 / tall_in), ncols=6, columnspacing=1.2,
        handletextpad=0.6, borderaxespad=0.0,
    )  # fmt: skip


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _rule(coverage: CoverageMap | None) -> str:
    if coverage is None:
        return "Generic sensors."
    return (
        "Field of regard, range, and the horizon under refracted rays; no terrain; cells of "
        f"{coverage.grid.step_deg:g}°; heights to {coverage.top_m / M_PER_KM:g} km. Generic sensors."
    )
