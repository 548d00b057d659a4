"""Truth and tracks asked for a time: against motions in closed form, and never with what was not yet known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tocsin import tracking
from tocsin.errors import InputError
from tocsin.messages import TrackUpdates, column
from tocsin.scoring import TrackPath, read_truth, span_ns, track_at, track_paths, tracks_at, truth_at, truth_path

Array = np.ndarray[Any, Any]
S = 1_000_000_000
EPOCH_NS = 1_772_611_200 * S
RADIUS_M, PERIOD_S = 7_000_000.0, 5_829.0
HEAD = "time_ns,object,kind,phase,x_ecef_m,y_ecef_m,z_ecef_m,vx_ecef_m_s,vy_ecef_m_s,vz_ecef_m_s"


def circle(at_s: Array) -> tuple[Array, Array]:
    """A circle at an orbit's size and rate."""
    rate = 2.0 * math.pi / PERIOD_S
    out = np.stack((np.cos(rate * at_s), np.sin(rate * at_s), np.zeros(len(at_s))), axis=1)
    along = np.stack((-out[:, 1], out[:, 0], out[:, 2]), axis=1)
    return RADIUS_M * out, RADIUS_M * rate * along


def ns(at_s: Array) -> Array:
    return EPOCH_NS + np.round(np.asarray(at_s) * S).astype(np.int64)


def held(states: list[tuple[float, Array, Array]], **changes: Any) -> TrackPath:
    """A confirmed track of (seconds, position, velocity)."""
    count = len(states)
    path = TrackPath(
        track=1, t_ns=ns(np.array([s for s, _, _ in states])), position_ecef_m=np.array([p for _, p, _ in states]),
        velocity_ecef_m_s=np.array([v for _, _, v in states]), covariance=np.array([np.eye(6)] * count),
        is_level=np.zeros(count, dtype=bool), beta_kg_m2=np.full(count, 5_000.0), nis=np.zeros(count),
        nis_dof=np.zeros(count, dtype=np.int64), is_held=np.ones(count, dtype=bool),
    )  # fmt: skip
    return msgspec.structs.replace(path, **changes)


def update(second: float, status: Any, track: int = 3, x_m: float = 7e6) -> TrackUpdates:
    t_ns = column([EPOCH_NS + round(second * S)], "int64")
    one, count = column([math.log(900.0)]), column([1], "int64")
    return TrackUpdates(
        time_ns=int(t_ns[0]), sensor="radar", track=column([track], "int64"), status=(status,), t_ns=t_ns,
        position_ecef_m=column([[x_m, 0.0, 0.0]]), velocity_ecef_m_s=column([[0.0, 100.0, 0.0]]),
        covariance=column([np.eye(6)]), mode_prob=column([[0.0, 0.2, 0.8]]), log_beta=one, log_beta_std=one,
        first_ns=t_ns, last_ns=t_ns, radar_count=count, infrared_count=count, position_count=count,
        nis=column([2.0]), nis_dof=column([3], "int64"), parent=column([0], "int64"),
    )  # fmt: skip


def test_an_orbit_told_every_ten_seconds_is_met_to_a_millimetre_between() -> None:
    rows = np.arange(0.0, 101.0, 10.0)
    path = truth_path("satellite", "satellite", ns(rows), np.hstack(circle(rows)))
    between = np.linspace(0.0, 100.0, 333)
    position, velocity = truth_at(path, ns(between))
    expected, expected_velocity = circle(between)
    assert np.abs(position - expected).max() < 1e-3
    assert np.abs(velocity - expected_velocity).max() < 1e-3


def test_truth_is_silent_before_its_first_row_and_after_its_last() -> None:
    rows = np.arange(0.0, 31.0, 10.0)
    path = truth_path("x", "airliner", ns(rows), np.hstack(circle(rows)))
    position, velocity = truth_at(path, ns(np.array([-0.1, 0.0, 30.0, 30.1])))
    assert np.isfinite(position[:, 0]).tolist() == [False, True, True, False]
    assert np.isfinite(velocity[:, 0]).tolist() == [False, True, True, False]


def test_rows_in_any_order_and_told_twice_make_one_path() -> None:
    rows = np.array([20.0, 0.0, 10.0, 10.0])
    path = truth_path("x", "airliner", ns(rows), np.hstack(circle(rows)))
    assert path.t_ns.tolist() == ns(np.array([0.0, 10.0, 20.0])).tolist()


def inertial_60_s_on(position: Array, velocity: Array) -> Array:
    """By scipy's DOP853 in a frame that does not rotate, gravity from the potential with J2, then turned back."""
    gm, j2, a, rate = 3.986004418e14, 1.08262982e-3, 6_378_137.0, 7.292115e-5  # WGS-84

    def potential(at: Array) -> float:
        r = math.sqrt(float(at @ at))
        return gm / r * (1.0 - j2 * (a / r) ** 2 * (1.5 * (at[2] / r) ** 2 - 0.5))

    def slope(_: float, y: Array) -> Array:
        pull = [(potential(y[:3] + e) - potential(y[:3] - e)) / 200.0 for e in 100.0 * np.eye(3)]
        return np.concatenate((y[3:], pull))

    start = np.concatenate((position, velocity + np.cross([0.0, 0.0, rate], position)))
    end = solve_ivp(slope, (0.0, 60.0), start, method="DOP853", rtol=1e-11, atol=1e-6).y[:3, -1]
    cos, sin = math.cos(60.0 * rate), math.sin(60.0 * rate)
    return np.array([cos * end[0] + sin * end[1], cos * end[1] - sin * end[0], end[2]])


def test_a_coasting_track_is_carried_on_by_gravity() -> None:
    """Above the air, 60 s on; a straight line would be over 10 km off."""
    position, velocity = np.array([RADIUS_M, 0.0, 0.0]), np.array([500.0, 3_000.0, 2_000.0])
    places, speeds = track_at(held([(0.0, position, velocity)]), ns(np.array([0.0, 60.0])))
    assert np.abs(places[1] - inertial_60_s_on(position, velocity)).max() < 0.05
    assert np.linalg.norm(places[1] - (position + 60.0 * velocity)) > 10_000.0
    assert (places[0] == position).all()
    assert (speeds[0] == velocity).all()


def test_a_level_track_keeps_height_and_speed_over_the_curve() -> None:
    """An hour at 250 m/s: 900 km round a circle of the same radius."""
    path = held([(0.0, np.array([6.388e6, 0.0, 0.0]), np.array([0.0, 250.0, 0.0]))], is_level=np.ones(1, dtype=bool))
    places, speeds = track_at(path, ns(np.array([3_600.0])))
    angle = 250.0 * 3_600.0 / 6.388e6
    assert places[0] == pytest.approx([6.388e6 * math.cos(angle), 6.388e6 * math.sin(angle), 0.0], abs=1e-3)
    assert np.linalg.norm(speeds[0]) == pytest.approx(250.0)


def test_a_track_is_never_told_by_a_state_of_later() -> None:
    first, later = np.array([RADIUS_M, 0.0, 0.0]), np.array([RADIUS_M + 9_999.0, 0.0, 0.0])
    path = held([(0.0, first, np.zeros(3)), (10.0, later, np.zeros(3))], is_level=np.ones(2, dtype=bool))
    places, _ = track_at(path, ns(np.array([-1.0, 0.0, 9.99, 10.0])))
    assert np.isnan(places[0]).all()
    assert (places[1] == first).all()
    assert (places[2] == first).all()
    assert (places[3] == later).all()


def test_a_track_is_held_from_its_confirmation_until_it_is_dropped() -> None:
    messages = [update(0, "tentative"), update(2, "confirmed"), update(4, "confirmed"), update(6, "dropped")]
    (path,) = track_paths([*messages, update(0, "tentative", track=9)])
    assert path.track == 3
    places, _ = track_at(path, ns(np.array([0.0, 1.9, 2.0, 5.9, 6.0, 60.0])))
    assert np.isfinite(places[:, 0]).tolist() == [False, False, True, True, False, False]
    assert path.is_level.all()
    assert path.beta_kg_m2 == pytest.approx([900.0] * 4)


def test_a_track_dropped_by_a_late_message_is_gone_all_the_same() -> None:
    (path,) = track_paths([update(1, "confirmed"), update(5, "confirmed"), update(4, "dropped")])
    assert np.isfinite(track_at(path, ns(np.array([4.5, 5.0, 60.0])))[0][:, 0]).tolist() == [True, False, False]


def test_a_state_handled_before_the_confirmation_does_not_undo_it() -> None:
    (path,) = track_paths([update(3, "tentative"), update(2, "confirmed"), update(4, "confirmed")])
    assert np.isfinite(track_at(path, ns(np.array([1.9, 2.0, 3.5])))[0][:, 0]).tolist() == [False, True, True]


def test_of_two_states_for_one_time_the_one_handled_last_counts() -> None:
    (path,) = track_paths([update(1, "confirmed", x_m=7e6), update(0, "confirmed"), update(1, "confirmed", x_m=7.1e6)])
    assert track_at(path, ns(np.array([1.0])))[0][0, 0] == 7.1e6


def table(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "truth.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def test_a_truth_table_is_read_by_object_and_pieces_of_debris_are_left_out(tmp_path: Path) -> None:
    path = table(
        tmp_path, f"{EPOCH_NS},a,threat,boost,1,2,3,4,5,6", f"{EPOCH_NS + S},b,airliner,level,1,2,3,4,5,6",
        f"{EPOCH_NS + S},a,threat,boost,7,8,9,4,5,6", f"{EPOCH_NS + 9 * S},a/0,fragment,impact,1,2,3,,,",
        f"{EPOCH_NS + 2 * S},b,airliner,level,1,2,3,4,5,6",
    )  # fmt: skip
    first, second = read_truth(path)
    assert (first.name, first.kind, second.name) == ("a", "threat", "b")
    assert first.position_ecef_m.tolist() == [[1, 2, 3], [7, 8, 9]]
    assert second.t_ns.tolist() == [EPOCH_NS + S, EPOCH_NS + 2 * S]


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        (["x,a,threat,boost,1,2,3,4,5,6"], HEAD, "line 2.*whole number of ns.*'x'"),
        ([f"{EPOCH_NS},a,threat,boost,1,2,nan,4,5,6"], HEAD, "line 2: z_ecef_m is no number.*'nan'"),
        ([f"{EPOCH_NS},a,threat,boost,1,2"], HEAD, "line 2: z_ecef_m is no number"),
        (["1,2"], "time_ns,object", "lacks kind, x_ecef_m"),
        ([f"{'9' * 30},a,threat,boost,1,2,3,4,5,6"], HEAD, "line 2: time_ns is no whole number of ns"),
        (["-1,a,threat,boost,1,2,3,4,5,6"], HEAD, "line 2: time_ns is no whole number of ns"),
        ([f"{EPOCH_NS},a,threat,boost,1,2,1e300,4,5,6"], HEAD, "line 2: z_ecef_m is no number from -1e\\+09"),
        ([f"1,2,3,4,5,6,{EPOCH_NS},a"], ",".join(reversed(HEAD.split(","))), "line 2: fewer cells"),
        ([f"{EPOCH_NS},a,threat,boost,1,2,3,4,5,6,7"], HEAD + ",x_ecef_m", "has it twice"),
    ],
)
def test_a_wrong_table_is_refused_by_line_and_value(tmp_path: Path, rows: list[str], head: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_truth(table(tmp_path, *rows, head=head))


def test_what_is_told_for_one_time_only_is_no_path(tmp_path: Path) -> None:
    row = f"{EPOCH_NS},a,threat,boost,1,2,3,4,5,6"
    assert read_truth(table(tmp_path, row, row)) == ()


cells = st.one_of(st.text(max_size=12), st.floats().map(str), st.integers().map(str), st.sampled_from(["a", ""]))


@given(rows=st.lists(st.lists(cells, min_size=6, max_size=11), max_size=4), order=st.permutations(HEAD.split(",")))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_of_any_text_are_paths_or_refused(tmp_path: Path, rows: list[list[str]], order: list[str]) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes("\n".join(",".join(row) for row in [order, *rows]).encode("utf-8", "surrogatepass"))
    try:
        paths = read_truth(path)
        span_ns(paths, [EPOCH_NS])
    except InputError:
        return
    assert all(np.isfinite(each.position_ecef_m).all() and each.kind is not None for each in paths)


def test_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no truth table"):
        read_truth(tmp_path / "none.csv")


def test_a_table_of_tracks_makes_the_paths_that_its_messages_make() -> None:
    told = [
        update(1, "tentative"), update(3, "confirmed"), update(2, "tentative", track=9),
        update(2, "confirmed", x_m=7.1e6), update(4, "confirmed", track=5), update(5, "dropped"),
        update(3, "confirmed", x_m=7.2e6),
    ]  # fmt: skip
    a, b = track_paths(told), track_paths(tracking.table_of(told))
    assert [path.track for path in a] == [path.track for path in b] == [3, 5]
    for one, other in zip(a, b, strict=True):
        for name in TrackPath.__struct_fields__:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert a[0].position_ecef_m[:, 0].tolist() == [7e6, 7.1e6, 7e6, 7.2e6, 7e6]
    assert a[0].is_held.tolist() == [False, False, True, True, False]


def test_what_is_no_table_of_tracks_is_refused() -> None:
    with pytest.raises(InputError, match=r"lacks track, status.*range_m.*track_scans"):
        track_paths({"sensor": np.zeros(1), "time_ns": np.zeros(1), "range_m": np.zeros(1)})


def test_tracks_at_times_of_ones_own_are_there_while_held_with_their_covariance_carried_on() -> None:
    told = tracking.table_of(
        [update(0, "tentative"), update(1, "confirmed"), update(9, "confirmed", 4), update(20, "dropped")]
    )
    told["mode_prob"][:] = (0.0, 1.0, 0.0)
    told["covariance"][:, 3:, 3:] *= 4.0
    at = tracks_at(told, ns(np.array([21.0, 0.5, 11.0, 1.0, 11.0])).tolist())
    assert at["time_ns"].tolist() == ns(np.array([1.0, 11.0, 11.0, 21.0])).tolist()
    assert at["track"].tolist() == [3, 3, 4, 4]
    assert set(at["status"].tolist()) == {"confirmed"}
    np.testing.assert_array_equal(at["covariance"][0], told["covariance"][1])
    (path, _) = track_paths(told)
    np.testing.assert_array_equal(at["position_ecef_m"][1], track_at(path, at["time_ns"][1:2])[0][0])
    moved = []
    for i in range(6):  # against the motion itself, a little to each side
        ends = []
        for side in (-1.0, 1.0):
            off = {"position_ecef_m": path.position_ecef_m.copy(), "velocity_ecef_m_s": path.velocity_ecef_m_s.copy()}
            off["position_ecef_m" if i < 3 else "velocity_ecef_m_s"][1, i % 3] += side
            ends.append(np.hstack(track_at(msgspec.structs.replace(path, **off), at["time_ns"][1:2]))[0])
        moved.append((ends[1] - ends[0]) / 2.0)
    phi = np.array(moved).T
    np.testing.assert_allclose(at["covariance"][1], phi @ path.covariance[1] @ phi.T, rtol=1e-4, atol=1e-3)
    assert at["covariance"][1, 0, 0] == pytest.approx(1.0 + 4.0 * 10.0**2, rel=1e-2)


def test_tracks_in_level_flight_are_carried_on_too_and_none_are_no_rows() -> None:
    told = tracking.table_of([update(0, "confirmed")])  # level by its modes
    assert tracks_at(told, ns(np.array([10.0])).tolist())["covariance"][0, 1, 1] == pytest.approx(101.0)
    none = tracks_at(told, ns(np.array([-10.0])).tolist())
    assert {name: len(values) for name, values in none.items()} == dict.fromkeys(none, 0)
