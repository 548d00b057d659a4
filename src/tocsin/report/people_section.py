"""What people and units read: warnings as a phone shows them, alerts as a crew gets them, and their lives."""

from __future__ import annotations

from tocsin.messages import PublicWarning, WarningText
from tocsin.report.facts import Facts, by_people, listed, people_words, time_words
from tocsin.report.markup import Child, Markup, el, join, number_head, table
from tocsin.views import AlertView, WarningView, ZoneTold
from tocsin.views.warnings import CLOSINGS

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ckb", "ps"})
MOST_ZONES = 40


def people_section(facts: Facts) -> Markup:
    """Sections "What people were told" and "What units were told"."""
    parts: list[Child] = [el("h2", "What people were told", id="people")]
    if not facts.warnings:
        parts.append(el("p", "Nothing: no public warning was drafted.", class_="notice"))
    for view in facts.warnings:
        parts.append(_warning(facts, view))
    parts.append(el("h2", "What units were told", id="units"))
    if not facts.alerts:
        parts.append(el("p", "Nothing was alerted: no unit was sent anything.", class_="notice"))
    else:
        parts.append(el("div", *(_radio(facts, a) for a in facts.alerts[:12]), class_="cards"))
        parts.append(_alert_table(facts))
    return join(parts)


def _warning(facts: Facts, view: WarningView) -> Markup:
    name = "Missile warning" if view.kind == "missile" else "Debris and unexploded-ordnance notice"
    shown = view.last_sent or next((w for w in reversed(view.revisions) if w.texts), view.last)
    was_sent = view.last_sent is not None
    state = f"revision {shown.revision}, {'as sent' if was_sent else 'drafted and never sent'}"
    parts: list[Child] = [el("h3", f"{name} {view.warning}: {state}"), _life(facts, view)]
    if not was_sent:
        parts.append(el("p", "Nobody received this. ", view.last.reason, class_="notice"))
    parts.append(el("div", *(_phone(facts, shown, text, was_sent) for text in shown.texts), class_="cards"))
    closing = next((w for w in reversed(view.revisions) if w.state in CLOSINGS and w.texts), None)
    if closing is not None and was_sent:
        at = facts.at(closing.arrival_ns or closing.time_ns)
        parts.append(el("p", el("b", f"What people read last: closed at {at} as {closing.state.replace('_', ' ')}.")))
        parts.append(el("div", *(_phone(facts, closing, text, True) for text in closing.texts), class_="cards"))
    if view.zones_told:
        parts.append(_zones(facts, view))
    return join(parts)


def _life(facts: Facts, view: WarningView) -> Markup:
    items: list[Markup] = []
    shown = view.revisions if len(view.revisions) <= 14 else (*view.revisions[:8], *view.revisions[-5:])
    for number, w in enumerate(shown):
        if len(view.revisions) > 14 and number == 8:
            items.append(el("li", f"… {len(view.revisions) - 13} more"))
        at = facts.at(w.arrival_ns or w.time_ns)
        who = f" by {w.approved_by}" if w.state in ("approved", "sent", "rejected") and w.approved_by else ""
        why = f": {w.reason}" if w.reason else ""
        items.append(el("li", el("b", at), f" {w.state.replace('_', ' ')}{who}, {_zone_count(len(w.zones))}{why}"))
    return el("ol", *items, class_="life")


def _zone_count(count: int) -> str:
    return f"{count} zone{'' if count == 1 else 's'}"


def _phone(facts: Facts, warning: PublicWarning, text: WarningText, was_sent: bool) -> Markup:
    direction = "rtl" if text.language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
    language = text.language if text.language.replace("-", "").isalnum() else "und"
    reviewed = f"Translation reviewed by {text.reviewed_by}" if text.reviewed_by else "Unreviewed translation"
    status = warning.status.value + ("" if was_sent else ", not sent")
    return el(
        "article",
        el(
            "header",
            el("span", text.language),
            el("span", f"{status} · {time_words(warning.arrival_ns or warning.time_ns)}"),
        ),
        el(
            "div",
            el("p", text.headline, class_="first"),
            el("p", text.instruction),
            el("p", text.description),
            el("p", text.area_text),
            class_="body",
            lang=language,
            dir=direction,
        ),
        el("p", f"{reviewed}. {facts.caption}.", class_="foot"),
        class_="card",
    )


def _zones(facts: Facts, view: WarningView) -> Markup:
    told = sorted(by_people(view.zones_told), key=lambda z: z.told_ns)
    impacts = {c.threat: c.impact_ns for c in facts.clock.threats}
    impact_ns = next((impacts[t] for t in view.threats if impacts.get(t) is not None), None)
    rows = [
        (
            el("th", z.name, scope="row"),
            facts.at(z.told_ns),
            el("td", _left(view, z, impact_ns), class_="num"),
            el("td", str(z.revision), class_="num"),
        )
        for z in told[:MOST_ZONES]
    ]
    more = f", the first {MOST_ZONES}" if len(told) > MOST_ZONES else ""
    zones = f"{_zone_count(len(told))}{more}"
    caption = f"{zones}; {people_words(view.people_peak_count)} people at most"
    head = ("Zone", "First told", number_head("Had left"), number_head("In revision"))
    return el(
        "details",
        el("summary", f"Who was told when, zone by zone ({len(told)})"),
        table(head, rows, caption=caption),
        open=len(told) <= 12,
    )


def _left(view: WarningView, zone: ZoneTold, impact_ns: int | None) -> str:
    """Seconds to impact by the last good prediction, as on the clock; a debris notice has none."""
    if view.kind != "missile" or impact_ns is None:
        return "–"
    return f"{(impact_ns - zone.told_ns) / 1e9:.0f} s"


def _radio(facts: Facts, view: AlertView) -> Markup:
    a = view.last
    worded = next((r for r in reversed(view.revisions) if r.text), a)
    answer = (
        f"Acknowledged {facts.at(view.acknowledged_ns)}"
        if view.acknowledged_ns is not None
        else f"Not acknowledged{f', escalated {facts.at(view.escalated_ns)}' if view.escalated_ns is not None else ''}"
    )
    times = "once" if view.attempts == 1 else f"{view.attempts} times"
    return el(
        "article",
        el("header", el("span", f"To {view.unit}"), el("span", f"{facts.at(view.sent_ns)}")),
        el("div", el("p", worded.text or "(no text)"), class_="body"),
        el("p", f"{answer}; sent {times}; now {a.state.replace('_', ' ')}. {facts.caption}.", class_="foot"),
        class_="card radio",
    )


def _alert_table(facts: Facts) -> Markup:
    rows = [
        (
            el("th", a.unit, scope="row"),
            a.threat,
            facts.at(a.sent_ns),
            facts.at(a.acknowledged_ns),
            facts.at(a.escalated_ns),
            el("td", str(a.attempts), class_="num"),
            a.last.state.replace("_", " "),
        )
        for a in facts.alerts
    ]
    head = ("Unit", "Threat", "Sent", "Acknowledged", "Escalated", number_head("Times sent"), "State")
    units = listed([a.unit for a in facts.alerts])
    return table(head, rows, caption=f"{len(facts.alerts)} alert{'' if len(facts.alerts) == 1 else 's'} to {units}")
