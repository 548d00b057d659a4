"""Whole processes: compile, start, run, help."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import medians_s, row

_SMALL_FLIGHT = (
    "import tocsin, tocsin.flight;"
    "print(tocsin.flight.fly((6.45e6, 0.0, 0.0), (500.0, 900.0, 0.0), beta_kg_m2=2000.0).explanation)"
)


# as a user has it: what Python compiles is kept
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _command() -> str:
    return str(Path(sys.executable).parent / "tocsin")


def _children_s() -> float:
    """Processor time of the processes started so far, s."""
    times = os.times()
    return times.children_user + times.children_system


def cold_row() -> str:
    """All kernels compiled from nothing, once: it takes long and varies little."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**_ENVIRONMENT, "TOCSIN_CACHE_DIR": folder}
        start, busy = time.perf_counter(), _children_s()
        subprocess.run([_command(), "warmup"], env=environment, capture_output=True, check=True)
        seconds, busy = time.perf_counter() - start, _children_s() - busy
    note = f"once, not a median; {busy:.1f} s of processor time; bar 20 s on two free cores"
    return row("`tocsin warmup` on an empty cache", "none", "-", f"{seconds:.1f} s", "-", note)


def process_row(label: str, command: list[str], bar: str) -> str:
    with tempfile.TemporaryDirectory() as folder:

        def once() -> None:
            subprocess.run(command, cwd=folder, env=_ENVIRONMENT, capture_output=True, check=True)

        once()  # what is not compiled yet is compiled here
        (seconds,) = medians_s([(once, 1)])
    return row(f"{label} as a process, warm", "none", "-", f"{seconds:.2f} s", "-", f"bar {bar}")


def run_row() -> str:
    from tocsin.simulation import simulate

    simulate("one-missile", seed=1)
    with tempfile.TemporaryDirectory() as folder:
        (seconds,) = medians_s([(lambda: simulate("one-missile", seed=1, record=Path(folder) / "record.sqlite"), 1)])
    return row("`one-missile` end to end with its record, warm", "none", "-", f"{seconds:.2f} s", "-", "bar 0.5 s")


def rows() -> list[str]:
    return [
        cold_row(),
        process_row("`import tocsin` and one small flight", [sys.executable, "-c", _SMALL_FLIGHT], "1.2 s"),
        run_row(),
        process_row("`tocsin run one-missile`", [_command(), "run", "one-missile"], "3 s"),
        process_row("`tocsin --help`", [_command(), "--help"], "0.5 s"),
    ]
