"""The picture of a score: what it says in words, and that it can be drawn of the least and of much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tocsin.report.score_plot import MOST_NAMED, write_score_plot
from tocsin.scoring import PointError, TrackPath, score_tracking, truth_path

S = 1_000_000_000
EPOCH_NS = 1_772_611_200 * S
SAID: dict[str, Any] = {"marking": "EXERCISE - notional parameters", "title": "A $ky", "source": "by hand"}


def drawn(path: Path, object_count: int, track_count: int, points: tuple[PointError, ...] = ()) -> str:
    """Objects that hang 20 km apart, the first of them tracked 50 m off."""
    rows = np.arange(31)
    truth, tracks = [], []
    for j in range(object_count):
        states = np.tile([6.4e6, 0.0, 20_000.0 * j, 0.0, 0.0, 0.0], (31, 1))
        truth.append(truth_path(f"object-{j}", "airliner", EPOCH_NS + rows * S, states))
        tracks.append(
            TrackPath(
                track=j, t_ns=EPOCH_NS + rows * S, position_ecef_m=states[:, :3] + [0.0, 50.0, 0.0],
                velocity_ecef_m_s=states[:, 3:], covariance=np.tile(np.eye(6) * 1e3, (31, 1, 1)),
                is_level=np.ones(31, dtype=bool), beta_kg_m2=np.ones(31), nis=np.zeros(31),
                nis_dof=np.zeros(31, dtype=np.int64), is_held=np.ones(31, dtype=bool),
            )
        )  # fmt: skip
    scored = score_tracking(tracks[:track_count], truth, from_ns=EPOCH_NS, to_ns=EPOCH_NS + 30 * S)
    write_score_plot(path, *scored, points, **SAID)
    return path.read_text(encoding="utf-8") if path.suffix == ".svg" else ""


def test_every_panel_has_its_unit_and_the_picture_its_marking_and_source(tmp_path: Path) -> None:
    point = PointError(threat="t", name="T-1", after_launch_s=9.0, is_burning=False, impact_error_m=2e3)
    text = drawn(tmp_path / "a.svg", 2, 2, (point,))
    for said in (
        "EXERCISE - notional parameters", "A $ky", "by hand", "cutoff 5 km", "distance, km", "count",
        "position RMSE, m", "NEES / 6", "error, km", "object-0", "object-1", "wanted",
    ):  # fmt: skip
        assert said in text, said


def test_errors_within_a_power_of_ten_have_a_number_to_read_them_by(tmp_path: Path) -> None:
    """All 50 m."""
    assert any(line.strip().endswith(">50</text>") for line in drawn(tmp_path / "a.svg", 1, 1).splitlines())


def test_a_sky_without_tracks_has_no_panel_of_errors(tmp_path: Path) -> None:
    text = drawn(tmp_path / "a.svg", 1, 0)
    assert "GOSPA and its parts" in text
    assert "position RMSE, m" not in text


def test_many_objects_are_not_named_in_the_legend(tmp_path: Path) -> None:
    count = MOST_NAMED + 1
    assert "object-0" not in drawn(tmp_path / "a.svg", count, count)


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_score_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    drawn(tmp_path / f"a{suffix}", 2, 1)
    drawn(tmp_path / f"b{suffix}", 2, 1)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
