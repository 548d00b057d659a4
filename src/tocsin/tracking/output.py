"""Tracks as a TrackUpdates message."""

from __future__ import annotations

import math
import typing
from typing import Any

import msgspec
import numpy as np

from tocsin.kernels.track_bank import close_ranks
from tocsin.kernels.track_memory import PARENT, REAL_COUNT, WHOLE_COUNT, tell_rows, tell_sensors
from tocsin.kernels.track_motion import MODEL_COUNT, SIZE
from tocsin.messages import Column, TrackUpdates
from tocsin.messages.track_updates import TrackStatus
from tocsin.tracking.state import TrackerState
from tocsin.tracking.two_cores import by_rows, picture_rows

_STATUS = np.array(typing.get_args(TrackStatus), dtype=object)


class Estimate(msgspec.Struct, eq=False):
    """What is believed of slots (n,): mu (n, 3), and of all models combined state (n, 6) and cov6.

    They are predicted to ``to_ns`` (n,) int64, or (1,) for all, where it lies ahead of them. cov6 and ``log_beta_var``
    (n,) have what is not known of the sensors' biases in them. ``is_sound`` (n,) is false for what cannot be, as in
    ``kernels/track_bank.py``: such a track is to be given up.
    """

    slots: Column
    to_ns: Column
    mu: Column
    state: Column
    cov6: Column
    log_beta: Column
    log_beta_var: Column
    is_sound: Column


class Picture(Estimate, eq=False):
    """The same with the banks that it comes of: x (n, 3, 9), cov (n, 3, 9, 9) and slope (n, 3, 9, b).

    x and cov hold as if the sensors' biases were as believed, slope is d x / d biases.
    """

    x: Column
    cov: Column
    slope: Column

    def kept(self, is_kept: Column) -> Picture:
        """The rows of it that are kept, in the arrays of this one, which is then no more."""
        close_ranks(
            is_kept, self.x, self.cov, self.slope, self.mu, self.state, self.cov6, self.log_beta, self.log_beta_var,
            self.is_sound,
        )  # fmt: skip
        return self.first(self.slots[is_kept], self.to_ns)

    def first(self, slots: Column, to_ns: Column) -> Picture:
        """Its first rows, as those of slots (n,) at one time (1,)."""
        n = slots.shape[0]
        return Picture(
            slots, to_ns, self.mu[:n], self.state[:n], self.cov6[:n], self.log_beta[:n], self.log_beta_var[:n],
            self.is_sound[:n], self.x[:n], self.cov[:n], self.slope[:n],
        )  # fmt: skip


def blank(slots: Column, biases: int, to_ns: int = 0) -> Picture:
    """Room for a picture of so many slots and biases, all zero: what is not filled in stays finite."""
    n = slots.shape[0]
    return Picture(
        slots, np.array((to_ns,)), np.zeros((n, MODEL_COUNT)), np.zeros((n, 6)), np.zeros((n, 6, 6)), np.zeros(n),
        np.zeros(n), np.zeros(n, dtype=bool), np.zeros((n, MODEL_COUNT, SIZE)), np.zeros((n, MODEL_COUNT, SIZE, SIZE)),
        np.zeros((n, MODEL_COUNT, SIZE, biases)),
    )  # fmt: skip


def picture(
    memory: TrackerState, slots: Column, to_ns: int, own_prob: float, par: Column, room: Picture | None = None
) -> Picture:
    """Slots predicted to ``to_ns`` where it lies ahead of them; the memory stays as it is.

    What a bank without a model's probability holds for it is undefined. ``room``: a larger picture to be overwritten.
    """
    seen = blank(slots, memory.slope.shape[3], to_ns) if room is None else room.first(slots, np.array((to_ns,)))
    picture_rows(
        memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, slots, seen.to_ns, own_prob, par, memory.biases.cov,
        seen.x, seen.cov, seen.slope, seen.mu, seen.state, seen.cov6, seen.log_beta, seen.log_beta_var, seen.is_sound,
    )  # fmt: skip
    return seen


def estimate(memory: TrackerState, slots: Column, to_ns: Column, own_prob: float, par: Column) -> Estimate:
    """``picture`` without its banks, each slot at its own time where ``to_ns`` is (n,) int64; (1,): all at one."""
    n, biases = slots.shape[0], memory.slope.shape[3]
    told = Estimate(
        slots, to_ns, np.empty((n, MODEL_COUNT)), np.empty((n, 6)), np.empty((n, 6, 6)), np.empty(n), np.empty(n),
        np.empty(n, dtype=bool),
    )  # fmt: skip
    picture_rows(
        memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, slots, to_ns, own_prob, par, memory.biases.cov,
        np.zeros((1, MODEL_COUNT, SIZE)), np.zeros((1, MODEL_COUNT, SIZE, SIZE)),
        np.zeros((1, MODEL_COUNT, SIZE, biases)), told.mu, told.state, told.cov6, told.log_beta, told.log_beta_var,
        told.is_sound,
    )  # fmt: skip
    return told


def updates(
    memory: TrackerState, seen: Estimate, rows: Column, names: Column, sensor: str, time_ns: int,
    causes: tuple[str, ...], dropped: Column, nis: Column, dof: int, log_beta_prior: tuple[float, float],
    revision: int = 0,
) -> TrackUpdates:  # fmt: skip
    """One row for each of ``rows`` (n,) of the estimate, in order of their public numbers ``names`` (n,) int64.

    ``names`` come in any order, in which ``dropped`` (n,) bool and ``nis`` (n,), -1 where no plot was used, are too.
    """
    track = names
    if np.count_nonzero(track[1:] < track[:-1]):
        order = track.argsort()
        track, rows, dropped, nis = track[order], rows[order], dropped[order], nis[order]
    n, of_old = rows.shape[0], memory.history.parents
    whole, real, vectors = np.empty((WHOLE_COUNT, n), np.int64), np.empty((REAL_COUNT, n)), np.empty((2, n, 3))
    cov6, mode_prob = np.empty((n, 6, 6)), np.empty((n, MODEL_COUNT))
    alike, first_alike, size = np.empty(n, np.int64), np.empty(n, np.int64), 4
    while size < 2 * n:
        size *= 2
    unlike = tell_sensors(memory.fed, seen.slots, rows, np.empty(size, np.int64), alike, first_alike)
    by_rows(
        lambda of: tell_rows(
            memory.t_ns, memory.status, memory.first_ns, memory.last_ns, memory.plot_count, memory.parent, seen.slots,
            seen.mu, seen.state, seen.cov6, seen.log_beta, seen.log_beta_var, rows, dropped, nis, seen.to_ns, dof,
            *log_beta_prior, of.start, of.stop, whole, real, vectors, cov6, mode_prob,
        ),
        n,
    )  # fmt: skip
    parent = whole[PARENT]
    if of_old or np.count_nonzero(parent):
        has_parent = parent > 0
        if of_old:
            has_parent |= np.isin(track, np.fromiter(of_old, np.int64, len(of_old)))
        for i in has_parent.nonzero()[0].tolist():
            parent[i] = memory.history.parent(int(track[i]), memory.name_of(int(parent[i])))
    for column in (track, whole, real, vectors, cov6, mode_prob):
        column.flags.writeable = False
    code, t_ns, first_ns, last_ns, radar_count, infrared_count, position_count, nis_dof, parent = whole
    log_beta, log_beta_std, told_nis = real
    fed = memory.sensors_of(first_alike[:unlike])
    return TrackUpdates(
        time_ns=time_ns,
        causes=causes,
        sensor=sensor,
        revision=revision,
        track=track,
        status=tuple(_STATUS[code].tolist()),
        t_ns=t_ns,
        position_ecef_m=vectors[0],
        velocity_ecef_m_s=vectors[1],
        covariance=cov6,
        mode_prob=mode_prob,
        log_beta=log_beta,
        log_beta_std=log_beta_std,
        first_ns=first_ns,
        last_ns=last_ns,
        radar_count=radar_count,
        infrared_count=infrared_count,
        position_count=position_count,
        nis=told_nis,
        nis_dof=nis_dof,
        parent=parent,
        sensors=tuple(map(fed.__getitem__, alike.tolist())) if unlike > 1 else fed * n,
    )


def joined(first: TrackUpdates | None, second: TrackUpdates | None) -> TrackUpdates | None:
    """Two messages of one moment as one, in order of track id; ``first`` gives what is not a column."""
    if first is None or second is None:
        return first if second is None else second
    order = np.concatenate((first.track, second.track)).argsort()
    both: dict[str, Any] = {}
    for name in first.__struct_fields__:
        a, b = getattr(first, name), getattr(second, name)
        if isinstance(a, np.ndarray):
            both[name] = _column(np.concatenate((a, b))[order])
        elif name in ("status", "sensors"):
            both[name] = tuple((*a, *b)[i] for i in order)
    return msgspec.structs.replace(first, **both)


def speed_significance(state: Column, cov6: Column) -> float:
    """Speed in its own sigmas, squared: chi-square with three degrees of freedom for an object that stands still."""
    value = float(state[3:] @ np.linalg.solve(cov6[3:, 3:], state[3:]))
    return value if math.isfinite(value) else 0.0


def _column(values: Column) -> Column:
    values.flags.writeable = False
    return values
