"""Generic kinds of things that are no missile: data in kinds.toml, notional by rule."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from typing import get_args

import msgspec

from tocsin.scenario import Vehicle
from tocsin.scenario.schema import LevelKind

LEVEL: tuple[LevelKind, ...] = get_args(LevelKind)
Pair = tuple[float, float]  # lowest and highest of a uniform draw


class _Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of kinds.toml."""


class LevelFlight(_Kind, frozen=True, kw_only=True):
    """Level flight."""

    rcs_m2: float
    speed_m_s: Pair
    height_m: Pair


class SatelliteKind(_Kind, frozen=True, kw_only=True):
    """An object in orbit."""

    rcs_m2: float
    height_km: Pair
    inclination_deg: Pair


class RocketKind(_Kind, frozen=True, kw_only=True):
    """A sounding rocket."""

    apogee_km: Pair
    lean_deg: Pair
    vehicle: Vehicle


class LaunchKind(_Kind, frozen=True, kw_only=True):
    """A space launch."""

    orbit_height_km: Pair
    vehicle: Vehicle


class MeteorKind(_Kind, frozen=True, kw_only=True):
    """A meteor."""

    speed_m_s: Pair
    descent_deg: Pair
    beta_kg_m2: Pair
    ablation_s2_m2: float
    entry_km: float
    glow_km: float
    end_speed_m_s: float
    end_mass_ratio: float
    intensity_kw_sr: float
    rcs_m2: float


class ReentryKind(_Kind, frozen=True, kw_only=True):
    """Orbital debris that comes down."""

    speed_m_s: Pair
    descent_deg: Pair
    beta_kg_m2: Pair
    breakup_km: Pair
    pieces_count: tuple[int, int]
    piece_beta_kg_m2: Pair
    piece_speed_m_s: float
    lead_s: float
    glow_from_km: float
    glow_to_km: float
    intensity_kw_sr: float
    rcs_m2: float
    piece_rcs_m2: float


class MachDrag(_Kind, frozen=True, kw_only=True):
    """A drag rise: the coefficient as a ratio of the hypersonic one, over Mach number."""

    mach: tuple[float, ...]
    ratio: tuple[float, ...]


class Kinds(_Kind, frozen=True, kw_only=True):
    """All of kinds.toml."""

    airliner: LevelFlight
    fast_jet: LevelFlight
    drone: LevelFlight
    cruise_missile: LevelFlight
    satellite: SatelliteKind
    sounding_rocket: RocketKind
    space_launch: LaunchKind
    meteor: MeteorKind
    reentry: ReentryKind
    mach_drag: MachDrag


@functools.cache
def kinds() -> Kinds:
    """The packaged table."""
    data = (importlib.resources.files("tocsin.world") / "kinds.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(data), Kinds)


def level_kind(name: LevelKind) -> LevelFlight:
    """The kind of level flight of that name."""
    kind: LevelFlight = getattr(kinds(), name)
    return kind
