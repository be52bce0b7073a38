"""What a body may be: a form in UTF-8, not longer than the application takes. No other gets to a view."""

import time
from io import BytesIO
from typing import IO
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, Response, abort, request

from emeter_web.db import end_transaction

_URLENCODED = "application/x-www-form-urlencoded"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Of what nobody wants to have, this much is still taken: a client that is cut off while it sends does not
# hear our answer.
_MAX_DISCARDED = 16 * 1024 * 1024
_DISCARD_WITHIN_S = 5.0
_PIECE = 64 * 1024


class RequestWithoutDisk(Request):
    """A request whose files, which no form of ours has, are bytes in memory: a body is short anyway."""

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - Werkzeug's signature
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        # Werkzeug's own would be a file on disk, and stay open where the body breaks off in it.
        return BytesIO()


def register(app: Flask, *, max_bytes: int, max_parts: int) -> None:
    """Set what the application takes, and have the rest taken and forgotten."""
    app.request_class = RequestWithoutDisk
    app.config.update(MAX_CONTENT_LENGTH=max_bytes, MAX_FORM_MEMORY_SIZE=max_bytes, MAX_FORM_PARTS=max_parts)
    app.after_request(_discard_rest)


def require_readable_form() -> None:
    """Answer 400 where the form is not UTF-8 or breaks off, 413 where the body is too long.

    Werkzeug would hand foreign bytes on as `%FF` or as a replacement character, and they would be stored; of
    a body without a length, sent in chunks, it would take the beginning; and one that breaks off it takes for
    whole where gunicorn says that the stream ends by itself.
    """
    _require_short()
    if request.mimetype == _URLENCODED:
        # Kept for the parser of forms, which reads it from here.
        data = request.get_data(cache=True)
        if len(data) < (request.content_length or 0):
            abort(400)
        _require_utf8(unquote_to_bytes(data.replace(b"+", b" ")))
    elif any(_REPLACEMENT in text for field in request.form.items(multi=True) for text in field):
        abort(400)


def _require_short() -> None:
    limit = request.max_content_length
    if limit is None:
        return
    length = request.content_length
    if length is None and "Transfer-Encoding" in request.headers:
        length = len(request.get_data(cache=True)) + 1
    if length is not None and length > limit:
        abort(413)


def _require_utf8(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        abort(400)


def _discard_rest(response: Response) -> Response:
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return response
    # What the answer needed is read by now, and who is slow shall hold up nobody.
    end_transaction()
    stream, left, end = request.environ["wsgi.input"], _MAX_DISCARDED, time.monotonic() + _DISCARD_WITHIN_S
    # gunicorn's own waits for all that it was asked for: see worker.py.
    if (end_within := getattr(stream, "end_within", None)) is not None:
        end_within(_DISCARD_WITHIN_S)
    try:
        while left > 0 and time.monotonic() < end and (piece := stream.read(min(left, _PIECE))):
            left -= len(piece)
    except OSError:
        pass  # The client has gone, or is too slow.
    return response
