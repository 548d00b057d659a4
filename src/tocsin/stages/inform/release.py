"""What may be said to whom: labels, audiences, and what is never said. Fictional, and unmistakably so."""

from __future__ import annotations

from typing import NamedTuple

from tocsin.messages.statement import Audience

LABELS: tuple[str, ...] = ("EXERCISE-PUBLIC", "EXERCISE-RESTRICTED", "EXERCISE-CONFIDENTIAL")  # rising
ORDER: tuple[Audience, ...] = ("host_nation", "alliance", "public")  # the host nation hears first


class Rule(NamedTuple):
    """Label of a kind of fact, and who may have it."""

    label: str
    audiences: tuple[Audience, ...]


RULES: dict[str, Rule] = {
    "happened": Rule(LABELS[0], ORDER),
    "outcome": Rule(LABELS[0], ORDER),
    "casualties": Rule(LABELS[0], ORDER),
    "debris": Rule(LABELS[0], ORDER),
    "find": Rule(LABELS[0], ORDER),
    "duration": Rule(LABELS[0], ORDER),
    "posture": Rule(LABELS[0], ORDER),
    "people_warned": Rule(LABELS[1], ("host_nation", "alliance")),
}

OPERATIONAL_SECURITY = "withheld for operational security"
UNSUPPORTED = "unsupported: no record says so"
NOT_RELEASABLE = "not releasable to this audience"
ALWAYS_WITHHELD: tuple[str, ...] = (
    "posture_content",
    "target",
    "shooter",
    "sensor",
    "exact_times",
    "exact_heights",
    "counts",
    "rules_of_engagement",
)


def banner(labels: list[str]) -> str:
    """The highest label of a statement's parts."""
    return LABELS[max((LABELS.index(label) for label in labels), default=0)]
