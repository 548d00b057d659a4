"""Windows of one notional site on one predicted path: reach in time by table, nothing else.

A launch at T meets the path at the first time t with t - reach(slant distance at t) = T, where reach is the
site's table (linear between its rows) and the point lies within the site's height and range limits. The path
is sampled every second (cubic Hermite between its points), so times are good to a few milliseconds.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tocsin.kernels.geodesy import ecef_from_geodetic, geodetic_of_many
from tocsin.messages import Column, Vec3
from tocsin.scenario.schema import Site
from tocsin.units import DEG, M_PER_KM, NS_PER_S, ns_from_s

STEP_S = 1.0
MOST_LOOKS = 20


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A predicted path from ``start_ns`` on, every ``STEP_S``: (m,) s after start, (m, 3) m, (m, 3) m/s, (m,) m."""

    start_ns: int
    after_s: Column
    position_ecef_m: Column
    velocity_ecef_m_s: Column
    height_m: Column


class Intercept(msgspec.Struct, frozen=True, kw_only=True):
    """Where a launch meets the path."""

    launch_ns: int
    intercept_ns: int
    position_ecef_m: Vec3
    velocity_ecef_m_s: Vec3


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """From first to last launch, the intercept of the first, and how many fit with a look between."""

    earliest_ns: int
    latest_ns: int
    looks: int
    first: Intercept


def sample_path(path_ns: Column, position_ecef_m: Column, velocity_ecef_m_s: Column, from_ns: int) -> Path | None:
    """The path from ``from_ns`` (or its start, if later) on; None where less than a step of it is left."""
    if len(path_ns) < 2:
        return None
    start_ns = max(from_ns, int(path_ns[0]))
    knots_s = (path_ns - start_ns) / NS_PER_S
    if knots_s[-1] < STEP_S:
        return None
    after_s = np.arange(0.0, knots_s[-1], STEP_S)
    row = np.clip(np.searchsorted(knots_s, after_s, side="right") - 1, 0, len(knots_s) - 2)
    span_s = (knots_s[row + 1] - knots_s[row])[:, None]
    u = (after_s - knots_s[row])[:, None] / span_s
    p0, p1 = position_ecef_m[row], position_ecef_m[row + 1]
    m0, m1 = velocity_ecef_m_s[row] * span_s, velocity_ecef_m_s[row + 1] * span_s
    u2, u3 = u * u, u * u * u
    position = (2 * u3 - 3 * u2 + 1) * p0 + (u3 - 2 * u2 + u) * m0 + (3 * u2 - 2 * u3) * p1 + (u3 - u2) * m1
    velocity = ((6 * u2 - 6 * u) * (p0 - p1) + (3 * u2 - 4 * u + 1) * m0 + (3 * u2 - 2 * u) * m1) / span_s
    height_m = geodetic_of_many(np.ascontiguousarray(position))[:, 2]
    return Path(
        start_ns=start_ns, after_s=after_s, position_ecef_m=position, velocity_ecef_m_s=velocity, height_m=height_m
    )


def site_ecef_m(site: Site) -> Column:
    """(3,) of the site, on the ellipsoid."""
    return np.array(ecef_from_geodetic(site.latitude_deg * DEG, site.longitude_deg * DEG, 0.0))


class Reach:
    """What one site can reach on one path: every question about windows, from one table of launch times."""

    def __init__(self, path: Path, site: Site, height_floor_m: float) -> None:
        self._path = path
        self._site = site
        self._floor_m = max(site.height_min_m, height_floor_m)
        slant_m = np.linalg.norm(path.position_ecef_m - site_ecef_m(site), axis=1)
        self._limit_m = min(site.range_max_m, site.reach_distance_m[-1])
        low, high = path.height_m >= self._floor_m, path.height_m <= site.height_max_m
        self._near_in_height_m = float(slant_m[low & high].min()) if (low & high).any() else math.inf
        self._is_in = low & high & (slant_m <= self._limit_m)
        self._launch_s = path.after_s - np.interp(slant_m, site.reach_distance_m, site.reach_time_s)

    def window(self, ready_ns: int, look_s: float) -> Window | str:
        """The window of a site that can launch from ``ready_ns`` on, or why there is none."""
        if not self._is_in.any():
            return self._why_out_of_reach()
        latest_s = float(self._launch_s[self._is_in].max())
        ready_s = (ready_ns - self._path.start_ns) / NS_PER_S
        first = self.intercept(ready_ns)
        if first is None:
            return f"the last launch that reaches lies {max(ready_s - latest_s, 0.0):.0f} s before it could be ready"
        looks, after = 1, self.intercept(first.intercept_ns + ns_from_s(look_s))
        while after is not None and looks < MOST_LOOKS:
            looks, after = looks + 1, self.intercept(after.intercept_ns + ns_from_s(look_s))
        latest_ns = self._path.start_ns + ns_from_s(latest_s)
        return Window(earliest_ns=first.launch_ns, latest_ns=max(latest_ns, first.launch_ns), looks=looks, first=first)

    def intercept(self, from_ns: int) -> Intercept | None:
        """The first launch at or after ``from_ns`` that reaches, and where; None where the window has passed."""
        from_s = (from_ns - self._path.start_ns) / NS_PER_S
        launch_s, inside = self._launch_s, self._is_in
        pair = inside[:-1] & inside[1:]
        crosses = pair & (np.minimum(launch_s[:-1], launch_s[1:]) <= from_s)
        crosses &= np.maximum(launch_s[:-1], launch_s[1:]) >= from_s
        rows = np.flatnonzero(crosses)
        if len(rows):
            row = int(rows[0])
            rise_s = float(launch_s[row + 1] - launch_s[row])
            part = (from_s - float(launch_s[row])) / rise_s if rise_s != 0.0 else 0.0
            return self._at(row, part, from_ns)
        later = np.where(inside & (launch_s > from_s), launch_s, math.inf)
        row = int(np.argmin(later))
        if not math.isfinite(later[row]):
            return None
        return self._at(row, 0.0, self._path.start_ns + ns_from_s(float(launch_s[row])))

    def _at(self, row: int, part: float, launch_ns: int) -> Intercept:
        path = self._path
        position, velocity = path.position_ecef_m[row], path.velocity_ecef_m_s[row]
        if part > 0.0:  # Hermite over one step, as in sample_path
            p1, v1, u = path.position_ecef_m[row + 1], path.velocity_ecef_m_s[row + 1], part
            blend = (
                2 * u**3 - 3 * u**2 + 1,
                (u**3 - 2 * u**2 + u) * STEP_S,
                3 * u**2 - 2 * u**3,
                (u**3 - u**2) * STEP_S,
            )
            position = blend[0] * position + blend[1] * velocity + blend[2] * p1 + blend[3] * v1
            velocity = (1.0 - u) * velocity + u * v1
        x, y, z = (float(value) for value in position)
        vx, vy, vz = (float(value) for value in velocity)
        return Intercept(
            launch_ns=launch_ns,
            intercept_ns=path.start_ns + ns_from_s(float(path.after_s[row]) + part * STEP_S),
            position_ecef_m=(x, y, z),
            velocity_ecef_m_s=(vx, vy, vz),
        )

    def _why_out_of_reach(self) -> str:
        if not math.isfinite(self._near_in_height_m):
            low_km, high_km = self._floor_m / M_PER_KM, self._site.height_max_m / M_PER_KM
            return f"the rest of the path is never between {low_km:.0f} and {high_km:.0f} km high"
        return (
            f"it comes no nearer than {self._near_in_height_m / M_PER_KM:.0f} km within the heights of the site, "
            f"which reaches {self._limit_m / M_PER_KM:.0f} km"
        )
