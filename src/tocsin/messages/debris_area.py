"""DebrisArea: where and when fragments, spent stages or an intact body land, and how long the ground is dangerous."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Column, Message, Vec3
from tocsin.messages.field import Field

DebrisKind = Literal["intercept", "intact"]
DebrisBody = Literal["threat", "interceptor", "intact"]


class DebrisArea(Message, tag="DebrisArea", frozen=True, kw_only=True, eq=False):
    """A footprint; a later one with the same ``area`` replaces it."""

    area: Annotated[str, Field("-", "-", "name of the area")]
    revision: Annotated[int, Field("count", "-", "running number from 1")]
    kind: Annotated[DebrisKind, Field("-", "-", "intercept debris, or an intact body's impact area")]
    body: Annotated[DebrisBody, Field("-", "-", "body whose pieces fall: threat, interceptor; or one left intact")] = (
        "intact"
    )
    is_predicted: Annotated[bool, Field("-", "-", "True until the event it rests on is reported")]
    threat: Annotated[str, Field("-", "-", "threat it comes from")]
    engagement: Annotated[str, Field("-", "-", "engagement it comes from; empty for an intact body")] = ""
    mean_ecef_m: Annotated[Vec3, Field("m", "ecef", "middle of the footprint, on the ground")]
    region_50_deg: Annotated[Column, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 50 % of the mass")]
    region_90_deg: Annotated[Column, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 90 %")]
    region_99_deg: Annotated[Column, Field("deg", "geodetic", "(k, 2) lat, lon polygon, 99 %")]
    fall_start_ns: Annotated[int, Field("ns", "utc", "first piece on the ground")]
    fall_end_ns: Annotated[int, Field("ns", "utc", "last piece on the ground")]
    danger_until_ns: Annotated[int, Field("ns", "utc", "the ground stays dangerous until, unless cleared")]
    fragment_count: Annotated[int, Field("count", "-", "sampled pieces")]
    mass_kg: Annotated[float, Field("1", "-", "mass of the sampled pieces, kg")]
    zones: Annotated[tuple[str, ...], Field("-", "-", "zones in the 99 % region")] = ()
    places: Annotated[tuple[str, ...], Field("-", "-", "districts in the 90 % region, largest first")] = ()
    people_count: Annotated[int, Field("people", "-", "people living in the 90 % region")] = 0
    casualty_expectation: Annotated[float, Field("count", "-", "expected casualties, unsheltered; limit 1e-4")] = 0.0
