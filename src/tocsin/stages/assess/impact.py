"""To where and when: impact point with covariance, apogee and path, in coast and during boost.

Coast: sigma points of the track (position, velocity, ln ballistic coefficient) and of what the filter does not
know (air density, wind) fall to the ellipsoid; second-order moments (kernels/assess_sigma.py).
Boost: the impact point is a fan. What remains of the burn is uniform from nothing to the policy's longest
burn, at the thrust acceleration of the last seconds; five Gauss-Legendre nodes carry it, and their spread adds to
that of the state at the middle of the burn.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.flight import enu_offsets_m, place_offsets, surface_ecef_m
from tocsin.kernels.assess_boost import burn_on, thrust_acceleration
from tocsin.kernels.assess_sigma import fall_moments
from tocsin.kernels.fall import fall_to_ground, path_to_ground
from tocsin.kernels.motion import advance
from tocsin.policy import AssessPolicy
from tocsin.stages.assess.memory import TrackMemory
from tocsin.units import NS_PER_S, ns_from_s, s_from_ns

Array = npt.NDArray[np.float64]

PATH_SPACING_S = 10.0
DOWN, NO_IMPACT = 0, 1  # as in kernels/fall.py
_CALM = np.zeros(4)
_NODES = np.array([0.04691008, 0.23076534, 0.5, 0.76923466, 0.95308992])  # Gauss-Legendre on (0, 1), 5 points
_WEIGHTS = np.array([0.11846344, 0.23931434, 0.28444444, 0.23931434, 0.11846344])
_THRUST_DEFAULT_M_S2 = 25.0  # generic, until two states of the boost are known
_THRUST_RANGE_M_S2 = (8.0, 120.0)
_BURN_STEP_S = 2.0
_STD_MAX_M = 2_500_000.0  # a wider spread says nothing: no impact point is given


class Impact(msgspec.Struct):
    """Where it comes down; ``mean_ecef_m`` None where that cannot be said."""

    no_impact_prob: float
    mean_ecef_m: Array | None = None
    covariance_en_m2: Array | None = None
    t_ns: int = 0
    std_s: float = 0.0


class Path(msgspec.Struct):
    """The flight to come on the mean state, and its highest point."""

    t_ns: npt.NDArray[np.int64]
    position_ecef_m: Array
    velocity_ecef_m_s: Array
    apogee_ns: int | None  # None: already past
    apogee_height_m: float


def air_std(rules: AssessPolicy) -> Array:
    """(4,) one sigma of ``air`` as the kernels take it."""
    return np.array(
        [rules.density_ratio_std_20km, rules.density_ratio_std_80km, rules.wind_std_m_s, rules.wind_std_m_s]
    )


def coast_impact(memory: TrackMemory, rules: AssessPolicy) -> Impact:
    """Impact of an unpowered flight."""
    is_down, share, mean, spread, time_s = fall_moments(
        memory.position,
        memory.velocity,
        memory.covariance,
        memory.log_beta,
        memory.log_beta_std,
        air_std(rules),
        rules.fall_max_s,
    )
    return _checked(is_down, 1.0 - share, mean, spread, memory.t_ns, time_s)


def burn_left_s(memory: TrackMemory, rules: AssessPolicy) -> float:
    """The longest the burn may still last."""
    elapsed_s = 40.0 if memory.launch is None else s_from_ns(memory.t_ns - memory.launch.t_ns)
    return max(rules.burn_left_min_s, rules.burn_max_s - elapsed_s)


def thrust_m_s2(memory: TrackMemory) -> float:
    """Thrust acceleration over the last seconds, within what any generic vehicle has."""
    if memory.recent:
        before_ns, vx, vy, vz = memory.recent[0]
        between_s = s_from_ns(memory.t_ns - before_ns)
        if between_s >= 2.0:
            low, high = _THRUST_RANGE_M_S2
            value = thrust_acceleration(memory.position, memory.velocity, np.array([vx, vy, vz]), between_s)
            return min(max(float(value), low), high)
    return _THRUST_DEFAULT_M_S2


def boost_impact(memory: TrackMemory, rules: AssessPolicy) -> Impact:
    """Impact of a flight under thrust: a fan over what remains of the burn."""
    longest_s, thrust = burn_left_s(memory, rules), thrust_m_s2(memory)
    beta = float(np.exp(memory.log_beta))
    points, times, weights = [], [], []
    for node, weight in zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True):
        p, v = burn_on(memory.position, memory.velocity, thrust, node * longest_s, _BURN_STEP_S)
        status, point, _, time_s, _, _ = fall_to_ground(p, v, beta, _CALM, rules.fall_max_s)
        if status != NO_IMPACT:
            points.append(point)
            times.append(time_s + node * longest_s)
            weights.append(weight)
    missed = 1.0 - sum(weights)
    if not points:
        return Impact(no_impact_prob=1.0)

    middle_s = 0.5 * longest_s
    p, v = burn_on(memory.position, memory.velocity, thrust, middle_s, _BURN_STEP_S)
    carry = np.eye(6)
    carry[:3, 3:] = middle_s * np.eye(3)
    covariance = carry @ memory.covariance @ carry.T
    is_down, _, centre, within, _ = fall_moments(
        p, v, covariance, memory.log_beta, memory.log_beta_std, air_std(rules), rules.fall_max_s
    )
    if not is_down:
        return Impact(no_impact_prob=min(1.0, max(missed, 0.5)))
    local = np.column_stack([enu_offsets_m(np.array(points), centre), np.array(times)])
    share = np.array(weights) / sum(weights)
    mean = share @ local
    offset = local - mean
    spread = within + offset.T @ (share[:, None] * offset)
    centre = surface_ecef_m(place_offsets(mean[:2], centre))[0]
    return _checked(True, missed, centre, spread, memory.t_ns, float(mean[2]))


def path_ahead(memory: TrackMemory, now_ns: int, is_burning: bool, rules: AssessPolicy) -> Path | None:
    """The flight on the mean state from now (or the state's time, if later) to the ground; None: does not come down."""
    beta = float(np.exp(memory.log_beta))
    start_ns, p, v = memory.t_ns, memory.position, memory.velocity
    times: list[Array] = []
    positions: list[Array] = []
    velocities: list[Array] = []
    if is_burning:
        left_s, thrust, gone_s = 0.5 * burn_left_s(memory, rules), thrust_m_s2(memory), 0.0
        while gone_s < left_s:
            times.append(np.array([gone_s]))
            positions.append(p[None, :])
            velocities.append(v[None, :])
            step_s = min(PATH_SPACING_S, left_s - gone_s)
            p, v = burn_on(p, v, thrust, step_s, _BURN_STEP_S)
            gone_s += step_s
        offset_s = left_s
    else:
        offset_s = max(0.0, s_from_ns(now_ns - start_ns))
        if offset_s > 0.0:
            p, v = advance(p, v, beta, _CALM, offset_s, 1.0)
    status, _, _, _, apogee_m, apogee_s = fall_to_ground(p, v, beta, _CALM, rules.fall_max_s)
    if status != DOWN:
        return None
    _, t, q, w = path_to_ground(p, v, beta, _CALM, PATH_SPACING_S, rules.fall_max_s)
    seconds = np.concatenate([*times, t + offset_s])
    return Path(
        t_ns=start_ns + np.round(seconds * NS_PER_S).astype(np.int64),
        position_ecef_m=np.concatenate([*positions, q]),
        velocity_ecef_m_s=np.concatenate([*velocities, w]),
        apogee_ns=start_ns + ns_from_s(offset_s + apogee_s) if apogee_s > 0.0 else None,
        apogee_height_m=float(apogee_m),
    )


def _checked(is_down: bool, missed: float, mean: Array, spread: Array, t_ns: int, time_s: float) -> Impact:
    impact = Impact(no_impact_prob=min(1.0, max(0.0, missed)))
    finite = np.isfinite(spread).all() and np.isfinite(mean).all()
    if not is_down or not finite or spread[0, 0] + spread[1, 1] > _STD_MAX_M**2:
        return impact
    impact.mean_ecef_m = mean
    impact.covariance_en_m2 = 0.5 * (spread[:2, :2] + spread[:2, :2].T)
    impact.t_ns = t_ns + ns_from_s(time_s)
    impact.std_s = float(max(spread[2, 2], 0.0) ** 0.5)
    return impact
