"""The vocabulary: every field says what it is, and both codecs give back the same bits or refuse."""

from __future__ import annotations

import enum
import math
import types
import typing
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import messages
from tocsin.errors import MessageError
from tocsin.messages import ALL, INPUTS, OUTPUTS, EventKind, Field, Message, SweptVolume, Tick
from tocsin.messages.field import Frame, Unit

NESTED = (SweptVolume, messages.WarningText, messages.Sentence, messages.Withheld, EventKind)


def annotated_fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: typing.get_type_hints(kind, include_extras=True)[name] for name in kind.__struct_fields__}


def structs_in(hint: Any) -> set[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return {hint}
    return set().union(*(structs_in(part) for part in get_args(hint))) if get_args(hint) else set()


@pytest.mark.parametrize("kind", [*ALL, *NESTED], ids=lambda kind: kind.__name__)
def test_every_field_says_unit_frame_and_meaning(kind: type[msgspec.Struct]) -> None:
    for name, hint in annotated_fields(kind).items():
        assert get_origin(hint) is Annotated, name
        notes = [note for note in hint.__metadata__ if isinstance(note, Field)]
        assert len(notes) == 1, name
        assert notes[0].unit in get_args(Unit), name
        assert notes[0].frame in get_args(Frame), name
        assert len(notes[0].meaning) > 3, name


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_no_struct_inside_a_message_is_left_unchecked(kind: type[Message]) -> None:
    inside = set().union(*(structs_in(hint) for hint in annotated_fields(kind).values()))
    assert inside <= set(NESTED)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_units_agree_with_the_names(kind: type[Message]) -> None:
    for name, hint in annotated_fields(kind).items():
        note = next(note for note in hint.__metadata__ if isinstance(note, Field))
        for ending, unit in (("_ns", "ns"), ("_rad", "rad"), ("_deg", "deg"), ("_m_s", "m/s"), ("_prob", "prob")):
            if name.endswith(ending):
                assert note.unit == unit, name


def test_every_message_is_frozen_tagged_with_its_name_and_listed_once() -> None:
    assert len(set(ALL)) == len(INPUTS) + len(OUTPUTS) == 17
    listed = {kind.__name__ for kind in Message.__subclasses__() if kind.__module__.startswith("tocsin.")}
    assert listed == {kind.__name__ for kind in ALL}
    for kind in ALL:
        config = kind.__struct_config__
        assert (config.frozen, config.tag) == (True, kind.__name__)


# --- values of any message, from its own annotations


def dtype_of(name: str) -> str:
    return "int64" if name.endswith(("_ns", "_count", "_index", "_dof")) or name == "track" else "float64"


def columns(name: str) -> st.SearchStrategy[Any]:
    """Any bits of any shape, empty ones among them; NaN and infinities made finite."""
    shapes = st.sampled_from([(0,), (1,), (3,), (0, 3), (2, 3), (2, 6, 6), (4, 2)])

    def make(shape: tuple[int, ...], seed: int) -> Any:
        bits = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, shape, dtype=np.int64)
        if dtype_of(name) == "int64":
            return messages.column(bits, "int64")
        floats = bits.view(np.float64)
        return messages.column(np.where(np.isfinite(floats), floats, -0.0))

    return st.builds(make, shapes, st.integers(0, 2**32))


def values(hint: Any, name: str) -> st.SearchStrategy[Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return values(parts[0], name)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(values(part, name) for part in parts))
    if origin is np.ndarray:
        return columns(name)
    if origin is tuple:
        if len(parts) == 2 and parts[1] is Ellipsis:
            return st.lists(values(parts[0], name), max_size=3).map(tuple)
        return st.tuples(*(values(part, name) for part in parts))
    if hint is type(None):
        return st.none()
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is str:
        return st.text(max_size=8)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.fixed_dictionaries({k: values(v, k) for k, v in annotated_fields(hint).items()}).map(
            lambda fields: hint(**fields)
        )
    raise AssertionError(f"no values for {hint} of {name}")


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return (
            isinstance(theirs, np.ndarray)
            and ours.dtype == theirs.dtype
            and ours.shape == theirs.shape
            and ours.tobytes() == theirs.tobytes()
            and not theirs.flags.writeable
        )
    if isinstance(ours, msgspec.Struct):
        return type(ours) is type(theirs) and all(
            same(getattr(ours, k), getattr(theirs, k)) for k in ours.__struct_fields__
        )
    if isinstance(ours, tuple):
        return isinstance(theirs, tuple) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_both_codecs_give_back_the_same_bits_and_read_only_columns(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(values(kind, ""))
    packed = messages.encode(message)
    assert same(message, messages.decode(packed))
    assert same(message, messages.decode_json(messages.encode_json(message)))
    assert messages.encode(messages.decode(packed)) == packed


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_refused_in_any_number_and_column_by_name(kind: type[Message], wrong: float) -> None:
    sample = minimal(kind)
    for name, hint in annotated_fields(kind).items():
        for spoiled in spoilt(hint, wrong):
            message = msgspec.structs.replace(sample, **{name: spoiled})
            for encode in (messages.encode, messages.encode_json):
                with pytest.raises(MessageError, match=rf"{kind.__name__}\.{name}"):
                    encode(message)


def spoilt(hint: Any, wrong: float) -> list[Any]:
    """Values of a type with one number gone wrong; none where it holds no number."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is float:
        return [wrong]
    if origin is np.ndarray:
        return [np.array([1.0, wrong])]
    if origin in (Annotated, typing.Union, types.UnionType):
        return [value for part in (parts[:1] if origin is Annotated else parts) for value in spoilt(part, wrong)]
    if origin is tuple and parts:
        return [(value,) * (1 if parts[-1] is Ellipsis else len(parts)) for value in spoilt(parts[0], wrong)]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        sample = minimal(hint)
        return [
            msgspec.structs.replace(sample, **{name: value})
            for name, inner in annotated_fields(hint).items()
            for value in spoilt(inner, wrong)
        ]
    return []


def minimal(kind: Any) -> Any:
    return kind(**{name: plain(hint) for name, hint in annotated_fields(kind).items()})


def plain(hint: Any) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return plain(parts[0])
    if origin is Literal:
        return parts[0]
    if origin in (typing.Union, types.UnionType):
        return None
    if origin is np.ndarray:
        return messages.column([])
    if origin is tuple:
        return () if Ellipsis in parts else tuple(plain(part) for part in parts)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    return hint()


@pytest.mark.parametrize("dtype", ["float32", "complex128", "U3", "object"])
def test_a_column_of_another_kind_is_refused(dtype: str) -> None:
    update = msgspec.structs.replace(minimal(messages.TrackUpdates), nis=np.zeros(2).astype(dtype))
    for encode in (messages.encode, messages.encode_json):
        with pytest.raises(MessageError):
            encode(update)


def test_text_nested_too_deeply_is_refused() -> None:
    with pytest.raises(MessageError):
        messages.decode_json('{"type":"Tick","time_ns":1,"sequence":0,"more":' + "[" * 100_000)
    with pytest.raises(MessageError):
        messages.decode(b"\x81\xa4more" + b"\x91" * 100_000)


def test_an_unknown_kind_or_a_wrong_type_is_refused() -> None:
    for text in ('{"type":"Fire","time_ns":1}', '{"type":"Tick","time_ns":"x","sequence":0}', '{"type":"Tick"}', "[]"):
        with pytest.raises(MessageError):
            messages.decode_json(text)
        with pytest.raises(MessageError):
            messages.decode(msgspec.msgpack.encode(msgspec.json.decode(text)))


@pytest.mark.parametrize(
    "column",
    [
        {"dtype": "float64", "shape": [2], "data": [1.0]},
        {"dtype": "float64", "shape": [-1], "data": "abc"},
        {"dtype": "object", "shape": [1], "data": [1.0]},
        {"dtype": "float64", "shape": "1", "data": [1.0]},
        {"dtype": "int64", "shape": [1], "data": [2**70]},
        {"dtype": [], "shape": [1], "data": [1]},
        {"shape": [1], "data": [1.0]},
        [1.0],
        7,
    ],
)
def test_a_column_whose_parts_disagree_is_refused(column: Any) -> None:
    document = msgspec.json.decode(messages.encode_json(minimal(messages.TrackUpdates)))
    document["nis"] = column
    with pytest.raises(MessageError):
        messages.decode_json(msgspec.json.encode(document))


@given(data=st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_hostile_bytes_raise_nothing_but_a_message_error(data: bytes) -> None:
    for decode in (messages.decode, messages.decode_json):
        with pytest.raises(MessageError):
            decode(data)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_flipped_bytes_of_a_message_are_a_message_or_a_message_error(data: st.DataObject) -> None:
    sample = msgspec.structs.replace(minimal(messages.TrackUpdates), nis=messages.column([1.0, 2.0]), source="land")
    for encode, decode in ((messages.encode, messages.decode), (messages.encode_json, messages.decode_json)):
        packed = bytearray(encode(sample))
        for _ in range(data.draw(st.integers(1, 3))):
            packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
        try:
            message = decode(bytes(packed))
        except MessageError:
            continue
        messages.check(message)


def test_a_message_cannot_be_changed() -> None:
    tick = Tick(time_ns=1, sequence=0)
    with pytest.raises(AttributeError):
        tick.sequence = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        messages.column([1.0])[0] = 2.0


def test_an_event_fills_its_template() -> None:
    kind = EventKind("screen.late", "info", "scan {sequence} of {subject} came after {last}")
    made = messages.event(kind, time_ns=5, subject="land", sequence="3", last="4")
    assert (made.code, made.severity, made.text) == ("screen.late", "info", "scan 3 of land came after 4")
