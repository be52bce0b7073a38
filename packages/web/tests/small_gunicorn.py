"""gunicorn with our worker and two threads, in this process: what would hold up 256 threads holds up two."""

import os
import socket
import threading
import time
from types import SimpleNamespace

from flask import Flask
from gunicorn.config import Config
from gunicorn.glogging import Logger

from emeter_web import worker

THREADS = 2
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Gunicorn:
    """A worker of gunicorn with two threads, in a thread of this process."""

    def __init__(self, app: Flask) -> None:
        config = Config()
        for name, value in {"threads": THREADS, "errorlog": None, "graceful_timeout": 3}.items():
            config.set(name, value)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = self._listener.getsockname()
        self.worker = worker.Worker(
            0, os.getppid(), [self._listener], SimpleNamespace(flask=app), 30, config, Logger(config)
        )
        self.worker.wsgi = app
        # What gunicorn does in a process of its own.
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = worker.selectors.DefaultSelector()
        self.worker.method_queue.init()
        self._thread = threading.Thread(target=self.worker.run)
        self._thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, 10)

    def ask(self, data: bytes = GET) -> float:
        """Ask for something; after how many seconds the answer was there."""
        begin = time.monotonic()
        with self.connect() as sock:
            sock.sendall(data)
            assert sock.recv(65_536).startswith(b"HTTP/1.1 ")
        return time.monotonic() - begin

    def stop(self) -> float:
        """End it in order; returns how long that took."""
        begin = time.monotonic()
        self.worker.handle_exit(0, None)
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.worker.tmp.close()
        return time.monotonic() - begin
