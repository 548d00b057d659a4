"""Five sensors watch one flight and one of them lies: truths and scans for the tests and figures of the sensor watch.

Cameras (infrared, airborne) watch a boost, radars a coast. A fault is in the sensor's data from ``from_s`` to ``to_s``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import msgspec
import numpy as np
from tracking_scene import (
    CALM,
    EVERYWHERE,
    Array,
    State,
    at,
    burning,
    burnout,
    infrared_scan,
    ns,
    radar_scan,
)

from tocsin.kernels import advance
from tocsin.kernels.track_observe import tangent_axes
from tocsin.messages import Detections, TrackUpdates, column
from tocsin.tracking import Tracker

CAMERAS = tuple(
    at(lat, lon, 12_000.0) for lat, lon in ((35.2, 46.1), (31.0, 45.2), (30.6, 50.4), (35.4, 50.2), (33.3, 44.0))
)
RADARS = tuple(
    at(lat, lon, 500.0) for lat, lon in ((36.0, 40.0), (34.2, 43.5), (31.5, 42.0), (36.2, 45.0), (33.0, 38.5))
)
FIRST_S = {"infrared": 15.0, "radar": 4.0}  # when the sensors begin to see
CAMERA_STD, RADAR_STD = 1e-4, (30.0, 1e-3)


@dataclasses.dataclass(frozen=True)
class Fault:
    """What one sensor adds to its data: to its clock, s; to range, m; a turn about the vertical, rad.

    ``noise_ratio``: its errors are so many times as large as it states, above 1. ``is_stuck``: it sends its plots of
    ``from_s`` again for ever, with new times.
    """

    sensor: int = 2
    clock_s: float = 0.0
    range_m: float = 0.0
    turn_rad: float = 0.0
    noise_ratio: float = 1.0
    is_stuck: bool = False
    from_s: float = -1.0
    to_s: float = math.inf


class Flight:
    """Truth at any second between 0 and the end, from states a tenth of a second apart."""

    def __init__(self, states: list[State], step_s: float) -> None:
        self.states, self.step_s = states, step_s

    def position(self, t_s: float) -> Array:
        return self.state(t_s)[0]

    def state(self, t_s: float) -> State:
        """Cubic Hermite between the nearest two: under a millimetre of error for steps of a tenth."""
        k = min(max(int(t_s / self.step_s), 0), len(self.states) - 2)
        (p0, v0), (p1, v1) = self.states[k], self.states[k + 1]
        h, s = self.step_s, t_s / self.step_s - k
        a, b = 3.0 * (p1 - p0) - h * (2.0 * v0 + v1), 2.0 * (p0 - p1) + h * (v0 + v1)
        return p0 + s * (h * v0 + s * (a + s * b)), v0 + s * (2.0 * a + 3.0 * s * b) / h


def coast_flight(seconds: int) -> Flight:
    """A coast of the generic cut-off, states a second apart."""
    states = [burnout()]
    for _ in range(seconds + 8):
        states.append(advance(*states[-1], 4000.0, CALM, 1.0, 1.0))
    return Flight(states, 1.0)


def boost_flight(seconds: int) -> Flight:
    """A boost that begins 10 km up, and is watched from 15 km, above cloud."""
    return Flight(burning(seconds + 8, 18.0), 1.0)


def scans(
    kind: str, flight: Flight, seconds: float, seed: int, fault: Fault | None = None, *, without: int = -1,
    period_s: float = 1.0, detection_prob: float = 0.9, delays_s: tuple[float, ...] = (0.0,), false_count: float = 0.0,
) -> list[tuple[float, Detections]]:  # fmt: skip
    """(true time, scan) in the order made; the noise of each sensor is its own, whatever the others do.

    ``delays_s``: so many bodies fly the same way, one after another; ``false_count``: mean of false plots about the
    first of them in each scan, uniform in a cube of 100 km.
    """
    out = []
    sites = CAMERAS if kind == "infrared" else RADARS
    first_s = FIRST_S[kind]
    for k, site in enumerate(sites):
        rng = np.random.default_rng([seed, k])
        phase = rng.random() * period_s
        held: Detections | None = None
        lies = fault is not None and fault.sensor == k
        for number in range(int((seconds - first_s - 1.0) / period_s)):
            t_s = first_s + phase + number * period_s
            seen = [
                flight.position(t_s - delay_s)
                for delay_s in delays_s
                if rng.random() < detection_prob and t_s - delay_s >= 0.0
            ]
            near_m = flight.position(t_s)
            seen += [near_m + rng.uniform(-5e4, 5e4, 3) for _ in range(rng.poisson(false_count))]
            if kind == "infrared":
                scan = infrared_scan(seen, t_s, rng, site=site, sensor=f"camera {k}", number=number, std=CAMERA_STD)
            else:
                scan = radar_scan(
                    seen, t_s, rng, sensor=f"radar {k}", site=site, number=number, std=RADAR_STD, swept=EVERYWHERE
                )
            if lies and fault is not None and fault.from_s <= t_s < fault.to_s:
                if fault.is_stuck and held is not None:
                    scan = _at_time_of(held, scan)
                elif seen:
                    held = scan
                scan = _with_fault(scan, fault, site)
            if k != without:
                out.append((t_s, scan))
    return sorted(out, key=lambda item: item[0])


def stepped(tracker: Tracker, scene: list[tuple[float, Detections]]) -> Iterator[tuple[float, list[TrackUpdates]]]:
    """All scans in the order made and a tick a second; (true time, updates) after each input."""
    next_tick_s = float(math.floor(scene[0][0]))
    for t_s, scan in scene:
        while t_s >= next_tick_s:
            yield next_tick_s, tracker.tick(ns(next_tick_s))
            next_tick_s += 1.0
        told = tracker.step(scan)
        yield t_s, [told] if told is not None else []
    yield next_tick_s, tracker.revise(ns(next_tick_s))


def run(tracker: Tracker, scene: list[tuple[float, Detections]]) -> Tracker:
    """The tracker after all of a scene."""
    for _ in stepped(tracker, scene):
        pass
    return tracker


def final_error_m(tracker: Tracker, flight: Flight, t_s: float) -> tuple[float, int]:
    """Distance from the truth of the nearest confirmed track at a second, and how many confirmed tracks there are."""
    seen = tracker.confirmed(ns(t_s))
    if not seen.slots.size:
        return math.inf, 0
    return float(np.linalg.norm(seen.state[:, :3] - flight.position(t_s), axis=1).min()), int(seen.slots.size)


def _with_fault(scan: Detections, fault: Fault, site: Array) -> Detections:
    changes: dict[str, object] = {}
    if fault.clock_s:
        late_ns = round(fault.clock_s * 1e9)
        changes |= {name: getattr(scan, name) + late_ns for name in ("time_ns", "start_ns", "end_ns")}
        changes["plot_time_ns"] = column(scan.plot_time_ns + late_ns, "int64")
    if fault.range_m and scan.range_m is not None:
        changes["range_m"] = column(scan.range_m + fault.range_m)
    if fault.noise_ratio > 1.0:
        changes |= _with_noise(scan, math.sqrt(fault.noise_ratio**2 - 1.0))
    if fault.turn_rad and scan.azimuth_rad is not None:
        changes["azimuth_rad"] = column(scan.azimuth_rad + fault.turn_rad)
    if fault.turn_rad and scan.line_of_sight_ecef is not None:
        up = site / np.linalg.norm(site)
        c, s = math.cos(fault.turn_rad), math.sin(fault.turn_rad)
        cross = np.array([[0.0, -up[2], up[1]], [up[2], 0.0, -up[0]], [-up[1], up[0], 0.0]])
        turn = c * np.eye(3) + s * cross + (1.0 - c) * np.outer(up, up)
        changes["line_of_sight_ecef"] = column(scan.line_of_sight_ecef @ turn.T)
    return msgspec.structs.replace(scan, **changes)


def _with_noise(scan: Detections, ratio: float) -> dict[str, object]:
    """So many times the stated errors, on top of those that are there."""
    rng = np.random.default_rng([scan.end_ns // 1_000, scan.sequence])
    n = scan.plot_count
    if scan.line_of_sight_ecef is not None:
        sights = [
            sight + ratio * CAMERA_STD * rng.standard_normal(2) @ tangent_axes(sight)
            for sight in scan.line_of_sight_ecef
        ]
        return {"line_of_sight_ecef": column(np.array([s / np.linalg.norm(s) for s in sights]).reshape(-1, 3))}
    return {
        name: column(getattr(scan, name) + ratio * std * rng.standard_normal(n))
        for name, std in (("range_m", RADAR_STD[0]), ("azimuth_rad", RADAR_STD[1]), ("elevation_rad", RADAR_STD[1]))
    }


def _at_time_of(held: Detections, scan: Detections) -> Detections:
    return msgspec.structs.replace(
        held, time_ns=scan.time_ns, start_ns=scan.start_ns, end_ns=scan.end_ns, sequence=scan.sequence,
        plot_time_ns=column([scan.end_ns] * held.plot_count, "int64"),
    )  # fmt: skip
