"""What jobs tell us. The URL is the proof: no cookie is read, and its token stands in no log."""

import math
import uuid

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from emeter_core.heartbeats import MAX_MESSAGE, Ping, PingKind, Taken, clean_message, take_ping
from emeter_web import db

_OK, _NOT_FOUND, _BAD_URL = ("OK", 200), ("not found", 404), ("invalid url format", 400)
# Longer than any run: what is beyond it is a mistake.
_LONGEST_MS = 1e11
_ANY_LENGTH = 2**40


def success(token: str) -> ResponseReturnValue:
    """Take that the job ran, and was well."""
    return _take(token, PingKind.SUCCESS)


def start(token: str) -> ResponseReturnValue:
    """Take that a run began."""
    return _take(token, PingKind.START)


def fail(token: str) -> ResponseReturnValue:
    """Take that the job failed."""
    return _take(token, PingKind.FAIL)


def log(token: str) -> ResponseReturnValue:
    """Take a line for people, which counts for nothing."""
    return _take(token, PingKind.LOG)


def exit_code(token: str, code: int) -> ResponseReturnValue:
    """Take the exit code with which a run ended: 0 is well, 1 to 255 is not."""
    return _take(token, None, code)


def push(token: str) -> ResponseReturnValue:
    """Take what scripts for Uptime Kuma tell, and answer as it does."""
    is_up = request.args.get("status", "") in {"", "up"}
    message = clean_message(request.args.get("msg", "").encode("utf-8", errors="replace"))
    kind = PingKind.SUCCESS if is_up else PingKind.FAIL
    taken = take_ping(db.session(), token, Ping(kind, message=message, run_us=_length_us()), now=db.now())
    if taken is Taken.COUNTED:
        return jsonify(ok=True)
    return jsonify(ok=False, msg="Monitor not found or not active."), 404


def _take(token: str, kind: PingKind | None, code: int = 0) -> ResponseReturnValue:
    try:
        rid = uuid.UUID(request.args["rid"]) if "rid" in request.args else None
    except ValueError:
        return _text("invalid uuid format", 400)
    message = _message()
    ping = Ping(kind, rid=rid, message=message) if kind else Ping.of_exit_code(code, rid=rid, message=message)
    if ping is None:
        return _text(*_BAD_URL)
    taken = take_ping(db.session(), token, ping, now=db.now())
    return _text(*(_NOT_FOUND if taken is Taken.UNKNOWN else _OK))


def _message() -> str:
    """The begin of what was sent; of a whole log the rest is not even read."""
    if request.method != "POST":
        return ""
    request.max_content_length = _ANY_LENGTH
    return clean_message(request.stream.read(MAX_MESSAGE))


def _length_us() -> int | None:
    """How long the run took, where `ping` tells it in milliseconds."""
    try:
        ms = float(request.args.get("ping", ""))
    except ValueError:
        return None
    return round(ms * 1000) if math.isfinite(ms) and 0 < ms <= _LONGEST_MS else None


def _text(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")
