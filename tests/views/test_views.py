"""Threats, warnings, alerts, tracks, statements and the ledger."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pyproj
import pytest
from example_run import Tape, assessment, ellipse, example_run, ns, track_update

from tocsin.messages import ALL, Message, Rung, TrackUpdates, column
from tocsin.views import (
    alerts,
    debris,
    engagements,
    finds,
    launches_count,
    ledger,
    region_area_m2,
    statements,
    threats,
    tracks,
    warnings,
)


def test_the_ninety_percent_ellipse_of_a_normal_is_sqrt_two_ln_ten_sigma(run: list[Message]) -> None:
    first = threats(run)[0].spread[0]
    sigma_m = 90.0 * math.exp(-10.0 / 90.0) * 600.0  # east, as the run was written for T = 70 s
    assert first.semi_major_90_m == pytest.approx(math.sqrt(2 * math.log(10)) * sigma_m, rel=1e-12)
    assert first.semi_minor_90_m == pytest.approx(first.semi_major_90_m / 2, rel=1e-12)


def test_what_came_off_a_threat_is_of_its_launch_and_not_one_more() -> None:
    """Named in turn: threat, highest rung, what it came off."""
    tape = Tape()
    objects: list[tuple[str, Rung, str]] = [
        ("T1", "CONFIRMED", ""), ("T2", "CONFIRMED", "T1"), ("T3", "CUE", "T2"), ("T4", "PROBABLE", ""),
        ("O-5", "NONE", ""), ("T6", "CONFIRMED", "O-5"), ("O-7", "NONE", "T4"), ("T8", "CUE", "O-7"),
    ]  # fmt: skip
    for n, (threat, rung, parent) in enumerate(objects):
        told = msgspec.structs.replace(assessment(100.0 + n, 1, rung), threat=threat, track=n + 1, parent=parent)
        tape.add(100.0 + n, told)
    judged = threats(tape.done())
    assert {view.threat: view.parent for view in judged} == {threat: parent for threat, _, parent in objects}
    assert launches_count(judged) == 3  # T1 with T2 and T3, T4 with T8, T6 that came off what was none


def test_a_turned_ellipse_keeps_its_axes() -> None:
    angle = 0.7
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned = column(turn @ np.diag([4e6, 1e6]) @ turn.T)
    tape = Tape()
    tape.add(100.0, msgspec.structs.replace(assessment(100.0, 1, "CUE"), impact_covariance_en_m2=turned))
    found = threats(tape.done())[0].spread[0]
    scale = math.sqrt(2 * math.log(10))
    assert (found.semi_major_90_m, found.semi_minor_90_m) == pytest.approx((2000 * scale, 1000 * scale), rel=1e-9)


@pytest.mark.parametrize(("north_km", "east_km"), [(3.0, 5.0), (30.0, 60.0), (100.0, 150.0)])
def test_a_regions_area_agrees_with_the_geodesic_one(north_km: float, east_km: float) -> None:
    """GeographicLib through pyproj; 1 % to 300 km across, as promised."""
    geod = pyproj.Geod(ellps="WGS84")
    ring = ellipse(36.8, 36.2, north_km, east_km, count=72)
    area, _ = geod.polygon_area_perimeter(ring[:, 1], ring[:, 0])
    assert region_area_m2(ring) == pytest.approx(abs(area), rel=0.01)


def test_the_impact_is_the_last_one_that_was_not_a_fan_of_a_burning_missile() -> None:
    tape = Tape()
    tape.add(100.0, assessment(100.0, 1, "PROBABLE"))
    burning = msgspec.structs.replace(assessment(110.0, 2, "PROBABLE"), is_burning=True, impact_ns=ns(999.0))
    tape.add(110.0, burning)
    impact = threats(tape.done())[0].impact
    assert impact is not None
    assert impact.impact_ns == ns(580.0)


def test_each_zone_keeps_the_moment_it_was_first_told(run: list[Message]) -> None:
    missile = next(w for w in warnings(run) if w.kind == "missile")
    told = {zone.zone: zone for zone in missile.zones_told}
    assert told["z0"].told_ns == ns(206.0)
    assert told["z8"].told_ns == ns(260.0)
    assert told["z0"].seconds_left == pytest.approx(374.0)
    assert told["z8"].seconds_left == pytest.approx(320.0)


def test_a_draft_reaches_no_zone(blind_run: list[Message]) -> None:
    (missile,) = warnings(blind_run)
    assert missile.zones_told == ()
    assert missile.sent_ns is None
    assert missile.people_peak_count == 0


def test_an_unanswered_alert_has_no_acknowledgement_and_counts_its_attempts() -> None:
    silent = next(a for a in alerts(example_run(is_second_unit_silent=True)) if a.unit == "Frigate")
    assert silent.acknowledged_ns is None
    assert silent.attempts == 2
    assert silent.escalated_ns == ns(136.0)


def test_contact_breaks_where_a_sensor_was_silent_for_long() -> None:
    tape = Tape()
    for t_s in (10.0, 12.0, 14.0, 60.0, 62.0):
        tape.add(t_s, track_update(t_s, "LAND-RADAR", 10.0, 1, 0))
    (track,) = tracks(tape.done())
    assert track.contacts_ns["LAND-RADAR"] == ((ns(10.0), ns(14.0)), (ns(60.0), ns(62.0)))


def test_a_path_is_parted_where_no_plot_fed_it_and_the_row_of_the_drop_is_none() -> None:
    tape = Tape()
    for t_s in (10.0, 12.0, 14.0, 60.0, 62.0):
        tape.add(t_s, track_update(t_s, "LAND-RADAR", 10.0, 1, 0))
    end = track_update(400.0, "", 10.0, 1, 0)
    fields = {f: getattr(end, f) for f in end.__struct_fields__} | {"status": ("dropped",)}
    fields |= {"nis_dof": column([0], "int64"), "last_ns": column([ns(62.0)], "int64")}
    tape.add(400.0, TrackUpdates(**fields))
    (track,) = tracks(tape.done())
    assert track.status == "dropped"
    assert track.t_ns.tolist() == [ns(t) for t in (10.0, 12.0, 14.0, 60.0, 62.0)]
    assert track.stretches == ((0, 3), (3, 5))
    assert [(int(times[0]), int(times[-1])) for times, _ in track.carried] == [
        (ns(14.0), ns(60.0)), (ns(62.0), ns(400.0)),
    ]  # fmt: skip


def test_a_sensor_whose_scan_only_dropped_a_track_did_not_feed_it() -> None:
    tape = Tape()
    tape.add(10.0, track_update(10.0, "IR-EAST", 10.0, 0, 1))
    end = track_update(12.0, "LAND-RADAR", 10.0, 0, 1)
    fields = {f: getattr(end, f) for f in end.__struct_fields__} | {"status": ("dropped",)}
    tape.add(12.0, TrackUpdates(**fields))
    (track,) = tracks(tape.done())
    assert list(track.contacts_ns) == ["IR-EAST"]


def test_a_thinned_path_keeps_its_ends_and_its_spacing(run: list[Message]) -> None:
    (track,) = tracks(run, spacing_s=20.0)
    assert track.t_ns[0] == ns(52.0)
    assert track.t_ns[-1] == ns(498.0)
    assert len(track.stretches) == 2
    for first, end in track.stretches:
        assert (np.diff(track.t_ns[first : end - 1]) >= 20e9).all()  # the end of each stretch stands, whatever it is


def test_the_engagement_keeps_window_launch_and_outcome(run: list[Message]) -> None:
    (engagement,) = engagements(run)
    assert engagement.window == (ns(240.0), ns(420.0))
    assert engagement.launch_ns == ns(330.0)
    assert engagement.outcome == "hit"
    assert engagement.outcome_ns == ns(508.0)


def test_debris_is_settled_once_the_hit_is_reported(run: list[Message]) -> None:
    (area,) = debris(run)
    assert area.settled is area.last
    (find,) = finds(run)
    assert find.last.outcome == "reported"


def test_the_host_nation_is_told_first(run: list[Message]) -> None:
    found = statements(run)
    assert [s.audience for s in found] == ["host_nation", "public"]
    assert found[0].cited == ("m00010", "m00020")


def test_the_ledger_has_a_line_for_every_message_and_every_kind_of_message(run: list[Message]) -> None:
    lines = ledger(run)
    assert [line.id for line in lines] == [m.id for m in run]
    assert all(line.what for line in lines)
    from tocsin.views.ledger import _WHAT

    assert set(_WHAT) == set(ALL)


def test_views_change_no_message(run: list[Message]) -> None:
    from tocsin.messages import encode
    from tocsin.policy import Policy
    from tocsin.views import summary

    before = [encode(m) for m in run]
    summary(run, name="x", title="x", seed=1, version="0", digest="0", policy=Policy())
    assert [encode(m) for m in run] == before


def test_a_cue_that_was_refuted_as_orbital_keeps_no_impact_and_alarms_nobody() -> None:
    tape = Tape()
    tape.add(100.0, assessment(100.0, 1, "CUE"))
    refuted = assessment(110.0, 2, "REFUTED")
    tape.add(110.0, msgspec.structs.replace(refuted, best_class="orbital", impact_ns=None, impact_ecef_m=None))
    (view,) = threats(tape.done())
    assert view.is_threat
    assert not view.was_alarming
    assert view.impact is None
    tape.add(120.0, assessment(120.0, 3, "CUE"))
    assert threats(tape.done())[0].was_alarming
