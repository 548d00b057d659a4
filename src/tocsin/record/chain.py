"""The hash chain of a record: any changed bit, missing entry or changed order breaks it.

``digest[0] = SHA-256("tocsin-record-1" | header)`` and
``digest[n] = SHA-256(digest[n-1] | direction | length | payload)``; the last one names the whole record.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Direction = Literal["in", "out"]
_DIRECTION_BYTE: dict[str, bytes] = {"in": b"\x01", "out": b"\x02"}


def first_digest(header: bytes) -> bytes:
    """Digest of the header alone."""
    return hashlib.sha256(b"tocsin-record-1\0" + header).digest()


def next_digest(previous: bytes, direction: Direction, payload: bytes) -> bytes:
    """Digest after one more entry."""
    digest = hashlib.sha256(previous)
    digest.update(_DIRECTION_BYTE[direction])
    digest.update(len(payload).to_bytes(8, "little"))
    digest.update(payload)
    return digest.digest()
