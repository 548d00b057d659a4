"""Two tracks of one object become one: the older id stays, the plots of both count."""

from __future__ import annotations

import numpy as np

from tocsin.kernels.track_motion import BALLISTIC
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.messages import Column
from tocsin.tracking.state import TrackerState
from tocsin.tracking.watch_state import merge_support


def slope_of(slope: Column, mu: Column, own_prob: float) -> Column:
    """d (position, velocity) / d biases (6, n) of a bank (3, 9, n) with model probabilities (3,), as it is combined."""
    if mu[BALLISTIC] > own_prob:
        return slope[BALLISTIC, :6]
    return np.asarray(np.einsum("m,mij->ij", mu, slope[:, :6]))


def absorb(
    state: TrackerState, older: int, younger: int, other: Column, other_cov: Column, other_slope: Column
) -> None:
    """Fuse two slots into the older one; the younger is then to be freed.

    ``other`` (6,), ``other_cov`` (6, 6) and ``other_slope`` (6, n) are the older track's state at the younger's time,
    as the sensors' biases are believed to be, and how it changes with them. The younger's bank is kept, and where the
    two share no sensor, so that their errors are independent, updated with that state.
    """
    is_independent = not (state.fed[older] & state.fed[younger]).any()
    state.x[older] = state.x[younger]
    state.cov[older] = state.cov[younger]
    state.mu[older] = state.mu[younger]
    state.slope[older] = state.slope[younger]
    state.t_ns[older] = state.t_ns[younger]
    if is_independent:
        for model, size in ((0, 9), (1, 7), (2, 6)):
            if state.mu[older, model] <= 0.0:
                continue
            cov = state.cov[older, model, :size, :size]
            gain = np.linalg.solve(cov[:6, :6] + other_cov, cov[:6, :]).T
            state.x[older, model, :size] += gain @ (other - state.x[older, model, :6])
            keep = np.eye(size)
            keep[:, :6] -= gain
            fused = keep @ cov @ keep.T + gain @ other_cov @ gain.T
            state.cov[older, model, :size, :size] = 0.5 * (fused + fused.T)
            slope = state.slope[older, model, :size]
            state.slope[older, model, :size] = slope - gain @ (slope[:6] - other_slope)
    state.status[older] = max(state.status[older], state.status[younger])
    if state.status[younger] == CONFIRMED:
        state.miss_count[older] = state.miss_count[younger]
    state.first_ns[older] = min(state.first_ns[older], state.first_ns[younger])
    state.last_ns[older] = max(state.last_ns[older], state.last_ns[younger])
    state.plot_count[older] += state.plot_count[younger]
    state.evidence[older] = max(state.evidence[older], state.evidence[younger])
    state.fed[older] |= state.fed[younger]
    state.parent[state.parent == state.id[younger]] = state.id[older]
    merge_support(state.support, older, younger)
