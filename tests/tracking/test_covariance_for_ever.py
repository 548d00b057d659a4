"""A million predictions and updates: the covariance of every model stays symmetric, bit for bit, and positive definite.

The state is put back where it was after each update, so that the geometry stays as extreme as it was made: it is the
covariance that is on trial, and it is looked at after every single update.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from tracking_scene import at

from tocsin.kernels import enu_axes, radar_from_ecef
from tocsin.kernels.track_bank import _bound_spread
from tocsin.kernels.track_motion import BALLISTIC, BOOST, DIM, LEVEL, WORK_COLUMNS, WORK_ROWS, predict_model
from tocsin.kernels.track_observe import INFRARED, POSITION, RADAR, RADAR_RATE
from tocsin.kernels.track_update import update_model
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters

PAR = kernel_parameters(TrackPolicy())
PLACES = 12  # models times flights: see `flights`
UPDATES = 1_000_000 // (PLACES * 4)
# s between plots: at once after another sensor, in turn, after a gap, after a long one
GAPS_S = np.array([1e-3, 0.0, 1.0, 1.0, 10.0, 0.2, 60.0])
# standard deviations, m or (m/s) and rad: fine, coarse and ordinary plots in turn
FINE, COARSE, PLAIN = (0.05, 2e-6), (2e4, 0.05), (30.0, 1e-3)


@numba.njit(error_model="numpy")
def run(model, kind, state, cov, site, z, var, gap_s, count, par, work):  # type: ignore[no-untyped-def]
    """Least pivot of the correlation matrix ever met, how often the matrix was not its transpose, how many updates."""
    n = DIM[model]
    x = state.copy()
    root = np.empty((9, 9))
    extra, slope = np.zeros((4, 4)), np.zeros((9, 0))
    least, skew, used = 1.0, 0, 0
    for k in range(count):
        predict_model(model, x, cov, slope, gap_s[k % gap_s.shape[0]], par, work)
        if model == BOOST:
            _bound_spread(cov)
        for i in range(n):
            x[i] = state[i]
        i = k % z.shape[0]
        nis, _ = update_model(model, x, cov, 1.0, False, x, cov, cov, kind, z[i], site, var[i], par, extra, work)
        used += nis < 1e29
        for i in range(n):
            x[i] = state[i]
            for j in range(i):
                skew += cov[i, j] != cov[j, i]
        for j in range(n):
            for i in range(j, n):
                v = cov[i, j] / math.sqrt(cov[i, i] * cov[j, j])
                for c in range(j):
                    v -= root[i, c] * root[j, c]
                if i == j:
                    least = min(least, v)
                    if not v > 0.0:
                        return v, skew, used
                root[i, j] = v / math.sqrt(v if i == j else root[j, j] ** 2)
    return least, skew, used


def flights(model: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """States and where a sensor on the ground stands: overhead, near the horizon, close by, far below."""
    lat, lon = 36.0, 40.0
    speed, tail = {
        BOOST: (2_000.0, [-20.0, 15.0, 30.0]),
        BALLISTIC: (3_000.0, [7.0, 0.0, 0.0]),
        LEVEL: (250.0, [0.0] * 3),
    }[model]
    heights_m = {BOOST: (30e3, 80e3, 300.0, 150e3), BALLISTIC: (25e3, 95e3, 12e3, 600e3), LEVEL: (10e3,) * 4}[model]
    axes = enu_axes(math.radians(lat), math.radians(lon))
    sites = [at(lat + 1e-4, lon, 0.0), at(lat, lon - 5.0, 0.0), at(lat, lon + 0.01, 0.0), at(lat - 8.0, lon, 0.0)]
    out = []
    for height_m, site in zip(heights_m, sites, strict=True):
        velocity = speed * (0.8 * axes[0] + 0.6 * axes[2]) if model != LEVEL else speed * axes[0]
        out.append((np.concatenate((at(lat, lon, height_m), velocity, tail)), site))
    return out


def plots(kind: int, state: np.ndarray, site: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Three exact plots (3, 4) of a state, and their variances: fine, coarse, plain."""
    z, var = np.zeros((3, 4)), np.empty((3, 4))
    away = state[:3] - site
    for i, (length, angle) in enumerate((FINE, COARSE, PLAIN)):
        if kind == POSITION:
            z[i, :3], var[i] = state[:3], length**2
        elif kind == INFRARED:
            z[i, :3], var[i] = away / np.linalg.norm(away), angle**2
        else:
            z[i, :3], z[i, 3] = radar_from_ecef(state[:3].copy(), site), state[3:6] @ away / np.linalg.norm(away)
            var[i] = length**2, angle**2, angle**2, length**2
    return z, var


@pytest.mark.parametrize("kind", [RADAR, RADAR_RATE, INFRARED, POSITION], ids=["radar", "rate", "infrared", "position"])
@pytest.mark.parametrize("model", [BOOST, BALLISTIC, LEVEL], ids=["boost", "ballistic", "level"])
def test_covariance_stays_symmetric_and_positive_over_a_million_updates(model: int, kind: int) -> None:
    work = np.zeros((WORK_ROWS, WORK_COLUMNS))
    for state, ground in flights(model):
        site = 7.0 * ground if kind == INFRARED else ground
        cov = np.zeros((9, 9))
        variances = np.array([1e8] * 3 + [1e6] * 3 + ([0.09] if model == BALLISTIC else [1e3] * 3))
        n = DIM[model]
        cov[:n, :n] = np.diag(variances[:n])
        z, var = plots(kind, state, site)
        least, skew, used = run(model, np.int64(kind), state, cov, site, z, var, GAPS_S, UPDATES, PAR, work)
        assert skew == 0
        assert least > 0.0
        assert used == UPDATES
