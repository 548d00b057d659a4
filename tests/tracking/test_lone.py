"""Tracks of one plot that a scan cannot continue are left out of it: with them, the tracker does the same."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from tracking_scene import EVERYWHERE, RADAR, at, coasting, radar_scan

from tocsin.messages import Detections
from tocsin.tracking import Tracker, forward
from tocsin.tracking.watch_state import watch_bytes

PATHS = [coasting(12, start=start) for start in (coasting(40)[k] for k in range(0, 40, 2))]
SITES = {"radar": RADAR, "other": at(37.5, 41.0, 900.0), "third": at(35.5, 38.5, 700.0), "blind": at(37.0, 38.0, 300.0)}


def scans(every_s: float, spread_s: float, radars: int = 2, beside: int = 0) -> list[Detections]:
    """Radars in turn: twenty bodies on one way, and false plots from the ground to 1500 km all around.

    The fourth radar sees no body. ``beside``: further false plots a scan, within 45 km of a body in each axis.
    """
    rng, out = np.random.default_rng(3), []
    for number in range(12):
        t = number * every_s
        bodies = [path[round(t)][0] for path in PATHS if t < 12 and rng.random() < 0.9]
        false = [
            RADAR + rng.uniform(-8e5, 8e5) * east + rng.uniform(-8e5, 8e5) * north + rng.uniform(0.0, 7e5) * up
            for east, north, up in [axes_at(RADAR)] * 150
        ]
        false += [bodies[k % len(bodies)] + rng.uniform(-4.5e4, 4.5e4, 3) for k in range(beside)]
        sensor = list(SITES)[number % radars]
        scan = radar_scan(
            false if sensor == "blind" else [*bodies, *false],
            t,
            rng,
            site=SITES[sensor],
            sensor=sensor,
            number=number,
            swept=EVERYWHERE,
        )
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


def tracked(looks: list[Detections], suspect: str) -> tuple[list[list[bytes]], int]:
    """What the memory holds after each scan, and how many tracks were left out; ``suspect``: a radar that is."""
    tracker, out, left_out = Tracker(), [], 0
    split = tracker._forward._split_lone

    def counted(*given: object) -> tuple[np.ndarray, np.ndarray]:
        nonlocal left_out
        near, lone = split(*given)  # type: ignore[arg-type]
        left_out += lone.size
        return near, lone

    tracker._forward._split_lone = counted  # type: ignore[method-assign]
    memory = tracker.state
    if suspect:
        record = memory.watch.record(suspect, 3)
        record.trust, record.fault, record.ratio, record.bad_ns = "suspect", "noise", 400.0, looks[-1].end_ns
    for scan in looks:
        tracker.step(scan)
        alive = memory.alive()
        names = ("id", "status", "t_ns", "last_ns", "miss_count", "plot_count", "evidence", "mu", "support")
        out.append([getattr(memory, name)[alive].tobytes() for name in names])
        out[-1].append(watch_bytes(memory.watch))
    return out, left_out


def assert_leaving_out_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, looks: list[Detections], least: int, suspect: str = ""
) -> None:
    monkeypatch.setattr(forward, "LONE_FROM", 1)
    without, left_out = tracked(looks, suspect)
    assert left_out > least
    monkeypatch.setattr(forward, "LONE_FROM", math.inf)
    whole, none = tracked(looks, suspect)
    assert none == 0
    assert without == whole


@pytest.mark.parametrize(("every_s", "spread_s"), [(0.2, 0.0), (1.0, 0.0), (1.0, 0.4), (3.0, 0.0)])
def test_what_is_left_out_would_have_found_no_plot(
    monkeypatch: pytest.MonkeyPatch, every_s: float, spread_s: float
) -> None:
    least = 150 * (8 if every_s <= 1.0 else 1)  # most false plots are
    assert_leaving_out_changes_nothing(monkeypatch, scans(every_s, spread_s), least)


def test_sensors_are_judged_as_if_nothing_had_been_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sensor fed beside a track, a false plot as much as a body, is no sign yet that it disagrees about that."""
    assert_leaving_out_changes_nothing(monkeypatch, scans(1.0, 0.0, radars=4, beside=2), 150)


def test_a_suspect_radar_reaches_as_far_as_its_variances_were_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_leaving_out_changes_nothing(monkeypatch, scans(0.2, 0.0), 150, suspect="other")
