"""The run folder: record.sqlite, summary.json, truth.csv and truth.json apart, report.html, tracks.csv."""

from __future__ import annotations

import csv
import json
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.errors import InputError
from tocsin.formats.whole import whole

if TYPE_CHECKING:
    from tocsin.simulation import Run

RECORD, SUMMARY, REPORT, TRACKS = "record.sqlite", "summary.json", "report.html", "tracks.csv"
TRUTH_ROWS, TRUTH = "truth.csv", "truth.json"


def default_folder(name: str, seed: int | None, overrides: tuple[str, ...]) -> Path:
    """``runs/<name>[-seed<n>][-<digest of the overrides>]`` below the current folder."""
    parts = [re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem if "/" in name or name.endswith(".toml") else name)]
    if seed is not None:
        parts.append(f"seed{seed}")
    if overrides:
        parts.append(f"{zlib.crc32(chr(10).join(overrides).encode()):08x}")
    return Path("runs") / "-".join(parts)


def record_in(run: Path) -> Path:
    """The record of a run, given its folder or the record itself; raises InputError."""
    path = run / RECORD if run.is_dir() else run
    if not path.is_file():
        raise InputError("no record here", value=str(run), remedy="give a run folder, such as runs/demo")
    return path


def read_summary(run: Path) -> dict[str, Any]:
    """The summary beside a record, or an empty one; raises InputError when it is not JSON."""
    path = (run if run.is_dir() else run.parent) / SUMMARY
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not JSON: {error}", where=str(path), remedy="write it again with `tocsin report`") from None
    if not isinstance(content, dict):
        raise InputError("not a summary", where=str(path), remedy="write it again with `tocsin report`")
    return content


def write_folder(run: Run, folder: Path, command: str) -> dict[str, Any]:
    """Write everything but the record, which the run wrote itself; returns the summary."""
    from tocsin.formats.tracks_csv import write_tracks
    from tocsin.report import write_report

    content = write_summary(run, folder)
    if run.truth is not None:
        _write_truth(run, folder)
    else:
        write_tracks(folder / TRACKS, run.messages)
    write_report(
        folder / REPORT,
        run.messages,
        scenario=run.scenario,
        seed=run.seed,
        version=run.version,
        digest=run.digest,
        command=command,
    )
    return content


def write_summary(run: Run, folder: Path) -> dict[str, Any]:
    """summary.json: everything a script wants to know of a run."""
    from tocsin.record import sha256_of
    from tocsin.views.summary import summary

    content = summary(
        run.messages,
        name=run.scenario.name,
        title=run.scenario.title,
        seed=run.seed,
        version=run.version,
        digest=run.digest,
        policy=run.scenario.policy,
    )
    content["status"] = run.status
    content["overrides"] = list(run.overrides)
    content["record_sha256"] = sha256_of(folder / RECORD)
    replace_text(folder / SUMMARY, json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    return content


def _write_truth(run: Run, folder: Path) -> None:
    from tocsin.world import TRUTH_COLUMNS

    with whole(folder / TRUTH_ROWS) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRUTH_COLUMNS)
        writer.writerows(run.truth_rows)
    replace_text(folder / TRUTH, msgspec.json.format(msgspec.json.encode(run.truth), indent=1).decode() + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
