"""Writes docs/formats.md and docs/messages.md from the code, so that they cannot drift apart.

    .venv/bin/python docs/generate.py           write both
    .venv/bin/python docs/generate.py --check   say whether they are as the code has it; 1 where not

Keys of scenarios and sensors come from ``scenario.schema`` and ``policy.policy``: name, type and default
from the types, the meaning from the comment beside the key, the range from ``scenario.ranges``.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import importlib
import inspect
import io
import sqlite3
import sys
import tokenize
import tomllib
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import numpy as np

DOCS = Path(__file__).resolve().parent
_MADE = "<!-- Made by docs/generate.py from the code: change the code, then run it. -->\n"

# Units that a key's name ends in; the longest match counts.
_SUFFIXES = {
    "_kg_m2": "kg/m2", "_m_s": "m/s", "_deg": "deg", "_urad": "urad", "_km": "km", "_m": "m", "_m2": "m2",
    "_deg_s": "deg/s", "_kw_sr": "kW/sr", "_db": "dB", "_s": "s", "_prob": "0 to 1", "_ratio": "1", "_count": "count",
}  # fmt: skip

# What a comment in the schema leaves to the name, and ranges that check_scenario holds, said in words.
_WORDS = tomllib.loads((DOCS / "meanings.toml").read_text(encoding="utf-8"))
_MEANINGS: dict[str, str] = _WORDS["meanings"]
_RANGES: dict[str, str] = _WORDS["ranges"]

_ELSEWHERE = ("Scenario", "Sensor", "Defence", "Cast", "KnownUnit", "Person")  # told first, told apart, not in a file
_TRUTH = {
    "time_ns": "ns since 1970-01-01 UTC",
    "object": "name in the scenario; a piece is NAME/NUMBER, a spent stage NAME/stage-NUMBER",
    "kind": "threat, stage, fragment, intact_body, or the kind of other traffic",
    "phase": "boost, ascent, descent, impact; level, orbit; entry, then spent or broken up",
    "x_ecef_m": "position, ECEF WGS-84",
    "y_ecef_m": "position, ECEF WGS-84",
    "z_ecef_m": "position, ECEF WGS-84",
    "vx_ecef_m_s": "velocity, earth-relative; empty for a piece",
    "vy_ecef_m_s": "velocity, earth-relative; empty for a piece",
    "vz_ecef_m_s": "velocity, earth-relative; empty for a piece",
    "latitude_deg": "WGS-84",
    "longitude_deg": "WGS-84",
    "height_m": "above the WGS-84 ellipsoid",
}

_RECORD = {
    ("header", "content"): "JSON: kind (simulation or recording), name, origin, the whole scenario, seed, versions",
    ("entries", "seq"): "position in the record",
    ("entries", "direction"): "`in` or `out`",
    ("entries", "payload"): "the message in MessagePack, see messages.md",
    ("entries", "digest"): "SHA-256 of the previous digest, direction, length and payload",
    ("seal", "status"): "complete, interrupted or failed",
    ("seal", "entries"): "how many there are",
    ("seal", "digest"): "the last digest: the name of the whole record",
}


def formats_text() -> str:
    """All of docs/formats.md: the prose of formats.in.md with each ``{{name}}`` line replaced by its table."""
    text = (DOCS / "formats.in.md").read_text(encoding="utf-8")
    for name, lines in _tables().items():
        if text.count(f"{{{{{name}}}}}") != 1:
            raise SystemExit(f"formats.in.md must hold {{{{{name}}}}} once")
        text = text.replace(f"{{{{{name}}}}}", "\n".join(lines).strip())
    if "{{" in text:
        raise SystemExit(f"formats.in.md asks for a table that does not exist: {text[text.index('{{') :][:40]}")
    return _MADE + text


def _tables() -> dict[str, list[str]]:
    from tocsin.formats import asterix, coverage_files, flown, scores_csv, table, tracks_csv
    from tocsin.scenario import schema, sensor_file
    from tocsin.scenario.sensor_classes import sensor_classes
    from tocsin.scoring.score_keys import TRACKING_KEYS
    from tocsin.views.summary_keys import SUMMARY_KEYS
    from tocsin.world import TRUTH_COLUMNS

    editions = [
        f"{category:03d} {names[-1][-4:].replace('_', '.')} to {names[0][-4:].replace('_', '.')}"
        for category, names in asterix._EDITIONS.items()
    ]
    policy = importlib.import_module("tocsin.policy.policy")
    return {
        "table_limits": [f"At most {table.MAX_BYTES // 2**20} MiB and {table.MAX_ROWS:,} rows."],
        "max_scan": [str(table.MAX_SCAN)],
        "scans": [
            f"| {name} | {unit} | {low:g} to {high:g} | {meaning} |"
            for name, (low, high, unit, meaning) in table.COLUMNS.items()
        ],
        "asterix_limits": [f"at most {asterix.MAX_BYTES // 2**20} MiB"],
        "asterix_day": [asterix.DEFAULT_DAY.isoformat()],
        "asterix_editions": ["; ".join(editions)],
        "sensor_classes": [", ".join(sensor_classes())],
        "path_columns": [", ".join(sensor_file.PATH_COLUMNS)],
        "sensor": _keys([schema.Sensor], titled=False),
        "scenario": _keys([schema.Scenario, *(k for k in _structs(schema) if k.__name__ not in _ELSEWHERE)]),
        "policy": _keys(_structs(policy)),
        "tracks": [f"| {name} | {meaning} |" for name, meaning in tracks_csv.COLUMNS.items()],
        "truth": [f"| {name} | {_unit(name)} | {_TRUTH.get(name, '')} |" for name in TRUTH_COLUMNS],
        "flight": _described(flown.FLIGHT_COLUMNS),
        "coverage": _described(coverage_files.COVERAGE_COLUMNS),
        "coverage_map": _described(coverage_files.MAP_COLUMNS),
        "tracking": _described(TRACKING_KEYS),
        "scores": _described(scores_csv.SCORE_COLUMNS),
        "scores_bins": _described(scores_csv.BIN_COLUMNS),
        "scores_points": _described(scores_csv.POINT_COLUMNS),
        "summary": [f"| {key} | {unit} | {meaning} |" for key, (unit, meaning) in SUMMARY_KEYS.items()],
        "record": [
            f"| {table} | {name} | {kind} | {_RECORD[table, name]} |" for table, name, kind in _record_columns()
        ],
    }


def _described(columns: dict[str, tuple[str, str]]) -> list[str]:
    return [f"| {name} | {unit} | {meaning} |" for name, (unit, meaning) in columns.items()]


def _record_columns() -> list[tuple[str, str, str]]:
    """Table, column, type of an empty record, as SQLite itself tells."""
    from tocsin.record import recorder

    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(recorder.SCHEMA)
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [(name, row[1], row[2]) for name in tables for row in database.execute(f"PRAGMA table_info({name})")]


def messages_text() -> str:
    """All of docs/messages.md: the message dictionary."""
    from tocsin import messages

    out = [
        _MADE,
        "# Messages\n",
        "Everything that moves through tocsin is one of these. Unit `-`: none; `state`: metres and metres per second",
        "mixed; frame `sensor`: azimuth from true north clockwise, elevation from the local horizontal.\n",
        "## Envelope, shared by all\n",
        *_fields(messages.Message, messages.Message.__struct_fields__),
    ]
    for title, kinds in (("Inputs", messages.INPUTS), ("Made by stages", messages.OUTPUTS)):
        out.append(f"# {title}\n")
        for kind in kinds:
            own = [name for name in kind.__struct_fields__ if name not in messages.Message.__struct_fields__]
            out += [f"## {kind.__name__}\n", f"{_first_line(kind)}\n", *_fields(kind, own)]
    out.append("# Inside messages\n")
    for kind in (messages.SweptVolume, messages.WarningText, messages.Sentence, messages.Withheld):
        out += [f"## {kind.__name__}\n", f"{_first_line(kind)}\n", *_fields(kind, kind.__struct_fields__)]
    out += [
        "# Codec\n",
        "JSON for people and exports, MessagePack for the record; `type` names the message. A column is",
        '`{"dtype", "shape", "data"}`, data a list in JSON and little-endian bytes in MessagePack, dtype float64,',
        "int64 or bool. NaN and infinity are refused; a missing value is null.",
    ]
    return "\n".join(out).rstrip() + "\n"


def _fields(kind: type[msgspec.Struct], names: Iterable[str]) -> list[str]:
    from tocsin.messages import Field

    hints = typing.get_type_hints(kind, include_extras=True)
    lines = ["| field | type | unit | frame | meaning |", "|---|---|---|---|---|"]
    for name in names:
        note = next(note for note in hints[name].__metadata__ if isinstance(note, Field))
        lines.append(f"| {name} | {_type(hints[name])} | {note.unit} | {note.frame} | {note.meaning} |")
    return [*lines, ""]


def _keys(kinds: list[type[msgspec.Struct]], *, titled: bool = True) -> list[str]:
    lines = []
    for kind in kinds:
        comments, hints = _comments(kind), typing.get_type_hints(kind, include_extras=True)
        if titled:
            lines += [f"### {kind.__name__}\n", f"{_first_line(kind)}\n"]
        lines += ["| key | type | unit | default | range | meaning |", "|---|---|---|---|---|---|"]
        for field in msgspec.structs.fields(kind):
            key = f"{kind.__name__}.{field.name}"
            meaning = _MEANINGS.get(key) or comments.get(field.name) or _MEANINGS.get(field.name)
            if not meaning:
                raise SystemExit(f"{key} has no meaning: write a comment beside it, or a line in docs/meanings.toml")
            lines.append(
                f"| {field.name} | {_type(hints[field.name])} | {_unit(field.name)} | {_default(field)} "
                f"| {_range(kind, field.name)} | {meaning.replace('|', ',')} |"
            )
        lines.append("")
    return lines


def _comments(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The comment on the line of each key."""
    source = inspect.getsource(kind)
    on_line = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        node.target.id: on_line[node.end_lineno or 0]
        for node in body.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.end_lineno in on_line
    }


def _structs(module: Any) -> list[type[msgspec.Struct]]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, msgspec.Struct)
        and kind.__module__ == module.__name__
        and kind.__struct_fields__
    ]


def _type(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return ", ".join(str(part) or '""' for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(part) for part in parts)
    if origin is np.ndarray:
        return "column"
    if origin is tuple:
        return f"list of {_type(parts[0])}" if Ellipsis in parts else f"{len(parts)} {_type(parts[0])}"
    if hint is type(None):
        return "null"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(member.value for member in hint)
    return {str: "text", int: "integer", float: "number", bool: "true or false"}.get(hint) or hint.__name__


def _default(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return "required"
    if isinstance(value, msgspec.Struct):
        return "as below"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "empty"
    return str(value).lower() if isinstance(value, bool) else str(value) or "empty"


def _range(kind: type[msgspec.Struct], name: str) -> str:
    from tocsin.policy import Policy
    from tocsin.scenario.check_policy import POLICY_RANGES
    from tocsin.scenario.ranges import RANGES

    if name in RANGES.get(kind.__name__, {}):
        low, high, _ = RANGES[kind.__name__][name]
        return f"{low:g} to {high:g}"
    table = next((key for key in Policy.__struct_fields__ if type(getattr(Policy(), key)) is kind), "")
    if f"{table}.{name}" in POLICY_RANGES:
        low, high, _ = POLICY_RANGES[f"{table}.{name}"]
        return f"{low:g} to {high:g}"
    return _RANGES.get(f"{kind.__name__}.{name}") or _RANGES.get(f"{kind.__name__}.*") or ""


def _unit(name: str) -> str:
    fits = [ending for ending in _SUFFIXES if name.endswith(ending)]
    return _SUFFIXES[max(fits, key=len)] if fits else ""


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")


def main(arguments: list[str]) -> int:
    stale = []
    for name, text in (("formats.md", formats_text()), ("messages.md", messages_text())):
        path = DOCS / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"docs/{name} {'is stale' if '--check' in arguments else 'written'}\n" for name in stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
