"""SENSORS.toml: what it gives, where a platform is, and how a wrong file is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pymap3d
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import ScanError, SensorFileError
from tocsin.scenario.sensor_file import read_sensors, sites_of
from tocsin.units import ns_from_iso

LAND = """
[[sensors]]
name = "land"
kind = "radar"
latitude_deg = 37.0
longitude_deg = 36.0
height_m = 900.0
range_std_m = 92.5
azimuth_from_deg = 350.0
azimuth_to_deg = 20.0
range_min_km = 10.0
range_max_km = 110.0
elevation_min_deg = 2.0
elevation_max_deg = 32.0
false_per_scan = 3.0
"""
# ISS elements of the two-line element set article: epoch 2008-09-20T12:25:40.104Z
LINE1 = "1 25544U 98067A   08264.51782528 -.00002182  00000-0 -11606-4 0  2927"
LINE2 = "2 25544  51.6416 247.4627 0006703 130.5360 325.0288 15.72125391563537"


def write(folder: Path, text: str | bytes, name: str = "SENSORS.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_described_radar_gives_its_place_and_what_a_scan_searches(tmp_path: Path) -> None:
    (sensor,) = read_sensors(write(tmp_path, LAND))
    assert sensor.range_std_m == 92.5
    site = sites_of((sensor,))["land"]
    assert site.ecef_at(0) == pytest.approx(pymap3d.geodetic2ecef(37.0, 36.0, 900.0), abs=1e-3)
    assert site.swept is not None
    assert site.swept.azimuth_to_rad - site.swept.azimuth_from_rad == pytest.approx(math.radians(30.0))
    # three false plots a scan over 100 km by 30 deg by 30 deg
    assert site.swept.clutter_density == pytest.approx(3.0 / (100_000.0 * math.radians(30.0) ** 2))


def test_a_geostationary_platform_stands_over_the_equator(tmp_path: Path) -> None:
    text = '[[sensors]]\nname = "g"\nkind = "infrared"\nplatform = "geostationary"\nlongitude_deg = 60.0\n'
    site = sites_of(read_sensors(write(tmp_path, text)))["g"]
    assert np.linalg.norm(site.ecef_at(0)) == pytest.approx(42_164_137.0, abs=100.0)  # geostationary radius
    assert site.ecef_at(0)[2] == 0.0
    assert site.swept is None


def test_a_path_is_read_beside_the_description_and_followed_between_its_points(tmp_path: Path) -> None:
    """Twelve-hour orbit sampled each minute: between the points it is good to ten metres."""
    folder = tmp_path / "deep"
    folder.mkdir()
    start, rows, radius, rate = ns_from_iso("2026-03-04T09:00:00Z"), [], 26_600_000.0, 2 * math.pi / 43_200.0

    def truth(t: float) -> np.ndarray:
        return radius * np.array((math.cos(rate * t), math.sin(rate * t) * 0.5, math.sin(rate * t) * 0.75**0.5))

    for minute in range(10):
        latitude, longitude, height = pymap3d.ecef2geodetic(*truth(60.0 * minute))
        rows.append(f"{start + minute * 60 * 10**9},{float(latitude)},{float(longitude)},{float(height)}")
    write(folder, "time,latitude_deg,longitude_deg,height_m\n" + "\n".join(rows), "path.csv")
    text = '[[sensors]]\nname = "s"\nkind = "infrared"\nplatform = "path"\npath_file = "path.csv"\n'
    site = sites_of(read_sensors(write(folder, text)))["s"]
    for seconds in (0.0, 31.0, 255.5, 540.0):
        place = np.array(site.ecef_at(start + round(seconds * 1e9)))
        assert np.linalg.norm(place - truth(seconds)) < 10.0
    with pytest.raises(ScanError, match=r"path of sensor s covers 2026-03-04T09:00:00\.000Z to"):
        site.ecef_at(start + 541 * 10**9)


def test_an_orbit_is_where_its_elements_say(tmp_path: Path) -> None:
    """Against SGP4 turned to the earth by pymap3d's own sidereal time: within a kilometre."""
    import datetime as dt

    from sgp4.api import Satrec, jday

    text = f'[[sensors]]\nname = "o"\nkind = "infrared"\nplatform = "orbit"\nline1 = "{LINE1}"\nline2 = "{LINE2}"\n'
    site = sites_of(read_sensors(write(tmp_path, text)))["o"]
    moment = dt.datetime(2008, 9, 20, 13, 0, 0)
    status, place_km, _ = Satrec.twoline2rv(LINE1, LINE2).sgp4(*jday(2008, 9, 20, 13, 0, 0))
    assert status == 0
    expected = np.array(pymap3d.eci2ecef(*(1000.0 * np.array(place_km)), moment)).ravel()
    assert np.linalg.norm(expected - site.ecef_at(ns_from_iso("2008-09-20T13:00:00Z"))) < 1_000.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds 0 sensors"),
        ("not toml", "not TOML"),
        (b"\xff\xfe\x00", "not UTF-8 text at byte 0"),
        ('[[sensors]]\nname = "a"\n', "missing required field `kind`"),
        ('[[sensors]]\nname = "a"\nkind = "sonar"\n', "sonar"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\nrnage_std_m = 3\n', "rnage_std_m"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\nlatitude_deg = 91.0\n', "sensors.a.latitude_deg"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\nrange_std_m = nan\n', "sensors.a.range_std_m"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\n' * 2, "name is used twice"),
        ('[[sensors]]\nname = "a\\u0007"\nkind = "radar"\n', "printable"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        (".".join("a" * 400_000) + " = 1", "nested too deeply"),
        ("a = " + "1" * 5000, "thousands of digits"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\nazimuth_max_deg = 3.0\n', "did you mean azimuth_"),
        ('[[sensors]]\nname = "a"\nkind = "radar"\nplatform = "ship"\nspeed_m_s = 8.0\n', "ship under way"),
        ('[[sensors]]\nname = "a"\nkind = "infrared"\nplatform = "path"\n', "path_file is missing"),
        (
            f'[[sensors]]\nname = "a"\nkind = "infrared"\nplatform = "orbit"\nline1 = "x"\nline2 = "{LINE2}"\n',
            "69 characters",
        ),
        (
            (f'[[sensors]]\nname = "a"\nkind = "infrared"\nplatform = "orbit"\nline1 = "{LINE1[:-1]}9"\n'
            f'line2 = "{LINE2}"\n'),
            "checksum is wrong",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value and len(value) < 40 else "file",
)  # fmt: skip
def test_a_wrong_description_is_refused_with_file_and_remedy(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(SensorFileError) as caught:
        read_sensors(write(tmp_path, text))
    assert "SENSORS.toml" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.remedy


PLACELESS = {
    "land radar": ('kind = "radar"\nlongitude_deg = 36.0', "latitude_deg"),
    "ship radar": ('kind = "radar"\nplatform = "ship"\nlatitude_deg = 36.0', "longitude_deg"),
    "land infrared": ('kind = "infrared"', "latitude_deg"),
    "geostationary": ('kind = "infrared"\nplatform = "geostationary"', "longitude_deg"),
}


@pytest.mark.parametrize("name", PLACELESS)
def test_a_sensor_that_measures_from_a_place_must_name_it(tmp_path: Path, name: str) -> None:
    lines, key = PLACELESS[name]
    with pytest.raises(SensorFileError, match=rf"SENSORS\.toml: sensors\.a\.{key}.* is missing") as caught:
        read_sensors(write(tmp_path, f'[[sensors]]\nname = "a"\n{lines}\n'))
    assert caught.value.remedy


def test_position_reports_need_no_place(tmp_path: Path) -> None:
    (sensor,) = read_sensors(write(tmp_path, '[[sensors]]\nname = "adsb"\nkind = "position"\n'))
    assert sensor.name == "adsb"


@pytest.mark.parametrize("given", ["/etc/passwd", "../path.csv", "a/../../path.csv", "C:/path.csv", "..\\\\path.csv"])
def test_a_path_file_lies_beside_or_below_the_description(tmp_path: Path, given: str) -> None:
    text = f'[[sensors]]\nname = "s"\nkind = "infrared"\nplatform = "path"\npath_file = "{given}"\n'
    with pytest.raises(SensorFileError, match=r"sensors\.s\.path_file"):
        read_sensors(write(tmp_path, text))


PATH_HEAD = "time,latitude_deg,longitude_deg,height_m\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "path.csv: line 1"),
        (PATH_HEAD, "holds no point"),
        (PATH_HEAD + "2026-03-04T09:00:00Z,1,2\n", "path.csv: line 2: height_m"),
        (PATH_HEAD + "2026-03-04T09:00:00Z,1,2,nan\n", "path.csv: line 2: height_m"),
        (PATH_HEAD + "yesterday,1,2,3\n", "path.csv: line 2: time"),
        (PATH_HEAD + "2026-03-04T09:00:00Z,1,2,3\n" * 2, "times must rise"),
        (PATH_HEAD.encode() + b"\xff\n", "not UTF-8"),
    ],
)
def test_a_wrong_path_file_is_refused_by_line(tmp_path: Path, rows: str | bytes, said: str) -> None:
    write(tmp_path, rows, "path.csv")
    text = '[[sensors]]\nname = "s"\nkind = "infrared"\nplatform = "path"\npath_file = "path.csv"\n'
    with pytest.raises(SensorFileError) as caught:
        sites_of(read_sensors(write(tmp_path, text)))
    assert said in str(caught.value)


def test_absent_and_huge_descriptions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SensorFileError, match="no such file"):
        read_sensors(tmp_path / "absent.toml")
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(2_000_000)
    with pytest.raises(SensorFileError, match=r"huge\.toml: file has 2000000 bytes"):
        read_sensors(path)


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_anything_but_a_sensor_file_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SensorFileError):
        read_sensors(write(tmp_path, data))
    with pytest.raises(SensorFileError):
        read_sensors(write(tmp_path, LAND.encode() + b"x = " + data))
