"""What a public text must hold, may not hold, and how long it may be where it goes."""

from __future__ import annotations

import re
import unicodedata

from tocsin.messages import Origin, WarningText
from tocsin.texts.load import Texts, channels, forbidden_phrases, texts

_CLOCK = re.compile(r"\b([01]\d|2[0-3]):[0-5]\d\b")
# 3GPP TS 23.038 table 6.2.1 (GSM 7-bit default alphabet) and 6.2.1.1 (extension: two septets each).
_SEVEN_BIT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def text_problems(text: WarningText, origin: Origin, *, is_impact_ahead: bool = False) -> list[str]:
    """Why a text may not go out: a content it lacks, a marker missing, a forbidden phrase. Empty: none.

    ``is_impact_ahead``: the text warns of an impact, and must also say in how many minutes.
    """
    book = texts(text.language)
    marker = book.marker[origin]
    parts = {name: getattr(text, name) for name in ("event", "headline", "description", "instruction")}
    found = [
        f"{name} does not begin and end with {marker!r}"
        for name, part in parts.items()
        if not (part.startswith(f"{marker} ") and part.endswith(f" {marker}"))
    ]
    informs = "\n".join((text.event, text.headline, text.description))
    found += _facts_missing(informs, text, origin, is_impact_ahead) + _guidance_missing(text.instruction, book)
    if not text.reviewed_by and book.unreviewed not in text.description:
        found.append("an unreviewed translation does not say so")
    return found + forbidden_in(" ".join(parts.values()))


def _guidance_missing(body: str, book: Texts) -> list[str]:
    is_there = any(folded(word) in folded(body) for word in book.lint.guidance)
    return [] if is_there else ["guidance: it does not say what to do"]


def _facts_missing(body: str, text: WarningText, origin: Origin, is_impact_ahead: bool) -> list[str]:
    """Which of source, hazard, location and time a body of words lacks."""
    book, plain, found = texts(text.language), folded(body), []
    if folded(book.issuer[origin]) not in plain:
        found.append("source: it does not say who speaks")
    if not any(folded(word) in plain for word in book.lint.hazard):
        found.append("hazard: no word says what the danger is")
    place = folded(re.split(r"[,،]", text.area_text)[0]).strip(" -")
    if not place or place not in plain:
        found.append("location: no place of the area is named")
    if book.words["impact_unknown"] in body:
        return found
    if not _CLOCK.search(body):
        found.append("time: no clock time")
    if is_impact_ahead and not _says_minutes(book, body):
        found.append("time: not in how many minutes")
    return found


def _says_minutes(book: Texts, body: str) -> bool:
    said = [words for name, words in book.words.items() if name.startswith("minutes_") or name == "now"]
    return any(re.search(re.escape(words).replace(r"\{count\}", r"\d+"), body) for words in said)


def forbidden_in(text: str) -> list[str]:
    """Forbidden phrases in a text, in any language, whatever the case, accents and spacing."""
    plain = re.sub(r"\W+", " ", folded(text))
    return [
        f"forbidden phrase {phrase!r}"
        for phrase in forbidden_phrases()
        if re.sub(r"\W+", " ", folded(phrase)).strip() in plain
    ]


def folded(text: str) -> str:
    """Lower case, without accents and invisible characters, for comparing."""
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("İ", "i"))
    return "".join(c for c in plain.casefold() if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


def channel_text(text: WarningText, channel: str, origin: Origin) -> str:
    """What a channel carries of a text; empty for a siren."""
    book = texts(text.language)
    source = book.words["source"].format(issuer=book.issuer[origin])
    return "\n".join(source if part == "source" else getattr(text, part) for part in channels()[channel].parts)


def page_count(body: str, seven_bit: int = 93, wide: int = 40) -> int:
    """Cell-broadcast pages a text takes: septets where the 7-bit alphabet holds it all, else UTF-16 units."""
    if all(c in _SEVEN_BIT or c in _EXTENSION for c in body):
        return -(-sum(2 if c in _EXTENSION else 1 for c in body) // seven_bit)
    return -(-(len(body.encode("utf-16-be")) // 2) // wide)


def channel_problems(text: WarningText, channel: str, origin: Origin, *, is_impact_ahead: bool = False) -> list[str]:
    """Why what a channel would carry of a text may not go there: a content it lacks, or too long. Empty: none."""
    if channel not in channels():
        return [f"no channel is called {channel!r}"]
    body = channel_text(text, channel, origin)
    if not channels()[channel].parts:
        return []
    lacks = _facts_missing(body, text, origin, is_impact_ahead) + _guidance_missing(body, texts(text.language))
    return [f"{channel}: {why}" for why in [*lacks, *too_long(body, channel)]]


def too_long(body: str, channel: str) -> list[str]:
    """Why a body does not fit a channel, in the channel's own count. Empty: it fits."""
    limit = channels()[channel]
    if limit.pages is not None:
        pages = page_count(body, limit.seven_bit_per_page, limit.wide_per_page)
        if pages > limit.pages:
            return [f"{pages} pages of {limit.octets_per_page} octets, more than {limit.pages}"]
    octets = len(body.encode("utf-8"))
    if limit.octets is not None and octets > limit.octets:
        return [f"{octets} octets of UTF-8, more than {limit.octets}"]
    if limit.characters is not None and len(body) > limit.characters:
        return [f"{len(body)} characters, more than {limit.characters}"]
    return []
