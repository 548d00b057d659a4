"""``tocsin export``: other people's formats."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tocsin.cli.run import Json

Format = Literal["csv", "geojson", "czml", "cap"]


def export(
    run: Path,
    *,
    format: Annotated[Format, Parameter(name="--format", help="csv, geojson, czml or cap")],
    out: Annotated[Path | None, Parameter(help="folder to write into; default export/ in the run's folder")] = None,
    json: Json = False,
) -> int:
    """Write a run's tracks (csv), pictures (geojson, czml) or warnings (cap, one file a revision)."""
    from tocsin.cli import screen
    from tocsin.cli.folder import record_in
    from tocsin.record import read_header, read_messages

    path = record_in(run)
    messages = read_messages(path)
    folder = out or path.parent / "export"
    folder.mkdir(parents=True, exist_ok=True)
    marker = messages[0].origin.upper() if messages else "EXERCISE"
    written: list[Path] = []
    if format == "csv":
        from tocsin.formats.tracks_csv import write_tracks

        written.append(folder / f"{marker}-tracks.csv")
        write_tracks(written[0], messages)
    elif format in ("geojson", "czml"):
        from tocsin.formats.czml import czml
        from tocsin.formats.geojson import geojson

        document = geojson(messages) if format == "geojson" else czml(messages)
        written.append(folder / f"{marker}-run.{format}")
        written[0].write_text(json_format.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    else:
        from tocsin.formats.cap import cap_xml
        from tocsin.messages import PublicWarning

        title = read_header(path).scenario.get("title", "")
        earlier: dict[str, list[PublicWarning]] = {}
        for message in messages:
            if isinstance(message, PublicWarning):
                before = earlier.setdefault(message.warning, [])
                written.append(folder / f"{marker}-{message.warning}-r{message.revision:03d}-{message.state}.xml")
                written[-1].write_bytes(cap_xml(message, earlier=before, exercise_name=title))
                before.append(message)
    if json:
        screen.print_json({"files": [str(file) for file in written]})
    else:
        for file in written:
            screen.out().print(str(file), markup=False)
        if not written:
            screen.out().print("no public warning in this run, so no CAP file")
    return 0
