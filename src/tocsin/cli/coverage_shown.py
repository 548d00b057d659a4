"""What ``tocsin coverage`` says of its result: rows of coverage.csv, JSON, and tables on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tocsin.formats.site import SensorSite
    from tocsin.scenario import Scenario, Sensor
    from tocsin.world.coverage import CoverageMap, Grid
    from tocsin.world.view import FlightView, SensorView


WIDE_COLUMNS = 100  # of a terminal, from which every heading has room on one line
REST_COLUMNS = 78  # from which what is left without each sensor has room too; coverage.csv holds it always
HEADINGS = ("first seen", "last seen", "seen", "before end", "without it: first", "seen", "before end")
FOLDED = {
    "first seen": "first\nseen", "last seen": "last\nseen", "before end": "before\nend",
    "without it: first": "without\nit: first",
}  # fmt: skip


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown, from a scenario or from a description of sensors."""

    name: str
    title: str
    marking: str
    epoch_ns: int
    sensors: tuple[Sensor, ...]
    sites: dict[str, SensorSite]
    scenario: Scenario | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The map, what stands on it, and what bounds it."""

    map: CoverageMap | None  # None without a radar
    fine: CoverageMap | None  # for pictures; None where none is asked for
    box: Grid
    places_deg: dict[str, tuple[float, float]]  # of every sensor: below it
    limbs: dict[str, Any]  # infrared sensor: (n, 2) latitude, longitude of the edge of what it sees
    note: str
    reach: str  # the target behind the ranges, where signal-to-noise sets them; may be empty


def view_rows(views: list[FlightView]) -> list[dict[str, Any]]:
    """Rows of coverage.csv: every sensor of every flight, then all together."""
    rows = []
    for view in views:
        for each in (*view.sensors, view.combined):
            rest = view.without(each.sensor) if each.kind else None
            rows.append(
                {
                    "flight": view.flight, "sensor": each.sensor, "kind": each.kind,
                    **_figures(view, each, ""),
                    **(_figures(view, rest, "all_without_") if rest is not None else
                       dict.fromkeys(_figures(view, each, "all_without_"))),
                }
            )  # fmt: skip
            rows[-1].pop("all_without_last_seen_s")
    return rows


def _figures(view: FlightView, each: SensorView, prefix: str) -> dict[str, float | None]:
    first, last = each.first_s, each.last_s
    return {
        f"{prefix}first_seen_s": None if first is None else round(first, 2),
        f"{prefix}last_seen_s": None if last is None else round(last, 2),
        f"{prefix}seen_s": round(each.seconds, 2),
        f"{prefix}before_end_s": None if first is None else round(view.end_s - first, 2),
    }


def content(
    asked: Asked, made: Made, views: list[FlightView], seed: int | None, height_max_km: float, files: list[Path]
) -> dict[str, Any]:  # fmt: skip
    from tocsin import __version__
    from tocsin.world.coverage import areas_km2

    coverage_made = made.map
    reach = (
        {}
        if coverage_made is None
        else {layer.name: round(layer.reach_m / 1000.0, 3) for layer in coverage_made.layers}
    )
    areas = (
        {}
        if coverage_made is None
        else {each.name: areas_km2(coverage_made, each.lowest_m) for each in coverage_made.layers}
    )
    return {
        "marking": asked.marking,
        "scenario": asked.name,
        "title": asked.title,
        "seed": seed,
        "version": __version__,
        "height_max_km": height_max_km,
        "cell_deg": made.box.step_deg,
        "note": " ".join(filter(None, (made.reach, made.note))),
        "sensors": [
            {
                "name": s.name, "kind": s.kind, "platform": s.platform,
                "latitude_deg": round(made.places_deg[s.name][0], 6),
                "longitude_deg": round(made.places_deg[s.name][1], 6),
                "reach_km": reach.get(s.name), "area_km2": areas.get(s.name),
            }
            for s in asked.sensors
        ],
        "area_km2": None if coverage_made is None else areas_km2(coverage_made, coverage_made.combined_m),
        "flights": [
            {
                "flight": view.flight, "kind": view.kind, "end_s": round(view.end_s, 2),
                "phases": [{"phase": n, "from_s": round(a, 2), "to_s": round(b, 2)} for n, a, b in view.phases],
                "sensors": [row for row in view_rows([view]) if row["kind"]],
                "all": _figures(view, view.combined, ""),
            }
            for view in views
        ],
        "files": [str(file) for file in files],
    }  # fmt: skip


def print_coverage(console: Console, asked: Asked, made: Made, views: list[FlightView]) -> None:
    from rich.text import Text

    from tocsin.cli.screen import plain

    console.print(Text.assemble((asked.marking, "bold"), f"   {plain(asked.title)}"))
    if made.map is not None:
        console.print(_area_table(made.map))
    for words in filter(None, (made.reach, made.note)):
        console.print(plain(words), markup=False)
    for view in views:
        console.print(_view_table(view, console.width))
    if asked.scenario is not None and not views:
        console.print("no threat flies here; --flight NAME shows how long another thing is seen", markup=False)


def _area_table(coverage_made: CoverageMap) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tocsin.cli.screen import plain
    from tocsin.world.coverage import areas_km2

    table = Table(box=None, pad_edge=False)
    table.add_column("radar", overflow="fold")
    table.add_column("range", justify="right", no_wrap=True)
    rows = [
        (each.name, f"{each.reach_m / 1000.0:.0f} km", areas_km2(coverage_made, each.lowest_m))
        for each in coverage_made.layers
    ]
    rows.append(("all", "", areas_km2(coverage_made, coverage_made.combined_m)))
    for key in rows[0][2]:
        table.add_column(f"sees {key.replace('_', ' ')}", justify="right", no_wrap=True)
    for name, reach, areas in rows:
        table.add_row(Text(plain(name)), reach, *(f"{value:,.0f} km²" for value in areas.values()))
    return table


def _view_table(view: FlightView, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tocsin.cli.screen import plain
    from tocsin.formats.flown import kind_in_words

    title = Text(f"{plain(view.flight)}   {kind_in_words(view.kind)}, {view.end_s:.0f} s from start to end")
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("sensor", min_width=10, overflow="fold")
    headings = HEADINGS if width >= REST_COLUMNS else HEADINGS[:4]
    for name in headings:
        table.add_column(name if width >= WIDE_COLUMNS else FOLDED.get(name, name), justify="right", no_wrap=True)
    for row in view_rows([view]):
        keys = [key for key in row if key not in ("flight", "sensor", "kind")][: len(headings)]
        table.add_row(
            Text(plain(row["sensor"])), *("" if row[k] is None and not row["kind"] else _seconds(row[k]) for k in keys),
            style="" if row["kind"] else "bold",
        )  # fmt: skip
    return table


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"
