"""The ``tocsin`` command: one module per command, loaded only when it is called."""

from __future__ import annotations

import sys
from typing import Any

import cyclopts

from tocsin import __version__
from tocsin.cli.demo import demo
from tocsin.cli.export import export
from tocsin.cli.replay import replay
from tocsin.cli.report import report
from tocsin.cli.run import run
from tocsin.cli.scenarios import scenarios
from tocsin.cli.score import score
from tocsin.cli.screen import EXIT_INTERRUPTED
from tocsin.cli.track import track
from tocsin.cli.verify import verify
from tocsin.cli.warmup import warmup
from tocsin.errors import TocsinError

EXIT_BAD_INPUT = 2

app = cyclopts.App(
    name="tocsin",
    version=__version__,
    help="Simulator and warning pipeline for ballistic-missile defence: how many seconds are left for people, "
    "and who gets them. It commands no weapon and cannot emit a real alert; all parameters are notional.",
)
for command in (demo, run, track, replay, verify, score, report, export, scenarios, warmup):
    app.command(command)


def main(arguments: list[str] | None = None) -> Any:
    """Entry point; exit status 0 well, 1 a check failed, 2 bad input, 130 interrupted."""
    try:
        status = app(arguments, result_action="return_value")
    except TocsinError as error:
        print(f"tocsin: {error}", file=sys.stderr)  # noqa: T201  the one place that prints an error
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(status or 0)


if __name__ == "__main__":
    main()
