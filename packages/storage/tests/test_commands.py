from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from emeter_storage import migrator
from emeter_storage.commands import db
from emeter_storage.engine import make_engine
from emeter_storage.errors import UserError


@pytest.fixture
def url(new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    url = new_database(migrated=False)
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(db, arguments)


def test_upgrade_and_current_tell_where_the_database_is(url: str) -> None:
    assert run("current").output == "base\n"

    assert run("upgrade").output == f"The database is at {migrator.head()}.\n"

    assert run("current").output == f"{migrator.head()}\n"
    assert run("check").output == f"The database is at {migrator.head()}, the newest.\n"


def test_downgrade_takes_the_last_one_back(url: str) -> None:
    run("upgrade")

    assert run("downgrade", "--yes").exit_code == 0

    assert run("current").output != f"{migrator.head()}\n"
    assert run("downgrade", "base", "--yes").output == "The database is at base.\n"


def test_downgrade_without_a_terminal_names_the_option(url: str) -> None:
    run("upgrade")

    done = run("downgrade", "base")

    assert isinstance(done.exception, UserError)
    assert str(done.exception) == (
        "There is no terminal to ask whether to drop tables with their data: use --yes."
    )
    assert run("current").output == f"{migrator.head()}\n"


@pytest.mark.parametrize(
    ("answer", "left"), [("y\n", "base"), ("n\n", migrator.head()), ("\n", migrator.head())]
)
def test_downgrade_asks_first(url: str, monkeypatch: pytest.MonkeyPatch, answer: str, left: str) -> None:
    run("upgrade")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True, raising=False)

    done = CliRunner().invoke(db, ["downgrade", "base"], input=answer)

    assert url.rpartition("/")[2].partition("?")[0] in done.stderr
    assert done.exit_code == (0 if left == "base" else 1)
    assert run("current").output == f"{left}\n"


def test_check_fails_where_something_is_missing(url: str) -> None:
    done = run("check")

    assert isinstance(done.exception, UserError)
    assert str(done.exception) == (
        f"The database is at base, the newest is {migrator.head()}: run `emeter db upgrade`."
    )


@pytest.mark.parametrize("command", [["upgrade"], ["downgrade", "--yes"]])
def test_a_revision_that_does_not_exist_is_told(url: str, command: list[str]) -> None:
    done = run(*command, "nonsense")

    assert isinstance(done.exception, UserError)
    assert "nonsense" in str(done.exception)
    engine = make_engine(url)
    assert migrator.current(engine) is None
    engine.dispose()
