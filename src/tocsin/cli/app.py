"""The commands: one module each, whose heavy imports wait until it is called."""

from __future__ import annotations

import cyclopts

from tocsin import __version__
from tocsin.cli.coverage import coverage
from tocsin.cli.demo import demo
from tocsin.cli.export import export
from tocsin.cli.fly import fly
from tocsin.cli.replay import replay
from tocsin.cli.report import report
from tocsin.cli.run import run
from tocsin.cli.scenarios import scenarios
from tocsin.cli.score import score
from tocsin.cli.track import track
from tocsin.cli.verify import verify
from tocsin.cli.warmup import warmup

app = cyclopts.App(
    name="tocsin",
    version=__version__,
    help="Simulator and warning pipeline for ballistic-missile defence: how many seconds are left for people, "
    "and who gets them. It commands no weapon and cannot emit a real alert; all parameters are notional.",
    suppress_keyboard_interrupt=False,  # ``main`` says that it was one
)
for command in (demo, run, track, fly, coverage, replay, verify, score, report, export, scenarios, warmup):
    app.command(command)
