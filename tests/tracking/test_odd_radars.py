"""Odd radars: one that turns slowly, one whose range rate is far finer than its angles; and aircraft that turn."""

from __future__ import annotations

import numpy as np
from tests.tracking.tracking_scene import RADAR, State, coasting, ground_offset, ns

from tocsin.kernels import radar_from_ecef
from tocsin.tracking import ArrayTracker, Sensor, all_round

SITE = (float(RADAR[0]), float(RADAR[1]), float(RADAR[2]))
SWEPT = all_round(range_max_m=2e6, detection_prob=0.9, clutter_density=1e-12)


def nees(tracker: ArrayTracker, t: int, truth: State) -> float | None:
    """Of the one confirmed track; None: there is none."""
    seen = tracker.tracker.confirmed(ns(t))
    if seen.slots.size != 1:
        return None
    error = seen.state[0] - np.concatenate(truth)
    return float(error @ np.linalg.solve(seen.cov6[0], error))


def test_a_radar_that_turns_once_in_ten_seconds_keeps_its_track_through_ticks() -> None:
    """Its plots are eight seconds old when their scan ends: ticks must not have moved the track far past them."""
    rng, truth = np.random.default_rng(3), coasting(260)
    radar = Sensor(name="radar", kind="radar", site_ecef_m=SITE, range_std_m=30.0, angle_std_rad=1e-3, swept=SWEPT)
    tracker, told, found = ArrayTracker([radar]), set[int](), []
    for t in range(1, 251):
        tracker.tick(ns(t))
        if t % 10 == 0:
            z = np.array(radar_from_ecef(truth[t - 8][0], RADAR)) + rng.standard_normal(3) * (30.0, 1e-3, 1e-3)
            tracks = tracker.step_arrays(
                "radar", ns(t), plot_time_ns=np.array([ns(t - 8)]), range_m=z[:1], azimuth_rad=z[1:2],
                elevation_rad=z[2:],
            )  # fmt: skip
            told |= set(tracks["track"].tolist())
            found += [nees(tracker, t, truth[t])] if t >= 40 else []
    assert told == {1}
    assert None not in found
    assert 0.3 < np.mean([n for n in found if n is not None]) / 6.0 < 2.0


def test_a_slow_radar_and_a_fast_one_make_one_track_and_both_feed_it() -> None:
    """The slow one's plots are nine seconds older than the track that the fast one has made by then."""
    rng, truth = np.random.default_rng(4), coasting(160)
    sensors = [
        Sensor(name=name, kind="radar", site_ecef_m=SITE, range_std_m=30.0, angle_std_rad=1e-3, swept=SWEPT)
        for name in ("fast", "slow")
    ]
    tracker, told = ArrayTracker(sensors), set[int]()
    for t in range(1, 161):
        for name, back_s in (("fast", 0), ("slow", 9)):
            if name == "slow" and t % 10:
                continue
            z = np.array(radar_from_ecef(truth[t - back_s][0], RADAR)) + rng.standard_normal(3) * (30.0, 1e-3, 1e-3)
            tracks = tracker.step_arrays(
                name, ns(t), plot_time_ns=np.array([ns(t - back_s)]), range_m=z[:1], azimuth_rad=z[1:2],
                elevation_rad=z[2:],
            )  # fmt: skip
            told |= set(tracks["track"].tolist())
    assert told == {1}
    assert tracker.tracker.state.plot_count[tracker.tracker.state.alive(), 0].tolist() == [176]
    ratio = nees(tracker, 160, truth[160])
    assert ratio is not None
    assert ratio < 22.5  # chi-square 6, 0.999


def test_a_range_rate_finer_than_the_angles_can_use_makes_no_track_too_sure() -> None:
    """Half a metre a second beside 3 mrad: the rate bends by more than its own noise over where the target may be."""
    ratios = []
    radar = Sensor(
        name="radar", kind="radar", site_ecef_m=SITE, range_std_m=30.0, angle_std_rad=3e-3, range_rate_std_m_s=0.5,
        swept=SWEPT,
    )  # fmt: skip
    truth = coasting(80)
    for seed in range(6):
        rng, tracker = np.random.default_rng(seed), ArrayTracker([radar])
        for t in range(1, 81):
            position, velocity = truth[t]
            z = np.array(radar_from_ecef(position, RADAR)) + rng.standard_normal(3) * (30.0, 3e-3, 3e-3)
            sight = (position - RADAR) / np.linalg.norm(position - RADAR)
            rate = float(sight @ velocity) + 0.5 * rng.standard_normal()
            tracker.step_arrays(
                "radar", ns(t), range_m=z[:1], azimuth_rad=z[1:2], elevation_rad=z[2:], range_rate_m_s=np.array([rate])
            )
            if t >= 20:
                ratio = nees(tracker, t, truth[t])
                assert ratio is not None
                ratios.append(ratio / 6.0)
    assert 0.5 < np.mean(ratios) < 1.6


def turning(seconds: int) -> list[State]:
    """An aircraft at 230 m/s, 9 km over the radar's horizon: straight for 20 s, at 2 deg/s for 40 s, in turn."""
    east_m, north_m, course_rad, places = -2e4, 6e4, 0.5, []
    for t in range(seconds + 2):
        places.append(ground_offset(east_m, north_m, 9e3)())
        course_rad += np.radians(2.0) * (t % 60 >= 20) * (1 if t % 120 < 60 else -1)
        east_m, north_m = east_m + 230.0 * np.sin(course_rad), north_m + 230.0 * np.cos(course_rad)
    return [(places[t], 0.5 * (places[t + 1] - places[t - 1])) for t in range(1, seconds + 1)]


def test_an_aircraft_that_turns_is_one_track_and_no_surer_than_it_should_be() -> None:
    ratios = []
    radar = Sensor(name="radar", kind="radar", site_ecef_m=SITE, range_std_m=30.0, angle_std_rad=1e-3, swept=SWEPT)
    for seed in range(6):
        rng, tracker = np.random.default_rng(seed), ArrayTracker([radar])
        for t, (position, velocity) in enumerate(turning(150)):
            z = np.array(radar_from_ecef(position, RADAR)) + rng.standard_normal(3) * (30.0, 1e-3, 1e-3)
            tracker.step_arrays("radar", ns(t), range_m=z[:1], azimuth_rad=z[1:2], elevation_rad=z[2:])
            if t >= 20:
                ratio = nees(tracker, t, (position, velocity))
                assert ratio is not None
                ratios.append(ratio / 6.0)
    assert 0.5 < np.mean(ratios) < 1.4
