"""KML of a flight, read back as XML: structure of OGC 07-147r2, order of coordinates, what heights mean, markings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flown_case import flown
from lxml import etree

from tocsin.formats.flown import FLIGHT_COLUMNS, Flown, write_flight
from tocsin.formats.flown_maps import flight_czml, flight_geojson
from tocsin.formats.kml import flight_kml

NS = {"k": "http://www.opengis.net/kml/2.2", "gx": "http://www.google.com/kml/ext/2.2"}
# order that the schema wants of the children that are used here
ORDER = {
    "kml": ["Document"],
    "Document": ["name", "description", "Style", "Folder"],
    "Folder": ["name", "Placemark"],
    "Placemark": [
        "name", "description", "TimeStamp", "styleUrl", "MultiGeometry", "LineString", "Point", "Track",
    ],
    "Style": ["LineStyle"],
    "LineStyle": ["color", "width"],
    "LineString": ["tessellate", "altitudeMode", "coordinates"],
    "MultiGeometry": ["LineString"],
    "Point": ["altitudeMode", "coordinates"],
    "TimeStamp": ["when"],
    "Track": ["altitudeMode", "when", "coord"],
}  # fmt: skip


def tree(made: Flown) -> Any:
    return etree.fromstring(flight_kml(made))


def numbers(text: str) -> np.ndarray:
    return np.array([[float(cell) for cell in point.split(",")] for point in text.split()])


def test_every_element_stands_where_the_schema_wants_it() -> None:
    for element in tree(flown()).iter():
        name = etree.QName(element).localname
        children = [etree.QName(child).localname for child in element]
        if children:
            places = [ORDER[name].index(child) for child in children]
            assert places == sorted(places), name


def test_coordinates_are_longitude_latitude_height_of_the_rows() -> None:
    made = flown()
    paths = tree(made).findall(".//k:Folder[k:name='Path']//k:coordinates", NS)
    points = [numbers(path.text) for path in paths]
    assert [len(part) for part in points] == [4, 3, 6]  # phases share the row between them
    expected = np.stack((made.longitude_deg, made.latitude_deg, made.height_m), axis=1)
    joined = np.concatenate([points[0], *(part[1:] for part in points[1:])])
    assert np.abs(joined - expected)[:, :2].max() < 1e-6
    assert np.abs(joined - expected)[:, 2].max() < 0.06


def test_the_path_is_absolute_the_ground_track_on_the_ground_and_the_datum_is_told() -> None:
    document = tree(flown())
    modes = {
        folder.findtext("k:name", namespaces=NS): {mode.text for mode in folder.iterfind(".//k:altitudeMode", NS)}
        for folder in document.iterfind(".//k:Folder", NS)
    }
    assert modes["Path"] == modes["Events"] == modes["In time"] == {"absolute"}
    assert modes["Ground track"] == {"clampToGround"}
    said = document.findtext("k:Document/k:description", namespaces=NS)
    assert "above the WGS-84 ellipsoid" in said
    assert "from sea level (EGM96)" in said


def test_the_track_has_a_place_for_each_time_and_they_rise() -> None:
    track = tree(flown()).find(".//gx:Track", NS)
    times = [each.text for each in track.iterfind("k:when", NS)]
    assert len(times) == len(track.findall("gx:coord", NS)) == 11
    assert times == sorted(times)
    assert times[0] == "2026-03-04T09:00:00.000Z"


def test_a_flight_over_the_antimeridian_is_cut_there() -> None:
    document = tree(flown(longitude_deg=179.5))
    assert document.findall(".//k:MultiGeometry", NS)
    for line in document.iterfind(".//k:LineString/k:coordinates", NS):
        longitude = numbers(line.text)[:, 0]
        assert np.ptp(longitude) < 180.0


def test_every_placemark_and_the_document_say_exercise() -> None:
    document = tree(flown())
    assert document.findtext("k:Document/k:name", namespaces=NS).startswith("EXERCISE")
    for mark in document.iterfind(".//k:Placemark", NS):
        assert "EXERCISE - notional parameters" in mark.findtext("k:description", namespaces=NS)


def test_a_hostile_name_stays_text() -> None:
    document = tree(flown(name="<a>&\x00\x1b]0;x\u202e", scenario="]]>"))
    assert document.findtext("k:Document/k:name", namespaces=NS).count("<a>&") == 1
    text = etree.tostring(document, encoding="unicode")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_czml_and_geojson_hold_the_same_places_and_say_exercise() -> None:
    made = flown()
    packets = flight_czml(made)
    assert packets[0]["id"] == "document"
    assert all("EXERCISE" in packet["description"] for packet in packets)
    samples = np.array(packets[1]["position"]["cartesian"]).reshape(-1, 4)
    assert np.abs(samples[:, 1:] - made.position_ecef_m).max() < 1e-3
    features = flight_geojson(made)["features"]
    assert all(feature["properties"]["marking"].startswith("EXERCISE") for feature in features)
    assert [f["properties"]["phase"] for f in features if f["properties"]["kind"] == "flight"] == [
        "boost", "ascent", "descent",
    ]  # fmt: skip
    first = features[0]
    assert len(first["geometry"]["coordinates"]) == len(first["properties"]["times"]) == 4
    assert first["geometry"]["coordinates"][0] == pytest.approx([30.0, 10.0, 0.0], abs=1e-6)


def test_flight_csv_holds_every_column_and_leaves_empty_what_has_no_value(tmp_path: Path) -> None:
    rows = write_flight(tmp_path / "flight.csv", flown())
    lines = (tmp_path / "flight.csv").read_text(encoding="utf-8").splitlines()
    assert rows == len(lines) - 1 == 11
    assert lines[0].split(",") == list(FLIGHT_COLUMNS)
    first = dict(zip(FLIGHT_COLUMNS, lines[1].split(","), strict=True))
    assert first["heading_deg"] == first["mach"] == ""
    assert first["time"] == "2026-03-04T09:00:00.000Z"
    assert first["marking"] == "EXERCISE - notional parameters"
