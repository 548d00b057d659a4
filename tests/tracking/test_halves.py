"""Two threads over one scan's rows: the bytes are those of one, wherever and however it ends."""

from __future__ import annotations

import multiprocessing
import threading

import numpy as np
import pytest
from tracking_scene import EVERYWHERE, WEST, at, coasting, ground_offset, infrared_scan, radar_scan

from tocsin.messages import Detections, encode_state
from tocsin.tracking import BiasSpread, Tracker, halves
from tocsin.tracking.checkpoint import pack

PATH = coasting(40)


def scans() -> list[Detections]:
    rng, out = np.random.default_rng(11), []
    for t in range(12):
        seen = [ground_offset(2e4 + 230.0 * t + 4e3 * k, 8e4, 9e3)() for k in range(6)]
        seen += [PATH[t + 3 * k][0] for k in range(8)]  # eight bodies that fly the same way, 3 s apart
        seen += [ground_offset(*rng.uniform(5e3, 2e5, 3))() for _ in range(10)]
        out.append(radar_scan([body for body in seen if rng.random() < 0.9], t, rng, number=t, swept=EVERYWHERE))
        plumes = [at(33.0 + rng.random(), 48.0, 200.0) for _ in range(4)]
        out.append(infrared_scan(plumes, t + 0.2, rng, site=WEST, sensor="west", number=t))
    return out


def tracked(biases: bool) -> bytes:
    tracker = Tracker(biases={"radar": BiasSpread(range_m=50.0, azimuth_rad=1e-3)} if biases else None)
    told = [tracker.step(scan) for scan in scans()]
    return encode_state(pack(tracker.state)) + b"".join(encode_state(each) for each in told if each is not None)


@pytest.mark.parametrize("biases", [False, True])
def test_two_threads_give_the_bytes_of_one(monkeypatch: pytest.MonkeyPatch, biases: bool) -> None:
    alone = tracked(biases)
    monkeypatch.setattr(halves, "LEAST_ROWS", 2)
    assert tracked(biases) == alone


def test_both_threads_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "LEAST_ROWS", 2)
    used = halves.halves(lambda of: (threading.current_thread(), of), 5)
    assert [of for _, of in used] == [slice(0, 2), slice(2, 5)]
    assert used[0][0] is not used[1][0]


def test_what_stops_the_first_half_leaves_only_when_the_second_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "LEAST_ROWS", 2)
    going, done = threading.Event(), []

    def part(of: slice) -> None:
        if of.start == 0:
            raise KeyboardInterrupt
        going.set()
        done.append(of)

    with pytest.raises(KeyboardInterrupt):
        halves.halves(part, 4)
    assert going.is_set()
    assert done == [slice(2, 4)]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_a_fork_starts_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "LEAST_ROWS", 2)
    halves.halves(lambda of: of, 4)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(in_halves).get(timeout=60) == [slice(0, 2), slice(2, 4)]


def in_halves() -> list[slice]:
    return halves.halves(lambda of: of, 4)
