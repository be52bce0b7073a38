"""While a body comes in, the database is left alone: slow browsers hold none of its connections."""

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import over_http
import pytest
from flask import Flask

from emeter_web.session_cookie import SESSION

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="_csrf_token"\r\n\r\n'
# The method and address, the kind of body, and its two halves.
HALVES = {
    "a form": ("POST /settings/theme", FORM, b"theme=dark&_csrf_token=", b"{token}"),
    "a form for who is signed in": ("POST /monitors", FORM, b"url=x&_csrf_token=", b"{token}"),
    "a form for who is not": ("POST /users/log_in", FORM, b"email=a&password=b&_csrf_token=", b"{token}"),
    "a form without a token": ("POST /settings/theme", FORM, b"theme=", b"dark"),
    "parts": ("POST /settings/theme", PARTS, PART, b"{token}\r\n--x--\r\n"),
    "parts for who is signed in": ("PUT /users/settings", PARTS, PART, b"{token}\r\n--x--\r\n"),
    "text": ("POST /settings/theme", "text/plain", b"x", b"y"),
    "JSON": ("DELETE /users/log_out", "application/json", b"{", b"}"),
    "a page with a body": ("GET /monitors", "text/plain", b"x", b"y"),
    "a page for who is not signed in": ("GET /users/log_in", FORM, b"x", b"y"),
    "what leads nowhere": ("POST /nowhere", FORM, b"x", b"y"),
    "a method that is none": ("POST /users/log_out", PARTS, PART, b"\r\n--x--\r\n"),
}


class Watched:
    """A body, and how many connections were out whenever it was read."""

    def __init__(self, app: Flask) -> None:
        self.begun, self.taken = Event(), list[int]()
        self._inner, self._pool = app.wsgi_app, app.extensions["emeter"].database.engine.pool
        self._stream: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:  # noqa: ANN401 - WSGI
        self._stream, environ["wsgi.input"] = environ["wsgi.input"], self
        return self._inner(environ, start_response)

    def read(self, size: int = -1) -> bytes:
        self._note()
        data: bytes = self._stream.read(size)
        self._note()
        return data

    def readline(self, size: int = -1) -> bytes:
        self._note()
        line: bytes = self._stream.readline(size)
        return line

    def _note(self) -> None:
        self.taken.append(self._pool.checkedout())
        self.begun.set()


@pytest.fixture
def watched(app: Flask) -> Watched:
    app.wsgi_app = watched = Watched(app)
    return watched


@pytest.fixture(params=["anonymous", "signed in", "with a dead session"])
def browser(request: pytest.FixtureRequest, app: Flask, user: object) -> Iterator[object]:
    browser = app.test_client()
    if request.param == "anonymous":
        browser.get("/users/log_in")
        return browser
    assert browser.log_in().status_code == 302
    if request.param == "with a dead session":
        session = browser.get_cookie(SESSION).value
        browser.log_out()
        browser.set_cookie(SESSION, session)
        assert browser.get("/users/settings").status_code == 302
    return browser


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("half", HALVES)
def test_no_connection_is_out_while_half_a_body_is_there(
    app: Flask, browser, watched: Watched, half: str, *, chunked: bool
) -> None:
    line, kind, begin, end = HALVES[half]
    end = end.replace(b"{token}", browser.csrf_token().encode())
    head = [f"{line} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", "Connection: close"]
    head += [f"Cookie: {SESSION}={browser.get_cookie(SESSION).value}"]
    head += ["Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(begin + end)}", "", ""]
    if chunked:
        begin, end = (b"%x\r\n%s\r\n" % (len(part), part) for part in (begin, end))
        end += b"0\r\n\r\n"
    with socket.create_connection(over_http.server_of(app).address, 20) as sock:
        watched.begun.clear()
        watched.taken.clear()
        sock.sendall("\r\n".join(head).encode() + begin)
        assert watched.begun.wait(20)
        assert app.extensions["emeter"].database.engine.pool.checkedout() == 0
        sock.sendall(end)
        answer = b""
        while data := sock.recv(65_536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 ")
    assert b" 500 " not in answer[:20]
    assert set(watched.taken) == {0}


def test_a_form_that_breaks_off_is_malformed(app: Flask, client) -> None:
    """gunicorn says of every stream that it ends by itself; Werkzeug takes what it got for the whole."""
    client.get("/users/register")
    body = f"_csrf_token={client.csrf_token()}&email=a@example.com&password=hello world"
    head = (
        f"POST /users/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n"
        f"Cookie: {SESSION}={client.get_cookie(SESSION).value}\r\nContent-Length: {len(body) + 2}\r\n\r\n"
    )
    with socket.create_connection(over_http.server_of(app).address, 20) as sock:
        sock.sendall((head + body).encode())
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 400 ")
