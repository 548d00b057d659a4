"""How far each estimate of launch and impact was from the truth, as time went on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from tocsin.messages import Assessment, Message
from tocsin.scoring.errors import ground_distance_m, impact_nees
from tocsin.scoring.match import match_threats
from tocsin.units import s_from_ns
from tocsin.world import ThreatTruth, WorldTruth


class PointError(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment against its true threat. None: it said nothing of it."""

    threat: str
    name: str
    after_launch_s: float  # when it was said
    is_burning: bool
    launch_error_m: float | None = None
    launch_error_s: float | None = None  # estimated minus true
    impact_error_m: float | None = None  # of the flight without intercept
    impact_error_s: float | None = None
    impact_nees: float | None = None  # two degrees of freedom
    impact_std_m: float | None = None


def point_errors(messages: Sequence[Message], truth: WorldTruth) -> tuple[PointError, ...]:
    """Of every assessment, from CUE on, that belongs to a true threat, in order of threat and time."""
    by_name: dict[str, list[Assessment]] = {}
    for message in messages:
        if isinstance(message, Assessment) and message.rung != "NONE" and not message.is_lost:
            by_name.setdefault(message.threat, []).append(message)
    owners, _ = match_threats(by_name, truth)
    found: list[PointError] = []
    for threat in truth.threats:
        mine = [m for name, owner in owners.items() if owner == threat.name for m in by_name[name]]
        found += [_one(message, threat) for message in sorted(mine, key=lambda m: (m.arrival_ns, m.threat, m.revision))]
    return tuple(found)


def _one(message: Assessment, truth: ThreatTruth) -> PointError:
    launch, impact, spread = message.launch_ecef_m, message.impact_ecef_m, message.impact_covariance_en_m2
    return PointError(
        threat=truth.name,
        name=message.threat,
        after_launch_s=s_from_ns(message.arrival_ns - truth.launch_ns),
        is_burning=message.is_burning,
        launch_error_m=None if launch is None else ground_distance_m(launch, truth.launch_ecef_m),
        launch_error_s=None if message.launch_ns is None else s_from_ns(message.launch_ns - truth.launch_ns),
        impact_error_m=None if impact is None else ground_distance_m(impact, truth.impact_ecef_m),
        impact_error_s=None if message.impact_ns is None else s_from_ns(message.impact_ns - truth.impact_ns),
        impact_nees=impact_nees(message, truth.impact_ecef_m),
        impact_std_m=None if spread is None else math.sqrt(max(float(spread[0, 0] + spread[1, 1]), 0.0)),
    )
