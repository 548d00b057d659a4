"""``summary.json``: the run in one document. Its keys are a contract; ``SUMMARY_KEYS`` says what each means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import CLASSES, Assessment, Column, Event, Message, Origin, Posture, Scan, SensorHealth, Vec3
from tocsin.policy import Policy
from tocsin.units import iso_from_ns
from tocsin.views.alerts import alerts
from tocsin.views.clock import Clock, ThreatClock, clock
from tocsin.views.debris import debris, finds
from tocsin.views.engagements import engagements
from tocsin.views.pick import of_kind, span_ns
from tocsin.views.statements import statements
from tocsin.views.threats import ThreatView, launches_count, region_area_m2, threats
from tocsin.views.tracks import TrackView, tracks
from tocsin.views.warnings import WarningView, seconds_left, warnings

CAPTIONS: dict[Origin, str] = {
    "exercise": "EXERCISE - notional parameters",
    "test": "TEST - recorded data",
    "live": "DRAFT - NOT SENT",
}
"""What every picture and text of a run carries, by origin."""

Document = dict[str, Any]


def summary(
    messages: Sequence[Message],
    *,
    name: str,
    title: str,
    seed: int | None,
    version: str,
    digest: str,
    policy: Policy,
) -> Document:
    """The whole record as one JSON-able document; keys as in ``SUMMARY_KEYS``."""
    span = span_ns(messages)
    judged = threats(messages)
    clocks = clock(messages, policy.budgets)
    told = warnings(messages)
    origin: Origin = messages[0].origin if messages else "exercise"
    by_threat = {c.threat: c for c in clocks.threats}
    paths = tracks(messages, spacing_s=1e6)
    first_ns = {path.track: path.first_ns for path in paths}
    postures = of_kind(messages, Posture)
    return {
        "scenario": name,
        "title": title,
        "seed": seed,
        "version": version,
        "digest": digest,
        "origin": origin,
        "caption": CAPTIONS[origin],
        "start_utc": iso_from_ns(span[0]) if span else None,
        "end_utc": iso_from_ns(span[1]) if span else None,
        "clock": _clock(clocks.first) if clocks.first else None,
        "clock_reason": clocks.reason,
        "people": people_warned(clocks, told),
        "threats": [_threat(v, by_threat.get(v.threat), first_ns) for v in judged if v.is_threat],
        "launches_count": launches_count(judged),
        "tracks": _tracks(paths, judged),
        "alerts": _alerts(messages),
        "engagements": _engagements(messages),
        "debris": _debris(messages),
        "finds": [
            {"find": f.find, "state": f.last.outcome, "utc": iso_from_ns(f.last.time_ns), "text": f.last.text}
            for f in finds(messages)
        ],
        "warnings": [_warning(w) for w in told],
        "statement": _statement(messages),
        "posture": {
            "level": postures[-1].level,
            "concurrence": postures[-1].concurrence,
            "crew_reaction_s": postures[-1].crew_reaction_s,
        }
        if postures
        else None,
        "sensors": _sensors(messages),
        "events": [
            {"utc": iso_from_ns(e.arrival_ns or e.time_ns), "code": e.code, "severity": e.severity, "text": e.text}
            for e in of_kind(messages, Event)
            if e.severity != "info"
        ],
        "counts": dict(sorted(Counter(type(m).__name__ for m in messages).items())),
    }


def people_warned(clocks: Clock, told: Sequence[WarningView]) -> Document:
    """How many seconds were left, and for whom: the first missile warning that was sent, or why there is none."""
    sent = [w for w in told if w.kind == "missile" and w.first_sent is not None]
    if sent:
        first = min(sent, key=lambda w: w.sent_ns or 0)
        assert first.first_sent is not None  # by the filter above
        clocked = [c.step("approved").seconds_left for c in clocks.threats if c.threat in first.first_sent.threats]
        left = next((s for s in clocked if s is not None), seconds_left(first.first_sent))
        return {
            "seconds_left_s": _rounded(left),
            "people_count": max(w.people_peak_count for w in sent),
            "zones_count": len({z.zone for w in sent for z in w.zones_told}),
            "why_none": "",
        }
    why = clocks.first.step("approved").not_reached if clocks.first else clocks.reason
    return {"seconds_left_s": None, "people_count": 0, "zones_count": 0, "why_none": why}


def place_of(position_ecef_m: Vec3) -> tuple[float, float, float]:
    """Latitude and longitude in degrees (1e-6) and ellipsoidal height in metres (0.1) of an ECEF point."""
    lat_rad, lon_rad, height_m = geodetic_from_ecef(*position_ecef_m)
    return round(float(np.degrees(lat_rad)), 6), round(float(np.degrees(lon_rad)), 6), round(float(height_m), 1)


def _iso(time_ns: int | None) -> str | None:
    return None if time_ns is None else iso_from_ns(time_ns)


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def _polygon(region_deg: Column | None) -> list[list[float]]:
    return [] if region_deg is None else [[round(lat, 5), round(lon, 5)] for lat, lon in region_deg.tolist()]


def _clock(told: ThreatClock) -> Document:
    return {
        "threat": told.threat,
        "zero_utc": _iso(told.zero_ns),
        "zero_std_s": _rounded(told.zero_std_s),
        "impact_utc": _iso(told.impact_ns),
        "impact_std_s": _rounded(told.impact_std_s),
        "steps": [
            {
                "step": step.name,
                "label": step.label,
                "utc": _iso(step.time_ns),
                "after_launch_s": _rounded(step.after_zero_s),
                "budget_s": step.budget_s,
                "is_within_budget": step.is_within_budget,
                "seconds_left_s": _rounded(step.seconds_left),
                "seconds_left_as_told_s": _rounded(step.seconds_left_as_told),
                "is_estimated": step.is_estimated,
                "is_headline": step.is_headline,
                "note": step.note,
                "not_reached": step.not_reached,
                "evidence": list(step.evidence),
            }
            for step in told.steps
        ],
    }


def _threat(view: ThreatView, own_clock: ThreatClock | None, first_ns: dict[int, int]) -> Document:
    last = view.last
    firsts = [first_ns[t] for t in view.tracks if t in first_ns]
    return {
        "threat": view.threat,
        "track": view.track,
        "parent": view.parent or None,
        "class": last.best_class,
        "class_prob": _class_prob(last),
        "rung": last.rung,
        "highest_rung": view.highest_rung,
        "rung_utc": {rung: iso_from_ns(time_ns) for rung, time_ns in view.rung_ns.items()},
        "was_degraded": view.was_degraded,
        "is_lost": last.is_lost,
        "reason": last.reason,
        "first_detection_utc": _iso(min(firsts, default=None)),
        "launch": _launch(view.launch),
        "impact": _impact(view),
        "apogee_utc": _iso((view.impact or last).apogee_ns),
        "apogee_height_m": _rounded((view.impact or last).apogee_height_m, 1),
        "perigee_height_m": round((view.impact or last).perigee_height_m, 1),
        "clock": _clock(own_clock) if own_clock else None,
    }


def _class_prob(assessment: Assessment) -> dict[str, float]:
    return {name: round(prob, 6) for name, prob in zip(CLASSES, assessment.class_prob, strict=True)}


def _launch(assessment: Assessment | None) -> Document | None:
    if assessment is None:
        return None
    lat, lon, _ = place_of(assessment.launch_ecef_m) if assessment.launch_ecef_m else (None, None, None)
    return {
        "utc": _iso(assessment.launch_ns),
        "std_s": _rounded(assessment.launch_std_s),
        "latitude_deg": lat,
        "longitude_deg": lon,
        "region_90_deg": _polygon(assessment.launch_region_90_deg),
    }


def _impact(view: ThreatView) -> Document | None:
    impact = view.impact
    if impact is None:
        return None
    lat, lon, _ = place_of(impact.impact_ecef_m) if impact.impact_ecef_m else (None, None, None)
    spread = view.spread[-1] if view.spread else None
    area_m2 = region_area_m2(impact.impact_region_90_deg)
    return {
        "utc": _iso(impact.impact_ns),
        "std_s": _rounded(impact.impact_std_s),
        "latitude_deg": lat,
        "longitude_deg": lon,
        "semi_major_90_m": _rounded(spread.semi_major_90_m, 1) if spread else None,
        "semi_minor_90_m": _rounded(spread.semi_minor_90_m, 1) if spread else None,
        "area_90_km2": None if area_m2 is None else round(area_m2 / 1e6, 3),
        "region_50_deg": _polygon(impact.impact_region_50_deg),
        "region_90_deg": _polygon(impact.impact_region_90_deg),
        "region_99_deg": _polygon(impact.impact_region_99_deg),
    }


def _tracks(paths: Sequence[TrackView], judged: Sequence[ThreatView]) -> list[Document]:
    by_track = {track: view for view in judged for track in view.tracks}
    return [
        {
            "track": path.track,
            "threat": view.threat if view else None,
            "class": view.last.best_class if view else None,
            "class_prob": round(max(view.last.class_prob), 6) if view else None,
            "rung": view.last.rung if view else None,
            "status": path.status,
            "first_utc": iso_from_ns(path.first_ns),
            "last_utc": iso_from_ns(path.last_ns),
            "radar_count": path.radar_count,
            "infrared_count": path.infrared_count,
            "position_count": path.position_count,
            "sensors": list(path.sensors),
        }
        for path in paths
        for view in (by_track.get(path.track),)
        if path.was_confirmed or view is not None
    ]


def _alerts(messages: Sequence[Message]) -> list[Document]:
    return [
        {
            "alert": a.alert,
            "unit": a.unit,
            "threat": a.threat,
            "state": a.last.state,
            "sent_utc": iso_from_ns(a.sent_ns),
            "acknowledged_utc": _iso(a.acknowledged_ns),
            "escalated_utc": _iso(a.escalated_ns),
            "attempts": a.attempts,
        }
        for a in alerts(messages)
    ]


def _engagements(messages: Sequence[Message]) -> list[Document]:
    rows = []
    for e in engagements(messages):
        where = next((r.intercept_ecef_m for r in reversed(e.revisions) if r.intercept_ecef_m is not None), None)
        lat, lon, height_m = place_of(where) if where else (None, None, None)
        rows.append(
            {
                "engagement": e.engagement,
                "site": e.site,
                "threat": e.threat,
                "state": e.last.state,
                "shots": max(r.shots for r in e.revisions) if e.launch_ns is not None else 0,
                "kill_prob": e.last.kill_prob,
                "window_open_utc": _iso(e.window[0] if e.window else None),
                "window_close_utc": _iso(e.window[1] if e.window else None),
                "launch_utc": _iso(e.launch_ns),
                "intercept_utc": _iso(e.intercept_ns),
                "intercept_latitude_deg": lat,
                "intercept_longitude_deg": lon,
                "intercept_height_m": height_m,
                "outcome": e.outcome,
                "authorised_by": next((r.authorised_by for r in reversed(e.revisions) if r.authorised_by), ""),
                "reason": e.last.reason,
            }
        )
    return rows


def _debris(messages: Sequence[Message]) -> list[Document]:
    rows = []
    for view in debris(messages):
        area = view.last
        lat, lon, _ = place_of(area.mean_ecef_m)
        rows.append(
            {
                "area": area.area,
                "kind": area.kind,
                "threat": area.threat,
                "is_predicted": area.is_predicted,
                "latitude_deg": lat,
                "longitude_deg": lon,
                "region_90_deg": _polygon(area.region_90_deg),
                "region_99_deg": _polygon(area.region_99_deg),
                "fall_start_utc": iso_from_ns(area.fall_start_ns),
                "fall_end_utc": iso_from_ns(area.fall_end_ns),
                "danger_until_utc": iso_from_ns(area.danger_until_ns),
                "places": list(area.places),
                "people_count": area.people_count,
                "casualty_expectation": area.casualty_expectation,
            }
        )
    return rows


def _warning(view: WarningView) -> Document:
    worded = next((w for w in reversed(view.revisions) if w.texts), view.last)
    return {
        "warning": view.warning,
        "kind": view.kind,
        "state": view.last.state,
        "status": view.last.status.value,
        "threats": list(view.threats),
        "drafted_utc": iso_from_ns(view.drafted_ns),
        "approved_utc": _iso(view.approved_ns),
        "sent_utc": _iso(view.sent_ns),
        "closed_utc": _iso(view.closed_ns),
        "seconds_left_s": _rounded(seconds_left(view.first_sent)) if view.first_sent else None,
        "revisions_count": len(view.revisions),
        "zones": list(view.last.zones),
        "zone_names": list(view.last.zone_names),
        "zones_told_count": len(view.zones_told),
        "people_count": view.people_peak_count or view.last.people_count,
        "headlines": {text.language: text.headline for text in worded.texts},
        "reason": view.last.reason,
    }


def _statement(messages: Sequence[Message]) -> Document | None:
    told = statements(messages)
    if not told:
        return None
    released = [s for s in told if s.released_ns is not None]
    chosen = (released or told)[-1]
    last = chosen.last
    return {
        "statement": last.statement,
        "audience": last.audience,
        "state": last.state,
        "banner": last.banner,
        "utc": iso_from_ns(chosen.released_ns if chosen.released_ns is not None else chosen.drafted_ns),
        "sentences": [
            {"fact": s.fact, "text": s.text, "language": s.language, "label": s.label, "evidence": list(s.evidence)}
            for s in last.sentences
        ],
        "withheld": [{"fact": w.fact, "reason": w.reason} for w in last.withheld],
    }


def _sensors(messages: Sequence[Message]) -> list[Document]:
    scans_count: Counter[str] = Counter()
    plots_count: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for scan in of_kind(messages, Scan):
        scans_count[scan.sensor] += 1
        plots_count[scan.sensor] += scan.plot_count
        kinds[scan.sensor] = scan.kind
    last = {h.sensor: h for h in of_kind(messages, SensorHealth)}
    kinds.update({sensor: health.kind for sensor, health in last.items()})
    return [
        {
            "sensor": sensor,
            "kind": kinds[sensor],
            "state": last[sensor].state if sensor in last else "ok",
            "scans_count": scans_count[sensor],
            "plots_count": plots_count[sensor],
            "reason": last[sensor].reason if sensor in last else "",
        }
        for sensor in sorted(kinds)
    ]
