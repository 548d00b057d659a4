"""Sighting many bodies at once: as one by one with pymap3d, and nothing that could be seen is skipped."""

from __future__ import annotations

import math

import numpy as np
import pymap3d
import pytest

from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.kernels.level import level_path
from tocsin.kernels.observe import along_path
from tocsin.kernels.sighting import axes_at, is_earth_between, is_out_of_reach, sight_flashes, sight_from_site

SITE_DEG = (37.9, 39.5, 900.0)
TIMES_S = np.arange(1.0, 41.0)
STILL = np.zeros((len(TIMES_S), 3))
ALWAYS = (-math.inf, math.inf)


def site() -> np.ndarray:
    return np.tile(ecef_from_geodetic(math.radians(SITE_DEG[0]), math.radians(SITE_DEG[1]), SITE_DEG[2]), (40, 1))


def planes(count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tables of level flights about the site, one row each 20 s: times, positions, velocities, first rows."""
    rng = np.random.default_rng(seed)
    table_s = np.arange(-20.0, 61.0, 20.0)
    parts = [
        level_path(
            math.radians(SITE_DEG[0] + rng.uniform(-3, 3)), math.radians(SITE_DEG[1] + rng.uniform(-3, 3)),
            rng.uniform(500.0, 14_000.0), rng.uniform(0, 6.28), rng.uniform(40.0, 400.0), 0.0, table_s,
        )
        for _ in range(count)
    ]  # fmt: skip
    return (
        np.tile(table_s, count), np.vstack([p for p, _ in parts]), np.vstack([v for _, v in parts]),
        len(table_s) * np.arange(count + 1),
    )  # fmt: skip


def filled(kernel, columns: int, count: int, *given):
    """What a kernel fills: which scan, which body or flash, and the columns."""
    scan, which, out = np.empty(count, np.int64), np.empty(count, np.int64), np.empty((count, columns))
    n = kernel(*given, scan, which, out)
    return scan[:n], which[:n], out[:n]


def sight(
    tables, up_s, turn_s: float, reach_m: float = 1e6, lowest_rad: float = -1.5, width_rad: float = 2.0 * math.pi
):
    count = len(tables[3]) - 1
    return filled(
        sight_from_site, 10, 40 * count, *tables, up_s, np.arange(count), TIMES_S, turn_s, math.radians(40.0),
        width_rad, site(), axes_at(site()), STILL, reach_m, lowest_rad,
    )  # fmt: skip


def test_range_angles_and_height_are_those_of_pymap3d_at_the_time_of_each_plot() -> None:
    tables = planes(30)
    scan, body, rows = sight(tables, np.tile(ALWAYS, (30, 1)), 1.0)
    assert len(scan) == 30 * 40
    for k in range(0, len(scan), 37):
        own = slice(tables[3][body[k]], tables[3][body[k] + 1])
        place, velocity = along_path(tables[0][own], tables[1][own], tables[2][own], rows[k, :1].copy())
        azimuth, elevation, distance = pymap3d.ecef2aer(*place[0], *SITE_DEG)
        assert rows[k, 1] == pytest.approx(distance, abs=1e-3)
        assert math.degrees(rows[k, 2]) == pytest.approx(azimuth, abs=1e-7)
        assert math.degrees(rows[k, 3]) == pytest.approx(elevation, abs=1e-7)
        line = place[0] - site()[0]
        assert rows[k, 4] == pytest.approx(float(line @ velocity[0]) / distance, abs=1e-6)
        assert rows[k, 5] == pytest.approx(pymap3d.ecef2geodetic(*place[0])[2], abs=1e-3)
        cosine = place[0] @ site()[0] / np.linalg.norm(place[0]) / np.linalg.norm(site()[0])
        assert rows[k, 6] == pytest.approx(math.acos(min(1.0, cosine)), abs=1e-7)
        # the beam turns from 40 deg on: a body's time inside its scan is its azimuth's share of the turn
        part = 1.0 - (TIMES_S[scan[k]] - rows[k, 0])
        past = (azimuth - 40.0) % 360.0 / 360.0
        assert min(abs(part - past), 1.0 - abs(part - past)) < 3e-3


def test_a_sector_is_swept_from_its_first_azimuth_to_its_last_in_one_turn() -> None:
    tables = planes(60)
    scan, _, rows = sight(tables, np.tile(ALWAYS, (60, 1)), 1.0, width_rad=math.radians(120.0))
    part = 1.0 - (TIMES_S[scan] - rows[:, 0])
    past = (np.degrees(rows[:, 2]) - 40.0) % 360.0 / 120.0
    inside = (past > 0.01) & (past < 0.99)
    assert inside.sum() > 300
    assert np.abs(part - past)[inside].max() < 0.01


def test_range_rate_counts_the_motion_of_the_sensor() -> None:
    tables = planes(1)
    velocity = np.tile(enu_axes(math.radians(SITE_DEG[0]), math.radians(SITE_DEG[1]))[0] * 15.0, (40, 1))
    common = (*tables, np.tile(ALWAYS, (1, 1)), np.arange(1), TIMES_S, 0.0, 0.0, 6.3, site(), axes_at(site()))
    still, moving = (filled(sight_from_site, 10, 40, *common, v, 1e6, -1.5)[2] for v in (STILL, velocity))
    line = (still[:, 7:10] - site()) / still[:, 1:2]
    np.testing.assert_allclose(moving[:, 4], still[:, 4] - line @ velocity[0], atol=1e-9)


def test_what_is_skipped_as_out_of_reach_or_too_low_is_just_that() -> None:
    """Every pair inside the limits is there: the same as asking without limits and cutting afterwards."""
    tables, up_s = planes(200), np.tile(ALWAYS, (200, 1))
    scan, body, rows = sight(tables, up_s, 1.0)
    few_scan, few_body, few = sight(tables, up_s, 1.0, reach_m=150_000.0, lowest_rad=math.radians(1.0))
    inside = (rows[:, 1] <= 150_000.0) & (rows[:, 3] >= math.radians(1.0))
    assert 500 < inside.sum() < 0.7 * len(rows)
    kept = (few[:, 1] <= 150_000.0) & (few[:, 3] >= math.radians(1.0))
    np.testing.assert_array_equal(few[kept], rows[inside])
    np.testing.assert_array_equal(few_body[kept] * 1000 + few_scan[kept], body[inside] * 1000 + scan[inside])
    assert len(few) < 0.8 * len(rows)


def test_a_body_is_seen_only_while_it_is_up() -> None:
    tables = planes(1)
    _, _, rows = sight(tables, np.array(((7.3, 21.9),)), 0.0)
    assert rows[:, 0].tolist() == list(range(8, 22))


def test_the_earth_hides_what_is_behind_it_and_nothing_in_front() -> None:
    platform = (42_164_000.0, 0.0, 0.0)
    assert is_earth_between(-6_500_000.0, 0.0, 0.0, *platform) == 1
    assert is_earth_between(6_500_000.0, 0.0, 0.0, *platform) == 0
    assert is_earth_between(0.0, 9_000_000.0, 0.0, *platform) == 0
    # over the pole the ellipsoid is 21 km lower than at the equator: a line grazing at 6360 km passes there only
    assert is_earth_between(-1e7, 0.0, 6_365_000.0, 1e7, 0.0, 6_365_000.0) == 0
    assert is_earth_between(-1e7, 6_365_000.0, 0.0, 1e7, 6_365_000.0, 0.0) == 1


def test_a_flash_is_seen_where_the_light_left_it_on_an_earth_that_turned_meanwhile() -> None:
    """In the inertial frame that is ECEF at the end: light leaves earlier by the distance over c, the Earth turned."""
    tables = planes(5)
    platform = np.tile((42_164_000.0 * math.cos(0.6), 42_164_000.0 * math.sin(0.6), 0.0), (40, 1))
    flash = np.tile((-100.0, 100.0, 1.0, 0.0), (5, 1))
    scan, which, rows = filled(
        sight_flashes, 7, 200, *tables, np.tile(ALWAYS, (5, 1)), np.arange(5), flash, TIMES_S, platform, 36_000_000.0
    )
    assert len(scan) == 5 * 40
    for k in range(len(scan)):
        own = slice(tables[3][which[k]], tables[3][which[k] + 1])
        delay_s = TIMES_S[scan[k]] - rows[k, 0]
        place, _ = along_path(tables[0][own], tables[1][own], tables[2][own], rows[k, :1].copy())
        turn = 7.292115e-5 * delay_s
        turned = np.array(((math.cos(turn), math.sin(turn), 0), (-math.sin(turn), math.cos(turn), 0), (0, 0, 1)))
        line = turned @ place[0] - platform[0]
        assert delay_s * 299_792_458.0 == pytest.approx(np.linalg.norm(line), abs=1.0)
        np.testing.assert_allclose(rows[k, 4:7], line / np.linalg.norm(line), atol=1e-12)
        assert rows[k, 2] == pytest.approx((36e6 / np.linalg.norm(line)) ** 2, rel=1e-9)


def test_a_flash_is_seen_only_while_it_burns_and_above_its_lowest_height() -> None:
    tables = planes(1)
    platform = np.tile((42_164_000.0 * math.cos(0.6), 42_164_000.0 * math.sin(0.6), 0.0), (40, 1))
    common = (*tables, np.tile(ALWAYS, (1, 1)), np.arange(1))

    def times(*flash: float) -> list[float]:
        return filled(sight_flashes, 7, 40, *common, np.array((flash,)), TIMES_S, platform, 36e6)[2][:, 0].tolist()

    seen = times(10.0, 20.0, 1.0, 0.0)
    assert 10.0 < min(seen) < 11.0
    assert 19.0 < max(seen) < 20.0
    assert times(10.0, 20.0, 1.0, 20_000.0) == []


def test_what_passes_near_between_two_rows_or_to_a_ship_on_its_way_is_in_reach() -> None:
    here = site()[:1]
    side = enu_axes(math.radians(SITE_DEG[0]), math.radians(SITE_DEG[1]))[0]
    past = here + np.array([[-200e3], [200e3]]) * side + 1e3
    assert is_out_of_reach(past, 0, 2, here, 50e3) == 0
    aside = here + 300e3 * side + np.array([[0.0], [1.0]]) * side
    under_way = np.vstack((here, here + 290e3 * side))
    assert is_out_of_reach(aside, 0, 2, here, 50e3) == 1
    assert is_out_of_reach(aside, 0, 2, under_way, 50e3) == 0
