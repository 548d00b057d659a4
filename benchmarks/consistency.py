"""Is the tracker as sure as it should be, and as accurate as it could be? NEES, RMSE and impact error by phase.

    python -m benchmarks.consistency [--runs 100] [--seed 0] [--set policy.track.KEY=VALUE ...] [--write]

Plays ``one-missile`` (the truth flies with air, drag and burn that the filter does not know) for seeds seed to
seed + runs - 1 through screen and track, and scores the track in bins of ten seconds after each phase change:
    NEES/6      mean over runs of the first update in the bin; wanted 1, 95 % bounds beside it
    above 95 %  share of runs whose first update lies above the 95 % point of chi-square with six degrees; wanted 5 %
    RMSE/bound  position and velocity error, root mean square, over the Cramer-Rao bound of the same radar looks since
                burn-out; ballistic coefficient, density, wind, refractivity unknown (``consistency_bound.py``)
    impact      impact point error, root mean square: the track's, over that of a single ballistic filter without
                process noise that is given the true plots alone; in coast
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.consistency_bound import STEP_S, bound_along
from benchmarks.consistency_truth import Array, Flown, flown
from tocsin.kernels.fall import fall_to_ground
from tocsin.policy import TrackPolicy
from tocsin.scoring import Bin, PooledBin, TruthPath, pooled
from tocsin.scoring.bins import BIN_S, bins_of, updates_on
from tocsin.scoring.errors import ground_distance_m
from tocsin.tracking.batch import OK, fit_state
from tocsin.tracking.looks import Looks, moved, radar_view
from tocsin.units import NS_PER_S

OUT = Path(__file__).with_name("consistency.md")
START_LOOKS = 12  # the single filter starts from a batch of so many
FALL_MAX_S = 3_600.0
CALM = np.zeros(4)
PRIOR = (TrackPolicy().log_beta_mean, TrackPolicy().log_beta_std)


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One run: its bins, and for each (phase, bin) the mean square bound and both impact errors."""

    bins: list[Bin]
    bound_m2: dict[tuple[str, float], float]
    bound_m2_s2: dict[tuple[str, float], float]
    impact_m: dict[tuple[str, float], tuple[float, float]]


def sample(run: Flown) -> Sample:
    """Score one run."""
    bins: list[Bin] = []
    bound_m2: dict[tuple[str, float], float] = {}
    bound_m2_s2: dict[tuple[str, float], float] = {}
    impact: dict[tuple[str, float], tuple[float, float]] = {}
    single = SingleFilter(run)
    for phase in run.phases:
        seen = updates_on(phase, run.tracks)
        bins += bins_of(phase, seen)
        if phase.name == "boost" or not len(seen.after_s):
            continue
        at_s = seen.after_s + (int(phase.t_ns[0]) - run.epoch_ns) / NS_PER_S
        square_m2, square_m2_s2 = bound_along(
            run.looks, run.bent, at_s, run.burnout, run.beta_kg_m2, run.air, PRIOR[1], run.air_std
        )  # fmt: skip
        number = np.floor(seen.after_s / BIN_S)
        for each in np.unique(number).tolist():
            key, rows = (phase.name, each * BIN_S), np.flatnonzero(number == each)
            bound_m2[key] = float(np.mean(square_m2[rows]))
            bound_m2_s2[key] = float(np.mean(square_m2_s2[rows]))
            if phase.name == "coast" and at_s[rows[0]] > single.start_s:
                impact[key] = (track_impact_m(run, phase, seen.after_s[rows[0]]), single.impact_m(float(at_s[rows[0]])))
    return Sample(bins, bound_m2, bound_m2_s2, impact)


class SingleFilter:
    """An extended Kalman filter of (position, velocity, ln beta), without process noise, on the true plots alone."""

    def __init__(self, run: Flown) -> None:
        self._run, self._next = run, START_LOOKS
        first = Looks(
            run.looks.time_s[:START_LOOKS], run.looks.site_ecef_m[:START_LOOKS], *run.looks.std[:START_LOOKS].T
        )
        self.start_s = float(first.time_s[-1])
        fit = fit_state(first, run.measured[:START_LOOKS], at_s=self.start_s, log_beta_prior=PRIOR)
        if fit.status != OK:
            raise RuntimeError(fit.sentence)
        self._state, self._cov, self._now_s = fit.state, fit.covariance, self.start_s

    def impact_m(self, at_s: float) -> float:
        """Error of the impact point foreseen at a time, no earlier than any asked for before."""
        looks = self._run.looks
        while self._next < len(looks) and looks.time_s[self._next] <= at_s:
            k, self._next = self._next, self._next + 1
            self._state, phi = moved(self._state, 0.0, float(looks.time_s[k]) - self._now_s, STEP_S)
            self._cov, self._now_s = phi @ self._cov @ phi.T, float(looks.time_s[k])
            used = np.isfinite(self._run.measured[k])
            seen, partials = radar_view(self._state, looks.site_ecef_m[k])
            nu = self._run.measured[k] - seen
            nu[1] = (nu[1] + math.pi) % (2.0 * math.pi) - math.pi
            h, r = np.hstack((partials, np.zeros((4, 1))))[used], np.diag(looks.std[k][used] ** 2)
            gain = np.linalg.solve(h @ self._cov @ h.T + r, h @ self._cov).T
            keep = np.eye(7) - gain @ h
            self._state = self._state + gain @ nu[used]
            self._cov = keep @ self._cov @ keep.T + gain @ r @ gain.T
        return impact_error_m(self._state[:3], self._state[3:6], math.exp(self._state[6]), self._run)


def track_impact_m(run: Flown, phase: TruthPath, after_s: float) -> float:
    """Error of the impact point that the track's state of this time foresees."""
    t_ns = int(phase.t_ns[0]) + round(after_s * NS_PER_S)
    for track in run.tracks:
        rows = np.flatnonzero(np.abs(track.t_ns - t_ns) < 1000)
        if rows.size:
            k = int(rows[0])
            return impact_error_m(
                track.position_ecef_m[k], track.velocity_ecef_m_s[k], float(track.beta_kg_m2[k]), run
            )  # fmt: skip
    return math.nan


def impact_error_m(position: Array, velocity: Array, beta_kg_m2: float, run: Flown) -> float:
    """Along the ground from where a state falls, in standard air, to where the truth fell; nan: it does not fall."""
    fallen = fall_to_ground(position.copy(), velocity.copy(), beta_kg_m2, CALM, FALL_MAX_S)
    if fallen[0] != 0:
        return math.nan
    a, b = fallen[1].tolist(), run.impact_ecef_m.tolist()
    return ground_distance_m((a[0], a[1], a[2]), (b[0], b[1], b[2]))


def table(samples: Sequence[Sample]) -> Iterator[str]:
    """Rows of a Markdown table, by phase and bin."""
    yield "| phase | from, s | runs | NEES/6 | bounds | above 95 % | RMSE, m | / bound | RMSE, m/s | / bound | impact |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    phases = ("boost", "coast", "re-entry")
    for each in sorted(pooled(s.bins for s in samples), key=lambda p: (phases.index(p.object), p.from_s)):
        yield row(each, samples)


def row(each: PooledBin, samples: Sequence[Sample]) -> str:
    """One bin of all runs."""
    key = (each.object, each.from_s)
    cells = [each.object, f"{each.from_s:.0f}", str(each.run_count)]
    cells += ["" if each.nees_ratio is None else f"{each.nees_ratio:.2f}", f"{each.nees_low:.2f}-{each.nees_high:.2f}"]
    cells += ["" if each.runs_above_95 is None else f"{100.0 * each.runs_above_95:.0f} %"]
    for rmse, squares in (
        (each.position_rmse_m, [s.bound_m2[key] for s in samples if key in s.bound_m2]),
        (each.velocity_rmse_m_s, [s.bound_m2_s2[key] for s in samples if key in s.bound_m2_s2]),
    ):
        bound = math.sqrt(float(np.mean(squares))) if squares else math.nan
        cells += [f"{rmse:.4g}", f"{rmse / bound:.2f}" if math.isfinite(bound) else ""]
    pairs = np.array([s.impact_m[key] for s in samples if key in s.impact_m]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    track_m, single_m = np.sqrt(np.mean(pairs**2, axis=0)).tolist() if len(pairs) else (math.nan, math.nan)
    cells += [f"{track_m / single_m:.2f} ({track_m:.0f} m)" if len(pairs) else ""]
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Play, score, print; write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.consistency", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="seeds")
    parser.add_argument("--seed", type=int, default=0, help="the first")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a scenario key")
    parser.add_argument("--write", action="store_true", help=f"write {OUT.name}")
    arguments = parser.parse_args()
    begun, samples = time.perf_counter(), []
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        samples.append(sample(flown(seed, tuple(arguments.set))))
        sys.stderr.write(f"\r{len(samples)}/{arguments.runs} runs")
    sys.stderr.write("\n")
    lines = [
        "# Consistency of the tracker", "",
        (
            f"`python -m benchmarks.consistency --runs {arguments.runs}`, seeds from {arguments.seed}; truth off the "
            "filter's model. Notional parameters throughout."
        ), "",
        *table(samples), "",
        f"({time.perf_counter() - begun:.0f} s.)",
    ]  # fmt: skip
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if arguments.write:
        OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
