"""Stone Soup's multi-target tracker for ballistic objects, in its best fair configuration.

Its scene is Cartesian, east-north-up about the first radar; bearing runs from x (east) counter-clockwise. Both
Jacobians are analytic and the flight itself is tocsin's compiled kernel, so that its figures are of its own machinery,
not of numpy physics or finite differences. Global nearest neighbour as a 2-D assignment behind a k-d tree; Mahalanobis
gate of 0.999; started by MultiMeasurementInitiator over four plots, dropped after 15 looks without one, as tocsin does.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from stonesoup.base import Property
from stonesoup.dataassociator.tree import DetectionKDTreeGNN2D
from stonesoup.deleter.time import UpdateTimeStepsDeleter
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.initiator.simple import MultiMeasurementInitiator, SimpleMeasurementInitiator
from stonesoup.measures import Mahalanobis
from stonesoup.models.base import GaussianModel, TimeVariantModel
from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRange
from stonesoup.models.transition.base import TransitionModel
from stonesoup.predictor.kalman import ExtendedKalmanPredictor, UnscentedKalmanPredictor
from stonesoup.tracker.simple import MultiTargetTracker
from stonesoup.types.array import CovarianceMatrix, StateVector
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.updater.kalman import ExtendedKalmanUpdater, UnscentedKalmanUpdater

from benchmarks.stonesoup_scenes import ANGLE_STD_RAD, CALM, RANGE_STD_M, START, Look, Scene, Tracks
from tocsin.kernels import advance, advance_with_transition, enu_axes, geodetic_from_ecef
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2, J2, SEMI_MAJOR_M

GATE = 4.0331  # square root of the 0.999 point of chi-square with three degrees of freedom
POSITION = (0, 1, 2)
NEAR_M, WIDE_M = 2_000.0, 20_000.0  # reach of the k-d tree, in effect of range: confirmed tracks, and those started


def axes_at(site_ecef_m: np.ndarray) -> np.ndarray:
    latitude_rad, longitude_rad, _ = geodetic_from_ecef(*site_ecef_m)
    return np.array(enu_axes(latitude_rad, longitude_rad))


class Ballistic(TransitionModel, GaussianModel, TimeVariantModel):
    """J2 gravity and the turning Earth, state x, y, z, vx, vy, vz east-north-up about an origin; white acceleration."""

    origin_ecef_m: np.ndarray = Property(doc="ECEF of the scene's origin, m")
    psd: float = Property(doc="white acceleration noise, (m/s2)2 s")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.axes = axes_at(self.origin_ecef_m)

    @property
    def ndim_state(self) -> int:
        return 6

    def _ecef(self, state: Any) -> tuple[np.ndarray, np.ndarray]:
        local = np.asarray(state.state_vector, dtype=float).ravel()
        return self.origin_ecef_m + local[:3] @ self.axes, local[3:] @ self.axes

    def function(self, state: Any, noise: Any = False, **kwargs: Any) -> StateVector:
        if np.shape(state.state_vector)[1] > 1:  # sigma points, all at once
            columns = [
                self._move(column, kwargs["time_interval"]) for column in np.asarray(state.state_vector, float).T
            ]
            return type(state.state_vector)(np.array(columns).T)
        return StateVector(self._move(np.asarray(state.state_vector, dtype=float).ravel(), kwargs["time_interval"]))

    def _move(self, local: np.ndarray, interval: dt.timedelta) -> np.ndarray:
        position, velocity = self.origin_ecef_m + local[:3] @ self.axes, local[3:] @ self.axes
        position, velocity = advance(position, velocity, 0.0, CALM, interval.total_seconds(), 1.0)
        return np.concatenate((self.axes @ (position - self.origin_ecef_m), self.axes @ velocity))

    def jacobian(self, state: Any, **kwargs: Any) -> np.ndarray:
        position, velocity = self._ecef(state)
        dt_s = kwargs["time_interval"].total_seconds()
        phi = advance_with_transition(position, velocity, 0.0, CALM, dt_s, 1.0)[2]
        turn = np.kron(np.eye(2), self.axes)
        return turn @ phi @ turn.T

    def covar(self, time_interval: dt.timedelta, **kwargs: Any) -> CovarianceMatrix:
        h = time_interval.total_seconds()
        unit = self.psd * np.array([[h**3 / 3.0, h**2 / 2.0], [h**2 / 2.0, h]])
        return CovarianceMatrix(np.kron(unit, np.eye(3)))


class BallisticInNumpy(Ballistic):
    """The same flight as a user of Stone Soup would write it: one Runge-Kutta step in numpy, its Jacobian beside it."""

    def _move(self, local: np.ndarray, interval: dt.timedelta) -> np.ndarray:
        return self._step(local, interval)[0]

    def jacobian(self, state: Any, **kwargs: Any) -> np.ndarray:
        return self._step(np.asarray(state.state_vector, dtype=float).ravel(), kwargs["time_interval"])[1]

    def _step(self, local: np.ndarray, interval: dt.timedelta) -> tuple[np.ndarray, np.ndarray]:
        h, turn = interval.total_seconds(), np.kron(np.eye(2), self.axes)
        y, phi = np.concatenate((self.origin_ecef_m, np.zeros(3))) + local @ turn, np.eye(6)
        slopes: list[tuple[np.ndarray, np.ndarray]] = []
        for share in (0.0, 0.5, 0.5, 1.0):
            by_y, by_phi = slopes[-1] if slopes else (np.zeros(6), np.zeros((6, 6)))
            rate, gradient = _slope(y + share * h * by_y)
            slopes.append((rate, gradient @ (phi + share * h * by_phi)))
        for k in range(2):
            total = h / 6.0 * (slopes[0][k] + 2.0 * slopes[1][k] + 2.0 * slopes[2][k] + slopes[3][k])
            if k == 0:
                y = y + total
            else:
                phi = phi + total
        moved = np.concatenate((self.axes @ (y[:3] - self.origin_ecef_m), self.axes @ y[3:]))
        return moved, turn @ phi @ turn.T


def _slope(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rate (6,) of an ECEF state, and its gradient (6, 6), J2 left out of the gradient as in tocsin."""
    place, w = y[:3], EARTH_RATE_RAD_S
    r2 = float(place @ place)
    pull = GM_M3_S2 / (r2 * math.sqrt(r2))
    q, s = 1.5 * J2 * SEMI_MAJOR_M**2 / r2, 5.0 * place[2] ** 2 / r2
    acceleration = -pull * place * (1.0 + q * (np.array([1.0, 1.0, 3.0]) - s))
    acceleration[:2] += w * w * place[:2] + 2.0 * w * np.array([y[4], -y[3]])
    gradient = np.zeros((6, 6))
    gradient[:3, 3:] = np.eye(3)
    gradient[3:, :3] = pull * (3.0 * np.outer(place, place) / r2 - np.eye(3)) + np.diag([w * w, w * w, 0.0])
    gradient[3, 4], gradient[4, 3] = 2.0 * w, -2.0 * w
    return np.concatenate((y[3:], acceleration)), gradient


class Radar(CartesianToElevationBearingRange):
    """Its radar with the analytic Jacobian that its own class leaves to finite differences."""

    def jacobian(self, state: Any, **kwargs: Any) -> np.ndarray:
        xyz = np.asarray(state.state_vector[self.mapping, :] - self.translation_offset, dtype=float)
        x, y, z = (self.rotation_matrix @ xyz).ravel().tolist()
        level2 = x * x + y * y
        r2 = level2 + z * z
        level, r = math.sqrt(level2), math.sqrt(r2)
        local = np.array([
            [-x * z / (level * r2), -y * z / (level * r2), level / r2],
            [-y / level2, x / level2, 0.0],
            [x / r, y / r, z / r],
        ])  # fmt: skip
        out = np.zeros((3, self.ndim_state))
        out[:, self.mapping] = local @ self.rotation_matrix
        return out


def radars_of(scene: Scene) -> list[Radar]:
    """Each radar's model: it measures in its own local frame, turned against the first one's."""
    origin = scene.sites[0]
    first = axes_at(origin)
    models = []
    for site in scene.sites:
        m = axes_at(site) @ first.T
        angles = [-math.atan2(-m[1, 2], m[2, 2]), math.asin(m[0, 2]), -math.atan2(-m[0, 1], m[0, 0])]
        models.append(
            Radar(
                ndim_state=6, mapping=POSITION, translation_offset=StateVector(first @ (site - origin)),
                rotation_offset=StateVector(angles),
                noise_covar=CovarianceMatrix(np.diag([ANGLE_STD_RAD**2, ANGLE_STD_RAD**2, RANGE_STD_M**2])),
            )
        )  # fmt: skip
    return models


def detections_of(look: Look, models: list[Radar]) -> tuple[dt.datetime, set[Detection]]:
    time = START + dt.timedelta(seconds=look.time_s)
    found = set()
    for range_m, azimuth_rad, elevation_rad in look.plots.tolist():
        bearing_rad = math.remainder(0.5 * math.pi - azimuth_rad, 2.0 * math.pi)
        vector = StateVector([elevation_rad, bearing_rad, range_m])
        found.add(Detection(vector, timestamp=time, measurement_model=models[look.radar]))
    return time, found


def tracker(
    scene: Scene, scans: Iterable[tuple[dt.datetime, set[Detection]]], psd: float, velocity_std_m_s: float
) -> MultiTargetTracker:
    """The whole of it; ``psd`` and the prior of velocity are those of tocsin's policy."""
    predictor = ExtendedKalmanPredictor(Ballistic(origin_ecef_m=scene.sites[0], psd=psd))
    updater = ExtendedKalmanUpdater(None)

    def associator(reach_m: float) -> DetectionKDTreeGNN2D:
        hypothesiser = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=GATE)
        return DetectionKDTreeGNN2D(hypothesiser, predictor, updater, max_distance=reach_m)

    prior = GaussianState(StateVector([0.0] * 6), np.diag([1.0] * 3 + [velocity_std_m_s**2] * 3))
    initiator = MultiMeasurementInitiator(
        prior, UpdateTimeStepsDeleter(3), associator(WIDE_M), updater, min_points=4,
        initiator=SimpleMeasurementInitiator(prior),
    )  # fmt: skip
    return MultiTargetTracker(
        initiator=initiator, deleter=UpdateTimeStepsDeleter(15), detector=iter(scans),
        data_associator=associator(NEAR_M), updater=updater,
    )  # fmt: skip


def tracks_ecef(tracks: Iterable[Any], scene: Scene) -> Tracks:
    axes, origin = axes_at(scene.sites[0]), scene.sites[0]
    out: Tracks = {}
    for track in tracks:
        local = np.asarray(track.state_vector, dtype=float).ravel()
        cov = axes.T @ np.asarray(track.covar, dtype=float)[:3, :3] @ axes
        out[track.id] = np.concatenate((origin + local[:3] @ axes, local[3:] @ axes)), cov
    return out


def single(
    scene: Scene, scans: list[tuple[dt.datetime, set[Detection]]], start: np.ndarray, cov: np.ndarray, psd: float,
    *, is_unscented: bool = False, flight: type[Ballistic] = Ballistic,
) -> Iterator[np.ndarray]:  # fmt: skip
    """One filter alone, told which plot is its own: states, ECEF, at each scan; ``start`` and ``cov`` ECEF."""
    from stonesoup.types.hypothesis import SingleHypothesis

    axes, origin = axes_at(scene.sites[0]), scene.sites[0]
    turn = np.kron(np.eye(2), axes)
    model = flight(origin_ecef_m=origin, psd=psd)
    predictor = (UnscentedKalmanPredictor if is_unscented else ExtendedKalmanPredictor)(model)
    updater = (UnscentedKalmanUpdater if is_unscented else ExtendedKalmanUpdater)(None)
    local = np.concatenate((axes @ (start[:3] - origin), axes @ start[3:]))
    state = GaussianState(StateVector(local), CovarianceMatrix(turn @ cov @ turn.T), timestamp=START)
    for time, found in scans:
        state = predictor.predict(state, timestamp=time)
        for detection in found:
            state = updater.update(SingleHypothesis(state, detection))
        local = np.asarray(state.state_vector, dtype=float).ravel()
        yield np.concatenate((origin + local[:3] @ axes, local[3:] @ axes))
