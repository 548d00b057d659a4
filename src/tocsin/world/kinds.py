"""Generic kinds of things that are no missile: data in kinds.toml, notional by rule."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib

import msgspec


class LevelKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Level flight: pairs are the lowest and highest of a uniform draw."""

    rcs_m2: float
    speed_m_s: tuple[float, float]
    height_m: tuple[float, float]


class SatelliteKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object in orbit."""

    rcs_m2: float


class Kinds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of kinds.toml."""

    airliner: LevelKind
    fast_jet: LevelKind
    drone: LevelKind
    cruise_missile: LevelKind
    satellite: SatelliteKind


@functools.cache
def kinds() -> Kinds:
    """The packaged table."""
    data = (importlib.resources.files("tocsin.world") / "kinds.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(data), Kinds)
