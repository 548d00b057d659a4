"""Two objects close together before one or two radars, seeded: a spent stage that leaves, paths that cross, a pair.

Generic round numbers, notional. The radars measure as those of the demo; what lies in one resolution cell gives one
plot at the mean weighted by echo power, which fluctuates. Truth is known to the scores alone.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np

from tocsin.kernels import advance, ecef_from_geodetic, enu_axes, geodetic_from_ecef
from tocsin.messages import Detections, SweptVolume, column
from tocsin.tracking.bound import ballistic_bound
from tocsin.tracking.looks import Looks, moved, radar_view

Kind = Literal["separation", "crossing", "pair"]
START_NS = 1_772_614_800_000_000_000
CALM = np.zeros(4)
STD = np.array((30.0, math.radians(0.06), math.radians(0.06), 5.0))  # range, azimuth, elevation, range rate
HAS_RATE = (True, False)  # of each radar
CELL_RANGE_M, BEAM_RAD = 75.0, math.radians(1.5)  # of one resolution cell
DETECTION_PROB = 0.9
CLUTTER = 5.0  # false plots a scan, on average
SECTOR = (0.0, 2.0 * math.pi, math.radians(1.0), math.radians(85.0), 2e4, 1.5e6)  # azimuth, elevation, range
FALSE_RATE_M_S = 3_000.0
RESOLVED_SIGMA, RESOLVED_SCANS, OF_SCANS = 3.0, 3, 5  # what resolvable means
AFTER_S, LONGEST_S = 40.0, 300.0  # a scene ends so long after the objects became resolvable, or at the latest
BODY_BETA, STAGE_BETA = 4_000.0, 500.0  # kg/m2
JOINT, CLUTTER_PLOT = 2, -1  # origins of a plot that is of both objects, and of none


@dataclasses.dataclass(frozen=True)
class Look:
    """A scan: plots z (p, 4) and their origins; spread (4, 4) covariance of the innovation; truth (n, 6); how far
    the objects are apart, and whether that is more than three sigma, in two cells."""

    radar: int
    time_s: float
    z: np.ndarray
    origin: np.ndarray
    spread: np.ndarray
    truth: np.ndarray
    distance_sigma: float
    is_apart: bool


@dataclasses.dataclass(frozen=True)
class Scene:
    kind: Kind
    sites: np.ndarray
    looks: list[Look]
    event_s: float  # separation, or nearest approach
    resolvable_s: float  # from when the objects can be told apart


def scene(kind: Kind, seed: int) -> Scene:
    """The scene of a seed; draws are made again until the objects become resolvable."""
    rng = np.random.default_rng([seed, ("separation", "crossing", "pair").index(kind)])
    while True:
        found = _attempt(kind, rng, seed)
        if found is not None:
            return found


def _attempt(kind: Kind, rng: np.random.Generator, seed: int) -> Scene | None:
    sites = np.array([_place(36.0, 40.0, 500.0), _place(38.0, 39.0, 900.0)])
    radars = ((0,), (0, 1), (1,), (0, 1))[seed % 4]
    is_low = kind == "separation" and seed % 3 == 0
    start = _falling(rng) if is_low else _climbing(rng)
    event_s = round(rng.uniform(20.0, 35.0), 1) if kind != "crossing" else 45.0
    times = sorted((round(t + 0.37 * r, 2), r) for t in range(1, int(LONGEST_S)) for r in radars)
    spreads = _spreads(start, sites, times)
    objects, betas = _objects(kind, start, event_s, rng)
    weight = np.exp(rng.normal((0.0, 1.5), 0.7))  # echo power, on average: the tumbling stage is the larger
    looks: list[Look] = []
    now_s, resolvable_s, apart = 0.0, math.inf, []
    is_parted = kind != "separation"
    for (time_s, radar), spread in zip(times, spreads, strict=True):
        if not is_parted and time_s > event_s:
            objects = _moved(objects, betas, event_s - now_s)
            objects, now_s, is_parted = _parted(objects[0], rng), event_s, True
        objects, now_s = _moved(objects, betas, time_s - now_s), time_s
        if min(geodetic_from_ecef(*each[:3])[2] for each in objects) < 5e3:
            break
        look = _look(objects, sites[radar], radar, time_s, spread, weight, rng)
        looks.append(look)
        apart.append(look.is_apart)
        if resolvable_s == math.inf and sum(apart[-OF_SCANS:]) >= RESOLVED_SCANS:
            resolvable_s = time_s
        if time_s > max(resolvable_s, event_s) + AFTER_S:
            return Scene(kind, sites, looks, event_s, resolvable_s)
    if is_low and resolvable_s + 15.0 < now_s:
        return Scene(kind, sites, looks, event_s, resolvable_s)
    return None


def _place(latitude_deg: float, longitude_deg: float, height_m: float) -> np.ndarray:
    return np.array(ecef_from_geodetic(math.radians(latitude_deg), math.radians(longitude_deg), height_m))


def _climbing(rng: np.random.Generator) -> np.ndarray:
    """A generic cut-off: 70 to 130 km high, 2.2 to 2.9 km/s, 25 to 45 deg up, toward the west."""
    return _launched(rng, 33.5 + 3.0 * rng.random(), 46.0 + 3.0 * rng.random(), rng.uniform(70e3, 130e3),
                     rng.uniform(0.4, 0.75))  # fmt: skip


def _falling(rng: np.random.Generator) -> np.ndarray:
    """The same on its way down, 130 km high and 200 to 400 km from the first radar."""
    return _launched(rng, 35.5 + 1.0 * rng.random(), 43.0 + 1.5 * rng.random(), 130e3, -rng.uniform(0.6, 0.8))


def _launched(
    rng: np.random.Generator, latitude_deg: float, longitude_deg: float, height_m: float, climb_rad: float
) -> np.ndarray:
    axes = enu_axes(math.radians(latitude_deg), math.radians(longitude_deg))
    course = math.radians(270.0 + rng.uniform(-30.0, 30.0))
    level = math.sin(course) * axes[0] + math.cos(course) * axes[1]
    speed = rng.uniform(2_200.0, 2_900.0)
    velocity = speed * (math.cos(climb_rad) * level + math.sin(climb_rad) * axes[2])
    return np.concatenate((_place(latitude_deg, longitude_deg, height_m), velocity))


def _objects(
    kind: Kind, start: np.ndarray, event_s: float, rng: np.random.Generator
) -> tuple[list[np.ndarray], tuple[float, float]]:
    if kind == "separation":
        return [start], (BODY_BETA, STAGE_BETA)
    way = rng.standard_normal(3)
    way /= np.linalg.norm(way)
    aside = np.cross(way, rng.standard_normal(3))
    aside /= np.linalg.norm(aside)
    if kind == "pair":
        other = start + np.concatenate((10.0 ** rng.uniform(2.0, 3.3) * aside, rng.uniform(0.0, 2.0) * way))
        return [start, other], (BODY_BETA, BODY_BETA)
    speed = 10.0 ** rng.uniform(1.3, 2.5)
    there = _moved([start], (BODY_BETA,), event_s)[0]
    there = there + np.concatenate((rng.uniform(0.0, 300.0) * aside, speed * way))
    return [start, _moved([there], (BODY_BETA,), -event_s)[0]], (BODY_BETA, BODY_BETA)


def _parted(whole: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Body and stage: 1 to 20 m/s apart along the velocity, give or take 0.3 of it aside; the stage is the lighter."""
    speed = rng.uniform(1.0, 20.0)
    way = whole[3:] / np.linalg.norm(whole[3:]) + 0.3 * rng.standard_normal(3)
    way /= np.linalg.norm(way)
    push = np.concatenate((np.zeros(3), speed * way))
    return [whole + 0.3 * push, whole - 0.7 * push]


def _moved(objects: list[np.ndarray], betas: tuple[float, ...], dt_s: float) -> list[np.ndarray]:
    return [
        np.concatenate(advance(each[:3].copy(), each[3:].copy(), beta, CALM, dt_s, 0.5))
        for each, beta in zip(objects, betas, strict=False)
    ]


def _spreads(start: np.ndarray, sites: np.ndarray, times: list[tuple[float, int]]) -> list[np.ndarray]:
    """Covariance of the innovation of each look, (4, 4), of a track that is as good as the bound allows."""
    std = np.array([np.where((True, True, True, HAS_RATE[radar]), STD, math.inf) for _, radar in times])
    seconds = np.array([time_s for time_s, _ in times])
    looks = Looks(seconds, sites[[radar for _, radar in times]], *std.T)
    bound = ballistic_bound(looks, start, beta_kg_m2=BODY_BETA, log_beta_std=0.3)
    noise = np.diag(np.square(STD))
    spreads = [1e6 * noise]
    for k in range(1, len(times)):
        ahead, transition = moved(bound.state[k - 1], BODY_BETA, seconds[k] - seconds[k - 1], 1.0)
        slope = radar_view(ahead, looks.site_ecef_m[k])[1] @ transition[:6]
        cov = slope @ bound.covariance[k - 1] @ slope.T
        is_known = bool((np.diag(cov) < 1e6 * np.diag(noise)).all())  # after one look: inf, or rounding
        spreads.append((cov if is_known else 1e6 * noise) + noise)
    return spreads


def distance_sigma(a: np.ndarray, b: np.ndarray, spread: np.ndarray, radar: int) -> float:
    """How far two measurements (4,) are apart, in sigmas of the innovation."""
    rows = 4 if HAS_RATE[radar] else 3
    d = a - b
    d[1] -= 2.0 * math.pi * round(d[1] / (2.0 * math.pi))
    return math.sqrt(float(d[:rows] @ np.linalg.solve(spread[:rows, :rows], d[:rows])))


def _look(
    objects: list[np.ndarray], site: np.ndarray, radar: int, time_s: float, spread: np.ndarray, weight: np.ndarray,
    rng: np.random.Generator,
) -> Look:  # fmt: skip
    true = [radar_view(each, site)[0] for each in objects]
    echoes = [(each, k) for k, each in enumerate(true)]
    away, is_apart = 0.0, False
    if len(true) == 1:
        echoes = [(true[0], JOINT)]
    else:
        d = np.abs(true[0] - true[1])
        away = distance_sigma(true[0], true[1], spread, radar)
        if d[0] < CELL_RANGE_M and d[1] * math.cos(true[0][2]) < BEAM_RAD and d[2] < BEAM_RAD:
            power = weight * rng.exponential(1.0, 2)
            echoes = [((power[0] * true[0] + power[1] * true[1]) / power.sum(), JOINT)]
        else:
            is_apart = away > RESOLVED_SIGMA
    rows, origin = [], []
    for echo, source in echoes:
        if rng.random() < DETECTION_PROB:
            rows.append(echo + STD * rng.standard_normal(4))
            origin.append(source)
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = SECTOR
    for _ in range(rng.poisson(CLUTTER)):
        rows.append(np.array((rng.uniform(near_m, far_m), rng.uniform(from_rad, to_rad), rng.uniform(low_rad, high_rad),
                              rng.uniform(-FALSE_RATE_M_S, FALSE_RATE_M_S))))  # fmt: skip
        origin.append(CLUTTER_PLOT)
    order = rng.permutation(len(rows))
    z, sources = np.array(rows).reshape(-1, 4)[order], np.array(origin, dtype=np.int64)[order]
    return Look(radar, time_s, z, sources, spread, np.array(objects), away, is_apart)


def end_ns(look: Look) -> int:
    return START_NS + round(look.time_s * 1e9)


def detections_of(look: Look, sites: np.ndarray, number: int) -> Detections:
    """A scan as tocsin's tracker takes it."""
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = SECTOR
    time_ns, count = end_ns(look), look.z.shape[0]
    x_m, y_m, z_m = sites[look.radar].tolist()
    volume = (to_rad - from_rad) * (high_rad - low_rad) * (far_m - near_m)
    has_rate = HAS_RATE[look.radar]
    return Detections(
        time_ns=time_ns, arrival_ns=time_ns, sensor=f"radar {look.radar + 1}", kind="radar", sequence=number,
        start_ns=time_ns, end_ns=time_ns, platform_ecef_m=(x_m, y_m, z_m),
        plot_time_ns=column([time_ns] * count, "int64"), plot_index=column(range(count), "int64"),
        range_m=column(look.z[:, 0]), azimuth_rad=column(look.z[:, 1] % (2.0 * math.pi)),
        elevation_rad=column(look.z[:, 2]), range_rate_m_s=column(look.z[:, 3]) if has_rate else None,
        range_std_m=column([STD[0]] * count), angle_std_rad=column([STD[1]] * count),
        range_rate_std_m_s=column([STD[3]] * count) if has_rate else None,
        swept=SweptVolume(
            azimuth_from_rad=from_rad, azimuth_to_rad=to_rad, elevation_min_rad=low_rad, elevation_max_rad=high_rad,
            range_min_m=near_m, range_max_m=far_m, detection_prob=DETECTION_PROB, clutter_density=CLUTTER / volume,
        ),
    )  # fmt: skip
