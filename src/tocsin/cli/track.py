"""``tocsin track``: take recorded sensor reports through the whole chain."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.run import Json, Out


def track(
    scans: Path,
    *,
    sensors: Annotated[Path, Parameter(help="TOML file that describes each sensor")],
    out: Out = None,
    json: Json = False,
) -> int:
    """Track recorded reports (CSV, Parquet or ASTERIX) and write tracks.csv and the run folder."""
    from tocsin.cli import screen
    from tocsin.cli.clock import print_run
    from tocsin.cli.folder import RECORD, default_folder, write_folder
    from tocsin.cli.kernels import ensure_compiled
    from tocsin.formats.read import read_scans
    from tocsin.scenario import read_sensors, sites_of

    described = read_sensors(sensors)
    folder = out or default_folder(scans.stem, None, ())
    with screen.stop_on_interrupt() as should_stop:
        ensure_compiled(should_stop=should_stop)
        from tocsin.simulation import track as track_scans

        recorded = read_scans(scans, sites_of(described))
        folder.mkdir(parents=True, exist_ok=True)
        with screen.progress(f"tracking {screen.plain(scans.name)}") as on_progress:
            result = track_scans(
                recorded, described, name=scans.name, record=folder / RECORD, on_progress=on_progress,
                should_stop=should_stop,
            )  # fmt: skip
    command = shlex.join(["tocsin", "track", scans.name, "--sensors", sensors.name])
    summary = write_folder(result, folder, command)
    if json:
        screen.print_json(summary)
    else:
        print_run(screen.out(), result, folder)
    return screen.exit_status(result.status)
