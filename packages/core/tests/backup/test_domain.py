"""Whose key the secrets need, where a restore may go, and that no table is forgotten."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from emeter_core import schema
from emeter_core.backup import DOMAIN, CoreDomain, keys
from emeter_core.processes import RESTORING, check_secret
from emeter_core.settings import Settings
from emeter_core.vault import Vault
from emeter_storage.backup import catalogue, load_domain
from emeter_storage.engine import DatabaseClock, make_session_factory
from emeter_storage.errors import UserError

OTHER = "another secret of the tests, longer"


def fingerprint(key: str) -> str:
    return Vault(key).fingerprint.hex()


def test_storage_finds_it() -> None:
    assert isinstance(load_domain(), CoreDomain)


def test_every_table_is_backed_up_or_left_out_with_a_reason(connection: Connection) -> None:
    there = {table.name for table in catalogue.tables(connection)}

    assert there == set(schema.metadata().tables)
    # Who adds a table whose rows mean something only where and when they were written names it here.
    assert set(DOMAIN.left_out) == {"processes", "trials", "user_sessions"}
    assert {*DOMAIN.left_out, *DOMAIN.only, *DOMAIN.results} <= there
    assert all(DOMAIN.left_out.values())
    assert all(reason for _, reason in DOMAIN.only.values())


def test_nothing_that_is_kept_refers_to_what_is_left_out(connection: Connection) -> None:
    gone = {*DOMAIN.left_out, *DOMAIN.only, *DOMAIN.results}
    dangling = {(name, other) for name, other in catalogue.references(connection) if other in gone}

    assert {name for name, _ in dangling} <= set(DOMAIN.left_out)


def test_a_database_with_users_is_not_restored_into(move, new) -> None:
    move()
    with pytest.raises(UserError, match="There are users in this installation already"):
        move()
    assert new.one("SELECT count(*) FROM monitors") == 20


def test_it_can_be_started_with_its_key_alone(move, new) -> None:
    move()
    with make_session_factory(new.engine).begin() as session:
        check_secret(session, Vault(os.environ["SECRET_KEY"]), now=DatabaseClock(new.engine).now())
        with pytest.raises(UserError, match="not the one this database was made with"):
            check_secret(session, Vault(OTHER), now=DatabaseClock(new.engine).now())


def test_a_restore_that_was_broken_off_starts_nothing_and_is_begun_anew(move, old, new) -> None:
    move()
    with new.engine.begin() as connection:
        DOMAIN.hold(connection)
    with make_session_factory(new.engine)() as session, pytest.raises(UserError, match="restore` again"):
        check_secret(session, Vault(os.environ["SECRET_KEY"]), now=DatabaseClock(new.engine).now())
    with new.engine.connect() as connection, pytest.raises(UserError, match="broken off"):
        DOMAIN.fingerprint(connection)
    assert new.one("SELECT secret_fingerprint = :mark FROM instance", mark=RESTORING) is True

    move()
    assert new.one("SELECT count(*) FROM monitors") == 20


def test_the_fingerprint_is_that_of_the_database(old, engine: Engine) -> None:
    with old.engine.connect() as connection:
        assert DOMAIN.fingerprint(connection) == fingerprint(os.environ["SECRET_KEY"])
    with engine.connect() as connection:
        assert DOMAIN.fingerprint(connection) == ""


def test_another_key_is_refused_with_what_to_do() -> None:
    DOMAIN.require_key(fingerprint(os.environ["SECRET_KEY"]), "")
    DOMAIN.require_key("", "")
    with pytest.raises(UserError, match=r"needs the SECRET_KEY of the installation it was made of .*: set"):
        DOMAIN.require_key(fingerprint(OTHER), "")


def test_a_key_that_was_changed_since_still_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_OLD", OTHER)
    DOMAIN.require_key(fingerprint(OTHER), "")


def test_where_there_is_no_key_yet_it_says_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")
    with pytest.raises(UserError, match=r"copy its file secret_key to .*/data/secret_key, or set SECRET_KEY"):
        DOMAIN.require_key(fingerprint(OTHER), "")


def test_a_key_in_the_file_is_kept_0600(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text("what the first start made, of an empty one")
    DOMAIN.require_key(fingerprint(OTHER), OTHER)
    DOMAIN.keep_key(fingerprint(OTHER), OTHER)

    path = tmp_path / "data" / "secret_key"
    assert (path.read_text(), path.stat().st_mode & 0o777) == (OTHER, 0o600)
    assert [each.name for each in path.parent.iterdir()] == ["secret_key"]


def test_a_key_in_the_file_does_not_win_over_a_setting() -> None:
    with pytest.raises(UserError, match="it is in the file, as `tar -xOf FILE secret_key` shows"):
        DOMAIN.require_key(fingerprint(OTHER), OTHER)


def test_a_wrong_key_in_the_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")
    with pytest.raises(UserError, match="in this backup is not the one"):
        DOMAIN.require_key(fingerprint(OTHER), "a third secret that fits nothing here")


def test_our_key_goes_into_a_file_only_where_it_fits(key: str) -> None:
    assert keys.own_key(Settings.load(), fingerprint(key)) == key
    with pytest.raises(UserError, match="not the one of this database"):
        keys.own_key(Settings.load(), fingerprint(OTHER))
