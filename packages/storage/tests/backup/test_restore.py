"""A backup restored is the same database; a restore that fails leaves an empty one."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from emeter_storage import migrator
from emeter_storage.backup import catalogue
from emeter_storage.backup.archive import ArchiveReader
from emeter_storage.backup.domain import Domain, Restored
from emeter_storage.backup.progress import Progress
from emeter_storage.backup.restore import restore
from emeter_storage.backup.snapshot import back_up
from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError

BEFORE = "20261123090000"
Save = Callable[..., ArchiveReader]
Contents = Callable[[Engine], dict[str, list[str]]]


class Held(Domain):
    """Counts how often it was asked to hold, and may fail at the end."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.holds, self.settled = fails, 0, list[Restored]()

    def hold(self, connection: Connection) -> None:
        self.holds += 1

    def settle(self, connection: Connection, restored: Restored) -> list[str]:
        if self.fails:
            raise UserError("it cannot be settled")
        self.settled.append(restored)
        return ["settled"]


def bring_back(engine: Engine, archive: ArchiveReader, domain: Domain | None = None) -> list[str]:
    return restore(engine, archive, domain or Domain(), send_waiting=False, progress=Progress(""))


def test_every_row_comes_back_as_it_was(
    filled: Engine, empty: Engine, saved: Save, contents: Contents, awkward: str
) -> None:
    archive = saved(filled)

    bring_back(empty, archive)

    before, after = contents(filled), contents(empty)
    assert after == before
    assert len(after["results"]) == 9 * 2001
    with empty.connect() as connection:
        assert connection.execute(text("SELECT DISTINCT target FROM monitors")).scalars().all() == [awkward]
    assert archive.manifest.rows == sum(map(len, before.values()))


def test_ids_are_never_given_again(filled: Engine, empty: Engine, saved: Save) -> None:
    bring_back(empty, saved(filled))

    following = text("SELECT nextval('monitors_id_seq'), (SELECT max(id) FROM monitors)")
    with empty.connect() as connection:
        # The last monitor was deleted before the backup, and its results may still be there.
        assert connection.execute(following).one() == (51, 49)


def test_every_table_is_in_it_or_has_a_reason(filled: Engine, saved: Save, contents: Contents) -> None:
    domain = Domain()
    domain.left_out = {"processes": "who ran there"}
    domain.only = {"users_tokens": ("context <> 'session'", "nobody is logged in")}
    domain.results = frozenset({"results"})

    manifest = saved(filled, domain, with_results=False).manifest

    kept = {table.name for table in manifest.tables}
    assert manifest.left_out.keys() == {"processes", "users_tokens", "results"}
    assert kept | {"processes", "results"} == contents(filled).keys()
    assert not kept & {"processes", "results"}
    assert not manifest.has_results


def test_rows_that_are_left_out_are_not_in_the_file(
    filled: Engine, empty: Engine, saved: Save, contents: Contents
) -> None:
    domain = Domain()
    domain.only = {"memberships": ("role <> 'owner'", "a test")}

    bring_back(empty, saved(filled, domain))

    after, before = contents(empty), contents(filled)
    assert (after.pop("memberships"), len(before.pop("memberships"))) == ([], 1)
    assert after == before


def test_a_backup_is_one_moment(filled: Engine, empty: Engine, tmp_path: Path, contents: Contents) -> None:
    """Somebody writes after the first bytes, and is not in it."""

    class Late(io.BytesIO):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]
            if self.tell() > 2048 and not late:
                with writer.begin() as connection:
                    late.append(connection.execute(text("DELETE FROM memberships")).rowcount)
                    connection.execute(text("DELETE FROM users"))
            return super().write(data)

    late: list[int] = []
    writer = make_engine(filled.url.render_as_string(hide_password=False))
    file = Late()
    manifest = back_up(filled, file, Domain(), progress=Progress(""))
    writer.dispose()

    assert late == [1]
    assert {table.name: table.rows for table in manifest.tables}["users"] == 1
    path = tmp_path / "late"
    path.write_bytes(file.getvalue())
    archive = ArchiveReader(path)
    bring_back(empty, archive)
    archive.close()
    assert len(contents(empty)["memberships"]) == 1


def test_a_backup_of_an_older_schema_is_migrated(
    filled: Engine, empty: Engine, saved: Save, monkeypatch: pytest.MonkeyPatch, contents: Contents
) -> None:
    migrator.downgrade(filled, BEFORE)
    with monkeypatch.context() as patched:
        patched.setattr(migrator, "head", lambda: BEFORE)
        archive = saved(filled)

    bring_back(empty, archive)

    assert migrator.is_at_head(empty)
    migrator.upgrade(filled)
    after, expected = contents(empty), contents(filled)
    # What migrations add has the time of their run.
    assert len(after.pop("locations")) == len(expected.pop("locations"))
    assert after == expected


def test_a_backup_of_a_newer_schema_is_refused(filled: Engine, empty: Engine, saved: Save) -> None:
    archive = saved(filled)
    archive.manifest = archive.manifest.model_copy(update={"revision": "20991231000000", "version": "9.9"})

    with pytest.raises(UserError, match=r"made by E-Meter 9\.9 with the schema 20991231000000"):
        bring_back(empty, archive)
    assert migrator.current(empty) is None


def test_it_is_held_before_the_first_row_and_settled_at_the_end(
    filled: Engine, empty: Engine, saved: Save
) -> None:
    domain, archive = Held(), saved(filled)

    assert bring_back(empty, archive, domain) == ["settled"]

    assert domain.holds == 2
    [restored] = domain.settled
    assert restored.made_at == archive.manifest.made_at
    assert restored.has_results


def test_what_fails_at_the_end_leaves_nothing(
    filled: Engine, empty: Engine, saved: Save, contents: Contents
) -> None:
    archive = saved(filled)
    with pytest.raises(UserError, match="it cannot be settled"):
        bring_back(empty, archive, Held(fails=True))
    assert contents(empty) == {}

    bring_back(empty, archive)
    assert contents(empty) == contents(filled)


def test_rows_that_do_not_fit_leave_nothing(
    filled: Engine, empty: Engine, saved: Save, contents: Contents
) -> None:
    archive = saved(filled)
    [users] = [table for table in archive.manifest.tables if table.name == "users"]
    users.columns[1:3] = ["hashed_password", "confirmed_at"]

    with pytest.raises(UserError, match="The restore failed, and nothing was kept: ") as caught:
        bring_back(empty, archive)

    assert "\n" not in str(caught.value)
    assert contents(empty) == {}


@pytest.mark.parametrize(
    ("table", "relation", "said"),
    [
        ("pg_authid", "pg_authid", "has a table 'pg_authid'"),
        ("users; DROP TABLE users", "users", "has a table 'users; DROP TABLE users'"),
        ("users", "teams", "a partition 'teams' that cannot be"),
        ("results", "results_20260231", "damaged|cannot be|partition"),
    ],
)
def test_a_manifest_with_other_names_reaches_no_table(
    filled: Engine, empty: Engine, saved: Save, table: str, relation: str, said: str, contents: Contents
) -> None:
    archive = saved(filled)
    first = archive.manifest.tables[0]
    other = first.model_copy(
        update={
            "name": table,
            "columns": [],
            "relations": [first.relations[0].model_copy(update={"name": relation})],
        }
    )
    archive.manifest = archive.manifest.model_copy(update={"tables": [other]})

    with pytest.raises(UserError, match=said):
        bring_back(empty, archive)
    assert contents(empty) == {}


def test_a_running_instance_is_not_restored_into(
    filled: Engine, new_database: Callable[..., str], saved: Save, contents: Contents
) -> None:
    url, archive = new_database(), saved(filled)
    running, engine = make_engine(url, name="emeter web"), make_engine(url, name="emeter restore")
    before = contents(engine)
    with running.connect(), pytest.raises(UserError, match=r"runs on this database \(emeter web\): stop it"):
        bring_back(engine, archive)
    running.dispose()

    assert contents(engine) == before
    engine.dispose()


def test_two_restores_at_once_are_one(filled: Engine, empty: Engine, saved: Save) -> None:
    archive = saved(filled)
    with filled.connect():
        other = make_engine(empty.url.render_as_string(hide_password=False))
        with other.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(7203650117)"))
            with pytest.raises(UserError, match="Another restore"):
                bring_back(empty, archive)
        other.dispose()


def test_an_empty_database_is_not_backed_up(empty: Engine) -> None:
    nowhere = io.BytesIO()
    with pytest.raises(UserError, match="holds no E-Meter"):
        back_up(empty, nowhere, Domain(), progress=Progress(""))
    migrator.upgrade(empty, BEFORE)
    with pytest.raises(UserError, match=f"is at {BEFORE}, .*: run `emeter db upgrade`"):
        back_up(empty, nowhere, Domain(), progress=Progress(""))
    assert nowhere.getvalue() == b""


def test_a_full_disk_is_told_and_the_database_let_go(filled: Engine) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        back_up(filled, full, Domain(), progress=Progress(""))
    with filled.begin() as connection:
        connection.execute(text("LOCK TABLE users IN ACCESS EXCLUSIVE MODE NOWAIT"))


def test_those_that_others_refer_to_come_first(connection: Connection) -> None:
    order = [table.name for table in catalogue.tables(connection)]

    assert len(order) > 20
    for name, other in catalogue.references(connection):
        assert order.index(other) < order.index(name), (name, other)
