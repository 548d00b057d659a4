"""``tocsin fly``: one flight of a scenario, as table, picture and map."""

from __future__ import annotations

import json as json_format
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tocsin.cli.run import Json, Out, Set

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.formats.flown import Flown
    from tocsin.scenario import Scenario
    from tocsin.world import World
    from tocsin.world.body import Body

FlightFormat = Literal["csv", "png", "svg", "czml", "kml", "geojson"]
SPACING_LEAST_S, SPACING_MOST_S = 0.01, 600.0
ROWS_MOST = 1_000_000
NAMES_MOST = 20  # so many names are listed in an error
WIDE_COLUMNS = 100  # of a terminal, from which every heading has room on one line
PLACED_COLUMNS = 76  # from which places have room too; flight.csv holds them always
FOLDED = {
    "after start": "after\nstart", "path angle": "path\nangle", "downrange": "down-\nrange", "latitude": "lati-\ntude",
    "longitude": "longi-\ntude",
}  # fmt: skip


def fly(
    scenario: str,
    *,
    object: Annotated[str, Parameter(name="--object", help="what flies, by name; default the first threat")] = "",
    seed: int = 0,
    set_: Set = (),
    out: Out = None,
    format: Annotated[
        tuple[FlightFormat, ...],
        Parameter(name="--format", consume_multiple=True, negative="", help="csv, png, svg, czml, kml, geojson"),
    ] = ("csv", "png"),
    spacing: Annotated[
        float | None, Parameter(help="seconds between rows; default 1, and 0.1 where that would give less than 100")
    ] = None,
    json: Json = False,
) -> int:
    """Fly one object of a scenario: its events, a table of its flight, a picture, and files for maps.

    This is the truth of a simulated run, drawn from the seed: no sensor and no stage is asked, and nothing is engaged.
    """
    from tocsin.cli import screen
    from tocsin.cli.folder import default_folder
    from tocsin.errors import InputError
    from tocsin.scenario import load_scenario

    if spacing is not None and not SPACING_LEAST_S <= spacing <= SPACING_MOST_S:
        raise InputError(
            f"must lie within {SPACING_LEAST_S:g} to {SPACING_MOST_S:g} s", where="--spacing", value=spacing,
            remedy="use 1",
        )  # fmt: skip
    loaded = load_scenario(scenario, overrides=set_)
    world = build_world(loaded, seed)
    body = chosen_body(world, object, scenario)
    stem = f"fly-{loaded.name}" + (f"-{object}" if object else "")
    folder = out or default_folder(stem.replace("/", "-"), seed, set_)
    words = ["tocsin", "fly", scenario, *(["--object", object] if object else []), "--seed", str(seed)]
    words += ["--spacing", f"{spacing:g}"] if spacing is not None else []
    flown = flown_of(
        world, body, loaded, seed, spacing, shlex.join(words + [w for pair in set_ for w in ("--set", pair)])
    )
    files = _write(flown, folder, format)
    if json:
        screen.print_json(_content(flown, loaded, seed, files))
    else:
        print_flight(screen.out(), flown)
        for file in files:
            screen.out().print(f"{file.suffix[1:]:8}{file}", markup=False, soft_wrap=True)
    return 0


def build_world(scenario: Scenario, seed: int) -> World:
    """The world of one run, its kernels compiled; raises ScenarioError."""
    from tocsin.cli import screen
    from tocsin.cli.kernels import ensure_compiled
    from tocsin.errors import ScenarioError

    if seed < 0:
        raise ScenarioError("seed is a whole number from 0", value=seed, remedy="use 0")
    with screen.stop_on_interrupt() as should_stop:
        ensure_compiled(should_stop=should_stop)
    from tocsin.world import World

    return World(scenario, seed)


def chosen_body(world: World, name: str, scenario: str, option: str = "--object") -> Body:
    """The body of that name, the first threat where none is given; raises InputError listing the names."""
    from tocsin.errors import InputError

    names = [body.name for body in world.bodies]
    shown = ", ".join(names[:NAMES_MOST]) + (f" and {len(names) - NAMES_MOST} more" if len(names) > NAMES_MOST else "")
    if not names:
        raise InputError("nothing flies in this scenario", where=scenario, remedy="choose a scenario with a threat")
    if not name:
        first = next((body for body in world.bodies if body.kind == "threat"), None)
        if first is None:
            raise InputError(
                "this scenario has no threat", where=scenario, remedy=f"choose with {option} one of: {shown}"
            )
        return first
    for body in world.bodies:
        if body.name == name:
            return body
    raise InputError("nothing of that name flies here", where=option, value=name, remedy=f"use one of: {shown}")


def flown_of(world: World, body: Body, scenario: Scenario, seed: int, spacing_s: float | None, command: str) -> Flown:
    """The flight as a table; raises InputError where it would have too many rows."""
    from tocsin import __version__
    from tocsin.errors import InputError
    from tocsin.formats.picture import MARKINGS
    from tocsin.units import ns_from_iso
    from tocsin.world.flown import fly_body

    first_s, up_to_s = max(0.0, body.up_s[0]), body.up_s[1]
    flight_s = (scenario.duration_s if up_to_s == float("inf") else up_to_s) - first_s
    if spacing_s is None:
        spacing_s = 1.0 if flight_s >= 100.0 else 0.1
    if flight_s / spacing_s > ROWS_MOST:
        raise InputError(
            f"gives more than {ROWS_MOST} rows of a flight of {flight_s:.0f} s", where="--spacing", value=spacing_s,
            remedy=f"use {flight_s / ROWS_MOST * 10:.2g} or more",
        )  # fmt: skip
    return fly_body(
        body, world.bodies, world.air, ns_from_iso(scenario.epoch), end_s=scenario.duration_s, spacing_s=spacing_s,
        marking=MARKINGS[scenario.origin], scenario=scenario.title,
        source=f"{command}; scenario {scenario.name}, seed {seed}, tocsin {__version__}",
    )  # fmt: skip


def print_flight(console: Console, flown: Flown) -> None:
    """Banner, then a row for each event."""
    from rich.table import Table
    from rich.text import Text

    from tocsin.cli.screen import plain
    from tocsin.formats.flown import kind_in_words
    from tocsin.units import clock_text, iso_from_ns

    console.print(Text.assemble((flown.marking, "bold"), f"   {plain(flown.scenario)}"))
    started = iso_from_ns(flown.start_ns, 0)
    title = Text(f"{plain(flown.name)}   {kind_in_words(flown.kind)}, starts {started}")
    is_narrow = console.width < WIDE_COLUMNS
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
        padding=(0, 1, 0, 0) if is_narrow else (0, 1),
    )  # fmt: skip
    table.add_column("event", min_width=12, overflow="fold")
    names = ["after start", "height", "speed", "path angle", "downrange"]
    names += ["latitude", "longitude"] if console.width >= PLACED_COLUMNS else []
    for name in names:
        table.add_column(FOLDED.get(name, name) if is_narrow else name, justify="right", no_wrap=True)
    for event in flown.events:
        height_km, angle_deg = round(event.height_m / 1000.0, 1) + 0.0, round(event.flight_path_angle_deg, 1) + 0.0
        cells = (
            clock_text(event.time_s), f"{height_km:.1f} km", f"{event.speed_m_s:.0f} m/s", f"{angle_deg:.1f}°",
            f"{event.downrange_m / 1000.0:.0f} km", f"{event.latitude_deg:.3f}°", f"{event.longitude_deg:.3f}°",
        )  # fmt: skip
        table.add_row(Text(plain(event.label)), *cells[: len(names)])
    console.print(table)


def _write(flown: Flown, folder: Path, formats: tuple[FlightFormat, ...]) -> list[Path]:
    from tocsin.formats.flown import write_flight
    from tocsin.formats.flown_maps import flight_czml, flight_geojson
    from tocsin.formats.kml import flight_kml

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for form in dict.fromkeys(formats):
        path = folder / f"flight.{form}"
        if form == "csv":
            write_flight(path, flown)
        elif form == "kml":
            path.write_bytes(flight_kml(flown))
        elif form in ("czml", "geojson"):
            document = flight_czml(flown) if form == "czml" else flight_geojson(flown)
            path.write_text(json_format.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        else:
            from tocsin.report.flight_plot import write_flight_plot

            write_flight_plot(path, flown)
        files.append(path)
    return files


def _content(flown: Flown, scenario: Scenario, seed: int, files: list[Path]) -> dict[str, Any]:
    import msgspec

    from tocsin import __version__
    from tocsin.units import iso_from_ns

    return {
        "marking": flown.marking,
        "scenario": scenario.name,
        "title": scenario.title,
        "seed": seed,
        "version": __version__,
        "object": flown.name,
        "kind": flown.kind,
        "start": iso_from_ns(flown.start_ns),
        "rows": len(flown.phase),
        "events": [
            {key: round(value, 6) if isinstance(value, float) else value for key, value in each.items()}
            for each in map(msgspec.to_builtins, flown.events)
        ],
        "greatest_dynamic_pressure_pa": float(flown.dynamic_pressure_pa.max()),
        "files": [str(file) for file in files],
    }
