"""The three questions: is there a way out, does a name server answer, does an anchor."""

import errno
import select
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from pycares import errno as ares

from emeter_checker import link
from emeter_checker.engine.network.question import Question, is_fresh
from emeter_checker.engine.resolver import UNANSWERED, Resolver
from emeter_checker.engine.timers import Timers
from emeter_checker.kinds.addresses import in_order

Anchor = tuple[str, int]
"""A host and a port that answer as long as our network does."""


class WayOut(Question):
    """Whether this machine has a route and a link to anywhere: the kernel knows, and answers at once."""

    trouble = ""

    def begin(self, deadline: float) -> None:  # noqa: ARG002 - it takes no time
        """Look."""
        self.trouble = link.trouble()
        self.answer(yes=not self.trouble)

    def end(self) -> None:
        """Nothing is held."""


class NameServers(Question):
    """Whether a name server of ours answers anything at all: it is asked for the root."""

    trouble = "none of our name servers answers"

    def __init__(self, timers: Timers, on_answer: Callable[[], None], resolver: Resolver) -> None:
        super().__init__(timers, on_answer)
        self._resolver = resolver

    def known(self, since: float, now: float) -> bool | None:
        """As ever; but what was answered to others counts as a yes."""
        known = super().known(since, now)
        return True if known is None and is_fresh(self._resolver.heard_at, since, now) else known

    def begin(self, deadline: float) -> None:
        """Ask for the root."""
        self._resolver.ask_for_root(deadline, self)

    def resolved(self, status: int, _addresses: Sequence[str]) -> None:
        """Take any answer but none."""
        self.answer(yes=status not in UNANSWERED)

    def fail(self, _error: BaseException) -> None:
        """Take a bug of ours for a no."""
        self.answer(yes=False)

    def end(self) -> None:
        """Nothing is held."""


class Anchors(Question):
    """Whether one of the anchors takes a connection; all are dialled at once, the first one counts."""

    trouble = "none of the anchors answers"

    def __init__(
        self,
        timers: Timers,
        on_answer: Callable[[], None],
        resolver: Resolver,
        epoll: select.epoll,
        anchors: Sequence[Anchor],
    ) -> None:
        super().__init__(timers, on_answer)
        self._resolver = resolver
        self._epoll = epoll
        self._anchors = tuple(anchors)
        self._left = 0
        self.deadline = 0.0
        self.sockets: dict[int, socket.socket] = {}

    def begin(self, deadline: float) -> None:
        """Dial them."""
        self.deadline = deadline
        self._left = len(self._anchors)
        for host, port in self._anchors:
            if not self._left:
                return
            if _is_address(host):
                self.dial(host, port)
            else:
                self._resolver.resolve(host, socket.AF_UNSPEC, deadline, _Named(self, port, deadline))

    def end(self) -> None:
        """Close all connections."""
        self._left = 0
        self.deadline = 0.0
        for each in list(self.sockets):
            self._close(each)

    def dial(self, address: str, port: int) -> None:
        """Begin to connect; what is refused at once is one anchor less."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            dialled = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:
            self.miss()
            return
        if dialled.connect_ex((address, port)) in {0, errno.EINPROGRESS}:
            self.sockets[dialled.fileno()] = dialled
            self._epoll.register(dialled, select.EPOLLOUT)
        else:
            dialled.close()
            self.miss()

    def miss(self) -> None:
        """Count an anchor that does not answer."""
        self._left -= 1
        if not self._left:
            self.answer(yes=False)

    def ready(self, fd: int) -> None:
        """See what became of a connection."""
        error = self.sockets[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._close(fd)
        if error:
            self.miss()
        else:
            self.answer(yes=True)

    def _close(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self.sockets.pop(fd).close()


class _Named:
    """An anchor that is looked up first."""

    def __init__(self, anchors: Anchors, port: int, deadline: float) -> None:
        self._anchors = anchors
        self._port = port
        self._deadline = deadline

    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Dial the first address, unless all is answered by now."""
        if self._anchors.deadline != self._deadline:
            return
        if status == ares.ARES_SUCCESS and addresses:
            self._anchors.dial(in_order(addresses)[0], self._port)
        else:
            self._anchors.miss()

    def fail(self, _error: BaseException) -> None:
        """Count it as one that does not answer."""
        if self._anchors.deadline == self._deadline:
            self._anchors.miss()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
