"""The clock as pictures: where the seconds went, and every step against its budget."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.report.facts import Facts, duration_words, interval_words
from tocsin.report.markup import Markup
from tocsin.report.svg import Drawing, minute_step, text_width, ticks, wrap
from tocsin.units import clock_text
from tocsin.views import Step, ThreatClock

HEAD_SHARE = 0.74  # of the width for the time up to impact; what follows is squeezed into the rest


def seconds_bar(facts: Facts, width: float) -> Markup | None:
    """The flight as one bar: who used its seconds, and what was left for people. None without launch and impact."""
    told = facts.main
    if told is None or told.zero_ns is None or told.impact_ns is None:
        return None
    total_s = (told.impact_ns - told.zero_ns) / 1e9
    parts = _parts(told, total_s)
    if total_s <= 0 or not parts:
        return None
    is_narrow = width < 600
    row, top = 34.0, 10.0
    bar_bottom = top + 44.0
    height = bar_bottom + 24.0 + (row * len(parts) + 6 if is_narrow else 64.0)
    words = "; ".join(f"{label} {duration_words(b - a)}" for label, _, a, b in parts)
    drawing = Drawing(
        width,
        height,
        name=f"seconds-{'n' if is_narrow else 'w'}",
        title=f"Where the {total_s:.0f} seconds of the flight went",
        description=f"From estimated launch to predicted impact: {words}.",
    )
    scale = (width - 2.0) / total_s
    for index, (_, kind, start_s, end_s) in enumerate(parts):
        left, right = 1 + start_s * scale, 1 + end_s * scale
        drawing.rect((left, top, right, bar_bottom), f"part part-{kind}")
        if kind == "people":
            drawing.rect((left, top, right, bar_bottom), "hatched", fill=drawing.hatch("rules", 9))
        number = str(index + 1)
        if right - left > 24:
            middle = (left + right) / 2
            drawing.circle(middle, (top + bar_bottom) / 2, 10, "numeral-ground")
            drawing.text(middle, (top + bar_bottom) / 2 + 4.5, number, "numeral", "middle")
    drawing.text(1, bar_bottom + 15, "launch (estimated)", "small")
    drawing.text(width - 1, bar_bottom + 15, "impact (predicted)", "small", "end")
    for index, (label, _, start_s, end_s) in enumerate(parts):
        x = 11.0 if is_narrow else 11.0 + index * (width - 2) / len(parts)
        y = bar_bottom + 44 + (row * index if is_narrow else 0)
        drawing.circle(x, y - 4.5, 10, "numeral-ground")
        drawing.text(x, y, str(index + 1), "numeral", "middle")
        drawing.text(x + 20, y, duration_words(end_s - start_s), "figure-number")
        lines = [label] if is_narrow else wrap(label, (width - 2) / len(parts) - 44, 13)
        for below, line in enumerate(lines[:2]):
            drawing.text(x + (114 if is_narrow else 20), y + (0 if is_narrow else 19 + 16 * below), line, "row-label")
    return drawing.markup()


def _parts(told: ThreatClock, total_s: float) -> list[tuple[str, str, float, float]]:
    """(label, kind, start, end) of each stretch of the flight, seconds after launch."""
    marks = (
        ("first_detection", "not yet seen", "unseen"),
        ("identified", "seen, not yet identified", "seen"),
        ("public_draft", "identified, no warning drafted", "working"),
        ("approved", "drafted, waiting for approval", "waiting"),
    )
    parts: list[tuple[str, str, float, float]] = []
    now_s = 0.0
    for name, label, kind in marks:
        after_s = told.step(name).after_zero_s
        if after_s is None:
            what = "never identified" if name in ("first_detection", "identified") else "nobody was warned"
            parts.append((what, "nobody", now_s, total_s))
            return parts
        end_s = min(max(after_s, now_s), total_s)
        if end_s - now_s >= 0.5:
            parts.append((label, kind, now_s, end_s))
        now_s = end_s
    if total_s - now_s >= 0.5:
        parts.append(("left for people to take shelter", "people", now_s, total_s))
    return parts


def gantt(facts: Facts, told: ThreatClock, width: float, name: str = "") -> Markup:
    """Every step as a mark against its budget. Time runs evenly to impact, and squeezed after it."""
    is_narrow = width < 600
    left = 12.0 if is_narrow else 246.0
    right = width - (16.0 if is_narrow else 28.0)
    row, top = (46.0, 64.0) if is_narrow else (31.0, 62.0)
    bottom = top + row * len(told.steps)
    drawing = Drawing(
        width,
        bottom + 40,
        name=f"gantt{name}-{'n' if is_narrow else 'w'}",
        title=f"The clock of {told.threat}",
        description=_gantt_words(told),
    )
    place, marks, break_x = _scale(told, left, right)
    zero_x = place(0.0)
    if told.impact_ns is not None and told.zero_ns is not None:
        impact_x = place((told.impact_ns - told.zero_ns) / 1e9)
        drawing.rect((zero_x, top - 6, impact_x, bottom), "flight-band")
        drawing.line(impact_x, top - 18, impact_x, bottom, "impact-line")
        drawing.text(
            impact_x, top - 23, "predicted impact", "strong-threat", "end" if impact_x > width * 0.6 else "middle"
        )
    for seconds in marks:
        x = place(seconds)
        drawing.line(x, top - 6, x, bottom, "grid")
        drawing.text(x, bottom + 15, f"{seconds / 60:g}", "tick", "middle")
    drawing.text(left, bottom + 32, f"minutes {facts.zero_words}", "axis")
    if told.zero_std_s:
        half = max(1.0, place(2 * told.zero_std_s) - zero_x)
        drawing.rect((zero_x - half, top - 6, zero_x + half, bottom), "zero-band")
    drawing.line(zero_x, top - 18, zero_x, bottom, "zero-line")
    words = f"launch, estimated {interval_words(told.zero_std_s)}".rstrip()
    drawing.text(zero_x, top - 37 if is_narrow else top - 23, words, "strong")
    if break_x is not None:
        _axis_break(drawing, break_x, top - 6, bottom)
    for index, step in enumerate(told.steps):
        _row(drawing, step, place, top + row * index, row, left, right, is_narrow)
    return drawing.markup()


def _row(
    drawing: Drawing, step: Step, place: Callable[[float], float], y: float, row: float, left: float, right: float,
    is_narrow: bool,
) -> None:  # fmt: skip
    middle = y + (row - 13 if is_narrow else row / 2)
    class_ = "row-label headline" if step.is_headline else "row-label"
    if is_narrow:
        drawing.text(left, y + 15, step.label, class_)
    else:
        drawing.text(left - 16, middle + 4.5, step.label, class_, "end")
    drawing.line(left, y + row, right, y + row, "rule")
    budget_x = min(place(step.budget_s), right)
    if step.after_zero_s is None:
        drawing.line(place(0.0), middle, budget_x, middle, "budget-line")
        drawing.line(budget_x, middle - 6, budget_x, middle + 6, "budget")
        words = "not reached" if step.time_ns is None else "reached, launch unknown"
        shown_x = place(0.0) + 8
        drawing.rect((shown_x - 3, middle - 8, shown_x + text_width(words, 12) + 3, middle + 8), "ground")
        drawing.text(shown_x, middle + 4.5, words, "missing")
        return
    x = place(step.after_zero_s)
    drawing.line(place(0.0), middle, budget_x, middle, "budget-line")
    drawing.line(budget_x, middle - 6, budget_x, middle + 6, "budget")
    drawing.line(place(0.0), middle, x, middle, "elapsed late" if step.is_within_budget is False else "elapsed")
    kind = "mark late" if step.is_within_budget is False else "mark"
    if step.is_estimated:
        drawing.circle(x, middle, 5.5, kind + " hollow")
    else:
        drawing.diamond(x, middle, 7, kind)
    words = clock_text(step.after_zero_s) + (" late" if step.is_within_budget is False else "")
    wide = text_width(words, 12, is_bold=True)
    at = x + 12
    if x < budget_x < x + 18 + wide:  # the budget's stroke stays visible: the time stands beyond it
        at = budget_x + 7
    if at + wide > right + 8:  # clear of the chart's edge, which lies 16 beyond in a narrow one
        at = x - 12 - wide
    drawing.rect((at - 2, middle - 8, at + wide, middle + 8), "ground")
    drawing.text(at, middle + 4.5, words, "strong")


def _scale(told: ThreatClock, left: float, right: float) -> tuple[Callable[[float], float], list[float], float | None]:
    """Seconds to x, the tick values, and where the axis breaks (None: it does not)."""
    impact_s = (
        (told.impact_ns - told.zero_ns) / 1e9 if told.impact_ns is not None and told.zero_ns is not None else 600.0
    )
    reached = [s.after_zero_s for s in told.steps if s.after_zero_s is not None]
    head_s = max(660.0, impact_s * 1.08)
    end_s = max([head_s, *reached, *(s.budget_s for s in told.steps)]) * 1.02
    first_s = min([0.0, -2.2 * (told.zero_std_s or 0.0), *reached])  # the interval of zero lies inside the axis
    wide = right - left
    if end_s <= head_s * 1.35:

        def even(seconds: float) -> float:
            return left + (seconds - first_s) / (end_s - first_s) * wide

        return even, ticks(first_s, end_s, minute_step(end_s - first_s, max(4.0, wide / 80))), None
    turn = left + HEAD_SHARE * wide

    def squeezed(seconds: float) -> float:
        if seconds <= head_s:
            return left + (seconds - first_s) / (head_s - first_s) * (turn - left)
        return turn + (min(seconds, end_s) - head_s) / (end_s - head_s) * (right - turn)

    marks = ticks(first_s, head_s - 1, minute_step(head_s - first_s, max(4.0, (turn - left) / 70)))
    step_s = minute_step(end_s - head_s, max(1.0, (right - turn) / 56))
    marks += [s for s in ticks(head_s, end_s, step_s) if squeezed(s) - squeezed(marks[-1]) > 26]
    return squeezed, marks, turn


def _axis_break(drawing: Drawing, x: float, top: float, bottom: float) -> None:
    drawing.line(x, top, x, bottom, "axis-break")
    drawing.text(x + 4, top + 2, "scale changes", "small")


def _gantt_words(told: ThreatClock) -> str:
    said = [
        f"{s.label}: {clock_text(s.after_zero_s) if s.after_zero_s is not None else 'not reached, ' + s.not_reached}"
        for s in told.steps
    ]
    return "Times after estimated launch. " + "; ".join(said) + "."
