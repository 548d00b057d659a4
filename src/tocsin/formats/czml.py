"""CZML for Cesium: tracks with sampled positions, regions, debris, warnings and intercepts on one clock. Plain JSON.

Packets as in the CZML guide of the Cesium project; positions in the earth-fixed frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tocsin.formats.picture import Picture, TrackPath, picture_of
from tocsin.formats.rings import unwrapped
from tocsin.messages import Column, Message
from tocsin.units import NS_PER_S, iso_from_ns

_COLOURS: dict[str, tuple[int, int, int]] = {
    "threat": (213, 94, 0),
    "track": (0, 114, 178),
    "launch_region": (204, 121, 167),
    "impact_region": (213, 94, 0),
    "debris_area": (230, 159, 0),
    "warning": (240, 228, 66),
    "engagement": (0, 158, 115),
}  # Okabe and Ito: told apart by colour-blind eyes
_DEGREE = 3  # of the interpolation between sampled positions


def czml(messages: Iterable[Message], *, name: str = "", spacing_s: float = 2.0) -> list[dict[str, Any]]:
    """Document packet and one packet per thing; ready for ``json.dumps``."""
    picture = picture_of(messages, spacing_s=spacing_s)
    span = _interval(picture.first_ns, max(picture.last_ns, picture.first_ns + NS_PER_S))
    document = {
        "id": "document",
        "version": "1.0",
        "name": f"{picture.marking}: {name}" if name else picture.marking,
        "description": f"{picture.marking}. Written by tocsin.",
        "clock": {
            "interval": span,
            "currentTime": iso_from_ns(picture.first_ns),
            "multiplier": 10,
            "range": "CLAMPED",
            "step": "SYSTEM_CLOCK_MULTIPLIER",
        },
    }
    return [
        document,
        *(packet for path in picture.tracks for packet in _tracks(path, picture)),
        *_regions(picture, span),
        *_intercepts(picture, span),
    ]


def _tracks(path: TrackPath, picture: Picture) -> list[dict[str, Any]]:
    """The track while it rests on plots, and dashed, without a point, where it was carried on without."""
    judged = picture.threat_of_track.get(path.track)
    is_threat = judged is not None and judged.best_class == "ballistic_missile"
    colour = _rgba("threat" if is_threat else "track", 255)
    label = f"{path.track} {judged.best_class} {judged.rung}" if judged else str(path.track)
    seen = [(np.array([s.t_ns for s in part]), np.array([s.position_ecef_m for s in part])) for part in path.stretches]
    packets = [
        {
            "id": f"track/{path.track}",
            "name": label,
            "description": f"{picture.marking}. Track {label}, {path.status}.",
            **_sampled(seen),
            "point": {"pixelSize": 8, "color": colour},
            "path": {"width": 2, "resolution": 5, "material": {"solidColor": {"color": colour}}},
            "label": {"text": label, "font": "12px sans-serif", "pixelOffset": {"cartesian2": [12, 0]}},
        }
    ]
    if path.carried:
        packets.append(
            {
                "id": f"track_gap/{path.track}",
                "name": f"{label}, carried on without plots",
                "description": f"{picture.marking}. Nothing saw track {label} here: it was carried on.",
                **_sampled(path.carried),
                "path": {"width": 1, "resolution": 5, "material": {"polylineDash": {"color": colour}}},
            }
        )
    return packets


def _sampled(parts: Sequence[tuple[Column, Column]]) -> dict[str, Any]:
    """Availability and position over parts of times (k,) ns and places (k, 3); nothing is interpolated between them."""
    spans, positions = [], []
    for times_ns, places in parts:
        first_ns, last_ns = int(times_ns[0]), int(times_ns[-1])
        spans.append(_interval(first_ns, last_ns if last_ns > first_ns else first_ns + NS_PER_S))
        samples = np.column_stack(((times_ns - first_ns) / NS_PER_S, places))
        positions.append(
            {
                "interval": spans[-1],
                "epoch": iso_from_ns(first_ns, 9),
                "referenceFrame": "FIXED",
                "interpolationAlgorithm": "LAGRANGE",
                "interpolationDegree": min(_DEGREE, max(1, times_ns.shape[0] - 1)),
                "cartesian": [round(value, 3) for value in samples.ravel().tolist()],
            }
        )
    if len(positions) == 1:
        return {"availability": spans[0], "position": {k: v for k, v in positions[0].items() if k != "interval"}}
    return {"availability": spans, "position": positions}


def _regions(picture: Picture, span: str) -> list[dict[str, Any]]:
    packets = []
    for threat in picture.threats.values():
        for kind, percent, ring in (
            ("launch_region", 90, threat.launch_region_90_deg),
            ("impact_region", 99, threat.impact_region_99_deg),
            ("impact_region", 90, threat.impact_region_90_deg),
            ("impact_region", 50, threat.impact_region_50_deg),
        ):
            if ring is not None:
                packets.append(_polygon(kind, f"{threat.threat}/{percent}", ring, picture, span))
    for area in picture.debris.values():
        for percent, ring in ((99, area.region_99_deg), (90, area.region_90_deg), (50, area.region_50_deg)):
            packets.append(_polygon("debris_area", f"{area.area}/{percent}", ring, picture, span))
    for warning in picture.warnings.values():
        for number, ring in enumerate(warning.area_deg):
            packets.append(_polygon("warning", f"{warning.warning}/{number}", ring, picture, span))
    return packets


def _polygon(kind: str, name: str, ring_deg: Column, picture: Picture, span: str) -> dict[str, Any]:
    """A polygon on the ground; longitudes may pass 180, which Cesium takes, so that none needs cutting."""
    corners = unwrapped(ring_deg)
    heights = np.zeros((corners.shape[0], 1))
    return {
        "id": f"{kind}/{name}",
        "name": f"{kind.replace('_', ' ')} {name} %" if kind != "warning" else f"warning {name}",
        "description": picture.marking,
        "availability": span,
        "polygon": {
            "positions": {"cartographicDegrees": np.hstack((corners, heights)).round(6).ravel().tolist()},
            "material": {"solidColor": {"color": _rgba(kind, 60)}},
            "outline": True,
            "outlineColor": _rgba(kind, 255),
            "height": 0,
        },
    }


def _intercepts(picture: Picture, span: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"engagement/{engagement.engagement}",
            "name": f"{engagement.engagement} {engagement.state}",
            "description": f"{picture.marking}. Simulated; {engagement.reason}",
            "availability": span,
            "position": {"cartesian": list(engagement.intercept_ecef_m)},
            "point": {"pixelSize": 10, "color": _rgba("engagement", 255)},
        }
        for engagement in picture.engagements.values()
        if engagement.intercept_ecef_m is not None
    ]


def _rgba(kind: str, alpha: int) -> dict[str, list[int]]:
    return {"rgba": [*_COLOURS[kind], alpha]}


def _interval(first_ns: int, last_ns: int) -> str:
    return f"{iso_from_ns(first_ns)}/{iso_from_ns(last_ns)}"
