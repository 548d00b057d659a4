"""One run of ``one-missile`` as far as the tracker: its tracks, the true flight by phase, and the radar looks at it.

World, screen and track stage are joined as ``tocsin.simulation`` joins the whole chain; nobody engages, so the flight
is seen down to the ground.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tocsin.kernels.geodesy import geodetic_from_ecef, geodetic_of_many
from tocsin.kernels.refraction import bend_many
from tocsin.messages import Detections, Message, Tick
from tocsin.pipeline import Pipeline
from tocsin.scenario import defence_of, load_scenario
from tocsin.scoring import TrackPath, TruthPath, track_paths, truth_at, truth_path
from tocsin.simulation import Queue
from tocsin.stages.screen import Screen
from tocsin.stages.track import Track
from tocsin.tracking.looks import ROWS, Looks, radar_view
from tocsin.units import NS_PER_S, ns_from_s
from tocsin.world import World
from tocsin.world.sky import Missile

Array = npt.NDArray[np.float64]
SCENARIO = "one-missile"
REENTRY_M = 100_000.0  # a phase change, on the way down
OWN_TRACK_M = 20_000.0  # a track whose median error is below is on the missile
TRUE_SIGMAS = 8.0  # a plot this near to where the truth would be seen is of it


@dataclasses.dataclass(frozen=True, slots=True)
class Flown:
    """One run. ``phases`` are boost, coast and re-entry, each beginning at its phase change."""

    phases: tuple[TruthPath, ...]
    tracks: tuple[TrackPath, ...]
    looks: Looks  # true radar plots, in order of time, seconds from ``epoch_ns``
    measured: Array  # (n, 4) range m, azimuth rad, elevation rad, range rate m/s; nan where not measured
    bent: Array  # (n, 4) how they change with one sigma of the air's refractivity
    epoch_ns: int  # burn-out
    impact_ecef_m: Array
    beta_kg_m2: float
    burnout: Array  # (6,) true state at the epoch
    air: Array  # (4,) of the truth, as ``kernels.motion`` takes it
    air_std: Array  # (4,) its spreads


def flown(seed: int, overrides: Sequence[str] = (), scenario_name: str = SCENARIO) -> Flown:
    """Play one seed, with the scenario's keys overridden (``policy.track.coast_noise=1e-6``)."""
    scenario = load_scenario(scenario_name, overrides=tuple(overrides))
    defence = defence_of(scenario)
    world, queue = World(scenario, seed), Queue(scenario.origin)
    missile = world.bodies[0]
    assert isinstance(missile, Missile)
    pipeline = Pipeline([Screen(defence), Track(defence)], defence.origin)
    given: list[Message] = []
    for beat in range(round(min(scenario.duration_s, missile.impact_s)) + 1):
        now_ns = defence.epoch_ns + beat * NS_PER_S
        queue.push(world.generate(now_ns - NS_PER_S if beat else now_ns - 1, now_ns))
        queue.push([Tick(time_ns=now_ns, arrival_ns=now_ns, source="clock", sequence=beat)])
        for message in queue.until(now_ns):
            outputs = pipeline.handle(message)
            given.extend(outputs)
            for output in outputs:
                queue.push(world.hear(output))
    path = missile.path
    time_ns = defence.epoch_ns + ns_from_s(missile.start_s) + np.round(path.time_s * 1e9).astype(np.int64)
    burnout = int(path.burnout_rows[-1])
    height_m = geodetic_of_many(path.position_m)[:, 2]
    falling = np.flatnonzero((path.time_s > path.apogee_s) & (height_m < REENTRY_M))
    cuts = (0, burnout, int(falling[0]), len(time_ns) - 1)
    states = np.hstack((path.position_m, path.velocity_m_s))
    phases = tuple(
        truth_path(name, "threat", time_ns[first : last + 1], states[first : last + 1])
        for name, first, last in zip(("boost", "coast", "re-entry"), cuts[:-1], cuts[1:], strict=True)
    )
    whole = truth_path("whole", "threat", time_ns, states)
    epoch_ns = int(time_ns[burnout])
    spread = scenario.truth.spread
    looks, measured = true_looks(given, whole, epoch_ns)
    bent = bending(looks, measured, scenario.sensors[0].refractivity, spread.refractivity_std)
    return Flown(
        phases=phases, tracks=tuple(t for t in track_paths(given) if _is_on(t, whole)), looks=looks,
        measured=measured, bent=bent,
        epoch_ns=epoch_ns, impact_ecef_m=path.position_m[-1], beta_kg_m2=float(missile.beta_kg_m2),
        burnout=states[burnout], air=world.air,
        air_std=np.array((spread.density_ratio_std_20km, spread.density_ratio_std_80km, *([spread.wind_std_m_s] * 2))),
    )  # fmt: skip


def bending(looks: Looks, measured: Array, surveyed_n: float, std_n: float) -> Array:
    """(n, 4) d(measurement) by one sigma of surface refractivity: what the screen's correction leaves."""
    out = np.zeros((len(looks), ROWS))
    for k, site in enumerate(looks.site_ecef_m):
        height_m = geodetic_from_ecef(*site)[2]
        ends = [
            bend_many(height_m, measured[k : k + 1, 2].copy(), measured[k : k + 1, 0].copy(), surveyed_n + step)
            for step in (0.5 * std_n, -0.5 * std_n)
        ]
        out[k, 2], out[k, 0] = (up[0] - down[0] for up, down in zip(*ends, strict=True))
    return out


def _is_on(track: TrackPath, truth: TruthPath) -> bool:
    away_m = np.linalg.norm(track.position_ecef_m - truth_at(truth, track.t_ns)[0], axis=1)
    return bool(np.isfinite(away_m).any() and np.nanmedian(away_m) < OWN_TRACK_M)


def true_looks(messages: Sequence[Message], truth: TruthPath, epoch_ns: int) -> tuple[Looks, Array]:
    """The radar plots that lie where the truth would be seen, from the epoch on, in order of time."""
    rows: list[tuple[float, Array, Array, Array]] = []
    for scan in messages:
        if not (isinstance(scan, Detections) and scan.kind == "radar" and scan.plot_count):
            continue
        if scan.elevation_rad is None or scan.platform_ecef_m is None or scan.range_m is None:
            continue
        site = np.array(scan.platform_ecef_m)
        position, velocity = truth_at(truth, scan.plot_time_ns)
        for k in range(scan.plot_count):
            if scan.plot_time_ns[k] < epoch_ns or not np.isfinite(position[k]).all():
                continue
            measured, std = np.full(ROWS, np.nan), np.full(ROWS, np.inf)
            for i, (value, sigma) in enumerate(
                (
                    (scan.range_m, scan.range_std_m),
                    (scan.azimuth_rad, scan.angle_std_rad),
                    (scan.elevation_rad, scan.elevation_std_rad),
                    (scan.range_rate_m_s, scan.range_rate_std_m_s),
                )
            ):
                if value is not None and sigma is not None:
                    measured[i], std[i] = value[k], sigma[k]
            if not np.isfinite(std[2]):
                std[2] = std[1]
                measured[2] = scan.elevation_rad[k]
            expected = radar_view(np.concatenate((position[k], velocity[k])), site)[0]
            off = measured - expected
            off[1] = (off[1] + np.pi) % (2.0 * np.pi) - np.pi
            if np.all(np.abs(off[:3]) < TRUE_SIGMAS * std[:3]):
                rows.append(((int(scan.plot_time_ns[k]) - epoch_ns) / NS_PER_S, site, std, measured))
    rows.sort(key=lambda row: row[0])
    times, sites, stds, values = (np.array(column) for column in zip(*rows, strict=True))
    return Looks(times, sites, *stds.T), values
