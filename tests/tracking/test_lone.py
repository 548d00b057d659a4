"""Tracks of one plot that a scan cannot continue are left out of it: with them, the tracker does the same."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from tracking_scene import EVERYWHERE, RADAR, at, coasting, radar_scan

from tocsin.messages import Detections
from tocsin.tracking import Tracker, forward

PATHS = [coasting(12, start=start) for start in (coasting(40)[k] for k in range(0, 40, 2))]
SITES = {"radar": RADAR, "other": at(37.5, 41.0, 900.0)}


def scans(every_s: float, spread_s: float) -> list[Detections]:
    """Two radars in turn: twenty bodies on one way, and false plots from the ground to 1500 km all around."""
    rng, out = np.random.default_rng(3), []
    for number in range(12):
        t = number * every_s
        bodies = [path[round(t)][0] for path in PATHS if t < 12 and rng.random() < 0.9]
        false = [
            RADAR + rng.uniform(-8e5, 8e5) * east + rng.uniform(-8e5, 8e5) * north + rng.uniform(0.0, 7e5) * up
            for east, north, up in [axes_at(RADAR)] * 150
        ]
        sensor = list(SITES)[number % 2]
        scan = radar_scan([*bodies, *false], t, rng, site=SITES[sensor], sensor=sensor, number=number, swept=EVERYWHERE)
        early_ns = (rng.random(scan.plot_time_ns.size) * spread_s * 1e9).astype(np.int64)
        out.append(scan if spread_s == 0.0 else with_times(scan, scan.plot_time_ns - early_ns))
    return out


def axes_at(place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    up = place / np.linalg.norm(place)
    east = np.cross((0.0, 0.0, 1.0), up)
    east /= np.linalg.norm(east)
    return east, np.cross(up, east), up


def with_times(scan: Detections, times_ns: np.ndarray) -> Detections:
    times_ns.flags.writeable = False
    return msgspec.structs.replace(scan, plot_time_ns=times_ns, start_ns=int(times_ns.min()))


def tracked(every_s: float, spread_s: float) -> tuple[list[list[bytes]], int]:
    tracker, out, left_out = Tracker(), [], 0
    split = tracker._forward._split_lone

    def counted(*given: object) -> tuple[np.ndarray, np.ndarray]:
        nonlocal left_out
        near, lone = split(*given)  # type: ignore[arg-type]
        left_out += lone.size
        return near, lone

    tracker._forward._split_lone = counted  # type: ignore[method-assign]
    for scan in scans(every_s, spread_s):
        tracker.step(scan)
        memory = tracker.state
        alive = memory.alive()
        names = ("id", "status", "t_ns", "last_ns", "miss_count", "plot_count", "evidence", "mu")
        out.append([getattr(memory, name)[alive].tobytes() for name in names])
    return out, left_out


@pytest.mark.parametrize(("every_s", "spread_s"), [(0.2, 0.0), (1.0, 0.0), (1.0, 0.4), (3.0, 0.0)])
def test_what_is_left_out_would_have_found_no_plot(
    monkeypatch: pytest.MonkeyPatch, every_s: float, spread_s: float
) -> None:
    monkeypatch.setattr(forward, "LONE_FROM", 1)
    without, left_out = tracked(every_s, spread_s)
    assert left_out > 150 * (8 if every_s <= 1.0 else 1)  # most false plots are
    monkeypatch.setattr(forward, "LONE_FROM", math.inf)
    whole, none = tracked(every_s, spread_s)
    assert none == 0
    assert without == whole
