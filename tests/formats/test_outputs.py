"""tracks.csv, GeoJSON and CZML: what a reader of them relies on."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pymap3d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from tocsin.formats.czml import czml
from tocsin.formats.geojson import geojson
from tocsin.formats.rings import line, polygon
from tocsin.formats.stretches import State, carried, stretches
from tocsin.formats.tracks_csv import COLUMNS, COVARIANCE_COLUMNS, write_tracks
from tocsin.messages import (
    AlertStatus,
    Assessment,
    DebrisArea,
    Engagement,
    Message,
    PublicWarning,
    TrackUpdates,
    WarningText,
    column,
)
from tocsin.units import ns_from_iso

T0 = ns_from_iso("2026-03-04T09:00:00Z")
SQUARE = column([[36.0, 36.0], [36.0, 37.0], [37.0, 37.0], [37.0, 36.0], [36.0, 36.0]])  # clockwise on the map


def update(seconds: int, tracks: tuple[int, ...] = (7,)) -> TrackUpdates:
    rng = np.random.default_rng(seconds)
    n = len(tracks)
    root = rng.normal(size=(n, 6, 6)) * np.array([100.0] * 3 + [1.0] * 3)[:, None]
    ints = column([1] * n, "int64")
    return TrackUpdates(
        time_ns=T0 + seconds * 10**9, arrival_ns=T0 + seconds * 10**9, sensor="land",
        track=column(tracks, "int64"), status=("confirmed",) * n,
        t_ns=column([T0 + seconds * 10**9] * n, "int64"),
        position_ecef_m=column([pymap3d.geodetic2ecef(36.0, 30.0 + 0.01 * seconds + i, 1e5) for i in range(n)]),
        velocity_ecef_m_s=column(rng.normal(size=(n, 3)) * 2000.0),
        covariance=column(root @ root.transpose(0, 2, 1)),
        mode_prob=column([[0.0, 1.0, 0.0]] * n), log_beta=column([8.0] * n), log_beta_std=column([0.3] * n),
        first_ns=column([T0] * n, "int64"), last_ns=column([T0] * n, "int64"), radar_count=ints,
        infrared_count=ints, position_count=ints, nis=column([3.0] * n), nis_dof=ints,
        parent=column([0] * n, "int64"),
    )  # fmt: skip


def assessment(seconds: int, **changes: Any) -> Assessment:
    made = Assessment(
        time_ns=T0 + seconds * 10**9, arrival_ns=T0 + seconds * 10**9, threat="T1", track=7, revision=1,
        rung="CONFIRMED", class_prob=(0.97, 0.01, 0.005, 0.005, 0.005, 0.005), best_class="ballistic_missile",
        phenomenologies=("radar",), is_degraded=False, t_ns=T0, position_ecef_m=(1.0, 2.0, 3.0),
        velocity_ecef_m_s=(1.0, 2.0, 3.0), specific_energy_m2_s2=-5e7, perigee_height_m=-4e6,
        impact_ns=T0 + 300 * 10**9, impact_ecef_m=pymap3d.geodetic2ecef(36.5, 36.2, 0.0),
        impact_region_90_deg=SQUARE, launch_region_90_deg=SQUARE,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def everything() -> list[Message]:
    debris = DebrisArea(
        time_ns=T0 + 9, area="D1", revision=1, kind="intercept", is_predicted=True, threat="T1",
        mean_ecef_m=(0.0, 0.0, 0.0), region_50_deg=SQUARE, region_90_deg=SQUARE, region_99_deg=SQUARE,
        fall_start_ns=T0, fall_end_ns=T0 + 1, danger_until_ns=T0 + 2, fragment_count=240, mass_kg=500.0,
    )  # fmt: skip
    warning = PublicWarning(
        time_ns=T0 + 9, warning="W1", revision=1, revises=0, kind="missile", state="draft",
        status=AlertStatus.EXERCISE, msg_type="Alert", certainty="Likely", threats=("T1",), zones=("Z",),
        area_deg=(SQUARE,), expires_ns=T0 + 10**12,
        texts=(WarningText(language="en", event="e", headline="h", description="d", instruction="i", area_text="a"),),
    )  # fmt: skip
    engagement = Engagement(
        time_ns=T0 + 9, engagement="E1", revision=1, state="planned", threat="T1", track=7, site="S",
        intercept_ecef_m=pymap3d.geodetic2ecef(36.0, 35.0, 60_000.0),
    )  # fmt: skip
    return [*(update(s) for s in range(10)), assessment(4), debris, warning, engagement]


def test_tracks_csv_gives_back_every_bit_of_state_and_covariance(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    sent = update(3, (7, 9))
    assert write_tracks(path, [assessment(1), sent]) == 2
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    upper = [(i, j) for i in range(6) for j in range(i, 6)]
    for i, row in enumerate(rows):
        assert int(row["time_ns"]) == sent.t_ns[i]
        assert ns_from_iso(row["time"]) == sent.t_ns[i]
        assert [float(row[k]) for k in ("x_m", "y_m", "z_m")] == sent.position_ecef_m[i].tolist()
        assert [float(row[k]) for k in ("vx_m_s", "vy_m_s", "vz_m_s")] == sent.velocity_ecef_m_s[i].tolist()
        assert [float(row[name]) for name in COVARIANCE_COLUMNS] == [sent.covariance[i][at] for at in upper]
    assert COVARIANCE_COLUMNS[0] == "cov_x_x_m2"
    assert COVARIANCE_COLUMNS[3] == "cov_x_vx_m2_s"
    assert COVARIANCE_COLUMNS[-1] == "cov_vz_vz_m2_s2"


def test_tracks_csv_judges_a_row_by_what_was_known_then(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    write_tracks(
        path, [update(1), assessment(2), update(3), assessment(4, impact_ns=None, impact_ecef_m=None), update(5)]
    )
    with path.open(newline="") as file:
        before, during, after = csv.DictReader(file)
    assert before["prob_ballistic_missile"] == before["time_to_impact_s"] == ""
    assert float(during["prob_ballistic_missile"]) == 0.97
    assert float(during["time_to_impact_s"]) == 297.0
    assert float(during["impact_latitude_deg"]) == pytest.approx(36.5, abs=1e-9)
    assert float(during["impact_longitude_deg"]) == pytest.approx(36.2, abs=1e-9)
    assert float(after["prob_ballistic_missile"]) == 0.97
    assert after["time_to_impact_s"] == after["impact_latitude_deg"] == ""


def test_geojson_holds_each_kind_once_and_says_exercise_on_each(tmp_path: Path) -> None:
    document = json.loads(json.dumps(geojson(everything()), allow_nan=False))
    assert document["type"] == "FeatureCollection"
    kinds = [feature["properties"]["kind"] for feature in document["features"]]
    assert sorted(set(kinds)) == ["debris_area", "engagement", "impact_region", "launch_region", "track", "warning"]
    assert all("EXERCISE" in feature["properties"]["marking"] for feature in document["features"])
    assert len({feature["id"] for feature in document["features"]}) == len(document["features"])
    for feature in document["features"]:
        assert feature["type"] == "Feature"
        assert shape(feature["geometry"]).is_valid
        if feature["geometry"]["type"] == "Polygon":
            assert shape(feature["geometry"]).exterior.is_ccw
            ring = feature["geometry"]["coordinates"][0]
            assert ring[0] == ring[-1]
            assert shape(feature["geometry"]).area == pytest.approx(1.0)  # deg2 of SQUARE
    track = next(f for f in document["features"] if f["properties"]["kind"] == "track")
    assert track["geometry"]["coordinates"][0] == pytest.approx([30.0, 36.0, 1e5], abs=0.1)
    assert len(track["geometry"]["coordinates"]) == len(track["properties"]["times"]) == 6  # 10 states thinned to 2 s


def broken_track() -> list[Message]:
    """Plots from 0 to 20 s and from 320 to 340 s, and the row of the drop, 300 s after the last plot."""
    seen = [*range(21), *range(320, 341)]
    dropped = msgspec.structs.replace(
        update(640), status=("dropped",), nis_dof=column([0], "int64"), last_ns=column([T0 + 340 * 10**9], "int64")
    )
    return [*(update(s) for s in seen), dropped]


def test_no_line_of_a_track_runs_through_a_gap_in_its_plots() -> None:
    features = geojson(broken_track())["features"]
    lines = [f for f in features if f["properties"]["kind"] == "track"]
    assert [f["id"] for f in lines] == ["track/7", "track/7/2"]
    spans = [(f["properties"]["times"][0], f["properties"]["times"][-1]) for f in lines]
    assert [(ns_from_iso(a) - T0, ns_from_iso(b) - T0) for a, b in spans] == [
        (0, 20 * 10**9),
        (320 * 10**9, 340 * 10**9),
    ]
    for f in lines:
        assert f["geometry"]["type"] == "LineString"
        assert len(f["geometry"]["coordinates"]) == len(f["properties"]["times"])
    gaps = [f for f in features if f["properties"]["kind"] == "track_gap"]
    assert [ns_from_iso(g["properties"]["times"][0]) - T0 for g in gaps] == [20 * 10**9, 340 * 10**9]
    assert gaps[0]["geometry"]["coordinates"][0] == lines[0]["geometry"]["coordinates"][-1]
    assert gaps[0]["geometry"]["coordinates"][-1] == lines[1]["geometry"]["coordinates"][0]


def test_a_scene_shows_a_track_only_while_it_rests_on_plots_and_the_rest_dashed() -> None:
    packets = {packet["id"]: packet for packet in json.loads(json.dumps(czml(broken_track()), allow_nan=False))}
    track, gap = packets["track/7"], packets["track_gap/7"]
    assert len(track["availability"]) == len(track["position"]) == 2
    assert [a["interval"] for a in track["position"]] == track["availability"]
    ends = [[ns_from_iso(end) - T0 for end in interval.split("/")] for interval in track["availability"]]
    assert ends == [[0, 20 * 10**9], [320 * 10**9, 340 * 10**9]]
    assert "polylineDash" in gap["path"]["material"]
    assert [[ns_from_iso(end) - T0 for end in i.split("/")] for i in gap["availability"]] == [
        [20 * 10**9, 320 * 10**9], [340 * 10**9, 640 * 10**9],
    ]  # fmt: skip


def test_plots_that_come_seldom_are_one_line_all_the_same() -> None:
    """A sensor that turns in 12 s leaves no gap by turning."""
    (track,) = geojson([update(s) for s in range(0, 240, 12)])["features"]
    assert len(track["geometry"]["coordinates"]) == 20


def test_what_is_carried_through_a_gap_is_exact_under_even_acceleration() -> None:
    def place(t: float) -> np.ndarray:
        return np.array([7e6 + 3000.0 * t - 4.0 * t * t, 100.0 * t, -2000.0 * t + 1.5 * t * t])

    def speed(t: float) -> np.ndarray:
        return np.array([3000.0 - 8.0 * t, 100.0, -2000.0 + 3.0 * t])

    states = [State(round(t * 1e9), place(t), speed(t), True) for t in (0.0, 5.0, 305.0, 310.0)]
    parts = stretches(states, 0)
    assert [len(part) for part in parts] == [2, 2]
    ((times, curve),) = carried(states, parts)
    assert len(times) > 50
    assert curve == pytest.approx(np.array([place(t / 1e9) for t in times]), abs=1e-3)


def test_the_last_revision_wins_and_unconfirmed_tracks_are_left_out() -> None:
    tentative = msgspec.structs.replace(update(3, (99,)), status=("tentative",))
    moved = column(SQUARE + 1.0)
    document = geojson([*everything(), tentative, assessment(9, impact_region_90_deg=moved)])
    regions = [f for f in document["features"] if f["id"] == "impact_region/T1/90"]
    assert len(regions) == 1
    assert shape(regions[0]["geometry"]).bounds == (37.0, 37.0, 38.0, 38.0)
    assert not [f for f in document["features"] if f["id"] == "track/99"]


@given(
    west=st.floats(-180, 180), width=st.floats(0.1, 60), south=st.floats(-80, 70), height=st.floats(0.1, 9),
    is_reversed=st.booleans(),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_ring_anywhere_keeps_its_area_within_the_map_and_is_valid(
    west: float, width: float, south: float, height: float, is_reversed: bool
) -> None:
    angles = np.linspace(0.0, 2 * math.pi, 25)
    longitude = (west + width / 2 * (1 + np.cos(angles)) + 180.0) % 360.0 - 180.0
    latitude = south + height / 2 * (1 + np.sin(angles))
    ring = np.column_stack((latitude, longitude))
    ring[-1] = ring[0]
    geometry = polygon([ring[::-1] if is_reversed else ring])
    assert geometry is not None
    drawn = shape(geometry)
    assert drawn.is_valid
    assert drawn.bounds[0] >= -180.0
    assert drawn.bounds[2] <= 180.0
    parts = list(drawn.geoms) if drawn.geom_type == "MultiPolygon" else [drawn]
    assert all(part.exterior.is_ccw for part in parts)
    expected = 0.5 * 24 * math.sin(2 * math.pi / 24) * width * height / 4  # regular 24-gon, stretched
    assert drawn.area == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_a_line_over_the_antimeridian_is_cut_there() -> None:
    geometry = line([[179.0, 10.0, 0.0], [-179.0, 20.0, 100.0], [-178.0, 21.0, 100.0]])
    assert geometry["type"] == "MultiLineString"
    assert geometry["coordinates"] == [
        [[179.0, 10.0, 0.0], [180.0, 15.0, 50.0]],
        [[-180.0, 15.0, 50.0], [-179.0, 20.0, 100.0], [-178.0, 21.0, 100.0]],
    ]
    for part in geometry["coordinates"]:
        assert all(abs(a[0] - b[0]) < 180.0 for a, b in itertools.pairwise(part))


def test_a_ring_without_area_is_no_polygon() -> None:
    assert polygon([column([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])]) is None
    assert polygon([]) is None


def test_czml_starts_with_its_document_and_samples_positions_in_time_order() -> None:
    packets = json.loads(json.dumps(czml(everything(), name="one-missile"), allow_nan=False))
    assert packets[0]["id"] == "document"
    assert packets[0]["version"] == "1.0"
    assert packets[0]["name"].startswith("EXERCISE")
    assert len({packet["id"] for packet in packets}) == len(packets)
    track = next(packet for packet in packets if packet["id"] == "track/7")
    samples = np.array(track["position"]["cartesian"]).reshape(-1, 4)
    assert (np.diff(samples[:, 0]) > 0).all()
    assert track["position"]["referenceFrame"] == "FIXED"
    assert samples[0, 1:] == pytest.approx(pymap3d.geodetic2ecef(36.0, 30.0, 1e5), abs=1e-3)
    assert ns_from_iso(track["position"]["epoch"]) == T0
    ring = next(packet for packet in packets if packet["id"] == "impact_region/T1/90")["polygon"]
    assert ring["positions"]["cartographicDegrees"][:3] == [36.0, 36.0, 0.0]


def test_nothing_to_draw_is_an_empty_picture() -> None:
    assert geojson([])["features"] == []
    assert [packet["id"] for packet in czml([])] == ["document"]
