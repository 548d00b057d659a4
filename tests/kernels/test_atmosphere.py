"""US Standard Atmosphere 1976 against its own printed tables."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tocsin.kernels.atmosphere import (
    density_and_slope_us76,
    density_deviation,
    density_us76,
    sound_speed_us76,
    wind_shape,
)


def test_density_and_sound_speed_match_the_reference_table_to_its_printed_digits(reference: Path) -> None:
    rows = json.loads((reference / "benchmarks" / "closed_form.json").read_text())["us_standard_atmosphere_1976"]
    assert len(rows) >= 15
    for row in rows:
        # the row at 86 km is the layers' top; six digits are printed for density, two decimals for sound speed.
        # The rows at 11 019 m and 47 350 m come from geopotential heights printed to 0.1 m: 2e-5 of density
        assert density_us76(float(row["z_m"])) == pytest.approx(row["rho"], rel=2e-5), row
        assert sound_speed_us76(float(row["z_m"])) == pytest.approx(row["a"], abs=0.0051), row


# NOAA-S/T 76-1562, pages 68 to 73: heights (km) that are *not* rows of the kernel's table, kg/m3
BETWEEN_ROWS = [
    (87, 5.824e-6), (92, 2.393e-6), (98, 8.071e-7), (104, 2.769e-7), (108, 1.381e-7), (114, 4.975e-8),
    (126, 1.171e-8), (134, 5.897e-9), (155, 1.585e-9), (175, 6.339e-10), (210, 1.846e-10), (250, 6.073e-11),
    (340, 8.503e-12), (380, 4.013e-12), (550, 2.384e-13), (650, 5.712e-14), (750, 1.788e-14), (850, 7.824e-15),
    (950, 4.453e-15),
]  # fmt: skip


@pytest.mark.parametrize(("height_km", "density"), BETWEEN_ROWS)
def test_density_between_the_rows_of_the_upper_table_is_within_one_percent(height_km: float, density: float) -> None:
    assert density_us76(height_km * 1000.0) == pytest.approx(density, rel=0.01)


def test_density_is_continuous_falls_everywhere_and_ends_at_1000_km() -> None:
    heights = np.arange(-5000.0, 1_000_000.0, 97.0)
    density = np.array([density_us76(h) for h in heights])
    steps = np.diff(np.log(density))
    assert (steps < 0.0).all()
    assert (steps > -0.025).all()  # no jump: the shortest scale height is above 5 km
    assert density_us76(86_000.0 - 1e-6) == pytest.approx(density_us76(86_000.0), rel=1e-9)
    assert density_us76(1_000_000.0) > 0.0
    assert density_us76(1_000_000.1) == 0.0
    assert density_us76(-50_000.0) == density_us76(-5000.0)


@pytest.mark.parametrize("height_m", [-1000.0, 500.0, 15e3, 25e3, 40e3, 49e3, 60e3, 80e3, 87e3, 120e3, 333e3, 950e3])
def test_slope_of_log_density_is_its_derivative(height_m: float) -> None:
    numeric = math.log(density_us76(height_m + 5.0) / density_us76(height_m - 5.0)) / 10.0
    assert density_and_slope_us76(height_m)[1] == pytest.approx(numeric, rel=1e-4)


def test_wind_shape_has_the_documented_corners_and_is_continuous() -> None:
    for height, ratio in [(-100.0, 0.3), (0.0, 0.3), (12e3, 1.0), (25e3, 0.3), (80e3, 0.0), (300e3, 0.0)]:
        assert wind_shape(height) == pytest.approx(ratio, abs=1e-12)
        assert wind_shape(height + 1e-3) == pytest.approx(ratio, abs=1e-6)


def test_density_deviation_is_linear_between_20_and_80_km_and_constant_outside() -> None:
    assert density_deviation(0.0, 0.05, 0.2) == 0.05
    assert density_deviation(50e3, 0.05, 0.2) == pytest.approx(0.125)
    assert density_deviation(900e3, 0.05, 0.2) == pytest.approx(0.2)
