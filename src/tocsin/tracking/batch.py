"""A ballistic state from a batch of radar rows: least squares with the full covariance.

The start of a track where one plot says too little, and the yardstick of any filter without process noise.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.kernels.geodesy import ecef_from_radar
from tocsin.tracking.looks import ROWS, Array, Looks, along, moved, radar_view

OK, TOO_FEW_ROWS, UNOBSERVABLE, NOT_CONVERGED = range(4)
SENTENCES = {
    OK: "The fit converged.",
    TOO_FEW_ROWS: "Too few rows: give at least two at different times with range and both angles, and as many numbers "
    "as unknowns.",
    UNOBSERVABLE: "The rows do not fix every component of the state: give rows over a longer time, or a prior.",
    NOT_CONVERGED: "The fit did not converge: look for rows of another object, wrong sigmas, or give a first guess.",
}

_MOST_STEPS = 50
_CLOSE_ENOUGH = 1e-4  # of its own deviations: a state nearer than this to the best one ends the fit
_RISE_ALLOWED = 1e-3  # of chi-square, in a step that is taken
_DAMPING_MAX = 1e12
_LOG_BETA_STD_MAX = 30.0  # ln(beta) less sure than this is not known at all
_SMALLEST_VALUE = 1e-9  # singular value of the partials over their largest, each component scaled to its own length


@dataclasses.dataclass(frozen=True, slots=True)
class Fit:
    """A fitted state, how sure it is, and what the rows say of it.

    status, sentence  OK | TOO_FEW_ROWS | UNOBSERVABLE | NOT_CONVERGED, and what to do about it
    time_s            s: the state holds then
    state             (6,) ECEF position m, velocity m/s; (7,) with ln(beta), beta in kg/m2; nan unless OK
    covariance        (6, 6) or (7, 7) of it, from the stated sigmas (not scaled by the residuals); nan unless OK
    residuals         (n, 4) measured less computed: range m, azimuth rad, elevation rad, range rate m/s; nan: not used
    chi_square, dof   sum of the squared residuals in sigmas, a prior's too, and its mean if all is as stated
    iterations        steps taken
    """

    status: int
    sentence: str
    time_s: float
    state: Array
    covariance: Array
    residuals: Array
    chi_square: float
    dof: int
    iterations: int


def fit_state(
    looks: Looks,
    measured: npt.ArrayLike,
    *,
    at_s: float | None = None,
    beta_kg_m2: float = 0.0,
    log_beta_prior: tuple[float, float] | None = None,
    first_guess: npt.ArrayLike | None = None,
    step_s: float = 2.0,
) -> Fit:
    """Fit position and velocity of an unpowered object to radar rows of one or several radars.

    In        looks           when, from where, with what sigmas; at least two times
              measured        (n, 3) or (n, 4): range m, azimuth rad, elevation rad, range rate m/s; nan: no value
              at_s            s, when the state shall hold; default the last look
              beta_kg_m2      ballistic coefficient of a known drag; <= 0: no drag
              log_beta_prior  mean and sigma of ln(beta / (kg/m2)): then ln(beta) is fitted too; sigma may be inf
              first_guess     (6,) state at at_s; default from the rows, see `guess_state`
              step_s          s, longest step of the integration
    Out       Fit. Nothing is raised for rows that do not fit: see its status
    Motion    J2 gravity, drag in the US Standard Atmosphere 1976 at rest. Light time and refraction are not
              modelled: correct the rows first (2000 km take 7 ms, in which 7 km/s make 47 m)
    Accuracy  measured over 200 drawn passes: mean NEES/6 0.92 to 1.06, mean chi_square/dof 0.98 to 1.01, from 3 rows
              in 2 s to 60 in 5 min; 1.4 ms for 21 rows. GEOS-3, 18 rows: semi-major axis within 4 km of the published
              one (claimed: 2.1), inclination within 0.006 deg (0.009). Where an angle's sigma bends the range circle
              by much more than the range's sigma (17 mrad at 500 km, four rows) the covariance is too small by half
    Source    Gauss-Newton with Levenberg's damping, scaled as Marquardt; Montenbruck and Gill, Satellite Orbits, 8.1
    """
    if not step_s > 0.0:
        raise InputError("a step must be more than 0 s", where="step_s", value=step_s, remedy="give 0.1 to 10 s")
    if log_beta_prior is not None and not log_beta_prior[1] > 0.0:
        raise InputError("a sigma must be more than 0", where="log_beta_prior", value=log_beta_prior[1],
                         remedy="give mean and sigma of ln(beta), or beta_kg_m2 where it is known")  # fmt: skip
    rows = _rows(looks, measured)
    unit = 1.0 / looks.std
    is_used = np.isfinite(rows) & (unit > 0.0)
    when_s = float(np.max(looks.time_s, initial=0.0)) if at_s is None else float(at_s)
    size = 6 if log_beta_prior is None else 7
    has_place = is_used[:, :3].all(axis=1)
    if np.unique(looks.time_s[has_place]).size < 2 and (first_guess is None or is_used.sum() < 6):
        return _failed(TOO_FEW_ROWS, when_s, size, rows, 0)
    if first_guess is None:
        state = guess_state(looks, rows, when_s, step_s)
    else:
        state = np.array(first_guess, dtype=np.float64)
        if state.shape != (6,) or not np.isfinite(state).all():
            raise InputError("a first guess is six numbers", where="first_guess", value=state.tolist(),
                             remedy="give ECEF position in m and velocity in m/s at at_s")  # fmt: skip
    if log_beta_prior is not None:
        state = np.append(state, log_beta_prior[0])
    problem = (looks, rows, is_used, unit, when_s, beta_kg_m2, log_beta_prior, step_s)
    with np.errstate(over="ignore", invalid="ignore"):  # a step too far is seen by its cost
        here = _linearised(state, *problem)
        damping, is_done, count = 1e-6, False, 0
        while math.isfinite(here.cost) and count < _MOST_STEPS and damping < _DAMPING_MAX:
            if here.distance2 < _CLOSE_ENOUGH**2:
                is_done = True
                break
            count += 1
            there = _linearised(state + here.step(damping), *problem)
            # partials leave out the gradient of J2, so the last steps may rise by a little
            if there.cost <= here.cost + _RISE_ALLOWED:
                state, here, damping = state + here.step(damping), there, 0.1 * damping
            else:
                damping = max(10.0 * damping, 1e-9)
    if not is_done:
        return _failed(NOT_CONVERGED, when_s, size, rows, count)
    knows_beta = size == 6 or here.scale[6] > 1.0 / _LOG_BETA_STD_MAX
    if here.values[-1] < _SMALLEST_VALUE * here.values[0] or not knows_beta:
        return _failed(UNOBSERVABLE, when_s, size, rows, count)
    residuals = _residuals(state, looks, rows, is_used, when_s, beta_kg_m2, step_s)[0]
    return Fit(
        OK, SENTENCES[OK], when_s, state, here.covariance(), residuals, here.cost,
        int(is_used.sum()) - 6 - (0 if log_beta_prior is None or math.isfinite(log_beta_prior[1]) else 1), count,
    )  # fmt: skip


def guess_state(looks: Looks, measured: npt.ArrayLike, at_s: float, step_s: float = 2.0) -> Array:
    """(6,) first guess: a line through the rows' places, bent by gravity at their middle, moved to at_s without drag.

    Good to some km over five minutes of flight: the third order is left out. Needs two times with range and angles.
    """
    rows = _rows(looks, measured)
    has_place = np.isfinite(rows[:, :3]).all(axis=1)
    times = looks.time_s[has_place]
    place = np.array(
        [
            ecef_from_radar(*row[:3], site)
            for row, site in zip(rows[has_place], looks.site_ecef_m[has_place], strict=True)
        ]
    )
    middle_s = 0.5 * float(times.min() + times.max())
    since = times - middle_s
    line = np.stack((np.ones_like(since), since), axis=-1)
    bend = np.zeros(3)
    state = np.zeros(6)
    for _ in range(4):
        fitted = np.linalg.lstsq(line, place - 0.5 * since[:, None] ** 2 * bend, rcond=None)[0]
        state = np.array(fitted).reshape(-1)
        bend = moved(state, 0.0, 1.0, 1.0)[0][3:] - state[3:]
    return moved(state, 0.0, at_s - middle_s, step_s)[0]


def _rows(looks: Looks, measured: npt.ArrayLike) -> Array:
    given = np.array(measured, dtype=np.float64)
    if given.ndim != 2 or given.shape[0] != len(looks) or given.shape[1] not in (3, ROWS):
        raise InputError(
            "one row of range, azimuth, elevation (and range rate) is needed for each look", where="measured",
            value=given.shape, remedy=f"give shape ({len(looks)}, 3) or ({len(looks)}, 4)",
        )  # fmt: skip
    rows = np.full((len(looks), ROWS), np.nan)
    rows[:, : given.shape[1]] = given
    return rows


def _residuals(
    state: Array,
    looks: Looks,
    rows: Array,
    is_used: npt.NDArray[np.bool_],
    at_s: float,
    beta_kg_m2: float,
    step_s: float,
) -> tuple[Array, Array]:
    """(n, 4) measured less computed, nan where not used, and the partials (n, 4, m) of what is computed."""
    states, transitions = along(state, at_s, beta_kg_m2, looks.time_s, step_s)
    residuals, partials = np.full(rows.shape, np.nan), np.zeros((*rows.shape, state.size))
    for k in range(len(looks)):
        seen, by_state = radar_view(states[k], looks.site_ecef_m[k])
        partials[k] = by_state @ transitions[k, :6]
        residuals[k] = rows[k] - seen
    residuals[:, 1] -= 2.0 * math.pi * np.round(residuals[:, 1] / (2.0 * math.pi))
    residuals[~is_used] = np.nan
    return residuals, partials


@dataclasses.dataclass(frozen=True, slots=True)
class _Linear:
    """Partials in sigmas, every component scaled to length 1, as left, values, right; the residuals in sigmas."""

    left: Array
    values: Array
    right: Array
    scale: Array
    residual: Array
    cost: float

    @property
    def distance2(self) -> float:
        """How far the best state of the linear problem lies, in its own deviations, squared."""
        return float(np.sum((self.left.T @ self.residual)[self.values > 1e-12 * self.values[0]] ** 2))

    def step(self, damping: float) -> Array:
        weight = self.values / (self.values**2 + damping)
        return np.asarray(self.right.T @ (weight * (self.left.T @ self.residual)) / self.scale)

    def covariance(self) -> Array:
        half = self.right.T / self.values / self.scale[:, None]
        return np.asarray(half @ half.T)


def _linearised(
    state: Array, looks: Looks, rows: Array, is_used: npt.NDArray[np.bool_], unit: Array, at_s: float,
    beta_kg_m2: float, log_beta_prior: tuple[float, float] | None, step_s: float,
) -> _Linear:  # fmt: skip
    """The problem about a state, a prior as its last row; cost is inf where the flight cannot be computed."""
    residuals, partials = _residuals(state, looks, rows, is_used, at_s, beta_kg_m2, step_s)
    slope, residual = (partials * unit[..., None])[is_used], (residuals * unit)[is_used]
    if log_beta_prior is not None:
        mean, sigma = log_beta_prior
        slope = np.vstack((slope, np.append(np.zeros(6), 1.0 / sigma)))
        residual = np.append(residual, (mean - state[6]) / sigma)
    cost = float(residual @ residual)
    if not (math.isfinite(cost) and np.isfinite(slope).all()):
        slope, residual, cost = np.zeros_like(slope), np.zeros_like(residual), math.inf
    scale = np.maximum(np.linalg.norm(slope, axis=0), 1e-150)
    left, values, right = np.linalg.svd(slope / scale, full_matrices=False)
    return _Linear(left, values, right, scale, residual, cost)


def _failed(status: int, at_s: float, size: int, rows: Array, iterations: int) -> Fit:
    return Fit(
        status, SENTENCES[status], at_s, np.full(size, np.nan), np.full((size, size), np.nan),
        np.full(rows.shape, np.nan), math.nan, 0, iterations,
    )  # fmt: skip
