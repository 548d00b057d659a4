"""What is publicly claimed, by whom, where claims conflict, and what is not known."""

from __future__ import annotations

from tocsin.report.facts import Facts
from tocsin.report.markup import Child, Markup, el, join, table
from tocsin.scenario.schema import Claim

CONFIDENCE = {"primary": "good", "secondary": "mid", "disputed": "bad"}


def sources_section(facts: Facts) -> Markup | None:
    """Section "Sources and unknowns"; None for recorded reports, which rest on no story."""
    scenario = facts.scenario
    if scenario is None or not (scenario.claims or scenario.unknowns or scenario.summary):
        return None
    parts: list[Child] = [el("h2", "Sources and unknowns", id="sources")]
    if scenario.summary:
        parts.append(el("p", scenario.summary))
    by_fact: dict[str, list[Claim]] = {}
    for claim in scenario.claims:
        by_fact.setdefault(claim.fact, []).append(claim)
    for fact, claims in by_fact.items():
        if len(claims) > 1:
            parts.append(el("h3", f"{fact}: {len(claims)} claims, side by side"))
            parts.append(el("div", *(_claim(c) for c in claims), class_="claims"))
    single = [claims[0] for claims in by_fact.values() if len(claims) == 1]
    if single:
        rows = [
            (el("th", c.fact, scope="row"), el("td", c.claim, class_="wide"), c.source, c.date, _tag(c)) for c in single
        ]
        parts.append(table(("Fact", "Claim", "Source", "Date", "Confidence"), rows, caption="Facts with one claim"))
    if scenario.unknowns:
        rows_unknown = [
            (
                el("th", u.name, scope="row"),
                str(u.default),
                " to ".join(f"{bound:g}" for bound in (u.low, u.high) if bound is not None)
                or ", ".join(u.choices)
                or "–",
                el("td", u.key, class_="mono"),
                el("td", u.why, class_="wide"),
            )
            for u in scenario.unknowns
        ]
        head = ("Unknown", "Default", "Range", "Set by", "Why it is not known")
        parts.append(table(head, rows_unknown, caption="Declared unknowns: parameters, not findings"))
    return join(parts)


def _claim(claim: Claim) -> Markup:
    return el(
        "div",
        el("p", claim.claim),
        el("p", _tag(claim), f" {claim.source}, {claim.date}", class_="meta"),
    )


def _tag(claim: Claim) -> Markup:
    return el("span", claim.confidence, class_=f"tag {CONFIDENCE[claim.confidence]}")
