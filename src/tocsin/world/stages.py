"""Spent stages: each leaves at its burn-out, tumbles, and falls by itself."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.fall import path_to_ground
from tocsin.scenario import Stage, Vehicle
from tocsin.world.ballistic import MAX_FLIGHT_S, Array
from tocsin.world.tabled import Carrier, Tabled, shifted

SEPARATION_M_S = 2.0  # m/s, notional: a spent stage is pushed back along its way
FALL_SPACING_S = 0.5


def dropped(vehicle: Vehicle) -> tuple[Stage, ...]:
    """Stages that leave: all but the last, and that too where the body separates."""
    return vehicle.stages if vehicle.is_separating else vehicle.stages[:-1]


def spent_stages(
    name: str, vehicle: Vehicle, start_s: float, flight: tuple[Array, Array, Array], burnout_rows: tuple[int, ...],
    air: Array, beta_ratio: Array, carrier: Carrier | None = None,
) -> list[Tabled]:  # fmt: skip
    """Every stage that leaves a flight, from its burn-out to the ground; one that never comes down is left out.

    In        flight         the table of the whole, seconds from launch; burnout_rows: its rows, one a stage
              beta_ratio     (k,) of each stage's ballistic coefficient to the stated one
    """
    bodies = []
    for i, stage in enumerate(dropped(vehicle)):
        row = burnout_rows[i]
        velocity = flight[2][row]
        pushed = velocity * (1.0 - SEPARATION_M_S / max(float(np.linalg.norm(velocity)), SEPARATION_M_S))
        count, *table = path_to_ground(
            flight[1][row].copy(), pushed, stage.spent_beta_kg_m2 * float(beta_ratio[i]), air, FALL_SPACING_S,
            MAX_FLIGHT_S,
        )  # fmt: skip
        time_s, position, _ = table
        if count < 2 or time_s[-1] >= MAX_FLIGHT_S - 1e-6:
            continue
        begin_s = start_s + float(flight[0][row])
        top_s = begin_s + float(time_s[int(np.argmax(np.einsum("ij,ij->i", position, position)))])
        bodies.append(
            Tabled(
                f"{name}/stage-{i + 1}", "stage", shifted((time_s, position, table[2]), begin_s),
                rcs_m2=stage.spent_rcs_m2, carrier=carrier,
                phases=(("ascent", top_s), ("descent", begin_s + float(time_s[-1])), ("impact", math.inf)),
            )
        )  # fmt: skip
    return bodies
