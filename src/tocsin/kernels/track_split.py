"""Where one track may become two: which tracks plots lie beside, and how unsure what comes off one of them is."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.track_gate import first_from
from tocsin.kernels.track_motion import LEVEL
from tocsin.kernels.track_scan import CONFIRMED

_KNOWN_VELOCITY_M_S = 100.0  # one sigma: a track that knows less of its velocity has none to hand on
_REACH_SIGMA = 8.0  # in range, beyond which no gate reaches


@kernel
def near_parents(status, slots, mu, state, cov6, site, ranges, spread_m):
    """Rows (k,) int64 of confirmed ballistic tracks that know their velocity and have a plot near in range.

    In        status (T,) of the memory, slots (n,); mu (n, 3), state (n, 6), cov6 (n, 6, 6) of the picture
              site (3,), ranges (q,) m of the plots, sorted
              spread_m   one sigma of place of what comes off, and of the plots
    """
    rows = np.empty(slots.shape[0], np.int64)
    count = 0
    for i in range(slots.shape[0]):
        if status[slots[i]] != CONFIRMED or mu[i, LEVEL] >= 0.5:
            continue
        p = cov6[i]
        if p[3, 3] + p[4, 4] + p[5, 5] > 3.0 * _KNOWN_VELOCITY_M_S * _KNOWN_VELOCITY_M_S:
            continue
        range2 = 0.0
        for a in range(3):
            range2 += (state[i, a] - site[a]) ** 2
        reach = _REACH_SIGMA * (math.sqrt(max(p[0, 0] + p[1, 1] + p[2, 2], 0.0)) + spread_m)
        k = first_from(ranges, math.sqrt(range2) - reach)
        if k < ranges.shape[0] and ranges[k] < math.sqrt(range2) + reach:
            rows[count] = i
            count += 1
    return rows[:count]


@kernel
def spread_along(velocity, along_m, across_m, speed_along_m_s, speed_across_m_s):
    """(n, 6, 6) covariance of place and velocity: sigmas along and across each velocity (n, 3)."""
    spread = np.zeros((velocity.shape[0], 6, 6))
    for i in range(velocity.shape[0]):
        v = velocity[i]
        speed2 = max(v[0] * v[0] + v[1] * v[1] + v[2] * v[2], 1.0)
        for a in range(3):
            for b in range(3):
                along = v[a] * v[b] / speed2
                across = (1.0 if a == b else 0.0) - along
                spread[i, a, b] = along_m * along_m * along + across_m * across_m * across
                spread[i, 3 + a, 3 + b] = (
                    speed_along_m_s * speed_along_m_s * along + speed_across_m_s * speed_across_m_s * across
                )
    return spread


@kernel
def likeliest(start, plot, score, rows, best, row):
    """For each plot (p,) the best score of candidates as `track_gate.gate` gives them, and its row, where better."""
    for r in range(rows.shape[0]):
        for k in range(start[r], start[r + 1]):
            if score[k] > best[plot[k]]:
                best[plot[k]], row[plot[k]] = score[k], rows[r]
