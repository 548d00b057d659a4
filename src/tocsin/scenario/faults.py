"""What to do about a document that does not fit its schema: the entry by its name, the keys or choices that would."""

from __future__ import annotations

import difflib
import re
from typing import Any

import msgspec

_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_LIKE_ENOUGH = 0.5  # difflib's ratio of two keys, from which one may be a slip of the other
_MOST_KEYS = 3


def remedy_of(fault: str, document: Any, schema: Any, otherwise: str) -> str:
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
