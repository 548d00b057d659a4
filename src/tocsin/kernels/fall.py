"""From a state to the ground over WGS-84: `integrate` by Tsit5, for one object, many, or a whole path.

Arguments and arrays as in `motion`. The method's number goes down as np.int64: numba compiles a version of its own for
each literal.
"""

from __future__ import annotations

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.integrate import ALREADY_DOWN, NO_IMPACT, OK, integrate, integrate_many
from tocsin.kernels.motion import join, part
from tocsin.kernels.tableaus import TSIT5

__all__ = ["ALREADY_DOWN", "NO_IMPACT", "OK", "fall_batch", "fall_batch_within", "fall_to_ground", "path_to_ground"]

TOLERANCE_M = 0.03  # error allowed to a step of a single flight


@kernel
def fall_to_ground(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, max_time_s):
    """Follow one unpowered object to the WGS-84 ellipsoid.

    In        position_ecef_m, velocity_ecef_m_s  (3,) float64  rotating ECEF, m and m/s
              beta_kg_m2, air                     see `motion`
              max_time_s                          float  s, > 0
    Out       status              OK | NO_IMPACT (not within max_time_s) | ALREADY_DOWN (starts at or under the ground)
              impact_ecef_m       (3,) m; nan for NO_IMPACT, the start for ALREADY_DOWN
              impact_velocity     (3,) m/s, likewise
              time_s              s to impact; nan for NO_IMPACT, 0 for ALREADY_DOWN
              apogee_height_m     greatest height met, m
              apogee_time_s       s; 0 where it already lies behind
    """
    final = np.empty(6)
    peak = np.empty(2)
    none2 = np.empty((0, 7))
    status, time_s, _, _ = integrate(
        join(position_ecef_m, velocity_ecef_m_s), beta_kg_m2, air, None, None, None, np.int64(TSIT5), 0.0, TOLERANCE_M,
        0.0, max_time_s, 0.0, np.empty(0), none2, none2, peak, final,
    )  # fmt: skip
    if status == NO_IMPACT:
        for i in range(6):
            final[i] = np.nan
        time_s = np.nan
    return status, part(final, 0), part(final, 3), time_s, peak[0], peak[1]


@kernel
def fall_batch_within(states, beta_kg_m2, air, max_time_s, tolerance_m):
    """`fall_batch` with a stated tolerance: error allowed to a step, m; of velocity, a thousandth of it in m/s."""
    return integrate_many(states, beta_kg_m2, air, None, None, None, np.int64(TSIT5), 0.0, tolerance_m, 0.0, max_time_s)


@kernel
def fall_batch(states, beta_kg_m2, air, max_time_s):
    """`fall_to_ground` for many: states (n, 6) position and velocity, beta_kg_m2 (n,), air (n, 4).

    Out       (status (n,) int64, impact_ecef_m (n, 3), time_s (n,)), rows as `fall_to_ground`
    """
    return fall_batch_within(states, beta_kg_m2, air, max_time_s, TOLERANCE_M)


@kernel
def path_to_ground(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, air, spacing_s, max_time_s):
    """The path of `fall_to_ground`, sampled every spacing_s and at its end (impact, or max_time_s).

    Out       (count, time_s (count,), position_ecef_m (count, 3), velocity_ecef_m_s (count, 3)); time 0 first
    """
    spacing = max(spacing_s, 1e-3)
    samples = np.empty((int(max(max_time_s, 0.0) / spacing) + 3, 7))
    count = integrate(
        join(position_ecef_m, velocity_ecef_m_s), beta_kg_m2, air, None, None, None, np.int64(TSIT5), 0.0, TOLERANCE_M,
        0.0, max_time_s, spacing, np.empty(0), samples, np.empty((0, 10)), np.empty(2), np.empty(6),
    )[2]  # fmt: skip
    return count, samples[:count, 0].copy(), samples[:count, 1:4].copy(), samples[:count, 4:7].copy()
