"""HTML and SVG from values, every string escaped: text can say anything and never becomes markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
"""Control characters, lone surrogates and bidirectional overrides: they hide or reorder what is read."""

_VOID = frozenset({"br", "hr", "meta", "link", "img"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*\Z")


class Markup(str):
    """Text that is markup already. Only this module makes it from plain text."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]


def text(value: object) -> Markup:
    """Plain text as markup."""
    return Markup(html.escape(_UNSAFE.sub("\ufffd", str(value)), quote=True))


def join(parts: Iterable[Child], separator: str = "") -> Markup:
    """Children one after the other; strings that are not markup are escaped."""
    return Markup(separator.join(_child(part) for part in parts))


def el(tag: str, *children: Child, **attributes: object) -> Markup:
    """One element. ``class_`` is class, other underscores are hyphens; None or False leaves an attribute out."""
    written = [tag]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = "class" if key == "class_" else key.replace("_", "-")
        if not _NAME.match(name):
            raise ValueError(f"{name!r} is no attribute name")
        written.append(name if value is True else f'{name}="{text(value)}"')
    opened = " ".join(written)
    if tag in _VOID:
        return Markup(f"<{opened}>")
    return Markup(f"<{opened}>{''.join(_child(c) for c in children)}</{tag}>")


def table(
    head: Iterable[Child], rows: Iterable[Iterable[Child] | Markup], *, caption: str, class_: str | None = None
) -> Markup:
    """A table with its title, in a box of its own that scrolls sideways where the window is narrow.

    Head and row entries that are no cell yet become one; a row that is markup stands as it is. Without a row: "None."
    """
    rows = list(rows)
    if not rows:
        return join((el("p", caption, class_="table-title"), el("p", "None.")))
    body = [row if isinstance(row, Markup) else el("tr", *(_cell(c, "td") for c in row)) for row in rows]
    grid = el(
        "table",
        el("thead", el("tr", *(_cell(c, "th") for c in head))),
        el("tbody", *body),
        aria_label=caption,
        class_=class_,
    )
    box = el("div", grid, class_="scroll", tabindex="0", role="region", aria_label=caption)
    return join((el("p", caption, class_="table-title"), box))


def _cell(child: Child, tag: str) -> Markup:
    if isinstance(child, Markup) and child.startswith(("<td", "<th")):
        return child
    return el(tag, child, scope="col") if tag == "th" else el(tag, child)


def number_head(words: str) -> Markup:
    """Heading of a column of numbers, which stand to the right."""
    return el("th", words, scope="col", class_="num")


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int | float):
        return text(child)
    return "".join(_child(c) for c in child)
