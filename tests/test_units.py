"""Time at the edges: integers inside, ISO outside, and the clock that cost 28 lives."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.units import NS_PER_S, clock_text, iso_from_ns, ns_from_iso

DAY_NS = 86_400 * NS_PER_S


@given(st.integers(min_value=0, max_value=4_102_444_800 * NS_PER_S))
def test_iso_with_nine_decimals_gives_back_every_nanosecond(time_ns: int) -> None:
    assert ns_from_iso(iso_from_ns(time_ns, 9)) == time_ns


@given(st.datetimes(min_value=dt.datetime(1970, 1, 1), max_value=dt.datetime(2100, 1, 1)))
def test_iso_agrees_with_the_standard_library(moment: dt.datetime) -> None:
    aware = moment.replace(tzinfo=dt.UTC)
    assert ns_from_iso(aware.isoformat()) == round(aware.timestamp() * 1e6) * 1000


def test_an_offset_is_applied() -> None:
    assert ns_from_iso("2026-03-04T12:00:00+03:00") == ns_from_iso("2026-03-04T09:00:00Z")


@pytest.mark.parametrize("text", ["2026-03-04T09:00:00", "", "noon", "2026-03-04T09:00:00.Z", "2026-13-04T09:00:00Z"])
def test_a_time_without_offset_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ns_from_iso(text)


def test_clock_text_reads_like_a_clock() -> None:
    assert [clock_text(s) for s in (0.0, 247.4, -12.0)] == ["+00:00", "+04:07", "-00:12"]


def test_the_dhahran_clock_drifts_as_reported_and_an_integer_clock_does_not(reference: Path) -> None:
    """GAO/IMTEC-92-26: 0.1 s chopped to 24 bits. 'Both' agree with its table to its four printed decimals."""
    incidents = {entry["id"]: entry for entry in json.loads((reference / "incidents.json").read_text())}
    rows = incidents["1991-dhahran"]["numbers"]["table_hours_seconds_calc_inacc_shift_m"]
    chopped_tenth = 209_715 / 2_097_152
    for _hours, seconds, _calculated, inaccuracy, _shift in rows:
        ticks = seconds * 10
        assert seconds - ticks * chopped_tenth == pytest.approx(inaccuracy, abs=0.0001)
        assert sum([NS_PER_S // 10] * ticks) == seconds * NS_PER_S
