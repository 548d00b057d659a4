"""Scripted people: what each does at a set time, and how each answers what the pipeline says.

They see pipeline messages only. A unit acknowledges an alert; an approver approves a drafted warning; the
authority authorises a planned engagement; a spokesperson releases a drafted statement; a channel reports
delivery. Where several hold a role, the first who is present answers, and nobody answers their own draft.
An absent person or unit never does. Answers come after the stated delay, give or take a fifth, drawn by
(seed, run, name, how often this one has answered): one person's delays do not move when another is added.
"""

from __future__ import annotations

import typing
import zlib

import msgspec
import numpy as np

from tocsin.errors import ScenarioError
from tocsin.messages import (
    Action,
    Command,
    DebrisArea,
    Engagement,
    Message,
    PublicWarning,
    Report,
    Statement,
    UnitAlert,
)
from tocsin.messages.report import Outcome, ReportKind
from tocsin.policy import Role
from tocsin.scenario.schema import Actor, Cast, Defence
from tocsin.units import ns_from_s

JITTER_RATIO = 0.2  # a delay varies by this share, evenly, either way
DELIVERY_S = 2.0  # a channel reports after this
ACTIONS: frozenset[str] = frozenset(typing.get_args(Action))


class People:
    """Everyone around one pipeline. ``hear`` answers with messages of the future: their ``arrival_ns`` is set."""

    def __init__(self, defence: Defence, cast: Cast, seed: int, run_index: int = 0) -> None:
        self._origin, self._policy = defence.origin, defence.policy
        self._scripts = cast.scripts
        self._seed = seed
        self._run_index = run_index
        self._units = {unit.name: unit for unit in cast.units}
        self._actors = {actor.name: actor for actor in cast.actors}
        self._answers: dict[str, int] = {}
        self._deciding: dict[tuple[str, str, str], int] = {}
        self._counted: set[str] = set()  # threats whose casualties are asked for

    def start(self, epoch_ns: int) -> list[Message]:
        """The scripted Commands, each exactly ``after_s`` past the epoch, in order of time.

        Raises ScenarioError for an action that does not exist.
        """
        out: list[Message] = []
        for script in sorted(self._scripts, key=lambda script: script.after_s):
            if script.action not in ACTIONS:
                raise ScenarioError(
                    "script asks for an action that does not exist",
                    where=f"scripts.{script.actor}",
                    value=script.action,
                    remedy=f"use one of: {', '.join(sorted(ACTIONS))}",
                )
            actor = self._actors.get(script.actor)
            if actor is None or actor.is_absent:
                continue
            arrival_ns = epoch_ns + ns_from_s(script.after_s)
            command = self._command(actor, script.action, arrival_ns)
            out.append(msgspec.structs.replace(command, level=script.level, reason=script.reason))
        return out

    def hear(self, message: Message) -> list[Message]:
        """What people answer to one pipeline message, each answer with the time at which it arrives."""
        match message:
            case UnitAlert(state="sent" | "resent" | "escalated"):
                return self._acknowledge(message)
            case PublicWarning(state="draft"):
                return self._decide("approver", "approve_warning", message, message.warning, message.drafted_by)
            case PublicWarning(state="approved" | "rejected" | "expired"):
                return []
            case PublicWarning():
                return self._deliver(message)
            case Engagement(state="planned"):
                role = self._policy.engage.authority_role
                return self._decide(role, "authorise_engagement", message, message.engagement, "")
            case Statement(state="draft"):
                return self._decide("spokesperson", "approve_statement", message, message.statement, message.drafted_by)
            case DebrisArea(is_predicted=False):
                return self._count_casualties(message)
            case _:
                return []

    def _count_casualties(self, area: DebrisArea) -> list[Message]:
        """Once for each threat, some time after the first of it is down: as the exercise has it, none so far."""
        actor = self._actors.get(self._policy.release.casualties_from)
        if actor is None or actor.is_absent or area.threat in self._counted:
            return []
        self._counted.add(area.threat)
        down = msgspec.structs.replace(area, arrival_ns=max(area.arrival_ns, area.fall_start_ns))
        report = self._report(down, "casualty", actor.name, actor.delay_s, area.threat, area.revision, "none")
        return [msgspec.structs.replace(report, text="no casualties reported so far")]

    def _acknowledge(self, alert: UnitAlert) -> list[Message]:
        unit = self._units.get(alert.unit)
        if unit is None or unit.is_absent:
            return []
        return [
            self._report(alert, "acknowledgement", unit.name, unit.acknowledge_delay_s, alert.alert, alert.revision)
        ]

    def _deliver(self, warning: PublicWarning) -> list[Message]:
        """Every channel that a sent revision or a closing went to says that it arrived."""
        return [
            self._report(warning, "delivery", channel, DELIVERY_S, warning.warning, warning.revision, "delivered")
            for channel in warning.channels
        ]

    def _decide(
        self,
        role: Role,
        action: Action,
        message: PublicWarning | Engagement | Statement,
        subject: str,
        drafted_by: str,
    ) -> list[Message]:
        actor = self._present(role, drafted_by)
        # an approver already reading a warning does not start again for a newer draft of the same; a plan or a
        # statement that changed under the reader must be read again
        reading = message.purpose if isinstance(message, PublicWarning) else f"revision {message.revision}"
        if actor is None or self._deciding.get((actor.name, subject, reading), 0) > message.arrival_ns:
            return []
        due_ns = message.arrival_ns + self._delay_ns(actor.name, actor.delay_s)
        self._deciding[(actor.name, subject, reading)] = due_ns
        command = self._command(actor, action, due_ns)
        causes = (message.id,) if message.id else ()
        return [msgspec.structs.replace(command, subject=subject, revision=message.revision, causes=causes)]

    def _present(self, role: Role, drafted_by: str) -> Actor | None:
        for actor in self._actors.values():
            if role in actor.roles and not actor.is_absent and actor.name != drafted_by:
                return actor
        return None

    def _command(self, actor: Actor, action: Action, arrival_ns: int) -> Command:
        return Command(
            time_ns=arrival_ns,
            arrival_ns=arrival_ns,
            origin=self._origin,
            source=actor.name,
            actor=actor.name,
            action=action,
        )

    def _report(
        self,
        message: Message,
        kind: ReportKind,
        reporter: str,
        delay_s: float,
        subject: str,
        revision: int,
        outcome: Outcome = "",
    ) -> Report:
        arrival_ns = message.arrival_ns + self._delay_ns(reporter, delay_s)
        return Report(
            time_ns=arrival_ns,
            arrival_ns=arrival_ns,
            origin=self._origin,
            source=reporter,
            causes=(message.id,) if message.id else (),
            kind=kind,
            reporter=reporter,
            subject=subject,
            revision=revision,
            outcome=outcome,
        )

    def _delay_ns(self, name: str, delay_s: float) -> int:
        count = self._answers.get(name, 0)
        self._answers[name] = count + 1
        key = (self._run_index, zlib.crc32(name.encode()), count)
        word = int(np.random.SeedSequence(self._seed, spawn_key=key).generate_state(1, np.uint64)[0])
        share = word / 2.0**64  # [0, 1)
        return ns_from_s(delay_s * (1.0 + JITTER_RATIO * (2.0 * share - 1.0)))
