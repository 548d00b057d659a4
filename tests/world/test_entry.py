"""Meteors and re-entries: where they begin, glow and end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tocsin.errors import ScenarioError
from tocsin.kernels.constants import EARTH_RATE_RAD_S
from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.kernels.motion import advance
from tocsin.scenario import Meteor, Reentry
from tocsin.world.ballistic import CALM
from tocsin.world.entry import meteor_body, reentry_bodies
from tocsin.world.kinds import kinds
from tocsin.world.tabled import Tabled

GM_M3_S2 = 3.986004418e14  # m3/s2, WGS-84
J2, RADIUS_M = 1.0826298e-3, 6_378_137.0  # WGS-84
OMEGA = np.array((0.0, 0.0, EARTH_RATE_RAD_S))


def meteor(**keys: float) -> Tabled:
    return meteor_body(Meteor(name="m", latitude_deg=37.0, longitude_deg=38.0, **keys), CALM)


def reentry(seed: int = 1, **keys: float) -> list[Tabled]:
    item = Reentry(name="d", latitude_deg=37.0, longitude_deg=38.0, enter_after_s=700.0, **keys)
    return reentry_bodies(item, CALM, np.random.default_rng(seed))


def potential_m2_s2(position: np.ndarray) -> float:
    """Gravity with J2 and the centrifugal part (Kaula; closed form), so that energy is constant in ECEF."""
    r = float(np.linalg.norm(position))
    gravity = -GM_M3_S2 / r * (1.0 - 0.5 * J2 * (RADIUS_M / r) ** 2 * (3.0 * (position[2] / r) ** 2 - 1.0))
    return gravity - 0.5 * float(np.sum(np.cross(OMEGA, position) ** 2))


def heights_m(body: Tabled, times: np.ndarray) -> np.ndarray:
    return geodetic_of_many(body.states(times)[0])[:, 2]


@pytest.mark.parametrize("speed", [11_000.0, 20_000.0, 40_000.0, 72_000.0])
@pytest.mark.parametrize("descent_deg", [15.0, 45.0, 90.0])
def test_a_meteor_glows_below_a_hundred_kilometres_and_is_gone_before_the_ground(speed, descent_deg):
    body = meteor(speed_m_s=speed, descent_deg=descent_deg)
    ends = heights_m(body, np.array(body.up_s))
    assert ends[0] == pytest.approx(150e3, abs=1.0)
    assert 20e3 < ends[1] < 80e3
    (burn,) = body.burns
    glow = heights_m(body, np.array((burn.from_s, burn.to_s)))
    assert glow[0] == pytest.approx(100e3, abs=2e3)
    assert burn.to_s == body.up_s[1]
    assert body.up_s[1] - body.up_s[0] < 60.0
    times, phases = body.truth_times(1000.0)
    assert phases[-1] == "spent"
    assert set(phases[:-1]) == {"entry"}
    assert times[-1] == body.up_s[1]


def test_a_heavier_meteor_and_a_steeper_one_come_deeper():
    ends = [heights_m(b, np.array(b.up_s[1:]))[0] for b in (meteor(beta_kg_m2=50.0), meteor(beta_kg_m2=500.0))]
    assert ends[1] < ends[0] - 5e3
    ends = [heights_m(b, np.array(b.up_s[1:]))[0] for b in (meteor(descent_deg=20.0), meteor(descent_deg=80.0))]
    assert ends[1] < ends[0] - 5e3


@pytest.mark.parametrize("course_deg", [0.0, 90.0, 270.0])
def test_debris_passes_120_km_at_the_stated_inertial_speed_and_comes_from_an_orbit(course_deg):
    body = reentry(course_deg=course_deg)[0]
    assert body.up_s[0] == pytest.approx(700.0 - kinds().reentry.lead_s)
    (position,), (velocity,) = body.states(np.array([700.0]))
    still = velocity + np.cross(OMEGA, position)
    assert np.linalg.norm(still) == pytest.approx(7800.0, abs=1.0)
    assert heights_m(body, np.array([700.0]))[0] == pytest.approx(120e3, abs=50.0)
    times = np.arange(body.up_s[0] + 1.0, 699.0, 50.0)
    assert heights_m(body, times).min() > 120e3
    energies = [0.5 * float(v @ v) + potential_m2_s2(r) for r, v in zip(*body.states(times), strict=True)]
    assert max(energies) - min(energies) < 1e-6 * abs(energies[0])


def test_it_breaks_up_at_the_stated_height_and_its_pieces_go_on_from_there_to_the_ground():
    whole, *pieces = reentry(breakup_km=78.0, pieces_count=5)
    end_s = whole.up_s[1]
    assert heights_m(whole, np.array([end_s]))[0] == pytest.approx(78e3, abs=300.0)
    assert len(pieces) == 5
    (place,), (velocity,) = whole.states(np.array([end_s]))
    for piece in pieces:
        assert piece.up_s[0] == pytest.approx(end_s)
        (begin,), (speed,) = piece.states(np.array([end_s]))
        assert np.linalg.norm(begin - place) < 0.01
        assert np.linalg.norm(speed - velocity) < 6.0 * kinds().reentry.piece_speed_m_s
        assert abs(heights_m(piece, np.array(piece.up_s[1:]))[0]) < 1.0
        assert piece.truth_times(1e5)[1][-1] == "impact"
    assert len({piece.up_s[1] for piece in pieces}) == 5
    for body in (whole, *pieces):
        for burn in body.burns:
            glow = heights_m(body, np.linspace(burn.from_s, burn.to_s, 20))
            assert glow.max() < 100.1e3
            assert glow.min() > 44.9e3


def test_the_fall_of_debris_is_that_of_an_independent_integration_within_a_metre():
    body = reentry()[0]
    (position,), (velocity,) = body.states(np.array([700.0]))
    at_s = 700.0
    for now_s in np.linspace(700.0, body.up_s[1], 9)[1:]:
        position, velocity = advance(position, velocity, 150.0, CALM, now_s - at_s, 0.05)
        at_s = now_s
        assert np.linalg.norm(body.states(np.array([now_s]))[0][0] - position) < 1.0


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"speed_m_s": 8000.0, "descent_deg": 0.5}, "does not come down within an hour"),
        ({"speed_m_s": 7500.0, "descent_deg": 0.5}, "come from below 120 km"),
    ],
)
def test_debris_that_is_no_orbit_coming_down_is_refused_with_the_usual_numbers(keys, said):
    with pytest.raises(ScenarioError, match=rf"truth\.reentries\.d: .*{said}.*7800 m/s"):
        reentry(**keys)


def test_pieces_are_drawn_and_the_same_generator_draws_them_again():
    ends = [[piece.up_s[1] for piece in reentry(seed)[1:]] for seed in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]
    assert math.isfinite(sum(ends[0]))
