"""States in, flights out: an unpowered object under gravity and drag over the rotating Earth, to the ground."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.errors import FlightError
from tocsin.kernels.fall import fall_batch, fall_to_ground, path_to_ground
from tocsin.kernels.geodesy import geodetic_from_ecef

Floats = npt.NDArray[np.float64]

_NEAREST_M = 6_300_000.0  # from the Earth's centre: nothing flies lower
_FARTHEST_M = 1e9
_FASTEST_M_S = 20_000.0
_MOST_SAMPLES = 1_000_000
_LONGEST_S = 30 * 86_400.0


class FlightStatus(enum.IntEnum):
    """How a flight ended; the values are those of `tocsin.kernels.fall`."""

    OK = 0
    NO_IMPACT = 1
    ALREADY_DOWN = 2


@dataclass(frozen=True, slots=True)
class Apogee:
    """The greatest height met. `time_s` is 0 where it lies behind the given state."""

    height_m: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Impact:
    """Where and when the ellipsoid is met; ECEF WGS-84 m and m/s, angles geodetic."""

    position_ecef_m: Floats
    velocity_ecef_m_s: Floats
    latitude_rad: float
    longitude_rad: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight. Arrays run from the given state (time 0) to impact, or to the time limit.

    time_s (n,), position_ecef_m (n, 3), velocity_ecef_m_s (n, 3), rotating ECEF; `explanation` is one sentence.
    """

    time_s: Floats
    position_ecef_m: Floats
    velocity_ecef_m_s: Floats
    apogee: Apogee
    impact: Impact | None
    status: FlightStatus
    explanation: str


@dataclass(frozen=True, slots=True)
class FlightBatch:
    """The ends of many flights: status (n,) int64, impact_ecef_m (n, 3), time_s (n,); nan where there is no impact."""

    status: npt.NDArray[np.int64]
    impact_ecef_m: Floats
    time_s: Floats


def fly(
    position_ecef_m: npt.ArrayLike,
    velocity_ecef_m_s: npt.ArrayLike,
    *,
    beta_kg_m2: float | None = None,
    air: npt.ArrayLike | None = None,
    spacing_s: float = 5.0,
    max_time_s: float = 7200.0,
) -> Flight:
    """Follow one unpowered object to the ground.

    position_ecef_m, velocity_ecef_m_s  (3,) m and m/s in rotating ECEF (WGS-84)
    beta_kg_m2  mass / (drag coefficient x area); None: no drag
    air         (4,) density deviation (ratio) at 20 and 80 km, wind toward east and toward north at 12 km, m/s;
                None: the standard atmosphere, calm
    spacing_s   s between samples; the impact itself is always the last one
    max_time_s  s after which an object still flying is NO_IMPACT

    Raises FlightError for a value that is not finite, of the wrong shape, or outside what can fly.
    Accuracy: impact within 1 m of a tight integration; the model is J2 gravity and US Standard Atmosphere 1976.
    """
    position = _vectors("position_ecef_m", position_ecef_m, "m", 3)
    velocity = _vectors("velocity_ecef_m_s", velocity_ecef_m_s, "m/s", 3)
    _check_state(position[None], velocity[None])
    beta = -1.0 if beta_kg_m2 is None else float(_betas(beta_kg_m2, 1)[0])
    weather = _airs(air, 1)[0].copy()
    _check_times(max_time_s, spacing_s)
    status, impact_m, impact_m_s, time_s, top_m, top_s = fall_to_ground(
        position, velocity, beta, weather, float(max_time_s)
    )
    _, times, positions, velocities = path_to_ground(
        position, velocity, beta, weather, float(spacing_s), float(max_time_s)
    )
    code = FlightStatus(status)
    impact = None
    if code is FlightStatus.OK:
        lat, lon, _ = geodetic_from_ecef(impact_m[0], impact_m[1], impact_m[2])
        impact = Impact(impact_m, impact_m_s, lat, lon, time_s)
        sentence = (
            f"It comes down after {time_s:.1f} s at {math.degrees(lat):.4f} deg latitude, "
            f"{math.degrees(lon):.4f} deg longitude, with {np.linalg.norm(impact_m_s):.0f} m/s."
        )
    elif code is FlightStatus.NO_IMPACT:
        sentence = (
            f"It has not come down within {max_time_s:g} s: it is in orbit, or max_time_s is too short for its flight."
        )
    else:
        sentence = "The given state lies at or under the ellipsoid: there is nothing left to fly."
    return Flight(times, positions, velocities, Apogee(top_m, top_s), impact, code, sentence)


def fly_batch(
    position_ecef_m: npt.ArrayLike,
    velocity_ecef_m_s: npt.ArrayLike,
    *,
    beta_kg_m2: npt.ArrayLike | None = None,
    air: npt.ArrayLike | None = None,
    max_time_s: float = 7200.0,
) -> FlightBatch:
    """The ends of n flights: states (n, 3) and (n, 3), beta_kg_m2 one or (n,), air (4,) or (n, 4); else as `fly`."""
    position = _vectors("position_ecef_m", position_ecef_m, "m", None)
    velocity = _vectors("velocity_ecef_m_s", velocity_ecef_m_s, "m/s", None)
    if position.shape != velocity.shape:
        raise FlightError(f"as many velocities as positions are needed: {len(velocity)} for {len(position)}")
    _check_state(position, velocity)
    count = len(position)
    betas = np.full(count, -1.0) if beta_kg_m2 is None else _betas(beta_kg_m2, count)
    _check_times(max_time_s, max_time_s)
    states = np.concatenate([position, velocity], axis=1)
    status, impact_m, time_s = fall_batch(states, betas, _airs(air, count), float(max_time_s))
    return FlightBatch(status, impact_m, time_s)


def _vectors(name: str, given: npt.ArrayLike, unit: str, length: int | None) -> Floats:
    """A fresh (3,) or, with no length, (n, 3) array of finite numbers."""
    try:
        array = np.array(given, dtype=np.float64, order="C")
    except (TypeError, ValueError):
        raise FlightError(f"{name} takes numbers in {unit}, not {given!r:.80}") from None
    wanted = "(3,)" if length else "(n, 3)"
    if array.ndim != (1 if length else 2) or array.shape[-1] != 3:
        raise FlightError(f"{name} has the shape {wanted}, not {array.shape}; give x, y, z in {unit}")
    if not np.isfinite(array).all():
        raise FlightError(f"{name} takes finite numbers in {unit}, not {array.tolist()!r:.80}")
    return array


def _check_state(position: Floats, velocity: Floats) -> None:
    radius = np.linalg.norm(position, axis=1)
    for bad in np.flatnonzero((radius < _NEAREST_M) | (radius > _FARTHEST_M))[:1]:
        raise FlightError(
            f"position_ecef_m {position[bad].tolist()} lies {radius[bad]:.6g} m from the Earth's centre; "
            f"allowed are {_NEAREST_M:g} to {_FARTHEST_M:g} m; give ECEF metres, not kilometres or degrees"
        )
    speed = np.linalg.norm(velocity, axis=1)
    for bad in np.flatnonzero(speed > _FASTEST_M_S)[:1]:
        raise FlightError(
            f"velocity_ecef_m_s {velocity[bad].tolist()} is {speed[bad]:.6g} m/s; "
            f"allowed are up to {_FASTEST_M_S:g} m/s; give m/s in rotating ECEF"
        )


def _betas(given: npt.ArrayLike, count: int) -> Floats:
    try:
        betas = np.array(np.broadcast_to(np.asarray(given, dtype=np.float64), (count,)))
    except (TypeError, ValueError):
        raise FlightError(
            f"beta_kg_m2 takes one number, or one for each of {count} flights; not {given!r:.80}"
        ) from None
    if not (np.isfinite(betas) & (betas > 0.0)).all():
        raise FlightError(f"beta_kg_m2 takes finite numbers above 0 kg/m2, not {given!r:.80}; leave it out for no drag")
    return betas


def _airs(given: npt.ArrayLike | None, count: int) -> Floats:
    if given is None:
        return np.zeros((count, 4))
    try:
        rows = np.asarray(given, dtype=np.float64)
        air = np.array(np.broadcast_to(rows, (count, 4))) if rows.shape[-1:] == (4,) else None
    except (TypeError, ValueError):
        air = None
    if air is None:
        raise FlightError(f"air takes 4 numbers (density ratio at 20 and 80 km, wind m/s), not {given!r:.80}")
    if not np.isfinite(air).all():
        raise FlightError(f"air takes finite numbers, not {given!r:.80}")
    return air


def _check_times(max_time_s: float, spacing_s: float) -> None:
    if not 0.0 < max_time_s <= _LONGEST_S:
        raise FlightError(f"max_time_s takes 0 < s <= {_LONGEST_S:g}, not {max_time_s!r}")
    if not (spacing_s >= 1e-3 and max_time_s / spacing_s <= _MOST_SAMPLES):
        raise FlightError(
            f"spacing_s takes 0.001 s or more and at most {_MOST_SAMPLES} samples in max_time_s, not {spacing_s!r}"
        )
