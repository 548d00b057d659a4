"""track: detections to tracks, and the requests that sensors look where a track is expected."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from tocsin.kernels.geodesy import ecef_from_geodetic, geodetic_from_ecef, radar_from_ecef
from tocsin.kernels.refraction import bend, horizon_apparent_elevation_rad
from tocsin.kernels.track_motion import LEVEL
from tocsin.messages import (
    Detections,
    Event,
    EventKind,
    Message,
    SensorHealth,
    SensorTask,
    Tick,
    TrackUpdates,
    Vec3,
    event,
)
from tocsin.scenario import Defence, Sensor
from tocsin.stages.track_health import health_of
from tocsin.tracking import BiasEstimate, BiasSpread, Tracker, TrackerState
from tocsin.units import DEG, M_PER_KM, NS_PER_S, ns_from_s, s_from_ns

CONFIRMED = EventKind("track.confirmed", "info", "track {subject} is confirmed, by {sensors}")
DROPPED = EventKind("track.dropped", "info", "track {subject} is dropped")
TOO_LATE = EventKind(
    "track.too_late", "warning",
    "a scan of {subject} ended {seconds} s ago, before the {window} s that can be run again: refused ({count} so far)",
)  # fmt: skip

BIAS = EventKind("track.bias", "info", "{subject} is thought to be off: {estimates}")

_REFUSED_EVERY_NS = 60 * NS_PER_S
_BIAS_EVERY_NS = 10 * NS_PER_S  # biases of a sensor are told no more often
_BIAS_NEWS = 0.8  # ... and once a sigma has fallen to this share of what was told, or less
_BIAS_PER = {
    "range": (1.0, "m"), "azimuth": (DEG, "deg"), "elevation": (DEG, "deg"), "clock": (1e-3, "ms"),
    "air": (1.0, "N-units"),
}  # fmt: skip


class TrackState(msgspec.Struct, kw_only=True):
    """All that the stage remembers."""

    tracker: TrackerState = msgspec.field(default_factory=TrackerState)
    told: list[int] = []  # confirmed tracks that have been announced
    place: dict[str, Vec3] = {}  # where each radar was at its last scan
    tasked_ns: dict[str, int] = {}  # "track sensor" -> when it was last asked
    trusted: dict[str, str] = {}  # sensor -> how far it was last said to be trusted, and why
    refused_ns: dict[str, int] = {}  # sensor -> when it was last said that its scans come too late
    bias_ns: int = 0  # when biases were last looked at
    bias_sigma: dict[str, float] = {}  # "sensor component" -> sigma that was told


class Track:
    """Second stage: wraps ``tocsin.tracking.Tracker``."""

    name: ClassVar[str] = "track"
    takes: ClassVar[tuple[type[Message], ...]] = (Detections, SensorHealth, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (TrackUpdates, SensorHealth, SensorTask, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.track
        self._kinds = {sensor.name: sensor.kind for sensor in defence.sensors}
        self._radars = tuple(s for s in defence.sensors if s.kind == "radar" and s.enabled)
        self._tracker = Tracker(self._policy, spreads_of(defence))
        self._state = TrackState(tracker=self._tracker.state)

    @property
    def state(self) -> TrackState:
        return self._state

    @state.setter
    def state(self, state: TrackState) -> None:
        self._state = state
        self._tracker.state = state.tracker

    def handle(self, message: Message) -> list[Message]:
        now_ns = message.arrival_ns
        if isinstance(message, Detections):
            if message.kind == "radar" and message.platform_ecef_m is not None:
                self._state.place[message.sensor] = message.platform_ecef_m
            refused = self._refused(message, now_ns)
            told = self._told(self._tracker.step(message, now_ns), now_ns)
            return [*refused, *told, *self._trust(now_ns, (message.id,) if message.id else ())]
        if isinstance(message, Tick):
            causes = (message.id,) if message.id else ()
            told = [out for updates in self._tracker.tick(now_ns, causes) for out in self._told(updates, now_ns)]
            return [*told, *self._trust(now_ns, causes), *self._biases(now_ns, causes), *self._tasks(now_ns, causes)]
        if isinstance(message, SensorHealth) and message.state == "ok":  # it is there; but may it be believed?
            self._state.trusted.pop(message.sensor, None)
            return self._trust(now_ns, (message.id,) if message.id else ())
        return []

    def _trust(self, now_ns: int, causes: tuple[str, ...]) -> list[Message]:
        """The health of each sensor that the tracker has come to trust less, or again."""
        out: list[Message] = []
        told, kinds = self._state.trusted, self._kinds
        for name, record in self._state.tracker.watch.sensors.items():
            if record.trust == "trusted" and name not in told:
                continue
            now = f"{record.trust} {record.fault} {record.is_spared}"
            if told.get(name) == now or name not in kinds:
                continue
            if record.trust == "trusted":
                told.pop(name)
            else:
                told[name] = now
            out.append(health_of(name, kinds[name], record, now_ns, causes))
        return out

    def _biases(self, now_ns: int, causes: tuple[str, ...]) -> list[Message]:
        """An event for each sensor of whose biases clearly more is known than was told."""
        if not self._tracker.layout.count or now_ns - self._state.bias_ns < _BIAS_EVERY_NS:
            return []
        self._state.bias_ns = now_ns
        told = self._state.bias_sigma
        known: dict[str, list[BiasEstimate]] = {}
        for one in self._tracker.bias_estimates():
            known.setdefault(one.sensor or "the air", []).append(one)
        out: list[Message] = []
        for sensor, all_of in known.items():
            keys = {f"{sensor} {one.component}": one for one in all_of}
            if all(one.sigma > _BIAS_NEWS * told.get(key, one.prior_sigma) for key, one in keys.items()):
                continue
            told.update({key: one.sigma for key, one in keys.items()})
            text = ", ".join(_in_words(one) for one in all_of)
            out.append(event(BIAS, time_ns=now_ns, subject=sensor, causes=causes, estimates=text))
        return out

    def _refused(self, scan: Detections, now_ns: int) -> list[Message]:
        """An event where the tracker will refuse a scan, once a minute for each sensor."""
        if not self._tracker.is_too_late(scan):
            return []
        last_ns = self._state.refused_ns.get(scan.sensor)
        if last_ns is not None and now_ns - last_ns < _REFUSED_EVERY_NS:
            return []
        self._state.refused_ns[scan.sensor] = now_ns
        count = self._state.tracker.history.refused.get(scan.sensor, 0) + 1
        return [
            event(
                TOO_LATE, time_ns=now_ns, subject=scan.sensor, causes=(scan.id,) if scan.id else (),
                seconds=f"{s_from_ns(now_ns - scan.end_ns):.1f}", window=f"{self._policy.window_s:g}",
                count=str(count),
            )
        ]  # fmt: skip

    def _told(self, updates: TrackUpdates | None, now_ns: int) -> list[Message]:
        """The updates, and an event for each track newly confirmed or, having been confirmed, dropped."""
        if updates is None:
            return []
        out: list[Message] = [updates]
        told = self._state.told
        for i, (track, status) in enumerate(zip(updates.track.tolist(), updates.status, strict=True)):
            if status == "confirmed" and track not in told:
                told.append(track)
                names = ", ".join(updates.sensors[i])
                out.append(event(CONFIRMED, time_ns=now_ns, subject=str(track), causes=updates.causes, sensors=names))
            elif status == "dropped" and track in told:
                told.remove(track)
                out.append(event(DROPPED, time_ns=now_ns, subject=str(track), causes=updates.causes))
        return out

    def _tasks(self, now_ns: int, causes: tuple[str, ...]) -> list[Message]:
        """Ask each radar for the fast confirmed tracks that its surveyed field of regard should hold now."""
        if not self._radars or not self._state.told:
            return []
        every_ns = ns_from_s(self._policy.task_every_s)
        asked = self._state.tasked_ns = {
            key: when for key, when in self._state.tasked_ns.items() if now_ns - when < every_ns
        }
        seen = self._tracker.confirmed(now_ns)
        out: list[Message] = []
        for i, track in enumerate(self._state.tracker.name[seen.slots].tolist()):
            if not track:
                continue
            velocity = seen.state[i, 3:].copy()
            if seen.mu[i, LEVEL] > 0.5 or np.linalg.norm(velocity) < self._policy.task_speed_min_m_s:
                continue
            position = seen.state[i, :3].copy()
            for sensor in self._radars:
                key = f"{track} {sensor.name}"
                if key in asked or not self._in_reach(sensor, position):
                    continue
                asked[key] = now_ns
                out.append(
                    SensorTask(
                        time_ns=now_ns,
                        causes=causes,
                        sensor=sensor.name,
                        track=track,
                        position_ecef_m=(float(position[0]), float(position[1]), float(position[2])),
                        velocity_ecef_m_s=(float(velocity[0]), float(velocity[1]), float(velocity[2])),
                        until_ns=now_ns + 2 * every_ns,
                    )
                )
        return out

    def _in_reach(self, sensor: Sensor, position_ecef_m: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
        """Whether the surveyed field of regard, which is one of apparent elevations, holds a place.

        However weak the echo may be: a cross-section is not known, and what the look is worth the radar decides.
        """
        site = np.array(
            self._state.place.get(sensor.name)
            or ecef_from_geodetic(sensor.latitude_deg * DEG, sensor.longitude_deg * DEG, sensor.height_m)
        )
        range_m, azimuth_rad, elevation_rad = radar_from_ecef(position_ecef_m, site)
        _, _, height_m = geodetic_from_ecef(site[0], site[1], site[2])
        n0 = sensor.refractivity if sensor.is_refracted else 0.0
        apparent_rad, _ = bend(height_m, elevation_rad, range_m, n0)
        lowest_rad = max(sensor.elevation_min_deg * DEG, horizon_apparent_elevation_rad(height_m, n0))
        width_deg = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0 or 360.0
        return bool(
            sensor.range_min_km * M_PER_KM <= range_m <= sensor.range_max_km * M_PER_KM
            and lowest_rad <= apparent_rad <= sensor.elevation_max_deg * DEG
            and (azimuth_rad / DEG - sensor.azimuth_from_deg) % 360.0 <= width_deg
        )


def spreads_of(defence: Defence) -> dict[str, BiasSpread]:
    """How large the survey says the constant errors of each sensor in use may be; sensors without any are left out."""
    policy, out = defence.policy.track, {}
    for sensor in defence.sensors:
        is_radar = sensor.kind == "radar"
        spread = BiasSpread(
            range_m=sensor.range_bias_std_m if is_radar else 0.0,
            azimuth_rad=sensor.azimuth_bias_std_deg * DEG if is_radar else 0.0,
            elevation_rad=sensor.elevation_bias_std_deg * DEG if is_radar else 0.0,
            clock_s=sensor.clock_bias_std_s,
            refractivity=policy.refractivity_std if is_radar else 0.0,
            surveyed_refractivity=sensor.refractivity,
        )
        if sensor.enabled and spread.has_any:
            out[sensor.name] = spread
    return out


def _in_words(one: BiasEstimate) -> str:
    per, unit = _BIAS_PER[one.component]
    digits = 3 if unit == "deg" else 1
    return f"{one.component} {one.value / per:+.{digits}f} +- {one.sigma / per:.{digits}f} {unit}"
