"""warn: which zones, how many seconds; drafts, approval, sending, updates, closings; debris notices and finds.

The stage drafts by rule, so that no threat passes in silence; a person with the role approver, who wrote
none of it, lets it reach people (``machine.py``). It takes posture and engagements, but only a reported
hit has any effect: posture may never lengthen the public path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tocsin.messages import (
    Assessment,
    Command,
    DebrisArea,
    Engagement,
    Event,
    Message,
    Posture,
    PublicWarning,
    Report,
    Tick,
)
from tocsin.messages.public_warning import Purpose
from tocsin.places import zones, zones_in
from tocsin.stages.warn.areas import choose_zones
from tocsin.stages.warn.commands import CommandDesk
from tocsin.stages.warn.desk import RULE
from tocsin.stages.warn.finds import log_find
from tocsin.stages.warn.memory import (
    CLOSING_WAITS,
    DRAFT_EXPIRED,
    NO_ZONE,
    RANK,
    RENEW_DUE,
    SILENT_EXPIRY,
    UNDELIVERED,
    UNSENT,
    AreaMemo,
    AreaPart,
    Case,
    ThreatMemo,
)
from tocsin.stages.warn.wording import CLOSINGS, closed_polygon
from tocsin.units import ns_from_s, s_from_ns

ZONES_EVERY_S = 1.0  # the harm test runs at most this often for one threat, unless its rung changes
FAN_SILENT_S = 10.0  # nothing more heard of a threat under thrust
FAN_STANDS_S = 60.0  # "tracked for 60 s has a public draft" (design/warning.md)


class Warn(CommandDesk):
    """Gives every revision of every public warning and debris notice."""

    name: ClassVar[str] = "warn"
    takes: ClassVar[tuple[type[Message], ...]] = (Assessment, Posture, Engagement, DebrisArea, Report, Command, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (PublicWarning, Event)

    def handle(self, message: Message) -> Sequence[Message]:
        match message:
            case Tick():
                return self._on_tick(message)
            case Assessment():
                return self._on_assessment(message)
            case Engagement():
                return self._on_engagement(message)
            case DebrisArea():
                return self._on_area(message)
            case Report():
                return self._on_report(message)
            case Command():
                return self._on_command(message)
            case _:
                return []

    def _on_assessment(self, heard: Assessment) -> list[Message]:
        now = heard.arrival_ns
        memo = self.state.threats.setdefault(heard.threat, ThreatMemo(threat=heard.threat))
        rung_before, memo.rung, memo.is_degraded, memo.is_lost = memo.rung, heard.rung, heard.is_degraded, heard.is_lost
        memo.cause, memo.heard_ns, memo.is_burning = heard.id, now, heard.is_burning
        if heard.impact_ns is not None:
            memo.impact_ns = heard.impact_ns
        if heard.impact_ecef_m is not None and heard.impact_covariance_en_m2 is not None:
            memo.impact_ecef_m, memo.covariance_en_m2 = heard.impact_ecef_m, heard.impact_covariance_en_m2
        if self.state.is_exercise_over:
            return []
        if heard.rung == "REFUTED" and memo.hit_ns is None:
            memo.risk, memo.blocked_rank, memo.stood_ns = {}, 0, None
            return self._on_refuted(heard)
        if RANK[heard.rung] < RANK["PROBABLE"]:
            memo.stood_ns = None
            return []
        memo.stood_ns = now if memo.stood_ns is None else memo.stood_ns
        is_due = now - memo.zoned_ns >= ns_from_s(ZONES_EVERY_S) or heard.rung != rung_before or heard.is_lost
        out: list[Message] = []
        if is_due and self._is_worth_zoning(memo, now):
            out += self._zone(memo, heard)
        if memo.zones:
            out += self._cover(memo, heard)
        return out

    def _is_worth_zoning(self, memo: ThreatMemo, now_ns: int) -> bool:
        """Under thrust the impact point is a fan that moves on; but no threat passes in silence for that."""
        if not memo.is_burning or memo.is_lost:
            return True
        is_silent = now_ns - memo.heard_ns >= ns_from_s(FAN_SILENT_S)
        return is_silent or (memo.stood_ns is not None and now_ns - memo.stood_ns >= ns_from_s(FAN_STANDS_S))

    def _zone(self, memo: ThreatMemo, heard: Message) -> list[Message]:
        policy = self._policy
        if memo.impact_ecef_m is None or memo.covariance_en_m2 is None:
            return []
        memo.zoned_ns = heard.arrival_ns
        memo.risk = choose_zones(
            memo.impact_ecef_m,
            memo.covariance_en_m2,
            held=frozenset(memo.zones),
            threshold_prob=policy.harm_threshold_prob,
            release_prob=policy.harm_release_prob,
            harm_radius_m=policy.harm_radius_m,
            max_zones=policy.max_zones,
        )
        if memo.zones or memo.is_no_zone_said:
            return []
        memo.is_no_zone_said = True
        return [self._event(NO_ZONE, heard, memo.threat)]

    def _on_engagement(self, heard: Engagement) -> list[Message]:
        if heard.state == "hit":
            memo = self.state.threats.setdefault(heard.threat, ThreatMemo(threat=heard.threat))
            memo.hit_ns = heard.intercept_ns or heard.arrival_ns
        if heard.state != "miss":
            return []
        out: list[Message] = []
        for area in [a for a in self.state.areas.values() if a.engagement == heard.engagement and a.is_predicted]:
            cases = [case for case in self._open("debris") if case.area == area.area]
            for case in cases:
                if case.life.stand in ("draft", "approved"):
                    out += self._close_unsent(case, "withdraw", "rejected", heard, "the intercept was reported missed")
            if all(case.life.stand == "closed" for case in cases):
                del self.state.areas[area.area]
        return out

    def _on_area(self, heard: DebrisArea) -> list[Message]:
        known = frozenset(zones().ids)
        ids = [zone for zone in heard.zones if zone in known]
        ids = ids or [zones().ids[int(row)] for row in zones_in(heard.region_99_deg)]
        incident = heard.engagement or heard.area
        memo = self.state.areas.setdefault(
            incident, AreaMemo(area=incident, threat=heard.threat, engagement=heard.engagement)
        )
        memo.cause = heard.id
        memo.parts[heard.area] = AreaPart(
            is_predicted=heard.is_predicted,
            fall_start_ns=heard.fall_start_ns,
            fall_end_ns=heard.fall_end_ns,
            danger_until_ns=heard.danger_until_ns,
            polygon_deg=closed_polygon(heard.region_99_deg),
            risk=_shares(ids, heard),
        )
        return [] if self.state.is_exercise_over else self._notice(memo, heard)

    def _notice(self, area: AreaMemo, heard: Message) -> list[Message]:
        """The debris notice of an incident: drafted, or revised with what is new."""
        mine = [case for case in self._open("debris") if case.area == area.area]
        if not mine:
            if not area.zones:
                return [self._event(NO_ZONE, heard, area.area)]
            self.state.notice_count += 1
            case = self._new_case(f"D{self.state.notice_count:03d}", area.cause)
            case.kind, case.area, case.certainty = "debris", area.area, "Observed"
            case.threats = [area.threat] if area.threat else []
            case.zones, case.polygons_deg = self._ranked(case, area.zones), area.polygons_deg
            return self._draft(case, "warning", RULE, heard, "dangerous ground: own area, days not minutes")
        case = mine[0]
        added = sorted(set(area.zones) - set(case.zones))
        case.cause = area.cause
        if case.life.stand in ("draft", "approved"):  # until somebody is told, the notice follows the estimate
            case.zones, case.polygons_deg = self._ranked(case, area.zones or case.zones), area.polygons_deg
            if case.life.stand == "draft":
                return self._redraft(case, heard)
        elif added:
            polygons_deg = [*case.polygons_deg, *area.polygons_deg][-8:]
            ranked = self._ranked(case, [*case.zones, *added])
            reason = f"pre-agreed rule: {len(added)} zones added"
            return self._extend(case, heard, reason, ranked, polygons_deg=polygons_deg)
        return self._settle(case, heard)

    def _on_report(self, heard: Report) -> list[Message]:
        if heard.kind == "delivery" and heard.outcome == "failed":
            return [self._event(UNDELIVERED, heard, heard.subject, channel=heard.reporter)]
        if heard.kind != "find":
            return []
        area, out = log_find(self.state, heard, ns_from_s(self._policy.debris_notice_s))
        return [*out, *(self._notice(area, heard) if area is not None and not self.state.is_exercise_over else [])]

    def _cover(self, memo: ThreatMemo, heard: Message) -> list[Message]:
        """One open warning per incident and zone: join those that hold a zone, and warn the rest."""
        wanted = set(memo.zones)
        for case in self._open("missile"):
            if memo.threat not in case.threats and wanted & set(case.zones):
                case.threats = sorted([*case.threats, memo.threat])
        homes = [case for case in self._open("missile") if memo.threat in case.threats]
        if homes:
            return [note for case in homes for note in self._refresh(case, heard)]
        is_past = memo.impact_ns is not None and heard.arrival_ns >= memo.impact_ns
        if RANK[memo.rung] <= memo.blocked_rank or is_past:
            return []
        return self._open_case(memo, RULE, heard, f"{memo.threat} stands at {memo.rung}")

    def _refresh(self, case: Case, heard: Message) -> list[Message]:
        """A missile warning brought up to date with its threats."""
        now = heard.arrival_ns
        out: list[Message] = []
        elsewhere = {zone for other in self._open("missile") if other is not case for zone in other.zones}
        wanted = {z for name in case.threats for z in self.state.threats[name].zones} - (elsewhere - set(case.zones))
        certainty, impact = case.certainty, case.impact_ns
        self._take_stock(case, now)
        if case.life.stand == "told_draft" and case.purpose in CLOSINGS:
            if self._is_over(case, now):
                return out
            if case.life.authors == [RULE]:
                case.life = self._must(case, "withdraw", heard)  # two sources cannot clear each other
                case.purpose, case.history = "update", {}
        if case.life.stand in ("draft", "approved"):  # until somebody is told, the zones follow the estimate
            case.zones = self._ranked(case, wanted or case.zones)
            return self._redraft(case, heard) if case.life.stand == "draft" else self._settle(case, heard)
        added = wanted - set(case.zones)
        is_due = now - case.emitted_ns >= ns_from_s(self._policy.update_min_s) and not case.is_repeat_stopped
        is_news = certainty != case.certainty or self._is_moved(impact, case.impact_ns)
        latest = {"certainty": case.certainty, "impact_ns": case.impact_ns}
        case.certainty, case.impact_ns = certainty, impact  # as told, until the next revision tells otherwise
        if not added and not (is_news and is_due):
            return out
        what = f"{len(added)} zones added" if added else "time or certainty refreshed"
        ranked = self._ranked(case, {*case.zones, *added})
        return out + self._extend(case, heard, f"pre-agreed rule: {what}", ranked, **latest)

    def _on_refuted(self, heard: Assessment) -> list[Message]:
        out: list[Message] = []
        for case in self._open("missile"):
            if heard.threat in case.threats and case.life.stand in ("draft", "approved"):
                if all(memo.rung == "REFUTED" for memo in self._threats(case)):
                    out += self._close_unsent(case, "withdraw", "rejected", heard, "refuted before anybody was told")
            elif heard.threat in case.threats:
                out += self._closing(case, heard)
        for case in self._open("debris"):
            if case.threats == [heard.threat] and case.life.stand in ("draft", "approved"):
                out += self._close_unsent(case, "withdraw", "rejected", heard, "refuted before anybody was told")
        return out

    def _on_tick(self, heard: Tick) -> list[Message]:
        out: list[Message] = [] if self.state.is_exercise_over else self._unheard(heard)
        for case in self._open():
            if case.life.stand in ("draft", "approved"):
                out += self._settle(case, heard)
                out += self._lapse(case, heard)
            if case.life.stand == "draft":
                out += self._redraft(case, heard)
            if case.life.stand in ("told", "told_draft"):
                out += self._closing(case, heard)
                out += self._watch(case, heard)
            out += self._wait(case, heard)
        return out

    def _unheard(self, heard: Tick) -> list[Message]:
        """Threats last seen under thrust of which nothing more comes: warned from what is known."""
        out: list[Message] = []
        for memo in [m for _, m in sorted(self.state.threats.items()) if m.is_burning and m.stood_ns is not None]:
            if not memo.zones and memo.rung != "REFUTED" and self._is_worth_zoning(memo, heard.arrival_ns):
                if not memo.is_no_zone_said:
                    out += self._zone(memo, heard)
                if memo.zones:
                    out += self._cover(memo, heard)
        return out

    def _lapse(self, case: Case, heard: Message) -> list[Message]:
        """What was never sent does not linger: it expires, and says so."""
        now, why = heard.arrival_ns, ""
        if case.life.stand not in ("draft", "approved"):
            return []
        if case.kind == "missile" and self._is_past(case, now):
            why = "the predicted impact has passed"
        elif case.life.stand == "draft" and now - case.drafted_ns >= ns_from_s(self._policy.pending_limit_s):
            why = f"nobody approved it within {self._policy.pending_limit_s:.0f} s"
        elif now >= case.expires_ns:
            why = "its time of validity has passed"
        if not why:
            return []
        kind = DRAFT_EXPIRED if case.life.stand == "draft" else UNSENT
        out = self._close_unsent(case, "expire", "expired", heard, why)
        return [*out, self._event(kind, heard, case.warning, why=why)]

    def _wait(self, case: Case, heard: Message) -> list[Message]:
        """A further text for people who were told waits too long for its second person."""
        waited_s = s_from_ns(heard.arrival_ns - case.drafted_ns)
        if case.life.stand not in ("told_draft", "closing_draft") or waited_s < self._policy.pending_limit_s:
            return []
        case.drafted_ns = heard.arrival_ns  # and say so again after as long
        return [self._event(CLOSING_WAITS, heard, case.warning, seconds=f"{waited_s:.0f}")]

    def _watch(self, case: Case, heard: Message) -> list[Message]:
        """Expiry of what people were told."""
        now = heard.arrival_ns
        out: list[Message] = []
        left_s = s_from_ns(case.expires_ns - now)
        if left_s <= self._policy.renew_before_s and not case.is_renew_said:
            case.is_renew_said = True
            out.append(self._event(RENEW_DUE, heard, case.warning, seconds=f"{max(0.0, left_s):.0f}"))
        if left_s <= 0.0 and not case.is_expiry_said:
            case.is_expiry_said = True
            case.life = self._must(case, "expire", heard)
            out += [self._emit(case, "expired", heard, "silent expiry; the closing is still owed")]
            out.append(self._event(SILENT_EXPIRY, heard, case.warning))
        return out

    def _closing(self, case: Case, heard: Message) -> list[Message]:
        """Drafts the closing a told case has come to, or the more urgent one in place of another."""
        now = heard.arrival_ns
        if now < case.redraft_after_ns or not self._is_over(case, now):
            return []
        purpose: Purpose = "ended"
        if case.kind == "missile":
            memos = self._threats(case)
            if all(memo.rung == "REFUTED" and memo.hit_ns is None for memo in memos):
                purpose = "false_alarm"
            elif not any(memo.hit_ns or set(memo.zones) & set(case.zones_told) for memo in memos):
                purpose = "passed"
        is_more_urgent = purpose == "false_alarm" and case.purpose in ("ended", "passed")
        if case.life.stand == "told_draft" and case.purpose in CLOSINGS and not is_more_urgent:
            return []  # one closing is enough; only a correction takes another's place
        reason = {"false_alarm": "refuted: no threat existed", "passed": "it went by"}.get(purpose, "the event is over")
        return self._draft(case, purpose, RULE, heard, reason)


def _shares(zone_ids: list[str], area: DebrisArea) -> dict[str, float]:
    """Each zone with the share of the pieces in the innermost ring of the footprint that touches it."""
    table = zones()
    inner = {table.ids[int(row)] for row in zones_in(area.region_50_deg)}
    middle = {table.ids[int(row)] for row in zones_in(area.region_90_deg)}
    return {zone: 0.5 if zone in inner else 0.4 if zone in middle else 0.1 for zone in sorted(zone_ids)}
