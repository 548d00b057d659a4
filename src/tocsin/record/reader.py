"""Reading and verifying a record. A record is read-only once sealed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from tocsin.errors import MessageError, RecordError
from tocsin.messages import Message, decode
from tocsin.record.chain import Direction, first_digest, next_digest
from tocsin.record.header import Header


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verification found."""

    is_intact: bool
    entries: int
    digest: str
    status: str  # complete, interrupted, failed, or unsealed
    problem: str = ""  # the first fault, in words; empty when intact


class Entry(msgspec.Struct, frozen=True):
    """One line of a record."""

    direction: Direction
    payload: bytes

    def message(self) -> Message:
        return decode(self.payload)


def read_header(path: Path) -> Header:
    """The header of a record; raises RecordError."""
    return _decode_header(path, _header_bytes(path))


def read_entries(path: Path) -> Iterator[Entry]:
    """All entries in order, as stored and unverified; raises RecordError when the file cannot be read."""
    try:
        with closing(_open(path)) as database:
            for direction, payload in database.execute("SELECT direction, payload FROM entries ORDER BY seq"):
                if direction not in ("in", "out") or not isinstance(payload, bytes):
                    raise RecordError(f"{path}: an entry has been changed; run `tocsin verify` to find it")
                yield Entry(direction, payload)
    except sqlite3.Error as error:
        raise RecordError(f"{path}: not a readable record ({error})") from None


def read_messages(path: Path) -> list[Message]:
    """All messages of a record in handled order; raises RecordError."""
    try:
        return [entry.message() for entry in read_entries(path)]
    except MessageError as error:
        raise RecordError(f"{path}: {error}; run `tocsin verify` to find the entry") from None


def verify(path: Path, *, file_sha256: str | None = None, digest: str | None = None) -> Verdict:
    """Recompute the whole chain of a record.

    In        file_sha256   of the sealed file, as its summary noted it; also finds a flipped bit that
                            SQLite itself would never read, in free space or page headers
              digest        of the record, as its summary noted it: finds a record replaced whole
    Out       Verdict; a record that was never sealed (killed, or cut) is not intact and says so
    """
    try:
        return _verify(path, file_sha256, digest)
    except (sqlite3.Error, RecordError, UnicodeDecodeError, OverflowError) as error:
        return Verdict(is_intact=False, entries=0, digest="", status="unreadable", problem=str(error))


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(path: Path, file_sha256: str | None, digest: str | None) -> Verdict:
    header = _header_bytes(path)
    _decode_header(path, header)
    current, count, problem = first_digest(header), 0, ""
    with closing(_open(path)) as database:
        for seq, direction, payload, stored in database.execute(
            "SELECT seq, direction, payload, digest FROM entries ORDER BY seq"
        ):
            if seq != count:
                problem = f"entry {count} is missing: the next one is numbered {seq}"
            elif direction not in ("in", "out") or not isinstance(payload, bytes):
                problem = f"entry {count} is not an entry"
            else:
                current = next_digest(current, direction, payload)
                if current != stored:
                    problem = f"entry {count} or its place was changed: its digest does not follow from those before"
            if problem:
                break
            count += 1
        seals = database.execute("SELECT status, entries, digest FROM seal").fetchall()
    status = str(seals[0][0]) if len(seals) == 1 else "unsealed"
    if not problem and len(seals) != 1:
        problem = f"no closing seal after entry {count}: the run was killed or the record was cut"
    elif not problem and seals[0][1:] != (count, current):
        problem = f"sealed after {seals[0][1]} entries but {count} are here: entries were cut or added"
    elif not problem and status not in ("complete", "interrupted", "failed"):
        problem = "the seal's status was changed"
    if not problem and digest is not None and digest != current.hex():
        problem = "not the record its summary.json speaks of: another digest"
    if not problem and file_sha256 is not None and sha256_of(path) != file_sha256:
        problem = "the file's bytes differ from those noted in summary.json"
    return Verdict(is_intact=not problem, entries=count, digest=current.hex(), status=status, problem=problem)


def _header_bytes(path: Path) -> bytes:
    try:
        with closing(_open(path)) as database:
            rows = database.execute("SELECT content FROM header").fetchall()
    except sqlite3.Error as error:
        raise RecordError(f"{path}: not a readable record ({error})") from None
    if len(rows) != 1 or not isinstance(rows[0][0], bytes):
        raise RecordError(f"{path}: a record has exactly one header")
    return rows[0][0]


def _decode_header(path: Path, content: bytes) -> Header:
    try:
        return msgspec.json.decode(content, type=Header)
    except msgspec.MsgspecError as error:
        raise RecordError(f"{path}: header cannot be read ({error})") from None


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise RecordError(f"{path}: no record here; a run folder holds record.sqlite")
    # A sealed record is one file and opened as immutable; an unsealed one (killed) still has its log beside it.
    has_log = path.with_name(path.name + "-wal").exists()
    mode = "mode=ro" if has_log else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
