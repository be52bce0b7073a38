"""PUT, PATCH and DELETE for browsers' forms: a POST says in its body what it is (accounts.md, section 5)."""

from collections.abc import Iterable
from io import BytesIO
from typing import IO
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

FIELD = "_method"
METHODS = frozenset({"PUT", "PATCH", "DELETE"})
# Longer forms are POSTs: nobody deletes with a novel.
MAX_BODY = 64 * 1024
_FORM = "application/x-www-form-urlencoded"


class MethodOverride:
    """WSGI middleware: `_method` in an urlencoded body, and nowhere else, changes the method of a POST."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Read the body, put it back, and hand the request on."""
        if environ["REQUEST_METHOD"] == "POST" and (length := _length_of_form(environ)):
            body = _read(environ["wsgi.input"], length)
            # What is cut off stays cut off: the application finds that it is shorter than announced.
            environ["wsgi.input"] = BytesIO(body)
            method = _method_in(body)
            if method in METHODS:
                environ["REQUEST_METHOD"] = method
        return self._app(environ, start_response)


def _length_of_form(environ: WSGIEnvironment) -> int:
    """How long the form is; 0 for what is none, or longer than `MAX_BODY`."""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    length = environ.get("CONTENT_LENGTH", "")
    if kind != _FORM or not (length.isascii() and length.isdigit()):
        return 0
    return int(length) if int(length) <= MAX_BODY else 0


def _read(stream: IO[bytes], length: int) -> bytes:
    parts, missing = [], length
    while missing > 0:
        try:
            part = stream.read(missing)
        except OSError:
            break  # The client has gone.
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _method_in(body: bytes) -> str:
    fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    # As for any parameter the last one counts: a button that does something else overrides its form.
    return next((value.upper() for name, value in reversed(fields) if name == FIELD), "")
