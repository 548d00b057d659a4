"""The stage: keeps the latest row of every track, and on each tick says what it makes of those that changed."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import msgspec
import numpy as np

from tocsin.kernels.assess_features import features_with_spread
from tocsin.kernels.motion import advance
from tocsin.messages import (
    CLASSES,
    Assessment,
    Column,
    Command,
    Event,
    EventKind,
    Message,
    Rung,
    SensorHealth,
    Tick,
    TrackUpdates,
    Vec3,
    column,
    event,
)
from tocsin.scenario import Defence
from tocsin.stages.assess import classes, impact, ladder, launch
from tocsin.stages.assess.memory import AssessState, TrackMemory
from tocsin.units import ns_from_s, s_from_ns

RUNG_CHANGED = EventKind("assess.rung", "info", "{subject} (track {track}): {before} -> {after}: {reason}")
DEGRADED = EventKind("assess.degraded", "warning", "no {subject} sensor: CONFIRMED cannot be reached")
RESTORED = EventKind("assess.restored", "info", "{subject} is back: CONFIRMED can be reached")
CONTINUED = EventKind(
    "assess.continued", "info", "track {track} continues {subject}, {distance} km from where it was due"
)
NOT_ALLOWED = EventKind("assess.not_allowed", "warning", "{actor} may not refute {subject}: {why}")

_REFUTERS = ("operator", "director")
_BURNING_PROB = 0.5
_BURNING_HOLD_S = 2.5
_RECENT_S = 6.0  # memory of the velocity in boost
_REOPEN_TICKS = 10  # a refuted track that again looks like a missile this long is a new threat
_MISSILE = CLASSES.index("ballistic_missile")
_CALM = np.zeros(4)


class Assess:
    """TrackUpdates in, Assessment out."""

    name: ClassVar[str] = "assess"
    takes: ClassVar[tuple[type[Message], ...]] = (TrackUpdates, SensorHealth, Command, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (Assessment, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy
        self._rules = defence.policy.assess
        self._sensors = {sensor.name: sensor for sensor in defence.sensors}
        self._roles = {actor.name: actor.roles for actor in defence.actors}
        self.state = AssessState()

    def handle(self, message: Message) -> list[Message]:
        if isinstance(message, TrackUpdates):
            return self._take_tracks(message)
        if isinstance(message, Tick):
            return self._assess(message.arrival_ns)
        if isinstance(message, SensorHealth):
            self.state.health[message.sensor] = message.state
            return self._check_degraded(message.arrival_ns, (message.id,))
        if isinstance(message, Command) and message.action == "refute_threat":
            return self._refute(message)
        return []

    # ---- what comes in

    def _take_tracks(self, message: TrackUpdates) -> list[Message]:
        out: list[Message] = []
        times = message.t_ns.tolist()
        radar, infrared, position = (
            c.tolist() for c in (message.radar_count, message.infrared_count, message.position_count)
        )
        modes = message.mode_prob.tolist()
        log_beta, log_beta_std = message.log_beta.tolist(), message.log_beta_std.tolist()
        parents = message.parent.tolist()
        for row, track in enumerate(message.track.tolist()):
            old = self.state.tracks.get(track)
            if message.status[row] == "dropped":
                if old is not None:
                    out += self._lose(old, message.arrival_ns, message.id)
                continue
            memory = old
            if memory is None:
                memory = TrackMemory(
                    track=track,
                    status="",
                    t_ns=0,
                    position=_CALM,
                    velocity=_CALM,
                    covariance=_CALM,
                    mode_prob=(0.0, 0.0, 0.0),
                    log_beta=0.0,
                    log_beta_std=0.0,
                    counts=(0, 0, 0),
                    cause="",
                    height_max_m=-1e9,
                )
                self.state.tracks[track] = memory
            counts = (radar[row], infrared[row], position[row])
            self._credit(memory, counts, message, row)
            memory.status, memory.t_ns, memory.counts = message.status[row], times[row], counts
            # copies: kernels are compiled for writable arrays, and a message's column would be kept alive whole
            memory.position = np.array(message.position_ecef_m[row])
            memory.velocity = np.array(message.velocity_ecef_m_s[row])
            memory.covariance = np.array(message.covariance[row])
            memory.mode_prob = (modes[row][0], modes[row][1], modes[row][2])
            memory.log_beta, memory.log_beta_std = log_beta[row], log_beta_std[row]
            memory.cause, memory.is_changed = message.id, True
            if not memory.is_continued:
                memory.parent_track = parents[row]
            self._remember_boost(memory, message.arrival_ns)
        return out

    def _credit(self, memory: TrackMemory, counts: tuple[int, int, int], message: TrackUpdates, row: int) -> None:
        """Give each new plot to the sensor that made it: independence is judged by sensor."""
        for kind, new, old in zip(("radar", "infrared", "position"), counts, memory.credited, strict=True):
            if new <= old:
                continue
            sensor = self._sensors.get(message.sensor)
            name = message.sensor if sensor is not None and sensor.kind == kind else ""
            if not name:  # a revision of the past: credit a sensor of that kind that fed the track
                fed = message.sensors[row] if message.sensors else ()
                name = next((s for s in fed if s in self._sensors and self._sensors[s].kind == kind), "")
            if name:
                memory.credit[name] = memory.credit.get(name, 0) + new - old
        radar, infrared, position = map(max, counts, memory.credited)
        memory.credited = radar, infrared, position

    def _remember_boost(self, memory: TrackMemory, now_ns: int) -> None:
        if memory.mode_prob[0] > _BURNING_PROB:
            memory.burning_ns = now_ns
        if not _is_burning(memory, now_ns):
            memory.recent.clear()
            return
        x, y, z = memory.velocity.tolist()
        memory.recent = [item for item in memory.recent if 0 < memory.t_ns - item[0] <= ns_from_s(_RECENT_S)]
        memory.recent.append((memory.t_ns, x, y, z))

    def _lose(self, memory: TrackMemory, now_ns: int, cause: str) -> list[Message]:
        del self.state.tracks[memory.track]
        for child in self.state.tracks.values():
            if child.parent_track == memory.track:
                child.parent = memory.threat
        if memory.last is None:
            return []
        memory.revision += 1
        memory.last = msgspec.structs.replace(
            memory.last,
            is_lost=True,
            revision=memory.revision,
            time_ns=now_ns,
            causes=(cause,) if cause else (),
            id="",
            arrival_ns=0,
            source="",
            reason="track dropped",
        )
        if memory.rung not in ("NONE", "REFUTED"):
            self.state.lost[memory.threat] = memory
        return [memory.last]

    def _check_degraded(self, now_ns: int, causes: tuple[str, ...]) -> list[Message]:
        lost = ladder.lost_phenomenologies(self.state.health, self._sensors)
        before = self.state.degraded
        self.state.degraded = lost
        self.state.is_announced = True
        out: list[Message] = []
        for kind in lost:
            if kind not in before:
                out.append(event(DEGRADED, time_ns=now_ns, subject=kind, causes=causes))
        for kind in before:
            if kind not in lost:
                out.append(event(RESTORED, time_ns=now_ns, subject=kind, causes=causes))
        if out:
            for memory in self.state.tracks.values():
                memory.is_changed = memory.is_changed or memory.rung != "NONE"
        return out

    def _refute(self, command: Command) -> list[Message]:
        roles = self._roles.get(command.actor, ())
        memory = next((m for m in self.state.tracks.values() if m.threat and m.threat == command.subject), None)
        why = ""
        if not any(role in roles for role in _REFUTERS):
            why = "needs the role operator or director"
        elif memory is None or memory.rung == "NONE":
            why = "no such threat is tracked now"
        elif memory.rung == "REFUTED":
            why = "it is refuted already"
        if why or memory is None:
            return [
                event(
                    NOT_ALLOWED,
                    time_ns=command.arrival_ns,
                    subject=command.subject or "(nothing)",
                    actor=command.actor,
                    why=why,
                    causes=(command.id,),
                )
            ]
        memory.refuted_by = command.actor
        reason = f"refuted by {command.actor}: {command.reason}" if command.reason else f"refuted by {command.actor}"
        out = self._move(memory, "REFUTED", reason, command.arrival_ns, command.id)
        return [*out, self._publish(memory, command.arrival_ns, reason, command.id)]

    # ---- what goes out

    def _assess(self, now_ns: int) -> list[Message]:
        out: list[Message] = []
        if not self.state.is_announced:
            out += self._check_degraded(now_ns, ())
        limit = now_ns - ns_from_s(self._rules.continue_within_s)
        self.state.lost = {name: m for name, m in self.state.lost.items() if m.t_ns >= limit}
        for track in sorted(self.state.tracks):
            memory = self.state.tracks[track]
            is_burnt_out = memory.last is not None and memory.last.is_burning and not _is_burning(memory, now_ns)
            if (memory.is_changed and not self._is_plain(memory, now_ns)) or is_burnt_out:
                memory.is_changed = False
                out += self._judge(memory, now_ns)
        return out

    def _is_plain(self, memory: TrackMemory, now_ns: int) -> bool:
        """An aircraft that still flies level needs no new sum until its next quiet report."""
        return (
            memory.rung == "NONE"
            and memory.best_class == "aircraft"
            and memory.mode_prob[2] > 0.8
            and now_ns - memory.published_ns < ns_from_s(self._rules.quiet_period_s)
        )

    def _judge(self, memory: TrackMemory, now_ns: int) -> list[Message]:
        mean, std = features_with_spread(memory.position, memory.velocity, memory.covariance)
        memory.height_max_m = max(memory.height_max_m, float(mean[2] - 2.0 * std[2]))
        weights = classes.regime_weights(mean, std, memory.mode_prob, memory.height_max_m)
        best_before = memory.best_class
        fresh = classes.class_probabilities(weights, self._rules.prior, memory.counts)
        memory.class_prob = classes.remembered(fresh, memory.class_prob, float(mean[2]), memory.height_max_m)
        memory.best_class = CLASSES[max(range(len(CLASSES)), key=lambda i: memory.class_prob[i])]
        ladder.count_ticks(memory, self._policy)

        is_burning = _is_burning(memory, now_ns)
        is_rising = bool(mean[4] > 2.0 * std[4] and mean[4] > 0.0)
        out: list[Message] = []
        if memory.rung == "REFUTED" and not memory.refuted_by and memory.prob_ticks >= _REOPEN_TICKS:
            memory.rung, memory.threat, memory.revision, memory.last = "NONE", "", 0, None
        found = ladder.evidence(memory.credit, self._sensors, self._policy.ladder.min_plots_per_kind)
        rung, reason = ladder.next_rung(memory, found, self.state.degraded, is_burning and is_rising, self._policy)
        if rung != memory.rung:
            out += self._move(memory, rung, self._in_words(memory, reason), now_ns, memory.cause)
        if memory.rung == "NONE" and memory.status != "confirmed":
            return out
        self._update_launch(memory, float(mean[2]), is_burning, is_rising)
        is_quiet = memory.rung in ("NONE", "REFUTED") and not out
        if (
            is_quiet
            and memory.best_class == best_before
            and now_ns - memory.published_ns < ns_from_s(self._rules.quiet_period_s)
        ):
            return out
        return [*out, self._publish(memory, now_ns, self._in_words(memory, reason), memory.cause)]

    def _update_launch(self, memory: TrackMemory, height_m: float, is_burning: bool, is_rising: bool) -> None:
        if memory.rung in ("NONE", "REFUTED") or memory.status != "confirmed":
            return
        above = self.state.tracks.get(memory.parent_track)
        is_own = (is_burning and is_rising) or (memory.launch is not None and memory.launch.from_boost)
        if above is not None and above.launch is not None and (above.launch.from_boost or not is_own):
            memory.launch = above.launch  # one launch, and longer seen
        elif (is_burning and is_rising) or (not is_burning and not (memory.launch and memory.launch.from_boost)):
            estimate = launch.launch_estimate(memory, height_m, is_burning, self._rules)
            memory.launch = launch.joined(memory.launch, estimate)

    def _parent_of(self, memory: TrackMemory) -> str:
        """What it came off, by its name now or, where its track is gone, its last; empty: nothing that has a name."""
        above = self.state.tracks.get(memory.parent_track)
        if above is not None:
            memory.parent = above.threat
        return memory.parent

    def _in_words(self, memory: TrackMemory, reason: str) -> str:
        parent = self._parent_of(memory)
        return f"{reason}; came off {parent}" if parent else reason

    def _move(self, memory: TrackMemory, rung: Rung, reason: str, now_ns: int, cause: str) -> list[Message]:
        """Climb, or be refuted; a track that becomes a threat gets its name here."""
        causes = (cause,) if cause else ()
        out: list[Message] = []
        if memory.rung == "NONE":
            continued = self._continue_lost(memory)
            if continued is not None:
                name, distance_m = continued
                out.append(
                    event(
                        CONTINUED,
                        time_ns=now_ns,
                        subject=name,
                        causes=causes,
                        track=str(memory.track),
                        distance=f"{distance_m / 1e3:.0f}",
                    )
                )
                # the old track's rung is a floor; a higher one is judged at the next tick, on both tracks' plots
                return out
            self.state.threat_count += 1
            memory.threat, memory.revision = f"T-{self.state.threat_count:04d}", 0
        before = memory.rung
        memory.rung = rung
        out.append(
            event(
                RUNG_CHANGED,
                time_ns=now_ns,
                subject=memory.threat,
                causes=causes,
                track=str(memory.track),
                before=before,
                after=rung,
                reason=reason,
            )
        )
        return out

    def _continue_lost(self, memory: TrackMemory) -> tuple[str, float] | None:
        """Take over the name and standing of the lost threat nearest to this track, if one should be just here."""
        nearest: tuple[float, str] | None = None
        for name in sorted(self.state.lost):
            gone = self.state.lost[name]
            since_s = s_from_ns(memory.t_ns - gone.t_ns)
            is_over = gone.last is not None and gone.last.impact_ns is not None and gone.last.impact_ns < memory.t_ns
            if is_over or not 0.0 <= since_s <= self._rules.continue_within_s:
                continue
            due, due_velocity = advance(gone.position, gone.velocity, float(np.exp(gone.log_beta)), _CALM, since_s, 1.0)
            distance_m = float(np.linalg.norm(due - memory.position))
            thrust = 30.0 if _is_burning(gone, gone.t_ns) else 0.0  # m/s2, unforeseen
            gate_m = self._rules.continue_gate_m + 0.5 * thrust * since_s**2
            gate_m_s = 500.0 + thrust * since_s
            is_near = distance_m <= gate_m and float(np.linalg.norm(due_velocity - memory.velocity)) <= gate_m_s
            if is_near and (nearest is None or distance_m < nearest[0]):
                nearest = (distance_m, name)
        if nearest is None:
            return None
        gone = self.state.lost.pop(nearest[1])
        memory.threat, memory.rung, memory.revision = gone.threat, gone.rung, gone.revision
        is_own = gone.parent_track == memory.track  # it goes on as what came off itself
        memory.is_continued = True
        memory.parent_track, memory.parent = (0, "") if is_own else (gone.parent_track, gone.parent)
        memory.launch = launch.joined(memory.launch, gone.launch)
        memory.apogee = memory.apogee or gone.apogee
        memory.height_max_m = max(memory.height_max_m, gone.height_max_m)
        for sensor, count in sorted(gone.credit.items()):
            memory.credit[sensor] = memory.credit.get(sensor, 0) + count
        return nearest[1], nearest[0]

    def _publish(self, memory: TrackMemory, now_ns: int, reason: str, cause: str) -> Assessment:
        if not memory.threat:
            memory.threat = f"O-{memory.track}"
        memory.revision += 1
        memory.published_ns = now_ns
        mean, _ = features_with_spread(memory.position, memory.velocity, memory.covariance)
        is_burning = _is_burning(memory, now_ns)
        found = ladder.evidence(memory.credit, self._sensors, self._policy.ladder.min_plots_per_kind)
        assessment = Assessment(
            time_ns=now_ns,
            causes=(cause,) if cause else (),
            threat=memory.threat,
            track=memory.track,
            parent=self._parent_of(memory),
            revision=memory.revision,
            rung=memory.rung,
            class_prob=memory.class_prob,
            best_class=CLASSES[CLASSES.index(memory.best_class)],
            phenomenologies=ladder.independent_kinds(found),
            is_degraded=bool(self.state.degraded),
            is_burning=is_burning,
            t_ns=memory.t_ns,
            position_ecef_m=launch.as_vec3(memory.position),
            velocity_ecef_m_s=launch.as_vec3(memory.velocity),
            specific_energy_m2_s2=float(mean[0]),
            perigee_height_m=float(mean[1]),
            reason=reason,
        )
        memory.last = self._with_flight(self._with_launch(assessment, memory), memory, now_ns)
        return memory.last

    def _with_launch(self, assessment: Assessment, memory: TrackMemory) -> Assessment:
        if memory.launch is None or memory.rung in ("NONE", "REFUTED"):
            return assessment
        return msgspec.structs.replace(
            assessment,
            launch_ns=memory.launch.t_ns,
            launch_std_s=memory.launch.std_s,
            launch_ecef_m=memory.launch.ecef_m,
            launch_region_90_deg=_launch_region_deg(memory.launch.ecef_m, memory.launch.covariance_en_m2),
        )

    def _with_flight(self, assessment: Assessment, memory: TrackMemory, now_ns: int) -> Assessment:
        """Impact, apogee and path of what falls; an orbit is said not to come down, an aircraft nothing."""
        if memory.status != "confirmed" or memory.best_class in ("aircraft", "false"):
            return assessment
        if memory.best_class == "orbital" and memory.class_prob[CLASSES.index("orbital")] > 0.9:
            return msgspec.structs.replace(assessment, no_impact_prob=1.0)
        is_burning = assessment.is_burning
        path = impact.path_ahead(memory, now_ns, is_burning, self._rules)
        if path is None:
            memory.foreseen = None
            return msgspec.structs.replace(assessment, no_impact_prob=1.0)
        where = impact.foresee(memory, path, now_ns, is_burning, self._rules)
        fields: dict[str, Any] = {"no_impact_prob": where.no_impact_prob}
        if where.mean_ecef_m is not None and where.covariance_en_m2 is not None:
            half, most, all_but = impact.regions(where.mean_ecef_m, where.covariance_en_m2, (0.5, 0.9, 0.99))
            fields |= {
                "impact_ns": where.t_ns,
                "impact_std_s": where.std_s,
                "impact_ecef_m": launch.as_vec3(where.mean_ecef_m),
                "impact_covariance_en_m2": column(where.covariance_en_m2),
                "impact_region_50_deg": column(half),
                "impact_region_90_deg": column(most),
                "impact_region_99_deg": column(all_but),
            }
            memory.apogee = impact.apogee_ahead(path, memory) or memory.apogee  # past: as last foreseen
            if memory.apogee is not None:
                fields["apogee_ns"], fields["apogee_height_m"] = memory.apogee
            fields["path_ns"] = column(path.t_ns, "int64")
            fields["path_ecef_m"] = column(path.position_ecef_m)
            fields["path_velocity_ecef_m_s"] = column(path.velocity_ecef_m_s)
        return msgspec.structs.replace(assessment, **fields)


@functools.lru_cache(maxsize=256)  # once the boost is over, a launch is told again and again
def _launch_region_deg(place_ecef_m: Vec3, covariance_en_m2: Vec3) -> Column:
    ee, en, nn = covariance_en_m2
    (region,) = impact.regions(np.array(place_ecef_m), np.array([[ee, en], [en, nn]]), (0.9,))
    return column(region)


def _is_burning(memory: TrackMemory, now_ns: int) -> bool:
    """Thrust now or a moment ago: one doubtful update in the boost must not make a fan into a point."""
    return memory.mode_prob[0] > _BURNING_PROB or now_ns - memory.burning_ns < ns_from_s(_BURNING_HOLD_S)
