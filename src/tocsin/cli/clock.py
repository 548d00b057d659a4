"""The ten-minute clock on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.cli.folder import REPORT, TRACKS
from tocsin.cli.screen import plain
from tocsin.units import clock_text, iso_from_ns

if TYPE_CHECKING:
    from tocsin.simulation import Run
    from tocsin.views.clock import Clock, Step, ThreatClock


def print_run(console: Console, run: Run, folder: Path) -> None:
    """Banner, clock of each threat, and where to look next."""
    from tocsin.views import CAPTIONS
    from tocsin.views.clock import clock

    title = plain(run.scenario.title)
    console.print(Text.assemble((CAPTIONS[run.scenario.origin], "bold"), f"   {title}"))
    if run.status != "complete":
        console.print(f"[bold]{run.status}[/bold]: the run was stopped; what follows is what it reached")
    made = clock(run.messages, run.scenario.policy.budgets)
    print_clock(console, made)
    console.print(f"digest  {run.digest}", soft_wrap=True)
    console.print(f"report  {folder / REPORT}", markup=False, soft_wrap=True)
    if run.truth is None:
        console.print(f"tracks  {folder / TRACKS}", markup=False, soft_wrap=True)


def print_clock(console: Console, made: Clock) -> None:
    """One table a threat, or why there is none."""
    if not made.threats:
        console.print(made.reason or "no threat: nothing was alerted and nobody was warned")
    for each in made.threats:
        console.print(_table(each))
        headline = each.headline
        if headline.after_zero_s is not None:
            words = "in less than 10 minutes" if headline.after_zero_s < 600 else "NOT in less than 10 minutes"
            console.print(f"interceptor launched {clock_text(headline.after_zero_s)} after estimated launch: {words}")
        console.print(_told(each.step("approved")), markup=False)


def _told(approved: Step) -> str:
    """When people were told, or why they were not."""
    if approved.time_ns is None:
        return f"people were not told: {approved.not_reached}"
    if approved.seconds_left is None:
        return "people were told; no impact is predicted any more"
    if approved.seconds_left < 0.0:
        return f"people were told too late, {-approved.seconds_left:.0f} s after the predicted impact"
    return f"people were told with {approved.seconds_left:.0f} s left to impact"


def _table(each: ThreatClock) -> Table:
    zero = "launch cannot be estimated"
    if each.zero_ns is not None:
        spread = f" ± {2 * each.zero_std_s:.0f} s (95 %)" if each.zero_std_s is not None else ""
        zero = f"zero: estimated launch {iso_from_ns(each.zero_ns, 0)}{spread}"
    table = Table(title=f"{each.threat}   {zero}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("step")
    for name in ("after zero", "budget", "left to impact"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    for step in each.steps:
        if step.time_ns is None:
            table.add_row(step.label, "-", f"{step.budget_s:.0f} s", "", Text(f"not reached: {step.not_reached}"))
            continue
        after = clock_text(step.after_zero_s) if step.after_zero_s is not None else iso_from_ns(step.time_ns, 0)
        left = (
            "" if step.seconds_left is None else "after it" if step.seconds_left < 0 else f"{step.seconds_left:.0f} s"
        )
        late = "over budget" if step.is_within_budget is False else ""
        note = "; ".join(part for part in (late, step.note) if part)
        style = "bold" if step.is_headline else ""
        table.add_row(step.label, after, f"{step.budget_s:.0f} s", left, Text(note), style=style)
    return table
