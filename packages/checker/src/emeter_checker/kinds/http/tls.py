"""What a certificate says: the leaf of what libcurl collected."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pycurl

from emeter_checker.kinds.evidence import Certificate


def leaf(curl: Any) -> Certificate | None:  # noqa: ANN401 - pycurl has no types
    """The server's own certificate, None where no handshake got as far."""
    chain = curl.getinfo(pycurl.INFO_CERTINFO)
    return read_certificate(chain[0]) if chain else None


def read_certificate(fields: Sequence[tuple[str, str]]) -> Certificate:
    """Read one certificate out of libcurl's list of names and values."""
    named = dict(fields)
    return Certificate(
        named.get("Subject", ""), named.get("Issuer", ""), _instant(named.get("Expire date", ""))
    )


@lru_cache(16_384)
def _instant(text: str) -> datetime | None:
    """Read `Nov 23 05:43:53 2026 GMT`."""
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
    except (ValueError, OverflowError):
        return None
