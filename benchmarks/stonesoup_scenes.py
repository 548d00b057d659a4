"""Scenes of many ballistic objects before one or two radars, seeded, and how well trackers do on them.

Truth is coast above the air: J2 gravity and a turning Earth, the model of every filter here, so that a row compares
filters and association and no knowledge of drag. Generic numbers, notional: 2.2 to 2.9 km/s at 130 km and more.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
from scipy.special import gammainc

from tocsin.kernels import advance, ecef_from_geodetic, enu_axes, radar_from_ecef
from tocsin.messages import Detections, SweptVolume, column
from tocsin.scoring.gospa import gospa

START = dt.datetime(2026, 3, 4, 9, 0, 0)  # UTC
START_NS = 1_772_614_800_000_000_000
CALM = np.zeros(4)
RANGE_STD_M, ANGLE_STD_RAD, DETECTION_PROB = 30.0, 1e-3, 0.9  # a generic radar
SECTOR = (math.radians(30.0), math.radians(150.0), math.radians(1.0), math.radians(70.0), 2e5, 1.5e6)  # az, el, range
Tracks = dict[object, tuple[np.ndarray, np.ndarray]]  # name: state (6,) and covariance of position (3, 3), ECEF
CUT_OFFS_M = (1_000.0, 5_000.0, 20_000.0)  # GOSPA: c
CUT_OFF_M = 5_000.0  # the one that its parts, RMSE, missed and false are told for
SOON = 5  # looks within which an object should have a confirmed track


@dataclasses.dataclass(frozen=True)
class Case:
    """How many objects, radars, seconds, false plots a scan on average, and seeds behind a row."""

    objects: int
    radars: int
    seconds: int
    clutter: float
    seeds: int = 1


CASES = (
    Case(1, 1, 60, 10.0, 20), Case(10, 1, 60, 10.0, 6), Case(10, 2, 60, 10.0, 6), Case(50, 1, 60, 25.0, 6),
    Case(50, 2, 60, 25.0, 4), Case(200, 1, 40, 100.0, 10),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Look:
    """One scan: radar, time from the start, plots (p, 3) range azimuth elevation; the first ``real`` are of objects."""

    radar: int
    time_s: float
    plots: np.ndarray
    real: int


@dataclasses.dataclass(frozen=True)
class Scene:
    """Sites (r, 3) ECEF m; looks in order of time; truth (looks, n, 6) ECEF at each look."""

    case: Case
    sites: np.ndarray
    looks: list[Look]
    truth: np.ndarray


def place(latitude_deg: float, longitude_deg: float, height_m: float) -> np.ndarray:
    return np.array(ecef_from_geodetic(math.radians(latitude_deg), math.radians(longitude_deg), height_m))


def scene(case: Case, seed: int = 1) -> Scene:
    rng = np.random.default_rng([seed, case.objects, case.radars])
    sites = np.array([place(36.0, 40.0, 500.0), place(38.0, 39.0, 900.0)])[: case.radars]
    states = np.array([flight_drawn(rng) for _ in range(case.objects)])
    times = sorted((t + 0.5 * r, r) for t in range(case.seconds) for r in range(case.radars))
    looks, truth, now_s = [], [], 0.0
    for time_s, radar in times:
        if time_s > now_s:
            states = np.array([np.concatenate(advance(s[:3].copy(), s[3:].copy(), 0.0, CALM, time_s - now_s, 0.1))
                               for s in states])  # fmt: skip
            now_s = time_s
        truth.append(states)
        looks.append(_look(states, sites[radar], radar, time_s, case.clutter, rng))
    return Scene(case, sites, looks, np.array(truth))


def flight_drawn(rng: np.random.Generator) -> np.ndarray:
    latitude_deg, longitude_deg = 33.5 + 3.0 * rng.random(), 46.0 + 3.5 * rng.random()
    position = place(latitude_deg, longitude_deg, 130e3 + 60e3 * rng.random())
    axes = enu_axes(math.radians(latitude_deg), math.radians(longitude_deg))
    course, climb = math.radians(270.0 + rng.uniform(-20.0, 20.0)), rng.uniform(0.4, 0.75)
    level = math.sin(course) * axes[0] + math.cos(course) * axes[1]
    speed = rng.uniform(2_200.0, 2_900.0)
    return np.concatenate((position, speed * (math.cos(climb) * level + math.sin(climb) * axes[2])))


def _look(
    states: np.ndarray, site: np.ndarray, radar: int, time_s: float, clutter: float, rng: np.random.Generator
) -> Look:
    seen = [s for s in states if rng.random() < DETECTION_PROB]
    std = (RANGE_STD_M, ANGLE_STD_RAD, ANGLE_STD_RAD)
    rows = [np.array(radar_from_ecef(s[:3].copy(), site)) + rng.standard_normal(3) * std for s in seen]
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = SECTOR
    for _ in range(rng.poisson(clutter)):
        rows.append(
            np.array((rng.uniform(near_m, far_m), rng.uniform(from_rad, to_rad), rng.uniform(low_rad, high_rad)))
        )
    return Look(radar, time_s, np.array(rows).reshape(-1, 3), len(seen))


def detections_of(look: Look, sites: np.ndarray, clutter: float, number: int) -> Detections:
    """A scan as tocsin's tracker takes it."""
    from_rad, to_rad, low_rad, high_rad, near_m, far_m = SECTOR
    end_ns = START_NS + round(look.time_s * 1e9)
    count = look.plots.shape[0]
    x_m, y_m, z_m = sites[look.radar].tolist()
    volume = (to_rad - from_rad) * (high_rad - low_rad) * (far_m - near_m)
    return Detections(
        time_ns=end_ns, arrival_ns=end_ns, sensor=f"radar {look.radar + 1}", kind="radar", sequence=number,
        start_ns=end_ns, end_ns=end_ns, platform_ecef_m=(x_m, y_m, z_m), plot_time_ns=column([end_ns] * count, "int64"),
        plot_index=column(range(count), "int64"), range_m=column(look.plots[:, 0]),
        azimuth_rad=column(look.plots[:, 1]), elevation_rad=column(look.plots[:, 2]),
        range_std_m=column([RANGE_STD_M] * count), angle_std_rad=column([ANGLE_STD_RAD] * count),
        swept=SweptVolume(
            azimuth_from_rad=from_rad, azimuth_to_rad=to_rad, elevation_min_rad=low_rad, elevation_max_rad=high_rad,
            range_min_m=near_m, range_max_m=far_m, detection_prob=DETECTION_PROB, clutter_density=clutter / volume,
        ),
    )  # fmt: skip


def is_worth_telling(cov_m2: np.ndarray, cut_off_m: float) -> np.ndarray:
    """Which tracks a tracker that trusts itself tells, to keep its expected GOSPA (p 2, alpha 2) least.

    A track off its object by e costs min(|e|^2, c^2), silence c^2 / 2 for the object missed: a track is told where the
    mean of the first, by its own covariance, is less.

    In        cov_m2     (n, 3, 3)  of position, any axes
              cut_off_m  float      c
    Out       (n,) bool
    Accuracy  |e|^2 as a gamma variable of its mean and variance, exact where all axes are alike or only one counts:
              the mean of min(|e|^2, c^2) for normal e within 0.02 c^2 about c^2 / 2, within 0.08 c^2 anywhere
    Source    Guerriero, Svensson, Svensson, Willett, Shooting two birds with two bullets: how to find minimum mean
              OSPA estimates, FUSION 2010 (the principle); cost of GOSPA: Rahmathullah et al. 2017, prop. 1
    """
    return mean_capped_square(cov_m2, cut_off_m) < 0.5 * cut_off_m**2


def mean_capped_square(cov_m2: np.ndarray, cap_m: float) -> np.ndarray:
    """Mean of min(|e|^2, cap^2), m2, of errors e ~ N(0, cov), (n, 3, 3)."""
    mean = np.trace(cov_m2, axis1=1, axis2=2)
    shape = mean**2 / (2.0 * np.square(cov_m2).sum(axis=(1, 2)))
    at = cap_m**2 * shape / mean
    return mean * gammainc(shape + 1.0, at) + cap_m**2 * (1.0 - gammainc(shape, at))


class Score:
    """GOSPA (p 2, alpha 2; tocsin's own, the digits of Stone Soup's GOSPAMetric) of confirmed tracks by position, and
    of those that `is_worth_telling`; of all confirmed the RMSE of what it pairs, and identity switches."""

    def __init__(self) -> None:
        self.squares: list[float] = []  # m2, of pairs
        self.late: list[float] = []  # m2, of pairs in the second half of each scene
        self.speeds: list[float] = []  # m2/s2
        self.gospa: dict[float, list[list[float]]] = {c: [] for c in CUT_OFFS_M}  # m, a list a scene
        self.told: dict[float, list[list[float]]] = {c: [] for c in CUT_OFFS_M}  # the same of tracks worth telling
        self.parts: list[tuple[float, float, float]] = []  # m2: localisation, missed, false
        self.counts: list[tuple[int, int]] = []  # missed, false
        self.switches = 0
        self.objects = self.soon = 0
        self._holder: dict[int, object] = {}

    def restart(self, objects: int) -> None:
        """Another scene begins: whose track is whose is forgotten."""
        self._holder = {}
        self.objects += objects
        for scenes in (*self.gospa.values(), *self.told.values()):
            scenes.append([])

    def add(self, truth: np.ndarray, tracks: Tracks, *, look: int = 0, is_late: bool = False) -> None:
        """One moment: truth (n, 6) ECEF, tracks."""
        names = list(tracks)
        states = np.array([state for state, _ in tracks.values()]).reshape(-1, 6)
        cov_m2 = np.array([cov for _, cov in tracks.values()]).reshape(-1, 3, 3)
        for c, scenes in self.gospa.items():
            found = gospa(truth[:, :3], states[:, :3], cutoff_m=c, order=2.0, alpha=2.0)
            scenes[-1].append(found.gospa_m)
            told = states[is_worth_telling(cov_m2, c), :3]
            self.told[c][-1].append(gospa(truth[:, :3], told, cutoff_m=c, order=2.0, alpha=2.0).gospa_m)
            if c == CUT_OFF_M:
                parts = (found.localisation_m or 0.0, found.missed_m or 0.0, found.false_m or 0.0)  # alpha 2: all told
                self.parts.append((parts[0] ** 2, parts[1] ** 2, parts[2] ** 2))
                self.counts.append((found.missed_count or 0, found.false_count or 0))
                self._pair(truth, states, names, found.pairs.tolist(), look, is_late)

    def _pair(
        self, truth: np.ndarray, states: np.ndarray, names: list[object], pairs: list[list[int]], look: int,
        is_late: bool,
    ) -> None:  # fmt: skip
        squares = [float(np.square(truth[i, :3] - states[j, :3]).sum()) for i, j in pairs]
        self.squares += squares
        self.late += squares if is_late else []
        self.speeds += [float(np.square(truth[i, 3:] - states[j, 3:]).sum()) for i, j in pairs]
        for i, j in pairs:
            self.soon += i not in self._holder and look < SOON
            if self._holder.setdefault(i, names[j]) != names[j]:
                self.switches += 1
                self._holder[i] = names[j]

    def line(self) -> str:
        totals, told = (
            "/".join(f"{means_of(each).mean():.0f}" for each in of.values()) for of in (self.gospa, self.told)
        )
        near, missed, false = (math.sqrt(each) for each in np.mean(np.array(self.parts), axis=0).tolist())
        counts = np.mean(np.array(self.counts), axis=0)
        return (
            f"GOSPA c 1/5/20 km {totals} m, of tracks worth telling {told} m "
            f"(at 5 km rms parts {near:.0f}, missed {missed:.0f}, false {false:.0f}); "
            f"RMSE {_rms(self.squares):.0f} m, {_rms(self.speeds):.1f} m/s, second half {_rms(self.late):.0f} m; "
            f"missed {counts[0]:.2f}, false {counts[1]:.3f} a look, {self.switches} switches, "
            f"{100.0 * self.soon / max(1, self.objects):.0f} % held within {SOON} looks"
        )


def means_of(scenes: list[list[float]]) -> np.ndarray:
    """Mean of each scene."""
    return np.array([np.mean(each) for each in scenes])


def _rms(squares: list[float]) -> float:
    return math.sqrt(float(np.mean(squares))) if squares else math.nan
