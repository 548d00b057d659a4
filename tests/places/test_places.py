"""Gazetteer, provinces, zones and borders against facts from elsewhere."""

from __future__ import annotations

import gzip
import importlib.resources

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ScenarioError
from tocsin.places import (
    borders,
    contains,
    country_at,
    distance_m,
    find_place,
    nearest_place,
    places,
    provinces,
    zones,
    zones_in,
    zones_near,
)
from tocsin.places.names import fold

# Seats of provinces whose name differs from the province's, from the Turkish interior ministry's list.
SEATS = {"Hatay": "Antakya", "Kocaeli": "İzmit", "Sakarya": "Adapazarı"}


@pytest.mark.parametrize(
    ("asked", "country", "admin", "near"),  # coordinates: the towns' own pages, to a tenth of a degree
    [
        ("Dörtyol", "TR", "Hatay", (36.8, 36.2)),
        ("dortyol", "TR", "Hatay", (36.8, 36.2)),
        ("DÖRTYOL, Hatay", "TR", "Hatay", (36.8, 36.2)),
        ("Antakya", "TR", "Hatay", (36.2, 36.2)),
        ("Hatay", "TR", "Hatay", (36.2, 36.2)),
        ("iskenderun", "TR", "Hatay", (36.6, 36.2)),
        ("İSKENDERUN", "TR", "Hatay", (36.6, 36.2)),
        ("Adana", "TR", "Adana", (37.0, 35.3)),
        ("Yuregir", "TR", "Adana", (37.0, 35.4)),
        ("Gaziantep", "TR", "Gaziantep", (37.1, 37.4)),
        ("Qamishli", "SY", "", (37.1, 41.2)),
        ("Kermanshah", "IR", "", (34.3, 47.1)),
        ("Tabriz", "IR", "", (38.1, 46.3)),
        ("Esfahan", "IR", "", (32.7, 51.7)),
    ],
)
def test_a_district_is_found_whatever_the_accents(
    asked: str, country: str, admin: str, near: tuple[float, float]
) -> None:
    place = find_place(asked)
    assert (place.country, place.admin) == (country, admin)
    assert (place.latitude_deg, place.longitude_deg) == pytest.approx(near, abs=0.1)


def test_an_unknown_district_is_refused_with_the_names_that_come_nearest() -> None:
    with pytest.raises(ScenarioError, match="Dörtyol") as refusal:
        find_place("Dortyoll")
    assert refusal.value.value == "Dortyoll"
    with pytest.raises(ScenarioError, match="in IR"):
        find_place("Dörtyol", "IR")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=3))
def test_any_name_is_a_place_or_a_scenario_error(name: str, country: str) -> None:
    try:
        said = find_place(name, country).name
    except ScenarioError as error:
        said = error.remedy if "latitude_deg" in error.remedy else ""
    assert said


def test_there_are_81_provinces_with_plates_1_to_81_in_the_order_plates_were_given() -> None:
    table = provinces()
    assert [p.plate for p in table] == list(range(1, 82))
    assert len({p.geonames for p in table}) == len({p.name for p in table}) == 81
    # Law and custom: 1 to 67 follow the Turkish alphabet under the names of the time.
    old = {"Afyonkarahisar": "Afyon", "Mersin": "İçel", "Kahramanmaraş": "Maraş", "Şanlıurfa": "Urfa"}
    alphabet = "abcçdefgğhıijklmnoöprsştuüvyzâ"
    first = [old.get(p.name, p.name).replace("â", "a") for p in table[:67]]
    keys = [[alphabet.index(c) for c in n.replace("I", "ı").replace("İ", "i").lower()] for n in first]
    assert keys == sorted(keys)


def test_every_province_holds_its_own_seat_by_name() -> None:
    for province in provinces():
        seat = find_place(SEATS.get(province.name, province.name), "TR")
        assert fold(seat.admin) == fold(province.name), (province, seat)


def test_geonames_codes_are_not_taken_for_plates() -> None:
    by_name = {p.name: p for p in provinces()}
    assert by_name["Adana"].iso == "TR-01"  # ISO 3166-2:TR
    assert by_name["Düzce"].iso == "TR-81"
    assert by_name["Adana"].geonames == "81"


def test_zones_are_the_h3_cells_of_the_places_and_hold_all_their_people() -> None:
    table = zones()
    people = dict(zip(table.ids, table.people_count, strict=True))
    expected: dict[str, int] = {}
    for place in places():
        cell = h3.latlng_to_cell(place.latitude_deg, place.longitude_deg, 5)
        expected[cell] = expected.get(cell, 0) + place.people_count
    assert expected == people


def test_zone_outlines_areas_and_centres_are_those_of_h3() -> None:
    table = zones()
    for row in range(0, len(table.ids), 97):
        cell = table.ids[row]
        boundary = np.array(h3.cell_to_boundary(cell))
        assert table.polygons_deg[row][:-1] == pytest.approx(boundary, abs=1e-5)
        assert (table.polygons_deg[row][0] == table.polygons_deg[row][-1]).all()
        assert table.area_m2[row] == pytest.approx(h3.cell_area(cell, "m^2"), rel=2e-4)
        assert (table.latitude_deg[row], table.longitude_deg[row]) == pytest.approx(h3.cell_to_latlng(cell), abs=1e-5)


def test_zones_near_misses_no_zone_that_reaches_the_circle() -> None:
    table, (lat, lon, reach) = zones(), (36.84, 36.23, 25_000.0)
    near = set(zones_near(lat, lon, reach).tolist())
    corners = {
        row
        for row, ring in enumerate(table.polygons_deg)
        if (distance_m(lat, lon, ring[:, 0], ring[:, 1]) <= reach).any()
    }
    assert corners
    assert corners <= near
    assert int(zones_near(lat, lon, 0.0)[0]) == table.row(h3.latlng_to_cell(lat, lon, 5))


def test_zones_in_a_polygon_include_the_cell_that_swallows_it() -> None:
    row = zones().row(h3.latlng_to_cell(36.83917, 36.23025, 5))  # Dörtyol
    tiny = np.array([[36.839, 36.230], [36.840, 36.230], [36.840, 36.231], [36.839, 36.230]])
    assert zones_in(tiny).tolist() == [row]


def rings() -> list[np.ndarray]:
    turn = np.linspace(0.0, 2.0 * np.pi, 49)
    circle = np.column_stack((np.sin(turn), np.cos(turn)))
    rounds = [np.array((36.84, 36.23)) + size * circle for size in (0.001, 0.05, 0.4, 1.7)]
    thin = np.array([[35.9, 35.0], [37.4, 41.0], [37.41, 41.0], [35.91, 35.0], [35.9, 35.0]])
    bent = np.array([[36.0, 35.5], [37.5, 36.5], [36.0, 37.5], [37.0, 36.5], [36.0, 35.5]])
    sea = np.array((34.0, 28.5)) + 0.1 * circle
    return [*rounds, thin, bent, sea]


@pytest.mark.parametrize("ring", rings())
def test_zones_in_a_polygon_are_those_its_definition_says_one_by_one(ring: np.ndarray) -> None:
    table = zones()
    wanted = []
    for row, cell in enumerate(table.polygons_deg):
        if abs(table.latitude_deg[row] - 36.5) > 4.0 or abs(table.longitude_deg[row] - 36.0) > 10.0:
            continue  # a coarse box, far wider than any of the rings
        lats, lons = np.append(cell[:, 0], table.latitude_deg[row]), np.append(cell[:, 1], table.longitude_deg[row])
        if contains(ring, lats, lons).any() or contains(cell, ring[:, 0], ring[:, 1]).any():
            wanted.append(row)
    assert zones_in(ring).tolist() == wanted


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [(39.93, 32.85, "TR"), (36.84, 36.23, "TR"), (33.51, 36.29, "SY"), (35.70, 51.42, "IR"), (34.5, 31.0, ""),
     (48.86, 2.35, "FR"), (40.71, -74.5, "US"), (0.0, -30.0, "")],
)  # fmt: skip
def test_country_at_knows_capitals_and_the_sea(lat: float, lon: float, code: str) -> None:
    assert country_at(lat, lon) == code


def test_borders_are_closed_and_call_the_country_by_its_own_name() -> None:
    for detail in ("region", "world"):
        names = {code: name for code, name, _ in borders(detail)}
        assert names["TR"] == "Türkiye"
        for _, _, outlines in borders(detail):
            assert outlines
            assert all(len(ring) >= 4 and (ring[0] == ring[-1]).all() for ring in outlines)


def test_almost_every_place_lies_in_the_country_it_says() -> None:
    sample = [p for p in places()[::23] if p.country in ("TR", "IR", "SY", "IQ")]
    right = sum(country_at(p.latitude_deg, p.longitude_deg) in (p.country, "") for p in sample)
    assert right >= 0.97 * len(sample)


def test_contains_agrees_with_the_winding_of_a_concave_polygon() -> None:
    ring = [[0.0, 0.0], [0.0, 4.0], [4.0, 4.0], [2.0, 2.0], [4.0, 0.0], [0.0, 0.0]]
    inside = contains(ring, [1.0, 3.0, 3.5, -1.0], [2.0, 2.0, 3.8, 2.0])
    assert inside.tolist() == [True, False, True, False]


def test_nearest_place_is_nearest_by_brute_force() -> None:
    found, away_m = nearest_place(36.9, 36.0, people_min=20_000)
    brute = min(
        (float(distance_m(36.9, 36.0, p.latitude_deg, p.longitude_deg)), p.name)
        for p in places()
        if p.people_count >= 20_000
    )
    assert (away_m, found.name) == (pytest.approx(brute[0]), brute[1])


def test_the_packaged_tables_are_small_and_carry_no_build_time() -> None:
    folder = importlib.resources.files("tocsin.places")
    limits = {"places.csv.gz": 700_000, "zones.csv.gz": 700_000, "borders.json.gz": 400_000}
    for name, limit in limits.items():
        data = (folder / name).read_bytes()
        assert len(data) < limit
        assert data[4:8] == b"\0\0\0\0"  # RFC 1952: MTIME
        assert gzip.decompress(data)
