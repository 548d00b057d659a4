"""What a record says about itself before its first message."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any, Literal

import msgspec

from tocsin.messages import Origin

_PINNED = ("numpy", "numba", "scipy", "msgspec", "h3", "sgp4")


class Parent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record a fork came from, and after how many entries."""

    digest: str
    position: int


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scenario, seed and versions. No wall-clock time: the same run has the same bytes."""

    kind: Literal["simulation", "recording"]
    name: str
    origin: Origin
    scenario: dict[str, Any]  # the whole document, defaults filled in; replay builds the pipeline from it
    seed: int | None = None
    run_index: int = 0
    overrides: tuple[str, ...] = ()
    versions: dict[str, str] = {}
    parent: Parent | None = None


def versions() -> dict[str, str]:
    """Versions on which the bytes of a run may depend."""
    found = {name: importlib.metadata.version(name) for name in _PINNED}
    found["tocsin"] = importlib.metadata.version("tocsin")
    found["python"] = platform.python_version()
    found["machine"] = platform.machine()
    return dict(sorted(found.items()))


def encode_header(header: Header) -> bytes:
    """Canonical JSON of a header."""
    return msgspec.json.encode(header, order="deterministic")
