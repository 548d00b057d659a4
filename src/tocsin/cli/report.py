"""``tocsin report``: write a run's summary and report again from its record."""

from __future__ import annotations

import shlex
from pathlib import Path

from tocsin.cli.run import Json


def report(run: Path, *, json: Json = False) -> int:
    """Write report.html and summary.json again from a run's record."""
    from tocsin.cli import screen
    from tocsin.cli.folder import REPORT, record_in, write_summary
    from tocsin.record import read_header, read_messages, verify
    from tocsin.report import write_report
    from tocsin.scenario import scenario_from
    from tocsin.simulation import Run

    path = record_in(run)
    header, verdict = read_header(path), verify(path)
    scenario = scenario_from(header.scenario, where=f"{path}: header")
    result = Run(
        scenario=scenario, seed=header.seed, run_index=header.run_index, overrides=header.overrides,
        messages=read_messages(path), digest=verdict.digest, status=verdict.status,
        version=header.versions.get("tocsin", "unknown"),
    )  # fmt: skip
    words = ["tocsin", "run" if header.kind == "simulation" else "track", header.name]
    words += ["--seed", str(header.seed)] if header.seed is not None else []
    words += [word for pair in header.overrides for word in ("--set", pair)]
    summary = write_summary(result, path.parent)
    write_report(
        path.parent / REPORT, result.messages, scenario=scenario, seed=result.seed, version=result.version,
        digest=result.digest, command=shlex.join(words),
    )  # fmt: skip
    if json:
        screen.print_json(summary)
    else:
        screen.out().print(f"report  {path.parent / REPORT}", markup=False)
        if not verdict.is_intact:
            screen.out().print(f"NOT INTACT: {verdict.problem}", markup=False)
    return 0 if verdict.is_intact else 1
