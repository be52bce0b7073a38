"""A target that is well for a while, and then is not, and monitors that see every turn of it."""

import http.server
import threading
import time
from typing import Self

from instance import Instance

from emeter_core import accounts, monitors

TURN_S = 15


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer well or badly, each path at turns of its own."""
        number = int(self.path.rpartition("/")[2])
        is_well = int(time.time() + number * 5) // TURN_S % 2 == 0
        self.send_response(200 if is_well else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Flapping:
    """The server, in threads of the bench."""

    def __enter__(self) -> Self:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def add_flapping(instance: Instance, url: str, number: int) -> None:
    """Add monitors that are down after one failure and up after one success."""
    vault, now = instance.vault(), instance.clock.now()
    with instance.sessions.begin() as session:
        scope = accounts.scope_of(session, accounts.list_users(session)[0])
        for each in range(number):
            draft = monitors.draft_monitor(
                target=f"{url}/{each}",
                name=f"flapping {each}",
                interval=5,
                timeout=5,
                down_after=1,
                up_after=1,
            )
            monitors.create_monitor(session, scope, draft, vault=vault, now=now)
