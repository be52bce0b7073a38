"""Whatever is sent to the forms of accounts: the page again or 4xx, never a 500."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from emeter_core.accounts import User
from emeter_core.settings import Settings
from emeter_storage.engine import transaction

NAMES = st.sampled_from(
    [
        *("password_confirmation", "current_password", "password[]", "current_password[x]", "token"),
        *("email", "password", "remember_me", "_method", "_csrf_token", "action", "user[email]", "email[]"),
        *("email[x]", "email.x", "password[0][y]", "id", "confirmed_at", "hashed_password", "", "\0"),
    ]
)
VALUES = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Zs", "So", "Lo"]), max_size=20),
    st.sampled_from(
        [
            *(
                "dora@example.com",
                "DORA@EXAMPLE.COM",
                "a@b",
                "a@b\0",
                "@",
                "hello world!",
                "true",
                "' OR 1=1 --",
            ),
            *(
                "x" * 161 + "@example.com",
                "x" * 73,
                "\U0001f525" * 20,
                "\0" * 12,
                " " * 12,
                "{{7*7}}",
                "%s%n",
            ),
            *("update_email", "update_password", "new@example.com"),
            *(
                "a@b\r\nBcc: c@d",
                "<script>alert(1)</script>",
                "delete",
                "PUT",
                "\u202e",
                "\ufffd",
                "9" * 5000,
            ),
        ]
    ),
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
KINDS = st.sampled_from(
    [
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data"),
        *("application/json", "text/plain", "", "application/x-www-form-urlencoded; charset=utf-16", "\xff"),
    ]
)
CASES = hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATHS = ["/users/register", "/users/log_in"]
# Who sends them, how, and where to.
Forms = dict[str, tuple[Any, str, str]]
FILES = (
    b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\nb\r\n' % name
        for name in (b"email", b"url", b"password", b"current_password", b"remember_me")
    )
    + b"--x--\r\n"
)
OPEN_FORMS = ["resend", "forgot", "reset", "reset by another link", "settings"]


@pytest.fixture
def unlimited(make_app: Callable[[Settings], Flask], settings: Settings, user, monkeypatch) -> Flask:
    """The application, where tries are not counted: the forms are asked here, not the limits."""
    app = make_app(settings)
    monkeypatch.setattr(app.extensions["emeter_limiter"], "enabled", False)
    return app


@pytest.mark.parametrize("path", PATHS)
@CASES
@given(fields=FIELDS)
def test_any_fields_get_the_form_again_or_4xx(
    unlimited: Flask, path: str, fields: list[tuple[str, str]]
) -> None:
    browser = unlimited.test_client()
    form: dict[str, list[str]] = {}
    for name, value in fields:
        form.setdefault(name, []).append(value)
    form["_csrf_token"] = [browser.csrf_token()]
    answer = browser.post(path, data=form)

    assert answer.status_code in {200, 302} or 400 <= answer.status_code < 500
    if answer.status_code == 302:
        assert "user_token" in browser.session_items()
    if answer.status_code == 200:
        assert 'class="form"' in answer.text
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", PATHS)
@CASES
@given(body=st.binary(max_size=300), kind=KINDS)
def test_any_bytes_get_the_form_again_or_4xx(unlimited: Flask, path: str, body: bytes, kind: str) -> None:
    browser = unlimited.test_client()
    answer = browser.post(path, data=body, content_type=kind, headers={"X-CSRF-Token": browser.csrf_token()})
    assert answer.status_code == 200 or 400 <= answer.status_code < 500


@pytest.fixture
def open_forms(unlimited: Flask, mailed_paths: Callable[[], list[str]]) -> Forms:
    """The forms: those that lead to a mail or to another password are in OPEN_FORMS."""
    nobody, somebody = unlimited.test_client(), unlimited.test_client()
    somebody.log_in()
    nobody.submit("/users/reset_password", email="dora@example.com")
    return {
        "resend": (nobody, "POST", "/users/confirm"),
        "forgot": (nobody, "POST", "/users/reset_password"),
        "reset": (nobody, "PUT", mailed_paths()[-1]),
        "reset by another link": (nobody, "PUT", "/users/reset_password/oops"),
        "settings": (somebody, "PUT", "/users/settings"),
        "register": (nobody, "POST", "/users/register"),
        "log in": (nobody, "POST", "/users/log_in"),
        "mail channel": (somebody, "PUT", "/alerts/mail"),
        "webhook": (somebody, "PUT", "/alerts/webhook"),
    }


@pytest.mark.parametrize("form", OPEN_FORMS)
@CASES
@given(fields=FIELDS, action=st.sampled_from([[], ["update_email"], ["update_password"]]))
def test_any_fields_are_taken_or_refused(
    open_forms: Forms, form: str, fields: list[tuple[str, str]], action: list[str]
) -> None:
    browser, method, path = open_forms[form]
    data: dict[str, list[str]] = {"action": list(action)}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    data["_csrf_token"] = [browser.csrf_token()]
    answer = browser.open(path, method=method, data=data)

    assert answer.status_code in {200, 302} or 400 <= answer.status_code < 500
    if answer.status_code == 200:
        assert 'class="form"' in answer.text
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("form", OPEN_FORMS)
@CASES
@given(body=st.binary(max_size=300), kind=KINDS)
def test_any_bytes_are_refused(open_forms: Forms, form: str, body: bytes, kind: str) -> None:
    browser, method, path = open_forms[form]
    headers = {"X-CSRF-Token": browser.csrf_token()}
    answer = browser.open(path, method=method, data=body, content_type=kind, headers=headers)
    # A link that is none is found out before the form is looked at.
    assert 400 <= answer.status_code < 500 or (form, answer.status_code) == ("reset by another link", 302)


@pytest.mark.parametrize("form", OPEN_FORMS)
@pytest.mark.parametrize("size", [70_000, 10_000_000])
def test_long_bodies_are_refused(open_forms: Forms, form: str, size: int) -> None:
    browser, method, path = open_forms[form]
    answer = browser.open(
        path,
        method=method,
        data=b"action=update_email&email=a@b&current_password=&password=" + b"x" * size,
        content_type="application/x-www-form-urlencoded",
        headers={"X-CSRF-Token": browser.csrf_token()},
    )
    assert answer.status_code == 413 if size > 1_000_000 else answer.status_code in {200, 302}


@pytest.mark.parametrize("form", OPEN_FORMS)
@pytest.mark.parametrize("body", [b"email=%ff", b"\xff=a", b"email=a%C3", b"password=\xed\xa0\x80"])
def test_what_is_not_utf8_is_malformed(open_forms: Forms, form: str, body: bytes) -> None:
    browser, method, path = open_forms[form]
    answer = browser.open(
        path,
        method=method,
        data=b"action=update_email&" + body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-CSRF-Token": browser.csrf_token()},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("form", [*OPEN_FORMS, "register", "log in", "mail channel", "webhook"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *(
            (body, "application/json")
            for body in (b"1", b"[1]", b"null", b'"x"', b'{"email": 1}', b"{", b"[[[]]]")
        ),
        (b'{"email": "a@b", "url": "http://a/", "password": "hello world!"}', "application/json"),
        (FILES, "multipart/form-data; boundary=x"),
    ],
)
def test_json_and_files_are_no_form(open_forms: Forms, form: str, body: bytes, kind: str) -> None:
    browser, method, path = open_forms[form]
    headers = {"X-CSRF-Token": browser.csrf_token()}
    answer = browser.open(path, method=method, data=body, content_type=kind, headers=headers)

    assert answer.status_code in {200, 400, 422} or (form, answer.status_code) == (
        "reset by another link",
        302,
    )


@CASES
@given(path=st.text(max_size=40), query=st.text(max_size=40))
def test_any_address_is_answered(unlimited: Flask, path: str, query: str) -> None:
    answer = unlimited.test_client().get(
        "/" + path.replace("?", ""), query_string={"email": query, "page": query}
    )
    assert answer.status_code < 500 or path.startswith("healthz")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_was_registered_but_what_was_asked_for(unlimited: Flask, path: str, sessions) -> None:
    browser = unlimited.test_client()
    for email in ("a@b\0", "a b@c", "", "x" * 200 + "@example.com"):
        browser.submit(path, email=email, password="hello world!")
    with transaction(sessions) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_ten_megabytes_are_refused(unlimited: Flask, path: str, kind: str) -> None:
    browser = unlimited.test_client()
    answer = browser.post(
        path,
        data=b"email=" + b"x" * 10_000_000,
        content_type=kind,
        headers={"X-CSRF-Token": browser.csrf_token()},
    )
    assert answer.status_code == 413
