"""The file of a backup: whole, or refused in one line."""

import io
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emeter_storage.backup.archive import ArchiveReader, ArchiveWriter
from emeter_storage.backup.manifest import FORMAT, Manifest, Relation, Table
from emeter_storage.errors import UserError

ROWS = b"".join(b"%d\tcaf\xc3\xa9 %d\t\\N\n" % (number, number * 7) for number in range(5000))


def manifest(tables: list[Table], **values: object) -> Manifest:
    usual: dict[str, object] = {
        "format": FORMAT,
        "version": "1.2.3",
        "revision": "20260101000000",
        "made_at": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "fingerprint": "00ff",
        "has_results": True,
        "left_out": {},
        "sequences": {"things_id_seq": 7},
    }
    return Manifest.model_validate({**usual, "tables": tables, **values})


def written(*pieces: bytes, key: str = "") -> bytes:
    """A backup with one table."""
    file = io.BytesIO()
    archive = ArchiveWriter(file)
    part = archive.add_key(key) if key else None
    relation = archive.relation("things")
    for piece in pieces:
        relation.write(piece)
    found = Relation(name="things", rows=5000, parts=relation.end())
    archive.finish(manifest([Table(name="things", columns=["id"], relations=[found])], key=part))
    return file.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def read(path: Path, content: bytes) -> ArchiveReader:
    path.write_bytes(content)
    return ArchiveReader(path)


def refused(path: Path, content: bytes) -> str:
    with pytest.raises(UserError) as caught:
        read(path, content).close()
    said = str(caught.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    return said.removeprefix(str(path)).strip()


def test_what_is_written_is_read(path: Path) -> None:
    archive = read(path, written(ROWS[:100], ROWS[100:], key="a key"))

    assert archive.key == "a key"
    assert archive.manifest.rows == 5000
    assert archive.manifest.made_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert b"".join(archive.rows(archive.manifest.tables[0].relations[0].parts)) == ROWS
    archive.close()


def test_rows_are_cut_into_parts_of_one_stream(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emeter_storage.backup.archive._PART", 1000)
    archive = read(path, written(ROWS))

    parts = archive.manifest.parts
    assert len(parts) > 10
    assert {part.size for part in parts[:-1]} == {1000}
    assert b"".join(archive.rows(parts)) == ROWS
    archive.close()


def test_it_is_a_tar_that_other_programs_read(path: Path) -> None:
    read(path, written(ROWS)).close()

    with tarfile.open(path) as tar:
        assert tar.getnames() == [
            "emeter-backup",
            "data/things/00001.copy.gz",
            "manifest.json",
            "manifest.json.sha256",
        ]
        assert {member.mode for member in tar} == {0o600}


def test_nothing_that_is_cut_off_is_believed(path: Path) -> None:
    whole = written(ROWS)
    # What follows the last member says nothing.
    end = whole.rindex(b"manifest.json.sha256") + 512 + 65
    for length in {0, 1, 511, 512, 513, 1024, 1500, len(whole) // 2, end - 1, end - 65, end - 600}:
        assert re.match("is no backup|is damaged|is not complete", refused(path, whole[:length]))


WHOLE = written(ROWS[:3000])
_DATA = WHOLE.index(b"\x1f\x8b")


# A machine that is busy with something else proves nothing against us.
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(0, len(WHOLE) - 2049), change=st.integers(1, 255))
def test_a_byte_that_changed_is_found_or_harmless(
    place: int, change: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("changed") / "backup"
    path.write_bytes(WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :])
    try:
        archive = ArchiveReader(path)
    except UserError:
        return
    # Modes, times, padding: no byte of the rows or of what is said of them.
    assert b"".join(archive.rows(archive.manifest.parts)) == ROWS[:3000]
    assert archive.manifest.sequences == {"things_id_seq": 7}
    archive.close()


def test_rows_that_changed_are_named(path: Path) -> None:
    place = _DATA + 30
    changed = WHOLE[:place] + bytes([WHOLE[place] ^ 1]) + WHOLE[place + 1 :]

    assert refused(path, changed) == (
        "is damaged: data/things/00001.copy.gz is not what was written. Nothing was restored."
    )


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x1f\x8b" + bytes(600), bytes(10240), b"PGDMP\x01" * 200]
)
def test_another_file_is_no_backup(path: Path, content: bytes) -> None:
    assert refused(path, content) == "is no backup of E-Meter. Nothing was restored."


def test_another_tar_is_no_backup(path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("etc/passwd"))

    assert refused(path, file.getvalue()) == "is no backup of E-Meter. Nothing was restored."


def test_a_newer_format_is_told(path: Path) -> None:
    newer = WHOLE[:512] + b"9" + WHOLE[513:]

    assert refused(path, newer) == (
        f"has the format 9, and this E-Meter reads up to {FORMAT}: take a newer one. Nothing was restored."
    )


def test_what_no_backup_holds_is_refused(path: Path) -> None:
    link = tarfile.TarInfo("data/things/00002.copy.gz")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    first = 1024

    assert "holds what no backup does" in refused(path, WHOLE[:first] + link.tobuf() + WHOLE[first:])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UserError, match=said):
            ArchiveReader(path)
