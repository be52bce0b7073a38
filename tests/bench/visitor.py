"""Somebody with a browser: logs in, opens pages, and takes the time of each."""

import http.client
import re
import time
import urllib.parse
from dataclasses import dataclass, field

EMAIL, PASSWORD = "bench@example.com", "correct horse battery"
_EVERY_S = 0.5


@dataclass(slots=True)
class Visitor:
    """A person of the bench's team; `cookies` is what their browser sends."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def log_in(self) -> None:
        """Fill in the form."""
        page = self.get("/users/log_in")
        found = re.search(r'name="_csrf_token" value="([^"]+)"', page)
        assert found
        fields = {"email": EMAIL, "password": PASSWORD, "_csrf_token": found[1]}
        body = urllib.parse.urlencode(fields)
        kind = "application/x-www-form-urlencoded"
        status, _ = self._ask("POST", "/users/log_in", body, {"Content-Type": kind})
        assert status == http.client.FOUND, status

    def get(self, path: str) -> str:
        """A page, which is there."""
        status, page = self._ask("GET", path)
        assert status == http.client.OK, (path, status)
        return page

    def monitors(self, page: str) -> list[str]:
        """The public ids of the monitors on a page, in their order."""
        return list(dict.fromkeys(re.findall(r'data-monitor-id="([0-9a-f-]{36})"', page)))

    def visit(self, seconds: int) -> dict[str, dict[str, float]]:
        """Open pages one after the other for a while; percentiles of the time to the last byte (ms)."""
        one = self.monitors(self.get("/monitors"))[0]
        places = {"dashboard": "/", "list": "/monitors", "monitor": f"/monitors/{one}"}
        taken: dict[str, list[float]] = {name: [] for name in places}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, path in places.items():
                begun = time.monotonic()
                self.get(path)
                taken[name].append((time.monotonic() - begun) * 1000)
                time.sleep(_EVERY_S)
        return {name: _percentiles(times) for name, times in taken.items()}

    def _ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body or None, {"Cookie": self.cookie, **(headers or {})})
        answer = connection.getresponse()
        page = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, page


def _percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = {"p50_ms": 0.5, "p95_ms": 0.95, "max_ms": 1.0}
    return {
        name: round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)
        for name, share in at.items()
    }
