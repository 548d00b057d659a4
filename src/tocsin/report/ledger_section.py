"""How the run was made, and the records that its sentences and its clock rest on."""

from __future__ import annotations

from collections import Counter

from tocsin.report.facts import Facts, count_words, time_words
from tocsin.report.markup import Child, Markup, el, join, number_head, table
from tocsin.report.sensors_table import sensors_table
from tocsin.units import iso_from_ns
from tocsin.views import line

MOST_CITED = 400
MOST_EVENTS = 60


class Anchors:
    """Record ids that the page cites, each with a place in the ledger below; ids can hold anything."""

    def __init__(self, facts: Facts) -> None:
        cited = [i for s in facts.statements for i in s.cited]
        cited += [i for told in facts.clock.threats for step in told.steps for i in step.evidence]
        self.cited = tuple(dict.fromkeys(i for i in cited if i))[:MOST_CITED]
        self._number = {record: number for number, record in enumerate(self.cited, 1)}

    def links(self, records: tuple[str, ...], most: int = 8) -> list[Child]:
        """Links to the ledger, in brackets."""
        parts: list[Child] = []
        for record in records[:most]:
            number = self._number.get(record)
            shown = f"[{record}]"
            parts += [el("a", shown, href=f"#record-{number}") if number is not None else shown, " "]
        if len(records) > most:
            parts.append(f"and {len(records) - most} more")
        return parts

    def anchor(self, record: str) -> str:
        return f"record-{self._number[record]}"

    def has(self, record: str) -> bool:
        return record in self._number


def ledger_section(facts: Facts, anchors: Anchors) -> Markup:
    """Section "The records behind it"."""
    parts: list[Child] = [el("h2", "The records behind it", id="records")]
    counts = Counter(type(m).__name__ for m in facts.messages)
    told = ", ".join(f"{count_words(count)} {name}" for name, count in sorted(counts.items()))
    parts.append(el("p", f"{count_words(len(facts.messages))} messages in all: {told or 'none'}."))
    found = {m.id: m for m in facts.messages if anchors.has(m.id)}
    rows = []
    for record in anchors.cited:
        message = found.get(record)
        if message is None:
            rows.append((_name(anchors, record), "–", "–", el("td", "not in this record", class_="wide"), "–"))
            continue
        entry = line(message)
        rows.append(
            (
                _name(anchors, record),
                time_words(entry.time_ns)[:8],
                entry.kind,
                el("td", entry.what, class_="wide"),
                el("td", *anchors.links(entry.causes, 4), class_="cites"),
            )
        )
    if rows:
        head = ("Record", "UTC", "Kind", "What", "Rests on")
        parts.append(table(head, rows, caption="Every record that the statement or the clock cites"))
    parts.append(_sensors(facts))
    parts.append(_events(facts))
    return join(parts)


def _name(anchors: Anchors, record: str) -> Markup:
    return el("th", record, scope="row", class_="mono", id=anchors.anchor(record))


def _sensors(facts: Facts) -> Markup | None:
    from tocsin.messages import Scan, SensorHealth
    from tocsin.views import of_kind

    scans: Counter[str] = Counter()
    plots: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for scan in of_kind(facts.messages, Scan):
        scans[scan.sensor] += 1
        plots[scan.sensor] += scan.plot_count
        kinds[scan.sensor] = scan.kind
    states: dict[str, list[str]] = {}
    for health in of_kind(facts.messages, SensorHealth):
        kinds[health.sensor] = health.kind
        why = f" ({health.reason})" if health.reason else ""
        states.setdefault(health.sensor, []).append(
            f"{health.state}{why} {facts.at(health.arrival_ns or health.time_ns)}"
        )
    if not kinds:
        return None
    rows = [
        (
            el("th", name, scope="row"),
            kinds[name],
            el("td", count_words(scans[name]), class_="num"),
            el("td", count_words(plots[name]), class_="num"),
            el("td", " → ".join(states.get(name, ["ok"])[-6:]), class_="wide"),
        )
        for name in sorted(kinds)
    ]
    head = ("Sensor", "Kind", number_head("Scans"), number_head("Plots"), "Health")
    return table(head, rows, caption="Sensors")


def _events(facts: Facts) -> Markup | None:
    from tocsin.messages import Event
    from tocsin.views import of_kind

    noted = [e for e in of_kind(facts.messages, Event) if e.severity != "info"]
    if not noted:
        return el("p", "No warnings and no errors were noted during the run.")
    rows = [(time_words(e.arrival_ns or e.time_ns)[:8], e.severity, e.code, e.text) for e in noted[:MOST_EVENTS]]
    more = f", the first {MOST_EVENTS} of {len(noted)}" if len(noted) > MOST_EVENTS else ""
    return table(("UTC", "Severity", "Event", "Text"), rows, caption=f"Warnings and errors of the run{more}")


def inputs_section(facts: Facts) -> Markup:
    """Section "How to make it again"."""
    pairs: list[tuple[str, Child]] = []
    if facts.scenario is not None:
        pairs += [("Scenario", facts.scenario.name), ("Title", facts.scenario.title), ("Epoch", facts.scenario.epoch)]
    pairs += [
        ("Origin", f"{facts.origin}: {facts.caption}"),
        (
            "Record",
            f"{iso_from_ns(facts.start_ns, 0)} to {iso_from_ns(facts.end_ns, 0)}"
            + ("" if facts.is_dated else "; the date is not in the recording, this day stands in for it")
            if facts.messages
            else "empty",
        ),
        ("Seed", "none: nothing was drawn" if facts.seed is None else str(facts.seed)),
        ("Version", f"tocsin {facts.version}"),
        ("Digest", el("span", facts.digest, class_="mono")),
        ("Command", el("span", facts.command, class_="mono")),
    ]
    items = [part for name, value in pairs for part in (el("dt", name), el("dd", value))]
    parts = (
        el("h2", "How to make it again", id="inputs"), el("dl", *items, class_="inputs"), sensors_table(facts),
    )  # fmt: skip
    return join(part for part in parts if part is not None)
