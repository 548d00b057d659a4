"""Rows of the benchmark: how well sensors' biases are estimated, and what that does to tracks.

`python -m benchmarks.bias_rows [runs]` prints them. First the filter alone on plots of known origin, beside the joint
batch over all states and biases, whose covariance is the Cramer-Rao bound with the priors: NEES over its degrees of
freedom, root mean square errors over the bound. Then the whole tracker, which associates for itself, with the spreads
stated and without.
"""

from __future__ import annotations

import dataclasses
import sys
import time

import numpy as np

from benchmarks import bias_scenes as scenes
from benchmarks.stonesoup_scenes import START_NS
from tocsin.messages import Detections, column
from tocsin.tracking import Tracker

CASES = (scenes.Case(2, 3, 120), scenes.Case(3, 5, 120))
RUNS = 200


@dataclasses.dataclass
class Row:
    """Over all runs: mean NEES over n of biases and of final states, of the filter and the batch; errors over bound."""

    bias_nees: float
    state_nees: float
    batch_bias_nees: float
    batch_state_nees: float
    bias_ratios: np.ndarray
    position_ratio: float


def study(case: scenes.Case, runs: int, first_seed: int = 0) -> Row:
    errors, bounds, nees, batch_nees = [], [], [], []
    state_nees, batch_state_nees, squares, position_bounds = [], [], [], []
    for seed in range(first_seed, first_seed + runs):
        given = scenes.scene(case, seed)
        found = scenes.filtered(given)
        best, bound = scenes.batch(given)
        errors.append(found.bias - given.bias)
        bounds.append(np.diag(bound))
        nees.append(_nees(errors[-1], found.bias_cov))
        batch_nees.append(_nees(best.bias - given.bias, bound))
        for k, start in enumerate(given.states):
            error = found.states[k] - scenes.moved(start, found.end_s)
            state_nees.append(_nees(error, found.covs[k]))
            batch_state_nees.append(_nees(best.states[k] - scenes.moved(start, best.end_s), best.covs[k]))
            squares.append(float(error[:3] @ error[:3]))
            position_bounds.append(float(np.trace(best.covs[k][:3, :3])))
    return Row(
        float(np.mean(nees)), float(np.mean(state_nees)), float(np.mean(batch_nees)), float(np.mean(batch_state_nees)),
        np.sqrt(np.mean(np.square(errors), axis=0) / np.mean(bounds, axis=0)),
        float(np.sqrt(np.mean(squares) / np.mean(position_bounds))),
    )  # fmt: skip


def _nees(error: np.ndarray, cov: np.ndarray) -> float:
    return float(error @ np.linalg.solve(cov, error)) / error.size


def scans(given: scenes.Scene) -> list[Detections]:
    """The plots as scans, in order of the times their radars state."""
    groups: dict[tuple[float, int], list[scenes.Plot]] = {}
    for plot in given.plots:
        groups.setdefault((plot.time_s, plot.radar), []).append(plot)
    return [_scan(number, radar, time_s, plots) for number, ((time_s, radar), plots) in enumerate(groups.items())]


def _scan(number: int, radar: int, time_s: float, plots: list[scenes.Plot]) -> Detections:
    end_ns, count = START_NS + round(time_s * 1e9), len(plots)
    z = np.array([plot.z for plot in plots])
    x_m, y_m, z_m = scenes.SITES[radar].tolist()
    return Detections(
        time_ns=end_ns, arrival_ns=end_ns, sensor=f"radar {radar + 1}", kind="radar", sequence=number, start_ns=end_ns,
        end_ns=end_ns, platform_ecef_m=(x_m, y_m, z_m), plot_time_ns=column([end_ns] * count, "int64"),
        plot_index=column(range(count), "int64"), range_m=column(z[:, 0]), azimuth_rad=column(z[:, 1]),
        elevation_rad=column(z[:, 2]), range_std_m=column([scenes.RANGE_STD_M] * count),
        angle_std_rad=column([scenes.ANGLE_STD_RAD] * count),
    )  # fmt: skip


@dataclasses.dataclass
class Whole:
    """One run of the whole tracker: NEES over 6 and square errors of position of its confirmed tracks at the end."""

    state_nees: list[float]
    squares: list[float]
    bias_nees: float
    surplus: int  # tracks there more than objects
    seconds: float


def tracked(given: scenes.Scene, is_told: bool) -> Whole:
    case = given.case
    spreads = {f"radar {k + 1}": case.spread for k in range(case.radars)}
    tracker = Tracker(biases=spreads if is_told else None)
    work, began = scans(given), time.perf_counter()
    told = [tracker.step(scan) for scan in work]
    seconds = time.perf_counter() - began
    last: dict[int, tuple[int, np.ndarray, np.ndarray]] = {}
    for message in told:
        if message is not None:
            for row, track in enumerate(message.track.tolist()):
                state = np.concatenate((message.position_ecef_m[row], message.velocity_ecef_m_s[row]))
                if message.status[row] == "confirmed":
                    last[track] = int(message.t_ns[row]), state, message.covariance[row]
                else:
                    last.pop(track, None)
    out = Whole([], [], 0.0, len(last) - case.objects, seconds)
    if is_told:
        biases = tracker.state.biases
        out.bias_nees = _nees(biases.mean - given.bias, biases.cov)
    for time_ns, state, cov in last.values():
        truths = [scenes.moved(start, (time_ns - START_NS) * 1e-9) for start in given.states]
        error = state - min(truths, key=lambda t: float(np.linalg.norm(t[:3] - state[:3])))
        out.state_nees.append(_nees(error, cov))
        out.squares.append(float(error[:3] @ error[:3]))
    return out


def lines(runs: int = RUNS) -> list[str]:
    out = []
    for case in CASES:
        row = study(case, runs)
        out.append(
            f"biases, {case.radars} radars, {case.objects} objects, {case.seconds} s, {runs} runs: NEES/n of biases "
            f"{row.bias_nees:.2f} (batch {row.batch_bias_nees:.2f}), of states {row.state_nees:.2f} "
            f"({row.batch_state_nees:.2f}); RMSE over bound, biases {row.bias_ratios.min():.2f} to "
            f"{row.bias_ratios.max():.2f}, position {row.position_ratio:.2f}"
        )
    for is_told in (True, False):
        case = CASES[-1]
        whole = [tracked(scenes.scene(case, seed), is_told) for seed in range(runs)]
        out.append(
            f"whole tracker, the same, {'with' if is_told else 'without'} spreads stated: median NEES/6 "
            f"{np.median(np.concatenate([w.state_nees for w in whole])):.2f}, median position error "
            f"{np.sqrt(np.median(np.concatenate([w.squares for w in whole]))):.0f} m, NEES/n of biases "
            f"{np.mean([w.bias_nees for w in whole]):.2f}, doubles {np.mean([w.surplus for w in whole]):.2f} a run, "
            f"{1e3 * float(np.median([w.seconds for w in whole])):.0f} ms a run"
        )
    return out


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)) + "\n")
