"""PUT, PATCH and DELETE for browsers' forms: a POST says in its body what it is (accounts.md, section 5)."""

from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import IO
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from emeter_web.errors import page_of_error, show_http_error
from emeter_web.user_auth import capability

FIELD = "_method"
METHODS = frozenset({"PUT", "PATCH", "DELETE"})
# Longer forms are POSTs: nobody deletes with a novel.
MAX_BODY = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_IS_TOO_LONG = "emeter.form_is_too_long"
_TOO_LONG = (
    "This form is too large",
    f"A form that changes or deletes something may have {MAX_BODY // 1024} KiB. Nothing was changed.",
)


def register(app: Flask) -> None:
    """Let forms name their method, and say so where one is too long for that."""
    takes_forms = partial(_takes_forms, app)
    app.wsgi_app = MethodOverride(app.wsgi_app, takes_forms)  # type: ignore[method-assign]  # as Flask has it
    app.register_error_handler(MethodNotAllowed, _show_not_allowed)


class MethodOverride:
    """WSGI middleware: `_method` in an urlencoded body, and nowhere else, changes the method of a POST.

    `takes_forms` says of a path whether what is posted to it is a form of ours.
    """

    def __init__(self, app: WSGIApplication, takes_forms: Callable[[str], bool]) -> None:
        self._app = app
        self._takes_forms = takes_forms

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Read the body, put it back, and hand the request on."""
        length = _length_of_form(environ)
        if environ["REQUEST_METHOD"] == "POST" and length > MAX_BODY:
            environ[_IS_TOO_LONG] = True
        elif environ["REQUEST_METHOD"] == "POST" and length:
            body = _read(environ["wsgi.input"], length)
            # What is cut off stays cut off: the application finds that it is shorter than announced.
            environ["wsgi.input"] = BytesIO(body)
            method = _method_in(body)
            if method in METHODS and self._takes_forms(environ.get("PATH_INFO", "")):
                environ["REQUEST_METHOD"] = method
        return self._app(environ, start_response)


def _takes_forms(app: Flask, path: str) -> bool:
    """Whether a POST to this path may be a form: what scripts send by `curl -d` is what they say, no more."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return True
    group, _ = app.extensions["emeter_routes"][endpoint]
    return group.guard is not capability


def _length_of_form(environ: WSGIEnvironment) -> int:
    """How long the form is; 0 for what is none, or does not say."""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if kind == _FORM and length.isascii() and length.isdigit() else 0


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


def _show_not_allowed(error: MethodNotAllowed) -> Response:
    """Where there is a method that the form could have named, it was too long rather than wrong."""
    if request.environ.get(_IS_TOO_LONG) and METHODS.intersection(error.valid_methods or ()):
        return page_of_error(413, _TOO_LONG)
    return show_http_error(error)
