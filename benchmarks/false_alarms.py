"""How often false plots alone make a confirmed track: hours of an empty sky before one radar.

    python -m benchmarks.false_alarms [--hours 20] [--seed 1]

False plots are drawn evenly over the volume of the shared scenes (`stonesoup_scenes.SECTOR`), Poisson in number, at the
scenes' densities, a scan a second. Wald's test allows policy ``track.false_confirm_prob`` of a false start; the bar is
0.1 an hour. With none seen in h hours, the rate lies below 3 / h with 95 % confidence.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks import stonesoup_scenes as scenes
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.tracking import Tracker
from tocsin.units import NS_PER_S

CLUTTER = (10.0, 25.0, 50.0, 100.0)  # false plots a scan, as in `stonesoup_scenes.CASES`
SITE = scenes.place(36.0, 40.0, 500.0)


def false_tracks(clutter: float, hours: float, seed: int) -> tuple[int, int]:
    """(tracks confirmed, tracks begun) in so many hours."""
    rng, tracker, confirmed = np.random.default_rng([seed, int(clutter)]), Tracker(), set()
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = scenes.SECTOR
    for t in range(round(3600.0 * hours)):
        plots = rng.uniform((near_m, from_rad, low_rad), (far_m, to_rad, high_rad), (rng.poisson(clutter), 3))
        tracker.step(scenes.detections_of(scenes.Look(0, float(t), plots, 0), SITE[None], clutter, t))
        tracker.tick(scenes.START_NS + t * NS_PER_S + NS_PER_S // 5)
        state = tracker.state
        confirmed |= set(state.id[state.status == CONFIRMED].tolist())
        if t % 600 == 0:
            sys.stderr.write(f"\r{clutter:.0f} false plots a scan: {t / 3600.0:.1f} h, {len(confirmed)} confirmed ")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return len(confirmed), tracker.state.next_id - 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarms", description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=20.0, help="of each density of false plots (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for clutter in CLUTTER:
        confirmed, begun = false_tracks(clutter, chosen.hours, chosen.seed)
        line = f"{clutter:.0f} false plots a scan, {chosen.hours:g} h: {begun} tracks begun, {confirmed} confirmed"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
