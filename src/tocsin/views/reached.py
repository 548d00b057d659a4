"""When each step of the clock was reached, and on what evidence."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Assessment, Event, Message, Posture, SensorHealth
from tocsin.views.alerts import AlertView, alerts
from tocsin.views.debris import DebrisView, debris
from tocsin.views.engagements import EngagementView, engagements
from tocsin.views.pick import moment_ns, of_kind
from tocsin.views.statements import StatementView, statements
from tocsin.views.threats import ThreatView
from tocsin.views.warnings import OUT, WarningView, warnings

STEPS: tuple[tuple[str, str], ...] = (
    ("first_detection", "First detection"),
    ("identified", "Identified as a threat"),
    ("confirmed", "Trajectory confirmed"),
    ("units_alerted", "Units alerted"),
    ("acknowledged_first", "First unit acknowledged"),
    ("acknowledged", "All units acknowledged"),
    ("public_draft", "Public warning drafted"),
    ("approved", "Public warning approved and sent"),
    ("interceptor_launched", "Interceptor launched"),
    ("intercept_or_impact", "Intercept or impact"),
    ("debris_down", "Debris down"),
    ("statement", "Statement released"),
)
"""Name and label of every step, in the order of the chain."""


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was reached; ``note`` holds words and moments (integers, ns)."""

    time_ns: int
    evidence: tuple[str, ...]
    is_estimated: bool = False
    label: str = ""
    note: tuple[str | int, ...] = ()


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The views of one record that the clock reads, made once."""

    end_ns: int
    assessments: tuple[Assessment, ...]
    alerts: tuple[AlertView, ...]
    warnings: tuple[WarningView, ...]
    engagements: tuple[EngagementView, ...]
    debris: tuple[DebrisView, ...]
    statements: tuple[StatementView, ...]
    health: tuple[SensorHealth, ...]
    postures: tuple[Posture, ...]
    events: tuple[Event, ...]

    @staticmethod
    def of(messages: Sequence[Message], end_ns: int) -> Chain:
        """The chain of a whole record."""
        return Chain(
            end_ns=end_ns,
            assessments=tuple(of_kind(messages, Assessment)),
            alerts=alerts(messages),
            warnings=warnings(messages),
            engagements=engagements(messages),
            debris=debris(messages),
            statements=statements(messages),
            health=tuple(of_kind(messages, SensorHealth)),
            postures=tuple(of_kind(messages, Posture)),
            events=tuple(of_kind(messages, Event)),
        )

    def missile_warnings(self, threat: str) -> list[WarningView]:
        return [w for w in self.warnings if w.kind == "missile" and threat in w.threats]


def reach(view: ThreatView, chain: Chain, first_plots: list[tuple[int, str]]) -> dict[str, Reached]:
    """Step name -> when and on what, for the steps that were reached."""
    found: dict[str, Reached] = {}
    if first_plots:
        time_ns, update = min(first_plots)
        found["first_detection"] = Reached(time_ns=time_ns, evidence=(update,))
    found.update(_judged(view, chain))
    found.update(_alerted(view, chain))
    found.update(_warned(view, chain))
    found.update(_engaged(view, chain))
    found.update(_fell(view, chain))
    public = [s for s in chain.statements if s.audience == "public" and s.released_ns is not None]
    if public:
        first = min(public, key=lambda s: s.released_ns or 0)
        others = released_to(chain, "host_nation", "alliance")
        found["statement"] = Reached(
            time_ns=first.released_ns or 0,
            evidence=(first.last.id,),
            note=("to the public", *(("; ", *others) if others else ())),
        )
    return found


def released_to(chain: Chain, *audiences: str) -> tuple[str | int, ...]:
    """To which of the audiences a statement was released, each with its own first time."""
    words: list[str | int] = []
    for audience in audiences:
        times = [s.released_ns for s in chain.statements if s.audience == audience and s.released_ns is not None]
        if times:
            words += [", " if words else "", f"to the {audience.replace('_', ' ')} ", min(times)]
    return tuple(words)


def _judged(view: ThreatView, chain: Chain) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    for a in chain.assessments:
        if a.threat != view.threat:
            continue
        is_named = a.best_class == "ballistic_missile" and a.rung == "CUE"
        if "identified" not in found and (is_named or a.rung in ("PROBABLE", "CONFIRMED")):
            found["identified"] = Reached(time_ns=moment_ns(a), evidence=(a.id,), note=(f"on rung {a.rung}",))
        if a.rung == "CONFIRMED":
            kinds = " and ".join(a.phenomenologies)
            found["confirmed"] = Reached(time_ns=moment_ns(a), evidence=(a.id,), note=(f"by {kinds}",) if kinds else ())
            break
    return found


def _alerted(view: ThreatView, chain: Chain) -> dict[str, Reached]:
    told = [a for a in chain.alerts if a.threat == view.threat]
    if not told:
        return {}
    first = min(told, key=lambda a: a.sent_ns)
    found = {
        "units_alerted": Reached(
            time_ns=first.sent_ns,
            evidence=(first.revisions[0].id,),
            note=(f"{len(told)} unit{'s' if len(told) > 1 else ''}",),
        )
    }
    answered = sorted((a for a in told if a.acknowledged_ns is not None), key=lambda a: a.acknowledged_ns or 0)
    if answered:
        at = [next(r for r in a.revisions if r.state == "acknowledged") for a in answered]
        found["acknowledged_first"] = Reached(
            time_ns=answered[0].acknowledged_ns or 0, evidence=(at[0].id,), note=(answered[0].unit,)
        )
        if len(answered) == len(told):
            found["acknowledged"] = Reached(
                time_ns=answered[-1].acknowledged_ns or 0,
                evidence=tuple(r.id for r in at),
                note=(f"{len(told)} of {len(told)}",),
            )
    return found


def _warned(view: ThreatView, chain: Chain) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    for warning in chain.missile_warnings(view.threat):
        mine = [w for w in warning.revisions if view.threat in w.threats]
        draft, out = mine[0], next((w for w in mine if w.state in OUT), None)
        if "public_draft" not in found or moment_ns(draft) < found["public_draft"].time_ns:
            found["public_draft"] = Reached(
                time_ns=moment_ns(draft), evidence=(draft.id,), note=_zones(len(draft.zones))
            )
        if out is not None and ("approved" not in found or moment_ns(out) < found["approved"].time_ns):
            approver = next((w.approved_by for w in mine if w.approved_by), "")
            by_whom = f"by {approver}, " if approver else ""
            found["approved"] = Reached(
                time_ns=moment_ns(out), evidence=(out.id,), note=(by_whom, *_zones(len(out.zones)))
            )
    return found


def _zones(count: int) -> tuple[str, ...]:
    return (f"{count} zone{'' if count == 1 else 's'}",)


def _engaged(view: ThreatView, chain: Chain) -> dict[str, Reached]:
    flown = [e for e in chain.engagements if e.threat == view.threat and e.launch_ns is not None]
    if not flown:
        return {}
    first = min(flown, key=lambda e: e.launch_ns or 0)
    launched = next(e for e in first.revisions if e.state in ("launched", "hit", "miss", "unknown"))
    shots = launched.shots
    note = first.site + (f", {shots} shot{'s' if shots > 1 else ''}" if shots else "")
    return {
        "interceptor_launched": Reached(
            time_ns=first.launch_ns or 0, evidence=(launched.id,), note=(note,), label="Interceptor launched"
        )
    }


def _fell(view: ThreatView, chain: Chain) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    hit = next((e for e in chain.engagements if e.threat == view.threat and e.outcome == "hit"), None)
    if hit is not None:
        time_ns = hit.intercept_ns if hit.intercept_ns is not None else hit.outcome_ns
        reported = next(e for e in hit.revisions if e.state == "hit")
        found["intercept_or_impact"] = Reached(
            time_ns=time_ns or 0,
            evidence=(reported.id,),
            label="Intercept, reported as a hit",
            note=(hit.site, ", reported at ", hit.outcome_ns or 0),
        )
    elif view.impact is not None and view.impact.impact_ns is not None and view.last.rung != "REFUTED":
        impact_ns = view.impact.impact_ns
        if impact_ns <= chain.end_ns:
            found["intercept_or_impact"] = Reached(
                time_ns=impact_ns,
                evidence=(view.impact.id,),
                is_estimated=True,
                label="Impact, as predicted",
                note=_plus_minus(view.impact.impact_std_s),
            )
    down = [d.settled for d in chain.debris if d.threat == view.threat and d.settled is not None]
    last = max(down, key=lambda d: d.fall_end_ns, default=None)
    if last is not None and last.fall_end_ns <= chain.end_ns:
        found["debris_down"] = Reached(
            time_ns=last.fall_end_ns,
            evidence=(last.id,),
            is_estimated=True,
            label="Debris down, last piece",
            note=("first piece at ", last.fall_start_ns, f", {last.kind}"),
        )
    return found


def _plus_minus(std_s: float | None) -> tuple[str, ...]:
    return () if std_s is None else (f"± {2 * std_s:.0f} s (95 %)",)
