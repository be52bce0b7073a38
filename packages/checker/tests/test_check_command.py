"""`emeter check` names its options as `emeter monitor add` does."""

import socket
import threading
from typing import Any

import pytest
from click.testing import CliRunner

from emeter_checker.commands import check
from emeter_core.errors import Invalid
from emeter_core.outcome import Reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ftp://x"], "URL must start with http://, https://, tcp:// or ping://"),
        (["foo"], "URL must start with http://, https://, tcp:// or ping://"),
        (["http://x", "--expect", "2xx"], "--expect '2xx' is no status code or range"),
        (["http://x", "--max-redirects", "21"], "--max-redirects must be from 0 to 20"),
        (["http://x", "--header", "Host: y"], "--header Host is set by the check itself"),
        (["http://x", "--method", "brew"], "--method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        (["http://x", "--body", "x"], "--method and --body: a GET request carries no body"),
        (["http://x", "--timeout", "61"], "--timeout must be from 1 to 60 seconds"),
        (["http://x", "--keyword-absent"], "--keyword can't be blank"),
        (["tcp://x"], "URL must name a port, as in example.com:25"),
        (["tcp://x:1", "--expect", "\\q"], "--expect has a backslash that begins no escape"),
        (["tcp://x:1", "--packets", "1"], "--packets is unknown to the kind tcp"),
        (["ping://x:1"], "URL must not name a port"),
        (["ping://x", "--max-loss", "100"], "--max-loss must be from 0 to 99"),
    ],
)
def test_what_is_wrong_names_the_option(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(check, arguments)

    assert isinstance(done.exception, Invalid)
    assert str(done.exception).startswith(message)
    assert done.output == ""


def test_a_header_without_a_colon_is_not_repeated() -> None:
    done = CliRunner().invoke(check, ["http://x", "--header", "hush"])

    assert done.exit_code == 2
    assert "'--header': number 1 is no header" in done.output
    assert "hush" not in done.output


def test_two_families_exclude_each_other() -> None:
    done = CliRunner().invoke(check, ["http://x", "--ipv4", "--ipv6"])

    assert done.exit_code == 2
    assert "--ipv4 and --ipv6 exclude each other." in done.output


def test_what_is_chosen_is_what_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Stop(Exception):  # noqa: N818 - ends the command where the check would begin
        pass

    def check_once(spec: Any, _guard: object) -> None:  # noqa: ANN401 - a spec
        asked.append(spec)
        raise Stop

    monkeypatch.setattr("emeter_checker.once.check_once", check_once)
    done = CliRunner().invoke(check, ["http://x", "--method", "post", "--ipv6", "--timeout", "7"])

    assert isinstance(done.exception, Stop)
    (spec,) = asked
    assert (spec.settings.method, spec.settings.ip_family) == ("POST", "ipv6")
    assert spec.settings.verify_tls


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "tcp://127.0.0.1:1"])
def test_a_target_that_is_away_is_told(url: str) -> None:
    done = CliRunner().invoke(check, [url])

    assert done.exit_code == 1
    assert Reason.CONNECTION_REFUSED.text in done.output


def test_a_port_that_answers_otherwise_is_told_with_its_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def refuse() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(b"554 not today\r\n")

        answering = threading.Thread(target=refuse)
        answering.start()
        done = CliRunner().invoke(check, [f"tcp://127.0.0.1:{port}", "--expect", "220"])
        answering.join()

    assert done.exit_code == 1
    assert done.output.startswith("DOWN  The answer does not contain “220”\n")
    assert "  answer      554 not today\n" in done.output


def test_a_host_is_pinged_or_it_is_told_that_this_machine_may_not() -> None:
    done = CliRunner().invoke(check, ["ping://127.0.0.1", "--packets", "1"])

    if done.exit_code == 0:
        assert done.output.startswith("UP  As expected\n")
    else:
        assert done.output.startswith("NO DATA  This machine does not let us send pings\n")
        assert "net.ipv4.ping_group_range" in done.output
