"""A document that does not fit its types: msgspec says where, this adds what was given and what would do."""

from __future__ import annotations

import difflib
import re
from typing import Any

import msgspec

from tocsin.scenario.check_policy import POLICY_RANGES
from tocsin.scenario.ranges import RANGES, WHEN, Range

_STEP = re.compile(r"\.(\w+)|\[(\d*)[^]]*\]")
_MISSING = re.compile(r"missing required field `(\w+)`")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_EVERY_KEY = "docs/formats.md lists every key, its unit and range"
_LIKE_ENOUGH = 0.5  # difflib's ratio of two keys, from which one may be a slip of the other
_MOST_KEYS = 3


def explained(fault: str, root: type[msgspec.Struct], document: dict[str, Any]) -> tuple[object, str]:
    """The value that does not fit (None: nothing is there), and what to do, with the entry by its name.

    In        fault   ``Expected `float`, got `str` - at `$.sensors[0].range_std_m```, of msgspec's own
              root, document   the type and what was to be read as it
    """
    steps = [(key, index) for key, index in _STEP.findall(fault.partition("`$")[2])]
    missing = _MISSING.search(fault)
    if missing:
        steps.append((missing[1], ""))
    table = ""
    kind: object = msgspec.inspect.type_info(root)
    for key, _ in steps:
        if not key:
            kind = getattr(kind, "item_type", kind)
            continue
        table = getattr(getattr(kind, "cls", None), "__name__", "")
        kind = next((field.type for field in getattr(kind, "fields", ()) if field.encode_name == key), None)
    names = [key for key, _ in steps if key]
    given = None if missing else _value(document, steps)
    limits = _range(table, names)
    choices = ", ".join(str(value) for value in getattr(kind, "values", ()))
    words = f"give {names[-1]}; {_EVERY_KEY}" if missing else f"see {_EVERY_KEY}"
    if missing and choices:
        words = f"use one of: {choices}"
    if limits is not None:
        low, high, unit = limits
        words = f"give {names[-1]}, {low:g} to {high:g} {unit}; {_EVERY_KEY}"
    return given, _remedy(fault, document, root, words)


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


def _remedy(fault: str, document: Any, schema: Any, otherwise: str) -> str:
    """What to do about a fault as msgspec words it.

    In        fault       ``... - at `$.sensors[3].kind```
              document    what did not fit
              schema      what it should have fitted
              otherwise   the words that always help
    """
    parts, table = _entry(fault, document)
    kind = _kind_at(fault, schema)
    at = f"this is {'.'.join(parts)}; " if parts else ""
    unknown = _UNKNOWN.search(fault)
    if unknown is not None:
        keys = [field.encode_name for field in getattr(kind, "fields", ())]
        near = _alike(unknown["key"], [key for key in keys if not isinstance(table, dict) or key not in table])
        return f"{at}did you mean {' or '.join(near)}? {otherwise}" if near else at + otherwise
    if "Expected `array`, got `object`" in fault and parts:
        return f"write [[{'.'.join(parts)}]], with two brackets, for each; {otherwise}"
    choices = ", ".join(str(value) for value in getattr(kind, "values", ()))
    return f"{at}use one of: {choices}" if choices else at + otherwise


def _alike(given: str, keys: list[str]) -> list[str]:
    """Keys that share whole words with the one given, then those that look like it."""
    words = set(given.split("_"))
    shared = sorted((-len(words & set(key.split("_"))), i) for i, key in enumerate(keys))
    most = -shared[0][0] if shared else 0
    named = [keys[i] for count, i in shared if -count == most] if most > 1 or (most == 1 and len(words) == 1) else []
    near = difflib.get_close_matches(given, keys, n=3, cutoff=_LIKE_ENOUGH)
    return list(dict.fromkeys([*near[:1], *named, *near[1:]]))[:_MOST_KEYS]


def _entry(fault: str, document: Any) -> tuple[list[str], Any]:
    """The path told with the names of entries of lists in place of their numbers, and what stands there."""
    parts: list[str] = []
    node = document
    for key, index in _STEP.findall(fault.partition("`$")[2]):
        if key:
            node = node.get(key) if isinstance(node, dict) else None
            parts.append(key)
            continue
        held = isinstance(node, list | tuple) and index.isdigit() and int(index) < len(node)
        node = node[int(index)] if held else None
        name = node.get("name") if isinstance(node, dict) else None
        parts.append(name if isinstance(name, str) and name else f"number {int(index) + 1}" if index.isdigit() else "?")
    return parts, node


def _kind_at(fault: str, schema: Any) -> Any:
    """What msgspec holds of the place told: a struct with fields, or a choice with values."""
    kind: Any = msgspec.inspect.type_info(schema)
    for key, _ in _STEP.findall(fault.partition("`$")[2]):
        if not key:
            kind = getattr(kind, "item_type", kind)
        else:
            kind = next((field.type for field in getattr(kind, "fields", ()) if field.encode_name == key), None)
    return kind
