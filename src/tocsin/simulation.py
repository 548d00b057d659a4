"""One queue that joins world, people and pipeline; and the two ways to fill it.

``simulate`` fills it from a scenario's world, ``track`` from recorded scans. The queue is ordered by
(arrival, source, number), so latency and human delay are simply later arrivals, and speed only
changes how fast it drains.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tocsin.errors import PipelineError, RecordError, ScanError, ScenarioError
from tocsin.messages import Message, Origin, Scan, Tick, stamp
from tocsin.people import People
from tocsin.pipeline import Pipeline, build_pipeline
from tocsin.record import Entry, Header, Recorder, read_entries, read_header, versions
from tocsin.record.chain import first_digest, next_digest
from tocsin.record.header import encode_header
from tocsin.scenario import (
    Scenario,
    Sensor,
    cast_of,
    defence_of,
    document_from,
    load_scenario,
    read_sensors,
    scenario_from,
    sites_of,
)
from tocsin.units import NS_PER_S, iso_from_ns, ns_from_s
from tocsin.world import World, WorldTruth

Progress = Callable[[float], None]
QUIET_GAP_S = 120  # a recording's clock beats on for this long after a scan, then waits for the next one


class Run(msgspec.Struct, kw_only=True):
    """One run: what was configured, every message in the order handled, and the truth apart."""

    scenario: Scenario
    seed: int | None
    run_index: int
    overrides: tuple[str, ...]
    messages: list[Message]
    digest: str
    status: str  # complete or interrupted
    version: str
    truth: WorldTruth | None = None
    truth_rows: list[tuple[Any, ...]] = []


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What replaying a record showed."""

    is_identical: bool
    inputs: int
    outputs: int
    digest: str
    difference: str = ""  # the first one, in words


class Queue:
    """Inputs to come, in order of (arrival, source, number)."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._heap: list[tuple[int, str, int, Message]] = []
        self._count = 0
        self._numbers: dict[str, int] = {}

    def push(self, messages: Iterable[Message]) -> None:
        for message in messages:
            key = f"{message.source}/{type(message).__name__}"
            number = self._numbers[key] = self._numbers.get(key, 0) + 1
            stamped = stamp(
                message,
                id=f"{key}/{number}",
                origin=self._origin,
                arrival_ns=message.arrival_ns,
                source=message.source,
            )
            self._count += 1
            heapq.heappush(self._heap, (message.arrival_ns, message.source, self._count, stamped))

    def until(self, time_ns: int) -> Iterator[Message]:
        """Take out, one by one, all that has arrived by ``time_ns``, what is pushed meanwhile included."""
        while self._heap and self._heap[0][0] <= time_ns:
            yield heapq.heappop(self._heap)[3]


def simulate(
    scenario: Scenario | str | Path,
    *,
    seed: int = 0,
    run_index: int = 0,
    overrides: Sequence[str] = (),
    record: Path | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Run:
    """Play a scenario from start to end.

    In        scenario      a Scenario, a packaged name or a path
              seed          of all random draws; ``run_index`` is the number of a run inside a study
              overrides     ``key=value`` pairs, applied when the scenario is loaded here
              record        where to write the SQLite record; None keeps only its digest
              should_stop   asked between inputs; True ends the run with a sealed, ``interrupted`` record
    Out       Run. The same scenario, seed and versions give the same bytes and so the same digest
    Raises    ScenarioError, RecordError
    """
    if seed < 0 or run_index < 0:
        raise ScenarioError("seed and run index are whole numbers from 0", value=min(seed, run_index), remedy="use 0")
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario, overrides=tuple(overrides))
    defence = defence_of(scenario)
    world, people = World(scenario, seed, run_index), People(defence, cast_of(scenario), seed, run_index)
    queue = Queue(scenario.origin)
    queue.push(people.start(defence.epoch_ns))
    header = _header("simulation", scenario, seed, run_index, tuple(overrides))
    beats = round(scenario.duration_s)

    def clock() -> Iterator[int]:
        for beat in range(beats + 1):
            now_ns = defence.epoch_ns + beat * NS_PER_S
            queue.push(world.generate(now_ns - NS_PER_S if beat else now_ns - 1, now_ns))
            queue.push([_tick(now_ns, beat)])
            yield now_ns
            if on_progress is not None:
                on_progress((beat + 1) / (beats + 1))

    def hear(message: Message) -> Iterator[Message]:
        yield from world.hear(message)
        yield from people.hear(message)

    messages, digest, status = _drain(queue, clock(), build_pipeline(defence), header, record, hear, should_stop)
    return Run(
        scenario=scenario, seed=seed, run_index=run_index, overrides=tuple(overrides), messages=messages,
        digest=digest, status=status, version=header.versions["tocsin"],
        truth=world.truth, truth_rows=world.truth_rows(),
    )  # fmt: skip


def track(
    scans: Sequence[Scan] | str | Path,
    sensors: Sequence[Sensor] | str | Path,
    *,
    name: str | None = None,
    record: Path | None = None,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Run:
    """Take recorded sensor reports through the whole chain, as origin ``test``: a tape is never live.

    In        scans     Scan messages, or a CSV, Parquet or ASTERIX file of them
              sensors   Sensor descriptions, or a TOML file of them
    Raises    ScanError, SensorFileError naming file, place, value and remedy
    """
    if isinstance(sensors, (str, Path)):
        sensors = read_sensors(Path(sensors))
    if isinstance(scans, (str, Path)):
        from tocsin.formats.read import read_scans

        name = name or Path(scans).name
        scans = read_scans(Path(scans), sites_of(tuple(sensors)))
    ordered = sorted(scans, key=lambda scan: (scan.end_ns, scan.sensor, scan.sequence))
    if not ordered:
        raise ScanError("no scan to track", where=name or "scans", remedy="give a recording that holds reports")
    first_ns, last_ns = ordered[0].end_ns, ordered[-1].end_ns
    scenario = Scenario(
        name=name or "recording",
        title=f"Recorded reports: {name or 'scans'}",
        epoch=iso_from_ns(first_ns, 9),
        duration_s=min(172_800.0, max(1.0, (last_ns - first_ns) / NS_PER_S)),
        origin="test",
        sensors=tuple(sensors),
    )
    queue = Queue("test")
    queue.push(stamp(s, id="", origin="test", arrival_ns=s.end_ns, source=s.sensor) for s in ordered)
    times = [scan.end_ns for scan in ordered]

    def clock() -> Iterator[int]:
        for beat, now_ns in enumerate(_beats(times)):
            queue.push([_tick(now_ns, beat)])
            yield now_ns
            if on_progress is not None:
                on_progress((now_ns - first_ns) / max(1, times[-1] + QUIET_GAP_S * NS_PER_S - first_ns))

    def hear(message: Message) -> Iterator[Message]:
        return iter(())

    header = _header("recording", scenario, None, 0, ())
    pipeline = build_pipeline(defence_of(scenario))
    messages, digest, status = _drain(queue, clock(), pipeline, header, record, hear, should_stop)
    return Run(
        scenario=scenario, seed=None, run_index=0, overrides=(), messages=messages, digest=digest,
        status=status, version=header.versions["tocsin"],
    )  # fmt: skip


def replay(record: Path) -> Replayed:
    """Feed a record's inputs through a fresh pipeline and compare every output, byte for byte.

    Raises    RecordError when the file is not a record
    """
    from tocsin.messages import encode

    header = read_header(record)
    pipeline = build_pipeline(defence_of(scenario_from(header.scenario, where=f"{record}: header")))
    digest = first_digest(encode_header(header))
    counts = {"in": 0, "out": 0}
    expected: list[bytes] = []

    def verdict(difference: str = "") -> Replayed:
        return Replayed(
            is_identical=not difference, inputs=counts["in"], outputs=counts["out"], digest=digest.hex(),
            difference=difference,
        )  # fmt: skip

    for entry in read_entries(record):
        place = f"entry {counts['in'] + counts['out']}"
        if entry.direction == "in":
            if expected:
                return verdict(f"{place}: the replay gives {len(expected)} more outputs before this input")
            expected = _replayed_outputs(pipeline, entry, encode)
        elif not expected:
            return verdict(f"{place}: an output that the replay does not give")
        elif expected.pop(0) != entry.payload:
            return verdict(f"{place}: {type(entry.message()).__name__} {entry.message().id} differs")
        digest = next_digest(digest, entry.direction, entry.payload)
        counts[entry.direction] += 1
    return verdict(f"after the last entry the replay gives {len(expected)} more outputs" if expected else "")


def _replayed_outputs(pipeline: Pipeline, entry: Entry, encode: Callable[[Message], bytes]) -> list[bytes]:
    try:
        return [encode(message) for message in pipeline.handle(entry.message())]
    except PipelineError as error:
        raise RecordError(f"the record cannot be replayed: {error}") from None


def _drain(
    queue: Queue,
    clock: Iterator[int],
    pipeline: Pipeline,
    header: Header,
    record: Path | None,
    hear: Callable[[Message], Iterator[Message]],
    should_stop: Callable[[], bool] | None,
) -> tuple[list[Message], str, str]:
    messages: list[Message] = []
    recorder = Recorder(header, record)
    with recorder:
        for now_ns in clock:
            for message in queue.until(now_ns):
                outputs = pipeline.handle(message)
                recorder.write("in", message)
                for output in outputs:
                    recorder.write("out", output)
                messages.append(message)
                messages.extend(outputs)
                for output in outputs:
                    queue.push(hear(output))
                if should_stop is not None and should_stop():
                    recorder.seal("interrupted")
                    return messages, recorder.digest, "interrupted"
    return messages, recorder.digest, "complete"


def _header(kind: Any, scenario: Scenario, seed: int | None, run_index: int, overrides: tuple[str, ...]) -> Header:
    return Header(
        kind=kind, name=scenario.name, origin=scenario.origin, scenario=document_from(scenario), seed=seed,
        run_index=run_index, overrides=overrides, versions=versions(),
    )  # fmt: skip


def _tick(now_ns: int, sequence: int) -> Tick:
    return Tick(time_ns=now_ns, arrival_ns=now_ns, source="clock", sequence=sequence)


def _beats(times_ns: Sequence[int]) -> Iterator[int]:
    """One beat a second from the first scan on; across a gap the clock waits for the next scan."""
    gap_ns, now_ns = ns_from_s(QUIET_GAP_S), times_ns[0]
    for position, time_ns in enumerate(times_ns):
        if time_ns - now_ns > gap_ns:
            now_ns = time_ns
        following = times_ns[position + 1] if position + 1 < len(times_ns) else time_ns + gap_ns
        while now_ns <= min(following, time_ns + gap_ns):
            yield now_ns
            now_ns += NS_PER_S
