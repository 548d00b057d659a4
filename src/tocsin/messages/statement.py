"""Statement: what may be said, to whom, every sentence traced, every withheld fact named with its reason."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tocsin.messages.envelope import Message
from tocsin.messages.field import Field

Audience = Literal["host_nation", "alliance", "public"]


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence and what it rests on."""

    fact: Annotated[str, Field("-", "-", "kind of fact, as in the release rules")]
    text: Annotated[str, Field("-", "-", "as it is read")]
    language: Annotated[str, Field("-", "-", "BCP 47 tag")]
    label: Annotated[str, Field("-", "-", "fictional release label")]
    evidence: Annotated[tuple[str, ...], Field("-", "-", "ids of the records that support it, at least one")]


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that is known and not said."""

    fact: Annotated[str, Field("-", "-", "kind of fact, as in the release rules")]
    reason: Annotated[str, Field("-", "-", "why: withheld for operational security, unsupported, ...")]


class Statement(Message, tag="Statement", frozen=True, kw_only=True, eq=False):
    """One revision of one statement to one audience."""

    statement: Annotated[str, Field("-", "-", "name of the statement")]
    revision: Annotated[int, Field("count", "-", "running number from 1")]
    audience: Annotated[Audience, Field("-", "-", "to whom")]
    state: Annotated[Literal["draft", "released"], Field("-", "-", "released after approval")]
    banner: Annotated[str, Field("-", "-", "highest label of its parts")]
    sentences: Annotated[tuple[Sentence, ...], Field("-", "-", "in reading order")]
    withheld: Annotated[tuple[Withheld, ...], Field("-", "-", "what is not said, and why")]
    drafted_by: Annotated[str, Field("-", "-", "person or stage that drafted it")] = ""
    approved_by: Annotated[str, Field("-", "-", "person who released it")] = ""
