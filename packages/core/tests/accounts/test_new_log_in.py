"""The mail about a log-in from a device that is not known."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from emeter_core.accounts import deliver_new_log_in
from emeter_core.mail import Mail
from emeter_core.outbox import Delivery

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
RESET, SETTINGS = "https://meter.example/users/reset_password", "https://meter.example/users/settings"


@pytest.fixture
def told(session, user, vault, noon) -> Callable[..., Mail | None]:
    return partial(
        deliver_new_log_in,
        session,
        user,
        device=FIREFOX,
        address="192.0.2.7",
        reset_url=RESET,
        settings_url=SETTINGS,
        vault=vault,
        now=noon,
    )


def test_it_says_which_device_from_where_when_and_what_to_do(told, session, user, noon) -> None:
    mail = told()
    delivery = session.scalars(select(Delivery)).one()

    assert (mail.to, mail.subject) == (user.email, "New log-in to your account")
    for part in (mail.text, mail.html):
        assert f"Device: Firefox on Linux\nAddress: 192.0.2.7\nTime: {noon:%Y-%m-%d} 12:00 UTC" in part
    assert f"set a new one at {RESET} and every log-in ends" in mail.text
    assert f"in your settings: {SETTINGS}" in mail.text
    assert f'href="{RESET}"' in mail.html
    assert f'href="{SETTINGS}"' in mail.html
    assert (delivery.event, delivery.user_id, delivery.recipient, delivery.state) == (
        "account.new_log_in",
        user.id,
        user.email,
        "pending",
    )


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("curl/8.14.1", "curl"),
        ("python-requests/2.34", "python-requests"),
        ("You won! Go to https://evil.example", "You"),
        ("https://evil.example", "https"),
        ("evil.example/prize", "evil"),
        ("A" * 30, "Unknown device"),
        ("\r\nBcc: eve@example.com", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_no_more_than_a_word_of_what_a_device_calls_itself_gets_into_a_mail(told, agent, name) -> None:
    mail = told(device=agent)
    assert f"\nDevice: {name}\n" in mail.text
    assert "evil.example" not in mail.text + mail.html


def test_an_address_may_be_unknown(told) -> None:
    assert "\nAddress: unknown\n" in told(address=None).text


def test_five_mails_an_hour_are_enough(told, session, new_user, noon) -> None:
    assert [told() is None for _ in range(7)] == [False] * 5 + [True] * 2
    assert told(now=noon + timedelta(minutes=59)) is None
    assert told(now=noon + timedelta(minutes=60)) is not None
    assert session.scalar(select(func.count()).select_from(Delivery)) == 6
