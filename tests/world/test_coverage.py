"""What sensors see: against closed forms on a sphere, independent geodesy, and the simulated radar itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pymap3d
import pytest
from pyproj import Geod
from scipy.integrate import solve_ivp

from tocsin.messages import Scan
from tocsin.scenario import Aircraft, Scenario, Sensor, Spread, Truth, load_scenario
from tocsin.units import ns_from_iso
from tocsin.world import World
from tocsin.world.coverage import coverage_map, lowest_visible_m
from tocsin.world.flown import heights_m
from tocsin.world.sight import eye_of, is_hidden, limb_deg, places_of, reach_m
from tocsin.world.view import SensorView, together, view_of

RADIUS_M = 6_371_008.8  # mean radius R1 of WGS-84
TOP_M = 500_000.0
EPOCH = "2026-03-04T09:00:00Z"
NONE = np.zeros(1)


def radar(**changes: Any) -> Sensor:
    given: dict[str, Any] = {
        "name": "radar", "kind": "radar", "latitude_deg": 38.0, "longitude_deg": 40.0, "height_m": 1500.0,
        "elevation_min_deg": -5.0, "range_min_km": 0.0, "range_max_km": 3000.0, "refractivity": 0.0,
    }  # fmt: skip
    return Sensor(**(given | changes))


def lowest(sensor: Sensor, latitude_deg: Any, longitude_deg: Any, top_m: float = TOP_M) -> np.ndarray:
    place = places_of(sensor, 0, NONE)[0]
    places = np.atleast_1d(np.asarray(latitude_deg, dtype=float)), np.atleast_1d(np.asarray(longitude_deg, dtype=float))
    return lowest_visible_m(eye_of(sensor), place, *places, top_m)


def ahead(sensor: Sensor, azimuth_deg: float, distance_m: float) -> tuple[float, float]:
    """Latitude and longitude at a distance over the ground, by PROJ."""
    longitude, latitude, _ = Geod(ellps="WGS84").fwd(sensor.longitude_deg, sensor.latitude_deg, azimuth_deg, distance_m)
    return latitude, longitude


@pytest.mark.parametrize("distance_km", [200.0, 400.0, 800.0, 1500.0])
@pytest.mark.parametrize("azimuth_deg", [0.0, 70.0, 200.0])
def test_without_refraction_the_horizon_is_the_closed_form(distance_km: float, azimuth_deg: float) -> None:
    """A straight line that touches a sphere: h = R / cos(d / R - arccos(R / (R + h_site))) - R."""
    sensor = radar()
    made = lowest(sensor, *ahead(sensor, azimuth_deg, 1000.0 * distance_km))[0]
    dip = math.acos(RADIUS_M / (RADIUS_M + sensor.height_m))
    expected = RADIUS_M / math.cos(1000.0 * distance_km / RADIUS_M - dip) - RADIUS_M
    assert made == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("elevation_deg", [0.5, 3.0, 20.0])
def test_without_refraction_the_lowest_height_stands_at_the_lowest_elevation(elevation_deg: float) -> None:
    """Elevation of the point found, by pymap3d: that of the mask, to 3 m of height."""
    sensor = radar(elevation_min_deg=elevation_deg)
    for azimuth_deg, distance_m in ((10.0, 50e3), (120.0, 300e3), (250.0, 700e3)):
        latitude, longitude = ahead(sensor, azimuth_deg, distance_m)
        made = lowest(sensor, latitude, longitude, 2e6)[0]
        for height_m, is_over in ((made + 3.0, True), (made - 3.0, False)):
            _, elevation, _ = pymap3d.geodetic2aer(
                latitude, longitude, height_m, sensor.latitude_deg, sensor.longitude_deg, sensor.height_m
            )
            assert (elevation > elevation_deg) == is_over


def test_with_refraction_the_horizon_is_that_of_a_traced_ray() -> None:
    """The ray that touches the Earth, by scipy from its lowest point, in n = 1 + 313e-6 exp(-0.1439 h / km)."""

    def bent(angle_rad: float, state: np.ndarray) -> list[float]:
        height_m, elevation_rad = state
        excess = 313e-6 * math.exp(-0.1439e-3 * height_m)
        climb_m = (RADIUS_M + height_m) * math.tan(elevation_rad)
        return [climb_m, 1.0 - 0.1439e-3 * excess / (1.0 + excess) * (RADIUS_M + height_m)]

    angles = np.linspace(0.0, 0.25, 20_001)
    traced = solve_ivp(bent, (0.0, 0.25), (0.0, 1e-12), t_eval=angles, rtol=1e-10, atol=1e-9, method="DOP853").y[0]
    sensor = radar(refractivity=313.0)
    to_site_rad = np.interp(sensor.height_m, traced, angles)
    for distance_m in (300e3, 500e3, 900e3, 1500e3):
        expected = np.interp(distance_m / RADIUS_M - to_site_rad, angles, traced)
        assert lowest(sensor, *ahead(sensor, 90.0, distance_m))[0] == pytest.approx(expected, rel=0.01)


def test_range_azimuth_and_the_cone_overhead_bound_what_is_seen() -> None:
    sensor = radar(
        range_max_km=500.0, range_min_km=30.0, azimuth_from_deg=300.0, azimuth_to_deg=60.0, elevation_max_deg=60.0
    )
    rng = np.random.default_rng(2)
    azimuths, distances = rng.uniform(0.0, 360.0, 400), 700e3 * np.sqrt(rng.random(400))
    places = np.array([ahead(sensor, a, d) for a, d in zip(azimuths, distances, strict=True)])
    made = lowest(sensor, places[:, 0], places[:, 1], 300e3)
    seen = ~np.isnan(made)
    assert 20 < seen.sum() < 380
    azimuth, elevation, range_m = pymap3d.geodetic2aer(
        places[:, 0], places[:, 1], np.where(seen, made + 2.0, 0.0), 38.0, 40.0, sensor.height_m
    )
    assert (range_m[seen] <= 500e3 + 5.0).all()
    assert (range_m[seen] >= 30e3 - 5.0).all()
    assert (((azimuth + 60.0) % 360.0)[seen] <= 120.0 + 1e-3).all()
    assert (elevation[seen] <= 60.0 + 1e-3).all()
    for row in np.flatnonzero(~seen):  # nothing that should be seen is left out
        height = np.concatenate((np.arange(0.0, 3000.0, 20.0), np.geomspace(3000.0, 300e3, 300)))
        az, el, far = pymap3d.geodetic2aer(*places[row], height, 38.0, 40.0, sensor.height_m)
        # the horizon of a site at 1.5 km lies 1.25 degrees down
        inside = (el > -1.2) & (el < 60.0) & (far < 499e3) & (far > 30.1e3) & (((az + 60.0) % 360.0) < 119.9)
        assert not inside.any(), (azimuths[row], distances[row])


def test_signal_to_noise_ends_the_range_where_half_the_looks_detect() -> None:
    """Swerling 1: P = exp(-t / (1 + S)), so S at one half is t / ln 2 - 1; the signal falls with the fourth power."""
    sensor = radar(reference_snr_db=20.0, reference_range_km=400.0, reference_rcs_m2=2.0, false_alarm_prob=1e-6)
    needed = -math.log(1e-6) / math.log(2.0) - 1.0
    for size, ratio in ((None, 1.0), (2.0, 1.0), (0.02, 0.01)):
        expected = 400e3 * (ratio * 100.0 / needed) ** 0.25
        assert reach_m(sensor, size) == pytest.approx(expected, abs=2.0)
    assert reach_m(radar(reference_snr_db=90.0), None) == 3000e3


def test_the_grid_holds_all_that_is_seen() -> None:
    for latitude in (0.0, 38.0, -65.0):
        sensor = radar(latitude_deg=latitude, longitude_deg=179.0, elevation_min_deg=1.0, range_max_km=800.0)
        place = places_of(sensor, 0, NONE)
        made = coverage_map([eye_of(sensor)], place, 200e3, cells=8000)
        heights = made.layers[0].lowest_m
        assert not np.isnan(heights).all()
        for edge in (heights[0], heights[-1], heights[:, 0], heights[:, -1]):
            assert np.isnan(edge).all()
        assert np.diff(made.grid.longitude_deg) == pytest.approx(made.grid.step_deg)


def test_areas_are_those_of_rings_on_the_sphere() -> None:
    sensor = radar(latitude_deg=50.0, elevation_min_deg=10.0, range_min_km=0.001, height_m=0.0)
    made = coverage_map([eye_of(sensor)], places_of(sensor, 0, NONE), 100e3)
    arc = math.acos(RADIUS_M / (RADIUS_M + 50e3) * math.cos(math.radians(10.0))) - math.radians(10.0)
    cap_km2 = 2.0 * math.pi * (RADIUS_M / 1000.0) ** 2 * (1.0 - math.cos(arc))
    with np.errstate(invalid="ignore"):
        area = made.grid.area_km2(made.combined_m <= 50e3)
    assert area == pytest.approx(cap_km2, rel=0.02)


def test_all_together_is_the_lowest_of_each() -> None:
    sensors = [radar(name="a", range_max_km=400.0), radar(name="b", longitude_deg=45.0, range_max_km=400.0)]
    places = np.concatenate([places_of(sensor, 0, NONE) for sensor in sensors])
    made = coverage_map([eye_of(sensor) for sensor in sensors], places, 100e3, cells=4000)
    a, b = (layer.lowest_m for layer in made.layers)
    both = ~np.isnan(a) & ~np.isnan(b)
    assert both.any()
    assert (made.combined_m[both] == np.minimum(a, b)[both]).all()
    alone = ~np.isnan(a) & np.isnan(b)
    assert (made.combined_m[alone] == a[alone]).all()
    assert np.isnan(made.combined_m[np.isnan(a) & np.isnan(b)]).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"elevation_min_deg": 1.0}, {"elevation_min_deg": -2.0}, {"elevation_min_deg": 1.0, "is_refracted": False},
        {"elevation_min_deg": 0.0, "azimuth_from_deg": 200.0, "azimuth_to_deg": 100.0, "range_max_km": 350.0},
    ],
)  # fmt: skip
def test_the_simulated_radar_sees_what_stands_just_above_and_not_what_stands_just_below(
    changes: dict[str, Any],
) -> None:
    """Aircraft hover 25 m over and under the map's heights: plots are there of all the upper ones, and no others."""
    sensor = radar(
        refractivity=313.0, detection_prob=1.0, scan_period_s=2.0, range_std_m=0.01, range_min_km=1.0,
        **({"range_max_km": 600.0} | changes),
    )  # fmt: skip
    rng = np.random.default_rng(3)
    places = np.array(
        [ahead(sensor, a, d) for a, d in zip(rng.uniform(0, 360, 60), rng.uniform(20e3, 500e3, 60), strict=True)]
    )
    heights = lowest(sensor, places[:, 0], places[:, 1], 30e3)
    rows = [i for i in range(60) if heights[i] > 60.0 and heights[i] < 29_900.0]
    assert len(rows) > 20
    aircraft = tuple(
        Aircraft(
            name=f"{i}{side}", latitude_deg=places[i, 0], longitude_deg=places[i, 1], course_deg=0.0, speed_m_s=0.0,
            height_m=float(heights[i]) + shift,
        )
        for i in rows
        for side, shift in (("over", 25.0), ("under", -25.0))
    )  # fmt: skip
    scenario = Scenario(
        name="hover", title="Hover", epoch=EPOCH, duration_s=60.0, sensors=(sensor,),
        truth=Truth(aircraft=aircraft, spread=Spread(refractivity_std=0.0)),
    )  # fmt: skip
    epoch_ns = ns_from_iso(EPOCH)
    scans = [m for m in World(scenario, 1).generate(epoch_ns - 1, epoch_ns + 6_000_000_000) if isinstance(m, Scan)]
    assert len(scans) >= 2
    _, _, expected = pymap3d.geodetic2aer(
        places[rows, 0], places[rows, 1], heights[rows] + 25.0, sensor.latitude_deg, sensor.longitude_deg, 1500.0
    )
    for scan in scans[1:]:
        assert scan.range_m is not None
        assert len(scan.range_m) == len(rows)
        assert np.abs(np.sort(scan.range_m) - np.sort(expected)).max() < 300.0  # the bent ray is longer by some metres


def test_the_limb_touches_the_earth() -> None:
    """Places 0.3 degrees nearer to the sub-satellite point are in view, places 0.3 degrees further are hidden."""
    satellite = Sensor(name="geo", kind="infrared", platform="geostationary", longitude_deg=20.0)
    place = places_of(satellite, 0, NONE)[0]
    ring = limb_deg(place, 73)
    geod = Geod(ellps="WGS84")
    for step_m, is_out in ((-30e3, False), (30e3, True)):
        moved = []
        for latitude, longitude in ring:
            azimuth, _, distance = geod.inv(20.0, 0.0, longitude, latitude)
            far = geod.fwd(20.0, 0.0, azimuth, distance + step_m)
            moved.append((far[1], far[0], 10.0))
        points = np.stack(pymap3d.geodetic2ecef(*np.array(moved).T), axis=1)
        assert (is_hidden(points, place) == is_out).all()


def test_views_join_and_leave_out() -> None:
    views = [
        SensorView(sensor=name, kind="radar", spans_s=spans)
        for name, spans in (("a", ((10.0, 20.0), (50.0, 60.0))), ("b", ((15.0, 30.0),)), ("c", ()))
    ]
    both = together("all", views)
    assert both.spans_s == ((10.0, 30.0), (50.0, 60.0))
    assert (both.seconds, both.first_s, both.last_s) == (30.0, 10.0, 60.0)
    assert together("rest", views[1:]).spans_s == ((15.0, 30.0),)
    assert (views[2].seconds, views[2].first_s, views[2].last_s) == (0.0, None, None)


def test_infrared_sees_a_flight_from_the_cloud_top_to_burn_out() -> None:
    scenario = load_scenario("one-missile")
    world = World(scenario, 5)
    body = world.bodies[0]
    view = view_of(body, scenario.sensors, ns_from_iso(scenario.epoch), scenario.duration_s)
    start_s, end_s = body.up_s
    times = np.linspace(start_s, end_s, 20_000)
    out_of_cloud_s = times[np.argmax(heights_m(body, times) > 9_000.0)] - start_s
    west = view.sensors[0]
    assert west.sensor == "infrared-west"
    assert west.first_s == pytest.approx(out_of_cloud_s, abs=0.05)
    assert west.last_s == pytest.approx(body.burns[-1].to_s - start_s, abs=0.01)
    assert view.end_s == pytest.approx(end_s - start_s)
    assert [name for name, _, _ in view.phases] == ["boost", "midcourse", "terminal"]
    assert all(a[2] == b[1] for a, b in zip(view.phases[:-1], view.phases[1:], strict=True))


def test_plots_of_a_run_begin_and_end_with_the_view() -> None:
    """Radars that detect all they can see: their plots fill the view but a scan at each end, and never leave it."""
    scenario = load_scenario(
        "one-missile",
        overrides=(
            "sensors.*.detection_prob=1.0", "sensors.*.false_per_scan=0", "truth.spread.refractivity_std=0",
            "sensors.infrared-west.enabled=false", "sensors.infrared-east.enabled=false",
        ),
    )  # fmt: skip
    world, epoch_ns = World(scenario, 5), ns_from_iso(scenario.epoch)
    radars = [sensor for sensor in scenario.sensors if sensor.enabled]
    view = view_of(world.bodies[0], radars, epoch_ns, scenario.duration_s)
    start_s = world.bodies[0].up_s[0]
    plots: dict[str, list[float]] = {sensor.name: [] for sensor in radars}
    for second in range(700):
        for message in world.generate(epoch_ns + (second - 1) * 10**9, epoch_ns + second * 10**9):
            if isinstance(message, Scan):
                plots[message.sensor] += ((message.plot_time_ns - epoch_ns) / 1e9 - start_s).tolist()
    for each in view.sensors:
        (first_s, last_s), *more = each.spans_s
        assert not more
        period_s = 1.05
        assert first_s - 0.05 <= min(plots[each.sensor]) <= first_s + period_s
        assert last_s - period_s <= max(plots[each.sensor]) <= last_s + 0.05
