"""The right-hand side of `motion` for a group of flights at once, in loops that a compiler turns into vector code.

A group's numbers lie in one flat work array: row R of lane n at ``w[R + n]``, every row LANES long and every offset a
compile-time constant, so that LLVM sees that no row overlaps another. No loop over lanes branches: cases are chosen by
value. Looking up the density has a loop of its own; it is the one part that stays scalar.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.atmosphere import density_and_slope_us76
from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import EARTH_RATE_RAD_S, FLATTENING, GM_M3_S2, J2, SEMI_MAJOR_M, US76_RADIUS_M

LANES = 24  # lengths that were tried: 16 takes 10 % longer, 32 no less, and loops over 8 are not made vector code

# rows of the work array, as offsets
PLACE = 0  # 3 rows: position at the start of the step, m
VELOCITY = 3 * LANES  # 3 rows, m/s
AT = 6 * LANES  # 3 rows: the position at which the slope is wanted; at the end of a step, the new one
AT_VELOCITY = 9 * LANES  # 3 rows
FREE = 12 * LANES  # 3 rows: acceleration without drag, m/s2
HEIGHT = 15 * LANES  # of AT, m
INVERSE_R = 16 * LANES  # 1 / distance from the centre, 1/m
SINE2 = 17 * LANES  # squared sine of the geocentric latitude
CELL = 18 * LANES  # place in the density table: cell and share of it
DENSITY = 19 * LANES  # of the standard, kg/m3
WIND = 20 * LANES  # 3 rows: ECEF, m/s; only written where a lane has wind
HALF_PER_BETA = 23 * LANES  # 0.5 / beta, m2/kg; 0 without drag
DEVIATION = 24 * LANES  # of density at 20 km, and how much more of it at 80 km, ratios
DEVIATION_RISE = 25 * LANES
WIND_EAST = 26 * LANES  # at 12 km, m/s
WIND_NORTH = 27 * LANES
SLOPE_0, SLOPE_1, SLOPE_2, SLOPE_3, SLOPE_4, SLOPE_5, SLOPE_6 = (
    k * LANES for k in range(28, 49, 3)
)  # of each stage 3 rows: acceleration, m/s2
LAST = 49 * LANES  # first row free for the integrator

# The density table: cubics in cells of equal geopotential height, which end where the standard's layers end (at whole
# kilometres of it), and above 148 km in cells of equal height, up to 1000 km and a last one of nothing.
_CELL_M = 62.5
_GROUND_CELL = 80  # the table starts 5 km under the ground, where the standard does
_FINE_CELLS = _GROUND_CELL + 2368
_COARSE_M = 512.0
_COARSE_CELLS = 1657
_COARSE_FROM_M = US76_RADIUS_M * 148e3 / (US76_RADIUS_M - 148e3)
_LAST_CELL = float(_FINE_CELLS + _COARSE_CELLS)
_INSIDE_M = 1e-3  # how far inside its border a cell is sampled, lest rounding finds the next layer's slope

_J2_FACTOR = 1.5 * J2 * SEMI_MAJOR_M * SEMI_MAJOR_M  # m2
_THINNEST = 0.05  # as in `motion`


@kernel
def _at_border(border, is_fine, inside_m):
    """Density at a border of cells, a little inside the one that asks, and its slope per cell."""
    if is_fine:
        geopotential_m = (border - _GROUND_CELL) * _CELL_M
        stretch = US76_RADIUS_M / (US76_RADIUS_M - geopotential_m)
        density, slope_per_m = density_and_slope_us76(stretch * geopotential_m + inside_m)
        return density, density * slope_per_m * stretch * stretch * _CELL_M
    density, slope_per_m = density_and_slope_us76(_COARSE_FROM_M + (border - _FINE_CELLS) * _COARSE_M + inside_m)
    return density, density * slope_per_m * _COARSE_M


@kernel
def density_table():
    """(cells, 4): density in each cell as a cubic in the share of the cell, from values and slopes at its borders.

    Accuracy  3e-6 of the density to 200 km (measured at 3e4 heights)
    """
    table = np.zeros((_FINE_CELLS + _COARSE_CELLS + 1, 4))
    for i in range(_FINE_CELLS + _COARSE_CELLS):
        low, rise_low = _at_border(i, i < _FINE_CELLS, _INSIDE_M)
        high, rise_high = _at_border(i + 1, i < _FINE_CELLS, -_INSIDE_M)
        table[i, 0] = low
        table[i, 1] = rise_low
        table[i, 2] = 3.0 * (high - low) - 2.0 * rise_low - rise_high
        table[i, 3] = rise_low + rise_high - 2.0 * (high - low)
    return table


@kernel
def place(w):
    """First of four that give the slope at AT: gravity, centrifugal, Coriolis; height; where in the density table.

    Height    expanded in the flattening to its third power: within 0.3 mm of `height_and_up` to 1000 km
    """
    for n in range(LANES):
        x = w[AT + n]
        y = w[AT + LANES + n]
        z = w[AT + 2 * LANES + n]
        r2 = x * x + y * y + z * z
        r2 = r2 if r2 > 1.0 else 1.0
        inverse_r = 1.0 / math.sqrt(r2)
        inverse_r2 = inverse_r * inverse_r
        sine2 = z * z * inverse_r2
        k = -GM_M3_S2 * inverse_r * inverse_r2
        q = _J2_FACTOR * inverse_r2
        level = k * (1.0 + q * (1.0 - 5.0 * sine2)) + EARTH_RATE_RAD_S * EARTH_RATE_RAD_S
        w[FREE + n] = level * x + 2.0 * EARTH_RATE_RAD_S * w[AT_VELOCITY + LANES + n]
        w[FREE + LANES + n] = level * y - 2.0 * EARTH_RATE_RAD_S * w[AT_VELOCITY + n]
        w[FREE + 2 * LANES + n] = k * (1.0 + q * (3.0 - 5.0 * sine2)) * z
        v = SEMI_MAJOR_M * inverse_r
        third = FLATTENING * (sine2 + 4.0 * v * (1.0 - 2.0 * sine2) * (1.0 - 2.0 * v))
        second = 0.5 * FLATTENING * FLATTENING * (1.0 - sine2) * (4.0 * v - 1.0 - third)
        height = r2 * inverse_r - SEMI_MAJOR_M + SEMI_MAJOR_M * sine2 * (FLATTENING + second)
        s = height * (1.0 / US76_RADIUS_M)
        geopotential = height * (1.0 - s * (1.0 - s * (1.0 - s * (1.0 - s))))
        fine = geopotential * (1.0 / _CELL_M) + _GROUND_CELL
        coarse = (height - _COARSE_FROM_M) * (1.0 / _COARSE_M) + _FINE_CELLS
        cell = fine if fine < _FINE_CELLS else coarse
        cell = cell if cell > 0.0 else 0.0  # nan too
        w[CELL + n] = cell if cell < _LAST_CELL else _LAST_CELL
        w[HEIGHT + n] = height
        w[INVERSE_R + n] = inverse_r
        w[SINE2 + n] = sine2


@kernel
def density(w, table):
    """Second of four: DENSITY from CELL."""
    for n in range(LANES):
        at = w[CELL + n]
        i = int(at)
        s = at - i
        w[DENSITY + n] = table[i, 0] + s * (table[i, 1] + s * (table[i, 2] + s * table[i, 3]))


@kernel
def wind(w):
    """Third of four, left out where no lane has wind (WIND must hold zeros then): WIND, by the shape of `wind_shape`.

    The geodetic latitude is expanded in the flattening to its second power.
    """
    for n in range(LANES):
        x = w[AT + n]
        y = w[AT + LANES + n]
        inverse_r = w[INVERSE_R + n]
        sine2 = w[SINE2 + n]
        height = w[HEIGHT + n]
        p2 = x * x + y * y
        p2 = p2 if p2 > 1.0 else 1.0
        inverse_p = 1.0 / math.sqrt(p2)
        v = SEMI_MAJOR_M * inverse_r
        more = 2.0 + FLATTENING * (4.0 * v - 1.0 + sine2 * (2.0 - 10.0 * v))
        less = 2.0 - FLATTENING * (1.0 - 6.0 * v + sine2 * (10.0 * v - 2.0))
        sin_lat = w[AT + 2 * LANES + n] * inverse_r * (1.0 + FLATTENING * v * (1.0 - sine2) * more)
        cos_lat = p2 * inverse_p * inverse_r * (1.0 - FLATTENING * v * sine2 * less)
        rising = 0.3 + height * (0.7 / 12_000.0)
        rising = rising if rising > 0.3 else 0.3
        falling = 1.0 - (height - 12_000.0) * (0.7 / 13_000.0)
        far = (80_000.0 - height) * (0.3 / 55_000.0)
        far = far if far > 0.0 else 0.0
        falling = falling if falling > far else far
        shape = rising if rising < falling else falling
        east = w[WIND_EAST + n] * shape
        north = w[WIND_NORTH + n] * shape
        w[WIND + n] = -inverse_p * (y * east + x * north * sin_lat)
        w[WIND + LANES + n] = inverse_p * (x * east - y * north * sin_lat)
        w[WIND + 2 * LANES + n] = cos_lat * north


@kernel
def drag(w, stage):
    """Last of four: the stage's slope, acceleration as `acceleration_of`.

    Accuracy  drag as `density_table`, all else 1e-9 of it
    """
    out = SLOPE_0 + (stage & 7) * (3 * LANES)  # the mask tells LLVM that it is not negative
    for n in range(LANES):
        share = (w[HEIGHT + n] - 20_000.0) * (1.0 / 60_000.0)
        share = share if share > 0.0 else 0.0
        share = share if share < 1.0 else 1.0
        factor = 1.0 + w[DEVIATION + n] + w[DEVIATION_RISE + n] * share
        factor = _THINNEST if factor < _THINNEST else factor  # keeps nan
        rx = w[AT_VELOCITY + n] - w[WIND + n]
        ry = w[AT_VELOCITY + LANES + n] - w[WIND + LANES + n]
        rz = w[AT_VELOCITY + 2 * LANES + n] - w[WIND + 2 * LANES + n]
        k = w[HALF_PER_BETA + n] * w[DENSITY + n] * factor * math.sqrt(rx * rx + ry * ry + rz * rz)
        w[out + n] = w[FREE + n] - k * rx
        w[out + LANES + n] = w[FREE + LANES + n] - k * ry
        w[out + 2 * LANES + n] = w[FREE + 2 * LANES + n] - k * rz
