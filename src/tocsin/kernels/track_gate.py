"""Which plots of a scan each track could have made: a sorted sweep, then the innovation of what is left.

Plots are sorted by one number each that tells places apart: range (radar), a component of the line of sight (infrared)
or of the position. A track meets only the plots whose number is within reach of its own, found by bisection, so that
the work grows with the number of neighbours, not with tracks times plots.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.track_bias import weigh
from tocsin.kernels.track_motion import (
    BOOST,
    DIM,
    LEVEL,
    MODEL_COUNT,
    SIZE,
    TURN_ACCELERATION_M_S2,
    TURN_NIS,
    WORK_COLUMNS,
    WORK_ROWS,
)
from tocsin.kernels.track_observe import COLUMN_COUNT, INFRARED, NU, ROW_COUNT, ROWS, observe
from tocsin.kernels.track_update import LOG_2PI, TURN_LOG_PROB, fit, widen_for_turn

_LIVE = 1e-4  # a model this probable may claim a plot
_NEAR_SHARE = 0.1  # of the distance across: a target that moves more than that within a scan is not boxed
_SPREAD_SLACK = 1.5  # on variances in angle: by how much they may grow on the way, above 1 / (1 - _NEAR_SHARE)^2
_ROUND_UP = 1.0 + 1e-9
_SLACK = 4.0  # on the squared distance, where the sweep is in another space than the innovation


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
def first_from(key, value):
    """Index of the first of sorted keys that is not below a value."""
    low, high = 0, key.shape[0]
    while low < high:
        middle = (low + high) // 2
        if key[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _reach2_m2(cov, extra, kind, distance2, var, limit):
    """Square of how far (m) a plot that is no radar's may lie from where a model expects it, and gate."""
    near = extra[0, 0] + extra[1, 1]
    near = (2.0 * var[0] + near) * distance2 if kind == INFRARED else var[0] + var[1] + var[2] + near + extra[2, 2]
    return _SLACK * limit * (near + cov[0, 0] + cov[1, 1] + cov[2, 2])


@kernel
def _expect(kind, at, cov, extra, site, expected, spread, work):
    """What a radar would measure of a state: expected (4,), and its covariance (4, 4) but for the plot's own.

    extra (4, 4): what biases not yet known add.
    """
    for r in range(ROWS):
        expected[r] = 0.0
    observe(kind, at, site, expected, work)
    m, n = ROW_COUNT[kind], COLUMN_COUNT[kind]
    for r in range(m):
        expected[r] = -work[r, NU]
        for k in range(n):
            v = 0.0
            for i in range(n):
                v += work[r, i] * cov[i, k]
            work[ROWS, k] = v
        for c in range(m):
            v = extra[r, c]
            for k in range(n):
                v += work[ROWS, k] * work[c, k]
            spread[r, c] = v


@kernel
def _compare(kind, expected, spread, z, var, limit, s, nu):
    """A radar plot beside what was expected: (nis, log likelihood), as `fit`; (inf, -inf) where it cannot gate."""
    m = ROW_COUNT[kind]
    for r in range(m):
        d = z[r] - expected[r]
        if r == 1:
            d -= 2.0 * math.pi * math.floor(d / (2.0 * math.pi) + 0.5)
        nu[r, 0] = d
        if d * d > limit * (spread[r, r] + var[r]):
            return math.inf, -math.inf
    for r in range(m):
        s[r, r] = spread[r, r] + var[r]
        for c in range(r):
            s[r, c] = spread[r, c]
    # the sum of squares of the forward substitution is the normalised innovation squared
    nis, log_det = 0.0, 0.0
    for r in range(m):
        v = nu[r, 0]
        d = s[r, r]
        for c in range(r):
            w = s[r, c]
            for k in range(c):
                w -= s[r, k] * s[c, k]
            w /= s[c, c]
            s[r, c] = w
            d -= w * w
            v -= w * nu[c, 0]
        if not d > 0.0:
            return math.inf, -math.inf
        s[r, r] = math.sqrt(d)
        log_det += math.log(d)
        nu[r, 0] = v / s[r, r]
        nis += nu[r, 0] * nu[r, 0]
    return nis, -0.5 * (nis + log_det + m * LOG_2PI)


@kernel
def _box(expected, spread, worst, limit, distance, moving, turning, box):
    """Widen a box in azimuth and elevation, (4,): middles and half widths, by where a model's radar plot may gate.

    In        moving, turning   m: how far the target goes between plots of the scan, and one sigma of a turn
    The half widths are never too small: `_compare` refuses on its own whatever lies outside.
    """
    ring = max(distance * math.cos(expected[2]), 1.0)
    if moving > _NEAR_SHARE * ring:  # so near that nothing can be said beforehand
        box[2] = box[3] = math.inf
        return
    slack = _SPREAD_SLACK if moving > 0.0 else 1.0
    off = expected[1] - box[0]
    off -= 2.0 * math.pi * math.floor(off / (2.0 * math.pi) + 0.5)
    wide = math.sqrt(limit * (slack * spread[1, 1] + worst[1])) + (moving + math.sqrt(limit) * turning) / ring
    high = math.sqrt(limit * (slack * spread[2, 2] + worst[2])) + (moving + math.sqrt(limit) * turning) / distance
    box[2] = max(box[2], abs(off) + wide * _ROUND_UP)
    box[3] = max(box[3], abs(expected[2] - box[1]) + high * _ROUND_UP)


@kernel
def _fit_near(kind, at, cov, extra, z, spot, site, var, limit, work):
    """`fit` of a plot that is no radar's, where it lies near enough to matter; (inf, -inf) elsewhere."""
    d2, distance2, along = 0.0, 0.0, 0.0
    for a in range(3):
        distance2 += (at[a] - site[a]) ** 2
        along += (at[a] - site[a]) * spot[a]
        d2 += (at[a] - spot[a]) ** 2
    if kind == INFRARED:
        if along < 0.0:
            return math.inf, -math.inf
        d2 = max(distance2 - along * along, 0.0)
    if d2 > _reach2_m2(cov, extra, kind, distance2, var, limit):
        return math.inf, -math.inf
    return fit(at, cov, kind, z, site, var, extra, work)


@kernel
def gate(
    x, cov, mu, slope, rows, dt_s, gap_s, kind, z, spot, ahead_s, site, var, key, order, axis, limit, par, bias_cov, own
):
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
              slope, bias_cov, own  what biases do to tracks and plots, see ``track_bias.py``
    Out       start (r + 1,) int64, plot (k,) int64, score (k,): for row r the plots start[r] to start[r + 1], in order
              of key, and ln of the mixture likelihood of each
    """
    start = np.zeros(rows.shape[0] + 1, np.int64)
    plot = np.empty(4 * rows.shape[0] + 16, np.int64)
    score = np.empty(plot.shape[0])
    count = 0
    at = np.empty((MODEL_COUNT, SIZE))
    wide = np.empty((SIZE, SIZE))
    expected = np.empty((MODEL_COUNT + 1, ROWS))  # the last: LEVEL, had it turned
    spread = np.empty((MODEL_COUNT + 1, ROWS, ROWS))
    of_time_s = np.empty(MODEL_COUNT + 1)  # which plots' time `expected` is for
    work = np.empty((WORK_ROWS, WORK_COLUMNS))
    s = np.empty((ROWS, ROWS))
    nu = np.empty((ROWS, 1))
    worst = np.zeros(ROWS)
    extra = np.zeros((MODEL_COUNT, ROWS + 1, ROWS))
    sight = np.zeros(ROWS)
    span_s = 0.0
    is_radar = kind < INFRARED
    count_in = order.shape[0]
    near_key = np.empty(count_in)
    azimuth_rad = np.empty(count_in)
    elevation_rad = np.empty(count_in)
    box = np.empty(4)
    distance_m = np.zeros(MODEL_COUNT)
    speed_m_s = np.zeros(MODEL_COUNT)
    for k in range(count_in):
        j = order[k]
        near_key[k], azimuth_rad[k], elevation_rad[k] = key[j], z[j, 1], z[j, 2]
        span_s = max(span_s, abs(ahead_s[j]))
        for r in range(ROWS):
            worst[r] = max(worst[r], var[j, r])
    for r in range(rows.shape[0]):
        i = rows[r]
        low, high = count_in, 0
        for m in range(MODEL_COUNT + 1):
            of_time_s[m] = math.nan
        for m in range(MODEL_COUNT):
            if mu[i, m] < _LIVE:
                continue
            _shift(m, x[i, m], dt_s[i], at[m])
            distance2 = 0.0
            along = 0.0
            speed2 = 0.0
            for k in range(3):
                distance2 += (at[m, k] - site[k]) ** 2
                along += (at[m, k] - (site[k] if kind == INFRARED else 0.0)) * axis[k]
                speed2 += at[m, 3 + k] ** 2
            distance = math.sqrt(distance2)
            distance_m[m], speed_m_s[m] = distance, math.sqrt(speed2)
            if bias_cov.shape[0] > 0:
                for k in range(3):
                    sight[k] = (at[m, k] - site[k]) / max(distance, 1.0) if kind == INFRARED else at[m, k]
                weigh(m, kind, at[m], cov[i, m], site, sight, worst, slope[i, m], bias_cov, own, extra[m])
                for k in range(ROWS):  # an unknown clock by an unknown velocity
                    extra[m, k, k] += max(extra[m, ROWS, k] - worst[k], 0.0)
            middle = along
            if is_radar:
                middle = distance
                reach2 = worst[0] + extra[m, 0, 0]
                for a in range(3):
                    for b in range(3):
                        reach2 += cov[i, m, a, b] * (at[m, a] - site[a]) * (at[m, b] - site[b]) / max(distance2, 1.0)
                reach2 *= limit
            else:
                reach2 = _reach2_m2(cov[i, m], extra[m], kind, distance2, worst, limit)
            if m == LEVEL:
                reach2 += limit * (0.5 * par[TURN_ACCELERATION_M_S2] * gap_s[i] * gap_s[i]) ** 2
            reach = math.sqrt(reach2) + 1.1 * span_s * math.sqrt(speed2)
            if kind == INFRARED:
                # a sight within an angle a of another differs from it by less than a in any component; sin a = d / D
                middle, reach = along / max(distance, 1.0), 1.6 * reach / max(distance - reach, 0.5 * distance, 1.0)
            low = min(low, first_from(near_key, middle - reach))
            high = max(high, first_from(near_key, middle + reach))
        if is_radar and low < high:
            box[2] = -1.0
            for m in range(MODEL_COUNT):
                if mu[i, m] < _LIVE:
                    continue
                _expect(kind, at[m], cov[i, m], extra[m], site, expected[m], spread[m], work)
                of_time_s[m] = dt_s[i]
                if box[2] < 0.0:
                    box[0], box[1], box[3] = expected[m, 1], expected[m, 2], 0.0
                turning = 0.5 * par[TURN_ACCELERATION_M_S2] * gap_s[i] * gap_s[i] if m == LEVEL else 0.0
                moving = 1.1 * span_s * speed_m_s[m]
                _box(expected[m], spread[m], worst, limit, max(distance_m[m], 1.0), moving, turning, box)
        for k in range(low, high):
            if is_radar:
                aside = azimuth_rad[k] - box[0]
                aside -= 2.0 * math.pi * math.floor(aside / (2.0 * math.pi) + 0.5)
                if abs(aside) > box[2] or abs(elevation_rad[k] - box[1]) > box[3]:
                    continue
            j = order[k]
            inside = False
            best = -1e30
            total = 0.0
            for m in range(MODEL_COUNT):
                if mu[i, m] < _LIVE:
                    continue
                moved_s = ahead_s[j] + dt_s[i]
                is_new = of_time_s[m] != moved_s
                if is_new:
                    _shift(m, x[i, m], moved_s, at[m])
                    of_time_s[m] = moved_s
                if is_radar:
                    if is_new:
                        _expect(kind, at[m], cov[i, m], extra[m], site, expected[m], spread[m], work)
                    nis, likelihood = _compare(kind, expected[m], spread[m], z[j], var[j], limit, s, nu)
                else:
                    nis, likelihood = _fit_near(
                        kind, at[m], cov[i, m], extra[m], z[j], spot[j], site, var[j], limit, work
                    )
                if m == LEVEL and nis > par[TURN_NIS]:
                    if is_radar and of_time_s[MODEL_COUNT] == moved_s:
                        nis, likelihood = _compare(
                            kind, expected[MODEL_COUNT], spread[MODEL_COUNT], z[j], var[j], limit, s, nu
                        )
                    else:
                        for a in range(DIM[m]):
                            for b in range(DIM[m]):
                                wide[a, b] = cov[i, m, a, b]
                        widen_for_turn(at[m], wide, gap_s[i], par)
                        if is_radar:
                            _expect(kind, at[m], wide, extra[m], site, expected[MODEL_COUNT], spread[MODEL_COUNT], work)
                            of_time_s[MODEL_COUNT] = moved_s
                            nis, likelihood = _compare(
                                kind, expected[MODEL_COUNT], spread[MODEL_COUNT], z[j], var[j], limit, s, nu
                            )
                        else:
                            nis, likelihood = _fit_near(
                                kind, at[m], wide, extra[m], z[j], spot[j], site, var[j], limit, work
                            )
                    likelihood += TURN_LOG_PROB
                if not likelihood > -1e29:
                    continue
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
