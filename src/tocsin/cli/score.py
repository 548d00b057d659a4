"""``tocsin score``: truth and output joined afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tocsin.cli.run import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.messages import Message
    from tocsin.record import Header
    from tocsin.scoring import PointError, TrackingScore, TrackingSeries
    from tocsin.world import WorldTruth

ScoreFormat = Literal["json", "csv", "png", "svg", "none"]
CUTOFF_LEAST_KM, CUTOFF_USUAL_KM, CUTOFF_MOST_KM = 0.001, 5.0, 10_000.0
STEP_LEAST_S, STEP_MOST_S = 0.1, 60.0
SCORES, ROWS, BINS, POINTS, PICTURE = "scores.json", "scores.csv", "scores_bins.csv", "scores_points.csv", "scores"


def score(
    run: Path,
    *,
    truth: Annotated[Path | None, Parameter(help="truth table of what `tocsin track` was given; default the run's")] = (
        None
    ),
    cutoff_km: Annotated[float, Parameter(help="farther off than this a track is not of an object")] = CUTOFF_USUAL_KM,
    step_s: Annotated[float, Parameter(help="from one judging of the whole picture to the next")] = 1.0,
    kinds: Annotated[
        tuple[str, ...],
        Parameter(consume_multiple=True, negative="", help="kinds of object that count, as in truth.csv; default all"),
    ] = (),
    out: Annotated[Path | None, Parameter(help="folder to write into; default the run's own")] = None,
    format: Annotated[
        tuple[ScoreFormat, ...],
        Parameter(name="--format", consume_multiple=True, negative="", help="json, csv, png, svg; none: print alone"),
    ] = ("json", "csv", "png"),
    json: Json = False,
) -> int:
    """Score a run, or tracks of recorded reports, against the truth kept apart from it."""
    import msgspec

    from tocsin.cli import screen
    from tocsin.cli.folder import TRUTH, TRUTH_ROWS, record_in
    from tocsin.cli.score_shown import print_score
    from tocsin.errors import InputError
    from tocsin.formats.picture import MARKINGS
    from tocsin.record import read_header, read_messages
    from tocsin.scoring import point_errors, read_truth
    from tocsin.scoring import score as score_messages

    for option, value, low, high, unit in (
        ("--cutoff-km", cutoff_km, CUTOFF_LEAST_KM, CUTOFF_MOST_KM, "km"),
        ("--step-s", step_s, STEP_LEAST_S, STEP_MOST_S, "s"),
    ):
        if not low <= value <= high:
            raise InputError(
                f"must lie within {low:g} to {high:g} {unit}", where=option, value=value, remedy="leave it out"
            )
    path = record_in(run)
    world_path, rows_path = path.parent / TRUTH, truth or path.parent / TRUTH_ROWS
    if truth is None and not world_path.is_file():
        raise InputError(
            "no truth beside this record", where=str(world_path),
            remedy="only a simulated run can be scored: run it again with `tocsin run`, or give --truth FILE",
        )  # fmt: skip
    messages, header = read_messages(path), read_header(path)
    result: dict[str, Any] = {}
    points: tuple[PointError, ...] = ()
    if truth is None:
        world = _world(world_path)
        result = msgspec.to_builtins(score_messages(messages, world))
        points = point_errors(messages, world)
    tracking, series = _tracking(messages, read_truth(rows_path), rows_path, cutoff_km, step_s, kinds)
    result["tracking"] = msgspec.to_builtins(tracking)
    marking = MARKINGS[header.origin]
    forms = () if "none" in format else tuple(dict.fromkeys(format))
    files = _write(out or path.parent, forms, result, (tracking, series, points), header, marking, truth)
    if json:
        screen.print_json(result)
    else:
        print_score(screen.out(), result, tracking, marking=marking, title=header.name)
        for file in files:
            screen.out().print(f"{file.suffix[1:]:8}{file}", markup=False, soft_wrap=True)
    return 0


def _world(path: Path) -> WorldTruth:
    import msgspec

    from tocsin.errors import InputError
    from tocsin.world import WorldTruth

    try:
        return msgspec.json.decode(path.read_bytes(), type=WorldTruth)
    except msgspec.MsgspecError as error:
        raise InputError(f"cannot be read: {error}", where=str(path), remedy="run it again") from None


def _tracking(
    messages: Sequence[Message], truth: Sequence[Any], where: Path, cutoff_km: float, step_s: float,
    kinds: tuple[str, ...],
) -> tuple[TrackingScore, TrackingSeries]:  # fmt: skip
    from tocsin.errors import InputError
    from tocsin.messages import Scan
    from tocsin.scoring import score_tracking, span_ns, track_paths
    from tocsin.units import M_PER_KM

    known = sorted({each.kind for each in truth})
    for kind in kinds:
        if kind not in known:
            raise InputError(
                "no object of this kind flew", where="--kinds", value=kind,
                remedy=f"{where.name} has {', '.join(known) or 'none'}",
            )  # fmt: skip
    from_ns, to_ns = span_ns(truth, [m.end_ns for m in messages if isinstance(m, Scan)])
    return score_tracking(
        track_paths(messages), truth, from_ns=from_ns, to_ns=to_ns, cutoff_m=cutoff_km * M_PER_KM, step_s=step_s,
        kinds=kinds,
    )  # fmt: skip


def _write(
    folder: Path, forms: tuple[str, ...], result: dict[str, Any],
    scored: tuple[TrackingScore, TrackingSeries, tuple[PointError, ...]], header: Header, marking: str,
    truth: Path | None,
) -> list[Path]:  # fmt: skip
    import json

    from tocsin.cli.folder import replace_text
    from tocsin.formats.scores_csv import BIN_COLUMNS, POINT_COLUMNS, SCORE_COLUMNS, write_rows
    from tocsin.scoring import series_rows, struct_rows

    tracking, series, points = scored
    files: list[Path] = []
    if forms:
        folder.mkdir(parents=True, exist_ok=True)
    for form in forms:
        if form == "json":
            content = {"marking": marking, "scenario": header.name, "seed": header.seed, **result}
            files.append(folder / SCORES)
            replace_text(files[-1], json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        elif form == "csv":
            files += [folder / ROWS, folder / BINS]
            write_rows(folder / ROWS, SCORE_COLUMNS, series_rows(series), marking)
            write_rows(folder / BINS, BIN_COLUMNS, struct_rows(tracking.bins), marking)
            if points:
                files.append(folder / POINTS)
                write_rows(files[-1], POINT_COLUMNS, struct_rows(points), marking)
        else:
            from tocsin.report.score_plot import write_score_plot

            files.append(folder / f"{PICTURE}.{form}")
            seeded = "" if header.seed is None else f", seed {header.seed}"
            told = f"Truth: {truth.name}" if truth else "Simulated truth, not a measurement"
            source = f"{told}. tocsin score; {header.name}{seeded}, tocsin {header.versions.get('tocsin', 'unknown')}"
            title = str(header.scenario.get("title") or header.name)
            write_score_plot(files[-1], tracking, series, points, marking=marking, title=title, source=source)
    return files
