"""gunicorn's worker, made safe against who is slow or speaks no HTTP.

Its own gives a thread to whoever connects, for as long as they like; 256 half-sent requests are then the end
of the pages. And where it closes a connection, all others wait until the client has closed it, too. Here the
main thread collects a request, head and body, and sees ended connections off; a thread is taken for what is
whole. Bodies that are longer than a form, or in chunks, are read by the thread that answers, for a bounded
time, and by one thread in eight at most: who comes beyond that is told at once to come again.

What is collected is 64 KiB a connection at most, so 250 MiB for the 4,000 connections that there may be. A
thread still waits for who does not take an answer that is longer than what the kernel holds for them.
"""

import errno
import selectors
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn import util  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http import get_parser  # type: ignore[import-untyped]  # the same
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]  # the same
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]  # the same
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]  # the same

from emeter_core.logs import get_logger
from emeter_web.collected import Connection
from emeter_web.refusals import refuse, status_of

if TYPE_CHECKING:
    from concurrent.futures import Future

# From the first byte of a request to the end of its head, and of its body; and for what we answer.
_HEAD_WITHIN_S = 10.0
_BODY_WITHIN_S = 30.0
_SEND_WITHIN_S = 60.0
# The same for whatever has begun when the worker is to end.
_LAST_WITHIN_S = 1.0
# Of so many threads one may wait for a body.
_THREADS_A_PLACE = 8
# An answer that ends a connection gets lost where the connection is cut off while the client still sends.
_SEE_OFF_WITHIN_S = 2.0
_MAX_SEEN_OFF = 1024 * 1024
_PIECE = 64 * 1024
_LATER = 503
_PASSING = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}
_log = get_logger("emeter.web")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Answers in threads; `app` is a `Server`."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - whatever gunicorn gives
        super().__init__(*given)
        self._begun: set[Connection] = set()
        self._ended: dict[Connection, int] = {}
        # For bodies that a thread must wait for. The main thread alone counts.
        self._places = max(1, self.cfg.threads // _THREADS_A_PLACE)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its first request."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, client, address, listener.getsockname())
        conn.data_ready = True
        conn.parser = get_parser(self.cfg, client, address)
        conn.parser.unreader = TimedUnreader(client)
        self._await_request(conn)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Wait for the next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def handle(self, conn: Connection) -> object:
        """Answer a request, in a thread."""
        if conn.refused is not None:
            self._tell(conn.sock, conn.refused)
            return False
        conn.parser.unreader.ends_at = time.monotonic() + conn.patience
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Connection) -> object:  # noqa: ANN401 - gunicorn has no types
        """Answer it, unless the client does not take the answer."""
        # For bodies.py: how long the rest of the body may take.
        req.body.end_within = conn.parser.unreader.end_within
        conn.sock.settimeout(_SEND_WITHIN_S)
        try:
            return super().handle_request(req, conn)
        except TimeoutError as error:
            # Which gunicorn knows as a client that has gone.
            raise BrokenPipeError(errno.EPIPE, "the answer was not taken") from error

    def handle_error(self, _req: object, client: socket.socket, _address: object, error: Exception) -> None:
        """Answer what is no request by a page of ours; the log names its kind, for it may hold a secret."""
        status = status_of(error)
        if status is None:
            _log.error("gunicorn could not answer a request", exc_info=error)
        else:
            _log.info("Refused what is no request", error=type(error).__name__)
        self._tell(client, status or 500)

    def finish_request(self, conn: Connection, done: "Future[object]") -> None:
        """Keep the connection for the next request, or see it off. In the main thread."""
        if conn.has_place:
            conn.has_place = False
            self._places += 1
        failure = done.exception()
        if failure is not None:
            _log.error("A request got no answer.", exc_info=failure)
        if failure is not None or not done.result():
            self._see_off(conn)
        elif read_ahead := conn.parser.unreader.take_buffered():
            self._await_request(conn, read_ahead)
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """End what takes too long; called about once a second."""
        now = time.monotonic()
        for conn in [*self._begun, *self._ended]:
            # At the end of all nobody has long.
            last = conn.lasts_until if self.alive else min(conn.lasts_until, conn.began_at + _LAST_WITHIN_S)
            if now > last and conn.has_head and conn in self._begun:
                self._hand_over(conn, patience=0.0)
            elif now > last:
                self._close(conn)

    def _await_request(self, conn: Connection, begun: bytes = b"") -> None:
        conn.sock.setblocking(False)  # noqa: FBT003 - the socket's own way
        conn.begin(_HEAD_WITHIN_S)
        self._begun.add(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read, conn))
        if begun:
            self._go_on(conn, begun)

    def _read(self, conn: Connection, _sock: object) -> None:
        data = _receive(conn.sock, conn.room)
        if data:
            self._go_on(conn, data)
        elif data is not None and conn.has_head:
            self._hand_over(conn, patience=0.0)
        elif data is not None:
            self._close(conn)

    def _go_on(self, conn: Connection, data: bytes) -> None:
        had_head = conn.has_head
        conn.add(data)
        if conn.error is not None:
            self._hand_over(conn, refused=conn.error)
        elif conn.is_whole:
            self._hand_over(conn, patience=0.0)
        elif conn.is_open_ended and self._places:
            self._places -= 1
            conn.has_place = True
            self._hand_over(conn, patience=_BODY_WITHIN_S)
        elif conn.is_open_ended:
            self._hand_over(conn, refused=_LATER)
        elif conn.has_head and not had_head:
            conn.lasts_until = time.monotonic() + _BODY_WITHIN_S

    def _hand_over(self, conn: Connection, *, patience: float = 0.0, refused: int | None = None) -> None:
        """Have a thread answer, which waits `patience` seconds for what is missing; or only refuses."""
        self.poller.unregister(conn.sock)
        self._begun.remove(conn)
        conn.patience, conn.refused = patience, refused
        conn.parser.unreader.unread(conn.take())
        self.enqueue_req(conn)

    def _tell(self, client: socket.socket, status: int) -> None:
        try:
            util.write_nonblock(client, refuse(self.app.flask, status))
        except OSError:
            _log.debug("They have gone without the answer.")

    def _see_off(self, conn: Connection) -> None:
        conn.begin(_SEE_OFF_WITHIN_S)
        self._ended[conn] = _MAX_SEEN_OFF
        try:
            conn.sock.setblocking(False)  # noqa: FBT003 - the socket's own way
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
            conn.sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            self._close(conn)  # They have gone.

    def _drain(self, conn: Connection, _sock: object) -> None:
        data = _receive(conn.sock, _PIECE)
        if data is not None:
            self._ended[conn] -= len(data)
            if not data or self._ended[conn] < 0:
                self._close(conn)

    def _close(self, conn: Connection) -> None:
        self._begun.discard(conn)
        self._ended.pop(conn, None)
        try:
            self.poller.unregister(conn.sock)
        except (KeyError, OSError, ValueError):
            _log.debug("It was closed already.")
        self.nr_conns -= 1
        conn.close()


class TimedUnreader(SocketUnreader):  # type: ignore[misc]  # the same
    """Reads a request until `ends_at`; a client that takes longer has gone, as far as gunicorn hears."""

    ends_at = 0.0

    def end_within(self, seconds: float) -> None:
        """Take no longer than that from now on."""
        self.ends_at = min(self.ends_at, time.monotonic() + seconds)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return what comes next, up to `size_hint` bytes."""
        allowed = self.sock.gettimeout()
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise NoMoreData
        self.sock.settimeout(left if allowed is None else min(left, allowed))
        try:
            data: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise NoMoreData from None
        finally:
            self.sock.settimeout(allowed)
        return data


def _receive(sock: socket.socket, size: int) -> bytes | None:
    """What has come; nothing where the connection has ended or broken, None where it was a false alarm."""
    try:
        return sock.recv(size)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
