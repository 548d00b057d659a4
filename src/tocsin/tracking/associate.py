"""Which plots of a scan belong to which tracks, how surely, and what that adds to the evidence for a track."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.track_assign import choose
from tocsin.kernels.track_observe import INFRARED, POSITION, RADAR_RATE
from tocsin.kernels.track_scan import (
    AZIMUTH_FROM_RAD,
    AZIMUTH_TO_RAD,
    CLUTTER_DENSITY,
    DETECTION_PROB,
    ELEVATION_MAX_RAD,
    ELEVATION_MIN_RAD,
    RANGE_MAX_M,
    RANGE_MIN_M,
    sort_out,
)
from tocsin.messages import Column
from tocsin.policy import TrackPolicy
from tocsin.tracking.output import Picture
from tocsin.tracking.parameters import chi_square_bound
from tocsin.tracking.plots import Plots
from tocsin.tracking.registration import SensorBias
from tocsin.tracking.soft import Share, shares
from tocsin.tracking.split import JOINS_HITS, Offspring, offspring
from tocsin.tracking.state import TrackerState
from tocsin.tracking.two_cores import gate_rows

_PROB_MAX = 0.99  # no sensor is sure to see
_PROB_UNSTATED = 0.9
_NEXT_TO_NONE = 1e-12  # per m rad2
_RATE_SPAN_M_S = 8_000.0  # range rates of false plots lie in a span of this much
_NOT_WIDER = np.empty((0, 6, 6))


def associate(
    memory: TrackerState, policy: TrackPolicy, par: Column, plots: Plots, seen: Picture, swept: Column, own: SensorBias,
    plain_worth: float,
) -> tuple[Column, Column, list[Share], Offspring | None]:  # fmt: skip
    """Plot of each row, -1: none; what it adds to the evidence for the track; rows that share plots instead; and
    what may begin beside a track.

    Confirmed tracks, and those that came off one, choose first: plots of radars by joint probabilities, others by
    the best assignment. Other tentative ones choose from what is left, by the best assignment.

    ``plain_worth``: evidence of a plot whose chance is not known.
    """
    slots, n = seen.slots, seen.slots.size
    choice, worth = np.full(n, -1, dtype=np.int64), np.zeros(n)
    doubt: list[Share] = []
    born: Offspring | None = None
    if not plots.count or not n:
        return choice, worth, doubt, born
    first, rest, back_s, gap_s = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n), np.empty(n)
    first_count, rest_count = sort_out(
        memory.status, memory.parent, memory.plot_count, memory.t_ns, memory.last_ns, slots, plots.when_ns,
        policy.late_limit_s, JOINS_HITS, first, rest, back_s, gap_s,
    )  # fmt: skip
    limit = chi_square_bound(policy.gate_prob, plots.row_count)
    order = plots.order
    chance, log_odds = _chance(policy, plots.kind, swept.tolist(), plain_worth)
    free_count = order.size
    for is_first, rows in ((True, first[:first_count]), (False, rest[:rest_count])):
        if not rows.size or not order.size:
            continue
        start, plot, score = gate_rows(
            seen.x, seen.cov, seen.mu, seen.slope, rows, _NOT_WIDER, back_s, gap_s, plots.kind, plots.z, plots.spot,
            plots.time_ns, plots.when_ns, plots.site, plots.var, plots.key, order, plots.axis, limit, par,
            memory.biases.cov, own.parts,
        )  # fmt: skip
        if born is not None:
            start, plot, score = born.better_than(start, plot, score)
        left, prob, doubtful = (
            np.empty(order.size, dtype=np.int64), np.zeros(plot.size), np.empty(rows.size, dtype=np.int64)
        )  # fmt: skip
        left_count, free_count, doubts = choose(
            start, plot, score, rows, memory.status, slots, plots.count, order, free_count, chance,
            is_first and plots.kind < INFRARED, log_odds, choice, worth, left, prob,
            doubtful,
        )  # fmt: skip
        order = left[:left_count]
        if is_first:
            doubt = shares(rows, start, plot, prob, doubtful[:doubts])
            born = offspring(memory, policy, par, plots, seen, back_s, order, limit, own)
    return choice, worth, doubt, born


def _chance(
    policy: TrackPolicy, kind: int, swept: list[float], plain: float
) -> tuple[tuple[float, float, float, float, float], float]:
    """``chance`` and ``log_odds`` as `track_assign.choose` takes them.

    Chance is what the sensor states of its false plots, or the plots that no confirmed track took, where those are
    denser. Where it states nothing, or sees the same fire again and again, a plot adds ``plain``, by which
    ``confirm_hits`` confirm; a position report, whose chance is that of another aircraft's, no more than so much.
    To share plots, ln of Pd / (density of false plots (1 - Pd)); where none are stated, they are next to none.
    """
    density, per = swept[CLUTTER_DENSITY], _RATE_SPAN_M_S if kind == RADAR_RATE else 1.0
    prob = min(swept[DETECTION_PROB], _PROB_MAX) or _PROB_UNSTATED
    log_prob = math.log(prob)
    log_odds = log_prob - math.log(max(density, _NEXT_TO_NONE) / per * (1.0 - prob))
    if kind == POSITION:
        return (0.0, policy.stranger_density_per_m3, math.inf, 1.0, plain), log_odds
    if density <= 0.0 or kind == INFRARED:
        return (math.inf, 1.0, math.inf, 1.0, plain), log_odds
    volume = (
        (swept[AZIMUTH_TO_RAD] - swept[AZIMUTH_FROM_RAD])
        * (swept[ELEVATION_MAX_RAD] - swept[ELEVATION_MIN_RAD])
        * (swept[RANGE_MAX_M] - swept[RANGE_MIN_M])
    )  # fmt: skip
    return (log_prob, density, max(volume, 1e-9), per, math.inf), log_odds
