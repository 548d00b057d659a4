"""Templates filled in: what people read, with the marker as first and last words of every part."""

from __future__ import annotations

import datetime as dt

import msgspec

from tocsin.messages import Origin, WarningText
from tocsin.messages.public_warning import Purpose, WarningKind
from tocsin.texts.load import Country, Texts, countries, texts
from tocsin.units import NS_PER_S

PLACES_SHOWN = 8  # more names than a person can take in are counted instead
_NEARLY_A_MINUTE_NS = 60 * NS_PER_S - 1  # "until" is rounded up: nobody goes out a minute early
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # Unicode UAX 9: keeps a Latin name whole inside a right-to-left line


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a public text may depend on. Nothing else reaches the templates."""

    places: tuple[str, ...]  # most at risk first
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2, in the same order: clock and emergency numbers
    certainty: str = "Possible"  # Observed | Likely | Possible
    people_count: int = 0
    at_ns: int = 0  # the moment the text speaks of: predicted impact, closing, fall of debris
    is_at_known: bool = True  # False: the time of impact cannot be said
    until_ns: int | None = None  # the last piece of debris on the ground; None: all are down
    seconds_left: float | None = None
    danger_s: float = 0.0


def render_warning(
    kind: WarningKind,
    purpose: Purpose,
    language: str,
    origin: Origin,
    facts: Facts,
    *,
    places_shown: int = PLACES_SHOWN,
) -> WarningText:
    """One language's text of one message; of its places at most ``places_shown`` by name, the rest counted.

    Raises KeyError where the language lacks the template (a debris notice has no ``passed``).
    """
    book = texts(language)
    is_falling = kind == "debris" and facts.until_ns is not None and purpose in book.falling
    template = (book.missile if kind == "missile" else book.falling if is_falling else book.debris)[purpose]
    words, named = book.words, _clean(facts.places)
    when = clock(facts.at_ns, facts.countries)
    minutes = _when(book, facts.seconds_left)
    slots = {
        "issuer": book.issuer[origin],
        "place": _wrap(book, named[0] if named else "-"),
        "zones": _listed(book, named, places_shown),
        "impact": words["impact_known"].format(clock=when, when=minutes)
        if facts.is_at_known and minutes
        else words["impact_unknown"],
        "clock": when,
        "until": clock((facts.until_ns or 0) + _NEARLY_A_MINUTE_NS, facts.countries),
        "people": grouped(facts.people_count, book.number_group),
        "emergency": _emergency(book, facts.countries),
        "sure": words[{"Observed": "observed", "Likely": "likely"}.get(facts.certainty, "possible")],
        "days": _counted(book, "days", max(1, round(facts.danger_s / 86_400.0))),
    }
    description = template.description.format(**slots)
    if not book.reviewed_by:
        description += f" {book.unreviewed}"
    return WarningText(
        language=language,
        event=marked(template.event, language, origin),
        headline=marked(template.headline.format(**slots), language, origin),
        description=marked(description, language, origin),
        instruction=marked(template.instruction.format(**slots), language, origin),
        area_text=_listed(book, named, places_shown),
        reviewed_by=f"{book.reviewed_by} {book.date}".strip(),
    )


def marked(text: str, language: str, origin: Origin) -> str:
    """The text with the origin's marker as its first and last words."""
    marker = texts(language).marker[origin]
    return f"{marker} - {text} - {marker}"


def statement_sentence(language: str, fact: str, **slots: str) -> str:
    """One sentence of a statement."""
    return texts(language).statement[fact].format(**slots)


def clock(time_ns: int, country_codes: tuple[str, ...]) -> str:
    """Clock time as people read it in the first country, and in UTC where the others' clocks differ.

    ``14:05``, or ``14:05 (11:05 UTC)``; ``11:05 UTC`` where the first one's offset is not known.
    """
    offsets = [countries().get(code, Country()).offset_minutes for code in country_codes] or [None]
    minute = time_ns // NS_PER_S // 60
    in_utc = f"{minute // 60 % 24:02d}:{minute % 60:02d} UTC"
    if offsets[0] is None:
        return in_utc
    minute += offsets[0]
    local = f"{minute // 60 % 24:02d}:{minute % 60:02d}"
    return local if len(set(offsets)) == 1 else f"{local} ({in_utc})"


def date_text(time_ns: int) -> str:
    """Day in UTC, ``2026-03-04``."""
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=time_ns // NS_PER_S)).strftime("%Y-%m-%d")


def grouped(count: int, group: str) -> str:
    """A number rounded to two figures, as nobody counts people at such a time: 272365 -> 270,000."""
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{round(count / step) * step:,}".replace(",", group)


def _when(book: Texts, seconds_left: float | None) -> str:
    if seconds_left is None:
        return ""
    if seconds_left <= 0.0:
        return book.words["now"]
    minutes = int(seconds_left // 60.0)  # never more time than there is
    return _counted(book, "minutes", minutes)


def _emergency(book: Texts, codes: tuple[str, ...]) -> str:
    """Whom to call: ``112``, or over a border ``112 (Türkiye) or 911 (Jordan)``."""
    where: dict[str, list[str]] = {}
    for code in codes or ("",):
        number = countries().get(code, Country()).emergency
        spoken = book.call.get(number, number) if number else book.words["emergency_services"]
        where.setdefault(spoken, []).append(book.countries.get(code, code))
    if len(where) == 1:
        return next(iter(where))
    calls = [f"{number} ({book.joiner.join(names)})" for number, names in where.items()]
    return book.joiner.join(calls[:-1]) + book.words["or"] + calls[-1]


def _counted(book: Texts, unit: str, count: int) -> str:
    form = "other"
    if count == 0 and f"{unit}_zero" in book.words:
        form = "zero"
    elif count == 1:
        form = "one"
    elif book.plural == "arabic" and count == 2:
        form = "two"
    elif book.plural == "arabic" and 3 <= count % 100 <= 10:
        form = "few"
    return book.words[f"{unit}_{form}"].format(count=count)


def _clean(places: tuple[str, ...]) -> tuple[str, ...]:
    """Each name once, without characters that no screen shows and no XML takes."""
    shown = ("".join(c for c in name if c.isprintable()).strip() for name in places)
    return tuple(dict.fromkeys(name for name in shown if name))


def _listed(book: Texts, places: tuple[str, ...], places_shown: int) -> str:
    shown = book.joiner.join(_wrap(book, name) for name in places[:places_shown]) or "-"
    more = len(places) - places_shown
    return f"{shown} {_counted(book, 'more', more)}" if more > 0 else shown


def _wrap(book: Texts, name: str) -> str:
    return f"{_ISOLATE}{name}{_END_ISOLATE}" if book.direction == "rtl" else name
