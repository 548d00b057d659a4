"""inform: what may be said, to whom, every sentence traced; the host nation first, then the alliance, then the public.

A statement is drafted ``policy.release.statement_after_s`` after the event is over, and released by a
person with the role spokesperson. The next audience's draft follows the release to the one before, and
says the same: new facts revise the first draft while nobody has heard it, and after that they start
another round once everybody has heard this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

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
    Sentence,
    Statement,
    Tick,
    UnitAlert,
    Withheld,
    event,
)
from tocsin.places import zones
from tocsin.scenario.schema import Defence
from tocsin.stages.inform.facts import collect, over_ns
from tocsin.stages.inform.memory import (
    REFUSED,
    RELEASED,
    REPORT_REFUSED,
    Area,
    Draft,
    Fact,
    Find,
    Incident,
    InformState,
)
from tocsin.stages.inform.release import (
    ALWAYS_WITHHELD,
    NOT_RELEASABLE,
    OPERATIONAL_SECURITY,
    ORDER,
    RULES,
    UNSUPPORTED,
    banner,
)
from tocsin.texts import statement_sentence, texts
from tocsin.texts.render import grouped
from tocsin.units import ns_from_s

RULE = "inform"
STANDING = ("PROBABLE", "CONFIRMED")
SHOTS_REPORTED_WITHIN_S = 30.0  # after impact, a report of a shot may still come


class Inform:
    """Gives statements, one audience after the other."""

    name: ClassVar[str] = "inform"
    takes: ClassVar[tuple[type[Message], ...]] = (
        Assessment,
        Posture,
        UnitAlert,
        Engagement,
        DebrisArea,
        PublicWarning,
        Report,
        Command,
        Event,
        Tick,
    )
    gives: ClassVar[tuple[type[Message], ...]] = (Statement, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.release
        self._languages = defence.policy.warn.languages
        posture = defence.policy.posture
        self._levels_raised = frozenset(posture.levels[posture.levels.index(posture.initial_level) + 1 :])
        self._roles = {actor.name: frozenset(actor.roles) for actor in defence.actors}
        self.state = InformState()

    def handle(self, message: Message) -> Sequence[Message]:
        match message:
            case Tick():
                return self._on_tick(message)
            case Command():
                return self._on_command(message)
            case Assessment():
                self._on_assessment(message)
            case Engagement():
                self._on_engagement(message)
            case UnitAlert() if message.threat in self.state.incidents:
                self.state.incidents[message.threat].is_alerted = True
            case DebrisArea() if not message.is_predicted:
                self._on_area(message)
            case PublicWarning() if message.state in ("sent", "updated") and message.kind == "missile":
                self._on_warned(message)
            case Posture():
                self._on_posture(message)
            case Report(kind="find"):
                self.state.heard_find = Find(find=message.subject, outcome=message.outcome, cause=message.id)
            case Event(code="warn.find"):
                self._on_find_taken(message)
            case Report(kind="casualty"):
                return self._on_casualties(message)
            case _:
                pass
        return []

    # What is known

    def _on_assessment(self, heard: Assessment) -> None:
        incident = self.state.incidents.get(heard.threat)
        if incident is None:
            if heard.rung not in STANDING:
                return
            incident = Incident(threat=heard.threat, first_ns=heard.launch_ns or heard.arrival_ns, first_id=heard.id)
            self.state.incidents[heard.threat] = incident
        if heard.rung == "REFUTED" and incident.rung != "REFUTED" and not incident.outcome:
            incident.outcome_ns, incident.outcome_id = heard.arrival_ns, heard.id
        if heard.rung in STANDING or heard.rung == "REFUTED":
            incident.rung = heard.rung
        incident.latest_id = heard.id
        incident.impact_ns = heard.impact_ns if heard.impact_ns is not None else incident.impact_ns

    def _on_engagement(self, heard: Engagement) -> None:
        incident = self.state.incidents.get(heard.threat)
        if incident is None:
            return
        shots = set(incident.open_shots)
        if heard.state == "launched":
            shots.add(heard.engagement)
            if incident.launched_ns is None:
                incident.launched_ns, incident.launched_id = heard.launch_ns or heard.arrival_ns, heard.id
        elif heard.state in ("hit", "miss", "unknown"):
            shots.discard(heard.engagement)
            if incident.outcome != "hit":  # one hit is enough; a later miss does not undo it
                incident.outcome, incident.outcome_id = heard.state, heard.id
                incident.outcome_ns = heard.intercept_ns or heard.arrival_ns
        incident.open_shots = sorted(shots)

    def _on_warned(self, heard: PublicWarning) -> None:
        if self.state.told_ns is None:
            self.state.told_ns = heard.time_ns
        self.state.told_id, self.state.told_people = heard.id, max(self.state.told_people, heard.people_count)
        for threat in heard.threats:
            if threat in self.state.incidents:
                self.state.incidents[threat].is_alerted = True

    def _on_area(self, heard: DebrisArea) -> None:
        table = zones()
        rows = [table.row(zone) for zone in heard.zones]
        host = {table.names[row] for row in rows if table.countries[row] == self._policy.host_nation}
        self.state.areas[heard.area] = Area(
            home=[place for place in heard.places if place in host],
            abroad=[place for place in heard.places if place not in host],
            people_count=heard.people_count,
            cause=heard.id,
        )

    def _on_find_taken(self, heard: Event) -> None:
        """The warning desk keeps the list of finds: a report that it refuses is no fact."""
        find = self.state.heard_find
        if find is not None and find.cause in heard.causes:
            self.state.finds[find.find] = find

    def _on_casualties(self, heard: Report) -> list[Message]:
        incident, why = self.state.incidents.get(heard.subject), ""
        if heard.reporter != self._policy.casualties_from:
            why = f"{heard.reporter or 'nobody named'} does not report casualties"
        elif heard.outcome not in ("none", "some"):
            why = f"{heard.outcome or 'nothing'} is not one"
        elif incident is None:
            why = "there is no such threat"
        if incident is None or why:
            return [event(REPORT_REFUSED, time_ns=heard.arrival_ns, subject=heard.subject, why=why, causes=_own(heard))]
        incident.casualties, incident.casualties_id = heard.outcome, heard.id
        return []

    def _on_posture(self, heard: Posture) -> None:
        is_raised = heard.level in self._levels_raised
        self.state.raised_id = (self.state.raised_id or heard.id) if is_raised else ""
        self.state.concurred_id = heard.id if is_raised and heard.concurrence == "standing" else ""

    # Drafts

    def _on_tick(self, heard: Tick) -> list[Message]:
        state = self.state
        incidents = self._over(heard.arrival_ns)
        if not incidents:
            return []
        if 0 < len(state.heard_by) < len(ORDER):  # some have heard it: the next hear the same
            return [] if self._name(ORDER[len(state.heard_by)]) in state.drafts else [self._draft(heard)]
        facts = collect(state, incidents, self._policy)
        if _words(facts) == _words(state.facts):
            return []
        if state.round == 0 or state.heard_by:
            state.round, state.heard_by = state.round + 1, []
        state.facts = facts
        return [self._draft(heard)]

    def _over(self, now_ns: int) -> list[Incident]:
        """Incidents somebody was told of, if all of them have been over for long enough."""
        told = [incident for _, incident in sorted(self.state.incidents.items()) if incident.is_alerted]
        wait_ns = ns_from_s(self._policy.statement_after_s)
        for incident in told:
            end_ns = over_ns(incident)
            if end_ns is not None and incident.open_shots and incident.outcome != "hit":
                end_ns += ns_from_s(SHOTS_REPORTED_WITHIN_S)
            if end_ns is None or now_ns < end_ns + wait_ns:
                return []
        return told

    def _name(self, audience: str) -> str:
        return f"S{self.state.round:03d}-{audience.replace('_', '-')}"

    def _draft(self, heard: Message) -> Statement:
        """The facts of the round, for the next audience."""
        facts, audience = self.state.facts, ORDER[len(self.state.heard_by)]
        name = self._name(audience)
        draft = self.state.drafts.setdefault(name, Draft(statement=name, audience=audience))
        draft.state, draft.revision = "draft", draft.revision + 1
        allowed = [fact for fact in facts if audience in RULES[fact.kind].audiences]
        kinds = {fact.kind for fact in facts}
        withheld = [Withheld(fact=fact, reason=OPERATIONAL_SECURITY) for fact in ALWAYS_WITHHELD]
        withheld.append(Withheld(fact="origin_claim", reason=UNSUPPORTED))
        for kind, rule in RULES.items():
            if audience not in rule.audiences:
                withheld.append(Withheld(fact=kind, reason=NOT_RELEASABLE))
            elif kind not in kinds:
                withheld.append(Withheld(fact=kind, reason=UNSUPPORTED))
        label = banner([RULES[fact.kind].label for fact in allowed])
        draft.message = Statement(
            time_ns=heard.arrival_ns,
            causes=tuple(dict.fromkeys(i for fact in allowed for i in fact.evidence)),
            statement=name,
            revision=draft.revision,
            audience=audience,
            state="draft",
            banner=label if heard.origin != "live" else f"DRAFT - NOT SENT - {label}",
            sentences=tuple(s for language in self._languages for s in _sentences(allowed, language, heard)),
            withheld=tuple(withheld),
            drafted_by=RULE,
        )
        return draft.message

    # Release

    def _on_command(self, heard: Command) -> list[Message]:
        if heard.action != "approve_statement":
            return []
        draft = self.state.drafts.get(heard.subject)
        why = ""
        if "spokesperson" not in self._roles.get(heard.actor, frozenset()):
            why = "releasing needs the role spokesperson"
        elif draft is None:
            why = "there is no such statement"
        elif draft.state == "released":
            why = "it is released already"
        elif heard.origin == "live":
            why = "nothing with live origin is ever released"
        elif draft.state != "draft" or draft.revision != heard.revision:
            why = f"revision {heard.revision} does not await release"
        if why or draft is None or draft.message is None:
            subject = heard.subject or "a statement"
            return [
                event(
                    REFUSED, time_ns=heard.arrival_ns, subject=subject, actor=heard.actor, why=why, causes=_own(heard)
                )
            ]
        draft.state, draft.revision = "released", draft.revision + 1
        out = msgspec.structs.replace(
            draft.message,
            time_ns=heard.arrival_ns,
            causes=(*_own(heard), *draft.message.causes),
            state="released",
            revision=draft.revision,
            approved_by=heard.actor,
        )
        draft.message = None
        self.state.heard_by = [*self.state.heard_by, draft.audience]
        said = event(
            RELEASED,
            time_ns=heard.arrival_ns,
            subject=draft.statement,
            audience=draft.audience.replace("_", " "),
            actor=heard.actor,
            causes=_own(heard),
        )
        return [out, said]


def _own(heard: Message) -> tuple[str, ...]:
    return (heard.id,) if heard.id else ()


def _words(facts: list[Fact]) -> list[tuple[str, dict[str, str]]]:
    return [(fact.sentence, fact.slots) for fact in facts]


def _sentences(facts: list[Fact], language: str, heard: Message) -> list[Sentence]:
    """The facts in one language; the origin's marker is its first and last words."""
    book = texts(language)
    marker, out = book.marker[heard.origin], []
    for index, fact in enumerate(facts):
        slots = dict(fact.slots)
        if "people" in slots:
            slots["people"] = grouped(int(slots["people"]), book.number_group)
        text = statement_sentence(language, fact.sentence, **slots)
        text = f"{marker} - {text}" if index == 0 else text
        text = f"{text} - {marker}" if index == len(facts) - 1 else text
        label = RULES[fact.kind].label
        out.append(Sentence(fact=fact.kind, text=text, language=language, label=label, evidence=fact.evidence))
    return out
