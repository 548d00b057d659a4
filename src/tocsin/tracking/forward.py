"""The tracker without a past: scans in order of their ends, and ticks, change the memory.

What the memory holds is a function of the scans and ticks alone; telling changes nothing in it but public numbers.
A scan's own plots may differ in time, and be older than a track's state, by as much as its dwell took: such a plot
updates the state from where it was at the plot's time (``kernels/track_update.py``), within ``late_limit_s``.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tocsin.kernels.track_bank import gate_plots, update_bank
from tocsin.kernels.track_motion import BALLISTIC, BOOST, LEVEL
from tocsin.kernels.track_start import start_bank
from tocsin.messages import Detections, TrackUpdates
from tocsin.policy import TrackPolicy
from tocsin.tracking.associate import NOT_GATED, assign
from tocsin.tracking.coverage import looked_at
from tocsin.tracking.merge import absorb, may_be_one, same_object
from tocsin.tracking.output import Picture, height_of, picture, speed_significance, updates
from tocsin.tracking.parameters import chi_square_bound, kernel_parameters
from tocsin.tracking.plots import Plots, plots_of
from tocsin.tracking.state import CONFIRMED, TENTATIVE, TrackerState
from tocsin.units import NS_PER_S, s_from_ns

KINDS = {"radar": 0, "infrared": 1, "position": 2}
_MISS_STD_M = 5_000.0  # a track less sure of its place than this may well be elsewhere: no miss is counted
_UNSEEN_NS = 10 * NS_PER_S  # a track without a plot for so long is moved on by ticks ...
_TICK_BEHIND_NS = 2 * NS_PER_S  # ... to this far behind now, so that a plot early in a scan still finds it behind
_BOOST_CHANGE = 0.1  # a change of this much in the probability of thrust is published without a plot


@dataclasses.dataclass(slots=True)
class Outcome:
    """What a scan or a tick did: plots used (track, plot), tracks absorbed (younger, older), NIS by track."""

    used: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    absorbed: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    nis: dict[int, float] = dataclasses.field(default_factory=dict)
    dof: int = 0
    message: TrackUpdates | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Telling:
    """That what a scan or a tick does is to be told, when, and because of which messages."""

    time_ns: int
    causes: tuple[str, ...]


class Forward:
    """Uses scans and ticks one after another. ``state`` is all it remembers; ``telling`` None: nothing is told."""

    def __init__(self, policy: TrackPolicy) -> None:
        self.policy = policy
        self.state = TrackerState()
        self.par = kernel_parameters(policy)
        self.prior = (policy.log_beta_mean, policy.log_beta_std)

    def use(self, detections: Detections, plots: Plots | None, telling: Telling | None) -> Outcome:
        """Use one scan and its plots, made here where not given. What it changed is told as at the scan's end."""
        memory, policy, done = self.state, self.policy, Outcome()
        slots = memory.alive()
        if not slots.size and not detections.plot_time_ns.size:
            return done
        plots = plots_of(detections) if plots is None else plots
        when_ns = _reference_ns(plots, detections.end_ns)
        seen = picture(memory, slots, when_ns, policy.own_prob, self.par)
        if False in seen.is_sound.tolist():
            self._free(slots[~seen.is_sound].tolist(), telling)
            seen = seen.rows(np.flatnonzero(seen.is_sound))
        pairs = self._associate(plots, seen, when_ns)
        kind = KINDS[detections.kind]
        nis: dict[int, float] = {}
        for slot, j in sorted(pairs.items()):
            value = self._update(slot, plots, j, seen, when_ns)
            if value >= 0.0:
                nis[slot] = value
                self._count(slot, kind, int(plots.time_ns[j]), detections.sensor)
                done.used.append((int(memory.id[slot]), j))
        changed = set(nis)
        dropped = self._missed(detections, plots, seen, changed)
        taken = set(pairs.values())
        for j in range(plots.count):
            if j not in taken:
                slot = self._start(plots, j, kind, detections.sensor)
                changed.add(slot)
                done.used.append((int(memory.id[slot]), j))
        done.nis, done.dof = {int(memory.id[slot]): value for slot, value in nis.items()}, plots.row_count
        if changed or dropped:
            self._settle(detections, changed | dropped, dropped, nis, plots.row_count, telling, done)
        return done

    def pass_time(self, now_ns: int, telling: Telling | None) -> Outcome:
        """A tick: drop what nobody has seen for too long, or what must be on the ground."""
        memory, policy, done = self.state, self.policy, Outcome()
        slots = memory.alive()
        unseen = slots[now_ns - memory.last_ns[slots] > _UNSEEN_NS]
        if not unseen.size:
            return done
        to_ns = now_ns - _TICK_BEHIND_NS
        seen = picture(memory, unseen, to_ns, policy.own_prob, self.par)
        memory.x[unseen], memory.cov[unseen], memory.mu[unseen] = seen.x, seen.cov, seen.mu
        memory.t_ns[unseen] = np.maximum(memory.t_ns[unseen], to_ns)
        gone = [
            int(slot)
            for i, slot in enumerate(unseen.tolist())
            if not seen.is_sound[i]
            or s_from_ns(now_ns - int(memory.last_ns[slot])) > self._patience_s(slot)
            or (seen.mu[i, LEVEL] < 0.5 and height_of(seen.state[i]) < 0.0)
        ]
        told = [slot for i, slot in enumerate(unseen.tolist()) if slot in gone and seen.is_sound[i]]
        if told and telling is not None:
            seen = picture(memory, np.array(told, dtype=np.int64), to_ns, policy.own_prob, self.par)
            done.message = updates(
                memory,
                seen,
                self._names(told),
                to_ns,
                "",
                telling.time_ns,
                telling.causes,
                set(told),
                {},
                0,
                self.prior,
            )
        self._free(gone, telling)
        return done

    def confirmed(self, now_ns: int) -> Picture:
        """All confirmed tracks, predicted to now, for those who ask sensors to look. Changes nothing."""
        slots = self.state.alive()
        slots = slots[self.state.status[slots] == CONFIRMED]
        return picture(self.state, slots, now_ns, self.policy.own_prob, self.par)

    def _associate(self, plots: Plots, seen: Picture, when_ns: int) -> dict[int, int]:
        """Slot -> plot: confirmed tracks choose first, tentative ones from what is left."""
        memory, slots = self.state, seen.slots
        if not plots.count or not slots.size:
            return {}
        back_s = np.minimum((when_ns - memory.t_ns[slots]) / NS_PER_S, 0.0)
        gap_s = np.maximum((when_ns - memory.last_ns[slots]) / NS_PER_S, 0.0)
        ahead_s = (plots.time_ns - when_ns) / NS_PER_S
        limit = chi_square_bound(self.policy.gate_prob, plots.row_count)
        score = np.empty((slots.shape[0], plots.count))
        gate_plots(
            seen.x, seen.cov, seen.mu, back_s, gap_s, plots.kind, plots.z, plots.spot, ahead_s,
            plots.site, plots.var, limit, self.par, score,
        )  # fmt: skip
        if back_s.min() < -self.policy.late_limit_s:
            score[back_s < -self.policy.late_limit_s] = 10.0 * NOT_GATED
        gated = np.flatnonzero(score > NOT_GATED).tolist()
        if len(gated) < 2:
            return {int(slots[k // plots.count]): k % plots.count for k in gated}
        pairs: dict[int, int] = {}
        for status in (CONFIRMED, TENTATIVE):
            rows = np.flatnonzero(memory.status[slots] == status)
            free = [j for j in range(plots.count) if j not in pairs.values()]
            if rows.size and free:
                for i, j in assign(score[rows][:, free]):
                    pairs[int(slots[rows[i]])] = free[j]
        return pairs

    def _update(self, slot: int, plots: Plots, j: int, seen: Picture, when_ns: int) -> float:
        """Predict one slot to a plot's time, where that lies ahead, and update it; returns its NIS, -1: not used."""
        memory, par = self.state, self.par
        plot_ns = int(plots.time_ns[j])
        if plot_ns > memory.t_ns[slot]:
            i = int(np.flatnonzero(seen.slots == slot)[0])
            if plot_ns != when_ns:
                seen, i = picture(memory, seen.slots[i : i + 1], plot_ns, self.policy.own_prob, par), 0
            memory.x[slot], memory.cov[slot], memory.mu[slot] = seen.x[i], seen.cov[i], seen.mu[i]
            memory.t_ns[slot] = plot_ns
        late_s = max(s_from_ns(int(memory.t_ns[slot]) - plot_ns), 0.0)
        gap_s = max(s_from_ns(plot_ns - int(memory.last_ns[slot])), 0.0)
        nis = update_bank(
            memory.x[slot], memory.cov[slot], memory.mu[slot], gap_s, late_s,
            plots.kind, plots.z[j], plots.site, plots.var[j], par,
        )  # fmt: skip
        return float(nis)

    def _count(self, slot: int, kind: int, plot_ns: int, sensor: str) -> None:
        memory = self.state
        memory.last_ns[slot] = max(int(memory.last_ns[slot]), plot_ns)
        memory.first_ns[slot] = min(int(memory.first_ns[slot]), plot_ns)
        memory.plot_count[slot, kind] += 1
        memory.miss_count[slot] = 0
        memory.note_sensor(slot, sensor)

    def _missed(self, detections: Detections, plots: Plots, seen: Picture, updated: set[int]) -> set[int]:
        """Tracks the scan looked at and did not see: thrust is less likely (infrared), a miss is counted.

        Adds to ``updated`` the tracks whose probability of thrust changed enough to tell; returns those to drop.
        """
        memory, policy, swept = self.state, self.policy, detections.swept
        if swept is None:
            return set()
        dropped: set[int] = set()
        site = np.array(detections.platform_ecef_m or (0.0, 0.0, 0.0))
        is_infrared = detections.kind == "infrared"
        missed = [i for i, slot in enumerate(seen.slots.tolist()) if slot not in updated]
        for i in missed:
            slot = int(seen.slots[i])
            if not looked_at(swept, detections.kind, site, seen.state[i, :3]):
                continue
            if is_infrared:
                if seen.mu[i, BOOST] <= 0.0:
                    continue
                ahead = detections.end_ns - int(memory.t_ns[slot])
                if ahead > 0:
                    memory.x[slot], memory.cov[slot], memory.mu[slot] = seen.x[i], seen.cov[i], seen.mu[i]
                    memory.t_ns[slot] = max(int(memory.t_ns[slot]), _reference_ns(plots, detections.end_ns))
                self._unlit(slot, swept.detection_prob)
                if abs(memory.mu[slot, BOOST] - memory.told_boost[slot]) > _BOOST_CHANGE:
                    updated.add(slot)
            elif np.trace(seen.cov6[i, :3, :3]) > 3.0 * _MISS_STD_M**2:
                continue
            if memory.status[slot] == TENTATIVE or not is_infrared:
                memory.miss_count[slot] += 1
            limit = policy.miss_limit if memory.status[slot] == TENTATIVE else policy.lost_misses
            if memory.miss_count[slot] >= limit:
                dropped.add(slot)
        return dropped

    def _unlit(self, slot: int, detection_prob: float) -> None:
        """Bayes: a sensor that would have seen a plume with this probability saw none."""
        mu = self.state.mu[slot]
        mu[BOOST] *= 1.0 - min(detection_prob, 0.99)
        mu /= mu.sum()
        if mu[BOOST] < self.policy.dead_prob and mu[BALLISTIC] > 0.0:
            mu[BOOST] = 0.0
            mu /= mu.sum()

    def _start(self, plots: Plots, j: int, kind: int, sensor: str) -> int:
        memory = self.state
        slot = memory.take()
        start_bank(
            plots.kind, plots.z[j], plots.site, plots.var[j], self.par,
            memory.x[slot], memory.cov[slot], memory.mu[slot],
        )  # fmt: skip
        memory.t_ns[slot] = memory.first_ns[slot] = memory.last_ns[slot] = plots.time_ns[j]
        memory.plot_count[slot, kind] = 1
        memory.note_sensor(slot, sensor)
        return slot

    def _settle(
        self, detections: Detections, changed: set[int], dropped: set[int], nis: dict[int, float], dof: int,
        telling: Telling | None, done: Outcome,
    ) -> None:  # fmt: skip
        """Confirm, merge, and tell; then free what was dropped or absorbed."""
        memory, end_ns = self.state, detections.end_ns
        young = [slot for slot in sorted(nis.keys() & changed - dropped) if self._is_young(slot)]
        slots = memory.alive()
        if not young:  # nothing to compare with
            slots = slots[[slot in changed for slot in slots.tolist()]]
        common_ns = max(end_ns, int(memory.t_ns[slots].max()))  # states are compared at one time
        seen = picture(memory, slots, common_ns, self.policy.own_prob, self.par)
        row = {slot: i for i, slot in enumerate(slots.tolist())}
        broken = {slot for slot, i in row.items() if not seen.is_sound[i]}
        for slot in sorted(changed - dropped - broken):
            if memory.status[slot] == TENTATIVE and self._is_convincing(slot, seen, row[slot]):
                memory.status[slot] = CONFIRMED
        absorbed: set[int] = set()
        for younger in sorted(set(young) - broken, key=lambda k: -int(memory.id[k])):
            older = self._twin(younger, seen, row, dropped | broken | absorbed)
            if older >= 0:
                absorbed.add(younger)
                changed.add(older)
                done.absorbed.append((int(memory.id[younger]), int(memory.id[older])))
                self._absorb(older, younger, end_ns)
        told = [slot for slot in row if slot in changed and slot not in broken]
        if told:
            if common_ns != end_ns or absorbed:
                seen = picture(memory, np.array(told, dtype=np.int64), end_ns, self.policy.own_prob, self.par)
            elif len(told) < len(row):
                seen = seen.rows([row[slot] for slot in told])
            memory.told_boost[seen.slots] = seen.mu[:, BOOST]
            if telling is not None:
                done.message = updates(
                    memory, seen, self._names(told), end_ns, detections.sensor, telling.time_ns, telling.causes,
                    dropped | absorbed, {k: v for k, v in nis.items() if k not in absorbed}, dof, self.prior,
                )  # fmt: skip
        self._free(sorted(dropped | absorbed | broken), telling)

    def _names(self, slots: list[int]) -> list[int]:
        return [self.state.history.name(int(track)) for track in self.state.id[slots]]

    def _free(self, slots: list[int], telling: Telling | None) -> None:
        for slot in slots:
            if telling is not None:
                self.state.history.names.pop(int(self.state.id[slot]), None)
            self.state.free(slot)

    def _is_convincing(self, slot: int, seen: Picture, i: int) -> bool:
        """Enough plots; from infrared alone, also a motion that a fire or a glint does not have."""
        counts = self.state.plot_count[slot]
        if int(counts.sum()) < self.policy.confirm_hits:
            return False
        if counts[0] + counts[2] > 0:
            return True
        return speed_significance(seen.state[i], seen.cov6[i]) > self.policy.plume_motion_nis

    def _is_young(self, slot: int) -> bool:
        """Whether a track may yet turn out to be the double of an older one."""
        return 3 <= int(self.state.plot_count[slot].sum()) <= self.policy.merge_young_hits

    def _twin(self, younger: int, seen: Picture, row: dict[int, int], out: set[int]) -> int:
        """The slot of the one older track that a young one is the double of; -1: none, or not clear which."""
        memory = self.state
        bound = chi_square_bound(self.policy.merge_prob, 6)
        i = row[younger]
        twins = []
        for older, k in row.items():
            if memory.id[older] >= memory.id[younger] or older in out or not may_be_one(memory, older, younger):
                continue
            if np.abs(seen.state[i, :3] - seen.state[k, :3]).max() > 200_000.0:
                continue
            if same_object(seen.state[i], seen.cov6[i], seen.state[k], seen.cov6[k], bound):
                twins.append(older)
        return twins[0] if len(twins) == 1 else -1

    def _absorb(self, older: int, younger: int, end_ns: int) -> None:
        memory = self.state
        to_ns = max(end_ns, int(memory.t_ns[older]), int(memory.t_ns[younger]))
        both = np.array([older, younger], dtype=np.int64)
        seen = picture(memory, both, to_ns, self.policy.own_prob, self.par)
        memory.x[both], memory.cov[both], memory.mu[both], memory.t_ns[both] = seen.x, seen.cov, seen.mu, to_ns
        absorb(memory, older, younger, seen.state[0], seen.cov6[0])

    def _patience_s(self, slot: int) -> float:
        memory, policy = self.state, self.policy
        if memory.status[slot] == TENTATIVE:
            return policy.tentative_gap_s
        mu = memory.mu[slot]
        if mu[LEVEL] >= 0.5:
            return policy.level_gap_s
        return policy.burning_gap_s if mu[BOOST] >= 0.5 else policy.coast_gap_s


def _reference_ns(plots: Plots, end_ns: int) -> int:
    """The moment tracks are compared with a scan: that of its middle plot, or its end."""
    return int(np.sort(plots.time_ns)[plots.count // 2]) if plots.count else end_ns
