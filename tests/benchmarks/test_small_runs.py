"""Each benchmark of the tracker still runs, and says of a run or two what it says of many."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.consistency_truth import flown
from benchmarks.separation_scenes import scene

from benchmarks import (
    bias_rows,
    bias_scenes,
    consistency,
    consistency_matched,
    false_alarms,
    load_rows,
    sensor_faults,
    separation,
    stonesoup_rows,
    stonesoup_scenes,
)


def test_the_matched_run_is_as_sure_as_it_should_be() -> None:
    """Four runs, the start included: NEES/6 is chi-square over 24 at each second, and over all at most that far off."""
    six, seven = consistency_matched.bins(4, 0)
    kept = np.isfinite(six).all(axis=0)
    assert kept.sum() > 20
    assert 0.4 < float(six[:, kept].mean()) / 6.0 < 2.0
    assert 0.4 < float(seven[:, kept].mean()) / 7.0 < 2.0


def test_consistency_of_one_run_is_a_table() -> None:
    lines = list(consistency.table([consistency.sample(flown(0, ()))]))
    phases = {line.split(" | ")[0] for line in lines[2:]}
    assert phases == {"| boost", "| coast", "| re-entry"}


@pytest.mark.parametrize("kind", ["separation", "crossing", "pair"])
def test_what_parts_is_held_by_two_tracks(kind: separation.Kind, capsys: pytest.CaptureFixture[str]) -> None:
    found = separation.run(scene(kind, 0), 0, is_verbose=True)
    assert found.delay_s < 10.0
    assert " radar 0 " in capsys.readouterr().out


def test_a_look_before_the_bound_is_known_is_a_wide_one() -> None:
    """Of this seed the bound after one look is finite, by rounding alone, and no covariance."""
    wide = scene("crossing", 152).looks[1].spread
    assert np.linalg.eigvalsh(wide / np.sqrt(np.outer(wide.diagonal(), wide.diagonal()))).min() > 1e-6


def test_biases_are_found_by_filter_and_tracker() -> None:
    case = bias_scenes.Case(2, 3, 40)
    row = bias_rows.study(case, 2)
    assert 0.2 < row.bias_nees < 4.0
    told = bias_rows.tracked(bias_scenes.scene(case, 0), is_told=True)
    assert told.surplus == 0
    assert told.bias_nees < 6.0


def test_false_plots_begin_tracks_and_confirm_none() -> None:
    confirmed, begun = false_alarms.false_tracks(50.0, 0.01, 1)
    assert confirmed == 0
    assert begun > 1_000


def test_a_liar_is_found_in_a_run_of_the_benchmark() -> None:
    flight = sensor_faults.coast_flight(sensor_faults.SECONDS["radar"])
    found = sensor_faults.play("radar", flight, 0, sensor_faults.FAULTS["clock 3 s ahead"])
    assert found.fault == "clock"
    assert found.found_s < 30.0
    assert (found.suspects, found.ignored) == (0, 0)


def test_a_shared_scene_is_scored() -> None:
    score = stonesoup_scenes.Score()
    seconds = stonesoup_rows.own_run(stonesoup_scenes.scene(stonesoup_scenes.Case(3, 2, 12, 5.0)), score)
    assert seconds > 0.0
    assert math.isfinite(stonesoup_scenes.means_of(score.gospa[5e3])[0])


def test_a_second_of_the_heavy_sky_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_rows, "BALLISTIC", 30)
    monkeypatch.setattr(load_rows, "LEVEL", 20)
    monkeypatch.setattr(load_rows, "SECONDS", 6)
    monkeypatch.setattr(load_rows, "FALSE", 20)
    in_order, late = load_rows.rows(6)
    assert " 0 re-runs" in in_order
    assert " 0 re-runs" not in late
