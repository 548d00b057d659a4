"""Other flight libraries, where they are installed (``make bench`` installs them with constraints/bench.txt)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.flight_cases import BETA_KG_M2, CALM, LIMIT_S, one_flight
from benchmarks.timing import medians_s, not_installed, row, time_of
from tocsin.kernels.constants import EARTH_RATE_RAD_S, FLATTENING, GM_M3_S2, J2, SEMI_MAJOR_M
from tocsin.kernels.fall import fall_batch, fall_to_ground
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.kernels.lanes import fall_lanes

_REMEDY = "pip install --require-hashes -r constraints/bench.txt"


def _heyoka_fall(start: np.ndarray) -> Callable[[], np.ndarray]:
    """heyoka's Taylor integrator, made once: J2 gravity over the rotating Earth without air, to the ellipsoid."""
    import heyoka as hy

    x, y, z, vx, vy, vz = hy.make_vars("x", "y", "z", "vx", "vy", "vz")
    r2 = x * x + y * y + z * z
    k, q, s = -GM_M3_S2 * r2**-1.5, 1.5 * J2 * SEMI_MAJOR_M**2 / r2, 5.0 * z * z / r2
    w = EARTH_RATE_RAD_S
    level = k * (1.0 + q * (1.0 - s)) + w * w
    slopes = [vx, vy, vz, level * x + 2.0 * w * vy, level * y - 2.0 * w * vx, k * (1.0 + q * (3.0 - s)) * z]
    short_m = SEMI_MAJOR_M * (1.0 - FLATTENING)
    on_ground = (x * x + y * y) / SEMI_MAJOR_M**2 + z * z / short_m**2 - 1.0
    event = hy.t_event(on_ground, direction=hy.event_direction.negative)
    system = list(zip((x, y, z, vx, vy, vz), slopes, strict=True))
    integrator = hy.taylor_adaptive(system, np.zeros(6), tol=1e-9, t_events=[event])

    def fall() -> np.ndarray:
        integrator.time = 0.0
        integrator.state[:] = start
        integrator.reset_cooldowns()
        integrator.propagate_until(LIMIT_S)
        return integrator.state[:3].copy()

    return fall


def heyoka_rows() -> list[str]:
    work = "one flight to the ground in vacuum (J2, rotation)"
    try:
        import heyoka
    except ImportError:
        return [not_installed(work, "heyoka, Taylor", _REMEDY)]
    position, velocity = one_flight()
    start = np.concatenate((position, velocity))
    peer = _heyoka_fall(start)

    def own() -> np.ndarray:
        return fall_to_ground(position, velocity, -1.0, CALM, LIMIT_S)[1]

    states, no_drag, calm = np.tile(start, (1024, 1)), np.full(1024, -1.0), np.zeros((1024, 4))

    def lanes() -> np.ndarray:
        return fall_lanes(states, no_drag, calm, LIMIT_S)[1]

    apart_cm = 100.0 * float(np.linalg.norm(peer() - own()))
    peer_s, own_s, lanes_s = medians_s([(peer, 100), (own, 100), (lanes, 5)])
    title = f"heyoka {heyoka.__version__}, Taylor, tolerance 1e-9, one core"
    return [
        row(
            work, title, time_of(peer_s), time_of(own_s), f"{peer_s / own_s:.1f}x",
            f"smooth vacuum flight, where Taylor series shine, and no table of air; heyoka's compile (0.3 s for each "
            f"system) left out; {apart_cm:.1f} cm apart",
        ),
        row(
            f"{work}, 1024 at once, one core", title, time_of(peer_s), f"{time_of(lanes_s / 1024)} each",
            f"{peer_s * 1024 / lanes_s:.1f}x", "lanes pay for air that is not there; heyoka one flight after the other",
        ),
    ]  # fmt: skip


def _rocketpy_fall() -> tuple[str, Callable[[], object]]:
    import rocketpy

    air = rocketpy.Environment(latitude=34.4, longitude=45.8, elevation=0.0, max_expected_height=80e3)
    air.set_atmospheric_model(type="standard_atmosphere")
    drag, radius_m = 0.2, 0.5
    body = rocketpy.PointMassRocket(
        radius=radius_m,
        mass=BETA_KG_M2 * drag * np.pi * radius_m**2,
        center_of_mass_without_motor=0.0,
        power_off_drag=drag,
        power_on_drag=drag,
        weathercock_coeff=1.0,  # turns the body into the wind: its drag acts along the body's axis
    )
    spent = rocketpy.PointMassMotor(thrust_source=1.0, dry_mass=1.0, propellant_initial_mass=1e-3, burn_time=0.1)
    body.add_motor(spent, position=0.0)
    velocity = np.array([-1000.0, 300.0, 700.0])
    tilt = math.acos(velocity[2] / np.linalg.norm(velocity))
    about = np.array([-velocity[1], velocity[0], 0.0]) / np.hypot(velocity[0], velocity[1]) * math.sin(tilt / 2.0)
    start = [1.0, 0.0, 0.0, 40e3, *velocity, math.cos(tilt / 2.0), *about, 0.0, 0.0, 0.0]  # the nose ahead

    def fall() -> object:
        return rocketpy.Flight(
            body, air, rail_length=1.0, initial_solution=start, max_time=2000.0, rtol=1e-8, ode_solver="DOP853",
            simulation_mode="3 DOF",
        )  # fmt: skip

    return f"RocketPy {getattr(rocketpy, '__version__', '')}".strip(), fall


def rocketpy_rows() -> list[str]:
    work = "one flight to the ground from 40 km, apogee 65 km, 190 km"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            title, peer = _rocketpy_fall()
            flown = peer()
    except ImportError:
        return [not_installed(work, "RocketPy, three degrees of freedom", _REMEDY)]
    position = np.array(ecef_from_geodetic(np.radians(34.4), np.radians(45.8), 40e3))
    velocity = enu_axes(np.radians(34.4), np.radians(45.8)).T @ np.array([-1000.0, 300.0, 700.0])
    states, betas, airs = np.concatenate((position, velocity))[None], np.array([BETA_KG_M2]), CALM[None].copy()

    def own() -> np.ndarray:
        return fall_batch(states, betas, airs, LIMIT_S)[2]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer_s, own_s = medians_s([(peer, 1), (own, 100)])
    return [
        row(
            work, f"{title}, three degrees of freedom, DOP853, rtol 1e-8", time_of(peer_s), time_of(own_s),
            f"{peer_s / own_s:.0f}x",
            f"its Earth is flat and its air ends at 80 km: {flown.t_final - 1.0:.1f} s to the ground "  # type: ignore[attr-defined]
            f"against {own()[0]:.1f} s",
        )
    ]  # fmt: skip


def rows() -> list[str]:
    return heyoka_rows() + rocketpy_rows()
