"""Sensors that lie are found by those that do not: each scan's plots are compared with tracks that others support.

Four faults are told apart. ``clock``: no plot shows a track where it is, one shows it where it was or will be, time
and again by the same shift. ``offset``: the same by a constant of range or angle. ``stuck``: it showed the track once,
and now sends an old scan again. ``noise``: its innovations leave their chi-square bounds, and those of others do not.
Each is a sequential test (Page's cumulative sum of Wald's log likelihood ratios): a scan that shows a track where it is
speaks against any fault. A track counts where other trusted sensors have lately measured it twice over (six numbers),
so a sensor that is new, alone, or one of two is never judged.
"""

from __future__ import annotations

import functools
import math
import statistics

import numpy as np

from tocsin.kernels.track_observe import ROWS
from tocsin.kernels.track_watch import (
    BEFORE,
    EVER,
    NOW,
    PAIR_MAX,
    SHIFT_COUNT,
    SHIFT_MAX_S,
    SHIFT_STEP_S,
    scan_evidence,
)
from tocsin.messages import Column
from tocsin.policy import TrackPolicy
from tocsin.tracking.output import Picture
from tocsin.tracking.parameters import chi_square_bound
from tocsin.tracking.plots import Plots
from tocsin.tracking.state import TrackerState
from tocsin.tracking.watch_state import (
    KEPT,
    SEEN,
    Fault,
    SensorRecord,
    SensorWatch,
    Suspicion,
    Trust,
    support_rows,
)
from tocsin.units import NS_PER_S, s_from_ns

# ln of (probability that a liar's scan looks so / that an honest one's does)
_FITS = math.log(0.8 / 0.01)  # a track is seen displaced, and not where it is
_ODD = math.log(0.2 / 0.99)  # it is not seen where it is, and something else is near
_SHOWN = math.log(0.02 / 0.9)  # it is seen where it is
_SIMPLER = 0.6  # a clock says with one number what an offset says with several: it may fit so much worse
_TWICE = 6  # numbers that fix a position twice over
_DRIFT_PER_S = 0.03  # a constant turn looks slowly different as the target passes: share of it, one sigma
_NIS_SCANS = 10  # scans whose innovations are needed before they are judged
_BEYOND = 0.05  # share of an honest sensor's scans beyond the bound that is counted
_NOISY = 2.0  # ... and only where they are so many times those of other sensors
_RANK: dict[Trust, int] = {"trusted": 0, "suspect": 1, "ignored": 2}
_SHIFTS_S = np.arange(SHIFT_COUNT) * SHIFT_STEP_S - SHIFT_MAX_S


def hear(
    watch: SensorWatch, record: SensorRecord, end_ns: int, plots: Plots, clock_var_s2: float, seen: Picture,
    choice: Column, memory: TrackerState, policy: TrackPolicy,
) -> bool:  # fmt: skip
    """Use what one scan says of its sensor; True where that changes how far the sensor is trusted.

    In        plots   less the biases believed, their variances with what is not known of these; but for the clock's
              seen    tracks predicted to the plots' time, before this scan updates them
              choice  (n,) plot that each of them chose, -1: none
    """
    record.count += 1
    gap_s = s_from_ns(max(end_ns - record.heard_ns, 0)) if record.heard_ns else 0.0
    record.heard_ns = max(record.heard_ns, end_ns)
    if not plots.count or record.bit < 0:
        return _decide(watch, record, False, end_ns, policy)
    is_old = plots.digest in record.digests
    record.digests = [*record.digests[1 - SEEN :], plots.digest]
    others = watch.mask("trusted") & ~(1 << record.bit)
    if not others:  # nobody to compare it with
        return _decide(watch, record, False, end_ns, policy)
    witnesses = watch.astray(end_ns)
    shifts, pairs, out = np.empty((4, SHIFT_COUNT)), np.empty((PAIR_MAX, 1 + 2 * ROWS)), np.empty(8)
    scan_evidence(
        seen.slots, memory.status, memory.first_ns, memory.last_ns, memory.t_ns, memory.support, seen.state,
        seen.cov6, seen.x, seen.mu, choice, plots.when_ns, clock_var_s2, record.bit, others, witnesses, watch.bit_rows,
        record.count, plots.kind, plots.z, plots.spot, plots.time_ns, plots.site, plots.var,
        chi_square_bound(policy.watch_gate_prob, plots.row_count), shifts, pairs, out,
    )  # fmt: skip
    shown, odd, pair_count, nis, nis_rows, references, has_fed, astray = out.tolist()
    record.stray(astray, end_ns)
    if not references:
        return _decide(watch, record, False, end_ns, policy)
    decay, most = math.exp(-gap_s / policy.liar_memory_s), 3.0 * policy.liar_score
    is_new = not is_old or shown > 0.0  # an old scan lies anywhere
    if is_new and shown + odd > 0.0 and (odd > 0.0 or record.clock.score > 0.0):
        _shifts(record, shifts, shown, plots.row_count - 1, decay, most, end_ns, policy.clock_fault_min_s)
    if is_new and (pair_count or record.offset.score > 0.0):
        rows = pairs[: int(pair_count)]
        _offset(record, rows, shown, plots.row_count, decay, most, gap_s, end_ns, policy)
    is_stuck = is_old and has_fed and not (shown or nis_rows)  # what hangs still looks the same again, and is there
    record.stuck.add(_FITS if is_stuck else _SHOWN, decay, most, end_ns)
    if nis_rows:
        record.nis = [*record.nis[1 - KEPT :], nis / chi_square_bound(0.5, int(nis_rows))]
        record.beyond = [*record.beyond[1 - KEPT :], nis > chi_square_bound(1.0 - _BEYOND, int(nis_rows))]
        record.median = statistics.median(record.nis) if len(record.nis) >= _NIS_SCANS else 0.0
        _noise(watch, record, end_ns, decay, most, policy)
    return _decide(watch, record, shown > 0.0, end_ns, policy)


def _shifts(
    record: SensorRecord,
    shifts: Column,
    shown: float,
    rows: int,
    decay: float,
    most: float,
    now_ns: int,
    least_s: float,
) -> None:
    """Each shift's score; the best one's is the suspicion of the clock."""
    fits, left, weight, weighted_s = shifts
    speaks = np.maximum(fits * _FITS + 0.5 * (fits * rows - left), 0.5 * fits)  # less, where it fits badly
    gain = np.where(shown + fits > 0.0, (speaks + shown * _SHOWN) / np.maximum(shown + fits, 1.0), _ODD)
    score = np.clip(record.shift_score * decay + gain, 0.0, most)
    score[np.abs(_SHIFTS_S) < least_s] = 0.0
    is_new = (score > 0.0) & (record.shift_score <= 0.0)
    kept = np.where(is_new | (score <= 0.0), 0.0, decay)
    record.weight = record.weight * kept + weight * (score > 0.0)
    record.weighted_s = record.weighted_s * kept + weighted_s * (score > 0.0)
    record.shift_ns = np.where(is_new, now_ns, record.shift_ns) * (score > 0.0)
    record.shift_count = (record.shift_count * (kept > 0.0) + (gain > 0.0)) * (score > 0.0)
    record.shift_score = score
    best = int(np.argmax(score))
    record.clock = Suspicion(float(score[best]), int(record.shift_ns[best]), int(record.shift_count[best]))


def _offset(
    record: SensorRecord, found: Column, shown: float, rows: int, decay: float, most: float, gap_s: float,
    now_ns: int, policy: TrackPolicy,
) -> None:  # fmt: skip
    """The score of one supposed constant error, taken from the pair that most tracks agree with where there is none."""
    pairs, track = found.shape[0], found[:, 0]
    residual, spread = found[:, 1 : 1 + ROWS], found[:, 1 + ROWS :]
    limit = chi_square_bound(policy.watch_gate_prob, ROWS)
    if record.offset.score > 0.0 and pairs:
        bias_var = record.bias_var + (_DRIFT_PER_S * gap_s * record.bias) ** 2
        miss = ((residual - record.bias) ** 2 / (spread + bias_var)).sum(axis=1)
        hits = [k for k in range(pairs) if miss[k] <= limit]
        best = {int(track[k]): k for k in sorted(hits, key=lambda k: -float(miss[k]))}  # the best of each track
        speaks = sum(max(_FITS + 0.5 * (rows - float(miss[k])), 0.5) for k in best.values())
        gain = (speaks + shown * _SHOWN) / (len(best) + shown) if best or shown else _ODD
        for k in sorted(best.values(), key=lambda k: float(miss[k]))[:1]:
            part = bias_var / (bias_var + spread[k])
            record.bias = record.bias + part * (residual[k] - record.bias)
            bias_var = bias_var * (1.0 - part)
        record.bias_var = bias_var
        record.offset.add(gain, decay, most, now_ns)
    elif shown:
        record.offset.add(_SHOWN, decay, most, now_ns)
    if record.offset.score <= 0.0 and pairs and not shown:
        miss = (residual[:, None] - residual) ** 2 / (spread[:, None] + spread)
        mates = (miss.sum(axis=2) <= limit).sum(axis=1)
        first = int(np.argmax(mates))
        record.bias, record.bias_var = residual[first].copy(), spread[first].copy()
        record.offset = Suspicion(0.5, now_ns, 0)


def _noise(
    watch: SensorWatch, record: SensorRecord, now_ns: int, decay: float, most: float, policy: TrackPolicy
) -> None:
    """Innovations out of bounds, and out of proportion to those of others over the same time."""
    if record.median <= _NOISY and record.noise.score <= 0.0:
        record.ratio = 1.0
        return
    near_ns = now_ns - int(policy.liar_memory_s * NS_PER_S)
    others = [
        r.median
        for r in watch.sensors.values()
        if r is not record and r.trust == "trusted" and r.heard_ns >= near_ns and r.median > 0.0
    ]
    if record.median <= 0.0 or len(others) < 2:
        return
    record.ratio = record.median / max(statistics.median(others), 1.0)
    is_out = record.ratio > _NOISY and sum(record.beyond) > _binomial_bound(len(record.beyond), policy.noise_false_prob)
    record.noise.add(_FITS if is_out else _SHOWN, decay, most, now_ns)


@functools.cache
def _binomial_bound(count: int, prob: float) -> int:
    """The most of so many scans that an honest sensor has beyond the bound that one in twenty passes, but for prob."""
    left, k = 1.0, -1
    while left > prob:
        k += 1
        left -= math.comb(count, k) * _BEYOND**k * (1.0 - _BEYOND) ** (count - k)
    return k


def _decide(watch: SensorWatch, record: SensorRecord, is_good: bool, now_ns: int, policy: TrackPolicy) -> bool:
    """Set how far a sensor is trusted; True where that or the reason changed."""
    doubts = record.clock.score + record.offset.score + record.stuck.score + record.noise.score
    if record.trust == "trusted" and doubts < policy.suspect_score:
        return False
    before = record.trust, record.fault, record.is_spared
    wanted, fault = _verdict(record, now_ns, policy)
    is_spared = False
    if wanted != "trusted":
        record.bad_ns, record.good_count = now_ns, 0
    elif is_good:
        record.good_count += 1
    is_long = s_from_ns(now_ns - record.bad_ns) >= policy.trust_again_s
    if wanted == "trusted" and is_long and record.good_count >= policy.trust_again_scans:
        pass  # it has behaved for long
    elif _RANK[wanted] < _RANK[record.trust]:
        wanted, fault = record.trust, record.fault
    if wanted == "ignored" and not _may_ignore(watch, record, now_ns, policy):
        wanted, is_spared = "suspect", True
    if wanted != record.trust:
        record.since_ns = now_ns
    record.trust, record.fault, record.is_spared = wanted, fault, is_spared
    return (record.trust, record.fault, record.is_spared) != before


def _verdict(record: SensorRecord, now_ns: int, policy: TrackPolicy) -> tuple[Trust, Fault]:
    """What the evidence alone says."""
    span_ns = int(policy.liar_span_s * NS_PER_S)
    faults: tuple[tuple[Fault, Suspicion], ...] = (
        ("clock", record.clock), ("stuck", record.stuck), ("offset", record.offset), ("noise", record.noise),
    )  # fmt: skip
    for fault, doubt in faults:
        if fault == "clock" and doubt.score <= _SIMPLER * record.offset.score:
            continue
        if fault == "noise" and record.ratio < policy.noise_ignore_ratio:
            continue
        if fault == "offset" and record.clock.score > _SIMPLER * doubt.score:
            continue  # a clock says the same with one number: wait until that fits or does not
        if doubt.score >= policy.liar_score and doubt.count >= policy.liar_scans and now_ns - doubt.since_ns >= span_ns:
            return "ignored", fault
    for fault, doubt in faults:
        if fault == "offset" and record.clock.score > _SIMPLER * doubt.score:
            continue
        if doubt.score >= policy.suspect_score:
            return "suspect", fault
    return "trusted", ""


def _may_ignore(watch: SensorWatch, record: SensorRecord, now_ns: int, policy: TrackPolicy) -> bool:
    """Whether two others are there to go by, and no more than half of those that are there would be ignored."""
    near_ns = now_ns - int(policy.liar_memory_s * NS_PER_S)
    there = [r for r in watch.sensors.values() if r is not record and r.heard_ns >= near_ns]
    ignored = sum(r.trust == "ignored" for r in there)
    trusted = sum(r.trust == "trusted" for r in there)
    return trusted >= 2 and 2 * (ignored + 1) <= len(there) + 1


def orphans(watch: SensorWatch, memory: TrackerState, slots: Column, policy: TrackPolicy) -> Column:
    """Slots of tracks that ignored sensors made: no others measured all of a position, or hardly anything at all, or
    nothing any more in the last ten to twenty seconds."""
    ignored = watch.mask("ignored")
    if not ignored:
        return slots[:0]
    kept, before = memory.support[slots, EVER], memory.support[slots, BEFORE]
    recent = memory.support[slots, NOW] | before
    is_theirs = support_rows(watch, kept, ~ignored) < 4
    is_young = memory.plot_count[slots].sum(axis=1) <= policy.merge_young_hits
    is_alone = support_rows(watch, recent, ~ignored) < _TWICE
    is_led = (before != 0) & ((recent & ~ignored) == 0)
    gone: Column = slots[((kept & ignored) != 0) & (is_theirs | is_led | (is_young & is_alone))]
    return gone
