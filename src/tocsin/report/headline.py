"""The top of the page: how many seconds were left for people, and who gets them."""

from __future__ import annotations

from tocsin.report.facts import Facts, by_people, duration_words, interval_words, listed, people_words
from tocsin.report.figures import both
from tocsin.report.markup import Markup, el, join
from tocsin.report.timeline import seconds_bar
from tocsin.units import clock_text
from tocsin.views import people_warned

WIDE_STD_S = 60.0  # beyond this one sigma of the impact time the early bound is the number people can count on


def headline(facts: Facts) -> Markup:
    """The number, the sentence, three facts, and the bar that shows where the seconds went."""
    return join((_number(facts), _points(facts), _bar(facts)))


def _number(facts: Facts) -> Markup:
    people = people_warned(facts.clock, facts.warnings)
    seconds = people["seconds_left_s"]
    if facts.main is None:
        alerts, sent = len(facts.alerts), [w for w in facts.warnings if w.last_sent is not None]
        nothing = not alerts and not sent
        told = "Nothing was alerted, nobody was warned: " if nothing else "No clock runs: "
        words = ("No threat found" if facts.threats else "Nothing could be judged") if nothing else "No clock"
        return el(
            "div",
            el("div", words, class_="big words" if nothing and facts.threats else "big words none"),
            el("p", told, facts.clock.reason, ".", _blind(facts)),
            class_="headline",
        )
    if seconds is None:
        waited = [w for w in facts.warnings if w.kind == "missile"]
        would = waited[-1].last if waited else None
        concerned = (
            f" {people_words(would.people_count)} people live in the {len(would.zones)} zones of the draft."
            if would is not None and would.zones
            else ""
        )
        return el(
            "div",
            el("div", "Nobody", class_="big none"),
            el("p", el("b", "was warned in public. "), _sentence(people["why_none"]), concerned),
            class_="headline",
        )
    sent = [w for w in facts.warnings if w.kind == "missile" and w.last_sent is not None]
    std_s = _impact_std_s(facts)
    if std_s is not None and std_s > WIDE_STD_S:  # one number would say more than was known
        shown, what = max(0.0, seconds - 2.0 * std_s), "seconds at least (95 %)"
        spread = f"; best estimate {seconds:.0f} s {interval_words(std_s)}"
    else:
        shown, what, spread = seconds, "seconds", ""
    names = [zone.name for zone in by_people([zone for w in sent for zone in w.zones_told])]
    zones = people["zones_count"]
    return el(
        "div",
        el("div", f"{shown:.0f}", el("small", what), class_="big" if shown > 0 else "big none"),
        el(
            "p",
            f"from the first public warning to the predicted impact{spread}, for ",
            el("b", people_words(people["people_count"]), " people"),
            f" in {zones} zone{'' if zones == 1 else 's'}: {listed(names, 8)}.",
        ),
        class_="headline",
    )


def _impact_std_s(facts: Facts) -> float | None:
    """One sigma of the predicted impact of the threat first warned of."""
    sent = [w.first_sent for w in facts.warnings if w.kind == "missile" and w.first_sent is not None]
    first = min(sent, key=lambda w: w.arrival_ns, default=None)
    told = [c for c in facts.clock.threats if first is not None and c.threat in first.threats]
    return told[0].impact_std_s if told else None


def _blind(facts: Facts) -> str:
    """What kind of sensor gave nothing: finding no threat then says less."""
    from tocsin.messages import Scan
    from tocsin.views import of_kind

    gave = {scan.kind for scan in of_kind(facts.messages, Scan)}
    missing = [kind for kind in ("infrared", "radar") if kind not in gave]
    return (
        f" No {' and no '.join(missing)} reports came: a threat that only those show would not have been found."
        if missing
        else ""
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def _points(facts: Facts) -> Markup | None:
    told = facts.main
    if told is None:
        return None
    step = told.headline
    if step.after_zero_s is not None:
        within = "within" if step.is_within_budget else "over"
        spread = f" {interval_words(told.zero_std_s)}" if told.zero_std_s is not None else ""
        kept = f" after the estimated launch{spread}; {within} the {duration_words(step.budget_s)} budget"
        launch = (el("b", clock_text(step.after_zero_s)), kept)
    else:
        launch = (el("b", "not launched"), f": {step.not_reached}")
    end = told.step("intercept_or_impact")
    if end.time_ns is not None:
        note = f", {end.note}" if "(" in end.note else f" ({end.note})" if end.note else ""  # no brackets in brackets
        outcome = (el("b", facts.at(end.time_ns)), f" {end.label.lower()}{note}")
    else:
        outcome = (el("b", "open"), f": {end.not_reached}")
    total = (
        duration_words((told.impact_ns - told.zero_ns) / 1e9)
        if told.impact_ns is not None and told.zero_ns is not None
        else "unknown"
    )
    view = facts.view(told.threat)
    kind = view.last.best_class.replace("_", " ") if view else "threat"
    rung = view.highest_rung if view else ""
    return el(
        "dl",
        el("div", el("dt", "Interceptor launched (the ten-minute clock)"), el("dd", *launch)),
        el("div", el("dt", "How it ended"), el("dd", *outcome)),
        el(
            "div",
            el("dt", f"{told.threat}: {kind}, {rung}"),
            el("dd", el("b", total), " from estimated launch to predicted impact"),
        ),
        class_="points",
    )


def _bar(facts: Facts) -> Markup | None:
    return both(
        "Where the seconds went",
        lambda width: seconds_bar(facts, width),
        f"Each stretch ends when the next step was reached. {facts.caption}.",
    )
