"""A case as a message: texts in every language, areas, counts. All that leaves the stage is built here."""

from __future__ import annotations

import numpy as np

from tocsin.messages import AlertStatus, Column, Origin, PublicWarning, WarningText, column
from tocsin.messages.public_warning import MsgType, Purpose, WarningState
from tocsin.places import zones
from tocsin.policy import WarnPolicy
from tocsin.stages.warn.memory import Case
from tocsin.texts import Facts, channel_problems, channel_text, channels, render_warning, text_problems, too_long
from tocsin.units import s_from_ns

STATUS: dict[Origin, AlertStatus] = {
    "exercise": AlertStatus.EXERCISE,
    "test": AlertStatus.TEST,
    "live": AlertStatus.DRAFT,
}
_PLACES_SHOWN = (8, 4, 2, 1)  # by name; fewer where a channel cannot take so many
CLOSINGS: frozenset[Purpose] = frozenset({"passed", "ended", "false_alarm", "exercise_ended"})
_MSG_TYPE: dict[Purpose, MsgType] = {
    "warning": "Alert",
    "update": "Update",
    "passed": "Update",
    "ended": "Update",
    "false_alarm": "Cancel",
    "exercise_ended": "Cancel",
}


def compose(
    case: Case,
    state: WarningState,
    *,
    policy: WarnPolicy,
    origin: Origin,
    now_ns: int,
    at_ns: int | None,
    until_ns: int | None,
    danger_until_ns: int,
    reason: str,
    causes: tuple[str, ...],
) -> PublicWarning:
    """The next revision of a case, as people would read it now.

    In        at_ns   the moment the text speaks of: predicted impact, first debris on the ground; None: unknown.
                      A closing speaks of now.
              until_ns  the last piece of debris on the ground; None: no debris
    Out       the message; ``case`` itself is left to the caller
    """
    purpose = case.purpose
    is_closing = purpose in CLOSINGS
    spoken_to = case.zones_told if is_closing else case.zones
    seconds_left = None
    if case.kind == "missile" and not is_closing and at_ns is not None:
        seconds_left = s_from_ns(at_ns - now_ns)
    people, names, codes = people_and_names(spoken_to)
    facts = Facts(
        places=names,
        countries=codes,
        certainty=case.certainty,
        people_count=people,
        at_ns=now_ns if is_closing or at_ns is None else at_ns,
        is_at_known=is_closing or at_ns is not None,
        until_ns=until_ns if until_ns is not None and now_ns < until_ns else None,
        seconds_left=seconds_left,
        danger_s=max(0.0, s_from_ns(danger_until_ns - now_ns)),
    )
    table = zones()
    rows = [table.row(zone) for zone in spoken_to]
    polygons = tuple(case.polygons_deg) or tuple(table.polygons_deg[row] for row in rows)
    return PublicWarning(
        time_ns=now_ns,
        causes=causes,
        warning=case.warning,
        revision=case.revision + 1,
        revises=case.revision,
        kind=case.kind,
        state=state,
        status=STATUS[origin],
        msg_type=_MSG_TYPE[purpose],
        certainty="Observed"
        if case.certainty == "Observed"
        else "Likely"
        if case.certainty == "Likely"
        else "Possible",
        purpose=purpose,
        threats=tuple(case.threats),
        zones=tuple(spoken_to),
        zones_told=tuple(case.zones_told),
        zone_names=tuple(table.names[row] for row in rows),
        people_count=people,
        area_deg=tuple(column(polygon) for polygon in polygons),
        impact_ns=None if is_closing or case.kind == "debris" else case.impact_ns,
        onset_ns=None if is_closing else at_ns,
        seconds_left=seconds_left,
        expires_ns=case.expires_ns,
        texts=tuple(_fitting(case, tag, origin, facts, policy) for tag in policy.languages),
        channels=policy.channels if state in ("sent", "updated", *CLOSINGS) else (),
        drafted_by=", ".join(case.life.authors),
        approved_by="" if state == "draft" else case.life.approved_by,
        is_degraded=case.is_degraded,
        reason=reason,
    )


def _fitting(case: Case, language: str, origin: Origin, facts: Facts, policy: WarnPolicy) -> WarningText:
    """The text with as many places by name as every channel in use can take."""
    for shown in _PLACES_SHOWN:
        text = render_warning(case.kind, case.purpose, language, origin, facts, places_shown=shown)
        if not any(too_long(channel_text(text, channel, origin), channel) for channel in _known(policy)):
            break
    return text


def _known(policy: WarnPolicy) -> list[str]:
    return [channel for channel in policy.channels if channel in channels()]


def people_and_names(zone_ids: list[str]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """People in the zones; names of their places, with the province where it has another name; countries: in order."""
    table = zones()
    rows = [table.row(zone) for zone in zone_ids]
    names = (
        f"{table.names[r]} ({table.admins[r]})" if table.admins[r] not in ("", table.names[r]) else table.names[r]
        for r in rows
    )
    people = sum(int(table.people_count[row]) for row in rows)
    return people, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(table.countries[row] for row in rows))


def problems(warning: PublicWarning, origin: Origin, policy: WarnPolicy) -> list[str]:
    """Why these texts may not be sent: lint of the whole and of each channel, limits, unreviewed translations."""
    found: list[str] = []
    ahead = warning.kind == "missile" and warning.purpose not in CLOSINGS
    for text in warning.texts:
        wrong = text_problems(text, origin, is_impact_ahead=ahead)
        for channel in policy.channels:
            wrong += channel_problems(text, channel, origin, is_impact_ahead=ahead)
        found += [f"{text.language}: {why}" for why in wrong]
        if not text.reviewed_by and not (policy.is_unreviewed_text_allowed and origin != "live"):
            found.append(f"{text.language}: the translation is unreviewed")
    return found


def closed_polygon(polygon_deg: Column) -> Column:
    """The polygon with its first point repeated at the end, where it was not."""
    ring = np.asarray(polygon_deg, dtype=np.float64)
    return column(ring if np.array_equal(ring[0], ring[-1]) else np.concatenate((ring, ring[:1])))
