"""What `fly` is given, checked: each refusal names the argument, its value and unit, what is allowed and what to do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.errors import FlightError
from tocsin.flight.earth import Earth
from tocsin.kernels.tableaus import DOP853, RK4, TSIT5

Floats = npt.NDArray[np.float64]

METHODS = {"rk4": RK4, "tsit5": TSIT5, "dop853": DOP853}

_NEAREST = 0.98  # of the polar radius from the Earth's centre: nothing flies lower
_FARTHEST_M = 1e9
_FASTEST_M_S = 20_000.0
_MOST_SAMPLES = 1_000_000
_MOST_STEPS = 5_000_000
_LONGEST_S = 30 * 86_400.0
_STRONGEST_WIND_M_S = 500.0
_LARGEST_DRAG_RATIO = 100.0
_BETAS_KG_M2 = (0.1, 1e9)  # a sheet of paper; less makes steps of microseconds
_DENSITY_DEVIATIONS = (-1.0, 10.0)  # ratio
_LOWEST_M, _HIGHEST_M = -500.0, 1e8  # heights that can be asked for: the lowest dry land, and beyond any orbit


def earth(given: Earth | None) -> Earth:
    """WGS-84 with J2 unless another is given."""
    if given is None:
        return Earth()
    if not isinstance(given, Earth):
        raise FlightError(f"earth takes an Earth, as Earth() or Earth.sphere(), not {given!r:.80}")
    return given


def states(position_ecef_m: npt.ArrayLike, velocity_ecef_m_s: npt.ArrayLike, earth: Earth) -> tuple[Floats, bool]:
    """(n, 6) fresh states, and whether one alone was given, as (3,)."""
    position = _vectors("position_ecef_m", position_ecef_m, "m")
    velocity = _vectors("velocity_ecef_m_s", velocity_ecef_m_s, "m/s")
    if position.shape != velocity.shape:
        raise FlightError(
            f"as many velocities as positions are needed: shape {velocity.shape} does not fit {position.shape}"
        )
    is_one = position.ndim == 1
    joined = np.concatenate([position.reshape(-1, 3), velocity.reshape(-1, 3)], axis=1)
    radius, speed = np.linalg.norm(joined[:, :3], axis=1), np.linalg.norm(joined[:, 3:], axis=1)
    nearest_m = _NEAREST * earth.semi_minor_m
    for bad in np.flatnonzero((radius < nearest_m) | (radius > _FARTHEST_M))[:1]:
        raise FlightError(
            f"position_ecef_m {joined[bad, :3].tolist()} lies {radius[bad]:.6g} m from the Earth's centre; "
            f"allowed are {nearest_m:.6g} to {_FARTHEST_M:g} m; give ECEF metres, not kilometres or degrees"
        )
    for bad in np.flatnonzero(speed > _FASTEST_M_S)[:1]:
        raise FlightError(
            f"velocity_ecef_m_s {joined[bad, 3:].tolist()} is {speed[bad]:.6g} m/s; "
            f"allowed are up to {_FASTEST_M_S:g} m/s; give m/s in rotating ECEF"
        )
    return joined, is_one


def _vectors(name: str, given: npt.ArrayLike, unit: str) -> Floats:
    """A fresh (3,) or (n, 3) array of finite numbers."""
    try:
        array = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise FlightError(f"{name} takes numbers in {unit}, not {given!r:.80}") from None
    if array.ndim not in (1, 2) or array.shape[-1] != 3:
        raise FlightError(f"{name} has the shape (3,) or (n, 3), not {array.shape}; give x, y, z in {unit}")
    if not np.isfinite(array).all():
        raise FlightError(f"{name} takes finite numbers in {unit}, not {array.tolist()!r:.80}")
    return array


def betas(given: npt.ArrayLike | None, count: int) -> Floats:
    """(n,) ballistic coefficients; -1 for no drag."""
    if given is None:
        return np.full(count, -1.0)
    try:
        array = np.array(np.broadcast_to(np.asarray(given, dtype=np.float64), (count,)))
    except (TypeError, ValueError):
        raise FlightError(
            f"beta_kg_m2 takes one number, or one for each of {count} flights; not {given!r:.80}"
        ) from None
    low, high = _BETAS_KG_M2
    if not ((array >= low) & (array <= high)).all():
        raise FlightError(f"beta_kg_m2 takes {low:g} to {high:g} kg/m2, not {given!r:.80}; leave it out for no drag")
    return array


def airs(given: npt.ArrayLike | None, count: int) -> Floats:
    """(n, 4) deviations of the air."""
    if given is None:
        return np.zeros((count, 4))
    try:
        rows = np.asarray(given, dtype=np.float64)
        air = np.array(np.broadcast_to(rows, (count, 4))) if rows.shape[-1:] == (4,) else None
    except (TypeError, ValueError):
        air = None
    if air is None:
        raise FlightError(f"air takes 4 numbers (density ratio at 20 and 80 km, wind m/s), not {given!r:.80}")
    low, high = _DENSITY_DEVIATIONS
    if not ((air[:, :2] >= low) & (air[:, :2] <= high)).all():
        raise FlightError(f"air takes density deviations of {low:g} to {high:g} (0: standard), not {given!r:.80}")
    if not (np.abs(air[:, 2:]) <= _STRONGEST_WIND_M_S).all():
        raise FlightError(f"air takes winds up to {_STRONGEST_WIND_M_S:g} m/s, not {given!r:.80}; give m/s")
    return air


def drag_mach(given: npt.ArrayLike | None, has_beta: bool) -> Floats:
    """(k, 2) Mach number and drag ratio; no rows for none."""
    if given is None:
        return np.empty((0, 2))
    table = _table("drag_mach", given, 2, "Mach number, drag coefficient as a ratio of the one behind beta_kg_m2")
    if not has_beta:
        raise FlightError("drag_mach needs beta_kg_m2, whose drag coefficient it scales; give both or neither")
    if (table < 0.0).any() or (table[:, 1] > _LARGEST_DRAG_RATIO).any():
        raise FlightError(
            f"drag_mach takes Mach numbers from 0 and ratios of 0 to {_LARGEST_DRAG_RATIO:g}, not {given!r:.80}; "
            "divide each drag coefficient by the one behind beta_kg_m2"
        )
    return table


def wind_profile(given: npt.ArrayLike | None) -> Floats:
    """(k, 3) height and wind; no rows for none."""
    if given is None:
        return np.empty((0, 3))
    table = _table("wind_profile", given, 3, "height m, wind toward east m/s, toward north m/s")
    if (np.abs(table[:, 1:]) > _STRONGEST_WIND_M_S).any():
        raise FlightError(f"wind_profile takes winds up to {_STRONGEST_WIND_M_S:g} m/s, not {given!r:.80}; give m/s")
    return table


def _table(name: str, given: npt.ArrayLike, columns: int, meaning: str) -> Floats:
    try:
        table = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise FlightError(f"{name} takes rows of numbers ({meaning}), not {given!r:.80}") from None
    if table.ndim != 2 or table.shape[1] != columns or not len(table):
        raise FlightError(f"{name} takes one row or more of {columns} ({meaning}), not shape {table.shape}")
    if not np.isfinite(table).all() or (np.diff(table[:, 0]) <= 0.0).any():
        raise FlightError(
            f"{name} takes finite rows whose first column rises ({meaning}), not {given!r:.80}; sort them"
        )
    return table


def method(name: str, step_s: float | None, max_time_s: float) -> tuple[int, float]:
    """Method code, and the fixed step, s, or 0 where the error decides."""
    if name not in METHODS:
        raise FlightError(f"method is one of {', '.join(METHODS)}, not {name!r:.80}")
    if step_s is None:
        if name == "rk4":
            raise FlightError("method rk4 cannot judge its own error; give step_s, or choose tsit5 or dop853")
        return METHODS[name], 0.0
    step = number("step_s", step_s, 1e-4, _LONGEST_S, "s")
    if max_time_s / step > _MOST_STEPS:
        raise FlightError(f"step_s takes at most {_MOST_STEPS} steps in max_time_s, not {step_s!r} s; lengthen it")
    return METHODS[name], step


def times(max_time_s: float, spacing_s: float) -> tuple[float, float]:
    """Both in s."""
    limit = number("max_time_s", max_time_s, 1e-9, _LONGEST_S, "s")
    spacing = number("spacing_s", spacing_s, 1e-3, np.inf, "s")
    if limit / spacing > _MOST_SAMPLES:
        raise FlightError(f"spacing_s takes at most {_MOST_SAMPLES} samples in max_time_s, not {spacing_s!r} s")
    return limit, spacing


def heights(given: npt.ArrayLike) -> Floats:
    """(k,) heights whose crossing is an event, m, lowest first."""
    try:
        levels = np.array(given, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise FlightError(f"heights_m takes numbers in m, not {given!r:.80}") from None
    for level in levels:
        number("heights_m", float(level), _LOWEST_M, _HIGHEST_M, "m")
    return np.unique(levels)


def stop_height(given: float) -> float:
    """m."""
    return number("stop_height_m", given, _LOWEST_M, _HIGHEST_M, "m")


def number(name: str, given: float, low: float, high: float, unit: str) -> float:
    """A number within its range, as a float."""
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = np.nan
    if not low <= value <= high:
        raise FlightError(f"{name} takes {low:g} to {high:g} {unit}, not {given!r:.80}")
    return value
