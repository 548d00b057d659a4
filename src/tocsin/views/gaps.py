"""Why a step of the clock was not reached, in words drawn from the record."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.views.pick import moment_ns
from tocsin.views.reached import Chain, released_to
from tocsin.views.threats import ThreatView

Words = tuple[str | int, ...]
"""Text with moments (integers, ns) among it; the clock turns moments into times after zero."""


def why_not(name: str, view: ThreatView, chain: Chain) -> Words:
    """Why the step ``name`` was not reached for this threat; empty where the record says nothing."""
    return _WHY[name](view, chain)


def _refuted(view: ThreatView) -> Words:
    if view.last.rung != "REFUTED":
        return ()
    return ("the threat was refuted at ", view.rung_ns["REFUTED"], _because(view.rung_reason["REFUTED"]))


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def lost_sensors(chain: Chain) -> list[str]:
    """Sensors whose last word was not ok, with why: ``RADAR-1 off (switched off)``."""
    last = {h.sensor: h for h in chain.health}
    return [f"{h.sensor} {h.state}{f' ({h.reason})' if h.reason else ''}" for h in last.values() if h.state != "ok"]


def _no_confirmation(view: ThreatView, chain: Chain) -> Words:
    if view.was_degraded:
        last = {h.sensor: h for h in chain.health}
        kinds = {h.kind for h in last.values()}
        working = {h.kind for h in last.values() if h.state == "ok"}
        told = {e.subject for e in chain.events if e.code == "assess.degraded"}  # also of a kind that never was there
        missing = " or ".join(sorted(told | (kinds - working)))
        lost = lost_sensors(chain)
        said = f"degraded mode: {'no working ' + missing if missing else 'a kind of sensor is lost'}"
        return (said + (f" - {', '.join(lost)}" if lost else "") + "; CONFIRMED cannot be reached",)
    if view.last.rung == "REFUTED":
        return _refuted(view)
    kinds_seen = view.last.phenomenologies
    if len(kinds_seen) < 2:
        seen = f"only {kinds_seen[0]} saw it" if kinds_seen else "no sensor kind counts as evidence yet"
        return (f"{seen}; two independent kinds are needed",)
    return (f"it stood at {view.last.rung}{_because(view.last.reason)}",)


def _no_alert(view: ThreatView, chain: Chain) -> Words:
    return _refuted(view) or ("no unit was alerted: the defence lists none that is concerned",)


def _no_acknowledgement(view: ThreatView, chain: Chain) -> Words:
    told = [a for a in chain.alerts if a.threat == view.threat]
    if not told:
        return ("no unit was alerted",)
    silent = [a for a in told if a.acknowledged_ns is None]
    words: list[str | int] = [f"{len(silent)} of {len(told)} did not acknowledge: {', '.join(a.unit for a in silent)}"]
    tries = max(a.attempts for a in silent)
    if tries > 1:
        words.append(f"; sent {tries} times")
    escalated = [a.escalated_ns for a in silent if a.escalated_ns is not None]
    if escalated:
        words += ["; escalated at ", min(escalated)]
    stood_down = [a.stood_down_ns for a in silent if a.stood_down_ns is not None]
    if stood_down:
        words += ["; stood down at ", min(stood_down)]
    return tuple(words)


def _no_draft(view: ThreatView, chain: Chain) -> Words:
    if view.last.rung == "REFUTED":
        return _refuted(view)
    if view.impact is None:
        return ("no impact point could be predicted",)
    return ("no zone passed the harm threshold",)


def _no_approval(view: ThreatView, chain: Chain) -> Words:
    drafted = chain.missile_warnings(view.threat)
    if not drafted:
        return ("nothing was drafted",)
    last = drafted[-1].last
    at = moment_ns(last)
    if last.state == "expired":
        return ("no approver answered: the draft expired at ", at, _because(last.reason))
    if last.state == "rejected":
        return ("the draft was rejected at ", at, _because(last.reason))
    if last.state == "approved":
        return ("approved at ", at, " and not sent when the record ends")
    if last.state in ("draft", "updated"):
        return ("the draft still waits for an approver when the record ends", _because(last.reason))
    return (f"the draft was closed as {last.state.replace('_', ' ')} at ", at, _because(last.reason))


def _no_launch(view: ThreatView, chain: Chain) -> Words:
    mine = [e for e in chain.engagements if e.threat == view.threat]
    if not mine:
        return _refuted(view) or ("no site considered an engagement",)
    tried = [e for e in mine if e.last.state != "no_window"]
    if not tried:
        said = (e.last.reason.removeprefix(f"{e.site}: ") if len(mine) == 1 else e.last.reason for e in mine)
        reasons = tuple(dict.fromkeys(filter(None, said)))
        return (f"no window at {', '.join(e.site for e in mine)}", _because("; ".join(reasons)))
    last = tried[-1].last
    site = f"{last.site}: "
    if last.state == "held":
        return (site, "held at ", moment_ns(last), _because(last.reason))
    if last.state == "expired":
        return (site, "the window closed at ", last.latest_launch_ns or moment_ns(last), _because(last.reason))
    if last.state == "planned":
        return (site, "planned and never authorised", _because(last.reason))
    return (site, "authorised and not launched when the record ends", _because(last.reason))


def _no_end(view: ThreatView, chain: Chain) -> Words:
    if view.last.rung == "REFUTED":
        return _refuted(view)
    if view.impact is None or view.impact.impact_ns is None:
        return ("no impact point could be predicted",)
    return ("the record ends before the predicted impact at ", view.impact.impact_ns)


def _no_debris(view: ThreatView, chain: Chain) -> Words:
    mine = [d for d in chain.debris if d.threat == view.threat]
    settled = [d.settled for d in mine if d.settled is not None]
    if settled:
        last = max(settled, key=lambda d: d.fall_end_ns)
        return ("the record ends before the last piece is down, estimated for ", last.fall_end_ns)
    if mine:
        return ("no intercept or impact was reported; the footprint stayed a prediction",)
    return _refuted(view) or ("no footprint was made",)


def _no_statement(view: ThreatView, chain: Chain) -> Words:
    drafts = chain.statements
    told = released_to(chain, "host_nation", "alliance")
    if told:
        return ("released ", *told, " and not to the public when the record ends")
    if drafts:
        return ("drafted at ", drafts[0].drafted_ns, " and not released when the record ends")
    return ("no statement was drafted before the record ended at ", chain.end_ns)


def _no_detection(view: ThreatView, chain: Chain) -> Words:
    return ("the record holds no track update of it",)


def _no_identification(view: ThreatView, chain: Chain) -> Words:
    return _refuted(view) or (f"it stood at {view.last.rung}{_because(view.last.reason)}",)


_WHY: dict[str, Callable[[ThreatView, Chain], Words]] = {
    "first_detection": _no_detection,
    "identified": _no_identification,
    "confirmed": _no_confirmation,
    "units_alerted": _no_alert,
    "acknowledged_first": _no_acknowledgement,
    "acknowledged": _no_acknowledgement,
    "public_draft": _no_draft,
    "approved": _no_approval,
    "interceptor_launched": _no_launch,
    "intercept_or_impact": _no_end,
    "debris_down": _no_debris,
    "statement": _no_statement,
}
