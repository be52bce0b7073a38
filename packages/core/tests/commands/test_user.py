import os
import pty
import subprocess
import sys

import pytest

from emeter_core.testing.terminal import PASSWORD, Terminal

EMETER = [sys.executable, "-P", "-m", "emeter_core.commands.main"]


def test_a_user_is_made_with_a_team(emeter: Terminal) -> None:
    said = emeter(
        "user", "create", "Me@Example.com", "--password-stdin", stdin=f"{PASSWORD}\nnot this line\n"
    )

    assert said.code == 0
    assert said.out.startswith('Created the user Me@Example.com with the team "Me\'s team" (')


def test_all_that_is_wrong_is_told_field_by_field(emeter: Terminal) -> None:
    said = emeter("user", "create", "no mail", "--password-stdin", stdin="short\n")

    assert said.code == 1
    assert said.err.splitlines() == [
        "Error: email must have the @ sign and no spaces",
        "Error: password should be at least 12 character(s)",
    ]


def test_an_email_is_taken_once_in_any_case(emeter: Terminal) -> None:
    emeter.create_user("me@example.com")

    said = emeter("user", "create", "ME@example.com", "--password-stdin", stdin=PASSWORD)

    assert (said.code, said.err) == (1, "Error: email has already been taken\n")


def test_an_empty_stdin_is_told(emeter: Terminal) -> None:
    said = emeter("user", "create", "me@example.com", "--password-stdin")

    assert (said.code, said.err) == (1, "Error: There is no password on stdin.\n")


@pytest.mark.parametrize("password", ["\udcff" * 12, "caf\udce9 correct horse"])
def test_a_password_that_is_no_utf_8_is_refused(emeter: Terminal, password: str) -> None:
    said = emeter("user", "create", "me@example.com", "--password-stdin", stdin=f"{password}\n")

    assert (said.code, said.err) == (1, "Error: The password on stdin is not valid UTF-8.\n")


def test_the_locale_does_not_change_a_password(emeter: Terminal) -> None:
    done = subprocess.run(
        [*EMETER, "user", "create", "me@example.com", "--password-stdin"],
        input=b"caf\xe9 correct horse\n",
        capture_output=True,
        env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"Error: The password on stdin is not valid UTF-8.\n")


def test_without_a_terminal_it_says_what_to_use(emeter: Terminal) -> None:
    done = subprocess.run(
        [*EMETER, "user", "create", "me@example.com"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "Error: There is no terminal to ask for the password: use --password-stdin.\n",
    )


@pytest.mark.usefixtures("at_a_terminal")
def test_a_wrong_email_is_told_before_the_password_is_asked_for(
    emeter: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("asked for a password"))

    said = emeter("user", "create", "no mail")

    assert (said.code, said.err) == (1, "Error: email must have the @ sign and no spaces\n")


@pytest.mark.parametrize("options", [[], ["--password-stdin"]])
def test_the_password_is_asked_for_twice_and_not_shown(emeter: Terminal, options: list[str]) -> None:
    """Also with `--password-stdin`, as `user reset-password` does it: what is typed there would be shown."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*EMETER, "user", "create", "me@example.com", *options],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=os.environ,
    ) as process:
        os.close(slave)
        said = _read_until(master, b"Password: ")
        os.write(master, f"{PASSWORD}\n".encode())
        said += _read_until(master, b"Repeat for confirmation: ")
        os.write(master, f"{PASSWORD}\n".encode())
        said += _read_until(master, b"team")
        assert process.wait(30) == 0
    os.close(master)

    assert PASSWORD.encode() not in said
    assert b"Created the user me@example.com" in said


def _read_until(terminal: int, words: bytes) -> bytes:
    said = b""
    while words not in said:
        said += os.read(terminal, 1024)
    return said
