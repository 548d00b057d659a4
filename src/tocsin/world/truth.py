"""Truth, for scoring alone: what flew, where it came down, what became of each launch."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.units import ns_from_s
from tocsin.world.ballistic import Array, geodetic_deg
from tocsin.world.body import Other
from tocsin.world.breakup import Broken, Pieces, places_deg
from tocsin.world.engagements import Result
from tocsin.world.sensors.biases import SensorTruth
from tocsin.world.sky import Missile

TRUTH_COLUMNS: tuple[str, ...] = (
    "time_ns", "object", "kind", "phase",
    "x_ecef_m", "y_ecef_m", "z_ecef_m", "vx_ecef_m_s", "vy_ecef_m_s", "vz_ecef_m_s",
    "latitude_deg", "longitude_deg", "height_m",
)  # fmt: skip
THREAT_SPACING_S = 1.0

ThreatState = Literal["waiting", "flying", "down", "hit"]


class ThreatTruth(msgspec.Struct, kw_only=True):
    """One threat. The impact is the one WITHOUT intercept, whatever happened."""

    name: str
    vehicle: str
    state: ThreatState
    launch_ns: int
    launch_latitude_deg: float
    launch_longitude_deg: float
    launch_ecef_m: tuple[float, float, float]
    burnout_ns: int
    burnout_height_m: float
    apogee_ns: int
    apogee_height_m: float
    impact_ns: int
    impact_latitude_deg: float
    impact_longitude_deg: float
    impact_ecef_m: tuple[float, float, float]
    beta_kg_m2: float
    intercepted_ns: int | None = None
    intercept_ecef_m: tuple[float, float, float] | None = None
    fragment_ns: list[int] = msgspec.field(default_factory=list)
    fragment_deg: list[tuple[float, float]] = msgspec.field(default_factory=list)  # latitude, longitude
    fragment_beta_kg_m2: list[float] = msgspec.field(default_factory=list)
    interceptor_fragment_ns: list[int] = msgspec.field(default_factory=list)
    interceptor_fragment_deg: list[tuple[float, float]] = msgspec.field(default_factory=list)  # latitude, longitude
    interceptor_fragment_beta_kg_m2: list[float] = msgspec.field(default_factory=list)
    unexploded_deg: tuple[float, float] | None = None  # where a body lies that did not go off


class ObjectTruth(msgspec.Struct, kw_only=True):
    """Anything else that flew."""

    name: str
    kind: str
    impact_ns: int | None = None  # of a spent stage, where it comes down
    impact_ecef_m: tuple[float, float, float] | None = None


class WorldTruth(msgspec.Struct, kw_only=True):
    """All of one run's truth that scoring needs."""

    epoch_ns: int
    until_ns: int  # generated up to here
    air: tuple[float, float, float, float]  # density deviation at 20 and 80 km, wind east and north at 12 km
    threats: list[ThreatTruth]
    others: list[ObjectTruth]
    launches: list[Result]
    sensors: list[SensorTruth] = msgspec.field(default_factory=list)


def object_truth(body: Other, epoch_ns: int) -> ObjectTruth:
    """Of a body that is no threat."""
    first_s, last_s = body.up_s
    if body.kind != "stage" or not first_s < last_s:
        return ObjectTruth(name=body.name, kind=body.kind)
    x_m, y_m, z_m = body.states(np.array((last_s,)))[0][0].tolist()
    return ObjectTruth(
        name=body.name, kind=body.kind, impact_ns=epoch_ns + ns_from_s(last_s), impact_ecef_m=(x_m, y_m, z_m)
    )


def threat_truth(missile: Missile, broken: Broken | None, epoch_ns: int, until_ns: int) -> ThreatTruth:
    """Summary of one threat as of ``until_ns``."""
    path = missile.path
    start_ns = epoch_ns + ns_from_s(missile.start_s)
    launch, impact = path.position_m[0], path.position_m[-1]
    burnout = path.at(np.array((path.burnout_s,)))[0][0]
    impact_ns = start_ns + ns_from_s(path.impact_s)
    state: ThreatState = "flying"
    if missile.ended_s is not None:
        state = "hit"
    elif until_ns >= impact_ns:
        state = "down"
    elif until_ns < start_ns:
        state = "waiting"
    summary = ThreatTruth(
        name=missile.name,
        vehicle=missile.threat.vehicle,
        state=state,
        launch_ns=start_ns,
        launch_latitude_deg=geodetic_deg(launch)[0],
        launch_longitude_deg=geodetic_deg(launch)[1],
        launch_ecef_m=(float(launch[0]), float(launch[1]), float(launch[2])),
        burnout_ns=start_ns + ns_from_s(path.burnout_s),
        burnout_height_m=geodetic_deg(burnout)[2],
        apogee_ns=start_ns + ns_from_s(path.apogee_s),
        apogee_height_m=path.apogee_height_m,
        impact_ns=impact_ns,
        impact_latitude_deg=geodetic_deg(impact)[0],
        impact_longitude_deg=geodetic_deg(impact)[1],
        impact_ecef_m=(float(impact[0]), float(impact[1]), float(impact[2])),
        beta_kg_m2=missile.beta_kg_m2,
    )
    if missile.ended_s is not None and broken is not None:
        hit_ns = epoch_ns + ns_from_s(missile.ended_s)
        place = missile.states(np.array((missile.ended_s,)))[0][0]
        summary.intercepted_ns = hit_ns
        summary.intercept_ecef_m = (float(place[0]), float(place[1]), float(place[2]))
        summary.fragment_ns, summary.fragment_deg, summary.fragment_beta_kg_m2 = _landed(broken.threat, hit_ns)
        (
            summary.interceptor_fragment_ns,
            summary.interceptor_fragment_deg,
            summary.interceptor_fragment_beta_kg_m2,
        ) = _landed(broken.interceptor, hit_ns)
    return summary


def _landed(pieces: Pieces, hit_ns: int) -> tuple[list[int], list[tuple[float, float]], list[float]]:
    times_ns = [hit_ns + ns_from_s(float(t)) for t in pieces.time_s]
    return times_ns, places_deg(pieces.position_m), [float(beta) for beta in pieces.beta_kg_m2]


Row = tuple[int, str, str, str, float, float, float, float | None, float | None, float | None, float, float, float]


def threat_rows(missile: Missile, epoch_ns: int, until_ns: int) -> list[Row]:
    """One row a second from launch to the end of flight, and the end itself."""
    path = missile.path
    flown_s = path.impact_s if missile.ended_s is None else missile.ended_s - missile.start_s
    flown_s = min(flown_s, (until_ns - epoch_ns) / 1e9 - missile.start_s)
    if flown_s <= 0.0:
        return []
    times = np.append(np.arange(0.0, flown_s, THREAT_SPACING_S), flown_s)
    start_ns = epoch_ns + ns_from_s(missile.start_s)
    phases = ["boost" if t < path.burnout_s else "ascent" if t < path.apogee_s else "descent" for t in times]
    if flown_s >= path.impact_s:
        phases[-1] = "impact"
    return _rows(missile.name, "threat", phases, [start_ns + ns_from_s(float(t)) for t in times], *path.at(times))


def body_rows(body: Other, epoch_ns: int, until_ns: int) -> list[Row]:
    """Every ten seconds of level flight and orbits; of what rises or comes down, every second and its end."""
    times, phases = body.truth_times((until_ns - epoch_ns) / 1e9)
    stamps = [epoch_ns + ns_from_s(float(t)) for t in times]
    return _rows(body.name, body.kind, phases, stamps, *body.states(times)) if stamps else []


def fragment_rows(name: str, hit_ns: int, broken: Broken) -> list[Row]:
    """One row for each piece, at its impact; its velocity there is not kept."""
    rows: list[Row] = []
    for pieces, stem, usual in (
        (broken.threat, name, "fragment"),
        (broken.interceptor, f"{name}/interceptor", "interceptor_fragment"),
    ):
        for i, (time_s, place) in enumerate(zip(pieces.time_s, pieces.position_m, strict=True)):
            kind = "intact_body" if pieces.is_intact[i] else usual
            rows.append(
                (hit_ns + ns_from_s(float(time_s)), f"{stem}/{i}", kind, "impact", float(place[0]), float(place[1]),
                 float(place[2]), None, None, None, *geodetic_deg(place))
            )  # fmt: skip
    return rows


def _rows(name: str, kind: str, phases: list[str], times_ns: list[int], position: Array, velocity: Array) -> list[Row]:
    rows: list[Row] = []
    table = zip(times_ns, phases, position.tolist(), velocity.tolist(), strict=True)
    for time_ns, phase, (x, y, z), (vx, vy, vz) in table:
        latitude, longitude, height_m = geodetic_from_ecef(x, y, z)
        rows.append(
            (time_ns, name, kind, phase, x, y, z, vx, vy, vz, math.degrees(latitude), math.degrees(longitude), height_m)
        )
    return rows
