"""Constants of the Earth and of the standard atmosphere: value, unit, source, once."""

from __future__ import annotations

# WGS-84 (NIMA TR8350.2, third edition, amendment 1, tables 3.1, 3.3 and 3.5)
SEMI_MAJOR_M = 6_378_137.0  # m, exact
FLATTENING = 1.0 / 298.257223563  # exact
GM_M3_S2 = 3.986004418e14  # m3/s2, atmosphere included
EARTH_RATE_RAD_S = 7.292115e-5  # rad/s
J2 = 1.082629821313e-3  # unitless: sqrt(5) x 0.484166774985e-3 (normalised C20 of TR8350.2)

# The next zonal terms: normalised C30 and C40 of EGM96 (NASA/TP-1998-206861), the gravity model of TR8350.2 section 5
J3 = -2.6457513110645906 * 0.957254173792e-6  # unitless: -sqrt(7) x C30
J4 = -3.0 * 0.539873863789e-6  # unitless: -sqrt(9) x C40

# An Earth to fly over: GM m3/s2, semi-major axis m, flattening, rotation rad/s, J2, J3, J4; this one is the default
WGS84_J2 = (GM_M3_S2, SEMI_MAJOR_M, FLATTENING, EARTH_RATE_RAD_S, J2, 0.0, 0.0)

MEAN_EARTH_RADIUS_M = 6_371_008.8  # m, mean radius R1 of WGS-84, (2 a + b) / 3 (Moritz, GRS80)
GEOSTATIONARY_HEIGHT_M = 35_786_000.0  # m above the equator, rounded

LIGHT_M_S = 299_792_458.0  # m/s in vacuum, exact (SI)

SEMI_MINOR_M = SEMI_MAJOR_M * (1.0 - FLATTENING)  # m
ECCENTRICITY2 = FLATTENING * (2.0 - FLATTENING)  # first eccentricity squared
SECOND_ECCENTRICITY2 = ECCENTRICITY2 / (1.0 - ECCENTRICITY2)  # second eccentricity squared

# US Standard Atmosphere 1976 (NOAA-S/T 76-1562), tables 2 to 4
US76_RADIUS_M = 6_356_766.0  # m, effective Earth radius of the geopotential
US76_G0_M_S2 = 9.80665  # m/s2
US76_GAS_CONSTANT = 8314.32  # J/(kmol K), the standard's own value
US76_MOLAR_MASS = 28.964425  # kg/kmol at the ground: sum over table 3 (ten gases), which the standard rounds to 28.9644
US76_GAMMA = 1.4  # unitless, ratio of specific heats
US76_PRESSURE_PA = 101_325.0  # Pa at the ground
