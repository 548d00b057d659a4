"""Where one track may become two: which tracks plots lie beside, and how unsure what comes off one of them is."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import east_north_up
from tocsin.kernels.track_gate import LIVE, first_from, level_m, reach_m
from tocsin.kernels.track_motion import LEVEL, MODEL_COUNT
from tocsin.kernels.track_scan import CONFIRMED

_KNOWN_VELOCITY_M_S = 100.0  # one sigma: a track that knows less of its velocity has none to hand on
_REACH_SIGMA = 8.0  # beyond which no gate reaches


@kernel
def near_parents(
    status, slots, x, cov, mu, cov6, back_s, plot_ns, when_ns, spot, var, key, order, site, along_m, across_m
):
    """Rows (k,) int64 of confirmed ballistic tracks that know their velocity and have a plot near.

    In        status (T,) of the memory; slots (n,), x .. cov6 of the picture; back_s (n,) <= 0: less how long after
              when_ns its states are
              plot_ns .. order   as of `gate`, of a radar; var with what is not known of its biases
              along_m, across_m  one sigma of place of what comes off
    """
    n, q = slots.shape[0], order.shape[0]
    rows = np.empty(n, np.int64)
    count = 0
    range_m = np.empty(q)
    worst = np.zeros(3)
    span_s = 0.0
    for k in range(q):
        j = order[k]
        range_m[k] = key[j]
        span_s = max(span_s, abs(plot_ns[j] - when_ns) / 1e9)
        for r in range(3):
            worst[r] = max(worst[r], var[j, r])
    axes = east_north_up(site[0], site[1], site[2])
    off2 = along_m * along_m + 2.0 * across_m * across_m
    for i in range(n):
        if status[slots[i]] != CONFIRMED or mu[i, LEVEL] >= 0.5:
            continue
        if cov6[i, 3, 3] + cov6[i, 4, 4] + cov6[i, 5, 5] > 3.0 * _KNOWN_VELOCITY_M_S * _KNOWN_VELOCITY_M_S:
            continue
        is_near = False
        for m in range(MODEL_COUNT):
            if mu[i, m] < LIVE:
                continue
            dx, dy, dz = x[i, m, 0] - site[0], x[i, m, 1] - site[1], x[i, m, 2] - site[2]
            distance = math.sqrt(dx * dx + dy * dy + dz * dz)
            speed2 = x[i, m, 3] ** 2 + x[i, m, 4] ** 2 + x[i, m, 5] ** 2
            place2 = cov[i, m, 0, 0] + cov[i, m, 1, 1] + cov[i, m, 2, 2]
            place2 = max(place2, cov6[i, 0, 0] + cov6[i, 1, 1] + cov6[i, 2, 2]) + off2  # biases are in the latter alone
            reach = reach_m(
                place2, worst[0], worst[1] + worst[2], _REACH_SIGMA**2, distance, level_m(axes, dx, dy, dz),
                1.1 * (span_s - back_s[i]) * math.sqrt(speed2),
            )  # fmt: skip
            k = first_from(range_m, distance - reach)
            while not is_near and k < q and range_m[k] <= distance + reach:
                d2 = 0.0
                for a in range(3):
                    d2 += (spot[order[k], a] - x[i, m, a]) ** 2
                is_near = d2 <= reach * reach
                k += 1
        if is_near:
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
