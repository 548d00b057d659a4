"""``tocsin score`` as a user has it: a run, tracks of recorded reports, files, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tocsin.formats.scores_csv import BIN_COLUMNS, POINT_COLUMNS, SCORE_COLUMNS
from tocsin.messages import Scan
from tocsin.record import read_messages
from tocsin.scoring.score_keys import TRACKING_KEYS

TOCSIN = str(Path(sys.executable).parent / "tocsin")
MARKING = "EXERCISE - notional parameters"
SENSORS = """
[[sensors]]
name = "land-radar"
kind = "position"
position_std_m = 30.0
height_std_m = 30.0
"""


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [TOCSIN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score") / "run"
    result = call("run", "one-missile", "--seed", "3", "--out", folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def scored(run: Path) -> dict[str, Any]:
    result = call("score", run, "--format", "json", "csv", "svg", "png", "--json")
    assert result.returncode == 0, result.stderr
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_missile_of_one_missile_is_tracked_and_nothing_else_is(scored: dict[str, Any]) -> None:
    """Bounds, not our own output: infrared first sees it above cloud, so no track can start before 20 s of 300."""
    tracking = scored["tracking"]
    assert tracking["object_count"] == 1
    assert 0.6 < tracking["siap"]["completeness"] < 1.0
    assert tracking["objects"][0]["first_tracked_s"] > 20.0
    squares = [tracking[f"gospa_{part}_m"] ** 2 for part in ("localisation", "missed", "false")]
    assert tracking["gospa_m"] ** 2 == pytest.approx(sum(squares))
    assert 0.0 < tracking["ospa_m"] <= 5_000.0


def test_the_score_of_the_chain_keeps_its_keys(scored: dict[str, Any]) -> None:
    assert {"threats", "confirmed", "false_confirmed", "false_threats", "false_alerts", "tracking"} <= set(scored)
    assert scored["threats"][0]["threat"] == "threat-1"


def test_every_key_of_tracking_has_a_meaning_and_no_other_has(scored: dict[str, Any]) -> None:
    def keys(value: Any, at: str) -> set[str]:
        if isinstance(value, dict):
            return {key for name, part in value.items() for key in keys(part, f"{at}.{name}" if at else name)}
        if isinstance(value, list) and at != "bins":
            return {key for part in value for key in keys(part, f"{at}[]")} or {f"{at}[]"}
        return {f"{at}[]"} if isinstance(value, list) else {at}

    assert keys(scored["tracking"], "") == set(TRACKING_KEYS)
    assert set(scored["tracking"]["bins"][0]) | {"marking"} == set(BIN_COLUMNS)


@pytest.mark.usefixtures("scored")
def test_the_tables_have_their_columns_and_say_exercise(run: Path) -> None:
    for name, columns in (
        ("scores.csv", SCORE_COLUMNS), ("scores_bins.csv", BIN_COLUMNS), ("scores_points.csv", POINT_COLUMNS),
    ):  # fmt: skip
        table = rows(run / name)
        assert list(table[0]) == list(columns), name
        assert {row["marking"] for row in table} == {MARKING}
        assert len(table) > 20
    assert not list(run.glob("*.part"))


def test_the_series_is_what_the_summary_sums(run: Path, scored: dict[str, Any]) -> None:
    table, tracking = rows(run / "scores.csv"), scored["tracking"]
    mean_square = sum(float(row["gospa_m"]) ** 2 for row in table) / len(table)
    assert mean_square**0.5 == pytest.approx(tracking["gospa_m"], rel=1e-4)
    tracked = sum(int(row["tracked_count"]) for row in table) / sum(int(row["object_count"]) for row in table)
    assert tracked == pytest.approx(tracking["siap"]["completeness"])


@pytest.mark.usefixtures("scored")
def test_impact_errors_shrink_towards_the_impact(run: Path) -> None:
    table = [row for row in rows(run / "scores_points.csv") if row["impact_error_m"]]
    burning = [float(row["impact_error_m"]) for row in table if row["is_burning"] == "1"]
    coasting = [float(row["impact_error_m"]) for row in table if row["is_burning"] == "0"]
    assert max(coasting[-20:]) < min(max(burning), 5_000.0)


@pytest.mark.usefixtures("scored")
def test_the_picture_says_exercise_its_units_and_its_source(run: Path) -> None:
    text = (run / "scores.svg").read_text(encoding="utf-8")
    for said in (
        MARKING,
        "GOSPA and its parts",
        "distance, km",
        "position RMSE, m",
        "NEES / 6",
        "seed 3",
        "localisation",
    ):
        assert said in text, said
    assert "$" not in text.split("</style>")[-1]
    assert (run / "scores.png").read_bytes()[:4] == b"\x89PNG"


def test_the_same_run_scored_twice_gives_the_same_bytes(run: Path, tmp_path: Path, scored: dict[str, Any]) -> None:
    assert call("score", run, "--out", tmp_path, "--format", "json", "csv", "svg").returncode == 0
    for name in ("scores.json", "scores.csv", "scores_bins.csv", "scores_points.csv", "scores.svg"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes(), name


def test_without_formats_it_prints_a_summary_and_writes_nothing(run: Path, tmp_path: Path) -> None:
    result = call("score", run, "--out", tmp_path / "none", "--format", "none", "--cutoff-km", "20")
    assert result.returncode == 0, result.stderr
    for said in (MARKING, "GOSPA", "cutoff 20 km", "completeness", "threat-1", "NEES / 6", "raised for no true threat"):
        assert said in result.stdout, said
    assert not (tmp_path / "none").exists()


def test_tracks_of_recorded_reports_are_scored_against_a_truth_table(run: Path, tmp_path: Path) -> None:
    """The true path as position reports, tracked, and scored against that path: what is off is small."""
    truth = [row for row in rows(run / "truth.csv") if row["object"] == "threat-1"]
    scans = tmp_path / "scans.csv"
    with scans.open("w", encoding="utf-8") as file:
        file.write("time,sensor,latitude_deg,longitude_deg,height_m\n")
        file.writelines(
            f"{row['time_ns']},land-radar,{row['latitude_deg']},{row['longitude_deg']},{row['height_m']}\n"
            for row in truth[150:]
        )
    (tmp_path / "sensors.toml").write_text(SENSORS, encoding="utf-8")
    made = call("track", scans, "--sensors", tmp_path / "sensors.toml", "--out", tmp_path / "tracked")
    assert made.returncode == 0, made.stderr
    result = call("score", tmp_path / "tracked", "--truth", run / "truth.csv", "--json", "--format", "svg")
    assert result.returncode == 0, result.stderr
    picture = (tmp_path / "tracked" / "scores.svg").read_text(encoding="utf-8")
    assert "Truth: truth.csv" in picture
    assert "Simulated" not in picture
    content = json.loads(result.stdout)
    assert set(content) == {"tracking"}
    assert content["tracking"]["siap"]["completeness"] > 0.8
    assert content["tracking"]["position_rmse_m"] < 500.0
    assert call("score", tmp_path / "tracked").returncode == 2  # a recording has no truth of its own


def test_what_cannot_be_is_refused_by_name(run: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (("--cutoff-km", "0"), "--cutoff-km: must lie within 0.001 to 10000 km"),
        (("--step-s", "0"), "--step-s: must lie within 0.1 to 60 s"),
        (("--kinds", "zeppelin"), "no object of this kind flew (got 'zeppelin')"),
        (("--truth", str(tmp_path / "no.csv")), "no truth table here"),
    ):
        result = call("score", run, *arguments)
        assert result.returncode == 2, arguments
        assert said in result.stderr, result.stderr


def test_ctrl_c_while_scoring_is_said_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    """It comes while a truth table of 200 MB is being read."""
    truth, out = tmp_path / "truth.csv", tmp_path / "scored"
    head, *body = (run / "truth.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    truth.write_text(head + "".join(body) * (200_000_000 // sum(map(len, body))), encoding="utf-8")
    process = subprocess.Popen(
        [TOCSIN, "score", str(run), "--truth", str(truth), "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    for _ in range(600):
        if any(os.readlink(each) == str(truth) for each in Path(f"/proc/{process.pid}/fd").iterdir()):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "tocsin: interrupted\n")
    assert not out.exists()


def test_a_disk_that_is_full_leaves_no_part_of_a_file(run: Path, tmp_path: Path) -> None:
    command = f"ulimit -f 12; exec {TOCSIN} score {run} --format csv json --out {tmp_path / 'scored'}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1, result.stderr
    assert "File too large; choose another place" in result.stderr
    assert [each.name for each in (tmp_path / "scored").iterdir()] == []


def test_scoring_does_not_touch_the_record(run: Path) -> None:
    """The record still verifies, and holds the scans that were scored."""
    assert call("verify", run).returncode == 0
    assert any(isinstance(message, Scan) for message in read_messages(run / "record.sqlite"))
