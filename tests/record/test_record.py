"""The record finds any flipped bit, cut or reorder, and survives an interruption."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import RecordError
from tocsin.messages import Event, Tick, encode
from tocsin.record import Header, Recorder, read_entries, read_header, read_messages, sha256_of, verify

HEADER = Header(kind="simulation", name="small", origin="exercise", scenario={"name": "small"}, seed=3)
COUNT = 40
EXCHANGE = """
UPDATE entries SET seq = -1 WHERE seq = 7;
UPDATE entries SET seq = 7 WHERE seq = 8;
UPDATE entries SET seq = 8 WHERE seq = -1;
"""


def write(path: Path, count: int = COUNT, seal: bool = True) -> str:
    recorder = Recorder(HEADER, path)
    for n in range(count):
        recorder.write("in", Tick(time_ns=n, id=f"clock/Tick/{n}", arrival_ns=n, source="clock", sequence=n))
        recorder.write("out", Event(time_ns=n, code="test.beat", severity="info", text=f"beat {n}"))
    recorder.flush()
    if seal:
        recorder.seal("complete")
    return recorder.digest


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "record.sqlite"
    write(path)
    return path


def test_a_sealed_record_is_intact_and_gives_back_its_messages(sealed: Path) -> None:
    verdict = verify(sealed)
    assert verdict.is_intact, verdict.problem
    assert verdict.entries == 2 * COUNT
    assert verdict.status == "complete"
    assert read_header(sealed).seed == 3
    assert [m.time_ns for m in read_messages(sealed)] == [n for n in range(COUNT) for _ in range(2)]


def test_the_same_messages_give_the_same_digest_and_the_same_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    assert write(first) == write(second)
    assert sha256_of(first) == sha256_of(second)


def test_a_record_in_memory_has_the_digest_of_the_one_on_disk(tmp_path: Path) -> None:
    recorder = Recorder(HEADER)
    recorder.write("in", Tick(time_ns=0, sequence=0))
    on_disk = Recorder(HEADER, tmp_path / "r.sqlite")
    on_disk.write("in", Tick(time_ns=0, sequence=0))
    on_disk.seal("complete")
    assert recorder.digest == on_disk.digest == verify(tmp_path / "r.sqlite").digest


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_file_is_found(sealed: Path, tmp_path: Path, place: float, bit: int) -> None:
    data = bytearray(sealed.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    changed = tmp_path / "flipped.sqlite"
    changed.write_bytes(data)
    assert not verify(changed, file_sha256=sha256_of(sealed)).is_intact


def test_any_flipped_bit_of_an_entry_is_found_by_the_chain_alone(sealed: Path, tmp_path: Path) -> None:
    draw = random.Random(5)
    for _ in range(60):
        changed = tmp_path / "entry.sqlite"
        shutil.copy(sealed, changed)
        seq = draw.randrange(2 * COUNT)
        column = draw.choice(["payload", "digest"])
        with sqlite3.connect(changed) as database:
            blob = bytearray(database.execute(f"SELECT {column} FROM entries WHERE seq = ?", (seq,)).fetchone()[0])
            blob[draw.randrange(len(blob))] ^= 1 << draw.randrange(8)
            database.execute(f"UPDATE entries SET {column} = ? WHERE seq = ?", (bytes(blob), seq))
        database.close()
        verdict = verify(changed)
        assert not verdict.is_intact
        assert f"entry {seq} " in verdict.problem


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("an entry removed", "DELETE FROM entries WHERE seq = 7"),
        ("the tail cut", "DELETE FROM entries WHERE seq >= 60"),
        ("tail and seal cut", "DELETE FROM entries WHERE seq >= 60; DELETE FROM seal"),
        ("two entries exchanged", EXCHANGE),
        ("a direction changed", "UPDATE entries SET direction = 'out' WHERE seq = 10"),
        ("an entry added", "INSERT INTO entries SELECT 80, direction, payload, digest FROM entries WHERE seq = 79"),
        ("the header changed", "UPDATE header SET content = replace(content, '\"seed\":3', '\"seed\":4')"),
        ("the seal's count changed", "UPDATE seal SET entries = 79"),
        ("the seal doubled", "INSERT INTO seal SELECT * FROM seal"),
    ],
)  # fmt: skip
def test_cuts_and_reorders_are_found(sealed: Path, tmp_path: Path, name: str, change: str) -> None:
    changed = tmp_path / "changed.sqlite"
    shutil.copy(sealed, changed)
    database = sqlite3.connect(changed)
    database.executescript(change)
    database.close()
    verdict = verify(changed)
    assert not verdict.is_intact, name
    assert verdict.problem


def test_a_record_replaced_whole_is_found_by_its_digest(sealed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    write(other, COUNT - 1)
    assert verify(other).is_intact
    assert "another digest" in verify(other, digest=verify(sealed).digest).problem


def test_a_killed_run_leaves_a_record_that_says_so_and_can_still_be_read(tmp_path: Path) -> None:
    live, dead = tmp_path / "live", tmp_path / "dead"
    write(live / "record.sqlite", seal=False)
    shutil.copytree(live, dead)  # what a kill -9 leaves on disk
    verdict = verify(dead / "record.sqlite")
    assert verdict.status == "unsealed"
    assert "no closing seal after entry 80" in verdict.problem
    assert len(list(read_entries(dead / "record.sqlite"))) == 80


def test_a_record_being_written_is_not_overwritten_by_a_second_run(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    recorder = Recorder(HEADER, path)
    recorder.write("in", Tick(time_ns=0, sequence=0))
    with pytest.raises(RecordError, match="another run is writing here"):
        Recorder(HEADER, path)
    recorder.seal("complete")
    assert verify(path).is_intact
    Recorder(HEADER, path).seal("complete")
    assert verify(path).entries == 0


def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").mkdir()
    with pytest.raises(RecordError, match="choose another --out"):
        Recorder(HEADER, tmp_path / "record.sqlite")


def test_an_interrupted_run_is_sealed_as_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    recorder = Recorder(HEADER, path)

    def work() -> None:
        with recorder:
            recorder.write("in", Tick(time_ns=0, sequence=0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    verdict = verify(path)
    assert verdict.is_intact
    assert verdict.status == "interrupted"


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_record_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.sqlite"
    path.write_bytes(content)
    assert not verify(path).is_intact
    with pytest.raises(RecordError, match=r"record\.sqlite"):
        read_header(path)


def test_an_entry_that_is_not_a_message_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    write(path, 1)
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE entries SET payload = ?", (encode(Tick(time_ns=0, sequence=0))[:-3],))
    database.close()
    with pytest.raises(RecordError, match="tocsin verify"):
        read_messages(path)
