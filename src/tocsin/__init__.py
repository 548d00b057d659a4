"""tocsin: an open, end-to-end simulator and warning pipeline for ballistic-missile defence.

    import tocsin

    scenario = tocsin.load_scenario("one-missile")
    run = tocsin.simulate(scenario, seed=7)
    print(tocsin.score(run.messages, run.truth))

The names below are the public API; they are loaded on first use, so that importing tocsin is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.scenario import load_scenario
    from tocsin.scoring import score
    from tocsin.simulation import replay, simulate, track

__version__ = "0.1.0"
__all__ = ["__version__", "load_scenario", "replay", "score", "simulate", "track"]

_HOMES = {
    "load_scenario": "tocsin.scenario",
    "replay": "tocsin.simulation",
    "score": "tocsin.scoring",
    "simulate": "tocsin.simulation",
    "track": "tocsin.simulation",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tocsin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
