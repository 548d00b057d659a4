"""The list of finds: reported, cordoned, cleared, in that order, each under a debris notice."""

from __future__ import annotations

import math

import numpy as np

from tocsin.messages import Event, EventKind, Report, event
from tocsin.messages.envelope import column
from tocsin.places import contains, zones, zones_near
from tocsin.stages.warn.areas import geodetic_deg
from tocsin.stages.warn.memory import FIND, REFUSED, AreaMemo, AreaPart, Find, WarnState

FIND_RADIUS_M = 2_000.0  # around a find outside every known area
_M_PER_DEG = 111_195.0  # of latitude on the mean sphere
_AFTER: dict[str, tuple[str, ...]] = {"": ("reported",), "reported": ("cordoned",), "cordoned": ("cleared",)}


def log_find(state: WarnState, heard: Report, danger_ns: int) -> tuple[AreaMemo | None, list[Event]]:
    """Enter a report in the list.

    Out       a new area that needs a notice, where the find lies outside all that have one; and what to say
    """
    find = state.finds.get(heard.subject)
    before = find.state if find else ""
    if heard.outcome not in _AFTER.get(before, ()):
        why = f"a find goes from {before or 'nothing'} to {' or '.join(_AFTER.get(before, ())) or 'nothing more'}"
        return None, [_event(REFUSED, heard, heard.subject, actor=heard.reporter, action=heard.outcome, why=why)]
    area: AreaMemo | None = None
    if find is None:
        notice, area = _notice_for(state, heard, danger_ns)
        find = Find(find=heard.subject, state=heard.outcome, warning=notice)
        state.finds[heard.subject] = find
    find.state = heard.outcome
    return area, [_event(FIND, heard, find.find, state=find.state, notice=find.warning or "none")]


def _notice_for(state: WarnState, heard: Report, danger_ns: int) -> tuple[str, AreaMemo | None]:
    """The open notice whose area holds the find, or the name the next one will have, with its area."""
    notices = [c for _, c in sorted(state.cases.items()) if c.kind == "debris" and c.life.stand != "closed"]
    if heard.position_ecef_m is None:
        return (notices[0].warning if notices else ""), None
    lat, lon = geodetic_deg(heard.position_ecef_m)
    for case in notices:
        if any(bool(contains(ring, lat, lon)) for ring in case.polygons_deg):
            return case.warning, None
    table = zones()
    rows = [int(row) for row in zones_near(lat, lon, FIND_RADIUS_M)] or [int(r) for r in zones_near(lat, lon, 1e5)[:1]]
    if not rows:
        return "", None
    name = f"find {heard.subject}"
    ground = AreaPart(
        is_predicted=False,
        fall_start_ns=heard.time_ns,
        fall_end_ns=heard.time_ns,
        danger_until_ns=heard.arrival_ns + danger_ns,
        polygon_deg=_circle(lat, lon),
        risk={table.ids[row]: 1.0 for row in rows},
    )
    area = AreaMemo(area=name, threat="", engagement="", parts={name: ground}, cause=heard.id)
    state.areas[area.area] = area
    return f"D{state.notice_count + 1:03d}", area


def _circle(lat_deg: float, lon_deg: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    points = [
        (
            lat_deg + FIND_RADIUS_M / _M_PER_DEG * math.cos(turn),
            lon_deg + FIND_RADIUS_M / _M_PER_DEG / math.cos(math.radians(lat_deg)) * math.sin(turn),
        )
        for turn in (math.tau * (k % 24) / 24 for k in range(25))
    ]
    return column(points)


def _event(kind: EventKind, heard: Report, subject: str, **slots: str) -> Event:
    return event(kind, time_ns=heard.arrival_ns, subject=subject, causes=(heard.id,) if heard.id else (), **slots)
