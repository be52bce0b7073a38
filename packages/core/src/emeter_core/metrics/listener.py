"""The small listener at which a process tells its metrics: HTTP, one page, a thread beside all others."""

import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from emeter_core.logs import get_logger
from emeter_core.loopback import is_loopback
from emeter_core.metrics.access import Access, access
from emeter_core.metrics.settings import Address, MetricsSettings

if TYPE_CHECKING:
    from emeter_core.metrics.exposition import Exposition, Read

_log = get_logger(__name__)
_MOST_AT_ONCE = 8
_WITHIN_S = 5.0
PATH = "/metrics"


def tell_metrics(process: str, settings: MetricsSettings, read: "Read", *, first: int) -> Address | None:
    """Tell the metrics of `process` from now on, at its own port or the next free one, which the log says.

    `first` is the place of its own port among ours. None where metrics are off or no port is free: that
    stops nobody from checking.
    """
    wanted = list(settings.addresses(first))
    for address in wanted:
        with suppress(OSError):
            listener = Listener(process, address, settings.token, read)
            listener.start()
            _log.info("Metrics are told", url=f"http://{listener.address}{PATH}")
            return listener.address
    if wanted:
        _log.warning("Metrics are not told: no port is free", first=str(wanted[0]), ports=len(wanted))
    return None


class Listener:
    """Answers `GET /metrics` at an address; raises OSError where it cannot listen there."""

    def __init__(self, process: str, address: Address, token: str, read: "Read") -> None:
        self._server = _Server(process, address, token, read)
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self.address = Address(address.host, self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=1.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Of what asks in vain, as a browser of this machine might, nothing is waited for at the end.
    block_on_close = False

    def __init__(self, process: str, address: Address, token: str, read: "Read") -> None:
        self.process, self.token, self.read = process, token, read
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._lock = threading.Lock()
        self._exposition: Exposition | None = None
        super().__init__(address, _Page)

    def server_bind(self) -> None:
        """Bind, and look no name up: a name server that says nothing must not hold up the start."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]  # typeshed allows datagrams
        """Answer one, unless many wait for their answers already."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as it is called
        """Tell of a bug in the log; those who went before their answer are nobody's fault."""
        _log.exception("metrics could not be told")

    def text(self, accept: str) -> tuple[bytes, str]:
        """What to answer."""
        with self._lock:
            if self._exposition is None:
                # Imported with the first scrape: 50 ms that most people never need.
                from emeter_core.metrics.exposition import Exposition  # noqa: PLC0415

                self._exposition = Exposition(self.process, self.read)
        return self._exposition.text(accept)


class _Page(BaseHTTPRequestHandler):
    """One request."""

    server: _Server
    timeout: ClassVar[float] = _WITHIN_S
    server_version, sys_version = "E-Meter", ""

    def do_GET(self) -> None:
        """Tell the metrics, or why not."""
        if urlsplit(self.path).path != PATH:
            self._answer(HTTPStatus.NOT_FOUND, f"There is nothing but {PATH} here.\n".encode())
            return
        found = access(
            is_here=is_loopback(self.client_address[0]) and is_loopback(self._host()),
            authorization=self.headers.get("Authorization", ""),
            token=self.server.token,
        )
        if found is not Access.GRANTED:
            self._answer(HTTPStatus(found.value), f"{found.words}\n".encode())
            return
        body, content_type = self.server.text(self.headers.get("Accept", ""))
        self._answer(HTTPStatus.OK, body, content_type)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        """Log nothing: scrapes come every few seconds."""

    def _answer(
        self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8"
    ) -> None:
        with suppress(OSError):
            self.send_response(status)
            if status is HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

    def _host(self) -> str | None:
        """The host that was asked: a page of another site may have its name lead here."""
        try:
            return urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            return None
