"""``make bench``: what the skeleton costs, peers and project interleaved in one process.

Each row says what it does and does not compare. Later issues add their rows; the bar stands in the
design's speed page. Results go to ``benchmarks/results.md``.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

REPEATS = 7
RESULTS = Path(__file__).with_name("results.md")


def median_s(work: Callable[[], object], count: int = 1) -> float:
    """Median of REPEATS timings of ``count`` calls, per call."""
    timings = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(count):
            work()
        timings.append((time.perf_counter() - start) / count)
    return statistics.median(timings)


def interleaved_s(first: Callable[[], object], second: Callable[[], object], counts: tuple[int, int]) -> list[float]:
    """Medians per call of two pieces of work, taken in turn so that both meet the same machine."""
    timings: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for work, count, kept in zip((first, second), counts, timings, strict=True):
            start = time.perf_counter()
            for _ in range(count):
                work()
            kept.append((time.perf_counter() - start) / count)
    return [statistics.median(each) for each in timings]


def fall_row() -> str:
    from scipy.integrate import solve_ivp

    from tocsin.kernels.fall import fall_to_ground
    from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
    from tocsin.kernels.motion import acceleration

    air, beta = np.zeros(4), 4000.0
    position = np.array(ecef_from_geodetic(0.6, 0.8, 80_000.0))
    east, north, up = enu_axes(0.6, 0.8)
    velocity = -2200.0 * east + 700.0 * north + 2100.0 * up

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate((y[3:], acceleration(y[:3].copy(), y[3:].copy(), beta, air)))

    from tocsin.kernels.geodesy import geodetic_from_ecef

    def ground(t: float, y: np.ndarray) -> float:
        return float(geodetic_from_ecef(y[0], y[1], y[2])[2])

    ground.terminal, ground.direction = True, -1.0  # type: ignore[attr-defined]
    start = np.concatenate((position, velocity))

    def peer() -> np.ndarray:
        return solve_ivp(slope, (0, 2000), start, method="DOP853", rtol=1e-8, atol=1e-6, events=ground).y_events[0][0]

    def own() -> np.ndarray:
        return fall_to_ground(position, velocity, beta, air, 2000.0)[1]

    apart_m = float(np.linalg.norm(peer()[:3] - own()))
    slow, fast = interleaved_s(peer, own, (3, 300))
    return (
        f"| one flight to the ground from burn-out | scipy DOP853, rtol 1e-8, the same compiled right-hand side "
        f"| {slow * 1e3:.2f} ms | {fast * 1e6:.0f} us | {slow / fast:.0f}x | {apart_m * 100:.1f} cm apart |"
    )


def run_row() -> str:
    from tocsin.simulation import simulate

    simulate("one-missile", seed=1)
    with tempfile.TemporaryDirectory() as folder:
        seconds = median_s(lambda: simulate("one-missile", seed=1, record=Path(folder) / "record.sqlite"))
    return f"| `one-missile` end to end with its record, warm | none | - | {seconds:.2f} s | - | design bar 0.5 s |"


def process_row(label: str, arguments: list[str], bar: str) -> str:
    command = [str(Path(sys.executable).parent / "tocsin"), *arguments]
    with tempfile.TemporaryDirectory() as folder:
        seconds = median_s(lambda: subprocess.run(command, cwd=folder, capture_output=True, check=True))
    return f"| `{label}` as a process, warm | none | - | {seconds:.2f} s | - | bar: {bar} |"


def main() -> None:
    rows = [
        fall_row(),
        run_row(),
        process_row("tocsin run one-missile", ["run", "one-missile"], "3 s"),
        process_row("tocsin --help", ["--help"], "0.5 s"),
    ]
    text = "\n".join(
        [
            "# Speed",
            "",
            f"Written by `make bench`: median of {REPEATS}, Python {platform.python_version()}, {platform.machine()}.",
            "Ratios are taken within one process; absolute figures move with the machine.",
            "",
            "| work | peer | peer's figure | tocsin | ratio | note |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
    RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
