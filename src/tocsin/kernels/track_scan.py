"""What one scan does to the slots of the tracker's memory: who may take its plots, plots used, tracks begun.

Each function is a loop around the kernels of one track. `slots` (n,) int64 are rows of the memory's arrays, in order of
track number; `seen_x`, `seen_cov`, `seen_mu` (n, ...) are the same tracks predicted to the scan's reference time.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.geodesy import east_north_up, ecef_along, radar_view_along
from tocsin.kernels.track_bank import copy_bank, predict, update_bank
from tocsin.kernels.track_bias import may_teach, start_sensitivity
from tocsin.kernels.track_gate import PER_SHELF, first_on, shelve
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    COAST_PSD,
    JERK_PSD,
    LEVEL_PSD,
    LEVEL_SPEED_STD_M_S,
    LEVEL_UP_PSD,
    MODEL_COUNT,
    THRUST_MAX_M_S2,
    THRUST_STD_M_S2,
    TURN_ACCELERATION_M_S2,
    VELOCITY_STD_M_S,
    WORK_COLUMNS,
    WORK_ROWS,
)
from tocsin.kernels.track_observe import ROW_COUNT, ROWS
from tocsin.kernels.track_start import LEVEL_CLIMB_STD_M_S, light, start_bank

# status of a slot
FREE = 0
TENTATIVE = 1
CONFIRMED = 2

# what a sensor says it swept, (SWEPT_COUNT,)
AZIMUTH_FROM_RAD = 0
AZIMUTH_TO_RAD = 1
ELEVATION_MIN_RAD = 2
ELEVATION_MAX_RAD = 3
RANGE_MIN_M = 4
RANGE_MAX_M = 5
DETECTION_PROB = 6
CLUTTER_DENSITY = 7  # false plots per unit of the measured volume; 0: not stated
SWEPT_COUNT = 8

_SURE = 0.99  # a track of one model, this surely, teaches biases
_PULL_M_S2 = 10.0  # gravity, at most
_WIDER = 1.05  # of variances: for what a short prediction adds to them besides, as by the gradient of gravity
_TURN = 2.0 * math.pi  # rad
_RING_SHARE = 0.1  # of the level distance: of what may move further than that by itself nothing is said


@kernel
def plausible_plots(z, var, time_ns, least, most, var_least, var_most, first_ns, last_ns):
    """Which plots a sensor can make: (n,) bool, and of how many that is so.

    In        z, var (n, ROWS), time_ns (n,); least (ROWS,), most: allowed of z; var_least, var_most (ROWS,): of var;
              first_ns to last_ns: of the time
    """
    is_fit = np.empty(z.shape[0], np.bool_)
    count = 0
    for i in range(z.shape[0]):
        is_fit[i] = first_ns <= time_ns[i] <= last_ns
        for r in range(z.shape[1]):
            is_fit[i] = is_fit[i] and least[r] <= z[i, r] <= most and var_least <= var[i, r] <= var_most[r]
        count += is_fit[i]
    return is_fit, count


@in_place_kernel
def spots_from_radar(z, site, spot):
    """Fill spot (p, 3), ECEF m: where plots z (p, >= 3) of range m, azimuth and elevation rad, lie."""
    axes = east_north_up(site[0], site[1], site[2])
    for j in range(z.shape[0]):
        x, y, z_m = ecef_along(axes, z[j, 0], z[j, 1], z[j, 2], site)
        spot[j, 0] = x
        spot[j, 1] = y
        spot[j, 2] = z_m


@in_place_kernel
def sort_out(
    status, parent, plot_count, t_ns, last_ns, slots, when_ns, late_limit_s, joins_hits, first, rest, back_s, gap_s
):
    """Which tracks of a scan choose plots first, and which from what those leave.

    In        status .. last_ns  of the memory; slots (n,); when_ns: the plots' reference time
              late_limit_s       a state further ahead of it takes no part
              joins_hits         what came off a track chooses first once it has so many plots
    Out       first (n,) and rest (n,) int64 rows; back_s (n,) reference time less the state's where that is
              later, gap_s (n,) s since the last plot
    Returns   how many of first and of rest are filled
    """
    first_count, rest_count = 0, 0
    for i in range(slots.shape[0]):
        k = slots[i]
        back_s[i] = min((when_ns - t_ns[k]) / 1e9, 0.0)
        gap_s[i] = max((when_ns - last_ns[k]) / 1e9, 0.0)
        hits = plot_count[k, 0] + plot_count[k, 1] + plot_count[k, 2]
        if back_s[i] < -late_limit_s:
            continue
        if status[k] == CONFIRMED or (parent[k] > 0 and hits >= joins_hits):
            first[first_count] = i
            first_count += 1
        else:
            rest[rest_count] = i
            rest_count += 1
    return first_count, rest_count


@kernel
def lone(
    x, cov, mu, t_ns, last_ns, plot_count, status, parent, when_ns, z, order, plot_ns, site, var, limit, par
):  # fmt: skip
    """Tracks of one radar plot that no plot of a radar's scan can continue: of most false plots this is all there is.

    Such a track knows its place and no velocity, so what it may reach needs no prediction of its bank.

    In        x .. parent    of the memory, T slots; when_ns: the plots' reference time
              z (p, 4), order (p,), plot_ns (p,), var (p, 4)   the plots, and their order by range
              limit          bound on the normalised innovation squared
    Out       (T,) bool; true only where `track_gate.gate` would find nothing
    """
    out = np.empty(status.shape[0], np.bool_)
    view, worst = np.empty((3, order.shape[0])), np.zeros(3)
    span_s = 0.0
    for i in range(order.shape[0]):
        j = order[i]
        span_s = max(span_s, abs(plot_ns[j] - when_ns) * 1e-9)
        for r in range(3):
            view[r, i] = z[j, r]
            worst[r] = max(worst[r], var[j, r])
        view[1, i] -= _TURN * math.floor(view[1, i] / _TURN)
    _lone(
        x, cov, mu, t_ns, last_ns, plot_count, status, parent, when_ns, span_s, view[0], view[1], view[2], site, worst,
        limit, par, np.empty(order.shape[0] // PER_SHELF + 2, np.int64), np.empty((3, 3)), out,
    )  # fmt: skip
    return out


@in_place_kernel
def _lone(
    x, cov, mu, t_ns, last_ns, plot_count, status, parent, when_ns, span_s, ranges, azimuths, elevations, site, var,
    limit, par, shelf, sight, out,
):  # fmt: skip
    """`lone` of plots by range, at most span_s from the reference time; var (3,): their largest variances.

    Azimuths lie between 0 and a turn. shelf (s,): room for `track_gate.shelve`; sight (3, 3): to work.
    """
    fastest_m_s = max(par[VELOCITY_STD_M_S], par[LEVEL_SPEED_STD_M_S], LEVEL_CLIMB_STD_M_S)
    psd = max(par[COAST_PSD], par[LEVEL_PSD], par[LEVEL_UP_PSD])
    axes = east_north_up(site[0], site[1], site[2])
    nearest_m, per_m = shelve(ranges, shelf)
    for k in range(status.shape[0]):
        out[k] = False
        is_one = plot_count[k, 0] == 1 and plot_count[k, 1] + plot_count[k, 2] == 0 and parent[k] == 0
        if status[k] != TENTATIVE or not is_one or t_ns[k] != last_ns[k]:
            continue
        dt_s = abs(when_ns - t_ns[k]) * 1e-9 + span_s
        half = 0.5 * dt_s * dt_s
        moved_m = half * _PULL_M_S2
        spread2 = (dt_s * fastest_m_s) ** 2 + (half * par[TURN_ACCELERATION_M_S2]) ** 2 + psd * dt_s**3 / 3.0
        if mu[k, BOOST] > 0.0:
            moved_m += half * THRUST_MAX_M_S2
            spread2 += (half * max(par[THRUST_STD_M_S2], THRUST_MAX_M_S2)) ** 2 + par[JERK_PSD] * dt_s**5 / 20.0
        at, p = x[k, BALLISTIC], cov[k, BALLISTIC]
        range_m, azimuth_rad, elevation_rad = radar_view_along(
            axes, at[0] - site[0], at[1] - site[1], at[2] - site[2], sight
        )  # fmt: skip
        along2 = 0.0
        for a in range(3):
            for b in range(3):
                along2 += sight[0, a] * p[a, b] * sight[0, b]
        across2 = max(p[0, 0] + p[1, 1] + p[2, 2] - along2, 0.0) + spread2
        ring_m = range_m * math.cos(elevation_rad)
        if moved_m > _RING_SHARE * ring_m:
            continue
        ring_m -= moved_m
        reach_m = math.sqrt(limit * _WIDER * (var[0] + along2 + spread2)) + moved_m
        wide = math.sqrt(limit * _WIDER * (var[1] + across2 / (ring_m * ring_m))) + moved_m / ring_m
        high = math.sqrt(limit * _WIDER * (var[2] + across2 / (ring_m * ring_m))) + moved_m / ring_m
        met = False
        first = first_on(shelf, nearest_m, per_m, ranges, range_m - reach_m)
        for i in range(max(first, 0), first_on(shelf, nearest_m, per_m, ranges, range_m + reach_m)):
            turn = abs(azimuths[i] - azimuth_rad)
            met |= (min(turn, _TURN - turn) <= wide) & (abs(elevations[i] - elevation_rad) <= high)
        out[k] = not met


@kernel
def use_plots(
    x, cov, mu, slope, t_ns, first_ns, last_ns, miss_count, plot_count, evidence, status, parent,
    slots, choice, worth, seen_x, seen_cov, seen_mu, seen_slope, when_ns, kind, column, z, plot_ns, site, var, par,
    bias_cov, own,
):  # fmt: skip
    """Update tracks with the plots they chose.

    In        parent              of the memory: what came off another track knows from it whether it burns
              choice (n,) int64   plot of each track, -1: none; worth (n,): what it adds to the evidence for the track
              column              that of `plot_count` that counts this kind of plot
              plot_ns (p,) int64
              bias_cov, own       of biases: what is not known of them, and the sensor's part
    Out       nis (n,)            normalised innovation squared, -1 where no plot was used
              rows (k, b + 1)     what confirmed tracks that fly as one model teach of the biases, as `learn` gives it
    The state moves to its plot's time where that lies ahead of it; an older plot updates it where it was then.
    """
    n, b = slots.shape[0], bias_cov.shape[0]
    nis = np.empty(n)
    rows = np.empty((n * ROWS if b > 0 else 0, b + 1))
    count = _use_plots(
        x, cov, mu, slope, t_ns, first_ns, last_ns, miss_count, plot_count, evidence, status, parent,
        slots, choice, worth, seen_x, seen_cov, seen_mu, seen_slope, when_ns, kind, column, z, plot_ns, site, var, par,
        bias_cov, own, nis, rows, np.empty((WORK_ROWS, WORK_COLUMNS)), np.empty((ROWS + 1, ROWS)),
        np.empty((MODEL_COUNT, ROWS, b + 1)),
    )  # fmt: skip
    return nis, rows[:count]


@in_place_kernel
def _use_plots(
    x, cov, mu, slope, t_ns, first_ns, last_ns, miss_count, plot_count, evidence, status, parent,
    slots, choice, worth, seen_x, seen_cov, seen_mu, seen_slope, when_ns, kind, column, z, plot_ns, site, var, par,
    bias_cov, own, nis, rows, work, extra, taught,
):  # fmt: skip
    """`use_plots` with room to work, as of `track_bank.update_bank`; returns how many rows are filled."""
    is_biased = bias_cov.shape[0] > 0
    count = 0
    for i in range(slots.shape[0]):
        j = choice[i]
        nis[i] = -1.0
        if j < 0:
            continue
        k = slots[i]
        if plot_ns[j] > t_ns[k]:
            if plot_ns[j] == when_ns:
                copy_bank(seen_x[i], seen_cov[i], seen_mu[i], seen_slope[i], x[k], cov[k], mu[k], slope[k])
            else:
                predict(x[k], cov[k], mu[k], slope[k], (plot_ns[j] - t_ns[k]) * 1e-9, par, work)
            t_ns[k] = plot_ns[j]
        hits = plot_count[k, 0] + plot_count[k, 1] + plot_count[k, 2]
        if hits == 1 and mu[k, BALLISTIC] == 1.0 and parent[k] == 0:
            light(x[k], cov[k], mu[k], slope[k], par)
        late_s = max((t_ns[k] - plot_ns[j]) * 1e-9, 0.0)
        gap_s = max((plot_ns[j] - last_ns[k]) * 1e-9, 0.0)
        top, nis[i] = update_bank(
            x[k], cov[k], mu[k], slope[k], gap_s, late_s, kind, z[j], site, var[j], par, bias_cov, own, work, extra,
            taught,
        )  # fmt: skip
        if nis[i] >= 0.0:
            if is_biased and status[k] == CONFIRMED and mu[k, top] > _SURE and may_teach(top, cov[k, top]):
                for r in range(ROW_COUNT[kind]):
                    for b in range(rows.shape[1]):
                        rows[count, b] = taught[top, r, b]
                    count += 1
            last_ns[k] = max(last_ns[k], plot_ns[j])
            first_ns[k] = min(first_ns[k], plot_ns[j])
            plot_count[k, column] += 1
            miss_count[k] = 0
            evidence[k] += worth[i]
    return count


@in_place_kernel
def start_tracks(
    x, cov, mu, slope, t_ns, first_ns, last_ns, plot_count, slots, plots, kind, column, z, plot_ns, site, var, par,
    bias_cov, own,
):  # fmt: skip
    """Begin a track in each slot (n,) with one of the plots (n,) int64."""
    for i in range(slots.shape[0]):
        k, j = slots[i], plots[i]
        start_bank(kind, z[j], site, var[j], par, x[k], cov[k], mu[k])
        if bias_cov.shape[0] > 0:
            start_sensitivity(kind, z[j], site, own, bias_cov, x[k], cov[k], slope[k])
        t_ns[k] = first_ns[k] = last_ns[k] = plot_ns[j]
        plot_count[k, column] = 1


@in_place_kernel
def put_back(x, cov, mu, slope, t_ns, slots, seen_x, seen_cov, seen_mu, seen_slope, to_ns):
    """Predicted banks become the memory's, where they lie ahead of it."""
    for i in range(slots.shape[0]):
        k = slots[i]
        copy_bank(seen_x[i], seen_cov[i], seen_mu[i], seen_slope[i], x[k], cov[k], mu[k], slope[k])
        t_ns[k] = max(t_ns[k], to_ns)
