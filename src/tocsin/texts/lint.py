"""What a public text must hold, may not hold, and how long it may be where it goes."""

from __future__ import annotations

import re
import unicodedata

from tocsin.messages import Origin, WarningText
from tocsin.texts.load import channels, forbidden_phrases, texts

_CLOCK = re.compile(r"\b([01]\d|2[0-3]):[0-5]\d\b")
# 3GPP TS 23.038 table 6.2.1 (GSM 7-bit default alphabet) and 6.2.1.1 (extension: two septets each).
_SEVEN_BIT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def text_problems(text: WarningText, origin: Origin) -> list[str]:
    """Why a text may not go out: a content it lacks, a marker missing, a forbidden phrase. Empty: none."""
    book = texts(text.language)
    whole = folded(" ".join((text.event, text.headline, text.description, text.instruction)))
    instruction, found = folded(text.instruction), []
    marker = book.marker[origin]
    parts = {name: getattr(text, name) for name in ("event", "headline", "description", "instruction")}
    found += [
        f"{name} does not begin and end with {marker!r}"
        for name, part in parts.items()
        if not (part.startswith(f"{marker} ") and part.endswith(f" {marker}"))
    ]
    if folded(book.issuer[origin]) not in folded(text.description):
        found.append("source: the description does not say who speaks")
    if not any(folded(word) in whole for word in book.lint.hazard):
        found.append("hazard: no word says what the danger is")
    first = re.split(r"[,،]", text.area_text)[0].strip()
    if not first.strip("-\u2068\u2069 ") or first not in text.headline + text.description:
        found.append("location: no place of the area stands in the text")
    if not any(folded(word) in instruction for word in book.lint.guidance):
        found.append("guidance: the instruction does not say what to do")
    if not _CLOCK.search(text.headline + text.description) and book.words["time_unknown"] not in text.description:
        found.append("time: no clock time")
    if not text.reviewed_by and book.unreviewed not in text.description:
        found.append("an unreviewed translation does not say so")
    return found + forbidden_in(whole)


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


def channel_text(text: WarningText, channel: str) -> str:
    """What a channel carries of a text; empty for a siren."""
    return "\n".join(getattr(text, part) for part in channels()[channel].parts)


def page_count(body: str, seven_bit: int = 93, wide: int = 40) -> int:
    """Cell-broadcast pages a text takes: septets where the 7-bit alphabet holds it all, else UTF-16 units."""
    if all(c in _SEVEN_BIT or c in _EXTENSION for c in body):
        return -(-sum(2 if c in _EXTENSION else 1 for c in body) // seven_bit)
    return -(-(len(body.encode("utf-16-be")) // 2) // wide)


def channel_problems(text: WarningText, channel: str) -> list[str]:
    """Why a text does not fit a channel, in the channel's own count. Empty: it fits."""
    limit = channels().get(channel)
    if limit is None:
        return [f"no channel is called {channel!r}"]
    body = channel_text(text, channel)
    if limit.pages is not None:
        pages = page_count(body, limit.seven_bit_per_page, limit.wide_per_page)
        if pages > limit.pages:
            return [f"{channel}: {pages} pages of {limit.octets_per_page} octets, more than {limit.pages}"]
    octets = len(body.encode("utf-8"))
    if limit.octets is not None and octets > limit.octets:
        return [f"{channel}: {octets} octets of UTF-8, more than {limit.octets}"]
    if limit.characters is not None and len(body) > limit.characters:
        return [f"{channel}: {len(body)} characters, more than {limit.characters}"]
    return []
