"""ASTERIX recordings through the whole chain: aircraft, and nobody is alerted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.messages import Assessment, Detections, PublicWarning, Scan, UnitAlert
from tocsin.scenario import Sensor
from tocsin.simulation import Run, track

# The radars' surveyed places are not in the recording: all are assumed at 45 N 16 E, 500 m.
RADARS = tuple(
    Sensor(
        name=f"25-{number}", kind="radar", latitude_deg=45.0, longitude_deg=16.0, height_m=500.0, scan_period_s=5.0,
        range_std_m=100.0, azimuth_std_deg=0.1, elevation_std_deg=0.2, elevation_min_deg=-5.0,
        elevation_max_deg=60.0, range_min_km=1.0, range_max_km=480.0,
    )
    for number in (11, 12, 13, 14, 201, 204, 205)
)  # fmt: skip
SYSTEM = (Sensor(name="25-100", kind="position", scan_period_s=5.0),)
CASES = (("cat_034_048.pcap", RADARS, 63), ("cat_062_065.pcap", SYSTEM, 2))


@pytest.fixture(scope="module", params=CASES, ids=[name for name, _, _ in CASES])
def run(request: pytest.FixtureRequest, reference: Path) -> tuple[Run, int]:
    name, sensors, count = request.param
    return track(reference / "asterix" / name, sensors), count


@pytest.mark.reference
def test_every_plot_is_heard_and_believed(run: tuple[Run, int]) -> None:
    done, count = run
    assert sum(m.plot_count for m in done.messages if isinstance(m, Scan)) == count
    assert sum(m.plot_count for m in done.messages if isinstance(m, Detections)) == count


@pytest.mark.reference
def test_nothing_stands_on_the_ladder_and_nobody_is_alerted(run: tuple[Run, int]) -> None:
    done, _ = run
    assert done.status == "complete"
    assert all(m.rung == "NONE" for m in done.messages if isinstance(m, Assessment))
    assert not [m for m in done.messages if isinstance(m, UnitAlert | PublicWarning)]
