import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from emeter_core.commands import main
from emeter_core.testing.terminal import Terminal

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Have the command `raise` raise what is given."""

    def install(error: BaseException) -> None:
        def fail() -> None:
            raise error

        command = click.Command("raise", callback=fail)
        monkeypatch.setattr(main.Subcommands, "get_command", lambda *_: command)

    return install


def test_the_version_and_the_help_are_told(bare: Terminal) -> None:
    assert bare("--version").out.startswith("E-Meter ")
    said = bare("--help")
    assert said.code == 0
    assert {"db", "monitor", "up", "user"} <= set(said.out.split())


def test_naming_the_commands_imports_none() -> None:
    code = (
        "import sys, click; from emeter_core.commands.main import emeter;"
        "names = emeter.list_commands(click.Context(emeter));"
        "print('monitor' in names, 'sqlalchemy' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True False False\n"


def test_the_help_tells_what_each_command_says_of_itself() -> None:
    context = click.Context(main.emeter)
    told, loaded = click.HelpFormatter(width=80), click.HelpFormatter(width=80)
    main.emeter.format_commands(context, told)
    click.Group.format_commands(main.emeter, context, loaded)

    assert "Look after what is watched." in told.getvalue()
    assert told.getvalue() == loaded.getvalue()


def test_the_help_imports_no_command() -> None:
    code = (
        "import sys; from emeter_core.commands.main import run; run(['--help']);"
        "sys.exit(any(name in sys.modules for name in ('alembic', 'sqlalchemy', 'pydantic', 'flask')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["--nonsense"], ["monitor", "list", "--page", "x"], ["user", "create"]]
)
def test_a_wrong_command_line_ends_with_two(bare: Terminal, arguments: list[str]) -> None:
    said = bare(*arguments)

    assert said.code == 2
    assert "Error: " in said.err
    assert "Traceback" not in said.err


def test_bytes_that_are_no_text_are_refused(bare: Terminal) -> None:
    said = bare("monitor", "add", "http://x/\udcff")

    assert said.code == 2
    assert "is not valid UTF-8" in said.err


def test_a_database_that_is_away_is_one_line_with_what_to_do(bare: Terminal) -> None:
    said = bare("db", "current")

    assert said.code == 1
    assert said.err.startswith("Error: The database at postgresql://")
    assert said.err.endswith("Start it with `emeter up`, or set DATABASE_URL.\n")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_a_database_of_ones_own_that_is_away_is_shown_without_its_password(
    bare: Terminal, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://nobody:hidden@127.0.0.1:1/emeter")

    said = bare("db", "current")

    assert said.code == 1
    assert said.err.startswith(
        "Error: The database at postgresql://nobody:***@127.0.0.1:1/emeter does not answer: "
    )
    assert said.err.endswith(". Is DATABASE_URL right, and does that server run?\n")
    assert "hidden" not in said.err
    assert len(said.err.splitlines()) == 1


def test_a_database_without_migrations_is_told_so(
    bare: Terminal, monkeypatch: pytest.MonkeyPatch, new_database: Callable[..., str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", new_database(migrated=False))

    said = bare("monitor", "list")

    assert (said.code, said.err) == (1, "Error: The database lacks migrations: run `emeter db upgrade`.\n")


def test_a_bad_setting_is_one_line(bare: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")

    said = bare("monitor", "list")

    assert said.code == 1
    assert said.err.startswith("Error: Bad setting PORT: ")
    assert len(said.err.splitlines()) == 1


def test_redis_is_named(bare: Terminal, raising: Callable[[BaseException], None]) -> None:
    import redis  # noqa: PLC0415 - for this test alone

    raising(redis.ConnectionError("refused"))

    said = bare("raise")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("Error: Redis does not do its part: refused.")


def test_a_file_is_named(bare: Terminal, raising: Callable[[BaseException], None]) -> None:
    raising(PermissionError(13, "Permission denied", "/some/file"))

    assert bare("raise").err == "Error: /some/file: Permission denied\n"


def test_a_bug_is_admitted_in_one_line_and_shown_on_demand(
    bare: Terminal, raising: Callable[[BaseException], None]
) -> None:
    raising(KeyError("oh\nno"))

    said = bare("raise")
    assert said.code == 1
    assert said.err.startswith("Error: This is a bug in E-Meter: KeyError: 'oh\\nno'\n")
    assert "Traceback" not in said.err

    assert "Traceback" in bare("--debug", "raise").err


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (click.Abort(), 130), (SystemExit(7), 7)],
)
def test_how_it_ends(
    bare: Terminal, raising: Callable[[BaseException], None], error: BaseException, code: int
) -> None:
    raising(error)
    try:
        ended = bare("raise").code
    except SystemExit as exit_:
        ended = exit_.code

    assert ended == code


def test_a_reader_that_went_away_is_no_trouble() -> None:
    process = subprocess.Popen([*EMETER, "monitor", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        said = stream.read()

    assert (process.wait(30), said) == (1, b"")
