"""Flights against NASA's NESC check cases at every printed second: several tools each, whose spread is the tolerance.

A sphere of 1 slug, half a foot across and drag coefficient 0.1 (none in case 01) over the equator, US Standard
Atmosphere 1976: the models that NASA/TM-2015-218675 states for each case.

Traps in the files: tool 02 starts cases 04 and 05 with 0.01 ft/s north and another gravity (left out, as the
collection says); tool 03 is 1.1e-5 ft west after its first step and falls behind by 1.2e-4 ft/s, and its last row
prints the air of another height; tools 01 and 02 look the atmosphere up in tables.
Two roundings in the models decide whether one lies within a spread of two tools (cases 04 and 05): M0 = 28.964425
kg/kmol, the sum over the gases of the standard's table 3 (which it rounds to 28.9644; tool 04 computes with the sum,
from the sound speeds that it prints, tool 06 with a gas constant 0.9 millionths smaller still), and the area of a
sphere of half a foot, pi/16 ft2, which the case files print as 0.1963495. With the rounded ones we would be out by
5e-5 ft of 0.0107.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tocsin.flight import Earth, fly
from tocsin.kernels.atmosphere import density_us76, sound_speed_us76

FT = 0.3048  # m
SLUG = 14.593902937  # kg
BETA = SLUG / (0.1 * math.pi / 16.0 * FT * FT)  # kg/m2: a sphere of half a foot
ROUND_M = 20_902_254.5305 * FT  # radius that cases 04 and 05 start from
LAST_S = 30

# What our own arithmetic adds to a tool's rounding: 1e-8 m of position and what follows from it; 5e-9 of sound speed
# and Mach number, for what is left of the gas constant; for the inertial columns also that of the round Earth's
# radius, which is printed to 1e-4 ft. Not compared: altitude rate, Earth-fixed position and dynamic pressure, which
# follow from other columns and are printed by fewer tools, and the airspeed in knots (tool 06 takes 1.68783 ft/s for a
# knot, which is 1.68781).
OWN = {
    "altitudeMsl_ft": 2e-7, "longitude_deg": 1e-13, "latitude_deg": 1e-13, "feVelocity_ft_s_X": 2e-9,
    "feVelocity_ft_s_Y": 2e-9, "feVelocity_ft_s_Z": 2e-9, "localGravity_ft_s2": 2e-10, "airDensity_slug_ft3": 1e-14,
    "speedOfSound_ft_s": 5e-6, "mach": 5e-9, "eiPosition_ft_X": 1e-5, "eiPosition_ft_Y": 1e-5,
    "eiVelocity_ft_s_X": 1e-8, "eiVelocity_ft_s_Y": 1e-8,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """How a case starts, and over which Earth and through which air it goes. Up and east at 0 N 0 E."""

    earth: Earth
    height_ft: float = 30_000.0
    up_ft_s: float = 0.0
    east_ft_s: float = 0.0
    wind_ft_s: float = 0.0
    has_drag: bool = True
    without: tuple[str, ...] = ()


WGS84 = Earth()
CASES = {
    "01": Case(WGS84, has_drag=False),
    "04": Case(Earth.sphere(radius_m=ROUND_M), without=("02",)),
    "05": Case(Earth.sphere(radius_m=ROUND_M, rate_rad_s=WGS84.rate_rad_s), without=("02",)),
    "06": Case(WGS84),
    "07": Case(WGS84, wind_ft_s=20.0),
    "09": Case(WGS84, height_ft=0.0, up_ft_s=1000.0, east_ft_s=1000.0),
}


def tools(reference: Path, name: str) -> dict[str, list[dict[str, str]]]:
    """Each tool's printed rows at 0, 1, ... 30 s."""
    folder = next((reference / "nesc").glob(f"Atmos_{name}_*"))
    found = {}
    for path in sorted(folder.glob("*.csv")):
        tool = path.stem[-2:]
        if tool not in CASES[name].without:
            with path.open(encoding="utf-8") as lines:
                rows = [row for row in csv.DictReader(lines) if abs(math.remainder(float(row["time"]), 1.0)) < 1e-6]
            assert [round(float(row["time"])) for row in rows] == list(range(LAST_S + 1)), path
            found[tool] = rows
    return found


def flown(case: Case) -> list[dict[str, float]]:
    """Our state at each second in the columns and units of the tools."""
    flight = fly(
        np.array([case.earth.semi_major_m + case.height_ft * FT, 0.0, 0.0]),
        np.array([case.up_ft_s * FT, case.east_ft_s * FT, 0.0]),
        beta_kg_m2=BETA if case.has_drag else None,
        earth=case.earth,
        wind_profile=np.array([[0.0, case.wind_ft_s * FT, 0.0], [20_000.0, case.wind_ft_s * FT, 0.0]]),
        method="dop853",
        step_s=0.125,
        spacing_s=1.0,
        max_time_s=float(LAST_S),
    )
    assert flight.time_s.tolist() == list(range(LAST_S + 1))
    return [
        printed(case, second, flight.position_ecef_m[second], flight.velocity_ecef_m_s[second])
        for second in range(LAST_S + 1)
    ]


def printed(case: Case, second: int, position: np.ndarray, velocity: np.ndarray) -> dict[str, float]:
    """By hand: at the equator every axis is plain."""
    x, y, z = position
    vx, vy, vz = velocity
    earth = case.earth
    radius = math.hypot(x, y)
    height = radius - earth.semi_major_m
    up, east = (x * vx + y * vy) / radius, (x * vy - y * vx) / radius
    airspeed = math.hypot(up, east - case.wind_ft_s * FT)
    density, sound = density_us76(height), sound_speed_us76(height)
    inertial = east + earth.rate_rad_s * radius
    angle = math.atan2(y, x) + earth.rate_rad_s * second
    gravity = earth.gm_m3_s2 / radius**2 * (1.0 + 1.5 * earth.j2 * (earth.semi_major_m / radius) ** 2)
    return {
        "altitudeMsl_ft": height / FT,
        "longitude_deg": math.degrees(math.atan2(y, x)),
        "latitude_deg": math.degrees(math.atan2(z, radius)),
        "feVelocity_ft_s_X": vz / FT,
        "feVelocity_ft_s_Y": east / FT,
        "feVelocity_ft_s_Z": -up / FT,
        "localGravity_ft_s2": gravity / FT,
        "airDensity_slug_ft3": density / SLUG * FT**3,
        "speedOfSound_ft_s": sound / FT,
        "mach": airspeed / sound,
        "eiPosition_ft_X": radius * math.cos(angle) / FT,
        "eiPosition_ft_Y": radius * math.sin(angle) / FT,
        "eiVelocity_ft_s_X": (up * math.cos(angle) - inertial * math.sin(angle)) / FT,
        "eiVelocity_ft_s_Y": (up * math.sin(angle) + inertial * math.cos(angle)) / FT,
    }


def half_digit(text: str) -> float:
    """Half a unit of the last printed digit; zeros at the end are not printed, so ten digits count as there."""
    value = Decimal(text)
    return min(0.5 * float(Decimal(1).scaleb(int(value.as_tuple().exponent))), 5e-10 * abs(float(value)))


@pytest.mark.reference
def test_case_01_a_sphere_falls_without_drag_as_tools_03_04_and_06_say_within_1e_4_ft(reference: Path) -> None:
    ours, found = flown(CASES["01"]), tools(reference, "01")
    for tool in ("03", "04", "06"):
        for mine, row in zip(ours, found[tool], strict=True):
            # the bar is 1e-4 ft; measured 3.4e-6 ft (tool 03) and 2.8e-6 ft (tools 04 and 06)
            assert mine["altitudeMsl_ft"] == pytest.approx(float(row["altitudeMsl_ft"]), abs=1e-5), (tool, row["time"])
            assert mine["feVelocity_ft_s_Z"] == pytest.approx(float(row["feVelocity_ft_s_Z"]), abs=1e-6)
            assert mine["feVelocity_ft_s_Y"] == pytest.approx(float(row["feVelocity_ft_s_Y"]), abs=1e-6)
            if tool != "03":  # whose longitude lags from its first step on
                assert mine["longitude_deg"] == pytest.approx(float(row["longitude_deg"]), abs=1e-12)


@pytest.mark.reference
@pytest.mark.parametrize("name", list(CASES))
def test_every_printed_second_lies_within_the_spread_of_the_tools(reference: Path, name: str) -> None:
    case, found = CASES[name], tools(reference, name)
    ours = flown(case)
    checked = 0
    for column, own in OWN.items():
        columns = [rows for rows in found.values() if column in rows[0]]
        if len(columns) < 2:  # one tool has no spread
            continue
        for second, mine in enumerate(ours):
            texts = [rows[second][column] for rows in columns]
            low = min(float(text) - half_digit(text) for text in texts) - own
            high = max(float(text) + half_digit(text) for text in texts) + own
            assert low <= mine[column] <= high, (column, second, mine[column], texts)
            checked += 1
    assert checked >= 11 * (LAST_S + 1)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["04", "05", "06", "07", "09"])
def test_the_tool_with_the_nearest_gas_constant_agrees_far_closer_than_the_spread(reference: Path, name: str) -> None:
    rows = tools(reference, name)["04"]
    close_ft = 2e-4  # measured 1.1e-4 ft; the spread is 0.0107 ft in cases 04 and 05
    for mine, row in zip(flown(CASES[name]), rows, strict=True):
        assert mine["altitudeMsl_ft"] == pytest.approx(float(row["altitudeMsl_ft"]), abs=close_ft), row["time"]
