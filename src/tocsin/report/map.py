"""Maps: the whole flight, and the ground where it or its debris would come down."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.messages import Assessment, Column, Scan
from tocsin.report.basemap import Base
from tocsin.report.facts import Facts, class_words
from tocsin.report.markup import Markup
from tocsin.report.profile import Flown, main_tracks
from tocsin.report.projection import arc_km, geodetic_of, thin
from tocsin.report.svg import points
from tocsin.views import WarningView, of_kind

Array = np.ndarray[Any, Any]
NEAR_KM = (7.0, 22.0)  # least and most shown on each side of a predicted impact, before its region
WIDE_KM = 200.0  # a region taller than this is seen well enough on the map of the whole ground
KM_PER_DEG = 111.2  # of latitude, sphere
LABELLED_RING_PX = 70.0  # smaller regions are told apart by the key alone
NEAR_SYMBOL_KM = 300.0
MOST_LABELS = 12
OFF_MAP_M = 200_000.0  # a sensor above this stands in space and is named in words only

Symbol = tuple[str, str, float, float]
"""Kind, name, latitude, longitude (deg)."""


def flight_map(facts: Facts, tracks: list[Flown], width: float) -> Markup | None:
    """Everything that flew and everyone who saw or answered it; None where nothing has a place."""
    main = main_tracks(tracks)
    shown = [f.place[:, :2] for f in main] + [f.ahead[:, :2] for f in main if f.ahead is not None]
    shown += [r for v in facts.threats if v.was_alarming for r in _regions(v)]
    symbols = _symbols(facts)
    shown = [s for s in shown if len(s)]
    shown += [np.array([s[2:4]]) for s in symbols if not shown or _is_near(s, np.concatenate(shown))]
    if not shown:
        return None
    return _Map(facts, tracks, np.concatenate(shown), width, "flight", symbols).draw()


def _is_near(symbol: Symbol, shown: Array) -> bool:
    """Within once the size of what is shown, or 300 km: farther ones would shrink it to a dot."""
    low, high = shown.min(axis=0), shown.max(axis=0)
    size_km = float(arc_km(float(low[0]), float(low[1]), high[:1], high[1:])[0])
    return float(arc_km(symbol[2], symbol[3], shown[:, 0], shown[:, 1]).min()) <= max(NEAR_SYMBOL_KM, size_km)


def ground_map(facts: Facts, tracks: list[Flown], width: float) -> Markup | None:
    """The ground concerned: impact region, warned zones, debris. None where nothing was foreseen to come down."""
    judged = [v.impact for v in facts.threats if v.was_alarming and v.impact is not None]
    shown: list[Array] = [a.impact_region_90_deg for a in judged if a.impact_region_90_deg is not None]
    shown += [d.last.region_99_deg for d in facts.debris]
    shown += [ring for w in facts.warnings for ring in _areas(w)]
    shown = [s for s in shown if len(s)]
    if not shown:
        return None
    return _Map(facts, tracks, np.concatenate(shown), width, "ground", _symbols(facts)).draw()


def impact_map(facts: Facts, tracks: list[Flown], width: float) -> Markup | None:
    """The predicted impact from near, for the first threat; None where there is none or its 99 % region is wide."""
    judged = [v.impact for v in facts.threats if v.was_alarming and v.impact is not None]
    impact = judged[0] if judged else None
    if impact is None or impact.impact_ecef_m is None:
        return None
    lat, lon, _ = geodetic_of([impact.impact_ecef_m])[0]
    region = impact.impact_region_99_deg
    tall_km = 0.0 if region is None or not len(region) else float(np.ptp(region[:, 0])) * KM_PER_DEG
    if tall_km > WIDE_KM:
        return None
    half_deg = min(max(2.5 * tall_km, NEAR_KM[0]), NEAR_KM[1]) / KM_PER_DEG
    side_deg = half_deg / max(0.1, float(np.cos(np.radians(lat))))
    shown = [np.array([[lat - half_deg, lon - side_deg], [lat + half_deg, lon + side_deg]])]
    if tall_km:
        shown.append(np.asarray(region))
    return _Map(facts, tracks, np.concatenate(shown), width, "impact", _symbols(facts)).draw()


def _regions(view: Any) -> list[Array]:
    regions = [
        view.impact.impact_region_90_deg if view.impact else None,
        view.launch.launch_region_90_deg if view.launch else None,
    ]
    return [r for r in regions if r is not None and len(r)]


def _areas(view: WarningView) -> tuple[Column, ...]:
    return (view.last_sent or view.last).area_deg


def _symbols(facts: Facts) -> list[Symbol]:
    """Sensors, units and sites that stand on the ground, by name."""
    found: dict[tuple[str, str], Symbol] = {}
    for scan in of_kind(facts.messages, Scan):
        if ("sensor", scan.sensor) not in found and scan.platform_ecef_m is not None:
            lat, lon, height_m = geodetic_of([scan.platform_ecef_m])[0]
            if height_m < OFF_MAP_M:
                found["sensor", scan.sensor] = ("sensor", scan.sensor, float(lat), float(lon))
            else:
                found["sensor", scan.sensor] = ("space", scan.sensor, 0.0, 0.0)
    if facts.scenario is not None:
        for s in facts.scenario.sensors:
            if s.platform in ("land", "ship") and (s.kind != "position" or (s.latitude_deg, s.longitude_deg) != (0, 0)):
                found.setdefault(("sensor", s.name), ("sensor", s.name, s.latitude_deg, s.longitude_deg))
        for site in facts.scenario.sites:
            found["site", site.name] = ("site", site.name, site.latitude_deg, site.longitude_deg)
        for unit in facts.scenario.units:
            found["unit", unit.name] = (unit.kind, unit.name, unit.latitude_deg, unit.longitude_deg)
    return [s for s in found.values() if s[0] != "space"]


class _Map(Base):
    """One map; ``kind`` is flight, ground or impact."""

    def __init__(
        self, facts: Facts, tracks: list[Flown], points_deg: Array, width: float, kind: str, symbols: list[Symbol]
    ) -> None:
        title = {"flight": "The flight", "ground": "The ground concerned", "impact": "Around the predicted impact"}[
            kind
        ]
        super().__init__(points_deg, width, name=kind, title=title, description=_words(facts, tracks, symbols))
        self.facts, self.tracks, self.kind, self.symbols = facts, tracks, kind, symbols

    def draw(self) -> Markup:
        d = self.drawing
        self.draw_ground()
        self._areas()
        self._paths()
        spots = self._spots()
        d.group(0, clip_path=d.clip(self.frame))
        self.draw_furniture()
        for x, y, words, class_ in spots:
            self.labels.place(d, x, y, words, class_, gap=9, is_needed=True)
        self.draw_edge(has_towns=self.kind != "flight")
        return d.markup()

    def _areas(self) -> None:
        facts, d = self.facts, self.drawing
        for kind, sent_class, words in (
            ("missile", "zone", "warned zones"),
            ("debris", "notice", "debris notice zones"),
        ):
            told = [w for w in facts.warnings if w.kind == kind and _areas(w)]
            if not told:
                continue
            data = "".join(points(ring, close=True) for ring in self.rings([a for w in told for a in _areas(w)]))
            is_sent = any(w.last_sent for w in told)
            d.path(data, sent_class if is_sent else f"{sent_class} unsent")
            hatch = "stripes" if kind == "missile" and self.kind != "impact" else ""  # from near it would drown the map
            if hatch:
                d.path(data, "hatched", fill=d.hatch(hatch, 8))
            self.keys.append((f"fill:{sent_class}:{hatch}", words if is_sent else f"{words}, drafted and not sent"))
        for area in facts.debris:
            for region, level in ((area.last.region_99_deg, "99"), (area.last.region_90_deg, "90")):
                ring = self.ring(region)
                shape = "debris-edge" if self.kind == "impact" else "debris"
                d.path(points(ring, close=True), f"{shape} debris-{level}")
                if level == "99" and self.kind != "impact":
                    d.path(points(ring, close=True), "hatched", fill=d.hatch("dots", 7))
        if facts.debris:
            words = "debris, 90 and 99 %" + (", predicted" if all(a.last.is_predicted for a in facts.debris) else "")
            self.keys.append(("line:debris-edge" if self.kind == "impact" else "fill:debris:dots", words))
        if any(a.last.area_deg is not None for a in facts.alerts):
            areas = {a.threat: a.last.area_deg for a in facts.alerts if a.last.area_deg is not None}
            for polygon in areas.values():
                d.path(points(self.ring(polygon), close=True), "alert-area")
            self.keys.append(("line:alert-area", "area told to units"))
        for view in facts.threats:
            if not view.was_alarming:
                continue
            if view.launch is not None and view.launch.launch_region_90_deg is not None:
                d.path(points(self.ring(view.launch.launch_region_90_deg), close=True), "launch-region")
            if view.impact is not None:
                self._impact(view.impact)
        if any(v.was_alarming and v.impact is not None for v in facts.threats):
            self.keys.append(("fill:impact impact-90:", "predicted impact, 50, 90 and 99 %"))
        if self.kind == "flight" and any(v.was_alarming and v.launch is not None for v in facts.threats):
            self.keys.append(("line:launch-region", "estimated launch, 90 %"))

    def _impact(self, impact: Assessment) -> None:
        regions = (impact.impact_region_99_deg, impact.impact_region_90_deg, impact.impact_region_50_deg)
        for level, region in zip(("99", "90", "50"), regions, strict=True):
            ring = [] if region is None else self.ring(region)
            if not ring:
                continue
            self.drawing.path(points(ring, close=True), f"impact impact-{level}")
            x, y = max(ring, key=lambda point: point[1])
            if self.kind != "flight" and y - min(below for _, below in ring) > LABELLED_RING_PX:
                self.labels.place(self.drawing, x, y, f"{level} %", "small-threat", gap=3)

    def _paths(self) -> None:
        d = self.drawing
        has_ahead = has_threat = has_traffic = has_gap = False
        for name, path in sorted(self.facts.truth.items()):
            line = self.projection.pixels(np.array([(lat, lon) for _, lat, lon, _ in path]).reshape(-1, 2))
            if len(line) > 1 and np.isfinite(line).all():
                d.path(points(thin(line)), "truth", aria_label=name)
        if self.facts.truth:
            self.keys.append(("line:truth", "truth (simulation only; nobody saw it)"))
        for f in self.tracks if self.kind == "flight" else main_tracks(self.tracks):
            is_threat = f.view is not None and f.view.was_alarming
            if f.ahead is not None and len(f.ahead) > 1:
                has_ahead = True
                self._line(f.ahead, "foreseen")
            for _, place in f.gaps:
                has_gap = True
                self._line(place, "foreseen" if is_threat else "carried")
            for _, place in f.parts:
                self._line(place, "flown" if is_threat else "traffic")
            has_threat, has_traffic = has_threat or is_threat, has_traffic or not is_threat
            if is_threat:
                self._minutes(f)
        if has_threat:
            self.keys.append(("line:flown", "track, a dot each minute"))
        if has_ahead:
            self.keys.append(("line:foreseen", "foreseen path"))
        elif has_gap:
            self.keys.append(("line:foreseen" if has_threat else "line:carried", "carried on without plots"))
        if has_traffic:
            self.keys.append(("line:traffic", "other tracks" if has_threat else "tracks"))

    def _line(self, place: Array, class_: str) -> None:
        pixels = self.projection.pixels(place[:, :2])
        pixels = pixels[np.isfinite(pixels).all(axis=1)]
        if len(pixels) > 1:
            self.drawing.path(points(thin(pixels)), class_)
            for x, y in pixels[:: max(1, len(pixels) // 60)].tolist():
                self.labels.block((x - 2, y - 2, x + 2, y + 2))
        elif len(pixels):
            self.drawing.circle(float(pixels[0, 0]), float(pixels[0, 1]), 2.5, f"{class_}-dot")

    def _minutes(self, f: Flown) -> None:
        if self.kind != "flight" or len(f.t_s) < 2:
            return
        first, last = int(np.ceil(f.t_s[0] / 60)), int(np.floor(f.t_s[-1] / 60))
        for minute in range(first, min(last, first + 90) + 1):
            if not any(len(t_s) and t_s[0] <= minute * 60.0 <= t_s[-1] for t_s, _ in f.parts):
                continue  # nothing saw it then
            lat, lon = (float(np.interp(minute * 60.0, f.t_s, f.place[:, axis])) for axis in (0, 1))
            x, y = self.projection.pixel(lat, lon)
            self.drawing.circle(x, y, 2.6, "minute")
            if minute % 2 == 0:
                self.labels.place(self.drawing, x, y, f"{minute} min", "small-threat", gap=5, size_px=11)

    def _spots(self) -> list[tuple[float, float, str, str]]:
        """Draw point symbols; give back the labels they want, most wanted first."""
        d, facts = self.drawing, self.facts
        wanted: list[tuple[float, float, str, str]] = []
        for e in facts.engagements:
            where = next((r.intercept_ecef_m for r in reversed(e.revisions) if r.intercept_ecef_m is not None), None)
            if where is not None and e.launch_ns is not None:
                lat, lon, _ = geodetic_of([where])[0]
                x, y = self.projection.pixel(lat, lon)
                site = next((s for s in self.symbols if s[0] == "site" and s[1] == e.site), None)
                if site is not None:
                    d.path(points((self.projection.pixel(*site[2:]), (x, y))), "interceptor")
                d.cross(x, y, 6.5, "intercept")
                wanted.append((x, y, f"intercept {facts.at(e.intercept_ns)}", "strong-defence"))
                self.labels.block((x - 6, y - 6, x + 6, y + 6))
        for view in [v for v in facts.threats if v.was_alarming][:12]:
            for estimate, mark, words in (
                (view.launch, "launch_ecef_m", "launch"),
                (view.impact, "impact_ecef_m", "impact"),
            ):
                where = getattr(estimate, mark, None)
                if where is None:
                    continue
                lat, lon, _ = geodetic_of([where])[0]
                x, y = self.projection.pixel(lat, lon)
                (d.plus if words == "impact" else d.circle)(x, y, 7 if words == "impact" else 4, f"{words}-mark")
                said = "estimated launch" if words == "launch" else "predicted impact"
                many = sum(v.was_alarming for v in facts.threats) > 1
                wanted.append((x, y, f"{view.threat}: {said}" if many else said, "strong-threat"))
                self.labels.block((x - 6, y - 6, x + 6, y + 6))
        for find in facts.finds:
            if find.last.position_ecef_m is None:
                continue
            lat, lon, _ = geodetic_of([find.last.position_ecef_m])[0]
            x, y = self.projection.pixel(lat, lon)
            d.triangle(x, y, 6, "find")
            wanted.append((x, y, f"find, {find.last.outcome}", "strong"))
        kinds = set()
        for kind, name, lat, lon in self.symbols:
            x, y = self.projection.pixel(lat, lon)
            if not (0 <= x <= self.width and 0 <= y <= self.height):
                continue
            {"sensor": d.triangle, "site": d.diamond, "land": d.square, "sea": d.circle}[kind](
                x, y, 5, f"symbol {kind}"
            )
            self.labels.block((x - 5, y - 5, x + 5, y + 5))
            wanted.append((x, y, name, "strong-defence"))
            kinds.add(kind)
        for kind, words in (
            ("sensor", "sensor"),
            ("site", "interceptor site"),
            ("land", "land unit"),
            ("sea", "sea unit"),
        ):
            if kind in kinds:
                self.keys.append((f"symbol:{kind}", words))
        if not any(v.was_alarming for v in facts.threats):
            for f in self.tracks[:MOST_LABELS]:
                if len(f.place):
                    x, y = self.projection.pixel(*f.place[-1, :2])
                    sort = f", {class_words(f.view.last.best_class)}" if f.view else ""
                    wanted.append((x, y, f"{f.label}{sort}", "small-ink"))
        return [w for w in wanted if 0 <= w[0] <= self.width and 0 <= w[1] <= self.height]


def _words(facts: Facts, tracks: list[Flown], symbols: list[Symbol]) -> str:
    threats = [v.threat for v in facts.threats if v.was_alarming]
    said = [f"{len(tracks)} tracks"]
    if threats:
        said.append(f"threats {', '.join(threats[:6])} with launch and impact regions")
    if facts.warnings:
        said.append(f"zones of {len(facts.warnings)} warnings")
    if facts.debris:
        said.append(f"{len(facts.debris)} debris areas")
    said.append(f"{len(symbols)} sensors, units and sites")
    return "Map with borders: " + "; ".join(said) + ". The same facts stand in the tables of this page."
