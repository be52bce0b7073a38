"""What the log tells of refusals."""

import logging

import pytest

from emeter_web import tally
from emeter_web.tally import Tally


class Clock:
    """A clock that is moved by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [record.fields for record in caplog.records]  # type: ignore[attr-defined]


def test_the_first_is_told_at_once_and_the_others_a_minute_later(monkeypatch, caplog) -> None:
    clock, refused = Clock(), Tally()
    monkeypatch.setattr(tally, "time", clock)
    for _ in range(1000):
        refused.count("account", "192.0.2.1")
        clock.now += 0.05
    refused.count("log in", "192.0.2.2")
    assert told(caplog) == [{"requests": "account: 1", "last_from": "192.0.2.1"}]
    clock.now += 10
    refused.count("account", "192.0.2.3")
    assert told(caplog)[1:] == [{"requests": "account: 1000, log in: 1", "last_from": "192.0.2.3"}]


def test_what_was_refused_is_said_first(caplog) -> None:
    Tally("Requests were refused as forged").count("The CSRF token is missing", "192.0.2.1")
    assert caplog.messages == ["Requests were refused as forged"]
    assert told(caplog) == [{"requests": "The CSRF token is missing: 1", "last_from": "192.0.2.1"}]


def test_who_forges_fills_no_log(client, caplog) -> None:
    caplog.set_level(logging.INFO)
    statuses = {
        client.post(path, data={"email": f"{number}@example.com"}).status_code
        for path in ("/users/register", "/users/log_in", "/settings/theme")
        for number in range(10)
    }
    assert statuses == {403}
    assert len([message for message in caplog.messages if "forged" in message]) == 1


@pytest.mark.usefixtures("user")
def test_who_guesses_fills_no_log(client, caplog) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    statuses = [client.log_in(password="wrong").status_code for _ in range(14)]
    assert statuses.count(429) == 4
    assert len(caplog.messages) <= 1
    assert "dora" not in caplog.text
