"""Messages as the earlier stages would give them, for the tests of warn and inform."""

from __future__ import annotations

from typing import Any

import numpy as np

from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import (
    Assessment,
    Command,
    DebrisArea,
    Engagement,
    Event,
    Message,
    Origin,
    PublicWarning,
    Report,
    Tick,
    Vec3,
    column,
    stamp,
)
from tocsin.places import find_place
from tocsin.policy import Policy, WarnPolicy
from tocsin.scenario.schema import Actor, Defence
from tocsin.stages.warn import Warn
from tocsin.units import DEG, ns_from_s

EPOCH_NS = 1_772_616_000_000_000_000  # 2026-03-04T09:20:00Z
ACTORS = (
    Actor(name="op", roles=("operator",)),
    Actor(name="app", roles=("approver",)),
    Actor(name="both", roles=("operator", "approver")),
    Actor(name="dir", roles=("director",)),
    Actor(name="spokes", roles=("spokesperson",)),
)
DESERT_ECEF_M = (4_318_000.0, 3_730_000.0, 2_839_000.0)  # 26.6 N 40.8 E: no zone of the table within reach


def defence(origin: Origin = "exercise", **rules: Any) -> Defence:
    return Defence(
        origin=origin,
        epoch_ns=EPOCH_NS,
        actors=ACTORS,
        policy=Policy(warn=WarnPolicy(**rules)),
    )


class Driver:
    """Feeds a stage and keeps what it gives, stamped as the pipeline does."""

    def __init__(self, stage: Any, origin: Origin = "exercise") -> None:
        self.stage, self.origin, self.count, self.now_s = stage, origin, 0, 0.0
        self.out: list[Message] = []

    def send(self, message: Message, at_s: float | None = None, source: str = "test") -> list[Any]:
        self.now_s = self.now_s if at_s is None else at_s
        self.count += 1
        now_ns = EPOCH_NS + ns_from_s(self.now_s)
        stamped = stamp(message, id=f"m{self.count}", origin=self.origin, arrival_ns=now_ns, source=source)
        given = [
            stamp(m, id=f"m{self.count}.{i}", origin=self.origin, arrival_ns=now_ns, source=self.stage.name)
            for i, m in enumerate(self.stage.handle(stamped))
        ]
        self.out += given
        return given

    def tick(self, at_s: float) -> list[Any]:
        return self.send(Tick(time_ns=EPOCH_NS, sequence=int(at_s)), at_s)

    def do(self, actor: str, action: str, subject: str = "", revision: int = 0, reason: str = "") -> list[Any]:
        command = Command(
            time_ns=EPOCH_NS,
            actor=actor,
            action=action,
            subject=subject,
            revision=revision,
            reason=reason,
        )
        return self.send(command, source=actor)


def place_ecef(district: str) -> Vec3:
    place = find_place(district)
    return tuple(ecef_from_geodetic(place.latitude_deg * DEG, place.longitude_deg * DEG, 0.0))


def assessment(
    rung: str = "CONFIRMED",
    *,
    threat: str = "T1",
    district: str = "Dörtyol",
    impact_s: float | None = 500.0,
    sigma_m: float = 2_000.0,
    **changes: Any,
) -> Assessment:
    fields: dict[str, Any] = {
        "time_ns": EPOCH_NS,
        "threat": threat,
        "track": 1,
        "revision": 1,
        "rung": rung,
        "class_prob": (0.97, 0.01, 0.01, 0.01, 0.0, 0.0),
        "best_class": "ballistic_missile",
        "phenomenologies": ("infrared", "radar"),
        "is_degraded": False,
        "t_ns": EPOCH_NS,
        "position_ecef_m": (3.6e6, 3.5e6, 4.1e6),
        "velocity_ecef_m_s": (0.0, 0.0, -2_000.0),
        "specific_energy_m2_s2": -5e7,
        "perigee_height_m": -5e6,
        "launch_ns": EPOCH_NS,
        "impact_ns": None if impact_s is None else EPOCH_NS + ns_from_s(impact_s),
        "impact_ecef_m": place_ecef(district),
        "impact_covariance_en_m2": column(np.eye(2) * sigma_m**2),
    }
    return Assessment(**(fields | changes))


def debris(*, area: str = "D-E1", is_predicted: bool = False, end_s: float = 560.0, **changes: Any) -> DebrisArea:
    place = find_place("Dörtyol")
    turn = np.linspace(0.0, 2.0 * np.pi, 25)
    ring = column(
        np.stack((place.latitude_deg + 0.05 * np.cos(turn), place.longitude_deg + 0.05 * np.sin(turn)), axis=1)
    )
    fields: dict[str, Any] = {
        "time_ns": EPOCH_NS,
        "area": area,
        "revision": 1,
        "kind": "intercept",
        "is_predicted": is_predicted,
        "threat": "T1",
        "engagement": "E1",
        "mean_ecef_m": place_ecef("Dörtyol"),
        "region_50_deg": ring,
        "region_90_deg": ring,
        "region_99_deg": ring,
        "fall_start_ns": EPOCH_NS + ns_from_s(end_s - 60.0),
        "fall_end_ns": EPOCH_NS + ns_from_s(end_s),
        "danger_until_ns": EPOCH_NS + ns_from_s(end_s + 259_200.0),
        "fragment_count": 240,
        "mass_kg": 500.0,
        "places": ("Dörtyol", "İskenderun"),
    }
    return DebrisArea(**(fields | changes))


def engagement(state: str, **changes: Any) -> Engagement:
    fields: dict[str, Any] = {
        "time_ns": EPOCH_NS,
        "engagement": "E1",
        "revision": 1,
        "state": state,
        "threat": "T1",
        "track": 1,
        "site": "site",
        "launch_ns": EPOCH_NS + ns_from_s(300.0),
        "intercept_ns": EPOCH_NS + ns_from_s(420.0),
    }
    return Engagement(**(fields | changes))


def find(subject: str, outcome: str, district: str | None = "Dörtyol") -> Report:
    where = None if district is None else place_ecef(district)
    return Report(
        time_ns=EPOCH_NS,
        kind="find",
        reporter="police",
        subject=subject,
        outcome=outcome,
        position_ecef_m=where,
    )


def desk(origin: Origin = "exercise", **rules: Any) -> Driver:
    return Driver(Warn(defence(origin, **rules)), origin)


def warnings(driver: Driver, name: str = "") -> list[PublicWarning]:
    return [m for m in driver.out if isinstance(m, PublicWarning) and name in ("", m.warning)]


def states(driver: Driver, name: str = "W001") -> list[str]:
    return [m.state for m in warnings(driver, name)]


def events(driver: Driver) -> list[str]:
    return [m.code for m in driver.out if isinstance(m, Event)]


def refusals(driver: Driver) -> list[str]:
    return [m.text for m in driver.out if isinstance(m, Event) and m.code == "warn.refused"]


def sent(driver: Driver, **kwargs: Any) -> Driver:
    driver.send(assessment(**kwargs), 100.0)
    driver.do("app", "approve_warning", "W001", 1)
    return driver
