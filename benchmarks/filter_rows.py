"""One object, one filter, told its plots: Stone Soup's and FilterPy's beside tocsin's, same scans and motion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import stonesoup_scenes as scenes
from benchmarks.timing import medians_s, not_installed, row
from tocsin.kernels import advance, advance_with_transition, radar_from_ecef, radar_jacobian
from tocsin.kernels.track_bank import picture_slots, update_bank
from tocsin.kernels.track_observe import RADAR
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.registration import NO_BIAS

REMEDY = "pip install --require-hashes -r constraints/bench.txt"
SECONDS = 300
_VAR = np.array([scenes.RANGE_STD_M**2, scenes.ANGLE_STD_RAD**2, scenes.ANGLE_STD_RAD**2, 1.0])
_START_STD = np.array([1_000.0] * 3 + [200.0] * 3)  # m and m/s: of the start, drawn

Run = Callable[[], list[np.ndarray]]


def case(seed: int) -> tuple[scenes.Scene, np.ndarray, np.ndarray]:
    """A scene of one object without clutter or misses, and where the filters start: state (6,) and covariance."""
    whole = scenes.scene(scenes.Case(1, 1, SECONDS, 0.0), seed)
    rng = np.random.default_rng([seed, 99])
    looks = [
        scenes.Look(0, look.time_s, _seen(truth[0], whole.sites[0], rng), 1)
        for look, truth in zip(whole.looks, whole.truth, strict=True)
    ]
    start = whole.truth[0, 0] + _START_STD * rng.standard_normal(6)
    return scenes.Scene(whole.case, whole.sites, looks, whole.truth), start, np.diag(_START_STD**2)


def _seen(state: np.ndarray, site: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.array(radar_from_ecef(state[:3].copy(), site))[None] + rng.standard_normal((1, 3)) * np.sqrt(_VAR[:3])


def own(scene: scenes.Scene, start: np.ndarray, cov: np.ndarray) -> Run:
    """tocsin's bank with ballistic flight alone; it estimates the ballistic coefficient as well."""
    policy = TrackPolicy()
    par, site, var = kernel_parameters(policy), scene.sites[0], _VAR.copy()
    slots, z = np.zeros(1, np.int64), np.zeros((len(scene.looks), 4))
    z[:, :3] = [look.plots[0] for look in scene.looks]
    times_ns = [scenes.START_NS + round(look.time_s * 1e9) for look in scene.looks]

    def run() -> list[np.ndarray]:
        x, p, mu = np.zeros((1, 3, 9)), np.zeros((1, 3, 9, 9)), np.array([[0.0, 1.0, 0.0]])
        x[0, 1, :6], x[0, 1, 6] = start, policy.log_beta_mean
        p[0, 1, :6, :6], p[0, 1, 6, 6] = cov, policy.log_beta_std**2
        t_ns, out = np.array([scenes.START_NS]), []
        slope, unknown, rows = np.zeros((1, 3, 9, 0)), np.zeros((0, 0)), np.zeros((4, 1))  # no biases
        for k, now_ns in enumerate(times_ns):
            x, p, mu, slope, _, _, _ = picture_slots(
                x, p, mu, slope, t_ns, slots, now_ns, policy.own_prob, par, unknown
            )
            update_bank(
                x[0], p[0], mu[0], slope[0], 1.0, 0.0, np.int64(RADAR), z[k], site, var, par, unknown, NO_BIAS.parts,
                rows,
            )  # fmt: skip
            t_ns[0] = now_ns
            out.append(x[0, 1, :6].copy())
        return out

    return run


def _noise(psd: float, h: float) -> np.ndarray:
    return np.kron(psd * np.array([[h**3 / 3.0, h**2 / 2.0], [h**2 / 2.0, h]]), np.eye(3))


def _residual(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    difference[1] = math.remainder(difference[1], 2.0 * math.pi)
    return difference


def filterpy_runs(scene: scenes.Scene, start: np.ndarray, cov: np.ndarray) -> list[tuple[str, Run]]:
    """FilterPy's EKF and UKF, flight and measurement being tocsin's compiled kernels."""
    from filterpy.kalman import ExtendedKalmanFilter, MerweScaledSigmaPoints, UnscentedKalmanFilter

    site, psd = scene.sites[0], TrackPolicy().coast_noise
    r = np.diag(_VAR[:3])

    def see(x: np.ndarray) -> np.ndarray:
        return np.array(radar_from_ecef(np.ascontiguousarray(x[:3]), site))

    def slope(x: np.ndarray) -> np.ndarray:
        out = np.zeros((3, 6))
        out[:, :3] = radar_jacobian(np.ascontiguousarray(x[:3]), site)
        return out

    def fly(x: np.ndarray, dt: float) -> np.ndarray:
        return np.concatenate(advance(x[:3].copy(), x[3:].copy(), 0.0, scenes.CALM, dt, 1.0))

    def steps() -> Iterator[tuple[float, np.ndarray]]:
        before_s = 0.0
        for look in scene.looks:
            yield look.time_s - before_s, look.plots[0]
            before_s = look.time_s

    class Extended(ExtendedKalmanFilter):  # type: ignore[misc]
        h = 1.0

        def predict_x(self, u: float = 0.0) -> None:
            position, velocity, self.F = advance_with_transition(
                self.x[:3].copy(), self.x[3:].copy(), 0.0, scenes.CALM, self.h, 1.0
            )
            self.x = np.concatenate((position, velocity))

    def extended() -> list[np.ndarray]:
        kf, out = Extended(6, 3), []
        kf.x, kf.P, kf.R = start.copy(), cov.copy(), r
        for h, z in steps():
            if h > 0.0:
                kf.h, kf.Q = h, _noise(psd, h)
                kf.predict()
            kf.update(z, slope, see, residual=_residual)
            out.append(kf.x.copy())
        return out

    def unscented() -> list[np.ndarray]:
        points = MerweScaledSigmaPoints(6, alpha=0.5, beta=2.0, kappa=-3.0)
        kf, out = UnscentedKalmanFilter(6, 3, 1.0, see, fly, points, residual_z=_residual), []
        kf.x, kf.P, kf.R = start.copy(), cov.copy(), r
        for h, z in steps():
            kf.Q = _noise(psd, h)
            kf.predict(dt=h)
            kf.update(z)
            out.append(kf.x.copy())
        return out

    return [("FilterPy, EKF, both Jacobians", extended), ("FilterPy, UKF", unscented)]


def stonesoup_runs(scene: scenes.Scene, start: np.ndarray, cov: np.ndarray) -> list[tuple[str, Run]]:
    from benchmarks import stonesoup_peer as peer

    models = peer.radars_of(scene)
    scans = [peer.detections_of(look, models) for look in scene.looks]
    psd = TrackPolicy().coast_noise
    plain = peer.BallisticInNumpy
    return [
        (
            "Stone Soup 1.9.1, EKF, both Jacobians, flight in numpy as its user would write it",
            lambda: list(peer.single(scene, scans, start, cov, psd, flight=plain)),
        ),
        ("Stone Soup 1.9.1, EKF, both Jacobians", lambda: list(peer.single(scene, scans, start, cov, psd))),
        ("Stone Soup 1.9.1, UKF", lambda: list(peer.single(scene, scans, start, cov, psd, is_unscented=True))),
    ]


def rmse_m(scene: scenes.Scene, states: list[np.ndarray]) -> float:
    errors = np.array(states)[:, :3] - scene.truth[:, 0, :3]
    return math.sqrt(float(np.square(errors).sum(axis=1).mean()))


def rows(seeds: int = 5) -> list[str]:
    """Times on the first seed; RMSE over all."""
    work = f"one filter, radar at 1 Hz, {SECONDS} s, told its plots"
    out = []
    for make, name in ((stonesoup_runs, "Stone Soup"), (filterpy_runs, "FilterPy")):
        try:
            cases = [case(seed) for seed in range(seeds)]
            peers = [make(*each) for each in cases]
        except ImportError:
            out.append(not_installed(work, name, REMEDY))
            continue
        mine = [own(*each) for each in cases]
        own_rmse = np.mean([rmse_m(each[0], run()) for each, run in zip(cases, mine, strict=True)])
        for k, (title, run) in enumerate(peers[0]):
            peer_rmse = np.mean([rmse_m(each[0], peers[i][k][1]()) for i, each in enumerate(cases)])
            peer_s, own_s = (s / SECONDS for s in medians_s([(run, 1), (mine[0], 1)]))
            out.append(
                row(
                    work, title, f"{1.0 / peer_s:.0f} updates/s", f"{1.0 / own_s:.0f} updates/s",
                    f"{peer_s / own_s:.0f}x",
                    f"RMSE {peer_rmse:.1f} m and {own_rmse:.1f} m, mean of {seeds} seeds; the peer flies tocsin's "
                    "kernel but where it says numpy; tocsin's has ln(ballistic coefficient) as a seventh state; "
                    "bar 200x of Stone Soup's EKF",
                )
            )  # fmt: skip
    return out
