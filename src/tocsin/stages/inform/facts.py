"""The facts of a statement, each coarse, each with its evidence. Nothing but what is returned here can be said."""

from __future__ import annotations

import itertools

from tocsin.policy import ReleasePolicy
from tocsin.stages.inform.memory import Fact, Incident, InformState
from tocsin.texts import date_text
from tocsin.units import NS_PER_S, ns_from_s

_PLACES_SAID = 5


def collect(state: InformState, incidents: list[Incident], policy: ReleasePolicy) -> list[Fact]:
    """All supported facts about these incidents, in reading order; a fact without evidence is left out."""
    first = min(incidents, key=lambda incident: (incident.first_ns, incident.threat))
    at_ns = first.first_ns - first.first_ns % max(1, ns_from_s(policy.time_grain_s))
    minute = at_ns // NS_PER_S // 60
    when = {"date": date_text(at_ns), "time": f"{minute // 60 % 24:02d}:{minute % 60:02d}"}
    found = [Fact(kind="happened", sentence="happened", slots=when, evidence=_ids(first.first_id, first.latest_id))]
    found.append(_outcome(incidents))
    found += _duration(state, first, policy)
    found += _debris(state)
    finds = [find for _, find in sorted(state.finds.items()) if find.outcome != "cleared"]
    if finds:
        is_secured = all(find.outcome == "cordoned" for find in finds)
        sentence = "find" if is_secured else "find_reported"
        found.append(Fact(kind="find", sentence=sentence, evidence=_ids(*(find.cause for find in finds))))
    found += _casualties(_not_refuted(incidents))
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
    seen = _not_refuted(incidents)
    if not seen:
        evidence = _ids(*(incident.outcome_id or incident.latest_id for incident in incidents))
        return Fact(kind="outcome", sentence="outcome_refuted", evidence=evidence)
    evidence = _ids(*(incident.outcome_id or incident.latest_id for incident in seen))
    outcomes = {incident.outcome or "unknown" for incident in seen}
    worst = next(outcome for outcome in ("miss", "unknown", "hit") if outcome in outcomes)
    return Fact(kind="outcome", sentence=f"outcome_{worst}", evidence=evidence)


def _not_refuted(incidents: list[Incident]) -> list[Incident]:
    return [incident for incident in incidents if incident.rung != "REFUTED" or incident.outcome]


def _debris(state: InformState) -> list[Fact]:
    """Districts, one from each area in turn, most people first, the host nation's before all others."""
    areas = sorted(state.areas.values(), key=lambda area: -area.people_count)
    said: dict[str, list[str]] = {}
    for lists in ([area.home for area in areas], [area.abroad for area in areas]):
        for row in itertools.zip_longest(*lists):
            for area, place in zip(areas, row, strict=True):
                if place is not None and (place in said or len(said) < _PLACES_SAID):
                    said.setdefault(place, []).append(area.cause)
    if not said:
        return []
    evidence = _ids(*(cause for causes in said.values() for cause in causes))
    return [Fact(kind="debris", sentence="debris", slots={"places": ", ".join(said)}, evidence=evidence)]


def _casualties(incidents: list[Incident]) -> list[Fact]:
    """That there were some is said once it is reported of one; that there were none, when it is of all."""
    some = [incident for incident in incidents if incident.casualties == "some"]
    none = [incident for incident in incidents if incident.casualties == "none"]
    if some or (none and len(none) == len(incidents)):
        evidence = _ids(*(incident.casualties_id for incident in some or none))
        return [Fact(kind="casualties", sentence=f"casualties_{'some' if some else 'none'}", evidence=evidence)]
    return []


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
