"""The Cramer-Rao bound: what no unbiased tracker can better, along a true flight seen by given radars.

    J+ = (F J^-1 F' + Q)^-1 + H' R^-1 H        J information, F transition, Q process noise, H partials, R noise

Along a known flight the expectations of the posterior bound are taken at that flight, and the recursion is that of an
extended filter linearised about the truth. Without process noise it is the bound of a deterministic flight, and equals
the covariance of the batch fit (``batch.py``). A tracker with process noise cannot reach it; that is what it costs.
Source: Tichavsky, Muravchik, Nehorai, IEEE Trans. Signal Processing 46(5), 1998; Farina, Ristic, Benvenuti, IEEE
TAES 38(3), 2002.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.tracking.looks import Array, Looks, moved, radar_view

_FIXED = 1e-9  # singular value of scaled information, over the largest, below which a component is not fixed


@dataclasses.dataclass(frozen=True, slots=True)
class Bound:
    """The bound after each look, in time order.

    time_s (n,) s; state (n, m) the true flight then, ECEF m, m/s (and ln(beta)); covariance (n, m, m), inf on the
    diagonal and nan elsewhere while the looks so far do not fix every component.
    """

    time_s: Array
    state: Array
    covariance: Array

    @property
    def position_std_m(self) -> Array:
        """(n,) root of the summed variances of the three axes: the least RMS position error, m."""
        return self._std(0)

    @property
    def velocity_std_m_s(self) -> Array:
        """(n,) the same of velocity, m/s."""
        return self._std(3)

    def _std(self, first: int) -> Array:
        diagonal = np.diagonal(self.covariance, axis1=1, axis2=2)[:, first : first + 3]
        return np.asarray(np.sqrt(np.sum(diagonal, axis=1)))


def predict_information(information: Array, transition: Array, noise_cov: Array | None = None) -> Array:
    """Information (n, n) after a step: (F J^-1 F' + Q)^-1, also where J is singular; F must have an inverse."""
    back = np.linalg.inv(transition)
    moved_on = back.T @ information @ back
    if noise_cov is not None:
        # (M^-1 + Q)^-1 = (1 + M Q)^-1 M, which asks for no inverse of M
        moved_on = np.linalg.solve(np.eye(moved_on.shape[0]) + moved_on @ noise_cov, moved_on)
    return np.asarray(0.5 * (moved_on + moved_on.T))


def add_look(information: Array, partials: Array, std: Array) -> Array:
    """Information (n, n) after a measurement: partials (m, n), std (m,) one sigma, inf where not measured."""
    slope = partials / std[:, None]
    return np.asarray(information + slope.T @ slope)


def covariance_of(information: Array) -> Array:
    """The inverse; inf on the diagonal and nan elsewhere where some component is not fixed."""
    scale = np.sqrt(np.maximum(information.diagonal(), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] <= _FIXED**2 * values[-1]:
        open_ = np.full(information.shape, math.nan)
        np.fill_diagonal(open_, math.inf)
        return open_
    half = vectors / np.sqrt(values) / scale[:, None]
    return np.asarray(half @ half.T)


def information_along(
    steps: Iterable[tuple[Array, Array, Array]], start: Array, noise_cov: Array | None = None
) -> list[Array]:
    """The recursion for any model: information (n, n) after each step.

    In        steps      of each: transition (n, n) up to it, partials (m, n) and std (m,) of what is measured there
              start      information (n, n) before the first; zeros: nothing known
              noise_cov  process noise (n, n) of each step; None: none
    """
    information, out = start, []
    for transition, partials, std in steps:
        information = add_look(predict_information(information, transition, noise_cov), partials, std)
        out.append(information)
    return out


def ballistic_bound(
    looks: Looks,
    state: npt.ArrayLike,
    *,
    at_s: float = 0.0,
    beta_kg_m2: float = 0.0,
    log_beta_std: float | None = None,
    prior_cov: npt.ArrayLike | None = None,
    process_noise: Callable[[float], Array] | None = None,
    step_s: float = 2.0,
) -> Bound:
    """The bound along one ballistic flight.

    In        looks          when radars look, and their sigmas; two at one time count both
              state          (6,) the true ECEF position m and velocity m/s at at_s
              at_s           s
              beta_kg_m2     its ballistic coefficient; <= 0: no drag, and none to estimate
              log_beta_std   prior sigma of ln(beta), inf for none: then ln(beta) is estimated as a seventh component
              prior_cov      (m, m) what is known of the state at at_s, which then must not lie after the first look
              process_noise  dt_s -> (m, m) covariance it adds in dt_s >= 0; default none
              step_s         s, longest step of the integration
    Out       Bound, one row a look
    Accuracy  against the covariance of `batch.fit_state` at the true state: see tests/tracking/test_bound.py
    """
    now = np.array(state, dtype=np.float64).reshape(-1)[:6]
    if log_beta_std is not None:
        if not (beta_kg_m2 > 0.0 and log_beta_std > 0.0):
            raise InputError("ln(beta) is estimated of a drag there is", where="beta_kg_m2, log_beta_std",
                             value=(beta_kg_m2, log_beta_std), remedy="give both more than 0")  # fmt: skip
        now = np.append(now, math.log(beta_kg_m2))
    size = now.size
    order = np.argsort(looks.time_s, kind="stable")
    time_s, std = looks.time_s[order], looks.std[order]
    information = np.zeros((size, size))
    if prior_cov is not None:
        information = np.linalg.inv(np.asarray(prior_cov, dtype=np.float64))
    now_s = at_s
    if time_s.size and time_s[0] < at_s:
        if prior_cov is not None:
            raise InputError("a prior that is later than a look", where="at_s", value=at_s,
                             remedy=f"give the state at {time_s[0]} s or before")  # fmt: skip
        now, now_s = moved(now, beta_kg_m2, float(time_s[0]) - at_s, step_s)[0], float(time_s[0])
    if log_beta_std is not None:
        information[6, 6] += 1.0 / log_beta_std**2
    states, covariances = np.empty((time_s.size, size)), np.empty((time_s.size, size, size))
    for k, row in enumerate(order):
        dt_s = float(time_s[k]) - now_s
        now, transition = moved(now, beta_kg_m2, dt_s, step_s)
        noise = None if process_noise is None else process_noise(dt_s)
        information = predict_information(information, transition, noise)
        partials = np.zeros((std.shape[1], size))
        partials[:, :6] = radar_view(now, looks.site_ecef_m[row])[1]
        information = add_look(information, partials, std[k])
        states[k], covariances[k], now_s = now, covariance_of(information), float(time_s[k])
    return Bound(time_s, states, covariances)
