"""Tracks for Stone Soup: its own objects where it is installed, else a CSV that its CSVTrackReader reads.

States are x, vx, y, vy, z, vz, m and m/s, in the scene's frame (``stonesoup.LocalFrame``: east, north, up about its
origin), position mapping (0, 2, 4) as Stone Soup's combined models have it. Times are cut to whole microseconds, which
is all a datetime holds: 7 mm at 7 km/s.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.errors import InputError
from tocsin.formats.stonesoup import LocalFrame
from tocsin.formats.whole import whole
from tocsin.messages import Column

STATE_FIELDS = ("x", "vx", "y", "vy", "z", "vz")
_ORDER = [0, 3, 1, 4, 2, 5]  # of position, velocity, in a state vector
_EPOCH = dt.datetime(1970, 1, 1)
COVAR_FIELDS = {f"cov_{a}_{b}": (i, j) for i, a in enumerate(STATE_FIELDS) for j, b in enumerate(STATE_FIELDS)}
READER = {
    "state_vector_fields": STATE_FIELDS,
    "time_field": "time",
    "track_id_field": "track",
    "covar_fields_index": COVAR_FIELDS,
}
"""``CSVTrackReader(path, default_covar=np.zeros((6, 6)), **READER)`` reads what ``write_tracks_csv`` writes."""


def write_tracks_csv(
    path: str | Path, tracks: Mapping[str, Column], frame: LocalFrame, *, statuses: Collection[str] = ("confirmed",)
) -> int:
    """Write a table of tracks (``tracking.track_scans``) in order of time; returns how many rows.

    Numbers are written so that reading them gives the same bits. A track's later row for the same time replaces the
    earlier one.
    """
    count = 0
    with whole(Path(path)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("time", "track", "status", *STATE_FIELDS, *COVAR_FIELDS))
        for time, track, status, state, covar in _rows(tracks, frame, statuses):
            row = [time.isoformat(timespec="microseconds"), track, status, *state.tolist(), *covar.ravel().tolist()]
            writer.writerow(row)
            count += 1
    return count


def stonesoup_tracks(
    tracks: Mapping[str, Column], frame: LocalFrame, *, statuses: Collection[str] = ("confirmed",)
) -> set[Any]:
    """The table as Stone Soup Track objects of GaussianState, each with its number as id.

    Raises    InputError where Stone Soup is not installed
    """
    try:
        track_type = importlib.import_module("stonesoup.types.track").Track
        state_type = importlib.import_module("stonesoup.types.state").GaussianState
        vector_type = importlib.import_module("stonesoup.types.array").StateVector
    except ImportError:
        raise InputError(
            "Stone Soup is not installed", where="stonesoup_tracks", remedy="pip install stonesoup, or write_tracks_csv"
        ) from None
    states: dict[int, list[Any]] = {}
    for time, track, _, state, covar in _rows(tracks, frame, statuses):
        states.setdefault(track, []).append(state_type(vector_type(state), covar, timestamp=time))
    return {track_type(each, id=str(track)) for track, each in states.items()}


def _rows(
    tracks: Mapping[str, Column], frame: LocalFrame, statuses: Collection[str]
) -> Iterator[tuple[dt.datetime, int, str, Column, Column]]:
    latest = {
        (time_ns, track): i
        for i, (time_ns, track, status) in enumerate(
            zip(tracks["time_ns"].tolist(), tracks["track"].tolist(), tracks["status"].tolist(), strict=True)
        )
        if status in statuses
    }
    axes = frame.axes
    turn = np.kron(np.eye(2), axes)
    for (time_ns, track), i in sorted(latest.items()):
        local = np.concatenate((frame.local_of(tracks["position_ecef_m"][i]), axes @ tracks["velocity_ecef_m_s"][i]))
        covar = turn @ tracks["covariance"][i] @ turn.T
        time = _EPOCH + dt.timedelta(microseconds=time_ns // 1000)
        yield time, track, str(tracks["status"][i]), local[_ORDER], covar[np.ix_(_ORDER, _ORDER)]
