"""``tocsin coverage``: files, figures and pictures of a scenario and of a file of sensors."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import etree
from outputs import called, rows_of
from rich.console import Console
from shapely.geometry import Point, shape

import tocsin
from tocsin.errors import InputError, ScenarioError, SensorFileError
from tocsin.formats.coverage_files import COVERAGE_COLUMNS, MAP_COLUMNS

SENSORS = """
[[sensors]]
name = "east $x$"
kind = "radar"
latitude_deg = 38.0
longitude_deg = 179.0
range_max_km = 400.0
[[sensors]]
name = "receiver"
kind = "position"
[[sensors]]
name = "geo"
kind = "infrared"
platform = "geostationary"
longitude_deg = 100.0
"""


def coverage(*arguments: str | Path) -> int:
    return called("coverage", *arguments)


def words_of(path: Path) -> str:
    return " ".join("".join(element.itertext()) for element in etree.parse(path).iter("{*}text"))


def content_of(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert coverage(*arguments, "--json") == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coverage")
    assert coverage("one-missile", "--seed", "3", "--out", out, "--format", "csv", "png", "svg", "geojson") == 0
    return out


@pytest.fixture(scope="module")
def sensor_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sensors") / "sensors.toml"
    path.write_text(SENSORS, encoding="utf-8")
    return path


def test_each_format_gives_its_files_and_no_others(folder: Path) -> None:
    pictures = {f"coverage_{name}.{form}" for name in ("map", "sensors", "view") for form in ("png", "svg")}
    assert {path.name for path in folder.iterdir()} == pictures | {
        "coverage.csv", "coverage_map.csv", "coverage.geojson",
    }  # fmt: skip
    for name in pictures:
        assert (folder / name).stat().st_size > 5_000, name


def test_coverage_csv_tells_what_each_sensor_makes(folder: Path) -> None:
    rows = rows_of(folder / "coverage.csv")
    assert tuple(rows[0]) == tuple(COVERAGE_COLUMNS)
    assert [row["sensor"] for row in rows] == ["infrared-west", "infrared-east", "land-radar", "ship-radar", "all"]
    combined = rows[-1]
    for row in rows[:-1]:
        assert float(row["first_seen_s"]) >= float(combined["first_seen_s"])
        assert float(row["seen_s"]) <= float(combined["seen_s"])
        assert float(row["all_without_seen_s"]) <= float(combined["seen_s"])
        assert float(row["all_without_first_seen_s"]) >= float(combined["first_seen_s"])
        ends_s = float(row["first_seen_s"]) + float(row["before_end_s"])
        assert ends_s == pytest.approx(float(combined["first_seen_s"]) + float(combined["before_end_s"]), abs=0.02)
    assert combined["all_without_seen_s"] == ""
    assert {row["marking"] for row in rows} == {"EXERCISE - notional parameters"}


def test_without_a_sensor_is_what_the_others_make_when_it_is_disabled(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    off = "sensors.land-radar.enabled=false"
    content = content_of(capsys, "one-missile", "--seed", "3", "--set", off, "--format", "csv", "--out", tmp_path)
    row = next(row for row in rows_of(folder / "coverage.csv") if row["sensor"] == "land-radar")
    assert content["flights"][0]["all"]["seen_s"] == pytest.approx(float(row["all_without_seen_s"]), abs=0.02)
    assert content["flights"][0]["all"]["first_seen_s"] == pytest.approx(
        float(row["all_without_first_seen_s"]), abs=0.02
    )


def test_the_map_table_holds_the_lowest_of_all_radars(folder: Path) -> None:
    rows = rows_of(folder / "coverage_map.csv")
    assert tuple(rows[0]) == tuple(MAP_COLUMNS)
    heights: dict[str, dict[tuple[str, str], float]] = {}
    for row in rows:
        heights.setdefault(row["sensor"], {})[row["latitude_deg"], row["longitude_deg"]] = float(row["lowest_height_m"])
    assert set(heights) == {"all", "land-radar", "ship-radar"}
    cells = list(heights["all"])[::97]
    for cell in cells:
        each = [heights[name][cell] for name in ("land-radar", "ship-radar") if cell in heights[name]]
        assert heights["all"][cell] == min(each)
    assert all(0.0 <= height <= 300_000.0 for height in heights["all"].values())


def test_geojson_areas_hold_the_cells_of_the_table_and_say_exercise(folder: Path) -> None:
    document = json.loads((folder / "coverage.geojson").read_text(encoding="utf-8"))
    features = document["features"]
    assert all(feature["properties"]["marking"].startswith("EXERCISE") for feature in features)
    assert {f["properties"]["kind"] for f in features} >= {"coverage", "sensor", "ground_track"}
    area = next(
        f for f in features if f["properties"].get("sensor") == "land-radar" and f["properties"]["height_m"] == 20_000.0
    )
    ground = shape(area["geometry"])
    assert ground.is_valid
    for row in rows_of(folder / "coverage_map.csv")[::211]:
        if row["sensor"] == "land-radar" and abs(float(row["lowest_height_m"]) - 20_000.0) > 2_000.0:
            is_inside = float(row["lowest_height_m"]) < 20_000.0
            assert ground.contains(Point(float(row["longitude_deg"]), float(row["latitude_deg"]))) == is_inside


def test_pictures_have_labels_units_banner_and_source(folder: Path) -> None:
    everywhere = ("EXERCISE - notional parameters", "One missile", "seed 3", f"tocsin {tocsin.__version__}")
    wanted = {
        "map": (
            "lowest visible height above WGS-84, km", "land-radar", "ship-radar", "threat-1", "500 km", "ground track",
            "Natural Earth", "40° E", "infrared-west, infrared-east: burning plumes above 9 km all over this map",
        ),
        "sensors": ("land-radar, to 1000 km", "ship-radar, to 1000 km", "lowest visible height above WGS-84, km"),
        "view": ("infrared-west", "land-radar", "all", "boost", "midcourse", "before end", "all without it", ", s;"),
    }  # fmt: skip
    for name, labels in wanted.items():
        words = words_of(folder / f"coverage_{name}.svg")
        for label in (*everywhere, *labels):
            assert label in words, (name, label)
        assert (folder / f"coverage_{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_same_seed_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    assert coverage("one-missile", "--seed", "3", "--out", tmp_path, "--format", "csv", "svg") == 0
    for name in ("coverage.csv", "coverage_map.csv", "coverage_map.svg", "coverage_view.svg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_json_tells_sensors_areas_flights_and_phases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = content_of(capsys, "turkiye-2026-03-04", "--flight", "threat-1", "--format", "csv", "--out", tmp_path)
    assert content["marking"] == "EXERCISE - notional parameters"
    assert content["seed"] == 0
    radars = [sensor for sensor in content["sensors"] if sensor["kind"] == "radar"]
    # Swerling 1 detects with 0.5 at ln(1e-6) / ln(0.5) - 1 (Skolnik 2001, ch. 2); power falls with the fourth power
    half_db = 10.0 * math.log10(math.log(1e-6) / math.log(0.5) - 1.0)
    expected = [reference_km * 10.0 ** ((db - half_db) / 40.0) for db, reference_km in ((20.0, 1000.0), (18.0, 500.0))]
    assert [sensor["reach_km"] for sensor in radars] == pytest.approx(expected, rel=1e-3)
    for sensor in radars:
        areas = list(sensor["area_km2"].values())
        assert areas == sorted(areas)
        assert areas[-1] <= content["area_km2"]["at_100_km"]
    flight = content["flights"][0]
    assert [phase["phase"] for phase in flight["phases"]] == ["boost", "midcourse", "terminal"]
    assert flight["phases"][-1]["to_s"] == flight["end_s"]


def test_a_file_of_sensors_gives_the_map_alone_across_the_antimeridian(
    sensor_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = content_of(capsys, sensor_file, "--out", tmp_path, "--format", "csv", "svg", "geojson")
    assert {Path(file).name for file in content["files"]} == {
        "coverage_map.csv", "coverage_map.svg", "coverage.geojson",
    }  # fmt: skip
    assert content["flights"] == []
    assert content["seed"] is None
    words = words_of(tmp_path / "coverage_map.svg")
    assert "east $x$" in words
    assert "receiver: hears co-operative aircraft only" in words
    longitudes = np.array([float(row["longitude_deg"]) for row in rows_of(tmp_path / "coverage_map.csv")])
    assert longitudes.min() < -175.0
    assert longitudes.max() > 175.0
    for feature in json.loads((tmp_path / "coverage.geojson").read_text(encoding="utf-8"))["features"]:
        if feature["properties"]["kind"] == "coverage":
            assert max(part.bounds[2] - part.bounds[0] for part in shape(feature["geometry"]).geoms) < 30.0


def test_infrared_alone_gives_outlines(tmp_path: Path) -> None:
    path = tmp_path / "infrared.toml"
    path.write_text(
        '[[sensors]]\nname = "geo"\nkind = "infrared"\nplatform = "geostationary"\nlongitude_deg = 20.0\n',
        encoding="utf-8",
    )
    assert coverage(path, "--out", tmp_path / "out", "--format", "svg") == 0
    words = words_of(tmp_path / "out" / "coverage_map.svg")
    assert "edge of what infrared sees" in words
    assert "no radar" in words


def test_the_terminal_shows_areas_and_seconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert coverage("one-missile", "--out", tmp_path, "--format", "csv") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("EXERCISE - notional parameters")
    for word in ("sees at 10 km", "km²", "first seen", "without it: first", "land-radar", "coverage.csv"):
        assert word in shown


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_figure_is_cut_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr("tocsin.cli.screen.out", lambda: Console(width=width, highlight=False))
    assert coverage("turkiye-2026-03-04", "--out", tmp_path, "--format", "csv") == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "seen" in shown
    assert max(len(line) for line in shown.splitlines() if "coverage" not in line) <= width


def test_ranges_that_rest_on_signal_to_noise_name_the_target_behind_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage("turkiye-2026-03-04", "--out", tmp_path, "--format", "svg") == 0
    rule = "a target of 1 m² is detected with probability 0.5 in one look"
    assert rule in " ".join(capsys.readouterr().out.split())
    for name in ("coverage_map.svg", "coverage_sensors.svg"):
        assert rule in words_of(tmp_path / name).replace("\n", " ")


def test_a_sky_without_threats_says_how_to_see_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage("quiet-sky", "--out", tmp_path, "--format", "csv") == 0
    assert "--flight NAME" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("one-missile", "--flight", "nobody"), InputError, ("--flight", "nobody", "threat-1")),
        (("one-missile", "--height-max-km", "0"), InputError, ("--height-max-km", "1 to 40000 km")),
        (("one-missile", "--set", "sensors.*.enabled=false"), InputError, ("no sensor is enabled",)),
        (("no-such",), ScenarioError, ("no such scenario",)),
        (("SENSORS", "--flight", "x"), InputError, ("--flight", "needs a scenario")),
        (("SENSORS", "--set", "a=1"), InputError, ("--set", "needs a scenario")),
        (("BAD",), SensorFileError, ("range_min_km", "swap")),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    tmp_path: Path, sensor_file: Path, arguments: tuple[str, ...], kind: type[Exception], words: tuple[str, ...]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(SENSORS.replace("range_max_km = 400.0", "range_max_km = 1.0"), encoding="utf-8")
    given = [{"SENSORS": str(sensor_file), "BAD": str(bad)}.get(word, word) for word in arguments]
    with pytest.raises(kind) as caught:
        coverage(*given, "--out", tmp_path / "out")
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_help_and_a_wrong_format_need_no_plotting_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tocsin.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as end:\n    status = end.code\n"
        "loaded = [name for name in ('matplotlib', 'numpy', 'numba', 'lxml') if name in sys.modules]\n"
        "sys.exit(99 if loaded else status)"
    )
    for arguments, status in ((["--help"], 0), (["coverage", "one-missile", "--format", "xlsx"], 2)):
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip
        assert result.returncode == status, result.stderr
    assert "geojson" in result.stdout + result.stderr
