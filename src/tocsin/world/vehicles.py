"""Generic vehicle classes: data in vehicles.toml, notional by rule."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib

import msgspec

from tocsin.errors import ScenarioError

STANDARD_GRAVITY_M_S2 = 9.80665  # m/s2, exact (ISO 80000-3)


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One equivalent stage, and the body that is left after cut-off."""

    exhaust_m_s: float
    thrust_to_weight: float
    rise_s: float
    turn_s: float
    beta_kg_m2: float
    range_max_km: float
    rcs_m2: float
    plume_kw_sr: float

    @property
    def depletion_s(self) -> float:
        """Time in which the mass would fall to nothing at the constant flow."""
        return self.exhaust_m_s / (self.thrust_to_weight * STANDARD_GRAVITY_M_S2)


@functools.cache
def _classes() -> dict[str, Vehicle]:
    data = (importlib.resources.files("tocsin.world") / "vehicles.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(data), dict[str, Vehicle])


def vehicle_class(name: str) -> Vehicle:
    """The class of that name; raises ScenarioError naming the classes there are."""
    try:
        return _classes()[name]
    except KeyError:
        raise ScenarioError(
            "no such vehicle class", where="truth.threats.vehicle", value=name, remedy=f"use {', '.join(_classes())}"
        ) from None
