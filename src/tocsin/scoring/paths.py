"""Truth and tracks as paths that can be asked for a time: from truth.csv, from a record."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.formats.table import MAX_BYTES
from tocsin.kernels.motion import advance, advance_with_transition
from tocsin.messages import MODES, Column, Message, TrackUpdates
from tocsin.tracking import TRACK_COLUMNS, table_of
from tocsin.units import LATEST_NS, NS_PER_S

STEP_S = 5.0  # s, of the Runge-Kutta steps that carry a track on; 1e-5 m over 60 s, kernels/motion.py
_STILL_AIR = np.zeros(4)
_LEVEL = MODES.index("level")
_STATE = ("x_ecef_m", "y_ecef_m", "z_ecef_m", "vx_ecef_m_s", "vy_ecef_m_s", "vz_ecef_m_s")
_MOST = 1e9  # m and m/s, of any number of a state: past the Moon
NEEDED = ("time_ns", "object", "kind", *_STATE)  # columns of a truth table


class TruthPath(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What flew: k > 1 states, times rising."""

    name: str
    kind: str
    t_ns: Column  # (k,) int64
    position_ecef_m: Column  # (k, 3)
    velocity_ecef_m_s: Column  # (k, 3) earth-relative


class TrackPath(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a tracker said: k states in order of time, each as first published for its time."""

    track: int
    t_ns: Column  # (k,) int64
    position_ecef_m: Column  # (k, 3)
    velocity_ecef_m_s: Column  # (k, 3) earth-relative
    covariance: Column  # (k, 6, 6)
    is_level: Column  # (k,) bool, level flight is more likely than the rest together
    beta_kg_m2: Column  # (k,) ballistic coefficient
    nis: Column  # (k,)
    nis_dof: Column  # (k,) int64; 0: this state rests on no plot of its own
    is_held: Column  # (k,) bool, confirmed from here on; false once dropped


def read_truth(path: str | Path) -> tuple[TruthPath, ...]:
    """Paths of a truth table (truth.csv of a run, or any CSV with its columns `NEEDED`), in order of first mention.

    What has a single row, or no velocity, is no path and is left out: a piece of debris, told where it landed.
    Raises InputError naming the file, the line, the value.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no truth table here", where=str(path), remedy="give truth.csv of a run, or --truth FILE")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"file has {path.stat().st_size} bytes; at most {MAX_BYTES}", where=str(path), remedy="leave objects out"
        )
    found: dict[str, tuple[str, list[int], list[list[float]]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = list(rows.fieldnames or ())
            lacking = [name for name in NEEDED if names.count(name) != 1]
            if lacking:
                raise InputError(
                    f"a truth table lacks {', '.join(lacking)}, or has it twice",
                    where=str(path),
                    remedy="see truth.csv in formats.md",
                )
            for row in rows:
                if row["vx_ecef_m_s"] == "":
                    continue  # a piece of debris, told where it landed
                if row["object"] is None or row["kind"] is None:
                    raise InputError(
                        "fewer cells than the first line has", where=f"{path}: line {rows.line_num}",
                        remedy="give each row its object and kind",
                    )  # fmt: skip
                _, times, states = found.setdefault(row["object"], (row["kind"], [], []))
                times.append(_time_ns(row["time_ns"], path, rows.line_num))
                states.append([_number(row[name], name, path, rows.line_num) for name in _STATE])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"not a CSV table: {error}", where=str(path), remedy="save it as CSV in UTF-8") from None
    return tuple(
        truth_path(name, kind, np.array(times, dtype=np.int64), np.array(states))
        for name, (kind, times, states) in found.items()
        if len(set(times)) > 1
    )


def truth_path(name: str, kind: str, t_ns: Column, states_ecef: Column) -> TruthPath:
    """From (k,) times and (k, 6) position, m, and velocity, m/s, in any order; a time told twice counts once."""
    order = np.unique(t_ns, return_index=True)[1]
    return TruthPath(
        name=name, kind=kind, t_ns=t_ns[order],
        position_ecef_m=states_ecef[order, :3], velocity_ecef_m_s=states_ecef[order, 3:],
    )  # fmt: skip


def track_paths(tracks: Iterable[Message] | Mapping[str, Column]) -> tuple[TrackPath, ...]:
    """Paths of all tracks that were ever confirmed, by number: every state published, at the time it is valid.

    From the messages of a record, or from a table of tracks as ``tracking.track_scans`` gives it, in order as told.
    """
    table = tracks if isinstance(tracks, Mapping) else table_of(m for m in tracks if isinstance(m, TrackUpdates))
    lacking = [name for name in TRACK_COLUMNS if name not in table]
    if lacking:
        raise InputError(
            f"a table of tracks lacks {', '.join(lacking)}", value=sorted(table),
            remedy="give what tracking.track_scans returned",
        )  # fmt: skip
    ever = np.unique(table["track"][table["status"] == "confirmed"])
    order = np.argsort(table["track"], kind="stable")
    first, end = (np.searchsorted(table["track"][order], ever, side=side) for side in ("left", "right"))
    return tuple(_track(table, order[i:j]) for i, j in zip(first.tolist(), end.tolist(), strict=True))


def _track(table: Mapping[str, Column], told: Column) -> TrackPath:
    """States by the time they are valid at; of equal times, and of confirmation and end, as handled.

    Scans arrive late: a track can be dropped by a message whose state is older than its latest.
    """
    since_ns = table["time_ns"][told][table["status"][told] == "confirmed"][0]
    rows = told[np.lexsort((table["time_ns"][told], table["status"][told] == "dropped"))]
    t_ns = np.maximum.accumulate(table["time_ns"][rows])
    return TrackPath(
        track=int(table["track"][rows[0]]),
        t_ns=t_ns,
        position_ecef_m=table["position_ecef_m"][rows],
        velocity_ecef_m_s=table["velocity_ecef_m_s"][rows],
        covariance=table["covariance"][rows],
        is_level=table["mode_prob"][rows, _LEVEL] > 0.5,
        beta_kg_m2=np.exp(table["log_beta"][rows]),
        nis=table["nis"][rows],
        nis_dof=table["nis_dof"][rows],
        is_held=(t_ns >= since_ns) & (table["status"][rows] != "dropped"),
    )


def tracks_at(tracks: Mapping[str, Column], times_ns: Iterable[int]) -> dict[str, Column]:
    """A table of tracks at times of your own: a row for each time and confirmed track that was held then.

    States as of ``track_at``; the covariance is carried on with them, without noise for the way. For what looks at
    set times only, such as metrics that count a track as missing where it has no state.

    Out       time_ns, track, status ("confirmed"), position_ecef_m, velocity_ecef_m_s, covariance
    """
    times = np.unique(np.array(list(times_ns), dtype=np.int64))
    parts: list[tuple[Column, ...]] = []
    for path in track_paths(tracks):
        position, velocity = track_at(path, times)
        rows = np.flatnonzero(np.isfinite(position[:, 0]))
        at = np.searchsorted(path.t_ns, times[rows], side="right") - 1
        after_s = (times[rows] - path.t_ns[at]) / NS_PER_S
        covariance = [_carried(path, i, s) for i, s in zip(at.tolist(), after_s.tolist(), strict=True)]
        parts.append((
            times[rows], np.full(len(rows), path.track), position[rows], velocity[rows],
            np.array(covariance).reshape(-1, 6, 6),
        ))  # fmt: skip
    empty = (times[:0], times[:0], np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 6, 6)))
    names = ("time_ns", "track", "position_ecef_m", "velocity_ecef_m_s", "covariance")
    whole = {name: np.concatenate(column) for name, *column in zip(names, empty, *parts, strict=True)}
    order = np.lexsort((whole["track"], whole["time_ns"]))
    return {name: values[order] for name, values in whole.items()} | {"status": np.full(len(order), "confirmed")}


def _carried(path: TrackPath, at: int, dt_s: float) -> Column:
    """(6, 6) covariance of a state dt_s later."""
    if dt_s == 0.0:
        return path.covariance[at]
    phi = np.eye(6)
    if path.is_level[at]:
        phi[:3, 3:] = dt_s * np.eye(3)
    else:
        place, speed = path.position_ecef_m[at].copy(), path.velocity_ecef_m_s[at].copy()
        phi = advance_with_transition(place, speed, float(path.beta_kg_m2[at]), _STILL_AIR, dt_s, STEP_S)[2]
    carried: Column = phi @ path.covariance[at] @ phi.T
    return carried


def truth_at(path: TruthPath, times_ns: Column) -> tuple[Column, Column]:
    """Position and velocity, (k, 3) each, ECEF, at (k,) times; nan before the first row and after the last.

    Cubic Hermite between rows. Accuracy, by its error term h^4/384 of the fourth derivative: under 1 mm on an orbit
    told every 10 s; across the end of a burn (50 m/s2 within a row of 1 s) up to 8 m and 13 m/s
    """
    last = len(path.t_ns) - 1
    left = np.clip(np.searchsorted(path.t_ns, times_ns, side="right") - 1, 0, last - 1)
    h = (path.t_ns[left + 1] - path.t_ns[left])[:, None] / NS_PER_S
    u = ((times_ns - path.t_ns[left])[:, None] / NS_PER_S) / h
    p0, p1 = path.position_ecef_m[left], path.position_ecef_m[left + 1]
    v0, v1 = path.velocity_ecef_m_s[left] * h, path.velocity_ecef_m_s[left + 1] * h
    position = p0 + u * (v0 + u * ((3.0 * (p1 - p0) - 2.0 * v0 - v1) + u * (2.0 * (p0 - p1) + v0 + v1)))
    velocity = (v0 + u * (2.0 * (3.0 * (p1 - p0) - 2.0 * v0 - v1) + 3.0 * u * (2.0 * (p0 - p1) + v0 + v1))) / h
    is_outside = (times_ns < path.t_ns[0]) | (times_ns > path.t_ns[-1])
    position[is_outside], velocity[is_outside] = np.nan, np.nan
    return position, velocity


def track_at(path: TrackPath, times_ns: Column) -> tuple[Column, Column]:
    """Where a track says its object is, (k, 3) position and velocity, at (k,) times; nan where it is not held.

    The latest state at or before each time, carried on from it: level flight along its great circle, all else by
    gravity and drag in still air (thrust is not published: 30 m/s2 of it are 15 m after a second). Never a state of
    later: what was not known then does not count.
    """
    position, velocity = np.full((len(times_ns), 3), np.nan), np.full((len(times_ns), 3), np.nan)
    for row, at in enumerate((np.searchsorted(path.t_ns, times_ns, side="right") - 1).tolist()):
        if at < 0 or not path.is_held[at]:
            continue
        dt_s = float(times_ns[row] - path.t_ns[at]) / NS_PER_S
        place, speed = path.position_ecef_m[at].copy(), path.velocity_ecef_m_s[at].copy()
        if dt_s > 0.0 and path.is_level[at]:
            place, speed = _along_great_circle(place, speed, dt_s)
        elif dt_s > 0.0:
            place, speed = advance(place, speed, float(path.beta_kg_m2[at]), _STILL_AIR, dt_s, STEP_S)
        position[row], velocity[row] = place, speed
    return position, velocity


def _along_great_circle(position: Column, velocity: Column, dt_s: float) -> tuple[Column, Column]:
    """Turned about the Earth's centre by the way flown, the climb kept."""
    range_m = float(np.linalg.norm(position))
    up = position / range_m
    climb_m_s = float(velocity @ up)
    level = velocity - climb_m_s * up
    speed_m_s = float(np.linalg.norm(level))
    if speed_m_s < 1e-9:
        return position + velocity * dt_s, velocity
    ahead, angle = level / speed_m_s, speed_m_s * dt_s / range_m
    new_up, new_ahead = math.cos(angle) * up + math.sin(angle) * ahead, math.cos(angle) * ahead - math.sin(angle) * up
    return (range_m + climb_m_s * dt_s) * new_up, climb_m_s * new_up + speed_m_s * new_ahead


def _time_ns(text: str | None, path: Path, line: int) -> int:
    try:
        value = int(text or "")
    except ValueError:
        value = -1
    if not 0 <= value <= LATEST_NS:
        raise InputError(
            "time_ns is no whole number of ns", where=f"{path}: line {line}", value=text,
            remedy="ns since 1970, UTC, before 2200",
        )  # fmt: skip
    return value


def _number(text: str | None, name: str, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not abs(value) <= _MOST:
        raise InputError(
            f"{name} is no number from -{_MOST:g} to {_MOST:g}", where=f"{path}: line {line}", value=text,
            remedy="m and m/s, ECEF",
        )  # fmt: skip
    return value
