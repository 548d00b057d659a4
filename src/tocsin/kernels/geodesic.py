"""Geodesics of the WGS-84 ellipsoid: from a place along an azimuth, and between two places.

Karney (2013), Algorithms for geodesics, Journal of Geodesy 87, 43-55: series in the third flattening to sixth order
on the auxiliary sphere; the inverse by Newton's method on the azimuth at the first place, held in a bracket.
Inside: bet reduced latitude, alp azimuth, sig arc on the auxiliary sphere, omg its longitude, lam longitude,
s and c before a name its sine and cosine, 1 and 2 the ends, 0 the equator crossing; eps the expansion parameter.
Angles rad, lengths m; azimuths clockwise from north, both forward along the line.
"""

from __future__ import annotations

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import FLATTENING, SECOND_ECCENTRICITY2, SEMI_MINOR_M

_F1 = 1.0 - FLATTENING
_N = FLATTENING / (2.0 - FLATTENING)  # third flattening
_EPSILON = 2.0**-52
_TINY = 1e-150  # its square is still a number
_SHORT = (
    0.1 * math.sqrt(_EPSILON) / math.sqrt(FLATTENING * (1.0 - FLATTENING / 2.0) / 2.0)
)  # a short line, rad: no iteration
_NEWTON = 20  # steps before bisection takes over
_MOST = 90  # steps in all: bisection alone ends a double's range

# Coefficients of sin(2 l sig), l = 1 to 6 down: eps^l times a polynomial in eps^2, constant first.
# Eq. 18 (distance of arc), 21 (arc of distance), 43 (reduced length)
_C1 = np.array([[-1 / 2, 3 / 16, -1 / 32], [-1 / 16, 1 / 32, -9 / 2048], [-1 / 48, 3 / 256, 0.0],
                [-5 / 512, 3 / 512, 0.0], [-7 / 1280, 0.0, 0.0], [-7 / 2048, 0.0, 0.0]])  # fmt: skip
_C1P = np.array([[1 / 2, -9 / 32, 205 / 1536], [5 / 16, -37 / 96, 1335 / 4096], [29 / 96, -75 / 128, 0.0],
                 [539 / 1536, -2391 / 2560, 0.0], [3467 / 7680, 0.0, 0.0], [38081 / 61440, 0.0, 0.0]])  # fmt: skip
_C2 = np.array([[1 / 2, 1 / 16, 1 / 32], [3 / 16, 1 / 32, 35 / 2048], [5 / 48, 5 / 256, 0.0],
                [35 / 512, 7 / 512, 0.0], [63 / 1280, 0.0, 0.0], [77 / 2048, 0.0, 0.0]])  # fmt: skip


def _longitude_series() -> tuple[np.ndarray, np.ndarray]:
    """A3 (6,) and C3 (5, 6) of eq. 24 and 25: polynomials in eps, constant first, for this flattening."""
    n = _N
    a3 = np.array([
        1.0, -(1 / 2 - n / 2), -(1 / 4 + n / 8 - 3 * n**2 / 8), -(1 / 16 + 3 * n / 16 + n**2 / 16),
        -(3 / 64 + n / 32), -3 / 128,
    ])  # fmt: skip
    c3 = np.zeros((5, 6))
    c3[0, 1:] = (1 - n) / 4, (1 - n**2) / 8, (3 + 3 * n - n**2) / 64, (5 + 2 * n) / 128, 3 / 128
    c3[1, 2:] = (2 - 3 * n + n**2) / 32, (3 - 2 * n - 3 * n**2) / 64, (3 + n) / 128, 5 / 256
    c3[2, 3:] = (5 - 9 * n + 5 * n**2) / 192, (9 - 10 * n) / 384, 7 / 512
    c3[3, 4:] = (7 - 14 * n) / 512, 7 / 512
    c3[4, 5] = 21 / 2560
    return a3, c3


_A3, _C3 = _longitude_series()


@kernel
def _eps_of(calp0):
    k2 = SECOND_ECCENTRICITY2 * calp0 * calp0
    return k2 / (2.0 * (1.0 + math.sqrt(1.0 + k2)) + k2)


@kernel
def _a1(eps):
    """Eq. 17."""
    e2 = eps * eps
    return (1.0 + e2 * (1 / 4 + e2 * (1 / 64 + e2 / 256))) / (1.0 - eps)


@kernel
def _a2(eps):
    """Eq. 42."""
    e2 = eps * eps
    return (1.0 + e2 * (-3 / 4 + e2 * (-7 / 64 - 11 * e2 / 256))) / (1.0 + eps)


@kernel
def _a3(eps):
    total = 0.0
    for j in range(5, -1, -1):
        total = total * eps + _A3[j]
    return total


@kernel
def _sum(table, eps, s, c):
    """Sum over l of coefficient l times sin(2 l sig), from sine and cosine of sig; Clenshaw's recursion."""
    twice = 2.0 * (c - s) * (c + s)
    e2 = eps * eps
    y0 = 0.0
    y1 = 0.0
    for row in range(5, -1, -1):
        value = table[row, 0] + e2 * (table[row, 1] + e2 * table[row, 2])
        for _ in range(row + 1):
            value *= eps
        y0, y1 = twice * y0 - y1 + value, y0
    return 2.0 * s * c * y0


@kernel
def _sum3(eps, s, c):
    """The same for the longitude."""
    twice = 2.0 * (c - s) * (c + s)
    y0 = 0.0
    y1 = 0.0
    for row in range(4, -1, -1):
        value = 0.0
        for j in range(5, row, -1):
            value = (value + _C3[row, j]) * eps
        for _ in range(row):
            value *= eps
        y0, y1 = twice * y0 - y1 + value, y0
    return 2.0 * s * c * y0


@kernel
def _unit(s, c):
    length = math.sqrt(s * s + c * c)
    if length > 0.0:
        return s / length, c / length
    return 0.0, 1.0


@kernel
def _within_pi(angle_rad):
    """The angle, -pi to pi; one that lies there already is left as it is."""
    if -math.pi <= angle_rad <= math.pi:
        return angle_rad
    return angle_rad - 2.0 * math.pi * math.floor(angle_rad / (2.0 * math.pi) + 0.5)


@kernel
def _reduced(lat_rad):
    """Sine and cosine of the reduced latitude; the cosine never zero."""
    s, c = _unit(_F1 * math.sin(lat_rad), math.cos(lat_rad))
    return s, max(c, _TINY)


@kernel
def geodesic_direct(lat1_rad, lon1_rad, azimuth1_rad, distance_m):
    """Where a geodesic leads that starts at a place on the ellipsoid.

    In        lat1_rad, lon1_rad  geodetic, rad; azimuth1_rad; distance_m of either sign, m
    Out       (lat2_rad, lon2_rad -pi..pi, azimuth2_rad -pi..pi); nan unless all are finite
    Accuracy  measured on Karney's test set and against PROJ: ends within 1e-8 m
    """
    if not abs(lat1_rad) + abs(lon1_rad) + abs(azimuth1_rad) + abs(distance_m) < 1e300:
        return math.nan, math.nan, math.nan
    sbet1, cbet1 = _reduced(lat1_rad)
    salp1 = math.sin(azimuth1_rad)
    calp1 = math.cos(azimuth1_rad)
    salp0 = salp1 * cbet1
    calp0 = math.sqrt(calp1 * calp1 + (salp1 * sbet1) ** 2)
    comg1 = cbet1 * calp1 if sbet1 != 0.0 or calp1 != 0.0 else 1.0
    somg1 = salp0 * sbet1
    ssig1, csig1 = _unit(sbet1, comg1)
    eps = _eps_of(calp0)
    before = _sum(_C1, eps, ssig1, csig1)
    tau1 = math.atan2(ssig1, csig1) + before
    tau12 = distance_m / (SEMI_MINOR_M * _a1(eps))
    sig12 = tau12 + _sum(_C1P, eps, math.sin(tau1 + tau12), math.cos(tau1 + tau12)) + before
    s = math.sin(sig12)
    c = math.cos(sig12)
    ssig2 = ssig1 * c + csig1 * s
    csig2 = csig1 * c - ssig1 * s
    if salp0 == 0.0 and csig2 == 0.0:
        csig2 = _TINY
    cbet2 = math.sqrt(salp0 * salp0 + (calp0 * csig2) ** 2)
    somg2 = salp0 * ssig2
    omg12 = math.atan2(somg2 * comg1 - csig2 * somg1, csig2 * comg1 + somg2 * somg1)
    bend = sig12 + _sum3(eps, ssig2, csig2) - _sum3(eps, ssig1, csig1)
    lam12 = omg12 - FLATTENING * salp0 * _a3(eps) * bend
    lat2_rad = math.atan2(calp0 * ssig2, _F1 * cbet2)
    return lat2_rad, _within_pi(lon1_rad + lam12), math.atan2(salp0, calp0 * csig2)


@kernel
def _lengths(eps, sig12, ssig1, csig1, dn1, ssig2, csig2, dn2):
    """Distance (eq. 7) and reduced length (eq. 38) over the minor axis."""
    a1 = _a1(eps)
    a2 = _a2(eps)
    b1 = a1 * (_sum(_C1, eps, ssig2, csig2) - _sum(_C1, eps, ssig1, csig1))
    b2 = a2 * (_sum(_C2, eps, ssig2, csig2) - _sum(_C2, eps, ssig1, csig1))
    j12 = (a1 - a2) * sig12 + b1 - b2
    return a1 * sig12 + b1, dn2 * csig1 * ssig2 - dn1 * ssig1 * csig2 - csig1 * csig2 * j12


@kernel
def _astroid(x, y):
    """The positive root k of k^4 + 2 k^3 - (x^2 + y^2 - 1) k^2 - 2 y^2 k - y^2 = 0 (eq. 55)."""
    p = x * x
    q = y * y
    r = (p + q - 1.0) / 6.0
    if q == 0.0 and r <= 0.0:
        return 0.0
    s = p * q / 4.0
    r3 = r * r * r
    disc = s * (s + 2.0 * r3)
    u = r
    if disc >= 0.0:
        t3 = s + r3
        t3 += -math.sqrt(disc) if t3 < 0.0 else math.sqrt(disc)
        t = math.copysign(abs(t3) ** (1.0 / 3.0), t3)
        u += t + (r * r / t if t != 0.0 else 0.0)
    else:
        u += 2.0 * r * math.cos(math.atan2(math.sqrt(-disc), -(s + r3)) / 3.0)
    v = math.sqrt(u * u + q)
    uv = q / (v - u) if u < 0.0 else u + v
    w = (uv - q) / (2.0 * v)
    return uv / (math.sqrt(uv + w * w) + w)


@kernel
def _start(sbet1, cbet1, sbet2, cbet2, lam12, slam12, clam12):
    """First guess of the azimuth: (sig12, salp1, calp1, salp2, calp2, dnm); sig12 < 0 unless the line is so short
    that these are the answer, its length then sig12 times dnm times the minor axis. Sections 3 and 5."""
    sbet12 = sbet2 * cbet1 - cbet2 * sbet1
    cbet12 = cbet2 * cbet1 + sbet2 * sbet1
    sbet12a = sbet2 * cbet1 + cbet2 * sbet1
    is_short = cbet12 >= 0.0 and sbet12 < 0.5 and cbet2 * lam12 < 0.5
    dnm = 1.0
    somg12 = slam12
    comg12 = clam12
    if is_short:
        middle = (sbet1 + sbet2) ** 2
        dnm = math.sqrt(1.0 + SECOND_ECCENTRICITY2 * middle / (middle + (cbet1 + cbet2) ** 2))
        somg12 = math.sin(lam12 / (_F1 * dnm))
        comg12 = math.cos(lam12 / (_F1 * dnm))
    salp1 = cbet2 * somg12
    if comg12 >= 0.0:
        calp1 = sbet12 + cbet2 * sbet1 * somg12 * somg12 / (1.0 + comg12)
    else:
        calp1 = sbet12a - cbet2 * sbet1 * somg12 * somg12 / (1.0 - comg12)
    ssig12 = math.sqrt(salp1 * salp1 + calp1 * calp1)
    csig12 = sbet1 * sbet2 + cbet1 * cbet2 * comg12
    if is_short and ssig12 < _SHORT:
        calp2 = sbet12 - cbet1 * sbet2 * (somg12 * somg12 / (1.0 + comg12) if comg12 >= 0.0 else 1.0 - comg12)
        salp2, calp2 = _unit(cbet1 * somg12, calp2)
        salp1, calp1 = _unit(salp1, calp1)
        return math.atan2(ssig12, csig12), salp1, calp1, salp2, calp2, dnm
    if csig12 < 0.0 and ssig12 < 6.0 * _N * math.pi * cbet1 * cbet1:  # nearly antipodal
        scale = FLATTENING * cbet1 * _a3(_eps_of(sbet1)) * math.pi
        x = math.atan2(-slam12, -clam12) / scale
        y = sbet12a / (scale * cbet1)
        if y > -200.0 * _EPSILON and x > -1.0 - 1000.0 * math.sqrt(_EPSILON):
            salp1 = min(1.0, -x)
            calp1 = -math.sqrt(max(0.0, 1.0 - salp1 * salp1))
        else:
            k = _astroid(x, y)
            omg12a = -scale * x * k / (1.0 + k)
            somg12 = math.sin(omg12a)
            salp1 = cbet2 * somg12
            calp1 = sbet12a - cbet2 * sbet1 * somg12 * somg12 / (1.0 + math.cos(omg12a))
    if salp1 > 0.0:
        salp1, calp1 = _unit(salp1, calp1)
    else:
        salp1 = 1.0
        calp1 = 0.0
    return -1.0, salp1, calp1, 0.0, 0.0, dnm


@kernel
def _miss(sbet1, cbet1, dn1, sbet2, cbet2, dn2, salp1, calp1, slam12, clam12):
    """By how much the longitude of the line at azimuth alp1 misses lam12, with its slope and the length there.

    Out       (miss rad, d miss / d alp1, salp2, calp2, distance over the minor axis)
    """
    if sbet1 == 0.0 and calp1 == 0.0:
        calp1 = -_TINY
    salp0 = salp1 * cbet1
    calp0 = math.sqrt(calp1 * calp1 + (salp1 * sbet1) ** 2)
    somg1 = salp0 * sbet1
    comg1 = calp1 * cbet1
    ssig1, csig1 = _unit(sbet1, comg1)
    salp2 = salp0 / cbet2 if cbet2 != cbet1 else salp1
    calp2 = abs(calp1)
    if cbet2 != cbet1 or abs(sbet2) != -sbet1:
        gain = (cbet2 - cbet1) * (cbet1 + cbet2) if cbet1 < -sbet1 else (sbet1 - sbet2) * (sbet1 + sbet2)
        calp2 = math.sqrt(max(0.0, (calp1 * cbet1) ** 2 + gain)) / cbet2
    somg2 = salp0 * sbet2
    comg2 = calp2 * cbet2
    ssig2, csig2 = _unit(sbet2, comg2)
    sig12 = math.atan2(max(0.0, csig1 * ssig2 - ssig1 * csig2), csig1 * csig2 + ssig1 * ssig2)
    somg12 = max(0.0, comg1 * somg2 - somg1 * comg2)
    comg12 = comg1 * comg2 + somg1 * somg2
    eta = math.atan2(somg12 * clam12 - comg12 * slam12, comg12 * clam12 + somg12 * slam12)
    eps = _eps_of(calp0)
    bend = sig12 + _sum3(eps, ssig2, csig2) - _sum3(eps, ssig1, csig1)
    miss = eta - FLATTENING * _a3(eps) * salp0 * bend
    length, reduced = _lengths(eps, sig12, ssig1, csig1, dn1, ssig2, csig2, dn2)
    slope = 0.0
    if calp2 != 0.0:
        slope = reduced / (calp2 * cbet2) * _F1
    elif sbet1 != 0.0:
        slope = -2.0 * _F1 * dn1 / sbet1
    return miss, slope, salp2, calp2, length


@kernel
def _solve(sbet1, cbet1, dn1, sbet2, cbet2, dn2, salp1, calp1, slam12, clam12):
    """The azimuth whose line hits: (salp1, calp1, salp2, calp2, distance over the minor axis)."""
    low_s = _TINY
    low_c = 1.0
    high_s = _TINY
    high_c = -1.0
    is_last = False
    is_close = False
    salp2 = 0.0
    calp2 = 1.0
    length = 0.0
    for count in range(_MOST):
        miss, slope, salp2, calp2, length = _miss(
            sbet1, cbet1, dn1, sbet2, cbet2, dn2, salp1, calp1, slam12, clam12
        )  # fmt: skip
        if is_last or not abs(miss) >= (8.0 if is_close else 1.0) * _EPSILON:
            break
        if miss > 0.0 and calp1 * high_s > high_c * salp1:
            high_s = salp1
            high_c = calp1
        elif miss < 0.0 and calp1 * low_s < low_c * salp1:
            low_s = salp1
            low_c = calp1
        if count < _NEWTON and slope > 0.0:
            turn = -miss / slope
            s = math.sin(turn)
            c = math.cos(turn)
            if salp1 * c + calp1 * s > 0.0 and abs(turn) < math.pi:
                salp1, calp1 = _unit(salp1 * c + calp1 * s, calp1 * c - salp1 * s)
                is_close = abs(miss) <= 16.0 * _EPSILON
                continue
        salp1, calp1 = _unit(0.5 * (low_s + high_s), 0.5 * (low_c + high_c))
        is_close = False
        near = _EPSILON * math.sqrt(_EPSILON)
        is_last = abs(low_s - salp1) + (low_c - calp1) < near or abs(salp1 - high_s) + (calp1 - high_c) < near
    return salp1, calp1, salp2, calp2, length


@kernel
def geodesic_inverse(lat1_rad, lon1_rad, lat2_rad, lon2_rad):
    """The shortest line over the ellipsoid between two places.

    In        geodetic latitudes and longitudes, rad
    Out       (distance_m, azimuth1_rad, azimuth2_rad), azimuths -pi..pi, both forward from the first place to the
              second; nan unless all are finite. Nearly antipodal places have several equal lines: one is given.
    Accuracy  measured on Karney's test set and against PROJ, also nearly antipodal: within 1.2e-8 m
    """
    if not abs(lat1_rad) + abs(lon1_rad) + abs(lat2_rad) + abs(lon2_rad) < 1e300:
        return math.nan, math.nan, math.nan
    # Reflections and a swap bring the line to -pi/2 <= lat1 <= 0, lat1 <= lat2 <= -lat1, 0 <= lam12 <= pi
    lam12 = _within_pi(lon2_rad - lon1_rad)
    east = -1.0 if lam12 < 0.0 else 1.0
    lam12 = abs(lam12)
    swap = -1.0 if abs(lat1_rad) < abs(lat2_rad) else 1.0
    first = lat1_rad if swap > 0.0 else lat2_rad
    second = lat2_rad if swap > 0.0 else lat1_rad
    east *= swap
    north = 1.0 if first < 0.0 else -1.0
    sbet1, cbet1 = _reduced(north * first)
    sbet2, cbet2 = _reduced(north * second)
    if cbet1 < -sbet1:
        if cbet2 == cbet1:
            sbet2 = math.copysign(sbet1, sbet2)
    elif abs(sbet2) == -sbet1:
        cbet2 = cbet1
    dn1 = math.sqrt(1.0 + SECOND_ECCENTRICITY2 * sbet1 * sbet1)
    dn2 = math.sqrt(1.0 + SECOND_ECCENTRICITY2 * sbet2 * sbet2)
    slam12 = math.sin(lam12) if lam12 < math.pi else 0.0
    clam12 = math.cos(lam12)
    is_done = False
    length = 0.0
    salp1 = slam12
    calp1 = clam12
    salp2 = 0.0
    calp2 = 1.0
    if slam12 == 0.0 or cbet1 <= 1e-16:  # along a meridian
        csig1 = calp1 * cbet1
        sig12 = math.atan2(max(0.0, csig1 * sbet2 - sbet1 * cbet2), csig1 * cbet2 + sbet1 * sbet2)
        length, reduced = _lengths(_N, sig12, sbet1, csig1, dn1, sbet2, cbet2, dn2)
        is_done = sig12 < 1.0 or reduced >= 0.0
    if not is_done:
        if sbet1 == 0.0 and lam12 <= (1.0 - FLATTENING) * math.pi:  # along the equator
            salp1 = 1.0
            calp1 = 0.0
            salp2 = 1.0
            calp2 = 0.0
            length = lam12 / _F1
        else:
            sig12, salp1, calp1, salp2, calp2, dnm = _start(sbet1, cbet1, sbet2, cbet2, lam12, slam12, clam12)
            length = sig12 * dnm
            if sig12 < 0.0:
                salp1, calp1, salp2, calp2, length = _solve(
                    sbet1, cbet1, dn1, sbet2, cbet2, dn2, salp1, calp1, slam12, clam12
                )
    if swap < 0.0:
        salp1, salp2 = salp2, salp1
        calp1, calp2 = calp2, calp1
    return (
        length * SEMI_MINOR_M,
        math.atan2(swap * east * salp1, swap * north * calp1),
        math.atan2(swap * east * salp2, swap * north * calp2),
    )
