"""Errors are pages."""

import logging
from io import BytesIO

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.exceptions import Conflict, ServiceUnavailable, Unauthorized
from werkzeug.test import EnvironBuilder, run_wsgi_app

from emeter_core.accounts import password
from emeter_web.routes import ANYBODY, Group, get, mount
from emeter_web.user_auth import public


def heading(answer) -> str:
    return BeautifulSoup(answer.text, "html.parser").h1.text


def raising(app: Flask, error: Exception):  # noqa: ANN201 - a function for the table of views
    def raises() -> str:
        raise error

    mount(app, Group(public, (get("/test/<token>", raises_with_token(raises), ANYBODY),)))
    return app.test_client()


def raises_with_token(raises):  # noqa: ANN201 - the same
    def view(token: str) -> str:
        return raises()

    return view


def test_a_bug_is_a_page_with_a_reference_that_is_in_the_log(app, caplog: pytest.LogCaptureFixture) -> None:
    client = raising(app, RuntimeError("secret of the code"))
    answer = client.get("/test/token-of-somebody")

    assert answer.status_code == 500
    assert heading(answer) == "Something broke"
    reference = BeautifulSoup(answer.text, "html.parser").code.text
    assert "secret of the code" not in answer.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.fields == {"reference": reference, "method": "GET", "route": "/test/<token>"}  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert "token-of-somebody" not in caplog.text


def test_where_too_many_passwords_are_being_hashed_one_is_asked_to_come_again(
    client, user, monkeypatch
) -> None:
    monkeypatch.setattr(password.SLOTS, "_present", 70)
    for answer in (client.log_in(), client.log_in("nobody@example.com"), client.register("eve@example.com")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert heading(answer) == "Too many are logging in"
    monkeypatch.undo()
    assert client.get("/users/settings").status_code == 302


@pytest.mark.parametrize(
    ("error", "status"), [(Conflict(), 409), (Unauthorized(), 401), (ServiceUnavailable(retry_after=9), 503)]
)
def test_every_http_error_is_a_page_and_keeps_its_headers(app, error: Exception, status: int) -> None:
    answer = raising(app, error).get("/test/x")

    assert answer.status_code == status
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers.get("Retry-After") == ("9" if status == 503 else None)
    assert heading(answer)


def test_an_unknown_address_is_a_page_for_who_is_signed_in_too(client, signed_in) -> None:
    assert heading(client.get("/nowhere")) == heading(signed_in.get("/nowhere")) == "There is nothing here"


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 10_000_000])
def test_a_body_over_a_mebibyte_is_413(client, signed_in, size: int) -> None:
    for browser, path in (
        (client, "/users/register"),
        (client, "/users/log_in"),
        (signed_in, "/settings/theme"),
    ):
        answer = browser.post(
            path, data=b"email=" + b"x" * size, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 413
        assert heading(answer) == "This is too large"


def test_a_body_of_a_mebibyte_is_read(client) -> None:
    fields = f"_csrf_token={client.csrf_token()}&email=a&password="
    body = fields.encode().ljust(1024 * 1024, b"x")
    answer = client.post("/users/register", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


def test_a_form_of_more_than_a_hundred_parts_is_413(client) -> None:
    parts = {f"field{number}": "x" for number in range(101)}
    answer = client.post("/users/log_in", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"email=\xff", b"email=%ff", b"%c3%28=1", b"a=%ED%A0%80"])
def test_a_form_that_is_not_utf8_is_malformed(client, body: bytes) -> None:
    answer = client.post("/users/log_in", data=body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, heading(answer)) == (400, "This request is malformed")


def test_a_form_in_parts_that_is_not_utf8_is_malformed_too(client) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\xff\r\n--x--\r\n'
    answer = client.post("/users/log_in", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400


@pytest.mark.parametrize("size", [10, 900_000])
def test_a_file_that_nobody_wants_never_touches_the_disk(client, monkeypatch, size: int) -> None:
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", lambda **_: pytest.fail("it does"))
    head = b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\n'
    for end in (b"\r\n--x--\r\n", b""):
        answer = client.post(
            "/users/log_in",
            data=head + b"y" * size + end,
            content_type="multipart/form-data; boundary=x",
            headers={"X-CSRF-Token": client.csrf_token()},
        )
        assert answer.status_code == 400


@pytest.mark.parametrize(("size", "status"), [(1000, 403), (1024 * 1024, 413), (10_000_000, 413)])
def test_a_body_in_chunks_has_no_length_and_the_same_limit(app, size: int, status: int) -> None:
    """As gunicorn hands it on: the stream ends by itself."""
    form = "application/x-www-form-urlencoded"
    environ = EnvironBuilder("/users/log_in", method="POST", content_type=form).get_environ()
    stream = BytesIO(b"x" * size)
    del environ["CONTENT_LENGTH"]
    environ |= {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
    }
    _, answered, _ = run_wsgi_app(app.wsgi_app, environ)
    assert answered.startswith(str(status))
    assert stream.read() == b""


@pytest.mark.parametrize("path", ["/nowhere", "/healthz", "/monitors", "/users/log_out"])
def test_what_nobody_reads_is_taken_nevertheless(app, path: str) -> None:
    """Else the connection would be reset while the client still sends, and our answer lost."""
    environ = EnvironBuilder(path, method="POST", content_type="text/plain").get_environ()
    stream = BytesIO(b"x" * 5_000_000)
    environ |= {"CONTENT_LENGTH": "5000000", "wsgi.input": stream}
    _, status, _ = run_wsgi_app(app.wsgi_app, environ)
    assert status[:3] in {"404", "405", "413"}
    assert stream.read() == b""
