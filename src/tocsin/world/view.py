"""Seconds of view along one flight: of each sensor, of all, and of all without each one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.kernels.geodesy import geodetic_of_many
from tocsin.scenario import Sensor
from tocsin.world.ballistic import Array
from tocsin.world.body import Body
from tocsin.world.flown import SPACE_HEIGHT_M, heights_m
from tocsin.world.sensors.sightings import REFERENCE_M
from tocsin.world.sight import Bools, eye_of, is_hidden, observed, places_of

STEP_S = 0.25  # views and gaps shorter than this may be missed; the ends found are good to 1 ms
ROWS_MOST = 40_000
EDGE_S = 1e-3

Spans = tuple[tuple[float, float], ...]


class SensorView(msgspec.Struct, frozen=True, kw_only=True):
    """What one sensor, or several together, have of one flight. Seconds from the start of the flight."""

    sensor: str
    kind: str
    spans_s: Spans

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.spans_s)

    @property
    def first_s(self) -> float | None:
        return self.spans_s[0][0] if self.spans_s else None

    @property
    def last_s(self) -> float | None:
        return self.spans_s[-1][1] if self.spans_s else None


class FlightView(msgspec.Struct, frozen=True, kw_only=True):
    """One flight as all sensors could see it."""

    flight: str
    kind: str
    end_s: float  # of the flight, from its start
    phases: tuple[tuple[str, float, float], ...]  # boost, midcourse, terminal: from, to
    track_deg: tuple[tuple[float, float], ...]  # latitude, longitude below it
    sensors: tuple[SensorView, ...]

    @property
    def combined(self) -> SensorView:
        """All sensors together."""
        return together("all", self.sensors)

    def without(self, name: str) -> SensorView:
        """All but one."""
        return together(f"all without {name}", [each for each in self.sensors if each.sensor != name])


def view_of(body: Body, sensors: Sequence[Sensor], epoch_ns: int, end_s: float) -> FlightView:
    """Every sensor's view of one body, up to ``end_s`` where the flight has no end."""
    first_s, up_to_s = max(0.0, body.up_s[0]), body.up_s[1]
    last_s = end_s if math.isinf(up_to_s) else up_to_s
    rows = min(ROWS_MOST, max(3, math.ceil((last_s - first_s) / STEP_S) + 1))
    times = np.linspace(first_s, last_s, rows)
    views = []
    for sensor in sensors:
        sees = Sight(sensor, body, epoch_ns)
        spans = tuple((a - first_s, b - first_s) for a, b in _spans(sees, times))
        views.append(SensorView(sensor=sensor.name, kind=sensor.kind, spans_s=spans))
    track = _track(body, times[:: max(1, rows // 400)])
    return FlightView(
        flight=body.name, kind=body.kind, end_s=last_s - first_s, phases=_phases(body, times, first_s),
        track_deg=track, sensors=tuple(views),
    )  # fmt: skip


def together(name: str, views: Sequence[SensorView]) -> SensorView:
    """The union of several views."""
    spans: list[tuple[float, float]] = []
    for start, end in sorted(span for view in views for span in view.spans_s):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return SensorView(sensor=name, kind="", spans_s=tuple(spans))


class Sight:
    """Whether one sensor sees one body at times from the epoch."""

    def __init__(self, sensor: Sensor, body: Body, epoch_ns: int) -> None:
        self.sensor, self.body, self.epoch_ns = sensor, body, epoch_ns
        self.eye = None if sensor.kind == "infrared" else eye_of(sensor, body.rcs_m2)

    def __call__(self, time_s: Array) -> Bools:
        position = np.array(self.body.states(time_s)[0], dtype=np.float64)
        site = places_of(self.sensor, self.epoch_ns, time_s)
        geometry = observed(position, site)
        if self.eye is None:
            seen = self._burns(time_s, geometry)
            seen[seen] = ~is_hidden(position[seen], site[seen])
        elif self.sensor.kind == "radar" or self.body.is_cooperative:
            seen = self.eye.is_seen(geometry)
        else:
            seen = np.zeros(len(time_s), dtype=bool)
        for from_s, to_s in self.sensor.outages_s:
            seen &= (time_s < from_s) | (time_s > to_s)
        return seen

    def _burns(self, time_s: Array, geometry: Array) -> Bools:
        """Above the cloud, and bright enough: the square law about 36 000 km."""
        sensor = self.sensor
        near = (REFERENCE_M / np.maximum(geometry[:, 0], 1.0)) ** 2
        burning = np.zeros(len(time_s), dtype=bool)
        for burn in self.body.burns:
            is_bright = burn.intensity_kw_sr * near >= sensor.min_intensity_kw_sr
            burning |= (time_s >= burn.from_s) & (time_s <= burn.to_s) & is_bright
        return burning & (geometry[:, 4] > sensor.cloud_top_m)


def _spans(sees: Sight, times: Array) -> list[tuple[float, float]]:
    """Stretches in which it sees, their ends bisected."""
    is_seen = sees(times)
    edges = np.flatnonzero(is_seen[1:] != is_seen[:-1])
    ends = [_edge(sees, float(times[row]), float(times[row + 1]), bool(is_seen[row])) for row in edges.tolist()]
    if is_seen[0]:
        ends.insert(0, float(times[0]))
    if is_seen[-1]:
        ends.append(float(times[-1]))
    return list(zip(ends[::2], ends[1::2], strict=True))


def _edge(sees: Sight, low_s: float, high_s: float, is_low: bool) -> float:
    while high_s - low_s > EDGE_S:
        middle = 0.5 * (low_s + high_s)
        if bool(sees(np.array((middle,)))[0]) == is_low:
            low_s = middle
        else:
            high_s = middle
    return 0.5 * (low_s + high_s)


def _phases(body: Body, times: Array, first_s: float) -> tuple[tuple[str, float, float], ...]:
    """Boost while it burns; terminal from 100 km falling, or from the apogee below that; midcourse between."""
    if math.isinf(body.up_s[1]):
        return ()
    height = heights_m(body, times)
    top = int(np.argmax(height))
    low = np.flatnonzero(height[top:] < SPACE_HEIGHT_M)
    terminal_s = (
        float(times[top + (int(low[0]) if len(low) else 0)]) if len(low) or height[top] < SPACE_HEIGHT_M else None
    )
    end_s = float(times[-1])
    boost_s = max((burn.to_s for burn in body.burns if burn.to_s <= times[top]), default=first_s)
    marks = [("boost", first_s, boost_s), ("midcourse", boost_s, terminal_s if terminal_s is not None else end_s)]
    if terminal_s is not None:
        marks.append(("terminal", max(terminal_s, boost_s), end_s))
    return tuple((name, a - first_s, b - first_s) for name, a, b in marks if b > a)


def _track(body: Body, times: Array) -> tuple[tuple[float, float], ...]:
    places = np.degrees(np.asarray(geodetic_of_many(np.array(body.states(times)[0], dtype=np.float64)))[:, :2])
    return tuple((float(a), float(b)) for a, b in places)
