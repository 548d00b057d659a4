"""The scenario file, as types. Keys carry their unit; unknown keys are refused.

A scenario has two halves that must not meet in a decision: ``truth`` (what flies, which only the
world reads) and the rest: ``Defence``, what stages know, and ``Cast``, how scripted people will answer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tocsin.messages import Action, Origin, SensorKind
from tocsin.policy import Policy, Role

LevelKind = Literal["airliner", "drone", "cruise_missile", "fast_jet"]
TrafficKind = Literal[LevelKind, "satellite", "sounding_rocket", "space_launch", "meteor", "reentry"]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TOML table that refuses keys it does not know."""


class Place(_Table, frozen=True, kw_only=True):
    """A district by name (as in the packaged gazetteer), or a point."""

    district: str = ""
    country: str = ""  # ISO 3166 alpha-2, where a district name is not unique
    latitude_deg: float | None = None
    longitude_deg: float | None = None


class Claim(_Table, frozen=True, kw_only=True):
    """One public claim with its source; claims on one fact may conflict and stand side by side."""

    fact: str
    claim: str
    source: str
    date: str
    confidence: Literal["primary", "secondary", "disputed"]


class Unknown(_Table, frozen=True, kw_only=True):
    """A declared unknown: which key it sets, its default and the range it may take."""

    name: str
    key: str
    default: float | str | bool
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    why: str = ""


class Spread(_Table, frozen=True, kw_only=True):
    """How far the truth may differ from the filter's model; drawn once a run from the seed. Zeros: matched run."""

    density_ratio_std_20km: float = 0.05  # one sigma of density relative to the standard at 20 km ...
    density_ratio_std_80km: float = 0.20  # ... rising linearly to this at 80 km, height-correlated
    wind_std_m_s: float = 15.0  # one sigma of each horizontal wind component at 12 km
    beta_ratio_std: float = 0.30  # one sigma of ln(ballistic coefficient) about the vehicle's nominal
    burn_ratio_std: float = 0.01  # one sigma of the burn time, thrust adjusted to match
    refractivity_std: float = 15.0  # one sigma of surface refractivity about the surveyed one, N-units
    mach_drag_ratio_std: float = 0.0  # one sigma of how much of a notional drag rise over Mach bodies have


class Stage(_Table, frozen=True, kw_only=True):
    """One stage of a notional vehicle. Masses are shares of what stands on the stage's engine at its ignition."""

    exhaust_m_s: float  # effective exhaust speed
    thrust_to_weight: float  # at its ignition, of itself and all above
    propellant_ratio: float  # share that it burns; the last stage of a threat may end sooner
    structure_ratio: float = 0.1  # share that is dropped, empty
    coast_s: float = 0.0  # from its burn-out to the next stage's ignition; it is dropped at burn-out
    spent_beta_kg_m2: float = 500.0  # ballistic coefficient of the empty stage, tumbling
    spent_rcs_m2: float = 5.0  # its mean radar cross-section
    plume_kw_sr: float = 500.0  # what space infrared sees while it burns


class Vehicle(_Table, frozen=True, kw_only=True):
    """A notional ballistic class: stages, and the body that is left. Round textbook numbers, no named system's."""

    name: str = ""  # in a scenario: its own, not one of the packaged classes
    stages: tuple[Stage, ...]
    rise_s: float = 8.0  # vertical rise
    turn_s: float = 10.0  # pitch-over, then gravity turn
    is_separating: bool = False  # the body leaves the last stage at burn-out; false: they stay one
    beta_kg_m2: float  # ballistic coefficient of the body after the last burn-out
    stack_beta_kg_m2: float = 0.0  # of the whole at lift-off; 0: the body's, in proportion to the mass
    range_max_km: float  # refused beyond
    rcs_m2: float = 0.3  # mean radar cross-section of the body


class Threat(_Table, frozen=True, kw_only=True):
    """One ballistic flight between two places. Scenario scaffolding, not targeting: 1 km is close enough."""

    name: str
    launch: Place
    impact: Place
    vehicle: str = "medium"  # a generic class of world/vehicles.toml, or one of truth.vehicles
    loft: float = 1.0  # 1: minimum energy; above: steeper; below: flatter
    launch_after_s: float = 10.0  # after the scenario's epoch


class Leg(_Table, frozen=True, kw_only=True):
    """A turn onto a new great circle, at the height and speed flown."""

    after_s: float  # when the turn begins, after the scenario's epoch
    course_deg: float  # clockwise from true north; reached by the shorter way
    turn_rate_deg_s: float = 1.5  # half a standard-rate turn


class Aircraft(_Table, frozen=True, kw_only=True):
    """Level great-circle flight, in legs where it turns."""

    name: str
    kind: LevelKind = "airliner"
    latitude_deg: float
    longitude_deg: float
    height_m: float
    course_deg: float
    speed_m_s: float
    legs: tuple[Leg, ...] = ()  # one turn after the other


class Satellite(_Table, frozen=True, kw_only=True):
    """Two-line elements, propagated by SGP4; epoch of the elements near the scenario's."""

    name: str
    line1: str
    line2: str


class Rocket(_Table, frozen=True, kw_only=True):
    """A sounding rocket: a boost near the vertical, a high apogee, down again nearby. Notional."""

    name: str
    latitude_deg: float
    longitude_deg: float
    course_deg: float = 0.0  # the way it leans
    lean_deg: float = 4.0  # from the vertical, after the rise
    apogee_km: float = 250.0  # nominal, in standard air
    launch_after_s: float = 10.0  # after the scenario's epoch


class Launch(_Table, frozen=True, kw_only=True):
    """A space launch: a two-stage rise into a circular orbit, then the orbit. Notional."""

    name: str
    latitude_deg: float
    longitude_deg: float
    course_deg: float = 90.0  # at lift-off
    orbit_height_km: float = 400.0  # above the mean radius of the Earth
    launch_after_s: float = 10.0  # after the scenario's epoch


class Meteor(_Table, frozen=True, kw_only=True):
    """A meteor: it enters at 150 km, glows, and is gone before the ground. Notional."""

    name: str
    latitude_deg: float  # under the entry
    longitude_deg: float
    course_deg: float = 0.0
    descent_deg: float = 30.0  # below the horizontal at the entry
    speed_m_s: float = 20_000.0  # relative to the Earth
    beta_kg_m2: float = 100.0  # ballistic coefficient at the entry
    enter_after_s: float = 10.0  # after the scenario's epoch


class Reentry(_Table, frozen=True, kw_only=True):
    """Orbital debris that comes down: shallow, glowing, broken up on the way. Notional."""

    name: str
    latitude_deg: float  # under the point where it passes 120 km
    longitude_deg: float
    course_deg: float = 90.0
    descent_deg: float = 1.5  # below the horizontal there
    speed_m_s: float = 7_800.0  # inertial, there
    beta_kg_m2: float = 150.0  # ballistic coefficient before the break-up
    breakup_km: float = 78.0  # height at which it breaks up
    pieces_count: int = 4
    enter_after_s: float = 60.0  # when it passes 120 km, after the scenario's epoch


class Traffic(_Table, frozen=True, kw_only=True):
    """Random generic traffic, drawn from the seed inside a box: what must not be called a missile."""

    count: int = 0
    kind: TrafficKind = "airliner"
    latitude_min_deg: float = 0.0
    latitude_max_deg: float = 0.0
    longitude_min_deg: float = 0.0
    longitude_max_deg: float = 0.0
    from_s: float = 0.0  # launches, entries and passes over the box: no earlier; level flight takes none
    to_s: float | None = None  # no later; none: the end of the scenario


class Fire(_Table, frozen=True, kw_only=True):
    """A fixed hot spot on the ground: space infrared reports it in every scan in which no cloud covers it."""

    name: str
    latitude_deg: float
    longitude_deg: float
    intensity_kw_sr: float = 200.0  # notional; a large gas flare or forest fire
    clear_prob: float = 1.0  # share of the time without cloud over it, drawn anew every five minutes


class Truth(_Table, frozen=True, kw_only=True):
    """What flies. Only the world reads this."""

    threats: tuple[Threat, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()  # classes of the scenario's own, notional, for its threats
    aircraft: tuple[Aircraft, ...] = ()
    satellites: tuple[Satellite, ...] = ()
    rockets: tuple[Rocket, ...] = ()  # sounding rockets
    launches: tuple[Launch, ...] = ()  # space launches
    meteors: tuple[Meteor, ...] = ()
    reentries: tuple[Reentry, ...] = ()  # orbital debris that comes down
    traffic: tuple[Traffic, ...] = ()
    fires: tuple[Fire, ...] = ()
    spread: Spread = Spread()
    outcome_seen_prob: float = 0.9  # a hit or miss is reported at all
    outcome_wrong_prob: float = 0.02  # and reported wrongly
    unexploded_prob: float = 0.0  # an unexploded body is found and reported after the event


class Fault(_Table, frozen=True, kw_only=True):
    """A sensor lies for a while, and does not know it: what its data then carry on top. Notional, for exercises."""

    from_s: float = 0.0  # after the epoch, by the true clock
    to_s: float = 172_800.0  # it ends before then
    clock_s: float = 0.0  # its clock is ahead by so much
    range_m: float = 0.0  # radar: added to every range
    turn_deg: float = 0.0  # all it sees is turned about its vertical, clockwise
    is_stuck: bool = False  # it sends the last plots it made before, again and again, with new times


class Sensor(_Table, frozen=True, kw_only=True):
    """One sensor as surveyed: what the defence knows of it. All parameters notional."""

    name: str
    kind: SensorKind
    like: str = ""  # generic class of scenario/sensor_classes.toml that gives what is not said here; empty: none
    platform: Literal["land", "ship", "geostationary", "path", "orbit"] = "land"
    enabled: bool = True
    data_path: str = ""  # sensors that share one are not independent evidence; empty: its own
    latitude_deg: float = 0.0  # geostationary: ignored
    longitude_deg: float = 0.0
    height_m: float = 0.0  # ellipsoidal; geostationary: 35 786 km is used
    course_deg: float = 0.0  # ship
    speed_m_s: float = 0.0  # ship
    path_file: str = ""  # path: CSV of time, latitude_deg, longitude_deg, height_m beside the description
    line1: str = ""  # orbit: two-line elements
    line2: str = ""
    scan_period_s: float = 1.0
    latency_s: float = 0.2
    range_std_m: float = 30.0  # radar
    azimuth_std_deg: float = 0.06  # radar
    elevation_std_deg: float = 0.06  # radar
    range_rate_std_m_s: float | None = None  # radar; None: does not measure it
    line_of_sight_std_urad: float = 30.0  # infrared, each axis
    position_std_m: float = 50.0  # position reports, each horizontal axis
    height_std_m: float = 50.0
    noise_scale: float = 1.0  # multiplies every standard deviation above
    detection_prob: float = 0.9
    false_per_scan: float = 0.0  # mean of a Poisson draw
    azimuth_from_deg: float = 0.0  # field of regard, clockwise
    azimuth_to_deg: float = 360.0
    elevation_min_deg: float = 2.0
    elevation_max_deg: float = 90.0
    range_min_km: float = 5.0
    range_max_km: float = 1_000.0
    reference_snr_db: float | None = None  # radar, one look; none: detection_prob and stated errors hold everywhere
    reference_range_km: float = 1_000.0  # range at which reference_snr_db holds ...
    reference_rcs_m2: float = 1.0  # ... for this radar cross-section; then the stated errors are floors
    false_alarm_prob: float = 1e-6  # of noise alone, in one look at one resolution cell
    swerling: Literal[0, 1, 3] = 1  # how the echo fluctuates from look to look; 0: not at all
    beamwidth_deg: float = 1.5  # of the whole beam, both angles
    range_resolution_m: float = 75.0
    is_refracted: bool = True  # radar reports what it measures along the bent ray; false: corrected at the source
    refractivity: float = 313.0  # at the surface as surveyed, N-units (Bean and Thayer, 1959: 313)
    task_period_s: float = 0.0  # radar: time between looks where a SensorTask says; 0: obeys none
    task_share: float = 0.2  # share of its time for such looks, 20 ms each
    range_bias_std_m: float = 0.0  # spread from which the run's constant error of range is drawn
    azimuth_bias_std_deg: float = 0.0  # ... of azimuth
    elevation_bias_std_deg: float = 0.0  # ... of elevation
    clock_bias_std_s: float = 0.0  # ... of the sensor's clock
    outages_s: tuple[tuple[float, float], ...] = ()  # from, to after the epoch: no scans, and no word of it
    faults: tuple[Fault, ...] = ()  # times in which it lies; the defence is not told
    cloud_top_m: float = 9_000.0  # infrared sees a burning plume above this
    min_intensity_kw_sr: float = 10.0  # infrared: faintest flash seen from 36 000 km; nearer, less by the square
    glints_per_hour: float = 0.0  # infrared: false flashes about the place that mirrors the sun


class KnownUnit(_Table, frozen=True, kw_only=True):
    """A land- or sea-based unit that must be alerted, as the defence knows it."""

    name: str
    kind: Literal["land", "sea"] = "land"
    latitude_deg: float
    longitude_deg: float


class Unit(KnownUnit, frozen=True, kw_only=True):
    """A land- or sea-based unit that must be alerted, and its scripted crew."""

    acknowledge_delay_s: float = 8.0  # scripted crew
    is_absent: bool = False  # never acknowledges


class Site(_Table, frozen=True, kw_only=True):
    """A notional interceptor site: a reach-in-time table and a stated probability, nothing else."""

    name: str
    unit: str
    latitude_deg: float
    longitude_deg: float
    height_min_m: float = 20_000.0
    height_max_m: float = 150_000.0
    range_max_m: float = 500_000.0
    reach_distance_m: tuple[float, ...] = (0.0, 100_000.0, 300_000.0, 500_000.0)
    reach_time_s: tuple[float, ...] = (15.0, 60.0, 140.0, 210.0)
    reaction_s: float = 10.0  # machinery; the crew's reaction is the posture's
    magazine: int = 8
    kill_prob: float = 0.7
    common_mode_correlation: float = 0.1


class Person(_Table, frozen=True, kw_only=True):
    """A named person and what the person may decide."""

    name: str
    roles: tuple[Role, ...]


class Actor(Person, frozen=True, kw_only=True):
    """A scripted person: roles, and how late the answer comes."""

    delay_s: float = 15.0
    is_absent: bool = False


class Script(_Table, frozen=True, kw_only=True):
    """Something a scripted person does at a set time, whatever happens."""

    actor: str
    action: Action
    after_s: float
    level: str = ""
    reason: str = ""


class Defence(_Table, frozen=True, kw_only=True):
    """All that stages may know of a scenario."""

    origin: Origin = "exercise"
    epoch_ns: int = 0
    exercise_name: str = ""
    sensors: tuple[Sensor, ...] = ()
    units: tuple[KnownUnit, ...] = ()
    sites: tuple[Site, ...] = ()
    actors: tuple[Person, ...] = ()
    policy: Policy = Policy()


class Cast(_Table, frozen=True, kw_only=True):
    """The scripted future: who answers how late, and who does what when. Only people read this."""

    units: tuple[Unit, ...] = ()
    actors: tuple[Actor, ...] = ()
    scripts: tuple[Script, ...] = ()


class Scenario(_Table, frozen=True, kw_only=True):
    """A whole scenario, checked."""

    name: str
    title: str
    epoch: str  # ISO 8601 UTC
    duration_s: float = 900.0
    summary: str = ""
    origin: Origin = "exercise"
    claims: tuple[Claim, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    truth: Truth = Truth()
    sensors: tuple[Sensor, ...] = ()
    units: tuple[Unit, ...] = ()
    sites: tuple[Site, ...] = ()
    actors: tuple[Actor, ...] = ()
    scripts: tuple[Script, ...] = ()
    policy: Policy = Policy()
