"""Slots listed, taken, given back and told, against the same written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.kernels.track_memory import add_support, slots_in_use, take_slots
from tocsin.kernels.track_motion import BALLISTIC, BOOST, LEVEL
from tocsin.kernels.track_scan import CONFIRMED, FREE, TENTATIVE
from tocsin.kernels.track_watch import BEFORE, EPOCH, EVER, NOW
from tocsin.policy import TrackPolicy
from tocsin.tracking.checkpoint import is_same_track, pack, unpack
from tocsin.tracking.output import estimate, updates
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.state import TrackerState, lives

SENSORS = [f"radar {k}" for k in range(11)]


@pytest.mark.parametrize("spread", [1, 300, 10**5, 10**12])
def test_slots_in_use_are_in_order_of_number_and_those_seen_lately_are_left_out(spread: int) -> None:
    rng = np.random.default_rng(spread)
    for count in (1, 2, 50, 700):
        status, last_ns = rng.integers(0, 3, count), rng.integers(0, 5, count)
        number = rng.permutation(count) * spread + 1
        for before_ns in (0, 3, 2**63 - 1):
            wanted = np.flatnonzero((status != FREE) & (last_ns < before_ns))
            found, oldest_ns = slots_in_use(status, number, last_ns, before_ns)
            assert found.tolist() == wanted[number[wanted].argsort()].tolist()
            assert oldest_ns == last_ns[wanted].min(initial=before_ns)


def test_the_first_free_slots_are_taken_and_none_where_there_are_too_few() -> None:
    status, number = np.array([CONFIRMED, FREE, TENTATIVE, FREE, FREE]), np.array([4, 0, 3, 0, 0])
    assert take_slots(status, number, 4, 9).size < 4
    assert (status.tolist(), number.tolist()) == ([CONFIRMED, FREE, TENTATIVE, FREE, FREE], [4, 0, 3, 0, 0])
    assert take_slots(status, number, 2, 9).tolist() == [1, 3]
    assert status.tolist() == [CONFIRMED, TENTATIVE, TENTATIVE, TENTATIVE, FREE]
    assert number.tolist() == [4, 9, 3, 10, 0]


def test_the_memory_grows_as_far_as_it_must_and_keeps_what_it_holds() -> None:
    memory = TrackerState()
    first = memory.take(3)
    memory.mu[first] = 0.5
    second = memory.take(30)
    assert memory.status.shape == (64,)
    assert (memory.id[first].tolist(), memory.id[second].tolist()) == ([1, 2, 3], list(range(4, 34)))
    assert (memory.mu[first] == 0.5).all()
    assert memory.mu.sum() == 0.5 * memory.mu[first].size
    assert memory.x.shape[0] == memory.cov.shape[0] == memory.slope.shape[0] == memory.fed.shape[0] == 64


def test_what_is_given_back_is_zero_but_for_banks_in_which_nothing_lives() -> None:
    memory = TrackerState()
    slots = memory.take(4)
    arrays = {name: value for name, value in vars_of(memory).items() if name not in ("x", "cov", "slope")}
    for array in arrays.values():
        array[slots] = 1
    memory.free(slots[1:3])
    for name, array in arrays.items():
        assert not array[slots[1:3]].any(), name
        assert array[slots[[0, 3]]].all(), name


@pytest.mark.parametrize("biases", [0, 2])
def test_what_slots_hold_comes_back_from_a_checkpoint_and_banks_as_far_as_they_live(biases: int) -> None:
    rng, memory, other = (
        np.random.default_rng(biases),
        TrackerState.with_biases(biases),
        TrackerState.with_biases(biases),
    )
    slots = memory.take(60)
    for array in vars_of(memory).values():
        array[slots] = (
            rng.random((60, *array.shape[1:])) < 0.5 if array.dtype == bool else rng.normal(0, 9, array[slots].shape)
        )
    memory.status[slots] = rng.integers(FREE, CONFIRMED + 1, 60)
    memory.mu[slots] = np.maximum(rng.normal(size=(60, 3)), 0.0)  # of many models or none
    unpack(pack(memory), other)
    used = memory.status != FREE
    does_live = memory.mu > 0.0
    does_live[:, BALLISTIC] |= memory.mu[:, BOOST] > 0.0
    for name, array in vars_of(memory).items():
        kept = np.zeros(array.shape, bool)
        kept[used] = name != "name"  # what was told is no part of a checkpoint
        if name in ("x", "cov", "slope"):
            for m, size in ((BOOST, 9), (BALLISTIC, 7), (LEVEL, 6)):
                kept[:, m] &= does_live[:, m].reshape(-1, *[1] * (array.ndim - 2))
                kept[:, m, size:] = False
                if name == "cov":
                    kept[:, m, :, size:] = False
        assert getattr(other, name).tobytes() == np.where(kept, array, np.zeros_like(array)).tobytes(), name


def test_tracks_of_two_memories_are_the_same_where_all_that_is_theirs_is() -> None:
    rng, one = np.random.default_rng(4), TrackerState()
    slots = one.take(30)
    for array in vars_of(one).values():
        array[slots] = rng.integers(1, 9, array[slots].shape)
    one.mu[slots] = np.maximum(rng.normal(size=(30, 3)), 0.0)
    order, live = rng.permutation(30), lives(one.mu)
    other = TrackerState(**{name: array[order] for name, array in vars_of(one).items()})
    back = order.argsort()
    assert is_same_track(one, slots, other, back).all()
    for name in ("id", "name", "parent", "told_boost", "support"):  # what a track is called, and what is kept besides
        getattr(other, name)[:] += 1
    assert is_same_track(one, slots, other, back).all()
    for m, size in ((BOOST, 9), (BALLISTIC, 7), (LEVEL, 6)):
        for place in (("x", (m, size - 1)), ("cov", (m, size - 1, 0)), ("cov", (m, 0, size - 1))):
            name, at = place
            before = getattr(other, name).copy()
            getattr(other, name)[(slice(None), *at)] += 1.0
            assert is_same_track(one, slots, other, back).tolist() == (~live[slots, m]).tolist(), place
            getattr(other, name)[:] = before
    for name in ("t_ns", "mu", "status", "last_ns", "first_ns", "miss_count", "plot_count", "evidence"):
        getattr(other, name)[back[7]] += 1
        assert is_same_track(one, slots, other, back).nonzero()[0].tolist() == [k for k in range(30) if k != 7], name
        getattr(other, name)[back[7]] -= 1
    other.fed[back[7]] ^= True
    assert not is_same_track(one, slots, other, back)[7]


def test_support_is_of_the_present_ten_seconds_and_those_before() -> None:
    support, slots = np.zeros((5, 4), np.int64), np.array([1, 3])
    support[:, EPOCH] = 7
    support[:, NOW], support[:, EVER], support[3, BEFORE] = 0b0010, 0b0110, 0b0100
    for epoch, wanted in (
        (7, (0b1010, 0b0100, 7)),
        (8, (0b1000, 0b0010, 8)),
        (9, (0b1000, 0, 9)),
        (6, (0b1010, 0b0100, 7)),
    ):
        memory = support.copy()
        add_support(memory, slots, 3, epoch)
        assert memory[3, [NOW, BEFORE, EPOCH, EVER]].tolist() == [*wanted, 0b1110]
        assert memory[[0, 2, 4]].tolist() == support[[0, 2, 4]].tolist()


def test_a_track_keeps_the_number_it_was_first_told_by_and_its_slot_the_next_gets_another() -> None:
    memory = TrackerState()
    slots = memory.take(5)
    assert memory.named(slots[[3, 1]]).tolist() == [1, 2]
    assert memory.named(slots[[1, 0, 3]]).tolist() == [2, 3, 1]
    assert [memory.name_of(int(track)) for track in memory.id[slots]] == [3, 2, 0, 1, 0]
    memory.free(slots[[1]])
    assert memory.name_of(0) == 0, "a free slot is no track"
    assert memory.take(1).tolist() == [slots[1]]
    assert memory.named(slots[[1, 3]]).tolist() == [4, 1]


@pytest.mark.parametrize("sensor_count", [1, 3, 11])
def test_each_track_is_told_with_its_own_sensors_status_and_times(sensor_count: int) -> None:
    rng, memory, count = np.random.default_rng(sensor_count), TrackerState(), 400
    slots = rng.permutation(memory.take(count))
    for name in SENSORS[:sensor_count]:
        memory.sensor(name)
    memory.fed[slots, :sensor_count] = rng.random((count, sensor_count)) < 0.4
    memory.status[slots] = rng.integers(TENTATIVE, CONFIRMED + 1, count)
    memory.t_ns[slots] = memory.last_ns[slots] = rng.integers(0, 20, count)
    memory.x[slots, :, 0], memory.mu[slots, 2] = 7e6, 1.0
    memory.cov[slots] = np.eye(9)
    to_ns = rng.integers(0, 20, count) if sensor_count > 1 else np.array([10])
    seen = estimate(memory, slots, to_ns, 0.5, kernel_parameters(TrackPolicy()))
    rows, dropped, nis = rng.permutation(count), rng.random(count) < 0.2, rng.random(count) - 0.5
    names = np.arange(5, 5 + count)
    told = updates(memory, seen, rows, names, "radar 0", 10, (), dropped, nis, 3, (8.0, 1.0))
    to = np.broadcast_to(to_ns, count)
    for i, slot in enumerate(slots[rows].tolist()):
        fed = memory.fed[slot, :sensor_count].nonzero()[0].tolist()
        assert told.sensors[i] == tuple(sorted(SENSORS[k] for k in fed))
        kept = "confirmed" if memory.status[slot] == CONFIRMED else "tentative"
        assert told.status[i] == ("dropped" if dropped[i] else kept)
        assert (told.t_ns[i], told.last_ns[i]) == (max(memory.t_ns[slot], to[rows[i]]), memory.last_ns[slot])
        assert (told.nis[i], told.nis_dof[i]) == ((nis[i], 3) if nis[i] >= 0.0 else (0.0, 0))
    assert told.covariance.tobytes() == seen.cov6[rows].tobytes()
    assert (told.log_beta == 8.0).all()
    assert (told.log_beta_std == 1.0).all()


def vars_of(memory: TrackerState) -> dict[str, np.ndarray]:
    values = {name: getattr(memory, name) for name in memory.__struct_fields__}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
