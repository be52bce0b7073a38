"""A server on loopback that takes every connection and never answers, and writes down what was asked when.

    python silent_server.py LOG

The lines of the log are those of the target: the time, nothing, the path.
"""

import resource
import select
import socket
import sys
import time
from contextlib import suppress
from typing import TextIO

_FLUSH_S = 1.0


def main() -> None:
    """Say the port when it listens; be silent until the end."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        socket.create_server(("127.0.0.1", 0), backlog=4096) as listener,
        open(sys.argv[1], "w", 1 << 20) as log,  # noqa: PTH123 - without the import it is there sooner
    ):
        print(listener.getsockname()[1], flush=True)
        listener.setblocking(False)  # noqa: FBT003 - as the standard library has it
        hold(listener, log)


def hold(listener: socket.socket, log: TextIO) -> None:
    """Hold each connection until its client has had enough."""
    poll, held = select.epoll(), dict[int, socket.socket]()
    poll.register(listener, select.EPOLLIN)
    flush_at = 0.0
    while True:
        for fd, _ in poll.poll(_FLUSH_S):
            if fd != listener.fileno():
                _hear(held, fd, log)
                continue
            with suppress(BlockingIOError):
                while True:
                    connection, _ = listener.accept()
                    held[connection.fileno()] = connection
                    poll.register(connection, select.EPOLLIN)
        if time.monotonic() > flush_at:
            log.flush()
            flush_at = time.monotonic() + _FLUSH_S


def _hear(held: dict[int, socket.socket], fd: int, log: TextIO) -> None:
    """Write down a request; a client that goes has its connection closed."""
    try:
        said = held[fd].recv(4096)
    except OSError:
        said = b""
    if said:
        log.write(f"{time.time():.3f} 0.000 {said.split(b' ', 2)[1].decode()}\n")
    else:
        held.pop(fd).close()


if __name__ == "__main__":
    main()
