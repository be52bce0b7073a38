"""A mail as RFC 5322 has it, whatever is written in it."""

import uuid
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.errors import Invalid
from emeter_core.mail import Mail, message_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ID = uuid.UUID("11111111-2222-4333-8444-555555555555")
SENDER = "E-Meter <e-meter@example.com>"

anything = st.text(max_size=300)


def sent(mail: Mail, sender: str = SENDER) -> EmailMessage:
    """What arrives."""
    message = message_of(mail, sender=sender, message_id=ID, date=NOON)
    return message_from_bytes(message.as_bytes(), policy=policy.default)


def test_a_mail_shows_nobody_what_it_says() -> None:
    shown = repr(Mail("bob@example.com", "Reset", "https://link", "<a href='https://link'>"))
    assert "bob@example.com" in shown
    assert "link" not in shown


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def test_a_plain_mail_has_all_that_a_mail_needs() -> None:
    message = sent(Mail("ops@example.com", "Down: Shop", "Shop is down.\n"))
    assert dict(message.items()) == {
        "From": "E-Meter <e-meter@example.com>",
        "To": "ops@example.com",
        "Subject": "Down: Shop",
        "Date": "Mon, 23 Nov 2026 12:00:00 +0000",
        "Message-ID": f"<{ID}@example.com>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert part(message, "plain") == "Shop is down.\n"


def test_html_stands_beside_the_text() -> None:
    message = sent(Mail("ops@example.com", "x", "Grüße 🦉\n", "<p>Grüße 🦉</p>\n"))
    assert message.get_content_type() == "multipart/alternative"
    assert part(message, "plain") == "Grüße 🦉\n"
    assert part(message, "html") == "<p>Grüße 🦉</p>\n"


def test_a_follow_up_belongs_to_what_it_follows() -> None:
    first = uuid.UUID(int=7)
    message = sent(Mail("ops@example.com", "Up again", "x", follows=first))
    assert message["In-Reply-To"] == message["References"] == f"<{first}@example.com>"


def test_the_same_delivery_has_the_same_id_each_time() -> None:
    later = message_of(Mail("a@b.c", "x", "y"), sender=SENDER, message_id=ID, date=NOON.replace(hour=20))
    assert later["Message-ID"] == sent(Mail("a@b.c", "x", "y"))["Message-ID"]


@pytest.mark.parametrize(
    "sender", ["e-meter@example.com", '"E, Meter" <e@example.com>', "Größe <e@example.com>"]
)
def test_a_sender_has_a_name_or_none(sender: str) -> None:
    message = sent(Mail("ops@example.com", "x", "y"), sender)
    assert message["From"].addresses[0].domain == "example.com"
    assert ("Größe" in sender) == (message["From"].addresses[0].display_name == "Größe")


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("Down: Shop\r\nBcc: evil@example.com", "Down: Shop Bcc: evil@example.com"),
        ("a\n\nbody", "a body"),
        ("a\0b", "a b"),
        ("a\x85b\u2028c\u2029d\x0be\x0cf\x1cg", "a b c d e f g"),
        ("\ud800x", "x"),
        ("Grüße 🦉", "Grüße 🦉"),
        ("=?utf-8?q?Down?=", "=?utf-8?q?Down?="),
        ("x" * 201, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_a_subject_is_one_line(subject: str, read: str) -> None:
    message = sent(Mail("ops@example.com", subject, "x"))
    # What looks encoded is decoded by whoever reads it; it must only not become another header.
    assert str(message["Subject"]) in {read, "Down"}
    assert "Bcc" not in message


@given(subject=anything, text=anything, html=anything)
def test_nothing_that_is_written_breaks_out_of_its_place(subject: str, text: str, html: str) -> None:
    message = sent(Mail("ops@example.com", subject, text, html))
    assert set(message.keys()) <= {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    assert str(message["To"]) == "ops@example.com"
    assert message["Message-ID"] == f"<{ID}@example.com>"
    assert message.get_body(("plain",)) is not None
    assert not message.defects


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=150))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    expected = " ".join(subject.split())
    if "=?" not in expected:
        assert " ".join(str(sent(Mail("ops@example.com", subject, "x"))["Subject"]).split()) == expected


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=3000))
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    arrived = part(sent(Mail("ops@example.com", "x", text)), "plain")
    assert arrived.removesuffix("\n") == text.removesuffix("\n")


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ops",
        "@example.com",
        "ops@",
        "ops@example.com\r\nBcc: evil@example.com",
        "ops@example.com\n",
        "ops@example.com, evil@example.com",
        "ops@example.com evil@example.com",
        "Ops <ops@example.com>",
        "a@b@c",
        "o\0ps@example.com",
        "\ud800@example.com",
        "ops@example.com;evil@example.com",
        "ops@example.com>",
        "ops@example.com(comment)",
        "ops@[192.0.2.1]",
        '"',
    ],
)
def test_a_recipient_is_one_address(to: str) -> None:
    with pytest.raises(Invalid) as refused:
        message_of(Mail(to, "x", "y"), sender=SENDER, message_id=ID, date=NOON)
    assert set(refused.value.fields) == {"email"}


@given(anything | st.from_regex(r"[^@,;\s]{1,99}@[^@,;\s]{1,99}", fullmatch=True))
def test_what_is_no_address_is_refused_and_what_is_one_is_kept(to: str) -> None:
    mail = Mail(to, "x", "y")
    try:
        message = message_of(mail, sender=SENDER, message_id=ID, date=NOON)
    except Invalid:
        return
    [address] = message["To"].addresses
    assert f"{address.username}@{address.domain}" == to
    assert list(sent(mail).keys()).count("To") == 1


@pytest.mark.parametrize(
    "to", ["ops(comment)@example.com", '"ops"@example.com', "a<b>c@example.com", "a..b@example.com"]
)
def test_an_odd_address_is_quoted_and_stays_one(to: str) -> None:
    [address] = sent(Mail(to, "x", "y"))["To"].addresses
    assert f"{address.username}@{address.domain}".replace('"', "") == to.replace('"', "")


def test_an_address_of_any_script_stays_what_it_is() -> None:
    message = sent(Mail("jürgen@müller.example", "x", "y"))
    assert str(message["To"]) == "jürgen@müller.example"
