"""Filters told their plots, no association: Stone Soup's and FilterPy's beside tocsin's, same scans and same motion.

Every object has a filter of its own, started from a drawn state, and one plot a scan. Building Detection objects or
arrays is left out of the times; so is turning states back to ECEF. tocsin runs all objects of a scan in one compiled
call; the peers, which are Python, one object after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks import stonesoup_scenes as scenes
from benchmarks.timing import medians_s, not_installed, row
from tocsin.kernels import advance, advance_with_transition, radar_from_ecef, radar_jacobian
from tocsin.kernels.track_bank import copy_bank, predict, update_bank
from tocsin.kernels.track_motion import BALLISTIC, BOOST, WORK_COLUMNS, WORK_ROWS, predict_model
from tocsin.kernels.track_observe import RADAR
from tocsin.kernels.track_update import update_model
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.registration import NO_BIAS

REMEDY = "pip install --require-hashes -r constraints/bench.txt"
SECONDS = {1: 300, 10: 60, 50: 60, 200: 60}  # of each count of objects, one radar at 1 Hz
SEEDS = {1: 5, 10: 2, 50: 1, 200: 1}  # behind each RMSE
_VAR = np.array([scenes.RANGE_STD_M**2, scenes.ANGLE_STD_RAD**2, scenes.ANGLE_STD_RAD**2, 1.0])
_START_STD = np.array([1_000.0] * 3 + [200.0] * 3)  # m and m/s: of the start, drawn
_THRUST_STD_M_S2 = 30.0  # BOOST, where three models run

Run = Callable[[], list[np.ndarray]]  # states (n, >= 6) after each scan; of Stone Soup in its own axes
Case = tuple[scenes.Scene, np.ndarray, np.ndarray, np.ndarray]


def case(objects: int, seed: int) -> Case:
    """A scene without clutter or misses, plots (looks, n, 3), starts (n, 6) and their covariance (6, 6)."""
    whole = scenes.scene(scenes.Case(objects, 1, SECONDS[objects], 0.0), seed)
    rng = np.random.default_rng([seed, 99])
    plots = np.array([[_seen(state, whole.sites[0], rng) for state in truth] for truth in whole.truth])
    starts = whole.truth[0] + _START_STD * rng.standard_normal((objects, 6))
    return whole, plots, starts, np.diag(_START_STD**2)


def _seen(state: np.ndarray, site: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.array(radar_from_ecef(state[:3].copy(), site)) + rng.standard_normal(3) * np.sqrt(_VAR[:3])


def rmse_m(states: list[np.ndarray], truth: np.ndarray) -> float:
    errors = np.array(states)[..., :3] - truth[..., :3]
    return math.sqrt(float(np.square(errors).sum(axis=-1).mean()))


# ---------------------------------------------------------------- tocsin


@numba.njit(error_model="numpy")
def _filter_scan(x, cov, slope, dt_s, z, site, var, par, extra, work):  # type: ignore[no-untyped-def]
    """One scan of filters, ballistic flight alone: x (n, 9), cov (n, 9, 9) predicted by dt_s, updated by z (n, 4)."""
    for i in range(x.shape[0]):
        predict_model(BALLISTIC, x[i], cov[i], slope, dt_s, par, work)
        update_model(
            BALLISTIC, x[i], cov[i], 1.0, False, x[i], cov[i], cov[i], np.int64(RADAR), z[i], site, var, par, extra,
            work,
        )  # fmt: skip


@numba.njit(error_model="numpy")
def _bank_scan(x, cov, mu, t_ns, to_ns, z, site, var, par, slots, own, out_x, out_cov, out_mu, least, work):  # type: ignore[no-untyped-def]
    """One scan of whole banks, (n, 3, ...), into the out arrays; no model falls below a probability of `least`."""
    slope = np.empty((x.shape[0], 3, 9, 0))
    unknown, extra, taught = np.empty((0, 0)), np.empty((5, 4)), np.empty((3, 4, 1))  # no biases
    for i in range(x.shape[0]):
        k = slots[i]
        copy_bank(x[k], cov[k], mu[k], slope[k], out_x[i], out_cov[i], out_mu[i], slope[i])
        predict(out_x[i], out_cov[i], out_mu[i], slope[i], (to_ns - t_ns[k]) * 1e-9, par, work)
        update_bank(
            out_x[i], out_cov[i], out_mu[i], slope[i], 1.0, 0.0, np.int64(RADAR), z[i], site, var, par,
            unknown, own, work, extra, taught,
        )  # fmt: skip
        t_ns[i] = to_ns
        total = 0.0
        for m in range(3):
            out_mu[i, m] = max(out_mu[i, m], least)
            total += out_mu[i, m]
        for m in range(3):
            out_mu[i, m] /= total


def _four(plots: np.ndarray) -> np.ndarray:
    return np.concatenate((plots, np.zeros((*plots.shape[:2], 1))), axis=2)


def own(made: Case) -> Run:
    """tocsin's filter with ballistic flight alone; it estimates the ballistic coefficient as a seventh state."""
    scene, plots, starts, start_cov = made
    policy, count = TrackPolicy(), len(starts)
    par, site, z = kernel_parameters(policy), scene.sites[0], _four(plots)
    steps_s = np.diff([0.0, *(look.time_s for look in scene.looks)]).tolist()
    work = np.empty((WORK_ROWS, WORK_COLUMNS))

    def run() -> list[np.ndarray]:
        x, cov, out = np.zeros((count, 9)), np.zeros((count, 9, 9)), []
        x[:, :6], x[:, 6] = starts, policy.log_beta_mean
        cov[:, :6, :6], cov[:, 6, 6] = start_cov, policy.log_beta_std**2
        for dt_s, plot in zip(steps_s, z, strict=True):
            _filter_scan(x, cov, np.zeros((9, 0)), dt_s, plot, site, _VAR, par, np.zeros((4, 4)), work)
            out.append(x.copy())
        return out

    return run


def own_bank(made: Case, least: float) -> Run:
    """tocsin's bank of three models of 9, 7 and 6 states, started alike."""
    scene, plots, starts, start_cov = made
    policy, count = TrackPolicy(), len(starts)
    par, site, z = kernel_parameters(policy), scene.sites[0], _four(plots)
    times_ns = [scenes.START_NS + round(look.time_s * 1e9) for look in scene.looks]
    slots, work = np.arange(count), np.empty((WORK_ROWS, WORK_COLUMNS))

    def run() -> list[np.ndarray]:
        x, cov, mu = np.zeros((count, 3, 9)), np.zeros((count, 3, 9, 9)), np.full((count, 3), 1.0 / 3.0)
        x[:, :, :6], cov[:, :, :6, :6] = starts[:, None], start_cov
        x[:, BALLISTIC, 6], cov[:, BALLISTIC, 6, 6] = policy.log_beta_mean, policy.log_beta_std**2
        cov[:, BOOST, 6:, 6:] = np.eye(3) * _THRUST_STD_M_S2**2
        then, out = (x.copy(), cov.copy(), mu.copy()), []
        t_ns = np.full(count, scenes.START_NS)
        for now_ns, plot in zip(times_ns, z, strict=True):
            _bank_scan(x, cov, mu, t_ns, now_ns, plot, site, _VAR, par, slots, NO_BIAS.parts, *then, least, work)
            (x, cov, mu), then = then, (x, cov, mu)
            top = mu.argmax(axis=1)
            out.append(x[slots, top])
        return out

    return run


# ---------------------------------------------------------------- Stone Soup


def stonesoup(made: Case, *, in_numpy: bool = False, is_unscented: bool = False) -> Run:
    """Its predictor and updater, both Jacobians analytic, told which plot is whose."""
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor, UnscentedKalmanPredictor
    from stonesoup.types.array import CovarianceMatrix, StateVector
    from stonesoup.types.hypothesis import SingleHypothesis
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import ExtendedKalmanUpdater, UnscentedKalmanUpdater

    from benchmarks import stonesoup_peer as peer

    scene, plots, starts, start_cov = made
    axes, origin = peer.axes_at(scene.sites[0]), scene.sites[0]
    turn = np.kron(np.eye(2), axes)
    flight = (peer.BallisticInNumpy if in_numpy else peer.Ballistic)(
        origin_ecef_m=origin, psd=TrackPolicy().coast_noise
    )
    predictor = (UnscentedKalmanPredictor if is_unscented else ExtendedKalmanPredictor)(flight)
    updater = (UnscentedKalmanUpdater if is_unscented else ExtendedKalmanUpdater)(None)
    models = peer.radars_of(scene)
    scans = [
        [
            next(iter(peer.detections_of(scenes.Look(0, look.time_s, plot[None], 1), models)[1]))
            for plot in plots_of_look
        ]
        for look, plots_of_look in zip(scene.looks, plots, strict=True)
    ]

    def run() -> list[np.ndarray]:
        states: list[Any] = [
            GaussianState(
                StateVector(np.concatenate((axes @ (start[:3] - origin), axes @ start[3:]))),
                CovarianceMatrix(turn @ start_cov @ turn.T), timestamp=scenes.START,
            )
            for start in starts
        ]  # fmt: skip
        out = []
        for scan in scans:
            for i, detection in enumerate(scan):
                prior = predictor.predict(states[i], timestamp=detection.timestamp)
                states[i] = updater.update(SingleHypothesis(prior, detection))
            out.append(np.array([state.state_vector for state in states], dtype=float)[..., 0])
        return out

    return run


def _local(scene: scenes.Scene) -> np.ndarray:
    """The truth (looks, n, 6) in Stone Soup's axes."""
    from benchmarks import stonesoup_peer as peer

    turn = np.kron(np.eye(2), peer.axes_at(scene.sites[0]))
    origin = np.concatenate((scene.sites[0], np.zeros(3)))
    return (scene.truth - origin) @ turn.T


# ---------------------------------------------------------------- FilterPy


def _noise(psd: float, h: float) -> np.ndarray:
    return np.kron(psd * np.array([[h**3 / 3.0, h**2 / 2.0], [h**2 / 2.0, h]]), np.eye(3))


def _residual(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    difference[1] = math.remainder(difference[1], 2.0 * math.pi)
    return difference


def _fly(x: np.ndarray, dt: float) -> np.ndarray:
    return np.concatenate(advance(x[:3].copy(), x[3:].copy(), 0.0, scenes.CALM, dt, 1.0))


def _each_alone(made: Case, new: Callable[[np.ndarray], Callable[[float, np.ndarray], np.ndarray]]) -> Run:
    """Objects one after the other; ``new(start)`` gives what takes (seconds since, plot) and returns the state."""
    scene, plots, starts, _ = made
    steps_s = np.diff([0.0, *(look.time_s for look in scene.looks)]).tolist()

    def run() -> list[np.ndarray]:
        filters = [new(start) for start in starts]
        return [
            np.array([one(dt_s, plot) for one, plot in zip(filters, plots_of_look, strict=True)])
            for dt_s, plots_of_look in zip(steps_s, plots, strict=True)
        ]

    return run


def filterpy_extended(made: Case) -> Run:
    from filterpy.kalman import ExtendedKalmanFilter

    site, psd = made[0].sites[0], TrackPolicy().coast_noise

    def see(x: np.ndarray) -> np.ndarray:
        return np.array(radar_from_ecef(np.ascontiguousarray(x[:3]), site))

    def slope(x: np.ndarray) -> np.ndarray:
        out = np.zeros((3, 6))
        out[:, :3] = radar_jacobian(np.ascontiguousarray(x[:3]), site)
        return out

    class Extended(ExtendedKalmanFilter):
        h = 1.0
        x: np.ndarray

        def predict_x(self, u: float = 0.0) -> None:
            position, velocity, self.F = advance_with_transition(
                self.x[:3].copy(), self.x[3:].copy(), 0.0, scenes.CALM, self.h, 1.0
            )
            self.x = np.concatenate((position, velocity))

    def new(start: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
        kf = Extended(6, 3)
        kf.x, kf.P, kf.R = start.copy(), made[3].copy(), np.diag(_VAR[:3])

        def look(h: float, z: np.ndarray) -> np.ndarray:
            if h > 0.0:
                kf.h, kf.Q = h, _noise(psd, h)
                kf.predict()
            kf.update(z, slope, see, residual=_residual)
            return kf.x.copy()

        return look

    return _each_alone(made, new)


def _unscented(made: Case, start: np.ndarray, psd: float) -> Any:
    from filterpy.kalman import MerweScaledSigmaPoints, UnscentedKalmanFilter

    site = made[0].sites[0]

    def see(x: np.ndarray) -> np.ndarray:
        return np.array(radar_from_ecef(np.ascontiguousarray(x[:3]), site))

    points = MerweScaledSigmaPoints(6, alpha=0.5, beta=2.0, kappa=-3.0)
    kf = UnscentedKalmanFilter(6, 3, 1.0, see, _fly, points, residual_z=_residual)
    kf.x, kf.P, kf.R, kf.Q = start.copy(), made[3].copy(), np.diag(_VAR[:3]), _noise(psd, 1.0)
    return kf


def filterpy_unscented(made: Case) -> Run:
    psd = TrackPolicy().coast_noise

    def new(start: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
        kf = _unscented(made, start, psd)

        def look(h: float, z: np.ndarray) -> np.ndarray:
            kf.Q = _noise(psd, h)
            kf.predict(dt=h)
            kf.update(z)
            return np.array(kf.x)

        return look

    return _each_alone(made, new)


def filterpy_imm(made: Case) -> Run:
    """Its IMM asks for one size of state: three UKFs of ballistic flight, process noise x 1, 10 and 100."""
    from filterpy.kalman import IMMEstimator

    psd = TrackPolicy().coast_noise
    stay, leave = 0.98, 0.01
    switching = np.full((3, 3), leave) + (stay - leave) * np.eye(3)

    def new(start: np.ndarray) -> Callable[[float, np.ndarray], np.ndarray]:
        bank = IMMEstimator(
            [_unscented(made, start, psd * share) for share in (1.0, 10.0, 100.0)], np.full(3, 1.0 / 3.0), switching
        )

        def look(h: float, z: np.ndarray) -> np.ndarray:
            if h > 0.0:
                bank.predict()  # always by the 1 s that its filters were made with
            bank.update(z)
            return np.array(bank.x)

        return look

    return _each_alone(made, new)


# ---------------------------------------------------------------- rows


def _row(work: str, title: str, cases: list[Case], peers: list[Run], owns: list[Run], is_local: bool, note: str) -> str:
    truths = [_local(made[0]) if is_local else made[0].truth for made in cases]
    theirs = np.mean([rmse_m(run(), truth) for run, truth in zip(peers, truths, strict=True)])
    ours = np.mean([rmse_m(run(), made[0].truth) for run, made in zip(owns, cases, strict=True)])
    updates = cases[0][1].shape[0] * cases[0][1].shape[1]
    peer_s, own_s = (s / updates for s in medians_s([(peers[0], 1), (owns[0], 1)]))
    return row(
        work, title, f"{1.0 / peer_s:.0f} updates/s", f"{1.0 / own_s:.0f} updates/s", f"{peer_s / own_s:.0f}x",
        f"RMSE {theirs:.1f} m and {ours:.1f} m, mean of {len(cases)} seeds; {note}",
    )  # fmt: skip


_LIKE = (
    "one compiled call a scan for all objects; tocsin's filter has ln(ballistic coefficient) as a seventh state; "
    "bar 200x of Stone Soup's EKF at 50 and 200 objects"
)
_SHARED = "the peer flies tocsin's compiled kernel; " + _LIKE
_IMM = (
    "three models live: tocsin's of 9, 7 and 6 states with unknown drag, their probabilities held above 0.01 so that "
    "none is given up; the peer's of 6 states, flown by tocsin's compiled kernel; RMSE of tocsin's most probable model "
    "where models may die, as they do in use; bar 50x"
)


def rows() -> list[str]:
    """Times on the first seed of each count of objects; RMSE over all."""
    out = []
    for objects, seconds in SECONDS.items():
        word = "filter" if objects == 1 else "filters"
        work = f"{objects} {word}, radar at 1 Hz, {seconds} s, told their plots"
        cases = [case(objects, seed) for seed in range(SEEDS[objects])]
        owns = [own(made) for made in cases]
        alone = objects == 1
        try:
            out.append(
                _row(
                    work, "Stone Soup 1.9.1, EKF, both Jacobians, flight in numpy as its user would write it", cases,
                    [stonesoup(made, in_numpy=True) for made in cases], owns, True, _LIKE,
                )
            )  # fmt: skip
            title = "Stone Soup 1.9.1, EKF, both Jacobians"
            out.append(_row(work, title, cases, [stonesoup(made) for made in cases], owns, True, _SHARED))
            if alone:
                peers = [stonesoup(made, is_unscented=True) for made in cases]
                out.append(_row(work, "Stone Soup 1.9.1, UKF", cases, peers, owns, True, _SHARED))
        except ImportError:
            out.append(not_installed(work, "Stone Soup", REMEDY))
        if objects in (1, 50):
            try:
                if alone:
                    title = "FilterPy, EKF, both Jacobians"
                    out.append(
                        _row(work, title, cases, [filterpy_extended(made) for made in cases], owns, False, _SHARED)
                    )
                    peers = [filterpy_unscented(made) for made in cases]
                    out.append(_row(work, "FilterPy, UKF", cases, peers, owns, False, _SHARED))
                out.append(_imm_row(work, cases))
            except ImportError:
                out.append(not_installed(work, "FilterPy", REMEDY))
    return out


def _imm_row(work: str, cases: list[Case]) -> str:
    """The speed of tocsin's bank with three live models, the RMSE of the bank as it is used."""
    peers, live = [filterpy_imm(made) for made in cases], own_bank(cases[0], 0.01)
    theirs = np.mean([rmse_m(run(), made[0].truth) for run, made in zip(peers, cases, strict=True)])
    ours = np.mean([rmse_m(own_bank(made, 0.0)(), made[0].truth) for made in cases])
    updates = cases[0][1].shape[0] * cases[0][1].shape[1]
    live()
    peer_s, own_s = (s / updates for s in medians_s([(peers[0], 1), (live, 1)]))
    return row(
        work, "FilterPy, IMM of three UKFs", f"{1.0 / peer_s:.0f} updates/s", f"{1.0 / own_s:.0f} updates/s",
        f"{peer_s / own_s:.0f}x", f"RMSE {theirs:.1f} m and {ours:.1f} m, mean of {len(cases)} seeds; {_IMM}",
    )  # fmt: skip
