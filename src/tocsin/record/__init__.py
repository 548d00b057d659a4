"""The append-only, hash-chained log of every message."""

from tocsin.record.header import Header, Parent, versions
from tocsin.record.reader import Entry, Verdict, read_entries, read_header, read_messages, sha256_of, verify
from tocsin.record.recorder import Recorder

__all__ = [
    "Entry",
    "Header",
    "Parent",
    "Recorder",
    "Verdict",
    "read_entries",
    "read_header",
    "read_messages",
    "sha256_of",
    "verify",
    "versions",
]
