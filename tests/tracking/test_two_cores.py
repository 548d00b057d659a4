"""Two threads over one scan's rows: the bytes are those of one, wherever and however it ends."""

from __future__ import annotations

import multiprocessing
import threading

import numpy as np
import pytest
from tracking_scene import EVERYWHERE, WEST, at, coasting, ground_offset, infrared_scan, radar_scan

from tocsin.messages import Detections, encode_state
from tocsin.tracking import BiasSpread, Tracker, two_cores
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
    monkeypatch.setattr(two_cores, "LEAST_ROWS", 2)
    assert tracked(biases) == alone


def test_both_threads_are_used() -> None:
    both = threading.Barrier(2, timeout=60)  # nobody takes a second piece before the other has one

    def part(of: slice) -> tuple[threading.Thread, slice]:
        if of.stop <= 2:
            both.wait()
        return threading.current_thread(), of

    used = two_cores.in_pieces(part, (0, 1, 2, 5, 6))
    assert [of for _, of in used] == [slice(0, 1), slice(1, 2), slice(2, 5), slice(5, 6)]
    assert used[0][0] is not used[1][0]


@pytest.mark.parametrize("count", [1_000, 1_499, 26_001])
def test_pieces_are_all_rows_and_small_at_the_end(count: int) -> None:
    cuts = two_cores.shrinking(count)
    sizes = np.diff(cuts)
    assert (cuts[0], cuts[-1]) == (0, count)
    assert 0 < sizes[-1] <= two_cores.LEAST_ROWS / 10
    assert sizes[0] < count / 2
    assert (np.diff(sizes) <= 0).all()


def test_what_stops_this_thread_leaves_only_when_the_second_is_done_with_its_piece() -> None:
    going, done, here = threading.Event(), [], threading.current_thread()

    def part(of: slice) -> None:
        if threading.current_thread() is here:
            assert going.wait(60)
            raise KeyboardInterrupt
        going.set()
        sum(range(3_000_000))  # long enough for the other to be gone, did it not wait
        done.append(of)

    with pytest.raises(KeyboardInterrupt):
        two_cores.in_pieces(part, range(100))
    assert len(done) == 1


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_a_fork_starts_a_thread_of_its_own() -> None:
    two_cores.in_pieces(lambda of: of, (0, 2, 4))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(in_two_pieces).get(timeout=60) == [slice(0, 2), slice(2, 4)]


def in_two_pieces() -> list[slice]:
    return two_cores.in_pieces(lambda of: of, (0, 2, 4))
