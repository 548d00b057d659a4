"""The command line as a user has it: real processes, real folders."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lxml import etree

from tocsin.cli import main

TOCSIN = [sys.executable, "-m", "tocsin.cli.main"]


def call(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "tocsin"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "run"
    result = call("run", "one-missile", "--seed", "3", "--out", folder)
    assert result.returncode == 0, result.stderr
    assert "interceptor launched" in result.stdout
    assert "EXERCISE - notional parameters" in result.stdout
    return folder


def test_a_run_folder_holds_what_the_contract_names(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert {"record.sqlite", "summary.json", "truth.csv", "report.html"} <= names
    assert not [name for name in names if name.endswith((".part", "-wal", "-shm"))]
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    for key in ("scenario", "seed", "version", "digest", "clock", "threats", "alerts", "engagements", "debris"):
        assert key in summary, key
    assert summary["seed"] == 3


def test_the_record_holds_no_truth_table(run: Path) -> None:
    database = sqlite3.connect(run / "record.sqlite")
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert tables == {"header", "entries", "seal"}


def test_the_same_seed_gives_the_same_digest_and_another_seed_another(run: Path, tmp_path: Path) -> None:
    digests = []
    for seed, name in ((3, "again"), (4, "other")):
        result = call("run", "one-missile", "--seed", str(seed), "--out", tmp_path / name, "--json")
        assert result.returncode == 0, result.stderr
        digests.append(json.loads(result.stdout)["digest"])
    first = json.loads((run / "summary.json").read_text(encoding="utf-8"))["digest"]
    assert digests[0] == first
    assert digests[1] != first


def test_replay_gives_the_same_bytes(run: Path) -> None:
    result = call("replay", run, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["is_identical"]
    assert verdict["digest"] == json.loads((run / "summary.json").read_text(encoding="utf-8"))["digest"]


def test_verify_says_intact_and_finds_one_flipped_bit(run: Path, tmp_path: Path) -> None:
    assert call("verify", run).returncode == 0
    changed = tmp_path / "changed"
    shutil.copytree(run, changed)
    data = bytearray((changed / "record.sqlite").read_bytes())
    data[len(data) // 2] ^= 0x10
    (changed / "record.sqlite").write_bytes(data)
    result = call("verify", changed)
    assert result.returncode == 1
    assert "NOT INTACT" in result.stdout


def test_score_joins_truth_and_output(run: Path) -> None:
    result = call("score", run, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)


def test_report_can_be_written_again_from_the_record(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run, folder)
    before = (folder / "summary.json").read_bytes()
    (folder / "report.html").unlink()
    (folder / "summary.json").unlink()
    assert call("report", folder).returncode == 0
    assert "<svg" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "summary.json").read_bytes() == before


@pytest.mark.parametrize("form", ["csv", "geojson", "czml", "cap"])
def test_every_export_can_be_read_back_and_is_marked_exercise(run: Path, tmp_path: Path, form: str) -> None:
    result = call("export", run, "--format", form, "--out", tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    files = [Path(name) for name in json.loads(result.stdout)["files"]]
    assert files
    for file in files:
        assert file.name.startswith("EXERCISE")
        if form == "csv":
            assert len(list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))) > 100
        elif form == "cap":
            status = etree.parse(file).findtext("{urn:oasis:names:tc:emergency:cap:1.2}status")
            assert status == "Exercise"
        else:
            assert json.loads(file.read_text(encoding="utf-8"))


def test_scenarios_lists_the_pack() -> None:
    names = {entry["name"] for entry in json.loads(call("scenarios", "--json").stdout)}
    assert {"one-missile", "turkiye-2026-03-04", "quiet-sky"} <= names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "no-such-scenario"), ("no such scenario", "one-missile")),
        (("run", "one-missile", "--set", "sensors.nosuch.enabled=false"), ("nosuch", "use * or one of")),
        (("run", "one-missile", "--set", "policy.warn.expiry_s=soon"), ("expiry_s",)),
        (("verify", "nowhere"), ("no record here", "nowhere")),
        (("score", "nowhere"), ("no record here", "nowhere")),
        (("run", "quiet-sky", "--out", "/proc/none"), ("/proc/none", "choose another")),
        (("run", "quiet-sky", "--seed", "-1"), ("seed", "-1")),
    ],
)
def test_a_mistake_ends_in_one_line_that_helps(tmp_path: Path, arguments: tuple[str, ...], words: tuple[str]) -> None:
    result = call(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_verify_checks_the_record_even_where_the_summary_is_broken(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(run, folder)
    (folder / "summary.json").write_text("{")
    result = call("verify", folder)
    assert result.returncode == 1
    assert "intact" in result.stdout
    assert "not JSON" in result.stderr


def test_a_reader_that_has_enough_is_no_failure() -> None:
    command = f"{sys.executable} -m tocsin.cli.main scenarios | true; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_ctrl_c_inside_a_kernel_is_an_interrupt_and_another_fault_of_numba_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as cause:
            raise SystemError("a kernel returned a result with an exception set") from cause

    def broken() -> None:
        raise SystemError("something else")

    monkeypatch.setattr(main, "_call", interrupted)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "tocsin: interrupted\n"
    monkeypatch.setattr(main, "_call", broken)
    with pytest.raises(SystemError):
        main.main()


def test_a_title_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    hostile = "EV\x1b]0;pwn\x07IL\u202e"
    result = call("run", "quiet-sky", "--set", "duration_s=2", "--set", f"title={hostile}", "--out", tmp_path / "r")
    assert "\x1b" not in result.stdout + result.stderr
    assert "\u202e" not in result.stdout + result.stderr


def test_ctrl_c_leaves_a_verifiable_record_a_summary_and_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [*TOCSIN, "run", "one-missile", "--set", "duration_s=36000", "--out", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    for _ in range(600):
        if (folder / "record.sqlite-wal").exists() and (folder / "record.sqlite-wal").stat().st_size > 500_000:
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "interrupted" in stdout
    verdict = call("verify", folder, "--json")
    assert json.loads(verdict.stdout)["status"] == "interrupted"
    assert verdict.returncode == 0
    assert call("replay", folder).returncode == 0
    assert (folder / "report.html").is_file()
