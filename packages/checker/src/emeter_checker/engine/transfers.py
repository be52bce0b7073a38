"""libcurl's multi interface on the engine's epoll."""

import math
import select
import time
from typing import Any

import pycurl

from emeter_checker.engine.floods import BYTES_PER_BYTE, FREE_BYTES, WORDS, StuckWatch, borrowed, taken
from emeter_checker.kinds.base import Check

_LOOK = 0.1
"""Seconds between looks for floods among the sockets that something comes from all the time."""

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
        self._watch = StuckWatch(self.sockets)
        self._lively: set[int] = set()
        self._lively_before: set[int] = set()
        self._look_at = 0.0

    def begin(self, curl: Any, check: Check) -> None:  # noqa: ANN401 - pycurl has no types
        """Run the transfer that `curl` is set up for; answers by `check.transferred`."""
        self._watch.start()
        self._checks[curl] = check
        self._multi.add_handle(curl)

    def abort(self, curl: Any) -> None:  # noqa: ANN401 - pycurl has no types
        """Give the transfer up, without an answer; does nothing for one that has ended."""
        if self._checks.pop(curl, None) is not None:
            self._remove(curl)

    def ready(self, fd: int, events: int) -> None:
        """Tell libcurl that a socket of its is ready."""
        what = 0
        if events & select.EPOLLIN:
            what |= pycurl.CSELECT_IN
        if events & select.EPOLLOUT:
            what |= pycurl.CSELECT_OUT
        if events & (select.EPOLLERR | select.EPOLLHUP):
            what |= pycurl.CSELECT_ERR
        self._lively.add(fd)
        self._act(fd, what)

    def tick(self, now: float) -> None:
        """Let libcurl see to its own timeouts, if one is due; new transfers start here too."""
        while self.due_at <= now:
            self.due_at = math.inf
            self._act(pycurl.SOCKET_TIMEOUT, 0)
        if now >= self._look_at:
            self._look_at = now + _LOOK
            self._end_floods()
            if self._watch.cut:
                self._watch.forget(now)

    def close(self) -> None:
        """Give every transfer up and let go of libcurl."""
        for curl in list(self._checks):
            self.abort(curl)
        self._watch.close()
        self._multi.close()

    def _act(self, fd: int, what: int) -> None:
        """Have libcurl see to a socket, or to its timeouts, and to what has ended."""
        self._watch.enter(fd)
        # Not a context manager: those cost 0.2 us a call at best, and a check makes four or five.
        try:
            _, running = self._multi.socket_action(fd, what)
        finally:
            self._watch.call = None
        if running < len(self._checks):
            self._harvest()

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
        if self._watch.cut and error and curl.getinfo(pycurl.LOCAL_PORT) in self._watch.cut:
            del self._watch.cut[curl.getinfo(pycurl.LOCAL_PORT)]
            error, text = _error_of_flood(curl), WORDS
        self._remove(curl)
        try:
            check.transferred(error, text)
        except Exception as bug:  # noqa: BLE001 - a bug in one check must not end the others
            check.fail(bug)

    def _remove(self, curl: Any) -> None:  # noqa: ANN401 - pycurl has no types
        # It may say goodbye, and listen to what the other one says to it.
        self._watch.enter()
        try:
            self._multi.remove_handle(curl)
        finally:
            self._watch.call = None

    def _end_floods(self) -> None:
        """End what takes much from its socket for little; only who sends all the time is looked at."""
        lively = self._lively & self._lively_before & self.sockets
        self._lively, self._lively_before = set(), self._lively
        amounts = {fd: amount for fd in lively if (amount := _taken(fd)) > FREE_BYTES}
        if amounts:
            for curl in [curl for curl in self._checks if curl.getinfo(pycurl.ACTIVESOCKET) in amounts]:
                answer = curl.getinfo(pycurl.SIZE_DOWNLOAD_T) + curl.getinfo(pycurl.HEADER_SIZE)
                if amounts[curl.getinfo(pycurl.ACTIVESOCKET)] > FREE_BYTES + BYTES_PER_BYTE * answer:
                    self._end(curl, _error_of_flood(curl), WORDS)

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


def _taken(fd: int) -> int:
    with borrowed(fd) as connection:
        return taken(connection)


def _error_of_flood(curl: Any) -> int:  # noqa: ANN401 - pycurl has no types
    """What libcurl would call it: a handshake that failed, or an answer that makes no sense."""
    is_shaking_hands = curl.getinfo(pycurl.EFFECTIVE_URL).startswith("https:") and not curl.getinfo(
        pycurl.APPCONNECT_TIME_T
    )
    return int(pycurl.E_SSL_CONNECT_ERROR if is_shaking_hands else pycurl.E_FTP_WEIRD_SERVER_REPLY)
