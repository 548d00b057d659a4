"""The Cramer-Rao bound of one true flight, with all that the tracker does not know of it, and no more.

Unknown: position, velocity, ln(ballistic coefficient), the deviation of air density (one draw for all heights, as the
world draws it), two wind components and the air's refractivity; all but the first two with the scenario's spreads as
priors. Linearised about the true flight in its true air (``tocsin.tracking.bound``). What was learned before burn-out
is left out: the bound is too wide in the first tens of seconds of coast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.kernels.motion import advance, advance_with_transition
from tocsin.tracking.bound import add_look, covariance_of, predict_information
from tocsin.tracking.looks import Looks, radar_view

Array = npt.NDArray[np.float64]
SIZE = 11  # position 3, velocity 3, ln(beta), and in sigmas: density, wind east and north, refractivity
STEP_S = 2.0
AIR_RADIUS_M = 6_378_137.0 + 150_000.0
DIFFERENCE = (1e-3, 1e-2, 1e-2, 1e-2)  # of ln(beta), density, winds


def bound_along(
    looks: Looks,
    bent: Array,
    at_s: Array,
    start: Array,
    beta_kg_m2: float,
    air: Array,
    log_beta_std: float,
    air_std: Array,
) -> tuple[Array, Array]:
    """Least mean square errors of position (m2) and velocity (m2/s2), summed over axes, at each of the times.

    In        looks    seconds from the moment that start (6,) holds at; bent (n, 4) their change with one sigma of the
                       air's refractivity; at_s (n,) seconds from then, rising
              air      (4,) of the truth, as ``kernels.motion`` takes it; air_std (4,) its spreads
    """
    times = np.concatenate((looks.time_s, at_s))
    order = np.argsort(times, kind="stable")
    information = np.zeros((SIZE, SIZE))
    information[6, 6] = log_beta_std**-2
    information[range(7, SIZE), range(7, SIZE)] = 1.0
    moves = np.array(((air_std[0], air_std[1], 0.0, 0.0), (0.0, 0.0, air_std[2], 0.0), (0.0, 0.0, 0.0, air_std[3])))
    position, velocity, now_s = start[:3].copy(), start[3:].copy(), 0.0
    place, speed = np.full(at_s.size, np.nan), np.full(at_s.size, np.nan)
    for k in order.tolist():
        dt_s, transition = float(times[k]) - now_s, np.eye(SIZE)
        if dt_s > 0.0:
            before = position, velocity
            position, velocity, transition[:6, :6] = advance_with_transition(*before, beta_kg_m2, air, dt_s, STEP_S)
            if min(np.linalg.norm(before[0]), np.linalg.norm(position)) < AIR_RADIUS_M:
                for i in range(4):
                    transition[:6, 6 + i] = _slope(*before, beta_kg_m2, air, dt_s, i, moves)
            information, now_s = predict_information(information, transition), float(times[k])
        if k < len(looks):
            partials = np.zeros((4, SIZE))
            partials[:, :6] = radar_view(np.concatenate((position, velocity)), looks.site_ecef_m[k])[1]
            partials[:, 10] = bent[k]
            information = add_look(information, partials, looks.std[k])
        else:
            variance = covariance_of(information).diagonal()
            place[k - len(looks)], speed[k - len(looks)] = variance[:3].sum(), variance[3:6].sum()
    return place, speed


def _slope(
    position: Array, velocity: Array, beta_kg_m2: float, air: Array, dt_s: float, unknown: int, moves: Array
) -> Array:
    """d(position, velocity after) by one of the four unknowns, central difference."""
    step, ends = DIFFERENCE[unknown], []
    for sign in (step, -step):
        beta = beta_kg_m2 * float(np.exp(sign)) if unknown == 0 else beta_kg_m2
        there = air if unknown == 0 else air + sign * moves[unknown - 1]
        ends.append(np.concatenate(advance(position, velocity, beta, there, dt_s, STEP_S)))
    return np.asarray((ends[0] - ends[1]) / (2.0 * step))
