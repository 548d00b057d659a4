"""Files are there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.formats.scores_csv import write_rows
from tocsin.formats.tracks_csv import write_tracks


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize(
    "write",
    [
        lambda path, rows: write_rows(path, {"a": ("-", "")}, rows, "TEST"),
        lambda path, rows: write_tracks(path, rows),
    ],
    ids=["scores", "tracks"],
)  # fmt: skip
def test_what_stops_a_writer_leaves_the_file_that_was_there(tmp_path: Path, write: Any, error: type) -> None:
    def rows() -> Any:
        raise error
        yield

    path = tmp_path / "x.csv"
    path.write_text("before")
    with pytest.raises(error):
        write(path, rows())
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
