"""What people of the warning desk may decide: draft, approve, reject, stop, correct, close, end the exercise."""

from __future__ import annotations

from tocsin.messages import Command, Message
from tocsin.messages.public_warning import Purpose, WarningState
from tocsin.stages.warn.desk import EXERCISE, Desk
from tocsin.stages.warn.machine import Act, Life, Refusal
from tocsin.stages.warn.memory import BREAK_GLASS, EXERCISE_ENDED, STOPPED, Case, Seen
from tocsin.stages.warn.wording import CLOSINGS
from tocsin.units import ns_from_s, s_from_ns

_SURENESS = {"Possible": 0, "Likely": 1, "Observed": 2}
REDRAFT_S = 60.0  # a closing that was rejected is drafted again after this
_CLOSED: dict[Purpose, WarningState] = {
    "passed": "passed",
    "ended": "ended",
    "false_alarm": "false_alarm",
    "exercise_ended": "exercise_ended",
}


class CommandDesk(Desk):
    """Commands, and the roles they need."""

    def _on_command(self, heard: Command) -> list[Message]:
        if heard.action == "end_exercise":
            return self._end_exercise(heard)
        if heard.action not in (
            "draft_warning", "approve_warning", "reject_warning", "stop_repeat", "cancel_warning", "end_warning",
        ):  # fmt: skip
            return []
        roles = self._roles.get(heard.actor, frozenset())
        case = self.state.cases.get(heard.subject)
        if heard.action == "draft_warning" and case is None:
            return self._draft_by_hand(heard)
        if not roles & {"operator", "approver", "director"}:
            return [self._refuse(heard, "the person has no role in the warning desk")]
        if case is None:
            return [self._refuse(heard, "there is no such warning")]
        match heard.action:
            case "approve_warning":
                return self._approve(case, heard)
            case "reject_warning":
                return self._reject(case, heard)
            case "stop_repeat":
                if case.is_repeat_stopped:
                    return []
                case.is_repeat_stopped = True
                return [self._event(STOPPED, heard, case.warning, actor=heard.actor)]
            case "draft_warning":
                return self._ask(case, "update", heard, "renewed")
            case "cancel_warning":
                return self._ask(case, "false_alarm", heard, "correction")
            case _:
                return self._ask(case, "ended", heard, "closed by hand")

    def _draft_by_hand(self, heard: Command) -> list[Message]:
        memo = self.state.threats.get(heard.subject)
        if "operator" not in self._roles.get(heard.actor, frozenset()):
            return [self._refuse(heard, "drafting needs the role operator")]
        if self.state.is_exercise_over or memo is None or not memo.zones:
            return [self._refuse(heard, "no threat of that name has zones to warn")]
        if any(heard.subject in case.threats for case in self._open("missile")):
            return [self._refuse(heard, "an open warning already covers it")]
        return self._open_case(memo, heard.actor, heard, heard.reason or "drafted by hand")

    def _ask(self, case: Case, purpose: Purpose, heard: Command, reason: str) -> list[Message]:
        """A person drafts a further text for those who were told: renewal, correction, closing."""
        if "operator" not in self._roles[heard.actor]:
            return [self._refuse(heard, "drafting needs the role operator")]
        if case.warning == EXERCISE:
            return [self._refuse(heard, "the end of the exercise is the director's to word")]
        if case.life.stand not in ("told", "told_draft"):
            return [self._refuse(heard, "nobody was told anything that could be renewed or closed")]
        barred = self._barred(case, purpose)
        if barred:
            return [self._refuse(heard, barred)]
        if purpose == "ended" and case.kind == "missile" and not self._is_over(case, heard.arrival_ns):
            return [self._refuse(heard, "the debris window of its zones has not closed")]
        if purpose == "update" and case.life.stand == "told_draft":
            return [self._refuse(heard, "another text for these people awaits approval")]
        return self._draft(case, purpose, heard.actor, heard, heard.reason or reason)

    def _barred(self, case: Case, purpose: Purpose) -> str:
        """Why a case may not be closed so, whoever asks; empty: nothing speaks against it."""
        finds = [f.find for f in self.state.finds.values() if f.warning == case.warning and f.state != "cleared"]
        if finds and purpose in CLOSINGS:
            return f"finds are not cleared: {', '.join(sorted(finds))}"
        standing = [memo.threat for memo in self._threats(case) if memo.rung == "CONFIRMED"]
        if standing and case.kind == "missile" and purpose == "false_alarm":
            return f"{', '.join(standing)} stands at CONFIRMED: what was seen by two kinds of sensor is refuted first"
        return ""

    def _end_exercise(self, heard: Command) -> list[Message]:
        if "director" not in self._roles.get(heard.actor, frozenset()):
            return [self._refuse(heard, "ending the exercise needs the role director")]
        case = self.state.cases.get(EXERCISE)
        if self.state.is_exercise_over or (case is not None and case.life.stand != "none"):
            return [self._refuse(heard, "it was ended before")]
        told = {zone for other in self.state.cases.values() for zone in other.zones_told}
        if not told:
            return self._close_exercise(heard, "no zone was ever told anything")
        case = case or self._new_case(EXERCISE, heard.id)
        case.zones = case.zones_told = self._ranked(case, told)
        case.certainty = "Observed"
        reason = heard.reason or "the exercise is over"
        return self._draft(case, "exercise_ended", heard.actor, heard, reason, "draft_closing")

    def _close_exercise(self, heard: Message, why: str) -> list[Message]:
        """Every other case closes with the exercise; what was never sent is withdrawn."""
        self.state.is_exercise_over = True
        out: list[Message] = []
        for case in self._open():
            if case.life.stand in ("draft", "approved"):
                out += self._close_unsent(case, "withdraw", "rejected", heard, "the exercise is over")
            elif case.life.stand in ("told", "told_draft"):
                case.life = self._must(case, "close", heard)
        return [*out, self._event(EXERCISE_ENDED, heard, "exercise", why=why)]

    def _approve(self, case: Case, heard: Command) -> list[Message]:
        seen = case.history.get(heard.revision)
        if seen is None or case.life.stand not in ("draft", "told_draft", "closing_draft"):
            return [self._refuse(heard, f"revision {heard.revision} does not await approval")]
        left_s = None if case.impact_ns is None else s_from_ns(case.impact_ns - heard.arrival_ns)
        may_break = self._policy.is_break_glass_allowed and case.kind == "missile" and case.life.stand == "draft"
        may_break = may_break and left_s is not None and 0.0 < left_s < self._policy.break_glass_below_s
        is_closing = case.purpose in CLOSINGS
        act: Act = "approve_closing" if is_closing else "approve"
        life = self._step(case, act, heard, may_break_glass=may_break)
        if isinstance(life, Refusal):
            return [self._refuse(heard, life.why)]
        if is_closing:
            return self._approve_closing(case, heard, life)
        if life.stand == "told":
            return self._renew(case, heard, life)
        stale = self._why_stale(case, seen)
        if stale:
            refused = self._refuse(heard, f"{stale}: read revision {case.revision + 1}")
            return [refused, *self._revise(case, heard, f"revision {heard.revision} was approved too late: {stale}")]
        came, went = set(case.zones) - set(seen.zones), set(seen.zones) - set(case.zones)
        since = f", {len(came)} zones added and {len(went)} zones dropped since revision {heard.revision}"
        case.life, case.cause, case.history = life, heard.id, {}
        out: list[Message] = []
        if life.is_break_glass:
            out.append(self._event(BREAK_GLASS, heard, case.warning, actor=heard.actor))
        out.append(self._emit(case, "approved", heard, f"approved by {heard.actor}" + (since if came or went else "")))
        return out + self._settle(case, heard)

    @staticmethod
    def _why_stale(case: Case, seen: Seen) -> str:
        """Why what a person read is no longer what would go out; zones that came or went fall under the agreed rule."""
        if not set(seen.zones) & set(case.zones):
            return "the area moved"
        if _SURENESS[case.certainty] < _SURENESS[seen.certainty]:
            return f"certainty fell from {seen.certainty} to {case.certainty}"
        return ""

    def _approve_closing(self, case: Case, heard: Command, life: Life) -> list[Message]:
        barred = self._barred(case, case.purpose)
        if barred and case.warning != EXERCISE:
            case.life, case.purpose, case.history = self._must(case, "withdraw", heard), "update", {}
            return [self._refuse(heard, barred)]
        state = _CLOSED[case.purpose]
        approved = f"approved by {heard.actor}"
        out = self._publish(case, state, heard, approved, life=life, cause=heard.id, history={})
        is_end = case.warning == EXERCISE and case.life.stand == "closed"
        return out + (self._close_exercise(heard, "every zone told is told so") if is_end else [])

    def _renew(self, case: Case, heard: Command, life: Life) -> list[Message]:
        return self._publish(
            case,
            "updated",
            heard,
            f"renewed, approved by {heard.actor}",
            life=life,
            cause=heard.id,
            history={},
            expires_ns=self._expiry(case, heard.arrival_ns),
            is_renew_said=False,
            is_expiry_said=False,
        )

    def _reject(self, case: Case, heard: Command) -> list[Message]:
        if not heard.reason.strip():
            return [self._refuse(heard, "a rejection needs a reason")]
        is_told = case.life.stand in ("told_draft", "closing_draft")
        life = self._step(case, "reject", heard)
        if isinstance(life, Refusal):
            return [self._refuse(heard, life.why)]
        case.cause = heard.id
        if not is_told:
            return self._close_unsent(case, "reject", "rejected", heard, f"{heard.actor}: {heard.reason}")
        out = self._emit(case, "rejected", heard, f"{heard.actor}: {heard.reason}")
        case.life, case.history, case.purpose = life, {}, "update"
        case.redraft_after_ns = heard.arrival_ns + ns_from_s(REDRAFT_S)
        return [out]
