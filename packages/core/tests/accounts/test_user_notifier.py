"""The mails about accounts, to the letter."""

import json
import re
from html import unescape
from unittest.mock import Mock

import pytest
from sqlalchemy import select

from emeter_core.accounts import (
    deliver_user_reset_password_instructions,
    imitate_instructions,
    user_notifier,
)
from emeter_core.alerts import Delivery
from emeter_core.mail import Mail

IGNORE = "If you didn't request this change, please ignore this."
EMAIL, URL = "dora@example.com", "https://meter.example/users/confirm/token"


@pytest.mark.parametrize(
    ("mail", "subject", "sentence", "closing"),
    [
        (
            user_notifier.confirmation_instructions(EMAIL, URL),
            "Confirmation instructions",
            "You can confirm your account by visiting the URL below:",
            "If you didn't create an account with us, please ignore this.",
        ),
        (
            user_notifier.reset_password_instructions(EMAIL, URL),
            "Reset password instructions",
            "You can reset your password by visiting the URL below:",
            IGNORE,
        ),
        (
            user_notifier.update_email_instructions(EMAIL, URL),
            "Update email instructions",
            "You can change your email by visiting the URL below:",
            IGNORE,
        ),
    ],
)
def test_a_mail_says_who_what_where_and_what_else(
    mail: Mail, subject: str, sentence: str, closing: str
) -> None:
    assert (mail.to, mail.subject) == (EMAIL, subject)
    assert mail.text.split("\n") == [
        "",
        "==============================",
        "",
        f"Hi {EMAIL},",
        "",
        sentence,
        "",
        URL,
        "",
        closing,
        "",
        "==============================",
        "",
    ]
    html = unescape(mail.html)
    assert all(f">{told}</p>" in html for told in (f"Hi {EMAIL},", sentence, URL, closing))


@pytest.mark.parametrize(
    ("mail", "action"),
    [
        (user_notifier.confirmation_instructions(EMAIL, URL), "Confirm account"),
        (user_notifier.reset_password_instructions(EMAIL, URL), "Set a new password"),
        (user_notifier.update_email_instructions(EMAIL, URL), "Change email"),
    ],
)
def test_a_link_is_a_button_in_html(mail: Mail, action: str) -> None:
    [(link, style, said)] = re.findall(r'<a href="([^"]*)" style="([^"]*)">([^<]*)</a>', mail.html)
    assert (link, said) == (URL, action)
    assert "background:" in style


def test_no_address_speaks_html() -> None:
    email = '"<img/src=x>"@example.com'
    mail = user_notifier.email_changed(email, "<b>@example.com")
    assert email in mail.text
    assert "<img" not in mail.html
    assert "<b>" not in mail.html


def test_the_old_email_is_told_without_a_link() -> None:
    mail = user_notifier.email_changed("old@example.com", "new@example.com")
    assert (mail.to, mail.subject) == ("old@example.com", "Your email was changed")
    for part in (mail.text, mail.html):
        assert "new@example.com" in part
        assert "://" not in part
        assert "<a" not in part


def test_a_mail_waits_encrypted_for_the_sender(session, user, mark, vault, noon) -> None:
    mail = deliver_user_reset_password_instructions(session, user, mark, vault=vault, now=noon)
    (waiting,) = session.scalars(select(Delivery))
    assert (waiting.event, waiting.recipient, waiting.state) == ("account.password_reset", EMAIL, "pending")
    assert (waiting.user_id, waiting.team_id, waiting.next_attempt_at) == (user.id, None, noon)
    assert b"TOKEN" not in waiting.body
    assert json.loads(vault.open("mail", waiting.body))["text"] == mail.text


def test_for_whom_there_is_none_a_mail_is_written_and_thrown_away(session, user, vault, noon) -> None:
    """It has a link and is encrypted, as long as the one that it stands for; there is no row of it."""
    sealed: list[bytes] = []
    counting = Mock(seal=lambda purpose, text: sealed.append(vault.seal(purpose, text)) or sealed[-1])
    mark = "https://meter.example/{}".format
    imitate_instructions(EMAIL, mark, vault=counting)
    assert session.scalars(select(Delivery)).all() == []
    deliver_user_reset_password_instructions(session, user, mark, vault=counting, now=noon)
    assert len(sealed[0]) == len(sealed[1])
    imitate_instructions("x" * 1_000_000, mark, vault=counting)
    assert len(sealed[2]) < 10_000
