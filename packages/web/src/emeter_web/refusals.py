"""What gunicorn cannot read is answered by a page of ours, with the headers of every answer."""

from collections.abc import Iterable
from typing import IO, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

from flask import Flask
from gunicorn.http.errors import (  # type: ignore[import-untyped]  # it ships no types
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from werkzeug.http import http_date

from emeter_web.errors import page_of_error

_STATUSES = {LimitRequestLine: 414, ExpectationFailed: 417, LimitRequestHeaders: 431}
_MALFORMED = 400


def register(app: Flask) -> None:
    """Have bodies that gunicorn cannot read be refused, not be taken for a bug."""
    app.wsgi_app = ReadableBodies(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation does it


def status_of(error: Exception) -> int | None:
    """Say with which status a client is told that this was no request; None where it is our own failure."""
    if isinstance(error, InvalidResponseHeader | InvalidResponseHeaderName):
        return None
    return _STATUSES.get(type(error), _MALFORMED) if isinstance(error, ParseException) else None


def refuse(app: Flask, status: int) -> bytes:
    """Write an answer of the application to somebody whose request never got there."""
    environ: WSGIEnvironment = {}
    setup_testing_defaults(environ)  # what every request has, of nobody
    with app.request_context(environ):
        answer = app.process_response(page_of_error(status))
        answer.headers.update({"Connection": "close", "Date": http_date()})
        fields = "".join(f"{name}: {value}\r\n" for name, value in answer.get_wsgi_headers(environ))
        return f"HTTP/1.1 {answer.status}\r\n{fields}\r\n".encode("latin-1") + answer.get_data()


class ReadableBodies:
    """WSGI middleware: a body that gunicorn cannot read is one that breaks off, as Werkzeug knows them."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the request on with such a body."""
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return self._app(environ, start_response)


class _Body:
    """All that is read of a body, here."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read on; raises OSError where there is nothing that could be read."""
        try:
            return self._stream.read(size)
        except ParseException as error:
            raise OSError("the body is malformed") from error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else it has
        return getattr(self._stream, name)
