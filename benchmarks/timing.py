"""Timings taken in turn, so that every piece of work meets the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

REPEATS = 7

Work = Callable[[], object]


def medians_s(works: Sequence[tuple[Work, int]], repeats: int | None = None) -> list[float]:
    """Medians of seconds per call of several (work, calls in a row), one after the other in each repeat."""
    timings: list[list[float]] = [[] for _ in works]
    for _ in range(repeats or REPEATS):
        for (work, count), kept in zip(works, timings, strict=True):
            start = time.perf_counter()
            for _ in range(count):
                work()
            kept.append((time.perf_counter() - start) / count)
    return [statistics.median(each) for each in timings]


def row(work: str, peer: str, peer_figure: str, own_figure: str, ratio: str, note: str) -> str:
    """One line of the table; every module of rows returns such."""
    return f"| {work} | {peer} | {peer_figure} | {own_figure} | {ratio} | {note} |"


def not_installed(work: str, peer: str, remedy: str) -> str:
    return row(work, peer, "-", "-", "-", f"not installed: {remedy}")


def time_of(seconds: float) -> str:
    if seconds >= 1.0:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"
