"""CAP 1.2 out and in: the OASIS schema, the prose rules, hostile values, hostile files."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tocsin.errors import InputError, MessageError
from tocsin.formats.cap import MAX_BYTES, cap_problems, cap_time, cap_xml, identifier_of, read_cap, read_cap_feed
from tocsin.messages import AlertStatus, PublicWarning, column
from tocsin.stages.warn import Warn

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))
from warning_cast import Driver, assessment, debris, defence, engagement


def life(origin: str = "exercise") -> list[PublicWarning]:
    """A warning and a debris notice from draft to closing, and the end of the exercise."""
    driver = Driver(Warn(defence(origin, languages=("tr", "en", "ar"))), origin)
    driver.send(assessment(), 100.0)
    driver.do("app", "approve_warning", "W001", 1)
    driver.send(assessment(sigma_m=8_000.0), 140.0)
    driver.send(engagement("hit"), 420.0)
    driver.send(debris(), 425.0)
    driver.do("app", "approve_warning", "D001", 1)
    driver.tick(565.0)
    drafts = [m for m in driver.out if isinstance(m, PublicWarning) and m.purpose == "ended"]
    if drafts:
        driver.do("app", "approve_warning", drafts[-1].warning, drafts[-1].revision)
    driver.do("dir", "end_exercise")
    driver.do("app", "approve_warning", "exercise-end", 1)
    return [m for m in driver.out if isinstance(m, PublicWarning)]


@pytest.fixture(scope="module")
def warnings() -> list[PublicWarning]:
    return life()


def files(warnings: list[PublicWarning]) -> list[bytes]:
    return [cap_xml(w, earlier=warnings[:i], exercise_name="Tatbikat & <1>") for i, w in enumerate(warnings)]


def test_every_revision_of_a_whole_life_passes_schema_and_prose_rules(
    warnings: list[PublicWarning], reference: Path
) -> None:
    schema = etree.XMLSchema(etree.parse(str(reference / "cap" / "CAP-v1.2.xsd")))
    assert {"draft", "approved", "sent", "updated", "ended", "exercise_ended"} <= {w.state for w in warnings}
    for data in files(warnings):
        schema.assertValid(etree.fromstring(data))
        assert cap_problems(data) == []


def test_the_reader_gives_back_what_was_written(warnings: list[PublicWarning]) -> None:
    for warning, data in zip(warnings, files(warnings), strict=True):
        alert = read_cap(data)
        assert alert.identifier == identifier_of(warning)
        assert alert.status == "Exercise"
        assert "Tatbikat & <1>" in alert.note
        assert [i.language for i in alert.infos] == ["tr", "en", "ar"]
        assert [i.description for i in alert.infos] == [t.description for t in warning.texts]
        first = np.array([[float(v) for v in p.split(",")] for p in alert.infos[0].polygons[0].split()])
        assert first == pytest.approx(np.asarray(warning.area_deg[0]), abs=1e-5)


def test_updates_and_cancels_refer_to_every_revision_people_were_told(warnings: list[PublicWarning]) -> None:
    ended = next(i for i, w in enumerate(warnings) if w.state == "ended")
    alert = read_cap(files(warnings)[ended])
    names = [reference.split(",")[1] for reference in alert.references.split()]
    told = [w for w in warnings[:ended] if w.warning == "W001" and w.state in ("sent", "updated")]
    assert names == [identifier_of(w) for w in told]
    assert len(names) == len(set(names)) > 1


def test_the_onset_is_the_impact_or_the_first_piece_on_the_ground(warnings: list[PublicWarning]) -> None:
    missile = next(i for i, w in enumerate(warnings) if w.warning == "W001" and w.state == "sent")
    debris_draft = next(i for i, w in enumerate(warnings) if w.warning == "D001" and w.state == "sent")
    data = files(warnings)
    for i, onset_ns in ((missile, assessment().impact_ns), (debris_draft, debris().fall_start_ns)):
        assert onset_ns is not None
        assert {info.onset for info in read_cap(data[i]).infos} == {cap_time(onset_ns)}
    closings = [read_cap(d) for w, d in zip(warnings, data, strict=True) if w.state in ("ended", "exercise_ended")]
    assert {info.onset for alert in closings for info in alert.infos} == {""}


def test_identifiers_are_unique_and_free_of_what_cap_forbids(warnings: list[PublicWarning]) -> None:
    names = [identifier_of(w) for w in warnings]
    assert len(set(names)) == len(names)
    odd = msgspec.structs.replace(warnings[0], warning="a b,<c>&d")
    assert not set(identifier_of(odd)) & set(" ,<>&")


def test_live_data_gives_drafts_and_nothing_is_ever_sent() -> None:
    drafts = life("live")
    assert drafts
    assert {w.state for w in drafts} <= {"draft", "approved", "rejected", "expired"}
    assert {read_cap(cap_xml(w)).status for w in drafts} == {"Draft"}


class Fourth(enum.Enum):
    REAL = "Real"


_FORBIDDEN = "Act" + "ual"


@pytest.mark.parametrize("status", [_FORBIDDEN, "Exercise", None, 1, Fourth.REAL, b"Exercise", ("Exercise",), "System"])
def test_the_writer_takes_no_status_but_the_three_members(warnings: list[PublicWarning], status: Any) -> None:
    with pytest.raises(MessageError, match="AlertStatus"):
        cap_xml(msgspec.structs.replace(warnings[0], status=status))


@pytest.mark.parametrize("status", [AlertStatus.TEST, AlertStatus.DRAFT])
def test_the_status_must_go_with_the_origin(warnings: list[PublicWarning], status: AlertStatus) -> None:
    with pytest.raises(MessageError, match="origin"):
        cap_xml(msgspec.structs.replace(warnings[0], status=status))
    with pytest.raises(MessageError, match="origin"):
        cap_xml(msgspec.structs.replace(warnings[0], origin="live"))


@pytest.mark.parametrize("thing", [None, "Exercise", {"status": "Exercise"}, AlertStatus.EXERCISE, assessment()])
def test_the_writer_takes_no_type_but_a_public_warning(thing: Any) -> None:
    with pytest.raises(MessageError, match="PublicWarning"):
        cap_xml(thing)


def test_a_read_alert_cannot_be_written_again(warnings: list[PublicWarning]) -> None:
    with pytest.raises(MessageError):
        cap_xml(read_cap(cap_xml(warnings[0])))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"headline": "Missile warning"},
        {"description": "EXERCISE - this is not a drill - EXERCISE"},
        {"area_text": "THIS IS NOT  A DRILL"},
        {"instruction": "TATBİKAT - a\x00b - TATBİKAT"},
    ],
)
def test_a_text_without_marker_or_with_a_forbidden_phrase_is_not_written(
    warnings: list[PublicWarning], change: dict[str, str]
) -> None:
    bad = msgspec.structs.replace(warnings[0].texts[0], **change)
    with pytest.raises(MessageError):
        cap_xml(msgspec.structs.replace(warnings[0], texts=(bad,)))


def test_the_exercise_name_cannot_smuggle_in_the_forbidden_phrase(warnings: list[PublicWarning]) -> None:
    with pytest.raises(MessageError, match="forbidden"):
        cap_xml(warnings[0], exercise_name="This is not a drill")


def test_no_file_holds_the_fourth_status(warnings: list[PublicWarning]) -> None:
    assert not any(_FORBIDDEN.encode() in data for data in files(warnings))
    assert [m.value for m in AlertStatus] == ["Exercise", "Test", "Draft"]


def test_a_polygon_of_three_points_is_refused(warnings: list[PublicWarning]) -> None:
    flat = column([[36.0, 36.0], [36.1, 36.0], [36.0, 36.0]])
    with pytest.raises(MessageError, match="four points"):
        cap_xml(msgspec.structs.replace(warnings[0], area_deg=(flat,)))


def test_the_reader_takes_every_sample(reference: Path) -> None:
    samples = sorted(p for p in (reference / "cap").glob("*.xml") if "feed" not in p.name)
    assert len(samples) == 8
    for path in samples:
        alert = read_cap(path.read_bytes(), where=path.name)
        assert alert.identifier
        assert alert.sent
        assert cap_problems(path.read_bytes()) == []
    feed = read_cap_feed((reference / "cap" / "nws_atom_feed_example.xml").read_bytes())
    assert len(feed) == (reference / "cap" / "nws_atom_feed_example.xml").read_bytes().count(b"<entry>")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"-00:00</sent>", b"Z</sent>", "sent"),
        (b"-00:00</expires>", b".5-00:00</expires>", "expires"),
        (b"2026-03-04T", b"2026-02-30T", "calendar"),
        (b"<restriction>", b"<ignored>", ""),
        (b"tocsin-exercise", b"tocsin exercise", "identifier"),
        (b"<msgType>Alert<", b"<msgType>Update<", "references"),
    ],
)
def test_the_prose_checker_names_each_breach(warnings: list[PublicWarning], old: bytes, new: bytes, named: str) -> None:
    data = cap_xml(warnings[0])
    broken = data.replace(old, new)
    assert broken != data
    if old == b"<restriction>":
        broken, named = broken.replace(b"</restriction>", b"</ignored>"), "restriction"
    assert any(named in problem for problem in cap_problems(broken))


@pytest.mark.parametrize(
    ("polygon", "is_wrong"),
    [
        ("1,1 1,2 2,2 1,1", False),
        ("1,1 1,2 2,2 2,1", True),
        ("1,1 1,2 1,1", True),
        ("1,1 1,2 2 1,1", True),
        ("91,1 1,2 2,2 91,1", True),
        ("1,1 1,181 2,2 1,1", True),
    ],
)
def test_polygons_are_closed_of_four_points_and_on_the_earth(
    warnings: list[PublicWarning], polygon: str, is_wrong: bool
) -> None:
    root = etree.fromstring(cap_xml(warnings[0]))
    for element in root.iter("{*}polygon"):
        element.text = polygon
    assert any("polygon" in problem for problem in cap_problems(etree.tostring(root))) is is_wrong


ALERT = b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><note>&x;</note></alert>'
BOMB = b'<!DOCTYPE a [<!ENTITY y "aaaa"><!ENTITY x "&y;&y;&y;">]>' + ALERT
THIEF = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + ALERT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<alert/>",
        b"\xff\xfe\x00",
        BOMB,
        THIEF,
        b"<a" * 50_000,
        b"x" * (MAX_BYTES + 1),
        b"<a>" * 5_000,
    ],
    ids=["empty", "text", "no namespace", "bytes", "bomb", "thief", "open tags", "huge", "deep"],
)
def test_a_hostile_file_ends_in_one_clear_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"some\.xml"):
        read_cap(data, where="some.xml")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_mangled_message_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(cap_xml(_SAMPLE))
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=4))
    try:
        said: object = cap_problems(bytes(whole))
    except InputError as error:
        said = [error.where]
    assert isinstance(said, list)


_SAMPLE = life()[0]
