"""The statement with its sources, what was withheld and why."""

from __future__ import annotations

from tocsin.report.facts import Facts
from tocsin.report.ledger_section import Anchors
from tocsin.report.markup import Child, Markup, el, join, table
from tocsin.report.people_section import RIGHT_TO_LEFT
from tocsin.views import StatementView


def statement_section(facts: Facts, anchors: Anchors) -> Markup:
    """Section "What was said in public"."""
    parts: list[Child] = [el("h2", "What was said, and what was not", id="statement")]
    if not facts.statements:
        parts.append(el("p", "Nothing was said: no statement was drafted.", class_="notice"))
    for view in facts.statements:
        parts.append(_statement(facts, view, anchors))
    return join(parts)


def _statement(facts: Facts, view: StatementView, anchors: Anchors) -> Markup:
    last = view.last
    when = (
        f"released {facts.at(view.released_ns)}"
        if view.released_ns is not None
        else f"draft {facts.at(view.drafted_ns)}, not released"
    )
    parts: list[Child] = [
        el("h3", f"To {'the ' if view.audience != 'public' else 'the '}{view.audience.replace('_', ' ')}: {when}"),
        el("p", el("span", last.banner, class_="tag mid"), f" {facts.caption}", class_="meta"),
    ]
    for language in dict.fromkeys(s.language for s in last.sentences):
        direction = "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
        lines = [
            el("p", sentence.text, " ", el("span", *anchors.links(sentence.evidence), class_="cites"))
            for sentence in last.sentences
            if sentence.language == language
        ]
        safe = language if language.replace("-", "").isalnum() else "und"
        parts.append(el("blockquote", *lines, lang=safe, dir=direction))
    if last.withheld:
        rows = [(el("th", w.fact, scope="row"), w.reason) for w in last.withheld]
        parts.append(table(("Withheld", "Why"), rows, caption="Known, and not said"))
    return join(parts)
