"""How a plot fits a prediction, and what biases not yet known add to that, against numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from tocsin.kernels import ecef_from_geodetic
from tocsin.kernels.track_motion import BALLISTIC, WORK_COLUMNS, WORK_ROWS
from tocsin.kernels.track_observe import INFRARED, NU, POSITION, RADAR, RADAR_RATE, ROW_COUNT, observe
from tocsin.kernels.track_update import bends, fit, update_model
from tocsin.policy import TrackPolicy
from tocsin.tracking.looks import radar_view
from tocsin.tracking.parameters import kernel_parameters

Array = npt.NDArray[np.float64]

PAR = kernel_parameters(TrackPolicy())
VELOCITY = (-1500.0, 900.0, 700.0)


def room() -> Array:
    return np.zeros((WORK_ROWS, WORK_COLUMNS))


def seen(kind: int, rng: np.random.Generator) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """State, covariance (9, 9), plot, site, variances, H and innovation of a plot near where it is expected."""
    x = np.concatenate((ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 150e3), VELOCITY, [8.3, 0.0, 0.0]))
    site = np.array(ecef_from_geodetic(math.radians(35.0), math.radians(38.0), 500.0))
    root = np.diag([300.0, 200.0, 100.0, 30.0, 20.0, 10.0, 0.2]) @ rng.standard_normal((7, 9))
    cov = np.zeros((9, 9))
    cov[:7, :7] = root @ root.T
    true, z = x[:3] + 400.0 * rng.standard_normal(3), np.zeros(4)
    if kind == INFRARED:
        site = 42_164_000.0 * np.array([math.cos(0.3), math.sin(0.3), 0.0])
        z[:3] = (true - site) / np.linalg.norm(true - site)
    elif kind == POSITION:
        z[:3] = true
    else:
        at = room()
        observe(kind, np.concatenate((true, x[3:])), site, np.zeros(4), at)
        z[: ROW_COUNT[kind]] = -at[: ROW_COUNT[kind], NU]
    var = {RADAR: [900.0, 1e-6, 1e-6, 1.0], RADAR_RATE: [900.0, 1e-6, 1e-6, 4.0], INFRARED: [1e-9] * 4}.get(
        kind, [1e4] * 4
    )
    at = room()
    observe(kind, x, site, z, at)
    rows = ROW_COUNT[kind]
    return x, cov, z, site, np.array(var), at[:rows, :6].copy(), at[:rows, NU].copy()


def unknown(kind: int, var: Array, rng: np.random.Generator) -> Array:
    """(4, 4) what biases add, of the size of the plot's own noise."""
    extra, rows = np.zeros((4, 4)), ROW_COUNT[kind]
    root = np.sqrt(var[:rows])[:, None] * rng.standard_normal((rows, 6))
    extra[:rows, :rows] = root @ root.T
    return extra


def log_density(innovation: Array, spread: Array) -> float:
    """Of a normal about zero, by scipy, which wants metres and radians brought to one scale."""
    size = np.sqrt(np.diag(spread))
    scaled = multivariate_normal.logpdf(innovation / size, np.zeros(size.size), spread / np.outer(size, size))
    return float(scaled - np.log(size).sum())


KINDS = [RADAR, RADAR_RATE, INFRARED, POSITION]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_biased", [False, True])
def test_a_plot_fits_as_a_normal_of_covariance_h_p_h_and_its_noise_and_the_biases(kind: int, is_biased: bool) -> None:
    rng = np.random.default_rng(33 + kind)
    x, cov, z, site, var, h, innovation = seen(kind, rng)
    extra = unknown(kind, var, rng) if is_biased else np.zeros((4, 4))
    rows = ROW_COUNT[kind]
    spread = h @ cov[:6, :6] @ h.T + np.diag(var[:rows]) + extra[:rows, :rows]
    nis, log_likelihood = fit(x, cov, kind, z, site, var, extra, room())
    assert nis == pytest.approx(innovation @ np.linalg.solve(spread, innovation), rel=1e-8)
    assert log_likelihood == pytest.approx(log_density(innovation, spread), rel=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_what_biases_add_counts_for_the_likelihood_of_an_update_and_not_for_its_state(kind: int) -> None:
    rng = np.random.default_rng(43 + kind)
    x, cov, z, site, var, h, innovation = seen(kind, rng)
    extra, rows, unused = unknown(kind, var, rng), ROW_COUNT[kind], np.zeros((9, 9))
    spread = h @ cov[:6, :6] @ h.T + np.diag(var[:rows]) + extra[:rows, :rows]
    after = []
    for more in (extra, np.zeros((4, 4))):
        at, p = x.copy(), cov.copy()
        told = update_model(BALLISTIC, at, p, 1.0, False, at, unused, unused, kind, z, site, var, PAR, more, room())
        after.append((told, at, p))
    (nis, log_likelihood), at, p = after[0]
    assert nis == pytest.approx(innovation @ np.linalg.solve(spread, innovation), rel=1e-8)
    assert log_likelihood == pytest.approx(log_density(innovation, spread), rel=1e-8)
    assert np.array_equal(at, after[1][1])
    assert np.array_equal(p, after[1][2])


@pytest.mark.parametrize("across_rad", [math.inf, 4e-3])
def test_what_a_tangent_misses_of_range_and_range_rate(across_rad: float) -> None:
    """Beside the spread of what the true functions miss, over draws of a state as unsure in both axes across.

    Known across by the plot's own angles as well, the state is less unsure before it is drawn.
    """
    rng, site = np.random.default_rng(5), np.array(ecef_from_geodetic(0.6, 0.7, 0.0))
    sight = rng.standard_normal(3)
    sight /= np.linalg.norm(sight)
    across = np.eye(3) - np.outer(sight, sight)
    x = np.concatenate((site + 4e5 * sight, -900.0 * sight + across @ rng.standard_normal(3) * 1_000.0, np.zeros(3)))
    cov = np.kron(np.array(((3_000.0**2, 2e5), (2e5, 100.0**2))), across)
    known = cov
    if across_rad < math.inf:
        h = np.hstack((np.linalg.svd(across)[0][:, :2].T, np.zeros((2, 3))))
        s = h @ cov @ h.T + (across_rad * 4e5) ** 2 * np.eye(2)
        known = cov - cov @ h.T @ np.linalg.solve(s, h @ cov)
    draws = rng.multivariate_normal(np.zeros(6), known, 20_000, method="eigh")
    seen, h = radar_view(x, site)
    missed = np.array([(radar_view(x[:6] + d, site)[0] - seen - h @ d)[[0, 3]] for d in draws])
    whole = np.zeros((9, 9))
    whole[:6, :6] = cov
    assert bends(x, whole, site, across_rad**2) == pytest.approx(missed.var(axis=0), rel=0.05)
