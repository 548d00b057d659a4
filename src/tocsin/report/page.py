"""The report: one HTML file that opens offline, without a script and without anything from elsewhere."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tocsin.formats.whole import whole
from tocsin.messages import Message
from tocsin.report.clock_section import clock_section
from tocsin.report.facts import Facts, TruePath, gather, time_words
from tocsin.report.flight_section import flight_section, ground_section
from tocsin.report.headline import headline
from tocsin.report.ledger_section import Anchors, inputs_section, ledger_section
from tocsin.report.markup import Markup, el, join
from tocsin.report.people_section import people_section
from tocsin.report.sources_section import sources_section
from tocsin.report.statement_section import statement_section
from tocsin.scenario.schema import Scenario
from tocsin.units import iso_from_ns

_HEADING = re.compile(r'<h2 id="([a-z]+)">([^<]*)</h2>')


def write_report(
    path: Path | str,
    messages: Sequence[Message],
    *,
    scenario: Scenario | None,
    seed: int | None,
    version: str,
    digest: str,
    command: str,
    truth: Mapping[str, TruePath] | None = None,
) -> None:
    """Write the report of a record.

    In        path       file to write (UTF-8 HTML); its folder exists
              messages   the whole record in handled order
              scenario   None for recorded reports
              command    what to type to make the run again
              truth      name -> (time_ns, latitude_deg, longitude_deg, height_m) of what really flew, drawn
                         beside the track and labelled so; simulation only
    """
    facts = gather(messages, scenario=scenario, seed=seed, version=version, digest=digest, command=command, truth=truth)
    with whole(Path(path)) as partial:
        partial.write_text(page(facts), encoding="utf-8")


def page(facts: Facts) -> str:
    """The whole page."""
    title = facts.scenario.title if facts.scenario is not None else "Recorded sensor reports"
    anchors = Anchors(facts)
    body = [
        headline(facts),
        clock_section(facts),
        flight_section(facts),
        ground_section(facts),
        people_section(facts),
        statement_section(facts, anchors),
        sources_section(facts),
        ledger_section(facts, anchors),
        inputs_section(facts),
    ]
    return "<!DOCTYPE html>\n" + el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="robots", content="noindex"),
            el("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
            el("title", f"{facts.caption}: {title}"),
            el("style", Markup(_style())),
        ),
        el(
            "body",
            el("div", facts.caption, class_="banner", role="note"),
            el("main", _top(facts, title), _contents(body), *body),
            _footer(facts),
        ),
        lang="en",
    )


def _style() -> str:
    return (importlib.resources.files("tocsin.report") / "style.css").read_text(encoding="utf-8")


def _top(facts: Facts, title: str) -> Markup:
    when = ""
    if facts.messages:
        day, first, last = iso_from_ns(facts.start_ns, 0)[:10], time_words(facts.start_ns), time_words(facts.end_ns)
        day = day if facts.is_dated else "Date not in the recording"
        when = f"{day}, {first[:5]} to {last[:5]} UTC"
    kicker = {"exercise": "After-action report, exercise", "test": "Test report, recorded data", "live": "Draft report"}
    seed = "" if facts.seed is None else f", seed {facts.seed}"
    name = facts.scenario.name if facts.scenario is not None else "recorded reports"
    return join(
        (
            el("div", kicker[facts.origin], class_="kicker"),
            el("h1", title),
            el("p", f"{name}{seed}. {when}", class_="meta"),
        )
    )


def _contents(body: Sequence[Markup | None]) -> Markup:
    """A link to each section, in the words of its heading."""
    whole = "".join(part for part in body if part is not None)
    items = [el("li", el("a", Markup(title), href=f"#{ident}")) for ident, title in _HEADING.findall(whole)]
    return el("nav", el("ul", *items), aria_label="Sections")


def _footer(facts: Facts) -> Markup:
    return el(
        "footer",
        el(
            "p",
            el("b", facts.caption),
            ". Vehicles, sensors and interceptors are generic classes with notional parameters; nothing here speaks "
            "of a named system. tocsin is a simulator and analysis tool: it commands no weapon and cannot send a real "
            "alert.",
        ),
        el("p", "Zones and places: GeoNames, CC BY 4.0. Borders: Natural Earth, public domain."),
    )
