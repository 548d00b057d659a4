"""debris: where and when fragments or an intact body come down, who lives there, and how long it stays dangerous.

A simulated launch gives predicted footprints at the predicted intercept, one area for the pieces of each body, which
come down far apart; a reported hit gives the final ones, from the newest path before it; a reported miss withdraws
them. A body whose predicted impact has passed without a reported hit lies where the assessment put it, and its area
is published where that is a place at all (``policy.debris.known_area_m2``). Footprints are computed on these events
only. Masses, pieces and the interceptor's speed are notional.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tocsin.flight.regions import polygon_area_m2
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import (
    Assessment,
    Column,
    DebrisArea,
    Engagement,
    Event,
    EventKind,
    Message,
    Rung,
    Tick,
    TrackUpdates,
    Vec3,
    event,
)
from tocsin.scenario.schema import Defence, Site
from tocsin.stages.debris.exposure import density_at, exposure
from tocsin.stages.debris.footprint import Footprint, footprint
from tocsin.stages.debris.fragments import BODY_MASS_KG, Body, fixed_pieces
from tocsin.stages.debris.memory import Broken, DebrisMemory, Falling
from tocsin.units import DEG, NS_PER_S, ns_from_s, s_from_ns

FOLLOWED: frozenset[Rung] = frozenset({"PROBABLE", "CONFIRMED"})
POSITION_STD_M = (50.0, 20_000.0)  # bounds on one sigma of the intercept point
POSITION_STD_UNKNOWN_M = 1_000.0  # where no track state was heard
IMPACT_MOVED_S = 30.0  # an intact body is published again when its impact is put off by more than this
SLOWER_RATIO = 0.3  # of the threat's speed: the most that a spent interceptor body has at the intercept

WITHDRAWN = EventKind("debris.withdrawn", "info", "{subject} missed: its predicted debris areas no longer hold")
ALOFT = EventKind(
    "debris.aloft", "warning", "{subject}, {body}: {share} of the mass does not come down within three hours"
)
VAGUE = EventKind(
    "debris.vague", "warning", "{subject} must be down, but its impact region is too wide to call any ground dangerous"
)
NOTHING_DOWN = EventKind("debris.nothing_down", "warning", "{subject}, {body}: no piece comes down, no area is given")


class Debris:
    """Publishes a DebrisArea for each body of a launched engagement and each body that was not hit."""

    name: ClassVar[str] = "debris"
    takes: ClassVar[tuple[type[Message], ...]] = (Assessment, Engagement, TrackUpdates, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (DebrisArea, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.debris
        self._look_s = defence.policy.engage.look_s
        self._harm_radius_m = defence.policy.warn.harm_radius_m
        self._danger_ns = ns_from_s(defence.policy.warn.debris_notice_s)
        self._air = defence.policy.assess
        self._sites = {site.name: site for site in defence.sites}
        self.state = DebrisMemory()

    def handle(self, message: Message) -> Sequence[Message]:
        match message:
            case TrackUpdates():
                self._tracked(message)
                return []
            case Assessment():
                self._assessed(message)
                return []
            case Engagement():
                return self._engaged(message)
            case Tick():
                return self._time_passed(message)
            case _:
                return []

    def _tracked(self, updates: TrackUpdates) -> None:
        for falling in self.state.threats.values():
            row = int(np.searchsorted(updates.track, falling.track))  # in order of track id
            if row < updates.track_count and int(updates.track[row]) == falling.track:
                spread = np.diagonal(updates.covariance[row])
                falling.state_ns = int(updates.t_ns[row])
                falling.position_std_m = float(np.sqrt(max(spread[:3].mean(), 0.0)))
                falling.velocity_std_m_s = float(np.sqrt(max(spread[3:].mean(), 0.0)))

    def _assessed(self, assessment: Assessment) -> None:
        falling = self.state.threats.get(assessment.threat)
        if falling is None:
            if assessment.rung not in FOLLOWED:
                return
            falling = Falling(threat=assessment.threat, track=assessment.track, rung=assessment.rung, cause="")
            self.state.threats[assessment.threat] = falling
        if falling.is_hit:
            return  # what is tracked now are pieces
        falling.track, falling.rung, falling.cause = assessment.track, assessment.rung, assessment.id
        if assessment.is_lost and assessment.impact_ns is None:
            return  # the last prediction stands
        falling.impact_ns, falling.impact_ecef_m = assessment.impact_ns, assessment.impact_ecef_m
        falling.impact_std_s = assessment.impact_std_s or 0.0
        falling.region_50_deg = assessment.impact_region_50_deg
        falling.region_90_deg = assessment.impact_region_90_deg
        falling.region_99_deg = assessment.impact_region_99_deg
        if assessment.path_ns is not None:
            falling.path_ns, falling.path_ecef_m = assessment.path_ns, assessment.path_ecef_m
            falling.path_velocity_ecef_m_s = assessment.path_velocity_ecef_m_s

    def _engaged(self, engagement: Engagement) -> list[Message]:
        if engagement.state not in ("launched", "hit", "miss"):
            return []
        falling = self.state.threats.get(engagement.threat)
        area = self.state.areas.setdefault(engagement.engagement, Broken())
        if falling is not None:
            waiting = {*falling.open_engagements} - {engagement.engagement}
            if engagement.state == "launched":
                waiting.add(engagement.engagement)
            falling.open_engagements = sorted(waiting)
            falling.is_hit = falling.is_hit or engagement.state == "hit"
        if engagement.state == "miss":
            if not area.revisions or area.is_withdrawn or area.is_final:
                return []
            area.is_withdrawn = True
            return [
                event(WITHDRAWN, time_ns=engagement.arrival_ns, subject=engagement.engagement, causes=_ids(engagement))
            ]
        if area.is_final:
            return []
        area.is_final = engagement.state == "hit"
        return self._broken(engagement, falling, area)

    def _broken(self, engagement: Engagement, falling: Falling | None, area: Broken) -> list[Message]:
        position, velocity = engagement.intercept_ecef_m, engagement.intercept_velocity_ecef_m_s
        intercept_ns = engagement.intercept_ns
        if position is None or velocity is None or intercept_ns is None:
            return []
        causes = _ids(engagement)
        if falling is not None:
            causes += (falling.cause,) if falling.cause else ()
            position, velocity = _newest(falling, intercept_ns) or (position, velocity)
        flown = _interceptor_velocity(self._sites.get(engagement.site), position, velocity)
        position_std_m = _position_std_m(falling, intercept_ns)
        count = self._policy.fragment_count // len(BODY_MASS_KG)
        out: list[Message] = []
        for body in BODY_MASS_KG:
            moving = flown if body == "interceptor" else velocity
            landed = footprint(fixed_pieces(body, count, self._air), position, moving, position_std_m)
            if landed is None:
                out.append(_said(NOTHING_DOWN, engagement, body, causes))
                continue
            area.revisions[body] = area.revisions.get(body, 0) + 1
            out.append(self._area(engagement, body, landed, intercept_ns, area.revisions[body], causes))
            if landed.aloft_kg > 0.0:
                share = f"{100.0 * landed.aloft_kg / BODY_MASS_KG[body]:.0f} %"
                out.append(_said(ALOFT, engagement, body, causes, share=share))
        return out

    def _area(
        self, engagement: Engagement, body: Body, landed: Footprint, intercept_ns: int, revision: int,
        causes: tuple[str, ...],
    ) -> DebrisArea:  # fmt: skip
        """The landings of one body's pieces, with who lives under them."""
        held = exposure(landed.region_90_deg, landed.region_99_deg)
        expected = self._policy.exposed_area_m2 * float(landed.hazard_count @ density_at(landed.points_deg))
        end_ns = intercept_ns + ns_from_s(float(landed.time_s.max()))
        return DebrisArea(
            time_ns=engagement.arrival_ns,
            causes=causes,
            area=f"D-{engagement.engagement}-{body}",
            revision=revision,
            kind="intercept",
            body=body,
            is_predicted=engagement.state == "launched",
            threat=engagement.threat,
            engagement=engagement.engagement,
            mean_ecef_m=landed.mean_ecef_m,
            region_50_deg=landed.region_50_deg,
            region_90_deg=landed.region_90_deg,
            region_99_deg=landed.region_99_deg,
            fall_start_ns=intercept_ns + ns_from_s(float(landed.time_s.min())),
            fall_end_ns=end_ns,
            danger_until_ns=end_ns + self._danger_ns,
            fragment_count=len(landed.time_s),
            mass_kg=float(landed.mass_kg.sum()),
            zones=held.zones,
            places=held.places,
            people_count=held.people_count,
            casualty_expectation=expected,
        )

    def _time_passed(self, tick: Tick) -> list[Message]:
        out: list[Message] = []
        for falling in self.state.threats.values():
            if falling.is_hit or falling.rung not in FOLLOWED or falling.impact_ns is None:
                continue
            wait_s = self._look_s if falling.open_engagements else 0.0  # a late report of a hit may still come
            if tick.arrival_ns < falling.impact_ns + ns_from_s(wait_s):
                continue
            is_new = falling.intact_revision == 0
            if is_new or falling.impact_ns > falling.intact_impact_ns + ns_from_s(IMPACT_MOVED_S):
                out += self._intact(falling, tick)
        return out

    def _intact(self, falling: Falling, tick: Tick) -> list[Message]:
        """The assessment's impact region, as the place of a body that came down whole."""
        region_50, region_90, region_99 = falling.region_50_deg, falling.region_90_deg, falling.region_99_deg
        if falling.impact_ns is None or falling.impact_ecef_m is None:
            return []
        if region_50 is None or region_90 is None or region_99 is None:
            return []
        if polygon_area_m2(region_90) > self._policy.known_area_m2:
            is_new, falling.is_vague_said = not falling.is_vague_said, True
            causes = tuple(cause for cause in (falling.cause, tick.id) if cause)
            return [event(VAGUE, time_ns=tick.arrival_ns, subject=falling.threat, causes=causes)] if is_new else []
        falling.intact_revision += 1
        falling.intact_impact_ns = falling.impact_ns
        held = exposure(region_90, region_99)
        # everyone within the harm radius of one impact, at the mean density of the 90 % region
        density = held.people_count / max(polygon_area_m2(region_90), 1.0)
        expected = density * np.pi * self._harm_radius_m**2
        spread_ns = ns_from_s(2.0 * falling.impact_std_s)
        return [
            DebrisArea(
                time_ns=tick.arrival_ns,
                causes=tuple(cause for cause in (falling.cause, tick.id) if cause),
                area=f"D-{falling.threat}",
                revision=falling.intact_revision,
                kind="intact",
                body="intact",
                is_predicted=False,
                threat=falling.threat,
                mean_ecef_m=falling.impact_ecef_m,
                region_50_deg=region_50,
                region_90_deg=region_90,
                region_99_deg=region_99,
                fall_start_ns=max(falling.impact_ns - spread_ns, falling.state_ns or 0),  # it was still seen flying
                fall_end_ns=falling.impact_ns + spread_ns,
                danger_until_ns=falling.impact_ns + spread_ns + self._danger_ns,
                fragment_count=1,
                mass_kg=BODY_MASS_KG["threat"],
                zones=held.zones,
                places=held.places,
                people_count=held.people_count,
                casualty_expectation=float(expected),
            )
        ]


def _newest(falling: Falling, intercept_ns: int) -> tuple[Vec3, Vec3] | None:
    """Position and velocity at the intercept on the newest path that covers it (cubic Hermite)."""
    times, position, velocity = falling.path_ns, falling.path_ecef_m, falling.path_velocity_ecef_m_s
    if times is None or position is None or velocity is None or len(times) < 2:
        return None
    if not int(times[0]) <= intercept_ns <= int(times[-1]):
        return None
    row = min(int(np.searchsorted(times, intercept_ns, side="right")) - 1, len(times) - 2)
    span_s = s_from_ns(int(times[row + 1]) - int(times[row]))
    u = s_from_ns(intercept_ns - int(times[row])) / span_s
    p0, p1, m0, m1 = position[row], position[row + 1], velocity[row] * span_s, velocity[row + 1] * span_s
    at = (2 * u**3 - 3 * u**2 + 1) * p0 + (u**3 - 2 * u**2 + u) * m0 + (3 * u**2 - 2 * u**3) * p1 + (u**3 - u**2) * m1
    return _vec3(at), _vec3((1.0 - u) * velocity[row] + u * velocity[row + 1])


def _position_std_m(falling: Falling | None, intercept_ns: int) -> float:
    """One sigma of the intercept point: the track's, grown by its velocity's up to the intercept."""
    if falling is None or falling.state_ns is None:
        return POSITION_STD_UNKNOWN_M
    ahead_s = max(intercept_ns - falling.state_ns, 0) / NS_PER_S
    grown_m = np.hypot(falling.position_std_m, falling.velocity_std_m_s * ahead_s)
    return float(np.clip(grown_m, *POSITION_STD_M))


def _interceptor_velocity(site: Site | None, position_ecef_m: Vec3, velocity_ecef_m_s: Vec3) -> Vec3:
    """Notional: away from the site, at the speed of its reach table there, and slower than the threat by far.

    The table is an average over the whole flight; a burnt-out body far from its site has lost most of it.
    """
    velocity = np.array(velocity_ecef_m_s)
    if site is None:
        return _vec3(SLOWER_RATIO * velocity)
    origin = np.array(ecef_from_geodetic(site.latitude_deg * DEG, site.longitude_deg * DEG, 0.0))
    line = np.array(position_ecef_m) - origin
    slant_m = float(np.linalg.norm(line))
    distance, time = np.array(site.reach_distance_m), np.array(site.reach_time_s)
    row = int(np.clip(np.searchsorted(distance, slant_m) - 1, 0, len(distance) - 2))
    by_table_m_s = float((distance[row + 1] - distance[row]) / (time[row + 1] - time[row]))
    speed_m_s = min(by_table_m_s, SLOWER_RATIO * float(np.linalg.norm(velocity)))
    return _vec3(line * (speed_m_s / max(slant_m, 1.0)))


def _vec3(values: Column) -> Vec3:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _said(kind: EventKind, engagement: Engagement, body: Body, causes: tuple[str, ...], **values: str) -> Event:
    name = engagement.engagement
    return event(kind, time_ns=engagement.arrival_ns, subject=name, causes=causes, body=body, **values)


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if message.id else ()
