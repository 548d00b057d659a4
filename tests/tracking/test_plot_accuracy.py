"""Each plot of a scan weighs by its own accuracy; and what a scan's silence means."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from tracking_scene import EVERYWHERE, RADAR, at, burnout, coasting, ns, radar_scan

from tocsin.kernels import ecef_from_radar, radar_from_ecef, radar_jacobian
from tocsin.kernels import track_observe as plot_kind
from tocsin.kernels.geodesy import east_north_up
from tocsin.kernels.track_motion import BALLISTIC
from tocsin.kernels.track_settle import looked_at
from tocsin.messages import column
from tocsin.tracking import Tracker
from tocsin.tracking.plots import plots_of, swept_row

SHARP, DULL = (20.0, 2e-4), (200.0, 4e-3)  # m, rad


def test_two_plots_of_one_scan_weigh_by_their_own_accuracy() -> None:
    """Position corrections of both tracks equal the closed-form Kalman update, K = P H' (H P H' + R)^-1, to 0.1 %."""
    position, velocity = burnout()
    paths = coasting(41), coasting(41, start=(position + at(34.0, 48.0, 70e3) - at(33.0, 48.0, 70e3), velocity))
    rng, tracker = np.random.default_rng(4), Tracker()
    for t in range(40):
        tracker.step(radar_scan([path[t][0] for path in paths], t, rng, number=t))
    seen = tracker.confirmed(ns(40))
    assert seen.mu[:, BALLISTIC] == pytest.approx([1.0, 1.0], abs=1e-6)
    scan = radar_scan([path[40][0] for path in paths], 40, rng, number=40)
    stds = np.array((SHARP, DULL))
    scan = msgspec.structs.replace(
        scan, range_std_m=column(stds[:, 0]), angle_std_rad=column(stds[:, 1]), elevation_std_rad=column(stds[:, 1])
    )
    updates = tracker.step(scan)
    assert updates is not None
    assert updates.track.tolist() == [1, 2]
    for i in range(2):
        prior, cov = seen.x[i, BALLISTIC, :6], seen.cov[i, BALLISTIC, :6, :6]
        h = np.hstack((radar_jacobian(prior[:3].copy(), RADAR), np.zeros((3, 3))))
        noise = np.diag(stds[i, [0, 1, 1]] ** 2)
        gain = cov @ h.T @ np.linalg.inv(h @ cov @ h.T + noise)
        measured = np.array((scan.range_m[i], scan.azimuth_rad[i], scan.elevation_rad[i]))
        expected = gain @ (measured - np.array(radar_from_ecef(prior[:3].copy(), RADAR)))
        assert np.linalg.norm(expected[:3]) > 1.0
        found = updates.position_ecef_m[i] - prior[:3]
        assert np.linalg.norm(found - expected[:3]) < 1e-3 * np.linalg.norm(expected[:3]) + 1e-3
        posterior = cov - gain @ h @ cov
        assert np.trace(updates.covariance[i][:3, :3]) == pytest.approx(np.trace(posterior[:3, :3]), rel=1e-3)


def test_a_dull_plot_is_gated_where_a_sharp_one_at_the_same_place_is_not() -> None:
    """3 km beside the track: 40 sigmas of the sharp plot, 2 of the dull."""
    truth = coasting(41)
    for std, is_taken in ((SHARP, False), (DULL, True)):
        rng, tracker = np.random.default_rng(5), Tracker()
        for t in range(40):
            tracker.step(radar_scan([truth[t][0]], t, rng, number=t, std=SHARP))
        scan = radar_scan([truth[40][0]], 40, rng, number=40, std=(1e-3, 1e-9))
        assert scan.azimuth_rad is not None
        assert scan.range_m is not None
        beside = 3_000.0 / (float(scan.range_m[0]) * math.cos(float(scan.elevation_rad[0])))
        scan = msgspec.structs.replace(
            scan, azimuth_rad=column(scan.azimuth_rad + beside), range_std_m=column([std[0]]),
            angle_std_rad=column([std[1]]),
        )  # fmt: skip
        updates = tracker.step(scan)
        assert updates is not None
        assert (1 in updates.track.tolist()) is is_taken


def test_a_radar_without_elevation_is_less_sure_of_it_the_nearer_the_plot() -> None:
    """Traffic flies 8 km high, give or take as much: 8/100 rad at 100 km, 8/400 at 400 km."""
    rng = np.random.default_rng(1)
    scan = radar_scan([at(36.9, 40.0, 8e3), at(39.6, 40.0, 8e3)], 0, rng)
    plots = plots_of(msgspec.structs.replace(scan, elevation_rad=None))
    assert scan.range_m is not None
    assert np.sqrt(plots.var[:, 2]) == pytest.approx(8e3 / np.array(scan.range_m), rel=1e-6)


@pytest.mark.parametrize(("elevation_max_rad", "is_evidence"), [(0.60, True), (0.503, False), (0.49, False)])
def test_what_stands_just_under_the_upper_edge_may_have_been_seen_over_it(
    elevation_max_rad: float, is_evidence: bool
) -> None:
    """A target at 0.5 rad and 300 km: its ray is bent upwards, so an edge 3 mrad above it proves nothing."""
    swept = msgspec.structs.replace(EVERYWHERE, elevation_max_rad=elevation_max_rad)
    place = ecef_from_radar(3e5, 1.0, 0.5, RADAR)
    axes = east_north_up(*RADAR.tolist())
    assert looked_at(plot_kind.RADAR, swept_row(swept), RADAR, axes, place, 0.0) is is_evidence
