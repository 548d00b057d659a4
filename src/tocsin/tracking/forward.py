"""The tracker without a past: scans in order of their ends, and ticks, change the memory.

What the memory holds is a function of the scans and ticks alone; telling changes nothing in it but public numbers.
A scan's own plots may differ in time, and be older than a track's state, by as much as its dwell took: such a plot
updates the state from where it was at the plot's time (``kernels/track_update.py``), within ``late_limit_s``.
"""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np

from tocsin.kernels.track_bias import believe, centre, drift
from tocsin.kernels.track_observe import INFRARED
from tocsin.kernels.track_scan import CONFIRMED, FREE, TENTATIVE, put_back, use_plots
from tocsin.kernels.track_settle import CHANGED, given_up, judged, news, stirred, taken_plots
from tocsin.kernels.track_twins import twins
from tocsin.messages import Column, Detections, TrackUpdates
from tocsin.policy import TrackPolicy
from tocsin.tracking.associate import associate
from tocsin.tracking.history import NO_NIS, NO_TRACKS, second_of
from tocsin.tracking.merge import absorb, slope_of
from tocsin.tracking.output import Estimate, Picture, blank, estimate, joined, picture, speed_significance, updates
from tocsin.tracking.parameters import chi_square_bound, kernel_parameters
from tocsin.tracking.plots import NOTHING_SWEPT, Plots, as_unsure_as, plots_of, swept_row, without_biases
from tocsin.tracking.registration import BiasLayout, SensorBias
from tocsin.tracking.soft import Share, mixed
from tocsin.tracking.split import Offspring, begin, unsettle
from tocsin.tracking.state import Biases, TrackerState
from tocsin.tracking.two_cores import lone_rows, reckon_rows, start_rows, use_plot_rows
from tocsin.tracking.watch import hear, orphans
from tocsin.tracking.watch_state import note_support
from tocsin.units import NS_PER_S, ns_from_s

KINDS = {"radar": 0, "infrared": 1, "position": 2}
_UNSEEN_NS = 10 * NS_PER_S  # a track without a plot for so long is moved on by ticks ...
_TICK_BEHIND_NS = 12 * NS_PER_S  # ... to this far behind now: a radar's turn takes so long, and its plots are as old
_JUDGED_NS = 2 * NS_PER_S  # ... and given up, or not, by where it was so long ago
LONE_FROM = 12  # tracks, from which on it pays to ask which of them no plot can continue
_TOO_LONG_S = 60.0  # past all patience, a track is not even moved on; biases start anew after ...
_ANEW_NS = 1_000_000 * NS_PER_S  # ... so long without a scan
_NEVER_NS = -(2**62)
_ORIGIN = np.zeros(3)
_NO_SHARES: list[Share] = []


class Outcome(msgspec.Struct, eq=False):
    """What a scan or a tick did: plots (n,) that fed tracks (n,), and of the first of them, which were there before,
    nis (k,); tracks absorbed (younger, older)."""

    tracks: Column = NO_TRACKS
    plots: Column = NO_TRACKS
    nis: Column = NO_NIS
    absorbed: list[tuple[int, int]] = []
    dof: int = 0
    message: TrackUpdates | None = None


class Telling(msgspec.Struct, frozen=True):
    """That what a scan or a tick does is to be told, when, and because of which messages."""

    time_ns: int
    causes: tuple[str, ...]


class Forward:
    """Uses scans and ticks one after another. ``state`` is all it remembers; ``telling`` None: nothing is told."""

    def __init__(self, policy: TrackPolicy, layout: BiasLayout) -> None:
        self.policy, self.layout = policy, layout
        self.state = TrackerState.with_biases(layout.count)
        self.par = kernel_parameters(policy)
        self.prior = (policy.log_beta_mean, policy.log_beta_std)
        self._room = blank(np.zeros(16, dtype=np.int64), layout.count)
        false, missed = policy.false_confirm_prob, policy.true_drop_prob
        self.confirm_evidence = math.log((1.0 - missed) / false)  # Wald's bounds
        self.plain_worth = self.confirm_evidence / max(policy.confirm_hits - 1, 1)
        self.ripe_evidence = self.confirm_evidence * (1.0 - 1e-9)
        limits = policy.miss_limit, policy.split_miss_limit, policy.lost_misses, math.log(missed / (1.0 - false))
        self.miss_limits = np.array(limits)
        self.patience_s = np.array(
            (policy.tentative_gap_s, policy.burning_gap_s, policy.coast_gap_s, policy.level_gap_s)
        )
        self.patience_ns = ns_from_s(float(self.patience_s.max()) + _TOO_LONG_S)

    def use(self, detections: Detections, plots: Plots | None, telling: Telling | None) -> Outcome:
        """Use one scan and its plots, made here where not given. What it changed is told as at the scan's end."""
        memory, done = self.state, Outcome()
        slots, oldest_ns = memory.alive_and_oldest()
        if oldest_ns < detections.end_ns - self.patience_ns:
            done.message = self._drop_lost(detections.end_ns, detections.sensor, telling)
            slots = memory.alive()
        if not slots.size and not detections.plot_time_ns.size:
            return done
        plots = plots_of(detections) if plots is None else plots
        own, clock_var_s2 = self.layout.of(detections.sensor), 0.0
        if self.layout.count:
            self._drift(detections.end_ns, slots)
            if own.has_any:
                plots = without_biases(plots, own, memory.biases.mean)
        swept = NOTHING_SWEPT if detections.swept is None else swept_row(detections.swept)
        when_ns = plots.when_ns if plots.count else detections.end_ns
        record = memory.watch.record(detections.sensor, plots.row_count)
        doubted = plots.doubted(record.ratio) if record.trust == "suspect" else plots
        near, lone_slots = self._split_lone(slots, doubted, when_ns)
        seen = picture(memory, near, when_ns, self.policy.own_prob, self.par, self._room_for(near))
        if np.count_nonzero(seen.is_sound) < near.size:
            self._free(near[~seen.is_sound], telling)
            seen = seen.kept(seen.is_sound.copy())
            slots = slots[memory.status[slots] != FREE]
        if record.trust == "ignored":
            choice, worth, doubt, born = np.full(seen.slots.shape[0], -1, dtype=np.int64), np.zeros(0), _NO_SHARES, None
        else:
            choice, worth, doubt, born = associate(
                memory, self.policy, self.par, doubted, seen, swept, own, self.plain_worth
            )
        unsure = plots
        if own.has_any:
            unsure, clock_var_s2 = as_unsure_as(plots, own, memory.biases.cov)
        if hear(
            memory.watch, record, detections.end_ns, unsure, clock_var_s2, seen, lone_slots, choice, memory,
            self.policy,
        ):  # fmt: skip
            self._disown(detections, telling, done)
            left = memory.status[seen.slots] != FREE
            row = np.where(left, left.cumsum() - 1, -1)  # of each row that was, -1: gone
            doubt = [dataclasses.replace(each, row=int(row[each.row])) for each in doubt if left[each.row]]
            if born is not None:
                born = dataclasses.replace(born, row=np.where(born.row >= 0, row[born.row], -1), at_ns=born.at_ns[left])
            seen, choice = seen.kept(left), choice[left]
            worth = worth[left] if worth.size else worth
            slots, lone_slots = (each[memory.status[each] != FREE] for each in (slots, lone_slots))
        if record.trust == "ignored":
            return done
        if record.trust == "suspect":
            plots = plots.doubted(record.ratio)
        column = KINDS[detections.kind]
        banks = [mixed(memory, each, plots, seen, when_ns, self.policy.own_prob, self.par, own) for each in doubt]
        sure = memory.status
        if doubt:
            sure = memory.status.copy()  # a plot that may be another's teaches nothing of biases
            sure[seen.slots[[each.row for each in doubt]]] = TENTATIVE
        nis, taught = use_plot_rows(
            memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.first_ns, memory.last_ns,
            memory.miss_count, memory.plot_count, memory.evidence, sure, memory.parent, seen.slots, choice, worth,
            seen.x, seen.cov, seen.mu, seen.slope, when_ns, plots.kind, column, plots.z, plots.time_ns, plots.site,
            plots.var, self.par, memory.biases.cov, own.parts,
        )  # fmt: skip
        for each, bank in zip(doubt, banks, strict=True):
            if nis[each.row] >= 0.0:
                bank.keep(memory, int(seen.slots[each.row]))
        n = seen.slots.size
        is_free, fed, taken = np.empty(plots.count, dtype=bool), *_rooms(2, n + plots.count)
        used, count = taken_plots(seen.slots, choice, nis, is_free, fed, taken)
        taken, begun = taken[:count], memory.take(count - used)
        capacity = memory.status.shape[0]
        marks, nis_of = np.zeros(capacity, dtype=np.int64), np.empty(capacity)
        reckon_rows(
            memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.miss_count, memory.plot_count,
            memory.status, memory.parent, memory.evidence, memory.told_boost, seen.slots, nis, seen.x, seen.cov,
            seen.mu, seen.slope, seen.state, seen.cov6, lone_slots, when_ns, plots.kind, detections.swept is not None,
            swept, _ORIGIN if detections.platform_ecef_m is None else np.array(detections.platform_ecef_m),
            self.miss_limits, self.par, marks, nis_of,
        )  # fmt: skip
        if begun.size:
            self._start(plots, column, seen, own, born, begun, taken[used:])
            marks[begun] = CHANGED
            fed[used:count] = begun
            slots = np.concatenate((slots, begun))
        fed = fed[:count]
        if fed.size:
            sensor = memory.sensor(detections.sensor)  # puts a wider memory.fed in place where it has to: first
            memory.fed[fed, sensor] = True
            note_support(memory.support, fed, record.bit, detections.end_ns)
        if taught.shape[0]:
            self._believe(taught)
        done.tracks, done.plots, done.dof = memory.id[fed], taken, plots.row_count
        done.nis = nis_of[fed[:used]]
        if fed.size or np.count_nonzero(marks):
            self._settle(detections, slots, marks, nis_of, plots.row_count, telling, done)
        return done

    def _start(
        self, plots: Plots, column: int, seen: Picture, own: SensorBias, born: Offspring | None, begun: Column,
        rest: Column,
    ) -> None:  # fmt: skip
        """Fill slots with tracks begun by plots that no track took: beside another track, or anywhere."""
        memory = self.state
        if born is not None and (born.row[rest] >= 0).any():
            is_split = born.row[rest] >= 0
            slots, plot = begun[is_split], rest[is_split]
            begin(memory, self.policy, seen, born.row[plot], born.at_ns, slots, plots.time_ns[plot])
            nis, _ = use_plots(
                memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.first_ns, memory.last_ns,
                memory.miss_count, memory.plot_count, memory.evidence, memory.status, memory.parent, slots, plot,
                np.zeros(slots.size), memory.x[slots], memory.cov[slots], memory.mu[slots], memory.slope[slots],
                int(_NEVER_NS), plots.kind, column, plots.z, plots.time_ns, plots.site, plots.var, self.par,
                memory.biases.cov, own.parts,
            )  # fmt: skip
            memory.parent[slots[nis < 0.0]] = 0
            is_split[is_split] = nis >= 0.0  # what could not use its plot begins as any other
            begun, rest = begun[~is_split], rest[~is_split]
        start_rows(
            memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, memory.first_ns, memory.last_ns,
            memory.plot_count, begun, rest, plots.kind, column, plots.z, plots.time_ns, plots.site, plots.var,
            self.par, memory.biases.cov, own.parts,
        )  # fmt: skip

    def pass_time(self, now_ns: int, telling: Telling | None) -> Outcome:
        """A tick: drop what nobody has seen for too long, or what must be on the ground."""
        memory, policy, done = self.state, self.policy, Outcome(message=self._drop_lost(now_ns, "", telling))
        unseen = memory.unseen_since(now_ns - _UNSEEN_NS)
        if not unseen.size:
            return done
        to_ns = now_ns - _TICK_BEHIND_NS
        self._put_back(unseen, picture(memory, unseen, to_ns, policy.own_prob, self.par, self._room_for(unseen)), to_ns)
        then_ns = np.array((now_ns - _JUDGED_NS,))
        seen = estimate(memory, unseen, then_ns, policy.own_prob, self.par)
        is_gone = given_up(
            memory.status, memory.mu, memory.last_ns, unseen, seen.mu, seen.state, seen.is_sound, now_ns,
            self.patience_s,
        )  # fmt: skip
        done.message = joined(done.message, self._tell_gone(unseen[is_gone], then_ns, "", telling))
        self._free(unseen[is_gone], telling)
        return done

    def _drop_lost(self, now_ns: int, sensor: str, telling: Telling | None) -> TrackUpdates | None:
        """Drop, where they were last told, the tracks that no patience bears with: moving them on may take for ever."""
        lost = self.state.unseen_since(now_ns - self.patience_ns)
        message = self._tell_gone(lost, self.state.t_ns[lost], sensor, telling)
        self._free(lost, telling)
        return message

    def _tell_gone(self, slots: Column, to_ns: Column, sensor: str, telling: Telling | None) -> TrackUpdates | None:
        """Tracks that are no more, as they are foreseen at ``to_ns``; None where none can be told."""
        if not slots.size or telling is None:
            return None
        memory = self.state
        seen = estimate(memory, slots, to_ns, self.policy.own_prob, self.par)
        rows = seen.is_sound.nonzero()[0]
        if not rows.size:
            return None
        return updates(
            memory, seen, rows, memory.named(slots[rows]), sensor, telling.time_ns, telling.causes,
            np.ones(rows.size, dtype=bool), np.full(rows.size, -1.0), 0, self.prior,
        )  # fmt: skip

    def confirmed(self, now_ns: int) -> Picture:
        """All confirmed tracks, predicted to now, for those who ask sensors to look. Changes nothing."""
        slots = self.state.alive()
        slots = slots[self.state.status[slots] == CONFIRMED]
        return picture(self.state, slots, now_ns, self.policy.own_prob, self.par)

    def _disown(self, detections: Detections, telling: Telling | None, done: Outcome) -> None:
        """Drop the tracks that ignored sensors made, and tell."""
        memory = self.state
        gone = orphans(memory.watch, memory, memory.alive(), self.policy)
        new = self._tell_gone(gone, np.array((detections.end_ns,)), detections.sensor, telling)
        done.message = joined(done.message, new)
        self._free(gone, telling)

    def _split_lone(self, slots: Column, plots: Plots, when_ns: int) -> tuple[Column, Column]:
        """Slots that must be predicted for a scan, and those of one plot that none of its plots can continue."""
        memory = self.state
        is_worth_it = slots.size >= LONE_FROM and plots.count and plots.kind < INFRARED
        if not is_worth_it or self.layout.count:
            return slots, slots[:0]
        is_lone = lone_rows(
            memory.x, memory.cov, memory.mu, memory.t_ns, memory.last_ns, memory.plot_count, memory.status,
            memory.parent, when_ns, plots.z, plots.order, plots.time_ns, plots.site, plots.var,
            chi_square_bound(self.policy.gate_prob, plots.row_count), self.par,
        )  # fmt: skip
        return slots[~is_lone[slots]], is_lone.nonzero()[0]

    def _room_for(self, slots: Column) -> Picture:
        """Room for a picture that is done with before the next is made: large arrays are costly to come by."""
        if self._room.slots.shape[0] < slots.shape[0]:
            self._room = blank(np.zeros(2 * slots.shape[0], dtype=np.int64), self.layout.count)
        return self._room

    def _drift(self, to_ns: int, slots: Column) -> None:
        """Biases drift slowly back to their priors, once a second; the tracks follow."""
        was, second_ns = self.state.biases, second_of(to_ns)
        if was.t_ns is not None and second_ns - was.t_ns > _ANEW_NS:
            self.state.biases = Biases(mean=np.zeros_like(was.mean), cov=np.eye(was.mean.size), t_ns=second_ns)
        elif was.t_ns is None:
            self.state.biases = Biases(mean=was.mean, cov=was.cov, t_ns=second_ns)
        elif second_ns > was.t_ns:
            mean, cov = was.mean.copy(), was.cov.copy()
            drift((second_ns - was.t_ns) // NS_PER_S, math.exp(-1.0 / self.policy.bias_memory_s), mean, cov)
            self.state.biases = Biases(mean=mean, cov=cov, t_ns=second_ns)
            centre(self.state.x, self.state.slope, slots, mean - was.mean)

    def _believe(self, taught: Column) -> None:
        """Learn of the biases from rows of ``kernels/track_bias.learn``; all tracks are then as if that were so."""
        was = self.state.biases
        mean, cov = was.mean.copy(), was.cov.copy()
        believe(was.mean, taught, taught.shape[0], mean, cov)
        self.state.biases = Biases(mean=mean, cov=cov, t_ns=was.t_ns)
        centre(self.state.x, self.state.slope, self.state.alive(), mean - was.mean)

    def _put_back(self, slots: Column, seen: Picture, to_ns: int) -> None:
        memory = self.state
        put_back(
            memory.x, memory.cov, memory.mu, memory.slope, memory.t_ns, slots, seen.x, seen.cov, seen.mu, seen.slope,
            to_ns,
        )  # fmt: skip

    def _settle(
        self, detections: Detections, slots: Column, marks: Column, nis_of: Column, dof: int, telling: Telling | None,
        done: Outcome,
    ) -> None:  # fmt: skip
        """Confirm, merge, and tell; then free what was dropped or absorbed.

        ``slots`` (n,) alive, in order of track number; ``marks`` and ``nis_of`` by slot.
        """
        memory, policy, end_ns = self.state, self.policy, detections.end_ns
        n = slots.size
        out, what, to_ns, dropped, young, ripe = _rooms(6, n)
        n, dropped_count, common_ns = stirred(
            memory.status, memory.plot_count, memory.evidence, memory.cov, memory.mu, memory.t_ns, slots, marks,
            policy.merge_young_hits, self.ripe_evidence, telling is not None, end_ns, out, what, to_ns, dropped,
        )  # fmt: skip
        slots, what, to_ns = out[:n], what[:n], to_ns[:n]
        self._free(dropped[:dropped_count], telling)
        seen = estimate(memory, slots, to_ns, policy.own_prob, self.par)
        gone, absorbed = np.zeros((2, n), dtype=bool)
        young_count, ripe_count = judged(what, seen.is_sound, gone, young, ripe)
        self._confirm(seen, ripe[:ripe_count])
        young = young[:young_count]
        if young.size:
            found = twins(
                young, gone, memory.id, memory.last_ns, memory.fed, slots, seen.state, seen.cov6,
                chi_square_bound(policy.merge_prob, 6),
            )  # fmt: skip
            for i, k in zip(young[found >= 0].tolist(), found[found >= 0].tolist(), strict=True):
                younger, older = int(slots[i]), int(slots[k])
                absorbed[i] = True
                what[k] |= CHANGED
                done.absorbed.append((int(memory.id[younger]), int(memory.id[older])))
                self._absorb(older, younger, end_ns)
        if common_ns != end_ns or done.absorbed:
            seen = estimate(memory, slots, np.minimum(to_ns, end_ns), policy.own_prob, self.par)
        (rows, at, over), is_over, nis = _rooms(3, n), np.empty(n, dtype=bool), np.empty(n)
        n, over_count = news(
            slots, what, seen.is_sound, gone, absorbed, nis_of, seen.mu, memory.told_boost, rows, at, is_over, nis, over
        )
        if n and telling is not None:
            new = updates(
                memory, seen, rows[:n], memory.named(at[:n]), detections.sensor, telling.time_ns, telling.causes,
                is_over[:n], nis[:n], dof, self.prior,
            )  # fmt: skip
            done.message = joined(done.message, new)
        self._free(over[:over_count], telling)

    def _confirm(self, seen: Estimate, ripe: Column) -> None:
        """Confirm tentative tracks on sequential evidence (Wald); infrared alone also needs motion that no fire has."""
        memory = self.state
        for i in ripe.tolist():
            slot = int(seen.slots[i])
            is_sighted_only = memory.plot_count[slot, 0] + memory.plot_count[slot, 2] == 0
            if not is_sighted_only or speed_significance(seen.state[i], seen.cov6[i]) > self.policy.plume_motion_nis:
                memory.status[slot] = CONFIRMED
                if memory.parent[slot] > 0:
                    unsettle(memory, self.policy, slot, seen.state[i, 3:])

    def _free(self, slots: Column, telling: Telling | None) -> None:
        if not slots.size:
            return
        if telling is not None:
            self.state.history.forget_parents(self.state.name[slots])
        self.state.free(slots)

    def _absorb(self, older: int, younger: int, end_ns: int) -> None:
        memory = self.state
        to_ns = max(end_ns, int(memory.t_ns[older]), int(memory.t_ns[younger]))
        both = np.array([older, younger], dtype=np.int64)
        seen = picture(memory, both, to_ns, self.policy.own_prob, self.par)
        self._put_back(both, seen, to_ns)
        slope, known = slope_of(seen.slope[0], seen.mu[0], self.policy.own_prob), seen.cov6[0]
        if slope.shape[1]:
            known = known - slope @ memory.biases.cov @ slope.T
        absorb(memory, older, younger, seen.state[0], known, slope)


def _rooms(many: int, size: int) -> Column:
    """Rooms (many, size) for slots or rows that a kernel fills in."""
    return np.empty((many, size), dtype=np.int64)
