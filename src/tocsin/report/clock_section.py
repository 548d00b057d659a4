"""The clock: table and Gantt of every threat that reached PROBABLE."""

from __future__ import annotations

from tocsin.report.facts import Facts, class_words, duration_words, interval_words, time_words
from tocsin.report.figures import both
from tocsin.report.markup import Child, Markup, el, join, number_head, table
from tocsin.report.timeline import gantt
from tocsin.units import clock_text
from tocsin.views import Step, ThreatClock

FULL_CLOCKS = 4  # further threats of a raid get a row each, not a picture each


def clock_section(facts: Facts) -> Markup:
    """Section "The clock"."""
    if not facts.clock.threats:
        return join(
            (el("h2", "The clock", id="clock"), el("p", "No clock: ", facts.clock.reason, ".", class_="notice"))
        )
    parts: list[Child] = [
        el("h2", "The clock", id="clock"),
        el(
            "p",
            "Zero is the ", el("em", "estimated"), " launch, with its interval: nobody is told the true one. "
            "Budgets are yardsticks set by policy. The step in bold is the public claim: an interceptor launched in "
            "less than ten minutes.",
        ),
    ]  # fmt: skip
    for index, told in enumerate(facts.clock.threats[:FULL_CLOCKS]):
        if len(facts.clock.threats) > 1:
            parts.append(el("h3", told.threat))
        parts.append(_figure(facts, told, index))
        parts.append(_table(facts, told))
    if len(facts.clock.threats) > 1:
        parts.append(_raid(facts))
    return join(parts)


def _figure(facts: Facts, told: ThreatClock, index: int) -> Markup | None:
    return both(
        f"Every step against its budget: {told.threat}",
        lambda width: gantt(facts, told, width, str(index or "")),
        "Diamond: reached; circle: computed from a prediction, reported by nobody; upright stroke at the end of the "
        f"dotted line: budget; shaded: time of flight. {facts.caption}.",
    )


def _table(facts: Facts, told: ThreatClock) -> Markup:
    rows = [el("tr", *_row(told, step), class_="headline-step" if step.is_headline else None) for step in told.steps]
    zero = "could not be estimated" if told.zero_ns is None else time_words(told.zero_ns)
    spread = interval_words(told.zero_std_s)
    caption = f"Clock of {told.threat}; zero, the estimated launch: {zero} {spread}".rstrip()
    head = (
        "Step", number_head("After launch"), number_head("Left to impact"), number_head("Budget"), "Kept",
        number_head("UTC"), "Note, or why not",
    )  # fmt: skip
    return table(head, rows, caption=caption, class_="stacks")


def _row(told: ThreatClock, step: Step) -> tuple[Markup, ...]:
    if step.time_ns is None:
        verdict = el("span", "not reached", class_="tag bad")
    elif step.is_within_budget is None:
        verdict = el("span", "unknown", class_="tag mid")
    else:
        verdict = (
            el("span", "within", class_="tag good") if step.is_within_budget else el("span", "late", class_="tag bad")
        )
    left: list[Child] = ["–"]
    if step.seconds_left is not None and told.impact_ns is not None:
        left = [f"{step.seconds_left:.0f} s" if step.seconds_left >= 0 else "after it"]
        as_told = step.seconds_left_as_told
        if as_told is not None and step.seconds_left >= 0 and abs(as_told - step.seconds_left) > 10:
            left.append(el("span", f"then thought {as_told:.0f} s", class_="sub"))
    note: list[Child] = [step.note or step.not_reached]
    if step.is_estimated:
        note.append(el("span", "computed, reported by nobody", class_="sub"))
    return (
        el("th", el("b", step.label) if step.is_headline else step.label, scope="row"),
        _cell("After launch", "–" if step.after_zero_s is None else clock_text(step.after_zero_s), class_="num"),
        _cell("Left to impact", *left, class_="num"),
        _cell("Budget", clock_text(step.budget_s)[1:], class_="num"),
        _cell("Kept", verdict),
        _cell("UTC", "–" if step.time_ns is None else time_words(step.time_ns)[:8], class_="num"),
        _cell("Note", *note, class_="wide" if any(note) else "wide blank"),
    )


def _cell(heading: str, *children: Child, class_: str | None = None) -> Markup:
    """A cell that carries its heading, which a narrow window shows beside it."""
    return el("td", el("div", *children), class_=class_, data_heading=heading)


def _raid(facts: Facts) -> Markup:
    rows = []
    for told in facts.clock.threats:
        view = facts.view(told.threat)
        flight = (
            (told.impact_ns - told.zero_ns) / 1e9 if told.impact_ns is not None and told.zero_ns is not None else None
        )
        sent = told.step("approved")
        rows.append(
            (
                told.threat,
                class_words(view.last.best_class) if view else "",
                view.highest_rung if view else "",
                "–" if flight is None else duration_words(flight),
                "–" if sent.seconds_left is None else f"{sent.seconds_left:.0f} s",
                told.headline.not_reached or clock_text(told.headline.after_zero_s or 0.0),
                told.step("intercept_or_impact").label,
            )
        )
    head = ("Threat", "Class", "Highest rung", "Flight", "Left when warned", "Interceptor", "End")
    return table(head, rows, caption=f"All {len(facts.clock.threats)} threats")
