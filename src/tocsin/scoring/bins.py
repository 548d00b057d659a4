"""Every track update against the object its track is mostly on: errors and consistency, by ten seconds of its life."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.messages import Column
from tocsin.scoring.consistency import mean_bounds, nees, rmse, share_above
from tocsin.scoring.paths import TrackPath, TruthPath, truth_at
from tocsin.units import NS_PER_S

BIN_S = 10.0  # s, over which errors and consistency are averaged
STATE_DOF = 6  # position and velocity


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """The track updates on one object in ten seconds of its life. None: nothing to judge by."""

    object: str
    from_s: float  # after the object's first row of truth
    update_count: int
    track_count: int
    position_rmse_m: float
    velocity_rmse_m_s: float
    nees_ratio: float | None  # mean NEES over its six degrees of freedom; wanted 1
    nees_low: float  # the 95 % bounds of that mean, counting each track once: its updates are not independent
    nees_high: float
    nees_above_95: float | None  # share of updates above their own 95 % point; wanted 0.05
    nees_first: float | None  # of the first update alone: over runs it is chi-square of six degrees exactly
    nis_ratio: float | None  # sum of NIS over the sum of its degrees of freedom; wanted 1
    nis_dof: int
    nis_low: float | None  # 95 % bounds: innovations of a matched filter are independent
    nis_high: float | None


class Updates(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Every update of the tracks that are mostly on one object, at the update's own time: nothing carried on."""

    after_s: Column  # (k,) after the object's first row
    track: Column
    position_error_m: Column
    velocity_error_m_s: Column
    nees: Column
    nis: Column
    nis_dof: Column

    def nees_ratio(self) -> float | None:
        known = self.nees[np.isfinite(self.nees)]
        return float(known.mean()) / STATE_DOF if len(known) else None

    def nis_ratio(self) -> float | None:
        dof = int(self.nis_dof.sum())
        return float(self.nis[self.nis_dof > 0].sum()) / dof if dof else None


def updates_on(truth: TruthPath, tracks: Sequence[TrackPath]) -> Updates:
    """Updates of these tracks, while held, that fall within what is told of the object."""
    parts = []
    for path in tracks:
        is_in = path.is_held & (path.t_ns >= truth.t_ns[0]) & (path.t_ns <= truth.t_ns[-1])
        position, velocity = truth_at(truth, path.t_ns[is_in])
        error = np.hstack((path.position_ecef_m[is_in] - position, path.velocity_ecef_m_s[is_in] - velocity))
        parts.append(
            Updates(
                after_s=(path.t_ns[is_in] - truth.t_ns[0]) / NS_PER_S, track=np.full(len(error), path.track),
                position_error_m=np.linalg.norm(error[:, :3], axis=1),
                velocity_error_m_s=np.linalg.norm(error[:, 3:], axis=1),
                nees=nees(error, path.covariance[is_in]), nis=path.nis[is_in], nis_dof=path.nis_dof[is_in],
            )
        )  # fmt: skip
    return joined(parts)


def joined(parts: Sequence[Updates]) -> Updates:
    """All rows, in the order of the parts."""
    names = Updates.__struct_fields__
    return Updates(**{name: np.concatenate([np.empty(0), *(getattr(each, name) for each in parts)]) for name in names})


def bins_of(truth: TruthPath, seen: Updates) -> list[Bin]:
    """The tens of seconds in which there is an update, in order of time."""
    number = np.floor(seen.after_s / BIN_S).astype(np.int64)
    found = []
    for each in np.unique(number).tolist():
        part = Updates(**{name: getattr(seen, name)[number == each] for name in Updates.__struct_fields__})
        track_count, dof = len(np.unique(part.track)), int(part.nis_dof.sum())
        low, high = mean_bounds(track_count, STATE_DOF)
        nis_bounds = mean_bounds(1, dof) if dof else (None, None)
        found.append(
            Bin(
                object=truth.name, from_s=each * BIN_S, update_count=len(part.after_s), track_count=track_count,
                position_rmse_m=rmse(part.position_error_m) or 0.0,
                velocity_rmse_m_s=rmse(part.velocity_error_m_s) or 0.0,
                nees_ratio=part.nees_ratio(), nees_low=low, nees_high=high,
                nees_above_95=share_above(part.nees, STATE_DOF),
                nees_first=float(part.nees[0]) if np.isfinite(part.nees[0]) else None,
                nis_ratio=part.nis_ratio(), nis_dof=dof,
                nis_low=nis_bounds[0], nis_high=nis_bounds[1],
            )
        )  # fmt: skip
    return found
