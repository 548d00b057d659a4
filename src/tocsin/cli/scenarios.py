"""``tocsin scenarios``: what comes packaged."""

from __future__ import annotations

from tocsin.cli.run import Json


def scenarios(*, json: Json = False) -> int:
    """List the packaged scenarios."""
    from rich.table import Table

    from tocsin.cli import screen
    from tocsin.scenario import load_scenario, packaged_scenarios

    loaded = [load_scenario(name) for name in packaged_scenarios()]
    if json:
        screen.print_json(
            [
                {"name": s.name, "title": s.title, "summary": s.summary, "duration_s": s.duration_s, "origin": s.origin}
                for s in loaded
            ]
        )
        return 0
    table = Table("scenario", "title", "minutes", "unknowns", box=None, pad_edge=False)
    for scenario in loaded:
        unknowns = "; ".join(unknown.name for unknown in scenario.unknowns)
        table.add_row(scenario.name, scenario.title, f"{scenario.duration_s / 60:.0f}", unknowns)
    screen.out().print(table)
    return 0
