"""Which of the pipeline's threats is which true one, judged by where and when both start and come down."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from tocsin.messages import Assessment
from tocsin.scoring.errors import ground_distance_m
from tocsin.units import s_from_ns
from tocsin.world import ThreatTruth

IMPACT_GATE_M = 150_000.0
IMPACT_GATE_S = 90.0
LAUNCH_GATE_M = 150_000.0
LAUNCH_GATE_S = 60.0
CUE_GATE_M = 400_000.0  # a cue with neither launch nor impact: near the launch, within the burn
CUE_GATE_S = 200.0


def match_threats(by_name: Mapping[str, Sequence[Assessment]], truths: Sequence[ThreatTruth]) -> dict[str, str]:
    """Name in the pipeline to name of the true threat; a name with no true threat in its gates is left out."""
    owners: dict[str, str] = {}
    for name in sorted(by_name):
        found: list[tuple[float, str]] = []
        for truth in truths:
            misfit = _misfit(by_name[name], truth)
            if misfit is not None:
                found.append((misfit, truth.name))
        if found:
            owners[name] = min(found)[1]
    return owners


def _misfit(history: Sequence[Assessment], truth: ThreatTruth) -> float | None:
    """The median of the coast predictions if there are any, else the launch, else the first sight."""
    falls = [
        (ground_distance_m(m.impact_ecef_m, truth.impact_ecef_m), abs(s_from_ns(m.impact_ns - truth.impact_ns)))
        for m in history
        if m.impact_ecef_m is not None and m.impact_ns is not None and not m.is_burning
    ]
    if falls:
        distance_m = statistics.median(fall[0] for fall in falls)
        apart_s = statistics.median(fall[1] for fall in falls)
        return _gated(distance_m / IMPACT_GATE_M, apart_s / IMPACT_GATE_S)
    launches = [m for m in history if m.launch_ecef_m is not None and m.launch_ns is not None]
    if launches and launches[-1].launch_ecef_m is not None and launches[-1].launch_ns is not None:
        distance_m = ground_distance_m(launches[-1].launch_ecef_m, truth.launch_ecef_m)
        apart_s = abs(s_from_ns(launches[-1].launch_ns - truth.launch_ns))
        return _gated(distance_m / LAUNCH_GATE_M, apart_s / LAUNCH_GATE_S)
    first = history[0]
    apart_s = abs(s_from_ns(first.t_ns - truth.launch_ns))
    return _gated(math.dist(first.position_ecef_m, truth.launch_ecef_m) / CUE_GATE_M, apart_s / CUE_GATE_S)


def _gated(distance_ratio: float, time_ratio: float) -> float | None:
    if distance_ratio > 1.0 or time_ratio > 1.0:
        return None
    return math.hypot(distance_ratio, time_ratio)
