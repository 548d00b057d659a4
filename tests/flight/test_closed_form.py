"""Flights over a round Earth that stands still, without air, against Kepler's closed form.

``closed_form.json`` gives, for each range, the least speed that reaches it (R 6371 km, GM 398600.4418 km3/s2), with
its angle, apogee and time of flight.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tocsin.flight import Earth, FlightStatus, fly

ROUND = Earth.sphere(radius_m=6_371_000.0)
BAR = 1e-3  # ratio


@pytest.mark.parametrize(("method", "step_s"), [("tsit5", None), ("dop853", None), ("rk4", 1.0)])
def test_range_apogee_and_time_of_least_energy_flights_are_keplers_within_a_thousandth(
    reference: Path, method: Literal["rk4", "tsit5", "dop853"], step_s: float | None
) -> None:
    rows = json.loads((reference / "benchmarks" / "closed_form.json").read_text())["minimum_energy_kepler"]
    assert len(rows) == 14
    for row in rows:
        speed, angle = 1000.0 * row["v_km_s"], math.radians(row["gamma_deg"])
        # from the equator, half toward the pole: no axis is special on a round Earth
        level = speed * math.cos(angle) / math.sqrt(2.0)
        flight = fly(
            np.array([ROUND.semi_major_m, 0.0, 0.0]),
            np.array([speed * math.sin(angle), level, level]),
            earth=ROUND,
            method=method,
            step_s=step_s,
        )
        assert flight.status is FlightStatus.OK, row
        assert flight.impact is not None
        start, end = np.array([1.0, 0.0, 0.0]), flight.impact.position_ecef_m / ROUND.semi_major_m
        arc = math.atan2(float(np.linalg.norm(np.cross(start, end))), float(start @ end))
        assert arc * ROUND.semi_major_m == pytest.approx(1000.0 * row["range_km"], rel=BAR), row
        assert flight.apogee.height_m == pytest.approx(1000.0 * row["apogee_km"], rel=BAR), row
        assert flight.impact.time_s == pytest.approx(row["tof_s"], rel=BAR), row
