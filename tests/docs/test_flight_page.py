"""docs/flight-and-coverage.md does what it says: its files are written, its commands run, its example flown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tocsin.cli.app import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "flight-and-coverage.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
NAMED = re.findall(r"^\| ((?:flight|coverage)[^|]*) \|", PAGE, re.MULTILINE)  # one file, or "flight.png, .svg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader works: the page's own files, each named by its first line."""
    out = tmp_path_factory.mktemp("page")
    for kind, text in BLOCKS:
        if kind == "toml":
            (out / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    return out


def test_the_page_shows_commands_files_and_python() -> None:
    assert len(COMMANDS) > 10
    assert {kind for kind, _ in BLOCKS} == {"sh", "toml", "python"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(folder)
    name, *words = shlex.split(command)
    assert name == "tocsin"
    assert app(words, result_action="return_value") == 0


def test_every_file_that_the_page_names_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    every = ("csv", "png", "svg", "czml", "kml", "geojson")
    assert app(["fly", "one-missile", "--out", "f", "--format", *every], result_action="return_value") == 0
    words = ["coverage", "one-missile", "--out", "c", "--format", "csv", "png", "geojson"]
    assert app(words, result_action="return_value") == 0
    written = {path.name for path in (*Path("f").iterdir(), *Path("c").iterdir())}
    told = {f"flight{name}" if name.startswith(".") else name for row in NAMED for name in row.split(", ")}
    assert told == written


def test_the_python_of_the_page_flies_one_and_many(capsys: pytest.CaptureFixture[str]) -> None:
    made: dict[str, Any] = {}
    for kind, text in BLOCKS:
        if kind == "python":
            exec(text, made)
    said = capsys.readouterr().out
    assert "It comes down after" in said
    assert [event.kind for event in made["one"].events] == ["height", "apogee", "height", "ground"]
    assert np.isfinite(made["many"].time_s).all()
    assert made["many"].time_s[0] < made["one"].impact.time_s < made["many"].time_s[-1]
