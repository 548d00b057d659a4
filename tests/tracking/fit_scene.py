"""Passes seen by drawn radars: truth by ``kernels.advance`` in short steps, rows with noise as stated."""

from __future__ import annotations

import numpy as np
from tracking_scene import CALM, RADAR, Array, at, burnout

from tocsin.kernels import advance, radar_from_ecef
from tocsin.tracking.looks import Looks

SECOND_RADAR = at(35.0, 44.5, 300.0)
TIMES_S = np.arange(20.0, 121.0, 5.0)


def looks(site: Array = RADAR, times_s: Array = TIMES_S, range_rate_std_m_s: float = np.inf) -> Looks:
    return Looks(times_s, site, 60.0, 1e-3, 1.2e-3, range_rate_std_m_s)


def true_states(times_s: Array, beta_kg_m2: float = 0.0, start: Array | None = None) -> Array:
    """(n, 6) at rising times, from a cut-off at 0 s."""
    state = np.concatenate(burnout()) if start is None else start
    now, rows = 0.0, []
    for time_s in times_s:
        position, velocity = np.array(state[:3]), np.array(state[3:])
        if time_s != now:
            state = np.concatenate(advance(position, velocity, beta_kg_m2, CALM, float(time_s - now), 0.1))
        now = float(time_s)
        rows.append(state)
    return np.array(rows)


def true_rows(given: Looks, states: Array) -> Array:
    """(n, 4) range, azimuth, elevation, range rate, without noise; the rate as a difference of ranges over 20 ms."""
    rows = []
    for state, site in zip(states, given.site_ecef_m, strict=True):
        ahead = radar_from_ecef(state[:3] + 0.01 * state[3:], site)[0]
        behind = radar_from_ecef(state[:3] - 0.01 * state[3:], site)[0]
        rows.append([*radar_from_ecef(np.array(state[:3]), site), (ahead - behind) / 0.02])
    return np.array(rows)


def noisy(rows: Array, given: Looks, rng: np.random.Generator) -> Array:
    std = np.where(np.isfinite(given.std), given.std, 0.0)
    return np.where(np.isfinite(given.std), rows + std * rng.standard_normal(rows.shape), np.nan)
