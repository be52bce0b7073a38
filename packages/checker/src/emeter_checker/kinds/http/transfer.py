"""What libcurl tells of one hop when it has ended."""

from typing import Any, NamedTuple

import pycurl

from emeter_core.outcome import Phases


class Ended(NamedTuple):
    """One hop that has ended: libcurl's code (0 for success), its words, and what it measured."""

    error: int
    text: str
    code: int
    phases: Phases
    connected: bool


def ended(curl: Any, error: int, text: str, *, tls: bool) -> Ended:  # noqa: ANN401 - pycurl has no types
    """Read what libcurl measured, right after the transfer."""
    getinfo = curl.getinfo
    connect = getinfo(pycurl.CONNECT_TIME_T)
    phases = split(
        getinfo(pycurl.TOTAL_TIME_T),
        connect,
        getinfo(pycurl.APPCONNECT_TIME_T) if tls else connect,
        getinfo(pycurl.STARTTRANSFER_TIME_T),
    )
    return Ended(error, text, getinfo(pycurl.RESPONSE_CODE), phases, connect > 0)


def split(total: int, connect: int, tls: int, start: int) -> Phases:
    """The phases of a hop from the instants at which they ended (microseconds from its start, 0 for never).

    The phase in which a hop broke off lasts until its end. The sum is always `total`.
    """
    if not connect:
        return Phases(connect=total)
    connect = min(connect, total)
    if not tls:
        return Phases(connect=connect, tls=total - connect)
    tls = min(max(tls, connect), total)
    if not start:
        return Phases(connect=connect, tls=tls - connect, wait=total - tls)
    start = min(max(start, tls), total)
    return Phases(connect=connect, tls=tls - connect, wait=start - tls, transfer=total - start)
