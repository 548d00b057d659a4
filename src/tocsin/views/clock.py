"""The ten-minute clock: every step from the estimated launch to the statement, or why it was not reached."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Message, TrackUpdates
from tocsin.policy import Budgets
from tocsin.units import NS_PER_S, clock_text, iso_from_ns
from tocsin.views.gaps import why_not
from tocsin.views.pick import of_kind, span_ns
from tocsin.views.reached import STEPS, Chain, Reached, reach
from tocsin.views.threats import ThreatView, threats

HEADLINE = "interceptor_launched"
"""NATO, March 2026: from threat to launch of the interceptor "in less than 10 minutes"."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step. ``time_ns`` is None where it was not reached, and ``not_reached`` then says why."""

    name: str
    label: str
    time_ns: int | None
    after_zero_s: float | None
    budget_s: float
    is_within_budget: bool | None
    seconds_left: float | None  # to impact, by the last good prediction
    seconds_left_as_told: float | None  # by the prediction that stood at that moment; None: there was none yet
    is_estimated: bool  # computed from a prediction, not reported by anyone
    is_headline: bool
    note: str
    not_reached: str
    evidence: tuple[str, ...]


class ThreatClock(msgspec.Struct, frozen=True, kw_only=True):
    """One threat's clock. Zero is the *estimated* launch; None where the launch cannot be estimated."""

    threat: str
    zero_ns: int | None
    zero_std_s: float | None
    zero_evidence: str
    impact_ns: int | None
    impact_std_s: float | None
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        """The step of that name; raises KeyError for a name that is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    @property
    def headline(self) -> Step:
        return self.step(HEADLINE)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The clocks of every threat that reached PROBABLE, first one first; ``reason`` says why there is none."""

    threats: tuple[ThreatClock, ...]
    reason: str = ""

    @property
    def first(self) -> ThreatClock | None:
        return self.threats[0] if self.threats else None


def clock(messages: Sequence[Message], budgets: Budgets, scenario_end_ns: int | None = None) -> Clock:
    """The clock of a record.

    In        messages          the whole record in handled order
              budgets           seconds allowed from the estimated launch to each step
              scenario_end_ns   when the record ends; None: with its last message
    """
    span = span_ns(messages)
    if span is None:
        return Clock(threats=(), reason="the record is empty")
    end_ns = span[1] if scenario_end_ns is None else scenario_end_ns
    judged = threats(messages)
    alarming = [view for view in judged if view.was_probable]
    if not alarming:
        return Clock(threats=(), reason=_why_no_clock(judged))
    first_plot_ns = _first_plots(messages)
    chain = Chain.of(messages, end_ns)
    return Clock(threats=tuple(_threat_clock(view, chain, first_plot_ns, budgets) for view in alarming))


def _why_no_clock(judged: Sequence[ThreatView]) -> str:
    if not judged:
        return "no track lived long enough to be assessed"
    on_ladder = [view for view in judged if view.is_threat]
    if not on_ladder:
        if len(judged) == 1:
            return "the one assessed track was not judged a threat"
        return f"none of {len(judged)} assessed tracks was judged a threat"
    first = on_ladder[0]
    reason = first.rung_reason[first.last.rung]
    stood = f"{first.threat} stood at {first.last.rung}{': ' + reason if reason else ''}"
    return f"no track reached PROBABLE; {stood}"


def _first_plots(messages: Sequence[Message]) -> dict[int, tuple[int, str]]:
    """Track -> time of its first plot, and the id of the update that first carried the track."""
    first: dict[int, tuple[int, str]] = {}
    for update in of_kind(messages, TrackUpdates):
        for track, first_ns in zip(update.track.tolist(), update.first_ns.tolist(), strict=True):
            if track not in first:
                first[track] = (first_ns, update.id)
    return first


def _threat_clock(
    view: ThreatView, chain: Chain, first_plot_ns: dict[int, tuple[int, str]], budgets: Budgets
) -> ThreatClock:
    zero_ns = view.launch.launch_ns if view.launch else None
    impact_ns = view.impact.impact_ns if view.impact else None
    reached = reach(view, chain, [first_plot_ns[t] for t in view.tracks if t in first_plot_ns])
    predictions = [
        (a.arrival_ns or a.time_ns, a.impact_ns)
        for a in chain.assessments
        if a.threat == view.threat and a.impact_ns is not None
    ]
    steps = []
    for name, label in STEPS:
        moment = reached.get(name)
        steps.append(
            _step(name, label, moment, zero_ns, impact_ns, predictions, budgets)
            if moment is not None
            else _missing(name, label, budgets, _dated(why_not(name, view, chain), zero_ns))
        )
    return ThreatClock(
        threat=view.threat,
        zero_ns=zero_ns,
        zero_std_s=view.launch.launch_std_s if view.launch else None,
        zero_evidence=view.launch.id if view.launch else "",
        impact_ns=impact_ns,
        impact_std_s=view.impact.impact_std_s if view.impact else None,
        steps=tuple(steps),
    )


def budget_s(budgets: Budgets, name: str) -> float:
    """The budget of a step, by its name."""
    key = "acknowledged" if name.startswith("acknowledged") else name
    return float(getattr(budgets, f"{key}_s"))


def _step(
    name: str,
    label: str,
    moment: Reached,
    zero_ns: int | None,
    impact_ns: int | None,
    predictions: list[tuple[int, int]],
    budgets: Budgets,
) -> Step:
    allowed_s = budget_s(budgets, name)
    after_s = None if zero_ns is None else (moment.time_ns - zero_ns) / NS_PER_S
    told = None
    for known_ns, predicted_ns in predictions:
        if known_ns > moment.time_ns:
            break
        told = (predicted_ns - moment.time_ns) / NS_PER_S
    return Step(
        name=name,
        label=moment.label or label,
        time_ns=moment.time_ns,
        after_zero_s=after_s,
        budget_s=allowed_s,
        is_within_budget=None if after_s is None else after_s <= allowed_s,
        seconds_left=None if impact_ns is None else (impact_ns - moment.time_ns) / NS_PER_S,
        seconds_left_as_told=told,
        is_estimated=moment.is_estimated,
        is_headline=name == HEADLINE,
        note=_dated(moment.note, zero_ns),
        not_reached="",
        evidence=moment.evidence,
    )


def _missing(name: str, label: str, budgets: Budgets, why: str) -> Step:
    return Step(
        name=name,
        label=label,
        time_ns=None,
        after_zero_s=None,
        budget_s=budget_s(budgets, name),
        is_within_budget=None,
        seconds_left=None,
        seconds_left_as_told=None,
        is_estimated=False,
        is_headline=name == HEADLINE,
        note="",
        not_reached=why or "nothing in the record says why",
        evidence=(),
    )


def _dated(parts: tuple[str | int, ...], zero_ns: int | None) -> str:
    """Words with moments among them (integers, ns) to one text: clock times after zero, or of the day."""
    words = []
    for part in parts:
        if isinstance(part, str):
            words.append(part)
        elif zero_ns is None:
            words.append(f"{iso_from_ns(part, 0)[11:19]} UTC")
        else:
            words.append(clock_text((part - zero_ns) / NS_PER_S))
    return "".join(words)
