"""What one scan does to the slots of the tracker's memory: plots used, looks that saw nothing, tracks begun.

Each function is a loop around the kernels of one track. `slots` (n,) int64 are rows of the memory's arrays, in order of
track number; `seen_x`, `seen_cov`, `seen_mu` (n, ...) are the same tracks predicted to the scan's reference time.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.geodesy import ecef_from_radar, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.track_bank import copy_bank, predict, update_bank
from tocsin.kernels.track_bias import may_teach, start_sensitivity
from tocsin.kernels.track_motion import (
    BALLISTIC,
    BOOST,
    COAST_PSD,
    DEAD_PROB,
    JERK_PSD,
    LEVEL,
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
from tocsin.kernels.track_observe import INFRARED, ROW_COUNT, ROWS
from tocsin.kernels.track_start import LEVEL_CLIMB_STD_M_S, light, start_bank
from tocsin.kernels.track_twins import may_be_known

# status of a slot
FREE = 0
TENTATIVE = 1
CONFIRMED = 2

# what a scan did to a slot, bits
CHANGED = 1  # something about it is to be told
DROPPED = 2
FED = 4  # it used a plot
YOUNG = 8  # it did, and may yet be the double of another
RIPE = 16  # its evidence confirms it

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

_PLUME_HEIGHT_M = 12_000.0  # below, cloud may hide a plume
_EDGE_RAD = 0.01
_EDGE_M = 2_000.0
_MISS_STD_M = 5_000.0  # a track less sure of its place than this may well be elsewhere: no miss is counted
_PROB_MAX = 0.99  # no sensor is sure to see
_BOOST_CHANGE = 0.1  # a change of this much in the probability of thrust is told without a plot
_HITS_MIN = 3  # two plots agree with any velocity: no track is confirmed by fewer
_SURE = 0.99  # a track of one model, this surely, teaches biases
_PULL_M_S2 = 10.0  # gravity, at most
_WIDER = 1.05  # of variances: for what a short prediction adds to them besides, as by the gradient of gravity
_RING_SHARE = 0.1  # of the level distance: of what may be further from its place than that nothing is said


@kernel
def spots_from_radar(z, site):
    """(p, 3) ECEF m: where plots z (p, >= 3) of range m, azimuth and elevation rad, lie."""
    spot = np.empty((z.shape[0], 3))
    for j in range(z.shape[0]):
        at = ecef_from_radar(z[j, 0], z[j, 1], z[j, 2], site)
        for a in range(3):  # a row in one assignment takes numba a second more to compile
            spot[j, a] = at[a]
    return spot


@kernel
def sort_out(status, parent, plot_count, t_ns, last_ns, slots, when_ns, late_limit_s, joins_hits):
    """Which tracks of a scan choose plots first, and which from what those leave.

    In        status .. last_ns  of the memory; slots (n,); when_ns: the plots' reference time
              late_limit_s       a state further ahead of it takes no part
              joins_hits         what came off a track chooses first once it has so many plots
    Out       first (k,) and rest (m,) int64 rows, back_s (n,) reference time less the state's where that is
              later, gap_s (n,) s since the last plot
    """
    n = slots.shape[0]
    first, rest = np.empty(n, np.int64), np.empty(n, np.int64)
    back_s, gap_s = np.empty(n), np.empty(n)
    first_count, rest_count = 0, 0
    for i in range(n):
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
    return first[:first_count], rest[:rest_count], back_s, gap_s


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
    _lone(
        x, cov, mu, t_ns, last_ns, plot_count, status, parent, when_ns, span_s, view[0], view[1], view[2], site, worst,
        limit, par, np.empty(3), out,
    )  # fmt: skip
    return out


@in_place_kernel
def _lone(
    x, cov, mu, t_ns, last_ns, plot_count, status, parent, when_ns, span_s, ranges, azimuths, elevations, site, var,
    limit, par, sight, out,
):  # fmt: skip
    """`lone` of plots by range, at most span_s from the reference time; var (3,): their largest variances."""
    fastest_m_s = max(par[VELOCITY_STD_M_S], par[LEVEL_SPEED_STD_M_S], LEVEL_CLIMB_STD_M_S)
    psd = max(par[COAST_PSD], par[LEVEL_PSD], par[LEVEL_UP_PSD])
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
        range_m, azimuth_rad, elevation_rad = radar_from_ecef(at[:3], site)
        along2 = 0.0
        for a in range(3):
            sight[a] = (at[a] - site[a]) / max(range_m, 1.0)
        for a in range(3):
            for b in range(3):
                along2 += sight[a] * p[a, b] * sight[b]
        across2 = max(p[0, 0] + p[1, 1] + p[2, 2] - along2, 0.0) + spread2
        ring_m = range_m * math.cos(elevation_rad)
        if moved_m + math.sqrt(limit * across2) > _RING_SHARE * ring_m:
            continue
        ring_m -= moved_m
        reach_m = math.sqrt(limit * _WIDER * (var[0] + along2 + spread2)) + moved_m
        wide = math.sqrt(limit * _WIDER * (var[1] + across2 / (ring_m * ring_m))) + moved_m / ring_m
        high = math.sqrt(limit * _WIDER * (var[2] + across2 / (ring_m * ring_m))) + moved_m / ring_m
        low, top = 0, ranges.shape[0]
        while low < top:
            middle = (low + top) // 2
            if ranges[middle] < range_m - reach_m:
                low = middle + 1
            else:
                top = middle
        is_met = False
        while low < ranges.shape[0] and ranges[low] <= range_m + reach_m and not is_met:
            turn = azimuths[low] - azimuth_rad
            turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5)
            is_met = abs(turn) <= wide and abs(elevations[low] - elevation_rad) <= high
            low += 1
        out[k] = not is_met


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
def looked_at(kind, swept, site, position_ecef_m):
    """Whether a scan looked where a track is, so that seeing nothing there means something.

    A swept volume is taken to be one where a target like those tracked is detected with its probability at any range:
    `stages.screen` cuts a radar's to the ranges of which that is true. Its elevations are those a radar sees, bent by
    the air: a true one is lower, so what stands above the lower edge was looked at, and the upper edge gets a margin.

    In        swept (SWEPT_COUNT,), site (3,) ECEF m
    Returns true where the volume, less a narrow edge, holds the place; infrared: where the Earth is not in between
    """
    if kind == INFRARED:
        _, _, height_m = geodetic_from_ecef(position_ecef_m[0], position_ecef_m[1], position_ecef_m[2])
        if height_m < _PLUME_HEIGHT_M:
            return False
        _, _, elevation_rad = radar_from_ecef(site, position_ecef_m)  # of the sensor, seen from the target
        return elevation_rad > _EDGE_RAD
    range_m, azimuth_rad, elevation_rad = radar_from_ecef(position_ecef_m, site)
    width = swept[AZIMUTH_TO_RAD] - swept[AZIMUTH_FROM_RAD]
    past = (azimuth_rad - swept[AZIMUTH_FROM_RAD]) % (2.0 * math.pi)
    return (
        swept[RANGE_MIN_M] + _EDGE_M <= range_m <= swept[RANGE_MAX_M] - _EDGE_M
        and swept[ELEVATION_MIN_RAD] + _EDGE_RAD <= elevation_rad
        and (elevation_rad <= swept[ELEVATION_MAX_RAD] - _EDGE_RAD or swept[ELEVATION_MAX_RAD] >= 0.5 * math.pi - 1e-9)
        and (width >= 2.0 * math.pi - 1e-9 or _EDGE_RAD <= past <= width - _EDGE_RAD)
    )


@kernel
def taken_plots(slots, choice, nis, count):
    """Which plots of `count` fed tracks, and which none chose.

    In        slots, choice, nis (n,) as of `use_plots`
    Out       fed (k + r,) slots, of which the first k are filled; taken (k + r,) plots: those that fed these slots,
              then those that no track chose; k
    """
    is_free = np.ones(count, np.bool_)
    used, rest = 0, count
    for i in range(slots.shape[0]):
        if choice[i] >= 0:
            used += nis[i] >= 0.0
            rest -= is_free[choice[i]]
            is_free[choice[i]] = False
    fed, taken = np.empty(used + rest, np.int64), np.empty(used + rest, np.int64)
    k = 0
    for i in range(slots.shape[0]):
        if nis[i] >= 0.0:
            fed[k], taken[k] = slots[i], choice[i]
            k += 1
    for j in range(count):
        if is_free[j]:
            taken[k] = j
            k += 1
    return fed, taken, used


@in_place_kernel
def reckon(
    x, cov, mu, slope, t_ns, miss_count, plot_count, status, parent, evidence, told_boost,
    slots, nis, seen_x, seen_cov, seen_mu, seen_slope, state, cov6, lone_slots, to_ns, kind, has_swept, swept, site,
    limits, par, marks, nis_of,
):  # fmt: skip
    """What a scan did to each track, once its plots are used; one without a plot is asked whether it was looked at.

    Infrared makes thrust less likely: the sensor would have seen a plume with its detection probability. Radar: a track
    that infrared began, and that radar has yet to pin down, may be elsewhere; no miss is counted.

    In        nis (n,)      -1: no plot was used; state (n, 6), cov6 (n, 6, 6) predicted
              lone_slots (m,)  tracks of one plot that no plot could continue, as by `lone`
              to_ns         where a state that lost thrust is moved to
              has_swept     false: absence is no evidence
              limits (4,)   misses in a row after which a tentative track, one that came off another, and a confirmed
                            one are dropped; evidence below which a tentative one is
    Out       marks (T,) int64 by slot: CHANGED, FED and DROPPED added; nis_of (T,) by slot, of those fed
    """
    prob = min(swept[DETECTION_PROB], _PROB_MAX)
    unseen = math.log(1.0 - prob)
    for i in range(slots.shape[0]):
        k = slots[i]
        if nis[i] >= 0.0:
            marks[k] |= CHANGED | FED
            nis_of[k] = nis[i]
            continue
        if not has_swept:
            continue
        is_looked_at = looked_at(kind, swept, site, state[i])
        if kind == INFRARED:
            is_looked_at = is_looked_at and seen_mu[i, BOOST] > 0.0
            if is_looked_at:
                if to_ns > t_ns[k]:
                    copy_bank(seen_x[i], seen_cov[i], seen_mu[i], seen_slope[i], x[k], cov[k], mu[k], slope[k])
                    t_ns[k] = to_ns
                _unlit(mu[k], prob, par)
            if abs(mu[k, BOOST] - told_boost[k]) > _BOOST_CHANGE:
                marks[k] |= CHANGED
        if not is_looked_at:
            continue
        if (
            kind != INFRARED
            and (status[k] == CONFIRMED or plot_count[k, 1] > 0)
            and (cov6[i, 0, 0] + cov6[i, 1, 1] + cov6[i, 2, 2] > 3.0 * _MISS_STD_M * _MISS_STD_M)
        ):
            continue
        if kind != INFRARED:
            evidence[k] += unseen
        if status[k] == TENTATIVE or kind != INFRARED:
            miss_count[k] += 1
            _drop_where_over(k, status, parent, miss_count, evidence, limits, marks)
    if has_swept:
        for i in range(lone_slots.shape[0]):
            k = lone_slots[i]
            if looked_at(kind, swept, site, x[k, BALLISTIC]):
                miss_count[k] += 1
                evidence[k] += unseen
                _drop_where_over(k, status, parent, miss_count, evidence, limits, marks)


@in_place_kernel
def _drop_where_over(k, status, parent, miss_count, evidence, limits, marks):
    is_tentative = status[k] == TENTATIVE
    most = (limits[1] if parent[k] > 0 else limits[0]) if is_tentative else limits[2]
    if miss_count[k] >= most or (is_tentative and evidence[k] < limits[3]):
        marks[k] |= DROPPED


@kernel
def stirred(status, plot_count, evidence, cov, mu, t_ns, slots, marks, young_hits, ripe_evidence, is_told, end_ns):
    """Tracks that a scan changed or dropped and, where it made young ones, all that these may be doubles of.

    In        slots (n,) alive, in order of track number; marks (T,) as by `reckon`
              young_hits     a track is compared with older ones until it has so many plots
              ripe_evidence  with which a tentative one may be confirmed
              is_told        those that were dropped are wanted too
    Out       slots (k,); what (k,) int64: the marks, YOUNG and RIPE added; slots (d,) dropped besides; a time that none
              of all these lies beyond, ns
    """
    n = slots.shape[0]
    out, what, dropped = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    is_any_young = False
    for i in range(n):
        k = slots[i]
        hits = plot_count[k, 0] + plot_count[k, 1] + plot_count[k, 2]
        if marks[k] & (CHANGED | DROPPED) != CHANGED or hits < _HITS_MIN:
            continue
        if marks[k] & FED and hits <= young_hits:
            marks[k] |= YOUNG
            is_any_young = True
        if status[k] == TENTATIVE and evidence[k] >= ripe_evidence:
            marks[k] |= RIPE
    count, dropped_count = 0, 0
    for i in range(n):
        k = slots[i]
        if marks[k] == 0 and not (is_any_young and may_be_known(cov[k], mu[k])):
            continue
        end_ns = max(end_ns, t_ns[k])
        if marks[k] & DROPPED and not is_told:
            dropped[dropped_count] = k
            dropped_count += 1
        else:
            out[count], what[count] = k, marks[k]
            count += 1
    return out[:count], what[:count], dropped[:dropped_count], end_ns


@kernel
def given_up(status, mu, last_ns, slots, seen_mu, state, is_sound, now_ns, patience_s):
    """Tracks that nobody has seen for too long, or that must be on the ground: (n,) bool.

    In        slots (n,), seen_mu (n, 3), state (n, 6), is_sound (n,)   as predicted to now
              patience_s (4,)  of tentative tracks, then of those most likely to fly as each model
    """
    out = np.empty(slots.shape[0], np.bool_)
    for i in range(slots.shape[0]):
        k = slots[i]
        patience = patience_s[0]
        if status[k] != TENTATIVE:
            patience = patience_s[1 + BALLISTIC]
            for m in (BOOST, LEVEL):
                if mu[k, m] >= 0.5:
                    patience = patience_s[1 + m]
        out[i] = not is_sound[i] or (now_ns - last_ns[k]) / 1e9 > patience
        if seen_mu[i, LEVEL] < 0.5 and not out[i]:
            _, _, height_m = geodetic_from_ecef(state[i, 0], state[i, 1], state[i, 2])
            out[i] = height_m < 0.0
    return out


@kernel
def judged(what, is_sound):
    """Of tracks that a scan stirred, as by `stirred`, what is to be done, once they have been predicted to one time.

    Out       gone (n,) bool: dropped, or not sound; young (y,) rows that may be doubles, the newest first;
              ripe (r,) rows that evidence confirms
    """
    n = what.shape[0]
    gone = np.empty(n, np.bool_)
    young, ripe = np.empty(n, np.int64), np.empty(n, np.int64)
    young_count, ripe_count = 0, 0
    for i in range(n - 1, -1, -1):
        gone[i] = what[i] & DROPPED != 0 or not is_sound[i]
        if what[i] & YOUNG and is_sound[i]:
            young[young_count] = i
            young_count += 1
    for i in range(n):
        if what[i] & RIPE and is_sound[i]:
            ripe[ripe_count] = i
            ripe_count += 1
    return gone, young[:young_count], ripe[:ripe_count]


@kernel
def news(slots, what, is_sound, gone, absorbed, nis_of, mu, told_boost):
    """The rows (k,) of stirred tracks to tell: their slots, whether they are no more, and their NIS, -1: none.

    Out       told_boost (T,) by slot: the probability of thrust that is told
    """
    n = slots.shape[0]
    rows, at = np.empty(n, np.int64), np.empty(n, np.int64)
    is_over, nis = np.empty(n, np.bool_), np.empty(n)
    count = 0
    for i in range(n):
        if what[i] & (CHANGED | DROPPED) == 0 or not is_sound[i]:
            continue
        rows[count], at[count] = i, slots[i]
        is_over[count] = gone[i] or absorbed[i]
        nis[count] = -1.0 if absorbed[i] else nis_of[slots[i]]
        told_boost[slots[i]] = mu[i, BOOST]
        count += 1
    return rows[:count], at[:count], is_over[:count], nis[:count]


@in_place_kernel
def _unlit(mu, prob, par):
    """Bayes: a sensor that would have seen a plume with this probability saw none."""
    mu[BOOST] *= 1.0 - prob
    total = mu[0] + mu[1] + mu[2]
    for m in range(3):
        mu[m] /= total
    if mu[BOOST] < par[DEAD_PROB] and mu[BALLISTIC] > 0.0:
        mu[BOOST] = 0.0
        total = mu[0] + mu[1] + mu[2]
        for m in range(3):
            mu[m] /= total


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
