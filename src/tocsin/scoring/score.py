"""One run against its truth: per threat what was judged, foreseen and won; for the run what was raised for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import CLASSES, Assessment, Message, PublicWarning, TrackUpdates, UnitAlert
from tocsin.policy import WarnPolicy
from tocsin.scoring.errors import ground_distance_m, impact_nees, region_area_km2, region_holds
from tocsin.scoring.impact_zones import zones_at
from tocsin.scoring.match import match_threats
from tocsin.units import NS_PER_S, ns_from_s, s_from_ns
from tocsin.world import ThreatTruth, WorldTruth

AFTER_RADAR_S = 120.0  # regions are judged this long after first radar contact
IMPACT_EVERY_S = 30.0
_MISSILE = CLASSES.index("ballistic_missile")
_TOLD = ("sent", "updated")


class ImpactError(msgspec.Struct, frozen=True, kw_only=True):
    """One predicted impact point against the true one (that of the flight without intercept)."""

    after_launch_s: float
    error_m: float
    area_90_km2: float | None
    is_burning: bool


class WarnedPeople(msgspec.Struct, frozen=True, kw_only=True):
    """People first reached by one revision of a warning, and the seconds they had."""

    seconds_left: float
    people: int


class ThreatScore(msgspec.Struct, frozen=True, kw_only=True):
    """One true threat. None: it did not come to that."""

    threat: str
    names: tuple[str, ...]  # what the pipeline called it
    best_class: str | None = None  # of the last assessment that had seen enough
    missile_prob: float | None = None
    is_confirmed: bool = False
    confirmed_after_s: float | None = None  # from the true launch, as all below
    cue_after_s: float | None = None
    probable_after_s: float | None = None
    launch_error_s: float | None = None  # estimated minus true
    launch_error_m: float | None = None
    launch_in_90: bool | None = None
    first_radar_after_s: float | None = None
    impacts: tuple[ImpactError, ...] = ()
    in_50: bool | None = None  # the region 120 s after first radar contact holds the true impact
    in_90: bool | None = None
    in_99: bool | None = None
    area_90_km2: float | None = None
    impact_error_m: float | None = None
    impact_error_s: float | None = None  # predicted minus true
    impact_nees: float | None = None  # normalised squared error, two degrees of freedom
    draft_after_s: float | None = None
    sent_after_s: float | None = None
    warning_s: float | None = None  # from first sending to the true impact
    impact_zone_warned: bool | None = None  # a zone at the true impact was told before it; None: nobody lives there
    people_warned_at_impact: int = 0  # in the zones at the true impact that were told before it
    warning_s_at_impact: float | None = None  # from the first telling of such a zone to the true impact
    people_seconds_at_impact: float = 0.0
    warned: tuple[WarnedPeople, ...] = ()  # everybody, rightly or not
    people_warned: int = 0  # sum of ``warned``: wherever they live
    people_seconds: float = 0.0  # of ``warned``


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    threats: tuple[ThreatScore, ...]
    stages: tuple[str, ...]  # names that are spent stages of true launches: no threats, and nothing false
    confirmed: tuple[str, ...]  # names that ever stood on CONFIRMED
    false_confirmed: tuple[str, ...]  # ... of which these are neither a true threat nor a stage, as in all below
    false_threats: tuple[str, ...]  # names that reached PROBABLE
    false_alerts: int  # units told of one
    public_drafts: int  # missile warnings that were drafted
    false_drafts: int  # ... for none but such


def score(
    messages: Sequence[Message], truth: WorldTruth, *, harm_radius_m: float = WarnPolicy().harm_radius_m
) -> Score:
    """Join a run's messages, in the order handled, with its truth.

    Rightly warned are the people of the zones that the true impact, without intercept, lies in or comes within
    ``harm_radius_m`` of.
    """
    by_name: dict[str, list[Assessment]] = {}
    for message in messages:
        if isinstance(message, Assessment) and message.rung != "NONE":
            by_name.setdefault(message.threat, []).append(message)
    owners, stages = match_threats(by_name, truth)
    warnings = [m for m in messages if isinstance(m, PublicWarning) and m.kind == "missile"]
    contacts = _first_radar(messages)
    known = {*owners, *stages}
    reached = {name: {m.rung for m in history} for name, history in by_name.items()}
    confirmed = tuple(sorted(name for name, rungs in reached.items() if "CONFIRMED" in rungs))
    probable = sorted(name for name, rungs in reached.items() if rungs & {"PROBABLE", "CONFIRMED"})
    alerts = {m.alert for m in messages if isinstance(m, UnitAlert) and m.threat not in known}
    drafts: dict[str, set[str]] = {}
    for warning in warnings:
        drafts.setdefault(warning.warning, set()).update(warning.threats)
    return Score(
        threats=tuple(_one(threat, owners, by_name, warnings, contacts, harm_radius_m) for threat in truth.threats),
        stages=tuple(sorted(stages)),
        confirmed=confirmed,
        false_confirmed=tuple(name for name in confirmed if name not in known),
        false_threats=tuple(name for name in probable if name not in known),
        false_alerts=len(alerts),
        public_drafts=len(drafts),
        false_drafts=sum(1 for threats in drafts.values() if not threats & known),
    )


def _first_radar(messages: Sequence[Message]) -> dict[int, int]:
    """Track to the time of the first update that rests on a radar plot."""
    found: dict[int, int] = {}
    for message in messages:
        if isinstance(message, TrackUpdates):
            counts = message.radar_count.tolist()
            for track, count in zip(message.track.tolist(), counts, strict=True):
                if count >= 1:
                    found.setdefault(track, message.time_ns)
    return found


def _one(
    truth: ThreatTruth,
    owners: dict[str, str],
    by_name: dict[str, list[Assessment]],
    warnings: list[PublicWarning],
    contacts: dict[int, int],
    harm_radius_m: float,
) -> ThreatScore:
    names = tuple(sorted(name for name, owner in owners.items() if owner == truth.name))
    history = sorted((m for name in names for m in by_name[name]), key=lambda m: (m.arrival_ns, m.threat, m.revision))
    warned = [w for w in warnings if set(w.threats) & set(names)]
    concerned = zones_at(truth.impact_latitude_deg, truth.impact_longitude_deg, harm_radius_m)
    if not history:
        return ThreatScore(threat=truth.name, names=names, impact_zone_warned=False if concerned else None)

    def after_launch_s(time_ns: int) -> float:
        return s_from_ns(time_ns - truth.launch_ns)

    def rung_after_s(*rungs: str) -> float | None:
        return next((after_launch_s(m.arrival_ns) for m in history if m.rung in rungs), None)

    last = next((m for m in reversed(history) if not m.is_lost), history[-1])
    result = ThreatScore(
        threat=truth.name,
        names=names,
        best_class=last.best_class,
        missile_prob=last.class_prob[_MISSILE],
        is_confirmed=any(m.rung == "CONFIRMED" for m in history),
        confirmed_after_s=rung_after_s("CONFIRMED"),
        probable_after_s=rung_after_s("PROBABLE", "CONFIRMED"),
        cue_after_s=rung_after_s("CUE", "PROBABLE", "CONFIRMED"),
        impacts=_impact_errors(history, truth),
        draft_after_s=next((after_launch_s(w.arrival_ns) for w in warned), None),
        sent_after_s=next((after_launch_s(w.arrival_ns) for w in warned if w.state in _TOLD), None),
        warning_s=next((s_from_ns(truth.impact_ns - w.arrival_ns) for w in warned if w.state in _TOLD), None),
        warned=_warned(warned, truth),
    )
    rightly = _warned_at_impact(warned, truth, concerned)
    result = msgspec.structs.replace(
        result,
        impact_zone_warned=bool(rightly) if concerned else None,
        people_warned_at_impact=sum(w.people for w in rightly),
        warning_s_at_impact=max((w.seconds_left for w in rightly), default=None),
        people_seconds_at_impact=sum(w.seconds_left * w.people for w in rightly),
        people_warned=sum(w.people for w in result.warned),
        people_seconds=sum(max(0.0, w.seconds_left) * w.people for w in result.warned),
    )
    launched = next((m for m in reversed(history) if m.launch_ns is not None and m.launch_ecef_m is not None), None)
    if launched is not None and launched.launch_ns is not None and launched.launch_ecef_m is not None:
        result = msgspec.structs.replace(
            result,
            launch_error_s=s_from_ns(launched.launch_ns - truth.launch_ns),
            launch_error_m=ground_distance_m(launched.launch_ecef_m, truth.launch_ecef_m),
            launch_in_90=region_holds(launched.launch_region_90_deg, truth.launch_ecef_m),
        )
    contact_ns = min(
        (contacts[track] for track in sorted({m.track for m in history}) if track in contacts), default=None
    )
    if contact_ns is None:
        return result
    result = msgspec.structs.replace(result, first_radar_after_s=after_launch_s(contact_ns))
    due_ns = contact_ns + ns_from_s(AFTER_RADAR_S)
    judged = next(
        (m for m in history if m.arrival_ns >= due_ns and not m.is_lost and m.impact_ecef_m is not None), None
    )
    if judged is None or judged.impact_ecef_m is None or judged.impact_ns is None:
        return result
    return msgspec.structs.replace(
        result,
        in_50=region_holds(judged.impact_region_50_deg, truth.impact_ecef_m),
        in_90=region_holds(judged.impact_region_90_deg, truth.impact_ecef_m),
        in_99=region_holds(judged.impact_region_99_deg, truth.impact_ecef_m),
        area_90_km2=region_area_km2(judged.impact_region_90_deg),
        impact_error_m=ground_distance_m(judged.impact_ecef_m, truth.impact_ecef_m),
        impact_error_s=s_from_ns(judged.impact_ns - truth.impact_ns),
        impact_nees=impact_nees(judged, truth.impact_ecef_m),
    )


def _impact_errors(history: list[Assessment], truth: ThreatTruth) -> tuple[ImpactError, ...]:
    """One prediction in each period of 30 s after the true launch."""
    found: list[ImpactError] = []
    next_ns = truth.launch_ns
    for message in history:
        if message.impact_ecef_m is None or message.is_lost or message.arrival_ns < next_ns:
            continue
        found.append(
            ImpactError(
                after_launch_s=s_from_ns(message.arrival_ns - truth.launch_ns),
                error_m=ground_distance_m(message.impact_ecef_m, truth.impact_ecef_m),
                area_90_km2=region_area_km2(message.impact_region_90_deg),
                is_burning=message.is_burning,
            )
        )
        periods = (message.arrival_ns - truth.launch_ns) // round(IMPACT_EVERY_S * NS_PER_S) + 1
        next_ns = truth.launch_ns + periods * round(IMPACT_EVERY_S * NS_PER_S)
    return tuple(found)


def _warned_at_impact(
    warnings: list[PublicWarning], truth: ThreatTruth, concerned: dict[str, int]
) -> list[WarnedPeople]:
    """The concerned zones that were told before the true impact, each at its first telling."""
    told: dict[str, float] = {}
    for warning in warnings:
        seconds = s_from_ns(truth.impact_ns - warning.arrival_ns)
        if warning.state in _TOLD and seconds > 0.0:
            for zone in warning.zones:
                if zone in concerned:
                    told.setdefault(zone, seconds)
    return [WarnedPeople(seconds_left=seconds, people=concerned[zone]) for zone, seconds in told.items()]


def _warned(warnings: list[PublicWarning], truth: ThreatTruth) -> tuple[WarnedPeople, ...]:
    """People by seconds: each revision counts those beyond the most that any earlier one reached."""
    reached: dict[str, int] = {}
    found: list[WarnedPeople] = []
    for warning in warnings:
        if warning.state not in _TOLD:
            continue
        added = warning.people_count - reached.get(warning.warning, 0)
        if added > 0:
            reached[warning.warning] = warning.people_count
            seconds = s_from_ns(truth.impact_ns - warning.arrival_ns)
            found.append(WarnedPeople(seconds_left=seconds, people=added))
    return tuple(found)
