"""The summary: its keys are a contract, and every number in it is finite and can be worked out on paper."""

from __future__ import annotations

import json
from typing import Any

import pytest
from example_run import IMPACT, LAUNCH, example_run, quiet_run

from tocsin.messages import Message
from tocsin.policy import Policy
from tocsin.views import SUMMARY_KEYS, summary

FREE_TABLES = ("class_prob", "rung_utc", "headlines", "counts")  # tables whose keys are data


def document(messages: list[Message]) -> dict[str, Any]:
    return summary(messages, name="example", title="An example", seed=7, version="0", digest="d", policy=Policy())


def keys_of(value: Any, path: str = "") -> set[str]:
    """Dotted keys of a document, in the notation of SUMMARY_KEYS."""
    found: set[str] = set()
    if isinstance(value, dict):
        is_free = path.rsplit(".", 1)[-1] in FREE_TABLES
        for key, inner in value.items():
            dotted = f"{path}.{'{}' if is_free else key}".lstrip(".")
            found |= {dotted} | keys_of(inner, dotted)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            found |= keys_of(inner, f"{path}[]")
    return found


def test_every_key_of_a_summary_is_documented_and_every_documented_key_appears() -> None:
    runs = (example_run(), example_run(has_radar=False, has_approver=False), quiet_run())
    seen = set().union(*(keys_of(document(run)) for run in runs))
    assert seen - set(SUMMARY_KEYS) == set()
    assert set(SUMMARY_KEYS) - seen == set()


def test_keys_are_the_same_in_every_run_but_for_what_is_null_or_empty(run: list[Message], quiet: list[Message]) -> None:
    assert set(document(run)) == set(document(quiet)) == {key for key in SUMMARY_KEYS if "." not in key}


@pytest.mark.parametrize("messages", [example_run(), quiet_run(), []], ids=["run", "quiet", "empty"])
def test_a_summary_is_plain_json_without_nan(messages: list[Message]) -> None:
    text = json.dumps(document(messages), allow_nan=False)
    assert json.loads(text) == document(messages)


def test_times_are_iso_8601_utc(run: list[Message]) -> None:
    found = document(run)
    assert found["start_utc"] == "2026-03-04T08:00:00.000Z"
    assert found["clock"]["zero_utc"] == "2026-03-04T08:00:10.500Z"


def test_launch_and_impact_come_back_as_they_were_put_in(run: list[Message]) -> None:
    threat = document(run)["threats"][0]
    assert (threat["launch"]["latitude_deg"], threat["launch"]["longitude_deg"]) == pytest.approx(LAUNCH, abs=2e-6)
    assert (threat["impact"]["latitude_deg"], threat["impact"]["longitude_deg"]) == pytest.approx(IMPACT, abs=2e-6)
    assert threat["impact"]["region_90_deg"][0] == threat["impact"]["region_90_deg"][-1]


def test_people_are_counted_from_the_first_warning_that_was_sent(run: list[Message]) -> None:
    people = document(run)["people"]
    assert people == {"seconds_left_s": 374.0, "people_count": 530_000, "zones_count": 9, "why_none": ""}


def test_an_unsent_draft_warns_nobody_and_says_why(blind_run: list[Message]) -> None:
    people = document(blind_run)["people"]
    assert people["seconds_left_s"] is None
    assert people["people_count"] == 0
    assert "no approver answered" in people["why_none"]


def test_a_quiet_sky_lists_its_tracks_and_no_threat(quiet: list[Message]) -> None:
    found = document(quiet)
    assert found["threats"] == []
    assert found["clock"] is None
    assert [t["class"] for t in found["tracks"]] == ["aircraft", "aircraft"]


def test_counts_add_up_to_the_record(run: list[Message]) -> None:
    assert sum(document(run)["counts"].values()) == len(run)


def test_the_statement_is_the_one_released_to_the_widest_audience(run: list[Message]) -> None:
    statement = document(run)["statement"]
    assert (statement["audience"], statement["state"]) == ("public", "released")


def test_the_widest_shot_and_the_reported_outcome_are_told(run: list[Message]) -> None:
    engagement = document(run)["engagements"][0]
    assert engagement["shots"] == 2
    assert engagement["outcome"] == "hit"
    assert engagement["intercept_height_m"] == pytest.approx(4 * 290_000 * (495 / 570) * (75 / 570), abs=1.0)
