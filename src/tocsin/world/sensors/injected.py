"""Faults that a scenario injects: what a sensor's scans become while it lies. It draws nothing: the noise stays."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from tocsin.messages import Column, Scan, sealed
from tocsin.scenario import Fault
from tocsin.units import DEG, NS_PER_S, ns_from_s

_MEASURED = (
    "range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s", "snr_db", "line_of_sight_ecef", "position_ecef_m",
)  # fmt: skip


class Injected:
    """The faults of one sensor. ``epoch_ns`` is the scenario's, by the sensor's clock as it is without a fault."""

    def __init__(self, faults: tuple[Fault, ...], epoch_ns: int) -> None:
        self._faults, self._epoch_ns = faults, epoch_ns
        self._last: Scan | None = None  # with plots, before it got stuck

    def lied(self, scan: Scan) -> Scan:
        """A scan as the sensor sends it. Call it for each, in order of time."""
        at_s = (scan.end_ns - self._epoch_ns) / NS_PER_S
        now = [fault for fault in self._faults if fault.from_s <= at_s < fault.to_s]
        if any(fault.is_stuck for fault in now):
            scan = scan if self._last is None else _again(self._last, scan)
        elif scan.plot_count:
            self._last = scan
        for fault in now:
            scan = _changed(scan, fault)
        return scan


def _again(last: Scan, scan: Scan) -> Scan:
    """The plots of an old scan with the times of a new one."""
    times: Column = np.full(last.plot_count, scan.end_ns, dtype=np.int64)
    return msgspec.structs.replace(
        scan, plot_time_ns=sealed(times), **{name: getattr(last, name) for name in _MEASURED}
    )  # fmt: skip


def _changed(scan: Scan, fault: Fault) -> Scan:
    changes: dict[str, Any] = {}
    if fault.clock_s:
        ahead_ns = ns_from_s(fault.clock_s)
        changes |= {name: getattr(scan, name) + ahead_ns for name in ("time_ns", "start_ns", "end_ns")}
        changes["plot_time_ns"] = sealed(scan.plot_time_ns + ahead_ns)
    if fault.range_m and scan.range_m is not None:
        changes["range_m"] = sealed(scan.range_m + fault.range_m)
    if fault.turn_deg:
        turn_rad = fault.turn_deg * DEG
        if scan.azimuth_rad is not None:
            changes["azimuth_rad"] = sealed(np.mod(scan.azimuth_rad + turn_rad, 2.0 * math.pi))
        if scan.line_of_sight_ecef is not None and scan.platform_ecef_m is not None:
            changes["line_of_sight_ecef"] = sealed(
                _turned(scan.line_of_sight_ecef, np.array(scan.platform_ecef_m), turn_rad)
            )
    return msgspec.structs.replace(scan, **changes)


def _turned(lines: Column, platform_m: Column, angle_rad: float) -> Column:
    """(n, 3) unit vectors, turned clockwise about the line from the Earth's centre to the platform."""
    up = platform_m / np.linalg.norm(platform_m)
    c, s = math.cos(angle_rad), -math.sin(angle_rad)
    across: Column = c * lines + s * np.cross(up, lines) + (1.0 - c) * (lines @ up)[:, None] * up
    return across
