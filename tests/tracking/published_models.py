"""Motion and measurement of three published tracking problems, written from their papers; arrays (..., n).

Re-entry       Julier and Uhlmann, Proc. IEEE 92(3), 2004, corrected in 92(12); km, km/s. Steps of Euler, 0.1 s
Ballistic      Farina, Ristic, Benvenuti, IEEE TAES 38(3), 2002; m, m/s. The paper's own discrete motion, 2 s
Falling body   Athans, Wishner, Bertolini, IEEE TAC 13(5), 1968; ft, ft/s. Runge-Kutta, 1/64 s
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# re-entry: x, y, vx, vy, log of the drag over its nominal
EARTH_KM, GM_KM3_S2, SCALE_KM, DRAG_PER_KM = 6374.0, 3.9860e5, 13.406, -0.59783
REENTRY_STEP_S = 0.1
REENTRY_START = np.array([6500.4, 349.14, -1.8093, -6.7967, 0.6932])
REENTRY_NOISE = np.diag([1e-3**2, 0.17e-3**2])  # 1 m; 0.17 mrad, see the test
REENTRY_TRUE_Q = np.diag([0.0, 0.0, 2.4064e-5, 2.4064e-5, 0.0])  # (km/s)2 in each step
REENTRY_Q = np.diag([0.0, 0.0, 2.4064e-5, 2.4064e-5, 1e-6])


def reentry_step(s: Array) -> Array:
    drag, pull, _, _ = _reentry_forces(s)
    x, y, vx, vy = np.moveaxis(s, -1, 0)[:4]
    slope = np.stack((vx, vy, drag * vx + pull * x, drag * vy + pull * y, 0.0 * x), axis=-1)
    return s + REENTRY_STEP_S * slope


def reentry_jacobian(s: Array) -> Array:
    drag, pull, radius, speed = _reentry_forces(s)
    place, velocity = s[..., :2], s[..., 2:4]
    a = np.zeros((*s.shape, 5))
    a[..., 0, 2] = a[..., 1, 3] = 1.0
    for i in range(2):
        for j in range(2):
            a[..., 2 + i, j] = -drag * velocity[..., i] * place[..., j] / (radius * SCALE_KM)
            a[..., 2 + i, j] += 3.0 * GM_KM3_S2 * place[..., i] * place[..., j] / radius**5
            a[..., 2 + i, 2 + j] = drag * velocity[..., i] * velocity[..., j] / speed**2
        a[..., 2 + i, i] += pull
        a[..., 2 + i, 2 + i] += drag
        a[..., 2 + i, 4] = drag * velocity[..., i]
    return np.eye(5) + REENTRY_STEP_S * a


def _reentry_forces(s: Array) -> tuple[Array, Array, Array, Array]:
    radius, speed = np.hypot(s[..., 0], s[..., 1]), np.hypot(s[..., 2], s[..., 3])
    drag = DRAG_PER_KM * np.exp(s[..., 4] + (EARTH_KM - radius) / SCALE_KM) * speed
    return drag, -GM_KM3_S2 / radius**3, radius, speed


def reentry_sight(s: Array) -> Array:
    return np.stack((np.hypot(s[..., 0] - EARTH_KM, s[..., 1]), np.arctan2(s[..., 1], s[..., 0] - EARTH_KM)), axis=-1)


def reentry_sight_jacobian(s: Array) -> Array:
    return _polar_jacobian(s[..., 0] - EARTH_KM, s[..., 1], 0, 1, 5)


# ballistic: x, vx, y, vy
FARINA_STEP_S, FARINA_G_M_S2, FARINA_BETA = 2.0, 9.81, 40_000.0  # beta in kg/(m s2): a weight over an area
FARINA_START = np.array([232e3, 2290.0 * np.cos(np.radians(190.0)), 88e3, 2290.0 * np.sin(np.radians(190.0))])
FARINA_NOISE = np.diag([100.0**2, 0.017**2])


def farina_step(s: Array) -> Array:
    x, vx, y, vy = np.moveaxis(s, -1, 0)
    k = _farina_drag(y)[0] * np.hypot(vx, vy)
    ax, ay, t = k * vx, k * vy - FARINA_G_M_S2, FARINA_STEP_S
    return np.stack((x + t * vx + 0.5 * t * t * ax, vx + t * ax, y + t * vy + 0.5 * t * t * ay, vy + t * ay), axis=-1)


def farina_jacobian(s: Array) -> Array:
    _, vx, y, vy = np.moveaxis(s, -1, 0)
    (k, fade), speed, t = _farina_drag(y), np.hypot(vx, vy), FARINA_STEP_S
    a = np.zeros((*s.shape[:-1], 2, 4))
    for i, v in enumerate((vx, vy)):
        a[..., i, 1] = k * v * vx / speed
        a[..., i, 3] = k * v * vy / speed
        a[..., i, 1 + 2 * i] += k * speed
        a[..., i, 2] = -fade * k * speed * v
    out = np.broadcast_to(np.eye(4), (*s.shape, 4)).copy()
    out[..., 0, 1] = out[..., 2, 3] = t
    out[..., 0::2, :] += 0.5 * t * t * a
    out[..., 1::2, :] += t * a
    return out


def _farina_drag(y: Array) -> tuple[Array, Array]:
    is_low = y < 9144.0
    fade = np.where(is_low, 1.093e-4, 1.49e-4)
    density = np.where(is_low, 1.227, 1.754) * np.exp(-fade * y)
    return -0.5 * FARINA_G_M_S2 * density / FARINA_BETA, fade


def farina_sight(s: Array) -> Array:
    return np.stack((np.hypot(s[..., 0], s[..., 2]), np.arctan2(s[..., 2], s[..., 0])), axis=-1)


def farina_sight_jacobian(s: Array) -> Array:
    return _polar_jacobian(s[..., 0], s[..., 2], 0, 2, 4)


def farina_two_point_start(first: Array, second: Array) -> tuple[Array, Array]:
    """State and covariance at the second of two measurements (range, elevation), 2 s apart."""
    t = FARINA_STEP_S
    places, covs = [], []
    for z in (first, second):
        r, e = z[..., 0], z[..., 1]
        places.append(np.stack((r * np.cos(e), r * np.sin(e)), axis=-1))
        turn = np.stack((np.cos(e), -r * np.sin(e), np.sin(e), r * np.cos(e)), axis=-1).reshape(*r.shape, 2, 2)
        covs.append(turn @ FARINA_NOISE @ np.swapaxes(turn, -1, -2))
    x, cov = np.empty((*first.shape[:-1], 4)), np.empty((*first.shape[:-1], 4, 4))
    x[..., 0::2] = places[1]
    x[..., 1::2] = (places[1] - places[0]) / t - [0.0, 0.5 * FARINA_G_M_S2 * t]
    cov[..., 0::2, 0::2] = covs[1]
    cov[..., 0::2, 1::2] = cov[..., 1::2, 0::2] = covs[1] / t
    cov[..., 1::2, 1::2] = (covs[0] + covs[1]) / t**2
    return x, cov


# falling body: height, speed down, drag parameter 1/ft
ATHANS_FADE_PER_FT, ATHANS_ASIDE_FT, ATHANS_RADAR_FT = 5e-5, 1e5, 1e5
ATHANS_START = np.array([3e5, 2e4, 1e-3])
ATHANS_FIRST_GUESS = np.array([3e5, 2e4, 3e-5])
ATHANS_COV = np.diag([1e6, 4e6, 1e-4])
ATHANS_NOISE = np.array([[1e4]])  # ft2


def athans_step(s: Array) -> Array:
    return _over_a_second(_athans_slope, s)


def _athans_slope(s: Array) -> Array:
    return np.stack(
        (-s[..., 1], -np.exp(-ATHANS_FADE_PER_FT * s[..., 0]) * s[..., 1] ** 2 * s[..., 2], 0.0 * s[..., 2]), -1
    )


def athans_jacobian(s: Array) -> Array:
    """By a step along the imaginary axis: exact to rounding."""
    return np.stack([np.imag(athans_step(s + 1e-20j * unit)) / 1e-20 for unit in np.eye(3)], axis=-1)


def athans_sight(s: Array) -> Array:
    return np.hypot(ATHANS_ASIDE_FT, s[..., :1] - ATHANS_RADAR_FT)


def athans_sight_jacobian(s: Array) -> Array:
    out = np.zeros((*s.shape[:-1], 1, 3))
    out[..., 0, 0] = (s[..., 0] - ATHANS_RADAR_FT) / athans_sight(s)[..., 0]
    return out


def zarchan_step(s: Array) -> Array:
    """1 s of height ft and its rate, ft/s: beta 500 lb/ft2, density 0.0034 exp(-height / 22000 ft), g 32.2 ft/s2."""
    return _over_a_second(_zarchan_slope, s)


def _zarchan_slope(s: Array) -> Array:
    density = 0.0034 * np.exp(-s[..., 0] / 22_000.0)
    return np.stack((s[..., 1], 32.2 * (0.5 * density * s[..., 1] ** 2 / 500.0 - 1.0)), axis=-1)


def _over_a_second(slope: Callable[[Array], Array], s: Array) -> Array:
    """1 s by 64 classical Runge-Kutta steps."""
    h = 1.0 / 64.0
    for _ in range(64):
        a = slope(s)
        b = slope(s + 0.5 * h * a)
        c = slope(s + 0.5 * h * b)
        d = slope(s + h * c)
        s = s + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
    return s


def _polar_jacobian(dx: Array, dy: Array, column_x: int, column_y: int, size: int) -> Array:
    r = np.hypot(dx, dy)
    out = np.zeros((*dx.shape, 2, size))
    out[..., 0, column_x], out[..., 0, column_y] = dx / r, dy / r
    out[..., 1, column_x], out[..., 1, column_y] = -dy / r**2, dx / r**2
    return out
