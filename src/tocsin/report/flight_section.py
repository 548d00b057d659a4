"""The flight: maps, profiles, tracks and engagements."""

from __future__ import annotations

from tocsin.messages import CLASSES, DebrisArea
from tocsin.report.facts import Facts, class_words, count_words, duration_words, listed, people_words, time_words
from tocsin.report.figures import both
from tocsin.report.map import flight_map, ground_map, impact_map
from tocsin.report.markup import Child, Markup, el, join, number_head, table
from tocsin.report.profile import flown, ground_profile, profile
from tocsin.report.projection import geodetic_of
from tocsin.views import ThreatView, launches_count, region_area_m2

MOST_ROWS = 60


def flight_section(facts: Facts) -> Markup:
    """Section "The flight"."""
    tracks = flown(facts)
    off_map = _off_map(facts)
    parts: list[Child] = [
        el("h2", "The flight" if facts.clock.threats else "What was tracked", id="flight"),
        both(
            "Map of the flight" if facts.clock.threats else "Map of the tracks",
            lambda width: flight_map(facts, tracks, width),
            f"{off_map}Borders: Natural Earth, drawn as it draws them; they say nothing of rights. {facts.caption}.",
        ),
        both(
            "Height over time, and who could see or reach it",
            lambda width: profile(facts, tracks, width),
            "Solid: tracked; dashed: foreseen, or carried on while no plot came. Strips beneath: spans in which a "
            f"sensor fed the track, and in which a launch would still have reached it. {facts.caption}.",
        ),
        both(
            "Height over the ground",
            lambda width: ground_profile(facts, tracks, width),
            f"Range along the great circle from the estimated launch point. {facts.caption}.",
        ),
    ]
    judged = [view for view in facts.threats if view.is_threat]
    if judged:
        parts.append(_judged(judged))
    parts.append(_tracks(facts))
    if facts.engagements:
        parts.append(_engagements(facts))
    return join(parts)


def ground_section(facts: Facts) -> Markup | None:
    """Section "The ground concerned"; None where nothing was foreseen to come down."""
    tracks = flown(facts)
    figure = both(
        "Where it, or its debris, would come down",
        lambda width: ground_map(facts, tracks, width),
        "Regions hold the impact with the stated probability by the last good prediction"
        f"{' before the reported hit' if any(e.outcome == 'hit' for e in facts.engagements) else ''}. "
        f"Place names: GeoNames, CC BY 4.0. {facts.caption}.",
    )
    if figure is None:
        return None
    near = both(
        "Around the predicted impact",
        lambda width: impact_map(facts, tracks, width),
        f"Rings hold the impact with 50, 90 and 99 % probability by the last good prediction. {facts.caption}.",
    )
    parts: list[Child] = [el("h2", "The ground concerned", id="ground"), figure, near]
    for view in facts.debris:
        area = view.last
        sort = "predicted" if area.is_predicted else "after the reported event"
        where = f" around {listed(area.places)}" if area.places else ""
        parts.append(
            el(
                "p",
                el("b", f"Debris {area.area}"),
                f" ({area.kind}, {sort}): {area.fragment_count} sampled pieces fall{where} from "
                f"{facts.at(area.fall_start_ns)} to {facts.at(area.fall_end_ns)}; "
                f"{people_words(area.people_count)} people live in the 90 % area; "
                f"the ground stays dangerous for {_danger(area)} unless cleared.",
            )
        )
    if facts.finds:
        rows = [
            (f.find, f.last.text, " → ".join(f"{state} {facts.at(at)}" for at, state in f.states)) for f in facts.finds
        ]
        parts.append(table(("Find", "What", "Handling"), rows, caption="Found on the ground"))
    return join(parts)


def _danger(area: DebrisArea) -> str:
    return duration_words((area.danger_until_ns - area.fall_start_ns) / 1e9)


def _off_map(facts: Facts) -> str:
    if facts.scenario is None:
        return ""
    names = [s.name for s in facts.scenario.sensors if s.platform in ("geostationary", "orbit") and s.enabled]
    return f"Off the map, in space: {listed(names)}. " if names else ""


def _judged(judged: list[ThreatView]) -> Markup:
    rows = []
    for view in judged[:MOST_ROWS]:
        impact, last = view.impact, view.last
        if last.is_lost and impact is not None:  # "track dropped" says nothing of the threat
            last = impact
        probs = sorted(zip(last.class_prob, CLASSES, strict=True), reverse=True)
        area = region_area_m2(impact.impact_region_90_deg) if impact is not None else None
        size = ""
        if area is not None:
            size = f"90 % region {count_words(round(area / 1e6)) if area >= 1e6 else 'under 1'} km²"
        rows.append(
            (
                el("th", view.threat, _of(view), scope="row"),
                el("td", ", ".join(f"{class_words(n)} {p:.0%}" for p, n in probs if p >= 0.005), class_="wide"),
                f"{view.highest_rung}{', degraded mode' if view.was_degraded else ''}",
                _place(view.launch.launch_ecef_m if view.launch else None),
                el("td", _place(impact.impact_ecef_m if impact else None), el("span", size, class_="sub")),
                el("td", view.rung_reason["REFUTED"] if last.rung == "REFUTED" else last.reason, class_="wide"),
            )
        )
    head = ("Threat", "Class", "Highest rung", "Estimated launch", "Predicted impact", "Last reason")
    launches = launches_count(judged)
    caption = "What it was judged to be"
    if launches < len(judged):
        caption += f": {len(judged)} objects of {launches} launch{'' if launches == 1 else 'es'}"
    return table(head, rows, caption=caption)


def _of(view: ThreatView) -> Markup | None:
    return el("span", f"came off {view.parent}", class_="sub") if view.parent else None


def _place(position_ecef_m: tuple[float, float, float] | None) -> str:
    if position_ecef_m is None:
        return "–"
    lat, lon, _ = geodetic_of([position_ecef_m])[0]
    return f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"


def _tracks(facts: Facts) -> Markup:
    by_track = {t: v for v in facts.threats for t in v.tracks}
    shown = [t for t in facts.tracks if t.was_confirmed or t.track in by_track]
    shown.sort(key=lambda t: (-(by_track[t.track].is_threat if t.track in by_track else False), t.track))
    rows = []
    for t in shown[:MOST_ROWS]:
        view = by_track.get(t.track)
        rows.append(
            (
                el("th", f"{t.track}", scope="row"),
                f"{class_words(view.last.best_class)} {max(view.last.class_prob):.0%}" if view else "not assessed",
                view.last.rung if view else "–",
                f"{time_words(t.first_ns)[:8]} to {time_words(t.last_ns)[:8]}",
                ", ".join(
                    f"{count} {kind}"
                    for count, kind in (
                        (t.radar_count, "radar"), (t.infrared_count, "infrared"), (t.position_count, "position"),
                    )
                    if count
                )
                or "–",
                listed(t.sensors),
                t.status,
            )
        )  # fmt: skip
    more = f", the first {MOST_ROWS} of {len(shown)}" if len(shown) > MOST_ROWS else ""
    tentative = len(facts.tracks) - len(shown)
    left_out = f"; {tentative} more never left tentative and are not drawn" if tentative else ""
    head = ("Track", "Class", "Rung", "UTC", "Plots", "Sensors", "Status")
    return table(head, rows, caption=f"{len(shown)} track{'' if len(shown) == 1 else 's'}{more}{left_out}")


def _engagements(facts: Facts) -> Markup:
    rows = []
    for e in facts.engagements:
        last = e.last
        window = f"{facts.at(e.window[0])} to {facts.at(e.window[1])}" if e.window else "none"
        shots = max(r.shots for r in e.revisions) if e.launch_ns is not None else 0
        rows.append(
            (
                el("th", e.site, scope="row"),
                e.threat,
                window,
                facts.at(e.launch_ns),
                el("td", str(shots), class_="num"),
                f"{last.kill_prob:.0%}",
                facts.at(e.intercept_ns) if e.launch_ns is not None else "–",
                last.state.replace("_", " "),
                el(
                    "td",
                    last.reason or next((r.authorised_by for r in e.revisions if r.authorised_by), ""),
                    class_="wide",
                ),
            )
        )
    head = (
        "Site",
        "Threat",
        "Launch window",
        "Launched",
        number_head("Shots"),
        "Stated kill probability",
        "Intercept",
        "State",
        "Why, or by whom",
    )
    caption = "Simulated engagements by notional sites: a reach-in-time table and a stated probability, nothing else"
    return table(head, rows, caption=caption)
