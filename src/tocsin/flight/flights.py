"""What a flight gives: where it went, what it met, how it ended."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class FlightStatus(enum.IntEnum):
    """How a flight ended; the values are those of `tocsin.kernels.integrate`."""

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
    """Where and when the ellipsoid, or the height to stop at, is met; ECEF m and m/s, angles geodetic."""

    position_ecef_m: Floats
    velocity_ecef_m_s: Floats
    latitude_rad: float
    longitude_rad: float
    time_s: float


@dataclass(frozen=True, slots=True)
class FlightEvent:
    """Something met on the way: the top of the path, a height asked for, the ground or the height to stop at."""

    kind: Literal["apogee", "height", "ground", "stop_height"]
    time_s: float
    position_ecef_m: Floats
    velocity_ecef_m_s: Floats
    height_m: float
    is_rising: bool


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight. Arrays run from the given state (time 0) to impact, or to the time limit.

    time_s (n,), position_ecef_m (n, 3), velocity_ecef_m_s (n, 3), rotating ECEF, at every multiple of the spacing and
    at the end; `explanation` is one sentence; `events` are in order of time.
    """

    time_s: Floats
    position_ecef_m: Floats
    velocity_ecef_m_s: Floats
    apogee: Apogee
    impact: Impact | None
    status: FlightStatus
    explanation: str
    events: tuple[FlightEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class FlightBatch:
    """The ends of many flights: status (n,) int64, impact_ecef_m (n, 3), time_s (n,); nan where there is no impact."""

    status: npt.NDArray[np.int64]
    impact_ecef_m: Floats
    time_s: Floats
