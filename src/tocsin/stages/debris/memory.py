"""What the debris stage remembers."""

from __future__ import annotations

import msgspec

from tocsin.messages import Column, Rung, Vec3


class Falling(msgspec.Struct, kw_only=True):
    """The last word on one threat, as far as its fall is concerned."""

    threat: str
    track: int
    rung: Rung
    cause: str
    impact_ns: int | None = None
    impact_std_s: float = 0.0
    impact_ecef_m: Vec3 | None = None
    region_50_deg: Column | None = None
    region_90_deg: Column | None = None
    region_99_deg: Column | None = None
    path_ns: Column | None = None
    path_ecef_m: Column | None = None
    path_velocity_ecef_m_s: Column | None = None
    state_ns: int | None = None  # newest track state, and its uncertainty
    position_std_m: float = 0.0
    velocity_std_m_s: float = 0.0
    is_hit: bool = False
    open_engagements: list[str] = []  # launched, outcome not known
    intact_revision: int = 0
    is_vague_said: bool = False
    intact_impact_ns: int = 0  # impact time of the intact body's area as last published


class Broken(msgspec.Struct, kw_only=True):
    """One engagement's debris areas."""

    revisions: dict[str, int] = {}  # by body
    is_withdrawn: bool = False
    is_final: bool = False


class DebrisMemory(msgspec.Struct, kw_only=True):
    """All that the stage remembers."""

    threats: dict[str, Falling] = {}
    areas: dict[str, Broken] = {}  # by engagement
