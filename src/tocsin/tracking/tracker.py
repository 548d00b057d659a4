"""Scans in, tracks out: a multi-sensor tracker, usable alone.

A scan that comes in order is used at once. One that is late, though by no more than ``window_s``, waits for the next
tick, or in a heavy sky for a later one: the whole tracker then goes back to a checkpoint before it and runs again from
there, so that its memory is a function of the scans and ticks in order of (end time, sensor, sequence), however they
came. What changed is told as a revision; what was told before stays told. A scan that comes later still is refused, and
counted.
"""

from __future__ import annotations

import bisect
import copy
from collections.abc import Mapping

from tocsin.kernels.track_motion import BOOST
from tocsin.kernels.track_scan import CONFIRMED
from tocsin.messages import Detections, TrackUpdates
from tocsin.policy import TrackPolicy
from tocsin.tracking.checkpoint import keep_as, pack, unpack
from tocsin.tracking.forward import Forward, Telling
from tocsin.tracking.history import Checkpoint, Entry, second_of
from tocsin.tracking.output import Picture
from tocsin.tracking.plots import Plots, plots_of
from tocsin.tracking.registration import BiasEstimate, BiasLayout, BiasSpread, estimates, table
from tocsin.tracking.revision import Rerun, revision
from tocsin.tracking.state import TrackerState
from tocsin.units import NS_PER_S, ns_from_s

_EMPTY_WAIT_NS = 6 * NS_PER_S  # late looks that saw nothing may wait so long for others: one re-run for all
_LIGHT = 50_000  # tracks times scans: a re-run of no more, a quarter of a second of work, is made at the next tick ...
_WORTH = 0.5  # ... another once so many scans came in order since the last one, for each that it runs again
_PATIENCE_NS = 8 * NS_PER_S  # late scans wait this long at most, in time of scans, whoever calls tick or not
_BURNS_PROB = 1e-3  # of thrust, above which a look that saw nothing is news


class Tracker:
    """Tracks objects from screened scans. ``state`` is all it remembers and may be put back.

    ``biases`` states for each sensor how large its constant errors may be: they are then estimated along with the
    tracks, and tracks are as unsure as they are; see ``registration.py``. None: sensors have none.
    """

    def __init__(self, policy: TrackPolicy | None = None, biases: Mapping[str, BiasSpread] | None = None) -> None:
        self.policy = policy or TrackPolicy()
        self.layout = BiasLayout(biases)
        self._forward = Forward(self.policy, self.layout)
        self._window_ns = ns_from_s(self.policy.window_s)
        self._plots: dict[int, Plots] = {}  # of scans in the window, made once
        self._room: TrackerState | None = None  # a memory from before a re-run, whose arrays the next may have

    @property
    def state(self) -> TrackerState:
        return self._forward.state

    @state.setter
    def state(self, state: TrackerState) -> None:
        state.check(self.layout.count)
        self._forward.state = state
        self._plots, self._room = {}, None  # what is put back may hold the arrays of the room

    def step(self, detections: Detections, time_ns: int | None = None) -> TrackUpdates | None:
        """Use one scan. Returns the tracks it changed, at the scan's end; None: none, or it is late and waits.

        Where nobody calls ``tick``, a scan makes those that wait be used with it, and tells all that changed.
        Raises    ScanError as `plots_of`; nothing is then remembered of the scan
        """
        past = self.state.history
        if self.is_too_late(detections):
            past.refused[detections.sensor] = past.refused.get(detections.sensor, 0) + 1
            return None
        plots = plots_of(detections)  # raises before anything is remembered
        entry = past.entry(detections)
        if detections.plot_time_ns.size:
            self._plots[entry.serial] = plots
        past.note(entry)
        telling = Telling(
            detections.end_ns if time_ns is None else time_ns, (detections.id,) if detections.id else ()
        )  # fmt: skip
        is_late = past.is_late(entry)
        if past.late and past.scan_ns - past.caught_up_ns >= _PATIENCE_NS:
            past.late.append(entry)
            told = self._run_again(telling, is_whole=True)
            return told[0] if told else None
        if is_late:
            past.late.append(entry)
            return None
        if not past.late:
            past.caught_up_ns = max(past.caught_up_ns, past.scan_ns)
        past.fresh += 1
        return self._append(entry, telling)

    def tick(self, now_ns: int, causes: tuple[str, ...] = ()) -> list[TrackUpdates]:
        """Time passes: use the scans that came late, and drop what nobody has seen for too long, or is on the ground.

        Returns what that changed: tracks that are no more, tracks changed by each late scan, other tracks.
        """
        past, telling = self.state.history, Telling(now_ns, causes)
        entry = past.tick(now_ns)
        past.note(entry)
        is_late = past.is_late(entry)
        if is_late:
            past.late.append(entry)
        out = []
        if past.late and self._is_due(now_ns):
            out = self._run_again(telling)
        if not past.late:
            past.caught_up_ns = now_ns
        if not is_late:
            message = self._append(entry, telling)
            out += [message] if message is not None else []
        return out

    def revise(self, now_ns: int, causes: tuple[str, ...] = ()) -> list[TrackUpdates]:
        """Use the scans that came late now, rather than at the next tick."""
        return self._run_again(Telling(now_ns, causes)) if self.state.history.late else []

    def is_too_late(self, detections: Detections) -> bool:
        """Whether the window has closed over a scan: it is then refused."""
        return detections.end_ns < self.state.history.newest_ns - self._window_ns

    def confirmed(self, now_ns: int) -> Picture:
        """All confirmed tracks, predicted to now, for those who ask sensors to look. Changes nothing."""
        return self._forward.confirmed(now_ns)

    def bias_estimates(self) -> list[BiasEstimate]:
        """What is believed of the sensors' biases: of each the estimate and its sigma. Empty where none were stated."""
        return estimates(self.layout, self.state.biases.mean, self.state.biases.cov)

    def bias_table(self) -> str:
        """The same to print, with the combinations that the tracks have not told apart."""
        return table(self.layout, self.state.biases.mean, self.state.biases.cov)

    def _is_due(self, now_ns: int) -> bool:
        """Whether late scans must be used at this tick: where their window closes, else where the re-run is worth it.

        Where many tracks are to be run again through many scans, it is once enough work was done in order since the
        last one. Looks that saw nothing may wait for ``_EMPTY_WAIT_NS`` while nothing confirmed burns: they then tell
        of no end of thrust, and only count as missed.
        """
        memory, past = self.state, self.state.history
        first_ns = min(entry.time_ns for entry in past.late)
        if first_ns <= now_ns - self._window_ns + NS_PER_S:
            return True
        again = sum(entry.scan is not None for entry in (*past.entries[past.back_to(first_ns)[1] :], *past.late))
        if again * memory.alive().size > _LIGHT and past.fresh < _WORTH * again:
            return False
        return (
            now_ns - past.caught_up_ns >= _EMPTY_WAIT_NS
            or any(entry.scan is not None and entry.scan.plot_time_ns.size for entry in past.late)
            or bool((memory.mu[memory.status == CONFIRMED, BOOST] > _BURNS_PROB).any())
        )

    def _append(self, entry: Entry, telling: Telling) -> TrackUpdates | None:
        past = self.state.history
        if past.is_mark_due(entry):
            past.mark(entry, pack(self.state))
            for gone in past.forget(self._window_ns):
                self._plots.pop(gone.serial, None)
        past.entries.append(entry)
        return self._run(entry, telling)

    def _run(self, entry: Entry, telling: Telling | None) -> TrackUpdates | None:
        if entry.scan is None:
            done = self._forward.pass_time(entry.time_ns, telling)
        else:
            plots = None
            if entry.scan.plot_time_ns.size:
                plots = self._plots.get(entry.serial)
                if plots is None:
                    plots = self._plots[entry.serial] = plots_of(entry.scan)
            done = self._forward.use(entry.scan, plots, telling)
        entry.tracks, entry.plots, entry.nis = done.tracks, done.plots, done.nis
        entry.absorbed, entry.dof = done.absorbed, done.dof
        return done.message

    def _run_again(self, telling: Telling, is_whole: bool = False) -> list[TrackUpdates]:
        """Go back to before the first late scan and run all from there, the late ones in their places."""
        memory, past = self.state, self.state.history
        late, past.late = sorted(past.late, key=lambda e: e.key), []
        past.caught_up_ns = max(past.caught_up_ns, past.scan_ns)
        past.revision, past.fresh = past.revision + 1, 0
        place, start = past.back_to(late[0].time_ns)
        before, old = [copy.copy(entry) for entry in past.entries[start:]], copy.copy(memory)
        for entry in late:
            bisect.insort(past.entries, entry, key=lambda e: e.key)
        stale = {mark.time_ns: mark for mark in past.checkpoints[place + 1 :] if mark.time_ns > late[-1].time_ns}
        del past.checkpoints[place + 1 :]
        room, self._room = self._room, None
        unpack(past.checkpoints[place].data, memory, room)
        rerun = Rerun(old, memory.next_id, before, late)
        to_come = {entry.serial for entry in late}
        for entry in past.entries[start:]:
            if past.is_mark_due(entry):
                data, second_ns = pack(memory), second_of(entry.time_ns)
                if not to_come and second_ns in stale and stale[second_ns].data == data:
                    keep_as(memory, old)  # from here on all is as it was
                    past.checkpoints += [mark for second, mark in stale.items() if second >= second_ns]
                    return []
                past.checkpoints.append(Checkpoint(second_ns, data))
            self._run(entry, None)
            to_come.discard(entry.serial)
        told = revision(self._forward, rerun, past.entries[start:], telling, is_whole)
        self._room = old
        return told
