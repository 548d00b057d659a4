"""A figure in two drawings, one for wide windows and one for narrow ones, so that text keeps its size in both."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.report.markup import Child, Markup, el

WIDE_PX, NARROW_PX = 1060.0, 358.0


def both(title: str, draw: Callable[[float], Markup | None], caption: Child) -> Markup | None:
    """The figure; None where ``draw`` has nothing to show."""
    wide, narrow = draw(WIDE_PX), draw(NARROW_PX)
    if wide is None or narrow is None:
        return None
    return el(
        "figure",
        el("div", title, class_="figure-title"),
        el("div", wide, class_="wide"),
        el("div", narrow, class_="narrow"),
        el("figcaption", caption),
    )
