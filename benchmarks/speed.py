"""``make bench``: peers and project interleaved in one process. ``--only NAME`` for one group, ``--repeats N``.

Each row says what it does and does not compare; the bars stand in the design's speed page. A group is a module with
``rows()``, a list of lines of the table (`timing.row`). All groups together write ``benchmarks/results.md``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import sys
from pathlib import Path

from benchmarks import timing

RESULTS = Path(__file__).with_name("results.md")
GROUPS = {
    "flights": "benchmarks.flight_rows",
    "peers": "benchmarks.peer_rows",
    "stonesoup": "benchmarks.stonesoup_rows",
    "load": "benchmarks.load_rows",
    "sky": "benchmarks.sky_load",
    "processes": "benchmarks.process_rows",
}


def _processor() -> str:
    """What the machine calls its processor: Linux says it here, elsewhere `platform` has to do."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    wide = any(line.startswith("flags") and " avx512f" in line for line in lines)
    return (models[0] if models else platform.processor() or platform.machine()) + (", AVX-512" if wide else "")


def _heading() -> list[str]:
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores of {_processor()}{load}"
    return [
        "# Speed",
        "",
        f"Written by `make bench`: median of {timing.REPEATS}, peers and project in turn; {machine}.",
        "Ratios are taken within one process; absolute figures move with the machine.",
        "",
        "| work | peer | peer's figure | tocsin | ratio | note |",
        "|---|---|---|---|---|---|",
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(GROUPS), help="one group; leaves results.md as it is")
    parser.add_argument("--repeats", type=int, default=timing.REPEATS, help="timings behind each median")
    chosen = parser.parse_args(arguments)
    timing.REPEATS = chosen.repeats
    rows = []
    for name, module in GROUPS.items():
        if chosen.only in (None, name) and importlib.util.find_spec(module):
            sys.stderr.write(f"{name} ...\n")
            sys.stderr.flush()
            rows += importlib.import_module(module).rows()
    text = "\n".join([*_heading(), *rows, ""])
    if chosen.only is None:
        RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
