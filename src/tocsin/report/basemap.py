"""The ground of a map: land, borders, graticule, towns, scale, north and key. ``map`` draws on it what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.report.projection import Projection, clip_polygon, thin
from tocsin.report.svg import Drawing, Labels, nice_step, points, text_width

Array = np.ndarray[Any, Any]
REGION_BOX_DEG = (20.0, 48.0, 20.0, 70.0)  # south, north, west, east of the finer borders
KEY_ROW_PX = 22.0
COUNTRY_LEAST_PX2 = 3500.0  # a country that shows less of itself is not named


class Base:
    """One map's ground, fitted to (n, 2) points in degrees; ``draw_ground`` first, ``draw_edge`` last."""

    def __init__(self, points_deg: Array, width: float, *, name: str, title: str, description: str) -> None:
        self.is_narrow = width < 600
        self.projection = Projection(points_deg)
        low, high = (280.0, 420.0) if self.is_narrow else (420.0, 620.0)
        self.width = width
        self.height = self.projection.fit(points_deg, width, low, high, 34.0 if self.is_narrow else 60.0)
        name = f"map-{name}-{'n' if self.is_narrow else 'w'}"
        self.drawing = Drawing(width, self.height, name=name, title=title, description=description)
        self.frame = (0.0, 0.0, width, self.height)
        self.labels = Labels((4, 4, width - 4, self.height - 4))
        self.keys: list[tuple[str, str]] = []
        self._countries: list[tuple[float, float, str]] = []

    def draw_ground(self) -> None:
        """Sea, land and graticule."""
        self.drawing.rect(self.frame, "sea")
        self._countries = self._land()
        self._graticule()

    def draw_furniture(self) -> None:
        """Scale and north, before labels, so that none falls on them."""
        self._scale_bar()
        self._north()

    def draw_edge(self, *, has_towns: bool) -> None:
        """Towns where wanted, countries where there is room, the frame, and the key beneath."""
        if has_towns:
            self._towns()
        for x, y, name in self._countries:
            self.labels.place(self.drawing, x, y, name, "country", is_centred=True, size_px=13)
        self.drawing.rect(self.frame, "frame")
        self._key()

    def rings(self, polygons_deg: Sequence[Array]) -> list[list[tuple[float, float]]]:
        """Polygons as pixels, all in one projection call; empty where one has a corner on the far side of the Earth."""
        polygons = [p for p in polygons_deg if len(p)]
        if not polygons:
            return []
        pixels = self.projection.pixels(np.concatenate(polygons))
        cuts = np.cumsum([len(p) for p in polygons])[:-1]
        return [thin(part) if np.isfinite(part).all() else [] for part in np.split(pixels, cuts)]

    def ring(self, polygon_deg: Array) -> list[tuple[float, float]]:
        """One polygon as pixels."""
        return next(iter(self.rings([polygon_deg])), [])

    def _land(self) -> list[tuple[float, float, str]]:
        from tocsin.places import borders

        corners = self._corners()
        south, north, west, east = REGION_BOX_DEG
        inside = (corners[:, 0] > south) & (corners[:, 0] < north) & (corners[:, 1] > west) & (corners[:, 1] < east)
        names: list[tuple[float, float, float, str]] = []
        data = []
        box = (-8.0, -8.0, self.width + 8, self.height + 8)
        countries = borders("region" if inside.all() else "world")
        shapes = iter(self.rings([ring for _, _, rings in countries for ring in rings]))
        for _, name, rings in countries:
            best = (0.0, 0.0, 0.0)
            for _ in rings:
                shape = clip_polygon(next(shapes), box)
                if len(shape) < 3:
                    continue
                data.append(points(shape, close=True))
                best = max(best, _centroid(clip_polygon(shape, self.frame)))
            if name and best[0] > COUNTRY_LEAST_PX2:
                names.append((*best, name))
        self.drawing.path("".join(data), "land")
        return [(x, y, name) for _, x, y, name in sorted(names, reverse=True)]

    def _corners(self) -> Array:
        """(6, 2) latitude and longitude of the frame's corners and of the middles of its long edges."""
        across, down = self.width, self.height
        edge = ((0, 0), (across, 0), (0, down), (across, down), (across / 2, 0), (across / 2, down))
        return self.projection.places(np.array(edge, dtype=np.float64))

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
            box = (x + 3, self.height - 18, x + 3 + wide, self.height - 5) if axis else (4, y - 14, 4 + wide, y - 2)
            if self.labels.is_free(box):
                self.labels.block(box)
                self.drawing.text(box[0], box[3] - 2, words, "degree")
            return

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
        length_km = nice_step(self.width * 0.22 / self.projection.scale, 1.0)
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


def _centroid(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Area (px2) and centroid of a polygon."""
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x1 * y2 - x2 * y1
        area, x, y = area + cross, x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return (abs(area) / 2, x / (3 * area), y / (3 * area)) if abs(area) > 1e-9 else (0.0, 0.0, 0.0)
