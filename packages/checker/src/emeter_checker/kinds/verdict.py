"""From the codes of c-ares and of the kernel to a reason, for every kind."""

import errno
import os
import time

from pycares import errno as ares

from emeter_checker.link import has_route
from emeter_core.outcome import Reason

TOO_BUSY = "this machine was too busy to take notice of an answer"
"""What is said of a timeout that is ours."""

LOOP_STUCK = "the loop did not keep the time"

_LATE = 0.1
"""Seconds after its deadline at which work that notices it may have slept through an answer.

Measured: 0.05 at most where there was twice as much to do as the machine has cores.
"""

_LOOK_UPS = {
    ares.ARES_ENODATA: Reason.NAME_NOT_FOUND,
    ares.ARES_ENOTFOUND: Reason.NAME_NOT_FOUND,
    ares.ARES_EBADNAME: Reason.NAME_NOT_FOUND,
    ares.ARES_EFORMERR: Reason.NAME_SERVER_FAILED,
    ares.ARES_ESERVFAIL: Reason.NAME_SERVER_FAILED,
    ares.ARES_ENOTIMP: Reason.NAME_SERVER_FAILED,
    ares.ARES_EREFUSED: Reason.NAME_SERVER_FAILED,
    ares.ARES_EBADRESP: Reason.NAME_SERVER_FAILED,
    ares.ARES_ETIMEOUT: Reason.NAME_SERVER_SILENT,
    ares.ARES_ECONNREFUSED: Reason.RESOLVER_UNAVAILABLE,
    ares.ARES_EFILE: Reason.RESOLVER_UNAVAILABLE,
    ares.ARES_ENOMEM: Reason.RESOLVER_UNAVAILABLE,
}

_CONNECTS = {
    errno.ECONNREFUSED: Reason.CONNECTION_REFUSED,
    errno.ECONNRESET: Reason.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: Reason.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Reason.HOST_UNREACHABLE,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    # Of our own host: nothing was learnt about the target.
    errno.ENETUNREACH: Reason.NETWORK_UNAVAILABLE,
    errno.ENETDOWN: Reason.NETWORK_UNAVAILABLE,
    errno.EADDRNOTAVAIL: Reason.NETWORK_UNAVAILABLE,
    errno.EAFNOSUPPORT: Reason.NETWORK_UNAVAILABLE,
    errno.EMFILE: Reason.NETWORK_UNAVAILABLE,
    errno.ENFILE: Reason.NETWORK_UNAVAILABLE,
    errno.ENOBUFS: Reason.NETWORK_UNAVAILABLE,
    errno.ENOMEM: Reason.NETWORK_UNAVAILABLE,
    errno.EACCES: Reason.NETWORK_UNAVAILABLE,
    errno.EPERM: Reason.NETWORK_UNAVAILABLE,
}


def is_late(deadline: float) -> bool:
    """Whether a deadline, of `time.monotonic()`, is noticed too late to say that nothing came until then."""
    return time.monotonic() - deadline > _LATE


def of_look_up(status: int) -> Reason:
    """The reason for a look-up that failed with this status of c-ares."""
    return _LOOK_UPS.get(status, Reason.NOT_CHECKED)


def words_of(error: OSError) -> str:
    """What the system says of an error; asyncio has words of its own, with the address in them again."""
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__


def of_connect(error: int, address: str = "") -> Reason:
    """The reason for a connection that failed with this `errno`; unreachable where it says nothing.

    A network that is unreachable is ours, unless we have a route to `address`: then a router on it said so.
    """
    if error == errno.ENETUNREACH and address and has_route(address):
        return Reason.HOST_UNREACHABLE
    return _CONNECTS.get(error, Reason.HOST_UNREACHABLE)
