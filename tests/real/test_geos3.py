"""The GEOS-3 radar pass (18 plots, 12 s apart): one track, an orbit; and the batch fit of the same rows.

Reference orbit: a = 7214.8 km, i = 114.98 deg (``reference/README.md``, computed from the same pass by a least-squares
fit). The site and the sigmas are printed with the data (Vallado).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tocsin.kernels import ecef_from_geodetic
from tocsin.kernels.constants import EARTH_RATE_RAD_S, GM_M3_S2
from tocsin.messages import Detections, TrackUpdates, column
from tocsin.tracking import Tracker
from tocsin.tracking.batch import OK, Fit, fit_state
from tocsin.tracking.looks import Looks
from tocsin.units import ns_from_iso

SITE = ecef_from_geodetic(math.radians(21.5748), math.radians(-158.2706), 300.2)


def track_pass(path: Path) -> list[TrackUpdates]:
    tracker = Tracker()
    updates = []
    for k, line in enumerate(row for row in path.read_text().splitlines() if row.strip() and row[0] != "#"):
        day, clock, azimuth_deg, elevation_deg, range_km = line.split()
        end_ns = ns_from_iso(f"{day.replace('/', '-')}T{clock}Z")
        detections = Detections(
            time_ns=end_ns, sensor="kaena", kind="radar", sequence=k, start_ns=end_ns, end_ns=end_ns,
            platform_ecef_m=SITE, plot_time_ns=column([end_ns], "int64"), plot_index=column([0], "int64"),
            range_m=column([1000.0 * float(range_km)]), azimuth_rad=column([math.radians(float(azimuth_deg))]),
            elevation_rad=column([math.radians(float(elevation_deg))]), range_std_m=column([92.5]),
            angle_std_rad=column([math.radians(0.0224)]), elevation_std_rad=column([math.radians(0.0139)]),
        )  # fmt: skip
        update = tracker.step(detections)
        assert update is not None
        updates.append(update)
    return updates


def orbit_of(updates: TrackUpdates) -> tuple[float, float, float]:
    """Semi-major axis m, inclination rad, perigee radius m of a track's osculating two-body orbit."""
    return orbit(np.array(updates.position_ecef_m[0]), np.array(updates.velocity_ecef_m_s[0]))


def orbit(r: np.ndarray, velocity_ecef_m_s: np.ndarray) -> tuple[float, float, float]:
    v = velocity_ecef_m_s + np.cross((0.0, 0.0, EARTH_RATE_RAD_S), r)
    a = 1.0 / (2.0 / np.linalg.norm(r) - v @ v / GM_M3_S2)
    h = np.cross(r, v)
    eccentricity = np.linalg.norm(np.cross(v, h) / GM_M3_S2 - r / np.linalg.norm(r))
    return float(a), float(math.acos(h[2] / np.linalg.norm(h))), float(a * (1.0 - eccentricity))


@pytest.mark.reference
def test_the_pass_is_one_confirmed_track_on_the_reference_orbit(reference: Path) -> None:
    updates = track_pass(reference / "geos3" / "pass.txt")
    assert {int(k) for u in updates for k in u.track} == {1}
    last = updates[-1]
    assert last.status == ("confirmed",)
    assert int(last.radar_count[0]) == 18
    assert last.mode_prob[0, 1] > 0.99
    a, inclination, perigee = orbit_of(last)
    assert a == pytest.approx(7_214_800.0, abs=60_000.0)
    assert math.degrees(inclination) == pytest.approx(114.98, abs=0.3)
    assert perigee > 6_378_000.0 + 200_000.0


def fit_pass(path: Path, at_s: float | None = None) -> Fit:
    times, rows = [], []
    for line in (row for row in path.read_text().splitlines() if row.strip() and row[0] != "#"):
        day, clock, azimuth_deg, elevation_deg, range_km = line.split()
        times.append(ns_from_iso(f"{day.replace('/', '-')}T{clock}Z"))
        rows.append((1000.0 * float(range_km), math.radians(float(azimuth_deg)), math.radians(float(elevation_deg))))
    assert len(rows) == 18
    since_s = [(each - times[0]) / 1e9 for each in times]
    looks = Looks(since_s, SITE, 92.5, math.radians(0.0224), math.radians(0.0139))
    return fit_state(looks, rows, at_s=at_s)


def orbit_and_sigmas(fit: Fit) -> tuple[float, float, float, float]:
    """Semi-major axis m, inclination deg, and one sigma of each, carried from the covariance by differences."""

    def pair(state: np.ndarray) -> np.ndarray:
        a, inclination, _ = orbit(state[:3], state[3:])
        return np.array((a, math.degrees(inclination)))

    steps = np.diag([10.0, 10.0, 10.0, 0.01, 0.01, 0.01])
    slope = np.array([(pair(fit.state + s) - pair(fit.state - s)) / (2.0 * s.sum()) for s in steps]).T
    sigma = np.sqrt(np.diagonal(slope @ fit.covariance @ slope.T))
    return *pair(fit.state), *sigma


@pytest.mark.reference
@pytest.mark.parametrize("at_s", [None, 0.0, 103.0])
def test_the_batch_fit_of_the_pass_is_the_reference_orbit_and_knows_how_sure_it_is(
    reference: Path, at_s: float | None
) -> None:
    """Measured at the last, first, middle row: a 7218.9, 7216.4, 7217.7 km +- 2.1; i 114.985-114.990 +- 0.0094 deg.

    The orbit's own a and i move by that much during the pass, as the Earth's oblateness turns it.
    """
    fit = fit_pass(reference / "geos3" / "pass.txt", at_s)
    assert fit.status == OK
    a, inclination, a_sigma, inclination_sigma = orbit_and_sigmas(fit)
    assert a == pytest.approx(7_214_800.0, abs=6_000.0)
    assert inclination == pytest.approx(114.984, abs=0.03)
    assert 1_500.0 < a_sigma < 3_000.0
    assert 0.007 < inclination_sigma < 0.014


@pytest.mark.reference
def test_the_rows_of_the_pass_fit_within_their_stated_sigmas(reference: Path) -> None:
    """48 degrees of freedom: the middle 99 % of chi-square is 26.5 to 76.97 (tables). Measured: 29.2."""
    fit = fit_pass(reference / "geos3" / "pass.txt")
    assert fit.dof == 48
    assert 26.5 < fit.chi_square < 76.97
