"""To where and when: impact point with covariance, apogee and path, in coast and during boost.

Coast: sigma points of the track (position, velocity, ln ballistic coefficient) and of what the filter does not
know (air density, wind) fall to the ellipsoid; second-order moments (kernels/assess_sigma.py).
Boost: the impact point is a fan. What remains of the burn is uniform from nothing to the policy's longest
burn (or the least mass left), with the thrust of the last seconds growing as the mass is burnt; five Gauss-Legendre
nodes carry it, and their spread adds to that of the state at the middle of the burn.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.flight import enu_offsets_m, place_offsets, surface_ecef_m
from tocsin.kernels.assess_boost import burn_on, burn_with_spread, thrust_acceleration
from tocsin.kernels.assess_sigma import fall_moments
from tocsin.kernels.fall import NO_IMPACT, fall_to_ground, path_to_ground
from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.kernels.motion import advance
from tocsin.policy import AssessPolicy
from tocsin.stages.assess.memory import Foreseen, TrackMemory
from tocsin.units import NS_PER_S, ns_from_s, s_from_ns

Array = npt.NDArray[np.float64]

PATH_SPACING_S = 10.0
_CALM = np.zeros(4)
_NODES = np.array([0.04691008, 0.23076534, 0.5, 0.76923466, 0.95308992])  # Gauss-Legendre on (0, 1), 5 points
_WEIGHTS = np.array([0.11846344, 0.23931434, 0.28444444, 0.23931434, 0.11846344])
_UNKNOWN_AGE_S = 45.0  # since launch
_THRUST_RANGE_M_S2 = (8.0, 120.0)
_BURN_STEP_S = 2.0
_FULL_EVERY_S = 4.0  # a full prediction at least this often ...
_FULL_CHANGE = 0.1  # ... and when a variance of the track has changed by this share
_TURN = 2.0 * math.pi / 36
_WIDEN = math.sqrt(_TURN / math.sin(_TURN))  # the polygon's area is the ellipse's
_CIRCLE = _WIDEN * np.array([[math.cos(_TURN * (i % 36)), math.sin(_TURN * (i % 36))] for i in range(37)])
_STD_MAX_M = 2_500_000.0  # a wider spread says nothing: no impact point is given


class Impact(msgspec.Struct):
    """Where it comes down; ``mean_ecef_m`` None where that cannot be said."""

    no_impact_prob: float
    mean_ecef_m: Array | None = None
    covariance_en_m2: Array | None = None
    t_ns: int = 0
    std_s: float = 0.0


class Path(msgspec.Struct):
    """The flight to come on the mean state, down to the ground."""

    t_ns: npt.NDArray[np.int64]
    position_ecef_m: Array
    velocity_ecef_m_s: Array


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


def since_launch_s(memory: TrackMemory) -> float:
    """Seconds since the estimated launch; early in what infrared sees where there is no estimate yet."""
    return _UNKNOWN_AGE_S if memory.launch is None else s_from_ns(memory.t_ns - memory.launch.t_ns)


def burn_left_s(memory: TrackMemory, thrust: float, rules: AssessPolicy) -> float:
    """The longest the burn may still last: to the longest burn there is, or to the least mass left."""
    lightest_s = rules.burnt_share_max * rules.exhaust_m_s / thrust
    return min(lightest_s, max(rules.burn_left_min_s, rules.burn_max_s - since_launch_s(memory)))


def thrust_m_s2(memory: TrackMemory, rules: AssessPolicy) -> tuple[float, float]:
    """Specific thrust now and its spread: a generic vehicle of this age, and the last seconds, each by its variance."""
    age_s = min(max(0.0, since_launch_s(memory)), 0.8 * rules.exhaust_m_s / rules.lift_off_thrust_m_s2)
    mean = _grown(rules.lift_off_thrust_m_s2, age_s, rules)
    variance = (rules.thrust_ratio_std * mean) ** 2
    if memory.recent:
        before_ns, vx, vy, vz = memory.recent[0]
        between_s = s_from_ns(memory.t_ns - before_ns)
        if between_s >= 2.0:
            seen = thrust_acceleration(memory.position, memory.velocity, np.array([vx, vy, vz]), between_s)
            seen_variance = 2.0 * float(np.trace(memory.covariance[3:, 3:])) / 3.0 / between_s**2
            share = variance / (variance + seen_variance)
            mean += share * (float(seen) - mean)
            variance *= 1.0 - share
            low, high = _THRUST_RANGE_M_S2
            mean = _grown(min(max(mean, low), high), 0.5 * between_s * share, rules)
    return mean, variance**0.5


def _grown(thrust: float, after_s: float, rules: AssessPolicy) -> float:
    """Specific thrust some seconds later: the mass has fallen."""
    return thrust / max(0.05, 1.0 - after_s * thrust / rules.exhaust_m_s)


def boost_impact(memory: TrackMemory, rules: AssessPolicy) -> Impact:
    """Impact of a flight under thrust: a fan over what remains of the burn."""
    thrust, thrust_std = thrust_m_s2(memory, rules)
    longest_s = burn_left_s(memory, thrust, rules)
    beta = float(np.exp(memory.log_beta))
    points, times, weights = [], [], []
    for node, weight in zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True):
        p, v = burn_on(memory.position, memory.velocity, thrust, rules.exhaust_m_s, node * longest_s, _BURN_STEP_S)
        status, point, _, time_s, _, _ = fall_to_ground(p, v, beta, _CALM, rules.fall_max_s)
        if status != NO_IMPACT:
            points.append(point)
            times.append(time_s + node * longest_s)
            weights.append(weight)
    missed = 1.0 - sum(weights)
    if not points:
        return Impact(no_impact_prob=1.0)

    p, v, covariance = burn_with_spread(
        memory.position,
        memory.velocity,
        memory.covariance,
        thrust,
        rules.exhaust_m_s,
        0.5 * longest_s,
        _BURN_STEP_S,
        rules.thrust_direction_std_rad,
    )
    is_down, _, centre, within, _ = fall_moments(
        p, v, covariance, memory.log_beta, memory.log_beta_std, air_std(rules), rules.fall_max_s
    )
    if not is_down:
        return Impact(no_impact_prob=min(1.0, max(missed, 0.5)))
    local = np.column_stack([enu_offsets_m(np.array(points), centre), np.array(times)])
    within += _thrust_spread(memory, thrust, thrust_std, 0.5 * longest_s, centre, rules)
    share = np.array(weights) / sum(weights)
    mean = share @ local
    offset = local - mean
    spread = within + offset.T @ (share[:, None] * offset)
    centre = surface_ecef_m(place_offsets(mean[:2], centre))[0]
    return _checked(True, missed, centre, spread, memory.t_ns, float(mean[2]))


def _thrust_spread(
    memory: TrackMemory, thrust: float, thrust_std: float, burn_s: float, centre: Array, rules: AssessPolicy
) -> Array:
    """(3, 3) of east, north, time that comes of the thrust's own spread, by central difference."""
    beta, ends = float(np.exp(memory.log_beta)), []
    for sign in (1.0, -1.0):
        # never so strong that the mass is gone before the end of the burn
        strong = min(max(1.0, thrust + sign * thrust_std), 0.95 * rules.exhaust_m_s / max(burn_s, 1.0))
        p, v = burn_on(memory.position, memory.velocity, strong, rules.exhaust_m_s, burn_s, _BURN_STEP_S)
        status, point, _, time_s, _, _ = fall_to_ground(p, v, beta, _CALM, rules.fall_max_s)
        if status == NO_IMPACT:
            return np.zeros((3, 3))
        ends.append(np.append(enu_offsets_m(point, centre)[0], time_s))
    slope = 0.5 * (ends[0] - ends[1])
    return np.outer(slope, slope)


def path_ahead(memory: TrackMemory, now_ns: int, is_burning: bool, rules: AssessPolicy) -> Path | None:
    """The flight on the mean state from now (or the state's time, if later) to the ground; None: does not come down."""
    beta = float(np.exp(memory.log_beta))
    start_ns, p, v = memory.t_ns, memory.position, memory.velocity
    times: list[Array] = []
    positions: list[Array] = []
    velocities: list[Array] = []
    if is_burning:
        (thrust, _), gone_s = thrust_m_s2(memory, rules), 0.0
        left_s = 0.5 * burn_left_s(memory, thrust, rules)
        while gone_s < left_s:
            times.append(np.array([gone_s]))
            positions.append(p[None, :])
            velocities.append(v[None, :])
            step_s = min(PATH_SPACING_S, left_s - gone_s)
            p, v = burn_on(p, v, _grown(thrust, gone_s, rules), rules.exhaust_m_s, step_s, _BURN_STEP_S)
            gone_s += step_s
        offset_s = left_s
    else:
        offset_s = max(0.0, s_from_ns(now_ns - start_ns))
        if offset_s > 0.0:
            p, v = advance(p, v, beta, _CALM, offset_s, 1.0)
    _, t, q, w = path_to_ground(p, v, beta, _CALM, PATH_SPACING_S, rules.fall_max_s)
    if t[-1] >= rules.fall_max_s - 1e-6:
        return None
    seconds = np.concatenate([*times, t + offset_s])
    return Path(
        t_ns=start_ns + np.round(seconds * NS_PER_S).astype(np.int64),
        position_ecef_m=np.concatenate([*positions, q]),
        velocity_ecef_m_s=np.concatenate([*velocities, w]),
    )


def apogee_ahead(path: Path, memory: TrackMemory) -> tuple[int, float] | None:
    """Time and height of the highest point still to come; None: it lies behind."""
    heights = geodetic_of_many(path.position_ecef_m)[:, 2]
    top = int(np.argmax(heights))
    if top == 0:
        return None
    p, v = path.position_ecef_m[top - 1].copy(), path.velocity_ecef_m_s[top - 1].copy()
    _, _, _, _, height_m, after_s = fall_to_ground(p, v, float(np.exp(memory.log_beta)), _CALM, 2.0 * PATH_SPACING_S)
    return int(path.t_ns[top - 1]) + ns_from_s(after_s), float(height_m)


def foresee(memory: TrackMemory, path: Path, now_ns: int, is_burning: bool, rules: AssessPolicy) -> Impact:
    """Impact with covariance: in full where it matters, else the last full one carried along with the mean's.

    The covariance of a long coast changes little from second to second; a full prediction costs twenty falls.
    """
    end, end_ns = path.position_ecef_m[-1], int(path.t_ns[-1])
    position_variance = float(np.trace(memory.covariance[:3, :3]))
    velocity_variance = float(np.trace(memory.covariance[3:, 3:]))
    old = memory.foreseen
    if (
        old is not None
        and not is_burning
        and now_ns - old.made_ns < ns_from_s(_FULL_EVERY_S)
        and abs(position_variance / old.position_variance_m2 - 1.0) < _FULL_CHANGE
        and abs(velocity_variance / old.velocity_variance_m2_s2 - 1.0) < _FULL_CHANGE
    ):
        ee, en, nn = old.covariance_en_m2
        return Impact(
            no_impact_prob=old.no_impact_prob,
            mean_ecef_m=surface_ecef_m(place_offsets([old.offset_en_m], end))[0],
            covariance_en_m2=np.array([[ee, en], [en, nn]]),
            t_ns=end_ns + ns_from_s(old.offset_s),
            std_s=old.std_s,
        )
    memory.foreseen = None
    found = boost_impact(memory, rules) if is_burning else coast_impact(memory, rules)
    if found.mean_ecef_m is not None and found.covariance_en_m2 is not None and not is_burning:
        east, north = enu_offsets_m(found.mean_ecef_m, end)[0].tolist()
        (ee, en), (_, nn) = found.covariance_en_m2.tolist()
        memory.foreseen = Foreseen(
            made_ns=now_ns,
            position_variance_m2=max(position_variance, 1e-6),
            velocity_variance_m2_s2=max(velocity_variance, 1e-9),
            offset_en_m=(east, north),
            offset_s=s_from_ns(found.t_ns - end_ns),
            covariance_en_m2=(ee, en, nn),
            std_s=found.std_s,
            no_impact_prob=found.no_impact_prob,
        )
    return found


def regions(mean_ecef_m: Array, covariance_en_m2: Array, probs: tuple[float, ...]) -> list[Array]:
    """Ellipses of highest density as closed (k, 2) lat, lon polygons: ``flight.ellipse_polygon``, all in one go."""
    (a, b), (_, d) = (covariance_en_m2 + np.eye(2)).tolist()  # a metre: a polygon of no area holds nothing
    det = max(a * d - b * b, 1.0) ** 0.5
    root = np.array([[a + det, b], [b, d + det]]) / (a + d + 2.0 * det) ** 0.5  # symmetric square root
    ring = _CIRCLE @ root
    scales = [(-2.0 * math.log1p(-prob)) ** 0.5 for prob in probs]
    points = place_offsets(np.concatenate([scale * ring for scale in scales]), mean_ecef_m)
    count = len(_CIRCLE)
    return [points[i * count : (i + 1) * count] for i in range(len(probs))]


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
