"""libcurl's multi interface on the engine's epoll."""

import math
import select
import time
from typing import Any

import pycurl

from emeter_checker.kinds.base import Check

_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class Transfers:
    """Thousands of transfers in one thread, by the socket interface: no `select`, no limit of 1,024."""

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        # No connection is ever used twice, so none is kept.
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self.sockets: set[int] = set()
        self._checks: dict[Any, Check] = {}
        self.due_at = math.inf

    def begin(self, curl: Any, check: Check) -> None:  # noqa: ANN401 - pycurl has no types
        """Run the transfer that `curl` is set up for; answers by `check.transferred`."""
        self._checks[curl] = check
        self._multi.add_handle(curl)

    def abort(self, curl: Any) -> None:  # noqa: ANN401 - pycurl has no types
        """Give the transfer up, without an answer; does nothing for one that has ended."""
        if self._checks.pop(curl, None) is not None:
            self._multi.remove_handle(curl)

    def ready(self, fd: int, events: int) -> None:
        """Tell libcurl that a socket of its is ready."""
        what = 0
        if events & select.EPOLLIN:
            what |= pycurl.CSELECT_IN
        if events & select.EPOLLOUT:
            what |= pycurl.CSELECT_OUT
        if events & (select.EPOLLERR | select.EPOLLHUP):
            what |= pycurl.CSELECT_ERR
        _, running = self._multi.socket_action(fd, what)
        if running < len(self._checks):
            self._harvest()

    def tick(self, now: float) -> None:
        """Let libcurl see to its own timeouts, if one is due; new transfers start here too."""
        while self.due_at <= now:
            self.due_at = math.inf
            _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            if running < len(self._checks):
                self._harvest()

    def close(self) -> None:
        """Give every transfer up and let go of libcurl."""
        for curl in list(self._checks):
            self.abort(curl)
        self._multi.close()

    def _harvest(self) -> None:
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._end(curl, 0, "")
            for curl, error, text in failed:
                self._end(curl, error, text)

    def _end(self, curl: Any, error: int, text: str) -> None:  # noqa: ANN401 - pycurl has no types
        check = self._checks.pop(curl)
        self._multi.remove_handle(curl)
        try:
            check.transferred(error, text)
        except Exception as bug:  # noqa: BLE001 - a bug in one check must not end the others
            check.fail(bug)

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self.sockets.discard(fd)
            try:
                self._epoll.unregister(fd)
            except OSError:
                # Closed already, and so out of the epoll: nothing to do.
                return
        elif fd in self.sockets:
            self._epoll.modify(fd, _EVENTS[what])
        else:
            self.sockets.add(fd)
            self._epoll.register(fd, _EVENTS[what])

    def _on_timer(self, milliseconds: int) -> None:
        self.due_at = math.inf if milliseconds < 0 else time.monotonic() + milliseconds / 1000
