"""``tocsin coverage``: from which height up sensors see, and how long they see a flight."""

from __future__ import annotations

import json as json_format
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tocsin.cli.coverage_shown import Asked, Made, content, print_coverage, view_rows
from tocsin.cli.run import Json, Out, Set

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.formats.site import SensorSite
    from tocsin.report.coverage_plot import MapSubject
    from tocsin.scenario import Scenario, Sensor
    from tocsin.world.coverage import Grid
    from tocsin.world.view import FlightView

CoverageFormat = Literal["png", "svg", "csv", "geojson"]
HEIGHT_LEAST_KM, HEIGHT_USUAL_KM, HEIGHT_MOST_KM = 1.0, 300.0, 40_000.0
VIEWS_SHARE = 0.1  # of the work, as the bar shows it; the map is the rest
PICTURE_CELLS = 150_000  # a picture shows finer cells than a table needs
AREAS_KM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)  # heights of the areas in GeoJSON


def coverage(
    source: Annotated[str, Parameter(name="SCENARIO", help="a packaged name or TOML file, or a file of [[sensors]]")],
    /,
    *,
    height_max_km: Annotated[float, Parameter(help="top of the map of heights")] = HEIGHT_USUAL_KM,
    flight: Annotated[str, Parameter(help="one flight by name; default every threat")] = "",
    seed: int = 0,
    set_: Set = (),
    out: Out = None,
    format: Annotated[
        tuple[CoverageFormat, ...],
        Parameter(name="--format", consume_multiple=True, negative="", help="png, svg, csv, geojson"),
    ] = ("csv", "png"),
    json: Json = False,
) -> int:
    """Map the lowest height at which radars see, and how long each sensor sees each threat, with and without it.

    Geometry alone: field of regard, horizon under refracted rays, range. Given a file of [[sensors]], the map only.
    """
    from tocsin.cli import screen
    from tocsin.cli.folder import default_folder
    from tocsin.errors import InputError

    if not HEIGHT_LEAST_KM <= height_max_km <= HEIGHT_MOST_KM:
        raise InputError(
            f"must lie within {HEIGHT_LEAST_KM:g} to {HEIGHT_MOST_KM:g} km", where="--height-max-km",
            value=height_max_km, remedy="use 300",
        )  # fmt: skip
    asked = _asked(source, set_, flight)
    words = ["tocsin", "coverage", source, *(["--flight", flight] if flight else [])]
    words += ["--height-max-km", f"{height_max_km:g}"] if height_max_km != HEIGHT_USUAL_KM else []
    words += ["--seed", str(seed)] if asked.scenario is not None else []
    words += [word for pair in set_ for word in ("--set", pair)]
    seeded = seed if asked.scenario is not None else None
    folder = out or default_folder(f"coverage-{asked.name}".replace("/", "-"), seeded, set_)
    with screen.stop_on_interrupt() as should_stop:
        from tocsin.cli.kernels import ensure_compiled

        ensure_compiled(should_stop=should_stop)
    with screen.progress(f"coverage of {screen.plain(asked.name)}") as on_progress:
        views = [] if asked.scenario is None else _views(asked.scenario, asked, flight, seed, on_progress)
        has_picture = not {"png", "svg"}.isdisjoint(format)
        made = _made(
            asked,
            views,
            height_max_km,
            has_picture,
            lambda share: on_progress(VIEWS_SHARE + (1.0 - VIEWS_SHARE) * share),
        )
    folder.mkdir(parents=True, exist_ok=True)
    files = _write(asked, made, views, folder, format, _source(asked, shlex.join(words), seeded))
    if json:
        screen.print_json(content(asked, made, views, seeded, height_max_km, files))
    else:
        print_coverage(screen.out(), asked, made, views)
        for file in files:
            screen.out().print(f"{file.suffix[1:]:8}{file}", markup=False, soft_wrap=True)
    return 0


def _asked(source: str, overrides: tuple[str, ...], flight: str) -> Asked:
    from tocsin.errors import InputError
    from tocsin.formats.picture import MARKINGS
    from tocsin.scenario import load_scenario, read_sensors, sites_of
    from tocsin.units import ns_from_iso

    if _is_sensor_file(source):
        for option, value in (("--set", overrides), ("--flight", flight)):
            if value:
                raise InputError(
                    "needs a scenario; this file holds sensors only", where=option, value=source,
                    remedy=f"leave {option} out",
                )  # fmt: skip
        sensors = tuple(sensor for sensor in read_sensors(source) if sensor.enabled)
        sites = sites_of(sensors)
        name = Path(source).stem
        epoch_ns = _first_ns(sites)
        asked = Asked(
            name=name, title=f"Sensors of {Path(source).name}", marking=MARKINGS["exercise"], epoch_ns=epoch_ns,
            sensors=sensors, sites=sites,
        )  # fmt: skip
    else:
        scenario = load_scenario(source, overrides=overrides)
        asked = Asked(
            name=scenario.name, title=scenario.title, marking=MARKINGS[scenario.origin],
            epoch_ns=ns_from_iso(scenario.epoch), scenario=scenario, sites={},
            sensors=tuple(sensor for sensor in scenario.sensors if sensor.enabled),
        )  # fmt: skip
    if not asked.sensors:
        raise InputError("no sensor is enabled here", where=source, remedy="add a [[sensors]] table, or enable one")
    return asked


def _is_sensor_file(source: str) -> bool:
    """A TOML file whose one key is ``sensors``; whatever is wrong with it is told by whoever reads it."""
    from tocsin.errors import ScenarioError
    from tocsin.scenario.toml_text import document_of

    path = Path(source)
    try:
        if not path.is_file() or path.stat().st_size > 1_000_000:
            return False
        document = document_of(path.read_bytes(), source)
    except (OSError, ValueError, ScenarioError):
        return False
    return set(document) == {"sensors"}


def _first_ns(sites: dict[str, SensorSite]) -> int:
    """A moment for what moves: the first of the recorded paths, else the epoch of the first orbit's elements."""
    firsts = [int(site.path_ns[0]) for site in sites.values() if site.path_ns is not None]
    if firsts:
        return min(firsts)
    from sgp4.api import Satrec

    for site in sites.values():
        if site.line1:
            record = Satrec.twoline2rv(site.line1, site.line2)
            return round((record.jdsatepoch - 2_440_587.5 + record.jdsatepochF) * 86_400.0) * 1_000_000_000
    return 0


def _views(
    scenario: Scenario, asked: Asked, flight: str, seed: int, on_progress: Callable[[float], None]
) -> list[FlightView]:
    """Of the flight asked for, else of every threat; none where a scenario has no threat."""
    from tocsin.cli.fly import build_world, chosen_body
    from tocsin.world.view import view_of

    world = build_world(scenario, seed)
    bodies = (
        [chosen_body(world, flight, scenario.name, "--flight")]
        if flight
        else [b for b in world.bodies if b.kind == "threat"]
    )
    views = []
    for number, body in enumerate(bodies):
        views.append(view_of(body, asked.sensors, asked.epoch_ns, scenario.duration_s))
        on_progress(VIEWS_SHARE * (number + 1) / len(bodies))
    return views


def _made(
    asked: Asked, views: list[FlightView], height_max_km: float, has_picture: bool,
    on_progress: Callable[[float], None],
) -> Made:  # fmt: skip
    import numpy as np

    from tocsin.kernels.geodesy import geodetic_of_many
    from tocsin.units import M_PER_KM
    from tocsin.world.coverage import coverage_map, grid_about
    from tocsin.world.sight import eye_of, limb_deg, places_of

    sensors: tuple[Sensor, ...] = asked.sensors
    now = np.zeros(1)
    places = {s.name: places_of(s, asked.epoch_ns, now, asked.sites.get(s.name))[0] for s in sensors}
    below = np.degrees(np.asarray(geodetic_of_many(np.array(list(places.values()))))[:, :2]).tolist()
    radars = [sensor for sensor in sensors if sensor.kind == "radar"]
    tracks = [np.array(view.track_deg) for view in views]
    also = np.concatenate(tracks) if tracks else None
    infrared = [sensor for sensor in sensors if sensor.kind == "infrared"]
    limbs = {sensor.name: limb_deg(places[sensor.name]) for sensor in infrared}
    made, fine, box = None, None, None
    if radars:
        at = np.array([places[radar.name] for radar in radars])
        eyes = [eye_of(radar) for radar in radars]
        top_m = height_max_km * M_PER_KM
        made = coverage_map(eyes, at, top_m, also_deg=also, on_progress=lambda share: on_progress(0.3 * share))
        box = made.grid
        if has_picture:
            fine = coverage_map(
                eyes, at, top_m, also_deg=also, cells=PICTURE_CELLS,
                on_progress=lambda share: on_progress(0.3 + 0.7 * share),
            )  # fmt: skip
    else:
        around = [np.array(below), *tracks, *limbs.values()]
        box = grid_about(np.concatenate(around))
    return Made(
        map=made, fine=fine, box=box, limbs={name: ring for name, ring in limbs.items() if _crosses(ring, box)},
        places_deg={name: (a, b) for name, (a, b) in zip(places, below, strict=True)},
        note=_note(infrared, places, box, [s for s in sensors if s.kind == "position"]), reach=_reach(radars),
    )  # fmt: skip


def _crosses(ring: Any, box: Grid) -> bool:
    import numpy as np

    middle = 0.5 * float(box.longitude_deg[0] + box.longitude_deg[-1])
    longitude = middle + (ring[:, 1] - middle + 180.0) % 360.0 - 180.0
    inside = (ring[:, 0] > box.latitude_deg[0]) & (ring[:, 0] < box.latitude_deg[-1])
    return bool(np.any(inside & (longitude > box.longitude_deg[0]) & (longitude < box.longitude_deg[-1])))


def _reach(radars: list[Sensor]) -> str:
    """What the range of a radar with signal-to-noise stands for."""
    alike: dict[float, list[str]] = {}
    for radar in radars:
        if radar.reference_snr_db is not None:
            alike.setdefault(radar.reference_rcs_m2, []).append(radar.name)
    return " ".join(
        f"Range of {', '.join(names)}: a target of {rcs_m2:g} m² is detected with probability 0.5 in one look."
        for rcs_m2, names in alike.items()
    )


def _note(infrared: list[Sensor], places: dict[str, Any], box: Grid, receivers: list[Sensor]) -> str:
    """What no height can say: infrared sees burning plumes only, and receivers hear the co-operative only."""
    import numpy as np

    from tocsin.kernels.geodesy import ecef_of_many
    from tocsin.units import DEG
    from tocsin.world.sight import is_hidden

    alike: dict[str, list[str]] = {}
    rows, columns = box.latitude_deg[[0, len(box.latitude_deg) // 2, -1]], box.longitude_deg[[0, -1]]
    for sensor in infrared:
        corners = np.array([(a * DEG, b * DEG, sensor.cloud_top_m) for a in rows for b in columns])
        points = np.asarray(ecef_of_many(corners))
        is_cut = is_hidden(points, places[sensor.name]).any()
        where = "inside the dashed edge" if is_cut else "all over this map"
        said = f"burning plumes above {sensor.cloud_top_m / 1000.0:g} km {where}."
        alike.setdefault(said, []).append(sensor.name)
    parts = [f"{', '.join(names)}: {said}" for said, names in alike.items()]
    if receivers:
        names = ", ".join(sensor.name for sensor in receivers)
        parts.append(f"{names}: hears co-operative aircraft only; not in the heights.")
    return " ".join(parts)


def _source(asked: Asked, command: str, seed: int | None) -> str:
    from tocsin import __version__

    seeded = "" if seed is None else f", seed {seed}"
    what = "scenario" if asked.scenario is not None else "sensors of"
    return f"{command}; {what} {asked.name}{seeded}, tocsin {__version__}"


def _write(
    asked: Asked, made: Made, views: list[FlightView], folder: Path, formats: tuple[CoverageFormat, ...], source: str
) -> list[Path]:  # fmt: skip
    files: list[Path] = []
    layers = []
    if made.map is not None:
        layers = [("all", made.map.combined_m)] if len(made.map.layers) > 1 else []
        layers += [(layer.name, layer.lowest_m) for layer in made.map.layers]
    grid = (made.box.latitude_deg, made.box.longitude_deg)
    subject = _subject(asked, made, views, source)
    for form in dict.fromkeys(formats):
        if form == "csv":
            from tocsin.formats.coverage_files import write_map, write_views

            if views:
                files.append(folder / "coverage.csv")
                write_views(files[-1], view_rows(views), asked.marking)
            if layers:
                files.append(folder / "coverage_map.csv")
                write_map(files[-1], grid, layers, asked.marking)
        elif form == "geojson":
            from tocsin.formats.coverage_files import coverage_geojson

            document = coverage_geojson(
                grid, layers, [1000.0 * each for each in AREAS_KM if made.map and 1000.0 * each <= made.map.top_m],
                sensors=[(s.name, s.kind, *made.places_deg[s.name]) for s in asked.sensors],
                tracks={view.flight: view.track_deg for view in views}, outlines=made.limbs, marking=asked.marking,
                source=source,
            )  # fmt: skip
            files.append(folder / "coverage.geojson")
            files[-1].write_text(json_format.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        else:
            files += _draw(asked, made, views, folder, form, subject)
    return files


def _subject(asked: Asked, made: Made, views: list[FlightView], source: str) -> MapSubject:
    import numpy as np

    from tocsin.report.coverage_plot import MapSubject

    return MapSubject(
        sensors=tuple(
            (s.name, s.kind, *made.places_deg[s.name]) for s in asked.sensors
        ),
        tracks={view.flight: np.array(view.track_deg) for view in views}, limbs=made.limbs, note=made.note,
        reach=made.reach,        marking=asked.marking, title=asked.title, source=source,
    )  # fmt: skip


def _draw(
    asked: Asked, made: Made, views: list[FlightView], folder: Path, form: str, subject: MapSubject
) -> list[Path]:  # fmt: skip
    from tocsin.report.coverage_plot import write_map_plot, write_sensor_maps
    from tocsin.report.view_plot import write_view_plot

    files = [folder / f"coverage_map.{form}"]
    write_map_plot(files[0], made.fine, subject, made.box if made.fine is None else made.fine.grid)
    if made.fine is not None and len(made.fine.layers) > 1:
        files.append(folder / f"coverage_sensors.{form}")
        write_sensor_maps(files[-1], made.fine, subject)
    if views:
        files.append(folder / f"coverage_view.{form}")
        write_view_plot(files[-1], views, marking=asked.marking, title=asked.title, source=subject.source)
    return files
