"""KML 2.2 (OGC 07-147r2) of one flight: path by phase, ground track, events, and a track to play. Plain XML.

Coordinates are longitude, latitude, height in that order. Heights here are above the WGS-84 ellipsoid; KML's
``absolute`` altitude is above its vertical datum (sea level, EGM96), so viewers draw the path off by the height of
the geoid, -107 to +85 m. The document says so; no geoid is applied.
"""

from __future__ import annotations

from lxml import etree

from tocsin.formats.flown import Flown, FlownEvent
from tocsin.formats.rings import Points, geodetic_points, line
from tocsin.units import iso_from_ns, ns_from_s

KML = "http://www.opengis.net/kml/2.2"
GX = "http://www.google.com/kml/ext/2.2"
HEIGHTS = (
    "Heights are above the WGS-84 ellipsoid. They are written as absolute altitude, which KML counts from sea level "
    "(EGM96): a viewer draws them off by the height of the geoid there, at most about 100 m."
)
_COLOURS = {
    "boost": "ff005ed5", "ascent": "ffb27200", "descent": "ffa779cc", "entry": "ffa779cc", "level": "ff739e00",
    "orbit": "ff739e00",
}  # aabbggrr; Okabe and Ito  # fmt: skip
_GROUND_COLOUR, _OTHER_COLOUR = "ff606060", "ff303030"


def flight_kml(flown: Flown) -> bytes:
    """The document, UTF-8."""
    root = etree.Element(f"{{{KML}}}kml", nsmap={None: KML, "gx": GX})
    document = etree.SubElement(root, f"{{{KML}}}Document")
    _text(document, "name", f"{flown.marking}: {flown.name}")
    _text(document, "description", f"{flown.marking}. {flown.scenario}. {flown.source}. {HEIGHTS}")
    for phase in sorted(set(flown.phase)):
        _line_style(document, _style(phase), _COLOURS.get(phase, _OTHER_COLOUR), "3")
    _line_style(document, "ground-track", _GROUND_COLOUR, "1.5")
    points = geodetic_points(flown.position_ecef_m)
    folder = _folder(document, "Path")
    for phase, first, after in flown.stretches():
        mark = _placemark(folder, f"{flown.name}, {phase}", flown.marking, f"#{_style(phase)}")
        _line(mark, points[first : after + 1], "absolute")
    mark = _placemark(_folder(document, "Ground track"), f"{flown.name}, ground track", flown.marking, "#ground-track")
    _line(mark, [[longitude, latitude, 0.0] for longitude, latitude, _ in points], "clampToGround")
    folder = _folder(document, "Events")
    for event in flown.events:
        _event(folder, event, flown)
    _track(_folder(document, "In time"), points, flown)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data


def _event(folder: etree._Element, event: FlownEvent, flown: Flown) -> None:
    said = (
        f"{flown.marking}. {event.label}: {event.time_s:.1f} s after the start, {event.height_m / 1000.0:.2f} km above "
        f"the ellipsoid, {event.speed_m_s:.0f} m/s, {event.downrange_m / 1000.0:.1f} km downrange."
    )
    mark = _placemark(folder, event.label, said, "", time=iso_from_ns(event.time_ns))
    point = etree.SubElement(mark, f"{{{KML}}}Point")
    _text(point, "altitudeMode", "absolute")
    _text(point, "coordinates", _coordinates([[event.longitude_deg, event.latitude_deg, event.height_m]]))


def _track(folder: etree._Element, points: Points, flown: Flown) -> None:
    """All times first, then all places, as the extension's schema wants."""
    mark = _placemark(folder, flown.name, flown.marking, "")
    track = etree.SubElement(mark, f"{{{GX}}}Track")
    _text(track, "altitudeMode", "absolute")
    for time_s in flown.time_s.tolist():
        _text(track, "when", iso_from_ns(flown.start_ns + ns_from_s(time_s)))
    for longitude, latitude, height in points:
        etree.SubElement(track, f"{{{GX}}}coord").text = f"{longitude:.6f} {latitude:.6f} {height:.1f}"


def _line(mark: etree._Element, points: Points, mode: str) -> None:
    """A LineString, or several where it crosses the antimeridian."""
    if len(points) < 2:
        points = points * 2
    parts = line(points)
    strings = parts["coordinates"] if parts["type"] == "MultiLineString" else [parts["coordinates"]]
    parent = etree.SubElement(mark, f"{{{KML}}}MultiGeometry") if len(strings) > 1 else mark
    for string in strings:
        element = etree.SubElement(parent, f"{{{KML}}}LineString")
        _text(element, "tessellate", "1" if mode == "clampToGround" else "0")
        _text(element, "altitudeMode", mode)
        _text(element, "coordinates", _coordinates(string))


def _style(phase: str) -> str:
    """An XML identifier."""
    return f"phase-{phase.replace(' ', '-')}"


def _coordinates(points: Points) -> str:
    return " ".join(f"{longitude:.6f},{latitude:.6f},{height:.1f}" for longitude, latitude, height in points)


def _placemark(parent: etree._Element, name: str, said: str, style: str, *, time: str = "") -> etree._Element:
    mark = etree.SubElement(parent, f"{{{KML}}}Placemark")
    _text(mark, "name", name)
    _text(mark, "description", said)
    if time:
        _text(etree.SubElement(mark, f"{{{KML}}}TimeStamp"), "when", time)
    if style:
        _text(mark, "styleUrl", style)
    return mark


def _line_style(document: etree._Element, name: str, colour: str, width: str) -> None:
    style = etree.SubElement(etree.SubElement(document, f"{{{KML}}}Style", id=name), f"{{{KML}}}LineStyle")
    _text(style, "color", colour)
    _text(style, "width", width)


def _folder(document: etree._Element, name: str) -> etree._Element:
    folder = etree.SubElement(document, f"{{{KML}}}Folder")
    _text(folder, "name", name)
    return folder


def _text(parent: etree._Element, name: str, text: str) -> None:
    """An element of text; what XML cannot hold is replaced."""
    clean = "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in text)
    etree.SubElement(parent, f"{{{KML}}}{name}").text = clean
