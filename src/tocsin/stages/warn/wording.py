"""A case as a message: texts in every language, areas, counts. All that leaves the stage is built here."""

from __future__ import annotations

import numpy as np

from tocsin.messages import AlertStatus, Column, Origin, PublicWarning, WarningText, column
from tocsin.messages.public_warning import MsgType, Purpose, WarningState
from tocsin.places import zones
from tocsin.policy import WarnPolicy
from tocsin.stages.warn.memory import Case
from tocsin.texts import Facts, channel_problems, render_warning, text_problems
from tocsin.units import s_from_ns

STATUS: dict[Origin, AlertStatus] = {
    "exercise": AlertStatus.EXERCISE,
    "test": AlertStatus.TEST,
    "live": AlertStatus.DRAFT,
}
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
    danger_until_ns: int,
    reason: str,
    causes: tuple[str, ...],
) -> PublicWarning:
    """The next revision of a case, as people would read it now.

    In        at_ns   the moment the text speaks of: predicted impact, first debris on the ground; None: unknown.
                      A closing speaks of now.
    Out       the message; ``case`` itself is left to the caller
    """
    purpose = case.purpose
    is_closing = purpose in CLOSINGS
    spoken_to = case.zones_told if is_closing else case.zones
    seconds_left = None
    if case.kind == "missile" and not is_closing and at_ns is not None:
        seconds_left = s_from_ns(at_ns - now_ns)
    people, names, country = people_and_names(spoken_to)
    facts = Facts(
        places=names,
        country=country,
        certainty=case.certainty,
        people_count=people,
        at_ns=now_ns if is_closing or at_ns is None else at_ns,
        is_at_known=is_closing or at_ns is not None,
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
        impact_ns=None if is_closing else case.impact_ns,
        seconds_left=seconds_left,
        expires_ns=case.expires_ns,
        texts=tuple(render_warning(case.kind, purpose, tag, origin, facts) for tag in policy.languages),
        channels=policy.channels if state in ("sent", "updated", *CLOSINGS) else (),
        drafted_by=", ".join(case.life.authors),
        approved_by="" if state == "draft" else case.life.approved_by,
        is_degraded=case.is_degraded,
        reason=reason,
    )


def people_and_names(zone_ids: list[str]) -> tuple[int, tuple[str, ...], str]:
    """People in the zones, names of their places (most populous first, province added), country of the largest."""
    table = zones()
    rows = sorted((table.row(zone) for zone in zone_ids), key=lambda row: (-int(table.people_count[row]), row))
    names = tuple(
        dict.fromkeys(f"{table.names[r]} ({table.admins[r]})" if table.admins[r] else table.names[r] for r in rows)
    )
    return int(sum(int(table.people_count[row]) for row in rows)), names, table.countries[rows[0]] if rows else ""


def problems(texts: tuple[WarningText, ...], origin: Origin, policy: WarnPolicy) -> list[str]:
    """Why these texts may not be sent: lint, channel limits, unreviewed translations."""
    found: list[str] = []
    for text in texts:
        found += [f"{text.language}: {why}" for why in text_problems(text, origin)]
        found += [f"{text.language}: {why}" for channel in policy.channels for why in channel_problems(text, channel)]
        if not text.reviewed_by and not (policy.is_unreviewed_text_allowed and origin != "live"):
            found.append(f"{text.language}: the translation is unreviewed")
    return found


def closed_polygon(polygon_deg: Column) -> Column:
    """The polygon with its first point repeated at the end, where it was not."""
    ring = np.asarray(polygon_deg, dtype=np.float64)
    return column(ring if np.array_equal(ring[0], ring[-1]) else np.concatenate((ring, ring[:1])))
