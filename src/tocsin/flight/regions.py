"""Regions on the ground: where a share of an uncertain impact, or of debris, comes down.

East and north offsets are azimuthal equidistant about a mean place, on the sphere that fits the ellipsoid there:
distances from the mean keep their length and direction, so a region may be as wide as a continent.
Polygons are (k, 2) latitude, longitude in degrees, closed (first point == last).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.errors import FlightError
from tocsin.kernels.constants import ECCENTRICITY2, SEMI_MAJOR_M
from tocsin.kernels.geodesy import ecef_of_many, enu_axes, geodetic_from_ecef, geodetic_of_many

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_WIDEST_RAD = 0.98 * math.pi  # an offset never reaches the antipode, where direction is lost
_WIDEST_RING_RAD = 0.49 * math.pi  # a ring stays within a hemisphere, so that its inside is never in doubt
_LEAST_SIGMA_M = 1.0  # a region is never thinner: a polygon of no area holds nothing
_ECCENTRICITY = math.sqrt(ECCENTRICITY2)


def _frame(mean_ecef_m: npt.ArrayLike) -> tuple[Floats, Floats, float]:
    """Mean place (3,), its east, north, up axes (3, 3) and the mean radius of curvature, m."""
    mean = np.array(mean_ecef_m, dtype=np.float64).reshape(3)
    lat, lon, _ = geodetic_from_ecef(mean[0], mean[1], mean[2])
    # Gaussian radius sqrt(M N)
    radius = SEMI_MAJOR_M * math.sqrt(1.0 - ECCENTRICITY2) / (1.0 - ECCENTRICITY2 * math.sin(lat) ** 2)
    return mean, enu_axes(lat, lon), radius


def surface_ecef_m(points_deg: npt.ArrayLike) -> Floats:
    """(n, 2) latitude, longitude in degrees to (n, 3) ECEF on the ellipsoid, m."""
    places = np.zeros((len(np.asarray(points_deg)), 3))
    places[:, :2] = np.deg2rad(np.asarray(points_deg, dtype=np.float64))
    return np.asarray(ecef_of_many(places))


def enu_offsets_m(points_ecef_m: npt.ArrayLike, mean_ecef_m: npt.ArrayLike) -> Floats:
    """(n, 2) east and north of each point from the mean, m along the ground; the inverse of `place_offsets`.

    Accuracy: within 0.3 % of the geodesic's length up to 2000 km.
    """
    mean, axes, radius = _frame(mean_ecef_m)
    local = (np.asarray(points_ecef_m, dtype=np.float64).reshape(-1, 3) - mean) @ axes.T
    level = np.hypot(local[:, 0], local[:, 1])
    arc = radius * np.arctan2(level, radius + local[:, 2])
    ratio = np.divide(arc, level, out=np.ones_like(arc), where=level > 0.0)
    return np.asarray(local[:, :2] * ratio[:, None])


def place_offsets(offsets_m: npt.ArrayLike, mean_ecef_m: npt.ArrayLike) -> Floats:
    """(n, 2) east and north from the mean, m, to (n, 2) latitude, longitude in degrees."""
    mean, axes, radius = _frame(mean_ecef_m)
    offsets = np.asarray(offsets_m, dtype=np.float64).reshape(-1, 2)
    length = np.hypot(offsets[:, 0], offsets[:, 1])
    angle = np.minimum(length / radius, _WIDEST_RAD)
    unit = np.divide(offsets, length[:, None], out=np.zeros_like(offsets), where=length[:, None] > 0.0)
    level = unit * (radius * np.sin(angle))[:, None]
    up = radius * (np.cos(angle) - 1.0)
    points = mean + level @ axes[:2] + up[:, None] * axes[2]
    return np.rad2deg(geodetic_of_many(points)[:, :2])


def ellipse_polygon(
    mean_ecef_m: npt.ArrayLike, covariance_en_m2: npt.ArrayLike, prob: float, count: int = 48
) -> Floats:
    """The region of highest density that holds `prob` of a Gaussian, as a polygon of `count` + 1 points.

    covariance_en_m2 is (2, 2), east and north about the mean, m2. Chi-square with two degrees of freedom has the
    closed form quantile -2 ln(1 - prob). The polygon is widened so that its *area* equals the ellipse's, and
    clipped at 9800 km from the mean.
    Raises FlightError for a probability outside (0, 1) or a covariance that is not finite.
    """
    if not 0.0 < prob < 1.0:
        raise FlightError(f"a region holds a probability between 0 and 1, not {prob!r}")
    return _ellipse(mean_ecef_m, _square_root(covariance_en_m2), math.sqrt(-2.0 * math.log1p(-prob)), count)


def _square_root(covariance_en_m2: npt.ArrayLike) -> Floats:
    """(2, 2) symmetric square root, with every axis at least a metre."""
    covariance = np.asarray(covariance_en_m2, dtype=np.float64)
    if covariance.shape != (2, 2) or not np.isfinite(covariance).all():
        raise FlightError(f"a region needs a finite (2, 2) covariance in m2, not {covariance.tolist()!r}")
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    sigmas = np.sqrt(np.maximum(values, _LEAST_SIGMA_M**2))
    return np.asarray((vectors * sigmas) @ vectors.T)


def _ellipse(mean_ecef_m: npt.ArrayLike, root: Floats, scale: float, count: int) -> Floats:
    if count < 8:
        raise FlightError(f"an ellipse needs at least 8 points, not {count!r}")
    turn = 2.0 * math.pi / count
    widen = math.sqrt(turn / math.sin(turn))
    angles = turn * np.arange(count)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    offsets = circle @ root * (scale * widen)
    length = np.hypot(offsets[:, 0], offsets[:, 1])
    offsets *= np.minimum(1.0, _WIDEST_RING_RAD * SEMI_MAJOR_M / length)[:, None]
    ring = place_offsets(offsets, mean_ecef_m)
    return np.concatenate([ring, ring[:1]])


def mass_region_polygon(points_deg: npt.ArrayLike, weights: npt.ArrayLike, prob: float, count: int = 48) -> Floats:
    """The ellipse, shaped by the weighted covariance of sampled points, that holds `prob` of their weight.

    points_deg (n, 2) latitude, longitude; weights (n,) >= 0, any unit (kg, people). The size is the weighted
    quantile of the points' own distances, not a Gaussian's: the share held is true of the sample whatever its
    shape, but the region is wider than need be where the sample bends or splits.
    Raises FlightError for no points, no weight, values that are not finite, or a probability outside (0, 1).
    """
    if not 0.0 < prob < 1.0:
        raise FlightError(f"a region holds a probability between 0 and 1, not {prob!r}")
    share = np.asarray(weights, dtype=np.float64).reshape(-1)
    points = np.asarray(points_deg, dtype=np.float64).reshape(-1, 2)
    if len(points) != len(share) or not np.isfinite(points).all() or not np.isfinite(share).all():
        raise FlightError(f"a region needs one finite weight a point, not {len(share)} for {len(points)}")
    if (share < 0.0).any() or not share.sum() > 0.0:
        raise FlightError("a region needs weights that are not negative and not all zero")
    share = share / share.sum()
    ecef = surface_ecef_m(points)
    mean = share @ ecef  # its geodetic foot serves as the centre
    offsets = enu_offsets_m(ecef, _on_ground(mean))
    centre = _on_ground(surface_ecef_m(place_offsets(share @ offsets, _on_ground(mean)))[0])
    offsets = enu_offsets_m(ecef, centre)
    root = _square_root(offsets.T @ (offsets * share[:, None]))
    distance = np.linalg.norm(np.linalg.solve(root, offsets.T), axis=0)
    order = np.argsort(distance, kind="stable")
    held = np.cumsum(share[order])
    scale = float(distance[order][min(int(np.searchsorted(held, prob - 1e-12)), len(held) - 1)])
    # the chord of a polygon cuts inside its ellipse: reach out so that the outermost point counted is inside
    return _ellipse(centre, root, max(scale, 1e-3) / math.cos(math.pi / count) ** 0.5, count)


def _on_ground(mean_ecef_m: Floats) -> Floats:
    lat, lon, _ = geodetic_from_ecef(mean_ecef_m[0], mean_ecef_m[1], mean_ecef_m[2])
    return surface_ecef_m([[math.degrees(lat), math.degrees(lon)]])[0]


def _unit_vectors(lat_rad: Any, lon_rad: Any) -> Floats:
    return np.stack([np.cos(lat_rad) * np.cos(lon_rad), np.cos(lat_rad) * np.sin(lon_rad), np.sin(lat_rad)], axis=-1)


def _plane(rows: Floats, centre: Floats, equal_area: bool) -> Floats:
    """Azimuthal projection of unit vectors (n, 3) about a unit centre: equidistant, or equal-area. (n, 2)."""
    east = np.cross([0.0, 0.0, 1.0], centre)
    length = float(np.linalg.norm(east))
    east = east / length if length > 1e-12 else np.array([0.0, 1.0, 0.0])
    flat = rows @ np.stack([east, np.cross(centre, east)], axis=1)
    level = np.hypot(flat[:, 0], flat[:, 1])
    angle = np.arctan2(level, rows @ centre)
    wanted = 2.0 * np.sin(0.5 * angle) if equal_area else angle
    ratio = np.divide(wanted, level, out=np.ones_like(level), where=level > 0.0)
    return np.asarray(flat * ratio[:, None])


def _centre(rows: Floats) -> Floats:
    total = rows.sum(axis=0)
    length = float(np.linalg.norm(total))
    return np.asarray(total / length) if length > 1e-9 else np.array([1.0, 0.0, 0.0])


def _ring(polygon_deg: npt.ArrayLike) -> Floats:
    ring = np.asarray(polygon_deg, dtype=np.float64)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 4:
        raise FlightError(f"a polygon is (k, 2) latitude, longitude with k >= 4, closed; not shape {ring.shape}")
    return ring


def contains(polygon_deg: npt.ArrayLike, lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> Bools:
    """For each place whether it lies inside the polygon; antimeridian and poles need no care.

    Edges are straight in the plane about the polygon's centre: as on any map where the polygon is small.
    lat_deg and lon_deg are scalars or arrays of one shape, which is the result's shape.
    """
    ring = np.deg2rad(_ring(polygon_deg))
    corners = _unit_vectors(ring[:, 0], ring[:, 1])
    centre = _centre(corners[:-1])
    corners = _plane(corners, centre, equal_area=False)
    lat, lon = np.broadcast_arrays(np.deg2rad(lat_deg), np.deg2rad(lon_deg))
    places = _plane(_unit_vectors(lat.reshape(-1), lon.reshape(-1)), centre, equal_area=False)
    x, y = places[:, 0:1], places[:, 1:2]
    x0, y0, x1, y1 = corners[:-1, 0], corners[:-1, 1], corners[1:, 0], corners[1:, 1]
    straddles = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crosses = straddles & (x < x0 + (y - y0) * (x1 - x0) / rise)
    return np.asarray(crosses.sum(axis=1) % 2 == 1).reshape(lat.shape)


def polygon_area_m2(polygon_deg: npt.ArrayLike) -> float:
    """Area of a polygon on the WGS-84 ellipsoid, m2, whichever way round it is drawn.

    By authalic latitude (Snyder 1987, eq. 3-11 and 3-12) and Lambert's equal-area plane about the polygon's centre.
    """
    ring = np.deg2rad(_ring(polygon_deg))
    pole = float(_authalic_q(np.array([1.0]))[0])
    sin_authalic = np.clip(_authalic_q(np.sin(ring[:, 0])) / pole, -1.0, 1.0)
    rows = _unit_vectors(np.arcsin(sin_authalic), ring[:, 1])
    flat = _plane(rows, _centre(rows[:-1]), equal_area=True)
    twice = np.sum(flat[:-1, 0] * flat[1:, 1] - flat[1:, 0] * flat[:-1, 1])
    return abs(float(twice)) * 0.5 * SEMI_MAJOR_M**2 * pole / 2.0


def _authalic_q(sin_lat: Floats) -> Floats:
    es = _ECCENTRICITY * sin_lat
    return np.asarray((1.0 - ECCENTRICITY2) * (sin_lat / (1.0 - es * es) + np.arctanh(es) / _ECCENTRICITY))
