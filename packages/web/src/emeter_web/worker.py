"""gunicorn's worker, made safe against who is slow or speaks no HTTP.

Its own gives a thread to whoever connects, for as long as they like; 256 half-sent requests are then the end
of the pages. And where it closes a connection, all others wait until the client has closed it, too. Here the
main thread collects what is sent until a request has its head, and sees ended connections off; a thread is
taken for a request, and for a bounded time.
"""

import errno
import re
import selectors
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn import util  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http import get_parser  # type: ignore[import-untyped]  # the same
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]  # the same
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]  # the same
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # the same

from emeter_core.logs import get_logger
from emeter_web.refusals import refuse, status_of

if TYPE_CHECKING:
    from concurrent.futures import Future

# From the first byte of a request to the end of its head, and of its body; and for what we answer.
_HEAD_WITHIN_S = 10.0
_LAST_HEAD_WITHIN_S = 1.0
_BODY_WITHIN_S = 30.0
_SEND_WITHIN_S = 60.0
# An answer that ends a connection gets lost where the connection is cut off while the client still sends.
_SEE_OFF_WITHIN_S = 2.0
_MAX_SEEN_OFF = 1024 * 1024
# The whole head, or what will never be one: gunicorn takes no line that ends without a return.
_HEAD_ENDS = re.compile(rb"\r\n\r\n|(?<!\r)\n")
_MAX_HEAD = 64 * 1024
_PIECE = 64 * 1024
_PASSING = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}
_log = get_logger("emeter.web")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Answers in threads; `app` is a `Server`."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - whatever gunicorn gives
        super().__init__(*given)
        self._heads: dict[TConn, bytearray] = {}
        self._ended: dict[TConn, int] = {}

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its first request."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.data_ready = True
        conn.parser = get_parser(self.cfg, client, address)
        conn.parser.unreader = TimedUnreader(client)
        self._await_head(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Wait for the next request of a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def handle(self, conn: TConn) -> object:
        """Answer a request, in a thread."""
        conn.parser.unreader.ends_at = time.monotonic() + _BODY_WITHIN_S
        return super().handle(conn)

    def handle_request(self, req: object, conn: TConn) -> object:
        """Answer it, unless the client does not take the answer."""
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
        try:
            util.write_nonblock(client, refuse(self.app.flask, status or 500))
        except OSError:
            _log.debug("They have gone without the answer.")

    def finish_request(self, conn: TConn, done: "Future[object]") -> None:
        """Keep the connection for the next request, or see it off. In the main thread."""
        failure = done.exception()
        if failure is not None:
            _log.error("A request got no answer.", exc_info=failure)
        if failure is not None or not done.result():
            self._see_off(conn)
        elif read_ahead := conn.parser.unreader.take_buffered():
            self._await_head(conn, read_ahead)
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Close what takes too long; called about once a second."""
        # At the end of all nobody has long.
        now = time.monotonic() + (0.0 if self.alive else _HEAD_WITHIN_S - _LAST_HEAD_WITHIN_S)
        for conn in [*self._heads, *self._ended]:
            if now > conn.timeout:
                self._close(conn)

    def _await_head(self, conn: TConn, begun: bytes = b"") -> None:
        conn.sock.setblocking(False)  # noqa: FBT003 - the socket's own way
        conn.timeout = time.monotonic() + _HEAD_WITHIN_S
        self._heads[conn] = bytearray()
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._read_head, conn))
        if begun:
            self._go_on(conn, begun)

    def _read_head(self, conn: TConn, _sock: object) -> None:
        data = _receive(conn.sock)
        if data:
            self._go_on(conn, data)
        elif data is not None:
            self._close(conn)

    def _go_on(self, conn: TConn, data: bytes) -> None:
        head = self._heads[conn]
        searched = max(0, len(head) - 3)
        head += data
        if _HEAD_ENDS.search(head, searched) or len(head) > _MAX_HEAD:
            self.poller.unregister(conn.sock)
            del self._heads[conn]
            conn.parser.unreader.unread(bytes(head))
            self.enqueue_req(conn)

    def _see_off(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + _SEE_OFF_WITHIN_S
        self._ended[conn] = _MAX_SEEN_OFF
        try:
            conn.sock.setblocking(False)  # noqa: FBT003 - the socket's own way
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
            conn.sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            self._close(conn)  # They have gone.

    def _drain(self, conn: TConn, _sock: object) -> None:
        data = _receive(conn.sock)
        if data is not None:
            self._ended[conn] -= len(data)
            if not data or self._ended[conn] < 0:
                self._close(conn)

    def _close(self, conn: TConn) -> None:
        self._heads.pop(conn, None)
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


def _receive(sock: socket.socket) -> bytes | None:
    """What has come; nothing where the connection has ended or broken, None where it was a false alarm."""
    try:
        return sock.recv(_PIECE)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
