"""Distance over the ground: the geodesic on the WGS-84 ellipsoid from one place to many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.kernels.geodesic import geodesic_inverse


def ground_distance_m(
    latitude_deg: float,
    longitude_deg: float,
    to_latitude_deg: npt.NDArray[np.float64],
    to_longitude_deg: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Length of the geodesic from one place to n places, (n,) m; accuracy as `kernels.geodesic`, 1e-8 m."""
    place = np.radians(latitude_deg), np.radians(longitude_deg)
    there = np.radians(to_latitude_deg), np.radians(to_longitude_deg)
    return np.array([geodesic_inverse(*place, lat, lon)[0] for lat, lon in zip(*there, strict=True)])
