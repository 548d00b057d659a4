"""Two tracks of one object become one: the older id stays, the plots of both count."""

from __future__ import annotations

import numpy as np

from tocsin.messages import Column
from tocsin.tracking.state import CONFIRMED, TrackerState

_KNOWN_VELOCITY_M_S = 500.0  # one sigma: a track that knows less of its velocity matches anything
_FRESH_NS = 3_000_000_000  # two tracks that both had plots of one sensor this lately are two objects


def may_be_one(state: TrackerState, older: int, younger: int) -> bool:
    """Whether two slots may be one object: no sensor has lately seen both at once."""
    shared = set(state.fed[int(state.id[older])]) & set(state.fed[int(state.id[younger])])
    apart_ns = abs(int(state.last_ns[older]) - int(state.last_ns[younger]))
    return not shared or apart_ns > _FRESH_NS


def same_object(a: Column, cov_a: Column, b: Column, cov_b: Column, bound: float) -> bool:
    """Whether two states (6,) at one time differ by no more than their covariances (6, 6) allow."""
    for cov in (cov_a, cov_b):
        if np.trace(cov[3:, 3:]) > 3.0 * _KNOWN_VELOCITY_M_S**2:
            return False
    difference = a - b
    return bool(difference @ np.linalg.solve(cov_a + cov_b, difference) <= bound)


def absorb(state: TrackerState, older: int, younger: int, other: Column, other_cov: Column) -> None:
    """Fuse two slots into the older one; the younger is then to be freed.

    ``other`` (6,) and ``other_cov`` (6, 6) are the older track's state at the younger's time. The younger's bank is
    kept, and where the two share no sensor, so that their errors are independent, updated with that state.
    """
    is_independent = not set(state.fed[int(state.id[older])]) & set(state.fed[int(state.id[younger])])
    state.x[older] = state.x[younger]
    state.cov[older] = state.cov[younger]
    state.mu[older] = state.mu[younger]
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
    state.status[older] = max(state.status[older], state.status[younger])
    if state.status[younger] == CONFIRMED:
        state.miss_count[older] = state.miss_count[younger]
    state.first_ns[older] = min(state.first_ns[older], state.first_ns[younger])
    state.last_ns[older] = max(state.last_ns[older], state.last_ns[younger])
    state.plot_count[older] += state.plot_count[younger]
    for name in state.fed[int(state.id[younger])]:
        state.note_sensor(older, name)
