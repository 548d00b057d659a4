"""Evidence over many seeds: does the 90 % region hold the truth, is the missile found, does a quiet sky stay quiet?

    python -m benchmarks.evidence [--runs 200] [--workers 2]

Plays ``one-missile`` and ``quiet-sky`` for seeds 0 to runs - 1 through the whole chain, the truth flying with air,
drag and burn that the filter does not know; prints both results and writes them to ``benchmarks/evidence.md``.
Exits with 1 where a promise is not kept.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec

from tocsin.scoring import Score, ThreatScore, score
from tocsin.simulation import simulate

MISSILE, QUIET = "one-missile", "quiet-sky"
OUT = Path(__file__).with_name("evidence.md")
BAND_90 = (0.85, 0.95)  # where the share held by the 90 % region must lie


class Sample(msgspec.Struct, frozen=True):
    """One run, scored."""

    seed: int
    seconds: float
    score: Score


def one(scenario: str, seed: int) -> Sample:
    """Play and score one run; runs in a worker process."""
    begun = time.perf_counter()
    run = simulate(scenario, seed=seed)
    if run.truth is None:
        raise RuntimeError(f"{scenario}: a simulated run has a truth")
    return Sample(seed, time.perf_counter() - begun, score(run.messages, run.truth))


def wilson(held: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    z = 1.959964
    share = held / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


def play(scenario: str, runs: int, workers: int) -> list[Sample]:
    """All runs, in order of seed, with progress on standard error."""
    context = multiprocessing.get_context("spawn")
    samples: list[Sample] = []
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = [pool.submit(one, scenario, seed) for seed in range(runs)]
        for done, future in enumerate(as_completed(waiting), start=1):
            samples.append(future.result())
            sys.stderr.write(f"\r{scenario}: {done}/{runs} runs")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return sorted(samples, key=lambda sample: sample.seed)


def quantiles(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    if not values:
        return "none"
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    return f"median {statistics.median(ordered):.3g}, 95th percentile {late:.3g}"


def missile_lines(samples: Sequence[Sample]) -> Iterator[str]:
    """What one-missile shows."""
    threats = [threat for sample in samples for threat in sample.score.threats]
    yield f"## {MISSILE}: {len(samples)} runs, truth off the filter's model"
    yield ""
    yield "| claim | held | of | share | 95 % interval |"
    yield "|---|---|---|---|---|"

    def share(name: str, test: Callable[[ThreatScore], bool | None]) -> str:
        verdicts = [verdict for verdict in map(test, threats) if verdict is not None]
        low, high = wilson(sum(verdicts), len(verdicts))
        part = sum(verdicts) / max(1, len(verdicts))
        return f"| {name} | {sum(verdicts)} | {len(verdicts)} | {part:.3f} | {low:.3f} to {high:.3f} |"

    yield share("50 % impact region, 120 s after first radar contact, holds the truth", lambda t: t.in_50)
    yield share("90 % impact region holds the truth (promise: 0.85 to 0.95)", lambda t: t.in_90)
    yield share("99 % impact region holds the truth", lambda t: t.in_99)
    yield share("90 % launch region holds the truth", lambda t: t.launch_in_90)
    yield share("confirmed (promise: all)", lambda t: t.is_confirmed)
    yield share("classed as ballistic missile (promise: all)", lambda t: t.best_class == "ballistic_missile")
    yield share("public draft (promise: all)", lambda t: t.draft_after_s is not None)
    yield share("known by one name throughout", lambda t: len(t.names) == 1)
    false = sum(len(s.score.false_threats) + s.score.false_alerts + s.score.false_drafts for s in samples)
    yield f"| runs with a threat, an alert or a draft for nothing | {false} | {len(samples)} | | |"
    yield ""

    def spread(name: str, unit: str, of: Callable[[ThreatScore], float | None]) -> str:
        return f"- {name}, {unit}: {quantiles([v for v in map(of, threats) if v is not None])}"

    yield spread("cue after launch", "s", lambda t: t.cue_after_s)
    yield spread("PROBABLE after launch", "s", lambda t: t.probable_after_s)
    yield spread("first radar contact after launch", "s", lambda t: t.first_radar_after_s)
    yield spread("CONFIRMED after launch", "s", lambda t: t.confirmed_after_s)
    yield spread("public draft after launch", "s", lambda t: t.draft_after_s)
    yield spread("warning sent before impact", "s", lambda t: t.warning_s)
    yield spread(
        "launch time error", "s (absolute)", lambda t: None if t.launch_error_s is None else abs(t.launch_error_s)
    )
    yield spread("launch point error", "m", lambda t: t.launch_error_m)
    yield spread("impact error 120 s after first radar contact", "m", lambda t: t.impact_error_m)
    yield spread("area of the 90 % region then", "km2", lambda t: t.area_90_km2)
    nees = [t.impact_nees for t in threats if t.impact_nees is not None]
    if nees:
        yield f"- normalised squared impact error, mean (honest: 2): {statistics.fmean(nees):.2f}"


def quiet_lines(samples: Sequence[Sample]) -> Iterator[str]:
    """What quiet-sky shows."""
    yield f"## {QUIET}: {len(samples)} runs"
    yield ""
    yield f"- public drafts (promise: 0): {sum(s.score.public_drafts for s in samples)}"
    yield f"- confirmed threats (promise: 0): {sum(len(s.score.confirmed) for s in samples)}"
    yield f"- threats that reached PROBABLE: {sum(len(s.score.false_threats) for s in samples)}"
    yield f"- alerts to units: {sum(s.score.false_alerts for s in samples)}"


def broken(missiles: Sequence[Sample], quiet: Sequence[Sample]) -> list[str]:
    """Promises that these runs do not keep, with the seeds that show it."""
    found = []
    threats = [(s.seed, threat) for s in missiles for threat in s.score.threats]
    judged = [threat.in_90 for _, threat in threats if threat.in_90 is not None]
    if threats and len(judged) < len(threats):
        found.append(f"{len(threats) - len(judged)} threats have no 90 % region to judge")
    if judged and not BAND_90[0] <= sum(judged) / len(judged) <= BAND_90[1]:
        found.append(f"the 90 % region holds {sum(judged) / len(judged):.3f}")
    checks: tuple[tuple[str, Callable[[ThreatScore], bool]], ...] = (
        ("not confirmed", lambda t: not t.is_confirmed),
        ("not classed as missile", lambda t: t.best_class != "ballistic_missile"),
        ("no public draft", lambda t: t.draft_after_s is None),
    )
    for name, is_broken in checks:
        seeds = [seed for seed, threat in threats if is_broken(threat)]
        if seeds:
            found.append(f"{name}: seeds {seeds}")
    loud = [s.seed for s in quiet if s.score.public_drafts or s.score.confirmed]
    if loud:
        found.append(f"quiet sky is not quiet: seeds {loud}")
    return found


def main() -> int:
    """Run both, print, write; 0 if all promises hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="seeds of each scenario")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    missiles = play(MISSILE, arguments.runs, arguments.workers)
    quiet = play(QUIET, arguments.runs, arguments.workers)
    failures = broken(missiles, quiet)
    verdict = "All promises hold." if not failures else "NOT KEPT: " + "; ".join(failures) + "."
    per_run = statistics.fmean(s.seconds for s in [*missiles, *quiet]) if missiles else 0.0
    lines = [
        "# Evidence",
        "",
        f"`python -m benchmarks.evidence --runs {arguments.runs}`, seeds from 0. Notional parameters throughout.",
        "",
        *missile_lines(missiles),
        "",
        *quiet_lines(quiet),
        "",
        verdict,
        f"({time.perf_counter() - begun:.0f} s in all, {per_run:.2f} s a run.)",
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    OUT.write_text(text, encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
