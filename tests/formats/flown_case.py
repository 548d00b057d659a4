"""A flight made by hand: along a great circle, up and down again, over the antimeridian where asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymap3d

from tocsin.formats.flown import Flown, FlownEvent

START_NS = 1_772_614_800_000_000_000  # 2026-03-04T09:00:00Z


def flown(*, longitude_deg: float = 30.0, **changes: Any) -> Flown:
    """Eleven rows, one a second; latitude 10 to 11 degrees, heights a parabola of 50 km."""
    time_s = np.arange(11.0)
    latitude = 10.0 + 0.1 * time_s
    longitude = (longitude_deg + 0.1 * time_s + 180.0) % 360.0 - 180.0
    height = 50_000.0 * (1.0 - ((time_s - 5.0) / 5.0) ** 2)
    position = np.stack(pymap3d.geodetic2ecef(latitude, longitude, height), axis=1)
    event = FlownEvent(
        kind="apogee", label="apogee", time_s=5.0, time_ns=START_NS + 5_000_000_000, latitude_deg=10.5,
        longitude_deg=longitude_deg + 0.5, height_m=50_000.0, speed_m_s=1.0, flight_path_angle_deg=0.0, downrange_m=5e4,
    )  # fmt: skip
    given: dict[str, Any] = {
        "name": "one", "kind": "threat", "marking": "EXERCISE - notional parameters", "scenario": "A title",
        "source": "by hand", "start_ns": START_NS, "time_s": time_s,
        "phase": ("boost",) * 3 + ("ascent",) * 2 + ("descent",) * 5 + ("impact",), "position_ecef_m": position,
        "velocity_ecef_m_s": np.ones((11, 3)), "latitude_deg": latitude, "longitude_deg": longitude,
        "height_m": height, "downrange_m": 1e4 * time_s, "speed_m_s": np.ones(11),
        "flight_path_angle_deg": np.zeros(11), "heading_deg": np.full(11, np.nan), "dynamic_pressure_pa": np.zeros(11),
        "mach": np.full(11, np.nan), "events": (event,),
    }  # fmt: skip
    return Flown(**(given | changes))
