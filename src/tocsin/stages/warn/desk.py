"""The desk: the steps a case can take, and the messages and events they give. Who may take them is ``machine.py``'s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tocsin.messages import Command, Event, EventKind, Message, PublicWarning, event
from tocsin.messages.public_warning import Purpose, WarningState
from tocsin.places import zones
from tocsin.scenario.schema import Defence
from tocsin.stages.warn.machine import Act, Life, Refusal, advance
from tocsin.stages.warn.memory import BLOCKED, RANK, REFUSED, Case, Seen, ThreatMemo, WarnState
from tocsin.stages.warn.wording import compose, problems
from tocsin.units import NS_PER_S, ns_from_s, s_from_ns

RULE = "warn"  # the drafter, where the stage drafts by rule
EXERCISE = "exercise-end"
OVER_AFTER_S = 120.0  # after impact or hit, where no debris area says when the last piece is down
RETIME_S = 30.0  # a change of predicted impact people should be told of
FORGET_S = 600.0  # after the last harm test, where no impact time was ever said


class Desk:
    """Holds the cases; subclasses say when to take which step."""

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.warn
        self._roles = {actor.name: frozenset(actor.roles) for actor in defence.actors}
        self.state = WarnState()

    def _open_case(self, memo: ThreatMemo, author: str, heard: Message, reason: str) -> list[Message]:
        self.state.warning_count += 1
        case = self._new_case(f"W{self.state.warning_count:03d}", memo.cause)
        case.threats = [memo.threat]
        case.zones = self._ranked(case, memo.zones)
        self._take_stock(case, heard.arrival_ns)
        return self._draft(case, "warning", author, heard, reason)

    def _take_stock(self, case: Case, now_ns: int) -> None:
        """Certainty, impact and degradation of a warning from those of its threats that still stand."""
        if case.kind == "debris":
            return
        live = [memo for memo in self._threats(case) if RANK[memo.rung] >= RANK["PROBABLE"]]
        if not live:
            return
        best = max(RANK[memo.rung] for memo in live)
        case.certainty = "Observed" if best == RANK["CONFIRMED"] else "Likely"
        case.is_degraded = any(memo.is_degraded for memo in live)
        times = sorted(memo.impact_ns for memo in live if memo.impact_ns is not None)
        case.impact_ns = next((t for t in times if t > now_ns), times[-1] if times else None)
        case.cause = next((memo.cause for memo in live if memo.impact_ns == case.impact_ns), case.cause)

    def _is_past(self, case: Case, now_ns: int) -> bool:
        times = [
            memo.impact_ns for memo in self._threats(case) if memo.rung != "REFUTED" and memo.impact_ns is not None
        ]
        return bool(times) and now_ns >= max(times)

    def _is_over(self, case: Case, now_ns: int) -> bool:
        """Nothing threatens its zones any more: refuted, or down with the last piece of debris."""
        if case.warning == EXERCISE:
            return False
        if case.kind == "debris":
            area = self.state.areas.get(case.area)
            is_cleared = all(f.state == "cleared" for f in self.state.finds.values() if f.warning == case.warning)
            return area is not None and now_ns >= area.danger_until_ns and is_cleared
        return all(now_ns >= self._over_ns(memo, case) for memo in self._threats(case))

    def _over_ns(self, memo: ThreatMemo, case: Case) -> int:
        if memo.rung == "REFUTED" and memo.hit_ns is None:
            return 0
        areas = [area for area in self.state.areas.values() if area.threat == memo.threat]
        falls = [area.fall_end_ns for area in areas if set(area.zones) & set(case.zones_told)]
        times = [t for t in (memo.impact_ns, memo.hit_ns) if t is not None]
        if not times:
            return memo.zoned_ns + ns_from_s(FORGET_S)
        return max([*times, *falls]) if falls else max(times) + ns_from_s(OVER_AFTER_S)

    def _new_case(self, warning: str, cause: str) -> Case:
        case = Case(warning=warning, kind="missile", life=Life(), cause=cause)
        self.state.cases[warning] = case
        return case

    def _ranked(self, case: Case, zone_ids: Iterable[str]) -> list[str]:
        """Most at risk first, to the percent; then by people."""
        area = self.state.areas.get(case.area)
        risks = [area.risk] if area else [memo.risk for memo in self._threats(case)]
        table = zones()

        def key(zone: str) -> tuple[float, int, str]:
            risk = max((risk.get(zone, 0.0) for risk in risks), default=0.0)
            return -round(risk, 2), -int(table.people_count[table.row(zone)]), zone

        return sorted(set(zone_ids), key=key)

    def _draft(
        self, case: Case, purpose: Purpose, author: str, heard: Message, reason: str, act: Act = "draft"
    ) -> list[Message]:
        life = advance(case.life, act, author, is_live=heard.origin == "live")
        if isinstance(life, Refusal):
            return [self._event(REFUSED, heard, case.warning, actor=author, action="draft", why=life.why)]
        case.life, case.purpose, case.history = life, purpose, {}
        case.drafted_ns = heard.arrival_ns
        if case.expires_ns == 0:
            case.expires_ns = self._expiry(case, heard.arrival_ns)
        return [self._emit(case, "draft", heard, reason)]

    def _revise(self, case: Case, heard: Message, reason: str) -> list[Message]:
        case.life = self._must(case, "revise", heard)
        return [self._emit(case, "draft", heard, reason)]

    def _redraft(self, case: Case, heard: Message) -> list[Message]:
        """A new revision of a draft that waits, where it has become another one: seldom, so that it can be read."""
        shown = case.history[max(case.history)]
        is_other_rung = shown.certainty != case.certainty
        is_same = set(shown.zones) == set(case.zones) and not is_other_rung
        if is_same and not self._is_moved(shown.at_ns, self._at_ns(case)):
            return []
        unseen = set(case.zones).difference(*(seen.zones for seen in case.history.values()))
        is_due = heard.arrival_ns - case.emitted_ns >= ns_from_s(self._policy.update_min_s)
        if not is_due and not (unseen and is_other_rung):
            return []
        return self._revise(case, heard, "zones, time or certainty changed before approval")

    @staticmethod
    def _is_moved(before_ns: int | None, now_ns: int | None) -> bool:
        if before_ns is None or now_ns is None:
            return before_ns is not now_ns
        return abs(now_ns - before_ns) > ns_from_s(RETIME_S)

    def _extend(self, case: Case, heard: Message, reason: str, zone_ids: list[str], **changes: Any) -> list[Message]:
        """More zones, or a newer time, to people who were told, at once: under the rule agreed beforehand."""
        pending: Purpose = case.purpose if case.life.stand == "told_draft" else "update"
        changes |= {
            "life": self._must(case, "add", heard),
            "purpose": "update",
            "zones": zone_ids,
            "zones_told": [*zone_ids, *(zone for zone in case.zones_told if zone not in zone_ids)],
        }
        out = self._publish(case, "updated", heard, reason, RULE, **changes)
        case.purpose = pending
        return out

    def _publish(
        self, case: Case, state: WarningState, heard: Message, reason: str, author: str = "", **changes: Any
    ) -> list[Message]:
        """The only way to people: the changed case if its texts pass the lint, else the case as it was and the reason.

        In        changes  what the case becomes by this revision
                  author   who wrote it, where it is not the author of the text approved last
        """
        changed = msgspec.structs.replace(case, **changes)
        message = self._compose(changed, state, heard, reason)
        wrong = problems(message, heard.origin, self._policy)
        if wrong:
            is_new, case.is_block_said = not case.is_block_said, True
            return [self._event(BLOCKED, heard, case.warning, why="; ".join(wrong))] if is_new else []
        for name, value in changes.items():
            setattr(case, name, value)
        case.is_block_said = False
        return [self._note(case, msgspec.structs.replace(message, drafted_by=author or message.drafted_by))]

    def _settle(self, case: Case, heard: Message) -> list[Message]:
        """Sends what is approved, as soon as it may be sent."""
        if case.life.stand != "approved" or heard.origin == "live" or not self._may_send(case, heard.arrival_ns):
            return []
        self._take_stock(case, heard.arrival_ns)
        reason, life = "may be sent: " + self._why_sent(case), self._must(case, "send", heard)
        return self._publish(case, "sent", heard, reason, life=life, zones_told=list(case.zones))

    def _may_send(self, case: Case, now_ns: int) -> bool:
        if case.kind == "debris":
            area = self.state.areas.get(case.area)
            return area is not None and (not area.is_predicted or now_ns >= area.fall_end_ns)
        return any(self._is_sendable(memo, now_ns) for memo in self._threats(case))

    def _is_sendable(self, memo: ThreatMemo, now_ns: int) -> bool:
        if memo.impact_ns is not None and now_ns >= memo.impact_ns:
            return False
        if memo.rung == "CONFIRMED":
            return True
        left_s = None if memo.impact_ns is None else s_from_ns(memo.impact_ns - now_ns)
        is_near = left_s is not None and left_s < self._policy.send_when_probable_below_s
        return memo.rung == "PROBABLE" and (is_near or memo.is_degraded)

    def _why_sent(self, case: Case) -> str:
        if case.kind == "debris":
            area = self.state.areas.get(case.area)
            is_intact = area is not None and not area.engagement
            return "the predicted impact has passed" if is_intact else "the event is reported"
        if case.certainty == "Observed":
            return "confirmed"
        return "probable, in degraded mode" if case.is_degraded else "probable, little time left"

    def _close_unsent(self, case: Case, act: Act, state: WarningState, heard: Message, reason: str) -> list[Message]:
        actor = heard.actor if isinstance(heard, Command) else RULE
        life = advance(case.life, act, actor, is_approver=act == "reject", is_live=heard.origin == "live")
        if isinstance(life, Refusal):
            return [self._event(REFUSED, heard, case.warning, actor=actor, action=act, why=life.why)]
        out = self._emit(case, state, heard, reason)
        case.life, case.history = life, {}
        for memo in self._threats(case):
            memo.blocked_rank = RANK[memo.rung]
        return [out]

    def _step(self, case: Case, act: Act, heard: Command, may_break_glass: bool = False) -> Life | Refusal:
        return advance(
            case.life,
            act,
            heard.actor,
            is_approver="approver" in self._roles.get(heard.actor, frozenset()),
            is_live=heard.origin == "live",
            may_break_glass=may_break_glass,
        )

    def _must(self, case: Case, act: Act, heard: Message) -> Life:
        """A step by rule that the caller has made sure of."""
        life = advance(case.life, act, RULE, is_live=heard.origin == "live")
        if isinstance(life, Refusal):
            raise AssertionError(f"{case.warning}: {life.why}")
        return life

    def _expiry(self, case: Case, now_ns: int) -> int:
        if case.kind == "missile":
            return now_ns + ns_from_s(self._policy.expiry_s)
        area = self.state.areas.get(case.area)
        return max(area.danger_until_ns if area else 0, now_ns + NS_PER_S * 3_600)

    # Words

    def _compose(self, case: Case, state: WarningState, heard: Message, reason: str) -> PublicWarning:
        area = self.state.areas.get(case.area)
        return compose(
            case,
            state,
            policy=self._policy,
            origin=heard.origin,
            now_ns=heard.arrival_ns,
            at_ns=self._at_ns(case),
            until_ns=area.fall_end_ns if area else None,
            danger_until_ns=area.danger_until_ns if area else heard.arrival_ns,
            reason=reason,
            causes=tuple(dict.fromkeys(i for i in (heard.id, case.cause) if i)),
        )

    def _at_ns(self, case: Case) -> int | None:
        area = self.state.areas.get(case.area)
        return area.fall_start_ns if area else case.impact_ns

    def _emit(self, case: Case, state: WarningState, heard: Message, reason: str) -> PublicWarning:
        return self._note(case, self._compose(case, state, heard, reason))

    def _note(self, case: Case, message: PublicWarning) -> PublicWarning:
        case.revision, case.emitted_ns = message.revision, message.time_ns
        if message.state == "draft":
            seen = Seen(zones=list(message.zones), certainty=case.certainty, at_ns=self._at_ns(case))
            case.history[message.revision] = seen
        return message

    def _open(self, kind: str = "") -> Iterator[Case]:
        found = [c for _, c in sorted(self.state.cases.items()) if c.life.stand != "closed" and kind in ("", c.kind)]
        return iter([c for c in found if c.warning != EXERCISE] if kind else found)

    def _threats(self, case: Case) -> list[ThreatMemo]:
        return [self.state.threats[name] for name in case.threats if name in self.state.threats]

    def _refuse(self, heard: Command, why: str) -> Event:
        action = heard.action.replace("_", " ")
        return self._event(REFUSED, heard, heard.subject or "exercise", actor=heard.actor, action=action, why=why)

    def _event(self, kind: EventKind, heard: Message, subject: str, **slots: str) -> Event:
        causes = (heard.id,) if heard.id else ()
        return event(kind, time_ns=heard.arrival_ns, subject=subject, causes=causes, **slots)
