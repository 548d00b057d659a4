"""The facts of a statement, each coarse, each with its evidence. Nothing but what is returned here can be said."""

from __future__ import annotations

import msgspec

from tocsin.policy import ReleasePolicy
from tocsin.stages.inform.memory import Incident, InformState
from tocsin.texts import date_text
from tocsin.units import NS_PER_S, ns_from_s

_PLACES_SAID = 5


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of fact, the sentence that says it, the sentence's slots, and the records behind it."""

    kind: str  # as in the release rules
    sentence: str  # as in the texts
    slots: dict[str, str] = {}
    evidence: tuple[str, ...]


def collect(state: InformState, incidents: list[Incident], policy: ReleasePolicy, now_id: str) -> list[Fact]:
    """All supported facts about these incidents, in reading order; a fact without evidence is left out."""
    first = min(incidents, key=lambda incident: (incident.first_ns, incident.threat))
    at_ns = first.first_ns - first.first_ns % max(1, ns_from_s(policy.time_grain_s))
    minute = at_ns // NS_PER_S // 60
    when = {"date": date_text(at_ns), "time": f"{minute // 60 % 24:02d}:{minute % 60:02d}"}
    found = [Fact(kind="happened", sentence="happened", slots=when, evidence=_ids(first.first_id, first.latest_id))]
    found.append(_outcome(incidents))
    found += _duration(state, first, policy)
    listed = (place for _, area in sorted(state.areas.items()) for place in area.places)
    places = list(dict.fromkeys(listed))[:_PLACES_SAID]
    if places:
        evidence = _ids(*(area.cause for _, area in sorted(state.areas.items()) if area.places))
        found.append(Fact(kind="debris", sentence="debris", slots={"places": ", ".join(places)}, evidence=evidence))
    if state.finds:
        found.append(Fact(kind="find", sentence="find", evidence=_ids(*(state.finds[k] for k in sorted(state.finds)))))
    # Nobody has reported a casualty up to this record: the record itself is the evidence of that.
    found.append(Fact(kind="casualties", sentence="casualties_none", evidence=_ids(now_id)))
    if state.raised_id:
        found.append(Fact(kind="posture", sentence="posture_raised", evidence=_ids(state.raised_id)))
    if state.raised_id and state.concurred_id:
        found.append(Fact(kind="posture", sentence="posture_concurred", evidence=_ids(state.concurred_id)))
    if state.told_id and state.told_people > 0:
        people = {"people": str(state.told_people)}
        found.append(Fact(kind="people_warned", sentence="people_warned", slots=people, evidence=_ids(state.told_id)))
    return [fact for fact in found if fact.evidence]


def over_ns(incident: Incident) -> int | None:
    """When the incident was over: refuted, hit, or down; None: not yet to be said."""
    if incident.outcome == "hit" or incident.rung == "REFUTED":
        return incident.outcome_ns
    return incident.impact_ns


def _outcome(incidents: list[Incident]) -> Fact:
    """The least favourable outcome reported, for all of them: how many is not said."""
    seen = [incident for incident in incidents if incident.rung != "REFUTED" or incident.outcome]
    if not seen:
        evidence = _ids(*(incident.outcome_id or incident.latest_id for incident in incidents))
        return Fact(kind="outcome", sentence="outcome_refuted", evidence=evidence)
    evidence = _ids(*(incident.outcome_id or incident.latest_id for incident in seen))
    outcomes = {incident.outcome or "unknown" for incident in seen}
    worst = next(outcome for outcome in ("miss", "unknown", "hit") if outcome in outcomes)
    return Fact(kind="outcome", sentence=f"outcome_{worst}", evidence=evidence)


def _duration(state: InformState, first: Incident, policy: ReleasePolicy) -> list[Fact]:
    """One duration, rounded up to the grain: never two, from which a third could be had."""
    ends = [
        ("duration_below", first.launched_ns, first.launched_id),
        ("duration_warning", state.told_ns, state.told_id),
    ]
    for sentence, end_ns, cause in ends:
        if end_ns is not None and cause and end_ns >= first.first_ns:
            grain = max(1, ns_from_s(policy.time_grain_s))
            minutes = ((end_ns - first.first_ns) // grain + 1) * grain // (60 * NS_PER_S)
            slots = {"minutes": str(minutes)}
            return [Fact(kind="duration", sentence=sentence, slots=slots, evidence=_ids(first.first_id, cause))]
    return []


def _ids(*ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for i in ids if i))
