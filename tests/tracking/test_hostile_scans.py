"""Scans that no sensor makes: a bad plot or scan costs neither the good ones nor for ever."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracking_scene import EVERYWHERE, coasting, ns, radar_scan

from tocsin.errors import MessageError, ScanError
from tocsin.messages import Detections, TrackUpdates, column, decode_state, encode, encode_state
from tocsin.tracking import ArrayTracker, Sensor, Tracker, TrackerState
from tocsin.tracking.registration import BiasSpread

YEAR_S = 31_536_000.0
TRUTH = coasting(20)
COLUMNS = ("plot_time_ns", "range_m", "azimuth_rad", "elevation_rad", "range_std_m", "angle_std_rad")
replace = msgspec.structs.replace


def good(t: int) -> Detections:
    return radar_scan([TRUTH[t][0]], t, np.random.default_rng(t), number=t, swept=EVERYWHERE)


def with_another(scan: Detections, **values: Any) -> Detections:
    """The scan, its plot given a neighbour that differs in these columns."""
    columns: dict[str, Any] = {
        name: column([getattr(scan, name)[0], values.get(name, getattr(scan, name)[0])], str(getattr(scan, name).dtype))
        for name in COLUMNS
    }
    return replace(scan, plot_index=column([0, 1], "int64"), **columns)


def told_of(tracker: Tracker, scans: list[Detections]) -> list[TrackUpdates]:
    told = []
    for scan in scans:
        told += [tracker.step(scan), *tracker.tick(scan.end_ns + 1)]
    return [each for each in told if each is not None]


def sound(told: list[TrackUpdates]) -> bool:
    """Whether all that was told can be sent, and is sure of nothing it cannot be."""
    for each in told:
        encode(each)
        sigma = np.sqrt(np.diagonal(each.covariance, axis1=1, axis2=2))
        if not (np.linalg.eigvalsh(each.covariance / (sigma[:, :, None] * sigma[:, None, :])) > 0.0).all():
            return False
    return True


hostile = st.floats() | st.sampled_from([0.0, -1.0, 5e-324, 1e12, 1e100, math.nan, math.inf, -math.inf])


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(COLUMNS[1:]),
    value=hostile.filter(lambda v: not 1e150 < abs(v) < math.inf),
    first=st.integers(0, 8),
)
def test_a_plot_of_any_numbers_costs_the_good_ones_nothing(name: str, value: float, first: int) -> None:
    scans = [with_another(good(t), **{name: value}) if first <= t < first + 5 else good(t) for t in range(15)]
    told = told_of(Tracker(), scans)
    assert sound(told)
    last = np.concatenate([each.position_ecef_m for each in told if each.time_ns >= ns(14)])
    assert np.linalg.norm(last - TRUTH[14][0], axis=1).min() < 3_000.0


@pytest.mark.parametrize("time_ns", [0, -1, -(2**63), 2**63 - 1, ns(-30 * YEAR_S), ns(30 * YEAR_S), ns(7), ns(-700)])
def test_a_plot_of_another_time_than_its_scans_is_passed_over(time_ns: int) -> None:
    plain, odd = Tracker(), Tracker()
    expected = told_of(plain, [good(t) for t in range(10)])
    told = told_of(odd, [with_another(good(t), plot_time_ns=time_ns) if t == 6 else good(t) for t in range(10)])
    assert [encode(each) for each in told] == [encode(each) for each in expected]


@pytest.mark.parametrize(
    "change",
    [
        {"range_m": column([])}, {"azimuth_rad": column([1.0, 2.0])}, {"range_std_m": column([[30.0]])},
        {"kind": "sonar"}, {"end_ns": 2**63 - 1}, {"end_ns": 2**80},
        {"swept": replace(EVERYWHERE, detection_prob=-1.0)}, {"swept": replace(EVERYWHERE, detection_prob=math.nan)},
        {"swept": replace(EVERYWHERE, clutter_density=math.inf)},
        {"swept": replace(EVERYWHERE, range_max_m=math.nan)},
    ],
    ids=str,
)  # fmt: skip
def test_a_scan_that_cannot_be_is_refused_and_leaves_nothing_behind(change: dict[str, Any]) -> None:
    plain, odd = Tracker(), Tracker()
    for t in range(6):
        plain.step(good(t))
        odd.step(good(t))
    with pytest.raises(ScanError, match=r"radar|swept"):
        odd.step(replace(good(6), **change))
    late = radar_scan([TRUTH[5][0]], 5.5, np.random.default_rng(0), number=6, sensor="other")
    for tracker in (plain, odd):  # the late one makes all be run again
        assert tracker.step(good(7)) is not None
        assert tracker.step(late) is None
    assert [encode(m) for m in plain.tick(ns(8))] == [encode(m) for m in odd.tick(ns(8))]


@pytest.mark.parametrize("gap_s", [YEAR_S, 100.0 * YEAR_S])
def test_tracks_do_not_outlive_a_gap_of_years_and_are_told_to_have_ended(gap_s: float) -> None:
    """To carry one on through it took hours."""
    tracker = Tracker(biases={"radar": BiasSpread(azimuth_rad=1e-3)})
    for t in range(12):
        tracker.step(good(t))
    message = tracker.step(radar_scan([], gap_s, np.random.default_rng(0), number=12))
    assert message is not None
    assert (message.status, message.track.tolist(), message.t_ns.tolist()) == (("dropped",), [1], [ns(11)])
    assert sound([message])
    assert not tracker.state.alive().size
    assert tracker.bias_estimates()[0].sigma == 1e-3
    tracker = Tracker()
    for t in range(12):
        tracker.step(good(t))
    assert [each.status for each in tracker.tick(ns(gap_s))] == [("dropped",)]


def test_arrays_with_a_plot_of_1970_do_not_take_for_ever() -> None:
    site = (7e6, 0.0, 0.0)
    feed = ArrayTracker([Sensor(name="r", kind="radar", site_ecef_m=site, range_std_m=9.0, angle_std_rad=0.1)])
    for t in range(3):
        feed.step_arrays("r", ns(t), plot_time_ns=[0], range_m=[1e5], azimuth_rad=[0.0], elevation_rad=[0.1])
    assert not feed.tracker.state.alive().size


@pytest.mark.parametrize("name", ["x", "cov", "mu", "t_ns", "id", "status", "fed", "slope", "support", "plot_count"])
@pytest.mark.parametrize("harm", ["short", "deep", "kind"])
def test_a_state_whose_arrays_do_not_agree_is_refused(name: str, harm: str) -> None:
    """Kernels do not look: they wrote past the end of such an array."""
    tracker = Tracker()
    for t in range(3):
        tracker.step(good(t))
    state = decode_state(encode_state(tracker.state), TrackerState)
    array = getattr(state, name)
    harmed = {"short": array[:0], "deep": array[..., None], "kind": array.astype("int64" if name == "fed" else "bool")}
    setattr(state, name, harmed[harm])
    with pytest.raises(MessageError, match="state is broken"):
        Tracker().state = state
