"""The flight in section: height over time with what each sensor and site could do, and height over the ground."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tocsin.report.facts import Facts
from tocsin.report.markup import Markup
from tocsin.report.projection import arc_km, geodetic_of, thin
from tocsin.report.svg import Drawing, Labels, minute_step, nice_step, points, text_width, ticks
from tocsin.views import ThreatView, TrackView

Array = np.ndarray[Any, Any]
MOST_TRACKS = 60
MOST_LABELS = 12
FORESEEN_S = 30.0  # what was foreseen from so soon after the last plot stands for how the track was carried on

Part = tuple[Array, Array]
"""Times after zero (k,) s, and latitude, longitude (deg), height (m) (k, 3)."""


class Flown:
    """One track ready to draw: its stretches that rest on plots, the gaps between, and what was foreseen."""

    def __init__(self, facts: Facts, track: TrackView, view: ThreatView | None) -> None:
        self.track, self.view, self.zero_ns = track, view, facts.zero_ns
        keep = slice(None)
        hit_ns = min((e.intercept_ns for e in facts.engagements if e.outcome == "hit" and e.intercept_ns is not None
                      and view is not None and e.threat == view.threat), default=None)  # fmt: skip
        if hit_ns is not None and (track.t_ns <= hit_ns).any():
            keep = slice(0, int(np.searchsorted(track.t_ns, hit_ns, "right")))
        self.t_s = (track.t_ns[keep] - facts.zero_ns) / 1e9
        self.place = geodetic_of(track.position_ecef_m[keep])
        rows = [(a, min(b, len(self.t_s))) for a, b in track.stretches if a < len(self.t_s)]
        self.parts: list[Part] = [(self.t_s[a:b], self.place[a:b]) for a, b in rows]
        self.ahead_s: Array | None = None
        self.ahead: Array | None = None
        impact = view.impact if view else None
        if _is_threat(view) and impact is not None and impact.path_ns is not None and impact.path_ecef_m is not None:
            self.ahead_s = (impact.path_ns - facts.zero_ns) / 1e9
            self.ahead = geodetic_of(impact.path_ecef_m)
        self.gaps: list[Part] = []
        for times_ns, position_ecef_m in track.carried:
            t_s = (times_ns - facts.zero_ns) / 1e9
            is_foreseen = self.ahead_s is not None and len(self.ahead_s) and self.ahead_s[0] <= t_s[0] + FORESEEN_S
            if (hit_ns is None or times_ns[-1] <= hit_ns) and not is_foreseen:
                self.gaps.append((t_s, geodetic_of(position_ecef_m)))

    @property
    def label(self) -> str:
        if self.view is not None and self.view.was_alarming:
            return self.view.threat
        return f"track {self.track.track}"


def flown(facts: Facts) -> list[Flown]:
    """The tracks worth drawing: those of threats first, then the longest lived."""
    by_track = {t: v for v in facts.threats for t in v.tracks}
    worth = [t for t in facts.tracks if t.track in by_track or t.was_confirmed]
    worth.sort(key=lambda t: (not _is_threat(by_track.get(t.track)), t.first_ns - t.last_ns, t.track))
    return [Flown(facts, t, by_track.get(t.track)) for t in worth[:MOST_TRACKS]]


def _is_threat(view: ThreatView | None) -> bool:
    return view is not None and view.was_alarming


def main_tracks(tracks: list[Flown]) -> list[Flown]:
    """Those that decide what a picture shows: the threats, or every track where there is none."""
    return [f for f in tracks if _is_threat(f.view)] or tracks


def profile(facts: Facts, tracks: list[Flown], width: float) -> Markup | None:
    """Height over time, with strips for contacts and windows beneath; None where nothing was tracked."""
    if not tracks:
        return None
    is_narrow = width < 600
    left, right = (40.0, width - 10) if is_narrow else (64.0, width - 24)
    top, deep = 26.0, 230.0 if is_narrow else 300.0
    strips = _strips(facts, tracks)
    low_s, high_s, high_km = _extent(main_tracks(tracks))

    def x_of(seconds: float) -> float:
        return left + (seconds - low_s) / (high_s - low_s) * (right - left)

    beside = [None if is_narrow else _beside(label, spans, x_of, left, right) for label, _, spans in strips]
    is_above = None in beside  # a label over a bar would hide what the bar says
    row = 34.0 if is_above else 24.0
    base = top + deep
    height = base + 44 + row * len(strips) + 12
    drawing = Drawing(
        width,
        height,
        name=f"profile-{'n' if is_narrow else 'w'}",
        title="Height over time, with sensor contacts and engagement windows",
        description=_words(facts, tracks, strips),
    )

    def y_of(km: float) -> float:
        return base - km / high_km * deep

    step_s = minute_step(high_s - low_s, (right - left) / 62)
    for seconds in ticks(low_s, high_s, step_s):
        drawing.line(x_of(seconds), top, x_of(seconds), base + 5 + (row * len(strips) + 38 if strips else 0), "grid")
        words = f"{seconds / 60:g}" if step_s >= 60 else f"{seconds:g} s"
        drawing.text(x_of(seconds), base + 18, words, "tick", "middle")
    for km in ticks(0, high_km, nice_step(high_km, deep / 46)):
        drawing.line(left, y_of(km), right, y_of(km), "grid")
        drawing.text(left - 7, y_of(km) + 4, f"{km:g}", "tick", "end")
    drawing.line(left, base, right, base, "axis-line")
    drawing.text(8 if is_narrow else left - 48, top - 10, "height, km", "axis")
    drawing.text(right, base + 34, f"{'minutes' if step_s >= 60 else 'seconds'} {facts.zero_words}", "axis", "end")
    labels = Labels((left, top - 8, right, base - 4))
    since = len(drawing.parts)
    _curves(drawing, labels, tracks, lambda t_s, place: t_s, x_of, y_of)
    drawing.group(since, clip_path=drawing.clip((left, top - 2, right, base + 2)))
    _events(drawing, labels, facts, x_of, y_of, tracks)
    for index, ((label, kind, spans), at) in enumerate(zip(strips, beside, strict=True)):
        y = base + 46 + row * index
        _strip(drawing, kind, spans, x_of, (y + row - 15, y + row - 3) if is_above else (y + 6, y + 18), left, right)
        if is_above:
            drawing.text(left, y + row - 19, label, "small-ink")
        elif at is not None:
            drawing.text(at[0], y + 16.5, label, "label", at[1])
    return drawing.markup()


def ground_profile(facts: Facts, tracks: list[Flown], width: float) -> Markup | None:
    """Height over ground range from the estimated launch, both axes to one scale where there is room."""
    threats = [f for f in tracks if _is_threat(f.view)]
    if not threats or not threats[0].view or threats[0].view.launch is None:
        return None
    first = threats[0]
    is_narrow = width < 600
    left, right = (40.0, width - 10) if is_narrow else (64.0, width - 24)
    launch = first.view.launch.launch_ecef_m if first.view and first.view.launch else None
    if launch is None:
        return None
    lat, lon, _ = geodetic_of([launch])[0]

    def across(t_s: Array, place: Array) -> Array:
        return arc_km(lat, lon, place[:, 0], place[:, 1])

    drawn = [place for f in threats for _, place in (*f.parts, *f.gaps)]
    drawn += [f.ahead for f in threats if f.ahead is not None]
    far_km = 1.04 * max(float(across(place, place).max()) for place in drawn if len(place))
    high_km = _extent(threats)[2]
    deep = min(max((right - left) * high_km / far_km, 110.0), 320.0)
    top = 26.0
    base = top + deep
    stretch = deep / high_km / ((right - left) / far_km)
    drawing = Drawing(
        width,
        base + 42,
        name=f"ground-{'n' if is_narrow else 'w'}",
        title="Height over ground range from the estimated launch point",
        description=f"The threat rises to {_peak_km(first):.0f} km and comes down {far_km / 1.04:.0f} km away.",
    )

    def x_of(km: float) -> float:
        return left + km / far_km * (right - left)

    def y_of(km: float) -> float:
        return base - km / high_km * deep

    for km in ticks(0, far_km, nice_step(far_km, (right - left) / 90)):
        drawing.line(x_of(km), top, x_of(km), base + 5, "grid")
        drawing.text(x_of(km), base + 18, f"{km:g}", "tick", "middle")
    for km in ticks(0, high_km, nice_step(high_km, max(2.0, deep / 46))):
        drawing.line(left, y_of(km), right, y_of(km), "grid")
        drawing.text(left - 7, y_of(km) + 4, f"{km:g}", "tick", "end")
    drawing.line(left, base, right, base, "axis-line")
    drawing.text(8 if is_narrow else left - 48, top - 10, "height, km", "axis")
    true_scale = "heights to scale" if abs(stretch - 1) < 0.05 else f"heights stretched {stretch:.1f} times"
    drawing.text(right, base + 34, f"km over the ground from launch; {true_scale}", "axis", "end")
    labels = Labels((left, top - 8, right, base - 4))
    _curves(drawing, labels, threats, across, x_of, y_of)
    return drawing.markup()


def _curves(
    drawing: Drawing, labels: Labels, tracks: list[Flown], across: Callable[[Array, Array], Array], x_of: Any, y_of: Any
) -> None:  # fmt: skip
    """Tracks solid where they rest on plots, dashed where they were foreseen or carried on without."""

    def pixels(t_s: Array, place: Array) -> Array:
        return np.stack(([x_of(float(x)) for x in across(t_s, place)], [y_of(h / 1000) for h in place[:, 2]]), axis=1)

    has_threat = any(_is_threat(f.view) for f in tracks)
    for number, f in enumerate(tracks):
        is_threat = _is_threat(f.view)
        if is_threat and f.ahead_s is not None and f.ahead is not None:
            drawing.path(points(thin(pixels(f.ahead_s, f.ahead))), "foreseen")
        for gap in f.gaps:
            drawing.path(points(thin(pixels(*gap))), "foreseen" if is_threat else "carried")
        lines = [pixels(*part) for part in f.parts if len(part[0])]
        for line in lines:
            if len(line) > 1:
                drawing.path(points(thin(line)), "flown" if is_threat else "traffic")
            else:
                drawing.circle(float(line[0, 0]), float(line[0, 1]), 2.5, "flown-dot" if is_threat else "traffic-dot")
        if number < MOST_LABELS and lines:
            for x, y in (spot for line in lines for spot in line[:: max(1, len(line) // 120)]):
                labels.block((x - 3, y - 3, x + 3, y + 3))
            if is_threat or not has_threat:
                longest = max(lines, key=len)
                x, y = longest[len(longest) // 2]
                labels.place(drawing, x, y, f.label, "strong-threat" if is_threat else "small")


def _events(drawing: Drawing, labels: Labels, facts: Facts, x_of: Any, y_of: Any, tracks: list[Flown]) -> None:
    for e in facts.engagements:
        where = next((r.intercept_ecef_m for r in reversed(e.revisions) if r.intercept_ecef_m is not None), None)
        if e.launch_ns is None or e.intercept_ns is None or where is None:
            continue
        x, y = x_of(facts.after_s(e.intercept_ns)), y_of(geodetic_of([where])[0][2] / 1000)
        x0 = x_of(facts.after_s(e.launch_ns))
        drawing.path(points(((x0, y_of(0)), (x, y))), "interceptor")
        drawing.cross(x, y, 6, "intercept")
        outcome = {"hit": "intercept, reported hit", "miss": "reported miss", "unknown": "outcome unknown"}
        words = f"{outcome.get(e.outcome, 'intercept foreseen')} {facts.at(e.intercept_ns)}"
        labels.place(drawing, x, y, words, "strong-defence", gap=10, is_needed=True)
        labels.place(
            drawing, x0, y_of(0) - 6, f"interceptor {facts.at(e.launch_ns)}", "strong-defence", gap=6, is_needed=True
        )
    main = next((f for f in tracks if _is_threat(f.view)), None)
    if main is not None and main.view is not None and main.view.impact is not None:
        impact = main.view.impact
        if impact.apogee_ns is not None and impact.apogee_height_m is not None:
            x, y = x_of(facts.after_s(impact.apogee_ns)), y_of(impact.apogee_height_m / 1000)
            drawing.circle(x, y, 3, "apogee")
            words = f"apogee {impact.apogee_height_m / 1000:.0f} km, {facts.at(impact.apogee_ns)}"
            labels.place(drawing, x, y, words, "label", gap=8, is_needed=True)
        if impact.impact_ns is not None:
            x = x_of(facts.after_s(impact.impact_ns))
            drawing.plus(x, y_of(0), 7, "impact-mark")
            labels.place(
                drawing, x, y_of(0) - 8, f"impact {facts.at(impact.impact_ns)}", "strong-threat", is_needed=True
            )


def _extent(tracks: list[Flown]) -> tuple[float, float, float]:
    lows = [float(f.t_s.min()) for f in tracks if len(f.t_s)]
    highs = [float(f.t_s.max()) for f in tracks if len(f.t_s)] + [
        float(f.ahead_s.max()) for f in tracks if f.ahead_s is not None
    ]
    tall = max(_peak_km(f) for f in tracks)
    highs += [
        (f.view.impact.impact_ns - f.zero_ns) / 1e9
        for f in tracks
        if f.ahead is not None
        and f.view is not None
        and f.view.impact is not None
        and f.view.impact.impact_ns is not None
    ]
    low, high = min(0.0, *lows) if lows else 0.0, max(highs, default=60.0)
    return low, max(high + 0.03 * (high - low), low + 10.0), max(1.0, tall * 1.14)


def _peak_km(f: Flown) -> float:
    peaks = [float(f.place[:, 2].max())] if len(f.place) else [0.0]
    if f.ahead is not None and len(f.ahead):
        peaks.append(float(f.ahead[:, 2].max()))
    return max(peaks) / 1000


Strip = tuple[str, str, list[tuple[float, float]]]


def _strips(facts: Facts, tracks: list[Flown]) -> list[Strip]:
    """(label, kind, spans after zero): one per sensor that fed a drawn track, one per engagement."""
    contacts: dict[str, list[tuple[float, float]]] = {}
    for f in main_tracks(tracks):
        for sensor, spans in f.track.contacts_ns.items():
            contacts.setdefault(sensor, []).extend((facts.after_s(a), facts.after_s(b)) for a, b in spans)
    rows: list[Strip] = [(sensor, "contact", spans) for sensor, spans in sorted(contacts.items())][:8]
    for e in facts.engagements[:6]:
        if e.window is not None:
            rows.append((f"{e.site}: window", "window", [(facts.after_s(e.window[0]), facts.after_s(e.window[1]))]))
        if e.launch_ns is not None and e.intercept_ns is not None:
            rows.append(
                (f"{e.site}: in flight", "flight", [(facts.after_s(e.launch_ns), facts.after_s(e.intercept_ns))])
            )
    return rows


def _strip(
    drawing: Drawing, kind: str, spans: list[tuple[float, float]], x_of: Any, bar: tuple[float, float], left: float,
    right: float,
) -> None:  # fmt: skip
    for start, end in spans:
        box = (max(left, x_of(start)), bar[0], min(right, max(x_of(end), x_of(start) + 2)), bar[1])
        drawing.rect(box, f"strip strip-{kind}")
        if kind == "window":
            drawing.rect(box, "hatched", fill=drawing.hatch("stripes", 6))


def _beside(
    label: str, spans: list[tuple[float, float]], x_of: Any, left: float, right: float
) -> tuple[float, str] | None:
    """Where a strip's label stands clear of its bars, and by which end it hangs; None where there is no room."""
    first = min((x_of(a) for a, _ in spans), default=left)
    last = max((min(x_of(b), right) for _, b in spans), default=left)
    wide = text_width(label, 12)
    if last + 8 + wide < right:
        return last + 8, "start"
    if first - 8 - wide > left:
        return first - 8, "end"
    return None


def _words(facts: Facts, tracks: list[Flown], strips: list[Strip]) -> str:
    said = [
        f"{label} from {start / 60:.1f} to {end / 60:.1f} min" for label, _, spans in strips for start, end in spans[:1]
    ]
    return f"{len(tracks)} tracks, highest {_extent(tracks)[2] / 1.14:.0f} km. " + "; ".join(said)
