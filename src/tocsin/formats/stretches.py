"""Where a track rests on plots and where it was only carried on: no picture may draw the second as the first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.messages import Column, TrackUpdates

GAP_NS = 10_000_000_000
"""A track without a plot for longer was only carried on ..."""
SLOW_RATIO = 2.5  # ... or for longer than this many of its usual intervals, where its sensors look seldom
CURVE_STEP_NS = 5_000_000_000


class State(msgspec.Struct, frozen=True):
    """One published state of a track."""

    t_ns: int
    position_ecef_m: Column  # (3,)
    velocity_ecef_m_s: Column  # (3,)
    is_plot: bool  # it rests on a plot of its own


def state_of(update: TrackUpdates, row: int, last_plot_ns: int | None) -> State:
    """A row of an update; ``last_plot_ns`` is the track's ``last_ns`` in its row before, None in its first."""
    is_plot = update.status[row] != "dropped" and (
        last_plot_ns is None or int(update.nis_dof[row]) > 0 or int(update.last_ns[row]) > last_plot_ns
    )
    return State(int(update.t_ns[row]), update.position_ecef_m[row], update.velocity_ecef_m_s[row], is_plot)


def stretches(states: Sequence[State], spacing_ns: int) -> list[list[State]]:
    """States that rest on plots, in order of time, parted wherever the track was only carried on.

    Within a stretch states closer than ``spacing_ns`` are thinned; its first and last are kept. A track that rests
    on nothing but what it was started from gives one stretch.
    """
    seen = sorted((s for s in states if s.is_plot), key=lambda s: s.t_ns) or list(states[:1])
    steps = np.diff([s.t_ns for s in seen])
    usual_ns = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    gap_ns = max(GAP_NS, SLOW_RATIO * usual_ns)
    parts: list[list[State]] = []
    for number, state in enumerate(seen):
        if number == 0 or steps[number - 1] > gap_ns:
            parts.append([state])
            continue
        part = parts[-1]
        is_end = number + 1 == len(seen) or steps[number] > gap_ns  # which stands, whatever its spacing
        if state.t_ns > part[-1].t_ns and (is_end or state.t_ns - part[-1].t_ns >= spacing_ns):
            part.append(state)
    return parts


def carried(states: Sequence[State], parts: Sequence[Sequence[State]]) -> list[tuple[Column, Column]]:
    """What lies between and after the stretches: curves of times (k,) int64 ns and positions (k, 3), ends included.

    Through the states published without a plot, and by cubic Hermite from state to state, which is exact where
    the acceleration changes evenly.
    """
    curves = []
    rest = sorted((s for s in states if not s.is_plot), key=lambda s: s.t_ns)
    for number, part in enumerate(parts):
        after = parts[number + 1][0] if number + 1 < len(parts) else None
        nodes = [part[-1]]
        for state in rest:
            if state.t_ns > nodes[-1].t_ns and (after is None or state.t_ns < after.t_ns):
                nodes.append(state)
        if after is not None:
            nodes.append(after)
        if len(nodes) > 1:
            curves.append(_curve(nodes))
    return curves


def _curve(nodes: Sequence[State]) -> tuple[Column, Column]:
    times, places = [np.array([nodes[0].t_ns])], [np.array([nodes[0].position_ecef_m])]
    for a, b in itertools.pairwise(nodes):
        count = max(1, -(-(b.t_ns - a.t_ns) // CURVE_STEP_NS))
        u = (np.arange(1, count + 1) / count)[:, None]
        span_s = (b.t_ns - a.t_ns) / 1e9
        places.append(
            (2 * u**3 - 3 * u**2 + 1) * a.position_ecef_m + (u**3 - 2 * u**2 + u) * span_s * a.velocity_ecef_m_s
            + (3 * u**2 - 2 * u**3) * b.position_ecef_m + (u**3 - u**2) * span_s * b.velocity_ecef_m_s
        )  # fmt: skip
        times.append(a.t_ns + np.round(u[:, 0] * (b.t_ns - a.t_ns)).astype(np.int64))
    return np.concatenate(times).astype(np.int64), np.concatenate(places)
