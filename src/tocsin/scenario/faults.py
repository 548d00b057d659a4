"""A document that does not fit its types: msgspec says where, this adds what was given and what would do."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tocsin.scenario.check_policy import POLICY_RANGES
from tocsin.scenario.ranges import RANGES, WHEN, Range

_STEP = re.compile(r"\.(\w+)|\[(\d*)[^]]*\]")
_MISSING = re.compile(r"missing required field `(\w+)`")
_EVERY_KEY = "docs/formats.md lists every key, its unit and range"


def explained(fault: str, root: type[msgspec.Struct], document: dict[str, Any]) -> tuple[object, str]:
    """The value that does not fit (None: nothing is there), and the remedy.

    In        fault   ``Expected `float`, got `str` - at `$.sensors[0].range_std_m```, of msgspec's own
              root, document   the type and what was to be read as it
    """
    steps = [(key, index) for key, index in _STEP.findall(fault.partition("`$")[2])]
    missing = _MISSING.search(fault)
    if missing:
        steps.append((missing[1], ""))
    table, kind = "", msgspec.inspect.type_info(root)
    for key, _ in steps:
        if not key:
            kind = getattr(kind, "item_type", kind)
            continue
        table = getattr(getattr(kind, "cls", None), "__name__", "")
        kind = next((field.type for field in getattr(kind, "fields", ()) if field.encode_name == key), None)  # type: ignore[assignment]
    names = [key for key, _ in steps if key]
    given = None if missing else _value(document, steps)
    choices = ", ".join(str(value) for value in getattr(kind, "values", ()))
    if choices:
        return given, f"use one of: {choices}"
    limits = _range(table, names)
    if limits is None:
        return given, f"give {names[-1]}; {_EVERY_KEY}" if missing else f"see {_EVERY_KEY}"
    low, high, unit = limits
    return given, f"give {names[-1]}, {low:g} to {high:g} {unit}; {_EVERY_KEY}"


def _range(table: str, names: list[str]) -> Range | None:
    if not names:
        return None
    if names[-1].endswith("after_s"):
        return WHEN
    return RANGES.get(table, {}).get(names[-1]) or POLICY_RANGES.get(".".join(names[-2:]))


def _value(document: Any, steps: list[tuple[str, str]]) -> object:
    for key, index in steps:
        try:
            document = document[key] if key else document[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return document if isinstance(document, str | int | float) else None
