"""Confirmation of an e-mail address (accounts.md, R14 to R16; C01 to C06)."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import delete, select

from emeter_core.accounts import User, UserToken
from emeter_storage.engine import SessionFactory, transaction

IN_OUR_SYSTEM = "If your email is in our system"
CONFIRMED = "User confirmed successfully."
INVALID = "User confirmation link is invalid or it has expired."


@pytest.fixture
def stored(sessions: SessionFactory) -> Callable[[], User]:
    def find() -> User:
        with transaction(sessions) as session:
            return session.scalars(select(User)).one()

    return find


def without_links(sessions: SessionFactory) -> None:
    with transaction(sessions) as session:
        session.execute(delete(UserToken).where(UserToken.context == "confirm"))


def test_c01_the_form_is_shown(client) -> None:
    assert client.page("/users/confirm").h1.text == "Resend confirmation instructions"


def test_who_is_signed_in_finds_the_way_back(signed_in) -> None:
    links = {link.text: link["href"] for link in signed_in.page("/users/confirm").select(".links a")}
    assert links == {"Settings": "/users/settings", "Log out": "/users/log_out"}


def test_c02_the_link_is_mailed_again(client, user, sessions, contexts) -> None:
    without_links(sessions)
    answer = client.submit("/users/confirm", email=user.email)

    assert answer.location == "/"
    assert IN_OUR_SYSTEM in client.get("/").text
    assert contexts() == ["confirm"]


def test_c03_but_not_to_who_is_confirmed(client, user, sessions, contexts, mailed_paths) -> None:
    client.get(mailed_paths()[0])
    client.get("/")
    answer = client.submit("/users/confirm", email=user.email)

    assert answer.location == "/"
    assert IN_OUR_SYSTEM in client.get("/").text
    assert contexts() == []


def test_c04_nor_to_who_is_unknown(client, user, sessions, contexts) -> None:
    without_links(sessions)
    answer = client.submit("/users/confirm", email="unknown@example.com")

    assert answer.location == "/"
    assert IN_OUR_SYSTEM in client.get("/").text
    assert contexts() == []


def test_without_an_email_the_form_is_malformed(client) -> None:
    assert client.submit("/users/confirm").status_code == 400


def test_c05_a_link_confirms_once(app, client, user, stored, contexts, mailed_paths) -> None:
    path = mailed_paths()[0]

    assert client.get(path).location == "/"
    assert CONFIRMED in client.get("/").text
    assert stored().confirmed_at is not None
    assert "user_token" not in client.session_items()
    assert contexts() == []

    assert client.get(path).location == "/"
    assert INVALID in client.get("/").text

    signed_in = app.test_client()
    signed_in.log_in()
    assert signed_in.get(path).location == "/"
    assert "_flashes" not in signed_in.session_items()


@pytest.mark.parametrize("token", ["oops", "x" * 43, "%00", "%ff", "a" * 3000])
def test_c06_another_link_confirms_nobody(client, user, stored, token: str) -> None:
    assert client.get(f"/users/confirm/{token}").location == "/"
    assert INVALID in client.get("/").text
    assert stored().confirmed_at is None


def test_who_is_signed_in_and_not_confirmed_is_told_too(signed_in) -> None:
    signed_in.get("/users/confirm/oops")
    assert INVALID in signed_in.get("/").text


def test_following_the_link_while_signed_in_neither_logs_in_nor_out(signed_in, mailed_paths) -> None:
    token = signed_in.session_items()["user_token"]
    signed_in.get(mailed_paths()[0])
    assert signed_in.session_items()["user_token"] == token


def test_x07_both_links_are_good_and_one_kills_both(client, user, mailed_paths) -> None:
    client.submit("/users/confirm", email=user.email)
    first, second = mailed_paths()
    assert first != second

    client.get(second)
    assert CONFIRMED in client.get("/").text
    client.get(first)
    assert INVALID in client.get("/").text


def test_x21_the_link_does_not_heed_the_host_header(client, mails, mailed_paths) -> None:
    form = BeautifulSoup(client.get("/users/register", base_url="http://192.0.2.66/").text, "html.parser")
    client.post(
        "/users/register",
        data={
            "_csrf_token": form.find("input", {"name": "_csrf_token"})["value"],
            "email": "dora@example.com",
            "password": "hello world!",
        },
        headers={"X-Forwarded-Host": "192.0.2.66"},
        base_url="http://192.0.2.66/",
    )
    (mail,) = mails()
    assert "192.0.2" not in mail.text
    assert mailed_paths()[0].startswith("/users/confirm/")
