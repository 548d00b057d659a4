"""From where: the launch point and time, by a generic boost, from the best early state.

Early in a boost the upward speed grows about as a power of the time since launch and the ground speed as a
higher one (vertical rise first, then pitch-over). The exponents and their spreads in ``AssessPolicy`` come from 224
runs of generic single-stage gravity turns (lift-off thrust-to-weight 1.5 to 2.6, burn 60 to 130 s, mass ratio
3 to 8, end angle 30 to 60 deg, with drag): rise 1.08 +- 0.07 at 10 km, 1.23 +- 0.13 at 20 km, 1.73 +- 0.22 at
60 km; lean 2.14 +- 0.24 at 10 km and 2.60 +- 0.30 at 60 km; the policy's spreads are wider. The states whose
estimate is about as sure as the surest are averaged: later ones are surer of themselves, less sure of the launch.
A flight seen only after burn-out is followed back without drag to a notional burn-out height.
"""

from __future__ import annotations

import numpy as np

from tocsin.kernels.assess_boost import launch_with_spread
from tocsin.kernels.geodesy import ecef_from_geodetic, geodetic_from_ecef
from tocsin.messages import Column, Vec3
from tocsin.policy import AssessPolicy
from tocsin.stages.assess.memory import Launch, TrackMemory
from tocsin.units import ns_from_s

_TIME_AS_LENGTH_M_S = 500.0  # one second of launch time counts as much as this many metres
_RISE_STD_PER_M = 3.0e-6  # the spread of the exponents grows with height
_USEFUL_RATIO = 4.0  # a score this much worse than the best adds nothing
_BOOST_HEIGHT_MAX_M = 80_000.0  # above, the power law says nothing


def launch_estimate(memory: TrackMemory, height_m: float, is_burning: bool, rules: AssessPolicy) -> Launch | None:
    """The launch as this one state tells it; None where it cannot say."""
    if is_burning and height_m > _BOOST_HEIGHT_MAX_M:
        return None
    base_m = height_m if is_burning else rules.burnout_height_m
    is_found, time_s, launch, spread = launch_with_spread(
        memory.position,
        memory.velocity,
        memory.covariance,
        -1.0 if is_burning else rules.burnout_height_m,
        rules.burnout_height_std_m,
        rules.rise_exponent + rules.rise_exponent_per_m * base_m,
        rules.rise_exponent_std + _RISE_STD_PER_M * base_m,
        rules.lean_exponent + rules.lean_exponent_per_m * base_m,
        rules.lean_exponent_std,
    )
    if not is_found or not np.isfinite(spread).all() or not np.isfinite(launch).all():
        return None
    score_m2 = float(spread[0, 0] + spread[1, 1] + _TIME_AS_LENGTH_M_S**2 * spread[2, 2])
    return Launch(
        t_ns=memory.t_ns - ns_from_s(time_s),
        std_s=float(spread[2, 2] ** 0.5),
        ecef_m=(float(launch[0]), float(launch[1]), float(launch[2])),
        covariance_en_m2=(float(spread[0, 0]), float(spread[0, 1]), float(spread[1, 1])),
        score_m2=score_m2,
        best_score_m2=score_m2,
        weight=1.0 / max(score_m2, 1.0) ** 2,
        from_boost=is_burning,
    )


def joined(old: Launch | None, new: Launch | None) -> Launch | None:
    """The estimate so far with one state's more; one from the boost itself replaces one from behind it.

    Weighted by the inverse square of the score. Picking the best single one instead would pick those whose upward
    speed came out too high by chance, and so a launch too late. The spread stays that of a single estimate: errors
    of successive states are far from independent, and that of the boost model is common to all.
    """
    if old is None or new is None:
        return old if new is None else new
    if old.from_boost != new.from_boost:
        return old if old.from_boost else new
    best_m2 = min(old.best_score_m2, new.score_m2)
    if new.score_m2 > _USEFUL_RATIO * best_m2:
        return old
    total = old.weight + new.weight
    share = new.weight / total

    def mean(a: float, b: float) -> float:
        return a + share * (b - a)

    x, y, z = (mean(a, b) for a, b in zip(old.ecef_m, new.ecef_m, strict=True))
    ee, en, nn = (mean(a, b) for a, b in zip(old.covariance_en_m2, new.covariance_en_m2, strict=True))
    latitude, longitude, _ = geodetic_from_ecef(x, y, z)
    return Launch(
        t_ns=old.t_ns + round(share * (new.t_ns - old.t_ns)),
        std_s=mean(old.std_s**2, new.std_s**2) ** 0.5,
        ecef_m=ecef_from_geodetic(latitude, longitude, 0.0),
        covariance_en_m2=(ee, en, nn),
        score_m2=mean(old.score_m2, new.score_m2),
        best_score_m2=best_m2,
        weight=total,
        from_boost=old.from_boost,
    )


def as_vec3(values: Column) -> Vec3:
    """Three floats of a column."""
    x, y, z = values.tolist()
    return (x, y, z)
