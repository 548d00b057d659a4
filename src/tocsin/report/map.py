"""Maps: the whole flight, and the ground where it or its debris would come down."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.messages import Column, Scan
from tocsin.report.facts import Facts, class_words
from tocsin.report.markup import Markup
from tocsin.report.profile import _Flown
from tocsin.report.projection import Projection, clip_polygon, geodetic_of, thin
from tocsin.report.svg import Drawing, Labels, nice_step, points, text_width
from tocsin.views import WarningView, of_kind

Array = np.ndarray[Any, Any]
REGION_BOX_DEG = (20.0, 48.0, 20.0, 70.0)  # south, north, west, east of the finer borders
OFF_MAP_M = 200_000.0  # a sensor above this stands in space and is named in words only
KEY_ROW_PX = 22.0


def flight_map(facts: Facts, tracks: list[_Flown], width: float) -> Markup | None:
    """Everything that flew and everyone who saw or answered it; None where nothing has a place."""
    shown = [f.place[:, :2] for f in tracks] + [f.ahead[:, :2] for f in tracks if f.ahead is not None]
    shown += [r for v in facts.threats if v.is_threat for r in _regions(v)]
    symbols = _symbols(facts)
    shown += [np.array([s[2:4]]) for s in symbols]
    if not any(len(s) for s in shown):
        return None
    return _Map(facts, tracks, np.concatenate(shown), width, "flight", symbols).draw()


def ground_map(facts: Facts, tracks: list[_Flown], width: float) -> Markup | None:
    """The ground concerned: impact region, warned zones, debris. None where nothing was foreseen to come down."""
    shown: list[Array] = [v.impact.impact_region_90_deg for v in facts.threats
                          if v.is_threat and v.impact is not None and v.impact.impact_region_90_deg is not None]  # fmt: skip
    shown += [d.last.region_99_deg for d in facts.debris]
    shown += [ring for w in facts.warnings for ring in _areas(w)]
    shown = [s for s in shown if len(s)]
    if not shown:
        return None
    return _Map(facts, tracks, np.concatenate(shown), width, "ground", _symbols(facts)).draw()


def _regions(view: Any) -> list[Array]:
    regions = [
        view.impact.impact_region_90_deg if view.impact else None,
        view.launch.launch_region_90_deg if view.launch else None,
    ]
    return [r for r in regions if r is not None and len(r)]


def _areas(view: WarningView) -> tuple[Column, ...]:
    return (view.last_sent or view.last).area_deg


Symbol = tuple[str, str, float, float]  # kind, name, lat, lon


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
            if s.platform in ("land", "ship"):
                found.setdefault(("sensor", s.name), ("sensor", s.name, s.latitude_deg, s.longitude_deg))
        for site in facts.scenario.sites:
            found["site", site.name] = ("site", site.name, site.latitude_deg, site.longitude_deg)
        for unit in facts.scenario.units:
            found["unit", unit.name] = (unit.kind, unit.name, unit.latitude_deg, unit.longitude_deg)
    return [s for s in found.values() if s[0] != "space"]


class _Map:
    """One map; ``kind`` is flight or ground."""

    def __init__(
        self, facts: Facts, tracks: list[_Flown], points_deg: Array, width: float, kind: str, symbols: list[Symbol]
    ) -> None:
        self.facts, self.tracks, self.kind, self.symbols = facts, tracks, kind, symbols
        self.is_narrow = width < 600
        self.projection = Projection(points_deg)
        low, high = (280.0, 420.0) if self.is_narrow else (420.0, 620.0)
        self.height = self.projection.fit(points_deg, width, low, high, 34.0 if self.is_narrow else 60.0)
        self.width = width
        self.keys: list[tuple[str, str]] = []
        title = "The flight" if kind == "flight" else "The ground concerned"
        self.drawing = Drawing(width, self.height, name=f"map-{kind}-{'n' if self.is_narrow else 'w'}", title=title,
                               description=self._words())  # fmt: skip
        self.frame = (0.0, 0.0, width, self.height)
        self.labels = Labels((4, 4, width - 4, self.height - 4))

    def draw(self) -> Markup:
        d = self.drawing
        d.rect(self.frame, "sea")
        since = len(d.parts)
        countries = self._land()
        self._graticule()
        self._areas()
        self._paths()
        spots = self._spots()
        d.group(since, clip_path=d.clip(self.frame))
        self._scale_bar()
        self._north()
        for x, y, words, class_ in spots:
            self.labels.place(d, x, y, words, class_, gap=9, is_needed=True)
        if self.kind == "ground":
            self._towns()
        for x, y, name in countries:
            self.labels.place(d, x, y, name, "country", is_centred=True, size_px=13)
        d.rect(self.frame, "frame")
        self._key()
        return d.markup()

    def _ring(self, polygon_deg: Array) -> list[tuple[float, float]]:
        pixels = self.projection.pixels(polygon_deg)
        return thin(pixels) if np.isfinite(pixels).all() else []

    def _land(self) -> list[tuple[float, float, str]]:
        from tocsin.places import borders

        corners = self._corners()
        south, north, west, east = REGION_BOX_DEG
        inside = (corners[:, 0] > south) & (corners[:, 0] < north) & (corners[:, 1] > west) & (corners[:, 1] < east)
        names: list[tuple[float, float, float, str]] = []
        data = []
        box = (-8.0, -8.0, self.width + 8, self.height + 8)
        for _, name, rings in borders("region" if inside.all() else "world"):
            best = (0.0, 0.0, 0.0)
            for ring in rings:
                shape = clip_polygon(self._ring(ring), box)
                if len(shape) < 3:
                    continue
                data.append(points(shape, close=True))
                visible = clip_polygon(shape, self.frame)
                area, x, y = _centroid(visible)
                best = max(best, (area, x, y))
            if name and best[0] > 3500:
                names.append((*best, name))
        self.drawing.path("".join(data), "land")
        return [(x, y, name) for _, x, y, name in sorted(names, reverse=True)]

    def _corners(self) -> Array:
        """Latitude and longitude of the frame's edge, by search from the middle; coarse."""
        p = self.projection
        out = []
        for x, y in (
            (0, 0),
            (self.width, 0),
            (0, self.height),
            (self.width, self.height),
            (self.width / 2, 0),
            (self.width / 2, self.height),
        ):
            east, north = x / p.scale + p.left_km, p.top_km - y / p.scale
            c = np.hypot(east, north) / 6371.0088
            sin_c, cos_c = np.sin(c), np.cos(c)
            k = sin_c / max(float(np.hypot(east, north)), 1e-9)
            lat = np.arcsin(np.clip(cos_c * np.sin(p.lat_rad) + north * k * np.cos(p.lat_rad), -1, 1))
            lon = p.lon_rad + np.arctan2(east * k, cos_c * np.cos(p.lat_rad) - north * k * np.sin(p.lat_rad))
            out.append((np.degrees(lat), (np.degrees(lon) + 180) % 360 - 180))
        return np.array(out)

    def _graticule(self) -> None:
        corners = self._corners()
        lon = corners[:, 1]
        lon_mid = np.degrees(self.projection.lon_rad)
        lon = lon_mid + (lon - lon_mid + 180) % 360 - 180
        lat_low, lat_high = float(corners[:, 0].min()), float(corners[:, 0].max())
        step = nice_step(max(lat_high - lat_low, 0.02), self.height / 110, (1.0, 2.0, 3.0, 5.0))
        step = min(step, 30.0)
        parallels = np.arange(np.floor(lat_low / step), np.ceil(lat_high / step) + 1) * step
        meridians = np.arange(np.floor(lon.min() / step), np.ceil(lon.max() / step) + 1) * step
        lats = np.clip(np.linspace(lat_low - step, lat_high + step, 41), -89.9, 89.9)
        lons = np.linspace(lon.min() - step, lon.max() + step, 41)
        data = []
        for value in meridians[:40]:
            line = self.projection.pixels(np.stack((lats, np.full(41, value)), axis=1))
            data.append(points(thin(line)) if np.isfinite(line).all() else "")
            self._edge_label(line, 1, self.height, (value + 180) % 360 - 180, "EW")
        for value in parallels[np.abs(parallels) < 89][:40]:
            line = self.projection.pixels(np.stack((np.full(41, value), lons), axis=1))
            data.append(points(thin(line)) if np.isfinite(line).all() else "")
            self._edge_label(line, 0, 0.0, value, "NS")
        self.drawing.path("".join(data), "graticule")

    def _edge_label(self, line: Array, axis: int, limit: float, value: float, sides: str) -> None:
        """The degree beside the frame where a line of the graticule meets it."""
        for (x1, y1), (x2, y2) in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
            a, b = (x1, x2) if axis == 0 else (y1, y2)
            if (a - limit) * (b - limit) > 0 or a == b:
                continue
            t = (limit - a) / (b - a)
            x, y = x1 + t * (x2 - x1), y1 + t * (y2 - y1)
            side = "" if value == 0 else sides[0 if value > 0 else 1]
            words = f"{abs(value):.4g}° {side}".strip()
            wide = text_width(words, 10.5)
            box = (x + 3, self.height - 15, x + 3 + wide, self.height - 3) if axis else (4, y - 14, 4 + wide, y - 2)
            if self.labels.is_free(box):
                self.labels.block(box)
                self.drawing.text(box[0], box[3] - 2, words, "degree")
            return

    def _areas(self) -> None:
        facts, d = self.facts, self.drawing
        for kind, sent_class, words in (
            ("missile", "zone", "warned zones"),
            ("debris", "notice", "debris notice zones"),
        ):
            told = [w for w in facts.warnings if w.kind == kind and _areas(w)]
            if not told:
                continue
            data = "".join(points(self._ring(ring), close=True) for w in told for ring in _areas(w))
            is_sent = any(w.last_sent for w in told)
            d.path(data, sent_class if is_sent else f"{sent_class} unsent")
            hatch = "stripes" if kind == "missile" else "crossed"
            d.path(data, "hatched", fill=d.hatch(hatch, 8))
            self.keys.append((f"fill:{sent_class}:{hatch}", words if is_sent else f"{words}, drafted and not sent"))
        for area in facts.debris:
            for region, level in ((area.last.region_99_deg, "99"), (area.last.region_90_deg, "90")):
                ring = self._ring(region)
                d.path(points(ring, close=True), f"debris debris-{level}")
                if level == "99":
                    d.path(points(ring, close=True), "hatched", fill=d.hatch("dots", 7))
        if facts.debris:
            words = "debris, 90 and 99 %" + (", predicted" if all(a.last.is_predicted for a in facts.debris) else "")
            self.keys.append(("fill:debris:dots", words))
        if any(a.last.area_deg is not None for a in facts.alerts):
            areas = {a.threat: a.last.area_deg for a in facts.alerts if a.last.area_deg is not None}
            for polygon in areas.values():
                d.path(points(self._ring(polygon), close=True), "alert-area")
            self.keys.append(("line:alert-area", "area told to units"))
        for view in facts.threats:
            if not view.is_threat:
                continue
            if view.launch is not None and view.launch.launch_region_90_deg is not None:
                d.path(points(self._ring(view.launch.launch_region_90_deg), close=True), "launch-region")
            if view.impact is not None:
                a = view.impact
                for level, region in (
                    ("99", a.impact_region_99_deg),
                    ("90", a.impact_region_90_deg),
                    ("50", a.impact_region_50_deg),
                ):
                    if region is not None and len(region):
                        ring = self._ring(region)
                        d.path(points(ring, close=True), f"impact impact-{level}")
                        if self.kind == "ground" and ring:
                            x, y = max(ring, key=lambda point: point[1])
                            self.labels.place(d, x, y, f"{level} %", "small-threat", gap=3)
        if any(v.is_threat and v.impact is not None for v in facts.threats):
            self.keys.append(("fill:impact impact-90:", "predicted impact, 50, 90 and 99 %"))
        if self.kind == "flight" and any(v.is_threat and v.launch is not None for v in facts.threats):
            self.keys.append(("line:launch-region", "estimated launch, 90 %"))

    def _paths(self) -> None:
        d = self.drawing
        has_ahead = has_threat = has_traffic = False
        for name, path in sorted(self.facts.truth.items()):
            line = self.projection.pixels(np.array([(lat, lon) for _, lat, lon, _ in path]).reshape(-1, 2))
            if len(line) > 1 and np.isfinite(line).all():
                d.path(points(thin(line)), "truth", aria_label=name)
        if self.facts.truth:
            self.keys.append(("line:truth", "truth (simulation only; nobody saw it)"))
        for f in self.tracks:
            is_threat = f.view is not None and f.view.is_threat
            if f.ahead is not None and len(f.ahead) > 1:
                has_ahead = True
                self._line(f.ahead, "foreseen")
            self._line(f.place, "flown" if is_threat else "traffic")
            has_threat, has_traffic = has_threat or is_threat, has_traffic or not is_threat
            if is_threat:
                self._minutes(f)
        if has_threat:
            self.keys.append(("line:flown", "track, a dot each minute"))
        if has_ahead:
            self.keys.append(("line:foreseen", "foreseen path"))
        if has_traffic:
            self.keys.append(("line:traffic", "other tracks"))

    def _line(self, place: Array, class_: str) -> None:
        pixels = self.projection.pixels(place[:, :2])
        pixels = pixels[np.isfinite(pixels).all(axis=1)]
        if len(pixels) > 1:
            self.drawing.path(points(thin(pixels)), class_)
            for x, y in pixels[:: max(1, len(pixels) // 60)].tolist():
                self.labels.block((x - 2, y - 2, x + 2, y + 2))
        elif len(pixels):
            self.drawing.circle(*pixels[0].tolist(), 2.5, f"{class_}-dot")

    def _minutes(self, f: _Flown) -> None:
        if self.kind != "flight" or len(f.t_s) < 2:
            return
        first, last = int(np.ceil(f.t_s[0] / 60)), int(np.floor(f.t_s[-1] / 60))
        for minute in range(first, min(last, first + 90) + 1):
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
        for view in [v for v in facts.threats if v.is_threat][:12]:
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
                many = sum(v.is_threat for v in facts.threats) > 1
                wanted.append((x, y, f"{view.threat}: {said}" if many else said, "strong-threat"))
                self.labels.block((x - 6, y - 6, x + 6, y + 6))
        finds = [f for f in facts.finds if f.last.position_ecef_m is not None]
        for find in finds:
            lat, lon, _ = geodetic_of([find.last.position_ecef_m])[0]  # type: ignore[list-item]
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
        if not any(v.is_threat for v in facts.threats):
            for f in self.tracks[:30]:
                if len(f.place):
                    x, y = self.projection.pixel(*f.place[-1, :2])
                    sort = f", {class_words(f.view.last.best_class)}" if f.view else ""
                    wanted.append((x, y, f"{f.label}{sort}", "small-ink"))
        return [w for w in wanted if 0 <= w[0] <= self.width and 0 <= w[1] <= self.height]

    def _towns(self) -> None:
        from tocsin.places import places

        corners = self._corners()
        (south, west), (north, east) = corners.min(axis=0), corners.max(axis=0)
        inside = [p for p in places() if south < p.latitude_deg < north and west < p.longitude_deg < east]
        inside.sort(key=lambda p: -p.people_count)
        count = 0
        for town in inside[:60]:
            x, y = self.projection.pixel(town.latitude_deg, town.longitude_deg)
            box = (x - 2.5, y - 2.5, x + 2.5, y + 2.5)
            if self.labels.is_free(box) and self.labels.place(self.drawing, x, y, town.name, "town", gap=4):
                self.drawing.circle(x, y, 2, "town-dot")
                count += 1
            if count >= (9 if self.is_narrow else 22):
                return

    def _scale_bar(self) -> None:
        length_km = nice_step(self.width * 0.22 / self.projection.scale, 1.0) / (1.0 if self.width > 600 else 1.0)
        while length_km * self.projection.scale > self.width * 0.3:
            length_km /= 2
        wide = length_km * self.projection.scale
        right, y = self.width - 16, self.height - 26
        self.labels.block((right - wide - 6, y - 20, right + 6, y + 8))
        self.drawing.rect((right - wide - 8, y - 18, right + 8, y + 9), "plate")
        self.drawing.path(
            points(((right - wide, y - 4), (right - wide, y + 3), (right, y + 3), (right, y - 4))), "scale-bar"
        )
        self.drawing.text(right - wide / 2, y - 3, f"{length_km:g} km", "label", "middle")

    def _north(self) -> None:
        x, y = self.width - 24, 42.0
        self.labels.block((x - 12, 4, x + 12, y + 6))
        self.drawing.path(points(((x, y - 18), (x + 6, y), (x, y - 5), (x - 6, y)), close=True), "north")
        self.drawing.text(x, y - 22, "N", "strong", "middle")

    def _key(self) -> None:
        """The legend under the map, in columns."""
        d = self.drawing
        columns = 1 if self.is_narrow else 3
        rows = -(-len(self.keys) // columns)
        for index, (sample, words) in enumerate(self.keys):
            x = 2 + (index // rows) * (self.width / columns)
            y = self.height + 22 + (index % rows) * KEY_ROW_PX
            form, _, rest = sample.partition(":")
            box = (x, y - 11, x + 26, y + 3)
            if form == "fill":
                class_, _, hatch = rest.partition(":")
                d.rect(box, class_)
                if hatch:
                    d.rect(box, "hatched", fill=d.hatch(hatch, 7 if hatch == "dots" else 8))
            elif form == "line":
                d.line(x, y - 4, x + 26, y - 4, rest)
            else:
                draw = {"sensor": d.triangle, "site": d.diamond, "land": d.square, "sea": d.circle}[rest]
                draw(x + 13, y - 4, 5, f"symbol {rest}")
            d.text(x + 34, y, words, "label")
        d.height = self.height + 14 + rows * KEY_ROW_PX

    def _words(self) -> str:
        facts = self.facts
        threats = [v.threat for v in facts.threats if v.is_threat]
        said = [f"{len(self.tracks)} tracks"]
        if threats:
            said.append(f"threats {', '.join(threats[:6])} with launch and impact regions")
        if facts.warnings:
            said.append(f"zones of {len(facts.warnings)} warnings")
        if facts.debris:
            said.append(f"{len(facts.debris)} debris areas")
        said.append(f"{len(self.symbols)} sensors, units and sites")
        return "Map with borders: " + "; ".join(said) + ". The same facts stand in the tables of this page."


def _centroid(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Area (px2) and centroid of a polygon."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return (abs(area) / 2, x / (3 * area), y / (3 * area)) if abs(area) > 1e-9 else (0.0, 0.0, 0.0)
