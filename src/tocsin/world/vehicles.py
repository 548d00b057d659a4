"""Generic vehicle classes: data in vehicles.toml, or the scenario's own; notional by rule."""

from __future__ import annotations

import functools
import importlib.resources
import math
import tomllib
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.errors import ScenarioError
from tocsin.scenario import Stage, Vehicle
from tocsin.units import STANDARD_GRAVITY_M_S2

STEPS_ALL = 600  # of one burn that stands alone, about 0.15 s each; more burns share them
STEPS_COAST = 10


@functools.cache
def _classes() -> dict[str, Vehicle]:
    data = (importlib.resources.files("tocsin.world") / "vehicles.toml").read_text("utf-8")
    classes = msgspec.convert(tomllib.loads(data), dict[str, Vehicle])
    return {name: msgspec.structs.replace(vehicle, name=name) for name, vehicle in classes.items()}


def vehicle_classes(own: Sequence[Vehicle] = ()) -> dict[str, Vehicle]:
    """The packaged classes and the scenario's own, by name; raises ScenarioError where a name is taken."""
    for vehicle in own:
        if vehicle.name in _classes():
            raise ScenarioError(
                "a packaged vehicle class has this name", where="truth.vehicles.name", value=vehicle.name,
                remedy="give it a name of its own; packaged classes cannot be changed in a scenario",
            )  # fmt: skip
    return {**_classes(), **{vehicle.name: vehicle for vehicle in own}}


def vehicle_class(name: str, own: Sequence[Vehicle] = ()) -> Vehicle:
    """The class of that name; raises ScenarioError naming those there are."""
    classes = vehicle_classes(own)
    try:
        return classes[name]
    except KeyError:
        raise ScenarioError(
            "no such vehicle class", where="truth.threats.vehicle", value=name,
            remedy=f"use {', '.join(classes)}, or describe one in truth.vehicles",
        ) from None  # fmt: skip


def depletion_s(stage: Stage) -> float:
    """Time in which the mass on a stage's engine would fall to nothing at its constant flow."""
    return stage.exhaust_m_s / (stage.thrust_to_weight * STANDARD_GRAVITY_M_S2)


def full_burn_s(stage: Stage) -> float:
    """Time in which a stage burns all it has."""
    return stage.propellant_ratio * depletion_s(stage)


def speed_gain_m_s(stages: Sequence[Stage]) -> float:
    """What stages give without gravity and drag: the rocket equation, propellant burned to the end."""
    return sum(-stage.exhaust_m_s * math.log(1.0 - stage.propellant_ratio) for stage in stages)


def segments(vehicle: Vehicle, last_burn_s: float, beta_kg_m2: float, burn_ratio: float) -> npt.NDArray[np.float64]:
    """Rows of ``kernels.boost.boost_flight`` for a vehicle: a burn a stage, a coast where there is one.

    In        last_burn_s   of the last stage; the others burn all they have
              beta_kg_m2    of the body: that of the stack goes with it
              burn_ratio    stretch of every burn, thrust adjusted
    """
    stages = vehicle.stages
    burns_s = [*(full_burn_s(stage) for stage in stages[:-1]), last_burn_s]
    ignition, ends, mass = [], [], 1.0  # of the mass at lift-off
    for stage, burn_s in zip(stages, burns_s, strict=True):
        ignition.append(mass)
        ends.append(mass * (1.0 - burn_s / depletion_s(stage)))
        mass *= 1.0 - stage.propellant_ratio - stage.structure_ratio
    at_mass = ends[-1]
    anchor = beta_kg_m2
    if vehicle.stack_beta_kg_m2 > 0.0:
        at_mass, anchor = 1.0, vehicle.stack_beta_kg_m2 * beta_kg_m2 / vehicle.beta_kg_m2
    steps = STEPS_ALL // len(stages)
    rows = []
    for i, (stage, burn_s) in enumerate(zip(stages, burns_s, strict=True)):
        beta = anchor if at_mass == ends[i] else anchor * ends[i] / at_mass
        rows.append((steps, burn_s * burn_ratio, stage.exhaust_m_s, depletion_s(stage) * burn_ratio, beta))
        if i < len(stages) - 1 and stage.coast_s > 0.0:
            rows.append((STEPS_COAST, stage.coast_s, 0.0, 1.0, anchor * ignition[i + 1] / at_mass))
    return np.array(rows)
