"""posture: the slow loop. A commander raises the level at once; the members' concurrence follows by silence.

The concurrence moves only along ``TRANSITIONS``. An objection suspends the concurrence, not safety:
the level holds until the commander's stated limit, and a limit that passes without a standing
concurrence takes the level back to where it was before it was raised. The review condition opens when
the level is raised and stays open until a commander closes it; closing it ends a standing concurrence,
and the limit runs again from that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from tocsin.messages import Command, Event, EventKind, Message, Posture, Tick, event
from tocsin.messages.posture import Concurrence
from tocsin.scenario.schema import Defence
from tocsin.units import ns_from_s

Trigger = Literal["raise", "recommend", "open_silence", "object", "withdraw", "deadline", "lower", "limit", "close"]

TRANSITIONS: dict[tuple[Concurrence, Trigger], Concurrence] = {
    ("none", "raise"): "none",
    ("none", "recommend"): "recommended",
    ("none", "lower"): "lowered",
    ("none", "limit"): "lowered",
    ("none", "close"): "none",
    ("recommended", "open_silence"): "under_silence",
    ("under_silence", "raise"): "none",  # a new level needs its own concurrence
    ("under_silence", "object"): "objected",
    ("under_silence", "deadline"): "standing",
    ("under_silence", "lower"): "lowered",
    ("under_silence", "limit"): "lowered",
    ("under_silence", "close"): "under_silence",
    ("objected", "raise"): "none",
    ("objected", "object"): "objected",
    ("objected", "withdraw"): "under_silence",
    ("objected", "deadline"): "under_review",
    ("objected", "lower"): "lowered",
    ("objected", "limit"): "lowered",
    ("objected", "close"): "objected",
    ("under_review", "raise"): "none",
    ("under_review", "recommend"): "recommended",
    ("under_review", "lower"): "lowered",
    ("under_review", "limit"): "lowered",
    ("under_review", "close"): "under_review",
    ("standing", "raise"): "none",
    ("standing", "lower"): "lowered",
    ("standing", "close"): "none",
    ("lowered", "raise"): "none",
    ("lowered", "recommend"): "recommended",
    ("lowered", "lower"): "lowered",
    ("lowered", "limit"): "lowered",
    ("lowered", "close"): "lowered",
}
"""From where, by what, to where. A pair that is not here is refused. Standing has no ``limit``: it does not lapse."""

NEEDED_ROLE: dict[str, str] = {
    "raise_posture": "commander",
    "recommend_posture": "commander",
    "lower_posture": "commander",
    "close_review": "commander",
    "object": "member",
    "concur": "member",
}

WRONG_ROLE = EventKind(
    "posture.wrong_role", "warning", "{subject} asked to {action} without the role {role}: no effect"
)
REFUSED = EventKind("posture.refused", "warning", "{subject} asked to {action}: no effect, {why}")
LAPSED = EventKind("posture.lapsed", "warning", "the commander's limit has passed: level {subject} again")


class PostureState(msgspec.Struct, kw_only=True):
    """All that the stage remembers."""

    is_announced: bool = False
    level: str
    fallback_level: str
    concurrence: Concurrence = "none"
    objections: list[str] = []
    silence_until_ns: int | None = None
    level_until_ns: int | None = None
    is_review_open: bool = False
    decided_by: str = ""


class PostureStage:
    """Keeps level and concurrence; publishes at its first message and on every change."""

    name: ClassVar[str] = "posture"
    takes: ClassVar[tuple[type[Message], ...]] = (Command, Tick)
    gives: ClassVar[tuple[type[Message], ...]] = (Posture, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.posture
        self._roles = {actor.name: actor.roles for actor in defence.actors}
        initial = self._policy.initial_level
        self.state = PostureState(level=initial, fallback_level=initial)

    def handle(self, message: Message) -> Sequence[Message]:
        out: list[Message] = []
        if not self.state.is_announced:
            self.state.is_announced = True
            out.append(self._posture(message))
        self._let_time_pass(message, out)
        if isinstance(message, Command) and message.action in NEEDED_ROLE:
            self._decide(message, out)
        return out

    def _let_time_pass(self, message: Message, out: list[Message]) -> None:
        """Silence deadline and level limit, in the order in which they fell; at the same instant silence first."""
        state, now_ns = self.state, message.arrival_ns
        while True:
            silence_ns, limit_ns = state.silence_until_ns, state.level_until_ns
            is_silence_over = silence_ns is not None and silence_ns <= now_ns
            is_limit_over = limit_ns is not None and limit_ns <= now_ns
            if is_silence_over and not (is_limit_over and (limit_ns or 0) < (silence_ns or 0)):
                self._move("deadline")
                state.silence_until_ns = None
                if state.concurrence == "standing":
                    state.level_until_ns = None  # it stands until the threat subsides: the review condition
                out.append(self._posture(message))
            elif is_limit_over:
                self._move("limit")
                self._end_procedure()
                state.level, state.level_until_ns = state.fallback_level, None
                out.append(event(LAPSED, time_ns=now_ns, subject=state.level, causes=_ids(message)))
                out.append(self._posture(message))
            else:
                return

    def _decide(self, command: Command, out: list[Message]) -> None:
        role = NEEDED_ROLE[command.action]
        if role not in self._roles.get(command.actor, ()):
            out.append(
                event(WRONG_ROLE, time_ns=command.arrival_ns, subject=command.actor or "nobody", causes=_ids(command),
                      action=command.action, role=role)
            )  # fmt: skip
            return
        match command.action:
            case "raise_posture":
                why = self._raise(command)
            case "recommend_posture":
                why = self._recommend(command, out)
            case "lower_posture":
                why = self._lower(command)
            case "close_review":
                why = self._close_review(command)
            case "object":
                why = self._object(command)
            case _:
                why = self._concur(command)
        if why:
            out.append(
                event(REFUSED, time_ns=command.arrival_ns, subject=command.actor, causes=_ids(command),
                      action=command.action, why=why)
            )  # fmt: skip
        else:
            out.append(self._posture(command))

    def _raise(self, command: Command) -> str:
        state, levels = self.state, self._policy.levels
        rank = levels.index(state.level)
        wanted = command.level or levels[min(rank + 1, len(levels) - 1)]
        if wanted not in levels:
            return f"there is no level {wanted!r}"
        if levels.index(wanted) < rank or wanted == levels[0]:
            return f"{wanted} is not above {state.level}"
        if command.until_ns is not None and command.until_ns <= command.arrival_ns:
            return "the stated limit has already passed"
        if wanted == state.level and state.concurrence == "standing":
            return "the members' concurrence already keeps this level"
        if wanted != state.level:
            self._move("raise")
            self._end_procedure()
            if state.level_until_ns is None:
                state.fallback_level = state.level
        state.level, state.decided_by = wanted, command.actor
        state.level_until_ns = command.until_ns or command.arrival_ns + ns_from_s(self._policy.level_limit_s)
        state.is_review_open = True
        return ""

    def _recommend(self, command: Command, out: list[Message]) -> str:
        state = self.state
        if state.level == self._policy.levels[0]:
            return f"level {state.level} needs no concurrence"
        if command.level and command.level != state.level:
            return f"the level in force is {state.level}, not {command.level}"
        if not self._move("recommend"):
            return f"the concurrence is {state.concurrence}"
        deadline_ns = command.arrival_ns + ns_from_s(self._policy.silence_s)
        if command.until_ns is not None and command.until_ns > command.arrival_ns:
            deadline_ns = command.until_ns
        out.append(self._posture(command))
        self._move("open_silence")
        state.silence_until_ns = deadline_ns
        state.objections = []
        return ""

    def _lower(self, command: Command) -> str:
        state, levels = self.state, self._policy.levels
        wanted = command.level or levels[0]
        if wanted not in levels:
            return f"there is no level {wanted!r}"
        if levels.index(wanted) >= levels.index(state.level):
            return f"{wanted} is not below {state.level}"
        self._move("lower")
        self._end_procedure()
        state.level, state.decided_by, state.level_until_ns = wanted, command.actor, None
        state.fallback_level = wanted
        return ""

    def _close_review(self, command: Command) -> str:
        state = self.state
        if not state.is_review_open:
            return "no review condition is open"
        was_standing = state.concurrence == "standing"
        self._move("close")
        state.is_review_open = False
        if was_standing and state.level != self._policy.levels[0]:
            state.level_until_ns = command.arrival_ns + ns_from_s(self._policy.level_limit_s)
        return ""

    def _object(self, command: Command) -> str:
        state = self.state
        if not command.reason.strip():
            return "an objection needs a reason, in writing"
        if (state.concurrence, "object") not in TRANSITIONS:
            return f"the concurrence is {state.concurrence}"
        if command.actor in state.objections:
            return "this member already objects"
        self._move("object")
        state.objections = sorted([*state.objections, command.actor])
        return ""

    def _concur(self, command: Command) -> str:
        state = self.state
        if state.concurrence != "objected" or command.actor not in state.objections:
            return "silence is consent: only a member that objects has something to withdraw"
        state.objections = [name for name in state.objections if name != command.actor]
        if not state.objections:
            self._move("withdraw")
        return ""

    def _move(self, trigger: Trigger) -> bool:
        after = TRANSITIONS.get((self.state.concurrence, trigger))
        if after is not None:
            self.state.concurrence = after
        return after is not None

    def _end_procedure(self) -> None:
        self.state.silence_until_ns = None
        self.state.objections = []

    def _posture(self, message: Message) -> Posture:
        state = self.state
        reaction_s = self._policy.crew_reaction_s[self._policy.levels.index(state.level)]
        return Posture(
            time_ns=message.arrival_ns,
            causes=_ids(message),
            level=state.level,
            concurrence=state.concurrence,
            crew_reaction_s=reaction_s,
            members_count=self._policy.members_count,
            objections=tuple(state.objections),
            silence_until_ns=state.silence_until_ns,
            level_until_ns=state.level_until_ns,
            is_review_open=state.is_review_open,
            decided_by=state.decided_by,
        )


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if message.id else ()
