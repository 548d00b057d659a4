"""Which plots of a scan each track could have made: a sorted sweep, then the innovation of what is left.

Plots are sorted by one number each that tells places apart: range (radar), a component of the line of sight (infrared)
or of the position. A track meets only the plots whose number is within reach of its own, found by bisection, so that
the work grows with the number of neighbours, not with tracks times plots.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.geodesy import east_north_up, radar_view_along
from tocsin.kernels.track_bias import weigh
from tocsin.kernels.track_motion import (
    BOOST,
    LEVEL,
    MODEL_COUNT,
    SIZE,
    TURN_ACCELERATION_M_S2,
    TURN_NIS,
    WORK_COLUMNS,
    WORK_ROWS,
)
from tocsin.kernels.track_observe import INFRARED, RADAR_RATE, ROW_COUNT, ROWS
from tocsin.kernels.track_update import LOG_2PI, TURN_LOG_PROB, bends, fit, widen_for_turn

PER_SHELF = 4  # keys, in the mean
PLOTS_MOST = 64  # that a track may choose from: a scan of thousands within one gate must not cost their square
LIVE = 1e-4  # a model this probable may claim a plot
_NEAR_SHARE = 0.1  # of the level distance: of a target that moves more than that within a scan nothing is said
_ROUND_UP, _ROUND_UP_M = 1.0 + 1e-9, 0.01
_SLACK = 4.0  # on the squared distance, where the sweep is in another space than the innovation


@in_place_kernel
def _shift(m, x, i, dt_s, at):
    """A short way along the flight, forward or back: at[m] = x[i, m] moved by dt_s with velocity, gravity, thrust."""
    r2 = x[i, m, 0] * x[i, m, 0] + x[i, m, 1] * x[i, m, 1] + x[i, m, 2] * x[i, m, 2]
    pull = 0.0 if m == LEVEL else -GM_M3_S2 / (r2 * math.sqrt(r2))
    for k in range(3):
        a = pull * x[i, m, k] + (x[i, m, 6 + k] if m == BOOST else 0.0)
        at[m, k] = x[i, m, k] + dt_s * (x[i, m, 3 + k] + 0.5 * dt_s * a)
        at[m, 3 + k] = x[i, m, 3 + k] + dt_s * a


@in_place_kernel
def first_from(key, value):
    """Index of the first of sorted keys that is not below a value."""
    low, left = 0, key.shape[0]
    while left > 0:  # without a branch that would be guessed wrong every other time
        half = (left + 1) >> 1
        is_below = key[low + half - 1] < value
        low += half * is_below
        left = left - half if is_below else half - 1
    return low


@in_place_kernel
def _shelf_of(shelf, low, per_m, value):
    """Which shelf a value belongs on: never a lower one than that of a smaller value; the first, if it is no number."""
    place = (value - low) * per_m
    if place >= shelf.shape[0] - 2:
        return shelf.shape[0] - 2
    return int(place) if place > 0.0 else 0


@in_place_kernel
def shelve(key, shelf):
    """Fill shelf (s,) int64, s > 1, so that `first_on` finds a value among sorted keys in a step or two.

    Shelf k begins with the key at shelf[k]; the last entry is the number of keys. Returns what `first_on` needs of it.
    """
    n = key.shape[0]
    low = key[0] if n > 0 else 0.0
    per_m = (shelf.shape[0] - 1.0) / (key[n - 1] - low) if n > 0 and key[n - 1] > low else 0.0
    k = 0
    for i in range(n):
        while k <= _shelf_of(shelf, low, per_m, key[i]):
            shelf[k] = i
            k += 1
    while k < shelf.shape[0]:
        shelf[k] = n
        k += 1
    return low, per_m


@in_place_kernel
def first_on(shelf, low, per_m, key, value):
    """As `first_from`, of keys that `shelve` put on shelves."""
    k = _shelf_of(shelf, low, per_m, value)
    first, last = shelf[k], shelf[k + 1]
    while first < last:
        middle = (first + last) >> 1
        if key[middle] < value:
            first = middle + 1
        else:
            last = middle
    return first


@in_place_kernel
def _reach2_m2(place2, extra, kind, distance2, var, limit):
    """Square of how far (m) a plot that is no radar's may lie from where a model expects it, and gate.

    place2: m2, the trace of the model's covariance of place
    """
    near = extra[0, 0] + extra[1, 1]
    near = (2.0 * var[0] + near) * distance2 if kind == INFRARED else var[0] + var[1] + var[2] + near + extra[2, 2]
    return _SLACK * limit * (near + place2)


@in_place_kernel
def _expect(m, e, p, extra, spread, work):
    """What a radar would measure of a state whose `radar_view_along` is in work: spread[e] (4, 4), its covariance,
    lower half, but for the plot's own.

    In        p[e] (6, 6)      covariance of place and velocity
              extra[m] (4, 4)  what biases not yet known add
    """
    for r in range(3):
        for k in range(3):
            work[ROWS, k] = work[r, 0] * p[e, 0, k] + work[r, 1] * p[e, 1, k] + work[r, 2] * p[e, 2, k]
        for c in range(r + 1):
            v = extra[m, r, c]
            for k in range(3):
                v += work[ROWS, k] * work[c, k]
            spread[e, r, c] = v


@in_place_kernel
def _expect_rate(m, e, at, p, extra, expected, spread, work):
    """Add the range rate to what `_expect` left."""
    rate_m_s = 0.0
    for k in range(3):
        rate_m_s += work[0, k] * at[m, 3 + k]
    for k in range(3):
        work[3, k] = (at[m, 3 + k] - rate_m_s * work[0, k]) / max(expected[e, 0], 1.0)
        work[3, 3 + k] = work[0, k]
    expected[e, 3] = rate_m_s
    for k in range(6):
        v = 0.0
        for i in range(6):
            v += work[3, i] * p[e, i, k]
        work[ROWS, k] = v
    for c in range(ROWS):
        v = extra[m, 3, c]
        for k in range(6 if c == 3 else 3):
            v += work[ROWS, k] * work[c, k]
        spread[e, 3, c] = v


@in_place_kernel
def _compare(rows, e, j, expected, spread, z, var, limit, s, nu):
    """Radar plot j beside what was expected: (nis, log likelihood), as `fit`; (inf, -inf) where it cannot gate.

    It never leaves early: numba would count every array, under a lock.
    s (4, 4) and nu (4, 2) are overwritten: the lower half of s by the factors L D of the innovation's covariance.
    """
    inside = True
    for r in range(rows):
        d = z[j, r] - expected[e, r]
        if r == 1 and abs(d) > math.pi:
            d -= 2.0 * math.pi * math.floor(d / (2.0 * math.pi) + 0.5)
        nu[r, 0] = d
        inside &= d * d <= limit * (spread[e, r, r] + var[j, r])
    nis, det = 0.0, 1.0
    for r in range(rows if inside else 0):
        v = nu[r, 0]
        d = spread[e, r, r] + var[j, r]
        for c in range(r):
            w = spread[e, r, c]
            for k in range(c):
                w -= s[r, k] * s[c, k] * nu[k, 1]
            s[r, c] = w
            part = w * nu[c, 1]
            d -= w * part
            v -= part * nu[c, 0]
        inside &= d > 0.0
        nu[r, 0], nu[r, 1] = v, 1.0 / d
        nis += v * v * nu[r, 1]
        det *= d
    if not inside:
        return math.inf, -math.inf
    return nis, -0.5 * (nis + math.log(det) + rows * LOG_2PI)


@in_place_kernel
def reach_m(place2, range2, angle2, limit, distance, level, moving):
    """How far from where a model is expected a radar plot that gates may lie, m; inf: anywhere.

    Each of its three innovations lies within `limit` of its variance, whose parts by the state sum up to the trace of
    the covariance of place. A plot at a distance d is further from the site than expected by d at most, and so has its
    angles' errors spread by no more than that: d2 < a + b d.

    In        place2            m2, that trace; range2 m2, angle2 rad2: variances of range and of both angles, by the
                                plots and what is not known of biases
              distance, level   m, from the site, and of that what is level
              moving            m, how far the target goes between plots of the scan
    """
    if moving > _NEAR_SHARE * level:  # so near that nothing can be said beforehand
        return math.inf
    far, level = distance + moving, max(level - moving, 1e-3)
    a = limit * (place2 + range2 + far * far * angle2)
    b = limit * (place2 / level + far * angle2)
    return (b + math.sqrt(a)) * _ROUND_UP + moving + _ROUND_UP_M


@in_place_kernel
def level_m(axes, dx, dy, dz):
    """How far that is from a site, but for the difference in height; axes: `east_north_up` of the site."""
    ex, ey, nx, ny, nz, _, _, _ = axes
    return math.sqrt((ex * dx + ey * dy) ** 2 + (nx * dx + ny * dy + nz * dz) ** 2)


@in_place_kernel
def _meet(m, x, y, z, low, high, at, reach, met):
    """Set bit m in met[low:high] for each place x, y, z that is no further from at[m] than reach; whether any is."""
    x0, y0, z0 = at[m, 0], at[m, 1], at[m, 2]
    every = 0
    for k in range(max(low, 0), high):
        dx, dy, dz = x[k] - x0, y[k] - y0, z[k] - z0
        bit = 1 << m if dx * dx + dy * dy + dz * dz <= reach * reach else 0
        met[k] |= bit
        every |= bit
    return every != 0


@in_place_kernel
def _fit_near(kind, at, p, extra, z, spot, site, var, limit, work):
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
    if d2 > _reach2_m2(p[0, 0] + p[1, 1] + p[2, 2], extra, kind, distance2, var, limit):
        return math.inf, -math.inf
    return fit(at, p, kind, z, site, var, extra, work)


@kernel
def gate(
    x, cov, mu, slope, rows, wider, dt_s, gap_s, kind, z, spot, plot_ns, when_ns, site, var, key, order, axis, limit,
    par, bias_cov, own,
):  # fmt: skip
    """Pairs of track and plot that may belong together.

    In        x, cov, mu     (n, ...) predicted tracks, of which `rows` (r,) int64 take part
              wider          (r, 6, 6) added to the covariances of place and velocity of these; (0, 6, 6): nothing
              dt_s           (n,) plot reference time minus state time, <= 0
              gap_s          (n,) s since each track's last plot
              z (p, 4), spot (p, 3)  plots, and where they are, ECEF m (infrared: the line of sight)
              plot_ns        (p,) int64; when_ns: their reference time
              var            (p, 4) variances of each plot's measurement
              key (p,)       the number that plots are sorted by: range, or the component of `spot` along axis (3,)
              order (q,)     int64 plots that take part, by key
              limit          bound on the normalised innovation squared
              slope, bias_cov, own  what biases do to tracks and plots, see ``track_bias.py``
    Out       start (r + 1,) int64, plot (k,) int64, score (k,): for row r the plots start[r] to start[r + 1], in order
              of key, and ln of the mixture likelihood of each; of more than PLOTS_MOST the likeliest
    """
    start = np.zeros(rows.shape[0] + 1, np.int64)
    plot = np.empty(4 * rows.shape[0] + 16, np.int64)
    score = np.empty(plot.shape[0])
    count = 0
    at = np.empty((MODEL_COUNT, SIZE))
    # an array is indexed here, never cut: a part that is handed on is counted, under a lock
    p = np.zeros((MODEL_COUNT + 1, 6, 6))  # covariances of place and velocity; the last: of LEVEL, had it turned
    expected = np.empty((MODEL_COUNT + 1, ROWS))
    spread = np.empty((MODEL_COUNT + 1, ROWS, ROWS))
    at_s = np.empty(MODEL_COUNT)  # which plots' time `at` is for ...
    expected_s = np.empty(MODEL_COUNT + 1)  # ... and `expected`
    work = np.empty((WORK_ROWS, WORK_COLUMNS))
    s = np.empty((ROWS, ROWS))
    nu = np.empty((ROWS, 2))
    worst = np.zeros(ROWS)
    extra = np.zeros((MODEL_COUNT, ROWS + 1, ROWS))
    sight = np.zeros(ROWS)
    span_s = 0.0
    is_radar = kind < INFRARED
    row_count = ROW_COUNT[kind]
    is_biased = bias_cov.shape[0] > 0
    axes = east_north_up(site[0], site[1], site[2])
    count_in = order.shape[0]
    near_key = np.empty(count_in)
    px, py, pz = np.empty(count_in), np.empty(count_in), np.empty(count_in)
    met = np.empty(count_in, np.int64)  # bits of the models that a plot lies near
    log_mu = np.empty(MODEL_COUNT)
    distance_m = np.empty(MODEL_COUNT)
    speed_m_s = np.empty(MODEL_COUNT)
    place2_m2 = np.empty(MODEL_COUNT)
    is_wider = wider.shape[0] > 0
    for k in range(count_in):
        j = order[k]
        near_key[k] = key[j]
        px[k], py[k], pz[k] = spot[j, 0], spot[j, 1], spot[j, 2]
        span_s = max(span_s, abs(plot_ns[j] - when_ns) / 1e9)
        for r in range(ROWS):
            worst[r] = max(worst[r], var[j, r])
    shelf = np.empty(count_in // PER_SHELF + 2, np.int64)
    first_key, per_key = shelve(near_key, shelf)
    for r in range(rows.shape[0]):
        i = rows[r]
        lowest, highest = math.inf, -math.inf
        for m in range(MODEL_COUNT):
            if mu[i, m] < LIVE:
                continue
            _shift(m, x, i, dt_s[i], at)
            at_s[m] = dt_s[i]
            distance2 = 0.0
            along = 0.0
            speed2 = 0.0
            for k in range(3):
                distance2 += (at[m, k] - site[k]) ** 2
                along += (at[m, k] - (site[k] if kind == INFRARED else 0.0)) * axis[k]
                speed2 += at[m, 3 + k] ** 2
            distance = math.sqrt(distance2)
            distance_m[m], speed_m_s[m] = distance, math.sqrt(speed2)
            if is_biased or is_wider:
                for a in range(6):
                    for b in range(6):
                        p[m, a, b] = cov[i, m, a, b] + (wider[r, a, b] if is_wider else 0.0)
            if is_biased:
                for k in range(3):
                    sight[k] = (at[m, k] - site[k]) / max(distance, 1.0) if kind == INFRARED else at[m, k]
                weigh(m, kind, at[m], p[m], site, sight, worst, slope[i, m], bias_cov, own, extra[m])
                for k in range(ROWS):  # an unknown clock by an unknown velocity
                    extra[m, k, k] += max(extra[m, ROWS, k] - worst[k], 0.0)
            xx, xy, xz = cov[i, m, 0, 0], cov[i, m, 0, 1], cov[i, m, 0, 2]
            yy, yz, zz = cov[i, m, 1, 1], cov[i, m, 1, 2], cov[i, m, 2, 2]
            if is_wider:
                xx, xy, xz = xx + wider[r, 0, 0], xy + wider[r, 0, 1], xz + wider[r, 0, 2]
                yy, yz, zz = yy + wider[r, 1, 1], yz + wider[r, 1, 2], zz + wider[r, 2, 2]
            place2_m2[m] = xx + yy + zz
            middle = along
            if is_radar:
                middle = distance
                dx, dy, dz = at[m, 0] - site[0], at[m, 1] - site[1], at[m, 2] - site[2]
                reach2 = dx * (xx * dx + 2.0 * (xy * dy + xz * dz)) + dy * (yy * dy + 2.0 * yz * dz) + zz * dz * dz
                reach2 = limit * (reach2 / max(distance2, 1.0) + worst[0] + extra[m, 0, 0]) * _ROUND_UP
            else:
                reach2 = _reach2_m2(place2_m2[m], extra[m], kind, distance2, worst, limit)
            if m == LEVEL:
                reach2 += limit * (0.5 * par[TURN_ACCELERATION_M_S2] * gap_s[i] * gap_s[i]) ** 2
            reach = math.sqrt(reach2) + 1.1 * span_s * speed_m_s[m]
            if kind == INFRARED:
                # a sight within an angle a of another differs from it by less than a in any component; sin a = d / D
                middle, reach = along / max(distance, 1.0), 1.6 * reach / max(distance - reach, 0.5 * distance, 1.0)
            lowest = min(lowest, middle - reach)
            highest = max(highest, middle + reach)
        low = first_on(shelf, first_key, per_key, near_key, lowest)
        high = first_on(shelf, first_key, per_key, near_key, highest)
        if low < high:
            for k in range(low, high):
                met[k] = 0
            is_met = False
            for m in range(MODEL_COUNT):
                if mu[i, m] < LIVE:
                    continue
                reach = math.inf
                if is_radar:
                    place2 = place2_m2[m]
                    level = level_m(axes, at[m, 0] - site[0], at[m, 1] - site[1], at[m, 2] - site[2])
                    if m == LEVEL:
                        place2 += 2.0 * (0.5 * par[TURN_ACCELERATION_M_S2] * gap_s[i] * gap_s[i]) ** 2
                    reach = reach_m(
                        place2, worst[0] + extra[m, 0, 0], worst[1] + worst[2] + extra[m, 1, 1] + extra[m, 2, 2], limit,
                        distance_m[m], level, 1.1 * span_s * speed_m_s[m],
                    )  # fmt: skip
                is_met |= _meet(m, px, py, pz, low, high, at, reach, met)
            if not is_met:
                high = low
        if low < high:
            expected_s[MODEL_COUNT] = math.nan
            for m in range(MODEL_COUNT):
                if mu[i, m] < LIVE:
                    continue
                expected_s[m] = math.nan
                log_mu[m] = math.log(mu[i, m])
                if not (is_biased or is_wider):
                    for a in range(3):
                        for b in range(3):
                            p[m, a, b] = cov[i, m, a, b]
                    if kind == RADAR_RATE:
                        for a in range(6):
                            for b in range(6):
                                p[m, a, b] = cov[i, m, a, b]
        for k in range(low, high):
            if met[k] == 0:
                continue
            j = order[k]
            moved_s = (plot_ns[j] - when_ns) / 1e9 + dt_s[i]
            inside = False
            best = -1e30
            total = 0.0
            for m in range(MODEL_COUNT):
                if not met[k] >> m & 1:
                    continue
                if at_s[m] != moved_s:
                    _shift(m, x, i, moved_s, at)
                    at_s[m] = moved_s
                nis, likelihood = math.inf, -math.inf
                for turn in range(2 if m == LEVEL else 1):
                    e = MODEL_COUNT if turn else m
                    is_new = expected_s[e] != moved_s
                    if turn:
                        if not nis > par[TURN_NIS]:
                            break
                        if is_new:
                            for a in range(6):
                                for b in range(6):
                                    p[e, a, b] = p[m, a, b]
                            widen_for_turn(at[m], p[e], gap_s[i], par)
                    if is_radar:
                        if is_new:
                            dx, dy, dz = at[m, 0] - site[0], at[m, 1] - site[1], at[m, 2] - site[2]
                            seen = radar_view_along(axes, dx, dy, dz, work)
                            expected[e, 0], expected[e, 1], expected[e, 2] = seen
                            _expect(m, e, p, extra, spread, work)
                            if kind == RADAR_RATE:
                                _expect_rate(m, e, at, p, extra, expected, spread, work)
                                _, bend_m2_s2 = bends(at[m], p[e], site, math.inf)
                                spread[e, 3, 3] += bend_m2_s2
                        nis, likelihood = _compare(row_count, e, j, expected, spread, z, var, limit, s, nu)
                    else:
                        nis, likelihood = _fit_near(
                            kind, at[m], p[e], extra[m], z[j], spot[j], site, var[j], limit, work
                        )
                    expected_s[e] = moved_s
                    if turn:
                        likelihood += TURN_LOG_PROB
                if not likelihood > -1e29:
                    continue
                if nis <= limit:
                    inside = True
                value = likelihood + log_mu[m]
                if value > best:
                    total = total * math.exp(max(best - value, -700.0)) + 1.0
                    best = value
                else:
                    total += math.exp(max(value - best, -700.0))
            if inside:
                value = best + math.log(total)
                if count - start[r] == PLOTS_MOST:  # the least likely gives way
                    least = start[r]
                    for c in range(start[r] + 1, count):
                        if score[c] < score[least]:
                            least = c
                    if value <= score[least]:
                        continue
                    count -= 1
                    for c in range(least, count):
                        plot[c], score[c] = plot[c + 1], score[c + 1]
                if count == plot.shape[0]:
                    plot = np.concatenate((plot, np.empty_like(plot)))
                    score = np.concatenate((score, np.empty_like(score)))
                plot[count] = j
                score[count] = value
                count += 1
        start[r + 1] = count
    return start, plot[:count], score[:count]
