"""Two cores for one scan: a kernel over many rows runs over pieces of them, two at a time.

Kernels hold no lock of Python's, and rows do not depend on each other: the bytes are those of one run over all.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from tocsin.kernels.track_bank import picture_slots
from tocsin.kernels.track_gate import gate
from tocsin.kernels.track_scan import TENTATIVE, lone, start_tracks, use_plots
from tocsin.kernels.track_settle import reckon
from tocsin.messages import Column

LEAST_ROWS = 1_000  # below, waking the second thread (43 us measured) takes much of what it saves
_LAST_ROWS = 60
Part = TypeVar("Part")
_pools: list[ThreadPoolExecutor] = []  # of this process, made when first needed
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # a fork has none of its parent's threads


def in_pieces(part: Callable[[slice], Part], cuts: Sequence[int]) -> list[Part]:
    """``part`` of the rows between each cut and the next, by two threads: each takes the next piece once it is free."""
    out: dict[int, Part] = {}
    left = deque(enumerate(map(slice, cuts, cuts[1:])))

    def work() -> None:
        while left:
            try:
                i, of = left.popleft()
            except IndexError:  # the other was faster
                return
            out[i] = part(of)

    if not _pools:
        _pools.append(ThreadPoolExecutor(1, thread_name_prefix="tocsin-rows"))
    second = _pools[0].submit(work)
    try:
        work()
    finally:
        left.clear()
        second.exception()  # waits: nothing may still be writing when an interrupt leaves here
    second.result()
    return [out[i] for i in range(len(cuts) - 1)]


def shrinking(count: int) -> list[int]:
    """Cuts that leave pieces of a quarter of what is left, and small ones at the end: neither thread waits for long."""
    cuts = [0]
    while cuts[-1] < count:
        cuts.append(min(cuts[-1] + max((count - cuts[-1]) // 4, _LAST_ROWS), count))
    return cuts


def by_rows(part: Callable[[slice], None], count: int) -> None:
    """``part`` of all rows, by both threads where there are many."""
    if count < LEAST_ROWS:
        part(slice(0, count))
        return
    in_pieces(part, shrinking(count))


def picture_rows(
    x: Column, cov: Column, mu: Column, slope: Column, t_ns: Column, slots: Column, to_ns: Column,
    own_prob: float, par: Column, bias_cov: Column, *out: Column,
) -> None:  # fmt: skip
    """``track_bank.picture_slots``; the first three of ``out`` are banks, or rooms of one row."""
    given = own_prob, par, bias_cov
    if slots.shape[0] < LEAST_ROWS:
        picture_slots(x, cov, mu, slope, t_ns, slots, to_ns, *given, *out)
        return
    is_kept = out[0].shape[0] >= slots.shape[0]
    in_pieces(
        lambda of: picture_slots(
            x, cov, mu, slope, t_ns, slots[of], to_ns[of] if to_ns.size > 1 else to_ns, *given,
            *[each[of] if is_kept else each.copy() for each in out[:3]], *[array[of] for array in out[3:]],
        ),
        shrinking(slots.shape[0]),
    )  # fmt: skip


def gate_rows(x: Column, cov: Column, mu: Column, slope: Column, rows: Column, *rest: object) -> tuple[Column, ...]:
    """``track_gate.gate``; ``wider``, the first of ``rest``, goes by place in ``rows`` and so must be empty."""
    if rows.shape[0] < LEAST_ROWS:
        return gate(x, cov, mu, slope, rows, *rest)
    middle = rows.shape[0] // 2  # no more pieces: each sorts the plots anew
    parts = in_pieces(lambda of: gate(x, cov, mu, slope, rows[of], *rest), (0, middle, rows.shape[0]))
    (start, *first), (then, *second) = parts
    return (
        np.concatenate((start, start[-1] + then[1:])),
        *(np.concatenate(both) for both in zip(first, second, strict=True)),
    )


def use_plot_rows(*given: Any) -> tuple[Column, Column]:
    """``track_scan.use_plots``; its arguments: 12 arrays of the memory, then 7 by row, then the rest."""
    if given[12].shape[0] < LEAST_ROWS:
        return use_plots(*given)
    memory, by_row, rest = given[:12], given[12:19], given[19:]
    cuts = shrinking(by_row[0].shape[0])
    parts = in_pieces(lambda of: use_plots(*memory, *[array[of] for array in by_row], *rest), cuts)
    nis, taught = zip(*parts, strict=True)
    return np.concatenate(nis), np.concatenate(taught)


def lone_rows(*given: Any) -> Column:
    """``track_scan.lone``; its arguments: 8 arrays of the memory, then the rest."""
    memory, rest, status = given[:8], given[8:], given[6]
    asked = (status == TENTATIVE).nonzero()[0]  # free slots, and those of old tracks, are not spread evenly
    if asked.size < LEAST_ROWS:
        return lone(*given)
    middle = int(asked[asked.size // 2])
    parts = in_pieces(lambda of: lone(*[array[of] for array in memory], *rest), (0, middle, status.shape[0]))
    return np.concatenate(parts)


def reckon_rows(*given: Any) -> None:
    """``track_scan.reckon``; its arguments: 11 arrays of the memory, then 8 by row, the lone slots, and the rest."""
    memory, by_row, lone_slots, rest = given[:11], given[11:19], given[19], given[20:]
    if by_row[0].shape[0] < LEAST_ROWS:
        reckon(*given)
        return
    rows, lone_count = by_row[0].shape[0], lone_slots.shape[0]
    in_pieces(
        lambda of: reckon(
            *memory, *[array[of] for array in by_row],
            lone_slots[lone_count * of.start // rows : lone_count * of.stop // rows], *rest,
        ),
        shrinking(rows),
    )  # fmt: skip


def start_rows(*given: Any) -> None:
    """``track_scan.start_tracks``; its arguments: 8 arrays of the memory, then slots and plots, and the rest."""
    memory, by_row, rest = given[:8], given[8:10], given[10:]
    by_rows(lambda of: start_tracks(*memory, *[array[of] for array in by_row], *rest), by_row[0].shape[0])
