"""How fast the world makes scans: 1000 objects of mixed kinds, six sensors, 60 minutes of scenario, no pipeline.

    .venv/bin/python -m benchmarks.sky_load

Bar (speed of issue 3): 20 times real time on two cores, under 2 GiB. Scans are counted and let go, minute by minute, as
a live feed would take them.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DURATION_S = 3_600.0
STEP_S = 1
BAR_RATIO = 20.0
BAR_GIB = 2.0
COUNTS = {
    "airliner": 520, "fast_jet": 60, "drone": 80, "cruise_missile": 60, "satellite": 200, "sounding_rocket": 15,
    "space_launch": 5, "meteor": 20, "reentry": 20,
}  # fmt: skip
BOX_DEG = {"latitude_min_deg": 30.0, "latitude_max_deg": 45.0, "longitude_min_deg": 25.0, "longitude_max_deg": 55.0}
THREATS = 20


def document() -> dict[str, Any]:
    """The scenario: threats launched minute by minute, traffic over a box, two infrared, three radars, one receiver."""
    threats = [
        {
            "name": f"threat-{i}", "launch": {"latitude_deg": 33.5 + 0.1 * i, "longitude_deg": 47.5},
            "impact": {"latitude_deg": 36.0 + 0.1 * i, "longitude_deg": 36.0}, "launch_after_s": 30.0 + 150.0 * i,
        }
        for i in range(THREATS)
    ]  # fmt: skip
    return {
        "name": "sky-load",
        "title": "Sky load",
        "epoch": "2026-03-04T09:00:00Z",
        "duration_s": DURATION_S,
        "truth": {
            "threats": threats,
            "traffic": [{"kind": kind, "count": count, **BOX_DEG} for kind, count in COUNTS.items()],
            "fires": [{"name": "flare", "latitude_deg": 30.4, "longitude_deg": 47.5, "clear_prob": 0.7}],
        },
        "sensors": [
            {"name": "infrared", "like": "infrared-geostationary", "longitude_deg": 20.0},
            {"name": "infrared-high", "like": "infrared-heo"},
            {"name": "long-range", "like": "land-long-range-radar", **_at(37.9, 39.5), "height_m": 900.0},
            {"name": "search", "like": "land-search-radar", **_at(36.8, 36.5), "height_m": 300.0},
            {"name": "ship", "like": "ship-radar", **_at(35.7, 34.8), "course_deg": 45.0, "speed_m_s": 6.0},
            {"name": "receiver", "like": "position-receiver", **_at(38.0, 40.0), "height_m": 500.0},
        ],
    }  # fmt: skip


def _at(latitude_deg: float, longitude_deg: float) -> dict[str, float]:
    return {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg}


def load() -> tuple[float, float, int, int, int, float]:
    """Build s, generate s, objects, scans, reports, peak GiB of this process."""
    from tocsin.messages import Scan
    from tocsin.scenario import scenario_from
    from tocsin.units import NS_PER_S, ns_from_iso
    from tocsin.world import World

    table = document()
    for sensor in table["sensors"]:
        sensor["scan_period_s"] = 1.0  # more often than the classes: the load of the packaged scenarios
    scenario = scenario_from(table)
    epoch_ns = ns_from_iso(scenario.epoch)
    World(scenario, seed=2).generate(epoch_ns, epoch_ns + NS_PER_S)  # compiled kernels loaded
    start = time.perf_counter()
    world = World(scenario, seed=1)
    built = time.perf_counter()
    scans = reports = 0
    for second in range(0, round(DURATION_S), STEP_S):
        for message in world.generate(epoch_ns + second * NS_PER_S, epoch_ns + (second + STEP_S) * NS_PER_S):
            if isinstance(message, Scan):
                scans += 1
                reports += message.plot_count
    done = time.perf_counter()
    objects = len(world.truth.threats) + len(world.truth.others)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux: KiB
    return built - start, done - built, objects, scans, reports, peak_gib


def rows() -> list[str]:
    """One row of benchmarks/results.md, measured in a process of its own, for its memory to be its own."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.sky_load", "--figures"], capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip
    build_s, run_s, objects, scans, reports, peak_gib = (float(word) for word in made.stdout.split())
    figures = (
        f"{run_s:.1f} s, {DURATION_S / run_s:.0f} x real time; {scans:.0f} scans, {reports:.0f} reports; "
        f"peak {peak_gib:.2f} GiB; built in {build_s:.1f} s"
    )
    work = f"{objects:.0f} objects, six sensors, {DURATION_S / 60:.0f} min: scans only"
    return [f"| {work} | none | - | {figures} | - | one core; bar: {BAR_RATIO:.0f} x real time, {BAR_GIB:.0f} GiB |"]


if __name__ == "__main__":
    if "--figures" in sys.argv:
        sys.stdout.write(" ".join(str(value) for value in load()) + "\n")
    else:
        sys.stdout.write("\n".join(rows()) + "\n")
