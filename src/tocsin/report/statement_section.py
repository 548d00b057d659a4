"""The statement with its sources, what was withheld and why."""

from __future__ import annotations

from tocsin.report.facts import Facts, listed
from tocsin.report.ledger_section import Anchors
from tocsin.report.markup import Child, Markup, el, join, table
from tocsin.report.people_section import RIGHT_TO_LEFT
from tocsin.views import StatementView


def statement_section(facts: Facts, anchors: Anchors) -> Markup:
    """Section "What was said, and what was not": the last words in full, earlier ones folded away."""
    parts: list[Child] = [el("h2", "What was said, and what was not", id="statement")]
    if not facts.statements:
        parts.append(el("p", "Nothing was said: no statement was drafted.", class_="notice"))
        return join(parts)
    groups = _same_words(facts.statements)
    parts.append(_statement(facts, groups[-1], anchors))
    for group in reversed(groups[:-1]):
        body = _statement(facts, group, anchors)
        parts.append(el("details", el("summary", f"Other words, {_to(facts, group)}"), body))
    return join(parts)


def _same_words(told: tuple[StatementView, ...]) -> list[list[StatementView]]:
    """Statements that say the same, in the order they were first said."""
    groups: dict[tuple[tuple[str, str], ...], list[StatementView]] = {}
    for view in sorted(told, key=lambda v: v.drafted_ns):
        words = tuple((s.language, s.text) for s in view.last.sentences)
        groups.setdefault(words, []).append(view)
    return list(groups.values())


def _to(facts: Facts, group: list[StatementView]) -> str:
    """To whom and when: ``to the host nation +09:44 and the public +11:20``."""
    said = []
    for view in group:
        when = facts.at(view.released_ns) if view.released_ns is not None else "never released"
        said.append(f"the {view.audience.replace('_', ' ')} {when}")
    return f"to {listed(said)}"


def _statement(facts: Facts, group: list[StatementView], anchors: Anchors) -> Markup:
    last = group[-1].last
    banners = [el("span", banner, class_="tag mid") for banner in dict.fromkeys(v.last.banner for v in group)]
    parts: list[Child] = [
        el("h3", _capital(_to(facts, group))),
        el("p", join(banners, " "), f" {facts.caption}", class_="meta"),
    ]
    quotes = []
    for language in dict.fromkeys(s.language for s in last.sentences):
        direction = "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
        lines = [
            el("p", sentence.text, " ", el("span", *anchors.links(sentence.evidence), class_="cites"))
            for sentence in last.sentences
            if sentence.language == language
        ]
        safe = language if language.replace("-", "").isalnum() else "und"
        quotes.append(el("blockquote", *lines, lang=safe, dir=direction))
    parts.append(el("div", *quotes, class_="quotes"))
    if last.withheld:
        reasons: dict[str, list[str]] = {}
        for held in last.withheld:
            reasons.setdefault(held.reason, []).append(held.fact.replace("_", " "))
        rows = [(el("td", ", ".join(facts_held), class_="wide"), reason) for reason, facts_held in reasons.items()]
        parts.append(table(("Withheld", "Why"), rows, caption="Known or asked for, and not said"))
    return join(parts)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
