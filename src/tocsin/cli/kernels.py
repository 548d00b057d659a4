"""Compiling the kernels, once per version of their source, with progress shown."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

WARMUP_SCENARIO = "one-missile"
_MARK = "warm"


def ensure_compiled(*, quiet: bool = False, should_stop: Callable[[], bool] = lambda: False) -> float:
    """Compile all kernels if this version of them never was; returns the seconds it took, 0 when warm.

    Raises    KeyboardInterrupt when asked to stop meanwhile; what is compiled by then stays
    """
    from tocsin.kernels.compiled import CACHE_FOLDER

    folder = Path(CACHE_FOLDER)
    mark = folder / _MARK
    if mark.exists() or os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return 0.0
    start = time.perf_counter()
    done = threading.Event()
    watcher = threading.Thread(target=_show, args=(folder, start, done, quiet), daemon=True)
    watcher.start()
    try:
        _run_every_kernel(should_stop)
    finally:
        done.set()
        watcher.join()
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return time.perf_counter() - start


def _run_every_kernel(should_stop: Callable[[], bool]) -> None:
    """A whole small run touches all kernels but those that only readers of tables, or other skies, use."""
    import numpy as np

    from tocsin.kernels.entry import ablating_flight
    from tocsin.kernels.height_finding import ecef_columns, elevations_from_height
    from tocsin.kernels.motion import advance
    from tocsin.simulation import simulate

    simulate(WARMUP_SCENARIO, seed=0, should_stop=should_stop)
    if should_stop():
        raise KeyboardInterrupt
    one = np.array([0.5])
    site_ecef_m = ecef_columns(one, one, one)
    elevations_from_height(one * 1e5, one, one * 1e4, site_ecef_m)
    place, calm = site_ecef_m[0].copy(), np.zeros(4)
    # of meteors and re-entries, which the small run has none of
    ablating_flight(place, place * 0.0, 100.0, 2e-8, calm, 0.02, 3_000.0, 0.01, 0.1)
    advance(place, place * 0.0, 0.0, calm, -10.0, 5.0)


def _show(folder: Path, start: float, done: threading.Event, quiet: bool) -> None:
    is_terminal = sys.stderr.isatty()
    if quiet:
        return
    sys.stderr.write("compiling kernels (first run only)\n")
    shown = -1
    while not done.wait(0.5 if is_terminal else 5.0):
        count = sum(1 for _ in folder.rglob("*.nbi")) if folder.is_dir() else 0
        if is_terminal or count != shown:
            line = f"  {count} kernels compiled, {time.perf_counter() - start:.0f} s"
            sys.stderr.write(f"\r{line}" if is_terminal else f"{line}\n")
            sys.stderr.flush()
        shown = count
    sys.stderr.write(f"{chr(13) if is_terminal else ''}  kernels ready after {time.perf_counter() - start:.0f} s\n")
