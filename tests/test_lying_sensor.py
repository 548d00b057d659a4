"""A scenario makes one of five radars lie: that is found, told, shown to people, and its plots are used for nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from tocsin.messages import Detections, Event, Message, SensorHealth, TrackUpdates
from tocsin.report import write_report
from tocsin.simulation import Run, simulate
from tocsin.units import NS_PER_S, ns_from_iso
from tocsin.views import ledger, of_kind, summary, tracks

M = TypeVar("M", bound=Message)
PLACES = {
    "north": (38.5, 40.3), "east": (37.9, 41.1), "south": (37.3, 40.3), "west": (37.9, 39.4), "liar": (38.2, 40.8),
}  # fmt: skip
LIES_FROM_S, LAST_S = 12.0, 60
FAULTS = {  # key and value of the fault; what the tracker calls it, and says of it
    "late": ("clock_s = -3.0", "clock", "its clock seems {:.1f} s behind"),
    "turned": ("turn_deg = 3.0", "offset", "it sees what others see, always off by the same"),
}
SCENE = """
name = "liar"
title = "One of five radars lies"
epoch = "2026-03-04T09:00:00Z"
duration_s = {last_s}

[[truth.aircraft]]
name = "plane"
latitude_deg = 38.0
longitude_deg = 40.0
height_m = 10000.0
course_deg = 60.0
speed_m_s = 240.0
"""
RADAR = """
[[sensors]]
name = "{name}"
kind = "radar"
latitude_deg = {latitude_deg}
longitude_deg = {longitude_deg}
height_m = 700.0
scan_period_s = 1.0
range_max_km = 300.0
is_refracted = false
"""
FAULT = """
[[sensors.faults]]
from_s = {from_s}
{fault}
"""


@dataclasses.dataclass
class Played:
    """A run, and what should be found in it."""

    run: Run
    fault: str
    why: str

    @property
    def words(self) -> str:
        """What is said of it: by how much its clock is off, as estimated then."""
        return self.why.format(-(self.ignored().clock_fault_s or 0.0)) + "; its plots are not used"

    def of(self, kind: type[M]) -> list[M]:
        return of_kind(self.run.messages, kind)

    def ignored(self) -> SensorHealth:
        (health,) = [h for h in self.of(SensorHealth) if h.state == "ignored"]
        return health


@pytest.fixture(scope="module", params=FAULTS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    key, fault, why = FAULTS[request.param]
    text = SCENE.format(last_s=LAST_S)
    for name, (latitude_deg, longitude_deg) in PLACES.items():
        text += RADAR.format(name=name, latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    path = tmp_path_factory.mktemp("liar") / "liar.toml"
    path.write_text(text + FAULT.format(from_s=LIES_FROM_S, fault=key), encoding="utf-8")  # of the last sensor
    return Played(simulate(path, seed=1), fault, why)


def test_the_liar_alone_is_told_to_be_suspect_and_then_ignored_and_why(played: Played) -> None:
    told: dict[str, list[tuple[str, str | None]]] = {name: [] for name in PLACES}
    for health in played.of(SensorHealth):
        told[health.sensor].append((health.state, health.fault))
    assert told.pop("liar") == [("ok", None), ("suspect", played.fault), ("ignored", played.fault)]
    assert set(map(tuple, told.values())) == {(("ok", None),)}
    health = played.ignored()
    assert (health.source, health.reason) == ("track", played.words)
    assert health.clock_fault_s == (pytest.approx(-3.0, abs=0.2) if played.fault == "clock" else None)
    lies_ns = ns_from_iso(played.run.scenario.epoch) + round(LIES_FROM_S * NS_PER_S)
    assert health.time_ns - lies_ns <= 30 * NS_PER_S


def test_its_plots_are_used_until_then_and_for_nothing_after(played: Played) -> None:
    messages, liar = played.run.messages, {m.id for m in played.of(Detections) if m.sensor == "liar"}
    at = messages.index(played.ignored())
    before, after = (
        [bool(liar & set(m.causes)) for m in part if isinstance(m, TrackUpdates)]
        for part in (messages[:at], messages[at + 1 :])
    )
    assert sum(before) > 5
    assert len(after) > 60
    assert not any(after)
    assert sum(m.sensor == "liar" for m in messages[at + 1 :] if isinstance(m, Detections)) > 20


def test_no_track_but_the_planes_is_ever_confirmed_and_it_is_where_the_plane_is(played: Played) -> None:
    (track,) = [e.subject for e in played.of(Event) if e.code == "track.confirmed"]
    (view,) = [view for view in tracks(played.run.messages) if view.status == "confirmed"]
    assert str(view.track) == track
    time_ns, *_, x, y, z, _, _, _, _, _, _ = played.run.truth_rows[-1]
    k = int(np.abs(view.t_ns - time_ns).argmin())
    assert time_ns > played.ignored().time_ns
    there_m = view.position_ecef_m[k] + view.velocity_ecef_m_s[k] * ((time_ns - int(view.t_ns[k])) / NS_PER_S)
    assert np.linalg.norm(there_m - (x, y, z)) < 100.0  # 720 m behind by the late clock, 2 km aside by the turned one


def test_summary_and_ledger_say_so(played: Played) -> None:
    run = played.run
    facts = summary(
        run.messages, name="liar", title="liar", seed=1, version="0", digest=run.digest, policy=run.scenario.policy
    )
    states = {row["sensor"]: row["state"] for row in facts["sensors"]}
    assert states == {name: "ignored" if name == "liar" else "ok" for name in PLACES}
    (row,) = [row for row in facts["sensors"] if row["sensor"] == "liar"]
    assert row["reason"] == played.words
    assert f"liar is ignored: {played.words}" in {line.what for line in ledger(run.messages)}


def test_the_report_shows_it_in_the_table_of_sensors(played: Played, tmp_path: Path) -> None:
    run, path = played.run, tmp_path / "report.html"
    write_report(
        path, run.messages, scenario=run.scenario, seed=1, version=run.version, digest=run.digest, command="tocsin run"
    )
    table = path.read_text(encoding="utf-8").split('<table aria-label="Sensors">')[1].split("</table>")[0]
    rows = {row.split("</th>")[0].split(">")[-1]: row for row in table.split("<tr>")}
    assert f"ignored ({played.words})" in rows["liar"]
    assert not [name for name in PLACES if name != "liar" and ("ignored" in rows[name] or "suspect" in rows[name])]
