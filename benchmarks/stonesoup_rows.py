"""The whole tracker beside Stone Soup's on the same scans: accuracy (GOSPA, RMSE, missed, false, switches) and speed.

GOSPA is told of all confirmed tracks, and of those that each tracker, by its own covariances, finds worth telling at
the cut-off: a young track may cost more there, as missed and false, than silence. One rule for both.

Each scene is run twice: with one motion model on both sides, ballistic flight, where tocsin is told as Stone Soup is
that nothing burns (`high_burn_prob` 0); and as in use, where each track is also tried under thrust until that is ruled
out, which costs time and some metres.

Stone Soup is a benchmark-only dependency; its configuration stands in `stonesoup_peer`, the scenes in
`stonesoup_scenes`. Both trackers run scan by scan over each scene, Stone Soup once, for seconds, tocsin three times, of
which the median counts: in some ten milliseconds whatever else the machine does would be most of it. Building their
messages or Detection objects, and scoring, are left out of the time.
"""

from __future__ import annotations

import importlib
import math
import time
from typing import Any

import numpy as np

from benchmarks import filter_rows
from benchmarks import stonesoup_scenes as scenes
from benchmarks.timing import not_installed, row, time_of
from tocsin.policy import TrackPolicy
from tocsin.tracking import Tracker

LATENCY_NS = 200_000_000  # from the end of a scan to when it is there; a tick follows
REPEATS = 15
WARM_UP = scenes.Case(20, 2, 30, 100.0)  # loads every kernel that a scene may call
PATIENCE_S = 5.0  # a look that takes longer says enough
POLICIES = {"one motion model on both sides": TrackPolicy(high_burn_prob=0.0), "as in use, thrust tried": TrackPolicy()}


def own_run(scene: scenes.Scene, score: scenes.Score, policy: TrackPolicy | None = None) -> float:
    """Track a scene; returns seconds spent in the tracker."""
    tracker, spent_s = Tracker(policy), 0.0
    scans = [scenes.detections_of(look, scene.sites, scene.case.clutter, k) for k, look in enumerate(scene.looks)]
    score.restart(scene.case.objects)
    for k, scan in enumerate(scans):
        start = time.perf_counter()
        tracker.step(scan)
        if scene.looks[k].time_s.is_integer():
            tracker.tick(scan.end_ns + LATENCY_NS)
        spent_s += time.perf_counter() - start
        seen = tracker.confirmed(scan.end_ns)
        names = tracker.state.id[seen.slots].tolist()
        tracks = dict(zip(names, zip(seen.state, seen.cov6[:, :3, :3], strict=True), strict=True))
        score.add(scene.truth[k], tracks, look=k // scene.case.radars, is_late=_late(scene, k))
    return spent_s


def peer_run(scene: scenes.Scene, score: scenes.Score) -> float:
    from benchmarks import stonesoup_peer as peer

    models = peer.radars_of(scene)
    scans = [peer.detections_of(look, models) for look in scene.looks]
    policy = TrackPolicy()
    steps = iter(peer.tracker(scene, scans, policy.coast_noise, policy.velocity_std_m_s))
    spent_s = 0.0
    score.restart(scene.case.objects)
    for k in range(len(scans)):
        start = time.perf_counter()
        _, tracks = next(steps)
        spent_s += time.perf_counter() - start
        score.add(scene.truth[k], peer.tracks_ecef(tracks, scene), look=k // scene.case.radars, is_late=_late(scene, k))
    return spent_s


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}"


def _apart(own: dict[float, list[list[float]]], peer: dict[float, list[list[float]]]) -> str:
    """Mean difference of GOSPA, m, and its standard error over scenes, at each cut-off."""
    out = []
    for c in scenes.CUT_OFFS_M:
        each = scenes.means_of(own[c]) - scenes.means_of(peer[c])
        error = float(each.std(ddof=1)) / math.sqrt(each.size) if each.size > 1 else math.nan
        out.append(f"{each.mean():+.0f} +- {error:.0f}")
    return ", ".join(out)


def _late(scene: scenes.Scene, k: int) -> bool:
    return scene.looks[k].time_s >= 0.5 * scene.case.seconds


def scene_rows(cases: tuple[scenes.Case, ...] = scenes.CASES) -> list[str]:
    work = "whole tracker on shared scans"
    try:
        import stonesoup

        importlib.import_module("benchmarks.stonesoup_peer")
    except ImportError:
        return [not_installed(work, "Stone Soup, multi-target tracker", filter_rows.REMEDY)]
    own_run(scenes.scene(WARM_UP), scenes.Score())
    out = []
    for case in cases:
        scores: dict[str, Any] = {name: scenes.Score() for name in ("peer", *POLICIES)}
        spent = dict.fromkeys(scores, 0.0)
        plots = 0
        for seed in range(1, case.seeds + 1):
            scene = scenes.scene(case, seed)
            plots += sum(look.plots.shape[0] for look in scene.looks)
            spent["peer"] += peer_run(scene, scores["peer"])
            for name, policy in POLICIES.items():
                times = [own_run(scene, each, policy) for each in (scores[name], scenes.Score(), scenes.Score())]
                spent[name] += float(np.median(times))
        title = f"{_many(case.objects, 'object')}, {_many(case.radars, 'radar')}, {case.clutter:.0f} false a scan"
        peer = scores["peer"]
        for name in POLICIES:
            own = scores[name]
            out.append(
                row(
                    f"{work}: {title}, {case.seconds} s; {name}",
                    f"Stone Soup {stonesoup.__version__}, GNN by k-d tree, EKF",
                    f"{plots / spent['peer']:.0f} plots/s", f"{plots / spent[name]:.0f} plots/s",
                    f"{spent['peer'] / spent[name]:.1f}x",
                    f"Stone Soup: {peer.line()}. tocsin: {own.line()}. GOSPA of tocsin less that of Stone Soup at 1, "
                    f"5, 20 km: {_apart(own.gospa, peer.gospa)} m, of tracks that each finds worth telling there "
                    f"{_apart(own.told, peer.told)} m (standard errors over {case.seeds} seeds); truth without air; "
                    "bar 200x at 50 and 200 objects, GOSPA no worse, 90 % within 5 looks",
                )
            )  # fmt: skip
    return out


def growth_rows() -> list[str]:
    """tocsin alone: a look of 200 and of 2000 objects, the eighth, or the first to take longer than PATIENCE_S."""
    own_run(scenes.scene(WARM_UP), scenes.Score())
    seconds, looks = [], []
    for objects in (200, 2000):
        scene = scenes.scene(scenes.Case(objects, 1, 8, 0.5 * objects))
        scans = [scenes.detections_of(look, scene.sites, scene.case.clutter, k) for k, look in enumerate(scene.looks)]
        last = []
        for _ in range(REPEATS):
            tracker = Tracker()
            reached = 0
            for scan in scans:
                start = time.perf_counter()
                tracker.step(scan)
                last_s, reached = time.perf_counter() - start, reached + 1
                if last_s > PATIENCE_S:
                    break
            last.append(last_s)
        seconds.append(float(np.median(last)))
        looks.append(reached)
    few_s, many_s = seconds
    return [
        row(
            "whole tracker, one look: 2000 objects and 1000 false plots beside a tenth of both", "none", "-",
            f"{time_of(few_s)} and {time_of(many_s)}", f"{many_s / few_s:.0f} times as long",
            f"looks {looks[0]} and {looks[1]}, median of {REPEATS}; bar 12",
        )
    ]  # fmt: skip


def rows() -> list[str]:
    return filter_rows.rows() + growth_rows() + scene_rows()
