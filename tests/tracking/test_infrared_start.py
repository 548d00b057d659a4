"""The start of a track from infrared sights: is the covariance that it claims the spread that is drawn?

One sight: a point where the sight comes down to the height at which plumes are first seen, sure across the sight and
wide along it. Two sights of one moment: their triangulation, through the second one's update.
Truth: plumes first seen 8 to 20 km up over places all over the two sensors' view, 400 draws each; sights 30 urad.
"""

from __future__ import annotations

import numpy as np
import pytest
from tracking_scene import EAST, WEST, Array, at, burning

from tocsin.kernels.track_bank import update_bank
from tocsin.kernels.track_motion import BOOST, WORK_COLUMNS, WORK_ROWS
from tocsin.kernels.track_observe import INFRARED, tangent_axes
from tocsin.kernels.track_start import start_bank
from tocsin.policy import TrackPolicy
from tocsin.tracking.parameters import kernel_parameters
from tocsin.tracking.registration import NO_BIAS

PAR = kernel_parameters(TrackPolicy())
WORK = np.zeros((WORK_ROWS, WORK_COLUMNS))
STD_RAD = 3e-5
RUNS = 400
SITES = {"west": WEST, "east": EAST}
# the sight comes down at 39, 38, 19, 13 and 7 degrees
PLACES = [(33.0, 48.0, "west"), (33.0, 30.0, "east"), (60.0, 40.0, "west"), (36.0, 80.0, "west"), (45.0, 85.0, "west")]


def sight(truth: Array, site: Array, rng: np.random.Generator) -> Array:
    u = (truth - site) / np.linalg.norm(truth - site)
    u = u + STD_RAD * rng.standard_normal(2) @ tangent_axes(u)
    return np.append(u / np.linalg.norm(u), 0.0)


def started(z: Array, site: Array) -> tuple[Array, Array, Array]:
    x, cov, mu = np.zeros((3, 9)), np.zeros((3, 9, 9)), np.zeros(3)
    start_bank(INFRARED, z, site.copy(), variances(), PAR, x, cov, mu)
    return x, cov, mu


def variances() -> Array:
    return np.array([STD_RAD**2, STD_RAD**2, 1.0, 1.0])


def squared(error: Array, cov: Array) -> float:
    return float(error @ np.linalg.solve(cov, error))


def one_sight(latitude_deg: float, longitude_deg: float, name: str) -> tuple[float, float]:
    """Mean squared error over its claim, a degree of freedom: across the sight (2), and of the whole place (3)."""
    rng = np.random.default_rng(11)
    across, whole = [], []
    for height_m in rng.uniform(8e3, 20e3, RUNS):
        truth = at(latitude_deg, longitude_deg, height_m)
        z = sight(truth, SITES[name], rng)
        x, cov, _ = started(z, SITES[name])
        error, place = x[BOOST, :3] - truth, cov[BOOST, :3, :3]
        axes = tangent_axes(z[:3])
        across.append(squared(axes @ error, axes @ place @ axes.T) / 2.0)
        whole.append(squared(error, place) / 3.0)
    return float(np.mean(across)), float(np.mean(whole))


@pytest.mark.parametrize(("latitude_deg", "longitude_deg", "name"), PLACES)
def test_one_sight_is_as_sure_across_as_it_claims_and_never_too_sure_along(
    latitude_deg: float, longitude_deg: float, name: str
) -> None:
    """Measured: across 0.99 to 1.05; whole 0.69 at 39 degrees, 0.78 at 13, 1.07 at 7.

    30 km along the sight are wider than plumes first seen 8 to 20 km up need where it comes down steeply, and narrower
    where it grazes: 1.3 at 5.5 degrees, 2.1 at 3.4, which this start does not know (a fixed height sigma would).
    """
    across, whole = one_sight(latitude_deg, longitude_deg, name)
    assert across == pytest.approx(1.0, abs=0.15)
    assert 0.5 < whole < 1.15


def two_sights(latitude_deg: float, longitude_deg: float) -> tuple[float, Array, float]:
    """Mean NEES/3 of the place; eigenvalues of its covariance over a triangulation's; mean NIS of the second sight."""
    rng = np.random.default_rng(12)
    whole, innovation = [], []
    ratio = np.zeros(3)
    for height_m in rng.uniform(8e3, 20e3, RUNS):
        truth = at(latitude_deg, longitude_deg, height_m)
        x, cov, mu = started(sight(truth, WEST, rng), WEST)
        second = sight(truth, EAST, rng)
        innovation.append(
            update_bank(
                x, cov, mu, np.zeros((3, 9, 0)), 0.0, 0.0, INFRARED, second, EAST.copy(), variances(), PAR,
                np.zeros((0, 0)), NO_BIAS.parts, WORK, np.zeros((5, 4)), np.zeros((3, 4, 1)),
            )[1]
        )  # fmt: skip
        place = cov[BOOST, :3, :3]
        whole.append(squared(x[BOOST, :3] - truth, place) / 3.0)
        information = np.zeros((3, 3))
        for site in SITES.values():
            distance = np.linalg.norm(truth - site)
            u = (truth - site) / distance
            information += (np.eye(3) - np.outer(u, u)) / (STD_RAD * distance) ** 2
        half = np.linalg.cholesky(information)
        ratio += np.linalg.eigvalsh(half.T @ place @ half) / RUNS
    return float(np.mean(whole)), ratio, float(np.mean(innovation))


@pytest.mark.parametrize(("latitude_deg", "longitude_deg"), [(33.0, 48.0), (36.0, 60.0), (33.0, 30.0)])
def test_two_sights_are_their_triangulation_and_as_sure_as_they_claim(
    latitude_deg: float, longitude_deg: float
) -> None:
    """Measured: NEES/3 0.95 to 1.00; 1.8 km, within 1 % of what two sights alone can give."""
    whole, ratio, innovation = two_sights(latitude_deg, longitude_deg)
    assert whole == pytest.approx(1.0, abs=0.13)
    assert ratio == pytest.approx(1.0, abs=0.03)
    assert innovation < 2.2  # two degrees of freedom: the first sight's guess of the height is not too sure


def test_the_velocity_of_a_young_boost_lies_well_within_the_first_claim() -> None:
    """A generic boost 350 m/s fast at 10 km, the first five seconds in sight."""
    rng = np.random.default_rng(13)
    for position, velocity in burning(5):
        z = sight(position, EAST, rng)
        x, cov, _ = started(z, EAST)
        assert squared(x[BOOST, 3:6] - velocity, cov[BOOST, 3:6, 3:6]) < 1.0
