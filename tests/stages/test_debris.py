"""debris: footprints against closed forms, mass, fresh draws; which area is published when."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from chain_case import T0, S, assessment, column, defence, descent, of, renew, state_at, tick, track_updates, vec3

from tocsin.flight.regions import contains, ellipse_polygon, enu_offsets_m, mass_region_polygon, polygon_area_m2
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import Column, DebrisArea, Engagement, Event, encode
from tocsin.places import distance_m, zones
from tocsin.policy import AssessPolicy, Policy, WarnPolicy
from tocsin.scenario.schema import Site
from tocsin.stages.debris import Debris
from tocsin.stages.debris.debris import _interceptor_velocity
from tocsin.stages.debris.exposure import density_at, people_in
from tocsin.stages.debris.footprint import Footprint, footprint, start_states
from tocsin.stages.debris.fragments import BODY_MASS_KG, CLASSES, DIMENSIONS, Body, Pieces, fixed_pieces, pieces_from

AIR = AssessPolicy()
COUNT = 120  # of each body: half of the policy's


def at(lat_deg: float, lon_deg: float, height_m: float, enu_m_s: tuple[float, float, float]) -> tuple[Any, Any]:
    position, velocity = state_at(lat_deg, lon_deg, height_m, enu_m_s)
    return vec3(position), vec3(velocity)


def one_piece(beta_kg_m2: float, wind_m_s: float = 0.0) -> Pieces:
    """A single kind of piece without spread, in still standard air unless a wind is given."""
    zero, one = np.zeros(1), np.ones(1)
    return Pieces(
        mass_kg=one, real_count=one, piece_kg=one,
        beta_kg_m2=np.array([beta_kg_m2]), spread_m_s=np.zeros((1, 3)), along_m_s=zero,
        air=np.array([[0.0, 0.0, wind_m_s, 0.0]]), place=np.zeros((1, 3)),
    )  # fmt: skip


BODIES: tuple[Body, ...] = ("threat", "interceptor")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("count", [8, 37, 120, 1000])
def test_the_sampled_pieces_carry_the_mass_of_their_body(body: Body, count: int) -> None:
    pieces = fixed_pieces(body, count, AIR)
    assert len(pieces.mass_kg) == count
    assert float(pieces.mass_kg.sum()) == pytest.approx(BODY_MASS_KG[body], rel=1e-12)
    for one in CLASSES:
        of_class = float(pieces.mass_kg[pieces.piece_kg == one.piece_kg].sum())
        assert of_class == pytest.approx(one.mass_share * BODY_MASS_KG[body], rel=1e-12)
    assert 10.0 <= float(pieces.beta_kg_m2.min()) <= float(pieces.beta_kg_m2.max()) <= 2_000.0


def test_the_fixed_points_have_the_moments_of_the_normal_law_in_each_class() -> None:
    pieces = fixed_pieces("threat", COUNT, AIR)
    for one in CLASSES:
        place = pieces.place[pieces.piece_kg == one.piece_kg]
        assert place.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
        assert place.std(axis=0) == pytest.approx(np.ones(3), rel=1e-9)
    correlation = np.corrcoef(pieces.place.T) - np.eye(3)
    assert float(np.abs(correlation).max()) < 0.1


def test_each_class_is_thrown_apart_at_its_stated_speed() -> None:
    # across the track: the stated spread; along it: the root sum of squares with half of it more
    position, velocity = at(36.9, 37.0, 80e3, (-2_200.0, 200.0, -1_200.0))
    pieces = fixed_pieces("threat", 2_000, AIR)
    states, _ = start_states(pieces, position, velocity, 500.0)
    along = np.array(velocity) / np.linalg.norm(velocity)
    for one in CLASSES:
        rows = pieces.piece_kg == one.piece_kg
        thrown = states[rows, 3:] - np.array(velocity)
        on_track = thrown @ along
        across_var = float(((thrown**2).sum(axis=1) - on_track**2).mean()) / 2.0
        assert math.sqrt(across_var) == pytest.approx(one.speed_std_m_s, rel=0.1)
        assert float(on_track.std()) == pytest.approx(one.speed_std_m_s * math.sqrt(1.25), rel=0.15)
    assert float((states[:, :3] - np.array(position)).std()) == pytest.approx(500.0, rel=0.05)


def test_a_dense_piece_falls_as_in_vacuum() -> None:
    # 20 km up, level at 200 m/s toward the east: sqrt(2 h / g) on a flat Earth without air
    height_m, speed_m_s = 20_000.0, 200.0
    position, velocity = at(36.0, 35.0, height_m, (speed_m_s, 0.0, 0.0))
    landed = footprint(one_piece(1e9), position, velocity, 0.0)
    assert landed is not None
    gravity_m_s2 = 9.797 * (1.0 - height_m / 6.371e6)  # normal gravity at 36 N (Somigliana), half way up
    fall_s = math.sqrt(2.0 * height_m / gravity_m_s2)
    assert float(landed.time_s[0]) == pytest.approx(fall_s, rel=0.005)
    below = np.array(state_at(36.0, 35.0, 0.0, (0.0, 0.0, 0.0))[0])
    east_m, north_m = enu_offsets_m(np.array(landed.mean_ecef_m), below)[0]
    coriolis_m = 7.292e-5 * math.cos(36.0 * math.pi / 180.0) * gravity_m_s2 * fall_s**3 / 3.0
    assert east_m == pytest.approx(speed_m_s * fall_s + coriolis_m, rel=0.005)
    assert abs(north_m) < 0.02 * east_m


def test_a_light_piece_falls_at_its_terminal_speed() -> None:
    # through the lowest 2 km, beta 20: dt = dh / sqrt(2 beta g / rho(h)), rho of the standard atmosphere
    position, velocity = at(36.0, 35.0, 2_000.0, (0.0, 0.0, -19.0))
    landed = footprint(one_piece(20.0), position, velocity, 0.0)
    assert landed is not None
    heights_m = np.linspace(0.0, 2_000.0, 2_001)
    density = 1.225 * (1.0 - 2.25577e-5 * heights_m) ** 4.25588
    expected_s = float(np.trapezoid(np.sqrt(density / (2.0 * 20.0 * 9.797)), heights_m))
    assert float(landed.time_s[0]) == pytest.approx(expected_s, rel=0.01)


def test_wind_carries_a_light_piece_and_hardly_a_dense_one() -> None:
    position, velocity = at(36.0, 35.0, 30_000.0, (0.0, 0.0, 0.0))
    moved_m = []
    for beta in (20.0, 2_000.0):
        landed = [footprint(one_piece(beta, wind), position, velocity, 0.0) for wind in (0.0, 15.0)]
        assert landed[0] is not None
        assert landed[1] is not None
        moved_m.append(float(enu_offsets_m(np.array(landed[1].mean_ecef_m), np.array(landed[0].mean_ecef_m))[0, 0]))
    assert moved_m[0] > 2_000.0
    assert 0.0 < moved_m[1] < 0.2 * moved_m[0]


FOOTPRINTS = [
    ("threat", 20e3, (-900.0, 100.0, -900.0)),
    ("threat", 30e3, (-1_800.0, 200.0, -1_500.0)),
    ("threat", 80e3, (-2_200.0, 200.0, -1_200.0)),
    ("threat", 140e3, (-2_800.0, 200.0, -300.0)),
    ("threat", 235e3, (-2_300.0, 300.0, -700.0)),
    ("interceptor", 30e3, (540.0, -60.0, 450.0)),
    ("interceptor", 235e3, (690.0, -90.0, 210.0)),
]


@pytest.mark.parametrize("count", [80, COUNT])
@pytest.mark.parametrize(("body", "height_m", "enu_m_s"), FOOTPRINTS)
def test_the_regions_hold_their_share_of_fresh_draws(body: Body, height_m: float, enu_m_s: Any, count: int) -> None:
    position, velocity = at(36.9, 37.0, height_m, enu_m_s)
    landed = footprint(fixed_pieces(body, count, AIR), position, velocity, 500.0)
    draws = np.random.default_rng(20260304).standard_normal((2_000, DIMENSIONS))
    fresh = footprint(pieces_from(body, draws, AIR), position, velocity, 500.0)
    assert landed is not None
    assert fresh is not None
    limits = ((0.45, 0.57), (0.87, 0.93), (0.97, 1.0))
    for region, (least, most) in zip(regions_of(landed), limits, strict=True):
        held = contains(region, fresh.points_deg[:, 0], fresh.points_deg[:, 1])
        share = float((fresh.mass_kg * held).sum() / fresh.mass_kg.sum())
        assert least <= share <= most


@pytest.mark.parametrize("height_m", [30e3, 60e3, 80e3])
def test_the_regions_are_clearly_smaller_than_ellipses_where_drag_bends_the_footprint(height_m: float) -> None:
    # air sorts the pieces along the track: heavy ones far and close together, light ones short and wide
    position, velocity = at(36.9, 37.0, height_m, (-1_500.0, 200.0, -1_500.0))
    landed = footprint(fixed_pieces("threat", COUNT, AIR), position, velocity, 500.0)
    assert landed is not None
    for region, prob, most in zip(regions_of(landed), (0.5, 0.9, 0.99), (0.8, 0.9, 0.85), strict=True):
        ellipse = mass_region_polygon(landed.points_deg, landed.mass_kg, prob)
        assert polygon_area_m2(region) < most * polygon_area_m2(ellipse)


def regions_of(landed: Footprint) -> tuple[Column, Column, Column]:
    return landed.region_50_deg, landed.region_90_deg, landed.region_99_deg


@pytest.mark.parametrize("body", BODIES)
def test_all_mass_comes_down_from_a_suborbital_intercept(body: Body) -> None:
    position, velocity = at(36.9, 37.0, 80e3, (-2_200.0, 200.0, -1_200.0))
    landed = footprint(fixed_pieces(body, COUNT, AIR), position, velocity, 500.0)
    assert landed is not None
    assert landed.aloft_kg == 0.0
    assert float(landed.mass_kg.sum()) == pytest.approx({"threat": 1_000.0, "interceptor": 150.0}[body], rel=1e-12)


def test_a_body_that_flies_past_the_earth_leaves_nothing_on_it() -> None:
    position, velocity = at(36.9, 37.0, 300e3, (0.0, 0.0, 13_000.0))
    assert footprint(fixed_pieces("threat", 8, AIR), position, velocity, 500.0) is None


def test_density_integrates_to_the_people_of_a_zone() -> None:
    table = zones()
    row = int(np.argmax(table.people_count * (np.array(table.countries) == "TR")))
    centre = np.array([[table.latitude_deg[row], table.longitude_deg[row]]])
    people = people_in(np.asarray(table.polygons_deg[row]))
    assert float(density_at(centre)[0]) > 0.0
    assert people == pytest.approx(float(table.people_count[row]), rel=0.12)  # a hexagon taken as a circle


def test_nobody_lives_in_the_open_sea() -> None:
    assert float(density_at(np.array([[34.0, 28.5]]))[0]) == 0.0


# the stage


def engagement(state: Any, at_s: float, revision: int = 3, **changes: Any) -> Engagement:
    """At 300 s on the case's path, 60 to 70 km from the coast."""
    times, positions, velocities, _ = descent()
    row = int(np.searchsorted(times, T0 + 300 * S))
    now_ns = T0 + round(at_s * S)
    fields: dict[str, Any] = {
        "time_ns": now_ns, "arrival_ns": now_ns, "id": f"e{revision}", "engagement": "E-0001", "revision": revision,
        "state": state, "threat": "T-0001", "track": 7, "site": "North", "shots": 1, "kill_prob": 0.7,
        "launch_ns": T0 + 220 * S, "intercept_ns": int(times[row]), "intercept_ecef_m": vec3(positions[row]),
        "intercept_velocity_ecef_m_s": vec3(velocities[row]),
    }  # fmt: skip
    return Engagement(**{**fields, **changes})


def test_a_launch_gives_predicted_footprints_of_both_bodies_and_a_hit_the_final_ones() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    stage.handle(track_updates(219.0, 219.0))
    predicted = of(DebrisArea, stage.handle(engagement("launched", 220.0)))
    final = of(DebrisArea, stage.handle(engagement("hit", 303.0, revision=4)))
    assert [area.area for area in predicted] == ["D-E-0001-threat", "D-E-0001-interceptor"]
    assert [(area.is_predicted, area.revision, area.kind) for area in predicted] == [(True, 1, "intercept")] * 2
    assert [(area.is_predicted, area.revision, area.kind) for area in final] == [(False, 2, "intercept")] * 2
    assert [area.area for area in final] == [area.area for area in predicted]
    assert [area.body for area in final] == ["threat", "interceptor"]
    assert [area.mass_kg for area in final] == pytest.approx([1_000.0, 150.0])
    intercept_ns = T0 + 300 * S
    for area in final:
        assert intercept_ns < area.fall_start_ns < area.fall_end_ns
        assert area.danger_until_ns == area.fall_end_ns + 259_200 * S
        assert area.fragment_count == COUNT
        assert set(area.causes) == {"e4", "a0"}
    assert stage.handle(tick(600)) == []  # no intact body after a hit


def test_the_footprints_lie_ahead_of_the_intercept_and_short_of_the_intact_impact() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    shot = engagement("launched", 220.0, site="not described")  # its interceptor then follows the threat, slower
    threat, interceptor = (ground(area.mean_ecef_m) for area in of(DebrisArea, stage.handle(shot)))
    intercept, impact = ground(shot.intercept_ecef_m), ground(descent()[1][-1])
    to_impact_m = float(distance_m(*intercept, *impact))
    to_threat_m, to_interceptor_m = (float(distance_m(*intercept, *there)) for there in (threat, interceptor))
    assert threat[1] < interceptor[1] < intercept[1]  # flies west
    assert 0.2 * to_impact_m < to_threat_m < to_impact_m
    assert to_interceptor_m < to_threat_m


def ground(place_ecef_m: Any) -> tuple[float, float]:
    lat, lon, _ = geodetic_from_ecef(*place_ecef_m)
    return math.degrees(lat), math.degrees(lon)


def test_a_miss_withdraws_the_footprint_and_the_intact_area_follows_after_the_impact() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    stage.handle(engagement("launched", 220.0))
    (withdrawn,) = stage.handle(engagement("miss", 303.0, revision=4))
    assert isinstance(withdrawn, Event)
    assert withdrawn.code == "debris.withdrawn"
    assert stage.handle(tick(385)) == []  # impact at 385.25 s
    (intact,) = of(DebrisArea, stage.handle(tick(386)))
    assert (intact.kind, intact.body, intact.is_predicted, intact.engagement) == ("intact", "intact", False, "")
    assert intact.fragment_count == 1
    assert np.array_equal(intact.region_90_deg, assessment(0.0).impact_region_90_deg)
    assert intact.fall_start_ns <= descent()[3] <= intact.fall_end_ns
    assert stage.handle(tick(387)) == []


def test_without_any_engagement_there_is_the_intact_area_and_no_intercept_debris() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    areas = [m for s in range(380, 420) for m in of(DebrisArea, stage.handle(tick(s)))]
    assert [a.kind for a in areas] == ["intact"]


def test_casualties_of_an_intact_body_are_the_density_times_the_harmed_circle() -> None:
    stage = Debris(defence())
    impact = vec3(state_at(36.85, 36.22, 0.0, (0.0, 0.0, 0.0))[0])
    regions = {
        f"impact_region_{name}_deg": column(ellipse_polygon(impact, np.eye(2) * 4e6, prob))
        for name, prob in (("50", 0.5), ("90", 0.9), ("99", 0.99))
    }
    stage.handle(assessment(0.0, impact_ecef_m=impact, **regions))
    (area,) = of(DebrisArea, stage.handle(tick(386)))
    ellipse_m2 = math.pi * -2.0 * math.log(0.1) * 4e6
    expected = area.people_count / ellipse_m2 * math.pi * 2_000.0**2  # policy.warn.harm_radius_m
    assert area.people_count > 0
    assert area.casualty_expectation == pytest.approx(expected, rel=0.01)


def test_a_late_report_of_a_hit_is_waited_for() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    stage.handle(engagement("launched", 220.0))
    assert stage.handle(tick(390)) == []
    assert [a.kind for a in of(DebrisArea, stage.handle(tick(401)))] == ["intact"]  # 385.25 + look 15 s


@pytest.mark.parametrize("changes", [{"rung": "REFUTED"}, {"rung": "CUE"}, {"impact_ns": None, "impact_ecef_m": None}])
def test_what_is_not_a_threat_or_does_not_come_down_leaves_no_area(changes: dict[str, Any]) -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    stage.handle(assessment(1.0, **changes))
    assert stage.handle(tick(600)) == []


def test_a_lost_track_still_leaves_its_last_predicted_impact() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0))
    stage.handle(assessment(350.0, is_lost=True, impact_ns=None, impact_ecef_m=None))
    assert len(of(DebrisArea, stage.handle(tick(386)))) == 1


def test_a_body_that_has_not_come_down_yet_is_published_again_later() -> None:
    stage = Debris(defence())
    stage.handle(assessment(0.0, impact_ns=T0 + 100 * S))
    assert len(of(DebrisArea, stage.handle(tick(100)))) == 1
    stage.handle(assessment(101.0))
    (again,) = of(DebrisArea, stage.handle(tick(386)))
    assert again.revision == 2


def test_zones_places_and_people_are_those_under_the_region() -> None:
    stage = Debris(defence())
    position, velocity = at(36.85, 36.6, 40_000.0, (-1_500.0, 0.0, -1_000.0))  # comes down about Dörtyol
    stage.handle(assessment(0.0))
    shot = engagement(
        "launched", 220.0, threat="T-0009", intercept_ecef_m=position, intercept_velocity_ecef_m_s=velocity
    )
    area, _ = of(DebrisArea, stage.handle(shot))
    assert "Dörtyol" in area.places
    assert 0 < len(area.places) <= 12
    assert area.people_count > 10_000
    assert area.casualty_expectation > 0.0
    table = zones()
    inside = contains(area.region_99_deg, table.latitude_deg, table.longitude_deg)
    assert {table.ids[row] for row in np.flatnonzero(inside)} <= set(area.zones)


def test_the_interceptor_leaves_its_site_by_its_table_and_never_faster_than_a_share_of_the_threat() -> None:
    position, velocity = at(36.0, 35.0, 80_000.0, (-2_000.0, 0.0, -500.0))
    most_m_s = 0.3 * math.hypot(2_000.0, 500.0)
    for reach_s, expected_m_s in ((115.0, most_m_s), (1_015.0, 100.0)):  # the second: 100 km in 1000 s
        site = Site(
            name="N", unit="U", latitude_deg=36.0, longitude_deg=35.0,
            reach_distance_m=(0.0, 100_000.0), reach_time_s=(15.0, reach_s),
        )  # fmt: skip
        flown = np.array(_interceptor_velocity(site, position, velocity))
        up = np.array(state_at(36.0, 35.0, 0.0, (0.0, 0.0, 1.0))[1])
        assert float(np.linalg.norm(flown)) == pytest.approx(expected_m_s, rel=1e-6)
        assert float(flown @ up) == pytest.approx(expected_m_s, rel=1e-6)  # straight above its site


def test_a_recovered_stage_goes_on_as_if_nothing_had_happened() -> None:
    story = [assessment(0.0), track_updates(219.0, 219.0), engagement("launched", 220.0)]
    story += [engagement("miss", 303.0, revision=4), tick(386), tick(387)]
    whole, broken = Debris(defence()), Debris(defence())
    for message in story:
        expected = [encode(m) for m in whole.handle(message)]
        assert [encode(m) for m in broken.handle(message)] == expected
        renew(broken)


def test_the_air_of_the_pieces_is_as_uncertain_as_the_assessment_takes_it_to_be() -> None:
    calm = AssessPolicy(density_ratio_std_20km=0.0, density_ratio_std_80km=0.0, wind_std_m_s=0.0)
    assert not fixed_pieces("threat", COUNT, calm).air.any()
    spread = fixed_pieces("threat", COUNT, AIR).air.std(axis=0)
    wanted = [AIR.density_ratio_std_20km, AIR.density_ratio_std_80km, AIR.wind_std_m_s, AIR.wind_std_m_s]
    assert spread == pytest.approx(wanted, rel=0.1)  # of 120 points


def test_the_ground_stays_dangerous_as_long_as_the_notice_says() -> None:
    stage = Debris(defence(policy=Policy(warn=WarnPolicy(debris_notice_s=3_600.0))))
    stage.handle(assessment(0.0))
    (area,) = of(DebrisArea, stage.handle(tick(500)))
    assert area.danger_until_ns - area.fall_end_ns == 3_600 * S
