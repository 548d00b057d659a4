"""Which of the pipeline's threats is which true one, or a spent stage, by where and when both start and come down."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from tocsin.messages import Assessment
from tocsin.scoring.errors import ground_distance_m
from tocsin.units import s_from_ns
from tocsin.world import ThreatTruth, WorldTruth

Place = tuple[float, float, float]

IMPACT_GATE_M = 150_000.0
IMPACT_GATE_S = 90.0
LAUNCH_GATE_M = 150_000.0
LAUNCH_GATE_S = 60.0
CUE_GATE_M = 400_000.0  # a cue with neither launch nor impact: near the launch, within the burn
CUE_GATE_S = 200.0


def match_threats(
    by_name: Mapping[str, Sequence[Assessment]], truth: WorldTruth
) -> tuple[dict[str, str], dict[str, str]]:
    """Name in the pipeline to name of the true threat, and to that of the spent stage, that it fits best.

    A stage is told by where and when it comes down alone. A name that fits nothing within its gates is in neither.
    """
    threats: dict[str, str] = {}
    stages: dict[str, str] = {}
    for name in sorted(by_name):
        falls = _falls_of(by_name[name])
        found = [(_misfit(by_name[name], falls, one), one.name, threats) for one in truth.threats]
        if falls is not None:
            for other in truth.others:
                if other.impact_ecef_m is not None and other.impact_ns is not None:
                    found.append((_apart(falls, other.impact_ecef_m, other.impact_ns), other.name, stages))
        near = [(misfit, owner, owners) for misfit, owner, owners in found if misfit is not None]
        if near:
            _, owner, owners = min(near, key=lambda each: each[:2])
            owners[name] = owner
    return threats, stages


def _falls_of(history: Sequence[Assessment]) -> list[tuple[Place, int]] | None:
    """Where and when each prediction of a coast says that it comes down; None: there are none."""
    return [
        (m.impact_ecef_m, m.impact_ns)
        for m in history
        if m.impact_ecef_m is not None and m.impact_ns is not None and not m.is_burning
    ] or None


def _apart(falls: Sequence[tuple[Place, int]], impact_ecef_m: Place, impact_ns: int) -> float | None:
    """The medians of how far and how long predictions are from an impact, in the gates."""
    distance_m = statistics.median(ground_distance_m(place, impact_ecef_m) for place, _ in falls)
    apart_s = statistics.median(abs(s_from_ns(fall_ns - impact_ns)) for _, fall_ns in falls)
    return _gated(distance_m / IMPACT_GATE_M, apart_s / IMPACT_GATE_S)


def _misfit(
    history: Sequence[Assessment], falls: Sequence[tuple[Place, int]] | None, truth: ThreatTruth
) -> float | None:
    """The median of the coast predictions if there are any, else the launch, else the first sight."""
    if falls is not None:
        return _apart(falls, truth.impact_ecef_m, truth.impact_ns)
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
