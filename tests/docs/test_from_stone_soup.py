"""The page for Stone Soup's users is run as it stands: tocsin's half always, Stone Soup's where it is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-stone-soup.md"
BLOCK = re.compile(r"^```python( stonesoup)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names that the page's code leaves behind, run from top to bottom."""
    has_stonesoup = importlib.util.find_spec("stonesoup") is not None
    names: dict[str, Any] = {}
    shown = io.StringIO()
    folder = tmp_path_factory.mktemp("page")
    with contextlib.chdir(folder), contextlib.redirect_stdout(shown):
        for peer, code in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
            if not peer or has_stonesoup:
                exec(compile(code, str(PAGE), "exec"), names)
        names["csv_lines"] = Path("tracks.csv").read_text(encoding="utf-8").splitlines()
    names["shown"], names["folder"] = shown.getvalue(), folder
    return names


def test_the_page_has_code_of_both() -> None:
    found = [peer for peer, _ in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert found.count("") >= 5
    assert found.count(" stonesoup") >= 3


def test_the_scene_is_tracked_as_one_confirmed_ballistic_object(page: dict[str, Any]) -> None:
    tracks = page["tracks"]
    assert set(tracks["track"].tolist()) == {1}
    assert page["shown"].startswith("track 1 is confirmed")
    assert tracks["mode_prob"][-1, 1] > 0.99
    error = tracks["position_ecef_m"][-1] - page["flight"].position_ecef_m[119]
    assert error @ np.linalg.solve(tracks["covariance"][-1, :3, :3], error) < 16.3  # chi-square 3, 0.999


def test_its_score_is_that_of_one_object_tracked_soon(page: dict[str, Any]) -> None:
    score = page["score"]
    assert (score.object_count, score.track_count, score.id_switches) == (1, 1, 0)
    assert score.siap.completeness > 0.95
    assert f"GOSPA {score.gospa_m:.0f} m, completeness" in page["shown"]


def test_detections_from_the_csv_give_the_tracks_that_arrays_gave(page: dict[str, Any]) -> None:
    """But for misses, which a CSV of detections cannot tell, and the rounding of the angles' turn."""
    a, b = page["from_csv"], page["tracks"]
    assert a["time_ns"].tolist() == b["time_ns"].tolist()
    np.testing.assert_allclose(a["position_ecef_m"], b["position_ecef_m"], atol=0.05)


def test_tracks_are_written_for_its_reader(page: dict[str, Any]) -> None:
    assert len(page["csv_lines"]) == 1 + int((page["tracks"]["status"] == "confirmed").sum())
    assert page["csv_lines"][0].startswith("time,track,status,x,vx,y,vy,z,vz,cov_x_x")


def test_stone_soups_half_runs_and_its_detections_give_the_same_tracks(page: dict[str, Any]) -> None:
    pytest.importorskip("stonesoup", reason="Stone Soup, of constraints/bench.txt alone, is not installed")
    (track,) = page["stonesoup_tracks"]
    assert len(track) > 100
    np.testing.assert_allclose(page["from_detections"]["position_ecef_m"], page["tracks"]["position_ecef_m"], atol=0.05)
    np.testing.assert_allclose(page["with_misses"]["position_ecef_m"], page["tracks"]["position_ecef_m"], atol=0.05)
    (made,) = page["objects"]
    assert len(made) == int((page["tracks"]["status"] == "confirmed").sum())
    (truth,) = page["scoring"].read_truth(page["folder"] / "truth.csv")
    np.testing.assert_allclose(truth.position_ecef_m, page["truth"][0].position_ecef_m, atol=1e-6)
