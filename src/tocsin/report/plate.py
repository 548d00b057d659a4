"""What every matplotlib picture has around it: banner, title, source line; colours that differ in grey; saving it.

The same input gives the same bytes: no dates in the files, fixed names in SVG. Text in SVG stays text.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.formats.whole import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, FAINT = "#1a1a1a", "#595959", "#c8c8c8"
# Okabe and Ito (2008): told apart by colour-blind eyes; the dashes tell them apart in grey
PHASES: dict[str, tuple[str, Any, str]] = {
    "boost": ("#d55e00", "solid", "boost"),
    "ascent": ("#0072b2", (0, (6, 1.5)), "ascent, unpowered"),
    "descent": ("#7b3b6b", (0, (2, 1.2)), "descent"),
    "entry": ("#d55e00", (0, (4, 1, 1, 1)), "entry, glowing"),
    "level": ("#00654b", "solid", "level flight"),
    "orbit": ("#00654b", "solid", "orbit"),
}  # colour, dashes, words
_STYLE = {
    "text.parse_math": False,  # a dollar in a name is a dollar
    "svg.fonttype": "none",
    "svg.hashsalt": "tocsin",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.color": INK,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "hatch.linewidth": 0.6,
}
_BANNER_IN, _TITLE_IN, _FOOT_LINE_IN = 0.27, 0.52, 0.145
_FOOT_PT, _FOOT_PER_IN = 7.0, 18.5  # size of the source line, and how many of its letters fit an inch
DPI = 150


@contextmanager
def plate(
    path: Path, width_in: float, height_in: float, *, marking: str, title: str, subtitle: str, source: str
) -> Iterator[tuple[Figure, tuple[float, float]]]:
    """A figure to draw on, written to ``path`` (png or svg) at the end.

    Yields the figure and (bottom, top), the share of its height that is free between source line and title.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # a name in a script the font lacks
        figure = Figure(figsize=(width_in, height_in), facecolor="white")
        FigureCanvasAgg(figure)
        banner = _BANNER_IN / height_in
        strip = Rectangle((0.0, 1.0 - banner), 1.0, banner, transform=figure.transFigure, color=INK, zorder=10)
        figure.add_artist(strip)
        left = 0.12 / width_in
        figure.text(left, 1.0 - banner / 2.0, marking, color="white", weight="bold", size=9.5, va="center", zorder=11)
        at = 1.0 - (_BANNER_IN + 0.08) / height_in
        figure.text(left, at, _short(title, width_in * 8.6), size=12.5, weight="bold", va="top")
        figure.text(left, at - 0.235 / height_in, _short(subtitle, width_in * 13.5), size=8.5, color=QUIET, va="top")
        lines = textwrap.wrap(source, round(width_in * _FOOT_PER_IN), break_on_hyphens=False)
        foot = (0.07 + _FOOT_LINE_IN * len(lines)) / height_in
        figure.text(left, 0.05 / height_in, "\n".join(lines), size=_FOOT_PT, color=QUIET, va="bottom", linespacing=1.25)
        yield figure, (foot, 1.0 - (_BANNER_IN + _TITLE_IN) / height_in)
        metadata = {"Date": None, "Creator": "tocsin"} if path.suffix == ".svg" else {"Software": "tocsin"}
        with whole(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], dpi=DPI, metadata=metadata)


def halo() -> list[Any]:
    """A white edge along a line, so that it is seen on every ground."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.6, foreground="white")]


def backed() -> dict[str, Any]:
    """A white ground behind letters. An edge would turn them into outlines in SVG, where they should stay text."""
    return {"facecolor": "white", "alpha": 0.72, "edgecolor": "none", "pad": 0.7}


def nice_label(name: str, most: int = 28) -> str:
    """A name from outside as a picture can hold it."""
    return _short("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name), most)


def _short(text: str, most: float) -> str:
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= most else text[: int(most) - 1] + "…"
