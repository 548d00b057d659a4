"""Which looks a radar owes to the tasks it heard, and when its budget has time for them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tocsin.messages import SensorTask
from tocsin.scenario import Sensor
from tocsin.units import NS_PER_S, ns_from_s

LOOK_NS = 20_000_000  # ns, one look: three pulses out to 1000 km and back, notional


class LookPlan:
    """Tasks by track. A look takes LOOK_NS, and looks follow each other by that over the share of time they may have.

    So at most share / 20 ms looks fall into any second; where more are owed, the one due longest comes first.
    """

    def __init__(self, sensor: Sensor) -> None:
        self._is_obedient = sensor.task_period_s > 0.0 and sensor.task_share > 0.0
        self._period_ns = ns_from_s(sensor.task_period_s)
        self._gap_ns = math.ceil(LOOK_NS / sensor.task_share) if self._is_obedient else NS_PER_S
        self._tasks: dict[int, list[tuple[int, SensorTask]]] = {}  # track -> (obeyed from, task), in order of time
        self._next_ns: dict[int, int] = {}  # track -> its next look
        self._free_ns = 0  # no look before

    def hear(self, task: SensorTask, from_ns: int) -> None:
        """Obey a task from then on; one for a track that is being looked at goes on in its beat."""
        if self._is_obedient:
            self._tasks.setdefault(task.track, []).append((from_ns, task))
            self._next_ns.setdefault(task.track, from_ns)

    def due(self, from_ns: int, to_ns: int) -> Iterator[tuple[int, SensorTask]]:
        """Times of looks in (from_ns, to_ns] and the task each obeys, in order."""
        self._free_ns = max(self._free_ns, from_ns + 1)
        while self._next_ns:
            track = min(self._next_ns, key=lambda one: (self._next_ns[one], one))
            look_ns = max(self._next_ns[track], self._free_ns)
            if look_ns > to_ns:
                return
            tasks = self._tasks[track]
            while len(tasks) > 1 and tasks[1][0] <= look_ns:
                tasks.pop(0)
            begins_ns, task = tasks[0]
            if look_ns < begins_ns:
                self._next_ns[track] = begins_ns
            elif look_ns > task.until_ns:
                tasks.pop(0)
                if tasks:
                    self._next_ns[track] = max(look_ns, tasks[0][0])
                else:
                    del self._tasks[track], self._next_ns[track]
            else:
                self._next_ns[track] = look_ns + self._period_ns
                self._free_ns = look_ns + self._gap_ns
                yield look_ns, task
