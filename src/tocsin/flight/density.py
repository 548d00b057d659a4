"""Regions of highest density over sampled landings: tight where the sample bends, splits or mixes sizes.

The density is a sum of Gaussians, one a sample, each shaped by the covariance of its own group of samples (pieces
of one kind land alike). Centres are drawn in toward their group's mean so that the sum keeps that covariance:
Silverman & Young 1987, The bootstrap: to smooth or not to smooth?; West 1993, Approximating posterior distributions
by mixture. The level that holds a share is found on points drawn from the density itself, so that a region holds
its share of fresh landings and not only of the few that made it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tocsin.errors import FlightError
from tocsin.flight.regions import enu_offsets_m, place_offsets, surface_ecef_m

Floats = npt.NDArray[np.float64]

SMOOTHING = 0.6  # standard deviation of one Gaussian, as a share of its group's
LEAST_STD_M = 25.0  # no group is thinner: a polygon of no area holds nothing
POINTS_OF_EACH = 8  # points drawn from each Gaussian to find a level
STATIONS, ACROSS = 24, 40  # grid along the long axis, and across it


def density_regions(
    points_deg: npt.ArrayLike, weights: npt.ArrayLike, groups: npt.ArrayLike, probs: Sequence[float]
) -> list[Floats]:
    """For each of `probs` the region that holds that share of the weight: (k, 2) lat, lon polygons, closed, k <= 49.

    points_deg (n, 2) latitude, longitude; weights (n,) > 0, any unit; groups (n,) numbers that name the kind of each
    sample. One polygon each: across the long axis it spans from the outermost point at the level to the other, so
    that what lies apart is joined, never left out.
    Raises FlightError for no points, values that are not finite, weights not above 0, or a share outside (0, 1).
    """
    points, share = np.asarray(points_deg, dtype=np.float64).reshape(-1, 2), np.asarray(weights, dtype=np.float64)
    kinds = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if not len(points) or not len(points) == len(share) == len(kinds):
        raise FlightError(f"a region needs one weight and group a point, not {len(share)} for {len(points)}")
    if not np.isfinite(points).all() or not np.isfinite(share).all() or not (share > 0.0).all():
        raise FlightError("a region needs finite points and weights above zero")
    if not all(0.0 < prob < 1.0 for prob in probs):
        raise FlightError(f"a region holds a probability between 0 and 1, not {list(probs)!r}")
    share = share / share.sum()
    ecef = surface_ecef_m(points)
    middle = surface_ecef_m(place_offsets([[0.0, 0.0]], share @ ecef))[0]
    offsets = enu_offsets_m(ecef, middle)
    axes = _long_axis_first(offsets - share @ offsets, share)
    density = _Density(offsets @ axes, share, kinds)
    drawn, drawn_share = density.points()
    level = density.log_at(drawn)
    order = np.argsort(-level, kind="stable")
    held = np.cumsum(drawn_share[order])
    regions = []
    for prob in probs:
        count = min(int(np.searchsorted(held, prob)) + 1, len(order))
        ring = _outline(density, float(level[order[count - 1]]), drawn[order[:count]])
        corners = place_offsets(ring @ axes.T, middle)
        regions.append(np.concatenate([corners, corners[:1]]))
    return regions


def _long_axis_first(offsets_m: Floats, share: Floats) -> Floats:
    """(2, 2) orthonormal columns: the direction of greatest spread, and across it."""
    return np.asarray(np.linalg.eigh(offsets_m.T @ (offsets_m * share[:, None]))[1][:, ::-1])


class _Density:
    """A sum of Gaussians over the plane, m; one matrix per group turns offsets into standard ones."""

    def __init__(self, places_m: Floats, share: Floats, kinds: npt.NDArray[np.intp]) -> None:
        self._share, self._parts = share, []
        for kind in range(int(kinds.max()) + 1):
            rows = np.flatnonzero(kinds == kind)
            own = share[rows] / share[rows].sum()
            mean = own @ places_m[rows]
            away = places_m[rows] - mean
            # what a mean and spread of n samples hide from the next one: (n + 1) / (n - 1), for equal weights
            spread = away.T @ (away * own[:, None]) * ((len(rows) + 1) / max(len(rows) - 1, 1))
            root = np.linalg.cholesky(spread + LEAST_STD_M**2 * np.eye(2))
            centres = mean + np.sqrt(1.0 - SMOOTHING**2) * away
            self._parts.append((share[rows], centres, SMOOTHING * root))

    def points(self) -> tuple[Floats, Floats]:
        """Points spread as the density, (m, 2), and the share each stands for, (m,)."""
        places, shares = [], []
        seen = 0
        for share, centres, root in self._parts:
            normal = _normals(seen, len(centres) * POINTS_OF_EACH)
            seen += len(normal)
            places.append(np.repeat(centres, POINTS_OF_EACH, axis=0) + normal @ root.T)
            shares.append(np.repeat(share / POINTS_OF_EACH, POINTS_OF_EACH))
        return np.concatenate(places), np.concatenate(shares)

    def log_at(self, places_m: Floats) -> Floats:
        """Logarithm of the density at (m, 2) places, up to a constant."""
        total = np.zeros(len(places_m))
        for share, centres, root in self._parts:
            inverse = np.linalg.inv(root).T
            there, here = centres @ inverse, places_m @ inverse
            power = here @ there.T
            power -= 0.5 * (here**2).sum(axis=1)[:, None]
            power -= 0.5 * (there**2).sum(axis=1)
            np.exp(power, out=power)
            total += power @ (share / (root[0, 0] * root[1, 1]))
        return np.log(np.maximum(total, 1e-300))


def _outline(density: _Density, level: float, inside_m: Floats) -> Floats:
    """(k, 2) ring, first corner not repeated, round every place at or above a level, given points that lie there."""
    low, high = inside_m.min(axis=0), inside_m.max(axis=0)
    margin = 0.1 * (high[1] - low[1]) + LEAST_STD_M  # the outermost point drawn lies a little within
    low[1] -= margin
    high[1] += margin
    turn = np.cos(np.pi * (np.arange(STATIONS) + 0.5) / STATIONS)  # closer together toward the rounded ends
    along = 0.5 * (low[0] + high[0]) - 0.5 * (high[0] - low[0]) * turn
    across = np.linspace(low[1], high[1], ACROSS)
    grid = np.stack(np.meshgrid(along, across, indexing="ij"), axis=-1)
    above = density.log_at(grid.reshape(-1, 2)).reshape(STATIONS, ACROSS) - level
    sides: list[tuple[float, float, float]] = []
    for row in range(STATIONS):
        found = np.flatnonzero(above[row] >= 0.0)
        if len(found):
            first, last = int(found[0]), int(found[-1])
            sides.append((along[row], _edge(across, above[row], first, -1), _edge(across, above[row], last, 1)))
    if len(sides) < 2:  # thinner than the grid
        sides = [(low[0], low[1], high[1]), (high[0], low[1], high[1])]
    lower, upper = [(s, a) for s, a, _ in sides], [(s, b) for s, _, b in reversed(sides)]
    return np.array([*lower, *upper])


def _edge(across_m: Floats, above: Floats, cell: int, step: int) -> float:
    """Where the level is crossed between a cell and the next one outward."""
    beyond = cell + step
    if not 0 <= beyond < len(above):
        return float(across_m[cell])
    part = above[cell] / max(above[cell] - above[beyond], 1e-12)
    return float(across_m[cell] + part * (across_m[beyond] - across_m[cell]))


@functools.cache
def _all_normals(count: int) -> Floats:
    index = np.arange(1, count + 1)[:, None]
    uniform = np.mod(index * np.sqrt(np.array([2.0, 3.0])), 1.0)
    quantile = NormalDist().inv_cdf
    out = np.array([[quantile(min(max(u, 1e-9), 1.0 - 1e-9)) for u in row] for row in uniform.tolist()])
    out.flags.writeable = False
    return out


def _normals(start: int, count: int) -> Floats:
    """Rows of one fixed low-discrepancy set of standard normal pairs (Richtmyer), (count, 2)."""
    size = 2_048
    while size < start + count:
        size *= 2
    return _all_normals(size)[start : start + count]
