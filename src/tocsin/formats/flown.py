"""One flight as a table: what flight.csv holds, and what CZML, KML and GeoJSON of a flight are made from."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec

from tocsin.messages import Column
from tocsin.units import iso_from_ns, ns_from_s

FLIGHT_COLUMNS: dict[str, tuple[str, str]] = {
    "time_s": ("s", "after the start of the flight"),
    "time": ("-", "ISO 8601 UTC; the scenario's epoch is a stand-in"),
    "phase": ("-", "boost, ascent, descent, impact, entry, level or orbit, as in truth.csv"),
    "latitude_deg": ("deg", "WGS-84, geodetic"),
    "longitude_deg": ("deg", "WGS-84, -180 to 180"),
    "height_m": ("m", "above the WGS-84 ellipsoid"),
    "downrange_m": ("m", "geodesic on the ellipsoid from below the start to below the body"),
    "speed_m_s": ("m/s", "earth-relative"),
    "flight_path_angle_deg": ("deg", "of the earth-relative velocity above the local horizontal"),
    "heading_deg": ("deg", "of the earth-relative velocity, clockwise from true north; empty where it is vertical"),
    "dynamic_pressure_pa": ("Pa", "half the density times the speed through the air squared, in this run's air"),
    "mach": ("1", "speed through the air over the standard's speed of sound; empty above 86 km"),
    "x_ecef_m": ("m", "position, ECEF WGS-84"),
    "y_ecef_m": ("m", "position, ECEF WGS-84"),
    "z_ecef_m": ("m", "position, ECEF WGS-84"),
    "vx_ecef_m_s": ("m/s", "velocity, ECEF, earth-relative"),
    "vy_ecef_m_s": ("m/s", "velocity, ECEF, earth-relative"),
    "vz_ecef_m_s": ("m/s", "velocity, ECEF, earth-relative"),
    "marking": ("-", "EXERCISE - notional parameters, in every row"),
}
"""Every column of flight.csv: unit and meaning, in order."""
_DECIMALS = {"latitude_deg": 7, "longitude_deg": 7, "flight_path_angle_deg": 4, "heading_deg": 4, "mach": 4}


def kind_in_words(kind: str) -> str:
    """A kind of body as people read it: ``fast_jet`` is a fast jet."""
    return kind.replace("_", " ")


class FlownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a flight that has a name."""

    kind: str  # start, ignition, burnout, separation, apogee, height or end
    label: str  # in words: launch, stage 1 burn-out, 100 km rising, impact
    time_s: float  # after the start of the flight
    time_ns: int
    latitude_deg: float
    longitude_deg: float
    height_m: float
    speed_m_s: float
    flight_path_angle_deg: float
    downrange_m: float


class Flown(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The flight of one body: n rows, and its events in order of time."""

    name: str
    kind: str
    marking: str
    scenario: str  # its title
    source: str  # scenario, seed and version in one line
    start_ns: int  # UTC, of time_s 0
    time_s: Column  # (n,) rising
    phase: tuple[str, ...]  # n
    position_ecef_m: Column  # (n, 3)
    velocity_ecef_m_s: Column  # (n, 3)
    latitude_deg: Column  # (n,) as all below
    longitude_deg: Column
    height_m: Column
    downrange_m: Column
    speed_m_s: Column
    flight_path_angle_deg: Column
    heading_deg: Column  # nan where the velocity is vertical
    dynamic_pressure_pa: Column
    mach: Column  # nan above 86 km
    events: tuple[FlownEvent, ...]

    @property
    def end_ns(self) -> int:
        return self.start_ns + ns_from_s(float(self.time_s[-1]))

    def stretches(self) -> list[tuple[str, int, int]]:
        """(phase, first row, row after the last) of each stretch of one phase; the last row belongs to the one before.

        Neighbours share a row where they are drawn: a line goes to ``after + 1``.
        """
        parts: list[tuple[str, int, int]] = []
        first = 0
        for row in range(1, len(self.phase) + 1):
            if row == len(self.phase) or self.phase[row] != self.phase[first]:
                parts.append((self.phase[first], first, row))
                first = row
        if len(parts) > 1 and parts[-1][2] - parts[-1][1] == 1:
            parts[-2:] = [(parts[-2][0], parts[-2][1], parts[-1][2])]
        return parts


def write_flight(path: str | Path, flown: Flown) -> int:
    """Write flight.csv; returns how many rows."""
    axes = ("x_ecef_m", "y_ecef_m", "z_ecef_m"), ("vx_ecef_m_s", "vy_ecef_m_s", "vz_ecef_m_s")
    cells: dict[str, list[Any]] = {
        "time": [iso_from_ns(flown.start_ns + ns_from_s(float(t))) for t in flown.time_s],
        "phase": list(flown.phase),
        "marking": [flown.marking] * len(flown.phase),
    }
    for names, table in zip(axes, (flown.position_ecef_m, flown.velocity_ecef_m_s), strict=True):
        for index, name in enumerate(names):
            cells[name] = [_number(value, 3) for value in table[:, index].tolist()]
    for name in FLIGHT_COLUMNS:
        if name not in cells:
            cells[name] = [_number(value, _DECIMALS.get(name, 3)) for value in getattr(flown, name).tolist()]
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FLIGHT_COLUMNS)
        writer.writerows(zip(*(cells[name] for name in FLIGHT_COLUMNS), strict=True))
    return len(flown.phase)


def _number(value: float, decimals: int) -> float | str:
    """Rounded to what it is worth; nothing where there is no value."""
    return "" if value != value else round(value, decimals) + 0.0
