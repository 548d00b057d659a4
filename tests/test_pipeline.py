"""The wiring itself, with stages made for the purpose: one scan in, what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import pytest

from tocsin.errors import PipelineError
from tocsin.messages import Detections, Message, Origin, Scan, SensorHealth, Tick, TrackUpdates, column, encode
from tocsin.pipeline import STAGES, Pipeline, build_pipeline, check_flow
from tocsin.scenario import Defence, Sensor


class Count(msgspec.Struct):
    seen: int = 0


class Relay:
    """Gives Detections for a Scan, counting."""

    name: ClassVar[str] = "relay"
    takes: ClassVar[tuple[type[Message], ...]] = (Scan,)
    gives: ClassVar[tuple[type[Message], ...]] = (Detections,)

    def __init__(self) -> None:
        self.state: Any = Count()

    def handle(self, message: Message) -> Sequence[Message]:
        assert isinstance(message, Scan)
        self.state.seen += 1
        return [
            Detections(
                time_ns=message.end_ns, sensor=message.sensor, kind=message.kind, sequence=self.state.seen,
                start_ns=message.start_ns, end_ns=message.end_ns, platform_ecef_m=message.platform_ecef_m,
                plot_time_ns=message.plot_time_ns, plot_index=column([], "int64"),
            )
        ]  # fmt: skip


class Sink(Relay):
    """Takes Detections, and says how many came as SensorHealth."""

    name: ClassVar[str] = "sink"
    takes: ClassVar[tuple[type[Message], ...]] = (Detections,)
    gives: ClassVar[tuple[type[Message], ...]] = (SensorHealth,)

    def handle(self, message: Message) -> Sequence[Message]:
        assert isinstance(message, Detections)
        self.state.seen += 1
        return [SensorHealth(time_ns=message.time_ns, sensor=message.sensor, kind="radar", state="ok")]


class Liar(Relay):
    """Gives what it does not declare."""

    name: ClassVar[str] = "liar"
    gives: ClassVar[tuple[type[Message], ...]] = (TrackUpdates,)


def scan(arrival_ns: int = 10, origin: Origin = "exercise", number: int = 1) -> Scan:
    return Scan(
        time_ns=arrival_ns, id=f"radar/Scan/{number}", origin=origin, arrival_ns=arrival_ns, source="radar",
        sensor="radar", kind="radar", sequence=0, start_ns=0, end_ns=arrival_ns,
        platform_ecef_m=(6_378_137.0, 0.0, 0.0), plot_time_ns=column([], "int64"), range_m=column([]),
        azimuth_rad=column([]), elevation_rad=column([]),
    )  # fmt: skip


class Late(Relay):
    """Gives Detections at a tick."""

    name: ClassVar[str] = "late"
    takes: ClassVar[tuple[type[Message], ...]] = (Scan, Tick)

    def handle(self, message: Message) -> Sequence[Message]:
        return super().handle(scan()) if isinstance(message, Tick) else []


class Diary(Relay):
    """Notes what it hears, in order."""

    name: ClassVar[str] = "diary"
    takes: ClassVar[tuple[type[Message], ...]] = (Scan, Detections, Tick)

    def handle(self, message: Message) -> Sequence[Message]:
        self.heard = [*getattr(self, "heard", []), type(message).__name__]
        return []


def test_a_tick_is_heard_after_what_earlier_stages_made_of_it_and_a_scan_before() -> None:
    diary = Diary()
    Pipeline([Late(), diary], "exercise").handle(Tick(time_ns=10, arrival_ns=10, source="clock", sequence=0))
    assert diary.heard == ["Detections", "Tick"]
    diary = Diary()
    Pipeline([Relay(), diary], "exercise").handle(scan())
    assert diary.heard == ["Scan", "Detections"]


def test_one_empty_scan_flows_front_to_back_and_is_stamped_with_its_cause() -> None:
    out = Pipeline([Relay(), Sink()], "exercise").handle(scan())
    assert [type(m).__name__ for m in out] == ["Detections", "SensorHealth"]
    assert [m.id for m in out] == ["relay-000001", "sink-000001"]
    assert {m.arrival_ns for m in out} == {10}
    assert out[0].causes == ("radar/Scan/1",)
    assert out[1].causes == ("relay-000001",)


def test_a_stage_before_its_supplier_is_refused() -> None:
    with pytest.raises(PipelineError, match="sink takes Detections, which no earlier stage gives"):
        check_flow([Sink(), Relay()])


def test_two_stages_of_one_name_are_refused() -> None:
    with pytest.raises(PipelineError, match="two stages are called 'relay'"):
        check_flow([Relay(), Relay()])


def test_an_undeclared_output_is_refused() -> None:
    with pytest.raises(PipelineError, match="liar gave a Detections"):
        Pipeline([Liar()], "exercise").handle(scan())


def test_a_training_tape_cannot_enter_a_live_picture() -> None:
    """9 Nov 1979: exercise data in the live display."""
    with pytest.raises(PipelineError, match="origins are never mixed"):
        Pipeline([Relay()], "live").handle(scan(origin="exercise"))


def test_an_input_from_the_past_is_refused() -> None:
    pipeline = Pipeline([Relay()], "exercise")
    pipeline.handle(scan(10))
    with pytest.raises(PipelineError, match="before the last one handled"):
        pipeline.handle(scan(9))


def test_an_output_is_not_an_input() -> None:
    health = SensorHealth(time_ns=0, sensor="radar", kind="radar", state="ok")
    with pytest.raises(PipelineError, match="SensorHealth is not an input"):
        Pipeline([Relay()], "exercise").handle(health)


def test_the_nine_stages_stand_in_the_order_of_the_architecture() -> None:
    names = [stage.name for stage in STAGES]
    assert names == ["screen", "track", "assess", "posture", "alert", "engage", "debris", "warn", "inform"]


def test_the_whole_pipeline_takes_an_empty_scan_and_a_tick() -> None:
    pipeline = build_pipeline(Defence(sensors=(Sensor(name="radar", kind="radar"),)))
    out = pipeline.handle(scan())
    assert "Detections" in {type(m).__name__ for m in out}
    assert all(m.id and m.source and m.causes for m in out)
    pipeline.handle(Tick(time_ns=11, arrival_ns=11, source="clock", id="clock/Tick/1", sequence=0))


def test_a_restored_pipeline_goes_on_as_if_nothing_had_happened() -> None:
    first, second = Pipeline([Relay(), Sink()], "exercise"), Pipeline([Relay(), Sink()], "exercise")
    first.handle(scan(10))
    second.restore(first.snapshot())
    ahead = [encode(m) for m in first.handle(scan(20, number=2))]
    assert ahead == [encode(m) for m in second.handle(scan(20, number=2))]
    assert ahead != [encode(m) for m in Pipeline([Relay(), Sink()], "exercise").handle(scan(20, number=2))]
