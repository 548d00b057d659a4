"""engage: the simulated engagement by notional sites. A table of reach in time, a stated probability, no dynamics.

A threat is considered from ``policy.engage.rung_needed`` on, once it no longer burns and is foreseen to come
down. Windows come from ``windows.py``; a site is ready its own reaction and its crew's reaction after its
unit acknowledged an alert (before that, a plan assumes the acknowledgement now, and nothing is launched).

Assignment: once a tick, over all threats without an open engagement, the pairs of threat and site are taken in
the order of their marginal return (the probability of kill of the launch, salvos with the site's common-mode
correlation), the more looks and the earlier close first, one site a threat at a time, within the magazines.

Doctrine: ``single`` one shot once; ``salvo`` ``salvo_count`` at once; ``shoot_look_shoot`` one shot at a time,
``salvo_count`` at most, the next after a miss or an outcome that nobody saw. A plan is not published
again while it waits for authority, so that the answer meets the revision that was seen; its authorisation
and its launch carry the newest path's times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tocsin.messages import (
    RUNG_RANK,
    Assessment,
    Command,
    Engagement,
    Event,
    Message,
    Posture,
    Report,
    Tick,
    TrackUpdates,
    UnitAlert,
    event,
)
from tocsin.scenario.schema import Defence, Site
from tocsin.stages.engage.memory import (
    FLOWN,
    OPEN,
    REFUSED,
    REPORT_REFUSED,
    WAITING,
    WRONG_ROLE,
    Crew,
    EngageMemory,
    Plan,
    Seen,
)
from tocsin.stages.engage.windows import Path, Reach, Window, sample_path
from tocsin.units import iso_from_ns, ns_from_s

PLAN_EVERY_S = 2.0  # a threat without an engagement is looked at again after this,
WATCH_EVERY_S = 5.0  # a waiting engagement's window after this
RETELL_MOVED_S, RETELL_EVERY_S = 15.0, 30.0  # an authorised engagement tells its moved window, this often at most
WINDOW_GONE_S = 10.0  # a path must miss a site for so long before it counts
SEEN_BEFORE_S = 5.0  # a report of an outcome may come so long before the predicted intercept
MODE_BALLISTIC = 1  # column of TrackUpdates.mode_prob
MAY_HOLD = frozenset({"commander", "director"})  # besides the authority


class Engage:
    """Plans, waits for authority, launches on a tick, and hears how it ended."""

    name: ClassVar[str] = "engage"
    takes: ClassVar[tuple[type[Message], ...]] = (
        Assessment, TrackUpdates, Posture, UnitAlert, Report, Command, Tick,
    )  # fmt: skip
    gives: ClassVar[tuple[type[Message], ...]] = (Engagement, Event)

    def __init__(self, defence: Defence) -> None:
        self._policy = defence.policy.engage
        self._sites = {site.name: site for site in defence.sites}
        self._roles = {actor.name: frozenset(actor.roles) for actor in defence.actors}
        self._rank_needed = RUNG_RANK[self._policy.rung_needed]
        posture = defence.policy.posture
        self.state = EngageMemory(
            crew_reaction_s=posture.crew_reaction_s[posture.levels.index(posture.initial_level)],
            magazine={site.name: site.magazine for site in defence.sites},
        )

    def handle(self, message: Message) -> Sequence[Message]:
        match message:
            case TrackUpdates():
                return self._kill_assessment(message)
            case Assessment():
                return self._assessed(message)
            case Posture():
                self.state.crew_reaction_s = message.crew_reaction_s
                return []
            case UnitAlert():
                self._alerted(message)
                return []
            case Report(kind="intercept"):
                return self._outcome(message)
            case Command():
                return self._decide(message)
            case Tick():
                return self._tick(message)
            case _:
                return []

    def _assessed(self, assessment: Assessment) -> list[Message]:
        state, threat = self.state, assessment.threat
        rank = RUNG_RANK[assessment.rung]
        seen = state.threats.get(threat)
        if seen is None:
            if rank < self._rank_needed:
                return []
            seen = Seen(
                threat=threat, track=assessment.track, rung=assessment.rung, is_burning=False, is_lost=False, cause=""
            )
            state.threats[threat] = seen
        seen.track, seen.rung, seen.cause = assessment.track, assessment.rung, assessment.id
        seen.is_burning, seen.is_lost, seen.impact_ns = assessment.is_burning, assessment.is_lost, assessment.impact_ns
        if assessment.impact_ns is None:
            seen.path_ns = seen.path_ecef_m = seen.path_velocity_ecef_m_s = None
        elif assessment.path_ns is not None and assessment.path_velocity_ecef_m_s is not None:
            seen.path_ns, seen.path_ecef_m = assessment.path_ns, assessment.path_ecef_m
            seen.path_velocity_ecef_m_s = assessment.path_velocity_ecef_m_s
        if assessment.rung == "REFUTED":
            return self._close_waiting(threat, assessment, "the threat is refuted")
        if assessment.is_lost:
            return self._close_waiting(threat, assessment, "the track was lost")
        return []

    def _alerted(self, alert: UnitAlert) -> None:
        crews = self.state.crews
        crew = crews.get(alert.unit)
        if alert.state == "acknowledged":
            if crew is None:
                ready_ns = alert.arrival_ns + ns_from_s(self.state.crew_reaction_s)
                crews[alert.unit] = Crew(ready_ns=ready_ns, alerts=[alert.alert], cause=alert.id)
            elif alert.alert not in crew.alerts:
                crew.alerts.append(alert.alert)
            for plan in self.state.plans.values():
                if plan.state in WAITING and self._sites[plan.site].unit == alert.unit:
                    plan.look_again_ns = 0
        elif alert.state == "stood_down" and crew is not None and alert.alert in crew.alerts:
            crew.alerts.remove(alert.alert)
            if not crew.alerts:
                del crews[alert.unit]

    def _decide(self, command: Command) -> list[Message]:
        roles = self._roles.get(command.actor, frozenset())
        match command.action:
            case "authorise_engagement" | "hold_engagement":
                is_hold = command.action == "hold_engagement"
                if self._policy.authority_role not in roles and not (is_hold and MAY_HOLD & roles):
                    return [self._refusal(WRONG_ROLE, command)]
                return self._hold(command) if is_hold else self._authorise(command)
            case "end_exercise" if "director" in roles:
                out: list[Message] = []
                for threat in sorted({plan.threat for plan in self.state.plans.values()}):
                    out += self._close_waiting(threat, command, "the exercise has ended")
                self.state.is_exercise_over = True
                return out
            case _:
                return []

    def _authorise(self, command: Command) -> list[Message]:
        plan = self.state.plans.get(command.subject)
        if plan is None:
            return [self._refusal(REFUSED, command, "there is no such engagement")]
        if plan.state not in ("planned", "held"):
            return [self._refusal(REFUSED, command, f"it is {plan.state}")]
        if command.revision != plan.revision:
            why = f"revision {command.revision} was seen, revision {plan.revision} stands"
            return [self._refusal(REFUSED, command, why)]
        plan.state, plan.look_again_ns = "authorised", 0
        plan.authorised_by, plan.authorised_cause = command.actor, command.id
        plan.reason = f"authorised by {command.actor}"
        return [plan.publish(command.arrival_ns, (command.id,))]

    def _hold(self, command: Command) -> list[Message]:
        plan = self.state.plans.get(command.subject)
        if plan is None or plan.state not in ("planned", "authorised"):
            why = "there is no such engagement" if plan is None else f"it is {plan.state}"
            return [self._refusal(REFUSED, command, why)]
        plan.state, plan.authorised_by = "held", ""
        plan.reason = f"held by {command.actor}" + (f": {command.reason}" if command.reason else "")
        return [plan.publish(command.arrival_ns, (command.id,))]

    def _outcome(self, report: Report) -> list[Message]:
        plan = self.state.plans.get(report.subject)
        why = ""
        if plan is None or plan.state not in FLOWN:
            why = "nothing was launched under that name"
        elif plan.state in ("hit", "miss"):
            why = f"it is already {plan.state}"
        elif report.reporter not in (plan.site, self._sites[plan.site].unit):
            why = f"{report.reporter or 'nobody named'} did not launch it"
        elif plan.intercept_ns is None or report.arrival_ns < plan.intercept_ns - ns_from_s(SEEN_BEFORE_S):
            why = "it comes before the intercept"
        elif report.outcome not in ("hit", "miss", "unknown"):
            why = f"{report.outcome or 'nothing'} is not an outcome of an intercept"
        if plan is None or why:
            return [
                event(REPORT_REFUSED, time_ns=report.arrival_ns, subject=report.subject, causes=_ids(report), why=why)
            ]
        if plan.state == "unknown" and report.outcome == "unknown":
            return []
        out = self._end(plan, report, report.outcome, f"reported by {report.reporter}")
        if plan.state == "hit":
            out += self._close_waiting(plan.threat, report, f"{plan.engagement} was reported as a hit")
        return out

    def _kill_assessment(self, updates: TrackUpdates) -> list[Message]:
        """Nobody saw the outcome, and the track goes on along a ballistic path on fresh plots: a miss."""
        out: list[Message] = []
        for plan in self.state.plans.values():
            if plan.state != "unknown" or plan.intercept_ns is None:
                continue
            after_ns = plan.intercept_ns + ns_from_s(self._policy.look_s)
            rows = (updates.track == plan.track).nonzero()[0]
            if len(rows) and updates.status[int(rows[0])] != "dropped":
                row = int(rows[0])
                if int(updates.last_ns[row]) > after_ns and float(updates.mode_prob[row, MODE_BALLISTIC]) > 0.5:
                    out += self._end(plan, updates, "miss", "the track goes on along a ballistic path")
        return out

    def _end(self, plan: Plan, message: Message, outcome: str, reason: str) -> list[Message]:
        plan.state = "hit" if outcome == "hit" else "miss" if outcome == "miss" else "unknown"
        plan.reason = reason
        seen = self.state.threats.get(plan.threat)
        if seen is not None:
            seen.look_again_ns, seen.no_window_since_ns = 0, None
        return [plan.publish(message.arrival_ns, (message.id,))]

    def _tick(self, tick: Tick) -> list[Message]:
        out: list[Message] = []
        for plan in self.state.plans.values():
            if plan.state == "launched" and plan.intercept_ns is not None:
                if tick.arrival_ns > plan.intercept_ns + ns_from_s(self._policy.look_s):
                    out += self._end(
                        plan, tick, "unknown", f"no report {self._policy.look_s:.0f} s after the intercept"
                    )
            elif plan.state in WAITING and tick.arrival_ns >= plan.look_again_ns:
                out += self._watch(plan, tick)
        out += self._assign(tick)
        return out

    def _watch(self, plan: Plan, tick: Tick) -> list[Message]:
        """Launch what is authorised and can be; expire what can no longer be."""
        now_ns, seen, site = tick.arrival_ns, self.state.threats[plan.threat], self._sites[plan.site]
        plan.look_again_ns = now_ns + ns_from_s(WATCH_EVERY_S)
        crew = self.state.crews.get(site.unit)
        ready_ns = max(now_ns, self._ready_ns(site, now_ns))
        path = _path(seen, now_ns)
        reach = Reach(path, site, self._policy.intercept_height_min_m) if path else None
        window = reach.window(ready_ns, self._policy.look_s) if reach else "the predicted path has ended"
        if isinstance(window, str):
            if plan.lost_window_since_ns is None:
                plan.lost_window_since_ns = now_ns
            known_ns = plan.latest_launch_ns or 0
            if now_ns < known_ns and now_ns - plan.lost_window_since_ns < ns_from_s(WINDOW_GONE_S):
                plan.look_again_ns = now_ns
                return []
            missing = f"; {site.unit} has not acknowledged its alert" if crew is None else ""
            waited = {"planned": "not authorised", "held": "held", "authorised": "authorised"}[plan.state]
            plan.state, plan.reason = "expired", f"{waited} when the window closed: {window}{missing}"
            return [plan.publish(now_ns, (tick.id, seen.cause))]
        plan.lost_window_since_ns = None
        plan.foresee(window)
        if plan.state != "authorised":
            if window.latest_ns - now_ns < ns_from_s(WATCH_EVERY_S):
                plan.look_again_ns = now_ns
            return []
        if crew is None or window.earliest_ns > now_ns:
            wait_ns = max(window.earliest_ns - now_ns - ns_from_s(PLAN_EVERY_S), 0)
            plan.look_again_ns = min(plan.look_again_ns, now_ns + wait_ns)
            return self._retold(plan, window, tick) if crew else []
        self.state.magazine[site.name] -= plan.shots
        plan.state, plan.launch_ns, plan.shots_left = "launched", now_ns, self.state.magazine[site.name]
        plan.reason = f"simulated launch, predicted intercept at {_clock(window.first.intercept_ns)}"
        return [plan.publish(now_ns, (plan.authorised_cause, crew.cause, seen.cause, tick.id))]

    def _retold(self, plan: Plan, window: Window, tick: Tick) -> list[Message]:
        """An authorised engagement whose window has moved on a better path says so, not more often than it must."""
        moved_ns = abs(window.earliest_ns - plan.told_earliest_ns)
        if moved_ns < ns_from_s(RETELL_MOVED_S) or tick.arrival_ns - plan.told_ns < ns_from_s(RETELL_EVERY_S):
            return []
        plan.reason = f"authorised by {plan.authorised_by}; on the newest path launch from {_clock(window.earliest_ns)}"
        return [plan.publish(tick.arrival_ns, (plan.authorised_cause, self.state.threats[plan.threat].cause, tick.id))]

    def _assign(self, tick: Tick) -> list[Message]:
        """Greedy by marginal return over all threats that wait for an engagement."""
        now_ns, state = tick.arrival_ns, self.state
        if state.is_exercise_over:
            return []
        left = dict(state.magazine)
        for plan in state.plans.values():
            if plan.state in WAITING:
                left[plan.site] -= plan.shots
        offers: list[tuple[float, int, int, str, str, Window]] = []
        why_not: dict[str, list[str]] = {}
        for seen in state.threats.values():
            shots_wanted = self._shots_wanted(seen, now_ns)
            if shots_wanted == 0:
                continue
            seen.look_again_ns = now_ns + ns_from_s(PLAN_EVERY_S)
            path = _path(seen, now_ns)
            why_not[seen.threat] = []
            for site in self._sites.values():
                window = self._offer(site, path, now_ns)
                if isinstance(window, str):
                    why_not[seen.threat].append(f"{site.name}: {window}")
                else:
                    gain = _kill_prob(site, min(shots_wanted, max(left[site.name], 1)))
                    offers.append((-gain, -window.looks, window.latest_ns, seen.threat, site.name, window))
        out: list[Message] = []
        taken: set[str] = set()
        for _, _, _, threat, site_name, window in sorted(offers, key=lambda offer: offer[:5]):
            if threat in taken:
                continue
            shots = min(self._shots_wanted(state.threats[threat], now_ns, is_looking=True), left[site_name])
            if shots == 0:
                why_not[threat].append(f"{site_name}: the magazine is empty or spoken for")
                continue
            taken.add(threat)
            left[site_name] -= shots
            out.append(self._plan(state.threats[threat], self._sites[site_name], shots, window, tick))
        for threat, reasons in why_not.items():
            seen = state.threats[threat]
            if threat in taken:
                seen.no_window_since_ns = None
            else:
                out += self._no_window(seen, reasons, tick)
        return out

    def _offer(self, site: Site, path: Path | None, now_ns: int) -> Window | str:
        if path is None:
            return "the predicted path has ended"
        if self.state.magazine[site.name] == 0:
            return "the magazine is empty"
        ready_ns = max(now_ns, self._ready_ns(site, now_ns))
        return Reach(path, site, self._policy.intercept_height_min_m).window(ready_ns, self._policy.look_s)

    def _shots_wanted(self, seen: Seen, now_ns: int, *, is_looking: bool = False) -> int:
        """Shots of the next launch against a threat; 0: none now."""
        if seen.is_lost or seen.is_burning or seen.impact_ns is None or RUNG_RANK[seen.rung] < self._rank_needed:
            return 0
        if not is_looking and now_ns < seen.look_again_ns:
            return 0
        mine = [plan for plan in self.state.plans.values() if plan.threat == seen.threat]
        if any(plan.state in OPEN or plan.state == "hit" for plan in mine):
            return 0
        flown = sum(plan.shots for plan in mine if plan.state in FLOWN)
        if self._policy.doctrine == "shoot_look_shoot":
            return 1 if flown < self._policy.salvo_count else 0
        if flown:
            return 0
        return self._policy.salvo_count if self._policy.doctrine == "salvo" else 1

    def _plan(self, seen: Seen, site: Site, shots: int, window: Window, tick: Tick) -> Engagement:
        plan = self._new_plan(seen, site.name, shots)
        plan.kill_prob, plan.shots_left = site.kill_prob, self.state.magazine[site.name] - shots
        plan.foresee(window)
        plan.look_again_ns = tick.arrival_ns + ns_from_s(WATCH_EVERY_S)
        plan.reason = (
            f"{self._policy.doctrine.replace('_', '-')}, {window.looks} look(s), launch from "
            f"{_clock(window.earliest_ns)} to {_clock(window.latest_ns)}"
        )
        crew = self.state.crews.get(site.unit)
        return plan.publish(tick.arrival_ns, (seen.cause, crew.cause if crew else "", tick.id))

    def _no_window(self, seen: Seen, reasons: list[str], tick: Tick) -> list[Message]:
        """Said once a threat, when it has held for a while or the time is up."""
        now_ns = tick.arrival_ns
        if seen.no_window_since_ns is None:
            seen.no_window_since_ns = now_ns
        is_late = seen.impact_ns is not None and now_ns + ns_from_s(WINDOW_GONE_S) >= seen.impact_ns
        if seen.is_no_window_told or not (is_late or now_ns - seen.no_window_since_ns >= ns_from_s(WINDOW_GONE_S)):
            return []
        if any(plan.threat == seen.threat for plan in self.state.plans.values()):
            return []  # what was planned or flown says it all
        seen.is_no_window_told = True
        plan = self._new_plan(seen, ", ".join(self._sites), 0)
        plan.state, plan.reason = "no_window", "; ".join(reasons) or "the defence has no site"
        return [plan.publish(now_ns, (seen.cause, tick.id))]

    def _new_plan(self, seen: Seen, site: str, shots: int) -> Plan:
        self.state.count += 1
        name = f"E-{self.state.count:04d}"
        plan = Plan(
            engagement=name,
            threat=seen.threat,
            track=seen.track,
            site=site,
            state="planned",
            shots=shots,
            kill_prob=0.0,
        )
        self.state.plans[name] = plan
        return plan

    def _close_waiting(self, threat: str, message: Message, reason: str) -> list[Message]:
        out: list[Message] = []
        for plan in self.state.plans.values():
            if plan.threat == threat and plan.state in WAITING:
                plan.state, plan.reason = "expired", reason
                out.append(plan.publish(message.arrival_ns, (message.id,)))
        return out

    def _ready_ns(self, site: Site, now_ns: int) -> int:
        """When a site can launch; as if its unit acknowledged now, where it has not."""
        crew = self.state.crews.get(site.unit)
        crew_ns = crew.ready_ns if crew else now_ns + ns_from_s(self.state.crew_reaction_s)
        return crew_ns + ns_from_s(site.reaction_s)

    def _refusal(self, kind: object, command: Command, why: str = "") -> Event:
        return event(
            WRONG_ROLE if kind is WRONG_ROLE else REFUSED,
            time_ns=command.arrival_ns,
            subject=command.subject or "nothing",
            causes=_ids(command),
            actor=command.actor or "nobody",
            action=command.action.replace("_", " "),
            why=why,
        )


def _path(seen: Seen, now_ns: int) -> Path | None:
    if seen.path_ns is None or seen.path_ecef_m is None or seen.path_velocity_ecef_m_s is None:
        return None
    return sample_path(seen.path_ns, seen.path_ecef_m, seen.path_velocity_ecef_m_s, now_ns)


def _kill_prob(site: Site, shots: int) -> float:
    """Of a launch of n shots with common-mode correlation r: all miss with (1 - r) (1 - p)^n + r (1 - p)."""
    miss, r = 1.0 - site.kill_prob, site.common_mode_correlation
    return 1.0 - ((1.0 - r) * miss**shots + r * miss)


def _clock(time_ns: int) -> str:
    return iso_from_ns(time_ns, decimals=0)[11:19] + " UTC"


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if message.id else ()
