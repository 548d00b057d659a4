"""When radars look and how well they measure; what they would measure of a ballistic state, with partials."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.kernels.geodesy import radar_from_ecef, radar_jacobian
from tocsin.kernels.motion import advance, advance_with_transition

Array = npt.NDArray[np.float64]
ROWS = 4  # range, azimuth, elevation, range rate
_LOG_BETA_STEP = 1e-3  # half the width of the difference for d / d ln(beta): its error is 1e-6 of the derivative
_LOG_BETA_MIN, _LOG_BETA_MAX = 0.0, 25.0  # 1 kg/m2 to 7e10 kg/m2: what a step of a fit may try
_CALM = np.zeros(4)  # the standard atmosphere, air at rest


@dataclasses.dataclass(frozen=True, slots=True)
class Looks:
    """Radar looks at one object, of one or several radars, in any order.

    time_s       (n,) s from any epoch
    site_ecef_m  (n, 3) or (3,) ECEF m, a radar that stands still on the Earth
    range_std_m, azimuth_std_rad, elevation_std_rad, range_rate_std_m_s   (n,) or one number: one sigma, > 0, of
                 independent errors; inf where a look does not measure it. Azimuth is the angle about the vertical
                 itself, as ``kernels.radar_from_ecef``: across the sight its error is cos(elevation) of that.
    """

    time_s: Array
    site_ecef_m: Array
    range_std_m: Array
    azimuth_std_rad: Array
    elevation_std_rad: Array
    range_rate_std_m_s: Array

    def __init__(
        self,
        time_s: npt.ArrayLike,
        site_ecef_m: npt.ArrayLike,
        range_std_m: npt.ArrayLike,
        azimuth_std_rad: npt.ArrayLike,
        elevation_std_rad: npt.ArrayLike,
        range_rate_std_m_s: npt.ArrayLike = math.inf,
    ) -> None:
        time = np.array(time_s, dtype=np.float64).reshape(-1)
        if not np.isfinite(time).all():
            raise InputError("a look without a time", where="Looks.time_s", remedy="give seconds")
        site = np.array(np.broadcast_to(np.asarray(site_ecef_m, dtype=np.float64), (time.size, 3)))
        if not np.isfinite(site).all():
            raise InputError("a look without a place", where="Looks.site_ecef_m", remedy="give ECEF metres")
        object.__setattr__(self, "time_s", time)
        object.__setattr__(self, "site_ecef_m", site)
        for name, given in (
            ("range_std_m", range_std_m),
            ("azimuth_std_rad", azimuth_std_rad),
            ("elevation_std_rad", elevation_std_rad),
            ("range_rate_std_m_s", range_rate_std_m_s),
        ):
            std = np.array(np.broadcast_to(np.asarray(given, dtype=np.float64), time.shape))
            if not (std > 0.0).all():
                raise InputError(
                    "a sigma must be more than 0", where=f"Looks.{name}", value=float(std[~(std > 0.0)][0]),
                    remedy="give one sigma, or inf where it is not measured",
                )  # fmt: skip
            object.__setattr__(self, name, std)

    def __len__(self) -> int:
        return int(self.time_s.size)

    @property
    def std(self) -> Array:
        """(n, 4): range m, azimuth rad, elevation rad, range rate m/s."""
        return np.stack(
            (self.range_std_m, self.azimuth_std_rad, self.elevation_std_rad, self.range_rate_std_m_s), axis=-1
        )

    def plus(self, other: Looks) -> Looks:
        """These looks and then those of another radar."""
        return Looks(
            np.concatenate((self.time_s, other.time_s)),
            np.concatenate((self.site_ecef_m, other.site_ecef_m)),
            *np.concatenate((self.std, other.std)).T,
        )


def radar_view(state: Array, site_ecef_m: Array) -> tuple[Array, Array]:
    """Range m, azimuth rad, elevation rad, range rate m/s (4,) of a state (>= 6,) from a site; partials (4, 6)."""
    position, velocity = np.array(state[:3]), np.array(state[3:6])
    seen = np.empty(ROWS)
    seen[:3] = radar_from_ecef(position, site_ecef_m)
    partials = np.zeros((ROWS, 6))
    partials[:3, :3] = radar_jacobian(position, site_ecef_m)
    sight = partials[0, :3]
    seen[3] = float(sight @ velocity)
    partials[3, 3:] = sight
    partials[3, :3] = (velocity - seen[3] * sight) / max(seen[0], 1.0)
    return seen, partials


def moved(state: Array, beta_kg_m2: float, dt_s: float, step_s: float) -> tuple[Array, Array]:
    """A ballistic state dt_s later or earlier, and its transition.

    In        state (6,) ECEF m, m/s, drag of beta_kg_m2 (none if <= 0); or (7,) with ln(beta), which then counts
    Out       state and transition of the same size
    Accuracy  that of ``kernels.advance_with_transition``
    """
    has_beta = state.size == 7
    beta = math.exp(min(max(float(state[6]), _LOG_BETA_MIN), _LOG_BETA_MAX)) if has_beta else beta_kg_m2
    position, velocity = np.array(state[:3]), np.array(state[3:6])
    if dt_s == 0.0:
        return np.array(state), np.eye(state.size)
    out, phi = np.array(state), np.eye(state.size)
    out[:3], out[3:6], phi[:6, :6] = advance_with_transition(position, velocity, beta, _CALM, dt_s, step_s)
    if has_beta:
        up = np.concatenate(advance(position, velocity, beta * math.exp(_LOG_BETA_STEP), _CALM, dt_s, step_s))
        down = np.concatenate(advance(position, velocity, beta * math.exp(-_LOG_BETA_STEP), _CALM, dt_s, step_s))
        phi[:6, 6] = (up - down) / (2.0 * _LOG_BETA_STEP)
    return out, phi


def along(state: Array, at_s: float, beta_kg_m2: float, time_s: Array, step_s: float) -> tuple[Array, Array]:
    """States (n, m) of one flight at times (n,) in any order, and d(state then)/d(state at at_s), (n, m, m)."""
    size = state.size
    states, transitions = np.empty((time_s.size, size)), np.empty((time_s.size, size, size))
    after = [int(k) for k in np.argsort(time_s, kind="stable") if time_s[k] >= at_s]
    before = [int(k) for k in np.argsort(-time_s, kind="stable") if time_s[k] < at_s]
    for order in (after, before):
        now, now_s, phi = np.array(state), at_s, np.eye(size)
        for k in order:
            now, step = moved(now, beta_kg_m2, float(time_s[k]) - now_s, step_s)
            phi, now_s = step @ phi, float(time_s[k])
            states[k], transitions[k] = now, phi
    return states, transitions
