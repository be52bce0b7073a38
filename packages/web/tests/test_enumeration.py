"""Who has an account is told to nobody: log in, reset and resend answer all alike (accounts.md, 4.6)."""

import re
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from emeter_core.accounts import User, hash_password, password
from emeter_storage.engine import SessionFactory, transaction
from emeter_web.session_cookie import SESSION

# As long as the one of `user`, so that an echo has the same length.
KNOWN, UNKNOWN = "dora@example.com", "nora@example.com"
FORMS = {
    "log in": ("/users/log_in", {"password": "a wrong password"}),
    "log in, to be remembered": ("/users/log_in", {"password": "a wrong password", "remember_me": "true"}),
    "log in, with nothing": ("/users/log_in", {"password": ""}),
    "log in, with too much": ("/users/log_in", {"password": "x" * 100}),
    "reset": ("/users/reset_password", {}),
    "resend": ("/users/confirm", {}),
}
MASKS = (
    (re.compile(r'nonce([-=]"?)[\w-]{24}'), r"nonce\1*"),
    (re.compile(r'(name="(?:_csrf_token|csrf-token)" (?:value|content)=")[^"]+'), r"\1*"),
    (re.compile(r"[dn]ora@example\.com", re.IGNORECASE), "*"),
    # When the page was made, to the millisecond.
    (re.compile(r'(data-now=")\d+'), r"\1*"),
)


@dataclass(frozen=True)
class Seen:
    """What a visitor can tell of an answer, and of the page it leads to."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    session: dict[str, object]
    next_page: str


def mask(said: str) -> str:
    for pattern, masked in MASKS:
        said = pattern.sub(masked, said)
    return said


def seen(app: Flask, path: str, email: str, fields: dict[str, str]) -> Seen:
    """Send the form from a browser that was never here."""
    browser = app.test_client()
    browser.get(path)
    answer = browser.submit(path, email=email, **fields)
    session = {name: value for name, value in browser.session_items().items() if name != "_csrf_token"}
    return Seen(
        answer.status_code, headers_of(answer), mask(answer.text), session, mask(browser.get("/").text)
    )


def weight(cookie: str) -> tuple[int, list[int]]:
    """How many bytes a signed cookie holds, unpacked where it is packed; how long time and signature are.

    What is packed has a few bytes more or less by chance, as the CSRF token in it is random.
    """
    is_packed = cookie.startswith(".")
    content, *rest = cookie.removeprefix(".").split(".")
    data = urlsafe_b64decode(content + "=" * (-len(content) % 4))
    return len(zlib.decompress(data) if is_packed else data), [len(part) for part in rest]


def headers_of(answer: TestResponse) -> list[tuple[str, str]]:
    """The headers but for the time; of a cookie what the browser does with it, and how much it holds."""
    told = [(name, mask(value)) for name, value in answer.headers if name not in {"Date", "Set-Cookie"}]
    for header in answer.headers.getlist("Set-Cookie"):
        for name, cookie in SimpleCookie(header).items():
            told.append((name, repr((sorted(dict(cookie).items()), weight(cookie.value)))))
    return sorted(told)


@pytest.fixture
def confirm(sessions: SessionFactory) -> Callable[[], None]:
    """Have everybody be confirmed."""

    def run() -> None:
        with transaction(sessions) as session:
            session.execute(update(User).values(confirmed_at=User.inserted_at))

    return run


@pytest.mark.parametrize("form", FORMS)
def test_r5_a_known_email_and_an_unknown_one_are_answered_alike(app: Flask, user, confirm, form: str) -> None:
    path, fields = FORMS[form]
    unknown = seen(app, path, UNKNOWN, fields)

    assert seen(app, path, KNOWN, fields) == unknown
    assert seen(app, path, KNOWN.upper(), fields) == unknown
    confirm()
    assert seen(app, path, KNOWN, fields) == unknown
    assert (unknown.status, set(unknown.session)) == (
        (200, set()) if "password" in fields else (302, {"_flashes"})
    )


def test_r5_being_stopped_tells_nothing_either(app: Flask, user) -> None:
    """Limits count what is typed, be it an account or not."""
    for path, fields in FORMS.values():
        answers = {}
        for email in (KNOWN, UNKNOWN):
            browser = app.test_client()
            answers[email] = [browser.submit(path, email=email, **fields) for _ in range(25)]
        known, unknown = ([each.status_code for each in answers[email]] for email in (KNOWN, UNKNOWN))
        assert known == unknown
        last, other = (answers[email][-1] for email in (KNOWN, UNKNOWN))
        assert (last.status_code, headers_of(last), mask(last.text)) == (
            429, headers_of(other), mask(other.text),
        )  # fmt: skip


@pytest.mark.parametrize("form", [form for form in FORMS if form.startswith("log in")])
def test_r5_every_log_in_costs_one_hash_of_the_same_price(app: Flask, user, monkeypatch, form: str) -> None:
    prices: list[bytes] = []
    check = password.bcrypt.checkpw
    monkeypatch.setattr(
        password.bcrypt, "checkpw", lambda given, hashed: prices.append(hashed[:7]) or check(given, hashed)
    )
    path, fields = FORMS[form]
    for email in (KNOWN, UNKNOWN, "", "x" * 500):
        seen(app, path, email, fields)
    assert prices == [hash_password("any of them")[:7].encode()] * 4


def test_cookies_that_hold_more_do_not_count_as_alike(app: Flask) -> None:
    """Else the answers above could be alike whatever their cookies hold."""
    # The second one has a flash, and where to come back to.
    answers = [
        dict(headers_of(app.test_client().get(path))).get(SESSION) for path in ("/", "/users/settings")
    ]
    assert answers[0] != answers[1]
    assert weight("eyJhIjoxfQ.abc.defg") == (7, [3, 4])


@pytest.mark.parametrize("form", ["reset", "resend"])
def test_only_the_mailbox_tells(app: Flask, user, mails, form: str) -> None:
    """Else the answers above could be alike because nothing is ever sent."""
    before = len(mails())
    for email in (UNKNOWN, KNOWN):
        seen(app, *(FORMS[form][0], email, FORMS[form][1]))
    assert [mail.to for mail in mails()[before:]] == [user.email]


def test_no_token_of_a_session_is_in_the_answers(app: Flask, user) -> None:
    """A session that began would be the plainest way to tell."""
    for path, fields in FORMS.values():
        browser = app.test_client()
        browser.submit(path, email=KNOWN, **fields)
        assert "user_token" not in browser.session_items()
        assert set(browser._cookies) <= {("localhost", "/", SESSION)}
