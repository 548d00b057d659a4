"""CZML and GeoJSON of one flight, in the forms and markings of the run's own exports."""

from __future__ import annotations

from typing import Any

from tocsin.formats.flown import Flown
from tocsin.formats.rings import DECIMALS, geodetic_points, line
from tocsin.units import NS_PER_S, iso_from_ns, ns_from_s

_COLOURS = {
    "boost": [213, 94, 0, 255], "ascent": [0, 114, 178, 255], "descent": [204, 121, 167, 255],
    "entry": [204, 121, 167, 255], "level": [0, 158, 115, 255], "orbit": [0, 158, 115, 255],
}  # Okabe and Ito: told apart by colour-blind eyes  # fmt: skip
_EVENT_COLOUR = [0, 0, 0, 255]


def flight_czml(flown: Flown) -> list[dict[str, Any]]:
    """Document packet, the body on its sampled path, its path by phase, its events; ready for ``json.dumps``."""
    end_ns = max(flown.end_ns, flown.start_ns + NS_PER_S)
    span = f"{iso_from_ns(flown.start_ns)}/{iso_from_ns(end_ns)}"
    samples: list[float] = []
    for time_s, place in zip(flown.time_s.tolist(), flown.position_ecef_m.tolist(), strict=True):
        samples += [round(time_s, 6), *(round(value, 3) for value in place)]
    packets: list[dict[str, Any]] = [
        {
            "id": "document",
            "version": "1.0",
            "name": f"{flown.marking}: {flown.name}",
            "description": f"{flown.marking}. {flown.scenario}. {flown.source}.",
            "clock": {
                "interval": span,
                "currentTime": iso_from_ns(flown.start_ns),
                "multiplier": 10,
                "range": "CLAMPED",
                "step": "SYSTEM_CLOCK_MULTIPLIER",
            },
        },
        {
            "id": f"flight/{flown.name}",
            "name": flown.name,
            "description": f"{flown.marking}. {flown.kind} {flown.name}.",
            "availability": span,
            "position": {
                "epoch": iso_from_ns(flown.start_ns, 9),
                "referenceFrame": "FIXED",
                "interpolationAlgorithm": "LAGRANGE",
                "interpolationDegree": min(3, max(1, len(flown.phase) - 1)),
                "cartesian": samples,
            },
            "point": {"pixelSize": 8, "color": {"rgba": _COLOURS["boost"]}},
            "label": {"text": flown.name, "font": "12px sans-serif", "pixelOffset": {"cartesian2": [12, 0]}},
        },
    ]
    for number, (phase, first, after) in enumerate(flown.stretches(), start=1):
        places = flown.position_ecef_m[first : after + 1]
        packets.append(
            {
                "id": f"flight_path/{flown.name}/{number}",
                "name": f"{flown.name}, {phase}",
                "description": flown.marking,
                "availability": span,
                "polyline": {
                    "positions": {"cartesian": [round(value, 3) for value in places.ravel().tolist()]},
                    "width": 2,
                    "arcType": "NONE",
                    "material": {"solidColor": {"color": {"rgba": _COLOURS.get(phase, _EVENT_COLOUR)}}},
                },
            }
        )
    for number, event in enumerate(flown.events, start=1):
        packets.append(
            {
                "id": f"flight_event/{flown.name}/{number}",
                "name": event.label,
                "description": f"{flown.marking}. {event.time_s:.1f} s after the start, {event.speed_m_s:.0f} m/s.",
                "availability": f"{iso_from_ns(event.time_ns)}/{iso_from_ns(max(end_ns, event.time_ns + NS_PER_S))}",
                "position": {"cartographicDegrees": [event.longitude_deg, event.latitude_deg, event.height_m]},
                "point": {"pixelSize": 6, "color": {"rgba": _EVENT_COLOUR}},
                "label": {"text": event.label, "font": "11px sans-serif", "pixelOffset": {"cartesian2": [8, -8]}},
            }
        )
    return packets


def flight_geojson(flown: Flown) -> dict[str, Any]:
    """A FeatureCollection: a ``flight`` line for each phase, with its times; a ``flight_event`` point each."""
    points = geodetic_points(flown.position_ecef_m)
    times = [iso_from_ns(flown.start_ns + ns_from_s(t)) for t in flown.time_s.tolist()]
    features = []
    for number, (phase, first, after) in enumerate(flown.stretches(), start=1):
        said: dict[str, Any] = {"object": flown.name, "phase": phase, "times": times[first : after + 1]}
        features.append(_feature("flight", f"{flown.name}/{number}", line(points[first : after + 1]), flown, said))
    for number, event in enumerate(flown.events, start=1):
        place = [round(event.longitude_deg, DECIMALS), round(event.latitude_deg, DECIMALS), round(event.height_m, 1)]
        said = {
            "object": flown.name,
            "event": event.kind,
            "label": event.label,
            "time": iso_from_ns(event.time_ns),
            "time_s": round(event.time_s, 3),
            "speed_m_s": round(event.speed_m_s, 1),
            "downrange_m": round(event.downrange_m, 1),
        }
        geometry = {"type": "Point", "coordinates": place}
        features.append(_feature("flight_event", f"{flown.name}/{number}", geometry, flown, said))
    return {"type": "FeatureCollection", "name": f"tocsin: {flown.marking}", "features": features}


def _feature(kind: str, name: str, geometry: dict[str, Any], flown: Flown, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"{kind}/{name}",
        "geometry": geometry,
        "properties": {"kind": kind, "name": name, "marking": flown.marking, "source": flown.source, **said},
    }
