"""Sensors that lie: how soon they are found, what is left of the track, and how often an honest one is accused.

    python -m benchmarks.sensor_faults [--runs 100] [--healthy 200] [--only NAME]

Five cameras watch a boost, five radars a coast (the scenes of the tests, ``tests/tracking/fault_scene.py``); one of the
five lies. Each row: runs in which it was ignored; seconds from its first lie to that; the root mean square error of the
track at the end over that of the same runs without that sensor (bar: 1.1); honest sensors accused. Then honest
sensors alone: one body, a salvo whose bodies fly the same way 3 s apart, and one body among false plots.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "tracking"))

from fault_scene import (
    FIRST_S,
    Fault,
    Flight,
    boost_flight,
    coast_flight,
    final_error_m,
    scans,
    stepped,
)

from tocsin.tracking import Tracker

SECONDS = {"infrared": 85, "radar": 120}
LIAR = 2
FAULTS = {
    "clock 3 s ahead": Fault(LIAR, clock_s=3.0),
    "clock 3 s behind": Fault(LIAR, clock_s=-3.0),
    "clock 3 s behind, from half way": Fault(LIAR, clock_s=-3.0, from_s=45.0),
    "clock 1 s ahead": Fault(LIAR, clock_s=1.0),
    "clock 1 s behind": Fault(LIAR, clock_s=-1.0),
    "clock 0.5 s ahead": Fault(LIAR, clock_s=0.5),
    "clock 0.5 s behind": Fault(LIAR, clock_s=-0.5),
    "range 1500 m too long (50 sigma)": Fault(LIAR, range_m=1_500.0),
    "turned by 0.05 rad": Fault(LIAR, turn_rad=0.05),
    "errors 3 times as large as stated": Fault(LIAR, noise_ratio=3.0),
    "an old scan again and again": Fault(LIAR, is_stuck=True, from_s=45.0),
}
HEALTHY: dict[str, dict[str, Any]] = {
    "one body": {},
    "salvo, 4 bodies 3 s apart": {"delays_s": (0.0, 3.0, 6.0, 9.0)},
    "one body, 5 false plots a scan": {"false_count": 5.0},
}


@dataclasses.dataclass
class Result:
    """What one run came to."""

    found_s: float  # from the first lie until the liar was ignored; inf: never
    fault: str
    clock_s: float
    error_m: float
    tracks: int  # confirmed at the end
    suspects: int  # honest sensors suspected at any time ...
    ignored: int  # ... and ignored


def play(kind: str, flight: Flight, seed: int, fault: Fault | None, without: int = -1, **scene: Any) -> Result:
    """One run, the trust in each sensor read after each input."""
    tracker, made = Tracker(), scans(kind, flight, SECONDS[kind], seed, fault, without=without, **scene)
    liar = f"{'camera' if kind == 'infrared' else 'radar'} {LIAR}" if fault is not None else ""
    found_s, what, clock_s, worst = math.inf, "", 0.0, dict[str, int]()
    for t_s, _ in stepped(tracker, made):
        for name, record in tracker.state.watch.sensors.items():
            if name != liar:
                worst[name] = max(worst.get(name, 0), ("trusted", "suspect", "ignored").index(record.trust))
            elif record.trust == "ignored" and math.isinf(found_s):
                first_s = max(FIRST_S[kind], fault.from_s if fault is not None else 0.0)
                found_s, what, clock_s = t_s - first_s, record.fault, record.clock_error[0]
    error_m, tracks = final_error_m(tracker, flight, SECONDS[kind] - 1.0)
    marks = list(worst.values())
    return Result(found_s, what, clock_s, error_m, tracks, sum(m > 0 for m in marks), sum(m > 1 for m in marks))


def fault_rows(kind: str, flight: Flight, runs: int, only: str | None) -> None:
    """A line for each fault that a sensor of this kind can have."""
    alone = [play(kind, flight, seed, None, without=LIAR).error_m for seed in range(runs)]
    for name, fault in FAULTS.items():
        if (only and only not in name) or (fault.range_m and kind != "radar"):
            continue
        results = [play(kind, flight, seed, fault) for seed in range(runs)]
        found = [r.found_s for r in results if math.isfinite(r.found_s)]
        times = f"{np.median(found):.1f} / {np.quantile(found, 0.95):.1f} / {max(found):.1f}" if found else "-"
        ratio = _rms([r.error_m for r in results]) / _rms(alone)
        causes = ", ".join(f"{cause} {count}" for cause, count in Counter(r.fault for r in results if r.fault).items())
        clock = [r.clock_s for r in results if r.fault == "clock"]
        said = f"{np.mean(clock):+.2f} +- {np.std(clock):.2f}" if clock and fault.clock_s else ""
        in_30 = sum(f <= 30.0 for f in found)
        _line(
            f"| {kind}: {name} | {len(found)} of {runs} | {in_30} | {times} | {causes} | {said} | {ratio:.3f} | "
            f"{sum(r.suspects for r in results)} / {sum(r.ignored for r in results)} | "
            f"{sum(r.tracks > 1 for r in results)} |"
        )


def healthy_rows(kind: str, flight: Flight, runs: int, only: str | None) -> None:
    """A line for each scene of honest sensors."""
    for name, scene in HEALTHY.items():
        if only and only not in name:
            continue
        count = runs if not scene else max(runs // 4, 1)
        results = [play(kind, flight, seed, None, **scene) for seed in range(1_000, 1_000 + count)]
        hours = count * 5 * (SECONDS[kind] - FIRST_S[kind]) / 3_600.0
        suspects, ignored = sum(r.suspects for r in results), sum(r.ignored for r in results)
        # 95 % bounds of a Poisson rate: exact for none, and for k by the square-root transformation
        most = 3.0 / hours if not suspects else (math.sqrt(suspects) + 0.98) ** 2 / hours
        _line(f"| {kind}: {name} | {count} | {hours:.1f} | {suspects} | {ignored} | {most:.2g} |")


def _rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sensor_faults", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--healthy", type=int, default=200)
    parser.add_argument("--kind", choices=sorted(SECONDS))
    parser.add_argument("--only", help="rows whose name holds this")
    chosen = parser.parse_args(arguments)
    flights = {"infrared": boost_flight(SECONDS["infrared"]), "radar": coast_flight(SECONDS["radar"])}
    kinds = [kind for kind in flights if chosen.kind in (None, kind)]
    _line("| fault | found | in 30 s | after, s: median / 95 % / longest | as | clock error told, s | error ratio | "
          "honest suspected / ignored | runs with a second track at the end |")  # fmt: skip
    _line("|---|---|---|---|---|---|---|---|---|")
    for kind in kinds:
        if chosen.runs:
            fault_rows(kind, flights[kind], chosen.runs, chosen.only)
    _line("")
    _line("| honest sensors | runs | sensor hours | suspected | ignored | suspected an hour, at most (95 %) |")
    _line("|---|---|---|---|---|---|")
    for kind in kinds:
        if chosen.healthy:
            healthy_rows(kind, flights[kind], chosen.healthy, chosen.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
