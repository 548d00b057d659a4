"""Bodies and sensors by themselves, for tests of what a sensor makes of a sky that is known to the last digit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sky_cases import EPOCH_NS

from tocsin.messages import Scan
from tocsin.scenario import Sensor
from tocsin.units import NS_PER_S
from tocsin.world.body import Burn
from tocsin.world.draws import Draws
from tocsin.world.sensors import Infrared, PositionSensor, Radar, Station
from tocsin.world.sensors.sky_tables import SkyTables

KINDS: dict[str, type[Station]] = {"radar": Radar, "infrared": Infrared, "position": PositionSensor}


class Straight:
    """A body that moves straight and evenly in ECEF, as nothing does: where it is needs no integrator."""

    kind = "case"
    is_cooperative = True

    def __init__(
        self, name: str, place_m: np.ndarray, velocity_m_s: np.ndarray | tuple[float, ...] = (0.0, 0.0, 0.0),
        rcs_m2: float = 1.0, burns: tuple[Burn, ...] = (), up_s: tuple[float, float] = (-math.inf, math.inf),
    ) -> None:  # fmt: skip
        self.name, self.place_m, self.velocity_m_s = name, np.array(place_m), np.array(velocity_m_s)
        self.rcs_m2, self.burns, self.up_s = rcs_m2, burns, up_s

    def states(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.place_m + time_s[:, None] * self.velocity_m_s, np.tile(self.velocity_m_s, (len(time_s), 1))

    def samples(self, from_s: float, to_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        times = np.array((max(from_s, self.up_s[0]), min(to_s, self.up_s[1])))
        if not times[0] < times[1]:
            return np.empty(0), np.empty((0, 3)), np.empty((0, 3))
        return (times, *self.states(times))


def station(sensor: Sensor, *bodies: Straight, seed: int = 1, **more: Any) -> Station:
    """A sensor under a sky of these bodies."""
    sky = SkyTables(bodies, lookback_s=sensor.scan_period_s + 1.0)
    return KINDS[sensor.kind](sensor, sky, EPOCH_NS, Draws(seed, 0), **more)


def scans_of(one: Station, from_s: float, to_s: float) -> list[Scan]:
    """Its scans between two seconds from the epoch, second by second."""
    return [
        scan
        for second in range(round(from_s), round(to_s))
        for scan in one.scans(EPOCH_NS + second * NS_PER_S, EPOCH_NS + (second + 1) * NS_PER_S)
    ]
