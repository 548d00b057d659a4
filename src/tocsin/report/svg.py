"""A small drawing board for figures: shapes, text with an estimated width, axes ticks, labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tocsin.report.markup import Markup, el, join

FONT_PX = 12.0
_BOLD_RATIO = 1.14  # width of bold to plain, DejaVu Sans
_WIDE, _NARROW = frozenset("MWmw@%ŞÖÜ—"), frozenset("ijltfrI.,:;'|!()[] İı·")

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


def text_width(words: str, size_px: float = FONT_PX, *, is_bold: bool = False) -> float:
    """Width of a line in a common sans-serif, px; errs wide by some percent, so that boxes hold their text.

    Figures and signs as wide as those of DejaVu Sans, which are the widest of the common ones.
    """
    ems = sum(
        0.9 if c in _WIDE else 0.33 if c in _NARROW else 0.64 if c.isdigit() else 0.68 if c.isupper() else 0.62
        for c in words
    ) + 0.22 * sum(c in "+±−=<>" for c in words)  # 0.84 each
    return ems * size_px * (_BOLD_RATIO if is_bold else 1.0)


def wrap(words: str, width_px: float, size_px: float = FONT_PX) -> list[str]:
    """A text in lines no wider than ``width_px`` where its words allow."""
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size_px) <= width_px:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def nice_step(span: float, count: float, steps: Sequence[float] = (1.0, 2.0, 5.0)) -> float:
    """The round step that divides a span into about ``count`` parts."""
    rough = max(span, 1e-12) / max(count, 1.0)
    scale = 10.0 ** math.floor(math.log10(rough))
    return next((s * scale for s in steps if s * scale >= rough), 10.0 * scale)


def ticks(low: float, high: float, step: float) -> list[float]:
    """Multiples of ``step`` inside [low, high]."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def minute_step(span_s: float, count: float) -> float:
    """The step of a time axis: whole minutes, or 10, 20, 30 s."""
    choices = (10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0)
    return next((c for c in choices if span_s / c <= count), 86_400.0 * math.ceil(span_s / 86_400.0 / count))


def points(pairs: Iterable[Point], *, close: bool = False) -> str:
    """Path data through points, to a tenth of a pixel."""
    said = "L".join(f"{_n(x)} {_n(y)}" for x, y in pairs)
    return f"M{said}{'Z' if close else ''}" if said else ""


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


class Drawing:
    """One picture of fixed size; later shapes lie on top. Colours come from classes, so that themes can change them."""

    def __init__(self, width: float, height: float, *, name: str, title: str, description: str) -> None:
        self.width, self.height, self.name = width, height, name
        self.title, self.description = title, description
        self.parts: list[Markup] = []
        self.defs: list[Markup] = []

    def path(self, data: str, class_: str, **more: object) -> None:
        if data:
            self.parts.append(el("path", d=data, class_=class_, **more))

    def line(self, x1: float, y1: float, x2: float, y2: float, class_: str) -> None:
        self.path(points(((x1, y1), (x2, y2))), class_)

    def rect(self, box: Box, class_: str, **more: object) -> None:
        left, top, right, bottom = box
        self.parts.append(
            el("rect", x=_n(left), y=_n(top), width=_n(max(0.0, right - left)), height=_n(max(0.0, bottom - top)),
               class_=class_, **more)
        )  # fmt: skip

    def circle(self, x: float, y: float, radius: float, class_: str) -> None:
        self.parts.append(el("circle", cx=_n(x), cy=_n(y), r=_n(radius), class_=class_))

    def text(self, x: float, y: float, words: str, class_: str = "label", anchor: str = "start") -> None:
        anchored = None if anchor == "start" else anchor
        self.parts.append(el("text", words, x=_n(x), y=_n(y), class_=class_, text_anchor=anchored))

    def diamond(self, x: float, y: float, radius: float, class_: str) -> None:
        self.path(points(((x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)), close=True), class_)

    def triangle(self, x: float, y: float, radius: float, class_: str) -> None:
        r = radius
        self.path(points(((x, y - r), (x + 0.9 * r, y + 0.7 * r), (x - 0.9 * r, y + 0.7 * r)), close=True), class_)

    def square(self, x: float, y: float, radius: float, class_: str) -> None:
        self.rect((x - radius, y - radius, x + radius, y + radius), class_)

    def cross(self, x: float, y: float, radius: float, class_: str) -> None:
        r = radius
        self.path(points(((x - r, y - r), (x + r, y + r))) + points(((x - r, y + r), (x + r, y - r))), class_)

    def plus(self, x: float, y: float, radius: float, class_: str) -> None:
        self.path(points(((x - radius, y), (x + radius, y))) + points(((x, y - radius), (x, y + radius))), class_)

    def hatch(self, kind: str, spacing: float = 7.0) -> str:
        """A fill that reads without colour; gives what ``fill`` takes. Kinds: stripes, dots, rules, crossed."""
        ident = f"{self.name}-{kind}"
        s = _n(spacing)
        inner = {
            "stripes": el("path", d=f"M0 0V{s}", class_="hatch-stripes"),
            "rules": el("path", d=f"M0 0V{s}", class_="hatch-rules"),
            "dots": el("circle", cx=_n(spacing / 2), cy=_n(spacing / 2), r="1.2", class_="hatch-dots"),
            "crossed": el("path", d=f"M0 0V{s}M0 0H{s}", class_="hatch-crossed"),
        }[kind]
        turn = {"stripes": "rotate(45)", "rules": "rotate(-45)", "crossed": "rotate(30)"}.get(kind)
        made = el("pattern", inner, id=ident, width=s, height=s, patternUnits="userSpaceOnUse", patternTransform=turn)
        if made not in self.defs:
            self.defs.append(made)
        return f"url(#{ident})"

    def clip(self, box: Box) -> str:
        """A clipping box; gives what ``clip-path`` takes."""
        ident = f"{self.name}-clip{len(self.defs)}"
        left, top, right, bottom = box
        shape = el("rect", x=_n(left), y=_n(top), width=_n(right - left), height=_n(bottom - top))
        self.defs.append(el("clipPath", shape, id=ident))
        return f"url(#{ident})"

    def group(self, since: int, **attributes: object) -> None:
        """Everything drawn after part number ``since`` as one group."""
        inside = self.parts[since:]
        self.parts[since:] = [el("g", *inside, **attributes)]

    def markup(self) -> Markup:
        return el(
            "svg",
            el("title", self.title, id=f"{self.name}-title"),
            el("desc", self.description, id=f"{self.name}-desc"),
            el("defs", join(self.defs)) if self.defs else None,
            join(self.parts),
            viewBox=f"0 0 {_n(self.width)} {_n(self.height)}",
            role="img",
            aria_labelledby=f"{self.name}-title {self.name}-desc",
        )


class Labels:
    """Greedy labelling: each label takes the first free place around its point, or is left out."""

    def __init__(self, frame: Box, size_px: float = FONT_PX) -> None:
        self.frame, self.size_px = frame, size_px
        self.taken: list[Box] = []

    def block(self, box: Box) -> None:
        """Keep labels off a box."""
        self.taken.append(box)

    def is_free(self, box: Box) -> bool:
        """Inside the frame and on nothing taken."""
        left, top, right, bottom = box
        if left < self.frame[0] or top < self.frame[1] or right > self.frame[2] or bottom > self.frame[3]:
            return False
        return all(right <= b[0] or left >= b[2] or bottom <= b[1] or top >= b[3] for b in self.taken)

    def place(
        self, drawing: Drawing, x: float, y: float, words: str, class_: str, *, gap: float = 7.0,
        is_needed: bool = False, size_px: float | None = None, is_centred: bool = False,
    ) -> bool:  # fmt: skip
        """Draw the words beside (x, y); a needed label searches farther out. False: there was no room."""
        size = self.size_px if size_px is None else size_px
        wide, high = text_width(words, size), size * 1.15
        if is_centred:
            spots: list[Point] = [(x - wide / 2, y - high / 2)]
        else:
            reaches = (gap, gap + 14, gap + 30, gap + 50, gap + 80) if is_needed else (gap, gap + 8)
            spots = [spot for reach in reaches for spot in _around(x, y, wide, high, reach)]
        for left, top in spots:
            box = (left, top, left + wide, top + high)
            if self.is_free(box):
                self.taken.append(box)
                drawing.text(left, top + size * 0.92, words, class_)
                middle_x, middle_y = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
                away = math.hypot(middle_x - x, middle_y - y)
                if not is_centred and away > gap + 10:
                    drawing.line(x, y, middle_x, middle_y, "leader")
                return True
        return False


def _around(x: float, y: float, wide: float, high: float, reach: float) -> list[Point]:
    slant = reach * 0.75
    return [
        (x + reach, y - high / 2),
        (x - reach - wide, y - high / 2),
        (x - wide / 2, y - reach - high),
        (x - wide / 2, y + reach),
        (x + slant, y - slant - high),
        (x + slant, y + slant),
        (x - slant - wide, y - slant - high),
        (x - slant - wide, y + slant),
    ]
