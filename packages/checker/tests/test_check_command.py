"""`emeter check` names its options as `emeter monitor add` does."""

from typing import Any

import pytest
from click.testing import CliRunner

from emeter_checker.commands import check
from emeter_core.errors import Invalid
from emeter_core.outcome import Reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ftp://x"], "URL must start with http:// or https://"),
        (["http://x", "--expect", "2xx"], "--expect '2xx' is no status code or range"),
        (["http://x", "--max-redirects", "21"], "--max-redirects must be from 0 to 20"),
        (["http://x", "--header", "Host: y"], "--header Host is set by the check itself"),
        (["http://x", "--method", "brew"], "--method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        (["http://x", "--body", "x"], "--method and --body: a GET request carries no body"),
        (["http://x", "--timeout", "61"], "--timeout must be from 1 to 60 seconds"),
        (["http://x", "--keyword-absent"], "--keyword can't be blank"),
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


def test_a_target_that_is_away_is_told() -> None:
    done = CliRunner().invoke(check, ["http://127.0.0.1:1/"])

    assert done.exit_code == 1
    assert Reason.CONNECTION_REFUSED.text in done.output
