"""Whether a scan looked where a track is, so that seeing nothing there means something.

A swept volume is taken to be one where a target like those tracked is detected with its ``detection_prob`` at any
range: ``stages.screen`` cuts a radar's to the ranges of which that is true. Its elevations are those a radar sees, bent
by the air: a true one is lower, so what stands above the lower edge was looked at, and the upper edge gets a margin.
"""

from __future__ import annotations

import math

from tocsin.kernels.geodesy import geodetic_from_ecef, radar_from_ecef
from tocsin.messages import Column, SweptVolume

_PLUME_HEIGHT_M = 12_000.0  # below, cloud may hide a plume
_EDGE_RAD = 0.01
_EDGE_M = 2_000.0


def looked_at(swept: SweptVolume | None, kind: str, site: Column, position_ecef_m: Column) -> bool:
    """True where the volume, less a narrow edge, holds the place; infrared: where the Earth is not in between."""
    if swept is None:
        return False
    if kind == "infrared":
        _, _, height_m = geodetic_from_ecef(*position_ecef_m)
        if height_m < _PLUME_HEIGHT_M:
            return False
        _, _, elevation_rad = radar_from_ecef(site, position_ecef_m)  # of the sensor, seen from the target
        return bool(elevation_rad > _EDGE_RAD)
    range_m, azimuth_rad, elevation_rad = radar_from_ecef(position_ecef_m, site)
    width = swept.azimuth_to_rad - swept.azimuth_from_rad
    past = (azimuth_rad - swept.azimuth_from_rad) % (2.0 * math.pi)
    return bool(
        swept.range_min_m + _EDGE_M <= range_m <= swept.range_max_m - _EDGE_M
        and swept.elevation_min_rad + _EDGE_RAD <= elevation_rad
        and (elevation_rad <= swept.elevation_max_rad - _EDGE_RAD or swept.elevation_max_rad >= 0.5 * math.pi - 1e-9)
        and (width >= 2.0 * math.pi - 1e-9 or _EDGE_RAD <= past <= width - _EDGE_RAD)
    )
