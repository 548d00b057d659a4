"""Sensors that are off: found by the tracker where it is told that they may be; tracks as unsure as they must be."""

from __future__ import annotations

import copy

import msgspec
import numpy as np
import pytest
from fit_scene import SECOND_RADAR
from tracking_scene import RADAR, Array, State, burnout, coasting, nees, ns, radar_scan

from tocsin.errors import InputError
from tocsin.messages import Detections, TrackUpdates, column
from tocsin.tracking import BiasSpread, Tracker, TrackerState
from tocsin.tracking.checkpoint import pack, unpack
from tocsin.tracking.plots import plots_of, without_biases
from tocsin.tracking.registration import BiasLayout, estimates, table, unobservable

SPREAD = BiasSpread(range_m=80.0, azimuth_rad=2e-3, elevation_rad=2e-3, clock_s=0.01)
SPREADS = {"a": SPREAD, "b": SPREAD}
SITES = {"a": RADAR, "b": SECOND_RADAR}
LAYOUT = BiasLayout(SPREADS)
SECONDS = 90


def second_flight() -> State:
    position, velocity = burnout()
    east = np.array((-np.sin(0.84), np.cos(0.84), 0.0))
    return position + 60e3 * east, velocity + 150.0 * east


FLIGHTS = [coasting(SECONDS + 1), coasting(SECONDS + 1, start=second_flight())]


def off(scan: Detections, sensor: str, bias: Array) -> Detections:
    """A scan as a sensor with these biases, in sigmas of their priors, would report it."""
    range_m, azimuth_rad, elevation_rad, clock_s, _ = LAYOUT.of(sensor).believed(bias)
    assert scan.range_m is not None
    assert scan.azimuth_rad is not None
    assert scan.elevation_rad is not None
    late_ns = round(1e9 * clock_s)
    return msgspec.structs.replace(
        scan, range_m=column(scan.range_m + range_m), azimuth_rad=column(scan.azimuth_rad + azimuth_rad),
        elevation_rad=column(scan.elevation_rad + elevation_rad), end_ns=scan.end_ns + late_ns,
        plot_time_ns=column(scan.plot_time_ns + late_ns, "int64"),
    )  # fmt: skip


def scans(bias: Array, seed: int) -> list[Detections]:
    """Two radars that look at both flights in turn, twice a second between them."""
    rng = np.random.default_rng(seed)
    out = []
    for t in range(SECONDS):
        for k, sensor in enumerate(SITES):
            truths = [flight[t][0] + 0.5 * k * flight[t][1] + 0.125 * k * _pull(flight[t][0]) for flight in FLIGHTS]
            scan = radar_scan(truths, t + 0.5 * k, rng, sensor=sensor, site=SITES[sensor], number=t)
            out.append(off(scan, sensor, bias))
    return out


def _pull(position: Array) -> Array:
    return -3.986e14 * position / np.linalg.norm(position) ** 3


def run(spreads: dict[str, BiasSpread] | None, bias: Array, seed: int) -> tuple[Tracker, TrackUpdates]:
    tracker, last = Tracker(biases=spreads), None
    for scan in scans(bias, seed):
        last = tracker.step(scan) or last
    assert last is not None
    return tracker, last


def true_at(time_ns: int) -> list[State]:
    """The flights at a moment near a whole second: by their velocity from there."""
    since_s = (time_ns - ns(0)) * 1e-9
    t = round(since_s)
    rest = since_s - t
    return [
        (f[t][0] + rest * f[t][1] + 0.5 * rest**2 * _pull(f[t][0]), f[t][1] + rest * _pull(f[t][0])) for f in FLIGHTS
    ]


def worst_fit(updates: TrackUpdates, row: int) -> float:
    """NEES of a track about the flight it fits best."""
    return min(nees(updates, row, truth) for truth in true_at(int(updates.t_ns[row])))


@pytest.fixture(scope="module")
def runs() -> list[tuple[Array, Tracker, TrackUpdates]]:
    out = []
    for seed in range(12):
        bias = np.random.default_rng([seed, 5]).standard_normal(LAYOUT.count)
        out.append((bias, *run(SPREADS, bias, seed)))
    return out


def test_biases_are_estimated_as_well_as_claimed(runs: list[tuple[Array, Tracker, TrackUpdates]]) -> None:
    squares = []
    for bias, tracker, _ in runs:
        error = tracker.state.biases.mean - bias
        squares.append(float(error @ np.linalg.solve(tracker.state.biases.cov, error)))
    assert 0.6 < np.mean(squares) / LAYOUT.count < 1.5  # 96 degrees of freedom: one run in a thousand is outside


def test_tracks_are_as_sure_as_they_claim_and_there_are_no_doubles(
    runs: list[tuple[Array, Tracker, TrackUpdates]],
) -> None:
    values = []
    for _, tracker, last in runs:
        assert last.status == ("confirmed", "confirmed")
        assert tracker.confirmed(ns(SECONDS)).slots.size == 2
        values += [worst_fit(last, row) for row in range(2)]
    assert 0.5 < np.mean(values) / 6.0 < 1.5


def test_a_tracker_that_is_not_told_of_biases_is_wrong_by_many_sigmas() -> None:
    bias = np.random.default_rng([0, 5]).standard_normal(LAYOUT.count)
    tracker, last = run(None, bias, 0)
    assert max(worst_fit(last, row) for row in range(last.track.size)) > 60.0
    assert tracker.state.slope.shape[3] == 0  # and carries nothing
    assert pack(tracker.state)
    assert tracker.bias_estimates() == []


def test_azimuths_of_two_radars_are_learnt_to_a_fraction_of_what_was_stated(
    runs: list[tuple[Array, Tracker, TrackUpdates]],
) -> None:
    for _, tracker, _ in runs:
        found = {(one.sensor, one.component): one for one in tracker.bias_estimates()}
        for sensor in SITES:
            assert found[sensor, "azimuth"].sigma < 0.5 * SPREAD.azimuth_rad
            assert found[sensor, "azimuth"].is_observed
        assert not found["a", "clock"].is_observed  # 10 ms are 26 m: too little against 30 m of noise and an orbit


def test_late_scans_give_the_biases_bit_for_bit() -> None:
    bias = np.random.default_rng([3, 5]).standard_normal(LAYOUT.count)
    given = scans(bias, 3)[:100]
    in_order, late = Tracker(biases=SPREADS), Tracker(biases=SPREADS)
    for scan in sorted(given, key=lambda s: (s.end_ns, s.sensor, s.sequence)):
        in_order.step(scan)
    delayed = sorted(given, key=lambda s: s.end_ns + (3_000_000_000 if s.sensor == "b" else 0))
    for scan in delayed:
        late.step(scan)
    late.revise(given[-1].end_ns)
    assert late.state.history.revision > 0
    assert pack(late.state) == pack(in_order.state)
    assert late.state.biases.cov[1, 1] < 0.5


def test_a_checkpoint_keeps_the_biases() -> None:
    tracker, _ = run(SPREADS, np.ones(LAYOUT.count), 1)
    memory = TrackerState()
    unpack(pack(tracker.state), memory)
    assert pack(memory) == pack(tracker.state)
    np.testing.assert_array_equal(memory.biases.mean, tracker.state.biases.mean)
    lives = tracker.state.mu > 0.0  # of other models a bank holds nothing that counts
    assert tracker.state.slope[lives].any()
    np.testing.assert_array_equal(memory.slope[lives], tracker.state.slope[lives])


def test_a_track_that_nobody_sees_gets_more_sure_as_its_radar_is_understood() -> None:
    """Both flights are seen by a alone, then one of them by a and b: what that teaches of a moves the other one too."""
    bias = np.array([1.5 if label == ("a", "azimuth") else 0.0 for label in LAYOUT.labels])
    rng = np.random.default_rng(4)
    tracker = Tracker(biases=SPREADS)
    for t in range(30):
        tracker.step(off(radar_scan([f[t][0] for f in FLIGHTS], t, rng, sensor="a", site=RADAR, number=t), "a", bias))
    before, at_ns = copy.deepcopy(tracker.confirmed(ns(60))), ns(60)
    for t in range(30, 60):
        for sensor in SITES:
            seen = radar_scan([FLIGHTS[0][t][0]], t, rng, sensor=sensor, site=SITES[sensor], number=t)
            tracker.step(off(seen, sensor, bias))
    after = tracker.confirmed(at_ns)
    other = int(np.argmin([np.linalg.norm(s[:3] - FLIGHTS[1][60][0]) for s in before.state]))
    miss = [float(np.linalg.norm(p.state[other, :3] - FLIGHTS[1][60][0])) for p in (before, after)]
    spread = [float(np.sqrt(np.trace(p.cov6[other, :3, :3]))) for p in (before, after)]
    assert miss[1] < 0.6 * miss[0]
    assert spread[1] < 0.8 * spread[0]


def test_plots_are_used_less_what_is_believed() -> None:
    scan = scans(np.zeros(LAYOUT.count), 1)[0]
    bias = np.arange(1.0, LAYOUT.count + 1.0)
    plain = plots_of(scan)
    found = without_biases(plots_of(off(scan, "a", bias)), LAYOUT.of("a"), bias)
    np.testing.assert_allclose(found.z, plain.z, rtol=1e-12)
    np.testing.assert_allclose(found.spot, plain.spot, rtol=1e-9)
    np.testing.assert_array_equal(found.time_ns, plain.time_ns)


def test_the_air_is_one_for_all_and_belongs_to_nobody() -> None:
    layout = BiasLayout({"a": BiasSpread(refractivity=15.0), "b": BiasSpread(range_m=5.0, refractivity=10.0)})
    assert layout.labels == (("b", "range"), ("", "air"))
    assert layout.of("a").columns.tolist() == [-1, -1, -1, -1, 1]
    assert layout.of("b").columns.tolist() == [0, -1, -1, -1, 1]
    assert layout.of("unheard of").columns.tolist() == [-1] * 5
    assert layout.sigma.tolist() == [5.0, 15.0]


def test_what_nothing_tells_apart_is_named() -> None:
    layout = BiasLayout({"a": BiasSpread(clock_s=0.01), "b": BiasSpread(clock_s=0.01)})
    common = np.array([1.0, 1.0]) / np.sqrt(2.0)
    cov = 0.99 * np.outer(common, common) + 0.01 * (np.eye(2) - np.outer(common, common))
    (only,) = unobservable(layout, cov)
    assert only == pytest.approx({("a", "clock"): 0.7071, ("b", "clock"): 0.7071}, abs=1e-3)
    assert [one.is_observed for one in estimates(layout, np.zeros(2), cov)] == [True, True]
    assert "not observed, in sigmas of the priors: +0.71 a clock +0.71 b clock" in table(layout, np.zeros(2), cov)


def test_a_spread_below_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="0 or more"):
        BiasLayout({"a": BiasSpread(range_m=-1.0)})
