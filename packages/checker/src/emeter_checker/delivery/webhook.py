"""Webhooks: one POST to whoever asked for it, believed in nothing."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException
from importlib.metadata import version

from requests import PreparedRequest, Request, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL, RequestException
from urllib3.exceptions import HTTPError

from emeter_checker.authorities import authorities
from emeter_checker.delivery.errand import Blocked, Errand, Overdue, errand
from emeter_checker.delivery.results import DeliveryError, Receipt
from emeter_checker.delivery.signature import signed_headers
from emeter_checker.delivery.words import plain, reason_of
from emeter_checker.guard import AddressGuard
from emeter_core.alerts import WebhookOut
from emeter_core.outcome import Reason

CONNECT_S = 5.0
TOTAL_S = 15.0
ANSWER_BYTES = 4096
USER_AGENT = f"E-Meter/{version('emeter-checker')}"

_AFTERWARDS_S = 1.0
"""How long the rest of an answer may take that has said already how it went."""

_ASK_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_KNOWN = frozenset(HTTPStatus)
_MOST_PATIENCE_S = 86_400.0
_NO_URL = "This is no URL that can be posted to"
_READABLE = ("text/plain", "application/json")


def post(message: WebhookOut, guard: AddressGuard, *, total: float = TOTAL_S) -> Receipt:
    """Post a message, in at most `total` seconds; it is taken where the answer's code is from 200 to 299.

    Neither redirects nor proxies nor netrc are followed, at most 4 KiB of the answer's body are read, and
    nothing is connected that `guard` forbids. Raises DeliveryError for everything else.
    """
    request = _prepared(message)
    with errand(total, guard) as trip:
        try:
            # The adapter alone: a session would read a redirect's whole body, to no end.
            adapter = HTTPAdapter()
            try:
                with closing(_send(adapter, request, total)) as response:
                    return _judge(response, trip)
            finally:
                adapter.close()
        except Blocked as blocked:
            raise DeliveryError(f"{Reason.ADDRESS_BLOCKED.text}: {blocked}") from None
        except InvalidURL:
            raise DeliveryError(_NO_URL, permanent=True) from None
        except (RequestException, HTTPError, HTTPException, OSError, Overdue, ValueError) as error:
            raise DeliveryError(_words(error, trip, total)) from None


def _prepared(message: WebhookOut) -> PreparedRequest:
    headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json", "Connection": "close"}
    try:
        headers |= signed_headers(
            message.secret, message_id=str(message.id), timestamp=message.timestamp, body=message.body
        )
    except ValueError:
        raise DeliveryError("The webhook has no secret to sign with") from None
    try:
        if not message.url.lower().startswith(("http://", "https://")):
            raise InvalidURL
        return Request("POST", message.url, headers=headers, data=message.body).prepare()
    except (RequestException, ValueError):
        raise DeliveryError(_NO_URL, permanent=True) from None


def _send(adapter: HTTPAdapter, request: PreparedRequest, total: float) -> Response:
    return adapter.send(
        request,
        stream=True,
        timeout=(min(CONNECT_S, total), total),
        verify=authorities(),
        proxies={},
    )


def _judge(response: Response, trip: Errand) -> Receipt:
    """What an answer means; raises DeliveryError where it is no 2xx."""
    code = response.status_code
    if trip.is_cut:
        # Of an answer that was cut off the library makes what it can, and might call it complete.
        raise Overdue
    # What it says beyond the code is a courtesy, and nothing to wait for.
    trip.cut_in(_AFTERWARDS_S)
    said = _read(response)
    if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return Receipt(f"The receiver answered {code}", code)
    raise DeliveryError(
        _refusal(code, said),
        permanent=code == HTTPStatus.GONE,
        retry_after=_patience(response.headers.get("Retry-After", "")) if code in _ASK_LATER else None,
        code=code,
    )


def _read(response: Response) -> str:
    """The beginning of the answer's body, as text; empty where it is none."""
    try:
        beginning: bytes = response.raw.read(ANSWER_BYTES, decode_content=False)
    except (HTTPError, HTTPException, OSError):
        return ""
    readable = response.headers.get("Content-Type", "").lower().startswith(_READABLE)
    return plain(beginning.decode("utf-8", "replace")) if readable else ""


def _refusal(code: int, said: str) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= code < HTTPStatus.BAD_REQUEST:
        return f"The receiver answered {code}: redirects are not followed"
    phrase = f" {HTTPStatus(code).phrase}" if code in _KNOWN else ""
    return f"The receiver answered {code}{phrase}" + (f": {said}" if said else "")


def _patience(wish: str) -> timedelta | None:
    """What a Retry-After asks for, in seconds or as a date; at most a day. None where it cannot be read."""
    try:
        seconds = float(wish) if wish.isdigit() else _until(parsedate_to_datetime(wish))
    except (TypeError, ValueError, OverflowError):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), _MOST_PATIENCE_S))


def _until(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _words(error: Exception, trip: Errand, total: float) -> str:
    reason = reason_of(error)
    if trip.is_cut or reason is Reason.TIMEOUT:
        return f"No complete answer within {total:g} s"
    if reason is Reason.NOT_CHECKED:
        # A name for whoever reads it; the text of the error might hold the URL.
        return f"The message could not be posted ({type(error).__name__})"
    return reason.text
