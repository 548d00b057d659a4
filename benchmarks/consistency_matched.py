"""The matched run: truth flies the filter's own BALLISTIC model, noise and all. NEES within exact chi-square bounds?

    python -m benchmarks.consistency_matched [--runs 1000] [--seed 0]

It proves the implementation only (state, transition, noise, update), not the model: that is ``consistency.py``.
One radar, a look every two seconds from burn-out to 5 km above the ground; the start is drawn from the filter's prior,
the truth is pushed by the filter's own process noise. Exits with 1 where a bin leaves its bounds.
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np
import numpy.typing as npt

from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.track_motion import BALLISTIC, LOG_BETA_VAR, SIZE, WORK_COLUMNS, WORK_ROWS, carry_covariance, move
from tocsin.kernels.track_observe import RADAR
from tocsin.kernels.track_update import update_model
from tocsin.policy import TrackPolicy
from tocsin.scoring import mean_bounds, nees, share_above
from tocsin.tracking.parameters import kernel_parameters

Array = npt.NDArray[np.float64]
LOOK_S = 2.0
BIN_LOOKS = 5
SUBSTEPS = 2  # of the truth between looks: one step of `move` each, whose noise has no cross terms with ln(beta)
LOWEST_M = 5_000.0
STATES = 7
MOST_LOOKS = 400
POLICY = TrackPolicy()
PAR = kernel_parameters(POLICY)
PRIOR_STD = np.array([500.0] * 3 + [30.0] * 3 + [POLICY.log_beta_std])
NOISE_STD = np.array([30.0, 1e-3, 1e-3])
SITE = np.array(ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 500.0))


def cut_off() -> Array:
    """(9,) a generic cut-off, the mean of the prior: 70 km high, 2.6 km/s, 40 degrees up, toward the west."""
    latitude, longitude = math.radians(33.0), math.radians(48.0)
    axes = enu_axes(latitude, longitude)
    level = -0.95 * axes[0] + 0.31 * axes[1]
    x = np.zeros(SIZE)
    x[:3] = ecef_from_geodetic(latitude, longitude, 70e3)
    x[3:6] = 2600.0 * (math.cos(0.7) * level + math.sin(0.7) * axes[2])
    x[6] = POLICY.log_beta_mean
    return x


def root(covariance: Array) -> Array:
    """A matrix whose square a covariance is, semidefinite as it may be."""
    scale = np.sqrt(np.maximum(covariance.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    return np.asarray(scale[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))


def fly(rng: np.random.Generator) -> tuple[Array, Array]:
    """One run: errors (k, 7) and covariances (k, 7, 7) after each look."""
    x, cov = cut_off(), np.zeros((SIZE, SIZE))
    cov[range(STATES), range(STATES)] = PRIOR_STD**2
    truth = x.copy()
    truth[:STATES] += PRIOR_STD * rng.standard_normal(STATES)
    var, z = np.append(NOISE_STD**2, 1.0), np.zeros(4)
    phi, q = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    work, no_bias = np.zeros((WORK_ROWS, WORK_COLUMNS)), np.zeros((4, 4))
    errors: list[np.ndarray] = []
    covariances: list[np.ndarray] = []
    while len(errors) < MOST_LOOKS:
        move(BALLISTIC, x, LOOK_S, PAR[LOG_BETA_VAR] - cov[6, 6], PAR, phi, q, work)
        carry_covariance(phi, cov, STATES, work)
        cov[:STATES, :STATES] += q[:STATES, :STATES]
        grown = q[6, 6] / SUBSTEPS
        for _ in range(SUBSTEPS):  # the truth's own ln(beta) is known: all room, so no second order, but the same drift
            move(BALLISTIC, truth, LOOK_S / SUBSTEPS, PAR[LOG_BETA_VAR], PAR, phi, q, work)
            q[6, 6] = grown
            truth[:STATES] += root(q[:STATES, :STATES]) @ rng.standard_normal(STATES)
        if geodetic_from_ecef(truth[0], truth[1], truth[2])[2] < LOWEST_M:
            break
        z[:3] = np.array(radar_from_ecef(truth[:3].copy(), SITE)) + NOISE_STD * rng.standard_normal(3)
        update_model(BALLISTIC, x, cov, LOOK_S, False, x, phi, q, RADAR, z, SITE, var, PAR, no_bias, work)
        errors.append((x - truth)[:STATES])
        covariances.append(cov[:STATES, :STATES].copy())
    return np.array(errors), np.array(covariances)


def bins(runs: int, seed: int) -> tuple[Array, Array]:
    """NEES of position and velocity, and of all seven, at each tenth second: (runs, bins), nan past a flight's end."""
    found: list[tuple[Array, Array]] = []
    for run in range(runs):
        error, covariance = fly(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(run,))))
        error, covariance = error[::BIN_LOOKS], covariance[::BIN_LOOKS]
        found.append((nees(error[:, :6], covariance[:, :6, :6]), nees(error, covariance)))
    out = np.full((2, runs, max(len(six) for six, _ in found)), np.nan)
    for run, (six, seven) in enumerate(found):
        out[0, run, : len(six)], out[1, run, : len(seven)] = six, seven
    return out[0], out[1]


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.consistency_matched", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outside_95, outside, count = 0, 0, 0
    six, seven = bins(arguments.runs, arguments.seed)
    for name, values, dof in (("position, velocity", six, 6), ("and ln(beta)", seven, 7)):
        sys.stdout.write(f"| {name}: from, s | runs | NEES/{dof} | 95 % bounds | above 95 % |\n|---|---|---|---|---|\n")
        for k in range(values.shape[1]):
            column = values[:, k][np.isfinite(values[:, k])]
            if len(column) < arguments.runs:  # those that fly on are a choice: the slow ones
                continue
            mean, wide = float(column.mean()) / dof, mean_bounds(len(column), dof, 0.9999)
            low, high = mean_bounds(len(column), dof)
            count, outside_95 = count + 1, outside_95 + (not low <= mean <= high)
            outside += not wide[0] <= mean <= wide[1]
            share = 100.0 * (share_above(column, dof) or 0.0)
            begin_s = LOOK_S * (1 + BIN_LOOKS * k)
            sys.stdout.write(f"| {begin_s:.0f} | {len(column)} | {mean:.3f} | {low:.3f}-{high:.3f} | {share:.1f} % |\n")
    sys.stdout.write(
        f"\n{outside_95} of {count} outside 95 % bounds (by chance 5 %), {outside} outside 99.99 % bounds\n"
    )
    return 1 if outside or outside_95 > 0.2 * count else 0


if __name__ == "__main__":
    sys.exit(main())
