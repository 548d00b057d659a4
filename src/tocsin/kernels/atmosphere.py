"""US Standard Atmosphere 1976, and the notional shape of wind over height."""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import (
    US76_G0_M_S2,
    US76_GAMMA,
    US76_GAS_CONSTANT,
    US76_MOLAR_MASS,
    US76_PRESSURE_PA,
    US76_RADIUS_M,
)

# Table 4: geopotential height of the layer bases, m, and the gradient of molecular-scale temperature, K/m
_BASE_M = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3, 84_852.0])
_LAPSE = np.array([-6.5e-3, 0.0, 1.0e-3, 2.8e-3, 0.0, -2.8e-3, -2.0e-3])
_HYDROSTATIC = US76_G0_M_S2 * US76_MOLAR_MASS / US76_GAS_CONSTANT  # K/m
_GAS = US76_GAS_CONSTANT / US76_MOLAR_MASS  # J/(kg K)
_GROUND_K = 288.15  # K, table 2
# where the density has a corner, as geometric heights: layer bases from 11 to 71 km; and where its slope has one, in
# air still thick enough for a light body to feel it: rows of the table below
_LAYER_LIMITS_M = US76_RADIUS_M * _BASE_M[1:7] / (US76_RADIUS_M - _BASE_M[1:7])
CORNERS_M = np.array([*_LAYER_LIMITS_M, 86e3, 87e3, 88e3, 90e3, 92e3, 95e3])
_LOWEST_M = -5000.0  # m, where the standard's tables begin
_TABLE_FROM_M = 86_000.0  # geometric height where the layers end and the table takes over
_TOP_M = 1_000_000.0  # where the standard ends

# Total density at geometric height (km, kg/m3): the standard's table VIII above 86 km, its digits; rows as close as it
# takes to interpolate within a unit of the fourth. The value at 86 km is the layers' own (6.958e-6), computed below,
# so that the curve is continuous.
_TABLE = np.array(
    [
        [86.5, 6.366e-6], [87.0, 5.824e-6], [88.0, 4.875e-6], [90.0, 3.416e-6], [92.0, 2.393e-6], [95.0, 1.393e-6],
        [97.5, 8.841e-7], [98.5, 7.367e-7], [100.0, 5.604e-7], [101.0, 4.696e-7], [102.0, 3.935e-7],
        [105.0, 2.325e-7], [107.0, 1.643e-7], [108.0, 1.381e-7], [109.0, 1.161e-7], [110.0, 9.708e-8],
        [111.0, 8.111e-8], [112.0, 6.838e-8], [115.0, 4.289e-8], [120.0, 2.222e-8], [125.0, 1.291e-8],
        [130.0, 8.152e-9], [134.0, 5.897e-9], [140.0, 3.831e-9], [150.0, 2.076e-9], [160.0, 1.233e-9],
        [170.0, 7.815e-10], [185.0, 4.295e-10], [200.0, 2.541e-10], [225.0, 1.184e-10], [250.0, 6.073e-11],
        [275.0, 3.329e-11], [300.0, 1.916e-11], [320.0, 1.264e-11], [350.0, 7.014e-12], [400.0, 2.803e-12],
        [450.0, 1.184e-12], [500.0, 5.215e-13], [550.0, 2.384e-13], [600.0, 1.137e-13], [650.0, 5.712e-14],
        [700.0, 3.070e-14], [750.0, 1.788e-14], [800.0, 1.136e-14], [850.0, 7.824e-15], [900.0, 5.759e-15],
        [950.0, 4.453e-15], [1000.0, 3.561e-15],
    ]
)  # fmt: skip


def _layer_bases() -> tuple[np.ndarray, np.ndarray]:
    """Temperature (K) and density (kg/m3) at each layer's base, by the standard's eq. 23 and 33."""
    kelvin = [_GROUND_K]
    pressure = [US76_PRESSURE_PA]
    for i, lapse in enumerate(_LAPSE):
        depth = _BASE_M[i + 1] - _BASE_M[i]
        top = kelvin[-1] + lapse * depth
        if lapse == 0.0:
            pressure.append(pressure[-1] * math.exp(-_HYDROSTATIC * depth / kelvin[-1]))
        else:
            pressure.append(pressure[-1] * (kelvin[-1] / top) ** (_HYDROSTATIC / lapse))
        kelvin.append(top)
    return np.array(kelvin), np.array(pressure) / (_GAS * np.array(kelvin))


_BASE_K, _BASE_DENSITY = _layer_bases()


def _table_knots() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height (m), log density and its slope (1/m) at the knots above 86 km.

    The slope at 86 km is the layers' own; elsewhere that of a parabola through three knots; so the curve is smooth.
    """
    geopotential = US76_RADIUS_M * _TABLE_FROM_M / (US76_RADIUS_M + _TABLE_FROM_M)
    kelvin = _BASE_K[6] + _LAPSE[6] * (geopotential - _BASE_M[6])
    at_86 = _BASE_DENSITY[6] * (kelvin / _BASE_K[6]) ** (-1.0 - _HYDROSTATIC / _LAPSE[6])
    height = np.concatenate([[_TABLE_FROM_M], _TABLE[:, 0] * 1000.0])
    log_density = np.log(np.concatenate([[at_86], _TABLE[:, 1]]))
    span = np.diff(height)
    chord = np.diff(log_density) / span
    slope = np.empty_like(height)
    slope[0] = -(_HYDROSTATIC + _LAPSE[6]) / kelvin * (US76_RADIUS_M / (US76_RADIUS_M + _TABLE_FROM_M)) ** 2
    slope[1:-1] = (chord[:-1] * span[1:] + chord[1:] * span[:-1]) / (span[1:] + span[:-1])
    slope[-1] = 2.0 * chord[-1] - slope[-2]
    return height, log_density, slope


_KNOT_M, _KNOT_LOG, _KNOT_SLOPE = _table_knots()


@kernel
def density_and_slope_us76(height_m):
    """Density, kg/m3, and d ln(density) / d height, 1/m, at a geometric height.

    (0, 0) above 1000 km; below -5 km held at the value there. 86 to 1000 km: cubic Hermite in log density.
    Source    US Standard Atmosphere 1976, eq. 18, 23, 33 and 42, and table VIII
    """
    if height_m > _TOP_M:
        return 0.0, 0.0
    if height_m < _TABLE_FROM_M:
        clipped_m = max(height_m, _LOWEST_M)
        ratio = US76_RADIUS_M / (US76_RADIUS_M + clipped_m)
        geopotential_m = ratio * clipped_m
        i = 0
        while i < 6 and geopotential_m >= _BASE_M[i + 1]:
            i += 1
        lapse = _LAPSE[i]
        base_k = _BASE_K[i]
        depth = geopotential_m - _BASE_M[i]
        kelvin = base_k + lapse * depth
        if lapse == 0.0:
            density = _BASE_DENSITY[i] * math.exp(-_HYDROSTATIC * depth / base_k)
        else:
            density = _BASE_DENSITY[i] * math.exp(-(1.0 + _HYDROSTATIC / lapse) * math.log(kelvin / base_k))
        if height_m < _LOWEST_M:
            return density, 0.0
        return density, -(_HYDROSTATIC + lapse) / kelvin * ratio * ratio
    low = 0
    high = _KNOT_M.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if _KNOT_M[middle] <= height_m:
            low = middle
        else:
            high = middle
    span = _KNOT_M[high] - _KNOT_M[low]
    t = (height_m - _KNOT_M[low]) / span
    rise = _KNOT_LOG[high] - _KNOT_LOG[low]
    d0 = _KNOT_SLOPE[low] * span
    d1 = _KNOT_SLOPE[high] * span
    c2 = 3.0 * rise - 2.0 * d0 - d1
    c3 = d0 + d1 - 2.0 * rise
    log_density = _KNOT_LOG[low] + t * (d0 + t * (c2 + t * c3))
    return math.exp(log_density), (d0 + t * (2.0 * c2 + 3.0 * c3 * t)) / span


@kernel
def density_us76(height_m):
    """Density of the US Standard Atmosphere 1976 at a geometric height, kg/m3; 0 above 1000 km.

    Accuracy  to the printed digits of the standard's tables; above 86 km a unit of the fourth digit, at every height
    """
    return density_and_slope_us76(height_m)[0]


@kernel
def sound_speed_us76(height_m):
    """Speed of sound, m/s, to 86 km; above, where the standard gives none, the value at 86 km."""
    clipped_m = min(max(height_m, _LOWEST_M), _TABLE_FROM_M)
    geopotential_m = US76_RADIUS_M * clipped_m / (US76_RADIUS_M + clipped_m)
    i = 0
    while i < 6 and geopotential_m >= _BASE_M[i + 1]:
        i += 1
    return math.sqrt(US76_GAMMA * _GAS * (_BASE_K[i] + _LAPSE[i] * (geopotential_m - _BASE_M[i])))


@kernel
def wind_shape_and_slope(height_m):
    """Wind speed at a height as a ratio of that at 12 km, and its slope, 1/m: notional, a jet stream and little else.

    Piecewise linear: 0.3 at the ground, 1 at 12 km, 0.3 at 25 km, 0 from 80 km.
    """
    if height_m <= 0.0:
        return 0.3, 0.0
    if height_m <= 12_000.0:
        return 0.3 + 0.7 * height_m / 12_000.0, 0.7 / 12_000.0
    if height_m <= 25_000.0:
        return 1.0 - 0.7 * (height_m - 12_000.0) / 13_000.0, -0.7 / 13_000.0
    if height_m < 80_000.0:
        return 0.3 * (80_000.0 - height_m) / 55_000.0, -0.3 / 55_000.0
    return 0.0, 0.0


@kernel
def wind_shape(height_m):
    """The ratio of `wind_shape_and_slope`."""
    return wind_shape_and_slope(height_m)[0]


@kernel
def density_deviation(height_m, at_20_km, at_80_km):
    """Deviation of density from the standard at a height, a ratio: linear from 20 to 80 km, constant outside."""
    share = min(max((height_m - 20_000.0) / 60_000.0, 0.0), 1.0)
    return at_20_km + (at_80_km - at_20_km) * share
