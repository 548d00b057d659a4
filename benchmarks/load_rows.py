"""Tier B1 of `promises.md` through the tracker: 2000 ballistic and 5000 level objects, six radars at 1 Hz, 60 s.

42 000 reports of objects and 48 000 false ones a second, told scan by scan with a tick a second. Generic numbers; the
air and the horizon are left out: what is measured is the tracker's time.
"""

from __future__ import annotations

import math
import resource
import time

import numpy as np

from benchmarks import stonesoup_scenes as scenes
from benchmarks.timing import row
from tocsin.kernels import advance, enu_axes
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.messages import Detections, SweptVolume, column
from tocsin.tracking import Tracker

BALLISTIC, LEVEL, RADARS, SECONDS, FALSE = 2000, 5000, 6, 60, 8000
LATE_S = 3.0  # of the one radar that is late
PATIENCE_S = 90.0  # of work on a row; what was reached by then is told
SITES = ((36.0, 40.0), (38.0, 39.0), (34.5, 41.5), (37.0, 44.0), (35.0, 37.5), (39.0, 42.5))
SWEPT = (0.0, 2.0 * math.pi, math.radians(-2.0), math.radians(75.0), 5e3, 2.0e6)  # azimuth, elevation, range


def _paths(rng: np.random.Generator) -> np.ndarray:
    """(seconds, objects, 3) ECEF m at whole seconds."""
    out = np.empty((SECONDS + 1, BALLISTIC + LEVEL, 3))
    for k in range(BALLISTIC):
        state = scenes.flight_drawn(rng)
        position, velocity = state[:3].copy(), state[3:].copy()
        for t in range(SECONDS + 1):
            out[t, k] = position
            position, velocity = advance(position, velocity, 0.0, scenes.CALM, 1.0, 1.0)
    for k in range(BALLISTIC, BALLISTIC + LEVEL):
        latitude_deg, longitude_deg = rng.uniform(30.0, 42.0), rng.uniform(32.0, 50.0)
        start = scenes.place(latitude_deg, longitude_deg, rng.uniform(8e3, 12e3))
        axes = enu_axes(math.radians(latitude_deg), math.radians(longitude_deg))
        course, speed = rng.uniform(0.0, 2.0 * math.pi), rng.uniform(180.0, 260.0)
        ahead = math.sin(course) * axes[0] + math.cos(course) * axes[1]
        radius = np.linalg.norm(start)
        angle = speed * np.arange(SECONDS + 1) / radius
        out[:, k] = np.cos(angle)[:, None] * start + radius * np.sin(angle)[:, None] * ahead
    return out


def _scan(
    truth: np.ndarray, radar: int, site: np.ndarray, number: int, time_s: float, rng: np.random.Generator
) -> Detections:
    seen = truth[rng.random(truth.shape[0]) < scenes.DETECTION_PROB]
    latitude_deg, longitude_deg = SITES[radar]
    axes = enu_axes(math.radians(latitude_deg), math.radians(longitude_deg))
    local = (seen - site) @ axes.T
    range_m = np.linalg.norm(local, axis=1)
    azimuth = np.arctan2(local[:, 0], local[:, 1]) % (2.0 * math.pi)
    rows = np.column_stack((range_m, azimuth, np.arcsin(local[:, 2] / range_m)))
    rows += rng.standard_normal(rows.shape) * (scenes.RANGE_STD_M, scenes.ANGLE_STD_RAD, scenes.ANGLE_STD_RAD)
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = SWEPT
    count = rng.poisson(FALSE)
    false = np.column_stack(
        (rng.uniform(near_m, far_m, count), rng.uniform(from_rad, to_rad, count), rng.uniform(low_rad, high_rad, count))
    )
    plots = np.concatenate((rows, false))
    end_ns = scenes.START_NS + round(time_s * 1e9)
    n = plots.shape[0]
    volume = (to_rad - from_rad) * (high_rad - low_rad) * (far_m - near_m)
    return Detections(
        time_ns=end_ns, arrival_ns=end_ns, sensor=f"radar {radar + 1}", kind="radar", sequence=number, start_ns=end_ns,
        end_ns=end_ns, platform_ecef_m=(float(site[0]), float(site[1]), float(site[2])),
        plot_time_ns=column(np.full(n, end_ns), "int64"), plot_index=column(np.arange(n), "int64"),
        range_m=column(plots[:, 0]), azimuth_rad=column(plots[:, 1]), elevation_rad=column(plots[:, 2]),
        range_std_m=column(np.full(n, scenes.RANGE_STD_M)), angle_std_rad=column(np.full(n, scenes.ANGLE_STD_RAD)),
        swept=SweptVolume(
            azimuth_from_rad=from_rad, azimuth_to_rad=to_rad, elevation_min_rad=low_rad, elevation_max_rad=high_rad,
            range_min_m=near_m, range_max_m=far_m, detection_prob=scenes.DETECTION_PROB,
            clutter_density=FALSE / volume,
        ),
    )  # fmt: skip


def _run(paths: np.ndarray, late_s: float, seconds: int) -> tuple[float, float, int, int, Tracker]:
    """Seconds of work, of work on the longest second of scenario, seconds of scenario reached, reports, the tracker."""
    rng = np.random.default_rng(5)
    sites = [scenes.place(*place, 500.0) for place in SITES]
    tracker, spent_s, longest_s, plots, waiting = Tracker(), 0.0, 0.0, 0, []
    for t in range(seconds):
        scans = []
        for radar in range(RADARS):
            ahead = radar / RADARS
            truth = (1.0 - ahead) * paths[t] + ahead * paths[t + 1]  # straight between seconds: at most 1 m aside
            scans.append(_scan(truth, radar, sites[radar], t, t + ahead, rng))
        if late_s > 0.0:
            waiting.append(scans.pop())
            if len(waiting) > late_s:
                scans.append(waiting.pop(0))
        plots += sum(scan.plot_time_ns.size for scan in scans)
        start = time.perf_counter()
        for scan in scans:
            tracker.step(scan)
        tracker.tick(scenes.START_NS + round((t + 0.95) * 1e9))
        last_s = time.perf_counter() - start
        spent_s, longest_s = spent_s + last_s, max(longest_s, last_s)
        if spent_s > PATIENCE_S:
            break
    return spent_s, longest_s, t + 1, plots, tracker


def rows(seconds: int = SECONDS) -> list[str]:
    paths = _paths(np.random.default_rng(4))
    out = []
    for late_s in (0.0, LATE_S):
        spent_s, longest_s, reached, plots, tracker = _run(paths, late_s, seconds)
        confirmed = int((tracker.state.status == CONFIRMED).sum())
        peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        what = f"one of them always {late_s:.0f} s late" if late_s else "all in order"
        out.append(
            row(
                f"tier B1 through the tracker: {BALLISTIC + LEVEL} objects, {RADARS} radars at 1 Hz, {what}",
                "none", "-",
                f"{reached / spent_s:.2f} x real time", "-",
                f"{reached} s of scenario, {plots / spent_s:.0f} reports/s, {confirmed} confirmed at the end; "
                f"{tracker.state.history.revision} re-runs, longest second {longest_s:.1f} s of work; "
                f"one core, peak {peak_gib:.1f} GiB of the process; bar 1 x on two cores",
            )
        )  # fmt: skip
    return out
