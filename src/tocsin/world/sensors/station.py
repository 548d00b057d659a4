"""What all simulated sensors share: their own beat, where they stand, and what is worked out ahead in blocks."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.errors import ScenarioError
from tocsin.kernels.observe import level_path
from tocsin.messages import Scan, SensorKind
from tocsin.scenario import Sensor
from tocsin.units import NS_PER_S, ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.body import Body
from tocsin.world.draws import Draws
from tocsin.world.sky import satellite_states, satrec

BLOCK = 128  # scans worked out at once
GEOSTATIONARY_HEIGHT_M = 35_786_000.0  # m above the equator


class View(msgspec.Struct, frozen=True, eq=False):
    """What one body looks like in the scans of one block, before noise."""

    body: int
    is_seen: npt.NDArray[np.bool_]  # (k,) in coverage
    plot_s: Array  # (k,) seconds from epoch
    value: Array  # (k, m) true measurement


class Noise(msgspec.Struct, frozen=True, eq=False):
    """The draws of one block of scans, a row a scan, a column a body: one that is gone changes nothing for others."""

    chance: Array  # (k, bodies) uniform, against the detection probability
    normal: Array  # (k, bodies, errors) standard normal
    false_count: npt.NDArray[np.int64]  # (k,)


class Plot(msgspec.Struct, frozen=True, eq=False):
    """One detected body in one scan."""

    time_s: float  # from epoch
    value: Array  # true measurement
    normal: Array  # standard normal errors


class Station(ABC):
    """One simulated sensor. Scan ``n`` ends at epoch + phase + n x period; the phase is the sensor's own.

    Measurements are referred to the platform's place at the end of the scan, as its own navigation would.
    """

    kind: ClassVar[SensorKind]
    errors: ClassVar[int]  # how many normal errors a plot takes

    def __init__(self, sensor: Sensor, bodies: Sequence[Body], epoch_ns: int, draws: Draws) -> None:
        self.sensor, self.bodies, self.epoch_ns, self._draws = sensor, bodies, epoch_ns, draws
        self.period_ns = max(1, ns_from_s(sensor.scan_period_s))
        phase = draws.generator(f"phase of {sensor.name}").random()
        self.first_end_ns = epoch_ns + 1 + int(phase * (self.period_ns - 1))
        self.latency_ns = ns_from_s(sensor.latency_s)
        self._block = -1
        self._views: list[View] = []
        self._platform = np.zeros((0, 3))
        self._noise = Noise(np.zeros((0, 0)), np.zeros((0, 0, 0)), np.zeros(0, dtype=np.int64))

    def scans(self, from_ns: int, to_ns: int) -> list[Scan]:
        """Scans that end in (from_ns, to_ns], oldest first."""
        first = max(0, (from_ns - self.first_end_ns) // self.period_ns + 1)
        last = (to_ns - self.first_end_ns) // self.period_ns
        return [self._scan(number) for number in range(first, last + 1)]

    def _scan(self, number: int) -> Scan:
        block, row = divmod(number, BLOCK)
        if block != self._block:
            self._prepare(block)
        noise, plots = self._noise, []
        for view in self._views:
            if view.is_seen[row] and noise.chance[row, view.body] < self.sensor.detection_prob:
                time_s = float(view.plot_s[row])
                ended_s = getattr(self.bodies[view.body], "ended_s", None)
                if ended_s is None or time_s < ended_s:
                    plots.append(Plot(time_s, view.value[row], noise.normal[row, view.body]))
        return self.scan(number, self.end_ns(number), self._platform[row], plots, int(noise.false_count[row]))

    def _prepare(self, block: int) -> None:
        first = self.end_ns(block * BLOCK) - self.epoch_ns
        ends_s = (first + self.period_ns * np.arange(BLOCK)) / NS_PER_S
        self._platform = self.platform(ends_s)
        self._views = [view for view in self.views(ends_s, self._platform) if view.is_seen.any()]
        rng = self._draws.generator(f"block of {self.sensor.name}", block)
        self._noise = Noise(
            rng.random((BLOCK, len(self.bodies))),
            rng.standard_normal((BLOCK, len(self.bodies), self.errors)),
            rng.poisson(self.sensor.false_per_scan, BLOCK),
        )
        self._block = block

    def end_ns(self, number: int) -> int:
        """When the scan of that number ends."""
        return self.first_end_ns + number * self.period_ns

    def rng(self, number: int) -> np.random.Generator:
        """The generator of one scan: places of false plots, order of plots."""
        return self._draws.generator(self.sensor.name, number)

    def platform(self, time_s: Array) -> Array:
        """Where the sensor stands, (n, 3) ECEF m."""
        sensor = self.sensor
        if sensor.platform == "orbit":
            where = f"sensors.{sensor.name}"
            return satellite_states(satrec(sensor.line1, sensor.line2, where), self.epoch_ns, time_s)[0]
        if sensor.platform == "path":
            raise ScenarioError(
                "a sensor on a recorded path can only replay reports", where=f"sensors.{sensor.name}.platform",
                value=sensor.platform, remedy="use land, ship, geostationary or orbit in a scenario",
            )  # fmt: skip
        is_high = sensor.platform == "geostationary"
        position, _ = level_path(
            0.0 if is_high else math.radians(sensor.latitude_deg), math.radians(sensor.longitude_deg),
            GEOSTATIONARY_HEIGHT_M if is_high else sensor.height_m, math.radians(sensor.course_deg),
            sensor.speed_m_s if sensor.platform == "ship" else 0.0, time_s,
        )  # fmt: skip
        return np.asarray(position)

    @abstractmethod
    def views(self, ends_s: Array, platform: Array) -> list[View]:
        """Every body in the scans that end then, from those places."""

    @abstractmethod
    def scan(self, number: int, end_ns: int, platform: Array, plots: list[Plot], false_count: int) -> Scan:
        """One scan: errors added to what is detected, false plots among it, in random order."""

    def plot_ns(self, plots_s: Array) -> npt.NDArray[np.int64]:
        """Seconds from epoch to integer nanoseconds UTC."""
        return self.epoch_ns + np.rint(plots_s * 1e9).astype(np.int64)


def vec3(values: Array) -> tuple[float, float, float]:
    """Three plain floats."""
    return float(values[0]), float(values[1]), float(values[2])
