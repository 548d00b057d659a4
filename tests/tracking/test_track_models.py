"""Motion models, measurements and update of the tracker's kernels, against differences and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tracking_scene import CALM, WEST, at, burnout
from tracking_scene import RADAR as SITE

from tocsin.kernels import advance, enu_axes
from tocsin.kernels.track_bank import picture_slots
from tocsin.kernels.track_motion import BALLISTIC, BOOST, DIM, LEVEL, THRUST_MAX_M_S2, WORK_COLUMNS, WORK_ROWS, move
from tocsin.kernels.track_observe import INFRARED, NU, POSITION, RADAR, RADAR_RATE, ROW_COUNT, observe, tangent_axes
from tocsin.kernels.track_start import start_bank, where_sight_meets_height
from tocsin.kernels.track_update import cholesky_solve, update_model, widen_for_turn
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import chi_square_bound, kernel_parameters

PAR = kernel_parameters(TrackPolicy())
NO_SLOPE, NO_MORE = np.zeros((1, 3, 9, 0)), np.zeros((4, 4))  # no sensor has a bias


def work_room() -> np.ndarray:
    return np.zeros((WORK_ROWS, WORK_COLUMNS))


SCALE = np.array([100.0, 100.0, 100.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1])


def state_of(model: int) -> np.ndarray:
    position, velocity = burnout() if model != LEVEL else (at(36.5, 41.0, 10e3), np.array([-150.0, 180.0, 40.0]))
    tail = {BOOST: [-20.0, 15.0, 30.0], BALLISTIC: [8.0, 0.0, 0.0], LEVEL: [0.0, 0.0, 0.0]}[model]
    return np.concatenate((position, velocity, tail))


def moved(model: int, x: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, phi, q = x.copy(), np.zeros((9, 9)), np.zeros((9, 9))
    move(model, x, dt_s, 0.09, PAR, phi, q, work_room())
    return x, phi[: DIM[model], : DIM[model]], q[: DIM[model], : DIM[model]]


@pytest.mark.parametrize("model", [BOOST, BALLISTIC, LEVEL])
@pytest.mark.parametrize("dt_s", [1.0, 7.0, -2.0])
def test_transition_is_the_derivative_of_the_motion(model: int, dt_s: float) -> None:
    x = state_of(model)
    _, phi, _ = moved(model, x, dt_s)
    for j in range(DIM[model]):
        step = np.zeros(9)
        step[j] = SCALE[j] * (1e-2 if model == BALLISTIC and j == 6 else 1.0)
        plus, minus = moved(model, x + step, dt_s)[0], moved(model, x - step, dt_s)[0]
        column = (plus - minus)[: DIM[model]] / (2.0 * step[j])
        # compared in units of SCALE: 4e-3 of the larger of the entry and the unit
        error = (column - phi[:, j]) * SCALE[j] / SCALE[: DIM[model]]
        size = 1.0 + np.abs(column * SCALE[j] / SCALE[: DIM[model]])
        assert np.max(np.abs(error) / size) < 4e-3, (j, error)


@pytest.mark.parametrize("model", [BOOST, BALLISTIC, LEVEL])
def test_no_time_changes_nothing(model: int) -> None:
    x, phi, q = moved(model, state_of(model), 0.0)
    assert np.array_equal(x, state_of(model))
    assert np.array_equal(phi, np.eye(DIM[model]))
    assert not q.any()


@pytest.mark.parametrize("model", [BOOST, BALLISTIC, LEVEL])
@pytest.mark.parametrize("dt_s", [0.1, 3.0, 40.0, -3.0])
def test_process_noise_is_symmetric_and_never_negative(model: int, dt_s: float) -> None:
    _, _, q = moved(model, state_of(model), dt_s)
    assert np.allclose(q, q.T, rtol=1e-12)
    scaled = q / np.sqrt(np.outer(np.maximum(q.diagonal(), 1e-30), np.maximum(q.diagonal(), 1e-30)))
    assert np.linalg.eigvalsh(scaled).min() > -1e-9


def test_coast_moves_as_the_flight_kernel_does() -> None:
    x, _, _ = moved(BALLISTIC, state_of(BALLISTIC), 60.0)
    position, velocity = advance(*burnout(), math.exp(8.0), CALM, 60.0, 0.1)
    assert np.linalg.norm(x[:3] - position) < 0.1
    assert np.linalg.norm(x[3:6] - velocity) < 0.01


def test_level_flight_keeps_height_and_speed_over_300_km() -> None:
    start = at(0.0, 10.0, 10e3)
    east = enu_axes(0.0, math.radians(10.0))[0]
    x, _, _ = moved(LEVEL, np.concatenate((start, 250.0 * east, np.zeros(3))), 1200.0)
    assert np.linalg.norm(x[:3]) == pytest.approx(np.linalg.norm(start), abs=20.0)
    assert np.linalg.norm(x[3:6]) == pytest.approx(250.0, abs=0.1)


def test_thrust_grows_as_the_rocket_equation_says() -> None:
    """a(t) = a0 / (1 - a0 t / w): constant thrust and mass flow."""
    x, exhaust = state_of(BOOST), TrackPolicy().exhaust_m_s
    start = np.linalg.norm(x[6:])
    for _ in range(50):
        x = moved(BOOST, x, 0.2)[0]
    assert np.linalg.norm(x[6:]) == pytest.approx(start / (1.0 - start * 10.0 / exhaust), rel=2e-3)


def predict(
    x: np.ndarray, cov: np.ndarray, mu: np.ndarray, to_ns: int,
    out_x: np.ndarray, out_cov: np.ndarray, out_mu: np.ndarray,
) -> None:  # fmt: skip
    """The out arrays (1, ...): one bank at time 0 predicted to another."""
    picture_slots(
        x, cov, mu, NO_SLOPE, np.zeros(1, np.int64), np.array([0]), np.array([to_ns]), 1.0, PAR, np.zeros((0, 0)),
        out_x, out_cov, NO_SLOPE, out_mu, np.empty((1, 6)), np.empty((1, 6, 6)), np.empty(1), np.empty(1),
        np.empty(1, np.bool_),
    )  # fmt: skip


def predicted_bank(
    thrust_m_s2: np.ndarray, mu: list[float], dt_s: float, spread_m_s2: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One bank, both models at the same cut-off state with no error but that of thrust, predicted by dt_s."""
    x, cov = np.zeros((1, 3, 9)), np.zeros((1, 3, 9, 9))
    x[0, BOOST], x[0, BALLISTIC] = state_of(BOOST), state_of(BALLISTIC)
    x[0, BOOST, 6:] = thrust_m_s2
    cov[0, BOOST, 6:, 6:] = spread_m_s2**2 * np.eye(3)
    out_x, out_cov, out_mu = np.zeros((1, 3, 9)), np.zeros((1, 3, 9, 9)), np.zeros((1, 3))
    predict(x, cov, np.array([mu]), int(dt_s * 1e9), out_x, out_cov, out_mu)
    return out_x[0], out_cov[0], out_mu[0]


def test_thrust_ends_at_its_rate_and_sooner_where_none_is_felt() -> None:
    policy, push = TrackPolicy(), np.array([0.0, 0.0, 40.0])
    for dt_s in (0.1, 1.0, 10.0):
        burning = predicted_bank(push, [1.0, 0.0, 0.0], dt_s)[2]
        idle = predicted_bank(0.0 * push, [1.0, 0.0, 0.0], dt_s)[2]
        assert burning[BOOST] == pytest.approx(math.exp(-policy.boost_end_rate_per_s * dt_s), rel=1e-12)
        both = policy.boost_end_rate_per_s + policy.idle_end_rate_per_s
        assert idle[BOOST] == pytest.approx(math.exp(-both * dt_s), rel=1e-12)
        assert burning.sum() == pytest.approx(1.0, abs=1e-12)


def test_coast_never_goes_back_to_thrust() -> None:
    assert predicted_bank(np.zeros(3), [0.0, 1.0, 0.0], 30.0)[2].tolist() == [0.0, 1.0, 0.0]


def test_a_burn_that_ends_somewhere_in_the_interval_spreads_the_coast_as_sampled() -> None:
    """Against 20 000 samples of a burn-out uniform in 2 s: mean to 2 %, spread along the thrust to 3 %."""
    push, dt_s = np.array([10.0, -20.0, 55.0]), 2.0
    x, cov, _ = predicted_bank(push, [1.0, 0.0, 0.0], dt_s)
    s = np.random.default_rng(3).uniform(0.0, dt_s, 20_000)
    along = push / np.linalg.norm(push)
    pushed = np.linalg.norm(push)
    position, velocity = advance(*burnout(), math.exp(8.0), CALM, dt_s, 0.1)
    gained_m, gained_m_s = pushed * (s * dt_s - 0.5 * s * s), pushed * s
    assert (x[BALLISTIC, :3] - position) @ along == pytest.approx(gained_m.mean(), rel=0.02)
    assert (x[BALLISTIC, 3:6] - velocity) @ along == pytest.approx(gained_m_s.mean(), rel=0.02)
    spread = cov[BALLISTIC]
    assert math.sqrt(along @ spread[:3, :3] @ along) == pytest.approx(gained_m.std(), rel=0.03)
    assert math.sqrt(along @ spread[3:6, 3:6] @ along) == pytest.approx(gained_m_s.std(), rel=0.03)


@pytest.mark.parametrize("kind", [RADAR, RADAR_RATE, INFRARED, POSITION])
def test_measurement_jacobian_is_the_derivative(kind: int) -> None:
    x = np.concatenate((*burnout(), np.zeros(3)))
    site = WEST if kind == INFRARED else SITE
    sight = (x[:3] + 900.0 - site) / np.linalg.norm(x[:3] + 900.0 - site)
    z = np.concatenate((sight, [0.0])) if kind == INFRARED else np.array([*x[:3] + 900.0, 0.0])
    if kind < INFRARED:
        z = np.array([8e5, 1.0, 0.1, -1000.0])
    rows = ROW_COUNT[kind]
    seen, plus, minus = work_room(), work_room(), work_room()
    observe(kind, x, site, z, seen)
    for j in range(6):
        step = np.zeros(9)
        step[j] = 10.0 if j < 3 else 0.1
        observe(kind, x + step, site, z, plus)
        observe(kind, x - step, site, z, minus)
        by_difference = -(plus - minus)[:rows, NU] / (2.0 * step[j])
        assert by_difference == pytest.approx(seen[:rows, j], rel=1e-5, abs=1e-12)


def test_azimuth_residual_takes_the_short_way_round() -> None:
    seen = work_room()
    axes = enu_axes(math.radians(36.0), math.radians(40.0))
    x = np.concatenate((SITE + 1e5 * axes[1] - 10.0 * axes[0], np.zeros(6)))  # azimuth just under 360 deg
    observe(RADAR, x, SITE, np.array([1e5, 0.001, 0.0, 0.0]), seen)
    assert seen[1, NU] == pytest.approx(0.0011, abs=1e-5)


def test_solution_by_cholesky_is_numpys() -> None:
    rng = np.random.default_rng(1)
    root = rng.standard_normal((4, 4))
    s, b = root @ root.T + np.eye(4), rng.standard_normal((4, 9))
    x = b.copy()
    log_det = cholesky_solve(s.copy(), 4, x, 9)
    assert x == pytest.approx(np.linalg.solve(s, b), rel=1e-10, abs=1e-12)
    assert log_det == pytest.approx(np.linalg.slogdet(s)[1], rel=1e-12)


@pytest.mark.parametrize("thrust_m_s2", [60.0, 1e6])
def test_no_gap_lets_thrust_run_away(thrust_m_s2: float) -> None:
    """The rocket equation alone would give infinite thrust after 2600 / 60 = 43 s."""
    x, cov, _ = predicted_bank(np.array([0.0, 0.0, thrust_m_s2]), [1.0, 0.0, 0.0], 120.0, spread_m_s2=80.0)
    thrust, gained = np.linalg.norm(x[BOOST, 6:]), np.linalg.norm(x[BOOST, 3:6] - state_of(BOOST)[3:6])
    assert thrust == pytest.approx(THRUST_MAX_M_S2)
    assert gained < 120.0 * (THRUST_MAX_M_S2 + 10.0)
    assert 20.0 < np.sqrt(np.diag(cov[BOOST])[6:].max()) < 1.001 * THRUST_MAX_M_S2
    assert np.linalg.eigvalsh(cov[BOOST] / np.sqrt(np.outer(*2 * [np.diag(cov[BOOST])]))).min() > -1e-9


def test_a_turn_moves_as_a_circle_begins_and_makes_nothing_faster() -> None:
    """Half of a t squared while it turns, the speed times the time after; never more velocity than there is speed."""
    east = enu_axes(math.radians(36.5), math.radians(41.0))[0]
    x = np.concatenate((at(36.5, 41.0, 10e3), 120.0 * east, np.zeros(3)))
    turn = TrackPolicy().turn_m_s2
    for gap_s, moved_m, turned_m_s in (
        (5.0, 12.5 * turn, 5.0 * turn),
        (60.0, 0.5 * 120.0**2 / turn + 120.0 * (60.0 - 120.0 / turn), 120.0),
    ):
        cov = np.zeros((9, 9))
        widen_for_turn(x, cov, gap_s, PAR)
        along = np.kron(np.eye(2), east[None])
        root = np.array([moved_m, turned_m_s])
        assert along @ cov[:6, :6] @ along.T == pytest.approx(np.outer(root, root), rel=1e-12)


def test_covariance_stays_positive_over_a_hundred_thousand_updates() -> None:
    """Predictions and updates in turn, with precise and with coarse plots, near and far in time."""
    rng = np.random.default_rng(2)
    x = state_of(LEVEL)
    cov = np.diag([1e6, 1e6, 1e6, 1e4, 1e4, 1e4, 0.0, 0.0, 0.0])
    unused = np.zeros((9, 9))
    out_x, out_cov, out_mu = np.zeros((1, 3, 9)), np.zeros((1, 3, 9, 9)), np.zeros((1, 3))
    mu = np.array([[0.0, 0.0, 1.0]])
    xs, covs = np.zeros((1, 3, 9)), np.zeros((1, 3, 9, 9))
    xs[0, LEVEL], covs[0, LEVEL] = x, cov
    worst = math.inf
    for k in range(100_000):
        to_ns = int(1e9 * (0.01 if k % 3 else 4.0))
        predict(xs, covs, mu, to_ns, out_x, out_cov, out_mu)
        xs, covs, out_x, out_cov = out_x, out_cov, xs, covs
        true = xs[0, LEVEL, :3]
        std = 0.01 if k % 2 else 1e4
        z = np.concatenate((true + std * rng.standard_normal(3), [0.0]))
        var = np.full(4, std**2)
        update_model(
            LEVEL, xs[0, LEVEL], covs[0, LEVEL], 1.0, False, x, unused, unused, POSITION, z, SITE, var, PAR, NO_MORE,
            work_room(),
        )  # fmt: skip
        xs[0, LEVEL] = x  # keep it in place: it is the covariance that is on trial
        if k % 500 == 0:
            p = covs[0, LEVEL, :6, :6]
            assert np.array_equal(p, p.T)
            worst = min(worst, float(np.linalg.eigvalsh(p).min()))
    assert worst > 0.0


def test_a_late_plot_of_a_deterministic_coast_is_worth_as_much_as_one_in_time() -> None:
    """Without process noise the order of two plots must not matter: to 1e-6 of the covariance."""
    quiet = kernel_parameters(TrackPolicy(coast_noise=0.0, drag_error_ratio=0.0, log_beta_var_per_m=0.0))
    start = state_of(BALLISTIC)
    cov = np.diag([1e6, 1e6, 1e6, 1e4, 1e4, 1e4, 0.09, 0.0, 0.0])
    var = np.array([900.0, 1e-6, 1e-6, 1.0])
    plots = []
    for dt_s in (1.0, 2.0):
        position, _ = advance(start[:3] + 300.0, start[3:6], math.exp(8.0), CALM, dt_s, 0.1)
        seen = work_room()
        observe(RADAR, np.concatenate((position, np.zeros(6))), SITE, np.zeros(4), seen)
        plots.append(np.concatenate((-seen[:3, NU], [0.0])))

    def to(x: np.ndarray, p: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
        phi, q = np.zeros((9, 9)), np.zeros((9, 9))
        x = x.copy()
        move(BALLISTIC, x, dt_s, 0.0, quiet, phi, q, work_room())
        new = np.zeros((9, 9))
        new[:7, :7] = phi[:7, :7] @ p[:7, :7] @ phi[:7, :7].T + q[:7, :7]
        return x, new

    unused, work = np.zeros((9, 9)), work_room()
    x, p = to(start, cov, 1.0)
    update_model(
        BALLISTIC, x, p, 1.0, False, x, unused, unused, RADAR, plots[0], SITE, var, quiet, NO_MORE, work_room()
    )
    x, p = to(x, p, 1.0)
    update_model(
        BALLISTIC, x, p, 1.0, False, x, unused, unused, RADAR, plots[1], SITE, var, quiet, NO_MORE, work_room()
    )

    y, r = to(start, cov, 2.0)
    update_model(
        BALLISTIC, y, r, 1.0, False, y, unused, unused, RADAR, plots[1], SITE, var, quiet, NO_MORE, work_room()
    )
    back, phi, q = y.copy(), np.zeros((9, 9)), np.zeros((9, 9))
    move(BALLISTIC, back, -1.0, 0.0, quiet, phi, q, work_room())
    update_model(BALLISTIC, y, r, 1.0, True, back, phi, q, RADAR, plots[0], SITE, var, quiet, NO_MORE, work)
    assert np.linalg.norm(x[:3] - y[:3]) < 0.02 * math.sqrt(np.trace(p[:3, :3]))
    assert r[:6, :6].diagonal() == pytest.approx(p[:6, :6].diagonal(), rel=0.01)


def test_a_sight_meets_the_height_it_is_asked_for() -> None:
    target = at(33.0, 48.0, 15e3)
    sight = (target - WEST) / np.linalg.norm(target - WEST)
    *point, hits = where_sight_meets_height(WEST, sight, 15e3)
    assert hits
    assert np.linalg.norm(np.array(point) - target) < 1.0


def test_a_sight_past_the_earth_gives_its_nearest_point() -> None:
    across = tangent_axes(WEST / np.linalg.norm(WEST))[0]
    sight = -WEST / np.linalg.norm(WEST) + 0.2 * across
    sight /= np.linalg.norm(sight)
    *point, hits = where_sight_meets_height(WEST, sight, 15e3)
    assert not hits
    assert abs(np.array(point) @ sight) < 1.0


def test_a_radar_plot_lies_where_the_radar_says() -> None:
    z = np.array([2e5, 0.5, 0.3, 0.0])
    seen = work_room()
    x, cov, mu = np.empty((3, 9)), np.empty((3, 9, 9)), np.empty(3)
    start_bank(RADAR, z, SITE, np.ones(4), PAR, x, cov, mu)
    observe(RADAR, x[LEVEL], SITE, z, seen)
    assert np.abs(seen[:3, NU]).max() < 1e-6


@pytest.mark.parametrize(
    ("prob", "dof", "value"), [(0.999, 2, 13.8155), (0.999, 3, 16.2662), (0.99, 6, 16.8119), (0.95, 1, 3.8415)]
)
def test_chi_square_bounds_are_those_of_the_tables(prob: float, dof: int, value: float) -> None:
    assert chi_square_bound(prob, dof) == pytest.approx(value, abs=1e-4)
