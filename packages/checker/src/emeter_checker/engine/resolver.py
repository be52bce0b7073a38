"""Look-ups by c-ares on the engine's epoll: each one anew, each with a deadline."""

import math
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pycares
from pycares import _cares as _c_ares
from pycares import errno as ares

from emeter_checker.engine.name_servers import NameServers
from emeter_checker.engine.timers import Timers
from emeter_core.logs import get_logger

_log = get_logger(__name__)

TICK = 0.1
"""Seconds between looks at c-ares' own timeouts while a look-up is in flight; its shortest is 0.25 s."""

_cares: Any = _c_ares  # the binding itself: it has no types
_FIRST_TIMEOUT = 1.0
_TRIES = 5
_QUERY_CACHE = 1 << 21  # ARES_OPT_QUERY_CACHE of ares.h, which pycares does not name
_UDP_MAX_QUERIES = 1 << 19  # ARES_OPT_UDP_MAX_QUERIES, the same
_QUERIES_PER_PORT = 100
_NO_SORT = 1 << 7  # ARES_AI_NOSORT: sorting by RFC 6724 opens a socket for each address
_ALIASES_MAX = 8
UNANSWERED = frozenset(
    {ares.ARES_ETIMEOUT, ares.ARES_ECONNREFUSED, ares.ARES_ECANCELLED, ares.ARES_EDESTRUCTION}
)
"""What c-ares says where no name server said anything."""


class Asker(Protocol):
    """Whoever wants an answer: a check, as a rule."""

    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Take the answer of a look-up: c-ares' status (0 for success) and every address in it."""

    def fail(self, error: BaseException) -> None:
        """Take note that `resolved` raised this."""


class _Channel(pycares.Channel):
    """A channel that keeps no answers and changes its port now and then.

    c-ares 1.34 keeps answers for their TTL unless told otherwise, and pycares has no option to tell it:
    so the channel is opened a second time, with the options of the first and these two.
    """

    def __init__(self, on_socket: Callable[[int, bool, bool], None], servers: Sequence[str]) -> None:
        super().__init__(
            flags=pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_EDNS,
            timeout=_FIRST_TIMEOUT,
            tries=_TRIES,
            sock_state_cb=on_socket,
        )
        self._reopen()
        if servers:
            self.servers = list(servers)

    def _reopen(self) -> None:
        ffi, lib = _cares.ffi, _cares.lib
        options = ffi.new("struct ares_options *")
        mask = ffi.new("int *")
        first: Any = self._channel
        second = ffi.new("ares_channel *")
        if lib.ares_save_options(first[0], options, mask) != lib.ARES_SUCCESS:
            raise pycares.AresError("c-ares does not tell its options")
        options.qcache_max_ttl = 0
        options.udp_max_queries = _QUERIES_PER_PORT
        status = lib.ares_init_options(second, options, mask[0] | _QUERY_CACHE | _UDP_MAX_QUERIES)
        lib.ares_destroy_options(options)
        if status != lib.ARES_SUCCESS:
            raise pycares.AresError("c-ares does not open a channel")
        self._channel = second
        lib.ares_destroy(first[0])


class _Lookup:
    """One look-up in flight."""

    __slots__ = ("answers", "asker", "deadline", "is_sent")

    def __init__(self, asker: Asker, deadline: float, answers: "list[_Answer]") -> None:
        self.asker = asker
        self.deadline = deadline
        self.answers = answers
        # What is answered before that stood in the hosts file.
        self.is_sent = False

    def __call__(self, result: Any, status: int | None) -> None:  # noqa: ANN401 - as pycares calls back
        # Called inside c-ares: what follows must wait until it has returned.
        self.answers.append((self, result, status or 0, self.is_sent))

    def about_root(self, _result: object, status: int | None) -> None:
        """Take the answer of a query, which holds no addresses."""
        self.answers.append((self, None, status or 0, self.is_sent))


_Answer = tuple[_Lookup, Any, int, bool]


class Resolver:
    """Finds addresses by name: hosts file first, then the name servers; nothing is remembered.

    `servers` are asked instead of those of the system, which are read again when they change.
    """

    def __init__(self, epoll: select.epoll, timers: Timers, servers: Sequence[str] = ()) -> None:
        self._epoll = epoll
        self._timers = timers
        self.sockets: set[int] = set()
        self._answers: list[_Answer] = []
        self._waiting: set[_Lookup] = set()
        self._ticking = False
        self._closed = False
        self._channel = _Channel(self._on_socket, servers)
        self._system = None if servers else NameServers()
        self.heard_at = -math.inf
        """When a name server last answered anything, of `time.monotonic()`."""

    def resolve(self, name: str, family: int, deadline: float, check: Asker) -> None:
        """Look `name` up anew; answers by `check.resolved`, at most a tick after the deadline.

        An answer by way of more than eight aliases is one of a name server that fails.
        """
        lookup = self._begin(deadline, check)
        self._channel.getaddrinfo(
            name,
            None,
            family=socket.AddressFamily(family),
            type=socket.SOCK_STREAM,
            flags=_NO_SORT,
            callback=lookup,
        )
        lookup.is_sent = True

    def ask_for_root(self, deadline: float, asker: Asker) -> None:
        """Ask what every name server knows; the status of the answer tells whether one could be heard."""
        lookup = self._begin(deadline, asker)
        try:
            self._channel.query(".", pycares.QUERY_TYPE_NS, callback=lookup.about_root)
        except pycares.AresError as error:
            # As where there is no route to any of them. It may have been called back as well; one counts.
            lookup.about_root(None, error.args[0])
        lookup.is_sent = True

    def ready(self, fd: int, events: int) -> None:
        """Tell c-ares that a socket of its is ready."""
        bad = pycares.ARES_SOCKET_BAD
        readable = events & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP)
        self._channel.process_fd(fd if readable else bad, fd if events & select.EPOLLOUT else bad)

    def deliver(self) -> None:
        """Hand out the answers that have come in."""
        while self._answers:
            answers, self._answers[:] = self._answers[:], []
            now = time.monotonic()
            for lookup, result, status, was_sent in answers:
                if was_sent and status not in UNANSWERED:
                    self.heard_at = now
                if result is not None and _aliases(result) > _ALIASES_MAX:
                    self._end(lookup, ares.ARES_EBADRESP, ())
                else:
                    self._end(lookup, status, _addresses(result))

    def close(self) -> None:
        """Give every look-up up and let go of c-ares, which pycares ends in a thread of its own."""
        self._closed = True
        self._channel.close()

    def _begin(self, deadline: float, asker: Asker) -> _Lookup:
        now = time.monotonic()
        servers = self._system.news(now) if self._system is not None else None
        if servers is not None:
            self._use(servers)
        lookup = _Lookup(asker, deadline, self._answers)
        self._waiting.add(lookup)
        if not self._ticking:
            self._ticking = True
            self._timers.at(now + TICK, self._tick, None)
        return lookup

    def _use(self, servers: Sequence[str]) -> None:
        try:
            self._channel.servers = servers
        except pycares.AresError as error:
            # Such as a zone that this machine does not have: the servers before it stay.
            _log.warning("the name servers cannot be used", servers=", ".join(servers), error=str(error))

    def _end(self, lookup: _Lookup, status: int, addresses: Sequence[str]) -> None:
        if lookup not in self._waiting:
            # Its deadline was before its answer.
            return
        self._waiting.discard(lookup)
        try:
            lookup.asker.resolved(status, addresses)
        except Exception as bug:  # noqa: BLE001 - a bug in one check must not end the others
            lookup.asker.fail(bug)

    def _tick(self, _: None) -> None:
        """Let c-ares see to its timeouts, and end what is over its own deadline."""
        self._channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)
        now = time.monotonic()
        for lookup in [lookup for lookup in self._waiting if lookup.deadline <= now]:
            self._end(lookup, ares.ARES_ETIMEOUT, ())
        self._ticking = bool(self._waiting)
        if self._ticking:
            self._timers.at(now + TICK, self._tick, None)

    def _on_socket(self, fd: int, readable: bool, writable: bool) -> None:  # noqa: FBT001 - as pycares calls back
        if self._closed:
            return
        events = (select.EPOLLIN if readable else 0) | (select.EPOLLOUT if writable else 0)
        if not events:
            self.sockets.discard(fd)
            try:
                self._epoll.unregister(fd)
            except OSError:
                # Closed already, and so out of the epoll: nothing to do.
                return
        elif fd in self.sockets:
            self._epoll.modify(fd, events)
        else:
            self.sockets.add(fd)
            self._epoll.register(fd, events)


def _aliases(result: Any) -> int:  # noqa: ANN401 - pycares' own dataclass
    """How many aliases led to the addresses; those of both families are told together."""
    return len({each.alias for each in result.cnames}) if result.cnames else 0


def _addresses(result: Any) -> list[str]:  # noqa: ANN401 - pycares' own dataclass, None on failure
    if result is None:
        return []
    return [node.addr[0].decode("ascii") for node in result.nodes]
