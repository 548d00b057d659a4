"""One object becomes two, two paths cross: what the tracker makes of it. Truth and plots are drawn here, by seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tracking_scene import CALM, EVERYWHERE, RADAR, arrays_of, assert_same_memory, coasting, ns, radar_scan

from tocsin.kernels import advance, ecef_from_radar
from tocsin.kernels.track_motion import BALLISTIC
from tocsin.messages import Detections
from tocsin.policy import TrackPolicy
from tocsin.tracking import Tracker, TrackerState
from tocsin.tracking.checkpoint import ARRAYS, BANKS, pack, unpack
from tocsin.tracking.output import picture
from tocsin.tracking.parameters import chi_square_bound, kernel_parameters
from tocsin.tracking.plots import plots_of
from tocsin.tracking.registration import BiasLayout, BiasSpread
from tocsin.tracking.split import offspring

Array = npt.NDArray[np.float64]
PARTS_S, SECONDS = 12, 45
CONFIRMED = 2


def bodies(seconds: int, apart_m_s: float = 12.0) -> list[list[Array]]:
    """Places at each second: one object, and from PARTS_S on a lighter one that falls behind along the flight."""
    first, out = coasting(seconds), []
    place, velocity = first[PARTS_S]
    stage = coasting(seconds - PARTS_S, 500.0, (place, velocity * (1.0 - apart_m_s / np.linalg.norm(velocity))))
    for t in range(seconds):
        out.append([first[t][0]] + ([stage[t - PARTS_S][0]] if t > PARTS_S + 6 else []))
    return out


def separation(seed: int, seconds: int = SECONDS, clutter: float = 0.0) -> list[Detections]:
    """With so many false plots a scan, up to 300 m from the first object along each axis."""
    rng, scans = np.random.default_rng(seed), []
    for t, each in enumerate(bodies(seconds)):
        false = [each[0] + rng.uniform(-300.0, 300.0, 3) for _ in range(rng.poisson(clutter))]
        scans.append(radar_scan([*each, *false], t, rng, number=t, swept=EVERYWHERE))
    return scans


def fed(scans: Sequence[Detections]) -> Iterator[tuple[Tracker, dict[int, int]]]:
    """After each scan the tracker, and all that was told of parents so far."""
    tracker, parents = Tracker(), {}
    for scan in scans:
        told = tracker.step(scan)
        if told is not None:
            parents |= dict(zip(told.track.tolist(), told.parent.tolist(), strict=True))
        yield tracker, parents


def confirmed(state: TrackerState) -> list[int]:
    """Slots."""
    return (state.status == CONFIRMED).nonzero()[0].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_what_parts_becomes_two_tracks_and_the_new_one_names_the_old(seed: int) -> None:
    old = 0
    for k, (tracker, _) in enumerate(fed(separation(seed))):
        if k == PARTS_S:
            assert len(confirmed(tracker.state)) == 1
            old = int(tracker.state.name[confirmed(tracker.state)[0]])
    *_, (tracker, parents) = fed(separation(seed))
    names = tracker.state.name[confirmed(tracker.state)].tolist()
    assert len(names) == 2
    assert old in names
    assert [parents[name] for name in names if name != old] == [old]
    assert parents[old] == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_false_plot_beside_a_track_becomes_no_confirmed_track(seed: int) -> None:
    """Every sixth scan has one, up to 300 m away along each axis."""
    rng, truth, scans = np.random.default_rng(seed), coasting(SECONDS), []
    for t in range(SECONDS):
        beside = [truth[t][0] + rng.uniform(-300.0, 300.0, 3)] if t % 6 == 5 else []
        scans.append(radar_scan([truth[t][0], *beside], t, rng, number=t, swept=EVERYWHERE))
    began = 0
    for tracker, _ in fed(scans):
        assert len(confirmed(tracker.state)) <= 1
        began += int((tracker.state.parent > 0).any())
    assert len(confirmed(tracker.state)) == 1
    assert began  # tracks, which were then dropped


@example(seed=3, late_s=3.5, every=3, clutter=0.0)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    late_s=st.sampled_from([1.5, 3.5, 8.5]),
    every=st.integers(2, 5),
    clutter=st.sampled_from([0.0, 0.5]),
)
def test_late_scans_leave_the_same_parents_and_memory_as_scans_in_order(
    seed: int, late_s: float, every: int, clutter: float
) -> None:
    """One scan in two to five comes late; false plots beside the track begin children that die."""
    scans, both = separation(seed, 40, clutter), []
    for wait_s in (0.5, late_s):
        tracker, tick = Tracker(), 1
        arrivals = sorted((t + (wait_s if t % every == 0 else 0.5), t) for t in range(40))
        for at_s, t in [*arrivals, (51.5, -1)]:
            while tick <= at_s:
                tracker.tick(ns(tick))
                tick += 1
            if t >= 0:
                tracker.step(scans[t], ns(at_s))
        both.append(tracker.state)
    assert_same_memory(*both)


def test_a_checkpoint_holds_every_array_of_the_memory() -> None:
    assert {*ARRAYS, *BANKS} == set(arrays_of(TrackerState()))
    assert "parent" in ARRAYS


def test_a_checkpoint_keeps_parents() -> None:
    *_, (tracker, _) = fed(separation(1))
    assert (tracker.state.parent > 0).any()
    again = TrackerState()
    unpack(pack(tracker.state), again)
    np.testing.assert_array_equal(again.parent, tracker.state.parent)
    assert pack(again) == pack(tracker.state)


@pytest.mark.parametrize("seed", range(4))
def test_tracks_of_crossing_paths_stay_with_their_objects(seed: int) -> None:
    """They pass each other at 200 m after 30 s, at 150 m/s."""
    rng, (place, velocity) = np.random.default_rng(seed), coasting(30)[30]
    across = np.cross(velocity, place)
    across /= np.linalg.norm(across)
    away = np.cross(across, velocity) / np.linalg.norm(velocity)
    start = advance(place + 200.0 * away, velocity + 150.0 * across, 4000.0, CALM, -30.0, 1.0)
    paths = coasting(60), coasting(60, start=start)
    was: list[int] = []
    for t, (tracker, _) in enumerate(
        fed([radar_scan([p[t][0] for p in paths], t, rng, number=t, swept=EVERYWHERE) for t in range(60)])
    ):
        if t in (20, 59):
            seen = tracker.confirmed(ns(t))
            assert seen.slots.size == 2
            nearest = [
                int(tracker.state.id[seen.slots[np.linalg.norm(seen.state[:, :3] - p[t][0], axis=1).argmin()]])
                for p in paths
            ]
            assert len(set(nearest)) == 2
            assert nearest == (was or nearest)
            was = nearest


@pytest.mark.parametrize("whose", ["radar", "other"])
def test_what_comes_off_a_track_is_found_as_far_aside_as_biases_leave_it_open(whose: str) -> None:
    """Both radars may be 5 mrad off; the plot lies 5 km aside, of which its own variance explains nothing."""
    layout = BiasLayout({"radar": BiasSpread(azimuth_rad=5e-3), "other": BiasSpread(azimuth_rad=5e-3)})
    policy, own = TrackPolicy(), layout.of("radar") if whose == "radar" else layout.of("")
    memory, par = TrackerState.with_biases(2), kernel_parameters(policy)
    slots = memory.take(1)
    place = np.array(ecef_from_radar(9e5, 1.0, 0.2, RADAR))
    across = np.array(ecef_from_radar(9e5, 1.0 + 1e-3, 0.2, RADAR)) - place
    memory.status[slots], memory.mu[slots, BALLISTIC], memory.t_ns[slots] = CONFIRMED, 1.0, ns(0.0)
    memory.x[slots, BALLISTIC, :3], memory.x[slots, BALLISTIC, 5] = place, 3_000.0
    memory.cov[slots, BALLISTIC] = np.eye(9) * 100.0
    if whose == "other":  # its plots placed the track
        memory.slope[slots, BALLISTIC, :3, 0] = across * 5.0
    seen = picture(memory, slots, ns(0.0), policy.own_prob, par)
    plots = plots_of(radar_scan([place + across * 5.5], 0.0, np.random.default_rng(0), std=(30.0, 1e-4)))
    found = offspring(
        memory, policy, par, plots, seen, np.zeros(1), plots.order, chi_square_bound(policy.gate_prob, 3), own,
    )  # fmt: skip
    assert found is not None
    assert found.row.tolist() == [0]
