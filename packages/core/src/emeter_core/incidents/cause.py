"""Why a check failed, and so what an incident began with, in words: what a person reads first. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from emeter_core.characters import isolated
from emeter_core.outcome import Reason

_PORTS = {"http": 80, "https": 443}
_SHOWN = 60

# What the evidence adds to the plain phrase of a reason; the first one counts of which all parts are known.
_PHRASES: Mapping[Reason, tuple[str, ...]] = {
    Reason.NAME_NOT_FOUND: ("The host name {host} does not exist",),
    Reason.NAME_SERVER_FAILED: ("The name server answered with an error for {host}",),
    Reason.NAME_SERVER_SILENT: ("The name server did not answer for {host}",),
    Reason.CONNECTION_REFUSED: ("Connection refused by {peer}",),
    Reason.CONNECT_TIMEOUT: ("No connection to {peer} within the timeout",),
    Reason.HOST_UNREACHABLE: ("Host unreachable: {address}",),
    Reason.CERTIFICATE_WRONG_HOST: ("The certificate is not for {host}",),
    Reason.TIMEOUT: ("No complete answer within {timeout} s",),
    Reason.RESPONSE_CUT_OFF: (
        "The answer broke off after {received} of {announced} bytes",
        "The answer broke off after {received} bytes",
    ),
    Reason.PACKETS_LOST: ("{lost} of {pings} to {address} were lost",),
    Reason.PING_UNANSWERED: ("No answer to {pings} from {address}", "No answer to pings from {address}"),
    Reason.UNEXPECTED_CODE: ("{code} instead of {codes}", "Unexpected status code {code}"),
    Reason.KEYWORD_MISSING: ("The answer does not contain {keyword}",),
    Reason.KEYWORD_PRESENT: ("The answer contains {keyword}",),
    Reason.ANSWER_UNEXPECTED: ("The answer does not contain {keyword}",),
    Reason.HEARTBEAT_MISSING: (
        "No heartbeat since {last} (expected {rhythm})",
        "No heartbeat in time (expected {rhythm})",
    ),
    Reason.RUN_TOO_LONG: (
        "The run that began at {began} has not ended within {limit}",
        "The run has not ended within {limit}",
    ),
    Reason.RUN_FAILED: ("The job ended with exit code {code}", "The job reported a failure: {message}"),
}


def cause_in_words(cause: str, evidence: Mapping[str, Any]) -> str:
    """One plain phrase, without a full stop: `503 instead of 200–299`, `Connection refused by 192.0.2.71:80`.

    `cause` is the slug of a reason; one of a newer version is shown as it is. Mails, webhooks and pages all
    say this; `monitors.cause_of` adds what is known of the monitor.
    """
    try:
        reason = Reason[cause.upper()]
    except KeyError:
        return cause.replace("_", " ").capitalize()
    parts = dict(_parts(evidence))
    for phrase in _PHRASES.get(reason, ()):
        try:
            return phrase.format_map(parts)
        except KeyError:
            continue
    return reason.text


def _parts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the target that failed, and of what was expected of it; only what there is."""
    address = str(evidence.get("address") or "")
    url = _split(str(evidence.get("final_url") or evidence.get("url") or ""))
    port = _port(url)
    if code := evidence.get("code"):
        yield "code", str(code)
    if address:
        yield "address", address
    if url is not None and url.hostname:
        yield "host", isolated(url.hostname)
    if address and port:
        yield "peer", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    yield from _received(evidence.get("received"))
    yield from _pings(evidence.get("round_trips_us"))
    yield from _heartbeat(evidence.get("heartbeat"))
    yield from _expectations(evidence.get("expected"))


def _received(received: object) -> Iterator[tuple[str, str]]:
    known = received if isinstance(received, dict) else {}
    for part, name in (("received", "bytes"), ("announced", "of")):
        if isinstance(known.get(name), int):
            yield part, f"{known[name]:,}"


def _pings(trips: object) -> Iterator[tuple[str, str]]:
    if isinstance(trips, list) and trips:
        yield "pings", f"{len(trips)} ping{'s' if len(trips) > 1 else ''}"
        yield "lost", str(trips.count(None))


def _heartbeat(told: object) -> Iterator[tuple[str, str]]:
    known = told if isinstance(told, dict) else {}
    for name in ("last", "began"):
        if isinstance(known.get(name), str):
            yield name, known[name]
    if message := known.get("message"):
        yield "message", isolated(_cut(str(message)))


def _expectations(expected: object) -> Iterator[tuple[str, str]]:
    known = expected if isinstance(expected, dict) else {}
    if codes := known.get("codes"):
        yield "codes", str(codes).replace("-", "\N{EN DASH}").replace(",", ", ")
    if timeout := known.get("timeout"):
        yield "timeout", f"{timeout:g}" if isinstance(timeout, float) else str(timeout)
    for name in ("rhythm", "limit"):
        if isinstance(known.get(name), str):
            yield name, known[name]
    if keyword := known.get("keyword"):
        yield "keyword", _quoted(str(keyword))


def _quoted(text: str) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{isolated(_cut(text))}\N{RIGHT DOUBLE QUOTATION MARK}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _port(url: SplitResult | None) -> int | None:
    try:
        return url and (url.port or _PORTS.get(url.scheme))
    except ValueError:
        return None
