import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from alembic.util.exc import CommandError
from sqlalchemy import Engine, MetaData, text

from emeter_storage import migrator
from emeter_storage.engine import make_engine
from emeter_storage.partitions import list_partitions


@pytest.fixture
def empty(new_database: Callable[..., str]) -> Engine:
    return make_engine(new_database(migrated=False))


def test_an_empty_database_comes_to_head_with_its_partitions(empty: Engine) -> None:
    assert migrator.current(empty) is None
    assert not migrator.is_at_head(empty)

    migrator.upgrade(empty)

    assert migrator.current(empty) == migrator.head()
    assert migrator.is_at_head(empty)
    with empty.connect() as connection:
        assert len(list_partitions(connection, "results")) == 9
    empty.dispose()


def test_it_can_stop_on_the_way_and_go_back(empty: Engine) -> None:
    migrator.upgrade(empty, "+1")
    assert migrator.current(empty) not in {None, migrator.head()}

    migrator.downgrade(empty, "base")
    assert migrator.current(empty) is None
    empty.dispose()


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    migrator.upgrade(empty)
    migrator.upgrade(empty)

    assert migrator.is_at_head(empty)
    empty.dispose()


def test_a_revision_that_does_not_exist_is_told(empty: Engine) -> None:
    with pytest.raises(CommandError, match="nonsense"):
        migrator.upgrade(empty, "nonsense")
    empty.dispose()


def test_two_migrators_at_once_wait_for_each_other(new_database: Callable[..., str]) -> None:
    url = new_database(migrated=False)
    command = [sys.executable, "-c", "from emeter_storage.commands import db; db(['upgrade'])"]
    migrators = [
        subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url}, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[0] for process in migrators]

    assert told == [f"The database is at {migrator.head()}.\n"] * 2
    assert [process.returncode for process in migrators] == [0, 0]


def test_a_migrator_waits_while_another_one_has_the_lock(new_database: Callable[..., str]) -> None:
    url = new_database(migrated=False)
    holder = make_engine(url)
    engine = make_engine(url)
    with holder.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(7203650114)"))
        thread = threading.Thread(target=migrator.upgrade, args=(engine,))
        thread.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        end = time.monotonic() + 30
        while not connection.execute(waiting).scalar():
            assert time.monotonic() < end
            time.sleep(0.02)
        assert migrator.current(holder) is None
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
    thread.join(120)

    assert migrator.is_at_head(engine)
    engine.dispose()
    holder.dispose()


def test_its_timeouts_do_not_stay_on_the_connection(new_database: Callable[..., str]) -> None:
    engine = make_engine(new_database(migrated=False), pool_size=1)
    migrator.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "0"
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "0"
        assert (
            connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar()
            == 0
        )
    engine.dispose()


def test_differences_leave_the_partitions_out(engine: Engine) -> None:
    removed = {each[1].name for each in migrator.differences(engine, MetaData()) if each[0] == "remove_table"}

    assert "results" in removed
    assert not any(name.startswith("results_") for name in removed)
