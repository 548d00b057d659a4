"""GeoJSON (RFC 7946): tracks, launch and impact regions, debris, alert areas, warnings, engagements, on one map.

Every feature carries ``kind``, ``name`` and ``marking`` in its properties; heights are ellipsoidal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tocsin.formats.picture import Picture, picture_of
from tocsin.formats.rings import geodetic_points, line, polygon
from tocsin.messages import CLASSES, Assessment, Column, Message, column
from tocsin.units import iso_from_ns


def geojson(messages: Iterable[Message], *, spacing_s: float = 2.0) -> dict[str, Any]:
    """A FeatureCollection of the last word on each thing; plain values, ready for ``json.dumps``."""
    picture = picture_of(messages, spacing_s=spacing_s)
    features = [
        *_tracks(picture),
        *(feature for threat in picture.threats.values() for feature in _regions(threat)),
        *_areas(picture),
        *_engagements(picture),
    ]
    for feature in features:
        feature["properties"]["marking"] = picture.marking
    return {"type": "FeatureCollection", "name": f"tocsin: {picture.marking}", "features": features}


def _feature(kind: str, name: str, geometry: dict[str, Any] | None, **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"{kind}/{name}",
        "geometry": geometry,
        "properties": {"kind": kind, "name": name, **properties},
    }


def _tracks(picture: Picture) -> list[dict[str, Any]]:
    features = []
    for path in picture.tracks:
        judged = picture.threat_of_track.get(path.track)
        said = {
            "track": path.track,
            "status": path.status,
            "best_class": judged.best_class if judged else None,
            "rung": judged.rung if judged else None,
        }
        for number, part in enumerate(path.stretches, start=1):
            points = geodetic_points(np.array([s.position_ecef_m for s in part]))
            name = str(path.track) if number == 1 else f"{path.track}/{number}"
            features.append(_feature("track", name, line(points), **said, times=[iso_from_ns(s.t_ns) for s in part]))
        for number, (times_ns, places) in enumerate(path.carried, start=1):
            times = [iso_from_ns(t) for t in times_ns.tolist()]
            name = f"{path.track}/{number}"
            features.append(_feature("track_gap", name, line(geodetic_points(places)), **said, times=times))
    return features


def _regions(threat: Assessment) -> list[dict[str, Any]]:
    features = []
    if threat.path_ecef_m is not None and threat.path_ecef_m.shape[0] > 1:
        path = line(geodetic_points(threat.path_ecef_m))
        features.append(
            _feature("predicted_path", threat.threat, path, threat=threat.threat, impact=_iso(threat.impact_ns))
        )
    regions: tuple[tuple[str, int, Column | None, int | None], ...] = (
        ("launch_region", 90, threat.launch_region_90_deg, threat.launch_ns),
        ("impact_region", 99, threat.impact_region_99_deg, threat.impact_ns),
        ("impact_region", 90, threat.impact_region_90_deg, threat.impact_ns),
        ("impact_region", 50, threat.impact_region_50_deg, threat.impact_ns),
    )
    for kind, percent, ring, time_ns in regions:
        if ring is not None:
            features.append(
                _feature(
                    kind,
                    f"{threat.threat}/{percent}",
                    polygon([ring]),
                    threat=threat.threat,
                    containment_prob=percent / 100.0,
                    rung=threat.rung,
                    class_prob=dict(zip(CLASSES, threat.class_prob, strict=False)),
                    time=_iso(time_ns),
                    valid_at=iso_from_ns(threat.time_ns),
                )
            )
    return features


def _areas(picture: Picture) -> list[dict[str, Any]]:
    features = []
    for area in picture.debris.values():
        for percent, ring in ((99, area.region_99_deg), (90, area.region_90_deg), (50, area.region_50_deg)):
            features.append(
                _feature(
                    "debris_area",
                    f"{area.area}/{percent}",
                    polygon([ring]),
                    debris_kind=area.kind,
                    threat=area.threat,
                    is_predicted=area.is_predicted,
                    containment_prob=percent / 100.0,
                    fall_start=iso_from_ns(area.fall_start_ns),
                    fall_end=iso_from_ns(area.fall_end_ns),
                    danger_until=iso_from_ns(area.danger_until_ns),
                    places=list(area.places),
                )
            )
    for alert in picture.alerts.values():
        if alert.area_deg is not None:
            features.append(
                _feature(
                    "alert_area",
                    alert.alert,
                    polygon([alert.area_deg]),
                    unit=alert.unit,
                    threat=alert.threat,
                    state=alert.state,
                    impact=_iso(alert.impact_ns),
                )
            )
    for warning in picture.warnings.values():
        # a feature for each area: areas of neighbouring zones overlap, which one MultiPolygon may not
        for part, ring in enumerate(warning.area_deg, start=1):
            features.append(
                _feature(
                    "warning",
                    f"{warning.warning}/{part}",
                    polygon([ring]),
                    warning=warning.warning,
                    warning_kind=warning.kind,
                    state=warning.state,
                    status=warning.status.value,
                    zones=list(warning.zone_names or warning.zones),
                    people_count=warning.people_count,
                    expires=iso_from_ns(warning.expires_ns),
                    headlines={text.language: text.headline for text in warning.texts},
                )
            )
    return features


def _engagements(picture: Picture) -> list[dict[str, Any]]:
    features = []
    for engagement in picture.engagements.values():
        place = engagement.intercept_ecef_m
        features.append(
            _feature(
                "engagement",
                engagement.engagement,
                None if place is None else {"type": "Point", "coordinates": geodetic_points(column([place]))[0]},
                threat=engagement.threat,
                site=engagement.site,
                state=engagement.state,
                launch=_iso(engagement.launch_ns),
                intercept=_iso(engagement.intercept_ns),
                reason=engagement.reason,
            )
        )
    return features


def _iso(time_ns: int | None) -> str | None:
    return None if time_ns is None else iso_from_ns(time_ns)
