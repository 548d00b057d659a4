"""The documents cannot drift from the code: they are made from it, and what they promise is tried."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tocsin.errors import ScenarioError
from tocsin.scenario import document_from, load_scenario, scenario_from
from tocsin.scenario.ranges import RANGES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["formats", "messages"])
def test_the_document_is_what_the_code_says(generate: ModuleType, name: str) -> None:
    made = getattr(generate, f"{name}_text")()
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == made, "run docs/generate.py"


def test_every_row_of_every_table_has_a_meaning(generate: ModuleType) -> None:
    for text in (generate.formats_text(), generate.messages_text()):
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        assert len(rows) > 100
        assert not [row for row in rows if not row.rsplit("|", 2)[1].strip()]


HELD = {
    "Scenario.duration_s": ("duration_s",),
    "Threat.loft": ("truth", "threats", 0, "loft"),
    "Unit.latitude_deg": ("units", 0, "latitude_deg"),
    "Unit.longitude_deg": ("units", 0, "longitude_deg"),
    "Site.latitude_deg": ("sites", 0, "latitude_deg"),
    "Site.longitude_deg": ("sites", 0, "longitude_deg"),
    "Site.kill_prob": ("sites", 0, "kill_prob"),
    "Site.magazine": ("sites", 0, "magazine"),
    "Actor.delay_s": ("actors", 0, "delay_s"),
    "Truth.outcome_seen_prob": ("truth", "outcome_seen_prob"),
    "Truth.outcome_wrong_prob": ("truth", "outcome_wrong_prob"),
    "Truth.unexploded_prob": ("truth", "unexploded_prob"),
    "Spread.wind_std_m_s": ("truth", "spread", "wind_std_m_s"),
}


def test_ranges_told_in_words_are_those_that_are_held(generate: ModuleType) -> None:
    """The page prints the table that the checks hold; the one range that depends on another key is in words."""
    assert set(generate._RANGES) == {"Threat.launch_after_s"}
    base = document_from(load_scenario("one-missile"))
    for name, path in HELD.items():
        table, _, key = name.partition(".")
        low, high, _ = RANGES[table][key]
        for value, is_fine in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
            document: Any = msgspec.json.decode(msgspec.json.encode(base))
            node = document
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = int(value) if name == "Site.magazine" else value
            if name == "Scenario.duration_s":
                document["truth"]["threats"][0]["launch_after_s"] = 0.0
            if is_fine:
                scenario_from(document)
            else:
                with pytest.raises(ScenarioError, match=str(path[-1])):
                    scenario_from(document)
