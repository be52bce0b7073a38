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


@pytest.mark.parametrize("changed", [{"host": "0.0.0.0"}, {"smtp_url": "smtp://localhost"}])
def test_it_is_there_only_on_this_machine_and_where_mails_are_files(
    make_app: Callable[[Settings], Flask], settings: Settings, mail: str, changed: dict[str, str]
) -> None:
    client = make_app(settings.model_copy(update=changed)).test_client()
    for path in ("/dev/mailbox", f"/dev/mailbox/{mail}", f"/dev/mailbox/{mail}/file"):
        assert client.get(path).status_code == 404


def test_it_is_not_there_for_another_machine(client, mail: str) -> None:
    assert client.get("/dev/mailbox", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
