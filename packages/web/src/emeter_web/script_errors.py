"""Errors as scripts read them, and people in the mails of cron: a line where jobs ping, JSON below /api."""

from flask import Response, jsonify, request

_TEXT, _JSON = "/ping/", "/api/"
_WORDS = {
    404: "not found",
    405: "method not allowed",
    413: "too large",
    429: "too often: wait a minute",
    500: "an error of ours, noted as {reference}",
    503: "not now: try again in a few seconds",
}
_OTHER = "invalid request"


def script_error(code: int, *, reference: str = "") -> Response | None:
    """What a script is told of an error; None where a person asked for a page."""
    words = _WORDS.get(code, _OTHER).format(reference=reference)
    if request.path.startswith(_TEXT):
        answer = Response(words, mimetype="text/plain")
    elif request.path.startswith(_JSON):
        # As Uptime Kuma answers, whose scripts ask here.
        answer = jsonify(ok=False, msg=f"{words[0].upper()}{words[1:]}.")
    else:
        return None
    answer.status_code = code
    answer.headers["Cache-Control"] = "no-store"
    return answer
