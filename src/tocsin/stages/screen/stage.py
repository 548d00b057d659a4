"""screen: which plots to believe, and which sensors have gone silent.

Scan -> Detections, with the surveyed place and accuracy of the sensor; SensorHealth at the first message for each
sensor and at every change. What is refused is counted in the detections, and noted once where a whole scan is.
"""

from __future__ import annotations

import math
from typing import ClassVar

import msgspec
import numpy as np

from tocsin.messages import (
    Column,
    Detections,
    Event,
    EventKind,
    Message,
    Scan,
    SensorHealth,
    SensorStatus,
    Tick,
    Vec3,
    column,
    event,
    sealed,
)
from tocsin.messages.sensor_health import HealthState
from tocsin.scenario import Defence, Sensor
from tocsin.stages.screen.survey import (
    Accuracy,
    accuracy_of,
    evident,
    evident_range_m,
    in_field,
    light_time_ns,
    place_of,
    straightened,
    widened,
)
from tocsin.units import ns_from_s, s_from_ns

UNKNOWN = EventKind("screen.unknown_sensor", "warning", "scan of {subject}, which is not in the survey: refused")
NO_PLACE = EventKind("screen.no_place", "warning", "{subject} moves, and its scan does not say where it was: refused")
STALE = EventKind("screen.stale", "warning", "scan of {subject} is {seconds} s old: refused")
AHEAD = EventKind("screen.ahead", "warning", "scans of {subject} lie {seconds} s in the future: refused")
DOUBLE = EventKind("screen.double", "info", "scan {sequence} of {subject} came twice: the second is refused")
LATE = EventKind("screen.late", "info", "scan {sequence} of {subject} came after {last}")
MISSING = EventKind("screen.no_columns", "warning", "{columns} scan of {subject} lacks its columns: refused")

_GAPS = 8  # intervals between scans remembered
_BREAK = 3.0  # an interval so many times the shortest is an outage, not the beat
_REMEMBERED = 64  # sequences kept for each sensor to know a double by
_HEIGHT_LIMITS_M = (-2_000.0, 1e8)
_NO_PLOTS = column((), "int64")
_EARTH_MISS_M = 7_400_000.0  # an infrared line of sight passes the Earth's centre this close, or shows a star


class SensorMemory(msgspec.Struct):
    """What is known of one sensor's behaviour. Times ns UTC."""

    state: HealthState
    last_arrival_ns: int | None = None
    last_end_ns: int | None = None
    last_sequence: int = -1
    seen: list[int] = []
    gaps_s: list[float] = []  # the last intervals between scans


class ScreenState(msgspec.Struct):
    """All that the stage remembers."""

    started_ns: int | None = None
    sensors: dict[str, SensorMemory] = {}
    unknown: list[str] = []  # refused once, with an event


class Screen:
    """First stage: believes or refuses, and watches over the sensors."""

    name: ClassVar[str] = "screen"
    takes: ClassVar[tuple[type[Message], ...]] = (Scan, SensorStatus, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (Detections, SensorHealth, Event)

    def __init__(self, defence: Defence) -> None:
        self._sensors = {sensor.name: sensor for sensor in defence.sensors}
        self._places = {sensor.name: place_of(sensor) for sensor in defence.sensors}
        self._evident_m = {sensor.name: evident_range_m(sensor) for sensor in defence.sensors}
        self._policy = defence.policy.screen
        self._skips = math.ceil(1.0 / min(defence.policy.posture.sensor_duty))  # a posture may leave scans out
        self.state = ScreenState()

    def handle(self, message: Message) -> list[Message]:
        now_ns = message.arrival_ns
        out: list[Message] = []
        if self.state.started_ns is None:
            self.state.started_ns = now_ns
            for sensor in self._sensors.values():
                memory = SensorMemory(state="ok" if sensor.enabled else "off")
                self.state.sensors[sensor.name] = memory
                reason = "expected" if sensor.enabled else "not in use in this scenario"
                out.append(self._health(sensor, memory, now_ns, reason, message))
        if isinstance(message, Scan):
            out += self._scan(message, now_ns)
        elif isinstance(message, SensorStatus):
            out += self._status(message, now_ns)
        elif isinstance(message, Tick):
            out += self._silences(message, now_ns)
        return out

    def _scan(self, scan: Scan, now_ns: int) -> list[Message]:
        sensor = self._sensors.get(scan.sensor)
        if sensor is None or sensor.kind != scan.kind:
            if scan.sensor in self.state.unknown:
                return []
            self.state.unknown.append(scan.sensor)
            return [self._event(UNKNOWN, scan, now_ns)]
        memory = self.state.sensors[sensor.name]
        out: list[Message] = []
        age_s = s_from_ns(now_ns - scan.end_ns)
        if age_s > self._policy.max_age_s:
            return [self._event(STALE, scan, now_ns, seconds=f"{age_s:.1f}")]
        if -age_s > self._policy.max_ahead_s:
            return self._ahead(sensor, memory, scan, now_ns)
        if scan.sequence in memory.seen:
            return [self._event(DOUBLE, scan, now_ns, sequence=str(scan.sequence))]
        if not _has_columns(scan):
            return [self._event(MISSING, scan, now_ns, columns=scan.kind)]
        place = self._place(sensor, scan)
        if place is None and scan.kind != "position":
            return [self._event(NO_PLACE, scan, now_ns)]
        if scan.sequence < memory.last_sequence:
            out.append(self._event(LATE, scan, now_ns, sequence=str(scan.sequence), last=str(memory.last_sequence)))
        self._note(memory, scan, now_ns)
        if memory.state != "ok":
            was, memory.state = memory.state, "ok"
            out.append(self._health(sensor, memory, now_ns, f"scans again, was {was}", scan))
        out.append(self._detections(sensor, scan, place, now_ns))
        return out

    def _ahead(self, sensor: Sensor, memory: SensorMemory, scan: Scan, now_ns: int) -> list[Message]:
        """A scan from the future: the sensor is there, and its clock is wrong. Told once."""
        memory.last_arrival_ns = now_ns
        if memory.state == "ignored":
            return []
        memory.state = "ignored"
        ahead_s = s_from_ns(scan.end_ns - now_ns)
        reason = f"its clock is {ahead_s:.1f} s or more ahead: its scans are refused"
        health = self._health(sensor, memory, now_ns, reason, scan)
        # it had been on its way for a while when it came
        health = msgspec.structs.replace(health, fault="clock", clock_fault_s=ahead_s + sensor.latency_s)
        return [self._event(AHEAD, scan, now_ns, seconds=f"{ahead_s:.1f}"), health]

    def _note(self, memory: SensorMemory, scan: Scan, now_ns: int) -> None:
        memory.seen = [*memory.seen[1 - _REMEMBERED :], scan.sequence]
        memory.last_sequence = max(memory.last_sequence, scan.sequence)
        if memory.last_arrival_ns is not None and now_ns > memory.last_arrival_ns:
            memory.gaps_s = [*memory.gaps_s[1 - _GAPS :], s_from_ns(now_ns - memory.last_arrival_ns)]
        memory.last_arrival_ns = now_ns
        memory.last_end_ns = max(memory.last_end_ns or scan.end_ns, scan.end_ns)

    def _status(self, status: SensorStatus, now_ns: int) -> list[Message]:
        sensor = self._sensors.get(status.sensor)
        if sensor is None:
            return []
        memory = self.state.sensors[sensor.name]
        state: HealthState = "ok" if status.is_operating else "off"
        if memory.state == state:
            return []
        memory.state = state
        if state == "ok":
            memory.last_arrival_ns = now_ns  # due from now on
        reason = "says it operates" if status.is_operating else "says it is off"
        if status.note:
            reason += f": {status.note}"
        return [self._health(sensor, memory, now_ns, reason, status)]

    def _silences(self, tick: Tick, now_ns: int) -> list[Message]:
        out: list[Message] = []
        for name, memory in self.state.sensors.items():
            if memory.state not in ("ok", "ignored"):
                continue
            since_ns = memory.last_arrival_ns if memory.last_arrival_ns is not None else self.state.started_ns
            silent_s = s_from_ns(now_ns - (now_ns if since_ns is None else since_ns))
            if silent_s > self._patience_s(self._sensors[name], memory):
                memory.state = "silent"
                out.append(self._health(self._sensors[name], memory, now_ns, f"no scan for {silent_s:.1f} s", tick))
        return out

    def _patience_s(self, sensor: Sensor, memory: SensorMemory) -> float:
        """How long a sensor may be quiet: until a scan is due, by its stated period or its own beat where that has been
        slower, and a little.
        """
        gaps_s = memory.gaps_s
        beat_s = max((gap for gap in gaps_s if gap <= _BREAK * min(gaps_s)), default=0.0) if len(gaps_s) > 1 else 0.0
        period_s = max(self._skips * sensor.scan_period_s, beat_s)
        first_s = sensor.latency_s if memory.last_arrival_ns is None else 0.0
        return self._policy.silent_after_periods * period_s + self._policy.silent_overdue_s + first_s

    def _place(self, sensor: Sensor, scan: Scan) -> Vec3 | None:
        """The surveyed place for what stands still; the scan's own for what moves."""
        place, own = self._places[sensor.name], scan.platform_ecef_m
        return own if sensor.platform != "land" and own is not None and _is_place(own) else place

    def _detections(self, sensor: Sensor, scan: Scan, place: Vec3 | None, now_ns: int) -> Detections:
        is_radar, is_infrared, is_position = (scan.kind == k for k in ("radar", "infrared", "position"))
        accuracy = accuracy_of(sensor, scan) if is_radar else None
        keep = self._believed(sensor, scan, place, accuracy, now_ns)
        index = sealed(np.flatnonzero(keep)) if keep.size else _NO_PLOTS
        scale = sensor.noise_scale

        def part(values: Column | None) -> Column | None:
            return values if values is None or index.size == keep.size else sealed(values[index])

        def stated(std: float) -> Column:
            return sealed(np.full(index.size, scale * std))

        plot_ns, range_m, elevation_rad = part(scan.plot_time_ns), part(scan.range_m), part(scan.elevation_rad)
        sight = part(scan.line_of_sight_ecef)
        assert plot_ns is not None
        if place is not None and index.size:
            if is_radar and elevation_rad is not None and range_m is not None:
                elevation_rad, range_m = map(sealed, straightened(sensor, elevation_rad, range_m, place))
            elif is_infrared and sight is not None:
                plot_ns = sealed(plot_ns - light_time_ns(sight, place))
        rate = None if sensor.range_rate_std_m_s is None else part(scan.range_rate_m_s)
        range_std, angle_std, elevation_std = map(part, accuracy or (None, None, None))
        apparent_rad = part(scan.elevation_rad)
        if elevation_std is not None and apparent_rad is not None and elevation_rad is not None and index.size:
            ratio, plots = self._policy.refraction_ratio_std, self._policy.refraction_plots
            elevation_std = sealed(widened(elevation_std, apparent_rad, elevation_rad, ratio, plots))
        if is_infrared:
            angle_std = stated(sensor.line_of_sight_std_urad * 1e-6)
        return Detections(
            time_ns=now_ns,
            causes=(scan.id,) if scan.id else (),
            sensor=scan.sensor,
            kind=scan.kind,
            sequence=scan.sequence,
            start_ns=scan.start_ns,
            end_ns=scan.end_ns,
            platform_ecef_m=place,
            plot_time_ns=plot_ns,
            plot_index=index,
            rejected_count=int(keep.size - index.size),
            swept=evident(sensor, scan.swept, place, self._evident_m[sensor.name]),
            range_m=range_m if is_radar else None,
            azimuth_rad=part(scan.azimuth_rad) if is_radar else None,
            elevation_rad=elevation_rad if is_radar else None,
            range_rate_m_s=rate if is_radar else None,
            line_of_sight_ecef=sight if is_infrared else None,
            position_ecef_m=part(scan.position_ecef_m) if is_position else None,
            range_std_m=range_std,
            angle_std_rad=angle_std,
            elevation_std_rad=elevation_std,
            range_rate_std_m_s=stated(sensor.range_rate_std_m_s or 0.0) if is_radar and rate is not None else None,
            position_std_m=scale * sensor.position_std_m if is_position else None,
            height_std_m=scale * sensor.height_std_m if is_position else None,
        )

    def _believed(
        self, sensor: Sensor, scan: Scan, place: Vec3 | None, accuracy: Accuracy | None, now_ns: int
    ) -> Column:
        """(n,) bool: of believable age, finite, inside the surveyed field of regard or the ranges of nature."""
        times = scan.plot_time_ns
        if not times.size:
            return np.empty(0, dtype=bool)
        keep = (times >= now_ns - ns_from_s(self._policy.max_age_s)) & (
            times <= now_ns + ns_from_s(self._policy.max_ahead_s)
        )
        with np.errstate(invalid="ignore"):
            if accuracy is not None:
                keep &= in_field(sensor, scan, accuracy)
            elif scan.line_of_sight_ecef is not None and place is not None and scan.kind == "infrared":
                sight, at = scan.line_of_sight_ecef, np.array(place)
                along = -(sight @ at)
                miss2 = at @ at - along**2
                keep &= (np.abs(np.einsum("ij,ij->i", sight, sight) - 1.0) < 1e-6) & (along > 0.0)
                keep &= miss2 < _EARTH_MISS_M**2
            elif scan.position_ecef_m is not None:
                radius = np.linalg.norm(scan.position_ecef_m, axis=1)
                keep &= (radius > 6_356_000.0 + _HEIGHT_LIMITS_M[0]) & (radius < _HEIGHT_LIMITS_M[1])
        return np.asarray(keep)

    def _health(self, sensor: Sensor, memory: SensorMemory, now_ns: int, reason: str, cause: Message) -> SensorHealth:
        return SensorHealth(
            time_ns=now_ns,
            causes=(cause.id,) if cause.id else (),
            sensor=sensor.name,
            kind=sensor.kind,
            state=memory.state,
            last_scan_ns=memory.last_end_ns,
            reason=reason,
        )

    def _event(self, kind: EventKind, scan: Scan, now_ns: int, **slots: str) -> Event:
        return event(kind, time_ns=now_ns, subject=scan.sensor, causes=(scan.id,) if scan.id else (), **slots)


def _has_columns(scan: Scan) -> bool:
    """Whether the columns of its kind are there, one row for each plot."""
    n = scan.plot_time_ns.shape[0]
    if scan.kind == "infrared":
        return scan.line_of_sight_ecef is not None and scan.line_of_sight_ecef.shape == (n, 3)
    if scan.kind == "position":
        return scan.position_ecef_m is not None and scan.position_ecef_m.shape == (n, 3)
    needed = scan.range_m is not None and scan.azimuth_rad is not None
    given = (scan.range_m, scan.azimuth_rad, scan.elevation_rad, scan.range_rate_m_s, scan.snr_db)
    return needed and all(values is None or values.shape == (n,) for values in given)


def _is_place(place: Vec3) -> bool:
    return math.isfinite(sum(place)) and math.hypot(*place) > 6_300_000.0
