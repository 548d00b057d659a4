"""Which plots of a scan belong to which tracks, how surely, and what that adds to the evidence for a track."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.track_assign import assign
from tocsin.kernels.track_joint import share_plots
from tocsin.kernels.track_observe import INFRARED, POSITION, RADAR_RATE
from tocsin.kernels.track_scan import (
    AZIMUTH_FROM_RAD,
    AZIMUTH_TO_RAD,
    CLUTTER_DENSITY,
    CONFIRMED,
    DETECTION_PROB,
    ELEVATION_MAX_RAD,
    ELEVATION_MIN_RAD,
    RANGE_MAX_M,
    RANGE_MIN_M,
    TENTATIVE,
    sort_out,
)
from tocsin.messages import Column
from tocsin.policy import TrackPolicy
from tocsin.tracking.halves import gate_rows
from tocsin.tracking.output import Picture
from tocsin.tracking.parameters import chi_square_bound
from tocsin.tracking.plots import Plots
from tocsin.tracking.registration import SensorBias
from tocsin.tracking.soft import Share, shares
from tocsin.tracking.split import JOINS_HITS, Offspring, offspring
from tocsin.tracking.state import TrackerState
from tocsin.units import NS_PER_S

_PROB_MAX = 0.99  # no sensor is sure to see
_PROB_UNSTATED = 0.9
_NEXT_TO_NONE = 1e-12  # per m rad2
_RATE_SPAN_M_S = 8_000.0  # range rates of false plots lie in a span of this much
_AXES = np.eye(3)


def associate(
    memory: TrackerState, policy: TrackPolicy, par: Column, plots: Plots, seen: Picture, when_ns: int, swept: Column,
    own: SensorBias, plain_worth: float,
) -> tuple[Column, Column, list[Share], Offspring | None]:  # fmt: skip
    """Plot of each row, -1: none; what it adds to the evidence for the track; rows that share plots instead; and
    what may begin beside a track.

    Confirmed tracks, and those that came off one, choose first: plots of radars by joint probabilities, others by
    the best assignment. Other tentative ones choose from what is left, by the best assignment.

    ``plain_worth``: evidence of a plot whose chance is not known.
    """
    slots = seen.slots
    status = memory.status[slots]
    choice, worth = np.full(slots.shape[0], -1, dtype=np.int64), np.zeros(slots.shape[0])
    if not plots.count or not slots.size:
        return choice, worth, [], None
    first, rest, back_s, gap_s = sort_out(
        memory.status, memory.parent, memory.plot_count, memory.t_ns, memory.last_ns, slots, when_ns,
        policy.late_limit_s, JOINS_HITS,
    )  # fmt: skip
    ahead_s = (plots.time_ns - when_ns) / NS_PER_S
    limit = chi_square_bound(policy.gate_prob, plots.row_count)
    key, axis = _sort_key(plots)
    order = key.argsort(kind="stable")
    gain = np.zeros(slots.shape[0])
    doubt: list[Share] = []
    born: Offspring | None = None
    free_count = order.size
    for rows in (first, rest):
        if not rows.size or not order.size:
            continue
        start, plot, score = gate_rows(
            seen.x, seen.cov, seen.mu, seen.slope, rows, back_s, gap_s, plots.kind, plots.z, plots.spot, ahead_s,
            plots.site, plots.var, key, order, axis, limit, par, memory.biases.cov, own.parts,
        )  # fmt: skip
        if born is not None:
            start, plot, score = born.better_than(start, plot, score)
        if rows is first and plots.kind < INFRARED:
            prob, taken = share_plots(start, plot, score, plots.count, _log_odds(plots.kind, swept))
            doubt = shares(rows, start, plot, prob, taken)
        else:
            taken = assign(start, plot, score, plots.count)
        pairs = taken >= 0
        choice[rows[pairs]], gain[rows[pairs]] = plot[taken[pairs]], score[taken[pairs]]
        if rows is first:
            is_left = np.ones(plots.count, dtype=bool)
            is_left[plot[taken[pairs]]] = False
            order = order[is_left[order]]
            free_count -= int((choice[status == CONFIRMED] >= 0).sum())
            born = offspring(memory, policy, par, plots, seen, when_ns, key, order, axis, limit, own)
    young = ((choice >= 0) & (status == TENTATIVE)).nonzero()[0]
    if young.size:
        worth[young] = _worth(policy, gain[young], free_count, plots.kind, swept, plain_worth)
    return choice, worth, doubt, born


def _log_odds(kind: int, swept: Column) -> float:
    """Ln of Pd / (density of false plots (1 - Pd)); where a sensor states nothing, false plots are next to none."""
    prob = min(float(swept[DETECTION_PROB]), _PROB_MAX) or _PROB_UNSTATED
    density = max(float(swept[CLUTTER_DENSITY]), _NEXT_TO_NONE) / (_RATE_SPAN_M_S if kind == RADAR_RATE else 1.0)
    return math.log(prob) - math.log(density * (1.0 - prob))


def _worth(
    policy: TrackPolicy, score: Column, free_count: int, kind: int, swept: Column, plain: float
) -> Column | float:
    """What plots add to the evidence of their tracks: ln of how much likelier the object made them than chance.

    Chance is what the sensor states of its false plots, or the plots that no confirmed track took, where those are
    denser. Where it states nothing, or sees the same fire again and again, ``plain``, by which ``confirm_hits``
    confirm; a position report, whose chance is that of another aircraft's, no more than so much.
    """
    density = swept[CLUTTER_DENSITY]
    if kind == POSITION:
        return np.minimum(score - math.log(policy.stranger_density_per_m3), plain)
    if density <= 0.0 or kind == INFRARED:
        return plain
    volume = (
        (swept[AZIMUTH_TO_RAD] - swept[AZIMUTH_FROM_RAD])
        * (swept[ELEVATION_MAX_RAD] - swept[ELEVATION_MIN_RAD])
        * (swept[RANGE_MAX_M] - swept[RANGE_MIN_M])
    )  # fmt: skip
    rate = _RATE_SPAN_M_S if kind == RADAR_RATE else 1.0
    density = max(density, free_count / max(volume, 1e-9)) / rate
    return score + (math.log(min(swept[DETECTION_PROB], _PROB_MAX)) - math.log(density))


def _sort_key(plots: Plots) -> tuple[Column, Column]:
    """The number by which plots are told apart before anything else is computed, (p,), and the axis it lies along."""
    if plots.kind < INFRARED:
        return plots.z[:, 0].copy(), _AXES[0]
    axis = _AXES[0]
    if plots.kind == INFRARED and plots.count:
        axis = _AXES[int(np.abs(plots.spot[0]).argmin())]  # across the sights, where they differ most
    return plots.spot @ axis, axis
