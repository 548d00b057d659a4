"""``tocsin fly``: files and figures against outside geometry, the standard's air and the run's own truth."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pymap3d
import pytest
from lxml import etree
from outputs import called, rows_of
from pyproj import Geod
from rich.console import Console

import tocsin
from tocsin.errors import InputError, ScenarioError
from tocsin.formats.flown import FLIGHT_COLUMNS
from tocsin.scenario import load_scenario
from tocsin.world import World

CALM = [f"--set=truth.spread.{key}=0" for key in ("density_ratio_std_20km", "density_ratio_std_80km", "wind_std_m_s")]
MANY = """
name = "many"
title = "Many things"
epoch = "2026-03-04T09:00:00Z"
duration_s = 1200.0
[truth]
[[truth.rockets]]
name = "rocket"
latitude_deg = 36.0
longitude_deg = 35.0
[[truth.launches]]
name = "lift"
latitude_deg = 36.0
longitude_deg = 35.0
[[truth.reentries]]
name = "debris"
latitude_deg = 36.0
longitude_deg = 35.0
[[truth.aircraft]]
name = "drone"
kind = "drone"
latitude_deg = 36.0
longitude_deg = 35.0
height_m = 2000.0
course_deg = 40.0
speed_m_s = 50.0
"""


def fly(*arguments: str | Path) -> int:
    return called("fly", *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One flight in calm, standard air, in every format."""
    out = tmp_path_factory.mktemp("fly")
    forms = ["csv", "png", "svg", "czml", "kml", "geojson"]
    assert fly("one-missile", "--seed", "3", *CALM, "--out", out, "--format", *forms) == 0
    return out


@pytest.fixture(scope="module")
def table(folder: Path) -> dict[str, Any]:
    rows = rows_of(folder / "flight.csv")
    assert tuple(rows[0]) == tuple(FLIGHT_COLUMNS)
    words = ("time", "phase", "marking")
    return {
        key: [row[key] for row in rows] if key in words
        else np.array([float(row[key]) if row[key] else math.nan for row in rows])
        for key in FLIGHT_COLUMNS
    }  # fmt: skip


def events_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert fly(*arguments, "--json") == 0
    events: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["events"]
    return events


def test_places_heights_angles_are_those_of_position_and_velocity(table: dict[str, Any]) -> None:
    latitude, longitude, height = pymap3d.ecef2geodetic(*(table[f"{axis}_ecef_m"] for axis in "xyz"))
    assert np.abs(table["latitude_deg"] - latitude).max() < 1e-6
    assert np.abs(table["longitude_deg"] - longitude).max() < 1e-6
    assert np.abs(table["height_m"] - height).max() < 0.01
    east, north, up = pymap3d.ecef2enuv(*(table[f"v{axis}_ecef_m_s"] for axis in "xyz"), latitude, longitude)
    assert np.abs(table["speed_m_s"] - np.sqrt(east**2 + north**2 + up**2)).max() < 0.01
    moving = table["speed_m_s"] > 50.0
    angle = np.degrees(np.arctan2(up, np.hypot(east, north)))
    assert np.abs(table["flight_path_angle_deg"] - angle)[moving].max() < 0.01
    level = np.hypot(east, north) > 50.0
    assert np.abs(table["heading_deg"] - np.degrees(np.arctan2(east, north)) % 360.0)[level].max() < 0.01


def test_downrange_is_the_geodesic_from_below_the_start(table: dict[str, Any]) -> None:
    geod = Geod(ellps="WGS84")
    first = table["longitude_deg"][0], table["latitude_deg"][0]
    pairs = zip(table["longitude_deg"], table["latitude_deg"], strict=True)
    expected = np.array([geod.inv(*first, *pair)[2] for pair in pairs])
    assert np.abs(table["downrange_m"] - expected).max() < 0.05


def test_dynamic_pressure_and_mach_are_those_of_standard_air_below_the_tropopause(table: dict[str, Any]) -> None:
    """US Standard Atmosphere 1976, first layer: T = 288.15 - 6.5 H, density to the power 4.2559."""
    low = (table["height_m"] < 11_000.0) & (table["speed_m_s"] > 10.0)
    assert low.sum() > 20
    height = np.minimum(table["height_m"], 11_000.0)
    geopotential_km = height / (1.0 + height / 6_356_766.0) / 1000.0
    kelvin = 288.15 - 6.5 * geopotential_km
    density = 1.225 * (kelvin / 288.15) ** 4.2559
    pressure = 0.5 * density * table["speed_m_s"] ** 2
    assert np.abs(table["dynamic_pressure_pa"][low] / pressure[low] - 1.0).max() < 1e-3
    mach = table["speed_m_s"] / np.sqrt(1.4 * 287.053 * kelvin)
    assert np.abs(table["mach"][low] - mach[low]).max() < 1e-3
    assert np.isnan(table["mach"][table["height_m"] > 86_000.0]).all()


def test_times_rise_by_the_spacing_and_phases_follow_one_another(table: dict[str, Any]) -> None:
    steps = np.diff(table["time_s"])
    assert steps[:-1] == pytest.approx(1.0)
    assert 0.0 < steps[-1] <= 1.0
    assert [phase for phase, _ in itertools.groupby(table["phase"])] == ["boost", "ascent", "descent", "impact"]
    assert set(table["marking"]) == {"EXERCISE - notional parameters"}


def test_events_are_in_order_and_agree_with_truth(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    events = events_of(capsys, "one-missile", "--seed", "3", "--out", tmp_path, "--format", "csv")
    labels = [event["label"] for event in events]
    assert labels[0] == "launch"
    assert labels[-4:] == ["100 km, rising", "apogee", "100 km, falling", "impact"]
    assert "burn-out" in labels
    assert [event["time_s"] for event in events] == sorted(event["time_s"] for event in events)
    truth = World(load_scenario("one-missile"), 3).truth.threats[0]
    by_label = {event["label"]: event for event in events}
    for label, time_ns in (("burn-out", truth.burnout_ns), ("apogee", truth.apogee_ns), ("impact", truth.impact_ns)):
        assert abs(by_label[label]["time_ns"] - time_ns) < 100_000_000, label
    assert by_label["apogee"]["height_m"] == pytest.approx(truth.apogee_height_m, abs=1.0)
    assert by_label["impact"]["latitude_deg"] == pytest.approx(truth.impact_latitude_deg, abs=1e-5)
    for label in ("100 km, rising", "100 km, falling"):
        assert by_label[label]["height_m"] == pytest.approx(100_000.0, abs=5.0)
    heights = [float(row["height_m"]) for row in rows_of(tmp_path / "flight.csv")]
    assert max(heights) <= by_label["apogee"]["height_m"] + 0.01


def test_every_kind_of_body_flies_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scenario = tmp_path / "many.toml"
    scenario.write_text(MANY, encoding="utf-8")
    expected = {
        "rocket": ("launch", "burn-out", "apogee", "impact"),
        "lift": ("launch", "stage 1 burn-out", "separation of stage-1", "stage 2 ignition", "end of the scenario"),
        "lift/stage-1": ("start of the flight", "impact"),
        "debris": ("glow begins", "break-up into 4 pieces"),
        "debris/1": ("start of the flight", "impact"),
        "drone": ("start of the scenario", "end of the scenario"),
    }
    for name, wanted in expected.items():
        out = tmp_path / name.replace("/", "-")
        events = events_of(capsys, scenario, "--object", name, "--format", "csv", "svg", "--out", out)
        assert set(wanted) <= {event["label"] for event in events}, name
        assert (out / "flight.svg").stat().st_size > 10_000


def test_an_object_with_a_slash_in_its_name_gets_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.toml").write_text(MANY, encoding="utf-8")
    assert fly("many.toml", "--object", "debris/1", "--format", "csv") == 0
    assert (tmp_path / "runs" / "fly-many-debris-1-seed0" / "flight.csv").is_file()


def test_the_picture_has_its_labels_units_banner_and_source(folder: Path) -> None:
    words = " ".join("".join(element.itertext()) for element in etree.parse(folder / "flight.svg").iter("{*}text"))
    for wanted in (
        "EXERCISE - notional parameters", "One missile", "height above WGS-84, km", "downrange over the ground, km",
        "time after the start, s", "earth-relative speed, km/s", "boost", "descent", "apogee", "impact", "seed 3",
        f"tocsin {tocsin.__version__}",
    ):  # fmt: skip
        assert wanted in words, wanted
    assert (folder / "flight.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_same_seed_gives_the_same_files_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    for seed in ("3", "4"):
        assert fly("one-missile", "--seed", seed, *CALM, "--out", tmp_path / seed, "--format", "csv", "svg", "kml") == 0
    for name in ("flight.csv", "flight.svg", "flight.kml"):
        again, other = (tmp_path / seed / name for seed in ("3", "4"))
        assert again.read_bytes() == (folder / name).read_bytes(), name
        assert other.read_bytes() != (folder / name).read_bytes(), name


def test_every_map_file_says_exercise(folder: Path) -> None:
    for name in ("flight.czml", "flight.kml", "flight.geojson", "flight.csv"):
        assert "EXERCISE - notional parameters" in (folder / name).read_text(encoding="utf-8")


def test_the_default_is_a_table_and_a_picture_below_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fly("one-missile") == 0
    assert {path.name for path in (tmp_path / "runs" / "fly-one-missile-seed0").iterdir()} == {
        "flight.csv", "flight.png",
    }  # fmt: skip
    shown = capsys.readouterr().out
    assert shown.startswith("EXERCISE - notional parameters")
    for word in ("apogee", "impact", "km", "m/s", "flight.csv"):
        assert word in shown


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_figure_is_cut_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr("tocsin.cli.screen.out", lambda: Console(width=width, highlight=False))
    staged = "truth.threats.threat-1.vehicle=medium-staged"
    assert fly("one-missile", "--set", staged, "--out", tmp_path, "--format", "csv") == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert ("47.065°" in shown) == (width > 60)
    assert max(len(line) for line in shown.splitlines() if "flight.csv" not in line) <= width


def test_what_ends_in_the_air_says_why_and_kinds_are_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (
        ("old-stage", "goes on as pieces"),
        ("meteor-4-1", "too small to be seen"),
        ("patrol", "fast jet"),
    ):
        assert fly("busy-sky", "--object", name, "--out", tmp_path, "--format", "csv") == 0
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("one-missile", "--object", "nobody"), InputError, ("nobody", "use one of: threat-1")),
        (("quiet-sky",), InputError, ("no threat", "--object", "airliner-0-0")),
        (("one-missile", "--spacing", "0"), InputError, ("--spacing", "0.01 to 600 s")),
        (("one-missile", "--seed", "-1"), ScenarioError, ("seed", "-1")),
        (("no-such",), ScenarioError, ("no such scenario", "one-missile")),
        (
            ("one-missile", "--set", "truth.threats.threat-1.vehicle=x"),
            ScenarioError,
            ("threats.threat-1.vehicle", "medium"),
        ),
        (
            ("one-missile", "--set", "truth.threats.threat-1.vehicle=short"),
            ScenarioError,
            ("threats.threat-1", "cannot fly"),
        ),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], kind: type[Exception], words: tuple[str, ...]
) -> None:
    with pytest.raises(kind) as caught:
        fly(*arguments, "--out", tmp_path / "out")
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tocsin.cli.main", "fly", "one-missile", "--format", "xlsx"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    for word in ("xlsx", "geojson", "kml"):
        assert word in result.stdout + result.stderr
