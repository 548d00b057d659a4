"""One ballistic descent over the eastern Mediterranean coast, as the assess stage would tell it, and its defence."""

from __future__ import annotations

import functools
import math
from typing import Any

import msgspec
import numpy as np

from tocsin.flight.regions import ellipse_polygon
from tocsin.kernels.fall import path_to_ground
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.messages import Assessment, Command, Message, Report, Tick, TrackUpdates, column, decode_state, encode_state
from tocsin.scenario.schema import Actor, Defence, Site, Unit

DEG = math.pi / 180.0
S = 1_000_000_000
T0 = 1_772_614_800 * S  # 2026-03-04T09:00:00Z
CALM = np.zeros(4)
BETA = 3_000.0


def vec3(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def state_at(lat_deg: float, lon_deg: float, height_m: float, enu_m_s: tuple[float, float, float]) -> tuple[Any, Any]:
    """Position and velocity ECEF of a stated place and east, north, up velocity."""
    position = np.array(ecef_from_geodetic(lat_deg * DEG, lon_deg * DEG, height_m))
    return position, np.array(enu_m_s) @ enu_axes(lat_deg * DEG, lon_deg * DEG)


@functools.cache
def descent() -> tuple[Any, Any, Any, int]:
    """Path of a flight toward the coast, near its apogee: times ns, positions, velocities, impact ns."""
    position, velocity = state_at(36.6, 43.0, 250_000.0, (-2_300.0, 20.0, 900.0))
    _, time_s, positions, velocities = path_to_ground(position, velocity, BETA, CALM, 5.0, 3_600.0)
    return T0 + (time_s * S).astype(np.int64), positions, velocities, T0 + round(float(time_s[-1]) * S)


def assessment(at_s: float = 0.0, **changes: Any) -> Assessment:
    """The assessment of that flight at a time: CONFIRMED, coasting, with path and regions."""
    times, positions, velocities, impact_ns = descent()
    now_ns = T0 + round(at_s * S)
    rows = times >= now_ns
    impact = vec3(positions[-1])
    covariance = np.array([[4e7, 1e7], [1e7, 2e7]])
    fields: dict[str, Any] = {
        "time_ns": now_ns, "arrival_ns": now_ns, "id": f"a{at_s:g}", "threat": "T-0001", "track": 7, "revision": 1,
        "rung": "CONFIRMED", "class_prob": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0), "best_class": "ballistic_missile",
        "phenomenologies": ("infrared", "radar"), "is_degraded": False, "t_ns": now_ns,
        "position_ecef_m": vec3(positions[rows][0]), "velocity_ecef_m_s": vec3(velocities[rows][0]),
        "specific_energy_m2_s2": -5e7, "perigee_height_m": -4e6, "impact_ns": impact_ns, "impact_std_s": 2.0,
        "impact_ecef_m": impact, "impact_covariance_en_m2": column(covariance),
        "impact_region_50_deg": column(ellipse_polygon(impact, covariance, 0.5)),
        "impact_region_90_deg": column(ellipse_polygon(impact, covariance, 0.9)),
        "impact_region_99_deg": column(ellipse_polygon(impact, covariance, 0.99)),
        "path_ns": column(times[rows], "int64"), "path_ecef_m": column(positions[rows]),
        "path_velocity_ecef_m_s": column(velocities[rows]),
    }  # fmt: skip
    return Assessment(**{**fields, **changes})


def defence(**changes: Any) -> Defence:
    """Two units, one site on the coast, and one person for each role."""
    fields: dict[str, Any] = {
        "epoch_ns": T0,
        "units": (
            Unit(name="Battery", latitude_deg=36.9, longitude_deg=35.9),
            Unit(name="Ship", kind="sea", latitude_deg=36.0, longitude_deg=34.5),
        ),
        "sites": (Site(name="North", unit="Battery", latitude_deg=36.9, longitude_deg=35.9, magazine=4),),
        "actors": (
            Actor(name="Dir", roles=("director",)),
            Actor(name="Com", roles=("commander",)),
            Actor(name="Aut", roles=("authority",)),
            Actor(name="App", roles=("approver",)),
            Actor(name="M1", roles=("member",)),
            Actor(name="M2", roles=("member",)),
        ),
    }
    return Defence(**{**fields, **changes})


def tick(at_s: float) -> Tick:
    now_ns = T0 + round(at_s * S)
    return Tick(time_ns=now_ns, arrival_ns=now_ns, id=f"t{at_s:g}", sequence=round(at_s))


def command(actor: str, action: Any, at_s: float, **fields: Any) -> Command:
    now_ns = T0 + round(at_s * S)
    return Command(time_ns=now_ns, arrival_ns=now_ns, id=f"c{at_s:g}", actor=actor, action=action, **fields)


def report(kind: Any, reporter: str, subject: str, at_s: float, **fields: Any) -> Report:
    now_ns = T0 + round(at_s * S)
    return Report(
        time_ns=now_ns, arrival_ns=now_ns, id=f"r{at_s:g}", kind=kind, reporter=reporter, subject=subject, **fields
    )


def track_updates(at_s: float, last_plot_s: float, ballistic: float = 1.0) -> TrackUpdates:
    """One track on the flight's path, with 100 m and 1 m/s of uncertainty."""
    now_ns, one = T0 + round(at_s * S), column([1], "int64")
    covariance = np.diag([1e4] * 3 + [1.0] * 3)[None]
    return TrackUpdates(
        time_ns=now_ns, arrival_ns=now_ns, id=f"u{at_s:g}", sensor="R", track=column([7], "int64"),
        status=("confirmed",), t_ns=column([now_ns], "int64"), position_ecef_m=column([[7e6, 0.0, 0.0]]),
        velocity_ecef_m_s=column([[0.0, 0.0, 0.0]]), covariance=column(covariance),
        mode_prob=column([[1.0 - ballistic, ballistic, 0.0]]), log_beta=column([8.0]), log_beta_std=column([0.3]),
        first_ns=column([T0], "int64"), last_ns=column([T0 + round(last_plot_s * S)], "int64"), radar_count=one,
        infrared_count=one, position_count=one, nis=column([3.0]), nis_dof=one,
        parent=column([0], "int64"),
    )  # fmt: skip


def of(kind: type[Any], messages: Any) -> list[Any]:
    """The messages of one kind."""
    return [message for message in messages if isinstance(message, kind)]


def arrived(message: Message, at_ns: int, name: str) -> Any:
    """As the pipeline would stamp it."""
    return msgspec.structs.replace(message, arrival_ns=at_ns, id=name)


def renew(stage: Any) -> None:
    """The stage's state goes through its encoded form, as after a recovery."""
    stage.state = decode_state(encode_state(stage.state), type(stage.state))
