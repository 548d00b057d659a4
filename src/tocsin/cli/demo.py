"""``tocsin demo``: the main job on the packaged scenario."""

from __future__ import annotations

from pathlib import Path

from tocsin.cli.run import Json

SCENARIO, SEED = "turkiye-2026-03-04", 7


def demo(*, out: Path = Path("runs/demo"), json: Json = False) -> int:
    """Play the packaged scenario of March 2026 and end with the ten-minute clock and a report to open."""
    from tocsin.cli.run import play

    return play(SCENARIO, SEED, (), out, json)
