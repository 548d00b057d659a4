"""The language files, read once and checked: every template exists in every language, with known slots."""

from __future__ import annotations

import functools
import importlib.resources
import string
import tomllib
from typing import Any, Literal

import msgspec

from tocsin.errors import ScenarioError
from tocsin.messages.public_warning import Purpose

SLOTS = frozenset({"issuer", "place", "zones", "impact", "clock", "until", "people", "emergency", "sure", "days"})


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TOML table that refuses keys it does not know."""


class Template(_Table, frozen=True, kw_only=True):
    """One message with slots."""

    event: str
    headline: str
    description: str
    instruction: str


class Lint(_Table, frozen=True, kw_only=True):
    """Words a text must hold at least one of, and phrases it may never hold."""

    hazard: tuple[str, ...]
    guidance: tuple[str, ...]
    forbidden: tuple[str, ...]


class Texts(_Table, frozen=True, kw_only=True):
    """All that people read in one language."""

    language: str
    name: str
    direction: Literal["ltr", "rtl"]
    plural: Literal["none", "one_other", "arabic"]
    reviewed_by: str
    date: str
    unreviewed: str
    number_group: str
    joiner: str
    marker: dict[str, str]
    issuer: dict[str, str]
    words: dict[str, str]
    missile: dict[Purpose, Template]
    debris: dict[Purpose, Template]
    falling: dict[Purpose, Template]  # debris notices while the pieces are in the air
    statement: dict[str, str]
    call: dict[str, str] = {}  # a number as it stands in "call ...", where the language bends it
    countries: dict[str, str]
    lint: Lint


class Country(_Table, frozen=True, kw_only=True):
    """Whom to call, and the clock people read; no offset: UTC."""

    emergency: str = ""
    offset_minutes: int | None = None


class Channel(_Table, frozen=True, kw_only=True):
    """What a channel carries and how much of it, as encoded there."""

    parts: tuple[Literal["headline", "source", "description", "instruction"], ...]
    octets: int | None = None
    characters: int | None = None
    pages: int | None = None
    octets_per_page: int = 82
    seven_bit_per_page: int = 93
    wide_per_page: int = 40


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((importlib.resources.files("tocsin.texts") / f"{name}.toml").read_text("utf-8"))


def languages() -> tuple[str, ...]:
    """Tags of the languages that come with tocsin."""
    names = (entry.name for entry in importlib.resources.files("tocsin.texts").iterdir())
    found = (name[: -len(".toml")] for name in names if name.endswith(".toml"))
    return tuple(sorted(tag for tag in found if tag not in ("countries", "channels")))


@functools.cache
def texts(language: str) -> Texts:
    """One language's file; ScenarioError where there is none."""
    if language not in languages():
        raise ScenarioError(
            "no text file for this language", where="policy.warn.languages", value=language,
            remedy=f"use {', '.join(languages())}, or write texts/{language[:16]}.toml",
        )  # fmt: skip
    out = msgspec.convert(_read(language), Texts)
    for kind in ("missile", "debris", "falling"):
        for purpose, template in getattr(out, kind).items():
            for part in template.__struct_fields__:
                unknown = slots_of(getattr(template, part)) - SLOTS
                if unknown:
                    raise ScenarioError("unknown slot", where=f"{language}.{kind}.{purpose}.{part}", value=unknown)
    return out


def slots_of(template: str) -> frozenset[str]:
    """Names of the slots of a template."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


@functools.cache
def countries() -> dict[str, Country]:
    """Country data by ISO 3166-1 alpha-2 code."""
    return msgspec.convert(_read("countries"), dict[str, Country])


@functools.cache
def channels() -> dict[str, Channel]:
    """Channels by name."""
    return msgspec.convert(_read("channels"), dict[str, Channel])


@functools.cache
def forbidden_phrases() -> tuple[str, ...]:
    """Phrases no text may hold, in any language."""
    return tuple(sorted({phrase for tag in languages() for phrase in texts(tag).lint.forbidden}))
