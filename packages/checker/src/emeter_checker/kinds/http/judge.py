"""What an answer is worth: the code, the size, the keyword. Pure."""

from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.body import Body, Stop
from emeter_checker.kinds.http.request import Prepared
from emeter_core.outcome import Reason

_STOPS = {
    Stop.TOO_LARGE: Reason.BODY_TOO_LARGE,
    Stop.HEADERS_TOO_LARGE: Reason.HEADERS_TOO_LARGE,
    Stop.CODED_TWICE: Reason.RESPONSE_INVALID,
    Stop.BROKEN_CODING: Reason.RESPONSE_INVALID,
}


def judge(prepared: Prepared, code: int, body: Body) -> Reason:
    """The reason that an answer of this code and body gives.

    An unexpected code counts before a body that is too large or broken: it is what a person asks for first.
    """
    if body.stop is Stop.HEADERS_TOO_LARGE or fields.too_large(body.lines):
        return Reason.HEADERS_TOO_LARGE
    if code not in prepared.codes:
        return Reason.UNEXPECTED_CODE
    if body.stop is not Stop.NO:
        return _STOPS.get(body.stop, Reason.RESPONSE_INVALID)
    return _judge_keyword(prepared, body) if prepared.keyword else Reason.OK


def _judge_keyword(prepared: Prepared, body: Body) -> Reason:
    if body.is_foreign:
        # What is in there nobody knows, neither that the word is missing nor that it is not.
        return Reason.RESPONSE_INVALID
    found = body.holds_keyword()
    if found == (not prepared.keyword_absent):
        return Reason.OK
    return Reason.KEYWORD_PRESENT if found else Reason.KEYWORD_MISSING
