"""Stage separation, crossing paths and close pairs: how soon, how rightly and how lastingly two tracks come of them.

    python -m benchmarks.separation [runs [kind ...]]

Bars (issue 4): separate tracks within 10 s of becoming resolvable in 90 % of 200 runs, with the right parent; at most
2 % coalesced or swapped. A track holds the object it is nearer to, in sigmas of the innovations of all radars.
Separate: each object has a confirmed track. Right parent: one of the two tracks is the one that covered both before,
and the other names it. Coalesced: five scans in a row, while the objects are apart, with two tracks on one object and
none on the other. Swapped: after the same two tracks held the two objects at three scans in a row, one of them holds
the other object at three scans in a row. Scans in a row are those in which the objects are apart.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterable

import numpy as np

from benchmarks.separation_scenes import (
    CLUTTER_PLOT,
    HAS_RATE,
    Kind,
    Look,
    Scene,
    detections_of,
    end_ns,
    scene,
)
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

    nees: list[float] = dataclasses.field(default_factory=list, repr=False)  # of each object's nearest track

    @property
    def is_good(self) -> bool:
        return self.delay_s <= SOON_S and self.is_right_parent and not self.is_coalesced and not self.is_swapped


def holders(tracker: Tracker, look: Look, weight: np.ndarray) -> tuple[list[list[int]], list[float], int]:
    """Names of the confirmed tracks on each object, nearest first; NEES of the nearest; and how many are on none.

    ``weight`` (6, 6): the square of a distance in sigmas is d' weight d.
    """
    seen = tracker.confirmed(end_ns(look))
    held: list[list[tuple[float, int, float]]] = [[] for _ in look.truth]
    false = 0
    for slot, state, cov in zip(seen.slots.tolist(), seen.state, seen.cov6, strict=True):
        away = [apart_sigma(state, each, weight) for each in look.truth]
        k = int(np.argmin(away))
        if away[k] < NEAR_SIGMA:
            error = state - look.truth[k]
            nees = float(error @ np.linalg.solve(cov, error))
            held[k].append((away[k], int(tracker.state.name[slot]), nees))
        else:
            false += 1
    ranked = [sorted(each) for each in held]
    return [[name for _, name, _ in each] for each in ranked], [each[0][2] for each in ranked if each], false


def apart_sigma(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> float:
    return math.sqrt(float((a - b) @ weight @ (a - b)))


def weight_of(look: Look, site: np.ndarray) -> np.ndarray:
    """What one radar tells: H' S^-1 H, with S the covariance of its innovation."""
    rows = 4 if HAS_RATE[look.radar] else 3
    slope = radar_view(look.truth[0], site)[1][:rows]
    return np.asarray(slope.T @ np.linalg.solve(look.spread[:rows, :rows], slope))


def run(case: Scene, seed: int, policy: TrackPolicy | None = None, is_verbose: bool = False) -> Run:
    tracker, out = Tracker(policy), Run(seed)
    parents: dict[int, int] = {}
    before = 0  # the track that covered both
    first: list[int] = []  # the two tracks, once they hold the objects for good
    latest: list[list[int]] = []
    together = crossed = 0
    ever: set[int] = set()
    weights: dict[int, np.ndarray] = {}
    from_s = case.resolvable_s if case.kind == "separation" else max(case.resolvable_s, SETTLED_S)
    for number, look in enumerate(case.looks):
        told = tracker.step(detections_of(look, case.sites, number))
        if told is not None and hasattr(told, "parent"):
            parents |= dict(zip(told.track.tolist(), told.parent.tolist(), strict=True))
        weights[look.radar] = weight_of(look, case.sites[look.radar])
        weight = np.sum(list(weights.values()), axis=0)
        held, nees, false = holders(tracker, look, weight)
        if is_verbose and look.time_s > (case.resolvable_s - 20.0 if case.kind == "separation" else 8.0):
            sys.stdout.write(f"{_line(tracker, look, held)} {f'{false} elsewhere' if false else ''}\n")
        out.false = max(out.false, false)
        if look.truth.shape[0] == 1:
            before = held[0][0] if held[0] else before
            continue
        out.extra = max(out.extra, sum(map(len, held)) - 2)
        if look.time_s < from_s:
            continue
        out.nees += nees
        is_both = bool(held[0] and held[1])
        if is_both:
            out.delay_s = min(out.delay_s, look.time_s - from_s)
            ever.update(held[0], held[1])
        if look.is_apart:
            together = together + 1 if not is_both and max(map(len, held)) > 1 else 0
            out.is_coalesced |= together >= 5
            latest = [*latest, [each[0] for each in held] if is_both else []][-3:]
            if not first and len(latest) == 3 and latest[0] and latest[0] == latest[1] == latest[2]:
                first = latest[0]
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


def _line(tracker: Tracker, look: Look, held: list[list[int]]) -> str:
    """What one scan did: who holds which object, and which track took each plot of theirs (number < its origin)."""
    memory = tracker.state
    used = {j: memory.name_of(track) or -track for track, j in memory.history.entries[-1].used}
    taken = [f"{used.get(j, '-')}<{look.origin[j]}" for j in range(look.origin.size) if look.origin[j] != CLUTTER_PLOT]
    away = f"{look.distance_sigma:5.1f}{'*' if look.is_apart else ' '}"
    return f"{look.time_s:6.2f} radar {look.radar} {away} {held} {' '.join(taken)}"


def report(kind: Kind, runs: list[Run]) -> str:
    n = len(runs)
    delays = np.array([each.delay_s for each in runs])
    nees = np.concatenate([each.nees for each in runs])
    bad = [each for each in runs if not each.is_good]
    return (
        f"{kind}, {n} runs: within {SOON_S:g} s {100.0 * float(np.mean(delays <= SOON_S)):.1f} % (median "
        f"{float(np.median(delays)):.1f} s, 90 % {float(np.quantile(delays, 0.9)):.1f} s), right parent "
        f"{100.0 * sum(each.is_right_parent for each in runs) / n:.1f} %, all of it "
        f"{100.0 * (n - len(bad)) / n:.1f} %; coalesced {sum(each.is_coalesced for each in runs)}, "
        f"swapped {sum(each.is_swapped for each in runs)}, either "
        f"{100.0 * sum(each.is_coalesced or each.is_swapped for each in runs) / n:.1f} %; "
        f"a third track in {sum(each.extra > 0 for each in runs)}, a number changed in "
        f"{sum(each.numbers > 2 for each in runs)}, false tracks in {sum(each.false > 0 for each in runs)}; "
        f"NEES/6 median {float(np.median(nees)) / 6.0:.2f}, mean {float(np.mean(nees)) / 6.0:.2f}"
    )


def main(count: int = 40, kinds: Iterable[Kind] = KINDS) -> None:
    for kind in kinds:
        runs = [run(scene(kind, seed), seed) for seed in range(count)]
        sys.stdout.write(report(kind, runs) + "\n")
        sys.stdout.flush()
        for each in runs:
            if not each.is_good:
                sys.stdout.write(f"    {each}\n")


if __name__ == "__main__":
    wanted = [kind for kind in KINDS if kind in sys.argv[2:]] or KINDS
    main(*(int(sys.argv[1]), wanted) if len(sys.argv) > 1 else ())
