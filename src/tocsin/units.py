"""Units and time at the edges: inside, everything is SI, radians and integer nanoseconds UTC."""

from __future__ import annotations

import datetime as dt
import math

NS_PER_S = 1_000_000_000
LATEST_NS = 7_258_118_400 * NS_PER_S  # 2200-01-01 UTC: no time we are told lies later
M_PER_KM = 1000.0
M_PER_NM = 1852.0  # international nautical mile, exact (ICAO Annex 5)
M_PER_FT = 0.3048  # international foot, exact (ICAO Annex 5)
STANDARD_GRAVITY_M_S2 = 9.80665  # m/s2, exact (ISO 80000-3)
DEG = math.pi / 180.0

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def ns_from_s(seconds: float) -> int:
    """Seconds to integer nanoseconds, rounded to nearest."""
    return round(seconds * NS_PER_S)


def s_from_ns(nanoseconds: int) -> float:
    """A *difference* of nanoseconds to seconds (exact to 1 ns up to 104 days)."""
    return nanoseconds / NS_PER_S


def ns_from_iso(text: str) -> int:
    """ISO 8601 with a numeric offset or ``Z`` to integer nanoseconds since the Unix epoch, UTC.

    Up to nine digits of a second are kept exactly. Raises ``ValueError`` on anything else, a missing
    offset among it: local time is not a time.
    """
    head, dot, tail = text.strip().partition(".")
    nanos = 0
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        if not 1 <= digits <= 9:
            raise ValueError(f"{text!r}: a second takes one to nine decimals")
        nanos = int(tail[:digits].ljust(9, "0"))
        head += tail[digits:]
    moment = dt.datetime.fromisoformat(head)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r}: a time needs an offset, such as Z or +00:00")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + nanos


def iso_from_ns(time_ns: int, decimals: int = 3) -> str:
    """Integer nanoseconds to ``2026-03-04T09:00:00.000Z``, truncated, never rounded up."""
    seconds, nanos = divmod(time_ns, NS_PER_S)
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    fraction = f".{nanos:09d}"[: decimals + 1] if decimals else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def clock_text(seconds: float) -> str:
    """A duration as people read a clock: ``+04:07`` or ``-00:12``."""
    sign = "-" if seconds < 0 else "+"
    whole = round(abs(seconds))
    return f"{sign}{whole // 60:02d}:{whole % 60:02d}"
