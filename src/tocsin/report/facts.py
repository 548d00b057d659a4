"""All that the sections of a report read, worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tocsin.messages import Message, Origin
from tocsin.policy import Policy
from tocsin.scenario.schema import Scenario
from tocsin.units import NS_PER_S, clock_text, iso_from_ns
from tocsin.views import (
    CAPTIONS,
    AlertView,
    Clock,
    DebrisView,
    EngagementView,
    FindView,
    StatementView,
    ThreatClock,
    ThreatView,
    TrackView,
    WarningView,
    ZoneTold,
    alerts,
    clock,
    debris,
    engagements,
    finds,
    span_ns,
    statements,
    threats,
    tracks,
    warnings,
)

TruePath = Sequence[tuple[int, float, float, float]]
"""(time_ns, latitude_deg, longitude_deg, height_m) of what really flew; simulation only."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One run, seen through every view."""

    messages: Sequence[Message]
    scenario: Scenario | None
    seed: int | None
    version: str
    digest: str
    command: str
    truth: Mapping[str, TruePath]
    origin: Origin
    start_ns: int
    end_ns: int
    clock: Clock
    threats: tuple[ThreatView, ...]
    tracks: tuple[TrackView, ...]
    warnings: tuple[WarningView, ...]
    alerts: tuple[AlertView, ...]
    engagements: tuple[EngagementView, ...]
    debris: tuple[DebrisView, ...]
    finds: tuple[FindView, ...]
    statements: tuple[StatementView, ...]

    @property
    def caption(self) -> str:
        """What every picture and text of this run carries."""
        return CAPTIONS[self.origin]

    @property
    def main(self) -> ThreatClock | None:
        """The clock of the first threat."""
        return self.clock.first

    @property
    def zero_ns(self) -> int:
        """Zero of every time axis: the estimated launch, or the record's start where there is none."""
        zero = self.main.zero_ns if self.main else None
        return self.start_ns if zero is None else zero

    @property
    def is_zero_launch(self) -> bool:
        return self.main is not None and self.main.zero_ns is not None

    @property
    def zero_words(self) -> str:
        """What zero of a time axis means."""
        return "after estimated launch" if self.is_zero_launch else "after the first message"

    @property
    def is_dated(self) -> bool:
        """False for a recording without a date in it, which the reader gave a stand-in day."""
        from tocsin.formats.asterix import DEFAULT_DAY

        return self.origin != "test" or iso_from_ns(self.start_ns, 0)[:10] != DEFAULT_DAY.isoformat()

    def after_s(self, time_ns: int) -> float:
        """Seconds after zero."""
        return (time_ns - self.zero_ns) / NS_PER_S

    def at(self, time_ns: int | None) -> str:
        """A moment as ``+04:07``; a dash where there is none."""
        return "–" if time_ns is None else clock_text(self.after_s(time_ns))

    def view(self, threat: str) -> ThreatView | None:
        return next((v for v in self.threats if v.threat == threat), None)


def gather(
    messages: Sequence[Message],
    *,
    scenario: Scenario | None,
    seed: int | None,
    version: str,
    digest: str,
    command: str,
    truth: Mapping[str, TruePath] | None,
) -> Facts:
    """Every view of a record, once."""
    span = span_ns(messages) or (0, 0)
    policy = scenario.policy if scenario is not None else Policy()
    origin: Origin = messages[0].origin if messages else (scenario.origin if scenario is not None else "test")
    return Facts(
        messages=messages,
        scenario=scenario,
        seed=seed,
        version=version,
        digest=digest,
        command=command,
        truth=truth or {},
        origin=origin,
        start_ns=span[0],
        end_ns=span[1],
        clock=clock(messages, policy.budgets),
        threats=threats(messages),
        tracks=tracks(messages),
        warnings=warnings(messages),
        alerts=alerts(messages),
        engagements=engagements(messages),
        debris=debris(messages),
        finds=finds(messages),
        statements=statements(messages),
    )


def count_words(count: int) -> str:
    """A count with narrow spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")


def people_words(count: int) -> str:
    """People as a newspaper counts them: exact below ten thousand, then rounded, and millions by name."""
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} million"
    return count_words(count if count < 10_000 else round(count, -3))


def interval_words(std_s: float | None) -> str:
    """The 95 % interval of a time whose one sigma is given; empty where none is."""
    return "" if std_s is None else f"± {2 * std_s:.0f} s (95 %)"


def by_people(told: Sequence[ZoneTold]) -> list[ZoneTold]:
    """Zones with the most people first; zones that the packaged table does not know keep their order, last."""
    from tocsin.places import zones

    row = {zone: number for number, zone in enumerate(zones().ids)} if told else {}
    count = {z.zone: int(zones().people_count[row[z.zone]]) for z in told if z.zone in row}
    return sorted(told, key=lambda z: -count.get(z.zone, -1))


def duration_words(seconds: float) -> str:
    """A duration as people say it: ``5 min 20 s``."""
    whole = round(abs(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min" + (f" {whole % 60:02d} s" if whole % 60 else "")
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{round(whole / 86_400)} days"


def class_words(name: str) -> str:
    """A class as people read it."""
    return name.replace("_", " ")


def time_words(time_ns: int) -> str:
    """A moment as clock time, UTC."""
    return iso_from_ns(time_ns, decimals=0)[11:19] + " UTC"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence: ``A, B and 3 more``."""
    unique = list(dict.fromkeys(n for n in names if n))
    if len(unique) > most + 1:
        return f"{', '.join(unique[:most])} and {len(unique) - most} more"
    if len(unique) < 2:
        return "".join(unique)
    return f"{', '.join(unique[:-1])} and {unique[-1]}"
