"""THE wiring: which stages, in which order, and the check that data flows one way.

    screen -> track -> assess -> posture -> alert -> engage -> debris -> warn -> inform

Each input message runs through the stages once, front to back. What a stage gives is offered to the
stages after it, never to itself or an earlier one; what must come back (a later scan, a person's
answer) enters as a new input. There are no loops to reason about. A tick comes to a stage after what earlier stages
made of it: it says that all which is to be known by now is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.errors import PipelineError
from tocsin.messages import INPUTS, Message, Origin, Tick, decode_state, encode_state, stamp
from tocsin.scenario import Defence
from tocsin.stages.alert import Alert
from tocsin.stages.assess import Assess
from tocsin.stages.debris import Debris
from tocsin.stages.engage import Engage
from tocsin.stages.inform import Inform
from tocsin.stages.posture import PostureStage
from tocsin.stages.screen import Screen
from tocsin.stages.stage import Stage
from tocsin.stages.track import Track
from tocsin.stages.warn import Warn

STAGES: tuple[type[Stage], ...] = (Screen, Track, Assess, PostureStage, Alert, Engage, Debris, Warn, Inform)


class Snapshot(msgspec.Struct, frozen=True):
    """All that a pipeline remembers, for fast recovery."""

    now_ns: int
    counts: dict[str, int]
    states: dict[str, bytes]


class Pipeline:
    """A row of stages of one origin. The same inputs give the same outputs, byte for byte."""

    def __init__(self, stages: Sequence[Stage], origin: Origin) -> None:
        check_flow(stages)
        self._stages = tuple(stages)
        self._origin = origin
        self._now_ns = -(2**63)
        self._counts = {stage.name: 0 for stage in stages}
        self._takers: dict[type[Message], tuple[int, ...]] = {}  # stages that take a message, by their place

    def handle(self, message: Message) -> list[Message]:
        """Run one input through all stages; returns what they gave, stamped, in order.

        Raises    PipelineError for what is not an input, another origin, or an arrival before the last one
        """
        self._admit(message)
        given: list[Message] = []
        own = self._taking(message)
        waiting: dict[int, list[Message]] = {}
        for place, stage in enumerate(self._stages):
            heard = waiting.get(place, [])
            if place in own:  # what earlier stages make of a tick is heard before it: they have caught up, judge now
                heard = [*heard, message] if isinstance(message, Tick) else [message, *heard]
            for each in heard:
                for out in self._run(stage, each):
                    given.append(out)
                    for later in self._taking(out):
                        if later > place:
                            waiting.setdefault(later, []).append(out)
        return given

    def _taking(self, message: Message) -> tuple[int, ...]:
        kind = type(message)
        if kind not in self._takers:
            self._takers[kind] = tuple(i for i, stage in enumerate(self._stages) if issubclass(kind, stage.takes))
        return self._takers[kind]

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here in another process."""
        states = {stage.name: encode_state(stage.state) for stage in self._stages}
        return Snapshot(self._now_ns, dict(self._counts), states)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a pipeline of the same configuration."""
        for stage in self._stages:
            stage.state = decode_state(snapshot.states[stage.name], type(stage.state))
        self._now_ns, self._counts = snapshot.now_ns, dict(snapshot.counts)

    def _admit(self, message: Message) -> None:
        if not isinstance(message, INPUTS):
            raise PipelineError(f"{type(message).__name__} is not an input; inputs are Scan, SensorStatus, "
                                "Report, Command and Tick")  # fmt: skip
        if message.origin != self._origin:
            raise PipelineError(
                f"message {message.id!r} is of origin {message.origin!r} and this pipeline of {self._origin!r}: "
                "origins are never mixed (9 Nov 1979: a training tape in the live picture)"
            )
        if message.arrival_ns < self._now_ns:
            raise PipelineError(
                f"message {message.id!r} arrives at {message.arrival_ns} ns, before the last one handled "
                f"({self._now_ns} ns): feed inputs in order of arrival"
            )
        self._now_ns = message.arrival_ns

    def _run(self, stage: Stage, message: Message) -> list[Message]:
        stamped = []
        for out in stage.handle(message):
            if not isinstance(out, stage.gives):
                raise PipelineError(f"stage {stage.name} gave a {type(out).__name__}, which it does not declare")
            self._counts[stage.name] += 1
            stamped.append(
                stamp(
                    out,
                    id=f"{stage.name}-{self._counts[stage.name]:06d}",
                    origin=self._origin,
                    arrival_ns=message.arrival_ns,
                    source=stage.name,
                    causes=out.causes or (message.id,),
                )
            )
        return stamped


def build_pipeline(defence: Defence) -> Pipeline:
    """The pipeline of a scenario or a recording, from what the defence may know of it."""
    return Pipeline([stage(defence) for stage in STAGES], defence.origin)


def check_flow(stages: Sequence[Stage]) -> None:
    """Refuse a wiring in which a stage takes what no earlier stage gives and no input brings."""
    known: set[type[Message]] = set(INPUTS)
    names: set[str] = set()
    for stage in stages:
        if stage.name in names:
            raise PipelineError(f"two stages are called {stage.name!r}")
        names.add(stage.name)
        for wanted in stage.takes:
            if wanted not in known:
                raise PipelineError(
                    f"stage {stage.name} takes {wanted.__name__}, which no earlier stage gives and no input brings"
                )
        known.update(stage.gives)
