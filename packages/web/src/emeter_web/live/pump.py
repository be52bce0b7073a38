"""One thread that writes to all open pages, and waits for none."""

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable

from emeter_core.logs import get_logger
from emeter_web.live.stream import Stream

TURN_S = 1.0
_END_WITHIN_S = 2.0
_READ, _READ_WRITE = selectors.EVENT_READ, selectors.EVENT_READ | selectors.EVENT_WRITE
_log = get_logger("emeter.web")


class Pump:
    """The streams of this process. What changes them happens in its thread: others hand it calls, or copy."""

    def __init__(self, every_turn: Callable[[], None]) -> None:
        """`every_turn` is called about once a second as long as a stream is open."""
        self.streams: set[Stream] = set()
        """In the thread alone; elsewhere `copy`."""
        self._lock = threading.Lock()
        self._every_turn = every_turn
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ear, self._bell = socket.socketpair()
        self._ear.settimeout(0)
        self._bell.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ear, _READ)
        self._thread = threading.Thread(target=self._run, name="live pump", daemon=True)
        self._has_ended = False

    def start(self) -> None:
        """Begin; the thread ends by `stop`, or with the process."""
        self._thread.start()

    def call(self, work: Callable[[], None]) -> None:
        """Have the thread do something soon."""
        self._calls.put(work)
        # A full bell rings as well, and one that is gone need not.
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def stop(self) -> None:
        """End all streams now; those that come later end at once."""
        self.call(self._end)
        self._thread.join(_END_WITHIN_S)
        self._bell.close()

    def copy(self) -> list[Stream]:
        """All streams at this moment; in any thread."""
        with self._lock:
            return list(self.streams)

    def add(self, stream: Stream, first: bytes) -> None:
        """Take a stream, and write its first words. In the thread."""
        if self._has_ended:
            stream.sock.close()
            return
        with self._lock:
            self.streams.add(stream)
        self._selector.register(stream.sock, _READ, stream)
        self.write(stream, first)

    def write(self, stream: Stream, data: bytes) -> None:
        """Write to a stream, or drop it. In the thread."""
        if stream not in self.streams:
            return
        if not stream.put(data):
            self.drop(stream)
            return
        stream.sent_at = time.monotonic()
        self._listen(stream)

    def drop(self, stream: Stream) -> None:
        """End a stream. In the thread."""
        if stream in self.streams:
            with self._lock:
                self.streams.discard(stream)
            self._selector.unregister(stream.sock)
            stream.sock.close()

    def _run(self) -> None:
        turn_at = time.monotonic() + TURN_S
        while not self._has_ended:
            wait = max(0.0, turn_at - time.monotonic()) if self.streams else None
            for key, events in self._selector.select(wait):
                self._serve(key, events)
            self._do_calls()
            if time.monotonic() >= turn_at:
                turn_at = time.monotonic() + TURN_S
                self._do(self._every_turn)

    def _serve(self, key: selectors.SelectorKey, events: int) -> None:
        stream: Stream | None = key.data
        if stream is None:
            self._ear.recv(4096)
        elif events & _READ or not stream.flush():
            # It has gone, or it speaks where it is to listen.
            self.drop(stream)
        else:
            self._listen(stream)

    def _listen(self, stream: Stream) -> None:
        wanted = _READ_WRITE if stream.is_behind else _READ
        if self._selector.get_key(stream.sock).events != wanted:
            self._selector.modify(stream.sock, wanted, stream)

    def _do_calls(self) -> None:
        while not self._calls.empty():
            self._do(self._calls.get())

    def _do(self, work: Callable[[], None]) -> None:
        """Do something, and go on."""
        try:
            work()
        except Exception:  # noqa: BLE001 - a bug there, whatever it is, must not end the streams of all
            _log.exception("The live pages could not be told something.")

    def _end(self) -> None:
        self._has_ended = True
        for stream in list(self.streams):
            self.drop(stream)
        self._selector.close()
        self._ear.close()
