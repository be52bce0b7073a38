"""Open pages as browsers have them: a stream each, and a fetch of the page when the stream asks for it."""

import heapq
import http.client
import json
import random
import re
import selectors
import socket
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from visitor import Visitor

# Most look at the dashboard, some at the list, some at a monitor each.
_KINDS = ("/", "/", "/", "/monitors", "monitor")
_NAMED_AT_MOST = 100
# As many fetches at once as machines of people would do; more would measure the bench.
_FETCHERS = 32


class Page:
    """One page that is open."""

    def __init__(self, path: str, page: str, monitors: list[str]) -> None:
        found = re.search(r'name="live" content="(\S+)".* data-revision="(\w+)"', page)
        self.path, (self.stream, self.revision) = path, found.groups() if found else ("/", "")
        self.monitors = monitors
        self.buffer = b""
        self.is_fetching = self.again = False


class Browsers:
    """All of them, in one thread and a few that fetch."""

    def __init__(self, visitor: Visitor, number: int) -> None:
        self._visitor, self._number = visitor, number
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Page, str]] = []
        self._counts: Counter[str] = Counter()
        self._taken: deque[float] = deque(maxlen=100_000)
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(_FETCHERS)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        first = self._visitor.get("/monitors")
        ids = self._visitor.monitors(first)
        pages: dict[str, str] = {}
        for number in range(self._number):
            kind = _KINDS[number % len(_KINDS)]
            path = kind if kind != "monitor" else f"/monitors/{ids[number % len(ids)]}"
            page = pages.get(path) or pages.setdefault(path, self._visitor.get(path))
            self._open(Page(path, page, self._visitor.monitors(page)))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # they are sockets
        self._selector.close()

    def reset(self) -> None:
        """Count anew."""
        self._counts.clear()
        self._taken.clear()

    def figures(self) -> dict[str, object]:
        """What was heard and fetched since then."""
        ordered = sorted(self._taken)
        p95 = ordered[int(len(ordered) * 0.95)] if ordered else 0.0
        names = ("monitors", "page", "beat", "fetches", "failed", "ended", "bytes")
        return {name: self._counts[name] for name in names} | {"fetch_p95_ms": round(p95, 1)}

    def _open(self, page: Page) -> None:
        sock = socket.create_connection(("127.0.0.1", self._visitor.port))
        named = f"&monitors={'.'.join(page.monitors)}" if len(page.monitors) <= _NAMED_AT_MOST else ""
        head = f"GET {page.stream}?revision={page.revision}{named} HTTP/1.1\r\nHost: localhost\r\n"
        sock.sendall(f"{head}Cookie: {self._visitor.cookie}\r\n\r\n".encode())
        sock.setblocking(False)  # noqa: FBT003 - as the standard library has it
        self._selector.register(sock, selectors.EVENT_READ, page)

    def _run(self) -> None:
        while not self._end.is_set():
            for key, _ in self._selector.select(0.02):
                self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # they are sockets
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, page, copy = heapq.heappop(self._due)
                self._pool.submit(self._fetch, page, copy)

    def _read(self, sock: socket.socket, page: Page) -> None:
        try:
            data = sock.recv(1 << 20)
        except OSError:
            data = b""
        self._counts["bytes"] += len(data)
        if not data:
            self._counts["ended"] += 1
            self._selector.unregister(sock)
            sock.close()
        *whole, page.buffer = (page.buffer + data).split(b"\n\n")
        for event in whole:
            name = event.rpartition(b"event: ")[2].partition(b"\n")[0].decode(errors="replace")
            self._counts[name] += 1
            if name == "page":
                told = json.loads(event.partition(b"data: ")[2])
                at = time.monotonic() + random.random() * told["spread"] / 1000
                heapq.heappush(self._due, (at, self._counts["page"], page, told["copy"]))

    def _fetch(self, page: Page, copy: str) -> None:
        """Fetch once at a time, as the script does."""
        if page.is_fetching:
            page.again = True
            return
        page.is_fetching, page.again = True, False
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._visitor.port, timeout=30)
        headers = {"Cookie": self._visitor.cookie, "X-Live": copy, "Accept-Encoding": "gzip"}
        try:
            connection.request("GET", page.path, headers=headers)
            answer = connection.getresponse()
            self._counts["fetches"] += 1
            self._counts["bytes"] += len(answer.read())
            self._counts["failed"] += answer.status != http.client.OK
        except OSError:
            self._counts["failed"] += not self._end.is_set()
        finally:
            connection.close()
            page.is_fetching = False
        self._taken.append((time.monotonic() - begun) * 1000)
        if page.again:
            self._fetch(page, copy)
