"""The reference filters: exact where the problem is linear, the most probable state where it is not, never negative."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

from tocsin.tracking.reference import (
    Update,
    angle_difference,
    nees,
    predict_extended,
    predict_sigma,
    sigma_points,
    update_extended,
    update_sigma,
)

Array = npt.NDArray[np.float64]
F = np.array([[1.0, 0.5, 0.1], [0.0, 1.0, 0.5], [0.0, 0.0, 0.9]])
H = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
Q, R = np.diag([0.0, 0.1, 0.3]), np.diag([0.5, 2.0])
X, COV, Z = np.array([1.0, -2.0, 3.0]), np.diag([4.0, 9.0, 1.0]) + 0.5, np.array([2.0, 0.0])


def exact() -> tuple[Array, Array, float]:
    """Kalman's own equations, by the posterior information."""
    x, cov = F @ X, F @ COV @ F.T + Q
    new = np.linalg.inv(np.linalg.inv(cov) + H.T @ np.linalg.inv(R) @ H)
    innovation = Z - H @ x
    nis = innovation @ np.linalg.inv(H @ cov @ H.T + R) @ innovation
    return new @ (np.linalg.inv(cov) @ x + H.T @ np.linalg.inv(R) @ Z), new, float(nis)


def linear(kind: str, x: Array, cov: Array, z: Array) -> Update:
    if kind == "extended":
        x, cov = predict_extended(x, cov, lambda s: s @ F.T, lambda _: F, Q)
        return update_extended(x, cov, z, lambda s: s @ H.T, lambda _: H, R)
    weight = {"unscented": 0.4, "cubature": 0.0}[kind]
    x, cov = predict_sigma(x, cov, lambda s: s @ F.T, Q, weight)
    return update_sigma(x, cov, z, lambda s: s @ H.T, R, weight)


@pytest.mark.parametrize("kind", ["extended", "unscented", "cubature"])
def test_a_linear_problem_is_solved_exactly(kind: str) -> None:
    x, cov, nis = exact()
    update = linear(kind, X, COV, Z)
    assert update.x == pytest.approx(x, rel=1e-12)
    assert update.cov == pytest.approx(cov, rel=1e-11)
    assert update.nis == pytest.approx(nis, rel=1e-12)


@pytest.mark.parametrize("kind", ["extended", "unscented", "cubature"])
def test_runs_side_by_side_are_the_runs_one_by_one(kind: str) -> None:
    rng = np.random.default_rng(1)
    many, z = X + rng.standard_normal((5, 3)), Z + rng.standard_normal((5, 2))
    both = linear(kind, many, np.tile(COV, (5, 1, 1)), z)
    for k in range(5):
        one = linear(kind, many[k], COV, z[k])
        assert both.x[k] == pytest.approx(one.x, rel=1e-12)
        assert both.cov[k] == pytest.approx(one.cov, rel=1e-12)


def distance(s: Array) -> Array:
    return np.hypot(s[..., :1], s[..., 1:])


def distance_jacobian(s: Array) -> Array:
    return s[..., None, :] / distance(s)[..., None]


def test_the_iterated_filter_ends_at_the_most_probable_state() -> None:
    """A sharp distance and a prior wider than its curvature; scipy minimises the same posterior."""
    x, cov, z, r = np.array([10.0, 3.0]), np.diag([4.0, 25.0]), np.array([12.0]), np.array([[0.05]])

    def cost(s: Array) -> float:
        return float((s - x) @ np.linalg.inv(cov) @ (s - x) + (z - distance(s))[0] ** 2 / r[0, 0])

    best = minimize(cost, x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    update = update_extended(x, cov, z, distance, distance_jacobian, r, iterations=50)
    assert update.x == pytest.approx(best, abs=1e-5)
    assert 1 < update.iterations < 50
    once = update_extended(x, cov, z, distance, distance_jacobian, r)
    assert cost(update.x) < cost(once.x)
    assert once.iterations == 1


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_sigma_points_have_the_mean_and_covariance_given(weight: float) -> None:
    points, weights = sigma_points(X, COV, weight)
    assert weights @ points == pytest.approx(X)
    assert (points - X).T @ (weights[:, None] * (points - X)) == pytest.approx(COV)
    assert (weights > 0.0).all()


def test_a_centre_weight_that_could_make_a_covariance_negative_is_refused() -> None:
    with pytest.raises(ValueError, match=r"centre_weight is -0\.2"):
        sigma_points(X, COV, -0.2)


@pytest.mark.parametrize("kind", ["extended", "sigma"])
def test_an_angle_that_turns_through_pi_is_a_small_innovation(kind: str) -> None:
    x, cov, r, z = np.array([-10.0, 0.05]), np.diag([0.01, 0.01]), np.array([[1e-4]]), np.array([-3.1366])

    def bearing(s: Array) -> Array:
        return np.arctan2(s[..., 1:], s[..., :1])

    def jacobian(s: Array) -> Array:
        return np.stack((-s[..., 1], s[..., 0]), axis=-1)[..., None, :] / np.sum(s * s, axis=-1)[..., None, None]

    wrap = angle_difference(0)
    update = (
        update_extended(x, cov, z, bearing, jacobian, r, subtract=wrap)
        if kind == "extended"
        else update_sigma(x, cov, z, bearing, r, subtract=wrap)
    )
    assert abs(update.innovation[0]) < 0.02
    assert abs(update.x[1]) < 0.1


@pytest.mark.parametrize("kind", ["extended", "unscented", "cubature"])
def test_a_very_sharp_measurement_of_a_very_wide_prior_keeps_its_covariance(kind: str) -> None:
    """Sixteen orders apart, a hundred times: 1 / (1 / P + n / R). The plain form P - K S K' is lost at once."""
    prior, sharp = 1e10, 1e-6
    weight = 0.4 if kind == "unscented" else 0.0
    x, cov, r, row = np.zeros(2), np.diag([prior, prior]), np.array([[sharp]]), np.array([[1.0, 0.0]])
    gain = cov @ row.T / (prior + sharp)
    assert abs((cov - gain @ (row @ cov @ row.T + r) @ gain.T)[0, 0] - sharp) > 0.5 * sharp
    for _ in range(100):
        if kind == "extended":
            update = update_extended(x, cov, np.zeros(1), lambda s: s @ row.T, lambda _: row, r)
        else:
            update = update_sigma(x, cov, np.zeros(1), lambda s: s @ row.T, r, weight)
        x, cov = update.x, update.cov
        assert np.linalg.eigvalsh(cov).min() > 0.0
    assert cov[0, 0] == pytest.approx(sharp / 100.0, rel=1e-6)
    assert cov[1, 1] == pytest.approx(prior, rel=1e-9)


def test_nees_is_the_error_in_its_own_sigmas_squared() -> None:
    assert nees(np.array([3.0, 4.0]), np.diag([9.0, 4.0])) == pytest.approx(5.0)
