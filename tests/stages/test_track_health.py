"""What the tracker says of a sensor: the reason in words, and the numbers only where they are what it found."""

from __future__ import annotations

import pytest

from tocsin.messages import SensorHealth, check
from tocsin.stages.track_health import health_of
from tocsin.tracking.watch_state import SensorRecord


def record(**changes: object) -> SensorRecord:
    """A sensor ignored for its clock, which is 2.5 s ahead."""
    made = SensorRecord(bit=0, rows=3, trust="ignored", fault="clock", heard_ns=5, ratio=6.25)
    made.shift_score[10], made.weight[10], made.weighted_s[10] = 20.0, 16.0, -40.0
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def told(**changes: object) -> SensorHealth:
    health = health_of("radar", "radar", record(**changes), 7, ("tick-1",))
    check(health)
    assert (health.sensor, health.time_ns, health.causes) == ("radar", 7, ("tick-1",))
    return health


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, "ignored", "its clock seems 2.5 s ahead; its plots are not used"),
        ({"trust": "suspect"}, "suspect", "its clock seems 2.5 s ahead; its plots count for less"),
        (
            {"trust": "suspect", "is_spared": True},
            "suspect",
            "its clock seems 2.5 s ahead; it would be ignored, but too few others are left",
        ),
        ({"fault": "offset"}, "ignored", "it sees what others see, always off by the same; its plots are not used"),
        ({"fault": "stuck"}, "ignored", "it sends old scans again; its plots are not used"),
        (
            {"fault": "noise"},
            "ignored",
            "its innovations squared are 6.2 times those of others; its plots are not used",
        ),
        ({"trust": "trusted", "fault": ""}, "ok", "has agreed with the other sensors again"),
    ],
)
def test_the_state_and_the_reason_follow_from_trust_and_fault(
    changes: dict[str, object], state: str, reason: str
) -> None:
    health = told(**changes)
    assert (health.state, health.reason) == (state, reason)


def test_a_clock_that_is_behind_is_told_negative_and_so_in_words() -> None:
    made = record()
    made.weighted_s[10] = 40.0
    health = health_of("radar", "radar", made, 7, ())
    assert health.clock_fault_s == pytest.approx(-2.5)
    assert health.clock_fault_std_s == pytest.approx(0.25)
    assert health.reason.startswith("its clock seems 2.5 s behind")


def test_numbers_are_told_only_where_they_are_what_was_found() -> None:
    clock, noise, offset = told(), told(fault="noise"), told(fault="offset")
    assert (clock.clock_fault_s, clock.innovation_ratio) == (pytest.approx(2.5), None)
    assert (noise.clock_fault_s, noise.clock_fault_std_s, noise.innovation_ratio) == (None, None, 6.25)
    assert (offset.clock_fault_s, offset.innovation_ratio) == (None, None)


def test_a_sensor_never_heard_has_no_last_scan() -> None:
    assert told(heard_ns=0).last_scan_ns is None
    assert told().last_scan_ns == 5
