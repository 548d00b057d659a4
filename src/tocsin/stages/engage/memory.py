"""What the engage stage remembers, and the events it can raise."""

from __future__ import annotations

import msgspec

from tocsin.messages import Column, Engagement, EventKind, Rung, Vec3
from tocsin.messages.engagement import EngagementState
from tocsin.stages.engage.windows import Window

WAITING: frozenset[EngagementState] = frozenset({"planned", "authorised", "held"})
OPEN: frozenset[EngagementState] = WAITING | {"launched"}
FLOWN: frozenset[EngagementState] = frozenset({"launched", "hit", "miss", "unknown"})

WRONG_ROLE = EventKind("engage.wrong_role", "warning", "{actor} may not {action} on {subject}: no effect")
REFUSED = EventKind("engage.refused", "warning", "{actor} asked to {action} on {subject}: no effect, {why}")
REPORT_REFUSED = EventKind("engage.report_refused", "warning", "intercept report on {subject}: no effect, {why}")


class Crew(msgspec.Struct, kw_only=True):
    """A unit's crew: ready from a moment on, as long as one alert that it acknowledged is not stood down."""

    ready_ns: int
    alerts: list[str]
    cause: str


class Seen(msgspec.Struct, kw_only=True):
    """The last word on one threat."""

    threat: str
    track: int
    rung: Rung
    is_burning: bool
    is_lost: bool
    cause: str
    impact_ns: int | None = None
    path_ns: Column | None = None
    path_ecef_m: Column | None = None
    path_velocity_ecef_m_s: Column | None = None
    look_again_ns: int = 0
    no_window_since_ns: int | None = None
    is_no_window_told: bool = False


class Plan(msgspec.Struct, kw_only=True):
    """One engagement, field by field as its message, and what the stage needs besides."""

    engagement: str
    threat: str
    track: int
    site: str
    state: EngagementState
    shots: int
    kill_prob: float
    revision: int = 0
    shots_left: int = 0
    earliest_launch_ns: int | None = None
    latest_launch_ns: int | None = None
    looks: int = 0
    launch_ns: int | None = None
    intercept_ns: int | None = None
    intercept_ecef_m: Vec3 | None = None
    intercept_velocity_ecef_m_s: Vec3 | None = None
    authorised_by: str = ""
    authorised_cause: str = ""
    reason: str = ""
    look_again_ns: int = 0
    lost_window_since_ns: int | None = None
    told_ns: int = 0  # last revision, and the first launch it named
    told_earliest_ns: int = 0

    def foresee(self, window: Window) -> None:
        """Take over what the newest path says."""
        self.earliest_launch_ns, self.latest_launch_ns, self.looks = window.earliest_ns, window.latest_ns, window.looks
        first = window.first
        self.launch_ns, self.intercept_ns = first.launch_ns, first.intercept_ns
        self.intercept_ecef_m, self.intercept_velocity_ecef_m_s = first.position_ecef_m, first.velocity_ecef_m_s

    def publish(self, time_ns: int, causes: tuple[str, ...]) -> Engagement:
        """The next revision."""
        self.revision += 1
        self.told_ns, self.told_earliest_ns = time_ns, self.earliest_launch_ns or 0
        return Engagement(
            time_ns=time_ns,
            causes=tuple(dict.fromkeys(cause for cause in causes if cause)),
            engagement=self.engagement,
            revision=self.revision,
            state=self.state,
            threat=self.threat,
            track=self.track,
            site=self.site,
            shots=self.shots,
            shots_left=self.shots_left,
            kill_prob=self.kill_prob,
            earliest_launch_ns=self.earliest_launch_ns,
            latest_launch_ns=self.latest_launch_ns,
            looks=self.looks,
            launch_ns=self.launch_ns,
            intercept_ns=self.intercept_ns,
            intercept_ecef_m=self.intercept_ecef_m,
            intercept_velocity_ecef_m_s=self.intercept_velocity_ecef_m_s,
            authorised_by=self.authorised_by,
            reason=self.reason,
        )


class EngageMemory(msgspec.Struct, kw_only=True):
    """All that the stage remembers."""

    crew_reaction_s: float
    magazine: dict[str, int]
    crews: dict[str, Crew] = {}
    threats: dict[str, Seen] = {}
    plans: dict[str, Plan] = {}
    count: int = 0
    is_exercise_over: bool = False
