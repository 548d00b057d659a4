"""Whole recordings at once: every scan in, one table of tracks out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tocsin.errors import ScanError
from tocsin.messages import Column, TrackUpdates
from tocsin.policy import TrackPolicy
from tocsin.tracking.feed import ArrayTracker, Sensor
from tocsin.tracking.feed_columns import RULES
from tocsin.tracking.tables import scans_of, table_of
from tocsin.units import ns_from_s

_TICK_S = 0.01, 86_400.0
_KNOWN = ("kind", *RULES)


def track_scans(
    scans: Any, sensors: Iterable[Sensor] = (), policy: TrackPolicy | None = None, *, tick_s: float = 1.0
) -> dict[str, Column]:
    """Track scans and return a row for each track and scan that changed it (columns: ``tables.TRACK_COLUMNS``).

    In        scans    a table of plots, a dict of columns or a pyarrow Table as in ``tables.scans_of``; or scans in the
                       order they are to be used, each a dict of what ``ArrayTracker.step_arrays`` takes
              sensors  the Sensors named in it; one that is not described here needs ``kind`` and, but for position,
                       ``site_ecef_m`` in its rows, and every sigma
              tick_s   scan time, s, between looks for tracks to drop
    Raises    ScanError naming the scan, the column, the value with its unit, the range and the remedy
    """
    if not _TICK_S[0] <= tick_s <= _TICK_S[1]:
        raise ScanError(
            f"allowed are {_TICK_S[0]:g} to {_TICK_S[1]:g} s", where="tick_s", value=tick_s,
            remedy="1.0 is what tocsin runs with",
        )  # fmt: skip
    is_table = isinstance(scans, Mapping) or hasattr(scans, "column_names")
    feed = ArrayTracker(sensors, policy)
    told: list[TrackUpdates | None] = []
    tick_ns, next_ns, last_ns = ns_from_s(tick_s), -1, 0
    for scan in scans_of(scans, _KNOWN) if is_table else scans:
        if not isinstance(scan, Mapping) or not isinstance(scan.get("sensor"), str | Sensor) or "time_ns" not in scan:
            raise ScanError(
                "a scan is a dict with sensor (its name), time_ns and columns", where="track_scans", value=scan,
                remedy="or give a table: a dict of columns, a row a plot; of a pandas frame dict(frame), of Stone Soup "
                "detections formats.stonesoup.read_detections",
            )  # fmt: skip
        columns = dict(scan)
        sensor, time_ns, kind = columns.pop("sensor"), columns.pop("time_ns"), columns.pop("kind", None)
        known = feed.sensors.get(sensor)
        if kind is not None and known is None:
            feed.sensors[sensor] = Sensor(name=sensor, kind=kind)
        elif known is not None and kind not in (None, known.kind):
            raise ScanError(
                f"sensor {sensor} is {known.kind}", where="track_scans, column kind", value=kind,
                remedy="one sensor is of one kind: give the other its own name",
            )  # fmt: skip
        detections = feed.detections(sensor, time_ns, **columns)
        while next_ns <= detections.end_ns and feed.tracker.state.alive().size:
            told.extend(feed.tracker.tick(next_ns))
            next_ns += tick_ns
        if not feed.tracker.state.alive().size:  # nothing to drop: no tick is worth the wait
            next_ns = detections.end_ns + tick_ns
        told.append(feed.tracker.step(detections))
        last_ns = max(last_ns, detections.end_ns)
    told.extend(feed.tracker.revise(last_ns))  # what came late and still waits for a tick
    return table_of(each for each in told if each is not None)
