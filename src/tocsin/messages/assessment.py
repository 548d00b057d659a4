"""Assessment: what a track is, from where, to where, when, how sure."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Column, Message, Vec3
from tocsin.messages.field import Field
from tocsin.messages.scan import SensorKind

ThreatClass = Literal["ballistic_missile", "space_launch", "orbital", "aircraft", "meteor_or_reentry", "false"]
CLASSES: tuple[ThreatClass, ...] = (
    "ballistic_missile",
    "space_launch",
    "orbital",
    "aircraft",
    "meteor_or_reentry",
    "false",
)
Rung = Literal["NONE", "CUE", "PROBABLE", "CONFIRMED", "REFUTED"]
RUNG_RANK: dict[Rung, int] = {"REFUTED": -1, "NONE": 0, "CUE": 1, "PROBABLE": 2, "CONFIRMED": 3}


class Assessment(Message, tag="Assessment", frozen=True, kw_only=True, eq=False):
    """The current judgement on one track; a later one with the same ``threat`` replaces it."""

    threat: Annotated[str, Field("-", "-", "name of the object under judgement, kept while its track lives")]
    track: Annotated[int, Field("count", "-", "track it rests on")]
    parent: Annotated[str, Field("-", "-", "object it came off, so of the same launch; empty: none known")] = ""
    revision: Annotated[int, Field("count", "-", "running number for this threat, from 1")]
    rung: Annotated[Rung, Field("-", "-", "confirmation ladder; NONE: not a threat so far")]
    class_prob: Annotated[tuple[float, ...], Field("prob", "-", "of each class in CLASSES, sums to one")]
    best_class: Annotated[ThreatClass, Field("-", "-", "most probable class")]
    phenomenologies: Annotated[tuple[SensorKind, ...], Field("-", "-", "independent kinds of sensor behind it")]
    is_degraded: Annotated[bool, Field("-", "-", "a kind of sensor is lost: CONFIRMED cannot be reached")]
    is_lost: Annotated[bool, Field("-", "-", "the track was dropped; this is the last word on it")] = False
    is_burning: Annotated[bool, Field("-", "-", "still under thrust: the impact point is a fan")] = False
    t_ns: Annotated[int, Field("ns", "utc", "time of the track state it rests on")]
    position_ecef_m: Annotated[Vec3, Field("m", "ecef", "track position then")]
    velocity_ecef_m_s: Annotated[Vec3, Field("m/s", "ecef", "track velocity then, earth-relative")]
    specific_energy_m2_s2: Annotated[float, Field("m2/s2", "-", "two-body energy in inertial space")]
    perigee_height_m: Annotated[float, Field("m", "geodetic", "height of the osculating perigee")]
    launch_ns: Annotated[int | None, Field("ns", "utc", "estimated launch; None: cannot be said")] = None
    launch_std_s: Annotated[float | None, Field("s", "-", "one sigma of it")] = None
    launch_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "estimated launch point, on the ground")] = None
    launch_region_90_deg: Annotated[Column | None, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 90 %")] = None
    impact_ns: Annotated[int | None, Field("ns", "utc", "predicted impact; None: does not come down")] = None
    impact_std_s: Annotated[float | None, Field("s", "-", "one sigma of it")] = None
    impact_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "mean impact point, on the ellipsoid")] = None
    impact_covariance_en_m2: Annotated[
        Column | None, Field("m2", "enu", "(2, 2) east, north at the mean impact point")
    ] = None
    impact_region_50_deg: Annotated[Column | None, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 50 %")] = None
    impact_region_90_deg: Annotated[Column | None, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 90 %")] = None
    impact_region_99_deg: Annotated[Column | None, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 99 %")] = None
    no_impact_prob: Annotated[float | None, Field("prob", "-", "it does not come down on this pass")] = None
    apogee_ns: Annotated[int | None, Field("ns", "utc", "apogee, past or predicted")] = None
    apogee_height_m: Annotated[float | None, Field("m", "geodetic", "height then")] = None
    path_ns: Annotated[Column | None, Field("ns", "utc", "(k,) int64 times of the predicted path, now to impact")] = (
        None
    )
    path_ecef_m: Annotated[Column | None, Field("m", "ecef", "(k, 3) predicted path")] = None
    path_velocity_ecef_m_s: Annotated[Column | None, Field("m/s", "ecef", "(k, 3) velocity along it")] = None
    reason: Annotated[str, Field("-", "-", "why it stands on this rung, in words")] = ""
