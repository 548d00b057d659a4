"""What all simulated sensors share: their own beat and clock, where they stand, and scans worked out in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
from sgp4.api import Satrec

from tocsin.kernels.constants import GEOSTATIONARY_HEIGHT_M
from tocsin.kernels.level import level_path
from tocsin.messages import Column, Scan, SensorKind, SweptVolume, sealed
from tocsin.scenario import Sensor, check_simulated
from tocsin.units import DEG, NS_PER_S, ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.draws import Draws
from tocsin.world.sensors.biases import draw_biases
from tocsin.world.sensors.injected import Injected
from tocsin.world.sensors.sky_tables import WINDOW_S, Index, SkyTables
from tocsin.world.sky import satellite_states, satrec

FALSE_PLOT = -1  # the body of a plot that none made
_WINDOW_NS = WINDOW_S * NS_PER_S


class Plots(msgspec.Struct, frozen=True, eq=False):
    """Measured plots, true and false, in any order; all arrays have axis 0 the plot."""

    scan: Index  # which of the scans asked for
    body: Index  # FALSE_PLOT where none
    time_s: Array  # from epoch, by the true clock: when the target was where it was seen
    order: Array  # uniform draws: their order inside a scan, which tells nothing
    columns: dict[str, Column]  # of the Scan


class Block(msgspec.Struct, frozen=True, eq=False):
    """The search scans of one window, as columns; a scan is a slice of each."""

    window: int
    first_number: int
    platform_m: Array  # (k, 3)
    first_plot: list[int]  # (k + 1)
    body: Index
    time_s: Array
    columns: dict[str, Column]


class Station(ABC):
    """One simulated sensor. Search scan ``n`` ends at epoch + phase + n x period; the phase is the sensor's own.

    Measurements are referred to the platform's place at the end of the scan, as its own navigation would.
    ``sequence`` counts the scans that were made. Times are stated by the sensor's clock, arrivals by the true one.
    """

    kind: ClassVar[SensorKind]

    def __init__(
        self, sensor: Sensor, sky: SkyTables, epoch_ns: int, draws: Draws, refractivity_deviation: float = 0.0
    ) -> None:
        check_simulated(sensor, "")
        self.sensor, self.sky, self.epoch_ns, self._draws = sensor, sky, epoch_ns, draws
        self.period_ns = max(1, ns_from_s(sensor.scan_period_s))
        phase = draws.generator(f"phase of {sensor.name}").random()
        self.first_end_ns = epoch_ns + 1 + int(phase * (self.period_ns - 1))
        self.latency_ns = ns_from_s(sensor.latency_s)
        self.key = draws.key(f"plots of {sensor.name}")
        self.truth = draw_biases(sensor, draws, refractivity_deviation)
        self.clock_ns = ns_from_s(self.truth.clock_bias_s)
        is_orbit = sensor.platform == "orbit"
        self._elements = satrec(sensor.line1, sensor.line2, f"sensors.{sensor.name}") if is_orbit else None
        self._outages_ns = [(epoch_ns + ns_from_s(a), epoch_ns + ns_from_s(b)) for a, b in sensor.outages_s]
        self._injected = Injected(sensor.faults, epoch_ns + self.clock_ns) if sensor.faults else None
        self._made_count = 0
        self._block: Block | None = None

    def scans(self, from_ns: int, to_ns: int) -> list[Scan]:
        """Scans that end in (from_ns, to_ns], oldest first. Call it for consecutive intervals."""
        first = max(0, (from_ns - self.first_end_ns) // self.period_ns + 1)
        last = (to_ns - self.first_end_ns) // self.period_ns
        made = [
            self._search(number)
            for number in range(first, last + 1)
            if self.is_on(self.end_ns(number) - self.period_ns, self.end_ns(number)) and self.is_due(number)
        ]
        looks = self.looks(from_ns, to_ns)
        if looks:
            made = sorted((*made, *looks), key=lambda scan: scan.end_ns)
        if self._injected is not None:
            made = [self._injected.lied(scan) for scan in made]
        numbered = [msgspec.structs.replace(scan, sequence=self._made_count + i) for i, scan in enumerate(made)]
        self._made_count += len(numbered)
        return numbered

    def looks(self, from_ns: int, to_ns: int) -> list[Scan]:
        """Scans besides the search, that end in (from_ns, to_ns]."""
        return []

    def is_due(self, number: int) -> bool:
        """Whether its duty has it make that search scan."""
        return True

    def is_on(self, start_ns: int, end_ns: int) -> bool:
        """Whether no outage touches that dwell."""
        return all(end_ns <= down_ns or start_ns >= up_ns for down_ns, up_ns in self._outages_ns)

    def end_ns(self, number: int) -> int:
        """When the search scan of that number ends, by the true clock."""
        return self.first_end_ns + number * self.period_ns

    @abstractmethod
    def measure(self, first_number: int, ends_s: Array, platform_m: Array, window: int) -> Plots:
        """All plots of the search scans that end then, from those places."""

    @abstractmethod
    def swept(self, platform_m: Array) -> SweptVolume | None:
        """What a search scan searches."""

    def platform(self, time_s: Array) -> Array:
        """Where the sensor stands, (n, 3) ECEF m."""
        return places_of(self.sensor, self._elements, self.epoch_ns, time_s)

    def plot_ns(self, plots_s: Array) -> npt.NDArray[np.int64]:
        """Seconds from epoch to integer nanoseconds UTC, by the sensor's clock."""
        return self.epoch_ns + self.clock_ns + np.rint(plots_s * 1e9).astype(np.int64)

    def seconds(self, time_ns: int) -> float:
        """Seconds from epoch of a time by the true clock."""
        return (time_ns - self.epoch_ns) / NS_PER_S

    def scan_of(
        self, start_ns: int, end_ns: int, platform_m: Array, columns: dict[str, Column], swept: SweptVolume | None
    ) -> Scan:
        """One scan, its true times turned into stated ones; ``scans`` numbers it."""
        stated_ns = end_ns + self.clock_ns
        return Scan(
            time_ns=stated_ns,
            arrival_ns=end_ns + self.latency_ns,
            source=self.sensor.name,
            sensor=self.sensor.name,
            kind=self.kind,
            sequence=0,
            start_ns=start_ns + self.clock_ns,
            end_ns=stated_ns,
            platform_ecef_m=vec3(platform_m),
            plot_time_ns=columns["plot_time_ns"],
            swept=swept,
            range_m=columns.get("range_m"),
            azimuth_rad=columns.get("azimuth_rad"),
            elevation_rad=columns.get("elevation_rad"),
            range_rate_m_s=columns.get("range_rate_m_s"),
            snr_db=columns.get("snr_db"),
            line_of_sight_ecef=columns.get("line_of_sight_ecef"),
            position_ecef_m=columns.get("position_ecef_m"),
        )

    def _search(self, number: int) -> Scan:
        end_ns = self.end_ns(number)
        window = (end_ns - self.epoch_ns) // _WINDOW_NS
        if self._block is None or self._block.window != window:
            self._block = self._made_block(window)
        block = self._block
        row = number - block.first_number
        plots = slice(block.first_plot[row], block.first_plot[row + 1])
        columns = {name: values[plots] for name, values in block.columns.items()}
        if self.sky.has_ended:  # an intercept ends a body inside the block
            keep = self.sky.is_still_up(block.body[plots], block.time_s[plots])
            if not keep.all():
                columns = {name: sealed(values[keep]) for name, values in columns.items()}
        platform_m = block.platform_m[row]
        return self.scan_of(end_ns - self.period_ns, end_ns, platform_m, columns, self.swept(platform_m))

    def _made_block(self, window: int) -> Block:
        start_ns = window * _WINDOW_NS - (self.first_end_ns - self.epoch_ns)
        first_number = max(0, -(-start_ns // self.period_ns))
        count = max(1, -(-(start_ns + _WINDOW_NS) // self.period_ns) - first_number)
        ends_s = (self.first_end_ns - self.epoch_ns + self.period_ns * (first_number + np.arange(count))) / NS_PER_S
        platform_m = self.platform(ends_s)
        plots = self.measure(first_number, ends_s, platform_m, window)
        order = np.lexsort((plots.order, plots.scan))
        return Block(
            window=window,
            first_number=first_number,
            platform_m=platform_m,
            first_plot=np.searchsorted(plots.scan[order], np.arange(count + 1)).tolist(),
            body=plots.body[order],
            time_s=plots.time_s[order],
            columns={name: sealed(values[order]) for name, values in plots.columns.items()},
        )


def places_of(sensor: Sensor, elements: Satrec | None, epoch_ns: int, time_s: Array) -> Array:
    """Where a sensor stands at seconds from an epoch, (n, 3) ECEF m; ``elements`` of one in orbit."""
    if elements is not None:
        return satellite_states(elements, epoch_ns, time_s, f"sensors.{sensor.name}")[0]
    is_high = sensor.platform == "geostationary"
    position, _ = level_path(
        0.0 if is_high else sensor.latitude_deg * DEG, sensor.longitude_deg * DEG,
        GEOSTATIONARY_HEIGHT_M if is_high else sensor.height_m, sensor.course_deg * DEG,
        sensor.speed_m_s if sensor.platform == "ship" else 0.0, 0.0, time_s,
    )  # fmt: skip
    return np.asarray(position)


def vec3(values: Array) -> tuple[float, float, float]:
    """Three plain floats."""
    return float(values[0]), float(values[1]), float(values[2])


def in_random_order(plots: Plots) -> dict[str, Column]:
    """The columns of one scan's plots."""
    order = np.argsort(plots.order)
    return {name: sealed(values[order]) for name, values in plots.columns.items()}
