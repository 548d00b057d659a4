"""alert: which land- and sea-based units must know, by when they answer, and what happens when they do not.

One alert per threat and unit. It goes out at PROBABLE, is acknowledged by the unit or sent again until the
limit and then escalated, is updated when what was told no longer holds, and is stood down when the threat
is refuted. An update to a unit that has acknowledged needs no second acknowledgement, and one before it
keeps the running deadline: a moving prediction must not put the deadline off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np

from tocsin.kernels.geodesy import geodetic_from_ecef
from tocsin.messages import (
    RUNG_RANK,
    Assessment,
    Column,
    Event,
    EventKind,
    Message,
    Posture,
    Report,
    Rung,
    Tick,
    UnitAlert,
    event,
)
from tocsin.messages.unit_alert import AlertState
from tocsin.places import east_north_m, nearest_place
from tocsin.scenario.schema import Defence
from tocsin.units import DEG, M_PER_KM, iso_from_ns, ns_from_s, s_from_ns

UPDATE_MIN_S = 30.0  # a unit is told anew at most this often
IMPACT_MOVED_S = 30.0  # and when the impact time moved by more than this,
AREA_MOVED_M = 5_000.0  # or the middle by more than this and half the told radius,
AREA_SCALED = 2.0  # or the radius by this factor, either way
OVER_AFTER_S = 60.0  # this long after the impact as told, nothing is sent again
TOWN_PEOPLE = 5_000  # a place that a crew knows
MARKERS = {"exercise": "EXERCISE", "test": "TEST", "live": "DRAFT - NOT SENT"}
ACTIONS = {
    "land": "Man stations, report readiness, keep people under cover inside the area.",
    "sea": "Go to action stations, report readiness, keep clear of the area.",
}

SILENT = EventKind("alert.silent", "warning", "{unit} has not acknowledged {subject}: sent again, attempt {attempt}")
ESCALATED = EventKind("alert.escalated", "error", "{unit} is silent on {subject}: escalated to {to}")
WRONG_REPORTER = EventKind("alert.wrong_reporter", "warning", "{reporter} cannot acknowledge {subject}: no effect")
UNKNOWN = EventKind("alert.unknown", "warning", "acknowledgement of {subject}, which was never sent: no effect")


class Told(msgspec.Struct, kw_only=True):
    """One alert: where it stands, and what the unit was last told."""

    alert: str
    unit: str
    threat: str
    track: int
    revision: int = 0
    attempt: int = 1
    deadline_ns: int = 0
    told_ns: int = 0
    is_stood_down: bool = False
    is_acknowledged: bool = False
    is_escalated: bool = False
    is_degraded: bool = False
    rung: Rung = "PROBABLE"
    impact_ns: int | None = None
    middle_deg: tuple[float, float] | None = None
    radius_m: float = 0.0
    area_deg: Column | None = None
    cause: str = ""


class AlertMemory(msgspec.Struct, kw_only=True):
    """All that the stage remembers."""

    level: str
    crew_reaction_s: float
    alerts: dict[str, Told] = {}
    ranks: dict[str, int] = {}  # last rank of each threat that was alerted


class Alert:
    """Alerts every unit of the defence; each change of an alert is a new revision of it."""

    name: ClassVar[str] = "alert"
    takes: ClassVar[tuple[type[Message], ...]] = (Assessment, Posture, Report, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (UnitAlert, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.alert
        self._units = {unit.name: unit for unit in defence.units}
        self._marker = MARKERS[defence.origin]
        posture = defence.policy.posture
        reaction_s = posture.crew_reaction_s[posture.levels.index(posture.initial_level)]
        self.state = AlertMemory(level=posture.initial_level, crew_reaction_s=reaction_s)

    def handle(self, message: Message) -> Sequence[Message]:
        match message:
            case Assessment():
                return self._assessed(message)
            case Posture():
                self.state.level, self.state.crew_reaction_s = message.level, message.crew_reaction_s
                return []
            case Report(kind="acknowledgement"):
                return self._acknowledged(message)
            case Tick():
                return self._overdue(message)
            case _:
                return []

    def _assessed(self, assessment: Assessment) -> list[Message]:
        state, threat, rank = self.state, assessment.threat, RUNG_RANK[assessment.rung]
        if rank < RUNG_RANK["PROBABLE"] and threat not in state.ranks:
            return []
        if assessment.rung == "REFUTED":
            state.ranks[threat] = rank
            return self._stand_down(assessment)
        if rank < RUNG_RANK["PROBABLE"] or assessment.is_lost:
            return []
        state.ranks[threat] = rank
        out: list[Message] = []
        for unit in self._units:
            told = state.alerts.get(_alert_name(threat, unit))
            if told is None or told.is_stood_down:
                out.append(self._send_first(unit, told, assessment))
            elif self._is_update_due(told, assessment):
                self._tell(told, assessment)
                out.append(self._publish(told, "updated", assessment))
        return out

    def _send_first(self, unit: str, before: Told | None, assessment: Assessment) -> UnitAlert:
        name = _alert_name(assessment.threat, unit)
        told = Told(alert=name, unit=unit, threat=assessment.threat, track=assessment.track)
        told.revision = before.revision if before else 0
        told.deadline_ns = assessment.arrival_ns + ns_from_s(self._policy.acknowledge_within_s)
        self._tell(told, assessment)
        self.state.alerts[name] = told
        return self._publish(told, "sent", assessment)

    def _tell(self, told: Told, assessment: Assessment) -> None:
        told.told_ns, told.rung, told.impact_ns = assessment.arrival_ns, assessment.rung, assessment.impact_ns
        told.is_degraded, told.cause = assessment.is_degraded, assessment.id
        told.area_deg = assessment.impact_region_90_deg
        told.middle_deg, told.radius_m = _area(assessment)

    def _is_update_due(self, told: Told, assessment: Assessment) -> bool:
        now_ns = assessment.arrival_ns
        if now_ns - told.told_ns < ns_from_s(UPDATE_MIN_S) or _is_over(told, now_ns):
            return False
        if (told.impact_ns is None) != (assessment.impact_ns is None) or told.rung != assessment.rung:
            return True
        if told.impact_ns is not None and assessment.impact_ns is not None:
            moved_s = abs(s_from_ns(assessment.impact_ns - told.impact_ns))
            if moved_s > IMPACT_MOVED_S:
                return True
        middle_deg, radius_m = _area(assessment)
        if middle_deg is None or told.middle_deg is None:
            return (middle_deg is None) != (told.middle_deg is None)
        moved_m = float(np.hypot(*east_north_m(*told.middle_deg, *middle_deg)))
        if moved_m > max(AREA_MOVED_M, 0.5 * told.radius_m):
            return True
        low, high = sorted((max(radius_m, 1.0), max(told.radius_m, 1.0)))
        return high > AREA_SCALED * low and high - low > AREA_MOVED_M

    def _stand_down(self, assessment: Assessment) -> list[Message]:
        why = f"not a threat, {assessment.reason}" if assessment.reason else "not a threat"
        out: list[Message] = []
        for unit in self._units:
            told = self.state.alerts.get(_alert_name(assessment.threat, unit))
            if told is not None and not told.is_stood_down:
                told.is_stood_down = True
                out.append(self._publish(told, "stood_down", assessment, why))
        return out

    def _acknowledged(self, report: Report) -> list[Message]:
        told = self.state.alerts.get(report.subject)
        now_ns = report.arrival_ns
        if told is None:
            return [event(UNKNOWN, time_ns=now_ns, subject=report.subject, causes=_ids(report))]
        if report.reporter != told.unit:
            return [
                event(WRONG_REPORTER, time_ns=now_ns, subject=told.alert, causes=_ids(report), reporter=report.reporter)
            ]
        if told.is_acknowledged or told.is_stood_down:
            return []
        told.is_acknowledged = True
        return [self._publish(told, "acknowledged", report)]

    def _overdue(self, tick: Tick) -> list[Message]:
        out: list[Message] = []
        now_ns = tick.arrival_ns
        for told in self.state.alerts.values():
            if told.is_acknowledged or told.is_escalated or told.is_stood_down or now_ns < told.deadline_ns:
                continue
            if told.attempt <= self._policy.resend_limit and not _is_over(told, now_ns):
                told.attempt += 1
                told.deadline_ns = now_ns + ns_from_s(self._policy.acknowledge_within_s)
                out.append(self._publish(told, "resent", tick))
                out.append(
                    event(SILENT, time_ns=now_ns, subject=told.alert, causes=_ids(tick), unit=told.unit,
                          attempt=str(told.attempt))
                )  # fmt: skip
            else:
                told.is_escalated = True
                out.append(self._publish(told, "escalated", tick))
                out.append(
                    event(ESCALATED, time_ns=now_ns, subject=told.alert, causes=_ids(tick), unit=told.unit,
                          to=self._policy.escalate_to)
                )  # fmt: skip
        return out

    def _publish(self, told: Told, state: AlertState, message: Message, why: str = "") -> UnitAlert:
        told.revision += 1
        causes = tuple(dict.fromkeys(cause for cause in (told.cause, message.id) if cause))
        return UnitAlert(
            time_ns=message.arrival_ns,
            causes=causes,
            alert=told.alert,
            revision=told.revision,
            state=state,
            unit=told.unit,
            threat=told.threat,
            track=told.track,
            deadline_ns=told.deadline_ns,
            impact_ns=told.impact_ns,
            area_deg=told.area_deg,
            attempt=told.attempt,
            is_degraded=told.is_degraded,
            text=self._text(told, state, message.arrival_ns, why),
        )

    def _text(self, told: Told, state: AlertState, now_ns: int, why: str) -> str:
        if state == "stood_down":
            body = f"To {told.unit}. Stand down from the alert on track {told.track}: {why}."
        else:
            body = (
                f"To {told.unit}. {told.rung.capitalize()} ballistic missile, track {told.track}. "
                f"Threatened area: {_area_text(told)}. {_impact_text(told, now_ns)} "
                f"{ACTIONS[self._units[told.unit].kind]} "
                f"Level {self.state.level}: crew ready within {self.state.crew_reaction_s:.0f} s. "
            )
            if told.is_degraded:
                body += "Degraded mode: a kind of sensor is lost, the track cannot be confirmed. "
            if state == "escalated":
                body += f"Not acknowledged in {told.attempt} attempts, escalated to {self._policy.escalate_to}."
            elif told.is_acknowledged:
                body += "Acknowledged."
            else:
                body += f"Acknowledge by {_clock(told.deadline_ns)}."
        return f"{self._marker}. {body} {self._marker}"


def _area(assessment: Assessment) -> tuple[tuple[float, float] | None, float]:
    """Middle (lat, lon in degrees) and equal-area radius of the 90 % region; ``None, 0`` where there is no impact."""
    if assessment.impact_ecef_m is None:
        return None, 0.0
    lat_rad, lon_rad, _ = geodetic_from_ecef(*assessment.impact_ecef_m)
    middle = (float(lat_rad) / DEG, float(lon_rad) / DEG)
    region = assessment.impact_region_90_deg
    if region is None or len(region) < 4:
        return middle, 0.0
    east, north = east_north_m(*middle, region[:, 0], region[:, 1]).T
    twice_m2 = abs(float(np.sum(east[:-1] * north[1:] - east[1:] * north[:-1])))  # shoelace, closed polygon
    return middle, float(np.sqrt(0.5 * twice_m2 / np.pi))


def _area_text(told: Told) -> str:
    if told.middle_deg is None:
        return "not known yet"
    place, away_m = nearest_place(*told.middle_deg, people_min=TOWN_PEOPLE)
    where = ", ".join(part for part in (place.name, place.admin, place.country) if part)
    lat_deg, lon_deg = told.middle_deg
    point = f"{abs(lat_deg):.2f}{'N' if lat_deg >= 0 else 'S'} {abs(lon_deg):.2f}{'E' if lon_deg >= 0 else 'W'}"
    near = f"{where}, 90 % region of {max(told.radius_m, 1000.0) / M_PER_KM:.0f} km around {point}"
    return near if away_m < 30.0 * M_PER_KM else f"{near} ({away_m / M_PER_KM:.0f} km from {place.name})"


def _impact_text(told: Told, now_ns: int) -> str:
    if told.impact_ns is None:
        return "Time of impact is not known yet."
    left_s = round(s_from_ns(told.impact_ns - now_ns))
    if left_s <= 0:
        return f"Predicted impact was at {_clock(told.impact_ns)}."
    return f"Predicted impact at {_clock(told.impact_ns)}, in {left_s // 60} min {left_s % 60:02d} s."


def _clock(time_ns: int) -> str:
    return iso_from_ns(time_ns, decimals=0)[11:19] + " UTC"


def _is_over(told: Told, now_ns: int) -> bool:
    return told.impact_ns is not None and now_ns > told.impact_ns + ns_from_s(OVER_AFTER_S)


def _alert_name(threat: str, unit: str) -> str:
    return f"{threat}/{unit}"


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if message.id else ()
