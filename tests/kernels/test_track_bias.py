"""The separated-bias kernels against the joint Kalman filter and against differences of what sensors measure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from tocsin.kernels import advance, ecef_from_geodetic, radar_from_ecef
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.kernels.refraction import bend, unbend
from tocsin.kernels.track_bias import (
    COMPONENTS,
    believe,
    drift,
    learn,
    learn_rows,
    plot_sensitivity,
    start_sensitivity,
    weigh,
)
from tocsin.kernels.track_motion import BALLISTIC, SIZE, WORK_COLUMNS, WORK_ROWS, carry_slope, move
from tocsin.kernels.track_observe import NU, POSITION, RADAR, RADAR_RATE, ROWS, observe
from tocsin.kernels.track_start import start_bank
from tocsin.kernels.track_update import update_model
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters

Array = npt.NDArray[np.float64]
SITE = np.array(ecef_from_geodetic(math.radians(36.0), math.radians(40.0), 500.0))
PLACE = np.array(ecef_from_geodetic(math.radians(34.0), math.radians(46.0), 150e3))
STATE = np.concatenate((PLACE, (-1500.0, 1900.0, 700.0), (8.3, 0.0, 0.0)))
ALL = np.arange(COMPONENTS)
SCALE = np.array((60.0, 1e-3, 2e-3, 0.05, 15.0))
CALM = np.zeros(4)


def spread(rng: np.random.Generator, n: int) -> Array:
    """A random covariance."""
    root = rng.standard_normal((n, n + 2))
    return root @ root.T / n


def observed(jacobian: Array, residual: Array) -> Array:
    """As of `observe`: Jacobian and residual in one array."""
    seen = np.zeros((ROWS, NU + 1))
    seen[:, :6], seen[: residual.size, NU] = jacobian, residual
    return seen


def joint_update(x: Array, cov: Array, h: Array, z: Array, noise: Array) -> tuple[Array, Array]:
    gain = np.linalg.solve(h @ cov @ h.T + noise, h @ cov).T
    keep = np.eye(x.size) - gain @ h
    return x + gain @ (z - h @ x), keep @ cov @ keep.T + gain @ noise @ gain.T


def test_two_tracks_with_one_set_of_biases_are_what_the_joint_filter_makes_of_them() -> None:
    rng = np.random.default_rng(5)
    n, count, m = 7, 4, 3
    size = 2 * n + count
    bias, bias_cov = rng.standard_normal(count), spread(rng, count)
    means, covs, maps = rng.standard_normal((2, n)), [spread(rng, n) for _ in range(2)], rng.standard_normal((2, n, 4))
    refs = [bias.copy(), bias.copy()]
    x = np.concatenate((means[0], means[1], bias))
    wide = np.zeros((size, size))
    lift = np.vstack((maps[0], maps[1], np.eye(count)))
    wide = lift @ bias_cov @ lift.T
    for k in range(2):
        wide[n * k : n * k + n, n * k : n * k + n] += covs[k]
    for track in (0, 1, 0, 1, 1, 0):
        h6, g = rng.standard_normal((ROWS, 6)), rng.standard_normal((ROWS, count))
        z, var = rng.standard_normal(m), np.append(rng.uniform(0.2, 2.0, m), 1.0)
        h = np.zeros((m, size))
        h[:, n * track : n * track + 6], h[:, 2 * n :] = h6[:m], g[:m]
        x, wide = joint_update(x, wide, h, z, np.diag(var[:m]))

        means[track] += maps[track] @ (bias - refs[track])
        refs[track] = bias.copy()
        own = np.hstack((h6[:m], np.zeros((m, n - 6))))
        seen = z - g[:m] @ bias
        means[track], covs[track] = joint_update(means[track], covs[track], own, seen, np.diag(var[:m]))
        full, a = np.zeros((SIZE, SIZE)), np.zeros((SIZE, count))
        full[:n, :n], a[:n] = covs[track], maps[track]
        rows = np.zeros((ROWS, count + 1))
        learn_rows(n, m, full, False, full, full, var, observed(h6, seen - own @ means[track]), g, a, rows)
        maps[track] = a[:n]
        believe(refs[track], rows, m, bias, bias_cov)

    np.testing.assert_allclose(bias, x[2 * n :], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bias_cov, wide[2 * n :, 2 * n :], rtol=1e-9, atol=1e-12)
    for k in range(2):
        part = slice(n * k, n * k + n)
        np.testing.assert_allclose(means[k] + maps[k] @ (bias - refs[k]), x[part], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(covs[k] + maps[k] @ bias_cov @ maps[k].T, wide[part, part], rtol=1e-9, atol=1e-12)


def test_a_plot_older_than_the_state_teaches_as_the_joint_filter_says() -> None:
    rng = np.random.default_rng(8)
    n, count, m = 7, 3, 3
    bias_cov, cov, a0 = spread(rng, count), spread(rng, n), rng.standard_normal((n, count))
    phi, q = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    phi[:n, :n], q[:n, :n] = np.eye(n) + 0.1 * rng.standard_normal((n, n)), 0.1 * spread(rng, n)
    h6, g, z = rng.standard_normal((ROWS, 6)), rng.standard_normal((ROWS, count)), rng.standard_normal(m)
    var, x, bias = np.append(rng.uniform(0.2, 2.0, m), 1.0), rng.standard_normal(n), np.zeros(count)
    own = h6[:m] @ phi[:6, :n]
    noise = np.diag(var[:m]) + h6[:m] @ q[:6, :6] @ h6[:m].T
    lift = np.vstack((a0, np.eye(count)))
    wide = lift @ bias_cov @ lift.T
    wide[:n, :n] += cov
    joint, wide = joint_update(np.concatenate((x, bias)), wide, np.hstack((own, g[:m])), z, noise)
    x, cov = joint_update(x, cov, own, z, noise)
    full, a, rows = np.zeros((SIZE, SIZE)), np.zeros((SIZE, count)), np.zeros((ROWS, count + 1))
    full[:n, :n], a[:n] = cov, a0
    learn_rows(n, m, full, True, phi, q, var, observed(h6, z - own @ x), g, a, rows)
    believe(np.zeros(count), rows, m, bias, bias_cov)
    np.testing.assert_allclose(x + a[:n] @ bias, joint[:n], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bias_cov, wide[n:, n:], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("height_m", [150e3, 15e3])
def test_a_late_plot_of_where_the_track_was_says_that_nothing_is_off(height_m: float) -> None:
    par, work = kernel_parameters(TrackPolicy()), np.zeros((WORK_ROWS, WORK_COLUMNS))
    place = np.array(ecef_from_geodetic(math.radians(34.0), math.radians(46.0), height_m))
    x = np.concatenate((place, (-1500.0, 1900.0, -700.0), (8.3, 0.0, 0.0)))
    cov = np.diag([400.0] * 3 + [25.0] * 3 + [0.04, 0.0, 0.0])
    back, phi, q = x.copy(), np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    move(BALLISTIC, back, -0.8, 0.0, par, phi, q, work)
    z, var = np.append(radar_from_ecef(back, SITE), 0.0), np.array((900.0, 1e-6, 1e-6, 1.0))
    was, none = x.copy(), np.zeros((ROWS, ROWS))
    update_model(BALLISTIC, x, cov, 1.0, True, back, phi, q, RADAR, z, SITE, var, par, none, work)
    own, slope, rows = (ALL, SCALE, 313.0), np.zeros((SIZE, COMPONENTS)), np.zeros((ROWS, COMPONENTS + 1))
    learn(BALLISTIC, RADAR, was, x, cov, True, back, phi, q, z, SITE, var, own, slope, rows)
    assert np.abs(rows[:3, :COMPONENTS]).max() > 0.1
    assert np.abs(rows[:3, COMPONENTS]).max() < 1e-6  # in its own sigmas


@pytest.mark.parametrize("kind", [RADAR, RADAR_RATE, POSITION])
def test_a_clock_shows_the_target_where_it_was(kind: int) -> None:
    columns, g, seen = np.full(COMPONENTS, -1), np.zeros((ROWS, 1)), np.zeros((ROWS, NU + 1))
    columns[3] = 0
    z = np.append(PLACE, 0.0)
    observe(kind, STATE, SITE, z, seen)
    plot_sensitivity(BALLISTIC, kind, STATE, SITE, seen, (columns, SCALE, 313.0), g)
    before, after = np.zeros((ROWS, NU + 1)), np.zeros((ROWS, NU + 1))
    for dt_s, into in ((-0.05, before), (0.05, after)):  # the plot is of 50 ms earlier, or later
        moved = np.concatenate((*advance(PLACE, STATE[3:6].copy(), 0.0, CALM, dt_s, 0.1), STATE[6:]))
        observe(kind, moved, SITE, z, into)
    by_difference = -(before - after)[:, NU] / 2.0  # z is the same: residuals fall as what is seen grows
    np.testing.assert_allclose(g[:3, 0], by_difference[:3], rtol=5e-3, atol=1e-9)
    if kind == RADAR_RATE:  # the Earth's turning is left out: 0.3 m/s2, by the clock
        assert g[3, 0] == pytest.approx(by_difference[3], abs=0.3 * SCALE[3])


@pytest.mark.parametrize("elevation_deg", [2.0, 5.0, 30.0])
def test_air_bends_plots_that_were_straightened_by_the_surveyed_air(elevation_deg: float) -> None:
    height_m = float(geodetic_from_ecef(*SITE)[2])
    range_m, elevation_rad = 900e3, math.radians(elevation_deg)
    up = SITE / np.linalg.norm(SITE)
    east = np.cross((0.0, 0.0, 1.0), up)
    east /= np.linalg.norm(east)
    target = SITE + range_m * (math.cos(elevation_rad) * east + math.sin(elevation_rad) * up)
    x = np.concatenate((target, STATE[3:]))
    range_m, _, elevation_rad = radar_from_ecef(target, SITE)
    columns, g = np.full(COMPONENTS, -1), np.zeros((ROWS, 1))
    columns[4] = 0
    plot_sensitivity(BALLISTIC, RADAR, x, SITE, np.zeros((ROWS, NU + 1)), (columns, SCALE, 313.0), g)
    for deviation in (-15.0, 15.0):
        seen_rad, seen_m = unbend(height_m, *bend(height_m, elevation_rad, range_m, 313.0 + deviation), 313.0)
        assert seen_rad - elevation_rad == pytest.approx(g[2, 0] * deviation / 15.0, rel=0.1)
        assert seen_m - range_m == pytest.approx(g[0, 0] * deviation / 15.0, rel=0.1)


def test_a_track_begun_from_a_biased_plot_lies_where_the_sensitivity_says() -> None:
    par = kernel_parameters(TrackPolicy())
    z, var = np.array((850e3, 1.9, 0.3, 0.0)), np.array((900.0, 1e-6, 1e-6, 1.0))
    x, cov, mu = np.zeros((3, SIZE)), np.zeros((3, SIZE, SIZE)), np.zeros(3)
    start_bank(RADAR, z, SITE, var, par, x, cov, mu)
    a = np.zeros((3, SIZE, COMPONENTS))
    start_sensitivity(RADAR, z, SITE, (ALL, SCALE, 313.0), np.eye(COMPONENTS), x, cov, a)
    for component in range(3):
        other = x.copy()
        less = z.copy()
        less[component] -= SCALE[component]
        start_bank(RADAR, less, SITE, var, par, other, cov, mu)
        np.testing.assert_allclose(a[BALLISTIC, :3, component], (other - x)[BALLISTIC, :3], rtol=0.01, atol=1.0)


def test_what_biases_add_to_an_innovation_cancels_where_one_radar_made_the_track() -> None:
    """A radar's own range bias is in its track already: its next plot says nothing of it."""
    par = kernel_parameters(TrackPolicy())
    z, var = np.array((850e3, 1.9, 0.3, 0.0)), np.array((900.0, 1e-6, 1e-6, 1.0))
    x, cov, mu = np.zeros((3, SIZE)), np.zeros((3, SIZE, SIZE)), np.zeros(3)
    start_bank(RADAR, z, SITE, var, par, x, cov, mu)
    columns = np.array((0, 1, 2, -1, -1))
    own, a, s = (columns, SCALE, 313.0), np.zeros((3, SIZE, 3)), np.zeros((ROWS + 1, ROWS))
    start_sensitivity(RADAR, z, SITE, own, np.eye(3), x, cov, a)
    weigh(BALLISTIC, RADAR, x[BALLISTIC], cov[BALLISTIC], SITE, z, var, a[BALLISTIC], np.eye(3), own, s)
    assert np.all(np.abs(s[:3, :3]) < 1e-6 * np.outer(SCALE[:3], SCALE[:3]) + 1e-12)
    weigh(BALLISTIC, RADAR, x[BALLISTIC], cov[BALLISTIC], SITE, z, var, 0.0 * a[BALLISTIC], np.eye(3), own, s)
    np.testing.assert_allclose(np.diag(s)[:3], SCALE[:3] ** 2)
    np.testing.assert_allclose(s[ROWS], var)  # no clock


def test_motion_carries_the_sensitivity() -> None:
    rng = np.random.default_rng(2)
    phi, a = rng.standard_normal((SIZE, SIZE)), rng.standard_normal((SIZE, 4))
    expected = phi[:7, :7] @ a[:7]
    carry_slope(phi, a, 7, np.zeros((WORK_ROWS, WORK_COLUMNS)))
    np.testing.assert_allclose(a[:7], expected)


def test_biases_drift_back_to_their_priors_and_no_further() -> None:
    bias, cov, keep = np.array((1.0, -2.0)), 0.01 * np.eye(2), math.exp(-1.0 / 1000.0)
    drift(100, keep, bias, cov)
    np.testing.assert_allclose(bias, np.exp(-0.1) * np.array((1.0, -2.0)))
    np.testing.assert_allclose(np.diag(cov), 1.0 - 0.99 * np.exp(-0.2))
    drift(100_000, keep, bias, cov)
    np.testing.assert_allclose(bias, 0.0, atol=1e-12)
    np.testing.assert_allclose(cov, np.eye(2), atol=1e-12)


def test_the_covariance_of_biases_stays_positive_over_many_updates() -> None:
    rng = np.random.default_rng(3)
    n = 9
    bias, cov, ref = np.zeros(n), np.eye(n), np.zeros(n)
    for _ in range(20_000):
        rows = rng.standard_normal((ROWS, n + 1))
        rows[:, : n - 2] *= 10.0
        rows[:, n - 2 : n] *= 1e-3  # two are hardly seen
        believe(ref, rows, 4, bias, cov)
    values = np.linalg.eigvalsh(cov)
    assert values[0] > 0.0
    assert np.array_equal(cov, cov.T)
    assert values[0] == pytest.approx(1.0 / (100.0 * 80_000), rel=0.05)
