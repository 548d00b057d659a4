"""Which plots of a scan each track could have made: a sorted sweep, then the innovation of what is left.

Plots are sorted by one number each that tells places apart: range (radar), a component of the line of sight (infrared)
or of the position. A track meets only the plots whose number is within reach of its own, found by bisection, so that
the work grows with the number of neighbours, not with tracks times plots.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.track_motion import (
    BOOST,
    DIM,
    LEVEL,
    MODEL_COUNT,
    SIZE,
    TURN_ACCELERATION_M_S2,
    TURN_NIS,
)
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_update import TURN_LOG_PROB, fit, widen_for_turn

_LIVE = 1e-4  # a model this probable may claim a plot
_SLACK = 4.0  # on the squared distance: plots are curved in the space that the sweep measures in


@kernel
def _shift(model, x, dt_s, at):
    """A short way along the flight, forward or back: at = x moved by dt_s with its velocity, gravity and thrust."""
    r2 = x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
    pull = 0.0 if model == LEVEL else -GM_M3_S2 / (r2 * math.sqrt(r2))
    for k in range(3):
        a = pull * x[k] + (x[6 + k] if model == BOOST else 0.0)
        at[k] = x[k] + dt_s * (x[3 + k] + 0.5 * dt_s * a)
        at[3 + k] = x[3 + k] + dt_s * a


@kernel
def _first_from(key, order, value):
    """Index of the first plot, in order of key, whose key is not below a value."""
    low, high = 0, order.shape[0]
    while low < high:
        middle = (low + high) // 2
        if key[order[middle]] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _reach2_m2(cov, model, gap_s, distance2, kind, var, limit, par):
    """Square of how far (m) a plot of these variances may lie from where a model expects it."""
    if kind == INFRARED:
        near = 2.0 * var[0] * distance2
    else:
        near = var[0] + (var[1] + var[2]) * (distance2 if kind < INFRARED else 1.0)
    near += cov[0, 0] + cov[1, 1] + cov[2, 2]
    if model == LEVEL:
        near += (0.5 * par[TURN_ACCELERATION_M_S2] * gap_s * gap_s) ** 2
    return _SLACK * limit * near


@kernel
def gate(x, cov, mu, rows, dt_s, gap_s, kind, z, spot, ahead_s, site, var, key, order, axis, limit, par):
    """Pairs of track and plot that may belong together.

    In        x, cov, mu     (n, ...) predicted tracks, of which `rows` (r,) int64 take part
              dt_s           (n,) plot reference time minus state time, <= 0
              gap_s          (n,) s since each track's last plot
              z (p, 4), spot (p, 3)  plots, and where they are, ECEF m (infrared: the line of sight)
              ahead_s        (p,) plot time minus reference time
              var            (p, 4) variances of each plot's measurement
              key (p,)       the number that plots are sorted by: range, or the component of `spot` along axis (3,)
              order (q,)     int64 plots that take part, by key
              limit          bound on the normalised innovation squared
    Out       start (r + 1,) int64, plot (k,) int64, score (k,): for row r the plots start[r] to start[r + 1], in order
              of key, and ln of the mixture likelihood of each
    """
    start = np.zeros(rows.shape[0] + 1, np.int64)
    plot = np.empty(4 * rows.shape[0] + 16, np.int64)
    score = np.empty(plot.shape[0])
    count = 0
    at = np.empty(SIZE)
    wide = np.empty((SIZE, SIZE))
    worst = np.zeros(4)
    span_s = 0.0
    for k in range(order.shape[0]):
        j = order[k]
        span_s = max(span_s, abs(ahead_s[j]))
        for r in range(4):
            worst[r] = max(worst[r], var[j, r])
    for r in range(rows.shape[0]):
        i = rows[r]
        low, high = order.shape[0], 0
        for m in range(MODEL_COUNT):
            if mu[i, m] < _LIVE:
                continue
            _shift(m, x[i, m], dt_s[i], at)
            distance2 = 0.0
            along = 0.0
            speed2 = 0.0
            for k in range(3):
                distance2 += (at[k] - site[k]) ** 2
                along += (at[k] - (site[k] if kind == INFRARED else 0.0)) * axis[k]
                speed2 += at[3 + k] ** 2
            distance = math.sqrt(distance2)
            reach = math.sqrt(_reach2_m2(cov[i, m], m, gap_s[i], distance2, kind, worst, limit, par))
            reach += 1.1 * span_s * math.sqrt(speed2)
            middle = along
            if kind == INFRARED:
                # a sight within an angle a of another differs from it by less than a in any component; sin a = d / D
                middle, reach = along / max(distance, 1.0), 1.6 * reach / max(distance - reach, 0.5 * distance, 1.0)
            elif kind < INFRARED:
                middle = distance
            low = min(low, _first_from(key, order, middle - reach))
            high = max(high, _first_from(key, order, middle + reach))
        for k in range(low, high):
            j = order[k]
            inside = False
            best = -1e30
            total = 0.0
            for m in range(MODEL_COUNT):
                if mu[i, m] < _LIVE:
                    continue
                _shift(m, x[i, m], ahead_s[j] + dt_s[i], at)
                d2 = 0.0
                distance2 = 0.0
                along = 0.0
                for a in range(3):
                    distance2 += (at[a] - site[a]) ** 2
                    if kind == INFRARED:
                        along += (at[a] - site[a]) * spot[j, a]
                    else:
                        d2 += (at[a] - spot[j, a]) ** 2
                if kind == INFRARED:
                    if along < 0.0:
                        continue
                    d2 = max(distance2 - along * along, 0.0)
                if d2 > _reach2_m2(cov[i, m], m, gap_s[i], distance2, kind, var[j], limit, par):
                    continue
                nis, likelihood = fit(at, cov[i, m], kind, z[j], site, var[j])
                if m == LEVEL and nis > par[TURN_NIS]:
                    for a in range(DIM[m]):
                        for b in range(DIM[m]):
                            wide[a, b] = cov[i, m, a, b]
                    widen_for_turn(at, wide, gap_s[i], par)
                    nis, likelihood = fit(at, wide, kind, z[j], site, var[j])
                    likelihood += TURN_LOG_PROB
                if nis <= limit:
                    inside = True
                value = likelihood + math.log(mu[i, m])
                if value > best:
                    total = total * math.exp(max(best - value, -700.0)) + 1.0
                    best = value
                else:
                    total += math.exp(max(value - best, -700.0))
            if inside:
                if count == plot.shape[0]:
                    plot = np.concatenate((plot, np.empty_like(plot)))
                    score = np.concatenate((score, np.empty_like(score)))
                plot[count] = j
                score[count] = best + math.log(total)
                count += 1
        start[r + 1] = count
    return start, plot[:count], score[:count]
