"""All that the stage remembers, and the events it declares."""

from __future__ import annotations

import msgspec

from tocsin.messages import Column, EventKind, Vec3
from tocsin.messages.assessment import Rung
from tocsin.messages.public_warning import Purpose, WarningKind
from tocsin.stages.warn.machine import Life

RANK: dict[str, int] = {"NONE": 0, "REFUTED": 0, "CUE": 1, "PROBABLE": 2, "CONFIRMED": 3}


class ThreatMemo(msgspec.Struct, kw_only=True):
    """The latest word on one threat."""

    threat: str
    rung: Rung = "NONE"
    is_degraded: bool = False
    is_lost: bool = False
    is_burning: bool = False
    heard_ns: int = 0
    stood_ns: int | None = None  # at PROBABLE or above since
    impact_ns: int | None = None  # the last one that could be said, and where
    impact_ecef_m: Vec3 | None = None
    covariance_en_m2: Column | None = None
    risk: dict[str, float] = {}  # zones to be warned, by the harm test: probability of harm, likeliest first
    zoned_ns: int = -(10**18)  # when the harm test last ran
    blocked_rank: int = 0  # a draft was rejected or expired at this rung: no new one until it rises
    hit_ns: int | None = None  # reported intercepted
    is_no_zone_said: bool = False
    cause: str = ""

    @property
    def zones(self) -> list[str]:
        return list(self.risk)


class AreaPart(msgspec.Struct, kw_only=True):
    """The latest word on the pieces of one body."""

    is_predicted: bool
    fall_start_ns: int
    fall_end_ns: int
    danger_until_ns: int
    polygon_deg: Column
    risk: dict[str, float] = {}  # zones, each with the share of the pieces that its ring of the footprint holds


class AreaMemo(msgspec.Struct, kw_only=True):
    """Dangerous ground of one incident: an engagement's, whose bodies come down apart, or an intact body's."""

    area: str
    threat: str
    engagement: str
    parts: dict[str, AreaPart] = {}
    cause: str = ""

    @property
    def is_predicted(self) -> bool:
        return any(part.is_predicted for part in self.parts.values())

    @property
    def fall_start_ns(self) -> int:
        return min(part.fall_start_ns for part in self.parts.values())

    @property
    def fall_end_ns(self) -> int:
        return max(part.fall_end_ns for part in self.parts.values())

    @property
    def danger_until_ns(self) -> int:
        return max(part.danger_until_ns for part in self.parts.values())

    @property
    def polygons_deg(self) -> list[Column]:
        return [self.parts[name].polygon_deg for name in sorted(self.parts)]

    @property
    def risk(self) -> dict[str, float]:
        out: dict[str, float] = {}
        for _, part in sorted(self.parts.items()):
            for zone, share in part.risk.items():
                out[zone] = max(share, out.get(zone, 0.0))
        return out

    @property
    def zones(self) -> list[str]:
        return sorted(self.risk)


class Seen(msgspec.Struct, kw_only=True):
    """What an approver reads in one revision of a draft."""

    zones: list[str]
    certainty: str
    at_ns: int | None  # predicted impact, or first debris on the ground


class Case(msgspec.Struct, kw_only=True):
    """One warning through all its revisions."""

    warning: str
    kind: WarningKind
    life: Life
    purpose: Purpose = "warning"  # of the text that awaits or last passed approval
    revision: int = 0
    threats: list[str] = []
    area: str = ""  # debris: its area
    polygons_deg: list[Column] = []  # debris: the areas told
    zones: list[str] = []  # most at risk first
    zones_told: list[str] = []
    history: dict[int, Seen] = {}  # each revision of the text that awaits approval
    certainty: str = "Possible"
    impact_ns: int | None = None
    is_degraded: bool = False
    drafted_ns: int = 0  # the text that awaits approval
    emitted_ns: int = 0
    expires_ns: int = 0
    is_renew_said: bool = False
    is_expiry_said: bool = False
    is_repeat_stopped: bool = False
    is_block_said: bool = False
    redraft_after_ns: int = 0
    cause: str = ""


class Find(msgspec.Struct, kw_only=True):
    """A debris find; it must be cleared before its notice ends."""

    find: str
    state: str
    warning: str


class WarnState(msgspec.Struct, kw_only=True):
    """Everything."""

    threats: dict[str, ThreatMemo] = {}
    areas: dict[str, AreaMemo] = {}
    cases: dict[str, Case] = {}
    finds: dict[str, Find] = {}
    warning_count: int = 0
    notice_count: int = 0
    is_exercise_over: bool = False


REFUSED = EventKind("warn.refused", "warning", "{subject}: {actor} asked to {action}, refused: {why}")
DRAFT_EXPIRED = EventKind("warn.draft_expired", "error", "{subject}: the draft expired unapproved, {why}")
UNSENT = EventKind("warn.expired_unsent", "error", "{subject}: approved, but it could never be sent: {why}")
SILENT_EXPIRY = EventKind("warn.silent_expiry", "error", "{subject} expired without being renewed or closed")
RENEW_DUE = EventKind("warn.renew_due", "warning", "{subject} expires in {seconds} s: renew or close it")
CLOSING_WAITS = EventKind(
    "warn.closing_waits", "error", "{subject}: the closing text has waited {seconds} s for approval"
)
NO_ZONE = EventKind("warn.no_zone", "warning", "{subject}: no populated zone lies near the predicted impact")
BREAK_GLASS = EventKind(
    "warn.break_glass", "warning", "{subject}: {actor} alone approved it under the break-glass rule"
)
STOPPED = EventKind("warn.repeat_stopped", "warning", "{subject}: {actor} stopped the repeats")
BLOCKED = EventKind("warn.text_blocked", "error", "{subject} is approved but not sent: {why}")
UNDELIVERED = EventKind("warn.undelivered", "warning", "{subject}: {channel} reports that delivery failed")
FIND = EventKind("warn.find", "info", "find {subject} is {state}, under notice {notice}")
EXERCISE_ENDED = EventKind("warn.exercise_ended", "info", "the exercise is over: {why}")
