"""What the terminal says of when people were told."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.cli.clock import _told
from tocsin.views.clock import Step

REACHED = Step(
    name="approved", label="Public warning approved and sent", time_ns=1, after_zero_s=1.0, budget_s=300.0,
    is_within_budget=True, seconds_left=120.0, seconds_left_as_told=None, is_estimated=False, is_headline=False,
    note="", not_reached="", evidence=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "people were told with 120 s left to impact"),
        ({"seconds_left": -1.2}, "people were told too late, 1 s after the predicted impact"),
        ({"seconds_left": None}, "people were told; no impact is predicted any more"),
        ({"time_ns": None, "seconds_left": None, "not_reached": "nobody answered"},
         "people were not told: nobody answered"),
    ],
)  # fmt: skip
def test_being_told_too_late_or_of_a_refuted_threat_is_not_called_being_told_in_time_or_not_at_all(changes, said):
    assert _told(msgspec.structs.replace(REACHED, **changes)) == said
