"""What the constant errors of sensors do to tracks, and what tracks say of those errors: Friedland's separated bias.

All sensors' biases b (n,) share one Gaussian, in sigmas of their priors, so that it starts as N(0, 1). A track's filter
runs as if b were known to be `ref`; beside it runs a (9, n) = d x / d b of its mean, elsewhere called slope, so that

    x | b = m + a (b - ref), covariance p;     x = m + a (b_hat - ref), covariance p + a cov_b a'

With h = d z / d x and g = d z / d b of a plot, u = h a + g, gain k and s = h p h' + r of the filter for known b:

    a <- phi a in motion;     a <- a - k u,  b learns from  nu = u (b - ref) + noise of covariance s

Tracks are independent of each other given b, so one b for all is exact, as far as the rest is linear.
Source: Friedland, Treatment of bias in recursive filtering, IEEE Trans. Automatic Control 14(4), 1969; Ignagni, IEEE
TAC 35(12), 1990; for sensors: Lin, Kirubarajan, Bar-Shalom, Multisensor-multitarget bias estimation, IEEE TAES 41,
2005. Kept here by what an update leaves behind: k = p+ h' r^-1 and, with l l' = r - h p+ h',
s^-1 = r^-1 l l' r^-1, s^-1 nu = r^-1 (z - h(x+)): any filter's posterior serves, and nothing is inverted but r.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.constants import GM_M3_S2
from tocsin.kernels.geodesy import ecef_from_radar, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.refraction import bend, unbend
from tocsin.kernels.track_motion import BOOST, DIM, LEVEL, MODEL_COUNT, SIZE
from tocsin.kernels.track_observe import COLUMN_COUNT, INFRARED, NU, ROW_COUNT, ROWS, observe

RANGE, AZIMUTH, ELEVATION, CLOCK, AIR = 0, 1, 2, 3, 4  # components; AIR: surface refractivity over the surveyed one
COMPONENTS = 5
_TEACH_STD_M_S = 20.0  # each axis; with 50 ms of clocks 100 m/s left a NEES of 1.13 and tracks of 1.36
_TEACH_LEVEL_STD_M_S = 100.0  # an aircraft's is blurred by what it may do next
_AIR_STEP = 10.0  # N-units, of the difference quotient
_LEAST_ELEVATION_RAD = 0.005  # below, rays near the ground bend too unevenly for a derivative


@in_place_kernel
def plot_sensitivity(model, kind, x, site, seen, own, g):
    """Fill g (4, n): by how much a plot's rows grow with each bias, in sigmas of its prior.

    In        seen   the Jacobian in its leading (4, 6), as of `observe` at x
              own    the sensor's part: columns (5,) the bias behind each component, -1: has none; prior sigmas (5,) m,
                     rad, rad, s, N-units; and the surveyed refractivity, N-units
    A clock that is ahead shows a target where it was before: - d z / d t. The air's is a difference quotient of
    `bend` and `unbend`, good to some per cent.
    """
    columns, scale, n0 = own
    for r in range(ROWS):
        for c in range(g.shape[1]):
            g[r, c] = 0.0
    if kind < INFRARED:
        for r in range(3):
            if columns[r] >= 0:
                g[r, columns[r]] = scale[r]
        air = columns[AIR]
        if air >= 0:
            range_m, _, elevation_rad = radar_from_ecef(x, site)
            _, _, height_m = geodetic_from_ecef(site[0], site[1], site[2])
            elevation_rad = max(elevation_rad, _LEAST_ELEVATION_RAD)
            seen_rad, seen_m = bend(height_m, elevation_rad, range_m, n0 + _AIR_STEP)
            back_rad, back_m = unbend(height_m, seen_rad, seen_m, n0)
            g[0, air] = (back_m - range_m) / _AIR_STEP * scale[AIR]
            g[2, air] = (back_rad - elevation_rad) / _AIR_STEP * scale[AIR]
    clock = columns[CLOCK]
    if clock >= 0:
        r2 = x[0] * x[0] + x[1] * x[1] + x[2] * x[2]
        pull = 0.0 if model == LEVEL else -GM_M3_S2 / (r2 * math.sqrt(r2))
        for r in range(ROW_COUNT[kind]):
            rate = 0.0
            for i in range(3):
                acceleration = pull * x[i] + (x[6 + i] if model == BOOST else 0.0)
                rate += seen[r, i] * x[3 + i] + seen[r, 3 + i] * acceleration
            g[r, clock] = -rate * scale[CLOCK]


@kernel
def straighten_again(elevation_rad, range_m, site, n0, n0_new):
    """Plots (n,), (n,) that were straightened by one surface refractivity, straightened by another, in place."""
    _, _, height_m = geodetic_from_ecef(site[0], site[1], site[2])
    for i in range(range_m.shape[0]):
        seen_rad, seen_m = bend(height_m, elevation_rad[i], range_m[i], n0)
        elevation_rad[i], range_m[i] = unbend(height_m, seen_rad, seen_m, n0_new)
    return elevation_rad, range_m


@kernel
def weigh(model, kind, x, cov, site, z, var, slope, bias_cov, own, extra):
    """What biases not yet known do to the innovation of a plot z (4,) expected at x (9,).

    Out       extra (5, 4)   what they add to its covariance, u bias_cov u'; and in the last row var (4,), with what an
                             unknown clock does by an unknown velocity: the product, of second order. Without it a track
                             that has just begun, its velocity unknown to km/s, would take a clock's error for nothing.
    """
    columns, scale, _ = own
    m = ROW_COUNT[kind]
    n = bias_cov.shape[0]
    seen = np.empty((ROWS, NU + 1))
    u = np.empty((ROWS, n))
    observe(kind, x, site, z, seen)
    plot_sensitivity(model, kind, x, site, seen, own, u)
    for r in range(m):
        for c in range(n):
            for i in range(COLUMN_COUNT[kind]):
                u[r, c] += seen[r, i] * slope[i, c]
    for r in range(m):
        for c in range(r + 1):
            v = 0.0
            for i in range(n):
                s = 0.0
                for j in range(n):
                    s += bias_cov[i, j] * u[c, j]
                v += u[r, i] * s
            extra[r, c] = v
            extra[c, r] = v
    clock = columns[CLOCK]
    clock_var_s2 = bias_cov[clock, clock] * scale[CLOCK] * scale[CLOCK] if clock >= 0 else 0.0
    for r in range(ROWS):
        extra[ROWS, r] = var[r]
        if clock >= 0 and r < m:
            for i in range(3):
                for j in range(3):
                    extra[ROWS, r] += clock_var_s2 * seen[r, i] * cov[3 + i, 3 + j] * seen[r, j]


@kernel
def start_sensitivity(kind, z, site, own, bias_cov, x, cov, slope):
    """Fill slope (3, 9, n) of a bank begun by `start_bank` from one plot z, less the biases as believed; widen its cov.

    The plot places the target, so its errors are the position's; a clock that is ahead has it further on its way.
    """
    columns, scale, n0 = own
    count = slope.shape[2]
    seen = np.zeros((ROWS, NU + 1))
    g = np.empty((ROWS, count))
    no_clock = columns.copy()
    no_clock[CLOCK] = -1
    plot_sensitivity(LEVEL, kind, x[0], site, seen, (no_clock, scale, n0), g)
    by_plot = np.zeros((3, 3))  # d position / d (range, azimuth, elevation)
    if kind < INFRARED:
        for r in range(3):
            step = 1.0 if r == 0 else 1e-5
            for side in (-1.0, 1.0):
                at = ecef_from_radar(
                    z[0] + (side * step if r == 0 else 0.0),
                    z[1] + (side * step if r == 1 else 0.0),
                    z[2] + (side * step if r == 2 else 0.0),
                    site,
                )
                for i in range(3):
                    by_plot[i, r] += side * at[i] / (2.0 * step)
    clock = columns[CLOCK]
    for m in range(MODEL_COUNT):
        for i in range(SIZE):
            for c in range(count):
                slope[m, i, c] = 0.0
        for i in range(3):
            for c in range(count):
                for r in range(3):
                    slope[m, i, c] -= by_plot[i, r] * g[r, c]
            if clock >= 0:
                slope[m, i, clock] = x[m, 3 + i] * scale[CLOCK]
        if clock >= 0:
            clock_var_s2 = bias_cov[clock, clock] * scale[CLOCK] * scale[CLOCK]
            for i in range(3):
                for j in range(3):
                    cov[m, i, j] += clock_var_s2 * cov[m, 3 + i, 3 + j]


@kernel
def learn(model, kind, before, x, cov, late, back, phi, q, z, site, var, own, slope, rows):
    """Change a track's slope (9, n) by the update that led to x, cov, and say what that tells of the biases.

    In        before (9,)         the state before the update
              x (9,), cov (9, 9)  after it; slope: before it, moved to the state's time
              late                the plot is older than the state; back (9,): `before` moved back to it; phi, q (9, 9):
                                  that motion's transition and its noise
              z, var (4,)         the plot, less the biases as believed, and its variances
    Out       rows (4, n + 1)     of each: w = v . (b - ref) + noise of variance 1, as v, w
    What the update changed is moved back by phi, as the update itself did. Not the state, whose motion is not linear:
    phi x is off the state moved back by 1 s by 15 m of gravity, and in dense air by kilometres: phi holds the slope of
    density, and would take it over an Earth's radius.
    """
    n = DIM[model]
    at = np.zeros(SIZE)
    for i in range(n):
        at[i] = x[i]
        if late:
            at[i] = back[i]
            for k in range(n):
                at[i] += phi[i, k] * (x[k] - before[k])
    seen = np.empty((ROWS, NU + 1))
    g = np.empty((ROWS, slope.shape[1]))
    observe(kind, at, site, z, seen)
    plot_sensitivity(model, kind, at, site, seen, own, g)
    learn_rows(n, ROW_COUNT[kind], cov, late, phi, q, var, seen, g, slope, rows)


@kernel
def learn_rows(n, m, cov, late, phi, q, var, seen, g, slope, rows):
    """`learn` from the partials of a plot, g (4, count), and `observe` after the update."""
    count = slope.shape[1]
    h = np.empty((ROWS, SIZE))
    noise = np.empty((ROWS, ROWS))
    for r in range(m):
        for j in range(n):
            v = seen[r, j] if j < 6 else 0.0
            if late:
                v = 0.0
                for k in range(6):
                    v += seen[r, k] * phi[k, j]
            h[r, j] = v
        for c in range(m):
            v = var[r] if r == c else 0.0
            if late:
                for i in range(6):
                    for k in range(6):
                        v += seen[r, i] * q[i, k] * seen[c, k]
            noise[r, c] = v
    for r in range(m):
        for c in range(count):
            v = g[r, c]
            for k in range(n):
                v += h[r, k] * slope[k, c]
            rows[r, c] = v  # u
        rows[r, count] = seen[r, NU]
    left = np.empty((ROWS, ROWS))  # d = r - h p h', then its Cholesky factor
    for r in range(m):
        for c in range(r + 1):
            v = noise[r, c]
            for i in range(n):
                for k in range(n):
                    v -= h[r, i] * cov[i, k] * h[c, k]
            left[r, c] = v
    for j in range(m):
        d = left[j, j]
        for k in range(j):
            d -= left[j, k] * left[j, k]
        d = math.sqrt(max(d, 0.0))
        left[j, j] = d
        for i in range(j + 1, m):
            v = left[i, j]
            for k in range(j):
                v -= left[i, k] * left[j, k]
            left[i, j] = v / d if d > 0.0 else 0.0
    for i in range(m):  # the residual in its own sigmas
        v = rows[i, count]
        for k in range(i):
            v -= left[i, k] * rows[k, count]
        rows[i, count] = v / left[i, i] if left[i, i] > 0.0 else 0.0
    solve_in_place(noise, m, rows, count)  # r^-1 u
    pull = np.empty((SIZE, ROWS))  # p h'
    for i in range(n):
        for r in range(m):
            v = 0.0
            for k in range(n):
                v += cov[i, k] * h[r, k]
            pull[i, r] = v
    for i in range(n):
        for c in range(count):
            v = slope[i, c]
            for r in range(m):
                v -= pull[i, r] * rows[r, c]
            slope[i, c] = v
    for c in range(count):
        for i in range(m):  # left' r^-1 u: upwards of i only what is still as it was
            v = 0.0
            for k in range(i, m):
                v += left[k, i] * rows[k, c]
            rows[i, c] = v


@in_place_kernel
def may_teach(model, cov):
    """Whether a track of one model knows its velocity well enough for its sensitivities to be believed.

    What is learnt with sensitivities that are wrong is never unlearnt. Thrust is not known well enough at all.
    """
    std_m_s = _TEACH_STD_M_S if model != LEVEL else _TEACH_LEVEL_STD_M_S
    return model != BOOST and cov[3, 3] + cov[4, 4] + cov[5, 5] < 3.0 * std_m_s * std_m_s


@in_place_kernel
def solve_in_place(s, m, b, count):
    """b <- s^-1 b for `count` columns, s (m, m) positive definite; s is left as its Cholesky factor."""
    for j in range(m):
        d = s[j, j]
        for k in range(j):
            d -= s[j, k] * s[j, k]
        d = math.sqrt(max(d, 1e-300))
        s[j, j] = d
        for i in range(j + 1, m):
            v = s[i, j]
            for k in range(j):
                v -= s[i, k] * s[j, k]
            s[i, j] = v / d
    for c in range(count):
        for i in range(m):
            v = b[i, c]
            for k in range(i):
                v -= s[i, k] * b[k, c]
            b[i, c] = v / s[i, i]
        for i in range(m - 1, -1, -1):
            v = b[i, c]
            for k in range(i + 1, m):
                v -= s[k, i] * b[k, c]
            b[i, c] = v / s[i, i]


@kernel
def believe(ref, rows, count, bias, bias_cov):
    """Update bias (n,), bias_cov (n, n) in place with the first `count` of rows (k, n + 1) of `learn`, made about ref.

    One row after another, each a subtraction of a square; symmetric by construction.
    """
    n = bias.shape[0]
    pv = np.empty(n)
    for r in range(count):
        total = 1.0
        miss = rows[r, n]
        for i in range(n):
            s = 0.0
            for j in range(n):
                s += bias_cov[i, j] * rows[r, j]
            pv[i] = s
        for i in range(n):
            total += rows[r, i] * pv[i]
            miss -= rows[r, i] * (bias[i] - ref[i])
        for i in range(n):
            bias[i] += pv[i] * miss / total
            for j in range(i + 1):
                v = bias_cov[i, j] - pv[i] * pv[j] / total
                bias_cov[i, j] = v
                bias_cov[j, i] = v


@in_place_kernel
def centre(x, slope, slots, change):
    """Make x (T, 3, 9) at slots (n,) what it is for biases that are now believed to be `change` (b,) more."""
    for i in range(slots.shape[0]):
        k = slots[i]
        for m in range(MODEL_COUNT):
            for r in range(DIM[m]):
                for c in range(change.shape[0]):
                    x[k, m, r] += slope[k, m, r, c] * change[c]


@in_place_kernel
def drift(steps, keep, bias, bias_cov):
    """Let the biases drift for equal steps, in each back to their priors by the share 1 - keep: Gauss and Markov.

    Step by step, so that the same steps taken in other portions give the same bits.
    """
    n = bias.shape[0]
    for _ in range(steps):
        for i in range(n):
            bias[i] *= keep
            for j in range(n):
                bias_cov[i, j] *= keep * keep
            bias_cov[i, i] += 1.0 - keep * keep
