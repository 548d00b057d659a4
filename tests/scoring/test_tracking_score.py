"""A whole run's tracks against its truth, both written by hand: every figure can be worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tocsin.errors import InputError
from tocsin.scoring import TrackingScore, TrackingSeries, TrackPath, TruthPath, score_tracking, span_ns, truth_path

Array = np.ndarray[Any, Any]
S = 1_000_000_000
EPOCH_NS = 1_772_611_200 * S
HEIGHT_M = 6.388e6
SIGMA_M, SIGMA_M_S = 100.0, 10.0


def still(name: str, north_m: float, kind: str = "airliner", first: int = 0, last: int = 100) -> TruthPath:
    """Something that hangs in the air, so many metres off the axis."""
    rows = np.arange(first, last + 1)
    states = np.tile([HEIGHT_M, 0.0, north_m, 0.0, 0.0, 0.0], (len(rows), 1))
    return truth_path(name, kind, EPOCH_NS + rows * S, states)


def told(
    track: int, north_m: float, first: int = 0, last: int = 100, *, off_m: float = 0.0, sigma_m: float = SIGMA_M
) -> TrackPath:
    """A state a second of something that hangs there, ``off_m`` east of it, dropped at ``last`` + 1."""
    rows = np.arange(first, last + 2)
    count = len(rows)
    return TrackPath(
        track=track, t_ns=EPOCH_NS + rows * S, position_ecef_m=np.tile([HEIGHT_M, off_m, north_m], (count, 1)),
        velocity_ecef_m_s=np.zeros((count, 3)),
        covariance=np.tile(np.diag([sigma_m**2] * 3 + [SIGMA_M_S**2] * 3), (count, 1, 1)),
        is_level=np.ones(count, dtype=bool), beta_kg_m2=np.full(count, 1e3), nis=np.full(count, 3.0),
        nis_dof=np.full(count, 3), is_held=rows <= last,
    )  # fmt: skip


def judged(
    tracks: list[TrackPath], truth: list[TruthPath], last: int = 100, **options: Any
) -> tuple[TrackingScore, TrackingSeries]:
    return score_tracking(tracks, truth, from_ns=EPOCH_NS, to_ns=EPOCH_NS + last * S, **options)


def test_a_track_300_m_off_all_along_is_300_m_of_everything() -> None:
    score, series = judged([told(1, 0.0, off_m=300.0)], [still("a", 0.0)])
    assert score.gospa_m == pytest.approx(300.0)
    assert score.ospa_m == pytest.approx(300.0)
    assert score.siap.position_accuracy_m == pytest.approx(300.0)
    assert score.position_rmse_m == pytest.approx(300.0)
    assert (score.siap.completeness, score.siap.ambiguity, score.siap.spuriousness) == (1.0, 1.0, 0.0)
    assert len(series.t_ns) == 101
    assert series.gospa_m == pytest.approx(300.0)


def test_nees_is_of_the_six_states_with_the_covariance_published() -> None:
    """300 m at 100 m of sigma is 9, over six degrees of freedom 1.5; the 95 % point is 12.6."""
    score, _ = judged([told(1, 0.0, off_m=300.0)], [still("a", 0.0)])
    assert score.nees_ratio == pytest.approx(1.5)
    assert score.nees_above_95 == 0.0
    assert judged([told(1, 0.0, off_m=400.0)], [still("a", 0.0)])[0].nees_above_95 == 1.0
    assert (score.nis_ratio, score.nis_above_95) == (pytest.approx(1.0), 0.0)


def test_bins_are_ten_seconds_of_the_objects_life_with_the_bounds_of_one_track() -> None:
    score, _ = judged([told(1, 0.0, 25, 44, off_m=300.0)], [still("a", 0.0, first=20)])
    assert [(b.from_s, b.update_count) for b in score.bins] == [(0.0, 5), (10.0, 10), (20.0, 5)]
    assert score.bins[0].nees_high == pytest.approx(14.449 / 6.0, rel=1e-3)  # chi-square, 6 degrees: table value
    assert score.bins[0].nees_low == pytest.approx(1.237 / 6.0, rel=1e-3)
    assert score.bins[1].position_rmse_m == pytest.approx(300.0)
    assert score.bins[1].nees_first == pytest.approx(9.0)


def test_an_object_without_a_track_is_missed_and_a_track_without_an_object_is_false() -> None:
    score, series = judged([told(1, 0.0), told(2, 90_000.0, 11, 20)], [still("a", 0.0), still("b", 50_000.0)])
    assert series.missed_count.tolist() == [1.0] * 101
    assert series.false_count.sum() == 10.0
    assert series.gospa_missed_m[0] == pytest.approx(5_000.0 / math.sqrt(2.0))
    assert series.gospa_m[15] == pytest.approx(5_000.0)  # one missed and one false
    assert score.siap.completeness == pytest.approx(0.5)
    assert score.false_track_s == pytest.approx(10.0)
    assert score.false_tracks == (2,)


def test_the_cutoff_decides_what_is_on_its_object() -> None:
    tracks, truth = [told(1, 0.0, off_m=3_000.0)], [still("a", 0.0)]
    assert judged(tracks, truth, cutoff_m=5_000.0)[0].siap.completeness == 1.0
    near = judged(tracks, truth, cutoff_m=1_000.0)[0]
    assert near.siap.completeness == 0.0
    assert near.gospa_m == pytest.approx(1_000.0)
    assert near.position_rmse_m is None


def test_a_change_of_number_is_a_switch_and_names_both_tracks() -> None:
    score, _ = judged([told(7, 0.0, 10, 49), told(9, 0.0, 50, 100)], [still("a", 0.0)])
    (one,) = score.objects
    assert (one.tracks, one.id_switches, one.breaks) == ((7, 9), 1, 0)
    assert one.first_tracked_s == 10.0
    assert one.completeness == pytest.approx(91.0 / 101.0)
    assert one.longest_segment == pytest.approx(51.0 / 101.0)


def test_a_track_that_goes_over_to_another_object_is_impure_and_its_errors_show_it() -> None:
    """It keeps still; a leaves its place at 60 s and b comes there: 60 of 101 s on a, NEES of a's whole life."""
    truth = [still("a", 0.0, last=59), still("b", 0.0, first=60)]
    score, _ = judged([told(1, 0.0)], truth)
    assert score.purity == pytest.approx(60.0 / 101.0)
    a, b = score.objects
    assert a.tracks == b.tracks == (1,)
    assert b.position_rmse_m is None  # the track is mostly on a


def test_two_tracks_on_one_object_are_ambiguous_and_one_of_them_false() -> None:
    score, series = judged([told(1, 0.0), told(2, 0.0, off_m=200.0)], [still("a", 0.0)])
    assert score.siap.ambiguity == pytest.approx(2.0)
    assert score.siap.spuriousness == 0.0
    assert series.false_count.tolist() == [1.0] * 101
    assert series.gospa_localisation_m == pytest.approx(0.0)


def test_kinds_left_out_are_neither_missed_nor_make_their_tracks_false() -> None:
    truth = [still("a", 0.0, "threat"), still("b", 50_000.0), still("c", 90_000.0)]
    tracks = [told(1, 0.0, off_m=30.0), told(2, 50_000.0)]
    score, series = judged(tracks, truth, kinds=("threat",))
    assert (score.object_count, score.track_count, score.kinds) == (1, 1, ("threat",))
    assert score.gospa_m == pytest.approx(30.0)
    assert series.siap.track_count.tolist() == [1] * 101
    assert judged([*tracks, told(3, 300_000.0)], truth, kinds=("threat",))[0].false_tracks == (3,)


def test_without_tracks_everything_is_missed_and_without_objects_nothing_is_judged() -> None:
    score, _ = judged([], [still("a", 0.0)])
    assert score.siap.completeness == 0.0
    assert (score.nees_ratio, score.purity, score.bins) == (None, None, ())
    with pytest.raises(InputError, match="nothing that flew"):
        span_ns([], [EPOCH_NS])


def test_the_order_of_tracks_and_objects_does_not_matter() -> None:
    truth = [still("a", 0.0), still("b", 4_000.0), still("c", 8_000.0)]
    tracks = [told(1, 100.0), told(2, 4_300.0, 5, 90), told(3, 7_000.0, 20, 80), told(4, 2_000.0, 30, 60)]
    one, _ = judged(tracks, truth)
    other, _ = judged(tracks[::-1], truth[::-1])
    for name in ("gospa_m", "gospa_missed_m", "gospa_false_m", "ospa_m", "siap", "id_switches", "nees_ratio"):
        assert getattr(one, name) == getattr(other, name), name


def test_the_span_is_what_scans_and_truth_share() -> None:
    truth = [still("a", 0.0, first=10, last=60)]
    assert span_ns(truth, [EPOCH_NS, EPOCH_NS + 40 * S]) == (EPOCH_NS + 10 * S, EPOCH_NS + 40 * S)
    with pytest.raises(InputError, match="share no time"):
        span_ns(truth, [EPOCH_NS + 90 * S, EPOCH_NS + 95 * S])


def test_the_span_ends_where_what_is_told_every_ten_seconds_may_fly_on_untold() -> None:
    """Rows to 90 s and a last scan at 97: it may fly on. What was told every second and ended at 80 has ended."""
    rows = np.arange(0, 91, 10)
    sparse = truth_path("c", "airliner", EPOCH_NS + rows * S, np.tile([HEIGHT_M, 0.0, 0.0, 0.0, 0.0, 0.0], (10, 1)))
    truth = [still("a", 0.0), still("b", 0.0, last=80), sparse]
    assert span_ns(truth, [EPOCH_NS, EPOCH_NS + 97 * S]) == (EPOCH_NS, EPOCH_NS + 90 * S)
    assert span_ns(truth[:2], [EPOCH_NS, EPOCH_NS + 97 * S]) == (EPOCH_NS, EPOCH_NS + 97 * S)


@pytest.mark.parametrize("step_s", [0.0, -1.0, 1e-10, 1e300, math.nan])
def test_a_step_of_nothing_is_refused(step_s: float) -> None:
    with pytest.raises(InputError, match="step above 0 s"):
        judged([], [still("a", 0.0)], step_s=step_s)


def test_a_record_with_a_gap_of_years_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(InputError, match=r"2000000001 times.*too many"):
        score_tracking([], [still("a", 0.0)], from_ns=EPOCH_NS, to_ns=EPOCH_NS + 2_000_000_000 * S)
