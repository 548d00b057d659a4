"""Where it is not clear which plot is a track's: the track takes a little of each, by their probabilities.

The probabilities are those of ``kernels/track_joint.py``. A track is updated with each plot that it may have made, and
left as foreseen for the chance that it made none; what comes of it is one bank of models with the mean and covariance
of that mixture. Source: Bar-Shalom, Fortmann, Scheffe, Joint probabilistic data association for multiple targets in
clutter, Conf. on Information Sciences and Systems, 1980; with several models: Bar-Shalom, Willett, Tian, Tracking and
Data Fusion, 2011.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tocsin.kernels.track_bank import picture_slots
from tocsin.kernels.track_motion import DIM, MODEL_COUNT
from tocsin.kernels.track_scan import use_plots
from tocsin.messages import Column
from tocsin.tracking.output import Picture, blank
from tocsin.tracking.plots import Plots
from tocsin.tracking.registration import SensorBias
from tocsin.tracking.split import fill
from tocsin.tracking.state import TrackerState

_NEGLIGIBLE = 1e-4


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """Plots (k,) that one row of the picture may have made, and their probabilities (k,); the rest: none of them."""

    row: int
    plots: Column
    prob: Column


@dataclasses.dataclass(frozen=True, slots=True)
class Bank:
    """x (3, 9), cov (3, 9, 9), mu (3,), slope (3, 9, b) of one track at a time."""

    x: Column
    cov: Column
    mu: Column
    slope: Column
    t_ns: int

    def keep(self, memory: TrackerState, slot: int) -> None:
        """Make it the memory's."""
        fill(memory, slot, self.x, self.cov, self.mu, self.slope)
        memory.t_ns[slot] = self.t_ns


def shares(rows: Column, start: Column, plot: Column, prob: Column, doubtful: Column) -> list[Share]:
    """The tracks whose plot is in doubt. ``rows`` (n,) of the picture; the rest as of `track_assign.choose`."""
    out = []
    for i in doubtful.tolist():
        own = slice(start[i], start[i + 1])
        keep = prob[own] > _NEGLIGIBLE
        out.append(Share(int(rows[i]), plot[own][keep], prob[own][keep]))
    return out


def mixed(
    memory: TrackerState, share: Share, plots: Plots, seen: Picture, when_ns: int, own_prob: float, par: Column,
    own: SensorBias,
) -> Bank:  # fmt: skip
    """What a share leaves of its track. Changes nothing."""
    choice = np.concatenate((np.array([-1], dtype=np.int64), share.plots))
    slot, each = int(seen.slots[share.row]), np.arange(choice.size)
    slots, rows = np.full(choice.size, slot), np.full(choice.size, share.row)
    x, cov, mu, slope = memory.x[slots], memory.cov[slots], memory.mu[slots], memory.slope[slots]
    t_ns, nobody = memory.t_ns[slots], np.zeros(choice.size, dtype=np.int64)
    use_plots(
        x, cov, mu, slope, t_ns, memory.first_ns[slots], memory.last_ns[slots], memory.miss_count[slots],
        memory.plot_count[slots], memory.evidence[slots], nobody, memory.parent[slots], each, choice,
        np.zeros(choice.size), seen.x[rows], seen.cov[rows], seen.mu[rows], seen.slope[rows], when_ns, plots.kind, 0,
        plots.z, plots.time_ns, plots.site, plots.var, par, memory.biases.cov, own.parts,
    )  # fmt: skip
    at_ns = int(t_ns.max())
    after = blank(each, slope.shape[3])
    picture_slots(
        x, cov, mu, slope, t_ns, each, np.array((at_ns,)), own_prob, par, memory.biases.cov, after.x, after.cov,
        after.slope, after.mu, after.state, after.cov6, after.log_beta, after.log_beta_var, after.is_sound,
    )  # fmt: skip
    x, cov, mu, slope = after.x, after.cov, after.mu, after.slope
    prob = np.concatenate((np.array([max(1.0 - share.prob.sum(), 0.0)]), share.prob))
    mu *= prob[:, None] / prob.sum()
    total = mu.sum(axis=0)
    for m in range(MODEL_COUNT):
        if total[m] > 0.0:
            of, n = (mu[:, m] > 0.0).nonzero()[0], DIM[m]
            weight = mu[of, m] / total[m]
            mean = weight @ x[of, m, :n]
            off = x[of, m, :n] - mean
            spread = np.tensordot(weight, cov[of, m, :n, :n] + off[:, :, None] * off[:, None, :], axes=1)
            x[0, m, :n], cov[0, m, :n, :n] = mean, 0.5 * (spread + spread.T)
            slope[0, m, :n] = np.tensordot(weight, slope[of, m, :n], axes=1)
    return Bank(x[0], cov[0], total / total.sum(), slope[0], at_ns)
