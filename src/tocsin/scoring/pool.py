"""Ten-second bins of many runs put together: RMSE over time, and consistency against exact bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np

from tocsin.scoring.bins import STATE_DOF, Bin
from tocsin.scoring.consistency import mean_bounds, share_above


class PooledBin(msgspec.Struct, frozen=True, kw_only=True):
    """The same ten seconds of the same object in many runs, each run counted once. None: no run has a NEES."""

    object: str
    from_s: float
    run_count: int
    position_rmse_m: float  # root of the mean over runs of the mean square in each
    velocity_rmse_m_s: float
    nees_ratio: float | None  # mean over runs of the first update's NEES, over six; wanted 1
    nees_low: float  # between which it lies with ``prob`` where the filter is honest
    nees_high: float
    runs_above_95: float | None  # share of runs whose first update is above the 95 % point; wanted 0.05

    @property
    def is_consistent(self) -> bool:
        """Whether the mean lies within its bounds."""
        return self.nees_ratio is not None and self.nees_low <= self.nees_ratio <= self.nees_high


def pooled(runs: Iterable[Iterable[Bin]], *, prob: float = 0.95) -> tuple[PooledBin, ...]:
    """Bins of independent runs of one scenario, by object and time.

    One update a run and bin: those of one track are correlated, those of different runs are not, so that the mean
    is chi-square of 6 x runs degrees of freedom over that number (Bar-Shalom et al. 2001, section 5.4.2).
    """
    groups: dict[tuple[str, float], list[Bin]] = {}
    for bins in runs:
        for each in bins:
            groups.setdefault((each.object, each.from_s), []).append(each)
    found = []
    for (name, from_s), rows in sorted(groups.items()):
        first = np.array([each.nees_first for each in rows if each.nees_first is not None])
        low, high = mean_bounds(max(len(first), 1), STATE_DOF, prob)
        found.append(
            PooledBin(
                object=name, from_s=from_s, run_count=len(rows),
                position_rmse_m=math.sqrt(sum(each.position_rmse_m**2 for each in rows) / len(rows)),
                velocity_rmse_m_s=math.sqrt(sum(each.velocity_rmse_m_s**2 for each in rows) / len(rows)),
                nees_ratio=float(first.mean()) / STATE_DOF if len(first) else None, nees_low=low, nees_high=high,
                runs_above_95=share_above(first, STATE_DOF),
            )
        )  # fmt: skip
    return tuple(found)
