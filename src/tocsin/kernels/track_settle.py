"""What comes of a scan, once its plots are used: looks in vain, and what is to be dropped, confirmed, merged and told.

`slots` (n,) int64 are rows of the memory's arrays, in order of track number, as in ``track_scan.py``.
"""

import math

import numpy as np

from tocsin.kernels.compiled import in_place_kernel, kernel
from tocsin.kernels.geodesy import east_north_up, geodetic_from_ecef, radar_along, radar_from_ecef
from tocsin.kernels.track_bank import copy_bank
from tocsin.kernels.track_motion import BALLISTIC, BOOST, DEAD_PROB, LEVEL
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_scan import (
    AZIMUTH_FROM_RAD,
    AZIMUTH_TO_RAD,
    CONFIRMED,
    DETECTION_PROB,
    ELEVATION_MAX_RAD,
    ELEVATION_MIN_RAD,
    RANGE_MAX_M,
    RANGE_MIN_M,
    TENTATIVE,
)
from tocsin.kernels.track_twins import may_be_known

# what a scan did to a slot, bits
CHANGED = 1  # something about it is to be told
DROPPED = 2
FED = 4  # it used a plot
YOUNG = 8  # it did, and may yet be the double of another
RIPE = 16  # its evidence confirms it

_PLUME_HEIGHT_M = 12_000.0  # below, cloud may hide a plume
_EDGE_RAD = 0.01
_EDGE_M = 2_000.0
_SURE_SIGMAS = 2.0  # a track is held to lie so many sigmas about its place, no further
_PROB_MAX = 0.99  # no sensor is sure to see
_BOOST_CHANGE = 0.1  # a change of this much in the probability of thrust is told without a plot
_LATEST_NS = 2**62
_HITS_MIN = 3  # two plots agree with any velocity: no track is confirmed by fewer


@in_place_kernel
def looked_at(kind, swept, site, axes, position_ecef_m, reach_m):
    """Whether a scan looked where a track is, so that seeing nothing there means something.

    A swept volume is taken to be one where a target like those tracked is detected with its probability at any range:
    `stages.screen` cuts a radar's to the ranges of which that is true. Its elevations are those a radar sees, bent by
    the air: a true one is lower, so what stands above the lower edge was looked at, and the upper edge gets a margin.

    In        swept (SWEPT_COUNT,), site (3,) ECEF m, and its axes as `east_north_up` gives them; reach_m: the track may
              be so far from the place
    Returns true where the volume, less a narrow edge, holds the place and all within reach of it; infrared: where the
              Earth is not between sensor and place
    """
    if kind == INFRARED:
        _, _, height_m = geodetic_from_ecef(position_ecef_m[0], position_ecef_m[1], position_ecef_m[2])
        if height_m < _PLUME_HEIGHT_M:
            return False
        _, _, elevation_rad = radar_from_ecef(site, position_ecef_m)  # of the sensor, seen from the target
        return elevation_rad > _EDGE_RAD
    range_m, azimuth_rad, elevation_rad = radar_along(axes, position_ecef_m, site)
    width = swept[AZIMUTH_TO_RAD] - swept[AZIMUTH_FROM_RAD]
    past = (azimuth_rad - swept[AZIMUTH_FROM_RAD]) % (2.0 * math.pi)
    edge_m, high = _EDGE_M + reach_m, _EDGE_RAD + reach_m / max(range_m, 1.0)
    wide = _EDGE_RAD + reach_m / max(range_m * math.cos(elevation_rad), 1.0)
    return (
        swept[RANGE_MIN_M] + edge_m <= range_m <= swept[RANGE_MAX_M] - edge_m
        and swept[ELEVATION_MIN_RAD] + high <= elevation_rad
        and (elevation_rad <= swept[ELEVATION_MAX_RAD] - high or swept[ELEVATION_MAX_RAD] >= 0.5 * math.pi - 1e-9)
        and (width >= 2.0 * math.pi - 1e-9 or wide <= past <= width - wide)
    )


@in_place_kernel
def taken_plots(slots, choice, nis, is_free, fed, taken):
    """Which plots fed tracks, and which none chose.

    In        slots, choice, nis (n,) as of `use_plots`
    Out       fed (n,) slots, of which the first k are filled; taken (n + p,): the k plots that fed these slots, then
              those that no track chose; is_free (p,) bool, these; k; how many plots of taken are filled
    """
    for j in range(is_free.shape[0]):
        is_free[j] = True
    used = 0
    for i in range(slots.shape[0]):
        if choice[i] >= 0:
            is_free[choice[i]] = False
            if nis[i] >= 0.0:
                fed[used], taken[used] = slots[i], choice[i]
                used += 1
    count = used
    for j in range(is_free.shape[0]):
        if is_free[j]:
            taken[count] = j
            count += 1
    return used, count


@in_place_kernel
def reckon(
    x, cov, mu, slope, t_ns, miss_count, plot_count, status, parent, evidence, told_boost,
    slots, nis, seen_x, seen_cov, seen_mu, seen_slope, state, cov6, lone_slots, to_ns, kind, has_swept, swept, site,
    limits, par, marks, nis_of,
):  # fmt: skip
    """What a scan did to each track, once its plots are used; one without a plot is asked whether it was looked at.

    Infrared makes thrust less likely: the sensor would have seen a plume with its detection probability. Radar: of a
    track that is confirmed, or that infrared has fed, all of where it may well be must have been looked at; the first
    plots of a radar tell no velocity, so that would be nowhere: there the place alone counts.

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
    axes = east_north_up(site[0], site[1], site[2])
    for i in range(slots.shape[0]):
        k = slots[i]
        if nis[i] >= 0.0:
            marks[k] |= CHANGED | FED
            nis_of[k] = nis[i]
            continue
        if not has_swept:
            continue
        reach_m = 0.0
        if kind != INFRARED and (status[k] == CONFIRMED or plot_count[k, 1] > 0):
            reach_m = _SURE_SIGMAS * math.sqrt(cov6[i, 0, 0] + cov6[i, 1, 1] + cov6[i, 2, 2])
        is_looked_at = looked_at(kind, swept, site, axes, state[i], reach_m)
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
        if kind != INFRARED:
            evidence[k] += unseen
        if status[k] == TENTATIVE or kind != INFRARED:
            miss_count[k] += 1
            _drop_where_over(k, status, parent, miss_count, evidence, limits, marks)
    if has_swept:
        for i in range(lone_slots.shape[0]):
            k = lone_slots[i]
            if looked_at(kind, swept, site, axes, x[k, BALLISTIC], 0.0):
                miss_count[k] += 1
                evidence[k] += unseen
                _drop_where_over(k, status, parent, miss_count, evidence, limits, marks)


@in_place_kernel
def _drop_where_over(k, status, parent, miss_count, evidence, limits, marks):
    is_tentative = status[k] == TENTATIVE
    most = (limits[1] if parent[k] > 0 else limits[0]) if is_tentative else limits[2]
    if miss_count[k] >= most or (is_tentative and evidence[k] < limits[3]):
        marks[k] |= DROPPED


@in_place_kernel
def stirred(
    status, plot_count, evidence, cov, mu, t_ns, slots, marks, young_hits, ripe_evidence, is_told, end_ns, out, what,
    to_ns, dropped,
):  # fmt: skip
    """Tracks that a scan changed or dropped and, where it made young ones, all that these may be doubles of.

    In        slots (n,) alive, in order of track number; marks (T,) as by `reckon`
              young_hits     a track is compared with older ones until it has so many plots
              ripe_evidence  with which a tentative one may be confirmed
              is_told        those that were dropped are wanted too
    Out       out (n,) slots; what (n,) int64: their marks, YOUNG and RIPE added; to_ns (n,): the time at which to tell
              and compare them, one that none of them lies beyond, but for a tentative one that is dropped: its own
              dropped (n,): slots dropped besides
    Returns   how many of the first are filled, and of the last; that time, ns
    """
    n = slots.shape[0]
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
        is_over = marks[k] & DROPPED != 0
        is_still = is_over and status[k] == TENTATIVE
        if not is_still:
            end_ns = max(end_ns, t_ns[k])
        if is_over and not is_told:
            dropped[dropped_count] = k
            dropped_count += 1
            continue
        out[count], what[count], to_ns[count] = k, marks[k], t_ns[k] if is_still else _LATEST_NS
        count += 1
    for i in range(count):
        to_ns[i] = min(to_ns[i], end_ns)
    return count, dropped_count, end_ns


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


@in_place_kernel
def judged(what, is_sound, gone, young, ripe):
    """Of tracks that a scan stirred, as by `stirred`, what is to be done, once they have been predicted to one time.

    Out       gone (n,) bool: dropped, or not sound; young (n,) rows that may be doubles, the newest first;
              ripe (n,) rows that evidence confirms
    Returns   how many of young and of ripe are filled
    """
    young_count, ripe_count = 0, 0
    for i in range(what.shape[0] - 1, -1, -1):
        gone[i] = what[i] & DROPPED != 0 or not is_sound[i]
        if what[i] & YOUNG and is_sound[i]:
            young[young_count] = i
            young_count += 1
    for i in range(what.shape[0]):
        if what[i] & RIPE and is_sound[i]:
            ripe[ripe_count] = i
            ripe_count += 1
    return young_count, ripe_count


@in_place_kernel
def news(slots, what, is_sound, gone, absorbed, nis_of, mu, told_boost, rows, at, is_over, nis, over):
    """What is to be told of stirred tracks, and which are no more.

    Out       rows, at (n,): rows to tell, and their slots; is_over (n,) bool: whether these are no more; nis (n,): of
              these, -1: none; over (n,): slots of all that are no more
              told_boost (T,) by slot: the probability of thrust that is told
    Returns   how many of the first are filled, and of the last
    """
    count, over_count = 0, 0
    for i in range(slots.shape[0]):
        is_gone = gone[i] or absorbed[i]
        if is_gone:
            over[over_count] = slots[i]
            over_count += 1
        if what[i] & (CHANGED | DROPPED) == 0 or not is_sound[i]:
            continue
        rows[count], at[count] = i, slots[i]
        is_over[count] = is_gone
        nis[count] = nis_of[slots[i]] if what[i] & FED and not absorbed[i] else -1.0
        told_boost[slots[i]] = mu[i, BOOST]
        count += 1
    return count, over_count


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
