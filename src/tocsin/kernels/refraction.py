"""How the air bends a radar's rays: apparent against true elevation and range, and the horizon.

Exponential atmosphere n(h) = 1 + 1e-6 N0 exp(-h / 6.95 km) about a sphere of the mean radius; heights are ellipsoidal.
Angles rad, lengths m; `n0` is the surface refractivity in N-units at height 0. An apparent range is optical path:
the delay times the speed of light. What a ray through the ground would have to show is placed below the horizon, by as
much as its chord lies below that of the ray that touches `_FLOOR_M`; its exact place means nothing.

Bouguer's law, n r cos(elevation) = k, leaves integrals over height. With s = n r sin(elevation), signed, so that
k^2 + s^2 = (n r)^2:  bending = int -n' k / (n s) dh,  optical path = s_1 - s_0 + int -n' n r^2 / s dh.
The substitution h = base + x^2 - a takes the zero of s at the ray's lowest point away; ten Gauss nodes do.
Source: Bean and Dutton, Radio Meteorology, NBS Monograph 92 (1966), ch. 3 (N0 313, 0.1439 per km); Born and Wolf,
Principles of Optics (7th ed., 1999), sec. 3.2.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M

_DECAY_PER_M = 0.1439e-3  # 1/m, Bean and Dutton, CRPL exponential reference atmosphere
_CUT_M = 100_000.0  # m, above which nothing bends: 6e-7 of the surface refractivity is left
_FLOOR_M = -500.0  # m, below every radar and target; the index stays as it is from there down
_FLOOR_RADIUS_M = MEAN_EARTH_RADIUS_M + _FLOOR_M
_DEEP_M = -30_000.0  # m, a ray that would have its lowest point deeper is reckoned from its site
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_ENOUGH_RAD = 1e-11
_ENOUGH_M = 1e-5
_ITERATIONS = 12  # three or four are needed


@kernel
def _excess(height_m, n0):
    """Refractive index less one."""
    return 1e-6 * n0 * math.exp(-_DECAY_PER_M * max(height_m, _FLOOR_M))


@kernel
def _height_of(radius_by_index_m, n0, above_m):
    """Height at which n r has a value, by Newton's method from a height above it (n r is convex)."""
    nu = _excess(_FLOOR_M, n0)
    low_m = radius_by_index_m / (1.0 + nu) - MEAN_EARTH_RADIUS_M
    if low_m <= _FLOOR_M:
        return low_m
    h = above_m
    for _ in range(8):
        nu = _excess(h, n0)
        r = MEAN_EARTH_RADIUS_M + h
        step = ((1.0 + nu) * r - radius_by_index_m) / max(1.0 + nu - _DECAY_PER_M * nu * r, 0.1)
        h = max(h - step, _FLOOR_M)
        if abs(step) < 1e-3:  # the next step is 1e-5 of it, squared
            break
    return h


@kernel
def _integrals(height_m, s, k, far_height_m, far_s, n0):
    """Bending rad and the integral of the optical path m, along a ray from s to far_s > s."""
    base_m = height_m
    nu_base = _excess(height_m, n0)
    r_base = MEAN_EARTH_RADIUS_M + height_m
    p_base = (1.0 + nu_base) * r_base
    s2_base = s * s
    lift = s2_base / (2.0 * p_base * max(1.0 + nu_base - _DECAY_PER_M * nu_base * r_base, 0.1))
    if s < 0.0:
        low_m = _height_of(k, n0, height_m)
        if low_m > _DEEP_M:
            base_m, lift, s2_base, p_base = low_m, 0.0, 0.0, k
            nu_base = _excess(low_m, n0)
            r_base = MEAN_EARTH_RADIUS_M + low_m
    x_from = math.sqrt(max(min(height_m, _CUT_M) - base_m + lift, 0.0))
    x_to = math.sqrt(max(min(far_height_m, _CUT_M) - base_m + lift, 0.0))
    if s < 0.0:
        x_from = -x_from
    if far_s < 0.0:
        x_to = -x_to
    half = 0.5 * (x_to - x_from)
    middle = 0.5 * (x_to + x_from)
    bending = 0.0
    path = 0.0
    for i in range(_NODES.shape[0]):
        x = middle + half * _NODES[i]
        x2 = max(x * x, 1e-6)
        up_m = x2 - lift
        h = base_m + up_m
        nu = _excess(h, n0)
        r = MEAN_EARTH_RADIUS_M + h
        slope = _DECAY_PER_M * nu if h > _FLOOR_M else 0.0
        # n r less that of the base, written so that s / x keeps its digits where both vanish
        by_m = (nu - nu_base) / up_m if abs(up_m) > 1e-3 else -slope
        rise = up_m * (1.0 + nu + r_base * by_m)
        s2 = s2_base + rise * (2.0 * p_base + rise)
        part = _WEIGHTS[i] * slope * 2.0 * math.sqrt(x2 / max(s2, 1.0e-6))
        bending += part / (1.0 + nu)
        path += part * (1.0 + nu) * r * r
    return half * k * bending, half * path


@kernel
def _far_s(height_m, s, far_height_m, n0):
    """n r |sin(elevation)| where a ray passes another height; 0 where it does not come there."""
    nu = _excess(height_m, n0)
    n_far = 1.0 + _excess(far_height_m, n0)
    r = MEAN_EARTH_RADIUS_M + height_m
    rise = n_far * (far_height_m - height_m) + r * (n_far - 1.0 - nu)
    return math.sqrt(max(s * s + rise * (2.0 * (1.0 + nu) * r + rise), 0.0))


@kernel
def bend(site_height_m, elevation_rad, range_m, n0):
    """Where a radar sees what stands at a true elevation and range.

    Out       (apparent_elevation_rad, apparent_range_m)
    Accuracy  measured against the eikonal equation (scipy DOP853 at 1e-12), sites to 10 km, -2 to 90 deg, 1 to
              4000 km, targets to 1000 km: 2e-8 rad, 1.2 mm (of them 1 mm from the air above 100 km); 0.7 to 1.1 us
    A hidden target comes out below the horizon, at its true range.
    """
    r_site = MEAN_EARTH_RADIUS_M + site_height_m
    sin_e, cos_e = math.sin(elevation_rad), math.cos(elevation_rad)
    rise = range_m * (2.0 * r_site * sin_e + range_m)
    r_far = math.sqrt(max(r_site * r_site + rise, 1.0))
    up_m = rise / (r_far + r_site)  # of the target over the site
    # from the lower end, whose ray always reaches the height of the other
    is_down = up_m < 0.0
    low_m = site_height_m
    chord_rad = elevation_rad
    if is_down:
        low_m = site_height_m + up_m
        drop_m = 0.5 * (range_m * range_m - up_m * up_m) / r_far  # of the site under the lower end's horizontal
        chord_rad = math.atan2(-up_m - drop_m, r_site * range_m * cos_e / r_far)
    high_m = low_m + abs(up_m)
    r_low = MEAN_EARTH_RADIUS_M + low_m
    if range_m < 1.0:
        return elevation_rad, range_m
    p_low = (1.0 + _excess(low_m, n0)) * r_low
    r_high = r_low + abs(up_m)
    grazing_rad = -math.atan2(_far_s(_FLOOR_M, 0.0, low_m, n0), (1.0 + _excess(_FLOOR_M, n0)) * _FLOOR_RADIUS_M)
    e = max(chord_rad, grazing_rad)
    e_before, miss_before = 0.0, 0.0
    s = k = s_high = path = 0.0
    for i in range(_ITERATIONS):
        s = p_low * math.sin(e)
        k = p_low * math.cos(e)
        s_high = _far_s(low_m, s, high_m, n0)
        bending, path = _integrals(low_m, s, k, high_m, s_high, n0)
        angle = math.atan2(s_high, k) - e + bending
        half_sine = math.sin(0.5 * angle)
        miss = chord_rad - math.atan2(abs(up_m) - 2.0 * r_high * half_sine * half_sine, r_high * math.sin(angle))
        if e == grazing_rad and miss < 0.0:
            return (miss - math.atan2(s_high, k) if is_down else e + miss), range_m
        if abs(miss) < _ENOUGH_RAD:
            break
        step = miss
        if i > 0 and miss != miss_before:
            step = -miss * (e - e_before) / (miss - miss_before)
        e_before, miss_before = e, miss
        e = min(max(e + step, grazing_rad), 0.5 * math.pi)
    return (-math.atan2(s_high, k) if is_down else e), s_high - s + path


@kernel
def unbend(site_height_m, apparent_elevation_rad, apparent_range_m, n0):
    """Where a target stands that a radar sees at an apparent elevation and range: the inverse of `bend`.

    Out       (elevation_rad, range_m)
    Accuracy  as `bend`; unbend of bend gives back 1e-10 rad and 1 mm; 0.4 to 1 us
    """
    nu = _excess(site_height_m, n0)
    r_site = MEAN_EARTH_RADIUS_M + site_height_m
    p = (1.0 + nu) * r_site
    s = p * math.sin(apparent_elevation_rad)
    k = p * math.cos(apparent_elevation_rad)
    far_s = s + apparent_range_m
    if apparent_range_m < 1.0:
        return apparent_elevation_rad, apparent_range_m
    under_rad = 0.0  # how far below the lowest ray it looks
    k_floor = (1.0 + _excess(_FLOOR_M, n0)) * _FLOOR_RADIUS_M
    if s < 0.0 and k < k_floor and s + apparent_range_m > -_far_s(site_height_m, s, _FLOOR_M, n0):
        s = -_far_s(_FLOOR_M, 0.0, site_height_m, n0)
        k = k_floor
        grazing_rad = math.atan2(s, k)
        under_rad = apparent_elevation_rad - grazing_rad
        apparent_elevation_rad = grazing_rad
        far_s = s + apparent_range_m
    far_m = 0.0
    bending = 0.0
    for _ in range(_ITERATIONS):
        p_far = math.sqrt(k * k + far_s * far_s)
        far_m = _height_of(p_far, n0, p_far - MEAN_EARTH_RADIUS_M)
        bending, path = _integrals(site_height_m, s, k, far_m, far_s, n0)
        miss = far_s - s + path - apparent_range_m
        if abs(miss) < _ENOUGH_M:
            break
        nu = _excess(far_m, n0) if _FLOOR_M < far_m < _CUT_M else 0.0
        by_path = _DECAY_PER_M * nu * (MEAN_EARTH_RADIUS_M + far_m)
        far_s -= miss * max(1.0 + nu - by_path, 0.1) / (1.0 + nu)
    angle = math.atan2(far_s, k) - apparent_elevation_rad + bending
    r_far = MEAN_EARTH_RADIUS_M + far_m
    half_sine = math.sin(0.5 * angle)
    up_m = far_m - site_height_m
    elevation_rad = math.atan2(up_m - 2.0 * r_far * half_sine * half_sine, r_far * math.sin(angle))
    return elevation_rad + under_rad, math.sqrt(up_m * up_m + 4.0 * r_site * r_far * half_sine * half_sine)


@kernel
def ray_central_angle_rad(site_height_m, apparent_elevation_rad, target_height_m, n0):
    """Central angle at which a ray that leaves at an apparent elevation comes up through a height; 0: it never does.

    A target at that height and not further than this stands on or above the ray, except, for a ray that first
    goes down, where it stands under the ray's way down.
    """
    p = (1.0 + _excess(site_height_m, n0)) * (MEAN_EARTH_RADIUS_M + site_height_m)
    s = p * math.sin(apparent_elevation_rad)
    k = p * math.cos(apparent_elevation_rad)
    if target_height_m < site_height_m and (s >= 0.0 or target_height_m < _height_of(k, n0, site_height_m)):
        return 0.0
    far_s = _far_s(site_height_m, s, target_height_m, n0)
    bending, _ = _integrals(site_height_m, s, k, target_height_m, far_s, n0)
    return math.atan2(far_s, k) - apparent_elevation_rad + bending


@kernel
def horizon_apparent_elevation_rad(site_height_m, n0):
    """Apparent elevation of the ray that touches the Earth (height 0); 0 for a site at or below that height."""
    height_m = max(site_height_m, 0.0)
    return -math.atan2(_far_s(0.0, 0.0, height_m, n0), (1.0 + _excess(0.0, n0)) * MEAN_EARTH_RADIUS_M)


@kernel
def bend_many(site_height_m, elevation_rad, range_m, n0):
    """`bend` of each row: (n,), (n,) in, (n,), (n,) out."""
    apparent_elevation_rad = np.empty(range_m.shape[0])
    apparent_range_m = np.empty(range_m.shape[0])
    for i in range(range_m.shape[0]):
        apparent_elevation_rad[i], apparent_range_m[i] = bend(site_height_m, elevation_rad[i], range_m[i], n0)
    return apparent_elevation_rad, apparent_range_m


@kernel
def unbend_many(site_height_m, apparent_elevation_rad, apparent_range_m, n0):
    """`unbend` of each row: (n,), (n,) in, (n,), (n,) out."""
    elevation_rad = np.empty(apparent_range_m.shape[0])
    range_m = np.empty(apparent_range_m.shape[0])
    for i in range(apparent_range_m.shape[0]):
        elevation_rad[i], range_m[i] = unbend(site_height_m, apparent_elevation_rad[i], apparent_range_m[i], n0)
    return elevation_rad, range_m


@kernel
def ray_central_angle_rad_many(site_height_m, apparent_elevation_rad, target_height_m, n0):
    """`ray_central_angle_rad` for one elevation and n target heights: (n,) out."""
    angle_rad = np.empty(target_height_m.shape[0])
    for i in range(target_height_m.shape[0]):
        angle_rad[i] = ray_central_angle_rad(site_height_m, apparent_elevation_rad, target_height_m[i], n0)
    return angle_rad
