"""One track becomes two: a plot beside a confirmed track that took none or another begins a track of its own there.

A spent stage leaves slowly, and along the flight. So the new track begins with the state of the one it came off, its
parent: less sure of place and velocity, much less so along the velocity than across it, and not at all of ln(beta). It
is then known well enough to be told from its parent at once, which a track begun by one plot anywhere is not; and of
two radars that see both objects in range, each far better than across, the spread across keeps one from taking the one
object for the other. A plot that fits a tentative track better is that track's.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tocsin.kernels.track_gate import gate
from tocsin.kernels.track_motion import BALLISTIC, BOOST, DIM, MODEL_COUNT
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.kernels.track_split import likeliest, near_parents, spread_along
from tocsin.messages import Column
from tocsin.policy import TrackPolicy
from tocsin.tracking.merge import slope_of
from tocsin.tracking.output import Picture
from tocsin.tracking.plots import Plots, as_unsure_as
from tocsin.tracking.registration import SensorBias
from tocsin.tracking.state import TrackerState, lives

JOINS_HITS = 2  # a track with a parent chooses plots beside confirmed ones once it has so many
_RARELY_BALLISTIC = 0.01  # below, the parent has no ballistic state worth handing on
_PARENT_SHARE = 0.5  # of the spread of velocity: the parent was pushed too, or has followed the other object


@dataclasses.dataclass(frozen=True, slots=True)
class Offspring:
    """Tracks that plots may begin: ``score`` (p,) ln likelihood of each plot, -inf where it lies beside no track, and
    ``row`` (p,) of the picture that it lies beside; ``at_ns`` (n,) times of the picture's states."""

    row: Column
    score: Column
    at_ns: Column

    def better_than(self, start: Column, plot: Column, score: Column) -> tuple[Column, Column, Column]:
        """Candidates as ``track_gate.gate`` gives them, less the pairs that explain a plot worse than a split does."""
        keep = score >= self.score[plot]
        if keep.all():
            return start, plot, score
        count = np.concatenate((np.zeros(1, dtype=np.int64), keep.cumsum()))
        return count[start], plot[keep], score[keep]


def offspring(
    memory: TrackerState, policy: TrackPolicy, par: Column, plots: Plots, seen: Picture, back_s: Column, order: Column,
    limit: float, own: SensorBias,
) -> Offspring | None:  # fmt: skip
    """What radar plots that no confirmed track took may begin beside one: ``order`` (q,) int64, by key."""
    if plots.kind >= INFRARED or not order.size:
        return None
    var = as_unsure_as(plots, own, memory.biases.cov)[0].var if own.has_any else plots.var
    near = near_parents(
        memory.status, seen.slots, seen.x, seen.cov, seen.mu, seen.cov6, back_s, plots.time_ns, plots.when_ns,
        plots.spot, var, plots.key, order, plots.site, policy.split_along_m, policy.split_across_m,
    )  # fmt: skip
    if not near.size:
        return None
    start, plot, score = gate(
        seen.x, seen.cov, seen.mu, seen.slope, near, _spread(seen.state[near, 3:], policy), back_s,
        np.zeros(back_s.size), plots.kind, plots.z, plots.spot, plots.time_ns, plots.when_ns, plots.site, plots.var,
        plots.key, order, plots.axis, limit, par, memory.biases.cov, own.parts,
    )  # fmt: skip
    if not plot.size:
        return None
    at_ns = np.maximum(memory.t_ns[seen.slots], plots.when_ns)
    found = Offspring(np.full(plots.count, -1, dtype=np.int64), np.full(plots.count, -np.inf), at_ns)
    likeliest(start, plot, score, near, found.score, found.row)
    return found


def begin(
    memory: TrackerState, policy: TrackPolicy, seen: Picture, rows: Column, at_ns: Column, slots: Column,
    plot_ns: Column,
) -> None:  # fmt: skip
    """Fill slots (k,) with what is foreseen of the parents at rows (k,) of the picture, made less sure.

    Each is then to be updated with its first plot.
    """
    x, cov, mu, slope = seen.x[rows], seen.cov[rows], seen.mu[rows], seen.slope[rows]
    cold = (mu[:, BALLISTIC] < _RARELY_BALLISTIC).nonzero()[0]
    if cold.size:  # under thrust: either may go on under it
        x[cold, BALLISTIC, :6] = seen.state[rows[cold]]
        x[cold, BALLISTIC, 6] = policy.log_beta_mean
        cov[cold, BALLISTIC] = 0.0
        cov[cold, BALLISTIC, :6, :6] = seen.cov6[rows[cold]]
        slope[cold, BALLISTIC] = 0.0
        for i in cold.tolist():
            slope[i, BALLISTIC, :6] = slope_of(slope[i], mu[i], 1.0)
        # a covariance of a picture has the biases' share in it, a bank's has not
        part = slope[cold, BALLISTIC, :6]
        cov[cold, BALLISTIC, :6, :6] -= part @ memory.biases.cov @ part.transpose(0, 2, 1)
        mu[cold, BALLISTIC] += 0.5 * mu[cold, BOOST]
        mu[cold, BOOST] *= 0.5
    cov[:, :, :6, :6] += _spread(seen.state[rows, 3:], policy)[:, None]
    cov[:, BALLISTIC, 6, :] = cov[:, BALLISTIC, :, 6] = 0.0
    slope[:, BALLISTIC, 6] = 0.0
    cov[:, BALLISTIC, 6, 6] = policy.split_log_beta_std**2
    for i, slot in enumerate(slots.tolist()):
        fill(memory, slot, x[i], cov[i], mu[i], slope[i])
    memory.t_ns[slots] = at_ns[rows]
    memory.first_ns[slots] = memory.last_ns[slots] = plot_ns
    memory.parent[slots] = memory.id[seen.slots[rows]]


def fill(memory: TrackerState, slot: int, x: Column, cov: Column, mu: Column, slope: Column) -> None:
    """Put a bank into a slot; what it holds for a model that does not live is undefined, and becomes zero."""
    live = lives(mu[None])[0]
    for m in range(MODEL_COUNT):
        n = DIM[m] if live[m] else 0
        for to, bank in ((memory.x, x), (memory.slope, slope)):
            to[slot, m] = 0.0
            to[slot, m, :n] = bank[m, :n]
        memory.cov[slot, m] = 0.0
        memory.cov[slot, m, :n, :n] = cov[m, :n, :n]
    memory.mu[slot] = mu


def unsettle(memory: TrackerState, policy: TrackPolicy, child: int, velocity_m_s: Column) -> None:
    """A confirmed child makes its parent less sure of its velocity and ln(beta). ``velocity_m_s`` (3,) of the child."""
    for slot in ((memory.id == memory.parent[child]) & (memory.status == CONFIRMED)).nonzero()[0].tolist():
        spread = _spread(velocity_m_s[None], policy)[0, 3:, 3:]
        memory.cov[slot, :, 3:6, 3:6] += _PARENT_SHARE**2 * spread
        log_beta_var = memory.cov[slot, BALLISTIC, 6, 6]
        memory.cov[slot, BALLISTIC, 6, 6] = max(log_beta_var, policy.split_log_beta_std**2)


def _spread(velocity_m_s: Column, policy: TrackPolicy) -> Column:
    """(n, 6, 6) covariance of place and velocity of what came off tracks of these velocities (n, 3)."""
    return spread_along(
        np.ascontiguousarray(velocity_m_s), policy.split_along_m, policy.split_across_m, policy.split_speed_along_m_s,
        policy.split_speed_across_m_s,
    )  # fmt: skip
