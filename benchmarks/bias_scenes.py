"""Scenes of biased radars and ballistic objects, the separated-bias filter on them, and the joint batch beside it.

Truth is coast above the air (``stonesoup_scenes``), the filter's own model without process noise, each plot known for
its object's: what is measured is the estimation of biases, and nothing else. The batch solves for all states and all
biases at once, by Gauss-Newton from the truth; its covariance there is the Cramer-Rao bound with the priors.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from benchmarks.stonesoup_scenes import CALM, flight_drawn, place
from tocsin.kernels import advance, advance_with_transition, radar_from_ecef
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.kernels.refraction import bend, unbend
from tocsin.kernels.track_bias import AIR, CLOCK, believe, learn, may_teach, plot_sensitivity, start_sensitivity, weigh
from tocsin.kernels.track_motion import BALLISTIC, MODEL_COUNT, SIZE, WORK_COLUMNS, WORK_ROWS, move, predict_model
from tocsin.kernels.track_observe import NU, RADAR, ROWS, observe
from tocsin.kernels.track_start import start_bank
from tocsin.kernels.track_update import update_model
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.registration import BiasLayout, BiasSpread

SITES = (place(36.0, 40.0, 500.0), place(38.0, 39.0, 900.0), place(35.0, 43.5, 300.0))
RANGE_STD_M, ANGLE_STD_RAD = 30.0, 1e-3
SPREAD = BiasSpread(range_m=60.0, azimuth_rad=1e-3, elevation_rad=1e-3, clock_s=0.05)
POLICY = TrackPolicy(coast_noise=0.0)
N0 = 313.0
WORK = np.empty((WORK_ROWS, WORK_COLUMNS))
ELEVATIONS_RAD = (math.radians(1.0), math.radians(75.0))


@dataclasses.dataclass(frozen=True)
class Plot:
    """One plot of a known object: radar, time as its clock states it, s, and (range m, azimuth, elevation rad)."""

    radar: int
    thing: int
    time_s: float
    z: np.ndarray


@dataclasses.dataclass(frozen=True)
class Case:
    """How many radars and objects, for how long, and what errors a radar may have."""

    radars: int
    objects: int
    seconds: int
    spread: BiasSpread = SPREAD

    @property
    def layout(self) -> BiasLayout:
        return BiasLayout({f"radar {k + 1}": self.spread for k in range(self.radars)})


@dataclasses.dataclass(frozen=True)
class Scene:
    """Plots in order of stated time; true biases (n,) in their prior sigmas; states (objects, 6) at 0 s."""

    case: Case
    plots: list[Plot]
    bias: np.ndarray
    states: np.ndarray


def moved(state: np.ndarray, dt_s: float) -> np.ndarray:
    if dt_s == 0.0:
        return state.copy()
    return np.concatenate(advance(state[:3].copy(), state[3:].copy(), 0.0, CALM, dt_s, 0.5))


def component(case: Case, radar: int, which: int, bias: np.ndarray) -> float:
    """A radar's own bias of one kind, in its unit."""
    own = case.layout.of(f"radar {radar + 1}")
    return float(bias[own.columns[which]] * own.scale[which]) if own.columns[which] >= 0 else 0.0


def seen(case: Case, radar: int, state: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """What a radar with its biases reports of a state, straightened by the surveyed refractivity."""
    row = np.array(radar_from_ecef(state[:3].copy(), SITES[radar]))
    air = component(case, radar, AIR, bias)
    if air != 0.0:
        height_m = geodetic_from_ecef(*SITES[radar])[2]
        row[2], row[0] = unbent(height_m, *bend(height_m, row[2], row[0], N0 + air))
    return row + [component(case, radar, which, bias) for which in range(3)]


def scene(case: Case, seed: int) -> Scene:
    rng = np.random.default_rng([seed, case.radars, case.objects, case.seconds])
    states = np.array([flight_drawn(rng) for _ in range(case.objects)])
    bias = rng.standard_normal(case.layout.count)
    plots = []
    std = (RANGE_STD_M, ANGLE_STD_RAD, ANGLE_STD_RAD)
    for thing in range(case.objects):
        now, now_s = states[thing], 0.0
        for time_s, radar in sorted((t + r / case.radars, r) for t in range(case.seconds) for r in range(case.radars)):
            now, now_s = moved(now, time_s - now_s), time_s
            if not ELEVATIONS_RAD[0] < radar_from_ecef(now[:3].copy(), SITES[radar])[2] < ELEVATIONS_RAD[1]:
                continue  # overhead, azimuth bends too fast for any extended filter
            z = seen(case, radar, now, bias) + rng.standard_normal(3) * std
            plots.append(Plot(radar, thing, time_s + component(case, radar, CLOCK, bias), z))
    return Scene(case, sorted(plots, key=lambda p: (p.time_s, p.radar, p.thing)), bias, states)


@dataclasses.dataclass
class Estimate:
    """Biases (n,), (n, n) in prior sigmas; states (objects, 6) and (objects, 6, 6) at end_s."""

    bias: np.ndarray
    bias_cov: np.ndarray
    states: np.ndarray
    covs: np.ndarray
    end_s: float


class Track:
    """A single-model filter and its sensitivity to the biases about `ref`."""

    def __init__(self) -> None:
        self.x, self.cov = np.zeros((MODEL_COUNT, SIZE)), np.zeros((MODEL_COUNT, SIZE, SIZE))
        self.slope = np.zeros((MODEL_COUNT, SIZE, 0))
        self.ref = np.zeros(0)
        self.time_s = -1.0


def filtered(given: Scene, is_told: bool = True) -> Estimate:
    """The separated-bias filter; ``is_told`` False: as if no radar had a bias."""
    layout = given.case.layout if is_told else BiasLayout()
    par = kernel_parameters(POLICY)
    bias, bias_cov = np.zeros(layout.count), np.eye(layout.count)
    tracks = [Track() for _ in range(given.case.objects)]
    for plot in given.plots:
        _use(tracks[plot.thing], plot, layout, bias, bias_cov, par)
    end_s = given.plots[-1].time_s
    for track in (each for each in tracks if each.ref.size):
        _centre(track, bias)
        _predict(track, max(end_s, track.time_s), par)
    states = np.array([t.x[BALLISTIC, :6] for t in tracks])
    covs = np.array([t.cov[BALLISTIC] + t.slope[BALLISTIC] @ bias_cov @ t.slope[BALLISTIC].T for t in tracks])
    return Estimate(bias, bias_cov, states, covs[:, :6, :6], max(end_s, *(t.time_s for t in tracks)))


def _centre(track: Track, bias: np.ndarray) -> None:
    track.x[BALLISTIC] += track.slope[BALLISTIC] @ (bias - track.ref)
    track.ref = bias.copy()


def _predict(track: Track, to_s: float, par: np.ndarray) -> None:
    if to_s > track.time_s:
        x, cov, slope = track.x[BALLISTIC], track.cov[BALLISTIC], track.slope[BALLISTIC]
        predict_model(BALLISTIC, x, cov, slope, to_s - track.time_s, par, WORK)
        track.time_s = to_s


def _use(track: Track, plot: Plot, layout: BiasLayout, bias: np.ndarray, bias_cov: np.ndarray, par: np.ndarray) -> None:
    own, site = layout.of(f"radar {plot.radar + 1}"), SITES[plot.radar]
    believed = [bias[own.columns[k]] * own.scale[k] if own.columns[k] >= 0 else 0.0 for k in range(5)]
    z, var = np.zeros(ROWS), np.ones(ROWS)
    z[:3], var[:3] = plot.z - believed[:3], (RANGE_STD_M**2, ANGLE_STD_RAD**2, ANGLE_STD_RAD**2)
    if believed[AIR] != 0.0:
        height_m = geodetic_from_ecef(*site)[2]
        elevation_rad, range_m = bend(height_m, z[2], z[0], N0)
        z[2], z[0] = unbent(height_m, elevation_rad, range_m, N0 + believed[AIR])
    time_s = plot.time_s - believed[CLOCK]
    if track.time_s < 0.0:
        mu = np.zeros(MODEL_COUNT)
        track.slope = np.zeros((MODEL_COUNT, SIZE, layout.count))
        start_bank(RADAR, z, site, var, par, track.x, track.cov, mu)
        start_sensitivity(RADAR, z, site, own.parts, bias_cov, track.x, track.cov, track.slope)
        track.time_s, track.ref = time_s, bias.copy()
        return
    _centre(track, bias)
    _predict(track, time_s, par)
    x, cov, slope = track.x[BALLISTIC], track.cov[BALLISTIC], track.slope[BALLISTIC]
    is_late = time_s < track.time_s
    back, phi, q = x.copy(), np.eye(SIZE), np.zeros((SIZE, SIZE))
    if is_late:
        move(BALLISTIC, back, time_s - track.time_s, 0.0, par, phi, q, WORK)
    extra, rows = np.zeros((ROWS + 1, ROWS)), np.zeros((ROWS, layout.count + 1))
    weigh(BALLISTIC, RADAR, back, cov, site, z, var, slope, bias_cov, own.parts, extra)
    before = x.copy()
    update_model(BALLISTIC, x, cov, 1.0, is_late, back, phi, q, RADAR, z, site, extra[ROWS], par, extra, WORK)
    learn(BALLISTIC, RADAR, before, x, cov, is_late, back, phi, q, z, site, extra[ROWS], own.parts, slope, rows)
    if may_teach(BALLISTIC, cov):
        believe(track.ref, rows, 3, bias, bias_cov)


def batch(given: Scene, steps: int = 2) -> tuple[Estimate, np.ndarray]:
    """All states and biases at once, from the truth; and the bound: covariance (n, n) of the biases at the truth.

    The bound of the states is in the estimate's ``covs``.
    """
    case, layout = given.case, given.case.layout
    n, things = layout.count, case.objects
    size = n + 6 * things
    bias, states = given.bias.copy(), given.states.copy()
    end_s = given.plots[-1].time_s
    bound = np.zeros((size, size))
    for step in range(steps + 1):
        info, pull = np.zeros((size, size)), np.zeros(size)
        info[:n, :n] = np.eye(n)
        pull[:n] = -bias
        ends, last = np.zeros((things, 6)), np.zeros((things, 6, 6))
        for thing in range(things):
            now, now_s, phi = states[thing].copy(), 0.0, np.eye(6)
            at = n + 6 * thing
            for plot in [p for p in given.plots if p.thing == thing]:
                own = layout.of(f"radar {plot.radar + 1}")
                time_s = plot.time_s - component(case, plot.radar, CLOCK, bias)
                position, velocity, part = advance_with_transition(
                    now[:3].copy(), now[3:].copy(), 0.0, CALM, time_s - now_s, 0.5
                )
                now, phi, now_s = np.concatenate((position, velocity)), part @ phi, time_s
                looked, g = np.zeros((ROWS, NU + 1)), np.zeros((ROWS, n))
                z = np.zeros(ROWS)
                observe(RADAR, now, SITES[plot.radar], z, looked)
                whole = np.append(now, np.zeros(3))
                plot_sensitivity(BALLISTIC, RADAR, whole, SITES[plot.radar], looked, own.parts, g)
                slope = np.zeros((3, size))
                slope[:, :n], slope[:, at : at + 6] = g[:3], looked[:3, :6] @ phi
                std = np.array((RANGE_STD_M, ANGLE_STD_RAD, ANGLE_STD_RAD))
                miss = plot.z - seen(case, plot.radar, now, bias)
                miss[1] -= 2.0 * np.pi * np.round(miss[1] / (2.0 * np.pi))
                slope /= std[:, None]
                info += slope.T @ slope
                pull += slope.T @ (miss / std)
            position, velocity, part = advance_with_transition(
                now[:3].copy(), now[3:].copy(), 0.0, CALM, end_s - now_s, 0.5
            )
            ends[thing], last[thing] = np.concatenate((position, velocity)), part @ phi
        cov: np.ndarray = np.linalg.inv(info)
        if step == 0:
            bound = cov
            covs = np.array([last[k] @ cov[n + 6 * k : n + 6 * k + 6, n + 6 * k : n + 6 * k + 6] @ last[k].T
                             for k in range(things)])  # fmt: skip
        if step < steps:
            change = cov @ pull
            bias += change[:n]
            states += change[n:].reshape(things, 6)
    return Estimate(bias, cov[:n, :n], ends, covs, end_s), bound[:n, :n]


def unbent(height_m: float, elevation_rad: float, range_m: float, n0: float = N0) -> tuple[float, float]:
    found: tuple[float, float] = unbend(height_m, elevation_rad, range_m, n0)
    return found
