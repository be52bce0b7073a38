"""From what libraries raise to words for people. Their own texts hold URLs, and with them secrets."""

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Iterator

import urllib3.exceptions

from emeter_core.outcome import Reason

_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: Reason.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Reason.HOST_UNREACHABLE,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    errno.ENETUNREACH: Reason.NETWORK_UNAVAILABLE,
    errno.ENETDOWN: Reason.NETWORK_UNAVAILABLE,
    errno.EADDRNOTAVAIL: Reason.NETWORK_UNAVAILABLE,
}

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_CERTIFICATES = {
    9: Reason.CERTIFICATE_EXPIRED,
    10: Reason.CERTIFICATE_EXPIRED,
    62: Reason.CERTIFICATE_WRONG_HOST,
    64: Reason.CERTIFICATE_WRONG_HOST,
}

# A link, and what may be a part of one's token: a mail is quoted as it was coded for its way.
_QUOTED = re.compile(r"[a-z]+://\S+|[A-Za-z0-9_=/+-]{20,}", re.ASCII | re.IGNORECASE)

# In the order in which they are looked for: what is more exact comes first.
_BY_TYPE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Reason], ...] = (
    (socket.gaierror, Reason.NAME_NOT_FOUND),
    (ssl.SSLError, Reason.TLS_FAILED),
    (ConnectionError, Reason.CONNECTION_CLOSED),
    # urllib3 counts every connection that failed among those that took too long.
    (urllib3.exceptions.NewConnectionError, Reason.HOST_UNREACHABLE),
    (urllib3.exceptions.ConnectTimeoutError, Reason.CONNECT_TIMEOUT),
    ((TimeoutError, urllib3.exceptions.ReadTimeoutError), Reason.TIMEOUT),
    (http.client.HTTPException, Reason.RESPONSE_INVALID),
)


def reason_of(error: BaseException) -> Reason:
    """The reason that an error of a library, or one of its causes, stands for; not checked if unknown."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(cause.verify_code, Reason.CERTIFICATE_UNTRUSTED)
        if isinstance(cause, OSError) and cause.errno in _BY_ERRNO:
            return _BY_ERRNO[cause.errno]
    for kind, reason in _BY_TYPE:
        if any(isinstance(cause, kind) for cause in chain):
            return reason
    return Reason.NOT_CHECKED


def plain(text: str, most: int = 120) -> str:
    """Foreign text for a person to read: one line, no control characters, at most `most` characters."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def without_links(text: str) -> str:
    """Foreign text that may quote a mail of ours, without the links and tokens that it may repeat.

    Whoever refuses a mail for what it holds likes to say so. A reply is noted and logged, a token never.
    """
    return _QUOTED.sub("…", text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it: requests and urllib3 wrap one into the other in three ways."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or any(each is known for known in seen):
            continue
        seen.append(each)
        yield each
        waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
