import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from emeter_core.mail import Mail, message_of, write_mail
from emeter_core.settings import Settings

NOW = datetime(2026, 11, 23, 14, 26, tzinfo=UTC)


@pytest.fixture
def mail(settings: Settings) -> str:
    """A mail in the mailbox, with what a name of a monitor may bring along; its name."""
    text = "Hi,\n\nhttp://localhost:8000/incidents/1\n\n<script>alert(1)</script>"
    letter = Mail("dora@example.com", "Down: <b>Shop</b>", text, "<p>Hi</p>")
    message = message_of(letter, sender="e-meter@localhost", message_id=uuid.UUID(int=1), date=NOW)
    return write_mail(settings.directory.mail, message, now=NOW)


def test_mails_are_listed_and_shown_as_text(client, mail: str) -> None:
    listed = client.page("/dev/mailbox")
    assert [each.text for each in listed.select("[data-subject]")] == ["Down: <b>Shop</b>"]

    shown = client.page(listed.select_one("[data-subject]")["href"])
    assert shown.select_one("h1").text == "Down: <b>Shop</b>"
    assert shown.select_one("pre a")["href"] == "http://localhost:8000/incidents/1"
    assert "<script>alert(1)</script>" in shown.select_one("pre").text


def test_a_mail_is_handed_out_as_a_file(client, mail: str) -> None:
    answer = client.get(f"/dev/mailbox/{mail}/file")

    assert answer.mimetype == "message/rfc822"
    assert f"filename={mail}" in answer.headers["Content-Disposition"].replace('"', "")
    assert b"Message-ID: <00000000-0000-0000-0000-000000000001@" in answer.data


def test_an_empty_mailbox_says_what_will_come(client) -> None:
    assert "No mail yet" in client.page("/dev/mailbox").text


@pytest.mark.parametrize("name", ["nothing.eml", "..%2Fsecret_key", ".%2e/secret_key", "%00", "a" * 3000])
def test_no_other_file_is_reached(client, mail: str, settings: Settings, name: str) -> None:
    Path(settings.data_dir, "secret_key").write_text("hush")
    for path in (f"/dev/mailbox/{name}", f"/dev/mailbox/{name}/file"):
        assert client.get(path).status_code == 404


@pytest.fixture
def statuses(mail: str) -> Callable[..., set[int]]:
    """How each page of the mailbox answers a request."""
    paths = ("/dev/mailbox", f"/dev/mailbox/{mail}", f"/dev/mailbox/{mail}/file")
    return lambda client, **request: {client.get(path, **request).status_code for path in paths}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"host": "::1"}, 200),
        ({"host": "localhost", "base_url": "http://127.0.0.1:8000"}, 200),
        ({"host": "0.0.0.0"}, 404),
        ({"host": "::"}, 404),
        ({"host": "192.0.2.1"}, 404),
        ({"base_url": "https://meter.example"}, 404),
        ({"smtp_url": "smtp://localhost"}, 404),
    ],
)
def test_it_is_there_only_on_this_machine_and_where_mails_are_files(
    make_app: Callable[[Settings], Flask], settings: Settings, statuses, changed: dict[str, str], status: int
) -> None:
    client = make_app(settings.model_copy(update=changed)).test_client()
    assert statuses(client) == {status}


@pytest.mark.parametrize(
    ("peer", "status"),
    [("127.0.0.9", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 404), ("", 404), ("x", 404)],
)
def test_it_is_not_there_for_another_machine(client, statuses, peer: str, status: int) -> None:
    assert statuses(client, environ_base={"REMOTE_ADDR": peer}) == {status}


PROXIES = [
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=192.0.2.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("trusted", [0, 1, 2])
def test_it_is_not_there_behind_a_proxy_on_this_machine(
    make_app: Callable[[Settings], Flask], settings: Settings, statuses, trusted: int
) -> None:
    client = make_app(settings.model_copy(update={"trusted_proxies": trusted})).test_client()
    for headers in PROXIES:
        assert statuses(client, headers=headers) == {404}, headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example:8000", 404),
        ("localhost.evil.example", 404),
        ("192.0.2.1", 404),
        ("[::1", 404),
        ("", 404),
    ],
)
def test_no_page_of_another_site_can_read_it(client, statuses, host: str, status: int) -> None:
    """Whoever has the name of their site lead here, once its page is loaded."""
    found = statuses(client, headers={"Host": host})
    assert found == {status} or (status == 404 and found <= {400, 404, 421})
