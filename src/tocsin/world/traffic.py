"""Random generic traffic from counts: every kind that is no missile, drawn from the seed, each object its own draws."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import msgspec
import numpy as np
from sgp4.api import WGS72, Satrec
from sgp4.exporter import export_tle

from tocsin.kernels.constants import FLATTENING
from tocsin.scenario import Aircraft, Launch, Meteor, Reentry, Rocket, Satellite, Traffic
from tocsin.scenario.schema import LevelKind
from tocsin.units import NS_PER_S, ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.body import Other
from tocsin.world.draws import Draws
from tocsin.world.entry import meteor_body, reentry_bodies
from tocsin.world.kinds import LEVEL, kinds, level_kind
from tocsin.world.rise import launch_bodies, rocket_bodies
from tocsin.world.sky import S_PER_DAY, UNIX_EPOCH_JD, Orbiter, Plane, sidereal_rad

SGP4_EPOCH_JD = 2_433_281.5  # Julian date of 1949-12-31T00:00Z, from which sgp4init counts days
EARTH_RADIUS_KM, GM_KM3_S2 = 6_378.135, 398_600.8  # WGS-72, as SGP4 uses
ECCENTRICITY = 0.001  # of random orbits
TURN_RAD = 2.0 * math.pi


class Drawn(msgspec.Struct, frozen=True, eq=False):
    """What all kinds of random object share, and the generator for the rest."""

    name: str
    latitude_deg: float
    longitude_deg: float
    when_s: float  # launch, entry or pass, after the epoch
    epoch_ns: int
    duration_s: float
    air: Array
    rng: np.random.Generator

    def between(self, pair: tuple[float, float]) -> float:
        """A uniform draw."""
        return pair[0] + (pair[1] - pair[0]) * self.rng.random()

    def course_deg(self) -> float:
        """A course, uniform."""
        return 360.0 * self.rng.random()


def draw_traffic(
    traffic: Traffic, number: int, epoch_ns: int, duration_s: float, air: Array, draws: Draws
) -> list[Other]:
    """The objects of one entry: places uniform in the box, courses uniform, the rest usual for the kind.

    Launches and entries begin, and satellites pass over their place, uniformly between ``from_s`` and ``to_s``.
    """
    others: list[Other] = []
    south, north = traffic.latitude_min_deg, traffic.latitude_max_deg
    west, east = traffic.longitude_min_deg, traffic.longitude_max_deg
    to_s = duration_s if traffic.to_s is None else traffic.to_s
    for i in range(traffic.count):
        rng = draws.generator(f"traffic {number} {traffic.kind}", i)
        place = south + (north - south) * rng.random(), west + (east - west) * rng.random()
        # a level flight has no beginning, and takes no draw for one
        when_s = 0.0 if traffic.kind in LEVEL else traffic.from_s + (to_s - traffic.from_s) * rng.random()
        drawn = Drawn(f"{traffic.kind}-{number}-{i}", *place, when_s, epoch_ns, duration_s, air, rng)
        others.extend(_MAKERS[traffic.kind](drawn))
    return others


def _plane(name: LevelKind, drawn: Drawn) -> list[Other]:
    kind = level_kind(name)
    height_m = drawn.between(kind.height_m)
    aircraft = Aircraft(
            name=drawn.name, kind=name, latitude_deg=drawn.latitude_deg, longitude_deg=drawn.longitude_deg,
            height_m=height_m, course_deg=drawn.course_deg(), speed_m_s=drawn.between(kind.speed_m_s),
        )  # fmt: skip
    return [Plane(aircraft)]


def _satellite(drawn: Drawn) -> list[Other]:
    """A near-circular low orbit that passes over the place at the time, northbound or southbound."""
    kind = kinds().satellite
    radius_km = EARTH_RADIUS_KM + drawn.between(kind.height_km)
    # an orbit passes over no latitude above its inclination
    inclination = math.radians(max(abs(drawn.latitude_deg) + 1.0, drawn.between(kind.inclination_deg)))
    latitude = math.atan((1.0 - FLATTENING) ** 2 * math.tan(math.radians(drawn.latitude_deg)))  # geocentric
    past_node = math.asin(min(1.0, max(-1.0, math.sin(latitude) / math.sin(inclination))))
    if drawn.rng.random() < 0.5:
        past_node = math.pi - past_node
    days, rest_ns = divmod(drawn.epoch_ns + ns_from_s(drawn.when_s), int(S_PER_DAY) * NS_PER_S)
    day, fraction = UNIX_EPOCH_JD + days, rest_ns / NS_PER_S / S_PER_DAY
    east_of_node = math.atan2(math.cos(inclination) * math.sin(past_node), math.cos(past_node))
    node = float(sidereal_rad(np.array(day), np.array(fraction))) + math.radians(drawn.longitude_deg) - east_of_node
    record = Satrec()
    record.sgp4init(
        WGS72, "i", 1, day + fraction - SGP4_EPOCH_JD, 0.0, 0.0, 0.0, ECCENTRICITY, 0.0, inclination,
        past_node % TURN_RAD, 60.0 * math.sqrt(GM_KM3_S2 / radius_km**3), node % TURN_RAD,
    )  # fmt: skip
    record.classification, record.intldesg, record.elnum, record.revnum = "U", "26001A", 1, 1
    line1, line2 = export_tle(record)
    return [Orbiter(Satellite(name=drawn.name, line1=line1, line2=line2), drawn.epoch_ns)]


def _rocket(drawn: Drawn) -> list[Other]:
    kind = kinds().sounding_rocket
    rocket = Rocket(
        name=drawn.name, latitude_deg=drawn.latitude_deg, longitude_deg=drawn.longitude_deg,
        launch_after_s=drawn.when_s, course_deg=drawn.course_deg(), lean_deg=drawn.between(kind.lean_deg),
        apogee_km=drawn.between(kind.apogee_km),
    )  # fmt: skip
    return list(rocket_bodies(rocket, drawn.air))


def _launch(drawn: Drawn) -> list[Other]:
    launch = Launch(
        name=drawn.name, latitude_deg=drawn.latitude_deg, longitude_deg=drawn.longitude_deg,
        launch_after_s=drawn.when_s, course_deg=drawn.course_deg(),
        orbit_height_km=drawn.between(kinds().space_launch.orbit_height_km),
    )  # fmt: skip
    return list(launch_bodies(launch, drawn.duration_s, drawn.air))


def _meteor(drawn: Drawn) -> list[Other]:
    kind = kinds().meteor
    meteor = Meteor(
        name=drawn.name, latitude_deg=drawn.latitude_deg, longitude_deg=drawn.longitude_deg,
        enter_after_s=drawn.when_s, course_deg=drawn.course_deg(), descent_deg=drawn.between(kind.descent_deg),
        speed_m_s=drawn.between(kind.speed_m_s), beta_kg_m2=drawn.between(kind.beta_kg_m2),
    )  # fmt: skip
    return [meteor_body(meteor, drawn.air)]


def _reentry(drawn: Drawn) -> list[Other]:
    kind = kinds().reentry
    reentry = Reentry(
        name=drawn.name, latitude_deg=drawn.latitude_deg, longitude_deg=drawn.longitude_deg,
        enter_after_s=drawn.when_s, course_deg=drawn.course_deg(), descent_deg=drawn.between(kind.descent_deg),
        speed_m_s=drawn.between(kind.speed_m_s), beta_kg_m2=drawn.between(kind.beta_kg_m2),
        breakup_km=drawn.between(kind.breakup_km),
        pieces_count=int(drawn.rng.integers(*kind.pieces_count, endpoint=True)),
    )  # fmt: skip
    return list(reentry_bodies(reentry, drawn.air, drawn.rng))


_MAKERS: dict[str, Callable[[Drawn], list[Other]]] = {
    **{name: functools.partial(_plane, name) for name in LEVEL},
    "satellite": _satellite,
    "sounding_rocket": _rocket,
    "space_launch": _launch,
    "meteor": _meteor,
    "reentry": _reentry,
}
