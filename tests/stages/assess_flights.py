"""Flights and rows of tracks for the tests of assess: truth by kernels.motion, a track drawn around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.kernels.motion import acceleration, advance
from tocsin.messages import Assessment, Event, Message, SensorHealth, Tick, TrackUpdates, column
from tocsin.messages.track_updates import TrackStatus
from tocsin.policy import Policy
from tocsin.scenario import Actor, Defence, Sensor
from tocsin.stages.assess import Assess

Array = npt.NDArray[np.float64]
S = 1_000_000_000
START_NS = 1_772_611_200 * S
CALM = np.zeros(4)
BOOST, COAST, LEVEL = (0.96, 0.03, 0.01), (0.01, 0.98, 0.01), (0.01, 0.04, 0.95)
SENSORS = (
    Sensor(name="eye", kind="infrared", platform="geostationary"),
    Sensor(name="eye-2", kind="infrared", platform="geostationary"),
    Sensor(name="land", kind="radar"),
    Sensor(name="ship", kind="radar", platform="ship"),
)
ACTORS = (Actor(name="ops", roles=("operator",)), Actor(name="voice", roles=("spokesperson",)))


def defence(sensors: tuple[Sensor, ...] = SENSORS, policy: Policy | None = None) -> Defence:
    return Defence(sensors=sensors, actors=ACTORS, policy=policy or Policy())


def state(
    latitude_deg: float, longitude_deg: float, height_m: float, speed_m_s: float, course_deg: float, climb_deg: float
) -> tuple[Array, Array]:
    """Position and earth-relative velocity, ECEF."""
    lat, lon = math.radians(latitude_deg), math.radians(longitude_deg)
    east, north, up = np.asarray(enu_axes(lat, lon))
    course, climb = math.radians(course_deg), math.radians(climb_deg)
    level = math.sin(course) * east + math.cos(course) * north
    velocity = speed_m_s * (math.cos(climb) * level + math.sin(climb) * up)
    return np.array(ecef_from_geodetic(lat, lon, height_m)), velocity


def spread(position_m: float, velocity_m_s: float) -> Array:
    return np.diag([position_m**2] * 3 + [velocity_m_s**2] * 3)


def boost(
    thrust_to_weight: float, burn_s: float, mass_ratio: float, kick_deg: float, course_deg: float = 280.0
) -> list[tuple[float, Array, Array]]:
    """(time, position, velocity) each second of a generic gravity turn from 34 N 47 E: mass falls, no drag."""
    position, _ = state(34.0, 47.0, 0.0, 0.0, 0.0, 0.0)
    east, north, up = np.asarray(enu_axes(math.radians(34.0), math.radians(47.0)))
    ahead = math.sin(math.radians(course_deg)) * east + math.cos(math.radians(course_deg)) * north
    velocity, dt, found = np.zeros(3), 0.05, []
    for step in range(round(burn_s / dt) + 1):
        t = step * dt
        if step % 20 == 0:
            found.append((t, position.copy(), velocity.copy()))
        if t < 8.0:
            direction = up
        elif t < 14.0:
            tilt = math.radians(kick_deg) * (t - 8.0) / 6.0
            direction = math.cos(tilt) * up + math.sin(tilt) * ahead
        else:
            direction = velocity / np.linalg.norm(velocity)
        thrust = thrust_to_weight * 9.81 / (1.0 - (1.0 - 1.0 / mass_ratio) * t / burn_s)
        pull = np.array(acceleration(position, velocity, 0.0, CALM)) + thrust * direction
        position = position + dt * velocity + 0.5 * dt * dt * pull
        velocity = velocity + dt * pull
    return found


def row(
    t_s: float,
    position: Array,
    velocity: Array,
    covariance: Array,
    mode: tuple[float, float, float],
    counts: tuple[int, int, int],
    sensor: str,
    *,
    track: int = 1,
    status: TrackStatus = "confirmed",
    log_beta: float = math.log(4000.0),
    log_beta_std: float = 0.3,
    parent: int = 0,
) -> TrackUpdates:
    """TrackUpdates of one row."""
    t_ns = START_NS + round(t_s * S)
    ints = [column([v], "int64") for v in (track, t_ns, *counts, 0)]
    return TrackUpdates(
        time_ns=t_ns,
        arrival_ns=t_ns,
        id=f"track/{t_ns}/{track}/{sensor}",
        sensor=sensor,
        track=ints[0],
        status=(status,),
        t_ns=ints[1],
        position_ecef_m=column([position]),
        velocity_ecef_m_s=column([velocity]),
        covariance=column([covariance]),
        mode_prob=column([mode]),
        log_beta=column([log_beta]),
        log_beta_std=column([log_beta_std]),
        first_ns=ints[1],
        last_ns=ints[1],
        radar_count=ints[2],
        infrared_count=ints[3],
        position_count=ints[4],
        nis=column([0.0]),
        nis_dof=ints[5],
        parent=column([parent], "int64"),
    )


class Bench:
    """A stage, a clock, and what came out."""

    def __init__(self, configured: Defence | None = None) -> None:
        self.stage = Assess(configured or defence())
        self.out: list[Message] = []

    def give(self, message: Message) -> list[Message]:
        self.out += (given := self.stage.handle(message))
        return given

    def tick(self, t_s: float) -> list[Message]:
        now_ns = START_NS + round(t_s * S)
        return self.give(Tick(time_ns=now_ns, arrival_ns=now_ns, sequence=round(t_s)))

    def health(self, t_s: float, sensor: str, kind: Any, is_on: bool) -> list[Message]:
        now_ns = START_NS + round(t_s * S)
        change = SensorHealth(
            time_ns=now_ns, arrival_ns=now_ns, sensor=sensor, kind=kind, state="ok" if is_on else "off"
        )
        return self.give(change)

    @property
    def assessments(self) -> list[Assessment]:
        return [m for m in self.out if isinstance(m, Assessment)]

    @property
    def events(self) -> list[Event]:
        return [m for m in self.out if isinstance(m, Event)]


def coast(
    bench: Bench,
    seconds: int,
    *,
    start_s: float = 100.0,
    sensor: str = "land",
    infrared: int = 0,
    radar: int = 0,
    track: int = 1,
    begin: tuple[Array, Array] | None = None,
    covariance: Array | None = None,
) -> tuple[Array, Array]:
    """Feed a missile's coast second by second; each second one plot of ``sensor``. Gives the last state."""
    position, velocity = begin or state(35.5, 45.0, 90e3, 3000.0, 280.0, 42.0)
    kind = next((s.kind for s in SENSORS if s.name == sensor), "radar")
    for second in range(seconds):
        radar, infrared = radar + (kind == "radar"), infrared + (kind == "infrared")
        bench.give(
            row(
                start_s + second, position, velocity, spread(200.0, 8.0) if covariance is None else covariance,
                COAST, (radar, infrared, 0), sensor, track=track,
            )
        )  # fmt: skip
        bench.tick(start_s + second)
        position, velocity = advance(position, velocity, 4000.0, CALM, 1.0, 1.0)
    return position, velocity
