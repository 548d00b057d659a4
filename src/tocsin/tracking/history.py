"""What the tracker keeps to roll back: the scans of the window in order, a checkpoint a second, and public names.

A track has two numbers. The one in the arrays is given in the order of the scans, so a re-run may give it to another
object. The public one, in messages, stays with the object: see ``rename``.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator

import msgspec
import numpy as np

from tocsin.messages import Column, Detections
from tocsin.tracking.watch_state import SensorWatch, watch_bytes
from tocsin.units import NS_PER_S

_BEFORE_ALL_NS = -(2**62)
Key = tuple[int, str, int]
_PLOT_BITS = 32  # a scan has fewer plots
NO_TRACKS: Column = np.zeros(0, np.int64)
NO_NIS: Column = np.zeros(0)


class Entry(msgspec.Struct, kw_only=True):
    """A scan, or a tick (no sensor, so before the scans of its instant), and what it did to tracks when last run."""

    time_ns: int
    sensor: str = ""
    sequence: int = 0
    serial: int  # in order of arrival
    scan: Detections | None = None
    tracks: Column = NO_TRACKS  # (n,) that it fed ...
    plots: Column = NO_TRACKS  # ... (n,) with these plots
    nis: Column = NO_NIS  # (k,) of the first of them: others are new ...
    dof: int = 0  # ... of so many degrees of freedom
    absorbed: list[tuple[int, int]] = []  # younger track, older track

    @property
    def key(self) -> Key:
        """The order of use: end time, sensor, sequence."""
        return self.time_ns, self.sensor, self.sequence

    @property
    def used(self) -> Iterator[tuple[int, int]]:
        """Each track that it fed, with the plot."""
        return zip(self.tracks.tolist(), self.plots.tolist(), strict=True)


class Packed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A memory as ``checkpoint.pack`` lays it out; equal where every bit is."""

    version: int
    next_id: int
    capacity: int
    sensors: tuple[str, ...]
    bias_mean: Column
    bias_cov: Column
    bias_ns: int | None
    watch: SensorWatch
    slots: Column
    whole: Column
    real: Column
    fed: Column
    banks: Column

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and all(
            _is_same(getattr(self, name), getattr(other, name)) for name in self.__struct_fields__
        )


class Checkpoint(msgspec.Struct):
    """The memory after all entries before a whole second."""

    time_ns: int
    data: Packed


class History(msgspec.Struct, kw_only=True):
    """Times ns UTC. ``late`` waits for the next tick."""

    entries: list[Entry] = []
    late: list[Entry] = []
    checkpoints: list[Checkpoint] = []
    newest_ns: int = _BEFORE_ALL_NS  # of scans and ticks
    scan_ns: int = _BEFORE_ALL_NS  # of scans
    caught_up_ns: int = _BEFORE_ALL_NS  # last time nothing was left waiting
    serial: int = 0
    revision: int = 0
    fresh: int = 0  # scans used in order since the last re-run
    next_name: int = 1
    parents: dict[int, int] = {}  # public numbers: track -> the one it came off, as last told
    refused: dict[str, int] = {}  # sensor -> scans that came after the window

    def entry(self, scan: Detections) -> Entry:
        """A scan as an entry, numbered."""
        self.serial += 1
        return Entry(
            time_ns=scan.end_ns, sensor=scan.sensor, sequence=scan.sequence, serial=self.serial, scan=scan
        )  # fmt: skip

    def tick(self, now_ns: int) -> Entry:
        """A tick as an entry, numbered."""
        self.serial += 1
        return Entry(time_ns=now_ns, serial=self.serial)

    def is_late(self, entry: Entry) -> bool:
        """Whether something after it in order has been used already."""
        return bool(self.entries) and entry.key < self.entries[-1].key

    def note(self, entry: Entry) -> None:
        """Time has come as far as this entry."""
        if self.newest_ns == _BEFORE_ALL_NS:
            self.caught_up_ns = entry.time_ns
        self.newest_ns = max(self.newest_ns, entry.time_ns)
        if entry.scan is not None:
            self.scan_ns = max(self.scan_ns, entry.time_ns)

    def is_mark_due(self, entry: Entry) -> bool:
        """Whether a checkpoint belongs before this entry, the next in order: one a second, and one before all."""
        return not self.checkpoints or second_of(entry.time_ns) > self.checkpoints[-1].time_ns

    def mark(self, entry: Entry, data: Packed) -> None:
        """Remember the memory before this entry, the first of its second; of the very first, also as before all."""
        if not self.checkpoints:
            self.checkpoints.append(Checkpoint(_BEFORE_ALL_NS, data))
        self.checkpoints.append(Checkpoint(second_of(entry.time_ns), data))

    def back_to(self, time_ns: int) -> tuple[int, int]:
        """The last checkpoint that a scan of this time may be run from, and the first entry after it."""
        place = bisect.bisect_right(self.checkpoints, time_ns, key=lambda c: c.time_ns) - 1
        return place, bisect.bisect_left(self.entries, self.checkpoints[place].time_ns, key=lambda e: e.time_ns)

    def forget(self, window_ns: int) -> list[Entry]:
        """Drop what no scan of the window can need any more; returns the entries that went."""
        horizon_ns = min([self.newest_ns - window_ns, *(entry.time_ns for entry in self.late)])
        place, start = self.back_to(horizon_ns)
        if place <= 0:
            return []
        gone = self.entries[:start]
        del self.checkpoints[:place], self.entries[:start]
        return gone

    def parent(self, name: int, parent_name: int) -> int:
        """The public number of what a track came off, as far as that has been told; 0: nothing."""
        if parent_name:
            self.parents[name] = parent_name
        return self.parents.get(name, 0)

    def forget_parents(self, names: Column) -> None:
        """Tracks have been told for the last time."""
        if self.parents:
            for name in names.tolist():
                self.parents.pop(name, None)

    def rename(
        self, known: int, old: Column, name: Column, alive: Column, before: list[Entry], after: list[Entry]
    ) -> tuple[Column, Column, Column]:
        """Carry public numbers over a re-run.

        A track from before the checkpoint (number below ``known``) is what it was. Others are the same object where
        they share plots of the part run again, those that share most first. A number told as dropped never comes back.

        In        old, name (m,) tracks that had a public number before it, in order, and that number
                  alive (n,)     tracks after the re-run, in order
                  before, after  entries of that part, by the old run and by the new one
        Returns   rows of ``alive`` that go on with an old track, and the row of ``old`` of each; rows of ``old`` that
                  nothing goes on with
        """
        if self.parents:
            named = set(name.tolist())
            self.parents = {child: parent for child, parent in self.parents.items() if child in named}
        was = places(old, alive)
        was[alive >= known] = -1
        is_left = np.ones(old.size, dtype=bool)
        is_left[was[was >= 0]] = False
        if is_left.any() and (was < 0).any():
            _match(was, is_left, old, name, alive, before, after)
        rows = (was >= 0).nonzero()[0]
        return rows, was[rows], is_left.nonzero()[0]


def _match(
    was: Column, is_left: Column, old: Column, name: Column, alive: Column, before: list[Entry], after: list[Entry]
) -> None:
    """Give each track that has no row in ``was`` (n,) yet the old one that is left and shares most plots with it."""
    was_of, was_plots = plots_of_tracks(before, old[is_left])
    new_of, new_plots = plots_of_tracks(after, alive[was < 0])
    order = was_plots.argsort(kind="stable")
    place = places(was_plots[order], new_plots)
    is_shared = place >= 0
    new, left = places(alive, new_of[is_shared]), places(old, was_of[order[place[is_shared]]])
    pairs, count = np.unique(new * old.size + left, return_counts=True)
    new, left = np.divmod(pairs, old.size)
    is_plain = (np.bincount(new)[new] == 1) & (np.bincount(left)[left] == 1)
    was[new[is_plain]] = left[is_plain]
    is_left[left[is_plain]] = False
    for pair in np.lexsort((new, name[left], -count)):
        if was[new[pair]] < 0 and is_left[left[pair]]:
            was[new[pair]] = left[pair]
            is_left[left[pair]] = False


def _is_same(a: object, b: object) -> bool:
    """To the bit."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.array_equal(a.ravel().view(np.uint8), b.ravel().view(np.uint8))
    if isinstance(a, SensorWatch) and isinstance(b, SensorWatch):
        return watch_bytes(a) == watch_bytes(b)
    return a == b


def second_of(time_ns: int) -> int:
    """The whole second a moment lies in, ns."""
    return time_ns - time_ns % NS_PER_S


def places(ordered: Column, values: Column) -> Column:
    """(n,) where each value stands among ordered ones, the first of equal ones; -1: nowhere."""
    place: Column = np.searchsorted(ordered, values)
    place[place == ordered.size] = 0
    place[ordered[place] != values if ordered.size else slice(None)] = -1
    return place


def absorbers(entries: list[Entry], tracks: Column) -> Column:
    """(n,) what each track is in the end, after all that entries say was absorbed."""
    became: dict[int, int] = {}
    for entry in reversed(entries):
        for younger, older in reversed(entry.absorbed):
            became[younger] = became.get(older, older)
    if not became:
        return tracks
    tracks = tracks.copy()
    for place in np.isin(tracks, np.fromiter(became, np.int64, len(became))).nonzero()[0].tolist():
        tracks[place] = became[int(tracks[place])]
    return tracks


def plots_of_tracks(entries: list[Entry], tracks: Column) -> tuple[Column, Column]:
    """The plots (n,) that some tracks stand on, those of tracks that they absorbed included, and whose each is (n,).

    A plot is told by the number of its scan and its place there, in one number.
    """
    of = absorbers(entries, np.concatenate([NO_TRACKS, *(entry.tracks for entry in entries)]))
    plots = np.concatenate([NO_TRACKS, *(entry.plots + (entry.serial << _PLOT_BITS) for entry in entries)])
    wanted = np.isin(of, tracks)
    return of[wanted], plots[wanted]
