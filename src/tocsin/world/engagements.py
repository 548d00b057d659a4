"""Outcome of simulated launches: drawn from the stated probability, kept in truth, seen only as a Report.

A shot kills with the site's stated single-shot probability p. With probability rho (``common_mode_correlation``)
all shots of one site at one threat share one outcome, otherwise each is its own: every pair of shots is then
correlated by exactly rho, and each alone still kills with p.
"""

from __future__ import annotations

import msgspec
import numpy as np

from tocsin.messages import Engagement, Report
from tocsin.messages.report import Outcome
from tocsin.scenario import Site, Truth
from tocsin.units import ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.draws import Draws
from tocsin.world.sensors.station import vec3
from tocsin.world.sky import Missile

BASKET_M = 5_000.0  # notional: the threat must be this close to the predicted intercept point
SEEN_STD_M = 300.0  # error of the place reported with a hit, each axis
SEEN_AFTER_S = (2.0, 5.0)  # a report leaves this long after the intercept


class Launched(msgspec.Struct, frozen=True, kw_only=True):
    """A launch under way."""

    message: Engagement
    intercept_ns: int
    point_m: tuple[float, float, float]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What truly became of one launch."""

    engagement: str
    site: str
    shots: int
    intercept_ns: int
    threat: str | None  # true threat that was in the basket; None: nothing was there
    miss_distance_m: float | None  # of the predicted intercept point from the nearest threat in flight
    is_hit: bool


def launched(message: Engagement) -> Launched | None:
    """The launch that a message announces, if it does."""
    if message.state != "launched" or message.intercept_ns is None or message.intercept_ecef_m is None:
        return None
    return Launched(message=message, intercept_ns=message.intercept_ns, point_m=message.intercept_ecef_m)


def nearest_in_flight(launch: Launched, missiles: list[Missile], epoch_ns: int) -> tuple[Missile | None, float | None]:
    """The threat in flight nearest to the predicted intercept point at that moment, and how far it is, m."""
    now_s = np.array((launch.intercept_ns - epoch_ns,)) / 1e9
    found: tuple[Missile | None, float | None] = (None, None)
    for missile in missiles:
        if missile.is_up(now_s)[0]:
            away_m = float(np.linalg.norm(missile.states(now_s)[0][0] - np.array(launch.point_m)))
            if found[1] is None or away_m < found[1]:
                found = missile, away_m
    return found


def is_killed(launch: Launched, threat: str, site: Site | None, draws: Draws) -> bool:
    """Whether any shot of a launch kills, by the site's stated probability and correlation."""
    message = launch.message
    kill_prob = message.kill_prob if site is None else site.kill_prob
    correlation = 0.0 if site is None else site.common_mode_correlation
    common = draws.generator(f"common mode {message.site} {threat}").random(2)
    if common[0] < correlation:
        return bool(common[1] < kill_prob)
    shots = draws.generator(f"shots {message.engagement}", message.revision).random(message.shots)
    return bool(np.any(shots < kill_prob))


def report(launch: Launched, is_hit: bool, place_m: Array | None, truth: Truth, draws: Draws) -> Report:
    """The intercept as the site saw it: sometimes not at all, sometimes wrongly."""
    message = launch.message
    rng = draws.generator(f"outcome {message.engagement}", message.revision)
    chance, delay = rng.random(2), rng.uniform(*SEEN_AFTER_S)
    error_m = SEEN_STD_M * rng.standard_normal(3)
    outcome: Outcome = "unknown"
    if chance[0] < truth.outcome_seen_prob:
        says_hit = is_hit != bool(chance[1] < truth.outcome_wrong_prob)
        outcome = "hit" if says_hit else "miss"
    place = np.array(launch.point_m) if place_m is None else place_m
    return Report(
        time_ns=launch.intercept_ns,
        arrival_ns=launch.intercept_ns + ns_from_s(delay),
        source=message.site,
        causes=(message.id,) if message.id else (),
        kind="intercept",
        reporter=message.site,
        subject=message.engagement,
        revision=message.revision,
        outcome=outcome,
        position_ecef_m=vec3(place + error_m) if outcome == "hit" else None,
        text=f"intercept seen as {outcome}",
    )
