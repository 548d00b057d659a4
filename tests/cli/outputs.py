"""How the tests of commands call them and read what they write."""

from __future__ import annotations

import csv
from pathlib import Path

from tocsin.cli.app import app


def called(command: str, *arguments: str | Path) -> int:
    """The exit status of a command."""
    status = app([command, *map(str, arguments)], result_action="return_value")
    assert isinstance(status, int)
    return status


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
