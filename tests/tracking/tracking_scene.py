"""Little truths for the tracker's tests: flights moved by ``kernels.motion``, sensors with noise drawn here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from tocsin.kernels import advance, ecef_from_geodetic, enu_axes, radar_from_ecef
from tocsin.kernels.track_motion import BALLISTIC, BOOST
from tocsin.kernels.track_observe import tangent_axes
from tocsin.messages import Detections, SweptVolume, TrackUpdates, Vec3, column
from tocsin.tracking import TrackerState
from tocsin.tracking.checkpoint import BANKS

Array = npt.NDArray[np.float64]
State = tuple[Array, Array]

START_NS = 1_772_614_800_000_000_000
CALM = np.zeros(4)
EVERYWHERE = SweptVolume(
    azimuth_from_rad=0.0, azimuth_to_rad=2.0 * math.pi, elevation_min_rad=0.0, elevation_max_rad=math.pi / 2,
    range_min_m=1e3, range_max_m=2e6, detection_prob=0.9, clutter_density=1e-9,
)  # fmt: skip


def at(latitude_deg: float, longitude_deg: float, height_m: float) -> Array:
    return np.array(ecef_from_geodetic(math.radians(latitude_deg), math.radians(longitude_deg), height_m))


RADAR = at(36.0, 40.0, 500.0)
WEST = 42_164_000.0 * np.array([math.cos(0.3), math.sin(0.3), 0.0])
EAST = 42_164_000.0 * np.array([math.cos(1.1), math.sin(1.1), 0.0])


def ns(t_s: float) -> int:
    return START_NS + round(t_s * 1e9)


def vec3(values: Array) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])


def burnout() -> State:
    """A generic cut-off: 70 km high, 2.6 km/s, 40 deg up, toward the west."""
    axes = enu_axes(math.radians(33.0), math.radians(48.0))
    level = -0.95 * axes[0] + 0.31 * axes[1]
    return at(33.0, 48.0, 70e3), 2600.0 * (math.cos(0.7) * level + math.sin(0.7) * axes[2])


def coasting(seconds: int, beta_kg_m2: float = 4000.0, start: State | None = None) -> list[State]:
    """Truth at every whole second."""
    states = [start or burnout()]
    for _ in range(seconds):
        states.append(advance(*states[-1], beta_kg_m2, CALM, 1.0, 1.0))
    return states


def burning(seconds: int, thrust_m_s2: float = 24.0) -> list[State]:
    """Truth at every whole second of a boost that begins 10 km up: thrust along the velocity, growing as mass burns."""
    axes = enu_axes(math.radians(33.0), math.radians(48.0))
    direction = 0.35 * (-0.95 * axes[0] + 0.31 * axes[1]) + 0.9 * axes[2]
    position, velocity = at(33.0, 48.0, 10e3), 350.0 * direction / np.linalg.norm(direction)
    states = [(position, velocity)]
    push = thrust_m_s2
    for _ in range(seconds):
        for _ in range(10):
            unit = velocity / np.linalg.norm(velocity)
            position, velocity = advance(position, velocity, 0.0, CALM, 0.1, 0.1)
            position, velocity = position + 0.005 * push * unit, velocity + 0.1 * push * unit
            push += 0.1 * push * push / 2500.0
        states.append((position, velocity))
    return states


def level(seconds: int, course_rad: float, speed_m_s: float, start: Array) -> list[State]:
    """Level flight with constant speed, great circle on a sphere about the Earth's centre."""
    radius = float(np.linalg.norm(start))
    up = start / radius
    east = np.cross((0.0, 0.0, 1.0), up)
    east /= np.linalg.norm(east)
    ahead = math.sin(course_rad) * east + math.cos(course_rad) * np.cross(up, east)
    states = []
    for t in range(seconds + 1):
        angle = speed_m_s * t / radius
        states.append(
            (
                radius * (math.cos(angle) * up + math.sin(angle) * ahead),
                speed_m_s * (math.cos(angle) * ahead - math.sin(angle) * up),
            )
        )
    return states


def radar_scan(
    targets: Iterable[Array], t_s: float, rng: np.random.Generator, *, sensor: str = "radar", site: Array = RADAR,
    number: int = 0, std: tuple[float, float] = (30.0, 1e-3), swept: SweptVolume | None = None,
) -> Detections:  # fmt: skip
    rows = [
        np.array(radar_from_ecef(target, site)) + rng.standard_normal(3) * (std[0], std[1], std[1])
        for target in targets
    ]
    table = np.array(rows).reshape(-1, 3)
    return Detections(
        time_ns=ns(t_s), arrival_ns=ns(t_s), sensor=sensor, kind="radar", sequence=number, start_ns=ns(t_s - 1.0),
        end_ns=ns(t_s), platform_ecef_m=vec3(site), plot_time_ns=column([ns(t_s)] * len(rows), "int64"),
        plot_index=column(range(len(rows)), "int64"), swept=swept, range_m=column(table[:, 0]),
        azimuth_rad=column(table[:, 1]), elevation_rad=column(table[:, 2]), range_std_m=column([std[0]] * len(rows)),
        angle_std_rad=column([std[1]] * len(rows)),
    )  # fmt: skip


def infrared_scan(
    targets: Iterable[Array], t_s: float, rng: np.random.Generator, *, site: Array, sensor: str, number: int = 0,
    std: float = 3e-5, swept: SweptVolume | None = EVERYWHERE,
) -> Detections:  # fmt: skip
    rows = []
    for target in targets:
        sight = (target - site) / np.linalg.norm(target - site)
        sight = sight + std * rng.standard_normal(2) @ tangent_axes(sight)
        rows.append(sight / np.linalg.norm(sight))
    return Detections(
        time_ns=ns(t_s), arrival_ns=ns(t_s), sensor=sensor, kind="infrared", sequence=number, start_ns=ns(t_s - 1.0),
        end_ns=ns(t_s), platform_ecef_m=vec3(site), plot_time_ns=column([ns(t_s)] * len(rows), "int64"),
        plot_index=column(range(len(rows)), "int64"), swept=swept,
        line_of_sight_ecef=column(np.array(rows).reshape(-1, 3)), angle_std_rad=column([std] * len(rows)),
    )  # fmt: skip


def nees(updates: TrackUpdates, row: int, truth: State) -> float:
    """Normalised estimation error squared of a track's position and velocity; six degrees of freedom."""
    error = np.concatenate((updates.position_ecef_m[row] - truth[0], updates.velocity_ecef_m_s[row] - truth[1]))
    return float(error @ np.linalg.solve(updates.covariance[row], error))


def ground_offset(east_m: float, north_m: float, up_m: float) -> Callable[[], Array]:
    """A point near the radar."""
    axes = enu_axes(math.radians(36.0), math.radians(40.0))
    return lambda: RADAR + east_m * axes[0] + north_m * axes[1] + up_m * axes[2]


def arrays_of(state: TrackerState) -> list[str]:
    """Names of all arrays of a memory, whether a checkpoint holds them or not, but of the numbers that were told."""
    fields = (name for name in TrackerState.__struct_fields__ if name != "name")
    return [name for name in fields if isinstance(getattr(state, name), np.ndarray)]


def assert_same_memory(a: TrackerState, b: TrackerState) -> None:
    """To the bit in every array, but for what banks hold for models that do not live, which is undefined."""
    for name in arrays_of(a):
        left, right = getattr(a, name), getattr(b, name)
        assert left.shape == right.shape, name
        if name in BANKS:
            left, right = (np.where(_lives(s).reshape(*s.mu.shape, *[1] * (left.ndim - 2)), getattr(s, name), 0.0)
                           for s in (a, b))  # fmt: skip
        assert left.tobytes() == right.tobytes(), name
    assert (a.next_id, a.sensors) == (b.next_id, b.sensors)


def _lives(state: TrackerState) -> npt.NDArray[np.bool_]:
    """(T, 3) bool: models with a probability, and BALLISTIC where thrust may end."""
    lives = state.mu > 0.0
    lives[:, BALLISTIC] |= lives[:, BOOST]
    return lives
