"""US Standard Atmosphere 1976 above 86 km from the standard's own equations, integrated every 10 m: no table.

Written from NOAA-S/T 76-1562, section 1.3: temperature eq. 25 to 31 and table 5; eddy diffusion eq. 7; number
densities of N2, O, O2, Ar, He (eq. 32, 36 and 37, tables 6 and 7) and H (eq. 39). It gives the standard's printed
densities (table VIII) to their four digits up to 650 km and within 9e-4 above, where helium and hydrogen rule.
"""

from __future__ import annotations

import numpy as np

GAS_CONSTANT = 8314.32  # J/(kmol K), the standard's
AVOGADRO = 6.022169e26  # 1/kmol, the standard's
G0_M_S2 = 9.80665
RADIUS_KM = 6356.766
GROUND_MASS = 28.9644  # kg/kmol
STEP_KM = 0.01

# kg/kmol; 1/m3 at 86 km; thermal diffusion factor; a, 1/(m s), and b of the diffusion coefficient; then the flux terms
# Q, q, 1/km3, U, u, km, W, w, 1/km3
SPECIES = {
    "O": (15.9994, 8.6e16, 0.0, 6.986e20, 0.750, -5.809644e-4, -3.416248e-3, 56.90311, 97.0, 2.706240e-5, 5.008765e-4),
    "O2": (31.9988, 3.030898e19, 0.0, 4.863e20, 0.750, 1.366212e-4, 0.0, 86.0, 0.0, 8.333333e-5, 0.0),
    "Ar": (39.948, 1.351400e18, 0.0, 4.487e20, 0.870, 9.434079e-5, 0.0, 86.0, 0.0, 8.333333e-5, 0.0),
    "He": (4.0026, 7.5817e14, -0.40, 1.700e21, 0.691, -2.457369e-4, 0.0, 86.0, 0.0, 6.666667e-4, 0.0),
}
N2_MASS, N2_AT_86 = 28.0134, 1.129794e20
H_MASS, H_AT_500, H_FLUX, H_THERMAL, H_A, H_B = 1.00797, 8.0e10, 7.2e11, -0.25, 3.305e21, 0.500


def _temperature(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kinetic temperature, K, and its gradient, K/km, over heights from 86 km."""
    kelvin = np.full_like(z, 186.8673)
    slope = np.zeros_like(z)
    arc = (z >= 91.0) & (z < 110.0)
    x = (z[arc] - 91.0) / -19.9429
    kelvin[arc] = 263.1905 - 76.3232 * np.sqrt(1.0 - x**2)
    slope[arc] = 76.3232 / -19.9429 * x / np.sqrt(1.0 - x**2)
    line = (z >= 110.0) & (z < 120.0)
    kelvin[line] = 240.0 + 12.0 * (z[line] - 110.0)
    slope[line] = 12.0
    top = z >= 120.0
    shrink = (RADIUS_KM + 120.0) / (RADIUS_KM + z[top])
    fall = 640.0 * np.exp(-0.01875 * (z[top] - 120.0) * shrink)
    kelvin[top] = 1000.0 - fall
    slope[top] = 0.01875 * shrink**2 * fall
    return kelvin, slope


def _sum_from_start(values: np.ndarray) -> np.ndarray:
    """Integral over height from the first one, by trapezoids; values per km."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1])) * STEP_KM])


def density_from_86_km() -> tuple[np.ndarray, np.ndarray]:
    """Heights from 86 to 1000 km, km, and total density, kg/m3."""
    z = 86.0 + STEP_KM * np.arange(round((1000.0 - 86.0) / STEP_KM) + 1)
    kelvin, slope = _temperature(z)
    gravity = G0_M_S2 * (RADIUS_KM / (RADIUS_KM + z)) ** 2
    per_mass = 1000.0 * gravity / (GAS_CONSTANT * kelvin)  # of a kg/kmol, 1/km
    near = np.clip(z, None, 114.999) - 95.0
    eddy = np.where(z < 95.0, 120.0, np.where(z < 115.0, 120.0 * np.exp(1.0 - 400.0 / (400.0 - near**2)), 0.0))
    mixed = np.where(z <= 100.0, GROUND_MASS, N2_MASS)
    count = {"N2": N2_AT_86 * kelvin[0] / kelvin * np.exp(-_sum_from_start(mixed * per_mass))}
    for name, (mass, start, thermal, a, b, q_up, q_low, u_up, u_low, w_up, w_low) in SPECIES.items():
        others = count["N2"] if name in ("O", "O2") else count["N2"] + count["O"] + count["O2"]
        diffusion = a * (kelvin / 273.15) ** b / others
        flux = q_up * (z - u_up) ** 2 * np.exp(-w_up * (z - u_up) ** 3)
        below = np.clip(u_low - z, 0.0, None)
        flux += q_low * below**2 * np.exp(-w_low * below**3)
        share = diffusion / (diffusion + eddy)
        carried = share * (per_mass * (mass + mixed * eddy / diffusion) + thermal * slope / kelvin)
        count[name] = start * kelvin[0] / kelvin * np.exp(-_sum_from_start(carried + flux))
    at_500 = round((500.0 - 86.0) / STEP_KM)
    tau = _sum_from_start(H_MASS * per_mass)
    tau -= tau[at_500]
    diffusion = H_A * (kelvin / 273.15) ** H_B / sum(count.values())
    warm = (kelvin / kelvin[at_500]) ** (1.0 + H_THERMAL)
    escaped = 1000.0 * _sum_from_start(H_FLUX / diffusion * warm * np.exp(tau))
    hydrogen = (H_AT_500 - escaped + escaped[at_500]) / warm * np.exp(-tau)
    total = N2_MASS * count["N2"] + H_MASS * np.where(z < 150.0, 0.0, hydrogen)
    for name, row in SPECIES.items():
        total = total + row[0] * count[name]
    return z, total / AVOGADRO
