"""Textbook Kalman filters on any model, in plain numpy: the yardstick that stands beside the compiled tracker.

The tracker (``tracker.py``) knows only its own models and runs compiled. These filters take your functions, so that a
published problem can be repeated with its own motion and measurement, and a new filter measured against known ones.
They are made to be read, not to be fast: no gate, no association, no memory between calls.

    f(x) -> x after the step            h(x) -> measurement            jacobian(x) -> its derivative at x
    extended:  predict_extended, update_extended (with iterations > 1: the iterated extended filter)
    sigma:     predict_sigma, update_sigma (unscented with weight > 0 on the centre, cubature with weight 0)

Every array may carry leading axes: runs side by side, which is how a Monte Carlo study stays quick. Then f, h and
their Jacobians must work on the last axis (or last two) alone. Shapes below leave the leading axes out.
Units are those of the model. Covariances are updated in Joseph's form, a sum of squares, so they stay positive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Function: TypeAlias = Callable[[Array], Array]
Difference: TypeAlias = Callable[[Array, Array], Array]

_CLOSE_ENOUGH = 1e-8  # the iterated filter stops when no state moves by more than this share of its own deviation


@dataclasses.dataclass(frozen=True, slots=True)
class Update:
    """A filter's state after a measurement, and what the measurement said of the filter.

    x (n,), cov (n, n), innovation (m,) and its covariance (m, m), nis: innovation in its own sigmas, squared
    (the mean of many is m where the filter is consistent), iterations used.
    """

    x: Array
    cov: Array
    innovation: Array
    innovation_cov: Array
    nis: Array
    iterations: int = 1


def difference(a: Array, b: Array) -> Array:
    """a - b: the difference of two measurements unless yours has angles."""
    return a - b


def angle_difference(*angles: int) -> Difference:
    """A difference of measurements whose components of these indices are angles, rad: they come out in -pi..pi."""
    columns = list(angles)

    def wrapped(a: Array, b: Array) -> Array:
        out = a - b
        out[..., columns] -= 2.0 * np.pi * np.round(out[..., columns] / (2.0 * np.pi))
        return out

    return wrapped


def predict_extended(x: Array, cov: Array, f: Function, jacobian: Function, noise_cov: Array) -> tuple[Array, Array]:
    """One step of the extended filter: mean through f, covariance through its Jacobian.

    In        x (n,), cov (n, n); f, jacobian (n, n); noise_cov (n, n) of the whole step
    Out       x, cov
    Source    Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking and Navigation (2001), 10.3
    """
    slope = jacobian(x)
    return f(x), _symmetric(slope @ cov @ _t(slope) + noise_cov)


def update_extended(
    x: Array, cov: Array, z: Array, h: Function, jacobian: Function, noise_cov: Array,
    iterations: int = 1, subtract: Difference = difference,
) -> Update:  # fmt: skip
    """One measurement; with iterations > 1 the iterated extended filter: Gauss-Newton to the most probable state.

    In        x (n,), cov (n, n), z (m,); h, jacobian (m, n); noise_cov (m, m); subtract(z, h) the innovation
    Out       Update; innovation and nis are those of the prediction, whatever the iterations
    Source    Bell and Cathey, IEEE Trans. Automatic Control 38(2), 1993: the iteration is Gauss-Newton
    """
    at, used = x, 0
    innovation = subtract(z, h(x))
    slope = jacobian(x)
    first_cov = innovation_cov = _symmetric(slope @ cov @ _t(slope) + noise_cov)
    gain = _right_divide(cov @ _t(slope), innovation_cov)
    sigma = np.sqrt(np.maximum(np.diagonal(cov, axis1=-2, axis2=-1), np.finfo(float).tiny))
    for used in range(1, max(iterations, 1) + 1):
        if used > 1:
            slope = jacobian(at)
            innovation_cov = _symmetric(slope @ cov @ _t(slope) + noise_cov)
            gain = _right_divide(cov @ _t(slope), innovation_cov)
        before = at
        at = x + _dot(gain, subtract(z, h(at)) - _dot(slope, x - at))
        if float(np.max(np.abs(at - before) / sigma, initial=0.0)) < _CLOSE_ENOUGH:
            break
    keep = np.eye(x.shape[-1]) - gain @ slope
    new_cov = _symmetric(keep @ cov @ _t(keep) + gain @ noise_cov @ _t(gain))
    return Update(at, new_cov, innovation, first_cov, _nis(innovation, first_cov), used)


def sigma_points(x: Array, cov: Array, centre_weight: float = 0.0) -> tuple[Array, Array]:
    """Points (k, n) and weights (k,) with the mean and covariance given; k = 2 n, or 2 n + 1 with the centre.

    centre_weight  0 <= w < 1: weight of the centre, kappa / (n + kappa) of Julier and Uhlmann; 0: the cubature rule.
                   A negative one, kappa = 3 - n for n > 3, is refused: it can make a covariance negative.
    Source         Julier and Uhlmann, Proc. IEEE 92(3), 2004; Arasaratnam and Haykin, IEEE TAC 54(6), 2009
    """
    if not 0.0 <= centre_weight < 1.0:
        raise ValueError(f"centre_weight is {centre_weight}; it must be at least 0 and less than 1")
    n = x.shape[-1]
    arms = _t(_root(cov)) * np.sqrt(n / (1.0 - centre_weight))
    middle = x[..., None, :]
    if centre_weight == 0.0:
        return np.concatenate((middle + arms, middle - arms), axis=-2), np.full(2 * n, 0.5 / n)
    weights = np.full(2 * n + 1, (1.0 - centre_weight) / (2.0 * n))
    weights[0] = centre_weight
    return np.concatenate((middle, middle + arms, middle - arms), axis=-2), weights


def predict_sigma(
    x: Array, cov: Array, f: Function, noise_cov: Array, centre_weight: float = 0.0
) -> tuple[Array, Array]:
    """One step of the unscented (centre_weight > 0) or cubature (0) filter. As `predict_extended`, without Jacobian."""
    points, weights = sigma_points(x, cov, centre_weight)
    moved = f(points)
    mean = _mean(moved, weights)
    apart = moved - mean[..., None, :]
    return mean, _symmetric(_spread(apart, apart, weights) + noise_cov)


def update_sigma(
    x: Array, cov: Array, z: Array, h: Function, noise_cov: Array,
    centre_weight: float = 0.0, subtract: Difference = difference,
) -> Update:  # fmt: skip
    """One measurement of the unscented (centre_weight > 0) or cubature (0) filter. As `update_extended`.

    The new covariance is the spread of the points less what the gain explains of each, plus gain noise gain': equal
    to cov - gain S gain' in exact arithmetic, and a sum of squares in any.
    """
    points, weights = sigma_points(x, cov, centre_weight)
    seen = h(points)
    near = h(x)  # differences are taken from here, so that angles do not jump
    offset = subtract(seen, near[..., None, :])
    mean = _mean(offset, weights)
    apart = offset - mean[..., None, :]
    from_x = points - x[..., None, :]
    innovation_cov = _symmetric(_spread(apart, apart, weights) + noise_cov)
    gain = _right_divide(_spread(from_x, apart, weights), innovation_cov)
    innovation = subtract(z, near) - mean
    left = from_x - apart @ _t(gain)
    new_cov = _symmetric(_spread(left, left, weights) + gain @ noise_cov @ _t(gain))
    return Update(
        x + _dot(gain, innovation), new_cov, innovation, innovation_cov, _nis(innovation, innovation_cov)
    )  # fmt: skip


def nees(error: Array, cov: Array) -> Array:
    """Error (n,) in its own sigmas, squared: the mean over many runs is n where a filter is consistent."""
    return np.asarray(np.sum(error * np.linalg.solve(cov, error[..., None])[..., 0], axis=-1))


_nis = nees


def _root(cov: Array) -> Array:
    """(n, n) with root root' = cov: Cholesky; where cov is only semidefinite, from its eigenvalues."""
    try:
        return np.asarray(np.linalg.cholesky(cov))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(cov)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :])


def _t(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _symmetric(a: Array) -> Array:
    return 0.5 * (a + _t(a))


def _dot(a: Array, v: Array) -> Array:
    return np.asarray((a @ v[..., None])[..., 0])


def _right_divide(a: Array, s: Array) -> Array:
    """a s^-1 for a symmetric s."""
    return _t(np.asarray(np.linalg.solve(s, _t(a)), dtype=np.float64))


def _mean(points: Array, weights: Array) -> Array:
    return np.asarray(weights @ points)


def _spread(a: Array, b: Array, weights: Array) -> Array:
    return _t(a * weights[:, None]) @ b
