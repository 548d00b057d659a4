"""Threats: what was judged of each object, last word and history."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.messages import Assessment, Engagement, Message, Rung
from tocsin.views.pick import moment_ns, of_kind

RUNGS: tuple[Rung, ...] = ("NONE", "REFUTED", "CUE", "PROBABLE", "CONFIRMED")
"""Lowest to highest, so that the highest rung a threat ever reached can be told."""

GOOD_SPREAD_RATIO = 1.5  # an estimate is good when its sigma is within this of the best one had


class ImpactSpread(msgspec.Struct, frozen=True, kw_only=True):
    """Size of the predicted impact ellipse at one moment."""

    time_ns: int
    semi_major_90_m: float
    semi_minor_90_m: float
    impact_std_s: float | None


class ThreatView(msgspec.Struct, frozen=True, kw_only=True):
    """One object under judgement; ``last`` is the latest word, the others the last that were good."""

    threat: str
    track: int
    tracks: tuple[int, ...]
    parent: str  # what it came off, as last told; empty: a launch of its own, as far as is known
    first: Assessment
    last: Assessment
    launch: Assessment | None  # last good launch estimate
    impact: Assessment | None  # last good impact prediction, before a hit was reported
    highest_rung: Rung
    rung_ns: dict[str, int]  # first moment on each rung
    rung_reason: dict[str, str]  # and why it came to stand there, in words
    was_degraded: bool
    spread: tuple[ImpactSpread, ...]

    @property
    def is_threat(self) -> bool:
        """It stood on a rung of the ladder at some time."""
        return self.highest_rung != "NONE"

    @property
    def was_alarming(self) -> bool:
        """It reached PROBABLE, or stands at CUE still; a cue that was refuted before anyone was told is not."""
        return self.was_probable or self.last.rung in ("CUE", "PROBABLE", "CONFIRMED")

    @property
    def was_probable(self) -> bool:
        return "PROBABLE" in self.rung_ns or "CONFIRMED" in self.rung_ns


def threats(messages: Sequence[Message]) -> tuple[ThreatView, ...]:
    """Every object ever assessed, those that reached PROBABLE first come first, then by first assessment."""
    by_threat: dict[str, list[Assessment]] = {}
    for assessment in of_kind(messages, Assessment):
        by_threat.setdefault(assessment.threat, []).append(assessment)
    hit_ns: dict[str, int] = {}
    for engagement in of_kind(messages, Engagement):
        if engagement.state == "hit":
            hit_ns.setdefault(engagement.threat, engagement.intercept_ns or moment_ns(engagement))
    views = [_view(name, told, hit_ns.get(name)) for name, told in by_threat.items()]
    far = 1 << 62

    def order(view: ThreatView) -> tuple[int, int, str]:
        reached = min(view.rung_ns.get("PROBABLE", far), view.rung_ns.get("CONFIRMED", far))
        return reached, moment_ns(view.first), view.threat

    return tuple(sorted(views, key=order))


def launches_count(judged: Sequence[ThreatView]) -> int:
    """How many launches are behind all that ever stood on the ladder: what came off another such is of its launch."""
    parents = {view.threat: view.parent for view in judged}
    on_ladder = {view.threat for view in judged if view.is_threat}
    return sum(not _has_above(name, parents, on_ladder) for name in on_ladder)


def _has_above(name: str, parents: dict[str, str], wanted: set[str]) -> bool:
    """Whether anything above this one, however far, is one of those wanted."""
    seen = {name}
    while (name := parents.get(name, "")) and name not in seen:
        if name in wanted:
            return True
        seen.add(name)
    return False


def _view(name: str, told: list[Assessment], hit_ns: int | None) -> ThreatView:
    rung_ns: dict[str, int] = {}
    rung_reason: dict[str, str] = {}
    for assessment in told:
        rung_ns.setdefault(assessment.rung, moment_ns(assessment))
        rung_reason.setdefault(assessment.rung, assessment.reason)
    # After a hit the track follows fragments: what it says of launch and impact is no longer about the threat.
    sound = [a for a in told if hit_ns is None or a.t_ns <= hit_ns] or told
    launch = _last_good(
        [a for a in sound if a.launch_ns is not None], [a.launch_std_s for a in sound if a.launch_ns is not None]
    )
    falling = [a for a in sound if a.impact_ns is not None]
    settled = [a for a in falling if not a.is_burning] or falling
    word = next((a for a in reversed(sound) if not a.is_lost), sound[-1])
    if word.impact_ns is None and (word.rung == "REFUTED" or word.best_class != "ballistic_missile"):
        settled = []  # what was foreseen of it earlier has been taken back
    return ThreatView(
        threat=name,
        track=told[-1].track,
        tracks=tuple(dict.fromkeys(a.track for a in told)),
        parent=told[-1].parent,
        first=told[0],
        last=told[-1],
        launch=launch,
        impact=settled[-1] if settled else None,
        highest_rung=max((a.rung for a in told), key=RUNGS.index),
        rung_ns=rung_ns,
        rung_reason=rung_reason,
        was_degraded=any(a.is_degraded for a in told),
        spread=tuple(_spread(a) for a in sound if a.impact_covariance_en_m2 is not None),
    )


def _last_good(candidates: list[Assessment], stds: list[float | None]) -> Assessment | None:
    """The last estimate whose sigma is near the best; the very last where no sigma was ever given."""
    if not candidates:
        return None
    known = [std for std in stds if std is not None]
    if not known:
        return candidates[-1]
    limit = GOOD_SPREAD_RATIO * min(known)
    return next(
        a for a, std in zip(reversed(candidates), reversed(stds), strict=True) if std is not None and std <= limit
    )


def _spread(assessment: Assessment) -> ImpactSpread:
    covariance = assessment.impact_covariance_en_m2
    assert covariance is not None  # narrowed by the caller's filter
    half_trace = 0.5 * float(covariance[0, 0] + covariance[1, 1])
    radius = math.hypot(0.5 * float(covariance[0, 0] - covariance[1, 1]), float(covariance[0, 1]))
    scale = 2.0 * math.log(10.0)  # chi-square, 2 degrees of freedom: 90 % inside sqrt(2 ln 10) sigma
    return ImpactSpread(
        time_ns=moment_ns(assessment),
        semi_major_90_m=math.sqrt(max(0.0, scale * (half_trace + radius))),
        semi_minor_90_m=math.sqrt(max(0.0, scale * (half_trace - radius))),
        impact_std_s=assessment.impact_std_s,
    )


def region_area_m2(region_deg: np.ndarray | None) -> float | None:
    """Area of a closed (k, 2) lat, lon polygon, flat about its middle: good to 1 % below 300 km across."""
    if region_deg is None or len(region_deg) < 4:
        return None
    lat, lon = np.radians(region_deg[:, 0]), np.radians(region_deg[:, 1])
    lon = np.unwrap(lon)
    x, y = lon * math.cos(float(lat.mean())), lat
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) * 0.5 * MEAN_EARTH_RADIUS_M**2
