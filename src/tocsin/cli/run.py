"""``tocsin run``: play a scenario."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Out = Annotated[Path | None, Parameter(help="folder to write into; default below runs/")]
Set = Annotated[
    tuple[str, ...], Parameter(name="--set", help="key=value, such as sensors.radar.enabled=false; repeatable")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print the result as JSON alone")]


def run(
    scenario: str,
    *,
    seed: int = 0,
    out: Out = None,
    set_: Set = (),
    json: Json = False,
) -> int:
    """Play a scenario (a packaged name or a TOML file) and write its run folder."""
    from tocsin.cli.folder import default_folder

    folder = out or default_folder(scenario, seed, set_)
    return play(scenario, seed, set_, folder, json)


def play(scenario: str, seed: int, overrides: tuple[str, ...], folder: Path, is_json: bool) -> int:
    """Load, simulate, write the folder, print the clock; returns the exit status."""
    from tocsin.cli import screen
    from tocsin.cli.clock import print_run
    from tocsin.cli.folder import RECORD, write_folder
    from tocsin.cli.kernels import ensure_compiled
    from tocsin.scenario import load_scenario

    loaded = load_scenario(scenario, overrides=overrides)
    folder.mkdir(parents=True, exist_ok=True)
    with screen.stop_on_interrupt() as should_stop:
        ensure_compiled(should_stop=should_stop)
        from tocsin.simulation import simulate

        with screen.progress(f"playing {screen.plain(loaded.name)}") as on_progress:
            result = simulate(
                loaded, seed=seed, overrides=overrides, record=folder / RECORD, on_progress=on_progress,
                should_stop=should_stop,
            )  # fmt: skip
    words = ["tocsin", "run", scenario, "--seed", str(seed)]
    command = shlex.join(words + [word for pair in overrides for word in ("--set", pair)])
    summary = write_folder(result, folder, command)
    if is_json:
        screen.print_json(summary)
    else:
        print_run(screen.out(), result, folder)
    return screen.exit_status(result.status)
