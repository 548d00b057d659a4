"""Whether errors are as large as their covariance says: NEES, NIS, and the bounds an honest filter keeps.

Pure functions on arrays.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.errors import InputError
from tocsin.messages import Column


def nees(error: Column, covariance: Column) -> Column:
    """Normalised estimation error squared, e' P^-1 e, of each row; its mean is d for an honest filter.

    In        error        (k, d) float64      estimate minus truth, or truth minus estimate
              covariance   (k, d, d) float64   symmetric, in the units of the error
    Out       (k,) float64; nan where a covariance is not positive definite, or anything is not finite
    Source    Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking and navigation, 2001, eq. 5.4.2-2
    """
    error, covariance = np.asarray(error, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    values = np.full(len(error), np.nan)
    is_finite = np.isfinite(error).all(axis=1) & np.isfinite(covariance).all(axis=(1, 2))
    scale = np.sqrt(np.abs(np.diagonal(covariance, axis1=1, axis2=2)))
    rows = np.flatnonzero(is_finite & (scale > 0.0).all(axis=1))
    # metres beside metres per second: scaled to correlations before it is factored
    spread = covariance[rows] / (scale[rows, :, None] * scale[rows, None, :])
    values[rows] = _squares(error[rows] / scale[rows], spread)
    return values


def _squares(error: Column, spread: Column) -> Column:
    """e' S^-1 e of each row; nan where S is not positive definite."""
    try:
        lower = np.linalg.cholesky(spread)
    except np.linalg.LinAlgError:  # one of them is not: halve until it is alone
        if len(error) == 1:
            return np.full(1, np.nan)
        middle = len(error) // 2
        return np.concatenate(
            (_squares(error[:middle], spread[:middle]), _squares(error[middle:], spread[middle:]))
        )  # fmt: skip
    return np.asarray((np.linalg.solve(lower, error[:, :, None])[:, :, 0] ** 2).sum(axis=1))


def chi2_quantile(prob: float, dof: float) -> float:
    """The value that a chi-square variable of ``dof`` degrees of freedom stays below with probability ``prob``."""
    from scipy.special import gammaincinv  # scipy.stats would take a second to import

    if not (0.0 < prob < 1.0 and dof > 0.0):
        raise InputError("a quantile needs 0 < prob < 1 and dof > 0", value=(prob, dof), remedy="such as 0.95, 6")
    return 2.0 * float(gammaincinv(0.5 * dof, prob))


def mean_bounds(count: int, dof: int, prob: float = 0.95) -> tuple[float, float]:
    """Between what the mean of ``count`` independent NEES or NIS, each over its ``dof``, lies with ``prob``.

    Rows of one track seconds apart are not independent: count runs, or objects, not rows.
    Source: Bar-Shalom et al. 2001, section 5.4.2, after eq. 5.4.2-10
    """
    if count < 1 or dof < 1:
        raise InputError("bounds need at least one value and one degree of freedom", value=(count, dof))
    tail, whole = 0.5 * (1.0 - prob), float(count * dof)
    return chi2_quantile(tail, whole) / whole, chi2_quantile(1.0 - tail, whole) / whole


def share_above(values: Column, dof: Column | int, prob: float = 0.95) -> float | None:
    """Share of NEES or NIS above their own quantile: 1 - ``prob`` for an honest filter. None of no finite values."""
    dofs = np.broadcast_to(np.asarray(dof), np.shape(values))
    is_known = np.isfinite(values) & (dofs > 0)
    if not is_known.any():
        return None
    limit = {int(each): chi2_quantile(prob, float(each)) for each in np.unique(dofs[is_known])}
    limits = np.array([limit[int(each)] for each in dofs[is_known]])
    return float((np.asarray(values)[is_known] > limits).mean())


def rmse(errors: Column) -> float | None:
    """Root mean square length of the rows of (k, d) errors, or of (k,) lengths; None of none."""
    errors = np.asarray(errors, dtype=np.float64)
    if not len(errors):
        return None
    return math.sqrt(float((errors**2).sum()) / len(errors))
