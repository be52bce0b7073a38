"""The cause of an incident in words: what a person reads first. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from emeter_core.outcome import Reason

_PORTS = {"http": 80, "https": 443}
_SHOWN = 60

# What the evidence adds to the plain phrase of a reason; where it lacks a part, the phrase stands alone.
_PHRASES = {
    Reason.NAME_NOT_FOUND: "The host name {host} does not exist",
    Reason.NAME_SERVER_FAILED: "The name server answered with an error for {host}",
    Reason.NAME_SERVER_SILENT: "The name server did not answer for {host}",
    Reason.CONNECTION_REFUSED: "Connection refused by {peer}",
    Reason.CONNECT_TIMEOUT: "No connection to {peer} within the timeout",
    Reason.HOST_UNREACHABLE: "Host unreachable: {address}",
    Reason.CERTIFICATE_WRONG_HOST: "The certificate is not for {host}",
    Reason.UNEXPECTED_CODE: "Unexpected status code {code}",
    Reason.ANSWER_UNEXPECTED: "The answer does not contain {keyword}",
    Reason.PING_UNANSWERED: "No answer to {pings} from {address}",
    Reason.PACKETS_LOST: "{lost} of {pings} to {address} were lost",
}


def cause_in_words(cause: str, evidence: Mapping[str, Any]) -> str:
    """One plain phrase, without a full stop: `Connection refused by 192.0.2.71:8443`.

    `cause` is the slug of a reason; one of a newer version is shown as it is.
    """
    try:
        reason = Reason[cause.upper()]
    except KeyError:
        return cause.replace("_", " ").capitalize()
    try:
        return _PHRASES.get(reason, reason.text).format_map(_parts(evidence))
    except KeyError:
        return reason.text


def _parts(evidence: Mapping[str, Any]) -> dict[str, object]:
    """What is known of the target that failed; only what there is."""
    parts: dict[str, object] = {name: evidence[name] for name in ("address", "code") if evidence.get(name)}
    parts |= _pings(evidence.get("round_trips_us")) | _keyword(evidence.get("expected"))
    try:
        url = urlsplit(str(evidence.get("final_url") or evidence.get("url") or ""))
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return parts
    if url.hostname:
        parts["host"] = url.hostname
    if port and "address" in parts:
        address = str(parts["address"])
        parts["peer"] = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return parts


def _pings(trips: object) -> dict[str, object]:
    if not isinstance(trips, list):
        return {}
    return {"pings": f"{len(trips)} ping{'s' if len(trips) > 1 else ''}", "lost": trips.count(None)}


def _keyword(expected: object) -> dict[str, object]:
    keyword = expected.get("keyword") if isinstance(expected, dict) else None
    if not keyword:
        return {}
    text = str(keyword)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return {"keyword": f"\N{LEFT DOUBLE QUOTATION MARK}{cut}\N{RIGHT DOUBLE QUOTATION MARK}"}
