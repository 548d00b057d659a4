"""A whole run written by hand: what a record of one missile looks like, with switches for what can go wrong.

Not the output of the pipeline: positions follow a parabola over a great circle, so that every number a
view gives can be worked out on paper. Launch at T = 10 s after the epoch, impact 570 s later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import (
    AlertStatus,
    Assessment,
    Command,
    DebrisArea,
    Detections,
    Engagement,
    Event,
    Message,
    Posture,
    PublicWarning,
    Report,
    Scan,
    SensorHealth,
    Sentence,
    Statement,
    Tick,
    TrackUpdates,
    UnitAlert,
    WarningText,
    Withheld,
    column,
    stamp,
)

EPOCH_NS = 1_772_611_200_000_000_000  # 2026-03-04T08:00:00Z
LAUNCH_S, IMPACT_S, APOGEE_M = 10.0, 580.0, 290_000.0
LAUNCH, IMPACT = (34.32, 47.07), (36.84, 36.22)
INTERCEPT_S = 505.0
MISSILE = (0.97, 0.01, 0.0, 0.0, 0.01, 0.01)
ZONES = tuple((36.6 + 0.16 * (i % 3), 36.0 + 0.19 * (i // 3)) for i in range(9))
ZONE_NAMES = ("Arsuz", "İskenderun", "Dörtyol", "Belen", "Payas", "Erzin", "Kırıkhan", "Hassa", "Osmaniye")


def ns(seconds: float) -> int:
    """Seconds after the epoch to a moment."""
    return EPOCH_NS + round(seconds * 1e9)


def place(t_s: float) -> tuple[float, float, float]:
    """Latitude, longitude (degrees) and height (m) of the missile at a time."""
    u = min(1.0, max(0.0, (t_s - LAUNCH_S) / (IMPACT_S - LAUNCH_S)))
    return (
        LAUNCH[0] + u * (IMPACT[0] - LAUNCH[0]),
        LAUNCH[1] + u * (IMPACT[1] - LAUNCH[1]),
        4.0 * APOGEE_M * u * (1.0 - u),
    )


def ecef(lat_deg: float, lon_deg: float, height_m: float = 0.0) -> tuple[float, float, float]:
    x, y, z = ecef_from_geodetic(math.radians(lat_deg), math.radians(lon_deg), height_m)
    return float(x), float(y), float(z)


def ellipse(lat: float, lon: float, north_km: float, east_km: float, turn: float = 0.5, count: int = 36) -> Any:
    """A closed (count + 1, 2) polygon."""
    angle = np.linspace(0.0, 2.0 * math.pi, count + 1)
    a, b = east_km * np.cos(angle), north_km * np.sin(angle)
    east, north = a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn)
    ring = np.stack((lat + north / 111.2, lon + east / (111.2 * math.cos(math.radians(lat)))), axis=1)
    ring[-1] = ring[0]
    return column(ring)


def hexagon(lat: float, lon: float) -> Any:
    return ellipse(lat, lon, 9.0, 9.0, 0.0, 6)


def text(language: str, headline: str, description: str, instruction: str) -> WarningText:
    marker = {"tr": "TATBİKAT", "ar": "تمرين"}.get(language, "EXERCISE")
    return WarningText(
        language=language,
        event="Missile",
        headline=f"{marker} {headline} {marker}",
        description=description,
        instruction=instruction,
        area_text="Dörtyol, İskenderun, Payas",
    )


TEXTS = (
    text(
        "tr",
        "Füze tehlikesi",
        "Askerî kaynaklara göre Dörtyol ve çevresine füze geliyor. Saat 08:09.",
        "Sığınağa girin.",
    ),
    text(
        "en",
        "Missile danger",
        "Military sensors report a missile towards Dörtyol. 08:09, in 5 minutes.",
        "Go inside now.",
    ),
    text("ar", "خطر صاروخي", "صاروخ يتجه نحو دورتيول خلال ٥ دقائق.", "ادخل إلى مبنى الآن."),
)


class Tape:
    """Gathers messages in order and stamps them."""

    def __init__(self, origin: str = "exercise") -> None:
        self.origin: Any = origin
        self.messages: list[tuple[float, Message]] = []

    def add(self, t_s: float, message: Message, source: str = "stage") -> None:
        self.messages.append((t_s, stamp(message, id="", origin=self.origin, arrival_ns=ns(t_s), source=source)))

    def done(self) -> list[Message]:
        ordered = sorted(self.messages, key=lambda pair: pair[0])
        return [
            stamp(m, id=f"m{i:05d}", origin=m.origin, arrival_ns=m.arrival_ns, source=m.source)
            for i, (_, m) in enumerate(ordered)
        ]


def track_update(t_s: float, sensor: str, first_s: float, radar: int, infrared: int, track: int = 1) -> TrackUpdates:
    here, ahead = ecef(*place(t_s)), ecef(*place(t_s + 1.0))
    velocity = tuple(b - a for a, b in zip(here, ahead, strict=True))
    return TrackUpdates(
        time_ns=ns(t_s),
        sensor=sensor,
        track=column([track], "int64"),
        status=("confirmed",),
        t_ns=column([ns(t_s)], "int64"),
        position_ecef_m=column([here]),
        velocity_ecef_m_s=column([velocity]),
        covariance=column(np.eye(6)[None] * 1e4),
        mode_prob=column([[0.0, 1.0, 0.0]]),
        log_beta=column([8.0]),
        log_beta_std=column([0.5]),
        first_ns=column([ns(first_s)], "int64"),
        last_ns=column([ns(t_s)], "int64"),
        radar_count=column([radar], "int64"),
        infrared_count=column([infrared], "int64"),
        position_count=column([0], "int64"),
        nis=column([2.0]),
        nis_dof=column([3], "int64"),
        parent=column([0], "int64"),
        sensors=(("IR-EAST", "LAND-RADAR") if radar else ("IR-EAST",),),
    )


def assessment(t_s: float, revision: int, rung: Any, *, is_degraded: bool = False, reason: str = "") -> Assessment:
    km = max(3.0, 90.0 * math.exp(-(t_s - 60.0) / 90.0))
    kinds: Any = ("infrared", "radar") if rung == "CONFIRMED" else ("infrared",)
    burning = t_s < 80.0
    path_s = np.arange(t_s, IMPACT_S + 1.0, 10.0)
    path = np.array([ecef(*place(float(t))) for t in path_s])
    lat, lon, _ = place(IMPACT_S)
    return Assessment(
        time_ns=ns(t_s),
        threat="T1",
        track=1,
        revision=revision,
        rung=rung,
        class_prob=MISSILE,
        best_class="ballistic_missile",
        phenomenologies=kinds,
        is_degraded=is_degraded,
        is_burning=burning,
        t_ns=ns(t_s),
        position_ecef_m=ecef(*place(t_s)),
        velocity_ecef_m_s=(1.0, 2.0, 3.0),
        specific_energy_m2_s2=-6e7,
        perigee_height_m=-4.1e6,
        launch_ns=ns(LAUNCH_S + 0.5),
        launch_std_s=4.0 if not burning else 9.0,
        launch_ecef_m=ecef(*LAUNCH),
        launch_region_90_deg=ellipse(*LAUNCH, 8.0, 14.0),
        impact_ns=ns(IMPACT_S),
        impact_std_s=3.0,
        impact_ecef_m=ecef(*IMPACT),
        impact_covariance_en_m2=column([[(km * 600.0) ** 2, 0.0], [0.0, (km * 300.0) ** 2]]),
        impact_region_50_deg=ellipse(lat, lon, km * 0.35, km * 0.7),
        impact_region_90_deg=ellipse(lat, lon, km * 0.64, km * 1.28),
        impact_region_99_deg=ellipse(lat, lon, km * 0.91, km * 1.82),
        no_impact_prob=0.0,
        apogee_ns=ns((LAUNCH_S + IMPACT_S) / 2),
        apogee_height_m=APOGEE_M,
        path_ns=column([ns(float(t)) for t in path_s], "int64"),
        path_ecef_m=column(path),
        path_velocity_ecef_m_s=column(np.ones_like(path)),
        reason=reason,
    )


def warning(revision: int, state: Any, **changes: Any) -> PublicWarning:
    fields: dict[str, Any] = {
        "time_ns": 0,
        "warning": "W1",
        "revision": revision,
        "revises": revision - 1,
        "kind": "missile",
        "state": state,
        "status": AlertStatus.EXERCISE,
        "msg_type": "Alert" if revision < 3 else "Update",
        "certainty": "Observed",
        "threats": ("T1",),
        "zones": tuple(f"z{i}" for i in range(6)),
        "zone_names": ZONE_NAMES[:6],
        "people_count": 412_000,
        "area_deg": tuple(hexagon(*c) for c in ZONES[:6]),
        "impact_ns": ns(IMPACT_S),
        "expires_ns": ns(2_400.0),
        "texts": TEXTS,
        "drafted_by": "warn",
    }
    return PublicWarning(**{**fields, **changes})


def example_run(
    *,
    has_radar: bool = True,
    has_approver: bool = True,
    outcome: str = "hit",
    is_second_unit_silent: bool = False,
    is_refuted: bool = False,
    hostile: str = "",
    end_s: float = 1_500.0,
    origin: str = "exercise",
) -> list[Message]:
    """All messages of the run, in handled order."""
    tape = Tape(origin)
    for message, t_s, source in _all(has_radar, has_approver, outcome, is_second_unit_silent, is_refuted, hostile):
        if t_s <= end_s:
            tape.add(t_s, message, source)
    tape.add(end_s, Tick(time_ns=ns(end_s), sequence=round(end_s)))
    return tape.done()


def _all(
    has_radar: bool, has_approver: bool, outcome: str, is_second_unit_silent: bool, is_refuted: bool, hostile: str
) -> Iterator[tuple[Message, float, str]]:
    yield (
        Posture(time_ns=ns(0), level="raised", concurrence="standing", crew_reaction_s=25.0, members_count=32),
        0.0,
        "p",
    )
    yield SensorHealth(time_ns=ns(0), sensor="IR-EAST", kind="infrared", state="ok"), 0.0, "screen"
    state: Any = "ok" if has_radar else "off"
    why = "" if has_radar else "it says it is off"
    yield SensorHealth(time_ns=ns(0), sensor="LAND-RADAR", kind="radar", state=state, reason=why), 0.0, "screen"
    yield from _sensed(has_radar)
    confirmed_s = 190.0
    rungs = [(70.0, "CUE"), (95.0, "PROBABLE"), (confirmed_s, "CONFIRMED" if has_radar else "PROBABLE")]
    for revision, t_s in enumerate(range(70, 500, 10), 1):
        rung: Any = [r for start, r in rungs if start <= t_s][-1]
        if is_refuted and t_s >= 150:
            rung = "REFUTED"
        reason = "a research rocket" + hostile if rung == "REFUTED" else "consistent ballistic kinematics" + hostile
        yield assessment(float(t_s), revision, rung, is_degraded=not has_radar, reason=reason), t_s + 0.3, "assess"
    for unit, answer_s in (("Land battery", 108.0), ("Frigate", None if is_second_unit_silent else 112.0)):
        common: dict[str, Any] = {
            "time_ns": ns(96),
            "alert": f"A-{unit}",
            "unit": unit + hostile,
            "threat": "T1",
            "track": 1,
        }
        common |= {"deadline_ns": ns(116), "impact_ns": ns(IMPACT_S), "area_deg": ellipse(*IMPACT, 30.0, 60.0)}
        common["text"] = f"T1 towards Dörtyol, impact 08:09:40. Crew to stations.{hostile}"
        yield UnitAlert(revision=1, state="sent", **common), 96.0, "alert"
        if answer_s is None:
            yield UnitAlert(revision=2, state="resent", attempt=2, **common), 116.0, "alert"
            yield UnitAlert(revision=3, state="escalated", attempt=2, **common), 136.0, "alert"
        else:
            yield (
                Report(time_ns=ns(answer_s), kind="acknowledgement", reporter=unit, subject=f"A-{unit}"),
                answer_s,
                unit,
            )
            yield UnitAlert(revision=2, state="acknowledged", **common), answer_s, "alert"
    if is_refuted:
        return
    yield from _told(has_approver, hostile)
    yield from _engaged(has_radar, outcome)
    yield from _after(outcome if has_radar else "", hostile)


def _sensed(has_radar: bool) -> Iterator[tuple[Message, float, str]]:
    for t_s in range(52, 500, 2):
        is_radar = has_radar and t_s > 150
        if t_s > 90 and not is_radar:
            continue
        sensor, kind = ("LAND-RADAR", "radar") if is_radar else ("IR-EAST", "infrared")
        times = column([ns(t_s)], "int64")
        common: Any = {"time_ns": ns(t_s), "sensor": sensor, "kind": kind, "sequence": t_s}
        common |= {"start_ns": ns(t_s), "end_ns": ns(t_s), "platform_ecef_m": None, "plot_time_ns": times}
        yield Scan(**common), float(t_s), sensor
        yield Detections(**common, plot_index=column([0], "int64")), float(t_s), "screen"
        yield track_update(float(t_s), sensor, 52.0, (t_s - 150) // 2 * is_radar, 20), t_s + 0.2, "track"


def _told(has_approver: bool, hostile: str) -> Iterator[tuple[Message, float, str]]:
    yield warning(1, "draft", is_degraded=False), 100.0, "warn"
    if not has_approver:
        yield warning(2, "expired", reason="nobody approved within 240 s"), 340.0, "warn"
        return
    yield (
        Command(time_ns=ns(205), actor="Approver", action="approve_warning", subject="W1", revision=1),
        205.0,
        "Approver",
    )
    yield warning(2, "sent", approved_by="Approver" + hostile, seconds_left=IMPACT_S - 206.0), 206.0, "warn"
    wider: Any = {"zones": tuple(f"z{i}" for i in range(9)), "zone_names": ZONE_NAMES, "people_count": 530_000}
    wider["area_deg"] = tuple(hexagon(*c) for c in ZONES)
    yield warning(3, "updated", approved_by="Approver", seconds_left=IMPACT_S - 260.0, **wider), 260.0, "warn"


def _engaged(has_radar: bool, outcome: str) -> Iterator[tuple[Message, float, str]]:
    where = {"intercept_ecef_m": ecef(*place(INTERCEPT_S)), "intercept_ns": ns(INTERCEPT_S)}
    common: dict[str, Any] = {"time_ns": ns(200), "engagement": "E1", "threat": "T1", "track": 1, "site": "Sea site"}
    common |= {"earliest_launch_ns": ns(240), "latest_launch_ns": ns(420), "kill_prob": 0.7, "looks": 2, **where}
    if not has_radar:
        common |= {"earliest_launch_ns": None, "latest_launch_ns": None}
        yield Engagement(revision=1, state="no_window", reason="the threat is not CONFIRMED", **common), 200.0, "engage"
        return
    yield Engagement(revision=1, state="planned", **common), 200.0, "engage"
    yield Engagement(revision=2, state="authorised", authorised_by="Authority", **common), 230.0, "engage"
    fired: dict[str, Any] = {"launch_ns": ns(330), "shots": 2, "shots_left": 6, "authorised_by": "Authority"}
    yield Engagement(revision=3, state="launched", **fired, **common), 330.0, "engage"
    if outcome:
        result: Any = outcome
        yield (
            Report(time_ns=ns(INTERCEPT_S), kind="intercept", reporter="Sea site", subject="E1", outcome=result),
            508.0,
            "s",
        )
        yield Engagement(revision=4, state=result, **fired, **common), 508.0, "engage"


def _after(outcome: str, hostile: str) -> Iterator[tuple[Message, float, str]]:
    lat, lon, _ = place(INTERCEPT_S)
    if outcome == "hit":
        area = DebrisArea(
            time_ns=ns(508),
            area="D1",
            revision=1,
            kind="intercept",
            is_predicted=False,
            threat="T1",
            engagement="E1",
            mean_ecef_m=ecef(36.8, 36.5),
            region_50_deg=ellipse(36.78, 36.55, 8.0, 25.0, -0.25),
            region_90_deg=ellipse(36.78, 36.55, 14.0, 45.0, -0.25),
            region_99_deg=ellipse(36.78, 36.55, 20.0, 66.0, -0.25),
            fall_start_ns=ns(590),
            fall_end_ns=ns(1_100),
            danger_until_ns=ns(508 + 259_200),
            fragment_count=240,
            mass_kg=620.0,
            zones=("z2", "z5"),
            places=("Dörtyol", "Hassa" + hostile),
            people_count=94_000,
            casualty_expectation=0.012,
        )
        yield area, 508.5, "debris"
        notice = warning(
            1, "sent", warning="W2", kind="debris", people_count=94_000, approved_by="Approver", impact_ns=None
        )
        yield notice, 560.0, "warn"
    yield Report(
        time_ns=ns(900), kind="find", reporter="Gendarmerie", subject="F1", outcome="reported",
        position_ecef_m=ecef(lat, lon), text="unexploded body in a field" + hostile,
    ), 900.0, "finder"  # fmt: skip
    yield Event(time_ns=ns(400), code="screen.stale", severity="warning", text="old plots" + hostile), 400.0, "screen"
    facts = (
        Sentence(fact="happened", text="A missile was identified." + hostile, language="en",
                 label="EXERCISE-PUBLIC", evidence=("m00010", "m00020")),
        Sentence(fact="happened", text="Bir füze tespit edildi.", language="tr",
                 label="EXERCISE-PUBLIC", evidence=("m00010",)),
    )  # fmt: skip
    held = (Withheld(fact="posture content", reason="withheld for operational security" + hostile),)
    for t_s, audience in ((1_200.0, "host_nation"), (1_260.0, "public")):
        to: Any = audience
        common: dict[str, Any] = {"statement": f"S-{audience}", "audience": to, "banner": "EXERCISE-PUBLIC"}
        common |= {"time_ns": ns(t_s), "sentences": facts, "withheld": held}
        yield Statement(revision=1, state="draft", **common), t_s, "inform"
        yield Statement(revision=2, state="released", approved_by="Spokesperson", **common), t_s + 30.0, "inform"


def quiet_run(origin: str = "exercise") -> list[Message]:
    """Aircraft and a satellite only: nothing may be alerted."""
    tape = Tape(origin)
    tape.add(0.0, SensorHealth(time_ns=ns(0), sensor="LAND-RADAR", kind="radar", state="ok"))
    for t_s in range(0, 300, 4):
        for track, (lat, lon, height, east) in enumerate(
            ((36.2, 35.0, 10_500.0, 0.0025), (37.1, 36.0, 9_800.0, -0.0022))
        ):
            base = track_update(float(t_s), "LAND-RADAR", 0.0, t_s // 4 + 1, 0, track + 1)
            here = ecef(lat + 0.0004 * t_s, lon + east * t_s, height)
            fields = {f: getattr(base, f) for f in base.__struct_fields__}
            tape.add(t_s + 0.2, TrackUpdates(**{**fields, "position_ecef_m": column([here])}))
    for track in (1, 2):
        found = assessment(100.0, 1, "NONE")
        fields = {
            f: getattr(found, f) for f in found.__struct_fields__ if not f.startswith(("launch", "impact", "path"))
        }
        fields |= {
            "threat": f"T{track}",
            "track": track,
            "best_class": "aircraft",
            "apogee_ns": None,
            "apogee_height_m": None,
        }
        fields |= {"class_prob": (0.0, 0.0, 0.0, 1.0, 0.0, 0.0), "reason": "level flight", "is_burning": False}
        tape.add(100.5 + track, Assessment(**fields))
    tape.add(300.0, Tick(time_ns=ns(300), sequence=300))
    return tape.done()
