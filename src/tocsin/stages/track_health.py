"""How far the tracker trusts a sensor, as a SensorHealth message with its reason in words."""

from __future__ import annotations

from tocsin.messages import SensorHealth, SensorKind
from tocsin.messages.sensor_health import HealthState
from tocsin.tracking.watch_state import SensorRecord, Trust

_STATES: dict[Trust, HealthState] = {"trusted": "ok", "suspect": "suspect", "ignored": "ignored"}


def health_of(
    sensor: str, kind: SensorKind, record: SensorRecord, now_ns: int, causes: tuple[str, ...]
) -> SensorHealth:
    """What the watch has come to; ``clock_fault_s`` and ``innovation_ratio`` where they are what it found."""
    is_clock = record.fault == "clock"
    error_s, std_s = record.clock_error
    return SensorHealth(
        time_ns=now_ns,
        causes=causes,
        sensor=sensor,
        kind=kind,
        state=_STATES[record.trust],
        last_scan_ns=record.heard_ns or None,
        reason=_reason(record),
        fault=record.fault or None,
        clock_fault_s=error_s if is_clock else None,
        clock_fault_std_s=std_s if is_clock else None,
        innovation_ratio=record.ratio if record.fault == "noise" else None,
    )


def _reason(record: SensorRecord) -> str:
    if record.trust == "trusted":
        return "has agreed with the other sensors again"
    error_s, _ = record.clock_error
    words = {
        "clock": f"its clock seems {abs(error_s):.1f} s {'ahead' if error_s > 0.0 else 'behind'}",
        "offset": "it sees what others see, always off by the same",
        "stuck": "it sends old scans again",
        "noise": f"its innovations squared are {record.ratio:.1f} times those of others",
        "": "it disagrees with the other sensors",
    }[record.fault]
    if record.is_spared:
        return words + "; it would be ignored, but too few others are left"
    return words + ("; its plots are not used" if record.trust == "ignored" else "; its plots count for less")
