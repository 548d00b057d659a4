"""Stage separation, crossing paths and close pairs: how soon, how rightly and how lastingly two tracks come of them.

    python -m benchmarks.separation [runs [kind ...]]

Bars (issue 4): separate tracks within 10 s of becoming resolvable in 90 % of 200 runs, with the right parent; at most
2 % coalesced or swapped. A track holds the object it is nearer to, in sigmas of the innovation. Separate: each object
has a confirmed track. Right parent: one of the two tracks is the one that covered both before, and the other names it.
Coalesced: five scans in a row, while the objects are apart, with two tracks on one object and none on the other.
Swapped: after both were held, a track that held one object holds the other at three scans in a row.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable

import numpy as np

from benchmarks.separation_scenes import Kind, Look, Scene, detections_of, distance_sigma, end_ns, scene
from tocsin.policy import TrackPolicy
from tocsin.tracking import Tracker
from tocsin.tracking.looks import radar_view

SOON_S = 10.0
NEAR_SIGMA = 10.0  # a track further than this from both objects holds neither
SETTLED_S = 15.0  # crossing paths and pairs are scored from here on: what starts two tracks is not their subject
KINDS: tuple[Kind, ...] = ("separation", "crossing", "pair")


@dataclasses.dataclass
class Run:
    """How one scene went. ``delay_s`` from resolvable to separate, inf: never."""

    seed: int
    delay_s: float = float("inf")
    is_right_parent: bool = False
    is_coalesced: bool = False
    is_swapped: bool = False
    extra: int = 0  # most confirmed tracks at once, over one an object
    numbers: int = 0  # of tracks that ever held an object, from the first moment both were held
    false: int = 0  # confirmed tracks that held no object

    @property
    def is_good(self) -> bool:
        return self.delay_s <= SOON_S and self.is_right_parent and not self.is_coalesced and not self.is_swapped


def holders(tracker: Tracker, look: Look, site: np.ndarray) -> tuple[list[list[int]], int]:
    """Names of the confirmed tracks on each object, nearest first, and how many are on none."""
    seen = tracker.confirmed(end_ns(look))
    names = tracker.state.history.names
    true = [radar_view(each, site)[0] for each in look.truth]
    held: list[list[tuple[float, int]]] = [[] for _ in true]
    false = 0
    for slot, state in zip(seen.slots.tolist(), seen.state, strict=True):
        guess = radar_view(state, site)[0]
        away = [distance_sigma(guess, each, look.spread, look.radar) for each in true]
        k = int(np.argmin(away))
        if away[k] < NEAR_SIGMA:
            held[k].append((away[k], names.get(int(tracker.state.id[slot]), 0)))
        else:
            false += 1
    return [[name for _, name in sorted(each)] for each in held], false


def run(case: Scene, seed: int, policy: TrackPolicy | None = None, is_verbose: bool = False) -> Run:
    tracker, out = Tracker(policy), Run(seed)
    parents: dict[int, int] = {}
    before = 0  # the track that covered both
    first: list[int] = []
    together = crossed = 0
    ever: set[int] = set()
    from_s = case.resolvable_s if case.kind == "separation" else max(case.resolvable_s, SETTLED_S)
    for number, look in enumerate(case.looks):
        told = tracker.step(detections_of(look, case.sites, number))
        if told is not None and hasattr(told, "parent"):
            parents |= dict(zip(told.track.tolist(), told.parent.tolist(), strict=True))
        held, false = holders(tracker, look, case.sites[look.radar])
        if is_verbose and look.time_s > case.event_s - 3.0:
            print(f"{look.time_s:6.2f} {'apart' if look.is_apart else '     '} {held} {look.origin.tolist()}")
        out.false = max(out.false, false)
        if look.truth.shape[0] == 1:
            before = held[0][0] if held[0] else before
            continue
        out.extra = max(out.extra, sum(map(len, held)) - 2)
        if look.time_s < from_s:
            continue
        is_both = bool(held[0] and held[1])
        if is_both and not first:
            out.delay_s = look.time_s - from_s
            first = [held[0][0], held[1][0]]
        if first:
            ever.update(held[0], held[1])
        if look.is_apart:
            together = together + 1 if sorted(map(len, held))[0] == 0 and max(map(len, held)) > 1 else 0
            out.is_coalesced |= together >= 5
            is_crossed = bool(first) and (first[0] in held[1] or first[1] in held[0])
            crossed = crossed + 1 if is_crossed else 0
            out.is_swapped |= crossed >= 3
    out.numbers = len(ever)
    if case.kind == "separation":
        other = [name for name in first if name != before]
        out.is_right_parent = len(other) == 1 and parents.get(other[0], 0) == before
    else:
        out.is_right_parent = True
    return out


def report(kind: Kind, runs: list[Run]) -> str:
    n = len(runs)
    delays = np.array([each.delay_s for each in runs])
    bad = [each for each in runs if not each.is_good]
    return (
        f"{kind}, {n} runs: within {SOON_S:g} s {100.0 * float(np.mean(delays <= SOON_S)):.1f} % (median "
        f"{float(np.median(delays)):.1f} s, 90 % {float(np.quantile(delays, 0.9)):.1f} s), right parent "
        f"{100.0 * sum(each.is_right_parent for each in runs) / n:.1f} %, all of it "
        f"{100.0 * (n - len(bad)) / n:.1f} %; coalesced {sum(each.is_coalesced for each in runs)}, swapped "
        f"{sum(each.is_swapped for each in runs)}, either {100.0 * sum(e.is_coalesced or e.is_swapped for e in runs) / n:.1f} %; "
        f"a third track in {sum(each.extra > 0 for each in runs)}, a number changed in "
        f"{sum(each.numbers > 2 for each in runs)}, false tracks in {sum(each.false > 0 for each in runs)}"
    )


def main(count: int = 40, kinds: Iterable[str] = KINDS) -> None:
    for kind in kinds:
        runs = [run(scene(kind, seed), seed) for seed in range(count)]  # type: ignore[arg-type]
        print(report(kind, runs))  # type: ignore[arg-type]
        for each in runs:
            if not each.is_good:
                print("   ", each)


if __name__ == "__main__":
    main(*(int(sys.argv[1]), sys.argv[2:] or KINDS) if len(sys.argv) > 1 else ())
