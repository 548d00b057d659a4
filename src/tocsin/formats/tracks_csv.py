"""tracks.csv: every state of every track, a row each, with what the latest assessment made of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.formats.whole import whole
from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import CLASSES, Assessment, Message, TrackUpdates
from tocsin.units import iso_from_ns, s_from_ns

_AXES = (("x", "m"), ("y", "m"), ("z", "m"), ("vx", "m_s"), ("vy", "m_s"), ("vz", "m_s"))
_PRODUCTS = {("m", "m"): "m2", ("m", "m_s"): "m2_s", ("m_s", "m_s"): "m2_s2"}
_UPPER = tuple((i, j) for i in range(6) for j in range(i, 6))

STATE_COLUMNS = tuple(f"{axis}_{unit}" for axis, unit in _AXES)
COVARIANCE_COLUMNS = tuple(f"cov_{_AXES[i][0]}_{_AXES[j][0]}_{_PRODUCTS[_AXES[i][1], _AXES[j][1]]}" for i, j in _UPPER)
CLASS_COLUMNS = tuple(f"prob_{name}" for name in CLASSES)
IMPACT_COLUMNS = ("time_to_impact_s", "impact_latitude_deg", "impact_longitude_deg")
COLUMNS: dict[str, str] = {
    "time": "ISO 8601 UTC, of the state",
    "time_ns": "the same, ns since 1970-01-01 UTC",
    "track": "track number, never used twice",
    "status": "tentative, confirmed or dropped",
    **dict.fromkeys(STATE_COLUMNS[:3], "position, ECEF WGS-84"),
    **dict.fromkeys(STATE_COLUMNS[3:], "velocity, ECEF, earth-relative"),
    **dict.fromkeys(COVARIANCE_COLUMNS, "covariance of the state, upper triangle by rows"),
    **dict.fromkeys(CLASS_COLUMNS, "class probability from the track's latest assessment; empty before the first"),
    "time_to_impact_s": "from the time of the row to the predicted impact; empty where none is predicted",
    "impact_latitude_deg": "mean predicted impact point, WGS-84; empty where none",
    "impact_longitude_deg": "mean predicted impact point, WGS-84; empty where none",
}
"""Every column and its meaning, in order."""


def write_tracks(path: str | Path, messages: Iterable[Message]) -> int:
    """Write tracks.csv from messages in handled order; returns how many rows.

    Numbers are written so that reading them gives the same bits. An assessment counts for the rows
    that follow it, as it was known then.
    """
    count = 0
    with whole(Path(path)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in _rows(messages):
            writer.writerow(row)
            count += 1
    return count


def _rows(messages: Iterable[Message]) -> Iterator[list[Any]]:
    rows, columns = (np.array(index) for index in zip(*_UPPER, strict=True))
    latest: dict[int, Assessment] = {}
    for message in messages:
        if isinstance(message, Assessment):
            latest[message.track] = message
        elif isinstance(message, TrackUpdates) and message.track_count:
            states = np.hstack((message.position_ecef_m, message.velocity_ecef_m_s)).tolist()
            covariances = message.covariance[:, rows, columns].tolist()
            for i, (track, time_ns) in enumerate(zip(message.track.tolist(), message.t_ns.tolist(), strict=True)):
                yield [
                    iso_from_ns(time_ns),
                    time_ns,
                    track,
                    message.status[i],
                    *states[i],
                    *covariances[i],
                    *_judged(latest.get(track), time_ns),
                ]


def _judged(assessment: Assessment | None, time_ns: int) -> list[float | str]:
    if assessment is None:
        return [""] * (len(CLASS_COLUMNS) + len(IMPACT_COLUMNS))
    impact: list[float | str] = [""] * len(IMPACT_COLUMNS)
    if assessment.impact_ns is not None:
        impact[0] = s_from_ns(assessment.impact_ns - time_ns)
    if assessment.impact_ecef_m is not None:
        latitude_rad, longitude_rad, _ = geodetic_from_ecef(*assessment.impact_ecef_m)
        impact[1:] = [float(np.degrees(latitude_rad)), float(np.degrees(longitude_rad))]
    return [*assessment.class_prob, *impact]
