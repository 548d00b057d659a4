"""Flights to the ground: scipy, and the limit that C sets."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import c_limit
from benchmarks.flight_cases import (
    BETA_KG_M2,
    CALM,
    LIMIT_S,
    compiled_slope,
    ensemble,
    numpy_slope,
    one_flight,
    scipy_fall,
    tight_impact,
)
from benchmarks.timing import medians_s, row, time_of

BATCH = 1024
CHECKED = 32  # flights of the batch whose impact is held against the tight reference
PEER_FLIGHTS = 16  # flights of the batch that scipy does in one repeat

Batch = Callable[..., Any]  # (states, beta_kg_m2, air, limit_s)


def _cm(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other)) * 100.0


def single_rows() -> list[str]:
    """One flight from burn-out: scipy with two right-hand sides, and the project's two adaptive methods."""
    from tocsin.kernels.fall import TOLERANCE_M, fall_batch
    from tocsin.kernels.integrate import integrate_many
    from tocsin.kernels.tableaus import DOP853

    position, velocity = one_flight()
    start = np.concatenate((position, velocity))
    states, betas, airs = start[None], np.array([BETA_KG_M2]), CALM[None].copy()
    compiled, plain = compiled_slope(BETA_KG_M2, CALM), numpy_slope(BETA_KG_M2)

    def tsit5() -> np.ndarray:
        return fall_batch(states, betas, airs, LIMIT_S)[1][0]

    def dop853() -> np.ndarray:
        method = np.int64(DOP853)
        return integrate_many(states, betas, airs, None, None, None, method, 0.0, TOLERANCE_M, 0.0, LIMIT_S)[1][0]

    exact = tight_impact(start, BETA_KG_M2, CALM)
    peer_cm = _cm(scipy_fall(compiled, start)[:3], exact)
    plain_cm = _cm(scipy_fall(plain, start)[:3], exact)
    own_cm = {"Tsit5": _cm(tsit5(), exact), "DOP853": _cm(dop853(), exact)}
    with_compiled, with_plain, tsit5_s, dop853_s = medians_s(
        [(lambda: scipy_fall(compiled, start), 2), (lambda: scipy_fall(plain, start), 1), (tsit5, 100), (dop853, 100)]
    )
    rows = []
    for peer, peer_s, error_cm, note in (
        ("its right-hand side compiled (the project's own)", with_compiled, peer_cm, "compares integrators"),
        ("its right-hand side in numpy", with_plain, plain_cm, "compares what users of each would run"),
    ):
        for name, own_s in (("Tsit5", tsit5_s), ("DOP853", dop853_s)):
            rows.append(
                row(
                    f"one flight to the ground from burn-out, 1500 km, {name}",
                    f"scipy DOP853, rtol 1e-8, {peer}",
                    time_of(peer_s),
                    time_of(own_s),
                    f"{peer_s / own_s:.0f}x",
                    f"{note}; error at impact {error_cm:.1f} cm and {own_cm[name]:.1f} cm; bar 50x at 10 cm",
                )
            )
    return rows


def _threaded(pool: ThreadPoolExecutor, threads: int, batch: Batch, columns: tuple[np.ndarray, ...]) -> list[Any]:
    """The batch in equal parts, one to a thread."""
    parts = [np.array_split(column, threads) for column in columns]
    return [each.result() for each in [pool.submit(batch, *part, LIMIT_S) for part in zip(*parts, strict=True)]]


def batch_rows() -> list[str]:
    """Many flights on all cores: adaptive and lanes against scipy per core-second, and lanes against C."""
    from tocsin.kernels.fall import fall_batch
    from tocsin.kernels.lanes import fall_lanes

    threads = os.cpu_count() or 1
    columns = ensemble(BATCH)
    states, betas, airs = columns
    exact = np.array([tight_impact(states[i], betas[i], airs[i]) for i in range(CHECKED)])

    def error(impacts: np.ndarray) -> str:
        apart_cm = 100.0 * np.linalg.norm(impacts[:CHECKED] - exact, axis=1)
        return f"{np.median(apart_cm):.1f} cm, worst {apart_cm.max():.1f} cm"

    def peer() -> list[np.ndarray]:
        return [scipy_fall(compiled_slope(betas[i], airs[i]), states[i])[:3] for i in range(PEER_FLIGHTS)]

    peer_cm = 100.0 * np.linalg.norm(np.array(peer()) - exact[:PEER_FLIGHTS], axis=1)
    peer_error = f"{np.median(peer_cm):.1f} cm, worst {peer_cm.max():.1f} cm"
    own_error = {"adaptive": error(fall_batch(*columns, LIMIT_S)[1]), "lanes": error(fall_lanes(*columns, LIMIT_S)[1])}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(threads) as pool:

        def on_all_cores(batch: Batch) -> Callable[[], object]:
            return lambda: _threaded(pool, threads, batch, columns)

        works = [(peer, 1), (on_all_cores(fall_batch), 1), (on_all_cores(fall_lanes), 5)]
        if c_limit.compiler():
            limit = c_limit.compiled(Path(folder))
            limit_error = error(limit(*columns, LIMIT_S)[0])
            works.append((on_all_cores(limit), 5))
        peer_s, *own_s = medians_s(works)
    each_s = peer_s / PEER_FLIGHTS
    rows = []
    for name, seconds, bar in (("adaptive", own_s[0], "50x"), ("lanes", own_s[1], "100x")):
        rows.append(
            row(
                f"{BATCH} flights to the ground, {threads} threads, {name}",
                "scipy DOP853, rtol 1e-8, the same compiled right-hand side, one core",
                f"{1.0 / each_s:.0f} /s a core",
                f"{BATCH / seconds:.0f} /s, {BATCH / seconds / threads:.0f} /s a core",
                f"{each_s * BATCH / (seconds * threads):.0f}x",
                f"ratio per core-second; error at impact: scipy {peer_error}; own {own_error[name]}; "
                f"bar {bar} at 10 cm",
            )
        )
    work = f"{BATCH} flights to the ground, {threads} threads, lanes"
    if len(own_s) < 3:
        rows.append(row(work, "C, structure of arrays", "-", "-", "-", "no C compiler here: apt install gcc"))
        return rows
    rows.append(
        row(
            work,
            "C: the same scheme, structure of arrays",
            f"{BATCH / own_s[2]:.0f} /s",
            f"{BATCH / own_s[1]:.0f} /s",
            f"{own_s[2] / own_s[1] * 100.0:.0f} % of C",
            f"compares compilers, fast-math allowed to C only; C's error {limit_error}; {c_limit.described()}; "
            f"bar 60 %",
        )
    )
    return rows


def rows() -> list[str]:
    return single_rows() + batch_rows()
