"""The tracker's policy as the array that the kernels read."""

from __future__ import annotations

import functools
import math

import numpy as np

from tocsin.kernels import track_motion as at
from tocsin.messages import Column
from tocsin.policy import TrackPolicy


def kernel_parameters(policy: TrackPolicy) -> Column:
    """(PARAMETER_COUNT,) float64, laid out as in ``kernels/track_motion.py``."""
    values = {
        at.JERK_PSD: policy.jerk_noise,
        at.COAST_PSD: policy.coast_noise,
        at.DRAG_RATIO: policy.drag_error_ratio,
        at.DRAG_MEMORY_S: policy.drag_error_memory_s,
        at.LOG_BETA_VAR_PER_M: policy.log_beta_var_per_m,
        at.LOG_BETA_MEAN: policy.log_beta_mean,
        at.LOG_BETA_VAR: policy.log_beta_std**2,
        at.LEVEL_PSD: policy.level_noise,
        at.LEVEL_UP_PSD: policy.level_climb_noise,
        at.BOOST_END_RATE: policy.boost_end_rate_per_s,
        at.IDLE_END_RATE: policy.idle_end_rate_per_s,
        at.IDLE_THRUST_M_S2: policy.idle_thrust_m_s2,
        at.TURN_ACCELERATION_M_S2: policy.turn_m_s2,
        at.TURN_NIS: policy.turn_nis,
        at.HIGH_BURN_PROB: policy.high_burn_prob,
        at.DEAD_PROB: policy.dead_prob,
        at.VELOCITY_STD_M_S: policy.velocity_std_m_s,
        at.LEVEL_SPEED_STD_M_S: policy.level_speed_std_m_s,
        at.LEVEL_HEIGHT_MAX_M: policy.level_height_max_m,
        at.CUE_HEIGHT_M: policy.cue_height_m,
        at.CUE_ALONG_STD_M: policy.cue_along_std_m,
        at.CUE_SPEED_M_S: policy.cue_speed_m_s,
        at.CUE_VELOCITY_STD_M_S: policy.cue_velocity_std_m_s,
        at.THRUST_M_S2: policy.thrust_m_s2,
        at.THRUST_STD_M_S2: policy.thrust_std_m_s2,
        at.UNLIT_PROB: policy.unlit_plot_ratio,
        at.EXHAUST_M_S: policy.exhaust_m_s,
        at.CUE_HEIGHT_STD_M: policy.cue_height_std_m,
    }
    return np.array([values[k] for k in range(at.PARAMETER_COUNT)])


@functools.cache
def chi_square_bound(prob: float, dof: int) -> float:
    """The value a chi-square variable with 1 to 160 degrees of freedom stays below with a probability, to 1e-9.

    By bisection on the closed form (recurrence over the degrees of freedom), so that no library is loaded.
    """
    low, high = 0.0, 200.0 if dof <= 6 else 200.0 + 4.0 * dof
    for _ in range(100):
        middle = 0.5 * (low + high)
        if _chi_square_below(middle, dof) < prob:
            low = middle
        else:
            high = middle
    return high


def _chi_square_below(x: float, dof: int) -> float:
    half = 0.5 * x
    start = 1 if dof % 2 else 2
    below = math.erf(math.sqrt(half)) if start == 1 else 1.0 - math.exp(-half)
    for k in range(start, dof, 2):
        below -= half ** (0.5 * k) * math.exp(-half) / math.gamma(0.5 * k + 1.0)
    return below
