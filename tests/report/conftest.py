"""Reports of the hand-written runs of ``tests/views/example_run.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "views"))

from example_report import Write, scenario

from tocsin.messages import Message
from tocsin.report import write_report


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a report of some messages and give back its text."""

    def written(messages: list[Message], **changes: Any) -> str:
        given: dict[str, Any] = {"scenario": scenario(), "seed": 7, "version": "0.1.0", "digest": "ab" * 32}
        given |= {"command": "tocsin run example --seed 7", **changes}
        path = tmp_path / "report.html"
        write_report(path, messages, **given)
        return path.read_text(encoding="utf-8")

    return written
