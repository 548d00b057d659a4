"""States in, flights out: unpowered objects under gravity and drag over the rotating Earth, to the ground."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tocsin.errors import FlightError
from tocsin.flight import checks
from tocsin.flight.earth import Earth
from tocsin.flight.flights import Apogee, Flight, FlightBatch, FlightEvent, FlightStatus, Impact
from tocsin.kernels.constants import WGS84_J2
from tocsin.kernels.dense import APOGEE, EVENT_COLUMNS, HEIGHT
from tocsin.kernels.fall import TOLERANCE_M, fall_batch
from tocsin.kernels.geodesy import height_and_up_on
from tocsin.kernels.integrate import integrate, integrate_many
from tocsin.kernels.lanes import fall_lanes

Floats = npt.NDArray[np.float64]
Ends = tuple[npt.NDArray[np.int64], Floats, Floats]

_MANY = 64  # so many plain flights to the ground go to the kernel made for many
_WORTH_A_THREAD = 16  # flights: fewer are done before a thread has started
_EVENT_ROOM = 64  # rows for a first try


def fly(
    position_ecef_m: npt.ArrayLike,
    velocity_ecef_m_s: npt.ArrayLike,
    *,
    beta_kg_m2: npt.ArrayLike | None = None,
    drag_mach: npt.ArrayLike | None = None,
    earth: Earth | None = None,
    air: npt.ArrayLike | None = None,
    wind_profile: npt.ArrayLike | None = None,
    method: Literal["tsit5", "dop853", "rk4"] = "tsit5",
    step_s: float | None = None,
    tolerance_m: float = TOLERANCE_M,
    stop_height_m: float = 0.0,
    max_time_s: float = 7200.0,
    spacing_s: float = 5.0,
    heights_m: npt.ArrayLike = (),
) -> Any:  # Flight for one state, FlightBatch for many: the shape of what is given decides, which no type can say
    """Follow one unpowered object, or many, to the ground, to a height or for a time.

    position_ecef_m, velocity_ecef_m_s  m and m/s in rotating ECEF; (3,) gives a Flight, (n, 3) a FlightBatch
    beta_kg_m2     mass / (drag coefficient x area), one or (n,), 0.1 to 1e9; None: no drag
    drag_mach      (k, 2) Mach number, rising, and the drag coefficient there as a ratio of the one behind beta_kg_m2;
                   linear between rows, held outside; None: 1
    earth          what it flies over and what pulls it; None: `Earth()`, WGS-84 with J2
    air            (4,) or (n, 4) density deviation (ratio) at 20 and 80 km, wind toward east and toward north at 12 km,
                   m/s, with a notional shape over height; None: the US Standard Atmosphere 1976, calm
    wind_profile   (k, 3) height m, rising, wind toward east and toward north m/s, added to that of air; linear between
                   rows, held outside; None: calm
    method         "tsit5" 5(4) or "dop853" 8(5,3), adaptive unless step_s is given; "rk4", in fixed steps
    step_s         s, of fixed steps; None: as long as tolerance_m allows
    tolerance_m    error allowed to an adaptive step, m; of velocity, a thousandth of it in m/s
    stop_height_m  where it ends, falling; what starts below and never reaches it ends on the ground
    max_time_s     s after which an object still flying is NO_IMPACT
    spacing_s      s between samples of one flight; the end itself is always the last one
    heights_m      heights whose crossing is an event of one flight, both ways

    Raises FlightError for a value that is not finite, of the wrong shape, or outside what can fly.
    Accuracy: impacts of flights of 300 to 3500 km within 10 cm of a tight integration (9 of 10), events within 1 ms;
    of what almost orbits for two hours, within 30 m. A start that grazes the ground ends within 20 ms, or there.
    Many flights go over all cores, 64 and more plain ones by a kernel made for many, within 4 cm (99 of 100). What each
    gets depends neither on its neighbours nor on the cores.
    """
    earth = checks.earth(earth)
    states, is_one = checks.states(position_ecef_m, velocity_ecef_m_s, earth)
    betas = checks.betas(beta_kg_m2, len(states))
    airs = checks.airs(air, len(states))
    drag = checks.drag_mach(drag_mach, beta_kg_m2 is not None)
    wind = checks.wind_profile(wind_profile)
    limit_s, spacing = checks.times(max_time_s, spacing_s)
    code, step = checks.method(method, step_s, limit_s)
    stop_m = checks.stop_height(stop_height_m)
    levels_m = checks.heights(heights_m)
    tolerance = checks.number("tolerance_m", tolerance_m, 1e-6, 1e4, "m")
    is_plain = earth.numbers == WGS84_J2 and not len(drag) and not len(wind)
    model = (None, None, None) if is_plain else (earth.numbers, drag, wind)  # the kernels know these two cases only
    if is_one:
        return _one(
            states[0], betas[0], airs[0], model, code, step, tolerance, stop_m, limit_s, spacing, levels_m, earth
        )
    if len(levels_m):
        raise FlightError("heights_m are events of one flight: give one state, or leave heights_m out")
    if is_plain and (code, step, tolerance, stop_m) == (checks.METHODS["tsit5"], 0.0, TOLERANCE_M, 0.0):
        if len(states) >= _MANY:
            return FlightBatch(*_over_cores(lambda *rows: fall_lanes(*rows, limit_s), states, betas, airs))
        return FlightBatch(*_over_cores(lambda *rows: fall_batch(*rows, limit_s), states, betas, airs))

    def many(*rows: Floats) -> Ends:
        return integrate_many(*rows, *model, code, step, tolerance, stop_m, limit_s)

    return FlightBatch(*_over_cores(many, states, betas, airs))


def _one(
    state: Floats, beta: float, air: Floats, model: tuple[Any, Any, Any], code: int, step_s: float, tolerance_m: float,
    stop_m: float, limit_s: float, spacing_s: float, levels_m: Floats, earth: Earth,
) -> Flight:  # fmt: skip
    samples = np.empty((int(limit_s / spacing_s) + 3, 7))
    peak, final = np.empty(2), np.empty(6)
    room = _EVENT_ROOM
    while True:
        events = np.empty((room, EVENT_COLUMNS))
        status, time_s, sample_count, event_count = integrate(
            state, float(beta), air.copy(), *model, code, step_s, tolerance_m, stop_m, limit_s,
            spacing_s, levels_m, samples, events, peak, final,
        )  # fmt: skip
        if event_count <= room:
            break
        room = event_count
    code_out, impact = FlightStatus(status), None
    if code_out is FlightStatus.OK:
        _, *up = height_and_up_on(final[0], final[1], final[2], earth.semi_major_m, earth.flattening)
        lat, lon = math.atan2(up[2], math.hypot(up[0], up[1])), math.atan2(final[1], final[0])
        impact = Impact(final[:3].copy(), final[3:].copy(), lat, lon, time_s)
    path = samples[:sample_count]
    return Flight(
        path[:, 0].copy(),
        path[:, 1:4].copy(),
        path[:, 4:].copy(),
        Apogee(float(peak[0]), float(peak[1])),
        impact,
        code_out,
        _explanation(code_out, impact, limit_s, stop_m, _is_wild(state, final, earth)),
        tuple(_event(row) for row in events[:event_count]),
    )


def _is_wild(start: Floats, end: Floats, earth: Earth) -> bool:
    """Whether it is faster than a fall from anywhere could make it: drag over a step too long throws it about."""
    before, after = float(np.linalg.norm(start[3:])), float(np.linalg.norm(end[3:]))
    return not after < before + 2.0 * math.sqrt(2.0 * earth.gm_m3_s2 / earth.semi_minor_m)


def _explanation(status: FlightStatus, impact: Impact | None, limit_s: float, stop_m: float, is_wild: bool) -> str:
    if is_wild:
        return "It ends faster than any fall: step_s is too long for its drag. Shorten it, or leave it out."
    if impact is not None:
        return (
            f"It comes down after {impact.time_s:.1f} s at {math.degrees(impact.latitude_rad):.4f} deg latitude, "
            f"{math.degrees(impact.longitude_rad):.4f} deg longitude, "
            f"with {np.linalg.norm(impact.velocity_ecef_m_s):.0f} m/s."
        )
    if status is FlightStatus.NO_IMPACT:
        return f"It has not come down within {limit_s:g} s: it is in orbit, or max_time_s is too short for its flight."
    where = "the ellipsoid" if stop_m == 0.0 else f"the height to stop at, {stop_m:g} m, and falls"
    return f"The given state lies at or under {where}: there is nothing left to fly."


def _event(row: Floats) -> FlightEvent:
    kind: Literal["apogee", "height", "ground", "stop_height"] = "ground" if row[8] == 0.0 else "stop_height"
    if row[0] == APOGEE:
        kind = "apogee"
    elif row[0] == HEIGHT:
        kind = "height"
    return FlightEvent(kind, float(row[1]), row[2:5].copy(), row[5:8].copy(), float(row[8]), bool(row[9]))


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_cores(work: Callable[..., Ends], *columns: Floats) -> Ends:
    """`work` on equal runs of rows, one a core, put together again: kernels let go of Python's lock."""
    count = len(columns[0])
    parts = max(1, min(_cores(), count // _WORTH_A_THREAD))
    if parts == 1:
        return work(*columns)
    cuts = [count * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        done = list(pool.map(lambda a, b: work(*(column[a:b] for column in columns)), cuts[:-1], cuts[1:]))
    statuses, times, states = zip(*done, strict=True)
    return np.concatenate(statuses), np.concatenate(times), np.concatenate(states)
