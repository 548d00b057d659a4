"""Distance over the ground against PROJ."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from tocsin.flight.geodesic import ground_distance_m

GEOD = Geod(ellps="WGS84")


def test_distance_is_that_of_proj_to_a_micrometre() -> None:
    rng = np.random.default_rng(1)
    for latitude, longitude in ((34.3, 47.1), (-89.0, 10.0), (0.0, 179.9), (71.0, -30.0)):
        to_latitude, to_longitude = np.degrees(np.arcsin(rng.uniform(-1, 1, 300))), rng.uniform(-180, 180, 300)
        expected = np.array(
            [GEOD.inv(longitude, latitude, b, a)[2] for a, b in zip(to_latitude, to_longitude, strict=True)]
        )
        made = ground_distance_m(latitude, longitude, to_latitude, to_longitude)
        assert np.abs(made - expected).max() < 1e-6


@pytest.mark.parametrize(
    ("there", "expected"),
    [((10.0, 20.0), 0.0), ((10.0, 21.0), None), ((90.0, 0.0), None), ((-10.0, -160.0), None), ((0.0, 20.0), None)],
)
def test_distance_holds_at_the_same_place_along_circles_and_opposite(
    there: tuple[float, float], expected: float | None
) -> None:
    made = float(ground_distance_m(10.0, 20.0, np.array(there[:1]), np.array(there[1:]))[0])
    wanted = GEOD.inv(20.0, 10.0, there[1], there[0])[2] if expected is None else expected
    assert made == pytest.approx(wanted, abs=1e-6)


def test_distance_along_the_equator_is_the_arc_of_its_circle() -> None:
    made = ground_distance_m(0.0, 0.0, np.zeros(3), np.array((1.0, 45.0, -90.0)))
    assert made == pytest.approx(6_378_137.0 * np.radians((1.0, 45.0, 90.0)), abs=1e-3)
