"""All that flies in a run, behind one question: where is it at these times, is it still there, does it burn."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from sgp4.api import WGS72, Satrec

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import EARTH_RATE_RAD_S
from tocsin.scenario import Aircraft, Place, Satellite, Threat, Truth, Vehicle
from tocsin.units import NS_PER_S
from tocsin.world.ballistic import Array, Path, Programme, fly_programme, nominal_programme
from tocsin.world.body import NO_SAMPLES, Burn, cut_table, grid_times, is_within, thinned
from tocsin.world.draws import Draws
from tocsin.world.kinds import kinds, level_kind
from tocsin.world.level import arcs_of, states_of
from tocsin.world.stages import spent_stages
from tocsin.world.tabled import Tabled
from tocsin.world.vehicles import vehicle_class

UNIX_EPOCH_JD = 2_440_587.5  # Julian date of 1970-01-01T00:00:00Z
S_PER_DAY = 86_400.0
LEAST_DRAG_RATIO = 0.2  # a draw never takes more of the drag away
FOR_EVER = (-math.inf, math.inf)
TRUTH_ROW_S = 10.0  # truth.csv tells of level flight and orbits so often

PLANE_SPACING_S = 60.0  # rows of ``samples``: a great circle at 450 m/s strays by 1e-4 m
TURN_SPACING_S = 5.0  # a turn at 3 deg/s and 450 m/s by 0.1 m
ORBIT_SPACING_S = 10.0  # and a low orbit by 1e-3 m


class Missile:
    """One ballistic flight; ``ended_s`` is set when an intercept breaks it up."""

    kind = "threat"
    is_cooperative = False

    def __init__(self, threat: Threat, vehicle: Vehicle, programme: Programme, path: Path, beta_kg_m2: float) -> None:
        self.name, self.threat, self.vehicle = threat.name, threat, vehicle
        self.programme, self.path = programme, path
        self.beta_kg_m2 = beta_kg_m2
        self.start_s = threat.launch_after_s
        self.ended_s: float | None = None
        self.rcs_m2 = vehicle.rcs_m2
        self.burns: tuple[Burn, ...] = tuple(
            Burn(self.start_s + first, self.start_s + last, stage.plume_kw_sr)
            for stage, (first, last) in zip(vehicle.stages, path.burns_s, strict=True)
        )
        corners_s = tuple(edge for burn in path.burns_s for edge in burn)
        self._rows = thinned(path.time_s, path.position_m, path.velocity_m_s, corners_s)

    @property
    def up_s(self) -> tuple[float, float]:
        return self.start_s, self.impact_s if self.ended_s is None else self.ended_s

    @property
    def impact_s(self) -> float:
        return self.start_s + self.path.impact_s

    def states(self, time_s: Array) -> tuple[Array, Array]:
        return self.path.at(time_s - self.start_s)

    def samples(self, from_s: float, to_s: float) -> tuple[Array, Array, Array]:
        path, rows = self.path, self._rows
        table = self.start_s + path.time_s[rows], path.position_m[rows], path.velocity_m_s[rows]
        return cut_table(table, from_s, to_s, self.up_s)

    def is_up(self, time_s: Array) -> npt.NDArray[np.bool_]:
        return is_within(time_s, self.up_s)


class Plane:
    """Level great-circle flight, in legs where it turns, without end."""

    burns: tuple[Burn, ...] = ()
    up_s = FOR_EVER

    def __init__(self, aircraft: Aircraft) -> None:
        self.name, self._aircraft = aircraft.name, aircraft
        self.kind: str = aircraft.kind
        self.is_cooperative = aircraft.kind == "airliner"
        self.rcs_m2 = level_kind(aircraft.kind).rcs_m2
        self._arcs = arcs_of(aircraft)

    def states(self, time_s: Array) -> tuple[Array, Array]:
        return states_of(self._arcs, self._aircraft, time_s)

    def samples(self, from_s: float, to_s: float) -> tuple[Array, Array, Array]:
        times = grid_times(from_s, to_s, self.up_s, TURN_SPACING_S if len(self._arcs) > 1 else PLANE_SPACING_S)
        if len(self._arcs) > 1 and len(times):
            corners = np.array([arc.from_s for arc in self._arcs])
            times = np.union1d(times, corners[(corners > times[0]) & (corners < times[-1])])
        return (times, *self.states(times)) if len(times) else NO_SAMPLES

    def truth_times(self, until_s: float) -> tuple[Array, list[str]]:
        times = np.arange(0.0, until_s, TRUTH_ROW_S)
        return times, ["level"] * len(times)


class Orbiter:
    """A satellite by SGP4, TEME turned to ECEF by Greenwich mean sidereal time.

    Polar motion and UT1 - UTC are left out: under 500 m, small beside SGP4's own error.
    """

    kind = "satellite"
    is_cooperative = False
    burns: tuple[Burn, ...] = ()
    up_s = FOR_EVER

    def __init__(self, satellite: Satellite, epoch_ns: int) -> None:
        self.name = satellite.name
        self._record = satrec(satellite.line1, satellite.line2, f"satellite {satellite.name}")
        self._epoch_ns = epoch_ns
        self.rcs_m2 = kinds().satellite.rcs_m2

    def states(self, time_s: Array) -> tuple[Array, Array]:
        return satellite_states(self._record, self._epoch_ns, time_s, f"satellite {self.name}")

    def samples(self, from_s: float, to_s: float) -> tuple[Array, Array, Array]:
        times = grid_times(from_s, to_s, self.up_s, ORBIT_SPACING_S)
        return (times, *self.states(times)) if len(times) else NO_SAMPLES

    def truth_times(self, until_s: float) -> tuple[Array, list[str]]:
        times = np.arange(0.0, until_s, TRUTH_ROW_S)
        return times, ["orbit"] * len(times)


def satrec(line1: str, line2: str, where: str) -> Satrec:
    """Elements from two lines; raises ScenarioError on a wrong length, checksum or element."""
    for line in (line1, line2):
        text = line.rstrip()
        total = sum(int(c) if c.isdigit() else c == "-" for c in text[:68])
        if len(text) != 69 or not text[68].isdigit() or total % 10 != int(text[68]):
            raise ScenarioError(
                "not a line of two-line elements: 69 characters and a checksum are needed", where=where, value=line,
                remedy="copy both lines again",
            )  # fmt: skip
    try:
        record = Satrec.twoline2rv(line1.rstrip(), line2.rstrip(), WGS72)
    except ValueError as error:
        raise ScenarioError(f"two-line elements cannot be read: {error}", where=where) from None
    if record.error:
        raise ScenarioError(f"two-line elements are impossible: SGP4 error {record.error}", where=where)
    return record


def satellite_states(record: Satrec, epoch_ns: int, time_s: Array, where: str) -> tuple[Array, Array]:
    """ECEF position (n, 3) m and velocity (n, 3) m/s at seconds from an epoch.

    Raises ScenarioError where the elements have decayed by then.
    """
    days, rest_ns = divmod(epoch_ns, int(S_PER_DAY) * NS_PER_S)
    day = np.full(time_s.shape, UNIX_EPOCH_JD + days)
    fraction = (rest_ns / NS_PER_S + time_s) / S_PER_DAY
    code, teme_km, teme_km_s = record.sgp4_array(day, fraction)
    if np.any(code):
        raise ScenarioError(
            f"the elements cannot be propagated to the time of the scenario: SGP4 error {int(code.max())}", where=where,
            remedy="give elements whose epoch is near the scenario's",
        )  # fmt: skip
    angle = sidereal_rad(day, fraction)
    cos, sin = np.cos(angle), np.sin(angle)
    position = 1000.0 * _turned(teme_km, cos, sin)
    velocity = 1000.0 * _turned(teme_km_s, cos, sin)
    velocity[:, 0] += EARTH_RATE_RAD_S * position[:, 1]
    velocity[:, 1] -= EARTH_RATE_RAD_S * position[:, 0]
    return position, velocity


def sidereal_rad(day: Array, fraction: Array) -> Array:
    """Greenwich mean sidereal time of 1982 (Vallado, 2013, eq. 3-45), rad; UTC taken as UT1."""
    century = (day - 2_451_545.0 + fraction) / 36_525.0
    seconds = (
        67_310.54841 + (876_600.0 * 3600.0 + 8_640_184.812866) * century + 0.093104 * century**2 - 6.2e-6 * century**3
    )
    return np.mod(np.radians(seconds / 240.0), 2.0 * math.pi)


def _turned(vectors: Array, cos: Array, sin: Array) -> Array:
    x, y = vectors[:, 0], vectors[:, 1]
    return np.ascontiguousarray(np.column_stack((cos * x + sin * y, cos * y - sin * x, vectors[:, 2])))


def draw_air(truth: Truth, draws: Draws) -> Array:
    """The air of this run, (4,) as in ``kernels.motion``: one density draw for all heights, one wind."""
    normal = draws.generator("air").standard_normal(3)
    spread = truth.spread
    return np.array(
        (
            spread.density_ratio_std_20km * normal[0],
            spread.density_ratio_std_80km * normal[0],
            spread.wind_std_m_s * normal[1],
            spread.wind_std_m_s * normal[2],
        )
    )


def draw_mach_drag(truth: Truth, draws: Draws) -> Array | None:
    """(k, 2) Mach number and drag coefficient ratio of every body of this run; None where the drag is constant."""
    std = truth.spread.mach_drag_ratio_std
    if std == 0.0:
        return None
    curve = kinds().mach_drag
    share = std * draws.generator("drag over Mach").standard_normal()
    ratio = np.maximum(1.0 + share * (np.array(curve.ratio) - 1.0), LEAST_DRAG_RATIO)
    return np.column_stack((np.array(curve.mach), ratio))


def draw_missile(threat: Threat, truth: Truth, air: Array, draws: Draws) -> Missile:
    """One threat as it flies in this run: the nominal programme in the run's air, with drawn drag and burn."""
    try:
        vehicle = vehicle_class(threat.vehicle, truth.vehicles)
        programme = nominal_programme(vehicle, place_deg(threat.launch), place_deg(threat.impact), threat.loft)
    except ScenarioError as error:
        where = error.where.replace("truth.threats", f"truth.threats.{threat.name}")
        raise ScenarioError(error.what, where=where, value=error.value, remedy=error.remedy) from None
    normal = draws.generator(f"threat {threat.name}").standard_normal(2)
    beta = vehicle.beta_kg_m2 * math.exp(truth.spread.beta_ratio_std * normal[0])
    burn = max(0.8, 1.0 + truth.spread.burn_ratio_std * normal[1])
    path = fly_programme(programme, vehicle, beta, air, burn, draw_mach_drag(truth, draws))
    return Missile(threat, vehicle, programme, path, beta)


def draw_stages(missile: Missile, truth: Truth, air: Array, draws: Draws) -> list[Tabled]:
    """The spent stages of one threat, each with drag drawn as the body's is; none once an intercept came before."""
    path = missile.path
    normal = draws.generator(f"stages of {missile.name}").standard_normal(len(missile.vehicle.stages))
    return spent_stages(
        missile.name, missile.vehicle, missile.start_s, (path.time_s, path.position_m, path.velocity_m_s),
        path.burnout_rows, air, np.exp(truth.spread.beta_ratio_std * normal), missile,
    )  # fmt: skip


def place_deg(place: Place) -> tuple[float, float]:
    """Latitude and longitude of a scenario's place: a point as given, else the district's in the gazetteer."""
    if place.latitude_deg is not None and place.longitude_deg is not None:
        return place.latitude_deg, place.longitude_deg
    from tocsin.places import find_place  # the gazetteer is read only where a district is named

    found = find_place(place.district, country=place.country)
    return float(found.latitude_deg), float(found.longitude_deg)
