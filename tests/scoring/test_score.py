"""score: a record written by hand against a truth written by hand; every figure can be worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import h3
import msgspec
import numpy as np
import pytest

from tocsin.flight import ellipse_polygon, place_offsets, surface_ecef_m
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import (
    AlertStatus,
    Assessment,
    Message,
    PublicWarning,
    TrackUpdates,
    UnitAlert,
    column,
)
from tocsin.places import zones
from tocsin.scoring import score
from tocsin.scoring.impact_zones import zones_at
from tocsin.world import ObjectTruth, ThreatTruth, WorldTruth

S = 1_000_000_000
LAUNCH_NS = 1_772_611_200 * S
IMPACT_NS = LAUNCH_NS + 580 * S
LAUNCH_DEG, IMPACT_DEG = (34.32, 47.07), (36.84, 36.22)
SIGMA_M = 1_000.0


def ground(place_deg: tuple[float, float], east_m: float = 0.0, north_m: float = 0.0) -> tuple[float, float, float]:
    """A point on the ellipsoid, so far east and north of a place."""
    origin = np.array(ecef_from_geodetic(math.radians(place_deg[0]), math.radians(place_deg[1]), 0.0))
    x, y, z = surface_ecef_m(place_offsets([[east_m, north_m]], origin))[0].tolist()
    return (x, y, z)


def truth() -> WorldTruth:
    threat = ThreatTruth(
        name="threat-1", vehicle="medium", state="down",
        launch_ns=LAUNCH_NS, launch_latitude_deg=LAUNCH_DEG[0], launch_longitude_deg=LAUNCH_DEG[1],
        launch_ecef_m=ground(LAUNCH_DEG), burnout_ns=LAUNCH_NS + 90 * S, burnout_height_m=60e3,
        apogee_ns=LAUNCH_NS + 320 * S, apogee_height_m=290e3,
        impact_ns=IMPACT_NS, impact_latitude_deg=IMPACT_DEG[0], impact_longitude_deg=IMPACT_DEG[1],
        impact_ecef_m=ground(IMPACT_DEG), beta_kg_m2=4000.0,
    )  # fmt: skip
    return WorldTruth(
        epoch_ns=LAUNCH_NS, until_ns=IMPACT_NS, air=(0.0, 0.0, 0.0, 0.0), threats=[threat], others=[], launches=[]
    )


def judged(second: int, **changes: Any) -> Assessment:
    """One assessment, 2 km east of the true impact with a circular spread of 1 km, launch 3 km north and 4 s late."""
    now_ns = LAUNCH_NS + second * S
    impact, launch = ground(IMPACT_DEG, east_m=2_000.0), ground(LAUNCH_DEG, north_m=3_000.0)
    covariance = SIGMA_M**2 * np.eye(2)
    base = Assessment(
        time_ns=now_ns, arrival_ns=now_ns, threat="T-0001", track=7, revision=second, rung="PROBABLE",
        class_prob=(0.97, 0.01, 0.0, 0.0, 0.01, 0.01), best_class="ballistic_missile", phenomenologies=("radar",),
        is_degraded=False, t_ns=now_ns, position_ecef_m=ground((35.5, 42.0)), velocity_ecef_m_s=(0.0, 0.0, 0.0),
        specific_energy_m2_s2=-5.8e7, perigee_height_m=-6e6,
        launch_ns=LAUNCH_NS + 4 * S, launch_std_s=5.0, launch_ecef_m=launch,
        launch_region_90_deg=column(ellipse_polygon(launch, 4.0 * covariance, 0.9)),
        impact_ns=IMPACT_NS - 2 * S, impact_std_s=3.0, impact_ecef_m=impact,
        impact_covariance_en_m2=column(covariance),
        impact_region_50_deg=column(ellipse_polygon(impact, covariance, 0.5)),
        impact_region_90_deg=column(ellipse_polygon(impact, covariance, 0.9)),
        impact_region_99_deg=column(ellipse_polygon(impact, covariance, 0.99)),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def contact(second: int, radar_count: int, track: int = 7) -> TrackUpdates:
    now_ns = LAUNCH_NS + second * S
    one, zero = column([1.0]), column([0], "int64")
    return TrackUpdates(
        time_ns=now_ns, arrival_ns=now_ns, sensor="land", track=column([track], "int64"), status=("confirmed",),
        t_ns=column([now_ns], "int64"), position_ecef_m=column([[6.4e6, 0.0, 0.0]]),
        velocity_ecef_m_s=column([[0.0, 0.0, 0.0]]), covariance=column([np.eye(6)]),
        mode_prob=column([[0.0, 1.0, 0.0]]), log_beta=one, log_beta_std=one, first_ns=zero, last_ns=zero,
        radar_count=column([radar_count], "int64"), infrared_count=zero, position_count=zero, nis=one, nis_dof=zero,
        parent=zero,
    )  # fmt: skip


def warned(second: int, state: Any, people: int, threats: tuple[str, ...] = ("T-0001",)) -> PublicWarning:
    now_ns = LAUNCH_NS + second * S
    return PublicWarning(
        time_ns=now_ns, arrival_ns=now_ns, warning="W-" + "-".join(threats), revision=second, revises=0,
        kind="missile", state=state, status=AlertStatus.EXERCISE, msg_type="Alert", certainty="Likely",
        threats=threats, zones=("z",), people_count=people, expires_ns=now_ns, texts=(),
    )  # fmt: skip


def flight(**changes: Any) -> list[Message]:
    """Cue at 50 s, radar at 100 s, confirmed at 110 s, then an assessment a second to impact."""
    history: list[Message] = []
    for second in range(50, 580):
        if second == 90:
            history.append(contact(90, 0))
        if second == 100:
            history.append(contact(100, 1))
        rung = "CUE" if second < 60 else "PROBABLE" if second < 110 else "CONFIRMED"
        history.append(judged(second, rung=rung, **changes))
    return history


def test_times_and_errors_are_those_of_the_record() -> None:
    one = score(flight(), truth()).threats[0]
    assert one.names == ("T-0001",)
    assert (one.cue_after_s, one.probable_after_s, one.confirmed_after_s) == (50.0, 60.0, 110.0)
    assert one.first_radar_after_s == 100.0
    assert one.launch_error_s == pytest.approx(4.0)
    assert one.launch_error_m == pytest.approx(3_000.0, rel=0.003)
    assert one.impact_error_m == pytest.approx(2_000.0, rel=0.003)
    assert one.impact_error_s == pytest.approx(-2.0)
    assert one.is_confirmed


def test_regions_hold_the_truth_exactly_where_the_quantile_says() -> None:
    """2 km at 1 km spread is 2 sigma: outside 1.18 sigma (50 %), inside 2.15 (90 %) and 3.03 (99 %)."""
    one = score(flight(), truth()).threats[0]
    assert (one.in_50, one.in_90, one.in_99) == (False, True, True)
    assert one.launch_in_90 is True  # 3 km at 2 km spread
    assert one.impact_nees == pytest.approx(4.0, rel=0.01)
    assert one.area_90_km2 == pytest.approx(-2.0 * math.log(0.1) * math.pi, rel=0.01)


def test_regions_are_judged_120_s_after_the_first_radar_plot_and_not_before() -> None:
    history = flight()
    far = ground(IMPACT_DEG, east_m=9_000.0)
    history = [
        msgspec.structs.replace(m, impact_ecef_m=far) if isinstance(m, Assessment) and m.revision == 220 else m
        for m in history
    ]
    assert score(history, truth()).threats[0].impact_error_m == pytest.approx(9_000.0, rel=0.003)


def test_impact_errors_come_every_30_seconds_of_flight() -> None:
    one = score(flight(), truth()).threats[0]
    assert [round(e.after_launch_s) for e in one.impacts] == [50, *range(60, 580, 30)]


def test_warning_time_runs_from_the_first_sending_and_people_are_counted_once() -> None:
    history = [
        *flight(),
        warned(200, "draft", 50_000),
        warned(240, "sent", 50_000),
        warned(300, "updated", 70_000),
        warned(310, "updated", 60_000),
    ]
    one = score(history, truth()).threats[0]
    assert one.draft_after_s == 200.0
    assert one.sent_after_s == 240.0
    assert one.warning_s == 340.0
    assert [(w.seconds_left, w.people) for w in one.warned] == [(340.0, 50_000), (280.0, 20_000)]
    assert one.people_seconds == 340.0 * 50_000 + 280.0 * 20_000


def zone_at(place_deg: tuple[float, float]) -> tuple[str, int]:
    """Id and people of the zone of a place, by the H3 library and the packaged table."""
    cell = h3.latlng_to_cell(*place_deg, 5)
    return cell, int(zones().people_count[zones().row(cell)])


def test_people_warned_elsewhere_are_not_rightly_warned() -> None:
    """Ankara is told, the place of the true impact is not: many people, none of them those concerned."""
    far, people = zone_at((39.93, 32.86))
    wrong = msgspec.structs.replace(warned(240, "sent", people), zones=(far,))
    one = score([*flight(), wrong], truth()).threats[0]
    assert one.impact_zone_warned is False
    assert (one.people_warned_at_impact, one.people_seconds_at_impact, one.warning_s_at_impact) == (0, 0.0, None)
    assert one.people_warned == people > 0


def test_rightly_warned_are_the_people_at_the_true_impact_from_their_own_first_telling() -> None:
    (here, people), (far, others) = zone_at(IMPACT_DEG), zone_at((39.93, 32.86))
    tell = [
        msgspec.structs.replace(warned(240, "sent", others), zones=(far,)),
        msgspec.structs.replace(warned(300, "updated", others + people), zones=(far, here)),
        msgspec.structs.replace(warned(400, "updated", people), zones=(here,)),
    ]
    one = score([*flight(), *tell], truth(), harm_radius_m=0.0).threats[0]
    assert one.impact_zone_warned is True
    assert one.people_warned_at_impact == people
    assert one.warning_s_at_impact == 280.0
    assert one.people_seconds_at_impact == 280.0 * people
    assert one.people_warned == others + people
    late = msgspec.structs.replace(warned(581, "sent", people), zones=(here,))
    assert score([*flight(), late], truth()).threats[0].impact_zone_warned is False


def test_the_harm_radius_reaches_into_the_next_zones_and_no_farther() -> None:
    """Against H3's own cells: a wide circle concerns the six neighbours, a point only its own cell."""
    own = h3.latlng_to_cell(*IMPACT_DEG, 5)
    known = set(zones().ids)
    assert set(zones_at(*h3.cell_to_latlng(own), 0.0)) == {own} & known
    assert set(zones_at(*h3.cell_to_latlng(own), 12_000.0)) == set(h3.grid_disk(own, 1)) & known
    assert zones_at(34.0, 28.0, 2_000.0) == {}  # open sea


def test_a_threat_that_comes_down_elsewhere_is_false_with_its_alerts_and_drafts() -> None:
    elsewhere = {"threat": "T-0009", "impact_ecef_m": ground((31.0, 31.0)), "track": 9, "rung": "CONFIRMED"}
    alert = UnitAlert(
        time_ns=LAUNCH_NS, arrival_ns=LAUNCH_NS, alert="A-1", revision=1, state="sent", unit="u", threat="T-0009",
        track=9, deadline_ns=LAUNCH_NS,
    )  # fmt: skip
    history = [*flight(), judged(300, **elsewhere), alert, warned(300, "draft", 1, ("T-0009",))]
    result = score(history, truth())
    assert result.confirmed == ("T-0001", "T-0009")
    assert result.false_confirmed == ("T-0009",)
    assert result.false_threats == ("T-0009",)
    assert (result.false_alerts, result.false_drafts, result.public_drafts) == (1, 1, 1)
    assert result.threats[0].names == ("T-0001",)


def test_a_spent_stage_is_named_as_one_and_is_nothing_false() -> None:
    """It comes down 200 km short; what says so is the stage, what says 2 km from the threat's impact is the threat."""
    place = ground(IMPACT_DEG, east_m=200_000.0)
    stage = ObjectTruth(name="threat-1/stage-1", kind="stage", impact_ns=IMPACT_NS - 60 * S, impact_ecef_m=place)
    plane = ObjectTruth(name="plane", kind="aircraft")
    staged = msgspec.structs.replace(truth(), others=[plane, stage])
    there = {"threat": "T-0009", "track": 9, "rung": "CONFIRMED", "impact_ns": IMPACT_NS - 55 * S}
    near, far = ground(IMPACT_DEG, east_m=190_000.0), ground(IMPACT_DEG, east_m=-160_000.0)
    history = [*flight(), judged(300, impact_ecef_m=near, **there), warned(300, "draft", 1, ("T-0009",))]
    result = score(history, staged)
    assert result.stages == ("T-0009",)
    assert result.threats[0].names == ("T-0001",)
    assert result.confirmed == ("T-0001", "T-0009")
    assert (result.false_confirmed, result.false_threats, result.false_drafts) == ((), (), 0)
    assert score([*flight(), judged(300, impact_ecef_m=far, **there)], staged).false_threats == ("T-0009",)
    assert score(history, truth()).false_threats == ("T-0009",)


def test_with_nothing_flying_everything_raised_is_false() -> None:
    empty = msgspec.structs.replace(truth(), threats=[])
    result = score([*flight(), warned(200, "draft", 10)], empty)
    assert result.threats == ()
    assert result.false_confirmed == ("T-0001",)
    assert result.false_drafts == 1


def test_a_threat_never_seen_has_no_figures() -> None:
    one = score([], truth()).threats[0]
    assert one.names == ()
    assert not one.is_confirmed
    assert one.in_90 is None
    assert one.warning_s is None


def test_aircraft_and_orbits_are_no_threats() -> None:
    result = score([judged(100, threat="O-3", rung="NONE", best_class="aircraft")], truth())
    assert result.confirmed == ()
    assert result.false_threats == ()


def test_a_score_survives_json() -> None:
    result = score(flight(), truth())
    assert msgspec.json.decode(msgspec.json.encode(result), type=type(result)) == result
