"""Small scenarios for the world's tests, made in code so that each says what it needs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tocsin.messages import Message, Scan
from tocsin.scenario import Aircraft, Place, Scenario, Sensor, Site, Spread, Threat, Truth, Unit
from tocsin.units import NS_PER_S, ns_from_iso
from tocsin.world import World
from tocsin.world.sky import Plane

EPOCH = "2026-03-04T09:00:00Z"
EPOCH_NS = ns_from_iso(EPOCH)
MATCHED = Spread(
    density_ratio_std_20km=0.0,
    density_ratio_std_80km=0.0,
    wind_std_m_s=0.0,
    beta_ratio_std=0.0,
    burn_ratio_std=0.0,
    refractivity_std=0.0,
)
RADAR = Sensor(
    name="radar", kind="radar", latitude_deg=37.9, longitude_deg=40.2, height_m=900.0, detection_prob=1.0,
    range_rate_std_m_s=5.0, is_refracted=False,
)  # fmt: skip
THREAT = Threat(
    name="threat-1",
    launch=Place(latitude_deg=34.31417, longitude_deg=47.065),
    impact=Place(latitude_deg=37.07417, longitude_deg=36.24778),
)
PLANE = Aircraft(
    name="plane", latitude_deg=38.4, longitude_deg=40.8, height_m=10_000.0, course_deg=30.0, speed_m_s=230.0
)
SITE = Site(name="site", unit="unit", latitude_deg=36.0, longitude_deg=35.0)


def scenario(
    *sensors: Sensor, threats: tuple[Threat, ...] = (), aircraft: tuple[Aircraft, ...] = (), spread: Spread = MATCHED,
    site: Site = SITE, **truth: Any,
) -> Scenario:  # fmt: skip
    return Scenario(
        name="case",
        title="case",
        epoch=EPOCH,
        duration_s=900.0,
        truth=Truth(threats=threats, aircraft=aircraft, spread=spread, **truth),
        sensors=sensors,
        units=(Unit(name="unit", latitude_deg=36.0, longitude_deg=35.0),),
        sites=(site,),
    )


def play(world: World, from_s: float, to_s: float, step_s: float = 1.0) -> list[Message]:
    """Everything generated between two seconds from the epoch, in steps."""
    made: list[Message] = []
    edges = [EPOCH_NS + round((from_s + i * step_s) * NS_PER_S) for i in range(round((to_s - from_s) / step_s) + 1)]
    for start, end in itertools.pairwise(edges):
        made.extend(world.generate(start, end))
    return made


def scans(made: list[Message], sensor: str = "") -> list[Scan]:
    return [m for m in made if isinstance(m, Scan) and sensor in ("", m.sensor)]


def truth_at(scan_time_ns: int) -> np.ndarray:
    """Where the plane is, (3,) ECEF m."""
    position, _ = Plane(PLANE).states(np.array([(scan_time_ns - EPOCH_NS) / 1e9]))
    return position[0]
