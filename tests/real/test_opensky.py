"""Aircraft over England, as recorded: every track is an aircraft, nobody is alerted."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tocsin.messages import Assessment, PublicWarning, TrackUpdates, UnitAlert
from tocsin.policy import TrackPolicy
from tocsin.scenario import Sensor, sites_of
from tocsin.simulation import Run, track

ADSB = Sensor(name="adsb", kind="position", scan_period_s=10.0, position_std_m=100.0, height_std_m=50.0)


def as_table(recording: Path, path: Path) -> int:
    """The recording as a SCANS table; returns how many reports it holds.

    A row's ``time`` is when the network was asked; its position was heard at ``lastposupdate``, up to
    five minutes before (1 % of rows). So that is the report's time, and a position told again is left out.
    """
    told: set[tuple[str, str]] = set()
    with recording.open(newline="") as source, path.open("w") as target:
        target.write("time,sensor,latitude_deg,longitude_deg,height_m\n")
        for row in csv.DictReader(source):
            if (row["icao24"], row["lastposupdate"]) not in told:
                told.add((row["icao24"], row["lastposupdate"]))
                nanoseconds = round(float(row["lastposupdate"]) * 1000) * 1_000_000
                target.write(f"{nanoseconds},adsb,{row['lat']},{row['lon']},{row['geoaltitude']}\n")
    return len(told)


@pytest.fixture(scope="module")
def run(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("opensky") / "scans.csv"
    as_table(reference / "opensky" / "plane_states.csv", path)
    return track(path, (ADSB,))


@pytest.mark.reference
def test_the_table_holds_every_report_of_the_recording(reference: Path, tmp_path: Path) -> None:
    from tocsin.formats.read import read_scans

    path = tmp_path / "scans.csv"
    count = as_table(reference / "opensky" / "plane_states.csv", path)
    scans = read_scans(path, sites_of((ADSB,)))
    assert count == sum(scan.plot_count for scan in scans) == 3026 - 295  # rows less those told again
    assert all(a.end_ns < b.end_ns for a, b in itertools.pairwise(scans))


@pytest.mark.reference
def test_every_track_is_an_aircraft_on_no_rung(run: Run) -> None:
    last = {m.threat: m for m in run.messages if isinstance(m, Assessment)}
    assert last
    assert {m.best_class for m in last.values()} == {"aircraft"}
    assert {m.rung for m in run.messages if isinstance(m, Assessment)} == {"NONE"}


@pytest.mark.reference
def test_nobody_is_alerted_and_nothing_is_drafted(run: Run) -> None:
    assert not [m for m in run.messages if isinstance(m, UnitAlert | PublicWarning)]


@pytest.mark.reference
def test_there_are_about_as_many_tracks_as_aircraft(reference: Path, run: Run) -> None:
    """67 aircraft, two of them told of three times only, which confirms nothing; a track may break once or twice where
    an aircraft left the recording for minutes.
    """
    with (reference / "opensky" / "plane_states.csv").open(newline="") as file:
        reports = {(row["icao24"], row["lastposupdate"]) for row in csv.DictReader(file)}
    count = Counter(aircraft for aircraft, _ in reports)
    enough = [aircraft for aircraft, times in count.items() if times >= TrackPolicy().confirm_hits]
    confirmed = {
        int(number)
        for m in run.messages
        if isinstance(m, TrackUpdates)
        for number, status in zip(m.track, m.status, strict=True)
        if status == "confirmed"
    }
    assert (len(count), len(enough)) == (67, 65)
    assert len(enough) <= len(confirmed) <= 1.1 * len(enough)


@pytest.mark.reference
def test_nearly_all_states_fly_no_faster_than_the_recording_says(run: Run) -> None:
    """261 m/s is the fastest state of the recording (reference/README.md); 60 m/s are left for the filter.

    One state in a hundred may exceed it: the recording's own positions imply up to 700 m/s between reports.
    """
    speeds = np.concatenate(
        [
            np.linalg.norm(m.velocity_ecef_m_s[np.array(m.status) == "confirmed"], axis=1)
            for m in run.messages
            if isinstance(m, TrackUpdates) and m.track_count
        ]
    )
    assert 200.0 < np.quantile(speeds, 0.99) < 321.0
