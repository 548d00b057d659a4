"""What commands print: progress on stderr, results on stdout, JSON alone where it is asked for."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tocsin.cli.main import EXIT_INTERRUPTED


def exit_status(run_status: str) -> int:
    """Of a command whose run ended so."""
    return EXIT_INTERRUPTED if run_status == "interrupted" else 0


def plain(text: str) -> str:
    """Text from outside as a terminal may show it: no escape sequences, no control or direction characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class _Out(Console):
    def on_broken_pipe(self) -> None:
        """Whoever read us has enough: no failure, as ``main`` has it (rich would exit with 1)."""
        raise BrokenPipeError


def out() -> Console:
    """The console for results; never narrower than a clock needs when it is not a terminal."""
    console = _Out(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = _Out(file=sys.stdout, highlight=False, width=120)
    return console


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress(label: str) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, shown only on a terminal; yields a function of the fraction done."""
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda fraction: bar.update(task, completed=fraction)


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) asks the run to end between two messages; a second one is immediate.

    So an interrupted run still has a sealed record, a summary and a report.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        sys.stderr.write("stopping after this message; once more to stop at once\n")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
