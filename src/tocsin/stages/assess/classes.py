"""What is it: Bayes over motion regimes, with the spread of the state taken into account.

Each feature of the motion gives soft memberships of regimes (a threshold widened by the feature's standard
deviation and by the softness of the boundary itself); a stated table says how often an object of each class,
while it is tracked, is met in each regime. Posterior ~ prior x sum over regimes of membership x P(regime | class).
The table and the priors are notional and replace no calibration study.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tocsin.messages import CLASSES

REGIMES: tuple[str, ...] = (
    "level_slow",  # below 25 km, below 350 m/s
    "level_fast",
    "lift_off",  # under thrust, rising, low and slow
    "low_slow",  # anything else low and slow: climb, descent, turn
    "thrust",  # under thrust, energy of a missile
    "thrust_strong",  # under thrust towards orbit
    "fall_low",  # unpowered, fast or come from above, below 25 km
    "suborbital",  # unpowered, perigee deep in the Earth
    "grazing",  # unpowered, perigee about the surface
    "orbital",  # unpowered, perigee above 90 km
    "hyperbolic",  # not bound to the Earth
)

# P(regime | class), rows as CLASSES, columns as REGIMES; each row sums to one
_TABLE = np.array(
    [
        # lvl_s   lvl_f   lift    low_s   thrust  strong  fall    subo    graz    orbi    hyper
        [0.0050, 0.0100, 0.0800, 0.0100, 0.3500, 0.0200, 0.1000, 0.4100, 0.0100, 0.0049, 0.0001],  # ballistic_missile
        [0.0020, 0.0020, 0.0800, 0.0060, 0.3500, 0.3000, 0.0100, 0.0500, 0.1000, 0.0990, 0.0010],  # space_launch
        [0.0005, 0.0005, 0.0005, 0.0005, 0.0010, 0.0050, 0.0005, 0.0002, 0.0200, 0.9703, 0.0010],  # orbital
        [0.8500, 0.0800, 0.0200, 0.0472, 0.0005, 0.0002, 0.0018, 0.0002, 0.0001, 0.0000, 0.0000],  # aircraft
        [0.0010, 0.0010, 0.0010, 0.0100, 0.0020, 0.0050, 0.2500, 0.0100, 0.3000, 0.0200, 0.4000],  # meteor_or_reentry
        [1 / 11] * 11,  # false
    ]
)
_FALSE = CLASSES.index("false")
_AIRCRAFT = CLASSES.index("aircraft")
_FALSE_PER_PLOT = 0.7  # how much likelier each further plot is from an object than from clutter
_REPORTS_POSITION = 0.2  # how much rarer than aircraft all else sends, or is sent as, position reports

# (threshold, softness of the boundary itself)
_LOW_M = (25_000.0, 3_000.0)
_SLOW_M_S = (350.0, 40.0)
_RISING_M_S = (30.0, 20.0)
_HIGH_ONCE_M = (35_000.0, 3_000.0)
_MISSILE_ENERGY_M2_S2 = (-3.7e7, 2.0e6)  # about 10 000 km of range; low orbit: -3.0e7
_GRAZING_PERIGEE_M = (-300_000.0, 150_000.0)
_ORBITAL_PERIGEE_M = (90_000.0, 20_000.0)
_UNBOUND_ENERGY_M2_S2 = (0.0, 5.0e6)


def above(mean: float, std: float, limit: tuple[float, float]) -> float:
    """Probability that a feature of this mean and std lies above a soft limit."""
    return 0.5 * math.erfc((limit[0] - mean) / (math.sqrt(2.0) * math.hypot(std, limit[1])))


def regime_weights(
    mean: npt.NDArray[np.float64],
    std: npt.NDArray[np.float64],
    mode_prob: tuple[float, float, float],
    height_max_m: float,
) -> tuple[float, ...]:
    """Membership of each of REGIMES, summing to one.

    ``mean`` and ``std`` are as ``features_with_spread`` gives them; ``height_max_m`` is a height the object
    surely had: what was once in space is no aircraft, however low and slow it has become.
    """
    energy, perigee, height, speed, up = mean.tolist()
    energy_std, perigee_std, height_std, speed_std, up_std = std.tolist()
    thrust, _, level = mode_prob
    low = 1.0 - above(height, height_std, _LOW_M)
    slow = 1.0 - above(speed, speed_std, _SLOW_M_S)
    rising = above(up, up_std, _RISING_M_S)
    fallen = above(height_max_m, 0.0, _HIGH_ONCE_M)  # from above
    strong = above(energy, energy_std, _MISSILE_ENERGY_M2_S2)
    orbital = above(perigee, perigee_std, _ORBITAL_PERIGEE_M)
    sunk = 1.0 - above(perigee, perigee_std, _GRAZING_PERIGEE_M)
    unbound = above(energy, energy_std, _UNBOUND_ENERGY_M2_S2)

    native_slow = low * slow * (1.0 - fallen)
    native_fast = low * (1.0 - slow) * (1.0 - fallen)
    lift = (1.0 - level) * thrust * rising
    high = 1.0 - low
    coast = (1.0 - thrust) * high
    bound = coast * (1.0 - unbound)
    return (
        native_slow * level,
        native_fast * level,
        native_slow * lift,
        native_slow * (1.0 - level - lift),
        native_fast * lift + high * thrust * (1.0 - strong),
        high * thrust * strong,
        native_fast * (1.0 - level - lift) + low * fallen,
        bound * sunk,
        bound * max(0.0, 1.0 - sunk - orbital),
        bound * min(orbital, 1.0 - sunk),
        coast * unbound,
    )


def class_probabilities(
    weights: tuple[float, ...], prior: tuple[float, ...], counts: tuple[int, int, int]
) -> tuple[float, ...]:
    """Posterior over CLASSES; ``counts`` are plots from radar, infrared and position reports.

    The class *false* loses weight with every plot that fits.
    """
    weight = np.array(weights)
    likelihood = (_TABLE @ weight).tolist()
    posterior = [max(p, 0.0) * like for p, like in zip(prior, likelihood, strict=True)]
    posterior[_FALSE] *= _FALSE_PER_PLOT ** min(sum(counts), 200)
    if counts[2] > 0:
        posterior = [p if i == _AIRCRAFT else _REPORTS_POSITION * p for i, p in enumerate(posterior)]
    total = sum(posterior)
    if total <= 0.0:
        return tuple(1.0 / len(CLASSES) for _ in CLASSES)
    return tuple(p / total for p in posterior)


def remembered(
    now: tuple[float, ...], before: tuple[float, ...], height_m: float, height_max_m: float
) -> tuple[float, ...]:
    """What comes down from space stays what it was up there: low down, re-entering bodies look alike."""
    if not before:
        return now
    low = 1.0 - above(height_m, 0.0, _LOW_M)
    keep = low * above(height_max_m, 0.0, _HIGH_ONCE_M)
    return tuple(keep * b + (1.0 - keep) * n for n, b in zip(now, before, strict=True))
